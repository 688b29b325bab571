/* SPDX-License-Identifier: Apache-2.0 */
/* Whether any member may be restarted now, by anyone; progress; what is foretold. */
#include "lib/test.h"

#include "lib/plan_case.h"

static void whether_any_may_be_restarted_is_told_only_when_known(void **state)
{
	static const struct {
		const char *votes;                             /* NULL: nothing under way */
		unsigned disk[3][2], loaded[3][2], unknown_of; /* unknown_of: 1 + its index */
		int answer;
	} rows[] = {
	    {NULL, {{1}, {1}, {1}}, {{1}, {1}, {1}}, 0, RESTART_SAFE},
	    {"---", {{1, 2}, {1, 2}, {1}}, {{1, 2}, {1}, {1}}, 0, RESTART_SAFE},
	    {"yyy", {{2}, {1, 2}, {1, 2}}, {{1, 2}, {1, 2}, {1, 2}}, 0, RESTART_SAFE},
	    {"yyy", {{2}, {1, 2}, {1}}, {{1, 2}, {1, 2}, {1, 2}}, 0, RESTART_UNSAFE},
	    {"yy-", {{2}, {1, 2}, {1, 2}}, {{1, 2}, {1, 2}, {1, 2}}, 0, RESTART_UNSAFE},
	    {NULL, {{1}, {1}, {1}}, {{1}, {3}, {1}}, 0, RESTART_UNSAFE},
	    {NULL, {{1}, {1}, {1}}, {{1}, {1}, {1}}, 3, RESTART_UNKNOWN},
	    {NULL, {{9}, {1}, {1}}, {{1}, {1}, {1}}, 3, RESTART_UNSAFE},
	    {NULL, {{1}, {1}, {1}}, {{3}, {1}, {1}}, 0, RESTART_UNSAFE},
	    {NULL, {{1}, {1}, {1}}, {{1}, {1}, {1}}, 1, RESTART_UNKNOWN},
	};
	for (size_t r = 0; r < ARRAY_N(rows); r++) {
		case_begin(1);
		if (rows[r].votes)
			case_propose(&the.s, rows[r].votes);
		for (unsigned i = 0; i < 3; i++)
			case_rings(&the.s, i, ring_of(rows[r].disk[i][0], rows[r].disk[i][1]),
				   ring_of(rows[r].loaded[i][0], rows[r].loaded[i][1]));
		if (rows[r].unknown_of)
			the.s.members[rows[r].unknown_of - 1].statement =
			    (struct statement){.disk = {.is_known = false}};
		case_plan();
		if ((int)the.plan.restart_now != rows[r].answer)
			fail_msg("row %zu: %s", r, the.plan.restart_why);
		assert_true(the.plan.restart_why[0] != 0);
		if (rows[r].answer == RESTART_UNSAFE)
			assert_true(the.plan.needs_attention);
	}
}

static void one_that_is_away_is_named_where_a_restart_is_asked_about(void **state)
{
	case_begin(1);
	case_plan();
	assert_string_equal(the.plan.restart_why, "yes, all share key 1");
	the.s.members[2].hello.who = WITNESS_NONE;
	case_plan();
	assert_int_equal(the.plan.restart_now, RESTART_LATER);
	assert_non_null(strstr(the.plan.restart_why, "NO: the keys allow it"));
	assert_non_null(strstr(the.plan.restart_why, "with c:27017 away one more"));
	/* An arbiter's votes do not write, nor does it stop writes: two of three are up. */
	the.s.members[2].is_arbiter = true;
	case_plan();
	assert_int_equal(the.plan.restart_now, RESTART_LATER);
	the.s.members[2].is_arbiter = false;
	/* One without a vote takes no majority with it. */
	the.s.members[2].is_voter = false;
	case_plan();
	assert_string_equal(the.plan.restart_why, "yes, all share key 1");
	/* This host's own that is down has loaded nothing; its file counts. */
	the.s.process.is_alive = the.s.process.is_answering = false;
	the.s.process.loaded.is_known = false;
	case_plan();
	assert_int_equal(the.plan.restart_now, RESTART_SAFE);
	the.s.process.fact.who = WITNESS_NONE;
	case_plan();
	assert_int_equal(the.plan.restart_now, RESTART_UNKNOWN);
}

