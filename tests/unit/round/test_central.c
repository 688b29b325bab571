/* SPDX-License-Identifier: Apache-2.0 */
/* The central schedule at work: what it changes for a seat, what is refused, whose orders are given
 * and how often. */
#include "lib/test.h"

#include <stdlib.h>
#include <string.h>

#include "codec/json_mem.h"
#include "lib/fake_files.h"
#include "round/central.h"

#define START ((struct wall){.us = 1795314976 * US_S}) /* 2026-11-22 */

/* ---- fakes ---- */

static struct wall the_time;
static struct wall fake_now(void *self UNUSED)
{
	return the_time;
}
static struct mono fake_boot(void *self UNUSED)
{
	return (struct mono){.us = 1};
}
static bool fake_random(void *self UNUSED, void *out, size_t n, struct err *err UNUSED)
{
	memset(out, 7, n);
	return true;
}
static const struct host_ops host_ops = {.now = fake_now, .boot = fake_boot, .random = fake_random};

static struct {
	const char *body; /* NULL: nobody answers */
	int status;
	unsigned late_n, polls_n, asked_n;
} server;
static bool fake_begin(void *self UNUSED, const struct http_request *r UNUSED,
		       struct err *err UNUSED)
{
	server.polls_n = 0;
	server.asked_n++;
	return true;
}
static bool fake_poll(void *self UNUSED, bool *ret_is_done, struct http_response *ret,
		      struct err *err)
{
	*ret_is_done = server.polls_n++ >= server.late_n;
	if (!*ret_is_done)
		return true;
	if (!server.body)
		return err_set(err, ERR_UNREACHABLE, "connection refused");
	ret->status = server.status;
	buf_adds(&ret->body, server.body);
	return true;
}
static const struct http_later_ops http_ops = {.begin = fake_begin, .poll = fake_poll};

static struct fake_files disk;
static bool fake_append(void *self UNUSED, const char *path UNUSED, struct str line UNUSED,
			struct err *err UNUSED)
{
	return true;
}
static const struct files_ops files_ops = {.look = fake_files_look,
					   .read_text = fake_files_read,
					   .put = fake_files_put,
					   .append = fake_append,
					   .remove = fake_files_remove};

/* The set's ledger: what is written once is there. */
static struct {
	unsigned n, refused_n;
	bool is_away;
	char ids[8][DOC_ID_BYTES];
	char *texts[8];
} ledger;
static bool fake_swap(void *self UNUSED, const struct store_doc *doc, int64_t expected,
		      enum store_outcome *ret, struct err *err)
{
	if (ledger.is_away)
		return err_set(err, ERR_UNREACHABLE, "no primary");
	assert_int_equal(expected, 0);
	for (unsigned i = 0; i < ledger.n; i++)
		if (strcmp(ledger.ids[i], doc->id) == 0) {
			ledger.refused_n++;
			*ret = STORE_CONFLICT;
			return true;
		}
	assert_true(ledger.n < ARRAY_N(ledger.ids));
	cut_z(ledger.ids[ledger.n], DOC_ID_BYTES, doc->id);
	ledger.texts[ledger.n++] = strndup(doc->text.p, doc->text.n);
	*ret = STORE_DONE;
	return true;
}
static bool fake_read(void *self UNUSED, const char *id UNUSED, struct arena *arena UNUSED,
		      struct store_doc *ret UNUSED, bool *ret_found, struct err *err UNUSED)
{
	*ret_found = false;
	return true;
}
static const struct store_ops store_ops = {.swap = fake_swap, .read = fake_read};

static struct {
	unsigned n;
	struct event last, all[32];
} told;
static void fake_tell(void *self UNUSED, const struct event *e, bool is_mine)
{
	assert_true(is_mine);
	told.last = *e;
	told.all[told.n++ % ARRAY_N(told.all)] = *e;
}

/* ---- a host ---- */

#define OWN                                                                                        \
	"mode: act\nstateDirectory: /state\n"                                                      \
	"instances: [{name: a, configFile: /etc/mongod.conf, restart: {unit: mongod.service}}]\n"  \
	"keyfile: {mode: act}\n"
