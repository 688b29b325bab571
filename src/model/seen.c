/* SPDX-License-Identifier: Apache-2.0 */
/* Questions that more than one decision asks of what was seen. */
#include "model/seen.h"

#include <stdio.h>
#include <string.h>

#include "base/rng.h"

const struct seen_member *seen_self(const struct seen *s)
{
	ASSERT(s->self < (int)s->members_n);
	return s->self < 0 ? NULL : &s->members[s->self];
}

int seen_find_member(const struct seen *s, const char *host)
{
	ASSERT(seen_all_n(s) <= MEMBERS_MAX);
	for (unsigned i = 0; i < seen_all_n(s); i++)
		if (strcmp(s->members[i].host, host) == 0)
			return (int)i;
	return -1;
}

bool seen_is_sharded(const struct seen *s)
{
	return fact_known(s->sharding.fact) && s->sharding.part != SHARDING_NONE;
}

bool seen_is_router(const struct seen *s)
{
	return fact_known(s->sharding.fact) && s->sharding.part == SHARDING_ROUTER;
}

unsigned seen_asked_n(const struct seen *s)
{
	return seen_is_router(s) ? seen_all_n(s) : s->members_n;
}

bool seen_is_whole(const struct seen *s, const char **ret_why)
{
	const struct seen_sharding *x = &s->sharding;
	const char *ignored;
	const char **why = ret_why ? ret_why : &ignored;
	*why = x->why;
	if (!fact_known(x->fact))
		return false;
	*why = "another member has a newer rs.conf than this host's own";
	if (s->is_config_behind)
		return false;
	*why = "";
	if (!seen_is_sharded(s))
		return true;
	*why = x->topology_why;
	if (!fact_known(x->topology))
		return false;
	for (unsigned i = 0; i < x->sets_n; i++) {
		*why = x->sets[i].why;
		if (!x->sets[i].is_known)
			return false;
	}
	return true;
}

const struct key_proof *seen_find_proof(const struct seen_member *m, const struct key_id *key)
{
	ASSERT(m->proofs_n <= PROOFS_PER_MEMBER_MAX);
	if (!fact_known(m->hello) || !m->process_id[0])
		return NULL;
	for (unsigned i = 0; i < m->proofs_n; i++)
		if (key_id_equal(&m->proofs[i].key, key) &&
		    strcmp(m->proofs[i].process_id, m->process_id) == 0)
			return &m->proofs[i];
	return NULL;
}

bool seen_accepts(const struct seen_member *m, const struct key_id *key)
{
	const struct key_proof *p = seen_find_proof(m, key);
	return p && p->verdict == LOGIN_ACCEPTED;
}

bool seen_refuses(const struct seen_member *m, const struct key_id *key)
{
	const struct key_proof *p = seen_find_proof(m, key);
	return p && p->verdict == LOGIN_REFUSED && p->is_controlled;
}

enum generation_state seen_generation(const struct seen *s)
{
	const struct roll *roll = &s->ledger.roll;
	bool all_yea = true;
	if (!s->ledger.has_proposal || roll->closure.is_given)
		return GENERATION_NONE;
	ASSERT(s->ledger.proposal.roll_n <= MEMBERS_MAX);
	for (unsigned i = 0; i < s->ledger.proposal.roll_n; i++) {
		if (roll->votes[i].word == VOTE_NAY)
			return GENERATION_DEAD;
		if (roll->votes[i].word != VOTE_YEA && !roll->is_without[i])
			all_yea = false;
	}
	/* A roll document that was not read, or nobody in the roll, carries nothing. */
	return all_yea && roll->rev > 0 && s->ledger.proposal.roll_n > 0 ? GENERATION_CARRIED
									 : GENERATION_OPEN;
}

struct key_name seen_pivot(const struct seen *s)
{
	const struct proposal *p = &s->ledger.proposal;
	if (!s->ledger.has_proposal)
		return s->anchor.pivot;
	if (s->ledger.roll.closure.is_given)
		return s->ledger.roll.closure.is_carried ? p->next : p->pivot;
	return seen_generation(s) == GENERATION_CARRIED ? p->next : p->pivot;
}

