/* SPDX-License-Identifier: Apache-2.0 */
/* Files taken out of a folder and put back: at every moment, a crash at any of its steps included,
 * the path gives the very bytes, and the next try ends it. */
#include "lib/test.h"

#include "lib/tempdir.h"
#include "unit/codec/cert_fixture.h"

#include <errno.h>
#include <limits.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "base/cleanup.h"
#include "sys/files_durable.h"
#include "sys/move.h"

/* ---- crashes: of the steps that change anything the n-th is the last (linked by --wrap) ---- */

/* Is the link there and leads to the file? */
static bool is_moved(const struct move *m)
{
	char target[PATH_BYTES_MAX] = "";
	struct stat st;
	return readlink(m->path, target, sizeof(target) - 1) > 0 && strcmp(target, m->at) == 0 &&
	       lstat(m->at, &st) == 0 && S_ISREG(st.st_mode);
}

static int steps_left = -1;

static void step(void)
{
	if (steps_left > 0 && --steps_left == 0)
		_exit(9);
}

#define STEP(type, name, args, pass)                                                               \
	type __real_##name args;                                                                   \
	type __wrap_##name args;                                                                   \
	type __wrap_##name args                                                                    \
	{                                                                                          \
		step();                                                                            \
		return __real_##name pass;                                                         \
	}
/* No power fails here: what the disk keeps is tests/fault/power_loss.py's. */
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
	step();
	return fd < 0 ? -1 : 0;
}
STEP(int, renameat2, (int a, const char *b, int c, const char *d, unsigned e), (a, b, c, d, e))
STEP(int, unlinkat, (int a, const char *b, int c), (a, b, c))
static bool fails_links;
int __real_symlinkat(const char *a, int b, const char *c);
int __wrap_symlinkat(const char *a, int b, const char *c);
int __wrap_symlinkat(const char *a, int b, const char *c)
{
	step();
	errno = EIO;
	return fails_links ? -1 : __real_symlinkat(a, b, c);
}
STEP(int, fchmod, (int a, mode_t b), (a, b))
STEP(int, fchown, (int a, uid_t b, gid_t c), (a, b, c))
STEP(int, mkdirat, (int a, const char *b, mode_t c), (a, b, c))
STEP(ssize_t, write, (int a, const void *b, size_t c), (a, b, c))

/* ---- the case ---- */

#define BYTES "- oneoneone\n- twotwotwo\n"

static void write_pem(const char *path)
{
	struct fixture f =
	    fixture_new(&(struct fixture_spec){.subject = "/O=acme/CN=db1"}, NULL, NULL);
	struct buf text = {.p = NULL};
	fixture_add_cert(&text, &f);
	fixture_add_key(&text, &f, NULL);
	tempdir_write(path, buf_z(&text), 0640);
	buf_fini(&text);
	fixture_free(&f);
}

static struct move_user me(void)
{
	return (struct move_user){
	    .uid = geteuid(), .gid = getegid(), .groups = {getegid()}, .groups_n = 1};
}

static void make_case(void **state, struct move *m)
{
	const struct move_user user = me();
	struct err err = ERR_INIT;
	char real[PATH_MAX];
	assert_non_null(realpath(*state, real));
	assert_int_equal(mkdir(tempdir_path(state, "etc"), 0755), 0);
	tempdir_write(tempdir_path(state, "etc/keyfile"), BYTES, 0400);
	assert_true(move_look(tempdir_path(state, "etc/keyfile"), true, &user, m, &err));
	m->device = m->inode = 0; /* what came back is moved again */
	snprintf(m->at, sizeof(m->at), "%s/keys/rs0/keyfile", real);
}

static bool out(void **state, const struct move *m, struct err *err)
{
	const struct move_user user = me();
	*err = ERR_INIT;
	return move_make_home(tempdir_path(state, "keys/rs0"), &user, false, err) &&
	       move_out(m, &user, err);
}

static bool back(const struct move *m, struct err *err)
{
	const struct move_user user = me();
	*err = ERR_INIT;
	return move_back(m, &user, err);
}

