/* SPDX-License-Identifier: Apache-2.0 */
/* The conductor (DESIGN section 2). A crash is a round that ended early: the next one looks again.
 */
#include "round/round.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/event_table.h"
#include "plan/planner.h"
#include "plan/post.h"
#include "plan/safe.h"
#include "round/ledger_read.h"

enum { GENERATIONS_APART = 1000003 }; /* a prime: counts of two generations differ */
enum { PLANS_PER_ROUND_MAX = 3 }; /* plan, look, plan again; then look again in the next round */

/* Since when has the rotation not moved? By this host's clock; forgotten with the process. */
static void note_progress(struct seat *t)
{
	const struct plan *plan = &t->plan;
	uint64_t progress = 1 + t->seen->ledger.proposal.generation * GENERATIONS_APART;
	if (!plan->is_rotating) {
		t->progress_at.us = 0;
		return;
	}
	for (unsigned i = 0; i < plan->steps_n; i++)
		progress = progress * (MEMBERS_MAX + 1) + plan->steps[i].done_n;
	if (progress != t->progress || t->progress_at.us == 0)
		t->progress_at = t->seen->now;
	t->progress = progress;
}

static void plan_now(struct seat *t)
{
	plan_step(t->seen, &t->config->policy, t->instance, 0, &t->plan);
	note_progress(t);
}

/* What failed is told in words and tried again after a while that its kind names. */
static int64_t after_failure(const struct err *err)
{
	static const int64_t wait_us[RETRY_N] = {
	    [RETRY_NOW] = 50 * US_MS,    [RETRY_LATER] = US_S,      [RETRY_AFTER_CHANGE] = 5 * US_S,
	    [RETRY_OPERATOR] = 5 * US_S, [RETRY_NEVER] = 30 * US_S,
	};
	return wait_us[err_kind_retry(err->kind)];
}

/* The narrow look after an act, and the pure judgement of what was seen. */
static bool verify(struct seat *t, const struct act *a, struct err *err)
{
	if (a->kind == ACT_PUT_KEYFILE || a->kind == ACT_RESTORE_KEYFILE ||
	    a->kind == ACT_ROLL_BACK)
		observe_keyfile(t);
	return post_holds(t->seen, a, err);
}

bool round_act(struct seat *t, const struct act *a, struct err *err)
{
	/* The invariants, asked by code that did not make the plan. */
	if (!safe_holds(t->seen, a, err)) {
		record_failed(t, a, err);
		return false;
	}
	record_intent(t, a);
	if (t->ports.boundary)
		t->ports.boundary(t->ports.boundary_self, act_table[a->kind].word, true);
	bool ok = enact(t, a, err);
	if (t->ports.boundary)
		t->ports.boundary(t->ports.boundary_self, act_table[a->kind].word, false);
	if (!ok || !verify(t, a, err)) {
		record_failed(t, a, err);
		return false;
	}
	record_proof(t, a);
	return true;
}

#define LEDGER_POLL_US (1 * US_S) /* how soon an idle rotad hears of another one's order */

/* Waiting is by the clock that nobody sets: a wall clock that is put back must not put off the next
 * look. */
static int64_t sleep_for(struct seat *t, int64_t us)
{
	us = MAX(us, (int64_t)0);
	t->full_at = mono_add(t->ports.host.ops->boot(t->ports.host.self), us);
	return MIN(us, LEDGER_POLL_US);
}

int64_t round_run(struct seat *t, bool dry_run, bool is_poked)
{
	struct err err = ERR_INIT;
	unsigned done = 0;
	int64_t left = t->full_at.us - t->ports.host.ops->boot(t->ports.host.self).us;
	if (!dry_run)
		changed_run(t);
	if (!is_poked && t->rounds > 0 && left > 0 && !t->notes.job_is_open && !ledger_moved(t))
		return sleep_for(t, left);
	t->rounds++;
	observe(t);
	if (t->looks_again) {
		t->looks_again = false;
		observe(t);
	}
	plan_now(t);
	for (int i = 0;
	     i < PLANS_PER_ROUND_MAX &&
	     (t->plan.looks_n > 0 || t->plan.wants_peer_check || t->plan.wants_others) && !dry_run;
	     i++) {
		bool any = t->plan.wants_peer_check || t->plan.wants_others;
		if (t->plan.wants_others)
			observe_others(t, t->plan.wants_others);
		if (t->plan.wants_peer_check) {
			observe_peers(t);
			t->seen->certificate.is_seen_by_peers =
			    t->is_peer_check_done && !t->peers_why[0];
			cut_z(t->seen->certificate.peers_why,
			      sizeof(t->seen->certificate.peers_why), t->peers_why);
		}
		any |= t->plan.looks_n > 0 && observe_looks(t, &t->plan);
		if (!any)
			break;
		plan_now(t);
	}
	record_events(t, &t->plan);
	for (unsigned i = 0; i < t->plan.events_n; i++)
		if (strcmp(t->plan.events[i].name, event_table[EVENT_IDENTITY_REVOKED].name) == 0)
			t->revoked[0] = 0;
	for (unsigned i = 0; !dry_run && i < t->plan.acts_n; i++) {
		if (!round_act(t, &t->plan.acts[i], &err)) {
			char why[REASON_BYTES];
			snprintf(t->plan.reason, sizeof(t->plan.reason), "%s failed: %.400s",
				 act_table[t->plan.acts[i].kind].word,
				 err_print(&err, why, sizeof(why)));
			t->plan.is_waiting = true;
			return sleep_for(t, after_failure(&err));
		}
		done++;
	}
	/* Something changed: look again at once. */
	return sleep_for(t, done > 0 ? 0 : t->plan.wake_at.us - t->seen->now.us);
}
