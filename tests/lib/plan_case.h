/* SPDX-License-Identifier: Apache-2.0 */
/* A healthy set of three as one rotad sees it, for the planner's tests: each row starts from it and
 * spoils one thing. Members a (primary), b and c; this rotad's is set by case_begin(). */
#ifndef TESTS_LIB_PLAN_CASE_H
#define TESTS_LIB_PLAN_CASE_H

#include <stdio.h>
#include <string.h>

#include "plan/planner.h"

#define CASE_NOW (1800000000 * US_S)

/* One row's world; large, so there is one. */
static struct {
	struct seen s;
	struct policy policy;
	struct instance_policy instance;
	struct plan plan;
} the;

static inline struct key_name key_n(unsigned n)
{
	struct key_name k = {.number = n};
	memset(k.id.hex, '0', KEY_ID_CHARS);
	k.id.hex[KEY_ID_CHARS - 2] = (char)('0' + n / 10 % 10);
	k.id.hex[KEY_ID_CHARS - 1] = (char)('0' + n % 10);
	return k;
}
static inline struct ring_ids ring_of(unsigned first, unsigned second)
{
	struct ring_ids r = {.is_known = true, .n = second ? 2 : 1};
	r.ids[0] = key_n(first).id;
	if (second)
		r.ids[1] = key_n(second).id;
	return r;
}
static inline const char *host_n(unsigned i)
{
	static const char *const hosts[] = {"a:27017", "b:27017", "c:27017",
					    "d:27017", "e:27017", "f:27017"};
	ASSERT(i < ARRAY_N(hosts));
	return hosts[i];
}
static inline struct spki spki_n(unsigned i)
{
	struct spki k;
	memset(k.hex, 'a' + (int)i, SPKI_CHARS);
	k.hex[SPKI_CHARS] = 0;
	return k;
}
static inline struct token token_n(unsigned i)
{
	struct token t;
	memset(t.hex, '0' + (int)i, TOKEN_CHARS);
	t.hex[TOKEN_CHARS] = 0;
	return t;
}
/* The n-th process of member i. */
static inline void process_name(char out[PROCESS_ID_CHARS + 1], unsigned i, unsigned n)
{
	snprintf(out, PROCESS_ID_CHARS + 1, "%c%022u", 'a' + (int)i % 26, n % 100000);
}
static inline struct fact seen_at(int64_t us)
{
	return (struct fact){.who = WITNESS_OWN_EYES, .at = {.us = us}};
}

static inline void case_member(struct seen *s, unsigned i, bool is_primary)
{
	struct seen_member *m = &s->members[i];
	struct statement *t = &m->statement;
	*m = (struct seen_member){.id = (int)i,
				  .is_voter = true,
				  .is_electable = true,
				  .hello = seen_at(CASE_NOW),
				  .status = seen_at(CASE_NOW),
				  .sees_all = true,
				  .is_seen_by_all = true,
				  .has_statement = true};
	m->is_self = (int)i == s->self;
	m->is_primary = is_primary;
	m->is_secondary = !is_primary;
	m->state = is_primary ? MEMBER_PRIMARY : MEMBER_SECONDARY;
	cut_z(m->host, sizeof(m->host), host_n(i));
	process_name(m->process_id, i, 1);
	t->head.from = spki_n(i);
	t->head.at.us = CASE_NOW;
	cut_z(t->host, sizeof(t->host), m->host);
	t->member = m->id;
	cut_z(t->process_id, sizeof(t->process_id), m->process_id);
	t->disk = t->running = ring_of(1, 0);
	t->protocol = PROTOCOL_NUMBER;
	cut_z(t->mode, sizeof(t->mode), "act");
	t->is_rehearsed = t->takes_certificates = true;
	m->statement_moved.us = CASE_NOW;
}

