/* SPDX-License-Identifier: Apache-2.0 */
/* A keyfile that rotad did not write: noted, put back once, or held; by b's rotad. */
#include "lib/test.h"

#include "lib/plan_rows.h"

static void wrote(struct seen *s, unsigned first, unsigned second)
{
	s->keyfile.ring = ring_of(first, second);
	s->keyfile.is_foreign = true;
	s->keyfile.has_stranger = first == 9 || second == 9;
	s->members[1].statement.disk = s->keyfile.ring;
}
static void voted(struct seen *s)
{
	case_propose(s, "-y-");
	case_rings(s, 1, ring_of(1, 2), ring_of(1, 2));
}

static void all_accept(struct seen *s)
{
	for (unsigned i = 0; i < s->members_n; i++)
		case_proof(s, i, 2, LOGIN_ACCEPTED);
}
/* What is known while there is no primary: the anchor. */
static void unanswered(struct seen *s)
{
	memset(&s->ledger, 0, sizeof(s->ledger));
	cut_z(s->ledger.why, 64, "no primary");
}

/* Put right before the member was started. */
static void mended(struct seen *s)
{
	s->debts.mended_at.us = s->debts.restored_at.us = CASE_NOW - US_S;
	cut_z(s->debts.mended_why, sizeof(s->debts.mended_why), "it holds a dead key");
}