/* "Nothing is due" beside NOT SAFE would send people home. */
static void another_members_trouble_is_said_where_nothing_is_due(void **state)
{
	case_begin(1);
	case_rings(&the.s, 2, ring_of(9, 0), ring_of(1, 0));
	case_plan();
	assert_non_null(strstr(the.plan.reason, "NOT SAFE"));
	assert_non_null(strstr(the.plan.reason, "c:27017"));
	the.policy.mode = MODE_OBSERVE;
	case_plan();
	assert_null(strstr(the.plan.reason, "nothing begins"));
}

static void progress_counts_by_member(void **state)
{
	static const struct {
		const char *votes;
		unsigned disk[3][2], loaded[3][2], done[5];
	} rows[] = {
	    {"---", {{1}, {1}, {1}}, {{1}, {1}, {1}}, {0, 0, 0, 0, 0}},
	    {"-y-", {{1, 2}, {1, 2}, {1}}, {{1}, {1, 2}, {1}}, {2, 1, 1, 0, 0}},
	    {"yyy", {{1, 2}, {2}, {2}}, {{1, 2}, {1, 2}, {2}}, {3, 3, 3, 1, 0}},
	};
	for (size_t r = 0; r < ARRAY_N(rows); r++) {
		case_begin(1);
		case_propose(&the.s, rows[r].votes);
		for (unsigned i = 0; i < 3; i++)
			case_rings(&the.s, i, ring_of(rows[r].disk[i][0], rows[r].disk[i][1]),
				   ring_of(rows[r].loaded[i][0], rows[r].loaded[i][1]));
		case_plan();
		assert_int_equal(the.plan.steps_n, 5);
		for (unsigned i = 0; i < 5; i++) {
			assert_int_equal(the.plan.steps[i].done_n, rows[r].done[i]);
			assert_int_equal(the.plan.steps[i].of_n, 3);
			assert_int_equal(the.plan.steps[i].state == STEP_DONE,
					 rows[r].done[i] == 3);
		}
	}
	case_begin(1);
	case_plan();
	assert_int_equal(the.plan.steps_n, 0); /* nothing is under way */
	case_propose(&the.s, "yyn");
	case_plan();
	assert_int_equal(the.plan.steps_n, 0); /* it goes back */
}

/* The first that is under way is the one that is waited for. */
static void each_step_is_to_come_under_way_or_done(void **state)
{
	static const struct {
		const char *votes;
		unsigned disk[3][2], loaded[3][2];
		enum step_state states[5];
		bool is_held;
	} rows[] = {
	    {"---", {{1}, {1}, {1}}, {{1}, {1}, {1}}, {STEP_NOW}, false},
	    {"---", {{1}, {1}, {1}}, {{1}, {1}, {1}}, {STEP_WAITING}, true},
	    {"-y-",
	     {{1, 2}, {1, 2}, {1}},
	     {{1}, {1, 2}, {1}},
	     {STEP_WAITING, STEP_NOW, STEP_NOW},
	     false},
	    {"yyy",
	     {{1, 2}, {2}, {2}},
	     {{1, 2}, {1, 2}, {2}},
	     {STEP_DONE, STEP_DONE, STEP_DONE, STEP_NOW, STEP_TO_COME},
	     false},
	    {"yyy",
	     {{2}, {2}, {2}},
	     {{2}, {2}, {2}},
	     {STEP_DONE, STEP_DONE, STEP_DONE, STEP_DONE, STEP_WAITING},
	     false},
	    {"yyy",
	     {{2}, {2}, {2}},
	     {{2}, {2}, {1, 2}},
	     {STEP_DONE, STEP_DONE, STEP_DONE, STEP_WAITING, STEP_TO_COME},
	     false},
	};
	for (size_t r = 0; r < ARRAY_N(rows); r++) {
		case_begin(1);
		case_propose(&the.s, rows[r].votes);
		for (unsigned i = 0; i < 3; i++)
			case_rings(&the.s, i, ring_of(rows[r].disk[i][0], rows[r].disk[i][1]),
				   ring_of(rows[r].loaded[i][0], rows[r].loaded[i][1]));
		the.s.ledger.hold.is_on = rows[r].is_held;
		case_plan();
		for (unsigned i = 0; i < 5; i++)
			if (the.plan.steps[i].state != rows[r].states[i])
				fail_msg("row %zu, step %u: %d: %s", r, i,
					 (int)the.plan.steps[i].state, the.plan.reason);
	}
}

