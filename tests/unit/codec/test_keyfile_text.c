/* SPDX-License-Identifier: Apache-2.0 */
/* mongod's verdicts are those measured by tests/system/keyfile_differential.py, which has many more
 * rows. */
#include "lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "codec/keyfile_text.h"

#define K1 "Kx7Qm2Vb9TzRLp4Wd8Nc1YsGHf6Ju3Ea5XoI"
#define K2 "oI5XEa3Ju6HfGsY1cN8dW4pLRzT9bV2mQ7xK"
enum { ACCEPTED = KEYFILE_RULE_N, ROWS_TEXT_MAX = 4096 };

static void judge(const char *text, size_t n, struct keyfile_text *k)
{
	struct err err = ERR_INIT;
	assert_true(keyfile_text_judge(text, n, k, &err));
}

/* The first refusal, or ACCEPTED. */
static int refusal(const struct keyfile_text *k)
{
	for (unsigned i = 0; i < k->findings_n; i++)
		if (keyfile_rule_table[k->findings[i].rule].weight == KEYFILE_REFUSE)
			return (int)k->findings[i].rule;
	return ACCEPTED;
}

static bool is_warned(const struct keyfile_text *k, enum keyfile_rule rule)
{
	for (unsigned i = 0; i < k->findings_n; i++)
		if (k->findings[i].rule == rule)
			return true;
	return false;
}

static void files_that_mongod_takes_give_the_same_keys(void **state)
{
	static const struct {
		const char *text;
		const char *keys[KEYS_PER_FILE_MAX];
	} rows[] = {
	    {K1, {K1}},
	    {K1 "\n", {K1}},
	    {"- " K1 "\n", {K1}},
	    {"- " K1 "\n- " K2 "\n", {K1, K2}},
	    {"- " K1 "\r\n- " K2 "\r\n", {K1, K2}},
	    {"\xEF\xBB\xBF- " K1 "\n- " K2, {K1, K2}},
	    {"# Ansible managed\n- " K1 " # one\n# two\n- " K2 "\n#", {K1, K2}},
	    {"[" K1 ", " K2 "]", {K1, K2}},
	    {"[\n" K1 ",\n" K2 ",\n]\n", {K1, K2}},
	    {"- [" K1 "]\n- - - " K2 "\n", {K1, K2}},
	    {"-\t" K1 "\n-\t" K2 "\n", {K1, K2}},
	    {"- |\n  " K1 "\n- >-\n    " K2 "\n", {K1, K2}},
	    {"|2\n   abc\n   def\n", {"abcdef"}},
	    {"'" K1 "'", {K1}},
	    {"- \"" K1 "\"\n- '" K2 "'\n", {K1, K2}},
	    {"\"\\x41b\\u0063\\U00000064 e\\\n f\\/\"", {"Abcdef/"}},
	    {"abc def\n  ghi\tj\v\fk\n", {"abcdefghijk"}},
	    {K1 "\n" K2 "\n", {K1 K2}},
	    {"---\n- " K1 "\n...\n", {K1}},
	    {"--- " K1 "\n", {K1}},
	    {"- &a " K1 "\n- *a\n", {K1, K1}},
	    {"- &a [" K1 "]\n- *a\n", {K1, K1}},
	    {"&a\n- " K1 "\n", {K1}},
	    {"- &a |\n   " K1 "\n", {K1}},
	    {"abcdef", {"abcdef"}},
	    {"YWJjZGVmZw==", {"YWJjZGVmZw=="}},
	    {"12345678", {"12345678"}},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct keyfile_text k;
		judge(rows[i].text, strlen(rows[i].text), &k);
		if (refusal(&k) != ACCEPTED)
			fail_msg("row %zu: %s", i, keyfile_rule_table[refusal(&k)].name);
		unsigned keys_n = rows[i].keys[1] ? 2 : 1;
		assert_int_equal(k.ring.n, keys_n);
		for (unsigned j = 0; j < keys_n; j++)
			assert_string_equal(k.ring.keys[j].text.p, rows[i].keys[j]);
		keyfile_text_fini(&k);
	}
}

