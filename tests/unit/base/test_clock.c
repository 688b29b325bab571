/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/test.h"

#include "base/clock.h"

static void spans_are_parsed(void **state)
{
	static const struct {
		const char *text;
		int64_t us; /* -1: refused */
	} rows[] = {
	    {"90d", 90 * US_DAY},
	    {"1h30m", 90 * US_MIN},
	    {"500ms", 500 * US_MS},
	    {"2s", 2 * US_S},
	    {"0", 0},
	    {" 2w ", 14 * US_DAY},
	    {"30", -1},
	    {"d", -1},
	    {"", -1},
	    {"-1d", -1},
	    {"1 d", -1},
	    {"1y", -1},
	    {"99999999999999999d", -1},
	    {"1.5h", -1},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct err err = ERR_INIT;
		int64_t us = -7;
		bool ok = span_parse(str_of(rows[i].text), &us, &err);
		assert_int_equal(ok, rows[i].us >= 0);
		assert_int_equal(us, ok ? rows[i].us : -7);
		assert_int_equal(err.kind != ERR_NONE, !ok);
	}
}

static void times_go_there_and_back(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} rows[] = {
	    {"1970-01-01T00:00:00Z", 0},         {"2026-11-22T02:36:16Z", 1795314976},
	    {"2000-02-29T12:00:00Z", 951825600}, {"9999-12-31T23:59:59Z", 253402300799},
	    {"1969-12-31T23:59:59Z", -1},        {"2038-01-19T03:14:08Z", 2147483648},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		char text[40];
		struct wall t;
		struct err err = ERR_INIT;
		assert_true(wall_parse_utc(str_of(rows[i].text), &t, &err));
		assert_int_equal(t.us, rows[i].seconds * US_S);
		assert_string_equal(wall_print_utc(t, text, sizeof(text)), rows[i].text);
	}
}

static void bad_times_are_refused(void **state)
{
	static const char *const rows[] = {"",
					   "2026",
					   "2026-13-01T00:00:00Z",
					   "2026-01-01T00:00:00",
					   "2026-01-01T25:00:00Z",
					   "2026-01-01T00:00:00+01:00"};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct wall t = {.us = 5};
		struct err err = ERR_INIT;
		assert_false(wall_parse_utc(str_of(rows[i]), &t, &err));
		assert_int_equal(t.us, 5);
		assert_int_equal(err.kind, ERR_INVALID);
	}
}

static void spans_are_printed_for_people(void **state)
{
	char text[40];
	assert_string_equal(span_print(110 * US_MS, text, sizeof(text)), "0.11 s");
	assert_string_equal(span_print(15900 * US_MS, text, sizeof(text)), "15 s");
	assert_string_equal(span_print(1900 * US_MS, text, sizeof(text)), "1.9 s");
	assert_string_equal(span_print(169 * US_S, text, sizeof(text)), "2 min 49 s");
	assert_string_equal(span_print(91 * US_DAY, text, sizeof(text)), "91 days");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(spans_are_parsed),
	    cmocka_unit_test(times_go_there_and_back),
	    cmocka_unit_test(bad_times_are_refused),
	    cmocka_unit_test(spans_are_printed_for_people),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
