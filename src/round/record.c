/* SPDX-License-Identifier: Apache-2.0 */
/* What happened, written down: the seat's journal (intents, proofs, failures: the history of this
 * host) and the events that people hear of. What a person's word, a login and
 * the schedule tell is told where it happens: command.c, seat_login.c, central.c. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "codec/journal_line.h"
#include "model/event_table.h"
#include "plan/alarm.h"
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

/* A trouble told earlier is over: who was alerted hears of it, and the next one of its kind is news
 * again. Nobody hears of the end of what was never told. */
static void tell_over_of(struct seat *t, enum event_kind kind, const char *subject,
			 const char *text)
{
	struct event e = event_of(kind, t->seen->cluster, subject);
	e.at = t->seen->now;
	e.is_resolved = true;
	snprintf(e.headline, sizeof(e.headline), "%s: %s", t->seen->self_host, text);
	cut_z(e.what, sizeof(e.what), text);
	cut_z(e.now, sizeof(e.now), "As planned.");
	cut_z(e.we_did, sizeof(e.we_did), "See rotactl history.");
	cut_z(e.you, sizeof(e.you), "Nothing to do.");
	t->ports.tell(t->ports.teller, &e, true);
}

static void tell_over(struct seat *t, enum event_kind kind, const char *text)
{
	tell_over_of(t, kind, t->seen->self_host, text);
}

/* What the first round of a process finds well may have been told by the one before. */
static void record_alarms(struct seat *t, const struct plan *plan)
{
	for (unsigned i = 0; i < alarm_n(); i++) {
		const uint32_t bit = 1U << i;
		enum event_kind kinds[ALARM_KINDS];
		if (!(plan->alarms_judged & bit))
			continue;
		if (plan->alarms_on & bit) {
			if (t->alarm_since[i].us == 0)
				t->alarm_since[i] = t->seen->now;
		} else if (t->alarm_since[i].us || !(t->alarms_known & bit)) {
			for (unsigned k = 0; k < alarm_kinds(i, kinds); k++)
				tell_over_of(t, kinds[k],
					     alarm_is_of_set(i) ? t->seen->cluster
								: t->seen->self_host,
					     "It is over.");
			t->alarm_since[i].us = 0;
		}
		t->alarms_known |= bit;
	}
}

void record_intent(struct seat *t, const struct act *a)
{
	const struct seen_certificate *c = &t->seen->certificate;
	append(t, JOURNAL_INTENT, a, a->reason);
	if (a->kind == ACT_ASK_AUTHORITY && c->stage == CERT_STAGE_REFUSED) {
		tell_over(t, EVENT_CERTIFICATE_REFUSED, "The authority is asked anew.");
		tell_over(t, EVENT_AUTHORITY_REFUSED, "The authority is asked anew.");
		if (c->is_taken_back)
			tell_over(t, EVENT_CERTIFICATE_ROLLED_BACK, "The authority is asked anew.");
	}
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

/* Acts whose end is worth an event of its own. That a turn was rolled back is told by the plan. */
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
	if (a->kind == ACT_CONFIRM_CERTIFICATE) {
		if (t->seen->certificate.stage == CERT_STAGE_GOING_BACK)
			return; /* that it was taken back is told by the plan */
		static const enum event_kind over[] = {
		    EVENT_CERTIFICATE_EXPIRING, EVENT_CERTIFICATE_EXPIRED,
		    EVENT_CERTIFICATE_REQUEST_WAITING, EVENT_AUTHORITY_UNREACHABLE};
		for (size_t i = 0; i < ARRAY_N(over); i++)
			tell_over(t, over[i], "A new certificate is in use.");
	}
	tell_done(t, a);
}

void record_failed(struct seat *t, const struct act *a, const struct err *err)
{
	char text[ERR_TEXT_BYTES];
	err_print(err, text, sizeof(text));
	append(t, JOURNAL_FAILED, a, text);
	/* Losing a race is part of the game; a step-down that was refused is told by the plan, with
	 * the pause that it cost, for as long as it rests; a certificate that was refused likewise.
	 */
	if (err->kind == ERR_CONFLICT || (a->kind == ACT_STEP_DOWN && err->kind != ERR_BUG) ||
	    (a->kind == ACT_INSTALL_CERTIFICATE && err->kind == ERR_REFUSED))
		return;
	struct event e = event_of(err->kind == ERR_BUG         ? EVENT_INTERNAL_ERROR
				  : err->kind == ERR_DISK_FULL ? EVENT_DISK_FULL
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

void record_changed(struct seat *t, bool ok, bool was_failing, const char *why)
{
	const struct notes *n = &t->notes;
	struct journal_entry line = {.kind = ok ? JOURNAL_NOTE : JOURNAL_DEBT};
	struct err ignored = ERR_INIT;
	struct event e = event_of(EVENT_HOOK_FAILED, t->seen->cluster, t->instance->changed_hook);
	e.at = seat_now(t);
	e.is_resolved = ok;
	char since[40], next[40];
	cut_z(line.act, sizeof(line.act), "changed hook");
	snprintf(line.text, sizeof(line.text), "%s%.400s", ok ? "done" : "failed: ", ok ? "" : why);
	(void)!record_line(t, &line, &ignored); /* a full disk is told by the next act */
	if (ok && !was_failing)
		return;
	snprintf(e.headline, sizeof(e.headline), "%s: the changed hook %s.", t->instance->name,
		 ok ? "did its work" : "failed");
	snprintf(e.what, sizeof(e.what), "%.700s", ok ? "It ended with exit code 0." : why);
	snprintf(e.now, sizeof(e.now),
		 "The files are in place; what the hook is for is %s since %s.",
		 ok ? "done, owed" : "owed", wall_print_utc(n->changed_at, since, sizeof(since)));
	if (ok)
		cut_z(e.we_did, sizeof(e.we_did), "Ran it again.");
	else
		snprintf(e.we_did, sizeof(e.we_did), "Tried it %d times; again at %s.",
			 (int)n->changed_tries, wall_print_utc(n->changed_due, next, sizeof(next)));
	snprintf(e.you, sizeof(e.you), "%s",
		 ok ? "Nothing to do."
		    : "Run it by hand to see: it gets 'changed' and the instance's name.");
	e.next = n->changed_due;
	t->ports.tell(t->ports.teller, &e, true);
}

void record_events(struct seat *t, const struct plan *plan)
{
	for (unsigned i = 0; i < plan->events_n; i++)
		t->ports.tell(t->ports.teller, &plan->events[i],
			      strcmp(plan->events[i].subject, t->seen->self_host) == 0);
	record_alarms(t, plan);
}
