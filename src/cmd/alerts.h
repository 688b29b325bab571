/* SPDX-License-Identifier: Apache-2.0 */
/* The alert path of the daemon: journal and targets, on the main thread. Wires notify/ to its
 * lanes. */
#ifndef CMD_ALERTS_H
#define CMD_ALERTS_H

#include "model/event.h"
#include "model/policy.h"

struct alerts;

/* Targets of the configuration, each lane with a rotad-net of its own. *ret is new; end with
 * alerts_free(). Errors: ERR_INVALID (a target), those of credentials. */
MUST_CHECK bool alerts_new(const struct config *config, const char *libexec, struct alerts **ret,
			   struct err *err);
void alerts_free(struct alerts *a);
/* Other targets; what waits in the spool stays. On failure the old ones stay. */
MUST_CHECK bool alerts_reload(struct alerts *a, const struct config *config, struct err *err);
/* Write to the journal, once per change, and queue for the targets. is_mine: this host sends first.
 */
void alerts_tell(struct alerts *a, const struct event *e, bool is_mine);
/* Send a test to one target (NULL or "": to all), by the same way as every alert; nothing is
 * waited for. One at a time. Errors: ERR_CONFLICT (another one is under way), ERR_NOT_FOUND (no
 * such target), ERR_UNSUPPORTED (alerts cannot be sent at all). */
MUST_CHECK bool alerts_test(struct alerts *a, const char *only, const char *who, struct wall now,
			    struct err *err);
/* Is it over, for all targets or by its deadline? Then what came of it is appended as JSON, once.
 */
bool alerts_tested(struct alerts *a, struct buf *ret);
/* How each target fares, for `rotactl doctor`: a JSON object. */
void alerts_view(const struct alerts *a, struct buf *ret);
/* Send what can be sent without waiting. Returns the microseconds until there is something to do.
 */
int64_t alerts_run(struct alerts *a, struct wall now);

/* How the targets stand, appended as JSON: for the status. */
void alerts_print(const struct alerts *a, struct buf *ret);

#endif
