/* SPDX-License-Identifier: Apache-2.0 */
/* The ordered list of gates. A gate answers pass, wait (it may open by itself), refuse (a person
 * must do something) or skip (it has no bearing here), and a few words. Add a gate: a function and
 * a row. */
#include "plan/gate.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "model/window.h"
#include "plan/order.h"
#include "plan/safe.h"

static enum gate_verdict say(struct gate_result *r, enum gate_verdict v, const char *format, ...)
    PRINTF(3, 4);
static enum gate_verdict say(struct gate_result *r, enum gate_verdict v, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	vsnprintf(r->text, sizeof(r->text), format, ap);
	va_end(ap);
	return r->verdict = v;
}

struct order_terms plan_terms(const struct planner *p)
{
	const struct order *o = seen_find_order(p->s, ORDER_KEYFILE);
	struct order_terms terms = {.urgency = URGENCY_ROUTINE};
	if (p->generation != GENERATION_NONE) {
		terms = p->s->ledger.terms;
	} else if (o) {
		terms.urgency = o->urgency;
		terms.breaks_freeze = o->breaks_freeze;
		terms.max_lag_us = o->max_lag_us;
		cut_z(terms.who, sizeof(terms.who), o->who);
	}
	if (terms.max_lag_us == 0)
		terms.max_lag_us = p->instance->max_lag_us;
	return terms;
}

static bool is_urgent(const struct planner *p)
{
	return plan_terms(p).urgency != URGENCY_ROUTINE;
}

static bool is_emergency(const struct planner *p)
{
	return plan_terms(p).urgency == URGENCY_EMERGENCY;
}

static enum mode mode_for(const struct planner *p, enum gate_for what)
{
	return what == GATE_FOR_CERTIFICATE
		   ? instance_mode(p->policy, p->instance, KIND_CERTIFICATES)
		   : p->mode;
}

static enum gate_verdict gate_mode(const struct planner *p, enum gate_for what,
				   struct gate_result *r)
{
	enum mode mode = mode_for(p, what);
	const struct order *order = what == GATE_FOR_CERTIFICATE
					? seen_certificate_order(p->s)
					: seen_find_order(p->s, ORDER_KEYFILE);
	if (mode == MODE_ACT)
		return say(r, GATE_PASS, "act");
	if (mode == MODE_ASK) {
		/* A person's order is the approval of what it asks for (DESIGN section 7); the
		 * schedule's is none: it never lifts a host above its own mode. */
		const enum approval approval =
		    what == GATE_FOR_CERTIFICATE ? APPROVAL_CERTIFICATE : APPROVAL_KEYFILE;
		if (seen_is_approved(p->s, approval) || (order && !order->serial) ||
		    (what != GATE_FOR_CERTIFICATE && p->generation != GENERATION_NONE))
			return say(r, GATE_PASS, "ask, and it was approved");
		if (!p->is_foretold)
			plan_wants_approval(p, approval);
		return p->is_foretold ? say(r, GATE_WAIT, "ask: it would wait for an approval")
				      : say(r, GATE_WAIT, "ask: rotactl approve");
	}
	if (p->policy->mode_why[0])
		return say(r, GATE_REFUSE, "%s: %.150s", mode_name(mode), p->policy->mode_why);
	return say(r, GATE_REFUSE, "%s: rotad only looks; rotactl mode ask", mode_name(mode));
}

static enum gate_verdict gate_hold(const struct planner *p, enum gate_for what,
				   struct gate_result *r)
{
	(void)what;
	const struct hold *h = &p->s->ledger.hold;
	if (!h->is_on)
		return say(r, GATE_PASS, "none");
	return say(r, GATE_REFUSE, "by %.60s: %.150s; rotactl resume", h->who, h->why);
}

static enum gate_verdict gate_window(const struct planner *p, enum gate_for what,
				     struct gate_result *r)
{
	struct window_view w = window_at(p->policy, p->s->now);
	char when[40];
	if (w.is_always)
		return say(r, GATE_PASS, "always");
	if (w.is_open)
		return say(r, GATE_PASS, "until %s", wall_print_utc(w.until, when, sizeof(when)));
	if (is_urgent(p) && what != GATE_FOR_CERTIFICATE)
		return say(r, GATE_PASS, "closed, and the order is urgent");
	/* Windows yield to expiry (invariant 10): a certificate that would end before the window
	 * opens is loaded now. */
	if (what == GATE_FOR_CERTIFICATE && p->s->certificate.file.is_known &&
	    (w.opens.us == 0 || p->s->certificate.file.chain_not_after.us < w.opens.us + US_DAY))
		return say(r, GATE_PASS, "closed, but the certificate ends before it opens");
	if (w.opens.us == 0)
		return say(r, GATE_REFUSE,
			   "never opens within a year: correct windows and freezes");
	return say(r, GATE_WAIT, "opens %s", wall_print_utc(w.opens, when, sizeof(when)));
}

