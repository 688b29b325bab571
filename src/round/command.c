/* SPDX-License-Identifier: Apache-2.0 */
/* Orders, holds and questions. Each leaves a line in the seat's journal with who asked. */
#include "round/command.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "codec/digest.h"
#include "codec/json_strict.h"
#include "codec/journal_line.h"
#include "model/event_table.h"
#include "plan/planner.h"
#include "round/carry.h"
#include "round/doctor_look.h"
#include "round/enact_certificate.h"
#include "round/rebuild.h"
#include "round/trust.h"

static void note(struct seat *t, const char *word, const char *who, const char *text)
{
	struct journal_entry e = {.kind = JOURNAL_NOTE};
	struct err ignored = ERR_INIT;
	cut_z(e.act, sizeof(e.act), word);
	snprintf(e.text, sizeof(e.text), "by %s%s%.400s", who, text[0] ? ": " : "", text);
	(void)!record_line(t, &e, &ignored); /* a full disk is told by the next act */
}

static const char *text_of(const json_t *body, const char *key)
{
	const char *z = json_string_value(json_object_get(body, key));
	return z ? z : "";
}

/* A person's word, told to whom the alerts go to. */
static void tell(struct seat *t, enum event_kind kind, const char *who, const char *what,
		 const char *you)
{
	struct event e = event_of(kind, t->seen->cluster, t->seen->self_host);
	e.at = seat_now(t);
	snprintf(e.headline, sizeof(e.headline), "%s/%s: %s: %.200s.", t->seen->cluster,
		 t->seen->self_host, who, what);
	snprintf(e.what, sizeof(e.what), "Said with rotactl, on this host, by %s.", who);
	restart_text(t, "As it was.", e.now, sizeof(e.now));
	snprintf(e.we_did, sizeof(e.we_did), "Noted it in the ledger and in the history.");
	snprintf(e.you, sizeof(e.you), "%s", you);
	t->ports.tell(t->ports.teller, &e, true);
}

/* A person's order that stands and asks for no less is joined. Else there are two: the weightier
 * counts, and one rotation serves both. */
static bool is_ordered(const struct seat *t, const struct order_wish *w, json_t *ret)
{
	const struct order *o = seen_find_order(t->seen, ORDER_KEYFILE);
	char when[40];
	if (!o || o->serial || strcmp(o->without, w->without) != 0 || o->urgency < w->urgency ||
	    w->breaks_freeze > o->breaks_freeze || w->max_lag_us != o->max_lag_us)
		return false;
	json_object_set_new(ret, "order", json_string(o->id.hex));
	json_object_set_new(ret, "orderedBy", json_string(o->who));
	json_object_set_new(ret, "orderedAt",
			    json_string(wall_print_utc(o->head.at, when, sizeof(when))));
	return true;
}

/* Nothing begins that could not end: where a person must do something first, the order is not taken
 * (invariant 8). Judged by a look of just now. */
static bool could_begin(struct seat *t, struct err *err)
{
	struct gate_result g;
	if (seen_generation(t->seen) != GENERATION_NONE)
		return true;
	observe(t);
	struct plan *scratch = calloc(1, sizeof(*scratch));
	if (!scratch)
		return err_set(err, ERR_MEMORY, "no memory to judge the order");
	bool is_refused = plan_refuses_start(t->seen, &t->config->policy, t->instance, scratch, &g);
	free(scratch);
	return !is_refused || err_set(err, ERR_REFUSED, "%s: %s", g.name, g.text);
}

/* Who answers may come to have the key by itself, and would only stop every turn (PROTOCOL 1). */
static bool is_away(const struct seat *t, const char *host, struct err *err)
{
	int m = seen_find_member(t->seen, host);
	if (m < 0)
		return err_set(err, ERR_REFUSED, "'%.200s' is no member of %.100s now", host,
			       t->seen->cluster);
	if (m == t->seen->self)
		return err_set(err, ERR_REFUSED, "'%.200s' is this host", host);
	if (fact_known(t->seen->members[m].hello))
		return err_set(err, ERR_REFUSED,
			       "'%.200s' answers: it is not dead. Stop its mongod first, or take "
			       "it out of the set",
			       host);
	return true;
}

/* A member of the rotation under way is declared dead: recorded in the document of its votes, and
 * told. */
