/* SPDX-License-Identifier: Apache-2.0 */
/* Following an order: one status after the other gives the lines of progress and the end. */
#include "lib/test.h"

#include "base/clock.h"
#include "cmd/ctl_follow.h"
#include "ctl_run.h"

#define ORDER "aa11bb22cc33dd44ee55ff6600112233"

/* A film: the instance, which a scene changes, and what was said. */
struct film {
	json_t *doc, *one;
	struct ctl ctl;
	struct follow f;
	struct wall now;
	char *said;
	size_t said_n;
};

static void film_begin(struct film *m, const char *fixture, enum follow_what what)
{
	*m = (struct film){.now = {.us = (int64_t)1795309252 * US_S}};
	m->doc = fixture_json(fixture);
	m->one = json_array_get(json_object_get(m->doc, "instances"), 0);
	m->ctl = (struct ctl){.out = open_memstream(&m->said, &m->said_n), .doc = json_object()};
	follow_init(&m->f, &m->ctl, what, what == FOLLOW_ABORT ? "" : ORDER, "", m->one, m->now);
}

static enum follow_end film_look(struct film *m, int64_t after_us)
{
	m->now = wall_add(m->now, after_us);
	return follow_look(&m->f, m->one, m->now);
}

static void film_end(struct film *m, const char *said)
{
	fclose(m->ctl.out);
	assert_string_equal(m->said, said);
	free(m->said);
	json_decref(m->ctl.doc);
	json_decref(m->doc);
}

static json_t *member_of(struct film *m, size_t i)
{
	return json_array_get(json_object_get(m->one, "members"), i);
}
static void set(json_t *o, const char *key, const char *text)
{
	json_object_set_new(o, key, text ? json_string(text) : json_null());
}
static void set_rotation(struct film *m, const char *state, bool carried)
{
	json_t *r = json_object_get(m->one, "rotation");
	set(r, "state", state);
	json_object_set_new(r, "carried", json_boolean(carried));
}
static void set_step(struct film *m, size_t i, const char *state, int done)
{
	json_t *s = json_array_get(json_object_get(json_object_get(m->one, "plan"), "steps"), i);
	set(s, "state", state);
	json_object_set_new(s, "done", json_integer(done));
}
static void set_reason(struct film *m, bool waits, const char *reason)
{
	json_t *p = json_object_get(m->one, "plan");
	json_object_set_new(p, "waiting", json_boolean(waits));
	set(p, "reason", reason);
}

