/* SPDX-License-Identifier: Apache-2.0 */
/* The frame of rotactl: global options, help, usage errors, exit codes. Verbs have tests of their
 * own. */
#include "lib/test.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cmd/ctl_table.h"
#include "ctl_run.h"
#include "lib/tempdir.h"
#include "model/policy.h"

enum { ARGS_MAX = 12 };

static void command_lines_give_their_exit_code_and_words(void **state)
{
	static const struct {
		const char *args[ARGS_MAX];
		enum ctl_exit code;
		const char *out, *err; /* must be found there; "" means: nothing may be there */
	} rows[] = {
	    {{"--help"}, CTL_GOOD, "look", ""},
	    {{"help"}, CTL_GOOD, "usage: rotactl", ""},
	    {{"help", "help"}, CTL_GOOD, "rotactl help [VERB]", ""},
	    {{"help", "--help"}, CTL_GOOD, "rotactl help [VERB]", ""},
	    {{"--version"}, CTL_GOOD, "rotactl " PACKAGE_VERSION, ""},
	    {{"--version", "--json"}, CTL_GOOD, "\"version\": \"" PACKAGE_VERSION "\"", ""},
	    {{NULL}, CTL_USAGE, "", "no verb given"},
	    {{"hlep"}, CTL_USAGE, "", "did you mean 'help'?"},
	    {{"no-such-verb-at-all"}, CTL_USAGE, "", "unknown verb"},
	    {{"help", "rotate", "keyfile"}, CTL_GOOD, "rotactl rotate keyfile [", ""},
	    {{"help", "rotate keyfile"}, CTL_GOOD, "rotactl rotate keyfile [", ""},
	    {{"help", " rotate  keyfile "}, CTL_GOOD, "rotactl rotate keyfile [", ""},
	    {{"help", "rotate"}, CTL_GOOD, "rotactl rotate certificates [", ""},
	    {{"help", "turn release"}, CTL_GOOD, "rotactl turn release [", ""},
	    {{"help", " "}, CTL_GOOD, "usage: rotactl", ""},
	    {{"help", "rotat keyfile"}, CTL_USAGE, "", "did you mean 'rotate keyfile'?"},
	    {{"help", "no such verb at all"}, CTL_USAGE, "", "unknown verb"},
	    {{"help", "hepl"}, CTL_USAGE, "", "did you mean 'help'?"},
	    {{"--socket"}, CTL_USAGE, "", "--socket needs a value"},
	    {{"--socket=/x", "--config", "/y", "help"}, CTL_GOOD, "usage", ""},
	    {{"--json", "nothing"}, CTL_USAGE, "\"exit\": 64", ""},
	    {{"--", "--help"}, CTL_USAGE, "", "unknown verb"},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		auto_free char *out = NULL, *err = NULL;
		assert_int_equal(ctl_run_args(rows[i].args, &out, &err), rows[i].code);
		assert_non_null(strstr(out, rows[i].out));
		assert_non_null(strstr(err, rows[i].err));
		assert_int_equal(rows[i].out[0] == 0, out[0] == 0);
		assert_int_equal(rows[i].err[0] == 0, err[0] == 0);
	}
}

static void advice_names_the_unit_that_reads_the_configuration(void **state)
{
	static const struct {
		const char *config, *unit;
	} rows[] = {
	    {CTL_CONFIG_DEFAULT, "rotad"},
	    {SYSCONFDIR "/rotad/mongo2.yaml", "rotad@mongo2"},
	    {SYSCONFDIR "/rotad/d/mongo2.yaml", "rotad"},
	    {SYSCONFDIR "/rotad/mongo2", "rotad"},
	    {SYSCONFDIR "/rotad/.yaml", "rotad"},
	    {SYSCONFDIR "/rotad", "rotad"},
	    {"/elsewhere/mongo2.yaml", "rotad"},
	    {"", "rotad"},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		char got[80];
		const struct ctl ctl = {.config_path = rows[i].config};
		assert_string_equal(ctl_unit(&ctl, got, sizeof(got)), rows[i].unit);
	}
}

