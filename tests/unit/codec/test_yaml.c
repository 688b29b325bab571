/* SPDX-License-Identifier: Apache-2.0 */
/* The strict YAML: what is refused, where, and that bombs are refused before they cost anything. */
#include "lib/test.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "codec/yaml.h"

static void tree_holds_values_and_places(void **state)
{
	auto_yaml struct yaml_doc doc = {.root = NULL};
	struct err err = ERR_INIT;
	assert_true(yaml_parse(STR("\xef\xbb\xbf# head\nmode: act\nlist:\n  - 'a'\n  - {b: \"\"}\n"
				   "empty:\nnone: ~\n\"q k\": |\n  two\n  lines\n"),
			       &doc, &err));
	assert_int_equal(doc.root->kind, YAML_IS_MAP);
	assert_int_equal(doc.root->children_n, 5);
	const struct yaml_node *mode = yaml_find(doc.root, "mode");
	assert_string_equal(mode->text.p, "act");
	assert_int_equal(mode->line, 2);
	assert_int_equal(mode->column, 7);
	assert_int_equal(mode->key_column, 1);
	assert_false(mode->is_quoted);
	const struct yaml_node *list = yaml_find(doc.root, "list");
	assert_int_equal(list->kind, YAML_IS_LIST);
	assert_int_equal(list->children_n, 2);
	assert_true(list->first->is_quoted);
	assert_int_equal(list->first->next->line, 5);
	assert_string_equal(yaml_find(list->first->next, "b")->text.p, "");
	assert_int_equal(yaml_find(doc.root, "empty")->text.n, 0);
	assert_int_equal(yaml_find(doc.root, "none")->text.n, 0);
	assert_string_equal(yaml_find(doc.root, "q k")->text.p, "two\nlines\n");
	assert_null(yaml_find(doc.root, "Mode"));
	assert_null(yaml_find(mode, "mode"));
}

static void text_without_a_value_has_no_root(void **state)
{
	static const char *const rows[] = {"", "# only a comment\n", "---\n", "\n\n", "~"};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		auto_yaml struct yaml_doc doc = {.root = NULL};
		struct err err = ERR_INIT;
		assert_true(yaml_parse(str_of(rows[i]), &doc, &err));
		assert_null(doc.root);
	}
}

static void bad_text_is_refused_with_its_place(void **state)
{
	static const struct {
		const char *text;
		int line, column;
		const char *says;
	} rows[] = {
	    {"a: &x 1\n", 1, 4, "anchors"},
	    {"a: &x [*a]\n", 1, 4, "anchors"},
	    {"a: &x {b: 1}\n", 1, 4, "anchors"},
	    {"a: *x\n", 1, 4, "aliases"},
	    {"a: !!str 1\n", 1, 4, "tags"},
	    {"a: !x [1]\n", 1, 4, "tags"},
	    {"a: !x {b: 1}\n", 1, 4, "tags"},
	    {"%TAG ! tag:x,2000:\n---\na: 1\n", 1, 1, "tags"},
	    {"a: 1\n---\nb: 2\n", 2, 1, "second document"},
	    {"a: 1\nb: 2\na: 3\n", 3, 1, "'a' stands here twice; first in line 1"},
	    {"\"a\\nb\": 1\n\"a\\nb\": 2\n", 2, 1, "'a?b' stands"},
	    {"x:\n  - {c: 1, c: 2}\n", 2, 12, "twice"},
	    {"<<: {a: 1}\n", 1, 1, "merge keys"},
	    {"? [a]\n: b\n", 1, 3, "plain text"},
	    {"? {a: 1}\n: b\n", 1, 3, "plain text"},
	    {"'': 1\n", 1, 1, "empty key"},
	    {"a: [1, 2\n", 2, 1, ""},
	    {"a: 1\n\tb: 2\n", 2, 1, ""},
	    {"a: \"x\n", 2, 1, ""},
	    {"a: b: c\n", 1, 5, ""},
	    {"a: \xff\n", 1, 4, "UTF-8"},
	    {"a: \xc0\x80\n", 1, 4, "UTF-8"},
	    {"a: \xed\xa0\x80\n", 1, 4, "UTF-8"},
	    {"\xff\xfe"
	     "a",
	     1, 1, "UTF-16"},
	    {"ok: 1\nb: \x01\n", 2, 4, "control"},
	    {"b: \x1b[31m\n", 1, 4, "control"},
	    {"b: \"\\0\"\n", 1, 4, "zero byte"},
	    {"b: \"\\xZZ\"\n", 1, 7, ""},
	    {"[[[[[[[[[[[[[[[[[", 1, 17, "16 levels"},
	    {"a: [[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]\n", 1, 19, "16 levels"},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct yaml_doc doc = {.root = NULL};
		struct err err = ERR_INIT;
		assert_false(yaml_parse(str_of(rows[i].text), &doc, &err));
		assert_null(doc.root);
		assert_null(doc.arena.p);
		assert_int_not_equal(err.kind, ERR_NONE);
		if (err.line != rows[i].line || err.column != rows[i].column ||
		    !strstr(err.text, rows[i].says))
			fail_msg("row %zu: %d:%d '%s'", i, err.line, err.column, err.text);
	}
}

