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
	    300,           /* a start that takes longer is told; it is waited for all the same */
	GONE_SETTLE_S = 5, /* so long after its job ended well a process may still appear */
	JOB_SETTLE_S = 30, /* so long after its begin a job that ended well may still take effect */
	REST_MAX_MIN = 30,
	CLAIM_TOLD_AFTER_S = 15 * 60, /* of another rotad, acting */
	AWAY_AFTER_S = 30,            /* silent for so long: it is away, not slow */
	LOST_SETTLE_S = 3, /* so long a process that was just told to stop may answer as before */
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
		if (ring_ids_has(loaded, &g->pivot.id) || !ring_ids_has(loaded, &g->next.id))
			return NEED_YES;
		return ring_has_retired(loaded, a) ? NEED_YES : NEED_NO;
	case GENERATION_DEAD:
		return ring_ids_has(loaded, &g->next.id) ? NEED_YES : NEED_NO;
	case GENERATION_NONE:
		break;
	}
	if (key_id_given(&p->pivot.id) && !ring_ids_has(loaded, &p->pivot.id))
		return NEED_YES;
	return ring_has_retired(loaded, a) ? NEED_YES : NEED_NO;
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

static bool has_primary(const struct seen *s)
{
	for (unsigned i = 0; i < s->members_n; i++)
		if (s->members[i].is_primary)
			return true;
	return false;
}

/* One that died meanwhile must not keep the turn of one that is well, for no word of a person's is
 * heard before a turn is over (PROTOCOL 3): who has long been silent is not missed, as long as
 * there is a primary. The gates see to it that nobody else is restarted then. */
static bool sees_all_that_live(const struct seen *s, const struct seen_member *m)
{
	uint64_t away = 0;
	for (unsigned i = 0; i < s->members_n; i++) {
		const struct seen_member *o = &s->members[i];
		if (!fact_known(o->hello) && o->silent_since.us &&
		    s->now.us - o->silent_since.us >= AWAY_AFTER_S * US_S)
			away |= (uint64_t)1 << i;
	}
	return m->sees_all ||
	       (fact_known(m->status) && away && !(m->unseen & ~away) && has_primary(s));
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
	else if (p->s->is_standalone || m->is_router)
		return true; /* a mongos answers once it has found its config servers */
	else if (!m->is_primary && !m->is_secondary && !m->is_arbiter)
		*ret_why = "it recovers";
	else if (m->is_initial_syncing)
		*ret_why = "it is in initial sync";
	else if (!sees_all_that_live(p->s, m))
		*ret_why = "it does not see all others yet";
	else if (!m->is_seen_by_all)
		*ret_why = "not all others see it yet";
	else if (p->s->others_n > 0 && !has_primary(p->s))
		*ret_why = "its set has no primary yet"; /* another set's turn comes next */
	else if (m->delay_s == 0 && !m->is_arbiter &&
		 (m->lag_us < 0 || m->lag_us > plan_terms(p).max_lag_us))
		*ret_why = "it catches up";
	return !(*ret_why)[0];
}

int64_t turn_rest_us(int64_t tries)
{
	int64_t minutes = 1;
	for (int64_t i = 1; i < tries && minutes < REST_MAX_MIN; i++)
		minutes *= 2;
	return MIN(minutes, (int64_t)REST_MAX_MIN) * US_MIN;
}

/* How the restarted mongod ended, in its own words. */
static const char *end_print(const struct seen_process *x, char *out, size_t out_n)
{
	char code[32] = "";
	if (x->exit_code >= 0)
		snprintf(code, sizeof(code), " with code %d", x->exit_code);
	if (x->last_fatal[0])
		snprintf(out, out_n, "mongod ended%s after its start: \"%.400s\"", code,
			 x->last_fatal);
	else
		snprintf(out, out_n, "mongod ended%s and its log does not tell why", code);
	return out;
}

