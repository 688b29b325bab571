/* SPDX-License-Identifier: Apache-2.0 */
/* rotactl adopt and leave on a host made of one folder: what is said is what is done, twice is
 * once, and leave takes it back. The moves themselves, and crashes in them:
 * tests/unit/sys/test_move.c. */
#include "lib/test.h"

#include <pwd.h>
#include <sys/stat.h>

#include "cmd/ctl_adopt_server.h"
#include "ctl_run.h"
#include "lib/tempdir.h"

#define KEY "- aaaaaaaaaaaaaaaaaaaaaaaa\n"

/* Somebody whom root can ask as; without root there is only ourselves, and nothing needs to move.
 */
static const char *user(void)
{
	static char name[64];
	const struct passwd *pw = geteuid() == 0 ? getpwnam("nobody") : getpwuid(geteuid());
	cut_z(name, sizeof(name), pw ? pw->pw_name : "");
	return name;
}

static void make_host(void **state, const char *keyfile)
{
	static const char *const folders[] = {
	    "etc", "etc/systemd", "etc/systemd/system", "etc/polkit-1", "etc/polkit-1/rules.d",
	    "var", "var/lib"};
	char text[2048];
	assert_int_equal(chmod(*state, 0755), 0);
	for (size_t i = 0; i < ARRAY_N(folders); i++)
		assert_int_equal(mkdir(tempdir_path(state, folders[i]), 0755), 0);
	tempdir_write(tempdir_path(state, "etc/keyfile"), keyfile, 0400);
	const struct passwd *pw = getpwnam(user());
	if (geteuid() == 0)
		assert_int_equal(chown(tempdir_path(state, "etc/keyfile"), pw->pw_uid, pw->pw_gid),
				 0);
	snprintf(text, sizeof(text), "security: {keyFile: %s}\nreplication: {replSetName: rs0}\n",
		 tempdir_path(state, "etc/keyfile"));
	tempdir_write(tempdir_path(state, "etc/mongod.conf"), text, 0644);
	snprintf(text, sizeof(text),
		 "# ours\nmode: observe\ntimezone: UTC\ninstances:\n  - name: rs0\n    configFile: "
		 "%s\n    restart: {unit: mongod-a.service}\nkeyfile: {mode: observe} # k\n",
		 tempdir_path(state, "etc/mongod.conf"));
	tempdir_write(tempdir_path(state, "rotad.yaml"), text, 0644);
}

static enum ctl_exit run(void **state, const char *const *words, char **out)
{
	const char *args[RUN_ARGS_MAX + 1] = {"--config", tempdir_path(state, "rotad.yaml"),
					      words[0],   "rs0",
					      "--root",   *state,
					      "--user",   user(),
					      "--yes"};
	char *err = NULL;
	for (size_t n = 9, i = 1; words[i]; i++)
		args[n++] = words[i];
	enum ctl_exit code = ctl_run_args(args, out, &err);
	if (err && err[0]) { /* what was said last */
		free(*out);
		*out = err;
	} else {
		free(err);
	}
	return code;
}
#define RUN(...) run(state, (const char *const[]){__VA_ARGS__, NULL}, &out)

static void expect_said(char **out, const char *words)
{
	/* folded lines are one text */
	for (char *c = *out; *c; c++)
		if (*c == '\n')
			*c = ' ';
	char *flat = *out, *to = flat;
	for (const char *c = flat; *c; c++)
		if (!(c[0] == ' ' && c[1] == ' '))
			*to++ = *c;
	*to = 0;
	if (!strstr(*out, words))
		fail_msg("no '%s' in: %s", words, *out);
	free(*out);
	*out = NULL;
}

static bool is_link(const char *path)
{
	struct stat st;
	assert_int_equal(lstat(path, &st), 0);
	return S_ISLNK(st.st_mode);
}

