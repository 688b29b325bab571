/* SPDX-License-Identifier: Apache-2.0 */
/* Local time from a zone's value: shifts, then the yearly rule behind them. No libc time, no file.
 */
#include "model/zone.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define DAY_S ((int64_t)86400)

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b != 0 && (a % b < 0) != (b < 0) ? 1 : 0);
}

static bool is_leap(int64_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int weekday_of(int64_t day)
{
	return (int)(((day + 4) % 7 + 7) % 7); /* 1970-01-01 was a Thursday */
}

/* Local seconds since the epoch at which the rule fires in that year. */
static int64_t rule_local_s(const struct zone_rule *r, int64_t year)
{
	int64_t day = days_from_civil(year, 1, 1);
	switch (r->kind) {
	case ZONE_RULE_WEEKDAY: {
		int64_t first = days_from_civil(year, r->month, 1);
		int64_t next = r->month == 12 ? days_from_civil(year + 1, 1, 1)
					      : days_from_civil(year, r->month + 1, 1);
		day = first + (r->weekday - weekday_of(first) + 7) % 7 + 7 * (r->week - 1);
		while (day >= next) /* week 5 is the last one: once at most */
			day -= 7;
		break;
	}
	case ZONE_RULE_JULIAN: /* 29 February is never counted */
		day += r->day - 1 + (r->day >= 60 && is_leap(year) ? 1 : 0);
		break;
	case ZONE_RULE_DAY:
		day += r->day;
		break;
	}
	return day * DAY_S + r->at_s;
}

static const struct zone_shift *shift_by_rules(const struct zone *z, int64_t s)
{
	int64_t year, last = INT64_MIN;
	int month, day;
	bool is_summer = false;
	if (!z->has_summer)
		return &z->standard;
	civil_from_days(floor_div(s + z->standard.offset_s, DAY_S), &year, &month, &day);
	for (int64_t y = year - 1; y <= year + 1; y++) {
		int64_t until = rule_local_s(&z->summer_until, y) - z->summer.offset_s;
		int64_t from = rule_local_s(&z->summer_from, y) - z->standard.offset_s;
		if (until <= s && until > last) {
			last = until;
			is_summer = false;
		}
		if (from <= s && from >= last) {
			last = from;
			is_summer = true;
		}
	}
	return is_summer ? &z->summer : &z->standard;
}

static const struct zone_shift *shift_at(const struct zone *z, int64_t s)
{
	unsigned low = 0, high = z->shifts_n;
	ASSERT(z->shifts_n <= ZONE_TRANSITIONS_MAX);
	if (z->has_rules && (z->shifts_n == 0 || s >= z->shifts[z->shifts_n - 1].at_s))
		return shift_by_rules(z, s);
	while (low < high) { /* the first shift after s */
		unsigned middle = low + (high - low) / 2;
		if (z->shifts[middle].at_s <= s)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? &z->shifts[low - 1] : &z->first;
}

struct zone_shift zone_shift_at(const struct zone *z, struct wall t)
{
	struct zone_shift shift = *shift_at(z, floor_div(t.us, US_S));
	if (shift.letters[0] == '\0')
		memcpy(shift.letters, "UTC", sizeof("UTC"));
	return shift;
}

struct civil zone_local(const struct zone *z, struct wall t)
{
	struct zone_shift shift = zone_shift_at(z, t);
	int64_t s = floor_div(t.us, US_S) + shift.offset_s, day = floor_div(s, DAY_S);
	int64_t rest = s - day * DAY_S;
	struct civil c = {
	    .hour = (int)(rest / 3600),
	    .minute = (int)(rest / 60 % 60),
	    .second = (int)(rest % 60),
	    .weekday = weekday_of(day),
	    .offset_s = shift.offset_s,
	};
	civil_from_days(day, &c.year, &c.month, &c.day);
	memcpy(c.letters, shift.letters, sizeof(c.letters));
	return c;
}

struct wall zone_from_local(const struct zone *z, int64_t day, int64_t second_of_day, bool later)
{
	int64_t local = day * DAY_S + second_of_day;
	int64_t near = local - shift_at(z, local)->offset_s;
	int64_t before_s = near - DAY_S, after_s = near + DAY_S;
	int32_t before = shift_at(z, before_s)->offset_s, after = shift_at(z, after_s)->offset_s;
	int64_t by_before = local - before, by_after = local - after;
	bool good_before = shift_at(z, by_before)->offset_s == before;
	bool good_after = shift_at(z, by_after)->offset_s == after;
	int64_t s;
	if (good_before && good_after)
		s = later ? MAX(by_before, by_after) : MIN(by_before, by_after);
	else if (good_before || good_after)
		s = good_before ? by_before : by_after;
	else {
		/* The clock never showed it: the shift itself, found between a day before and a day
		 * after. */
		while (after_s - before_s > 1) {
			int64_t middle = before_s + (after_s - before_s) / 2;
			if (shift_at(z, middle)->offset_s == before)
				before_s = middle;
			else
				after_s = middle;
		}
		s = after_s;
	}
	return (struct wall){.us = s * US_S};
}

/* ---- the POSIX TZ rule ---- */

static bool cut_letters(struct str *s, char *out)
{
	size_t n = 0;
	if (s->n && s->p[0] == '<') {
		const char *end = memchr(s->p, '>', s->n);
		if (!end || !copy_str(out, ZONE_LETTERS_BYTES,
				      (struct str){.p = s->p + 1, .n = (size_t)(end - s->p - 1)}))
			return false;
		n = (size_t)(end - s->p) + 1;
	} else {
		while (n < s->n &&
		       ((s->p[n] >= 'A' && s->p[n] <= 'Z') || (s->p[n] >= 'a' && s->p[n] <= 'z')))
			n++;
		if (n < 3 || !copy_str(out, ZONE_LETTERS_BYTES, (struct str){.p = s->p, .n = n}))
			return false;
	}
	for (const char *c = out; *c; c++)
		if (!((*c >= 'A' && *c <= 'Z') || (*c >= 'a' && *c <= 'z') ||
		      (*c >= '0' && *c <= '9') || *c == '+' || *c == '-'))
			return false;
	s->p += n;
	s->n -= n;
	return out[0] != '\0';
}

static bool cut_number(struct str *s, int max, int *ret)
{
	int v = 0;
	size_t n = 0;
	while (n < s->n && n < 4 && s->p[n] >= '0' && s->p[n] <= '9')
		v = v * 10 + (s->p[n++] - '0');
	if (n == 0 || v > max)
		return false;
	s->p += n;
	s->n -= n;
	*ret = v;
	return true;
}

static bool cut_char(struct str *s, char c)
{
	if (s->n == 0 || s->p[0] != c)
		return false;
	s->p++;
	s->n--;
	return true;
}

/* [+-]h[h[h]][:mm[:ss]] in seconds. */
static bool cut_time(struct str *s, int hours_max, int32_t *ret)
{
	int hours, minutes = 0, seconds = 0;
	bool minus = cut_char(s, '-');
	if (!minus)
		(void)cut_char(s, '+'); /* a sign is optional */
	if (!cut_number(s, hours_max, &hours))
		return false;
	if (cut_char(s, ':')) {
		if (!cut_number(s, 59, &minutes))
			return false;
		if (cut_char(s, ':') && !cut_number(s, 59, &seconds))
			return false;
	}
	*ret = (minus ? -1 : 1) * (hours * 3600 + minutes * 60 + seconds);
	return true;
}

static bool cut_rule(struct str *s, struct zone_rule *r)
{
	*r = (struct zone_rule){.at_s = 2 * 3600};
	if (!cut_char(s, ','))
		return false;
	if (cut_char(s, 'M')) {
		r->kind = ZONE_RULE_WEEKDAY;
		if (!cut_number(s, 12, &r->month) || !cut_char(s, '.') ||
		    !cut_number(s, 5, &r->week) || !cut_char(s, '.') ||
		    !cut_number(s, 6, &r->weekday) || r->month < 1 || r->week < 1)
			return false;
	} else if (cut_char(s, 'J')) {
		r->kind = ZONE_RULE_JULIAN;
		if (!cut_number(s, 365, &r->day) || r->day < 1)
			return false;
	} else {
		r->kind = ZONE_RULE_DAY;
		if (!cut_number(s, 365, &r->day))
			return false;
	}
	return !cut_char(s, '/') || cut_time(s, 167, &r->at_s);
}

bool zone_rules_parse(struct str text, struct zone *z, struct err *err)
{
	struct str s = text;
	struct zone_shift standard = {0}, summer = {0};
	struct zone_rule from = {0}, until = {0};
	int32_t west = 0;
	bool ok = cut_letters(&s, standard.letters) && cut_time(&s, 24, &west);
	bool has_summer = ok && s.n > 0;
	standard.offset_s = -west; /* POSIX counts west of Greenwich as positive */
	if (has_summer) {
		ok = cut_letters(&s, summer.letters);
		summer.offset_s = standard.offset_s + 3600;
		if (ok && s.n && s.p[0] != ',') {
			ok = cut_time(&s, 24, &west);
			summer.offset_s = -west;
		}
		ok = ok && cut_rule(&s, &from) && cut_rule(&s, &until) && s.n == 0;
	}
	if (!ok)
		return err_set(err, ERR_SYNTAX,
			       "'%.*s' is no time zone rule as in CET-1CEST,M3.5.0,M10.5.0/3",
			       (int)MIN(text.n, (size_t)64), text.p);
	z->has_rules = true;
	z->has_summer = has_summer;
	z->standard = standard;
	z->summer = summer;
	z->summer_from = from;
	z->summer_until = until;
	return true;
}

const char *weekday_name(int weekday)
{
	static const char *const names[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
	ASSERT(weekday >= 0);
	ASSERT(weekday < (int)ARRAY_N(names));
	return names[weekday];
}

const char *wall_print_local(struct wall t, const struct zone *z, enum wall_print_how how,
			     struct wall now, char *out, size_t out_n)
{
	struct civil c = zone_local(z, t);
	if (t.us == 0) {
		snprintf(out, out_n, "never");
		return out;
	}
	if (how == WALL_PRINT_NEAR) {
		struct civil today = zone_local(z, now);
		how = c.year == today.year && c.month == today.month && c.day == today.day
			  ? WALL_PRINT_TIME
			  : WALL_PRINT_MINUTE;
	}
	switch (how) {
	case WALL_PRINT_TIME:
		snprintf(out, out_n, "%02d:%02d:%02d", c.hour, c.minute, c.second);
		break;
	case WALL_PRINT_MINUTE:
	case WALL_PRINT_NEAR: /* became one of the others above */
		snprintf(out, out_n, "%04" PRId64 "-%02d-%02d %02d:%02d", c.year, c.month, c.day,
			 c.hour, c.minute);
		break;
	case WALL_PRINT_DATE:
		snprintf(out, out_n, "%04" PRId64 "-%02d-%02d", c.year, c.month, c.day);
		break;
	case WALL_PRINT_FULL:
		snprintf(out, out_n, "%04" PRId64 "-%02d-%02d %02d:%02d:%02d %s", c.year, c.month,
			 c.day, c.hour, c.minute, c.second, c.letters);
		break;
	}
	return out;
}