static bool go_without(struct seat *t, const char *host, const char *who, const char *why,
		       json_t *ret, struct err *err)
{
	char text[300];
	bool is_news;
	if (!seat_without(t, host, who, why, &is_news, err))
		return false;
	json_object_set_new(ret, "without", json_string(host));
	if (!is_news)
		return true;
	snprintf(text, sizeof(text), "%.120s is declared dead: %.150s", host,
		 why[0] ? why : "no reason was given");
	note(t, "without", who, text);
	tell(t, EVENT_MEMBER_DECLARED_DEAD, who, text,
	     "Should it come back: start its rotad, which gets the key, before it is used again.");
	return true;
}

/* Where it fails the gate tells a person what to do: it holds up nothing of the revocation. */
static void restate(struct seat *t, const struct trust_revoked *r)
{
	struct err ignored = ERR_INIT;
	(void)!seat_restate(t, r->spki, r->n, &ignored);
}

/* --without and --revoke. *ret_is_done: nothing more is asked for. */
static bool leave_out(struct seat *t, const json_t *body, const struct order_wish *w, json_t *ret,
		      bool *ret_is_done, struct err *err)
{
	const char *revoked = text_of(body, "revoke");
	struct err no_vote = ERR_INIT;
	struct trust_revoked r;
	*ret_is_done = false;
	if (!w->without[0] && !revoked[0])
		return true;
	if (w->kind != ORDER_KEYFILE)
		return err_set(err, ERR_INVALID, "a member is left out of keyfile rotations only");
	if (revoked[0] && w->urgency != URGENCY_EMERGENCY)
		return err_set(err, ERR_INVALID,
			       "an identity is revoked with an emergency, or by trust revoke");
	observe(t);
	if (w->without[0] && !is_away(t, w->without, err))
		return false;
	if (revoked[0]) {
		if (!trust_revoke(t, revoked, w->who, w->reason, &r, err))
			return false;
		json_object_set_new(ret, "revoked", json_string(r.host));
		note(t, "trust revoke", w->who, r.host);
		restate(t, &r);
		/* Its nay, if it gave one, stands: then the next rotation goes on without it. */
		if (seen_generation(t->seen) != GENERATION_NONE &&
		    trust_is_host_revoked(t, r.host) &&
		    !go_without(t, r.host, w->who, w->reason, ret, &no_vote) &&
		    no_vote.kind != ERR_REFUSED) {
			*err = no_vote;
			return false;
		}
	}
	if (w->without[0] && seen_generation(t->seen) != GENERATION_NONE &&
	    !go_without(t, w->without, w->who, w->reason, ret, err))
		return false;
	*ret_is_done = seen_generation(t->seen) != GENERATION_NONE &&
		       w->urgency == URGENCY_ROUTINE && !w->breaks_freeze && !w->max_lag_us;
	return true;
}

