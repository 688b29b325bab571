/* SPDX-License-Identifier: Apache-2.0 */
/* The whole rotation, walked by the planners of three hosts on a toy world. ROTAD_TEST_SEEDS=N
 * walks N random interleavings instead of a few. */
#include "lib/test.h"

#include <stdlib.h>

#include "lib/plan_toy.h"

enum { BOUND = 800, STEPS = 20000 };

static unsigned seeds(unsigned by_default)
{
	const char *n = getenv("ROTAD_TEST_SEEDS");
	return n ? (unsigned)strtoul(n, NULL, 10) : by_default;
}

static void assert_unbroken(uint64_t seed)
{
	if (toy.broken[0])
		fail_msg("seed %llu: %s", (unsigned long long)seed, toy.broken);
}

/* Why does nothing more happen? */
static void assert_ended(unsigned took, unsigned bound, uint64_t seed)
{
	assert_unbroken(seed);
	if (took > bound)
		fail_msg("seed %llu: not over: a: %s | b: %s | c: %s | d: %s",
			 (unsigned long long)seed, toy.plans[0].reason, toy.plans[1].reason,
			 toy.plans[2].reason, toy.w.n > 3 ? toy.plans[3].reason : "");
}

static void assert_all_hold(unsigned key)
{
	for (unsigned i = 0; i < toy.w.n; i++) {
		const struct toy_member *m = &toy.w.m[i];
		assert_int_equal(m->disk.n, 1);
		assert_int_equal(m->disk.keys[0], key);
		assert_int_equal(m->loaded.n, 1);
		assert_int_equal(m->loaded.keys[0], key);
	}
}

static void a_rotation_ends_with_six_restarts_two_elections_and_three_refused_logins(void **state)
{
	toy_begin(3);
	assert_ended(toy_run(BOUND), BOUND, 0);
	assert_all_hold(2);
	assert_int_equal(toy.w.restarts, 6);
	assert_int_equal(toy.w.elections, 2);
	assert_int_equal(toy.w.refusals, 3);
	assert_int_equal(toy.w.acts[ACT_PUT_KEYFILE], 6);
	assert_int_equal(toy.w.acts[ACT_VOTE], 3);
	assert_int_equal(toy.w.acts[ACT_PROPOSE], 1);
	assert_int_equal(toy.w.acts[ACT_RETIRE], 3);
	/* Nothing is left to do. */
	unsigned before = toy.w.acts_all - toy.w.acts[ACT_PUBLISH_STATEMENT];
	for (int i = 0; i < 20; i++)
		(void)toy_run(1);
	assert_int_equal(toy.w.acts_all - toy.w.acts[ACT_PUBLISH_STATEMENT], before);
}

static void any_interleaving_keeps_the_invariants_and_ends(void **state)
{
	for (uint64_t seed = 1; seed <= seeds(8); seed++) {
		toy_begin(3);
		assert_ended(toy_run_mixed(seed, STEPS), STEPS, seed);
		assert_all_hold(2);
		assert_int_equal(toy.w.restarts, 6);
		assert_int_equal(toy.w.acts[ACT_PROPOSE], 1);
	}
}

static void acts_that_are_recorded_and_not_done_only_cost_time(void **state)
{
	for (uint64_t seed = 1; seed <= seeds(6); seed++) {
		toy_begin(3);
		toy.w.drop_ppm = 300000;
		assert_ended(toy_run_mixed(seed, STEPS), STEPS, seed);
		assert_all_hold(2);
		assert_int_equal(toy.w.restarts, 6);
	}
}

/* A person gives nays for all that have not voted. */
static bool abort_now(void)
{
	bool any = false;
	for (unsigned i = 0; i < toy.w.n; i++)
		if (toy.w.has_proposal && toy.w.roll.votes[i].word == VOTE_NONE) {
			toy.w.roll.votes[i].word = VOTE_NAY;
			any = true;
		}
	toy.w.roll_rev++;
	return any;
}