/* Take a key into the ring if it is accepted. False when neither that nor its refusal is seen. */
static bool ring_take(struct ring_ids *r, const struct seen_member *m, const struct key_id *key)
{
	if (!seen_accepts(m, key))
		return seen_refuses(m, key);
	for (unsigned i = 0; i < r->n; i++)
		if (key_id_equal(&r->ids[i], key))
			return true;
	if (r->n < KEYS_PER_FILE_MAX)
		r->ids[r->n++] = *key;
	return true;
}

const struct key_id *seen_gone(const struct seen *s)
{
	const struct seen_ledger *l = &s->ledger;
	const struct proposal *p = &l->proposal;
	const struct closure *c = &l->roll.closure;
	switch (seen_generation(s)) {
	case GENERATION_CARRIED:
		return &p->pivot.id;
	case GENERATION_DEAD:
		return &p->next.id;
	case GENERATION_OPEN:
		return NULL;
	case GENERATION_NONE:
		break;
	}
	if (!l->has_proposal || !c->is_given || (c->is_carried ? l->lacks_pivot : l->lacks_next))
		return NULL;
	return c->is_carried ? &p->pivot.id : &p->next.id;
}

unsigned seen_key_number(const struct seen *s, const struct key_id *id)
{
	const struct proposal *p = &s->ledger.proposal;
	const struct key_name *known[] = {&s->anchor.pivot,   &s->anchor.next, &s->anchor.burnt,
					  &s->anchor.standby, &p->pivot,       &p->next,
					  &p->after};
	for (size_t i = 0; i < ARRAY_N(known); i++)
		if (key_id_given(&known[i]->id) && key_id_equal(&known[i]->id, id))
			return known[i]->number;
	for (unsigned i = 0; i < s->anchor.retired_n; i++)
		if (key_id_equal(&s->anchor.retired[i].id, id))
			return s->anchor.retired[i].number;
	return 0;
}

struct ring_ids seen_loaded(const struct seen *s)
{
	const struct seen_member *self = seen_self(s);
	const struct proposal *p = &s->ledger.proposal;
	const struct key_id *gone = seen_gone(s);
	struct ring_ids r = {.is_known = false};
	bool all = true;
	if (!self || !fact_known(s->ledger.fact) || !s->keyfile.ring.is_known)
		return r;
	for (unsigned i = 0; i < s->keyfile.ring.n; i++) {
		const struct key_id *id = &s->keyfile.ring.ids[i];
		bool is_seen = ring_take(&r, self, id);
		/* A key that comes after the next one decides nothing, and nobody tries it. */
		if (!s->ledger.has_proposal || !key_id_equal(id, &p->after.id))
			all &= is_seen;
	}
	if (gone)
		all &= ring_take(&r, self, gone);
	/* While the votes are given a key that is missing means a restart, which does no harm;
	 * after them it means that all is done. */
	r.is_known = r.n > 0 && (all || !gone);
	return r;
}

enum claim_state seen_turn_of(const struct seen *s, const char *host)
{
	const struct seen_ledger *l = &s->ledger;
	if (strcmp(l->claim.host, host) == 0)
		return l->claim.state;
	for (unsigned i = 0; i < l->slots_n; i++)
		if (strcmp(l->slots[i].host, host) == 0)
			return l->slots[i].state;
	return CLAIM_FREE;
}

int seen_roll_index(const struct seen *s, const char *host)
{
	for (unsigned i = 0; s->ledger.has_proposal && i < s->ledger.proposal.roll_n; i++)
		if (strcmp(s->ledger.proposal.roll[i].host, host) == 0)
			return (int)i;
	return -1;
}