#define HARMLESS "foreign-write-harmless"
#define ROWS(X)                                                                                    \
	X(nothing, "...", "", "Nothing is due", )                                                  \
	X(same_keys, "...", HARMLESS, "Nothing is due", wrote(s, 1, 0))                            \
	X(mended_before_its_start, "hold", "foreign-write", "put back before it was started",      \
	  mended(s))                                                                               \
	X(mended_and_held, "...", "foreign-write", "held by", mended(s);                           \
	  s->ledger.hold.is_on = true)                                                             \
	X(mended_and_unanswered, "", "foreign-write", "!", mended(s); unanswered(s))               \
	X(mended_and_only_looked_at, "", "", "rotad looks", mended(s);                          \
	  p->mode = MODE_OBSERVE)                                                          \
	X(mended_and_written_again, "hold", "foreign-write", "put back before", mended(s);         \
	  wrote(s, 9, 0))                                                                          \
	X(written_again_and_held, "", "second-writer", "!nothing more is written", mended(s);      \
	  s->ledger.hold.is_on = true; wrote(s, 9, 0))                                             \
	X(both_keys_after_yea, "...", HARMLESS, "has voted", voted(s); wrote(s, 2, 1))             \
	X(narrowed_before_yea, "put-keyfile", HARMLESS, "written", case_propose(s, "---");         \
	  wrote(s, 1, 0))                                                                          \
	X(narrowed_after_yea, "hold restore-keyfile", "foreign-write", "put back", voted(s);       \
	  wrote(s, 1, 0))                                                                          \
	X(lost_the_pivot, "hold restore-keyfile", "foreign-write", "put back",                     \
	  case_propose(s, "---");                                                                  \
	  wrote(s, 2, 0))                                                                          \
	X(old_key_after_all, "hold restore-keyfile", "foreign-write", "put back",                  \
	  case_propose(s, "yyy");                                                                  \
	  all_accept(s); wrote(s, 1, 0))                                                           \
	X(old_key_before_the_look, "hold", "foreign-write", "once every member", wrote(s, 1, 0);   \
	  case_propose(s, "yyy"))                                                                  \
	X(old_key_one_silent, "hold", "foreign-write", "once every member", wrote(s, 1, 0);        \
	  case_propose(s, "yyy"); all_accept(s); s->members[2].hello.who = WITNESS_NONE;           \
	  s->members[2].proofs_n = 0)                                                              \
	X(old_key_before_it_is_known_who_shares_it, "hold", "foreign-write",                       \
	  "not all who share it are known", case_propose(s, "yyy");                                \
	  all_accept(s); wrote(s, 1, 0); s->sharding.fact.who = WITNESS_NONE;                      \
	  cut_z(s->sharding.why, sizeof(s->sharding.why), "not asked yet"))                        \
	X(old_key_while_rs_conf_is_an_old_one, "hold", "foreign-write", "has a newer rs.conf",     \
	  case_propose(s, "yyy");                                                                  \
	  all_accept(s); wrote(s, 1, 0); s->is_config_behind = true)                               \
	X(old_key_newcomer_in_another_set, "hold", "foreign-write", "once every member",           \
	  case_propose(s, "yyy");                                                                  \
	  all_accept(s); wrote(s, 1, 0); s->ledger.proposal.roll_n = 3; case_sharded(s);           \
	  s->ledger.proposal.roll_n = 3)                                                           \
	X(old_key_another_set_has_voted, "hold restore-keyfile", "foreign-write", "put back",      \
	  case_propose(s, "yyy");                                                                  \
	  all_accept(s); wrote(s, 1, 0); case_sharded(s); case_others_yea(s))                      \
	X(retired_key, "hold restore-keyfile", "foreign-write", "put back", wrote(s, 1, 0);        \
	  case_propose(s, "yyy"); case_close(s, true); s->anchor.pivot = key_n(2);                 \
	  s->anchor.retired_n = 1; s->anchor.retired[0] = key_n(1))                                \
	X(held_already, "restore-keyfile", "foreign-write", "put back", voted(s); wrote(s, 1, 0);  \
	  s->ledger.hold.is_on = true)                                                             \
	X(second_time, "hold", "second-writer", "nothing more", voted(s); wrote(s, 1, 0);          \
	  s->debts.restored_at.us = CASE_NOW - US_H)                                               \
	X(stranger, "hold", "foreign-write", "the ledger does not know", wrote(s, 9, 0))           \
	X(stranger_beside, "hold", "foreign-write", "the ledger does not know", wrote(s, 1, 9))    \
	X(unreadable, "hold", "foreign-write", "no keyring", wrote(s, 1, 0);                       \
	  s->keyfile.ring.is_known = false; s->members[1].statement.disk.is_known = false)         \
	X(opened, "", "keyfile-unreadable", "would not start", wrote(s, 1, 0);                     \
	  s->keyfile.ring.is_known = false; s->members[1].statement.disk.is_known = false;         \
	  s->keyfile.is_refused = s->keyfile.is_misplaced = true)                                  \
	X(marked, "hold", "foreign-write", "the ledger does not know", wrote(s, 9, 0);             \
	  cut_z(s->keyfile.marker, 64, "Ansible managed"))                                         \
	X(retired_and_named_so, "hold restore-keyfile", "foreign-write", "(only retired keys)",    \
	  wrote(s, 1, 0);                                                                          \
	  case_propose(s, "yyy"); case_close(s, true); s->anchor.pivot = key_n(2);                 \
	  s->anchor.retired_n = 1; s->anchor.retired[0] = key_n(1))                                \
	X(not_of_this_generation, "hold restore-keyfile", "foreign-write",                         \
	  "(not the keys of this generation)", voted(s);                                           \
	  wrote(s, 1, 0))                                                                          \
	X(old_key_after_the_end, "hold restore-keyfile", "foreign-write", "put back",              \
	  wrote(s, 1, 0);                                                                          \
	  case_propose(s, "yyy"); all_accept(s); case_close(s, true); s->anchor.pivot = key_n(2))  \
	X(old_key_after_the_end_before_the_look, "hold", "foreign-write", "once every member",     \
	  wrote(s, 1, 0);                                                                          \
	  case_propose(s, "yyy"); case_close(s, true); s->anchor.pivot = key_n(2))                 \
	X(burnt_key_after_the_end, "hold restore-keyfile", "foreign-write", "put back",            \
	  wrote(s, 2, 0);                                                                          \
	  case_propose(s, "yyn"); case_close(s, false); s->anchor.retired_n = 1;                   \
	  s->anchor.retired[0] = key_n(2))                                                         \
	X(old_key_without_the_first, "hold restore-keyfile", "foreign-write", "put back",          \
	  case_propose(s, "yyy");                                                                  \
	  all_accept(s); wrote(s, 1, 0); s->members[0].hello.who = WITNESS_NONE;                   \
	  s->ledger.roll.is_without[0] = true)                                                     \
	X(old_key_newcomer_unseen, "hold", "foreign-write", "once every member",                   \
	  case_propose(s, "yyy");                                                                  \
	  all_accept(s); wrote(s, 1, 0); s->members_n = 4; case_member(s, 3, false))               \
	X(no_ledger_no_salt, "", "", "!does not answer", wrote(s, 9, 0); unanswered(s);            \
	  s->has_salt = false)                                                                     \
	X(no_ledger, "", "foreign-write", "nothing more", wrote(s, 9, 0); unanswered(s))           \
	X(no_ledger_older_key, "", "foreign-write", "nothing more", wrote(s, 3, 0); unanswered(s)) \
	X(no_ledger_after_yea, "", "foreign-write", "nothing more", voted(s); wrote(s, 1, 0);      \
	  unanswered(s))                                                                           \
	X(no_ledger_harmless, "", HARMLESS, "does not answer", wrote(s, 1, 0); unanswered(s))      \
	X(no_ledger_nothing, "", "", "does not answer", unanswered(s))                             \
	X(policy_holds, "hold", "foreign-write", "nothing more", voted(s); wrote(s, 1, 0);         \
	  p->keyfile.on_foreign_write = FOREIGN_HOLD)                                              \
	X(external_writer, "hold", "foreign-write", "nothing more", voted(s); wrote(s, 1, 0);      \
	  p->keyfile.writer = WRITER_EXTERNAL)                                                     \
	X(asks_again_and_again, "hold", "second-writer", "nothing more", voted(s); wrote(s, 1, 0); \
	  p->mode = MODE_ASK; cut_z(s->members[1].statement.mode, WORD_BYTES, "ask");              \
	  s->debts.restored_at.us = CASE_NOW - US_H;                                               \
	  seen_approval(s, APPROVAL_RESTORE, s->approved))                                         \
	X(is_approved, "hold restore-keyfile", "foreign-write", "put back once, and everything",   \
	  voted(s);                                                                                \
	  wrote(s, 1, 0); p->mode = MODE_ASK; seen_approval(s, APPROVAL_RESTORE, s->approved);     \
	  cut_z(s->members[1].statement.mode, WORD_BYTES, "ask"))                                  \
	X(asks, "hold", "foreign-write", "rotactl approve", voted(s); wrote(s, 1, 0);              \
	  p->mode = MODE_ASK; cut_z(s->members[1].statement.mode, WORD_BYTES, "ask"))              \
	X(off, "...", "", "Nothing", voted(s); wrote(s, 1, 0); p->keyfile.mode = MODE_OFF;         \
	  cut_z(s->members[1].statement.mode, WORD_BYTES, "off"))                                  \
	X(observes, "", "foreign-write", "nothing more", wrote(s, 9, 0); p->mode = MODE_OBSERVE)

