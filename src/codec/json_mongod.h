/* SPDX-License-Identifier: Apache-2.0 */
/* What rotad and rotad-mongo say to each other, as structs and as JSON: one place for both sides.
 *
 * Each _print adds its members to object (borrowed); errors: ERR_PROTOCOL (a text that is not
 * UTF-8), ERR_MEMORY. Each _parse fills *ret whole; errors: ERR_PROTOCOL. */
#ifndef CODEC_JSON_MONGOD_H
#define CODEC_JSON_MONGOD_H

#include "codec/json_mem.h"
#include "model/mongod_ask.h"
#include "model/store_doc.h"

/* A credential as the helper sees it: texts borrowed from the request. */
struct mongod_login {
	enum mongod_login_how how;
	struct str key; /* AS_SYSTEM: a key; AS_USER: the password; else empty */
	const char *user, *database;
};

/* As member "target". */
MUST_CHECK bool json_target_print(const struct mongod_target *t, json_t *object, struct err *err);
/* *ret borrows from object. */
MUST_CHECK bool json_target_parse(const json_t *object, struct mongod_target *ret, struct err *err);
/* As member "credential". The only secret: such an object is for a helper's request and nothing
 * else. */
MUST_CHECK bool json_credential_print(const struct mongod_credential *c, json_t *object,
				      struct err *err);
MUST_CHECK bool json_login_parse(const json_t *object, struct mongod_login *ret, struct err *err);

MUST_CHECK bool json_hello_print(const struct mongod_hello *h, json_t *object, struct err *err);
MUST_CHECK bool json_hello_parse(const json_t *object, struct mongod_hello *ret, struct err *err);
MUST_CHECK bool json_status_print(const struct mongod_status *s, json_t *object, struct err *err);
MUST_CHECK bool json_status_parse(const json_t *object, struct mongod_status *ret, struct err *err);
MUST_CHECK bool json_shards_print(const struct mongod_shards *s, json_t *object, struct err *err);
MUST_CHECK bool json_shards_parse(const json_t *object, struct mongod_shards *ret, struct err *err);
MUST_CHECK bool json_config_print(const struct mongod_config *c, json_t *object, struct err *err);
MUST_CHECK bool json_config_parse(const json_t *object, struct mongod_config *ret, struct err *err);
MUST_CHECK bool json_server_print(const struct mongod_server *s, json_t *object, struct err *err);
MUST_CHECK bool json_server_parse(const json_t *object, struct mongod_server *ret, struct err *err);
MUST_CHECK bool json_options_print(const struct mongod_options *o, json_t *object, struct err *err);
MUST_CHECK bool json_options_parse(const json_t *object, struct mongod_options *ret,
				   struct err *err);
MUST_CHECK bool json_login_result_print(const struct mongod_login_result *r, json_t *object,
					struct err *err);
MUST_CHECK bool json_login_result_parse(const json_t *object, struct mongod_login_result *ret,
					struct err *err);
MUST_CHECK bool json_tls_result_print(const struct mongod_tls_result *r, json_t *object,
				      struct err *err);
MUST_CHECK bool json_tls_result_parse(const json_t *object, struct mongod_tls_result *ret,
				      struct err *err);
/* One document of the store; text is printed as a string and parsed as borrowed from object. */
MUST_CHECK bool json_store_doc_print(const struct store_doc *d, json_t *object, struct err *err);
MUST_CHECK bool json_store_doc_parse(const json_t *object, struct store_doc *ret, struct err *err);

#endif
