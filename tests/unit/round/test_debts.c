/* SPDX-License-Identifier: Apache-2.0 */
/* What is owed after a roll-back or a restart that did not happen, and when it is over. */
#include "lib/test.h"

#include <stdlib.h>
#include <string.h>

#include "lib/fake_files.h"
#include "round/round.h"

#define ROLLED_BACK_US (1800000000 * US_S)
#define PROCESS "65a000000000000000000001"
#define OTHER "65a000000000000000000002"

static struct fake_files disk;
static struct seat *t;
static struct instance_policy instance;

static int begin(void **state UNUSED)
{
	t = calloc(1, sizeof(*t));
	t->seen = calloc(1, sizeof(*t->seen));
	cut_z(instance.name, sizeof(instance.name), "rs0-a");
	t->instance = &instance;
	cut_z(t->directory, sizeof(t->directory), "/state/rs0-a");
	t->ports = (struct round_ports){.files = fake_files_port(&disk)};
	t->seen->now.us = ROLLED_BACK_US + 60 * US_S;
	t->seen->ledger.fact = (struct fact){.who = WITNESS_OWN_EYES, .at = t->seen->now};
	return 0;
}
static int end(void **state UNUSED)
{
	free(t->seen);
	free(t);
	fake_files_fini(&disk);
	return 0;
}

/* The notes as the next rotad would read them. */
static struct notes durable(void)
{
	struct notes n = {.rolled_back_hold = -1};
	struct err err = ERR_INIT;
	const int i = fake_files_find(&disk, "/state/rs0-a/notes.json");
	if (i >= 0)
		assert_true(notes_decode(
		    (struct str){.p = disk.files[i].bytes, .n = disk.files[i].n}, &n, &err));
	return n;
}

/* A row is one look after a roll-back. Clocks are given to show that none counts. */
static const struct {
	const char *name;
	int64_t noted;      /* revision of the hold that was seen; 0: none yet */
	int64_t rev;        /* of the hold as read now; 0: there is none */
	bool is_on;         /* as read now */
	int64_t clock_us;   /* of the host where it was said, beside the roll-back's */
	bool is_job_open;   /* the roll-back is under way still: the ledger was read before it */
	bool is_unread;     /* the ledger cannot be read */
	bool is_disk_full;  /* what is over cannot be noted */
	bool is_owed;       /* afterwards */
	int64_t noted_then; /* afterwards; -1: nothing was written */
} rows[] = {
    {"resumed at a host whose clock is an hour behind", 5, 6, false, -3600 * US_S, .noted_then = 0},
    {"resumed at a host whose clock is an hour ahead", 5, 6, false, 3600 * US_S, .noted_then = 0},
    {"paused and resumed again meanwhile", 5, 8, false, 10 * US_S, .noted_then = 0},
    {"resumed before it was held for this", 0, 4, false, -10 * US_S, .is_owed = true,
     .noted_then = -1},
    {"resumed before, by a clock that is ahead", 0, 4, false, 3600 * US_S, .is_owed = true,
     .noted_then = -1},
    {"never held", 0, 0, false, 0, .is_owed = true, .noted_then = -1},
    {"held now", 0, 5, true, 1 * US_S, .is_owed = true, .noted_then = 5},
    {"held by a clock that is behind", 0, 5, true, -3600 * US_S, .is_owed = true, .noted_then = 5},
    {"held still", 5, 5, true, 1 * US_S, .is_owed = true, .noted_then = -1},
    {"held anew by a person", 5, 7, true, 9 * US_S, .is_owed = true, .noted_then = 7},
    {"the hold is gone from the ledger", 5, 0, false, 0, .is_owed = true, .noted_then = -1},
    {"the ledger went back to an older word", 5, 4, false, 9 * US_S, .is_owed = true,
     .noted_then = -1},
    {"the ledger went back and is held anew", 5, 2, true, 9 * US_S, .is_owed = true,
     .noted_then = 2},
    {"the word that was read before the roll-back", 5, 6, false, 9 * US_S, .is_job_open = true,
     .is_owed = true, .noted_then = -1},
    {"the ledger cannot be read", 5, 6, false, 9 * US_S, .is_unread = true, .is_owed = true,
     .noted_then = -1},
    {"resumed, and the disk is full", 5, 6, false, 9 * US_S, .is_disk_full = true, .is_owed = true,
     .noted_then = -1},
};

