/* SPDX-License-Identifier: Apache-2.0 */
/* What every plan tells beside its acts: progress in steps, what is foretold, and whether any
 * member may be restarted now. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "plan/gate.h"
#include "plan/planner.h"
#include "plan/safe.h"

static struct step *step_add(struct planner *p, enum step_state state, unsigned done, unsigned of,
			     const char *format, ...) PRINTF(5, 6);
static struct step *step_add(struct planner *p, enum step_state state, unsigned done, unsigned of,
			     const char *format, ...)
{
	va_list ap;
	ASSERT(p->plan->steps_n < STEPS_MAX);
	struct step *t = &p->plan->steps[p->plan->steps_n++];
	*t = (struct step){.state = state, .done_n = done, .of_n = of};
	va_start(ap, format);
	vsnprintf(t->text, sizeof(t->text), format, ap);
	va_end(ap);
	return t;
}

static bool has(const struct ring_ids *r, const struct key_name *k)
{
	return ring_ids_has(r, &k->id);
}

/* What is known of a member's file and process: for this host's own by its own eyes, for others by
 * their statements. */
static const struct ring_ids *disk_of(const struct seen *s, unsigned i)
{
	return (int)i == s->self ? &s->keyfile.ring : &s->members[i].statement.disk;
}
static const struct ring_ids *loaded_of(const struct seen *s, unsigned i)
{
	return (int)i == s->self ? &s->process.loaded : &s->members[i].statement.running;
}

static void progress(struct planner *p)
{
	const struct seen *s = p->s;
	const struct proposal *g = &s->ledger.proposal;
	const struct roll *r = &s->ledger.roll;
	const struct key_name last[] = {g->next, g->after};
	unsigned n = 0, wrote = 0, loaded = 0, voted = 0, narrowed = 0;
	enum { STEP_LOAD = 1, STEP_NARROW = 3 };
	char keys[32], when[40];
	struct ride ride;
	if (p->generation == GENERATION_NONE || p->generation == GENERATION_DEAD)
		return;
	for (unsigned i = 0; i < g->roll_n; i++) {
		int m = seen_find_member(s, g->roll[i].host);
		if (r->is_without[i])
			continue;
		n++;
		voted += r->votes[i].word == VOTE_YEA;
		if (m < 0)
			continue;
		const struct ring_ids *d = disk_of(s, (unsigned)m), *l = loaded_of(s, (unsigned)m);
		wrote += has(d, &g->next);
		loaded += has(l, &g->next);
		narrowed += d->is_known && !has(d, &g->pivot) && l->is_known && !has(l, &g->pivot);
	}
	bool carried = p->generation == GENERATION_CARRIED;
	if (carried)
		wrote = loaded = voted = n;
	step_add(p, wrote == n ? STEP_DONE : STEP_NOW, wrote, n, "write %u+%u everywhere",
		 g->pivot.number, g->next.number);
	step_add(p,
		 loaded == n ? STEP_DONE
		 : wrote     ? STEP_NOW
			     : STEP_TO_COME,
		 loaded, n, "load %u+%u, in turn", g->pivot.number, g->next.number);
	step_add(p,
		 voted == n ? STEP_DONE
		 : voted    ? STEP_NOW
			    : STEP_TO_COME,
		 voted, n, "prove key %u everywhere", g->next.number);
	step_add(p,
		 narrowed == n ? STEP_DONE
		 : carried     ? STEP_NOW
			       : STEP_TO_COME,
		 narrowed, n, "write %s, load it",
		 ring_print(last, g->after.number ? 2 : 1, keys, sizeof(keys)));
	step_add(p, narrowed == n ? STEP_NOW : STEP_TO_COME, 0, n, "prove key %u is refused",
		 g->pivot.number);
	for (unsigned i = 0; p->plan->is_waiting && i < p->plan->steps_n; i++) {
		struct step *t = &p->plan->steps[i];
		if (t->state != STEP_NOW)
			continue;
		t->state = STEP_WAITING;
		if ((i == STEP_LOAD || i == STEP_NARROW) && ride_is_on(p, &ride) &&
		    !ride.is_untimed)
			snprintf(t->note, sizeof(t->note), "until %s",
				 wall_print_utc(ride.until, when, sizeof(when)));
		break;
	}
}

/* This host's own member that is down has loaded nothing; of others only their rotads tell. */
static bool runs(const struct seen *s, unsigned i)
{
	return (int)i != s->self || !fact_known(s->process.fact) || s->process.is_alive;
}

/* The keys are one matter, the majorities another: people read this line before they restart
 * something by hand. With one away already, would one more stop the set? */
static void restart_beside_away(struct planner *p)
{
	const struct seen *s = p->s;
	struct plan *plan = p->plan;
	const struct seen_member *away = NULL;
	bool has_votes, has_writes, stops = false;
	for (unsigned i = 0; i < s->members_n; i++) {
		const struct seen_member *m = &s->members[i];
		if (!m->is_voter)
			continue;
		if (!safe_is_up(m))
			away = m;
		else
			stops |= !safe_without(s, i, &has_votes, &has_writes, NULL, NULL);
	}
	if (!away)
		return;
	if (stops) {
		plan->restart_now = RESTART_LATER;
		snprintf(plan->restart_why, sizeof(plan->restart_why),
			 "NO: the keys allow it (all share key %u), but with %.120s away one more "
			 "that is away stops writes",
			 p->pivot.number, away->host);
	} else {
		snprintf(
		    plan->restart_why, sizeof(plan->restart_why),
		    "yes, one at a time: all share key %u; %.120s is away, and one more may be",
		    p->pivot.number, away->host);
	}
}

