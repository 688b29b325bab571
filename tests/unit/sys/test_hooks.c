/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/test.h"

#include "lib/tempdir.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <time.h>

#include "base/cleanup.h"
#include "sys/hooks.h"
#include "sys/proc.h"

/* A script in the private directory. */
static const char *script(void **state, const char *name, const char *text)
{
	char whole[2048];
	const char *path = tempdir_path(state, name);
	snprintf(whole, sizeof(whole), "#!/bin/sh\n%s\n", text);
	tempdir_write(path, whole, 0755);
	return path;
}

/* Wait on its descriptor, as an event loop would. */
static struct hook_view finish(struct hook *h)
{
	struct hook_view v;
	for (hook_poll(h, &v); !v.is_gone; hook_poll(h, &v)) {
		struct pollfd ready = {.fd = hook_fd(h), .events = POLLIN};
		assert_true(poll(&ready, 1, 10000) >= 0);
	}
	return v;
}

static void a_hook_gets_words_and_a_small_environment_and_no_shell(void **state)
{
	struct err err = ERR_INIT;
	struct hook *h = NULL;
	char out[512];
	const char *path =
	    script(state, "hook",
		   "echo \"$# $1 $2\"; env | grep -v '^PWD=\\|^_=\\|^SHLVL=\\|^OLDPWD=' | "
		   "sort; cat; ls /proc/self/fd | wc -l; pwd; exit 7");
	assert_int_equal(setenv("LEAK", "1", 1), 0);
	const struct hook_run run = {.path = path,
				     .args_n = 2,
				     .args = {"restart", "a; rm -rf $HOME"},
				     .env_n = 1,
				     .env = {"ROTAD_INSTANCE=rs0-a"},
				     .timeout_us = 5 * US_S};
	assert_true(hook_begin(&run, &h, &err));
	struct hook_view v = finish(h);
	assert_int_equal(v.state, HOOK_ENDED);
	assert_int_equal(v.exit_code, 7);
	assert_false(v.was_signalled);
	hook_output(h, out, sizeof(out));
	/* 0, 1, 2 and the directory that ls has open */
	assert_string_equal(out,
			    "2 restart a; rm -rf $HOME\n"
			    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"
			    "ROTAD_INSTANCE=rs0-a\n4\n/");
	hook_free(h);
}

static void a_daemon_that_holds_the_pipe_is_not_waited_for(void **state)
{
	struct err err = ERR_INIT;
	struct hook *h = NULL;
	char out[512];
	const char *path = script(state, "hook", "echo before; sleep 30 & echo $!; exit 0");
	const struct hook_run run = {.path = path, .timeout_us = 20 * US_S};
	assert_true(hook_begin(&run, &h, &err));
	struct hook_view v = finish(h);
	assert_int_equal(v.exit_code, 0);
	assert_true(v.took_us < 10 * US_S);
	hook_output(h, out, sizeof(out));
	int pid = 0;
	assert_int_equal(sscanf(out, "before %d", &pid), 1);
	assert_int_equal(kill(pid, SIGKILL), 0); /* it was left alive, being in time */
	hook_free(h);
}

static void a_late_hook_is_ended_with_its_children_but_never_a_mongod(void **state)
{
	struct err err = ERR_INIT;
	struct hook *h = NULL;
	struct proc_stat s;
	char text[512], out[512];
	int server = 0, child = 0;
	const char *mongod = script(state, "mongod", "exec 0<&-; read x < \"$1\"");
	const char *fifo = tempdir_path(state, "fifo");
	assert_int_equal(mkfifo(fifo, 0600), 0);
	int hold = open(fifo, O_RDWR | O_CLOEXEC);
	snprintf(text, sizeof(text), "'%s' '%s' & echo $!; sleep 30 & echo $!; wait", mongod, fifo);
	const char *path = script(state, "hook", text);
	const struct hook_run run = {.path = path, .timeout_us = 200 * US_MS};
	assert_true(hook_begin(&run, &h, &err));
	struct hook_view v = finish(h);
	assert_int_equal(v.state, HOOK_OVERDUE);
	assert_true(v.was_signalled);
	assert_int_equal(v.exit_code, 128 + SIGTERM);
	hook_output(h, out, sizeof(out));
	assert_int_equal(sscanf(out, "%d %d", &server, &child), 2);
	assert_true(proc_stat_read(server, &s));
	assert_string_equal(s.comm, "mongod");
	assert_int_not_equal(s.state, 'Z');
	for (int i = 0; i < 1000 && proc_stat_read(child, &s) && s.state != 'Z'; i++)
		(void)poll(NULL, 0, 1);
	assert_true(!proc_stat_read(child, &s) || s.state == 'Z');
	assert_int_equal(kill(server, SIGKILL), 0);
	assert_int_equal(close(hold), 0);
	hook_free(h);
}

static void endless_output_is_bounded_and_its_end_is_kept_without_secrets(void **state)
{
	struct err err = ERR_INIT;
	struct hook *h = NULL;
	char out[2048];
	const char *path = script(state, "hook",
				  "head -c 300000 /dev/zero | tr '\\0' 'x'; echo; "
				  "echo 'key QmFzZTY0IGlzIG5vdCBlbmNyeXB0aW9uIGF0IGFsbCE='; "
				  "printf 'the \\033[31mend'");
	const struct hook_run run = {.path = path, .timeout_us = 5 * US_S};
	assert_true(hook_begin(&run, &h, &err));
	assert_int_equal(finish(h).exit_code, 0);
	hook_output(h, out, sizeof(out));
	assert_string_equal(out, "key [44 characters taken out]\nthe  [31mend");
	hook_free(h);
}

