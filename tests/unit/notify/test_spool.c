/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/test.h"

#include "base/cleanup.h"
#include "lib/fake_files.h"
#include "notify/spool.h"

static struct fake_files disk;
static const struct wall t0 = {1800000000 * US_S};

static int fresh(void **state)
{
	fake_files_fini(&disk);
	return 0;
}

static struct spool *open_spool(void)
{
	struct spool *s = NULL;
	struct err err = ERR_INIT;
	const struct files_port files = fake_files_port(&disk);
	assert_true(spool_open(&files, "/s", &s, &err));
	return s;
}

static bool add(struct spool *s, const char *target, const char *key, enum severity severity,
		const char *body)
{
	const struct spool_item i = {.id = STR("msg_1"),
				     .target = str_of(target),
				     .key = str_of(key),
				     .body = str_of(body),
				     .severity = severity};
	struct err err = ERR_INIT;
	bool is_on_disk = false;
	if (!spool_add(s, &i, &is_on_disk, &err))
		fail_msg("%s", err.text);
	return is_on_disk;
}

/* The body of the next one of target, which is removed; "" when there is none. */
static const char *next(struct spool *s, const char *target)
{
	static char body[64];
	struct spool_item i;
	auto_buf struct buf text = {0};
	struct err err = ERR_INIT;
	int64_t wait_us = 0;
	int place = spool_find_next(s, target, t0, &wait_us);
	if (place < 0)
		return "";
	assert_true(spool_hold(s, place, &i, &text, &err));
	assert_true(copy_str(body, sizeof(body), i.body));
	spool_remove(s, place);
	return body;
}

static void each_target_gets_its_own_in_order_also_after_a_restart(void **state)
{
	struct spool *s = open_spool();
	assert_true(add(s, "ops", "k", SEVERITY_WARNING, "one"));
	assert_true(add(s, "chat", "k", SEVERITY_WARNING, "other"));
	assert_true(add(s, "ops", "k", SEVERITY_CRITICAL, "two \"\n\x01"));
	assert_true(add(s, "ops", "k", SEVERITY_NOTICE, "three"));
	assert_int_equal(spool_n(s, NULL), 4);
	assert_int_equal(spool_n(s, "ops"), 3);
	assert_string_equal(next(s, "ops"), "one");
	spool_free(s);
	s = open_spool();
	/* the freed place is used first: order must not come from the place */
	assert_true(add(s, "ops", "k", SEVERITY_NOTICE, "four"));
	assert_string_equal(next(s, "ops"), "two \"\n\x01");
	assert_string_equal(next(s, "ops"), "three");
	assert_string_equal(next(s, "ops"), "four");
	assert_string_equal(next(s, "ops"), "");
	assert_string_equal(next(s, "chat"), "other");
	assert_int_equal(fake_files_n(&disk), 0);
	assert_int_equal(spool_corrupt_n(s), 0);
	spool_free(s);
}

static void a_full_spool_drops_the_oldest_of_the_least_grave_and_counts_it(void **state)
{
	struct spool *s = open_spool();
	char body[16];
	/* a younger one in an earlier place: age is not the place */
	(void)add(s, "ops", "k", SEVERITY_NOTICE, "gone");
	(void)add(s, "ops", "k", SEVERITY_NOTICE, "oldest");
	assert_string_equal(next(s, "ops"), "gone");
	(void)add(s, "ops", "k", SEVERITY_NOTICE, "younger");
	for (int i = 2; i < SPOOL_FILES_MAX; i++) {
		snprintf(body, sizeof(body), "%d", i);
		(void)add(s, "ops", "k", i % 10 == 5 ? SEVERITY_NOTICE : SEVERITY_WARNING, body);
	}
	assert_true(add(s, "ops", "k", SEVERITY_CRITICAL, "new"));
	assert_int_equal(spool_n(s, NULL), SPOOL_FILES_MAX);
	assert_int_equal(spool_dropped_n(s, SEVERITY_NOTICE), 1);
	assert_int_equal(spool_dropped_n(s, SEVERITY_WARNING), 0);
	assert_string_equal(next(s, "ops"), "younger"); /* the oldest notice is the one that went */
	assert_string_equal(next(s, "ops"), "2");
	spool_free(s);
}

static void what_is_less_grave_than_all_that_wait_is_itself_dropped(void **state)
{
	struct spool *s = open_spool();
	for (int i = 0; i < SPOOL_FILES_MAX; i++)
		(void)add(s, "ops", "k", SEVERITY_CRITICAL, "grave");
	assert_false(add(s, "ops", "k", SEVERITY_NOTICE, "new"));
	assert_int_equal(spool_dropped_n(s, SEVERITY_NOTICE), 1);
	assert_int_equal(spool_dropped_n(s, SEVERITY_CRITICAL), 0);
	assert_string_equal(next(s, "ops"), "grave");
	spool_free(s);
}

