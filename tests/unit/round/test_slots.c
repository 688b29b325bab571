/* SPDX-License-Identifier: Apache-2.0 */
/* Turns of a sharded cluster: what may have moved since a turn was judged, and what must not. By
 * s1's rotad; the claims are not read here, so that any JSON stands for one. */
#include "lib/test.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "round/ledger_read.h"
#include "round/slots.h"

static struct {
	struct seat t;
	struct config *config;
	char text[1000];       /* the document; "" it is not there */
	const char *meanwhile; /* what somebody makes of it between read and swap, once */
	int64_t rev;
	unsigned reads_n;
} w;

static bool fake_read(void *self UNUSED, const char *id, struct arena *arena UNUSED,
		      struct store_doc *ret, bool *ret_found, struct err *err UNUSED)
{
	assert_string_equal(id, CLAIMS_DOC);
	w.reads_n++;
	*ret_found = w.text[0] != '\0';
	*ret = (struct store_doc){.rev = w.rev, .text = str_of(w.text)};
	return true;
}

static bool fake_swap(void *self UNUSED, const struct store_doc *doc, int64_t expected,
		      enum store_outcome *ret, struct err *err UNUSED)
{
	if (w.meanwhile) {
		cut_z(w.text, sizeof(w.text), w.meanwhile);
		w.meanwhile = NULL;
		w.rev++;
	}
	*ret = expected == w.rev ? STORE_DONE : STORE_CONFLICT;
	if (*ret == STORE_DONE) {
		assert_true(doc->text.n < sizeof(w.text));
		memcpy(w.text, doc->text.p, doc->text.n);
		w.text[doc->text.n] = '\0';
		w.rev++;
	}
	return true;
}

static bool fake_random(void *self UNUSED, void *out, size_t n, struct err *err UNUSED)
{
	memset(out, 7, n);
	return true;
}

static int set_up(void **state UNUSED)
{
	static const struct store_ops store = {.read = fake_read, .swap = fake_swap};
	static const struct host_ops host = {.random = fake_random};
	struct err err = ERR_INIT;
	memset(&w, 0, sizeof(w));
	w.config = calloc(1, sizeof(*w.config));
	w.t.config = w.config;
	w.t.seen = calloc(1, sizeof(*w.t.seen));
	w.t.cluster = calloc(1, sizeof(*w.t.cluster));
	w.t.cluster->sets_n = 3;
	cut_z(w.t.cluster->sets[0].name, NAME_BYTES_MAX, "s1");
	w.t.ports.set_store.ops = &store;
	w.t.ports.host.ops = &host;
	assert_true(arena_init(&w.t.arena, 65536, &err));
	return 0;
}

static int tear_down(void **state UNUSED)
{
	arena_fini(&w.t.arena);
	free(w.t.cluster);
	free(w.t.seen);
	free(w.config);
	return 0;
}

#define SLOTS(some) "{\"slots\":{" some "},\"type\":\"rotad-claims/1\"}"
#define S1(n) "\"s1\":{\"n\":" #n "}"
#define S2(n) "\"s2\":{\"n\":" #n "}"
#define S3(n) "\"s3\":{\"n\":" #n "}"

/* As read_slots() does it. The sets of `others` are in a turn, the one of `stale` for too long. */
static void judge(const char *text, const char *others, const char *stale)
{
	struct claims_parts parts = {.n = 0};
	struct seen_ledger *l = &w.t.seen->ledger;
	struct err err = ERR_INIT;
	cut_z(w.text, sizeof(w.text), text);
	w.t.revs_claim = w.rev = text[0] ? 5 : 0;
	memset(&w.t.cluster->own_slot, 0, sizeof(w.t.cluster->own_slot));
	if (text[0]) {
		assert_true(claims_decode(str_of(text), &parts, &err));
		assert_true(slots_judge(&w.t, &parts, &err));
	}
	l->slots_n = w.t.cluster->slots_n = 0;
	if (others[0])
		cut_z(l->slots[l->slots_n++].set, NAME_BYTES_MAX, others);
	if (stale[0]) {
		w.t.cluster->slots_n = 1;
		w.t.cluster->slots[0].is_stale = true;
		cut_z(w.t.cluster->slots[0].set, NAME_BYTES_MAX, stale);
	}
}