static void programs_that_must_not_run_are_refused(void **state)
{
	struct err err = ERR_INIT;
	struct hook *h = NULL;
	const char *path = script(state, "hook", "exit 0");
	static const struct {
		mode_t mode;
		enum err_kind kind;
	} rows[] = {{0777, ERR_UNSAFE_FILE}, {0775, ERR_UNSAFE_FILE}, {0644, ERR_PERMISSION}};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		const struct hook_run run = {.path = path, .timeout_us = US_S};
		assert_int_equal(chmod(path, rows[i].mode), 0);
		assert_false(hook_begin(&run, &h, &err));
		assert_int_equal(err.kind, rows[i].kind);
		assert_string_equal(err.subject, path);
	}
	assert_false(hook_check(*state, &err));
	assert_int_equal(err.kind, ERR_UNSAFE_FILE);
	assert_false(hook_check("relative", &err));
	assert_int_equal(err.kind, ERR_INVALID);
	assert_false(hook_check(tempdir_path(state, "no"), &err));
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	if (geteuid() == 0) {
		assert_int_equal(chmod(path, 0755), 0);
		assert_true(hook_check(path, &err));
		assert_int_equal(chown(path, 4321, 4321), 0);
		assert_false(hook_check(path, &err));
		assert_int_equal(err.kind, ERR_UNSAFE_FILE);
	}
	const char *text = tempdir_path(state, "text");
	tempdir_write(text, "exit 0\n", 0755); /* no "#!" */
	const struct hook_run run = {.path = text, .timeout_us = US_S};
	assert_false(hook_begin(&run, &h, &err));
	assert_int_equal(err.kind, ERR_HOOK);
	assert_null(h);
}

static void a_program_is_run_with_input_to_its_end(void **state)
{
	struct err err = ERR_INIT;
	struct buf out = {.max = 0};
	char errors[256];
	int code = -1;
	const char *path = script(state, "helper",
				  "cat; echo \"$CERTMONGER_OPERATION\"; "
				  "echo wait >&2; exit 5");
	const struct hook_run run = {.path = path,
				     .env_n = 1,
				     .env = {"CERTMONGER_OPERATION=SUBMIT"},
				     .input = STR("the request\n"),
				     .timeout_us = 5 * US_S};
	assert_true(hook_run(&run, 4096, &out, errors, sizeof(errors), &code, &err));
	assert_string_equal(buf_z(&out), "the request\nSUBMIT\n");
	assert_string_equal(errors, "wait");
	assert_int_equal(code, 5);
	buf_fini(&out);
}

static void a_program_that_is_late_or_chatty_or_killed_is_an_error(void **state)
{
	static const struct {
		const char *text;
		enum err_kind kind;
	} rows[] = {
	    {"sleep 30", ERR_TIMEOUT},
	    {"head -c 5000 /dev/zero", ERR_LIMIT},
	    {"kill -9 $$", ERR_HOOK},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct err err = ERR_INIT;
		struct buf out = {.max = 0};
		char errors[256];
		int code = -7;
		const struct hook_run run = {.path = script(state, "helper", rows[i].text),
					     .timeout_us = i == 0 ? 30 * US_MS : 5 * US_S};
		assert_false(hook_run(&run, 4096, &out, errors, sizeof(errors), &code, &err));
		assert_int_equal(err.kind, rows[i].kind);
		assert_int_equal(code, -7);
		assert_null(out.p);
	}
}

static void a_hook_given_up_on_is_ended(void **state)
{
	struct err err = ERR_INIT;
	struct hook *h = NULL;
	struct proc_stat s;
	char out[64];
	int pid = 0;
	const struct hook_run run = {.path = script(state, "hook", "echo $$; exec sleep 30"),
				     .timeout_us = 20 * US_S};
	assert_true(hook_begin(&run, &h, &err));
	for (int i = 0; i < 1000 && pid == 0; i++) {
		struct hook_view v;
		struct pollfd ready = {.fd = hook_fd(h), .events = POLLIN};
		(void)poll(&ready, 1, 10);
		hook_poll(h, &v);
		assert_int_equal(v.state, HOOK_RUNNING);
		hook_output(h, out, sizeof(out));
		(void)sscanf(out, "%d", &pid);
	}
	assert_true(pid > 0);
	hook_free(h);
	for (int i = 0; i < 1000 && proc_stat_read(pid, &s) && s.state != 'Z'; i++)
		(void)poll(NULL, 0, 1);
	assert_true(!proc_stat_read(pid, &s) || s.state == 'Z');
	hook_free(NULL);
}

#define IN_DIR(f) cmocka_unit_test_setup_teardown(f, tempdir_setup, tempdir_teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
	    IN_DIR(a_hook_gets_words_and_a_small_environment_and_no_shell),
	    IN_DIR(a_daemon_that_holds_the_pipe_is_not_waited_for),
	    IN_DIR(a_late_hook_is_ended_with_its_children_but_never_a_mongod),
	    IN_DIR(endless_output_is_bounded_and_its_end_is_kept_without_secrets),
	    IN_DIR(programs_that_must_not_run_are_refused),
	    IN_DIR(a_program_is_run_with_input_to_its_end),
	    IN_DIR(a_program_that_is_late_or_chatty_or_killed_is_an_error),
	    IN_DIR(a_hook_given_up_on_is_ended),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
