/* SPDX-License-Identifier: Apache-2.0 */
/* Windows and freezes: when they open and close. How modes and reasons weigh is plan/'s. */
#include "model/window.h"

#define LOOK_BACK_DAYS 9      /* a window lasts 7 days at most, and local days are not UTC days */
#define SPAN_US (32 * US_DAY) /* an opening longer than this has no end: weeks repeat */
#define STEPS_MAX 4096

struct span {
	struct wall from, until;
};

static int64_t local_day(const struct zone *z, struct wall t)
{
	struct civil c = zone_local(z, t);
	return days_from_civil(c.year, c.month, c.day);
}

static int weekday_of_day(int64_t day)
{
	return (int)(((day + 4) % 7 + 7) % 7);
}

static const struct zone *zone_of(const struct policy *p, unsigned zone_i)
{
	ASSERT(zone_i < ZONES_MAX);
	return &p->zones[zone_i];
}

static bool window_on_day(const struct policy *p, const struct window *w, int64_t day,
			  struct span *ret)
{
	if (!(w->days & 1u << weekday_of_day(day)))
		return false;
	ret->from = zone_from_local(zone_of(p, w->zone_i), day, w->start_s, false);
	ret->until = wall_add(ret->from, w->for_us);
	return true;
}

/* The asker's opening that covers t, grown while others of it touch; at most SPAN_US both ways. */
static bool asker_opening(const struct policy *p, unsigned asker, struct wall t, struct span *ret)
{
	struct span open = {.from = t, .until = t};
	bool is_open = false, grown = true;
	for (int step = 0; grown && step < STEPS_MAX; step++) {
		grown = false;
		for (unsigned i = 0; i < p->windows_n; i++) {
			const struct window *w = &p->windows[i];
			if (w->from != asker)
				continue;
			const struct zone *z = zone_of(p, w->zone_i);
			int64_t last = local_day(z, open.until);
			for (int64_t d = local_day(z, open.from) - LOOK_BACK_DAYS; d <= last; d++) {
				struct span s;
				if (!window_on_day(p, w, d, &s) || s.from.us > open.until.us ||
				    s.until.us < open.from.us)
					continue;
				/* The first to be taken must hold t itself; its end is not in it.
				 */
				if (!is_open && (s.from.us > t.us || s.until.us <= t.us))
					continue;
				is_open = true;
				if (s.from.us < open.from.us && t.us - open.from.us <= SPAN_US) {
					open.from = s.from;
					grown = true;
				}
				if (s.until.us > open.until.us && open.until.us - t.us <= SPAN_US) {
					open.until = s.until;
					grown = true;
				}
			}
		}
	}
	if (is_open)
		*ret = open;
	return is_open;
}

/* The asker's first opening after t; each asker has one within eight days. */
static struct wall asker_opens(const struct policy *p, unsigned asker, struct wall t)
{
	struct wall first = {.us = INT64_MAX};
	for (unsigned i = 0; i < p->windows_n; i++) {
		const struct window *w = &p->windows[i];
		if (w->from != asker)
			continue;
		int64_t today = local_day(zone_of(p, w->zone_i), t);
		for (int64_t d = today - 1; d <= today + 9; d++) {
			struct span s;
			if (window_on_day(p, w, d, &s) && s.from.us > t.us &&
			    s.from.us < first.us) {
				first = s.from;
				break;
			}
		}
	}
	return first;
}

/* All askers at t: true when open, with the span common to all; else *ret_opens is when the last of
 * the closed ones opens. */
static bool all_open(const struct policy *p, struct wall t, struct span *ret,
		     struct wall *ret_opens)
{
	bool seen[256] = {false}, is_open = true;
	struct span common = {.from = {.us = INT64_MIN}, .until = {.us = INT64_MAX}};
	struct wall opens = {.us = 0};
	for (unsigned i = 0; i < p->windows_n; i++) {
		unsigned asker = p->windows[i].from;
		struct span s;
		if (seen[asker])
			continue;
		seen[asker] = true;
		if (asker_opening(p, asker, t, &s)) {
			common.from.us = MAX(common.from.us, s.from.us);
			common.until.us = MIN(common.until.us, s.until.us);
		} else {
			struct wall next = asker_opens(p, asker, t);
			opens.us = MAX(opens.us, next.us);
			is_open = false;
		}
	}
	if (is_open)
		*ret = common;
	else
		*ret_opens = opens;
	return is_open;
}

