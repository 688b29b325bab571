/* SPDX-License-Identifier: Apache-2.0 */
/* The sharded cluster as one rotad sees it: who is in it, whom it asks for that and how often, what
 * stays known of a set that does not answer, and which mongos live. By b1's rotad: shard s1 is a1
 * b1 c1, cfg k1 k2, s2 x1 y1. */
#include "lib/test.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "lib/fake_fleet.h"
#include "round/round.h"

#define NOW_US (1800000000 * US_S)
#define CLUSTER "507f1f77bcf86cd799439011"

static struct {
	struct seat t;
	struct config *config;
	struct instance_policy instance;
	struct mongod_config s1, cfg, s2;
	struct mongod_shards shards;
	enum sharding_part part;
	struct wall now, wall;
	unsigned told_n;
	const char *own; /* "a1P b1S c1S": its own set, and what its members were seen to be */
	char seen[4096];
} w;

static struct wall fake_now(void *self UNUSED)
{
	return w.wall;
}
static const struct host_ops host_ops = {.now = fake_now};
static bool fake_credential(void *self UNUSED, const struct credential_ref *ref UNUSED,
			    struct secret *ret, struct err *err)
{
	return secret_from(ret, "hunter2", 7, err);
}
static void fake_tell(void *self UNUSED, const struct event *e UNUSED, bool is_mine UNUSED)
{
	w.told_n++;
}

static void shard(unsigned i, const char *name, const char *hosts)
{
	struct mongod_shard *s = &w.shards.shards[i];
	cut_z(s->name, sizeof(s->name), name);
	cut_z(s->hosts, sizeof(s->hosts), hosts);
	w.shards.shards_n = MAX(w.shards.shards_n, i + 1);
}
static void router(const char *host, bool is_stale)
{
	struct mongod_router *r = &w.shards.routers[w.shards.routers_n++];
	*r = (struct mongod_router){.is_stale = is_stale};
	cut_z(r->host, sizeof(r->host), host);
}
static void shards_known_to(const char *name)
{
	fleet_get(name)->shards = &w.shards;
}

static int set_up(void **state UNUSED)
{
	struct err err = ERR_INIT;
	struct seat *t = &w.t;
	memset(&w, 0, sizeof(w));
	memset(&fleet, 0, sizeof(fleet));
	w.now.us = w.wall.us = NOW_US;
	w.config = calloc(1, sizeof(*w.config));
	w.instance.login.with = LOGIN_WITH_USER;
	cut_z(w.instance.login.user, sizeof(w.instance.login.user), "rotad");
	cut_z(w.instance.address, sizeof(w.instance.address), "127.0.0.1:27017");
	t->config = w.config;
	t->instance = &w.instance;
	t->seen = calloc(1, sizeof(*t->seen));
	t->ports.mongod.ops = &fleet_ops;
	t->ports.host.ops = &host_ops;
	t->ports.credential = fake_credential;
	t->ports.tell = fake_tell;
	assert_true(arena_init(&t->arena, (size_t)1024 * 1024, &err));
	const char *const all[] = {"a1P", "b1S", "c1S", "k1P", "k2S", "x1P", "y1S", "m1M"};
	for (size_t i = 0; i < ARRAY_N(all); i++)
		fleet_add((char[]){all[i][0], all[i][1], 0}, all[i][2]);
	fleet_set(&w.s1, "s1", "a1 b1 c1");
	fleet_set(&w.cfg, "cfg", "k1 k2");
	fleet_set(&w.s2, "s2", "x1 y1");
	cut_z(w.shards.cluster, sizeof(w.shards.cluster), CLUSTER);
	shard(0, "first", "s1/a1:27017,b1:27017,c1:27017");
	shard(1, "second", "s2/x1:27017,y1:27017");
	shards_known_to("k1");
	shards_known_to("k2");
	w.part = SHARDING_SHARD;
	w.own = "a1P b1S c1S";
	t->is_up = t->has_rs = t->has_server = true;
	cut_z(t->rs.set, sizeof(t->rs.set), "s1");
	cut_z(t->me, sizeof(t->me), "b1:27017");
	cut_z(t->server.shard_cluster, sizeof(t->server.shard_cluster), CLUSTER);
	cut_z(t->server.shard_config_db, sizeof(t->server.shard_config_db),
	      "cfg/k1:27017,k2:27017");
	return 0;
}
static int tear_down(void **state UNUSED)
{
	free(w.t.cluster);
	free(w.t.seen);
	free(w.config);
	arena_fini(&w.t.arena);
	secret_fini(&w.t.password);
	return 0;
}

static char letter_of(const struct seen_member *m)
{
	return !fact_known(m->hello)           ? '?'
	       : m->state == MEMBER_PRIMARY    ? 'P'
	       : m->state == MEMBER_SECONDARY  ? 'S'
	       : m->state == MEMBER_ARBITER    ? 'A'
	       : m->state == MEMBER_RECOVERING ? 'R'
	       : m->state == MEMBER_ROUTER     ? 'M'
					       : '-';
}

/* A round's look, as text: "s1:a1P b1S* c1S cfg!:k1P ...". A set with ! is the config servers', ?
 * one that is not known; a member with ? did not answer. */
