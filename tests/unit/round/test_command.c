/* SPDX-License-Identifier: Apache-2.0 */
/* A person's words: what is taken, what is refused and why, and what each leaves in the ledger, in
 * the journal, in the notes and as an event. */
#include "round/command.h"

#include "lib/test.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "codec/json_mem.h"
#include "codec/json_strict.h"
#include "codec/ledger_json.h"
#include "lib/fake_files.h"
#include "plan/planner.h"

#define NOW_US (1795314976 * US_S)
#define STATE "/state/rs0"
#define SELF "b.test:27017"

static struct {
	struct fake_files files;
	struct files_ops files_ops;
	struct config *config;
	struct seat t;
	struct buf journal;
	char told[64]; /* the last event */
	bool store_is_down, may_conflict;
	struct {
		char id[DOC_ID_BYTES];
		char *text; /* NULL: a free place */
		int64_t rev;
	} docs[8];
	unsigned tls_n, logins_n;
	bool tls_fails;
	bool may_trust; /* bob */
} w;

/* ---- the ports ---- */

static struct wall fake_now(void *self UNUSED)
{
	return (struct wall){.us = NOW_US};
}
static struct mono fake_boot(void *self UNUSED)
{
	return (struct mono){.us = NOW_US};
}
static bool fake_random(void *self UNUSED, void *out, size_t n, struct err *err UNUSED)
{
	static unsigned char seed;
	memset(out, ++seed, n);
	return true;
}
static const struct host_ops host_ops = {.now = fake_now, .boot = fake_boot, .random = fake_random};

static bool fake_append(void *self UNUSED, const char *path UNUSED, struct str line,
			struct err *err UNUSED)
{
	buf_add(&w.journal, line.p, line.n);
	return true;
}

static bool fake_can_put(void *self UNUSED, const char *path UNUSED, struct err *err UNUSED)
{
	return true;
}

static bool fake_hello(void *self UNUSED, const struct mongod_target *t UNUSED,
		       struct mongod_hello *ret UNUSED, struct err *err)
{
	return err_set(err, ERR_UNREACHABLE, "down");
}
static bool fake_login(void *self UNUSED, const struct mongod_target *t UNUSED,
		       const struct mongod_credential *c UNUSED, struct mongod_login_result *ret,
		       struct err *err UNUSED)
{
	w.logins_n++;
	*ret = (struct mongod_login_result){.verdict = LOGIN_ACCEPTED};
	return true;
}
static bool fake_tls(void *self UNUSED, const struct mongod_target *t,
		     struct mongod_tls_result *ret, struct err *err)
{
	w.tls_n++;
	if (w.tls_fails)
		return err_set(err, ERR_UNREACHABLE, "connection refused");
	*ret = (struct mongod_tls_result){.is_handshake_done = true,
					  .is_hello_answered = true,
					  .is_name_covered = t->host[0] != 'c',
					  .is_chain_trusted = true};
	cut_z(ret->served.serial, sizeof(ret->served.serial), "0A1B");
	return true;
}
static const struct mongod_ops mongod_ops = {
    .hello = fake_hello, .login = fake_login, .tls = fake_tls};

static int doc_find(const char *id)
{
	for (size_t i = 0; i < ARRAY_N(w.docs); i++)
		if (w.docs[i].text && strcmp(w.docs[i].id, id) == 0)
			return (int)i;
	return -1;
}
static bool doc_list(void *self UNUSED, const char *prefix UNUSED, struct arena *arena UNUSED,
		     struct store_doc **ret UNUSED, size_t *ret_n UNUSED, struct err *err)
{
	return err_set(err, ERR_UNREACHABLE, "down");
}
static bool doc_read(void *self UNUSED, const char *id, struct arena *arena UNUSED,
		     struct store_doc *ret, bool *ret_found, struct err *err)
{
	const int i = doc_find(id);
	if (w.store_is_down)
		return err_set(err, ERR_UNREACHABLE, "no primary");
	*ret_found = i >= 0;
	if (i >= 0)
		*ret = (struct store_doc){.rev = w.docs[i].rev, .text = str_of(w.docs[i].text)};
	return true;
}
static bool doc_swap(void *self UNUSED, const struct store_doc *doc, int64_t expected,
		     enum store_outcome *ret, struct err *err UNUSED)
{
	int i = doc_find(doc->id);
	if (w.may_conflict && (i >= 0 ? w.docs[i].rev : 0) != expected) {
		*ret = STORE_CONFLICT;
		return true;
	}
	assert_int_equal(i >= 0 ? w.docs[i].rev : 0, expected);
	for (size_t k = 0; i < 0 && k < ARRAY_N(w.docs); k++)
		if (!w.docs[k].text)
			i = (int)k;
	assert_true(i >= 0);
	free(w.docs[i].text);
	cut_z(w.docs[i].id, sizeof(w.docs[i].id), doc->id);
	w.docs[i].text = strndup(doc->text.p, doc->text.n);
	w.docs[i].rev = expected + 1;
	*ret = STORE_DONE;
	return true;
}
static bool doc_remove(void *self UNUSED, const char *id, int64_t expected, enum store_outcome *ret,
		       struct err *err UNUSED)
{
	const int i = doc_find(id);
	assert_true(i >= 0 && w.docs[i].rev == expected);
	free(take(&w.docs[i].text));
	*ret = STORE_DONE;
	return true;
}
static const struct store_ops store_ops = {
    .list = doc_list, .read = doc_read, .swap = doc_swap, .remove = doc_remove};

