/* SPDX-License-Identifier: Apache-2.0 */
/* The hands: one function an act, in a table. Each does its act by ports and leaves the seat's
 * notes true; what to do next is decided by the next look. Certificates are in enact_certificate.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "codec/digest.h"
#include "codec/envelope.h"
#include "codec/keyfile_text.h"
#include "plan/planner.h"
#include "plan/safe.h"
#include "round/enact_certificate.h"
#include "round/ledger_read.h"
#include "round/ledger_write.h"
#include "round/round.h"
#include "round/slots.h"
#include "round/trust.h"

/* ---- the ledger's house-keeping ---- */

static bool found_ledger(struct seat *t, const struct act *a, struct err *err)
{
	struct token id;
	auto_buf struct buf text = {.max = DOC_BYTES_MAX};
	struct anchor was = t->anchor;
	(void)a;
	/* Durable before it is made: a rotad that dies in between knows the ledger for its own. */
	if (!t->notes.founding.hex[0] &&
	    (!seat_token(t, &t->notes.founding, err) || !notes_put(t, err)))
		return false;
	id = t->notes.founding;
	buf_addf(&text,
		 "{\"cluster\":\"%s\",\"id\":\"%s\",\"protocol\":%d,\"type\":\"rotad-ledger/1\"}",
		 t->anchor.cluster, id.hex, PROTOCOL_NUMBER);
	if (!buf_ok(&text, err))
		return false;
	if (!ledger_swap(t, "ledger", buf_str(&text), 0, err)) {
		/* Somebody else founded it: he seals the salt for us. */
		if (err->kind != ERR_CONFLICT)
			return false;
		err_clear(err);
		return true;
	}
	t->anchor.ledger = id;
	if (anchor_put(t, err))
		return true;
	t->anchor = was;
	return false;
}

static bool publish_identity(struct seat *t, const struct act *a, struct err *err)
{
	char id[DOC_ID_BYTES];
	auto_buf struct buf text = {.max = DOC_BYTES_MAX};
	auto_secret struct secret pem = {.p = NULL};
	struct identity_doc *doc = arena_get(&t->arena, sizeof(*doc), err);
	const char *file = t->options.certificate_key_file;
	(void)a;
	if (!doc)
		return false;
	seat_head(t, &doc->identity.head);
	if (!t->anchor.ledger.hex[0])
		doc->identity.head.ledger = t->seen->ledger.id;
	identity_describe(&t->identity, &doc->identity);
	cut_z(doc->identity.host, sizeof(doc->identity.host), t->seen->self_host);
	if (t->options.ca_file[0] && file[0]) {
		if (!t->ports.files.ops->read_secret(t->ports.files.self, file, PEM_BYTES_MAX, &pem,
						     NULL, err) ||
		    !endorse_by_certificate(&doc->identity, &pem, &doc->proof, err))
			return err_in(err, "endorsing this rotad by the member's certificate");
	} else {
		struct keyring ring = {.n = 0};
		const struct secret *key = seat_endorsing_key(t, t->anchor.ledger.hex[0] != 0);
		bool ok = key && keyring_add(&ring, key->p, key->n, err) &&
			  endorse_by_key(&doc->identity, &ring.keys[0], &doc->proof, err);
		keyring_fini(&ring);
		if (!ok)
			return key ? err_in(err, "endorsing this rotad by the key in use")
				   : err_set(err, ERR_NOT_FOUND, "no key to endorse this rotad by");
	}
	doc->identity.how = doc->proof.how;
	if (!identity_doc_encode(doc, &t->identity, &text, NULL, err))
		return err_in(err, "publishing the identity");
	if (!ledger_put(t, doc_id(id, "identity", t->identity.spki.hex), buf_str(&text), NULL, err))
		return false;
	/* Then, not before: who sees the gap seals for the identity as it is now. */
	if (!t->unreadable[0])
		return true;
	t->asked_again_n++;
	bool ok = ledger_drop(t, t->unreadable, err);
	t->unreadable[0] = 0;
	return ok;
}

/* Seal keys and salt for one identity. nonce: what it asked with, or NULL. */
static bool seal(struct seat *t, const struct identity *to, uint64_t generation,
		 const struct digest *proposal, const struct token *nonce,
		 const struct key_name *keys, unsigned keys_n, const char *id, struct err *err)
{
	struct keyring_doc e = {.generation = generation, .to = to->spki};
	auto_buf struct buf text = {.max = DOC_BYTES_MAX};
	bool ok = true;
	seat_head(t, &e.head);
	/* A welcome belongs to no proposal: it is bound to the ledger instead. */
	if (proposal)
		e.proposal = *proposal;
	else if (!sha256_digest(str_of(t->anchor.ledger.hex), &e.proposal, err))
		return false;
	if (nonce)
		e.nonce = *nonce;
	cut_z(e.host, sizeof(e.host), to->host);
	memcpy(e.salt_hex, t->anchor.salt_hex, sizeof(e.salt_hex));
	for (unsigned i = 0; ok && i < keys_n; i++) {
		const struct secret *key = keychain_find(&t->chain, &keys[i].id);
		ok = key ? keyring_add(&e.keys, key->p, key->n, err)
			 : err_set(err, ERR_NOT_FOUND, "key %u is not held here", keys[i].number);
	}
	ok = ok && envelope_seal(&e, &t->identity, to, &text, err) &&
	     ledger_put(t, id, buf_str(&text), NULL, err);
	keyring_doc_fini(&e);
	return ok || err_in(err, "sealing for '%s'", to->host);
}

/* With a key after the next one its reader has the pivot in its file (PROTOCOL 7). */
unsigned keys_to_send(const struct proposal *p, bool is_over,
		      struct key_name ret[KEYS_PER_FILE_MAX])
{
	ret[0] = p->next;
	ret[1] = p->after.number ? p->after : p->pivot;
	return is_over ? 1 : 2;
}

