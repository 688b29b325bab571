/* SPDX-License-Identifier: Apache-2.0 */
/* A ledger of three rotads that have joined and pinned each other, with real signatures, as db1's
 * reads it: a store in memory, and a seat as far as the reading needs one. */
#ifndef TESTS_LIB_LEDGER_SCENE_H
#define TESTS_LIB_LEDGER_SCENE_H

#include <stdlib.h>

#include "base/cleanup.h"
#include "codec/anchor_json.h"
#include "lib/fake_files.h"
#include "lib/ledger_docs.h"
#include "round/ledger_read.h"

enum { DOCS = 40, NEWEST = 4 };
static struct fleet fleet;
static struct {
	struct fake_files files;
	struct config config;
	struct instance_policy instance;
	struct identity_doc ids[MEMBERS_MAX + ROUTERS_MAX];
	struct seat t;
	int64_t boot_us;
	unsigned unsure_n, lost_n; /* so many writes are taken, or lost, without an answer */
	bool is_down, is_crowded, has_dead;
	struct {
		char id[DOC_ID_BYTES];
		char *text; /* NULL: a free place */
		char nonce[NONCE_CHARS + 1];
		int64_t rev;
		bool is_listed;
	} docs[DOCS];
} w;

/* ---- the ports ---- */

static struct wall fake_now(void *self UNUSED)
{
	return (struct wall){.us = 1795314976 * US_S};
}
static struct mono fake_boot(void *self UNUSED)
{
	return (struct mono){.us = w.boot_us};
}
static bool fake_random(void *self UNUSED, void *out, size_t n, struct err *err UNUSED)
{
	static unsigned char seed;
	memset(out, ++seed, n);
	return true;
}
static const struct host_ops host_ops = {.now = fake_now, .boot = fake_boot, .random = fake_random};

static int doc_at(const char *id)
{
	for (int i = 0; i < DOCS; i++)
		if (w.docs[i].text && strcmp(w.docs[i].id, id) == 0)
			return i;
	return -1;
}
static void put(const char *id, struct str text)
{
	int i = doc_at(id);
	for (int k = 0; i < 0 && k < DOCS; k++)
		if (!w.docs[k].text)
			i = k;
	assert_true(i >= 0);
	free(w.docs[i].text);
	cut_z(w.docs[i].id, DOC_ID_BYTES, id);
	w.docs[i].text = strndup(text.p, text.n);
	w.docs[i].rev++;
}
UNUSED static void drop(const char *id)
{
	int i = doc_at(id);
	assert_true(i >= 0);
	free(take(&w.docs[i].text));
	w.docs[i].rev = 0;
}

static bool doc_list(void *self UNUSED, const char *prefix, struct arena *arena,
		     struct store_doc **ret, size_t *ret_n, struct err *err)
{
	struct store_doc *all = arena_get(arena, DOCS * sizeof(*all), err);
	if (!all)
		return false;
	if (w.is_crowded && !prefix[0])
		return err_set(err, ERR_LIMIT, "too many");
	*ret_n = 0;
	for (int i = 0; i < DOCS; i++) {
		if (!w.docs[i].text || strncmp(w.docs[i].id, prefix, strlen(prefix)) != 0)
			continue;
		struct store_doc *d = &all[(*ret_n)++];
		*d = (struct store_doc){.rev = w.docs[i].rev, .text = str_of(w.docs[i].text)};
		cut_z(d->id, sizeof(d->id), w.docs[i].id);
		w.docs[i].is_listed = true;
	}
	*ret = all;
	return true;
}
static bool doc_read(void *self UNUSED, const char *id, struct arena *arena UNUSED,
		     struct store_doc *ret, bool *ret_found, struct err *err)
{
	int i = doc_at(id);
	if (w.is_down)
		return err_set(err, ERR_UNREACHABLE, "no primary");
	*ret_found = i >= 0;
	if (i >= 0) {
		*ret = (struct store_doc){.rev = w.docs[i].rev, .text = str_of(w.docs[i].text)};
		cut_z(ret->nonce, sizeof(ret->nonce), w.docs[i].nonce);
	}
	return true;
}
static bool doc_swap(void *self UNUSED, const struct store_doc *doc, int64_t expected,
		     enum store_outcome *ret, struct err *err)
{
	int i = doc_at(doc->id);
	if (w.is_down)
		return err_set(err, ERR_UNREACHABLE, "no primary");
	*ret = (i >= 0 ? w.docs[i].rev : 0) == expected ? STORE_DONE : STORE_CONFLICT;
	if (*ret == STORE_DONE && w.lost_n > 0) {
		w.lost_n--;
		*ret = STORE_AMBIGUOUS;
		return true;
	}
	if (*ret == STORE_DONE) {
		put(doc->id, doc->text);
		cut_z(w.docs[doc_at(doc->id)].nonce, NONCE_CHARS + 1, doc->nonce);
	}
	if (*ret == STORE_DONE && w.unsure_n > 0) {
		w.unsure_n--;
		*ret = STORE_AMBIGUOUS;
	}
	return true;
}
static bool doc_remove(void *self UNUSED, const char *id, int64_t expected, enum store_outcome *ret,
		       struct err *err)
{
	int i = doc_at(id);
	if (w.is_down)
		return err_set(err, ERR_UNREACHABLE, "no primary");
	*ret = i >= 0 && w.docs[i].rev == expected ? STORE_DONE : STORE_CONFLICT;
	if (*ret == STORE_DONE)
		drop(id);
	return true;
}
static const struct store_ops store_ops = {
    .list = doc_list, .read = doc_read, .swap = doc_swap, .remove = doc_remove};