static void zero_byte_is_refused(void **state)
{
	struct yaml_doc doc = {.root = NULL};
	struct err err = ERR_INIT;
	assert_false(yaml_parse(STR("a: 1\nb: \0x\n"), &doc, &err));
	assert_int_equal(err.line, 2);
}

static void sixteen_levels_are_fine(void **state)
{
	auto_yaml struct yaml_doc doc = {.root = NULL};
	struct err err = ERR_INIT;
	assert_true(yaml_parse(STR("[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]"), &doc, &err));
	yaml_fini(&doc);
	assert_true(yaml_parse(STR("# - - - - - - - - - - - - - - - - - - -\na: 1\n"), &doc, &err));
}

/* Each unit again and again up to the size limit. The whole must stay far below a second even with
 * the sanitizers: libyaml alone takes minutes for the first. */
static void bombs_are_refused(void **state)
{
	static const struct {
		const char *head, *unit;
	} rows[] = {
	    {"", "["},       {"", "{"},       {"", "[a,"},     {"", "{a: "},
	    {"", "- "},      {"", "? "},      {"", "[\n"},     {"", "[#\n"},
	    {"", ": ["},     {"", "? ["},     {"", "[\"a\","}, {"[", "[],"},
	    {"- ", "a\n- "}, {"{", "a: b, "}, {"", "---\n"},   {"", "a: 1\n"},
	};
	auto_free char *text = malloc(CONF_BYTES_MAX + 16);
	assert_non_null(text);
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		size_t n = strlen(rows[i].head), unit_n = strlen(rows[i].unit);
		memcpy(text, rows[i].head, n);
		for (; n + unit_n < CONF_BYTES_MAX; n += unit_n)
			memcpy(text + n, rows[i].unit, unit_n);
		struct yaml_doc doc = {.root = NULL};
		struct err err = ERR_INIT;
		if (yaml_parse((struct str){.p = text, .n = n}, &doc, &err))
			fail_msg("'%s' again and again is taken", rows[i].unit);
		assert_true(err.line > 0);
		assert_true(err.column > 0);
	}
}

static void text_above_the_limit_is_not_read(void **state)
{
	struct yaml_doc doc = {.root = NULL};
	struct err err = ERR_INIT;
	auto_free char *text = malloc(CONF_BYTES_MAX + 1);
	assert_non_null(text);
	memset(text, '#', CONF_BYTES_MAX + 1);
	assert_false(yaml_parse((struct str){.p = text, .n = CONF_BYTES_MAX + 1}, &doc, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(tree_holds_values_and_places),
	    cmocka_unit_test(text_without_a_value_has_no_root),
	    cmocka_unit_test(bad_text_is_refused_with_its_place),
	    cmocka_unit_test(zero_byte_is_refused),
	    cmocka_unit_test(sixteen_levels_are_fine),
	    cmocka_unit_test(bombs_are_refused),
	    cmocka_unit_test(text_above_the_limit_is_not_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
