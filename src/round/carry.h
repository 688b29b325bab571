/* SPDX-License-Identifier: Apache-2.0 */
/* A key carried by a person to a host that cannot log in anywhere (PROTOCOL 3 and 7.6): its member
 * came back with a dead key, and the ledger cannot be read without a live one. What is carried is a
 * key to log in with, nothing more: what the keyfile shall hold is decided by the ledger, which can
 * be read then, as ever. */
#ifndef ROUND_CARRY_H
#define ROUND_CARRY_H

#include <jansson.h>

#include "round/seat.h"

/* On the host that needs it: a request with a new nonce, signed by this rotad's identity. Only the
 * answer to the last one is taken, and only by this process. Errors: ERR_REFUSED (it was never
 * welcomed: it has no salt), ERR_CRYPTO. */
MUST_CHECK bool carry_request(struct seat *t, struct buf *ret_text, struct err *err);
/* On a host that is well: the key in use, sealed for the identity that asks, which must be admitted
 * here and of this ledger. What is carried is JSON without anything secret in it. Errors:
 * ERR_REFUSED (the ledger is not known here now; the request is this host's own), ERR_UNTRUSTED,
 * ERR_NOT_FOUND (the key is not held), those of reading. */
MUST_CHECK bool carry_export(struct seat *t, struct str request, struct buf *ret_text,
			     char ret_host[HOST_BYTES_MAX], struct err *err);
/* On the first host: take the key to log in with. *ret_who: the host that sealed it. Errors:
 * ERR_REFUSED (nothing was asked for; the key is a dead one here), ERR_UNTRUSTED (by nobody whom
 * this host pinned, for another request), those of reading. */
MUST_CHECK bool carry_import(struct seat *t, struct str text, char ret_who[HOST_BYTES_MAX],
			     struct err *err);

#endif
