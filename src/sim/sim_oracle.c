/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold of the world as it truly is, whatever any rotad believes (PROTOCOL 1 to 3): asked
 * after each change. The ledger's texts are read by code of the simulator's own, without
 * signatures. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "codec/digest.h"
#include "codec/json_mem.h"
#include "sim/sim_world.h"

/* ---- keys by number ---- */

static void learn_salt(struct sim_world *w)
{
	for (unsigned i = 0; !w->truth.salt_hex[0] && i < w->n; i++)
		if (w->hosts[i].is_seat_open && w->hosts[i].seat.anchor.ledger.hex[0])
			memcpy(w->truth.salt_hex, w->hosts[i].seat.anchor.salt_hex,
			       sizeof(w->truth.salt_hex));
}

/* 0: a key that was never in any file. */
static unsigned number_of(struct sim_world *w, const struct key_id *id)
{
	learn_salt(w);
	for (unsigned i = 1; w->truth.salt_hex[0] && i <= w->keys_n; i++) {
		struct sim_key *k = &w->keys[i];
		struct err err = ERR_INIT;
		if (!k->has_id) {
			struct key key = {.text = {.p = k->text, .n = k->n, .cap = k->n}};
			k->has_id = key_id_of(&key, w->truth.salt_hex, &k->id, &err);
		}
		if (k->has_id && key_id_equal(&k->id, id))
			return i;
	}
	return 0;
}

static bool is_dead(struct sim_world *w, unsigned key)
{
	for (unsigned i = 0; i < w->truth.dead_keys_n; i++)
		if (number_of(w, &w->truth.dead_keys[i]) == key)
			return true;
	return false;
}

static bool is_carried(const struct sim_truth *t)
{
	for (unsigned i = 0; i < t->roll_n; i++)
		if (t->votes[i] != 1 && !t->is_without[i])
			return false;
	return t->generation > 0;
}

static bool is_given_up(const struct sim_truth *t)
{
	for (unsigned i = 0; i < t->roll_n; i++)
		if (t->votes[i] < 0 && !t->is_without[i])
			return true;
	return false;
}

unsigned sim_pivot(struct sim_world *w)
{
	const struct sim_truth *t = &w->truth;
	if (t->generation == 0)
		return 0;
	if (!t->is_closed && is_carried(t))
		return number_of(w, &t->next);
	return number_of(w, &t->pivot); /* after its end: moved there already */
}

/* ---- files and processes ---- */

/* One that joins is outside until it holds what the members share (PROTOCOL 1); one that was taken
 * out counts no more. */
static bool is_inside(const struct sim_world *w, unsigned i)
{
	return sim_is_member(w, i) && !w->hosts[i].is_newcomer;
}

static void check_common(struct sim_world *w)
{
	/* One key in every file and process that people left alone. */
	struct sim_ring all = {.n = 0};
	bool is_first = true;
	char who = 0;
	for (unsigned i = 0; i < w->n; i++) {
		const struct sim_host *h = &w->hosts[i];
		const struct sim_ring *rings[2] = {
		    h->is_edited ? NULL : &h->disk,
		    h->m.is_edited || h->m.state == SIM_DOWN ? NULL : &h->m.loaded};
		for (unsigned k = 0; k < 2; k++) {
			struct sim_ring both = {.n = 0};
			if (!rings[k] || !is_inside(w, i))
				continue;
			for (unsigned x = 0; x < rings[k]->n; x++)
				if (is_first || sim_ring_has(&all, rings[k]->keys[x]))
					both.keys[both.n++] = rings[k]->keys[x];
			all = both;
			is_first = false;
			if (all.n == 0) {
				who = h->letter;
				sim_broken(
				    w, "common-key",
				    "no key is in every file and process: %c's %s lacks what "
				    "the others share",
				    who, k ? "process" : "file");
				return;
			}
		}
	}
}

static void check_pivot(struct sim_world *w)
{
	unsigned pivot = sim_pivot(w);
	for (unsigned i = 0; pivot && i < w->n; i++) {
		const struct sim_host *h = &w->hosts[i];
		if (!is_inside(w, i))
			continue;
		if (!h->is_edited && !sim_ring_has(&h->disk, pivot))
			sim_broken(w, "pivot", "%c's file lacks the pivot, key %u", h->letter,
				   pivot);
		if (!h->m.is_edited && h->m.state != SIM_DOWN && !sim_ring_has(&h->m.loaded, pivot))
			sim_broken(w, "pivot", "%c's process lacks the pivot, key %u", h->letter,
				   pivot);
	}
}

