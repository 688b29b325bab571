/* SPDX-License-Identifier: Apache-2.0 */
/* Postconditions: did an act have the effect it was done for? Pure; the caller looked again before
 * it asks. */
#ifndef PLAN_POST_H
#define PLAN_POST_H

#include "model/plan.h"
#include "model/seen.h"

/* Errors: ERR_CHANGED with what is seen instead. Acts whose effect shows later (a restart, a
 * reload) hold here and are judged by the next rounds. */
MUST_CHECK bool post_holds(const struct seen *s, const struct act *a, struct err *err);

#endif
