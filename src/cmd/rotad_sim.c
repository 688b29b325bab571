/* SPDX-License-Identifier: Apache-2.0 */
/* rotad-sim: rehearses a scenario for `rotactl simulate`. Reads its text from standard input, runs
 * the simulated fleet, prints one JSON object. Touches no file, network or clock; its cryptography
 * is made of cardboard (src/sim/fast_*.c), which is why it is a program of its own.
 *
 *   rotad-sim [--fleets N]    N more fleets of that shape, each with faults drawn from its seed
 */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/cleanup.h"
#include "codec/json_mem.h"
#include "sim/sim.h"

enum { INPUT_MAX = 64 * 1024, FLEETS_MAX = 100000, FLEET_BOUND_MIN = 45 };

static json_t *seconds(int64_t us)
{
	return json_real((double)us / (double)US_S);
}

static json_t *happening_json(const struct sim_happening *x)
{
	json_t *o = json_pack("{s:o, s:s, s:i}", "at", seconds(x->at_us), "what",
			      sim_happening_words[x->kind], "member", (int)x->host);
	if (x->kind == SIM_WROTE) {
		json_t *keys = json_array();
		for (size_t i = 0; i < ARRAY_N(x->keys) && x->keys[i]; i++)
			json_array_append_new(keys, json_integer(x->keys[i]));
		json_object_set_new(o, "keys", keys);
	}
	return o;
}

/* Times are in seconds since the proposal. */
static json_t *result_json(const struct sim_scenario *s, const struct sim_result *r)
{
	const struct sim_cost *c = &r->cost;
	json_t *members = json_array(), *happenings = json_array();
	int restarts = 0;
	for (unsigned i = 0; i < s->members_n; i++) {
		json_array_append_new(members, json_pack("{s:i, s:o}", "restarts",
							 (int)c->hosts[i].restarts_n, "awayLongest",
							 seconds(c->hosts[i].away_longest_us)));
		restarts += (int)c->hosts[i].restarts_n;
	}
	for (unsigned i = 0; i < c->happenings_n; i++) {
		struct sim_happening x = c->happenings[i];
		x.at_us -= c->begun_us;
		json_array_append_new(happenings, happening_json(&x));
	}
	return json_pack(
	    "{s:s, s:s, s:s, s:s, s:o, s:i, s:i, s:{s:i, s:o, s:o}, s:o, s:o, s:o}", "outcome",
	    sim_outcome_words[r->outcome], "rule", r->rule, "why", r->why, "waits", c->waits,
	    "took", c->closed_us ? seconds(c->closed_us - c->begun_us) : json_null(), "restarts",
	    restarts, "stepDowns", (int)c->step_downs_n, "pauses", "n", (int)c->pauses_n, "longest",
	    seconds(c->pause_longest_us), "all", seconds(c->pause_all_us), "majorityWritesHeld",
	    seconds(c->held_us), "members", members, "happenings", happenings);
}

/* The same shape, with what goes wrong drawn from a seed. */
static void draw(const struct sim_scenario *shape, uint64_t seed, struct sim_scenario *ret)
{
	struct sim_scenario drawn;
	sim_scenario_draw_for(&drawn, seed, shape->members_n);
	*ret = *shape;
	ret->seed = seed;
	ret->is_lively = false; /* many: time is worth more than seconds of a slow rotad */
	ret->heal_us = drawn.heal_us;
	ret->bound_us = FLEET_BOUND_MIN * US_MIN;
	ret->spares_n = drawn.spares_n;
	ret->faults_n = drawn.faults_n;
	memcpy(ret->faults, drawn.faults, sizeof(ret->faults));
}

static json_t *fleets_json(const struct sim_scenario *shape, uint64_t n)
{
	unsigned outcomes[SIM_SAFE_ONLY + 1] = {0}, struck = 0;
	int64_t longest = 0;
	json_t *bad = json_array(), *faults = json_object();
	struct sim_coverage *coverage = calloc(1, sizeof(*coverage));
	struct sim_result *r = calloc(1, sizeof(*r));
	ASSERT(coverage && r);
	for (uint64_t i = 0; i < n; i++) {
		struct sim_scenario s;
		draw(shape, shape->seed + 1 + i, &s);
		sim_run(&s, NULL, coverage, r);
		outcomes[r->outcome]++;
		if (r->outcome == SIM_DONE)
			longest = MAX(longest, r->at_us - s.heal_us);
		else if (r->outcome != SIM_SAFE_ONLY && json_array_size(bad) < 20)
			json_array_append_new(bad, json_pack("{s:I, s:s, s:s, s:s}", "seed",
							     (json_int_t)s.seed, "outcome",
							     sim_outcome_words[r->outcome], "rule",
							     r->rule, "why", r->why));
	}
	for (unsigned k = 0; k < SIM_FAULT_N; k++)
		if (coverage->faults[k]) {
			json_object_set_new(faults, sim_fault_words[k],
					    json_integer(coverage->faults[k]));
			struck += coverage->faults[k];
		}
	free(coverage);
	free(r);
	return json_pack("{s:I, s:i, s:i, s:i, s:i, s:i, s:o, s:o, s:o}", "n", (json_int_t)n,
			 "ended", (int)outcomes[SIM_DONE], "safe", (int)outcomes[SIM_SAFE_ONLY],
			 "stuck", (int)outcomes[SIM_STUCK], "unsafe", (int)outcomes[SIM_UNSAFE],
			 "struck", (int)struck, "longestAfterTheLast", seconds(longest), "faults",
			 faults, "bad", bad);
}

static bool read_input(struct buf *text, struct err *err)
{
	char part[4096];
	for (size_t n; (n = fread(part, 1, sizeof(part), stdin)) > 0;)
		buf_add(text, part, n);
	return buf_ok(text, err);
}

int main(int argc, char **argv)
{
	auto_buf struct buf text = {.max = INPUT_MAX};
	static struct sim_result result;
	struct sim_scenario s;
	struct err err = ERR_INIT;
	uint64_t fleets = 0;
	(void)setlocale(LC_ALL, "C.UTF-8");
	if (argc == 3 && strcmp(argv[1], "--fleets") == 0)
		fleets = MIN(strtoull(argv[2], NULL, 10), (unsigned long long)FLEETS_MAX);
	else if (argc != 1) {
		fputs("rotad-sim: started by rotactl simulate, with a scenario as its input\n",
		      stderr);
		return 64;
	}
	if (!read_input(&text, &err) || !sim_scenario_parse(buf_str(&text), &s, &err)) {
		fprintf(stderr, "rotad-sim: %s\n", err.text);
		return 2;
	}
	sim_run(&s, NULL, NULL, &result);
	AUTO(json_t) doc = result_json(&s, &result);
	if (fleets)
		json_object_set_new(doc, "fleets", fleets_json(&s, fleets));
	bool ok = doc && json_dumpf(doc, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER) == 0;
	return ok && fflush(stdout) == 0 ? 0 : 2;
}