static void what_a_dry_run_says_is_what_adopt_does_and_leave_undoes(void **state)
{
	char *out = NULL;
	const char *drop_in = "etc/systemd/system/rotad.service.d/adopt-rs0.conf";
	const bool is_root = geteuid() == 0;
	make_host(state, KEY);
	assert_int_equal(RUN("adopt", "--dry-run"), CTL_GOOD);
	expect_said(&out, "Nothing was done (--dry-run)");
	assert_int_equal(tempdir_count(tempdir_path(state, "var/lib")), 0);
	assert_false(is_link(tempdir_path(state, "etc/keyfile")));
	assert_int_equal(access(tempdir_path(state, drop_in), F_OK), -1);
	assert_int_equal(RUN("leave"), CTL_GOOD);
	expect_said(&out, "was not adopted");

	assert_int_equal(RUN("adopt"), CTL_GOOD);
	expect_said(&out, is_root ? "a link stays in its place" : "it stays");
	assert_true(is_link(tempdir_path(state, "etc/keyfile")) == is_root);
	tempdir_expect(tempdir_path(state, "etc/keyfile"), KEY);
	if (is_root)
		tempdir_expect(tempdir_path(state, "var/lib/mongodb-keys/rs0/keyfile"), KEY);
	struct buf text = {.p = NULL};
	read_fixture(tempdir_path(state, drop_in), &text);
	assert_non_null(strstr(buf_z(&text), "[Service]\nUser="));
	assert_non_null(strstr(buf_z(&text), "ReadWritePaths=\""));
	buf_clear(&text);
	read_fixture(tempdir_path(state, "etc/polkit-1/rules.d/51-rotad-rs0.rules"), &text);
	assert_non_null(strstr(buf_z(&text), "=== \"mongod-a.service\""));
	buf_clear(&text);
	/* The package's socket is its own user's, who may be none here. */
	read_fixture(tempdir_path(state, "etc/systemd/system/rotad.socket.d/adopt-rs0.conf"),
		     &text);
	assert_non_null(strstr(buf_z(&text), "[Socket]\nSocketUser="));
	buf_fini(&text);
	assert_int_equal(RUN("adopt"), CTL_GOOD);
	expect_said(&out, "All of it is so already");
	/* What was changed since is no more what would be made. */
	static const char *const texts[] = {"etc/polkit-1/rules.d/51-rotad-rs0.rules",
					    "etc/systemd/system/rotad.socket.d/adopt-rs0.conf",
					    "etc/systemd/system/rotad.service.d/adopt-rs0.conf"};
	for (size_t i = 0; i < ARRAY_N(texts); i++) {
		tempdir_write(tempdir_path(state, texts[i]), "// of another release\n", 0644);
		assert_int_equal(RUN("adopt"), CTL_GOOD);
		expect_said(&out, "Done");
		assert_int_equal(RUN("adopt"), CTL_GOOD);
		expect_said(&out, "All of it is so already");
	}

	assert_int_equal(RUN("leave", "--dry-run"), CTL_GOOD);
	expect_said(&out, "Nothing was done");
	assert_true(is_link(tempdir_path(state, "etc/keyfile")) == is_root);
	if (RUN("leave") != CTL_GOOD)
		fail_msg("%s", out);
	expect_said(&out, "Done: no file of rotad's is in mongod's way");
	assert_false(is_link(tempdir_path(state, "etc/keyfile")));
	tempdir_expect(tempdir_path(state, "etc/keyfile"), KEY);
	assert_int_equal(tempdir_count(tempdir_path(state, "var/lib")), 0);
	assert_int_equal(tempdir_count(tempdir_path(state, "etc/systemd/system")), 0);
	assert_int_equal(tempdir_count(tempdir_path(state, "etc/polkit-1/rules.d")), 0);
	assert_int_equal(RUN("leave"), CTL_GOOD);
	expect_said(&out, "was not adopted");
}

static void
a_file_that_is_managed_elsewhere_is_not_moved_and_the_configuration_says_so(void **state)
{
	char *out = NULL;
	struct buf text = {.p = NULL};
	make_host(state, "# Ansible managed\n" KEY);
	assert_int_equal(RUN("adopt"), CTL_GOOD);
	expect_said(&out, "written by something else (its text has \"Ansible managed\")");
	assert_false(is_link(tempdir_path(state, "etc/keyfile")));
	read_fixture(tempdir_path(state, "rotad.yaml"), &text);
	assert_non_null(strstr(buf_z(&text), "writer: external"));
	assert_non_null(strstr(buf_z(&text), "# ours\n"));
	buf_fini(&text);
	assert_int_equal(RUN("adopt"), CTL_GOOD);
	expect_said(&out, "keyfile: {writer: external} says so");
}

static void whoever_knows_says_that_something_else_writes_it(void **state)
{
	char *out = NULL;
	make_host(state, KEY);
	assert_int_equal(RUN("adopt", "--external"), CTL_GOOD);
	expect_said(&out, "--external says so");
	assert_false(is_link(tempdir_path(state, "etc/keyfile")));
	assert_int_equal(RUN("leave", "--external"), CTL_USAGE);
	expect_said(&out, "--external is adopt's");
}