static const char *look(void)
{
	struct seat *t = &w.t;
	struct seen *s = t->seen;
	size_t at = 0;
	memset(s, 0, sizeof(*s));
	fleet.asked[0] = 0;
	arena_reset(&t->arena);
	s->now = w.now;
	s->sharding.part = w.part;
	s->sharding.fact = (struct fact){.who = WITNESS_OWN_EYES, .at = s->now};
	s->process.is_answering = true;
	s->self = -1;
	for (const char *p = w.own; *p; p += strcspn(p, " ") + (p[strcspn(p, " ")] == ' ')) {
		struct seen_member *m = &s->members[s->members_n];
		snprintf(m->host, sizeof(m->host), "%.2s:27017", p);
		m->is_self = strcmp(m->host, t->me) == 0;
		if (m->is_self)
			s->self = (int)s->members_n;
		s->members_n++;
		m->is_arbiter = p[2] == 'A';
		if (p[2] == 'x')
			continue;
		m->hello = (struct fact){.who = WITNESS_OWN_EYES, .at = s->now};
		m->is_primary = p[2] == 'P';
		m->state = p[2] == 'P'   ? MEMBER_PRIMARY
			   : p[2] == 'A' ? MEMBER_ARBITER
					 : MEMBER_SECONDARY;
	}
	/* What lies beyond a count is nobody's. */
	s->members[s->members_n] = (struct seen_member){
	    .host = "z1:27017", .hello = {.who = WITNESS_OWN_EYES}, .is_primary = true};
	for (unsigned i = w.config->policy.keyfile.routers_n; i < ROUTERS_MAX; i++)
		cut_z(w.config->policy.keyfile.routers[i], HOST_BYTES_MAX, "z2:27017");
	if (w.part == SHARDING_ROUTER)
		cut_z(s->process.process_id, sizeof(s->process.process_id),
		      fleet_get("m1")->hello.process_id);
	observe_cluster(t);
	w.seen[0] = 0;
	for (unsigned set = 0; set < s->sharding.sets_n; set++) {
		const struct seen_set *x = &s->sharding.sets[set];
		unsigned n = 0;
		at += (size_t)snprintf(
		    w.seen + at, sizeof(w.seen) - at, "%s%s%s%s%s:", at ? " " : "", x->name,
		    x->is_config ? "!" : "", x->is_routers ? "~" : "", x->is_known ? "" : "?");
		for (unsigned i = 0; i < seen_all_n(s); i++) {
			const struct seen_member *m = &s->members[i];
			if (m->set == set)
				at +=
				    (size_t)snprintf(w.seen + at, sizeof(w.seen) - at, "%s%.*s%c%s",
						     n++ ? " " : "", (int)strcspn(m->host, ":"),
						     m->host, letter_of(m), m->is_self ? "*" : "");
		}
		if (n != x->members_n)
			fail_msg("'%s' is said to have %u members: %s", x->name, x->members_n,
				 w.seen);
	}
	return w.seen;
}
static bool is_asked(const char *what)
{
	return strstr(fleet.asked, what) != NULL;
}
static bool is_known(void)
{
	return fact_known(w.t.seen->sharding.topology);
}
static const char *why(void)
{
	return w.t.seen->sharding.topology_why;
}
static void later(int64_t seconds)
{
	w.now.us += seconds * US_S;
}
static struct seen_member *member(const char *name)
{
	struct seen *s = w.t.seen;
	for (unsigned i = 0; i < seen_all_n(s); i++)
		if (strncmp(s->members[i].host, name, strcspn(s->members[i].host, ":")) == 0)
			return &s->members[i];
	fail_msg("'%s' is not seen", name);
	return NULL;
}

#define ALL "s1:a1P b1S* c1S cfg!:k1P k2S s2:x1P y1S"

static void a_shard_sees_the_members_of_all_sets(void **state)
{
	assert_string_equal(look(), ALL);
	assert_true(is_known());
	assert_int_equal(w.t.seen->sharding.topology.at.us, NOW_US);
	assert_string_equal(fleet.asked, "shards k1, config k1, config x1, hello k1, hello k2, "
					 "hello x1, hello y1");
	/* The very first member as well as any other. */
	cut_z(w.t.me, sizeof(w.t.me), "a1:27017");
	assert_string_equal(look(), "s1:a1P* b1S c1S cfg!:k1P k2S s2:x1P y1S");
}

static void what_its_set_is_part_of_an_arbiter_asks_the_others(void **state)
{
	static const struct {
		const char *own, *asked;
		bool is_denied;
	} rows[] = {
	    {"a1P b1A c1S", "server a1, shards k1", false},
	    {"a1S b1A c1P", "server c1, shards k1", false},
	    {"a1x b1A c1S", "server c1, shards k1", false},
	    {"a1A b1A c1S", "server c1, shards k1", false},
	    {"a1P b1A c1S", "server a1, server c1, shards k1", true},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		(void)tear_down(NULL), (void)set_up(NULL);
		w.own = rows[i].own;
		fleet_get("a1")->server = fleet_get("c1")->server = w.t.server;
		w.t.server.shard_cluster[0] = 0;
		if (rows[i].is_denied)
			fleet_get("a1")->denies = ERR_AUTH;
		(void)look();
		if (strncmp(fleet.asked, rows[i].asked, strlen(rows[i].asked)) != 0)
			fail_msg("row %zu: %s", i, fleet.asked);
		assert_int_equal(w.told_n, rows[i].is_denied);
		assert_true(is_known());
		assert_string_equal(w.t.cluster->id, CLUSTER);
		(void)look(); /* once */
		assert_false(is_asked("server"));
	}
}

