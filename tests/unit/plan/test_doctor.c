/* SPDX-License-Identifier: Apache-2.0 */
/* The doctor: a healthy host is well in every check, and each check finds the one thing it stands
 * for, with a word that mends it. */
#include "lib/test.h"

#include "lib/plan_patient.h"
#include "plan/doctor.h"

static struct doctor got;

static void judge(void)
{
	got.n = 0;
	doctor_judge(&the.s, &the.policy, &the.instance, &the.plan, &got);
}

static const struct doctor_finding *find(const char *name)
{
	for (unsigned i = 0; i < got.n; i++)
		if (strcmp(got.findings[i].name, name) == 0)
			return &got.findings[i];
	fail_msg("nothing is said of '%s'", name);
	return &got.findings[0];
}

static void a_healthy_host_is_well_in_all(void **state)
{
	/* A row whose gate bears another name would say nothing. */
	static const char *const names[] = {"process",   "member",  "mode",       "key-strength",
					    "writer",    "served",  "served-fit", "certificate-end",
					    "ca-end",    "crl-end", "ledger",     "trust",
					    "debts",     "hold",    "window",     "freeze",
					    "sharding",  "others",  "votes",      "majority-writes",
					    "successor", "pending", "rehearsed",  "other-users"};
	for (unsigned self = 0; self < 3; self++) {
		patient_begin();
		the.s.self = (int)self;
		judge();
		for (size_t i = 0; i < ARRAY_N(names); i++)
			(void)find(names[i]);
		assert_int_equal(got.n, ARRAY_N(names));
		for (unsigned i = 0; i < got.n; i++)
			if (got.findings[i].weight != DOCTOR_GOOD || got.findings[i].you[0] ||
			    !got.findings[i].what[0])
				fail_msg("%s: %s", got.findings[i].name, got.findings[i].what);
	}
}

static void no_process(struct seen *s)
{
	s->process.is_answering = false;
	cut_z(s->process.last_fatal, 64, "20575: bad key");
}
static void no_config(struct seen *s)
{
	s->self = -1;
	s->members_n = 0;
	s->config.who = WITNESS_NONE;
	cut_z(s->rehearsal, 64, "rs.conf cannot be read: not authorized");
}
static void stranger(struct seen *s)
{
	s->keyfile.has_stranger = true;
}
static void foreign(struct seen *s)
{
	s->keyfile.is_foreign = true;
	cut_z(s->keyfile.marker, 64, "Ansible managed");
}
static void ends_soon(struct seen *s)
{
	s->certificate.file.chain_not_after.us = CASE_NOW + 3 * US_DAY;
}
static void has_ended(struct seen *s)
{
	s->certificate.file.chain_not_after.us = CASE_NOW - US_DAY;
}
static void ended_by_a_wrong_clock(struct seen *s)
{
	has_ended(s);
	s->is_clock_sane = false;
}
static void ledger_away(struct seen *s)
{
	s->ledger.fact.who = WITNESS_NONE;
	cut_z(s->ledger.why, 64, "not authorized");
}
static void ledger_foreign(struct seen *s)
{
	s->ledger.is_unknown_protocol = true;
}
static void ledger_old(struct seen *s)
{
	s->ledger.is_older_than_anchor = true;
}
static void ledger_missing(struct seen *s)
{
	s->ledger.exists = false;
}
static void not_welcomed(struct seen *s)
{
	s->has_salt = false;
}
static void somebody_waits(struct seen *s)
{
	cut_z(s->ledger.not_admitted, 64, "c:27017: pinned another");
}
static void rolled_back(struct seen *s)
{
	s->debts.rolled_back_at.us = CASE_NOW;
}
static void owed(struct seen *s)
{
	s->debts.restart_owed_since.us = CASE_NOW;
}
static void held(struct seen *s)
{
	s->ledger.hold = (struct hold){.is_on = true, .who = "amy", .why = "weekend"};
}
static void peer_down(struct seen *s)
{
	s->members[2].hello.who = WITNESS_NONE;
}
static void peer_without_rotad(struct seen *s)
{
	s->members[2].has_statement = false;
}
static void peer_not_ready(struct seen *s)
{
	s->members[2].statement.is_rehearsed = false;
	cut_z(s->members[2].statement.findings, 64, "restart: no polkit rule");
}
static void psa(struct seen *s)
{
	s->members[2].is_arbiter = true;
	s->members[2].is_electable = s->members[2].is_secondary = false;
	s->members[2].state = MEMBER_ARBITER;
}

