/* SPDX-License-Identifier: Apache-2.0 */
/* Time zone files cut short and damaged at every byte: refused or decoded, never a crash. */
#include "lib/test.h"

#include <stdio.h>
#include <string.h>

#include "codec/tzif.h"
#include "lib/read_files.h"

static void read_berlin(struct buf *text)
{
	struct err err = ERR_INIT;
	assert_true(read_files.ops->read_text(NULL, TESTS_DIR "/fixtures/zoneinfo/Europe/Berlin",
					      ZONE_BYTES_MAX, text, NULL, &err));
}

static void file_cut_short_is_refused(void **state)
{
	auto_buf struct buf text = {0};
	auto_free struct zone *z = calloc(1, sizeof(*z));
	read_berlin(&text);
	for (size_t n = 0; n < text.n; n++) {
		struct err err = ERR_INIT;
		assert_false(tzif_decode((struct str){.p = text.p, .n = n}, "x", z, &err));
		assert_int_equal(err.kind, ERR_SYNTAX);
		assert_int_equal(z->shifts_n, 0);
	}
}

static void damaged_file_never_crashes(void **state)
{
	auto_buf struct buf text = {0};
	auto_free struct zone *z = calloc(1, sizeof(*z));
	read_berlin(&text);
	for (size_t i = 0; i < text.n; i++) {
		struct err err = ERR_INIT;
		char was = text.p[i];
		text.p[i] = (char)(was ^ 0x80);
		bool ok = tzif_decode(buf_str(&text), "x", z, &err);
		assert_int_equal(ok, err.kind == ERR_NONE);
		if (ok)
			(void)zone_local(z, (struct wall){.us = 1795314976 * US_S});
		text.p[i] = was;
	}
}

static void file_of_version_one_is_read(void **state)
{
	static const char one[] = "TZif\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
				  "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\2\0\0\0\10"
				  "\x65\0\0\0"
				  "\1"
				  "\0\0\0\0\0\0"
				  "\0\0\x0e\x10\1\4"
				  "UTC\0CET\0";
	struct err err = ERR_INIT;
	auto_free struct zone *z = calloc(1, sizeof(*z));
	assert_true(tzif_decode((struct str){.p = one, .n = sizeof(one) - 1}, "x", z, &err));
	assert_int_equal(z->shifts_n, 1);
	assert_string_equal(z->first.letters, "UTC");
	assert_string_equal(z->shifts[0].letters, "CET");
	assert_int_equal(z->shifts[0].offset_s, 3600);
}

static void other_files_are_refused(void **state)
{
	struct err err = ERR_INIT;
	auto_free struct zone *z = calloc(1, sizeof(*z));
	assert_false(tzif_decode(STR("root:x:0:0"), "x", z, &err));
	assert_false(tzif_decode(STR(""), "x", z, &err));
	char name[ZONE_NAME_BYTES + 1];
	memset(name, 'a', sizeof(name));
	name[ZONE_NAME_BYTES] = '\0';
	assert_false(tzif_decode(STR("TZif"), name, z, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(file_cut_short_is_refused),
	    cmocka_unit_test(damaged_file_never_crashes),
	    cmocka_unit_test(file_of_version_one_is_read),
	    cmocka_unit_test(other_files_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
