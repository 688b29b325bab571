/* SPDX-License-Identifier: Apache-2.0 */
/* A real child process (fake_helper) that hangs, dies and talks nonsense: it is replaced, and none
 * is left behind. */
#include "lib/test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "sys/helper.h"

#define PROGRAM BUILD_DIR "/tests/unit/sys/fake_helper"
#define LONG_US (5 * US_S)

static struct helper *helper_make(void)
{
	struct helper *h = NULL;
	struct err err = ERR_INIT;
	if (!helper_new("fake", PROGRAM, &h, &err))
		fail_msg("%s", err.text);
	return h;
}

static void helper_end(struct helper **h)
{
	helper_free(*h);
}
#define auto_helper __attribute__((cleanup(helper_end))) struct helper *

/* ERR_NONE when it was answered. */
static enum err_kind ask(struct helper *h, const char *op, int64_t timeout_us)
{
	AUTO(json_t) request = json_pack("{s:s}", "op", op);
	AUTO(json_t) reply = NULL;
	struct err err = ERR_INIT;
	bool ok = helper_call(h, request, timeout_us, &reply, &err);
	assert_int_equal(ok, err.kind == ERR_NONE);
	assert_int_equal(ok, reply != NULL);
	return err.kind;
}

static void no_child_is_left(void)
{
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void it_answers_from_one_process(void **state)
{
	auto_helper h = helper_make();
	assert_int_equal(helper_pid(h), 0);
	assert_int_equal(ask(h, "echo", LONG_US), ERR_NONE);
	int pid = helper_pid(h);
	assert_true(pid > 0);
	assert_int_equal(ask(h, "error", LONG_US), ERR_REFUSED);
	assert_int_equal(ask(h, "no-such", LONG_US), ERR_UNSUPPORTED);
	assert_int_equal(helper_pid(h), pid);
	helper_free(take(&h));
	no_child_is_left();
}

static void a_bad_one_is_replaced_and_reaped(void **state)
{
	static const struct {
		const char *op;
		int64_t timeout_us;
		enum err_kind kind;
	} rows[] = {
	    {"hang", 5000, ERR_TIMEOUT},        {"cling", 5000, ERR_TIMEOUT},
	    {"die", LONG_US, ERR_UNREACHABLE},  {"kill", LONG_US, ERR_UNREACHABLE},
	    {"garbage", LONG_US, ERR_PROTOCOL},
	};
	auto_helper h = helper_make();
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		assert_int_equal(ask(h, "echo", LONG_US), ERR_NONE);
		int pid = helper_pid(h);
		assert_int_equal(ask(h, rows[i].op, rows[i].timeout_us), rows[i].kind);
		assert_int_equal(helper_pid(h), 0);
		assert_int_equal(kill(pid, 0), -1);
		no_child_is_left();
		assert_int_equal(ask(h, "echo", LONG_US), ERR_NONE);
		assert_int_not_equal(helper_pid(h), pid);
	}
}

static void one_that_ended_while_idle_is_replaced_unseen(void **state)
{
	auto_helper h = helper_make();
	assert_int_equal(ask(h, "last", LONG_US), ERR_NONE);
	int pid = helper_pid(h);
	assert_int_equal(waitid(P_PID, (id_t)pid, &(siginfo_t){.si_pid = 0}, WEXITED | WNOWAIT), 0);
	assert_int_equal(ask(h, "echo", LONG_US), ERR_NONE);
	assert_int_not_equal(helper_pid(h), pid);
}

static void one_that_ends_again_and_again_rests(void **state)
{
	auto_helper h = helper_make();
	assert_int_equal(ask(h, "die", LONG_US), ERR_UNREACHABLE);
	assert_int_equal(ask(h, "die", LONG_US), ERR_UNREACHABLE);  /* replaced at once */
	assert_int_equal(ask(h, "echo", LONG_US), ERR_UNREACHABLE); /* now it rests */
	assert_int_equal(helper_pid(h), 0);
	no_child_is_left();
}

static void what_was_sent_is_told(void **state)
{
	auto_helper h = helper_make();
	AUTO(json_t) die = json_pack("{s:s}", "op", "die");
	AUTO(json_t) reply = NULL;
	struct err err = ERR_INIT;
	bool was_sent = false;
	assert_false(helper_ask(h, die, LONG_US, &reply, &was_sent, &err));
	assert_true(was_sent);
	assert_false(helper_ask(h, die, LONG_US, &reply, &was_sent, &err));
	err = ERR_INIT;
	assert_false(helper_ask(h, die, LONG_US, &reply, &was_sent, &err)); /* resting */
	assert_false(was_sent);
}

static void a_program_that_cannot_run_is_told(void **state)
{
	struct helper *h = NULL;
	struct err err = ERR_INIT;
	assert_false(helper_new("fake", PROGRAM "-not-there", &h, &err));
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	err = ERR_INIT;
	assert_true(helper_new("fake", "/", &h, &err)); /* a folder may be "executable" */
	assert_int_equal(ask(h, "echo", LONG_US), ERR_UNREACHABLE);
	helper_free(h);
	no_child_is_left();
}