/* Staged files wait for restarts that happen anyway (DESIGN section 4): only how long the turns
 * are put off, never whether they are safe. */
static enum gate_verdict gate_ride(const struct planner *p, enum gate_for what,
				   struct gate_result *r)
{
	struct ride ride;
	char text[RIDE_BYTES];
	(void)what;
	if (p->policy->keyfile.ride_along_us <= 0)
		return say(r, GATE_SKIP, "rideAlong: no");
	if (ride_keeps(p, &ride))
		return say(r, GATE_WAIT, "%s", ride_print(p, &ride, text, sizeof(text)));
	return say(r, GATE_PASS,
		   is_urgent(p) ? "not waited for: the order is urgent"
				: "not waited for any more");
}

static enum gate_verdict gate_freeze(const struct planner *p, enum gate_for what,
				     struct gate_result *r)
{
	struct freeze_view f = freeze_at(p->policy, p->s->now);
	const struct order_terms terms = plan_terms(p);
	char when[40];
	if (!f.is_frozen)
		return f.next_from.us ? say(r, GATE_PASS, "none; next %s",
					    wall_print_utc(f.next_from, when, sizeof(when)))
				      : say(r, GATE_PASS, "none");
	if (what == GATE_FOR_CERTIFICATE && f.rescue_expiring && p->s->certificate.file.is_known &&
	    p->s->certificate.file.chain_not_after.us < f.until.us + US_DAY)
		return say(r, GATE_PASS,
			   "frozen (%.40s), but the certificate ends before it is over", f.reason);
	if (what != GATE_FOR_CERTIFICATE && terms.breaks_freeze &&
	    terms.urgency == URGENCY_EMERGENCY)
		return say(r, GATE_PASS, "broken by %.60s", terms.who);
	return say(r, GATE_WAIT, "until %s: %.60s", wall_print_utc(f.until, when, sizeof(when)),
		   f.reason);
}

static enum gate_verdict gate_clock(const struct planner *p, enum gate_for what,
				    struct gate_result *r)
{
	(void)what;
	return p->s->is_clock_sane ? say(r, GATE_PASS, "agrees with the primary's")
				   : say(r, GATE_REFUSE, "%s", p->s->clock_why);
}

static bool others(const struct planner *p, unsigned i)
{
	return (int)i != p->s->self;
}

/* Would what is asked for hold if every member were well? Then who is away now is the cause, and
 * the gate opens by itself. */
static bool holds_when_healthy(const struct seen *s, unsigned member, bool writes)
{
	unsigned voters = 0, data = 0, votes_left, data_left;
	for (unsigned i = 0; i < s->members_n; i++) {
		voters += s->members[i].is_voter;
		data += s->members[i].is_voter && !s->members[i].is_arbiter;
	}
	votes_left = voters - s->members[member].is_voter;
	data_left = data - (s->members[member].is_voter && !s->members[member].is_arbiter);
	return writes ? data_left >= safe_write_majority(voters, data)
		      : votes_left >= voters / 2 + 1;
}

/* The first voter that is away, other than the member asked about. */
static const char *first_away(const struct seen *s, unsigned member)
{
	for (unsigned i = 0; i < s->members_n; i++)
		if (i != member && s->members[i].is_voter && !safe_is_up(&s->members[i]))
			return s->members[i].host;
	return "another member";
}

/* Applications go on through another mongos (DESIGN section 4). */
static enum gate_verdict routers_stay_up(const struct planner *p, struct gate_result *r,
					 bool writes)
{
	const struct seen *s = p->s;
	unsigned left = 0;
	if (writes)
		return say(r, GATE_SKIP, "a mongos");
	for (unsigned i = 0; i < s->members_n; i++)
		left += others(p, i) && safe_is_up(&s->members[i]);
	if (left)
		return say(r, GATE_PASS, "%u other mongos", left);
	if (p->instance->allow_downtime == DOWNTIME_ALL)
		return say(r, GATE_PASS, "no, and allowDowntime says so");
	if (s->members_n > 1)
		return say(r, GATE_WAIT, "no other mongos answers");
	return say(r, GATE_REFUSE, "the only mongos: it would be away; allowDowntime: all");
}

