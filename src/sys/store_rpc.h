/* SPDX-License-Identifier: Apache-2.0 */
/* port/store.h through the helper rotad-mongo: the ledger in the set itself (mongod/store_set.h).
 */
#ifndef SYS_STORE_RPC_H
#define SYS_STORE_RPC_H

#include "port/mongod.h"
#include "port/store.h"
#include "sys/helper.h"

#define STORE_TIMEOUT_US (5 * US_S) /* a majority write on a healthy set takes 0.01 s */

/* Whom to ask and as whom. Borrows all; valid until the next store_rpc_set(). */
struct store_rpc_config {
	const struct mongod_target
	    *targets;       /* members of the set, any order: the primary is found */
	unsigned targets_n; /* 1..MEMBERS_MAX */
	struct mongod_credential credential;
	int64_t timeout_us; /* of each call; 0: STORE_TIMEOUT_US */
};

struct store_rpc;
/* *ret is new and borrows helper; *ret_port works on it. End with store_rpc_free(). Errors:
 * ERR_MEMORY. */
MUST_CHECK bool store_rpc_new(struct helper *helper, struct store_rpc **ret,
			      struct store_port *ret_port, struct err *err);
/* Set before the first call, and when members or keys changed. Before that every call fails with
 * ERR_UNREACHABLE. targets_n 0 takes it back. */
void store_rpc_set(struct store_rpc *s, const struct store_rpc_config *c);
void store_rpc_free(struct store_rpc *s);
extern const struct store_ops store_rpc_ops;

#endif