ROWS(PLAN_ROW_SET)

static void a_foreign_write_is_met_as_its_row_says(void **state)
{
	static const struct plan_row rows[] = {ROWS(PLAN_ROW)};
	plan_rows_check(rows, ARRAY_N(rows), 1);
}

static void what_is_put_back_is_what_the_votes_wish(void **state)
{
	static const struct {
		const char *votes;
		unsigned found, first, second;
	} rows[] = {{"-y-", 1, 1, 2}, {"yyy", 1, 2, 0}, {"---", 2, 1, 2}, {"-yn", 2, 1, 0}};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		const struct act *a;
		case_begin(1);
		case_propose(&the.s, rows[i].votes);
		all_accept(&the.s);
		wrote(&the.s, rows[i].found, 0);
		case_plan();
		a = planned(ACT_RESTORE_KEYFILE);
		assert_non_null(a);
		assert_int_equal(a->ring_n, rows[i].second ? 2 : 1);
		assert_int_equal(a->ring[0].number, rows[i].first);
		assert_int_equal(a->ring[1].number, rows[i].second);
		assert_true(the.plan.needs_attention);
		assert_true(told_get("foreign-write")->severity == SEVERITY_CRITICAL);
	}
}

/* Whoever reads it can bring the right file back by what it says, and cannot by resume alone. */
static void the_advice_names_a_member_whose_file_is_right(void **state)
{
	static const struct {
		const char *votes;
		unsigned a, c;
		const char *donor; /* NULL: none */
	} rows[] = {
	    {NULL, 1, 1, "c:27017"}, {NULL, 1, 9, "a:27017"},
	    {NULL, 9, 9, NULL},      {"-y-", 1, 1, NULL}, /* this member has promised key 2 */
	    {NULL, 1, 9, NULL},                           /* nobody speaks for the first */
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		case_begin(1);
		if (rows[i].votes)
			case_propose(&the.s, rows[i].votes);
		case_rings(&the.s, 0, ring_of(rows[i].a, 0), ring_of(1, 0));
		case_rings(&the.s, 2, ring_of(rows[i].c, 0), ring_of(1, 0));
		the.s.members[0].has_statement = i != 4;
		wrote(&the.s, 9, 0);
		assert_true(foreign_stands(&the.s, MODE_ACT));
		assert_false(foreign_stands(&the.s, MODE_OFF));
		case_plan();
		const struct event *e = told_get("foreign-write");
		assert_non_null(strstr(e->you, rows[i].donor ? rows[i].donor : "with key 1 there"));
		assert_non_null(strstr(e->you, "Then: rotactl resume"));
		assert_null(strstr(e->you, "explain"));
		assert_non_null(strstr(e->now, "DO NOT restart it until its file is right"));
		/* Who overwrites a file in place leaves its owner: root may have been it. */
		assert_non_null(strstr(e->what, "The file's owner is uid "));
		assert_null(strstr(e->what, " by uid"));
		assert_null(strstr(e->you, "approve"));
		wrote(&the.s, 1, 2);
		assert_false(foreign_stands(&the.s, MODE_ACT));
	}
}

