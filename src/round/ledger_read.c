/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the ledger once a round. A document that cannot be believed counts as not there; that holds
 * a rotation up, never on. */
#include "round/ledger_read.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/rng.h"
#include "codec/json_mem.h"
#include "codec/digest.h"
#include "codec/envelope.h"
#include "round/ledger_tidy.h"
#include "round/round.h"
#include "round/slots.h"
#include "round/trust.h"

const char *doc_id(char *out, const char *kind, const char *name)
{
	snprintf(out, DOC_ID_BYTES, "%s/%s", kind, name);
	return out;
}

const char *doc_id_n(char *out, const char *kind, uint64_t generation)
{
	snprintf(out, DOC_ID_BYTES, "%s/%" PRIu64, kind, generation);
	return out;
}

const char *doc_id_welcome(char *out, const struct spki *to)
{
	snprintf(out, DOC_ID_BYTES, "envelope/0/%s", to->hex);
	return out;
}

const char *envelope_id(char *out, const struct digest *proposal, const struct spki *to)
{
	snprintf(out, DOC_ID_BYTES, "envelope/%s/%s", proposal->hex, to->hex);
	return out;
}

static const struct identity *find_identity(void *self, const struct spki *spki)
{
	struct seat *t = self;
	for (unsigned i = 0; i < t->identities_n; i++)
		if (spki_equal(&t->identities[i].identity.spki, spki))
			return &t->identities[i].identity;
	return NULL;
}

struct doc_trust seat_trust(struct seat *t)
{
	return (struct doc_trust){.find = find_identity,
				  .self = t,
				  .cluster = t->anchor.cluster,
				  .ledger = &t->anchor.ledger};
}

struct docs {
	const struct store_doc *docs;
	size_t n;
};

static const struct store_doc *find_doc(const struct docs *d, const char *id)
{
	for (size_t i = 0; i < d->n; i++)
		if (strcmp(d->docs[i].id, id) == 0)
			return &d->docs[i];
	return NULL;
}

static bool has_prefix(const struct store_doc *doc, const char *prefix, const char **ret_rest)
{
	size_t n = strlen(prefix);
	*ret_rest = doc->id + n;
	return strncmp(doc->id, prefix, n) == 0;
}

static void doubt(struct seat *t, const char *id, const struct err *err)
{
	struct seen_ledger *l = &t->seen->ledger;
	if (err->kind == ERR_UNSUPPORTED)
		l->is_unknown_protocol = true;
	if (err->sys == EKEYREVOKED) /* what it goes on to say is no news */
		return;
	if (!l->not_admitted[0])
		snprintf(l->not_admitted, sizeof(l->not_admitted), "%.80s: %.160s", id, err->text);
}

/* "ledger" is the one document without a signature: its id is pinned by each host's anchor. */
static bool read_root(struct seat *t, const struct docs *d)
{
	struct seen_ledger *l = &t->seen->ledger;
	const struct store_doc *doc = find_doc(d, "ledger");
	const char *id, *cluster;
	int protocol;
	json_error_t why;
	if (!doc) {
		l->exists = false;
		l->is_other_than_anchor = t->anchor.ledger.hex[0] != 0; /* it was there once */
		return false;
	}
	AUTO(json_t) root = json_loadb(doc->text.p, doc->text.n, JSON_REJECT_DUPLICATES, &why);
	if (!root ||
	    json_unpack(root, "{s:s, s:s, s:i}", "cluster", &cluster, "id", &id, "protocol",
			&protocol) != 0 ||
	    protocol != PROTOCOL_NUMBER || !copy_z(l->id.hex, sizeof(l->id.hex), id)) {
		l->is_unknown_protocol = true;
		return false;
	}
	l->exists = true;
	if (t->anchor.ledger.hex[0] && strcmp(t->anchor.ledger.hex, id) != 0) {
		l->is_other_than_anchor = true;
		return false;
	}
	if (strcmp(cluster, t->anchor.cluster) != 0) {
		l->is_other_than_anchor = true;
		return false;
	}
	return true;
}

/* Those of these keys that are held here, none twice. */
static void take_keys(const struct seat *t, const struct key_id *ids, unsigned n,
		      struct keyring *ret)
{
	struct err ignored = ERR_INIT; /* one that does not fit endorses nobody */
	for (unsigned i = 0; i < n; i++) {
		const struct secret *key = keychain_find(&t->chain, &ids[i]);
		bool is_new = key_id_given(&ids[i]) && key && ret->n < KEYS_PER_FILE_MAX;
		for (unsigned k = 0; is_new && k < i; k++)
			is_new = !key_id_equal(&ids[k], &ids[i]);
		if (is_new && !anchor_has_retired(&t->anchor, &ids[i]))
			(void)!keyring_add(ret, key->p, key->n, &ignored);
	}
}

/* By which keys another rotad may show that it belongs here: the one in use, and the one that it
 * changes to, which only those have that were admitted before. Who is not welcomed yet knows no
 * better than its file; nor does who was away so long that a person had to give it another one. */
static void judging_keys(const struct seat *t, bool is_joined, struct keyring *ret)
{
	const struct ring_ids *file = &t->seen->keyfile.ring;
	const struct key_id known[] = {t->anchor.pivot.id, t->anchor.next.id};
	if (!file->is_known || (is_joined && ring_ids_has(file, &t->anchor.pivot.id)))
		take_keys(t, known, 2, ret);
	else
		take_keys(t, file->ids, file->n, ret);
}

/* Who is not welcomed cannot tell which key of its file the others go by: one after the other. */
const struct secret *seat_endorsing_key(const struct seat *t, bool is_joined)
{
	enum { TRIED_US = 20 * 1000000 };
	const struct ring_ids *file = &t->seen->keyfile.ring;
	const struct secret *key = keychain_find(&t->chain, &t->anchor.pivot.id);
	int64_t now_us = t->ports.host.ops->boot(t->ports.host.self).us;
	if (!is_joined && file->is_known && file->n > 1)
		key = keychain_find(&t->chain, &file->ids[now_us / TRIED_US % file->n]);
	return key || !t->chain.n ? key : &t->chain.keys[0].text;
}

/* Is this host's own identity there as it is now? Under another name, or endorsed by a key that has
 * left its file, no newcomer could believe it: the present key is all that one may have. */