static void fake_tell(void *self UNUSED, const struct event *e, bool is_mine UNUSED)
{
	assert_true(e->headline[0] && e->what[0] && e->now[0] && e->we_did[0] && e->you[0]);
	cut_z(w.told, sizeof(w.told), e->name);
}

/* ---- the scene: b's rotad, joined, in mode act; nothing is under way ---- */

static int set_up(void **state UNUSED)
{
	struct err err = ERR_INIT;
	struct seat *t = &w.t;
	memset(&w, 0, sizeof(w));
	w.config = calloc(1, sizeof(*w.config));
	config_init(w.config);
	cut_z(w.config->state_directory, sizeof(w.config->state_directory), "/state");
	struct instance_policy *i = &w.config->instances[0];
	w.config->instances_n = 1;
	w.config->policy.mode = w.config->policy.keyfile.mode = MODE_ACT;
	w.config->policy.certificates.mode = i->mode = MODE_ACT;
	cut_z(i->name, sizeof(i->name), "rs0");
	const struct files_port files = fake_files_port(&w.files);
	w.files_ops = *files.ops;
	w.files_ops.append = fake_append;
	w.files_ops.can_put = fake_can_put;
	w.journal.max = 64 * 1024;
	const struct round_ports ports = {.host = {.ops = &host_ops},
					  .files = {.ops = &w.files_ops, .self = files.self},
					  .mongod = {.ops = &mongod_ops},
					  .set_store = {.ops = &store_ops},
					  .local_store = {.ops = &store_ops},
					  .tell = fake_tell};
	assert_true(seat_open(t, w.config, i, &ports, &err));
	cut_z(t->anchor.cluster, sizeof(t->anchor.cluster), "c1");
	memset(t->anchor.ledger.hex, 'a', TOKEN_CHARS);
	struct seen *s = t->seen;
	cut_z(s->cluster, sizeof(s->cluster), "rs0");
	cut_z(s->self_host, sizeof(s->self_host), SELF);
	s->now.us = NOW_US;
	s->is_clock_sane = true;
	s->self = 1;
	s->members_n = 3;
	for (unsigned m = 0; m < 3; m++) {
		snprintf(s->members[m].host, HOST_BYTES_MAX, "%c.test:27017", (char)('a' + m));
		s->members[m].is_self = m == 1;
		s->members[m].hello.who = WITNESS_OWN_EYES;
	}
	return 0;
}

static int tear_down(void **state UNUSED)
{
	seat_close(&w.t);
	fake_files_fini(&w.files);
	buf_fini(&w.journal);
	for (size_t i = 0; i < ARRAY_N(w.docs); i++)
		free(w.docs[i].text);
	free(w.config);
	return 0;
}

static struct key_name key_n(unsigned n)
{
	struct key_name k = {.number = n};
	memset(k.id.hex, (int)('0' + n), KEY_ID_CHARS);
	return k;
}
/* Generation 3, key 1 to key 2; votes of a, b, c: y, n or -. */
static void propose(const char *votes)
{
	struct seen_ledger *l = &w.t.seen->ledger;
	l->has_proposal = true;
	l->proposal.generation = 3;
	l->proposal.pivot = key_n(1);
	l->proposal.next = key_n(2);
	l->proposal.roll_n = 3;
	memset(l->proposal.digest.hex, 'd', 64);
	l->roll.rev = 1;
	for (unsigned i = 0; i < 3; i++) {
		cut_z(l->proposal.roll[i].host, HOST_BYTES_MAX, w.t.seen->members[i].host);
		l->roll.votes[i].word = votes[i] == 'y'   ? VOTE_YEA
					: votes[i] == 'n' ? VOTE_NAY
							  : VOTE_NONE;
	}
}
static void order_stands(enum urgency urgency)
{
	struct seen_ledger *l = &w.t.seen->ledger;
	struct order *o = &l->orders[l->orders_n++];
	*o = (struct order){.kind = ORDER_KEYFILE, .urgency = urgency, .who = "amy"};
	o->head.at.us = NOW_US - US_MIN;
	memset(o->id.hex, 'c', TOKEN_CHARS);
}

