/* SPDX-License-Identifier: Apache-2.0 */
/* A toy world of three members for the whole rotation: it does the planner's acts, answers its
 * looks and shows each rotad what it would see. It knows nothing of why. After each act the
 * invariants of PROTOCOL 1 and 2 are asked of the world itself, not of anybody's view. */
#ifndef TESTS_LIB_PLAN_TOY_H
#define TESTS_LIB_PLAN_TOY_H

#include "base/rng.h"
#include "lib/plan_case.h"
#include "plan/post.h"
#include "plan/safe.h"

enum { TOY_N = 4, DOWN_ROUNDS = 3 };

struct toy_ring {
	unsigned n, keys[2];
};
struct toy_member {
	struct toy_ring disk, loaded, written; /* written: by its rotad last */
	unsigned process;
	int64_t started_us, changed_us; /* of the process, of the file */
	bool is_up;
	bool is_mute;          /* no rotad speaks for it */
	bool is_broken_by_two; /* does not start with two keys in the file */
	bool has_died;         /* the job is over and there is no process */
	bool is_stranded;      /* stopped by a rotad that ended before it started it again */
	int back_in;           /* rounds until a restarted one answers */
	bool job_is_open, job_is_rollback;
	unsigned job_process;
	struct toy_ring job_ring;
	struct toy_ring known; /* what its rotad knows the process known_process to have loaded */
	unsigned known_process;
	bool has_statement;
	struct statement statement;
	struct wall moved;
	struct anchor anchor;
	struct seen_debts debts;
};
struct toy {
	unsigned n;
	int64_t now_us;
	int primary;
	struct toy_member m[TOY_N];
	int64_t claim_rev, roll_rev, hold_rev;
	struct claim claim;
	struct wall claim_moved;
	struct hold hold;
	bool has_proposal;
	struct proposal proposal;
	struct roll roll;
	struct order order;
	bool has_order, is_approved, is_standalone, has_arbiter;
	unsigned standby; /* strategy standby: the key that stands by; 0: two passes */
	bool forgets;     /* each rotad is started anew while its member is away */
	bool strands;     /* and its restart job ends with it, between stop and start */
	/* what came of it */
	unsigned acts[ACT_N], acts_all, restarts, elections, refusals, looks;
	unsigned drop_ppm; /* so many of a million acts are recorded and not done */
	struct rng rng;
	unsigned foreign; /* 1 + the member whose file somebody else wrote: the file is no promise
			     of ours until it is put right */
};

static struct {
	struct toy w;
	struct policy policy;
	struct instance_policy instance;
	struct seen eyes[TOY_N];
	struct plan plans[TOY_N];
	int64_t plan_claim_rev[TOY_N];
	int64_t eyes_rev[TOY_N]; /* of the roll that the rotad has read */
	unsigned plan_at[TOY_N]; /* acts of the plan done */
	bool has_plan[TOY_N];
	unsigned gates_reached[GATES_MAX * 2][GATE_SKIP];
	const char *gate_names[GATES_MAX * 2];
	unsigned acts_reached[ACT_N];
	char broken[256]; /* the first invariant found broken */
} toy;

static inline bool toy_has(const struct toy_ring *r, unsigned key)
{
	return (r->n > 0 && r->keys[0] == key) || (r->n > 1 && r->keys[1] == key);
}
static inline struct ring_ids toy_ids(const struct toy_ring *r)
{
	return ring_of(r->keys[0], r->n > 1 ? r->keys[1] : 0);
}
static inline bool toy_same(const struct toy_ring *a, const struct toy_ring *b)
{
	return a->n == b->n && toy_has(b, a->keys[0]) && (a->n < 2 || toy_has(b, a->keys[1]));
}
static inline struct toy_ring toy_of(const struct act *a)
{
	return (struct toy_ring){
	    .n = a->ring_n, .keys = {a->ring[0].number, a->ring_n > 1 ? a->ring[1].number : 0}};
}
static inline unsigned toy_key(const struct key_id *id)
{
	return (unsigned)(id->hex[KEY_ID_CHARS - 2] - '0') * 10 +
	       (unsigned)(id->hex[KEY_ID_CHARS - 1] - '0');
}
static inline void toy_say(const char *what, unsigned i, unsigned k)
{
	if (!toy.broken[0])
		snprintf(toy.broken, sizeof(toy.broken), "%s: %s and %s", what, host_n(i),
			 host_n(k));
}

