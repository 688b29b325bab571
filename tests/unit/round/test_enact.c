/* SPDX-License-Identifier: Apache-2.0 */
/* The hands: what each act leaves in the ledger, on disk and in the notes, in which order, and what
 * is left where one of its writes fails. By db1's rotad, with real signatures; certificates are
 * tested in test_enact_certificate.c. */
#include "lib/test.h"

#include "codec/envelope.h"
#include "codec/keyfile_text.h"
#include "lib/ledger_scene.h"
#include "round/round.h"

#define KEYFILE "/etc/mongod.key"
#define SALT "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define KEY1 "kq7Zr0Yb3mWc9Tj5Xh1Lf8Pd4Gs6Na2V"
#define KEY2 "Zb4Nc8Vx1Mq6Lw0Kp3Jo7Ih2Ug9Yf5Td"

static struct {
	struct files_ops files_ops;
	enum err_kind refuses; /* mongod, what it is told to do */
	int code;
	const char *says;
	enum err_kind begin_fails;
	enum restart_verb verb;
	unsigned begun_n, forgotten_n;
	bool sync_fails;
	int64_t set_to;
	char parameter[64];
	struct wall now;
} m;

static struct wall its_now(void *self UNUSED)
{
	m.now.us += US_S; /* time passes between two questions */
	return m.now;
}
static struct host_ops its_host;
static bool can_put(void *self UNUSED, const char *path UNUSED, struct err *err UNUSED)
{
	return true;
}
static bool sync_it(void *self UNUSED, const char *path, struct err *err)
{
	assert_string_equal(path, KEYFILE);
	return !m.sync_fails || err_set(err, ERR_SYSTEM, "bad sector");
}
static bool refused(struct err *err)
{
	if (m.refuses == ERR_NONE)
		return false;
	(void)!err_set(err, m.refuses, "%s", m.says);
	err->sys = m.code;
	return true;
}
static bool do_step_down(void *self UNUSED, const struct mongod_target *t,
			 const struct mongod_credential *c UNUSED, int64_t seconds,
			 int64_t catch_up_s, struct err *err)
{
	assert_string_equal(t->host, fleet_hosts[0]);
	assert_true(seconds == 120 && catch_up_s == 2 && t->timeout_us == 15 * US_S);
	return !refused(err);
}
static bool do_set(void *self UNUSED, const struct mongod_target *t UNUSED,
		   const struct mongod_credential *c UNUSED, const char *name, int64_t value,
		   struct err *err)
{
	m.set_to = value;
	cut_z(m.parameter, sizeof(m.parameter), name);
	return !refused(err);
}
static void do_forget(void *self UNUSED)
{
	m.forgotten_n++;
}
static const struct mongod_ops mongod_ops = {
    .step_down = do_step_down, .set_parameter = do_set, .forget = do_forget};
static bool do_begin(void *self UNUSED, const struct restart_target *t UNUSED,
		     enum restart_verb verb, struct err *err)
{
	assert_true(w.t.notes.job_is_open); /* durable before */
	m.begun_n++;
	m.verb = verb;
	return m.begin_fails == ERR_NONE || err_set(err, m.begin_fails, "no such unit");
}
static const struct restarter_ops restarter_ops = {.begin = do_begin};

/* ---- the scene ---- */

static struct key_name key_n(unsigned n)
{
	struct keyring ring = {.n = 0};
	struct key_name k = {.number = n};
	struct ring_ids ids;
	struct err err = ERR_INIT;
	const char *text = n == 1 ? KEY1 : KEY2;
	assert_true(keyring_add(&ring, text, strlen(text), &err));
	assert_true(ring_ids_of(&ring, SALT, &ids, &err));
	keyring_fini(&ring);
	k.id = ids.ids[0];
	return k;
}
static const struct key_id *id_n(unsigned n)
{
	static struct key_name keys[3];
	keys[n] = key_n(n);
	return &keys[n].id;
}
static void hold_key(unsigned n)
{
	auto_secret struct secret text = {.p = NULL};
	const struct key_name k = key_n(n);
	struct err err = ERR_INIT;
	assert_true(secret_from(&text, n == 1 ? KEY1 : KEY2, strlen(KEY1), &err));
	assert_true(keychain_add(&w.t.chain, &k.id, &text, &err));
}
static void file(const char *text)
{
	fake_files_set(&w.files, KEYFILE, text, strlen(text));
	observe_keyfile(&w.t);
}
static const char *text_of(const char *path)
{
	int i = fake_files_find(&w.files, path);
	return i < 0 ? "" : w.files.files[i].bytes;
}

static int begin(void **state)
{
	struct seat *t = &w.t;
	(void)set_up(state);
	memset(&m, 0, sizeof(m));
	m.says = "no";
	m.now = fake_now(NULL);
	its_host = host_ops;
	its_host.now = its_now;
	m.files_ops = fake_files_ops;
	m.files_ops.can_put = can_put;
	m.files_ops.sync = sync_it;
	t->ports.files.ops = &m.files_ops;
	t->ports.host.ops = &its_host;
	t->ports.mongod.ops = &mongod_ops;
	t->ports.restarter.ops = &restarter_ops;
	w.files.mode = 0600;
	cut_z(t->options.key_file, sizeof(t->options.key_file), KEYFILE);
	cut_z(w.instance.name, sizeof(w.instance.name), "db");
	w.config.policy.mode = w.config.policy.keyfile.mode = w.instance.mode = MODE_ACT;
	hold_key(1), hold_key(2);
	struct seen *s = t->seen;
	s->self = 0;
	cut_z(s->process.process_id, sizeof(s->process.process_id), "process1");
	s->process.is_answering = true;
	for (unsigned i = 0; i < FLEET_N; i++) {
		s->members[i].hello = (struct fact){.who = WITNESS_OWN_EYES, .at = s->now};
		s->members[i].id = (int)i + 4;
		snprintf(s->members[i].process_id, PROCESS_ID_CHARS + 1, "process%u", i + 1);
	}
	t->anchor.pivot = key_n(1);
	t->anchor.highest_number = 1;
	file(KEY1);
	(void)look();
	return 0;
}
static int end(void **state)
{
	keychain_fini(&w.t.chain);
	return tear_down(state);
}
static void anew(void)
{
	(void)end(NULL);
	(void)begin(NULL);
}
/* Generation 4 goes from key 1 to key 2. */
static void under_way(void)
{
	struct seen_ledger *l = &w.t.seen->ledger;
	l->proposal.pivot = key_n(1);
	l->proposal.next = key_n(2);
	l->proposal.after = (struct key_name){.number = 0};
}
/* And it was given up: what it proposed has number 8. */
static void closed(void)
{
	under_way();
	w.t.seen->ledger.proposal.next.number = 8;
	w.t.seen->ledger.roll.closure = (struct closure){.is_given = true, .generation = 4};
}
static bool does(enum act_kind kind, struct act a, struct err *err)
{
	a.kind = kind;
	*err = (struct err)ERR_INIT;
	return enact(&w.t, &a, err);
}
static void must(enum act_kind kind, struct act a)
{
	struct err err;
	if (!does(kind, a, &err))
		fail_msg("%s: %s", act_table[kind].word, err.text);
}
static enum err_kind fails(enum act_kind kind, struct act a)
{
	struct err err;
	if (does(kind, a, &err))
		fail_msg("%s is done", act_table[kind].word);
	return err.kind;
}
/* The document as this host decodes it. */
static void read_doc(enum doc_type type, const char *id, void *ret)
{
	struct doc_trust trust = seat_trust(&w.t);
	struct err err = ERR_INIT;
	int i = doc_at(id);
	if (i < 0)
		fail_msg("'%s' is not there", id);
	if (!ledger_decode(type, str_of(w.docs[i].text), &trust, ret, &err))
		fail_msg("'%s': %s", id, err.text);
}
static const char *named(const char *kind, const char *name)
{
	static char id[DOC_ID_BYTES];
	return doc_id(id, kind, name);
}

