/* SPDX-License-Identifier: Apache-2.0 */
/* Requests about the ledger's documents. A write whose request left, and whose answer did not come,
 * is ambiguous, never failed. */
#include "sys/store_rpc.h"

#include <string.h>

#include "codec/json_mongod.h"
#include "codec/serve.h"
#include "sys/mongod_rpc.h"

struct store_rpc {
	struct helper *helper;
	struct store_rpc_config config;
};

bool store_rpc_new(struct helper *helper, struct store_rpc **ret, struct store_port *ret_port,
		   struct err *err)
{
	struct store_rpc *s = calloc(1, sizeof(*s));
	if (!s)
		return err_set(err, ERR_MEMORY, "no memory for the store");
	s->helper = helper;
	*ret = s;
	*ret_port = (struct store_port){.ops = &store_rpc_ops, .self = s};
	return true;
}

void store_rpc_set(struct store_rpc *s, const struct store_rpc_config *c)
{
	ASSERT(c->targets_n <= MEMBERS_MAX);
	s->config = *c;
	if (s->config.timeout_us == 0)
		s->config.timeout_us = STORE_TIMEOUT_US;
}

void store_rpc_free(struct store_rpc *s)
{
	free(s);
}

static bool put(json_t *request, const char *name, json_t *value, struct err *err)
{
	return json_object_set_new(request, name, value) == 0 ||
	       err_set(err, ERR_MEMORY, "'%s' cannot be written as JSON", name);
}

static bool begin(const struct store_rpc *s, const char *op, json_t **ret, struct err *err)
{
	AUTO(json_t) request = json_object();
	AUTO(json_t) targets = json_array();

	if (s->config.targets_n == 0)
		return err_set(err, ERR_UNREACHABLE, "no member of the set is known yet");
	if (!request || !targets)
		return err_set(err, ERR_MEMORY, "no memory for a request");
	for (unsigned i = 0; i < s->config.targets_n; i++) {
		json_t *one = json_object();
		if (json_array_append_new(targets, one) != 0)
			return err_set(err, ERR_MEMORY, "no memory for a request");
		if (!json_target_print(&s->config.targets[i], one, err))
			return false;
	}
	if (!put(request, "op", json_string(op), err) ||
	    !put(request, "targets", json_incref(targets), err) ||
	    !put(request, "timeout_us", json_integer(s->config.timeout_us), err) ||
	    !json_credential_print(&s->config.credential, request, err))
		return false;
	*ret = take(&request);
	return true;
}

static bool call(const struct store_rpc *s, const json_t *request, json_t **ret, struct err *err)
{
	return helper_call(s->helper, request, s->config.timeout_us + RPC_MARGIN_US, ret, err);
}

/* Copy a parsed document, whose text is borrowed from the reply, for the caller to keep. */
static bool doc_keep(const json_t *object, struct arena *arena, struct store_doc *ret,
		     struct err *err)
{
	struct store_doc doc;
	if (!json_store_doc_parse(object, &doc, err))
		return false;
	char *text = arena_get(arena, doc.text.n + 1, err);
	if (!text)
		return false;
	if (doc.text.n)
		memcpy(text, doc.text.p, doc.text.n);
	text[doc.text.n] = 0;
	doc.text.p = text;
	*ret = doc;
	return true;
}

static bool page_get(struct store_rpc *s, const char *prefix, const char *after, json_t **ret,
		     struct err *err)
{
	AUTO(json_t) request = NULL;
	AUTO(json_t) reply = NULL;
	if (!begin(s, "store_list", &request, err) ||
	    !put(request, "prefix", json_string(prefix), err) ||
	    (after && !put(request, "after", json_string(after), err)) ||
	    !call(s, request, &reply, err))
		return false;
	if (!json_is_array(json_object_get(reply, "docs")) ||
	    !json_is_boolean(json_object_get(reply, "more")))
		return err_set(err, ERR_PROTOCOL, "'docs' or 'more' is missing");
	*ret = take(&reply);
	return true;
}

