/* SPDX-License-Identifier: Apache-2.0 */
/* rotactl mode: one word of the configuration changes and nothing else; what is not clear is left
 * alone. */
#include "lib/test.h"

#include "base/clock.h"
#include "cmd/ctl_mode.h"
#include "ctl_run.h"
#include "lib/tempdir.h"

static void one_word_changes_and_every_other_byte_stays(void **state)
{
	static const struct {
		const char *kind, *instance, *word, *before, *after; /* after NULL: refused */
	} rows[] = {
	    {NULL, NULL, "ask", "# head\nmode: observe   # the ceiling\nsocket: /x\n",
	     "# head\nmode: ask   # the ceiling\nsocket: /x\n"},
	    {NULL, NULL, "ask", "mode: \"observe\"\n", "mode: \"ask\"\n"},
	    {NULL, NULL, "ask", "mode: 'observe'", "mode: 'ask'"},
	    {NULL, NULL, "act", "socket: /x # c\n", "mode: act\nsocket: /x # c\n"},
	    {NULL, NULL, "act", "---\n# c\nsocket: /x\n...\n",
	     "---\n# c\nmode: act\nsocket: /x\n...\n"},
	    {NULL, NULL, "act", "{socket: /x, mode: ask}\n", "{socket: /x, mode: act}\n"},
	    {NULL, NULL, "act", "{ socket: /x}\n", "{ mode: act, socket: /x}\n"},
	    {"keyfile", NULL, "act", "mode: ask\nkeyfile: {writer: rotad}\n",
	     "mode: ask\nkeyfile: {mode: act, writer: rotad}\n"},
	    {"keyfile", NULL, "act", "mode: ask\nkeyfile:\n  # old\n  maxAge: 90d\n",
	     "mode: ask\nkeyfile:\n  # old\n  mode: act\n  maxAge: 90d\n"},
	    {"keyfile", NULL, "act", "mode: ask\nkeyfile: {mode: off}\n",
	     "mode: ask\nkeyfile: {mode: act}\n"},
	    {"certificates", NULL, "off", "mode: ask\n", "certificates: {mode: off}\nmode: ask\n"},
	    {NULL, "b", "ask",
	     "instances:\n  - name: a\n    mode: act\n  - name: b\n    address: x\n",
	     "instances:\n  - name: a\n    mode: act\n  - mode: ask\n    name: b\n    address: "
	     "x\n"},
	    {NULL, "a", "ask", "instances:\n- {name: a, mode: act}\n- name: b\n",
	     "instances:\n- {name: a, mode: ask}\n- name: b\n"},
	    {NULL, "b", "ask", "instances: [{name: a}, {name: b}]\n",
	     "instances: [{name: a}, {mode: ask, name: b}]\n"},
	    {NULL, NULL, "ask", "x: \"\xc3\xa4\"\nmode: act # \xc3\xa4\n",
	     "x: \"\xc3\xa4\"\nmode: ask # \xc3\xa4\n"},
	    {NULL, NULL, "ask", "{x: \"\xc3\xa4\", mode: act}\n", "{x: \"\xc3\xa4\", mode: ask}\n"},
	    {NULL, NULL, "ask", "mode: act\r\nsocket: /x\r\n", "mode: ask\r\nsocket: /x\r\n"},
	    {NULL, NULL, "ask", "mode:\n", NULL},
	    {NULL, NULL, "ask", "mode: [act]\n", NULL},
	    {NULL, NULL, "ask", "", NULL},
	    {NULL, NULL, "ask", "- mode: act\n", NULL},
	    {NULL, NULL, "ask", "mode: act\nmode: ask\n", NULL},
	    {NULL, NULL, "ask", "mode: \"a\\x63t\"\n", NULL},
	    {"keyfile", NULL, "act", "keyfile:\n", NULL},
	    {"keyfile", NULL, "act", "keyfile: yes\n", NULL},
	    {"keyfile", NULL, "act", "keyfile: {}\n", NULL},
	    {"keyfile", NULL, "act", "keyfile: {\n  writer: rotad}\n", NULL},
	    {NULL, "c", "ask", "instances: [{name: a}, {name: b}]\n", NULL},
	    {NULL, "a", "ask", "instances: {name: a}\n", NULL},
	    {NULL, "a", "ask", "mode: act\n", NULL},
	    {NULL, NULL, "ask", "\"socket\": /x\n", NULL},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		auto_buf struct buf after = {.p = NULL};
		struct err err = ERR_INIT;
		bool ok = mode_edit(str_of(rows[i].before), rows[i].kind, rows[i].instance,
				    rows[i].word, &after, &err);
		if (ok != (rows[i].after != NULL) ||
		    (ok && strcmp(buf_z(&after), rows[i].after) != 0))
			fail_msg("row %zu: %s\n%s", i, buf_z(&after), err.text);
		assert_true(ok == (err.kind == ERR_NONE));
	}
}

#define INSTANCES                                                                                  \
	"instances:\n  - name: rs0-a\n    configFile: /etc/mongod.conf\n"                          \
	"    restart: {unit: mongod.service}\n"

