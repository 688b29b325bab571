/* SPDX-License-Identifier: Apache-2.0 */
/* Coroutines by ucontext, with a guard page and AddressSanitizer's annotations. */
#include "sim/sim_fiber.h"

#include <errno.h>
#include <sys/mman.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#define switch_begin(save, bottom, n) __sanitizer_start_switch_fiber(save, bottom, n)
#define switch_end(fake, bottom, n) __sanitizer_finish_switch_fiber(fake, bottom, n)
#else
#define switch_begin(save, bottom, n) ((void)(save), (void)(bottom), (void)(n))
#define switch_end(fake, bottom, n) ((void)(fake), (void)(bottom), (void)(n))
#endif

enum { GUARD_BYTES = 64 * 1024 };

static struct fiber *starting; /* makecontext() passes integers only; one thread */

static void enter(void)
{
	struct fiber *f = starting;
	switch_end(NULL, &f->caller_stack, &f->caller_stack_n);
	f->main(f->arg);
	f->is_running = false;
	switch_begin(NULL, f->caller_stack, f->caller_stack_n);
	(void)swapcontext(&f->self, &f->caller);
}

bool fiber_begin(struct fiber *f, void (*main)(void *arg), void *arg, struct err *err)
{
	ASSERT(!f->is_running);
	if (!f->stack) {
		char *p = mmap(NULL, FIBER_STACK_BYTES + GUARD_BYTES, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (p == MAP_FAILED)
			return err_sys(err, errno, "a stack");
		(void)mprotect(p, GUARD_BYTES, PROT_NONE); /* best effort: an overflow is our bug */
		f->stack = p + GUARD_BYTES;
	}
	f->main = main;
	f->arg = arg;
	f->is_running = true;
	(void)getcontext(&f->self); /* cannot fail on Linux */
	f->self.uc_stack.ss_sp = f->stack;
	f->self.uc_stack.ss_size = FIBER_STACK_BYTES;
	f->self.uc_link = NULL;
	makecontext(&f->self, enter, 0);
	return true;
}

void fiber_run(struct fiber *f)
{
	ASSERT(f->is_running);
	starting = f;
	switch_begin(&f->asan_caller, f->stack, FIBER_STACK_BYTES);
	(void)swapcontext(&f->caller, &f->self);
	switch_end(f->asan_caller, NULL, NULL);
}

void fiber_yield(struct fiber *f)
{
	switch_begin(&f->asan_self, f->caller_stack, f->caller_stack_n);
	(void)swapcontext(&f->self, &f->caller);
	switch_end(f->asan_self, &f->caller_stack, &f->caller_stack_n);
}

void fiber_fini(struct fiber *f)
{
	ASSERT(!f->is_running);
	if (f->stack)
		(void)munmap(f->stack - GUARD_BYTES, FIBER_STACK_BYTES + GUARD_BYTES);
	f->stack = NULL;
}
