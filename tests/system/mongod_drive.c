/* SPDX-License-Identifier: Apache-2.0 */
/* The ports mongod and store, driven by hand: a JSON request a line on stdin, a JSON answer a line
 * on stdout, through a real rotad-mongo. For tests only; takes keys on stdin.
 *
 * {"do":"hello","target":{...},"credential":{...}, ...}   answers {"us":N, ...} or {"error":{...}}
 * also: status config server options login tls step_down set_parameter rotate_certificates
 * foreign_sessions forget; store_set {"targets":[...]}, store_list store_read store_swap
 * store_remove; pid, kill. usage: mongod_drive PATH-OF-ROTAD-MONGO */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "codec/json_err.h"
#include "codec/json_mongod.h"
#include "sys/mongod_rpc.h"
#include "sys/store_rpc.h"

enum { LINE_BYTES_MAX = 1024 * 1024 };

struct drive {
	struct helper *helper;
	struct mongod_port mongod;
	struct store_rpc *store;
	struct store_port store_port;
	struct arena arena;
	json_t *config; /* the store's: targets borrow from it */
	struct mongod_target targets[MEMBERS_MAX];
	struct secret store_key;
};

static int64_t now_us(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * US_S + t.tv_nsec / 1000;
}

static const char *text_of(const json_t *request, const char *name)
{
	const char *text = json_string_value(json_object_get(request, name));
	return text ? text : "";
}

static int64_t int_of(const json_t *request, const char *name)
{
	return json_integer_value(json_object_get(request, name));
}

static bool credential(const json_t *request, struct secret *key, struct mongod_credential *ret,
		       struct err *err)
{
	struct mongod_login l = {.how = LOGIN_AS_NOBODY};
	if (json_object_get(request, "credential") && !json_login_parse(request, &l, err))
		return false;
	if (l.key.p && !secret_from(key, l.key.p, l.key.n, err))
		return false;
	*ret = (struct mongod_credential){
	    .how = l.how, .key = key, .user = l.user, .database = l.database};
	return true;
}

static bool store_config(struct drive *d, json_t *request, struct err *err)
{
	struct store_rpc_config c = {.targets = d->targets,
				     .timeout_us = int_of(request, "timeout_us")};
	const json_t *list = json_object_get(request, "targets");
	json_decref(d->config);
	d->config = json_incref(request);
	secret_fini(&d->store_key);
	for (size_t i = 0; i < json_array_size(list) && i < MEMBERS_MAX; i++) {
		AUTO(json_t) one = json_pack("{s:O}", "target", json_array_get(list, i));
		if (!json_target_parse(one, &d->targets[i], err))
			return false;
		c.targets_n++;
	}
	if (!credential(request, &d->store_key, &c.credential, err))
		return false;
	store_rpc_set(d->store, &c);
	return true;
}

static const char *outcome_name(enum store_outcome o)
{
	return o == STORE_DONE ? "done" : o == STORE_CONFLICT ? "conflict" : "ambiguous";
}

static bool doc_put(const struct store_doc *doc, json_t *to, struct err *err)
{
	AUTO(json_t) one = json_object();
	if (!json_store_doc_print(doc, one, err))
		return false;
	return json_is_array(to) ? json_array_append(to, one) == 0
				 : json_object_set(to, "doc", one) == 0;
}

static bool store_do(struct drive *d, const char *what, json_t *request, json_t *reply,
		     struct err *err)
{
	const struct store_ops *ops = d->store_port.ops;
	void *self = d->store_port.self;
	struct store_doc doc = {.rev = 0}, *docs = NULL;
	enum store_outcome outcome = STORE_AMBIGUOUS;
	size_t n = 0;
	bool found = false;

	arena_reset(&d->arena);
	if (strcmp(what, "store_set") == 0)
		return store_config(d, request, err);
	if (strcmp(what, "store_list") == 0) {
		AUTO(json_t) list = json_array();
		if (!ops->list(self, text_of(request, "prefix"), &d->arena, &docs, &n, err))
			return false;
		for (size_t i = 0; i < n; i++)
			if (!doc_put(&docs[i], list, err))
				return false;
		return json_object_set(reply, "docs", list) == 0;
	}
	if (strcmp(what, "store_read") == 0)
		return ops->read(self, text_of(request, "id"), &d->arena, &doc, &found, err) &&
		       (!found || doc_put(&doc, reply, err));
	if (strcmp(what, "store_remove") == 0) {
		if (!ops->remove(self, text_of(request, "id"), int_of(request, "expected"),
				 &outcome, err))
			return false;
	} else {
		if (!json_store_doc_parse(json_object_get(request, "doc"), &doc, err) ||
		    !ops->swap(self, &doc, int_of(request, "expected"), &outcome, err))
			return false;
	}
	return json_object_set_new(reply, "outcome", json_string(outcome_name(outcome))) == 0;
}

