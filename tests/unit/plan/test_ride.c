/* SPDX-License-Identifier: Apache-2.0 */
/* keyfile.rideAlong: turns wait for restarts that happen anyway, until the deadline of their pass
 * and no longer, and never where somebody needs the key now; by b's rotad. */
#include "lib/test.h"

#include "lib/plan_rows.h"
#include "lib/plan_toy.h"

enum { RIDE_D = 14 };
#define AGO(d) (CASE_NOW - (int64_t)(d)*US_DAY)

/* Generation 1 was proposed so many days ago; the files hold both keys, nobody was restarted. */
static void wide(struct seen *s, struct policy *p, int64_t days_ago)
{
	p->keyfile.ride_along_us = RIDE_D * US_DAY;
	case_propose(s, "---");
	s->ledger.proposal.head.at.us = AGO(days_ago);
	for (unsigned i = 0; i < 3; i++)
		case_rings(s, i, ring_of(1, 2), ring_of(1, 0));
}
/* All voted, the last of them so many days ago; the files hold the new key alone. */
static void narrow(struct seen *s, struct policy *p, int64_t proposed, int64_t voted)
{
	p->keyfile.ride_along_us = RIDE_D * US_DAY;
	case_propose(s, "yyy");
	s->ledger.proposal.head.at.us = AGO(proposed);
	for (unsigned i = 0; i < 3; i++) {
		case_rings(s, i, ring_of(2, 0), ring_of(1, 2));
		s->ledger.roll.votes[i].head.at.us = AGO(i == 2 ? voted : proposed);
	}
}
static void undone(struct seen *s, struct policy *p)
{
	wide(s, p, 1);
	case_propose(s, "--n");
	case_rings(s, 1, ring_of(1, 0), ring_of(1, 2));
	for (unsigned i = 0; i < 3; i += 2)
		case_rings(s, i, ring_of(1, 0), ring_of(1, 0));
}
/* Somebody restarted it. */
static void done(struct seen *s, unsigned i)
{
	case_rings(s, i, ring_of(1, 2), ring_of(1, 2));
	s->ledger.roll.votes[i].word = VOTE_YEA;
}
static void shut(struct policy *p)
{
	p->windows_n = 1; /* it is 08:00 UTC */
	p->windows[0] = (struct window){.days = 0x7f, .start_s = 2 * 3600, .for_us = US_H};
}

