/* SPDX-License-Identifier: Apache-2.0 */
/* Pins at first sight and by a person's word. Identities are names only: what endorses them was
 * judged before. */
#include "lib/test.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "codec/anchor_json.h"
#include "codec/ledger_json.h"
#include "lib/fake_files.h"
#include "round/trust.h"

enum { IDS = 6 };
static struct {
	struct fake_files files;
	struct seat t;
	struct instance_policy instance;
	struct identity_doc ids[IDS];
	bool speaks[IDS];
	char id[DOC_ID_BYTES]; /* the one document that was written */
	struct buf text;
	int64_t rev;
	bool has_next; /* a proposal that came meanwhile */
} w;

static const char *const hosts[] = {"a:27017", "b:27017", "c:27017"};

/* The name of identity number n: "1111...", so that a prefix of 16 tells two apart. */
static struct spki name(char digit)
{
	struct spki s = {.hex = ""};
	memset(s.hex, digit, SPKI_CHARS);
	return s;
}

static struct wall fake_now(void *self UNUSED)
{
	return (struct wall){.us = US_S};
}
static bool fake_random(void *self UNUSED, void *out, size_t n, struct err *err UNUSED)
{
	memset(out, 7, n);
	return true;
}
static const struct host_ops host_ops = {.now = fake_now, .random = fake_random};

static bool doc_read(void *self UNUSED, const char *id, struct arena *arena UNUSED,
		     struct store_doc *ret, bool *ret_found, struct err *err UNUSED)
{
	*ret_found = w.has_next && strcmp(id, "proposal/5") == 0;
	if (w.rev && strcmp(id, w.id) == 0) {
		*ret = (struct store_doc){.rev = w.rev, .text = buf_str(&w.text)};
		*ret_found = true;
	}
	return true;
}
static bool doc_swap(void *self UNUSED, const struct store_doc *doc, int64_t expected,
		     enum store_outcome *ret, struct err *err UNUSED)
{
	*ret = expected == w.rev ? STORE_DONE : STORE_CONFLICT;
	if (*ret == STORE_CONFLICT)
		return true;
	cut_z(w.id, sizeof(w.id), doc->id);
	buf_clear(&w.text);
	buf_add(&w.text, doc->text.p, doc->text.n);
	w.rev = expected + 1;
	return true;
}
static const struct store_ops store_ops = {.read = doc_read, .swap = doc_swap};

static int set_up(void **state)
{
	(void)state;
	memset(&w, 0, sizeof(w));
	w.t.seen = calloc(1, sizeof(*w.t.seen));
	assert_non_null(w.t.seen);
	w.t.identities = w.ids;
	w.t.instance = &w.instance;
	snprintf(w.t.directory, sizeof(w.t.directory), "/state");
	memset(w.t.machine_id, '0', MACHINE_ID_CHARS);
	memset(w.t.anchor.salt_hex, 'a', 64);
	snprintf(w.t.anchor.cluster, sizeof(w.t.anchor.cluster), "rs0");
	memset(w.t.anchor.ledger.hex, 'f', TOKEN_CHARS);
	w.t.ports.files = fake_files_port(&w.files);
	w.t.ports.host.ops = &host_ops;
	w.t.ports.set_store.ops = &store_ops;
	w.text.max = DOC_BYTES_MAX;
	w.t.identity.spki = name('a');
	w.t.seen->ledger.fact.who = WITNESS_OWN_EYES;
	w.t.seen->members_n = ARRAY_N(hosts);
	snprintf(w.t.seen->self_host, HOST_BYTES_MAX, "a:27017");
	for (unsigned i = 0; i < ARRAY_N(hosts); i++)
		snprintf(w.t.seen->members[i].host, HOST_BYTES_MAX, "%s", hosts[i]);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	free(w.t.seen);
	fake_files_fini(&w.files);
	buf_fini(&w.text);
	identity_keys_fini(&w.t.identity);
	return 0;
}

/* Put one into the ledger as it was judged. */
static struct identity *add(const char *host, char digit, bool is_admitted)
{
	struct identity *id = &w.ids[w.t.identities_n++].identity;
	*id = (struct identity){.spki = name(digit), .is_admitted = is_admitted};
	snprintf(id->host, sizeof(id->host), "%s", host);
	return id;
}

