/* SPDX-License-Identifier: Apache-2.0 */
/* Whom a rotation waits for: named in the reason and told, and silence where all is on course; by
 * b's rotad. */
#include "lib/test.h"

#include "lib/plan_rows.h"

static void away(struct seen *s, unsigned i, int64_t since_s)
{
	s->members[i].hello = s->members[i].status = (struct fact){.who = WITNESS_NONE};
	s->members[i].silent_since.us = CASE_NOW - since_s * US_S;
	cut_z(s->members[i].why, sizeof(s->members[i].why), "connection refused");
}
/* b has voted and waits for c. */
static void voted(struct seen *s)
{
	case_propose(s, "yy-");
	for (unsigned i = 0; i < 3; i++)
		case_rings(s, i, ring_of(1, 2), ring_of(1, i == 2 ? 0 : 2));
	for (unsigned i = 0; i < 3; i++)
		s->members[i].statement_moved.us = CASE_NOW - 16 * US_S;
}
static void stated(struct seen *s, unsigned i, unsigned generation)
{
	s->members[i].statement.generation = generation;
}
/* The ledger's next read after an order that was refused: a window that is shut. */
static void shut(struct policy *p)
{
	p->windows_n = 1;
	p->windows[0] = (struct window){.days = 0x7f, .start_s = 2 * 3600, .for_us = US_H};
}

