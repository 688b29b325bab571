/* SPDX-License-Identifier: Apache-2.0 */
/* mongos beside the set, which is the config servers' then: processes with the keyfile and no data,
 * no vote and no place in the set's configuration. What a mongos answers otherwise than a mongod.
 */
#include <stdio.h>
#include <string.h>

#include "sim/sim_world.h"

#define CLUSTER_ID "637af00000000000000000ff"

bool sim_is_router(const struct sim_host *h)
{
	const struct sim_scenario *s = h->w->scenario;
	return h->i >= s->members_n + s->spares_n;
}

/* "rs0/a.example:27017,b.example:27017" */
void sim_router_config_db(const struct sim_world *w, char *out, size_t out_n)
{
	int n = snprintf(out, out_n, SIM_SET "/");
	for (unsigned i = 0; i < w->scenario->members_n; i++)
		n += snprintf(out + n, out_n - (size_t)n, "%s%c.example:%d", i ? "," : "",
			      'a' + (int)i, SIM_PORT);
}

size_t sim_router_conf(const struct sim_host *h, char *out, size_t out_n)
{
	char config_db[512];
	sim_router_config_db(h->w, config_db, sizeof(config_db));
	if (sim_is_router(h))
		return (size_t)snprintf(
		    out, out_n,
		    "sharding:\n  configDB: %s\nsecurity:\n  keyFile: " SIM_KEYFILE
		    "\nnet:\n  port: %d\n",
		    config_db, SIM_PORT);
	return (size_t)snprintf(
	    out, out_n,
	    "sharding:\n  clusterRole: configsvr\nsecurity:\n  keyFile: " SIM_KEYFILE
	    "\nnet:\n  port: %d\nreplication:\n  replSetName: " SIM_SET
	    "\nstorage:\n  dbPath: /db\n",
	    SIM_PORT);
}

/* config.shards and config.mongos, as a config server has them: there are no shards yet, and each
 * mongos that ever was is in it. */
void sim_router_shards(const struct sim_world *w, struct mongod_shards *ret)
{
	memset(ret, 0, offsetof(struct mongod_shards, shards));
	ret->shards_n = 0;
	ret->routers_n = 0;
	snprintf(ret->cluster, sizeof(ret->cluster), CLUSTER_ID);
	for (unsigned i = 0; i < w->n && ret->routers_n < ROUTERS_MAX; i++) {
		const struct sim_host *h = &w->hosts[i];
		struct mongod_router *r = &ret->routers[ret->routers_n];
		if (!sim_is_router(h))
			continue;
		snprintf(r->host, sizeof(r->host), "%s", h->m.host);
		r->is_stale =
		    h->m.state != SIM_UP && w->now_us - h->m.state_us > ROUTER_STALE_S * US_S;
		ret->routers_n++;
	}
}
