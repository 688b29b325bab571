/* SPDX-License-Identifier: Apache-2.0 */
/* A member's turn: claim, drain, step-down, restart, and what became of a restart that is under
 * way. */
#include <stdio.h>
#include <string.h>

#include "plan/gate.h"
#include "plan/order.h"
#include "plan/planner.h"

enum {
	STEP_DOWN_S = 120, /* long enough for the restart of the old primary (replSetStepDown's
			      first argument) */
	TURN_TOLD_AFTER_S =
	    300, /* a start that takes longer is told; it is waited for all the same */
};

/* By the process's own keys: must it be restarted to follow the votes? */
static enum need need_of(const struct planner *p, const struct ring_ids *loaded)
{
	const struct proposal *g = &p->s->ledger.proposal;
	const struct anchor *a = &p->s->anchor;
	if (!loaded->is_known)
		return NEED_UNKNOWN;
	switch (p->generation) {
	case GENERATION_OPEN:
		return ring_ids_has(loaded, &g->next.id) ? NEED_NO : NEED_YES;
	case GENERATION_CARRIED:
		return ring_ids_has(loaded, &g->pivot.id) || !ring_ids_has(loaded, &g->next.id)
			   ? NEED_YES
			   : NEED_NO;
	case GENERATION_DEAD:
		return ring_ids_has(loaded, &g->next.id) ? NEED_YES : NEED_NO;
	case GENERATION_NONE:
		break;
	}
	if (key_id_given(&p->pivot.id) && !ring_ids_has(loaded, &p->pivot.id))
		return NEED_YES;
	for (unsigned i = 0; i < a->retired_n && i < RETIRED_MAX; i++)
		if (ring_ids_has(loaded, &a->retired[i].id))
			return NEED_YES;
	return NEED_NO;
}

enum need turn_need(const struct planner *p, unsigned member)
{
	const struct seen *s = p->s;
	const struct seen_member *m = &s->members[member];
	int r = seen_roll_index(s, m->host);
	if ((int)member == s->self)
		return need_of(p, &s->process.loaded);
	if (r >= 0 && s->ledger.roll.is_without[r])
		return NEED_NO;
	/* A vote tells of the process that voted: an older statement may not have caught up. */
	if (p->generation == GENERATION_OPEN && r >= 0 && s->ledger.roll.votes[r].word == VOTE_YEA)
		return NEED_NO;
	if (!m->has_statement || !fact_known(m->hello) ||
	    strcmp(m->statement.process_id, m->process_id) != 0)
		return NEED_UNKNOWN;
	return need_of(p, &m->statement.running);
}

/* Ready again (know: section 7): it answers, sees all, is seen by all by a heartbeat newer than its
 * start, lags little. */
static bool is_ready(const struct planner *p, const char **ret_why)
{
	const struct seen_member *m = seen_self(p->s);
	*ret_why = "";
	if (!m || !fact_known(m->hello))
		*ret_why = "it does not answer yet";
	else if (m->is_quiescing)
		*ret_why = "it is shutting down";
	else if (p->s->is_standalone)
		return true;
	else if (!m->is_primary && !m->is_secondary && !m->is_arbiter)
		*ret_why = "it recovers";
	else if (m->is_initial_syncing)
		*ret_why = "it is in initial sync";
	else if (!m->sees_all)
		*ret_why = "it does not see all others yet";
	else if (!m->is_seen_by_all)
		*ret_why = "not all others see it yet";
	else if (m->delay_s == 0 && !m->is_arbiter &&
		 (m->lag_us < 0 || m->lag_us > p->instance->max_lag_us))
		*ret_why = "it catches up";
	return !(*ret_why)[0];
}

static void tell_not_back(struct planner *p, bool is_rolled_back)
{
	const struct seen *s = p->s;
	struct event *e = plan_tell(p, "member-not-back", SEVERITY_CRITICAL, s->self_host);
	if (!e)
		return;
	snprintf(e->headline, sizeof(e->headline),
		 "%s: %s did not come back with the new keyfile; the rotation stopped here, the "
		 "other members are untouched.",
		 s->cluster, s->self_host);
	snprintf(e->what, sizeof(e->what), "mongod exited with code %d%s%.500s%s. The restart: %s",
		 s->process.exit_code, s->process.last_fatal[0] ? ": \"" : "",
		 s->process.last_fatal, s->process.last_fatal[0] ? "\"" : "",
		 s->job.why[0] ? s->job.why : "ended without an error");
	snprintf(e->now, sizeof(e->now), "The other members are up. All share key %u.",
		 p->pivot.number);
	snprintf(
	    e->we_did, sizeof(e->we_did), "%s",
	    is_rolled_back
		? "Put the previous keyfile back and start mongod again. No further turn is taken."
		: "Nothing more: the previous keyfile was tried already. No further turn is "
		  "taken.");
	snprintf(e->you, sizeof(e->you),
		 "Look at the reason above and mend it on %s. Then: rotactl doctor; rotactl resume",
		 s->self_host);
}

