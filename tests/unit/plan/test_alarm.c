/* SPDX-License-Identifier: Apache-2.0 */
/* Troubles that stand: each is found by its row alone, told once it has stood for long enough, not
 * judged while it cannot be seen, and its words fill all rows. */
#include "lib/test.h"

#include "lib/plan_patient.h"
#include "plan/alarm.h"

static void ledger_away(struct seen *s)
{
	s->ledger.fact.who = WITNESS_NONE;
	cut_z(s->ledger.why, 64, "no primary");
}
static void untested(struct seen *s)
{
	cut_z(s->process.version, 16, "99.0.1");
}
static void keyrings_differ(struct seen *s)
{
	s->members[2].statement.running = ring_of(3, 0);
}
static void doubled(struct seen *s)
{
	s->members[2].is_doubled = true;
}

static const struct row {
	const char *event, *headline, *you, *subject;
	void (*spoil)(struct seen *s);
	int after_s;
	enum severity severity;
} rows[] = {
    {"keyfile-guessable", "guessed", "rotactl rotate keyfile", "b:27017", guessable, 0,
     SEVERITY_WARNING},
    {"certificate-not-served", "not the one served", "rotateCertificates", "b:27017", other_served,
     60, SEVERITY_WARNING},
    {"certificate-unfit", "not trusted", "rotactl cert check", "b:27017", untrusted, 60,
     SEVERITY_WARNING},
    {"certificate-unfit", "does not name", "SAN", "b:27017", unnamed, 60, SEVERITY_WARNING},
    {"authority-expiring", "a CA of the bundle ends in 30 days", "CAFile", "b:27017", ca_ends, 0,
     SEVERITY_WARNING},
    {"crl-expiring", "ends in 24 h", "CRLFile", "b:27017", crl_ends, 0, SEVERITY_WARNING},
    {"crl-expired", "has ended", "CRLFile", "b:27017", crl_ended, 0, SEVERITY_CRITICAL},
    {"ledger-unreachable", "no primary", "rotactl status", "b:27017", ledger_away, 60,
     SEVERITY_WARNING},
    {"pending-change", "mongod.conf was changed", "pendingChanges", "b:27017", pending, 900,
     SEVERITY_WARNING},
    {"version-untested", "99.0.1", "acceptUntested", "b:27017", untested, 0, SEVERITY_WARNING},
    {"keyrings-differ", "c:27017 does not accept key 1", "rotactl verify", "rs0", keyrings_differ,
     60, SEVERITY_CRITICAL},
    {"identity-doubled", "c:27017", "rotactl trust revoke", "rs0", doubled, 0, SEVERITY_CRITICAL},
};

static void step(void)
{
	plan_step(&the.s, &the.policy, &the.instance, 0, &the.plan);
}

/* As round/record.c keeps it. */
static void note_since(int64_t us)
{
	for (unsigned i = 0; i < alarm_n(); i++)
		the.s.alarm_since[i].us = the.plan.alarms_on & 1U << i ? us : 0;
}

static unsigned bits(uint32_t x)
{
	return (unsigned)__builtin_popcount(x);
}

static void nothing_is_told_of_a_healthy_host(void **state)
{
	patient_begin();
	step();
	assert_int_equal(the.plan.alarms_on, 0);
	assert_int_equal(bits(the.plan.alarms_judged), alarm_n());
	assert_int_equal(the.plan.events_n, 0);
}

static void each_is_told_once_it_has_stood(void **state)
{
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		const struct row *r = &rows[i];
		patient_begin();
		r->spoil(&the.s);
		step();
		if (told(r->event))
			fail_msg("%s is told at first sight", r->event);
		if (bits(the.plan.alarms_on) != 1)
			fail_msg("%s: %u rows find it", r->event, bits(the.plan.alarms_on));
		note_since(CASE_NOW - r->after_s * US_S + 1);
		if (r->after_s) {
			step();
			if (told(r->event))
				fail_msg("%s is told too soon", r->event);
		}
		note_since(CASE_NOW - r->after_s * US_S);
		step();
		const struct event *e = told_get(r->event);
		if (!strstr(e->headline, r->headline) || !strstr(e->you, r->you) ||
		    strcmp(e->subject, r->subject) != 0 || e->severity != r->severity)
			fail_msg("%s: '%s' '%s' '%s' %d", r->event, e->subject, e->headline, e->you,
				 (int)e->severity);
		assert_true(e->what[0] && e->now[0] && e->we_did[0]);
		assert_non_null(strstr(e->what, "Seen since"));
	}
}