static void what_moved_since_decides(void **state UNUSED)
{
	static const struct {
		const char *judged, *others, *stale, *now; /* now NULL: as judged */
		enum claim_state state;
		const char *wanted; /* NULL: it is refused, and nothing was written */
	} rows[] = {
	    {"", "", "", NULL, CLAIM_WAITING, SLOTS(S1(9))},
	    {SLOTS(S1(1)), "", "", NULL, CLAIM_ACTING, SLOTS(S1(9))},
	    {SLOTS(S1(1)), "", "", NULL, CLAIM_FREE, SLOTS("")},
	    {SLOTS(S1(1) "," S2(1)), "s2", "", NULL, CLAIM_FREE, SLOTS(S2(1))},
	    /* who gives his turn back asks nobody, */
	    {SLOTS(S1(1)), "", "", SLOTS(S1(1) "," S2(1)), CLAIM_FREE, SLOTS(S2(1))},
	    {SLOTS(S1(1) "," S2(1)), "s2", "", SLOTS(S1(1)), CLAIM_FREE, SLOTS("")},
	    /* unless it is no more the one that he had. */
	    {SLOTS(S1(1)), "", "", SLOTS(S1(2)), CLAIM_FREE, NULL},
	    {SLOTS(S1(1)), "", "", SLOTS(S2(1)), CLAIM_FREE, NULL},
	    {SLOTS(S1(1)), "", "", SLOTS(""), CLAIM_FREE, NULL},
	    /* Who takes one: others may have moved on or gone, */
	    {SLOTS(S2(1)), "s2", "", SLOTS(S2(2)), CLAIM_WAITING, SLOTS(S1(9) "," S2(2))},
	    {SLOTS(S2(1)), "s2", "", SLOTS(""), CLAIM_WAITING, SLOTS(S1(9))},
	    {SLOTS(S1(1) "," S2(1)), "s2", "", SLOTS(S1(1)), CLAIM_ACTING, SLOTS(S1(9))},
	    /* but not come, nor his own. */
	    {SLOTS(S2(1)), "s2", "", SLOTS(S2(1) "," S3(1)), CLAIM_WAITING, NULL},
	    {SLOTS(S2(1)), "s2", "", SLOTS(S3(1)), CLAIM_WAITING, NULL},
	    {SLOTS(S2(1)), "s2", "", SLOTS(S1(1) "," S2(1)), CLAIM_WAITING, NULL},
	    {SLOTS(S1(1)), "", "", SLOTS(S1(2)), CLAIM_ACTING, NULL},
	    {"", "", "", SLOTS(S2(1)), CLAIM_WAITING, NULL},
	    {"", "", "", SLOTS(S1(1)), CLAIM_WAITING, NULL},
	    /* A turn that stood still is taken away with the one taken, if it still stands still.
	     */
	    {SLOTS(S2(1)), "", "s2", NULL, CLAIM_WAITING, SLOTS(S1(9))},
	    {SLOTS(S2(1)), "", "s2", SLOTS(S2(2)), CLAIM_WAITING, NULL},
	    {SLOTS(S2(1)), "", "s2", SLOTS(""), CLAIM_WAITING, SLOTS(S1(9))},
	    {SLOTS(S1(1) "," S2(1)), "", "s2", NULL, CLAIM_FREE, SLOTS(S2(1))},
	    /* It stood still once, and is in a turn now, also one that is not to be believed. */
	    {SLOTS(S2(1)), "s2", "s2", NULL, CLAIM_WAITING, SLOTS(S1(9) "," S2(1))},
	    {SLOTS(S2(1)), "s2", "s2", SLOTS(S2(2)), CLAIM_WAITING, SLOTS(S1(9) "," S2(2))},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++)
		/* Moved before it is read again, or between that and the swap. */
		for (int late = 0; late < (rows[i].now ? 2 : 1); late++) {
			struct err err = ERR_INIT;
			const char *before = rows[i].now ? rows[i].now : rows[i].judged;
			judge(rows[i].judged, rows[i].others, rows[i].stale);
			if (late)
				w.meanwhile = rows[i].now;
			else if (rows[i].now) {
				cut_z(w.text, sizeof(w.text), rows[i].now);
				w.rev++;
			}
			bool ok = slots_put(&w.t, rows[i].state, STR("{\"n\":9}"), &err);
			if (ok != (rows[i].wanted != NULL) || (!ok && err.kind != ERR_CONFLICT) ||
			    strcmp(w.text, ok ? rows[i].wanted : before) != 0)
				fail_msg("row %zu, late %d: %d %s %s", i, late, ok, w.text,
					 err.text);
		}
}

static bool never(void *self UNUSED, const struct store_doc *doc UNUSED, int64_t expected UNUSED,
		  enum store_outcome *ret, struct err *err UNUSED)
{
	*ret = STORE_CONFLICT;
	return true;
}

static void it_is_not_tried_for_ever(void **state UNUSED)
{
	static const struct store_ops store = {.read = fake_read, .swap = never};
	struct err err = ERR_INIT;
	judge(SLOTS(S1(1)), "", "");
	w.t.ports.set_store.ops = &store;
	assert_false(slots_put(&w.t, CLAIM_FREE, STR(""), &err));
	assert_int_equal(err.kind, ERR_CONFLICT);
	assert_in_range(w.reads_n, 3, 9);
}

static void damaged_or_without_a_cluster_nothing_is_written(void **state UNUSED)
{
	struct err err = ERR_INIT;
	judge("", "", "");
	cut_z(w.text, sizeof(w.text), "{}");
	assert_false(slots_put(&w.t, CLAIM_FREE, STR(""), &err));
	assert_string_equal(w.text, "{}");
	err_clear(&err);
	w.t.cluster->sets_n = 0;
	assert_false(slots_put(&w.t, CLAIM_FREE, STR(""), &err));
	assert_int_equal(err.kind, ERR_NOT_FOUND);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
int main(void)
{
	const struct CMUnitTest tests[] = {CASE(what_moved_since_decides),
					   CASE(it_is_not_tried_for_ever),
					   CASE(damaged_or_without_a_cluster_nothing_is_written)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
