/* SPDX-License-Identifier: Apache-2.0 */
/* Scope-bound ownership by the GNU cleanup attribute. Initialise at the declaration; hand on with
 * take(). */
#ifndef BASE_CLEANUP_H
#define BASE_CLEANUP_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/secret.h"

static inline void cleanup_free(void *p)
{
	free(*(void **)p);
}
static inline void cleanup_close(const int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}
static inline void cleanup_file(FILE **f)
{
	if (*f)
		(void)fclose(*f);
}
static inline void cleanup_dir(DIR **d)
{
	if (*d)
		(void)closedir(*d);
}

#define auto_free __attribute__((cleanup(cleanup_free)))
#define auto_close __attribute__((cleanup(cleanup_close)))
#define auto_file __attribute__((cleanup(cleanup_file)))
#define auto_dir __attribute__((cleanup(cleanup_dir)))
#define auto_buf __attribute__((cleanup(buf_fini)))
#define auto_wiped_buf __attribute__((cleanup(buf_wipe)))
#define auto_secret __attribute__((cleanup(secret_fini)))
#define auto_arena __attribute__((cleanup(arena_fini)))

/* Define auto_TYPE for a library's pointer type and its free function: DEFINE_AUTO(X509, X509_free)
 * gives `auto_X509`. */
#define DEFINE_AUTO(type, fn)                                                                      \
	static inline void cleanup_##type(type **p)                                                \
	{                                                                                          \
		if (*p)                                                                            \
			fn(*p);                                                                    \
	}                                                                                          \
	typedef type *auto_ptr_##type UNUSED
#define AUTO(type) __attribute__((cleanup(cleanup_##type))) type *

/* Give the pointer away: returns it and leaves NULL. */
#define take(pp)                                                                                   \
	({                                                                                         \
		__typeof__(*(pp)) taken_ = *(pp);                                                  \
		*(pp) = NULL;                                                                      \
		taken_;                                                                            \
	})

#endif
