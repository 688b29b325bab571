/* SPDX-License-Identifier: Apache-2.0 */
/* The sealed keyring: the only document with secrets (PROTOCOL 7, items 1, 2 and 6). Signed inside,
 * with both parties, cluster, generation and purpose in what is signed; sealed outside for one
 * recipient. Who gets one, and whether its keys may be written, is for round/. */
#ifndef CODEC_ENVELOPE_H
#define CODEC_ENVELOPE_H

#include "codec/ledger_json.h"

/* What is inside. Owns its keys: end with keyring_doc_fini(). */
struct keyring_doc {
	struct doc_head head;
	uint64_t generation;
	struct digest proposal;    /* of the generation's */
	struct spki to;            /* the recipient */
	char host[HOST_BYTES_MAX]; /* the member whose rotad it is */
	unsigned instances_n;
	char instances[INSTANCES_MAX][NAME_BYTES_MAX]; /* it is for; none: all of that host */
	struct keyring keys;                           /* as the file shall have them */
	char salt_hex[65];  /* the cluster's salt for key ids: 64 digits */
	struct token nonce; /* of the request it answers; "" when nobody asked */
};
void keyring_doc_fini(struct keyring_doc *doc); /* wipes; accepts a zeroed one */

/* Sign doc with `from` (whose name is doc->head.from) and seal it for `to` (whose name is doc->to;
 * admitted, not revoked). *ret_text is emptied first: canonical JSON for the ledger or a file, no
 * secret readable in it. Errors: ERR_UNTRUSTED (recipient), ERR_INVALID, ERR_LIMIT (over
 * ENVELOPE_BYTES_MAX), ERR_CRYPTO, ERR_MEMORY, ERR_BUG. */
MUST_CHECK bool envelope_seal(const struct keyring_doc *doc, const struct identity_keys *from,
			      const struct identity *to, struct buf *ret_text, struct err *err);

/* What the opener expects; all that is given is compared. */
struct envelope_want {
	const struct doc_trust *trust; /* who may have signed */
	/* The proposal as read and believed: cluster, ledger, generation and digest must be its
	 * own, and every key one of its three. NULL (keyfile import): then a nonce is a must,
	 * cluster and ledger are those of trust, and the caller compares the keys with its anchor.
	 */
	const struct proposal *proposal;
	uint64_t min_generation;   /* the anchor's: nothing older is opened */
	const char *host;          /* the member it must be for; NULL: not compared */
	const char *salt_hex;      /* the salt as far as known; NULL or "": not yet */
	const struct token *nonce; /* mine, when I asked; NULL: any */
};

/* Open text with my keys and check everything; *ret is new. On failure everything opened is wiped
 * and nothing of it is in err. Errors: ERR_SYNTAX, ERR_LIMIT, ERR_PROTOCOL, ERR_UNSUPPORTED,
 * ERR_CRYPTO (not sealed for me, bent, another cipher or KDF), ERR_UNTRUSTED (signer; another
 * recipient, cluster, ledger, generation, proposal, host, nonce or key than expected), ERR_INVALID.
 */
MUST_CHECK bool envelope_open(struct str text, const struct identity_keys *me,
			      const struct envelope_want *want, struct keyring_doc *ret,
			      struct err *err);

#endif