static union {
	struct mongod_hello hello;
	struct mongod_status status;
	struct mongod_config config;
	struct mongod_server server;
	struct mongod_options options;
	struct mongod_login_result login;
	struct mongod_tls_result tls;
} u;

static bool mongod_do(struct drive *d, const char *what, const json_t *request, json_t *reply,
		      const struct mongod_credential *c, struct err *err)
{
	const struct mongod_ops *ops = d->mongod.ops;
	void *self = d->mongod.self;
	struct mongod_target t;
	char text[4096];

	if (!json_target_parse(request, &t, err))
		return false;
	if (strcmp(what, "hello") == 0)
		return ops->hello(self, &t, &u.hello, err) &&
		       json_hello_print(&u.hello, reply, err);
	if (strcmp(what, "status") == 0)
		return ops->status(self, &t, c, &u.status, err) &&
		       json_status_print(&u.status, reply, err);
	if (strcmp(what, "config") == 0)
		return ops->config(self, &t, c, &u.config, err) &&
		       json_config_print(&u.config, reply, err);
	if (strcmp(what, "server") == 0)
		return ops->server(self, &t, c, &u.server, err) &&
		       json_server_print(&u.server, reply, err);
	if (strcmp(what, "options") == 0)
		return ops->options(self, &t, c, &u.options, err) &&
		       json_options_print(&u.options, reply, err);
	if (strcmp(what, "login") == 0)
		return ops->login(self, &t, c, &u.login, err) &&
		       json_login_result_print(&u.login, reply, err);
	if (strcmp(what, "tls") == 0)
		return ops->tls(self, &t, &u.tls, err) && json_tls_result_print(&u.tls, reply, err);
	if (strcmp(what, "step_down") == 0)
		return ops->step_down(self, &t, c, int_of(request, "seconds"),
				      int_of(request, "catch_up_s"), err);
	if (strcmp(what, "set_parameter") == 0)
		return ops->set_parameter(self, &t, c, text_of(request, "name"),
					  int_of(request, "value"), err);
	if (strcmp(what, "rotate_certificates") == 0)
		return ops->rotate_certificates(self, &t, c, text_of(request, "message"), err);
	if (strcmp(what, "foreign_sessions") == 0) {
		const json_t *list = json_object_get(request, "hosts");
		const char *hosts[MEMBERS_MAX];
		size_t n = MIN(json_array_size(list), (size_t)MEMBERS_MAX);
		for (size_t i = 0; i < n; i++)
			hosts[i] = json_string_value(json_array_get(list, i));
		return ops->foreign_sessions(self, &t, c, hosts, n, text, sizeof(text), err) &&
		       json_object_set_new(reply, "text", json_string(text)) == 0;
	}
	return err_set(err, ERR_UNSUPPORTED, "unknown '%s'", what);
}

static bool drive_do(struct drive *d, json_t *request, json_t *reply, struct err *err)
{
	const char *what = text_of(request, "do");
	struct mongod_credential c;
	auto_secret struct secret key = {.p = NULL};

	if (strcmp(what, "pid") == 0)
		return json_object_set_new(reply, "pid", json_integer(helper_pid(d->helper))) == 0;
	if (strcmp(what, "kill") == 0)
		return kill(helper_pid(d->helper), SIGKILL) == 0;
	if (strcmp(what, "forget") == 0) {
		d->mongod.ops->forget(d->mongod.self);
		return true;
	}
	if (strncmp(what, "store_", 6) == 0)
		return store_do(d, what, request, reply, err);
	return credential(request, &key, &c, err) && mongod_do(d, what, request, reply, &c, err);
}

int main(int argc, char **argv)
{
	struct drive d = {.helper = NULL};
	struct err err = ERR_INIT;
	char text[1024];
	auto_free char *line = malloc(LINE_BYTES_MAX);

	json_mem_init();
	if (argc != 2 || !line || !helper_new("rotad-mongo", argv[1], &d.helper, &err) ||
	    !mongod_rpc_new(d.helper, &d.mongod, &err) ||
	    !store_rpc_new(d.helper, &d.store, &d.store_port, &err) ||
	    !arena_init(&d.arena, 64 * 1024 * 1024, &err)) {
		fprintf(stderr, "%s\n", err_print(&err, text, sizeof(text)));
		return 1;
	}
	while (fgets(line, LINE_BYTES_MAX, stdin)) {
		AUTO(json_t) request = json_loads(line, 0, NULL);
		AUTO(json_t) reply = json_object();
		err = ERR_INIT;
		int64_t begun = now_us();
		if (!drive_do(&d, request, reply, &err))
			(void)json_object_set_new(reply, "error", json_err_print(&err));
		(void)json_object_set_new(reply, "us", json_integer(now_us() - begun));
		AUTO(char) out = json_dumps(reply, JSON_COMPACT);
		printf("%s\n", out ? out : "{}");
		(void)fflush(stdout);
	}
	json_decref(d.config);
	secret_fini(&d.store_key);
	store_rpc_free(d.store);
	arena_fini(&d.arena);
	helper_free(d.helper);
	return 0;
}
