/* SPDX-License-Identifier: Apache-2.0 */
/* The sharded cluster that a member is part of, as this host sees it: which sets it has, by the
 * config servers; who is in them, by each set's own rs.conf, asked directly; whether they answer.
 * What a set's members are about is for their own rotads to say. Remembered between rounds: a set
 * that does not answer keeps the members that it had. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "round/round.h"

enum {
	SHARDS_MAX_AGE_S = 30,   /* which sets there are: read again after so long */
	SHARDS_UNDER_WAY_S = 2,  /* and while a generation is under way */
	SHARDS_BELIEVED_S = 120, /* older than that it is not known any more */
	SET_MAX_AGE_S = 30,      /* rs.conf of another set */
	SILENT_AGAIN_S = 5,      /* one that does not answer is asked again; each time costs */
};

static bool is_old(const struct seat *t, struct wall at, int64_t seconds)
{
	int64_t now = t->seen->now.us;
	return at.us == 0 || at.us > now || now - at.us > seconds * US_S;
}

/* "set/host,host": the next host of it into out; *at begins at 0. */
static bool seed_next(const char *seeds, size_t *at, char out[HOST_BYTES_MAX])
{
	const char *p;
	size_t n;
	if (*at == 0) {
		p = strchr(seeds, '/');
		*at = p ? (size_t)(p - seeds) + 1 : 0;
	}
	p = seeds + *at;
	n = strcspn(p, ",");
	*at += n + (p[n] == ',');
	if (n == 0 || n >= HOST_BYTES_MAX)
		return false;
	memcpy(out, p, n);
	out[n] = 0;
	return true;
}

bool cluster_set_name(const char *seeds, char out[NAME_BYTES_MAX])
{
	size_t n = strcspn(seeds, "/");
	if (seeds[n] != '/' || n == 0 || n >= NAME_BYTES_MAX)
		return false;
	memcpy(out, seeds, n);
	out[n] = 0;
	return true;
}

/* Whom to ask about a set: those known to be in it, the primary first, then its seeds. */
static size_t hosts_of(const struct seat *t, unsigned set, char (*out)[HOST_BYTES_MAX], size_t max)
{
	const struct cluster_memory *c = t->cluster;
	size_t n = 0, at = 0;
	char host[HOST_BYTES_MAX];
	if (set == 0)
		for (int primary = 1; primary >= 0; primary--)
			for (unsigned i = 0; i < t->seen->members_n && n < max; i++) {
				const struct seen_member *m = &t->seen->members[i];
				if (fact_known(m->hello) && !m->is_arbiter &&
				    m->is_primary == primary)
					cut_z(out[n++], HOST_BYTES_MAX, m->host);
			}
	for (int primary = 1; primary >= 0; primary--)
		for (unsigned i = 0; set > 0 && i < c->members_n && n < max; i++)
			if (c->members[i].set == set && !c->members[i].is_arbiter &&
			    c->members[i].was_primary == primary)
				cut_z(out[n++], HOST_BYTES_MAX, c->members[i].host);
	while (set > 0 && n == 0 && seed_next(c->sets[set].seeds, &at, host) && n < max)
		cut_z(out[n++], HOST_BYTES_MAX, host);
	while (set > 0 && n > 0 && n < max && seed_next(c->sets[set].seeds, &at, host)) {
		bool is_new = true;
		for (size_t i = 0; i < n; i++)
			is_new &= strcmp(out[i], host) != 0;
		if (is_new)
			cut_z(out[n++], HOST_BYTES_MAX, host);
	}
	return n;
}

static unsigned config_set(const struct cluster_memory *c)
{
	for (unsigned i = 0; i < c->sets_n; i++)
		if (c->sets[i].is_config)
			return i;
	return 0;
}

size_t cluster_store_hosts(const struct seat *t, char (*out)[HOST_BYTES_MAX], size_t max)
{
	return t->cluster && t->cluster->sets_n ? hosts_of(t, config_set(t->cluster), out, max) : 0;
}

