/* SPDX-License-Identifier: Apache-2.0 */
/* What a rotation cost, for people who rehearse their own set: who was away for how long, when
 * nobody could write. Judges nothing. */
#include "sim/sim_world.h"

const char *const sim_happening_words[SIM_HAPPENING_N] = {
    [SIM_PROPOSED] = "proposed", [SIM_WROTE] = "wrote",     [SIM_STOPS] = "stops",
    [SIM_BACK] = "back",         [SIM_ELECTED] = "elected", [SIM_STEPS_DOWN] = "steps-down",
    [SIM_VOTED] = "voted",       [SIM_PIVOT] = "pivot",     [SIM_CLOSED] = "closed",
};

void sim_note(struct sim_world *w, enum sim_happening_kind kind, unsigned host,
	      const struct sim_ring *keys)
{
	struct sim_cost *c = &w->result->cost;
	if (w->is_over)
		return;
	if (kind == SIM_PROPOSED) { /* what was before belongs to the one before */
		*c = (struct sim_cost){.begun_us = w->now_us};
		w->paused_since_us = w->held_since_us = w->now_us;
	}
	if (!c->begun_us)
		return;
	if (kind == SIM_CLOSED)
		c->closed_us = w->now_us;
	if (kind == SIM_STEPS_DOWN)
		c->step_downs_n++;
	if (kind == SIM_STOPS)
		c->hosts[host].restarts_n++;
	if (kind == SIM_BACK) {
		int64_t away = w->now_us - w->hosts[host].m.down_since_us;
		c->hosts[host].away_longest_us = MAX(c->hosts[host].away_longest_us, away);
	}
	if (c->happenings_n == SIM_HAPPENINGS_MAX)
		return;
	struct sim_happening *x = &c->happenings[c->happenings_n++];
	*x = (struct sim_happening){.at_us = w->now_us, .kind = kind, .host = host};
	for (unsigned i = 0; keys && i < keys->n; i++)
		x->keys[i] = keys->keys[i];
}

void sim_note_writes(struct sim_world *w)
{
	struct sim_cost *c = &w->result->cost;
	bool has_primary = false;
	unsigned data = 0, data_up = 0, voters = 0;
	for (unsigned i = 0; i < w->n; i++) {
		const struct sim_member *m = &w->hosts[i].m;
		has_primary |= m->is_primary && sim_has_majority(w, i);
		if (!sim_is_member(w, i) || sim_is_router(&w->hosts[i]))
			continue;
		voters += sim_votes(m);
		if (m->is_arbiter || !sim_votes(m))
			continue;
		data++;
		data_up += m->state == SIM_UP;
	}
	bool is_held = data_up < MIN(data, voters / 2 + 1);
	if (w->is_paused && has_primary && c->begun_us) {
		int64_t us = w->now_us - w->paused_since_us;
		c->pauses_n++;
		c->pause_all_us += us;
		c->pause_longest_us = MAX(c->pause_longest_us, us);
	}
	if (!w->is_paused && !has_primary)
		w->paused_since_us = w->now_us;
	if (w->is_held && !is_held && c->begun_us)
		c->held_us += w->now_us - w->held_since_us;
	if (!w->is_held && is_held)
		w->held_since_us = w->now_us;
	w->is_paused = !has_primary;
	w->is_held = is_held;
}
