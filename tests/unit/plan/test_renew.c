/* SPDX-License-Identifier: Apache-2.0 */
/* A certificate from the authority to its confirmation or its way back; by b's rotad. */
#include "lib/test.h"

#include "lib/plan_rows.h"

/* 90 days long, day_n of its life has come. */
static void aged(struct seen *s, int day_n)
{
	struct seen_certificate *c = &s->certificate;
	c->fact = seen_at(CASE_NOW);
	c->file.is_known = true;
	c->file.not_before.us = CASE_NOW - day_n * US_DAY;
	c->file.not_after.us = c->file.chain_not_after.us = c->file.not_before.us + 90 * US_DAY;
}
static void takes_none(struct seen *s)
{
	s->members[1].statement.takes_certificates = false;
}
static void staged(struct seen *s)
{
	aged(s, 70);
	s->certificate.stage = CERT_STAGE_STAGED;
	cut_z(s->certificate.staged_serial, 64, "0B");
}
/* c had the new one of the order, and it is over there; with the old one in use. */
static void c_is_over(struct seen *s, bool is_taken_back)
{
	s->members[2].statement.certificate_refused = token_n(7);
	s->members[2].statement.is_certificate_taken_back = is_taken_back;
}
static void installed(struct seen *s)
{
	struct seen_certificate *c = &s->certificate;
	staged(s);
	case_claim(s, CLAIM_ACTING, 1);
	c->stage = CERT_STAGE_INSTALLED;
	c->served_at = seen_at(CASE_NOW);
	c->served = c->file;
	c->asked_at.us = CASE_NOW - US_S;
	cut_z(c->served.serial, 64, "0B");
	cut_z(s->members[1].statement.certificate_serial, 64, "0B");
	c->is_served_trusted = c->is_served_named = c->is_seen_by_peers = true;
}
static void canary(struct seen *s)
{
	staged(s);
	case_order(s, ORDER_CERTIFICATES);
	s->members[2].is_hidden = true; /* it goes before b */
}
/* The previous one is in place again. */
static void going_back(struct seen *s)
{
	installed(s);
	s->certificate.stage = CERT_STAGE_GOING_BACK;
	s->certificate.retry_at.us = CASE_NOW - US_S;
	cut_z(s->certificate.why, 64, "c does not accept it");
	cut_z(s->certificate.file.serial, 64, "0A");
	cut_z(s->certificate.served.serial, 64, "0A");
	cut_z(s->members[1].statement.certificate_serial, 64, "0A");
}
/* A clusterFile of its own, day_n of its 90. */
static void clustered(struct seen *s, int day_n)
{
	struct cert_view *c = &s->certificate.cluster;
	s->certificate.has_cluster_file = c->is_known = true;
	c->not_before.us = CASE_NOW - day_n * US_DAY;
	c->not_after.us = c->chain_not_after.us = c->not_before.us + 90 * US_DAY;
}

