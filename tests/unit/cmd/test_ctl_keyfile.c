/* SPDX-License-Identifier: Apache-2.0 */
/* The offline keyfile verbs: exit codes, what is told, and that no key is told. */
#include "lib/test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "cmd/ctl.h"
#include "ctl_run.h"
#include "codec/keyfile_text.h"

#define K1 "Kx7Qm2Vb9TzRLp4Wd8Nc1YsGHf6Ju3Ea5XoI"
#define K2 "oI5XEa3Ju6HfGsY1cN8dW4pLRzT9bV2mQ7xK"
enum { ARGS_MAX = 8 };

static char folder[64];

static int set_up(void **state)
{
	(void)snprintf(folder, sizeof(folder), "/tmp/rotad-test-XXXXXX");
	return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
	static const char *const names[] = {"one", "two", "quoted", "open", "new", "pair", "again"};
	for (size_t i = 0; i < ARRAY_N(names); i++)
		(void)unlink(names[i]); /* some are not made */
	return chdir("/") == 0 ? rmdir(folder) : -1;
}

static void put(const char *name, const char *text, mode_t mode)
{
	auto_file FILE *f = fopen(name, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fchmod(fileno(f), mode), 0);
}

static void verbs_give_their_exit_code_and_never_a_key(void **state)
{
	static const struct {
		const char *args[ARGS_MAX];
		enum ctl_exit code;
		const char *out, *err;
	} rows[] = {
	    {{"keyfile", "check", "one"}, CTL_GOOD, "one: good, 1 key.", ""},
	    {{"keyfile", "check", "two"}, CTL_GOOD, "id 22147", ""},
	    {{"keyfile", "check", "quoted"}, CTL_FAILED, "quoted-strings-without-sequence", ""},
	    {{"keyfile", "check", "quoted", "--json"}, CTL_FAILED, "\"may-start\"", ""},
	    {{"keyfile", "check", "open"}, CTL_FAILED, "mode 0644", ""},
	    {{"keyfile", "check", "open", "--json"}, CTL_FAILED, "\"mongod\": \"refuses\"", ""},
	    {{"keyfile", "check", "."}, CTL_FAILED, "not-a-regular-file", ""},
	    {{"keyfile", "check", "missing"}, CTL_FAILED, "", "No such file"},
	    {{"keyfile", "check", "missing", "--json"}, CTL_FAILED, "NOT_FOUND", ""},
	    {{"keyfile", "check"}, CTL_USAGE, "", "no file given"},
	    {{"keyfile", "check", "one", "two"}, CTL_USAGE, "", "more than one file"},
	    {{"keyfile", "check", "--nonsense", "one"}, CTL_USAGE, "", "--nonsense"},
	    {{"keyfile", "fingerprint", "one"}, CTL_GOOD, "sha256:", ""},
	    {{"keyfile", "fingerprint", "open"}, CTL_GOOD, "sha256:", ""},
	    {{"keyfile", "fingerprint", "quoted"}, CTL_FAILED, "refused", ""},
	    {{"keyfile", "new", "--bytes", "15"}, CTL_USAGE, "", "16 to 768"},
	    {{"keyfile", "new", "--bytes", "9x"}, CTL_USAGE, "", "16 to 768"},
	    {{"keyfile", "new", "--bytes"}, CTL_USAGE, "", "needs a value"},
	    {{"keyfile", "new", "--json"}, CTL_USAGE, "--out", ""},
	    {{"keyfile", "new", "extra"}, CTL_USAGE, "", "extra"},
	    {{"keyfile", "new", "--out", "one"}, CTL_FAILED, "", "give --out another name"},
	    {{"keyfile", "new", "--out", "none/x"}, CTL_FAILED, "", "No such file"},
	    {{"keyfile", "new", "--keep", "two"}, CTL_FAILED, "", "two keys already"},
	    {{"keyfile", "new", "--keep", "quoted"}, CTL_FAILED, "refused", ""},
	    {{"keyfile", "new", "--out", "new"}, CTL_GOOD, "written, 1 key", ""},
	    {{"keyfile", "new", "--keep", "one", "--out", "pair"}, CTL_GOOD, "2 keys", ""},
	    {{"keyfile", "check", "new"}, CTL_GOOD, "new: good, 1 key.", ""},
	    {{"keyfile", "check", "pair"}, CTL_GOOD, "pair: good, 2 keys.", ""},
	};
	put("one", K1 "\n", 0600);
	put("two", "- " K1 "\n- " K2 "\n", 0400);
	put("quoted", "'" K1 "'\n'" K2 "'\n", 0600);
	put("open", K1 "\n", 0644);
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		auto_free char *out = NULL, *err = NULL;
		enum ctl_exit code = ctl_run_args(rows[i].args, &out, &err);
		if (code != rows[i].code || !strstr(out, rows[i].out) ||
		    !strstr(err, rows[i].err) || (rows[i].err[0] == 0 && err[0]))
			fail_msg("row %zu: %d\n%s\n%s", i, (int)code, out, err);
		assert_null(strstr(out, "Kx7Q"));
		assert_null(strstr(err, "Kx7Q"));
	}
}

static void a_new_file_has_mode_0600_and_keeps_the_first_key_first(void **state)
{
	const char *const make[] = {"keyfile", "new", "--keep", "one", "--out", "again", NULL};
	auto_free char *out = NULL, *err = NULL;
	struct stat st;
	char line[64];
	mode_t old = umask(0777);
	enum ctl_exit code = ctl_run_args(make, &out, &err);
	(void)umask(old);
	assert_int_equal(code, CTL_GOOD);
	assert_int_equal(stat("again", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_size, (int)(strlen("- " K1 "\n") + 1008 + 3));
	auto_file FILE *f = fopen("again", "r");
	assert_non_null(f);
	assert_non_null(fgets(line, sizeof(line), f));
	assert_string_equal(line, "- " K1 "\n");
}

static void a_new_key_on_standard_output_is_a_keyfile_and_never_the_same(void **state)
{
	const char *const make[] = {"keyfile", "new", "--bytes", "33", NULL};
	auto_free char *a = NULL, *b = NULL, *err_a = NULL, *err_b = NULL;
	assert_int_equal(ctl_run_args(make, &a, &err_a), CTL_GOOD);
	assert_int_equal(ctl_run_args(make, &b, &err_b), CTL_GOOD);
	assert_int_equal(strlen(a), 44 + 3);
	assert_int_equal(strncmp(a, "- ", 2), 0);
	assert_string_not_equal(a, b);
}

static void the_manual_has_every_rule(void **state)
{
	auto_file FILE *f = fopen(TESTS_DIR "/../doc/rotactl.1.scd", "r");
	auto_buf struct buf text = {.p = NULL};
	char line[512];
	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		buf_adds(&text, line);
	for (size_t i = 0; i < KEYFILE_RULE_N; i++) {
		auto_buf struct buf cell = {.p = NULL};
		buf_addf(&cell, "\n*%s*\n\t", keyfile_rule_table[i].name);
		if (!strstr(buf_z(&text), buf_z(&cell)))
			fail_msg("doc/rotactl.1.scd does not explain %s",
				 keyfile_rule_table[i].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(verbs_give_their_exit_code_and_never_a_key),
	    cmocka_unit_test(a_new_file_has_mode_0600_and_keeps_the_first_key_first),
	    cmocka_unit_test(the_manual_has_every_rule),
	    cmocka_unit_test(a_new_key_on_standard_output_is_a_keyfile_and_never_the_same),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
