/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/test.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "codec/anchor_json.h"
#include "codec/digest.h"

#define MACHINE "0123456789abcdef0123456789abcdef"
#define OTHER "1123456789abcdef0123456789abcdef"

static void sample(struct anchor *a)
{
	*a = (struct anchor){
	    .cluster = "637af0000000000000000001",
	    .ledger = {"00112233445566778899aabbccddeeff"},
	    .generation = 12,
	    .schedule_serial = 4,
	    .pivot = {.number = 7, .id = {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}},
	    .next = {.number = 8, .id = {"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"}},
	    .votes_n = 2,
	    .votes = {{.host = "db1:27017", .word = VOTE_YEA, .generation = 12},
		      {.host = "db1:27018", .word = VOTE_NAY, .generation = 12}},
	    .retired_n = 1,
	    .retired = {{.number = 6, .id = {"cccccccccccccccccccccccccccccccc"}}},
	    .pins_n = 1,
	    .pins = {{.host = "db2:27017"}},
	    .revoked_n = 1,
	    .revoked = {{.generation = 11, .stand = REVOCATION_FINAL}},
	    .salt_hex = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
	    .highest_number = 9,
	    .key_born = {.us = 1795314976000000},
	    .is_born_exact = true,
	};
	memset(a->proposal.hex, 'd', DIGEST_CHARS);
	memset(a->pins[0].spki.hex, 'e', SPKI_CHARS);
	memset(a->revoked[0].spki.hex, 'f', SPKI_CHARS);
}

static void an_anchor_comes_back_as_it_was(void **state)
{
	struct err err = ERR_INIT;
	auto_free struct anchor *a = calloc(1, sizeof(*a)), *back = calloc(1, sizeof(*back));
	auto_wiped_buf struct buf text = {.n = 0};
	sample(a);
	assert_true(anchor_encode(a, MACHINE, &text, &err));
	assert_true(anchor_decode(buf_str(&text), MACHINE, back, &err));
	assert_memory_equal(a, back, sizeof(*a));
	assert_null(strstr(text.p, MACHINE)); /* only its hash */
	memset(a, 0, sizeof(*a));             /* of a host that knows nothing yet */
	assert_true(anchor_encode(a, MACHINE, &text, &err));
	assert_true(anchor_decode(buf_str(&text), MACHINE, back, &err));
	assert_memory_equal(a, back, sizeof(*a));
}

static void a_full_anchor_fits(void **state)
{
	struct err err = ERR_INIT;
	auto_free struct anchor *a = calloc(1, sizeof(*a)), *back = calloc(1, sizeof(*back));
	auto_wiped_buf struct buf text = {.n = 0};
	sample(a);
	a->votes_n = INSTANCES_MAX;
	a->retired_n = RETIRED_MAX;
	a->pins_n = MEMBERS_MAX;
	for (unsigned i = 0; i < MEMBERS_MAX; i++) {
		a->pins[i] = a->pins[0];
		memset(a->pins[i].host, 'h', HOST_BYTES_MAX - 1);
	}
	for (unsigned i = 0; i < RETIRED_MAX; i++)
		a->retired[i] = a->retired[0];
	for (unsigned i = 0; i < INSTANCES_MAX; i++)
		a->votes[i] = a->votes[0];
	a->revoked_n = REVOKED_MAX;
	for (unsigned i = 0; i < REVOKED_MAX; i++)
		a->revoked[i] = a->revoked[0];
	assert_true(anchor_encode(a, MACHINE, &text, &err));
	assert_true(anchor_decode(buf_str(&text), MACHINE, back, &err));
	assert_memory_equal(a, back, sizeof(*a));
	a->pins_n = MEMBERS_MAX + 1;
	assert_false(anchor_encode(a, MACHINE, &text, &err));
	assert_int_equal(err.kind, ERR_INVALID);
}

