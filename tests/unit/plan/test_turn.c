/* SPDX-License-Identifier: Apache-2.0 */
/* A turn, act by act, and what becomes of a restart that is under way; by b's rotad. */
#include "lib/test.h"

#include "lib/plan_rows.h"

static void wide(struct seen *s)
{
	case_propose(s, "---");
	case_rings(s, 1, ring_of(1, 2), ring_of(1, 0));
}
static void job(struct seen *s)
{
	wide(s);
	case_job(s);
}
static void gone(struct seen *s)
{
	job(s);
	s->process.is_answering = s->process.is_alive = false;
	s->process.exit_code = 1;
	s->members[1].hello.who = WITNESS_NONE;
}
/* By a rotad that was started meanwhile: it knows of no job. */
static void lost(struct seen *s)
{
	s->job.is_lost = true;
	s->job.lost_at.us = CASE_NOW - 4 * US_S;
}
static void back(struct seen *s)
{
	job(s);
	s->process.process_id[3] = s->members[1].process_id[3] = 'x';
}

/* It is back, and c died meanwhile, so long ago. */
static void back_beside_away(struct seen *s, int64_t since_s)
{
	back(s);
	s->members[1].sees_all = false;
	s->members[1].unseen = 1U << 2;
	s->members[2].hello.who = WITNESS_NONE;
	s->members[2].is_secondary = false;
	s->members[2].silent_since.us = CASE_NOW - since_s * US_S;
}