static inline bool toy_shares(const struct toy_ring *a, const struct toy_ring *b)
{
	return toy_has(b, a->keys[0]) || (a->n > 1 && toy_has(b, a->keys[1]));
}

/* The constitution, asked of the world. */
static inline void toy_invariants(void)
{
	struct toy *w = &toy.w;
	unsigned down = 0, pivot = 1;
	bool carried = w->has_proposal, dead = false;
	if (w->has_proposal) {
		for (unsigned i = 0; i < w->proposal.roll_n; i++) {
			carried &= w->roll.votes[i].word == VOTE_YEA;
			dead |= w->roll.votes[i].word == VOTE_NAY;
		}
		pivot = carried ? w->proposal.next.number : w->proposal.pivot.number;
	}
	for (unsigned i = 0; i < w->n; i++) {
		const struct toy_member *a = &w->m[i];
		bool is_ours = w->foreign != i + 1;
		down += !a->is_up;
		/* Who is outside the roll need not hold the new pivot; a common key with each it
		 * must have all the same (PROTOCOL 1). */
		bool is_bound = !w->has_proposal || i < w->proposal.roll_n;
		if (is_bound && is_ours && !toy_has(&a->disk, pivot))
			toy_say("a file without the pivot", i, i);
		if (is_bound && a->is_up && !toy_has(&a->loaded, pivot))
			toy_say("a process without the pivot", i, i);
		for (unsigned k = 0; k < w->n; k++) {
			const struct toy_member *b = &w->m[k];
			bool both = is_ours && w->foreign != k + 1;
			if (a->is_up && b->is_up && !toy_shares(&a->loaded, &b->loaded))
				toy_say("running x running without a common key", i, k);
			if (is_ours && b->is_up && !toy_shares(&a->disk, &b->loaded))
				toy_say("disk x running without a common key", i, k);
			if (both && !toy_shares(&a->disk, &b->disk))
				toy_say("disk x disk without a common key", i, k);
		}
	}
	if (down > 1)
		toy_say("two members down", 0, 1);
}

static inline void toy_statement(struct toy_member *m, const struct seen *s)
{
	struct statement *t = &m->statement;
	m->has_statement = true;
	t->takes_certificates = false; /* toy.policy is about keyfiles only */
	t->generation = s->ledger.has_proposal ? s->ledger.proposal.generation : 0;
	t->disk = s->keyfile.ring;
	t->retired = anchor_retired_generation(&m->anchor);
	t->is_given_up = seen_generation(s) == GENERATION_DEAD;
	t->running = s->process.loaded;
	cut_z(t->process_id, sizeof(t->process_id), s->process.process_id);
	cut_z(t->mode, sizeof(t->mode), mode_name(toy.policy.mode));
	m->moved.us = toy.w.now_us;
}

static inline void toy_start(unsigned i)
{
	struct toy_member *m = &toy.w.m[i];
	m->is_up = true;
	m->has_died = false;
	m->process++;
	m->loaded = m->disk;
	m->started_us = toy.w.now_us;
}
static inline void toy_write(unsigned i, struct toy_ring ring, bool is_ours)
{
	struct toy_member *m = &toy.w.m[i];
	m->disk = ring;
	m->changed_us = toy.w.now_us++;
	if (is_ours)
		m->written = ring;
	if (!is_ours)
		toy.w.foreign = i + 1;
	else if (toy.w.foreign == i + 1)
		toy.w.foreign = 0;
}

/* Restarted ones come back, or die. */
static inline void toy_pass_time(int64_t us)
{
	struct toy *w = &toy.w;
	w->now_us += us;
	for (unsigned i = 0; i < w->n; i++) {
		struct toy_member *m = &w->m[i];
		if (m->is_up || m->has_died || m->is_stranded || m->back_in == 0 ||
		    --m->back_in > 0)
			continue;
		if (m->is_broken_by_two && m->disk.n == 2) {
			m->has_died = true;
			continue;
		}
		toy_start(i);
	}
}