/* By this host's own record: has this member given its yea in the anchor's generation? */
/* A restart that we began and whose end is not recorded. No ledger is asked meanwhile (PROTOCOL 3).
 */
bool job_plan(struct planner *p)
{
	const struct seen *s = p->s;
	const struct seen_job *j = &s->job;
	const char *why;
	char took[32];
	if (!j->is_open)
		return false;
	span_print(s->now.us - j->begun_at.us, took, sizeof(took));
	bool is_new =
	    s->process.is_answering && strcmp(s->process.process_id, j->process_before) != 0;
	/* The turn is kept until the job is known to be over (PROTOCOL 2). */
	if (is_new && !j->is_running && !j->is_overdue && is_ready(p, &why)) {
		plan_add(p, ACT_END_JOB, "%s is back after %s", s->self_host, took);
		plan_say(p, "%s is back after %s.", s->self_host, took);
		return true;
	}
	if (is_new && !j->is_overdue) {
		if (j->is_running)
			why = "its restart job is not over";
		plan_wait(p, 100 * US_MS, "%s was restarted %s ago and answers; %s.", s->self_host,
			  took, why);
		return true;
	}
	/* Exited, not recovering: only a process that is gone after the job's end may be rolled
	 * back. */
	if (!j->is_running && !s->process.is_alive && fact_known(s->process.fact)) {
		struct key_name ring[KEYS_PER_FILE_MAX];
		/* Back to a keyring with the pivot, and the new key after the yea (PROTOCOL 1). A
		 * rotad that was started meanwhile has not read the ledger: its anchor knows the
		 * same. */
		const struct anchor *anchor = &s->anchor;
		const struct proposal *g = &s->ledger.proposal;
		const struct key_name *old = s->ledger.has_proposal ? &g->pivot : &anchor->pivot;
		const struct key_name *new_key = s->ledger.has_proposal ? &g->next : &anchor->next;
		unsigned n = 0;
		ring[n++] = *old;
		if (key_id_given(&new_key->id) && !key_id_equal(&old->id, &new_key->id) &&
		    (anchor_vote(&s->anchor, s->self_host, s->anchor.generation) == VOTE_YEA ||
		     p->generation == GENERATION_CARRIED))
			ring[n++] = *new_key;
		if (!j->is_rollback && key_id_given(&old->id) && key_id_given(&new_key->id)) {
			struct act *a = plan_add(p, ACT_ROLL_BACK,
						 "mongod exited with code %d after the restart",
						 s->process.exit_code);
			a->ring_n = n;
			memcpy(a->ring, ring, n * sizeof(*ring));
			tell_not_back(p, true);
			plan_say(p,
				 "%s did not come back (exit %d): the previous keyfile is put back "
				 "and it is started again.",
				 s->self_host, s->process.exit_code);
			return true;
		}
		tell_not_back(p, false);
		p->plan->needs_attention = true;
		plan_wait(p, 5 * US_S,
			  "%s did not come back, also not with the previous keyfile: a person must "
			  "look. %.200s",
			  s->self_host, s->process.last_fatal);
		return true;
	}
	/* The hook or unit failed and the old process runs on: a debt; the turn is given back,
	 * since the job is known to be over. */
	if (!j->is_running && !j->is_overdue && s->process.is_answering &&
	    !(seen_self(s) && seen_self(s)->is_quiescing)) {
		struct event *e = plan_tell(p, "hook-failed", SEVERITY_WARNING, s->self_host);
		if (e) {
			snprintf(e->headline, sizeof(e->headline),
				 "%s: the restart of %s did not happen.", s->cluster, s->self_host);
			snprintf(e->what, sizeof(e->what), "%s",
				 j->why[0] ? j->why
					   : "The job ended well, but the same process runs on.");
			snprintf(e->now, sizeof(e->now),
				 "%s runs on with the keys it had. All share key %u.", s->self_host,
				 p->pivot.number);
			snprintf(e->we_did, sizeof(e->we_did),
				 "Nothing more; the restart is owed and tried again in a minute.");
			snprintf(e->you, sizeof(e->you),
				 "Run the hook or restart the unit by hand and mend what it says.");
		}
		plan_add(p, ACT_END_JOB, "the restart did not happen: %.200s",
			 j->why[0] ? j->why : "the same process runs on");
		plan_say(p, "The restart of %s did not happen (%.160s); it is tried again.",
			 s->self_host, j->why);
		return true;
	}
	if (j->is_overdue || s->now.us - j->begun_at.us > TURN_TOLD_AFTER_S * US_S) {
		struct event *e = plan_tell(p, "turn-slow", SEVERITY_WARNING, s->self_host);
		p->plan->needs_attention = true;
		if (e) {
			snprintf(e->headline, sizeof(e->headline), "%s: %s is away for %s.",
				 s->cluster, s->self_host, took);
			snprintf(e->what, sizeof(e->what), "%s",
				 s->process.is_alive ? "Its process is alive: it stops or recovers."
						     : "The restart has not ended yet.");
			snprintf(e->now, sizeof(e->now),
				 "The others are not disturbed: the turn is kept.");
			snprintf(e->we_did, sizeof(e->we_did),
				 "We wait; rotad never kills a mongod that is starting.");
			snprintf(e->you, sizeof(e->you), "Look at mongod's log on %s.",
				 s->self_host);
		}
	}
	plan_wait(p, 50 * US_MS, "%s is %s since %s.", s->self_host,
		  s->process.is_answering || s->process.is_alive
		      ? (j->is_running ? "stopping or starting" : "starting")
		      : "being restarted",
		  took);
	return true;
}

