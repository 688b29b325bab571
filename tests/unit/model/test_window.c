/* SPDX-License-Identifier: Apache-2.0 */
/* Local time and windows over the days that clocks change. The zones come from the fixtures, so the
 * host's own tzdata does not matter. */
#include "lib/test.h"

#include <stdlib.h>
#include <string.h>

#include "codec/tzif.h"
#include "lib/read_files.h"
#include "model/window.h"

static struct wall at(const char *text)
{
	struct wall t = {.us = -1};
	struct err err = ERR_INIT;
	assert_true(wall_parse_utc(str_of(text), &t, &err));
	return t;
}

static const char *utc(struct wall t)
{
	static char out[4][40];
	static unsigned i;
	i = (i + 1) % 4;
	return t.us == 0 ? "-" : wall_print_utc(t, out[i], sizeof(out[i]));
}

static void load(struct zone *z, const char *name)
{
	char path[512];
	struct err err = ERR_INIT;
	auto_buf struct buf text = {0};
	snprintf(path, sizeof(path), TESTS_DIR "/fixtures/zoneinfo/%s", name);
	assert_true(read_files.ops->read_text(NULL, path, ZONE_BYTES_MAX, &text, NULL, &err));
	assert_true(tzif_decode(buf_str(&text), name, z, &err));
}

/* zones: 0 UTC, 1 Berlin, 2 New York, 3 Lord Howe, 4 Kolkata */
static struct policy *policy_new(void)
{
	struct policy *p = calloc(1, sizeof(*p));
	assert_non_null(p);
	p->zones_n = 5;
	load(&p->zones[1], "Europe/Berlin");
	load(&p->zones[2], "America/New_York");
	load(&p->zones[3], "Australia/Lord_Howe");
	load(&p->zones[4], "Asia/Kolkata");
	return p;
}

static void local_time_follows_the_zone(void **state)
{
	static const struct {
		unsigned zone;
		const char *utc, *local;
	} rows[] = {
	    {0, "2026-11-22T02:00:04Z", "2026-11-22 02:00:04 UTC"},
	    {1, "2026-03-29T00:59:59Z", "2026-03-29 01:59:59 CET"},
	    {1, "2026-03-29T01:00:00Z", "2026-03-29 03:00:00 CEST"},
	    {1, "2026-10-25T00:59:59Z", "2026-10-25 02:59:59 CEST"},
	    {1, "2026-10-25T01:00:00Z", "2026-10-25 02:00:00 CET"},
	    {1, "1969-12-31T23:00:00Z", "1970-01-01 00:00:00 CET"},
	    {1, "1893-03-31T22:00:00Z", "1893-03-31 22:53:28 LMT"},
	    {2, "2026-03-08T06:59:59Z", "2026-03-08 01:59:59 EST"},
	    {2, "2026-03-08T07:00:00Z", "2026-03-08 03:00:00 EDT"},
	    {2, "2026-11-01T06:00:00Z", "2026-11-01 01:00:00 EST"},
	    {3, "2026-04-04T14:59:59Z", "2026-04-05 01:59:59 +11"},
	    {3, "2026-04-04T15:00:00Z", "2026-04-05 01:30:00 +1030"},
	    {3, "2026-10-03T15:30:00Z", "2026-10-04 02:30:00 +11"},
	    {4, "2026-06-01T00:00:00Z", "2026-06-01 05:30:00 IST"},
	    /* behind the table's end only the yearly rule tells */
	    {1, "2038-01-19T03:14:08Z", "2038-01-19 04:14:08 CET"},
	    {1, "2038-03-28T00:59:59Z", "2038-03-28 01:59:59 CET"},
	    {1, "2038-03-28T01:00:00Z", "2038-03-28 03:00:00 CEST"},
	    {1, "2099-10-25T01:00:00Z", "2099-10-25 02:00:00 CET"},
	    {2, "2050-07-04T12:00:00Z", "2050-07-04 08:00:00 EDT"},
	    {3, "2040-01-01T00:00:00Z", "2040-01-01 11:00:00 +11"},
	    {3, "2040-12-31T23:59:59Z", "2041-01-01 10:59:59 +11"},
	    {3, "2040-06-01T00:00:00Z", "2040-06-01 10:30:00 +1030"},
	    {1, "9999-12-31T22:00:00Z", "9999-12-31 23:00:00 CET"},
	};
	auto_free struct policy *p = policy_new();
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		char out[64];
		assert_string_equal(wall_print_local(at(rows[i].utc), &p->zones[rows[i].zone],
						     WALL_PRINT_FULL, (struct wall){.us = 0}, out,
						     sizeof(out)),
				    rows[i].local);
	}
}