static inline void case_policy(struct policy *p, struct instance_policy *i)
{
	memset(p, 0, sizeof(*p));
	memset(i, 0, sizeof(*i));
	p->mode = p->authorities_mode = MODE_ACT;
	p->zones_n = 1;
	p->keyfile =
	    (struct keyfile_policy){.mode = MODE_ACT, .min_age_us = US_DAY, .max_parallel = 1};
	p->certificates = (struct certificates_policy){
	    .mode = MODE_ACT, .renew_at_ppm = 670000, .outage_budget_us = 10 * US_DAY};
	cut_z(p->certificates.authority, sizeof(p->certificates.authority), "house");
	cut_z(i->name, sizeof(i->name), "rs0");
	i->mode = MODE_ACT;
	i->drain_us = -1;
	i->max_lag_us = 10 * US_S;
	i->restart_timeout_us = 5 * US_MIN;
}

/* What the rotad of member self sees: all is well, nothing is under way, mode act. */
static inline void case_fill(struct seen *s, unsigned self)
{
	memset(s, 0, sizeof(*s));
	s->now.us = CASE_NOW;
	s->self = (int)self;
	s->identity = spki_n(self);
	s->is_clock_sane = s->has_salt = s->is_rehearsed = true;
	s->config = s->sharding.fact = seen_at(CASE_NOW);
	s->config_version = s->config_term = 1;
	s->majority_votes = s->write_majority = 2;
	cut_z(s->instance, sizeof(s->instance), "rs0");
	cut_z(s->cluster, sizeof(s->cluster), "rs0");
	cut_z(s->self_host, sizeof(s->self_host), host_n(self));
	s->members_n = 3;
	for (unsigned i = 0; i < s->members_n; i++)
		case_member(s, i, i == 0);
	s->anchor.ledger = token_n(1);
	s->anchor.pivot = key_n(1);
	s->anchor.highest_number = 1;
	s->keyfile = (struct seen_keyfile){
	    .fact = seen_at(CASE_NOW), .ring = ring_of(1, 0), .is_writable = true};
	cut_z(s->keyfile.path, sizeof(s->keyfile.path), "/etc/mongod.key");
	s->process = (struct seen_process){.fact = seen_at(CASE_NOW),
					   .is_alive = true,
					   .is_answering = true,
					   .loaded = ring_of(1, 0),
					   .exit_code = -1,
					   .shutdown_timeout_ms = 15000};
	process_name(s->process.process_id, self, 1);
	cut_z(s->process.version, sizeof(s->process.version), "6.0.5");
	cut_z(s->process.cluster_auth_mode, sizeof(s->process.cluster_auth_mode), "keyFile");
	s->ledger.fact = seen_at(CASE_NOW);
	s->ledger.exists = true;
	s->ledger.id = token_n(1);
	s->ledger.identities_n = 3;
	s->others = (struct seen_others){.at = s->now, .scope = OTHERS_OF_ALL, .is_known = true};
}

static inline void case_begin(unsigned self)
{
	memset(&the, 0, sizeof(the));
	case_fill(&the.s, self);
	case_policy(&the.policy, &the.instance);
}

