/* SPDX-License-Identifier: Apache-2.0 */
/* Text forms of times and durations, without the C library's clock or time zone. */
#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>

static const struct {
	const char *name;
	int64_t us;
} unit_table[] = {
    {"us", 1},     {"ms", US_MS}, {"s", US_S},   {"min", US_MIN},
    {"m", US_MIN}, {"h", US_H},   {"d", US_DAY}, {"w", 7 * US_DAY},
};

bool span_parse(struct str text, int64_t *ret_us, struct err *err)
{
	int64_t sum = 0;
	struct str s = str_trim(text);
	if (str_equal_z(s, "0")) {
		*ret_us = 0;
		return true;
	}
	if (s.n == 0)
		return err_set(err, ERR_INVALID,
			       "empty duration; write for instance 90d, 15m or 2s");
	while (s.n) {
		int64_t number = 0;
		size_t digits = 0;
		while (digits < s.n && s.p[digits] >= '0' && s.p[digits] <= '9' && digits < 12)
			number = number * 10 + (s.p[digits++] - '0');
		struct str unit = {.p = s.p + digits, .n = 0};
		while (digits + unit.n < s.n && s.p[digits + unit.n] >= 'a' &&
		       s.p[digits + unit.n] <= 'z')
			unit.n++;
		int64_t scale = 0;
		for (size_t i = 0; i < ARRAY_N(unit_table); i++)
			if (str_equal_z(unit, unit_table[i].name))
				scale = unit_table[i].us;
		if (digits == 0 || scale == 0)
			return err_set(err, ERR_INVALID,
				       "'%.*s' is no duration; a number and a unit (ms, s, m, h, "
				       "d, w), as in 90d or 1h30m",
				       (int)MIN(text.n, (size_t)64), text.p);
		if (number > (INT64_MAX / 4 - sum) / scale)
			return err_set(err, ERR_INVALID, "'%.*s' is too long a duration",
				       (int)MIN(text.n, (size_t)64), text.p);
		sum += number * scale;
		s.p += digits + unit.n;
		s.n -= digits + unit.n;
	}
	*ret_us = sum;
	return true;
}

const char *span_print(int64_t us, char *out, size_t out_n)
{
	if (us < 0)
		us = -us;
	if (us < 10 * US_S)
		snprintf(out, out_n, "%" PRId64 ".%0*" PRId64 " s", us / US_S, us < US_S ? 2 : 1,
			 us % US_S / (us < US_S ? 10 * US_MS : 100 * US_MS));
	else if (us < US_MIN)
		snprintf(out, out_n, "%" PRId64 " s", us / US_S);
	else if (us < US_H)
		snprintf(out, out_n, "%" PRId64 " min %" PRId64 " s", us / US_MIN,
			 us % US_MIN / US_S);
	else if (us < 2 * US_DAY)
		snprintf(out, out_n, "%" PRId64 " h %" PRId64 " min", us / US_H,
			 us % US_H / US_MIN);
	else
		snprintf(out, out_n, "%" PRId64 " days", us / US_DAY);
	return out;
}

int64_t days_from_civil(int64_t year, int month, int day)
{
	/* Howard Hinnant's day count: the year begins in March, eras of 400 years. */
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t yoe = y - era * 400;
	int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
	return era * 146097 + doe - 719468;
}

void civil_from_days(int64_t days, int64_t *ret_year, int *ret_month, int *ret_day)
{
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;
	*ret_day = (int)(doy - (153 * mp + 2) / 5 + 1);
	*ret_month = (int)(mp < 10 ? mp + 3 : mp - 9);
	*ret_year = yoe + era * 400 + (*ret_month <= 2 ? 1 : 0);
}

const char *wall_print_utc(struct wall t, char *out, size_t out_n)
{
	int64_t seconds = t.us / US_S - (t.us % US_S < 0 ? 1 : 0);
	int64_t days = seconds / 86400 - (seconds % 86400 < 0 ? 1 : 0);
	int64_t rest = seconds - days * 86400, year;
	int month, day;
	civil_from_days(days, &year, &month, &day);
	snprintf(out, out_n, "%04" PRId64 "-%02d-%02dT%02d:%02d:%02dZ", year, month, day,
		 (int)(rest / 3600), (int)(rest / 60 % 60), (int)(rest % 60));
	return out;
}

static bool number_at(struct str s, size_t at, size_t n, int *ret)
{
	int v = 0;
	if (s.n < at + n)
		return false;
	for (size_t i = at; i < at + n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		v = v * 10 + (s.p[i] - '0');
	}
	*ret = v;
	return true;
}

bool wall_parse_utc(struct str text, struct wall *ret, struct err *err)
{
	int year, month, day, hour = 0, minute = 0, second = 0;
	int64_t micro = 0, scale = US_S;
	struct str s = str_trim(text);
	bool ok = number_at(s, 0, 4, &year) && number_at(s, 5, 2, &month) &&
		  number_at(s, 8, 2, &day) && s.p[4] == '-' && s.p[7] == '-';
	ok = ok && number_at(s, 11, 2, &hour) && number_at(s, 14, 2, &minute) &&
	     number_at(s, 17, 2, &second) && (s.p[10] == 'T' || s.p[10] == ' ') && s.p[13] == ':' &&
	     s.p[16] == ':';
	size_t at = 19;
	if (ok && at < s.n && s.p[at] == '.')
		for (at++; at < s.n && s.p[at] >= '0' && s.p[at] <= '9'; at++) {
			scale /= 10;
			micro += (s.p[at] - '0') * scale;
		}
	ok = ok && at + 1 == s.n && s.p[at] == 'Z' && month >= 1 && month <= 12 && day >= 1 &&
	     day <= 31 && hour <= 23 && minute <= 59 && second <= 60;
	if (!ok)
		return err_set(err, ERR_INVALID, "'%.*s' is no time as in 2026-08-19T03:11:02Z",
			       (int)MIN(text.n, (size_t)40), text.p);
	ret->us = ((days_from_civil(year, month, day) * 24 + hour) * 60 + minute) * US_MIN +
		  second * US_S + micro;
	return true;
}