static void a_rotation_is_told_from_the_order_to_the_end(void **state)
{
	struct film m;
	film_begin(&m, FIXTURE("waiting.json"), FOLLOW_KEYFILE);
	/* the order is there, the rotation is not */
	set(json_object_get(m.one, "rotation"), "order", "another");
	json_object_set_new(m.one, "orders", json_pack("[{s:s}]", "id", ORDER));
	set_reason(&m, true, "A rotation is wanted and waits: window: opens 1.");
	assert_int_equal(film_look(&m, US_S), FOLLOW_GOING);
	set_reason(&m, true, "A rotation is wanted and waits: window: opens 23.");
	assert_int_equal(film_look(&m, 2 * US_S), FOLLOW_GOING);
	set_reason(&m, true, "A rotation is wanted and waits: window: opens 45.");
	assert_int_equal(film_look(&m, 9 * US_S), FOLLOW_GOING); /* told once */
	set_reason(&m, true, "Something that passes in a moment.");
	assert_int_equal(film_look(&m, US_S), FOLLOW_GOING);
	m.now.us -= 11 * US_S;
	/* it begins */
	set(json_object_get(m.one, "rotation"), "order", ORDER);
	json_object_set_new(m.one, "orders", json_array());
	set_reason(&m, false, "db2 is restarted");
	assert_int_equal(film_look(&m, US_S), FOLLOW_GOING);
	/* this host's own member is away: the ledger is not read for a while */
	json_t *rotation = json_incref(json_object_get(m.one, "rotation"));
	json_object_set_new(m.one, "rotation", json_null());
	json_object_set_new(json_object_get(m.one, "ledger"), "known", json_false());
	assert_int_equal(film_look(&m, 0), FOLLOW_GOING);
	json_object_set_new(m.one, "rotation", rotation);
	json_object_set_new(json_object_get(m.one, "ledger"), "known", json_true());
	assert_int_equal(film_look(&m, 0), FOLLOW_GOING);
	/* db3 goes away and comes back */
	json_object_set_new(member_of(&m, 1), "answers", json_false());
	assert_int_equal(film_look(&m, US_S), FOLLOW_GOING);
	json_object_set_new(member_of(&m, 1), "answers", json_true());
	set(member_of(&m, 1), "processId", "new");
	set(member_of(&m, 1), "state", "RECOVERING");
	assert_int_equal(film_look(&m, 10 * US_S), FOLLOW_GOING);
	set(member_of(&m, 1), "state", "SECONDARY");
	set_step(&m, 1, "now", 2);
	assert_int_equal(film_look(&m, 8 * US_S), FOLLOW_GOING);
	/* the primary hands over */
	set(member_of(&m, 2), "state", "SECONDARY");
	assert_int_equal(film_look(&m, US_S), FOLLOW_GOING);
	set(member_of(&m, 0), "state", "PRIMARY");
	assert_int_equal(film_look(&m, 200 * US_MS), FOLLOW_GOING);
	set(member_of(&m, 2), "processId", "new too");
	set_step(&m, 1, "done", 3);
	set_step(&m, 2, "done", 3);
	assert_int_equal(film_look(&m, 20 * US_S), FOLLOW_GOING);
	/* closed for all, then here */
	set_rotation(&m, "closed", true);
	assert_int_equal(film_look(&m, 60 * US_S), FOLLOW_GOING);
	json_object_set_new(json_object_get(m.one, "key"), "pivot", json_integer(8));
	assert_int_equal(film_look(&m, US_S), FOLLOW_DONE);
	film_end(&m, "02:00:55  2/5  A rotation is wanted and waits: window: opens 23.\n"
		     "02:00:55  key 8 made and sealed for all; key 7 -> key 8\n"
		     "02:00:55  1/5  write 7+8 everywhere: 3 of 3\n"
		     "02:00:55  2/5  load 7+8, in turn: 1 of 3\n"
		     "02:00:56  2/5  db3 away\n"
		     "02:01:14  2/5  db3 back   restarted, away 18 s\n"
		     "02:01:14  2/5  load 7+8, in turn: 2 of 3\n"
		     "02:01:15  2/5  db2 is primary, seen after 0.20 s without one\n"
		     "02:01:35  2/5  db1 back   restarted\n"
		     "02:01:35  2/5  load 7+8, in turn: 3 of 3\n"
		     "02:01:35  3/5  prove key 8 everywhere: 3 of 3\n"
		     "02:02:36  key 7 refused and key 8 accepted by all\n"
		     "Done in 1 min 44 s. 2 restarts, 1 election.\n");
}

static void a_turn_that_lasts_is_told_with_its_reason(void **state)
{
	struct film m;
	film_begin(&m, FIXTURE("waiting.json"), FOLLOW_KEYFILE);
	set_step(&m, 0, "to come", 0);
	set_step(&m, 1, "to come", 0);
	set_reason(&m, true, "db3 is starting for 1 s.");
	json_object_set_new(member_of(&m, 1), "answers", json_false());
	assert_int_equal(film_look(&m, US_S), FOLLOW_GOING);
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(film_look(&m, 3 * US_S), FOLLOW_GOING);
	set_reason(&m, true, "db3 is starting for 40 s.");
	assert_int_equal(film_look(&m, 3 * US_S), FOLLOW_GOING);
	assert_int_equal(film_look(&m, 3 * US_S), FOLLOW_GOING);
	film_end(&m, "02:00:53  2/5  db3 away\n"
		     "02:00:53  key 8 made and sealed for all; key 7 -> key 8\n"
		     "02:01:29  1/5  db3 is starting for 40 s.\n");
}