static void times_are_printed_as_people_say_them(void **state)
{
	char out[64];
	auto_free struct policy *p = policy_new();
	struct wall now = at("2026-11-22T01:00:52Z");
	const struct zone *z = &p->zones[1];
	assert_string_equal(
	    wall_print_local(at("2026-11-22T01:00:04Z"), z, WALL_PRINT_NEAR, now, out, sizeof(out)),
	    "02:00:04");
	assert_string_equal(
	    wall_print_local(at("2026-11-21T22:59:00Z"), z, WALL_PRINT_NEAR, now, out, sizeof(out)),
	    "2026-11-21 23:59");
	assert_string_equal(
	    wall_print_local(at("2026-11-21T23:30:00Z"), z, WALL_PRINT_DATE, now, out, sizeof(out)),
	    "2026-11-22");
	assert_string_equal(
	    wall_print_local((struct wall){.us = 0}, z, WALL_PRINT_NEAR, now, out, sizeof(out)),
	    "never");
}

static void local_times_become_utc_in_gap_and_overlap(void **state)
{
	static const struct {
		unsigned zone;
		int year, month, day, hour, minute;
		bool later;
		const char *utc;
	} rows[] = {
	    {1, 2026, 3, 29, 1, 59, false, "2026-03-29T00:59:00Z"},
	    {1, 2026, 3, 29, 2, 30, false, "2026-03-29T01:00:00Z"}, /* never shown */
	    {1, 2026, 3, 29, 3, 0, false, "2026-03-29T01:00:00Z"},
	    {1, 2026, 10, 25, 2, 30, false, "2026-10-25T00:30:00Z"}, /* shown twice */
	    {1, 2026, 10, 25, 2, 30, true, "2026-10-25T01:30:00Z"},
	    {2, 2026, 3, 8, 2, 30, true, "2026-03-08T07:00:00Z"},
	    {2, 2026, 11, 1, 1, 30, false, "2026-11-01T05:30:00Z"},
	    {2, 2026, 11, 1, 1, 30, true, "2026-11-01T06:30:00Z"},
	    {3, 2026, 10, 4, 2, 15, false, "2026-10-03T15:30:00Z"}, /* half an hour's gap */
	    {3, 2026, 4, 5, 1, 45, false, "2026-04-04T14:45:00Z"},
	    {3, 2026, 4, 5, 1, 45, true, "2026-04-04T15:15:00Z"},
	    {1, 2038, 3, 28, 2, 30, false, "2038-03-28T01:00:00Z"},
	    {1, 2026, 3, 28, 26, 30, false, "2026-03-29T01:00:00Z"}, /* 26:30 is tomorrow */
	};
	auto_free struct policy *p = policy_new();
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		int64_t day = days_from_civil(rows[i].year, rows[i].month, rows[i].day);
		struct wall t =
		    zone_from_local(&p->zones[rows[i].zone], day,
				    rows[i].hour * 3600 + rows[i].minute * 60, rows[i].later);
		assert_string_equal(utc(t), rows[i].utc);
	}
}

