/* SPDX-License-Identifier: Apache-2.0 */
/* JSON of strangers, read strictly: one value, bounded, no duplicate keys, no NUL, no deep nests.
 * Knows no document of rotad. */
#ifndef CODEC_JSON_STRICT_H
#define CODEC_JSON_STRICT_H

#include "codec/json_mem.h"

enum {
	JSON_NEST_MAX = 16
}; /* arrays and objects within each other: no format of ours needs more than 6 */

/* Read one value, an object or an array. Borrows text; returns new in *ret, free with json_decref
 * (AUTO(json_t)). Refuses duplicate keys, NUL (also escaped), bytes that are no UTF-8, NaN, what
 * follows the value, and more than JSON_NEST_MAX levels, before the library sees them. `what`
 * names the text in errors ("answer of the authority"). Errors: ERR_SYNTAX with line and column,
 * ERR_LIMIT, ERR_MEMORY. The error never quotes the text. */
MUST_CHECK bool json_read(struct str text, const char *what, json_t **ret, struct err *err);

/* Members of an object; NULL or 0 when absent or of another type. The str borrows from the value.
 */
struct str json_str(const json_t *object, const char *key);
int64_t json_int(const json_t *object, const char *key);

/* A string value of bytes that may be no UTF-8: what is not becomes U+FFFD, NUL too. Returns new;
 * NULL when out of memory. */
MUST_CHECK json_t *json_of_bytes(struct str bytes);
/* The same of a text for people, which may have been cut within a letter. Never NULL: null when out
 * of memory. */
json_t *json_said(const char *z);

/* Print compactly with sorted keys into b (which tells by buf_ok). */
void json_print(const json_t *value, struct buf *b);

#endif