static void files_that_cannot_be_meant_are_refused_by_a_named_rule_at_a_place(void **state)
{
	static const struct {
		const char *text;
		enum keyfile_rule rule;
		int line, column;
	} rows[] = {
	    {"", KEYFILE_RULE_EMPTY, 1, 1},
	    {" \n# a\n", KEYFILE_RULE_EMPTY, 3, 1},
	    {"null", KEYFILE_RULE_EMPTY, 1, 1},
	    {"- " K1 "\n-\n", KEYFILE_RULE_EMPTY, 3, 1},
	    {"[]", KEYFILE_RULE_EMPTY, 1, 3},
	    {"a: " K1, KEYFILE_RULE_MAPPING, 1, 2},
	    {"{a: b}", KEYFILE_RULE_MAPPING, 1, 1},
	    {"? " K1, KEYFILE_RULE_MAPPING, 1, 1},
	    {"abcde", KEYFILE_RULE_LENGTH, 1, 1},
	    {"- " K1 "\n- a b c\n", KEYFILE_RULE_LENGTH, 2, 3},
	    {"- " K1 "\n- \"\"\n", KEYFILE_RULE_LENGTH, 2, 3},
	    {"- abcdef\n- ghijkl\n- mnopqr\n", KEYFILE_RULE_THREE, 3, 3},
	    {"- &a [abcdef, ghijkl]\n- *a\n", KEYFILE_RULE_THREE, 2, 3},
	    {"abc-def", KEYFILE_RULE_CHARACTER, 1, 4},
	    {"abc_def", KEYFILE_RULE_CHARACTER, 1, 4},
	    {"'abc''def'", KEYFILE_RULE_CHARACTER, 1, 5},
	    {"\"abc\\x2ddef\"", KEYFILE_RULE_CHARACTER, 1, 5},
	    {"- " K1 "\n  \xC3\xA9\n", KEYFILE_RULE_CHARACTER, 2, 3},
	    {"'" K1 "'\n'" K2 "'\n", KEYFILE_RULE_QUOTED, 2, 1},
	    {"\"" K1 "\" \"" K2 "\"\n", KEYFILE_RULE_QUOTED, 1, 40},
	    {"'" K1 "', '" K2 "'\n", KEYFILE_RULE_QUOTED, 1, 39},
	    {K1 "\n---\n" K2 "\n", KEYFILE_RULE_DOCUMENT, 2, 1},
	    {"- " K1 "\n---\n- " K2 "\n", KEYFILE_RULE_DOCUMENT, 2, 1},
	    {K1 "\n# c\n" K2 "\n", KEYFILE_RULE_REST, 3, 1},
	    {"- " K1 "\n" K2 "\n", KEYFILE_RULE_REST, 2, 1},
	    {"- " K1 "\na: " K2 "\n", KEYFILE_RULE_REST, 2, 2},
	    {"- " K1 "\n...\n" K2 "\n", KEYFILE_RULE_REST, 3, 1},
	    {"'" K1 "\n", KEYFILE_RULE_QUOTE, 2, 1},
	    {"'" K1, KEYFILE_RULE_SYNTAX, 1, 38},
	    {"[" K1, KEYFILE_RULE_SYNTAX, 1, 38},
	    {"- '" K1 "'\n  - '" K2 "'\n", KEYFILE_RULE_SYNTAX, 2, 3},
	    {"- " K1 "\n\t" K2 "\n", KEYFILE_RULE_SYNTAX, 2, 1},
	    {"--- - " K1, KEYFILE_RULE_SYNTAX, 1, 5},
	    {"- *a\n", KEYFILE_RULE_SYNTAX, 1, 3},
	    {"|0\n" K1, KEYFILE_RULE_SYNTAX, 1, 1},
	    {"@" K1, KEYFILE_RULE_SYNTAX, 1, 1},
	    {"\"\\q\"", KEYFILE_RULE_SYNTAX, 1, 2},
	    {"&a [*a]", KEYFILE_RULE_ALIAS, 1, 5},
	    {K1 "\r" K2, KEYFILE_RULE_CR, 1, 37},
	    {K1 " #\x04", KEYFILE_RULE_CONTROL, 1, 39},
	    {"- !!str " K1, KEYFILE_RULE_TAG, 1, 3},
	    {"%YAML 1.2\n---\n" K1, KEYFILE_RULE_DIRECTIVE, 1, 1},
	    {"\xFF\xFE", KEYFILE_RULE_UTF16, 1, 1},
	    {"[[[[[[[[[[[[[[[[[" K1, KEYFILE_RULE_DEPTH, 1, 17},
	    {"- - - - - - - - - - - - - - - - - " K1, KEYFILE_RULE_DEPTH, 1, 33},
	    {"[&a [], &b [], &c [], &d [], &e [], &f [], &g [], &h [], &i [], &j [], &k [], "
	     "&l [], &m [], &n [], &o [], &p [], &q []]",
	     KEYFILE_RULE_ANCHORS, 1, 114},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct keyfile_text k;
		judge(rows[i].text, strlen(rows[i].text), &k);
		if (refusal(&k) != (int)rows[i].rule)
			fail_msg("row %zu: %s, not %s", i,
				 refusal(&k) == ACCEPTED ? "accepted"
							 : keyfile_rule_table[refusal(&k)].name,
				 keyfile_rule_table[rows[i].rule].name);
		assert_int_equal(k.verdict, KEYFILE_REFUSED);
		assert_int_equal(k.ring.n, 0);
		if (k.findings[0].line != rows[i].line || k.findings[0].column != rows[i].column)
			fail_msg("row %zu: at %d:%d", i, k.findings[0].line, k.findings[0].column);
		assert_int_equal(k.mongod_refuses,
				 keyfile_rule_table[rows[i].rule].who == KEYFILE_WHO_MONGOD);
	}
}