static void nothing(void)
{
}
static void bob_may_trust(void)
{
	w.may_trust = true;
}
static void observes(void)
{
	w.config->instances[0].mode = MODE_OBSERVE;
}
static void observes_by_its_schedule(void)
{
	observes();
	cut_z(w.config->policy.mode_why, sizeof(w.config->policy.mode_why), "none was read yet");
}
static void clock_is_wrong(void)
{
	w.t.seen->is_clock_sane = false;
	cut_z(w.t.seen->clock_why, sizeof(w.t.seen->clock_why), "it is 9 min behind");
}
static void has_authority(void)
{
	cut_z(w.config->policy.certificates.authority, NAME_BYTES_MAX, "house");
}
static void is_not_joined(void)
{
	w.t.anchor.ledger.hex[0] = 0;
}
static void is_ordered(void)
{
	order_stands(URGENCY_ROUTINE);
}
static void is_ordered_in_the_ledger(void)
{
	struct err err = ERR_INIT;
	const struct order_wish wish = {
	    .kind = ORDER_KEYFILE, .host = "", .who = "amy", .reason = "", .ticket = ""};
	struct token id;
	assert_true(seat_order(&w.t, &wish, &id, &err));
	order_stands(URGENCY_ROUTINE);
	w.t.seen->ledger.orders[0].id = id;
}
static void runs(void)
{
	propose("y--");
}
static void is_carried(void)
{
	propose("yyy");
}
static void is_dead(void)
{
	propose("yn-");
}
static void waits_for_approval(void)
{
	w.t.plan.waits_for_approval = true;
	cut_z(w.t.plan.approval, sizeof(w.t.plan.approval), "3f2a9c10");
	cut_z(w.t.plan.reason, sizeof(w.t.plan.reason), "a rotation waits for approval");
}
static void store_is_down(void)
{
	w.store_is_down = true;
}
static void ledger_went_back(void)
{
	propose("y--");
	w.t.seen->ledger.is_older_than_anchor = true;
}
static void was_rolled_back(void)
{
	w.t.notes.rolled_back_at.us = NOW_US - US_MIN;
	w.t.notes.rolled_back_hold = 1;
}
static void is_being_rolled_back(void)
{
	was_rolled_back();
	w.t.notes.job_is_open = true;
}
static void was_rolled_back_and_store_is_down(void)
{
	was_rolled_back();
	store_is_down();
}
static void restart_runs(void)
{
	w.t.notes.job_is_open = w.t.seen->job.is_open = w.t.seen->job.is_running = true;
}
static void restart_is_overdue(void)
{
	w.t.notes.job_is_open = w.t.seen->job.is_open = true;
}
static void c_has_the_turn(void)
{
	w.t.seen->ledger.claim.state = CLAIM_ACTING;
	cut_z(w.t.seen->ledger.claim.host, HOST_BYTES_MAX, "c.test:27017");
}

/* A row is one word of a person: what it answers (kind ERR_NONE: `says` stands in the answer, else
 * in the error), the document that it writes ("" none), the word in the journal, the event. */
