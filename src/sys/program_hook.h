/* SPDX-License-Identifier: Apache-2.0 */
/* port/program.h by sys/hooks.h. */
#ifndef SYS_PROGRAM_HOOK_H
#define SYS_PROGRAM_HOOK_H

#include "port/program.h"

/* Runs a program and waits for it. */
struct program_port program_hook(void);

/* The same without waiting, one program at a time. */
struct program_later_hook;
/* *ret is new; *ret_port works on it. End with program_later_hook_free(). Errors: ERR_MEMORY. */
MUST_CHECK bool program_later_hook_new(struct program_later_hook **ret,
				       struct program_later *ret_port, struct err *err);
void program_later_hook_free(struct program_later_hook *p); /* ends what runs; accepts NULL */

#endif
