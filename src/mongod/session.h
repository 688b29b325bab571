/* SPDX-License-Identifier: Apache-2.0 */
/* Connections kept open, one for each server and credential, and the memory of hosts that do not
 * answer, so that a round costs milliseconds and a dead host costs its second once. */
#ifndef MONGOD_SESSION_H
#define MONGOD_SESSION_H

#include "codec/json_mongod.h"
#include "mongod/wire.h"

enum {
	SESSIONS_MAX = 128, /* kept connections; the one not used for longest gives way */
	DEAD_HOSTS_MAX = 64,
	DIGEST_BYTES = 32
};
#define DEAD_FOR_US (2 * US_S) /* how long a host that did not answer is not asked again */

struct session {
	struct wire wire; /* fd -1: a free slot */
	/* SHA-256 over all that makes it this connection: names, addresses, the CA's and the
	 * client certificate's file, inode, size and time; and who is logged in. */
	unsigned char target_id[DIGEST_BYTES], login_id[DIGEST_BYTES];
	bool is_fresh;             /* nothing was asked since first */
	struct mongod_hello first; /* hello of when it was made */
	struct mono used_at;
};

struct dead_host {
	char where[HOST_BYTES_MAX]; /* address or host; "" free */
	struct mono until;
	struct err err;
};

struct session_pool {
	struct session sessions[SESSIONS_MAX];
	struct dead_host dead[DEAD_HOSTS_MAX];
};

void session_pool_init(struct session_pool *p);
/* Close all: after a restart, or when keys changed. */
void session_pool_clear(struct session_pool *p);
/* A connection to t on which l is logged in (NULL: anybody or nobody). *ret stays the pool's; after
 * any trouble with it: session_drop(). Errors: wire_connect()'s, wire_tls_start()'s, hello_ask()'s,
 * login_do()'s; a host known to be dead tells again what it did. */
MUST_CHECK bool session_get(struct session_pool *p, const struct mongod_target *t,
			    const struct mongod_login *l, struct mono deadline,
			    struct session **ret, struct err *err);
void session_drop(struct session *s);
/* Run one command and check its ok. A kept connection that turns out to be closed is replaced and,
 * if may_repeat (the command changes nothing), the command is sent again, once. *ret is an
 * initialised, empty document. Errors: session_get()'s, wire_command()'s, wire_reply_check()'s. */
MUST_CHECK bool session_run(struct session_pool *p, const struct mongod_target *t,
			    const struct mongod_login *l, struct mono deadline,
			    const bson_t *command, bool may_repeat, bson_t *ret, struct err *err);
/* hello, on any connection to t. */
MUST_CHECK bool session_hello(struct session_pool *p, const struct mongod_target *t,
			      struct mono deadline, struct mongod_hello *ret, struct err *err);

#endif