static void every_row_is_whole_and_its_name_is_its_own(void **state)
{
	for (size_t i = 0; i < ctl_table_n; i++) {
		const struct ctl_row *row = &ctl_table[i];
		assert_true(row->group[0] && row->name[0] && row->help[0]);
		assert_non_null(row->run);
		assert_true(strlen(row->name) <= 20);
		assert_true(strlen(row->help) <= 56);
		assert_true(row->help[strlen(row->help) - 1] != '.');
		assert_true(row->flags & (CTL_OFFLINE | CTL_DAEMON));
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(ctl_table[j].name, row->name);
	}
}

static void the_manual_has_every_verb(void **state)
{
	auto_file FILE *f = fopen(TESTS_DIR "/../doc/rotactl.1.scd", "r");
	auto_buf struct buf text = {.p = NULL};
	char line[512];
	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		buf_adds(&text, line);
	for (size_t i = 0; i < ctl_table_n; i++) {
		auto_buf struct buf head = {.p = NULL};
		buf_addf(&head, "\n*%s*", ctl_table[i].name);
		if (!strstr(buf_z(&text), buf_z(&head)))
			fail_msg("doc/rotactl.1.scd has no paragraph *%s*", ctl_table[i].name);
	}
}

static void an_error_says_what_where_and_what_to_do(void **state)
{
	auto_free char *text = NULL;
	size_t n;
	struct err e = ERR_INIT;
	(void)err_set(&e, ERR_SYNTAX, "a tab in the indentation");
	err_subject(&e, "/etc/x");
	e.line = 3;
	e.column = 7;
	(void)err_in(&e, "reading the configuration");
	for (int json = 0; json < 2; json++) {
		FILE *f = open_memstream(&text, &n);
		struct ctl ctl = {.out = f, .err = f, .json = json, .doc = json_object()};
		assert_int_equal(ctl_error(&ctl, &e), CTL_FAILED);
		if (json)
			assert_int_equal(json_dumpf(ctl.doc, f, 0), 0);
		fclose(f);
		json_decref(ctl.doc);
		assert_non_null(strstr(text, "reading the configuration"));
		assert_non_null(strstr(text, "a tab in the indentation"));
		assert_non_null(strstr(text, "/etc/x, line 3, column 7"));
		assert_non_null(strstr(text, err_kind_advice(ERR_SYNTAX)));
		assert_null(strstr(text, "\033"));
		free(take(&text));
	}
}

static void what_a_name_holds_does_not_reach_the_terminal(void **state)
{
	auto_free char *text = NULL;
	size_t n;
	struct err e = ERR_INIT;
	(void)err_set(&e, ERR_NOT_FOUND, "no file 'a\033[2Jb\x07'");
	FILE *f = open_memstream(&text, &n);
	struct ctl ctl = {.out = f, .err = f};
	(void)ctl_error(&ctl, &e);
	fclose(f);
	assert_null(strchr(text, '\033'));
	assert_null(strchr(text, 7));
	assert_non_null(strstr(text, "no file 'a?[2Jb?'"));
}

static void help_is_json_too(void **state)
{
	static const char *const lines[][4] = {{"--json", "help"},
					       {"--json", "--help"},
					       {"--json", "help", "keyfile"},
					       {"--json", "keyfile", "new", "--help"}};
	for (size_t i = 0; i < ARRAY_N(lines); i++) {
		auto_free char *out = NULL;
		size_t n;
		char *argv[6] = {(char *)"rotactl"};
		int argc = 1;
		for (; argc <= 4 && lines[i][argc - 1]; argc++)
			argv[argc] = (char *)(uintptr_t)lines[i][argc - 1];
		FILE *f = open_memstream(&out, &n);
		assert_int_equal(ctl_main(argc, argv, f, f), CTL_GOOD);
		fclose(f);
		json_t *doc = json_loads(out, 0, NULL);
		if (!doc || !json_array_size(json_object_get(doc, "verbs")))
			fail_msg("line %zu: %s", i, out);
		json_decref(doc);
	}
}

