/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of the alert targets. */
#include "notify/notify_table.h"

#include <stdio.h>

#include "notify/notify_command.h"
#include "notify/notify_webhook.h"

const struct notify_type notify_types[ALERT_N] = {
    [ALERT_WEBHOOK] = {.type = ALERT_WEBHOOK,
		       .name = "webhook",
		       .check = notify_webhook_check,
		       .begin = notify_webhook_begin,
		       .poll = notify_webhook_poll},
    [ALERT_COMMAND] = {.type = ALERT_COMMAND,
		       .name = "command",
		       .check = notify_command_check,
		       .begin = notify_command_begin,
		       .poll = notify_command_poll},
};

struct notify_outcome notify_outcome_of(const struct err *err)
{
	struct notify_outcome out = {.verdict = NOTIFY_AGAIN};
	/* Trouble that passes by itself (the peer, the network) or that a person must mend. */
	enum err_retry retry = err_kind_retry(err->kind);
	if (retry != RETRY_NOW && retry != RETRY_LATER)
		out.verdict = NOTIFY_REFUSED;
	snprintf(out.why, sizeof(out.why), "%s", err->text);
	return out;
}
