/* SPDX-License-Identifier: Apache-2.0 */
/* What one server says of itself and of its set: replies of its commands as the model's values.
 * Changes nothing. Each _read takes a reply apart and asks nobody (so that tests can feed it);
 * errors: ERR_PROTOCOL, ERR_LIMIT. Each _probe asks by session_run(), with its errors. */
#ifndef MONGOD_PROBE_H
#define MONGOD_PROBE_H

#include "mongod/session.h"

/* Whom to ask, as whom, until when. Borrows. */
struct ask {
	struct session_pool *pool;
	struct mongod_target target;
	struct mongod_login login;
	struct mono deadline;
};

MUST_CHECK bool status_read(const bson_t *reply, struct mongod_status *ret, struct err *err);
MUST_CHECK bool config_read(const bson_t *reply, struct mongod_config *ret, struct err *err);
/* getCmdLineOpts: `parsed` has the canonical names whatever form the options were given in. */
MUST_CHECK bool options_read(const bson_t *reply, struct mongod_options *ret, struct err *err);
/* currentOp and an aggregation of $currentOp: what a restart would destroy. */
void operations_read(const bson_t *reply, struct mongod_server *to);
bool has_backup_cursor(const bson_t *aggregate_reply);
/* Finds of config.version and config.shards; of config.mongos _id and whether it is fresh. */
MUST_CHECK bool shards_read(const bson_t *version, const bson_t *shards, const bson_t *routers,
			    struct mongod_shards *ret, struct err *err);
/* A find of the shardIdentity. */
MUST_CHECK bool shard_read(const bson_t *reply, struct mongod_server *to, struct err *err);

MUST_CHECK bool status_probe(const struct ask *a, struct mongod_status *ret, struct err *err);
MUST_CHECK bool config_probe(const struct ask *a, struct mongod_config *ret, struct err *err);
MUST_CHECK bool server_probe(const struct ask *a, struct mongod_server *ret, struct err *err);
MUST_CHECK bool shards_probe(const struct ask *a, struct mongod_shards *ret, struct err *err);
MUST_CHECK bool options_probe(const struct ask *a, struct mongod_options *ret, struct err *err);
/* Addresses of sessions of __system that belong neither to any of hosts (looked up here) nor to
 * this host, each once, space-separated; rotad's own by their appName are let pass. */
MUST_CHECK bool foreign_sessions_probe(const struct ask *a, const char *const *hosts,
				       size_t hosts_n, struct buf *ret, struct err *err);

#endif
