/* SPDX-License-Identifier: Apache-2.0 */
/* Following an order by one status after the other: what has changed since the last one, as lines
 * of progress, and whether the order is done. Reads no clock and asks nobody. */
#ifndef CMD_CTL_FOLLOW_H
#define CMD_CTL_FOLLOW_H

#include "cmd/ctl_view.h"
#include "model/plan.h"

enum follow_end {
	FOLLOW_GOING,
	FOLLOW_DONE,
	FOLLOW_FAILED, /* refused, undone, or held: told */
};
enum follow_what { FOLLOW_KEYFILE, FOLLOW_CERTIFICATES, FOLLOW_ABORT };

struct follow_member {
	char host[HOST_BYTES_MAX];
	char process[128]; /* as the status names it; "" not seen yet */
	bool is_away, has_order_done, has_order_refused;
	struct wall away_at;
};

struct follow {
	struct ctl *ctl;
	enum follow_what what;
	char order[64];              /* id that the daemon gave; "" for FOLLOW_ABORT */
	char member[HOST_BYTES_MAX]; /* only this one; "" all */
	struct wall begun_at;
	/* so far */
	bool is_begun, is_first_look_done;
	char reason[REASON_BYTES]; /* of the present wait */
	struct wall reason_at;     /* since when; 0: it was told */
	char refused_why[512];     /* of a certificate, from before the order */
	char primary[HOST_BYTES_MAX];
	struct wall no_primary_at;
	size_t step, steps_n; /* where it stood at the last look; from 1; 0: no rotation */
	int64_t steps_done[STEPS_MAX];
	unsigned votes_n, restarts_n, elections_n, lost_n;
	size_t members_n;
	struct follow_member members[MEMBERS_MAX];
};

/* Begin. `before` is the instance as it was when the order was given; strings are copied. */
void follow_init(struct follow *f, struct ctl *ctl, enum follow_what what, const char *order,
		 const char *member, const json_t *before, struct wall now);
/* Look at the next status of the same instance. Prints what is new. */
enum follow_end follow_look(struct follow *f, const json_t *instance, struct wall now);

/* Ask the running rotad again and again until the order is done (CTL_GOOD), failed (CTL_FAILED) or
 * timeout_us (0: none) has passed or a person pressed ctrl-c (CTL_NOT_FINISHED); CTL_UNKNOWN when
 * the daemon stays away. */
enum ctl_exit follow_run(struct follow *f, const char *instance, int64_t timeout_us);

#endif
