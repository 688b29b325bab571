/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger's house-keeping, and what is not done while the ledger is not ours; by b's rotad. */
#include "lib/test.h"

#include "lib/plan_rows.h"

/* b saw key 2 carried; now the ledger shows these votes. */
static void went_back(struct seen *s, const char *votes)
{
	case_propose(s, "yyy");
	case_propose(s, votes);
	s->anchor.votes_n = 1;
	s->anchor.votes[0].word = VOTE_YEA;
	s->anchor.pivot = key_n(2);
	s->ledger.is_older_than_anchor = true;
	case_rings(s, 1, ring_of(2, 0), ring_of(1, 2));
}

/* The newest proposal is signed by one whom this host does not admit; its process has another key
 * than its word says when loaded is not 1. */
static void in_doubt(struct seen *s, unsigned loaded)
{
	s->ledger.fact.who = WITNESS_NONE;
	s->ledger.is_doubted = true;
	s->process.loaded = ring_of(loaded, 0);
	cut_z(s->ledger.why, 64, "signed by somebody");
}

static void alone(struct seen *s)
{
	s->is_standalone = true;
	s->ledger.exists = false;
}

#define ROWS(X)                                                                                    \
	X(alone_not_asked_yet, "", "", "Looks whether b", alone(s))                                \
	X(alone_with_its_key, "found-ledger", "", "is made", alone(s);                             \
	  case_proof(s, 1, 1, LOGIN_ACCEPTED))                                                     \
	X(alone_with_another_key, "", "", "!does not accept the key in", alone(s);                 \
	  case_proof(s, 1, 1, LOGIN_REFUSED))                                                      \
	X(alone_and_no_login_tells, "found-ledger", "", "is made", alone(s);                       \
	  case_proof(s, 1, 1, LOGIN_UNKNOWN))                                                      \
	X(alone_without_a_key, "", "", "Looks whether b", alone(s);                                \
	  s->anchor.pivot = (struct key_name){.number = 0})                                        \
	X(alone_with_certificates_alone, "found-ledger", "", "is made", alone(s);                  \
	  cut_z(s->process.cluster_auth_mode, 24, "x509"))                                         \
	X(silent, "", "", "the ledger does not answer. no primary",                                \
	  s->ledger.fact.who = WITNESS_NONE;                                                       \
	  cut_z(s->ledger.why, 64, "no primary"))                                                  \
	X(doubted, "publish-statement", "", "!the ledger is not believed. signed by",              \
	  in_doubt(s, 2))                                                                          \
	X(doubted_said, "", "", "the ledger is not believed. signed by", in_doubt(s, 1))           \
	X(doubted_observed, "", "", "!the ledger is not believed", in_doubt(s, 2);                 \
	  p->mode = MODE_OBSERVE)                                                                  \
	X(doubted_unknown, "", "", "!the ledger is not believed", in_doubt(s, 2);                  \
	  s->ledger.identities_n = 0)                                                              \
	X(doubted_unwelcome, "", "", "!the ledger is not believed", in_doubt(s, 2);                \
	  s->anchor.ledger.hex[0] = 0)                                                             \
	X(protocol, "", "ledger-unknown-protocol", "does not know",                                \
	  s->ledger.is_unknown_protocol = true)                                                    \
	X(other, "", "ledger-older-than-anchor", "is another than",                                \
	  s->ledger.is_other_than_anchor = true)                                                   \
	X(older, "", "ledger-older-than-anchor", "is older than",                                  \
	  s->ledger.is_older_than_anchor = true)                                                   \
	X(older_lost_my_vote, "vote", "ledger-older-than-anchor", "is published again",            \
	  went_back(s, "y-y"))                                                                     \
	X(older_lost_all_votes, "vote", "ledger-older-than-anchor", "is published again",          \
	  went_back(s, "---"))                                                                     \
	X(older_lost_my_vote_renamed, "vote", "ledger-older-than-anchor", "is published again",    \
	  went_back(s, "y-y");                                                                     \
	  cut_z(s->self_host, HOST_BYTES_MAX, "bb:27017");                                         \
	  cut_z(s->members[1].host, HOST_BYTES_MAX, "bb:27017"))                                   \
	X(older_lost_my_vote_of_another_identity, "", "ledger-older-than-anchor", "is older than", \
	  went_back(s, "y-y");                                                                     \
	  s->identity = spki_n(7))                                                                 \
	X(older_lost_my_vote_held, "vote", "ledger-older-than-anchor", "is published again",       \
	  went_back(s, "y-y");                                                                     \
	  s->ledger.hold.is_on = true)                                                             \
	X(older_lost_my_vote_stopped, "", "ledger-older-than-anchor", "is older than",             \
	  went_back(s, "y-y");                                                                     \
	  s->process.is_answering = false)                                                         \
	X(older_lost_my_vote_unlooked, "", "ledger-older-than-anchor", "is older than",            \
	  went_back(s, "y-y");                                                                     \
	  s->process.loaded.is_known = false)                                                      \
	X(older_lost_the_vote_of_another, "", "ledger-older-than-anchor", "is older than",         \
	  went_back(s, "yy-"))                                                                     \
	X(older_nay_in_its_place, "", "ledger-older-than-anchor", "is older than",                 \
	  went_back(s, "yny"))                                                                     \
	X(older_lost_my_vote_observed, "", "ledger-older-than-anchor", "is older than",            \
	  went_back(s, "y-y");                                                                     \
	  p->mode = MODE_OBSERVE)                                                                  \
	X(older_lost_my_vote_on_another, "", "ledger-older-than-anchor", "is older than",          \
	  went_back(s, "y-y");                                                                     \
	  s->anchor.proposal.hex[0] = 'f')                                                         \
	X(older_lost_my_vote_by_another_name, "", "ledger-older-than-anchor", "is older than",     \
	  went_back(s, "y-y");                                                                     \
	  s->identity = spki_n(7))                                                                 \
	X(older_lost_my_vote_and_a_nay, "", "ledger-older-than-anchor", "is older than",           \
	  went_back(s, "y-y");                                                                     \
	  s->anchor.pivot = key_n(1); s->anchor.next = (struct key_name){.number = 0})             \
	X(other_lost_my_vote, "", "ledger-older-than-anchor", "is another than",                   \
	  went_back(s, "y-y");                                                                     \
	  s->ledger.is_other_than_anchor = true)                                                   \
	X(another_is_revoked, "...", "identity-revoked", "Nothing is due",                         \
	  cut_z(s->ledger.revoked, 64, "c (1234) by amy on a: stolen"))                            \
	X(another_is_revoked_in_doubt, "publish-statement", "identity-revoked",                    \
	  "!the ledger is not believed", in_doubt(s, 2);                                           \
	  cut_z(s->ledger.revoked, 64, "c (1234) by amy on a: stolen"))                            \
	X(revocation_owed, "publish-revocation ...", "", "Nothing is due",                         \
	  s->ledger.revocations_owed_n = 1)                                                        \
	X(revocation_owed_in_doubt, "publish-statement publish-revocation", "",                    \
	  "!the ledger is not believed", in_doubt(s, 2);                                           \
	  s->ledger.revocations_owed_n = 1)                                                        \
	X(revocation_owed_by_one_that_is_revoked, "", "identity-revoked", "!nothing that it says", \
	  s->ledger.revocations_owed_n = 1;                                                        \
	  s->ledger.is_self_revoked = true)                                                        \
	X(revocation_owed_observed, "", "", "", s->ledger.revocations_owed_n = 1;                  \
	  p->mode = MODE_OBSERVE)                                                                  \
	X(doubted_what_it_follows, "", "ledger-older-than-anchor", "!the ledger is not believed",  \
	  in_doubt(s, 2);                                                                          \
	  s->ledger.is_older_than_anchor = true)                                                   \
	X(doubted_and_another, "", "ledger-older-than-anchor", "!the ledger is not believed",      \
	  in_doubt(s, 2);                                                                          \
	  s->ledger.is_other_than_anchor = true)                                                   \
	X(revoked_itself, "", "identity-revoked", "!nothing that it says",                         \
	  s->ledger.is_self_revoked = true)                                                        \
	X(revoked_itself_and_has_work, "", "identity-revoked", "!nothing that it says",            \
	  s->ledger.is_self_revoked = true;                                                        \
	  s->ledger.identities_n = 0; s->ledger.identities_unwelcomed_n = 1;                       \
	  case_propose(s, "---"))                                                                  \
	X(none, "found-ledger", "", "is made", s->ledger.exists = false;                           \
	  case_proof(s, 1, 1, LOGIN_ACCEPTED))                                                     \
	X(none_not_asked_yet, "", "", "Looks whether b", s->ledger.exists = false)                 \
	X(none_with_another_key, "", "", "!does not accept the key in", s->ledger.exists = false;  \
	  case_proof(s, 1, 1, LOGIN_REFUSED))                                                      \
	X(none_with_certificates_alone, "found-ledger", "", "is made", s->ledger.exists = false;   \
	  cut_z(s->process.cluster_auth_mode, 24, "x509"))                                         \
	X(none_by_a_wrong_clock, "", "clock-jumped", "!is not made by this host",                  \
	  s->ledger.exists = false;                                                                \
	  s->is_clock_sane = false)                                                                \
	X(not_admitted_by_a_wrong_clock, "...", "clock-jumped", "!Nothing is due",                 \
	  s->is_clock_sane = false;                                                                \
	  cut_z(s->ledger.not_admitted, 64, "c: it has expired"))                                  \
	X(unwelcome_by_a_wrong_clock, "", "clock-jumped", "!it is a year ahead",                   \
	  s->is_clock_sane = s->has_salt = false;                                                  \
	  cut_z(s->clock_why, 64, "it is a year ahead"))                                           \
	X(none_observed, "", "", "", s->ledger.exists = false; p->mode = MODE_OBSERVE)             \
	X(unknown_here, "publish-identity", "", "makes itself known", s->ledger.identities_n = 0)  \
	X(unknown_observed, "", "", "", s->ledger.identities_n = 0; p->mode = MODE_OBSERVE)        \
	X(unwelcomed, "welcome ...", "", "Nothing is due", s->ledger.identities_unwelcomed_n = 2)  \
	X(keyless, "welcome ...", "", "Nothing is due", s->ledger.identities_keyless_n = 1)        \
	X(keyless_observed, "", "", "", s->ledger.identities_keyless_n = 1;                        \
	  p->mode = MODE_OBSERVE)                                                                  \
	X(order_is_over, "end-order ...", "", "Nothing is due", s->ledger.superseded = token_n(7)) \
	X(order_is_over_and_observed, "", "", "", s->ledger.superseded = token_n(7);               \
	  p->mode = p->keyfile.mode = p->certificates.mode = MODE_OBSERVE)                         \
	X(tidies, "tidy-ledger", "", "Nothing is due", s->ledger.outlived_n = 17)                  \
	X(another_tidies, "...", "", "Nothing is due", s->ledger.outlived_n = 16)                  \
	X(tidies_not_while_held, "...", "", "", s->ledger.outlived_n = 99;                         \
	  s->ledger.hold.is_on = true)                                                             \
	X(tidies_not_observed, "", "", "", s->ledger.outlived_n = 99; p->mode = MODE_OBSERVE)      \
	X(tidies_later, "publish-statement ...", "", "", s->ledger.outlived_n = 99;                \
	  s->members[1].has_statement = false)                                                     \
	X(tidies_no_other, "", "ledger-older-than-anchor", "is another than",                      \
	  s->ledger.outlived_n = 99;                                                               \
	  s->ledger.is_other_than_anchor = true)                                                   \
	X(crowded, "...", "ledger-crowded", "Nothing is due", s->ledger.docs_n = DOCS_CROWDED)     \
	X(not_crowded, "...", "", "Nothing is due", s->ledger.docs_n = DOCS_CROWDED - 1)           \
	X(not_admitted, "...", "identity-not-admitted", "Nothing is due",                          \
	  cut_z(s->ledger.not_admitted, 64, "d:27017: no endorsement"))                            \
	X(no_salt, "", "", "Waits for another rotad", s->has_salt = false)                         \
	X(no_salt_cannot_welcome, "", "", "Waits for another rotad", s->has_salt = false;          \
	  s->ledger.identities_unwelcomed_n = 1)                                                   \
	X(first_word, "publish-statement ...", "", "Nothing is due",                               \
	  s->members[1].has_statement = false)                                                     \
	X(other_process, "publish-statement ...", "", "Nothing is due",                            \
	  s->process.process_id[3] = s->members[1].process_id[3] = 'x')                            \
	X(other_mode, "publish-statement", "", "Nothing is due", p->mode = MODE_ASK)               \
	X(other_findings, "publish-statement ...", "", "Nothing is due", s->is_rehearsed = false;  \
	  cut_z(s->rehearsal, 64, "clock"))                                                        \
	X(other_generation, "publish-statement put-keyfile", "", "written",                        \
	  case_propose(s, "---");                                                                  \
	  s->members[1].statement.generation = 0)                                                  \
	X(other_retired, "publish-statement ...", "", "Nothing is due",                            \
	  s->members[1].statement.retired = 5)                                                     \
	X(other_file, "publish-statement ...", "", "Nothing is due",                               \
	  s->members[1].statement.disk = ring_of(1, 2))                                            \
	X(other_keys, "publish-statement ...", "", "Nothing is due",                               \
	  s->members[1].statement.running = ring_of(1, 2))                                         \
	X(file_not_known_any_more, "publish-statement ...", "", "Nothing is due",                  \
	  s->keyfile.ring.is_known = false)                                                        \
	X(keys_not_known_any_more, "publish-statement ...", "", "Nothing is due",                  \
	  s->process.loaded.is_known = false)                                                      \
	X(nothing_was_known_and_nothing_is, "...", "", "Nothing is due",                           \
	  s->keyfile.ring.is_known = s->process.loaded.is_known = false;                           \
	  s->members[1].statement.disk.is_known = s->members[1].statement.running.is_known =       \
	      false)                                                                               \
	X(rehearsed_now, "publish-statement ...", "", "Nothing is due",                            \
	  s->members[1].statement.is_rehearsed = false)                                            \
	X(the_same_findings, "...", "", "Nothing is due",                                          \
	  s->is_rehearsed = s->members[1].statement.is_rehearsed = false;                          \
	  cut_z(s->rehearsal, 64, "clock"); cut_z(s->members[1].statement.findings, 64, "clock"))  \
	X(certificate_as_stated, "...", "", "Nothing is due",                                      \
	  s->certificate.served.is_known = true;                                                   \
	  s->certificate.served.chain_not_after.us = CASE_NOW + 99 * US_DAY;                       \
	  cut_z(s->certificate.served.serial, 64, "0A");                                           \
	  cut_z(s->members[1].statement.certificate_serial, 64, "0A"))                             \
	X(unproven, "", "", "!begins with key 7, and this host knows key 1",                       \
	  s->ledger.unproven = key_n(7))                                                           \
	X(unproven_and_refused, "", "ledger-older-than-anchor", "; it is refused by c:27017",      \
	  s->ledger.unproven = key_n(7);                                                           \
	  case_proof(s, 2, 7, LOGIN_REFUSED))                                                      \
	X(unproven_and_refused_by_the_first, "", "ledger-older-than-anchor",                       \
	  "; it is refused by a:27017", s->ledger.unproven = key_n(7);                             \
	  case_proof(s, 0, 7, LOGIN_REFUSED))                                                      \
	X(older_lost_my_vote_file_unread, "", "ledger-older-than-anchor", "is older than",         \
	  went_back(s, "y-y");                                                                     \
	  s->keyfile.ring.is_known = false)                                                        \
	X(unwelcomed_by_one_that_asks, "welcome", "", "Nothing is due",                            \
	  s->ledger.identities_unwelcomed_n = 1;                                                   \
	  p->mode = MODE_ASK; cut_z(s->members[1].statement.mode, WORD_BYTES, "ask"))              \
	X(unwelcomed_by_one_for_certificates, "...", "", "Nothing is planned",                     \
	  s->ledger.identities_unwelcomed_n = 1;                                                   \
	  p->keyfile.mode = MODE_OBSERVE;                                                          \
	  cut_z(s->members[1].statement.mode, WORD_BYTES, "observe"))                              \
	X(unknown_here_for_certificates, "publish-identity", "", "makes itself known",             \
	  s->ledger.identities_n = 0;                                                              \
	  p->keyfile.mode = MODE_OBSERVE)                                                          \
	X(unknown_here_for_the_keyfile, "publish-identity", "", "makes itself known",              \
	  s->ledger.identities_n = 0;                                                              \
	  p->certificates.mode = MODE_OBSERVE)                                                     \
	X(no_salt_and_a_right_clock, "", "", "seal the cluster's salt for it.",                    \
	  s->has_salt = false)                                                                     \
	X(old_word, "publish-statement ...", "", "Nothing is due",                                 \
	  s->members[1].statement_moved.us = CASE_NOW - 20 * US_MIN - 1)                           \
	X(fresh_word, "...", "", "Nothing is due",                                                 \
	  s->members[1].statement_moved.us = CASE_NOW - 20 * US_MIN)                               \
	X(word_of_tomorrow, "publish-statement ...", "", "Nothing is due",                         \
	  s->members[1].statement_moved.us = CASE_NOW + US_DAY)                                    \
	X(does_not_answer, "...", "", "Nothing is due", s->members[1].has_statement = false;       \
	  s->process.is_answering = false)                                                         \
	X(word_observed, "", "", "Nothing is planned", s->members[1].has_statement = false;        \
	  p->mode = MODE_OBSERVE)                                                                  \
	X(requests, "sign-requests ...", "", "Nothing is due", s->ledger.csrs_n = 1)               \
	X(certificate_served, "publish-statement ...", "", "Nothing is due",                       \
	  s->certificate.served.is_known = true;                                                   \
	  cut_z(s->certificate.served.serial, 64, "0A"))                                           \
	X(certificate_order, "publish-statement ...", "", "Nothing is due",                        \
	  s->certificate.order_done = token_n(3))                                                  \
	X(certificate_refused, "publish-statement ...", "", "Nothing is due",                      \
	  s->certificate.order_refused = token_n(3))                                               \
	X(certificate_taken_back, "publish-statement ...", "", "Nothing is due",                   \
	  s->certificate.is_taken_back = true)                                                     \
	X(takes_no_certificates_now, "publish-statement", "", "Nothing is due",                    \
	  p->certificates.authority[0] = 0)

