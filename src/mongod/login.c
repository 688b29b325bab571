/* SPDX-License-Identifier: Apache-2.0 */
/* SCRAM and MONGODB-X509 by commands of our own, since a refusal must be told from every other
 * trouble: libraries fold them into one "authentication failed". */
#include "mongod/login.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

#include "mongod/hello.h"
#include "mongod/scram.h"

enum { EMPTY_ROUNDS_MAX = 2 }; /* servers before 4.4 want one more, empty, message */

static bool ask(struct wire *w, const bson_t *command, struct mono deadline, bson_t *ret,
		struct err *err)
{
	return wire_command(w, command, deadline, ret, NULL, err) && wire_reply_check(ret, err);
}

/* saslStart (id 0) or saslContinue; the server's message is copied to *ret. */
static bool sasl_step(struct wire *w, const char *database, const char *mechanism, int32_t *id,
		      const struct buf *message, struct mono deadline, struct buf *ret,
		      bool *ret_done, struct err *err)
{
	auto_bson command = BSON_INITIALIZER, reply = BSON_INITIALIZER;
	bson_t options;
	bson_iter_t it;
	const bool is_start = *id == 0;

	if (is_start) {
		BSON_APPEND_INT32(&command, "saslStart", 1);
		BSON_APPEND_UTF8(&command, "mechanism", mechanism);
	} else {
		BSON_APPEND_INT32(&command, "saslContinue", 1);
		BSON_APPEND_INT32(&command, "conversationId", *id);
	}
	BSON_APPEND_BINARY(&command, "payload", BSON_SUBTYPE_BINARY,
			   (const uint8_t *)buf_z(message), (uint32_t)message->n);
	if (is_start) {
		BSON_APPEND_DOCUMENT_BEGIN(&command, "options", &options);
		BSON_APPEND_BOOL(&options, "skipEmptyExchange", true);
		bson_append_document_end(&command, &options);
	}
	BSON_APPEND_UTF8(&command, "$db", database);
	if (!ask(w, &command, deadline, &reply, err))
		return false;
	buf_clear(ret);
	if (bson_iter_init_find(&it, &reply, "payload") && BSON_ITER_HOLDS_BINARY(&it)) {
		const uint8_t *p = NULL;
		uint32_t n = 0;
		bson_subtype_t type;
		bson_iter_binary(&it, &type, &n, &p);
		buf_add(ret, p, n);
	}
	if (!buf_ok(ret, err))
		return false;
	*id = (int32_t)doc_int(&reply, "conversationId", *id);
	*ret_done = doc_true(&reply, "done");
	return true;
}

static bool scram_do(struct wire *w, enum scram_hash hash, const char *user, const char *database,
		     struct str password, struct mono deadline, struct err *err)
{
	struct scram s;
	unsigned char nonce[SCRAM_NONCE_BYTES];
	int32_t id = 0;
	bool done = false;
	auto_buf struct buf mine = {.max = 4096};
	auto_buf struct buf theirs = {.max = SCRAM_MESSAGE_BYTES_MAX};

	if (RAND_bytes(nonce, sizeof(nonce)) != 1)
		return err_set(err, ERR_CRYPTO, "no random bytes");
	if (!scram_first(&s, hash, user, nonce, &mine, err) ||
	    !sasl_step(w, database, scram_name(hash), &id, &mine, deadline, &theirs, &done, err))
		return false;
	buf_clear(&mine);
	/* Computing is not bounded by the deadline, but by SCRAM_ITERATIONS_MAX. */
	if (!scram_final(&s, buf_str(&theirs), password, &mine, err) ||
	    !sasl_step(w, database, NULL, &id, &mine, deadline, &theirs, &done, err) ||
	    !scram_check(&s, buf_str(&theirs), err))
		return false;
	for (unsigned i = 0; !done && i < EMPTY_ROUNDS_MAX; i++) {
		buf_clear(&mine);
		if (!sasl_step(w, database, NULL, &id, &mine, deadline, &theirs, &done, err))
			return false;
	}
	return done || err_set(err, ERR_PROTOCOL, "the login does not come to an end");
}

static bool certificate_do(struct wire *w, struct mono deadline, struct err *err)
{
	auto_bson command = BSON_INITIALIZER, reply = BSON_INITIALIZER;
	BSON_APPEND_INT32(&command, "authenticate", 1);
	BSON_APPEND_UTF8(&command, "mechanism", "MONGODB-X509");
	BSON_APPEND_UTF8(&command, "$db", "$external");
	return ask(w, &command, deadline, &reply, err);
}

