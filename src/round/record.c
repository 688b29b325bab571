/* SPDX-License-Identifier: Apache-2.0 */
/* What happened, written down: the seat's journal (intents, proofs, failures: the history of this
 * host) and the events that people hear of. The only place of the round that tells. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "codec/journal_line.h"
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
	struct event v = {.severity = SEVERITY_CRITICAL, .at = e.at};
	cut_z(v.name, sizeof(v.name), err.kind == ERR_DISK_FULL ? "disk-full" : "state-unwritable");
	cut_z(v.cluster, sizeof(v.cluster), t->seen->cluster);
	cut_z(v.subject, sizeof(v.subject), t->seen->self_host);
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
static void tell_over(struct seat *t, const char *name, const char *text)
{
	struct event e = {.severity = SEVERITY_WARNING, .at = t->seen->now, .is_resolved = true};
	cut_z(e.name, sizeof(e.name), name);
	cut_z(e.cluster, sizeof(e.cluster), t->seen->cluster);
	cut_z(e.subject, sizeof(e.subject), t->seen->self_host);
	snprintf(e.headline, sizeof(e.headline), "%s: %s", t->seen->self_host, text);
	cut_z(e.what, sizeof(e.what), text);
	cut_z(e.now, sizeof(e.now), "As planned.");
	cut_z(e.we_did, sizeof(e.we_did), "See rotactl history.");
	cut_z(e.you, sizeof(e.you), "Nothing to do.");
	t->ports.tell(t->ports.teller, &e, true);
}

void record_intent(struct seat *t, const struct act *a)
{
	const struct seen_certificate *c = &t->seen->certificate;
	append(t, JOURNAL_INTENT, a, a->reason);
	if (a->kind == ACT_ASK_AUTHORITY && c->stage == CERT_STAGE_REFUSED) {
		tell_over(t, "certificate-refused", "The authority is asked anew.");
		if (c->is_taken_back)
			tell_over(t, "certificate-rolled-back", "The authority is asked anew.");
	}
}

/* Acts whose end is worth an event of its own. */
static void tell_done(struct seat *t, const struct act *a)
{
	static const struct {
		enum act_kind kind;
		const char *event;
		enum severity severity;
		const char *text;
	} rows[] = {
	    {ACT_PROPOSE, "rotation-started", SEVERITY_NOTICE, "a keyfile rotation began"},
	    {ACT_PUT_KEYFILE, "keyring-written", SEVERITY_INFO, "the keyfile was written"},
	    {ACT_RESTART, "turn-started", SEVERITY_INFO, "the member is being restarted"},
	    {ACT_END_JOB, "turn-done", SEVERITY_INFO, "the turn is over"},
	    {ACT_VOTE, "voted", SEVERITY_INFO, "the member has voted"},
	    {ACT_CLOSE, "rotation-done", SEVERITY_NOTICE, "the old key is refused by every member"},
	    {ACT_RETIRE, "key-retired", SEVERITY_NOTICE, "the old key is retired on this host"},
	    {ACT_CONFIRM_CERTIFICATE, "certificate-renewed", SEVERITY_NOTICE,
	     "a new certificate is served and accepted by every peer"},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct event e = {.severity = rows[i].severity, .at = t->seen->now};
		if (rows[i].kind != a->kind)
			continue;
		cut_z(e.name, sizeof(e.name), rows[i].event);
		cut_z(e.cluster, sizeof(e.cluster), t->seen->cluster);
		cut_z(e.subject, sizeof(e.subject), t->seen->self_host);
		snprintf(e.headline, sizeof(e.headline), "%s/%s: %s: %.300s.", t->seen->cluster,
			 t->seen->self_host, rows[i].text, a->reason);
		snprintf(e.what, sizeof(e.what), "%s", a->reason);
		snprintf(e.now, sizeof(e.now), "%s",
			 t->plan.restart_why[0] ? t->plan.restart_why : "As planned.");
		snprintf(e.we_did, sizeof(e.we_did), "%s", act_table[a->kind].text);
		snprintf(e.you, sizeof(e.you), "Nothing to do.");
		t->ports.tell(t->ports.teller, &e, true);
	}
}

void record_proof(struct seat *t, const struct act *a)
{
	append(t, JOURNAL_PROOF, a, a->reason);
	if (a->kind == ACT_CONFIRM_CERTIFICATE) {
		if (t->seen->certificate.stage == CERT_STAGE_GOING_BACK)
			return; /* that it was taken back is told by the plan */
		tell_over(t, "certificate-expiring", "A new certificate is in use.");
	}
	tell_done(t, a);
}

void record_failed(struct seat *t, const struct act *a, const struct err *err)
{
	char text[ERR_TEXT_BYTES];
	err_print(err, text, sizeof(text));
	append(t, JOURNAL_FAILED, a, text);
	/* Losing a race is part of the game; a step-down that was refused is told by the plan, with
	 * the pause that it cost, for as long as it rests; a certificate that was refused likewise. */
	if (err->kind == ERR_CONFLICT || (a->kind == ACT_STEP_DOWN && err->kind != ERR_BUG) ||
	    (a->kind == ACT_INSTALL_CERTIFICATE && err->kind == ERR_REFUSED))
		return;
	struct event e = {.severity = err->kind == ERR_BUG ? SEVERITY_CRITICAL : SEVERITY_WARNING,
			  .at = t->seen->now};
	cut_z(e.name, sizeof(e.name),
	      err->kind == ERR_BUG         ? "invariant-broken"
	      : err->kind == ERR_DISK_FULL ? "disk-full"
					   : "act-failed");
	cut_z(e.cluster, sizeof(e.cluster), t->seen->cluster);
	cut_z(e.subject, sizeof(e.subject), t->seen->self_host);
	snprintf(e.headline, sizeof(e.headline), "%s/%s: \"%s\" failed.", t->seen->cluster,
		 t->seen->self_host, act_table[a->kind].text);
	snprintf(e.what, sizeof(e.what), "%s", text);
	snprintf(e.now, sizeof(e.now), "%s",
		 t->plan.restart_why[0] ? t->plan.restart_why
					: "Files in use are whole; nothing else was touched.");
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
	struct event e = {.severity = SEVERITY_WARNING, .at = seat_now(t), .is_resolved = ok};
	char since[40], next[40];
	cut_z(line.act, sizeof(line.act), "changed hook");
	snprintf(line.text, sizeof(line.text), "%s%.400s", ok ? "done" : "failed: ", ok ? "" : why);
	(void)!record_line(t, &line, &ignored); /* a full disk is told by the next act */
	if (ok && !was_failing)
		return;
	cut_z(e.name, sizeof(e.name), "hook-failed");
	cut_z(e.cluster, sizeof(e.cluster), t->seen->cluster);
	cut_z(e.subject, sizeof(e.subject), t->instance->changed_hook);
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
}