/* A proposal from key 1 to key 2 with all three in its roll; votes as letters: '-', 'y', 'n'. */
static inline void case_propose(struct seen *s, const char *votes)
{
	struct proposal *g = &s->ledger.proposal;
	struct roll *r = &s->ledger.roll;
	s->ledger.has_proposal = true;
	g->generation = r->generation = s->anchor.generation = 1;
	g->pivot = key_n(1);
	g->next = s->anchor.next = key_n(2);
	g->roll_n = s->members_n;
	r->rev = 1;
	for (unsigned i = 0; i < g->roll_n; i++) {
		g->roll[i] = (struct roll_entry){.member = (int)i, .identity = spki_n(i)};
		cut_z(g->roll[i].host, sizeof(g->roll[i].host), s->members[i].host);
		s->members[i].statement.generation = 1;
		r->votes[i].word = votes[i] == 'y'   ? VOTE_YEA
				   : votes[i] == 'n' ? VOTE_NAY
						     : VOTE_NONE;
	}
	for (unsigned i = 0; i < s->members_n; i++)
		s->members[i].statement.is_given_up = strchr(votes, 'n') != NULL;
	if (s->self >= 0 && r->votes[s->self].word != VOTE_NONE) {
		s->anchor.votes_n = 1;
		s->anchor.votes[0].word = r->votes[s->self].word;
		s->anchor.votes[0].generation = 1;
		cut_z(s->anchor.votes[0].host, sizeof(s->anchor.votes[0].host), s->self_host);
	}
}
static inline void case_close(struct seen *s, bool is_carried)
{
	s->ledger.roll.closure = (struct closure){.is_given = true,
						  .generation = s->ledger.proposal.generation,
						  .is_carried = is_carried};
}
/* The rings of member i, on disk and loaded, in its rotad's own eyes or in its statement. */
static inline void case_rings(struct seen *s, unsigned i, struct ring_ids disk,
			      struct ring_ids loaded)
{
	s->members[i].statement.disk = disk;
	s->members[i].statement.running = loaded;
	if ((int)i == s->self) {
		s->keyfile.ring = disk;
		s->process.loaded = loaded;
	}
}
static inline void case_proof(struct seen *s, unsigned i, unsigned key, enum login_verdict verdict)
{
	struct seen_member *m = &s->members[i];
	ASSERT(m->proofs_n < PROOFS_PER_MEMBER_MAX);
	struct key_proof *p = &m->proofs[m->proofs_n++];
	*p = (struct key_proof){.fact = seen_at(CASE_NOW),
				.key = key_n(key).id,
				.verdict = verdict,
				.is_controlled = true};
	cut_z(p->process_id, sizeof(p->process_id), m->process_id);
}

/* Part of a sharded cluster: d and e are its config servers, on whose roll entries this set's
 * follow. */
static inline void case_sharded(struct seen *s)
{
	struct seen_sharding *x = &s->sharding;
	x->part = SHARDING_SHARD;
	x->topology = seen_at(CASE_NOW);
	x->sets_n = 2;
	x->sets[0] = (struct seen_set){.name = "rs0", .is_known = true, .members_n = 3};
	x->sets[1] =
	    (struct seen_set){.name = "cfg", .is_known = true, .is_config = true, .members_n = 2};
	s->others_n = 2;
	for (unsigned i = 3; i < 5; i++) {
		case_member(s, i, i == 3);
		case_proof(s, i, 1, LOGIN_ACCEPTED);
		s->members[i].set = 1;
		if (!s->ledger.has_proposal)
			continue;
		struct roll_entry *r = &s->ledger.proposal.roll[s->ledger.proposal.roll_n++];
		r->member = s->members[i].id;
		r->identity = spki_n(i);
		cut_z(r->host, sizeof(r->host), s->members[i].host);
	}
}

/* Member i is a mongos. */
static inline void case_router(struct seen *s, unsigned i)
{
	struct seen_member *m = &s->members[i];
	m->id = m->statement.member = -1;
	m->is_router = true;
	m->is_voter = m->is_electable = m->is_primary = m->is_secondary = false;
	m->state = MEMBER_ROUTER;
}
/* The sharded cluster gets a mongos, f. */
static inline void case_add_mongos(struct seen *s)
{
	s->sharding.sets[s->sharding.sets_n++] = (struct seen_set){
	    .name = "mongos", .is_known = true, .is_routers = true, .members_n = 1};
	s->others_n++;
	case_member(s, 5, false);
	case_router(s, 5);
	case_proof(s, 5, 1, LOGIN_ACCEPTED);
	s->members[5].set = 2;
	if (s->ledger.has_proposal) {
		struct roll_entry *r = &s->ledger.proposal.roll[s->ledger.proposal.roll_n++];
		*r = (struct roll_entry){.member = -1, .identity = spki_n(5)};
		cut_z(r->host, sizeof(r->host), s->members[5].host);
	}
}
static inline void case_mongos(struct seen *s)
{
	case_sharded(s);
	case_add_mongos(s);
}
/* Its own set are the mongos: a, b and c are those. */
static inline void case_as_router(struct seen *s)
{
	case_sharded(s);
	s->sharding.part = SHARDING_ROUTER;
	s->sharding.sets[0].is_routers = true;
	cut_z(s->sharding.sets[0].name, sizeof(s->sharding.sets[0].name), "mongos");
	for (unsigned i = 0; i < s->members_n; i++)
		case_router(s, i);
}