/* The key that goes, or went, with the votes that were given. */
static bool has_old(struct sim_world *w, const struct sim_ring *r)
{
	const struct sim_truth *t = &w->truth;
	bool is_over = t->is_closed && t->is_carried && t->dead_keys_n > 0;
	if (is_over)
		return sim_ring_has(r, number_of(w, &t->dead_keys[t->dead_keys_n - 1]));
	return !t->is_closed && is_carried(t) && sim_ring_has(r, number_of(w, &t->pivot));
}

/* A file or process that a person changed is excused until it holds what it must. */
static void excuse_no_more(struct sim_world *w)
{
	const struct sim_truth *t = &w->truth;
	/* Before there is a generation the first key is the one. */
	unsigned pivot = t->generation ? sim_pivot(w) : 1, next = number_of(w, &t->next);
	for (unsigned i = 0; i < w->n; i++) {
		struct sim_host *h = &w->hosts[i];
		bool wants_next = false;
		for (unsigned k = 0; k < t->roll_n && !t->is_closed && !is_given_up(t); k++)
			wants_next |= t->votes[k] == 1 && t->roll_host[k] == i;
		/* A rotad that is within a round may have looked before. */
		if (!pivot)
			continue;
		/* While votes are given, and after a nay, nothing binds a newcomer to the new key.
		 */
		bool is_settled = t->generation == 0 || t->is_closed || is_carried(t);
		/* Nor has one that was declared dead promised anything: as long as it holds the old
		 * key as well it may go back to that alone, since it need not know of the votes. */
		bool is_free = h->was_dead && (has_old(w, &h->disk) || has_old(w, &h->m.loaded));
		if (h->is_newcomer) {
			h->is_newcomer =
			    !(is_settled && !is_free && h->m.state == SIM_UP &&
			      sim_ring_has(&h->disk, pivot) && sim_ring_has(&h->m.loaded, pivot));
			continue;
		}
		if (h->is_edited && h->edited_us < h->round_us && sim_ring_has(&h->disk, pivot) &&
		    (!wants_next || sim_ring_has(&h->disk, next)))
			h->is_edited = false;
		if (h->m.is_edited && sim_ring_has(&h->m.loaded, pivot) &&
		    (!wants_next || sim_ring_has(&h->m.loaded, next)))
			h->m.is_edited = false;
	}
}

void sim_oracle_keys(struct sim_world *w)
{
	unsigned down = 0;
	excuse_no_more(w);
	for (unsigned i = 0; i < w->n; i++) {
		const struct sim_host *h = &w->hosts[i];
		down += h->m.down_by == SIM_BY_ROTAD && h->m.state != SIM_UP && sim_is_member(w, i);
		if (!h->is_edited && !h->disk.is_good)
			sim_broken(w, "whole", "%c's file is not one that mongod takes", h->letter);
	}
	if (down > 1)
		sim_broken(w, "one-turn", "%u members are down by rotads' doing", down);
	check_common(w);
	check_pivot(w);
}

/* Declared dead in the generation that runs. */
static bool is_left_out(const struct sim_truth *t, unsigned host)
{
	for (unsigned i = 0; i < t->roll_n; i++)
		if (t->is_without[i] && t->roll_host[i] == host)
			return true;
	return false;
}

static bool is_back_from_death(const struct sim_host *h)
{
	return h->was_dead && h->is_newcomer;
}

/* Could h have seen since its round began how that one is? */
static bool could_see(const struct sim_host *h, const struct sim_host *o)
{
	bool is_since_heal = h->w->is_healed && h->w->care_since_us >= h->round_us;
	return o->m.state_us < h->round_us && !is_since_heal && sim_link(h->w, h->i, o->i) &&
	       sim_link(h->w, o->i, h->i) && h->cut_until_us[o->i] < h->round_us &&
	       o->cut_until_us[h->i] < h->round_us;
}