#define ROWS(X)                                                                                    \
	X(waits, "...", "",                                                                        \
	  "waits: restarts that come anyway: until 2027-01-28T08:00:00Z; 0 of 3 done. To end "   \
	  "the wait: rotactl rotate keyfile --emergency",                                          \
	  wide(s, p, 1))                                                                           \
	X(counts, "...", "", "; 2 of 3 done", wide(s, p, 1); done(s, 0); done(s, 2))               \
	X(counts_nobody_who_was_restarted_again, "...", "", "; 0 of 3 done", wide(s, p, 1);        \
	  case_rings(s, 0, ring_of(1, 2), ring_of(1, 2)); s->members[0].process_id[3] = 'x')       \
	X(counts_none_that_is_left_out, "...", "", "; 1 of 2 done", wide(s, p, 1); done(s, 0);     \
	  s->ledger.roll.is_without[2] = true)                                                     \
	X(who_is_done_says_for_what, "...", "",                                                    \
	  "b:27017 has voted for key 2; the others wait for restarts that happen anyway: until "   \
	  "2027-01-28T08:00:00Z; 1 of 3 done",                                                     \
	  wide(s, p, 1);                                                                           \
	  case_propose(s, "-y-"); s->ledger.proposal.head.at.us = AGO(1);                          \
	  case_rings(s, 1, ring_of(1, 2), ring_of(1, 2)))                                          \
	X(second_pass_waits, "...", "", "until 2027-01-26T08:00:00Z; 0 of 3 done",                 \
	  narrow(s, p, 9, 3))                                                                      \
	X(second_pass_ends, "take-claim", "", "turn", narrow(s, p, 20, 14))                        \
	X(second_pass_who_is_done, "...", "",                                                      \
	  "is done with key 1; the others wait for restarts that happen anyway: until",            \
	  narrow(s, p, 9, 3);                                                                      \
	  case_rings(s, 1, ring_of(2, 0), ring_of(2, 0)))                                          \
	X(vote_ahead_of_its_time, "...", "", "until 2027-02-04T08:00:00Z", narrow(s, p, 8, -3650)) \
	X(vote_ahead_and_the_time_is_over, "take-claim", "", "turn", narrow(s, p, 28, -3650))      \
	X(vote_before_its_proposal, "...", "", "until 2027-01-28T08:00:00Z",                       \
	  narrow(s, p, 1, 3650);                                                                   \
	  s->ledger.roll.votes[0].head.at.us = s->ledger.roll.votes[1].head.at.us = 1)             \
	X(vote_of_one_left_out, "take-claim", "", "turn", narrow(s, p, 20, 1);                     \
	  s->ledger.roll.is_without[2] = true; s->members[2].is_revoked = true;                    \
	  for (unsigned k = 0; k < 2; k++) s->ledger.roll.votes[k].head.at.us = AGO(14);           \
	  case_rings(s, 2, ring_of(2, 0), ring_of(2, 0)); case_proof(s, 2, 2, LOGIN_ACCEPTED))     \
	X(until_its_last_moment, "...", "", "until 2027-01-15T08:00:00Z", wide(s, p, RIDE_D);      \
	  s->ledger.proposal.head.at.us++)                                                         \
	X(deadline, "take-claim", "", "turn", wide(s, p, RIDE_D))                                  \
	X(deadline_and_the_window, "...", "", "waits: window", wide(s, p, RIDE_D); shut(p))        \
	X(before_the_window_is_named, "...", "", "waits: restarts that come", wide(s, p, 1);     \
	  shut(p))                                                                                 \
	X(held, "...", "", "!waits: hold", wide(s, p, 1); s->ledger.hold.is_on = true)             \
	X(no, "take-claim", "", "turn", wide(s, p, 1); p->keyfile.ride_along_us = 0)               \
	X(urgent, "take-claim", "", "turn", wide(s, p, 1);                                         \
	  s->ledger.terms.urgency = URGENCY_URGENT)                                                \
	X(emergency, "take-claim", "", "turn", wide(s, p, 1);                                      \
	  s->ledger.terms.urgency = URGENCY_EMERGENCY)                                             \
	X(an_emergency_that_comes_later_is_none_yet, "...", "", "come anyway", wide(s, p, 1);    \
	  case_order(s, ORDER_KEYFILE); s->ledger.orders[0].urgency = URGENCY_EMERGENCY)           \
	X(a_turn_goes_on, "claim-acting", "", "takes its turn", wide(s, p, 1);                     \
	  case_claim(s, CLAIM_WAITING, 1))                                                         \
	X(a_turn_that_acts_goes_on, "restart", "", "restarted", wide(s, p, 1);                     \
	  case_claim(s, CLAIM_ACTING, 1))                                                          \
	X(a_turn_of_another, "...", "", "come anyway", wide(s, p, 1);                            \
	  case_claim(s, CLAIM_ACTING, 2))                                                          \
	X(the_way_back_does_not_wait, "take-claim", "", "turn", undone(s, p))                      \
	X(isolated, "take-claim", "", "!turn", narrow(s, p, 9, 3);                                 \
	  case_rings(s, 1, ring_of(2, 0), ring_of(1, 0));                                          \
	  for (unsigned k = 0; k < 3; k += 2) case_rings(s, k, ring_of(2, 0), ring_of(2, 0)))      \
	X(declared_dead_and_back, "take-claim", "", "turn", wide(s, p, 1);                         \
	  s->ledger.roll.is_without[1] = true)                                                     \
	X(clock_is_wrong, "...", "clock-jumped", "!until when cannot be told: ten years",          \
	  wide(s, p, 3650);                                                                        \
	  s->is_clock_sane = false; cut_z(s->clock_why, sizeof(s->clock_why), "ten years"))        \
	X(proposed_in_five_minutes, "...", "", "until 2027-01-29T08:05:00Z", wide(s, p, 0);        \
	  s->ledger.proposal.head.at.us = CASE_NOW + CLOCK_SKEW_MAX_S * US_S)                      \
	X(proposed_in_times_to_come, "take-claim", "", "turn", wide(s, p, 0);                      \
	  s->ledger.proposal.head.at.us = CASE_NOW + CLOCK_SKEW_MAX_S * US_S + 1)

