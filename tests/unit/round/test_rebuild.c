/* SPDX-License-Identifier: Apache-2.0 */
/* A ledger made anew: what its first document binds, who may go over to it, and what a host goes on
 * to hold to. */
#include "round/rebuild.h"

#include "lib/test.h"

#include "base/cleanup.h"
#include "lib/plan_case.h"

static const struct key_id *id_n(unsigned n)
{
	static struct key_name names[10];
	names[n] = key_n(n);
	return &names[n].id;
}

static struct rebuilt_root root_of(unsigned key)
{
	struct rebuilt_root r = {.cluster = "64b7f2a01c9d8e3f5a6b7c8d", .nonce = token_n(3)};
	struct err err = ERR_INIT;
	r.pivot = key_n(key).id;
	assert_true(rebuilt_root_name(&r, &err));
	return r;
}

/* Of three hosts in generation 4 from key 1 to key 2. */
static struct anchor anchor_of(void)
{
	struct anchor a = {.ledger = token_n(1),
			   .generation = 4,
			   .pivot = key_n(1),
			   .next = key_n(2),
			   .highest_number = 2,
			   .votes_n = 1,
			   .revoked_n = 1};
	a.votes[0].generation = 4;
	a.votes[0].word = VOTE_YEA;
	cut_z(a.votes[0].host, HOST_BYTES_MAX, host_n(1));
	a.revoked[0].generation = 4;
	a.revoked[0].stand = REVOCATION_SAID;
	return a;
}

static void its_id_is_made_of_all_that_it_says(void **state)
{
	static const char *const changes[][2] = {{"64b7f2", "64b7f3"},
						 {"3333", "4333"},
						 {"0001\"", "0002\""},
						 {"\"nonce\"", "\"nonse\""},
						 {"\"id\":\"", "\"id\":\"0"}};
	const struct rebuilt_root r = root_of(1);
	struct rebuilt_root back;
	auto_buf struct buf text = {0};
	struct err err = ERR_INIT;
	assert_true(rebuilt_root_print(&r, &text, &err));
	assert_true(rebuilt_root_parse(buf_str(&text), &back));
	assert_string_equal(back.id.hex, r.id.hex);
	assert_string_equal(back.cluster, r.cluster);
	assert_true(key_id_equal(&back.pivot, &r.pivot));
	for (size_t i = 0; i < ARRAY_N(changes); i++) {
		auto_buf struct buf other = {0};
		const char *at = strstr(buf_z(&text), changes[i][0]);
		assert_non_null(at);
		buf_add(&other, buf_z(&text), (size_t)(at - buf_z(&text)));
		buf_adds(&other, changes[i][1]);
		buf_adds(&other, at + strlen(changes[i][0]));
		if (rebuilt_root_parse(buf_str(&other), &back))
			fail_msg("believed with %s: %s", changes[i][1], buf_z(&other));
	}
	assert_false(rebuilt_root_parse(STR("{}"), &back));
	assert_false(rebuilt_root_parse(STR("no JSON"), &back));
	assert_string_not_equal(root_of(2).id.hex, r.id.hex);
}

static void a_host_goes_over_only_to_a_key_that_is_not_dead_by_what_it_saw(void **state)
{
	struct anchor a = anchor_of();
	struct err err = ERR_INIT;
	assert_true(rebuild_may(&a, id_n(1), &err));
	assert_true(rebuild_may(&a, id_n(2), &err));
	assert_false(rebuild_may(&a, id_n(3), &err)); /* a stranger's */
	err_clear(&err);
	/* The pivot moved here: nobody goes back. */
	a.pivot = a.next;
	assert_true(rebuild_may(&a, id_n(2), &err));
	assert_false(rebuild_may(&a, id_n(1), &err));
	assert_non_null(strstr(err.text, "key 2"));
	err_clear(&err);
	/* A nay was seen. */
	a = anchor_of();
	a.burnt = a.next;
	a.next.number = 0;
	a.next.id.hex[0] = 0;
	assert_false(rebuild_may(&a, id_n(2), &err));
	assert_non_null(strstr(err.text, "dead"));
	err_clear(&err);
	a = anchor_of();
	anchor_retire(&a, &a.next);
	assert_false(rebuild_may(&a, id_n(2), &err));
}

