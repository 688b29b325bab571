/* SPDX-License-Identifier: Apache-2.0 */
/* Alerts by a program of the operator's, which reads the same JSON as a webhook on its stdin. */
#ifndef NOTIFY_NOTIFY_COMMAND_H
#define NOTIFY_NOTIFY_COMMAND_H

#include "notify/notify_table.h"

/* Run as COMMAND EVENT-NAME MESSAGE-ID. Exit 0: taken; 64 to 74 and 76 to 78 (sysexits.h): a
 * person must mend it; anything else: tried again. */
MUST_CHECK bool notify_command_check(const struct notify_target *t, struct err *err);
MUST_CHECK bool notify_command_begin(struct notify_lane *lane, const struct notify_target *t,
				     const struct notify_message *m, struct err *err);
void notify_command_poll(struct notify_lane *lane, struct wall now, bool *ret_is_done,
			 struct notify_outcome *ret);

#endif