static void an_aborted_rotation_is_undone_and_its_key_is_burnt(void **state)
{
	for (uint64_t seed = 1; seed <= seeds(6); seed++) {
		unsigned when = 10 + (unsigned)seed * 37 % 300;
		toy_begin(3);
		if (toy_run_mixed(seed, when) <= when || !toy.w.has_proposal || !abort_now())
			continue;
		assert_ended(toy_run_mixed(seed, STEPS), STEPS, seed);
		assert_all_hold(1);
		assert_false(toy.w.roll.closure.is_carried);
		for (unsigned i = 0; i < 3; i++) {
			assert_int_equal(toy.w.m[i].anchor.retired[0].number, 2);
			assert_int_equal(toy.w.m[i].anchor.pivot.number, 1);
		}
		assert_int_equal(toy.w.refusals, 0);
	}
}

static void after_an_undone_rotation_the_next_one_uses_another_key(void **state)
{
	toy_begin(3);
	while (!(toy.w.has_proposal && toy.w.restarts > 1))
		(void)toy_run(1);
	assert_true(abort_now());
	assert_ended(toy_run(BOUND), BOUND, 0);
	toy.w.order.id = token_n(8);
	for (int i = 0; i < 20; i++)
		(void)toy_run(1);
	assert_int_equal(toy.w.proposal.generation, 2);
	assert_int_equal(toy.w.proposal.next.number, 3);
	assert_ended(toy_run(BOUND), BOUND, 0);
	while (toy.w.m[0].anchor.retired_n + toy.w.m[1].anchor.retired_n +
		       toy.w.m[2].anchor.retired_n <
		   6 &&
	       !toy.broken[0] && toy.w.now_us < CASE_NOW + US_H)
		(void)toy_run(1);
	assert_unbroken(0);
	assert_all_hold(3);
}

static void rolls_back(bool forgets)
{
	toy_begin(3);
	toy.w.forgets = forgets;
	toy.w.m[1].is_broken_by_two = true; /* it is the first in turn */
	assert_int_equal(toy_run(150), 151);
	assert_unbroken(0);
	assert_int_equal(toy.w.acts[ACT_ROLL_BACK], 1);
	assert_true(toy.w.m[1].is_up);
	assert_int_equal(toy.w.m[1].disk.n, 1);
	assert_int_equal(toy.w.m[1].loaded.keys[0], 1);
	assert_true(toy.w.hold.is_on);
	assert_int_equal(toy.w.restarts, 2);
	assert_int_equal(toy.w.claim.state, CLAIM_FREE);
	/* Mended and resumed: it goes on to the end. */
	toy.w.m[1].is_broken_by_two = false;
	toy.w.hold.is_on = false;
	toy.w.m[1].debts.rolled_back_at.us = 0;
	assert_ended(toy_run(BOUND), BOUND, 0);
	assert_all_hold(2);
}

static void a_member_that_does_not_come_back_is_rolled_back_and_all_are_held(void **state)
{
	rolls_back(false);
}

static void so_it_is_by_a_rotad_that_was_started_meanwhile(void **state)
{
	rolls_back(true);
}

static void a_restart_that_our_own_end_cut_in_half_is_finished_and_no_roll_back(void **state)
{
	for (unsigned n = 1; n <= 3; n += 2) {
		toy_begin(n);
		toy.instance.allow_downtime = DOWNTIME_ALL;
		toy.w.forgets = toy.w.strands = true;
		assert_ended(toy_run(BOUND), BOUND, n);
		assert_unbroken(n);
		assert_int_equal(toy.w.restarts, 2 * n);
		assert_int_equal(toy.w.acts[ACT_START], 2 * n);
		assert_int_equal(toy.w.acts[ACT_ROLL_BACK], 0);
		assert_false(toy.w.hold.is_on);
		assert_all_hold(2);
	}
}

static void a_file_that_mongod_does_not_start_with_is_rolled_back_all_the_same(void **state)
{
	toy_begin(3);
	toy.w.forgets = toy.w.strands = true;
	toy.w.m[1].is_broken_by_two = true;
	(void)toy_run(150);
	assert_unbroken(0);
	assert_int_equal(toy.w.acts[ACT_START], 2);
	assert_int_equal(toy.w.acts[ACT_ROLL_BACK], 1);
	assert_true(toy.w.m[1].is_up);
	assert_int_equal(toy.w.m[1].loaded.keys[0], 1);
	assert_true(toy.w.hold.is_on);
}

