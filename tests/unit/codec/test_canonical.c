/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/test.h"

#include <string.h>

#include "base/cleanup.h"
#include "codec/canonical.h"

#define RAW(literal)                                                                               \
	{                                                                                          \
		literal, sizeof(literal) - 1                                                       \
	}

static void canonical_texts_are_taken(void **state)
{
	static const char *const rows[] = {
	    "{}",
	    "[]",
	    "0",
	    "-1",
	    "true",
	    "false",
	    "null",
	    "\"\"",
	    "9223372036854775807",
	    "-9223372036854775808",
	    "{\"a\":1,\"b\":[1,2,{\"c\":\"d\"}],\"ba\":{}}",
	    "\"\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001f/\x7f\"",
	    "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x94\x91\"",
	    "{\"\":0,\"A\":0,\"a\":0,\"\xc3\xa4\":0}",
	    "[[[[[[[[]]]]]]]]",
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct err err = ERR_INIT;
		assert_true(canonical_check(str_of(rows[i]), DOC_BYTES_MAX, &err));
	}
}

static void everything_else_is_refused(void **state)
{
	static const struct str rows[] = {
	    RAW(""),
	    RAW(" 1"),
	    RAW("1 "),
	    RAW("{\"a\": 1}"),
	    RAW("{\"a\":1 }"),
	    RAW("\n{}"),
	    RAW("{}{}"),
	    RAW("1,2"),
	    RAW("{} "),
	    RAW("{\"a\":1}\n"), /* more than one value */
	    RAW("{\"b\":1,\"a\":1}"),
	    RAW("{\"aa\":1,\"a\":1}"), /* order */
	    RAW("{\"a\":1,\"a\":1}"),
	    RAW("{\"\":1,\"\":1}"), /* twice */
	    RAW("{\"a\":{\"x\":1,\"x\":2}}"),
	    RAW("01"),
	    RAW("-0"),
	    RAW("+1"),
	    RAW("1.0"),
	    RAW("1e3"),
	    RAW("0x1"),
	    RAW("-"),
	    RAW("9223372036854775808"),
	    RAW("-9223372036854775809"),
	    RAW("99999999999999999999"),
	    RAW("NaN"),
	    RAW("True"),
	    RAW("nul"),
	    RAW("'a'"),
	    RAW("\"a"),
	    RAW("\"\\\""),
	    RAW("\"\\u000a\""),
	    RAW("\"\\u0022\""),
	    RAW("\"\\u0041\""),
	    RAW("\"\\u001F\""),
	    RAW("\"\\/\""),
	    RAW("\"\\u0000\""),
	    RAW("\"\\ud800\""),
	    RAW("\"\\u00\""),
	    RAW("\"\\u"),
	    RAW("\"\\"),
	    RAW("\"\\x\""),
	    RAW("\"\n\""),
	    RAW("\"\0\""),
	    RAW("\"a\0b\""),
	    RAW("\"\xc0\x80\""),
	    RAW("\"\xc1\xbf\""),
	    RAW("\"\xe0\x80\x80\""), /* overlong */
	    RAW("\"\xed\xa0\x80\""),
	    RAW("\"\xf4\x90\x80\x80\""),
	    RAW("\"\xf5\x80\x80\x80\""),
	    RAW("\"\xff\""),
	    RAW("\"\x80\""),
	    RAW("\"\xc3\""),
	    RAW("\"\xe2\x82\""),
	    RAW("\xef\xbb\xbf{}"),
	    RAW("{"),
	    RAW("["),
	    RAW("{\"a\""),
	    RAW("{\"a\":"),
	    RAW("{\"a\":1"),
	    RAW("{\"a\":1,"),
	    RAW("{\"a\":1,}"),
	    RAW("[1,]"),
	    RAW("[,1]"),
	    RAW("[1 2]"),
	    RAW("[1}"),
	    RAW("{1:1}"),
	    RAW("{\"a\"1}"),
	    RAW("{\"\\n\":1}"),
	    RAW("]"),
	    RAW("}"),
	    RAW("[\"a\":1]"),
	    RAW("/* */{}"),
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct err err = ERR_INIT;
		if (canonical_check(rows[i], DOC_BYTES_MAX, &err))
			fail_msg("row %zu is taken: %s", i, rows[i].p);
		assert_int_equal(err.kind, ERR_SYNTAX);
		assert_true(err.column > 0);
	}
}

