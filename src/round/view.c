/* SPDX-License-Identifier: Apache-2.0 */
/* What a seat shows: one JSON document from seen and plan. rotactl renders it; --json prints it as
 * it is. Key names only. */
#include <jansson.h>
#include <string.h>

#include "base/cleanup.h"
#include "codec/json_mem.h"
#include "codec/json_strict.h"
#include "round/round.h"

static json_t *time_json(struct wall t)
{
	char text[40];
	return t.us ? json_string(wall_print_utc(t, text, sizeof(text))) : json_null();
}

/* Texts of servers and files may hold anything, and a cut one half a character at its end. */
static json_t *text_json(const char *z)
{
	json_t *v = z[0] ? json_of_bytes(str_of(z)) : json_null();
	return v ? v : json_null();
}

static json_t *ring_json(const struct seen *s, const struct ring_ids *r)
{
	json_t *a;
	if (!r->is_known)
		return json_null();
	a = json_array();
	for (unsigned i = 0; i < r->n; i++)
		json_array_append_new(a, json_integer(seen_key_number(s, &r->ids[i])));
	return a;
}

static json_t *cert_json(const struct cert_view *c)
{
	json_t *names;
	if (!c->is_known)
		return json_null();
	names = json_array();
	for (unsigned i = 0; i < c->names_n; i++)
		json_array_append_new(names, json_string(c->names[i]));
	return json_pack("{s:o, s:o, s:s, s:o, s:o, s:o, s:o}", "subject", text_json(c->subject),
			 "issuer", text_json(c->issuer), "serial", c->serial, "notBefore",
			 time_json(c->not_before), "notAfter", time_json(c->not_after),
			 "chainNotAfter", time_json(c->chain_not_after), "names", names);
}

static const char *verdict_word(enum login_verdict v)
{
	return v == LOGIN_ACCEPTED ? "accepted" : v == LOGIN_REFUSED ? "refused" : "unknown";
}

static const char *turn_word(const struct seen *s, unsigned i)
{
	const enum claim_state state = seen_turn_of(s, s->members[i].host);
	if (state != CLAIM_FREE)
		return state == CLAIM_ACTING ? "now" : "next";
	return "";
}

static json_t *member_json(const struct seat *t, unsigned i)
{
	const struct seen *s = t->seen;
	const struct seen_member *m = &s->members[i];
	const struct ring_ids *disk = m->is_self ? &s->keyfile.ring : &m->statement.disk;
	const struct ring_ids *loaded = m->is_self ? &s->process.loaded : &m->statement.running;
	json_t *proofs = json_array();
	int r = seen_roll_index(s, m->host);
	const char *vote = "none";
	for (unsigned k = 0; k < m->proofs_n; k++) {
		const struct key_proof *p = &m->proofs[k];
		if (strcmp(p->process_id, m->process_id) != 0)
			continue;
		json_array_append_new(proofs,
				      json_pack("{s:i, s:s, s:b, s:o}", "key",
						(int)seen_key_number(s, &p->key), "verdict",
						verdict_word(p->verdict), "control",
						p->is_controlled, "at", time_json(p->fact.at)));
	}
	if (r >= 0 && s->ledger.roll.is_without[r])
		vote = "without";
	else if (r >= 0 && s->ledger.roll.votes[r].word != VOTE_NONE)
		vote = s->ledger.roll.votes[r].word == VOTE_YEA ? "yea" : "nay";
	json_t *o =
	    json_pack("{s:s, s:I, s:b, s:s, s:b, s:b, s:b, s:o, s:o, s:o, s:o, s:s, s:s, s:o}",
		      "host", m->host, "id", (json_int_t)m->id, "self", m->is_self, "state",
		      fact_known(m->hello) ? member_state_name(m->state) : "DOWN", "answers",
		      fact_known(m->hello), "seesAll", m->sees_all, "seenByAll", m->is_seen_by_all,
		      "why", text_json(m->why), "onDisk", ring_json(s, disk), "loaded",
		      ring_json(s, loaded), "proofs", proofs, "vote", vote, "turn", turn_word(s, i),
		      "processId", text_json(m->process_id));
	/* As rs.conf() has it. */
	json_object_set_new(o, "votes", json_integer(m->is_voter));
	json_object_set_new(o, "electable", json_boolean(m->is_electable));
	json_object_set_new(o, "arbiter", json_boolean(m->is_arbiter));
	json_object_set_new(o, "hidden", json_boolean(m->is_hidden));
	json_object_set_new(o, "delaySeconds", json_integer(m->delay_s));
	if (seen_is_sharded(s))
		json_object_set_new(o, "set", text_json(s->sharding.sets[m->set].name));
	json_object_set_new(o, "otherUsers", text_json(m->others));
	json_object_set_new(o, "lagSeconds",
			    m->lag_us < 0 ? json_null() : json_real((double)m->lag_us / US_S));
	json_object_set_new(o, "rotad",
			    m->has_statement
				? json_pack("{s:s, s:s, s:b, s:o, s:o}", "version",
					    m->statement.version, "mode", m->statement.mode,
					    "rehearsed", m->statement.is_rehearsed, "findings",
					    text_json(m->statement.findings), "heard",
					    time_json(m->statement_moved))
				: json_null());
	json_object_set_new(
	    o, "handshake",
	    fact_known(m->served_at) || m->served_why[0]
		? json_pack("{s:o, s:o, s:o, s:b, s:b, s:b, s:o}", "at", time_json(m->served_at.at),
			    "serial", text_json(m->served_serial), "notAfter",
			    time_json(m->served_not_after), "trusted", m->is_served_trusted,
			    "namesHost", m->is_served_named, "takesOurs", m->is_client_taken, "why",
			    text_json(m->served_why))
		: json_null());
	json_object_set_new(
	    o, "certificate",
	    m->has_statement
		? json_pack("{s:o, s:o, s:b, s:o, s:o, s:b}", "serial",
			    text_json(m->statement.certificate_serial), "notAfter",
			    time_json(m->statement.certificate_not_after), "takesOrders",
			    m->statement.takes_certificates, "orderDone",
			    text_json(m->statement.certificate_order.hex), "orderRefused",
			    text_json(m->statement.certificate_refused.hex), "takenBack",
			    m->statement.is_certificate_taken_back)
		: json_null());
	return o;
}

