/* SPDX-License-Identifier: Apache-2.0 */
/* In place of base/secret.c, for the simulator only: plain memory in place of locked pages, five
 * system calls a secret less. The keys of a simulation are nobody's. */
#include "base/secret.h"

#include <stdlib.h>
#include <string.h>

bool secret_init(struct secret *s, size_t cap, struct err *err)
{
	char *p = malloc(cap + 1);
	if (!p)
		return err_set(err, ERR_MEMORY, "no %zu bytes", cap);
	p[0] = 0;
	*s = (struct secret){.p = p, .cap = cap};
	return true;
}

bool secret_from(struct secret *s, const void *p, size_t n, struct err *err)
{
	if (!secret_init(s, n, err))
		return false;
	if (n)
		memcpy(s->p, p, n);
	s->n = n;
	s->p[n] = 0;
	return true;
}

bool secret_add(struct secret *s, const void *p, size_t n)
{
	if (n > s->cap - s->n)
		return false;
	if (n)
		memcpy(s->p + s->n, p, n);
	s->n += n;
	s->p[s->n] = 0;
	return true;
}

bool secret_equal(const struct secret *a, const struct secret *b)
{
	return a->n == b->n && memcmp(a->p, b->p, a->n) == 0;
}

void secret_fini(struct secret *s)
{
	free(s->p);
	*s = (struct secret){.p = NULL};
}

bool secret_lock_failed(void)
{
	return false;
}

void wipe(void *p, size_t n)
{
	memset(p, 0, n);
}

void secret_process_init(void)
{
}
