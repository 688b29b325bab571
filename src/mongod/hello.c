/* SPDX-License-Identifier: Apache-2.0 */
/* `hello`, or `isMaster` for servers before 4.4.2. */
#include "mongod/hello.h"

#include <string.h>

static void command_make(const char *name, const char *app, const char *mechanisms_of, bson_t *out)
{
	bson_t client, part;
	bson_init(out);
	BSON_APPEND_INT32(out, name, 1);
	if (mechanisms_of)
		BSON_APPEND_UTF8(out, "saslSupportedMechs", mechanisms_of);
	if (app) { /* a server takes this once a connection, on its first hello */
		BSON_APPEND_DOCUMENT_BEGIN(out, "client", &client);
		BSON_APPEND_DOCUMENT_BEGIN(&client, "application", &part);
		BSON_APPEND_UTF8(&part, "name", app);
		bson_append_document_end(&client, &part);
		BSON_APPEND_DOCUMENT_BEGIN(&client, "driver", &part);
		BSON_APPEND_UTF8(&part, "name", "rotad");
		BSON_APPEND_UTF8(&part, "version", "1");
		bson_append_document_end(&client, &part);
		BSON_APPEND_DOCUMENT_BEGIN(&client, "os", &part);
		BSON_APPEND_UTF8(&part, "type", "Linux");
		bson_append_document_end(&client, &part);
		bson_append_document_end(out, &client);
	}
	BSON_APPEND_UTF8(out, "$db", "admin");
}

bool hello_read(const bson_t *reply, struct mongod_hello *ret, struct err *err)
{
	struct mongod_hello h = {.me = ""};
	bson_t mechanisms;
	bson_iter_t it;

	doc_oid(reply, "topologyVersion.processId", h.process_id);
	h.is_quiescing =
	    !doc_true(reply, "ok") && doc_int(reply, "code", 0) == CODE_SHUTDOWN_IN_PROGRESS;
	if (!h.is_quiescing && !wire_reply_check(reply, err))
		return false;
	if (!doc_copy(reply, "setName", h.set_name, sizeof(h.set_name), err) ||
	    !doc_copy(reply, "me", h.me, sizeof(h.me), err) ||
	    !doc_copy(reply, "primary", h.primary, sizeof(h.primary), err))
		return false;
	h.is_writable_primary = doc_true(reply, "isWritablePrimary") || doc_true(reply, "ismaster");
	h.is_secondary = doc_true(reply, "secondary");
	h.is_arbiter = doc_true(reply, "arbiterOnly");
	h.is_hidden = doc_true(reply, "hidden");
	h.is_mongos = strcmp(doc_text(reply, "msg"), "isdbgrid") == 0;
	h.max_wire_version = (int)MIN(MAX(doc_int(reply, "maxWireVersion", 0), 0), 1000);
	h.local_time = doc_wall(reply, "localTime");
	if (doc_sub(reply, "saslSupportedMechs", &mechanisms) && bson_iter_init(&it, &mechanisms))
		while (bson_iter_next(&it)) {
			const char *name = doc_text_at(&it);
			h.offers_scram_sha256 |= strcmp(name, "SCRAM-SHA-256") == 0;
			h.offers_scram_sha1 |= strcmp(name, "SCRAM-SHA-1") == 0;
		}
	*ret = h;
	return true;
}

bool hello_ask(struct wire *w, const char *app, const char *mechanisms_of, struct mono deadline,
	       struct mongod_hello *ret, struct err *err)
{
	static const char *const names[] = {"hello", "isMaster"};
	for (size_t i = 0; i < ARRAY_N(names); i++) {
		auto_bson command, reply = BSON_INITIALIZER;
		command_make(names[i], app, mechanisms_of, &command);
		if (!wire_command(w, &command, deadline, &reply, NULL, err))
			return err_in(err, "asking hello");
		if (i == 0 && doc_int(&reply, "code", 0) == CODE_COMMAND_NOT_FOUND)
			continue;
		return hello_read(&reply, ret, err);
	}
	return err_set(err, ERR_PROTOCOL, "it knows neither hello nor isMaster");
}
