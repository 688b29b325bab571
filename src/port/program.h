/* SPDX-License-Identifier: Apache-2.0 */
/* Run a program of the operator's and read what it says: authorities by certmonger's helpers,
 * alerts by a command. No shell, own process group, bounded. Implemented by sys/ and by fakes. */
#ifndef PORT_PROGRAM_H
#define PORT_PROGRAM_H

#include "base/buf.h"
#include "base/clock.h"

enum { PROGRAM_ARGS_MAX = 16, PROGRAM_ENV_MAX = 24 };

/* Borrows all. */
struct program_call {
	const char *argv[PROGRAM_ARGS_MAX + 1]; /* [0] is an absolute path; ends in NULL */
	/* "NAME=value", ends in NULL; besides them only a fixed PATH. Never secret. */
	const char *env[PROGRAM_ENV_MAX + 1];
	struct str input;   /* its stdin, closed afterwards; not for secrets */
	int64_t timeout_us; /* then its whole process group is ended */
	size_t output_max;  /* bytes of stdout that are kept; more is ERR_LIMIT */
};

struct program_result {
	int exit_code;     /* 0..255 */
	struct buf output; /* stdout; caller ends with buf_wipe */
	char errors[1024]; /* the end of stderr, fit to show */
};

struct program_ops {
	/* True when it ended by itself, with whatever code. Errors: ERR_NOT_FOUND, ERR_PERMISSION
	 * (not executable), ERR_UNSAFE_FILE (others may write it), ERR_TIMEOUT, ERR_LIMIT,
	 * ERR_HOOK, ERR_SYSTEM. */
	bool (*run)(void *self, const struct program_call *call, struct program_result *ret,
		    struct err *err);
};

struct program_port {
	const struct program_ops *ops;
	void *self;
};

/* The same without waiting, one program at a time: for alerts. Semantics of http_later_ops; output
 * and errors come together in `output`, of which the end is kept, fit to show. */
struct program_later_ops {
	bool (*begin)(void *self, const struct program_call *call, struct err *err);
	bool (*poll)(void *self, bool *ret_is_done, struct program_result *ret, struct err *err);
	int (*fd)(void *self);
};

struct program_later {
	const struct program_later_ops *ops;
	void *self;
};

#endif