/* What rotad r sees now. */
static inline void toy_observe_all(unsigned r)
{
	struct toy *w = &toy.w;
	struct toy_member *me = &w->m[r];
	struct seen *s = &toy.eyes[r];
	s->now.us = w->now_us;
	for (unsigned i = 0; i < w->n; i++) {
		const struct toy_member *m = &w->m[i];
		struct seen_member *v = &s->members[i];
		v->hello = m->is_up ? seen_at(w->now_us) : (struct fact){.who = WITNESS_NONE};
		v->status = v->hello;
		process_name(v->process_id, i, m->process);
		v->is_arbiter = w->has_arbiter && i == 2;
		v->is_electable = !v->is_arbiter;
		v->is_primary = m->is_up && w->primary == (int)i;
		v->is_secondary = m->is_up && !v->is_primary && !v->is_arbiter;
		v->state = v->is_primary ? MEMBER_PRIMARY : MEMBER_SECONDARY;
		v->sees_all = v->is_seen_by_all = m->is_up;
		for (unsigned k = 0; k < w->n; k++)
			v->sees_all &= w->m[k].is_up, v->is_seen_by_all &= w->m[k].is_up;
		v->has_statement = m->has_statement;
		v->statement = m->statement;
		v->statement_moved = m->moved;
	}
	/* Another start than ours: the whole file, if it did not change since. */
	if (me->is_up && me->known_process != me->process && me->changed_us < me->started_us &&
	    toy_same(&me->disk, &me->written)) {
		me->known = me->disk;
		me->known_process = me->process;
	}
	s->keyfile.ring = toy_ids(&me->disk);
	s->keyfile.is_foreign = !toy_same(&me->disk, &me->written);
	s->keyfile.has_stranger = toy_has(&me->disk, 9);
	s->process.is_answering = me->is_up;
	s->process.is_alive = !me->has_died && !me->is_stranded;
	s->process.exit_code = me->has_died ? 1 : -1;
	cut_z(s->process.process_id, sizeof(s->process.process_id), s->members[r].process_id);
	s->process.loaded = me->is_up && me->known.n && me->known_process == me->process
				? toy_ids(&me->known)
				: (struct ring_ids){.is_known = false};
	s->job.is_open = me->job_is_open;
	s->job.is_lost = me->job_is_open && me->is_stranded;
	s->job.is_running = me->job_is_open && !me->is_up && !me->has_died && !me->is_stranded;
	s->job.is_rollback = me->job_is_rollback;
	s->job.ring = toy_ids(&me->job_ring);
	process_name(s->job.process_before, r, me->job_process);
	s->anchor = me->anchor;
	s->debts = me->debts;
	if (w->is_approved)
		seen_approval(s, APPROVAL_KEYFILE, s->approved);
	/* No ledger call between stop and ready of one's own member: what was read last stands, or
	 * nothing is known of it by a rotad that was started meanwhile. */
	if (me->job_is_open && !w->forgets)
		return;
	memset(&s->ledger, 0, offsetof(struct seen_ledger, proposal));
	s->ledger.has_proposal = false;
	s->ledger.roll.closure.is_given = false;
	s->ledger.roll.rev = 0;
	s->ledger.orders_n = 0;
	s->ledger.hold.is_on = false;
	s->ledger.claim.state = CLAIM_FREE;
	s->ledger.is_claim_mine = false;
	s->ledger.identities_n = 0;
	if (me->job_is_open)
		return;
	s->ledger.fact = seen_at(w->now_us);
	s->ledger.exists = true;
	s->ledger.id = token_n(1);
	s->ledger.identities_n = w->n;
	s->ledger.has_proposal = w->has_proposal;
	if (w->has_proposal) {
		if (toy.eyes_rev[r] != w->roll_rev) {
			s->ledger.proposal = w->proposal;
			s->ledger.roll = w->roll;
			toy.eyes_rev[r] = w->roll_rev;
		}
		s->ledger.roll.closure.is_given = w->roll.closure.is_given;
		s->ledger.roll.rev = w->roll_rev;
		if (anchor_follow(s, &me->anchor) == ANCHOR_MOVED)
			s->anchor = me->anchor;
	}
	s->ledger.claim = w->claim;
	s->ledger.is_claim_mine =
	    w->claim.state != CLAIM_FREE && strcmp(w->claim.host, host_n(r)) == 0;
	s->ledger.claim_moved = w->claim_moved;
	s->ledger.is_claim_stale =
	    w->claim.state == CLAIM_WAITING && w->now_us - w->claim_moved.us > CLAIM_STALE_S * US_S;
	s->ledger.hold = w->hold;
	if (w->hold.is_on)
		me->debts.rolled_back_why[0] = 0;
	if (w->has_order &&
	    !(w->has_proposal && strcmp(w->proposal.order.hex, w->order.id.hex) == 0)) {
		s->ledger.orders[0] = w->order;
		s->ledger.orders_n = 1;
	}
}