#define FROM "schedule: {url: \"https://ops.example.net/s\", poll: 5m}\n"
#define FROZEN "freezes: [{from: 2026-11-20, until: 2026-11-30, reason: sale}]\n"

struct host {
	struct seat *seat;
	struct conf *own;
	struct central *central;
	struct central_parts parts;
};

static struct conf *conf_of(const char *text)
{
	struct conf_faults f = {.n = 0};
	struct conf *c = conf_new();
	struct files_port files = fake_files_port(&disk);
	const struct conf_how how = {.files = &files, .is_elsewhere = true, .now = the_time};
	if (!conf_parse(str_of(text), "/etc/rotad/rotad.yaml", c, &f) || !conf_check(c, &how, &f))
		fail_msg("%s: %s", text, f.faults[0].text);
	return c;
}

static void host_start(struct host *h)
{
	struct err err = ERR_INIT;
	h->seat->config = &h->own->config;
	h->seat->instance = &h->own->config.instances[0];
	assert_true(central_new(&h->parts, h->own, &h->central, &err));
}

/* Its member is db1 of rs0, its rotad of the ledger. */
static struct host *host_new(const char *own)
{
	struct host *h = calloc(1, sizeof(*h));
	struct err err = ERR_INIT;
	h->own = conf_of(own);
	struct seat *t = h->seat = calloc(1, sizeof(*t));
	t->seen = calloc(1, sizeof(*t->seen));
	t->ports.host = (struct host_port){.ops = &host_ops};
	t->ports.files = (struct files_port){.ops = &files_ops, .self = &disk};
	t->ports.set_store = (struct store_port){.ops = &store_ops};
	assert_true(arena_init(&t->arena, 1 << 20, &err));
	cut_z(t->directory, sizeof(t->directory), "/state/a");
	memset(t->machine_id, '0', 32);
	memset(t->anchor.ledger.hex, '1', TOKEN_CHARS);
	memset(t->anchor.salt_hex, '2', 64);
	cut_z(t->anchor.cluster, sizeof(t->anchor.cluster), "637af0000000000000000001");
	assert_true(identity_keys_new(&t->identity, &err));
	memset(t->incarnation.hex, '3', TOKEN_CHARS);
	struct seen *s = t->seen;
	s->self = 0;
	s->members_n = 1;
	cut_z(s->cluster, sizeof(s->cluster), "rs0");
	cut_z(s->self_host, sizeof(s->self_host), "db1.example.net:27017");
	s->ledger.fact.who = WITNESS_OWN_EYES;
	s->ledger.exists = true;
	h->parts = (struct central_parts){.host = t->ports.host,
					  .files = t->ports.files,
					  .http = {.ops = &http_ops},
					  .host_name = "db1",
					  .seats_n = 1,
					  .seats = {t},
					  .tell = fake_tell};
	host_start(h);
	return h;
}

static void host_free(struct host *h)
{
	central_free(h->central);
	arena_fini(&h->seat->arena);
	identity_keys_fini(&h->seat->identity);
	free(h->seat->seen);
	free(h->seat);
	conf_free(h->own);
	free(h);
}

/* Six minutes later, the server says this. */
static void run(struct host *h, const char *body)
{
	server.body = body;
	the_time = wall_add(the_time, 6 * US_MIN);
	(void)central_run(h->central);
}

static const struct policy *policy_of(const struct host *h)
{
	return &h->seat->config->policy;
}

static bool has_told(const char *event)
{
	return told.n && strcmp(told.last.name, event) == 0;
}

static int begin(void **state UNUSED)
{
	the_time = START;
	memset(&server, 0, sizeof(server));
	server.status = 200;
	memset(&told, 0, sizeof(told));
	memset(&ledger, 0, sizeof(ledger));
	memset(&disk, 0, sizeof(disk));
	return 0;
}
static int end(void **state UNUSED)
{
	fake_files_fini(&disk);
	for (unsigned i = 0; i < ledger.n; i++)
		free(ledger.texts[i]);
	return 0;
}

