/* SPDX-License-Identifier: Apache-2.0 */
/* From a request to a call and back to a reply; nothing is decided here. */
#include "mongod/service.h"

#include <string.h>

#include "codec/json_mongod.h"
#include "mongod/admin.h"
#include "mongod/login.h"
#include "mongod/resolve.h"
#include "mongod/store_set.h"
#include "mongod/tls.h"

struct service {
	struct session_pool pool;
	char store_primary[HOST_BYTES_MAX];
	/* The large values: too much for a stack. */
	union {
		struct mongod_hello hello;
		struct mongod_status status;
		struct mongod_config config;
		struct mongod_server server;
		struct mongod_options options;
		struct mongod_shards shards;
		struct mongod_login_result login;
		struct mongod_tls_result tls;
	} u;
	struct store_set store;
};

bool service_new(struct service **ret, struct err *err)
{
	struct service *s = calloc(1, sizeof(*s));
	if (!s)
		return err_set(err, ERR_MEMORY, "no memory to begin");
	session_pool_init(&s->pool);
	*ret = s;
	return true;
}

void service_free(struct service *s)
{
	if (!s)
		return;
	session_pool_clear(&s->pool);
	free(s);
}

static bool ask_parse(struct service *s, const json_t *request, struct ask *ret, struct err *err)
{
	struct ask a = {.pool = &s->pool};
	if (!json_target_parse(request, &a.target, err) ||
	    !json_login_parse(request, &a.login, err))
		return err_in(err, "reading a request");
	a.deadline = mono_add(resolve_now(), a.target.timeout_us);
	*ret = a;
	return true;
}

/* Errors name the member they concern. */
static bool told(const struct ask *a, struct err *err)
{
	if (!err->subject[0])
		err_subject(err, a->target.host);
	return false;
}

static bool text_of(const json_t *request, const char *name, const char **ret, struct err *err)
{
	*ret = json_string_value(json_object_get(request, name));
	return *ret || err_set(err, ERR_PROTOCOL, "'%s' is missing", name);
}

static bool put(json_t *reply, const char *name, json_t *value, struct err *err)
{
	return json_object_set_new(reply, name, value) == 0 ||
	       err_set(err, ERR_MEMORY, "no memory for a reply");
}

static bool op_hello(void *self, const json_t *request, json_t *reply, struct err *err)
{
	struct service *s = self;
	struct ask a = {.pool = &s->pool};
	if (!json_target_parse(request, &a.target, err))
		return err_in(err, "reading a request");
	a.deadline = mono_add(resolve_now(), a.target.timeout_us);
	if (!session_hello(&s->pool, &a.target, a.deadline, &s->u.hello, err))
		return told(&a, err);
	return json_hello_print(&s->u.hello, reply, err);
}