static json_t *gates_json(const struct plan *p)
{
	static const char *const words[] = {[GATE_PASS] = "pass",
					    [GATE_WAIT] = "wait",
					    [GATE_REFUSE] = "refuse",
					    [GATE_SKIP] = "skip"};
	json_t *a = json_array();
	for (unsigned i = 0; i < p->gates_n; i++)
		json_array_append_new(a, json_pack("{s:s, s:s, s:o}", "gate", p->gates[i].name,
						   "verdict", words[p->gates[i].verdict], "text",
						   text_json(p->gates[i].text)));
	return a;
}

static json_t *steps_json(const struct plan *p)
{
	static const char *const words[] = {[STEP_TO_COME] = "to come",
					    [STEP_NOW] = "now",
					    [STEP_WAITING] = "waiting",
					    [STEP_DONE] = "done"};
	json_t *a = json_array();
	for (unsigned i = 0; i < p->steps_n; i++)
		json_array_append_new(
		    a, json_pack("{s:s, s:s, s:i, s:i, s:o}", "text", p->steps[i].text, "state",
				 words[p->steps[i].state], "done", (int)p->steps[i].done_n, "of",
				 (int)p->steps[i].of_n, "note", text_json(p->steps[i].note)));
	return a;
}

static json_t *plan_json(const struct seat *t)
{
	static const char *const restart_words[] = {[RESTART_SAFE] = "yes",
						    [RESTART_UNSAFE] = "no",
						    [RESTART_UNKNOWN] = "unknown",
						    [RESTART_LATER] = "later"};
	const struct plan *p = &t->plan;
	json_t *acts = json_array();
	for (unsigned i = 0; i < p->acts_n; i++)
		json_array_append_new(acts, json_pack("{s:s, s:o, s:o}", "act",
						      act_table[p->acts[i].kind].word, "reason",
						      text_json(p->acts[i].reason), "undo",
						      text_json(p->acts[i].undo)));
	json_t *events = json_array();
	for (unsigned i = 0; i < p->events_n; i++)
		json_array_append_new(
		    events,
		    json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "event", p->events[i].name,
			      "severity", severity_name(p->events[i].severity), "headline",
			      text_json(p->events[i].headline), "what",
			      text_json(p->events[i].what), "now", text_json(p->events[i].now),
			      "weDid", text_json(p->events[i].we_did), "you",
			      text_json(p->events[i].you)));
	return json_pack(
	    "{s:o, s:o, s:b, s:b, s:b, s:o, s:o, s:o, s:o, s:o, s:{s:s, s:o}, s:{s:i, s:i, s:i, "
	    "s:I, s:I, s:b}, s:s}",
	    "reason", text_json(p->reason), "acts", acts, "waiting", p->is_waiting,
	    "waitsForApproval", p->waits_for_approval, "needsAttention", p->needs_attention,
	    "gates", gates_json(p), "gatesFor", text_json(p->gates_for), "steps", steps_json(p),
	    "events", events, "wakeAt", time_json(p->wake_at), "restartNow", "answer",
	    restart_words[p->restart_now], "why", text_json(p->restart_why), "foretold", "restarts",
	    (int)p->restarts_n, "elections", (int)p->elections_n, "failedLogins",
	    (int)p->failed_logins_n, "seconds", (json_int_t)p->seconds_foretold, "rideAlong",
	    (json_int_t)(t->config->policy.keyfile.ride_along_us / US_S), "measured",
	    p->is_measured, "approval", p->approval);
}

