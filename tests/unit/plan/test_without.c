/* SPDX-License-Identifier: Apache-2.0 */
/* A member that is declared dead: nobody waits for it, nothing is asked of it; and should it be
 * seen alive, no turn is taken before it has the key. By b's rotad in a set of five, of which e is
 * away.
 */
#include "lib/test.h"

#include "lib/plan_rows.h"

enum { E = 4 };

/* e does not answer, and nobody sees it. */
static void five(struct seen *s)
{
	case_letters(s, "PSSSx");
	s->members[E].status.who = WITNESS_NONE;
	s->members[E].has_statement = s->members[E].is_secondary = false;
	s->members[E].lag_us = -1;
	s->members[E].silent_since.us = CASE_NOW - US_H;
}

/* Generation 1 is under way; e is declared dead in it. */
static void open(struct seen *s, const char *votes)
{
	five(s);
	case_propose(s, votes);
	s->ledger.roll.is_without[E] = true;
}

/* Both keys everywhere but at e, and every process but e's accepts the next one. */
static void carried(struct seen *s)
{
	open(s, "yyyy-");
	for (unsigned i = 0; i < E; i++) {
		case_rings(s, i, ring_of(1, 2), ring_of(1, 2));
		case_proof(s, i, 2, LOGIN_ACCEPTED);
	}
}

/* All that remains is the proof. */
static void narrowed(struct seen *s)
{
	open(s, "yyyy-");
	for (unsigned i = 0; i < E; i++) {
		case_rings(s, i, ring_of(2, 0), ring_of(2, 0));
		case_proof(s, i, 1, LOGIN_REFUSED);
		s->members[i].statement_moved.us = CASE_NOW - 2 * US_MIN;
	}
	s->members[E].statement_moved.us = 0;
}

static void back(struct seen *s, enum login_verdict next)
{
	case_member(s, E, false);
	s->members[E].has_statement = false;
	if (next != LOGIN_UNKNOWN)
		case_proof(s, E, 2, next);
}

/* b is next, and has both keys in its file. */
static void turn(struct seen *s)
{
	open(s, "-----");
	case_rings(s, 1, ring_of(1, 2), ring_of(1, 0));
}

static void order_without_e(struct seen *s)
{
	five(s);
	case_order(s, ORDER_KEYFILE);
	s->members[E].proofs_n = 0;
	cut_z(s->ledger.orders[0].without, HOST_BYTES_MAX, s->members[E].host);
}

/* b was the dead one: it is back with the old key alone, and all others have the new one. */
static void isolated(struct seen *s)
{
	case_letters(s, "PSSS");
	case_propose(s, "y-yy");
	s->ledger.roll.is_without[1] = true;
	for (unsigned i = 0; i < 4; i++) {
		struct seen_member *m = &s->members[i];
		case_rings(s, i, i == 1 ? ring_of(1, 2) : ring_of(2, 0),
			   i == 1 ? ring_of(1, 0) : ring_of(2, 0));
		m->unseen = i == 1 ? 0xd : 2;
		m->unseen_by = i == 1 ? 0xd : 2;
		m->sees_all = m->is_seen_by_all = false;
	}
	s->members[1].lag_us = US_DAY;
	s->members[1].is_secondary = true;
	s->anchor.pivot = key_n(2);
}