static const struct row {
	const char *name;
	void (*given)(void);
	const char *route, *body;
	enum err_kind kind;
	const char *says, *writes, *journal, *tells;
} rows[] = {
    {"no such word", nothing, "/v1/go", "{}", ERR_NOT_FOUND, "/v1/go", "", "", ""},
    {"a list", nothing, "/v1/pause", "[1]", ERR_INVALID, "no JSON object", "", "", ""},
    {"no JSON", nothing, "/v1/pause", "{", ERR_INVALID, "no JSON object", "", "", ""},
    {"a key twice", nothing, "/v1/pause", "{\"reason\":\"a\",\"reason\":\"b\"}", ERR_INVALID,
     "no JSON object", "", "", ""},

    {"rotate what?", nothing, "/v1/rotate", "{}", ERR_INVALID, "keyfile or certificates", "", "",
     ""},
    {"rotate the CA", nothing, "/v1/rotate", "{\"kind\":\"ca\"}", ERR_INVALID, "'ca'", "", "", ""},
    {"rotate and only look", observes, "/v1/rotate", "{\"kind\":\"keyfile\"}", ERR_REFUSED,
     "mode observe: rotad only looks", "", "", ""},
    {"rotate without a schedule", observes_by_its_schedule, "/v1/rotate", "{\"kind\":\"keyfile\"}",
     ERR_REFUSED, "none was read yet", "", "", ""},
    {"rotate by a wrong clock", clock_is_wrong, "/v1/rotate", "{\"kind\":\"keyfile\"}", ERR_REFUSED,
     "9 min behind", "", "", ""},
    {"rotate before it has joined", is_not_joined, "/v1/rotate", "{\"kind\":\"keyfile\"}",
     ERR_REFUSED, "has not joined", "", "", ""},
    {"certificates without an authority", nothing, "/v1/rotate", "{\"kind\":\"certificates\"}",
     ERR_REFUSED, "no authority", "", "", ""},
    {"certificates", has_authority, "/v1/rotate",
     "{\"kind\":\"certificates\",\"member\":\"a.test:27017\"}", ERR_NONE, "\"order\":", "order/",
     "order", ""},
    {"keyfile", nothing, "/v1/rotate", "{\"kind\":\"keyfile\",\"reason\":\"quarterly\"}", ERR_NONE,
     "\"order\":", "order/", "quarterly", ""},
    {"keyfile, ordered already", is_ordered, "/v1/rotate", "{\"kind\":\"keyfile\"}", ERR_NONE,
     "\"orderedBy\":\"amy\"", "", "", ""},
    {"keyfile, ordered already and urgent now", is_ordered, "/v1/rotate",
     "{\"kind\":\"keyfile\",\"urgency\":\"emergency\"}", ERR_NONE, "\"order\":", "order/", "order",
     ""},
    {"keyfile, ordered already with another lag", is_ordered, "/v1/rotate",
     "{\"kind\":\"keyfile\",\"maxLagSeconds\":60}", ERR_NONE, "\"order\":", "order/", "order", ""},
    {"keyfile, a freeze is broken", nothing, "/v1/rotate",
     "{\"kind\":\"keyfile\",\"urgency\":\"emergency\",\"breakFreeze\":true}", ERR_NONE,
     "\"order\":", "order/", "order", "freeze-broken"},
    {"revoke, by one who may order only", nothing, "/v1/rotate",
     "{\"kind\":\"keyfile\",\"urgency\":\"emergency\",\"revoke\":\"c.test:27017\","
     "\"reason\":\"stolen\"}",
     ERR_REFUSED, "decide who gets keys", "", "", ""},
    {"revoke nobody, by one who may order only", nothing, "/v1/rotate",
     "{\"kind\":\"keyfile\",\"urgency\":\"emergency\",\"revoke\":\"\"}", ERR_NONE,
     "\"order\":", "order/", "order", ""},
    {"revoke a stranger, by one who may", bob_may_trust, "/v1/rotate",
     "{\"kind\":\"keyfile\",\"urgency\":\"emergency\",\"revoke\":\"z.test:27017\","
     "\"reason\":\"stolen\"}",
     ERR_REFUSED, "cannot be read or believed here", "", "", ""},
    {"revoke without an emergency", bob_may_trust, "/v1/rotate",
     "{\"kind\":\"keyfile\",\"revoke\":\"c.test:27017\"}", ERR_INVALID, "with an emergency", "", "",
     ""},
    {"certificates without a member", has_authority, "/v1/rotate",
     "{\"kind\":\"certificates\",\"without\":\"c.test:27017\"}", ERR_INVALID,
     "keyfile rotations only", "", "", ""},
    {"a second one", runs, "/v1/rotate", "{\"kind\":\"keyfile\"}", ERR_REFUSED,
     "under way (key 1 to key 2)", "", "", ""},
    {"amended", runs, "/v1/rotate", "{\"kind\":\"keyfile\",\"maxLagSeconds\":30}", ERR_NONE,
     "\"amends\":3", "order/", "amend", ""},
    {"amended after the votes", is_carried, "/v1/rotate",
     "{\"kind\":\"keyfile\",\"urgency\":\"emergency\"}", ERR_NONE, "\"amends\":3", "order/",
     "amend", ""},
    {"while one is taken back", is_dead, "/v1/rotate", "{\"kind\":\"keyfile\"}", ERR_REFUSED,
     "key 2 is burnt", "", "", ""},
    {"an emergency while one is taken back", is_dead, "/v1/rotate",
     "{\"kind\":\"keyfile\",\"urgency\":\"emergency\"}", ERR_NONE, "\"order\":", "order/", "order",
     ""},

    {"approve nothing", nothing, "/v1/approve", "{}", ERR_REFUSED, "waits for an approval", "", "",
     ""},
    {"approve what waits", waits_for_approval, "/v1/approve", "{}", ERR_NONE, "\"approved\":", "",
     "approve", "operator-act"},
    {"approve it by its id", waits_for_approval, "/v1/approve", "{\"id\":\"3f2a9c10\"}", ERR_NONE,
     "\"id\":\"3f2a9c10\"", "", "approve", "operator-act"},
    {"approve what waited before", waits_for_approval, "/v1/approve", "{\"id\":\"00000000\"}",
     ERR_REFUSED, "is not what waits now: that is 3f2a9c10", "", "", ""},
    {"the next keyfile, where none is wanted", nothing, "/v1/keyfile/next", "{}", ERR_NONE,
     "\"keys\":\"\"", "", "", ""},
    {"approve a generation that is not open", runs, "/v1/approve", "{\"generation\":4}",
     ERR_REFUSED, "generation 4 is not open", "", "", ""},
    {"approve one after its votes", is_carried, "/v1/approve", "{\"generation\":3}", ERR_REFUSED,
     "not open", "", "", ""},
    {"approve a generation", runs, "/v1/approve", "{\"generation\":3}", ERR_NONE,
     "\"approved\":", "", "approve", "operator-act"},

    {"pause", nothing, "/v1/pause", "{\"reason\":\"the weekend\"}", ERR_NONE, "rs0", "hold",
     "the weekend", "rotation-held"},
    {"pause without a primary", store_is_down, "/v1/pause", "{}", ERR_UNREACHABLE, "no primary", "",
     "", ""},
    {"resume", nothing, "/v1/resume", "{}", ERR_NONE, "rs0", "hold", "resume", "rotation-resumed"},
    {"resume without a primary", store_is_down, "/v1/resume", "{}", ERR_UNREACHABLE, "no primary",
     "", "", ""},

    {"abort nothing", nothing, "/v1/abort", "{}", ERR_REFUSED, "no rotation is under way", "", "",
     ""},
    {"abort an order", is_ordered_in_the_ledger, "/v1/abort", "{}", ERR_NONE, "\"withdrawn\":1", "",
     "withdraw", ""},
    {"abort", runs, "/v1/abort", "{\"reason\":\"not now\"}", ERR_NONE, "rs0", "roll/3", "not now",
     "operator-act"},
    {"abort after the votes", is_carried, "/v1/abort", "{}", ERR_REFUSED, "in use for good", "", "",
     ""},
    {"abort what is dead", is_dead, "/v1/abort", "{}", ERR_REFUSED, "no rotation is under way", "",
     "", ""},
    {"abort in a ledger that went back", ledger_went_back, "/v1/abort", "{}", ERR_REFUSED,
     "not the one that this host knows", "", "", ""},

    {"release nothing", nothing, "/v1/release", "{}", ERR_REFUSED, "nobody has the turn", "", "",
     ""},
    {"release while it restarts", restart_runs, "/v1/release", "{}", ERR_REFUSED, "within its time",
     "", "", ""},
    {"release an overdue restart", restart_is_overdue, "/v1/release", "{}", ERR_NONE, "rs0", "",
     "turn release", "operator-act"},
    {"release another's turn", c_has_the_turn, "/v1/release", "{}", ERR_NONE, "rs0", "claim",
     "c.test:27017", "operator-act"},

    {"history of nothing", nothing, "/v1/history", "{}", ERR_NONE, "\"entries\":[]", "", "", ""},
};

static bool run(const char *route, const char *body, struct buf *ret, struct err *err)
{
	buf_clear(ret);
	*err = (struct err)ERR_INIT;
	return command_run(&w.t, route, str_of(body), "bob", w.may_trust, ret, err);
}

