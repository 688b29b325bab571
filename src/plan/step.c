/* SPDX-License-Identifier: Apache-2.0 */
/* The planner's entry: asks the deciders in order and fills in what every plan has. */
#include "plan/planner.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "plan/alarm.h"
#include "plan/gate.h"

enum { LOOK_AGAIN_S = 10 };     /* nothing under way: a full look at all members */
#define RIDE_LOOK_US (2 * US_S) /* files wait for restarts that happen anyway */

struct act *plan_add(struct planner *p, enum act_kind kind, const char *format, ...)
{
	struct plan *plan = p->plan;
	va_list ap;
	ASSERT(kind < ACT_N);
	ASSERT(plan->acts_n < ACTS_PER_ROUND_MAX);
	struct act *a = &plan->acts[plan->acts_n++];
	*a = (struct act){.kind = kind,
			  .generation =
			      p->s->ledger.has_proposal ? p->s->ledger.proposal.generation : 0};
	va_start(ap, format);
	vsnprintf(a->reason, sizeof(a->reason), format, ap);
	va_end(ap);
	return a;
}

static void reason_set(struct planner *p, const char *format, va_list ap)
{
	vsnprintf(p->plan->reason, sizeof(p->plan->reason), format, ap);
}

static void wake_at_most(struct planner *p, int64_t wait_us)
{
	struct wall at = wall_add(p->s->now, wait_us);
	if (p->plan->wake_at.us == 0 || at.us < p->plan->wake_at.us)
		p->plan->wake_at = at;
}

void plan_say(struct planner *p, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	reason_set(p, format, ap);
	va_end(ap);
}

void plan_wait(struct planner *p, int64_t wait_us, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	reason_set(p, format, ap);
	va_end(ap);
	p->plan->is_waiting = true;
	wake_at_most(p, wait_us);
}

int64_t plan_pace_us(const struct planner *p)
{
	struct ride ride;
	/* Votes, orders and amendments are heard by the ledger's revisions; this is for who
	 * restarts the member here. */
	if (ride_is_on(p, &ride))
		return ride.is_untimed ? RIDE_LOOK_US
				       : MIN(RIDE_LOOK_US, ride.until.us - p->s->now.us);
	return p->s->others_n > 0 ? US_S : US_S / 4;
}

struct event *plan_tell(struct planner *p, enum event_kind kind, const char *subject)
{
	struct plan *plan = p->plan;
	struct event *e = &plan->events[plan->events_n];
	if (plan->events_n < EVENTS_PER_ROUND_MAX)
		plan->events_n++;
	*e = event_of(kind, p->s->cluster, subject);
	e->at = p->s->now;
	e->is_standing = true;
	return e;
}

bool plan_look(const struct planner *p, unsigned member, const struct key_id *key,
	       const struct key_id *control, bool expects_refusal)
{
	const struct seen *s = p->s;
	ASSERT(member < seen_all_n(s));
	const struct key_proof *proof = seen_find_proof(&s->members[member], key);
	/* A verdict that does not say what is waited for is asked again each time: the member may
	 * have been restarted. */
	if (proof && proof->verdict != LOGIN_UNKNOWN &&
	    (proof->verdict == LOGIN_REFUSED) == expects_refusal)
		return true;
	if (fact_known(s->members[member].hello) && p->plan->looks_n < LOOKS_MAX)
		p->plan->looks[p->plan->looks_n++] =
		    (struct look){.member = member,
				  .key = *key,
				  .control = *control,
				  .expects_refusal = expects_refusal};
	return false;
}

bool plan_look_for_others(const struct planner *p, int64_t max_age_s, enum others_scope scope)
{
	const struct seen_others *o = &p->s->others;
	if (o->at.us && o->at.us <= p->s->now.us && o->scope >= scope &&
	    p->s->now.us - o->at.us <= max_age_s * US_S)
		return true;
	if (!p->is_foretold)
		p->plan->wants_others = MAX(p->plan->wants_others, scope);
	return false;
}

void plan_wants_approval(const struct planner *p, enum approval what)
{
	if (!p->plan->waits_for_approval)
		seen_approval(p->s, what, p->plan->approval);
	p->plan->waits_for_approval = true;
}

const char *ring_print(const struct key_name *ring, unsigned n, char *out, size_t out_n)
{
	ASSERT(n <= KEYS_PER_FILE_MAX);
	if (n == 0)
		snprintf(out, out_n, "nothing");
	else if (n == 1)
		snprintf(out, out_n, "%u", ring[0].number);
	else
		snprintf(out, out_n, "%u+%u", ring[0].number, ring[1].number);
	return out;
}

bool ring_is(const struct ring_ids *have, const struct key_name *want, unsigned want_n)
{
	if (!have->is_known || have->n != want_n)
		return false;
	for (unsigned i = 0; i < want_n; i++)
		if (!ring_ids_has(have, &want[i].id))
			return false;
	return true;
}

/* In doubt, nothing (invariant 8): what depends on the time is left alone, and said. */
static void tell_clock(struct planner *p)
{
	const struct seen *s = p->s;
	struct event *e = plan_tell(p, EVENT_CLOCK_JUMPED, s->self_host);
	p->plan->needs_attention = true;
	snprintf(e->headline, sizeof(e->headline), "%s: the clock of %s is wrong.", s->cluster,
		 s->self_host);
	snprintf(e->what, sizeof(e->what), "By the clock of this host: %s.", s->clock_why);
	snprintf(e->now, sizeof(e->now),
		 "%s runs on. A rotation that others began goes on here as well.", s->self_host);
	snprintf(e->we_did, sizeof(e->we_did),
		 "This rotad calls nothing expired, renews no certificate and begins no rotation.");
	snprintf(e->you, sizeof(e->you),
		 "On %s: timedatectl; chronyc tracking. It goes on by itself.", s->self_host);
}