#define ROWS(X)                                                                                    \
	X(start, "propose", "", "The next key is made", order_without_e(s))                        \
	X(start_with_it, "...", "member-unreachable", "'e:27017' does not answer",                 \
	  order_without_e(s);                                                                      \
	  s->ledger.orders[0].without[0] = 0)                                                      \
	X(start_without_the_revoked, "propose", "", "The next key is made", order_without_e(s);    \
	  s->ledger.orders[0].without[0] = 0; s->members[E].is_revoked = true)                     \
	X(puts, "put-keyfile", "", "Keys 1+2 are written", open(s, "-----"))                       \
	X(turn, "take-claim", "", "It is b:27017's turn", turn(s))                                 \
	X(turn_with_it, "...", "member-unreachable", "of 'e:27017' is not known", turn(s);         \
	  s->ledger.roll.is_without[E] = false)                                                    \
	X(turn_while_another_is_away, "...", "", "a primary stays without it", turn(s);            \
	  s->members[3].hello.who = s->members[3].status.who = WITNESS_NONE;                       \
	  s->members[3].is_secondary = false; s->ledger.roll.is_without[3] = true;                 \
	  s->members[3].silent_since.us = 0)                                                       \
	X(turn_beside_one_back_unasked, "...", "", "does it accept key 2?", turn(s);               \
	  back(s, LOGIN_UNKNOWN))                                                                  \
	X(turn_beside_one_back, "...", "dead-member-alive", "does not accept key 2", turn(s);      \
	  back(s, LOGIN_REFUSED))                                                                  \
	X(turn_in_hand_beside_one_back, "release-claim", "dead-member-alive",                      \
	  "does not accept key 2", turn(s);                                                        \
	  back(s, LOGIN_REFUSED); case_claim(s, CLAIM_WAITING, 1))                                 \
	X(turn_beside_one_back_with_the_key, "take-claim", "", "It is b:27017's turn", turn(s);    \
	  back(s, LOGIN_ACCEPTED))                                                                 \
	X(back_itself, "take-claim", "", "It is b:27017's turn", turn(s);                          \
	  s->ledger.roll.is_without[E] = false; s->ledger.roll.is_without[1] = true;               \
	  case_member(s, E, false); s->members[E].id = 0; s->members[1].id = 9;                    \
	  case_rings(s, E, ring_of(1, 2), ring_of(1, 0)))                                          \
	X(not_back_itself, "...", "", "goes first", turn(s); s->ledger.roll.is_without[E] = false; \
	  case_member(s, E, false); s->members[E].id = 0; s->members[1].id = 9;                    \
	  case_rings(s, E, ring_of(1, 2), ring_of(1, 0)))                                          \
	X(back_itself_beside_another, "take-claim", "dead-member-alive", "It is b:27017's turn",   \
	  turn(s);                                                                                 \
	  s->ledger.roll.is_without[1] = true; back(s, LOGIN_REFUSED))                             \
	X(release_beside_one_back_that_is_looked_at, "release-claim", "", "refuses key 1",         \
	  narrowed(s);                                                                             \
	  case_claim(s, CLAIM_ACTING, 1); back(s, LOGIN_ACCEPTED);                                 \
	  s->members[E].statement_moved.us = 0)                                                    \
	X(narrows, "put-keyfile", "", "Keys 2 are written", carried(s))                            \
	X(narrows_not_with_it, "...", "member-unreachable", "waits for e:27017", carried(s);       \
	  s->ledger.roll.is_without[E] = false)                                                    \
	X(narrows_not_beside_one_back, "...", "dead-member-alive", "accepts key 2", carried(s);    \
	  back(s, LOGIN_REFUSED))                                                                  \
	X(narrows_beside_one_back_with_the_key, "put-keyfile", "", "Keys 2 are written",           \
	  carried(s);                                                                              \
	  back(s, LOGIN_ACCEPTED))                                                                 \
	X(narrows_not_while_nobody_knows_who_shares_it, "...", "", "all who share the key",        \
	  carried(s);                                                                              \
	  s->sharding.fact.who = WITNESS_NONE)                                                     \
	X(closes_not_beside_one_back, "...", "", "refuses key 1", narrowed(s);                     \
	  back(s, LOGIN_ACCEPTED); s->members[E].statement_moved.us = 0)                           \
	X(closes, "close", "", "the rotation is closed", narrowed(s))                              \
	X(closes_not_with_another_unasked, "...", "", "refuses key 1", narrowed(s);                \
	  s->members[3].proofs_n = 0)                                                              \
	X(isolated, "take-claim", "", "!It is b:27017's turn", isolated(s))                        \
	X(isolated_but_seen_by_one, "...", "", "!b:27017 needs a restart", isolated(s);            \
	  s->members[1].unseen_by = 5)                                                             \
	X(isolated_and_another_is_ill, "...", "", "!'c:27017' does not see all", isolated(s);      \
	  s->members[2].unseen = 3)                                                                \
	X(isolated_with_the_key, "...", "", "lag", isolated(s);                                    \
	  case_rings(s, 1, ring_of(1, 2), ring_of(1, 2));                                          \
	  case_rings(s, 1, ring_of(2, 0), ring_of(1, 2)))

