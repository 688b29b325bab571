/* SPDX-License-Identifier: Apache-2.0 */
/* Members that are restarted, and reloaded, by a hook: it fails, hangs, says 0 without having done
 * anything, or shouts. What it began goes on when its rotad dies, or not. */
#include <stdio.h>
#include <string.h>

#include "sim/sim_world.h"

enum { DONE_AT_ONCE_US = 200000, RELOAD_US = 500000 };

static void strike(struct sim_host *h, enum sim_fault_kind kind)
{
	sim_say(h->w, "%c: the hook: %s", h->letter, sim_fault_words[kind]);
	if (h->w->coverage)
		h->w->coverage->faults[kind]++;
}

static void over_at(struct sim_host *h, int64_t us)
{
	h->job.number = ++h->jobs_n;
	sim_at(h->w, h->w->now_us + us, EVENT_HOOK, h->i, h->job.number);
}

/* What it does: all of it, nothing, or (how 1) the stop alone. */
static enum sim_hook_how draw_fault(struct sim_host *h)
{
	struct sim_job *j = &h->job;
	if (h->hook_idles > 0) {
		h->hook_idles--;
		strike(h, SIM_HOOK_IDLE);
		return HOOK_HOW_NOTHING;
	}
	if (h->hook_fails > 0) {
		h->hook_fails = 0;
		strike(h, SIM_HOOK_FAILS);
		j->ends_badly = true;
		return h->hook_how;
	}
	if (h->hook_hangs > 0) {
		h->hook_hangs = 0;
		strike(h, SIM_HOOK_HANGS);
		j->hangs = true;
		return h->hook_how;
	}
	if (h->hook_shouts > 0) {
		h->hook_shouts--;
		strike(h, SIM_HOOK_SHOUTS);
		j->shouts = true;
		j->ends_badly = sim_chance(h->w, 500000);
	}
	return HOOK_HOW_ALL;
}

bool sim_hook_begin(struct sim_host *h, const struct restart_target *t, enum restart_verb verb)
{
	struct sim_world *w = h->w;
	h->job = (struct sim_job){.state = JOB_RUNNING,
				  .begun_us = w->now_us,
				  .timeout_us = t->timeout_us,
				  .of_life = h->life,
				  .is_hook = true,
				  .is_reload = verb == VERB_RELOAD};
	enum sim_hook_how how = draw_fault(h);
	if (verb == VERB_RELOAD) {
		h->job.does_nothing = how == HOOK_HOW_NOTHING;
		over_at(h, sim_between(w, RELOAD_US / 5, RELOAD_US));
		return true;
	}
	bool is_stop = verb == VERB_RESTART && h->m.state != SIM_DOWN;
	if (how == HOOK_HOW_NOTHING || (how == HOOK_HOW_HALF && !is_stop)) {
		over_at(h, DONE_AT_ONCE_US);
		return true;
	}
	if (is_stop) {
		sim_oracle_stop(h);
		sim_member_stop(h, SIM_BY_ROTAD, how == HOOK_HOW_ALL);
		sim_oracle_keys(w);
		return true;
	}
	h->m.down_by = SIM_BY_ROTAD;
	h->m.is_start_wanted |= h->m.state == SIM_STOPPING;
	sim_member_start(h);
	if (h->m.state == SIM_UP)
		over_at(h, DONE_AT_ONCE_US);
	return true;
}

/* Its work is over, in whatever way; the hook itself ends as it was drawn. */
bool sim_hook_over(struct sim_host *h, enum job_state state)
{
	struct sim_job *j = &h->job;
	if (!j->is_hook)
		return false;
	if (j->hangs)
		return true;
	j->state = j->ends_badly ? JOB_FAILED : state;
	snprintf(j->why, sizeof(j->why), "%s",
		 j->state == JOB_FAILED ? "the hook ended with exit code 1" : "");
	return true;
}

void sim_hook_event(struct sim_host *h, unsigned number)
{
	struct sim_job *j = &h->job;
	struct err why = ERR_INIT;
	if (j->state != JOB_RUNNING || !j->is_hook || j->number != number)
		return;
	bool ok =
	    !j->is_reload || j->does_nothing || h->m.state != SIM_UP || sim_tls_rotate(h, h, &why);
	(void)sim_hook_over(h, ok ? JOB_DONE : JOB_FAILED);
}

/* With its rotad it may end as well, wherever it is. */
void sim_hook_orphaned(struct sim_host *h)
{
	if (h->job.state != JOB_RUNNING || !h->job.is_hook || !sim_chance(h->w, 500000))
		return;
	sim_say(h->w, "%c: the hook ends with its rotad", h->letter);
	h->job.state = JOB_NONE;
	if (h->m.down_by == SIM_BY_ROTAD)
		h->m.is_start_wanted = false;
}

void sim_hook_view(const struct sim_host *h, struct job_view *ret)
{
	const struct sim_job *j = &h->job;
	if (j->of_life != h->life) { /* another rotad's: nobody knows of it */
		*ret = (struct job_view){.state = JOB_NONE, .exit_code = -1};
		return;
	}
	if (j->state == JOB_DONE || j->state == JOB_FAILED)
		ret->exit_code = j->state == JOB_FAILED;
	if (j->state == JOB_RUNNING && ret->took_us > j->timeout_us) {
		ret->state = JOB_OVERDUE;
		ret->is_gone = true;
		snprintf(ret->why, sizeof(ret->why), "the hook did not end in time and was ended");
	}
	for (size_t i = 0; j->shouts && i + 1 < sizeof(ret->output); i++)
		ret->output[i] = (char)(i % 60 == 59 ? ' ' : 'A' + i % 26);
}

bool sim_hook_is_ended(const struct sim_host *h)
{
	const struct sim_job *j = &h->job;
	return j->is_hook && j->state == JOB_RUNNING && h->w->now_us - j->begun_us > j->timeout_us;
}

bool sim_hook_hung(const struct sim_host *h)
{
	return sim_hook_is_ended(h) && h->job.of_life == h->life && h->is_seat_open &&
	       h->seat.notes.job_is_open;
}
