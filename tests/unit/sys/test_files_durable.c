/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/test.h"

#include "lib/tempdir.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "base/cleanup.h"
#include "sys/file_attrs.h"
#include "sys/files_durable.h"

static struct files_port files;

static bool put(const char *path, const char *text, struct err *err)
{
	const struct file_put p = {.path = path, .bytes = str_of(text)};
	*err = ERR_INIT;
	return files.ops->put(files.self, &p, err);
}

static void a_new_file_is_private_whatever_the_umask(void **state)
{
	static const mode_t umasks[] = {0, 022, 0777};
	for (size_t i = 0; i < ARRAY_N(umasks); i++) {
		struct err err;
		struct file_view v;
		const char *path = tempdir_path(state, "new");
		mode_t before = umask(umasks[i]);
		bool ok = put(path, "one", &err);
		umask(before);
		assert_true(ok);
		tempdir_expect(path, "one");
		assert_true(files.ops->look(files.self, path, &v, &err));
		assert_int_equal(v.mode, 0600);
		assert_int_equal(v.size, 3);
		assert_int_equal(tempdir_count(*state), 1);
		assert_int_equal(unlink(path), 0);
	}
}

static void a_replaced_file_keeps_owner_group_mode_acl_and_attributes(void **state)
{
	/* user::rw-, user:4321:r--, group::---, mask::r--, other::--- : version 2, then (tag, perm,
	 * id) in little endian. */
	static const unsigned char acl[] = {
	    2, 0,    0,    0,    1,    0,    6,  0, 0xff, 0xff, 0xff, 0xff, 2,    0,   4,
	    0, 0xe1, 0x10, 0,    0,    4,    0,  0, 0,    0xff, 0xff, 0xff, 0xff, 16,  0,
	    4, 0,    0xff, 0xff, 0xff, 0xff, 32, 0, 0,    0,    0xff, 0xff, 0xff, 0xff};
	struct err err;
	struct stat before, after;
	char value[64];
	const char *path = tempdir_path(state, "keyfile");
	tempdir_write(path, "old", 0640);
	bool is_root = geteuid() == 0;
	if (is_root)
		assert_int_equal(chown(path, 4321, 1234), 0);
	bool has_xattr = setxattr(path, "user.note", "mine", 4, 0) == 0;
	bool has_acl = setxattr(path, "system.posix_acl_access", acl, sizeof(acl), 0) == 0;
	assert_int_equal(stat(path, &before), 0);
	assert_true(put(path, "new", &err));
	assert_int_equal(stat(path, &after), 0);
	tempdir_expect(path, "new");
	assert_int_equal(after.st_uid, before.st_uid);
	assert_int_equal(after.st_gid, before.st_gid);
	assert_int_equal(after.st_mode, before.st_mode);
	assert_int_not_equal(after.st_ino, before.st_ino);
	if (has_xattr) {
		assert_int_equal(getxattr(path, "user.note", value, sizeof(value)), 4);
		assert_memory_equal(value, "mine", 4);
	}
	if (has_acl) {
		struct file_view v;
		assert_int_equal(getxattr(path, "system.posix_acl_access", value, sizeof(value)),
				 sizeof(acl));
		assert_memory_equal(value, acl, sizeof(acl));
		assert_true(files.ops->look(files.self, path, &v, &err));
		assert_true(v.has_acl);
	}
	assert_int_equal(tempdir_count(*state), 1);
}

static void a_default_acl_of_the_directory_does_not_stick_to_the_new_file(void **state)
{
	static const unsigned char acl[] = {
	    2, 0,    0,    0,    1,    0,    7,  0, 0xff, 0xff, 0xff, 0xff, 2,    0,   7,
	    0, 0xe1, 0x10, 0,    0,    4,    0,  7, 0,    0xff, 0xff, 0xff, 0xff, 16,  0,
	    7, 0,    0xff, 0xff, 0xff, 0xff, 32, 0, 0,    0,    0xff, 0xff, 0xff, 0xff};
	struct err err;
	struct file_view v;
	const char *path = tempdir_path(state, "keyfile");
	tempdir_write(path, "old", 0600);
	if (setxattr(*state, "system.posix_acl_default", acl, sizeof(acl), 0) != 0)
		return; /* no ACLs on this file system */
	assert_true(put(path, "new", &err));
	assert_true(files.ops->look(files.self, path, &v, &err));
	assert_false(v.has_acl);
	assert_int_equal(v.mode, 0600);
}

