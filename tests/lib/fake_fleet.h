/* SPDX-License-Identifier: Apache-2.0 */
/* port/mongod.h as a table of servers: what each says of itself, who is asked, in which order. */
#ifndef TESTS_LIB_FAKE_FLEET_H
#define TESTS_LIB_FAKE_FLEET_H

#include <stdio.h>
#include <string.h>

#include "lib/test.h"
#include "port/mongod.h"

enum { FLEET_MAX = 100 };
struct fake_server {
	char host[HOST_BYTES_MAX];
	bool is_down;
	enum err_kind denies; /* to whoever logs in; ERR_NONE: nothing */
	struct mongod_hello hello;
	struct mongod_status status;
	struct mongod_server server;
	struct mongod_options options;
	const struct mongod_config *config;
	const struct mongod_shards *shards;
	enum login_verdict verdict;
};
static struct {
	unsigned n;
	struct fake_server servers[FLEET_MAX];
	char asked[4096]; /* "hello a1, config b1", without ports */
	const char *self; /* who alone is asked at the instance's address; also as localhost */
} fleet;

static inline struct fake_server *fleet_find(const char *host)
{
	for (unsigned i = 0; i < fleet.n; i++)
		if (strcmp(fleet.servers[i].host, host) == 0)
			return &fleet.servers[i];
	return NULL;
}
/* "a1" is "a1:27017". A letter: P primary, S secondary, A arbiter, R recovering, M mongos, x down.
 */
static inline struct fake_server *fleet_add(const char *name, char letter)
{
	static unsigned processes;
	char host[HOST_BYTES_MAX];
	snprintf(host, sizeof(host), "%s:27017", name);
	struct fake_server *f = fleet_find(host);
	if (!f)
		f = &fleet.servers[fleet.n++];
	ASSERT(fleet.n <= FLEET_MAX);
	*f = (struct fake_server){.is_down = letter == 'x'};
	cut_z(f->host, sizeof(f->host), host);
	f->hello.is_writable_primary = letter == 'P' || letter == 'M';
	f->hello.is_secondary = letter == 'S';
	f->hello.is_arbiter = letter == 'A';
	f->hello.is_mongos = letter == 'M';
	snprintf(f->hello.process_id, sizeof(f->hello.process_id), "%024u", ++processes);
	return f;
}
static inline struct fake_server *fleet_of(const char *host)
{
	struct fake_server *f = fleet_find(host);
	if (!f)
		fail_msg("no server '%s'", host);
	ASSERT(f);
	return f;
}
static inline struct fake_server *fleet_get(const char *name)
{
	char host[HOST_BYTES_MAX];
	snprintf(host, sizeof(host), "%s:27017", name);
	return fleet_of(host);
}
/* The server that is asked; NULL: there is none, with the error. */
static inline const struct fake_server *fleet_ask(const char *what, const struct mongod_target *t,
						  bool is_login, struct err *err)
{
	const bool is_own = fleet.self && (strcmp(t->host, fleet.self) == 0 ||
					   strncmp(t->host, "localhost:", 10) == 0);
	const char *host = t->address && fleet.self ? fleet.self : t->host;
	const struct fake_server *f = fleet_find(host);
	size_t at = strlen(fleet.asked);
	if (t->address && !is_own)
		fail_msg("%s %s goes to %s", what, t->host, t->address);
	snprintf(fleet.asked + at, sizeof(fleet.asked) - at, "%s%s %.*s", at ? ", " : "", what,
		 (int)strcspn(host, ":"), host);
	if (!f || f->is_down)
		(void)err_set(err, ERR_UNREACHABLE, "no route to host");
	else if (is_login && f->denies != ERR_NONE)
		(void)err_set(err, f->denies, "18: Authentication failed");
	else
		return f;
	return NULL;
}
#define FLEET_ASK(name, login, field, type)                                                        \
	static bool fleet_##name(void *self UNUSED, const struct mongod_target *t,                 \
				 const struct mongod_credential *c UNUSED, type *ret,              \
				 struct err *err)                                                  \
	{                                                                                          \
		const struct fake_server *f = fleet_ask(#name, t, login, err);                     \
		if (f)                                                                             \
			*ret = field;                                                              \
		return f != NULL;                                                                  \
	}
FLEET_ASK(status, true, f->status, struct mongod_status)
FLEET_ASK(server, true, f->server, struct mongod_server)
FLEET_ASK(options, true, f->options, struct mongod_options)
static bool fleet_hello(void *self UNUSED, const struct mongod_target *t, struct mongod_hello *ret,
			struct err *err)
{
	const struct fake_server *f = fleet_ask("hello", t, false, err);
	if (f)
		*ret = f->hello;
	return f != NULL;
}
static bool fleet_config(void *self UNUSED, const struct mongod_target *t,
			 const struct mongod_credential *c UNUSED, struct mongod_config *ret,
			 struct err *err)
{
	const struct fake_server *f = fleet_ask("config", t, true, err);
	if (f && !f->config)
		return err_set(err, ERR_REFUSED, "94: NotYetInitialized");
	if (f)
		*ret = *f->config;
	return f != NULL;
}
static bool fleet_shards(void *self UNUSED, const struct mongod_target *t,
			 const struct mongod_credential *c UNUSED, struct mongod_shards *ret,
			 struct err *err)
{
	const struct fake_server *f = fleet_ask("shards", t, true, err);
	if (f && !f->shards)
		return err_set(err, ERR_REFUSED, "13: Unauthorized");
	if (f)
		*ret = *f->shards;
	return f != NULL;
}
static bool fleet_login(void *self UNUSED, const struct mongod_target *t,
			const struct mongod_credential *c UNUSED, struct mongod_login_result *ret,
			struct err *err)
{
	const struct fake_server *f = fleet_ask("login", t, false, err);
	if (f) {
		*ret = (struct mongod_login_result){.verdict = f->verdict};
		cut_z(ret->process_id, sizeof(ret->process_id), f->hello.process_id);
	}
	return f != NULL;
}
static const struct mongod_ops fleet_ops = {.hello = fleet_hello,
					    .status = fleet_status,
					    .config = fleet_config,
					    .server = fleet_server,
					    .options = fleet_options,
					    .shards = fleet_shards,
					    .login = fleet_login};

/* "a1 b1 c1" as rs.conf of a set. */
static inline void fleet_set(struct mongod_config *ret, const char *set, const char *names)
{
	char copy[1024], *rest = copy;
	*ret = (struct mongod_config){.version = 1, .term = 1};
	cut_z(ret->set, sizeof(ret->set), set);
	cut_z(copy, sizeof(copy), names);
	for (char *name; (name = strtok_r(rest, " ", &rest));) {
		struct mongod_config_member *m = &ret->members[ret->members_n];
		struct fake_server *f = fleet_get(name);
		*m = (struct mongod_config_member){.id = ret->members_n++,
						   .votes = 1,
						   .priority = 1,
						   .is_arbiter = f->hello.is_arbiter};
		cut_z(m->host, sizeof(m->host), f->host);
		f->config = ret;
	}
}

#endif
