/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/test.h"

#include <string.h>

#include "sys/redact.h"

#define KEY40 "QmFzZTY0IGlzIG5vdCBlbmNyeXB0aW9uIGF0IGFs"
#define KEY39 "QmFzZTY0IGlzIG5vdCBlbmNyeXB0aW9uIGF0IGF"
#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void what_could_be_a_key_goes_and_the_rest_stays(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
	    {"all is well", "all is well"},
	    {"key " KEY40 ".", "key [40 characters taken out]."},
	    {"key " KEY39, "key " KEY39}, /* shorter ones may be names */
	    {KEY40 "\n" KEY40, "[81 characters taken out]"},
	    {"- \"" KEY40 "\n   " KEY40 "\n   short=\"\nend",
	     "- \"[94 characters taken out]\"\nend"},
	    {HEX64, "[64 characters taken out]"},
	    {"/" HEX64, "[65 characters taken out]"},
	    {"a-b_" KEY40, "[44 characters taken out]"}, /* URL-safe */
	    {"error opening file: /srv/mongodb/rs0-a/very-long/path/to/the/keyfile: bad",
	     "error opening file: /srv/mongodb/rs0-a/very-long/path/to/the/keyfile: bad"},
	    {"/Srv/mongodb/rs0-a/very-long/path/to/the/keyfile",
	     "[48 characters taken out]"}, /* in doubt it goes */
	    {"--------------------------------------------------",
	     "--------------------------------------------------"},
	    {"a\x1b[31mb\tc\x7f\x01", "a [31mb c  "},
	    {"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"},
	    {"a\xff\xc3 \xc0\xaf\xed\xa0\x80", "a?? ?????"},
	    {"a\xc2\x9b"
	     "b",
	     "a b"}, /* C1: an escape sequence to some terminals */
	    {"-----BEGIN PRIVATE KEY-----\nQUJD\nREVG\n-----END PRIVATE KEY-----\nok",
	     "[63 characters taken out]\nok"},
	    {"-----BEGIN EC PRIVATE KEY-----\nQUJD", "[35 characters taken out]"},
	    {"-----BEGIN CERTIFICATE-----\nQUJD", "-----BEGIN CERTIFICATE-----\nQUJD"},
	    {"", ""},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct buf out = {.max = 4096};
		redact(&out, str_of(rows[i].in), true);
		assert_string_equal(buf_z(&out), rows[i].out);
		buf_fini(&out);
	}
}

static void one_line_has_no_line_ends(void **state)
{
	struct buf out = {.max = 4096};
	redact(&out, STR("a\nb\r\nc"), false);
	assert_string_equal(buf_z(&out), "a b  c");
	buf_fini(&out);
}

static void the_end_of_a_long_text_is_kept(void **state)
{
	char out[16];
	redact_end(out, sizeof(out), STR("  short \n"), true);
	assert_string_equal(out, "short");
	redact_end(out, sizeof(out), STR("0123456789 and the end"), true);
	assert_string_equal(out, "... and the end");
	redact_end(out, sizeof(out),
		   STR("xxxxxxxxxxxx\xc3\xbc"
		       "12345678901"),
		   true);
	assert_string_equal(out, "...12345678901");
	/* A key is taken out before the text is cut: no end of it is left over. */
	redact_end(out, sizeof(out), STR("key " KEY40), true);
	assert_null(strstr(out, "IGFs"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_could_be_a_key_goes_and_the_rest_stays),
	    cmocka_unit_test(one_line_has_no_line_ends),
	    cmocka_unit_test(the_end_of_a_long_text_is_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