static void one_that_is_part_of_nothing_yet_says_so(void **state)
{
	w.t.has_server = false;
	assert_string_equal(look(), "");
	assert_false(is_known());
	assert_non_null(strstr(why(), "is not part of a cluster yet"));
	assert_string_equal(fleet.asked, "server a1, server b1, server c1");
}

static void without_a_login_only_what_needs_none_is_asked(void **state)
{
	(void)look();
	w.instance.login.with = LOGIN_WITH_KEY;
	router("q1:27017", true);
	w.t.cluster->shards.routers[0] = w.shards.routers[0];
	w.t.cluster->shards.routers_n = 1;
	fleet_add("q1", 'M')->verdict = LOGIN_ACCEPTED;
	later(31);
	assert_string_equal(look(), ALL);
	assert_string_equal(fleet.asked, "hello q1, hello k1, hello k2, hello x1, hello y1");
	w.t.cluster->id[0] = 0;
	w.t.has_server = false;
	(void)look();
	assert_false(is_asked("server"));
}

static void a_config_server_asks_its_own_set(void **state)
{
	static const struct {
		const char *own, *asked;
	} rows[] = {
	    {"k1S k2P", "shards k2, config a1"},
	    {"k1P k2S", "shards k1, config a1"},
	    {"k1x k2S", "shards k2, config a1"},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		(void)tear_down(NULL), (void)set_up(NULL);
		w.part = SHARDING_CONFIG;
		w.own = rows[i].own;
		w.t.has_server = false;
		cut_z(w.t.rs.set, sizeof(w.t.rs.set), "cfg");
		cut_z(w.t.me, sizeof(w.t.me), "k2:27017");
		(void)look();
		if (strncmp(fleet.asked, rows[i].asked, strlen(rows[i].asked)) != 0)
			fail_msg("row %zu: %s", i, fleet.asked);
	}
	assert_string_equal(w.seen, "cfg!:k1? k2S* s1:a1P b1S c1S s2:x1P y1S");
}

/* One set that is both. */
static void config_servers_that_are_a_shard_as_well_are_one_set(void **state)
{
	shard(0, "config", "cfg/k1:27017,k2:27017");
	shard(2, "first", "s1/a1:27017");
	assert_string_equal(look(), ALL);
	assert_int_equal(w.t.seen->sharding.sets_n, 3);
}

static void the_primary_is_asked_first_once_it_is_known(void **state)
{
	fleet_add("k1", 'S')->config = &w.cfg;
	fleet_add("k2", 'P')->config = &w.cfg;
	shards_known_to("k1"), shards_known_to("k2");
	(void)look();
	later(31);
	(void)look();
	assert_true(strncmp(fleet.asked, "shards k2, config k2, config x1", 31) == 0);
	/* Who does not answer is passed over. */
	fleet_get("k2")->is_down = true;
	later(31);
	(void)look();
	assert_true(strncmp(fleet.asked, "shards k2, shards k1, config k2, config k1", 42) == 0);
	assert_true(is_known());
	/* An arbiter is not asked. */
	w.s2.members[0].is_arbiter = true;
	later(31);
	(void)look();
	later(31);
	(void)look();
	assert_true(is_asked("config y1") && !is_asked("config x1"));
}

/* So long after it was read it is read again. */
static void it_is_read_again_after_a_while_and_sooner_while_a_rotation_runs(void **state)
{
	static const struct {
		int64_t after_s;
		bool is_under_way, is_asked, are_sets_asked;
	} rows[] = {
	    {0, false, false, false}, {30, false, false, false}, {31, false, true, true},
	    {2, true, false, false},  {3, true, true, false},    {-1, false, true, true},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		(void)tear_down(NULL), (void)set_up(NULL);
		(void)look();
		later(rows[i].after_s);
		if (rows[i].is_under_way)
			memset(w.t.anchor.next.id.hex, '2', KEY_ID_CHARS);
		assert_string_equal(look(), ALL);
		if (is_asked("shards") != rows[i].is_asked ||
		    is_asked("config x1") != rows[i].are_sets_asked)
			fail_msg("row %zu: %s", i, fleet.asked);
	}
}

/* Who narrows: once a round, and not for ever where nobody answers. */
static void who_is_in_the_other_sets_is_read_again_before_a_narrowing(void **state)
{
	(void)look();
	cluster_read_again(&w.t);
	assert_false(w.t.looks_again); /* it was in this round */
	later(1);
	(void)look();
	assert_false(is_asked("config x1"));
	cluster_read_again(&w.t);
	assert_true(w.t.looks_again);
	w.t.looks_again = false;
	assert_string_equal(look(), ALL);
	assert_true(is_asked("config x1") && is_asked("config k1"));
	cluster_read_again(&w.t);
	assert_false(w.t.looks_again);
	fleet_get("x1")->is_down = fleet_get("y1")->is_down = true;
	later(1);
	(void)look();
	cluster_read_again(&w.t);
	w.t.looks_again = false;
	(void)look();
	assert_true(is_asked("config x1"));
	later(1);
	(void)look();
	cluster_read_again(&w.t);
	w.t.looks_again = false;
	(void)look();
	assert_true(is_asked("config k1") && !is_asked("config x1"));
	free(w.t.cluster);
	w.t.cluster = NULL;
	cluster_read_again(&w.t);
	assert_false(w.t.looks_again);
}