static void it_gets_nothing_that_it_does_not_need(void **state)
{
	char folder[] = "/tmp/test_helper.XXXXXX", path[64];
	struct err err = ERR_INIT;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/file", folder);
	assert_int_equal(setenv("ROTAD_TEST_SECRET", "x", 1), 0);
	int leaked = fcntl(0, F_DUPFD, 100); /* not close-on-exec, on purpose */
	assert_true(leaked >= 100);

	auto_helper h = helper_make();
	AUTO(json_t) request = json_pack("{s:s, s:s}", "op", "self", "path", path);
	AUTO(json_t) reply = NULL;
	assert_true(helper_call(h, request, LONG_US, &reply, &err));
	(void)close(leaked);
	(void)unlink(path);
	assert_int_equal(rmdir(folder), 0);

	const json_t *fds = json_object_get(reply, "fds"), *env = json_object_get(reply, "env");
	assert_int_equal(json_array_size(fds), 4);
	assert_int_equal(json_integer_value(json_array_get(fds, 3)), 3);
	for (size_t i = 0; i < json_array_size(env); i++)
		assert_null(strstr(json_string_value(json_array_get(env, i)), "SECRET"));
	assert_int_equal(json_integer_value(json_object_get(reply, "fsize")), 0);
	assert_int_equal(json_integer_value(json_object_get(reply, "core")), 0);
	assert_int_equal(json_integer_value(json_object_get(reply, "write_errno")), EFBIG);
	assert_true(json_is_true(json_object_get(reply, "no_new_privs")));
	assert_true(json_is_true(json_object_get(reply, "leads_group")));
}

/* Begin op, then poll until it ended; waits by the descriptor, as an event loop does. */
static enum err_kind ask_later(struct helper *h, const char *op, int64_t timeout_us)
{
	AUTO(json_t) request = json_pack("{s:s}", "op", op);
	AUTO(json_t) reply = NULL;
	struct err err = ERR_INIT;
	bool is_done = false, ok = true;
	if (!helper_begin(h, request, timeout_us, &err))
		return err.kind;
	assert_true(helper_fd(h) >= 0);
	for (int i = 0; i < 1000 && !is_done; i++) {
		struct pollfd p = {.fd = helper_fd(h), .events = POLLIN};
		(void)poll(&p, 1, 5);
		ok = helper_poll(h, &is_done, &reply, &err);
		assert_true(ok || is_done);
	}
	assert_true(is_done);
	assert_int_equal(helper_fd(h), -1);
	assert_int_equal(ok, err.kind == ERR_NONE);
	assert_int_equal(ok, reply != NULL);
	return err.kind;
}

static void what_was_begun_is_polled_to_its_end(void **state)
{
	static const struct {
		const char *op;
		int64_t timeout_us;
		enum err_kind kind;
	} rows[] = {
	    {"echo", LONG_US, ERR_NONE},        {"error", LONG_US, ERR_REFUSED},
	    {"hang", 5000, ERR_TIMEOUT},        {"die", LONG_US, ERR_UNREACHABLE},
	    {"garbage", LONG_US, ERR_PROTOCOL}, {"no-such", LONG_US, ERR_UNSUPPORTED},
	};
	auto_helper h = helper_make();
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		assert_int_equal(ask(h, "echo", LONG_US), ERR_NONE);
		if (ask_later(h, rows[i].op, rows[i].timeout_us) != rows[i].kind)
			fail_msg("%s", rows[i].op);
	}
	helper_free(take(&h));
	no_child_is_left();
}

static void while_one_runs_another_is_refused(void **state)
{
	auto_helper h = helper_make();
	AUTO(json_t) request = json_pack("{s:s}", "op", "hang");
	AUTO(json_t) reply = NULL;
	struct err err = ERR_INIT;
	bool is_done = true;
	assert_false(helper_poll(h, &is_done, &reply, &err));
	assert_int_equal(err.kind, ERR_CONFLICT);
	err = ERR_INIT;
	assert_true(helper_begin(h, request, LONG_US, &err));
	assert_true(helper_poll(h, &is_done, &reply, &err));
	assert_false(is_done);
	assert_false(helper_begin(h, request, LONG_US, &err));
	assert_int_equal(err.kind, ERR_CONFLICT);
	assert_int_equal(ask(h, "echo", LONG_US), ERR_CONFLICT);
	helper_stop(h);
	assert_int_equal(helper_fd(h), -1);
	assert_int_equal(ask(h, "echo", LONG_US), ERR_NONE);
	helper_free(take(&h));
	no_child_is_left();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(it_answers_from_one_process),
	    cmocka_unit_test(a_bad_one_is_replaced_and_reaped),
	    cmocka_unit_test(one_that_ended_while_idle_is_replaced_unseen),
	    cmocka_unit_test(one_that_ends_again_and_again_rests),
	    cmocka_unit_test(what_was_sent_is_told),
	    cmocka_unit_test(a_program_that_cannot_run_is_told),
	    cmocka_unit_test(what_was_begun_is_polled_to_its_end),
	    cmocka_unit_test(while_one_runs_another_is_refused),
	    cmocka_unit_test(it_gets_nothing_that_it_does_not_need),
	};
	json_mem_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