/* ---- cases ---- */

static void host_without_a_schedule_goes_by_its_own_file(void **state UNUSED)
{
	struct host *h = host_new(OWN);
	run(h, "serial: 1\n" FROZEN);
	assert_int_equal(server.asked_n, 0);
	assert_int_equal(policy_of(h)->mode, MODE_ACT);
	assert_int_equal(policy_of(h)->freezes_n, 0);
	host_free(h);
}

static void until_a_schedule_was_read_rotad_only_looks(void **state UNUSED)
{
	struct host *h = host_new(OWN FROM);
	assert_int_equal(policy_of(h)->mode, MODE_OBSERVE);
	assert_non_null(strstr(policy_of(h)->mode_why, "has not been read yet"));
	run(h, NULL);
	assert_int_equal(policy_of(h)->mode, MODE_OBSERVE);
	assert_true(has_told("schedule-unreachable"));
	assert_int_equal(told.last.severity, SEVERITY_WARNING);
	run(h, "serial: 4\n" FROZEN);
	assert_int_equal(policy_of(h)->mode, MODE_ACT);
	assert_string_equal(policy_of(h)->mode_why, "");
	host_free(h);
}

static void new_schedule_reaches_the_seat_and_its_anchor(void **state UNUSED)
{
	struct host *h = host_new(OWN FROM);
	server.late_n = 1;
	run(h, "serial: 4\npolicies: [{clusters: rs0, hosts: db1.example.net, keyfile: {maxAge: "
	       "60d}}]\n" FROZEN);
	assert_int_equal(policy_of(h)->freezes_n, 0); /* the answer is on its way */
	assert_in_range(central_run(h->central), 20 * US_MS, 30 * US_S);
	assert_int_equal(policy_of(h)->freezes_n, 1);
	assert_int_equal(policy_of(h)->keyfile.max_age_us, 60 * US_DAY);
	assert_int_equal(h->seat->config->schedule_serial, 4);
	assert_true(h->seat->config->is_in_schedule);
	assert_int_equal(h->seat->anchor.schedule_serial, 4);
	assert_true(fake_files_find(&disk, "/state/a/anchor.json") >= 0);
	assert_true(has_told("schedule-applied"));
	/* another one takes the freeze back */
	server.late_n = 0;
	run(h, "serial: 5\n");
	assert_int_equal(policy_of(h)->freezes_n, 0);
	assert_int_equal(h->seat->anchor.schedule_serial, 5);
	host_free(h);
}

static void policies_of_other_clusters_and_hosts_do_not_hold(void **state UNUSED)
{
	struct host *h = host_new(OWN FROM);
	run(h, "serial: 4\npolicies:\n  - {clusters: rs1, mode: observe}\n"
	       "  - {hosts: db2.example.net, mode: observe}\n");
	assert_int_equal(policy_of(h)->mode, MODE_ACT);
	assert_false(h->seat->config->is_in_schedule);
	host_free(h);
}

static void what_is_refused_leaves_the_last_good_one(void **state UNUSED)
{
	static const struct {
		const char *body;
		int status;
		const char *event, *says;
	} rows[] = {
	    {"serial: 3\n", 200, "schedule-refused", "older than 4"},
	    {"serial: 4\nmode: ask\n", 200, "schedule-refused", "raise it"},
	    {"serial: 5\nkeyfile: {\n", 200, "schedule-refused", "(line "},
	    {"serial: 5\nfoo: 1\n", 200, "schedule-refused", "unknown key 'foo'"},
	    {"<html>", 200, "schedule-refused", "web page"},
	    {"no", 500, "schedule-unreachable", "500"},
	    {"no", 404, "schedule-refused", "404"},
	    {NULL, 0, "schedule-unreachable", "connection refused"},
	    /* nothing could ever be done under it: this host cannot live with it */
	    {"serial: 5\nfreezes: [{from: 2026-01-01, until: 2029-01-01}]\n", 200,
	     "schedule-refused", "nothing could ever be done"},
	};
	struct host *h = host_new(OWN FROM);
	run(h, "serial: 4\n" FROZEN);
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		server.status = rows[i].status;
		run(h, rows[i].body);
		if (!has_told(rows[i].event) || !strstr(told.last.what, rows[i].says))
			fail_msg("row %zu: told %s: %s", i, told.last.name, told.last.what);
		assert_non_null(strstr(told.last.now, "Schedule 4 goes on"));
		assert_int_equal(policy_of(h)->freezes_n, 1);
		assert_int_equal(h->seat->config->schedule_serial, 4);
		assert_int_equal(h->seat->anchor.schedule_serial, 4);
	}
	/* and what is kept on disk is still it: it holds from the first moment of the next start */
	central_free(h->central);
	server.body = NULL;
	host_start(h);
	assert_int_equal(policy_of(h)->freezes_n, 1);
	assert_int_equal(policy_of(h)->mode, MODE_ACT);
	host_free(h);
}