void sim_oracle_write(struct sim_host *h)
{
	struct sim_world *w = h->w;
	const struct sim_truth *t = &w->truth;
	unsigned next = number_of(w, &t->next), pivot = number_of(w, &t->pivot);
	/* Who was away while a key was retired cannot know before it is one of them again. */
	for (unsigned i = 0; i < h->disk.n && !is_back_from_death(h); i++)
		if (is_dead(w, h->disk.keys[i]))
			sim_broken(w, "dead-key",
				   "%c's rotad writes key %u, which is retired or burnt", h->letter,
				   h->disk.keys[i]);
	sim_note(w, SIM_WROTE, h->i, &h->disk);
	if (t->generation == 0 || t->is_closed)
		return;
	for (unsigned i = 0; i < t->roll_n; i++)
		if (t->roll_host[i] == h->i && t->votes[i] == 1 && !is_given_up(t) && next &&
		    !sim_ring_has(&h->disk, next))
			sim_broken(w, "promise",
				   "%c's rotad writes a file without key %u after its yea",
				   h->letter, next);
	if (!is_carried(t) || sim_ring_has(&h->disk, pivot))
		return;
	for (unsigned i = 0; i < w->n; i++) {
		const struct sim_member *m = &w->hosts[i].m;
		/* Newcomers too: they hold up the writes that are not made yet. */
		bool is_seen = sim_is_member(w, i) && w->hosts[i].joined_us < h->round_us;
		/* One that is declared dead and lives holds up its own set (PROTOCOL 1). */
		bool is_excused = (m->is_edited && !w->hosts[i].is_newcomer) ||
				  (sim_is_router(h) && is_left_out(t, i)) ||
				  (is_back_from_death(&w->hosts[i]) &&
				   (m->state != SIM_UP || !could_see(h, &w->hosts[i])));
		if (m->state != SIM_DOWN && is_seen && !is_excused &&
		    !sim_ring_has(&m->loaded, next))
			sim_broken(w, "look", "%c narrows its file while %c does not accept key %u",
				   h->letter, w->hosts[i].letter, next);
	}
}

/* Applications find another one. */
static void check_router_stop(struct sim_host *h)
{
	struct sim_world *w = h->w;
	unsigned up = 0;
	for (unsigned i = 0; i < w->n; i++) {
		const struct sim_member *m = &w->hosts[i].m;
		up += i != h->i && sim_is_router(&w->hosts[i]) &&
		      (m->state == SIM_UP || m->down_since_us >= h->round_us);
	}
	if (h->m.state == SIM_UP && w->scenario->routers_n > 1 && up == 0)
		sim_broken(w, "majority", "%c stops its mongos, and no other one answers",
			   h->letter);
	if (h->m.state == SIM_UP && !(w->is_restored && w->restored_us >= h->round_us) &&
	    (w->truth.claim != 2 || sim_host_named(w, w->truth.claim_host) != h->i))
		sim_broken(w, "claim", "%c stops its mongos without an acting claim of its own",
			   h->letter);
}

/* It acts on what it saw in this round: what was so before the round began it must have seen. */
void sim_oracle_stop(struct sim_host *h)
{
	struct sim_world *w = h->w;
	unsigned up = 0, voters = 0, least;
	const struct sim_config *c = sim_config_of(w, h->i);
	if (sim_is_router(h))
		check_router_stop(h);
	/* Nor could it see who joined meanwhile, or was taken out: one that a person takes out and
	 * stops after the look leaves a set that can spare one less, and nothing tells of it before
	 * the stop. */
	while (c && c > w->configs && c[-1].until_us >= h->round_us)
		c--;
	if (h->m.state != SIM_UP || !c || !(c->mask & 1u << h->i) || c->n < 3)
		return;
	for (unsigned i = 0; i < c->n; i++)
		voters += sim_votes(&w->hosts[c->m[i].host].m) &&
			  w->hosts[c->m[i].host].joined_us < h->round_us;
	least = voters / 2 + 1;
	for (unsigned i = 0; i < w->n; i++) {
		const struct sim_member *m = &w->hosts[i].m;
		up += i != h->i && c->mask & 1u << i && w->hosts[i].joined_us < h->round_us &&
		      sim_votes(m) && (m->state == SIM_UP || m->down_since_us >= h->round_us);
	}
	if (up < least)
		sim_broken(w, "majority", "%c stops its member with %u others up, %u are needed",
			   h->letter, up, least);
	if (h->m.is_primary && h->m.primary_since_us < h->round_us)
		sim_broken(w, "primary", "%c stops the primary without a step-down", h->letter);
	if (!(w->is_restored && w->restored_us >= h->round_us) &&
	    (w->truth.claim != 2 || sim_host_named(w, w->truth.claim_host) != h->i))
		sim_broken(w, "claim", "%c stops its member without an acting claim of its own",
			   h->letter);
}