#define ROWS(X)                                                                                    \
	X(takes_the_claim, "take-claim", "", "turn", wide(s))                                      \
	X(claim_waits, "claim-acting", "", "takes its turn", wide(s);                              \
	  case_claim(s, CLAIM_WAITING, 1))                                                         \
	X(restarts, "restart", "", "restarted", wide(s); case_claim(s, CLAIM_ACTING, 1))           \
	X(drains_first, "set-drain claim-acting", "", "takes its turn", wide(s);                   \
	  case_claim(s, CLAIM_WAITING, 1); i->drain_us = 2 * US_S)                                 \
	X(drain_is_set, "restart", "", "restarted", wide(s); case_claim(s, CLAIM_ACTING, 1);       \
	  i->drain_us = 15 * US_S)                                                                 \
	X(drain_of_the_server, "restart", "", "restarted", wide(s);                                \
	  case_claim(s, CLAIM_ACTING, 1); i->drain_us = -1)                                        \
	X(steps_down, "step-down", "", "steps down", wide(s); case_claim(s, CLAIM_ACTING, 1);      \
	  s->members[0].is_primary = false; s->members[0].is_secondary = true;                     \
	  s->members[1].is_primary = true; s->members[1].is_secondary = false;                     \
	  case_rings(s, 0, ring_of(1, 2), ring_of(1, 2));                                          \
	  case_rings(s, 2, ring_of(1, 2), ring_of(1, 2)))                                          \
	X(renamed_since, "release-claim", "", "named otherwise", wide(s);                          \
	  case_claim(s, CLAIM_ACTING, 1); cut_z(s->ledger.claim.host, HOST_BYTES_MAX, "z:27017"))  \
	X(gives_back, "release-claim", "", "has voted", wide(s); case_claim(s, CLAIM_ACTING, 1);   \
	  s->process.loaded = ring_of(1, 2); s->ledger.roll.votes[1].word = VOTE_YEA;              \
	  cut_z(s->members[1].statement.mode, WORD_BYTES, "act");                                  \
	  s->members[1].statement.running = ring_of(1, 2))                                         \
	X(job_runs, "", "", "stopping or starting", job(s); s->job.is_running = true)              \
	X(job_quiesces, "", "", "starting", job(s); s->members[1].is_quiescing = true)             \
	X(job_without_members, "end-job", "restart-failed", "did not happen", job(s);              \
	  s->job.is_failed = true; s->members_n = 0; s->self = -1)                                 \
	X(job_failed, "end-job", "restart-failed", "did not happen", job(s);                       \
	  s->job.is_failed = true; cut_z(s->job.why, 64, "exit 3"))                                \
	X(job_may_take_effect, "", "", "the same process still runs", job(s);                      \
	  s->job.begun_at.us = CASE_NOW - 29 * US_S)                                               \
	X(job_did_nothing, "end-job", "restart-failed", "did not happen", job(s);                  \
	  s->job.begun_at.us = CASE_NOW - 30 * US_S)                                               \
	X(job_before_the_clock, "end-job", "restart-failed", "did not happen", job(s);             \
	  s->job.begun_at.us = CASE_NOW + US_H)                                                    \
	X(another_has_it, "...", "", "has the turn, acting", wide(s);                              \
	  case_rings(s, 2, ring_of(1, 2), ring_of(1, 2)); case_claim(s, CLAIM_ACTING, 2);          \
	  s->ledger.claim_moved.us = CASE_NOW - 14 * US_MIN)                                       \
	X(another_keeps_it, "...", "claim-stuck", "has the turn, acting", wide(s);                 \
	  case_rings(s, 2, ring_of(1, 2), ring_of(1, 2)); case_claim(s, CLAIM_ACTING, 2);          \
	  s->ledger.claim_moved.us = CASE_NOW - 15 * US_MIN)                                       \
	X(another_waits_long, "...", "", "has the turn", wide(s);                                  \
	  case_rings(s, 2, ring_of(1, 2), ring_of(1, 2)); case_claim(s, CLAIM_WAITING, 2);         \
	  s->ledger.claim_moved.us = CASE_NOW - 15 * US_MIN)                                       \
	X(job_owed, "...", "restart-failed", "nothing owed", wide(s);                              \
	  s->debts.restart_failed_at.us = s->debts.restart_owed_since.us = CASE_NOW - US_S;        \
	  s->debts.restart_tries = 1)                                                              \
	X(job_owed_and_tried_again, "take-claim", "restart-failed", "turn", wide(s);               \
	  s->debts.restart_failed_at.us = s->debts.restart_owed_since.us = CASE_NOW - US_MIN;      \
	  s->debts.restart_tries = 1)                                                              \
	X(job_overdue, "", "restart-overdue", "runs on and was not restarted", job(s);             \
	  s->job.is_overdue = true)                                                                \
	X(job_overdue_and_gone, "", "restart-overdue", "turn release", job(s);                     \
	  s->job.is_overdue = s->job.is_gone = true)                                               \
	X(job_overdue_and_down, "", "restart-overdue", "does not answer", gone(s);                 \
	  s->job.is_overdue = true)                                                                \
	X(job_overdue_gone_and_down, "roll-back", "member-not-back", "did not come back", gone(s); \
	  s->job.is_overdue = s->job.is_gone = true)                                               \
	X(job_long, "", "member-starting-long", "stopping", job(s); s->job.is_running = true;      \
	  s->job.begun_at.us = CASE_NOW - 6 * US_MIN)                                              \
	X(is_back, "end-job", "", "back after", back(s))                                           \
	X(is_back_and_job_runs, "", "", "its restart job is not over", back(s);                    \
	  s->job.is_running = true)                                                                \
	X(is_back_and_job_overdue, "", "restart-overdue", "was restarted and answers", back(s);    \
	  s->job.is_overdue = true)                                                                \
	X(is_back_and_recovers, "", "", "recovers", back(s); s->members[1].is_secondary = false)   \
	X(is_back_and_syncs, "", "", "initial sync", back(s);                                      \
	  s->members[1].is_initial_syncing = true)                                                 \
	X(is_back_beside_away, "end-job", "", "back after", back_beside_away(s, 30))               \
	X(is_back_beside_slow, "", "", "does not see", back_beside_away(s, 29))                    \
	X(is_back_and_away_is_not_all, "", "", "does not see", back_beside_away(s, 30);            \
	  s->members[1].unseen = 5)                                                                \
	X(is_back_beside_away_unasked, "", "", "does not see", back_beside_away(s, 30);            \
	  s->members[1].status.who = WITNESS_NONE)                                                 \
	X(is_back_beside_away_without_primary, "", "", "does not see", back_beside_away(s, 30);    \
	  s->members[0].is_primary = false; s->members[0].is_secondary = true)                     \
	X(is_back_and_blind, "", "", "does not see", back(s); s->members[1].sees_all = false)      \
	X(is_back_and_unseen, "", "", "not all others see", back(s);                               \
	  s->members[1].is_seen_by_all = false)                                                    \
	X(is_back_and_lags, "", "", "catches up", back(s); s->members[1].lag_us = 11 * US_S)       \
	X(is_back_lag_unknown, "", "", "catches up", back(s); s->members[1].lag_us = -1)           \
	X(is_back_delayed, "end-job", "", "back after", back(s); s->members[1].lag_us = US_H;      \
	  s->members[1].delay_s = 3600)                                                            \
	X(is_back_and_silent, "", "", "does not answer yet", back(s);                              \
	  s->members[1].hello.who = WITNESS_NONE)                                                  \
	X(is_back_and_quiesces, "", "", "it is shutting down", back(s);                            \
	  s->members[1].is_quiescing = true)                                                       \
	X(is_back_lag_at_the_limit, "end-job", "", "back after", back(s);                          \
	  s->members[1].lag_us = 10 * US_S)                                                        \
	X(is_back_as_primary, "end-job", "", "back after", back(s);                                \
	  s->members[1].is_secondary = false; s->members[1].is_primary = true)                     \
	X(is_back_as_arbiter, "end-job", "", "back after", back(s);                                \
	  s->members[1].is_secondary = false; s->members[1].is_arbiter = true;                     \
	  s->members[1].lag_us = -1)                                                               \
	X(is_back_alone, "end-job", "", "back after", back(s); s->is_standalone = true;            \
	  s->members[1].is_secondary = s->members[1].sees_all = false)                             \
	X(gone_by_its_code, "roll-back", "member-not-back",                                        \
	  "mongod ended with code 0 and its log does not tell why", gone(s);                       \
	  s->process.exit_code = 0)                                                                \
	X(gone_by_its_words, "roll-back", "member-not-back",                                       \
	  "mongod ended with code 1 after its start: \"bad key\"", gone(s);                        \
	  cut_z(s->process.last_fatal, 64, "bad key"))                                             \
	X(gone_without_a_word, "roll-back", "member-not-back",                                     \
	  "mongod ended and its log does not tell why", gone(s);                                   \
	  s->process.exit_code = -1)                                                               \
	X(job_long_but_not_yet, "", "", "stopping", job(s); s->job.is_running = true;              \
	  s->job.begun_at.us = CASE_NOW - 5 * US_MIN)                                              \
	X(job_long_by_now, "", "member-starting-long", "stopping", job(s);                         \
	  s->job.is_running = true; s->job.begun_at.us = CASE_NOW - 5 * US_MIN - 1)                \
	X(lost_settles, "end-job", "", "was not restarted", job(s); lost(s);                       \
	  s->job.lost_at.us = CASE_NOW - 3 * US_S)                                                 \
	X(lost_settles_not_yet, "", "", "is it stopping?", job(s); lost(s);                        \
	  s->job.lost_at.us = CASE_NOW - 3 * US_S + 1)                                             \
	X(job_begun_now, "", "", "the same process still runs", job(s);                            \
	  s->job.begun_at.us = CASE_NOW)                                                           \
	X(job_settled, "", "", "the same process still runs", job(s);                              \
	  s->job.begun_at.us = CASE_NOW - 30 * US_S + 1)                                           \
	X(job_overdue_and_running, "", "restart-overdue", "!", job(s);                             \
	  s->job.is_overdue = s->job.is_running = true)                                            \
	X(another_keeps_it_almost, "...", "", "has the turn, acting", wide(s);                     \
	  case_rings(s, 2, ring_of(1, 2), ring_of(1, 2)); case_claim(s, CLAIM_ACTING, 2);          \
	  s->ledger.claim_moved.us = CASE_NOW - 15 * US_MIN + 1)                                   \
	X(another_has_it_since_nobody_knows, "...", "", "has the turn, acting", wide(s);           \
	  case_rings(s, 2, ring_of(1, 2), ring_of(1, 2)); case_claim(s, CLAIM_ACTING, 2))          \
	X(its_own_is_not_stuck, "...", "", "lag", wide(s); case_claim(s, CLAIM_ACTING, 1);         \
	  s->members[1].lag_us = US_H; s->ledger.claim_moved.us = CASE_NOW - US_H)                 \
	X(drain_cannot_be_set, "claim-acting", "", "takes its turn", wide(s);                      \
	  case_claim(s, CLAIM_WAITING, 1); i->drain_us = 2 * US_S;                                 \
	  s->process.shutdown_timeout_ms = -1)                                                     \
	X(drain_of_nothing, "set-drain claim-acting", "", "takes its turn", wide(s);               \
	  case_claim(s, CLAIM_WAITING, 1); i->drain_us = 0)                                        \
	X(drain_of_nothing_is_set, "claim-acting", "", "takes its turn", wide(s);                  \
	  case_claim(s, CLAIM_WAITING, 1); i->drain_us = 0; s->process.shutdown_timeout_ms = 0)    \
	X(alone, "restart", "", "is restarted", wide(s); s->is_standalone = true;                  \
	  i->allow_downtime = DOWNTIME_ALL)                                                        \
	X(claim_for_the_certificate, "...", "", "held for the certificate", wide(s);               \
	  case_claim(s, CLAIM_ACTING, 1); s->ledger.claim.purpose = CLAIM_FOR_CERTIFICATE;         \
	  s->certificate.stage = CERT_STAGE_STAGED)                                                \
	X(still_starting, "", "", "starting", gone(s); s->process.is_alive = true)                 \
	X(gone_while_job_runs, "", "", "restarted", gone(s); s->job.is_running = true)             \
	X(gone_unknown, "", "", "restarted", gone(s); s->process.fact.who = WITNESS_NONE)          \
	X(gone_for_good, "roll-back", "member-not-back", "did not come back", gone(s))             \
	X(gone_as_its_job_ends, "", "", "being restarted", gone(s);                                \
	  s->job.ended_at.us = CASE_NOW - 4 * US_S)                                                \
	X(gone_after_its_job, "roll-back", "member-not-back", "did not come back", gone(s);        \
	  s->job.ended_at.us = CASE_NOW - 5 * US_S)                                                \
	X(gone_as_its_job_fails, "roll-back", "member-not-back", "did not come back", gone(s);     \
	  s->job.is_failed = true; s->job.ended_at.us = CASE_NOW)                                  \
	X(gone_and_the_clock_too, "roll-back", "member-not-back", "did not come back", gone(s);    \
	  s->job.ended_at.us = CASE_NOW + US_S)                                                    \
	X(gone_after_roll_back, "", "member-not-back", "!a person must look", gone(s);             \
	  s->job.is_rollback = true)                                                               \
	X(gone_while_observed, "", "member-not-back", "!mode observe", gone(s);                    \
	  p->mode = MODE_OBSERVE)                                                                  \
	X(back_while_observed, "end-job", "", "back after", back(s); p->mode = MODE_OBSERVE)       \
	X(lost_and_gone, "start", "", "it is started", gone(s); lost(s))                           \
	X(lost_and_gone_just_now, "start", "", "it is started", gone(s); lost(s);                  \
	  s->job.lost_at.us = CASE_NOW)                                                            \
	X(lost_in_a_roll_back, "start", "", "it is started", gone(s); lost(s);                     \
	  s->job.is_rollback = true)                                                               \
	X(lost_and_gone_outside_a_rotation, "start", "", "it is started", gone(s); lost(s);        \
	  s->anchor.next = (struct key_name){.number = 0})                                         \
	X(lost_and_gone_after_the_pivot_moved, "start", "", "!it is started", gone(s); lost(s);    \
	  s->keyfile.ring = s->job.ring = ring_of(2, 0))                                           \
	X(lost_and_gone_without_the_pivot, "roll-back", "member-not-back", "!did not come back",   \
	  gone(s);                                                                                 \
	  lost(s); s->keyfile.ring = ring_of(2, 3))                                                \
	X(lost_and_gone_with_no_file, "roll-back", "member-not-back", "did not come back",         \
	  gone(s);                                                                                 \
	  lost(s); s->keyfile.ring.is_known = false)                                               \
	X(lost_and_gone_while_observed, "", "member-not-back", "!mode observe", gone(s); lost(s);  \
	  p->mode = MODE_OBSERVE)                                                                  \
	X(lost_and_alive, "", "", "starting", gone(s); lost(s); s->process.is_alive = true)        \
	X(lost_and_gone_unknown, "", "", "restarted", gone(s); lost(s);                            \
	  s->process.fact.who = WITNESS_NONE)                                                      \
	X(lost_and_systemd_is_busy, "", "", "restarted", gone(s); s->job.is_running = true)        \
	X(lost_and_unchanged, "end-job", "", "was not restarted", job(s); lost(s))                 \
	X(lost_and_quiesces, "", "", "starting", job(s); lost(s);                                  \
	  s->members[1].is_quiescing = true)                                                       \
	X(lost_just_now, "", "", "is it stopping?", job(s); lost(s);                               \
	  s->job.lost_at.us = CASE_NOW - 2 * US_S)                                                 \
	X(lost_and_back, "end-job", "", "back after", back(s); lost(s))                            \
	X(gone_outside_a_rotation, "", "member-not-back", "!a person must look", gone(s);          \
	  s->anchor.next = (struct key_name){.number = 0})