static void ends_that_are_no_success(void **state)
{
	struct film m;
	film_begin(&m, FIXTURE("waiting.json"), FOLLOW_KEYFILE);
	set_rotation(&m, "dead", false);
	assert_int_equal(film_look(&m, US_S), FOLLOW_GOING);
	set_rotation(&m, "closed", false);
	assert_int_equal(film_look(&m, US_S), FOLLOW_FAILED);
	assert_non_null(json_object_get(m.ctl.doc, "failed"));
	fflush(m.ctl.out);
	assert_non_null(strstr(m.said, "Undone: all members are back on key 7; key 8 is burnt."));
	set_rotation(&m, "open", false);
	json_object_set_new(m.one, "hold", json_pack("{s:s,s:s}", "who", "amy", "why", "lunch"));
	assert_int_equal(film_look(&m, US_S), FOLLOW_FAILED);
	fflush(m.ctl.out);
	assert_non_null(strstr(m.said, "Held by amy: lunch. Go on: rotactl resume"));
	set(json_object_get(m.one, "rotation"), "order", "another");
	assert_int_equal(film_look(&m, US_S), FOLLOW_FAILED);
	fflush(m.ctl.out);
	assert_non_null(strstr(m.said, "Another rotation began meanwhile"));
	fclose(m.ctl.out);
	free(m.said);
	json_decref(m.ctl.doc);
	json_decref(m.doc);
}

static void an_order_that_another_replaced_is_told(void **state)
{
	struct film m;
	enum follow_end end = FOLLOW_GOING;
	unsigned looks = 0;
	film_begin(&m, FIXTURE("healthy.json"), FOLLOW_KEYFILE);
	set(json_object_get(m.one, "rotation"), "order", "another");
	for (; end == FOLLOW_GOING && looks < 100; looks++)
		end = film_look(&m, 200 * US_MS);
	assert_int_equal(end, FOLLOW_FAILED);
	assert_true(looks > 10); /* a status just behind the order does not list it yet */
	film_end(&m, "The order is gone without a rotation: another one took its place. rotactl\n"
		     "history\n");
}

static void certificates_are_done_when_every_member_says_so(void **state)
{
	struct film m;
	film_begin(&m, FIXTURE("healthy.json"), FOLLOW_CERTIFICATES);
	assert_int_equal(film_look(&m, US_S), FOLLOW_GOING);
	set(json_object_get(member_of(&m, 0), "certificate"), "orderDone", ORDER);
	assert_int_equal(film_look(&m, US_S), FOLLOW_GOING);
	set(json_object_get(member_of(&m, 1), "certificate"), "orderDone", ORDER);
	/* this host's own is known before its statement says so */
	set(json_object_get(m.one, "certificate"), "orderDone", ORDER);
	assert_int_equal(film_look(&m, US_S), FOLLOW_DONE);
	film_end(&m, "02:00:54  db2 serves a new certificate, ends 2027-01-20\n"
		     "02:00:55  db3 serves a new certificate, ends 2027-01-21\n"
		     "02:00:55  db1 serves a new certificate, ends 2027-01-19\n"
		     "Done in 3 s.\n");
}