/* The primary hands over when all others have had their turn: by how they stood before the round.
 */
void sim_oracle_step_down(struct sim_host *h)
{
	struct sim_world *w = h->w;
	const struct sim_truth *t = &w->truth;
	unsigned pivot = number_of(w, &t->pivot), next = number_of(w, &t->next);
	sim_note(w, SIM_STEPS_DOWN, h->i, NULL);
	if (t->generation == 0 || t->is_closed || t->is_lost || w->is_restored)
		return;
	if (is_carried(t) && !sim_ring_has(&h->m.loaded, next))
		return; /* all others wait for it */
	if (is_left_out(t, h->i))
		return; /* for it as well, now that it is back */
	if (t->voted_us >= h->round_us)
		return; /* a nay that came meanwhile turns the order around */
	for (unsigned i = 0; i < w->n; i++) {
		const struct sim_member *m = &w->hosts[i].m;
		bool waits = is_given_up(t)  ? sim_ring_has(&m->loaded, next)
			     : is_carried(t) ? sim_ring_has(&m->loaded, pivot)
					     : !sim_ring_has(&m->loaded, next);
		bool is_named = false; /* who is not on the roll goes when it can */
		for (unsigned k = 0; k < t->roll_n; k++)
			is_named |= strcmp(t->roll[k], m->host) == 0 && !t->is_without[k];
		if (i != h->i && is_named && is_inside(w, i) && !sim_is_router(&w->hosts[i]) &&
		    m->state == SIM_UP && m->state_us < h->round_us && waits)
			sim_broken(w, "order",
				   "%c, the primary, takes its turn before %c has had its own",
				   h->letter, w->hosts[i].letter);
	}
}

void sim_oracle_text(struct sim_world *w, const char *where, const char *text, size_t n)
{
	enum { PART = 24 };
	for (unsigned i = 1; i <= w->keys_n; i++)
		if (w->keys[i].n >= PART && memmem(text, n, w->keys[i].text, PART))
			sim_broken(w, "secret", "key %u stands readable in %s", i, where);
	if (w->scenario->has_tls)
		sim_oracle_private(w, where, text, n);
	if (w->truth.salt_hex[0] && !strstr(where, "anchor.json") &&
	    memmem(text, n, w->truth.salt_hex, 64))
		sim_broken(w, "secret", "the salt stands readable in %s", where);
}

/* ---- the ledger ---- */

static void id_of(const json_t *content, const char *name, struct key_id *ret)
{
	const char *z = json_string_value(json_object_get(json_object_get(content, name), "id"));
	*ret = (struct key_id){.hex = ""};
	if (z)
		cut_z(ret->hex, sizeof(ret->hex), z);
}

static const char *text_of(const json_t *content, const char *name)
{
	const char *z = json_string_value(json_object_get(content, name));
	return z ? z : "";
}

static bool has_votes(const struct sim_truth *t)
{
	for (unsigned i = 0; i < t->roll_n; i++)
		if (t->votes[i] != 0)
			return true;
	return false;
}

/* All members are on it, and nobody else: by a configuration that was so within what rotad keeps of
 * one while nothing is under way. */
static void check_roll(struct sim_world *w)
{
	enum { KEPT_US = 40 * 1000000 };
	const struct sim_truth *t = &w->truth;
	unsigned mask = 0, routers = 0;
	for (unsigned i = 0; i < w->n; i++)
		routers |= sim_is_router(&w->hosts[i]) ? 1u << i : 0;
	for (unsigned i = 0; i < t->roll_n; i++)
		mask |= t->roll_host[i] < w->n ? 1u << t->roll_host[i] : 0;
	for (unsigned i = 0; i < w->configs_n; i++) {
		const struct sim_config *c = &w->configs[i];
		if ((c->mask | routers) == mask && c->n + w->scenario->routers_n == t->roll_n &&
		    (c->until_us == 0 || w->now_us - c->until_us < KEPT_US))
			return;
	}
	sim_broken(w, "roll", "%u members are on the roll, and these are not the %u of the set",
		   t->roll_n, sim_config_last(w)->n);
}

