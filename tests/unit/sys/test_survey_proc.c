/* SPDX-License-Identifier: Apache-2.0 */
/* What the survey reads: cgroups and unit files. Real processes are tests/system/first_hour.py's.
 */
#include "lib/test.h"

#include <string.h>

#include "base/cleanup.h"
#include "codec/marker.h"
#include "sys/survey_proc.h"

static void a_cgroup_tells_the_unit_and_the_box(void **state)
{
	static const struct {
		const char *text, *unit;
		bool is_user, is_container;
	} rows[] = {
	    {"0::/system.slice/mongod.service\n", "mongod.service", false, false},
	    {"0::/system.slice/system-mongod.slice/mongod@a.service\n", "mongod@a.service", false,
	     false},
	    {"12:cpu:/x\n1:name=systemd:/system.slice/mongod.service\n0::/\n", "mongod.service",
	     false, false},
	    {"0::/user.slice/user-1000.slice/user@1000.service/app.slice/m.service\n", "m.service",
	     true, false},
	    {"0::/user.slice/user-0.slice/session-1.scope\n", "", false, false},
	    {"0::/system.slice/docker-0123abcd.scope\n", "", false, true},
	    {"0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-1.scope\n", "", false, true},
	    {"0::/machine.slice/libpod-1.scope/container\n", "", false, true},
	    {"0::/\n", "", false, false},
	    {"0::/system.slice/.service\n", "", false, false},
	    {"", "", false, false},
	    {"nonsense", "", false, false},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct survey_server s = {.unit = "before"};
		survey_cgroup(str_of(rows[i].text), &s);
		assert_string_equal(s.unit, rows[i].unit);
		assert_int_equal(s.is_user_unit, rows[i].is_user);
		assert_int_equal(s.is_container, rows[i].is_container);
	}
}

static void a_unit_file_tells_the_command_line(void **state)
{
	static const struct {
		const char *text, *words; /* a blank for each NUL; NULL: none */
	} rows[] = {
	    {"[Service]\nExecStart=/usr/bin/mongod --config /etc/mongod.conf\n",
	     "/usr/bin/mongod --config /etc/mongod.conf "},
	    {"ExecStart=-@/usr/bin/mongod \"-f\"  '/etc/a'\"b.conf\"",
	     "/usr/bin/mongod -f /etc/ab.conf "},
	    {"  ExecStart=/a\nExecStart=/b\n", "/a "},
	    {"ExecStart=\nExecStart=/b\n", "/b "},
	    {"#ExecStart=/a\nExecStartPre=/b\n", NULL},
	    {"", NULL},
	    {"ExecStart=\"/a b", "/a_b "},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		auto_buf struct buf out = {.p = NULL};
		assert_int_equal(survey_exec_start(str_of(rows[i].text), &out),
				 rows[i].words != NULL);
		if (!rows[i].words)
			continue;
		assert_int_equal(out.n, strlen(rows[i].words));
		for (size_t k = 0; k < out.n; k++)
			if (out.p[k] == ' ')
				out.p[k] = '_';
			else if (out.p[k] == 0)
				out.p[k] = ' ';
		assert_memory_equal(out.p, rows[i].words, out.n);
	}
}

static void marks_of_configuration_management_are_known(void **state)
{
	(void)state;
	assert_string_equal(marker_find(STR("# Ansible managed\nnet:\n")), "Ansible managed");
	assert_string_equal(marker_find(STR("# This file is managed by Puppet.")), "Puppet");
	assert_null(marker_find(STR("net:\n  port: 1\n")));
	assert_null(marker_find((struct str){.p = NULL, .n = 0}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_cgroup_tells_the_unit_and_the_box),
	    cmocka_unit_test(a_unit_file_tells_the_command_line),
	    cmocka_unit_test(marks_of_configuration_management_are_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