/* The text of the one document there is whose id begins so; NULL: none. */
static const char *find_doc(const char *prefix)
{
	for (size_t i = 0; i < ARRAY_N(w.docs); i++)
		if (w.docs[i].text && strncmp(w.docs[i].id, prefix, strlen(prefix)) == 0)
			return w.docs[i].text;
	return NULL;
}
static unsigned docs_n(void)
{
	unsigned n = 0;
	for (size_t i = 0; i < ARRAY_N(w.docs); i++)
		n += w.docs[i].text != NULL;
	return n;
}

static void each_word_is_taken_or_refused_with_its_reason(void **state)
{
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		const struct row *r = &rows[i];
		auto_buf struct buf answer = {.max = 64 * 1024};
		struct err err;
		char text[ERR_TEXT_BYTES * 2];
		tear_down(state);
		set_up(state);
		r->given();
		const bool ok = run(r->route, r->body, &answer, &err);
		const char *said = ok ? buf_z(&answer) : err_print(&err, text, sizeof(text));
		if (err.kind != r->kind || !strstr(said, r->says))
			fail_msg("%s: %s: '%s' is not in: %s", r->name, err_kind_name(err.kind),
				 r->says, said);
		if (ok && !strstr(said, "\"instance\":\"rs0\""))
			fail_msg("%s: no instance in %s", r->name, said);
		if (r->writes[0] ? !find_doc(r->writes) || docs_n() != 1 : docs_n() != 0)
			fail_msg("%s: %u documents, wanted '%s'", r->name, docs_n(), r->writes);
		if (!strstr(buf_z(&w.journal), r->journal) || (!r->journal[0] && w.journal.n))
			fail_msg("%s: the journal has %s", r->name, buf_z(&w.journal));
		if (w.journal.n && !strstr(buf_z(&w.journal), "by bob"))
			fail_msg("%s: nobody is named in %s", r->name, buf_z(&w.journal));
		if (strcmp(w.told, r->tells) != 0)
			fail_msg("%s: told '%s', wanted '%s'", r->name, w.told, r->tells);
	}
}

static void an_order_says_who_wants_what(void **state UNUSED)
{
	auto_buf struct buf answer = {.max = 64 * 1024};
	struct err err;
	assert_true(run("/v1/rotate",
			"{\"kind\":\"keyfile\",\"urgency\":\"urgent\",\"reason\":\"an audit\","
			"\"ticket\":\"CHG1\",\"maxLagSeconds\":20}",
			&answer, &err));
	const char *text = find_doc("order/");
	assert_non_null(strstr(text, "bob"));
	assert_non_null(strstr(text, "an audit"));
	assert_non_null(strstr(text, "CHG1"));
	assert_non_null(strstr(text, "urgent"));
	assert_non_null(strstr(text, "20000000"));
}

static void an_abort_gives_a_nay_to_each_that_has_not_voted(void **state UNUSED)
{
	auto_buf struct buf answer = {.max = 64 * 1024};
	struct err err;
	runs();
	assert_true(run("/v1/abort", "{}", &answer, &err));
	const char *text = find_doc("roll/3");
	unsigned nays = 0;
	for (const char *p = text; (p = strstr(p, "aborted by bob")); p++)
		nays++;
	assert_int_equal(nays,
			 3); /* the roll of the ledger had no vote: what is read there counts */
}

static void a_resume_lets_go_of_what_went_wrong_before(void **state)
{
	static const struct {
		void (*given)(void);
		bool is_owed;
	} cases[] = {{was_rolled_back, false},
		     {is_being_rolled_back, true},
		     {was_rolled_back_and_store_is_down, true}};
	for (size_t i = 0; i < ARRAY_N(cases); i++) {
		auto_buf struct buf answer = {.max = 64 * 1024};
		struct err err;
		tear_down(state);
		set_up(state);
		cases[i].given();
		w.t.notes.step_down_refused_at.us = NOW_US - US_MIN;
		assert_int_equal(run("/v1/resume", "{}", &answer, &err), !w.store_is_down);
		assert_int_equal(w.t.notes.rolled_back_at.us != 0, cases[i].is_owed);
		assert_int_equal(w.t.notes.step_down_refused_at.us != 0, w.store_is_down);
	}
}

/* rotad's own hold after a roll-back: the word that lifts it is the next one, whoever says it. */
static void the_hold_after_a_roll_back_is_noted(void **state UNUSED)
{
	const struct act hold = {.kind = ACT_HOLD, .reason = "its turn was rolled back"};
	auto_buf struct buf answer = {.max = 64 * 1024};
	struct err err;
	assert_true(run("/v1/pause", "{}", &answer, &err)); /* of before */
	assert_true(run("/v1/resume", "{}", &answer, &err));
	assert_true(enact(&w.t, &hold, &err));
	assert_int_equal(w.t.notes.rolled_back_hold, 0); /* nothing was rolled back */
	was_rolled_back();
	w.t.notes.rolled_back_hold = 0;
	assert_true(enact(&w.t, &hold, &err));
	assert_int_equal(w.t.notes.rolled_back_hold, 4);
	w.store_is_down = true;
	w.t.notes.rolled_back_hold = 0;
	assert_false(enact(&w.t, &hold, &err));
	assert_int_equal(w.t.notes.rolled_back_hold, 0);
}