static void the_other_key_stays_where_it_lies_until_the_next_rotation(void **state)
{
	for (unsigned key = 1; key <= 2; key++) {
		struct anchor a = anchor_of();
		const struct rebuilt_root r = root_of(key);
		rebuild_adopt(&a, &r);
		assert_true(key_id_equal(&a.pivot.id, id_n(key)));
		assert_int_equal(a.pivot.number, key);
		assert_true(key_id_equal(&a.burnt.id, id_n(3 - key)));
		assert_false(key_id_given(&a.next.id));
		assert_false(anchor_has_retired(&a, id_n(3 - key)));
		assert_string_equal(a.ledger.hex, r.id.hex);
		assert_int_equal(a.generation, 0);
		assert_int_equal(a.votes_n, 0);
		assert_int_equal(a.highest_number, 2);
		/* Nothing that a revoked one said stands in the new one. */
		assert_int_equal(a.revoked_n, 1);
		assert_int_equal(a.revoked[0].generation, 0);
		/* Nothing is written and nothing restarted for it. */
		case_begin(1);
		the.s.anchor = a;
		case_rings(&the.s, 1, ring_of(1, 2), ring_of(1, 2));
		plan_step(&the.s, &the.policy, &the.instance, 0, &the.plan);
		for (unsigned i = 0; i < the.plan.acts_n; i++)
			assert_true(the.plan.acts[i].kind == ACT_PUBLISH_STATEMENT);
		/* The next generation retires it. */
		case_propose(&the.s, "---");
		the.s.anchor = a;
		the.s.ledger.proposal.pivot = key_n(key);
		the.s.ledger.proposal.next = key_n(3);
		assert_int_equal(anchor_follow(&the.s, &the.s.anchor), ANCHOR_MOVED);
		assert_true(anchor_has_retired(&the.s.anchor, id_n(3 - key)));
		assert_false(anchor_has_retired(&the.s.anchor, id_n(key)));
		assert_true(key_id_equal(&the.s.anchor.next.id, id_n(3)));
	}
}

static void with_nothing_under_way_nothing_is_given_up(void **state)
{
	struct anchor a = anchor_of();
	const struct rebuilt_root r = root_of(1);
	a.next = (struct key_name){.number = 0};
	a.standby = key_n(7);
	anchor_retire(&a, &(struct key_name){.number = 9, .id = key_n(9).id});
	rebuild_adopt(&a, &r);
	assert_false(key_id_given(&a.burnt.id));
	assert_int_equal(a.standby.number, 7);
	assert_true(anchor_has_retired(&a, id_n(9)));
	/* A key that a nay had burnt is dead at once: all are on their way back from it. */
	a = anchor_of();
	a.burnt = key_n(2);
	a.next = (struct key_name){.number = 0};
	rebuild_adopt(&a, &r);
	assert_true(anchor_has_retired(&a, id_n(2)));
	assert_false(key_id_given(&a.burnt.id));
}

/* Of the same generation after all votes: H has not read the last one, X has. */
static struct anchor anchor_h(void)
{
	return anchor_of();
}
static struct anchor anchor_x(void)
{
	struct anchor a = anchor_of();
	const struct proposal p = {.next = a.next};
	anchor_carry(&a, &p);
	return a;
}

