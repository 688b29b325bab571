/* SPDX-License-Identifier: Apache-2.0 */
/* A revoked identity in the ledger: what is taken of it and how far, what is written again, and
 * what a host does that cannot read all or has not joined. By db1's rotad, with real signatures. */
#include "lib/test.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "codec/anchor_json.h"
#include "lib/ledger_scene.h"
#include "round/ledger_read.h"
#include "round/trust.h"

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