static void a_rolled_back_one_in_any_interleaving_leaves_the_others_a_key(void **state)
{
	for (uint64_t seed = 1; seed <= seeds(6); seed++) {
		toy_begin(3);
		toy.w.m[seed % 3].is_broken_by_two = true;
		(void)toy_run_mixed(seed, 1500);
		assert_unbroken(seed);
		assert_int_equal(toy.w.acts[ACT_ROLL_BACK], 1);
		assert_true(toy.w.hold.is_on);
		assert_false(toy.w.roll.closure.is_given);
	}
}

static void while_held_nothing_is_written_or_restarted_and_resume_goes_on(void **state)
{
	for (unsigned after = 3; after < 120; after += 13) {
		unsigned restarts, puts;
		toy_begin(3);
		(void)toy_run(after);
		toy.w.hold.is_on = true;
		restarts = toy.w.restarts;
		puts = toy.w.acts[ACT_PUT_KEYFILE];
		(void)toy_run(60);
		assert_unbroken(after);
		assert_int_equal(toy.w.restarts, restarts);
		assert_int_equal(toy.w.acts[ACT_PUT_KEYFILE], puts);
		for (unsigned i = 0; i < 3; i++)
			assert_true(toy.w.m[i].is_up);
		if (!toy_is_over())
			assert_int_equal(toy.w.claim.state, CLAIM_FREE);
		toy.w.hold.is_on = false;
		assert_ended(toy_run(BOUND), BOUND, after);
		assert_int_equal(toy.w.restarts, 6);
	}
}

static void mode_ask_waits_for_approval(void **state)
{
	toy_begin(3);
	toy.policy.mode = MODE_ASK;
	toy.w.has_order = false;
	toy.policy.keyfile.max_age_us = 90 * US_DAY;
	for (unsigned i = 0; i < 3; i++)
		toy.eyes[i].keyfile.born.us = CASE_NOW - 91 * US_DAY;
	assert_int_equal(toy_run(60), 61);
	assert_unbroken(0);
	assert_int_equal(toy.w.acts_all, toy.w.acts[ACT_PUBLISH_STATEMENT]);
	assert_non_null(strstr(toy.plans[0].reason, "approve"));
	toy.w.is_approved = true;
	(void)toy_run(10);
	toy.w.is_approved = false; /* it was for the start; what runs is brought to its end */
	assert_ended(toy_run(BOUND), BOUND, 0);
	assert_all_hold(2);
}

static void mode_observe_never_acts_whatever_it_sees(void **state)
{
	toy_begin(3);
	struct plan *plan = &the.plan;
	for (unsigned round = 0; round < 400 && !toy_is_over(); round++) {
		for (unsigned r = 0; r < 3; r++) {
			struct policy policy = toy.policy;
			if (toy.w.m[r].job_is_open)
				continue;
			policy.mode = MODE_OBSERVE;
			toy_observe(r);
			plan_step(&toy.eyes[r], &policy, &toy.instance, 0, plan);
			/* The mark of a turn that the mode cut short is all that it takes back. */
			for (unsigned i = 0; i < plan->acts_n; i++)
				assert_int_equal(plan->acts[i].kind, ACT_RELEASE_CLAIM);
			assert_true(plan->acts_n == 0 || toy.eyes[r].ledger.is_claim_mine);
			assert_int_equal(plan->looks_n, 0); /* nor a failed login */
		}
		(void)toy_run(1);
	}
	assert_true(toy_is_over());
}

static void an_arbiter_needs_leave_for_the_stop_of_majority_writes(void **state)
{
	toy_begin(3);
	toy.w.has_arbiter = true;
	assert_int_equal(toy_run(60), 61);
	assert_int_equal(toy.w.acts[ACT_PROPOSE], 0);
	assert_non_null(strstr(toy.plans[2].reason, "majorityWrites"));
	toy.instance.allow_downtime = DOWNTIME_MAJORITY_WRITES;
	assert_ended(toy_run(BOUND), BOUND, 0);
	assert_all_hold(2);
}

