/* SPDX-License-Identifier: Apache-2.0 */
/* The one command that needs no login: who is there, which process, what it offers. */
#ifndef MONGOD_HELLO_H
#define MONGOD_HELLO_H

#include "mongod/wire.h"

#define HELLO_APP "rotad" /* appName of ordinary connections, seen in the server's log */
#define HELLO_APP_PROOF "rotad-proof" /* of login proofs: so that a SIEM knows the failed ones */

/* Ask on a fresh (app given: says who we are) or a used connection (app NULL). A server that is
 * shutting down (code 91) is an answer: is_quiescing. mechanisms_of: "local.__system", or NULL for
 * not asking. Errors: wire_command()'s, ERR_REFUSED, ERR_PROTOCOL. */
MUST_CHECK bool hello_ask(struct wire *w, const char *app, const char *mechanisms_of,
			  struct mono deadline, struct mongod_hello *ret, struct err *err);
/* Read a reply. Errors: ERR_REFUSED, ERR_PROTOCOL. */
MUST_CHECK bool hello_read(const bson_t *reply, struct mongod_hello *ret, struct err *err);

#endif
