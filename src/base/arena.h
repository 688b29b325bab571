/* SPDX-License-Identifier: Apache-2.0 */
/* Memory of one round: handed out in order, given back all at once. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/buf.h"

struct arena {
	char *p;
	size_t n, cap; /* bytes */
};

/* Reserve cap bytes. Errors: ERR_MEMORY. End with arena_fini(). */
MUST_CHECK bool arena_init(struct arena *a, size_t cap, struct err *err);
/* size zeroed bytes, aligned for any type. NULL and ERR_MEMORY when used up. */
MUST_CHECK void *arena_get(struct arena *a, size_t size, struct err *err);
/* The same, of no meaning: for what is large and written before it is read. */
MUST_CHECK void *arena_get_raw(struct arena *a, size_t size, struct err *err);
void arena_reset(struct arena *a);
void arena_fini(struct arena *a);

#endif