static void lengths_and_sizes_have_their_edges(void **state)
{
	static char text[KEYFILE_BYTES_MAX + 1];
	static const struct {
		size_t key_n, comment_n;
		int rule;
	} rows[] = {
	    {KEY_CHARS_MIN, 0, ACCEPTED},
	    {KEY_CHARS_MIN - 1, 0, KEYFILE_RULE_LENGTH},
	    {KEY_CHARS_MAX, 0, ACCEPTED},
	    {KEY_CHARS_MAX + 1, 0, KEYFILE_RULE_LENGTH},
	    {60000, 0, KEYFILE_RULE_LENGTH},
	    {100, KEYFILE_BYTES_MAX - 100, ACCEPTED},
	    {100, KEYFILE_BYTES_MAX - 99, KEYFILE_RULE_SIZE},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct keyfile_text k;
		memset(text, 'x', rows[i].key_n);
		memset(text + rows[i].key_n, '#', rows[i].comment_n);
		if (rows[i].comment_n)
			text[rows[i].key_n] = '\n';
		judge(text, rows[i].key_n + rows[i].comment_n, &k);
		assert_int_equal(refusal(&k), rows[i].rule);
		keyfile_text_fini(&k);
	}
}

static void nul_bytes_are_refused_wherever_they_are(void **state)
{
	static const char inside[] = "abcdefgh\0ijkl", behind[] = "abcdefgh #\0",
			  wide[] = "a\0b\0c\0";
	struct keyfile_text k;
	judge(inside, sizeof(inside) - 1, &k);
	assert_int_equal(refusal(&k), KEYFILE_RULE_CONTROL);
	judge(behind, sizeof(behind) - 1, &k);
	assert_int_equal(refusal(&k), KEYFILE_RULE_CONTROL);
	judge(wide, sizeof(wide) - 1, &k);
	assert_int_equal(refusal(&k), KEYFILE_RULE_UTF16);
}

static void weak_and_odd_keys_are_warned_of(void **state)
{
	static const struct {
		const char *text;
		enum keyfile_rule rule;
		bool is_warned;
	} rows[] = {
	    {K1, KEYFILE_RULE_GUESSABLE, false},
	    {"[" K1 "," K2 "]", KEYFILE_RULE_TWICE, false},
	    {"[" K1 "," K1 "]", KEYFILE_RULE_TWICE, true},
	    {K1 K1, KEYFILE_RULE_JOINED, true},
	    {K1 "=\n" K2 "=", KEYFILE_RULE_JOINED, true},
	    {K1 "==", KEYFILE_RULE_JOINED, false},
	    {K1 "\n" K2, KEYFILE_RULE_JOINED, false}, /* cannot be told */
	    {"mysecretpassword", KEYFILE_RULE_GUESSABLE, true},
	    {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", KEYFILE_RULE_GUESSABLE,
	     true},
	    {"abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
	     KEYFILE_RULE_GUESSABLE, true},
	    {"mongodbkeyfileMongodbKeyfile1234567890", KEYFILE_RULE_GUESSABLE, true},
	    {"d41d8cd98f00b204e9800998ecf8427e", KEYFILE_RULE_GUESSABLE, false},
	    {"8365910274659301827465", KEYFILE_RULE_GUESSABLE, true},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct keyfile_text k;
		judge(rows[i].text, strlen(rows[i].text), &k);
		assert_int_equal(refusal(&k), ACCEPTED);
		if (is_warned(&k, rows[i].rule) != rows[i].is_warned)
			fail_msg("row %zu", i);
		keyfile_text_fini(&k);
	}
}