static bool rpc_list(void *self, const char *prefix, struct arena *arena, struct store_doc **ret,
		     size_t *ret_n, struct err *err)
{
	struct store_rpc *s = self;
	struct store_doc *docs = arena_get(arena, DOCS_MAX * sizeof(*docs), err);
	size_t n = 0;
	bool has_more = true;

	if (!docs)
		return false;
	while (has_more) {
		AUTO(json_t) page = NULL;
		if (!page_get(s, prefix, n ? docs[n - 1].id : NULL, &page, err))
			return err_in(err, "listing '%s'", prefix);
		const json_t *list = json_object_get(page, "docs");
		if (n + json_array_size(list) > DOCS_MAX)
			return err_set(err, ERR_LIMIT, "the ledger has more than %d documents '%s'",
				       DOCS_MAX, prefix);
		for (size_t i = 0; i < json_array_size(list); i++)
			if (!doc_keep(json_array_get(list, i), arena, &docs[n++], err))
				return err_in(err, "listing '%s'", prefix);
		/* A page without documents ends it, whatever it says. */
		has_more = json_is_true(json_object_get(page, "more")) && json_array_size(list);
	}
	*ret = docs;
	*ret_n = n;
	return true;
}

static bool rpc_read(void *self, const char *id, struct arena *arena, struct store_doc *ret,
		     bool *ret_found, struct err *err)
{
	struct store_rpc *s = self;
	AUTO(json_t) request = NULL;
	AUTO(json_t) reply = NULL;

	if (!begin(s, "store_read", &request, err) || !put(request, "id", json_string(id), err) ||
	    !call(s, request, &reply, err))
		return err_in(err, "reading '%s'", id);
	const json_t *doc = json_object_get(reply, "doc");
	if (json_is_null(doc)) {
		*ret_found = false;
		return true;
	}
	if (!doc_keep(doc, arena, ret, err))
		return err_in(err, "reading '%s'", id);
	*ret_found = true;
	return true;
}

static bool outcome_parse(const json_t *reply, enum store_outcome *ret, struct err *err)
{
	static const char *const names[] = {
	    [STORE_DONE] = "done", [STORE_CONFLICT] = "conflict", [STORE_AMBIGUOUS] = "ambiguous"};
	const char *text = json_string_value(json_object_get(reply, "outcome"));
	for (size_t i = 0; text && i < ARRAY_N(names); i++)
		if (strcmp(names[i], text) == 0) {
			*ret = (enum store_outcome)i;
			return true;
		}
	return err_set(err, ERR_PROTOCOL, "'outcome' is missing or unknown");
}

/* Send a write. Once its request has left, only an answer tells that nothing was written. */
static bool write_call(const struct store_rpc *s, const json_t *request, enum store_outcome *ret,
		       struct err *err)
{
	AUTO(json_t) reply = NULL;
	struct err why = ERR_INIT;
	bool was_sent = false;

	if (!helper_ask(s->helper, request, s->config.timeout_us + RPC_MARGIN_US, &reply, &was_sent,
			err)) {
		if (!was_sent)
			return false;
		*err = ERR_INIT;
		*ret = STORE_AMBIGUOUS;
		return true;
	}
	if (!serve_reply_check(reply, err))
		return false;
	if (!outcome_parse(reply, ret, &why))
		*ret = STORE_AMBIGUOUS;
	return true;
}

static bool rpc_swap(void *self, const struct store_doc *doc, int64_t expected,
		     enum store_outcome *ret, struct err *err)
{
	struct store_rpc *s = self;
	AUTO(json_t) request = NULL;
	AUTO(json_t) object = json_object();

	ASSERT(expected >= 0);
	if (doc->text.n > DOC_BYTES_MAX)
		return err_set(err, ERR_LIMIT, "document '%s' has %zu bytes, more than %d", doc->id,
			       doc->text.n, DOC_BYTES_MAX);
	if (!object)
		return err_set(err, ERR_MEMORY, "no memory for a request");
	if (!begin(s, "store_swap", &request, err) || !json_store_doc_print(doc, object, err) ||
	    !put(request, "doc", json_incref(object), err) ||
	    !put(request, "expected", json_integer(expected), err) ||
	    !write_call(s, request, ret, err))
		return err_in(err, "writing '%s'", doc->id);
	return true;
}

static bool rpc_remove(void *self, const char *id, int64_t expected, enum store_outcome *ret,
		       struct err *err)
{
	struct store_rpc *s = self;
	AUTO(json_t) request = NULL;

	ASSERT(expected > 0);
	if (!begin(s, "store_remove", &request, err) || !put(request, "id", json_string(id), err) ||
	    !put(request, "expected", json_integer(expected), err) ||
	    !write_call(s, request, ret, err))
		return err_in(err, "removing '%s'", id);
	return true;
}

const struct store_ops store_rpc_ops = {
    .list = rpc_list,
    .read = rpc_read,
    .swap = rpc_swap,
    .remove = rpc_remove,
};