/* An arbiter has no data: the others of its set know what they are part of. */
static void ask_identity(struct seat *t)
{
	struct cluster_memory *c = t->cluster;
	const struct mongod_server *own = &t->server;
	char hosts[4][HOST_BYTES_MAX];
	if (t->has_server && own->shard_cluster[0]) {
		cut_z(c->id, sizeof(c->id), own->shard_cluster);
		cut_z(c->config_db, sizeof(c->config_db), own->shard_config_db);
		return;
	}
	size_t n = hosts_of(t, 0, hosts, ARRAY_N(hosts));
	for (size_t i = 0; i < n && !c->id[0]; i++) {
		struct mongod_target target = seat_target(t, hosts[i], false);
		struct mongod_credential login;
		struct err err = ERR_INIT;
		struct mongod_server *v = arena_get(&t->arena, sizeof(*v), &err);
		if (!v || !seat_login(t, hosts[i], &target, &login))
			continue;
		if (!t->ports.mongod.ops->server(t->ports.mongod.self, &target, &login, v, &err)) {
			seat_login_failed(t, hosts[i], &login, &err);
			continue;
		}
		if (!v->shard_cluster[0])
			continue;
		cut_z(c->id, sizeof(c->id), v->shard_cluster);
		cut_z(c->config_db, sizeof(c->config_db), v->shard_config_db);
	}
	if (!c->id[0])
		cut_z(c->why, sizeof(c->why),
		      "it was started as a shard and is not part of a cluster yet");
}

static bool add_set(struct cluster_memory *c, const struct cluster_memory *was, const char *name,
		    const char *seeds, bool is_config)
{
	struct cluster_set *s = &c->sets[c->sets_n];
	for (unsigned i = 0; i < c->sets_n; i++)
		if (strcmp(c->sets[i].name, name) == 0)
			return true; /* a config server set that is a shard as well */
	if (c->sets_n == SETS_MAX) {
		snprintf(c->why, sizeof(c->why), "more than %d sets", SETS_MAX);
		return false;
	}
	*s = (struct cluster_set){.is_config = is_config};
	cut_z(s->name, sizeof(s->name), name);
	cut_z(s->seeds, sizeof(s->seeds), seeds);
	for (unsigned i = 0; i < was->sets_n; i++) {
		if (strcmp(was->sets[i].name, name) != 0)
			continue;
		s->is_known = was->sets[i].is_known;
		s->at = was->sets[i].at;
		cut_z(s->why, sizeof(s->why), was->sets[i].why);
		for (unsigned k = 0; c->sets_n > 0 && k < was->members_n; k++)
			if (was->members[k].set == i && c->members_n < MEMBERS_MAX) {
				c->members[c->members_n] = was->members[k];
				c->members[c->members_n++].set = c->sets_n;
			}
	}
	c->sets_n++;
	return true;
}

/* The sets in order: this member's own, the config servers, the shards by name. Of those that were
 * known the members stay. */
static bool arrange(struct seat *t)
{
	struct cluster_memory *c = t->cluster;
	bool is_config = t->seen->sharding.part == SHARDING_CONFIG;
	char name[NAME_BYTES_MAX];
	struct err err = ERR_INIT;
	struct cluster_memory *was = arena_get(&t->arena, sizeof(*was), &err);
	if (!was)
		return false;
	*was = *c;
	c->sets_n = c->members_n = 0;
	if (!add_set(c, was, t->rs.set, "", is_config))
		return false;
	c->sets[0].is_known = true;
	if (!is_config &&
	    (!cluster_set_name(c->config_db, name) || !add_set(c, was, name, c->config_db, true))) {
		snprintf(c->why, sizeof(c->why),
			 "its shardIdentity names the config servers as "
			 "'%.100s'",
			 c->config_db);
		return false;
	}
	for (unsigned i = 0; i < c->shards.shards_n; i++) {
		const struct mongod_shard *s = &c->shards.shards[i];
		if (!cluster_set_name(s->hosts, name)) {
			snprintf(c->why, sizeof(c->why), "shard '%.60s' is no replica set",
				 s->name);
			return false;
		}
		if (!add_set(c, was, name, s->hosts, false))
			return false;
	}
	return true;
}

