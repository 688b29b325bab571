/* SPDX-License-Identifier: Apache-2.0 */
/* Restart and reload of an instance, and what its process is doing: by a systemd unit, a job unit
 * or a hook (DESIGN sections 4 and 8). Implemented by sys/restarter.c and by fakes. A restart is
 * started here and looked at again later: no call waits for a mongod. */
#ifndef PORT_RESTARTER_H
#define PORT_RESTARTER_H

#include "base/clock.h"
#include "base/err.h"
#include "base/limits.h"
#include "model/policy.h" /* enum restart_how */

enum restart_verb { VERB_RESTART, VERB_START, VERB_RELOAD, VERB_CHANGED };

/* What to run it on. Borrows its strings. */
struct restart_target {
	const char *instance;
	enum restart_how how;
	const char *name; /* unit, job unit or path of the hook */
	const char *config_file, *db_path, *pid_file,
	    *log_path; /* NULL when not known; for finding the process */
	int port;
	int64_t timeout_us; /* of the whole act; a hook's process group is ended after it */
};

enum job_state {
	JOB_NONE, /* no such job: never started, or its outcome was fetched */
	JOB_RUNNING,
	JOB_DONE,    /* exit 0, or systemd said done: never believed without VERIFY */
	JOB_FAILED,  /* told in job.why; a debt */
	JOB_OVERDUE, /* deadline passed; it may still act: the claim stays */
};
struct job_view {
	enum job_state state;
	int exit_code; /* of a hook; 128+n after a signal; -1 not known */
	int64_t took_us;
	bool is_gone; /* JOB_OVERDUE: it was ended; only what it left behind may still act */
	char why[256];
	char
	    output[2048]; /* the end of what it printed, secrets and control characters taken out */
};

enum process_state {
	PROCESS_UNKNOWN,
	PROCESS_NONE,     /* not running; exit_code and last_fatal tell why if known */
	PROCESS_STARTING, /* alive, does not listen yet (told by hello, not here) or systemd says
			     activating */
	PROCESS_RUNNING,
	PROCESS_STOPPING,
};
struct process_view {
	enum process_state state;
	int64_t pid;
	uint64_t start_ticks; /* field 22 of /proc/PID/stat: with pid it names the process for as
				 long as the host is up; 0 not known */
	struct wall started_at;
	int exit_code;        /* -1 not known */
	char last_fatal[512]; /* last fatal or error line of mongod's own log since the start: "id
				 20575: ..." */
	char binary[PATH_BYTES_MAX]; /* /proc/PID/exe; ends in " (deleted)" when it was replaced */
	char argv_hash[65];          /* SHA-256 of /proc/PID/cmdline */
	bool needs_daemon_reload;    /* systemd: NeedDaemonReload */
	bool is_in_our_cgroup; /* a hook started it inside rotad's own unit, whose stop would end it
				  with KillMode=control-group: a finding for doctor and explain */
	bool is_binary_changed; /* the file at the path is not the one that runs */
};

struct restarter_ops {
	/* Begin verb; one job an instance at a time (ERR_CONFLICT). Errors: ERR_HOOK,
	 * ERR_PERMISSION (polkit), ERR_NOT_FOUND, ERR_SYSTEM. */
	bool (*begin)(void *self, const struct restart_target *t, enum restart_verb verb,
		      struct err *err);
	/* How the instance's job stands. A finished job is told once more with each poll until the
	 * next begin. Never blocks. */
	bool (*poll)(void *self, const struct restart_target *t, struct job_view *ret,
		     struct err *err);
	bool (*process)(void *self, const struct restart_target *t, struct process_view *ret,
			struct err *err);
	/* May it be restarted by us: unit known and polkit would allow, hook executable and safely
	 * owned. */
	bool (*can)(void *self, const struct restart_target *t, struct err *err);
};

struct restarter_port {
	const struct restarter_ops *ops;
	void *self;
};

#endif