static bool welcome(struct seat *t, const struct act *a, struct err *err)
{
	char id[DOC_ID_BYTES];
	struct key_name pivot = seen_pivot(t->seen);
	(void)a;
	for (unsigned i = 0; i < t->identities_n; i++) {
		const struct identity *to = &t->identities[i].identity;
		if (!to->is_admitted || to->is_revoked || to->is_superseded || t->is_welcomed[i])
			continue;
		if (!seal(t, to, MAX(t->anchor.generation, (uint64_t)1), NULL,
			  &to->head.incarnation, &pivot, key_id_given(&pivot.id) ? 1 : 0,
			  doc_id_welcome(id, &to->spki), err))
			return false;
	}
	/* Who joined after the proposal gets its keys too: both while it runs, the new one after.
	 */
	const struct proposal *p = &t->seen->ledger.proposal;
	struct key_name keys[KEYS_PER_FILE_MAX];
	unsigned keys_n = keys_to_send(p, t->seen->ledger.roll.closure.is_given, keys);
	for (unsigned i = 0; i < t->identities_n; i++)
		if (t->is_keyless[i] &&
		    !seal(t, &t->identities[i].identity, p->generation, &p->digest, NULL, keys,
			  keys_n, envelope_id(id, &p->digest, &t->identities[i].identity.spki),
			  err))
			return false;
	return true;
}

static bool tell_revocations(struct seat *t, const struct act *a, struct err *err)
{
	(void)a;
	return trust_publish_owed(t, err);
}

/* A document that was changed, or removed by another rotad, meanwhile is left to the next look. */
static bool tidy_ledger(struct seat *t, const struct act *a, struct err *err)
{
	const struct store_port *store = seat_store(t);
	enum store_outcome outcome;
	(void)a;
	for (unsigned i = 0; i < t->outlived_n; i++)
		if (!store->ops->remove(store->self, t->outlived[i].id, t->outlived[i].rev,
					&outcome, err))
			return err_in(err, "removing '%s' from the ledger", t->outlived[i].id);
	t->outlived_n = 0;
	return true;
}

/* An order is over. A person's goes; one of the central schedule stays and says so, else the next
 * host that reads the schedule would give it again. */
static bool drop_order(struct seat *t, const struct token *order, struct err *err)
{
	const struct store_port *store = seat_store(t);
	auto_buf struct buf text = {.max = DOC_BYTES_MAX};
	char id[DOC_ID_BYTES];
	struct doc_trust trust = seat_trust(t);
	struct store_doc doc;
	struct order o;
	struct err bad = ERR_INIT;
	bool found;
	if (!order->hex[0])
		return true;
	doc_id(id, "scheduled", order->hex);
	if (!store->ops->read(store->self, id, &t->arena, &doc, &found, err))
		return err_in(err, "reading '%s' in the ledger", id);
	if (!found)
		return ledger_drop(t, doc_id(id, "order", order->hex), err);
	/* What cannot be read names the order all the same: nobody gives it again. */
	if (!order_decode(doc.text, &trust, &o, &bad) || o.is_served)
		return true;
	o.is_served = true;
	seat_head(t, &o.head);
	if (!order_encode(&o, &t->identity, &text, NULL, err))
		return err_in(err, "closing the order");
	if (ledger_swap(t, id, buf_str(&text), doc.rev, err))
		return true;
	if (err->kind != ERR_CONFLICT)
		return false;
	err_clear(err); /* another rotad closed it: the same */
	return true;
}

static bool publish_statement(struct seat *t, const struct act *a, struct err *err)
{
	const struct seen *s = t->seen;
	char id[DOC_ID_BYTES];
	auto_buf struct buf text = {.max = DOC_BYTES_MAX};
	struct statement st = {.member = seen_self(s)->id, .protocol = PROTOCOL_NUMBER};
	(void)a;
	seat_head(t, &st.head);
	cut_z(st.host, sizeof(st.host), s->self_host);
	st.generation = s->ledger.has_proposal ? s->ledger.proposal.generation : 0;
	st.retired = anchor_retired_generation(&t->anchor);
	st.is_given_up = seen_generation(s) == GENERATION_DEAD;
	cut_z(st.process_id, sizeof(st.process_id), s->process.process_id);
	st.disk = s->keyfile.ring;
	st.running = s->process.loaded;
	cut_z(st.version, sizeof(st.version), PACKAGE_VERSION);
	cut_z(st.mode, sizeof(st.mode),
	      mode_name(instance_mode(&t->config->policy, t->instance, KIND_KEYFILE)));
	st.is_rehearsed = s->is_rehearsed;
	st.rehearsed_at = s->rehearsed_at;
	cut_z(st.findings, sizeof(st.findings), s->rehearsal);
	if (s->certificate.served.is_known) {
		cut_z(st.certificate_serial, sizeof(st.certificate_serial),
		      s->certificate.served.serial);
		st.certificate_not_after = s->certificate.served.not_after;
		st.certificate_not_before = s->certificate.served.not_before;
	}
	st.takes_certificates = renew_takes_orders(&t->config->policy, t->instance);
	st.certificate_order = s->certificate.order_done;
	st.certificate_refused = s->certificate.order_refused;
	st.is_certificate_taken_back = s->certificate.is_taken_back;
	if (!statement_encode(&st, &t->identity, &text, NULL, err))
		return err_in(err, "stating how '%s' stands", s->self_host);
	return ledger_put(t, doc_id(id, "statement", s->self_host), buf_str(&text), NULL, err);
}

static bool end_order(struct seat *t, const struct act *a, struct err *err)
{
	return drop_order(t, &a->order, err);
}

/* ---- the rotation ---- */

static const struct identity *identity_for(const struct seat *t, const char *host)
{
	int i = seen_find_member(t->seen, host);
	if (i < 0 || t->seen->members[i].is_doubled)
		return NULL;
	for (unsigned k = 0; k < t->identities_n; k++)
		if (t->identities[k].identity.is_admitted &&
		    spki_equal(&t->identities[k].identity.spki,
			       &t->seen->members[i].statement.head.from))
			return &t->identities[k].identity;
	return NULL;
}

static bool make_key(struct seat *t, unsigned number, struct key_name *ret, struct err *err)
{
	unsigned char bytes[KEY_BYTES_DEFAULT];
	struct keyring ring = {.n = 0};
	struct ring_ids ids;
	bool ok = t->ports.host.ops->random(t->ports.host.self, bytes, sizeof(bytes), err) &&
		  keyfile_key_new(bytes, sizeof(bytes), &ring, err) &&
		  ring_ids_of(&ring, t->anchor.salt_hex, &ids, err) &&
		  keychain_add(&t->chain, &ids.ids[0], &ring.keys[0].text, err);
	wipe(bytes, sizeof(bytes));
	keyring_fini(&ring);
	if (ok)
		*ret = (struct key_name){.number = number, .id = ids.ids[0]};
	return ok;
}