static void what_was_read_is_believed_for_two_minutes(void **state)
{
	static const struct {
		int64_t after_s;
		bool is_known;
	} rows[] = {{120, true}, {121, false}, {-1, false}};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		(void)tear_down(NULL), (void)set_up(NULL);
		(void)look();
		fleet_get("k1")->is_down = fleet_get("k2")->is_down = true;
		later(rows[i].after_s);
		assert_string_equal(look(), "s1:a1P b1S* c1S cfg!:k1? k2? s2:x1P y1S");
		assert_int_equal(is_known(), rows[i].is_known);
		assert_non_null(strstr(why(), "config server 'k2:27017': no route to host"));
	}
}

static void nothing_is_asked_while_its_own_restart_runs_or_it_does_not_answer(void **state)
{
	assert_string_equal(look(), ALL);
	w.t.notes.job_is_open = true;
	later(60);
	assert_string_equal(look(), "s1:a1P b1S* c1S cfg!:k1? k2? s2:x1? y1?");
	assert_string_equal(fleet.asked, "");
	assert_true(is_known());
	(void)tear_down(NULL), (void)set_up(NULL);
	w.t.notes.job_is_open = true;
	assert_string_equal(look(), "");
	assert_string_equal(fleet.asked, "");
	assert_false(is_known());
	assert_string_equal(why(), "not asked yet");
}

static void without_a_configuration_of_its_own_or_outside_nothing_is_asked(void **state)
{
	w.t.has_rs = false;
	assert_string_equal(look(), "");
	w.t.has_rs = true;
	w.own = "a1P c1S";
	assert_string_equal(look(), "");
	w.own = "a1P b1S c1S";
	w.part = SHARDING_NONE;
	assert_string_equal(look(), "");
	assert_string_equal(fleet.asked, "");
	assert_null(w.t.cluster);
}

static void who_is_in_another_set_is_taken_from_its_configuration(void **state)
{
	struct mongod_config_member *m = &w.s2.members[1];
	m->id = 7;
	m->votes = 0;
	m->priority = 0;
	m->is_hidden = true;
	m->delay_s = 3600;
	fleet_get("y1")->hello.is_secondary = true;
	(void)look();
	const struct seen_member *y = member("y1"), *x = member("x1");
	assert_true(y->id == 7 && y->is_hidden && !y->is_voter && !y->is_electable);
	assert_int_equal(y->delay_s, 3600);
	assert_int_equal(y->set, 2);
	assert_int_equal(y->lag_us, -1);
	assert_false(y->is_arbiter || x->is_arbiter);
	assert_true(x->is_voter && x->is_electable && !x->is_hidden && x->id == 0);
	/* One with a priority that bears no data is no successor. */
	w.s2.members[1] = w.s2.members[0];
	w.s2.members[1].is_arbiter = true;
	cut_z(w.s2.members[1].host, HOST_BYTES_MAX, "y1:27017");
	later(31);
	(void)look();
	assert_true(member("y1")->is_arbiter && member("y1")->is_voter);
	assert_false(member("y1")->is_electable);
	/* Who left it is gone. */
	w.s2.members_n = 1;
	later(31);
	assert_string_equal(look(), "s1:a1P b1S* c1S cfg!:k1P k2S s2:x1P");
}

static void a_set_that_does_not_answer_keeps_its_members(void **state)
{
	(void)look();
	fleet_get("x1")->is_down = fleet_get("y1")->is_down = true;
	later(31);
	assert_string_equal(look(), "s1:a1P b1S* c1S cfg!:k1P k2S s2:x1? y1?");
	assert_true(is_asked("config x1, config y1"));
	/* It is asked again after five seconds, not in each round. */
	later(5);
	(void)look();
	assert_false(is_asked("config"));
	later(1);
	(void)look();
	assert_true(is_asked("config x1"));
	fleet_get("y1")->is_down = false;
	later(6);
	assert_string_equal(look(), "s1:a1P b1S* c1S cfg!:k1P k2S s2:x1? y1S");
}

static void a_set_that_never_answered_is_not_known_and_says_why(void **state)
{
	fleet_get("x1")->denies = fleet_get("y1")->denies = ERR_AUTH;
	assert_string_equal(look(), "s1:a1P b1S* c1S cfg!:k1P k2S s2?:");
	assert_string_equal(w.t.seen->sharding.sets[2].why, "y1:27017: 18: Authentication failed");
	assert_int_equal(w.told_n, 2);
	/* One that is no member of it any more is passed over. */
	fleet_get("x1")->denies = fleet_get("y1")->denies = ERR_NONE;
	fleet_get("x1")->config = &w.s1;
	later(6);
	assert_string_equal(look(), ALL);
}

static void who_is_not_among_its_members_any_more_is_asked_after_them(void **state)
{
	(void)look();
	shard(1, "second", "s2/z1:27017,x1:27017");
	fleet_get("x1")->is_down = fleet_get("y1")->is_down = true;
	fleet_add("z1", 'P');
	struct mongod_config other;
	fleet_set(&other, "s2", "z1");
	later(31);
	assert_string_equal(look(), "s1:a1P b1S* c1S cfg!:k1P k2S s2:z1P");
	assert_true(is_asked("config x1, config y1, config z1, hello"));
}

