/* SPDX-License-Identifier: Apache-2.0 */
/* rotad --before-start by this host's disk alone: puts back what the anchor and the notes prove,
 * and leaves the file in every doubt. */
#include "lib/test.h"

#include <stdlib.h>
#include <string.h>

#include "codec/digest.h"
#include "codec/keyfile_text.h"
#include "lib/fake_files.h"
#include "round/round.h"

#define NOW_US (1800000000 * US_S)
#define KEYFILE "/etc/mongod.key"
#define PREVIOUS KEYFILE FILES_PREVIOUS_SUFFIX
#define NOTES "/state/rs0-a/notes.json"

/* 64 characters each; 9 is a stranger's. */
static const char *key_text(unsigned n)
{
	static char texts[10][65];
	memset(texts[n], 'A' + (int)n, 64);
	return texts[n];
}

static struct {
	struct fake_files disk;
	struct files_ops files_ops;
	struct config *config;
	struct seat *t;
	unsigned told_n;
} w;

static struct wall fake_now(void *self UNUSED)
{
	return (struct wall){.us = NOW_US};
}
static const struct host_ops host_ops = {.now = fake_now};
static bool fake_can_put(void *self UNUSED, const char *path UNUSED, struct err *err UNUSED)
{
	return true;
}
static void fake_tell(void *self UNUSED, const struct event *e UNUSED, bool is_mine UNUSED)
{
	w.told_n++;
}

static struct ring_ids ring(unsigned first, unsigned second)
{
	struct keyring keys = {.n = 0};
	struct ring_ids ids;
	struct err err = ERR_INIT;
	assert_true(keyring_add(&keys, key_text(first), 64, &err));
	if (second)
		assert_true(keyring_add(&keys, key_text(second), 64, &err));
	assert_true(ring_ids_of(&keys, w.t->anchor.salt_hex, &ids, &err));
	keyring_fini(&keys);
	return ids;
}
static struct key_name name(unsigned n)
{
	return (struct key_name){.number = n, .id = ring(n, 0).ids[0]};
}
static void put(const char *path, unsigned first, unsigned second)
{
	char text[200];
	snprintf(text, sizeof(text), second ? "- %s\n- %s\n" : "%s\n%s", key_text(first),
		 second ? key_text(second) : "");
	fake_files_set(&w.disk, path, text, strlen(text));
}
static bool holds(const char *path, unsigned first, unsigned second)
{
	const int i = fake_files_find(&w.disk, path);
	return i >= 0 && strstr(w.disk.files[i].bytes, key_text(first)) &&
	       (!second || strstr(w.disk.files[i].bytes, key_text(second)));
}

/* Key 1 is in use, key 2 is being introduced: this rotad wrote both and voted. Somebody put key 1
 * alone back; the previous file was kept. */
static void begin(void)
{
	struct seat *t = w.t = calloc(1, sizeof(*t));
	struct keyfile_policy *f;
	w.config = calloc(1, sizeof(*w.config));
	config_init(w.config);
	f = &w.config->policy.keyfile;
	w.config->policy.mode = f->mode = MODE_ACT;
	w.config->instances_n = 1;
	cut_z(w.config->instances[0].name, NAME_BYTES_MAX, "rs0-a");
	w.config->instances[0].mode = MODE_ACT;
	t->config = w.config;
	t->instance = &w.config->instances[0];
	t->seen = calloc(1, sizeof(*t->seen));
	cut_z(t->directory, sizeof(t->directory), "/state/rs0-a");
	w.files_ops = fake_files_ops;
	w.files_ops.can_put = fake_can_put;
	t->ports = (struct round_ports){.files = {.ops = &w.files_ops, .self = &w.disk},
					.host = {.ops = &host_ops},
					.tell = fake_tell};
	w.disk.mode = 0600;
	w.told_n = 0;
	struct err err = ERR_INIT;
	assert_true(arena_init(&t->arena, 64 * 1024, &err));
	memset(t->anchor.salt_hex, 'a', 64);
	memset(t->anchor.ledger.hex, '1', TOKEN_CHARS);
	t->anchor.generation = 1;
	t->anchor.pivot = name(1);
	t->anchor.next = name(2);
	t->anchor.votes_n = 1;
	t->anchor.votes[0].word = VOTE_YEA;
	t->anchor.votes[0].generation = 1;
	cut_z(t->anchor.votes[0].host, HOST_BYTES_MAX, "a:27017");
	cut_z(t->notes.me, HOST_BYTES_MAX, "a:27017");
	t->notes.has_written = true;
	t->notes.written_ring = ring(1, 2);
	t->has_options = true;
	cut_z(t->options.key_file, sizeof(t->options.key_file), KEYFILE);
	put(KEYFILE, 1, 0);
	put(PREVIOUS, 1, 2);
}
static void end(void)
{
	keychain_fini(&w.t->chain);
	arena_fini(&w.t->arena);
	free(w.t->seen);
	free(w.t);
	free(w.config);
	fake_files_fini(&w.disk);
}

