/* SPDX-License-Identifier: Apache-2.0 */
/* rotad --before-start: a child looks and may put the keyfile right; its parent waits for it, for
 * so long and no longer, and ends well whatever became of it. A file that is right costs a look at
 * this host's disk; one that is not is put right by the rotad that runs, else under its lock. */
#include "cmd/before_start.h"

#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/secret.h"
#include "cmd/daemon_ask.h"
#include "cmd/wiring.h"
#include "codec/json_mem.h"
#include "conf/conf_check.h"
#include "conf/conf_parse.h"
#include "round/central.h"
#include "round/round.h"
#include "sys/files_durable.h"
#include "sys/host_linux.h"
#include "sys/journal.h"
#include "sys/lock.h"

enum { ASK_S = 7 /* of the rotad that runs */, WHY_BYTES = 1024 };

static void say(const char *format, ...) PRINTF(1, 2);
static void say(const char *format, ...)
{
	char text[2 * WHY_BYTES];
	va_list ap;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	for (char *c = text; *c; c++) /* one line */
		if (*c == '\n')
			*c = ' ';
	(void)fprintf(stderr, "rotad " BEFORE_START_OPTION ": %s\n", text);
}

bool before_start_wanted(int argc, char *const *argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], BEFORE_START_OPTION) == 0)
			return true;
	return false;
}

struct task {
	struct conf *conf;
	const char *instance; /* "": the only one */
	char libexec[PATH_BYTES_MAX];
};

static void tell(void *self, const struct event *e, bool is_mine)
{
	(void)self;
	(void)is_mine;
	journal_event(e);
}

/* The seat that is asked for, with what the central schedule says for it: the most careful word
 * wins here as well. */
static struct seat *seat_of(const struct task *k, struct wiring *w, struct central **ret,
			    struct err *err)
{
	static char host_name[HOST_BYTES_MAX];
	struct central_parts parts = {.host = host_linux(),
				      .files = files_durable(),
				      .host_name = host_name,
				      .seats_n = wiring_seats_n(w),
				      .tell = tell};
	struct seat *t = wiring_find_seat(w, k->instance);
	if (gethostname(host_name, sizeof(host_name) - 1) != 0)
		cut_z(host_name, sizeof(host_name), "unknown");
	for (unsigned i = 0; i < parts.seats_n; i++)
		parts.seats[i] = wiring_seat(w, i);
	if (!t) {
		(void)err_set(err, ERR_NOT_FOUND, "there is no instance '%.100s' in %.200s",
			      k->instance, k->conf->config.path);
		return NULL;
	}
	return central_new(&parts, k->conf, ret, err) ? t : NULL;
}

/* By the disk alone; may_write: with the lock. False: it cannot be looked at. */
static bool alone(const struct task *k, bool may_write, enum before_start_end *ret, bool *ret_wants,
		  char path[PATH_BYTES_MAX], char *why, struct err *err)
{
	const struct wiring_teller teller = {.tell = tell};
	struct wiring *w = NULL;
	struct central *central = NULL;
	bool ok = may_write ? wiring_new_alone(&k->conf->config, k->libexec, &teller, &w, err)
			    : wiring_new_looking(&k->conf->config, k->libexec, &w, err);
	struct seat *t = ok ? seat_of(k, w, &central, err) : NULL;
	if (t) {
		t->ports.program.ops = NULL; /* who wrote it is asked when there is time */
		*ret = before_start_alone(t, may_write, ret_wants, why, WHY_BYTES);
		cut_z(path, PATH_BYTES_MAX, t->options.key_file);
	}
	if (w)
		wiring_free(w);
	central_free(central);
	return t != NULL;
}

/* By the rotad that has the lock. False: it does not answer. */
static bool ask(const struct task *k, enum before_start_end *ret, char *why, struct err *err)
{
	AUTO(json_t) body = json_pack("{s:s}", "instance", k->instance);
	AUTO(json_t) answer = NULL;
	unsigned status;
	if (!daemon_ask(k->conf->config.socket, "POST", "/v1/before-start", body, ASK_S * US_S,
			&status, &answer, err))
		return false;
	const char *end = json_string_value(json_object_get(answer, "end"));
	const char *text = json_string_value(json_object_get(answer, "why"));
	if (status >= 300 || !end) {
		text = json_string_value(json_object_get(json_object_get(answer, "error"), "text"));
		return err_set(err, ERR_REFUSED, "%.400s", text ? text : "it said no");
	}
	*ret = strcmp(end, "right") == 0    ? BEFORE_START_FINE
	       : strcmp(end, "mended") == 0 ? BEFORE_START_MENDED
					    : BEFORE_START_LEFT;
	snprintf(why, WHY_BYTES, "%.600s", text ? text : "");
	return true;
}

