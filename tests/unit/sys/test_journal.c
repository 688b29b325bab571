/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/test.h"

#include "lib/tempdir.h"

#include <sys/socket.h>
#include <sys/un.h>

#include "model/event_table.h"
#include "sys/journal.h"

static int listen_at(const char *path)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

static void an_event_has_all_its_fields(void **state)
{
	char got[8192];
	int fd = listen_at(tempdir_path(state, "socket"));
	journal_start(tempdir_path(state, "socket"));
	struct event e = event_of(EVENT_FOREIGN_WRITE, "rs0", "db3.example.net");
	snprintf(e.headline, sizeof(e.headline), "rs0/db3: replaced");
	snprintf(e.what, sizeof(e.what), "key 6\nonly");
	snprintf(e.you, sizeof(e.you), "rotactl resume");
	journal_event(&e);
	ssize_t n = recv(fd, got, sizeof(got) - 1, 0);
	assert_true(n > 0);
	/* a field of more than one line has a binary length */
	char *what = memmem(got, (size_t)n, "ROTAD_WHAT\n\x0a\0\0\0\0\0\0\0key 6\nonly\n", 30);
	assert_non_null(what);
	for (ssize_t i = 0; i < n; i++)
		if (got[i] == 0)
			got[i] = '.';
	got[n] = 0;
	static const char *const fields[] = {"\nPRIORITY=3\n",
					     "\nROTAD_EVENT=foreign-write\n",
					     "\nROTAD_CLUSTER=rs0\n",
					     "\nROTAD_MEMBER=db3.example.net\n",
					     "\nROTAD_SEVERITY=critical\n",
					     "\nROTAD_YOU=rotactl resume\n",
					     "\nSYSLOG_IDENTIFIER=rotad\n",
					     "rs0/db3: replaced - key 6"};
	for (size_t i = 0; i < ARRAY_N(fields); i++)
		assert_non_null(strstr(got, fields[i]));
	assert_non_null(strstr(got, event_table[EVENT_FOREIGN_WRITE].message_id));
	assert_null(strstr(got, "ROTAD_NOW"));
	assert_int_equal(journal_dropped(), 0);
	assert_int_equal(close(fd), 0);
}

static void a_stuck_journal_is_not_waited_for(void **state)
{
	char got[8192];
	int fd = listen_at(tempdir_path(state, "socket"));
	unsigned received = 0, sent = 0;
	journal_start(tempdir_path(state, "socket"));
	for (; journal_dropped() < 3 && sent < 100000; sent++)
		journal_line(SEVERITY_INFO, "line %u", sent);
	assert_int_equal(journal_dropped(), 3);
	while (recv(fd, got, sizeof(got), 0) > 0)
		received++;
	assert_int_equal(received, sent - 3);
	journal_line(SEVERITY_INFO, "again");
	ssize_t n = recv(fd, got, sizeof(got) - 1, 0);
	assert_true(n > 0);
	got[n] = 0;
	assert_non_null(strstr(got, "ROTAD_DROPPED=3\n"));
	assert_int_equal(close(fd), 0);
}

static void the_foreground_gets_one_clean_line(void **state)
{
	char got[8192];
	int pipe_fds[2], before = dup(STDERR_FILENO);
	assert_int_equal(pipe(pipe_fds), 0);
	assert_int_equal(unsetenv("JOURNAL_STREAM"), 0);
	journal_start(NULL);
	assert_int_equal(dup2(pipe_fds[1], STDERR_FILENO), STDERR_FILENO);
	struct event e = event_of(EVENT_HOOK_FAILED, "rs0", "db1");
	snprintf(e.headline, sizeof(e.headline), "bad\nrotad: \x1b[31mforged");
	journal_event(&e);
	assert_int_equal(dup2(before, STDERR_FILENO), STDERR_FILENO);
	ssize_t n = read(pipe_fds[0], got, sizeof(got) - 1);
	assert_true(n > 0);
	got[n] = 0;
	assert_string_equal(got, "rotad: warning: hook-failed: bad rotad:  [31mforged\n");
	assert_int_equal(close(pipe_fds[0]) | close(pipe_fds[1]) | close(before), 0);
}

#define IN_DIR(f) cmocka_unit_test_setup_teardown(f, tempdir_setup, tempdir_teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
	    IN_DIR(an_event_has_all_its_fields),
	    IN_DIR(a_stuck_journal_is_not_waited_for),
	    IN_DIR(the_foreground_gets_one_clean_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