/* PROTOCOL 1: one key, the pivot, in every member's running and on-disk keyring. */
static void restart_now(struct planner *p)
{
	const struct seen *s = p->s;
	struct plan *plan = p->plan;
	const char *why = "";
	plan->restart_now = RESTART_UNKNOWN;
	if (s->self < 0 || !key_id_given(&p->pivot.id) || s->members_n == 0) {
		snprintf(plan->restart_why, sizeof(plan->restart_why),
			 "cannot tell: the keys of the members are not known here");
		return;
	}
	if (fact_known(s->sharding.fact) && !seen_is_whole(s, &why)) {
		snprintf(plan->restart_why, sizeof(plan->restart_why),
			 "cannot tell: not all who share the key are known (%.150s)", why);
		return;
	}
	if (s->keyfile.is_refused) {
		plan->restart_now = RESTART_UNSAFE;
		snprintf(plan->restart_why, sizeof(plan->restart_why),
			 "NO: mongod of %.100s would not start with its keyfile (%.100s). Do not "
			 "restart it",
			 s->self_host, s->keyfile.why);
		plan->needs_attention = true;
		return;
	}
	for (unsigned i = 0; i < seen_all_n(s); i++) {
		const struct ring_ids *d = disk_of(s, i), *l = loaded_of(s, i);
		if ((int)i != s->self && seen_is_dead(s, i))
			continue;
		if (d->is_known && !has(d, &p->pivot)) {
			plan->restart_now = RESTART_UNSAFE;
			snprintf(plan->restart_why, sizeof(plan->restart_why),
				 "NO: the file of %s lacks key %u. Do not restart it",
				 s->members[i].host, p->pivot.number);
			plan->needs_attention = true;
			return;
		}
		if (l->is_known && !has(l, &p->pivot)) {
			plan->restart_now = RESTART_UNSAFE;
			snprintf(plan->restart_why, sizeof(plan->restart_why),
				 "NO: %s does not accept key %u", s->members[i].host,
				 p->pivot.number);
			plan->needs_attention = true;
			return;
		}
	}
	for (unsigned i = 0; i < seen_all_n(s); i++)
		if ((int)i != s->self && seen_is_dead(s, i))
			continue;
		else if (!disk_of(s, i)->is_known || (!loaded_of(s, i)->is_known && runs(s, i))) {
			const struct seen_member *m = &s->members[i];
			const bool is_said = (int)i != s->self && m->has_statement &&
					     !m->statement.disk.is_known &&
					     m->statement.findings[0];
			snprintf(plan->restart_why, sizeof(plan->restart_why),
				 is_said
				     ? "cannot tell: the file of %.100s is not known (its rotad "
				       "says: %.90s). Do not restart it"
				     : "cannot tell: nothing is known of %.100s%.0s",
				 m->host, m->statement.findings);
			return;
		}
	plan->restart_now = RESTART_SAFE;
	snprintf(plan->restart_why, sizeof(plan->restart_why), "yes, all share key %u",
		 p->pivot.number);
	if (!s->is_standalone)
		restart_beside_away(p);
}

static void foretell(struct planner *p)
{
	const struct seen *s = p->s;
	const struct order *o = seen_find_order(s, ORDER_KEYFILE);
	bool is_ready =
	    key_id_given(&s->anchor.standby.id) && has(&s->keyfile.ring, &s->anchor.standby);
	unsigned passes = is_ready && !(o && o->urgency == URGENCY_EMERGENCY) ? 1 : 2;
	int64_t drain_us = p->instance->drain_us >= 0 ? p->instance->drain_us : 15 * US_S;
	unsigned sets_n = MAX(s->sharding.sets_n, 1u);
	for (unsigned i = 0; i < s->sharding.sets_n; i++)
		sets_n -= s->sharding.sets[i].is_routers && sets_n > 1; /* they elect nobody */
	p->plan->restarts_n = seen_all_n(s) * passes;
	p->plan->elections_n = s->members_n > 1 || seen_is_router(s) ? passes * sets_n : 0;
	p->plan->failed_logins_n = seen_all_n(s);
	/* Measured: 1 s to stop after the drain, 2 s to start and be seen by all (know: 1g). */
	p->plan->is_measured = s->debts.turn_took_us > 0;
	p->plan->seconds_foretold =
	    (int64_t)p->plan->restarts_n *
	    (p->plan->is_measured ? s->debts.turn_took_us : drain_us + 3 * US_S) / US_S;
}

