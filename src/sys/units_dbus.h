/* SPDX-License-Identifier: Apache-2.0 */
/* systemd's units over D-Bus: what a unit is doing, and jobs on it that are begun here and looked
 * at later. Every call is bounded by BUS_CALL_US; a lost bus is opened anew. One thread only. */
#ifndef SYS_UNITS_DBUS_H
#define SYS_UNITS_DBUS_H

#include "base/clock.h"
#include "base/err.h"
#include "base/limits.h"

enum units_verb { UNITS_RESTART, UNITS_START };

struct unit_view {
	bool is_loaded;      /* its file was found and understood */
	char load_state[24]; /* loaded, not-found, masked, bad-setting, error */
	char active[24];     /* active, reloading, inactive, failed, activating, deactivating */
	char sub[24];        /* running, auto-restart, ... */
	char result[24];     /* success, exit-code, signal, timeout, ... */
	int64_t main_pid;    /* 0: none */
	int exit_code;       /* of its last main process; 128+n after a signal; -1 none yet */
	bool needs_daemon_reload, can_start, can_stop;
	uint32_t job_id;                 /* a job waits or runs; 0: none */
	char fragment[PATH_BYTES_MAX];   /* its file */
	char exec_start[PATH_BYTES_MAX]; /* the program of the first ExecStart= */
	char exec_args[PATH_BYTES_MAX];  /* its arguments, the program's name first, each with a NUL
					  */
	size_t exec_args_n;              /* bytes of them; 0 none, or too many */
	char invocation[33];             /* another one after each start; "" when never started */
};

enum units_job_state { UNITS_JOB_NONE, UNITS_JOB_RUNNING, UNITS_JOB_DONE, UNITS_JOB_FAILED };

/* One job. Zeroed: none. */
struct units_job {
	enum units_job_state state;
	enum units_verb verb;
	char unit[256];
	char path[128];      /* object of the job; "": its begin was not answered in time */
	char invocation[33]; /* of the unit before */
	char trigger[PATH_BYTES_MAX]; /* the file that a path unit waits for; "": asked by D-Bus */
	int64_t asked_us;             /* CLOCK_BOOTTIME, when it was made */
	char why[256];                /* when it failed */
	uint64_t bus_generation;      /* the connection that was told of its end */
};

struct units;

/* No connection is made before the first call. *ret is new; end with units_free(). Errors:
 * ERR_MEMORY. */
MUST_CHECK bool units_new(struct units **ret, struct err *err);
void units_free(struct units *u); /* accepts NULL */
/* Errors: ERR_UNREACHABLE (no system bus, no systemd), ERR_TIMEOUT, ERR_PROTOCOL, ERR_INVALID (no
 * name of a unit), ERR_MEMORY. A unit that is not there is an answer (is_loaded false). */
MUST_CHECK bool units_look(struct units *u, const char *unit, struct unit_view *ret,
			   struct err *err);
/* Begin verb on unit. A restart is only for one that runs: what somebody else stopped is not ours
 * to start (ERR_REFUSED). A start of what a path unit waits for (PathExists=) is asked for by
 * making that file: no polkit has a say. A job that somebody else queued is never replaced
 * (ERR_CONFLICT). Errors: those of units_look(), ERR_NOT_FOUND, ERR_PERMISSION (polkit; with
 * advice), ERR_AMBIGUOUS (no answer in time: *job runs, maybe). */
MUST_CHECK bool units_begin(struct units *u, const char *unit, enum units_verb verb,
			    struct units_job *job, struct err *err);
/* How it stands, in job->state and job->why. Asks nothing while the connection lives; after a lost
 * one it asks for what became of the unit. Errors: those of units_look(): the state is as before.
 */
MUST_CHECK bool units_poll(struct units *u, struct units_job *job, struct err *err);
/* What became of a job of whose end nobody told, by its unit; it stays UNITS_JOB_RUNNING while that
 * is not at rest. */
void units_judge(struct units_job *job, const struct unit_view *v);
/* Could verb be begun: the unit is there, not masked, fit for it, and polkit lets us. Changes
 * nothing: the right is tried by a reference to the unit, given back at once, or it is that to make
 * the file of its path unit. Errors: those of
 * units_begin(). */
MUST_CHECK bool units_may(struct units *u, const char *unit, enum units_verb verb, struct err *err);
/* The connection's descriptor, or -1: readable when units_poll() has something to do. */
int units_fd(const struct units *u);

#endif
