/* SPDX-License-Identifier: Apache-2.0 */
/* Each call is a request and a reply; codec/json_mongod.h knows both forms. */
#include "sys/mongod_rpc.h"

#include "codec/json_mongod.h"
#include "codec/serve.h"

/* Ask for op with what was put into request so far. */
static bool ask(void *self, json_t *request, const char *op, int64_t timeout_us, json_t **ret,
		struct err *err)
{
	if (json_object_set_new(request, "op", json_string(op)) != 0)
		return err_set(err, ERR_MEMORY, "no memory for a request");
	return helper_call(self, request, timeout_us + RPC_MARGIN_US, ret, err);
}

/* The same for a request that changes nothing: a helper that was ended from outside just before
 * (out of memory, a person's kill) is not worth an error, so another is asked, once. */
static bool ask_again(void *self, json_t *request, const char *op, int64_t timeout_us, json_t **ret,
		      struct err *err)
{
	bool was_sent = false;
	AUTO(json_t) reply = NULL;
	struct err why = ERR_INIT;

	if (json_object_set_new(request, "op", json_string(op)) != 0)
		return err_set(err, ERR_MEMORY, "no memory for a request");
	if (!helper_ask(self, request, timeout_us + RPC_MARGIN_US, &reply, &was_sent, &why)) {
		if (!was_sent || why.kind != ERR_UNREACHABLE) {
			*err = why;
			return false;
		}
		return helper_call(self, request, timeout_us + RPC_MARGIN_US, ret, err);
	}
	if (!serve_reply_check(reply, err))
		return false;
	*ret = take(&reply);
	return true;
}

static int64_t timeout_of(const struct mongod_target *t)
{
	return t->timeout_us ? t->timeout_us : MONGOD_TIMEOUT_US;
}

/* A request about t, and as c if given. */
static bool begin(const struct mongod_target *t, const struct mongod_credential *c, json_t **ret,
		  struct err *err)
{
	AUTO(json_t) request = json_object();
	if (!request)
		return err_set(err, ERR_MEMORY, "no memory for a request");
	if (!json_target_print(t, request, err) || (c && !json_credential_print(c, request, err)))
		return false;
	*ret = take(&request);
	return true;
}

static bool put(json_t *request, const char *name, json_t *value, struct err *err)
{
	return json_object_set_new(request, name, value) == 0 ||
	       err_set(err, ERR_MEMORY, "'%s' cannot be written as JSON", name);
}

static bool rpc_hello(void *self, const struct mongod_target *t, struct mongod_hello *ret,
		      struct err *err)
{
	AUTO(json_t) request = NULL;
	AUTO(json_t) reply = NULL;
	struct mongod_hello value;
	if (!begin(t, NULL, &request, err) ||
	    !ask_again(self, request, "hello", timeout_of(t), &reply, err) ||
	    !json_hello_parse(reply, &value, err))
		return false;
	*ret = value;
	return true;
}