/* A turn that is ours and no longer needed is given back. */
static void release(struct planner *p)
{
	const struct seen *s = p->s;
	const struct plan *plan = p->plan;
	if (!s->ledger.is_claim_mine || s->ledger.claim.state == CLAIM_FREE || s->job.is_open ||
	    !fact_known(s->ledger.fact))
		return;
	/* Mode observe writes nothing (invariant 12), save this once: a mark that only we can take
	 * back, left by a turn that a person's change of mode cut short, would keep every other
	 * member from its turn for ever. */
	bool is_restart = s->ledger.claim.purpose == CLAIM_FOR_RESTART;
	enum mode mode =
	    is_restart ? p->mode : instance_mode(p->policy, p->instance, KIND_CERTIFICATES);
	if (!seen_ledger_believed(s))
		return;
	if (mode <= MODE_OBSERVE) {
		plan_add(p, ACT_RELEASE_CLAIM, "mode %s: the turn of %s is given back",
			 mode_name(mode), s->self_host);
		return;
	}
	for (unsigned i = 0; i < plan->acts_n; i++)
		if (plan->acts[i].kind != ACT_PUBLISH_STATEMENT &&
		    plan->acts[i].kind != ACT_WELCOME && plan->acts[i].kind != ACT_SIGN_REQUESTS &&
		    plan->acts[i].kind != ACT_VOTE && plan->acts[i].kind != ACT_TIDY_LEDGER &&
		    plan->acts[i].kind != ACT_END_ORDER &&
		    plan->acts[i].kind != ACT_PUBLISH_REVOCATION)
			return;
	if (s->self < 0 || s->certificate.stage == CERT_STAGE_INSTALLED ||
	    s->certificate.stage == CERT_STAGE_GOING_BACK || s->certificate.is_reload_running)
		return;
	/* A look at another one may be repeated for ever, and that one may be waiting for the turn.
	 */
	for (unsigned i = 0; i < plan->looks_n; i++)
		if ((int)plan->looks[i].member == s->self)
			return;
	/* What the process has loaded is looked at while a rotation is under way, and by nobody
	 * after it, nor once this member has voted: then it needs no turn before all have. */
	enum need need = turn_need(p, (unsigned)s->self);
	int r = seen_roll_index(s, s->self_host);
	bool has_voted =
	    p->generation == GENERATION_OPEN && r >= 0 && s->ledger.roll.votes[r].word == VOTE_YEA;
	bool is_needed = !has_voted && (need == NEED_YES ||
					(need == NEED_UNKNOWN && p->generation != GENERATION_NONE));
	if (is_restart ? !is_needed : s->certificate.stage != CERT_STAGE_STAGED)
		plan_add(p, ACT_RELEASE_CLAIM, "the turn of %s is over", s->self_host);
}

static void tell_approval(struct planner *p)
{
	const struct seen *s = p->s;
	struct event *e;
	if (!p->plan->waits_for_approval)
		return;
	e = plan_tell(p, EVENT_PLAN_WAITS_FOR_APPROVAL, s->self_host);
	snprintf(e->headline, sizeof(e->headline), "%s/%s: a plan waits for a person's word.",
		 s->cluster, s->self_host);
	snprintf(e->what, sizeof(e->what), "%s", p->plan->reason);
	snprintf(e->now, sizeof(e->now), "Nothing is under way; nothing begins by itself.");
	snprintf(e->we_did, sizeof(e->we_did), "Made the plan (mode ask) and wait.");
	snprintf(e->you, sizeof(e->you), "Look at it: rotactl explain. Then: rotactl approve %s",
		 p->plan->approval);
}

/* Nothing is asked for: the gates tell whether a rotation could begin now. */
static void foretell_start(struct planner *p)
{
	unsigned first;
	if (p->plan->gates_n || p->plan->is_rotating || p->mode < MODE_ASK || p->s->self < 0 ||
	    !p->s->has_salt || !fact_known(p->s->ledger.fact) || !p->s->ledger.exists)
		return;
	p->is_foretold = true;
	(void)gate_check(p, GATE_FOR_START, &first);
	p->is_foretold = false;
	cut_z(p->plan->gates_for, sizeof(p->plan->gates_for), GATES_FOR_START);
}

void explain_plan(struct planner *p)
{
	const struct hold *h = &p->s->ledger.hold;
	release(p);
	progress(p);
	restart_now(p);
	foretell(p);
	foretell_start(p);
	waits_tell(p);
	if (!p->plan->reason[0] && h->is_on && p->mode > MODE_OBSERVE)
		plan_say(
		    p,
		    "Nothing is due, and nothing would begin: held by %.100s: %.200s. To go on: "
		    "rotactl resume",
		    h->who, h->why);
	if (!p->plan->reason[0] && p->plan->restart_now == RESTART_UNSAFE && p->mode > MODE_OBSERVE)
		plan_say(p,
			 "NOT SAFE, and nothing begins before it is. %.200s. Look there: rotactl "
			 "explain",
			 p->plan->restart_why);
	if (!p->plan->reason[0])
		plan_say(p,
			 p->mode <= MODE_OBSERVE
			     ? "Nothing is planned: rotad looks and changes nothing (mode %s)."
			     : "Nothing is due (mode %s).",
			 mode_name(p->mode));
	tell_approval(p);
}
