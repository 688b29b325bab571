/* SPDX-License-Identifier: Apache-2.0 */
/* A helper that behaves as it is asked to: well, or in each of the bad ways. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "codec/serve.h"

static bool op_echo(void *self, const json_t *request, json_t *reply, struct err *err)
{
	json_t *copy = json_deep_copy(json_object_get(request, "value"));
	return json_object_set_new(reply, "value", copy ? copy : json_null()) == 0;
}

static bool op_error(void *self, const json_t *request, json_t *reply, struct err *err)
{
	return err_set(err, ERR_REFUSED, "no");
}

NORETURN static void sleep_on(void)
{
	for (;;)
		(void)pause();
}

static bool op_hang(void *self, const json_t *request, json_t *reply, struct err *err)
{
	sleep_on();
}

/* Deaf to polite requests, with a child of its own. */
static bool op_cling(void *self, const json_t *request, json_t *reply, struct err *err)
{
	(void)signal(SIGTERM, SIG_IGN);
	if (fork() == 0)
		sleep_on();
	sleep_on();
}

static bool op_die(void *self, const json_t *request, json_t *reply, struct err *err)
{
	_exit(7);
}

static bool op_kill(void *self, const json_t *request, json_t *reply, struct err *err)
{
	(void)raise(SIGKILL);
	return true;
}

static bool op_garbage(void *self, const json_t *request, json_t *reply, struct err *err)
{
	ssize_t n = write(HELPER_FD, "\0\0\0\003abc", 7);
	return n == 7;
}

/* Answers, then ends while nobody asks. */
static bool op_last(void *self, const json_t *request, json_t *reply, struct err *err)
{
	if (json_object_set_new(reply, "ok", json_true()) != 0 ||
	    !frame_put(HELPER_FD, reply, US_S, err))
		return false;
	_exit(0);
}

/* What it was given. */
static bool op_self(void *self, const json_t *request, json_t *reply, struct err *err)
{
	struct rlimit files, core;
	json_t *env = json_array(), *fds = json_array();
	for (char **e = environ; *e; e++)
		(void)json_array_append_new(env, json_string(*e));
	for (int fd = 0; fd < 256; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			(void)json_array_append_new(fds, json_integer(fd));
	(void)getrlimit(RLIMIT_FSIZE, &files);
	(void)getrlimit(RLIMIT_CORE, &core);
	const char *path = json_string_value(json_object_get(request, "path"));
	int wrote = 0;
	int fd = path ? open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600) : -1;
	if (fd >= 0)
		wrote = write(fd, "x", 1) == 1 ? 0 : errno;
	json_t *all =
	    json_pack("{s:o, s:o, s:I, s:I, s:i, s:b, s:b}", "env", env, "fds", fds, "fsize",
		      (json_int_t)files.rlim_max, "core", (json_int_t)core.rlim_max, "write_errno",
		      wrote, "no_new_privs", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), "leads_group",
		      getpgrp() == getpid());
	bool ok = json_object_update(reply, all) == 0;
	json_decref(all);
	return ok;
}

/* A write of the store: what comes of it stands in the document's id. */
static bool op_store_swap(void *self, const json_t *request, json_t *reply, struct err *err)
{
	const char *id = json_string_value(json_object_get(json_object_get(request, "doc"), "id"));
	if (!id || strcmp(id, "die") == 0)
		_exit(7);
	if (strcmp(id, "garbage") == 0)
		return op_garbage(self, request, reply, err);
	if (strcmp(id, "refused") == 0)
		return err_set(err, ERR_REFUSED, "no");
	return json_object_set_new(reply, "outcome", json_string(id)) == 0;
}

/* As many documents as the prefix says, three a page. */
static bool op_store_list(void *self, const json_t *request, json_t *reply, struct err *err)
{
	const char *prefix = json_string_value(json_object_get(request, "prefix"));
	const char *after = json_string_value(json_object_get(request, "after"));
	int all = prefix ? (int)strtol(prefix, NULL, 10) : 0;
	int first = after ? (int)strtol(after, NULL, 10) + 1 : 0;
	json_t *docs = json_array();
	for (int i = first; i < all && i < first + 3; i++) {
		char id[16];
		(void)snprintf(id, sizeof(id), "%04d", i);
		(void)json_array_append_new(docs, json_pack("{s:s, s:i, s:s, s:s}", "id", id, "rev",
							    1, "nonce", "n", "text", id));
	}
	return json_object_set_new(reply, "docs", docs) == 0 &&
	       json_object_set_new(reply, "more", json_boolean(first + 3 < all)) == 0;
}

static bool op_store_read(void *self, const json_t *request, json_t *reply, struct err *err)
{
	const char *id = json_string_value(json_object_get(request, "id"));
	json_t *doc =
	    id && strcmp(id, "there") == 0
		? json_pack("{s:s, s:i, s:s, s:s}", "id", id, "rev", 3, "nonce", "n", "text", "x")
		: json_null();
	return json_object_set_new(reply, "doc", doc) == 0;
}

int main(void)
{
	static const struct serve_row rows[] = {
	    {"echo", op_echo},
	    {"error", op_error},
	    {"hang", op_hang},
	    {"cling", op_cling},
	    {"die", op_die},
	    {"kill", op_kill},
	    {"garbage", op_garbage},
	    {"last", op_last},
	    {"self", op_self},
	    {"store_swap", op_store_swap},
	    {"store_list", op_store_list},
	    {"store_read", op_store_read},
	};
	struct err err = ERR_INIT;
	json_mem_init();
	return serve_confine(&err) && serve_loop(HELPER_FD, rows, ARRAY_N(rows), NULL, &err) ? 0
											     : 1;
}