/* The key that stands by is the next one, and where nothing came between it is loaded already; in
 * an emergency it may have leaked as well, and is passed over (PROTOCOL 1). Strategy standby makes
 * the one after it too. */
static bool name_keys(struct seat *t, struct proposal *p, struct err *err)
{
	const struct proposal *last = &t->seen->ledger.proposal;
	const struct key_name *ready = &t->anchor.standby;
	unsigned highest = t->anchor.highest_number;
	if (t->seen->ledger.has_proposal)
		highest = MAX(highest, MAX(last->next.number, last->after.number));
	bool stands_by = p->urgency != URGENCY_EMERGENCY && keychain_find(&t->chain, &ready->id) &&
			 !anchor_has_retired(&t->anchor, &ready->id);
	if (stands_by)
		p->next = *ready;
	else if (!make_key(t, ++highest, &p->next, err))
		return false;
	return p->strategy != STRATEGY_STANDBY || make_key(t, ++highest, &p->after, err);
}

static bool write_proposal(struct seat *t, const struct act *a, struct proposal *p, struct err *err)
{
	const struct seen *s = t->seen;
	auto_buf struct buf text = {.max = DOC_BYTES_MAX};
	char id[DOC_ID_BYTES];
	seat_head(t, &p->head);
	p->generation = s->ledger.has_proposal ? s->ledger.proposal.generation + 1 : 1;
	if (s->ledger.has_proposal)
		p->previous = s->ledger.proposal.digest;
	p->strategy = t->config->policy.keyfile.strategy;
	p->urgency = a->urgency;
	p->pivot = seen_pivot(s);
	p->config_version = s->config_version;
	p->config_term = s->config_term;
	p->order = a->order;
	cut_z(p->reason, sizeof(p->reason), a->reason);
	if (!name_keys(t, p, err))
		return err_in(err, "making the next key");
	for (unsigned i = 0; i < seen_all_n(s); i++) {
		const struct identity *to = identity_for(t, s->members[i].host);
		struct roll_entry *r = &p->roll[p->roll_n];
		r->is_dead = seen_is_dead(s, i);
		if (!to && !r->is_dead)
			return err_set(err, ERR_UNTRUSTED,
				       "no admitted identity speaks for '%.200s'",
				       s->members[i].host);
		r->member = s->members[i].id;
		cut_z(r->host, sizeof(r->host), s->members[i].host);
		if (to)
			r->identity = to->spki;
		p->roll_n++;
	}
	if (!proposal_encode(p, &t->identity, &text, &p->digest, err))
		return err_in(err, "writing the proposal");
	/* Sealed before it is proposed, under the proposal's own digest: a maker that loses the
	 * race, or dies, leaves nothing that another proposal could be taken for. */
	struct key_name keys[KEYS_PER_FILE_MAX];
	unsigned keys_n = keys_to_send(p, false, keys);
	for (unsigned i = 0; i < p->roll_n; i++) {
		const struct identity *to = identity_for(t, p->roll[i].host);
		if (!to) /* dead */
			continue;
		envelope_id(id, &p->digest, &to->spki);
		if (!seal(t, to, p->generation, &p->digest, NULL, keys, keys_n, id, err))
			return false;
	}
	if (!ledger_swap(t, doc_id_n(id, "proposal", p->generation), buf_str(&text), 0, err))
		return false;
	t->approved.id[0] = 0; /* one word for one rotation, and one rotation for all orders */
	/* The one that is served stays to the end, for what it says of turns and freezes. */
	for (unsigned i = 0; i < s->ledger.orders_n; i++) {
		const struct order *o = &s->ledger.orders[i];
		if (o->kind == ORDER_KEYFILE && !token_equal(&o->id, &p->order) &&
		    !drop_order(t, &o->id, err))
			return false;
	}
	return true;
}

static bool propose(struct seat *t, const struct act *a, struct err *err)
{
	struct proposal *p = arena_get(&t->arena, sizeof(*p), err);
	if (!p)
		return false;
	if (write_proposal(t, a, p, err))
		return true;
	/* The keys that it made are nobody's; should it stand there all the same, its envelope has
	 * them. */
	if (!key_id_equal(&p->next.id, &t->anchor.standby.id))
		keychain_drop(&t->chain, &p->next.id);
	keychain_drop(&t->chain, &p->after.id);
	seat_aim(t);
	return false;
}

static bool build_ring(struct seat *t, const struct act *a, struct keyring *ret, struct err *err)
{
	for (unsigned i = 0; i < a->ring_n; i++) {
		const struct secret *key = keychain_find(&t->chain, &a->ring[i].id);
		if (!key)
			return err_set(err, ERR_NOT_FOUND,
				       "key %u is not held on this host: neither in the file nor "
				       "in an envelope",
				       a->ring[i].number);
		if (!keyring_add(ret, key->p, key->n, err))
			return false;
	}
	return true;
}

bool external_stage(struct seat *t, char *ret_keys, size_t keys_n, struct err *err)
{
	char path[PATH_BYTES_MAX];
	const struct act *a = &t->plan.external;
	struct keyring ring = {.n = 0};
	auto_secret struct secret text = {.p = NULL};
	ASSERT(t->plan.has_external);
	/* Whoever puts it there acts for rotad: the same invariants. */
	if (!safe_holds(t->seen, a, err))
		return false;
	bool ok = build_ring(t, a, &ring, err) && keyfile_print(&ring, &text, err);
	keyring_fini(&ring);
	const struct file_put put = {.path = seat_path(t, EXTERNAL_NAME, path),
				     .bytes = {.p = text.p, .n = text.n},
				     .mode = 0600};
	if (!ok || !t->ports.files.ops->put(t->ports.files.self, &put, err))
		return err_in(err, "writing '%s'", path);
	ring_print(a->ring, a->ring_n, ret_keys, keys_n);
	return true;
}

static bool put_keyfile(struct seat *t, const struct act *a, struct err *err)
{
	struct keyring ring = {.n = 0};
	auto_secret struct secret text = {.p = NULL};
	struct file_view view;
	const char *path = t->options.key_file;
	bool ok = build_ring(t, a, &ring, err) && keyfile_print(&ring, &text, err);
	keyring_fini(&ring);
	if (!ok)
		return err_in(err, "writing '%s'", path);
	struct notes *n = &t->notes;
	/* The keys first: after a crash between the two writes the file is known as ours by its
	 * keys. */
	n->written_ring = (struct ring_ids){.is_known = true, .n = a->ring_n};
	for (unsigned i = 0; i < a->ring_n; i++)
		n->written_ring.ids[i] = a->ring[i].id;
	changed_owe(t, CHANGED_KEYFILE);
	if (!notes_put(t, err))
		return false;
	struct file_put put = {
	    .path = path, .bytes = {.p = text.p, .n = text.n}, .keep_previous = true};
	if (!t->ports.files.ops->put(t->ports.files.self, &put, err) ||
	    !t->ports.files.ops->look(t->ports.files.self, path, &view, err))
		return err_in(err, "writing '%s'", path);
	notes_written(n, &view);
	return notes_put(t, err);
}

