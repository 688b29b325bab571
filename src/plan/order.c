/* SPDX-License-Identifier: Apache-2.0 */
/* The order of turns. The primary is last, because its step-down stops writes once, and then only
 * once a pass. */
#include "plan/order.h"

#include <string.h>

int order_rank(const struct seen_member *m)
{
	if (m->is_primary)
		return 3;
	if (m->is_arbiter)
		return 0;
	if (m->is_hidden || m->delay_s > 0 || !m->is_electable)
		return 1;
	return 2;
}

bool order_before(const struct seen_member *a, const struct seen_member *b)
{
	int ra = order_rank(a), rb = order_rank(b);
	if (ra != rb || a->id != b->id)
		return ra != rb ? ra < rb : a->id < b->id;
	return strcmp(a->host, b->host) < 0; /* mongos have no _id */
}

void order_all(const struct seen *s, unsigned ret[MEMBERS_MAX])
{
	ASSERT(s->members_n <= MEMBERS_MAX);
	/* Insertion: at most 50 members. */
	for (unsigned i = 0; i < s->members_n; i++) {
		unsigned at = i;
		for (; at > 0 && order_before(&s->members[i], &s->members[ret[at - 1]]); at--)
			ret[at] = ret[at - 1];
		ret[at] = i;
	}
}