/* ---- the ledger ---- */

static void a_ledger_is_made_once(void **state UNUSED)
{
	drop("ledger");
	w.t.anchor.ledger.hex[0] = 0;
	must(ACT_FOUND_LEDGER, (struct act){.order = {.hex = ""}});
	assert_true(w.t.anchor.ledger.hex[0] != 0);
	assert_string_equal(w.t.anchor.ledger.hex, w.t.notes.founding.hex);
	assert_non_null(strstr(text_of("/state/notes.json"), w.t.notes.founding.hex));
	assert_non_null(strstr(text_of("/state/anchor.json"), w.t.notes.founding.hex));
	(void)look();
	assert_true(w.t.seen->ledger.exists && !w.t.seen->ledger.is_other_than_anchor);
	/* Somebody else made it: this one is not ours. */
	anew();
	w.t.anchor.ledger.hex[0] = 0;
	must(ACT_FOUND_LEDGER, (struct act){.order = {.hex = ""}});
	assert_string_equal(w.t.anchor.ledger.hex, "");
	/* One that was begun goes on under the same id. */
	anew();
	drop("ledger");
	w.t.anchor.ledger.hex[0] = 0;
	memset(w.t.notes.founding.hex, 'b', TOKEN_CHARS);
	must(ACT_FOUND_LEDGER, (struct act){.order = {.hex = ""}});
	assert_int_equal(w.t.anchor.ledger.hex[0], 'b');
	/* Not without its note, nor where the store is away. */
	anew();
	drop("ledger");
	w.t.anchor.ledger.hex[0] = 0;
	w.files.is_full = true;
	assert_int_equal(fails(ACT_FOUND_LEDGER, (struct act){.generation = 0}), ERR_DISK_FULL);
	assert_int_equal(doc_at("ledger"), -1);
	w.files.is_full = false;
	w.is_down = true;
	assert_int_equal(fails(ACT_FOUND_LEDGER, (struct act){.generation = 0}), ERR_UNREACHABLE);
	assert_string_equal(w.t.anchor.ledger.hex, "");
}

static void an_identity_is_endorsed_by_the_key_in_use(void **state UNUSED)
{
	static struct identity_doc doc;
	const char *id = named("identity", fleet.keys[0].spki.hex);
	drop(id);
	must(ACT_PUBLISH_IDENTITY, (struct act){.generation = 0});
	read_doc(DOC_IDENTITY, id, &doc);
	assert_int_equal(doc.identity.how, ENDORSED_BY_KEY);
	assert_string_equal(doc.identity.host, fleet_hosts[0]);
	assert_string_equal(doc.identity.head.ledger.hex, w.t.anchor.ledger.hex);
	/* What could not be opened goes, so that it is sealed anew; that is counted. */
	put("welcome/x", str_of("{}"));
	cut_z(w.t.unreadable, sizeof(w.t.unreadable), "welcome/x");
	must(ACT_PUBLISH_IDENTITY, (struct act){.generation = 0});
	assert_int_equal(doc_at("welcome/x"), -1);
	assert_int_equal(w.t.asked_again_n, 1);
	assert_string_equal(w.t.unreadable, "");
	/* Who has not joined says it in the ledger as it is there. */
	w.t.anchor.ledger.hex[0] = 0;
	memset(w.t.seen->ledger.id.hex, 'c', TOKEN_CHARS);
	must(ACT_PUBLISH_IDENTITY, (struct act){.generation = 0});
	assert_non_null(strstr(w.docs[doc_at(id)].text, "cccccccc"));
	keychain_fini(&w.t.chain);
	assert_int_equal(fails(ACT_PUBLISH_IDENTITY, (struct act){.generation = 0}), ERR_NOT_FOUND);
}

static unsigned opened(unsigned who, const char *id, const struct proposal *p)
{
	struct doc_trust trust = seat_trust(&w.t);
	const struct envelope_want want = {.trust = &trust,
					   .proposal = p,
					   .host = fleet_hosts[who],
					   .salt_hex = SALT,
					   .nonce = p ? NULL : &fleet.ids[who].head.incarnation};
	struct keyring_doc e = {.generation = 0};
	struct err err = ERR_INIT;
	int i = doc_at(id);
	if (i < 0)
		return 0;
	if (!envelope_open(str_of(w.docs[i].text), &fleet.keys[who], &want, &e, &err))
		fail_msg("%s: %s", id, err.text);
	unsigned n = e.keys.n;
	assert_string_equal(e.salt_hex, SALT);
	keyring_doc_fini(&e);
	return n;
}

static void who_is_admitted_is_welcomed_with_the_salt_and_the_key(void **state UNUSED)
{
	char id[DOC_ID_BYTES];
	w.t.seen->ledger.has_proposal = false;
	w.t.anchor.pivot = w.t.seen->anchor.pivot = key_n(1);
	must(ACT_WELCOME, (struct act){.generation = 0});
	assert_int_equal(opened(1, doc_id_welcome(id, &fleet.keys[1].spki), NULL), 1);
	assert_int_equal(opened(2, doc_id_welcome(id, &fleet.keys[2].spki), NULL), 1);
	assert_int_equal(doc_at(doc_id_welcome(id, &fleet.keys[0].spki)), -1);
	/* Not who is revoked, superseded, unknown, or was welcomed before. */
	for (int i = 0; i < 4; i++) {
		anew();
		w.t.seen->ledger.has_proposal = false;
		for (unsigned k = 0; k < w.t.identities_n; k++) {
			struct identity *x = &w.ids[k].identity;
			x->is_revoked = i == 0;
			x->is_superseded = i == 1;
			x->is_admitted = i != 2;
			w.t.is_welcomed[k] |= i == 3;
		}
		must(ACT_WELCOME, (struct act){.generation = 0});
		assert_int_equal(doc_at(doc_id_welcome(id, &fleet.keys[1].spki)), -1);
	}
}

static void who_joined_later_gets_the_keys_of_the_generation(void **state UNUSED)
{
	char id[DOC_ID_BYTES];
	for (int is_over = 0; is_over < 2; is_over++) {
		anew();
		under_way();
		struct seen_ledger *l = &w.t.seen->ledger;
		l->roll.closure.is_given = is_over;
		for (unsigned i = 0; i < w.t.identities_n; i++) {
			w.t.is_welcomed[i] = true;
			w.t.is_keyless[i] =
			    spki_equal(&w.ids[i].identity.spki, &fleet.keys[2].spki);
		}
		must(ACT_WELCOME, (struct act){.generation = 4});
		const struct digest *d = &l->proposal.digest;
		assert_int_equal(opened(2, envelope_id(id, d, &fleet.keys[2].spki), &l->proposal),
				 is_over ? 1 : 2);
		assert_int_equal(doc_at(envelope_id(id, d, &fleet.keys[1].spki)), -1);
	}
	/* A key that is not held is not sealed. */
	keychain_drop(&w.t.chain, id_n(2));
	assert_int_equal(fails(ACT_WELCOME, (struct act){.generation = 4}), ERR_NOT_FOUND);
}