static void torn_and_bent_anchors_are_never_believed(void **state)
{
	struct err err = ERR_INIT;
	auto_free struct anchor *a = calloc(1, sizeof(*a)), *back = calloc(1, sizeof(*back));
	auto_wiped_buf struct buf text = {.n = 0};
	sample(a);
	assert_true(anchor_encode(a, MACHINE, &text, &err));
	for (size_t n = 0; n < text.n; n++) { /* torn anywhere */
		err = ERR_INIT;
		assert_false(anchor_decode((struct str){.p = text.p, .n = n}, MACHINE, back, &err));
		assert_int_equal(err.kind, ERR_CRYPTO);
	}
	for (size_t i = 0; i < text.n; i++) { /* bent anywhere */
		err = ERR_INIT;
		text.p[i] = (char)(text.p[i] ^ 1 << i % 8);
		if (anchor_decode(buf_str(&text), MACHINE, back, &err))
			fail_msg("byte %zu", i);
		text.p[i] = (char)(text.p[i] ^ 1 << i % 8);
	}
	buf_addc(&text, '\n');
	assert_false(anchor_decode(buf_str(&text), MACHINE, back, &err));
	assert_int_equal(back->generation, 0);
}

static void an_anchor_of_another_machine_is_told(void **state)
{
	struct err err = ERR_INIT;
	auto_free struct anchor *a = calloc(1, sizeof(*a)), *back = calloc(1, sizeof(*back));
	auto_wiped_buf struct buf text = {.n = 0};
	sample(a);
	assert_true(anchor_encode(a, MACHINE, &text, &err));
	assert_false(anchor_decode(buf_str(&text), OTHER, back, &err));
	assert_int_equal(err.kind, ERR_REFUSED);
	assert_false(anchor_decode(buf_str(&text), "", back, &err));
	assert_int_equal(err.kind, ERR_INVALID);
	assert_false(anchor_encode(a, "uninitialized", &text, &err));
	assert_int_equal(err.kind, ERR_INVALID);
}

/* With a right checksum, so that only the content is judged. */
static void wrong_content_is_refused_behind_a_right_checksum(void **state)
{
	static const struct {
		const char *find, *put;
		enum err_kind kind;
	} rows[] = {
	    {"anchor/1", "anchor/1", ERR_NONE},
	    {"anchor/1", "anchor/2", ERR_UNSUPPORTED},
	    {"rotad-anchor", "rotad-vote", ERR_PROTOCOL},
	    {"\"type\"", "\"typo\"", ERR_PROTOCOL},
	    {"\"generation\":12,\"h", "\"generation\":-1,\"h", ERR_INVALID},
	    {"\"nay\"", "\"maybe\"", ERR_PROTOCOL},
	    {"\"ledger\"", "\"led\":1,\"ledger\"", ERR_PROTOCOL},
	    {"{\"bornExact\"", "{ \"bornExact\"", ERR_SYNTAX},
	    {"\"number\":7", "\"number\":0", ERR_INVALID},
	};
	struct err err = ERR_INIT;
	auto_free struct anchor *a = calloc(1, sizeof(*a)), *back = calloc(1, sizeof(*back));
	auto_wiped_buf struct buf text = {.n = 0};
	sample(a);
	assert_true(anchor_encode(a, MACHINE, &text, &err));
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		auto_wiped_buf struct buf bent = {.n = 0};
		struct digest sum;
		struct err why = ERR_INIT;
		const char *at = strstr(text.p, rows[i].find), *end = strchr(text.p, '\n');
		assert_non_null(at);
		buf_add(&bent, text.p, (size_t)(at - text.p));
		buf_adds(&bent, rows[i].put);
		at += strlen(rows[i].find);
		buf_add(&bent, at, (size_t)(end - at));
		assert_true(sha256_digest(buf_str(&bent), &sum, &err));
		buf_addf(&bent, "\nsha256 %s\n", sum.hex);
		bool ok = anchor_decode(buf_str(&bent), MACHINE, back, &why);
		if (why.kind != rows[i].kind || ok != (rows[i].kind == ERR_NONE))
			fail_msg("row %zu: %s %s", i, err_kind_name(why.kind), why.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_anchor_comes_back_as_it_was),
	    cmocka_unit_test(a_full_anchor_fits),
	    cmocka_unit_test(torn_and_bent_anchors_are_never_believed),
	    cmocka_unit_test(an_anchor_of_another_machine_is_told),
	    cmocka_unit_test(wrong_content_is_refused_behind_a_right_checksum),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
