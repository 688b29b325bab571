/* SPDX-License-Identifier: Apache-2.0 */
/* The invariants of DESIGN section 1 and PROTOCOL.md as code, asked before and after every act,
 * independent of the planner that proposed it: a plan that breaks one is our bug and is not
 * executed. */
#ifndef PLAN_SAFE_H
#define PLAN_SAFE_H

#include "model/plan.h"
#include "model/seen.h"

/* May this act be done in the world as seen? Errors: ERR_BUG with the invariant's number and the
 * reason. */
MUST_CHECK bool safe_holds(const struct seen *s, const struct act *a, struct err *err);
/* Does it serve: it answers, is not shutting down and is in a state that counts? */
bool safe_is_up(const struct seen_member *m);
/* How many data-bearing voters a majority write needs. */
unsigned safe_write_majority(unsigned voters, unsigned data_voters);
/* The stay-up rule alone: can this member be down while the rest keep both majorities (DESIGN 1.3)?
 * Which one is missing is told in ret_why. votes_left and data_left may be NULL. */
bool safe_without(const struct seen *s, unsigned member, bool *ret_votes, bool *ret_writes,
		  unsigned *votes_left, unsigned *data_left);

#endif
