/* SPDX-License-Identifier: Apache-2.0 */
/* The gates: one ordered list of reasons not to act. `rotactl explain` prints it as it is. */
#ifndef PLAN_GATE_H
#define PLAN_GATE_H

#include "plan/planner.h"

/* What is asked for; a bit each, so that a gate names those it stands before. */
enum gate_for {
	GATE_FOR_START = 1,       /* a rotation begins */
	GATE_FOR_WRITE = 2,       /* a keyfile is written */
	GATE_FOR_TURN = 4,        /* this member is restarted */
	GATE_FOR_CERTIFICATE = 8, /* this member loads another certificate */
	GATE_FOR_NARROW = 16,     /* a keyfile is written that lacks the key used until now */
};

/* The gate of keyfile.rideAlong. */
#define RIDE_GATE "restarts that come anyway"

/* Ask all gates for one act and write the results into the plan. True when every one passes. The
 * first that does not is plan->gates[*ret_first]. */
bool gate_check(struct planner *p, enum gate_for what, unsigned *ret_first);

#endif