/* The pins as "host=digit" in their order. */
static const char *pins(const struct anchor *a)
{
	static char out[512];
	size_t at = 0;
	out[0] = 0;
	for (unsigned i = 0; i < a->pins_n; i++)
		at += (size_t)snprintf(out + at, sizeof(out) - at, "%s%.1s=%c", i ? " " : "",
				       a->pins[i].host, a->pins[i].spki.hex[0]);
	return out;
}

/* What is on disk, the same way. */
static const char *kept(void)
{
	static struct anchor a;
	struct err err = ERR_INIT;
	int i = fake_files_find(&w.files, "/state/anchor.json");
	if (i < 0)
		return "nothing";
	assert_true(anchor_decode((struct str){w.files.files[i].bytes, w.files.files[i].n},
				  w.t.machine_id, &a, &err));
	return pins(&a);
}

static void pin_by_hand(const char *host, char digit)
{
	struct anchor *a = &w.t.anchor;
	snprintf(a->pins[a->pins_n].host, HOST_BYTES_MAX, "%s", host);
	a->pins[a->pins_n++].spki = name(digit);
}

/* ---- at first sight ---- */

static void each_host_is_pinned_at_first_sight_and_once(void **state)
{
	(void)state;
	add("a:27017", 'a', true);
	add("b:27017", 'b', true);
	add("c:27017", 'c', false);
	trust_pin(&w.t, w.speaks);
	assert_string_equal(kept(), "a=a b=b");
	w.ids[2].identity.is_admitted = true;
	trust_pin(&w.t, w.speaks);
	trust_pin(&w.t, w.speaks);
	assert_string_equal(kept(), "a=a b=b c=c");
	assert_int_equal(w.files.puts_n, 2);
}

static void of_two_of_one_host_the_one_that_speaks_is_the_present_one(void **state)
{
	(void)state;
	add("b:27017", 'b', true);
	add("b:27017", 'c', true);
	trust_pin(&w.t, w.speaks);
	assert_string_equal(kept(), "nothing"); /* neither speaks: that cannot be told */
	w.speaks[0] = true;
	trust_pin(&w.t, w.speaks);
	assert_string_equal(kept(), "b=b"); /* the other may be the one to come */
}

/* Whom the proposal names keeps its word there, and is the one of before. */
static void what_an_identity_of_before_said_in_the_proposal_is_believed(void **state)
{
	struct trust_confirmed c;
	struct err err = ERR_INIT;
	struct proposal *p = &w.t.seen->ledger.proposal;
	(void)state;
	w.t.seen->ledger.has_proposal = true;
	p->roll_n = 1;
	p->roll[0].identity = name('c');
	add("b:27017", 'b', true);
	add("b:27017", 'c', true);
	add("b:27017", 'd', true);
	w.speaks[0] = true;
	trust_pin(&w.t, w.speaks);
	assert_string_equal(kept(), "b=c b=b");
	/* By a person's word just so. */
	w.t.anchor.pins_n = 0;
	assert_true(trust_confirm(&w.t, "b", name('d').hex, &c, &err));
	assert_string_equal(kept(), "b=c b=d");
	p->roll_n = 0;
	p->head.from = name('b');
	w.t.anchor.pins_n = 0;
	assert_true(trust_confirm(&w.t, "b", name('d').hex, &c, &err));
	assert_string_equal(kept(), "b=b b=d");
}

static void in_its_own_name_only_this_rotad_is_present(void **state)
{
	(void)state;
	/* It lost its state: its identity of before stands in the ledger, and voted. */
	add("a:27017", '9', true);
	w.speaks[0] = true;
	trust_pin(&w.t, w.speaks);
	assert_string_equal(kept(), "nothing");
	add("a:27017", 'a', true);
	trust_pin(&w.t, w.speaks);
	assert_string_equal(kept(), "a=a");
}

static void a_pin_that_cannot_be_written_is_not_made(void **state)
{
	(void)state;
	add("b:27017", 'b', true);
	w.files.is_full = true;
	trust_pin(&w.t, w.speaks);
	assert_int_equal(w.t.anchor.pins_n, 0);
	w.files.is_full = false;
	trust_pin(&w.t, w.speaks);
	assert_string_equal(kept(), "b=b");
}