enum not_back { NOT_BACK_ROLLED_BACK, NOT_BACK_TRIED, NOT_BACK_OBSERVED };

static void tell_not_back(struct planner *p, enum not_back how)
{
	static const struct {
		const char *we_did, *you;
	} rows[] = {
	    [NOT_BACK_ROLLED_BACK] =
		{"Putting the previous keyfile back and starting mongod again. "
		 "No further turn is taken.",
		 "nothing at once, rotad tells whether it is back. Then mend "
		 "the reason above, and: rotactl resume"},
	    [NOT_BACK_TRIED] =
		{"The previous keyfile was put back and mongod did not start with it "
		 "either. Nothing more is tried; no further turn is taken.",
		 "start mongod by hand, now; its log tells why it ends. Once it is a "
		 "member again: rotactl resume"},
	    [NOT_BACK_OBSERVED] = {"Nothing: in this mode rotad writes no file and starts no "
				   "mongod. The turn is kept.",
				   "mend the reason above and start mongod, or let rotad put the "
				   "previous keyfile back: rotactl mode act"},
	};
	const struct seen *s = p->s;
	struct event *e = plan_tell(p, EVENT_MEMBER_NOT_BACK, s->self_host);
	char end[512];
	snprintf(e->headline, sizeof(e->headline),
		 "%s: %s did not come back with the new keyfile; the rotation stopped here, the "
		 "other members are untouched.",
		 s->cluster, s->self_host);
	snprintf(e->what, sizeof(e->what), "%s. The restart %s%.200s.",
		 end_print(&s->process, end, sizeof(end)), s->job.why[0] ? "said: " : "ended",
		 s->job.why[0] ? s->job.why : " without an error");
	snprintf(e->now, sizeof(e->now),
		 "%s is DOWN; the others are up and keep a primary. All share key %u.",
		 s->self_host, p->pivot.number);
	snprintf(e->we_did, sizeof(e->we_did), "%s", rows[how].we_did);
	snprintf(e->you, sizeof(e->you), "On %s: %s", s->self_host, rows[how].you);
}

void turn_tell_owed(struct planner *p, struct wall since, int64_t tries, const char *why)
{
	const struct seen *s = p->s;
	struct event *e = plan_tell(p, EVENT_RESTART_FAILED, s->self_host);
	const struct instance_policy *i = p->instance;
	char when[40], rest[32];
	p->plan->needs_attention = true;
	wall_print_utc(since, when, sizeof(when));
	span_print(turn_rest_us(tries), rest, sizeof(rest));
	/* Nothing in it changes between two tries: one trouble is told once, and again with its
	 * age. */
	snprintf(e->headline, sizeof(e->headline),
		 "%s: the restart of %s did not happen; it is owed since %s.", s->cluster,
		 s->self_host, when);
	snprintf(e->what, sizeof(e->what), "Try %lld: %.400s", (long long)tries, why);
	snprintf(e->now, sizeof(e->now),
		 "%s runs on with the keys it had; the rotation waits for it and harms nobody.",
		 s->self_host);
	snprintf(e->we_did, sizeof(e->we_did),
		 "Gave the turn back. Tried again %s later, then ever more rarely, at least each "
		 "half hour.",
		 rest);
	if (i->restart_how == RESTART_HOOK)
		snprintf(e->you, sizeof(e->you),
			 "On %s mend the hook: %.300s restart %s. To try at once: rotactl resume",
			 s->self_host, i->restart_name, i->name);
	else
		snprintf(e->you, sizeof(e->you),
			 "On %s: systemctl status %.300s; journalctl -u %.300s. To try at once: "
			 "rotactl resume",
			 s->self_host, i->restart_name, i->restart_name);
}

