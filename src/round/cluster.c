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
	QUIET_AGAIN_S = 120,     /* a mongos that has not spoken for long is looked at again */
	WORD_MAX_AGE_S = 3600,   /* so long a rotad's statement makes its mongos one that lives */
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

size_t cluster_store_hosts(const struct seat *t, char (*out)[HOST_BYTES_MAX], size_t max)
{
	const struct cluster_memory *c = t->cluster;
	for (unsigned i = 0; c && i < c->sets_n; i++)
		if (c->sets[i].is_config)
			return hosts_of(t, i, out, max);
	return 0;
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
	/* One is for the mongos. */
	if (c->sets_n == SETS_MAX - 1) {
		snprintf(c->why, sizeof(c->why), "more than %d sets", SETS_MAX - 1);
		return false;
	}
	if (strcmp(name, ROUTERS_SET) == 0 && c->sets_n > 0) {
		cut_z(c->why, sizeof(c->why),
		      "a replica set is named '" ROUTERS_SET "', as rotad calls the mongos");
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
	bool is_router = t->seen->sharding.part == SHARDING_ROUTER;
	char name[NAME_BYTES_MAX];
	struct err err = ERR_INIT;
	struct cluster_memory *was = arena_get(&t->arena, sizeof(*was), &err);
	if (!was)
		return false;
	*was = *c;
	c->sets_n = c->members_n = 0;
	if (!is_router && strcmp(t->rs.set, ROUTERS_SET) == 0) {
		cut_z(c->why, sizeof(c->why),
		      "its replica set is named '" ROUTERS_SET "', as rotad calls the mongos");
		return false;
	}
	if (!add_set(c, was, is_router ? ROUTERS_SET : t->rs.set, "", is_config))
		return false;
	c->sets[0].is_known = true;
	if (!is_config &&
	    (!cluster_set_name(c->config_db, name) || !add_set(c, was, name, c->config_db, true))) {
		snprintf(c->why, sizeof(c->why), "%s names the config servers as '%.100s'",
			 is_router ? "its sharding.configDB" : "its shardIdentity", c->config_db);
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
	if (!c->why[0])
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
		s->silent_at.us = 0;
		return;
	}
	s->silent_at = t->seen->now;
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
	bool ok = t->ports.mongod.ops->hello(t->ports.mongod.self, &target, &h, &err);
	if (ok && !h.is_quiescing && m->is_router != h.is_mongos)
		ok = err_set(&err, ERR_PROTOCOL, "%s answers there",
			     m->is_router ? "no mongos, but a mongod" : "a mongos");
	if (!ok) {
		if (memory->silent_since.us == 0)
			memory->silent_since = t->seen->now;
		m->silent_since = memory->silent_since;
		snprintf(m->why, sizeof(m->why), "%.250s", err.text);
		return;
	}
	memory->silent_since.us = 0;
	observe_hello(t, m, &h);
	if (c)
		c->was_primary = m->is_primary;
	/* A mongos has no primary of its own to compare its clock with. */
	if (c && m->is_primary && seen_is_router(t->seen) && h.local_time.us &&
	    t->cluster->sets[m->set].is_config)
		t->clock_offset_us = seat_now(t).us - h.local_time.us;
}

/* ---- mongos ---- */

void cluster_note_word(struct seat *t, const struct statement *st)
{
	struct cluster_memory *c = t->cluster;
	struct cluster_word *w = NULL;
	if (!c)
		return;
	for (unsigned i = 0; i < c->spoken_n && !w; i++)
		if (strcmp(c->spoken[i].host, st->host) == 0)
			w = &c->spoken[i];
	/* Who has not spoken for long makes room. */
	for (unsigned i = 0; c->spoken_n == ROUTERS_MAX && i < ROUTERS_MAX && !w; i++)
		if (is_old(t, c->spoken[i].moved, WORD_MAX_AGE_S))
			w = &c->spoken[i];
	if (!w && c->spoken_n == ROUTERS_MAX)
		return;
	if (!w)
		w = &c->spoken[c->spoken_n++];
	if (strcmp(w->host, st->host) == 0 && w->seq == st->head.seq &&
	    strcmp(w->incarnation.hex, st->head.incarnation.hex) == 0)
		return;
	*w = (struct cluster_word){
	    .seq = st->head.seq, .incarnation = st->head.incarnation, .moved = t->seen->now};
	cut_z(w->host, sizeof(w->host), st->host);
}

static struct cluster_quiet *quiet_of(struct cluster_memory *c, const char *host)
{
	for (unsigned i = 0; i < c->quiet_n; i++)
		if (strcmp(c->quiet[i].host, host) == 0)
			return &c->quiet[i];
	if (c->quiet_n == ROUTERS_MAX) /* as many as there are entries: none of these is one now */
		c->quiet_n = 0;
	struct cluster_quiet *q = &c->quiet[c->quiet_n++];
	*q = (struct cluster_quiet){.is_alive = false};
	cut_z(q->host, sizeof(q->host), host);
	return q;
}

/* Entries of mongos that are gone stay for ever; one that lives and cannot tell the config servers
 * so is found by a look, one a round. Its place may have been taken by another cluster's: asked
 * once, it refuses. */
static void look_at_quiet(struct seat *t)
{
	struct cluster_memory *c = t->cluster;
	const struct mongod_router *r = NULL;
	struct cluster_quiet *q = NULL;
	for (unsigned i = 0; i < c->shards.routers_n && !r; i++) {
		const struct mongod_router *one =
		    &c->shards.routers[c->quiet_at++ % c->shards.routers_n];
		if (!one->is_stale)
			continue;
		q = quiet_of(c, one->host);
		if (is_old(t, q->at, QUIET_AGAIN_S))
			r = one;
	}
	if (!r)
		return;
	struct mongod_target target = seat_target(t, r->host, false);
	struct mongod_credential login;
	struct mongod_login_result result;
	struct mongod_hello h;
	struct err ignored = ERR_INIT; /* then it is not seen to live */
	q->at = t->seen->now;
	q->is_alive = false;
	if (!t->ports.mongod.ops->hello(t->ports.mongod.self, &target, &h, &ignored) ||
	    !h.is_mongos || strcmp(h.process_id, q->refused) == 0 ||
	    !seat_login(t, NULL, &target, &login) ||
	    !t->ports.mongod.ops->login(t->ports.mongod.self, &target, &login, &result, &ignored))
		return;
	q->is_alive = result.verdict == LOGIN_ACCEPTED;
	if (result.verdict == LOGIN_REFUSED)
		cut_z(q->refused, sizeof(q->refused), h.process_id);
}

static bool is_router_there(const struct seen *s, unsigned set, const char *host)
{
	for (unsigned i = 0; i < seen_all_n(s); i++)
		if (s->members[i].is_router && s->members[i].set == set &&
		    strcmp(s->members[i].host, host) == 0)
			return true;
	return false;
}

static void add_router(struct seat *t, unsigned set, const char *host, bool greets)
{
	struct seen *s = t->seen;
	struct seen_set *x = &s->sharding.sets[set];
	const bool is_own = seen_is_router(s);
	unsigned at = seen_all_n(s);
	struct seen_member *m = &s->members[at];
	if (!host[0] || is_router_there(s, set, host))
		return;
	if (at == MEMBERS_MAX) {
		x->is_known = false;
		snprintf(x->why, sizeof(x->why),
			 "more than %d members and mongos together: rotad does not follow them",
			 MEMBERS_MAX);
		return;
	}
	*m = (struct seen_member){.id = -1, .set = set, .is_router = true, .state = MEMBER_UNKNOWN};
	cut_z(m->host, sizeof(m->host), host);
	if (is_own && strcmp(host, t->me) == 0)
		m->is_self = true;
	if (greets)
		greet(t, m, NULL);
	/* One that is known by two names is one. */
	for (unsigned i = 0; i < at && m->process_id[0]; i++)
		if (s->members[i].is_router && strcmp(s->members[i].process_id, m->process_id) == 0)
			return;
	m->sees_all = m->is_seen_by_all = fact_known(m->hello);
	if (is_own)
		s->members_n++;
	else
		s->others_n++;
	x->members_n++;
}

/* The mongos that share the key (PROTOCOL 4): those that spoke to the config servers within ten
 * minutes, those of policy, those that a rotad speaks for, and those found alive. */
static void add_routers(struct seat *t, unsigned set, bool greets)
{
	const struct cluster_memory *c = t->cluster;
	const struct keyfile_policy *p = &t->config->policy.keyfile;
	if (seen_is_router(t->seen))
		add_router(t, set, t->me, greets);
	for (unsigned i = 0; i < c->shards.routers_n; i++)
		if (!c->shards.routers[i].is_stale)
			add_router(t, set, c->shards.routers[i].host, greets);
	for (unsigned i = 0; i < p->routers_n; i++)
		add_router(t, set, p->routers[i], greets);
	for (unsigned i = 0; i < c->spoken_n; i++)
		if (!is_old(t, c->spoken[i].moved, WORD_MAX_AGE_S))
			add_router(t, set, c->spoken[i].host, greets);
	for (unsigned i = 0; i < c->quiet_n; i++)
		if (c->quiet[i].is_alive)
			add_router(t, set, c->quiet[i].host, greets);
}

/* Which of them is this one: as the others call it, so that they mean the same. By its process; by
 * its own name for itself, which is the one in config.mongos, where that cannot be dialled. */
static void find_own(struct seat *t)
{
	struct seen *s = t->seen;
	const char *own = s->process.process_id;
	char name[HOST_BYTES_MAX] = "";
	int by_name = -1, by_process = -1;
	if (t->has_server && !strchr(t->server.host, ':'))
		snprintf(name, sizeof(name), "%.200s:%d", t->server.host,
			 t->options.port ? t->options.port : 27017);
	else if (t->has_server)
		cut_z(name, sizeof(name), t->server.host);
	for (unsigned i = 0; i < s->members_n; i++) {
		const struct seen_member *m = &s->members[i];
		if (own[0] && strcmp(m->process_id, own) == 0)
			by_process = (int)i;
		else if (!m->process_id[0] && strcmp(m->host, t->me[0] ? t->me : name) == 0)
			by_name = (int)i;
	}
	s->self = by_process >= 0 ? by_process : by_name;
	for (unsigned i = 0; i < s->members_n; i++)
		s->members[i].is_self = (int)i == s->self;
	if (s->self < 0)
		return;
	cut_z(t->me, sizeof(t->me), s->members[s->self].host);
	cut_z(s->self_host, sizeof(s->self_host), t->me);
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
	x->sets[0].is_routers = seen_is_router(t->seen);
	x->sets[0].is_known = true;
	cut_z(x->sets[0].name, sizeof(x->sets[0].name),
	      x->sets[0].is_routers ? ROUTERS_SET : c->sets[0].name);
}

/* After they were asked. */
static void show_sets(struct seat *t)
{
	struct seen_sharding *x = &t->seen->sharding;
	const struct cluster_memory *c = t->cluster;
	for (unsigned i = x->sets[0].is_routers; i < c->sets_n; i++) {
		x->sets[i] = (struct seen_set){.is_config = c->sets[i].is_config,
					       .is_known = i == 0 || c->sets[i].is_known,
					       .members_n = i == 0 ? t->seen->members_n : 0};
		cut_z(x->sets[i].name, sizeof(x->sets[i].name), c->sets[i].name);
		cut_z(x->sets[i].why, sizeof(x->sets[i].why), c->sets[i].why);
	}
	if (x->sets[0].is_routers)
		return;
	x->sets[x->sets_n] = (struct seen_set){.is_routers = true, .is_known = true};
	cut_z(x->sets[x->sets_n].name, sizeof(x->sets[0].name), ROUTERS_SET);
}

void observe_cluster(struct seat *t)
{
	struct seen *s = t->seen;
	struct err ignored = ERR_INIT; /* without room nothing of it is known */
	const bool is_router = seen_is_router(s);
	const bool may_ask = !t->notes.job_is_open && s->process.is_answering;
	const bool is_under_way = key_id_given(&t->anchor.next.id);
	struct cluster_memory *c;
	if (!seen_is_sharded(s) || (!is_router && (!t->has_rs || s->self < 0)))
		return;
	if (!t->cluster)
		t->cluster = calloc(1, sizeof(*t->cluster));
	c = t->cluster;
	if (!c) {
		(void)err_set(&ignored, ERR_MEMORY, "no memory for a cluster");
		return;
	}
	if (is_router)
		cut_z(c->config_db, sizeof(c->config_db), t->options.config_db);
	if (may_ask && !c->id[0] && s->sharding.part == SHARDING_SHARD)
		ask_identity(t);
	if (may_ask && c->sets_n == 0 &&
	    (c->id[0] || is_router || s->sharding.part == SHARDING_CONFIG))
		(void)!arrange(t);
	if (may_ask && c->sets_n > 0 &&
	    is_old(t, c->at, is_under_way ? SHARDS_UNDER_WAY_S : SHARDS_MAX_AGE_S))
		ask_shards(t);
	if (may_ask && c->has)
		look_at_quiet(t);
	show(t);
	if (is_router) {
		add_routers(t, 0, true);
		find_own(t);
		s->config =
		    (struct fact){.who = c->has ? WITNESS_OWN_EYES : WITNESS_NONE, .at = c->at};
	}
	for (unsigned i = 1; may_ask && c->has && i < c->sets_n; i++)
		if (is_old(t, c->sets[i].silent_at, SILENT_AGAIN_S) &&
		    (!c->sets[i].is_known || is_old(t, c->sets[i].at, SET_MAX_AGE_S)))
			ask_set(t, i);
	show_sets(t);
	add_others(t, may_ask);
	if (is_router)
		return;
	add_routers(t, c->sets_n, may_ask);
	s->sharding.sets_n += s->sharding.sets[c->sets_n].members_n > 0;
}

void cluster_read_again(struct seat *t)
{
	struct cluster_memory *c = t->cluster;
	for (unsigned i = 1; c && i < c->sets_n; i++)
		if (c->sets[i].at.us != t->seen->now.us &&
		    is_old(t, c->sets[i].silent_at, SILENT_AGAIN_S)) {
			c->sets[i].at.us = 0;
			t->looks_again = true;
		}
}