#define ROWS(X)                                                                                    \
	X(waits_for_c, "...", "", "waits for c:27017 (2 of 3)", voted(s))                          \
	X(c_is_away, "...", "member-unreachable", "waits for c:27017 (it does not answer)",        \
	  voted(s);                                                                                \
	  away(s, 2, 10))                                                                          \
	X(c_is_away_for_a_moment, "...", "", "waits for c:27017 (it does not answer)", voted(s);   \
	  away(s, 2, 9))                                                                           \
	X(c_is_away_for_its_turn, "...", "", "(it is away for its turn)", voted(s);                \
	  away(s, 2, 99); case_claim(s, CLAIM_ACTING, 2))                                          \
	X(c_is_away_and_waits_for_its_turn, "...", "member-unreachable", "(it does not answer)",   \
	  voted(s);                                                                                \
	  away(s, 2, 99); case_claim(s, CLAIM_WAITING, 2))                                         \
	X(c_has_no_rotad, "...", "member-without-rotad", "c:27017 (its rotad was last heard",      \
	  voted(s);                                                                                \
	  stated(s, 2, 0))                                                                         \
	X(c_says_why, "...", "", "c:27017 (its rotad says: it refused to step down)", voted(s);    \
	  s->members[2].statement.is_rehearsed = false;                                            \
	  cut_z(s->members[2].statement.findings, 64, "it refused to step down"))                  \
	X(c_is_named_before_a_who_waits_too, "...", "member-without-rotad",                        \
	  "waits for c:27017 (its rotad was last heard", voted(s);                                 \
	  s->ledger.roll.votes[0].word = VOTE_NONE; stated(s, 2, 0))                               \
	X(a_is_named_where_all_is_on_course, "...", "", "waits for a:27017 (1 of 3)", voted(s);    \
	  s->ledger.roll.votes[0].word = VOTE_NONE)                                                \
	X(c_is_not_done_and_away, "...", "member-unreachable",                                     \
	  "!is done with key 1; waits for c:27017 (it does not answer)", voted(s);                 \
	  s->ledger.roll.votes[2].word = VOTE_YEA; case_rings(s, 1, ring_of(2, 0), ring_of(2, 0)); \
	  away(s, 2, 99))                                                                          \
	X(c_has_not_noticed_yet, "...", "", "waits for c:27017 (2 of 3)", voted(s);                \
	  stated(s, 2, 0); s->members[1].statement_moved.us = CASE_NOW - 15 * US_S)                \
	X(c_stops_midway, "...", "", "c:27017 (its rotad was last heard", voted(s);                \
	  s->moved_at.us = s->members[2].statement_moved.us = CASE_NOW - 61 * US_S)                \
	X(c_waits_for_anothers_turn, "...", "", "waits for c:27017 (2 of 3)", voted(s);            \
	  s->moved_at.us = s->members[2].statement_moved.us = CASE_NOW - 61 * US_S;                \
	  case_claim(s, CLAIM_ACTING, 0))                                                          \
	X(c_moves_on_time, "...", "", "waits for c:27017 (2 of 3)", voted(s);                      \
	  s->moved_at.us = CASE_NOW - 60 * US_S;                                                   \
	  s->members[2].statement_moved.us = CASE_NOW - 61 * US_S)                                 \
	X(c_speaks_on_time, "...", "", "waits for c:27017 (2 of 3)", voted(s);                     \
	  s->moved_at.us = CASE_NOW - 61 * US_S;                                                   \
	  s->members[2].statement_moved.us = CASE_NOW - 60 * US_S)                                 \
	X(c_moves_since_nobody_knows, "...", "", "waits for c:27017 (2 of 3)", voted(s);           \
	  s->members[2].statement_moved.us = CASE_NOW - 61 * US_S)                                 \
	X(c_waits_for_one_that_left, "...", "", "c:27017 (its rotad was last heard", voted(s);     \
	  s->moved_at.us = s->members[2].statement_moved.us = CASE_NOW - 61 * US_S;                \
	  case_claim(s, CLAIM_WAITING, 0); s->ledger.is_claim_stale = true)                        \
	X(c_waits_for_one_that_waits, "...", "", "waits for c:27017 (2 of 3)", voted(s);           \
	  s->moved_at.us = s->members[2].statement_moved.us = CASE_NOW - 61 * US_S;                \
	  case_claim(s, CLAIM_WAITING, 0))                                                         \
	X(a_is_away, "...", "member-unreachable",                                                  \
	  "waits for a:27017 (it does not answer) (2 of 3)", voted(s);                             \
	  s->ledger.roll.votes[0].word = VOTE_NONE; s->ledger.roll.votes[2].word = VOTE_YEA;       \
	  away(s, 0, 99))                                                                          \
	X(c_spoke_half_an_hour_ago, "...", "", "waits for c:27017 (2 of 3)", voted(s);             \
	  s->members[2].statement_moved.us = CASE_NOW - 30 * US_MIN)                               \
	X(c_spoke_over_half_an_hour_ago, "...", "member-without-rotad", "does it run?)", voted(s); \
	  s->members[2].statement_moved.us = CASE_NOW - 30 * US_MIN - 1)                           \
	X(stands_still_by_its_window_and_more, "...", "rotation-waiting", "!the key would change", \
	  case_propose(s, "---");                                                                  \
	  shut(p); cut_z(s->process.pending, 64, "mongod.conf");                                   \
	  case_rings(s, 1, ring_of(1, 2), ring_of(1, 0)); s->moved_at.us = CASE_NOW - 5 * US_H)    \
	X(stands_still_by_a_freeze, "...", "", "freeze", case_propose(s, "---"); p->freezes_n = 1; \
	  p->freezes[0] =                                                                          \
	      (struct freeze){.from_day = CASE_NOW / US_DAY, .until_day = CASE_NOW / US_DAY};      \
	  case_rings(s, 1, ring_of(1, 2), ring_of(1, 0)); s->moved_at.us = CASE_NOW - 5 * US_H)    \
	X(c_spoke_a_moment_ago, "...", "", "waits for c:27017 (2 of 3)", voted(s);                 \
	  s->moved_at.us = CASE_NOW - 61 * US_S)                                                   \
	X(c_never_spoke, "...", "member-without-rotad", "c:27017 (its rotad was never heard",      \
	  voted(s);                                                                                \
	  s->members[2].has_statement = false)                                                     \
	X(c_says_nothing_for_long, "...", "member-without-rotad", "does it run?)", voted(s);       \
	  s->members[2].statement_moved.us = CASE_NOW - 31 * US_MIN)                               \
	X(c_is_away_with_its_rotad, "...", "member-unreachable", "(it does not answer)", voted(s); \
	  stated(s, 2, 0); away(s, 2, 99))                                                         \
	X(idle_and_c_is_away, "...", "", "Nothing is due", away(s, 2, 99))                         \
	X(idle_and_no_rotad, "...", "", "Nothing is due", s->members[2].has_statement = false)     \
	X(ordered_and_c_is_away, "...", "member-unreachable", "'c:27017' does not answer",         \
	  case_order(s, ORDER_KEYFILE);                                                            \
	  away(s, 2, 99))                                                                          \
	X(ordered_and_only_looks, "", "", "Nothing is planned", case_order(s, ORDER_KEYFILE);      \
	  p->mode = MODE_OBSERVE; away(s, 2, 99))                                                  \
	X(moves, "...", "", "waits for c", voted(s); s->moved_at.us = CASE_NOW - 30 * US_MIN)      \
	X(stands_still, "...", "rotation-waiting", "waits for c", voted(s);                        \
	  s->moved_at.us = CASE_NOW - 31 * US_MIN)                                                 \
	X(stands_still_by_its_lag, "...", "rotation-waiting", "lag", case_propose(s, "---");       \
	  case_rings(s, 1, ring_of(1, 2), ring_of(1, 0)); s->members[1].lag_us = US_H;             \
	  s->moved_at.us = CASE_NOW - 31 * US_MIN)                                                 \
	X(stands_still_by_its_window, "...", "", "window", case_propose(s, "---"); shut(p);        \
	  case_rings(s, 1, ring_of(1, 2), ring_of(1, 0)); s->moved_at.us = CASE_NOW - 5 * US_H)    \
	X(refused_start, "...", "rotation-refused", "allowDowntime", case_order(s, ORDER_KEYFILE); \
	  s->members[2].is_arbiter = true; s->members[2].is_secondary = false)                     \
	X(refused_start_is_told_by_its_maker, "...", "", "!allowDowntime",                         \
	  case_order(s, ORDER_KEYFILE);                                                            \
	  s->ledger.orders[0].head.from = spki_n(0);                                               \
	  s->ledger.orders[0].head.at.us = CASE_NOW - US_H; s->members[2].is_arbiter = true;       \
	  s->members[2].is_secondary = false)                                                      \
	X(is_not_ready_itself, "...", "rehearsal-failed", "all rehearsed: 'b:27017'",              \
	  case_order(s, ORDER_KEYFILE);                                                            \
	  s->ledger.orders[0].head.from = spki_n(0);                                               \
	  s->is_rehearsed = s->members[1].statement.is_rehearsed = false;                          \
	  cut_z(s->rehearsal, 64, "mongod.conf was changed");                                      \
	  cut_z(s->members[1].statement.findings, 64, s->rehearsal))                               \
	X(is_not_ready_and_idle, "...", "", "Nothing is due",                                      \
	  s->is_rehearsed = s->members[1].statement.is_rehearsed = false;                          \
	  cut_z(s->rehearsal, 64, "mongod.conf was changed");                                      \
	  cut_z(s->members[1].statement.findings, 64, s->rehearsal))                               \
	X(start_waits_for_its_window, "...", "", "window", case_order(s, ORDER_KEYFILE); shut(p))  \
	X(first_in_turn_is_away, "...", "member-unreachable", "waits", case_propose(s, "---");     \
	  case_rings(s, 1, ring_of(1, 2), ring_of(1, 0)); s->members[2].is_hidden = true;          \
	  away(s, 2, 99))                                                                          \
	X(rolled_back, "...", "turn-rolled-back", "hold", case_propose(s, "---");                  \
	  s->debts.rolled_back_at.us = 1; s->ledger.hold.is_on = true;                             \
	  cut_z(s->debts.rolled_back_why, 64, "mongod ended with code 1"))                         \
	X(refused_step_down, "...", "step-down-refused", "nothing owed", case_propose(s, "y-y");   \
	  case_rings(s, 0, ring_of(1, 2), ring_of(1, 2));                                          \
	  case_rings(s, 1, ring_of(1, 2), ring_of(1, 0));                                          \
	  case_rings(s, 2, ring_of(1, 2), ring_of(1, 2)); s->members[0].is_primary = false;        \
	  s->members[0].is_secondary = true; s->members[1].is_primary = true;                      \
	  s->members[1].is_secondary = false; s->debts.step_down_refused_at.us = CASE_NOW - US_S;  \
	  s->debts.step_down_took_us = 2 * US_S;                                                   \
	  cut_z(s->debts.step_down_why, 64, "No electable secondaries caught up"))

