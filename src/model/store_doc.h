/* SPDX-License-Identifier: Apache-2.0 */
/* One document of the ledger as the store knows it. What its text says is model/ledger.h. */
#ifndef MODEL_STORE_DOC_H
#define MODEL_STORE_DOC_H

#include "base/buf.h"

enum { DOC_ID_BYTES = 256, NONCE_CHARS = 32 };

/* One document. text is signed content (codec/signed_doc.h), opaque to the store. */
struct store_doc {
	char id[DOC_ID_BYTES];       /* "proposal/3", "roll/3", "claim", "identity/<spki>",
					"envelope/3/<spki>", ... */
	int64_t rev;                 /* 1.. ; rises by one at each swap */
	char nonce[NONCE_CHARS + 1]; /* of the write that made this revision */
	struct str text;             /* in the caller's arena */
};

#endif
