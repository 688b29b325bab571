/* SPDX-License-Identifier: Apache-2.0 */
/* Programs of the operator for authorities and alerts: the same checks, limits and ends as hooks.
 */
#include "sys/program_hook.h"

#include <stdlib.h>
#include <string.h>

#include "sys/hooks.h"

static bool to_run(const struct program_call *call, struct hook_run *ret, struct err *err)
{
	*ret = (struct hook_run){
	    .path = call->argv[0], .input = call->input, .timeout_us = call->timeout_us};
	for (unsigned i = 1; call->argv[i]; i++) {
		if (ret->args_n == HOOK_ARGS_MAX)
			return err_set(err, ERR_LIMIT, "too many arguments for '%s'",
				       call->argv[0]);
		ret->args[ret->args_n++] = call->argv[i];
	}
	for (unsigned i = 0; call->env[i]; i++) {
		if (ret->env_n == HOOK_ENV_MAX)
			return err_set(err, ERR_LIMIT, "too many environment variables for '%s'",
				       call->argv[0]);
		ret->env[ret->env_n++] = call->env[i];
	}
	return true;
}

static bool run(void *self, const struct program_call *call, struct program_result *ret,
		struct err *err)
{
	struct hook_run r;
	struct program_result got = {.exit_code = -1, .errors = {.max = 4096}};
	char errors[2048] = "";
	(void)self;
	if (!to_run(call, &r, err) || !hook_run(&r, call->output_max, &got.output, errors,
						sizeof(errors), &got.exit_code, err))
		return false;
	buf_adds(&got.errors, errors);
	*ret = got;
	return true;
}

static const struct program_ops ops = {.run = run};

struct program_port program_hook(void)
{
	return (struct program_port){.ops = &ops};
}

struct program_later_hook {
	struct hook *hook;
	char name[256];
};

static bool later_begin(void *self, const struct program_call *call, struct err *err)
{
	struct program_later_hook *p = self;
	struct hook_run r;
	if (p->hook)
		return err_set(err, ERR_CONFLICT, "'%s' still runs", p->name);
	cut_z(p->name, sizeof(p->name), call->argv[0]);
	return to_run(call, &r, err) && hook_begin(&r, &p->hook, err);
}

static bool later_poll(void *self, bool *ret_is_done, struct program_result *ret, struct err *err)
{
	struct program_later_hook *p = self;
	struct hook_view view;
	char output[2048];
	if (!p->hook)
		return err_set(err, ERR_CONFLICT, "no program runs");
	hook_poll(p->hook, &view);
	*ret_is_done = view.state != HOOK_RUNNING;
	if (!*ret_is_done)
		return true;
	hook_output(p->hook, output, sizeof(output));
	hook_free(p->hook);
	p->hook = NULL;
	if (view.state == HOOK_OVERDUE)
		return err_set(err, ERR_TIMEOUT, "'%s' did not end in time", p->name);
	*ret = (struct program_result){.exit_code = view.exit_code, .errors = {.max = 4096}};
	buf_adds(&ret->errors, output);
	return true;
}

static int later_fd(void *self)
{
	const struct program_later_hook *p = self;
	return p->hook ? hook_fd(p->hook) : -1;
}

static const struct program_later_ops later_ops = {
    .begin = later_begin, .poll = later_poll, .fd = later_fd};

bool program_later_hook_new(struct program_later_hook **ret, struct program_later *ret_port,
			    struct err *err)
{
	struct program_later_hook *p = calloc(1, sizeof(*p));
	if (!p)
		return err_set(err, ERR_MEMORY, "no memory to run programs");
	*ret = p;
	*ret_port = (struct program_later){.ops = &later_ops, .self = p};
	return true;
}

void program_later_hook_free(struct program_later_hook *p)
{
	if (!p)
		return;
	hook_free(p->hook);
	free(p);
}
