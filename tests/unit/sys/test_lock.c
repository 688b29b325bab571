/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/test.h"

#include "lib/tempdir.h"

#include <sys/wait.h>

#include "sys/lock.h"

static void the_second_rotad_is_refused_by_the_first_ones_number(void **state)
{
	struct err err = ERR_INIT;
	struct state_lock first = STATE_LOCK_INIT, second = STATE_LOCK_INIT;
	char number[32];
	int64_t pid = -7;
	assert_true(state_lock_find(*state, &pid, &err));
	assert_int_equal(pid, 0);
	assert_true(state_lock_take(*state, &first, &err));
	assert_false(state_lock_take(*state, &second, &err));
	assert_int_equal(err.kind, ERR_CONFLICT);
	snprintf(number, sizeof(number), "process %d)", (int)getpid());
	assert_non_null(strstr(err.text, number));
	assert_int_equal(second.lock, -1);
	assert_true(state_lock_find(*state, &pid, &err));
	assert_int_equal(pid, getpid());
	state_lock_fini(&first);
	assert_true(state_lock_find(*state, &pid, &err));
	assert_int_equal(pid, 0);
	assert_true(state_lock_take(*state, &second, &err));
	state_lock_fini(&second);
	state_lock_fini(&second);
}

static void a_dead_owner_holds_nothing(void **state)
{
	struct err err = ERR_INIT;
	struct state_lock l = STATE_LOCK_INIT;
	pid_t child = fork();
	if (child == 0)
		_exit(state_lock_take(*state, &l, &err) ? 0 : 1);
	int status = -1;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_true(state_lock_take(*state, &l, &err));
	state_lock_fini(&l);
}

static void an_open_or_strange_state_directory_is_refused(void **state)
{
	struct err err = ERR_INIT;
	struct state_lock l = STATE_LOCK_INIT;
	static const mode_t modes[] = {0755, 0750, 0701};
	for (size_t i = 0; i < ARRAY_N(modes); i++) {
		assert_int_equal(chmod(*state, modes[i]), 0);
		assert_false(state_lock_take(*state, &l, &err));
		assert_int_equal(err.kind, ERR_UNSAFE_FILE);
		assert_non_null(strstr(err.text, "0700"));
	}
	assert_int_equal(chmod(*state, 0700), 0);
	assert_int_equal(symlink(*state, tempdir_path(state, "link")), 0);
	assert_false(state_lock_take(tempdir_path(state, "link"), &l, &err));
	assert_false(state_lock_take(tempdir_path(state, "no"), &l, &err));
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	if (geteuid() == 0) {
		assert_int_equal(chown(*state, 4321, 4321), 0);
		assert_false(state_lock_take(*state, &l, &err));
		assert_int_equal(err.kind, ERR_UNSAFE_FILE);
	}
	assert_int_equal(l.dir, -1);
}

#define IN_DIR(f) cmocka_unit_test_setup_teardown(f, tempdir_setup, tempdir_teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
	    IN_DIR(the_second_rotad_is_refused_by_the_first_ones_number),
	    IN_DIR(a_dead_owner_holds_nothing),
	    IN_DIR(an_open_or_strange_state_directory_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