/* Where it is not known what the process was started with, logins tell. */
static inline void toy_observe(unsigned r)
{
	struct seen *s = &toy.eyes[r];
	toy_observe_all(r);
	if (s->process.is_answering && !s->process.loaded.is_known)
		s->process.loaded = seen_loaded(s);
}

/* One look: control first, then the key, both at the process that hello shows. */
static inline bool toy_look(unsigned r, const struct look *l)
{
	struct toy_member *m = &toy.w.m[l->member];
	struct seen_member *v = &toy.eyes[r].members[l->member];
	unsigned key = toy_key(&l->key), control = toy_key(&l->control), at = 0;
	bool is_controlled = key != control && toy_has(&m->loaded, control);
	if (!m->is_up || (l->expects_refusal && !is_controlled))
		return false;
	toy.w.looks++;
	toy.w.refusals += !toy_has(&m->loaded, key);
	while (at < v->proofs_n && !key_id_equal(&v->proofs[at].key, &l->key))
		at++;
	ASSERT(at < PROOFS_PER_MEMBER_MAX);
	v->proofs_n = MAX(v->proofs_n, at + 1);
	v->proofs[at] =
	    (struct key_proof){.fact = seen_at(toy.w.now_us),
			       .key = l->key,
			       .verdict = toy_has(&m->loaded, key) ? LOGIN_ACCEPTED : LOGIN_REFUSED,
			       .is_controlled = is_controlled};
	process_name(v->proofs[at].process_id, l->member, m->process);
	return true;
}

static inline void toy_count_gates(const struct plan *p)
{
	for (unsigned i = 0; i < p->gates_n; i++) {
		unsigned at = 0;
		while (toy.gate_names[at] && strcmp(toy.gate_names[at], p->gates[i].name) != 0)
			at++;
		toy.gate_names[at] = p->gates[i].name;
		toy.gates_reached[at][p->gates[i].verdict]++;
	}
}

/* Observe, plan, look, plan again. */
static inline void toy_plan(unsigned r)
{
	struct toy *w = &toy.w;
	struct plan *p = &toy.plans[r];
	toy_observe(r);
	for (int tries = 0; tries < 4; tries++) {
		plan_step(&toy.eyes[r], &toy.policy, &toy.instance, 0, p);
		bool any = false;
		for (unsigned i = 0; i < p->looks_n; i++)
			any |= toy_look(r, &p->looks[i]);
		if (p->wants_others) {
			toy.eyes[r].others = (struct seen_others){
			    .at = {.us = w->now_us}, .scope = p->wants_others, .is_known = true};
			any = true;
		}
		if (!any)
			break;
		toy_observe(r);
	}
	toy_count_gates(p);
	toy.plan_claim_rev[r] = w->claim_rev;
	toy.plan_at[r] = 0;
	toy.has_plan[r] = p->acts_n > 0;
}

static inline bool toy_claim(unsigned r, enum claim_state state, const struct act *a)
{
	struct toy *w = &toy.w;
	if (w->claim_rev != toy.plan_claim_rev[r])
		return false;
	toy.plan_claim_rev[r] = ++w->claim_rev;
	w->claim = (struct claim){.rev = w->claim_rev, .state = state, .purpose = a->purpose};
	w->claim_moved.us = w->now_us;
	cut_z(w->claim.host, sizeof(w->claim.host), state == CLAIM_FREE ? "" : host_n(r));
	return true;
}

