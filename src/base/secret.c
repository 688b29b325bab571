/* SPDX-License-Identifier: Apache-2.0 */
/* Locked, wiped memory for key bytes. */
#include "base/secret.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

static bool lock_failed; /* set only, from any thread */

static size_t pages(size_t n)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	return (n + 1 + page - 1) / page * page;
}

bool secret_init(struct secret *s, size_t cap, struct err *err)
{
	size_t size = pages(cap);
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return err_sys(err, errno, "reserving %zu bytes for a secret", size);
	/* Under a sandbox the lock may be refused: told once, never fatal (DESIGN, invariant 6). */
	if (mlock(p, size) != 0)
		__atomic_store_n(&lock_failed, true, __ATOMIC_RELAXED);
	(void)madvise(p, size, MADV_DONTDUMP); /* best effort: the process is undumpable as well */
	(void)madvise(p, size, MADV_WIPEONFORK); /* a child needs no key */
	*s = (struct secret){.p = p, .cap = size - 1};
	return true;
}

bool secret_from(struct secret *s, const void *p, size_t n, struct err *err)
{
	if (!secret_init(s, n, err))
		return false;
	if (n)
		memcpy(s->p, p, n);
	s->n = n;
	return true;
}

bool secret_add(struct secret *s, const void *p, size_t n)
{
	if (n > s->cap - s->n)
		return false;
	if (n)
		memcpy(s->p + s->n, p, n);
	s->n += n;
	return true;
}

bool secret_equal(const struct secret *a, const struct secret *b)
{
	unsigned char diff = 0;
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		diff = (unsigned char)(diff | (unsigned char)(a->p[i] ^ b->p[i]));
	return diff == 0;
}

void secret_fini(struct secret *s)
{
	if (s->p) {
		explicit_bzero(s->p, s->cap + 1);
		(void)munmap(s->p,
			     s->cap + 1); /* nothing to do about a failure; the bytes are gone */
	}
	*s = (struct secret){.p = NULL};
}

bool secret_lock_failed(void)
{
	return __atomic_load_n(&lock_failed, __ATOMIC_RELAXED);
}

void wipe(void *p, size_t n)
{
	explicit_bzero(p, n);
}

void secret_process_init(void)
{
	const struct rlimit none = {.rlim_cur = 0, .rlim_max = 0};
	(void)setrlimit(RLIMIT_CORE, &none); /* best effort */
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}
