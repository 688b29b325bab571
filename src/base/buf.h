/* SPDX-License-Identifier: Apache-2.0 */
/* str: borrowed bytes. buf: owned, growing, bounded text. Neither is for secrets (base/secret.h).
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/err.h"

/* Borrowed bytes; need not end in NUL. */
struct str {
	const char *p;
	size_t n; /* bytes */
};
#define STR(literal) ((struct str){.p = (literal), .n = sizeof(literal) - 1})
struct str str_of(const char *zero_ended); /* NULL gives the empty str */
bool str_equal(struct str a, struct str b);
bool str_equal_z(struct str a, const char *b);
bool str_starts(struct str s, struct str prefix);
struct str str_trim(struct str s); /* without ASCII white space at both ends */
/* Split off what stands before the first `at`; *rest moves behind it. Returns false when rest was
 * used up. */
bool str_cut(struct str *rest, char at, struct str *ret_part);

/* Owned bytes, always NUL-terminated once anything was added. `max` is the bound in bytes (0:
 * BUF_MAX_DEFAULT). */
struct buf {
	char *p;
	size_t n, cap, max;
	bool failed; /* an addition did not fit or memory ran out: see buf_ok() */
};
enum { BUF_MAX_DEFAULT = 8 * 1024 * 1024 };

/* Additions never report by themselves: they set `failed`, and buf_ok() tells once at the end. */
void buf_add(struct buf *b, const void *p, size_t n);
void buf_adds(struct buf *b, const char *z);
void buf_addc(struct buf *b, char c);
void buf_addf(struct buf *b, const char *format, ...) PRINTF(2, 3);
void buf_clear(struct buf *b); /* keeps the memory */
void buf_fini(struct buf *b);
void buf_wipe(struct buf *b);           /* overwrite, then free */
const char *buf_z(const struct buf *b); /* "" when empty */
struct str buf_str(const struct buf *b);
/* Errors: ERR_LIMIT, ERR_MEMORY. */
MUST_CHECK bool buf_ok(const struct buf *b, struct err *err);

/* Copy a string into a fixed array. False (and "" there) when it does not fit: never a truncation.
 */
MUST_CHECK bool copy_z(char *out, size_t out_n, const char *z);
MUST_CHECK bool copy_str(char *out, size_t out_n, struct str s);

/* Copy what fits: for texts that only people read. */
void cut_z(char *out, size_t out_n, const char *z);

#endif