static void a_link_stays_and_its_target_is_replaced(void **state)
{
	struct err err;
	struct stat st;
	struct file_view v;
	const char *dir = tempdir_path(state, "there"), *path = tempdir_path(state, "link");
	const char *target = tempdir_path(state, "there/real");
	assert_int_equal(mkdir(dir, 0700), 0);
	tempdir_write(target, "old", 0400);
	assert_int_equal(symlink("there/real", path), 0);
	assert_true(put(path, "new", &err));
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	tempdir_expect(target, "new");
	assert_true(files.ops->look(files.self, path, &v, &err));
	assert_true(v.is_symlink);
	assert_true(v.is_regular);
	assert_string_equal(v.real_path, target);
	assert_int_equal(v.mode, 0400);
}

static void what_cannot_be_replaced_is_refused_and_stays(void **state)
{
	struct err err;
	const char *path = tempdir_path(state, "f"), *other = tempdir_path(state, "g");
	tempdir_write(path, "old", 0600);
	assert_int_equal(link(path, other), 0);
	assert_false(put(path, "new", &err));
	assert_int_equal(err.kind, ERR_UNSAFE_FILE);
	assert_non_null(strstr(err.text, "hard links"));
	assert_string_equal(err.subject, path);
	tempdir_expect(path, "old");
	assert_false(files.ops->can_put(files.self, path, &err));
	assert_int_equal(unlink(other), 0);
	assert_true(files.ops->can_put(files.self, path, &err));

	assert_int_equal(mkfifo(other, 0600), 0);
	assert_false(put(other, "new", &err));
	assert_int_equal(err.kind, ERR_UNSAFE_FILE);
	assert_false(put(*state, "new", &err)); /* a directory */
	assert_int_equal(err.kind, ERR_UNSAFE_FILE);
	assert_false(put("/dev/null", "new", &err));
	assert_int_equal(err.kind, ERR_UNSAFE_FILE);
	assert_false(put("/proc/self/status", "new", &err));
	assert_false(put("/proc/version", "new", &err));

	assert_int_equal(symlink("nowhere", tempdir_path(state, "dangling")), 0);
	assert_false(put(tempdir_path(state, "dangling"), "new", &err));
	assert_int_equal(err.kind, ERR_UNSAFE_FILE);
	assert_int_equal(symlink("loop", tempdir_path(state, "loop")), 0);
	assert_false(put(tempdir_path(state, "loop"), "new", &err));
	assert_false(put(tempdir_path(state, "no/such/directory"), "new", &err));
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	assert_false(put("", "new", &err));
	assert_int_equal(err.kind, ERR_INVALID);
	assert_false(put(tempdir_path(state, "f/"), "new", &err));
	assert_int_equal(tempdir_count(*state), 4);
}

static void a_link_of_a_stranger_to_a_file_of_somebody_else_is_refused(void **state)
{
	struct err err;
	const char *path = tempdir_path(state, "link"), *target = tempdir_path(state, "target");
	if (geteuid() != 0)
		return;
	tempdir_write(target, "old", 0600);
	assert_int_equal(symlink("target", path), 0);
	assert_int_equal(lchown(path, 4321, 4321), 0);
	assert_false(put(path, "new", &err));
	assert_int_equal(err.kind, ERR_UNSAFE_FILE);
	tempdir_expect(target, "old");
}

