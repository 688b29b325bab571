/* SPDX-License-Identifier: Apache-2.0 */
/* The keyfile before mongod is started with it: put right, or left. Decides nothing by itself: that
 * is plan/foreign.c, asked of a rotad that runs or of this host's disk alone. */
#include <stdio.h>

#include "plan/planner.h"
#include "round/round.h"

static enum before_start look(struct seat *t, struct act *ret, char *why, size_t why_n)
{
	observe_disk(t);
	return foreign_before_start(t->seen, &t->config->policy, t->instance,
				    &t->notes.written_ring, ret, why, why_n);
}

/* Noted before the write, so that whoever comes after a crash holds the cluster all the same. */
static bool put_right(struct seat *t, const struct act *a, const char *why, struct err *err)
{
	const struct wall was = t->notes.mended_at;
	struct err ignored = ERR_INIT;
	t->notes.mended_at = seat_now(t);
	cut_z(t->notes.mended_why, sizeof(t->notes.mended_why), why);
	if (notes_put(t, err) && round_act(t, a, err))
		return true;
	t->notes.mended_at = was;
	(void)!notes_put(t, &ignored);
	return false;
}

enum before_start_end before_start_alone(struct seat *t, bool may_write, bool *ret_wants, char *why,
					 size_t why_n)
{
	struct act a;
	struct err err = ERR_INIT;
	char was[REASON_BYTES];
	const enum before_start v = look(t, &a, was, sizeof(was));
	*ret_wants = v == BEFORE_START_WRITE;
	snprintf(why, why_n, "%s", was);
	if (v == BEFORE_START_RIGHT)
		return BEFORE_START_FINE;
	if (v == BEFORE_START_DOUBT || !may_write)
		return BEFORE_START_LEFT;
	if (put_right(t, &a, was, &err))
		return BEFORE_START_MENDED;
	snprintf(why, why_n, "%.200s, and could not be put back: %.250s", was, err.text);
	return BEFORE_START_LEFT;
}

enum before_start_end before_start(struct seat *t, char *why, size_t why_n)
{
	struct act a;
	bool wants;
	if (look(t, &a, why, why_n) == BEFORE_START_RIGHT)
		return BEFORE_START_FINE;
	/* With the ledger: told, held, looked at and put back as any foreign write. */
	(void)round_run(t, false, true);
	if (look(t, &a, why, why_n) == BEFORE_START_RIGHT)
		return BEFORE_START_MENDED;
	if (!fact_known(t->seen->ledger.fact))
		return before_start_alone(t, true, &wants, why, why_n);
	snprintf(why, why_n, "%.400s", t->plan.reason);
	return BEFORE_START_LEFT;
}
