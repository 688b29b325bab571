/* SPDX-License-Identifier: Apache-2.0 */
/* What every plan has: a reason, a next time, no act in doubt; and the same answer to the same
 * question. */
#include "lib/test.h"

#include "lib/plan_rows.h"

/* Clocks of a (the primary), b (this one) and c, in seconds beside this host's. */
static void clocks(struct seen *s, int a_s, int b_s, int c_s)
{
	const int ahead_s[] = {a_s, b_s, c_s};
	for (unsigned i = 0; i < 3; i++) {
		s->members[i].has_clock = true;
		s->members[i].clock_ahead_us = ahead_s[i] * US_S;
	}
}

/* All have voted, and nobody has written the new key alone yet. */
static void all_both(struct seen *s)
{
	case_propose(s, "yyy");
	for (unsigned i = 0; i < 3; i++) {
		case_rings(s, i, ring_of(1, 2), ring_of(1, 2));
		case_proof(s, i, 2, LOGIN_ACCEPTED);
	}
}
/* All have it alone, for a minute: it is b's to prove that the old one is refused. */
static void all_new(struct seen *s)
{
	case_propose(s, "yyy");
	s->anchor.pivot = key_n(2);
	for (unsigned i = 0; i < 3; i++) {
		case_rings(s, i, ring_of(2, 0), ring_of(2, 0));
		s->members[i].statement_moved.us = CASE_NOW - US_MIN;
	}
}

/* Over, with key 2 in every file; b's process was started before, onto a file that others wrote,
 * and is not known. */
static void over(struct seen *s)
{
	all_new(s);
	case_close(s, true);
	s->anchor.retired_n = 1;
	s->anchor.retired[0] = key_n(1);
	s->anchor.next = (struct key_name){.number = 0};
	for (unsigned i = 0; i < 3; i++)
		s->members[i].statement.retired = 1;
	s->process.loaded.is_known = s->members[1].statement.running.is_known = false;
}