static void what_a_rotation_costs_is_foretold(void **state)
{
	case_begin(0);
	the.instance.drain_us = 2 * US_S;
	case_plan();
	assert_int_equal(the.plan.restarts_n, 6);
	assert_int_equal(the.plan.elections_n, 2);
	assert_int_equal(the.plan.failed_logins_n, 3);
	assert_int_equal(the.plan.seconds_foretold, 30);
	assert_false(the.plan.is_measured);
	the.instance.drain_us = -1; /* the server's own */
	case_plan();
	assert_int_equal(the.plan.seconds_foretold, 108);
	the.instance.drain_us = 0;
	case_plan();
	assert_int_equal(the.plan.seconds_foretold, 18);
	the.s.debts.turn_took_us = 17 * US_S; /* what it really takes here */
	case_plan();
	assert_int_equal(the.plan.seconds_foretold, 102);
	assert_true(the.plan.is_measured);
	/* A key stands by in the file and is loaded: one pass, save in an emergency. */
	the.s.anchor.standby = key_n(2);
	the.s.keyfile.ring.ids[the.s.keyfile.ring.n++] = key_n(2).id;
	case_plan();
	assert_int_equal(the.plan.restarts_n, 3);
	assert_int_equal(the.plan.elections_n, 1);
	case_order(&the.s, ORDER_KEYFILE);
	the.s.ledger.orders[0].urgency = URGENCY_EMERGENCY;
	case_plan();
	assert_int_equal(the.plan.restarts_n, 6);
	case_begin(0);
	the.s.members_n = 1; /* nobody to elect */
	case_plan();
	assert_int_equal(the.plan.elections_n, 0);
	the.s.members_n = 2;
	case_plan();
	assert_int_equal(the.plan.elections_n, 2);
}

