/* SPDX-License-Identifier: Apache-2.0 */
/* Hooks in full; units only as far as a host without a bus goes. A real systemd is asked by
 * tests/system/units.py. */
#include "lib/test.h"

#include "lib/tempdir.h"

#include <poll.h>

#include "sys/restarter_host.h"
#include "sys/units_dbus.h"

static struct restarter_port open_restarter(void)
{
	struct restarter_port r;
	struct err err = ERR_INIT;
	assert_true(restarter_host_new(&r, &err));
	return r;
}

static struct job_view finish(struct restarter_port r, const struct restart_target *t)
{
	struct err err = ERR_INIT;
	struct job_view v;
	for (;;) {
		struct pollfd ready = {.fd = restarter_host_fd(r.self), .events = POLLIN};
		assert_true(r.ops->poll(r.self, t, &v, &err));
		if (v.state != JOB_RUNNING)
			return v;
		assert_true(poll(&ready, 1, 10000) >= 0);
	}
}

static struct restart_target hook_target(void **state, const char *text)
{
	char whole[512];
	const char *path = tempdir_path(state, "hook");
	snprintf(whole, sizeof(whole), "#!/bin/sh\n%s\n", text);
	tempdir_write(path, whole, 0755);
	return (struct restart_target){.instance = "rs0-a",
				       .how = RESTART_HOOK,
				       .name = path,
				       .config_file = "/etc/mongod.conf",
				       .port = 27017,
				       .timeout_us = 5 * US_S};
}

static void a_hook_is_a_job_that_is_begun_and_looked_at(void **state)
{
	struct err err = ERR_INIT;
	struct restarter_port r = open_restarter();
	struct restart_target t = hook_target(
	    state, "echo $1 $2 $ROTAD_INSTANCE $ROTAD_VERB $ROTAD_CONFIG_FILE $ROTAD_PORT");
	struct job_view v;
	assert_true(r.ops->can(r.self, &t, &err));
	assert_true(r.ops->poll(r.self, &t, &v, &err));
	assert_int_equal(v.state, JOB_NONE);
	assert_true(r.ops->begin(r.self, &t, VERB_RELOAD, &err));
	v = finish(r, &t);
	assert_int_equal(v.state, JOB_DONE);
	assert_int_equal(v.exit_code, 0);
	assert_string_equal(v.output, "reload rs0-a rs0-a reload /etc/mongod.conf 27017");
	assert_true(r.ops->poll(r.self, &t, &v, &err)); /* told once more */
	assert_int_equal(v.state, JOB_DONE);
	assert_true(r.ops->begin(r.self, &t, VERB_CHANGED, &err));
	assert_int_equal(finish(r, &t).state, JOB_DONE);
	restarter_host_free(r.self);
}

static void one_job_an_instance_at_a_time(void **state)
{
	struct err err = ERR_INIT;
	struct restarter_port r = open_restarter();
	struct restart_target t = hook_target(state, "read x < \"$(dirname $0)/fifo\""), other = t;
	const char *fifo = tempdir_path(state, "fifo");
	other.instance = "rs0-b";
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_true(r.ops->begin(r.self, &t, VERB_RESTART, &err));
	assert_false(r.ops->begin(r.self, &t, VERB_RESTART, &err));
	assert_int_equal(err.kind, ERR_CONFLICT);
	err_clear(&err);
	assert_true(r.ops->begin(r.self, &other, VERB_RESTART, &err));
	int hold = open(fifo, O_RDWR | O_CLOEXEC);
	assert_int_equal(write(hold, "a\nb\n", 4), 4);
	assert_int_equal(finish(r, &t).state, JOB_DONE);
	assert_int_equal(write(hold, "c\nd\n", 4), 4);
	assert_int_equal(finish(r, &other).state, JOB_DONE);
	assert_int_equal(close(hold), 0);
	restarter_host_free(r.self);
}

static void failing_and_late_hooks_are_told(void **state)
{
	struct err err = ERR_INIT;
	struct restarter_port r = open_restarter();
	struct restart_target t = hook_target(state, "echo no such unit >&2; exit 4");
	assert_true(r.ops->begin(r.self, &t, VERB_RESTART, &err));
	struct job_view v = finish(r, &t);
	assert_int_equal(v.state, JOB_FAILED);
	assert_int_equal(v.exit_code, 4);
	assert_string_equal(v.why, "the hook ended with exit code 4");
	assert_string_equal(v.output, "no such unit");
	t = hook_target(state, "exec sleep 30");
	t.timeout_us = 20 * US_MS;
	assert_true(r.ops->begin(r.self, &t, VERB_RESTART, &err));
	v = finish(r, &t);
	assert_int_equal(v.state, JOB_OVERDUE);
	assert_non_null(strstr(v.why, "did not end within 0.02 s"));
	t.name = "/no/such/hook";
	assert_false(r.ops->can(r.self, &t, &err));
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	restarter_host_free(r.self); /* ends what is left */
}