static void what_cannot_be_done_is_refused_and_nothing_is_touched(void **state)
{
	char *out = NULL;
	make_host(state, KEY);
	if (geteuid() == 0) {
		assert_int_equal(
		    link(tempdir_path(state, "etc/keyfile"), tempdir_path(state, "etc/second")), 0);
		assert_int_equal(RUN("adopt"), CTL_FAILED);
		expect_said(&out, "2 hard links");
	}
	assert_int_equal(tempdir_count(tempdir_path(state, "var/lib")), 0);
	assert_int_equal(tempdir_count(tempdir_path(state, "etc/systemd/system")), 0);
	assert_int_equal(unlink(tempdir_path(state, "etc/mongod.conf")), 0);
	assert_int_equal(RUN("adopt"), CTL_FAILED);
	expect_said(&out, "reading mongod's configuration");
	assert_int_equal(rename(tempdir_path(state, "rotad.yaml"), tempdir_path(state, "x.yaml")),
			 0);
	assert_int_equal(RUN("adopt"), CTL_FAILED);
	expect_said(&out, "rotad.yaml");
	assert_int_equal(tempdir_count(tempdir_path(state, "etc/systemd/system")), 0);
}

static void a_record_that_is_not_roots_alone_is_not_believed(void **state)
{
	char *out = NULL;
	make_host(state, KEY);
	assert_int_equal(mkdir(tempdir_path(state, "var/lib/mongodb-keys"), 0755), 0);
	tempdir_write(tempdir_path(state, "var/lib/mongodb-keys/rs0.json"), "{}", 0666);
	assert_int_equal(RUN("leave"), CTL_FAILED);
	expect_said(&out, "not root's alone");
	/* nor one that would make a program of what comes back */
	static const int modes[] = {04755, 02400, 0500, 0401, -1};
	for (size_t i = 0; i < ARRAY_N(modes); i++) {
		char text[256];
		snprintf(
		    text, sizeof(text),
		    "{\"files\": [{\"path\": \"/nowhere/f\", \"at\": \"/nowhere/g\", \"uid\": 0, "
		    "\"gid\": 0, \"mode\": %d, \"private\": true}]}",
		    modes[i]);
		tempdir_write(tempdir_path(state, "var/lib/mongodb-keys/rs0.json"), text, 0644);
		assert_int_equal(RUN("leave"), CTL_FAILED);
		expect_said(&out, "not what rotactl adopt writes");
	}
}

static void the_way_back_needs_nothing_of_mongods(void **state)
{
	char *out = NULL;
	make_host(state, KEY);
	assert_int_equal(RUN("adopt"), CTL_GOOD);
	expect_said(&out, "Done");
	assert_int_equal(chmod(tempdir_path(state, "etc/mongod.conf"), 0666), 0);
	assert_int_equal(RUN("adopt"), CTL_FAILED);
	expect_said(&out, "not root's alone");
	assert_int_equal(unlink(tempdir_path(state, "etc/mongod.conf")), 0);
	assert_int_equal(RUN("leave"), CTL_GOOD);
	expect_said(&out, "Done: no file of rotad's is in mongod's way");
	assert_false(is_link(tempdir_path(state, "etc/keyfile")));
	tempdir_expect(tempdir_path(state, "etc/keyfile"), KEY);
	assert_int_equal(tempdir_count(tempdir_path(state, "var/lib")), 0);
	assert_int_equal(tempdir_count(tempdir_path(state, "etc/systemd/system")), 0);
}

/* A uid may be larger than an int; a path may be no UTF-8, which JSON cannot say. */
static void what_the_record_cannot_say_is_not_moved(void **state)
{
	char *out = NULL, named[512], odd[512];
	struct stat st;
	snprintf(named, sizeof(named), "%s", tempdir_path(state, "etc/keyfile"));
	snprintf(odd, sizeof(odd), "%s", tempdir_path(state, "etc/odd\xff/keyfile"));
	if (geteuid() != 0)
		skip();
	make_host(state, KEY);
	if (chown(named, 4294967290U, getpwnam(user())->pw_gid) != 0)
		skip();                          /* a namespace without that user */
	assert_int_equal(chmod(named, 0440), 0); /* so that mongod may read it */
	assert_int_equal(RUN("adopt"), CTL_GOOD);
	expect_said(&out, "Done");
	if (RUN("leave") != CTL_GOOD)
		fail_msg("%s", out);
	expect_said(&out, "Done: no file of rotad's is in mongod's way");
	assert_int_equal(stat(named, &st), 0);
	assert_true(st.st_uid == 4294967290U);

	assert_int_equal(mkdir(tempdir_path(state, "etc/odd\xff"), 0755), 0);
	assert_int_equal(rename(named, odd), 0);
	assert_int_equal(symlink(odd, named), 0);
	assert_int_equal(RUN("adopt"), CTL_FAILED);
	expect_said(&out, "cannot be written into the record");
	assert_false(is_link(odd));
	tempdir_expect(odd, KEY);
	assert_int_equal(tempdir_count(tempdir_path(state, "var/lib")), 0);
}