static bool rotate(struct seat *t, const json_t *body, const char *who, json_t *ret,
		   struct err *err)
{
	bool is_done;
	static const char *const urgencies[] = {[URGENCY_ROUTINE] = "routine",
						[URGENCY_URGENT] = "urgent",
						[URGENCY_EMERGENCY] = "emergency"};
	const char *kind = text_of(body, "kind"), *urgency = text_of(body, "urgency");
	struct token id;
	struct order_wish w = {
	    .host = text_of(body, "member"),
	    .who = who,
	    .reason = text_of(body, "reason"),
	    .ticket = text_of(body, "ticket"),
	    .without = text_of(body, "without"),
	    .breaks_freeze = json_is_true(json_object_get(body, "breakFreeze")),
	    .max_lag_us = json_integer_value(json_object_get(body, "maxLagSeconds")) * US_S,
	};
	if (strcmp(kind, "keyfile") == 0)
		w.kind = ORDER_KEYFILE;
	else if (strcmp(kind, "certificates") == 0)
		w.kind = ORDER_CERTIFICATES;
	else
		return err_set(err, ERR_INVALID,
			       "kind '%.40s' cannot be rotated; keyfile or certificates", kind);
	for (int i = 0; urgency[0] && i < URGENCY_N; i++)
		if (strcmp(urgency, urgencies[i]) == 0)
			w.urgency = (enum urgency)i;
	enum mode mode = instance_mode(&t->config->policy, t->instance,
				       w.kind == ORDER_KEYFILE ? KIND_KEYFILE : KIND_CERTIFICATES);
	if (mode <= MODE_OBSERVE)
		return t->config->policy.mode_why[0]
			   ? err_set(err, ERR_REFUSED, "%s is in mode %s: %s", t->instance->name,
				     mode_name(mode), t->config->policy.mode_why)
			   : err_set(err, ERR_REFUSED,
				     "%s is in mode %s: rotad only looks. First: rotactl mode ask",
				     t->instance->name, mode_name(mode));
	if (!t->seen->is_clock_sane)
		return err_set(
		    err, ERR_REFUSED,
		    "the clock of this host is wrong: %s. Set it right, or ask on another "
		    "host",
		    t->seen->clock_why);
	if (w.kind == ORDER_CERTIFICATES && !t->config->policy.certificates.authority[0])
		return err_set(err, ERR_REFUSED, "no authority is configured for certificates");
	if (!leave_out(t, body, &w, ret, &is_done, err))
		return false;
	if (is_done)
		return true;
	if (w.kind == ORDER_KEYFILE && seen_generation(t->seen) == GENERATION_NONE &&
	    is_ordered(t, &w, ret))
		return true;
	if (w.kind == ORDER_KEYFILE && !could_begin(t, err))
		return false;
	const struct proposal *g = &t->seen->ledger.proposal;
	enum generation_state running = seen_generation(t->seen);
	if (w.kind == ORDER_KEYFILE &&
	    (running == GENERATION_OPEN || running == GENERATION_CARRIED)) {
		if (w.urgency == URGENCY_ROUTINE && !w.breaks_freeze && !w.max_lag_us)
			return err_set(err, ERR_REFUSED,
				       "a rotation is under way (key %u to key %u); rotactl status",
				       g->pivot.number, g->next.number);
		w.amends = g->generation;
		json_object_set_new(ret, "amends", json_integer((json_int_t)w.amends));
	} else if (w.kind == ORDER_KEYFILE && running == GENERATION_DEAD &&
		   w.urgency != URGENCY_EMERGENCY)
		return err_set(err, ERR_REFUSED,
			       "a rotation is being taken back (key %u is burnt); rotactl status",
			       g->next.number);
	if (!seat_order(t, &w, &id, err))
		return false;
	note(t, w.amends ? "amend" : "order", who, w.reason[0] ? w.reason : kind);
	if (w.breaks_freeze)
		tell(t, EVENT_FREEZE_BROKEN, who, "a freeze does not hold this emergency",
		     "Nothing to do.");
	json_object_set_new(ret, "order", json_string(id.hex));
	if (w.without[0] && !w.amends)
		json_object_set_new(ret, "without", json_string(w.without));
	return true;
}

static bool approve(struct seat *t, const json_t *body, const char *who, json_t *ret,
		    struct err *err)
{
	json_int_t generation = json_integer_value(json_object_get(body, "generation"));
	const char *id = text_of(body, "id");
	char text[480];
	if (generation > 0) {
		/* For ever as the yea that it permits, so by its number and on disk. */
		if (seen_generation(t->seen) != GENERATION_OPEN ||
		    t->seen->ledger.proposal.generation != (uint64_t)generation)
			return err_set(err, ERR_REFUSED, "generation %lld is not open here",
				       (long long)generation);
		t->notes.approved_generation = (uint64_t)generation;
		if (!notes_put(t, err))
			return false;
	} else if (!t->plan.waits_for_approval)
		return err_set(err, ERR_REFUSED, "nothing of %s waits for an approval. %.300s",
			       t->instance->name, t->plan.reason);
	else if (id[0] && strcmp(id, t->plan.approval) != 0)
		return err_set(err, ERR_REFUSED, "%.40s is not what waits now: that is %s. %.300s",
			       id, t->plan.approval, t->plan.reason);
	else {
		cut_z(t->approved.id, sizeof(t->approved.id), t->plan.approval);
		t->approved.until =
		    mono_add(t->ports.host.ops->boot(t->ports.host.self), APPROVAL_COUNTS_US);
		json_object_set_new(ret, "id", json_string(t->plan.approval));
	}
	snprintf(text, sizeof(text), "%s%s%.400s", generation > 0 ? "" : t->plan.approval,
		 generation > 0 ? "" : ": ", t->plan.reason);
	note(t, "approve", who, text);
	tell(t, EVENT_OPERATOR_ACT, who, "approved what waited", "Nothing to do.");
	json_object_set_new(ret, "approved", json_string(t->plan.reason));
	return true;
}

