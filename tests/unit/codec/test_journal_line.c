/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/test.h"

#include <string.h>

#include "base/cleanup.h"
#include "codec/journal_line.h"

static struct journal_entry sample(uint64_t seq)
{
	return (struct journal_entry){
	    .seq = seq,
	    .at = {.us = 1795314976000000},
	    .kind = JOURNAL_INTENT,
	    .act = "put-keyfile",
	    .instance = "rs0-a",
	    .subject = "db1.example.net:27017",
	    .generation = 3,
	    .of = seq - 1,
	    .process_id = "637af0aabbccddeeff001122",
	    .ring = {.is_known = true, .n = 1, .ids = {{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}}},
	    .order = {"0123456789abcdef0123456789abcdef"},
	    .next = {.us = 5},
	    .text = "the key is 91 days old; \"quarterly\""};
}

static void add(struct buf *text, uint64_t seq)
{
	struct err err = ERR_INIT;
	struct journal_entry e = sample(seq);
	auto_buf struct buf line = {.n = 0};
	assert_true(journal_line_print(&e, &line, &err));
	buf_add(text, line.p, line.n);
	buf_addc(text, '\n');
}

static void the_checksum_is_crc32c(void **state)
{
	/* RFC 3720, B.4, and the well-known check value */
	char zeros[32] = {0}, ones[32];
	memset(ones, 0xff, sizeof(ones));
	assert_int_equal(crc32c(STR("123456789")), 0xe3069283);
	assert_int_equal(crc32c((struct str){.p = zeros, .n = 32}), 0x8a9136aa);
	assert_int_equal(crc32c((struct str){.p = ones, .n = 32}), 0x62a8ab43);
	assert_int_equal(crc32c(STR("")), 0);
}

static void a_line_comes_back_as_it_was(void **state)
{
	for (enum journal_kind kind = 0; kind < JOURNAL_KIND_N; kind++) {
		struct err err = ERR_INIT;
		struct journal_entry e = sample(17), back;
		auto_buf struct buf line = {.n = 0};
		e.kind = kind;
		memset(&back, 0xaa, sizeof(back));
		assert_true(journal_line_print(&e, &line, &err));
		assert_null(memchr(line.p, '\n', line.n));
		assert_true(journal_line_parse(buf_str(&line), &back, &err));
		assert_int_equal(back.seq, e.seq);
		assert_int_equal(back.kind, kind);
		assert_string_equal(back.act, e.act);
		assert_string_equal(back.instance, e.instance);
		assert_string_equal(back.subject, e.subject);
		assert_string_equal(back.process_id, e.process_id);
		assert_string_equal(back.order.hex, e.order.hex);
		assert_string_equal(back.text, e.text);
		assert_true(ring_ids_equal(&back.ring, &e.ring));
		assert_int_equal(back.generation, 3);
		assert_int_equal(back.of, 16);
		assert_int_equal(back.next.us, 5);
		assert_int_equal(back.at.us, e.at.us);
	}
}

static void entries_that_cannot_be_are_not_written(void **state)
{
	for (int row = 0; row < 4; row++) {
		struct err err = ERR_INIT;
		struct journal_entry e = sample(1);
		auto_buf struct buf line = {.n = 0};
		if (row == 0)
			e.seq = 0;
		if (row == 1)
			e.act[1] = '\n';
		if (row == 2)
			e.kind = JOURNAL_KIND_N;
		if (row == 3)
			e.act[1] = (char)0xff;
		assert_false(journal_line_print(&e, &line, &err));
		assert_int_equal(err.kind, ERR_INVALID);
	}
}

/* Words of a hook, of mongod's log, or cut in the middle of a character: a journal that cannot be
 * written for them would stop every act. */
static void any_words_can_be_written(void **state)
{
	static const struct {
		const char *said, *written;
	} rows[] = {
	    {"two\nlines\tand\x7f", "two?lines?and?"},
	    {"caf\xc3\xa9", "caf\xc3\xa9"},
	    {"cut \xe2\x82", "cut ??"},
	    {"\xff, then \xc3, more", "?, then ?, more"},
	    {"\xed\xa0\x80", "???"},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct err err = ERR_INIT;
		struct journal_entry e = sample(1), back;
		auto_buf struct buf line = {.n = 0};
		cut_z(e.text, sizeof(e.text), rows[i].said);
		assert_true(journal_line_print(&e, &line, &err));
		assert_true(journal_line_parse(buf_str(&line), &back, &err));
		assert_string_equal(back.text, rows[i].written);
	}
}