static void a_standalone_needs_leave_to_be_away(void **state)
{
	toy_begin(1);
	assert_int_equal(toy_run(60), 61);
	assert_int_equal(toy.w.acts[ACT_PROPOSE], 0);
	assert_non_null(strstr(toy.plans[0].reason, "allowDowntime: all"));
	toy.instance.allow_downtime = DOWNTIME_ALL;
	assert_ended(toy_run(BOUND), BOUND, 0);
	assert_all_hold(2);
	assert_int_equal(toy.w.restarts, 2);
	assert_int_equal(toy.w.acts[ACT_TAKE_CLAIM], 0);
}

static void write_foreign(unsigned i, unsigned first, unsigned second)
{
	toy_write(i, (struct toy_ring){.n = second ? 2 : 1, .keys = {first, second}}, false);
}

static void a_foreign_write_of_known_keys_is_put_back_once_and_never_restarted_onto(void **state)
{
	toy_begin(3);
	while (toy.w.acts[ACT_CLOSE] == 0 && toy.w.acts[ACT_VOTE] < 3)
		(void)toy_run(1);
	/* All have voted: the pivot is 2, and somebody puts the old file back. */
	write_foreign(1, 1, 0);
	unsigned process = toy.w.m[1].process;
	(void)toy_run(40);
	assert_unbroken(0);
	assert_int_equal(toy.w.acts[ACT_RESTORE_KEYFILE], 1);
	assert_true(toy.w.hold.is_on);
	assert_true(toy_has(&toy.w.m[1].disk, 2));
	/* A second time: nothing more is written, and resumed or not, it is not restarted. */
	write_foreign(1, 1, 0);
	toy.w.hold.is_on = false;
	(void)toy_run(200);
	assert_unbroken(0);
	assert_int_equal(toy.w.acts[ACT_RESTORE_KEYFILE], 1);
	assert_int_equal(toy.w.m[1].process, process);
	assert_true(toy.w.hold.is_on);
	assert_int_equal(toy.w.m[1].disk.keys[0], 1);
}

static void a_strangers_key_is_left_alone_and_holds(void **state)
{
	toy_begin(3);
	write_foreign(2, 9, 0);
	(void)toy_run(60);
	assert_true(toy.w.hold.is_on);
	assert_int_equal(toy.w.acts[ACT_RESTORE_KEYFILE] + toy.w.acts[ACT_PUT_KEYFILE] +
			     toy.w.acts[ACT_PROPOSE] + toy.w.restarts,
			 0);
	assert_int_equal(toy.w.m[2].disk.keys[0], 9);
}

static void a_restart_by_somebody_else_is_taken_as_it_is(void **state)
{
	for (unsigned after = 3; after < 130; after += 9) {
		toy_begin(3);
		(void)toy_run(after);
		for (unsigned i = 0; i < 3; i++)
			if (toy.w.m[i].is_up && toy.w.primary != (int)i)
				toy_start(i);
		assert_ended(toy_run(BOUND), BOUND, after);
		assert_all_hold(2);
	}
}