/* The structural half of invariant 3: could each member be down in turn? Asked before a rotation
 * begins. */
static enum gate_verdict stay_up(const struct planner *p, enum gate_for what, struct gate_result *r,
				 bool writes)
{
	const struct seen *s = p->s;
	enum allow_downtime allowed = p->instance->allow_downtime;
	const char *host, *away = "";
	if (seen_is_router(s))
		return routers_stay_up(p, r, writes);
	for (unsigned i = 0; i < s->members_n; i++) {
		bool keeps_votes, keeps_writes;
		unsigned votes, data;
		if ((what == GATE_FOR_TURN && others(p, i)) || (others(p, i) && seen_is_dead(s, i)))
			continue;
		(void)safe_without(s, i, &keeps_votes, &keeps_writes, &votes, &data);
		if (writes ? keeps_writes : keeps_votes) {
			if (what == GATE_FOR_TURN)
				return writes
					   ? say(r, GATE_PASS, "%u data-bearing voters left", data)
					   : say(r, GATE_PASS, "%u votes healthy without it",
						 votes);
			continue;
		}
		if (allowed == DOWNTIME_ALL || (writes && allowed == DOWNTIME_MAJORITY_WRITES))
			return say(r, GATE_PASS, "no, and allowDowntime says so");
		if (s->is_standalone || s->members_n == 1)
			return say(r, GATE_REFUSE,
				   "a single member: it would be away; allowDowntime: all");
		host = s->members[i].host;
		if (holds_when_healthy(s, i, writes)) {
			/* One that can never be away is named before those that cannot be now. */
			if (!away[0])
				away = first_away(s, i);
			continue;
		}
		return writes ? say(r, GATE_REFUSE,
				    "majority writes would stop while '%.60s' restarts; "
				    "allowDowntime: majorityWrites",
				    host)
			      : say(r, GATE_REFUSE,
				    "no primary while '%.60s' restarts: %u votes left; "
				    "allowDowntime: all",
				    host, votes);
	}
	if (away[0])
		return say(r, GATE_WAIT, "not while '%.60s' is away", away);
	return say(r, GATE_PASS, "yes, whoever is away");
}

static enum gate_verdict gate_votes(const struct planner *p, enum gate_for what,
				    struct gate_result *r)
{
	return stay_up(p, what, r, false);
}

static enum gate_verdict gate_writes(const struct planner *p, enum gate_for what,
				     struct gate_result *r)
{
	return stay_up(p, what, r, true);
}

static enum gate_verdict gate_others(const struct planner *p, enum gate_for what,
				     struct gate_result *r)
{
	const struct seen *s = p->s;
	bool has_primary = seen_is_router(s); /* it needs none */
	if (s->is_standalone)
		return say(r, GATE_SKIP, "a standalone");
	for (unsigned i = 0; i < s->members_n; i++) {
		const struct seen_member *m = &s->members[i];
		has_primary |= m->is_primary;
		if ((!others(p, i) && what == GATE_FOR_TURN) || seen_is_dead(s, i))
			continue;
		if (!fact_known(m->hello))
			return say(r, GATE_WAIT, "'%.60s' does not answer: %.120s", m->host,
				   m->why);
		if (m->is_quiescing)
			return say(r, GATE_WAIT, "'%.60s' is shutting down", m->host);
		if (!m->is_primary && !m->is_secondary && !m->is_arbiter && !m->is_router)
			return say(r, GATE_WAIT, "'%.60s' is %s", m->host,
				   member_state_name(m->state));
		if (m->is_initial_syncing)
			return say(r, GATE_WAIT, "'%.60s' is in initial sync", m->host);
	}
	/* What members say of each other comes last: a member that is away is the cause, that the
	 * others do not see it follows. */
	for (unsigned i = 0; i < s->members_n; i++) {
		const struct seen_member *m = &s->members[i];
		if ((!others(p, i) && what == GATE_FOR_TURN) || seen_is_dead(s, i))
			continue;
		if (seen_is_isolated(s) && (m->unseen & ~((uint64_t)1 << s->self)) == 0)
			continue; /* it misses this one, whose turn mends that */
		if (fact_known(m->status) && !m->sees_all)
			return say(r, GATE_WAIT, "'%.60s' does not see all: %.120s", m->host,
				   m->why);
	}
	if (!has_primary)
		return say(r, GATE_WAIT, "no primary");
	return say(r, GATE_PASS, "%u seen directly", s->members_n - 1);
}