ROWS(PLAN_ROW_SET)

static void a_turn_is_planned_as_its_row_says(void **state)
{
	static const struct plan_row rows[] = {ROWS(PLAN_ROW)};
	plan_rows_check(rows, ARRAY_N(rows), 1);
}

/* With the ledger as read before the restart, and without it. */
static void the_roll_back_keeps_the_pivot_and_the_vote(void **state)
{
	case_begin(1);
	gone(&the.s);
	case_plan();
	assert_int_equal(planned_get(ACT_ROLL_BACK)->ring_n, 1);
	assert_int_equal(planned_get(ACT_ROLL_BACK)->ring[0].number, 1);
	/* After its yea: never again without the new key, also with no ledger to ask. */
	the.s.anchor.votes_n = 1;
	the.s.anchor.votes[0].word = VOTE_YEA;
	the.s.anchor.votes[0].generation = the.s.anchor.generation;
	cut_z(the.s.anchor.votes[0].host, HOST_BYTES_MAX, the.s.self_host);
	case_plan();
	assert_int_equal(planned_get(ACT_ROLL_BACK)->ring_n, 2);
	assert_int_equal(planned_get(ACT_ROLL_BACK)->ring[1].number, 2);
	/* Nor by a rotad that was started while it was down and does not know its name. */
	the.s.self_host[0] = 0;
	case_plan();
	assert_int_equal(planned_get(ACT_ROLL_BACK)->ring_n, 2);
	/* A nay frees from the promise, and burns the key. */
	the.s.anchor.burnt = key_n(2);
	case_plan();
	assert_int_equal(planned_get(ACT_ROLL_BACK)->ring_n, 1);
	the.s.anchor.burnt = (struct key_name){.number = 0};
	/* A yea of an earlier generation promises nothing in this one. */
	the.s.anchor.generation++;
	case_plan();
	assert_int_equal(planned_get(ACT_ROLL_BACK)->ring_n, 1);
}