static bool pause_it(struct seat *t, const json_t *body, const char *who, json_t *ret,
		     struct err *err)
{
	const char *why = text_of(body, "reason");
	(void)ret;
	if (!seat_hold(t, true, who, why[0] ? why : "paused", NULL, err))
		return false;
	note(t, "pause", who, why);
	tell(t, EVENT_ROTATION_HELD, who, why[0] ? why : "paused", "To go on: rotactl resume");
	return true;
}

/* Another member's file that is not right: its own rotad will hold everything again. A warning
 * only, since what a host said last may be of long ago. */
static void warn_of_others(const struct seat *t, json_t *ret)
{
	const struct seen *s = t->seen;
	const struct key_name pivot = seen_pivot(s);
	char text[400];
	for (unsigned i = 0; i < seen_all_n(s) && key_id_given(&pivot.id); i++) {
		const struct seen_member *m = &s->members[i];
		const struct ring_ids *disk = &m->statement.disk;
		if ((int)i == s->self || !m->has_statement || !disk->is_known ||
		    ring_ids_has(disk, &pivot.id))
			continue;
		snprintf(
		    text, sizeof(text),
		    "the keyfile of %.200s lacks key %u: it is held again until that is right. "
		    "On that host: rotactl explain",
		    m->host, pivot.number);
		json_object_set_new(ret, "warning", json_string(text));
		return;
	}
}

static bool resume(struct seat *t, const json_t *body, const char *who, json_t *ret,
		   struct err *err)
{
	enum mode mode = instance_mode(&t->config->policy, t->instance, KIND_KEYFILE);
	char text[400];
	observe_keyfile(t); /* it may have been brought back a moment ago */
	if (mode > MODE_OBSERVE && foreign_stands(t->seen, mode) &&
	    !t->seen->keyfile.is_misplaced) {
		foreign_advice(t->seen, text, sizeof(text));
		return err_set(
		    err, ERR_REFUSED,
		    "the keyfile of %.120s is still not right: it would be held again at "
		    "once. %s",
		    t->seen->self_host, text);
	}
	if (!seat_hold(t, false, who, text_of(body, "reason"), NULL, err))
		return false;
	/* A person looked: debts of this host are tried anew. Not what is under way still: that he
	 * cannot have meant. */
	if (!t->notes.job_is_open)
		notes_resumed(&t->notes);
	t->notes.step_down_refused_at.us = 0;
	t->notes.restart_failed_at.us = 0;
	note(t, "resume", who, text_of(body, "reason"));
	warn_of_others(t, ret);
	tell(t, EVENT_ROTATION_RESUMED, who, "rotations go on", "Nothing to do.");
	return notes_put(t, err);
}

static bool abort_it(struct seat *t, const json_t *body, const char *who, json_t *ret,
		     struct err *err)
{
	const char *why = text_of(body, "reason");
	unsigned withdrawn = 0;
	/* Before it begins, the order is all there is to take back. */
	if (seen_generation(t->seen) == GENERATION_NONE &&
	    !seat_withdraw(t, ORDER_KEYFILE, &withdrawn, err))
		return false;
	if (withdrawn > 0) {
		note(t, "withdraw", who, why);
		json_object_set_new(ret, "withdrawn", json_integer(withdrawn));
		return true;
	}
	if (!seat_abort(t, who, why, err))
		return false;
	note(t, "abort", who, why);
	tell(t, EVENT_OPERATOR_ACT, who, "the rotation is to be taken back",
	     "Nothing to do: the members go back to the key before, in turn.");
	return true;
}

static bool release(struct seat *t, const json_t *body, const char *who, json_t *ret,
		    struct err *err)
{
	(void)body;
	(void)ret;
	if (!seat_release(t, who, err))
		return false;
	note(t, "turn release", who, t->seen->ledger.claim.host);
	tell(t, EVENT_OPERATOR_ACT, who, "the turn was given back by hand",
	     "Make sure that no restart job of that member runs any more.");
	return true;
}