static void a_statement_says_how_its_member_stands(void **state UNUSED)
{
	static struct statement st;
	struct seen *s = w.t.seen;
	s->process.loaded = s->keyfile.ring;
	s->is_rehearsed = true;
	s->rehearsed_at.us = 7;
	cut_z(s->rehearsal, sizeof(s->rehearsal), "clock: wrong");
	s->certificate.served.is_known = true;
	cut_z(s->certificate.served.serial, 64, "0A");
	s->certificate.served.not_after.us = 8 * US_S;
	s->certificate.served.not_before.us = 9 * US_S;
	memset(s->certificate.order_done.hex, '1', TOKEN_CHARS);
	memset(s->certificate.order_refused.hex, '2', TOKEN_CHARS);
	s->certificate.is_taken_back = true;
	must(ACT_PUBLISH_STATEMENT, (struct act){.generation = 4});
	read_doc(DOC_STATEMENT, named("statement", fleet_hosts[0]), &st);
	assert_string_equal(st.host, fleet_hosts[0]);
	assert_int_equal(st.member, 4);
	assert_int_equal(st.generation, 4);
	assert_int_equal(st.protocol, PROTOCOL_NUMBER);
	assert_string_equal(st.process_id, "process1");
	assert_string_equal(st.mode, "act");
	assert_true(ring_ids_equal(&st.disk, &s->keyfile.ring) && st.running.is_known);
	assert_true(st.is_rehearsed && st.rehearsed_at.us == 7);
	assert_string_equal(st.findings, "clock: wrong");
	assert_string_equal(st.certificate_serial, "0A");
	assert_true(st.certificate_not_after.us == 8 * US_S);
	assert_true(st.certificate_not_before.us == 9 * US_S);
	assert_int_equal(st.certificate_order.hex[0], '1');
	assert_int_equal(st.certificate_refused.hex[0], '2');
	assert_true(st.is_certificate_taken_back && !st.is_given_up);
	s->certificate.served.is_known = s->ledger.has_proposal = false;
	must(ACT_PUBLISH_STATEMENT, (struct act){.generation = 0});
	read_doc(DOC_STATEMENT, named("statement", fleet_hosts[0]), &st);
	assert_int_equal(st.generation, 0);
	assert_string_equal(st.certificate_serial, "");
	s->ledger.has_proposal = true;
	s->ledger.roll.votes[1].word = VOTE_NAY;
	must(ACT_PUBLISH_STATEMENT, (struct act){.generation = 4});
	read_doc(DOC_STATEMENT, named("statement", fleet_hosts[0]), &st);
	assert_true(st.is_given_up);
}

static void documents_that_nothing_needs_are_removed(void **state UNUSED)
{
	put("order/1", str_of("{}")), put("order/2", str_of("{}")), put("order/3", str_of("{}"));
	w.t.outlived_n = 2;
	cut_z(w.t.outlived[0].id, DOC_ID_BYTES, "order/1");
	cut_z(w.t.outlived[1].id, DOC_ID_BYTES, "order/2");
	w.t.outlived[0].rev = 1;
	w.t.outlived[1].rev = 2; /* changed since */
	must(ACT_TIDY_LEDGER, (struct act){.generation = 0});
	assert_int_equal(doc_at("order/1"), -1);
	assert_true(doc_at("order/2") >= 0 && doc_at("order/3") >= 0);
	assert_int_equal(w.t.outlived_n, 0);
	w.is_down = true;
	must(ACT_TIDY_LEDGER, (struct act){.generation = 0});
	w.t.outlived_n = 1;
	assert_int_equal(fails(ACT_TIDY_LEDGER, (struct act){.generation = 0}), ERR_UNREACHABLE);
}

/* ---- a write whose answer does not come ---- */

static void what_became_of_a_write_is_looked_up(void **state UNUSED)
{
	static struct hold h;
	struct err err = ERR_INIT;
	int64_t rev = 0;
	w.unsure_n = 1; /* it was taken */
	assert_true(seat_hold(&w.t, true, "amy", "rack", &rev, &err));
	assert_int_equal(rev, 1);
	assert_int_equal(w.docs[doc_at("hold")].rev, 1);
	w.lost_n = 4; /* it was lost, and is sent again */
	assert_true(seat_hold(&w.t, false, "amy", "rack", &rev, &err));
	assert_int_equal(rev, 2);
	read_doc(DOC_HOLD, "hold", &h);
	assert_false(h.is_on);
	assert_string_equal(h.who, "amy");
	assert_string_equal(h.why, "rack");
	w.lost_n = 5; /* five times, then it is not known */
	assert_false(seat_hold(&w.t, true, "amy", "rack", &rev, &err));
	assert_int_equal(err.kind, ERR_AMBIGUOUS);
	assert_int_equal(w.docs[doc_at("hold")].rev, 2);
}

/* ---- the rotation ---- */

static void speak_all(void)
{
	for (unsigned i = 0; i < FLEET_N; i++) {
		w.t.seen->members[i].has_statement = true;
		w.t.seen->members[i].statement.head.from = fleet.keys[i].spki;
	}
}
static struct order *stands(unsigned at, enum order_kind kind, char letter)
{
	struct order *o = &w.t.seen->ledger.orders[at];
	char id[DOC_ID_BYTES];
	*o = (struct order){.kind = kind};
	memset(o->id.hex, letter, TOKEN_CHARS);
	put(doc_id(id, "order", o->id.hex), str_of("{}"));
	w.t.seen->ledger.orders_n = MAX(w.t.seen->ledger.orders_n, at + 1);
	return o;
}

static void a_proposal_is_sealed_for_all_and_names_what_was_before(void **state UNUSED)
{
	static struct proposal p;
	char id[DOC_ID_BYTES];
	struct seen *s = w.t.seen;
	struct act a = {.urgency = URGENCY_EMERGENCY, .reason = "quarterly"};
	s->ledger.has_proposal = false;
	s->config_version = 12;
	s->config_term = 13;
	s->anchor = w.t.anchor;
	drop("proposal/4");
	speak_all();
	a.order = stands(0, ORDER_KEYFILE, '1')->id;
	(void)stands(1, ORDER_KEYFILE, '2');
	(void)stands(2, ORDER_CERTIFICATES, '3');
	cut_z(w.t.approved.id, sizeof(w.t.approved.id), "3f2a9c10");
	must(ACT_PROPOSE, a);
	read_doc(DOC_PROPOSAL, "proposal/1", &p);
	assert_int_equal(p.generation, 1);
	assert_int_equal(p.urgency, URGENCY_EMERGENCY);
	assert_string_equal(p.reason, "quarterly");
	assert_true(p.config_version == 12 && p.config_term == 13);
	assert_true(key_id_equal(&p.pivot.id, id_n(1)));
	assert_int_equal(p.next.number, 2);
	assert_int_equal(p.after.number, 0);
	assert_string_equal(p.order.hex, a.order.hex);
	assert_int_equal(p.roll_n, 3);
	for (unsigned i = 0; i < FLEET_N; i++) {
		assert_string_equal(p.roll[i].host, fleet_hosts[i]);
		assert_int_equal(p.roll[i].member, i + 4);
		assert_true(spki_equal(&p.roll[i].identity, &fleet.keys[i].spki));
		assert_false(p.roll[i].is_dead);
		assert_int_equal(opened(i, envelope_id(id, &p.digest, &fleet.keys[i].spki), &p), 2);
	}
	assert_non_null(keychain_find(&w.t.chain, &p.next.id));
	/* The order that it serves stays to the end, the other ones for a keyfile are over. */
	assert_true(doc_at(named("order", a.order.hex)) >= 0);
	assert_int_equal(doc_at(named("order", s->ledger.orders[1].id.hex)), -1);
	assert_true(doc_at(named("order", s->ledger.orders[2].id.hex)) >= 0);
	assert_string_equal(w.t.approved.id, "");
}