ROWS(PLAN_ROW_SET)

static void the_ledger_is_kept_as_its_row_says(void **state)
{
	static const struct plan_row rows[] = {ROWS(PLAN_ROW)};
	plan_rows_check(rows, ARRAY_N(rows), 1);
}

static void a_ledger_that_is_not_ours_stops_everything(void **state)
{
	case_begin(0);
	case_order(&the.s, ORDER_KEYFILE);
	case_plan();
	assert_non_null(planned(ACT_PROPOSE));
	the.s.ledger.is_older_than_anchor = true;
	case_plan();
	assert_int_equal(the.plan.acts_n, 0);
	assert_true(the.plan.needs_attention);
}

/* Of each member that answers; by one that only looks of none. */
static void an_unproven_key_is_tried_on_every_member(void **state)
{
	case_begin(1);
	the.s.ledger.unproven = key_n(7);
	case_plan();
	assert_int_equal(the.plan.looks_n, 3);
	assert_string_equal(the.plan.looks[2].key.hex, key_n(7).id.hex);
	assert_string_equal(the.plan.looks[2].control.hex, key_n(1).id.hex);
	the.s.members[2].hello.who = WITNESS_NONE;
	case_proof(&the.s, 0, 7, LOGIN_ACCEPTED);
	case_plan();
	assert_int_equal(the.plan.looks_n, 1);
	assert_int_equal(the.plan.looks[0].member, 1);
	/* Left out by that proposal, this one need not be asked: it refuses what came without it.
	 */
	case_propose(&the.s, "---");
	the.s.ledger.has_proposal = false;
	the.s.ledger.proposal.roll[1].is_dead = true;
	case_plan();
	assert_int_equal(the.plan.looks_n, 0);
	the.s.ledger.proposal.roll[1].is_dead = false;
	the.policy.mode = MODE_OBSERVE;
	case_plan();
	assert_int_equal(the.plan.looks_n, 0);
}

