/* SPDX-License-Identifier: Apache-2.0 */
/* The call of an alert command and the meaning of its exit code. */
#include "notify/notify_command.h"

#include <stdio.h>

#define COMMAND_TIMEOUT_US (30 * US_S)
enum { COMMAND_OUTPUT_MAX = 16 * 1024, EX_USAGE_ = 64, EX_TEMPFAIL_ = 75, EX_CONFIG_ = 78 };

bool notify_command_check(const struct notify_target *t, struct err *err)
{
	if (t->policy->command[0] != '/')
		return err_set(err, ERR_INVALID, "the alert command is no absolute path");
	return true;
}

bool notify_command_begin(struct notify_lane *lane, const struct notify_target *t,
			  const struct notify_message *m, struct err *err)
{
	const struct program_call call = {.argv = {t->policy->command, m->name, m->id, NULL},
					  .env = {NULL},
					  .input = m->body,
					  .timeout_us = COMMAND_TIMEOUT_US,
					  .output_max = COMMAND_OUTPUT_MAX};
	if (!lane->program.ops)
		return err_set(err, ERR_UNSUPPORTED, "alert commands cannot be run here");
	return lane->program.ops->begin(lane->program.self, &call, err);
}

void notify_command_poll(struct notify_lane *lane, struct wall now, bool *ret_is_done,
			 struct notify_outcome *ret)
{
	struct program_result r = {0};
	struct err err = ERR_INIT;

	(void)now; /* a command names no time to wait for */
	if (!lane->program.ops->poll(lane->program.self, ret_is_done, &r, &err)) {
		*ret_is_done = true;
		*ret = notify_outcome_of(&err);
		return;
	}
	if (!*ret_is_done)
		return;
	*ret = (struct notify_outcome){.verdict = NOTIFY_AGAIN};
	if (r.exit_code == 0)
		ret->verdict = NOTIFY_TAKEN;
	else if (r.exit_code >= EX_USAGE_ && r.exit_code <= EX_CONFIG_ &&
		 r.exit_code != EX_TEMPFAIL_)
		ret->verdict = NOTIFY_REFUSED;
	if (r.exit_code != 0)
		snprintf(ret->why, sizeof(ret->why), "the command ended with code %d%s%s", r.exit_code,
			 r.output.n ? ": " : "", buf_z(&r.output));
	buf_wipe(&r.output);
}