static void a_proposal_follows_the_one_before(void **state UNUSED)
{
	static struct proposal p;
	const struct digest before = w.t.seen->ledger.proposal.digest;
	speak_all();
	closed();
	w.config.policy.keyfile.strategy = STRATEGY_STANDBY;
	must(ACT_PROPOSE, (struct act){.reason = "old"});
	read_doc(DOC_PROPOSAL, "proposal/5", &p);
	assert_string_equal(p.previous.hex, before.hex);
	assert_int_equal(p.next.number, 9); /* 8 was proposed */
	assert_int_equal(p.after.number, 10);
	/* The key that stands by is the next one, save in an emergency. */
	for (int is_emergency = 0; is_emergency < 2; is_emergency++) {
		anew();
		speak_all();
		closed();
		w.t.anchor.standby = key_n(2);
		must(ACT_PROPOSE,
		     (struct act){.reason = "old",
				  .urgency = is_emergency ? URGENCY_EMERGENCY : URGENCY_ROUTINE});
		read_doc(DOC_PROPOSAL, "proposal/5", &p);
		assert_int_equal(key_id_equal(&p.next.id, id_n(2)), !is_emergency);
		assert_int_equal(p.next.number, is_emergency ? 9 : 2);
	}
	/* Nor where it was retired since, or is not held. */
	for (int i = 0; i < 2; i++) {
		anew();
		speak_all();
		closed();
		w.t.anchor.standby = key_n(2);
		if (i == 0)
			w.t.anchor.retired[w.t.anchor.retired_n++] = key_n(2);
		else
			keychain_drop(&w.t.chain, id_n(2));
		must(ACT_PROPOSE, (struct act){.reason = "old"});
		read_doc(DOC_PROPOSAL, "proposal/5", &p);
		assert_int_equal(p.next.number, 9);
	}
}

static void nobody_is_proposed_to_whom_no_identity_speaks_for(void **state UNUSED)
{
	static struct proposal p;
	const unsigned held = w.t.chain.n;
	speak_all();
	closed();
	w.t.seen->anchor = w.t.anchor;
	w.t.seen->members[2].statement.head.from.hex[0] ^= 1;
	assert_int_equal(fails(ACT_PROPOSE, (struct act){.reason = "old"}), ERR_UNTRUSTED);
	assert_int_equal(doc_at("proposal/5"), -1);
	assert_int_equal(w.t.chain.n, held); /* the keys it made are nobody's */
	/* Save for one that is declared dead. */
	w.t.seen->ledger.has_proposal = false;
	w.t.seen->members[2].is_revoked = true;
	drop("proposal/4");
	must(ACT_PROPOSE, (struct act){.reason = "old"});
	read_doc(DOC_PROPOSAL, "proposal/1", &p);
	assert_true(p.roll[2].is_dead && !p.roll[1].is_dead);
	assert_string_equal(p.roll[2].identity.hex, "");
	/* A cloned host gets none. */
	anew();
	speak_all();
	closed();
	w.t.seen->members[1].is_doubled = true;
	assert_int_equal(fails(ACT_PROPOSE, (struct act){.reason = "old"}), ERR_UNTRUSTED);
	/* Another one was first. */
	anew();
	speak_all();
	closed();
	put("proposal/5", str_of("{}"));
	assert_int_equal(fails(ACT_PROPOSE, (struct act){.reason = "old"}), ERR_CONFLICT);
	assert_int_equal(w.t.chain.n, 2);
}

static struct act ring(unsigned n)
{
	return (struct act){.ring_n = n, .ring = {key_n(1), key_n(2)}, .generation = 4};
}

static void a_keyfile_is_written_after_its_keys_are_noted(void **state UNUSED)
{
	cut_z(w.instance.changed_hook, sizeof(w.instance.changed_hook), "/bin/changed");
	must(ACT_PUT_KEYFILE, ring(2));
	assert_non_null(strstr(text_of(KEYFILE), KEY1));
	assert_non_null(strstr(text_of(KEYFILE), KEY2));
	assert_string_equal(text_of(KEYFILE FILES_PREVIOUS_SUFFIX), KEY1);
	assert_int_equal(w.t.notes.written_ring.n, 2);
	assert_true(key_id_equal(&w.t.notes.written_ring.ids[1], id_n(2)));
	assert_true(w.t.notes.has_written && w.t.notes.changed_keyfile);
	observe_keyfile(&w.t);
	assert_int_equal(w.t.seen->keyfile.ring.n, 2);
	assert_false(w.t.seen->keyfile.is_foreign);
	/* One that is not held cannot be written, and nothing is noted. */
	anew();
	keychain_drop(&w.t.chain, id_n(2));
	assert_int_equal(fails(ACT_PUT_KEYFILE, ring(2)), ERR_NOT_FOUND);
	assert_string_equal(text_of(KEYFILE), KEY1);
	assert_int_equal(w.t.notes.written_ring.n, 1);
	anew();
	w.files.is_full = true;
	assert_int_equal(fails(ACT_PUT_KEYFILE, ring(2)), ERR_DISK_FULL);
	assert_string_equal(text_of(KEYFILE), KEY1);
	/* A restore spends its budget and its approval before. */
	anew();
	cut_z(w.t.approved.id, sizeof(w.t.approved.id), "3f2a9c10");
	must(ACT_RESTORE_KEYFILE, ring(1));
	assert_true(w.t.notes.restored_at.us > 0);
	assert_string_equal(w.t.approved.id, "");
}

/* ---- the turn ---- */

static void a_turn_is_taken_used_and_given_back(void **state UNUSED)
{
	static struct claim c;
	w.t.seen->ledger.claim.beat = 41;
	must(ACT_TAKE_CLAIM, (struct act){.purpose = CLAIM_FOR_CERTIFICATE});
	read_doc(DOC_CLAIM, "claim", &c);
	assert_int_equal(c.state, CLAIM_WAITING);
	assert_int_equal(c.purpose, CLAIM_FOR_CERTIFICATE);
	assert_int_equal(c.beat, 42);
	assert_int_equal(c.generation, 4);
	assert_string_equal(c.host, fleet_hosts[0]);
	assert_string_equal(c.process_id, "process1");
	(void)look();
	must(ACT_CLAIM_ACTING, (struct act){.purpose = CLAIM_FOR_RESTART});
	read_doc(DOC_CLAIM, "claim", &c);
	assert_int_equal(c.state, CLAIM_ACTING);
	/* By what was read: who was first has it. */
	assert_int_equal(fails(ACT_RELEASE_CLAIM, (struct act){.generation = 4}), ERR_CONFLICT);
	(void)look();
	w.t.seen->ledger.has_proposal = false;
	must(ACT_RELEASE_CLAIM, (struct act){.generation = 4});
	read_doc(DOC_CLAIM, "claim", &c);
	assert_int_equal(c.state, CLAIM_FREE);
	assert_int_equal(c.purpose, CLAIM_FOR_RESTART);
	assert_int_equal(c.generation, 0);
	assert_string_equal(c.host, "");
}

static void how_long_a_member_drains_is_set_on_it(void **state UNUSED)
{
	must(ACT_SET_DRAIN, (struct act){.drain_ms = 5000});
	assert_int_equal(m.set_to, 5000);
	assert_int_equal(w.t.server.shutdown_timeout_ms, 5000);
	assert_string_equal(m.parameter, "shutdownTimeoutMillisForSignaledShutdown");
	m.refuses = ERR_REFUSED;
	assert_int_equal(fails(ACT_SET_DRAIN, (struct act){.drain_ms = 7}), ERR_REFUSED);
	assert_int_equal(w.t.server.shutdown_timeout_ms, 5000);
	m.refuses = ERR_NONE;
	w.t.seen->sharding.fact.who = WITNESS_OWN_EYES;
	w.t.seen->sharding.part = SHARDING_ROUTER;
	must(ACT_SET_DRAIN, (struct act){.drain_ms = 5000});
	assert_string_equal(m.parameter, "mongosShutdownTimeoutMillisForSignaledShutdown");
	w.t.chain.n = 0;
	w.t.seen->keyfile.ring.n = 0;
	assert_int_equal(fails(ACT_SET_DRAIN, (struct act){.drain_ms = 7}), ERR_AUTH);
}