static void full_of_pins_those_of_nobody_make_room(void **state)
{
	(void)state;
	pin_by_hand("b:27017", '1'); /* replaced, gone from the ledger */
	pin_by_hand("b:27017", '2'); /* replaced, in the ledger: its votes must be verified */
	pin_by_hand("b:27017", '3'); /* present */
	pin_by_hand("x:27017", '4'); /* no member, gone */
	while (w.t.anchor.pins_n < MEMBERS_MAX)
		pin_by_hand("y:27017", '5');
	add("b:27017", '2', true);
	add("y:27017", '5', true);
	add("c:27017", 'c', true);
	trust_pin(&w.t, w.speaks);
	assert_int_equal(w.t.anchor.pins_n, MEMBERS_MAX);
	assert_string_equal(w.t.anchor.pins[MEMBERS_MAX - 1].host, "c:27017");
	assert_string_equal(trust_find_pin(&w.t.anchor, "b:27017")->hex, name('3').hex);
	assert_string_equal(w.t.anchor.pins[0].spki.hex, name('2').hex);
	add("a:27017", 'a', true);
	trust_pin(&w.t, w.speaks); /* the stranger's goes for it */
	assert_null(trust_find_pin(&w.t.anchor, "x:27017"));
	assert_non_null(trust_find_pin(&w.t.anchor, "a:27017"));
	w.t.seen->members_n++;
	snprintf(w.t.seen->members[3].host, HOST_BYTES_MAX, "d:27017");
	add("d:27017", 'd', true);
	trust_pin(&w.t, w.speaks);
	assert_null(trust_find_pin(&w.t.anchor, "d:27017")); /* no room: nobody loses a pin */
	struct trust_confirmed c;
	struct err err = ERR_INIT;
	w.ids[4].identity.is_admitted = false;
	assert_false(trust_confirm(&w.t, "d", name('d').hex, &c, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
}

/* ---- a person's word ---- */

static void the_new_identity_becomes_the_present_one_and_the_old_stays(void **state)
{
	struct trust_confirmed c;
	struct err err = ERR_INIT;
	static const char *const hosts_given[] = {"b", "b:27017"};
	static const char *const typed[] = {"1111111111111111", "sha256:1111111111111111",
					    "11111111111111111111"};
	(void)state;
	for (size_t h = 0; h < ARRAY_N(hosts_given); h++)
		for (size_t i = 0; i < ARRAY_N(typed); i++) {
			w.t.identities_n = w.t.anchor.pins_n = 0;
			pin_by_hand("b:27017", 'b');
			add("b:27017", 'b', true);
			add("b:27017", '1', false);
			assert_true(trust_confirm(&w.t, hosts_given[h], typed[i], &c, &err));
			assert_false(c.was_admitted);
			assert_ptr_equal(c.identity, &w.ids[1].identity);
			assert_string_equal(kept(), "b=b b=1");
		}
	/* Said again it changes nothing. */
	w.ids[1].identity.is_admitted = true;
	unsigned puts = w.files.puts_n;
	assert_true(trust_confirm(&w.t, "b", typed[0], &c, &err));
	assert_true(c.was_admitted);
	assert_int_equal(w.files.puts_n, puts);
	assert_string_equal(kept(), "b=b b=1");
}

static void upper_case_is_the_same_fingerprint(void **state)
{
	struct trust_confirmed c;
	struct err err = ERR_INIT;
	(void)state;
	add("b:27017", 'c', false);
	assert_true(trust_confirm(&w.t, "b", "CCCCCCCCCCCCCCCC", &c, &err));
	assert_string_equal(kept(), "b=c");
}

static void what_is_in_doubt_is_refused(void **state)
{
	static const struct {
		const char *host, *fingerprint;
		enum err_kind kind;
	} rows[] = {
	    {"b", "111111111111111", ERR_INVALID}, /* a digit short */
	    {"b", "", ERR_INVALID},
	    {"b", "111111111111111g", ERR_INVALID},
	    {"b", "1111111111111111 ", ERR_INVALID},
	    {"b", "11111111111111111111111111111111111111111111111111111111111111111", ERR_INVALID},
	    {"b", "2222222222222222", ERR_NOT_FOUND}, /* another's */
	    {"b", "1111111111111112", ERR_NOT_FOUND},
	    {"z", "1111111111111111", ERR_NOT_FOUND},
	    {"", "1111111111111111", ERR_NOT_FOUND},
	    {"a", "9999999999999999", ERR_REFUSED},    /* this host's own name */
	    {"a", "aaaaaaaaaaaaaaaa", ERR_REFUSED},    /* this rotad */
	    {"gone", "3333333333333333", ERR_REFUSED}, /* no member now */
	    {"c", "4444444444444444", ERR_REFUSED},    /* replaced: out of a backup */
	};
	(void)state;
	add("b:27017", '1', false);
	add("a:27017", '9', false);
	add("a:27017", 'a', true);
	add("gone:27017", '3', false);
	add("c:27017", '4', true)->is_superseded = true;
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct trust_confirmed c;
		struct err err = ERR_INIT;
		if (trust_confirm(&w.t, rows[i].host, rows[i].fingerprint, &c, &err) ||
		    err.kind != rows[i].kind)
			fail_msg("row %zu: %s %s", i, err_kind_name(err.kind), err.text);
	}
	assert_string_equal(kept(), "nothing");
}

static void two_that_fit_are_told_apart_by_the_port(void **state)
{
	struct trust_confirmed c;
	struct err err = ERR_INIT;
	(void)state;
	snprintf(w.t.seen->members[2].host, HOST_BYTES_MAX, "b:27018");
	add("b:27017", '1', false);
	add("b:27018", '1', false);
	assert_false(trust_confirm(&w.t, "b", name('1').hex, &c, &err));
	assert_int_equal(err.kind, ERR_CONFLICT);
	err_clear(&err);
	assert_true(trust_confirm(&w.t, "b:27018", name('1').hex, &c, &err));
	assert_ptr_equal(c.identity, &w.ids[1].identity);
}

static void nobody_is_admitted_by_a_ledger_that_is_not_believed(void **state)
{
	(void)state;
	add("b:27017", '1', false);
	for (int i = 0; i < 5; i++) {
		struct trust_confirmed c;
		struct err err = ERR_INIT;
		struct seen_ledger *l = &w.t.seen->ledger;
		*l = (struct seen_ledger){.fact = {.who = i == 0 ? WITNESS_NONE : WITNESS_OWN_EYES},
					  .is_other_than_anchor = i == 1,
					  .is_older_than_anchor = i == 2,
					  .is_unknown_protocol = i == 3};
		if (i == 4)
			w.t.anchor.ledger.hex[0] = 0; /* not joined itself */
		assert_false(trust_confirm(&w.t, "b", name('1').hex, &c, &err));
		assert_int_equal(err.kind, ERR_REFUSED);
	}
	assert_string_equal(kept(), "nothing");
}

static void a_confirmation_that_cannot_be_written_counts_for_nothing(void **state)
{
	struct trust_confirmed c;
	struct err err = ERR_INIT;
	(void)state;
	pin_by_hand("b:27017", 'b');
	add("b:27017", '1', false);
	w.files.is_full = true;
	assert_false(trust_confirm(&w.t, "b", name('1').hex, &c, &err));
	assert_int_equal(err.kind, ERR_DISK_FULL);
	assert_string_equal(pins(&w.t.anchor), "b=b");
}

/* ---- what is shown ---- */

static void each_state_is_named(void **state)
{
	static const char *const wanted[] = {"self",    "pinned",       "superseded",
					     "differs", "not-admitted", "admitted"};
	(void)state;
	pin_by_hand("b:27017", '1');
	pin_by_hand("b:27017", '2');
	add("a:27017", 'a', true);
	add("b:27017", '2', true);
	add("b:27017", '1', true)->is_superseded = true;
	add("b:27017", '3', false);
	add("c:27017", '4', false);
	add("c:27017", '5', true);
	json_t *all = trust_json(&w.t);
	assert_int_equal(json_array_size(all), IDS);
	for (size_t i = 0; i < ARRAY_N(wanted); i++)
		assert_string_equal(
		    json_string_value(json_object_get(json_array_get(all, i), "state")), wanted[i]);
	json_decref(all);
	/* Before it is in the ledger its fingerprint is shown all the same. */
	w.t.identities_n = 0;
	all = trust_json(&w.t);
	assert_int_equal(json_array_size(all), 1);
	assert_string_equal(
	    json_string_value(json_object_get(json_array_get(all, 0), "fingerprint")),
	    name('a').hex);
	json_decref(all);
}

/* ---- revoked ---- */

/* With keys of its own it can sign. */
static void has_keys(void)
{
	struct err err = ERR_INIT;
	assert_true(identity_keys_new(&w.t.identity, &err));
	memset(w.t.incarnation.hex, 'e', TOKEN_CHARS);
}

static void a_revocation_is_remembered_before_it_is_published(void **state)
{
	struct trust_revoked r;
	struct err err = ERR_INIT;
	(void)state;
	has_keys();
	w.t.seen->ledger.has_proposal = true;
	w.t.seen->ledger.proposal.generation = 4;
	add("b:27017", '1', true);
	add("c:27017", 'c', true);
	assert_true(trust_revoke(&w.t, "b", "amy", "stolen", &r, &err));
	assert_int_equal(r.n, 1);
	assert_string_equal(r.host, "b:27017");
	assert_string_equal(r.spki[0].hex, name('1').hex);
	assert_int_equal(w.t.anchor.revoked_n, 1);
	assert_int_equal(w.t.anchor.revoked[0].generation, 4);
	(void)kept();
	assert_int_equal(strncmp(w.id, "revocation/1111", 15), 0);
	assert_non_null(strstr(buf_z(&w.text), "\"generation\":4"));
	assert_non_null(strstr(buf_z(&w.text), "\"who\":\"amy\""));
	/* Again it changes nothing. */
	w.ids[0].identity.is_revoked = true;
	unsigned puts = w.files.puts_n;
	assert_true(trust_revoke(&w.t, "b", "amy", "stolen", &r, &err));
	assert_int_equal(r.n, 0);
	assert_int_equal(w.files.puts_n, puts);
	assert_int_equal(w.rev, 1);
}

static void what_nobody_believes_in_its_place_is_replaced(void **state)
{
	struct trust_revoked r;
	struct err err = ERR_INIT;
	(void)state;
	has_keys();
	add("b:27017", '1', true);
	w.rev = 3;
	snprintf(w.id, sizeof(w.id), "revocation/%s", name('1').hex);
	buf_adds(&w.text, "another's");
	assert_true(trust_revoke(&w.t, "b", "amy", "stolen", &r, &err));
	assert_int_equal(r.n, 1);
	assert_non_null(strstr(buf_z(&w.text), "\"who\":\"amy\""));
	assert_int_equal(w.rev, 4);
	assert_int_equal(w.t.anchor.revoked_n, 1);
}

/* Others may have acted on what it voted there. */
static void a_proposal_that_came_meanwhile_stands(void **state)
{
	struct trust_revoked r;
	struct err err = ERR_INIT;
	(void)state;
	has_keys();
	w.t.seen->ledger.has_proposal = w.has_next = true;
	w.t.seen->ledger.proposal.generation = 4;
	add("b:27017", '1', true);
	assert_true(trust_revoke(&w.t, name('1').hex, "amy", "stolen", &r, &err));
	assert_int_equal(w.rev, 2);
	assert_non_null(strstr(buf_z(&w.text), "\"generation\":5"));
	assert_int_equal(w.t.anchor.revoked[0].generation, 5);
}

static void all_identities_of_a_host_go_and_of_no_other(void **state)
{
	struct trust_revoked r;
	struct err err = ERR_INIT;
	(void)state;
	has_keys();
	add("b:27017", '1', true)->is_superseded = true;
	add("b:27018", '3', true);
	assert_true(trust_revoke(&w.t, "b:27017", "amy", "stolen", &r, &err));
	assert_int_equal(r.n, 1);
	assert_int_equal(w.t.anchor.revoked_n, 1);
	assert_string_equal(w.t.anchor.revoked[0].spki.hex, name('1').hex);
}

static void of_two_members_of_one_host_neither_goes(void **state)
{
	struct trust_revoked r;
	struct err err = ERR_INIT;
	(void)state;
	has_keys();
	add("b:27017", '1', true);
	add("b:27018", '3', true);
	assert_false(trust_revoke(&w.t, "b", "amy", "stolen", &r, &err));
	assert_int_equal(err.kind, ERR_CONFLICT);
	assert_non_null(strstr(err.text, "b:27017 and b:27018"));
	assert_int_equal(w.t.anchor.revoked_n, 0);
	assert_int_equal(w.rev, 0);
}

static void a_host_with_another_identity_is_not_revoked(void **state)
{
	(void)state;
	assert_false(trust_is_host_revoked(&w.t, "b:27017"));
	add("b:27017", '1', true)->is_superseded = true;
	w.ids[0].identity.is_revoked = true;
	w.ids[0].identity.is_admitted = false;
	add("c:27017", 'c', true);
	assert_true(trust_is_host_revoked(&w.t, "b:27017"));
	add("b:27017", '2', true);
	assert_false(trust_is_host_revoked(&w.t, "b:27017"));
	assert_false(trust_is_host_revoked(&w.t, "c:27017"));
}

static void nobody_is_revoked_in_doubt(void **state)
{
	static const struct {
		const char *name;
		enum err_kind kind;
	} rows[] = {
	    {"z", ERR_NOT_FOUND},
	    {"", ERR_NOT_FOUND},
	    {"111111111111111", ERR_NOT_FOUND}, /* a digit short */
	    {"3333333333333333", ERR_NOT_FOUND},
	    {"a", ERR_REFUSED},                /* this host's own name */
	    {"9999999999999999", ERR_REFUSED}, /* the same by its fingerprint */
	};
	(void)state;
	has_keys();
	add("b:27017", '1', true);
	add("a:27017", '9', true);
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct trust_revoked r;
		struct err err = ERR_INIT;
		if (trust_revoke(&w.t, rows[i].name, "amy", "x", &r, &err) ||
		    err.kind != rows[i].kind)
			fail_msg("row %zu: %s %s", i, err_kind_name(err.kind), err.text);
	}
	for (int i = 0; i < 6; i++) {
		struct trust_revoked r;
		struct err err = ERR_INIT;
		w.t.seen->ledger =
		    (struct seen_ledger){.fact = {.who = i == 0 ? WITNESS_NONE : WITNESS_OWN_EYES},
					 .is_other_than_anchor = i == 1,
					 .is_older_than_anchor = i == 2,
					 .is_unknown_protocol = i == 3,
					 .is_self_revoked = i == 4};
		if (i == 5)
			w.t.anchor.ledger.hex[0] = 0;
		assert_false(trust_revoke(&w.t, "b", "amy", "x", &r, &err));
		assert_int_equal(err.kind, ERR_REFUSED);
	}
	assert_int_equal(w.t.anchor.revoked_n, 0);
	assert_int_equal(w.rev, 0);
}

