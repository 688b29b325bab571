/* SPDX-License-Identifier: Apache-2.0 */
/* rotactl trust list and trust confirm: the page, the exit codes, and what is sent. */
#include "lib/test.h"

#include "base/clock.h"
#include "ctl_run.h"
#include "lib/tempdir.h"

#define PRINT "1111111111111111111111111111111111111111111111111111111111111111"
#define ID(host, state, admitted, why)                                                             \
	"{\"host\":\"" host "\",\"fingerprint\":\"" PRINT                                          \
	"\",\"endorsedBy\":\"member certificate\",\"state\":\"" state "\",\"admitted\":" admitted  \
	",\"member\":true,\"why\":" why "}"
#define LIST(known, welcomed, ids)                                                                 \
	"{\"cluster\":\"rs0\",\"instance\":\"rs0-a\",\"known\":" known ",\"welcomed\":" welcomed   \
	",\"identities\":[" ids "]}"
#define ME ID("db1:27017", "self", "true", "null")

static void the_list_says_who_waits_and_what_to_do(void **state)
{
	static const struct {
		const char *answer;
		enum ctl_exit code;
		const char *out[3];
	} rows[] = {
	    {LIST("true", "true", ME "," ID("db2:27017", "pinned", "true", "null")),
	     CTL_GOOD,
	     {"every host is believed here by one identity",
	      "db2   1111111111111111  member certificate  pinned\n", "this host"}},
	    {LIST("true", "true",
		  ME "," ID("db2:27017", "superseded", "true", "null") "," ID(
		      "db2:27017", "differs", "false", "\"this host pinned another\"")),
	     CTL_ATTENTION,
	     {"1 of 3 identities not admitted: no key is sealed for it", "DIFFERS",
	      "\n  rotactl trust confirm db2 --reason WHY\n"}},
	    {LIST("true", "true",
		  ME "," ID("db2:1", "not-admitted", "false",
			    "\"expired\"") "," ID("db3:1", "differs", "false", "\"x\"")),
	     CTL_ATTENTION,
	     {"2 of 3 identities not admitted: no key is sealed for them", "NOT ADMITTED",
	      "db2:1 1111111111111111: expired."}},
	    {LIST("true", "true", ME "," ID("db2:27017", "revoked", "false", "\"revoked\"")),
	     CTL_GOOD,
	     {"every host is believed here by one identity", "revoked\n", ""}},
	    {LIST("true", "false", ME), CTL_ATTENTION, {"not admitted by the others yet", "", ""}},
	    {LIST("false", "true", ME), CTL_UNKNOWN, {"cannot tell", "", ""}},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		auto_free char *out = NULL, *err = NULL;
		struct canned c = {.n = 0};
		json_t *doc = fixture_json(FIXTURE("healthy.json"));
		canned_status(&c, doc, 0);
		canned_json(&c, 200, rows[i].answer);
		canned_start(&c, *state);
		const char *args[] = {"trust", "list", "--socket", c.path, NULL};
		assert_int_equal(ctl_run_args(args, &out, &err), rows[i].code);
		canned_stop(&c);
		assert_string_equal(err, "");
		assert_non_null(strstr(buf_z(&c.requests[1]), "GET /v1/trust HTTP/1.1"));
		for (size_t k = 0; k < ARRAY_N(rows[i].out); k++)
			if (!strstr(out, rows[i].out[k]))
				fail_msg("row %zu wants '%s' in\n%s", i, rows[i].out[k], out);
		json_decref(doc);
		canned_fini(&c);
	}
}

/* A word that is sent: what it asks for, and what becomes of the answer. */
struct sent_row {
	const char *args[8];
	unsigned status; /* 0: nothing is sent */
	const char *answer, *body;
	enum ctl_exit code;
	const char *out, *err;
};

static void rows_are_sent(void **state, const char *word, const struct sent_row *rows, size_t n)
{
	char route[64];
	snprintf(route, sizeof(route), "POST /v1/trust/%s", word);
	for (size_t i = 0; i < n; i++) {
		auto_free char *out = NULL, *err = NULL;
		struct canned c = {.n = 0};
		json_t *doc = fixture_json(FIXTURE("healthy.json"));
		const char *args[RUN_ARGS_MAX] = {"trust", word, "--socket", NULL};
		for (size_t k = 0; k < ARRAY_N(rows[i].args) && rows[i].args[k]; k++)
			args[4 + k] = rows[i].args[k];
		canned_status(&c, doc, 0);
		canned_json(&c, rows[i].status, rows[i].answer);
		canned_start(&c, *state);
		args[3] = c.path;
		if (ctl_run_args(args, &out, &err) != rows[i].code)
			fail_msg("row %zu: %s%s", i, out, err);
		canned_stop(&c);
		assert_int_equal(c.asked_n, rows[i].status ? 2 : 0);
		if (rows[i].status) {
			assert_non_null(strstr(buf_z(&c.requests[1]), route));
			assert_non_null(strstr(buf_z(&c.requests[1]), rows[i].body));
		}
		assert_non_null(strstr(out, rows[i].out));
		assert_non_null(strstr(err, rows[i].err));
		json_decref(doc);
		canned_fini(&c);
	}
}

