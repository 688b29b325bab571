/* SPDX-License-Identifier: Apache-2.0 */
/* rotad --before-start whatever is so: ends with 0, says one line, writes nothing. What it puts
 * right is tests/unit/round/test_before_start.c. */
#include "cmd/before_start.h"

#include "lib/test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/tempdir.h"

static char conf[512], state[512];

static void write_conf(const char *directory, const char *text)
{
	char whole[2048];
	snprintf(conf, sizeof(conf), "%s/rotad.yaml", directory);
	snprintf(state, sizeof(state), "%s/state", directory);
	snprintf(whole, sizeof(whole), "stateDirectory: %s\nsocket: %s/sock\n%s", state, directory,
		 text);
	int fd = open(conf, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, whole, strlen(whole)), (ssize_t)strlen(whole));
	close(fd);
}

/* What it says; it must end well. */
static const char *run(char **argv)
{
	static char said[4096];
	int pipes[2], argc = 0, kept = dup(STDERR_FILENO);
	ssize_t n;
	size_t all = 0;
	while (argv[argc])
		argc++;
	assert_int_equal(pipe(pipes), 0);
	assert_true(dup2(pipes[1], STDERR_FILENO) >= 0);
	close(pipes[1]);
	const int status = before_start_main(argc, argv);
	assert_true(dup2(kept, STDERR_FILENO) >= 0);
	close(kept);
	while ((n = read(pipes[0], said + all, sizeof(said) - 1 - all)) > 0)
		all += (size_t)n;
	said[all] = 0;
	close(pipes[0]);
	assert_int_equal(status, 0);
	return said;
}

#define ONE "instances: [{name: rs0, configFile: /nonexistent/mongod.conf}]\n"
static const struct {
	const char *text; /* the configuration; NULL: none is there */
	const char *words[2];
	const char *says;
} rows[] = {
    {NULL, {NULL}, "nothing was changed: reading the configuration"},
    {"instances: [", {NULL}, "nothing was changed"},
    {"keyfile: {mode: fly}\n" ONE, {NULL}, "nothing was changed"},
    {ONE, {"--bogus"}, "nothing was looked at"},
    {ONE, {"rs1"}, "nothing was changed"},
    {"instances: [{name: a, configFile: /a}, {name: b, configFile: /b}]\n",
     {NULL},
     "has 2 instances: name the one that is started"},
    {ONE, {NULL}, ""},
    {ONE, {"rs0"}, ""},
    {"mode: act\nkeyfile: {mode: act}\nschedule: {file: /nonexistent/s, signer: "
     "/nonexistent/c}\n" ONE,
     {"rs0"},
     ""},
};

static void it_ends_well_and_writes_nothing(void **state_)
{
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		char option[] = BEFORE_START_OPTION, dash[] = "--config";
		char word[32] = "";
		char *argv[6] = {(char[]){"rotad"}, option, dash, conf, NULL, NULL};
		const char *said, *end;
		write_conf(*state_, rows[i].text ? rows[i].text : "");
		if (!rows[i].text)
			assert_int_equal(unlink(conf), 0);
		if (rows[i].words[0]) {
			snprintf(word, sizeof(word), "%s", rows[i].words[0]);
			argv[4] = word;
		}
		said = run(argv);
		end = strchr(said, '\n');
		if (strncmp(said, "rotad --before-start: ", 22) != 0 ||
		    !strstr(said, rows[i].says) || !end || end[1])
			fail_msg("row %zu: %s", i, said);
		assert_int_not_equal(access(state, F_OK), 0);
	}
}

static void it_is_wanted_by_its_word_alone(void **state_)
{
	char *yes[] = {(char[]){"rotad"}, (char[]){"--config"}, (char[]){"x"},
		       (char[]){BEFORE_START_OPTION}, NULL};
	char *no[] = {(char[]){"rotad"}, (char[]){"--before"}, NULL};
	(void)state_;
	assert_true(before_start_wanted(4, yes));
	assert_false(before_start_wanted(3, yes));
	assert_false(before_start_wanted(2, no));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(it_is_wanted_by_its_word_alone),
	    cmocka_unit_test_setup_teardown(it_ends_well_and_writes_nothing, tempdir_setup,
					    tempdir_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