#define ROWS(X)                                                                                    \
	X(voted_and_has_the_turn_yet, "release-claim", "", "has voted", case_propose(s, "-y-");    \
	  case_rings(s, 1, ring_of(1, 2), ring_of(1, 2)); case_claim(s, CLAIM_ACTING, 1);          \
	  s->process.loaded.is_known = s->members[1].statement.running.is_known = false)           \
	X(the_key_that_stands_by_is_lacking, "...", "",                                            \
	  "Looks whether every member accepts key 2", all_new(s);                                  \
	  s->ledger.proposal.after = key_n(3))                                                     \
	X(wanted, "propose", "", "key is made", case_order(s, ORDER_KEYFILE))                      \
	X(wanted_by_an_old_rs_conf, "...", "", "another member has a newer rs.conf",               \
	  case_order(s, ORDER_KEYFILE);                                                            \
	  s->is_config_behind = true)                                                              \
	X(over_and_the_old_key_not_tried, "...", "", "Looks which keys b", over(s))                \
	X(over_and_the_old_key_refused, "...", "", "Nothing is due", over(s);                      \
	  case_proof(s, 1, 2, LOGIN_ACCEPTED); case_proof(s, 1, 1, LOGIN_REFUSED))                 \
	X(over_and_the_old_key_not_held, "...", "", "Nothing is due", over(s);                     \
	  s->ledger.lacks_pivot = true)                                                            \
	X(over_and_the_old_key_accepted, "take-claim", "", "load key 2", over(s);                  \
	  s->process.loaded = s->members[1].statement.running = ring_of(1, 2))                     \
	X(idle, "...", "", "Nothing is due (mode act)", )                                          \
	X(observe, "", "", "rotad looks and changes nothing", p->mode = MODE_OBSERVE)              \
	X(instance_observe, "", "", "rotad looks and changes nothing", i->mode = MODE_OBSERVE)     \
	X(off, "", "", "both kinds are off", i->mode = MODE_OFF)                                   \
	X(no_member, "", "", "not known to be a member", s->self = -1)                             \
	X(down, "", "", "It does not answer", s->self = -1; s->process.is_answering = false)       \
	X(x509_only, "...", "", "clusterAuthMode is x509", case_order(s, ORDER_KEYFILE);           \
	  cut_z(s->process.cluster_auth_mode, 24, "x509"))                                         \
	X(old_and_observed, "", "", "!due: key 1 is at least 2 days old", p->mode = MODE_OBSERVE;  \
	  p->keyfile.max_age_us = US_DAY; s->keyfile.born.us = CASE_NOW - 2 * US_DAY)              \
	X(old_and_only_the_keyfile_is_observed, "...", "", "!due: key 1 is at least 2 days old",   \
	  p->keyfile.mode = MODE_OBSERVE;                                                          \
	  cut_z(s->members[1].statement.mode, WORD_BYTES, "observe");                              \
	  p->keyfile.max_age_us = US_DAY; s->keyfile.born.us = CASE_NOW - 2 * US_DAY)              \
	X(old_of_others, "...", "", "a:27017 proposes", p->keyfile.max_age_us = US_DAY;            \
	  s->keyfile.born.us = CASE_NOW - 2 * US_DAY)                                              \
	X(too_young, "...", "", "Nothing is due", p->keyfile.max_age_us = US_H;                    \
	  s->keyfile.born.us = CASE_NOW - 2 * US_H)                                                \
	X(old_and_observed_without_a_ledger, "", "", "looks and changes nothing",                  \
	  p->mode = MODE_OBSERVE;                                                                  \
	  s->ledger.exists = false; p->keyfile.max_age_us = US_DAY;                                \
	  s->keyfile.born.us = CASE_NOW - 2 * US_DAY)                                              \
	X(stands_by_and_due, "", "", "!due: key 2 has stood by for 2 days, half of maxAge",        \
	  p->mode = MODE_OBSERVE;                                                                  \
	  p->keyfile.max_age_us = 4 * US_DAY; s->keyfile.born.us = CASE_NOW - 3 * US_DAY;          \
	  s->anchor.standby = key_n(2); s->anchor.standby_born.us = CASE_NOW - 2 * US_DAY)         \
	X(stands_by_half_its_time_to_come, "", "", "looks and changes nothing",                    \
	  p->mode = MODE_OBSERVE;                                                                  \
	  p->keyfile.max_age_us = 5 * US_DAY; s->keyfile.born.us = CASE_NOW - 3 * US_DAY;          \
	  s->anchor.standby = key_n(2); s->anchor.standby_born.us = CASE_NOW - 2 * US_DAY)         \
	X(stands_by_too_young, "", "", "looks and changes nothing", p->mode = MODE_OBSERVE;        \
	  p->keyfile.max_age_us = US_DAY; s->keyfile.born.us = CASE_NOW - 9 * US_DAY;              \
	  s->anchor.standby = key_n(2); s->anchor.standby_born.us = CASE_NOW - US_H)               \
	X(stood_by, "vote", "", "votes for key 2", case_propose(s, "---");                         \
	  s->ledger.proposal.after = key_n(3); case_rings(s, 1, ring_of(1, 2), ring_of(1, 2));     \
	  case_proof(s, 1, 2, LOGIN_ACCEPTED))                                                     \
	X(carried_with_one_after, "put-keyfile", "", "!2+3 are written", case_propose(s, "yyy");   \
	  s->ledger.proposal.after = key_n(3); case_rings(s, 1, ring_of(1, 2), ring_of(1, 2));     \
	  for (unsigned m = 0; m < 3; m++) case_proof(s, m, 2, LOGIN_ACCEPTED))                    \
	X(born_unknown, "...", "", "Nothing is due", p->keyfile.max_age_us = US_DAY)               \
	X(asked_elsewhere, "...", "", "the rotad that was asked", case_order(s, ORDER_KEYFILE);    \
	  s->ledger.orders[0].head.from = spki_n(2))                                               \
	X(asked_elsewhere_long_ago, "propose", "", "proposed", case_order(s, ORDER_KEYFILE);       \
	  s->ledger.orders[0].head.from = spki_n(2);                                               \
	  s->ledger.orders[0].head.at.us = CASE_NOW - US_MIN)                                      \
	X(asked_elsewhere_almost_long_ago, "...", "", "the rotad that was asked",                  \
	  case_order(s, ORDER_KEYFILE);                                                            \
	  s->ledger.orders[0].head.from = spki_n(2);                                               \
	  s->ledger.orders[0].head.at.us = CASE_NOW - US_MIN + 1)                                  \
	X(asked_elsewhere_tomorrow, "propose", "", "proposed", case_order(s, ORDER_KEYFILE);       \
	  s->ledger.orders[0].head.from = spki_n(2);                                               \
	  s->ledger.orders[0].head.at.us = CASE_NOW + 1)                                           \
	X(asked_elsewhere_now, "...", "", "the rotad that was asked",                              \
	  case_order(s, ORDER_KEYFILE);                                                            \
	  s->ledger.orders[0].head.from = spki_n(2); s->ledger.orders[0].head.at.us = CASE_NOW)    \
	X(old_to_the_day, "", "", "!due: key 1 is at least 2 days old", p->mode = MODE_OBSERVE;    \
	  p->keyfile.max_age_us = 2 * US_DAY; s->keyfile.born.us = CASE_NOW - 2 * US_DAY)          \
	X(old_but_for_a_moment, "", "", "looks and changes nothing", p->mode = MODE_OBSERVE;       \
	  p->keyfile.max_age_us = 2 * US_DAY; s->keyfile.born.us = CASE_NOW - 2 * US_DAY + 1)      \
	X(old_enough, "", "", "!due: key 1 is 24 h 0 min old", p->mode = MODE_OBSERVE;             \
	  p->keyfile.max_age_us = US_H; s->keyfile.born.us = CASE_NOW - US_DAY;                    \
	  s->keyfile.is_born_exact = true)                                                         \
	X(not_old_enough, "", "", "looks and changes nothing", p->mode = MODE_OBSERVE;             \
	  p->keyfile.max_age_us = US_H; s->keyfile.born.us = CASE_NOW - US_DAY + 1)                \
	X(never_too_old, "", "", "looks and changes nothing", p->mode = MODE_OBSERVE;              \
	  s->keyfile.born.us = CASE_NOW - 999 * US_DAY)                                            \
	X(held_with_its_turn, "release-claim", "", "!hold", case_propose(s, "---");                \
	  case_claim(s, CLAIM_ACTING, 1); s->ledger.hold.is_on = true)                             \
	X(keyfiles_alone_are_off, "...", "", "Nothing is", p->keyfile.mode = MODE_OFF;             \
	  cut_z(s->members[1].statement.mode, WORD_BYTES, "off"))                                  \
	X(clock_of_this_host_by_its_mongod, "...", "", "Nothing is due", clocks(s, 0, 400, 0))     \
	X(first_shares_no_key_on_disk, "...", "", "!a:27017 does not hold key 1",                  \
	  case_order(s, ORDER_KEYFILE);                                                            \
	  s->members[0].statement.disk = ring_of(3, 0))                                            \
	X(shares_no_key_on_disk, "...", "", "!c:27017 does not hold key 1",                        \
	  case_order(s, ORDER_KEYFILE);                                                            \
	  s->members[2].statement.disk = ring_of(3, 0))                                            \
	X(shares_no_key_running, "...", "", "!c:27017 does not hold key 1",                        \
	  case_order(s, ORDER_KEYFILE);                                                            \
	  s->members[2].proofs[0].verdict = LOGIN_REFUSED)                                         \
	X(sharing_unproven, "...", "", "Looks whether every member accepts key 1",                 \
	  case_order(s, ORDER_KEYFILE);                                                            \
	  s->members[2].proofs_n = 0)                                                              \
	X(votes, "vote", "", "votes for key 2", case_propose(s, "---");                            \
	  case_rings(s, 1, ring_of(1, 2), ring_of(1, 2)); case_proof(s, 1, 2, LOGIN_ACCEPTED))     \
	X(held_before_its_vote, "...", "", "does not vote yet", case_propose(s, "---");            \
	  case_rings(s, 1, ring_of(1, 2), ring_of(1, 2)); case_proof(s, 1, 2, LOGIN_ACCEPTED);     \
	  s->ledger.hold.is_on = true)                                                             \
	X(held_and_its_vote_lost, "vote", "", "votes for key 2", case_propose(s, "-y-");           \
	  s->ledger.roll.votes[1].word = VOTE_NONE;                                                \
	  case_rings(s, 1, ring_of(1, 2), ring_of(1, 2)); case_proof(s, 1, 2, LOGIN_ACCEPTED);     \
	  s->ledger.hold.is_on = true)                                                             \
	X(pending_and_its_vote_lost, "...", "", "does not vote yet", case_propose(s, "-y-");       \
	  s->ledger.roll.votes[1].word = VOTE_NONE;                                                \
	  case_rings(s, 1, ring_of(1, 2), ring_of(1, 2)); case_proof(s, 1, 2, LOGIN_ACCEPTED);     \
	  cut_z(s->process.pending, 64, "mongod.conf"))                                            \
	X(pending_before_its_vote, "...", "", "does not vote yet", case_propose(s, "---");         \
	  case_rings(s, 1, ring_of(1, 2), ring_of(1, 2)); case_proof(s, 1, 2, LOGIN_ACCEPTED);     \
	  cut_z(s->process.pending, 64, "mongod.conf"))                                            \
	X(carried_and_has_the_old_one, "put-keyfile", "", "!Keys 1+2 are written",                 \
	  case_propose(s, "yyy");                                                                  \
	  case_rings(s, 1, ring_of(1, 0), ring_of(1, 0)))                                          \
	X(carried_and_loaded_the_old_one, "take-claim", "", "!load key 1+2",                       \
	  case_propose(s, "yyy");                                                                  \
	  case_rings(s, 1, ring_of(1, 2), ring_of(1, 0)))                                          \
	X(carried_and_to_be_looked_at, "...", "", "!accepts key 2 alone", case_propose(s, "yyy");  \
	  case_rings(s, 1, ring_of(1, 2), ring_of(1, 2)); s->process.loaded.is_known = false;      \
	  s->members[1].statement.running.is_known = false)                                        \
	X(carried_and_one_joined, "release-claim", "newcomer-without-key", "joined after",         \
	  all_both(s);                                                                             \
	  s->members_n = 4; case_member(s, 3, false); case_claim(s, CLAIM_WAITING, 1))             \
	X(carried_and_one_joined_and_its_rotad_says_it_follows, "...", "", "accepts key 2 alone",  \
	  all_both(s);                                                                             \
	  s->members_n = 4; case_member(s, 3, false);                                              \
	  case_rings(s, 3, ring_of(1, 2), ring_of(1, 2)))                                          \
	X(carried_and_one_without_a_rotad_refuses, "...", "newcomer-without-key", "joined after",  \
	  all_both(s);                                                                             \
	  s->members_n = 4; case_member(s, 3, false); s->members[3].has_statement = false;         \
	  case_proof(s, 3, 2, LOGIN_REFUSED))                                                      \
	X(narrow_and_the_old_one_is_accepted, "...", "", "!c:27017 still accepts key 1",           \
	  all_new(s);                                                                              \
	  case_proof(s, 2, 1, LOGIN_ACCEPTED))                                                     \
	X(narrow_and_the_old_one_is_accepted_by_the_first, "...", "",                              \
	  "!a:27017 still accepts key 1", all_new(s);                                              \
	  case_proof(s, 0, 1, LOGIN_ACCEPTED))                                                     \
	X(narrow_and_refused, "close", "", "the rotation is closed", all_new(s);                   \
	  for (unsigned m = 0; m < 3; m++) case_proof(s, m, 1, LOGIN_REFUSED))                     \
	X(narrow_and_one_was_given_up, "close", "", "the rotation is closed", all_new(s);          \
	  s->ledger.roll.is_without[0] = true; s->members[0].hello.who = WITNESS_NONE;             \
	  s->members[0].statement.disk = ring_of(1, 2);                                            \
	  for (unsigned m = 1; m < 3; m++) case_proof(s, m, 1, LOGIN_REFUSED))                     \
	X(narrow_and_the_first_is_not, "...", "", "waits for a:27017", all_new(s);                 \
	  s->members[0].statement.disk = ring_of(1, 2))                                            \
	X(narrow_and_the_first_says_nothing, "...", "member-without-rotad", "waits for a:27017",   \
	  all_new(s);                                                                              \
	  s->members[0].has_statement = false)                                                     \
	X(narrow_and_one_file_is_unknown, "...", "", "waits for c:27017", all_new(s);              \
	  s->members[2].statement.disk.is_known = false)                                           \
	X(closed_and_undone, "retire", "", "retired on this host", case_propose(s, "yyn");         \
	  case_close(s, false))                                                                    \
	X(retired_and_loaded_still, "take-claim", "", "load key 2", case_propose(s, "yyy");        \
	  case_close(s, true); s->anchor.pivot = key_n(2);                                         \
	  s->anchor.retired[s->anchor.retired_n++] = key_n(1); for (unsigned m = 0; m < 3; m++)    \
	      case_rings(s, m, ring_of(2, 0), ring_of(2, m == 1 ? 1 : 0)))                         \
	X(one_was_given_up_and_one_waited_for, "...", "", "waits for c:27017 (2 of 3)",            \
	  case_propose(s, "-y-");                                                                  \
	  s->ledger.roll.is_without[0] = true; case_rings(s, 1, ring_of(1, 2), ring_of(1, 2)))     \
	X(unwritable_without_a_word, "...", "", "!waits: keyfile", case_propose(s, "---");         \
	  s->keyfile.is_writable = false)                                                          \
	X(asked_here_and_others_use_it, "propose", "key-used-by-others", "proposed",               \
	  case_order(s, ORDER_KEYFILE);                                                            \
	  cut_z(s->members[2].others, 64, "10.0.0.9");                                             \
	  p->keyfile.other_users = OTHER_USERS_IGNORE)                                             \
	X(asked_elsewhere_and_others_use_it, "propose", "", "proposed",                            \
	  case_order(s, ORDER_KEYFILE);                                                            \
	  s->ledger.orders[0].head.from = spki_n(2);                                               \
	  s->ledger.orders[0].head.at.us = CASE_NOW - US_MIN;                                      \
	  cut_z(s->members[2].others, 64, "10.0.0.9");                                             \
	  p->keyfile.other_users = OTHER_USERS_IGNORE)                                             \
	X(file_lost_it, "put-keyfile", "", "!written", case_propose(s, "yyy");                     \
	  case_close(s, true); s->anchor.pivot = key_n(2); s->anchor.retired_n = 1;                \
	  s->anchor.retired[0] = key_n(1); case_rings(s, 1, ring_of(1, 0), ring_of(2, 0)))         \
	X(external, "...", "", "writer: external", case_propose(s, "---");                         \
	  p->keyfile.writer = WRITER_EXTERNAL)                                                     \
	X(disk_full, "...", "disk-full", "waits: keyfile", case_propose(s, "---");                 \
	  s->keyfile.is_writable = false; s->keyfile.put_error = ERR_DISK_FULL;                    \
	  cut_z(s->keyfile.why, 64, "its file system has no space left"))                          \
	X(file_unsafe, "...", "file-unsafe", "waits: keyfile", case_propose(s, "---");             \
	  s->keyfile.is_writable = false; s->keyfile.put_error = ERR_PERMISSION;                   \
	  cut_z(s->keyfile.why, 64, "its directory is root's"))                                    \
	X(disk_full_and_nothing_due, "...", "", "Nothing is due", s->keyfile.is_writable = false;  \
	  s->keyfile.put_error = ERR_DISK_FULL; cut_z(s->keyfile.why, 64, "no space"))             \
	X(disk_full_external, "...", "", "writer: external", case_propose(s, "---");               \
	  s->keyfile.is_writable = false; s->keyfile.put_error = ERR_DISK_FULL;                    \
	  cut_z(s->keyfile.why, 64, "no space"); p->keyfile.writer = WRITER_EXTERNAL)              \
	X(clock_is_wrong, "...", "clock-jumped", "!Nothing is due", s->is_clock_sane = false;      \
	  cut_z(s->clock_why, 64, "it is 365 days ahead"))                                         \
	X(clock_of_another_is_ahead, "...", "clock-jumped", "Nothing is due",                      \
	  clocks(s, 0, 3, 400))                                                                    \
	X(clock_of_another_is_behind, "...", "clock-jumped", "Nothing is due",                     \
	  clocks(s, 7, 9, -301))                                                                   \
	X(clock_of_another_is_near, "...", "", "Nothing is due", clocks(s, 0, 0, 300))             \
	X(clock_of_this_host_and_another_are_off_alike, "...", "", "Nothing is due",               \
	  clocks(s, -900, 0, -900))                                                                \
	X(clock_of_another_seen_by_a_wrong_one, "...", "clock-jumped", "!Nothing is due",          \
	  clocks(s, 0, 0, 999);                                                                    \
	  s->is_clock_sane = false; cut_z(s->clock_why, 64, "behind"))                             \
	X(clock_of_another_is_not_told, "...", "", "Nothing is due", clocks(s, 0, 0, 400);         \
	  s->members[2].has_clock = false)                                                         \
	X(clock_of_the_primary_is_not_told, "...", "", "Nothing is due", clocks(s, 0, 0, 400);     \
	  s->members[0].has_clock = false)                                                         \
	X(clock_is_wrong_under_way, "put-keyfile", "clock-jumped", "!written",                     \
	  case_propose(s, "---");                                                                  \
	  s->is_clock_sane = false)                                                                \
	X(held_and_nothing_due, "...", "", "held by alice: a foreign write",                       \
	  s->ledger.hold.is_on = true;                                                             \
	  cut_z(s->ledger.hold.who, 16, "alice");                                                  \
	  cut_z(s->ledger.hold.why, 32, "a foreign write"))                                        \
	X(held_and_observed, "", "", "rotad looks and changes nothing",                            \
	  s->ledger.hold.is_on = true;                                                             \
	  p->mode = MODE_OBSERVE)                                                                  \
	X(newcomer, "...", "", "joined after the proposal", case_propose(s, "---");                \
	  case_rings(s, 1, ring_of(1, 2), ring_of(1, 2));                                          \
	  cut_z(s->ledger.proposal.roll[1].host, 64, "d:27017"))                                   \
	X(member_silent, "...", "", "!c:27017 (it does not answer)", case_propose(s, "yyy");       \
	  case_rings(s, 1, ring_of(1, 2), ring_of(1, 2)); s->members[2].hello.who = WITNESS_NONE)  \
	X(rolled_back, "hold", "turn-rolled-back", "the cluster is held",                          \
	  s->debts.rolled_back_at.us = CASE_NOW)                                                   \
	X(dead_key_beside, "put-keyfile", "", "Keys 1 are written", s->anchor.retired_n = 1;       \
	  s->anchor.retired[0] = key_n(2); case_rings(s, 1, ring_of(1, 2), ring_of(1, 0)))         \
	X(spare_key_beside, "...", "", "Nothing is due",                                           \
	  case_rings(s, 1, ring_of(1, 3), ring_of(1, 0)))                                          \
	X(undone_loaded, "take-claim", "", "load key 1", case_propose(s, "-yn");                   \
	  case_rings(s, 1, ring_of(1, 0), ring_of(1, 2)))                                          \
	X(undone_waits_for_others, "...", "", "waits for c:27017", case_propose(s, "-yn");         \
	  case_rings(s, 2, ring_of(1, 0), ring_of(1, 2)))                                          \
	X(closed, "retire", "", "!retired on this host", case_propose(s, "yyy");                   \
	  case_close(s, true); case_rings(s, 1, ring_of(2, 0), ring_of(2, 0)))