ROWS(PLAN_ROW_SET)

static void who_is_declared_dead_is_not_waited_for(void **state)
{
	static const struct plan_row rows[] = {ROWS(PLAN_ROW)};
	(void)state;
	plan_rows_check(rows, ARRAY_N(rows), 1);
}

static void one_that_is_back_is_asked_once_a_process(void **state)
{
	(void)state;
	case_begin(1);
	turn(&the.s);
	back(&the.s, LOGIN_UNKNOWN);
	case_plan();
	assert_int_equal(the.plan.looks_n, 1);
	assert_int_equal(the.plan.looks[0].member, E);
	case_proof(&the.s, E, 2, LOGIN_REFUSED);
	case_plan();
	assert_int_equal(the.plan.looks_n, 0);
	process_name(the.s.members[E].process_id, E, 2);
	case_plan();
	assert_int_equal(the.plan.looks_n, 1);
}

static void any_other_may_be_restarted(void **state)
{
	(void)state;
	case_begin(1);
	carried(&the.s);
	the.s.members[E].statement.disk = the.s.members[E].statement.running = ring_of(9, 0);
	case_plan();
	assert_int_equal(the.plan.restart_now, RESTART_SAFE);
	the.s.ledger.roll.is_without[E] = false;
	case_plan();
	assert_int_equal(the.plan.restart_now, RESTART_UNSAFE);
}

static void by_whom_and_when_it_counts_as_dead(void **state)
{
	struct seen *s = &the.s;
	(void)state;
	case_begin(1);
	five(s);
	assert_false(seen_is_dead(s, E));
	s->members[E].is_revoked = true;
	assert_true(seen_is_dead(s, E));
	case_propose(s, "-----"); /* in a generation only by its roll */
	assert_false(seen_is_dead(s, E));
	s->ledger.roll.is_without[E] = true;
	assert_true(seen_is_dead(s, E));
	s->ledger.roll.is_without[E] = false;
	s->ledger.roll.votes[E].word = VOTE_NAY; /* or on the way back */
	assert_true(seen_is_dead(s, E));
	s->members[E].is_revoked = false;
	assert_false(seen_is_dead(s, E));
	for (unsigned i = 0; i < E; i++)
		assert_false(seen_is_dead(s, i));
}

/* Said while e was away, and before a rotation began: it counts only as long as that is so. */
static void who_is_well_again_is_not_dead(void **state)
{
	case_begin(1);
	order_without_e(&the.s);
	assert_true(seen_is_dead(&the.s, E));
	case_member(&the.s, E, false);
	assert_false(seen_is_dead(&the.s, E));
	the.s.members[E].is_revoked = true;
	assert_true(seen_is_dead(&the.s, E));
	the.s.members[E].is_revoked = the.s.members[E].is_secondary = false; /* by dead keys */
	the.s.members[E].state = MEMBER_RECOVERING;
	assert_true(seen_is_dead(&the.s, E));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(who_is_well_again_is_not_dead),
	    cmocka_unit_test(who_is_declared_dead_is_not_waited_for),
	    cmocka_unit_test(one_that_is_back_is_asked_once_a_process),
	    cmocka_unit_test(any_other_may_be_restarted),
	    cmocka_unit_test(by_whom_and_when_it_counts_as_dead),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
