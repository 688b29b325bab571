/* SPDX-License-Identifier: Apache-2.0 */
/* Whom and what a keyfile rotation waits for, in words, and the events for it: silence is an alarm
 * (invariant 7). Decides nothing. */
#include <stdio.h>
#include <string.h>

#include "plan/gate.h"
#include "plan/planner.h"

enum {
	SILENT_TOLD_S = 10,        /* a member that does not answer is told after so long */
	ROTAD_ANSWERS_S = 15,      /* a rotad states that it has seen a proposal within so long */
	ACTS_WITHIN_S = 60,        /* who is waited for, and is not held by another's turn, acts */
	STATED_WITHIN_S = 30 * 60, /* each rotad states anew every 20 min, whatever happens */
	STILL_TOLD_S = 30 * 60,    /* a rotation that has not moved for so long is told */
};

/* Does nobody speak for this member, though its mongod may be well? */
static bool is_rotad_silent(const struct planner *p, unsigned i)
{
	const struct seen *s = p->s;
	const struct seen_member *m = &s->members[i], *self = seen_self(s);
	uint64_t generation = s->ledger.has_proposal ? s->ledger.proposal.generation : 0;
	if (!self || m->is_self)
		return false;
	if (!m->has_statement || s->now.us - m->statement_moved.us > STATED_WITHIN_S * US_S)
		return true;
	/* Each rotad states the generation that it has seen. By this host's own clock: no other's
	 * can mislead. */
	return p->generation != GENERATION_NONE && m->statement.generation < generation &&
	       self->has_statement && self->statement.generation >= generation &&
	       s->now.us - self->statement_moved.us > ROTAD_ANSWERS_S * US_S;
}

/* It is this member's rotad that has to act, nobody is in the turn, and nothing moves: for words
 * only, since it may have its own reasons. */
static bool is_overdue(const struct planner *p, const struct seen_member *m)
{
	const struct seen *s = p->s;
	const struct seen_ledger *l = &s->ledger;
	struct ride ride;
	bool is_turn_idle =
	    l->slots_n == 0 && (l->claim.state == CLAIM_FREE ||
				(l->claim.state == CLAIM_WAITING && l->is_claim_stale));
	return !m->is_self && m->has_statement && p->generation != GENERATION_NONE &&
	       is_turn_idle && s->moved_at.us && !ride_is_on(p, &ride) &&
	       s->now.us - s->moved_at.us > ACTS_WITHIN_S * US_S &&
	       s->now.us - m->statement_moved.us > ACTS_WITHIN_S * US_S;
}

/* Away for its own turn: that is on course. */
static bool is_in_turn(const struct seen *s, const struct seen_member *m)
{
	return seen_turn_of(s, m->host) == CLAIM_ACTING;
}

static const char *heard(const struct seen_member *m, char *out, size_t out_n)
{
	char when[40];
	if (m->has_statement)
		snprintf(out, out_n, "was last heard %s",
			 wall_print_utc(m->statement_moved, when, sizeof(when)));
	else
		cut_z(out, out_n, "was never heard");
	return out;
}

const char *waits_print(const struct planner *p, unsigned i, char *out, size_t out_n)
{
	const struct seen_member *m = &p->s->members[i];
	char text[80];
	out[0] = 0;
	if (!m->is_self && !fact_known(m->hello))
		snprintf(out, out_n, " (%s)",
			 is_in_turn(p->s, m) ? "it is away for its turn" : "it does not answer");
	else if (!m->is_self && m->has_statement && !m->statement.is_rehearsed &&
		 m->statement.findings[0])
		snprintf(out, out_n, " (its rotad says: %.110s)", m->statement.findings);
	else if (is_rotad_silent(p, i) || is_overdue(p, m))
		snprintf(out, out_n, " (its rotad %s: does it run?)", heard(m, text, sizeof(text)));
	return out;
}

void waits_name(const struct planner *p, const char *host, char *best, size_t best_n)
{
	int i = seen_find_member(p->s, host);
	char note[160] = "";
	if (i >= 0)
		(void)waits_print(p, (unsigned)i, note, sizeof(note));
	if (!best[0] || (note[0] && !strchr(best, '(')))
		snprintf(best, best_n, "%.255s%s", host, note);
}