void seen_approval(const struct seen *s, enum approval what, char ret[APPROVAL_CHARS + 1])
{
	const struct seen_keyfile *k = &s->keyfile;
	uint64_t h = hash64(str_of(s->instance), (uint64_t)what);
	switch (what) {
	case APPROVAL_KEYFILE:
		h = hash64(str_of(seen_pivot(s).id.hex), h + s->anchor.generation);
		break;
	case APPROVAL_CERTIFICATE:
		h = hash64(str_of(s->certificate.file.serial), h);
		h = hash64(str_of(s->certificate.cluster.serial), h);
		break;
	case APPROVAL_RESTORE:
		h += (uint64_t)k->modified.us;
		for (unsigned i = 0; i < k->ring.n; i++)
			h = hash64(str_of(k->ring.ids[i].hex), h);
		break;
	}
	(void)snprintf(ret, APPROVAL_CHARS + 1, "%08x", (unsigned)(h >> 32)); /* its length */
}

bool seen_is_approved(const struct seen *s, enum approval what)
{
	char id[APPROVAL_CHARS + 1];
	seen_approval(s, what, id);
	return strcmp(s->approved, id) == 0;
}

bool seen_is_left_out(const struct seen *s)
{
	const struct proposal *p = &s->ledger.proposal;
	for (unsigned i = 0; i < p->roll_n; i++)
		if (p->roll[i].is_dead && strcmp(p->roll[i].host, s->self_host) == 0)
			return true;
	return false;
}

bool seen_is_dead(const struct seen *s, unsigned member)
{
	const struct seen_member *m = &s->members[member];
	const struct seen_ledger *l = &s->ledger;
	int r = seen_roll_index(s, m->host);
	ASSERT(member < seen_all_n(s));
	switch (seen_generation(s)) {
	case GENERATION_OPEN:
	case GENERATION_CARRIED:
		return r >= 0 && l->roll.is_without[r];
	case GENERATION_DEAD: /* its nay stands, and its word for the way back is not believed */
		return m->is_revoked || (r >= 0 && l->roll.is_without[r]);
	case GENERATION_NONE:
		break;
	}
	/* Who is well again before the rotation begins is not dead, whatever was said of it. */
	for (unsigned i = 0; i < l->orders_n; i++)
		if (l->orders[i].kind == ORDER_KEYFILE &&
		    strcmp(l->orders[i].without, m->host) == 0)
			return !fact_known(m->hello) || !(m->is_primary || m->is_secondary) ||
			       m->is_revoked;
	return m->is_revoked;
}

bool seen_is_passed_over(const struct seen *s, unsigned member)
{
	const struct seen_member *m = &s->members[member];
	int r = seen_roll_index(s, m->host);
	return r >= 0 && s->ledger.roll.is_without[r] && !fact_known(m->hello) &&
	       (int)member != s->self;
}

bool seen_is_isolated(const struct seen *s)
{
	const struct seen_member *self = seen_self(s);
	const struct key_name pivot = seen_pivot(s);
	uint64_t asked = 0;
	if (!self || s->is_standalone || !key_id_given(&pivot.id) || !s->process.loaded.is_known ||
	    ring_ids_has(&s->process.loaded, &pivot.id))
		return false;
	for (unsigned i = 0; i < s->members_n; i++)
		if ((int)i != s->self && fact_known(s->members[i].status))
			asked |= (uint64_t)1 << i;
	return asked && (self->unseen_by & asked) == asked;
}

bool anchor_has_retired(const struct anchor *a, const struct key_id *id)
{
	for (unsigned i = 0; i < a->retired_n && i < RETIRED_MAX; i++)
		if (key_id_equal(&a->retired[i].id, id))
			return true;
	return false;
}

bool ring_has_retired(const struct ring_ids *ring, const struct anchor *a)
{
	for (unsigned i = 0; i < ring->n; i++)
		if (anchor_has_retired(a, &ring->ids[i]))
			return true;
	return false;
}

void anchor_retire(struct anchor *a, const struct key_name *key)
{
	if (!key_id_given(&key->id) || anchor_has_retired(a, &key->id))
		return;
	if (a->retired_n == RETIRED_MAX) {
		memmove(&a->retired[0], &a->retired[1], sizeof(a->retired[0]) * (RETIRED_MAX - 1));
		a->retired_n--;
	}
	a->retired[a->retired_n++] = *key;
}