static void what_is_being_sent_is_not_dropped(void **state)
{
	struct spool *s = open_spool();
	struct spool_item i;
	auto_buf struct buf text = {0};
	struct err err = ERR_INIT;
	int64_t wait_us = 0;
	(void)add(s, "ops", "k", SEVERITY_NOTICE, "first");
	int place = spool_find_next(s, "ops", t0, &wait_us);
	assert_true(spool_hold(s, place, &i, &text, &err));
	assert_int_equal(spool_find_next(s, "ops", t0, &wait_us), -1); /* held: not twice */
	for (int k = 0; k < SPOOL_FILES_MAX + 5; k++)
		(void)add(s, "ops", "k", SEVERITY_CRITICAL, "x");
	spool_release(s, place);
	assert_string_equal(next(s, "ops"), "first");
	spool_free(s);
}

static void torn_and_foreign_files_are_set_aside_and_the_rest_is_kept(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
	} rows[] = {
	    {"", 0},
	    {"\n", 1},
	    {"}", 1},
	    {"{}", 2},
	    {"rotad-spool/1 0000000000000000\n{}\n", 35},
	    {"rotad-spool/2 0000000000000000\n{}\n", 35},
	    {"\0\0\0\0", 4},
	};
	struct spool *s = open_spool();
	(void)add(s, "ops", "k", SEVERITY_WARNING, "zero");
	(void)add(s, "ops", "k", SEVERITY_WARNING, "one");
	(void)add(s, "ops", "k", SEVERITY_WARNING, "two");
	spool_free(s);
	/* one bit flipped, one cut in the middle */
	int one = fake_files_find(&disk, "/s/001.json"),
	    two = fake_files_find(&disk, "/s/002.json");
	disk.files[one].bytes[60] ^= 1;
	disk.files[two].n /= 2;
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		char path[32];
		snprintf(path, sizeof(path), "/s/%03zu.json", 100 + i);
		fake_files_set(&disk, path, rows[i].bytes, rows[i].n);
	}
	static char large[SPOOL_FILE_BYTES_MAX + 1];
	fake_files_set(&disk, "/s/999.json", large, sizeof(large));

	s = open_spool();
	assert_int_equal(spool_corrupt_n(s), 2 + ARRAY_N(rows) + 1);
	assert_int_equal(spool_n(s, NULL), 1);
	assert_int_equal(fake_files_n(&disk), 1);
	assert_string_equal(next(s, "ops"), "zero");
	spool_free(s);
}

static void a_valid_stamp_over_wrong_fields_is_refused(void **state)
{
	static const char *const rows[] = {
	    "{}",
	    "[]",
	    "{\"seq\":1,\"id\":\"m\",\"target\":\"t\",\"key\":\"k\",\"severity\":2}",
	    "{\"seq\":0,\"id\":\"m\",\"target\":\"t\",\"key\":\"k\",\"body\":\"b\",\"severity\":2}",
	    "{\"seq\":1,\"id\":\"m\",\"target\":\"t\",\"key\":\"k\",\"body\":\"b\",\"severity\":9}",
	    "{\"seq\":1,\"id\":\"m\",\"target\":7,\"key\":\"k\",\"body\":\"b\",\"severity\":2}",
	    "{\"seq\":1,\"id\":\"0123456789012345678901234567890123456789\",\"target\":\"t\","
	    "\"key\":\"k\",\"body\":\"b\",\"severity\":2}",
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		auto_buf struct buf b = {0};
		stamp_print("spool", str_of(rows[i]), &b);
		fake_files_set(&disk, "/s/007.json", b.p, b.n);
		struct spool *s = open_spool();
		if (spool_corrupt_n(s) != 1 || spool_n(s, NULL) != 0)
			fail_msg("accepted: %s", rows[i]);
		spool_free(s);
	}
}

static void a_disk_that_cannot_be_read_costs_nothing_but_places(void **state)
{
	struct spool *s = open_spool();
	(void)add(s, "ops", "k", SEVERITY_WARNING, "zero");
	spool_free(s);
	disk.is_unreadable = true;
	s = open_spool();
	assert_int_equal(spool_corrupt_n(s), 1);
	disk.is_unreadable = false;
	assert_true(add(s, "ops", "k", SEVERITY_WARNING, "one"));
	spool_free(s);
	s = open_spool();
	assert_string_equal(next(s, "ops"), "zero"); /* it was neither removed nor overwritten */
	assert_string_equal(next(s, "ops"), "one");
	spool_free(s);
}

