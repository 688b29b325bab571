/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/test.h"

#include "lib/tempdir.h"

#include "sys/files_durable.h"
#include "sys/watch.h"

static struct watch *start(const char *path)
{
	struct watch *w = NULL;
	struct err err = ERR_INIT;
	assert_true(watch_new(&w, &err));
	assert_true(watch_set(w, &path, 1, &err));
	assert_false(watch_changed(w));
	return w;
}

static void a_changed_file_is_told_and_its_neighbours_are_not(void **state)
{
	const char *path = tempdir_path(state, "f"), *other = tempdir_path(state, "g");
	const char *moved = tempdir_path(state, "h");
	struct watch *w = start(path);
	assert_false(watch_needs_rescan(w));
	tempdir_write(other, "x", 0600);
	assert_false(watch_changed(w));
	tempdir_write(path, "x", 0600); /* made */
	assert_true(watch_changed(w));
	assert_false(watch_changed(w));
	assert_int_equal(chmod(path, 0640), 0);
	assert_true(watch_changed(w));
	assert_int_equal(rename(path, moved), 0);
	assert_true(watch_changed(w));
	assert_int_equal(rename(other, path), 0);
	assert_true(watch_changed(w));
	assert_int_equal(unlink(path), 0);
	assert_true(watch_changed(w));
	assert_false(watch_needs_rescan(w));
	watch_free(w);
}

static void our_own_replacement_is_told_too(void **state)
{
	struct err err = ERR_INIT;
	const char *path = tempdir_path(state, "f");
	struct files_port files = files_durable();
	tempdir_write(path, "old", 0600);
	struct watch *w = start(path);
	assert_true(files.ops->can_put(files.self, path, &err));
	assert_false(watch_changed(w)); /* looking is no change */
	const struct file_put p = {.path = path, .bytes = STR("new")};
	assert_true(files.ops->put(files.self, &p, &err));
	assert_true(watch_changed(w));
	watch_free(w);
}

static void a_change_behind_a_link_and_of_the_link_is_told(void **state)
{
	const char *dir = tempdir_path(state, "d"), *link_path = tempdir_path(state, "link");
	const char *target = tempdir_path(state, "d/real"), *other = tempdir_path(state, "d/b");
	assert_int_equal(mkdir(dir, 0700), 0);
	tempdir_write(target, "x", 0600);
	tempdir_write(other, "x", 0600);
	assert_int_equal(symlink("d/real", link_path), 0);
	struct watch *w = start(link_path);
	tempdir_write(target, "y", 0600);
	assert_true(watch_changed(w));
	assert_int_equal(unlink(link_path), 0);
	assert_int_equal(symlink("d/b", link_path), 0);
	assert_true(watch_changed(w));
	tempdir_write(other, "y", 0600);
	assert_false(watch_changed(w)); /* until it is set anew */
	struct err err = ERR_INIT;
	int fd = watch_fd(w);
	assert_true(watch_set(w, &link_path, 1, &err));
	assert_int_equal(watch_fd(w), fd);
	assert_false(watch_changed(w));
	tempdir_write(other, "z", 0600);
	assert_true(watch_changed(w));
	watch_free(w);
}

static void what_cannot_be_watched_asks_for_rescans(void **state)
{
	struct err err = ERR_INIT;
	const char *dir = tempdir_path(state, "d"), *path = tempdir_path(state, "d/f");
	struct watch *w = start(path);
	assert_true(watch_needs_rescan(w));
	assert_int_equal(mkdir(dir, 0700), 0);
	assert_true(watch_set(w, &path, 1, &err));
	assert_false(watch_needs_rescan(w));
	assert_int_equal(rmdir(dir), 0);
	assert_true(watch_changed(w));
	assert_true(watch_needs_rescan(w));
	const char *bad = "relative";
	assert_false(watch_set(w, &bad, 1, &err));
	assert_int_equal(err.kind, ERR_INVALID);
	watch_free(w);
	watch_free(NULL);
}

static void more_files_than_the_limit_are_refused(void **state)
{
	struct err err = ERR_INIT;
	static const char *paths[WATCH_FILES_MAX + 1];
	struct watch *w = start(tempdir_path(state, "f"));
	for (size_t i = 0; i < ARRAY_N(paths); i++)
		paths[i] = "/tmp/rotad-no-such-file";
	assert_true(watch_set(w, paths, WATCH_FILES_MAX, &err));
	assert_false(watch_set(w, paths, WATCH_FILES_MAX + 1, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	watch_free(w);
}

#define IN_DIR(f) cmocka_unit_test_setup_teardown(f, tempdir_setup, tempdir_teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
	    IN_DIR(a_changed_file_is_told_and_its_neighbours_are_not),
	    IN_DIR(our_own_replacement_is_told_too),
	    IN_DIR(a_change_behind_a_link_and_of_the_link_is_told),
	    IN_DIR(what_cannot_be_watched_asks_for_rescans),
	    IN_DIR(more_files_than_the_limit_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
