/* SPDX-License-Identifier: Apache-2.0 */
/* Troubles that stand, whether or not anything is under way: a row each. A doctor finds them when a
 * person asks; here they are told without being asked (invariant 7), and their end as well. PURE.
 */
#ifndef PLAN_ALARM_H
#define PLAN_ALARM_H

#include "plan/planner.h"

/* Judge them into plan->alarms_judged and alarms_on, and tell an event for each that has stood for
 * as long as its row says. Last of all: what is told of the work at hand goes first. */
void alarm_plan(struct planner *p);

/* As which events alarm i may be told, by how grave it is; its end is told under each. Returns how
 * many. */
enum { ALARM_KINDS = 2 };
unsigned alarm_kinds(unsigned i, enum event_kind ret[ALARM_KINDS]);
/* Does it concern the set, not this member alone? */
bool alarm_is_of_set(unsigned i);
unsigned alarm_n(void);

#endif