/* Whoever begins, with whatever key, and however often: there is one with which both end. */
static void two_hosts_of_which_one_has_not_read_the_last_vote_come_together(void **state)
{
	static const struct {
		const char *name, *keys; /* H goes over to these, in turn */
	} rows[] = {
	    {"H follows X at once", "2"},
	    {"H made one by the old key first", "12"},
	    {"H made two by the old", "112"},
	    {"to and fro", "1212"},
	    {"X's twice", "122"},
	};
	struct err err = ERR_INIT;
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct anchor h = anchor_h(), x = anchor_x();
		for (const char *k = rows[i].keys; *k; k++) {
			const struct rebuilt_root r = root_of((unsigned)(*k - '0'));
			if (!rebuild_may(&h, &r.pivot, &err))
				fail_msg("%s: H: %s", rows[i].name, err.text);
			rebuild_adopt(&h, &r);
			/* X never goes back: its pivot moved by votes. */
			assert_int_equal(rebuild_may(&x, &r.pivot, &err), *k == '2');
			err_clear(&err);
			if (*k == '2')
				rebuild_adopt(&x, &r);
			/* No key is lost on the way, and none is retired by it. */
			assert_string_equal(h.burnt.id.hex, id_n(*k == '2' ? 1 : 2)->hex);
			assert_int_equal(h.retired_n, 0);
		}
		assert_string_equal(h.pivot.id.hex, x.pivot.id.hex);
		assert_int_equal(h.pivot.number, 2);
		assert_string_equal(h.ledger.hex, x.ledger.hex);
		assert_int_equal(h.generation, 0);
	}
}

static void what_was_put_aside_is_dead_from_the_next_rotation_on(void **state)
{
	struct err err = ERR_INIT;
	struct anchor a = anchor_h();
	const struct rebuilt_root r = root_of(1);
	rebuild_adopt(&a, &r);
	assert_true(rebuild_may(&a, id_n(2), &err));
	assert_false(rebuild_may(&a, id_n(3), &err));
	err_clear(&err);
	case_begin(1);
	case_propose(&the.s, "---");
	the.s.anchor = a;
	the.s.ledger.proposal.next = key_n(3);
	assert_int_equal(anchor_follow(&the.s, &the.s.anchor), ANCHOR_MOVED);
	assert_false(rebuild_may(&the.s.anchor, id_n(2), &err));
	assert_non_null(strstr(err.text, "dead"));
	err_clear(&err);
	/* What a nay burnt was never put aside, whatever was made anew since. */
	a = anchor_h();
	a.burnt = a.next;
	a.next = (struct key_name){.number = 0};
	assert_false(rebuild_may(&a, id_n(2), &err));
	err_clear(&err);
	rebuild_adopt(&a, &r);
	assert_false(rebuild_may(&a, id_n(2), &err));
	assert_true(anchor_has_retired(&a, id_n(2)));
	err_clear(&err);
	rebuild_adopt(&a, &r);
	assert_false(rebuild_may(&a, id_n(2), &err));
}

static void a_key_that_stands_by_outlives_the_way_there_and_back(void **state)
{
	struct anchor a = anchor_h();
	struct rebuilt_root r = root_of(1);
	a.standby = key_n(7);
	a.standby_born.us = 5;
	rebuild_adopt(&a, &r);
	r = root_of(2);
	rebuild_adopt(&a, &r);
	assert_int_equal(a.pivot.number, 2);
	assert_int_equal(a.standby.number, 7);
	assert_int_equal(a.standby_born.us, 5);
	/* One that was the next key stands by no more. */
	a = anchor_h();
	a.standby = a.next;
	rebuild_adopt(&a, &r);
	assert_int_equal(a.pivot.number, 2);
	assert_int_equal(a.standby.number, 0);
}