static void each_check_finds_its_own(void **state)
{
	static const struct {
		void (*spoil)(struct seen *s);
		const char *name;
		enum doctor_weight weight;
		const char *what, *you;
	} rows[] = {
	    {no_process, "process", DOCTOR_REFUSE, "20575: bad key", "log"},
	    {no_config, "member", DOCTOR_REFUSE, "not authorized", "rotactl user --for rotad"},
	    {no_member, "member", DOCTOR_REFUSE, "names no member", "rs.conf"},
	    {guessable, "key-strength", DOCTOR_WARN, "guessed", "rotactl rotate keyfile"},
	    {stranger, "writer", DOCTOR_REFUSE, "does not know", "copy the keyfile of"},
	    {foreign, "writer", DOCTOR_WARN, "Ansible managed", "who writes it"},
	    {other_served, "served", DOCTOR_WARN, "not the one served", "rotateCertificates"},
	    {untrusted, "served-fit", DOCTOR_REFUSE, "own CAFile", "rotactl cert check"},
	    {unnamed, "served-fit", DOCTOR_WARN, "does not name", "SAN"},
	    {ends_soon, "certificate-end", DOCTOR_WARN, "ends in 3 d", "rotate certificates"},
	    {has_ended, "certificate-end", DOCTOR_REFUSE, "has ended", "rotate certificates"},
	    {ended_by_a_wrong_clock, "certificate-end", DOCTOR_NOTE, "ends", "clock"},
	    {ca_ends, "ca-end", DOCTOR_WARN, "a CA of the bundle ends", "CAFile"},
	    {crl_ends, "crl-end", DOCTOR_WARN, "ends in 24 h", "CRLFile"},
	    {crl_ended, "crl-end", DOCTOR_REFUSE, "has ended", "CRLFile"},
	    {ledger_away, "ledger", DOCTOR_REFUSE, "not authorized", "rotactl user --for rotad"},
	    {ledger_foreign, "ledger", DOCTOR_REFUSE, "protocol", "release"},
	    {ledger_old, "ledger", DOCTOR_REFUSE, "older", "ledger-older-than-anchor"},
	    {ledger_missing, "ledger", DOCTOR_WARN, "not there yet", "moment"},
	    {not_welcomed, "ledger", DOCTOR_REFUSE, "admitted", "rotactl trust list"},
	    {somebody_waits, "trust", DOCTOR_WARN, "pinned another", "rotactl trust list"},
	    {rolled_back, "debts", DOCTOR_REFUSE, "rolled back", "rotactl resume"},
	    {owed, "debts", DOCTOR_WARN, "owed", "by itself"},
	    {held, "hold", DOCTOR_REFUSE, "amy", "rotactl resume"},
	    {peer_down, "others", DOCTOR_WARN, "c:27017", "rotactl status"},
	    {pending, "pending", DOCTOR_REFUSE, "mongod.conf was changed", "pendingChanges"},
	    {peer_without_rotad, "rehearsed", DOCTOR_WARN, "no rotad has spoken for 'c:27017'",
	     "rotactl doctor"},
	    {peer_not_ready, "rehearsed", DOCTOR_WARN, "no polkit rule", "rotactl doctor"},
	    {psa, "majority-writes", DOCTOR_REFUSE, "majority writes would stop",
	     "allowDowntime: majorityWrites"},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		patient_begin();
		rows[i].spoil(&the.s);
		judge();
		const struct doctor_finding *f = find(rows[i].name);
		if (f->weight != rows[i].weight || !strstr(f->what, rows[i].what) ||
		    !strstr(f->you, rows[i].you))
			fail_msg("row %zu, %s: %d '%s' '%s'", i, rows[i].name, (int)f->weight,
				 f->what, f->you);
		/* No finding is without a word on what to do. */
		for (unsigned k = 0; k < got.n; k++)
			assert_true(got.findings[k].weight == DOCTOR_GOOD ||
				    got.findings[k].you[0]);
	}
}

static void mode_observe_is_no_fault_and_hides_none(void **state)
{
	patient_begin();
	the.policy.mode = the.policy.keyfile.mode = the.policy.certificates.mode = MODE_OBSERVE;
	the.s.ledger.exists = false;
	the.s.members[2].has_statement = false;
	the.s.certificate.crl_next_update.us = CASE_NOW + US_DAY;
	cut_z(the.s.process.pending, 64, "another binary");
	judge();
	assert_int_equal(find("mode")->weight, DOCTOR_NOTE);
	assert_int_equal(find("ledger")->weight, DOCTOR_GOOD);
	assert_int_equal(find("rehearsed")->weight, DOCTOR_NOTE);
	assert_int_equal(find("crl-end")->weight, DOCTOR_WARN);
	assert_int_equal(find("pending")->weight, DOCTOR_REFUSE);
}

static void windows_and_freezes_are_notes(void **state)
{
	patient_begin();
	the.policy.windows_n = 1; /* it is 08:00 UTC */
	the.policy.windows[0] = (struct window){.days = 0x7f, .start_s = 2 * 3600, .for_us = US_H};
	judge();
	assert_int_equal(find("window")->weight, DOCTOR_NOTE);
}

static void too_many_are_never_silent(void **state)
{
	got.n = 0;
	for (int i = 0; i < DOCTOR_FINDINGS_MAX; i++)
		doctor_add(&got, DOCTOR_GOOD, "x", "well", "");
	doctor_add(&got, DOCTOR_REFUSE, "last", "broken", "mend");
	assert_int_equal(got.n, DOCTOR_FINDINGS_MAX);
	assert_string_equal(got.findings[got.n - 1].name, "last");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_healthy_host_is_well_in_all),
	    cmocka_unit_test(each_check_finds_its_own),
	    cmocka_unit_test(mode_observe_is_no_fault_and_hides_none),
	    cmocka_unit_test(windows_and_freezes_are_notes),
	    cmocka_unit_test(too_many_are_never_silent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