static json_t *rotation_json(const struct seat *t)
{
	static const char *const words[] = {[GENERATION_NONE] = "closed",
					    [GENERATION_OPEN] = "open",
					    [GENERATION_CARRIED] = "carried",
					    [GENERATION_DEAD] = "dead"};
	const struct seen *s = t->seen;
	const struct proposal *p = &s->ledger.proposal;
	if (!s->ledger.has_proposal)
		return json_null();
	const struct order_terms *terms = &s->ledger.terms;
	static const char *const urgencies[] = {[URGENCY_ROUTINE] = "routine",
						[URGENCY_URGENT] = "urgent",
						[URGENCY_EMERGENCY] = "emergency"};
	json_t *o =
	    json_pack("{s:I, s:s, s:b, s:i, s:i, s:o, s:o, s:o, s:o}", "generation",
		      (json_int_t)p->generation, "state", words[seen_generation(s)], "carried",
		      s->ledger.roll.closure.is_given ? (int)s->ledger.roll.closure.is_carried
						      : seen_generation(s) == GENERATION_CARRIED,
		      "pivot", (int)p->pivot.number, "next", (int)p->next.number, "reason",
		      text_json(p->reason), "startedAt", time_json(p->head.at), "closedAt",
		      s->ledger.roll.closure.is_given ? time_json(s->ledger.roll.closure.head.at)
						      : json_null(),
		      "order", text_json(p->order.hex));
	/* Its terms: of its order, and of those that amended it. */
	json_object_set_new(o, "urgency", json_string(urgencies[terms->urgency]));
	json_object_set_new(o, "nextStoodBy", json_boolean(seen_next_stood_by(s)));
	json_object_set_new(o, "breaksFreeze", json_boolean(terms->breaks_freeze));
	json_object_set_new(o, "maxLagSeconds",
			    terms->max_lag_us ? json_integer(terms->max_lag_us / US_S)
					      : json_null());
	return o;
}

