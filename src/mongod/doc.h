/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a server's BSON by dotted path, whatever number type it chose. */
#ifndef MONGOD_DOC_H
#define MONGOD_DOC_H

/* Its inline functions use MIN and MAX of their own kind. */
#pragma push_macro("MIN")
#pragma push_macro("MAX")
#undef MIN
#undef MAX
#include <bson/bson.h>
#pragma pop_macro("MIN")
#pragma pop_macro("MAX")

#include "base/cleanup.h"
#include "base/clock.h"

DEFINE_AUTO(bson_t, bson_destroy);

/* A document on the stack that is destroyed with its scope. */
#define auto_bson __attribute__((cleanup(bson_destroy))) bson_t

/* Not there, of another type, or a text that is not UTF-8 or holds a NUL: the default given ("" for
 * text, 0 for times). */
bool doc_has(const bson_t *doc, const char *path);
int64_t doc_int(const bson_t *doc, const char *path, int64_t otherwise);
double doc_double(const bson_t *doc, const char *path, double otherwise);
bool doc_true(const bson_t *doc, const char *path); /* true, or a number other than 0 */
struct wall doc_wall(const bson_t *doc, const char *path);
const char *doc_text(const bson_t *doc, const char *path); /* borrowed from doc; never NULL */
const char *doc_text_at(const bson_iter_t *it);            /* the same of an element */
/* A text that has to fit. Errors: ERR_PROTOCOL when it is longer than out_n - 1 bytes. */
MUST_CHECK bool doc_copy(const bson_t *doc, const char *path, char *out, size_t out_n,
			 struct err *err);
/* An ObjectId as 24 hex digits; "" when there is none. out has 25 bytes. */
void doc_oid(const bson_t *doc, const char *path, char *out);
/* An array or a document within. *ret borrows from doc. */
bool doc_sub(const bson_t *doc, const char *path, bson_t *ret);
/* Step through documents within an array: *ret borrows. False at the end; other elements are passed
 * over. */
bool doc_next(bson_iter_t *it, bson_t *ret);

#endif