static bool is_own_stale(const struct seat *t, const struct identity_doc *doc, bool is_joined,
			 bool by_key)
{
	const struct ring_ids *file = &t->seen->keyfile.ring;
	struct keyring ring = {.n = 0};
	const struct endorsement_want want = {.keyring = &ring};
	struct err why = ERR_INIT;
	const struct secret *key = seat_endorsing_key(t, is_joined);
	if (strcmp(doc->identity.receive_key, t->identity.receive_key) != 0 ||
	    strcmp(doc->identity.host, t->seen->self_host) != 0)
		return true;
	/* In a file of somebody else's the key that it would be endorsed by may be missing. */
	if (!by_key || !file->is_known || (is_joined && !ring_ids_has(file, &t->anchor.pivot.id)))
		return false;
	if (is_joined)
		take_keys(t, file->ids, file->n, &ring);
	else if (key && !keyring_add(&ring, key->p, key->n, &why))
		return false;
	bool is_stale = ring.n > 0 && !endorsement_check(doc, &want, &why);
	keyring_fini(&ring);
	return is_stale;
}

static void read_identities(struct seat *t, const struct docs *d, bool is_joined)
{
	struct seen_ledger *l = &t->seen->ledger;
	struct err err = ERR_INIT;
	auto_buf struct buf ca = {.max = PEM_BYTES_MAX};
	struct endorsement_want want = {.membership = t->certificate.file.membership,
					.now = t->seen->now};
	struct keyring ring = {.n = 0};
	const char *ca_file =
	    t->options.cluster_ca_file[0] ? t->options.cluster_ca_file : t->options.ca_file;
	const char *rest;
	if (ca_file[0] && t->ports.files.ops->read_text(t->ports.files.self, ca_file, PEM_BYTES_MAX,
							&ca, NULL, &err))
		want.ca_pem = buf_str(&ca);
	err_clear(&err);
	/* Without TLS a first set-up is endorsed by possession of the key in use (PROTOCOL 6). */
	if (!ca_file[0]) {
		judging_keys(t, is_joined, &ring);
		want.keyring = ring.n ? &ring : NULL;
	}
	t->identities_n = 0;
	l->identities_n = 0;
	l->identities_unwelcomed_n = 0;
	for (size_t i = 0; i < d->n && t->identities_n < MEMBERS_MAX + ROUTERS_MAX; i++) {
		struct identity_doc *doc = &t->identities[t->identities_n];
		char id[DOC_ID_BYTES];
		const struct store_doc *w;
		if (!has_prefix(&d->docs[i], "identity/", &rest))
			continue;
		struct doc_trust trust = seat_trust(t);
		err_clear(&err);
		if (!identity_doc_decode(d->docs[i].text, &trust, doc, &err)) {
			doubt(t, d->docs[i].id, &err);
			continue;
		}
		identity_judge(doc, &t->anchor, &want);
		bool is_me = spki_equal(&doc->identity.spki, &t->identity.spki);
		if (is_me) {
			doc->identity.is_admitted = true;
			l->is_self_revoked = doc->identity.is_revoked;
			l->identities_n = !is_own_stale(t, doc, is_joined, want.keyring);
		}
		if (!doc->identity.is_admitted) {
			if (!l->not_admitted[0] && !doc->identity.is_revoked)
				snprintf(l->not_admitted, sizeof(l->not_admitted), "%.80s: %.160s",
					 doc->identity.host, doc->identity.why_not);
		} else if (!is_me && !doc->identity.is_superseded) {
			w = find_doc(d, doc_id_welcome(id, &doc->identity.spki));
			t->is_welcomed[t->identities_n] = w != NULL;
			l->identities_unwelcomed_n += !w;
		} else
			t->is_welcomed[t->identities_n] = true;
		t->identities_n++;
	}
	keyring_fini(&ring);
}

/* The proposal of the highest number, and that number (0: there is none). */
static const struct store_doc *newest_proposal(const struct docs *d, uint64_t *ret_n)
{
	const struct store_doc *best = NULL;
	const char *rest;
	*ret_n = 0;
	for (size_t i = 0; i < d->n; i++) {
		uint64_t n = 0;
		if (!has_prefix(&d->docs[i], "proposal/", &rest))
			continue;
		for (; *rest >= '0' && *rest <= '9' && n < UINT64_MAX / 20; rest++)
			n = n * 10 + (uint64_t)(*rest - '0');
		if (n > *ret_n) {
			*ret_n = n;
			best = &d->docs[i];
		}
	}
	return best;
}

static struct trust_sight sight(struct seat *t, const struct docs *d, bool is_joined)
{
	struct trust_sight ret = {.is_joined = is_joined, .newest = t->anchor.generation};
	const struct store_doc *best = newest_proposal(d, &ret.highest);
	struct doc_trust trust = seat_trust(t);
	struct err ignored = ERR_INIT;
	auto_free struct proposal *p = calloc(1, sizeof(*p));
	if (best && p && proposal_decode(best->text, &trust, p, &ignored) &&
	    p->generation == ret.highest)
		ret.newest = MAX(ret.newest, p->generation);
	return ret;
}

/* Kept until it is told: the round may end before that, or belong to a person's question. */
static void tell_later(struct seat *t, const char *text)
{
	size_t n = strlen(t->revoked);
	snprintf(t->revoked + n, sizeof(t->revoked) - n, "%s%s", n ? "; " : "", text);
	cut_z(t->seen->ledger.revoked, sizeof(t->seen->ledger.revoked), t->revoked);
}

/* By persons on other hosts. Signed by whom this host believed until now: of two that revoke each
 * other both are out, and a person decides. True when there is one that was not known. */
static bool read_revocations(struct seat *t, const struct docs *d, bool is_joined)
{
	struct doc_trust trust = seat_trust(t);
	struct trust_sight known = {.is_joined = is_joined};
	const char *rest;
	bool any = false, has_sight = false;
	for (size_t i = 0; i < d->n; i++) {
		struct revocation r;
		struct err err = ERR_INIT;
		char text[300];
		if (!has_prefix(&d->docs[i], "revocation/", &rest))
			continue;
		if (!revocation_decode(d->docs[i].text, &trust, &r, &err) ||
		    strcmp(r.spki.hex, rest) != 0) {
			doubt(t, d->docs[i].id, &err);
			continue;
		}
		const struct identity *by = find_identity(t, &r.head.from);
		if (!by || by->is_superseded || !trust_is_news(t, &r))
			continue;
		if (!has_sight)
			known = sight(t, d, is_joined);
		has_sight = true;
		bool was_known = trust_is_revoked(t, &r.spki);
		if (!trust_take_revocation(t, &r, &known))
			continue;
		any = true;
		if (was_known)
			continue;
		snprintf(text, sizeof(text), "%.60s (%.16s...) by %.40s on %.60s: %.60s", r.host,
			 r.spki.hex, r.who, by->host, r.reason);
		tell_later(t, text);
	}
	return any;
}