static bool claims(const struct planner *p)
{
	return !p->s->is_standalone;
}

void turn_plan(struct planner *p, const struct key_name *ring, unsigned ring_n, const char *text)
{
	const struct seen *s = p->s;
	const struct seen_member *self = seen_self(s);
	const struct seen_ledger *l = &s->ledger;
	unsigned first;
	char keys[32];
	struct act *a;
	ring_print(ring, ring_n, keys, sizeof(keys));
	cut_z(p->plan->gates_for, sizeof(p->plan->gates_for), s->self_host);
	if (!gate_check(p, GATE_FOR_TURN, &first)) {
		const struct gate_result *g = &p->plan->gates[first];
		/* A new primary or lag is waited for with the turn in hand; anything else must not
		 * keep the others from theirs. */
		if (l->is_claim_mine && (g->verdict == GATE_REFUSE || !g->opens_soon))
			plan_add(p, ACT_RELEASE_CLAIM, "%s: %s", g->name, g->text);
		p->plan->needs_attention |= g->verdict == GATE_REFUSE;
		plan_wait(p, US_S / 4, "%s needs a restart to %s, and waits: %s: %s.", s->self_host,
			  text, g->name, g->text);
		return;
	}
	if (claims(p) && !l->is_claim_mine) {
		a = plan_add(p, ACT_TAKE_CLAIM, "%s is next to %s", s->self_host, text);
		a->purpose = CLAIM_FOR_RESTART;
		plan_say(p, "It is %s's turn to %s.", s->self_host, text);
		return;
	}
	if (p->instance->drain_us >= 0 && s->process.shutdown_timeout_ms >= 0 &&
	    s->process.shutdown_timeout_ms != p->instance->drain_us / US_MS) {
		a = plan_add(p, ACT_SET_DRAIN, "restart.drain; it dies with the process");
		a->drain_ms = p->instance->drain_us / US_MS;
	}
	if (claims(p) && l->claim.state != CLAIM_ACTING) {
		a = plan_add(p, ACT_CLAIM_ACTING, "all gates pass");
		a->purpose = CLAIM_FOR_RESTART;
		plan_say(p, "%s takes its turn to %s.", s->self_host, text);
		return;
	}
	if (self && self->is_primary && s->members_n > 1) {
		plan_add(p, ACT_STEP_DOWN, "the primary goes last and hands over first");
		plan_say(p, "%s steps down before its restart.", s->self_host);
		return;
	}
	a = plan_add(p, ACT_RESTART, "to %s", text);
	a->ring_n = ring_n;
	memcpy(a->ring, ring, ring_n * sizeof(*ring));
	snprintf(a->undo, sizeof(a->undo), "the previous keyfile, if it does not come back");
	plan_say(p, "%s is restarted to %s.", s->self_host, text);
}