static inline void toy_stop(unsigned r, bool is_rollback)
{
	struct toy *w = &toy.w;
	struct toy_member *m = &w->m[r];
	if (!is_rollback)
		m->job_process = m->process;
	m->job_is_open = true;
	m->job_is_rollback = is_rollback;
	m->job_ring = m->disk;
	m->is_up = m->has_died = false;
	m->back_in = DOWN_ROUNDS;
	m->is_stranded = w->strands;
	w->restarts++;
	if (w->primary == (int)r && w->n > 1)
		toy_say("the primary was restarted without a step-down", r, r);
}

static inline bool toy_propose(const struct act *a)
{
	struct toy *w = &toy.w;
	struct proposal *g = &w->proposal;
	unsigned number = 2;
	if (w->has_proposal && !w->roll.closure.is_given)
		return false;
	if (w->has_proposal)
		number = MAX(g->next.number, g->after.number) + 1;
	if (w->standby)
		number = w->standby;
	struct key_name pivot = !w->has_proposal             ? key_n(1)
				: w->roll.closure.is_carried ? g->next
							     : g->pivot;
	uint64_t generation = g->generation + 1;
	memset(g, 0, sizeof(*g));
	memset(&w->roll, 0, sizeof(w->roll));
	w->has_proposal = true;
	g->generation = w->roll.generation = generation;
	g->pivot = pivot;
	g->next = key_n(number);
	if (w->standby) {
		g->strategy = STRATEGY_STANDBY;
		g->after = key_n(number + 1);
	}
	g->order = a->order;
	g->head.at.us = w->now_us;
	g->roll_n = w->n;
	w->roll_rev++;
	for (unsigned i = 0; i < w->n; i++) {
		g->roll[i] = (struct roll_entry){.member = (int)i, .identity = spki_n(i)};
		cut_z(g->roll[i].host, sizeof(g->roll[i].host), host_n(i));
	}
	return true;
}

/* Do one act; false when a compare-and-set was lost or the act failed. */
static inline bool toy_do(unsigned r, const struct act *a)
{
	struct toy *w = &toy.w;
	struct toy_member *m = &w->m[r];
	bool is_carried;
	struct key_name gone;
	switch (a->kind) {
	case ACT_PUBLISH_STATEMENT:
		toy_statement(m, &toy.eyes[r]);
		return true;
	case ACT_PROPOSE:
		return toy_propose(a);
	case ACT_RESTORE_KEYFILE:
		m->debts.restored_at.us = w->now_us;
		toy_write(r, toy_of(a), true);
		return true;
	case ACT_PUT_KEYFILE:
		toy_write(r, toy_of(a), true);
		return true;
	case ACT_TAKE_CLAIM:
		return toy_claim(r, CLAIM_WAITING, a);
	case ACT_CLAIM_ACTING:
		return toy_claim(r, CLAIM_ACTING, a);
	case ACT_RELEASE_CLAIM:
		return toy_claim(r, CLAIM_FREE, a);
	case ACT_STEP_DOWN:
		for (unsigned i = 0; i < w->n; i++)
			if (i != r && w->m[i].is_up && !(w->has_arbiter && i == 2)) {
				w->primary = (int)i;
				w->elections++;
				return true;
			}
		return false;
	case ACT_RESTART:
		if (!toy_same(&m->disk, &m->written))
			return false; /* the bytes are compared again */
		toy_stop(r, false);
		return true;
	case ACT_ROLL_BACK:
		m->debts.rolled_back_at.us = w->now_us;
		toy_write(r, toy_of(a), true);
		toy_stop(r, true);
		return true;
	case ACT_START:
		if (!m->is_stranded)
			toy_say("a member was started that was not left stopped", r, r);
		m->is_stranded = false;
		m->job_ring = m->disk;
		return true;
	case ACT_END_JOB:
		m->job_is_open = false;
		if (m->process != m->job_process) {
			m->known = m->job_ring;
			m->known_process = m->process;
		}
		return true;
	case ACT_VOTE:
		m->anchor.votes_n = 1;
		m->anchor.votes[0].word = a->vote;
		m->anchor.votes[0].generation = a->generation;
		cut_z(m->anchor.votes[0].host, sizeof(m->anchor.votes[0].host), host_n(r));
		if (w->roll.votes[r].word != VOTE_NONE)
			return false; /* given already, by a person in its name */
		w->roll.votes[r].word = a->vote;
		w->roll.votes[r].head.at.us = w->now_us;
		w->roll_rev++;
		return true;
	case ACT_HOLD:
		w->hold.is_on = true;
		return true;
	case ACT_CLOSE:
		is_carried = seen_generation(&toy.eyes[r]) == GENERATION_CARRIED;
		if (w->roll.closure.is_given)
			return true;
		w->roll.closure = (struct closure){.is_given = true, .is_carried = is_carried};
		if (is_carried && w->standby)
			w->standby = w->proposal.after.number;
		w->roll_rev++;
		return true;
	case ACT_RETIRE:
		is_carried = w->roll.closure.is_carried;
		gone = is_carried ? w->proposal.pivot : w->proposal.next;
		m->anchor.retired[m->anchor.retired_n++] = gone;
		m->anchor.pivot = is_carried ? w->proposal.next : w->proposal.pivot;
		m->anchor.next = m->anchor.burnt = (struct key_name){.number = 0};
		if (is_carried)
			m->anchor.standby = w->proposal.after;
		return true;
	case ACT_FOUND_LEDGER:
	case ACT_PUBLISH_IDENTITY:
	case ACT_WELCOME:
	case ACT_SET_DRAIN:
	case ACT_ASK_AUTHORITY:
	case ACT_INSTALL_CERTIFICATE:
	case ACT_RELOAD:
	case ACT_CONFIRM_CERTIFICATE:
	case ACT_ROLL_BACK_CERTIFICATE:
	case ACT_SIGN_REQUESTS:
	case ACT_PUBLISH_REVOCATION:
	case ACT_END_ORDER:
	case ACT_TIDY_LEDGER:
	case ACT_N:
		break;
	}
	toy_say(act_table[a->kind].word, r, r);
	return false;
}