/* What is remembered here and not, or not credibly, in the ledger: it never was, somebody removed
 * it, or its signer is believed no more. Others that remember it write it as well: not too often.
 */
static void find_owed(struct seat *t, const struct docs *d)
{
	enum { OWED_REST_S = 60, UNSAID_REST_S = 5 };
	const struct anchor *a = &t->anchor;
	struct mono now = t->ports.host.ops->boot(t->ports.host.self);
	bool is_unsaid = false;
	for (unsigned i = 0; i < a->revoked_n; i++) {
		const struct spki *spki = &a->revoked[i].spki;
		struct revocation r;
		char id[DOC_ID_BYTES];
		const struct store_doc *doc = find_doc(d, doc_id(id, "revocation", spki->hex));
		if (spki_equal(spki, &t->identity.spki) || !find_identity(t, spki) ||
		    (doc && a->revoked[i].stand != REVOCATION_UNSAID &&
		     trust_revocation_stands(t, spki, doc->text, &r) &&
		     r.generation >= a->revoked[i].generation))
			continue;
		is_unsaid |= a->revoked[i].stand == REVOCATION_UNSAID;
		t->revocations_owed[t->revocations_owed_n++] = *spki;
	}
	if (t->revocations_at.us == 0 ||
	    now.us - t->revocations_at.us >= (is_unsaid ? UNSAID_REST_S : OWED_REST_S) * US_S)
		t->seen->ledger.revocations_owed_n = t->revocations_owed_n;
}

/* Pin each host's first admitted identity (round/trust.h). Does that identity speak for the member,
 * by its statement? */
static void pin_identities(struct seat *t, const struct docs *d)
{
	bool speaks[MEMBERS_MAX + ROUTERS_MAX] = {false};
	struct doc_trust trust = seat_trust(t);
	char name[DOC_ID_BYTES];
	for (unsigned i = 0; i < t->identities_n; i++) {
		const struct identity *id = &t->identities[i].identity;
		struct statement st;
		struct err ignored = ERR_INIT;
		if (trust_find_pin(&t->anchor, id->host))
			continue;
		const struct store_doc *doc = find_doc(d, doc_id(name, "statement", id->host));
		speaks[i] = doc && statement_decode(doc->text, &trust, &st, &ignored) &&
			    spki_equal(&st.head.from, &id->spki);
	}
	trust_pin(t, speaks);
}

/* What was sealed for this host and cannot be opened (for a receiving key that is gone, for an
 * asking that was another one's) is removed when it makes itself known again: then it is sealed
 * anew. A few times only: what stays unreadable needs a person. */
static void ask_again(struct seat *t, const char *id, const char *what, const struct err *err)
{
	enum { ASKED_MAX = 3 };
	doubt(t, what, err);
	if (t->asked_again_n == ASKED_MAX || err->kind == ERR_UNSUPPORTED)
		return;
	cut_z(t->unreadable, sizeof(t->unreadable), id);
	t->seen->ledger.identities_n = 0;
}

/* The salt and the present keyring, sealed for this host by one that has them. The request was
 * this host's identity; its nonce is the incarnation that published it. */
static void read_welcome(struct seat *t, const struct docs *d)
{
	char id[DOC_ID_BYTES];
	struct err err = ERR_INIT;
	const struct store_doc *doc = find_doc(d, doc_id_welcome(id, &t->identity.spki));
	struct keyring_doc e = {.generation = 0};
	struct doc_trust trust = seat_trust(t);
	struct envelope_want want = {.trust = &trust, .host = t->seen->self_host};
	if (t->anchor.ledger.hex[0] || !doc)
		return;
	trust.ledger = &t->seen->ledger.id;
	for (unsigned i = 0; i < t->identities_n; i++)
		if (spki_equal(&t->identities[i].identity.spki, &t->identity.spki))
			want.nonce = &t->identities[i].identity.head.incarnation;
	if (!want.nonce)
		return;
	if (!envelope_open(doc->text, &t->identity, &want, &e, &err)) {
		ask_again(t, id, "the welcome of this host", &err);
		return;
	}
	struct anchor was = t->anchor;
	struct ring_ids ids = {.is_known = false};
	memcpy(t->anchor.salt_hex, e.salt_hex, sizeof(t->anchor.salt_hex));
	t->anchor.ledger = t->seen->ledger.id;
	/* The key in use, from who has it: this host's file may have been overwritten meanwhile.
	 * Its number is the ledger's, or 1. */
	t->anchor.pivot = (struct key_name){.number = 0};
	if (e.keys.n == 1 && ring_ids_of(&e.keys, e.salt_hex, &ids, &err))
		t->anchor.pivot = (struct key_name){.number = 1, .id = ids.ids[0]};
	t->anchor.highest_number = MAX(t->anchor.highest_number, 1u);
	t->anchor.retired_n = 0;
	err_clear(&err);
	if (!anchor_put(t, &err)) {
		t->anchor = was;
		doubt(t, "the anchor of this host", &err);
		keyring_doc_fini(&e);
		return;
	}
	/* Ids change with the salt: what is remembered by id is looked at anew. */
	keychain_fini(&t->chain);
	if (ids.is_known && !keychain_add(&t->chain, &ids.ids[0], &e.keys.keys[0].text, &err))
		doubt(t, "the welcome of this host", &err);
	keyring_doc_fini(&e);
	t->memory_n = 0;
	t->notes.has_written = false;
	t->notes.loaded.is_known = false;
	t->notes.job_ring.is_known = false;
}