static void a_revocation_that_cannot_be_written_here_is_not_published(void **state)
{
	struct trust_revoked r;
	struct err err = ERR_INIT;
	(void)state;
	has_keys();
	add("b:27017", '1', true);
	add("b:27017", '2', true)->is_superseded = true;
	w.files.is_full = true;
	assert_false(trust_revoke(&w.t, "b", "amy", "x", &r, &err));
	assert_int_equal(err.kind, ERR_DISK_FULL);
	assert_int_equal(w.rev, 0);
	/* Till it ends it believes neither of them. */
	assert_true(w.ids[0].identity.is_revoked && w.ids[1].identity.is_revoked);
	assert_int_equal(w.t.anchor.revoked_n, 2);
}

static void what_is_read_of_a_revocation_only_grows(void **state)
{
	struct revocation r = {.spki = name('1'), .generation = 4};
	struct trust_sight s = {.is_joined = true, .newest = 4, .highest = 4};
	(void)state;
	assert_false(trust_take_revocation(&w.t, &r, &s)); /* of nobody whom the ledger holds */
	add("b:27017", '1', true);
	assert_true(trust_take_revocation(&w.t, &r, &s));
	assert_false(trust_take_revocation(&w.t, &r, &s));
	r.generation = 3;
	assert_false(trust_take_revocation(&w.t, &r, &s));
	r.generation = 7;
	assert_false(trust_take_revocation(&w.t, &r, &s)); /* not proposed */
	assert_int_equal(w.t.anchor.revoked[0].generation, 4);
	s.highest = 7;
	assert_true(trust_take_revocation(&w.t, &r, &s));
	assert_int_equal(w.t.anchor.revoked[0].generation, 5);
	assert_false(trust_take_revocation(&w.t, &r, &s)); /* once */
	assert_int_equal(w.files.puts_n, 2);
	/* Full of those whom nobody can show any more. */
	while (w.t.anchor.revoked_n < REVOKED_MAX)
		w.t.anchor.revoked[w.t.anchor.revoked_n++].spki = name('5');
	add("c:27017", '2', true);
	r.spki = name('2');
	assert_true(trust_take_revocation(&w.t, &r, &s));
	assert_int_equal(w.t.anchor.revoked_n, REVOKED_MAX);
	assert_string_equal(w.t.anchor.revoked[0].spki.hex, name('1').hex);
	assert_string_equal(w.t.anchor.revoked[REVOKED_MAX - 1].spki.hex, name('2').hex);
}