static void a_step_down_that_is_refused_rests(void **state UNUSED)
{
	static const struct {
		enum err_kind refuses;
		int code;
		const char *says, *why;
		enum err_kind kind;
		bool rests;
	} rows[] = {
	    {ERR_NONE, 0, "", "", ERR_NONE, false},
	    {ERR_REFUSED, 262,
	     "262: No electable secondaries caught up. Please use the "
	     "replSetStepDown command with force",
	     "262: No electable secondaries caught up.", ERR_REFUSED, true},
	    {ERR_TIMEOUT, 0, "no answer", "no answer", ERR_TIMEOUT, true},
	    {ERR_REFUSED, 10107, "not primary", "", ERR_CONFLICT, false},
	    {ERR_TIMEOUT, 10107, "not primary", "not primary", ERR_TIMEOUT, true},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct err err;
		anew();
		m.refuses = rows[i].refuses;
		m.code = rows[i].code;
		m.says = rows[i].says;
		const bool ok = does(ACT_STEP_DOWN, (struct act){.generation = 4}, &err);
		const struct notes *n = &w.t.notes;
		if (ok != (rows[i].kind == ERR_NONE) || err.kind != rows[i].kind ||
		    strcmp(n->step_down_why, rows[i].why) != 0)
			fail_msg("row %zu: %d '%s'", i, (int)err.kind, n->step_down_why);
		assert_int_equal(n->step_down_refused_at.us != 0, rows[i].rests);
		assert_int_equal(n->step_down_took_us, rows[i].rests ? US_S : 0);
	}
}

static void a_restart_is_noted_before_it_begins(void **state UNUSED)
{
	struct notes *n = &w.t.notes;
	n->job_is_rollback = true;
	must(ACT_RESTART, (struct act){.generation = 4});
	assert_true(n->job_is_open && !n->job_is_rollback && w.t.is_job_begun);
	assert_string_equal(n->job_process, "process1");
	assert_true(ring_ids_equal(&n->job_ring, &w.t.seen->keyfile.ring));
	assert_int_equal(m.verb, VERB_RESTART);
	assert_true(m.begun_n == 1 && m.forgotten_n == 1);
	assert_true(n->job_begun_at.us > 0);
	/* One that could not begin is a debt, with its age and its count. */
	anew();
	m.begin_fails = ERR_NOT_FOUND;
	assert_int_equal(fails(ACT_RESTART, (struct act){.generation = 4}), ERR_NOT_FOUND);
	assert_false(n->job_is_open);
	assert_int_equal(n->restart_tries, 1);
	assert_non_null(strstr(n->restart_owed_why, "no such unit"));
	const struct wall since = n->restart_owed_since;
	assert_int_equal(since.us, n->job_begun_at.us);
	assert_int_equal(fails(ACT_RESTART, (struct act){.generation = 4}), ERR_NOT_FOUND);
	assert_int_equal(n->restart_tries, 2);
	assert_int_equal(n->restart_owed_since.us, since.us);
	assert_true(n->restart_failed_at.us > since.us);
	/* Another one is not over: this is none. */
	anew();
	m.begin_fails = ERR_CONFLICT;
	assert_int_equal(fails(ACT_RESTART, (struct act){.generation = 4}), ERR_CONFLICT);
	assert_true(n->job_is_open);
	assert_int_equal(n->restart_tries, 0);
	/* Somebody wrote the file in between. */
	anew();
	fake_files_set(&w.files, KEYFILE, KEY2, strlen(KEY2));
	assert_int_equal(fails(ACT_RESTART, (struct act){.generation = 4}), ERR_CHANGED);
	assert_int_equal(m.begun_n, 0);
	anew();
	w.files.is_full = true;
	assert_int_equal(fails(ACT_RESTART, (struct act){.generation = 4}), ERR_DISK_FULL);
	assert_int_equal(m.begun_n, 0);
}

static void one_that_is_gone_is_started_in_the_way_that_works(void **state UNUSED)
{
	static const struct {
		enum restart_how how;
		enum restart_verb verb;
	} rows[] = {{RESTART_UNIT, VERB_START}, {RESTART_HOOK, VERB_RESTART}};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		anew();
		w.instance.restart_how = rows[i].how;
		w.t.job_ended_at.us = 5;
		must(ACT_START, (struct act){.generation = 4});
		assert_int_equal(m.verb, rows[i].verb);
		assert_true(w.t.is_job_begun && w.t.job_ended_at.us == 0);
		m.begin_fails = ERR_SYSTEM;
		assert_int_equal(fails(ACT_START, (struct act){.generation = 4}), ERR_SYSTEM);
		assert_false(w.t.is_job_begun);
		/* The same on the way back, onto the previous file. */
		struct notes *n = &w.t.notes;
		n->rolled_back_away_us = n->rolled_back_hold = 9;
		m.begin_fails = ERR_NONE;
		must(ACT_ROLL_BACK, (struct act){.ring_n = 1,
						 .ring = {key_n(2)},
						 .generation = 4,
						 .reason = "it does not come back"});
		assert_int_equal(m.verb, rows[i].verb);
		assert_true(n->job_is_rollback && n->rolled_back_at.us > 0);
		assert_string_equal(n->rolled_back_why, "it does not come back");
		assert_true(n->rolled_back_away_us == 0 && n->rolled_back_hold == 0);
		assert_true(key_id_equal(&n->job_ring.ids[0], id_n(2)));
		assert_non_null(strstr(text_of(KEYFILE), KEY2));
		m.begin_fails = ERR_SYSTEM;
		assert_int_equal(fails(ACT_ROLL_BACK, ring(1)), ERR_SYSTEM);
		assert_false(n->job_is_rollback);
	}
	w.files.is_full = true;
	m.begun_n = 0;
	assert_int_equal(fails(ACT_ROLL_BACK, ring(1)), ERR_DISK_FULL);
	assert_int_equal(m.begun_n, 0);
}