bool view_encode(const struct seat *t, struct buf *ret, struct err *err)
{
	static const char *const stages[] = {
	    [CERT_STAGE_NONE] = "none",       [CERT_STAGE_ASKED] = "asked",
	    [CERT_STAGE_STAGED] = "staged",   [CERT_STAGE_INSTALLED] = "installed",
	    [CERT_STAGE_REFUSED] = "refused", [CERT_STAGE_GOING_BACK] = "going back"};
	const struct seen *s = t->seen;
	const struct seen_certificate *c = &s->certificate;
	struct key_name pivot = seen_pivot(s);
	json_t *members = json_array();
	json_t *orders = json_array();
	for (unsigned i = 0; i < seen_all_n(s); i++)
		json_array_append_new(members, member_json(t, i));
	for (unsigned i = 0; i < s->ledger.orders_n; i++) {
		const struct order *o = &s->ledger.orders[i];
		json_array_append_new(
		    orders, json_pack("{s:s, s:s, s:o, s:o, s:o, s:o}", "id", o->id.hex, "kind",
				      o->kind == ORDER_KEYFILE ? "keyfile" : "certificates",
				      "member", text_json(o->host), "who", text_json(o->who),
				      "reason", text_json(o->reason), "at", time_json(o->head.at)));
	}
	AUTO(json_t)
	root =
	    json_pack("{s:o, s:o, s:o, s:b, s:o, s:s, s:s}", "instance", text_json(s->instance),
		      "cluster", text_json(s->cluster), "member", text_json(s->self_host),
		      "standalone", s->is_standalone, "now", time_json(s->now), "mode",
		      mode_name(instance_mode(&t->config->policy, t->instance, KIND_KEYFILE)),
		      "certificateMode",
		      mode_name(instance_mode(&t->config->policy, t->instance, KIND_CERTIFICATES)));
	if (!root)
		return err_set(err, ERR_MEMORY, "no memory to show the status");
	json_object_set_new(root, "clusterId", text_json(t->anchor.cluster));
	json_object_set_new(root, "version", text_json(s->process.version));
	json_object_set_new(root, "tls", json_boolean(seat_target(t, s->self_host, true).tls));
	json_object_set_new(root, "members", members);
	json_object_set_new(root, "orders", orders);
	json_object_set_new(root, "plan", plan_json(t));
	json_object_set_new(root, "rotation", rotation_json(t));
	json_object_set_new(root, "key",
			    json_pack("{s:i, s:i, s:o, s:b, s:o, s:b, s:b, s:o}", "pivot",
				      (int)pivot.number, "standby", (int)s->anchor.standby.number,
				      "born", time_json(s->keyfile.born), "exact",
				      s->keyfile.is_born_exact, "path", text_json(s->keyfile.path),
				      "guessable", s->keyfile.is_guessable, "foreign",
				      s->keyfile.is_foreign, "why", text_json(s->keyfile.why)));
	json_object_set_new(
	    root, "process",
	    json_pack("{s:b, s:b, s:b, s:I, s:o, s:o, s:o}", "alive", s->process.is_alive,
		      "answering", s->process.is_answering, "restarting", s->job.is_open, "pid",
		      (json_int_t)s->process.pid, "startedAt", time_json(s->process.started_at),
		      "pending", text_json(s->process.pending), "lastFatal",
		      text_json(s->process.last_fatal)));
	json_object_set_new(root, "rehearsed",
			    json_pack("{s:b, s:o, s:o}", "ok", s->is_rehearsed, "at",
				      time_json(s->rehearsed_at), "findings",
				      text_json(s->rehearsal)));
	json_object_set_new(
	    root, "certificate",
	    json_pack("{s:o, s:o, s:o, s:b, s:b, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "file",
		      cert_json(&c->file), "clusterFile",
		      c->has_cluster_file ? cert_json(&c->cluster) : json_null(), "served",
		      cert_json(&c->served), "trusted", c->is_served_trusted, "namesHost",
		      c->is_served_named, "stage", stages[c->stage], "stagedSerial",
		      text_json(c->staged_serial), "why", text_json(c->why), "retryAt",
		      time_json(c->retry_at), "caNotAfter", time_json(c->ca_not_after),
		      "crlNextUpdate", time_json(c->crl_next_update), "order",
		      text_json(c->order.hex), "orderDone", text_json(c->order_done.hex)));
	json_object_set_new(root, "ledger",
			    json_pack("{s:b, s:o, s:b, s:o, s:o}", "known",
				      fact_known(s->ledger.fact), "why", text_json(s->ledger.why),
				      "exists", s->ledger.exists, "id", text_json(s->ledger.id.hex),
				      "notAdmitted", text_json(s->ledger.not_admitted)));
	json_object_set_new(root, "hold",
			    s->ledger.hold.is_on
				? json_pack("{s:o, s:o, s:o}", "who", text_json(s->ledger.hold.who),
					    "why", text_json(s->ledger.hold.why), "at",
					    time_json(s->ledger.hold.head.at))
				: json_null());
	char *text = json_dumps(root, JSON_COMPACT | JSON_PRESERVE_ORDER);
	if (!text)
		return err_set(err, ERR_MEMORY, "no memory to show the status");
	buf_clear(ret);
	buf_adds(ret, text);
	json_text_free(text);
	return buf_ok(ret, err);
}