/* It may still act, so the turn is nobody else's until a person has made sure (PROTOCOL 2). */
static void tell_overdue(struct planner *p, bool is_new)
{
	const struct seen *s = p->s;
	bool is_down = !s->process.is_answering && !s->process.is_alive;
	struct event *e = plan_tell(p, EVENT_RESTART_OVERDUE, s->self_host);
	char when[40];
	p->plan->needs_attention = true;
	if (is_down)
		e->severity = SEVERITY_CRITICAL;
	wall_print_utc(s->job.begun_at, when, sizeof(when));
	snprintf(e->headline, sizeof(e->headline),
		 "%s: the restart of %s, begun %s, did not end in time and may still act.",
		 s->cluster, s->self_host, when);
	snprintf(e->what, sizeof(e->what), "%.400s",
		 s->job.why[0] ? s->job.why : "The restart job did not end within its time.");
	snprintf(e->now, sizeof(e->now), "%s %s. Nobody else takes a turn.", s->self_host,
		 is_down                   ? "is DOWN"
		 : is_new                  ? "was restarted and answers"
		 : s->process.is_answering ? "runs on and was not restarted"
					   : "does not answer; its process is alive");
	snprintf(e->we_did, sizeof(e->we_did),
		 "Kept the turn: if what is left of it acted later, two members would be away at "
		 "once.");
	snprintf(e->you, sizeof(e->you),
		 "On %s mend %.300s, see that nothing of it runs any more%s. Then: rotactl turn "
		 "release",
		 s->self_host, p->instance->restart_name, is_down ? ", and start mongod" : "");
}

void rolled_back_tell(struct planner *p)
{
	const struct seen *s = p->s;
	struct event *e = plan_tell(p, EVENT_TURN_ROLLED_BACK, s->self_host);
	const struct seen_member *self = seen_self(s);
	char away[32], was[48] = "", back[WAY_BACK_BYTES];
	p->plan->needs_attention = true;
	if (s->debts.rolled_back_away_us > 0)
		snprintf(was, sizeof(was), " after %s away",
			 span_print(s->debts.rolled_back_away_us, away, sizeof(away)));
	snprintf(e->headline, sizeof(e->headline),
		 "%s: %s did not start with the new keyfile; it runs with the one before again, "
		 "and the rotation is held.",
		 s->cluster, s->self_host);
	snprintf(e->what, sizeof(e->what), "%.600s.", s->debts.rolled_back_why);
	snprintf(e->now, sizeof(e->now),
		 "%s is %s again%s. The other members were not touched; all share key %u.",
		 s->self_host,
		 self && fact_known(self->hello) ? member_state_name(self->state) : "not seen", was,
		 p->pivot.number);
	snprintf(e->we_did, sizeof(e->we_did),
		 "Put the previous keyfile back, started mongod, and held every rotation of %s.",
		 s->cluster);
	snprintf(
	    e->you, sizeof(e->you),
	    "Mend on %s what kept mongod from starting. Then rotactl resume: its turn is tried "
	    "again.%s",
	    s->self_host, waits_way_back(p, back, sizeof(back)));
}

/* ---- a restart that we began and whose end is not recorded: a state a function ---- */

static const char *took(const struct seen *s, char *out, size_t out_n)
{
	return span_print(s->now.us - s->job.begun_at.us, out, out_n);
}

static bool is_new_process(const struct seen *s)
{
	return s->process.is_answering && strcmp(s->process.process_id, s->job.process_before) != 0;
}

/* It was not, or not yet, stopped. */
static bool runs_on(const struct seen *s)
{
	return s->process.is_answering && !(seen_self(s) && seen_self(s)->is_quiescing);
}

static bool is_gone(const struct seen *s)
{
	return !s->process.is_alive && fact_known(s->process.fact);
}

/* The turn is kept until the job is known to be over (PROTOCOL 2). */
static bool job_is_back(const struct planner *p)
{
	return is_new_process(p->s) && !p->s->job.is_overdue;
}
static void back_plan(struct planner *p)
{
	const struct seen *s = p->s;
	const char *why = "its restart job is not over";
	char span[32];
	took(s, span, sizeof(span));
	if (s->job.is_running || !is_ready(p, &why)) {
		plan_wait(p, 100 * US_MS, "%s was restarted %s ago and answers; %s.", s->self_host,
			  span, why);
		return;
	}
	plan_add(p, ACT_END_JOB, "%s is back after %s", s->self_host, span);
	plan_say(p, "%s is back after %s.", s->self_host, span);
}