static bool look_and_mend(const struct task *k, struct err *err)
{
	enum before_start_end end = BEFORE_START_LEFT;
	char path[PATH_BYTES_MAX] = "", why[WHY_BYTES] = "", by_disk[WHY_BYTES];
	bool wants = false;
	int64_t holder = 0;
	if (!k->instance[0] && k->conf->config.instances_n != 1)
		return err_set(err, ERR_INVALID,
			       "%.200s has %u instances: name the one that is started",
			       k->conf->config.path, k->conf->config.instances_n);
	if (!alone(k, false, &end, &wants, path, why, err))
		return false;
	if (end == BEFORE_START_FINE) {
		say("%.400s is right: %.200s", path, why);
		return true;
	}
	if (!state_lock_find(k->conf->config.state_directory, &holder, err))
		return false;
	cut_z(by_disk, sizeof(by_disk), why);
	if (holder && !ask(k, &end, why, err))
		return err_in(err, "%.300s: %.300s; the rotad that runs (process %lld)", path,
			      by_disk, (long long)holder);
	if (!holder && wants && !alone(k, true, &end, &wants, path, why, err))
		return false;
	if (end == BEFORE_START_MENDED)
		say("%.400s was put right: %.300s", path, by_disk);
	else if (end == BEFORE_START_FINE)
		say("%.400s is right: %.200s", path, why);
	else
		say("%.400s is left as it is: %.600s", path, why);
	return true;
}

static bool conf_open(const char *path, struct conf **ret, struct err *err)
{
	auto_conf struct conf *c = conf_new();
	auto_free struct conf_faults *faults = calloc(1, sizeof(*faults));
	const struct files_port files = files_durable();
	const struct conf_how how = {
	    .files = &files, .uid = getuid(), .now = host_linux().ops->now(host_linux().self)};
	if (!c || !faults)
		return err_set(err, ERR_MEMORY, "no memory");
	if (!conf_load(path, &how, c, faults, err))
		return false;
	*ret = take(&c);
	return true;
}

static void child(int argc, char **argv)
{
	static const struct option options[] = {{"config", required_argument, NULL, 'c'},
						{"before-start", no_argument, NULL, 'b'},
						{NULL, 0, NULL, 0}};
	const char *config = SYSCONFDIR "/rotad/rotad.yaml";
	struct task k = {.instance = ""};
	struct err err = ERR_INIT;
	char text[WHY_BYTES];
	int c;
	opterr = 0;
	while ((c = getopt_long(argc, argv, "c:", options, NULL)) != -1)
		if (c == 'c')
			config = optarg;
		else if (c != 'b') {
			say("nothing was looked at: it takes --config FILE and the name of an "
			    "instance");
			return;
		}
	if (optind < argc)
		k.instance = argv[optind];
	secret_process_init();
	json_mem_init();
	journal_start(NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	helper_folder(k.libexec, sizeof(k.libexec));
	if (!conf_open(config, &k.conf, &err) || !look_and_mend(&k, &err))
		say("nothing was changed: %s", err_print(&err, text, sizeof(text)));
	conf_free(k.conf);
}

static int64_t left_us(const struct timespec *end)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail for this clock */
	return (end->tv_sec - now.tv_sec) * US_S + (end->tv_nsec - now.tv_nsec) / 1000;
}

int before_start_main(int argc, char **argv)
{
	sigset_t ends;
	struct timespec end;
	pid_t pid, got = 0;
	int status = 0;
	(void)clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += BEFORE_START_S;
	sigemptyset(&ends);
	sigaddset(&ends, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &ends, NULL);
	pid = fork();
	if (pid < 0) {
		say("nothing was looked at: %s", strerror(errno));
		return 0;
	}
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		child(argc, argv);
		_exit(0);
	}
	while ((got = waitpid(pid, &status, WNOHANG)) == 0 && left_us(&end) > 0) {
		const int64_t us = left_us(&end);
		const struct timespec wait = {.tv_sec = us / US_S, .tv_nsec = us % US_S * 1000};
		if (us > 0)
			(void)sigtimedwait(&ends, NULL, &wait);
	}
	if (got == 0) {
		(void)kill(pid, SIGKILL);
		say("not done within %d s: mongod is started as things are", BEFORE_START_S);
	} else if (got == pid && WIFSIGNALED(status))
		say("ended by signal %d: mongod is started as things are", WTERMSIG(status));
	return 0;
}