static void a_member_that_joins_midway_gets_to_the_new_key_by_way_of_both(void **state)
{
	unsigned joined = 0;
	for (unsigned after = 2; after < 80; after += 2) {
		toy_begin(3);
		if (toy_run(after) <= after)
			break;
		/* A set that has narrowed lets nobody in who has the old key alone. */
		bool is_narrowed = false;
		for (unsigned i = 0; i < 3; i++)
			is_narrowed |= !toy_has(&toy.w.m[i].disk, 1);
		if (is_narrowed || !toy.w.has_proposal)
			continue;
		toy_join((struct toy_ring){.n = 1, .keys = {1}});
		joined++;
		assert_ended(toy_run(BOUND), BOUND, after);
		assert_all_hold(2);
		assert_int_equal(toy.w.roll.votes[3].word, VOTE_NONE);
		assert_int_equal(toy.w.m[3].anchor.retired[0].number, 1);
	}
	assert_true(joined > 5);
	for (uint64_t seed = 1; seed <= seeds(6); seed++) {
		unsigned when = 10 + (unsigned)seed * 41 % 300;
		toy_begin(3);
		if (toy_run_mixed(seed, when) <= when || !toy.w.has_proposal)
			continue;
		bool is_narrowed = false;
		for (unsigned i = 0; i < 3; i++)
			is_narrowed |= !toy_has(&toy.w.m[i].disk, 1);
		if (is_narrowed)
			continue;
		toy_join((struct toy_ring){.n = 1, .keys = {1}});
		/* Each rotad has read the configuration before it acts again (PROTOCOL 1). */
		memset(toy.has_plan, 0, sizeof(toy.has_plan));
		assert_ended(toy_run_mixed(seed, STEPS), STEPS, seed);
		assert_all_hold(2);
	}
}

static void one_without_a_rotad_holds_up_what_is_not_yet_written_and_is_told(void **state)
{
	toy_begin(3);
	while (toy.w.acts[ACT_VOTE] < 1)
		(void)toy_run(1);
	toy_join((struct toy_ring){.n = 1, .keys = {1}});
	toy.w.m[3].is_mute = true;
	assert_int_equal(toy_run(200), 201);
	assert_unbroken(0);
	assert_int_equal(toy.w.acts[ACT_VOTE], 3); /* it cannot veto */
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(toy.w.m[i].disk.n, 2);
	assert_int_equal(toy.w.refusals, 3); /* one failed login for each that looks, not more */
	bool is_told = false;
	for (unsigned i = 0; i < 3; i++)
		for (unsigned e = 0; e < toy.plans[i].events_n; e++)
			is_told |= strcmp(toy.plans[i].events[e].name, "newcomer-without-key") == 0;
	assert_true(is_told);
	/* Its host gets a rotad. */
	toy.w.m[3].is_mute = false;
	assert_ended(toy_run(BOUND), BOUND, 0);
	assert_all_hold(2);
}

/* All that a yea of b's wants is there. */
static void ready_to_vote(void)
{
	case_begin(1);
	case_propose(&the.s, "y--");
	case_rings(&the.s, 1, ring_of(1, 2), ring_of(1, 2));
	case_proof(&the.s, 1, 2, LOGIN_ACCEPTED);
}

static void a_file_of_somebody_elses_is_vouched_for_by_a_person_before_its_yea(void **state)
{
	struct err err = ERR_INIT;
	ready_to_vote();
	case_plan();
	assert_int_equal(planned_get(ACT_VOTE)->vote, VOTE_YEA);
	the.policy.keyfile.writer = WRITER_EXTERNAL;
	for (uint64_t approved = 0; approved < 4; approved++) {
		the.s.approved_generation = approved;
		case_plan();
		if (approved == 1) {
			assert_int_equal(planned_get(ACT_VOTE)->vote, VOTE_YEA);
			assert_null(told("plan-waits-for-approval"));
			continue;
		}
		assert_int_equal(the.plan.acts_n, 0);
		assert_non_null(strstr(the.plan.reason, "approve --generation 1"));
		assert_true(told_get("plan-waits-for-approval")->you[0]);
	}
	/* After the yea a file without the new key is never started onto. */
	struct act restart = {.kind = ACT_RESTART};
	case_begin(1);
	case_propose(&the.s, "yyn");
	case_claim(&the.s, CLAIM_ACTING, 1);
	assert_true(safe_holds(&the.s, &restart, &err)); /* given up: the old key is enough */
	the.s.ledger.roll.votes[2].word = VOTE_NONE;
	assert_false(safe_holds(&the.s, &restart, &err));
	assert_non_null(strstr(err.text, "after this member's yea"));
}