/* The end of each kind that a row tells can be told: its kinds are the ones it uses. */
static void the_end_has_the_name_of_the_beginning(void **state)
{
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		bool has = false;
		patient_begin();
		rows[i].spoil(&the.s);
		step();
		for (unsigned k = 0; k < alarm_n(); k++) {
			enum event_kind kinds[ALARM_KINDS];
			unsigned n = alarm_kinds(k, kinds);
			for (unsigned j = 0; the.plan.alarms_on & 1U << k && j < n; j++)
				has |= strcmp(event_table[kinds[j]].name, rows[i].event) == 0;
			if (the.plan.alarms_on & 1U << k)
				assert_int_equal(alarm_is_of_set(k),
						 strcmp(rows[i].subject, "rs0") == 0);
		}
		assert_true(has);
	}
}

static void no_answer(struct seen *s)
{
	s->process.is_answering = false;
}
static void own_restart(struct seen *s)
{
	s->job.is_open = true;
}
static void own_reload(struct seen *s)
{
	s->certificate.is_reload_running = true;
}
static void own_certificate(struct seen *s)
{
	s->certificate.stage = CERT_STAGE_INSTALLED;
}
static void own_way_back(struct seen *s)
{
	s->certificate.stage = CERT_STAGE_GOING_BACK;
}

static void what_cannot_be_seen_is_neither_there_nor_over(void **state)
{
	static void (*const hides[])(struct seen *) = {no_answer,       own_restart,  own_reload,
						       own_certificate, own_way_back, no_member};
	for (size_t i = 0; i < ARRAY_N(hides); i++) {
		patient_begin();
		guessable(&the.s);
		hides[i](&the.s);
		step();
		if (the.plan.alarms_judged || the.plan.alarms_on)
			fail_msg("row %zu: judged", i);
	}
}

static void parted(struct seen *s) /* no primary, no ledger: what the others hold is not known */
{
	s->ledger.fact.who = WITNESS_NONE;
	s->members[2].has_statement = false;
	s->members[2].statement.disk.is_known = s->members[2].statement.running.is_known = false;
}
static void no_handshake(struct seen *s)
{
	s->certificate.served.is_known = false;
}
static void no_files(struct seen *s)
{
	s->certificate.fact.who = WITNESS_NONE;
}
static void no_keyfile(struct seen *s)
{
	s->keyfile.fact.who = WITNESS_NONE;
}

/* The end of the trouble must not be told at the moment when it is worst. */
static void a_row_that_cannot_be_seen_is_not_over(void **state)
{
	static const struct {
		void (*spoil)(struct seen *s), (*hides)(struct seen *s);
	} pairs[] = {{keyrings_differ, parted}, {doubled, parted},   {other_served, no_handshake},
		     {untrusted, no_handshake}, {ca_ends, no_files}, {crl_ended, no_files},
		     {guessable, no_keyfile}};
	for (size_t i = 0; i < ARRAY_N(pairs); i++) {
		uint32_t bit;
		patient_begin();
		pairs[i].spoil(&the.s);
		step();
		bit = the.plan.alarms_on;
		assert_int_equal(bits(bit), 1);
		patient_begin();
		step();
		assert_true(the.plan.alarms_judged & bit);
		pairs[i].hides(&the.s);
		step();
		if (the.plan.alarms_judged & bit)
			fail_msg("pair %zu: it is judged all the same", i);
	}
}

static void a_kind_that_is_off_is_nobodys_business(void **state)
{
	patient_begin();
	the.policy.certificates.mode = MODE_OFF;
	crl_ended(&the.s);
	step();
	assert_int_equal(the.plan.alarms_on, 0);
	assert_true(bits(the.plan.alarms_judged) < alarm_n());
	the.policy.keyfile.mode = MODE_OFF;
	guessable(&the.s);
	step();
	assert_int_equal(the.plan.alarms_judged, 0);
}

static void what_a_person_allows_is_no_trouble(void **state)
{
	patient_begin();
	pending(&the.s);
	untested(&the.s);
	the.instance.pending_changes = PENDING_ALLOW;
	the.instance.accepts_untested = true;
	step();
	assert_int_equal(the.plan.alarms_on, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_is_told_of_a_healthy_host),
	    cmocka_unit_test(each_is_told_once_it_has_stood),
	    cmocka_unit_test(the_end_has_the_name_of_the_beginning),
	    cmocka_unit_test(what_cannot_be_seen_is_neither_there_nor_over),
	    cmocka_unit_test(a_row_that_cannot_be_seen_is_not_over),
	    cmocka_unit_test(a_kind_that_is_off_is_nobodys_business),
	    cmocka_unit_test(what_a_person_allows_is_no_trouble),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
