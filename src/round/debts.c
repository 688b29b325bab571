/* SPDX-License-Identifier: Apache-2.0 */
/* What was said or went wrong here earlier and still counts: the notes as the planner sees them, an
 * approval, and when each is over. Tells nobody. */
#include "round/round.h"

#include <stdio.h>
#include <string.h>

/* Somebody else restarted the member meanwhile: no restart is owed any more. */
static void follow_restart(struct seat *t)
{
	const struct seen_process *x = &t->seen->process;
	struct notes was = t->notes;
	struct err ignored = ERR_INIT;
	if (!t->notes.restart_owed_since.us || !x->is_answering || t->notes.job_is_open ||
	    strcmp(t->notes.job_process, x->process_id) == 0)
		return;
	notes_restarted(&t->notes);
	if (!notes_put(t, &ignored))
		t->notes = was; /* stays owed until it is on disk */
}

/* After a roll-back the cluster is held until a person says resume: until the hold that was seen to
 * be on after the roll-back is off at a later revision. By revisions alone: the clocks of two hosts
 * cannot be compared, and a resume that was said before is the answer to something else. */
static void follow_resume(struct seat *t)
{
	const struct hold *h = &t->seen->ledger.hold;
	struct notes was = t->notes;
	struct err ignored = ERR_INIT;
	/* While a restart is under way the ledger is not read: what is known of it is older. */
	if (!t->notes.rolled_back_at.us || t->notes.job_is_open ||
	    !fact_known(t->seen->ledger.fact))
		return;
	if (h->is_on && h->rev != t->notes.rolled_back_hold)
		t->notes.rolled_back_hold = h->rev;
	else if (!h->is_on && t->notes.rolled_back_hold && h->rev > t->notes.rolled_back_hold)
		notes_resumed(&t->notes);
	else
		return;
	if (!notes_put(t, &ignored))
		t->notes = was; /* stays owed until it is on disk */
}

/* A file that was put right before a start holds the cluster once, as any foreign write. */
static void follow_mended(struct seat *t)
{
	const struct notes was = t->notes;
	struct err ignored = ERR_INIT;
	if (!was.mended_at.us || !fact_known(t->seen->ledger.fact) || !t->seen->ledger.hold.is_on)
		return;
	t->notes.mended_at.us = 0;
	if (!notes_put(t, &ignored))
		t->notes = was;
}

void debts_observe(struct seat *t)
{
	struct seen *s = t->seen;
	const struct notes *n = &t->notes;
	follow_restart(t);
	follow_resume(t);
	s->debts = (struct seen_debts){
	    .step_down_refused_at = n->step_down_refused_at,
	    .step_down_took_us = n->step_down_took_us,
	    .rolled_back_at = n->rolled_back_at,
	    .rolled_back_away_us = n->rolled_back_away_us,
	    .turn_took_us = n->turn_took_us,
	    .restart_failed_at = n->restart_failed_at,
	    .restart_owed_since = n->restart_owed_since,
	    .restart_tries = n->restart_tries,
	    .mended_at = n->mended_at,
	    .restored_at =
		s->now.us - n->restored_at.us < US_DAY ? n->restored_at : (struct wall){.us = 0},
	};
	cut_z(s->debts.rolled_back_why, sizeof(s->debts.rolled_back_why), n->rolled_back_why);
	cut_z(s->debts.mended_why, sizeof(s->debts.mended_why), n->mended_why);
	cut_z(s->debts.step_down_why, sizeof(s->debts.step_down_why), n->step_down_why);
	cut_z(s->debts.restart_owed_why, sizeof(s->debts.restart_owed_why), n->restart_owed_why);
	follow_mended(t); /* this round tells it still: the hold may be somebody else's */
}

/* What was approved and not done in time needs another word: the day is another one. */
void approval_observe(struct seat *t)
{
	if (t->approved.id[0] &&
	    t->ports.host.ops->boot(t->ports.host.self).us >= t->approved.until.us) {
		struct journal_entry e = {.kind = JOURNAL_NOTE};
		struct err ignored = ERR_INIT; /* a full disk is told by the next act */
		cut_z(e.act, sizeof(e.act), "approve");
		snprintf(e.text, sizeof(e.text), "%s was not used in time: it counts no more",
			 t->approved.id);
		(void)!record_line(t, &e, &ignored);
		t->approved.id[0] = 0;
	}
	cut_z(t->seen->approved, sizeof(t->seen->approved), t->approved.id);
}