/* One act of the plan in rotad r's hands; the rest of a plan whose act failed is thrown away. */
static inline void toy_act(unsigned r)
{
	struct toy *w = &toy.w;
	struct plan *p = &toy.plans[r];
	const struct act *a = &p->acts[toy.plan_at[r]];
	struct err err = ERR_INIT;
	bool is_dropped = w->drop_ppm && rng_below(&w->rng, 1000000) < w->drop_ppm;
	ASSERT(toy.has_plan[r]);
	if (!safe_holds(&toy.eyes[r], a, &err)) {
		if (!toy.broken[0])
			snprintf(toy.broken, sizeof(toy.broken), "%s by %s: %.180s",
				 act_table[a->kind].word, host_n(r), err.text);
		toy.has_plan[r] = false;
		return;
	}
	if (is_dropped || !toy_do(r, a))
		toy.has_plan[r] = false;
	else {
		w->acts[a->kind]++;
		w->acts_all++;
		toy.acts_reached[a->kind]++;
		if (++toy.plan_at[r] == p->acts_n)
			toy.has_plan[r] = false;
		if (a->kind == ACT_PUT_KEYFILE || a->kind == ACT_RESTORE_KEYFILE) {
			toy_observe(r);
			if (!post_holds(&toy.eyes[r], a, &err) && !toy.broken[0])
				snprintf(toy.broken, sizeof(toy.broken), "post: %.200s", err.text);
		}
	}
	toy_invariants();
}