static bool hash_choose(const struct mongod_hello *h, enum scram_hash *ret, struct err *err)
{
	if (!h->offers_scram_sha256 && !h->offers_scram_sha1)
		return err_set(err, ERR_UNSUPPORTED,
			       "the server offers no SCRAM login for this user");
	*ret = h->offers_scram_sha256 ? SCRAM_SHA_256 : SCRAM_SHA_1;
	return true;
}

/* What a server on its way out or in says of a user is no word on the user. */
static bool is_up(const struct mongod_hello *h, struct err *err)
{
	if (!h->is_quiescing && (h->is_writable_primary || h->is_secondary || h->is_arbiter))
		return true; /* a mongos says that it is a writable primary */
	(void)err_set(err, ERR_REFUSED, "%s",
		      h->is_quiescing ? "it is shutting down" : "it is starting");
	err->sys = h->is_quiescing ? CODE_SHUTDOWN_IN_PROGRESS : CODE_NOT_PRIMARY_OR_SECONDARY;
	return false;
}

bool login_do(struct wire *w, const struct mongod_login *l, const struct mongod_hello *first,
	      struct mono deadline, struct err *err)
{
	enum scram_hash hash = SCRAM_SHA_256;
	struct mongod_hello own;
	char who[2 * NAME_BYTES_MAX];

	switch (l->how) {
	case LOGIN_AS_NOBODY:
		return true;
	case LOGIN_AS_SYSTEM:
		if (!hash_choose(first, &hash, err) ||
		    !scram_do(w, hash, "__system", "local", l->key, deadline, err))
			return err_in(err, "logging in as __system");
		return true;
	case LOGIN_AS_USER:
		(void)snprintf(who, sizeof(who), "%s.%s", l->database, l->user);
		if (!hello_ask(w, NULL, who, deadline, &own, err) || !is_up(&own, err) ||
		    !hash_choose(&own, &hash, err) ||
		    !scram_do(w, hash, l->user, l->database, l->key, deadline, err))
			return err_in(err, "logging in as '%s'", l->user);
		return true;
	case LOGIN_AS_CERTIFICATE:
		return certificate_do(w, deadline, err) || err_in(err, "logging in by certificate");
	}
	ASSERT(false);
	return false;
}

static bool prove(struct wire *w, const struct mongod_target *t, const struct mongod_login *l,
		  struct mono deadline, struct mongod_login_result *ret, struct err *err)
{
	struct mongod_hello h;
	struct err why = ERR_INIT;

	if (!wire_connect(w, t, deadline, err) ||
	    (t->tls && !wire_tls_start(w, t, deadline, NULL, err)) ||
	    !hello_ask(w, HELLO_APP_PROOF, "local.__system", deadline, &h, err))
		return false;
	struct mongod_login_result r = {.verdict = LOGIN_UNKNOWN};
	if (!copy_z(r.process_id, sizeof(r.process_id), h.process_id) ||
	    !copy_z(r.me, sizeof(r.me), h.me) ||
	    !copy_z(r.set_name, sizeof(r.set_name), h.set_name))
		return err_set(err, ERR_BUG, "texts of a hello do not fit");
	if (h.is_quiescing) {
		r.code = CODE_SHUTDOWN_IN_PROGRESS;
	} else if (login_do(w, l, &h, deadline, &why)) {
		r.verdict = LOGIN_ACCEPTED;
	} else if (why.kind == ERR_AUTH && why.sys == CODE_AUTHENTICATION_FAILED) {
		r.verdict = LOGIN_REFUSED;
		r.code = why.sys;
	} else if (why.kind == ERR_REFUSED || why.kind == ERR_UNSUPPORTED) {
		r.code = why.sys; /* it said no, but not to this key */
	} else {
		*err = why;
		return false;
	}
	*ret = r;
	return true;
}

bool login_prove(const struct mongod_target *t, const struct mongod_login *l, struct mono deadline,
		 struct mongod_login_result *ret, struct err *err)
{
	struct wire w = WIRE_INIT;
	bool ok = prove(&w, t, l, deadline, ret, err);
	wire_close(&w);
	return ok;
}