static void open_keys(struct seat *t, const struct docs *d, const struct proposal *p)
{
	char id[DOC_ID_BYTES];
	struct err err = ERR_INIT;
	const struct store_doc *doc;
	struct keyring_doc e = {.generation = 0};
	struct doc_trust trust = seat_trust(t);
	struct ring_ids ids;
	struct envelope_want want = {
	    .trust = &trust,
	    .proposal = p,
	    .min_generation = t->anchor.generation,
	    .host = t->seen->self_host,
	    .salt_hex = t->anchor.salt_hex,
	};
	/* Both: the old one is needed for the proof that it is refused; when that is made, no
	 * more. With a key after the next one the envelope holds that instead. */
	const struct key_id *other = p->after.number ? &p->after.id : &p->pivot.id;
	if (keychain_find(&t->chain, &p->next.id) &&
	    (keychain_find(&t->chain, other) || t->seen->ledger.roll.closure.is_given))
		return;
	doc = find_doc(d, envelope_id(id, &p->digest, &t->identity.spki));
	if (!doc)
		return;
	/* That the keys are the proposal's is checked while it is opened (PROTOCOL 7.1). */
	if (!envelope_open(doc->text, &t->identity, &want, &e, &err) ||
	    !ring_ids_of(&e.keys, t->anchor.salt_hex, &ids, &err)) {
		ask_again(t, id, "the envelope for this host", &err);
		keyring_doc_fini(&e);
		return;
	}
	for (unsigned i = 0; i < e.keys.n; i++)
		if (!keychain_add(&t->chain, &ids.ids[i], &e.keys.keys[i].text, &err))
			break; /* looked at again in the next round */
	keyring_doc_fini(&e);
}

/* Votes stand for the members on the proposal's roll and for nobody else: most of it was never
 * written. */
static void forget_roll(struct seen_ledger *l)
{
	const size_t behind = offsetof(struct roll, votes) + sizeof(l->roll.votes);
	memset(&l->roll, 0, offsetof(struct roll, votes));
	memset(l->roll.votes, 0, l->proposal.roll_n * sizeof(l->roll.votes[0]));
	memset((char *)&l->roll + behind, 0, sizeof(l->roll) - behind);
}

void ledger_forget(struct seen_ledger *l)
{
	const size_t behind = offsetof(struct seen_ledger, roll) + sizeof(l->roll);
	forget_roll(l);
	memset(l, 0, offsetof(struct seen_ledger, roll));
	memset((char *)l + behind, 0, sizeof(*l) - behind);
}

static void read_roll(struct seat *t, struct str text, int64_t rev)
{
	struct seen_ledger *l = &t->seen->ledger;
	struct roll_doubts doubts;
	struct err err = ERR_INIT;
	struct doc_trust trust = seat_trust(t);
	if (!roll_decode(text, rev, &l->proposal, &trust, &l->roll, &doubts, &err))
		doubt(t, "the roll", &err);
	else if (doubts.n)
		doubt(t, "a vote in the roll", &doubts.first);
}

static void read_generation(struct seat *t, const struct docs *d)
{
	struct seen_ledger *l = &t->seen->ledger;
	const struct store_doc *roll;
	uint64_t best_n;
	const struct store_doc *best = newest_proposal(d, &best_n);
	struct err err = ERR_INIT;
	struct doc_trust trust = seat_trust(t);
	char id[DOC_ID_BYTES];
	l->newest = best_n;
	if (best_n < t->anchor.generation) {
		l->is_older_than_anchor = true;
		return;
	}
	if (!best)
		return;
	forget_roll(l); /* of the round before, where that was kept */
	if (!proposal_decode(best->text, &trust, &l->proposal, &err) ||
	    l->proposal.generation != best_n) {
		doubt(t, best->id, &err);
		l->is_older_than_anchor |=
		    best_n == t->anchor.generation && t->anchor.generation > 0;
		snprintf(l->why, sizeof(l->why), "the proposal cannot be believed: %.180s",
			 err.text);
		l->fact.who = WITNESS_NONE; /* unknown is unknown: nothing is done */
		l->is_doubted = true;
		return;
	}
	if (t->anchor.generation == best_n &&
	    !digest_equal(&t->anchor.proposal, &l->proposal.digest)) {
		l->is_other_than_anchor = true;
		return;
	}
	/* The next one names the one before it: a ledger that went back and then on is another. */
	if (t->anchor.generation > 0 && best_n == t->anchor.generation + 1 &&
	    !digest_equal(&t->anchor.proposal, &l->proposal.previous)) {
		l->is_other_than_anchor = true;
		return;
	}
	l->has_proposal = true;
	/* Also before the first vote, when there is no roll yet. */
	for (unsigned i = 0; i < l->proposal.roll_n; i++)
		l->roll.is_without[i] = l->proposal.roll[i].is_dead;
	roll = find_doc(d, doc_id_n(id, "roll", best_n));
	if (roll)
		read_roll(t, roll->text, roll->rev);
	open_keys(t, d, &l->proposal);
}

/* What depends on the roll is decided only from a linearizable read of it (PROTOCOL 1): asked
 * before this host may narrow, and as long as one of it is declared dead. */
static void read_roll_again(struct seat *t)
{
	struct seen *s = t->seen;
	struct err err = ERR_INIT;
	struct store_doc doc;
	bool found;
	char id[DOC_ID_BYTES];
	const struct store_port *store = seat_store(t);
	bool is_without = false;
	for (unsigned i = 0; s->ledger.has_proposal && i < s->ledger.proposal.roll_n; i++)
		is_without |= s->ledger.roll.is_without[i];
	if (!s->ledger.has_proposal || seen_generation(s) != GENERATION_CARRIED ||
	    !(is_without || ring_ids_has(&s->keyfile.ring, &s->ledger.proposal.pivot.id)))
		return;
	cluster_read_again(t);
	bool is_read =
	    store->ops->read(store->self, doc_id_n(id, "roll", s->ledger.proposal.generation),
			     &t->arena, &doc, &found, &err);
	if (!is_read || !found) {
		s->ledger.fact.who = WITNESS_NONE;
		snprintf(s->ledger.why, sizeof(s->ledger.why), "%.240s",
			 is_read ? "the roll is gone" : err.text);
		return;
	}
	forget_roll(&s->ledger);
	read_roll(t, doc.text, doc.rev);
}