static void what_somebody_else_is_to_write_is_planned_as_an_act_of_ours(void **state)
{
	struct err err = ERR_INIT;
	case_begin(1);
	case_propose(&the.s, "---");
	case_plan();
	assert_false(the.plan.has_external);
	the.policy.keyfile.writer = WRITER_EXTERNAL;
	case_plan();
	assert_int_equal(the.plan.acts_n, 0);
	assert_true(the.plan.has_external);
	assert_int_equal(the.plan.external.kind, ACT_PUT_KEYFILE);
	assert_int_equal(the.plan.external.ring_n, 2);
	assert_true(safe_holds(&the.s, &the.plan.external, &err));
	/* Nothing to narrow before all have voted, and nothing that lacks the pivot is handed out.
	 */
	the.plan.external.ring[0] = the.plan.external.ring[1];
	the.plan.external.ring_n = 1;
	assert_false(safe_holds(&the.s, &the.plan.external, &err));
}

static void an_identity_that_the_roll_does_not_know_gives_no_vote(void **state)
{
	ready_to_vote();
	the.s.identity = spki_n(4);
	case_plan();
	assert_int_equal(the.plan.acts_n, 0);
	assert_true(the.plan.needs_attention);
	assert_non_null(strstr(the.plan.reason, "another identity"));
}

static void a_voter_that_was_taken_out_of_the_set_is_named(void **state)
{
	case_begin(0);
	case_propose(&the.s, "yy-");
	case_rings(&the.s, 0, ring_of(1, 2), ring_of(1, 2));
	the.s.members_n = 2;
	case_plan();
	assert_int_equal(the.plan.acts_n, 0);
	assert_true(the.plan.needs_attention);
	assert_non_null(strstr(the.plan.reason, "c:27017 was taken out of the set"));
}

/* notes.json is gone: nothing is known of what the process was started with, and the file has been
 * changed since. */
static void lose_notes(unsigned i)
{
	toy.w.m[i].known_process = 0;
	toy.w.m[i].changed_us = toy.w.now_us;
	toy.eyes[i].members[i].proofs_n = 0;
}

static void lost_notes_cost_looks_or_a_restart_and_never_a_step(void **state)
{
	for (unsigned after = 3; after < 150; after += 7) {
		toy_begin(3);
		if (toy_run(after) <= after)
			break;
		for (unsigned i = 0; i < 3; i++)
			lose_notes(i);
		assert_ended(toy_run(BOUND), BOUND, after);
		assert_all_hold(2);
	}
}

static void a_process_with_both_keys_behind_a_narrow_file_is_seen_without_notes(void **state)
{
	/* Carried: the file is [2] already, the process still takes 1. */
	toy_begin(3);
	while (toy.w.acts[ACT_PUT_KEYFILE] < 6)
		(void)toy_run(1);
	assert_false(toy.w.roll.closure.is_given);
	unsigned restarts = toy.w.restarts;
	for (unsigned i = 0; i < 3; i++)
		lose_notes(i);
	assert_ended(toy_run(BOUND), BOUND, 0);
	assert_all_hold(2);
	assert_true(toy.w.restarts <= restarts + 3);
	/* Given up: the file is [1] again, a process takes the burnt key. */
	toy_begin(3);
	while (!(toy.w.acts[ACT_VOTE] > 0))
		(void)toy_run(1);
	assert_true(abort_now());
	while (toy.w.m[0].disk.n + toy.w.m[1].disk.n + toy.w.m[2].disk.n > 3)
		(void)toy_run(1);
	for (unsigned i = 0; i < 3; i++)
		lose_notes(i);
	assert_ended(toy_run(BOUND), BOUND, 0);
	assert_all_hold(1);
}

static void lost_notes_hold_up_no_rotation_where_a_key_stands_by(void **state)
{
	for (unsigned after = 1; after < 100; after += 4) {
		unsigned ended = 0;
		toy_begin_standby(3);
		(void)toy_run(after);
		for (unsigned i = 0; i < 3; i++)
			lose_notes(i);
		for (unsigned round = 0; round < 300 && !ended; round++) {
			(void)toy_run(1);
			ended = toy.w.roll.closure.is_given;
		}
		assert_unbroken(after);
		if (!ended)
			fail_msg("after %u: not over: a: %s | b: %s | c: %s", after,
				 toy.plans[0].reason, toy.plans[1].reason, toy.plans[2].reason);
		assert_true(toy.w.restarts <= 6);
	}
}