static void a_restart_loads_what_is_wished_after_the_drain_that_is_asked_for(void **state)
{
	case_begin(1);
	set_drains_first(&the.s, &the.policy, &the.instance);
	case_plan();
	assert_int_equal(planned_get(ACT_SET_DRAIN)->drain_ms, 2000);
	assert_int_equal(planned_get(ACT_CLAIM_ACTING)->purpose, CLAIM_FOR_RESTART);
	case_begin(1);
	set_restarts(&the.s, &the.policy, &the.instance);
	case_plan();
	const struct act *a = planned_get(ACT_RESTART);
	assert_int_equal(a->ring_n, 2);
	assert_int_equal(a->ring[0].number, 1);
	assert_int_equal(a->ring[1].number, 2);
}

/* A set of one has nobody to hand over to. */
static void a_single_member_is_restarted_as_it_is(void **state)
{
	case_begin(0);
	case_letters(&the.s, "P");
	case_propose(&the.s, "-");
	case_rings(&the.s, 0, ring_of(1, 2), ring_of(1, 0));
	case_claim(&the.s, CLAIM_ACTING, 0);
	the.instance.allow_downtime = DOWNTIME_ALL;
	case_plan();
	assert_null(planned(ACT_STEP_DOWN));
	(void)planned_get(ACT_RESTART);
}