#define BACK "certificate-rolled-back"
#define ROWS(X)                                                                                    \
	X(no_certificate, "...", "", "Nothing is due (", )                                         \
	X(young, "...", "", "is renewed at", aged(s, 30))                                          \
	X(old, "ask-authority", "", "asked from authority \"house\"", aged(s, 62))                 \
	X(budget_is_spent, "ask-authority", "", "asked", aged(s, 55);                              \
	  p->certificates.outage_budget_us = 40 * US_DAY)                                          \
	X(no_authority, "...", "", "Nothing is due (", takes_none(s); aged(s, 70);                 \
	  p->certificates.authority[0] = 0)                                                        \
	X(no_authority_expiring, "...", "certificate-expiring", "Nothing", takes_none(s);          \
	  aged(s, 80); p->certificates.authority[0] = 0)                                           \
	X(observed, "...", "certificate-expiring", "Nothing", takes_none(s); aged(s, 80);          \
	  p->certificates.mode = MODE_OBSERVE)                                                     \
	X(off, "...", "", "Nothing", takes_none(s); aged(s, 89); p->certificates.mode = MODE_OFF)  \
	X(asks, "", "plan-waits-for-approval", "approve", aged(s, 70);                             \
	  p->certificates.mode = MODE_ASK)                                                         \
	X(asks_approved, "ask-authority", "", "asked", aged(s, 70);                                \
	  p->certificates.mode = MODE_ASK; seen_approval(s, APPROVAL_CERTIFICATE, s->approved))    \
	X(clock_ahead, "...", "clock-jumped", "!not judged", aged(s, 101);                         \
	  s->is_clock_sane = false; cut_z(s->clock_why, 64, "it is 365 days ahead"))               \
	X(clock_ahead_ordered, "...", "clock-jumped", "!not judged", aged(s, 1);                   \
	  case_order(s, ORDER_CERTIFICATES); s->is_clock_sane = false)                             \
	X(ordered, "ask-authority", "", "asked", aged(s, 1); case_order(s, ORDER_CERTIFICATES))    \
	X(ordered_for_other, "...", "", "renewed at", aged(s, 1);                                  \
	  case_order(s, ORDER_CERTIFICATES); cut_z(s->ledger.orders[0].host, 64, "c:27017"))       \
	X(ordered_and_done, "...", "", "renewed at", aged(s, 1);                                   \
	  case_order(s, ORDER_CERTIFICATES);                                                       \
	  s->certificate.order_done = s->members[1].statement.certificate_order = token_n(7))      \
	X(ordered_done_and_an_older_one, "...", "", "renewed at", aged(s, 1);                      \
	  case_order(s, ORDER_CERTIFICATES); s->ledger.orders[0].id = token_n(6);                  \
	  s->ledger.orders[0].head.at.us = CASE_NOW - US_H; case_order(s, ORDER_CERTIFICATES);     \
	  s->certificate.order_done = s->members[1].statement.certificate_order = token_n(7))      \
	X(a_keyfile_that_waits_holds_up_no_certificate, "ask-authority", "", "asked", aged(s, 70); \
	  case_propose(s, "-y-"); case_rings(s, 1, ring_of(1, 2), ring_of(1, 2)))                  \
	X(refused_rests, "", "certificate-refused", "again at", aged(s, 70);                       \
	  s->certificate.stage = CERT_STAGE_REFUSED; s->certificate.retry_at.us = CASE_NOW + 1;    \
	  cut_z(s->certificate.why, 64, "no SAN"))                                                 \
	X(refused_rested, "ask-authority", "certificate-refused", "asked", aged(s, 70);            \
	  s->certificate.stage = CERT_STAGE_REFUSED; s->certificate.retry_at.us = CASE_NOW;        \
	  cut_z(s->certificate.why, 64, "no SAN"))                                                 \
	X(refused_by_a_clock_that_was_ahead, "ask-authority", "certificate-refused", "asked",      \
	  aged(s, 70);                                                                             \
	  s->certificate.stage = CERT_STAGE_REFUSED;                                               \
	  s->certificate.retry_at.us = CASE_NOW + 2 * US_DAY;                                      \
	  s->certificate.retry_since.us = CASE_NOW + US_DAY;                                       \
	  cut_z(s->certificate.why, 64, "no SAN"))                                                 \
	X(refused_and_ordered, "ask-authority", "certificate-refused", "asked", aged(s, 70);       \
	  s->certificate.stage = CERT_STAGE_REFUSED; s->certificate.retry_at.us = CASE_NOW + US_H; \
	  cut_z(s->certificate.why, 64, "no SAN"); case_order(s, ORDER_CERTIFICATES))              \
	X(pending_waits, "", "", "Waits for", aged(s, 70);                                         \
	  s->certificate.asked_at.us = CASE_NOW - US_MIN; s->certificate.stage = CERT_STAGE_ASKED; \
	  s->certificate.retry_at.us = CASE_NOW + US_MIN)                                          \
	X(silent_authority, "", "authority-unreachable", "Waits for", aged(s, 70);                 \
	  s->certificate.stage = CERT_STAGE_ASKED; s->certificate.retry_at.us = CASE_NOW + US_MIN; \
	  s->certificate.asked_at.us = CASE_NOW - 10 * US_MIN)                                     \
	X(authority_that_takes_its_time, "", "certificate-request-waiting", "Waits for",           \
	  aged(s, 70);                                                                             \
	  s->certificate.stage = CERT_STAGE_ASKED; s->certificate.retry_at.us = CASE_NOW + US_MIN; \
	  s->certificate.is_pending = true; s->certificate.asked_at.us = CASE_NOW - 10 * US_MIN)   \
	X(takes_claim, "take-claim", "", "turn to load", staged(s))                                \
	X(claim_waits, "claim-acting", "", "takes its turn", staged(s);                            \
	  case_claim(s, CLAIM_WAITING, 1); s->ledger.claim.purpose = CLAIM_FOR_CERTIFICATE)        \
	X(installs, "install-certificate reload", "", "gets its new certificate", staged(s);       \
	  case_claim(s, CLAIM_ACTING, 1); s->ledger.claim.purpose = CLAIM_FOR_CERTIFICATE)         \
	X(others_turn, "", "", "'c:27017' has the turn", staged(s);                                \
	  case_claim(s, CLAIM_ACTING, 2))                                                          \
	X(held, "release-claim", "", "hold", staged(s); case_claim(s, CLAIM_ACTING, 1);            \
	  s->ledger.claim.purpose = CLAIM_FOR_CERTIFICATE; s->ledger.hold.is_on = true)            \
	X(ends_in_two_weeks, "...", "certificate-expiring", "Nothing", takes_none(s); aged(s, 76); \
	  p->certificates.mode = MODE_OBSERVE)                                                     \
	X(ends_in_two_weeks_and_a_moment, "...", "", "Nothing", takes_none(s); aged(s, 76);        \
	  p->certificates.mode = MODE_OBSERVE; s->certificate.file.chain_not_after.us++)           \
	X(served_ends_in_two_weeks, "...", "certificate-expiring", "Nothing", takes_none(s);       \
	  aged(s, 1); p->certificates.mode = MODE_OBSERVE;                                         \
	  s->certificate.served = s->certificate.file;                                             \
	  s->certificate.served.chain_not_after.us = CASE_NOW + 14 * US_DAY)                       \
	X(authority_is_silent_for_ten_minutes_almost, "", "", "Waits for", aged(s, 70);            \
	  s->certificate.stage = CERT_STAGE_ASKED; s->certificate.retry_at.us = CASE_NOW + US_MIN; \
	  s->certificate.asked_at.us = CASE_NOW - 10 * US_MIN + 1)                                 \
	X(alone, "install-certificate reload", "", "gets its new certificate", staged(s);          \
	  s->is_standalone = true)                                                                 \
	X(first_went_back, "", "", "!a:27017 had to take its new one back", canary(s);             \
	  s->members[2].is_hidden = false;                                                         \
	  s->members[0].statement.certificate_refused = token_n(7);                                \
	  s->members[0].statement.is_certificate_taken_back = true)                                \
	X(first_goes_first, "", "", "a:27017 goes first", canary(s);                               \
	  s->members[2].is_hidden = false; s->members[0].is_primary = false)                       \
	X(canary_has_no_rotad, "take-claim", "", "turn to load", canary(s);                        \
	  s->members[2].has_statement = false)                                                     \
	X(one_that_takes_no_orders_went_back, "take-claim", "", "turn to load", canary(s);         \
	  c_is_over(s, true); s->members[2].statement.takes_certificates = false)                  \
	X(back_not_served_for_long, "roll-back-certificate", BACK, "!c does not", going_back(s);   \
	  cut_z(s->certificate.served.serial, 64, "0B");                                           \
	  cut_z(s->members[1].statement.certificate_serial, 64, "0B");                             \
	  s->certificate.retry_at.us = CASE_NOW - 30 * US_S)                                       \
	X(back_not_served_for_almost_long, "", "", "!put back, and not served yet", going_back(s); \
	  cut_z(s->certificate.served.serial, 64, "0B");                                           \
	  cut_z(s->members[1].statement.certificate_serial, 64, "0B");                             \
	  s->certificate.retry_at.us = CASE_NOW - 30 * US_S + 1)                                   \
	X(back_and_its_reload_failed, "", "", "!not served yet: exit 1", going_back(s);            \
	  cut_z(s->certificate.reload_why, 64, "exit 1"))                                          \
	X(canary_first, "", "", "c:27017 goes first", canary(s))                                   \
	X(canary_first_and_the_turn_is_mine, "release-claim", "", "c:27017 goes first", canary(s); \
	  case_claim(s, CLAIM_ACTING, 1); s->ledger.claim.purpose = CLAIM_FOR_CERTIFICATE)         \
	X(asks_again_after_its_turn, "release-claim", "certificate-refused",                       \
	  "!gives its turn back", aged(s, 70);                                                     \
	  cut_z(s->certificate.why, 64, "it did not hold");                                        \
	  s->certificate.stage = CERT_STAGE_REFUSED; case_claim(s, CLAIM_ACTING, 1);               \
	  s->ledger.claim.purpose = CLAIM_FOR_CERTIFICATE;                                         \
	  s->certificate.retry_at.us = CASE_NOW - 1)                                               \
	X(canary_went_back_and_has_another_by_a_newer_order, "take-claim", "", "turn to load",     \
	  canary(s);                                                                               \
	  c_is_over(s, true); case_order(s, ORDER_CERTIFICATES);                                   \
	  cut_z(s->ledger.orders[1].host, 64, "c:27017"); s->ledger.orders[1].id = token_n(8);     \
	  s->ledger.orders[1].head.at.us += 1;                                                     \
	  s->members[2].statement.certificate_order = token_n(8))                                  \
	X(canary_done, "take-claim", "", "turn to load", canary(s);                                \
	  s->members[2].statement.certificate_order = token_n(7))                                  \
	X(canary_is_done_with_a_newer_order, "take-claim", "", "turn to load", canary(s);          \
	  case_order(s, ORDER_CERTIFICATES); cut_z(s->ledger.orders[1].host, 64, "c:27017");       \
	  s->ledger.orders[1].id = token_n(8); s->ledger.orders[1].head.at.us += 1;                \
	  s->members[2].statement.certificate_order = token_n(8))                                  \
	X(canary_is_done_with_an_older_order, "", "", "c:27017 goes first", canary(s);             \
	  case_order(s, ORDER_CERTIFICATES); s->ledger.orders[1].id = token_n(6);                  \
	  s->ledger.orders[1].head.at.us = CASE_NOW - US_H;                                        \
	  s->members[2].statement.certificate_order = token_n(6))                                  \
	X(canary_was_refused, "take-claim", "", "turn to load", canary(s); c_is_over(s, false))    \
	X(canary_was_refused_earlier, "", "", "c:27017 goes first", canary(s);                     \
	  c_is_over(s, false); s->members[2].statement.certificate_refused = token_n(5))           \
	X(canary_went_back, "", "", "!c:27017 had to take its new one back", canary(s);            \
	  c_is_over(s, true))                                                                      \
	X(a_later_one_went_back, "", "", "!c:27017 had to take its new one back", canary(s);       \
	  s->members[2].is_hidden = false; c_is_over(s, true))                                     \
	X(canary_went_back_and_did_it_then, "take-claim", "", "turn to load", canary(s);           \
	  c_is_over(s, true); s->members[2].statement.certificate_order = token_n(7))              \
	X(canary_takes_no_orders, "take-claim", "", "turn to load", canary(s);                     \
	  s->members[2].statement.takes_certificates = false)                                      \
	X(reload_runs, "", "", "reload of b:27017 is not over", installed(s);                      \
	  s->certificate.is_reload_running = true)                                                 \
	X(reload_of_the_old_one_runs, "", "", "reload of b:27017 is not over", going_back(s);      \
	  s->certificate.is_reload_running = true)                                                 \
	X(reload_failed, "roll-back-certificate", BACK, "could not be loaded: exit 1",             \
	  installed(s);                                                                            \
	  cut_z(s->certificate.reload_why, 64, "exit 1");                                          \
	  cut_z(s->certificate.served.serial, 64, "0A");                                           \
	  cut_z(s->members[1].statement.certificate_serial, 64, "0A"))                             \
	X(back_and_served, "confirm-certificate", "", "its previous certificate again",            \
	  going_back(s))                                                                           \
	X(back_and_not_looked_at, "", "", "Looks what", going_back(s);                             \
	  s->certificate.served_at.who = WITNESS_NONE)                                             \
	X(back_and_not_served, "", "", "!put back, and not served yet", going_back(s);             \
	  cut_z(s->certificate.served.serial, 64, "0B");                                           \
	  cut_z(s->members[1].statement.certificate_serial, 64, "0B"))                             \
	X(back_and_never_served, "roll-back-certificate", BACK, "!c does not accept",              \
	  going_back(s);                                                                           \
	  cut_z(s->certificate.served.serial, 64, "0B"); s->certificate.retry_at.us -= US_MIN;     \
	  cut_z(s->members[1].statement.certificate_serial, 64, "0B"))                             \
	X(back_begun_and_not_loaded, "roll-back-certificate", BACK, "!c does not", going_back(s);  \
	  s->certificate.retry_at.us = 0)                                                          \
	X(back_begun_and_not_written, "roll-back-certificate", BACK, "!c does not", going_back(s); \
	  cut_z(s->certificate.file.serial, 64, "0B"); s->certificate.retry_at.us = 0)             \
	X(cluster_file_is_young, "...", "", "is renewed at", aged(s, 30); clustered(s, 30))        \
	X(cluster_file_is_old, "ask-authority", "", "cluster certificate", aged(s, 30);            \
	  clustered(s, 62))                                                                        \
	X(cluster_file_ends, "ask-authority", "certificate-expiring", "cluster certificate",       \
	  aged(s, 30);                                                                             \
	  clustered(s, 80))                                                                        \
	X(cluster_file_cannot_be_read, "ask-authority", "", "cluster certificate", aged(s, 30);    \
	  s->certificate.has_cluster_file = true)                                                  \
	X(cluster_file_and_a_hook, "", "", "!reload: hook", aged(s, 30); clustered(s, 62);         \
	  i->reload_how = RELOAD_HOOK)                                                             \
	X(both_are_old, "ask-authority", "", "A certificate for b", aged(s, 62); clustered(s, 62)) \
	X(ordered_with_cluster_file, "ask-authority", "", "A certificate for b", aged(s, 1);       \
	  clustered(s, 1); case_order(s, ORDER_CERTIFICATES))                                      \
	X(ordered_and_half_done, "ask-authority", "", "cluster certificate", aged(s, 1);           \
	  clustered(s, 1); case_order(s, ORDER_CERTIFICATES);                                      \
	  s->certificate.order_half = token_n(7))                                                  \
	X(cluster_file_loaded, "confirm-certificate", "", "every peer accepts", installed(s);      \
	  clustered(s, 62); s->certificate.target = CERT_CLUSTER_FILE;                             \
	  s->certificate.retry_at.us = CASE_NOW; cut_z(s->certificate.served.serial, 64, "0A");    \
	  cut_z(s->members[1].statement.certificate_serial, 64, "0A"))                             \
	X(cluster_file_not_loaded, "reload", "", "loaded again", installed(s); clustered(s, 62);   \
	  s->certificate.target = CERT_CLUSTER_FILE)                                               \
	X(cluster_file_refused_by_a_peer, "roll-back-certificate", BACK, "c does not",             \
	  installed(s);                                                                            \
	  clustered(s, 62); s->certificate.target = CERT_CLUSTER_FILE;                             \
	  s->certificate.retry_at.us = CASE_NOW; s->certificate.is_seen_by_peers = false;          \
	  cut_z(s->certificate.peers_why, 64, "c does not accept it"))                             \
	X(asks_and_an_old_order_is_done, "", "plan-waits-for-approval", "approve", aged(s, 70);    \
	  p->certificates.mode = MODE_ASK; case_order(s, ORDER_CERTIFICATES);                      \
	  s->certificate.order_done = s->members[1].statement.certificate_order = token_n(7))      \
	X(served_unknown, "", "", "Looks what", installed(s);                                      \
	  s->certificate.served_at.who = WITNESS_NONE)                                             \
	X(confirmed, "confirm-certificate", "", "every peer accepts", installed(s))                \
	X(not_served, "reload", "", "does not serve", installed(s);                                \
	  cut_z(s->certificate.served.serial, 64, "0A");                                           \
	  cut_z(s->members[1].statement.certificate_serial, 64, "0A"))                             \
	X(not_served_twice, "roll-back-certificate", BACK, "taken back", installed(s);             \
	  cut_z(s->certificate.served.serial, 64, "0A"); s->certificate.retry_at.us = CASE_NOW;    \
	  cut_z(s->members[1].statement.certificate_serial, 64, "0A"))                             \
	X(peers_unasked, "", "", "Looks whether every peer", installed(s);                         \
	  s->certificate.is_seen_by_peers = false)                                                 \
	X(peer_refuses, "roll-back-certificate", BACK, "c does not", installed(s);                 \
	  s->certificate.is_seen_by_peers = false;                                                 \
	  cut_z(s->certificate.peers_why, 64, "c does not accept it"))                             \
	X(not_named, "roll-back-certificate", BACK, "does not name", installed(s);                 \
	  s->certificate.is_served_named = false)                                                  \
	X(not_trusted, "roll-back-certificate", BACK, "not trusted", installed(s);                 \
	  s->certificate.is_served_trusted = false)                                                \
	X(does_not_see_all, "", "", "waits until it sees", installed(s);                           \
	  s->members[1].sees_all = false)                                                          \
	X(never_sees_all, "roll-back-certificate", BACK, "", installed(s);                         \
	  s->members[1].sees_all = false; s->certificate.asked_at.us = CASE_NOW - US_MIN)

