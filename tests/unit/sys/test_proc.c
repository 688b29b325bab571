/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/test.h"

#include "lib/tempdir.h"

#include <netinet/in.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "sys/proc.h"

/* A process that is called mongod: a script that waits for its input to end. */
static pid_t start_server(void **state, const char *option, const char *value, int *ret_hold)
{
	const char *path = tempdir_path(state, "mongod");
	char *argv[] = {(char *)(uintptr_t)path, (char *)(uintptr_t)option,
			(char *)(uintptr_t)value, NULL};
	char *env[] = {NULL};
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int fds[2];
	struct proc_stat s;
	if (access(path, X_OK) != 0) /* written once: the shell of the first may not have read it */
		tempdir_write(path, "#!/bin/sh\nread x\n", 0755);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
	assert_int_equal(posix_spawn_file_actions_adddup2(&actions, fds[0], 0), 0);
	assert_int_equal(posix_spawn(&pid, path, &actions, NULL, argv, env), 0);
	assert_int_equal(posix_spawn_file_actions_destroy(&actions), 0);
	assert_int_equal(close(fds[0]), 0);
	*ret_hold = fds[1];
	assert_true(proc_stat_read(pid, &s));
	assert_string_equal(s.comm, "mongod");
	/* execve wakes us before its new command line can be read. */
	struct process_view v = {.exit_code = -1};
	static const char empty[] =
	    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
	for (proc_view(pid, &v); strcmp(v.argv_hash, empty) == 0; proc_view(pid, &v))
		assert_int_equal(v.pid, pid);
	return pid;
}