/* By whom it is held, and since when it stands still by this host's own boot-time clock. */
static void judge_claim(struct seat *t, int64_t rev)
{
	struct seen_ledger *l = &t->seen->ledger;
	struct mono boot = t->ports.host.ops->boot(t->ports.host.self);
	l->claim.rev = rev;
	l->is_claim_mine = l->claim.state != CLAIM_FREE &&
			   spki_equal(&l->claim.head.from, &t->identity.spki) &&
			   (strcmp(l->claim.host, t->seen->self_host) == 0 ||
			    /* the set names this member otherwise since it took the turn */
			    seen_find_member(t->seen, l->claim.host) < 0);
	if (rev != t->claim_rev || l->claim.beat != t->claim_beat) {
		t->claim_rev = rev;
		t->claim_beat = l->claim.beat;
		t->claim_moved = t->seen->now;
		t->claim_moved_boot = boot;
	}
	l->claim_moved = t->claim_moved;
	l->is_claim_stale = l->claim.state == CLAIM_WAITING &&
			    boot.us - t->claim_moved_boot.us > CLAIM_STALE_S * US_S;
}

/* A waiting claim of another set that does not move holds up nobody, as within a set. */
static bool is_slot_stale(struct seat *t, const char *set, const struct claim *c)
{
	struct cluster_memory *m = t->cluster;
	struct mono boot = t->ports.host.ops->boot(t->ports.host.self);
	unsigned i = 0;
	while (i < m->slots_n && strcmp(m->slots[i].set, set) != 0)
		i++;
	if (i == SETS_MAX)
		return false;
	struct cluster_slot *s = &m->slots[i];
	if (i == m->slots_n || s->seq != c->head.seq ||
	    !token_equal(&s->incarnation, &c->head.incarnation)) {
		*s = (struct cluster_slot){
		    .incarnation = c->head.incarnation, .seq = c->head.seq, .since = boot};
		cut_z(s->set, sizeof(s->set), set);
		m->slots_n = MAX(m->slots_n, i + 1);
	}
	s->is_stale = c->state == CLAIM_WAITING && boot.us - s->since.us > CLAIM_STALE_S * US_S;
	return s->is_stale;
}

/* Turns of a sharded cluster: this member's set's own, and those of the others. */
static void read_slots(struct seat *t, const struct docs *d)
{
	struct seen_ledger *l = &t->seen->ledger;
	const struct store_doc *doc = find_doc(d, CLAIMS_DOC);
	const char *own = t->cluster->sets[0].name;
	struct doc_trust trust = seat_trust(t);
	struct claims_parts parts;
	struct err err = ERR_INIT;
	t->revs_claim = doc ? doc->rev : 0;
	memset(&t->cluster->own_slot, 0, sizeof(t->cluster->own_slot));
	if (!doc)
		return;
	if (!claims_decode(doc->text, &parts, &err) || !slots_judge(t, &parts, &err)) {
		/* Somebody has the turn, and it cannot be told who: nobody takes it. */
		doubt(t, "the claims", &err);
		l->claim.state = CLAIM_ACTING;
		return;
	}
	for (unsigned i = 0; i < parts.n; i++) {
		const char *set = parts.slots[i].set;
		struct seen_slot *slot = &l->slots[l->slots_n];
		struct claim c = {.state = CLAIM_ACTING};
		err_clear(&err);
		bool ok = claim_decode(parts.slots[i].text, &trust, &c, &err);
		if (!ok) {
			doubt(t, "a claim", &err);
			c = (struct claim){.state = CLAIM_ACTING};
		}
		if (strcmp(set, own) == 0) {
			l->claim = c;
			if (ok)
				judge_claim(t, (int64_t)(c.head.seq & INT64_MAX));
			continue;
		}
		if (c.state == CLAIM_FREE || (ok && is_slot_stale(t, set, &c)))
			continue;
		*slot = (struct seen_slot){.state = c.state};
		cut_z(slot->set, sizeof(slot->set), set);
		cut_z(slot->host, sizeof(slot->host), c.host[0] ? c.host : "?");
		l->slots_n++;
	}
}

static void read_claim(struct seat *t, const struct docs *d)
{
	struct seen_ledger *l = &t->seen->ledger;
	const struct store_doc *doc = find_doc(d, "claim");
	struct err err = ERR_INIT;
	struct doc_trust trust = seat_trust(t);
	if (seen_is_sharded(t->seen)) {
		if (t->cluster && t->cluster->sets_n)
			read_slots(t, d);
		else /* not read, then: nobody takes it */
			l->claim.state = CLAIM_ACTING;
		return;
	}
	t->revs_claim = doc ? doc->rev : 0;
	if (!doc)
		return;
	if (!claim_decode(doc->text, &trust, &l->claim, &err)) {
		/* Somebody has the turn, and it cannot be told who: nobody takes it. */
		doubt(t, "the claim", &err);
		l->claim.state = CLAIM_ACTING;
		return;
	}
	judge_claim(t, doc->rev);
}

/* Of rotads whose members this host does not see: of mongos, which are in no configuration. */
static void read_words(struct seat *t, const struct docs *d)
{
	struct doc_trust trust = seat_trust(t);
	const char *rest;
	for (size_t i = 0; i < d->n; i++) {
		struct statement st;
		struct err ignored = ERR_INIT; /* whoever it is, it counts when it is believed */
		if (!has_prefix(&d->docs[i], "statement/", &rest))
			continue;
		int m = seen_find_member(t->seen, rest);
		if ((m >= 0 && !t->seen->members[m].is_router) ||
		    !statement_decode(d->docs[i].text, &trust, &st, &ignored) || st.member >= 0 ||
		    strcmp(st.host, rest) != 0)
			continue;
		const struct identity *who = find_identity(t, &st.head.from);
		if (who && !who->is_superseded && strcmp(who->host, rest) == 0)
			cluster_note_word(t, &st);
	}
}

