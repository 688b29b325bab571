/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes that must not leak: own locked pages, no realloc, not in core dumps, wiped on every way
 * out. There is no function that prints one: only the codec that writes a secret may look at `p`.
 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include "base/err.h"

struct secret {
	char *p;  /* own pages; NUL-terminated */
	size_t n; /* bytes used, at most cap */
	size_t cap;
};

/* Reserve room for cap bytes. A page that cannot be locked (RLIMIT_MEMLOCK) is told by
 * secret_lock_failed() and is no error. Errors: ERR_MEMORY. End with secret_fini(). */
MUST_CHECK bool secret_init(struct secret *s, size_t cap, struct err *err);
/* Copy n bytes at p. Errors: ERR_MEMORY. */
MUST_CHECK bool secret_from(struct secret *s, const void *p, size_t n, struct err *err);
/* Append. False when it does not fit. */
MUST_CHECK bool secret_add(struct secret *s, const void *p, size_t n);
bool secret_equal(const struct secret *a,
		  const struct secret *b); /* constant time in the content */
void secret_fini(struct secret *s);        /* accepts a zeroed one */
bool secret_lock_failed(void);             /* since start, at least one page could not be locked */
void wipe(void *p, size_t n);
/* Call first thing in main(): no core dumps of this process (PR_SET_DUMPABLE 0, RLIMIT_CORE 0). */
void secret_process_init(void);

#endif
