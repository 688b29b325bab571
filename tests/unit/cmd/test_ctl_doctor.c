/* SPDX-License-Identifier: Apache-2.0 */
/* rotactl doctor: the page, the exit codes, the alert path; and that it does without a daemon. What
 * is asked then of real members is shown by tests/system/first_hour.py. */
#include "lib/test.h"

#include "base/clock.h"
#include "ctl_run.h"
#include "lib/tempdir.h"

#define F(weight, name, what, you)                                                                 \
	"{\"weight\":\"" weight "\",\"name\":\"" name "\",\"what\":\"" what "\",\"you\":\"" you    \
	"\"}"
#define SEEN(findings)                                                                             \
	"{\"instance\":\"rs0-a\",\"cluster\":\"rs0\",\"host\":\"db1:27017\",\"findings\":"         \
	"[" findings "]}"
#define GOOD F("good", "process", "answers, 6.0.5", "") "," F("good", "login", "accepted", "")
#define WARN F("warning", "served", "not the one served", "rotateCertificates")
#define BAD F("refuse", "restart", "no polkit rule", "see rotad(8)")
#define NOTE F("note", "mode", "observe", "rotactl mode ask")
#define ALERTS(one) "{\"working\":true,\"targets\":[" one "]}"
#define TARGET(ok, tries, gone)                                                                    \
	"{\"target\":\"ops\",\"type\":\"webhook\",\"waiting\":4,\"tries\":" tries                  \
	",\"gone\":" gone ",\"lastOkAt\":" ok ",\"failingSince\":null,\"why\":\"timeout\"}"
/* 301 bytes of UTF-8: wherever a text is cut short, it may be in the middle of a letter. */
#define E10 "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
#define LONG_UTF8 "x" E10 E10 E10 E10 E10 E10 E10 E10 E10 E10 E10 E10 E10 E10 E10
#define FOREIGN_TARGET(what, why)                                                                  \
	"{\"target\":\"" what "\",\"waiting\":4,\"tries\":3,\"gone\":false,\"why\":\"" why "\"}"
#define WELL TARGET("\"2026-11-22T01:00:00Z\"", "0", "false")

static void the_page_says_first_whether_it_could(void **state)
{
	static const struct {
		const char *seen, *alerts;
		enum ctl_exit code;
		const char *out;
	} rows[] = {
	    {SEEN(GOOD), ALERTS(WELL), CTL_GOOD,
	     "rs0-a (rs0, db1) could take its turn.\n  good     process, login\nThis host:\n"
	     "  good     alerts\n"},
	    {SEEN(GOOD "," NOTE), ALERTS(WELL), CTL_GOOD,
	     "could take its turn.\n  note     mode             observe. To do: rotactl mode "
	     "ask\n"},
	    {SEEN(GOOD "," WARN), ALERTS(WELL), CTL_ATTENTION,
	     "could take its turn; 1 warning.\n  WARNING  served           not the one served. To "
	     "do: rotateCertificates\n"},
	    {SEEN(WARN "," BAD "," WARN), ALERTS(WELL), CTL_FAILED,
	     "could not take its turn: 1 thing to mend, and 2 warnings.\n  REFUSE   restart        "
	     "  "
	     "no polkit rule. To do: see rotad(8)\n  WARNING"},
	    {SEEN(BAD "," BAD), ALERTS(WELL), CTL_FAILED, "2 things to mend.\n"},
	    {SEEN(GOOD), ALERTS(""), CTL_ATTENTION, "no alert target is configured"},
	    {SEEN(GOOD), ALERTS(TARGET("null", "0", "false")), CTL_GOOD, "ops was not tried"},
	    {SEEN(GOOD), ALERTS(TARGET("null", "3", "false")), CTL_ATTENTION,
	     "ops takes no alerts, 4 wait: timeout"},
	    {SEEN(GOOD), ALERTS(TARGET("null", "0", "true")), CTL_ATTENTION, "gone for ever"},
	    {SEEN(GOOD), ALERTS(FOREIGN_TARGET("ops", LONG_UTF8)), CTL_ATTENTION,
	     "ops takes no alerts, 4 wait:"},
	    {SEEN(GOOD), ALERTS(FOREIGN_TARGET(LONG_UTF8, "timeout")), CTL_ATTENTION,
	     "takes no alerts, 4 wait: timeout"},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		auto_free char *out = NULL, *err = NULL;
		struct canned c = {.n = 0};
		json_t *doc = fixture_json(FIXTURE("healthy.json"));
		canned_status(&c, doc, 0);
		canned_json(&c, 200, rows[i].seen);
		canned_json(&c, 200, rows[i].alerts);
		canned_start(&c, *state);
		const char *args[] = {"doctor", "--socket", c.path, NULL};
		enum ctl_exit code = ctl_run_args(args, &out, &err);
		canned_stop(&c);
		assert_string_equal(err, "");
		assert_non_null(strstr(buf_z(&c.requests[1]), "GET /v1/doctor HTTP/1.1"));
		assert_non_null(strstr(buf_z(&c.requests[2]), "GET /v1/alerts HTTP/1.1"));
		if (code != rows[i].code || !strstr(out, rows[i].out))
			fail_msg("row %zu, exit %d:\n%s", i, code, out);
		json_decref(doc);
		canned_fini(&c);
	}
}

