/* SPDX-License-Identifier: Apache-2.0 */
/* A person's words to a seat, as they come through the daemon's interface. Run by the round thread
 * between two rounds. */
#ifndef ROUND_COMMAND_H
#define ROUND_COMMAND_H

#include "round/round.h"

/* Do what the route says ("/v1/rotate") with a JSON body, in the name of who; may_trust: he may
 * decide who gets keys (the caller has asked for what the route needs, not for what its body says).
 * *ret gets the JSON answer. Errors: ERR_INVALID (the body), ERR_REFUSED with the reason, those of
 * the ledger. */
MUST_CHECK bool command_run(struct seat *t, const char *route, struct str body, const char *who,
			    bool may_trust, struct buf *ret, struct err *err);
/* The instance that a body names; "" when it names none. */
void command_instance(struct str body, char *out, size_t out_n);

#endif