const char *waits_way_back(const struct planner *p, char *out, size_t out_n)
{
	const struct proposal *g = &p->s->ledger.proposal;
	switch (p->generation) {
	case GENERATION_NONE:
		/* What is due by age is no order that could be withdrawn. */
		cut_z(out, out_n,
		      seen_find_order(p->s, ORDER_KEYFILE)
			  ? " To withdraw the order instead: rotactl abort"
			  : "");
		break;
	case GENERATION_OPEN:
		cut_z(out, out_n, " To give the rotation up instead: rotactl abort");
		break;
	case GENERATION_CARRIED:
		snprintf(out, out_n, " It can only go on, not back: all have voted for key %u",
			 g->next.number);
		break;
	case GENERATION_DEAD:
		snprintf(out, out_n, " It was given up already; this is the way back to key %u",
			 g->pivot.number);
		break;
	}
	return out;
}

static void tell_member(struct planner *p, const struct seen_member *m)
{
	struct event *e = plan_tell(p, EVENT_MEMBER_UNREACHABLE, m->host);
	char when[40], back[WAY_BACK_BYTES];
	snprintf(e->headline, sizeof(e->headline),
		 "%s: %s does not answer, and a keyfile rotation waits for it.", p->s->cluster,
		 m->host);
	snprintf(e->what, sizeof(e->what), "%.300s. Silent since %s, as seen from %s.",
		 m->why[0] ? m->why : "It does not answer",
		 wall_print_utc(m->silent_since, when, sizeof(when)), p->s->self_host);
	snprintf(e->now, sizeof(e->now),
		 "No member is restarted while it is away: the set would be one failure from a "
		 "stop. All members that are up share key %u.",
		 p->pivot.number);
	snprintf(e->we_did, sizeof(e->we_did),
		 "Nothing: rotad starts only a mongod that it stopped itself. The rotation goes on "
		 "by itself once %s is back.",
		 m->host);
	snprintf(e->you, sizeof(e->you), "Start or mend %s.%s", m->host,
		 waits_way_back(p, back, sizeof(back)));
}

static void tell_rotad(struct planner *p, const struct seen_member *m)
{
	struct event *e = plan_tell(p, EVENT_MEMBER_WITHOUT_ROTAD, m->host);
	char text[80], back[WAY_BACK_BYTES];
	snprintf(e->headline, sizeof(e->headline),
		 "%s: no rotad speaks for %s, and a keyfile rotation waits for it.", p->s->cluster,
		 m->host);
	snprintf(e->what, sizeof(e->what), "mongod of %s %s; its rotad %s.", m->host,
		 fact_known(m->hello) ? "answers" : "does not answer either",
		 heard(m, text, sizeof(text)));
	snprintf(
	    e->now, sizeof(e->now),
	    "Nothing is wrong with the data: all members share key %u, whichever is restarted.",
	    p->pivot.number);
	snprintf(e->we_did, sizeof(e->we_did),
		 "What is safe without it goes on; its member is not touched and no key is "
		 "retired.");
	snprintf(e->you, sizeof(e->you), "On its host: systemctl status rotad; rotactl status.%s",
		 waits_way_back(p, back, sizeof(back)));
}

/* Declared dead, and back: told by all, since no turn is taken anywhere. */
static void tell_dead(struct planner *p, unsigned i)
{
	const struct seen *s = p->s;
	const struct seen_member *m = &s->members[i];
	struct key_name key;
	bool is_known;
	if (m->is_self || !turn_is_dead_alive(p, i, &key, &is_known) || !is_known)
		return;
	struct event *e = plan_tell(p, EVENT_DEAD_MEMBER_ALIVE, m->host);
	p->plan->needs_attention = true;
	if (!e)
		return;
	snprintf(e->headline, sizeof(e->headline),
		 "%s: %s was declared dead and answers; no further turn is taken.", s->cluster,
		 m->host);
	snprintf(e->what, sizeof(e->what), "Its mongod runs and does not accept key %u.",
		 key.number);
	snprintf(e->now, sizeof(e->now),
		 "All others share key %u. With it the others may part ways: do not write by it.",
		 p->pivot.number);
	snprintf(e->we_did, sizeof(e->we_did),
		 "Nothing is restarted before it accepts key %u or is out of the configuration.",
		 key.number);
	snprintf(e->you, sizeof(e->you),
		 m->is_revoked
		     ? "Take it out of the set (rs.remove), or stop it: its identity is revoked."
		     : "Start its rotad, which gets the key where it can log in. Else stop it, or "
		       "take it out of the set: rs.remove(\"%.200s\")",
		 m->host);
}

/* The gate that holds it up, if any: the one that needs a person first. */
static const struct gate_result *shut_gate(const struct plan *plan)
{
	const struct gate_result *first = NULL;
	for (unsigned i = 0; i < plan->gates_n; i++) {
		const struct gate_result *g = &plan->gates[i];
		if (g->verdict == GATE_REFUSE)
			return g;
		if (g->verdict == GATE_WAIT && !first)
			first = g;
	}
	return first;
}