static void what_an_instance_has_no_way_for_is_refused(void **state)
{
	struct err err = ERR_INIT;
	struct job_view v;
	struct restarter_port r = open_restarter();
	struct restart_target t = {.instance = "a", .how = RESTART_NONE, .name = ""};
	assert_false(r.ops->can(r.self, &t, &err));
	assert_int_equal(err.kind, ERR_UNSUPPORTED);
	assert_false(r.ops->begin(r.self, &t, VERB_RESTART, &err));
	assert_int_equal(err.kind, ERR_UNSUPPORTED);
	t = (struct restart_target){.instance = "a", .how = RESTART_JOB, .name = "x.service"};
	assert_false(r.ops->begin(r.self, &t, VERB_RELOAD, &err));
	assert_int_equal(err.kind, ERR_UNSUPPORTED);
	t.how = RESTART_UNIT;
	assert_false(r.ops->begin(r.self, &t, VERB_RELOAD, &err));
	assert_int_equal(err.kind, ERR_UNSUPPORTED);
	assert_false(r.ops->begin(r.self, &t, VERB_CHANGED, &err));
	assert_int_equal(err.kind, ERR_UNSUPPORTED);
	assert_true(r.ops->poll(r.self, &t, &v, &err));
	assert_int_equal(v.state, JOB_NONE);
	t = (struct restart_target){.instance = "", .how = RESTART_HOOK, .name = "/bin/true"};
	assert_false(r.ops->begin(r.self, &t, VERB_RESTART, &err));
	assert_int_equal(err.kind, ERR_INVALID);
	restarter_host_free(r.self);
	restarter_host_free(NULL);
}

static void a_host_without_a_bus_is_unreachable_and_nothing_is_begun(void **state)
{
	struct err err = ERR_INIT;
	struct process_view p;
	struct restarter_port r = open_restarter();
	const struct restart_target t = {
	    .instance = "a", .how = RESTART_UNIT, .name = "mongod.service", .timeout_us = US_S};
	assert_false(r.ops->begin(r.self, &t, VERB_RESTART, &err));
	assert_int_equal(err.kind, ERR_UNREACHABLE);
	assert_false(r.ops->can(r.self, &t, &err));
	assert_int_equal(err.kind, ERR_UNREACHABLE);
	assert_false(r.ops->process(r.self, &t, &p, &err));
	assert_int_equal(err.kind, ERR_UNREACHABLE);
	restarter_host_free(r.self);
}

static void an_instance_without_a_unit_is_looked_for_in_proc(void **state)
{
	struct err err = ERR_INIT;
	struct process_view p;
	struct restarter_port r = open_restarter();
	const char *log = tempdir_path(state, "log");
	tempdir_write(
	    log,
	    "{\"s\":\"F\",\"id\":20575,\"msg\":\"Error creating service context\"}\n"
	    "{\"s\":\"I\",\"id\":23138,\"msg\":\"Shutting down\",\"attr\":{\"exitCode\":14}}\n",
	    0600);
	const struct restart_target t = {.instance = "a",
					 .how = RESTART_HOOK,
					 .name = "/bin/true",
					 .db_path = *state,
					 .log_path = log};
	assert_true(r.ops->process(r.self, &t, &p, &err));
	assert_int_equal(p.state, PROCESS_NONE);
	assert_int_equal(p.exit_code, 14);
	assert_string_equal(p.last_fatal, "id 20575: Error creating service context");
	restarter_host_free(r.self);
}

#define IN_DIR(f) cmocka_unit_test_setup_teardown(f, tempdir_setup, tempdir_teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
	    IN_DIR(a_hook_is_a_job_that_is_begun_and_looked_at),
	    IN_DIR(one_job_an_instance_at_a_time),
	    IN_DIR(failing_and_late_hooks_are_told),
	    cmocka_unit_test(what_an_instance_has_no_way_for_is_refused),
	    cmocka_unit_test(a_host_without_a_bus_is_unreachable_and_nothing_is_begun),
	    IN_DIR(an_instance_without_a_unit_is_looked_for_in_proc),
	};
	if (setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/no/such/bus", 1) != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