static struct notes durable(void)
{
	struct notes n = {.has_written = false};
	struct err err = ERR_INIT;
	const int i = fake_files_find(&w.disk, NOTES);
	if (i >= 0)
		assert_true(notes_decode(
		    (struct str){.p = w.disk.files[i].bytes, .n = w.disk.files[i].n}, &n, &err));
	return n;
}

/* X(name, how it ends, words of why, what is otherwise): t, a, n, f are the seat, its anchor, its
 * notes and the policy. */
#define ROWS(X)                                                                                    \
	X(both_keys, FINE, "the key in use", put(KEYFILE, 1, 2))                                   \
	X(both_the_other_way_round, FINE, "the key in use", put(KEYFILE, 2, 1))                    \
	X(before_the_yea, FINE, "the key in use", a->votes_n = 0)                                  \
	X(a_yea_to_another_generation, FINE, "the key in use", a->votes[0].generation = 0)         \
	X(after_a_nay, FINE, "the key in use", a->burnt = name(2))                                 \
	X(after_the_votes, FINE, "the key in use", a->pivot = name(2);                             \
	  n->written_ring = ring(2, 0); put(KEYFILE, 2, 0))                                        \
	X(a_strangers_key_beside_it, FINE, "the key in use", a->votes_n = 0; put(KEYFILE, 1, 9))   \
	X(right_in_mode_observe, FINE, "the key in use", f->mode = MODE_OBSERVE;                   \
	  put(KEYFILE, 1, 2))                                                                      \
	X(the_promised_key_is_missing, MENDED, "other keys", )                                     \
	X(the_pivot_is_missing, MENDED, "other keys", put(KEYFILE, 2, 0); put(PREVIOUS, 1, 0))     \
	X(a_dead_key, MENDED, "a dead key", put(KEYFILE, 3, 0); a->retired[0] = name(3);           \
	  a->retired_n = 1)                                                                        \
	X(the_old_key_after_the_votes, MENDED, "a dead key", a->pivot = name(2);                   \
	  n->written_ring = ring(2, 0); a->next = name(2); a->retired[0] = name(3);                \
	  a->retired_n = 1; put(KEYFILE, 3, 0))                                                    \
	X(the_key_before_while_it_is_not_retired, MENDED, "other keys", a->pivot = name(2);        \
	  a->next = name(2); n->written_ring = ring(2, 0); put(KEYFILE, 1, 0))                     \
	X(the_key_before_and_no_file_tells_of_it, LEFT, "not known here", a->pivot = name(2);      \
	  a->next = name(2); n->written_ring = ring(2, 0); put(KEYFILE, 1, 0);                     \
	  put(PREVIOUS, 3, 2))                                                                     \
	X(a_newer_key_that_would_be_lost, LEFT, "newer", a->votes_n = 0;                           \
	  n->written_ring = ring(1, 0); put(KEYFILE, 2, 0); put(PREVIOUS, 1, 0))                   \
	X(the_key_that_stood_by_would_be_lost, LEFT, "newer", a->votes_n = 0;                      \
	  a->next = (struct key_name){.number = 0}; a->standby = name(2);                          \
	  n->written_ring = ring(1, 0); put(KEYFILE, 2, 0); put(PREVIOUS, 1, 0))                   \
	X(a_newer_key_that_is_put_back_with_it, MENDED, "other keys", a->votes_n = 0;              \
	  put(KEYFILE, 2, 0))                                                                      \
	X(no_ledger, LEFT, "no ledger", a->ledger.hex[0] = 0)                                      \
	X(no_pivot, LEFT, "no ledger", a->pivot = (struct key_name){.number = 0})                  \
	X(no_file, LEFT, "none", free(w.disk.files[0].bytes); w.disk.files[0].bytes = NULL)        \
	X(unreadable, LEFT, "bad sector", w.disk.is_unreadable = true)                             \
	X(open_to_others, LEFT, "open-permissions", w.disk.mode = 0644)                            \
	X(no_keyfile, LEFT, "", fake_files_set(&w.disk, KEYFILE, "?", 1))                          \
	X(a_strangers_key, LEFT, "not known here", put(KEYFILE, 9, 0))                             \
	X(observe, LEFT, "mode", f->mode = MODE_OBSERVE)                                           \
	X(ask, LEFT, "mode", t->config = w.config; w.config->instances[0].mode = MODE_ASK)         \
	X(schedule_not_read, LEFT, "has not been read", w.config->policy.mode = MODE_OBSERVE;      \
	  cut_z(w.config->policy.mode_why, 160, "the schedule has not been read"))                 \
	X(writer_external, LEFT, "writer: external", f->writer = WRITER_EXTERNAL)                  \
	X(on_foreign_write_hold, LEFT, "onForeignWrite", f->on_foreign_write = FOREIGN_HOLD)       \
	X(second_writer, LEFT, "again and again", n->restored_at.us = NOW_US - US_H)               \
	X(a_day_later, MENDED, "other keys", n->restored_at.us = NOW_US - US_DAY)                  \
	X(in_its_own_turn, LEFT, "restarting", n->job_is_open = true)                              \
	X(nothing_was_written, LEFT, "wrote last", n->written_ring.is_known = false)               \
	X(wrote_without_the_promised_key, LEFT, "wrote last", n->written_ring = ring(1, 0))        \
	X(wrote_without_the_pivot, LEFT, "wrote last", a->pivot = name(3); a->next = name(2);      \
	  a->retired[0] = name(1); a->retired_n = 1)                                               \
	X(wrote_a_key_that_is_dead_now, LEFT, "wrote last", a->pivot = name(2);                    \
	  a->retired[0] = name(1); a->retired_n = 1)                                               \
	X(wrote_a_key_that_is_burnt, LEFT, "wrote last", a->votes_n = 0; a->burnt = name(2);       \
	  put(KEYFILE, 2, 0))                                                                      \
	X(the_keys_are_not_at_hand, LEFT, "not held on this host",                                 \
	  fake_files_set(&w.disk, PREVIOUS, "", 0))                                                \
	X(disk_full, LEFT, "full", w.disk.is_full = true)