static void rules_are_parsed_or_refused(void **state)
{
	static const struct {
		const char *text;
		bool good;
	} rows[] = {
	    {"CET-1CEST,M3.5.0,M10.5.0/3", true},
	    {"<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", true},
	    {"IST-5:30", true},
	    {"EST5EDT,J60,300/24", true},
	    {"XXX3EDT4,0/0,J365/23", true},
	    {"<-03>3<-02>,M3.5.0/-2,M10.5.0/-1", true},
	    {"", false},
	    {"C1", false},
	    {"CET", false},
	    {"CET-1CEST", false},
	    {"CET-1CEST,M13.5.0,M10.5.0", false},
	    {"CET-1CEST,M3.0.0,M10.5.0", false},
	    {"CET-1CEST,M3.5.7,M10.5.0", false},
	    {"CET-1CEST,M3.5.0,M10.5.0/168", false},
	    {"CET-1CEST,M3.5.0,M10.5.0 ", false},
	    {"CET-1CEST,J0,J366", false},
	    {"<CET-1", false},
	    {"<C\"T>-1", false},
	    {"CET-25", false},
	    {"ABCDEFGHIJKLMNOP-1", false},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct zone z = {.shifts_n = 7};
		struct err err = ERR_INIT;
		assert_int_equal(zone_rules_parse(str_of(rows[i].text), &z, &err), rows[i].good);
		assert_int_equal(z.has_rules, rows[i].good);
		assert_int_equal(err.kind, rows[i].good ? ERR_NONE : ERR_SYNTAX);
	}
}

#define SAT (1u << 6)
#define SUN (1u << 0)
#define EVERY 0x7fu

