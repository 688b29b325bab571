/* SPDX-License-Identifier: Apache-2.0 */
/* Questions that more than one decision asks of what was seen. */
#include "model/seen.h"

#include <string.h>

const struct seen_member *seen_self(const struct seen *s)
{
	ASSERT(s->self < (int)s->members_n);
	return s->self < 0 ? NULL : &s->members[s->self];
}

int seen_find_member(const struct seen *s, const char *host)
{
	for (unsigned i = 0; i < s->members_n; i++)
		if (strcmp(s->members[i].host, host) == 0)
			return (int)i;
	return -1;
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

int seen_roll_index(const struct seen *s, const char *host)
{
	for (unsigned i = 0; s->ledger.has_proposal && i < s->ledger.proposal.roll_n; i++)
		if (strcmp(s->ledger.proposal.roll[i].host, host) == 0)
			return (int)i;
	return -1;
}

bool anchor_has_retired(const struct anchor *a, const struct key_id *id)
{
	for (unsigned i = 0; i < a->retired_n && i < RETIRED_MAX; i++)
		if (key_id_equal(&a->retired[i].id, id))
			return true;
	return false;
}

uint64_t anchor_retired_generation(const struct anchor *a)
{
	return a->generation - (key_id_given(&a->next.id) && a->generation > 0);
}

enum vote_word anchor_vote(const struct anchor *a, const char *host, uint64_t generation)
{
	for (unsigned i = 0; i < a->votes_n && i < INSTANCES_MAX; i++)
		if (a->votes[i].generation == generation && strcmp(a->votes[i].host, host) == 0)
			return a->votes[i].word;
	return VOTE_NONE;
}

const struct order *seen_find_order(const struct seen *s, enum order_kind kind)
{
	for (unsigned i = 0; i < s->ledger.orders_n; i++)
		if (s->ledger.orders[i].kind == kind)
			return &s->ledger.orders[i];
	return NULL;
}