/* PROTOCOL 1: a declared-dead member that is seen alive stops all further turns of its set until it
 * has the present keyring or is out of the configuration. Its own is the way there. */
static enum gate_verdict gate_dead(const struct planner *p, enum gate_for what,
				   struct gate_result *r)
{
	const struct seen *s = p->s;
	unsigned dead_n = 0;
	/* Of several that are back each has to catch up, one after the other. */
	if (what == GATE_FOR_TURN && s->self >= 0 && seen_is_dead(s, (unsigned)s->self) &&
	    turn_need(p, (unsigned)s->self) == NEED_YES)
		return say(r, GATE_PASS, "it is one of them, and has to catch up");
	for (unsigned i = 0; i < s->members_n; i++) {
		struct key_name key;
		bool is_known;
		if (!others(p, i) || !seen_is_dead(s, i))
			continue;
		dead_n++;
		if (!turn_is_dead_alive(p, i, &key, &is_known))
			continue;
		/* Once for each of its processes: a look that is refused stands in its log. */
		if (!is_known) {
			(void)plan_look(p, i, &key.id, &p->pivot.id, false);
			return say(r, GATE_WAIT, "'%.60s' answers; does it accept key %u?",
				   s->members[i].host, key.number);
		}
		return say(r, GATE_WAIT,
			   "'%.60s' answers and does not accept key %u: stop it, or take it out of "
			   "the set",
			   s->members[i].host, key.number);
	}
	return dead_n ? say(r, GATE_PASS, "%u, away or with the key", dead_n)
		      : say(r, GATE_SKIP, "none");
}

/* Lag of the member whose turn it is and of those that must take over; delayed members lag by
 * design. */
static enum gate_verdict gate_lag(const struct planner *p, enum gate_for what,
				  struct gate_result *r)
{
	const struct seen *s = p->s;
	int64_t limit = plan_terms(p).max_lag_us;
	char is[32], may[32];
	(void)what;
	if (s->is_standalone || seen_is_router(s))
		return say(r, GATE_SKIP, "it follows nobody");
	for (unsigned i = 0; i < s->members_n; i++) {
		const struct seen_member *m = &s->members[i];
		if (m->is_arbiter || m->delay_s > 0 || !m->is_voter)
			continue;
		/* Who is declared dead is not waited for; one that all refuse lags until its turn.
		 */
		if (others(p, i) ? seen_is_dead(s, i) : seen_is_isolated(s))
			continue;
		if (m->lag_us < 0)
			return say(r, GATE_WAIT, "of '%.60s' is not known", m->host);
		if (m->lag_us > limit)
			return say(r, GATE_WAIT, "%.60s: %s, limit %s", m->host,
				   span_print(m->lag_us, is, sizeof(is)),
				   span_print(limit, may, sizeof(may)));
	}
	return say(r, GATE_PASS, "all below %s", span_print(limit, may, sizeof(may)));
}

static enum gate_verdict gate_pending(const struct planner *p, enum gate_for what,
				      struct gate_result *r)
{
	(void)what;
	if (!p->s->process.pending[0])
		return say(r, GATE_PASS, "binary, mongod.conf, unit, PEM as running");
	if (p->instance->pending_changes == PENDING_ALLOW)
		return say(r, GATE_PASS, "allowed: %.200s", p->s->process.pending);
	return say(r, GATE_REFUSE, "%.220s", p->s->process.pending);
}

/* What mongod does with a keyfile or a certificate is known of the series that were tested
 * (invariant 8). */
static enum gate_verdict gate_version(const struct planner *p, enum gate_for what,
				      struct gate_result *r)
{
	const char *version = p->s->process.version;
	(void)what;
	if (!version[0])
		return say(r, GATE_WAIT, "not known yet");
	if (mongod_version_is_tested(version))
		return say(r, GATE_PASS, "%s", version);
	if (p->instance->accepts_untested)
		return say(r, GATE_PASS, "%s, not tested; acceptUntested says go on", version);
	return say(r, GATE_REFUSE, "%s was not tested (" MONGOD_TESTED "); acceptUntested: true",
		   version);
}

static enum gate_verdict gate_busy(const struct planner *p, enum gate_for what,
				   struct gate_result *r)
{
	const struct seen_process *x = &p->s->process;
	(void)what;
	if (x->has_index_build)
		return say(r, GATE_WAIT, "an index build runs");
	if (x->has_backup)
		return say(r, GATE_WAIT, "a backup cursor is open");
	if (p->s->certificate.is_reload_running)
		return say(r, GATE_WAIT, "the reload hook runs");
	if (x->is_fsync_locked)
		return say(r, GATE_WAIT, "fsyncLock is held");
	return say(r, GATE_PASS, "none");
}

