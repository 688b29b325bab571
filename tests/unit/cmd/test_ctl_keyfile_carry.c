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

/* Whoever answers on the socket may be anybody: no file is read, changed or removed by his word. */
static void the_next_keyfile_is_taken_from_rotads_own_folder_alone(void **state)
{
	enum lies { PLAIN, LINK, HARD_LINK, NOT_A_KEYFILE, OPEN_MODE, GONE, FIFO, FOLDER_IS_LINK };
	static const struct {
		const char *instance;
		enum lies what;
		const char *err; /* NULL: it is taken */
	} rows[] = {
	    {"rs0-a", PLAIN, NULL},
	    {"rs0-b", PLAIN, "no instance 'rs0-a'"},
	    {"rs0-a", LINK, "keyfile.next"},
	    {"rs0-a", HARD_LINK, "not a private"},
	    {"rs0-a", NOT_A_KEYFILE, "is no keyfile"},
	    {"rs0-a", OPEN_MODE, "not a private"},
	    {"rs0-a", GONE, "keyfile.next"},
	    {"rs0-a", FIFO, "not a private"},
	    {"rs0-a", FOLDER_IS_LINK, "opening the folder"},
	};
	static const char key[] = "- aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n";
	static const char *const folders[] = {"state", "state/rs0-a", "else"};
	for (size_t i = 0; i < ARRAY_N(folders); i++)
		assert_int_equal(mkdir(tempdir_path(state, folders[i]), 0755), 0);
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		auto_free char *out = NULL, *err = NULL;
		struct canned c = {.n = 0};
		struct stat st;
		char text[2048], next[512];
		const char *victim = tempdir_path(state, "victim");
		const char *to = tempdir_path(state, "out");
		json_t *doc = fixture_json(FIXTURE("healthy.json"));
		snprintf(next, sizeof(next), "%s/state/rs0-a/keyfile.next", (const char *)*state);
		tempdir_write(victim, rows[i].what == LINK ? key : "root:x:0:0\n", 0600);
		if (rows[i].what == LINK)
			assert_int_equal(symlink(victim, next), 0);
		else if (rows[i].what == HARD_LINK)
			assert_int_equal(link(victim, next), 0);
		else if (rows[i].what == FIFO)
			assert_int_equal(mkfifo(next, 0600), 0);
		else if (rows[i].what != GONE)
			tempdir_write(next, rows[i].what == NOT_A_KEYFILE ? "root:x:0:0\n" : key,
				      rows[i].what == OPEN_MODE ? 0644 : 0600);
		if (rows[i].what == FOLDER_IS_LINK) {
			assert_int_equal(rename(tempdir_path(state, "state/rs0-a"),
						tempdir_path(state, "else/rs0-a")),
					 0);
			assert_int_equal(
			    symlink("../else/rs0-a", tempdir_path(state, "state/rs0-a")), 0);
		}
		snprintf(text, sizeof(text),
			 "mode: observe\ntimezone: UTC\nstateDirectory: %s\ninstances:\n  - name: "
			 "%s\n    address: localhost:27017\n",
			 tempdir_path(state, "state"), rows[i].instance);
		tempdir_write(tempdir_path(state, "rotad.yaml"), text, 0644);
		canned_status(&c, doc, 0);
		snprintf(text, sizeof(text), "{\"file\":\"%s\",\"keys\":\"1+2\",\"path\":\"/k\"}",
			 victim);
		canned_json(&c, 200, text);
		canned_start(&c, *state);
		const char *args[RUN_ARGS_MAX] = {
		    "--socket", c.path,   "--config", tempdir_path(state, "rotad.yaml"),
		    "keyfile",  "export", "--next",   "--out",
		    to};
		enum ctl_exit code = ctl_run_args(args, &out, &err);
		canned_stop(&c);
		if ((code == CTL_GOOD) != !rows[i].err ||
		    !strstr(err, rows[i].err ? rows[i].err : ""))
			fail_msg("row %zu: %s%s", i, out, err);
		tempdir_expect(victim, rows[i].what == LINK ? key : "root:x:0:0\n");
		if (!rows[i].err)
			tempdir_expect(to, key);
		assert_true((access(to, F_OK) == 0) == !rows[i].err);
		/* what was taken is gone, what was not stays */
		assert_true((lstat(next, &st) == 0) == (rows[i].err && rows[i].what != GONE));
		(void)unlink(to);
		(void)unlink(next);
		json_decref(doc);
		canned_fini(&c);
	}
}

/* Not a failure: a playbook that asks again and again must tell them apart. */
static void that_nothing_is_to_be_written_is_exit_1(void **state)
{
	auto_free char *out = NULL, *err = NULL;
	struct canned c = {.n = 0};
	json_t *doc = fixture_json(FIXTURE("healthy.json"));
	canned_status(&c, doc, 0);
	canned_json(&c, 200, "{\"keys\":\"\",\"why\":\"no rotation is under way\"}");
	canned_start(&c, *state);
	const char *to = tempdir_path(state, "out");
	const char *args[] = {"--socket", c.path, "keyfile", "export", "--next", "--out", to, NULL};
	assert_int_equal(ctl_run_args(args, &out, &err), CTL_ATTENTION);
	canned_stop(&c);
	assert_string_equal(out, "Nothing is to be written now: no rotation is under way\n");
	assert_int_equal(access(to, F_OK), -1);
	json_decref(doc);
	canned_fini(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(what_is_carried_is_sent_and_handed_out, tempdir_setup,
					    tempdir_teardown),
	    cmocka_unit_test_setup_teardown(that_nothing_is_to_be_written_is_exit_1, tempdir_setup,
					    tempdir_teardown),
	    cmocka_unit_test_setup_teardown(the_next_keyfile_is_taken_from_rotads_own_folder_alone,
					    tempdir_setup, tempdir_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