/* And they have voted yea too. */
static inline void case_others_yea(struct seen *s)
{
	for (unsigned i = 3; i < seen_all_n(s); i++)
		s->ledger.roll.votes[i].word = VOTE_YEA;
}
static inline void case_claim(struct seen *s, enum claim_state state, unsigned holder)
{
	s->ledger.claim = (struct claim){.rev = 1, .state = state};
	cut_z(s->ledger.claim.host, sizeof(s->ledger.claim.host), host_n(holder));
	s->ledger.is_claim_mine = (int)holder == s->self;
}
/* Members as letters, in order of _id: P primary, S secondary, A arbiter, H hidden without a vote,
 * D delayed, 0 priority 0, x does not answer, q is shutting down. */
static inline void case_letters(struct seen *s, const char *members)
{
	s->members_n = (unsigned)strlen(members);
	for (unsigned k = 0; k < s->members_n; k++) {
		char c = members[k];
		struct seen_member *m = &s->members[k];
		case_member(s, k, c == 'P');
		m->is_arbiter = c == 'A';
		m->is_secondary &= c != 'A';
		m->is_hidden = c == 'H';
		m->is_voter = c != 'H';
		m->is_electable = c != 'A' && c != 'H' && c != 'D' && c != '0';
		m->delay_s = c == 'D' ? 3600 : 0;
		m->is_quiescing = c == 'q';
		if (c == 'x')
			m->hello.who = WITNESS_NONE;
	}
}
/* Every member is seen to accept key 1: nothing begins without. */
static inline void case_shared(struct seen *s)
{
	for (unsigned i = 0; i < s->members_n; i++)
		case_proof(s, i, 1, LOGIN_ACCEPTED);
}
static inline void case_order(struct seen *s, enum order_kind kind)
{
	struct order *o = &s->ledger.orders[s->ledger.orders_n++];
	*o = (struct order){.id = token_n(7), .kind = kind};
	o->head.from = s->identity;
	o->head.at.us = CASE_NOW;
	cut_z(o->who, sizeof(o->who), "alice");
	if (kind == ORDER_KEYFILE)
		case_shared(s);
}
static inline void case_job(struct seen *s)
{
	s->job = (struct seen_job){
	    .is_open = true, .begun_at = {.us = CASE_NOW - US_S}, .ring = s->keyfile.ring};
	process_name(s->job.process_before, (unsigned)s->self, 1);
	memset(&s->ledger, 0, sizeof(s->ledger)); /* no ledger call between stop and ready */
}
/* What lies beyond a count is nobody's. It is filled in each of these ways, and whoever reads it is
 * found out by another answer. */
enum case_beyond { BEYOND_WELL, BEYOND_AWAY, BEYOND_ODD, BEYOND_NOTHING, BEYOND_N };