static void rolled_back_copy_is_not_believed(void **state UNUSED)
{
	struct host *h = host_new(OWN FROM);
	run(h, "serial: 4\n" FROZEN);
	central_free(h->central);
	h->seat->anchor.schedule_serial = 9; /* the folder was restored, the anchor was not */
	host_start(h);
	assert_int_equal(policy_of(h)->mode, MODE_OBSERVE);
	run(h, "serial: 8\n");
	assert_true(has_told("schedule-refused"));
	run(h, "serial: 9\n");
	assert_int_equal(policy_of(h)->mode, MODE_ACT);
	host_free(h);
}

static void absence_is_a_debt_that_ages_and_ends(void **state UNUSED)
{
	struct host *h = host_new(OWN FROM);
	run(h, "serial: 4\n");
	unsigned before = told.n;
	run(h, NULL);
	assert_true(has_told("schedule-unreachable"));
	assert_int_equal(told.last.severity, SEVERITY_NOTICE);
	run(h, NULL);
	assert_int_equal(told.n, before + 1); /* a notice is told once */
	run(h, NULL);
	assert_int_equal(told.last.severity, SEVERITY_WARNING);
	the_time = wall_add(the_time, US_DAY);
	run(h, NULL);
	assert_int_equal(told.last.severity, SEVERITY_CRITICAL);
	assert_false(told.last.is_resolved);
	run(h, "serial: 4\n");
	assert_true(has_told("schedule-unreachable"));
	assert_true(told.last.is_resolved);
	before = told.n;
	run(h, "serial: 4\n");
	assert_int_equal(told.n, before);
	host_free(h);
}

static void own_file_that_the_schedule_forbids_is_refused(void **state UNUSED)
{
	struct host *h = host_new(OWN FROM);
	struct err err = ERR_INIT;
	run(h, "serial: 4\nfreezes: [{from: 2026-12-01, until: 2027-01-15}]\n");
	struct conf *bad = conf_of("mode: act\nstateDirectory: /state\n"
				   "instances: [{name: a, configFile: /etc/mongod.conf}]\n"
				   "keyfile: {mode: act, maxAge: 30d}\n" FROM);
	assert_false(central_fits(h->central, bad, &err));
	assert_non_null(strstr(err.text, "maxAge cannot be kept"));
	assert_int_equal(err.line, 4);
	conf_free(bad);
	/* a file that names no schedule any more goes by itself */
	err = ERR_INIT;
	struct conf *alone = conf_of(OWN);
	assert_true(central_fits(h->central, alone, &err));
	central_take(h->central, alone);
	conf_free(h->own);
	h->own = alone;
	assert_int_equal(policy_of(h)->freezes_n, 0);
	assert_ptr_equal(h->seat->config, &alone->config);
	host_free(h);
}

#define ORDER "orders: [{id: CHG1, rotate: keyfile, clusters: rs0, reason: quarterly}]\n"