ROWS(PLAN_ROW_SET)

static void a_plan_is_as_its_row_says(void **state)
{
	static const struct plan_row rows[] = {ROWS(PLAN_ROW)};
	plan_rows_check(rows, ARRAY_N(rows), 1);
}

static void the_same_question_has_the_same_answer(void **state)
{
	static struct plan first;
	case_begin(1);
	case_propose(&the.s, "-y-");
	memset(&the.plan, 0x55, sizeof(the.plan));
	case_plan();
	first = the.plan;
	memset(&the.plan, 0xaa, sizeof(the.plan));
	case_plan();
	assert_string_equal(first.reason, the.plan.reason);
	assert_int_equal(first.acts_n, the.plan.acts_n);
	assert_int_equal(first.events_n, the.plan.events_n);
	assert_int_equal(first.wake_at.us, the.plan.wake_at.us);
	assert_memory_equal(first.gates, the.plan.gates, first.gates_n * sizeof(first.gates[0]));
	assert_memory_equal(first.acts, the.plan.acts, first.acts_n * sizeof(first.acts[0]));
}

static void one_proves_the_old_key_refused_and_the_next_only_if_it_does_not(void **state)
{
	static const struct {
		unsigned self;
		int64_t since_us;
		unsigned looks_n;
	} rows[] = {{0, 0, 3},         {1, 0, 0},         {1, 29 * US_S, 0},
		    {1, 30 * US_S, 3}, {2, 30 * US_S, 0}, {2, 60 * US_S, 3}};
	for (size_t r = 0; r < ARRAY_N(rows); r++) {
		case_begin(rows[r].self);
		case_propose(&the.s, "yyy");
		for (unsigned i = 0; i < 3; i++) {
			case_rings(&the.s, i, ring_of(2, 0), ring_of(2, 0));
			the.s.members[i].statement_moved.us = CASE_NOW - rows[r].since_us;
		}
		case_plan();
		assert_int_equal(the.plan.acts_n, 0);
		assert_int_equal(the.plan.looks_n, rows[r].looks_n);
		for (unsigned i = 0; i < the.plan.looks_n; i++)
			assert_true(the.plan.looks[i].expects_refusal);
	}
}