static void a_cluster_that_cannot_be_followed_says_why(void **state)
{
	static const struct {
		const char *set, *config_db, *hosts, *cluster, *why;
	} rows[] = {
	    {"s1", "k1:27017", "s2/x1", CLUSTER, "names the config servers as 'k1:27017'"},
	    {"s1", "/k1:27017", "s2/x1", CLUSTER, "names the config servers as '/k1:27017'"},
	    {"s1", "cfg/k1:27017", "x1:27017", CLUSTER, "shard 'second' is no replica set"},
	    {"s1", "cfg/k1:27017", "mongos/x1:27017", CLUSTER, "a replica set is named 'mongos'"},
	    {"s1", "mongos/k1:27017", "s2/x1", CLUSTER, "names the config servers as 'mongos/"},
	    {"mongos", "cfg/k1:27017", "s2/x1", CLUSTER, "its replica set is named 'mongos'"},
	    {"s1", "cfg/k1:27017", "s2/x1", "", "'k1:27017' is of another cluster"},
	    {"s1", "cfg/k1:27017", "s2/x1", "other", "'k1:27017' is of another cluster"},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		(void)tear_down(NULL), (void)set_up(NULL);
		cut_z(w.t.rs.set, sizeof(w.t.rs.set), rows[i].set);
		cut_z(w.t.server.shard_config_db, sizeof(w.t.server.shard_config_db),
		      rows[i].config_db);
		shard(1, "second", rows[i].hosts);
		cut_z(w.shards.cluster, sizeof(w.shards.cluster), rows[i].cluster);
		(void)look();
		if (is_known() || !strstr(why(), rows[i].why))
			fail_msg("row %zu: %d '%s'", i, is_known(), why());
		assert_false(is_asked("config"));
	}
}

static void no_more_sets_than_there_is_room_for(void **state)
{
	for (unsigned n = SETS_MAX - 1; n <= SETS_MAX; n++) {
		(void)tear_down(NULL), (void)set_up(NULL);
		for (unsigned i = 2; i < n - 1; i++) { /* beside s1, s2 and cfg */
			char name[16], hosts[64];
			snprintf(name, sizeof(name), "t%u", i);
			snprintf(hosts, sizeof(hosts), "t%u/t%u:27017", i, i);
			shard(i, name, hosts);
		}
		(void)look();
		assert_int_equal(is_known(), n == SETS_MAX - 1);
		if (n == SETS_MAX - 1)
			assert_int_equal(w.t.seen->sharding.sets_n, SETS_MAX - 1);
		else
			assert_non_null(strstr(why(), "more than 23 sets"));
	}
}

/* Whom it has in other sets beside the three of its own. */
static void crowd(unsigned n)
{
	static struct mongod_config big;
	big = w.s2;
	for (unsigned i = 2; i < n; i++) {
		big.members[i] = big.members[0];
		snprintf(big.members[i].host, HOST_BYTES_MAX, "x%u:27017", i);
	}
	big.members_n = n;
	fleet_get("x1")->config = &big;
}

static void no_more_members_than_there_is_room_for(void **state)
{
	crowd(MEMBERS_MAX - 5);
	(void)look();
	assert_int_equal(seen_all_n(w.t.seen), MEMBERS_MAX);
	assert_true(w.t.seen->sharding.sets[2].is_known);
	(void)tear_down(NULL), (void)set_up(NULL);
	crowd(MEMBERS_MAX - 4);
	assert_string_equal(look(), "s1:a1P b1S* c1S cfg!:k1P k2S s2?:");
	assert_non_null(strstr(w.t.seen->sharding.sets[2].why, "more than 50 members"));
}

static void one_that_does_not_answer_is_asked_again_after_five_seconds(void **state)
{
	fleet_get("x1")->is_down = true;
	(void)look();
	assert_int_equal(member("x1")->silent_since.us, NOW_US);
	assert_string_equal(member("x1")->why, "no route to host");
	later(5);
	(void)look();
	assert_false(is_asked("hello x1"));
	assert_true(is_asked("hello y1"));
	assert_int_equal(member("x1")->silent_since.us, NOW_US);
	assert_string_equal(member("x1")->why, "it did not answer a moment ago");
	later(1);
	(void)look();
	assert_true(is_asked("hello x1"));
	assert_int_equal(member("x1")->silent_since.us, NOW_US);
	fleet_get("x1")->is_down = false;
	later(6);
	assert_string_equal(look(), ALL);
	assert_int_equal(member("x1")->silent_since.us, 0);
	assert_string_equal(member("x1")->why, "");
	/* Since when it is silent is counted anew. */
	fleet_get("x1")->is_down = true;
	later(6);
	(void)look();
	assert_int_equal(member("x1")->silent_since.us, w.now.us);
}

static void another_kind_of_server_at_that_address_is_not_it(void **state)
{
	fleet_get("x1")->hello.is_mongos = true;
	(void)look();
	assert_false(fact_known(member("x1")->hello));
	assert_string_equal(member("x1")->why, "a mongos answers there");
	/* One that is about to end does not say what it is. */
	fleet_get("x1")->hello.is_quiescing = true;
	later(6);
	(void)look();
	assert_true(fact_known(member("x1")->hello) && member("x1")->is_quiescing);
}

/* ---- mongos ---- */

static void note(const char *host, unsigned seq)
{
	struct statement st = {.head = {.seq = seq}};
	cut_z(st.host, sizeof(st.host), host);
	memset(st.head.incarnation.hex, 'a', TOKEN_CHARS);
	w.t.seen->now = w.now;
	cluster_note_word(&w.t, &st);
}
static void policy_names(const char *host)
{
	struct keyfile_policy *p = &w.config->policy.keyfile;
	cut_z(p->routers[p->routers_n++], sizeof(p->routers[0]), host);
}