static enum gate_verdict gate_file(const struct planner *p, enum gate_for what,
				   struct gate_result *r)
{
	const struct seen_keyfile *k = &p->s->keyfile;
	(void)what;
	if (!k->ring.is_known)
		return say(r, GATE_REFUSE, "not readable: %.200s", k->why);
	if (k->has_stranger)
		return say(r, GATE_REFUSE, "holds a key that the ledger does not know");
	if (p->policy->keyfile.writer == WRITER_EXTERNAL)
		return say(r, GATE_PASS, "written by somebody else (writer: external)");
	if (!k->is_writable)
		return say(r, GATE_REFUSE, "%.220s", k->why);
	return say(r, GATE_PASS, "can be replaced");
}

static enum gate_verdict gate_rehearsed(const struct planner *p, enum gate_for what,
					struct gate_result *r)
{
	const struct seen *s = p->s;
	(void)what;
	for (unsigned i = 0; i < seen_all_n(s); i++) {
		const struct seen_member *m = &s->members[i];
		if (seen_is_dead(s, i))
			continue;
		if (m->is_doubled)
			return say(
			    r, GATE_REFUSE,
			    "two processes speak with the identity of '%.60s': a cloned host",
			    m->host);
		if (!m->has_statement)
			return say(r, GATE_WAIT, "no rotad has spoken for %s'%.60s'%s%.40s",
				   m->is_router ? "mongos " : "", m->host,
				   s->ledger.not_admitted[0] ? ": " : "", s->ledger.not_admitted);
		if (m->statement.protocol != PROTOCOL_NUMBER)
			return say(r, GATE_REFUSE, "'%.60s' speaks protocol %u, this one %d",
				   m->host, m->statement.protocol, PROTOCOL_NUMBER);
		if (strcmp(m->statement.mode, "act") != 0 && strcmp(m->statement.mode, "ask") != 0)
			return say(r, GATE_REFUSE, "'%.60s' is in mode %s", m->host,
				   m->statement.mode);
		if (!m->statement.is_rehearsed)
			return say(r, GATE_WAIT, "'%.60s': %.180s", m->host, m->statement.findings);
		if (s->now.us - m->statement_moved.us > REHEARSAL_MAX_AGE_S * US_S)
			return say(r, GATE_WAIT, "'%.60s' has not rehearsed within the hour",
				   m->host);
		/* A host that has not carried out the end of the last rotation would never do so
		 * once another one stands in its place. */
		if (s->ledger.has_proposal && m->statement.retired < s->ledger.proposal.generation)
			return say(r, GATE_WAIT, "'%.60s' has not retired the last key yet",
				   m->host);
		if (strcmp(m->statement.process_id, m->process_id) != 0 && m->process_id[0])
			return say(r, GATE_WAIT,
				   "'%.60s' was restarted; its rotad has not looked yet", m->host);
	}
	return say(r, GATE_PASS, "all %u", seen_all_n(s));
}

static enum gate_verdict gate_other_users(const struct planner *p, enum gate_for what,
					  struct gate_result *r)
{
	const struct seen *s = p->s;
	const struct seen_member *m = NULL;
	const bool is_start = what == GATE_FOR_START;
	if (!plan_look_for_others(p, OTHERS_MAX_AGE_S, is_start ? OTHERS_OF_ALL : OTHERS_OF_SET))
		return say(r, p->is_foretold ? GATE_PASS : GATE_WAIT, "looked for when it matters");
	/* Of another set its own rotads wait; the old key goes when all are done. */
	for (unsigned i = 0; i < (is_start ? seen_all_n(s) : s->members_n) && !m; i++)
		if (s->members[i].others[0])
			m = &s->members[i];
	if (p->policy->keyfile.other_users == OTHER_USERS_IGNORE)
		return m ? say(r, GATE_PASS, "ignored: %.60s at '%.60s'", m->others, m->host)
			 : say(r, GATE_PASS, "none seen; ignored if there were any");
	/* Whoever may have the leaked key is not waited for: it is being taken from him. */
	if (is_emergency(p))
		return m ? say(r, GATE_PASS, "emergency: not waited for: %.50s at '%.50s'",
			       m->others, m->host)
			 : say(r, GATE_PASS, "not waited for in an emergency");
	if (m)
		return say(r, GATE_REFUSE, "%.40s at '%.50s'; keyfile.otherUsers: ignore",
			   m->others, m->host);
	return s->others.is_known ? say(r, GATE_PASS, "none")
				  : say(r, GATE_WAIT, "not known: %.120s", s->others.why);
}

