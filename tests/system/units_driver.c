/* SPDX-License-Identifier: Apache-2.0 */
/* port/restarter.h on a real host, from the command line, for tests/system/units.py.
 *
 * usage: units_driver can|poll|process|restart|start|reload unit|job|hook NAME [TIMEOUT_MS [HOLD]]
 * Prints KEY=VALUE lines; exit 0, or 1 with the error. A verb is seen to its end by polls. */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sys/restarter_host.h"

static const char *const hows[] = {"none", "unit", "job", "hook"};
static const char *const verbs[] = {"restart", "start", "reload"};
static const char *const states[] = {"none", "running", "done", "failed", "overdue"};
static const char *const processes[] = {"unknown", "none", "starting", "running", "stopping"};

static int64_t now_us(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * US_S + t.tv_nsec / 1000;
}

static int find(const char *const *words, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(words[i], word) == 0)
			return (int)i;
	return -1;
}

static int tell(bool ok, const struct err *err)
{
	char why[2048];
	if (!ok)
		printf("error=%s\ntext=%s\n", err_kind_name(err->kind),
		       err_print(err, why, sizeof(why)));
	return ok ? 0 : 1;
}

static int see_through(struct restarter_port r, const struct restart_target *t,
		       enum restart_verb verb, struct err *err)
{
	struct job_view v = {.state = JOB_NONE};
	int64_t longest = 0, start = now_us();
	unsigned polls = 0;
	if (!r.ops->begin(r.self, t, verb, err))
		return tell(false, err);
	printf("begin_ms=%" PRId64 "\n", (now_us() - start) / US_MS);
	(void)fflush(stdout);
	do {
		struct pollfd ready = {.fd = restarter_host_fd(r.self), .events = POLLIN};
		(void)poll(&ready, 1, 100);
		int64_t before = now_us();
		if (!r.ops->poll(r.self, t, &v, err))
			return tell(false, err);
		longest = MAX(longest, now_us() - before);
		polls++;
	} while (v.state == JOB_RUNNING && now_us() - start < 60 * US_S);
	printf("state=%s\nwhy=%s\npolls=%u\nlongest_poll_ms=%" PRId64 "\n", states[v.state], v.why,
	       polls, longest / US_MS);
	return 0;
}

int main(int argc, char **argv)
{
	struct err err = ERR_INIT;
	struct restarter_port r;
	struct job_view v;
	struct process_view p;
	if (argc < 4 || find(hows, ARRAY_N(hows), argv[2]) < 0)
		return 64;
	struct restart_target t = {
	    .instance = "a",
	    .how = (enum restart_how)find(hows, ARRAY_N(hows), argv[2]),
	    .name = argv[3],
	    .db_path = getenv("UNITS_DB_PATH"),
	    .timeout_us = (argc > 4 ? strtoll(argv[4], NULL, 10) : 20000) * US_MS,
	};
	if (!restarter_host_new(&r, &err))
		return tell(false, &err);
	int verb = find(verbs, ARRAY_N(verbs), argv[1]), rc = 64;
	if (verb >= 0) {
		rc = see_through(r, &t, (enum restart_verb)verb, &err);
	} else if (strcmp(argv[1], "can") == 0) {
		rc = tell(r.ops->can(r.self, &t, &err), &err);
	} else if (strcmp(argv[1], "poll") == 0) {
		rc = tell(r.ops->poll(r.self, &t, &v, &err), &err);
		if (rc == 0)
			printf("state=%s\nwhy=%s\n", states[v.state], v.why);
	} else if (strcmp(argv[1], "process") == 0) {
		rc = tell(r.ops->process(r.self, &t, &p, &err), &err);
		if (rc == 0)
			printf("state=%s\npid=%" PRId64 "\nexit_code=%d\nbinary=%s\n"
			       "needs_daemon_reload=%d\nin_our_cgroup=%d\nstarted_at_us=%" PRId64
			       "\n",
			       processes[p.state], p.pid, p.exit_code, p.binary,
			       p.needs_daemon_reload, p.is_in_our_cgroup, p.started_at.us);
	}
	restarter_host_free(r.self);
	return rc;
}
