/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger's documents as the set keeps them, behind port/store.h: majority reads by whoever
 * believes to be primary, compare-and-set, answers that get lost. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/sim_world.h"

enum { STORE_TIMEOUT = 5 * 1000000 };

static bool gone(struct err *err)
{
	return err_set(err, ERR_SYSTEM, "this rotad was killed");
}

/* Where it stands in the table of what there is now, or would stand. */
static unsigned place_of(const struct sim_world *w, const char *id, bool *ret_found)
{
	unsigned low = 0, high = w->docs_n;
	while (low < high) {
		unsigned middle = (low + high) / 2;
		int order = strcmp(w->writes[w->docs[middle]].id, id);
		if (order == 0) {
			*ret_found = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*ret_found = false;
	return low;
}

const struct sim_write *sim_store_find(const struct sim_world *w, const char *id, size_t commit)
{
	if (commit == w->writes_n) {
		bool found;
		unsigned at = place_of(w, id, &found);
		return found && w->writes[w->docs[at]].rev ? &w->writes[w->docs[at]] : NULL;
	}
	for (size_t i = commit; i-- > 0;)
		if (strcmp(w->writes[i].id, id) == 0)
			return w->writes[i].rev ? &w->writes[i] : NULL;
	return NULL;
}

static struct sim_write *append(struct sim_world *w, const char *id, int64_t rev, const char *nonce,
				struct str text)
{
	if (w->writes_n == w->writes_cap) {
		w->writes_cap = w->writes_cap ? w->writes_cap * 2 : 256;
		w->writes = realloc(w->writes, w->writes_cap * sizeof(*w->writes));
		ASSERT(w->writes);
	}
	bool found;
	unsigned at = place_of(w, id, &found);
	struct sim_write *x = &w->writes[w->writes_n++];
	*x = (struct sim_write){.at_us = w->now_us, .rev = rev, .text_n = text.n};
	snprintf(x->id, sizeof(x->id), "%s", id);
	snprintf(x->nonce, sizeof(x->nonce), "%s", nonce);
	x->text = malloc(text.n + 1);
	ASSERT(x->text);
	if (text.n)
		memcpy(x->text, text.p, text.n);
	x->text[text.n] = 0;
	/* The table of what there is now, in order of id. */
	if (!found) {
		ASSERT(w->docs_n < SIM_DOCS_MAX);
		memmove(&w->docs[at + 1], &w->docs[at], (w->docs_n - at) * sizeof(w->docs[0]));
		w->docs_n++;
	}
	w->docs[at] = w->writes_n - 1;
	return x;
}

void sim_store_restore(struct sim_world *w, int64_t ago_us)
{
	size_t end = w->writes_n, then = 0;
	while (then < end && w->writes[then].at_us <= w->now_us - ago_us)
		then++;
	for (size_t i = then; i < end; i++) {
		const char *id = w->writes[i].id;
		const struct sim_write *old = sim_store_find(w, id, then);
		const struct sim_write *now = sim_store_find(w, id, w->writes_n);
		if (old && (!now || now->rev != old->rev))
			append(w, id, old->rev, old->nonce,
			       (struct str){.p = old->text, .n = old->text_n});
		else if (!old && now)
			append(w, id, 0, "", (struct str){.n = 0});
	}
}

void sim_store_fini(struct sim_world *w)
{
	for (size_t i = 0; i < w->writes_n; i++)
		free(w->writes[i].text);
	free(w->writes);
	w->writes = NULL;
	w->writes_n = w->writes_cap = 0;
}

/* Whoever of the targets says to be primary, and lets this rotad in. */
static struct sim_host *find_primary(struct sim_host *h, struct err *err)
{
	struct sim_world *w = h->w;
	bool is_refused = false;
	if (w->scenario->is_standalone) /* a file of its own host */
		return h;
	const struct mongod_credential *c = &h->seat.aim_credential;
	for (unsigned i = 0; i < w->n; i++) {
		struct sim_host *k = &w->hosts[(i + h->i) % w->n];
		bool fits = false;
		if (k->m.state != SIM_UP || !k->m.is_primary || !sim_link(w, h->i, k->i) ||
		    !sim_link(w, k->i, h->i) || !sim_tls_lets(h, k))
			continue;
		for (unsigned x = 0; c->key && x < k->m.loaded.n; x++)
			fits |=
			    w->keys[k->m.loaded.keys[x]].n == c->key->n &&
			    memcmp(w->keys[k->m.loaded.keys[x]].text, c->key->p, c->key->n) == 0;
		if (fits)
			return k;
		is_refused = true;
	}
	(void)err_set(err, is_refused ? ERR_AUTH : ERR_UNREACHABLE,
		      is_refused ? "the primary refuses the login"
				 : "the set has no primary that answers");
	return NULL;
}

static bool has_majority(const struct sim_world *w, unsigned i)
{
	return w->scenario->is_standalone || sim_has_majority(w, i);
}

/* Ask the primary: the way there, and whether this question times out. */
static struct sim_host *ask(struct sim_host *h, struct err *err)
{
	if (!(h->w->scenario->is_standalone ? sim_local(h) : sim_call(h))) {
		(void)gone(err);
		return NULL;
	}
	if (h->stuck_calls > 0) {
		h->stuck_calls--;
		if (!sim_wait(h, STORE_TIMEOUT))
			(void)gone(err);
		else
			(void)err_set(err, ERR_TIMEOUT, "the helper did not answer in time");
		return NULL;
	}
	return find_primary(h, err);
}

/* A revision's text stays where it is until the run is over. */
static void copy_doc(const struct sim_write *from, struct store_doc *ret)
{
	memcpy(ret->id, from->id, sizeof(ret->id));
	memcpy(ret->nonce, from->nonce, sizeof(ret->nonce));
	ret->rev = from->rev;
	ret->text = (struct str){.p = from->text, .n = from->text_n};
}

static bool store_list(void *self, const char *prefix, struct arena *arena, struct store_doc **ret,
		       size_t *ret_n, struct err *err)
{
	struct sim_host *h = self;
	struct sim_world *w = h->w;
	const struct sim_write *found[SIM_DOCS_MAX];
	size_t kept = 0;
	struct sim_host *k = ask(h, err);
	if (!k)
		return false;
	size_t commit = has_majority(w, k->i) ? w->writes_n : k->m.commit;
	for (unsigned i = 0; i < w->docs_n; i++) {
		const struct sim_write *x = &w->writes[w->docs[i]];
		if (strncmp(x->id, prefix, strlen(prefix)) != 0)
			continue;
		if (commit < w->writes_n)
			x = sim_store_find(w, x->id, commit);
		if (x && x->rev)
			found[kept++] = x;
	}
	struct store_doc *docs = arena_get_raw(arena, MAX(kept, (size_t)1) * sizeof(*docs), err);
	if (!docs)
		return false;
	for (size_t i = 0; i < kept; i++)
		copy_doc(found[i], &docs[i]);
	if (!sim_call(h))
		return gone(err);
	*ret = docs;
	*ret_n = kept;
	return true;
}

static bool store_read(void *self, const char *id, struct arena *arena, struct store_doc *ret,
		       bool *ret_found, struct err *err)
{
	struct sim_host *h = self;
	struct sim_world *w = h->w;
	struct sim_host *k = ask(h, err);
	(void)arena;
	if (!k)
		return false;
	if (!has_majority(w, k->i)) { /* linearizable */
		if (!sim_wait(h, STORE_TIMEOUT))
			return gone(err);
		return err_set(err, ERR_TIMEOUT, "a linearizable read took too long");
	}
	const struct sim_write *x = sim_store_find(w, id, w->writes_n);
	*ret_found = x != NULL;
	if (x)
		copy_doc(x, ret);
	return sim_call(h) || gone(err);
}

static bool change(struct sim_host *h, const struct store_doc *doc, const char *id,
		   int64_t expected, enum store_outcome *ret, struct err *err)
{
	struct sim_world *w = h->w;
	struct sim_host *k = ask(h, err);
	bool is_lost = false;
	if (!k)
		return false;
	if (!has_majority(w, k->i)) {
		/* Done there, never by the majority, and rolled back later. */
		if (!sim_wait(h, STORE_TIMEOUT))
			return gone(err);
		*ret = STORE_AMBIGUOUS;
		return true;
	}
	if (w->unsure_writes > 0) {
		w->unsure_writes--;
		is_lost = true;
		if (w->coverage)
			w->coverage->faults[SIM_STORE_UNSURE]++;
		if (sim_chance(w, 500000)) {
			if (!sim_wait(h, STORE_TIMEOUT))
				return gone(err);
			*ret = STORE_AMBIGUOUS;
			return true;
		}
	}
	const struct sim_write *x = sim_store_find(w, id, w->writes_n);
	if ((x ? x->rev : 0) != expected)
		*ret = STORE_CONFLICT;
	else {
		*ret = STORE_DONE;
		struct sim_write *fresh =
		    append(w, id, doc ? expected + 1 : 0, doc ? doc->nonce : "",
			   doc ? doc->text : (struct str){.n = 0});
		sim_oracle_ledger(h, fresh);
	}
	if (!sim_wait(h, is_lost ? STORE_TIMEOUT : sim_between(w, 500, 8000)))
		return gone(err);
	if (is_lost || !sim_link(w, k->i, h->i))
		*ret = STORE_AMBIGUOUS;
	return true;
}

static bool store_swap(void *self, const struct store_doc *doc, int64_t expected,
		       enum store_outcome *ret, struct err *err)
{
	return change(self, doc, doc->id, expected, ret, err);
}

static bool store_remove(void *self, const char *id, int64_t expected, enum store_outcome *ret,
			 struct err *err)
{
	return change(self, NULL, id, expected, ret, err);
}

static const struct store_ops store_ops_table = {
    .list = store_list, .read = store_read, .swap = store_swap, .remove = store_remove};

struct store_port sim_store_port(struct sim_host *h)
{
	return (struct store_port){.ops = &store_ops_table, .self = h};
}

void sim_store_aim(void *self, const struct mongod_target *targets, size_t n,
		   const struct mongod_credential *c)
{
	(void)self; /* the seat keeps both; the simulated store looks there */
	(void)targets;
	(void)n;
	(void)c;
}
