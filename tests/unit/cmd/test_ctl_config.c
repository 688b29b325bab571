/* SPDX-License-Identifier: Apache-2.0 */
/* The offline verbs on configurations and schedules: exit codes and what is told. */
#include "lib/test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <jansson.h>

#include "cert_fixture.h"
#include "cmd/ctl.h"
#include "ctl_run.h"
#include "lib/tempdir.h"

enum { ARGS_MAX = 14 };

static int setup(void **state)
{
	return tempdir_setup(state) || chdir(*state) ? -1 : 0;
}
static int teardown(void **state)
{
	return chdir("/") || tempdir_teardown(state) ? -1 : 0;
}

static void put(const char *name, const char *text, mode_t mode)
{
	auto_file FILE *f = fopen(name, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fchmod(fileno(f), mode), 0);
}

#define GOOD                                                                                       \
	"mode: act\ninstances:\n  - {name: a, configFile: mongod.conf, restart: {unit: "           \
	"m.service}}\nkeyfile: {mode: ask, maxAge: 90d}\nalerts:\n  - {name: ops, url: "           \
	"\"https://h/\", secret: file:s}\n"
#define SCHEDULE                                                                                   \
	"serial: 412\nfleet: prod\nkeyfile: {maxAge: 30d}\npolicies:\n  - {clusters: rs0, "        \
	"keyfile: {mode: act}, windows: [{days: [sat], start: \"02:00\", for: 4h}]}\norders:\n  "  \
	"- {id: c1, rotate: keyfile, clusters: rs0, reason: quarterly}\n"

static void verbs_give_their_exit_code_and_words(void **state)
{
	static const struct {
		const char *args[ARGS_MAX];
		enum ctl_exit code;
		const char *says, *says_also; /* in either stream */
	} rows[] = {
	    {{"config", "check", "good"},
	     CTL_GOOD,
	     "good: good, 1 instance\n",
	     "Mode act: keyfile ask, certificates observe"},
	    {{"--config", "good", "config", "check"}, CTL_GOOD, "good: good", ""},
	    {{"config", "check", "bad"},
	     CTL_FAILED,
	     "bad: refused, 2 errors",
	     "bad:2:1: unknown key 'moed'; did you mean 'mode'?"},
	    {{"config", "check", "bad"}, CTL_FAILED, "bad:3:19: keyfile.maxAge: '30'", ""},
	    {{"config", "check", "none"}, CTL_FAILED, "none", "No such file"},
	    {{"config", "check", "open"}, CTL_FAILED, "anyone may write it", ""},
	    {{"config", "check", "leaky"}, CTL_FAILED, "others may read it", "chmod 0600"},
	    {{"config", "check", "leaky", "--elsewhere"}, CTL_GOOD, "not looked at", ""},
	    {{"config", "check", "good", "extra"}, CTL_USAGE, "one argument too many", ""},
	    {{"config", "check", "--signer", "x"}, CTL_USAGE, "does not take that option", ""},
	    {{"config", "check", "--user", "no-such-user-here"}, CTL_USAGE, "there is no user", ""},
	    {{"config", "check", "--at", "noon"}, CTL_USAGE, "is no date", ""},
	    {{"config", "check", "good", "--json"}, CTL_GOOD, "\"keyfile\": \"ask\"", ""},
	    {{"config", "check", "bad", "--json"},
	     CTL_FAILED,
	     "\"where\": \"bad:2:1\"",
	     "\"exit\": 2"},
	    {{"config", "show", "good"}, CTL_GOOD, "\nmode: act  ", "# line 4\n"},
	    {{"config", "show", "good"}, CTL_GOOD, "minAge: 1d", "# default\n"},
	    {{"config", "show", "good"}, CTL_GOOD, "secret: file:/", ""},
	    {{"config", "show", "bad"}, CTL_FAILED, "refused", ""},
	    {{"config", "show", "good", "--json"},
	     CTL_GOOD,
	     "instances[0].restart.unit",
	     "m.service"},
	    {{"config", "keys"}, CTL_GOOD, "keyfile.maxAge\n", "Allowed: a duration"},
	    {{"config", "keys", "mode"}, CTL_GOOD, "observe, ask or act", ""},
	    {{"config", "keys", "keyfile"}, CTL_GOOD, "keyfile.maxAge\n", "keyfile.mode\n"},
	    {{"config", "keys", "instances"}, CTL_GOOD, "instances[].name\n", ""},
	    {{"config", "keys", "authorities.house.type"}, CTL_GOOD, "authorities.*.type\n", ""},
	    {{"config", "keys", "keyfile.max"}, CTL_USAGE, "there is no key", ""},
	    {{"config", "keys", "moed"}, CTL_USAGE, "there is no key", ""},
	    {{"config", "keys", "--manual"}, CTL_GOOD, "*keyfile.maxAge*\n\t", ""},
	    {{"config", "keys", "--json"}, CTL_GOOD, "\"key\": \"keyfile.maxAge\"", ""},
	    {{"schedule", "check", "central"},
	     CTL_GOOD,
	     "central: good, serial 412, fleet prod, 1 policy, 1 order",
	     "Not signed"},
	    {{"schedule", "check", "good"}, CTL_FAILED, "no 'serial'", "host's own word"},
	    {{"schedule", "check"}, CTL_USAGE, "which FILE?", ""},
	    {{"schedule", "check", "none"}, CTL_FAILED, "none", ""},
	    {{"schedule", "preview", "central"}, CTL_USAGE, "--cluster and --host", ""},
	    {{"--config", "good", "schedule", "preview", "central", "--cluster", "rs0", "--host",
	      "db1", "--at", "2026-11-22"},
	     CTL_GOOD,
	     "Serial 412 for db1 of rs0: listed",
	     "closed, opens 2026-11-28 02:00"},
	    {{"--config", "good", "schedule", "preview", "central", "--cluster", "rs0", "--host",
	      "db1", "--at", "2026-11-28T03:00:00Z"},
	     CTL_GOOD,
	     "open until 2026-11-28 06:00",
	     "Order c1: rotate keyfile, routine: quarterly"},
	    {{"--config", "good", "schedule", "preview", "central", "--cluster", "rs9", "--host",
	      "db1"},
	     CTL_GOOD,
	     "not listed",
	     "maxAge: 90d"}, /* the host's own word */
	    {{"--config", "none", "schedule", "preview", "central", "--cluster", "rs0", "--host",
	      "db1"},
	     CTL_GOOD,
	     "only 'mode: act'",
	     "maxAge: 30d"},
	    {{"--config", "bad", "schedule", "preview", "central", "--cluster", "rs0", "--host",
	      "db1"},
	     CTL_FAILED,
	     "bad: refused",
	     ""},
	    {{"--config", "good", "schedule", "preview", "central", "--cluster", "rs0", "--host",
	      "db1", "--json"},
	     CTL_GOOD,
	     "\"listed\": true",
	     "\"id\": \"c1\""},
	};
	put("mongod.conf", "net: {port: 1}\n", 0644);
	put("s", "x", 0600);
	put("t", "x", 0644);
	put("good", GOOD, 0644);
	put("open", GOOD, 0666);
	put("bad",
	    "instances: [{name: a, configFile: mongod.conf}]\nmoed: act\nkeyfile: {maxAge: 30}\n",
	    0644);
	put("leaky",
	    "instances: [{name: a, configFile: mongod.conf}]\nalerts: [{name: x, url: "
	    "\"https://h/\", secret: file:t}]\n",
	    0644);
	put("central", SCHEDULE, 0644);
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		auto_free char *out = NULL, *err = NULL;
		auto_buf struct buf both = {0};
		enum ctl_exit code = ctl_run_args(rows[i].args, &out, &err);
		buf_addf(&both, "%s%s", out, err);
		if (code != rows[i].code || !strstr(buf_z(&both), rows[i].says) ||
		    !strstr(buf_z(&both), rows[i].says_also))
			fail_msg("row %zu: exit %d, %s", i, code, buf_z(&both));
		if (strstr(rows[i].says, "\": ")) {
			json_t *doc = json_loads(out, JSON_REJECT_DUPLICATES, NULL);
			assert_non_null(doc);
			json_decref(doc);
		}
	}
}

