/* SPDX-License-Identifier: Apache-2.0 */
/* A small deployment for tests of signed documents: three rotads with keys, whom the reader knows,
 * and one good document of each type. */
#ifndef TESTS_LIB_LEDGER_DOCS_H
#define TESTS_LIB_LEDGER_DOCS_H

#include <string.h>

#include "codec/digest.h"
#include "codec/ledger_json.h"

enum { FLEET_N = 3 };
static const char *const fleet_hosts[FLEET_N] UNUSED = {
    "db1.example.net:27017", "db2.example.net:27017", "db3.example.net:27017"};

struct fleet {
	struct identity_keys keys[FLEET_N];
	struct identity ids[FLEET_N];
	struct doc_trust trust;
	uint64_t seq;
};

static inline const struct identity *fleet_find(void *self, const struct spki *spki)
{
	const struct fleet *f = self;
	for (unsigned i = 0; i < FLEET_N; i++)
		if (spki_equal(&f->ids[i].spki, spki))
			return &f->ids[i];
	return NULL;
}

static inline void fleet_head(struct fleet *f, unsigned who, struct doc_head *head)
{
	*head = (struct doc_head){
	    .cluster = "637af0000000000000000001",
	    .ledger = {"00112233445566778899aabbccddeeff"},
	    .from = f->keys[who].spki,
	    .incarnation = {"ffeeddccbbaa99887766554433221100"},
	    .seq = ++f->seq,
	    .at = {.us = 1795314976000000},
	};
}

/* Ends the test on failure. */
static inline void fleet_init(struct fleet *f)
{
	struct err err = ERR_INIT;
	*f = (struct fleet){.seq = 0};
	for (unsigned i = 0; i < FLEET_N; i++) {
		assert_true(identity_keys_new(&f->keys[i], &err));
		fleet_head(f, i, &f->ids[i].head);
		identity_describe(&f->keys[i], &f->ids[i]);
		assert_true(copy_z(f->ids[i].host, sizeof(f->ids[i].host), fleet_hosts[i]));
		f->ids[i].is_admitted = true;
	}
	f->trust = (struct doc_trust){.find = fleet_find, .self = f};
}

static inline void fleet_fini(struct fleet *f)
{
	for (unsigned i = 0; i < FLEET_N; i++)
		identity_keys_fini(&f->keys[i]);
}

static inline void put_z(char *out, size_t n, const char *z)
{
	assert_true(copy_z(out, n, z));
}
#define PUT(member, z) put_z((member), sizeof(member), (z))

static inline struct key_name key_of(unsigned number)
{
	struct key_name k = {.number = number};
	memset(k.id.hex, 'a' + (int)(number % 6), KEY_ID_CHARS);
	return k;
}

static inline struct ring_ids ring_of(unsigned a, unsigned b)
{
	struct ring_ids r = {.is_known = true, .n = b ? 2 : 1, .ids = {key_of(a).id}};
	if (b)
		r.ids[1] = key_of(b).id;
	return r;
}

static inline void sample_proposal(struct fleet *f, struct proposal *p)
{
	*p = (struct proposal){.generation = 3,
			       .strategy = STRATEGY_TWO_PASS,
			       .urgency = URGENCY_ROUTINE,
			       .pivot = key_of(7),
			       .next = key_of(8),
			       .roll_n = FLEET_N,
			       .config_version = 4,
			       .config_term = 11,
			       .order = {"0123456789abcdef0123456789abcdef"},
			       .reason = "91 days old, \"quarterly\", f\xc3\xbcr CHG41877"};
	fleet_head(f, 0, &p->head);
	memset(p->previous.hex, 'e', DIGEST_CHARS);
	for (unsigned i = 0; i < FLEET_N; i++) {
		p->roll[i].member = i;
		PUT(p->roll[i].host, fleet_hosts[i]);
		p->roll[i].identity = f->keys[i].spki;
	}
}

static inline void sample_vote(struct fleet *f, unsigned who, const struct proposal *p,
			       struct vote *v)
{
	*v = (struct vote){.generation = p->generation,
			   .proposal = p->digest,
			   .word = VOTE_YEA,
			   .process_id = "637af0aabbccddeeff001122",
			   .disk = ring_of(7, 8),
			   .running = ring_of(7, 8),
			   .path = "/etc/mongodb/keyfile"};
	fleet_head(f, who, &v->head);
	PUT(v->host, fleet_hosts[who]);
}