/* The set goes on without it: it is outside until it holds what they share by then. */
static void take_dead(struct sim_world *w, unsigned i)
{
	struct sim_truth *t = &w->truth;
	t->is_without[i] = true;
	sim_say(w, "ledger: %.1s is declared dead", t->roll[i]);
	if (t->roll_host[i] < w->n)
		w->hosts[t->roll_host[i]].was_dead = w->hosts[t->roll_host[i]].is_newcomer = true;
}

static void take_proposal(struct sim_world *w, unsigned generation, const json_t *c)
{
	struct sim_truth *t = &w->truth;
	struct key_id pivot, next, after;
	const json_t *roll = json_object_get(c, "roll");
	id_of(c, "pivot", &pivot);
	id_of(c, "next", &next);
	id_of(c, "after", &after);
	/* The ledger has lost what it once held: the rotads may do no harm by it, but whether the
	 * next generation is the next one cannot be told from there. What was voted stays so. */
	t->is_lost |= w->is_restored && generation <= t->generation && has_votes(t);
	if (t->is_lost)
		return;
	if (!w->is_restored && t->generation > 0 &&
	    (!t->is_closed || generation != t->generation + 1))
		sim_broken(w, "generation", "generation %u is proposed while %u is not over",
			   generation, t->generation);
	if (t->generation > 0 && !key_id_equal(&pivot, &t->pivot))
		sim_broken(w, "generation",
			   "generation %u begins with another pivot than the set has", generation);
	for (unsigned i = 0; i < t->dead_keys_n; i++)
		if (key_id_equal(&next, &t->dead_keys[i]))
			sim_broken(w, "dead-key", "a dead key is proposed");
	t->generation = generation;
	t->pivot = pivot;
	t->next = next;
	t->after = after;
	t->is_closed = t->is_carried = false;
	t->roll_n = 0;
	memset(t->votes, 0, sizeof(t->votes));
	memset(t->is_without, 0, sizeof(t->is_without));
	for (size_t i = 0; i < json_array_size(roll) && i < SIM_HOSTS_MAX; i++) {
		cut_z(t->roll[t->roll_n], HOST_BYTES_MAX, text_of(json_array_get(roll, i), "host"));
		t->roll_host[t->roll_n] = sim_host_named(w, t->roll[t->roll_n]);
		if (json_is_true(json_object_get(json_array_get(roll, i), "dead")))
			take_dead(w, t->roll_n);
		t->roll_n++;
	}
	check_roll(w);
	/* Who joined since the configuration was read is on no roll: outside, as whoever joins
	 * later. */
	for (unsigned i = 0; i < w->n; i++) {
		bool is_named = false;
		for (unsigned k = 0; k < t->roll_n; k++)
			is_named |= t->roll_host[k] == i;
		w->hosts[i].is_newcomer |= !is_named;
	}
	sim_say(w, "ledger: generation %u", generation);
	sim_note(w, SIM_PROPOSED, 0, NULL);
}

static void take_closure(struct sim_world *w, const json_t *closure)
{
	enum { JUST_US = 5 * 1000000 }; /* longer than a round */
	struct sim_truth *t = &w->truth;
	unsigned old = number_of(w, &t->pivot);
	bool carried =
	    json_is_true(json_object_get(json_object_get(closure, "content"), "carried"));
	if (t->is_closed)
		return;
	if (carried && !is_carried(t))
		sim_broken(w, "closure", "closed as carried without all votes");
	if (!carried && !is_given_up(t))
		sim_broken(w, "closure", "closed as given up without a nay");
	for (unsigned i = 0; carried && i < w->n; i++) {
		const struct sim_host *h = &w->hosts[i];
		if (!sim_is_member(w, i) || w->now_us - h->joined_us < JUST_US || is_left_out(t, i))
			continue;
		if (h->m.state == SIM_UP && !h->m.is_edited && sim_ring_has(&h->m.loaded, old))
			sim_broken(w, "closure", "closed while %c still accepts key %u", h->letter,
				   old);
		if (!h->is_edited && sim_ring_has(&h->disk, old))
			sim_broken(w, "closure", "closed while %c's file holds key %u", h->letter,
				   old);
	}
	t->is_closed = true;
	t->is_carried = carried;
	if (t->dead_keys_n < SIM_KEYS_MAX)
		t->dead_keys[t->dead_keys_n++] = carried ? t->pivot : t->next;
	t->standby = carried ? t->after : (struct key_id){.hex = ""};
	if (carried)
		t->pivot = t->next;
	w->result->rotations_n += carried;
	w->result->undone_n += !carried;
	sim_note(w, SIM_CLOSED, 0, NULL);
	sim_say(w, "ledger: generation %u is %s", t->generation, carried ? "closed" : "undone");
}

