/* SPDX-License-Identifier: Apache-2.0 */
/* The one entry of the planner and what its files share. PURE: reads struct seen and the policy,
 * fills struct plan; no clock, file, socket, log, heap or randomness (tests/lint/purity proves it
 * by the symbols). */
#ifndef PLAN_PLANNER_H
#define PLAN_PLANNER_H

#include "model/event_table.h"
#include "model/plan.h"
#include "model/policy.h"
#include "model/seen.h"

/* Decide what to do next for one instance. seed spreads waits between hosts; the same input gives
 * the same plan. */
void plan_step(const struct seen *s, const struct policy *policy,
	       const struct instance_policy *instance, uint64_t seed, struct plan *ret);

/* Would a person have to do something before a keyfile rotation that is asked for now could begin?
 * The first gate that says so is in *ret. scratch is the caller's, for its size. */
bool plan_refuses_start(const struct seen *s, const struct policy *policy,
			const struct instance_policy *instance, struct plan *scratch,
			struct gate_result *ret);

/* All gates before a start, into scratch->gates, as if a rotation were asked for now and the mode
 * were act: for `rotactl doctor`. Nothing is looked at for it. */
void plan_foretell_start(const struct seen *s, const struct policy *policy,
			 const struct instance_policy *instance, struct plan *scratch);

/* What the planner's files work on. */
struct planner {
	const struct seen *s;
	const struct policy *policy;
	const struct instance_policy *instance;
	enum mode mode; /* of the keyfile kind for this instance */
	struct plan *plan;
	uint64_t seed;
	enum generation_state generation;
	struct key_name pivot; /* p or q, as the votes say */
	bool is_foretold;      /* judged for people to read: nothing is looked at for it */
};

/* Mode ask: nothing of that goes on before a person approves it. The first of a plan is told. */
void plan_wants_approval(const struct planner *p, enum approval what);
/* Append an act; its reason as printf. Returns it for further fields. */
struct act *plan_add(struct planner *p, enum act_kind kind, const char *format, ...) PRINTF(3, 4);
/* How soon to look again for what the others do: in a sharded cluster each look asks many. */
int64_t plan_pace_us(const struct planner *p);
/* Set the plan's one-sentence reason (the last one wins). */
void plan_say(struct planner *p, const char *format, ...) PRINTF(2, 3);
/* Something is under way and held back: reason, and look again after wait_us. */
void plan_wait(struct planner *p, int64_t wait_us, const char *format, ...) PRINTF(3, 4);
/* Append an event, as grave as its row says. what, now, we_did, you are filled by the caller, who
 * may make it graver. There is room for the first EVENTS_PER_ROUND_MAX: what matters most is told
 * first. */
struct event *plan_tell(struct planner *p, enum event_kind kind, const char *subject);
/* Ask for a login proof unless it is there. True when it was there already. */
bool plan_look(const struct planner *p, unsigned member, const struct key_id *key,
	       const struct key_id *control, bool expects_refusal);

/* Was it looked at within max_age_s who else uses the key (PROTOCOL 4)? Else the look is asked for:
 * of this host's own member before it votes, of its set before its file is narrowed (the others'
 * rotads do so for theirs), of all before anything begins. */
bool plan_look_for_others(const struct planner *p, int64_t max_age_s, enum others_scope scope);

/* plan/gate.c: what persons ask of the rotation under way or about to begin; the policy's lag where
 * they named none. */
struct order_terms plan_terms(const struct planner *p);

/* The deciders, in the order plan_step() asks them; each returns true when it decided what happens
 * next. */
bool job_plan(struct planner *p);     /* plan/turn.c: a restart that is under way */
bool ledger_plan(struct planner *p);  /* plan/found.c: ledger, identity, salt, statement */
bool foreign_plan(struct planner *p); /* plan/foreign.c: a keyfile that rotad did not write */
/* Does the keyfile here lack what it must hold, by another's hand? Until it is right nothing goes
 * on, whoever says resume. And what brings it back. */
bool foreign_stands(const struct seen *s, enum mode mode);
void foreign_advice(const struct seen *s, char *out, size_t out_n);
/* Before mongod is started: is its keyfile right, by what this host alone remembers (PROTOCOL 3)?
 * written: the keyring that this rotad wrote or adopted last. BEFORE_START_WRITE: *ret puts that
 * one back. why says it in a few words. */
