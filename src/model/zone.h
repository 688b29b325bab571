/* SPDX-License-Identifier: Apache-2.0 */
/* A time zone as a plain value, and local time computed from it without the C library. Loading one
 * from the system is conf/zone_file.h. */
#ifndef MODEL_ZONE_H
#define MODEL_ZONE_H

#include "base/clock.h"
#include "base/limits.h"

enum { ZONE_NAME_BYTES = 64, ZONE_LETTERS_BYTES = 12 };

/* From `at_s` on, local time is UTC plus offset_s. */
struct zone_shift {
	int64_t at_s;                     /* seconds since the epoch, UTC */
	int32_t offset_s;                 /* -93,599 to 93,599 (26 h: RFC 9636) */
	char letters[ZONE_LETTERS_BYTES]; /* "CET" */
};

/* When summer time begins or ends each year, after the last transition (the POSIX TZ footer, RFC
 * 9636 section 3.3). */
enum zone_rule_kind { ZONE_RULE_WEEKDAY, ZONE_RULE_JULIAN, ZONE_RULE_DAY };
struct zone_rule {
	enum zone_rule_kind kind;
	int month, week, weekday; /* WEEKDAY (Mm.w.d): 1..12, 1..5 (5: the last), 0 Sunday .. 6 */
	int day;                  /* JULIAN (Jn): 1..365 without 29 February; DAY (n): 0..365 */
	int32_t at_s;             /* seconds of local time since midnight; -167 h .. 167 h */
};

/* All zero is UTC. */
struct zone {
	char name[ZONE_NAME_BYTES]; /* "Europe/Berlin"; "" is UTC */
	struct zone_shift first;    /* before shifts[0]; at_s unused */
	unsigned shifts_n;
	struct zone_shift shifts[ZONE_TRANSITIONS_MAX]; /* at_s rising */
	bool has_rules; /* after the last shift: standard, and summer between the rules */
	bool has_summer;
	struct zone_shift standard, summer; /* at_s unused */
	struct zone_rule summer_from, summer_until;
};

/* A local date and time. */
struct civil {
	int64_t year;
	int month, day;           /* 1..12, 1..31 */
	int hour, minute, second; /* 0..23, 0..59, 0..59 */
	int weekday;              /* 0 Sunday .. 6 */
	int32_t offset_s;         /* local minus UTC at that moment */
	char letters[ZONE_LETTERS_BYTES];
};

/* The offset in force at t. */
struct zone_shift zone_shift_at(const struct zone *z, struct wall t);
struct civil zone_local(const struct zone *z, struct wall t);

/* What a local clock time is in UTC. In a gap (clocks put forward) it is the first moment after the
 * gap; in an overlap (put back) the first of the two, or the second if `later`. second_of_day may
 * exceed a day: 26 h is 02:00 of the next local day. */
struct wall zone_from_local(const struct zone *z, int64_t day, int64_t second_of_day, bool later);

/* Parse the POSIX TZ rule "CET-1CEST,M3.5.0,M10.5.0/3" into z's has_rules and following. Errors:
 * ERR_SYNTAX. */
MUST_CHECK bool zone_rules_parse(struct str text, struct zone *z, struct err *err);

/* A weekday 0..6 as configuration writes it: "sun", "mon", ... */
const char *weekday_name(int weekday);

enum wall_print_how {
	WALL_PRINT_TIME,   /* 02:00:04 */
	WALL_PRINT_MINUTE, /* 2026-08-19 03:11 */
	WALL_PRINT_DATE,   /* 2026-08-19 */
	WALL_PRINT_FULL,   /* 2026-08-19 03:11:02 CEST */
	WALL_PRINT_NEAR,   /* as people say it, seen from `now`: "02:00:04" today, else "2026-08-19
			      03:11" */
};
/* Print t in local time; "never" when t is 0. `now` matters to NEAR only. out_n at least 48.
 * Returns out. */
const char *wall_print_local(struct wall t, const struct zone *z, enum wall_print_how how,
			     struct wall now, char *out, size_t out_n);

#endif