static void read_statements(struct seat *t, const struct docs *d)
{
	struct seen *s = t->seen;
	struct doc_trust trust = seat_trust(t);
	char id[DOC_ID_BYTES];
	for (unsigned i = 0; i < seen_all_n(s); i++) {
		struct seen_member *m = &s->members[i];
		struct err err = ERR_INIT;
		const struct store_doc *doc = find_doc(d, doc_id(id, "statement", m->host));
		struct member_memory *memory = seat_memory(t, m->host);
		m->is_revoked = !m->is_self && trust_is_host_revoked(t, m->host);
		if (!doc || !memory)
			continue;
		if (!statement_decode(doc->text, &trust, &m->statement, &err) ||
		    strcmp(m->statement.host, m->host) != 0) {
			doubt(t, doc->id, &err);
			m->statement = (struct statement){.member = 0};
			continue;
		}
		/* A rotad speaks for its own member only. */
		const struct identity *who = find_identity(t, &m->statement.head.from);
		if (!who || who->is_superseded || strcmp(who->host, m->host) != 0) {
			m->statement = (struct statement){.member = 0};
			continue;
		}
		const struct token *speaks = &m->statement.head.incarnation;
		if (memory->statement_seq != m->statement.head.seq ||
		    !token_equal(&memory->statement_incarnation, speaks)) {
			memory->statement_seq = m->statement.head.seq;
			memory->statement_incarnation = *speaks;
			memory->statement_moved = s->now;
			incarnations_note(&memory->speakers, speaks,
					  m->is_self ? &t->incarnation : NULL, m->statement.head.at,
					  s->now);
		}
		m->is_doubled = incarnations_are_doubled(&memory->speakers, s->now);
		m->has_statement = true;
		m->statement_moved = memory->statement_moved;
	}
	if (seen_is_sharded(s))
		read_words(t, d);
}

/* An order that is served, or that amends what runs, goes on to say how. */
static void take_terms(struct order_terms *terms, const struct order *o)
{
	terms->urgency = MAX(terms->urgency, o->urgency);
	if (o->breaks_freeze) {
		terms->breaks_freeze = true;
		cut_z(terms->who, sizeof(terms->who), o->who);
	}
	if (o->max_lag_us && o->head.at.us >= terms->max_lag_at.us) {
		terms->max_lag_us = o->max_lag_us;
		terms->max_lag_at = o->head.at;
	}
}

static const char order_void[] = "an order that a revoked host took counts no more";

static void read_orders(struct seat *t, const struct docs *d)
{
	struct seen_ledger *l = &t->seen->ledger;
	l->terms = (struct order_terms){.urgency = l->has_proposal ? l->proposal.urgency
								   : URGENCY_ROUTINE};
	struct doc_trust trust = seat_trust(t);
	const char *rest;
	bool is_void_told = strstr(t->revoked, order_void) != NULL;
	for (size_t i = 0; i < d->n; i++) {
		struct order o;
		struct err err = ERR_INIT;
		unsigned at = l->orders_n;
		bool is_scheduled = has_prefix(&d->docs[i], "scheduled/", &rest);
		if (!is_scheduled && !has_prefix(&d->docs[i], "order/", &rest))
			continue;
		if (!order_decode(d->docs[i].text, &trust, &o, &err)) {
			doubt(t, d->docs[i].id, &err);
			/* One of the schedule is given again by who reads it. */
			if (err.sys == EKEYREVOKED && !is_scheduled && t->revoked[0] &&
			    !is_void_told) {
				tell_later(t, order_void);
				is_void_told = true;
			}
			continue;
		}
		if (is_scheduled != (o.serial > 0))
			continue; /* a person's word under the schedule's name, or the other way */
		if (is_scheduled && l->given_n < ARRAY_N(l->given))
			l->given[l->given_n++] = o.id;
		if (o.is_served)
			continue;
		bool is_compared = o.kind == ORDER_KEYFILE && l->has_proposal;
		if (is_compared && order_is_of(&o, &l->proposal)) {
			take_terms(&l->terms, &o);
			continue;
		}
		if (o.amends || (is_compared && order_is_past(&o, &l->proposal, false)))
			continue;
		/* Of certificate orders for the same member the newest counts; keyfile orders all
		 * stay until one rotation serves them. */
		for (unsigned k = 0; k < l->orders_n; k++)
			if (o.kind == ORDER_CERTIFICATES && l->orders[k].kind == o.kind &&
			    strcmp(l->orders[k].host, o.host) == 0)
				at = k;
		if (at < l->orders_n) {
			const struct order *newer =
			    o.head.at.us < l->orders[at].head.at.us ? &l->orders[at] : &o;
			const struct order *older = newer == &o ? &l->orders[at] : &o;
			l->superseded = older->id;
			if (newer != &o)
				continue;
		}
		if (at == ARRAY_N(l->orders))
			continue;
		l->orders[at] = o;
		l->orders_n = MAX(l->orders_n, at + 1);
	}
}

static void read_requests(struct seat *t, const struct docs *d)
{
	struct seen_ledger *l = &t->seen->ledger;
	struct doc_trust trust = seat_trust(t);
	char id[DOC_ID_BYTES];
	const char *rest;
	for (size_t i = 0; i < d->n; i++) {
		struct csr_doc *csr;
		struct issued_doc *issued;
		struct err err = ERR_INIT;
		const struct store_doc *answer;
		const struct authority_policy *a;
		if (!has_prefix(&d->docs[i], "csr/", &rest))
			continue;
		csr = arena_get(&t->arena, sizeof(*csr), &err);
		issued = arena_get(&t->arena, sizeof(*issued), &err);
		if (!csr || !issued)
			return;
		if (!csr_doc_decode(d->docs[i].text, &trust, csr, &err)) {
			doubt(t, d->docs[i].id, &err);
			continue;
		}
		/* Nothing is signed for a name that speaks for nobody any more. */
		const struct identity *who = find_identity(t, &csr->head.from);
		if (!who || who->is_superseded)
			continue;
		a = config_find_authority(t->config, csr->authority);
		if (!a || !authority_is_at(a, t->seen->self_host) || !a->private_key[0])
			continue;
		answer = find_doc(d, doc_id(id, "issued", csr->host));
		if (answer && issued_doc_decode(answer->text, &trust, issued, &err) &&
		    digest_equal(&issued->csr, &csr->csr))
			continue;
		l->csrs_n++;
	}
}

static bool holds_keys_to_send(const struct seat *t, const struct proposal *p, bool is_over)
{
	struct key_name keys[KEYS_PER_FILE_MAX];
	unsigned n = keys_to_send(p, is_over, keys);
	for (unsigned i = 0; i < n; i++)
		if (!keychain_find(&t->chain, &keys[i].id))
			return false;
	return true;
}

/* Of two processes with one identity both get nothing (PROTOCOL 1). Who they are the statements
 * tell, which are read after the identities. */
