/* SPDX-License-Identifier: Apache-2.0 */
/* The operator's programs as the port wants them. How they are run is for hooks.c. */
#include "sys/program_hook.h"

#include "base/cleanup.h"
#include "sys/hooks.h"

STATIC_ASSERT((int)PROGRAM_ARGS_MAX <= HOOK_ARGS_MAX, "every call fits a hook");
STATIC_ASSERT((int)PROGRAM_ENV_MAX <= HOOK_ENV_MAX, "every call fits a hook");

static struct hook_run run_of(const struct program_call *call)
{
	struct hook_run run = {
	    .path = call->argv[0], .input = call->input, .timeout_us = call->timeout_us};
	while (run.args_n + 1 < PROGRAM_ARGS_MAX && call->argv[run.args_n + 1]) {
		run.args[run.args_n] = call->argv[run.args_n + 1];
		run.args_n++;
	}
	while (run.env_n < PROGRAM_ENV_MAX && call->env[run.env_n]) {
		run.env[run.env_n] = call->env[run.env_n];
		run.env_n++;
	}
	return run;
}

static bool program_run(void *self, const struct program_call *call, struct program_result *ret,
			struct err *err)
{
	struct program_result r = {0};
	const struct hook_run run = run_of(call);

	(void)self;
	ASSERT(call->argv[0]);
	if (!hook_run(&run, call->output_max, &r.output, r.errors, sizeof(r.errors), &r.exit_code,
		      err))
		return false;
	*ret = r;
	return true;
}

static bool program_begin(void *self, const struct program_call *call, struct err *err)
{
	struct program_lane *l = self;
	const struct hook_run run = run_of(call);

	ASSERT(call->argv[0]);
	if (l->hook)
		return err_set(err, ERR_CONFLICT, "another program runs");
	return hook_begin(&run, &l->hook, err);
}

static bool program_poll(void *self, bool *ret_is_done, struct program_result *ret, struct err *err)
{
	struct program_lane *l = self;
	struct program_result r = {0};
	struct hook_view v;
	char text[1024];

	*ret_is_done = true;
	if (!l->hook)
		return err_set(err, ERR_CONFLICT, "nothing was begun");
	hook_poll(l->hook, &v);
	*ret_is_done = v.state != HOOK_RUNNING;
	if (!*ret_is_done)
		return true;
	hook_output(l->hook, text, sizeof(text));
	hook_free(take(&l->hook));
	if (v.state == HOOK_OVERDUE)
		return err_set(err, ERR_TIMEOUT, "the program did not end in time");
	if (v.was_signalled)
		return err_set(err, ERR_HOOK, "the program was ended by signal %d",
			       v.exit_code - 128);
	r.exit_code = v.exit_code;
	buf_adds(&r.output, text);
	*ret = r;
	return true;
}

static int program_fd(void *self)
{
	const struct program_lane *l = self;
	return l->hook ? hook_fd(l->hook) : -1;
}

void program_lane_fini(struct program_lane *l)
{
	hook_free(take(&l->hook));
}

const struct program_ops program_hook_ops = {.run = program_run};
const struct program_later_ops program_hook_later_ops = {
    .begin = program_begin, .poll = program_poll, .fd = program_fd};
