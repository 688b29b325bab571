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
static void staged(struct seen *s)
{
	aged(s, 70);
	s->certificate.stage = CERT_STAGE_STAGED;
	cut_z(s->certificate.staged_serial, 64, "0B");
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

#define BACK "certificate-rolled-back"
#define ROWS(X)                                                                                    \
	X(no_certificate, "", "", "Nothing is due (", )                                            \
	X(young, "", "", "is renewed at", aged(s, 30))                                             \
	X(old, "ask-authority", "", "asked from authority \"house\"", aged(s, 62))                 \
	X(budget_is_spent, "ask-authority", "", "asked", aged(s, 55);                              \
	  p->certificates.outage_budget_us = 40 * US_DAY)                                          \
	X(no_authority, "", "", "Nothing is due (", aged(s, 70); p->certificates.authority[0] = 0) \
	X(no_authority_expiring, "", "certificate-expiring", "Nothing", aged(s, 80);               \
	  p->certificates.authority[0] = 0)                                                        \
	X(observed, "", "certificate-expiring", "Nothing", aged(s, 80);                            \
	  p->certificates.mode = MODE_OBSERVE)                                                     \
	X(off, "", "", "Nothing", aged(s, 89); p->certificates.mode = MODE_OFF)                    \
	X(asks, "", "plan-waits-for-approval", "approve", aged(s, 70);                             \
	  p->certificates.mode = MODE_ASK)                                                         \
	X(asks_approved, "ask-authority", "", "asked", aged(s, 70);                                \
	  p->certificates.mode = MODE_ASK; s->is_approved = true)                                  \
	X(clock_ahead, "", "clock-jumped", "not judged", aged(s, 101); s->is_clock_sane = false;   \
	  cut_z(s->clock_why, 64, "it is 365 days ahead"))                                         \
	X(clock_ahead_ordered, "", "clock-jumped", "not judged", aged(s, 1);                       \
	  case_order(s, ORDER_CERTIFICATES); s->is_clock_sane = false)                             \
	X(ordered, "ask-authority", "", "asked", aged(s, 1); case_order(s, ORDER_CERTIFICATES))    \
	X(ordered_for_other, "", "", "renewed at", aged(s, 1); case_order(s, ORDER_CERTIFICATES);  \
	  cut_z(s->ledger.orders[0].host, 64, "c:27017"))                                          \
	X(ordered_and_done, "", "", "renewed at", aged(s, 1); case_order(s, ORDER_CERTIFICATES);   \
	  s->certificate.order_done = s->members[1].statement.certificate_order = token_n(7))      \
	X(ordered_done_and_an_older_one, "", "", "renewed at", aged(s, 1);                         \
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
	X(refused_and_ordered, "ask-authority", "certificate-refused", "asked", aged(s, 70);       \
	  s->certificate.stage = CERT_STAGE_REFUSED; s->certificate.retry_at.us = CASE_NOW + US_H; \
	  cut_z(s->certificate.why, 64, "no SAN"); case_order(s, ORDER_CERTIFICATES))              \
	X(pending_waits, "", "", "Waits for", aged(s, 70);                                         \
	  s->certificate.stage = CERT_STAGE_ASKED; s->certificate.retry_at.us = CASE_NOW + US_MIN) \
	X(takes_claim, "take-claim", "", "turn to load", staged(s))                                \
	X(claim_waits, "claim-acting", "", "takes its turn", staged(s);                            \
	  case_claim(s, CLAIM_WAITING, 1); s->ledger.claim.purpose = CLAIM_FOR_CERTIFICATE)        \
	X(installs, "install-certificate reload", "", "gets its new certificate", staged(s);       \
	  case_claim(s, CLAIM_ACTING, 1); s->ledger.claim.purpose = CLAIM_FOR_CERTIFICATE)         \
	X(others_turn, "", "", "'c:27017' has the turn", staged(s);                                \
	  case_claim(s, CLAIM_ACTING, 2))                                                          \
	X(held, "release-claim", "", "hold", staged(s); case_claim(s, CLAIM_ACTING, 1);            \
	  s->ledger.claim.purpose = CLAIM_FOR_CERTIFICATE; s->ledger.hold.is_on = true)            \
	X(canary_first, "", "", "c:27017 goes first", canary(s))                                   \
	X(canary_done, "take-claim", "", "turn to load", canary(s);                                \
	  s->members[2].statement.certificate_order = token_n(7))                                  \
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_certificate_goes_as_its_row_says),
	    cmocka_unit_test(hosts_renew_at_moments_of_their_own_within_a_part_of_the_lifetime),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