static bool restore_keyfile(struct seat *t, const struct act *a, struct err *err)
{
	t->notes.restored_at =
	    seat_now(t); /* the budget is spent before the act: a crash cannot spend it twice */
	t->approved.id[0] = 0; /* mode ask: one word for one file */
	return notes_put(t, err) && put_keyfile(t, a, err);
}

/* ---- the turn ---- */

static bool put_claim(struct seat *t, enum claim_state state, enum claim_purpose purpose,
		      struct err *err)
{
	const struct seen *s = t->seen;
	auto_buf struct buf text = {.max = DOC_BYTES_MAX};
	struct claim c = {.state = state,
			  .purpose = purpose,
			  .generation = s->ledger.has_proposal ? s->ledger.proposal.generation : 0};
	seat_head(t, &c.head);
	c.beat = s->ledger.claim.beat + 1;
	if (state != CLAIM_FREE) {
		cut_z(c.host, sizeof(c.host), s->self_host);
		cut_z(c.process_id, sizeof(c.process_id), s->process.process_id);
	}
	if (!claim_encode(&c, &t->identity, &text, NULL, err))
		return err_in(err, "writing the claim");
	return seen_is_sharded(s) ? slots_put(t, state, buf_str(&text), err)
				  : ledger_swap(t, "claim", buf_str(&text), t->revs_claim, err);
}

static bool take_claim(struct seat *t, const struct act *a, struct err *err)
{
	return put_claim(t, CLAIM_WAITING, a->purpose, err);
}

static bool claim_acting(struct seat *t, const struct act *a, struct err *err)
{
	return put_claim(t, CLAIM_ACTING, a->purpose, err);
}

static bool release_claim(struct seat *t, const struct act *a, struct err *err)
{
	(void)a;
	return put_claim(t, CLAIM_FREE, t->seen->ledger.claim.purpose, err);
}

static bool self_call(struct seat *t, struct mongod_target *ret_target,
		      struct mongod_credential *ret_credential, struct err *err)
{
	*ret_target = seat_target(t, t->seen->self_host, true);
	return seat_login(t, t->seen->self_host, ret_target, ret_credential) ||
	       err_set(err, ERR_AUTH, "no key and no user to log in with");
}

static bool set_drain(struct seat *t, const struct act *a, struct err *err)
{
	static const char mongod[] = "shutdownTimeoutMillisForSignaledShutdown",
			  mongos[] = "mongosShutdownTimeoutMillisForSignaledShutdown";
	struct mongod_target target;
	struct mongod_credential c;
	if (!self_call(t, &target, &c, err))
		return false;
	if (!t->ports.mongod.ops->set_parameter(t->ports.mongod.self, &target, &c,
						seen_is_router(t->seen) ? mongos : mongod,
						a->drain_ms, err)) {
		seat_login_failed(t, t->seen->self_host, &c, err);
		return err_in(err, "setting how long '%s' drains", t->seen->self_host);
	}
	t->server.shutdown_timeout_ms = a->drain_ms;
	return true;
}

static bool step_down(struct seat *t, const struct act *a, struct err *err)
{
	enum { SECONDS = 120, CATCH_UP_S = 2, NOT_WRITABLE_PRIMARY = 10107 };
	struct mongod_target target;
	struct mongod_credential c;
	(void)a;
	if (!self_call(t, &target, &c, err))
		return false;
	target.timeout_us = 15 * US_S;
	struct wall asked_at = seat_now(t);
	if (t->ports.mongod.ops->step_down(t->ports.mongod.self, &target, &c, SECONDS, CATCH_UP_S,
					   err))
		return true;
	seat_login_failed(t, t->seen->self_host, &c, err);
	/* Another member is primary already: nothing stood still, nothing rests. */
	if (err->kind == ERR_REFUSED && err->sys == NOT_WRITABLE_PRIMARY) {
		err_clear(err);
		return err_set(err, ERR_CONFLICT, "'%s' is not the primary any more",
			       t->seen->self_host);
	}
	/* 262, or no answer in time: one attempt, then rest (DESIGN section 4). */
	struct err ignored = ERR_INIT;
	struct notes *n = &t->notes;
	n->step_down_refused_at = seat_now(t);
	n->step_down_took_us = n->step_down_refused_at.us - asked_at.us;
	snprintf(n->step_down_why, sizeof(n->step_down_why), "%.250s", err->text);
	/* The server's advice to use force would have its writes rolled back: not passed on. */
	char *advice = strstr(n->step_down_why, " Please use the replSetStepDown");
	if (advice)
		*advice = 0;
	(void)!notes_put(t, &ignored); /* the rest is then kept in memory */
	return err_in(err, "asking '%s' to step down", t->seen->self_host);
}

static bool begin_job(struct seat *t, enum restart_verb verb, struct err *err)
{
	struct restart_target target = seat_restart_target(t);
	struct notes *n = &t->notes;
	n->job_is_open = true;
	n->job_ring = t->seen->keyfile.ring;
	t->is_job_begun = true;
	t->job_ended_at.us = 0;
	/* Durable before the act: after a crash the next rotad knows that a restart may be under
	 * way. */
	if (!notes_put(t, err))
		return false;
	t->ports.mongod.ops->forget(t->ports.mongod.self);
	return t->ports.restarter.ops->begin(t->ports.restarter.self, &target, verb, err) ||
	       err_in(err, "restarting '%s'", t->seen->self_host);
}

/* The restart did not happen: a debt, with its age. */
static void owe_restart(struct seat *t, const char *why)
{
	struct notes *n = &t->notes;
	n->job_is_open = false;
	n->restart_failed_at = seat_now(t);
	if (n->restart_owed_since.us == 0)
		n->restart_owed_since = n->job_begun_at;
	n->restart_tries++;
	snprintf(n->restart_owed_why, sizeof(n->restart_owed_why), "%.250s", why);
}