/* All sets of a sharded cluster and its mongos share one key: changed in a part of it alone it
 * parts the cluster. */
static enum gate_verdict gate_sharding(const struct planner *p, enum gate_for what,
				       struct gate_result *r)
{
	const struct seen_sharding *x = &p->s->sharding;
	const char *why;
	unsigned routers_n = 0;
	(void)what;
	if (!fact_known(x->fact))
		return say(r, GATE_WAIT, "not known: %.180s", x->why);
	if (x->part == SHARDING_NONE)
		return say(r, GATE_PASS, "no");
	if (!seen_is_whole(p->s, &why))
		return say(r, GATE_WAIT, "not all of it is known: %.180s", why);
	for (unsigned i = 0; i < x->sets_n; i++)
		routers_n += x->sets[i].is_routers ? x->sets[i].members_n : 0;
	if (!routers_n)
		return say(r, GATE_PASS, "%u sets, %u members", x->sets_n, seen_all_n(p->s));
	return say(r, GATE_PASS, "%u sets, %u members and %u mongos", x->sets_n - 1,
		   seen_all_n(p->s) - routers_n, routers_n);
}

static enum gate_verdict gate_rested(const struct planner *p, enum gate_for what,
				     struct gate_result *r)
{
	const struct seen *s = p->s;
	char wait[32];
	(void)what;
	if (s->debts.rolled_back_at.us)
		return say(r, GATE_REFUSE, "it was rolled back; mend it, then rotactl resume");
	struct wall rests = seen_rests_until(s);
	if (rests.us)
		return say(r, GATE_WAIT, "it refused to step down; rests %s",
			   span_print(rests.us - s->now.us, wait, sizeof(wait)));
	int64_t rest = turn_rest_us(s->debts.restart_tries);
	int64_t left = s->debts.restart_failed_at.us + rest - s->now.us;
	if (s->debts.restart_failed_at.us && left > 0 && left <= rest)
		return say(r, GATE_WAIT, "again in %s; the restart failed: %.90s",
			   span_print(left, wait, sizeof(wait)), s->debts.restart_owed_why);
	return say(r, GATE_PASS, "nothing owed");
}

/* The successor is caught up by a direct reading just now (DESIGN section 4): a refused step-down
 * stops all writes. Before a start: is there anybody who ever could take over? */
static enum gate_verdict gate_successor(const struct planner *p, enum gate_for what,
					struct gate_result *r)
{
	const struct seen *s = p->s;
	const struct seen_member *self = seen_self(s), *primary = NULL, *nearest = NULL;
	char lag[32];
	for (unsigned i = 0; i < s->members_n; i++)
		if (s->members[i].is_primary)
			primary = &s->members[i];
	if (s->is_standalone || s->members_n == 1 || !primary)
		return say(r, GATE_SKIP, "no primary steps down");
	if (what == GATE_FOR_TURN && primary != self)
		return say(r, GATE_SKIP, "not the primary");
	if (turn_is_heirless(p, primary)) {
		if (p->instance->allow_downtime == DOWNTIME_ALL)
			return say(r, GATE_PASS, "no, and allowDowntime says so");
		return say(r, GATE_REFUSE,
			   "only '%.60s' may become primary (rs.conf: priority 0 elsewhere); "
			   "allowDowntime: all",
			   primary->host);
	}
	for (unsigned i = 0; i < s->members_n; i++) {
		const struct seen_member *m = &s->members[i];
		if (m == primary || !m->is_electable || !m->is_secondary || m->lag_us < 0)
			continue;
		if (!nearest || m->lag_us < nearest->lag_us)
			nearest = m;
	}
	if (what == GATE_FOR_START)
		return say(r, GATE_PASS, "another member may become primary");
	if (nearest && nearest->lag_us <= US_S)
		return say(r, GATE_PASS, "%.80s is within 1 s", nearest->host);
	if (nearest)
		return say(r, GATE_WAIT, "the nearest, '%.60s', lags %s; limit 1 s", nearest->host,
			   span_print(nearest->lag_us, lag, sizeof(lag)));
	return say(r, GATE_WAIT, "no member that may become primary is up");
}

