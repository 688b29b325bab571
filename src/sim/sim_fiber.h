/* SPDX-License-Identifier: Apache-2.0 */
/* Coroutines for the simulator: real code runs on a stack of its own and is left in the middle of a
 * port call. One thread; whoever calls fiber_run() is the scheduler. */
#ifndef SIM_SIM_FIBER_H
#define SIM_SIM_FIBER_H

#include <ucontext.h>

#include "base/err.h"

enum { FIBER_STACK_BYTES = 4 * 1024 * 1024 /* address space; the guard page is below it */ };

struct fiber {
	ucontext_t self, caller;
	void (*main)(void *arg);
	void *arg;
	char *stack;
	void *asan_self, *asan_caller; /* AddressSanitizer's shadow of the two stacks */
	const void *caller_stack;
	size_t caller_stack_n;
	bool is_running; /* begun and not returned */
};

/* Begin main(arg) with the next fiber_run(). The stack is made once and used again. Errors:
 * ERR_MEMORY. */
MUST_CHECK bool fiber_begin(struct fiber *f, void (*main)(void *arg), void *arg, struct err *err);
/* Go on in f until it yields or returns. */
void fiber_run(struct fiber *f);
/* Called within f: back to who runs it. */
void fiber_yield(struct fiber *f);
/* Give the stack back; f must have returned. */
void fiber_fini(struct fiber *f);

#endif