static bool restart(struct seat *t, const struct act *a, struct err *err)
{
	struct seen_keyfile before = t->seen->keyfile;
	struct notes *n = &t->notes;
	(void)a;
	/* The bytes are compared again in the same second (UX, foreign writes). */
	observe_keyfile(t);
	if (t->seen->keyfile.has_stranger || !ring_ids_equal(&before.ring, &t->seen->keyfile.ring))
		return err_set(err, ERR_CHANGED, "the keyfile changed just before the restart");
	n->job_is_rollback = false;
	cut_z(n->job_process, sizeof(n->job_process), t->seen->process.process_id);
	n->job_begun_at = seat_now(t);
	if (begin_job(t, VERB_RESTART, err))
		return true;
	/* Not begun: there is no job whose end could be waited for. Else another one is not over.
	 */
	if (err->kind != ERR_CONFLICT) {
		struct err ignored = ERR_INIT;
		owe_restart(t, err->text);
		(void)!notes_put(t, &ignored); /* after a crash it is found out again */
	}
	return false;
}

/* How a mongod that is gone is brought up again. A unit by its start: systemd's restart is refused
 * for one that does not run (units_begin()). Hooks and job units need not know another verb. */
static enum restart_verb start_verb(const struct seat *t)
{
	return t->instance->restart_how == RESTART_UNIT ? VERB_START : VERB_RESTART;
}

/* The restart goes on where a rotad that has ended left it: mongod's own start is all that is left
 * of it. */
static bool start(struct seat *t, const struct act *a, struct err *err)
{
	(void)a;
	if (begin_job(t, start_verb(t), err))
		return true;
	t->is_job_begun = false; /* still lost: begun again */
	return false;
}

static bool roll_back(struct seat *t, const struct act *a, struct err *err)
{
	struct notes *n = &t->notes;
	n->rolled_back_at = seat_now(t);
	n->rolled_back_away_us = n->rolled_back_hold = 0;
	snprintf(n->rolled_back_why, sizeof(n->rolled_back_why), "%.500s", a->reason);
	if (!put_keyfile(t, a, err))
		return false;
	observe_keyfile(t); /* it is started onto this file, not onto the one that was looked at */
	n->job_is_rollback = true; /* of the same turn: job_begun_at stays */
	if (begin_job(t, start_verb(t), err))
		return true;
	struct err ignored = ERR_INIT;
	n->job_is_rollback = false; /* not tried: it is rolled back again */
	(void)!notes_put(t, &ignored);
	return false;
}

static bool end_job(struct seat *t, const struct act *a, struct err *err)
{
	struct notes *n = &t->notes;
	const struct seen_process *x = &t->seen->process;
	bool is_new = x->is_answering && strcmp(x->process_id, n->job_process) != 0;
	n->job_is_open = false;
	if (is_new) {
		/* It was started onto this file: that is what it has loaded, unless somebody wrote
		 * other keys there meanwhile, or started it before the file of the way back was
		 * there. Then logins tell. */
		n->loaded = n->job_ring;
		n->loaded.is_known &=
		    ring_ids_equal(&t->seen->keyfile.ring, &n->job_ring) &&
		    !(n->job_is_rollback && n->written_changed.us >= x->started_at.us);
		cut_z(n->loaded_process, sizeof(n->loaded_process), x->process_id);
		notes_restarted(n);
		const int64_t took_us = seat_now(t).us - n->job_begun_at.us;
		if (n->job_is_rollback)
			n->rolled_back_away_us = took_us;
		else if (took_us > 0 && took_us < US_H)
			n->turn_took_us = took_us;
	} else if (!t->seen->job.is_lost) { /* else nothing failed but ourselves */
		owe_restart(t, a->reason);
	}
	t->has_server = false;
	t->certificate_at.us = 0;
	t->rs_at.us = 0;
	return notes_put(t, err);
}

/* ---- votes ---- */

struct vote_change {
	const char *host;
	struct str text;
};

static bool add_vote(void *self, struct roll_parts *parts, struct err *err)
{
	const struct vote_change *c = self;
	return roll_parts_add_vote(parts, c->host, c->text, err);
}

static bool vote(struct seat *t, const struct act *a, struct err *err)
{
	const struct seen *s = t->seen;
	auto_buf struct buf text = {.max = DOC_BYTES_MAX};
	struct vote v = {
	    .generation = a->generation, .word = a->vote, .proposal = s->ledger.proposal.digest};
	unsigned at = 0;
	/* A vote that is lost is given again by the name on the roll, whatever the set calls this
	 * member by now. */
	const int place = seen_own_place(s);
	const char *host = place < 0 ? s->self_host : s->ledger.proposal.roll[place].host;
	/* Once more at the last moment: it may have been overwritten since this round looked, and
	 * what somebody else wrote need not be on disk yet: a yea is for ever, also after a power
	 * cut. A vote that all others have seen is only told again. */
	bool is_again = key_id_equal(&t->anchor.pivot.id, &s->ledger.proposal.next.id);
	if (a->vote == VOTE_YEA && !is_again) {
		if (!t->ports.files.ops->sync(t->ports.files.self, s->keyfile.path, err))
			return err_in(err, "the keyfile is not on disk: no vote");
		observe_keyfile(t);
		if (!ring_ids_has(&s->keyfile.ring, &s->ledger.proposal.pivot.id) ||
		    !ring_ids_has(&s->keyfile.ring, &s->ledger.proposal.next.id))
			return err_set(err, ERR_CHANGED,
				       "the keyfile does not hold both keys any more: no vote");
	}
	/* On this host's own disk before it is published (PROTOCOL 1). */
	while (at < t->anchor.votes_n && strcmp(t->anchor.votes[at].host, host) != 0)
		at++;
	/* A member that had another name once: its votes of ended generations bind nobody. */
	for (unsigned i = 0; at == INSTANCES_MAX && i < INSTANCES_MAX; i++)
		if (t->anchor.votes[i].generation < a->generation)
			at = i;
	if (at == INSTANCES_MAX)
		return err_set(err, ERR_LIMIT, "too many members on one host");
	t->anchor.votes_n = MAX(t->anchor.votes_n, at + 1);
	cut_z(t->anchor.votes[at].host, sizeof(t->anchor.votes[at].host), host);
	t->anchor.votes[at].word = a->vote;
	t->anchor.votes[at].generation = a->generation;
	if (!anchor_put(t, err))
		return false;
	seat_head(t, &v.head);
	cut_z(v.host, sizeof(v.host), host);
	cut_z(v.process_id, sizeof(v.process_id), s->process.process_id);
	v.disk = s->keyfile.ring;
	v.running = s->process.loaded;
	cut_z(v.path, sizeof(v.path), s->keyfile.path);
	if (a->vote == VOTE_NAY)
		cut_z(v.reason, sizeof(v.reason), a->reason);
	if (!vote_encode(&v, &t->identity, &text, NULL, err))
		return err_in(err, "writing the vote");
	return ledger_change_roll(
	    t, add_vote, &(struct vote_change){.host = v.host, .text = buf_str(&text)}, err);
}

