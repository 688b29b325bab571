/* SPDX-License-Identifier: Apache-2.0 */
/* When may something be done: maintenance windows and freezes, computed from the policy and the
 * time given. Pure: no clock, no file. */
#ifndef MODEL_WINDOW_H
#define MODEL_WINDOW_H

#include "model/policy.h"

struct window_view {
	bool is_open;      /* one window of each asker is open; true when there are none */
	bool is_always;    /* there are no windows */
	struct wall since; /* open: it opened then; 0: always, or more than a month ago */
	struct wall until; /* open: it closes then; 0: always, or not within a month */
	struct wall opens; /* closed: it opens next then; 0: not within a year: it never opens */
};
/* Windows only, freezes apart. Windows that touch or overlap count as one: `until` is where none is
 * open any more. A start in the hour that summer time skips opens at the first moment after it; one
 * in the hour that comes twice opens at the first. A window lasts its length in real time. */
struct window_view window_at(const struct policy *p, struct wall now);

struct freeze_view {
	bool is_frozen;
	bool rescue_expiring;    /* all freezes in force say so */
	struct wall until;       /* frozen: the first moment that no freeze covers */
	const char *reason;      /* frozen: of the one that ends last; borrowed from the policy */
	struct wall next_from;   /* the next freeze's first moment; 0: none */
	struct wall next_until;  /* and its end */
	const char *next_reason; /* "" when none */
};
struct freeze_view freeze_at(const struct policy *p, struct wall now);

/* The first moment at or after `from` with the windows open and no freeze in force, and how long
 * that lasts at least (0: for ever). False when there is none within WINDOW_LOOK_US. */
#define WINDOW_LOOK_US (400 * US_DAY)
MUST_CHECK bool window_next(const struct policy *p, struct wall from, struct wall *ret_at,
			    int64_t *ret_for_us);

#endif