enum { FINE = BEFORE_START_FINE, MENDED = BEFORE_START_MENDED, LEFT = BEFORE_START_LEFT };
#define SET(name, end, why, ...)                                                                   \
	static void set_##name(struct seat *t, struct anchor *a, struct notes *n,                  \
			       struct keyfile_policy *f)                                           \
	{                                                                                          \
		(void)t, (void)a, (void)n, (void)f;                                                \
		__VA_ARGS__;                                                                       \
	}
ROWS(SET)
static const struct {
	const char *name;
	int end;
	const char *why;
	void (*set)(struct seat *t, struct anchor *a, struct notes *n, struct keyfile_policy *f);
} rows[] = {
#define ROW(name, end, why, ...) {#name, end, why, set_##name},
    ROWS(ROW)};

static void a_file_is_put_back_where_it_is_proven_what_it_must_hold(void **state)
{
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		char why[512];
		bool wants;
		begin();
		if (rows[i].end == MENDED)
			put(PREVIOUS, 1, 2);
		rows[i].set(w.t, &w.t->anchor, &w.t->notes, &w.config->policy.keyfile);
		const int at = fake_files_find(&w.disk, KEYFILE);
		char *was = at >= 0 ? strdup(w.disk.files[at].bytes) : NULL;
		const int end_is = (int)before_start_alone(w.t, true, &wants, why, sizeof(why));
		if (end_is != rows[i].end || !strstr(why, rows[i].why))
			fail_msg("%s: %d: %s", rows[i].name, end_is, why);
		const int now = fake_files_find(&w.disk, KEYFILE);
		assert_int_equal(now >= 0, at >= 0);
		if (was && (strcmp(was, w.disk.files[now].bytes) != 0) != (end_is == MENDED))
			fail_msg("%s: the file is %s", rows[i].name, w.disk.files[now].bytes);
		free(was);
		/* Told and held by the rotad that comes, once it was put right. */
		assert_int_equal(durable().mended_at.us, end_is == MENDED ? NOW_US : 0);
		assert_int_equal(w.t->notes.mended_at.us, end_is == MENDED ? NOW_US : 0);
		if (end_is == MENDED) {
			assert_true(strstr(durable().mended_why, rows[i].why) != NULL);
			assert_int_equal(durable().restored_at.us, NOW_US);
			assert_true(w.told_n > 0);
		}
		end();
	}
}