/* Made anew here, or gone over to: by a person, for each host. */
static bool rebuild(struct seat *t, const json_t *body, const char *who, json_t *ret,
		    struct err *err)
{
	const char *join = text_of(body, "join");
	struct rebuilt_root r;
	char what[300];
	json_t *hosts;
	if (!(join[0] ? ledger_join(t, join, &r, err) : ledger_rebuild(t, &r, err)))
		return false;
	snprintf(what, sizeof(what), "%s ledger %.12s..., key %u: %.150s",
		 join[0] ? "went over to" : "made anew:", r.id.hex, t->anchor.pivot.number,
		 text_of(body, "reason"));
	note(t, "ledger rebuild", who, what);
	tell(t, EVENT_OPERATOR_ACT, who, what,
	     join[0] ? "Nothing to do here."
		     : "On every other host: rotactl ledger rebuild --join with the id that this "
		       "one told.");
	hosts = json_array();
	for (unsigned i = 0; i < seen_all_n(t->seen); i++)
		if ((int)i != t->seen->self)
			json_array_append_new(hosts, json_string(t->seen->members[i].host));
	json_object_set_new(ret, "ledger", json_string(r.id.hex));
	json_object_set_new(ret, "key", json_integer(t->anchor.pivot.number));
	json_object_set_new(ret, "beside", json_integer(t->anchor.burnt.number));
	json_object_set_new(ret, "others", hosts);
	return true;
}

/* Every key of the file (all known keys with "all") on every member, each alone. */
static bool try_keys(struct seat *t, bool all, struct err *err)
{
	const struct seen *s = t->seen;
	const struct proposal *p = &s->ledger.proposal;
	struct plan *looks = calloc(1, sizeof(*looks));
	struct key_name pivot = seen_pivot(s);
	if (!looks)
		return err_set(err, ERR_MEMORY, "no memory to verify");
	for (unsigned i = 0; i < seen_all_n(s); i++) {
		looks->looks[looks->looks_n++] =
		    (struct look){.member = i, .key = pivot.id, .control = pivot.id};
		if (s->ledger.has_proposal &&
		    (all || ring_ids_has(&s->keyfile.ring, &p->next.id)) &&
		    !key_id_equal(&p->next.id, &pivot.id) && looks->looks_n < LOOKS_MAX)
			looks->looks[looks->looks_n++] = (struct look){.member = i,
								       .key = p->next.id,
								       .control = pivot.id,
								       .expects_refusal = true};
	}
	if (key_id_given(&pivot.id))
		(void)observe_looks(t, looks);
	free(looks);
	observe_served(t);
	return true;
}

static bool verify(struct seat *t, const json_t *body, const char *who, json_t *ret,
		   struct err *err)
{
	(void)body;
	(void)who;
	(void)ret;
	return try_keys(t, false, err);
}

/* Failed logins as __system in every server's log: not for whoever may only read. */
static bool verify_all(struct seat *t, const json_t *body, const char *who, json_t *ret,
		       struct err *err)
{
	(void)body;
	(void)who;
	(void)ret;
	return try_keys(t, true, err);
}

static bool cert_request(struct seat *t, const json_t *body, const char *who, json_t *ret,
			 struct err *err)
{
	(void)body;
	(void)who;
	return certificate_request(t, ret, err);
}

static bool cert_import(struct seat *t, const json_t *body, const char *who, json_t *ret,
			struct err *err)
{
	const char *why = text_of(body, "reason");
	char text[300];
	enum mode mode = instance_mode(&t->config->policy, t->instance, KIND_CERTIFICATES);
	if (mode <= MODE_OBSERVE)
		return err_set(
		    err, ERR_REFUSED,
		    "certificates of %s are in mode %s: rotad only looks. See rotactl mode",
		    t->instance->name, mode_name(mode));
	observe(t);
	if (!certificate_import(t, str_of(text_of(body, "pem")), ret, err))
		return false;
	snprintf(text, sizeof(text), "serial %.60s%s%.200s",
		 json_string_value(json_object_get(ret, "serial")), why[0] ? ": " : "", why);
	note(t, "cert import", who, text);
	tell(t, EVENT_OPERATOR_ACT, who, "a certificate was brought from the CA", "Nothing to do.");
	return true;
}

static bool doctor(struct seat *t, const json_t *body, const char *who, json_t *ret,
		   struct err *err)
{
	(void)body;
	(void)who;
	return doctor_look(t, ret, err);
}

/* Whom this host believes, by what it read last. */
static bool trust(struct seat *t, const json_t *body, const char *who, json_t *ret, struct err *err)
{
	json_t *all = trust_json(t);
	(void)body;
	(void)who;
	if (!all)
		return err_set(err, ERR_MEMORY, "no memory to list the identities");
	json_object_set_new(ret, "cluster", json_string(t->seen->cluster));
	json_object_set_new(ret, "known", json_boolean(fact_known(t->seen->ledger.fact)));
	json_object_set_new(ret, "welcomed", json_boolean(t->anchor.ledger.hex[0] != 0));
	json_object_set_new(ret, "identities", all);
	return true;
}