static inline void case_poison_member(struct seen *s, enum case_beyond beyond)
{
	struct seen_member *m = &s->members[seen_all_n(s)], kept = s->members[0];
	struct statement *t = &m->statement;
	const bool is_odd = beyond == BEYOND_ODD;
	case_member(s, 0, beyond == BEYOND_WELL);
	*m = s->members[0];
	if (seen_all_n(s))
		s->members[0] = kept;
	m->id = -1;
	m->is_self = false;
	cut_z(m->host, sizeof(m->host), "z:27017");
	cut_z(t->host, sizeof(t->host), m->host);
	process_name(m->process_id, 25, 1);
	cut_z(t->process_id, sizeof(t->process_id), is_odd ? "another" : m->process_id);
	m->statement_moved.us = is_odd ? CASE_NOW - US_DAY : CASE_NOW + US_S;
	t->is_given_up = !is_odd;
	t->retired = t->generation = is_odd ? 0 : s->ledger.proposal.generation;
	case_proof(s, seen_all_n(s), 1, is_odd ? LOGIN_REFUSED : LOGIN_ACCEPTED);
	case_proof(s, seen_all_n(s), 2, is_odd ? LOGIN_REFUSED : LOGIN_ACCEPTED);
	if (beyond == BEYOND_AWAY) {
		m->hello = m->status = (struct fact){.who = WITNESS_NONE};
		m->is_secondary = m->sees_all = m->is_seen_by_all = m->has_statement = false;
		m->lag_us = -1;
		m->silent_since.us = CASE_NOW - US_DAY;
		cut_z(m->why, sizeof(m->why), "no route to host");
	} else if (is_odd) {
		m->state = MEMBER_RECOVERING;
		m->is_secondary = m->sees_all = m->is_seen_by_all = t->is_rehearsed = false;
		m->is_initial_syncing = m->is_quiescing = m->has_clock = true;
		m->clock_ahead_us = m->lag_us = US_H;
		cut_z(m->others, sizeof(m->others), "10.9.9.9");
		cut_z(m->served_why, sizeof(m->served_why), "no common protocol");
		t->disk = t->running = ring_of(9, 0);
		t->protocol = PROTOCOL_NUMBER + 1;
		cut_z(t->mode, sizeof(t->mode), "observe");
		t->is_certificate_taken_back = true;
	}
}
static inline void case_poison_ring(struct ring_ids *r, const struct key_id *with)
{
	if (r->n < KEYS_PER_FILE_MAX)
		r->ids[r->n] = *with;
}
static inline void case_poison(struct seen *s, enum case_beyond beyond)
{
	struct seen_ledger *l = &s->ledger;
	struct anchor *a = &s->anchor;
	const unsigned roll_n = l->proposal.roll_n;
	const bool is_odd = beyond == BEYOND_ODD, is_any = beyond != BEYOND_NOTHING;
	const struct key_name key = !is_any  ? (struct key_name){.number = 0}
				    : is_odd ? a->pivot
					     : l->proposal.next;
	struct ring_ids *rings[] = {&s->keyfile.ring, &s->process.loaded, &s->job.ring};
	ASSERT(seen_all_n(s) < MEMBERS_MAX && roll_n < MEMBERS_MAX && a->retired_n < RETIRED_MAX);
	if (is_any)
		case_poison_member(s, beyond);
	else
		memset(&s->members[seen_all_n(s)], 0, sizeof(s->members[0]));
	cut_z(l->proposal.roll[roll_n].host, HOST_BYTES_MAX, is_any ? "z:27017" : "");
	l->roll.votes[roll_n].word = is_odd                  ? VOTE_NAY
				     : beyond == BEYOND_WELL ? VOTE_YEA
							     : VOTE_NONE;
	l->roll.is_without[roll_n] = is_odd;
	a->retired[a->retired_n] = key;
	a->votes[a->votes_n].word = !is_any ? VOTE_NONE : is_odd ? VOTE_YEA : VOTE_NAY;
	a->votes[a->votes_n].generation = a->generation;
	cut_z(a->votes[a->votes_n].host, HOST_BYTES_MAX, s->self_host);
	if (l->orders_n < ARRAY_N(l->orders)) {
		l->orders[l->orders_n] = (struct order){.urgency = URGENCY_ROUTINE};
		if (is_any)
			l->orders[l->orders_n] =
			    (struct order){.id = token_n(5),
					   .kind = is_odd ? ORDER_KEYFILE : ORDER_CERTIFICATES,
					   .urgency = URGENCY_EMERGENCY,
					   .breaks_freeze = true};
	}
	for (unsigned i = 0; i < seen_all_n(s); i++) {
		case_poison_ring(&s->members[i].statement.disk, &key.id);
		case_poison_ring(&s->members[i].statement.running, &key.id);
	}
	for (size_t i = 0; i < ARRAY_N(rings); i++)
		case_poison_ring(rings[i], &key.id);
}