/* The ops that differ in the value's type only. */
#define OP_PROBE(name)                                                                             \
	static bool op_##name(void *self, const json_t *request, json_t *reply, struct err *err)   \
	{                                                                                          \
		struct service *s = self;                                                          \
		struct ask a;                                                                      \
		if (!ask_parse(s, request, &a, err))                                               \
			return false;                                                              \
		if (!name##_probe(&a, &s->u.name, err))                                            \
			return told(&a, err);                                                      \
		return json_##name##_print(&s->u.name, reply, err);                                \
	}
OP_PROBE(status)
OP_PROBE(config)
OP_PROBE(server)
OP_PROBE(options)
OP_PROBE(shards)

static bool op_login(void *self, const json_t *request, json_t *reply, struct err *err)
{
	struct service *s = self;
	struct ask a;
	if (!ask_parse(s, request, &a, err))
		return false;
	if (!login_prove(&a.target, &a.login, a.deadline, &s->u.login, err))
		return told(&a, err);
	return json_login_result_print(&s->u.login, reply, err);
}

static bool op_tls(void *self, const json_t *request, json_t *reply, struct err *err)
{
	struct service *s = self;
	struct ask a = {.pool = &s->pool};
	if (!json_target_parse(request, &a.target, err))
		return err_in(err, "reading a request");
	a.deadline = mono_add(resolve_now(), a.target.timeout_us);
	if (!tls_probe(&a.target, a.deadline, &s->u.tls, err))
		return told(&a, err);
	return json_tls_result_print(&s->u.tls, reply, err);
}

static bool op_step_down(void *self, const json_t *request, json_t *reply, struct err *err)
{
	struct ask a;
	(void)reply;
	if (!ask_parse(self, request, &a, err))
		return false;
	return admin_step_down(&a, json_integer_value(json_object_get(request, "seconds")),
			       json_integer_value(json_object_get(request, "catch_up_s")), err) ||
	       told(&a, err);
}

static bool op_set_parameter(void *self, const json_t *request, json_t *reply, struct err *err)
{
	struct ask a;
	const char *name = NULL;
	(void)reply;
	if (!ask_parse(self, request, &a, err) || !text_of(request, "name", &name, err))
		return false;
	return admin_set_parameter(&a, name, json_integer_value(json_object_get(request, "value")),
				   err) ||
	       told(&a, err);
}

static bool op_rotate_certificates(void *self, const json_t *request, json_t *reply,
				   struct err *err)
{
	struct ask a;
	(void)reply;
	if (!ask_parse(self, request, &a, err))
		return false;
	return admin_rotate_certificates(&a, json_string_value(json_object_get(request, "message")),
					 err) ||
	       told(&a, err);
}

static bool op_foreign_sessions(void *self, const json_t *request, json_t *reply, struct err *err)
{
	struct ask a;
	const json_t *list = json_object_get(request, "hosts");
	const char *hosts[MEMBERS_MAX + ROUTERS_MAX];
	size_t n = json_array_size(list);
	auto_buf struct buf text = {.max = 64 * 1024};

	if (!ask_parse(self, request, &a, err))
		return false;
	if (n > ARRAY_N(hosts))
		return err_set(err, ERR_LIMIT, "more than %zu hosts", ARRAY_N(hosts));
	for (size_t i = 0; i < n; i++) {
		hosts[i] = json_string_value(json_array_get(list, i));
		if (!hosts[i])
			return err_set(err, ERR_PROTOCOL, "a host is no text");
	}
	if (!foreign_sessions_probe(&a, hosts, n, &text, err))
		return told(&a, err);
	return put(reply, "text", json_string(buf_z(&text)), err);
}

static bool op_forget(void *self, const json_t *request, json_t *reply, struct err *err)
{
	struct service *s = self;
	(void)request, (void)reply, (void)err;
	session_pool_clear(&s->pool);
	return true;
}

static bool store_parse(struct service *s, const json_t *request, struct err *err)
{
	const json_t *list = json_object_get(request, "targets");
	size_t n = json_array_size(list);
	json_int_t timeout_us = json_integer_value(json_object_get(request, "timeout_us"));

	if (n == 0 || n > MEMBERS_MAX || timeout_us <= 0 || timeout_us > US_H)
		return err_set(err, ERR_PROTOCOL, "'targets' or 'timeout_us' is invalid");
	s->store = (struct store_set){.pool = &s->pool,
				      .primary = s->store_primary,
				      .deadline = mono_add(resolve_now(), timeout_us)};
	for (size_t i = 0; i < n; i++)
		if (!json_target_parse(json_array_get(list, i), &s->store.targets[i], err))
			return false;
	s->store.targets_n = (unsigned)n;
	return json_login_parse(request, &s->store.login, err);
}

static bool op_store_list(void *self, const json_t *request, json_t *reply, struct err *err)
{
	struct service *s = self;
	const char *prefix = NULL;
	bool has_more = false;
	AUTO(json_t) docs = json_array();

	if (!store_parse(s, request, err) || !text_of(request, "prefix", &prefix, err))
		return err_in(err, "reading a request");
	return store_set_list(&s->store, prefix,
			      json_string_value(json_object_get(request, "after")), docs, &has_more,
			      err) &&
	       put(reply, "docs", json_incref(docs), err) &&
	       put(reply, "more", json_boolean(has_more), err);
}

static bool op_store_read(void *self, const json_t *request, json_t *reply, struct err *err)
{
	struct service *s = self;
	const char *id = NULL;
	json_t *doc = NULL;

	if (!store_parse(s, request, err) || !text_of(request, "id", &id, err))
		return err_in(err, "reading a request");
	return store_set_read(&s->store, id, &doc, err) &&
	       put(reply, "doc", doc ? doc : json_null(), err);
}

/* The words for the wire, both sides: sys/store_rpc.c has the same. */
static json_t *outcome_print(enum store_outcome o)
{
	return json_string(o == STORE_DONE       ? "done"
			   : o == STORE_CONFLICT ? "conflict"
						 : "ambiguous");
}

static bool op_store_swap(void *self, const json_t *request, json_t *reply, struct err *err)
{
	struct service *s = self;
	struct store_doc doc;
	json_int_t expected = json_integer_value(json_object_get(request, "expected"));
	enum store_outcome outcome = STORE_AMBIGUOUS;

	if (!store_parse(s, request, err) ||
	    !json_store_doc_parse(json_object_get(request, "doc"), &doc, err))
		return err_in(err, "reading a request");
	if (expected < 0 || expected == INT64_MAX)
		return err_set(err, ERR_PROTOCOL, "'expected' is invalid");
	return store_set_swap(&s->store, doc.id, &doc, expected, &outcome, err) &&
	       put(reply, "outcome", outcome_print(outcome), err);
}

static bool op_store_remove(void *self, const json_t *request, json_t *reply, struct err *err)
{
	struct service *s = self;
	const char *id = NULL;
	json_int_t expected = json_integer_value(json_object_get(request, "expected"));
	enum store_outcome outcome = STORE_AMBIGUOUS;

	if (!store_parse(s, request, err) || !text_of(request, "id", &id, err))
		return err_in(err, "reading a request");
	if (expected < 1)
		return err_set(err, ERR_PROTOCOL, "'expected' is invalid");
	return store_set_swap(&s->store, id, NULL, expected, &outcome, err) &&
	       put(reply, "outcome", outcome_print(outcome), err);
}

const struct serve_row *service_rows(size_t *ret_n)
{
	static const struct serve_row rows[] = {
	    {"hello", op_hello},
	    {"status", op_status},
	    {"config", op_config},
	    {"server", op_server},
	    {"options", op_options},
	    {"shards", op_shards},
	    {"login", op_login},
	    {"tls", op_tls},
	    {"step_down", op_step_down},
	    {"set_parameter", op_set_parameter},
	    {"rotate_certificates", op_rotate_certificates},
	    {"foreign_sessions", op_foreign_sessions},
	    {"forget", op_forget},
	    {"store_list", op_store_list},
	    {"store_read", op_store_read},
	    {"store_swap", op_store_swap},
	    {"store_remove", op_store_remove},
	};
	*ret_n = ARRAY_N(rows);
	return rows;
}