/* Does another member, earlier in the order, still need its turn? */
static enum gate_verdict gate_order(const struct planner *p, enum gate_for what,
				    struct gate_result *r)
{
	const struct seen *s = p->s;
	const struct seen_member *self = seen_self(s);
	char note[160];
	bool has_primary = s->is_standalone || seen_is_router(s);
	(void)what;
	for (unsigned i = 0; i < s->members_n; i++)
		has_primary |= s->members[i].is_primary;
	/* The order depends on who is the primary: the gate of the others' health waits for one. */
	if (!has_primary)
		return say(r, GATE_PASS, "as far as can be told without a primary");
	/* All others wait with their last turn for one that does not accept the new pivot yet. */
	if (p->generation == GENERATION_CARRIED && s->process.loaded.is_known &&
	    !ring_ids_has(&s->process.loaded, &p->pivot.id))
		return say(r, GATE_PASS, "it has to catch up first");
	/* The same of one that was declared dead and is back: nobody else takes a turn (PROTOCOL
	 * 1). */
	if (self && p->generation == GENERATION_OPEN && seen_is_dead(s, (unsigned)s->self) &&
	    turn_need(p, (unsigned)s->self) == NEED_YES)
		return say(r, GATE_PASS,
			   "it was declared dead and is back: the others wait for it");
	for (unsigned i = 0; self && i < s->members_n; i++) {
		const struct seen_member *m = &s->members[i];
		/* Who joined after the proposal takes its turn when it can; nobody waits for it. */
		bool is_newcomer =
		    p->generation != GENERATION_NONE && seen_roll_index(s, m->host) < 0;
		const struct seen_ledger *l = &s->ledger;
		char since[32];
		if (!others(p, i) || is_newcomer || !order_before(m, self) ||
		    turn_need(p, i) == NEED_NO)
			continue;
		if (l->claim.state != CLAIM_ACTING || strcmp(l->claim.host, m->host) != 0)
			return say(r, GATE_WAIT, "'%.60s' goes first%s", m->host,
				   waits_print(p, i, note, sizeof(note)));
		return say(r, GATE_WAIT, "'%.80s' goes first and has the turn since %s", m->host,
			   span_print(MAX(s->now.us - l->claim_moved.us, (int64_t)0), since,
				      sizeof(since)));
	}
	/* The config servers' set is the canary of each pass: its primary that is away for a moment
	 * stops nobody's reads and writes. */
	for (unsigned i = s->members_n; i < seen_all_n(s); i++) {
		const struct seen_member *m = &s->members[i];
		bool is_newcomer =
		    p->generation != GENERATION_NONE && seen_roll_index(s, m->host) < 0;
		if (s->sharding.sets[m->set].is_config && !is_newcomer &&
		    turn_need(p, i) != NEED_NO)
			return say(r, GATE_WAIT, "'%.60s' of the config servers goes first%s",
				   m->host, waits_print(p, i, note, sizeof(note)));
	}
	return say(r, GATE_PASS, "its turn");
}

static enum gate_verdict gate_claim(const struct planner *p, enum gate_for what,
				    struct gate_result *r)
{
	const struct seen_ledger *l = &p->s->ledger;
	enum claim_purpose wanted =
	    what == GATE_FOR_CERTIFICATE ? CLAIM_FOR_CERTIFICATE : CLAIM_FOR_RESTART;
	if (p->s->is_standalone)
		return say(r, GATE_SKIP, "a standalone");
	/* One turn, one purpose: a member is not restarted onto a certificate that is not proven
	 * yet. */
	if (l->is_claim_mine && l->claim.purpose != wanted)
		return say(r, GATE_WAIT, "it is held for %s of this member",
			   wanted == CLAIM_FOR_RESTART ? "the certificate" : "the restart");
	if (l->is_claim_mine)
		return say(r, GATE_PASS, "mine");
	if (l->claim.state == CLAIM_FREE || l->is_claim_stale) {
		/* One a set, and of a sharded cluster so many sets at once (PROTOCOL 2). */
		if (l->slots_n < MAX(p->policy->keyfile.max_parallel, 1u))
			return say(r, GATE_PASS, "free");
		return say(r, GATE_WAIT, "'%.60s' of set %.40s has the turn%s; maxParallel is %u",
			   l->slots[0].host, l->slots[0].set,
			   l->slots[0].state == CLAIM_ACTING ? ", acting" : "",
			   MAX(p->policy->keyfile.max_parallel, 1u));
	}
	if (!l->claim.host[0])
		return say(r, GATE_WAIT,
			   "who has it is not to be believed (%.100s). When nobody is being "
			   "restarted: rotactl turn release",
			   l->not_admitted[0] ? l->not_admitted : "its writer was revoked");
	return say(r, GATE_WAIT, "'%.80s' has the turn%s", l->claim.host,
		   l->claim.state == CLAIM_ACTING ? ", acting" : "");
}