/* As if mongod started just now. */
static void expect_readable(const struct move *m)
{
	struct stat st;
	tempdir_expect(m->path, BYTES);
	assert_int_equal(stat(m->path, &st), 0);
	assert_int_equal(st.st_mode & 077, 0);
}

static void a_file_goes_out_and_comes_back(void **state)
{
	struct move m;
	struct err err;
	struct stat st;
	make_case(state, &m);
	bool has_attribute = setxattr(m.path, "user.note", "mine", 4, 0) == 0;
	for (int i = 0; i < 2; i++) { /* twice is a no-op */
		assert_true(out(state, &m, &err));
		assert_true(is_moved(&m));
		expect_readable(&m);
		assert_int_equal(lstat(m.at, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0400);
		assert_int_equal(tempdir_count(tempdir_path(state, "etc")), 1);
		assert_int_equal(tempdir_count(tempdir_path(state, "keys/rs0")), 1);
	}
	char value[8];
	if (has_attribute)
		assert_int_equal(getxattr(m.at, "user.note", value, sizeof(value)), 4);
	assert_int_equal(stat(tempdir_path(state, "keys/rs0"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	for (int i = 0; i < 2; i++) {
		assert_true(back(&m, &err));
		assert_false(is_moved(&m));
		expect_readable(&m);
		assert_int_equal(lstat(m.path, &st), 0);
		assert_true(S_ISREG(st.st_mode));
		assert_int_equal(st.st_mode & 07777, 0400);
		assert_int_equal(tempdir_count(tempdir_path(state, "etc")), 1);
		assert_int_equal(tempdir_count(tempdir_path(state, "keys/rs0")), 0);
	}
}

static void what_rotad_writes_meanwhile_goes_beside_the_file_and_comes_back(void **state)
{
	struct move m;
	struct err err;
	struct stat st;
	struct files_port files = files_durable();
	make_case(state, &m);
	assert_true(out(state, &m, &err));
	const struct file_put put = {
	    .path = m.path, .bytes = STR("- new\n"), .keep_previous = true};
	assert_true(files.ops->put(files.self, &put, &err));
	assert_true(is_moved(&m)); /* the link was not replaced */
	tempdir_expect(m.at, "- new\n");
	assert_int_equal(tempdir_count(tempdir_path(state, "etc")), 1);
	assert_true(back(&m, &err));
	tempdir_expect(m.path, "- new\n");
	assert_int_equal(lstat(m.path, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	/* nor is a copy of the old key left */
	assert_int_equal(tempdir_count(tempdir_path(state, "keys/rs0")), 0);
}

/* Runs one direction in a child that ends at its n-th step; true: it came to its end. */
static bool crash_at(void **state, const struct move *m, int n, bool is_back)
{
	int status;
	pid_t child = fork();
	if (child == 0) {
		struct err err;
		steps_left = n;
		bool ok = is_back ? back(m, &err) : out(state, m, &err);
		_exit(ok ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_not_equal(WEXITSTATUS(status), 1);
	return WEXITSTATUS(status) == 0;
}

static void a_crash_at_any_step_leaves_the_bytes_and_the_next_try_ends_it(void **state)
{
	struct move m;
	struct err err;
	int steps[2] = {0};
	make_case(state, &m);
	for (int n = 1; n < 100 && !crash_at(state, &m, n, false); n++) {
		steps[0]++;
		expect_readable(&m);
		/* either way: undone, or completed, by turns */
		if (n % 2) {
			assert_true(out(state, &m, &err));
			expect_readable(&m);
			assert_true(is_moved(&m));
			assert_int_equal(tempdir_count(tempdir_path(state, "etc")), 1);
			assert_int_equal(tempdir_count(tempdir_path(state, "keys/rs0")), 1);
		}
		if (is_moved(&m))
			assert_true(back(&m, &err));
		expect_readable(&m);
	}
	for (int n = 1; n < 100; n++) {
		assert_true(out(state, &m, &err));
		if (crash_at(state, &m, n, true))
			break;
		steps[1]++;
		expect_readable(&m);
		assert_true(back(&m, &err));
		expect_readable(&m);
		assert_int_equal(tempdir_count(tempdir_path(state, "etc")), 1);
		assert_int_equal(tempdir_count(tempdir_path(state, "keys/rs0")), 0);
	}
	assert_in_range(steps[0], 12, 98);
	assert_in_range(steps[1], 8, 98);
}

static void every_reason_against_it_is_named_and_nothing_moves(void **state)
{
	static const unsigned char acl[] = {
	    2, 0,    0,    0,    1,    0,    6,  0, 0xff, 0xff, 0xff, 0xff, 2,    0,   4,
	    0, 0xe1, 0x10, 0,    0,    4,    0,  0, 0,    0xff, 0xff, 0xff, 0xff, 16,  0,
	    4, 0,    0xff, 0xff, 0xff, 0xff, 32, 0, 0,    0,    0xff, 0xff, 0xff, 0xff};
	const struct move_user user = me();
	const char *path = tempdir_path(state, "f"), *other = tempdir_path(state, "g");
	struct move m;
	struct err err = ERR_INIT;
	assert_false(move_look(path, true, &user, &m, &err));
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	tempdir_write(path, BYTES, 0600);
	assert_int_equal(link(path, other), 0);
	err = ERR_INIT;
	assert_false(move_look(path, true, &user, &m, &err));
	assert_non_null(strstr(err.text, "hard links"));
	assert_int_equal(unlink(other), 0);
	if (setxattr(path, "system.posix_acl_access", acl, sizeof(acl), 0) == 0) {
		err = ERR_INIT;
		assert_false(move_look(path, true, &user, &m, &err));
		assert_non_null(strstr(err.text, "setfacl -b"));
		/* mongod does not judge a certificate's rights */
		write_pem(path);
		err = ERR_INIT;
		assert_true(move_look(path, false, &user, &m, &err));
		assert_int_equal(removexattr(path, "system.posix_acl_access"), 0);
		tempdir_write(path, BYTES, 0600);
	}
	if (geteuid() == 0) {
		assert_int_equal(chown(path, 0, 4321), 0);
		assert_int_equal(chmod(path, 0640), 0);
		err = ERR_INIT;
		assert_false(move_look(path, false, &user, &m, &err));
		assert_non_null(strstr(err.text, "not in that group"));
		/* a keyfile's group has no say: mongod lets it have none */
		err = ERR_INIT;
		assert_true(move_look(path, true, &user, &m, &err));
		/* what mongod cannot read as it is, it could not read after leave either */
		const struct move_user other_user = {.uid = 4321, .gid = 4322};
		assert_int_equal(chmod(path, 0600), 0);
		err = ERR_INIT;
		assert_false(move_look(path, true, &other_user, &m, &err));
		assert_non_null(strstr(err.text, "could not open"));
	}
	assert_int_equal(mkdir(tempdir_path(state, "d"), 0700), 0);
	err = ERR_INIT;
	assert_false(move_look(tempdir_path(state, "d"), true, &user, &m, &err));
	assert_non_null(strstr(err.text, "not a regular file"));
}

static void what_is_no_keyfile_or_pem_or_is_a_program_is_not_moved(void **state)
{
	static const struct {
		const char *bytes;
		mode_t mode;
		bool is_private;
		const char *why; /* NULL: it may be */
	} rows[] = {
	    {BYTES, 0600, true, NULL},
	    {"root:x:0:0:root:/root:/bin/sh\n", 0600, true, "it is no keyfile"},
	    {"\177ELF\2\1\1", 0600, true, "it is no keyfile"},
	    {"", 0600, true, "it is no keyfile"},
	    {BYTES, 0600, false, "it is no PEM"},
	    {"", 0600, false, "it is no PEM"},
	    {BYTES, 04755, true, "of a program"},
	    {BYTES, 04600, true, "of a program"},
	    {BYTES, 02600, true, "of a program"},
	    {BYTES, 0700, true, "of a program"},
	    {BYTES, 0610, false, "of a program"},
	    {BYTES, 0644, true, "others have rights to it"},
	};
	const struct move_user user = me();
	const char *path = tempdir_path(state, "f");
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct err err = ERR_INIT;
		struct move m;
		tempdir_write(path, rows[i].bytes, rows[i].mode);
		bool ok = move_look(path, rows[i].is_private, &user, &m, &err);
		if (ok != !rows[i].why || (!ok && !strstr(err.text, rows[i].why)))
			fail_msg("row %zu: %s", i, err.text);
	}
}

/* What was looked at and asked of is not what the path leads to any more: no byte of the other is
 * copied for mongod's user. */
static void a_path_that_is_turned_elsewhere_while_a_person_is_asked_gives_no_copy(void **state)
{
	struct move m;
	struct err err;
	const struct move_user user = me();
	static const char *const folders[] = {"up", "up/etc", "other", "other/etc"};
	make_case(state, &m);
	for (size_t i = 0; i < ARRAY_N(folders); i++)
		assert_int_equal(mkdir(tempdir_path(state, folders[i]), 0755), 0);
	tempdir_write(tempdir_path(state, "up/etc/keyfile"), BYTES, 0400);
	tempdir_write(tempdir_path(state, "other/etc/keyfile"), "- secret of others\n", 0400);
	struct move upper = m;
	err = ERR_INIT;
	assert_true(move_look(tempdir_path(state, "up/etc/keyfile"), true, &user, &upper, &err));
	memcpy(upper.at, m.at, sizeof(m.at));
	/* a folder above, by a link */
	assert_int_equal(rename(tempdir_path(state, "up"), tempdir_path(state, "was")), 0);
	assert_int_equal(symlink("other", tempdir_path(state, "up")), 0);
	assert_false(out(state, &upper, &err));
	assert_int_equal(err.kind, ERR_CHANGED);
	assert_int_equal(tempdir_count(tempdir_path(state, "keys/rs0")), 0);
	tempdir_expect(tempdir_path(state, "other/etc/keyfile"), "- secret of others\n");
	/* another file, alike in all */
	err = ERR_INIT;
	assert_true(move_look(m.path, true, &user, &upper, &err));
	memcpy(upper.at, m.at, sizeof(m.at));
	tempdir_write(tempdir_path(state, "new"), BYTES, 0400);
	assert_int_equal(rename(tempdir_path(state, "new"), m.path), 0);
	assert_false(out(state, &upper, &err));
	assert_int_equal(err.kind, ERR_CHANGED);
	assert_int_equal(tempdir_count(tempdir_path(state, "keys/rs0")), 0);
	/* a file of other rights */
	assert_int_equal(chmod(m.path, 0600), 0);
	assert_false(out(state, &m, &err));
	assert_int_equal(err.kind, ERR_CHANGED);
	assert_int_equal(tempdir_count(tempdir_path(state, "keys/rs0")), 0);
}

static void a_copy_that_no_link_leads_to_does_not_stay(void **state)
{
	struct move m;
	struct err err;
	make_case(state, &m);
	fails_links = true;
	assert_false(out(state, &m, &err));
	fails_links = false;
	assert_non_null(strstr(err.text, "Input/output error"));
	assert_int_equal(tempdir_count(tempdir_path(state, "keys/rs0")), 0);
	assert_int_equal(tempdir_count(tempdir_path(state, "etc")), 1);
	tempdir_expect(m.path, BYTES);
}

static void roots_file_below_a_folder_of_somebody_else_is_not_moved(void **state)
{
	static const struct {
		uid_t uid;
		gid_t gid;
		mode_t mode;
		const char *why; /* NULL: it may be */
	} rows[] = {
	    {0, 0, 0755, NULL},
	    {0, 0, 01777, NULL},
	    {0, 0, 0775, NULL},
	    {4321, 0, 0755, "above it is uid 4321's"},
	    {0, 0, 0777, "others than root can write"},
	    {0, 4321, 0775, "others than root can write"},
	};
	const struct move_user user = me();
	if (geteuid() != 0)
		return; /* nothing can be given away */
	assert_int_equal(mkdir(tempdir_path(state, "u"), 0755), 0);
	assert_int_equal(mkdir(tempdir_path(state, "u/etc"), 0755), 0);
	tempdir_write(tempdir_path(state, "u/etc/keyfile"), BYTES, 0400);
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct err err = ERR_INIT;
		struct move m;
		assert_int_equal(chown(tempdir_path(state, "u"), rows[i].uid, rows[i].gid), 0);
		assert_int_equal(chmod(tempdir_path(state, "u"), rows[i].mode), 0);
		bool ok = move_look(tempdir_path(state, "u/etc/keyfile"), true, &user, &m, &err);
		if (ok != !rows[i].why || (!ok && !strstr(err.text, rows[i].why)))
			fail_msg("row %zu: %s", i, err.text);
	}
	/* his own file there is his */
	struct err err = ERR_INIT;
	struct move m;
	assert_int_equal(chown(tempdir_path(state, "u"), 4321, 4321), 0);
	assert_int_equal(chown(tempdir_path(state, "u/etc/keyfile"), 4321, 4321), 0);
	assert_true(move_look(tempdir_path(state, "u/etc/keyfile"), true, &user, &m, &err));
}

static void a_record_gives_nobody_a_program(void **state)
{
	static const unsigned modes[] = {04755, 04400, 02400, 01400, 0500, 0410, 0401};
	struct move m;
	struct err err;
	make_case(state, &m);
	assert_true(out(state, &m, &err));
	for (size_t i = 0; i < ARRAY_N(modes); i++) {
		m.mode = modes[i];
		assert_false(back(&m, &err));
		assert_int_equal(err.kind, ERR_UNSAFE_FILE);
		assert_true(is_moved(&m));
	}
	assert_int_equal(tempdir_count(tempdir_path(state, "etc")), 1);
	m.mode = 0400;
	assert_true(back(&m, &err));
}

static void somebody_elses_folder_or_file_is_left_alone(void **state)
{
	struct move m;
	struct err err;
	make_case(state, &m);
	assert_int_equal(mkdir(tempdir_path(state, "keys"), 0777), 0);
	assert_int_equal(chmod(tempdir_path(state, "keys"), 0777), 0);
	assert_false(out(state, &m, &err));
	assert_int_equal(err.kind, ERR_CONFLICT);
	assert_int_equal(chmod(tempdir_path(state, "keys"), 0755), 0);
	assert_true(out(state, &m, &err));
	/* a file in place of the link, with other bytes: whose are right is not ours to say */
	assert_int_equal(unlink(m.path), 0);
	tempdir_write(m.path, "- other\n", 0600);
	assert_false(back(&m, &err));
	assert_int_equal(err.kind, ERR_CONFLICT);
	tempdir_expect(m.path, "- other\n");
	tempdir_expect(m.at, BYTES);
	/* a link made by who owns the folder is not followed by root */
	assert_int_equal(unlink(m.path), 0);
	assert_int_equal(symlink(m.at, m.path), 0);
	assert_int_equal(unlink(m.at), 0);
	tempdir_write(tempdir_path(state, "shadow"), "secret", 0600);
	assert_int_equal(symlink(tempdir_path(state, "shadow"), m.at), 0);
	assert_false(back(&m, &err));
	assert_int_equal(unlink(m.at), 0);
	assert_int_equal(link(tempdir_path(state, "shadow"), m.at), 0);
	assert_false(back(&m, &err));
	assert_int_equal(err.kind, ERR_UNSAFE_FILE);
	assert_true(is_moved(&m));
	assert_int_equal(unlink(m.at), 0);
	assert_false(back(&m, &err));
	assert_int_equal(err.kind, ERR_NOT_FOUND);
}

static void another_user_gets_the_file_and_only_the_rights_it_had(void **state)
{
	struct err err = ERR_INIT;
	struct move m;
	struct stat st;
	if (geteuid() != 0)
		return; /* nothing can be given away */
	const struct move_user user = {
	    .uid = 4321, .gid = 4322, .groups = {4322, 4323}, .groups_n = 2};
	make_case(state, &m);
	write_pem(m.path);
	assert_int_equal(chmod(*state, 0755), 0);
	assert_int_equal(chown(m.path, 0, 4323), 0);
	assert_int_equal(chmod(m.path, 0640), 0);
	assert_false(move_user_can_put(m.path, &user, &err));
	assert_int_equal(err.kind, ERR_PERMISSION);
	err = ERR_INIT;
	assert_true(move_look(m.path, false, &user, &m, &err));
	snprintf(m.at, sizeof(m.at), "%s/keys/rs0/pem", (const char *)*state);
	assert_true(move_make_home(tempdir_path(state, "keys/rs0"), &user, true, &err));
	assert_true(move_out(&m, &user, &err));
	assert_int_equal(stat(m.at, &st), 0);
	assert_int_equal(st.st_uid, 4321);
	assert_int_equal(st.st_gid, 4323);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_true(move_user_can_put(m.path, &user, &err));
	assert_int_equal(stat(tempdir_path(state, "keys/rs0"), &st), 0);
	assert_int_equal(st.st_uid, 4321);
	assert_int_equal(st.st_mode & 07777, 0711);
	assert_true(move_back(&m, &user, &err));
	assert_int_equal(lstat(m.path, &st), 0);
	assert_int_equal(st.st_uid, 0);
	assert_int_equal(st.st_gid, 4323);
	assert_int_equal(st.st_mode & 07777, 0640);
}

static void a_profile_that_does_not_know_the_new_place_is_found(void **state)
{
	static const struct {
		const char *attr, *profile; /* NULL: not confined */
	} rows[] = {
	    {"mongod (enforce)\n", "mongod"},
	    {"/usr/bin/mongod (enforce)", "/usr/bin/mongod"},
	    {"mongod (complain)\n", NULL},
	    {"unconfined\n", NULL},
	    {"system_u:system_r:mongod_t:s0", NULL},
	    {"", NULL},
	    {" (enforce)", NULL},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		char profile[64] = "";
		assert_true(move_is_confined(str_of(rows[i].attr), profile, sizeof(profile)) ==
			    (rows[i].profile != NULL));
		assert_string_equal(profile, rows[i].profile ? rows[i].profile : "");
	}
	assert_int_equal(mkdir(tempdir_path(state, "local"), 0755), 0);
	tempdir_write(tempdir_path(state, "usr.bin.mongod"), "/etc/mongodb/** r,\n", 0644);
	assert_false(move_is_in_profiles(*state, "/var/lib/mongodb-keys"));
	assert_false(move_is_in_profiles("/nowhere", "x"));
	tempdir_write(tempdir_path(state, "local/usr.bin.mongod"), "/var/lib/mongodb-keys/** r,\n",
		      0644);
	assert_true(move_is_in_profiles(*state, "/var/lib/mongodb-keys"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define CASE(f) cmocka_unit_test_setup_teardown(f, tempdir_setup, tempdir_teardown)
	    CASE(a_file_goes_out_and_comes_back),
	    CASE(what_rotad_writes_meanwhile_goes_beside_the_file_and_comes_back),
	    CASE(a_crash_at_any_step_leaves_the_bytes_and_the_next_try_ends_it),
	    CASE(every_reason_against_it_is_named_and_nothing_moves),
	    CASE(what_is_no_keyfile_or_pem_or_is_a_program_is_not_moved),
	    CASE(a_path_that_is_turned_elsewhere_while_a_person_is_asked_gives_no_copy),
	    CASE(a_copy_that_no_link_leads_to_does_not_stay),
	    CASE(roots_file_below_a_folder_of_somebody_else_is_not_moved),
	    CASE(a_record_gives_nobody_a_program),
	    CASE(somebody_elses_folder_or_file_is_left_alone),
	    CASE(a_profile_that_does_not_know_the_new_place_is_found),
	    CASE(another_user_gets_the_file_and_only_the_rights_it_had),
	};
	return cmocka_run_group_tests_name("move", tests, NULL, NULL);
}