/* Only below /run, where nobody but root makes a name. */
static void systemds_socket_lies_beside_the_folder_of_rotads_own(void **state)
{
	static const struct {
		const char *path, *wanted; /* NULL: there is none */
	} rows[] = {
	    {"/run/rotad/rotad.sock", "/run/rotad.sock"},
	    {"/run/rotad-mongo2/rotad.sock", "/run/rotad-mongo2.sock"},
	    {"/run/rotad.sock", NULL},
	    {"/run/rotad/other.sock", NULL},
	    {"/run/rotad/rotad.sock2", NULL},
	    {"/run/rotad/deeper/rotad.sock", NULL},
	    {"/run//rotad.sock", NULL},
	    {"/run/../rotad.sock", NULL},
	    {"/tmp/rotad/rotad.sock", NULL},
	    {"/var/run/rotad/rotad.sock", NULL},
	    {"rotad/rotad.sock", NULL},
	    {"", NULL},
	};
	char out[UNIT_SOCKET_BYTES], path[2 * UNIT_SOCKET_BYTES];
	(void)state;
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		const bool is = config_unit_socket(rows[i].path, out);
		if (is != (rows[i].wanted != NULL) || (is && strcmp(out, rows[i].wanted) != 0))
			fail_msg("%s: %s", rows[i].path, is ? out : "none");
	}
	/* Longer than a socket's path may be. */
	snprintf(path, sizeof(path), "/run/%0*d/rotad.sock", UNIT_SOCKET_BYTES - 11, 0);
	assert_true(config_unit_socket(path, out));
	assert_int_equal(strlen(out), UNIT_SOCKET_BYTES - 1);
	snprintf(path, sizeof(path), "/run/%0*d/rotad.sock", UNIT_SOCKET_BYTES - 10, 0);
	assert_false(config_unit_socket(path, out));
}

/* Several rotads on a host: the configuration that is named says where its rotad listens. */
static void a_configuration_names_its_rotads_socket(void **state)
{
	static const struct {
		const char *text, *socket, *said; /* socket NULL: not given */
	} rows[] = {
	    {"socket: /nowhere/own.sock\n", NULL, "/nowhere/own.sock"},
	    {"socket: /nowhere/own.sock\n", "/nowhere/given.sock", "/nowhere/given.sock"},
	    {"mode: observe\n", NULL, "/run/rotad/rotad.sock"},
	    {"socket: [\n", NULL, "/run/rotad/rotad.sock"},
	    {"", NULL, "/run/rotad/rotad.sock"},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		auto_free char *out = NULL, *err = NULL;
		const char *path = tempdir_path(state, "own.yaml");
		const char *args[] = {"--config",     path,
				      "status",       rows[i].socket ? "--socket" : NULL,
				      rows[i].socket, NULL};
		if (access(rows[i].said, F_OK) == 0)
			continue; /* a rotad of this machine's own */
		tempdir_write(path, rows[i].text, 0644);
		assert_int_equal(ctl_run_args(args, &out, &err), CTL_UNKNOWN);
		if (!strstr(err, rows[i].said))
			fail_msg("row %zu: %s", i, err);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(systemds_socket_lies_beside_the_folder_of_rotads_own),
	    cmocka_unit_test_setup_teardown(a_configuration_names_its_rotads_socket, tempdir_setup,
					    tempdir_teardown),
	    cmocka_unit_test(command_lines_give_their_exit_code_and_words),
	    cmocka_unit_test(advice_names_the_unit_that_reads_the_configuration),
	    cmocka_unit_test(every_row_is_whole_and_its_name_is_its_own),
	    cmocka_unit_test(the_manual_has_every_verb),
	    cmocka_unit_test(an_error_says_what_where_and_what_to_do),
	    cmocka_unit_test(what_a_name_holds_does_not_reach_the_terminal),
	    cmocka_unit_test(help_is_json_too),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