/* ---- the scene: db1, db2 and db3 have joined and pinned each other; generation 4 is the newest
 * ----
 */

static void put_identity(unsigned who)
{
	struct err err = ERR_INIT;
	auto_buf struct buf text = {.max = DOC_BYTES_MAX};
	auto_free struct identity_doc *doc = calloc(1, sizeof(*doc));
	char id[DOC_ID_BYTES];
	doc->identity = fleet.ids[who];
	doc->proof.how = ENDORSED_BY_OPERATOR;
	assert_true(identity_doc_encode(doc, &fleet.keys[who], &text, NULL, &err));
	put(doc_id(id, "identity", fleet.keys[who].spki.hex), buf_str(&text));
}

static struct digest put_proposal(unsigned who, uint64_t generation)
{
	struct err err = ERR_INIT;
	auto_buf struct buf text = {.max = DOC_BYTES_MAX};
	auto_free struct proposal *p = calloc(1, sizeof(*p));
	char id[DOC_ID_BYTES];
	sample_proposal(&fleet, p);
	fleet_head(&fleet, who, &p->head);
	p->generation = generation;
	p->roll[2].is_dead = w.has_dead;
	assert_true(proposal_encode(p, &fleet.keys[who], &text, &p->digest, &err));
	put(doc_id_n(id, "proposal", generation), buf_str(&text));
	return p->digest;
}

static void pin(const char *host, const struct spki *spki)
{
	struct anchor *a = &w.t.anchor;
	cut_z(a->pins[a->pins_n].host, HOST_BYTES_MAX, host);
	a->pins[a->pins_n++].spki = *spki;
}

static int set_up(void **state UNUSED)
{
	struct doc_head head;
	memset(&w, 0, sizeof(w));
	struct seat *t = &w.t;
	t->seen = calloc(1, sizeof(*t->seen));
	assert_non_null(t->seen);
	config_init(&w.config);
	t->config = &w.config;
	t->instance = &w.instance;
	t->identities = w.ids;
	t->identity = fleet.keys[0];
	fleet_head(&fleet, 0, &head);
	t->incarnation = head.incarnation;
	snprintf(t->directory, sizeof(t->directory), "/state");
	memset(t->machine_id, '0', MACHINE_ID_CHARS);
	memset(t->anchor.salt_hex, 'a', 64);
	cut_z(t->anchor.cluster, sizeof(t->anchor.cluster), head.cluster);
	t->anchor.ledger = head.ledger;
	t->ports.files = fake_files_port(&w.files);
	t->ports.host.ops = &host_ops;
	t->ports.set_store.ops = &store_ops;
	struct err err = ERR_INIT;
	assert_true(arena_init(&t->arena, 2 * 1024 * 1024, &err));
	w.boot_us = 1000 * US_S;
	struct seen *s = t->seen;
	s->now = fake_now(NULL);
	s->is_clock_sane = true;
	s->members_n = FLEET_N;
	s->members[0].is_self = true;
	cut_z(s->self_host, HOST_BYTES_MAX, fleet_hosts[0]);
	for (unsigned i = 0; i < FLEET_N; i++) {
		cut_z(s->members[i].host, HOST_BYTES_MAX, fleet_hosts[i]);
		pin(fleet_hosts[i], &fleet.keys[i].spki);
		put_identity(i);
	}
	char root[256];
	snprintf(root, sizeof(root), "{\"cluster\":\"%s\",\"id\":\"%s\",\"protocol\":%d}",
		 head.cluster, head.ledger.hex, PROTOCOL_NUMBER);
	put("ledger", str_of(root));
	t->anchor.generation = NEWEST;
	t->anchor.proposal = put_proposal(1, NEWEST);
	return 0;
}

static int tear_down(void **state UNUSED)
{
	for (int i = 0; i < DOCS; i++)
		free(w.docs[i].text);
	arena_fini(&w.t.arena);
	fake_files_fini(&w.files);
	free(w.t.seen);
	return 0;
}

/* A round's look. */
static const struct seen_ledger *look(void)
{
	struct seen_ledger *l = &w.t.seen->ledger;
	*l = (struct seen_ledger){.docs_n = 0};
	arena_reset(&w.t.arena);
	ledger_read(&w.t);
	if (!fact_known(l->fact) && !l->is_doubted)
		fail_msg("%s", l->why);
	return l;
}

UNUSED static const struct identity *judged(unsigned who)
{
	for (unsigned i = 0; i < w.t.identities_n; i++)
		if (spki_equal(&w.ids[i].identity.spki, &fleet.keys[who].spki))
			return &w.ids[i].identity;
	fail_msg("identity %u is not there", who);
	return &w.ids[0].identity;
}

static int group_set_up(void **state UNUSED)
{
	fleet_init(&fleet);
	return 0;
}
static int group_tear_down(void **state UNUSED)
{
	fleet_fini(&fleet);
	return 0;
}

#endif
