/* SPDX-License-Identifier: Apache-2.0 */
/* Base64 (RFC 4648, section 4) and lower-case hex, strict: one text for each run of bytes. Not for
 * key bytes: those have their own codec. */
#ifndef CODEC_BASE64_H
#define CODEC_BASE64_H

#include "base/buf.h"

/* Room for the text of n bytes, its NUL included. */
#define BASE64_SIZE(n) (((n) + 2) / 3 * 4 + 1)

/* Append the text of n bytes at p. */
void base64_add(struct buf *out, const void *p, size_t n);
/* The text of n bytes into out. Errors: ERR_LIMIT when out_n < BASE64_SIZE(n). */
MUST_CHECK bool base64_print(const void *p, size_t n, char *out, size_t out_n, struct err *err);
/* Bytes of text; no white space, padding as it must be, no stray bits. Errors: ERR_SYNTAX,
 * ERR_LIMIT when they are more than out_max. */
MUST_CHECK bool base64_parse(struct str text, void *out, size_t out_max, size_t *ret_n,
			     struct err *err);

/* 2 * n hex digits and a NUL into out. */
void hex_print(const void *p, size_t n, char *out);
/* Exactly n bytes from 2 * n lower-case digits. Errors: ERR_SYNTAX. */
MUST_CHECK bool hex_parse(struct str text, void *out, size_t n, struct err *err);
/* Is text exactly n lower-case hex digits? */
bool hex_holds(struct str text, size_t digits_n);

#endif
