/* SPDX-License-Identifier: Apache-2.0 */
/* What the keys say together, and against the files they name. */
#include "lib/test.h"

#include <string.h>

#include "conf/conf_check.h"
#include "conf/zone_file.h"
#include "lib/read_files.h"
#include "lib/tempdir.h"

#define ZONES TESTS_DIR "/fixtures/zoneinfo"
/* 2026-11-22 02:36:16 UTC, a Sunday */
#define NOW ((struct wall){.us = 1795314976 * US_S})
#define ONE "instances: [{name: a, configFile: /x}]\n"

#define VAULT "authorities:\n  v: {type: vault, role: r, token: \"credential:t\", "

static struct conf *check(const char *text, bool *ret_ok, struct conf_faults *faults)
{
	const struct conf_how how = {
	    .files = &read_files, .zone_directory = ZONES, .is_elsewhere = true, .now = NOW};
	struct conf *c = conf_new();
	assert_non_null(c);
	memset(faults, 0, sizeof(*faults));
	if (!conf_parse(str_of(text), "/etc/rotad/rotad.yaml", c, faults))
		fail_msg("%s: %s", text, faults->faults[0].text);
	*ret_ok = conf_check(c, &how, faults);
	return c;
}

static const struct {
	const char *text;
	int line, column;
	const char *says;
} bad_rows[] = {
    {"mode: observe\n", 0, 0, "no instance"},
    {"instances:\n  - {name: a, configFile: /x}\n  - {name: a, configFile: /y}\n", 3, 12,
     "two instances are named 'a'; the first in line 2"},
    {"instances:\n  - {name: a, configFile: /x}\n  - {name: b, configFile: /x}\n", 3, 27,
     "same configFile /x"},
    {"instances:\n  - {name: a, configFile: /x, restart: {unit: m.service}}\n"
     "  - {name: b, configFile: /y, restart: {unit: m.service}}\n",
     3, 12, "restarted by the same unit m.service"},
    {"instances:\n  - {name: a, address: \"h:1\"}\n  - {name: b, address: \"h:1\"}\n", 3, 24,
     "are both at h:1"},
    {"instances: [{name: a}]\n", 1, 20, "needs configFile, address or both"},
    {"instances: [{name: a, configFile: /x, login: {user: u}}]\n", 1, 53, "needs login.password"},
    {"instances: [{name: a, configFile: /x, login: {password: credential:p}}]\n", 1, 57,
     "login.password needs login.user"},
    {"instances: [{name: a, configFile: /x, login: {user: u, password: credential:p, "
     "certificate: /c}}]\n",
     1, 93, "not by both"},
    {ONE "timezone: Europe/Atlantis\n", 2, 11, "no time zone 'Europe/Atlantis'"},
    {ONE "timezone: ../../etc/passwd\n", 2, 11, "no name of a time zone"},
    {ONE "timezone: /etc/localtime\n", 2, 11, "no name of a time zone"},
    {ONE "timezone: Europe\n", 2, 11, "timezone"},
    {ONE "windows:\n  - {start: 02:00, for: 1h, timezone: Mars/Base}\n", 3, 39,
     "no time zone 'Mars/Base'"},
    {ONE "certificates: {authority: haus}\nauthorities: {house: {type: manual}}\n", 2, 27,
     "there is no authority 'haus'; there is house"},
    {ONE "certificates: {authority: x}\n", 2, 27, "none under 'authorities:'"},
    {ONE "mode: act\ncertificates: {mode: act}\n", 3, 22, "names nobody who issues them"},
    {ONE "authorities:\n  house: {type: local, certificate: /c}\n", 3, 17, "needs 'at'"},
    {ONE "authorities:\n  v: {type: vault, url: \"https://v\"}\n", 3, 13, "needs 'role'"},
    {ONE VAULT "url: \"http://v\"}\n", 3, 57, "must be https://"},
    {ONE VAULT "url: \"http://localhost.example.net/\"}\n", 3, 57, "must be https://"},
    {ONE VAULT "url: \"http://127.example.net/\"}\n", 3, 57, "must be https://"},
    {ONE "alerts: [{name: a}]\n", 2, 17, "needs 'url'"},
    {ONE "alerts: [{name: a, type: command}]\n", 2, 17, "needs 'command'"},
    {ONE "alerts: [{name: a, url: \"http://x/\"}]\n", 2, 25, "allowPlain: true"},
    {ONE "alerts:\n  - {name: a, url: \"https://x/\"}\n  - {name: a, url: \"https://y/\"}\n", 4, 12,
     "two alerts are named 'a'"},
    {ONE "schedule: {url: \"https://x/\", file: /y, signer: /s}\n", 2, 37, "not both"},
    {ONE "schedule: {url: \"http://x/\", signer: /s}\n", 2, 17, "must be https://"},
    /* time: the arithmetic is shown */
    {ONE "freezes: [{from: 2026-12-20, until: 2026-12-19}]\n", 2, 37, "ends before it begins"},
    {ONE "freezes: [{from: 2026-01-01, until: 9999-12-31}]\n", 2, 18,
     "nothing could ever be done: no moment of the 400 days from 2026-11-22 02:36"},
    {ONE "windows: [{days: sat, start: 02:00, for: 1h}]\n"
	 "freezes: [{from: 2026-01-01, until: 2028-12-31}]\n",
     3, 18, "windows: [sat] \"02:00\" for 1h; freezes: 2026-01-01 until 2028-12-31"},
    {ONE "keyfile: {maxAge: 12h}\n", 2, 19,
     "a rotation would be due every 12h, but minAge allows one only after 1d"},
    {ONE "keyfile: {maxAge: 36h, strategy: standby}\n", 2, 19,
     "a rotation would be due every 18h, but minAge allows one only after 1d"},
    {ONE "keyfile: {maxAge: 90d, rideAlong: 23d}\n", 2, 35,
     "cannot be kept with maxAge 90d: a rotation takes up to 46d (two passes of rideAlong), and it "
     "leaves 44d between two of them (maxAge less twice rideAlong); with that maxAge must be at "
     "least 92d"},
    {ONE "keyfile: {maxAge: 28d, rideAlong: 14d}\n", 2, 35, "it leaves nothing between"},
    {ONE "keyfile: {maxAge: 41d, rideAlong: 14d, strategy: standby}\n", 2, 35,
     "takes up to 14d (one pass of rideAlong), and it leaves 13d12h between two of them (half of "
     "maxAge less rideAlong); with that maxAge must be at least 42d"},
    {ONE "keyfile: {maxAge: 56d, rideAlong: 14d}\n"
	 "windows: [{days: sat, start: 02:00, for: 1h}]\n",
     2, 35, "takes up to 34d23h (two passes of rideAlong and 6d23h for windows and freezes)"},
    {ONE "keyfile: {maxAge: 25h, rideAlong: 1h}\n", 2, 19,
     "a rotation would be due every 23h, but minAge allows one only after 1d"},
    /* what no part of rotad obeys is refused, with what to do */
    {ONE "authorities: {mode: ask}\n", 2, 21, "does not replace a CA yet"},
    {"instances: [{name: a, address: \"h:1\", successors: [b]}]\n", 1, 51,
     "does not choose who becomes primary yet; remove the line, or set priorities in rs.conf"},
    {ONE "authorities: {a: {type: acme, url: \"https://a/\"}}\n", 2, 25, "does not speak acme yet"},
    {ONE "keyfile: {maxAge: 5d}\nwindows: [{days: sat, start: 02:00, for: 1h}]\n", 2, 19,
     "from 2026-11-28 03:00 to 2026-12-05 02:00, for 6d23h"},
    {ONE "keyfile: {maxAge: 10d}\nfreezes: [{from: 2026-12-20, until: 2027-01-04}]\n", 2, 19,
     "from 2026-12-20 00:00 to 2027-01-05 00:00, for 16d"},
    {ONE "certificates: {validFor: 7d}\n", 2, 26, "outageBudget 10d is not shorter"},
    {ONE "certificates: {validFor: 30d, outageBudget: 5d}\n"
	 "freezes: [{from: 2026-12-20, until: 2027-01-04, rescueExpiring: false}]\n",
     3, 65, "it is renewed 9d21h36m before its end"},
};