ROWS(PLAN_ROW_SET)

static void who_is_waited_for_is_named_and_told(void **state)
{
	static const struct plan_row rows[] = {ROWS(PLAN_ROW)};
	plan_rows_check(rows, ARRAY_N(rows), 1);
}

static void what_it_tells_has_the_cause_in_it(void **state)
{
	case_begin(1);
	set_refused_step_down(&the.s, &the.policy, &the.instance);
	case_plan();
	const struct event *e = told_get("step-down-refused");
	assert_non_null(strstr(e->what, "after 2.0 s"));
	assert_non_null(strstr(e->what, "No electable"));
	assert_true(the.plan.needs_attention);
	char before[sizeof(e->headline)];
	cut_z(before, sizeof(before), e->headline);
	/* The same words for as long as it rests: it is told once. */
	the.s.now.us += 5 * US_MIN;
	case_plan();
	assert_string_equal(told_get("step-down-refused")->headline, before);

	case_begin(1);
	set_rolled_back(&the.s, &the.policy, &the.instance);
	case_plan();
	e = told_get("turn-rolled-back");
	assert_non_null(strstr(e->what, "mongod ended with code 1"));
	assert_non_null(strstr(e->now, "SECONDARY"));
	assert_non_null(strstr(e->you, "rotactl resume"));

	case_begin(1);
	set_c_is_away(&the.s, &the.policy, &the.instance);
	case_plan();
	assert_non_null(strstr(told_get("member-unreachable")->what, "connection refused"));
	assert_string_equal(told_get("member-unreachable")->subject, "c:27017");
}