static void what_is_known_after_a_restart(void **state UNUSED)
{
	static const struct {
		const char *name, *process, *file;
		bool is_rollback, is_lost, is_answering, is_late; /* the file was written after */
		bool is_loaded_known, is_owed;
		int64_t away_s, turn_s; /* 0: not told */
		int64_t began_s;
	} rows[] = {
	    {"is back", "process2", KEY1, false, false, true, false, true, false, 0, 9, 8},
	    {"is back after more than an hour", "process2", KEY1, false, false, true, false, true,
	     false, 0, 0, 3600},
	    {"is back onto another file", "process2", KEY2, false, false, true, false, false, false,
	     0, 9, 8},
	    {"is back by the way back", "process2", KEY1, true, false, true, false, true, false, 9,
	     0, 8},
	    {"came back before the file did", "process2", KEY1, true, false, true, true, false,
	     false, 9, 0, 8},
	    {"did nothing", "process1", KEY1, false, false, true, false, false, true, 0, 0, 8},
	    {"was lost", "process1", KEY1, false, true, true, false, false, false, 0, 0, 8},
	    {"does not answer", "process2", KEY1, false, false, false, false, false, true, 0, 0, 8},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		anew();
		struct notes *n = &w.t.notes;
		struct seen *s = w.t.seen;
		n->job_is_open = true;
		n->job_is_rollback = rows[i].is_rollback;
		n->job_ring = s->keyfile.ring;
		n->loaded.is_known = false;
		n->loaded_process[0] = 0;
		cut_z(n->job_process, sizeof(n->job_process), "process1");
		n->job_begun_at.us = m.now.us - rows[i].began_s * US_S;
		n->restart_owed_since.us = rows[i].is_owed ? 0 : 5;
		n->restart_tries = rows[i].is_owed ? 0 : 5;
		file(rows[i].file);
		cut_z(s->process.process_id, sizeof(s->process.process_id), rows[i].process);
		s->process.is_answering = rows[i].is_answering;
		s->job.is_lost = rows[i].is_lost;
		s->process.started_at.us = 100;
		n->written_changed.us = rows[i].is_late ? 100 : 99;
		w.t.has_server = true;
		w.t.rs_at.us = w.t.certificate_at.us = 5;
		must(ACT_END_JOB, (struct act){.reason = "it failed"});
		assert_false(n->job_is_open);
		if (n->loaded.is_known != rows[i].is_loaded_known ||
		    n->rolled_back_away_us != rows[i].away_s * US_S ||
		    n->turn_took_us != rows[i].turn_s * US_S)
			fail_msg("%s: %d %lld %lld", rows[i].name, n->loaded.is_known,
				 (long long)n->rolled_back_away_us, (long long)n->turn_took_us);
		const bool is_new =
		    strcmp(rows[i].process, "process2") == 0 && rows[i].is_answering;
		assert_string_equal(n->loaded_process, is_new ? "process2" : "");
		assert_int_equal(n->restart_tries, rows[i].is_owed ? 1 : is_new ? 0 : 5);
		assert_string_equal(n->restart_owed_why, rows[i].is_owed ? "it failed" : "");
		assert_false(w.t.has_server);
		assert_true(w.t.rs_at.us == 0 && w.t.certificate_at.us == 0);
	}
}

/* ---- votes ---- */

static struct roll_parts *parts(void)
{
	static struct roll_parts p;
	struct err err = ERR_INIT;
	int i = doc_at("roll/4");
	assert_true(i >= 0);
	assert_true(roll_parts_decode(str_of(w.docs[i].text), &p, &err));
	return &p;
}
static void read_vote(unsigned at, struct vote *ret)
{
	struct doc_trust trust = seat_trust(&w.t);
	struct err err = ERR_INIT;
	assert_true(at < parts()->votes_n);
	assert_true(vote_decode(parts()->votes[at].text, &trust, ret, &err));
}

static void a_vote_is_on_this_hosts_disk_before_it_is_told(void **state UNUSED)
{
	static struct vote v;
	struct anchor *a = &w.t.anchor;
	under_way();
	file("- " KEY1 "\n- " KEY2 "\n");
	w.t.seen->process.loaded = w.t.seen->keyfile.ring;
	must(ACT_VOTE, (struct act){.vote = VOTE_YEA, .generation = 4, .reason = "because"});
	read_vote(0, &v);
	assert_int_equal(v.word, VOTE_YEA);
	assert_string_equal(v.host, fleet_hosts[0]);
	assert_string_equal(v.process_id, "process1");
	assert_string_equal(v.path, KEYFILE);
	assert_string_equal(v.reason, "");
	assert_true(v.disk.n == 2 && v.running.n == 2);
	assert_int_equal(a->votes_n, 1);
	assert_true(a->votes[0].word == VOTE_YEA && a->votes[0].generation == 4);
	assert_non_null(strstr(text_of("/state/anchor.json"), fleet_hosts[0]));
	/* Not without both keys in the file, nor where it cannot be noted. */
	for (int i = 0; i < 4; i++) {
		anew();
		under_way();
		m.sync_fails = i == 3;
		file(i == 0 ? KEY1 : i == 1 ? KEY2 : "- " KEY1 "\n- " KEY2 "\n");
		w.files.is_full = i == 2;
		assert_int_equal(fails(ACT_VOTE, (struct act){.vote = VOTE_YEA, .generation = 4}),
				 i == 3   ? ERR_SYSTEM
				 : i == 2 ? ERR_DISK_FULL
					  : ERR_CHANGED);
		assert_int_equal(doc_at("roll/4"), -1);
	}
	/* A nay needs no file, and says why. */
	anew();
	under_way();
	must(ACT_VOTE, (struct act){.vote = VOTE_NAY, .generation = 4, .reason = "because"});
	read_vote(0, &v);
	assert_int_equal(v.word, VOTE_NAY);
	assert_string_equal(v.reason, "because");
}

static void votes_of_several_members_of_a_host_are_kept_apart(void **state UNUSED)
{
	struct anchor *a = &w.t.anchor;
	const struct act nay = {.vote = VOTE_NAY, .generation = 4, .reason = "because"};
	under_way();
	a->votes_n = INSTANCES_MAX;
	for (unsigned i = 0; i < INSTANCES_MAX; i++) {
		snprintf(a->votes[i].host, HOST_BYTES_MAX, "other%u:27017", i);
		a->votes[i].word = VOTE_YEA;
		a->votes[i].generation = 4;
	}
	assert_int_equal(fails(ACT_VOTE, nay), ERR_LIMIT);
	a->votes[2].generation = 3; /* ended: it binds nobody */
	must(ACT_VOTE, nay);
	assert_string_equal(a->votes[2].host, fleet_hosts[0]);
	assert_int_equal(a->votes[2].word, VOTE_NAY);
	assert_int_equal(a->votes_n, INSTANCES_MAX);
	/* Its own place is taken again. */
	anew();
	under_way();
	a->votes_n = 2;
	cut_z(a->votes[0].host, HOST_BYTES_MAX, "other:27017");
	a->votes[0].word = a->votes[1].word = VOTE_YEA;
	a->votes[0].generation = 2;
	cut_z(a->votes[1].host, HOST_BYTES_MAX, fleet_hosts[0]);
	a->votes[1].generation = 3;
	must(ACT_VOTE, nay);
	assert_int_equal(a->votes_n, 2);
	assert_int_equal(a->votes[1].generation, 4);
	assert_int_equal(a->votes[0].generation, 2);
}

static void proof(unsigned member, unsigned key, enum login_verdict verdict)
{
	struct seen_member *x = &w.t.seen->members[member];
	struct key_proof *p = &x->proofs[x->proofs_n++];
	*p = (struct key_proof){.key = key_n(key).id, .verdict = verdict, .is_controlled = true};
	cut_z(p->process_id, sizeof(p->process_id), x->process_id);
}

static void a_generation_is_closed_with_its_proofs(void **state UNUSED)
{
	static struct closure c;
	struct doc_trust trust = seat_trust(&w.t);
	struct err err = ERR_INIT;
	for (int is_carried = 1; is_carried >= 0; is_carried--) {
		anew();
		under_way();
		for (unsigned i = 0; i < FLEET_N; i++)
			w.t.seen->ledger.roll.votes[i].word = VOTE_YEA;
		w.t.seen->ledger.roll.rev = 1;
		if (!is_carried)
			w.t.seen->ledger.roll.votes[2].word = VOTE_NAY;
		proof(0, 1, LOGIN_REFUSED);
		proof(1, 1, LOGIN_ACCEPTED);
		proof(2, 1, LOGIN_REFUSED);
		must(ACT_CLOSE, (struct act){.generation = 4});
		assert_true(closure_decode(parts()->closure, &trust, &c, &err));
		assert_int_equal(c.is_carried, is_carried);
		assert_int_equal(c.generation, 4);
		assert_int_equal(c.proofs_n, is_carried ? 2 : 0);
		if (is_carried) {
			assert_string_equal(c.proofs[1].host, fleet_hosts[2]);
			assert_string_equal(c.proofs[1].process_id, "process3");
		}
		/* Another one was first: the same. */
		const int64_t rev = w.docs[doc_at("roll/4")].rev;
		must(ACT_CLOSE, (struct act){.generation = 4});
		assert_int_equal(w.docs[doc_at("roll/4")].rev, rev);
		w.is_down = true;
		assert_int_equal(fails(ACT_CLOSE, (struct act){.generation = 4}), ERR_UNREACHABLE);
	}
}

