/* SPDX-License-Identifier: Apache-2.0 */
/* A key carried from a host that is well (a) to one that is shut out (b): who may ask, who may
 * answer, and what is taken. */
#include "lib/test.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "codec/digest.h"
#include "codec/keyfile_text.h"
#include "codec/ledger_json.h"
#include "round/carry.h"

enum { A, B, C, HOSTS };
static const char *const hosts[] = {"a:27017", "b:27017", "c:27017"};

static struct {
	struct seat t[HOSTS];
	struct identity_doc ids[HOSTS][HOSTS]; /* as each has them in its ledger */
	struct key_name pivot;
	struct buf request, carried;
	char host[HOST_BYTES_MAX];
} w;

static struct wall fake_now(void *self UNUSED)
{
	return (struct wall){.us = US_S};
}
static bool fake_random(void *self UNUSED, void *out, size_t n, struct err *err UNUSED)
{
	static unsigned char seed;
	memset(out, ++seed, n);
	return true;
}
static const struct host_ops host_ops = {.now = fake_now, .random = fake_random};

static void know(unsigned who, unsigned whom)
{
	struct seat *t = &w.t[who];
	struct identity *id = &w.ids[who][t->identities_n++].identity;
	identity_describe(&w.t[whom].identity, id);
	cut_z(id->host, sizeof(id->host), hosts[whom]);
	id->is_admitted = true;
	cut_z(t->anchor.pins[t->anchor.pins_n].host, HOST_BYTES_MAX, hosts[whom]);
	t->anchor.pins[t->anchor.pins_n++].spki = id->spki;
}

/* a holds the key in use; b holds nothing, and has read no ledger since it was started. */
static int set_up(void **state UNUSED)
{
	struct err err = ERR_INIT;
	unsigned char bytes[KEY_BYTES_DEFAULT];
	struct keyring ring = {.n = 0};
	struct ring_ids ids;
	memset(&w, 0, sizeof(w));
	w.request.max = w.carried.max = DOC_BYTES_MAX;
	memset(bytes, 7, sizeof(bytes));
	for (unsigned i = 0; i < HOSTS; i++) {
		struct seat *t = &w.t[i];
		t->seen = calloc(1, sizeof(*t->seen));
		t->ports.host.ops = &host_ops;
		t->identities = w.ids[i];
		assert_true(identity_keys_new(&t->identity, &err));
		memset(t->incarnation.hex, 'e', TOKEN_CHARS);
		memset(t->anchor.salt_hex, 'a', 64);
		memset(t->anchor.ledger.hex, 'f', TOKEN_CHARS);
		cut_z(t->anchor.cluster, sizeof(t->anchor.cluster), "rs0");
		cut_z(t->seen->self_host, HOST_BYTES_MAX, hosts[i]);
		t->seen->now.us = US_S;
	}
	for (unsigned k = 0; k < HOSTS; k++)
		know(A, k), know(B, k);
	assert_true(keyfile_key_new(bytes, sizeof(bytes), &ring, &err));
	assert_true(ring_ids_of(&ring, w.t[A].anchor.salt_hex, &ids, &err));
	assert_true(keychain_add(&w.t[A].chain, &ids.ids[0], &ring.keys[0].text, &err));
	keyring_fini(&ring);
	w.pivot = (struct key_name){.number = 8, .id = ids.ids[0]};
	w.t[A].anchor.pivot = w.pivot;
	w.t[A].seen->anchor = w.t[A].anchor;
	w.t[A].seen->ledger.fact.who = WITNESS_OWN_EYES;
	w.t[B].identities_n = 0;
	return 0;
}

static int tear_down(void **state UNUSED)
{
	for (unsigned i = 0; i < HOSTS; i++) {
		identity_keys_fini(&w.t[i].identity);
		keychain_fini(&w.t[i].chain);
		free(w.t[i].seen);
	}
	buf_fini(&w.request);
	buf_fini(&w.carried);
	return 0;
}

static void ask(void)
{
	struct err err = ERR_INIT;
	buf_clear(&w.request);
	assert_true(carry_request(&w.t[B], &w.request, &err));
}
static enum err_kind answer(void)
{
	struct err err = ERR_INIT;
	return carry_export(&w.t[A], buf_str(&w.request), &w.carried, w.host, &err) ? ERR_NONE
										    : err.kind;
}
static enum err_kind take_it(void)
{
	struct err err = ERR_INIT;
	return carry_import(&w.t[B], buf_str(&w.carried), w.host, &err) ? ERR_NONE : err.kind;
}

static void the_key_in_use_comes_to_who_asked(void **state UNUSED)
{
	ask();
	assert_int_equal(answer(), ERR_NONE);
	assert_string_equal(w.host, hosts[B]);
	assert_null(keychain_find(&w.t[B].chain, &w.pivot.id));
	assert_int_equal(take_it(), ERR_NONE);
	assert_string_equal(w.host, hosts[A]);
	assert_non_null(keychain_find(&w.t[B].chain, &w.pivot.id));
	/* Once. */
	assert_int_equal(take_it(), ERR_REFUSED);
}

static void nothing_that_is_carried_can_be_read(void **state UNUSED)
{
	const struct secret *key = keychain_find(&w.t[A].chain, &w.pivot.id);
	ask();
	assert_int_equal(answer(), ERR_NONE);
	assert_null(memmem(w.carried.p, w.carried.n, key->p, MIN(key->n, (size_t)16)));
	assert_null(strstr(buf_z(&w.carried), w.t[A].anchor.salt_hex));
	assert_null(strstr(buf_z(&w.request), w.t[A].anchor.salt_hex));
}