static bool add_closure(void *self, struct roll_parts *parts, struct err *err)
{
	const struct str *text = self;
	if (parts->closure.n)
		return err_set(err, ERR_CONFLICT, "the generation is closed already");
	parts->closure = *text;
	return true;
}

static bool close_generation(struct seat *t, const struct act *a, struct err *err)
{
	const struct seen *s = t->seen;
	const struct proposal *p = &s->ledger.proposal;
	auto_buf struct buf text = {.max = DOC_BYTES_MAX};
	struct closure c = {.is_given = true,
			    .generation = p->generation,
			    .proposal = p->digest,
			    .is_carried = seen_generation(s) == GENERATION_CARRIED};
	(void)a;
	seat_head(t, &c.head);
	for (unsigned i = 0; c.is_carried && i < seen_all_n(s); i++) {
		if (!seen_refuses(&s->members[i], &p->pivot.id))
			continue;
		cut_z(c.proofs[c.proofs_n].host, sizeof(c.proofs[0].host), s->members[i].host);
		cut_z(c.proofs[c.proofs_n].process_id, sizeof(c.proofs[0].process_id),
		      s->members[i].process_id);
		c.proofs_n++;
	}
	if (!closure_encode(&c, &t->identity, &text, NULL, err))
		return err_in(err, "closing the generation");
	struct str borrowed = buf_str(&text);
	if (ledger_change_roll(t, add_closure, &borrowed, err) || err->kind != ERR_CONFLICT)
		return err->kind == ERR_NONE;
	err_clear(err); /* another rotad closed it: the same */
	return true;
}

static bool retire(struct seat *t, const struct act *a, struct err *err)
{
	const struct seen *s = t->seen;
	const struct closure *c = &s->ledger.roll.closure;
	const struct proposal *p = &s->ledger.proposal;
	const struct key_name gone = c->is_carried ? p->pivot : p->next;
	char id[DOC_ID_BYTES], path[PATH_BYTES_MAX];
	auto_secret struct secret keys = {.p = NULL};
	/* The secrets first, the record of their end last: after a crash in between it is all done
	 * again. */
	/* What was handed out and never fetched (writer: external). */
	if (!t->ports.files.ops->remove(t->ports.files.self, seat_path(t, EXTERNAL_NAME, path),
					err))
		return false;
	if (!t->ports.files.ops->forget_previous(t->ports.files.self, t->options.key_file, err))
		return err_in(err, "wiping the previous keyfile");
	keychain_drop(&t->chain, &gone.id);
	seat_aim(t);
	if (!ledger_drop(t, envelope_id(id, &p->digest, &t->identity.spki), err))
		return false;
	if (!drop_order(t, &p->order, err))
		return false;
	/* A new receiving key: what was sealed for the old one, in oplog and backups, is unreadable
	 * from now on (PROTOCOL 7.3). */
	if (!identity_keys_renew(&t->identity, err) ||
	    !identity_keys_encode(&t->identity, &keys, err))
		return err_in(err, "renewing the receiving key");
	struct file_put put = {.path = seat_path(t, "identity.pem", path),
			       .bytes = {.p = keys.p, .n = keys.n},
			       .mode = 0600};
	if (!t->ports.files.ops->put(t->ports.files.self, &put, err) ||
	    !publish_identity(t, a, err))
		return err_in(err, "renewing the receiving key");
	struct anchor was = t->anchor;
	anchor_retire(&t->anchor, &gone);
	if (c->is_carried)
		anchor_carry(&t->anchor, p);
	else
		t->anchor.pivot = p->pivot;
	t->anchor.next = t->anchor.burnt = (struct key_name){.number = 0};
	if (!c->is_carried)
		t->anchor.standby = t->anchor.next; /* burnt, or passed over */
	if (anchor_put(t, err))
		return true;
	t->anchor = was;
	return false;
}

/* ---- holds, orders, a person's words ---- */

bool seat_hold(struct seat *t, bool is_on, const char *who, const char *why, int64_t *ret_rev,
	       struct err *err)
{
	auto_buf struct buf text = {.max = DOC_BYTES_MAX};
	struct hold h = {.is_on = is_on};
	seat_head(t, &h.head);
	cut_z(h.who, sizeof(h.who), who);
	cut_z(h.why, sizeof(h.why), why);
	if (!hold_encode(&h, &t->identity, &text, NULL, err))
		return false;
	return ledger_put(t, "hold", buf_str(&text), ret_rev, err);
}

static bool hold(struct seat *t, const struct act *a, struct err *err)
{
	int64_t rev;
	if (!seat_hold(t, true, t->seen->self_host, a->reason, &rev, err))
		return false;
	if (!t->notes.rolled_back_at.us)
		return true;
	t->notes.rolled_back_hold = rev; /* a person may lift it before the next look */
	return notes_put(t, err);
}

/* An order of the schedule that stands there already. What a rotad that is revoked since wrote of
 * it counts for nobody; it is given in its place, unless the newest rotation serves it. */
static bool give_anew(struct seat *t, const struct order *o, struct str text, bool *ret_is_first,
		      struct err *err)
{
	const struct store_port *store = seat_store(t);
	const struct seen_ledger *l = &t->seen->ledger;
	struct doc_trust trust = seat_trust(t);
	struct store_doc doc;
	struct order there;
	struct err why = ERR_INIT;
	char id[DOC_ID_BYTES];
	bool found;
	*ret_is_first = false;
	if (!store->ops->read(store->self, doc_id(id, "scheduled", o->id.hex), &t->arena, &doc,
			      &found, err))
		return err_in(err, "reading '%s' in the ledger", id);
	if (!found || order_decode(doc.text, &trust, &there, &why) || why.sys != EKEYREVOKED ||
	    (l->has_proposal && token_equal(&l->proposal.order, &o->id)))
		return true;
	*ret_is_first = ledger_swap(t, id, text, doc.rev, err);
	if (*ret_is_first || err->kind != ERR_CONFLICT)
		return *ret_is_first;
	err_clear(err); /* so did another host */
	return true;
}

