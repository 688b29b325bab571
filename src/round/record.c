/* SPDX-License-Identifier: Apache-2.0 */
/* What happened, written down: the seat's journal (intents, proofs, failures: the history of this
 * host) and the events that people hear of. The only place of the round that tells. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/rng.h"
#include "codec/journal_line.h"
#include "model/event_table.h"
#include "round/round.h"

bool record_line(struct seat *t, struct journal_entry *e, struct err *err)
{
	auto_buf struct buf line = {.max = 64 * 1024};
	char path[PATH_BYTES_MAX];
	e->seq = ++t->journal_seq;
	e->at = seat_now(t);
	cut_z(e->instance, sizeof(e->instance), t->instance->name);
	cut_z(e->subject, sizeof(e->subject), t->seen->self_host);
	return journal_line_print(e, &line, err) &&
	       t->ports.files.ops->append(t->ports.files.self, seat_path(t, "journal", path),
					  buf_str(&line), err);
}

/* The intent that the next proof or failure answers is the last one: acts are done one after the
 * other. */
static void append(struct seat *t, enum journal_kind kind, const struct act *a, const char *text)
{
	struct journal_entry e = {.kind = kind, .generation = a->generation};
	struct err err = ERR_INIT;
	cut_z(e.act, sizeof(e.act), act_table[a->kind].word);
	cut_z(e.text, sizeof(e.text), text);
	if (record_line(t, &e, &err))
		return;
	struct event v =
	    event_of(err.kind == ERR_DISK_FULL ? EVENT_DISK_FULL : EVENT_STATE_UNWRITABLE,
		     t->seen->cluster, t->seen->self_host);
	v.at = e.at;
	snprintf(v.headline, sizeof(v.headline), "%s: rotad cannot write its journal.",
		 t->seen->self_host);
	snprintf(v.what, sizeof(v.what), "%s", err.text);
	snprintf(v.now, sizeof(v.now), "Nothing in use was touched.");
	snprintf(v.we_did, sizeof(v.we_did),
		 "Acts that need a durable record fail and are tried again.");
	snprintf(v.you, sizeof(v.you), "Free space and check permissions of %s.", t->directory);
	t->ports.tell(t->ports.teller, &v, true);
}

void record_intent(struct seat *t, const struct act *a)
{
	append(t, JOURNAL_INTENT, a, a->reason);
}

/* The row "now" of an event. */
void restart_text(const struct seat *t, const char *otherwise, char *out, size_t out_n)
{
	if (t->plan.restart_why[0])
		snprintf(out, out_n, "Any member may be restarted now, by anyone: %s.",
			 t->plan.restart_why);
	else
		snprintf(out, out_n, "%s", otherwise);
}

/* Acts whose end is worth an event of its own. */
static void tell_done(struct seat *t, const struct act *a)
{
	const struct seen *s = t->seen;
	const bool is_undone = seen_generation(s) == GENERATION_DEAD;
	const struct {
		enum act_kind kind;
		bool holds; /* of two ends of one act */
		enum event_kind event;
		const char *text;
	} rows[] = {
	    {ACT_PROPOSE, true, EVENT_ROTATION_STARTED, "a keyfile rotation began"},
	    {ACT_PUT_KEYFILE, true, EVENT_KEYRING_WRITTEN, "the keyfile was written"},
	    {ACT_RESTORE_KEYFILE, true, EVENT_FILE_RESTORED, "the keyfile was put back"},
	    {ACT_RESTART, true, EVENT_TURN_STARTED, "the member is being restarted"},
	    {ACT_END_JOB, !s->job.is_rollback, EVENT_TURN_DONE, "the turn is over"},
	    {ACT_END_JOB, s->job.is_rollback, EVENT_TURN_ROLLED_BACK,
	     "the member is back with the keyfile before"},
	    {ACT_VOTE, true, EVENT_VOTED, "the member has voted"},
	    {ACT_HOLD, true, EVENT_ROTATION_HELD, "all rotations are held"},
	    {ACT_CLOSE, !is_undone, EVENT_ROTATION_DONE, "the rotation is complete"},
	    {ACT_CLOSE, is_undone, EVENT_ROTATION_ABORTED, "the rotation was taken back"},
	    {ACT_RETIRE, true, EVENT_KEY_RETIRED, "a key is never written here again"},
	    {ACT_PUBLISH_IDENTITY, true, EVENT_IDENTITY_NEW, "this rotad made itself known"},
	    {ACT_CONFIRM_CERTIFICATE, true, EVENT_CERTIFICATE_RENEWED,
	     "a new certificate is served and accepted by every peer"},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		if (rows[i].kind != a->kind || !rows[i].holds)
			continue;
		struct event e = event_of(rows[i].event, s->cluster, s->self_host);
		e.at = s->now;
		snprintf(e.headline, sizeof(e.headline), "%s/%s: %s: %.300s.", s->cluster,
			 s->self_host, rows[i].text, a->reason);
		snprintf(e.what, sizeof(e.what), "%s", a->reason);
		restart_text(t, "As planned.", e.now, sizeof(e.now));
		snprintf(e.we_did, sizeof(e.we_did), "%s", act_table[a->kind].text);
		snprintf(e.you, sizeof(e.you), "%s",
			 a->kind == ACT_HOLD ? "rotactl explain; once it is mended, rotactl resume"
					     : "Nothing to do.");
		t->ports.tell(t->ports.teller, &e, true);
	}
}