/* A good document of any type, zeroed beyond its fields. digest: of a proposal to speak of. */
static inline void sample_doc(struct fleet *f, enum doc_type type, void *doc)
{
	struct proposal p;
	memset(doc, 0, doc_row_of(type)->size);
	sample_proposal(f, &p);
	memset(p.digest.hex, 'd', DIGEST_CHARS);
	switch (type) {
	case DOC_PROPOSAL:
		sample_proposal(f, doc);
		return;
	case DOC_VOTE:
		sample_vote(f, 0, &p, doc);
		return;
	case DOC_WITHOUT: {
		struct without *w = doc;
		w->generation = 3;
		PUT(w->host, fleet_hosts[2]);
		PUT(w->who, "alice");
		PUT(w->reason, "disk died");
		break;
	}
	case DOC_CLOSURE: {
		struct closure *c = doc;
		c->is_given = true;
		c->generation = 3;
		c->proposal = p.digest;
		c->is_carried = true;
		c->proofs_n = 2;
		for (unsigned i = 0; i < 2; i++) {
			PUT(c->proofs[i].host, fleet_hosts[i]);
			PUT(c->proofs[i].process_id, "637af0aabbccddeeff001122");
		}
		break;
	}
	case DOC_CLAIM: {
		struct claim *c = doc;
		c->state = CLAIM_ACTING;
		c->purpose = CLAIM_FOR_RESTART;
		PUT(c->host, fleet_hosts[1]);
		PUT(c->process_id, "637af0aabbccddeeff001122");
		c->generation = 3;
		c->beat = 17;
		break;
	}
	case DOC_STATEMENT: {
		struct statement *s = doc;
		PUT(s->host, fleet_hosts[0]);
		s->member = 0;
		s->generation = 3;
		PUT(s->process_id, "637af0aabbccddeeff001122");
		s->disk = ring_of(7, 0);
		s->running = (struct ring_ids){.is_known = false};
		PUT(s->version, "0.1.0");
		s->protocol = PROTOCOL_NUMBER;
		PUT(s->mode, "act");
		s->is_rehearsed = true;
		s->rehearsed_at.us = 1795314976000001;
		PUT(s->certificate_serial, "0A1B");
		s->certificate_not_after.us = 1895314976000000;
		s->certificate_not_before.us = 1695314976000000;
		break;
	}
	case DOC_IDENTITY: {
		struct identity_doc *d = doc;
		identity_describe(&f->keys[0], &d->identity);
		PUT(d->identity.host, fleet_hosts[0]);
		d->identity.how = d->proof.how = ENDORSED_BY_KEY;
		PUT(d->proof.value, "00ff");
		PUT(d->proof.chain_pem, "-----BEGIN\nx\n");
		break;
	}
	case DOC_REVOCATION: {
		struct revocation *r = doc;
		r->spki = f->keys[2].spki;
		PUT(r->host, fleet_hosts[2]);
		r->generation = 3;
		PUT(r->who, "alice");
		PUT(r->reason, "stolen");
		break;
	}
	case DOC_REQUEST: {
		struct request *r = doc;
		PUT(r->host, fleet_hosts[0]);
		PUT(r->nonce.hex, "fedcba9876543210fedcba9876543210");
		PUT(r->receive_key, f->keys[0].receive_key);
		break;
	}
	case DOC_HOLD: {
		struct hold *h = doc;
		h->is_on = true;
		PUT(h->who, "alice");
		PUT(h->why, "migration of the rack");
		break;
	}
	case DOC_ORDER: {
		struct order *o = doc;
		PUT(o->id.hex, "0123456789abcdef0123456789abcdef");
		o->kind = ORDER_CERTIFICATES;
		o->urgency = URGENCY_EMERGENCY;
		PUT(o->host, fleet_hosts[2]);
		PUT(o->who, "alice");
		PUT(o->reason, "leaked");
		PUT(o->ticket, "INC1");
		o->breaks_freeze = true;
		o->max_lag_us = 10 * US_S;
		o->amends = 3;
		break;
	}
	case DOC_CSR: {
		struct csr_doc *c = doc;
		PUT(c->host, fleet_hosts[0]);
		PUT(c->authority, "house");
		c->csr = p.digest;
		PUT(c->csr_pem, "-----BEGIN CERTIFICATE REQUEST-----\nAA==\n-----END\n");
		c->wanted_at.us = 5;
		break;
	}
	case DOC_ISSUED: {
		struct issued_doc *d = doc;
		PUT(d->host, fleet_hosts[0]);
		d->csr = p.digest;
		PUT(d->chain_pem, "-----BEGIN CERTIFICATE-----\nAA==\n-----END\n");
		break;
	}
	case DOC_N:
		fail();
	}
	fleet_head(f, 0, doc);
}

#endif