/* A host that lost its state has another identity: a person compared the fingerprints. */
static bool confirm(struct seat *t, const json_t *body, const char *who, json_t *ret,
		    struct err *err)
{
	struct trust_confirmed c;
	const char *why = text_of(body, "reason");
	char text[600];
	if (!why[0])
		return err_set(err, ERR_INVALID, "a reason is wanted: it is told and recorded");
	observe(t); /* by what the ledger holds now */
	if (!trust_confirm(t, text_of(body, "host"), text_of(body, "fingerprint"), &c, err))
		return false;
	const struct proposal *g = &t->seen->ledger.proposal;
	int r = seen_roll_index(t->seen, c.identity->host);
	bool is_voted = r >= 0 && t->seen->ledger.roll.votes[r].word != VOTE_NONE;
	bool is_locked_out = seen_generation(t->seen) == GENERATION_OPEN && r >= 0 && !is_voted &&
			     !spki_equal(&g->roll[r].identity, &c.identity->spki);
	json_object_set_new(ret, "host", json_string(c.identity->host));
	json_object_set_new(ret, "fingerprint", json_string(c.identity->spki.hex));
	json_object_set_new(ret, "wasAdmitted", json_boolean(c.was_admitted));
	json_object_set_new(ret, "abortWanted", json_boolean(is_locked_out));
	if (c.was_admitted)
		return true;
	snprintf(text, sizeof(text), "%.200s is %.16s...: %.300s", c.identity->host,
		 c.identity->spki.hex, why);
	note(t, "trust confirm", who, text);
	snprintf(text, sizeof(text), "the new identity %.16s... of %.120s is admitted here: %.60s",
		 c.identity->spki.hex, c.identity->host, why);
	tell(t, EVENT_OPERATOR_ACT, who, text,
	     "If nobody of you did this: rotactl pause, and look who was on this host. Else the "
	     "same on each other host of the set: rotactl trust list.");
	return true;
}

/* An identity in wrong hands: it gets no key any more and has no say. */
static bool revoke_it(struct seat *t, const json_t *body, const char *who, json_t *ret,
		      struct err *err)
{
	struct trust_revoked r;
	const char *why = text_of(body, "reason");
	json_t *all = json_array();
	char text[600];
	json_object_set_new(ret, "revoked", all);
	if (!why[0])
		return err_set(err, ERR_INVALID, "a reason is wanted: it is told and recorded");
	observe(t); /* by what the ledger holds now */
	if (!trust_revoke(t, text_of(body, "identity"), who, why, &r, err))
		return false;
	restate(t, &r);
	int m = seen_find_member(t->seen, r.host);
	json_object_set_new(ret, "host", json_string(r.host));
	json_object_set_new(ret, "answers",
			    json_boolean(m >= 0 && fact_known(t->seen->members[m].hello)));
	/* Its mongod counts as declared dead (PROTOCOL 6), unless another identity speaks for it.
	 * Where it has voted nay that stands. */
	struct err no_vote = ERR_INIT;
	if (seen_generation(t->seen) != GENERATION_NONE && trust_is_host_revoked(t, r.host) &&
	    !go_without(t, r.host, who, why, ret, &no_vote) && no_vote.kind != ERR_REFUSED) {
		*err = no_vote;
		return false;
	}
	for (unsigned i = 0; i < r.n; i++) {
		json_array_append_new(all, json_string(r.spki[i].hex));
		snprintf(text, sizeof(text), "%.200s is no more %.16s...: %.300s", r.host,
			 r.spki[i].hex, why);
		note(t, "trust revoke", who, text);
	}
	if (r.n == 0)
		return true;
	snprintf(text, sizeof(text), "the identity %.16s... of %.120s is revoked: %.60s",
		 r.spki[0].hex, r.host, why);
	tell(t, EVENT_IDENTITY_REVOKED, who, text,
	     "Take its member out of the set (rs.remove), or stop its mongod for good: it shares "
	     "the key in use. Then, since what it knew it knows: rotactl rotate keyfile "
	     "--emergency. If nobody of you did this: rotactl pause, and look who was on this "
	     "host.");
	return true;
}

/* ---- a key that a person carries ---- */