/* Which sets there are, from a config server: the primary where it is known. */
static void ask_shards(struct seat *t)
{
	struct cluster_memory *c = t->cluster;
	char hosts[MEMBERS_MAX][HOST_BYTES_MAX];
	size_t n = cluster_store_hosts(t, hosts, ARRAY_N(hosts));
	struct err err = ERR_INIT;
	struct mongod_shards *fresh = arena_get(&t->arena, sizeof(*fresh), &err);
	cut_z(c->why, sizeof(c->why), "no config server is known");
	for (size_t i = 0; fresh && i < n; i++) {
		struct mongod_target target = seat_target(t, hosts[i], false);
		struct mongod_credential login;
		err_clear(&err);
		if (!seat_login(t, hosts[i], &target, &login))
			continue;
		if (!t->ports.mongod.ops->shards(t->ports.mongod.self, &target, &login, fresh,
						 &err)) {
			seat_login_failed(t, hosts[i], &login, &err);
			snprintf(c->why, sizeof(c->why), "the config server '%.60s': %.110s",
				 hosts[i], err.text);
			continue;
		}
		if (!fresh->cluster[0] || (c->id[0] && strcmp(c->id, fresh->cluster) != 0)) {
			snprintf(c->why, sizeof(c->why),
				 "the config server '%.60s' is of another cluster", hosts[i]);
			return;
		}
		c->shards = *fresh;
		cut_z(c->id, sizeof(c->id), fresh->cluster);
		c->why[0] = 0;
		c->has = arrange(t);
		c->at = t->seen->now;
		return;
	}
}

static bool take_set(struct cluster_memory *c, unsigned set, const struct mongod_config *rs,
		     unsigned own_n)
{
	unsigned n = 0;
	for (unsigned i = 0; i < c->members_n; i++)
		if (c->members[i].set != set)
			c->members[n++] = c->members[i];
	c->members_n = n;
	if (own_n + n + rs->members_n > MEMBERS_MAX) {
		snprintf(c->sets[set].why, sizeof(c->sets[set].why),
			 "more than %d members in all sets together: rotad does not follow them",
			 MEMBERS_MAX);
		return false;
	}
	for (unsigned i = 0; i < rs->members_n; i++) {
		const struct mongod_config_member *m = &rs->members[i];
		struct cluster_member *to = &c->members[c->members_n++];
		*to = (struct cluster_member){.set = set,
					      .id = m->id,
					      .is_arbiter = m->is_arbiter,
					      .is_hidden = m->is_hidden,
					      .is_voter = m->votes > 0,
					      .is_electable = m->priority > 0 && !m->is_arbiter,
					      .delay_s = m->delay_s};
		cut_z(to->host, sizeof(to->host), m->host);
	}
	return true;
}

/* Who is in another set, by one of its members. */
static void ask_set(struct seat *t, unsigned set)
{
	struct cluster_memory *c = t->cluster;
	struct cluster_set *s = &c->sets[set];
	char hosts[8][HOST_BYTES_MAX];
	struct err err = ERR_INIT;
	struct mongod_config *rs = arena_get(&t->arena, sizeof(*rs), &err);
	size_t n = hosts_of(t, set, hosts, ARRAY_N(hosts));
	if (!s->is_known)
		cut_z(s->why, sizeof(s->why), "one of its sets does not answer");
	for (size_t i = 0; rs && i < n; i++) {
		struct mongod_target target = seat_target(t, hosts[i], false);
		struct mongod_credential login;
		err_clear(&err);
		if (!seat_login(t, hosts[i], &target, &login))
			continue;
		if (!t->ports.mongod.ops->config(t->ports.mongod.self, &target, &login, rs, &err)) {
			seat_login_failed(t, hosts[i], &login, &err);
			if (!s->is_known)
				snprintf(s->why, sizeof(s->why), "%.30s: %.90s", hosts[i],
					 err.text);
			continue;
		}
		if (strcmp(rs->set, s->name) != 0)
			continue;
		s->is_known = take_set(c, set, rs, t->seen->members_n);
		s->at = t->seen->now;
		return;
	}
	/* What does not answer now may in a moment, and is not asked in each round meanwhile. */
	s->at = wall_add(t->seen->now, (SILENT_AGAIN_S - SET_MAX_AGE_S) * US_S);
}

static void greet(struct seat *t, struct seen_member *m, struct cluster_member *c)
{
	struct member_memory *memory = seat_memory(t, m->host);
	struct mongod_target target = seat_target(t, m->host, false);
	struct mongod_hello h;
	struct err err = ERR_INIT;
	if (!memory)
		return;
	if (memory->silent_since.us && !is_old(t, memory->tried_at, SILENT_AGAIN_S)) {
		m->silent_since = memory->silent_since;
		cut_z(m->why, sizeof(m->why), "it did not answer a moment ago");
		return;
	}
	memory->tried_at = t->seen->now;
	if (!t->ports.mongod.ops->hello(t->ports.mongod.self, &target, &h, &err)) {
		if (memory->silent_since.us == 0)
			memory->silent_since = t->seen->now;
		m->silent_since = memory->silent_since;
		snprintf(m->why, sizeof(m->why), "%.250s", err.text);
		return;
	}
	memory->silent_since.us = 0;
	observe_hello(t, m, &h);
	c->was_primary = m->is_primary;
}