/* Our own crash took the job with it, between stop and start: the half that is missing. The file
 * was not tried, so there is nothing to roll back. It was right when the restart began, by a ledger
 * that is not read now; a roll-back that came to its file only left the pivot. */
static bool job_is_half(const struct planner *p)
{
	const struct seen *s = p->s;
	return s->job.is_lost && p->mode > MODE_OBSERVE && is_gone(s) &&
	       (ring_ids_equal(&s->keyfile.ring, &s->job.ring) ||
		ring_ids_has(&s->keyfile.ring, &p->pivot.id));
}
static void half_plan(struct planner *p)
{
	plan_add(p, ACT_START, "rotad ended while it was being restarted");
	plan_say(p, "%s was stopped by us and not started again yet: it is started.",
		 p->s->self_host);
}

/* Ended well just now: what it started is not there to be seen yet (systemd's fork before its
 * exec), or another starts it (a hook that ends mongod, a unit with Restart=always). */
static bool may_appear(const struct planner *p)
{
	const struct seen_job *j = &p->s->job;
	int64_t since = p->s->now.us - j->ended_at.us;
	return j->ended_at.us && !j->is_failed && !j->is_overdue && since >= 0 &&
	       since < GONE_SETTLE_S * US_S;
}

/* Exited, not recovering: only a process that is gone after the job's end may be rolled back. */
static bool job_is_down(const struct planner *p)
{
	const struct seen_job *j = &p->s->job;
	return !j->is_running && (!j->is_overdue || j->is_gone) && is_gone(p->s) && !may_appear(p);
}

static void roll_back_plan(struct planner *p, const struct key_name *old,
			   const struct key_name *new_key)
{
	const struct seen *s = p->s;
	char end[512];
	struct act *a = plan_add(p, ACT_ROLL_BACK, "%s", end_print(&s->process, end, sizeof(end)));
	/* Back to a keyring with the pivot, and the new key after the yea, unless a nay has burnt
	 * it (PROTOCOL 1). */
	bool is_burnt =
	    p->generation == GENERATION_DEAD || key_id_equal(&s->anchor.burnt.id, &new_key->id);
	a->ring[a->ring_n++] = *old;
	if (key_id_given(&new_key->id) && !key_id_equal(&old->id, &new_key->id) && !is_burnt &&
	    (anchor_own_vote(&s->anchor, s->anchor.generation) == VOTE_YEA ||
	     p->generation == GENERATION_CARRIED))
		a->ring[a->ring_n++] = *new_key;
	tell_not_back(p, NOT_BACK_ROLLED_BACK);
	plan_say(p,
		 "%s did not come back: the previous keyfile is put back and it is started again. "
		 "%.300s",
		 s->self_host, end);
}

static void down_plan(struct planner *p)
{
	const struct seen *s = p->s;
	const struct proposal *g = &s->ledger.proposal;
	/* A rotad that was started meanwhile has not read the ledger: its anchor knows the same. */
	const struct key_name *old = s->ledger.has_proposal ? &g->pivot : &s->anchor.pivot;
	const struct key_name *new_key = s->ledger.has_proposal ? &g->next : &s->anchor.next;
	/* A person took it over in the middle of the turn (DESIGN invariant 12): the most careful
	 * word wins, and says loudly what is not done. */
	if (p->mode <= MODE_OBSERVE) {
		tell_not_back(p, NOT_BACK_OBSERVED);
		p->plan->needs_attention = true;
		plan_wait(p, 5 * US_S,
			  "%s did not come back (exit %d), and is not put right: mode %s. A person "
			  "must look. %.200s",
			  s->self_host, s->process.exit_code, mode_name(p->mode),
			  s->process.last_fatal);
		return;
	}
	if (!s->job.is_rollback && key_id_given(&old->id) && key_id_given(&new_key->id)) {
		roll_back_plan(p, old, new_key);
		return;
	}
	tell_not_back(p, NOT_BACK_TRIED);
	p->plan->needs_attention = true;
	plan_wait(p, 5 * US_S,
		  "%s did not come back, also not with the previous keyfile: a person must look. "
		  "%.200s",
		  s->self_host, s->process.last_fatal);
}