static bool is_by_appointment(const struct gate_result *g)
{
	static const char *const names[] = {"mode", "window", "freeze", RIDE_GATE};
	for (size_t i = 0; g && i < ARRAY_N(names); i++)
		if (strcmp(g->name, names[i]) == 0)
			return true;
	return false;
}

void waits_tell_refused(struct planner *p, const struct gate_result *g)
{
	struct event *e = plan_tell(p, EVENT_ROTATION_REFUSED, p->s->self_host);
	char back[WAY_BACK_BYTES];
	snprintf(e->headline, sizeof(e->headline),
		 "%s: a keyfile rotation is wanted and does not begin: %s.", p->s->cluster,
		 g->name);
	snprintf(e->what, sizeof(e->what), "%s: %s", g->name, g->text);
	snprintf(e->now, sizeof(e->now), "Nothing was changed: key %u is in use everywhere.",
		 p->pivot.number);
	snprintf(e->we_did, sizeof(e->we_did),
		 "Nothing begins that could not end. It begins by itself once this is mended.");
	snprintf(e->you, sizeof(e->you), "rotactl explain shows every gate. Mend what it names.%s",
		 waits_way_back(p, back, sizeof(back)));
}

static void tell_still(struct planner *p)
{
	const struct seen *s = p->s;
	struct event *e = plan_tell(p, EVENT_ROTATION_WAITING, s->cluster);
	char when[40], back[WAY_BACK_BYTES];
	p->plan->needs_attention = true;
	snprintf(e->headline, sizeof(e->headline),
		 "%s: the keyfile rotation has not moved since %s.", s->cluster,
		 wall_print_utc(s->moved_at, when, sizeof(when)));
	snprintf(e->what, sizeof(e->what), "%.900s", p->plan->reason);
	snprintf(e->now, sizeof(e->now),
		 p->plan->restart_now == RESTART_SAFE
		     ? "Where it waits is safe and may stay so: %.200s."
		     : "May a member be restarted now: %.200s.",
		 p->plan->restart_why);
	snprintf(e->we_did, sizeof(e->we_did), "Looks again all the time and goes on by itself.");
	snprintf(e->you, sizeof(e->you),
		 "See why: rotactl explain. To stay exactly here: rotactl pause.%s",
		 waits_way_back(p, back, sizeof(back)));
}

/* This host is the one that others wait for. */
static void tell_not_ready(struct planner *p)
{
	const struct seen *s = p->s;
	struct event *e = plan_tell(p, EVENT_REHEARSAL_FAILED, s->self_host);
	char back[WAY_BACK_BYTES];
	p->plan->needs_attention = true;
	snprintf(e->headline, sizeof(e->headline),
		 "%s: %s could not take its turn now, and a keyfile rotation waits for it.",
		 s->cluster, s->self_host);
	snprintf(e->what, sizeof(e->what), "%.500s.", s->rehearsal);
	snprintf(e->now, sizeof(e->now), "Nothing was changed: key %u is in use everywhere.",
		 p->pivot.number);
	snprintf(e->we_did, sizeof(e->we_did),
		 "Nothing begins that could not end. It begins by itself once this is mended.");
	snprintf(e->you, sizeof(e->you), "Mend it on %s.%s", s->self_host,
		 waits_way_back(p, back, sizeof(back)));
}

void waits_tell(struct planner *p)
{
	const struct seen *s = p->s;
	const struct gate_result *g = shut_gate(p->plan);
	struct ride ride;
	if (!p->plan->is_rotating || p->mode < MODE_ASK)
		return;
	/* A keyfile that cannot be written is told by itself (plan/rotate.c). */
	if (p->generation == GENERATION_NONE && !s->is_rehearsed && s->rehearsal[0] &&
	    s->process.is_answering && s->keyfile.is_writable)
		tell_not_ready(p);
	for (unsigned i = 0; i < s->members_n; i++) {
		const struct seen_member *m = &s->members[i];
		if (is_in_turn(s, m) || (m->is_self && s->job.is_open))
			continue;
		if (seen_is_dead(s, i)) {
			tell_dead(p, i);
			continue;
		}
		if (m->silent_since.us && s->now.us - m->silent_since.us >= SILENT_TOLD_S * US_S)
			tell_member(p, m);
		else if (fact_known(m->hello) && is_rotad_silent(p, i))
			tell_rotad(p, m);
	}
	if (p->plan->is_waiting && s->moved_at.us &&
	    s->now.us - s->moved_at.us > STILL_TOLD_S * US_S && !is_by_appointment(g) &&
	    !ride_is_on(p, &ride))
		tell_still(p);
}