/* PROTOCOL 1: a yea is given once the member's file holds both keys, and its present process
 * accepts the new one. By what was so before the round that gives it began. */
static void check_yea(struct sim_world *w, const char *host)
{
	const struct sim_truth *t = &w->truth;
	unsigned pivot = number_of(w, &t->pivot), next = number_of(w, &t->next);
	for (unsigned i = 0; i < w->n; i++) {
		const struct sim_host *h = &w->hosts[i];
		const struct sim_member *m = &h->m;
		if (sim_host_named(w, host) != i)
			continue;
		if (h->edited_us < h->round_us &&
		    !(sim_ring_has(&h->disk, pivot) && sim_ring_has(&h->disk, next)))
			sim_broken(w, "yea", "%c votes yea, and its file does not hold both keys",
				   h->letter);
		if (m->state == SIM_UP && m->state_us < h->round_us &&
		    !sim_ring_has(&m->loaded, next))
			sim_broken(w, "yea", "%c votes yea, and its process has not loaded key %u",
				   h->letter, next);
	}
}

static void take_roll(struct sim_world *w, unsigned generation, const json_t *root)
{
	struct sim_truth *t = &w->truth;
	const json_t *votes = json_object_get(root, "votes"),
		     *closure = json_object_get(root, "closure");
	if (t->is_lost || (w->is_restored && generation < t->generation))
		return;
	if (generation != t->generation) {
		sim_broken(w, "roll", "the roll of generation %u changes in generation %u",
			   generation, t->generation);
		return;
	}
	bool was_carried = is_carried(t), was_given_up = is_given_up(t);
	bool may_lack = w->is_restored; /* votes and an end that were there stay true without */
	const json_t *dead = json_object_get(root, "without");
	for (unsigned i = 0; i < t->roll_n; i++)
		if (json_object_get(dead, t->roll[i]) && !t->is_without[i])
			take_dead(w, i);
	for (unsigned i = 0; i < t->roll_n; i++) {
		const char *word =
		    text_of(json_object_get(json_object_get(votes, t->roll[i]), "content"), "vote");
		int vote = strcmp(word, "yea") == 0 ? 1 : strcmp(word, "nay") == 0 ? -1 : 0;
		if (vote == 0 && may_lack)
			continue;
		/* A lost one of who has left comes from nowhere again, and binds nobody. */
		bool is_gone = t->roll_host[i] >= w->n || !sim_is_member(w, t->roll_host[i]);
		if (t->votes[i] != 0 && vote != t->votes[i] && !(w->is_restored && is_gone))
			sim_broken(w, "vote", "the vote of '%s' changes", t->roll[i]);
		if (vote != t->votes[i]) {
			sim_say(w, "ledger: %.1s votes %s", t->roll[i], word);
			sim_note(w, SIM_VOTED, MIN(t->roll_host[i], w->n - 1), NULL);
			t->voted_us = w->now_us;
		}
		if (vote == 1 && t->votes[i] != 1 && !w->is_restored)
			check_yea(w, t->roll[i]);
		t->votes[i] = vote;
	}
	if (!was_carried && is_carried(t)) {
		sim_say(w, "ledger: carried");
		sim_note(w, SIM_PIVOT, 0, NULL);
	}
	if (was_carried && was_given_up)
		sim_broken(w, "vote", "carried and given up");
	if (json_is_object(closure))
		take_closure(w, closure);
	else if (t->is_closed && !may_lack)
		sim_broken(w, "closure", "a closure is taken back");
	sim_oracle_keys(w);
}

