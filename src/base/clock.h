/* SPDX-License-Identifier: Apache-2.0 */
/* Two kinds of time that the compiler keeps apart, and durations as plain microseconds. Nobody here
 * reads a clock. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "base/buf.h"

struct wall {
	int64_t us; /* microseconds since the epoch, UTC; 0 is "never" or "not known" */
};
struct mono {
	int64_t us; /* microseconds since boot, suspend included (CLOCK_BOOTTIME) */
};

#define US_MS ((int64_t)1000)
#define US_S ((int64_t)1000000)
#define US_MIN (60 * US_S)
#define US_H (60 * US_MIN)
#define US_DAY (24 * US_H)

static inline struct wall wall_add(struct wall t, int64_t us)
{
	return (struct wall){.us = t.us + us};
}
static inline struct mono mono_add(struct mono t, int64_t us)
{
	return (struct mono){.us = t.us + us};
}

/* "90d", "15m", "2s", "500ms", "1h30m": a unit is a must, except for 0. Errors: ERR_INVALID. */
MUST_CHECK bool span_parse(struct str text, int64_t *ret_us, struct err *err);
/* "91 days", "2 min 49 s", "0.11 s": at most two units, for people. out_n at least 32. Returns out.
 */
const char *span_print(int64_t us, char *out, size_t out_n);
/* "2026-08-19T03:11:02Z" (RFC 3339, UTC), for machines. out_n at least 32. */
const char *wall_print_utc(struct wall t, char *out, size_t out_n);
/* The same back; fractions of a second allowed. Errors: ERR_INVALID. */
MUST_CHECK bool wall_parse_utc(struct str text, struct wall *ret, struct err *err);
/* Days since 1970-01-01 of a proleptic Gregorian date, month 1..12. */
int64_t days_from_civil(int64_t year, int month, int day);
void civil_from_days(int64_t days, int64_t *ret_year, int *ret_month, int *ret_day);

#endif
