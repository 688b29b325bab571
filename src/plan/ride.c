/* SPDX-License-Identifier: Apache-2.0 */
/* keyfile.rideAlong: until when the restarts of a pass wait for those that happen anyway. A wait
 * before the turns and nothing else: who is restarted by somebody counts as anybody who was
 * restarted, and the turns after it are as ever. */
#include <stdio.h>

#include "plan/planner.h"

/* A pass begins with the proposal, or, its second, with the last vote. A vote's time is its
 * signer's: one that is wrong shifts the deadline within the time that the policy gives to both
 * passes, and no further. The maker's clock was judged as it proposed. */
static struct wall deadline(const struct planner *p)
{
	const struct proposal *g = &p->s->ledger.proposal;
	const struct roll *r = &p->s->ledger.roll;
	const int64_t span_us = p->policy->keyfile.ride_along_us;
	struct wall begin = g->head.at;
	if (p->generation != GENERATION_CARRIED)
		return wall_add(begin, span_us);
	for (unsigned i = 0; i < g->roll_n; i++)
		if (!r->is_without[i] && r->votes[i].head.at.us > begin.us)
			begin = r->votes[i].head.at;
	begin.us = MIN(begin.us, g->head.at.us + span_us);
	return wall_add(begin, span_us);
}

/* Members of the roll that have loaded what this pass wants. */
static void count(const struct planner *p, struct ride *ret)
{
	const struct proposal *g = &p->s->ledger.proposal;
	for (unsigned i = 0; i < g->roll_n; i++) {
		int m = seen_find_member(p->s, g->roll[i].host);
		if (p->s->ledger.roll.is_without[i])
			continue;
		ret->of_n++;
		ret->done_n += m >= 0 && turn_need(p, (unsigned)m) == NEED_NO;
	}
}

bool ride_is_on(const struct planner *p, struct ride *ret)
{
	const struct seen *s = p->s;
	*ret = (struct ride){.of_n = 0};
	/* The way back after a nay is not ridden: a person wanted it, and the next rotation waits
	 * for it. */
	if (p->policy->keyfile.ride_along_us <= 0 ||
	    (p->generation != GENERATION_OPEN && p->generation != GENERATION_CARRIED) ||
	    plan_terms(p).urgency != URGENCY_ROUTINE)
		return false;
	ret->until = deadline(p);
	/* By a clock that is wrong no deadline is over. One of a proposal to come, by a clock that
	 * is right, is nobody's: it is not waited for. */
	ret->is_untimed = !s->is_clock_sane;
	if (!ret->is_untimed &&
	    (s->now.us >= ret->until.us ||
	     s->ledger.proposal.head.at.us - s->now.us > CLOCK_SKEW_MAX_S * US_S))
		return false;
	count(p, ret);
	return ret->done_n < ret->of_n;
}

bool ride_keeps(const struct planner *p, struct ride *ret)
{
	const struct seen *s = p->s;
	const struct ring_ids *loaded = &s->process.loaded;
	/* One that the others refuse, or that they all wait for, is of no use as it is; a turn that
	 * was begun is brought to its end. */
	if (!ride_is_on(p, ret) || plan_holds_claim(p, CLAIM_FOR_RESTART) ||
	    (s->self >= 0 && seen_is_dead(s, (unsigned)s->self)) || seen_is_isolated(s))
		return false;
	if (loaded->is_known)
		return ring_ids_has(loaded, &p->pivot.id);
	const struct key_proof *k =
	    s->self >= 0 ? seen_find_proof(&s->members[s->self], &p->pivot.id) : NULL;
	return !k || k->verdict != LOGIN_REFUSED;
}

const char *ride_print(const struct planner *p, const struct ride *ride, char *out, size_t out_n)
{
	char when[40];
	if (ride->is_untimed)
		snprintf(out, out_n, "%u of %u done; until when cannot be told: %.100s",
			 ride->done_n, ride->of_n, p->s->clock_why);
	else
		snprintf(out, out_n,
			 "until %s; %u of %u done. To end the wait: rotactl rotate keyfile "
			 "--emergency",
			 wall_print_utc(ride->until, when, sizeof(when)), ride->done_n, ride->of_n);
	return out;
}