/* The members of the other sets come after those of this one. */
static void add_others(struct seat *t, bool greets)
{
	struct seen *s = t->seen;
	struct cluster_memory *c = t->cluster;
	for (unsigned set = 1; set < c->sets_n; set++)
		for (unsigned i = 0; i < c->members_n && seen_all_n(s) < MEMBERS_MAX; i++) {
			struct cluster_member *from = &c->members[i];
			struct seen_member *m = &s->members[seen_all_n(s)];
			if (from->set != set)
				continue;
			*m = (struct seen_member){.id = from->id,
						  .set = set,
						  .is_arbiter = from->is_arbiter,
						  .is_hidden = from->is_hidden,
						  .is_voter = from->is_voter,
						  .is_electable = from->is_electable,
						  .delay_s = from->delay_s,
						  .lag_us = -1,
						  .state = MEMBER_UNKNOWN};
			cut_z(m->host, sizeof(m->host), from->host);
			s->others_n++;
			s->sharding.sets[set].members_n++;
			if (greets)
				greet(t, m, from);
		}
}

static void show(struct seat *t)
{
	struct seen_sharding *x = &t->seen->sharding;
	const struct cluster_memory *c = t->cluster;
	bool is_known = c->has && !is_old(t, c->at, SHARDS_BELIEVED_S);
	if (is_known)
		x->topology = (struct fact){.who = WITNESS_OWN_EYES, .at = c->at};
	cut_z(x->topology_why, sizeof(x->topology_why), c->why[0] ? c->why : "not asked yet");
	x->sets_n = c->sets_n;
	for (unsigned i = 0; i < c->sets_n; i++) {
		x->sets[i] = (struct seen_set){.is_config = c->sets[i].is_config,
					       .is_known = i == 0 || c->sets[i].is_known,
					       .members_n = i == 0 ? t->seen->members_n : 0};
		cut_z(x->sets[i].name, sizeof(x->sets[i].name), c->sets[i].name);
		cut_z(x->sets[i].why, sizeof(x->sets[i].why), c->sets[i].why);
	}
	for (unsigned i = 0; i < c->shards.routers_n; i++) {
		if (c->shards.routers[i].is_stale)
			continue;
		if (x->routers_n++ == 0)
			cut_z(x->router, sizeof(x->router), c->shards.routers[i].host);
	}
}

void observe_cluster(struct seat *t)
{
	struct seen *s = t->seen;
	struct err ignored = ERR_INIT; /* without room nothing of it is known */
	const bool is_part = seen_is_sharded(s) && s->sharding.part != SHARDING_ROUTER;
	const bool may_ask = !t->notes.job_is_open && s->process.is_answering;
	const bool is_under_way = key_id_given(&t->anchor.next.id);
	struct cluster_memory *c;
	if (!is_part || !t->has_rs || s->self < 0)
		return;
	if (!t->cluster)
		t->cluster = calloc(1, sizeof(*t->cluster));
	c = t->cluster;
	if (!c) {
		(void)err_set(&ignored, ERR_MEMORY, "no memory for a cluster");
		return;
	}
	if (may_ask && !c->id[0] && s->sharding.part == SHARDING_SHARD)
		ask_identity(t);
	if (may_ask && c->sets_n == 0 && (c->id[0] || s->sharding.part == SHARDING_CONFIG))
		(void)!arrange(t);
	if (may_ask && c->sets_n > 0 &&
	    is_old(t, c->at, is_under_way ? SHARDS_UNDER_WAY_S : SHARDS_MAX_AGE_S))
		ask_shards(t);
	for (unsigned i = 1; may_ask && c->has && i < c->sets_n; i++)
		if (!c->sets[i].is_known || is_old(t, c->sets[i].at, SET_MAX_AGE_S))
			ask_set(t, i);
	show(t);
	add_others(t, may_ask);
}