/* A member that joined behind the votes never had the old key: whether its process takes it nobody
 * can try from there, and a restart tells. Where the key is held it is tried. */
static void a_key_that_is_not_held_is_not_looked_for_for_ever(void **state)
{
	static const struct {
		bool is_dead, lacks_pivot, lacks_next, is_restarted;
	} rows[] = {
	    {false, true, false, true}, {false, false, false, false}, {false, false, true, false},
	    {true, false, true, true},  {true, true, false, false},   {true, false, false, false},
	};
	for (size_t r = 0; r < ARRAY_N(rows); r++) {
		struct seen *s = &the.s;
		unsigned left = rows[r].is_dead ? 1 : 2;
		case_begin(1);
		case_propose(s, rows[r].is_dead ? "ynn" : "yyy");
		for (unsigned i = 0; i < 3; i++)
			case_rings(s, i, ring_of(left, 0), ring_of(left, 0));
		s->process.loaded.is_known = false;
		case_proof(s, 1, left, LOGIN_ACCEPTED);
		s->ledger.lacks_pivot = rows[r].lacks_pivot;
		s->ledger.lacks_next = rows[r].lacks_next;
		case_plan();
		if ((planned(ACT_TAKE_CLAIM) != NULL) != rows[r].is_restarted ||
		    (the.plan.looks_n > 0) == rows[r].is_restarted)
			fail_msg("row %zu: %s", r, the.plan.reason);
	}
}

/* Strategy standby in an emergency: no key is sealed for one that joins in its middle. */
static void who_lacks_the_key_that_stands_by_does_without_it(void **state)
{
	for (int lacks = 0; lacks < 2; lacks++) {
		struct seen *s = &the.s;
		case_begin(1);
		case_propose(s, "yyy");
		s->ledger.proposal.after = key_n(3);
		s->ledger.lacks_after = lacks;
		for (unsigned i = 0; i < 3; i++) {
			case_rings(s, i, ring_of(1, 2), ring_of(1, 2));
			case_proof(s, i, 2, LOGIN_ACCEPTED);
		}
		case_plan();
		const struct act *a = planned(ACT_PUT_KEYFILE);
		if (!a || a->ring_n != (lacks ? 1u : 2u) || a->ring[0].number != 2)
			fail_msg("lacks %d: %s", lacks, the.plan.reason);
	}
}

/* After a nay the end is by what each member's rotad said since it knows of that: one that does not
 * may be about to write the burnt key. */
static void the_end_of_a_dead_generation_waits_for_words_given_since_the_nay(void **state)
{
	static const struct {
		const char *votes;
		bool is_given_up;
		uint64_t generation;
		bool is_closed;
	} rows[] = {
	    {"ynn", true, 1, true},
	    {"ynn", false, 1, false},
	    {"ynn", true, 0, false}, /* of another one */
	    {"ynn", false, 0, false},
	};
	for (size_t r = 0; r < ARRAY_N(rows); r++) {
		struct seen *s = &the.s;
		case_begin(0);
		case_propose(s, rows[r].votes);
		s->members[2].statement.is_given_up = rows[r].is_given_up;
		s->members[2].statement.generation = rows[r].generation;
		case_plan();
		if ((planned(ACT_CLOSE) != NULL) != rows[r].is_closed)
			fail_msg("row %zu: %s", r, the.plan.reason);
	}
}

/* Not a test of behaviour: that these walks went where they should, so that they cannot pass by
 * doing nothing. */