static void only_the_answer_to_the_last_request_is_taken(void **state UNUSED)
{
	ask();
	assert_int_equal(answer(), ERR_NONE);
	ask();
	assert_int_equal(take_it(), ERR_UNTRUSTED);
	assert_null(keychain_find(&w.t[B].chain, &w.pivot.id));
	assert_int_equal(answer(), ERR_NONE);
	assert_int_equal(take_it(), ERR_NONE);
}

static void who_is_not_believed_gets_no_key(void **state UNUSED)
{
	struct identity *b = &w.ids[A][B].identity;
	struct seen_ledger *l = &w.t[A].seen->ledger;
	ask();
	b->is_admitted = false;
	assert_int_equal(answer(), ERR_UNTRUSTED);
	b->is_revoked = true;
	b->stands_until = 99;
	assert_int_equal(answer(), ERR_UNTRUSTED);
	b->is_revoked = false;
	b->is_admitted = b->is_superseded = true;
	assert_int_equal(answer(), ERR_UNTRUSTED);
	b->is_superseded = false;
	cut_z(b->host, sizeof(b->host), hosts[C]);
	assert_int_equal(answer(), ERR_UNTRUSTED);
	cut_z(b->host, sizeof(b->host), hosts[B]);
	w.t[A].anchor.ledger.hex[0] = 'e'; /* of another ledger */
	assert_int_equal(answer(), ERR_UNTRUSTED);
	w.t[A].anchor.ledger.hex[0] = 'f';
	for (int i = 0; i < 5; i++) {
		*l = (struct seen_ledger){.fact = {.who = i == 0 ? WITNESS_NONE : WITNESS_OWN_EYES},
					  .is_other_than_anchor = i == 1,
					  .is_older_than_anchor = i == 2,
					  .is_unknown_protocol = i == 3,
					  .is_self_revoked = i == 4};
		assert_int_equal(answer(), ERR_REFUSED);
	}
	*l = (struct seen_ledger){.fact = {.who = WITNESS_OWN_EYES}};
	keychain_drop(&w.t[A].chain, &w.pivot.id);
	assert_int_equal(answer(), ERR_NOT_FOUND);
	w.request.p[w.request.n / 2] ^= 1; /* bent */
	assert_int_not_equal(answer(), ERR_NONE);
	assert_int_equal(w.carried.n, 0);
}

static void nobody_answers_itself(void **state UNUSED)
{
	struct err err = ERR_INIT;
	assert_true(carry_request(&w.t[A], &w.request, &err));
	assert_int_equal(answer(), ERR_REFUSED);
}

static void what_nobody_pinned_has_sealed_is_refused(void **state UNUSED)
{
	struct anchor *b = &w.t[B].anchor;
	ask();
	assert_int_equal(answer(), ERR_NONE);
	/* Another identity is pinned for a; it is revoked; it was replaced. */
	b->pins[0].spki = w.t[C].identity.spki;
	assert_int_equal(take_it(), ERR_UNTRUSTED);
	b->pins[0].spki = w.t[A].identity.spki;
	b->revoked_n = 1;
	b->revoked[0].spki = w.t[A].identity.spki;
	b->revoked[0].generation = 99;
	assert_int_equal(take_it(), ERR_UNTRUSTED);
	b->revoked_n = 0;
	b->pins[1] = b->pins[0];
	b->pins[1].spki = w.t[C].identity.spki;
	assert_int_equal(take_it(), ERR_UNTRUSTED);
	assert_int_equal(w.t[B].chain.n, 0);
}

static void a_dead_key_and_other_texts_are_refused(void **state UNUSED)
{
	static const char *const texts[] = {"", "{}", "[]", "x", "{\"type\":\"rotad-carried/1\"}"};
	struct err err = ERR_INIT;
	struct anchor *b = &w.t[B].anchor;
	char host[HOST_BYTES_MAX];
	assert_int_equal(take_it(), ERR_REFUSED); /* nothing was asked for */
	ask();
	assert_int_equal(answer(), ERR_NONE);
	b->retired_n = 1;
	b->retired[0] = w.pivot;
	assert_int_equal(take_it(), ERR_REFUSED);
	b->retired_n = 0;
	b->burnt = w.pivot;
	assert_int_equal(take_it(), ERR_REFUSED);
	for (size_t i = 0; i < ARRAY_N(texts); i++) {
		err_clear(&err);
		assert_false(carry_import(&w.t[B], str_of(texts[i]), host, &err));
		assert_int_equal(err.kind, ERR_SYNTAX);
	}
	assert_int_equal(w.t[B].chain.n, 0);
}

static void who_was_never_admitted_cannot_ask(void **state UNUSED)
{
	struct err err = ERR_INIT;
	w.t[B].anchor.ledger.hex[0] = 0;
	assert_false(carry_request(&w.t[B], &w.request, &err));
	assert_int_equal(err.kind, ERR_REFUSED);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(the_key_in_use_comes_to_who_asked),
	    T(nothing_that_is_carried_can_be_read),
	    T(only_the_answer_to_the_last_request_is_taken),
	    T(who_is_not_believed_gets_no_key),
	    T(nobody_answers_itself),
	    T(what_nobody_pinned_has_sealed_is_refused),
	    T(a_dead_key_and_other_texts_are_refused),
	    T(who_was_never_admitted_cannot_ask),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