static void a_key_that_is_over_is_forgotten_and_a_new_receiving_key_made(void **state UNUSED)
{
	for (int is_carried = 0; is_carried < 2; is_carried++) {
		char id[DOC_ID_BYTES];
		anew();
		under_way();
		struct anchor *a = &w.t.anchor;
		struct proposal *p = &w.t.seen->ledger.proposal;
		w.t.seen->ledger.roll.closure.is_given = true;
		w.t.seen->ledger.roll.closure.is_carried = is_carried;
		a->next = key_n(2);
		a->burnt = key_n(2);
		a->standby = key_n(2);
		fake_files_set(&w.files, KEYFILE FILES_PREVIOUS_SUFFIX, "old", 3);
		envelope_id(id, &p->digest, &fleet.keys[0].spki);
		put(id, str_of("{}"));
		put(named("order", p->order.hex), str_of("{}"));
		char receive[sizeof(w.t.identity.receive_key)];
		cut_z(receive, sizeof(receive), w.t.identity.receive_key);
		must(ACT_RETIRE, (struct act){.generation = 4});
		const unsigned gone = is_carried ? 1 : 2;
		assert_true(anchor_has_retired(a, id_n(gone)));
		assert_true(key_id_equal(&a->pivot.id, id_n(3 - gone)));
		assert_null(keychain_find(&w.t.chain, id_n(gone)));
		assert_non_null(keychain_find(&w.t.chain, id_n(3 - gone)));
		assert_false(key_id_given(&a->next.id) || key_id_given(&a->burnt.id) ||
			     key_id_given(&a->standby.id));
		assert_int_equal(fake_files_find(&w.files, KEYFILE FILES_PREVIOUS_SUFFIX), -1);
		assert_int_equal(doc_at(id), -1);
		assert_int_equal(doc_at(named("order", p->order.hex)), -1);
		assert_string_not_equal(w.t.identity.receive_key, receive);
		assert_true(text_of("/state/identity.pem")[0]);
		fleet.keys[0] = w.t.identity; /* for the tests that follow */
		cut_z(fleet.ids[0].receive_key, sizeof(fleet.ids[0].receive_key),
		      w.t.identity.receive_key);
	}
	/* Where a step of it fails all is done again: the record comes last. */
	anew();
	under_way();
	w.t.seen->ledger.roll.closure.is_given = w.t.seen->ledger.roll.closure.is_carried = true;
	w.files.cannot_remove = true;
	assert_int_equal(fails(ACT_RETIRE, (struct act){.generation = 4}), ERR_PERMISSION);
	w.files.cannot_remove = false;
	w.is_down = true;
	assert_int_equal(fails(ACT_RETIRE, (struct act){.generation = 4}), ERR_UNREACHABLE);
	assert_false(anchor_has_retired(&w.t.anchor, id_n(1)));
}

/* ---- a person's words ---- */

static void a_hold_after_a_roll_back_is_remembered_by_its_revision(void **state UNUSED)
{
	static struct hold h;
	must(ACT_HOLD, (struct act){.reason = "its turn was rolled back"});
	read_doc(DOC_HOLD, "hold", &h);
	assert_true(h.is_on);
	assert_string_equal(h.who, fleet_hosts[0]);
	assert_string_equal(h.why, "its turn was rolled back");
	assert_int_equal(w.t.notes.rolled_back_hold, 0);
	w.t.notes.rolled_back_at.us = 5;
	must(ACT_HOLD, (struct act){.reason = "its turn was rolled back"});
	assert_int_equal(w.t.notes.rolled_back_hold, 2);
}

static void an_order_that_is_over_goes_or_says_so(void **state UNUSED)
{
	static struct order o;
	struct token t = {.hex = ""};
	auto_buf struct buf text = {.max = DOC_BYTES_MAX};
	struct err err = ERR_INIT;
	must(ACT_END_ORDER, (struct act){.order = t});
	memset(t.hex, '7', TOKEN_CHARS);
	put(named("order", t.hex), str_of("{}"));
	must(ACT_END_ORDER, (struct act){.order = t});
	assert_int_equal(doc_at(named("order", t.hex)), -1);
	must(ACT_END_ORDER, (struct act){.order = t});
	/* One of the schedule stays, served. */
	o = (struct order){.id = t, .serial = 3, .who = "schedule"};
	fleet_head(&fleet, 1, &o.head);
	assert_true(order_encode(&o, &fleet.keys[1], &text, NULL, &err));
	put(named("scheduled", t.hex), buf_str(&text));
	must(ACT_END_ORDER, (struct act){.order = t});
	read_doc(DOC_ORDER, named("scheduled", t.hex), &o);
	assert_true(o.is_served && o.serial == 3);
	assert_true(spki_equal(&o.head.from, &fleet.keys[0].spki));
	const int64_t rev = w.docs[doc_at(named("scheduled", t.hex))].rev;
	must(ACT_END_ORDER, (struct act){.order = t}); /* once */
	assert_int_equal(w.docs[doc_at(named("scheduled", t.hex))].rev, rev);
	/* Those that stand are taken back by kind. */
	unsigned n = 9;
	(void)stands(0, ORDER_KEYFILE, '1');
	(void)stands(1, ORDER_CERTIFICATES, '2');
	(void)stands(2, ORDER_KEYFILE, '3');
	assert_true(seat_withdraw(&w.t, ORDER_KEYFILE, &n, &err));
	assert_int_equal(n, 2);
	assert_true(doc_at(named("order", w.t.seen->ledger.orders[1].id.hex)) >= 0);
}

static void an_abort_is_a_nay_for_all_that_have_no_vote(void **state UNUSED)
{
	static struct vote v;
	struct err err = ERR_INIT;
	under_way();
	must(ACT_VOTE, (struct act){.vote = VOTE_NAY, .generation = 4, .reason = "because"});
	assert_true(seat_abort(&w.t, "amy", "wrong key", &err));
	assert_int_equal(parts()->votes_n, 3);
	for (unsigned i = 0; i < 3; i++) {
		read_vote(i, &v);
		assert_int_equal(v.word, VOTE_NAY);
		assert_int_equal(v.is_by_operator, i > 0);
		assert_string_equal(v.reason, i ? "aborted by amy: wrong key" : "because");
	}
	/* All have one now. */
	assert_false(seat_abort(&w.t, "amy", "wrong key", &err));
	assert_int_equal(err.kind, ERR_REFUSED);
	static const struct {
		bool is_older, is_other, has_proposal;
		enum vote_word all;
		const char *why;
	} rows[] = {
	    {true, false, true, VOTE_NONE, "is not the one that this host knows"},
	    {false, true, true, VOTE_NONE, "is not the one that this host knows"},
	    {false, false, false, VOTE_NONE, "no rotation is under way"},
	    {false, false, true, VOTE_YEA, "all have voted"},
	    {false, false, true, VOTE_NAY, "no rotation is under way"},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		anew();
		struct seen_ledger *l = &w.t.seen->ledger;
		l->is_older_than_anchor = rows[i].is_older;
		l->is_other_than_anchor = rows[i].is_other;
		l->has_proposal = rows[i].has_proposal;
		l->roll.rev = 1;
		for (unsigned k = 0; k < FLEET_N; k++)
			l->roll.votes[k].word = rows[i].all;
		err = (struct err)ERR_INIT;
		assert_false(seat_abort(&w.t, "amy", "x", &err));
		if (!strstr(err.text, rows[i].why))
			fail_msg("row %zu: %s", i, err.text);
		assert_int_equal(doc_at("roll/4"), -1);
	}
	/* A yea of this host that the ledger lost is no place for a nay. */
	anew();
	struct anchor *a = &w.t.anchor;
	a->votes_n = 1;
	a->votes[0].word = VOTE_YEA;
	a->votes[0].generation = 4;
	cut_z(a->votes[0].host, HOST_BYTES_MAX, fleet_hosts[0]);
	err = (struct err)ERR_INIT;
	assert_false(seat_abort(&w.t, "amy", "x", &err));
	assert_non_null(strstr(err.text, "its yea is published again first"));
}