static bool carry_answer(const struct buf *text, json_t *ret, const char *name, struct err *err)
{
	json_t *z = json_stringn(text->p, text->n);
	if (!z)
		return err_set(err, ERR_MEMORY, "no memory for the answer");
	json_object_set_new(ret, name, z);
	return true;
}

static bool keyfile_request(struct seat *t, const json_t *body, const char *who, json_t *ret,
			    struct err *err)
{
	auto_buf struct buf text = {.max = DOC_BYTES_MAX};
	(void)body;
	if (!carry_request(t, &text, err) || !carry_answer(&text, ret, "request", err))
		return false;
	note(t, "keyfile request", who, "");
	return true;
}

static bool keyfile_export(struct seat *t, const json_t *body, const char *who, json_t *ret,
			   struct err *err)
{
	auto_buf struct buf text = {.max = DOC_BYTES_MAX};
	char host[HOST_BYTES_MAX], what[300];
	observe(t);
	if (!carry_export(t, str_of(text_of(body, "request")), &text, host, err) ||
	    !carry_answer(&text, ret, "carried", err))
		return false;
	json_object_set_new(ret, "host", json_string(host));
	snprintf(what, sizeof(what), "the key in use is sealed for %.200s, to be carried there",
		 host);
	note(t, "keyfile export", who, what);
	tell(t, EVENT_OPERATOR_ACT, who, what,
	     "If nobody of you did this: rotactl trust list, and look who was on that host.");
	return true;
}

/* The key itself never passes through here, nor does the name of its file: who asks knows that by
 * the configuration, and root believes no path that it is told. */
static bool keyfile_next(struct seat *t, const json_t *body, const char *who, json_t *ret,
			 struct err *err)
{
	char keys[32], what[100];
	(void)body;
	if (!t->plan.has_external) {
		json_object_set_new(ret, "keys", json_string("")); /* a normal answer */
		json_object_set_new(ret, "why", json_said(t->plan.reason));
		return true;
	}
	if (!external_stage(t, keys, sizeof(keys), err))
		return false;
	json_object_set_new(ret, "keys", json_string(keys));
	json_object_set_new(ret, "path", json_string(t->seen->keyfile.path));
	snprintf(what, sizeof(what), "keys %s, for who writes the keyfile", keys);
	note(t, "keyfile export", who, what);
	return true;
}

static bool keyfile_import(struct seat *t, const json_t *body, const char *who, json_t *ret,
			   struct err *err)
{
	char from[HOST_BYTES_MAX], what[300];
	if (!carry_import(t, str_of(text_of(body, "carried")), from, err))
		return false;
	json_object_set_new(ret, "from", json_string(from));
	snprintf(what, sizeof(what), "a key that %.200s sealed was brought", from);
	note(t, "keyfile import", who, what);
	tell(t, EVENT_OPERATOR_ACT, who, what, "Nothing to do: rotad goes on by the ledger.");
	return true;
}

static const char *const kind_words[JOURNAL_KIND_N] = {
    [JOURNAL_INTENT] = "intent", [JOURNAL_PROOF] = "done",    [JOURNAL_FAILED] = "failed",
    [JOURNAL_DEBT] = "debt",     [JOURNAL_BUDGET] = "budget", [JOURNAL_NOTE] = "note",
};

static bool history(struct seat *t, const json_t *body, const char *who, json_t *ret,
		    struct err *err)
{
	char path[PATH_BYTES_MAX];
	auto_buf struct buf text = {.max = 16 * 1024 * 1024};
	json_t *entries = json_array();
	struct str rest, line;
	(void)body;
	(void)who;
	json_object_set_new(ret, "entries", entries);
	if (!t->ports.files.ops->read_text(t->ports.files.self, seat_path(t, "journal", path),
					   16 * 1024 * 1024, &text, NULL, err)) {
		if (err->kind != ERR_NOT_FOUND)
			return false;
		err_clear(err);
		return true;
	}
	rest = buf_str(&text);
	while (str_cut(&rest, '\n', &line)) {
		struct journal_entry e;
		struct err bad = ERR_INIT;
		char when[40];
		if (line.n == 0 || !journal_line_parse(line, &e, &bad))
			continue;
		json_array_append_new(entries,
				      json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:s}", "at",
						wall_print_utc(e.at, when, sizeof(when)), "kind",
						kind_words[e.kind], "act", e.act, "instance",
						e.instance, "member", e.subject, "generation",
						(json_int_t)e.generation, "text", e.text));
	}
	return true;
}