static void schedule_is_signed_in_place_and_verified(void **state)
{
	struct fixture f = fixture_new(&(struct fixture_spec){.subject = "/CN=ops",
							      .from_s = -FIXTURE_DAY_S,
							      .to_s = 36500 * FIXTURE_DAY_S},
				       NULL, NULL);
	auto_buf struct buf pem = {0};
	auto_wiped_buf struct buf key = {0};
	auto_free char *out = NULL, *err = NULL;
	fixture_add_cert(&pem, &f);
	fixture_add_key(&key, &f, NULL);
	put("signer.pem", buf_z(&pem), 0644);
	put("signer.key", buf_z(&key), 0600);
	put("central", SCHEDULE, 0644);
	fixture_free(&f);
	static const struct {
		const char *args[ARGS_MAX];
		enum ctl_exit code;
		const char *says;
	} rows[] = {
	    {{"schedule", "check", "central", "--signer", "signer.pem", "--at", "2026-11-22"},
	     CTL_FAILED,
	     "not signed"},
	    {{"schedule", "sign", "central", "--signer", "signer.pem"}, CTL_USAGE, "--key"},
	    {{"schedule", "sign", "central", "--signer", "signer.pem", "--key", "signer.key"},
	     CTL_GOOD,
	     "central: signed, serial 412"},
	    {{"schedule", "check", "central", "--signer", "signer.pem", "--at", "2026-11-22"},
	     CTL_GOOD,
	     "Signed by /CN=ops, verified"},
	    {{"schedule", "check", "central"}, CTL_GOOD, "not verified"},
	    {{"schedule", "sign", "central", "--signer", "signer.pem", "--key", "none"},
	     CTL_FAILED,
	     "none"},
	    {{"schedule", "sign", "signer.pem", "--signer", "signer.pem", "--key", "signer.key"},
	     CTL_FAILED,
	     "refused"},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		auto_free char *o = NULL, *e = NULL;
		enum ctl_exit code = ctl_run_args(rows[i].args, &o, &e);
		if (code != rows[i].code || !(strstr(o, rows[i].says) || strstr(e, rows[i].says)))
			fail_msg("row %zu: exit %d, %s%s", i, code, o, e);
	}
	auto_file FILE *append = fopen("central", "a");
	assert_true(fputs("mode: ask\n", append) >= 0);
	assert_int_equal(fflush(append), 0);
	assert_int_equal(
	    ctl_run_args((const char *[]){"schedule", "check", "central", NULL}, &out, &err),
	    CTL_FAILED);
	assert_non_null(strstr(err, "which nobody signed"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(verbs_give_their_exit_code_and_words, setup, teardown),
	    cmocka_unit_test_setup_teardown(schedule_is_signed_in_place_and_verified, setup,
					    teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