static void a_resume_counts_by_the_revision_of_the_hold_it_lifts(void **state)
{
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		print_message("%s\n", rows[i].name);
		end(state);
		begin(state);
		struct hold *h = &t->seen->ledger.hold;
		t->notes.rolled_back_at.us = ROLLED_BACK_US;
		t->notes.rolled_back_hold = rows[i].noted;
		t->notes.job_is_open = rows[i].is_job_open;
		disk.is_full = rows[i].is_disk_full;
		if (rows[i].is_unread)
			t->seen->ledger.fact.who = WITNESS_NONE;
		h->is_on = rows[i].is_on;
		h->rev = rows[i].rev;
		h->head.at.us = ROLLED_BACK_US + rows[i].clock_us;
		debts_observe(t);
		assert_int_equal(t->seen->debts.rolled_back_at.us,
				 rows[i].is_owed ? ROLLED_BACK_US : 0);
		assert_int_equal(durable().rolled_back_hold, rows[i].noted_then);
		if (rows[i].noted_then >= 0)
			assert_int_equal(durable().rolled_back_at.us,
					 rows[i].is_owed ? ROLLED_BACK_US : 0);
	}
}

static void what_is_not_owed_needs_no_note(void **state UNUSED)
{
	t->seen->ledger.hold = (struct hold){.rev = 3, .is_on = true};
	debts_observe(t);
	assert_int_equal(t->seen->debts.rolled_back_at.us, 0);
	assert_int_equal(disk.puts_n, 0);
}

static void a_restart_is_owed_until_another_process_answers(void **state UNUSED)
{
	struct seen_process *x = &t->seen->process;
	t->notes.restart_owed_since.us = t->notes.restart_failed_at.us = ROLLED_BACK_US;
	t->notes.restart_tries = 2;
	cut_z(t->notes.job_process, sizeof(t->notes.job_process), PROCESS);
	cut_z(x->process_id, sizeof(x->process_id), PROCESS);
	x->is_answering = true;
	debts_observe(t);
	assert_int_equal(t->seen->debts.restart_tries, 2);
	cut_z(x->process_id, sizeof(x->process_id), OTHER);
	disk.is_full = true;
	debts_observe(t);
	assert_int_equal(t->seen->debts.restart_tries, 2);
	disk.is_full = false;
	debts_observe(t);
	assert_int_equal(t->seen->debts.restart_tries, 0);
	assert_int_equal(t->seen->debts.restart_failed_at.us, 0);
	assert_int_equal(durable().restart_owed_since.us, 0);
}

static void a_restored_file_counts_for_a_day(void **state UNUSED)
{
	t->notes.restored_at.us = t->seen->now.us - US_DAY + 1;
	debts_observe(t);
	assert_int_not_equal(t->seen->debts.restored_at.us, 0);
	t->notes.restored_at.us--;
	debts_observe(t);
	assert_int_equal(t->seen->debts.restored_at.us, 0);
}

static struct mono boot;
static struct mono fake_boot(void *self UNUSED)
{
	return boot;
}
static struct wall fake_now(void *self UNUSED)
{
	return t->seen->now;
}
static const struct host_ops host_ops = {.boot = fake_boot, .now = fake_now};

/* By the clock that nobody sets, and told in the history. */
static void an_approval_counts_for_a_day(void **state UNUSED)
{
	t->ports.host = (struct host_port){.ops = &host_ops};
	boot.us = US_H;
	approval_observe(t);
	assert_string_equal(t->seen->approved, "");
	cut_z(t->approved.id, sizeof(t->approved.id), "3f2a9c10");
	t->approved.until = mono_add(boot, APPROVAL_COUNTS_US);
	boot.us += US_DAY - 1;
	t->seen->now.us += 365 * US_DAY;
	approval_observe(t);
	assert_string_equal(t->seen->approved, "3f2a9c10");
	boot.us++;
	approval_observe(t);
	assert_string_equal(t->seen->approved, "");
	assert_string_equal(t->approved.id, "");
	const int i = fake_files_find(&disk, "/state/rs0-a/journal");
	assert_true(i >= 0 && strstr(disk.files[i].bytes, "3f2a9c10 was not used in time"));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
	    T(an_approval_counts_for_a_day),
	    T(a_resume_counts_by_the_revision_of_the_hold_it_lifts),
	    T(what_is_not_owed_needs_no_note),
	    T(a_restart_is_owed_until_another_process_answers),
	    T(a_restored_file_counts_for_a_day),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