/* What is obeyed of such a key stays allowed: a file that says it is no worse than one that does
 * not.
 */
static void what_is_obeyed_of_an_unfinished_key_is_allowed(void **state)
{
	static const char *const texts[] = {
	    "keyfile: {strategy: twoPass, rideAlong: no, maxParallel: 2}\n",
	    "keyfile: {rideAlong: 14d}\n",
	    "keyfile: {maxAge: 56d, rideAlong: 14d}\n",
	    "keyfile: {maxAge: 42d, rideAlong: 14d, strategy: standby}\n",
	    "authorities: {mode: off}\n",
	    "authorities: {mode: observe}\n"};
	for (size_t i = 0; i < ARRAY_N(texts); i++) {
		char text[256];
		bool ok;
		struct conf_faults faults;
		snprintf(text, sizeof(text), "%s%s", ONE, texts[i]);
		auto_conf struct conf *c = check(text, &ok, &faults);
		if (!ok)
			fail_msg("%s: %s", texts[i], faults.faults[0].text);
	}
}

static void contradiction_is_told_with_its_place(void **state)
{
	for (size_t i = 0; i < ARRAY_N(bad_rows); i++) {
		bool ok;
		struct conf_faults faults;
		auto_conf struct conf *c = check(bad_rows[i].text, &ok, &faults);
		const struct conf_fault *f = &faults.faults[0];
		for (unsigned k = 0; k < faults.n && f->is_warning; k++)
			f = &faults.faults[k];
		if (ok || f->line != bad_rows[i].line || f->column != bad_rows[i].column ||
		    !strstr(f->text, bad_rows[i].says))
			fail_msg("row %zu, %s: told %d:%d '%s'", i, bad_rows[i].text, f->line,
				 f->column, f->text);
	}
}