static inline void toy_begin(unsigned n)
{
	memset(&toy.w, 0, sizeof(toy.w));
	memset(toy.has_plan, 0, sizeof(toy.has_plan));
	toy.broken[0] = 0;
	case_policy(&toy.policy, &toy.instance);
	toy.policy.certificates.mode = MODE_OFF;
	struct toy *w = &toy.w;
	w->n = n;
	w->is_standalone = n == 1;
	w->now_us = CASE_NOW;
	w->order = (struct order){.id = token_n(7), .kind = ORDER_KEYFILE};
	w->order.head.from = spki_n(n - 1);
	w->order.head.at.us = CASE_NOW;
	cut_z(w->order.who, sizeof(w->order.who), "alice");
	w->has_order = true;
	for (unsigned i = 0; i < n; i++) {
		struct toy_member *m = &w->m[i];
		struct seen *s = &toy.eyes[i];
		case_fill(s, i);
		toy.eyes_rev[i] = 0;
		s->members_n = n;
		s->is_standalone = n == 1;
		m->disk = m->loaded = m->written = m->known =
		    (struct toy_ring){.n = 1, .keys = {1}};
		m->process = m->known_process = 1;
		m->is_up = m->has_statement = true;
		m->statement = s->members[i].statement;
		m->moved.us = CASE_NOW;
		m->anchor = s->anchor;
	}
}

/* The same where key 2 stands by beside key 1 already. */
static inline void toy_begin_standby(unsigned n)
{
	toy_begin(n);
	toy.w.standby = 2;
	for (unsigned i = 0; i < n; i++) {
		struct toy_member *m = &toy.w.m[i];
		m->disk = m->loaded = m->written = m->known =
		    (struct toy_ring){.n = 2, .keys = {1, 2}};
		m->anchor.standby = key_n(2);
		m->anchor.highest_number = 2;
		m->statement.disk = m->statement.running = toy_ids(&m->disk);
	}
}

/* One more member, as its operator set it up; its rotad has joined the ledger. */
static inline void toy_join(struct toy_ring disk)
{
	struct toy *w = &toy.w;
	unsigned i = w->n++;
	struct toy_member *m = &w->m[i];
	ASSERT(i < TOY_N);
	*m = (struct toy_member){.disk = disk,
				 .loaded = disk,
				 .written = disk,
				 .process = 1,
				 .started_us = w->now_us,
				 .changed_us = w->now_us - US_S,
				 .is_up = true};
	case_fill(&toy.eyes[i], i);
	toy.eyes_rev[i] = 0;
	toy.has_plan[i] = false;
	m->anchor = toy.eyes[i].anchor;
	for (unsigned r = 0; r < w->n; r++) {
		toy.eyes[r].members_n = w->n;
		case_member(&toy.eyes[r], i, false);
	}
}

static inline bool toy_is_over(void)
{
	bool over = toy.w.has_proposal && toy.w.roll.closure.is_given;
	for (unsigned i = 0; i < toy.w.n; i++) {
		const struct toy_member *m = &toy.w.m[i];
		over &= m->is_up && !m->job_is_open && m->anchor.retired_n > 0 &&
			!toy.has_plan[i] && m->disk.n == 1 && m->loaded.n == 1;
	}
	return over && toy.w.claim.state == CLAIM_FREE;
}

/* All planners in turn, each doing all of its plan, until it is over or bound rounds have gone.
 * Returns the rounds it took; bound + 1: it did not end. */
static inline unsigned toy_run(unsigned bound)
{
	for (unsigned round = 1; round <= bound; round++) {
		for (unsigned r = 0; r < toy.w.n; r++) {
			toy_pass_time(100 * US_MS);
			if (toy.w.m[r].is_mute)
				continue;
			toy_plan(r);
			while (toy.has_plan[r])
				toy_act(r);
			if (toy.broken[0])
				return round;
		}
		if (toy_is_over())
			return round;
	}
	return bound + 1;
}

/* The same with any interleaving: planning and each act are steps of their own, so that a rotad
 * acts on what it saw a while ago. */
static inline unsigned toy_run_mixed(uint64_t seed, unsigned bound)
{
	toy.w.rng = (struct rng){.state = seed};
	toy.w.forgets = seed & 1;
	toy.w.strands = seed & 2;
	for (unsigned step = 1; step <= bound; step++) {
		uint64_t dice = rng_next(&toy.w.rng);
		unsigned r = (unsigned)(dice % toy.w.n);
		toy_pass_time((int64_t)(dice >> 8) % (200 * US_MS));
		if (toy.has_plan[r])
			toy_act(r);
		else if (!toy.w.m[r].is_mute)
			toy_plan(r);
		if (toy.broken[0] || toy_is_over())
			return step;
	}
	return bound + 1;
}

#endif
