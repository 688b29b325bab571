/* SPDX-License-Identifier: Apache-2.0 */
/* Runs rotactl in this process, with what it prints in strings, and a small daemon in a thread that
 * gives canned answers and keeps the requests. */
#ifndef TESTS_UNIT_CMD_CTL_RUN_H
#define TESTS_UNIT_CMD_CTL_RUN_H

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "cmd/ctl.h"

enum { RUN_ARGS_MAX = 16, CANNED_MAX = 8 };
#define FIXTURE(name) TESTS_DIR "/fixtures/ctl/" name

static inline enum ctl_exit ctl_run_args(const char *const *args, char **ret_out, char **ret_err)
{
	size_t out_n, err_n;
	char *argv[RUN_ARGS_MAX + 2] = {(char *)"rotactl"};
	int argc = 1;
	for (; argc <= RUN_ARGS_MAX && args[argc - 1]; argc++)
		argv[argc] = (char *)(uintptr_t)args[argc - 1];
	FILE *out = open_memstream(ret_out, &out_n), *err = open_memstream(ret_err, &err_n);
	assert_non_null(out);
	assert_non_null(err);
	enum ctl_exit code = ctl_main(argc, argv, out, err);
	fclose(out);
	fclose(err);
	return code;
}

static inline void read_fixture(const char *path, struct buf *ret)
{
	char part[4096];
	size_t n;
	auto_file FILE *f = fopen(path, "re");
	if (!f)
		fail_msg("no fixture %s", path);
	while ((n = fread(part, 1, sizeof(part), f)) > 0)
		buf_add(ret, part, n);
	buf_adds(ret, "");
}

/* A status as the daemon gives it: the fixture, looked at just now or that many seconds ago. */
static inline json_t *fixture_json(const char *path)
{
	json_error_t why;
	json_t *doc = json_load_file(path, JSON_REJECT_DUPLICATES, &why);
	if (!doc)
		fail_msg("%s: %s", path, why.text);
	return doc;
}

/* ---- the daemon ---- */

struct canned {
	char path[100];
	int listen_fd;
	pthread_t thread;
	unsigned n, asked_n;
	struct buf answers[CANNED_MAX];  /* raw bytes, one a connection, in order */
	struct buf requests[CANNED_MAX]; /* what came */
};

static inline void canned_raw(struct canned *c, const char *bytes)
{
	assert_true(c->n < CANNED_MAX);
	buf_adds(&c->answers[c->n++], bytes);
}

static inline void canned_json(struct canned *c, unsigned status, const char *json)
{
	assert_true(c->n < CANNED_MAX);
	buf_addf(&c->answers[c->n++],
		 "HTTP/1.1 %u X\r\nContent-Type: application/json\r\ncontent-length: %zu\r\n\r\n%s",
		 status, strlen(json), json);
}

static inline void canned_status(struct canned *c, json_t *doc, int64_t age_s)
{
	char when[40];
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	struct wall at = {.us = (t.tv_sec - age_s) * US_S};
	json_object_set_new(doc, "at", json_string(wall_print_utc(at, when, sizeof(when))));
	char *text = json_dumps(doc, 0);
	canned_json(c, 200, text);
	free(text);
}

/* Has a whole request come? Its body is as long as its head says. */
static inline bool is_whole(const struct buf *b)
{
	const char *end = strstr(buf_z(b), "\r\n\r\n");
	const char *length = strstr(buf_z(b), "Content-Length: ");
	size_t body_n = length ? strtoul(length + 16, NULL, 10) : 0;
	return end && b->n >= (size_t)(end + 4 - b->p) + body_n;
}

static inline void *canned_serve(void *self)
{
	struct canned *c = self;
	for (unsigned i = 0; i < c->n; i++) {
		char part[4096];
		auto_close int fd = accept(c->listen_fd, NULL, NULL);
		if (fd < 0)
			return NULL; /* shut down: nobody asks any more */
		c->asked_n = i + 1;
		while (!is_whole(&c->requests[i])) {
			ssize_t n = recv(fd, part, sizeof(part), 0);
			if (n <= 0)
				break;
			buf_add(&c->requests[i], part, (size_t)n);
		}
		for (size_t sent = 0; sent < c->answers[i].n;) {
			ssize_t n =
			    send(fd, c->answers[i].p + sent, c->answers[i].n - sent, MSG_NOSIGNAL);
			if (n <= 0)
				break;
			sent += (size_t)n;
		}
	}
	return NULL;
}

/* Give the answers first, then start. */
static inline void canned_start(struct canned *c, const char *folder)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	snprintf(c->path, sizeof(c->path), "%s/sock", folder);
	assert_true(copy_z(address.sun_path, sizeof(address.sun_path), c->path));
	(void)unlink(c->path);
	c->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(c->listen_fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(c->listen_fd, 8), 0);
	assert_int_equal(pthread_create(&c->thread, NULL, canned_serve, c), 0);
}

static inline void canned_stop(struct canned *c)
{
	shutdown(c->listen_fd, SHUT_RDWR); /* ends a waiting accept() */
	pthread_join(c->thread, NULL);
	close(c->listen_fd);
}

static inline void canned_fini(struct canned *c)
{
	for (unsigned i = 0; i < CANNED_MAX; i++) {
		buf_fini(&c->answers[i]);
		buf_fini(&c->requests[i]);
	}
	(void)unlink(c->path);
}

#endif