static void mongos_are_those_that_spoke_lately_and_those_of_policy(void **state)
{
	router("m1:27017", false);
	router("m2:27017", true);
	policy_names("m3:27017");
	policy_names("m1:27017"); /* once */
	assert_string_equal(look(), ALL " mongos~:m1M m3?");
	assert_int_equal(w.t.seen->sharding.sets_n, 4);
	const struct seen_member *m = member("m1");
	assert_true(m->is_router && m->id == -1 && !m->is_primary && !m->is_secondary);
	assert_true(m->sees_all && m->is_seen_by_all);
	assert_false(member("m3")->sees_all || member("m3")->is_seen_by_all);
	assert_int_equal(m->set, 3);
	/* One that is there twice by two names is one. */
	fleet_add("m3", 'M')->hello = fleet_get("m1")->hello;
	later(6);
	assert_string_equal(look(), ALL " mongos~:m1M");
	/* And a mongod there is none. */
	fleet_add("m3", 'P');
	later(6);
	assert_string_equal(look(), ALL " mongos~:m1M m3?");
	assert_string_equal(member("m3")->why, "no mongos, but a mongod answers there");
}

static void a_mongos_that_its_rotad_speaks_for_lives_for_an_hour(void **state)
{
	assert_string_equal(look(), ALL);
	note("m1:27017", 1);
	assert_string_equal(look(), ALL " mongos~:m1M");
	later(3600);
	assert_string_equal(look(), ALL " mongos~:m1M");
	note("m1:27017", 1); /* the same word again is none */
	later(1);
	assert_string_equal(look(), ALL);
	note("m1:27017", 2);
	assert_string_equal(look(), ALL " mongos~:m1M");
	/* Another process of its rotad counts anew. */
	later(3601);
	struct statement st = {.head = {.seq = 2}};
	cut_z(st.host, sizeof(st.host), "m1:27017");
	memset(st.head.incarnation.hex, 'b', TOKEN_CHARS);
	w.t.seen->now = w.now;
	cluster_note_word(&w.t, &st);
	assert_string_equal(look(), ALL " mongos~:m1M");
	assert_int_equal(w.t.cluster->spoken_n, 1);
}

static void who_has_not_spoken_for_long_makes_room(void **state)
{
	char host[HOST_BYTES_MAX];
	(void)look();
	for (unsigned i = 0; i < ROUTERS_MAX; i++) {
		snprintf(host, sizeof(host), "m%u:27017", i);
		note(host, 1);
	}
	note("new:27017", 1); /* no room */
	assert_int_equal(w.t.cluster->spoken_n, ROUTERS_MAX);
	assert_string_equal(w.t.cluster->spoken[ROUTERS_MAX - 1].host, "m63:27017");
	later(3601);
	for (unsigned i = 1; i < ROUTERS_MAX; i++) {
		snprintf(host, sizeof(host), "m%u:27017", i);
		note(host, 2);
	}
	note("new:27017", 1);
	assert_string_equal(w.t.cluster->spoken[0].host, "new:27017");
	note("newer:27017", 1); /* all others spoke lately */
	for (unsigned i = 0; i < ROUTERS_MAX; i++)
		assert_string_not_equal(w.t.cluster->spoken[i].host, "newer:27017");
}

static void a_mongos_that_cannot_tell_is_found_by_a_login(void **state)
{
	static const struct {
		const char *name;
		char letter;
		enum login_verdict verdict;
		const char *asked;
		bool is_alive, is_asked_again, is_logged_in_again;
	} rows[] = {
	    {"lives", 'M', LOGIN_ACCEPTED, "hello q1, login q1", true, true, true},
	    {"of another cluster", 'M', LOGIN_REFUSED, "hello q1, login q1", false, true, false},
	    {"not told", 'M', LOGIN_UNKNOWN, "hello q1, login q1", false, true, true},
	    {"a mongod", 'P', LOGIN_ACCEPTED, "hello q1", false, true, false},
	    {"gone", 'x', LOGIN_ACCEPTED, "hello q1", false, true, false},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		(void)tear_down(NULL), (void)set_up(NULL);
		router("q1:27017", true);
		fleet_add("q1", rows[i].letter)->verdict = rows[i].verdict;
		assert_string_equal(look(), rows[i].is_alive ? ALL " mongos~:q1M" : ALL);
		if (!is_asked(rows[i].asked) || (!is_asked("login q1") && rows[i].letter == 'M'))
			fail_msg("%s: %s", rows[i].name, fleet.asked);
		/* Not in each round, but after two minutes. */
		later(120);
		(void)look();
		assert_false(is_asked("login q1"));
		if (!rows[i].is_alive)
			assert_false(is_asked("hello q1"));
		later(1);
		assert_string_equal(look(), rows[i].is_alive ? ALL " mongos~:q1M" : ALL);
		if (is_asked("hello q1") != rows[i].is_asked_again ||
		    is_asked("login q1") != rows[i].is_logged_in_again)
			fail_msg("%s, again: %s", rows[i].name, fleet.asked);
	}
	/* Once it is gone it is none. */
	(void)tear_down(NULL), (void)set_up(NULL);
	router("q1:27017", true);
	fleet_add("q1", 'M')->verdict = LOGIN_ACCEPTED;
	(void)look();
	fleet_get("q1")->is_down = true;
	later(121);
	assert_string_equal(look(), ALL);
}