uint64_t anchor_retired_generation(const struct anchor *a)
{
	bool is_open = key_id_given(&a->next.id) || key_id_given(&a->burnt.id);
	return a->generation - (is_open && a->generation > 0);
}

/* Only while it is the primary: as a secondary it is restarted without. */
struct wall seen_rests_until(const struct seen *s)
{
	const struct seen_member *self = seen_self(s);
	struct wall until = wall_add(s->debts.step_down_refused_at, STEP_DOWN_REST_S * US_S);
	/* A rest longer than a rest can be: the wall clock was set back since. */
	if (!s->debts.step_down_refused_at.us || !self || !self->is_primary ||
	    until.us <= s->now.us || until.us - s->now.us > STEP_DOWN_REST_S * US_S)
		return (struct wall){.us = 0};
	return until;
}

enum vote_word anchor_vote(const struct anchor *a, const char *host, uint64_t generation)
{
	for (unsigned i = 0; i < a->votes_n && i < INSTANCES_MAX; i++)
		if (a->votes[i].generation == generation &&
		    (!host[0] || strcmp(a->votes[i].host, host) == 0))
			return a->votes[i].word;
	return VOTE_NONE;
}

enum vote_word anchor_own_vote(const struct anchor *a, uint64_t generation)
{
	return anchor_vote(a, "", generation);
}

int seen_own_place(const struct seen *s)
{
	const struct proposal *p = &s->ledger.proposal;
	int r = seen_roll_index(s, s->self_host);
	for (unsigned i = 0; r < 0 && s->ledger.has_proposal && i < p->roll_n; i++)
		if (memcmp(p->roll[i].identity.hex, s->identity.hex, SPKI_CHARS) == 0)
			r = (int)i;
	return r;
}

enum vote_word seen_lost_vote(const struct seen *s)
{
	const struct proposal *p = &s->ledger.proposal;
	int r = seen_own_place(s);
	/* One that stands in another identity's name would not be believed. */
	if (r < 0 || s->ledger.roll.closure.is_given || s->ledger.roll.votes[r].word != VOTE_NONE ||
	    s->anchor.generation != p->generation ||
	    strcmp(s->anchor.proposal.hex, p->digest.hex) != 0 ||
	    memcmp(p->roll[r].identity.hex, s->identity.hex, SPKI_CHARS) != 0)
		return VOTE_NONE;
	return anchor_vote(&s->anchor, p->roll[r].host, p->generation);
}

const struct order *seen_certificate_order(const struct seen *s)
{
	const struct order *best = NULL;
	for (unsigned i = 0; i < s->ledger.orders_n; i++) {
		const struct order *o = &s->ledger.orders[i];
		if (o->kind == ORDER_CERTIFICATES &&
		    (!o->host[0] || strcmp(o->host, s->self_host) == 0) &&
		    (!best || o->head.at.us > best->head.at.us))
			best = o;
	}
	return best && strcmp(best->id.hex, s->certificate.order_done.hex) != 0 ? best : NULL;
}

int64_t seen_clock_ahead_us(const struct seen *s, unsigned i)
{
	ASSERT(i < s->members_n);
	for (unsigned k = 0; k < s->members_n; k++)
		if (s->members[k].is_primary && s->members[k].has_clock && s->members[i].has_clock)
			return s->members[i].clock_ahead_us - s->members[k].clock_ahead_us;
	return 0;
}

bool seen_order_is_done(const struct seen *s, const struct order *o, const struct token *with)
{
	if (strcmp(with->hex, o->id.hex) == 0)
		return true;
	for (unsigned i = 0; i < s->ledger.orders_n; i++)
		if (strcmp(s->ledger.orders[i].id.hex, with->hex) == 0)
			return s->ledger.orders[i].head.at.us > o->head.at.us;
	return false;
}