/* A host whose clock is wrong tells it by itself, but its alerts may be lost: receivers refuse what
 * was signed by such a clock. So those whose clock is right tell it as well, if it did not. */
static void tell_other_clocks(struct planner *p)
{
	const struct seen *s = p->s;
	for (unsigned i = 0; i < s->members_n; i++) {
		const struct seen_member *m = &s->members[i];
		int64_t ahead = seen_clock_ahead_us(s, i), off = ahead < 0 ? -ahead : ahead;
		struct event *e;
		char span[32];
		if (m->is_self || off <= CLOCK_SKEW_MAX_S * US_S)
			continue;
		e = plan_tell(p, EVENT_CLOCK_JUMPED, m->host);
		snprintf(e->headline, sizeof(e->headline), "%s: the clock of %s is wrong.",
			 s->cluster, m->host);
		/* In whole minutes: the same words for as long as it is the same trouble. */
		snprintf(e->what, sizeof(e->what),
			 "As mongod there says: it is %s %s the primary's.",
			 span_print(off / US_MIN * US_MIN, span, sizeof(span)),
			 ahead > 0 ? "ahead of" : "behind");
		snprintf(
		    e->now, sizeof(e->now),
		    "%s runs on. Its rotad begins no rotation and renews no certificate; its own "
		    "alerts may be refused for their time.",
		    m->host);
		snprintf(e->we_did, sizeof(e->we_did), "Told it from %s.", s->self_host);
		snprintf(e->you, sizeof(e->you),
			 "On %s: timedatectl; chronyc tracking. It goes on by itself.", m->host);
	}
}

/* Any of these needs a person or an answer first; nothing else is planned. */
static bool doubt_plan(struct planner *p)
{
	const struct seen *s = p->s;
	if (p->mode == MODE_OFF &&
	    instance_mode(p->policy, p->instance, KIND_CERTIFICATES) == MODE_OFF) {
		plan_say(p, "Nothing is planned: both kinds are off for %s.", s->instance);
		return true;
	}
	if (s->self < 0 && !s->job.is_open) {
		plan_wait(p, 5 * US_S,
			  "Nothing is planned: %s is not known to be a member of a set. %s",
			  s->instance, s->process.is_answering ? "" : "It does not answer.");
		return true;
	}
	return false;
}

/* All but the three large arrays, whose elements are written whole when they are added. */
static void clear(struct plan *p)
{
	const size_t acts_end = offsetof(struct plan, acts) + sizeof(p->acts),
		     looks_end = offsetof(struct plan, looks) + sizeof(p->looks),
		     events_end = offsetof(struct plan, events) + sizeof(p->events);
	memset(p, 0, offsetof(struct plan, acts));
	memset((char *)p + acts_end, 0, offsetof(struct plan, looks) - acts_end);
	memset((char *)p + looks_end, 0, offsetof(struct plan, events) - looks_end);
	memset((char *)p + events_end, 0, sizeof(*p) - events_end);
}

static struct planner planner_of(const struct seen *s, const struct policy *policy,
				 const struct instance_policy *instance, struct plan *plan)
{
	clear(plan);
	return (struct planner){
	    .s = s,
	    .policy = policy,
	    .instance = instance,
	    .mode = instance_mode(policy, instance, KIND_KEYFILE),
	    .plan = plan,
	    .generation = seen_generation(s),
	    .pivot = seen_pivot(s),
	};
}

bool plan_refuses_start(const struct seen *s, const struct policy *policy,
			const struct instance_policy *instance, struct plan *scratch,
			struct gate_result *ret)
{
	unsigned first;
	struct planner p = planner_of(s, policy, instance, scratch);
	if (s->self < 0 || gate_check(&p, GATE_FOR_START, &first) ||
	    scratch->gates[first].verdict != GATE_REFUSE)
		return false;
	*ret = scratch->gates[first];
	return true;
}

void plan_foretell_start(const struct seen *s, const struct policy *policy,
			 const struct instance_policy *instance, struct plan *scratch)
{
	unsigned first;
	struct planner p = planner_of(s, policy, instance, scratch);
	p.mode = MODE_ACT;
	p.is_foretold = true;
	(void)gate_check(&p, GATE_FOR_START, &first);
}

void plan_step(const struct seen *s, const struct policy *policy,
	       const struct instance_policy *instance, uint64_t seed, struct plan *ret)
{
	ASSERT(seen_all_n(s) <= MEMBERS_MAX);
	ASSERT(instance);
	struct planner p = planner_of(s, policy, instance, ret);
	p.seed = seed;
	if (!s->is_clock_sane && s->self >= 0)
		tell_clock(&p);
	static bool (*const deciders[])(struct planner *) = {
	    doubt_plan, job_plan, ledger_plan, foreign_plan, rotate_plan, renew_plan, tidy_plan};
	for (size_t i = 0; i < ARRAY_N(deciders); i++)
		/* A keyfile that waits holds up no certificate. For a login that is wanted as well:
		 * it comes first all the same, since the round plans again after it, and one that
		 * says the same each time may last until a person comes. */
		if (deciders[i](&p) &&
		    !(deciders[i] == rotate_plan && ret->is_waiting && ret->acts_n == 0))
			break;
	explain_plan(&p);
	alarm_plan(&p);
	/* Last: there may be one a member, and they must leave room for what is told of this one.
	 */
	if (s->is_clock_sane && s->self >= 0)
		tell_other_clocks(&p);
	if (ret->wake_at.us == 0)
		ret->wake_at = wall_add(s->now, LOOK_AGAIN_S * US_S);
	ASSERT(ret->reason[0]);
}