static void one_of_the_quiet_ones_is_looked_at_a_round(void **state)
{
	router("q1:27017", true);
	router("m1:27017", false);
	router("q2:27017", true);
	(void)look();
	assert_true(is_asked("hello q1") && !is_asked("hello q2"));
	(void)look();
	assert_true(is_asked("hello q2") && !is_asked("hello q1"));
	(void)look();
	assert_false(is_asked("hello q1") || is_asked("hello q2"));
	assert_int_equal(w.t.cluster->quiet_n, 2);
}

static void quiet_ones_beyond_the_room_begin_anew(void **state)
{
	(void)look();
	w.t.cluster->quiet_n = ROUTERS_MAX;
	router("q1:27017", true);
	later(31);
	(void)look();
	assert_int_equal(w.t.cluster->quiet_n, 1);
	assert_string_equal(w.t.cluster->quiet[0].host, "q1:27017");
}

static void no_more_mongos_than_there_is_room_for(void **state)
{
	crowd(MEMBERS_MAX - 6);
	router("m1:27017", false);
	(void)look();
	assert_int_equal(seen_all_n(w.t.seen), MEMBERS_MAX);
	assert_true(w.t.seen->sharding.sets[3].is_known);
	router("m2:27017", false);
	later(31);
	(void)look();
	assert_int_equal(seen_all_n(w.t.seen), MEMBERS_MAX);
	assert_false(w.t.seen->sharding.sets[3].is_known);
	assert_non_null(strstr(w.t.seen->sharding.sets[3].why, "more than 50 members and mongos"));
}

/* ---- by the rotad of a mongos ---- */

static void as_router(void)
{
	w.part = SHARDING_ROUTER;
	w.own = "";
	w.t.has_rs = w.t.has_server = false;
	w.t.me[0] = 0;
	cut_z(w.t.options.config_db, sizeof(w.t.options.config_db), "cfg/k1:27017,k2:27017");
}

static void a_mongos_sees_the_other_mongos_and_all_sets(void **state)
{
	as_router();
	router("m1:27017", false);
	router("m2:27017", false);
	fleet_add("m2", 'M');
	assert_string_equal(look(), "mongos~:m1M* m2M cfg!:k1P k2S s1:a1P b1S c1S s2:x1P y1S");
	assert_true(is_known() && fact_known(w.t.seen->config));
	assert_string_equal(w.t.seen->self_host, "m1:27017");
	assert_string_equal(w.t.me, "m1:27017");
	assert_int_equal(w.t.seen->members_n, 2);
	assert_int_equal(w.t.seen->others_n, 7);
	assert_true(member("m2")->sees_all);
	/* It knows itself also when the config servers forget it. */
	w.shards.routers_n = 0;
	later(31);
	assert_string_equal(look(), "mongos~:m1M* cfg!:k1P k2S s1:a1P b1S c1S s2:x1P y1S");
	/* Nothing is known before they were read. */
	(void)tear_down(NULL), (void)set_up(NULL);
	as_router();
	fleet_get("k1")->is_down = fleet_get("k2")->is_down = true;
	(void)look();
	assert_false(is_known() || fact_known(w.t.seen->config));
	(void)tear_down(NULL), (void)set_up(NULL);
	as_router();
	cut_z(w.t.options.config_db, sizeof(w.t.options.config_db), "k1:27017");
	(void)look();
	assert_non_null(strstr(why(), "its sharding.configDB names the config servers as"));
}

static void which_mongos_is_its_own(void **state)
{
	static const struct {
		const char *name, *host, *me;
		int port;
		bool answers;
		const char *self; /* "" none */
	} rows[] = {
	    {"by its process", "", "", 0, true, "m1:27017"},
	    {"by its process, whatever it was called", "m2", "m2:27017", 0, true, "m1:27017"},
	    {"by its own name", "m1", "", 0, false, "m1:27017"},
	    {"by its own name and port", "m1", "", 27018, false, ""},
	    {"by its own name with a port", "m1:27017", "", 27018, false, "m1:27017"},
	    {"by what it was", "", "m1:27017", 0, false, "m1:27017"},
	    {"not by another's that answers", "m2", "", 0, false, ""},
	    {"by nothing", "", "", 0, false, ""},
	    {"by a name that is in no entry", "", "m9:27017", 0, false, "m9:27017"},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		(void)tear_down(NULL), (void)set_up(NULL);
		as_router();
		router("m2:27017", false);
		router("m1:27017", false);
		fleet_add("m2", 'M');
		fleet_get("m1")->is_down = !rows[i].answers;
		w.t.has_server = rows[i].host[0];
		cut_z(w.t.server.host, sizeof(w.t.server.host), rows[i].host);
		cut_z(w.t.me, sizeof(w.t.me), rows[i].me);
		w.t.options.port = rows[i].port;
		(void)look();
		if (strcmp(w.t.seen->self_host, rows[i].self) != 0)
			fail_msg("%s: '%s'", rows[i].name, w.t.seen->self_host);
		assert_string_equal(w.t.me, rows[i].self[0] ? rows[i].self : rows[i].me);
		assert_int_equal(w.t.seen->self >= 0, rows[i].self[0] != 0);
		for (unsigned m = 0; m < w.t.seen->members_n; m++)
			assert_int_equal(w.t.seen->members[m].is_self, (int)m == w.t.seen->self);
	}
}