static void the_walks_reached_the_acts_and_gates(void **state)
{
	static const enum act_kind expected[] = {ACT_PUBLISH_STATEMENT,
						 ACT_PROPOSE,
						 ACT_PUT_KEYFILE,
						 ACT_RESTORE_KEYFILE,
						 ACT_TAKE_CLAIM,
						 ACT_CLAIM_ACTING,
						 ACT_RELEASE_CLAIM,
						 ACT_STEP_DOWN,
						 ACT_RESTART,
						 ACT_START,
						 ACT_END_JOB,
						 ACT_ROLL_BACK,
						 ACT_VOTE,
						 ACT_HOLD,
						 ACT_CLOSE,
						 ACT_RETIRE};
	for (size_t i = 0; i < ARRAY_N(expected); i++)
		if (!toy.acts_reached[expected[i]])
			fail_msg("no walk reached '%s'", act_table[expected[i]].word);
	for (unsigned i = 0; i < ACT_N; i++)
		if (toy.acts_reached[i])
			print_message("act  %-20s %u\n", act_table[i].word, toy.acts_reached[i]);
	for (unsigned i = 0; i < ARRAY_N(toy.gate_names) && toy.gate_names[i]; i++) {
		print_message("gate %-28s pass %u, wait %u, refuse %u\n", toy.gate_names[i],
			      toy.gates_reached[i][GATE_PASS], toy.gates_reached[i][GATE_WAIT],
			      toy.gates_reached[i][GATE_REFUSE]);
		assert_true(toy.gates_reached[i][GATE_PASS] > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		a_rotation_ends_with_six_restarts_two_elections_and_three_refused_logins),
	    cmocka_unit_test(any_interleaving_keeps_the_invariants_and_ends),
	    cmocka_unit_test(acts_that_are_recorded_and_not_done_only_cost_time),
	    cmocka_unit_test(an_aborted_rotation_is_undone_and_its_key_is_burnt),
	    cmocka_unit_test(after_an_undone_rotation_the_next_one_uses_another_key),
	    cmocka_unit_test(a_member_that_does_not_come_back_is_rolled_back_and_all_are_held),
	    cmocka_unit_test(so_it_is_by_a_rotad_that_was_started_meanwhile),
	    cmocka_unit_test(a_restart_that_our_own_end_cut_in_half_is_finished_and_no_roll_back),
	    cmocka_unit_test(a_file_that_mongod_does_not_start_with_is_rolled_back_all_the_same),
	    cmocka_unit_test(a_rolled_back_one_in_any_interleaving_leaves_the_others_a_key),
	    cmocka_unit_test(while_held_nothing_is_written_or_restarted_and_resume_goes_on),
	    cmocka_unit_test(mode_ask_waits_for_approval),
	    cmocka_unit_test(mode_observe_never_acts_whatever_it_sees),
	    cmocka_unit_test(an_arbiter_needs_leave_for_the_stop_of_majority_writes),
	    cmocka_unit_test(a_standalone_needs_leave_to_be_away),
	    cmocka_unit_test(
		a_foreign_write_of_known_keys_is_put_back_once_and_never_restarted_onto),
	    cmocka_unit_test(a_strangers_key_is_left_alone_and_holds),
	    cmocka_unit_test(a_restart_by_somebody_else_is_taken_as_it_is),
	    cmocka_unit_test(a_member_that_joins_midway_gets_to_the_new_key_by_way_of_both),
	    cmocka_unit_test(one_without_a_rotad_holds_up_what_is_not_yet_written_and_is_told),
	    cmocka_unit_test(a_file_of_somebody_elses_is_vouched_for_by_a_person_before_its_yea),
	    cmocka_unit_test(what_somebody_else_is_to_write_is_planned_as_an_act_of_ours),
	    cmocka_unit_test(an_identity_that_the_roll_does_not_know_gives_no_vote),
	    cmocka_unit_test(a_voter_that_was_taken_out_of_the_set_is_named),
	    cmocka_unit_test(lost_notes_cost_looks_or_a_restart_and_never_a_step),
	    cmocka_unit_test(a_process_with_both_keys_behind_a_narrow_file_is_seen_without_notes),
	    cmocka_unit_test(lost_notes_hold_up_no_rotation_where_a_key_stands_by),
	    cmocka_unit_test(a_key_that_is_not_held_is_not_looked_for_for_ever),
	    cmocka_unit_test(who_lacks_the_key_that_stands_by_does_without_it),
	    cmocka_unit_test(the_end_of_a_dead_generation_waits_for_words_given_since_the_nay),
	    cmocka_unit_test(the_walks_reached_the_acts_and_gates),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
