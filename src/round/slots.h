/* SPDX-License-Identifier: Apache-2.0 */
/* The turns of a sharded cluster in its ledger: this set's slot beside those of the others. Who may
 * have one is judged by the planner. */
#ifndef ROUND_SLOTS_H
#define ROUND_SLOTS_H

#include "codec/claims_json.h"
#include "round/seat.h"

/* This is what the round goes by. Errors: ERR_CRYPTO. */
MUST_CHECK bool slots_judge(struct seat *t, const struct claims_parts *parts, struct err *err);
/* Put this set's claim there, or with CLAIM_FREE take it out. Errors: ERR_CONFLICT (what was judged
 * has moved), ERR_NOT_FOUND (the cluster is not known), those of the store and of the document. */
MUST_CHECK bool slots_put(struct seat *t, enum claim_state state, struct str claim,
			  struct err *err);

#endif