static void pass_over_doubled(struct seat *t)
{
	const struct seen *s = t->seen;
	for (unsigned i = 0; i < t->identities_n; i++) {
		const int m = seen_find_member(s, t->identities[i].identity.host);
		if (m < 0 || !s->members[m].is_doubled || t->is_welcomed[i])
			continue;
		t->is_welcomed[i] = true; /* as far as anybody shall care */
		t->seen->ledger.identities_unwelcomed_n -=
		    t->seen->ledger.identities_unwelcomed_n > 0;
	}
}

/* Members whose rotads joined, or came back, after the keys of this generation were sealed
 * (PROTOCOL 1: a newcomer gets the present keyring); of a proposal whose maker's envelopes were
 * lost, too. An emergency's keys are for identities admitted before the order (PROTOCOL 6), so for
 * its roll, until it is over. */
static void find_keyless(struct seat *t, const struct docs *d)
{
	struct seen *s = t->seen;
	struct seen_ledger *l = &s->ledger;
	const struct proposal *p = &l->proposal;
	enum generation_state g = seen_generation(s);
	bool is_over = l->roll.closure.is_given;
	memset(t->is_keyless, 0, sizeof(t->is_keyless));
	if (!l->has_proposal || g == GENERATION_DEAD || (is_over && !l->roll.closure.is_carried) ||
	    !holds_keys_to_send(t, p, is_over))
		return;
	for (unsigned i = 0; i < t->identities_n; i++) {
		const struct identity *id = &t->identities[i].identity;
		int m = seen_find_member(s, id->host);
		char name[DOC_ID_BYTES];
		if (!id->is_admitted || id->is_revoked || id->is_superseded || m < 0 ||
		    m == s->self || s->members[m].is_doubled ||
		    find_doc(d, envelope_id(name, &p->digest, &id->spki)))
			continue;
		const struct seen_member *member = &s->members[m];
		if (member->has_statement && spki_equal(&member->statement.head.from, &id->spki) &&
		    member->statement.disk.is_known &&
		    ring_ids_has(&member->statement.disk, &p->next.id) &&
		    (is_over || !p->after.number ||
		     ring_ids_has(&member->statement.disk, &p->after.id)))
			continue;
		int r = seen_roll_index(s, id->host);
		if (!is_over && p->urgency == URGENCY_EMERGENCY &&
		    (r < 0 || !spki_equal(&p->roll[r].identity, &id->spki)))
			continue;
		t->is_keyless[i] = true;
		l->identities_keyless_n++;
	}
}

static uint64_t signature(const struct store_doc *docs, size_t n)
{
	uint64_t h = n;
	for (size_t i = 0; i < n; i++)
		h = hash64(str_of(docs[i].id), h ^ (uint64_t)docs[i].rev);
	return h;
}

bool ledger_moved(struct seat *t)
{
	struct err ignored = ERR_INIT;
	struct store_doc *docs;
	size_t n;
	const struct store_port *store = seat_store(t);
	arena_reset(&t->arena);
	seat_aim(t);
	if (!store->ops->list(store->self, "", &t->arena, &docs, &n, &ignored)) {
		if (!t->seen->is_standalone)
			seat_login_failed(t, NULL, &t->aim_credential, &ignored);
		return false;
	}
	return signature(docs, n) != t->ledger_signature;
}

/* ---- what it need not keep ---- */

enum { OUTLIVED_REST_S = 10 * 60 }; /* longer than a maker takes from sealing to proposing */

/* Since when has this document been one that may go? By the boot clock of this host, in memory
 * only: who starts anew waits anew. */
static bool has_rested(struct seat *t, const struct store_doc *doc, unsigned *was_n)
{
	uint64_t name = hash64(str_of(doc->id), (uint64_t)doc->rev);
	struct mono boot = t->ports.host.ops->boot(t->ports.host.self);
	for (unsigned i = 0; i < t->resting_n; i++) {
		if (t->resting[i].name != name)
			continue;
		bool is_over = boot.us - t->resting[i].since.us >= OUTLIVED_REST_S * US_S;
		/* What is still there goes to the front; the rest is forgotten. */
		if (i >= *was_n) {
			struct mono since = t->resting[i].since;
			t->resting[i] = t->resting[*was_n];
			t->resting[*was_n].name = name;
			t->resting[(*was_n)++].since = since;
		}
		return is_over;
	}
	if (t->resting_n < DOCS_MAX) {
		unsigned at = t->resting_n++;
		t->resting[at] = t->resting[*was_n];
		t->resting[*was_n].name = name;
		t->resting[(*was_n)++].since = boot;
	}
	return false;
}

static void find_outlived(struct seat *t, const struct docs *d)
{
	struct seen *s = t->seen;
	struct seen_ledger *l = &s->ledger;
	struct doc_trust trust = seat_trust(t);
	const char *hosts[MEMBERS_MAX];
	unsigned kept_n = 0;
	struct tidy_view v = {.docs = d->docs,
			      .docs_n = d->n,
			      .trust = &trust,
			      .proposal = l->has_proposal ? &l->proposal : NULL,
			      .is_closed = l->roll.closure.is_given,
			      .hosts = hosts,
			      .hosts_n = seen_all_n(s),
			      .identities = t->identities,
			      .identities_n = t->identities_n};
	/* By the configuration as it reads now, or not at all. */
	if (s->now.us - s->config.at.us > 2 * US_MIN || !seen_is_whole(s, NULL))
		return;
	for (unsigned i = 0; i < seen_all_n(s); i++)
		hosts[i] = s->members[i].host;
	for (size_t i = 0; i < d->n; i++) {
		enum tidy_verdict verdict = tidy_judge(&v, i);
		if (verdict == TIDY_KEEP ||
		    (verdict == TIDY_REST && !has_rested(t, &d->docs[i], &kept_n)))
			continue;
		l->outlived_n++;
		if (t->outlived_n == TIDY_MAX)
			continue;
		memcpy(t->outlived[t->outlived_n].id, d->docs[i].id, DOC_ID_BYTES);
		t->outlived[t->outlived_n++].rev = d->docs[i].rev;
	}
	t->resting_n = kept_n;
}

/* Kinds of documents: what can be without number ends in '/'. Those that nobody can do without must
 * be whole, where not all can be read; of the others what is too much is left out, which holds a
 * rotation up and never on. A document of no kind is not seen then: so every kind is here. */
