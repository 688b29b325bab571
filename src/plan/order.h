/* SPDX-License-Identifier: Apache-2.0 */
/* In which order members take their turns: arbiters, hidden and delayed members first, secondaries,
 * the primary last. */
#ifndef PLAN_ORDER_H
#define PLAN_ORDER_H

#include "model/seen.h"

/* Rank of a member: 0 first. Members of the same rank go by their _id. */
int order_rank(const struct seen_member *m);
/* Does member a go before member b? */
bool order_before(const struct seen_member *a, const struct seen_member *b);
/* Fill ret with all indices in the order of turns. */
void order_all(const struct seen *s, unsigned ret[MEMBERS_MAX]);

#endif
