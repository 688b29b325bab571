/* SPDX-License-Identifier: Apache-2.0 */
/* rotactl keyfile import --request, export --for, import: what is sent, what is handed out. */
#include "lib/test.h"

#include "base/clock.h"
#include "base/limits.h"
#include "ctl_run.h"
#include "lib/tempdir.h"

static void what_is_carried_is_sent_and_handed_out(void **state)
{
	static const struct {
		const char *verb, *args[6];
		unsigned status; /* 0: nothing is sent */
		const char *answer, *route, *body;
		enum ctl_exit code;
		const char *out, *err;
	} rows[] = {
	    {"import",
	     {"--request"},
	     200,
	     "{\"request\":\"{\\\"q\\\":1}\"}",
	     "POST /v1/keyfile/request",
	     "",
	     CTL_GOOD,
	     "{\"q\":1}\n",
	     ""},
	    {"import",
	     {"--request"},
	     409,
	     "{\"error\":{\"kind\":\"REFUSED\",\"text\":\"never admitted\"}}",
	     "",
	     "",
	     CTL_FAILED,
	     "",
	     "never admitted"},
	    {"import",
	     {"@"},
	     200,
	     "{\"from\":\"db2:27017\"}",
	     "POST /v1/keyfile/import",
	     "\"carried\":\"some text\"",
	     CTL_GOOD,
	     "that db2 sealed",
	     ""},
	    {"export",
	     {"--for", "@"},
	     200,
	     "{\"carried\":\"{}\",\"host\":\"db2:27017\"}",
	     "POST /v1/keyfile/export",
	     "\"request\":\"some text\"",
	     CTL_GOOD,
	     "{}\n",
	     ""},
	    {"import", {NULL}, 0, "", "", "", CTL_USAGE, "", "either --request"},
	    {"import", {"--request", "@"}, 0, "", "", "", CTL_USAGE, "", "either --request"},
	    {"import", {"@", "--out", "x"}, 0, "", "", "", CTL_USAGE, "", "either --request"},
	    {"import", {"/nowhere/at/all"}, 0, "", "", "", CTL_FAILED, "", "/nowhere/at/all"},
	    {"export", {NULL}, 0, "", "", "", CTL_USAGE, "", "--for names"},
	    {"export", {"@"}, 0, "", "", "", CTL_USAGE, "", "--for names"},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		auto_free char *out = NULL, *err = NULL;
		struct canned c = {.n = 0};
		char file[PATH_BYTES_MAX];
		json_t *doc = fixture_json(FIXTURE("healthy.json"));
		const char *args[RUN_ARGS_MAX] = {"keyfile", rows[i].verb, "--socket", NULL};
		snprintf(file, sizeof(file), "%s/carried", (const char *)*state);
		FILE *f = fopen(file, "we");
		assert_non_null(f);
		assert_true(fputs("some text", f) >= 0);
		fclose(f);
		for (size_t k = 0; k < ARRAY_N(rows[i].args) && rows[i].args[k]; k++)
			args[4 + k] = strcmp(rows[i].args[k], "@") == 0 ? file : rows[i].args[k];
		canned_status(&c, doc, 0);
		canned_json(&c, rows[i].status, rows[i].answer);
		canned_start(&c, *state);
		args[3] = c.path;
		enum ctl_exit code = ctl_run_args(args, &out, &err);
		canned_stop(&c);
		if (code != rows[i].code)
			fail_msg("row %zu: %s%s", i, out, err);
		if (rows[i].status)
			assert_non_null(strstr(buf_z(&c.requests[1]), rows[i].route));
		if (rows[i].status)
			assert_non_null(strstr(buf_z(&c.requests[1]), rows[i].body));
		if (!strstr(out, rows[i].out))
			fail_msg("row %zu wants %s in %s", i, rows[i].out, out);
		assert_non_null(strstr(err, rows[i].err));
		json_decref(doc);
		canned_fini(&c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(what_is_carried_is_sent_and_handed_out, tempdir_setup,
					    tempdir_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