/* Where two plans part; NULL: nowhere. */
static inline const char *case_parted(const struct plan *a, const struct plan *b)
{
#define SAME(field)                                                                                \
	do {                                                                                       \
		if (a->field != b->field)                                                          \
			return #field;                                                             \
	} while (0)
#define SAME_Z(field)                                                                              \
	do {                                                                                       \
		if (strcmp(a->field, b->field) != 0)                                               \
			return #field;                                                             \
	} while (0)
	SAME_Z(reason);
	SAME(acts_n);
	for (unsigned i = 0; i < a->acts_n; i++) {
		SAME(acts[i].kind);
		SAME(acts[i].ring_n);
		for (unsigned k = 0; k < a->acts[i].ring_n; k++)
			SAME(acts[i].ring[k].number);
		SAME(acts[i].drain_ms);
		SAME_Z(acts[i].order.hex);
		SAME_Z(acts[i].reason);
	}
	SAME(looks_n);
	for (unsigned i = 0; i < a->looks_n; i++)
		SAME(looks[i].member);
	SAME(gates_n);
	for (unsigned i = 0; i < a->gates_n; i++)
		SAME_Z(gates[i].text);
	SAME(steps_n);
	for (unsigned i = 0; i < a->steps_n; i++) {
		SAME(steps[i].state);
		SAME(steps[i].done_n);
		SAME(steps[i].of_n);
		SAME_Z(steps[i].note);
	}
	SAME(events_n);
	for (unsigned i = 0; i < a->events_n; i++) {
		SAME_Z(events[i].headline);
		SAME_Z(events[i].what);
		SAME_Z(events[i].now);
		SAME_Z(events[i].you);
	}
	SAME(wants_others);
	SAME(wants_peer_check);
	SAME(wake_at.us);
	SAME(is_waiting);
	SAME(needs_attention);
	SAME(waits_for_approval);
	SAME_Z(approval);
	SAME(has_external);
	SAME(restart_now);
	SAME_Z(restart_why);
	SAME(restarts_n);
	SAME(elections_n);
	SAME(failed_logins_n);
	SAME(seconds_foretold);
#undef SAME
#undef SAME_Z
	return NULL;
}

/* The plan for what is seen. It is the same one whatever lies beyond the counts. */
static inline void case_plan(void)
{
	static struct plan first;
	for (enum case_beyond beyond = 0; beyond < BEYOND_N; beyond++) {
		const char *parted;
		case_poison(&the.s, beyond);
		plan_step(&the.s, &the.policy, &the.instance, 5, &the.plan);
		if (beyond == 0)
			first = the.plan;
		parted = case_parted(&first, &the.plan);
		if (parted)
			fail_msg("read beyond a count (%d): %s: %s | %s", (int)beyond, parted,
				 first.reason, the.plan.reason);
	}
}
static inline const struct act *planned(enum act_kind kind)
{
	for (unsigned i = 0; i < the.plan.acts_n; i++)
		if (the.plan.acts[i].kind == kind)
			return &the.plan.acts[i];
	return NULL;
}
static inline const struct gate_result *gate_named(const char *name)
{
	for (unsigned i = 0; i < the.plan.gates_n; i++)
		if (strcmp(the.plan.gates[i].name, name) == 0)
			return &the.plan.gates[i];
	return NULL;
}
static inline const struct event *told(const char *name)
{
	for (unsigned i = 0; i < the.plan.events_n; i++)
		if (strcmp(the.plan.events[i].name, name) == 0)
			return &the.plan.events[i];
	return NULL;
}

/* The same where it must be there: the test fails by name, not by a crash. cmocka's fail_msg() does
 * not return, which the compiler is not told. */
static inline const struct act *planned_get(enum act_kind kind)
{
	const struct act *a = planned(kind);
	if (!a)
		fail_msg("'%s' is not planned: %s", act_table[kind].word, the.plan.reason);
	ASSERT(a);
	return a;
}
static inline const struct gate_result *gate_get(const char *name)
{
	const struct gate_result *g = gate_named(name);
	if (!g)
		fail_msg("the gate '%s' was not asked: %s", name, the.plan.reason);
	ASSERT(g);
	return g;
}
static inline const struct event *told_get(const char *name)
{
	const struct event *e = told(name);
	if (!e)
		fail_msg("'%s' was not told: %s", name, the.plan.reason);
	ASSERT(e);
	return e;
}

#endif