static void a_confirmation_sends_what_was_given(void **state)
{
	static const struct sent_row rows[] = {
	    {{"db2", "--fingerprint", PRINT, "--reason", "disk lost"},
	     200,
	     "{\"host\":\"db2:27017\",\"fingerprint\":\"" PRINT
	     "\",\"wasAdmitted\":false,\"abortWanted\":false}",
	     "\"host\":\"db2\",\"fingerprint\":\"" PRINT "\",\"reason\":\"disk lost\"",
	     CTL_GOOD,
	     "db2 1111111111111111 is admitted on this host",
	     ""},
	    {{"db2", "--fingerprint", PRINT, "--reason", "disk lost"},
	     200,
	     "{\"host\":\"db2\",\"fingerprint\":\"" PRINT
	     "\",\"wasAdmitted\":false,\"abortWanted\":true}",
	     "",
	     CTL_ATTENTION,
	     "rotactl abort",
	     ""},
	    {{"db2", "--fingerprint", PRINT, "--reason", "disk lost"},
	     200,
	     "{\"host\":\"db2\",\"fingerprint\":\"" PRINT "\",\"wasAdmitted\":true}",
	     "",
	     CTL_GOOD,
	     "already; nothing was changed",
	     ""},
	    {{"db2", "--fingerprint", "2222222222222222", "--reason", "x"},
	     404,
	     "{\"error\":{\"kind\":\"NOT_FOUND\",\"text\":\"no identity of 'db2' has that "
	     "fingerprint\"}}",
	     "",
	     CTL_FAILED,
	     "",
	     "has that fingerprint"},
	    {{"db2", "--fingerprint", PRINT}, 0, "", "", CTL_USAGE, "", "--reason is wanted"},
	    {{"db2", "--fingerprint", PRINT, "--reason", ""},
	     0,
	     "",
	     "",
	     CTL_USAGE,
	     "",
	     "--reason is wanted"},
	    {{"--fingerprint", PRINT, "--reason", "x"}, 0, "", "", CTL_USAGE, "", "one host"},
	    {{"db2", "db3", "--reason", "x"}, 0, "", "", CTL_USAGE, "", "one host"},
	    /* Nobody sits at a terminal here. */
	    {{"--json", "db2", "--reason", "x"}, 0, "", "", CTL_USAGE, "", ""},
	};
	rows_are_sent(state, "confirm", rows, ARRAY_N(rows));
}

static void a_revocation_is_sent_with_its_reason(void **state)
{
	static const struct sent_row rows[] = {
	    {{"db2", "--reason", "stolen", "--yes"},
	     200,
	     "{\"host\":\"db2:27017\",\"answers\":false,\"revoked\":[\"" PRINT "\"]}",
	     "",
	     CTL_GOOD,
	     "db2 1111111111111111 is revoked, here now",
	     ""},
	    {{"db2", "--reason", "stolen", "--yes"},
	     200,
	     "{\"host\":\"db2:27017\",\"answers\":true,\"revoked\":[\"" PRINT "\"]}",
	     "",
	     CTL_GOOD,
	     "rs.remove",
	     ""},
	    {{"db2", "--reason", "stolen", "--yes"},
	     200,
	     "{\"host\":\"db2:27017\",\"answers\":false,\"revoked\":[]}",
	     "",
	     CTL_GOOD,
	     "already; nothing was changed",
	     ""},
	    {{"db1", "--reason", "stolen", "--yes"},
	     409,
	     "{\"error\":{\"kind\":\"REFUSED\",\"text\":\"'db1' is this host\"}}",
	     "",
	     CTL_FAILED,
	     "",
	     "is this host"},
	    {{"db2", "--yes"}, 0, "", "", CTL_USAGE, "", "--reason is wanted"},
	    {{"--reason", "x", "--yes"}, 0, "", "", CTL_USAGE, "", "one host or fingerprint"},
	    {{"db2", "db3", "--reason", "x", "--yes"}, 0, "", "", CTL_USAGE, "", "one host"},
	};
	rows_are_sent(state, "revoke", rows, ARRAY_N(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(the_list_says_who_waits_and_what_to_do, tempdir_setup,
					    tempdir_teardown),
	    cmocka_unit_test_setup_teardown(a_confirmation_sends_what_was_given, tempdir_setup,
					    tempdir_teardown),
	    cmocka_unit_test_setup_teardown(a_revocation_is_sent_with_its_reason, tempdir_setup,
					    tempdir_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