static void good_policies_are_fine(void **state)
{
	static const char *const rows[] = {
	    ONE,
	    ONE "timezone: Europe/Berlin\nwindows: [{days: sat, start: 02:00, for: 4h}]\n"
		"keyfile: {maxAge: 90d}\nfreezes: [{from: 2026-12-20, until: 2027-01-04}]\n",
	    ONE "freezes:\n  - {from: 2026-12-20, until: 2027-01-04}\n"
		"  - {from: 2026-12-25, until: 2027-01-10}\n", /* overlap */
	    ONE VAULT "url: \"http://127.0.0.1:8080/\"}\n",
	    ONE VAULT "url: \"http://[::1]:1/\"}\n",
	    ONE VAULT "url: \"http://localhost\"}\n",
	    ONE "alerts: [{name: a, url: \"http://x/\", allowPlain: true}]\n",
	    ONE "certificates: {validFor: 30d, outageBudget: 5d}\n"
		"freezes: [{from: 2026-12-20, until: 2027-01-04}]\n",
	    ONE "timezone: UTC\nwindows: [{start: 00:00, for: 1d}]\nkeyfile: {maxAge: 2d}\n",
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		bool ok;
		struct conf_faults faults;
		auto_conf struct conf *c = check(rows[i], &ok, &faults);
		if (!ok || faults.warnings_n)
			fail_msg("%s: %s", rows[i], faults.faults[0].text);
	}
}

static void what_may_surprise_is_a_warning(void **state)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
	    {ONE "mode: act\nkeyfile: {maxAge: 90d}\n", "keyfile.mode is not given"},
	    {ONE "mode: act\nkeyfile: {mode: act}\n", "has no restart:"},
	    {ONE "schedule: {url: \"https://x/\"}\n", "the schedule is not signed"},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		bool ok;
		struct conf_faults faults;
		auto_conf struct conf *c = check(rows[i].text, &ok, &faults);
		assert_true(ok);
		assert_int_equal(faults.warnings_n, 1);
		assert_non_null(strstr(faults.faults[0].text, rows[i].says));
	}
}

static void write_text(const char *path, const char *text, mode_t mode)
{
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static bool load(const char *dir, const char *text, mode_t mode, struct conf *c,
		 struct conf_faults *faults, struct err *err)
{
	char path[512];
	const struct conf_how how = {
	    .files = &read_files, .zone_directory = ZONES, .uid = getuid(), .now = NOW};
	snprintf(path, sizeof(path), "%s/rotad.yaml", dir);
	write_text(path, text, mode);
	return conf_load(path, &how, c, faults, err);
}

static void files_are_looked_at(void **state)
{
	static const struct {
		const char *text;
		mode_t mode; /* of the file s */
		const char *says;
	} rows[] = {
	    {"alerts: [{name: a, url: \"https://x/\", secret: file:s}]\n", 0600, NULL},
	    {"alerts: [{name: a, url: \"https://x/\", secret: file:s}]\n", 0400, NULL},
	    {"alerts: [{name: a, url: \"https://x/\", secret: file:s}]\n", 0640, "others may read"},
	    {"alerts: [{name: a, url: \"https://x/\", secret: file:s}]\n", 0604, "mode 0604"},
	    {"alerts: [{name: a, url: \"https://x/\", secret: file:none}]\n", 0600,
	     "there is no file"},
	    {"alerts: [{name: a, url: \"https://x/\", secret: file:.}]\n", 0600,
	     "not a regular file"},
	    {"alerts: [{name: a, type: command, command: s}]\n", 0755, NULL},
	    {"alerts: [{name: a, type: command, command: s}]\n", 0644, "not executable"},
	    {"alerts: [{name: a, type: command, command: s}]\n", 0775, "written by others"},
	    {"schedule: {file: s, signer: s, clientPem: s}\n", 0644, "schedule.clientPem"},
	    {"authorities: {h: {type: local, at: x, certificate: none, privateKey: none}}\n", 0600,
	     NULL}, /* only the issuing host has them */
	    {"authorities: {h: {type: local, at: x, certificate: s, privateKey: s}}\n", 0644,
	     "authorities.*.privateKey"},
	};
	char path[512];
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		auto_buf struct buf text = {0};
		auto_conf struct conf *c = conf_new();
		struct conf_faults faults = {.n = 0};
		struct err err = ERR_INIT;
		snprintf(path, sizeof(path), "%s/s", (const char *)*state);
		write_text(path, "x", rows[i].mode);
		buf_addf(&text, "instances: [{name: a, configFile: s}]\n%s", rows[i].text);
		bool ok = load(*state, buf_z(&text), 0644, c, &faults, &err);
		assert_int_equal(ok, rows[i].says == NULL);
		if (!ok && !strstr(err.text, rows[i].says))
			fail_msg("row %zu: %s", i, err.text);
		assert_int_equal(ok ? 0 : 2, err.line);
	}
}