static bool is_done_by_all(const struct seen *s, const struct order *o)
{
	unsigned done_n = 0;
	if (seen_is_sharded(s) && !seen_is_whole(s, NULL))
		return false; /* not all of them are known */
	for (unsigned i = 0; i < seen_all_n(s); i++) {
		const struct seen_member *m = &s->members[i];
		const struct statement *t = &m->statement;
		if (o->host[0] && strcmp(o->host, m->host) != 0)
			continue;
		/* Who does not say how it stands may still have to serve it; whose rotad takes no
		 * such orders never will. */
		if (!m->has_statement && m->is_router)
			continue; /* as before there was a rotad: it renews in its own way */
		if (!m->has_statement)
			return false;
		if (seen_order_is_done(
			s, o, m->is_self ? &s->certificate.order_done : &t->certificate_order))
			done_n++;
		else if (t->takes_certificates)
			return false;
	}
	return done_n > 0;
}

bool seen_order_over(const struct seen *s, struct token *ret)
{
	const struct seen_ledger *l = &s->ledger;
	const struct order *oldest = NULL;
	if (l->superseded.hex[0]) {
		*ret = l->superseded;
		return true;
	}
	for (unsigned i = 0; i < l->orders_n; i++) {
		const struct order *o = &l->orders[i];
		/* One for a member that is no more holds up nothing. */
		if (o->kind == ORDER_CERTIFICATES &&
		    (!o->host[0] || seen_find_member(s, o->host) >= 0) &&
		    (!oldest || o->head.at.us < oldest->head.at.us))
			oldest = o;
	}
	if (!oldest || !is_done_by_all(s, oldest))
		return false;
	*ret = oldest->id;
	return true;
}

static int order_weight(const struct order *o)
{
	return (int)o->urgency * 4 + o->breaks_freeze * 2 + (o->serial == 0);
}

const struct order *seen_find_order(const struct seen *s, enum order_kind kind)
{
	const struct order *best = NULL;
	for (unsigned i = 0; i < s->ledger.orders_n; i++) {
		const struct order *o = &s->ledger.orders[i];
		int more = best ? order_weight(o) - order_weight(best) : 1;
		if (o->kind == kind &&
		    (more > 0 || (more == 0 && o->head.at.us > best->head.at.us)))
			best = o;
	}
	return best;
}

bool seen_next_stood_by(const struct seen *s)
{
	const struct proposal *p = &s->ledger.proposal;
	const struct anchor *a = &s->anchor;
	switch (seen_generation(s)) {
	case GENERATION_OPEN:
		return key_id_given(&a->standby.id) && key_id_equal(&a->standby.id, &p->next.id);
	case GENERATION_CARRIED: /* made before its proposal */
		return a->key_born.us && a->key_born.us < p->head.at.us;
	case GENERATION_NONE:
	case GENERATION_DEAD:
		break;
	}
	return false;
}

void anchor_carry(struct anchor *a, const struct proposal *p)
{
	bool stood_by = key_id_given(&a->standby.id) && key_id_equal(&a->standby.id, &p->next.id);
	if (key_id_equal(&a->pivot.id, &p->next.id))
		return;
	a->pivot = p->next;
	a->key_born = stood_by ? a->standby_born : p->head.at;
	a->is_born_exact = true;
	a->standby = p->after;
	a->standby_born = (struct wall){.us = p->after.number ? p->head.at.us : 0};
}

bool order_is_of(const struct order *o, const struct proposal *p)
{
	bool may_serve =
	    (o->urgency != URGENCY_EMERGENCY || p->urgency == URGENCY_EMERGENCY) && !o->without[0];
	if (o->amends)
		return o->amends == p->generation;
	return strcmp(p->order.hex, o->id.hex) == 0 || (o->known + 1 == p->generation && may_serve);
}

bool order_is_past(const struct order *o, const struct proposal *p, bool is_closed)
{
	if (order_is_of(o, p))
		return is_closed;
	return o->amends ? o->amends < p->generation
			 : o->urgency != URGENCY_EMERGENCY && !o->without[0] &&
			       o->known + 1 < p->generation;
}