static bool start_comes(struct seat *t, const json_t *body, const char *who, json_t *ret,
			struct err *err)
{
	static const char *const words[] = {[BEFORE_START_FINE] = "right",
					    [BEFORE_START_MENDED] = "mended",
					    [BEFORE_START_LEFT] = "left"};
	char why[REASON_BYTES];
	(void)body;
	(void)who;
	const enum before_start_end end = before_start(t, why, sizeof(why));
	json_object_set_new(ret, "end", json_string(words[end]));
	json_object_set_new(ret, "path", json_string(t->seen->keyfile.path));
	json_t *z = json_string(why);
	if (!z)
		return err_set(err, ERR_MEMORY, "no memory for the answer");
	json_object_set_new(ret, "why", z);
	return true;
}

static const struct {
	const char *route;
	bool (*run)(struct seat *t, const json_t *body, const char *who, json_t *ret,
		    struct err *err);
	bool says; /* to the other hosts, which must believe this one */
	/* A key of the body by which it is decided who gets keys; NULL: none, or the whole route is
	 * for those who may. "without" is none: who is declared dead stays believed, and gets the
	 * key when he is back. */
	const char *trusts;
} command_table[] = {
    {"/v1/rotate", rotate, true, "revoke"},
    {"/v1/approve", approve, true, NULL},
    {"/v1/pause", pause_it, true, NULL},
    {"/v1/resume", resume, true, NULL},
    {"/v1/abort", abort_it, true, NULL},
    {"/v1/release", release, true, NULL},
    {"/v1/ledger/rebuild", rebuild, true, NULL},
    {"/v1/verify", verify, false, NULL},
    {"/v1/verify/all", verify_all, false, NULL},
    {"/v1/history", history, false, NULL},
    {"/v1/trust", trust, false, NULL},
    {"/v1/trust/confirm", confirm, false, NULL},
    {"/v1/trust/revoke", revoke_it, true, NULL},
    {"/v1/keyfile/request", keyfile_request, true, NULL},
    {"/v1/keyfile/export", keyfile_export, true, NULL},
    {"/v1/keyfile/import", keyfile_import, true, NULL},
    {"/v1/keyfile/next", keyfile_next, true, NULL},
    {"/v1/before-start", start_comes, false, NULL},
    {"/v1/doctor", doctor, false, NULL},
    {"/v1/cert/request", cert_request, false, NULL},
    {"/v1/cert/import", cert_import, false, NULL},
};

static json_t *body_of(struct str body)
{
	json_error_t why;
	json_t *root =
	    body.n ? json_loadb(body.p, body.n, JSON_REJECT_DUPLICATES, &why) : json_object();
	if (root && !json_is_object(root)) {
		json_decref(root);
		return NULL;
	}
	return root;
}

void command_instance(struct str body, char *out, size_t out_n)
{
	AUTO(json_t) root = body_of(body);
	cut_z(out, out_n, root ? text_of(root, "instance") : "");
}

bool command_run(struct seat *t, const char *route, struct str body, const char *who,
		 bool may_trust, struct buf *ret, struct err *err)
{
	AUTO(json_t) root = body_of(body);
	AUTO(json_t) answer = json_object();
	seat_aim(t); /* the configuration or the keys may have changed since the last round */
	if (!root)
		return err_set(err, ERR_INVALID, "the request is no JSON object");
	for (size_t i = 0; i < ARRAY_N(command_table); i++) {
		if (strcmp(command_table[i].route, route) != 0)
			continue;
		if (command_table[i].says && t->seen->ledger.is_self_revoked)
			return err_set(err, ERR_REFUSED,
				       "the identity of this host is revoked: the others would not "
				       "believe it. Say it on another host");
		if (command_table[i].trusts && !may_trust &&
		    text_of(root, command_table[i].trusts)[0])
			return err_set(err, ERR_REFUSED,
				       "only root and rotad's own user decide who gets keys: not "
				       "with \"%s\"",
				       command_table[i].trusts);
		if (!command_table[i].run(t, root, who, answer, err))
			return false;
		json_object_set_new(answer, "instance", json_string(t->instance->name));
		char *text = json_dumps(answer, JSON_COMPACT);
		if (!text)
			return err_set(err, ERR_MEMORY, "no memory for the answer");
		buf_adds(ret, text);
		json_text_free(text);
		return buf_ok(ret, err);
	}
	return err_set(err, ERR_NOT_FOUND, "no such command: %.60s", route);
}