static void guess_bits_never_exceed_what_the_alphabet_allows(void **state)
{
	static const struct {
		const char *key;
		unsigned at_least, at_most;
	} rows[] = {
	    {"", 0, 0},
	    {"==", 0, 0},
	    {"a", 8, 9},
	    {"7", 7, 7},
	    {"d41d8cd98f00b204e9800998ecf8427e", 128, 132},
	    {"xV9pQr2LmT8kZw4Nc7Bd1", 128, 130}, /* 21 of 62 */
	    {"abababababababababababababababab", 1, 40},
	    {K1 K1 K1 K1, 200, 280},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		unsigned bits = keyfile_guess_bits(rows[i].key, strlen(rows[i].key));
		if (bits < rows[i].at_least || bits > rows[i].at_most)
			fail_msg("row %zu: %u bits", i, bits);
	}
}

static void permissions_are_judged_as_by_mongod(void **state)
{
	static const struct {
		struct keyfile_place place;
		bool relax;
		int rule;
	} rows[] = {
	    {{.is_regular = true, .mode = 0600}, false, ACCEPTED},
	    {{.is_regular = true, .mode = 0400}, false, ACCEPTED},
	    {{.is_regular = true, .mode = 0700}, false, ACCEPTED},
	    {{.is_regular = true, .mode = 04600}, false, ACCEPTED},
	    {{.is_regular = true, .mode = 0640}, false, KEYFILE_RULE_MODE},
	    {{.is_regular = true, .mode = 0604}, false, KEYFILE_RULE_MODE},
	    {{.is_regular = true, .mode = 0610}, false, KEYFILE_RULE_MODE},
	    {{.is_regular = true, .mode = 0640, .has_acl = true}, false, KEYFILE_RULE_ACL},
	    {{.is_regular = true, .mode = 0600, .has_acl = true}, false, ACCEPTED},
	    {{.is_regular = true, .mode = 0640, .uid = 0}, true, ACCEPTED},
	    {{.is_regular = true, .mode = 0440, .uid = 0}, true, ACCEPTED},
	    {{.is_regular = true, .mode = 0640, .uid = 999}, true, KEYFILE_RULE_MODE},
	    {{.is_regular = true, .mode = 0644, .uid = 0}, true, KEYFILE_RULE_MODE},
	    {{.is_regular = true, .mode = 0660, .uid = 0}, true, KEYFILE_RULE_MODE},
	    {{.is_regular = false, .mode = 0755}, false, KEYFILE_RULE_KIND},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct keyfile_text k;
		judge(K1, strlen(K1), &k);
		keyfile_text_judge_place(&k, &rows[i].place, rows[i].relax);
		if (refusal(&k) != rows[i].rule)
			fail_msg("row %zu", i);
		assert_int_equal(k.ring.n, rows[i].rule == ACCEPTED ? 1 : 0);
		keyfile_text_fini(&k);
	}
}