/* Our crash, and the job never began, or got no further than to ask it to stop. */
static bool job_is_lost(const struct planner *p)
{
	return p->s->job.is_lost && runs_on(p->s);
}
static void lost_plan(struct planner *p)
{
	const struct seen *s = p->s;
	if (s->now.us - s->job.lost_at.us < LOST_SETTLE_S * US_S) {
		plan_wait(p, 250 * US_MS,
			  "rotad was started again while %s was being restarted; is it stopping?",
			  s->self_host);
		return;
	}
	plan_add(p, ACT_END_JOB, "the same process runs on: it was not restarted");
	plan_say(p, "%s was not restarted, as rotad ended meanwhile.", s->self_host);
}

/* Exit 0 is no proof: a hook that only asked for the restart is given time. */
static bool job_settles(const struct planner *p)
{
	const struct seen *s = p->s;
	const struct seen_job *j = &s->job;
	return !j->is_running && !j->is_failed && !j->is_overdue && runs_on(s) &&
	       s->now.us - j->begun_at.us < JOB_SETTLE_S * US_S && s->now.us >= j->begun_at.us;
}
static void settle_plan(struct planner *p)
{
	char span[32];
	plan_wait(p, 250 * US_MS,
		  "The restart job of %s ended well %s after its begin, but the same process still "
		  "runs.",
		  p->s->self_host, took(p->s, span, sizeof(span)));
}

/* The hook or unit failed and the old process runs on: a debt; the turn is given back, since the
 * job is known to be over. */
static bool job_is_owed(const struct planner *p)
{
	return !p->s->job.is_running && !p->s->job.is_overdue && runs_on(p->s);
}
static void owed_plan(struct planner *p)
{
	const struct seen *s = p->s;
	const struct seen_debts *d = &s->debts;
	const char *cause = s->job.why[0] ? s->job.why
					  : "the restart job ended well, but the same process "
					    "runs on";
	turn_tell_owed(p, d->restart_owed_since.us ? d->restart_owed_since : s->job.begun_at,
		       d->restart_tries + 1, cause);
	plan_add(p, ACT_END_JOB, "%.250s", cause);
	plan_say(p, "The restart of %s did not happen (%.160s); it is tried again.", s->self_host,
		 cause);
}

static bool job_is_overdue(const struct planner *p)
{
	return p->s->job.is_overdue;
}
static void overdue_plan(struct planner *p)
{
	const struct seen *s = p->s;
	const bool is_new = is_new_process(s);
	tell_overdue(p, is_new);
	plan_wait(p, US_S,
		  "The turn of %s is kept: %.250s. %s. When nothing of it runs any more: rotactl "
		  "turn release",
		  s->self_host, s->job.why,
		  is_new                    ? "The member itself was restarted and answers"
		  : s->process.is_answering ? "The member runs on and was not restarted"
					    : "The member does not answer");
}

