/* SPDX-License-Identifier: Apache-2.0 */
/* rotactl mode: which word of the configuration it sets (how: tests/unit/conf/test_conf_edit.c),
 * and that the daemon is told. */
#include "lib/test.h"

#include "ctl_run.h"
#include "lib/tempdir.h"

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
	     "mode: ask\n" INSTANCES "keyfile:\n  mode: act\n",
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
	    {{"mode", "off", "--instance", "rs0-a"},
	     "mode: ask\n" INSTANCES,
	     "mode: ask\ninstances:\n  - name: rs0-a\n    mode: off\n"
	     "    configFile: /etc/mongod.conf\n    restart: {unit: mongod.service}\n",
	     CTL_ATTENTION,
	     "keyfile off"},
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
	    cmocka_unit_test_setup_teardown(a_file_is_replaced_only_by_one_that_rotad_takes,
					    tempdir_setup, tempdir_teardown),
	    cmocka_unit_test_setup_teardown(the_daemon_reads_the_new_word, tempdir_setup,
					    tempdir_teardown),
	    cmocka_unit_test_setup_teardown(a_file_that_the_daemon_does_not_read_is_not_changed,
					    tempdir_setup, tempdir_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