/* Else it says "goes on" and is held again five seconds later. */
static void a_resume_is_refused_while_a_foreign_file_stands(void **state UNUSED)
{
	static const char file[] = "- c3RyYW5nZXIgc3RyYW5nZXIgc3RyYW5nZXIgc3RyYW5nZXI=\n";
	auto_buf struct buf answer = {.max = 64 * 1024};
	struct err err;
	struct seen *s = w.t.seen;
	cut_z(w.t.options.key_file, sizeof(w.t.options.key_file), "/key");
	memset(w.t.anchor.salt_hex, 'a', 64);
	memset(w.t.anchor.pivot.id.hex, 'b', sizeof(w.t.anchor.pivot.id.hex) - 1);
	w.t.anchor.pivot.number = s->anchor.pivot.number = 1;
	s->anchor.pivot = w.t.anchor.pivot;
	s->members[2].has_statement = true;
	s->members[2].statement.disk = (struct ring_ids){.is_known = true, .n = 1};
	s->members[2].statement.disk.ids[0] = s->anchor.pivot.id;
	fake_files_set(&w.files, "/key", file, sizeof(file) - 1);
	assert_false(run("/v1/resume", "{}", &answer, &err));
	assert_int_equal(err.kind, ERR_REFUSED);
	assert_non_null(strstr(err.text, "copy the keyfile of c.test:27017"));
	assert_string_equal(w.told, "");
	w.config->policy.mode = w.config->policy.keyfile.mode = MODE_OBSERVE; /* holds nothing */
	assert_true(run("/v1/resume", "{}", &answer, &err));
	assert_null(strstr(buf_z(&answer), "warning"));
	s->members[2].statement.disk.ids[0].hex[0] = '9'; /* another's is not right */
	assert_true(run("/v1/resume", "{}", &answer, &err));
	assert_non_null(strstr(buf_z(&answer), "the keyfile of c.test:27017 lacks key 1"));
}

/* chmod 640 and back: never a foreign write, and in between a file that mongod would not take. */
static void opened_permissions_are_seen_as_such(void **state UNUSED)
{
	static const char file[] = "- bm90IHRoZSBzYW1lIGFzIGFueSBvdGhlciBrZXkgaGVyZQ==\n";
	const struct seen_keyfile *k = &w.t.seen->keyfile;
	cut_z(w.t.options.key_file, sizeof(w.t.options.key_file), "/key");
	memset(w.t.anchor.salt_hex, 'a', 64);
	fake_files_set(&w.files, "/key", file, sizeof(file) - 1);
	w.files.mode = 0600;
	observe_keyfile(&w.t);
	assert_true(k->ring.is_known && !k->is_foreign && !k->is_refused);
	w.files.mode = 0640;
	observe_keyfile(&w.t);
	assert_true(k->is_refused && k->is_misplaced && !k->ring.is_known && !k->has_stranger);
	w.files.mode = 0400;
	observe_keyfile(&w.t);
	assert_true(k->ring.is_known && !k->is_foreign && !k->is_refused && !k->is_misplaced);
	fake_files_set(&w.files, "/key", "- other\n", 8);
	w.files.mode = 0640;
	observe_keyfile(&w.t);
	assert_true(k->is_refused && k->is_foreign && !k->is_misplaced); /* other keys as well */
}

/* The journal, as journalctl would print it. */
static struct {
	unsigned asked_n;
	int exit_code;
	const char *lines, *errors;
	char since[40], until[40];
	bool wants_uid;
} journal;

static bool journal_run(void *self UNUSED, const struct program_call *c, struct program_result *ret,
			struct err *err UNUSED)
{
	journal.asked_n++;
	for (size_t i = 0; c->argv[i]; i++) {
		(void)sscanf(c->argv[i], "--since=@%39s", journal.since);
		(void)sscanf(c->argv[i], "--until=@%39s", journal.until);
		journal.wants_uid |= strncmp(c->argv[i], "--output-fields=", 16) == 0 &&
				     strstr(c->argv[i], ",_UID") != NULL;
	}
	ret->exit_code = journal.exit_code;
	buf_adds(&ret->output, journal.lines);
	cut_z(ret->errors, sizeof(ret->errors), journal.errors);
	return true;
}

/* Once for each write; nothing of what this user is not shown. */
static void the_journal_is_asked_who_wrote_the_keyfile(void **state UNUSED)
{
	static const struct program_ops ops = {.run = journal_run};
	static const char file[] = "- bm90IHRoZSBzYW1lIGFzIGFueSBvdGhlciBrZXkgaGVyZQ==\n";
	const struct seen_keyfile *k = &w.t.seen->keyfile;
	struct err err = ERR_INIT;
	memset(&journal, 0, sizeof(journal));
	journal.errors = "";
	journal.lines = "{\"__REALTIME_TIMESTAMP\":\"1\",\"_UID\":\"0\","
			"\"SYSLOG_IDENTIFIER\":\"puppet-agent\"}\n";
	w.t.ports.program.ops = &ops;
	cut_z(w.t.options.key_file, sizeof(w.t.options.key_file), "/key");
	memset(w.t.anchor.salt_hex, 'a', 64);
	fake_files_set(&w.files, "/key", file, sizeof(file) - 1);
	w.files.mode = 0600;
	observe_keyfile(&w.t);
	assert_true(!k->is_foreign && journal.asked_n == 0 && !k->suspect[0]);
	fake_files_set(&w.files, "/key", "- other\n", 8);
	w.files.mode = 0400;
	observe_keyfile(&w.t);
	observe_keyfile(&w.t);
	assert_true(k->is_foreign);
	assert_string_equal(k->suspect, "puppet-agent");
	assert_int_equal(journal.asked_n, 1);
	assert_true(journal.wants_uid);
	assert_int_equal(atoll(journal.until) - atoll(journal.since), 75);
	static const struct {
		int exit_code;
		const char *lines, *errors;
	} answers[] = {
	    {0, "puppet", "Hint: You are currently not seeing messages from other users."},
	    {0, "", "No journal files were opened due to insufficient permissions."},
	    {1, "puppet", ""},
	    {0, "puppet", "No journal files were found."},
	    {0, "", ""},
	};
	for (size_t i = 0; i < ARRAY_N(answers); i++) {
		journal.exit_code = answers[i].exit_code;
		journal.errors = answers[i].errors;
		if (!answers[i].lines[0])
			journal.lines = "";
		w.t.suspect_of.us++; /* another write */
		observe_keyfile(&w.t);
		assert_string_equal(k->suspect, "");
		assert_int_equal(suspect_can(&w.t, &err), !answers[i].exit_code && !answers[i].errors[0]);
	}
}