/* Before, between and after the votes the same trouble has another way out; `abort` is named
 * exactly where it is taken. */
#define WAY_ROWS(X)                                                                                \
	X(member, "member-unreachable", away(s, 2, 99))                                            \
	X(rotad, "member-without-rotad", s->members[2].has_statement = false)                      \
	X(still, "rotation-waiting", s->moved_at.us = CASE_NOW - 31 * US_MIN; away(s, 2, 5))       \
	X(rolled_back, "turn-rolled-back", s->debts.rolled_back_at.us = 1;                         \
	  s->ledger.hold.is_on = true)
#define WAY_SET(name, event, ...)                                                                  \
	static void way_##name(struct seen *s)                                                     \
	{                                                                                          \
		__VA_ARGS__;                                                                       \
	}
#define WAY_ROW(name, event, ...) {#name, event, way_##name},
WAY_ROWS(WAY_SET)

static void abort_is_advised_exactly_while_it_is_taken(void **state UNUSED)
{
	static const struct {
		const char *name, *event;
		void (*set)(struct seen *s);
	} troubles[] = {WAY_ROWS(WAY_ROW)};
	static const struct {
		const char *votes, *says;
		bool has_abort, is_dead;
	} states[] = {
	    {"---", "To give the rotation up instead: rotactl abort", true, false},
	    {"yy-", "To give the rotation up instead: rotactl abort", true, false},
	    {"yyy", "It can only go on, not back: all have voted for key 2", false, false},
	    {"yyn", "It was given up already; this is the way back to key 1", false, true},
	};
	for (size_t i = 0; i < ARRAY_N(troubles); i++)
		for (size_t k = 0; k < ARRAY_N(states); k++) {
			print_message("%s, %s\n", troubles[i].name, states[k].votes);
			case_begin(1);
			case_propose(&the.s, states[k].votes);
			for (unsigned m = 0; m < 3; m++)
				case_rings(&the.s, m,
					   states[k].is_dead ? ring_of(1, 0) : ring_of(1, 2),
					   ring_of(1, states[k].is_dead && m < 2 ? 0 : 2));
			troubles[i].set(&the.s);
			case_plan();
			const struct event *e = told_get(troubles[i].event);
			assert_non_null(strstr(e->you, states[k].says));
			assert_int_equal(strstr(e->you, "abort") != NULL, states[k].has_abort);
		}
}

static void what_was_not_ordered_cannot_be_withdrawn(void **state UNUSED)
{
	case_begin(0); /* the first member proposes what is due by age */
	set_refused_start(&the.s, &the.policy, &the.instance);
	case_plan();
	assert_non_null(strstr(told_get("rotation-refused")->you,
			       " To withdraw the order instead: rotactl abort"));
	the.s.ledger.orders_n = 0;
	the.policy.keyfile.max_age_us = 90 * US_DAY;
	the.s.keyfile.born.us = CASE_NOW - 400 * US_DAY;
	case_plan();
	const struct event *e = told_get("rotation-refused");
	assert_null(strstr(e->you, "abort"));
	assert_int_equal(e->you[strlen(e->you) - 1], '.');
}

static void idle_the_gates_tell_whether_a_rotation_could_begin(void **state)
{
	case_begin(1);
	case_plan();
	assert_string_equal(the.plan.gates_for, GATES_FOR_START);
	the.s.others.at.us = 0; /* nobody looks for others while nothing begins */
	case_plan();
	assert_int_equal(gate_get("other users of the key")->verdict, GATE_PASS);
	assert_false(the.plan.wants_others);
	assert_int_equal(gate_get("majority writes go on")->verdict, GATE_PASS);
	assert_false(the.plan.needs_attention);
	the.s.members[2].is_arbiter = true;
	the.s.members[2].is_secondary = false;
	case_plan();
	assert_int_equal(gate_get("majority writes go on")->verdict, GATE_REFUSE);
	assert_false(the.plan.is_waiting);
	assert_false(the.plan.needs_attention);
	/* Nothing is told by one that only looks, and nothing of gates once it is under way. */
	the.policy.mode = MODE_OBSERVE;
	case_plan();
	assert_int_equal(the.plan.gates_n, 0);
	case_begin(1);
	voted(&the.s);
	case_plan();
	assert_string_equal(the.plan.gates_for, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(who_is_waited_for_is_named_and_told),
	    cmocka_unit_test(what_it_tells_has_the_cause_in_it),
	    cmocka_unit_test(abort_is_advised_exactly_while_it_is_taken),
	    cmocka_unit_test(what_was_not_ordered_cannot_be_withdrawn),
	    cmocka_unit_test(idle_the_gates_tell_whether_a_rotation_could_begin),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