static void end_server(pid_t pid, int hold)
{
	assert_int_equal(close(hold), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void a_server_is_found_by_lock_pid_file_and_command_line(void **state)
{
	char number[32];
	int hold;
	const char *conf = tempdir_path(state, "mongod.conf");
	pid_t pid = start_server(state, "--config", conf, &hold);
	const char *lock = tempdir_path(state, "mongod.lock");
	struct restart_target t = {.instance = "a", .db_path = *state};
	assert_int_equal(proc_find(&t, 0), 0);
	assert_int_equal(proc_find(&t, pid), pid);
	assert_int_equal(proc_find(&t, 1), 0); /* systemd says: not a server */
	snprintf(number, sizeof(number), "%d\n", pid);
	tempdir_write(lock, number, 0600);
	assert_int_equal(proc_find(&t, 0), pid);
	tempdir_write(lock, "1\n", 0600); /* of another name space */
	assert_int_equal(proc_find(&t, 0), 0);
	tempdir_write(lock, "", 0600); /* a clean stop */
	assert_int_equal(proc_find(&t, 0), 0);
	t = (struct restart_target){.instance = "a", .pid_file = lock};
	tempdir_write(lock, number, 0600);
	assert_int_equal(proc_find(&t, 0), pid);
	t = (struct restart_target){.instance = "a", .config_file = conf};
	assert_int_equal(proc_find(&t, 0), pid);
	t.config_file = "/etc/other.conf";
	assert_int_equal(proc_find(&t, 0), 0);
	end_server(pid, hold);
	t = (struct restart_target){.instance = "a", .pid_file = lock};
	assert_int_equal(proc_find(&t, 0), 0); /* stale */
}

static void two_that_could_be_it_are_unclear(void **state)
{
	int hold[2];
	pid_t pid[2];
	char db[512];
	const struct restart_target t = {.instance = "a", .db_path = *state};
	snprintf(db, sizeof(db), "--dbpath=%s", (const char *)*state);
	pid[0] = start_server(state, db, "", &hold[0]);
	assert_int_equal(proc_find(&t, 0), pid[0]);
	pid[1] = start_server(state, "--dbpath", *state, &hold[1]);
	assert_int_equal(proc_find(&t, 0), PROC_UNCLEAR);
	end_server(pid[0], hold[0]);
	assert_int_equal(proc_find(&t, 0), pid[1]);
	end_server(pid[1], hold[1]);
}

/* As mongod --fork does: what was started waits for its child, and that for the server. */
static void of_a_server_whose_parents_wait_it_is_the_child(void **state)
{
	const char *path = tempdir_path(state, "mongod");
	char *argv[] = {(char *)(uintptr_t)path, (char *)(uintptr_t) "--dbpath", *state, NULL};
	char *env[] = {NULL}, said[32] = "";
	const struct restart_target t = {.instance = "a", .db_path = *state};
	posix_spawn_file_actions_t actions;
	int in[2], out[2];
	size_t n = 0;
	ssize_t got;
	pid_t pid;
	tempdir_write(path, "#!/bin/sh\n( (/bin/sh -c 'echo $PPID'; read x; :); :)\n:\n", 0755);
	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
	assert_int_equal(posix_spawn_file_actions_adddup2(&actions, in[0], 0), 0);
	assert_int_equal(posix_spawn_file_actions_adddup2(&actions, out[1], 1), 0);
	assert_int_equal(posix_spawn(&pid, path, &actions, NULL, argv, env), 0);
	assert_int_equal(posix_spawn_file_actions_destroy(&actions), 0);
	assert_int_equal(close(in[0]) | close(out[1]), 0);
	while (n < sizeof(said) - 1 && !strchr(said, '\n')) {
		got = read(out[0], said + n, sizeof(said) - 1 - n);
		assert_true(got > 0);
		n += (size_t)got;
	}
	assert_int_not_equal(strtol(said, NULL, 10), pid);
	assert_int_equal(proc_find(&t, 0), strtol(said, NULL, 10));
	assert_int_equal(close(out[0]), 0);
	end_server(pid, in[1]);
	assert_int_equal(proc_find(&t, 0), 0);
}

static void a_server_is_found_by_its_port(void **state)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
	socklen_t at_n = sizeof(at);
	int fds[2], named[2], listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char x;
	assert_int_equal(bind(listener, (const struct sockaddr *)&at, at_n), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &at_n), 0);
	assert_int_equal(pipe2(fds, O_CLOEXEC) | pipe2(named, O_CLOEXEC), 0);
	pid_t pid = fork();
	if (pid == 0) {
		(void)prctl(PR_SET_NAME, "mongod");
		(void)close(fds[1]);
		(void)close(named[0]);
		(void)close(named[1]);
		_exit(read(fds[0], &x, 1) == 0 ? 0 : 1);
	}
	assert_int_equal(close(named[1]), 0);
	assert_int_equal(read(named[0], &x, 1), 0); /* it has its name now */
	struct restart_target t = {.instance = "a", .port = ntohs(at.sin_port)};
	assert_int_equal(proc_find(&t, 0), pid); /* and not us, who hold the socket too */
	t.port = t.port == 1 ? 2 : t.port - 1;
	assert_int_equal(proc_find(&t, 0), 0);
	assert_int_equal(close(fds[0]) | close(fds[1]) | close(named[0]) | close(listener), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void a_process_is_described(void **state)
{
	int hold;
	struct process_view a = {.exit_code = -1}, b = {.exit_code = -1};
	pid_t pid = start_server(state, "-f", "/x", &hold);
	proc_view(pid, &a);
	proc_view(pid, &b);
	assert_int_equal(a.state, PROCESS_RUNNING);
	assert_int_equal(a.pid, pid);
	assert_true(a.start_ticks > 0);
	assert_int_equal(a.start_ticks, b.start_ticks);
	assert_true(a.started_at.us > INT64_C(1600000000) * US_S);
	assert_int_equal(strlen(a.argv_hash), 64);
	assert_string_equal(a.argv_hash, b.argv_hash);
	assert_int_equal(a.binary[0], '/');
	assert_false(a.is_binary_changed);
	proc_view(getpid(), &b);
	assert_string_not_equal(a.argv_hash, b.argv_hash);
	end_server(pid, hold);
	proc_view(pid, &a);
	assert_int_equal(a.state, PROCESS_NONE);
	assert_int_equal(a.pid, 0);
	assert_string_equal(a.argv_hash, "");
	proc_view(0, &b);
	assert_int_equal(b.state, PROCESS_NONE);
}

static void a_replaced_binary_shows(void **state)
{
	const char *path = tempdir_path(state, "cat"), *next = tempdir_path(state, "cat2");
	char copy[1100];
	struct process_view v = {.exit_code = -1};
	char *env[] = {NULL}, *argv[] = {(char *)(uintptr_t)path, NULL};
	posix_spawn_file_actions_t actions;
	int fds[2];
	pid_t pid;
	FILE *from = fopen("/bin/cat", "re"), *to = fopen(path, "we"), *to2 = fopen(next, "we");
	assert_non_null(from);
	for (size_t n; (n = fread(copy, 1, sizeof(copy), from)) > 0;) {
		assert_int_equal(fwrite(copy, 1, n, to), n);
		assert_int_equal(fwrite(copy, 1, n, to2), n);
	}
	assert_int_equal(fclose(from) | fclose(to) | fclose(to2), 0);
	assert_int_equal(chmod(path, 0755), 0);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
	assert_int_equal(posix_spawn_file_actions_adddup2(&actions, fds[0], 0), 0);
	assert_int_equal(posix_spawn(&pid, path, &actions, NULL, argv, env), 0);
	assert_int_equal(posix_spawn_file_actions_destroy(&actions), 0);
	proc_view(pid, &v);
	assert_false(v.is_binary_changed);
	assert_string_equal(v.binary, path);
	assert_int_equal(rename(next, path), 0);
	proc_view(pid, &v);
	assert_true(v.is_binary_changed);
	assert_int_equal(close(fds[0]) | close(fds[1]), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void only_servers_are_servers(void **state)
{
	static const struct {
		const char *comm;
		bool is;
	} rows[] = {{"mongod", true},     {"mongos", true},   {"mongod-6.0", true},
		    {"mongodump", false}, {"mongosh", false}, {"mongo", false},
		    {"mongodb", false},   {"xmongod", false}, {"", false}};
	for (size_t i = 0; i < ARRAY_N(rows); i++)
		assert_int_equal(proc_is_server(rows[i].comm), rows[i].is);
}

#define LINE(s, id, msg, attr)                                                                     \
	"{\"t\":{\"$date\":\"2026-11-22T03:31:23.789+00:00\"},\"s\":\"" s                          \
	"\",  \"c\":\"CONTROL\",  \"id\":" id ",   \"ctx\":\"main\",\"msg\":\"" msg                \
	"\",\"attr\":" attr "}\n"
#define RESTARTED LINE("I", "20698", "***** SERVER RESTARTED *****", "{}")
#define BAD_KEYFILE                                                                                \
	LINE("I", "20254", "Read security file failed",                                            \
	     "{\"error\":{\"code\":30,\"codeName\":\"InvalidPath\",\"errmsg\":\"permissions on "   \
	     "/x/kf are too open\"}}")
#define GENERIC                                                                                    \
	LINE("F", "20575", "Error creating service context",                                       \
	     "{\"error\":\"Location5579201: Unable to acquire security key[s]\"}")

static void the_reason_of_a_failed_start_is_told(void **state)
{
	static const struct {
		const char *log, *out;
		int code;
	} rows[] = {
	    {BAD_KEYFILE GENERIC,
	     "id 20254: Read security file failed: permissions on /x/kf are too open", -1},
	    {RESTARTED GENERIC,
	     "id 20575: Error creating service context: Location5579201: Unable to acquire "
	     "security "
	     "key[s]",
	     -1},
	    {BAD_KEYFILE GENERIC RESTARTED, "", -1}, /* of the start before */
	    {LINE("E", "23248", "Cannot read certificate file",
		  "{\"keyFile\":\"/x/bad.pem\",\"error\":\"no start line\"}")
		 LINE("F", "20574", "Error during global initialization",
		      "{\"error\":{\"code\":140,\"errmsg\":\"Can not set up PEM key file.\"}}"),
	     "id 23248: Cannot read certificate file: no start line", -1},
	    {LINE("E", "20557", "DBException in initAndListen, terminating",
		  "{\"error\":\"DBPathInUse: locked\"}")
		 LINE("I", "23138", "Shutting down", "{\"exitCode\":48}"),
	     "id 20557: DBException in initAndListen, terminating: DBPathInUse: locked", 48},
	    {LINE("I", "1", "harmless \\\"s\\\":\\\"F\\\"", "{}"), "", -1},
	    {"not JSON at all \"s\":\"F\"\n", "", -1},
	    {"{\"s\":\"F\",\"id\":7}\n", "", -1}, /* no words */
	    {LINE("E", "7", "bare", "{}"), "id 7: bare", -1},
	    {LINE("I", "20254", "Read security file failed",
		  "{\"error\":{\"errmsg\":\"invalid char in key file /x/kf: "
		  "0VBM85qqI_o8uTau73yB7cP9aBeVIg_7kNpKEVNjy3uxSXLRfVF0TqgW7Zo7nMW3zQlhr\"}}"),
	     "id 20254: Read security file failed: invalid char in key file /x/kf: [69 characters "
	     "taken out]",
	     -1},
	    {"", "", -1},
	};
	const char *path = tempdir_path(state, "log");
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		char out[512] = "x";
		int code = -7;
		tempdir_write(path, rows[i].log, 0600);
		proc_last_error(path, out, sizeof(out), &code);
		assert_string_equal(out, rows[i].out);
		assert_int_equal(code, rows[i].code);
	}
}

static void only_the_end_of_a_log_is_read_and_no_log_is_no_error(void **state)
{
	char out[512];
	int code;
	const char *path = tempdir_path(state, "log");
	FILE *f = fopen(path, "we");
	assert_non_null(f);
	(void)fputs(BAD_KEYFILE, f);
	for (int i = 0; i < 3000; i++)
		(void)fputs(LINE("I", "1", "noise noise noise", "{}"), f);
	assert_int_equal(fclose(f), 0);
	proc_last_error(path, out, sizeof(out), &code);
	assert_string_equal(out, "");
	f = fopen(path, "ae");
	(void)fputs(GENERIC, f);
	assert_int_equal(fclose(f), 0);
	proc_last_error(path, out, sizeof(out), &code);
	assert_non_null(strstr(out, "id 20575"));
	proc_last_error(tempdir_path(state, "no"), out, sizeof(out), &code);
	assert_string_equal(out, "");
	proc_last_error(NULL, out, sizeof(out), &code);
	proc_last_error("/dev/zero", out, sizeof(out), &code);
	proc_last_error(*state, out, sizeof(out), &code);
	assert_string_equal(out, "");
	assert_int_equal(code, -1);
}

#define IN_DIR(f) cmocka_unit_test_setup_teardown(f, tempdir_setup, tempdir_teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
	    IN_DIR(a_server_is_found_by_lock_pid_file_and_command_line),
	    IN_DIR(two_that_could_be_it_are_unclear),
	    IN_DIR(of_a_server_whose_parents_wait_it_is_the_child),
	    cmocka_unit_test(a_server_is_found_by_its_port),
	    IN_DIR(a_process_is_described),
	    IN_DIR(a_replaced_binary_shows),
	    cmocka_unit_test(only_servers_are_servers),
	    IN_DIR(the_reason_of_a_failed_start_is_told),
	    IN_DIR(only_the_end_of_a_log_is_read_and_no_log_is_no_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