static void a_refused_certificate_ends_the_wait_but_an_old_refusal_does_not(void **state)
{
	struct film m;
	film_begin(&m, FIXTURE("healthy.json"), FOLLOW_CERTIFICATES);
	json_t *c = json_object_get(m.one, "certificate");
	set(c, "stage", "refused");
	set(c, "why", "no clientAuth");
	follow_init(&m.f, &m.ctl, FOLLOW_CERTIFICATES, ORDER, "", m.one, m.now);
	assert_int_equal(film_look(&m, US_S), FOLLOW_GOING); /* from before the order */
	set(c, "stage", "asked");
	assert_int_equal(film_look(&m, US_S), FOLLOW_GOING);
	set(c, "stage", "refused");
	assert_int_equal(film_look(&m, US_S), FOLLOW_FAILED);
	set(c, "order", "of another order");
	assert_int_equal(film_look(&m, US_S), FOLLOW_GOING);
	set(c, "order", ORDER);
	assert_int_equal(film_look(&m, US_S), FOLLOW_FAILED);
	film_end(&m, "Refused: no clientAuth\nRefused: no clientAuth\n");
}

static void
a_certificate_that_another_member_refused_is_told_and_the_others_are_waited_for(void **state)
{
	struct film m;
	film_begin(&m, FIXTURE("healthy.json"), FOLLOW_CERTIFICATES);
	json_t *other = json_object_get(member_of(&m, 0), "certificate");
	set(other, "orderRefused", "of another order");
	assert_int_equal(film_look(&m, US_S), FOLLOW_GOING);
	set(other, "orderRefused", ORDER);
	assert_int_equal(film_look(&m, US_S), FOLLOW_GOING);
	json_object_set_new(json_object_get(member_of(&m, 1), "certificate"), "takesOrders",
			    json_false());
	set(json_object_get(m.one, "certificate"), "orderDone", ORDER);
	assert_int_equal(film_look(&m, US_S), FOLLOW_FAILED);
	film_end(&m,
		 "02:00:54  db2 keeps its certificate: the new one was refused\n"
		 "02:00:55  db1 serves a new certificate, ends 2027-01-19\n"
		 "Not all have a new certificate. The reason: rotactl explain on the hosts named\n"
		 "above\n");
	film_begin(&m, FIXTURE("healthy.json"), FOLLOW_CERTIFICATES);
	other = json_object_get(member_of(&m, 0), "certificate");
	set(other, "orderRefused", ORDER);
	json_object_set_new(other, "takenBack", json_true());
	assert_int_equal(film_look(&m, US_S), FOLLOW_FAILED);
	film_end(&m,
		 "db2 had to take its new certificate back; the others keep theirs. The reason:\n"
		 "rotactl explain on that host\n");
}

static void an_abort_is_done_when_all_are_back(void **state)
{
	struct film m;
	film_begin(&m, FIXTURE("waiting.json"), FOLLOW_ABORT);
	set_reason(&m, false, "x");
	set_rotation(&m, "dead", false);
	assert_int_equal(film_look(&m, US_S), FOLLOW_GOING);
	set(member_of(&m, 0), "processId", "new");
	set_rotation(&m, "closed", false);
	assert_int_equal(film_look(&m, 20 * US_S), FOLLOW_DONE);
	film_end(&m, "02:01:13  2/5  db2 back   restarted\n"
		     "02:01:13  all members are back on key 7\n"
		     "Done in 21 s. 1 restart, 0 elections.\n");
	film_begin(&m, FIXTURE("waiting.json"), FOLLOW_ABORT);
	set_rotation(&m, "carried", true);
	assert_int_equal(film_look(&m, US_S), FOLLOW_FAILED);
	film_end(&m, "Too late: every member had voted for key 8.\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_rotation_is_told_from_the_order_to_the_end),
	    cmocka_unit_test(a_turn_that_lasts_is_told_with_its_reason),
	    cmocka_unit_test(ends_that_are_no_success),
	    cmocka_unit_test(an_order_that_another_replaced_is_told),
	    cmocka_unit_test(certificates_are_done_when_every_member_says_so),
	    cmocka_unit_test(a_refused_certificate_ends_the_wait_but_an_old_refusal_does_not),
	    cmocka_unit_test(
		a_certificate_that_another_member_refused_is_told_and_the_others_are_waited_for),
	    cmocka_unit_test(an_abort_is_done_when_all_are_back),
	};
	(void)setenv("TZ", "CET-1", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