/* A mongos has no primary: its clock is compared with that of the config servers'. */
static void a_mongos_compares_its_clock_with_the_config_servers_primary(void **state)
{
	as_router();
	w.wall.us = NOW_US + 7 * US_S;
	fleet_get("k1")->hello.local_time.us = NOW_US;
	fleet_get("k2")->hello.local_time.us = NOW_US + US_S;
	fleet_get("x1")->hello.local_time.us = NOW_US + 2 * US_S;
	(void)look();
	assert_int_equal(w.t.clock_offset_us, 7 * US_S);
	fleet_get("k1")->hello.local_time.us = 0; /* it does not say */
	w.t.clock_offset_us = 3;
	(void)look();
	assert_int_equal(w.t.clock_offset_us, 3);
	/* A member's is compared by its own set's. */
	(void)tear_down(NULL), (void)set_up(NULL);
	fleet_get("k1")->hello.local_time.us = NOW_US - US_S;
	(void)look();
	assert_int_equal(w.t.clock_offset_us, 0);
}

static void the_store_is_asked_at_the_config_servers(void **state)
{
	char hosts[MEMBERS_MAX][HOST_BYTES_MAX];
	assert_int_equal(cluster_store_hosts(&w.t, hosts, MEMBERS_MAX), 0);
	(void)look();
	assert_int_equal(cluster_store_hosts(&w.t, hosts, MEMBERS_MAX), 2);
	assert_string_equal(hosts[0], "k1:27017");
	assert_string_equal(hosts[1], "k2:27017");
	assert_int_equal(cluster_store_hosts(&w.t, hosts, 1), 1);
	/* Before who is in it is known: by the words of who is part of it. */
	w.t.cluster->members_n = 0;
	assert_int_equal(cluster_store_hosts(&w.t, hosts, MEMBERS_MAX), 2);
	assert_string_equal(hosts[1], "k2:27017");
	assert_int_equal(cluster_store_hosts(&w.t, hosts, 1), 1);
	cut_z(w.t.cluster->sets[1].seeds, sizeof(w.t.cluster->sets[1].seeds), "cfg/k3:1,,k4:2");
	assert_int_equal(cluster_store_hosts(&w.t, hosts, MEMBERS_MAX), 1);
	assert_string_equal(hosts[0], "k3:1");
}

static void the_name_of_a_set_stands_before_its_hosts(void **state)
{
	static const struct {
		const char *seeds, *name;
	} rows[] = {{"s1/a:1,b:2", "s1"}, {"s/a", "s"},  {"s1/", "s1"},
		    {"/a:1", NULL},       {"a:1", NULL}, {"", NULL}};
	char name[NAME_BYTES_MAX], seeds[NAME_BYTES_MAX + 8];
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		const bool ok = cluster_set_name(rows[i].seeds, name);
		assert_int_equal(ok, rows[i].name != NULL);
		if (ok)
			assert_string_equal(name, rows[i].name);
	}
	memset(seeds, 'x', sizeof(seeds));
	cut_z(seeds + NAME_BYTES_MAX - 1, 4, "/a");
	assert_true(cluster_set_name(seeds, name));
	memset(seeds, 'x', sizeof(seeds));
	cut_z(seeds + NAME_BYTES_MAX, 4, "/a");
	assert_false(cluster_set_name(seeds, name));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(a_shard_sees_the_members_of_all_sets),
	    TEST(what_its_set_is_part_of_an_arbiter_asks_the_others),
	    TEST(one_that_is_part_of_nothing_yet_says_so),
	    TEST(without_a_login_only_what_needs_none_is_asked),
	    TEST(a_config_server_asks_its_own_set),
	    TEST(config_servers_that_are_a_shard_as_well_are_one_set),
	    TEST(the_primary_is_asked_first_once_it_is_known),
	    TEST(it_is_read_again_after_a_while_and_sooner_while_a_rotation_runs),
	    TEST(who_is_in_the_other_sets_is_read_again_before_a_narrowing),
	    TEST(what_was_read_is_believed_for_two_minutes),
	    TEST(nothing_is_asked_while_its_own_restart_runs_or_it_does_not_answer),
	    TEST(without_a_configuration_of_its_own_or_outside_nothing_is_asked),
	    TEST(who_is_in_another_set_is_taken_from_its_configuration),
	    TEST(a_set_that_does_not_answer_keeps_its_members),
	    TEST(a_set_that_never_answered_is_not_known_and_says_why),
	    TEST(who_is_not_among_its_members_any_more_is_asked_after_them),
	    TEST(a_cluster_that_cannot_be_followed_says_why),
	    TEST(no_more_sets_than_there_is_room_for),
	    TEST(no_more_members_than_there_is_room_for),
	    TEST(one_that_does_not_answer_is_asked_again_after_five_seconds),
	    TEST(another_kind_of_server_at_that_address_is_not_it),
	    TEST(mongos_are_those_that_spoke_lately_and_those_of_policy),
	    TEST(a_mongos_that_its_rotad_speaks_for_lives_for_an_hour),
	    TEST(who_has_not_spoken_for_long_makes_room),
	    TEST(a_mongos_that_cannot_tell_is_found_by_a_login),
	    TEST(one_of_the_quiet_ones_is_looked_at_a_round),
	    TEST(quiet_ones_beyond_the_room_begin_anew),
	    TEST(no_more_mongos_than_there_is_room_for),
	    TEST(a_mongos_sees_the_other_mongos_and_all_sets),
	    TEST(which_mongos_is_its_own),
	    TEST(a_mongos_compares_its_clock_with_the_config_servers_primary),
	    TEST(the_store_is_asked_at_the_config_servers),
	    TEST(the_name_of_a_set_stands_before_its_hosts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