static bool put_order(struct seat *t, const struct order_wish *w, struct token *ret_id,
		      bool *ret_is_first, struct err *err)
{
	auto_buf struct buf text = {.max = DOC_BYTES_MAX};
	struct order o = {.kind = w->kind,
			  .urgency = w->urgency,
			  .breaks_freeze = w->breaks_freeze,
			  .max_lag_us = w->max_lag_us,
			  .amends = w->amends,
			  .known = t->seen->ledger.newest};
	char id[DOC_ID_BYTES];
	if (!t->anchor.ledger.hex[0])
		return err_set(
		    err, ERR_REFUSED,
		    "this rotad has not joined the ledger of its set yet; see rotactl status");
	seat_head(t, &o.head);
	o.serial = w->serial;
	if (w->id)
		o.id = *w->id;
	else if (!seat_token(t, &o.id, err))
		return false;
	cut_z(o.host, sizeof(o.host), w->host);
	cut_z(o.who, sizeof(o.who), w->who);
	cut_z(o.reason, sizeof(o.reason), w->reason);
	cut_z(o.ticket, sizeof(o.ticket), w->ticket);
	cut_z(o.without, sizeof(o.without), w->without ? w->without : "");
	*ret_id = o.id;
	*ret_is_first = order_encode(&o, &t->identity, &text, NULL, err) &&
			ledger_swap(t, doc_id(id, w->id ? "scheduled" : "order", o.id.hex),
				    buf_str(&text), 0, err);
	if (*ret_is_first)
		return true;
	/* Another host that reads the same schedule was first. */
	if (w->id && err->kind == ERR_CONFLICT) {
		err_clear(err);
		if (give_anew(t, &o, buf_str(&text), ret_is_first, err))
			return true;
	}
	return err_in(err, "giving the order");
}

bool seat_order(struct seat *t, const struct order_wish *w, struct token *ret_id, struct err *err)
{
	bool is_first;
	if (!put_order(t, w, ret_id, &is_first, err))
		return false;
	if (!is_first || !w->amends || w->urgency != URGENCY_EMERGENCY ||
	    !seen_next_stood_by(t->seen))
		return true;
	/* The rotation that it hurries goes to a key that lay in the leaked file as well: another
	 * one follows at once (PROTOCOL 1). */
	struct order_wish next = *w;
	struct token ignored;
	next.amends = 0;
	next.id = NULL;
	next.serial = 0;
	return put_order(t, &next, &ignored, &is_first, err);
}

bool seat_withdraw(struct seat *t, enum order_kind kind, unsigned *ret_n, struct err *err)
{
	const struct seen_ledger *l = &t->seen->ledger;
	unsigned n = 0;
	for (unsigned i = 0; i < l->orders_n; i++) {
		if (l->orders[i].kind != kind)
			continue;
		if (!drop_order(t, &l->orders[i].id, err))
			return err_in(err, "withdrawing the order");
		n++;
	}
	*ret_n = n;
	return true;
}

struct abort_change {
	struct seat *t;
	struct buf texts[MEMBERS_MAX];
	const char *who, *why;
};

static bool add_nays(void *self, struct roll_parts *parts, struct err *err)
{
	struct abort_change *c = self;
	const struct proposal *p = &c->t->seen->ledger.proposal;
	unsigned given = 0;
	for (unsigned i = 0; i < p->roll_n; i++) {
		bool has_voted = false;
		struct vote v = {.generation = p->generation,
				 .word = VOTE_NAY,
				 .proposal = p->digest,
				 .is_by_operator = true};
		for (unsigned k = 0; k < parts->votes_n; k++)
			has_voted |= strcmp(parts->votes[k].host, p->roll[i].host) == 0;
		/* Who is declared dead has no vote any more: some may have gone on without it. */
		for (unsigned k = 0; k < parts->withouts_n; k++)
			has_voted |= strcmp(parts->withouts[k].host, p->roll[i].host) == 0;
		if (has_voted || p->roll[i].is_dead)
			continue;
		/* A ledger that went back lacks it; in its place a nay would part the set. */
		if (strcmp(p->roll[i].host, c->t->seen->self_host) == 0 &&
		    anchor_vote(&c->t->anchor, p->roll[i].host, p->generation) == VOTE_YEA)
			return err_set(
			    err, ERR_REFUSED,
			    "'%s' has voted, and the ledger does not show it: its yea is "
			    "published again first",
			    p->roll[i].host);
		seat_head(c->t, &v.head);
		cut_z(v.host, sizeof(v.host), p->roll[i].host);
		snprintf(v.reason, sizeof(v.reason), "aborted by %.100s: %.300s", c->who, c->why);
		buf_clear(&c->texts[i]);
		if (!vote_encode(&v, &c->t->identity, &c->texts[i], NULL, err) ||
		    !roll_parts_add_vote(parts, p->roll[i].host, buf_str(&c->texts[i]), err))
			return false;
		given++;
	}
	if (given == 0)
		return err_set(
		    err, ERR_REFUSED,
		    "all have voted: the new key is in use for good. Rotate again instead");
	return true;
}

bool seat_abort(struct seat *t, const char *who, const char *why, struct err *err)
{
	struct abort_change c = {.t = t, .who = who, .why = why};
	bool ok;
	/* A ledger that went back lacks votes that were given: a nay in the place of a yea would
	 * part the set. */
	if (t->seen->ledger.is_older_than_anchor || t->seen->ledger.is_other_than_anchor)
		return err_set(err, ERR_REFUSED,
			       "the ledger is not the one that this host knows; nothing is done");
	if (seen_generation(t->seen) != GENERATION_OPEN)
		return err_set(
		    err, ERR_REFUSED,
		    seen_generation(t->seen) == GENERATION_CARRIED
			? "all have voted: the new key is in use for good. Rotate again instead"
			: "no rotation is under way");
	ok = ledger_change_roll(t, add_nays, &c, err);
	for (unsigned i = 0; i < MEMBERS_MAX; i++)
		buf_fini(&c.texts[i]);
	return ok;
}

struct without_change {
	struct seat *t;
	const char *host;
	struct str text;
	bool is_there;
};

