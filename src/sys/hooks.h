/* SPDX-License-Identifier: Apache-2.0 */
/* Programs of the operator: hooks and certificate helpers. No shell, own process group, a small
 * environment, a deadline, bounded output. What a program's success is worth is not known here. */
#ifndef SYS_HOOKS_H
#define SYS_HOOKS_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"

/* One run. Borrows all. */
struct hook_run {
	const char *path; /* absolute */
	unsigned args_n;  /* behind the program's own name */
	const char *args[HOOK_ARGS_MAX];
	unsigned env_n; /* NAME=value; besides them only a fixed PATH */
	const char *env[HOOK_ENV_MAX];
	struct str input;   /* on its standard input; none: /dev/null. Not for secrets */
	int64_t timeout_us; /* then SIGTERM to its process group, after HOOK_GRACE_US SIGKILL */
};

enum hook_state {
	HOOK_RUNNING,
	HOOK_ENDED,   /* by itself, in time */
	HOOK_OVERDUE, /* deadline passed; what it left behind may still act */
};

/* How a run stands. */
struct hook_view {
	enum hook_state state;
	bool is_gone; /* nothing of it is waited for any more */
	bool was_signalled;
	int exit_code; /* 128+n after signal n; -1 while it runs */
	int64_t took_us;
};

struct hook;

/* May this file be run by us: a regular, executable file, owned by root or by us, writable by
 * nobody else. Errors: ERR_NOT_FOUND, ERR_UNSAFE_FILE, ERR_PERMISSION, ERR_INVALID. */
MUST_CHECK bool hook_check(const char *path, struct err *err);
/* Start it; never waits. Its output and errors are kept together. *ret is new, end with
 * hook_free(). Errors: those of hook_check(), ERR_HOOK (it cannot be run), ERR_SYSTEM, ERR_MEMORY.
 */
MUST_CHECK bool hook_begin(const struct hook_run *run, struct hook **ret, struct err *err);
/* Take its output, see whether it ended, end it when it is time. Never waits. */
void hook_poll(struct hook *h, struct hook_view *ret);
/* The end of what it printed so far (HOOK_OUTPUT_BYTES_MAX are kept), secrets and control
 * characters taken out. */
void hook_output(const struct hook *h, char *out, size_t out_n);
/* A descriptor that is readable when hook_poll() has something to do; for an event loop. */
int hook_fd(const struct hook *h);
/* Forget it. One that still runs is ended at once and reaped later. Accepts NULL. */
void hook_free(struct hook *h);

/* Run to the end: standard output, raw and at most output_max bytes, into *ret_output (a new buf;
 * caller ends it); what it wrote to standard error, made fit to show, into ret_errors. Its exit
 * code is no error here. Errors: those of hook_begin(); ERR_TIMEOUT; ERR_LIMIT (it printed more);
 * ERR_HOOK (ended by a signal). */
MUST_CHECK bool hook_run(const struct hook_run *run, size_t output_max, struct buf *ret_output,
			 char *ret_errors, size_t ret_errors_n, int *ret_exit_code,
			 struct err *err);

#endif