static void depth_and_size_are_bounded(void **state)
{
	struct err err = ERR_INIT;
	assert_false(canonical_check(STR("[[[[[[[[[]]]]]]]]]"), DOC_BYTES_MAX, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_true(canonical_check(STR("[1]"), 3, &err));
	assert_false(canonical_check(STR("[1]"), 2, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	auto_buf struct buf many = {.n = 0};
	for (int i = 0; i < 50000; i++)
		buf_addc(&many, '[');
	assert_false(canonical_check(buf_str(&many), DOC_BYTES_MAX, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
}

static void what_is_written_is_read_back(void **state)
{
	struct err err = ERR_INIT;
	auto_buf struct buf text = {.n = 0};
	struct canonical_out out;
	canonical_to_buf(&out, &text, 1000);
	canonical_put_open(&out, '{');
	canonical_put_key(&out, "a");
	canonical_put_string(&out, STR("x\"\\\n\x01\xc3\xa4\x7f"));
	canonical_put_key(&out, "b");
	canonical_put_open(&out, '[');
	canonical_put_int(&out, INT64_MIN);
	canonical_put_int(&out, 0);
	canonical_put_bool(&out, true);
	canonical_put_bool(&out, false);
	canonical_put_null(&out);
	canonical_put_open(&out, '{');
	canonical_put_close(&out, '}');
	canonical_put_close(&out, ']');
	canonical_put_key(&out, "c");
	canonical_put_raw(&out, STR("{\"k\":[1]}"));
	canonical_put_close(&out, '}');
	assert_true(canonical_done(&out, &err));
	assert_string_equal(
	    buf_z(&text), "{\"a\":\"x\\\"\\\\\\n\\u0001\xc3\xa4\x7f\",\"b\":[-9223372036854775808,"
			  "0,true,false,null,{}],\"c\":{\"k\":[1]}}");
	assert_true(canonical_check(buf_str(&text), 1000, &err));

	struct canonical_in in;
	struct canonical_token t;
	char a[8];
	canonical_open(&in, buf_str(&text));
	assert_true(canonical_next(&in, &t, &err));
	assert_true(canonical_next(&in, &t, &err));
	assert_int_equal(t.kind, CANONICAL_KEY);
	assert_true(canonical_next(&in, &t, &err));
	assert_true(canonical_text(&t, a, sizeof(a) + 1 - 1, &err) ==
		    false); /* 8 bytes and a NUL */
	assert_int_equal(err.kind, ERR_LIMIT);
	char room[9];
	assert_true(canonical_text(&t, room, sizeof(room), &err));
	assert_string_equal(room, "x\"\\\n\x01\xc3\xa4\x7f");
	assert_true(canonical_next(&in, &t, &err));
	struct str raw;
	assert_true(canonical_skip(&in, &raw, &err));
	assert_true(str_equal(raw, STR("[-9223372036854775808,0,true,false,null,{}]")));
	assert_true(canonical_next(&in, &t, &err));
	assert_true(canonical_skip(&in, &raw, &err));
	assert_true(str_equal(raw, STR("{\"k\":[1]}")));
	assert_false(canonical_skip(&in, &raw, &err)); /* the closing bracket is no value */
}

static void bad_text_and_too_long_ones_are_not_written(void **state)
{
	static const struct {
		struct str text;
		size_t max;
		enum err_kind kind;
	} rows[] = {
	    {RAW("\xff"), 100, ERR_INVALID},
	    {RAW("a\0b"), 100, ERR_INVALID},
	    {RAW("\xed\xa0\x80"), 100, ERR_INVALID},
	    {RAW("12345"), 6, ERR_LIMIT},
	    {RAW("12345"), 7, ERR_NONE},
	    {RAW("\n\n"), 5, ERR_LIMIT},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct err err = ERR_INIT;
		auto_buf struct buf text = {.n = 0};
		struct canonical_out out;
		canonical_to_buf(&out, &text, rows[i].max);
		canonical_put_string(&out, rows[i].text);
		assert_int_equal(canonical_done(&out, &err), rows[i].kind == ERR_NONE);
		assert_int_equal(err.kind, rows[i].kind);
	}
}

static void a_secret_can_be_written_without_a_copy(void **state)
{
	struct err err = ERR_INIT;
	auto_secret struct secret s = {.n = 0};
	struct canonical_out out;
	assert_true(secret_init(&s, 16, &err));
	s.cap = 16; /* whole pages are more than asked for */
	canonical_to_secret(&out, &s);
	canonical_put_open(&out, '[');
	canonical_put_string(&out, STR("key"));
	canonical_put_close(&out, ']');
	assert_true(canonical_done(&out, &err));
	assert_int_equal(s.n, 7);
	assert_memory_equal(s.p, "[\"key\"]", 7);
	canonical_to_secret(&out, &s);
	canonical_put_string(&out, STR("12345678"));
	assert_false(canonical_done(&out, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(canonical_texts_are_taken),
	    cmocka_unit_test(everything_else_is_refused),
	    cmocka_unit_test(depth_and_size_are_bounded),
	    cmocka_unit_test(what_is_written_is_read_back),
	    cmocka_unit_test(bad_text_and_too_long_ones_are_not_written),
	    cmocka_unit_test(a_secret_can_be_written_without_a_copy),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