ROWS(PLAN_ROW_SET)

static void a_certificate_goes_as_its_row_says(void **state)
{
	static const struct plan_row rows[] = {ROWS(PLAN_ROW)};
	plan_rows_check(rows, ARRAY_N(rows), 1);
}

static void hosts_renew_at_moments_of_their_own_within_a_part_of_the_lifetime(void **state)
{
	int due_h[3];
	for (unsigned i = 0; i < 3; i++) {
		due_h[i] = -1;
		/* 67 % of 90 days are 60.3 days; 2 % are 1.8. */
		for (int h = 58 * 24; h < 61 * 24 && due_h[i] < 0; h++) {
			case_begin(i);
			aged(&the.s, 0);
			the.s.certificate.file.not_before.us -= h * US_H;
			the.s.certificate.file.not_after.us -= h * US_H;
			the.s.certificate.file.chain_not_after.us -= h * US_H;
			case_plan();
			if (planned(ACT_ASK_AUTHORITY))
				due_h[i] = h;
		}
		assert_in_range(due_h[i], 585 * 24 / 10, 604 * 24 / 10);
	}
	assert_true(due_h[0] != due_h[1] && due_h[1] != due_h[2] && due_h[0] != due_h[2]);
}

/* Who reads it at night must be able to do what it says. */
static void the_end_of_a_certificate_is_told_with_what_can_be_done(void **state)
{
	static const struct {
		const char *name;
		int day;
		bool has_authority;
		const char *event, *headline, *we_did, *you;
		enum severity severity;
	} rows[] = {
	    {"soon, and it is renewed", 80, true, "certificate-expiring", "serves ends 20",
	     "Asks the authority \"house\"", "rotactl rotate certificates --member b:27017",
	     SEVERITY_WARNING},
	    {"soon, and nobody renews it", 80, false, "certificate-expiring", "serves ends 20",
	     "Nothing: it renews", "Renew it as it was made", SEVERITY_WARNING},
	    {"very soon", 88, false, "certificate-expiring", "serves ends 20", "Nothing",
	     "Renew it as it was made", SEVERITY_CRITICAL},
	    {"over", 91, true, "certificate-expired", "serves ended 20", "Asks the authority",
	     "rotactl rotate certificates", SEVERITY_CRITICAL},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		print_message("%s\n", rows[i].name);
		case_begin(1);
		aged(&the.s, rows[i].day);
		if (!rows[i].has_authority) {
			takes_none(&the.s);
			the.policy.certificates.authority[0] = 0;
		}
		case_plan();
		const struct event *e = told_get(rows[i].event);
		assert_non_null(strstr(e->headline, rows[i].headline));
		assert_non_null(strstr(e->we_did, rows[i].we_did));
		assert_non_null(strstr(e->you, rows[i].you));
		assert_int_equal(e->severity, rows[i].severity);
	}
}