enum before_start {
	BEFORE_START_RIGHT, /* nothing to do */
	BEFORE_START_WRITE,
	BEFORE_START_DOUBT /* stay out of the way */
};
enum before_start foreign_before_start(const struct seen *s, const struct policy *policy,
				       const struct instance_policy *instance,
				       const struct ring_ids *written, struct act *ret, char *why,
				       size_t why_n);
bool rotate_plan(struct planner *p); /* plan/rotate.c: the keyfile */
bool renew_plan(struct planner *p);  /* plan/renew.c: certificates */
bool tidy_plan(struct planner *p);   /* plan/tidy.c: what the ledger need not keep */

/* plan/turn.c: take the turn for this member: claim, drain, step-down, restart. text says what the
 * restart loads. */
void turn_plan(struct planner *p, const struct key_name *ring, unsigned ring_n, const char *text);

/* How long a restart that failed so many times rests before the next try. */
int64_t turn_rest_us(int64_t tries);
/* A restart that is owed: the event, with its age. */
void turn_tell_owed(struct planner *p, struct wall since, int64_t tries, const char *why);
/* plan/renew.c: does this member's rotad serve certificate orders? For its statement. */
bool renew_takes_orders(const struct policy *policy, const struct instance_policy *instance);
/* plan/found.c: may this rotad write to the ledger, for one kind at least? */
bool plan_writes_ledger(const struct planner *p);
/* plan/turn.c: is the turn this member's, and for that? */
bool plan_holds_claim(const struct planner *p, enum claim_purpose purpose);
/* plan/turn.c: may nobody but this primary ever be one? */
bool turn_is_heirless(const struct planner *p, const struct seen_member *primary);
/* A member that is declared dead and answers: the key that it must accept before another turn is
 * taken. False when it does, or is down; *ret_known: that was looked at; else the caller asks. */
bool turn_is_dead_alive(const struct planner *p, unsigned member, struct key_name *ret,
			bool *ret_known);
/* plan/turn.c: this member was rolled back and a person is needed. */
void rolled_back_tell(struct planner *p);

/* plan/waits.c: whom a rotation waits for: words for a sentence about member i, " (...)" or "", and
 * the events for what holds it up. */
const char *waits_print(const struct planner *p, unsigned i, char *out, size_t out_n);
/* Of several members that are waited for, the one to name: the first of which something is known
 * that holds it up, else the first. best is "" before the first. */
void waits_name(const struct planner *p, const char *host, char *best, size_t best_n);
enum { WAITS_BYTES = HOST_BYTES_MAX + 160 }; /* best */
/* Is there a way back, and by which word: a sentence to add to an advice, with a space before it,
 * or
 * "". After all votes there is none (PROTOCOL 1). */
const char *waits_way_back(const struct planner *p, char *out, size_t out_n);
enum { WAY_BACK_BYTES = 120 };
void waits_tell(struct planner *p);
void waits_tell_refused(struct planner *p, const struct gate_result *g);

/* plan/ride.c: keyfile.rideAlong. Restarts of this pass wait for those that happen anyway. */
struct ride {
	struct wall until;     /* then the rest is restarted in turn */
	bool is_untimed;       /* this host's clock is wrong: no deadline is over */
	unsigned done_n, of_n; /* members of the roll that have loaded this pass's keys */
};
/* Is it waited for, somewhere in the set? Never in an emergency, nor on the way back after a nay.
 */
bool ride_is_on(const struct planner *p, struct ride *ret);
/* Does this host's own turn wait for it? */
bool ride_keeps(const struct planner *p, struct ride *ret);
/* "until ...; 1 of 3 done", and what ends the wait. */
const char *ride_print(const struct planner *p, const struct ride *ride, char *out, size_t out_n);
enum { RIDE_BYTES = 200 };

/* plan/explain.c: progress, foretold figures, whether any member may be restarted now. */
void explain_plan(struct planner *p);

/* How the wished keyring reads, "7+8"; out at least 32 bytes. */
const char *ring_print(const struct key_name *ring, unsigned n, char *out, size_t out_n);
/* The wished keyring of this member's file as the votes stand; returns its length (0: nothing is
 * wished). */
unsigned ring_wished(const struct planner *p, struct key_name ret[KEYS_PER_FILE_MAX]);
bool ring_is(const struct ring_ids *have, const struct key_name *want, unsigned want_n);
/* Does the member, by its rotad's statement about the process that hello shows, still need a
 * restart in this generation? */
enum need { NEED_NO, NEED_YES, NEED_UNKNOWN };
enum need turn_need(const struct planner *p, unsigned member);

#endif
