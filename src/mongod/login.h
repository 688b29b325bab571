/* SPDX-License-Identifier: Apache-2.0 */
/* Logging in on a connection, and the proof that a server accepts, or refuses, one key. */
#ifndef MONGOD_LOGIN_H
#define MONGOD_LOGIN_H

#include "codec/json_mongod.h"
#include "mongod/wire.h"

/* Log in. first: what hello said on this connection, with the mechanisms of local.__system. Errors:
 * ERR_AUTH with err.sys 18 only when the server itself said AuthenticationFailed to a mechanism
 * that it offers; ERR_REFUSED (other codes, in err.sys); ERR_UNSUPPORTED (no mechanism in common);
 * ERR_CRYPTO (the server does not know the key it accepted); wire_command()'s. */
MUST_CHECK bool login_do(struct wire *w, const struct mongod_login *l,
			 const struct mongod_hello *first, struct mono deadline, struct err *err);
/* One login with l alone on a fresh connection of its own. A refusal is an answer. Errors: as
 * wire_connect(), wire_tls_start(), hello_ask(); ERR_CRYPTO. */
MUST_CHECK bool login_prove(const struct mongod_target *t, const struct mongod_login *l,
			    struct mono deadline, struct mongod_login_result *ret, struct err *err);

#endif
