/* SPDX-License-Identifier: Apache-2.0 */
/* A revoked identity in the ledger: what is taken of it and how far, what is written again, and
 * what a host does that cannot read all or has not joined. By db1's rotad, with real signatures. */
#include "lib/test.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "codec/anchor_json.h"
#include "lib/fake_files.h"
#include "lib/ledger_docs.h"
#include "round/ledger_read.h"
#include "round/trust.h"

enum { DOCS = 40, NEWEST = 4 };
static struct fleet fleet;
static struct {
	struct fake_files files;
	struct config config;
	struct instance_policy instance;
	struct identity_doc ids[MEMBERS_MAX + ROUTERS_MAX];
	struct seat t;
	int64_t boot_us;
	bool is_down, is_crowded, has_dead;
	struct {
		char id[DOC_ID_BYTES];
		char *text; /* NULL: a free place */
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
static void drop(const char *id)
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
	if (i >= 0)
		*ret = (struct store_doc){.rev = w.docs[i].rev, .text = str_of(w.docs[i].text)};
	return true;
}
static bool doc_swap(void *self UNUSED, const struct store_doc *doc, int64_t expected,
		     enum store_outcome *ret, struct err *err)
{
	int i = doc_at(doc->id);
	if (w.is_down)
		return err_set(err, ERR_UNREACHABLE, "no primary");
	*ret = (i >= 0 ? w.docs[i].rev : 0) == expected ? STORE_DONE : STORE_CONFLICT;
	if (*ret == STORE_DONE)
		put(doc->id, doc->text);
	return true;
}
static const struct store_ops store_ops = {.list = doc_list, .read = doc_read, .swap = doc_swap};

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

static const char *revocation_id(unsigned whom)
{
	static char id[DOC_ID_BYTES];
	return doc_id(id, "revocation", fleet.keys[whom].spki.hex);
}

static void put_revocation(unsigned who, unsigned whom, uint64_t generation)
{
	struct err err = ERR_INIT;
	auto_buf struct buf text = {.max = DOC_BYTES_MAX};
	struct revocation r = {.spki = fleet.keys[whom].spki,
			       .generation = generation,
			       .who = "amy",
			       .reason = "stolen"};
	cut_z(r.host, sizeof(r.host), fleet_hosts[whom]);
	fleet_head(&fleet, who, &r.head);
	assert_true(revocation_encode(&r, &fleet.keys[who], &text, NULL, &err));
	put(revocation_id(whom), buf_str(&text));
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

static bool say_revoked(unsigned whom, unsigned *ret_n, struct err *err)
{
	struct trust_revoked r = {.n = 0};
	*err = (struct err)ERR_INIT;
	if (!trust_revoke(&w.t, fleet_hosts[whom], "amy", "stolen", &r, err))
		return false;
	*ret_n = r.n;
	return true;
}

/* What stands in the ledger of it, believed by whom this host believes. */
static struct revocation there(unsigned whom)
{
	struct revocation r = {.generation = 0};
	int i = doc_at(revocation_id(whom));
	assert_true(i >= 0);
	assert_true(
	    trust_revocation_stands(&w.t, &fleet.keys[whom].spki, str_of(w.docs[i].text), &r));
	return r;
}

static const struct identity *judged(unsigned who)
{
	for (unsigned i = 0; i < w.t.identities_n; i++)
		if (spki_equal(&w.ids[i].identity.spki, &fleet.keys[who].spki))
			return &w.ids[i].identity;
	fail_msg("identity %u is not there", who);
	return &w.ids[0].identity;
}

/* ---- what this host says ---- */

static void one_that_could_not_be_published_is_published_later(void **state UNUSED)
{
	for (int by_hand = 0; by_hand < 2; by_hand++) {
		struct err err = ERR_INIT;
		unsigned n = 0;
		tear_down(NULL);
		set_up(NULL);
		(void)look();
		w.is_down = true;
		assert_false(say_revoked(2, &n, &err));
		assert_int_equal(err.kind, ERR_UNREACHABLE);
		assert_int_equal(doc_at(revocation_id(2)), -1);
		assert_true(judged(2)->is_revoked); /* here at once */
		assert_int_equal(look()->revocations_owed_n, 1);
		assert_false(trust_publish_owed(&w.t, &err));
		assert_int_equal(look()->revocations_owed_n, 0); /* what else is due goes on */
		w.boot_us += 6 * US_S;
		assert_int_equal(look()->revocations_owed_n, 1);
		w.is_down = false;
		err = (struct err)ERR_INIT;
		if (by_hand) {
			assert_true(say_revoked(2, &n, &err));
			assert_int_equal(n, 1);
		} else
			assert_true(trust_publish_owed(&w.t, &err));
		assert_int_equal(there(2).generation, NEWEST);
		assert_int_equal(look()->revocations_owed_n, 0);
		assert_true(say_revoked(2, &n, &err));
		assert_int_equal(n, 0);
	}
}

/* Its own host, or a thief of the database, takes the word away. */
static void one_that_was_removed_is_written_again(void **state UNUSED)
{
	struct err err = ERR_INIT;
	put_revocation(1, 2, NEWEST);
	assert_int_equal(look()->revocations_owed_n, 0);
	assert_true(judged(2)->is_revoked);
	drop(revocation_id(2));
	put_proposal(2, NEWEST + 1); /* its own: not raised by it */
	assert_int_equal(look()->revocations_owed_n, 1);
	assert_true(trust_publish_owed(&w.t, &err));
	assert_string_equal(there(2).head.from.hex, fleet.keys[0].spki.hex);
	assert_int_equal(there(2).generation, NEWEST);
	assert_int_equal(w.t.anchor.revoked[0].generation, NEWEST);
	/* All that remember it write it: not each second. */
	drop(revocation_id(2));
	assert_int_equal(look()->revocations_owed_n, 0);
	w.boot_us += 61 * US_S;
	assert_int_equal(look()->revocations_owed_n, 1);
}

static void one_whose_signer_is_believed_no_more_is_signed_again(void **state UNUSED)
{
	struct err err = ERR_INIT;
	for (int row = 0; row < 3; row++) {
		struct spki other = {.hex = ""};
		tear_down(NULL);
		set_up(NULL);
		put_revocation(1, 2, NEWEST);
		assert_int_equal(look()->revocations_owed_n, 0);
		memset(other.hex, '9', SPKI_CHARS);
		if (row == 0) /* superseded */
			pin(fleet_hosts[1], &other);
		if (row == 1)
			put_revocation(0, 1, NEWEST);
		if (row == 2) /* not readable */
			put(revocation_id(2), STR("{}"));
		assert_int_equal(look()->revocations_owed_n, 1);
		assert_true(trust_publish_owed(&w.t, &err));
		assert_string_equal(there(2).head.from.hex, fleet.keys[0].spki.hex);
		assert_int_equal(look()->revocations_owed_n, 0);
	}
}

static void a_generation_proposed_meanwhile_stands_and_no_other(void **state UNUSED)
{
	struct err err = ERR_INIT;
	unsigned n;
	(void)look();
	put_proposal(1, NEWEST + 1);
	put_proposal(1, NEWEST + 2);
	assert_true(say_revoked(2, &n, &err));
	assert_int_equal(there(2).generation, NEWEST + 1);
	assert_int_equal(w.t.anchor.revoked[0].generation, NEWEST + 1);
}

static void what_another_host_said_meanwhile_is_left(void **state UNUSED)
{
	struct err err = ERR_INIT;
	unsigned n;
	(void)look();
	put_revocation(1, 2, NEWEST);
	assert_true(say_revoked(2, &n, &err));
	assert_int_equal(n, 1);
	assert_string_equal(there(2).head.from.hex, fleet.keys[1].spki.hex);
	assert_int_equal(w.t.anchor.revoked[0].generation, NEWEST);
}

/* A proposal that this host does not follow yet is one that others may have acted on. */
static void what_is_not_proven_here_stands(void **state UNUSED)
{
	struct err err = ERR_INIT;
	unsigned n;
	(void)look();
	struct seen_ledger *l = &w.t.seen->ledger;
	l->has_proposal = false;
	l->proposal.generation = NEWEST + 1;
	memset(l->unproven.id.hex, 'b', KEY_ID_CHARS);
	l->unproven.number = 9;
	put_proposal(1, NEWEST + 1);
	assert_true(say_revoked(2, &n, &err));
	assert_int_equal(there(2).generation, NEWEST + 1);
}

/* ---- what others say ---- */

static void a_generation_is_believed_within_what_this_host_knows(void **state UNUSED)
{
	static const struct {
		uint64_t said, newest, stands;
	} rows[] = {
	    {0, NEWEST, NEWEST}, /* what this host follows stays believed */
	    {NEWEST, NEWEST, NEWEST},
	    {NEWEST + 1, NEWEST, NEWEST}, /* nobody proposed it */
	    {(uint64_t)1 << 62, NEWEST, NEWEST},
	    {(uint64_t)1 << 62, NEWEST + 1, NEWEST + 1},
	    {NEWEST + 1, NEWEST + 1, NEWEST + 1},
	    {NEWEST, NEWEST + 1, NEWEST},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		tear_down(NULL);
		set_up(NULL);
		if (rows[i].newest > NEWEST)
			put_proposal(2, rows[i].newest);
		put_revocation(1, 2, rows[i].said);
		(void)look();
		if (judged(2)->stands_until != rows[i].stands)
			fail_msg("row %zu: %d", i, (int)judged(2)->stands_until);
	}
}

static void it_rises_once_to_what_is_proposed(void **state UNUSED)
{
	put_revocation(1, 2, NEWEST);
	(void)look();
	put_revocation(1, 2, (uint64_t)1 << 62);
	(void)look();
	assert_int_equal(judged(2)->stands_until, NEWEST);
	put_proposal(1, NEWEST + 1);
	(void)look();
	assert_int_equal(judged(2)->stands_until, NEWEST + 1);
	put_proposal(1, NEWEST + 2);
	put_proposal(1, NEWEST + 3);
	for (int i = 0; i < 3; i++)
		(void)look();
	assert_int_equal(judged(2)->stands_until, NEWEST + 1);
	assert_int_equal(w.t.anchor.revoked[0].stand, REVOCATION_FINAL);
}

/* A word that says less than this host stands by is put right for who joins later. */
static void one_that_says_less_is_written_again(void **state UNUSED)
{
	struct err err = ERR_INIT;
	put_revocation(1, 2, 0);
	assert_int_equal(look()->revocations_owed_n, 1);
	assert_true(trust_publish_owed(&w.t, &err));
	assert_int_equal(there(2).generation, NEWEST);
}

/* The round that finds it may be a person's question, or end before it tells. */
static void what_was_found_is_kept_until_it_is_told(void **state UNUSED)
{
	put_revocation(1, 2, NEWEST);
	assert_non_null(strstr(look()->revoked, "by amy on " /* db2 */));
	put_revocation(0, 1, NEWEST);
	const struct seen_ledger *l = look();
	const char *first = strstr(l->revoked, fleet_hosts[2]);
	assert_non_null(first);
	assert_non_null(strstr(first, "; "));
	w.t.revoked[0] = 0; /* told */
	assert_string_equal(look()->revoked, "");
}

static void an_order_that_goes_with_it_is_told(void **state UNUSED)
{
	struct err err = ERR_INIT;
	for (unsigned is_scheduled = 0; is_scheduled < 2; is_scheduled++) {
		auto_buf struct buf text = {.max = DOC_BYTES_MAX};
		struct order o = {
		    .kind = ORDER_KEYFILE, .who = "amy", .serial = is_scheduled, .known = NEWEST};
		char id[DOC_ID_BYTES];
		tear_down(NULL);
		set_up(NULL);
		fleet_head(&fleet, 2, &o.head);
		memset(o.id.hex, 'c', TOKEN_CHARS);
		assert_true(order_encode(&o, &fleet.keys[2], &text, NULL, &err));
		put(doc_id(id, is_scheduled ? "scheduled" : "order", o.id.hex), buf_str(&text));
		assert_int_equal(look()->orders_n, 1);
		put_revocation(1, 2, NEWEST);
		for (int i = 0; i < 2; i++) {
			const struct seen_ledger *l = look();
			const char *told = strstr(l->revoked, "; an order");
			assert_int_equal(l->orders_n, 0);
			/* The schedule gives its own again. */
			assert_int_equal(told != NULL, !is_scheduled);
			if (told)
				assert_null(strstr(told + 1, "; an order")); /* once */
		}
	}
}

/* Else the members wait for its word before the first vote, and none is ever given. */
static void one_that_a_proposal_leaves_out_is_dead_before_the_first_vote(void **state UNUSED)
{
	for (int dead = 0; dead < 2; dead++) {
		w.has_dead = dead;
		w.t.anchor.proposal = put_proposal(1, NEWEST);
		assert_true(look()->has_proposal);
		assert_int_equal(seen_is_dead(w.t.seen, 2), dead);
		assert_false(seen_is_dead(w.t.seen, 1));
		assert_int_equal(seen_generation(w.t.seen), GENERATION_OPEN);
	}
}

static void who_has_not_joined_writes_no_anchor(void **state UNUSED)
{
	w.t.anchor.ledger.hex[0] = 0;
	w.t.anchor.generation = 0;
	put_revocation(1, 2, NEWEST);
	(void)look();
	assert_true(judged(2)->is_revoked);
	assert_int_equal(w.t.anchor.ledger.hex[0], 0);
	assert_int_equal(fake_files_find(&w.files, "/state/anchor.json"), -1);
}

/* ---- a ledger that cannot be read whole ---- */

static void of_a_crowded_ledger_every_kind_is_read(void **state UNUSED)
{
	static const char *const ids[] = {"roll/4",        "claim",          "claims",
					  "hold",          "statement/a",    "order/1",
					  "scheduled/1",   "csr/a",          "issued/a",
					  "envelope/0/aa", "envelope/9f/aa", "envelope/c0/aa"};
	for (size_t i = 0; i < ARRAY_N(ids); i++)
		put(ids[i], STR("{}"));
	put_revocation(1, 2, NEWEST);
	w.is_crowded = true;
	const struct seen_ledger *l = look();
	assert_true(judged(2)->is_revoked);
	assert_non_null(strstr(l->crowd, "1 revocation"));
	assert_non_null(strstr(l->crowd, "3 envelope"));
	for (int i = 0; i < DOCS; i++)
		if (w.docs[i].text && !w.docs[i].is_listed)
			fail_msg("%s is not read", w.docs[i].id);
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

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    T(one_that_could_not_be_published_is_published_later),
	    T(one_that_was_removed_is_written_again),
	    T(one_whose_signer_is_believed_no_more_is_signed_again),
	    T(a_generation_proposed_meanwhile_stands_and_no_other),
	    T(what_another_host_said_meanwhile_is_left),
	    T(what_is_not_proven_here_stands),
	    T(a_generation_is_believed_within_what_this_host_knows),
	    T(it_rises_once_to_what_is_proposed),
	    T(one_that_says_less_is_written_again),
	    T(what_was_found_is_kept_until_it_is_told),
	    T(an_order_that_goes_with_it_is_told),
	    T(one_that_a_proposal_leaves_out_is_dead_before_the_first_vote),
	    T(who_has_not_joined_writes_no_anchor),
	    T(of_a_crowded_ledger_every_kind_is_read),
	};
	return cmocka_run_group_tests(tests, group_set_up, group_tear_down);
}