/* Asked a day ago with so many days left then: days left now, the reminder's distance in days, and
 * whether it is a warning. */
static void a_person_at_a_ca_is_reminded_in_shares_of_what_is_left(void **state)
{
	static const struct {
		int asked_days_ago, left_days, repeat_days;
		enum severity severity;
		const char *headline;
	} rows[] = {
	    {1, 60, 15, SEVERITY_NOTICE, "not answered yet; the certificate ends in 60 days."},
	    {30, 30, 7, SEVERITY_NOTICE, "ends in 30 days."},
	    {31, 29, 7, SEVERITY_WARNING, "ends in 29 days."},
	    {58, 2, 1, SEVERITY_WARNING, "ends in 2 days."},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct seen_certificate *c = &the.s.certificate;
		case_begin(1);
		aged(&the.s, 70);
		c->stage = CERT_STAGE_ASKED;
		c->is_pending = true;
		c->retry_at.us = CASE_NOW + US_MIN;
		c->asked_at.us = CASE_NOW - rows[i].asked_days_ago * US_DAY;
		c->file.chain_not_after.us = CASE_NOW + rows[i].left_days * US_DAY;
		plan_step(&the.s, &the.policy, &the.instance, 0, &the.plan);
		const struct event *e = told_get("certificate-request-waiting");
		if (!strstr(e->headline, rows[i].headline) || e->severity != rows[i].severity ||
		    e->repeat_us / US_DAY != rows[i].repeat_days)
			fail_msg("row %zu: '%s' %d %lld", i, e->headline, (int)e->severity,
				 (long long)(e->repeat_us / US_DAY));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_person_at_a_ca_is_reminded_in_shares_of_what_is_left),
	    cmocka_unit_test(a_certificate_goes_as_its_row_says),
	    cmocka_unit_test(hosts_renew_at_moments_of_their_own_within_a_part_of_the_lifetime),
	    cmocka_unit_test(the_end_of_a_certificate_is_told_with_what_can_be_done),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