static void a_refusal_as_an_error_has_kind_and_place_but_no_character_of_the_key(void **state)
{
	struct err err = ERR_INIT;
	struct keyring ring = {.n = 7};
	const char *text = "- " K1 "\n- SeCrEt-tExT\n";
	assert_false(keyfile_parse(text, strlen(text), &ring, &err));
	assert_int_equal(ring.n, 7);
	assert_int_equal(err.kind, ERR_INVALID);
	assert_int_equal(err.line, 2);
	assert_int_equal(err.column, 9);
	assert_null(strstr(err.text, "SeCr"));
	err_clear(&err);
	assert_false(keyfile_parse("abc", 3, &ring, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
}

static void what_is_printed_is_one_key_a_line_and_reads_back(void **state)
{
	struct err err = ERR_INIT;
	struct keyring ring = {.n = 0};
	struct secret text;
	assert_false(keyfile_print(&ring, &text, &err));
	assert_int_equal(err.kind, ERR_INVALID);
	assert_true(keyring_add(&ring, K1, strlen(K1), &err));
	assert_true(keyfile_print(&ring, &text, &err));
	assert_string_equal(text.p, "- " K1 "\n");
	secret_fini(&text);
	assert_true(keyring_add(&ring, K2, strlen(K2), &err));
	assert_true(keyfile_print(&ring, &text, &err));
	assert_string_equal(text.p, "- " K1 "\n- " K2 "\n");
	secret_fini(&text);
	keyring_fini(&ring);
	/* Two of the longest, and words that YAML takes for something else. */
	static char longest[KEY_CHARS_MAX];
	memset(longest, '+', sizeof(longest));
	assert_true(keyring_add(&ring, longest, sizeof(longest), &err));
	assert_true(keyring_add(&ring, "======", 6, &err));
	assert_true(keyfile_print(&ring, &text, &err));
	assert_int_equal(text.n, KEY_CHARS_MAX + 3 + 9);
	secret_fini(&text);
	keyring_fini(&ring);
}

static void new_keys_are_the_base64_of_their_bytes(void **state)
{
	static const struct {
		size_t n;
		const char *text; /* NULL: refused */
	} rows[] = {
	    {3, NULL}, {4, "AAEC/w=="}, {5, "AAEC//4="}, {6, "AAEC//79"}, {769, NULL}, {0, NULL},
	};
	static unsigned char bytes[1024] = {0, 1, 2, 0xFF, 0xFE, 0xFD};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct err err = ERR_INIT;
		struct keyring ring = {.n = 0};
		assert_int_equal(keyfile_key_new(bytes, rows[i].n, &ring, &err),
				 rows[i].text != NULL);
		if (rows[i].text)
			assert_string_equal(ring.keys[0].text.p, rows[i].text);
		else
			assert_int_equal(err.kind, ERR_LIMIT);
		keyring_fini(&ring);
	}
	struct err err = ERR_INIT;
	struct keyring ring = {.n = 0};
	assert_true(keyfile_key_new(bytes, KEY_BYTES_DEFAULT, &ring, &err));
	assert_int_equal(ring.keys[0].text.n, 1008);
	assert_true(keyfile_key_new(bytes, 768, &ring, &err));
	assert_int_equal(ring.keys[1].text.n, KEY_CHARS_MAX);
	assert_false(keyfile_key_new(bytes, 768, &ring, &err));
	keyring_fini(&ring);
}

static void every_rule_says_what_and_what_to_do(void **state)
{
	for (size_t i = 0; i < KEYFILE_RULE_N; i++) {
		const struct keyfile_rule_row *row = &keyfile_rule_table[i];
		assert_true(row->name[0] && row->text[0] && row->you[0]);
		assert_int_not_equal(row->kind, ERR_NONE);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(keyfile_rule_table[j].name, row->name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(files_that_mongod_takes_give_the_same_keys),
	    cmocka_unit_test(files_that_cannot_be_meant_are_refused_by_a_named_rule_at_a_place),
	    cmocka_unit_test(lengths_and_sizes_have_their_edges),
	    cmocka_unit_test(nul_bytes_are_refused_wherever_they_are),
	    cmocka_unit_test(weak_and_odd_keys_are_warned_of),
	    cmocka_unit_test(guess_bits_never_exceed_what_the_alphabet_allows),
	    cmocka_unit_test(permissions_are_judged_as_by_mongod),
	    cmocka_unit_test(a_refusal_as_an_error_has_kind_and_place_but_no_character_of_the_key),
	    cmocka_unit_test(what_is_printed_is_one_key_a_line_and_reads_back),
	    cmocka_unit_test(new_keys_are_the_base64_of_their_bytes),
	    cmocka_unit_test(every_rule_says_what_and_what_to_do),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
