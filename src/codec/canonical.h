/* SPDX-License-Identifier: Apache-2.0 */
/* Canonical JSON: exactly one byte sequence for each value, so that a signature over bytes is one
 * over the value. Keys ascend by bytes and occur once, no white space, integers of 64 bits with
 * sign, strings in UTF-8 with only the escapes that must be (RFC 8785's), true, false and null; no
 * fractions, no NUL, no escape in a key. Neither side allocates or recurses, so secrets may pass;
 * what the fields mean is not known here. */
#ifndef CODEC_CANONICAL_H
#define CODEC_CANONICAL_H

#include "base/buf.h"
#include "base/limits.h"
#include "base/secret.h"

enum { JSON_DEPTH_MAX = 8 }; /* objects and arrays within each other: ours need 6 */

enum canonical_kind {
	CANONICAL_OPEN_OBJECT,
	CANONICAL_CLOSE_OBJECT,
	CANONICAL_OPEN_ARRAY,
	CANONICAL_CLOSE_ARRAY,
	CANONICAL_KEY,
	CANONICAL_STRING,
	CANONICAL_INT,
	CANONICAL_TRUE,
	CANONICAL_FALSE,
	CANONICAL_NULL,
	CANONICAL_END, /* the one value is complete and nothing follows */
};

/* One token. Borrows the text read. */
struct canonical_token {
	enum canonical_kind kind;
	struct str raw; /* of a key or string: between the quotes, still escaped; else the token */
	int64_t number; /* of an integer */
};

/* A strict reader over borrowed text: every rule above is checked while the tokens are handed out.
 */
struct canonical_in {
	struct str text;
	size_t at; /* bytes read */
	unsigned depth;
	bool is_object[JSON_DEPTH_MAX], has_any[JSON_DEPTH_MAX];
	struct str last_key[JSON_DEPTH_MAX];
	bool is_after_key, is_done;
};

/* text must live as long as the reader and its tokens. */
void canonical_open(struct canonical_in *in, struct str text);
/* The next token. Errors: ERR_SYNTAX with the place in err->column (1-based byte), ERR_LIMIT
 * (depth). After an error the reader is of no use. */
MUST_CHECK bool canonical_next(struct canonical_in *in, struct canonical_token *ret,
			       struct err *err);
/* Go over one whole value (the first token of which was not yet taken); *ret_raw borrows its bytes.
 * Errors: as canonical_next(). */
MUST_CHECK bool canonical_skip(struct canonical_in *in, struct str *ret_raw, struct err *err);
/* The bytes of a string token, escapes undone, into out with a NUL. Errors: ERR_LIMIT when it does
 * not fit. */
MUST_CHECK bool canonical_text(const struct canonical_token *token, char *out, size_t out_n,
			       struct err *err);
/* Is text one canonical value of at most max_bytes? Errors: ERR_SYNTAX, ERR_LIMIT. */
MUST_CHECK bool canonical_check(struct str text, size_t max_bytes, struct err *err);

/* A writer into a bounded buf or into a secret (the other one is NULL). Keys must ascend
 * (asserted); key pointers must live until their object is closed. */
struct canonical_out {
	struct buf *buf;
	struct secret *secret;
	size_t max_bytes;
	size_t n; /* written by this writer */
	unsigned depth;
	bool has_any[JSON_DEPTH_MAX];
	const char *last_key[JSON_DEPTH_MAX];
	bool is_after_key;
	bool is_too_long, is_bad_text; /* told by canonical_done() */
};

void canonical_to_buf(struct canonical_out *out, struct buf *buf, size_t max_bytes);
void canonical_to_secret(struct canonical_out *out, struct secret *secret);
void canonical_put_open(struct canonical_out *out, char bracket); /* '{' or '[' */
void canonical_put_close(struct canonical_out *out, char bracket);
void canonical_put_key(struct canonical_out *out, const char *key);
void canonical_put_string(struct canonical_out *out, struct str text);
void canonical_put_int(struct canonical_out *out, int64_t number);
void canonical_put_bool(struct canonical_out *out, bool is_true);
void canonical_put_null(struct canonical_out *out);
/* A value that is canonical already (checked by whoever read it). */
void canonical_put_raw(struct canonical_out *out, struct str value);
/* Everything fitted and every string was UTF-8? Errors: ERR_LIMIT, ERR_INVALID, ERR_MEMORY. */
MUST_CHECK bool canonical_done(const struct canonical_out *out, struct err *err);

/* Length of the well-formed UTF-8 sequence at p, 0 when it is none (RFC 3629: no overlong form, no
 * surrogate, nothing above U+10FFFF). n: at least 1. */
size_t canonical_utf8_length(const unsigned char *p, size_t n);

#endif
