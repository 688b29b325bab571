/* SPDX-License-Identifier: Apache-2.0 */
/* One block, a moving mark. */
#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

bool arena_init(struct arena *a, size_t cap, struct err *err)
{
	char *p = malloc(cap);
	if (!p)
		return err_set(err, ERR_MEMORY, "no %zu bytes for a round", cap);
	*a = (struct arena){.p = p, .cap = cap};
	return true;
}

void *arena_get(struct arena *a, size_t size, struct err *err)
{
	void *p = arena_get_raw(a, size, err);
	return p ? memset(p, 0, size) : NULL;
}

void *arena_get_raw(struct arena *a, size_t size, struct err *err)
{
	size_t at = (a->n + 15) & ~(size_t)15;
	if (at > a->cap || size > a->cap - at) {
		err_set(err, ERR_MEMORY, "the round's memory (%zu bytes) is used up", a->cap);
		return NULL;
	}
	a->n = at + size;
	return a->p + at;
}

void arena_reset(struct arena *a)
{
	a->n = 0;
}

void arena_fini(struct arena *a)
{
	free(a->p);
	*a = (struct arena){.p = NULL};
}