static void tell_starting_long(struct planner *p)
{
	const struct seen *s = p->s;
	struct event *e = plan_tell(p, EVENT_MEMBER_STARTING_LONG, s->self_host);
	char since[40];
	p->plan->needs_attention = true;
	snprintf(e->headline, sizeof(e->headline),
		 "%s: %s is being restarted since %s and is not back.", s->cluster, s->self_host,
		 wall_print_utc(s->job.begun_at, since, sizeof(since)));
	snprintf(e->what, sizeof(e->what), "%s",
		 s->process.is_alive ? "Its process is alive: it stops or recovers."
				     : "The restart has not ended yet.");
	snprintf(e->now, sizeof(e->now), "The others are not disturbed: the turn is kept.");
	snprintf(e->we_did, sizeof(e->we_did),
		 "We wait; rotad never kills a mongod that is starting.");
	snprintf(e->you, sizeof(e->you), "Look at mongod's log on %s.", s->self_host);
}

static bool job_goes_on(const struct planner *p)
{
	(void)p;
	return true;
}
static void away_plan(struct planner *p)
{
	const struct seen *s = p->s;
	char span[32];
	if (s->now.us - s->job.begun_at.us > TURN_TOLD_AFTER_S * US_S)
		tell_starting_long(p);
	plan_wait(p, 50 * US_MS, "%s is %s for %s.", s->self_host,
		  s->process.is_answering || s->process.is_alive
		      ? (s->job.is_running ? "stopping or starting" : "starting")
		      : "being restarted",
		  took(s, span, sizeof(span)));
}

/* No ledger is asked meanwhile (PROTOCOL 3). The first state that holds is the one. */
bool job_plan(struct planner *p)
{
	static const struct {
		bool (*holds)(const struct planner *p);
		void (*plan)(struct planner *p);
	} states[] = {
	    {job_is_back, back_plan},       {job_is_half, half_plan},   {job_is_down, down_plan},
	    {job_is_lost, lost_plan},       {job_settles, settle_plan}, {job_is_owed, owed_plan},
	    {job_is_overdue, overdue_plan}, {job_goes_on, away_plan},
	};
	size_t i = 0;
	if (!p->s->job.is_open)
		return false;
	while (!states[i].holds(p))
		i++;
	states[i].plan(p);
	return true;
}

bool turn_is_dead_alive(const struct planner *p, unsigned member, struct key_name *ret,
			bool *ret_known)
{
	const struct seen_member *m = &p->s->members[member];
	bool is_going_on = p->generation == GENERATION_OPEN || p->generation == GENERATION_CARRIED;
	if (!seen_is_dead(p->s, member) || !fact_known(m->hello))
		return false;
	*ret = is_going_on ? p->s->ledger.proposal.next : p->pivot;
	const struct key_proof *k = seen_find_proof(m, &ret->id);
	*ret_known = k && k->verdict != LOGIN_UNKNOWN;
	return !seen_accepts(m, &ret->id);
}

bool turn_is_heirless(const struct planner *p, const struct seen_member *primary)
{
	const struct seen *s = p->s;
	for (unsigned i = 0; i < s->members_n; i++)
		if (&s->members[i] != primary && s->members[i].is_electable)
			return false;
	return s->members_n > 1;
}

static void tell_rests(struct planner *p, struct wall until)
{
	const struct seen *s = p->s;
	struct event *e = plan_tell(p, EVENT_STEP_DOWN_REFUSED, s->self_host);
	char when[40], took[32];
	p->plan->needs_attention = true;
	wall_print_utc(until, when, sizeof(when));
	span_print(s->debts.step_down_took_us, took, sizeof(took));
	snprintf(e->headline, sizeof(e->headline),
		 "%s: the primary %s did not step down; its turn rests until %s.", s->cluster,
		 s->self_host, when);
	snprintf(e->what, sizeof(e->what),
		 "replSetStepDown was answered after %s: \"%.300s\". Writes stood still for up to "
		 "that long.",
		 took, s->debts.step_down_why);
	snprintf(e->now, sizeof(e->now),
		 "%s is primary and takes writes. It was not restarted; all share key %u, so this "
		 "is safe and may stay so.",
		 s->self_host, p->pivot.number);
	snprintf(e->we_did, sizeof(e->we_did),
		 "Asked once and no more, since every attempt stops writes. Asked again at %s.",
		 when);
	snprintf(e->you, sizeof(e->you),
		 "See why no secondary could take over: rs.status() (lag, health), rs.conf() "
		 "(priorities). Sooner than that: rotactl resume");
}