static void a_turn_that_is_over_is_given_back_and_no_other(void **state)
{
	static const struct {
		enum claim_state state;
		unsigned holder;
		enum claim_purpose purpose;
		enum cert_stage stage;
		enum mode mode;
		bool is_released;
	} rows[] = {
	    {CLAIM_ACTING, 1, CLAIM_FOR_RESTART, CERT_STAGE_NONE, MODE_ACT, true},
	    {CLAIM_WAITING, 1, CLAIM_FOR_RESTART, CERT_STAGE_NONE, MODE_ACT, true},
	    /* A change of mode in the middle of a turn leaves no mark behind. */
	    {CLAIM_ACTING, 1, CLAIM_FOR_RESTART, CERT_STAGE_NONE, MODE_OBSERVE, true},
	    {CLAIM_WAITING, 1, CLAIM_FOR_RESTART, CERT_STAGE_NONE, MODE_OFF, true},
	    {CLAIM_ACTING, 1, CLAIM_FOR_CERTIFICATE, CERT_STAGE_STAGED, MODE_OBSERVE, true},
	    {CLAIM_ACTING, 2, CLAIM_FOR_RESTART, CERT_STAGE_NONE, MODE_OBSERVE, false},
	    {CLAIM_FREE, 1, CLAIM_FOR_RESTART, CERT_STAGE_NONE, MODE_OBSERVE, false},
	    {CLAIM_FREE, 1, CLAIM_FOR_RESTART, CERT_STAGE_NONE, MODE_ACT, false},
	    {CLAIM_ACTING, 2, CLAIM_FOR_RESTART, CERT_STAGE_NONE, MODE_ACT, false},
	    {CLAIM_ACTING, 1, CLAIM_FOR_CERTIFICATE, CERT_STAGE_NONE, MODE_ACT, true},
	    {CLAIM_ACTING, 1, CLAIM_FOR_CERTIFICATE, CERT_STAGE_STAGED, MODE_ACT, false},
	    {CLAIM_ACTING, 1, CLAIM_FOR_CERTIFICATE, CERT_STAGE_INSTALLED, MODE_ACT, false},
	    {CLAIM_ACTING, 1, CLAIM_FOR_CERTIFICATE, CERT_STAGE_GOING_BACK, MODE_ACT, false},
	};
	for (size_t r = 0; r < ARRAY_N(rows); r++) {
		case_begin(1);
		the.policy.mode = rows[r].mode;
		case_claim(&the.s, rows[r].state, rows[r].holder);
		the.s.ledger.claim.purpose = rows[r].purpose;
		the.s.certificate.stage = rows[r].stage;
		case_plan();
		if ((planned(ACT_RELEASE_CLAIM) != NULL) != rows[r].is_released)
			fail_msg("row %zu: %s", r, the.plan.reason);
	}
}

/* In doubt about the ledger nothing is written to it; and what is under way is first seen to its
 * end. */
/* With nothing under way nobody looks at what the process has loaded: a turn that is kept until
 * that is known is kept from the others for ever. */
static void a_turn_is_not_kept_for_a_process_that_nobody_looks_at(void **state)
{
	for (int row = 0; row < 3; row++) {
		case_begin(1);
		case_claim(&the.s, CLAIM_ACTING, 1);
		the.s.process.loaded.is_known = false;
		if (row == 1) /* under way: it is looked at, and keeps the turn */
			case_propose(&the.s, "---");
		the.s.job.is_open = the.s.job.is_running = row == 2;
		case_plan();
		if ((planned(ACT_RELEASE_CLAIM) != NULL) != (row == 0))
			fail_msg("row %d: %s", row, the.plan.reason);
	}
}

static void in_mode_observe_a_turn_is_given_back_only_when_it_is_safe(void **state)
{
	for (int row = 0; row < 4; row++) {
		case_begin(1);
		the.policy.mode = MODE_OBSERVE;
		case_claim(&the.s, CLAIM_ACTING, 1);
		the.s.job.is_open = the.s.job.is_running = row == 0;
		the.s.ledger.is_other_than_anchor = row == 1;
		the.s.ledger.is_unknown_protocol = row == 2;
		if (row == 3)
			the.s.ledger.fact.who = WITNESS_NONE;
		case_plan();
		if (the.plan.acts_n)
			fail_msg("row %d: %s", row, the.plan.reason);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(whether_any_may_be_restarted_is_told_only_when_known),
	    cmocka_unit_test(one_that_is_away_is_named_where_a_restart_is_asked_about),
	    cmocka_unit_test(another_members_trouble_is_said_where_nothing_is_due),
	    cmocka_unit_test(progress_counts_by_member),
	    cmocka_unit_test(each_step_is_to_come_under_way_or_done),
	    cmocka_unit_test(what_a_rotation_costs_is_foretold),
	    cmocka_unit_test(a_turn_that_is_over_is_given_back_and_no_other),
	    cmocka_unit_test(a_turn_is_not_kept_for_a_process_that_nobody_looks_at),
	    cmocka_unit_test(in_mode_observe_a_turn_is_given_back_only_when_it_is_safe),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