enum { GATE_FOR_ANY_WRITE = GATE_FOR_WRITE | GATE_FOR_NARROW };

static const struct {
	const char *name;
	unsigned stands_before; /* enum gate_for, or-ed */
	enum gate_verdict (*ask)(const struct planner *p, enum gate_for what,
				 struct gate_result *r);
	bool opens_soon; /* by itself and within moments: a turn in hand is kept meanwhile. One that
			    waits for a window, a person or another member's turn is given back, or
			    nobody else could take his */
} gate_table[] = {
    {"mode", GATE_FOR_START | GATE_FOR_ANY_WRITE | GATE_FOR_TURN | GATE_FOR_CERTIFICATE, gate_mode,
     false},
    {"hold", GATE_FOR_START | GATE_FOR_ANY_WRITE | GATE_FOR_TURN | GATE_FOR_CERTIFICATE, gate_hold,
     false},
    {RIDE_GATE, GATE_FOR_TURN, gate_ride, false},
    {"window", GATE_FOR_START | GATE_FOR_TURN | GATE_FOR_CERTIFICATE, gate_window, false},
    {"freeze", GATE_FOR_START | GATE_FOR_TURN | GATE_FOR_CERTIFICATE, gate_freeze, false},
    {"clock", GATE_FOR_START, gate_clock, false},
    {"part of a sharded cluster", GATE_FOR_START | GATE_FOR_NARROW, gate_sharding, false},
    {"keyfile", GATE_FOR_START | GATE_FOR_ANY_WRITE, gate_file, false},
    {"lag", GATE_FOR_TURN, gate_lag, true},
    {"its turn", GATE_FOR_TURN, gate_order, false},
    {"the turn is free", GATE_FOR_TURN | GATE_FOR_CERTIFICATE, gate_claim, false},
    {"all others healthy", GATE_FOR_START | GATE_FOR_TURN | GATE_FOR_CERTIFICATE, gate_others,
     true},
    {"who is declared dead stays away", GATE_FOR_NARROW | GATE_FOR_TURN, gate_dead, false},
    {"a primary stays without it", GATE_FOR_START | GATE_FOR_TURN, gate_votes, true},
    {"majority writes go on", GATE_FOR_START | GATE_FOR_TURN, gate_writes, true},
    {"a successor is ready", GATE_FOR_START | GATE_FOR_TURN, gate_successor, true},
    {"only the key would change", GATE_FOR_START | GATE_FOR_TURN, gate_pending, false},
    {"a tested server version", GATE_FOR_START | GATE_FOR_TURN | GATE_FOR_CERTIFICATE, gate_version,
     false},
    {"no backup, no index build", GATE_FOR_TURN, gate_busy, false},
    {"all rehearsed", GATE_FOR_START, gate_rehearsed, false},
    {"other users of the key", GATE_FOR_START | GATE_FOR_NARROW, gate_other_users, false},
    {"nothing owed", GATE_FOR_ANY_WRITE | GATE_FOR_TURN, gate_rested, false},
};
STATIC_ASSERT(ARRAY_N(gate_table) <= GATES_MAX, "GATES_MAX");

bool gate_check(struct planner *p, enum gate_for what, unsigned *ret_first)
{
	struct plan *plan = p->plan;
	bool all = true;
	plan->gates_n = 0;
	*ret_first = 0;
	for (size_t i = 0; i < ARRAY_N(gate_table); i++) {
		struct gate_result *r = &plan->gates[plan->gates_n];
		if (!(gate_table[i].stands_before & (unsigned)what))
			continue;
		*r = (struct gate_result){.name = gate_table[i].name,
					  .opens_soon = gate_table[i].opens_soon};
		enum gate_verdict v = gate_table[i].ask(p, what, r);
		if (v == GATE_SKIP)
			continue;
		/* What needs a person is named before what opens by itself. */
		if (v != GATE_PASS &&
		    (all || (v == GATE_REFUSE && plan->gates[*ret_first].verdict != GATE_REFUSE)))
			*ret_first = plan->gates_n;
		all &= v == GATE_PASS;
		plan->gates_n++;
	}
	return all;
}