static void one_that_voted_yea_begins_with_the_next_key(void **state)
{
	static const struct {
		const char *name;
		enum vote_word word;
		uint64_t generation; /* of the vote */
		char burnt; /* '-': none; 'n': the next key, by a nay; 'a': it was put aside */
		const char *wanted;
	} rows[] = {
	    {"a yea", VOTE_YEA, 4, '-', "21"},
	    {"no vote", VOTE_NONE, 4, '-', "12"},
	    {"a nay that is not read yet", VOTE_NAY, 4, '-', "12"},
	    {"a yea of a generation before", VOTE_YEA, 3, '-', "12"},
	    {"a yea beside a nay", VOTE_YEA, 4, 'n', "1"},
	    {"after one that was made anew", VOTE_YEA, 4, 'a', "12"},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct key_name keys[REBUILD_CANDIDATES_MAX];
		struct anchor a = anchor_of();
		a.votes[0].word = rows[i].word;
		a.votes[0].generation = rows[i].generation;
		if (rows[i].burnt == 'n') {
			a.burnt = a.next;
			a.next = (struct key_name){.number = 0};
		} else if (rows[i].burnt == 'a') {
			const struct rebuilt_root r = root_of(1);
			rebuild_adopt(&a, &r);
		}
		char said[REBUILD_CANDIDATES_MAX + 1] = "";
		const unsigned n = rebuild_candidates(&a, keys);
		for (unsigned k = 0; k < n; k++)
			said[k] = (char)('0' + keys[k].number);
		if (strcmp(said, rows[i].wanted) != 0)
			fail_msg("%s: %s, wanted %s", rows[i].name, said, rows[i].wanted);
	}
}

static void nobodys_turn_is_thrown_away_while_he_may_act(void **state)
{
	static const struct {
		const char *name;
		enum claim_state state;
		const char *host;
		enum claim_state slot;
		const char *slot_host, *refused; /* NULL: it is not */
	} rows[] = {
	    {"nobody", CLAIM_FREE, "", CLAIM_FREE, NULL, NULL},
	    {"another acts", CLAIM_ACTING, "n2", CLAIM_FREE, NULL, "n2"},
	    {"another waits", CLAIM_WAITING, "n2", CLAIM_FREE, NULL, NULL},
	    {"this host's own", CLAIM_ACTING, "", CLAIM_FREE, NULL, NULL},
	    {"it cannot be told whose", CLAIM_ACTING, "?", CLAIM_FREE, NULL, NULL},
	    {"of another set", CLAIM_FREE, "", CLAIM_ACTING, "s2.test:1", "s2.test:1"},
	    {"of another set, waiting", CLAIM_FREE, "", CLAIM_WAITING, "s2.test:1", NULL},
	    {"of another set, unread", CLAIM_FREE, "", CLAIM_ACTING, "?", NULL},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct err err = ERR_INIT;
		case_begin(1);
		struct seen_ledger *l = &the.s.ledger;
		l->claim.state = rows[i].state;
		cut_z(l->claim.host, HOST_BYTES_MAX,
		      strcmp(rows[i].host, "?") == 0 ? ""
		      : rows[i].host[0]              ? "n2.test:27017"
						     : the.s.self_host);
		l->slots_n = rows[i].slot_host != NULL;
		l->slots[0].state = rows[i].slot;
		cut_z(l->slots[0].set, NAME_BYTES_MAX, "s2");
		cut_z(l->slots[0].host, HOST_BYTES_MAX, rows[i].slot_host ? rows[i].slot_host : "");
		const bool ok = rebuild_turn_is_free(&the.s, &err);
		if (ok != !rows[i].refused)
			fail_msg("%s: %s", rows[i].name, err.text);
		if (!ok) {
			assert_int_equal(err.kind, ERR_REFUSED);
			assert_non_null(strstr(err.text, rows[i].refused));
			assert_non_null(strstr(err.text, "rotactl turn release first"));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(its_id_is_made_of_all_that_it_says),
	    cmocka_unit_test(a_host_goes_over_only_to_a_key_that_is_not_dead_by_what_it_saw),
	    cmocka_unit_test(the_other_key_stays_where_it_lies_until_the_next_rotation),
	    cmocka_unit_test(with_nothing_under_way_nothing_is_given_up),
	    cmocka_unit_test(two_hosts_of_which_one_has_not_read_the_last_vote_come_together),
	    cmocka_unit_test(what_was_put_aside_is_dead_from_the_next_rotation_on),
	    cmocka_unit_test(a_key_that_stands_by_outlives_the_way_there_and_back),
	    cmocka_unit_test(one_that_voted_yea_begins_with_the_next_key),
	    cmocka_unit_test(nobodys_turn_is_thrown_away_while_he_may_act),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
