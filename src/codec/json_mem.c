/* SPDX-License-Identifier: Apache-2.0 */
/* A size in front of each block, so that it can be wiped without asking libc. jansson never
 * reallocates by libc: it takes, copies and frees, so nothing stays behind in a grown buffer. */
#include "codec/json_mem.h"

#include <stdlib.h>
#include <string.h>

enum { HEAD_BYTES = 16 }; /* keeps the alignment of malloc */

static void *get(size_t n)
{
	if (n > SIZE_MAX - HEAD_BYTES)
		return NULL;
	char *p = malloc(n + HEAD_BYTES);
	if (!p)
		return NULL;
	memcpy(p, &n, sizeof(n));
	return p + HEAD_BYTES;
}

static void give_back(void *q)
{
	size_t n;
	if (!q)
		return;
	char *p = (char *)q - HEAD_BYTES;
	memcpy(&n, p, sizeof(n));
	wipe(p, n + HEAD_BYTES);
	free(p);
}

void json_mem_init(void)
{
	json_set_alloc_funcs(get, give_back);
}

void json_text_free(char *text)
{
	json_malloc_t malloc_fn;
	json_free_t free_fn;
	if (!text)
		return;
	json_get_alloc_funcs(&malloc_fn, &free_fn);
	free_fn(text);
}
