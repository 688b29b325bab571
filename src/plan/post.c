/* SPDX-License-Identifier: Apache-2.0 */
/* What must be seen after an act. */
#include "plan/post.h"

static bool ring_written(const struct seen *s, const struct act *a, struct err *err)
{
	const struct ring_ids *r = &s->keyfile.ring;
	bool ok = r->is_known && r->n == a->ring_n && !s->keyfile.is_foreign;
	for (unsigned i = 0; ok && i < a->ring_n; i++)
		ok = key_id_equal(&r->ids[i], &a->ring[i].id);
	return ok || err_set(err, ERR_CHANGED, "the keyfile does not hold what was written%s%.300s",
			     s->keyfile.why[0] ? ": " : "", s->keyfile.why);
}

bool post_holds(const struct seen *s, const struct act *a, struct err *err)
{
	if (a->kind == ACT_PUT_KEYFILE || a->kind == ACT_RESTORE_KEYFILE ||
	    a->kind == ACT_ROLL_BACK)
		return ring_written(s, a, err);
	return true;
}
