/* SPDX-License-Identifier: Apache-2.0 */
/* What nothing needs any more leaves the ledger. Which documents these are is judged in
 * round/ledger_tidy.c; that the ledger fills up is told by found.c. */
#include <stdio.h>

#include "plan/planner.h"

enum {
	RANK_DOCS = 16, /* the next in the configuration tidies for one that does not, so many
			   documents later each */
	RANKS_MAX = 8,
};

bool tidy_plan(struct planner *p)
{
	const struct seen *s = p->s;
	const struct seen_ledger *l = &s->ledger;
	unsigned rank = MIN((unsigned)s->self, (unsigned)RANKS_MAX);
	/* A person's hold is for everything. In doubt about the ledger, or about who this member
	 * is, the plan has ended before (plan/step.c). */
	if (!plan_writes_ledger(p) || l->hold.is_on || p->plan->acts_n > 0 ||
	    l->outlived_n <= rank * RANK_DOCS)
		return false;
	plan_add(p, ACT_TIDY_LEDGER, "%u documents of the ledger are needed by nothing any more",
		 l->outlived_n);
	return false;
}
