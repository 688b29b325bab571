/* SPDX-License-Identifier: Apache-2.0 */
/* Retry-After in its two forms. The obsolete date forms of RFC 850 and asctime are not understood,
 * which only means the shortest wait. */
#include "codec/retry_after.h"

#include <string.h>

static bool digits(struct str s, size_t at, size_t n, int64_t *ret)
{
	int64_t v = 0;
	if (at + n > s.n)
		return false;
	for (size_t i = at; i < at + n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		v = v * 10 + (s.p[i] - '0');
	}
	*ret = v;
	return true;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT" */
static bool date_parse(struct str s, struct wall *ret)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	int64_t day, year, hour, minute, second;
	int month = 0;
	if (s.n != 29 || memcmp(s.p + 25, " GMT", 4) != 0 || memcmp(s.p + 3, ", ", 2) != 0 ||
	    !digits(s, 5, 2, &day) || !digits(s, 12, 4, &year) || !digits(s, 17, 2, &hour) ||
	    !digits(s, 20, 2, &minute) || !digits(s, 23, 2, &second))
		return false;
	for (int m = 0; m < 12; m++)
		if (memcmp(s.p + 8, months + (size_t)3 * (size_t)m, 3) == 0)
			month = m + 1;
	if (month == 0 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60)
		return false;
	ret->us = ((days_from_civil(year, month, (int)day) * 24 + hour) * 60 + minute) * US_MIN +
		  second * US_S;
	return true;
}

int64_t retry_after_parse(struct str value, struct wall now, int64_t low_us, int64_t high_us)
{
	struct str s = str_trim(value);
	struct wall at;
	int64_t wait_us = 0, seconds = 0;
	ASSERT(low_us <= high_us);
	if (s.n && s.n <= 12 && digits(s, 0, s.n, &seconds))
		wait_us = seconds * US_S; /* twelve digits fit */
	else if (date_parse(s, &at))
		wait_us = at.us - now.us;
	else if (s.n > 12 && s.n < 64 && digits(s, 0, 12, &seconds))
		wait_us = high_us; /* a number beyond all measure */
	return MIN(MAX(wait_us, low_us), high_us);
}