static void all_shows_what_is_good_too(void **state)
{
	auto_free char *out = NULL, *err = NULL;
	struct canned c = {.n = 0};
	json_t *doc = fixture_json(FIXTURE("healthy.json"));
	canned_status(&c, doc, 0);
	canned_json(&c, 200, SEEN(GOOD));
	canned_json(&c, 200, ALERTS(WELL));
	canned_start(&c, *state);
	const char *args[] = {"doctor", "--all", "--socket", c.path, NULL};
	assert_int_equal(ctl_run_args(args, &out, &err), CTL_GOOD);
	canned_stop(&c);
	assert_non_null(strstr(out, "  good     login            accepted\n"));
	assert_non_null(strstr(out, "  good     alerts           ops took the last one\n"));
	json_decref(doc);
	canned_fini(&c);
}

/* The findings are in the JSON, each with its own words. */
static void the_json_has_every_finding(void **state)
{
	auto_free char *out = NULL, *err = NULL;
	struct canned c = {.n = 0};
	json_t *doc = fixture_json(FIXTURE("healthy.json"));
	canned_status(&c, doc, 0);
	canned_json(&c, 200, SEEN(GOOD "," BAD));
	canned_json(&c, 200, ALERTS(""));
	canned_start(&c, *state);
	const char *args[] = {"--json", "doctor", "--socket", c.path, NULL};
	assert_int_equal(ctl_run_args(args, &out, &err), CTL_FAILED);
	canned_stop(&c);
	json_t *got = json_loads(out, 0, NULL);
	const json_t *one = json_array_get(json_object_get(got, "instances"), 0);
	assert_int_equal(json_array_size(json_object_get(one, "findings")), 3);
	assert_int_equal(json_array_size(json_object_get(got, "host")), 1);
	assert_true(json_is_true(json_object_get(got, "running")));
	assert_int_equal(json_integer_value(json_object_get(got, "exit")), 2);
	json_decref(got);
	json_decref(doc);
	canned_fini(&c);
}

static void without_a_daemon_the_configuration_is_asked_for(void **state)
{
	static const struct {
		const char *args[4], *text;
		enum ctl_exit code;
		const char *err;
	} rows[] = {
	    {{NULL}, NULL, CTL_FAILED, "rotactl discover"},
	    {{NULL}, "mode: maybe\n", CTL_FAILED, "mode"},
	    {{"rs0"}, NULL, CTL_USAGE, "no argument"},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		auto_free char *out = NULL, *err = NULL;
		char path[200];
		snprintf(path, sizeof(path), "%s", tempdir_path(state, "rotad.yaml"));
		(void)unlink(path);
		if (rows[i].text) {
			auto_file FILE *f = fopen(path, "we");
			assert_true(f && fputs(rows[i].text, f) >= 0);
		}
		const char *args[] = {"doctor",        "--socket", tempdir_path(state, "none"),
				      "--config",      path,       rows[i].args[0],
				      rows[i].args[1], NULL};
		enum ctl_exit code = ctl_run_args(args, &out, &err);
		if (code != rows[i].code || !strstr(err, rows[i].err))
			fail_msg("row %zu, exit %d: %s%s", i, code, out, err);
	}
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, tempdir_setup, tempdir_teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {CASE(the_page_says_first_whether_it_could),
					   CASE(all_shows_what_is_good_too),
					   CASE(the_json_has_every_finding),
					   CASE(without_a_daemon_the_configuration_is_asked_for)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