static void a_file_is_replaced_only_by_one_that_rotad_takes(void **state)
{
	static const struct {
		const char *args[6];
		const char *before, *after; /* after NULL: as before */
		enum ctl_exit code;
		const char *text;
	} rows[] = {
	    {{"mode", "ask"},
	     "mode: observe # x\n" INSTANCES,
	     "mode: ask # x\n" INSTANCES,
	     CTL_ATTENTION,
	     "rotactl mode ask --kind keyfile"},
	    {{"mode", "act", "--kind", "keyfile"},
	     "mode: ask\n" INSTANCES,
	     "keyfile: {mode: act}\nmode: ask\n" INSTANCES,
	     CTL_ATTENTION,
	     "keyfile ask"},
	    {{"mode", "ask"}, "mode: ask\n" INSTANCES, NULL, CTL_ATTENTION, "has not read it"},
	    {{"mode", "ask"},
	     "mode: observe\nnonsense: 1\n" INSTANCES,
	     NULL,
	     CTL_FAILED,
	     "nothing was written"},
	    {{"mode", "ask"}, "mode: [\n", NULL, CTL_FAILED, "FAILED"},
	    {{"mode", "ask", "--instance", "x"},
	     "mode: ask\n" INSTANCES,
	     NULL,
	     CTL_FAILED,
	     "no instance 'x'"},
	    {{"mode", "off"}, "mode: ask\n" INSTANCES, NULL, CTL_USAGE, "is no mode here"},
	    {{"mode", "acts"}, "mode: ask\n" INSTANCES, NULL, CTL_USAGE, "is no mode here"},
	    {{"mode"}, "mode: ask\n" INSTANCES, NULL, CTL_USAGE, "one word"},
	    {{"mode", "ask", "--kind", "x"}, "mode: ask\n" INSTANCES, NULL, CTL_USAGE, "--kind"},
	    {{"mode", "ask", "--kind=keyfile", "--instance=a"},
	     "mode: ask\n" INSTANCES,
	     NULL,
	     CTL_USAGE,
	     "the more careful"},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		auto_free char *out = NULL, *err = NULL;
		auto_buf struct buf all = {.p = NULL};
		const char *path = tempdir_path(state, "rotad.yaml");
		tempdir_write(path, rows[i].before, 0640);
		const char *args[12] = {"--config", path, "--socket", tempdir_path(state, "none")};
		memcpy(args + 4, rows[i].args, sizeof(rows[i].args));
		enum ctl_exit code = ctl_run_args(args, &out, &err);
		buf_addf(&all, "%s%s", out, err);
		if (code != rows[i].code || !strstr(buf_z(&all), rows[i].text))
			fail_msg("row %zu: exit %d\n%s", i, code, buf_z(&all));
		tempdir_expect(path, rows[i].after ? rows[i].after : rows[i].before);
	}
}

static void the_daemon_reads_the_new_word(void **state)
{
	auto_free char *out = NULL, *err = NULL;
	struct canned c = {.n = 0};
	const char *path = tempdir_path(state, "rotad.yaml");
	tempdir_write(path, "mode: observe\n" INSTANCES, 0640);
	canned_json(&c, 200, "{\"instances\":[]}");
	canned_json(&c, 200, "{}");
	canned_start(&c, *state);
	const char *args[] = {"mode", "ask", "--config", path, "--socket", c.path, NULL};
	assert_int_equal(ctl_run_args(args, &out, &err), CTL_GOOD);
	canned_stop(&c);
	assert_non_null(strstr(buf_z(&c.requests[1]), "POST /v1/reload HTTP/1.1"));
	assert_non_null(strstr(out, "rotad reads it now"));
	canned_fini(&c);
}

static void a_file_that_the_daemon_does_not_read_is_not_changed(void **state)
{
	auto_free char *out = NULL, *err = NULL;
	struct canned c = {.n = 0};
	const char *path = tempdir_path(state, "rotad.yaml");
	tempdir_write(path, "mode: observe\n" INSTANCES, 0640);
	canned_json(&c, 200, "{\"configFile\":\"/elsewhere/rotad.yaml\"}");
	canned_start(&c, *state);
	const char *args[] = {"mode", "ask", "--config", path, "--socket", c.path, NULL};
	assert_int_equal(ctl_run_args(args, &out, &err), CTL_FAILED);
	canned_stop(&c);
	assert_non_null(strstr(err, "reads '/elsewhere/rotad.yaml'"));
	tempdir_expect(path, "mode: observe\n" INSTANCES);
	canned_fini(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_word_changes_and_every_other_byte_stays),
	    cmocka_unit_test_setup_teardown(a_file_is_replaced_only_by_one_that_rotad_takes,
					    tempdir_setup, tempdir_teardown),
	    cmocka_unit_test_setup_teardown(the_daemon_reads_the_new_word, tempdir_setup,
					    tempdir_teardown),
	    cmocka_unit_test_setup_teardown(a_file_that_the_daemon_does_not_read_is_not_changed,
					    tempdir_setup, tempdir_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