struct window_view window_at(const struct policy *p, struct wall now)
{
	struct window_view v = {0};
	struct span s;
	struct wall t = now;
	ASSERT(p->windows_n <= WINDOWS_MAX);
	if (p->windows_n == 0) {
		v.is_open = v.is_always = true;
		return v;
	}
	for (int step = 0; step < STEPS_MAX && t.us - now.us <= WINDOW_LOOK_US; step++) {
		struct wall opens = {.us = INT64_MAX};
		if (!all_open(p, t, &s, &opens)) {
			if (opens.us == INT64_MAX) /* no weekday at all: conf refuses it */
				return v;
			t = opens;
			continue;
		}
		if (t.us != now.us) {
			v.opens = t;
			return v;
		}
		v.is_open = true;
		v.since.us = now.us - s.from.us > SPAN_US ? 0 : s.from.us;
		v.until.us = s.until.us - now.us > SPAN_US ? 0 : s.until.us;
		return v;
	}
	return v;
}

static struct span freeze_span(const struct policy *p, const struct freeze *f)
{
	const struct zone *z = zone_of(p, f->zone_i);
	return (struct span){.from = zone_from_local(z, f->from_day, 0, false),
			     .until = zone_from_local(z, f->until_day + 1, 0, false)};
}

struct freeze_view freeze_at(const struct policy *p, struct wall now)
{
	struct freeze_view v = {.rescue_expiring = true, .reason = "", .next_reason = ""};
	struct wall ends = {.us = 0};
	ASSERT(p->freezes_n <= FREEZES_MAX);
	v.until = now;
	for (unsigned i = 0; i < p->freezes_n; i++) {
		struct span s = freeze_span(p, &p->freezes[i]);
		if (s.from.us > now.us && (v.next_from.us == 0 || s.from.us < v.next_from.us)) {
			v.next_from = s.from;
			v.next_until = s.until;
			v.next_reason = p->freezes[i].reason;
		}
		if (s.from.us > now.us || s.until.us <= now.us)
			continue;
		v.is_frozen = true;
		v.rescue_expiring = v.rescue_expiring && p->freezes[i].rescue_expiring;
		if (s.until.us > ends.us) {
			ends = s.until;
			v.reason = p->freezes[i].reason;
		}
	}
	v.rescue_expiring = v.rescue_expiring && v.is_frozen;
	if (!v.is_frozen) {
		v.until.us = 0;
		return v;
	}
	/* Freezes that follow each other without a gap end together. */
	v.until = ends;
	for (unsigned round = 0; round < p->freezes_n; round++)
		for (unsigned i = 0; i < p->freezes_n; i++) {
			struct span s = freeze_span(p, &p->freezes[i]);
			if (s.from.us <= v.until.us && s.until.us > v.until.us)
				v.until = s.until;
		}
	return v;
}

bool window_next(const struct policy *p, struct wall from, struct wall *ret_at, int64_t *ret_for_us)
{
	struct wall t = from;
	for (int step = 0; step < STEPS_MAX && t.us - from.us <= WINDOW_LOOK_US; step++) {
		struct freeze_view f = freeze_at(p, t);
		if (f.is_frozen) {
			t = f.until;
			continue;
		}
		struct window_view w = window_at(p, t);
		if (!w.is_open) {
			if (w.opens.us == 0)
				return false;
			t = w.opens;
			continue;
		}
		int64_t end = INT64_MAX;
		if (!w.is_always && w.until.us != 0)
			end = w.until.us;
		if (f.next_from.us != 0)
			end = MIN(end, f.next_from.us);
		*ret_at = t;
		*ret_for_us = end == INT64_MAX ? 0 : end - t.us;
		return true;
	}
	return false;
}