/* Only beside a yea, or where nothing stands: a vote that cannot be read may be a nay. */
static bool add_without(void *self, struct roll_parts *parts, struct err *err)
{
	struct without_change *c = self;
	struct doc_trust trust = seat_trust(c->t);
	bool has_nay = false;
	for (unsigned i = 0; i < parts->votes_n; i++) {
		struct vote v;
		struct err not_read = ERR_INIT;
		if (strcmp(parts->votes[i].host, c->host) == 0)
			has_nay = !vote_decode(parts->votes[i].text, &trust, &v, &not_read) ||
				  v.word != VOTE_YEA;
	}
	c->is_there = false;
	for (unsigned i = 0; i < parts->withouts_n; i++)
		c->is_there |= strcmp(parts->withouts[i].host, c->host) == 0;
	return c->is_there || roll_parts_add_without(parts, c->host, has_nay, c->text, err);
}

bool seat_without(struct seat *t, const char *host, const char *who, const char *why,
		  bool *ret_is_news, struct err *err)
{
	const struct seen_ledger *l = &t->seen->ledger;
	auto_buf struct buf text = {.max = DOC_BYTES_MAX};
	struct without w = {.generation = l->proposal.generation};
	int r = seen_roll_index(t->seen, host);
	if (!fact_known(l->fact) || l->is_older_than_anchor || l->is_other_than_anchor)
		return err_set(err, ERR_REFUSED,
			       "the ledger is not the one that this host knows; nothing is done");
	if (seen_generation(t->seen) == GENERATION_NONE)
		return err_set(err, ERR_REFUSED, "no rotation is under way");
	if (strcmp(host, t->seen->self_host) == 0)
		return err_set(err, ERR_REFUSED,
			       "'%.200s' is this host, whose rotad runs: say it on another host",
			       host);
	if (r < 0)
		return err_set(err, ERR_REFUSED,
			       "'%.200s' joined after the proposal: it has no vote", host);
	if (l->proposal.roll[r].is_dead) {
		*ret_is_news = false;
		return true;
	}
	seat_head(t, &w.head);
	cut_z(w.host, sizeof(w.host), host);
	cut_z(w.who, sizeof(w.who), who);
	cut_z(w.reason, sizeof(w.reason), why);
	if (!without_encode(&w, &t->identity, &text, NULL, err))
		return err_in(err, "declaring '%s' dead", host);
	struct without_change c = {.t = t, .host = host, .text = buf_str(&text)};
	if (!ledger_change_roll(t, add_without, &c, err))
		return false;
	*ret_is_news = !c.is_there;
	return true;
}

bool seat_release(struct seat *t, const char *who, struct err *err)
{
	/* The holder's own person made sure: the restart is over, whatever the job says. */
	if (t->notes.job_is_open) {
		if (t->seen->job.is_running)
			return err_set(err, ERR_REFUSED,
				       "the restart of '%s' is under way and within its time; "
				       "rotactl status",
				       t->seen->self_host);
		t->notes.job_is_open = false;
		return notes_put(t, err);
	}
	if (t->seen->ledger.claim.state == CLAIM_FREE)
		return err_set(err, ERR_REFUSED, "nobody has the turn");
	(void)who; /* told in the history by the caller */
	return put_claim(t, CLAIM_FREE, t->seen->ledger.claim.purpose, err);
}

static bool is_among(const struct spki *who, const struct spki *all, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (spki_equal(who, &all[i]))
			return true;
	return false;
}

bool seat_restate(struct seat *t, const struct spki *revoked, unsigned n, struct err *err)
{
	const struct claim *c = &t->seen->ledger.claim;
	const struct hold *was = &t->seen->ledger.hold;
	auto_buf struct buf text = {.max = DOC_BYTES_MAX};
	struct hold h = {.is_on = false};
	bool ok = true;
	if (!seen_is_sharded(t->seen) && c->state == CLAIM_FREE &&
	    is_among(&c->head.from, revoked, n))
		ok = put_claim(t, CLAIM_FREE, c->purpose, err);
	if (!ok || was->is_on || was->rev == 0 || !is_among(&was->head.from, revoked, n))
		return ok;
	/* At its revision: whoever holds the cluster meanwhile is not overruled. */
	seat_head(t, &h.head);
	cut_z(h.who, sizeof(h.who), was->who);
	cut_z(h.why, sizeof(h.why), was->why);
	return hold_encode(&h, &t->identity, &text, NULL, err) &&
	       ledger_swap(t, "hold", buf_str(&text), was->rev, err);
}

/* ---- the table ---- */

static bool (*const enact_table[ACT_N])(struct seat *t, const struct act *a, struct err *err) = {
    [ACT_FOUND_LEDGER] = found_ledger,
    [ACT_PUBLISH_IDENTITY] = publish_identity,
    [ACT_WELCOME] = welcome,
    [ACT_PUBLISH_STATEMENT] = publish_statement,
    [ACT_PROPOSE] = propose,
    [ACT_PUT_KEYFILE] = put_keyfile,
    [ACT_RESTORE_KEYFILE] = restore_keyfile,
    [ACT_TAKE_CLAIM] = take_claim,
    [ACT_CLAIM_ACTING] = claim_acting,
    [ACT_RELEASE_CLAIM] = release_claim,
    [ACT_SET_DRAIN] = set_drain,
    [ACT_STEP_DOWN] = step_down,
    [ACT_RESTART] = restart,
    [ACT_START] = start,
    [ACT_END_JOB] = end_job,
    [ACT_ROLL_BACK] = roll_back,
    [ACT_VOTE] = vote,
    [ACT_HOLD] = hold,
    [ACT_CLOSE] = close_generation,
    [ACT_RETIRE] = retire,
    [ACT_ASK_AUTHORITY] = enact_ask_authority,
    [ACT_INSTALL_CERTIFICATE] = enact_install_certificate,
    [ACT_RELOAD] = enact_reload,
    [ACT_CONFIRM_CERTIFICATE] = enact_confirm_certificate,
    [ACT_ROLL_BACK_CERTIFICATE] = enact_roll_back_certificate,
    [ACT_SIGN_REQUESTS] = enact_sign_requests,
    [ACT_PUBLISH_REVOCATION] = tell_revocations,
    [ACT_END_ORDER] = end_order,
    [ACT_TIDY_LEDGER] = tidy_ledger,
};

bool enact(struct seat *t, const struct act *a, struct err *err)
{
	ASSERT(a->kind < ACT_N);
	ASSERT(enact_table[a->kind]);
	seat_aim(t);
	return enact_table[a->kind](t, a, err);
}
