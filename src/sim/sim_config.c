/* SPDX-License-Identifier: Apache-2.0 */
/* The set's configuration: who is a member and under which name, how a new one gets around, and
 * what a person does to add, remove and rename. Elections and heartbeats are in sim_member.c. */
#include <stdio.h>
#include <string.h>

#include "sim/sim_world.h"

const struct sim_config *sim_config_last(const struct sim_world *w)
{
	return &w->configs[w->configs_n - 1];
}

const struct sim_config *sim_config_of(const struct sim_world *w, unsigned i)
{
	unsigned version = w->hosts[i].m.config;
	return version ? &w->configs[version - 1] : NULL;
}

bool sim_knows(const struct sim_world *w, unsigned i, unsigned k)
{
	const struct sim_config *c = sim_config_of(w, i);
	return c && (c->mask & 1u << k);
}

bool sim_is_member(const struct sim_world *w, unsigned i)
{
	return sim_config_last(w)->mask & 1u << i || sim_is_router(&w->hosts[i]);
}

int64_t sim_id_of(const struct sim_config *c, unsigned host)
{
	for (unsigned i = 0; i < c->n; i++)
		if (c->m[i].host == host)
			return c->m[i].id;
	return -1;
}

/* Names that a host once had lead to it for ever. */
unsigned sim_host_named(const struct sim_world *w, const char *name)
{
	unsigned i = (unsigned)(name[0] - 'a');
	if (w->scenario->is_standalone)
		return strcmp(name, SIM_INSTANCE) == 0 ? 0 : SIM_HOSTS_MAX;
	return i < w->n && strstr(name, ".example") ? i : SIM_HOSTS_MAX;
}

static void add(struct sim_config *c, const struct sim_host *h, int64_t id)
{
	c->m[c->n].host = h->i;
	c->m[c->n].id = id;
	cut_z(c->m[c->n].name, HOST_BYTES_MAX, h->m.host);
	c->n++;
	c->mask |= 1u << h->i;
}

void sim_config_begin(struct sim_world *w)
{
	w->configs_n = 1;
	for (unsigned i = 0; i < w->scenario->members_n; i++) {
		add(&w->configs[0], &w->hosts[i], i);
		w->hosts[i].m.config = 1;
	}
}

/* Heartbeats carry it, both ways, also to one that is not in it any more. */
void sim_config_spread(struct sim_world *w)
{
	for (bool any = true; any;) {
		any = false;
		for (unsigned i = 0; i < w->n; i++)
			for (unsigned k = 0; k < w->n; k++) {
				struct sim_member *a = &w->hosts[i].m, *b = &w->hosts[k].m;
				if (a->config <= b->config || a->state != SIM_UP ||
				    b->state != SIM_UP ||
				    !(sim_knows(w, i, k) || sim_knows(w, k, i)) ||
				    !sim_link(w, i, k) || !sim_link(w, k, i) ||
				    !sim_rings_share(&a->loaded, &b->loaded) ||
				    !sim_tls_meet(w, i, k))
					continue;
				b->config = a->config;
				any = true;
			}
	}
}

/* mongod takes a new configuration from the primary, once the majority has the one before. */
static struct sim_host *find_primary(struct sim_world *w)
{
	for (unsigned i = 0; i < w->n; i++)
		if (w->hosts[i].m.is_primary && w->hosts[i].m.config == w->configs_n &&
		    sim_has_majority(w, i) && w->configs_n < SIM_CONFIGS_MAX)
			return &w->hosts[i];
	return NULL;
}

static void reconfigure(struct sim_world *w, struct sim_host *primary, struct sim_config next)
{
	w->configs[w->configs_n - 1].until_us = w->now_us;
	w->configs[w->configs_n++] = next;
	primary->m.config = w->configs_n;
	sim_settle(w);
}

/* Its keyfile: copied from a member, from an old note, or as it is since it was a member. */
static void lay_out(struct sim_host *h, const struct sim_host *from, unsigned how)
{
	char text[2400];
	const struct sim_ring first = {.n = 1, .keys = {1}};
	if ((how & 3) == 2 && h->disk.is_good)
		return;
	size_t n = sim_ring_print(h->w, (how & 3) == 1 ? &first : &from->disk, text, sizeof(text));
	sim_keyfile_edit(h, text, n);
	if (h->m.state == SIM_UP)
		sim_member_stop(h, SIM_BY_PERSON, true);
}

bool sim_join(struct sim_world *w, unsigned i, unsigned how)
{
	struct sim_host *h = &w->hosts[i], *primary = find_primary(w);
	if (!primary || sim_is_member(w, i) || h->is_revoked)
		return false;
	struct sim_config next = *sim_config_last(w);
	int64_t id = 0;
	for (unsigned k = 0; k < w->configs_n; k++)
		for (unsigned m = 0; m < w->configs[k].n; m++)
			id = MAX(id, w->configs[k].m[m].id + 1);
	h->is_there = h->is_newcomer = h->m.is_edited = true;
	h->joined_us = w->now_us;
	h->lacks_rotad = how & 4;
	lay_out(h, primary, how);
	sim_member_start(h);
	if (!h->lacks_rotad)
		sim_at(w, w->now_us + sim_between(w, 0, 3 * US_S), EVENT_ROTAD, i, 0);
	add(&next, h, id);
	reconfigure(w, primary, next);
	return true;
}

bool sim_leave(struct sim_world *w, unsigned i, bool is_gone)
{
	enum { LEAST = 4 }; /* with fewer left the policy forbids the next turn */
	struct sim_host *h = &w->hosts[i], *primary = find_primary(w);
	const struct sim_config *now = sim_config_last(w);
	if (!primary || primary == h || !sim_is_member(w, i) || sim_is_router(h) ||
	    h->m.is_arbiter || now->n < LEAST)
		return false;
	struct sim_config next = {.n = 0};
	for (unsigned k = 0; k < now->n; k++)
		if (now->m[k].host != i)
			add(&next, &w->hosts[now->m[k].host], now->m[k].id);
	reconfigure(w, primary, next);
	if (is_gone) {
		h->lacks_rotad = true;
		sim_rotad_kill(h, -1);
		sim_member_stop(h, SIM_BY_PERSON, false);
		h->job.state = JOB_NONE; /* no job or hook of it goes on */
	}
	return true;
}

bool sim_rename(struct sim_world *w, unsigned i)
{
	struct sim_host *h = &w->hosts[i], *primary = find_primary(w);
	if (!primary || !sim_is_member(w, i) || w->scenario->is_standalone || sim_is_router(h))
		return false;
	struct sim_config next = *sim_config_last(w);
	snprintf(h->m.host, sizeof(h->m.host), "%c%u.example:%d", h->letter, w->configs_n + 1,
		 SIM_PORT);
	for (unsigned k = 0; k < next.n; k++)
		if (next.m[k].host == i)
			cut_z(next.m[k].name, HOST_BYTES_MAX, h->m.host);
	reconfigure(w, primary, next);
	return true;
}