static const struct {
	const char *prefix;
	bool is_needed, is_split; /* read by the first hex digit of its name */
} kinds[] = {
    {"ledger", true, false},
    {"proposal/", true, false},
    {"roll/", true, false},
    {"identity/", true, false},
    {"claim", true, false},
    {"hold", true, false},
    {"statement/", true, false},
    {"scheduled/", true, false},
    /* Behind what is judged by it: no vote is read that came after it. Before what may be left
     * out: there is always room for it. */
    {"revocation/", true, false},
    {"order/", false, false},
    {"csr/", false, false},
    {"issued/", false, false},
    {"envelope/", false, true},
};

/* What there is of each kind, for people. */
static void count_crowd(struct seen_ledger *l, const struct docs *d)
{
	size_t at = 0;
	const char *rest;
	for (size_t k = 0; k < ARRAY_N(kinds); k++) {
		const int length = (int)strlen(kinds[k].prefix) - 1;
		unsigned n = 0;
		for (size_t i = 0; kinds[k].prefix[length] == '/' && i < d->n; i++)
			n += has_prefix(&d->docs[i], kinds[k].prefix, &rest);
		if (n > 0 && at < sizeof(l->crowd))
			at += (size_t)snprintf(l->crowd + at, sizeof(l->crowd) - at, "%s%u %.*s",
					       at ? ", " : "", n, length, kinds[k].prefix);
	}
}

/* All documents; when there are more than one answer holds, kind by kind. */
static bool list_all(struct seat *t, struct docs *ret, struct err *err)
{
	static const char digits[] = "0123456789abcdef";
	const struct store_port *store = seat_store(t);
	struct store_doc *docs, *all;
	size_t n, all_n = 0;
	if (store->ops->list(store->self, "", &t->arena, &docs, &n, err)) {
		*ret = (struct docs){.docs = docs, .n = n};
		return true;
	}
	if (err->kind != ERR_LIMIT)
		return false;
	err_clear(err);
	all = arena_get(&t->arena, 2 * DOCS_MAX * sizeof(*all), err);
	if (!all)
		return false;
	for (size_t k = 0; k < ARRAY_N(kinds); k++)
		for (size_t c = 0; c < (kinds[k].is_split ? sizeof(digits) - 1 : 1); c++) {
			char prefix[32];
			snprintf(prefix, sizeof(prefix), "%s%.*s", kinds[k].prefix,
				 kinds[k].is_split, digits + c);
			if (!store->ops->list(store->self, prefix, &t->arena, &docs, &n, err)) {
				if (err->kind != ERR_LIMIT || kinds[k].is_needed)
					return false;
				err_clear(err);
				continue;
			}
			if (n > 2 * DOCS_MAX - all_n && kinds[k].is_needed)
				return err_set(err, ERR_LIMIT,
					       "the ledger holds too much to be read");
			for (size_t i = 0; i < n && all_n < 2 * DOCS_MAX; i++)
				all[all_n++] = docs[i];
		}
	*ret = (struct docs){.docs = all, .n = all_n};
	t->seen->ledger.docs_n = DOCS_MAX + 1; /* at least */
	return true;
}

void ledger_read(struct seat *t)
{
	struct seen *s = t->seen;
	struct seen_ledger *l = &s->ledger;
	struct err err = ERR_INIT;
	struct docs d = {.n = 0};
	t->outlived_n = 0;
	t->revocations_owed_n = 0;
	cut_z(l->revoked, sizeof(l->revoked), t->revoked);
	if (!list_all(t, &d, &err)) {
		snprintf(l->why, sizeof(l->why), "%.250s", err.text);
		if (!s->is_standalone)
			seat_login_failed(t, NULL, &t->aim_credential, &err);
		return;
	}
	t->ledger_signature = signature(d.docs, d.n);
	l->docs_n = MAX(l->docs_n, (unsigned)d.n);
	if (l->docs_n >= DOCS_CROWDED)
		count_crowd(l, &d);
	l->fact = (struct fact){.who = WITNESS_OWN_EYES, .at = s->now};
	if (!read_root(t, &d))
		return;
	if (!t->anchor.ledger.hex[0] && token_equal(&t->notes.founding, &l->id)) {
		t->anchor.ledger = l->id;
		if (!anchor_put(t, &err))
			t->anchor.ledger.hex[0] = 0;
		err_clear(&err);
	}
	/* Until this host is welcomed it has no ledger of its own; it reads with the ledger's id to
	 * be judged later. */
	bool is_joined = t->anchor.ledger.hex[0] != 0;
	struct token none = t->anchor.ledger;
	if (!is_joined)
		t->anchor.ledger = l->id;
	read_identities(t, &d, is_joined);
	if (read_revocations(t, &d, is_joined)) /* they count from here on */
		read_identities(t, &d, is_joined);
	if (!is_joined) {
		t->anchor.ledger = none;
		read_welcome(t, &d);
		return; /* the next round reads with the ledger's salt */
	}
	find_owed(t, &d);
	read_generation(t, &d);
	l->lacks_pivot = l->has_proposal && !keychain_find(&t->chain, &l->proposal.pivot.id);
	l->lacks_next = l->has_proposal && !keychain_find(&t->chain, &l->proposal.next.id);
	l->lacks_after = l->has_proposal && key_id_given(&l->proposal.after.id) &&
			 !keychain_find(&t->chain, &l->proposal.after.id);
	pin_identities(t, &d); /* by whom the proposal names */
	const struct store_doc *hold = find_doc(&d, "hold");
	struct doc_trust trust = seat_trust(t);
	if (hold && !hold_decode(hold->text, &trust, &l->hold, &err)) {
		/* It may be one: what cannot be believed holds up, never on. */
		doubt(t, "hold", &err);
		l->hold = (struct hold){.is_on = true, .who = "somebody"};
		cut_z(l->hold.why, sizeof(l->hold.why),
		      "the hold in the ledger cannot be believed");
	}
	if (hold)
		l->hold.rev = hold->rev;
	read_claim(t, &d);
	read_statements(t, &d);
	pass_over_doubled(t);
	read_orders(t, &d);
	read_requests(t, &d);
	find_keyless(t, &d);
	read_roll_again(t);
	if (fact_known(l->fact) && !l->is_older_than_anchor && !l->is_other_than_anchor)
		find_outlived(t, &d);
}
