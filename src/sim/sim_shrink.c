/* SPDX-License-Identifier: Apache-2.0 */
/* A scenario that fails is made smaller as long as it still fails by the same rule. */
#include <string.h>

#include "sim/sim.h"

static bool still_fails(const struct sim_scenario *s, const struct sim_result *failure)
{
	struct sim_result r;
	sim_run(s, NULL, NULL, &r);
	return r.outcome == failure->outcome && strcmp(r.rule, failure->rule) == 0;
}

unsigned sim_shrink(struct sim_scenario *s, const struct sim_result *failure)
{
	unsigned runs = 0;
	bool any = true;
	/* Halves first, then one by one, until nothing more can go. */
	for (unsigned size = MAX(s->faults_n / 2, 1u); any || size > 1;) {
		any = false;
		for (unsigned at = 0; at < s->faults_n;) {
			struct sim_scenario less = *s;
			unsigned n = MIN(size, s->faults_n - at);
			memmove(&less.faults[at], &less.faults[at + n],
				(less.faults_n - at - n) * sizeof(less.faults[0]));
			less.faults_n -= n;
			runs++;
			if (still_fails(&less, failure)) {
				*s = less;
				any = true;
			} else
				at += n;
		}
		if (size == 1 && !any)
			break;
		size = MAX(size / 2, 1u);
	}
	/* Then plainer circumstances. */
	for (unsigned k = 0; k < 5; k++) {
		struct sim_scenario less = *s;
		if (k == 0)
			less.pace_us = 0;
		else if (k == 1)
			less.has_arbiter = false;
		else if (k == 2)
			less.is_standby = false;
		else if (k == 3)
			less.ride_us = 0;
		else
			less.latency_us = US_MS;
		runs++;
		if (still_fails(&less, failure))
			*s = less;
	}
	return runs;
}
