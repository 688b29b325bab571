/* SPDX-License-Identifier: Apache-2.0 */
/* rotactl alert test: what is told of each answer, and by which exit code. */
#include "lib/test.h"

#include "base/clock.h"
#include "ctl_run.h"
#include "lib/tempdir.h"

#define TARGET(name, outcome, status, seconds, waiting, why)                                       \
	"{\"target\":\"" name "\",\"type\":\"webhook\",\"outcome\":\"" outcome                     \
	"\",\"status\":" status ",\"seconds\":" seconds ",\"waiting\":" waiting ",\"why\":" why    \
	"}"
#define ALL(targets) "{\"lost\":false,\"targets\":[" targets "]}"
#define TAKEN TARGET("ops", "taken", "204", "0.04", "0", "null")

static void each_answer_is_told_as_it_was(void **state)
{
	static const struct {
		unsigned status;
		const char *answer;
		enum ctl_exit code;
		const char *out, *err;
	} rows[] = {
	    {200, ALL(TAKEN), CTL_GOOD,
	     "The alert target took the test.\n  ops (webhook): answered 204 in 0.04 s\n", ""},
	    {200, ALL(TAKEN "," TAKEN), CTL_GOOD, "All 2 alert targets took the test.\n", ""},
	    {200,
	     ALL(TAKEN "," TARGET("chat", "refused", "401", "0.10", "3",
				  "\"it answered with status 401\"")),
	     CTL_FAILED,
	     "1 of 2 alert targets did not take the test.\n"
	     "  ops (webhook): answered 204 in 0.04 s\n"
	     "  chat (webhook): answered 401 in 0.10 s: it answered with status 401\n"
	     "    3 alerts wait for it in the spool\n",
	     ""},
	    {200, ALL(TARGET("ops", "failed", "null", "10.00", "0", "\"timeout\"")), CTL_FAILED,
	     "  ops (webhook): not delivered in 10.00 s: timeout\n", ""},
	    {200, ALL(TARGET("ops", "silent", "null", "null", "0", "null")), CTL_FAILED,
	     "  ops (webhook): no answer yet\n", ""},
	    {200, ALL(""), CTL_ATTENTION, "No alert target is configured", ""},
	    {200, "{\"lost\":true,\"targets\":[]}", CTL_UNKNOWN, "", "read anew"},
	    {404, "{\"error\":{\"kind\":\"NOT_FOUND\",\"text\":\"no alert target\"}}", CTL_FAILED,
	     "", "no alert target"},
	    {409, "{\"error\":{\"kind\":\"CONFLICT\",\"text\":\"under way\"}}", CTL_FAILED, "",
	     "under way"},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		auto_free char *out = NULL, *err = NULL;
		struct canned c = {.n = 0};
		canned_json(&c, rows[i].status, rows[i].answer);
		canned_start(&c, *state);
		const char *args[] = {"alert", "test", "ops", "--socket", c.path, NULL};
		if (ctl_run_args(args, &out, &err) != rows[i].code)
			fail_msg("row %zu: %s%s", i, out, err);
		canned_stop(&c);
		assert_non_null(strstr(buf_z(&c.requests[0]), "POST /v1/alerts/test HTTP/1.1"));
		assert_non_null(strstr(buf_z(&c.requests[0]), "{\"target\":\"ops\"}"));
		if (!strstr(out, rows[i].out) || !strstr(err, rows[i].err))
			fail_msg("row %zu: %s%s", i, out, err);
		canned_fini(&c);
	}
}

static void the_json_is_the_daemons_answer(void **state)
{
	auto_free char *out = NULL, *err = NULL;
	struct canned c = {.n = 0};
	canned_json(&c, 200, ALL(TAKEN));
	canned_start(&c, *state);
	const char *args[] = {"--json", "alert", "test", "--socket", c.path, NULL};
	assert_int_equal(ctl_run_args(args, &out, &err), CTL_GOOD);
	canned_stop(&c);
	json_t *doc = json_loads(out, 0, NULL);
	const json_t *one = json_array_get(json_object_get(doc, "targets"), 0);
	assert_int_equal(json_integer_value(json_object_get(one, "status")), 204);
	assert_int_equal(json_integer_value(json_object_get(doc, "exit")), 0);
	json_decref(doc);
	canned_fini(&c);
}

static void wrong_words_and_no_daemon(void **state)
{
	static const struct {
		const char *args[4];
		enum ctl_exit code;
	} rows[] = {{{"ops", "chat"}, CTL_USAGE}, {{"--all"}, CTL_USAGE}, {{NULL}, CTL_UNKNOWN}};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		auto_free char *out = NULL, *err = NULL;
		const char *args[] = {
		    "alert",         "test",          "--socket", tempdir_path(state, "none"),
		    rows[i].args[0], rows[i].args[1], NULL};
		assert_int_equal(ctl_run_args(args, &out, &err), rows[i].code);
		assert_string_equal(out, "");
	}
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, tempdir_setup, tempdir_teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {CASE(each_answer_is_told_as_it_was),
					   CASE(the_json_is_the_daemons_answer),
					   CASE(wrong_words_and_no_daemon)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