static void one_is_declared_dead_beside_its_yea_or_without_a_vote(void **state UNUSED)
{
	struct err err = ERR_INIT;
	bool is_news = false;
	assert_true(seat_without(&w.t, fleet_hosts[2], "amy", "disk died", &is_news, &err));
	assert_true(is_news);
	assert_int_equal(parts()->withouts_n, 1);
	assert_string_equal(parts()->withouts[0].host, fleet_hosts[2]);
	assert_true(seat_without(&w.t, fleet_hosts[2], "amy", "disk died", &is_news, &err));
	assert_false(is_news);
	/* An abort leaves it out. */
	assert_true(seat_abort(&w.t, "amy", "x", &err));
	assert_int_equal(parts()->votes_n, 2);
	assert_false(seat_without(&w.t, fleet_hosts[1], "amy", "x", &is_news, &err)); /* a nay */
	static const struct {
		unsigned who;
		bool is_older, is_unknown, has_proposal, is_on_roll;
		const char *why;
	} rows[] = {
	    {0, false, false, true, true, "is this host, whose rotad runs"},
	    {2, true, false, true, true, "is not the one that this host knows"},
	    {2, false, true, true, true, "is not the one that this host knows"},
	    {2, false, false, false, true, "no rotation is under way"},
	    {2, false, false, true, false, "joined after the proposal"},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		anew();
		struct seen_ledger *l = &w.t.seen->ledger;
		l->is_older_than_anchor = rows[i].is_older;
		if (rows[i].is_unknown)
			l->fact.who = WITNESS_NONE;
		l->has_proposal = rows[i].has_proposal;
		l->proposal.roll_n = rows[i].is_on_roll ? 3 : 2;
		err = (struct err)ERR_INIT;
		assert_false(
		    seat_without(&w.t, fleet_hosts[rows[i].who], "amy", "x", &is_news, &err));
		if (!strstr(err.text, rows[i].why))
			fail_msg("row %zu: %s", i, err.text);
	}
	/* By the proposal it was dead before. */
	anew();
	w.t.seen->ledger.proposal.roll[2].is_dead = true;
	is_news = true;
	assert_true(seat_without(&w.t, fleet_hosts[2], "amy", "x", &is_news, &err));
	assert_false(is_news);
	assert_int_equal(doc_at("roll/4"), -1);
}

static void a_turn_is_given_back_by_a_persons_word(void **state UNUSED)
{
	static struct claim c;
	struct err err = ERR_INIT;
	assert_false(seat_release(&w.t, "amy", &err));
	assert_non_null(strstr(err.text, "nobody has the turn"));
	must(ACT_CLAIM_ACTING, (struct act){.purpose = CLAIM_FOR_RESTART});
	(void)look();
	err = (struct err)ERR_INIT;
	assert_true(seat_release(&w.t, "amy", &err));
	read_doc(DOC_CLAIM, "claim", &c);
	assert_int_equal(c.state, CLAIM_FREE);
	/* Its own restart first: not while it runs within its time. */
	w.t.notes.job_is_open = w.t.seen->job.is_running = true;
	assert_false(seat_release(&w.t, "amy", &err));
	assert_true(w.t.notes.job_is_open);
	w.t.seen->job.is_running = false;
	err = (struct err)ERR_INIT;
	assert_true(seat_release(&w.t, "amy", &err));
	assert_false(w.t.notes.job_is_open);
}

/* A free turn, and a hold that is off, by the word of one that is believed no more. */
static void what_a_revoked_host_gave_back_is_given_back_again(void **state UNUSED)
{
	static const struct {
		enum claim_state state;
		bool is_on, has_hold, is_of_it, is_claim_said, is_hold_said;
	} rows[] = {
	    {CLAIM_FREE, false, true, true, true, true},
	    {CLAIM_ACTING, false, true, true, false, true},
	    {CLAIM_FREE, true, true, true, true, false},
	    {CLAIM_FREE, false, false, true, true, false},
	    {CLAIM_FREE, false, true, false, false, false},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct err err = ERR_INIT;
		anew();
		struct seen_ledger *l = &w.t.seen->ledger;
		const unsigned by = rows[i].is_of_it ? 2 : 1;
		const struct spki revoked[] = {{.hex = "ff"}, fleet.keys[2].spki};
		l->claim.state = rows[i].state;
		l->claim.head.from = l->hold.head.from = fleet.keys[by].spki;
		l->hold.is_on = rows[i].is_on;
		cut_z(l->hold.who, sizeof(l->hold.who), "amy");
		l->hold.rev = rows[i].has_hold;
		if (rows[i].has_hold)
			put("hold", str_of("{}"));
		if (!seat_restate(&w.t, revoked, 2, &err))
			fail_msg("row %zu: %s", i, err.text);
		if ((doc_at("claim") >= 0) != rows[i].is_claim_said)
			fail_msg("row %zu: the claim", i);
		if (rows[i].has_hold)
			assert_int_equal(w.docs[doc_at("hold")].rev, rows[i].is_hold_said ? 2 : 1);
		assert_true(rows[i].has_hold || doc_at("hold") < 0);
	}
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
	    T(a_ledger_is_made_once),
	    T(an_identity_is_endorsed_by_the_key_in_use),
	    T(who_is_admitted_is_welcomed_with_the_salt_and_the_key),
	    T(who_joined_later_gets_the_keys_of_the_generation),
	    T(a_statement_says_how_its_member_stands),
	    T(documents_that_nothing_needs_are_removed),
	    T(what_became_of_a_write_is_looked_up),
	    T(a_proposal_is_sealed_for_all_and_names_what_was_before),
	    T(a_proposal_follows_the_one_before),
	    T(nobody_is_proposed_to_whom_no_identity_speaks_for),
	    T(a_keyfile_is_written_after_its_keys_are_noted),
	    T(a_turn_is_taken_used_and_given_back),
	    T(how_long_a_member_drains_is_set_on_it),
	    T(a_step_down_that_is_refused_rests),
	    T(a_restart_is_noted_before_it_begins),
	    T(one_that_is_gone_is_started_in_the_way_that_works),
	    T(what_is_known_after_a_restart),
	    T(a_vote_is_on_this_hosts_disk_before_it_is_told),
	    T(votes_of_several_members_of_a_host_are_kept_apart),
	    T(a_generation_is_closed_with_its_proofs),
	    T(a_key_that_is_over_is_forgotten_and_a_new_receiving_key_made),
	    T(a_hold_after_a_roll_back_is_remembered_by_its_revision),
	    T(an_order_that_is_over_goes_or_says_so),
	    T(an_abort_is_a_nay_for_all_that_have_no_vote),
	    T(one_is_declared_dead_beside_its_yea_or_without_a_vote),
	    T(a_turn_is_given_back_by_a_persons_word),
	    T(what_a_revoked_host_gave_back_is_given_back_again),
	};
	return cmocka_run_group_tests(tests, group_set_up, group_tear_down);
}