static void file_that_anyone_may_write_is_refused(void **state)
{
	auto_conf struct conf *c = conf_new();
	struct conf_faults faults = {.n = 0};
	struct err err = ERR_INIT;
	assert_false(load(*state, "mode: observe\n", 0666, c, &faults, &err));
	assert_int_equal(err.kind, ERR_UNSAFE_FILE);
}

static void missing_file_is_told(void **state)
{
	auto_conf struct conf *c = conf_new();
	struct conf_faults faults = {.n = 0};
	struct err err = ERR_INIT;
	const struct conf_how how = {.files = &read_files, .now = NOW};
	assert_false(conf_load("/nonexistent/rotad.yaml", &how, c, &faults, &err));
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	assert_int_equal(err.contexts_n, 1);
}

static void too_large_a_file_is_refused(void **state)
{
	auto_buf struct buf text = {0};
	auto_conf struct conf *c = conf_new();
	struct conf_faults faults = {.n = 0};
	struct err err = ERR_INIT;
	for (int i = 0; i < CONF_BYTES_MAX / 32 + 1; i++)
		buf_adds(&text, "###############################\n");
	assert_false(load(*state, buf_z(&text), 0644, c, &faults, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
}

static void keys_that_need_a_restart_are_named(void **state)
{
	bool ok;
	struct conf_faults faults;
	auto_conf struct conf *a = check(ONE, &ok, &faults);
	auto_conf struct conf *b = check(ONE "keyfile: {maxAge: 90d}\n", &ok, &faults);
	auto_conf struct conf *c = check(ONE "socket: /run/x.sock\n", &ok, &faults);
	assert_null(conf_needs_restart(&a->config, &b->config));
	assert_string_equal(conf_needs_restart(&a->config, &c->config), "socket");
}

static void zone_names_cannot_leave_their_directory(void **state)
{
	static const char *const rows[] = {"",         "/",    "..",       "../zoneinfo/UTC",
					   "a//b",     "a/",   "Europe/.", "Europe/../UTC",
					   "zone.tab", "a\nb", "a b",      "tzdata.zi",
					   "\xc3\xa4"};
	auto_free struct zone *z = calloc(1, sizeof(*z));
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct err err = ERR_INIT;
		assert_false(zone_load(&read_files, ZONES, rows[i], z, &err));
		assert_int_equal(err.kind, ERR_INVALID);
	}
	struct err err = ERR_INIT;
	assert_true(zone_load(&read_files, "/nonexistent", "UTC", z, &err));
	assert_true(zone_load(&read_files, ZONES, "Europe/Berlin", z, &err));
	assert_false(zone_load(&read_files, ZONES, "Europe/Paris", z, &err));
	assert_int_equal(err.kind, ERR_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(contradiction_is_told_with_its_place),
	    cmocka_unit_test(good_policies_are_fine),
	    cmocka_unit_test(what_is_obeyed_of_an_unfinished_key_is_allowed),
	    cmocka_unit_test(what_may_surprise_is_a_warning),
	    cmocka_unit_test_setup_teardown(files_are_looked_at, tempdir_setup, tempdir_teardown),
	    cmocka_unit_test_setup_teardown(file_that_anyone_may_write_is_refused, tempdir_setup,
					    tempdir_teardown),
	    cmocka_unit_test(missing_file_is_told),
	    cmocka_unit_test_setup_teardown(too_large_a_file_is_refused, tempdir_setup,
					    tempdir_teardown),
	    cmocka_unit_test(keys_that_need_a_restart_are_named),
	    cmocka_unit_test(zone_names_cannot_leave_their_directory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