static void bent_lines_are_refused(void **state)
{
	struct err err = ERR_INIT;
	struct journal_entry e = sample(17), back = {.seq = 0};
	auto_buf struct buf line = {.n = 0};
	assert_true(journal_line_print(&e, &line, &err));
	for (size_t i = 0; i < line.n; i++) {
		err = ERR_INIT;
		line.p[i] = (char)(line.p[i] ^ 1 << i % 8);
		assert_false(journal_line_parse(buf_str(&line), &back, &err));
		assert_int_equal(err.kind, ERR_CRYPTO);
		line.p[i] = (char)(line.p[i] ^ 1 << i % 8);
	}
	for (size_t n = 0; n < line.n; n += 5)
		assert_false(journal_line_parse((struct str){.p = line.p, .n = n}, &back, &err));
	assert_int_equal(back.seq, 0);
}

static void a_right_checksum_over_something_else_is_refused(void **state)
{
	static const char *const rows[] = {"", "{}", "[]", "1", "{\"type\":\"rotad-journal/2\"}",
					   "{"};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct err err = ERR_INIT;
		struct journal_entry back;
		auto_buf struct buf line = {.n = 0};
		buf_addf(&line, "%08x %s", crc32c(str_of(rows[i])), rows[i]);
		assert_false(journal_line_parse(buf_str(&line), &back, &err));
		assert_int_not_equal(err.kind, ERR_NONE);
	}
}

static void a_journal_is_read_around_its_faults(void **state)
{
	enum {
		WHOLE,
		EMPTY,
		TORN,
		TORN_AND_CLOSED,
		BAD_MIDDLE,
		BAD_LAST,
		REPLAYED,
		NOT_TEXT,
		ROWS_N
	};
	static const struct {
		unsigned good, bad, first_bad_line;
		bool is_torn;
	} wanted[ROWS_N] = {
	    [WHOLE] = {3, 0, 0, false},      [EMPTY] = {0, 0, 0, false},
	    [TORN] = {2, 0, 0, true},        [TORN_AND_CLOSED] = {4, 0, 0, false},
	    [BAD_MIDDLE] = {2, 1, 2, false}, [BAD_LAST] = {2, 1, 3, false},
	    [REPLAYED] = {3, 2, 4, false},   [NOT_TEXT] = {0, 0, 0, true},
	};
	for (int row = 0; row < ROWS_N; row++) {
		auto_buf struct buf text = {.n = 0};
		struct journal_reader r;
		struct journal_entry e;
		unsigned good = 0;
		size_t second = 0;
		for (uint64_t seq = 1; row != EMPTY && row != NOT_TEXT && seq <= 3; seq++) {
			if (seq == 2)
				second = text.n;
			add(&text, seq);
		}
		if (row == TORN)
			text.n -= 7;
		if (row ==
		    TORN_AND_CLOSED) { /* as round/ does after a start: an empty line first */
			text.n -= 7;
			buf_adds(&text, "\n\n");
			add(&text, 3);
			add(&text, 4);
		}
		if (row == BAD_MIDDLE)
			text.p[second + 30] ^= 1;
		if (row == BAD_LAST)
			text.p[text.n - 30] ^= 1;
		if (row == REPLAYED) {
			add(&text, 3);
			add(&text, 1);
		}
		if (row == NOT_TEXT)
			buf_add(&text, "\xff\0\x80", 3);
		journal_open(&r, buf_str(&text));
		while (journal_find_next(&r, &e)) {
			good++;
			assert_int_equal(e.seq, r.last_seq);
		}
		assert_int_equal(good, wanted[row].good);
		assert_int_equal(r.bad_n, wanted[row].bad);
		assert_int_equal(r.first_bad_line, wanted[row].first_bad_line);
		assert_int_equal(r.torn_bytes != 0, wanted[row].is_torn);
		assert_int_equal(r.first_bad.kind != ERR_NONE, wanted[row].bad != 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_checksum_is_crc32c),
	    cmocka_unit_test(a_line_comes_back_as_it_was),
	    cmocka_unit_test(entries_that_cannot_be_are_not_written),
	    cmocka_unit_test(any_words_can_be_written),
	    cmocka_unit_test(bent_lines_are_refused),
	    cmocka_unit_test(a_right_checksum_over_something_else_is_refused),
	    cmocka_unit_test(a_journal_is_read_around_its_faults),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
