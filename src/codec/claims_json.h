/* SPDX-License-Identifier: Apache-2.0 */
/* "claim" of a sharded cluster: a slot for each set that is in a turn, in one document, so that one
 * compare-and-set decides between all of them (PROTOCOL 2). The container is not signed; each claim
 * in it is. What a claim says, and who may have one, is for its readers. */
#ifndef CODEC_CLAIMS_JSON_H
#define CODEC_CLAIMS_JSON_H

#include "base/buf.h"
#include "base/limits.h"

/* The claims as they stand, each a signed document that borrows the text; in order of set. */
struct claims_parts {
	unsigned n;
	struct claims_part {
		char set[NAME_BYTES_MAX];
		struct str text;
	} slots[SETS_MAX];
};
/* Errors: ERR_SYNTAX, ERR_LIMIT, ERR_PROTOCOL, ERR_UNSUPPORTED. */
MUST_CHECK bool claims_decode(struct str text, struct claims_parts *ret, struct err *err);
/* *ret_text is emptied first; it may not be what the parts borrow. Errors: ERR_LIMIT, ERR_MEMORY.
 */
MUST_CHECK bool claims_encode(const struct claims_parts *parts, struct buf *ret_text,
			      struct err *err);
/* Put that set's claim, borrowed, in the place of the one that it has; n 0: take it out. Errors:
 * ERR_LIMIT. */
MUST_CHECK bool claims_put(struct claims_parts *parts, const char *set, struct str text,
			   struct err *err);

#endif