#define TRUST_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* Each letter is a process that speaks, each word newer than the one before it; a capital one says
 * again what that process said first. */
static void a_process_that_comes_back_is_a_cloned_host(void **state UNUSED)
{
	static const struct {
		const char *speak;
		char own; /* 0: it is another member's rotad */
		bool is_doubled;
	} rows[] = {
	    {"a", 0, false},    {"aaa", 0, false},  {"abcde", 0, false}, {"aba", 0, true},
	    {"abab", 0, true},  {"abca", 0, true},  {"abcda", 0, true},  {"abbb", 0, false},
	    {"ab", 'b', false}, {"aba", 'b', true}, {"abc", 'b', true},  {"abb", 'b', false},
	    {"b", 'b', false},  {"bc", 'b', true},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct incarnations all = {.n = 0};
		struct token own, speaks;
		struct wall now = {.us = US_DAY};
		memset(own.hex, rows[i].own, TOKEN_CHARS);
		own.hex[TOKEN_CHARS] = 0;
		for (const char *p = rows[i].speak; *p; p++) {
			const char who = *p < 'a' ? (char)(*p - 'A' + 'a') : *p;
			const int64_t first = strchr(rows[i].speak, who) - rows[i].speak,
				      nth = p - rows[i].speak;
			struct wall said = {.us = US_H + (*p < 'a' ? first : nth) * US_MIN};
			memset(speaks.hex, who, TOKEN_CHARS);
			speaks.hex[TOKEN_CHARS] = 0;
			incarnations_note(&all, &speaks, rows[i].own ? &own : NULL, said, now);
		}
		if (incarnations_are_doubled(&all, now) != rows[i].is_doubled)
			fail_msg("'%s': %s", rows[i].speak,
				 rows[i].is_doubled ? "not found" : "found");
		now.us += US_H;
		assert_false(incarnations_are_doubled(&all, now)); /* long enough ago */
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_process_that_comes_back_is_a_cloned_host),
	    TRUST_TEST(each_host_is_pinned_at_first_sight_and_once),
	    TRUST_TEST(of_two_of_one_host_the_one_that_speaks_is_the_present_one),
	    TRUST_TEST(what_an_identity_of_before_said_in_the_proposal_is_believed),
	    TRUST_TEST(in_its_own_name_only_this_rotad_is_present),
	    TRUST_TEST(a_pin_that_cannot_be_written_is_not_made),
	    TRUST_TEST(full_of_pins_those_of_nobody_make_room),
	    TRUST_TEST(the_new_identity_becomes_the_present_one_and_the_old_stays),
	    TRUST_TEST(upper_case_is_the_same_fingerprint),
	    TRUST_TEST(what_is_in_doubt_is_refused),
	    TRUST_TEST(two_that_fit_are_told_apart_by_the_port),
	    TRUST_TEST(nobody_is_admitted_by_a_ledger_that_is_not_believed),
	    TRUST_TEST(a_confirmation_that_cannot_be_written_counts_for_nothing),
	    TRUST_TEST(each_state_is_named),
	    TRUST_TEST(a_revocation_is_remembered_before_it_is_published),
	    TRUST_TEST(what_nobody_believes_in_its_place_is_replaced),
	    TRUST_TEST(a_proposal_that_came_meanwhile_stands),
	    TRUST_TEST(all_identities_of_a_host_go_and_of_no_other),
	    TRUST_TEST(of_two_members_of_one_host_neither_goes),
	    TRUST_TEST(a_host_with_another_identity_is_not_revoked),
	    TRUST_TEST(nobody_is_revoked_in_doubt),
	    cmocka_unit_test_setup_teardown(
		a_revocation_that_cannot_be_written_here_is_not_published, set_up, tear_down),
	    TRUST_TEST(what_is_read_of_a_revocation_only_grows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
