/* SPDX-License-Identifier: Apache-2.0 */
/* port/mongod.h through the helper rotad-mongo. */
#ifndef SYS_MONGOD_RPC_H
#define SYS_MONGOD_RPC_H

#include "port/mongod.h"
#include "sys/helper.h"

/* Fill *ret. Borrows helper, which must outlive it. Owns nothing: there is nothing to free. Errors:
 * none today. */
MUST_CHECK bool mongod_rpc_new(struct helper *helper, struct mongod_port *ret, struct err *err);
extern const struct mongod_ops mongod_rpc_ops;

/* How long beyond its own deadline a call may take before the helper is replaced: it ends its waits
 * by itself, what is left is computing (a login's key derivation) and the machine's load. */
#define RPC_MARGIN_US (2 * US_S)

#endif