static void a_full_disk_keeps_some_in_memory_and_then_says_no(void **state)
{
	struct spool *s = open_spool();
	struct err err = ERR_INIT;
	bool is_on_disk = true;
	const struct spool_item more = {
	    .id = STR("m"), .target = STR("ops"), .key = STR("k"), .body = STR("b")};
	disk.is_full = true;
	assert_false(add(s, "ops", "k", SEVERITY_CRITICAL, "disk full"));
	for (int i = 1; i < SPOOL_MEMORY_MAX; i++)
		(void)add(s, "ops", "k", SEVERITY_CRITICAL, "x");
	assert_false(spool_add(s, &more, &is_on_disk, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_string_equal(next(s, "ops"), "disk full");
	assert_true(!spool_add(s, &more, &is_on_disk, &err) || !is_on_disk); /* room again */
	spool_free(s);
}

static void a_file_that_cannot_be_removed_blocks_its_place_until_it_can(void **state)
{
	struct spool *s = open_spool();
	(void)add(s, "ops", "k", SEVERITY_WARNING, "one");
	disk.cannot_remove = true;
	assert_string_equal(next(s, "ops"), "one");
	assert_string_equal(next(s, "ops"), ""); /* not sent twice by this process */
	assert_int_equal(fake_files_n(&disk), 1);
	disk.cannot_remove = false;
	(void)add(s, "ops", "k", SEVERITY_WARNING, "two");
	assert_int_equal(fake_files_n(&disk), 1);
	assert_string_equal(next(s, "ops"), "two");
	spool_free(s);
}

static void what_waits_for_its_time_lets_others_pass_and_can_be_withdrawn(void **state)
{
	struct spool *s = open_spool();
	struct err err = ERR_INIT;
	bool is_on_disk;
	int64_t wait_us = 0;
	struct spool_item i = {.id = STR("m"),
			       .target = STR("ops"),
			       .key = STR("late"),
			       .body = STR("late"),
			       .severity = SEVERITY_WARNING,
			       .not_before = wall_add(t0, 60 * US_S)};
	assert_true(spool_add(s, &i, &is_on_disk, &err));
	assert_int_equal(spool_find_next(s, "ops", t0, &wait_us), -1);
	assert_int_equal(wait_us, 60 * US_S);
	(void)add(s, "ops", "k", SEVERITY_NOTICE, "now");
	assert_string_equal(next(s, "ops"), "now");
	assert_int_equal(spool_withdraw(s, "other"), 0);
	assert_true(spool_find_next(s, "ops", wall_add(t0, 60 * US_S), &wait_us) >= 0);
	/* a clock that went back a year does not hold it for a year */
	assert_true(spool_find_next(s, "ops", wall_add(t0, -365 * US_DAY), &wait_us) >= 0);
	assert_int_equal(spool_withdraw(s, "late"), 1);
	assert_int_equal(spool_n(s, NULL), 0);
	spool_free(s);
}

static void an_item_that_is_too_large_is_refused(void **state)
{
	static char body[SPOOL_FILE_BYTES_MAX];
	struct spool *s = open_spool();
	struct err err = ERR_INIT;
	bool is_on_disk;
	memset(body, 'a', sizeof(body));
	const struct spool_item i = {
	    .id = STR("m"), .target = STR("ops"), .key = STR("k"), .body = {body, sizeof(body)}};
	assert_false(spool_add(s, &i, &is_on_disk, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_int_equal(spool_n(s, NULL), 0);
	spool_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(each_target_gets_its_own_in_order_also_after_a_restart, fresh),
	    cmocka_unit_test_setup(a_full_spool_drops_the_oldest_of_the_least_grave_and_counts_it,
				   fresh),
	    cmocka_unit_test_setup(what_is_less_grave_than_all_that_wait_is_itself_dropped, fresh),
	    cmocka_unit_test_setup(what_is_being_sent_is_not_dropped, fresh),
	    cmocka_unit_test_setup(torn_and_foreign_files_are_set_aside_and_the_rest_is_kept,
				   fresh),
	    cmocka_unit_test_setup(a_valid_stamp_over_wrong_fields_is_refused, fresh),
	    cmocka_unit_test_setup(a_disk_that_cannot_be_read_costs_nothing_but_places, fresh),
	    cmocka_unit_test_setup(a_full_disk_keeps_some_in_memory_and_then_says_no, fresh),
	    cmocka_unit_test_setup(a_file_that_cannot_be_removed_blocks_its_place_until_it_can,
				   fresh),
	    cmocka_unit_test_setup(what_waits_for_its_time_lets_others_pass_and_can_be_withdrawn,
				   fresh),
	    cmocka_unit_test_setup(an_item_that_is_too_large_is_refused, fresh),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	fake_files_fini(&disk);
	return failed;
}