static void an_approved_generation_is_kept_on_disk(void **state UNUSED)
{
	auto_buf struct buf answer = {.max = 64 * 1024};
	struct err err;
	struct notes n;
	runs();
	assert_true(run("/v1/approve", "{\"generation\":3}", &answer, &err));
	const int i = fake_files_find(&w.files, STATE "/notes.json");
	assert_true(i >= 0);
	assert_true(notes_decode((struct str){.p = w.files.files[i].bytes, .n = w.files.files[i].n},
				 &n, &err));
	assert_int_equal(n.approved_generation, 3);
	w.files.is_full = true;
	w.t.notes.approved_generation = 0;
	assert_false(run("/v1/approve", "{\"generation\":3}", &answer, &err));
	assert_int_equal(err.kind, ERR_DISK_FULL);
}

static void verify_looks_at_what_each_serves(void **state UNUSED)
{
	auto_buf struct buf answer = {.max = 64 * 1024}, shown = {.max = 1024 * 1024};
	struct err err;
	struct seen_member *m = w.t.seen->members;
	assert_true(run("/v1/verify", "{}", &answer, &err));
	assert_int_equal(w.tls_n, 0); /* no TLS, no handshake */
	assert_false(fact_known(m[0].served_at));

	cut_z(w.t.options.tls_mode, sizeof(w.t.options.tls_mode), "requireTLS");
	m[0].hello.who = WITNESS_NONE; /* away: nobody waits for it */
	assert_true(run("/v1/verify", "{}", &answer, &err));
	assert_int_equal(w.tls_n, 2);
	assert_false(fact_known(m[0].served_at));
	assert_true(fact_known(m[1].served_at));
	assert_string_equal(m[1].served_serial, "0A1B");
	assert_true(m[1].is_served_named);
	assert_true(m[1].is_client_taken);
	assert_false(m[2].is_served_named);

	w.tls_fails = true;
	assert_true(run("/v1/verify", "{}", &answer, &err));
	assert_false(fact_known(m[2].served_at));
	assert_string_equal(m[2].served_serial, "");
	assert_non_null(strstr(m[2].served_why, "connection refused"));
	assert_true(view_encode(&w.t, &shown, &err));
	assert_non_null(strstr(buf_z(&shown), "connection refused"));
	assert_non_null(strstr(buf_z(&shown), "\"tls\":true"));
}

static void a_body_names_its_instance_or_none(void **state UNUSED)
{
	static const struct {
		const char *body, *instance;
	} bodies[] = {{"{\"instance\":\"rs0\"}", "rs0"}, {"{}", ""},       {"", ""},
		      {"{\"instance\":7}", ""},          {"[]", ""},       {"\"rs0\"", ""},
		      {"{\"instance\":null}", ""},       {"{\"x\":1}", ""}};
	for (size_t i = 0; i < ARRAY_N(bodies); i++) {
		char name[NAME_BYTES_MAX] = "?";
		command_instance(str_of(bodies[i].body), name, sizeof(name));
		assert_string_equal(name, bodies[i].instance);
	}
}

/* ---- what was damaged ---- */

static void damaged_notes_are_begun_anew_and_that_is_told(void **state UNUSED)
{
	struct err err = ERR_INIT;
	const struct round_ports ports = w.t.ports;
	w.t.notes.approved_generation = 7;
	assert_true(notes_put(&w.t, &err));
	seat_close(&w.t);
	assert_true(seat_open(&w.t, w.config, &w.config->instances[0], &ports, &err));
	assert_int_equal(w.t.notes.approved_generation, 7);
	assert_int_equal(w.journal.n, 0);
	seat_close(&w.t);
	const int i = fake_files_find(&w.files, STATE "/notes.json");
	assert_true(i >= 0);
	w.files.files[i].bytes[w.files.files[i].n / 2] ^= 1;
	w.files.files[i].bytes[0] = 'x';
	assert_true(seat_open(&w.t, w.config, &w.config->instances[0], &ports, &err));
	assert_int_equal(w.t.notes.approved_generation, 0);
	assert_non_null(strstr(buf_z(&w.journal), "begun anew"));
}

