/* SPDX-License-Identifier: Apache-2.0 */
/* Compare-and-set on the ledger's documents, with the rule for answers that do not tell (PROTOCOL
 * 3). */
#ifndef ROUND_LEDGER_WRITE_H
#define ROUND_LEDGER_WRITE_H

#include "round/seat.h"

/* Write text at id if its revision is `expected` (0: it must not exist). An ambiguous answer is
 * resolved by linearizable reads before this returns. Errors: ERR_CONFLICT (somebody else was
 * first), ERR_AMBIGUOUS (still not known: look again), those of the store. */
MUST_CHECK bool ledger_swap(struct seat *t, const char *id, struct str text, int64_t expected,
			    struct err *err);
/* Write text at id, whatever revision is there: for this host's own documents. *ret_rev (or NULL):
 * the revision that it made. Errors: as ledger_swap. */
MUST_CHECK bool ledger_put(struct seat *t, const char *id, struct str text, int64_t *ret_rev,
			   struct err *err);
/* Delete a document of this host's own; fine when it is not there. */
MUST_CHECK bool ledger_drop(struct seat *t, const char *id, struct err *err);
/* Change the roll of the present generation: `change` gets its parts, as read linearizably, and
 * says whether to go on. The container is made when it is not there. Tried again on a conflict. */
struct roll_parts;
MUST_CHECK bool ledger_change_roll(struct seat *t,
				   bool (*change)(void *self, struct roll_parts *parts,
						  struct err *err),
				   void *self, struct err *err);

#endif