static void order_is_given_once_whoever_gives_it(void **state UNUSED)
{
	struct host *h = host_new(OWN FROM);
	run(h, "serial: 4\n" ORDER);
	assert_int_equal(ledger.n, 1);
	assert_non_null(strstr(ledger.ids[0], "scheduled/"));
	assert_non_null(strstr(ledger.texts[0], "schedule serial 4"));
	assert_non_null(strstr(ledger.texts[0], "quarterly"));
	run(h, "serial: 4\n" ORDER);
	run(h, "serial: 5\n" ORDER);
	assert_int_equal(ledger.n, 1);
	assert_int_equal(ledger.refused_n, 0); /* known as given: not even tried */
	/* another host of the set, or this one with its memory lost */
	h->seat->seen->ledger.given_n = 0;
	run(h, "serial: 5\n" ORDER);
	assert_int_equal(ledger.n, 1);
	assert_int_equal(ledger.refused_n, 1);
	/* another id is another order */
	run(h, "serial: 6\norders: [{id: CHG2, rotate: keyfile, clusters: rs0, reason: x}]\n");
	assert_int_equal(ledger.n, 2);
	host_free(h);
}

static void order_waits_for_what_it_needs(void **state UNUSED)
{
	struct host *h = host_new(OWN FROM);
	struct seen *s = h->seat->seen;
	ledger.is_away = true;
	run(h, "serial: 4\n" ORDER);
	ledger.is_away = false;
	assert_int_equal(ledger.n, 0);
	/* a rotation is under way: a second routine one waits */
	s->ledger.has_proposal = true;
	s->ledger.proposal.generation = 1;
	s->ledger.proposal.roll_n = 1;
	run(h, "serial: 4\n" ORDER);
	assert_int_equal(ledger.n, 0);
	s->ledger.has_proposal = false;
	s->ledger.fact.who = WITNESS_NONE;
	run(h, "serial: 4\n" ORDER);
	assert_int_equal(ledger.n, 0);
	s->ledger.fact.who = WITNESS_OWN_EYES;
	s->ledger.is_self_revoked = true; /* nobody would believe it: another host gives it */
	run(h, "serial: 4\n" ORDER);
	assert_int_equal(ledger.n, 0);
	s->ledger.is_self_revoked = false;
	run(h, "serial: 4\n" ORDER);
	assert_int_equal(ledger.n, 1);
	host_free(h);
}

static void order_that_does_not_concern_is_not_given(void **state UNUSED)
{
	static const char
	    *const bodies[] =
		{
		    "serial: 4\norders: [{id: A, rotate: keyfile, reason: x, clusters: rs1}]\n",
		    "serial: 5\norders: [{id: B, rotate: keyfile, clusters: rs0, reason: x, "
		    "member: "
		    "db2.example.net}]\n",
		    "serial: 6\norders: [{id: C, rotate: keyfile, clusters: rs0, reason: x, "
		    "notAfter: "
		    "2026-11-01T00:00:00Z}]\n",
		    "serial: 7\norders: [{id: D, rotate: certificates, clusters: rs0, reason: "
		    "x}]\n", /* no
				authority
				here
			      */
		    "serial: 8\nmode: observe\norders: [{id: E, rotate: keyfile, clusters: rs0, "
		    "reason: "
		    "x}]\n",
		};
	struct host *h = host_new(OWN FROM);
	for (size_t i = 0; i < ARRAY_N(bodies); i++) {
		run(h, bodies[i]);
		assert_int_equal(h->seat->config->schedule_serial, 4 + i);
		if (ledger.n)
			fail_msg("given: %s", bodies[i]);
	}
	host_free(h);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
	    T(host_without_a_schedule_goes_by_its_own_file),
	    T(until_a_schedule_was_read_rotad_only_looks),
	    T(new_schedule_reaches_the_seat_and_its_anchor),
	    T(policies_of_other_clusters_and_hosts_do_not_hold),
	    T(what_is_refused_leaves_the_last_good_one),
	    T(rolled_back_copy_is_not_believed),
	    T(absence_is_a_debt_that_ages_and_ends),
	    T(own_file_that_the_schedule_forbids_is_refused),
	    T(order_is_given_once_whoever_gives_it),
	    T(order_waits_for_what_it_needs),
	    T(order_that_does_not_concern_is_not_given),
	};
	json_mem_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