static void a_file_written_since_the_look_is_left_alone(void **state)
{
	struct err err = ERR_INIT;
	struct file_view view;
	const char *path = tempdir_path(state, "f");
	tempdir_write(path, "old", 0600);
	assert_true(files.ops->look(files.self, path, &view, &err));
	const struct file_put p = {.path = path, .bytes = STR("new"), .expect = &view};
	tempdir_write(path, "theirs", 0600);
	assert_false(files.ops->put(files.self, &p, &err));
	assert_int_equal(err.kind, ERR_CHANGED);
	tempdir_expect(path, "theirs");
	assert_true(files.ops->look(files.self, path, &view, &err));
	assert_true(files.ops->put(files.self, &p, &err));
	tempdir_expect(path, "new");
	assert_false(files.ops->put(files.self, &p, &err)); /* that view is old again */
	assert_int_equal(err.kind, ERR_CHANGED);
	assert_int_equal(unlink(path), 0);
	assert_false(files.ops->put(files.self, &p, &err));
	assert_int_equal(err.kind, ERR_CHANGED);
	assert_int_equal(tempdir_count(*state), 0);
}

static void the_previous_version_is_kept_until_it_is_forgotten(void **state)
{
	struct err err = ERR_INIT;
	struct stat st;
	const char *path = tempdir_path(state, "f"),
		   *previous = tempdir_path(state, "f.rotad-previous");
	const struct file_put p = {.path = path, .bytes = STR("new"), .keep_previous = true};
	tempdir_write(path, "old", 0440);
	assert_true(files.ops->put(files.self, &p, &err));
	tempdir_expect(path, "new");
	tempdir_expect(previous, "old");
	assert_int_equal(stat(previous, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0440);
	assert_true(files.ops->put(files.self, &p, &err));
	tempdir_expect(previous, "new");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_nlink, 1);
	assert_true(files.ops->forget_previous(files.self, path, &err));
	assert_int_equal(tempdir_count(*state), 1);
	assert_true(files.ops->forget_previous(files.self, path, &err));
	assert_true(files.ops->forget_previous(files.self, tempdir_path(state, "no/f"), &err));
	tempdir_expect(path, "new");
}

static void what_another_wrote_is_synced_where_it_stands(void **state)
{
	struct err err = ERR_INIT;
	const char *path = tempdir_path(state, "f");
	assert_false(files.ops->sync(files.self, path, &err));
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	err_clear(&err);
	tempdir_write(path, "theirs", 0400);
	assert_int_equal(symlink("f", tempdir_path(state, "link")), 0);
	assert_true(files.ops->sync(files.self, path, &err));
	assert_true(files.ops->sync(files.self, tempdir_path(state, "link"), &err));
	tempdir_expect(path, "theirs");
	assert_int_equal(mkdir(tempdir_path(state, "d"), 0700), 0);
	assert_false(files.ops->sync(files.self, tempdir_path(state, "d"), &err));
	assert_int_equal(err.kind, ERR_UNSAFE_FILE);
	err_clear(&err);
	assert_false(files.ops->sync(files.self, tempdir_path(state, "no/f"), &err));
	assert_int_equal(err.kind, ERR_NOT_FOUND);
}

static void only_our_own_leftovers_are_swept(void **state)
{
	static const struct {
		const char *name;
		bool goes;
	} rows[] = {
	    {".rotad-0123456789abcdef.tmp", true}, {".rotad-0123456789abcdeF.tmp", false},
	    {".rotad-0123456789abcde.tmp", false}, {".rotad-0123456789abcdef0.tmp", false},
	    {"rotad-0123456789abcdef.tmp", false}, {".rotad-0123456789abcdef.tmq", false},
	    {"x.rotad-previous", false},
	};
	struct err err;
	struct stat st;
	for (size_t i = 0; i < ARRAY_N(rows); i++)
		tempdir_write(tempdir_path(state, rows[i].name), "left", 0400);
	assert_int_equal(mkdir(tempdir_path(state, ".rotad-aaaaaaaaaaaaaaaa.tmp"), 0700), 0);
	assert_int_equal(symlink("f", tempdir_path(state, ".rotad-bbbbbbbbbbbbbbbb.tmp")), 0);
	assert_true(put(tempdir_path(state, "f"), "new", &err));
	for (size_t i = 0; i < ARRAY_N(rows); i++)
		assert_int_equal(stat(tempdir_path(state, rows[i].name), &st) != 0, rows[i].goes);
	assert_int_equal(lstat(tempdir_path(state, ".rotad-aaaaaaaaaaaaaaaa.tmp"), &st), 0);
	assert_int_equal(lstat(tempdir_path(state, ".rotad-bbbbbbbbbbbbbbbb.tmp"), &st), 0);
	tempdir_expect(tempdir_path(state, "f"), "new");
}

