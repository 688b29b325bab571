/* SPDX-License-Identifier: Apache-2.0 */
/* The `changed` hook: told once for each change, tried again until it says 0, never waited for. */
#include "lib/test.h"

#include <stdlib.h>
#include <string.h>

#include "codec/json_mem.h"
#include "lib/fake_files.h"
#include "round/round.h"

static struct wall the_time;
static struct wall fake_now(void *self UNUSED)
{
	return the_time;
}
static const struct host_ops host_ops = {.now = fake_now};

static struct {
	unsigned begun_n, late_n;
	int exit_code;
	bool cannot_begin;
	char verb[32], instance[64], env[4][128];
} hook;
static bool fake_begin(void *self UNUSED, const struct program_call *c, struct err *err)
{
	if (hook.cannot_begin)
		return err_set(err, ERR_UNSAFE_FILE, "others may write it");
	hook.begun_n++;
	cut_z(hook.verb, sizeof(hook.verb), c->argv[1]);
	cut_z(hook.instance, sizeof(hook.instance), c->argv[2]);
	assert_null(c->argv[3]);
	for (unsigned i = 0; i < 4; i++)
		cut_z(hook.env[i], sizeof(hook.env[i]), c->env[i] ? c->env[i] : "");
	return true;
}
static bool fake_poll(void *self UNUSED, bool *ret_is_done, struct program_result *ret,
		      struct err *err UNUSED)
{
	*ret_is_done = hook.late_n == 0;
	if (hook.late_n)
		hook.late_n--;
	ret->exit_code = hook.exit_code;
	return true;
}
static const struct program_later_ops program_ops = {.begin = fake_begin, .poll = fake_poll};

static struct fake_files disk;
static bool fake_append(void *self UNUSED, const char *path UNUSED, struct str line UNUSED,
			struct err *err UNUSED)
{
	return true;
}
static struct {
	unsigned n;
	struct event last;
} told;
static void fake_tell(void *self UNUSED, const struct event *e, bool is_mine UNUSED)
{
	told.n++;
	told.last = *e;
}

static struct seat *t;
static struct instance_policy instance;
static struct files_ops files_ops;

static int begin(void **state UNUSED)
{
	struct files_port files = fake_files_port(&disk);
	memset(&hook, 0, sizeof(hook));
	memset(&told, 0, sizeof(told));
	the_time.us = 1800000000 * US_S;
	t = calloc(1, sizeof(*t));
	t->seen = calloc(1, sizeof(*t->seen));
	instance = (struct instance_policy){.restart_timeout_us = US_MIN};
	cut_z(instance.name, sizeof(instance.name), "rs0-a");
	cut_z(instance.changed_hook, sizeof(instance.changed_hook), "/etc/rotad/changed");
	cut_z(t->directory, sizeof(t->directory), "/state/rs0-a");
	t->instance = &instance;
	files_ops = *files.ops;
	files_ops.append = fake_append;
	t->ports = (struct round_ports){.host = {.ops = &host_ops},
					.files = {.ops = &files_ops, .self = &disk},
					.changed = {.ops = &program_ops},
					.tell = fake_tell};
	return 0;
}
static int end(void **state UNUSED)
{
	free(t->seen);
	free(t);
	fake_files_fini(&disk);
	return 0;
}

static void change_is_told_once(void **state UNUSED)
{
	changed_run(t);
	assert_int_equal(hook.begun_n, 0);
	changed_owe(t, CHANGED_KEYFILE);
	hook.late_n = 2;
	for (int i = 0; i < 8; i++)
		changed_run(t);
	assert_int_equal(hook.begun_n, 1);
	assert_string_equal(hook.verb, "changed");
	assert_string_equal(hook.instance, "rs0-a");
	assert_string_equal(hook.env[1], "ROTAD_INSTANCE=rs0-a");
	assert_string_equal(hook.env[2], "ROTAD_CHANGED=keyfile");
	assert_false(t->notes.changed_keyfile);
	assert_int_equal(told.n, 0);
}

static void both_files_are_one_run(void **state UNUSED)
{
	changed_owe(t, CHANGED_KEYFILE);
	changed_owe(t, CHANGED_CERTIFICATE);
	changed_run(t);
	changed_run(t);
	assert_int_equal(hook.begun_n, 1);
	assert_string_equal(hook.env[2], "ROTAD_CHANGED=keyfile certificate");
}

static void change_while_it_runs_is_another_run(void **state UNUSED)
{
	changed_owe(t, CHANGED_KEYFILE);
	changed_run(t);
	changed_owe(t, CHANGED_KEYFILE);
	changed_run(t); /* ended */
	changed_run(t);
	assert_int_equal(hook.begun_n, 2);
	changed_run(t);
	changed_run(t);
	assert_int_equal(hook.begun_n, 2);
}

static void failure_is_a_debt_that_rests_longer_each_time(void **state UNUSED)
{
	static const int64_t rests[] = {60, 120, 240, 480, 960, 1920, 3600, 3600};
	hook.exit_code = 3;
	changed_owe(t, CHANGED_CERTIFICATE);
	for (size_t i = 0; i < ARRAY_N(rests); i++) {
		changed_run(t);
		changed_run(t);
		assert_int_equal(hook.begun_n, i + 1);
		assert_string_equal(told.last.name, "hook-failed");
		assert_int_equal(told.last.severity, SEVERITY_WARNING);
		assert_non_null(strstr(told.last.what, "exit code 3"));
		assert_int_equal(t->notes.changed_due.us - the_time.us, rests[i] * US_S);
		the_time = wall_add(the_time, rests[i] * US_S - 1);
		changed_run(t);
		assert_int_equal(hook.begun_n, i + 1);
		the_time = wall_add(the_time, 1);
	}
	/* kept over a restart of rotad */
	int at = fake_files_find(&disk, "/state/rs0-a/notes.json");
	struct err err = ERR_INIT;
	struct notes n = {.has_written = false};
	assert_true(at >= 0);
	assert_true(
	    notes_decode((struct str){.p = disk.files[at].bytes, .n = disk.files[at].n}, &n, &err));
	assert_true(n.changed_certificate);
	assert_int_equal(n.changed_tries, ARRAY_N(rests));
	hook.exit_code = 0;
	changed_run(t);
	changed_run(t);
	assert_true(told.last.is_resolved);
	assert_false(t->notes.changed_certificate);
}

static void hook_that_cannot_be_run_is_a_debt_too(void **state UNUSED)
{
	hook.cannot_begin = true;
	changed_owe(t, CHANGED_KEYFILE);
	changed_run(t);
	assert_int_equal(told.n, 1);
	assert_non_null(strstr(told.last.what, "others may write it"));
	changed_run(t);
	assert_int_equal(told.n, 1);
	assert_true(t->notes.changed_keyfile);
}

static void without_a_hook_nothing_is_owed(void **state UNUSED)
{
	instance.changed_hook[0] = 0;
	changed_owe(t, CHANGED_KEYFILE);
	assert_false(t->notes.changed_keyfile);
	changed_run(t);
	assert_int_equal(hook.begun_n, 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
	    T(change_is_told_once),
	    T(both_files_are_one_run),
	    T(change_while_it_runs_is_another_run),
	    T(failure_is_a_debt_that_rests_longer_each_time),
	    T(hook_that_cannot_be_run_is_a_debt_too),
	    T(without_a_hook_nothing_is_owed),
	};
	json_mem_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
