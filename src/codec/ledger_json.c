/* SPDX-License-Identifier: Apache-2.0 */
/* One row a document type; writing, reading and verifying follow from the rows. The container of a
 * roll is in codec/roll_json.c. */
#include "codec/ledger_json.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "codec/digest.h"
#include "codec/signed_doc.h"

#define WORDS(name, ...)                                                                           \
	static const char *const name##_list[] = {__VA_ARGS__};                                    \
	static const struct field_words name = {.words = name##_list, .n = ARRAY_N(name##_list)}

WORDS(strategies, [STRATEGY_TWO_PASS] = "twoPass", [STRATEGY_STANDBY] = "standby");
WORDS(urgencies, [URGENCY_ROUTINE] = "routine", [URGENCY_URGENT] = "urgent",
      [URGENCY_EMERGENCY] = "emergency");
WORDS(vote_words, [VOTE_NONE] = NULL, [VOTE_YEA] = "yea", [VOTE_NAY] = "nay");
WORDS(claim_states, [CLAIM_FREE] = "free", [CLAIM_WAITING] = "waiting", [CLAIM_ACTING] = "acting");
WORDS(claim_purposes, [CLAIM_FOR_RESTART] = "restart", [CLAIM_FOR_CERTIFICATE] = "certificate");
WORDS(endorsements, [ENDORSED_BY_NONE] = "none", [ENDORSED_BY_CERTIFICATE] = "certificate",
      [ENDORSED_BY_KEY] = "key", [ENDORSED_BY_OPERATOR] = "operator");
WORDS(order_kinds, [ORDER_KEYFILE] = "keyfile", [ORDER_CERTIFICATES] = "certificates");

static const struct field_row head_rows[] = {
    FIELD_GIVEN(struct doc_head, cluster, FIELD_LINE, "cluster"),
    FIELD_GIVEN(struct doc_head, ledger.hex, FIELD_HEX, "ledger"),
    FIELD_GIVEN(struct doc_head, from.hex, FIELD_HEX, "from"),
    FIELD_GIVEN(struct doc_head, incarnation.hex, FIELD_HEX, "incarnation"),
    FIELD(struct doc_head, seq, FIELD_UINT64, "seq"),
    FIELD(struct doc_head, at, FIELD_WALL, "at"),
};

static const struct field_row roll_entry_rows[] = {
    FIELD(struct roll_entry, member, FIELD_INT64, "member"),
    FIELD_GIVEN(struct roll_entry, host, FIELD_LINE, "host"),
    FIELD(struct roll_entry, identity.hex, FIELD_HEX, "identity"),
    FIELD(struct roll_entry, is_dead, FIELD_BOOL, "dead"),
};
static const struct field_row proposal_rows[] = {
    FIELD_GIVEN(struct proposal, generation, FIELD_UINT64, "generation"),
    FIELD(struct proposal, previous.hex, FIELD_HEX, "previous"),
    FIELD_ENUM(struct proposal, strategy, strategies, "strategy"),
    FIELD_ENUM(struct proposal, urgency, urgencies, "urgency"),
    FIELD_GIVEN(struct proposal, pivot, FIELD_KEY_NAME, "pivot"),
    FIELD_GIVEN(struct proposal, next, FIELD_KEY_NAME, "next"),
    FIELD(struct proposal, after, FIELD_KEY_NAME, "after"),
    FIELD_ARRAY(struct proposal, roll, roll_n, roll_entry_rows, "roll"),
    FIELD(struct proposal, config_version, FIELD_INT64, "configVersion"),
    FIELD(struct proposal, config_term, FIELD_INT64, "configTerm"),
    FIELD(struct proposal, order.hex, FIELD_HEX, "order"),
    FIELD(struct proposal, reason, FIELD_SAID, "reason"),
};

static const struct field_row vote_rows[] = {
    FIELD_GIVEN(struct vote, generation, FIELD_UINT64, "generation"),
    FIELD_GIVEN(struct vote, proposal.hex, FIELD_HEX, "proposal"),
    FIELD_GIVEN(struct vote, host, FIELD_LINE, "host"),
    FIELD_ENUM(struct vote, word, vote_words, "vote"),
    FIELD(struct vote, process_id, FIELD_LINE, "processId"),
    FIELD(struct vote, disk, FIELD_RING_IDS, "disk"),
    FIELD(struct vote, running, FIELD_RING_IDS, "running"),
    FIELD(struct vote, path, FIELD_LINE, "path"),
    FIELD(struct vote, reason, FIELD_SAID, "reason"),
    FIELD(struct vote, is_by_operator, FIELD_BOOL, "byOperator"),
};

static const struct field_row without_rows[] = {
    FIELD_GIVEN(struct without, generation, FIELD_UINT64, "generation"),
    FIELD_GIVEN(struct without, host, FIELD_LINE, "host"),
    FIELD_GIVEN(struct without, who, FIELD_SAID, "who"),
    FIELD(struct without, reason, FIELD_SAID, "reason"),
};

static const struct field_row closure_proof_rows[] = {
    FIELD_IN(struct closure, proofs, host, FIELD_LINE, true, "host"),
    FIELD_IN(struct closure, proofs, process_id, FIELD_LINE, false, "processId"),
};
static const struct field_row closure_rows[] = {
    FIELD_GIVEN(struct closure, generation, FIELD_UINT64, "generation"),
    FIELD_GIVEN(struct closure, proposal.hex, FIELD_HEX, "proposal"),
    FIELD(struct closure, is_carried, FIELD_BOOL, "carried"),
    FIELD_ARRAY(struct closure, proofs, proofs_n, closure_proof_rows, "proofs"),
};

static const struct field_row claim_rows[] = {
    FIELD_ENUM(struct claim, state, claim_states, "state"),
    FIELD_ENUM(struct claim, purpose, claim_purposes, "purpose"),
    FIELD(struct claim, host, FIELD_LINE, "host"),
    FIELD(struct claim, process_id, FIELD_LINE, "processId"),
    FIELD(struct claim, generation, FIELD_UINT64, "generation"),
    FIELD(struct claim, beat, FIELD_UINT64, "beat"),
};

static const struct field_row statement_rows[] = {
    FIELD_GIVEN(struct statement, host, FIELD_LINE, "host"),
    FIELD(struct statement, member, FIELD_INT64, "member"),
    FIELD(struct statement, generation, FIELD_UINT64, "generation"),
    FIELD(struct statement, retired, FIELD_UINT64, "retired"),
    FIELD(struct statement, is_given_up, FIELD_BOOL, "givenUp"),
    FIELD(struct statement, process_id, FIELD_LINE, "processId"),
    FIELD(struct statement, disk, FIELD_RING_IDS, "disk"),
    FIELD(struct statement, running, FIELD_RING_IDS, "running"),
    FIELD(struct statement, version, FIELD_LINE, "version"),
    FIELD_GIVEN(struct statement, protocol, FIELD_UNSIGNED, "protocol"),
    FIELD(struct statement, mode, FIELD_LINE, "mode"),
    FIELD(struct statement, is_rehearsed, FIELD_BOOL, "rehearsed"),
    FIELD(struct statement, rehearsed_at, FIELD_WALL, "rehearsedAt"),
    FIELD(struct statement, findings, FIELD_SAID, "findings"),
    FIELD(struct statement, certificate_serial, FIELD_LINE, "certificateSerial"),
    FIELD(struct statement, certificate_not_after, FIELD_WALL, "certificateNotAfter"),
    FIELD(struct statement, certificate_not_before, FIELD_WALL, "certificateNotBefore"),
    FIELD(struct statement, takes_certificates, FIELD_BOOL, "takesCertificates"),
    FIELD(struct statement, certificate_order.hex, FIELD_HEX, "certificateOrder"),
    FIELD(struct statement, certificate_refused.hex, FIELD_HEX, "certificateRefused"),
    FIELD(struct statement, is_certificate_taken_back, FIELD_BOOL, "certificateTakenBack"),
};

static const struct field_row identity_rows[] = {
    FIELD_GIVEN(struct identity_doc, identity.spki.hex, FIELD_HEX, "spki"),
    FIELD_GIVEN(struct identity_doc, identity.host, FIELD_LINE, "host"),
    FIELD_GIVEN(struct identity_doc, identity.sign_key, FIELD_LINE, "signKey"),
    FIELD_GIVEN(struct identity_doc, identity.receive_key, FIELD_LINE, "receiveKey"),
    FIELD_ENUM(struct identity_doc, proof.how, endorsements, "endorsedBy"),
    FIELD(struct identity_doc, proof.value, FIELD_LINE, "endorsement"),
    FIELD(struct identity_doc, proof.chain_pem, FIELD_TEXT, "chain"),
};

static const struct field_row revocation_rows[] = {
    FIELD_GIVEN(struct revocation, spki.hex, FIELD_HEX, "spki"),
    FIELD_GIVEN(struct revocation, host, FIELD_LINE, "host"),
    FIELD(struct revocation, generation, FIELD_UINT64, "generation"),
    FIELD_GIVEN(struct revocation, who, FIELD_SAID, "who"),
    FIELD(struct revocation, reason, FIELD_SAID, "reason"),
};

static const struct field_row request_rows[] = {
    FIELD_GIVEN(struct request, host, FIELD_LINE, "host"),
    FIELD_GIVEN(struct request, nonce.hex, FIELD_HEX, "nonce"),
    FIELD_GIVEN(struct request, receive_key, FIELD_LINE, "receiveKey"),
};

static const struct field_row hold_rows[] = {
    FIELD(struct hold, is_on, FIELD_BOOL, "on"),
    FIELD_GIVEN(struct hold, who, FIELD_SAID, "who"),
    FIELD(struct hold, why, FIELD_SAID, "why"),
};

static const struct field_row order_rows[] = {
    FIELD_GIVEN(struct order, id.hex, FIELD_HEX, "id"),
    FIELD_ENUM(struct order, kind, order_kinds, "kind"),
    FIELD_ENUM(struct order, urgency, urgencies, "urgency"),
    FIELD(struct order, host, FIELD_LINE, "host"),
    FIELD_GIVEN(struct order, who, FIELD_SAID, "who"),
    FIELD(struct order, reason, FIELD_SAID, "reason"),
    FIELD(struct order, ticket, FIELD_SAID, "ticket"),
    FIELD(struct order, breaks_freeze, FIELD_BOOL, "breaksFreeze"),
    FIELD(struct order, max_lag_us, FIELD_INT64, "maxLagUs"),
    FIELD(struct order, without, FIELD_LINE, "without"),
    FIELD(struct order, amends, FIELD_UINT64, "amends"),
    FIELD(struct order, known, FIELD_UINT64, "known"),
    FIELD(struct order, serial, FIELD_UINT64, "serial"),
    FIELD(struct order, is_served, FIELD_BOOL, "served"),
};

static const struct field_row csr_rows[] = {
    FIELD_GIVEN(struct csr_doc, host, FIELD_LINE, "host"),
    FIELD_GIVEN(struct csr_doc, authority, FIELD_LINE, "authority"),
    FIELD_GIVEN(struct csr_doc, csr.hex, FIELD_HEX, "csr"),
    FIELD_GIVEN(struct csr_doc, csr_pem, FIELD_TEXT, "csrPem"),
    FIELD(struct csr_doc, wanted_at, FIELD_WALL, "wantedAt"),
};
static const struct field_row issued_rows[] = {
    FIELD_GIVEN(struct issued_doc, host, FIELD_LINE, "host"),
    FIELD_GIVEN(struct issued_doc, csr.hex, FIELD_HEX, "csr"),
    FIELD(struct issued_doc, is_refused, FIELD_BOOL, "refused"),
    FIELD(struct issued_doc, why, FIELD_SAID, "why"),
    FIELD(struct issued_doc, chain_pem, FIELD_TEXT, "chainPem"),
};

/* Every struct begins with its head, so the head's rows serve all of them. */
#define X(name, constant, type)                                                                    \
	STATIC_ASSERT(sizeof(type) >= sizeof(struct doc_head), "documents begin with a head");
LEDGER_DOCS(X)
#undef X
STATIC_ASSERT(offsetof(struct proposal, head) == 0, "head first");
STATIC_ASSERT(offsetof(struct vote, head) == 0, "head first");
STATIC_ASSERT(offsetof(struct without, head) == 0, "head first");
STATIC_ASSERT(offsetof(struct closure, head) == 0, "head first");
STATIC_ASSERT(offsetof(struct claim, head) == 0, "head first");
STATIC_ASSERT(offsetof(struct statement, head) == 0, "head first");
STATIC_ASSERT(offsetof(struct identity_doc, identity.head) == 0, "head first");
STATIC_ASSERT(offsetof(struct revocation, head) == 0, "head first");
STATIC_ASSERT(offsetof(struct request, head) == 0, "head first");
STATIC_ASSERT(offsetof(struct hold, head) == 0, "head first");
STATIC_ASSERT(offsetof(struct order, head) == 0, "head first");
STATIC_ASSERT(offsetof(struct csr_doc, head) == 0, "head first");
STATIC_ASSERT(offsetof(struct issued_doc, head) == 0, "head first");

/* --- what no row can say --- */

static bool check_proposal(const void *doc, struct err *err)
{
	const struct proposal *p = doc;
	const struct key_name *names[] = {&p->pivot, &p->next, &p->after};
	unsigned voters = 0;
	for (unsigned i = 0; i < p->roll_n; i++) {
		voters += !p->roll[i].is_dead;
		if (!p->roll[i].is_dead && !p->roll[i].identity.hex[0])
			return err_set(err, ERR_INVALID, "nobody may vote for '%s'",
				       p->roll[i].host);
	}
	if (voters == 0)
		return err_set(err, ERR_INVALID, "a proposal that nobody must vote on");
	if ((p->generation == 1) != (p->previous.hex[0] == 0))
		return err_set(err, ERR_INVALID, "only generation 1 has no previous proposal");
	if (p->strategy != STRATEGY_STANDBY && p->after.number)
		return err_set(err, ERR_INVALID, "a key after the next one, but not standby");
	for (size_t i = 0; i < ARRAY_N(names); i++)
		for (size_t k = 0; k < i; k++)
			if (names[i]->number && (names[i]->number == names[k]->number ||
						 key_id_equal(&names[i]->id, &names[k]->id)))
				return err_set(err, ERR_INVALID, "the same key twice");
	for (unsigned i = 0; i < p->roll_n; i++)
		for (unsigned k = 0; k < i; k++)
			if (strcmp(p->roll[i].host, p->roll[k].host) == 0)
				return err_set(err, ERR_INVALID, "'%s' is on the roll twice",
					       p->roll[i].host);
	return true;
}

/* A yea without the process it speaks of would be a promise about nothing. */
static bool check_vote(const void *doc, struct err *err)
{
	const struct vote *v = doc;
	if (v->word == VOTE_YEA && !v->is_by_operator &&
	    (!v->disk.is_known || !v->running.is_known))
		return err_set(err, ERR_INVALID, "a yea without the keys on disk and in use");
	if (v->word == VOTE_YEA && !v->is_by_operator && v->process_id[0] == 0)
		return err_set(err, ERR_INVALID, "a yea without the process it is for");
	return true;
}

static bool check_claim(const void *doc, struct err *err)
{
	const struct claim *c = doc;
	if (c->state != CLAIM_FREE && c->host[0] == 0)
		return err_set(err, ERR_INVALID, "a claim without the member it is for");
	if (c->state == CLAIM_ACTING && c->purpose == CLAIM_FOR_RESTART && c->process_id[0] == 0)
		return err_set(err, ERR_INVALID, "an acting claim without the process it ends");
	return true;
}

static bool check_identity(const void *doc, struct err *err)
{
	const struct identity_doc *d = doc;
	const struct identity *id = &d->identity;
	struct spki spki;
	if (!public_key_check(id->sign_key, &spki, err) ||
	    !public_key_check(id->receive_key, NULL, err))
		return false;
	if (!spki_equal(&spki, &id->spki) || !spki_equal(&spki, &id->head.from))
		return err_set(err, ERR_INVALID, "an identity whose name is not its key's");
	if (strcmp(id->sign_key, id->receive_key) == 0)
		return err_set(err, ERR_INVALID, "an identity with one key for both uses");
	return true;
}

static bool check_revocation(const void *doc, struct err *err)
{
	const struct revocation *r = doc;
	return !spki_equal(&r->spki, &r->head.from) ||
	       err_set(err, ERR_INVALID, "an identity that revokes itself");
}

static bool check_request(const void *doc, struct err *err)
{
	const struct request *r = doc;
	return public_key_check(r->receive_key, NULL, err);
}

static bool check_issued(const void *doc, struct err *err)
{
	const struct issued_doc *d = doc;
	if (d->is_refused == (d->chain_pem[0] != 0))
		return err_set(err, ERR_INVALID, "an answer is a chain or a refusal");
	return true;
}

/* clang-format off */
#define ROW(type_name, type_, rows_, check_) \
	{.type = (type_name), .size = sizeof(type_), .rows = (rows_), .rows_n = ARRAY_N(rows_), .check = (check_)}
static const struct doc_row doc_table[DOC_N] = {
    [DOC_PROPOSAL] = ROW("rotad-proposal/1", struct proposal, proposal_rows, check_proposal),
    [DOC_VOTE] = ROW("rotad-vote/1", struct vote, vote_rows, check_vote),
    [DOC_WITHOUT] = ROW("rotad-without/1", struct without, without_rows, NULL),
    [DOC_CLOSURE] = ROW("rotad-closure/1", struct closure, closure_rows, NULL),
    [DOC_CLAIM] = ROW("rotad-claim/1", struct claim, claim_rows, check_claim),
    [DOC_STATEMENT] = ROW("rotad-statement/1", struct statement, statement_rows, NULL),
    [DOC_IDENTITY] = ROW("rotad-identity/1", struct identity_doc, identity_rows, check_identity),
    [DOC_REVOCATION] = ROW("rotad-revocation/1", struct revocation, revocation_rows, check_revocation),
    [DOC_REQUEST] = ROW("rotad-request/1", struct request, request_rows, check_request),
    [DOC_HOLD] = ROW("rotad-hold/1", struct hold, hold_rows, NULL),
    [DOC_ORDER] = ROW("rotad-order/1", struct order, order_rows, NULL),
    [DOC_CSR] = ROW("rotad-csr/1", struct csr_doc, csr_rows, NULL),
    [DOC_ISSUED] = ROW("rotad-issued/1", struct issued_doc, issued_rows, check_issued),
};
/* clang-format on */

const struct doc_row *doc_row_of(enum doc_type type)
{
	ASSERT(type < DOC_N);
	return &doc_table[type];
}

const struct field_row *doc_head_rows(unsigned *ret_n)
{
	*ret_n = ARRAY_N(head_rows);
	return head_rows;
}

static struct field_set set_of(const struct doc_row *row)
{
	return (struct field_set){.type = row->type,
				  .head = head_rows,
				  .head_n = ARRAY_N(head_rows),
				  .rows = row->rows,
				  .rows_n = row->rows_n};
}

/* --- writing --- */

bool ledger_encode(enum doc_type type, const void *doc, const struct identity_keys *keys,
		   struct buf *ret_text, struct digest *ret_digest, struct err *err)
{
	const struct doc_row *row = doc_row_of(type);
	const struct field_set set = set_of(row);
	const struct doc_head *head = doc;
	struct canonical_out out;
	struct digest digest;
	auto_buf struct buf content = {.max = DOC_BYTES_MAX};
	auto_buf struct buf text = {.max = DOC_BYTES_MAX};
	if (!spki_equal(&head->from, &keys->spki))
		return err_set(err, ERR_BUG, "signing a %s of somebody else", row->type);
	if (row->check && !row->check(doc, err))
		return err_in(err, "writing a %s", row->type);
	canonical_to_buf(&out, &content, DOC_BYTES_MAX);
	if (!fields_encode(&set, doc, &out, err) || !canonical_done(&out, err) ||
	    !sha256_digest(buf_str(&content), &digest, err))
		return err_in(err, "writing a %s", row->type);
	canonical_to_buf(&out, &text, DOC_BYTES_MAX);
	if (!signed_doc_print(&out, buf_str(&content), keys, err))
		return err_in(err, "writing a %s", row->type);
	buf_clear(ret_text);
	buf_add(ret_text, text.p, text.n);
	if (!buf_ok(ret_text, err))
		return err_in(err, "writing a %s", row->type);
	if (ret_digest)
		*ret_digest = digest;
	return true;
}

/* --- reading --- */

/* The two strings that say how to read the rest, found before anything else is believed. */
struct peeked {
	struct str type;
	struct spki from;
	char sign_key[256];
};

static bool peek(struct str content, struct peeked *ret, struct err *err)
{
	const struct {
		const char *name;
		char *p;
		size_t n;
	} wanted[] = {{"from", ret->from.hex, sizeof(ret->from.hex)},
		      {"signKey", ret->sign_key, sizeof(ret->sign_key)}};
	struct canonical_in in;
	struct canonical_token t, value;
	struct str raw;
	*ret = (struct peeked){.type = {.n = 0}};
	canonical_open(&in, content);
	if (!canonical_next(&in, &t, err))
		return false;
	for (;;) {
		if (!canonical_next(&in, &t, err))
			return false;
		if (t.kind != CANONICAL_KEY)
			return true;
		if (!canonical_skip(&in, &raw, err))
			return false;
		if (raw.p[0] != '"')
			continue;
		value = (struct canonical_token){.kind = CANONICAL_STRING,
						 .raw = {.p = raw.p + 1, .n = raw.n - 2}};
		if (str_equal(t.raw, STR("type")))
			ret->type = value.raw;
		for (size_t i = 0; i < ARRAY_N(wanted); i++)
			if (str_equal_z(t.raw, wanted[i].name) &&
			    !canonical_text(&value, wanted[i].p, wanted[i].n, err))
				return err_in(err, "in '%s'", wanted[i].name);
	}
}

/* The same name with another number behind the slash is a rotad of another protocol; anything else
 * is another document. */
bool doc_type_check(struct str found, const char *wanted, struct err *err)
{
	const char *slash = strchr(wanted, '/');
	ASSERT(slash);
	struct str stem = {.p = wanted, .n = (size_t)(slash - wanted) + 1};
	if (str_equal_z(found, wanted))
		return true;
	if (str_starts(found, stem))
		return err_set(err, ERR_UNSUPPORTED,
			       "a document '%.*s' where this rotad knows '%s': another version of "
			       "rotad writes here",
			       (int)MIN(found.n, (size_t)64), found.p, wanted);
	return err_set(err, ERR_PROTOCOL, "a document '%.*s' where '%s' must be",
		       (int)MIN(found.n, (size_t)64), found.p, wanted);
}

/* The generation that a document is part of, where it is part of the votes on it; NULL: it is not.
 */
static const uint64_t *voted_generation(enum doc_type type, const void *doc)
{
	switch (type) {
	case DOC_PROPOSAL:
		return &((const struct proposal *)doc)->generation;
	case DOC_VOTE:
		return &((const struct vote *)doc)->generation;
	case DOC_WITHOUT:
		return &((const struct without *)doc)->generation;
	case DOC_CLOSURE:
		return &((const struct closure *)doc)->generation;
	case DOC_CLAIM:
	case DOC_STATEMENT:
	case DOC_IDENTITY:
	case DOC_REVOCATION:
	case DOC_REQUEST:
	case DOC_HOLD:
	case DOC_ORDER:
	case DOC_CSR:
	case DOC_ISSUED:
	case DOC_N:
		break;
	}
	return NULL;
}

/* Who is revoked says nothing any more; what others have acted on, or may have, stands (PROTOCOL 1:
 * votes only accumulate). */
static bool revoked_check(enum doc_type type, const void *doc, const struct identity *signer,
			  struct err *err)
{
	const uint64_t *generation = voted_generation(type, doc);
	if (!signer || !signer->is_revoked || (generation && *generation <= signer->stands_until))
		return true;
	(void)err_set(err, ERR_UNTRUSTED, "signed by '%s' (%.16s...), which is revoked",
		      signer->host, signer->spki.hex);
	err->sys = EKEYREVOKED; /* told once, when it was revoked */
	return false;
}

/* The key that must have signed: the admitted identity's, or the identity's own (*ret_signer is
 * NULL then). */
static bool signer_key(enum doc_type type, const struct peeked *peeked,
		       const struct doc_trust *trust, const char **ret_key,
		       const struct identity **ret_signer, struct err *err)
{
	*ret_signer = NULL;
	if (type == DOC_IDENTITY) {
		*ret_key = peeked->sign_key;
		return true;
	}
	const struct identity *signer = trust->find(trust->self, &peeked->from);
	if (!signer || !spki_equal(&signer->spki, &peeked->from))
		return err_set(err, ERR_UNTRUSTED,
			       "signed by %.16s..., which this host does not know",
			       peeked->from.hex);
	*ret_signer = signer;
	if (!signer->is_admitted && !signer->is_revoked) /* that is judged by what it says */
		return err_set(err, ERR_UNTRUSTED, "signed by '%s' (%.16s...), not admitted: %s",
			       signer->host, peeked->from.hex, signer->why_not);
	*ret_key = signer->sign_key;
	return true;
}

static bool head_check(const struct doc_head *head, const struct doc_trust *trust, struct err *err)
{
	if (trust->cluster && strcmp(head->cluster, trust->cluster) != 0)
		return err_set(err, ERR_UNTRUSTED, "of the cluster '%s', not of '%s'",
			       head->cluster, trust->cluster);
	if (trust->ledger && !token_equal(&head->ledger, trust->ledger))
		return err_set(err, ERR_UNTRUSTED, "of the ledger %.8s..., not of %.8s...",
			       head->ledger.hex, trust->ledger->hex);
	return true;
}

/* Fields that are not in the text but follow from it. */
static bool derive(enum doc_type type, struct str content, void *doc, struct err *err)
{
	if (type == DOC_PROPOSAL)
		return sha256_digest(content, &((struct proposal *)doc)->digest, err);
	if (type == DOC_CLOSURE)
		((struct closure *)doc)->is_given = true;
	if (type == DOC_IDENTITY)
		((struct identity_doc *)doc)->identity.how =
		    ((struct identity_doc *)doc)->proof.how;
	return true;
}

bool ledger_decode(enum doc_type type, struct str text, const struct doc_trust *trust,
		   void *ret_doc, struct err *err)
{
	const struct doc_row *row = doc_row_of(type);
	const struct field_set set = set_of(row);
	struct signed_doc doc;
	struct peeked peeked;
	struct canonical_in in;
	const char *key = NULL;
	const struct identity *signer;
	auto_free void *fresh = calloc(1, row->size);
	if (!fresh)
		return err_set(err, ERR_MEMORY, "reading a %s", row->type);
	if (!signed_doc_parse(text, DOC_BYTES_MAX, &doc, err) || !peek(doc.content, &peeked, err) ||
	    !doc_type_check(peeked.type, row->type, err) ||
	    !signer_key(type, &peeked, trust, &key, &signer, err) ||
	    !identity_verify(key, doc.content, doc.signature, err))
		return err_in(err, "reading a %s", row->type);
	canonical_open(&in, doc.content);
	if (!fields_decode(&set, &in, fresh, err) || !revoked_check(type, fresh, signer, err) ||
	    !head_check(fresh, trust, err) || (row->check && !row->check(fresh, err)) ||
	    !derive(type, doc.content, fresh, err))
		return err_in(err, "reading a %s", row->type);
	memcpy(ret_doc, fresh, row->size);
	return true;
}