static void take_claim(struct sim_world *w, const json_t *c)
{
	static const char *const words[] = {"free", "waiting", "acting"};
	struct sim_truth *t = &w->truth;
	int was = t->claim;
	for (int i = 0; i < 3; i++)
		if (strcmp(words[i], text_of(c, "state")) == 0)
			t->claim = i;
	if (!c)
		t->claim = 0;
	/* A slot of a sharded cluster's goes when its turn is over. */
	bool is_own = w->scenario->routers_n && sim_host_named(w, t->claim_host) == w->writer;
	if (was == 2 && !is_own && strcmp(t->claim_from, text_of(c, "from")) != 0 &&
	    !w->is_release_said)
		sim_broken(w, "claim", "an acting claim of '%s' is taken away", t->claim_host);
	if (w->is_release_said)
		w->released_us = w->now_us;
	w->is_release_said = false;
	cut_z(t->claim_from, sizeof(t->claim_from), text_of(c, "from"));
	cut_z(t->claim_host, sizeof(t->claim_host), text_of(c, "host"));
	sim_say(w, "ledger: claim %s%s%.1s", words[t->claim], t->claim ? " by " : "",
		t->claim_host);
}

/* Of the slots of a sharded cluster: the turn that acts, else one that waits. */
static const json_t *slot_of(const json_t *root)
{
	const json_t *slots = json_object_get(root, "slots"), *best = NULL;
	const char *name;
	json_t *slot;
	json_object_foreach((json_t *)(uintptr_t)slots, name, slot)
	{
		const json_t *c = json_object_get(slot, "content");
		const char *state = text_of(c, "state");
		if (!best || strcmp(state, "acting") == 0)
			best = strcmp(state, "free") != 0 ? c : best;
	}
	return best;
}

static void take_write(struct sim_world *w, const struct sim_write *x)
{
	json_error_t why;
	struct sim_truth *t = &w->truth;
	if (x->rev == 0)
		return;
	bool is_wanted = strncmp(x->id, "proposal/", 9) == 0 || strncmp(x->id, "roll/", 5) == 0 ||
			 strncmp(x->id, "claim", 5) == 0 || strcmp(x->id, "hold") == 0;
	if (!is_wanted)
		return;
	AUTO(json_t) root = json_loadb(x->text, x->text_n, 0, &why);
	const json_t *content = json_object_get(root, "content");
	if (x->id[0] == 'p')
		take_proposal(w, (unsigned)strtoul(x->id + 9, NULL, 10), content);
	else if (x->id[0] == 'r')
		take_roll(w, (unsigned)strtoul(x->id + 5, NULL, 10), root);
	else if (x->id[0] == 'c')
		take_claim(w, w->scenario->routers_n ? slot_of(root) : content);
	else {
		t->is_hold_on = json_is_true(json_object_get(content, "on"));
		sim_say(w, "ledger: hold %s, by %s: %.120s", t->is_hold_on ? "on" : "off",
			text_of(content, "who"), text_of(content, "why"));
	}
}

/* Whoever is revoked gets no key, from anybody who knew it before its round began. */
static void check_revoked(struct sim_host *h, const struct sim_write *x)
{
	struct sim_world *w = h->w;
	const char *spki = strrchr(x->id, '/');
	for (unsigned i = 0; spki && i < w->n; i++) {
		struct sim_host *o = &w->hosts[i];
		if (strncmp(x->id, "envelope/", 9) == 0 && o->is_revoked && !h->is_revoked &&
		    !w->is_restored && strcmp(o->revoked_spki, spki + 1) == 0 &&
		    o->revoked_us < h->round_us && x->rev)
			sim_broken(w, "revoked", "%c's rotad seals keys for %c, which is revoked",
				   h->letter, o->letter);
	}
}

static void take_revocation(struct sim_world *w, const struct sim_write *x)
{
	json_error_t why;
	AUTO(json_t) root = json_loadb(x->text, x->text_n, 0, &why);
	unsigned i = sim_host_named(w, text_of(json_object_get(root, "content"), "host"));
	if (i >= w->n || w->hosts[i].is_revoked)
		return;
	w->hosts[i].is_revoked = true;
	w->hosts[i].revoked_us = w->now_us;
	cut_z(w->hosts[i].revoked_spki, sizeof(w->hosts[i].revoked_spki), strrchr(x->id, '/') + 1);
	sim_say(w, "ledger: %c is revoked", w->hosts[i].letter);
}

