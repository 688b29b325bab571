/* SPDX-License-Identifier: Apache-2.0 */
/* The outer form of everything that is signed: {"content":{...},"signature":"base64"}, the
 * signature over the bytes of content. What content means is for codec/ledger_json.h and
 * codec/envelope.h. */
#ifndef CODEC_SIGNED_DOC_H
#define CODEC_SIGNED_DOC_H

#include "codec/canonical.h"
#include "codec/identity.h"

/* Both borrow the text. */
struct signed_doc {
	struct str content;   /* a canonical object */
	struct str signature; /* base64 */
};

/* Take text apart after checking that all of it is canonical. Nothing is verified. Errors:
 * ERR_SYNTAX, ERR_LIMIT, ERR_PROTOCOL (not this form). */
MUST_CHECK bool signed_doc_parse(struct str text, size_t max_bytes, struct signed_doc *ret,
				 struct err *err);
/* Sign content (canonical, the caller's word) and write the whole. Errors: ERR_CRYPTO, ERR_LIMIT,
 * ERR_MEMORY. */
MUST_CHECK bool signed_doc_print(struct canonical_out *out, struct str content,
				 const struct identity_keys *keys, struct err *err);

#endif