static void a_lost_vote_whose_process_is_not_known_is_looked_for(void **state)
{
	case_begin(1);
	went_back(&the.s, "y-y");
	the.s.process.loaded.is_known = false;
	case_plan();
	assert_int_equal(the.plan.looks_n, 1);
	assert_int_equal(the.plan.looks[0].member, 1);
	assert_string_equal(the.plan.looks[0].key.hex, key_n(2).id.hex);
	assert_false(the.plan.looks[0].expects_refusal);
}

/* The later ones in the configuration leave it to the first ones, but not for ever. */
static void whoever_is_last_tidies_in_the_end(void **state)
{
	for (unsigned self = 8; self <= 9; self++) {
		case_begin(0);
		the.s.members_n = 10;
		for (unsigned i = 1; i < the.s.members_n; i++) {
			the.s.members[i] = the.s.members[1];
			the.s.members[i].id = i;
			snprintf(the.s.members[i].host, HOST_BYTES_MAX, "m%u:27017", i);
		}
		the.s.self = (int)self;
		cut_z(the.s.self_host, HOST_BYTES_MAX, the.s.members[self].host);
		the.s.members[self].is_self = true;
		cut_z(the.s.process.process_id, sizeof(the.s.process.process_id),
		      the.s.members[self].process_id);
		the.s.ledger.outlived_n = 128;
		case_plan();
		assert_null(planned(ACT_TIDY_LEDGER));
		the.s.ledger.outlived_n = 129;
		case_plan();
		(void)planned_get(ACT_TIDY_LEDGER);
	}
}

static void the_first_member_speaks_as_well(void **state)
{
	case_begin(0);
	the.s.members[0].has_statement = false;
	case_plan();
	(void)planned_get(ACT_PUBLISH_STATEMENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_ledger_is_kept_as_its_row_says),
	    cmocka_unit_test(a_ledger_that_is_not_ours_stops_everything),
	    cmocka_unit_test(an_unproven_key_is_tried_on_every_member),
	    cmocka_unit_test(a_lost_vote_whose_process_is_not_known_is_looked_for),
	    cmocka_unit_test(whoever_is_last_tidies_in_the_end),
	    cmocka_unit_test(the_first_member_speaks_as_well),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
