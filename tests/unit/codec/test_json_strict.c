/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/test.h"

#include <string.h>

#include "codec/json_strict.h"

static void what_is_not_one_plain_value_is_refused(void **state)
{
	static const struct {
		struct str text;
		enum err_kind kind;
	} rows[] = {
	    {{"", 0}, ERR_SYNTAX},
	    {{" ", 1}, ERR_SYNTAX},
	    {{"<html>no</html>", 15}, ERR_SYNTAX},
	    {{"\"text\"", 6}, ERR_SYNTAX},
	    {{"12", 2}, ERR_SYNTAX},
	    {{"{\"a\":1", 6}, ERR_SYNTAX},
	    {{"{\"a\":1}{}", 9}, ERR_SYNTAX},
	    {{"{\"a\":1,\"a\":2}", 13}, ERR_SYNTAX},
	    {{"{\"a\":NaN}", 9}, ERR_SYNTAX},
	    {{"{\"a\":1e999}", 11}, ERR_SYNTAX},
	    {{"{\"a\":\"\\u0000\"}", 14}, ERR_SYNTAX},
	    {{"{\"a\":\"\0\"}", 9}, ERR_SYNTAX},
	    {{"{\"a\":\"\xff\"}", 9}, ERR_SYNTAX},
	    {{"{\"a\":\"\xc0\xaf\"}", 10}, ERR_SYNTAX},
	    {{"{\"a\":\"\xed\xa0\x80\"}", 11}, ERR_SYNTAX},
	    {{"[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", 35}, ERR_LIMIT},
	    {{"{'a':1}", 7}, ERR_SYNTAX},
	    {{"{\"a\":1,}", 8}, ERR_SYNTAX},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct err err = ERR_INIT;
		json_t *v = NULL;
		assert_false(json_read(rows[i].text, "the answer", &v, &err));
		assert_null(v);
		if (err.kind != rows[i].kind)
			fail_msg("row %zu: %s", i, err.text);
	}
}

static void a_hundred_thousand_brackets_are_refused_before_the_library(void **state)
{
	static char text[100000];
	struct err err = ERR_INIT;
	json_t *v = NULL;
	memset(text, '[', sizeof(text));
	assert_false(json_read((struct str){text, sizeof(text)}, "the answer", &v, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
}

static void errors_name_the_place_and_never_the_text(void **state)
{
	struct err err = ERR_INIT;
	json_t *v = NULL;
	assert_false(json_read(STR("{\"token\":\n  hunter2}"), "the answer", &v, &err));
	assert_int_equal(err.line, 2);
	assert_null(strstr(err.text, "hunter2"));
}

static void brackets_in_strings_do_not_count(void **state)
{
	struct err err = ERR_INIT;
	AUTO(json_t) v = NULL;
	assert_true(
	    json_read(STR("{\"a\":\"[[[[[[[[[[[[[[[[[[[[{{{{\\\"[[[\",\"n\":7}"), "it", &v, &err));
	assert_int_equal(json_int(v, "n"), 7);
	assert_int_equal(json_str(v, "a").n, 28);
	assert_null(json_str(v, "n").p);
	assert_int_equal(json_int(v, "a"), 0);
	assert_null(json_str(v, "gone").p);
}

static void bytes_that_are_no_text_become_text(void **state)
{
	static const struct {
		struct str bytes;
		const char *text;
	} rows[] = {
	    {{"plain", 5}, "plain"},
	    {{"caf\xc3\xa9", 5}, "caf\xc3\xa9"},
	    {{"\xf0\x9f\x94\x91", 4}, "\xf0\x9f\x94\x91"},
	    {{"a\xff", 2}, "a\xef\xbf\xbd"},
	    {{"a\0b", 3},
	     "a\xef\xbf\xbd"
	     "b"},
	    {{"\xc3", 1}, "\xef\xbf\xbd"},
	    {{"\xe2\x82", 2}, "\xef\xbf\xbd\xef\xbf\xbd"},
	    {{"\xc0\xaf", 2}, "\xef\xbf\xbd\xef\xbf\xbd"},
	    {{"\xf4\x90\x80\x80", 4}, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
	    {{"", 0}, ""},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		AUTO(json_t) v = json_of_bytes(rows[i].bytes);
		assert_non_null(v);
		assert_string_equal(json_string_value(v), rows[i].text);
	}
}

static void printing_is_compact_sorted_and_bounded(void **state)
{
	struct err err = ERR_INIT;
	AUTO(json_t) v = json_pack("{s:i,s:s}", "b", 1, "a", "x\r\ny");
	auto_buf struct buf b = {0}, small = {.max = 8};
	json_print(v, &b);
	assert_true(buf_ok(&b, &err));
	assert_string_equal(buf_z(&b), "{\"a\":\"x\\r\\ny\",\"b\":1}");
	json_print(v, &small);
	assert_false(buf_ok(&small, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_not_one_plain_value_is_refused),
	    cmocka_unit_test(a_hundred_thousand_brackets_are_refused_before_the_library),
	    cmocka_unit_test(errors_name_the_place_and_never_the_text),
	    cmocka_unit_test(brackets_in_strings_do_not_count),
	    cmocka_unit_test(bytes_that_are_no_text_become_text),
	    cmocka_unit_test(printing_is_compact_sorted_and_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