/* What people are told to do is there to be done. */
static void each_trouble_of_a_turn_is_told_as_it_is(void **state)
{
	const struct event *e;
	case_begin(1);
	set_gone_for_good(&the.s, &the.policy, &the.instance);
	case_plan();
	e = told_get("member-not-back");
	assert_non_null(strstr(e->what, "The restart ended without an error."));
	assert_non_null(strstr(e->we_did, "Putting the previous keyfile back"));
	cut_z(the.s.job.why, sizeof(the.s.job.why), "exit 3");
	case_plan();
	assert_non_null(strstr(told_get("member-not-back")->what, "The restart said: exit 3."));
	the.s.job.is_rollback = true;
	case_plan();
	assert_non_null(
	    strstr(told_get("member-not-back")->we_did, "did not start with it either"));
	the.policy.mode = MODE_OBSERVE;
	case_plan();
	assert_non_null(strstr(told_get("member-not-back")->you, "rotactl mode act"));

	case_begin(1);
	set_job_owed(&the.s, &the.policy, &the.instance);
	cut_z(the.instance.restart_name, sizeof(the.instance.restart_name), "/hook");
	the.instance.restart_how = RESTART_HOOK;
	case_plan();
	e = told_get("restart-failed");
	assert_non_null(strstr(e->you, "mend the hook: /hook restart rs0"));
	assert_non_null(strstr(e->what, "Try 1:"));
	assert_non_null(strstr(e->we_did, "again 1 min 0 s later"));
	the.instance.restart_how = RESTART_UNIT;
	case_plan();
	assert_non_null(strstr(told_get("restart-failed")->you, "systemctl status /hook"));

	case_begin(1);
	set_job_failed(&the.s, &the.policy, &the.instance);
	the.s.debts.restart_tries = 2;
	the.s.debts.restart_owed_since.us = CASE_NOW - US_DAY;
	case_plan();
	e = told_get("restart-failed");
	assert_non_null(strstr(e->what, "Try 3: exit 3"));
	assert_non_null(strstr(e->headline, "owed since 2027-01-14"));
	the.s.debts.restart_owed_since.us = 0;
	case_plan();
	assert_non_null(strstr(told_get("restart-failed")->headline, "owed since 2027-01-15"));

	case_begin(1);
	set_job_overdue(&the.s, &the.policy, &the.instance);
	case_plan();
	e = told_get("restart-overdue");
	assert_int_equal(e->severity, SEVERITY_WARNING);
	assert_non_null(strstr(e->what, "did not end within its time"));
	assert_non_null(strstr(e->now, "runs on and was not restarted"));
	assert_null(strstr(e->you, "start mongod"));
	cut_z(the.s.job.why, sizeof(the.s.job.why), "no end in 5 min");
	the.s.process.is_answering = false;
	case_plan();
	e = told_get("restart-overdue");
	assert_int_equal(e->severity, SEVERITY_WARNING);
	assert_non_null(strstr(e->what, "no end in 5 min"));
	assert_non_null(strstr(e->now, "its process is alive"));
	the.s.process.is_alive = false;
	the.s.job.is_running = true; /* so that it is not over */
	case_plan();
	e = told_get("restart-overdue");
	assert_int_equal(e->severity, SEVERITY_CRITICAL);
	assert_non_null(strstr(e->now, "is DOWN"));
	assert_non_null(strstr(e->you, "and start mongod"));

	case_begin(1);
	set_job_long_by_now(&the.s, &the.policy, &the.instance);
	case_plan();
	assert_non_null(strstr(told_get("member-starting-long")->what, "alive: it stops or"));
	the.s.process.is_alive = the.s.process.is_answering = false;
	case_plan();
	assert_non_null(strstr(told_get("member-starting-long")->what, "has not ended yet"));

	case_begin(1);
	set_another_keeps_it(&the.s, &the.policy, &the.instance);
	case_plan();
	assert_non_null(strstr(told_get("claim-stuck")->what, "about to restart it"));
	the.s.ledger.claim.purpose = CLAIM_FOR_CERTIFICATE;
	case_plan();
	assert_non_null(strstr(told_get("claim-stuck")->what, "about to reload it"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_turn_is_planned_as_its_row_says),
	    cmocka_unit_test(the_roll_back_keeps_the_pivot_and_the_vote),
	    cmocka_unit_test(a_restart_loads_what_is_wished_after_the_drain_that_is_asked_for),
	    cmocka_unit_test(a_single_member_is_restarted_as_it_is),
	    cmocka_unit_test(each_trouble_of_a_turn_is_told_as_it_is),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
