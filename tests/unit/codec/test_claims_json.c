/* SPDX-License-Identifier: Apache-2.0 */
/* The turns of a sharded cluster: one container, a slot a set, copied byte for byte. */
#include "lib/test.h"

#include "base/cleanup.h"
#include "codec/claims_json.h"

static void slots_go_there_and_back(void **state)
{
	struct claims_parts a = {.n = 0}, b;
	struct err err = ERR_INIT;
	auto_buf struct buf text = {.max = DOC_BYTES_MAX};
	assert_true(claims_encode(&a, &text, &err));
	assert_string_equal(buf_z(&text), "{\"slots\":{},\"type\":\"rotad-claims/1\"}");
	assert_true(claims_put(&a, "sh2", STR("{\"a\":2}"), &err));
	assert_true(claims_put(&a, "cfg", STR("{\"a\":1}"), &err));
	assert_true(claims_put(&a, "sh1", STR("{\"a\":3}"), &err));
	assert_true(claims_put(&a, "sh2", STR("{\"a\":4}"), &err)); /* in its place */
	assert_true(claims_put(&a, "sh1", (struct str){.n = 0}, &err));
	assert_true(claims_put(&a, "nobody", (struct str){.n = 0}, &err));
	assert_true(claims_encode(&a, &text, &err));
	assert_string_equal(buf_z(&text), "{\"slots\":{\"cfg\":{\"a\":1},\"sh2\":{\"a\":4}},"
					  "\"type\":\"rotad-claims/1\"}");
	assert_true(claims_decode(buf_str(&text), &b, &err));
	assert_int_equal(b.n, 2);
	assert_string_equal(b.slots[0].set, "cfg");
	assert_true(str_equal_z(b.slots[1].text, "{\"a\":4}"));
}

static void what_is_none_is_refused(void **state)
{
	static const struct {
		const char *text;
		enum err_kind kind;
	} rows[] = {
	    {"", ERR_SYNTAX},
	    {"[]", ERR_PROTOCOL},
	    {"{\"slots\":[],\"type\":\"rotad-claims/1\"}", ERR_PROTOCOL},
	    {"{\"slots\":{}}", ERR_PROTOCOL},
	    {"{\"slots\":{},\"type\":\"rotad-claims/2\"}", ERR_UNSUPPORTED},
	    {"{\"slots\":{},\"type\":\"rotad-claim/1\"}", ERR_PROTOCOL},
	    {"{\"slots\":{},\"type\":1}", ERR_PROTOCOL},
	    {"{\"slots\":{},\"type\":\"rotad-claims/1\",\"z\":1}", ERR_PROTOCOL},
	    {"{\"a\":1,\"slots\":{},\"type\":\"rotad-claims/1\"}", ERR_PROTOCOL},
	    {"{\"slots\":{\"a\":1},\"type\":\"rotad-claims/1\"}", ERR_PROTOCOL},
	    {"{\"slots\":{\"\":{}},\"type\":\"rotad-claims/1\"}", ERR_PROTOCOL},
	    {"{\"slots\": {},\"type\":\"rotad-claims/1\"}", ERR_SYNTAX},
	    {"{\"slots\":{\"b\":{},\"a\":{}},\"type\":\"rotad-claims/1\"}", ERR_SYNTAX},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct claims_parts p = {.n = 7};
		struct err err = ERR_INIT;
		if (claims_decode(str_of(rows[i].text), &p, &err))
			fail_msg("taken: %s", rows[i].text);
		if (err.kind != rows[i].kind)
			fail_msg("%s: %d, %s", rows[i].text, (int)err.kind, err.text);
		assert_int_equal(p.n, 7); /* untouched */
	}
}

static void more_sets_than_there_may_be_have_no_slot(void **state)
{
	struct claims_parts p = {.n = 0};
	struct err err = ERR_INIT;
	char name[8];
	for (unsigned i = 0; i < SETS_MAX; i++) {
		snprintf(name, sizeof(name), "s%03u", i);
		assert_true(claims_put(&p, name, STR("{}"), &err));
	}
	assert_false(claims_put(&p, "t", STR("{}"), &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_int_equal(p.n, SETS_MAX);
	auto_buf struct buf text = {.max = DOC_BYTES_MAX};
	err_clear(&err);
	buf_adds(&text, "{\"slots\":{");
	for (unsigned i = 0; i <= SETS_MAX; i++)
		buf_addf(&text, "%s\"s%03u\":{}", i ? "," : "", i);
	buf_adds(&text, "},\"type\":\"rotad-claims/1\"}");
	assert_false(claims_decode(buf_str(&text), &p, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(slots_go_there_and_back),
	    cmocka_unit_test(what_is_none_is_refused),
	    cmocka_unit_test(more_sets_than_there_may_be_have_no_slot),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