static void the_clock_of_another_is_told_in_its_place(void **state)
{
	case_begin(1);
	clocks(&the.s, 100, 100, 500);
	case_plan();
	const struct event *e = told_get("clock-jumped");
	assert_string_equal(e->subject, "c:27017");
	assert_non_null(strstr(e->what, "6 min"));
	assert_non_null(strstr(e->what, "ahead of the primary's"));
	assert_false(the.plan.needs_attention);
	clocks(&the.s, 0, 0, 400);
	the.s.is_clock_sane = false;
	case_plan();
	assert_string_equal(told_get("clock-jumped")->subject, "b:27017"); /* its own alone */
	assert_int_equal(the.plan.events_n, 1);
}

/* Where the primary's own clock is wrong all others seem to be. */
static void the_clocks_of_others_leave_room_for_what_matters(void **state)
{
	case_begin(1);
	the.s.members_n = 12;
	for (unsigned i = 3; i < the.s.members_n; i++) {
		case_member(&the.s, i % 3, false);
		the.s.members[i] = the.s.members[i % 3];
		snprintf(the.s.members[i].host, HOST_BYTES_MAX, "m%u:27017", i);
		the.s.members[i].is_self = false;
	}
	case_member(&the.s, 0, true);
	for (unsigned i = 0; i < the.s.members_n; i++) {
		the.s.members[i].has_clock = true;
		the.s.members[i].clock_ahead_us = i ? US_H : 0;
	}
	the.s.keyfile.ring = ring_of(9, 0);
	the.s.keyfile.is_foreign = the.s.keyfile.has_stranger = true;
	case_plan();
	(void)told_get("foreign-write");
	assert_int_equal(the.plan.events_n, EVENTS_PER_ROUND_MAX);
	assert_string_equal(the.plan.events[EVENTS_PER_ROUND_MAX - 1].name, "clock-jumped");
}