/* An order of the schedule is given once, and again where nobody believes who gave it. */
static void what_a_revoked_rotad_was_ordered_is_given_anew(void **state UNUSED)
{
	struct err err = ERR_INIT;
	struct token id, given;
	struct identity *who = &w.t.identities[0].identity;
	w.t.identities[0] = (struct identity_doc){.identity = {.is_admitted = false}};
	struct order_wish wish = {.kind = ORDER_KEYFILE,
				  .host = "",
				  .who = "schedule serial 3",
				  .reason = "",
				  .ticket = "",
				  .id = &id,
				  .serial = 3};
	memset(id.hex, 'c', TOKEN_CHARS);
	id.hex[TOKEN_CHARS] = 0;
	w.may_conflict = true;
	assert_true(seat_order(&w.t, &wish, &given, &err));
	assert_true(seat_order(&w.t, &wish, &given, &err));
	assert_int_equal(w.docs[0].rev, 1); /* of somebody not known: left to a later look */
	identity_describe(&w.t.identity, who);
	who->is_admitted = true;
	w.t.identities_n = 1;
	assert_true(seat_order(&w.t, &wish, &given, &err));
	assert_int_equal(w.docs[0].rev, 1);
	who->is_admitted = false;
	who->is_revoked = true;
	assert_true(seat_order(&w.t, &wish, &given, &err));
	assert_int_equal(w.docs[0].rev, 2);
	/* The rotation that runs, or ran last, is the one that it ordered. */
	propose("y--");
	w.t.seen->ledger.proposal.order = id;
	assert_true(seat_order(&w.t, &wish, &given, &err));
	assert_int_equal(w.docs[0].rev, 2);
}

/* ---- declared dead ---- */

static bool without(const char *host, bool *ret_is_news, struct err *err)
{
	*err = (struct err)ERR_INIT;
	return seat_without(&w.t, host, "bob", "its disk is gone", ret_is_news, err);
}

/* How many votes and how many declared dead stand in the roll. */
static void stand(unsigned votes_n, unsigned withouts_n)
{
	struct err err = ERR_INIT;
	auto_free struct roll_parts *parts = calloc(1, sizeof(*parts));
	const char *text = find_doc("roll/3");
	assert_non_null(text);
	assert_true(roll_parts_decode(str_of(text), parts, &err));
	assert_int_equal(parts->votes_n, votes_n);
	assert_int_equal(parts->withouts_n, withouts_n);
}

static void who_is_declared_dead_gets_no_nay(void **state UNUSED)
{
	struct err err = ERR_INIT;
	bool is_news = false;
	propose("y--");
	w.t.seen->ledger.fact.who = WITNESS_OWN_EYES;
	assert_true(without("c.test:27017", &is_news, &err));
	assert_true(is_news);
	stand(0, 1);
	assert_non_null(strstr(find_doc("roll/3"), "its disk is gone"));
	assert_true(without("c.test:27017", &is_news, &err));
	assert_false(is_news);
	stand(0, 1);
	assert_true(seat_abort(&w.t, "bob", "never mind", &err));
	stand(2, 1);
}

static void who_has_a_nay_cannot_be_declared_dead(void **state UNUSED)
{
	struct err err = ERR_INIT;
	bool is_news = false;
	propose("y--");
	w.t.seen->ledger.fact.who = WITNESS_OWN_EYES;
	assert_true(seat_abort(&w.t, "bob", "never mind", &err));
	stand(3, 0);
	assert_false(without("c.test:27017", &is_news, &err));
	assert_int_equal(err.kind, ERR_REFUSED);
	stand(3, 0);
}

static void nobody_is_declared_dead_in_doubt(void **state UNUSED)
{
	struct err err = ERR_INIT;
	bool is_news = false;
	struct seen_ledger *l = &w.t.seen->ledger;
	l->fact.who = WITNESS_OWN_EYES;
	assert_false(without("c.test:27017", &is_news, &err)); /* nothing is under way */
	propose("y--");
	assert_false(without(SELF, &is_news, &err));
	assert_false(without("d.test:27017", &is_news, &err)); /* not on the roll */
	assert_false(without("", &is_news, &err));
	l->is_older_than_anchor = true;
	assert_false(without("c.test:27017", &is_news, &err));
	l->is_older_than_anchor = false;
	l->is_other_than_anchor = true;
	assert_false(without("c.test:27017", &is_news, &err));
	l->is_other_than_anchor = false;
	l->fact.who = WITNESS_NONE;
	assert_false(without("c.test:27017", &is_news, &err));
	assert_null(find_doc("roll/"));
	/* By the proposal it is so already. */
	l->fact.who = WITNESS_OWN_EYES;
	l->proposal.roll[2].is_dead = true;
	is_news = true;
	assert_true(without("c.test:27017", &is_news, &err));
	assert_false(is_news);
	assert_null(find_doc("roll/"));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    T(each_word_is_taken_or_refused_with_its_reason),
	    T(an_order_says_who_wants_what),
	    T(an_abort_gives_a_nay_to_each_that_has_not_voted),
	    T(a_resume_lets_go_of_what_went_wrong_before),
	    T(the_hold_after_a_roll_back_is_noted),
	    T(a_resume_is_refused_while_a_foreign_file_stands),
	    T(opened_permissions_are_seen_as_such),
	    T(the_journal_is_asked_who_wrote_the_keyfile),
	    T(an_approved_generation_is_kept_on_disk),
	    T(verify_looks_at_what_each_serves),
	    T(a_body_names_its_instance_or_none),
	    T(damaged_notes_are_begun_anew_and_that_is_told),
	    T(what_a_revoked_rotad_was_ordered_is_given_anew),
	    T(who_is_declared_dead_gets_no_nay),
	    T(who_has_a_nay_cannot_be_declared_dead),
	    T(nobody_is_declared_dead_in_doubt),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