/* The first of all members has a roll entry like the others. */
static void the_first_members_yea_binds_its_file(void **state)
{
	case_begin(0);
	case_propose(&the.s, "y--");
	case_rings(&the.s, 0, ring_of(1, 2), ring_of(1, 2));
	the.s.keyfile.ring = the.s.members[0].statement.disk = ring_of(1, 0);
	the.s.keyfile.is_foreign = true;
	assert_true(foreign_stands(&the.s, MODE_ACT));
	case_plan();
	assert_int_equal(planned_get(ACT_RESTORE_KEYFILE)->ring_n, 2);
}

static void whose_the_file_is_is_told(void **state)
{
	case_begin(1);
	wrote(&the.s, 9, 0);
	the.s.keyfile.uid = 1007;
	case_plan();
	assert_non_null(strstr(told_get("foreign-write")->what, "owner is uid 1007."));
	cut_z(the.s.keyfile.marker, sizeof(the.s.keyfile.marker), "Ansible managed");
	case_plan();
	assert_non_null(strstr(told_get("foreign-write")->what,
			       "owner is uid 1007; text has \"Ansible managed\"."));
	wrote(&the.s, 1, 0);
	case_plan();
	assert_non_null(
	    strstr(told_get("foreign-write-harmless")->what, "uid 1007, with Ansible managed."));
	the.s.keyfile.marker[0] = 0;
	case_plan();
	assert_non_null(strstr(told_get("foreign-write-harmless")->what, "uid 1007."));
	assert_null(strstr(told_get("foreign-write-harmless")->what, "journal"));
}

static void what_ran_before_is_told(void **state)
{
	case_begin(1);
	wrote(&the.s, 9, 0);
	cut_z(the.s.keyfile.suspect, sizeof(the.s.keyfile.suspect), "cron as root: a");
	case_plan();
	assert_non_null(strstr(told_get("foreign-write")->what,
			       ". Just before, says this host's journal: cron as root: a."));
	wrote(&the.s, 1, 0);
	case_plan();
	assert_non_null(strstr(told_get("foreign-write-harmless")->what,
			       ". Just before, says this host's journal: cron as root: a."));
}

/* chmod 640: the keys are as they were. */
static void opened_permissions_are_told_as_such(void **state)
{
	case_begin(1);
	wrote(&the.s, 1, 0);
	the.s.keyfile.ring.is_known = false;
	the.s.keyfile.is_refused = the.s.keyfile.is_misplaced = true;
	cut_z(the.s.keyfile.path, sizeof(the.s.keyfile.path), "/k");
	cut_z(the.s.keyfile.why, sizeof(the.s.keyfile.why), "open-permissions: group");
	case_plan();
	const struct event *e = told_get("keyfile-unreadable");
	assert_non_null(strstr(e->what, "/k: open-permissions"));
	assert_string_equal(e->you, "chmod 600 /k");
	assert_int_equal(the.plan.restart_now, RESTART_UNSAFE);
	assert_non_null(strstr(the.plan.restart_why, "NO: mongod of b:27017 would not start"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_foreign_write_is_met_as_its_row_says),
	    cmocka_unit_test(what_is_put_back_is_what_the_votes_wish),
	    cmocka_unit_test(the_advice_names_a_member_whose_file_is_right),
	    cmocka_unit_test(the_first_members_yea_binds_its_file),
	    cmocka_unit_test(whose_the_file_is_is_told),
	    cmocka_unit_test(what_ran_before_is_told),
	    cmocka_unit_test(opened_permissions_are_told_as_such),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