/* The soonest of all that is waited for. */
static void it_looks_again_when_the_first_of_its_waits_ends(void **state)
{
	static const struct {
		bool is_external, is_staged;
		int64_t wake_us;
	} rows[] = {{false, false, 10 * US_S},
		    {true, false, 5 * US_S},
		    {false, true, US_S / 4},
		    {true, true, US_S / 4}};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		case_begin(1);
		if (rows[i].is_external) {
			case_propose(&the.s, "---");
			the.policy.keyfile.writer = WRITER_EXTERNAL;
		}
		if (rows[i].is_staged) {
			the.s.certificate.fact = seen_at(CASE_NOW);
			the.s.certificate.stage = CERT_STAGE_STAGED;
			the.s.certificate.file.is_known = true;
			the.s.certificate.file.chain_not_after.us = CASE_NOW + 40 * US_DAY;
			case_claim(&the.s, CLAIM_ACTING, 2);
		}
		case_plan();
		assert_int_equal(the.plan.wake_at.us - CASE_NOW, rows[i].wake_us);
	}
}

static void a_proposal_says_whose_word_it_follows(void **state)
{
	case_begin(1);
	case_order(&the.s, ORDER_KEYFILE);
	case_plan();
	const struct act *a = planned_get(ACT_PROPOSE);
	assert_string_equal(a->reason, "asked for, by alice");
	assert_string_equal(a->order.hex, token_n(7).hex);
	assert_int_equal(a->urgency, URGENCY_ROUTINE);
	cut_z(the.s.ledger.orders[0].reason, REASON_BYTES, "quarterly");
	cut_z(the.s.ledger.orders[0].ticket, NAME_BYTES_MAX, "CHG4");
	the.s.ledger.orders[0].urgency = URGENCY_EMERGENCY;
	case_plan();
	assert_string_equal(planned_get(ACT_PROPOSE)->reason, "quarterly, CHG4, by alice");
	assert_int_equal(planned_get(ACT_PROPOSE)->urgency, URGENCY_EMERGENCY);
	/* By age it is the first member's, and nobody's word. */
	case_begin(0);
	case_shared(&the.s);
	the.policy.keyfile.max_age_us = 2 * US_DAY;
	the.s.keyfile.born.us = CASE_NOW - 2 * US_DAY;
	case_plan();
	assert_string_equal(planned_get(ACT_PROPOSE)->reason, "key 1 is at least 2 days old");
	assert_string_equal(planned_get(ACT_PROPOSE)->order.hex, "");
}

static void a_clock_that_is_behind_is_told_so(void **state)
{
	case_begin(1);
	clocks(&the.s, 0, 0, -400);
	case_plan();
	assert_non_null(strstr(told_get("clock-jumped")->what, "it is 6 min 0 s behind"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_plan_is_as_its_row_says),
	    cmocka_unit_test(the_same_question_has_the_same_answer),
	    cmocka_unit_test(one_proves_the_old_key_refused_and_the_next_only_if_it_does_not),
	    cmocka_unit_test(the_clock_of_another_is_told_in_its_place),
	    cmocka_unit_test(it_looks_again_when_the_first_of_its_waits_ends),
	    cmocka_unit_test(a_proposal_says_whose_word_it_follows),
	    cmocka_unit_test(a_clock_that_is_behind_is_told_so),
	    cmocka_unit_test(the_clocks_of_others_leave_room_for_what_matters),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