static void a_file_can_be_made_like_another(void **state)
{
	struct err err = ERR_INIT;
	struct stat st;
	const char *like = tempdir_path(state, "like"), *path = tempdir_path(state, "f");
	struct file_put p = {.path = path, .bytes = STR("x"), .like = like};
	assert_false(files.ops->put(files.self, &p, &err));
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	tempdir_write(like, "a", 0644);
	assert_true(files.ops->put(files.self, &p, &err));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	p = (struct file_put){.path = tempdir_path(state, "h"), .bytes = STR("x"), .mode = 0440};
	assert_true(files.ops->put(files.self, &p, &err));
	assert_int_equal(stat(p.path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0440);
}

static void reads_are_whole_bounded_and_only_of_regular_files(void **state)
{
	struct err err = ERR_INIT;
	auto_secret struct secret s = {.p = NULL};
	auto_buf struct buf text = {.max = 0};
	struct file_view v;
	const char *path = tempdir_path(state, "f"), *fifo = tempdir_path(state, "fifo");
	tempdir_write(path, "hello", 0400);
	assert_true(files.ops->read_secret(files.self, path, 5, &s, &v, &err));
	assert_int_equal(s.n, 5);
	assert_memory_equal(s.p, "hello", 6);
	assert_int_equal(v.size, 5);
	secret_fini(&s);
	assert_true(files.ops->read_text(files.self, path, 5, &text, NULL, &err));
	assert_string_equal(buf_z(&text), "hello");
	assert_false(files.ops->read_secret(files.self, path, 4, &s, NULL, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_false(files.ops->read_text(files.self, path, 4, &text, NULL, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_string_equal(buf_z(&text), "hello"); /* untouched */
	assert_null(s.p);
	assert_false(
	    files.ops->read_text(files.self, tempdir_path(state, "no"), 9, &text, NULL, &err));
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_false(files.ops->read_secret(files.self, fifo, 9, &s, NULL, &err));
	assert_int_equal(err.kind, ERR_UNSAFE_FILE);
	assert_false(files.ops->read_secret(files.self, *state, 9, &s, NULL, &err));
	assert_int_equal(err.kind, ERR_UNSAFE_FILE);
	assert_false(files.ops->read_text(files.self, "/dev/zero", 9, &text, NULL, &err));
	assert_int_equal(err.kind, ERR_UNSAFE_FILE);
	assert_int_equal(symlink("no", tempdir_path(state, "dangling")), 0);
	assert_false(files.ops->read_text(files.self, tempdir_path(state, "dangling"), 9, &text,
					  NULL, &err));
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	tempdir_write(tempdir_path(state, "empty"), "", 0600);
	assert_true(
	    files.ops->read_secret(files.self, tempdir_path(state, "empty"), 9, &s, NULL, &err));
	assert_int_equal(s.n, 0);
}

static void looking_at_nothing_is_an_answer(void **state)
{
	struct err err = ERR_INIT;
	struct file_view v;
	tempdir_write(tempdir_path(state, "f"), "x", 0600);
	assert_int_equal(symlink("no", tempdir_path(state, "dangling")), 0);
	assert_true(files.ops->look(files.self, tempdir_path(state, "no"), &v, &err));
	assert_false(v.exists);
	assert_string_equal(v.real_path, tempdir_path(state, "no"));
	assert_true(files.ops->look(files.self, tempdir_path(state, "no/no"), &v, &err));
	assert_false(v.exists);
	assert_true(files.ops->look(files.self, tempdir_path(state, "f/no"), &v, &err));
	assert_false(v.exists);
	assert_true(files.ops->look(files.self, tempdir_path(state, "dangling"), &v, &err));
	assert_false(v.exists);
	assert_true(v.is_symlink);
	assert_true(files.ops->look(files.self, "/proc", &v, &err));
	assert_true(v.exists);
	assert_false(v.is_regular);
	assert_true(v.is_mount_point);
}

static void lines_are_appended_and_a_torn_one_stays_by_itself(void **state)
{
	struct err err = ERR_INIT;
	struct stat st;
	const char *path = tempdir_path(state, "journal");
	mode_t before = umask(0);
	assert_true(files.ops->append(files.self, path, STR("one"), &err));
	umask(before);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_true(files.ops->append(files.self, path, STR("two"), &err));
	tempdir_expect(path, "one\ntwo\n");
	tempdir_write(path, "one\ntw", 0600);
	assert_true(files.ops->append(files.self, path, STR("three"), &err));
	tempdir_expect(path, "one\ntw\nthree\n");
	assert_false(files.ops->append(files.self, path, STR("a\nb"), &err));
	assert_int_equal(err.kind, ERR_INVALID);
	assert_false(files.ops->append(files.self, "/dev/null", STR("a"), &err));
	assert_int_equal(err.kind, ERR_UNSAFE_FILE);
	tempdir_expect(path, "one\ntw\nthree\n");
}

static void removing_is_for_files_only_and_fine_when_absent(void **state)
{
	struct err err = ERR_INIT;
	const char *path = tempdir_path(state, "f"), *link_path = tempdir_path(state, "link");
	tempdir_write(path, "x", 0400);
	assert_int_equal(symlink("f", link_path), 0);
	assert_false(files.ops->remove(files.self, link_path, &err));
	assert_int_equal(err.kind, ERR_UNSAFE_FILE);
	assert_false(files.ops->remove(files.self, *state, &err));
	tempdir_expect(path, "x");
	assert_true(files.ops->remove(files.self, path, &err));
	assert_int_equal(access(path, F_OK), -1);
	assert_true(files.ops->remove(files.self, path, &err));
}

static void a_directory_that_is_not_ours_is_refused_with_advice(void **state)
{
	struct err err;
	const char *dir = tempdir_path(state, "d"), *path = tempdir_path(state, "d/f");
	assert_int_equal(mkdir(dir, 0755), 0);
	tempdir_write(path, "old", 0644);
	if (geteuid() == 0) {
		assert_int_equal(chmod(*state, 0755), 0);
		assert_int_equal(seteuid(4321), 0);
	} else
		assert_int_equal(chmod(dir, 0555), 0);
	bool ok = put(path, "new", &err);
	if (getuid() == 0)
		assert_int_equal(seteuid(0), 0);
	assert_false(ok);
	assert_int_equal(err.kind, ERR_PERMISSION);
	assert_non_null(strstr(err.text, "sudo rotactl adopt"));
	assert_non_null(strstr(err.text, "writer: external"));
	tempdir_expect(path, "old");
	assert_int_equal(tempdir_count(dir), 1);
	assert_int_equal(chmod(dir, 0755), 0);
}

static void a_file_of_another_owner_is_not_replaced_by_one_of_ours(void **state)
{
	struct err err;
	const char *dir = tempdir_path(state, "d"), *path = tempdir_path(state, "d/f");
	if (geteuid() != 0)
		return;
	assert_int_equal(mkdir(dir, 0777), 0);
	assert_int_equal(chmod(dir, 0777), 0);
	assert_int_equal(chmod(*state, 0755), 0);
	tempdir_write(path, "old", 0644);
	assert_int_equal(seteuid(4321), 0);
	bool ok = put(path, "new", &err);
	assert_int_equal(seteuid(0), 0);
	assert_false(ok);
	assert_int_equal(err.kind, ERR_PERMISSION);
	tempdir_expect(path, "old");
	assert_int_equal(tempdir_count(dir), 1);
}

/* What the shipped unit does: fchown() answers EPERM, whoever asks. */
static bool forbid_fchown(void)
{
	struct sock_filter rows[] = {
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fchown, 0, 1),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog filter = {.len = ARRAY_N(rows), .filter = rows};
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

static void where_the_unit_forbids_chown_only_a_file_of_our_own_group_is_replaced(void **state)
{
	static const struct {
		const char *name;
		bool is_of_another, is_inherited, is_refused;
	} rows[] = {{"ours", false, false, false},
		    {"of another", true, false, true},
		    {"of the directory's", true, true, false},
		    {"ours where new ones are not", false, true, true}};
	for (size_t i = 0; i < ARRAY_N(rows) && geteuid() == 0; i++) {
		const char *dir = tempdir_path(state, rows[i].name);
		char path[512];
		int status = 0;
		assert_int_equal(mkdir(dir, 0700), 0);
		assert_true((size_t)snprintf(path, sizeof(path), "%s/keyfile", dir) < sizeof(path));
		tempdir_write(path, "old", 0640);
		assert_int_equal(chown(path, 0, rows[i].is_of_another ? 1234 : getegid()), 0);
		if (rows[i].is_inherited) {
			assert_int_equal(chown(dir, 0, 1234), 0);
			assert_int_equal(chmod(dir, 02700), 0);
		}
		pid_t pid = fork();
		if (pid == 0) {
			struct err err;
			bool is_put = forbid_fchown() && put(path, "new", &err);
			bool is_said = !is_put && err.kind == ERR_PERMISSION &&
				       strstr(err.text, "SystemCallFilter=fchown");
			_exit(is_put ? 0 : is_said ? 1 : 2);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), rows[i].is_refused);
		tempdir_expect(path, rows[i].is_refused ? "old" : "new");
		assert_int_equal(tempdir_count(dir), 1);
	}
}

static void users_are_named(void **state)
{
	char name[64];
	assert_string_equal(user_name(0, name, sizeof(name)), "root");
	assert_string_equal(user_name(4000000001u, name, sizeof(name)), "uid 4000000001");
}

#define IN_DIR(f) cmocka_unit_test_setup_teardown(f, tempdir_setup, tempdir_teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
	    IN_DIR(a_new_file_is_private_whatever_the_umask),
	    IN_DIR(a_replaced_file_keeps_owner_group_mode_acl_and_attributes),
	    IN_DIR(a_default_acl_of_the_directory_does_not_stick_to_the_new_file),
	    IN_DIR(a_link_stays_and_its_target_is_replaced),
	    IN_DIR(what_cannot_be_replaced_is_refused_and_stays),
	    IN_DIR(a_link_of_a_stranger_to_a_file_of_somebody_else_is_refused),
	    IN_DIR(a_file_written_since_the_look_is_left_alone),
	    IN_DIR(the_previous_version_is_kept_until_it_is_forgotten),
	    IN_DIR(what_another_wrote_is_synced_where_it_stands),
	    IN_DIR(only_our_own_leftovers_are_swept),
	    IN_DIR(a_file_can_be_made_like_another),
	    IN_DIR(reads_are_whole_bounded_and_only_of_regular_files),
	    IN_DIR(looking_at_nothing_is_an_answer),
	    IN_DIR(lines_are_appended_and_a_torn_one_stays_by_itself),
	    IN_DIR(removing_is_for_files_only_and_fine_when_absent),
	    IN_DIR(a_directory_that_is_not_ours_is_refused_with_advice),
	    IN_DIR(a_file_of_another_owner_is_not_replaced_by_one_of_ours),
	    IN_DIR(where_the_unit_forbids_chown_only_a_file_of_our_own_group_is_replaced),
	    cmocka_unit_test(users_are_named),
	};
	files = files_durable();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