/* Whoever may propose could name any key as the one in use: by an honest proposal it is the
 * anchor's. A rotad whose yea stands knows how that generation ended before the next can begin,
 * unless its member was out of the set, or declared dead, meanwhile: then, as for who was not
 * asked, all members tell; one that a proposal leaves out is not asked of itself: it refuses every
 * key that came without it. */
static bool is_expected(const struct seen *s, const struct anchor *a)
{
	const struct proposal *p = &s->ledger.proposal;
	struct key_name now = seen_pivot(s);
	bool owes = key_id_given(&a->next.id) && !key_id_equal(&a->next.id, &a->pivot.id) &&
		    anchor_own_vote(a, a->generation) == VOTE_YEA;
	if (!owes && key_id_given(&a->pivot.id) &&
	    (key_id_equal(&p->pivot.id, &a->pivot.id) || key_id_equal(&now.id, &a->pivot.id)))
		return true;
	for (unsigned i = 0; i < seen_asked_n(s); i++)
		if (!seen_accepts(&s->members[i], &now.id) &&
		    !((int)i == s->self && seen_is_left_out(s)))
			return false;
	return s->members_n > 0;
}

enum anchor_step anchor_follow(const struct seen *s, struct anchor *a)
{
	const struct proposal *p = &s->ledger.proposal;
	enum generation_state g = seen_generation(s);
	if (!s->ledger.has_proposal || p->generation < a->generation)
		return ANCHOR_SAME; /* an older one was found out before it was believed */
	if (p->generation == a->generation) {
		bool has_moved = key_id_equal(&a->pivot.id, &p->next.id);
		/* Without the votes that moved the pivot; without the nay, or the end, after which
		 * there is no next key: a burnt key is never used again. */
		if (has_moved ? g == GENERATION_OPEN || g == GENERATION_DEAD
			      : !key_id_given(&a->next.id) &&
				    (g == GENERATION_OPEN || g == GENERATION_CARRIED))
			return ANCHOR_LEDGER_OLDER;
		bool is_carried = g == GENERATION_CARRIED || (s->ledger.roll.closure.is_given &&
							      s->ledger.roll.closure.is_carried);
		if (is_carried && !has_moved && key_id_given(&a->next.id)) {
			anchor_carry(a, p);
			return ANCHOR_MOVED;
		}
		if (g == GENERATION_DEAD && key_id_given(&a->next.id)) {
			a->burnt = a->next;
			if (!key_id_equal(&a->standby.id, &a->next.id))
				anchor_retire(a, &a->standby); /* passed over, and that for ever */
			a->next = a->standby = (struct key_name){.number = 0};
			return ANCHOR_MOVED;
		}
		return ANCHOR_SAME;
	}
	if (!is_expected(s, a))
		return ANCHOR_UNPROVEN;
	/* Keys of a generation whose end this host did not see: what the next one does not go on
	 * with is refused everywhere, or burnt. So is a key that stood by and is passed over, as in
	 * an emergency (PROTOCOL 1): it may have leaked with the pivot. */
	enum { BURNT = 2 };
	const struct key_name before[] = {a->pivot, a->next, [BURNT] = a->burnt, a->standby};
	for (size_t i = 0; i < ARRAY_N(before); i++)
		/* Before the first generation the others are candidates only; a burnt one is of a
		 * ledger before this one (rebuild_adopt()). */
		if ((a->generation > 0 || i == BURNT) &&
		    !key_id_equal(&before[i].id, &p->pivot.id) &&
		    !key_id_equal(&before[i].id, &p->next.id))
			anchor_retire(a, &before[i]);
	if (!key_id_equal(&a->pivot.id, &p->pivot.id)) {
		a->key_born = (struct wall){.us = 0}; /* older than the proposal, that is all */
		a->is_born_exact = false;
	}
	a->generation = p->generation;
	a->proposal = p->digest;
	a->pivot = p->pivot;
	a->next = p->next;
	a->burnt = (struct key_name){.number = 0};
	a->highest_number = MAX(a->highest_number, MAX(p->next.number, p->after.number));
	return ANCHOR_MOVED;
}