static void windows_open_and_close(void **state)
{
	/* Two rows at most; days 0 ends them. */
	static const struct {
		struct window w[2];
		const char *now;
		bool open;
		const char *since, *until, *opens;
	} rows[] = {
	    /* weekend nights, 02:00 for 4 h in Berlin */
	    {{{SAT | SUN, 7200, 4 * US_H, 1, 0}},
	     "2026-11-21T01:00:00Z",
	     true,
	     "2026-11-21T01:00:00Z",
	     "2026-11-21T05:00:00Z",
	     "-"},
	    {{{SAT | SUN, 7200, 4 * US_H, 1, 0}},
	     "2026-11-21T05:00:00Z",
	     false,
	     "-",
	     "-",
	     "2026-11-22T01:00:00Z"},
	    {{{SAT | SUN, 7200, 4 * US_H, 1, 0}},
	     "2026-11-22T05:00:00Z",
	     false,
	     "-",
	     "-",
	     "2026-11-28T01:00:00Z"},
	    /* the night 02:00 does not exist: opens at 03:00 summer time, lasts 4 h of real time */
	    {{{SUN, 7200, 4 * US_H, 1, 0}},
	     "2026-03-29T00:00:00Z",
	     false,
	     "-",
	     "-",
	     "2026-03-29T01:00:00Z"},
	    {{{SUN, 7200, 4 * US_H, 1, 0}},
	     "2026-03-29T04:59:59Z",
	     true,
	     "2026-03-29T01:00:00Z",
	     "2026-03-29T05:00:00Z",
	     "-"},
	    /* the night 02:00 comes twice: the first, once */
	    {{{SUN, 7200, US_H, 1, 0}},
	     "2026-10-25T00:30:00Z",
	     true,
	     "2026-10-25T00:00:00Z",
	     "2026-10-25T01:00:00Z",
	     "-"},
	    {{{SUN, 7200, US_H, 1, 0}},
	     "2026-10-25T01:30:00Z",
	     false,
	     "-",
	     "-",
	     "2026-11-01T01:00:00Z"},
	    {{{SUN, 3600, US_H, 2, 0}},
	     "2026-11-01T05:10:00Z",
	     true,
	     "2026-11-01T05:00:00Z",
	     "2026-11-01T06:00:00Z",
	     "-"},
	    /* over midnight and a time zone ahead of UTC: still Saturday's */
	    {{{SAT, 23 * 3600, 4 * US_H, 4, 0}},
	     "2026-11-21T20:00:00Z",
	     true,
	     "2026-11-21T17:30:00Z",
	     "2026-11-21T21:30:00Z",
	     "-"},
	    /* two windows that touch are one */
	    {{{SAT, 7200, 2 * US_H, 0, 0}, {SAT, 4 * 3600, 2 * US_H, 0, 0}},
	     "2026-11-21T03:00:00Z",
	     true,
	     "2026-11-21T02:00:00Z",
	     "2026-11-21T06:00:00Z",
	     "-"},
	    /* a week long, every week: open without end */
	    {{{SAT, 0, 7 * US_DAY, 0, 0}}, "2026-11-19T03:00:00Z", true, "-", "-", "-"},
	    {{{EVERY, 0, US_DAY, 0, 0}}, "2026-11-19T03:00:00Z", true, "-", "-", "-"},
	    /* two askers: both must be open */
	    {{{SAT, 7200, 4 * US_H, 0, 0}, {SAT, 4 * 3600, 4 * US_H, 0, 1}},
	     "2026-11-21T03:00:00Z",
	     false,
	     "-",
	     "-",
	     "2026-11-21T04:00:00Z"},
	    {{{SAT, 7200, 4 * US_H, 0, 0}, {SAT, 4 * 3600, 4 * US_H, 0, 1}},
	     "2026-11-21T05:00:00Z",
	     true,
	     "2026-11-21T04:00:00Z",
	     "2026-11-21T06:00:00Z",
	     "-"},
	    /* they never meet */
	    {{{SAT, 7200, US_H, 0, 0}, {SUN, 7200, US_H, 0, 1}},
	     "2026-11-21T02:30:00Z",
	     false,
	     "-",
	     "-",
	     "-"},
	    /* after 2038 */
	    {{{SUN, 7200, US_H, 1, 0}},
	     "2038-03-28T01:30:00Z",
	     true,
	     "2038-03-28T01:00:00Z",
	     "2038-03-28T02:00:00Z",
	     "-"},
	};
	auto_free struct policy *p = policy_new();
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		memcpy(p->windows, rows[i].w, sizeof(rows[i].w));
		p->windows_n = rows[i].w[1].days ? 2 : 1;
		struct window_view v = window_at(p, at(rows[i].now));
		assert_int_equal(v.is_open, rows[i].open);
		assert_false(v.is_always);
		assert_string_equal(utc(v.since), rows[i].since);
		assert_string_equal(utc(v.until), rows[i].until);
		assert_string_equal(utc(v.opens), rows[i].opens);
	}
}

static void without_windows_it_is_always_open(void **state)
{
	auto_free struct policy *p = policy_new();
	struct window_view v = window_at(p, at("2026-11-21T01:00:00Z"));
	assert_true(v.is_open);
	assert_true(v.is_always);
	assert_int_equal(v.until.us, 0);
}

static void freeze_lasts_whole_local_days(void **state)
{
	auto_free struct policy *p = policy_new();
	p->freezes[0] = (struct freeze){.from_day = days_from_civil(2026, 12, 20),
					.until_day = days_from_civil(2027, 1, 4),
					.zone_i = 1,
					.rescue_expiring = true,
					.reason = "year end"};
	p->freezes[1] = (struct freeze){.from_day = days_from_civil(2027, 1, 5),
					.until_day = days_from_civil(2027, 1, 6),
					.zone_i = 1,
					.reason = "audit"};
	p->freezes_n = 2;
	struct freeze_view v = freeze_at(p, at("2026-12-19T22:59:59Z"));
	assert_false(v.is_frozen);
	assert_false(v.rescue_expiring);
	assert_string_equal(utc(v.next_from), "2026-12-19T23:00:00Z");
	assert_string_equal(v.next_reason, "year end");
	v = freeze_at(p, at("2026-12-19T23:00:00Z"));
	assert_true(v.is_frozen);
	assert_true(v.rescue_expiring);
	assert_string_equal(v.reason, "year end");
	assert_string_equal(utc(v.until),
			    "2027-01-06T23:00:00Z"); /* the next one follows at once */
	v = freeze_at(p, at("2027-01-04T22:59:59Z"));
	assert_true(v.rescue_expiring);
	v = freeze_at(p, at("2027-01-04T23:00:00Z"));
	assert_true(v.is_frozen);
	assert_false(v.rescue_expiring); /* the second does not say so */
	assert_string_equal(v.reason, "audit");
	v = freeze_at(p, at("2027-01-06T23:00:00Z"));
	assert_false(v.is_frozen);
	assert_int_equal(v.next_from.us, 0);
}

