/* SPDX-License-Identifier: Apache-2.0 */
/* The documents of the ledger: every struct of model/ledger.h as signed canonical JSON and back
 * (PROTOCOL 7). Reading is strict: unknown is unknown, nothing is taken in part. Whether a document
 * stands under the right id of the store, is the newest, or permits anything, is for round/. */
#ifndef CODEC_LEDGER_JSON_H
#define CODEC_LEDGER_JSON_H

#include "codec/field_table.h"
#include "codec/identity.h"

/* X(name of the typed functions, constant, struct). One row of doc_table in ledger_json.c each. */
#define LEDGER_DOCS(X)                                                                             \
	X(proposal, PROPOSAL, struct proposal)                                                     \
	X(vote, VOTE, struct vote)                                                                 \
	X(without, WITHOUT, struct without)                                                        \
	X(closure, CLOSURE, struct closure)                                                        \
	X(claim, CLAIM, struct claim)                                                              \
	X(statement, STATEMENT, struct statement)                                                  \
	X(identity_doc, IDENTITY, struct identity_doc)                                             \
	X(revocation, REVOCATION, struct revocation)                                               \
	X(request, REQUEST, struct request)                                                        \
	X(hold, HOLD, struct hold)                                                                 \
	X(order, ORDER, struct order)                                                              \
	X(csr_doc, CSR, struct csr_doc)                                                            \
	X(issued_doc, ISSUED, struct issued_doc)

enum doc_type {
#define X(name, constant, type) DOC_##constant,
	LEDGER_DOCS(X)
#undef X
	    DOC_N
};

/* How a type is written: for the engine, and for tests that go over all rows. */
struct doc_row {
	const char *type; /* "rotad-proposal/1" */
	size_t size;      /* bytes of the struct, which begins with its doc_head */
	const struct field_row *rows;
	unsigned rows_n;
	/* What no row can say (a proposal without its own pivot); NULL: nothing. Asked when writing
	 * and when reading. Errors: ERR_INVALID. */
	bool (*check)(const void *doc, struct err *err);
};
const struct doc_row *doc_row_of(enum doc_type type);
/* The rows of doc_head, which stand in every document. */
const struct field_row *doc_head_rows(unsigned *ret_n);

/* Is `found` the type `wanted` ("rotad-vote/1")? Errors: ERR_UNSUPPORTED (the same name with
 * another number: another version of rotad), ERR_PROTOCOL (anything else). */
MUST_CHECK bool doc_type_check(struct str found, const char *wanted, struct err *err);

/* Whom to believe. */
struct doc_trust {
	/* The identity of that name as this host judged it (identity_judge), or NULL. */
	const struct identity *(*find)(void *self, const struct spki *spki);
	void *self;
	const char *cluster;        /* NULL: not compared */
	const struct token *ledger; /* NULL: not compared */
};

/* Sign doc with keys, whose name must be doc's head.from, and write it. *ret_text is emptied first;
 * ret_digest (may be NULL) gets the digest of the content: put it into proposal.digest. Errors:
 * ERR_INVALID (the field is named), ERR_LIMIT, ERR_CRYPTO, ERR_MEMORY, ERR_BUG (another signer). */
MUST_CHECK bool ledger_encode(enum doc_type type, const void *doc, const struct identity_keys *keys,
			      struct buf *ret_text, struct digest *ret_digest, struct err *err);
/* Read text into *ret_doc (of the type's struct) after verifying that an admitted identity signed
 * it; DOC_IDENTITY is signed by itself and comes back not admitted (identity_judge). A proposal
 * gets its digest, a closure is_given; rev fields stay 0. Errors: ERR_SYNTAX, ERR_LIMIT,
 * ERR_PROTOCOL (another type, unknown or missing field), ERR_UNSUPPORTED (the type in another
 * version: a rotad of another protocol), ERR_UNTRUSTED (signer unknown, not admitted or revoked;
 * another cluster or ledger), ERR_CRYPTO (signature), ERR_INVALID. */
MUST_CHECK bool ledger_decode(enum doc_type type, struct str text, const struct doc_trust *trust,
			      void *ret_doc, struct err *err);

/* The same with types that the compiler checks: proposal_encode(), proposal_decode() and so on. */
#define X(name, constant, type)                                                                    \
	MUST_CHECK static inline bool name##_encode(                                               \
	    const type *doc, const struct identity_keys *keys, struct buf *ret_text,               \
	    struct digest *ret_digest, struct err *err)                                            \
	{                                                                                          \
		return ledger_encode(DOC_##constant, doc, keys, ret_text, ret_digest, err);        \
	}                                                                                          \
	MUST_CHECK static inline bool name##_decode(                                               \
	    struct str text, const struct doc_trust *trust, type *ret, struct err *err)            \
	{                                                                                          \
		return ledger_decode(DOC_##constant, text, trust, ret, err);                       \
	}
LEDGER_DOCS(X)
#undef X

/* --- "roll/GENERATION": votes, withouts and closure in one document, so that one compare-and-set
 * decides between them. The container is not signed; each part is. --- */

/* Its parts as they stand, each a signed document that borrows the text (empty: not there). Parts
 * are copied on byte for byte: nobody signs for another. */
struct roll_parts {
	uint64_t generation;
	struct digest proposal;
	unsigned votes_n, withouts_n;
	struct roll_part {
		char host[HOST_BYTES_MAX];
		struct str text;
	} votes[MEMBERS_MAX], withouts[MEMBERS_MAX]; /* in order of host */
	struct str closure;
};
/* Errors: ERR_SYNTAX, ERR_LIMIT, ERR_PROTOCOL, ERR_UNSUPPORTED. */
MUST_CHECK bool roll_parts_decode(struct str text, struct roll_parts *ret, struct err *err);
/* *ret_text is emptied first; it may not be what the parts borrow. Errors: ERR_LIMIT, ERR_MEMORY,
 * ERR_INVALID. */
MUST_CHECK bool roll_parts_encode(const struct roll_parts *parts, struct buf *ret_text,
				  struct err *err);
/* A new vote or without of host. Votes are given once: ERR_CONFLICT when that host has one already
 * with other bytes (the same bytes are fine). A without is refused (ERR_REFUSED) when the host's
 * vote is a nay, which the caller tells by has_nay. text is borrowed. Errors: also ERR_LIMIT. */
MUST_CHECK bool roll_parts_add_vote(struct roll_parts *parts, const char *host, struct str text,
				    struct err *err);
MUST_CHECK bool roll_parts_add_without(struct roll_parts *parts, const char *host, bool has_nay,
				       struct str text, struct err *err);

/* What of a roll was not believed. Such a part counts as not there: that only holds a rotation up,
 * never on. */
struct roll_doubts {
	unsigned n;       /* parts not believed */
	struct err first; /* why, its subject the host */
};
/* The roll of a proposal, each part verified: by an admitted identity, for this generation and
 * proposal, a vote by the roll's identity of that host (a nay by an operator: any admitted one).
 * rev is the store's. Of *ret the votes behind the proposal's roll stay as they are. *ret_doubts is
 * always filled. Errors: as roll_parts_decode(); ERR_PROTOCOL
 * when the container is of another generation or proposal. */
MUST_CHECK bool roll_decode(struct str text, int64_t rev, const struct proposal *proposal,
			    const struct doc_trust *trust, struct roll *ret,
			    struct roll_doubts *ret_doubts, struct err *err);

#endif