/* The large ones are read in place by way of the heap, so that ret stays untouched on failure. */
#define RPC_PROBE(name)                                                                            \
	static bool rpc_##name(void *self, const struct mongod_target *t,                          \
			       const struct mongod_credential *c, struct mongod_##name *ret,       \
			       struct err *err)                                                    \
	{                                                                                          \
		AUTO(json_t) request = NULL;                                                       \
		AUTO(json_t) reply = NULL;                                                         \
		auto_free struct mongod_##name *value = malloc(sizeof(*value));                    \
		if (!value)                                                                        \
			return err_set(err, ERR_MEMORY, "no memory for a reply");                  \
		if (!begin(t, c, &request, err) ||                                                 \
		    !ask_again(self, request, #name, timeout_of(t), &reply, err) ||                \
		    !json_##name##_parse(reply, value, err))                                       \
			return false;                                                              \
		*ret = *value;                                                                     \
		return true;                                                                       \
	}
RPC_PROBE(status)
RPC_PROBE(config)
RPC_PROBE(server)
RPC_PROBE(options)
RPC_PROBE(shards)

static bool rpc_login(void *self, const struct mongod_target *t, const struct mongod_credential *c,
		      struct mongod_login_result *ret, struct err *err)
{
	AUTO(json_t) request = NULL;
	AUTO(json_t) reply = NULL;
	struct mongod_login_result value;
	if (!begin(t, c, &request, err) ||
	    !ask(self, request, "login", timeout_of(t), &reply, err) ||
	    !json_login_result_parse(reply, &value, err))
		return false;
	*ret = value;
	return true;
}

static bool rpc_tls(void *self, const struct mongod_target *t, struct mongod_tls_result *ret,
		    struct err *err)
{
	AUTO(json_t) request = NULL;
	AUTO(json_t) reply = NULL;
	auto_free struct mongod_tls_result *value = malloc(sizeof(*value));
	if (!value)
		return err_set(err, ERR_MEMORY, "no memory for a reply");
	if (!begin(t, NULL, &request, err) ||
	    !ask_again(self, request, "tls", timeout_of(t), &reply, err) ||
	    !json_tls_result_parse(reply, value, err))
		return false;
	*ret = *value;
	return true;
}

static bool rpc_step_down(void *self, const struct mongod_target *t,
			  const struct mongod_credential *c, int64_t seconds, int64_t catch_up_s,
			  struct err *err)
{
	AUTO(json_t) request = NULL;
	AUTO(json_t) reply = NULL;
	/* The server may wait for a successor that long before it answers. */
	struct mongod_target patient = *t;
	ASSERT(seconds > 0 && catch_up_s >= 0 && catch_up_s < 600);
	patient.timeout_us = timeout_of(t) + catch_up_s * US_S;
	return begin(&patient, c, &request, err) &&
	       put(request, "seconds", json_integer(seconds), err) &&
	       put(request, "catch_up_s", json_integer(catch_up_s), err) &&
	       ask(self, request, "step_down", patient.timeout_us, &reply, err);
}

static bool rpc_set_parameter(void *self, const struct mongod_target *t,
			      const struct mongod_credential *c, const char *name, int64_t value,
			      struct err *err)
{
	AUTO(json_t) request = NULL;
	AUTO(json_t) reply = NULL;
	return begin(t, c, &request, err) && put(request, "name", json_string(name), err) &&
	       put(request, "value", json_integer(value), err) &&
	       ask(self, request, "set_parameter", timeout_of(t), &reply, err);
}

static bool rpc_rotate_certificates(void *self, const struct mongod_target *t,
				    const struct mongod_credential *c, const char *message,
				    struct err *err)
{
	AUTO(json_t) request = NULL;
	AUTO(json_t) reply = NULL;
	return begin(t, c, &request, err) &&
	       put(request, "message", json_string(message ? message : ""), err) &&
	       ask(self, request, "rotate_certificates", timeout_of(t), &reply, err);
}

static bool rpc_foreign_sessions(void *self, const struct mongod_target *t,
				 const struct mongod_credential *c, const char *const *hosts,
				 size_t hosts_n, char *ret_text, size_t ret_text_n, struct err *err)
{
	AUTO(json_t) request = NULL;
	AUTO(json_t) reply = NULL;
	AUTO(json_t) list = json_array();
	for (size_t i = 0; i < hosts_n; i++)
		if (json_array_append_new(list, json_string(hosts[i])) != 0)
			return err_set(err, ERR_MEMORY, "no memory for a request");
	if (!begin(t, c, &request, err) || !put(request, "hosts", json_incref(list), err) ||
	    !ask(self, request, "foreign_sessions", timeout_of(t), &reply, err))
		return false;
	const char *text = json_string_value(json_object_get(reply, "text"));
	if (!text)
		return err_set(err, ERR_PROTOCOL, "'text' is missing");
	auto_free char *copy = malloc(ret_text_n);
	if (!copy)
		return err_set(err, ERR_MEMORY, "no memory for a reply");
	if (!copy_z(copy, ret_text_n, text))
		return err_set(err, ERR_LIMIT, "sessions from more addresses than can be told");
	return copy_z(ret_text, ret_text_n, copy);
}

static void rpc_forget(void *self)
{
	AUTO(json_t) request = json_object();
	AUTO(json_t) reply = NULL;
	struct err ignored = ERR_INIT;
	/* A helper that cannot forget is ended: its connections go with it. */
	if (!request || !ask(self, request, "forget", US_S, &reply, &ignored))
		helper_stop(self);
}

const struct mongod_ops mongod_rpc_ops = {
    .hello = rpc_hello,
    .status = rpc_status,
    .config = rpc_config,
    .server = rpc_server,
    .options = rpc_options,
    .shards = rpc_shards,
    .login = rpc_login,
    .tls = rpc_tls,
    .step_down = rpc_step_down,
    .set_parameter = rpc_set_parameter,
    .rotate_certificates = rpc_rotate_certificates,
    .foreign_sessions = rpc_foreign_sessions,
    .forget = rpc_forget,
};

bool mongod_rpc_new(struct helper *helper, struct mongod_port *ret, struct err *err)
{
	(void)err; /* nothing can fail yet: the helper is started by the first call */
	ASSERT(helper);
	*ret = (struct mongod_port){.ops = &mongod_rpc_ops, .self = helper};
	return true;
}
