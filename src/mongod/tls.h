/* SPDX-License-Identifier: Apache-2.0 */
/* The TLS probe: a handshake that goes on to a hello, since a server that rejects our certificate
 * says so only after the handshake. */
#ifndef MONGOD_TLS_H
#define MONGOD_TLS_H

#include "mongod/wire.h"

/* A failed handshake or a hello without an answer is an answer. Errors: no TCP connection
 * (wire_connect()), our own files (wire_tls_start()). */
MUST_CHECK bool tls_probe(const struct mongod_target *t, struct mono deadline,
			  struct mongod_tls_result *ret, struct err *err);

#endif