ROWS(PLAN_ROW_SET)

static void turns_wait_as_their_rows_say(void **state)
{
	static const struct plan_row rows[] = {ROWS(PLAN_ROW)};
	plan_rows_check(rows, ARRAY_N(rows), 1);
}

static void it_looks_again_soon_and_at_the_deadline(void **state)
{
	case_begin(1);
	wide(&the.s, &the.policy, 1);
	case_plan();
	assert_int_equal(the.plan.wake_at.us - CASE_NOW, 2 * US_S);
	the.s.ledger.proposal.head.at.us = CASE_NOW - RIDE_D * US_DAY + US_S;
	case_plan();
	assert_int_equal(the.plan.wake_at.us - CASE_NOW, US_S);
	the.policy.keyfile.ride_along_us = 0;
	shut(&the.policy);
	case_plan();
	assert_int_equal(the.plan.wake_at.us - CASE_NOW, US_S / 4);
}

static void its_step_says_until_when(void **state)
{
	case_begin(1);
	wide(&the.s, &the.policy, 1);
	case_plan();
	assert_int_equal(the.plan.steps[1].state, STEP_WAITING);
	assert_string_equal(the.plan.steps[1].note, "until 2027-01-28T08:00:00Z");
	case_begin(1);
	narrow(&the.s, &the.policy, 9, 3);
	case_plan();
	assert_int_equal(the.plan.steps[3].state, STEP_WAITING);
	assert_string_equal(the.plan.steps[3].note, "until 2027-01-26T08:00:00Z");
	/* A file that is not written waits for something else. */
	case_begin(1);
	wide(&the.s, &the.policy, 1);
	the.s.ledger.hold.is_on = true;
	case_rings(&the.s, 1, ring_of(1, 0), ring_of(1, 0));
	case_plan();
	assert_int_equal(the.plan.steps[0].state, STEP_WAITING);
	assert_string_equal(the.plan.steps[0].note, "");
}

/* Days in which nothing moves are what was asked for; what holds up the others is told by itself.
 */
static void nobody_is_called_while_it_waits(void **state)
{
	static const struct {
		int64_t ride_us;
		bool is_told;
	} rows[] = {{RIDE_D * US_DAY, false}, {0, true}};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		case_begin(1);
		wide(&the.s, &the.policy, 1);
		done(&the.s, 1);
		case_propose(&the.s, "-y-");
		the.s.ledger.proposal.head.at.us = AGO(1);
		the.policy.keyfile.ride_along_us = rows[i].ride_us;
		the.s.moved_at.us = AGO(1);
		for (unsigned k = 0; k < 3; k++)
			the.s.members[k].statement_moved.us = CASE_NOW - 10 * US_MIN;
		case_plan();
		assert_int_equal(told("rotation-waiting") != NULL, rows[i].is_told);
		assert_int_equal(strstr(the.plan.reason, "does it run?") != NULL, rows[i].is_told);
	}
	/* One whose rotad does not speak any more. */
	the.policy.keyfile.ride_along_us = RIDE_D * US_DAY;
	the.s.members[2].statement_moved.us = CASE_NOW - US_H;
	case_plan();
	assert_non_null(told("member-without-rotad"));
}