static void overlapping_freezes_need_both_words_to_rescue(void **state)
{
	auto_free struct policy *p = policy_new();
	p->freezes[0] = (struct freeze){.from_day = 100, .until_day = 110, .rescue_expiring = true};
	p->freezes[1] = (struct freeze){.from_day = 105, .until_day = 105};
	p->freezes_n = 2;
	assert_true(freeze_at(p, (struct wall){.us = 104 * US_DAY}).rescue_expiring);
	assert_false(freeze_at(p, (struct wall){.us = 105 * US_DAY}).rescue_expiring);
	assert_true(freeze_at(p, (struct wall){.us = 106 * US_DAY}).rescue_expiring);
}

static void next_moment_regards_windows_and_freezes(void **state)
{
	auto_free struct policy *p = policy_new();
	struct wall t = {.us = 0};
	int64_t for_us = -1;
	p->windows[0] = (struct window){SUN, 7200, 4 * US_H, 1, 0};
	p->windows_n = 1;
	p->freezes[0] = (struct freeze){.from_day = days_from_civil(2026, 12, 20),
					.until_day = days_from_civil(2027, 1, 4),
					.zone_i = 1};
	p->freezes_n = 1;
	assert_true(window_next(p, at("2026-12-14T00:00:00Z"), &t, &for_us));
	assert_string_equal(utc(t), "2027-01-10T01:00:00Z");
	assert_int_equal(for_us, 4 * US_H);
	p->freezes[0].until_day = days_from_civil(9999, 12, 31);
	assert_false(window_next(p, at("2026-12-14T00:00:00Z"), &t, &for_us));
	assert_string_equal(utc(t), "2027-01-10T01:00:00Z"); /* untouched */
	p->freezes_n = p->windows_n = 0;
	assert_true(window_next(p, at("2026-12-14T00:00:00Z"), &t, &for_us));
	assert_string_equal(utc(t), "2026-12-14T00:00:00Z");
	assert_int_equal(for_us, 0);
}

static void a_window_of_no_weekday_never_opens(void **state)
{
	auto_free struct policy *p = policy_new();
	p->windows[0] = (struct window){0, 7200, 4 * US_H, 1, 0};
	p->windows_n = 1;
	struct window_view v = window_at(p, at("2026-12-14T00:00:00Z"));
	assert_false(v.is_open);
	assert_int_equal(v.opens.us, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(local_time_follows_the_zone),
	    cmocka_unit_test(times_are_printed_as_people_say_them),
	    cmocka_unit_test(local_times_become_utc_in_gap_and_overlap),
	    cmocka_unit_test(rules_are_parsed_or_refused),
	    cmocka_unit_test(windows_open_and_close),
	    cmocka_unit_test(without_windows_it_is_always_open),
	    cmocka_unit_test(freeze_lasts_whole_local_days),
	    cmocka_unit_test(overlapping_freezes_need_both_words_to_rescue),
	    cmocka_unit_test(next_moment_regards_windows_and_freezes),
	    cmocka_unit_test(a_window_of_no_weekday_never_opens),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