void record_proof(struct seat *t, const struct act *a)
{
	append(t, JOURNAL_PROOF, a, a->reason);
	tell_done(t, a);
}

void record_failed(struct seat *t, const struct act *a, const struct err *err)
{
	char text[ERR_TEXT_BYTES];
	err_print(err, text, sizeof(text));
	append(t, JOURNAL_FAILED, a, text);
	/* Losing a race, and a step-down that is refused once, are part of the game; the plan tells
	 * of what lasts. */
	if (err->kind == ERR_CONFLICT)
		return;
	struct event e = event_of(err->kind == ERR_BUG         ? EVENT_INTERNAL_ERROR
				  : err->kind == ERR_DISK_FULL ? EVENT_DISK_FULL
				  : a->kind == ACT_STEP_DOWN   ? EVENT_STEP_DOWN_REFUSED
							       : EVENT_ACT_FAILED,
				  t->seen->cluster, t->seen->self_host);
	e.at = t->seen->now;
	snprintf(e.headline, sizeof(e.headline), "%s/%s: \"%s\" failed.", t->seen->cluster,
		 t->seen->self_host, act_table[a->kind].text);
	snprintf(e.what, sizeof(e.what), "%s", text);
	restart_text(t, "Files in use are whole; nothing else was touched.", e.now, sizeof(e.now));
	snprintf(e.we_did, sizeof(e.we_did), "Stopped there; looked at again soon.");
	snprintf(e.you, sizeof(e.you), "%s.",
		 err_kind_advice(err->kind)[0] ? err_kind_advice(err->kind) : "rotactl explain");
	t->ports.tell(t->ports.teller, &e, true);
}

enum { WAITING_TOLD_S = 30 * 60 };

/* Of all that a rotation moves: votes, whose turn it is, files and processes. Statements that only
 * say the same again do not count. */
static uint64_t movement(const struct seen *s)
{
	uint64_t h = s->ledger.proposal.generation ^ (uint64_t)s->ledger.roll.rev << 32;
	h = hash64(str_of(s->ledger.claim.host), h ^ (uint64_t)s->ledger.claim.state << 24);
	for (unsigned i = 0; i < s->members_n; i++) {
		const struct seen_member *m = &s->members[i];
		const struct ring_ids *disk = m->is_self ? &s->keyfile.ring : &m->statement.disk;
		h = hash64(str_of(m->process_id), h ^ m->statement.running.n);
		for (unsigned k = 0; k < disk->n; k++)
			h = hash64(str_of(disk->ids[k].hex), h);
	}
	return h;
}

/* Silence is an alarm (invariant 7): what is under way and has not moved for long is told. The
 * words stay the same while it lasts, so that it is one event; figures stand in `rotactl explain`.
 */
static void tell_waiting(struct seat *t)
{
	const struct seen *s = t->seen;
	const struct plan *plan = &t->plan;
	const char *gate = "";
	const uint64_t signature = movement(s);
	const struct mono now = t->ports.host.ops->boot(t->ports.host.self);
	struct event e;
	if (signature != t->moved_signature) {
		t->moved_signature = signature;
		t->moved_at = now;
	}
	if (seen_generation(s) == GENERATION_NONE || !plan->is_waiting ||
	    now.us - t->moved_at.us < WAITING_TOLD_S * US_S)
		return;
	for (unsigned i = 0; i < plan->gates_n && !gate[0]; i++)
		if (plan->gates[i].verdict != GATE_PASS)
			gate = plan->gates[i].name;
	e = event_of(EVENT_ROTATION_WAITING, s->cluster, s->self_host);
	e.at = s->now;
	snprintf(e.headline, sizeof(e.headline),
		 "%s/%s: the rotation to key %u has not moved for more than %d minutes.",
		 s->cluster, s->self_host, s->ledger.proposal.next.number, WAITING_TOLD_S / 60);
	snprintf(e.what, sizeof(e.what), "%s%s.",
		 gate[0] ? "It waits at the gate: " : "It waits for others",
		 gate[0] ? gate : "' rotads or members");
	restart_text(t, "Where it waits is safe.", e.now, sizeof(e.now));
	snprintf(e.we_did, sizeof(e.we_did), "We wait; it goes on by itself once it may.");
	snprintf(e.you, sizeof(e.you), "rotactl explain says for what and for whom.");
	t->ports.tell(t->ports.teller, &e, true);
}

void record_events(struct seat *t, const struct plan *plan)
{
	tell_waiting(t);
	for (unsigned i = 0; i < plan->events_n; i++)
		t->ports.tell(t->ports.teller, &plan->events[i],
			      strcmp(plan->events[i].subject, t->seen->self_host) == 0);
}