static void a_key_is_due_so_much_earlier_that_it_is_gone_at_max_age(void **state)
{
	static const struct {
		int64_t age_d, stands_by_d;
		bool is_due;
	} rows[] = {{61, -1, false}, {62, -1, true}, {61, 37, false}, {61, 38, true}};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		case_begin(0);
		case_shared(&the.s);
		the.policy.keyfile.max_age_us = 90 * US_DAY;
		the.policy.keyfile.ride_along_us = RIDE_D * US_DAY;
		the.s.keyfile.born.us = AGO(rows[i].age_d);
		if (rows[i].stands_by_d >= 0) {
			the.s.anchor.standby = key_n(2);
			the.s.anchor.standby_born.us = AGO(rows[i].stands_by_d);
		}
		case_plan();
		if ((planned(ACT_PROPOSE) != NULL) != rows[i].is_due)
			fail_msg("row %zu: %s", i, the.plan.reason);
		if (rows[i].is_due)
			assert_non_null(strstr(planned_get(ACT_PROPOSE)->reason, "less rideAlong"));
	}
}

/* ---- the whole rotation ---- */

static bool files_are(unsigned first, unsigned second)
{
	const struct toy_ring want = {.n = second ? 2 : 1, .keys = {first, second}};
	for (unsigned i = 0; i < toy.w.n; i++)
		if (!toy_same(&toy.w.m[i].disk, &want))
			return false;
	return toy.w.has_proposal;
}
/* A person restarts the members, one after the other; the primary hands over first. */
static void patch_all(void)
{
	for (unsigned i = 0; i < toy.w.n; i++) {
		if (toy.w.primary == (int)i)
			toy.w.primary = (int)((i + 1) % toy.w.n);
		toy.w.now_us += US_S;
		toy_start(i);
		for (unsigned k = 0; k < 20; k++)
			(void)toy_run(1);
	}
}

static void who_is_restarted_anyway_is_restarted_by_nobody_else(void **state)
{
	toy_begin(3);
	toy.policy.keyfile.ride_along_us = US_H;
	for (int i = 0; i < 200; i++)
		(void)toy_run(1);
	assert_string_equal(toy.broken, "");
	assert_true(files_are(1, 2));
	assert_int_equal(toy.w.acts[ACT_TAKE_CLAIM], 0);
	patch_all();
	assert_true(files_are(2, 0));
	assert_int_equal(toy.w.acts[ACT_VOTE], 3);
	patch_all();
	assert_true(toy_run(200) <= 200);
	assert_string_equal(toy.broken, "");
	assert_int_equal(toy.w.restarts, 0);
	assert_int_equal(toy.w.acts[ACT_TAKE_CLAIM], 0);
	assert_true(toy.w.roll.closure.is_carried);
}

static void what_nobody_restarted_is_restarted_in_turn_after_each_deadline(void **state)
{
	int64_t began;
	toy_begin(3);
	toy.policy.keyfile.ride_along_us = US_MIN;
	began = toy.w.now_us;
	assert_true(toy_run(2000) <= 2000);
	assert_string_equal(toy.broken, "");
	assert_int_equal(toy.w.restarts, 6);
	assert_true(toy.w.now_us - began >= 2 * US_MIN);
}

static void an_emergency_ends_the_wait(void **state)
{
	toy_begin(3);
	toy.policy.keyfile.ride_along_us = 14 * US_DAY;
	for (int i = 0; i < 200; i++)
		(void)toy_run(1);
	assert_int_equal(toy.w.restarts, 0);
	for (unsigned i = 0; i < 3; i++)
		toy.eyes[i].ledger.terms.urgency = URGENCY_EMERGENCY;
	assert_true(toy_run(800) <= 800);
	assert_string_equal(toy.broken, "");
	assert_int_equal(toy.w.restarts, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(turns_wait_as_their_rows_say),
	    cmocka_unit_test(it_looks_again_soon_and_at_the_deadline),
	    cmocka_unit_test(its_step_says_until_when),
	    cmocka_unit_test(nobody_is_called_while_it_waits),
	    cmocka_unit_test(a_key_is_due_so_much_earlier_that_it_is_gone_at_max_age),
	    cmocka_unit_test(who_is_restarted_anyway_is_restarted_by_nobody_else),
	    cmocka_unit_test(what_nobody_restarted_is_restarted_in_turn_after_each_deadline),
	    cmocka_unit_test(an_emergency_ends_the_wait),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
