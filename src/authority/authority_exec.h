/* SPDX-License-Identifier: Apache-2.0 */
/* An authority behind a program that speaks certmonger's helper protocol (certmonger's
 * doc/helpers.txt): any helper written for certmonger serves unchanged. */
#ifndef AUTHORITY_AUTHORITY_EXEC_H
#define AUTHORITY_AUTHORITY_EXEC_H

#include "model/policy.h"
#include "port/authority.h"
#include "port/program.h"

struct authority_exec {
	const struct authority_policy *policy; /* borrowed */
	struct program_port program;
	char helper[CONF_PATH_BYTES_MAX]; /* policy.helper cut at its spaces */
	const char *argv[PROGRAM_ARGS_MAX + 1];
};

/* policy.helper is an absolute path, which may be followed by arguments, separated by spaces; no
 * shell, no quoting. Errors: ERR_INVALID, ERR_LIMIT. *ret points into itself: it is not to be
 * copied. */
MUST_CHECK bool authority_exec_init(struct authority_exec *ret,
				    const struct authority_policy *policy,
				    const struct program_port *program, struct err *err);

extern const struct authority_ops authority_exec_ops; /* self: struct authority_exec */

#endif