static void what_is_put_back_is_what_was_written_last(void **state)
{
	char why[512];
	bool wants;
	begin();
	assert_int_equal(before_start_alone(w.t, true, &wants, why, sizeof(why)), MENDED);
	assert_true(holds(KEYFILE, 1, 2));
	/* Once in 24 hours: who writes it again is not fought. */
	put(KEYFILE, 1, 0);
	assert_int_equal(before_start_alone(w.t, true, &wants, why, sizeof(why)), LEFT);
	assert_false(holds(KEYFILE, 1, 2));
	end();
}

static void without_the_lock_nothing_is_written_and_it_says_what_it_would(void **state)
{
	char why[512];
	bool wants = false;
	begin();
	assert_int_equal(before_start_alone(w.t, false, &wants, why, sizeof(why)), LEFT);
	assert_true(wants);
	assert_int_equal(w.disk.puts_n, 0);
	w.config->policy.keyfile.mode = MODE_OBSERVE;
	assert_int_equal(before_start_alone(w.t, false, &wants, why, sizeof(why)), LEFT);
	assert_false(wants);
	assert_int_equal(w.disk.puts_n, 0);
	end();
}

/* The note goes once the cluster was held for it, and not before. */
static void it_is_owed_until_the_cluster_is_held(void **state)
{
	char why[512];
	bool wants;
	begin();
	assert_int_equal(before_start_alone(w.t, true, &wants, why, sizeof(why)), MENDED);
	w.t->seen->ledger.fact = (struct fact){.who = WITNESS_OWN_EYES};
	debts_observe(w.t);
	assert_int_equal(w.t->seen->debts.mended_at.us, NOW_US);
	w.t->seen->ledger.hold.is_on = true;
	w.t->seen->ledger.fact.who = WITNESS_NONE;
	debts_observe(w.t);
	assert_int_equal(w.t->seen->debts.mended_at.us, NOW_US);
	w.t->seen->ledger.fact.who = WITNESS_OWN_EYES;
	/* The hold may be a person's, given before: the round that sees it tells this as well. */
	debts_observe(w.t);
	assert_int_equal(w.t->seen->debts.mended_at.us, NOW_US);
	assert_int_equal(durable().mended_at.us, 0);
	debts_observe(w.t);
	assert_int_equal(w.t->seen->debts.mended_at.us, 0);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_file_is_put_back_where_it_is_proven_what_it_must_hold),
	    cmocka_unit_test(what_is_put_back_is_what_was_written_last),
	    cmocka_unit_test(without_the_lock_nothing_is_written_and_it_says_what_it_would),
	    cmocka_unit_test(it_is_owed_until_the_cluster_is_held),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