static void who_names_root_files_to_be_moved_must_be_roots_alone(void **state)
{
	char *out = NULL;
	make_host(state, KEY);
	assert_int_equal(chmod(tempdir_path(state, "etc/mongod.conf"), 0666), 0);
	assert_int_equal(RUN("adopt"), CTL_FAILED);
	expect_said(&out, "not root's alone");
	assert_int_equal(chmod(tempdir_path(state, "etc/mongod.conf"), 0644), 0);
	if (geteuid() == 0) {
		const struct passwd *pw = getpwnam(user());
		assert_int_equal(
		    chown(tempdir_path(state, "etc/mongod.conf"), pw->pw_uid, pw->pw_gid), 0);
		assert_int_equal(RUN("adopt"), CTL_FAILED);
		expect_said(&out, "not root's alone");
	}
	assert_int_equal(tempdir_count(tempdir_path(state, "var/lib")), 0);
	assert_int_equal(tempdir_count(tempdir_path(state, "etc/systemd/system")), 0);
}

/* Any user runs a program named mongod with any command line. */
static void a_process_is_believed_by_what_its_user_cannot_make_up(void **state)
{
	(void)state;
	static const struct {
		struct adopt_signs signs;
		enum adopt_proof proof;
	} rows[] = {
	    {{.is_named = true, .uid = 4321, .keyfile_uid = 121}, ADOPT_STRANGER},
	    /* mongod is down, and he took its port */
	    {{.is_named = true, .is_listening = true, .uid = 4321, .keyfile_uid = 121},
	     ADOPT_STRANGER},
	    {{.is_named = true, .is_listening = true, .uid = 4321, .keyfile_uid = -1},
	     ADOPT_STRANGER},
	    /* a program of root's with setuid by the name of mongod */
	    {{.is_named = true, .is_listening = true, .uid = 0, .keyfile_uid = 0}, ADOPT_STRANGER},
	    {{.is_named = true, .is_listening = true, .uid = 121, .keyfile_uid = 121},
	     ADOPT_BY_PORT},
	    {{.is_listening = true, .uid = 121, .keyfile_uid = 121}, ADOPT_STRANGER},
	    {{.is_named = true, .uid = 121, .keyfile_uid = 121}, ADOPT_STRANGER},
	    {{.is_main = true, .is_restart_unit = true, .uid = 121, .keyfile_uid = 0},
	     ADOPT_BY_UNIT},
	    {{.is_main = true, .is_unit_server = true, .uid = 0, .keyfile_uid = 0}, ADOPT_BY_UNIT},
	    /* a service of his own */
	    {{.is_main = true, .is_named = true, .uid = 4321, .keyfile_uid = 121}, ADOPT_STRANGER},
	    /* beside the main process of the unit */
	    {{.is_restart_unit = true, .is_unit_server = true, .is_named = true, .uid = 4321},
	     ADOPT_STRANGER},
	    {{.is_main = true, .is_restart_unit = true, .is_user_unit = true}, ADOPT_STRANGER},
	    {{.is_main = true, .is_restart_unit = true, .is_container = true}, ADOPT_STRANGER},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++)
		if (adopt_prove(&rows[i].signs) != rows[i].proof)
			fail_msg("row %zu", i);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define CASE(f) cmocka_unit_test_setup_teardown(f, tempdir_setup, tempdir_teardown)
	    CASE(what_a_dry_run_says_is_what_adopt_does_and_leave_undoes),
	    CASE(a_file_that_is_managed_elsewhere_is_not_moved_and_the_configuration_says_so),
	    CASE(whoever_knows_says_that_something_else_writes_it),
	    CASE(what_cannot_be_done_is_refused_and_nothing_is_touched),
	    CASE(the_way_back_needs_nothing_of_mongods),
	    CASE(what_the_record_cannot_say_is_not_moved),
	    CASE(who_names_root_files_to_be_moved_must_be_roots_alone),
	    CASE(a_process_is_believed_by_what_its_user_cannot_make_up),
	    CASE(a_record_that_is_not_roots_alone_is_not_believed),
	};
	return cmocka_run_group_tests_name("ctl_adopt", tests, NULL, NULL);
}