static bool claims(const struct planner *p)
{
	return !p->s->is_standalone;
}

/* Another rotad's claim that stands still: an acting one never runs out, so a person must hear of
 * it. */
static void tell_stuck(struct planner *p)
{
	const struct seen *s = p->s;
	const struct claim *c = &s->ledger.claim;
	const int holder = seen_find_member(s, c->host);
	const bool is_dead = holder >= 0 && seen_is_dead(s, (unsigned)holder);
	char since[40];
	if (s->ledger.is_claim_mine || c->state != CLAIM_ACTING || !s->ledger.claim_moved.us ||
	    (s->now.us - s->ledger.claim_moved.us < CLAIM_TOLD_AFTER_S * US_S && !is_dead))
		return;
	struct event *e = plan_tell(p, EVENT_CLAIM_STUCK, c->host);
	p->plan->needs_attention = true;
	wall_print_utc(s->ledger.claim_moved, since, sizeof(since));
	snprintf(e->headline, sizeof(e->headline),
		 "%s: %s has the turn since %s and does not give it back; nobody else takes one.",
		 s->cluster, c->host, since);
	snprintf(
	    e->what, sizeof(e->what),
	    "Its rotad was about to %s it. Either that is not over, or its rotad does not run.",
	    c->purpose == CLAIM_FOR_RESTART ? "restart" : "reload");
	snprintf(e->now, sizeof(e->now), "Waiting harms nobody. %s waits for its own turn.",
		 s->self_host);
	snprintf(e->we_did, sizeof(e->we_did),
		 "Nothing: only its holder or a person may give an acting claim back.");
	snprintf(e->you, sizeof(e->you),
		 "On %s: systemctl status rotad; rotactl explain. If nothing acts there any more: "
		 "rotactl turn release",
		 c->host);
}

bool plan_holds_claim(const struct planner *p, enum claim_purpose purpose)
{
	const struct seen_ledger *l = &p->s->ledger;
	return l->is_claim_mine && l->claim.state != CLAIM_FREE && l->claim.purpose == purpose;
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
	if (s->debts.restart_failed_at.us)
		turn_tell_owed(p, s->debts.restart_owed_since, s->debts.restart_tries,
			       s->debts.restart_owed_why);
	struct wall rests = seen_rests_until(s);
	if (rests.us)
		tell_rests(p, rests);
	if (!gate_check(p, GATE_FOR_TURN, &first)) {
		const struct gate_result *g = &p->plan->gates[first];
		tell_stuck(p);
		/* A new primary or lag is waited for with the turn in hand; anything else must not
		 * keep the others from theirs. */
		if (plan_holds_claim(p, CLAIM_FOR_RESTART) &&
		    (g->verdict == GATE_REFUSE || !g->opens_soon))
			plan_add(p, ACT_RELEASE_CLAIM, "%s: %s", g->name, g->text);
		p->plan->needs_attention |= g->verdict == GATE_REFUSE;
		plan_wait(p, plan_holds_claim(p, CLAIM_FOR_RESTART) ? US_S / 4 : plan_pace_us(p),
			  "%s needs a restart to %s, and waits: %s: %s.", s->self_host, text,
			  g->name, g->text);
		return;
	}
	if (l->is_claim_mine && strcmp(l->claim.host, s->self_host) != 0) {
		plan_add(p, ACT_RELEASE_CLAIM, "it was taken as '%s', which is %s now",
			 l->claim.host, s->self_host);
		plan_say(p, "%s is named otherwise since it took the turn: it takes it anew.",
			 s->self_host);
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
	if (self && self->is_primary && s->members_n > 1 && !turn_is_heirless(p, self)) {
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