void sim_oracle_ledger(struct sim_host *h, const struct sim_write *x)
{
	struct sim_world *w = h->w;
	w->writer = h->i;
	check_revoked(h, x);
	if (x->rev && strncmp(x->id, "revocation/", 11) == 0)
		take_revocation(w, x);
	if (x->rev)
		sim_oracle_text(w, x->id, x->text, x->text_n);
	take_write(w, x);
}

/* What is as the ledger says, and nothing else: who has the turn, a hold. */
void sim_oracle_again(struct sim_world *w)
{
	static const char *const ids[] = {"claim", "claims", "hold"};
	w->truth.claim = 0;
	w->truth.is_hold_on = false;
	for (size_t i = 0; i < ARRAY_N(ids); i++) {
		const struct sim_write *x = sim_store_find(w, ids[i], w->writes_n);
		if (x)
			take_write(w, x);
	}
}

/* Those that a revoked host gave stand there and count no more. */
unsigned sim_orders(const struct sim_world *w)
{
	unsigned n = 0;
	for (unsigned i = 0; i < w->docs_n; i++) {
		const struct sim_write *x = &w->writes[w->docs[i]];
		bool is_void = false;
		if (!x->rev || strncmp(x->id, "order/", 6) != 0)
			continue;
		for (unsigned k = 0; k < w->n; k++)
			is_void |=
			    w->hosts[k].is_revoked && strstr(x->text, w->hosts[k].revoked_spki);
		n += !is_void;
	}
	return n;
}

/* ---- at rest ---- */

static bool not_yet(char *why, size_t why_n, const char *text, char letter)
{
	snprintf(why, why_n, "%c: %s", letter, text);
	return false;
}

/* The pivot alone, or the key that stands by beside it, as it must be where nothing went wrong. */
static bool is_at_rest(struct sim_world *w, const struct sim_ring *r)
{
	const struct sim_truth *t = &w->truth;
	unsigned pivot = number_of(w, &t->pivot);
	if (r->n == 1)
		return r->keys[0] == pivot && (!key_id_given(&t->standby) || w->scenario->faults_n);
	return r->n == 2 && key_id_given(&t->standby) && sim_ring_has(r, pivot) &&
	       sim_ring_has(r, number_of(w, &t->standby));
}

bool sim_oracle_rest(struct sim_world *w, char *why, size_t why_n)
{
	const struct sim_truth *t = &w->truth;
	const char *tls;
	if (t->generation == 0 || !t->is_closed)
		return not_yet(why, why_n, "the rotation is not closed", '-');
	if (t->is_hold_on)
		return not_yet(why, why_n, "the cluster is held", '-');
	if (t->claim)
		return not_yet(why, why_n, "the turn is taken", t->claim_host[0]);
	if (sim_orders(w))
		return not_yet(why, why_n, "an order stands", '-');
	for (unsigned i = 0; i < w->n; i++) {
		const struct sim_host *h = &w->hosts[i];
		if (!sim_is_member(w, i))
			continue;
		if (!sim_is_healthy(h))
			return not_yet(why, why_n, "its member does not serve", h->letter);
		if (!is_at_rest(w, &h->disk))
			return not_yet(why, why_n, "its file holds other keys", h->letter);
		if (!is_at_rest(w, &h->m.loaded))
			return not_yet(why, why_n, "its process has loaded other keys", h->letter);
		/* Who joined on the way need not know of them all. */
		bool has_retired =
		    h->joined_us || h->was_dead || h->seat.anchor.retired_n >= t->dead_keys_n;
		if (!h->is_rotad || !h->is_seat_open || !has_retired)
			return not_yet(why, why_n, "its rotad has not retired the key", h->letter);
		if (h->seat.notes.job_is_open)
			return not_yet(why, why_n, "its rotad waits for a restart", h->letter);
		if (!sim_tls_rest(h, &tls))
			return not_yet(why, why_n, tls, h->letter);
	}
	return true;
}
