/* SPDX-License-Identifier: Apache-2.0 */
/* rotad.yaml key by key: what is taken, and that each error names its place and what is allowed. */
#include "lib/test.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "conf/conf_parse.h"
#include "conf/conf_print.h"

static const char whole[] =
    "mode: ask\n"
    "timezone: Europe/Berlin\n"
    "stateDirectory: /srv/rotad\n"
    "instances:\n"
    "  - name: rs0-a\n"
    "    configFile: /etc/mongod.conf\n"
    "    restart: {unit: mongod.service, drain: 2s, maxLag: 30s}\n"
    "    reload: {hook: bin/reload}\n"
    "    paths: {/keys: /srv/keys}\n"
    "    login: {user: rotad, password: credential:mongo}\n"
    "    successors: [db2.example.net, db3.example.net]\n"
    "    allowDowntime: majorityWrites\n"
    "    iKnow: opsManager\n"
    "  - name: rs0-b\n"
    "    address: \"[::1]:27018\"\n"
    "    restart: {hook: /usr/local/bin/restart}\n"
    "    reload: rotateCertificates\n"
    "keyfile: {mode: act, writer: external, maxAge: 90d, strategy: standby, bornAt: "
    "2026-08-19, maxParallel: all, routers: [r1, \"r2:27016\"]}\n"
    "certificates:\n"
    "  mode: ask\n"
    "  authority: house\n"
    "  renewAt: 66.5%\n"
    "  keyType: RSA-3072\n"
    "authorities:\n"
    "  mode: off\n"
    "  house: {type: local, at: db1.example.net, certificate: ca.pem, privateKey: ca.key, "
    "issues: {for: 90d}}\n"
    "windows: [{days: [sat, sun], start: \"02:00\", for: 4h}, {start: 23:30, for: 1h, "
    "timezone: America/New_York}]\n"
    "freezes: [{from: 2026-12-20, until: 2027-01-04, reason: year end, rescueExpiring: false}]\n"
    "schedule: {url: \"https://ops.example.net/rotad.yaml\", poll: 1m}\n"
    "alerts:\n"
    "  - {name: ops, url: \"https://hook.example.net/x\", secret: file:/etc/rotad/s, "
    "headers: {X-Team: dba}}\n";

static struct conf *parse(const char *text, bool *ret_ok, struct conf_faults *faults)
{
	struct conf *c = conf_new();
	assert_non_null(c);
	memset(faults, 0, sizeof(*faults));
	*ret_ok = conf_parse(str_of(text), "/etc/rotad/rotad.yaml", c, faults);
	return c;
}

static void whole_file_is_taken(void **state)
{
	bool ok;
	struct conf_faults faults;
	auto_conf struct conf *conf = parse(whole, &ok, &faults);
	const struct config *c = &conf->config;
	const struct policy *p = &c->policy;
	if (!ok)
		fail_msg("%d:%d %s", faults.faults[0].line, faults.faults[0].column,
			 faults.faults[0].text);
	assert_int_equal(p->mode, MODE_ASK);
	assert_string_equal(p->zones[0].name, "Europe/Berlin");
	assert_string_equal(c->state_directory, "/srv/rotad");
	assert_string_equal(c->socket, "/run/rotad/rotad.sock");
	assert_int_equal(c->instances_n, 2);
	assert_int_equal(p->keyfile.max_parallel, 64);
	assert_int_equal(p->keyfile.routers_n, 2);
	assert_string_equal(p->keyfile.routers[1], "r2:27016");
	auto_buf struct buf shown = {0};
	conf_value_print(conf_find(STR("keyfile.maxParallel")), c, 0, &shown);
	assert_string_equal(buf_z(&shown), "all");
	const struct instance_policy *a = &c->instances[0], *b = &c->instances[1];
	assert_int_equal(a->restart_how, RESTART_UNIT);
	assert_string_equal(a->restart_name, "mongod.service");
	assert_int_equal(a->drain_us, 2 * US_S);
	assert_int_equal(a->max_lag_us, 30 * US_S);
	assert_int_equal(a->reload_how, RELOAD_HOOK);
	assert_string_equal(a->reload_hook, "/etc/rotad/bin/reload");
	assert_int_equal(a->mode, MODE_ACT);
	assert_int_equal(a->paths_n, 1);
	assert_string_equal(a->paths[0].to, "/srv/keys");
	assert_int_equal(a->login.password.from, CREDENTIAL_SYSTEMD);
	assert_string_equal(a->login.password.name, "mongo");
	assert_string_equal(a->login.database, "admin");
	assert_int_equal(a->successors_n, 2);
	assert_int_equal(a->allow_downtime, DOWNTIME_MAJORITY_WRITES);
	assert_true(a->knows_ops_manager);
	assert_int_equal(b->restart_how, RESTART_HOOK);
	assert_int_equal(b->drain_us, -1);
	assert_int_equal(b->reload_how, RELOAD_ROTATE_CERTIFICATES);
	assert_false(b->knows_ops_manager);
	assert_int_equal(p->keyfile.mode, MODE_ACT);
	assert_int_equal(policy_mode(p, KIND_KEYFILE), MODE_ASK); /* the ceiling */
	assert_int_equal(p->keyfile.writer, WRITER_EXTERNAL);
	assert_int_equal(p->keyfile.max_age_us, 90 * US_DAY);
	assert_int_equal(p->keyfile.min_age_us, US_DAY);
	assert_int_equal(p->keyfile.strategy, STRATEGY_STANDBY);
	assert_int_equal(p->keyfile.born_at.us, days_from_civil(2026, 8, 19) * US_DAY);
	assert_int_equal(p->certificates.renew_at_ppm, 665000);
	assert_false(p->certificates.is_key_same);
	assert_int_equal(p->certificates.key_type, CERT_KEY_RSA);
	assert_int_equal(p->certificates.key_bits, 3072);
	assert_int_equal(p->authorities_mode, MODE_OFF);
	assert_int_equal(c->authorities_n, 1);
	assert_string_equal(c->authorities[0].name, "house");
	assert_string_equal(c->authorities[0].private_key, "/etc/rotad/ca.key");
	assert_string_equal(c->authorities[0].at[0], "db1.example.net");
	assert_int_equal(c->authorities[0].valid_for_us, 90 * US_DAY);
	assert_int_equal(p->windows_n, 2);
	assert_int_equal(p->windows[0].days, 0x41);
	assert_int_equal(p->windows[0].start_s, 7200);
	assert_int_equal(p->windows[0].zone_i, 0);
	assert_int_equal(p->windows[1].days, 0x7f);
	assert_int_equal(p->windows[1].start_s, 23 * 3600 + 1800);
	assert_string_equal(p->zones[p->windows[1].zone_i].name, "America/New_York");
	assert_int_equal(p->freezes[0].until_day, days_from_civil(2027, 1, 4));
	assert_false(p->freezes[0].rescue_expiring);
	assert_string_equal(p->freezes[0].reason, "year end");
	assert_int_equal(c->schedule.poll_us, US_MIN);
	assert_int_equal(c->alerts[0].min_severity, SEVERITY_WARNING);
	assert_int_equal(c->alerts[0].headers_n, 1);
	assert_int_equal(conf_origin_get(conf, conf_find(STR("keyfile.maxAge")), 0)->line, 18);
	assert_int_equal(conf_origin_get(conf, conf_find(STR("instances[].name")), 1)->line, 14);
	assert_int_equal(conf_origin_get(conf, conf_find(STR("keyfile.minAge")), 0)->from,
			 CONF_FROM_DEFAULT);
}

static void empty_file_is_all_defaults(void **state)
{
	static const char *const rows[] = {"", "# nothing\n", "keyfile:\ninstances:\n",
					   "mode: observe\nwindows: []\n"};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		bool ok;
		struct conf_faults faults;
		auto_conf struct conf *c = parse(rows[i], &ok, &faults);
		assert_true(ok);
		assert_int_equal(c->config.policy.mode, MODE_OBSERVE);
		assert_int_equal(c->config.policy.keyfile.mode, MODE_OBSERVE);
		assert_int_equal(c->config.policy.keyfile.max_age_us, 0);
		assert_int_equal(c->config.policy.certificates.renew_at_ppm, 670000);
	}
}

/* Each row: a text with one fault, the place it must be told at, and a part of what is told. */
static const struct {
	const char *text;
	int line, column;
	const char *says;
} bad_rows[] = {
    /* keys */
    {"mod: act\n", 1, 1, "unknown key 'mod'; did you mean 'mode'?"},
    {"keyfile:\n  maxage: 90d\n", 2, 3, "unknown key 'keyfile.maxage'; did you mean 'maxAge'?"},
    {"keyfile: {zzzzzzzz: 1}\n", 1, 11, "allowed here: mode, writer, maxAge"},
    {"instances:\n  - {name: a, restrat: {unit: x}}\n", 2, 15, "did you mean 'restart'?"},
    {"instances:\n  - {name: a, restart: {Unit: x.service}}\n", 2, 25, "did you mean 'unit'?"},
    {"keyfile.maxAge: 90d\n", 1, 1, "unknown key 'keyfile.maxAge'"},
    {"\"instances[]\": []\n", 1, 1, "unknown key"},
    {"\"*\": 1\n", 1, 1, "unknown key"},
    {"authorities: {\"*\": {type: manual}}\n", 1, 15, "name of an authority"},
    {"authorities: {\"a b\": {type: manual}}\n", 1, 15, "name of an authority"},
    {"mode: act\nmode: act\n", 2, 1, "twice"},
    /* shapes */
    {"- mode\n", 1, 1, "a map of keys"},
    {"observe\n", 1, 1, "a map of keys"},
    {"keyfile: act\n", 1, 10, "a map of keys"},
    {"keyfile: [a]\n", 1, 10, "a map of keys"},
    {"instances: {name: a}\n", 1, 12, "a list belongs here"},
    {"instances: rs0\n", 1, 12, "a list belongs here"},
    {"instances: [rs0]\n", 1, 13, "a map of keys"},
    {"authorities: {house: local}\n", 1, 22, "a map of keys"},
    {"mode: [act]\n", 1, 7, "a list cannot stand here; allowed: observe, ask or act"},
    {"mode: {act: 1}\n", 1, 7, "a map cannot stand here"},
    {"mode:\n", 1, 6, "no value"},
    {"keyfile: {maxAge: \"\"}\n", 1, 19, "no value"},
    {"keyfile: {routers: {a: b}}\n", 1, 20, "a map cannot stand here"},
    {"keyfile: {routers: [[a]]}\n", 1, 21, "a list or map"},
    {"instances: [{name: a, paths: /x}]\n", 1, 30, "a single value cannot stand here"},
    /* needed */
    {"instances:\n  - configFile: /x\n", 2, 5, "instances[] 1 needs 'name'"},
    {"windows: [{for: 1h}]\n", 1, 11, "windows[] 1 needs 'start'"},
    {"windows: [{start: 02:00}]\n", 1, 11, "windows[] 1 needs 'for'"},
    {"freezes: [{from: 2026-12-20}]\n", 1, 11, "needs 'until'"},
    {"authorities: {house: {at: db1}}\n", 1, 15, "needs 'type'"},
    {"alerts: [{type: webhook}]\n", 1, 10, "needs 'name'"},
    /* words */
    {"mode: acts\n", 1, 7, "did you mean 'act'? allowed: observe, ask or act"},
    {"mode: off\n", 1, 7, "allowed: observe, ask or act"},
    {"mode: ACT\n", 1, 7, "did you mean 'act'?"},
    {"keyfile: {strategy: onePass}\n", 1, 21, "twoPass"},
    {"instances: [{name: a, reload: rotate}]\n", 1, 31, "allowed: rotateCertificates"},
    {"instances: [{name: a, iKnow: puppet}]\n", 1, 30, "allowed: opsManager"},
    {"certificates: {keyType: rsa-1024}\n", 1, 25, "allowed: same, rsa-2048"},
    {"authorities: {x: {type: letsencrypt}}\n", 1, 25, "allowed: local, manual"},
    /* durations */
    {"keyfile: {maxAge: 30}\n", 1, 19, "is no duration"},
    {"keyfile: {maxAge: 30x}\n", 1, 19, "is no duration"},
    {"keyfile: {maxAge: -3d}\n", 1, 19, "is no duration"},
    {"keyfile: {maxAge: 1m}\n", 1, 19, "out of bounds; allowed: a duration, 1h to 3660d"},
    {"keyfile: {maxAge: 99999999d}\n", 1, 19, "too long a duration"},
    {"keyfile: {maxAge: 99999d}\n", 1, 19, "out of bounds"},
    {"keyfile: {minAge: 0}\n", 1, 19, "out of bounds"},
    {"windows: [{start: 02:00, for: 0}]\n", 1, 31, "out of bounds"},
    {"windows: [{start: 02:00, for: 8d}]\n", 1, 31, "out of bounds"},
    {"instances: [{name: a, restart: {unit: m.service, drain: 20m}}]\n", 1, 57, "or server"},
    /* percent, number, bool */
    {"certificates: {renewAt: 67}\n", 1, 25, "is no percentage"},
    {"certificates: {renewAt: 100%}\n", 1, 25, "out of bounds; allowed: 10% to 99%"},
    {"certificates: {renewAt: 1e1%}\n", 1, 25, "no percentage"},
    {"certificates: {renewAt: 66.%}\n", 1, 25, "no percentage"},
    {"keyfile: {maxParallel: 0}\n", 1, 24, "out of bounds; allowed: 1 to 64, or all"},
    {"keyfile: {maxParallel: any}\n", 1, 24, "no number"},
    {"keyfile: {maxParallel: 1.5}\n", 1, 24, "no number"},
    {"keyfile: {maxParallel: 99999999999999}\n", 1, 24, "no number"},
    {"instances: [{name: a, acceptUntested: yes}]\n", 1, 39, "neither true nor false"},
    /* times */
    {"windows: [{start: \"2\", for: 1h}]\n", 1, 19, "no time of day"},
    {"windows: [{start: \"24:00\", for: 1h}]\n", 1, 19, "no time of day"},
    {"windows: [{start: \"02:60\", for: 1h}]\n", 1, 19, "no time of day"},
    {"windows: [{start: -2:00, for: 1h}]\n", 1, 19, "no time of day"},
    {"windows: [{days: [sat, samstag], start: 02:00, for: 1h}]\n", 1, 24, "'samstag'"},
    {"windows: [{days: [], start: 02:00, for: 1h}]\n", 1, 18, "never opens"},
    {"windows: [{days: -1, start: 02:00, for: 1h}]\n", 1, 18, "no weekdays"},
    {"freezes: [{from: 2026-02-30, until: 2026-03-01}]\n", 1, 18, "no date"},
    {"freezes: [{from: 20.12.2026, until: 2026-03-01}]\n", 1, 18, "no date"},
    {"freezes: [{from: 10000-01-01, until: 2026-03-01}]\n", 1, 18, "no date"},
    {"freezes: [{from: 1969-12-31, until: 2026-03-01}]\n", 1, 18, "no date"},
    {"keyfile: {bornAt: 2026-08-19T25:00:00Z}\n", 1, 19, "no time"},
    {"keyfile: {bornAt: yesterday}\n", 1, 19, "no date"},
    /* names, hosts, paths, URLs */
    {"instances: [{name: a b}]\n", 1, 20, "is no name"},
    {"instances: [{name: \"a\\nb\"}]\n", 1, 20, "is no name"},
    {"instances: [{name: ../x}]\n", 1, 20, "is no name"},
    {"instances: [{name: \xc3\xa4}]\n", 1, 20, "is no name"},
    {"instances: [{name: a, address: \"db 1:27017\"}]\n", 1, 32, "is no host"},
    {"instances: [{name: a, address: d\xc3\xb6"
     "b.example.net}]\n",
     1, 32, "is no host"},
    {"keyfile: {routers: [a, a]}\n", 1, 20, "twice"},
    {"stateDirectory: ~/rotad\n", 1, 17, "neither ~ nor $ is expanded"},
    {"stateDirectory: $HOME/rotad\n", 1, 17, "neither ~ nor $ is expanded"},
    {"stateDirectory: \"/a\\nb\"\n", 1, 17, "no path"},
    {"schedule: {url: ftp://x/y}\n", 1, 17, "must begin with https://"},
    {"schedule: {url: \"https://\"}\n", 1, 17, "no good host"},
    {"schedule: {url: \"https://a b/\"}\n", 1, 17, "no good host"},
    {"schedule: {url: \"https://a/ b\"}\n", 1, 17, "%XX"},
    {"schedule: {url: \"https://a/\\r\\nX: y\"}\n", 1, 17, "%XX"},
    {"instances: [{name: a, restart: {unit: mongod}}]\n", 1, 39, "is no unit"},
    {"instances: [{name: a, restart: {unit: \"a b.service\"}}]\n", 1, 39, "is no unit"},
    {"instances: [{name: a, restart: {unit: m.service, hook: /x}}]\n", 1, 56,
     "only one way to restart"},
    {"instances: [{name: a, paths: {keys: /x}}]\n", 1, 31, "no map of paths"},
    {"instances: [{name: a, paths: {/keys: x}}]\n", 1, 31, "no map of paths"},
    /* secrets */
    {"alerts: [{name: a, secret: hunter2}]\n", 1, 28, "a secret never stands in this file"},
    {"alerts: [{name: a, secret: \"credential:a/b\"}]\n", 1, 28, "stands a name"},
    {"alerts: [{name: a, url: \"https://u:hunter2@h/\"}]\n", 1, 25, "user or password"},
    {"alerts: [{name: a, headers: {Authorization: Bearer hunter2}}]\n", 1, 30,
     "would hold a secret"},
    {"alerts: [{name: a, headers: {X-Api-Token: hunter2}}]\n", 1, 30, "would hold a secret"},
    {"alerts: [{name: a, headers: {X: \"a\\r\\nb\"}}]\n", 1, 30, "control character"},
    {"alerts: [{name: a, headers: {\"X Y\": b}}]\n", 1, 30, "no map of headers"},
    {"instances: [{name: a, login: {user: x, password: hunter2}}]\n", 1, 50,
     "a secret never stands in this file"},
    /* anchors and more: test_yaml has them all */
    {"x: &a 1\n", 1, 4, "anchors"},
};

static void bad_value_is_told_with_its_place(void **state)
{
	for (size_t i = 0; i < ARRAY_N(bad_rows); i++) {
		bool ok;
		struct conf_faults faults;
		auto_conf struct conf *c = parse(bad_rows[i].text, &ok, &faults);
		assert_false(ok);
		assert_int_equal(faults.errors_n, 1);
		const struct conf_fault *f = &faults.faults[0];
		if (f->line != bad_rows[i].line || f->column != bad_rows[i].column ||
		    !strstr(f->text, bad_rows[i].says))
			fail_msg("row %zu, %s: told %d:%d '%s'", i, bad_rows[i].text, f->line,
				 f->column, f->text);
		assert_null(strstr(f->text, "hunter2"));
		assert_null(strchr(f->text, '\n'));
	}
}

static void all_errors_are_told_up_to_the_limit(void **state)
{
	bool ok;
	struct conf_faults faults;
	auto_buf struct buf text = {0};
	auto_buf struct buf out = {0};
	struct err err = ERR_INIT;
	for (int i = 0; i < 30; i++)
		buf_addf(&text, "wrong%d: 1\n", i);
	auto_conf struct conf *c = parse(buf_z(&text), &ok, &faults);
	assert_false(ok);
	assert_int_equal(faults.n, CONF_ERRORS_MAX);
	assert_int_equal(faults.errors_n, 30);
	for (unsigned i = 0; i < faults.n; i++)
		assert_int_equal(faults.faults[i].line, (int)i + 1);
	conf_faults_print(&faults, "/etc/rotad/rotad.yaml", &out);
	assert_non_null(strstr(buf_z(&out), "/etc/rotad/rotad.yaml:1:1: unknown key 'wrong0'"));
	assert_non_null(strstr(buf_z(&out), "and 10 more"));
	assert_false(conf_faults_err(&faults, "/etc/rotad/rotad.yaml", &err));
	assert_int_equal(err.line, 1);
	assert_string_equal(err.subject, "/etc/rotad/rotad.yaml");
	assert_non_null(strstr(err.text, "(and 29 more)"));
}

static void an_error_takes_the_place_of_a_warning(void **state)
{
	struct conf_faults f = {.n = 0};
	for (int i = 0; i < CONF_ERRORS_MAX; i++)
		conf_fault_add(&f, true, i, 1, "w");
	conf_fault_add(&f, false, 99, 1, "e");
	conf_fault_add(&f, true, 100, 1, "w");
	assert_int_equal(f.n, CONF_ERRORS_MAX);
	assert_int_equal(f.faults[CONF_ERRORS_MAX - 1].line, 99);
	assert_int_equal(f.errors_n, 1);
	assert_int_equal(f.warnings_n, CONF_ERRORS_MAX + 1);
}

static void lists_end_at_their_limit(void **state)
{
	static const struct {
		const char *head, *unit;
		int n;
		const char *says;
	} rows[] = {
	    {"instances: [", "{name: a},", INSTANCES_MAX + 3, "instances[]: more than 16"},
	    {"windows: [", "{start: 02:00, for: 1h},", WINDOWS_MAX + 3, "windows[]: more than 64"},
	    {"freezes: [", "{from: 2026-01-01, until: 2026-01-01},", 5000,
	     "freezes[]: more than 64"},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		bool ok;
		struct conf_faults faults;
		auto_buf struct buf text = {0};
		buf_adds(&text, rows[i].head);
		for (int k = 0; k < rows[i].n; k++)
			buf_adds(&text, rows[i].unit);
		buf_adds(&text, "]\n");
		auto_conf struct conf *c = parse(buf_z(&text), &ok, &faults);
		assert_false(ok);
		assert_non_null(strstr(faults.faults[0].text, rows[i].says));
	}
}

/* What config show prints can be read back to the same. */
static void printed_values_are_read_back(void **state)
{
	bool ok;
	struct conf_faults faults;
	auto_conf struct conf *c = parse(whole, &ok, &faults);
	assert_true(ok);
	static const struct {
		const char *key, *text;
	} rows[] = {
	    {"mode", "ask"},
	    {"keyfile.maxAge", "90d"},
	    {"keyfile.minAge", "1d"},
	    {"keyfile.bornAt", "2026-08-19T00:00:00Z"},
	    {"certificates.renewAt", "66.50%"},
	    {"certificates.keyType", "rsa-3072"},
	    {"certificates.validFor", "authority"},
	    {"instances[].restart.drain", "2s"},
	    {"instances[].restart.unit", "mongod.service"},
	    {"instances[].restart.hook", ""},
	    {"instances[].login.password", "credential:mongo"},
	    {"instances[].paths", "{/keys: /srv/keys}"},
	    {"instances[].successors", "[db2.example.net, db3.example.net]"},
	    {"windows[].days", "[sat, sun]"},
	    {"windows[].start", "\"02:00\""},
	    {"windows[].timezone", "Europe/Berlin"},
	    {"freezes[].until", "2027-01-04"},
	    {"alerts[].headers", "{X-Team: dba}"},
	    {"alerts[].secret", "file:/etc/rotad/s"},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		auto_buf struct buf out = {0};
		conf_value_print(conf_find(str_of(rows[i].key)), &c->config, 0, &out);
		assert_string_equal(buf_z(&out), rows[i].text);
	}
}

static void defaults_are_printed_as_they_would_be_written(void **state)
{
	static const struct {
		const char *key, *text;
	} rows[] = {
	    {"mode", "observe"},
	    {"timezone", "UTC"},
	    {"keyfile.maxAge", "never"},
	    {"keyfile.rideAlong", "no"},
	    {"certificates.renewAt", "67%"},
	    {"certificates.outageBudget", "10d"},
	    {"instances[].restart.drain", "server"},
	    {"instances[].restart.timeout", "5m"},
	    {"instances[].name", ""},
	    {"windows[].days", "daily"},
	    {"freezes[].rescueExpiring", "true"},
	    {"alerts[].minSeverity", "warning"},
	    {"schedule.poll", "5m"},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		auto_buf struct buf out = {0};
		conf_default_print(conf_find(str_of(rows[i].key)), &out);
		assert_string_equal(buf_z(&out), rows[i].text);
	}
}

/* All of config show is a configuration again, and the same one. */
static void shown_configuration_parses_back(void **state)
{
	static const char odd[] =
	    "instances: [{name: a, address: \"[::1]:27018\", login: {user: \"a: b #\", password: "
	    "credential:p}}, {name: b, configFile: x, paths: {/k: /s}}]\n"
	    "freezes: [{from: 2026-12-20, until: 2026-12-21, reason: \"- it's \\\"so\\\", "
	    "[really]\"}]\n"
	    "alerts: [{name: x, url: \"https://h/?a=b,c#d\", headers: {X: \"\", Y: \"a: b\"}}]\n"
	    "authorities: {mode: ask, x: {type: manual}, y: {type: local, at: [\"[::1]\", b]}}\n";
	const char *const rows[] = {whole, odd, ""};
	for (size_t i = 0; i < ARRAY_N(rows); i++)
		for (int k = 0; k < 4; k++) {
			bool ok;
			struct conf_faults faults;
			enum conf_print_what what = k & 1 ? CONF_PRINT_SET : CONF_PRINT_EFFECTIVE;
			auto_buf struct buf text = {0};
			auto_conf struct conf *a = parse(rows[i], &ok, &faults);
			assert_true(ok);
			conf_print(a, what, k & 2, &text);
			auto_conf struct conf *b = parse(buf_z(&text), &ok, &faults);
			if (!ok)
				fail_msg("%s\n%d:%d %s", buf_z(&text), faults.faults[0].line,
					 faults.faults[0].column, faults.faults[0].text);
			assert_memory_equal(&a->config, &b->config, sizeof(a->config));
		}
}

/* A key whose default cannot be written into the file would surprise whoever copies it from config
 * show. */
static void every_default_is_a_good_value(void **state)
{
	for (size_t i = 0; i < conf_table_n; i++) {
		const struct conf_row *row = &conf_table[i];
		auto_buf struct buf value = {0};
		auto_buf struct buf text = {0};
		bool ok;
		struct conf_faults faults;
		conf_default_print(row, &value);
		assert_true(row->help[strlen(row->help) - 1] != '.');
		assert_true(strlen(row->path) < 60);
		if (value.n == 0 || row->base != CONF_IN_CONFIG)
			continue;
		const char *dot = strchr(row->path, '.');
		if (dot)
			buf_addf(&text, "%.*s: {%s: %s}\n", (int)(dot - row->path), row->path,
				 dot + 1, buf_z(&value));
		else
			buf_addf(&text, "%s: %s\n", row->path, buf_z(&value));
		auto_conf struct conf *c = parse(buf_z(&text), &ok, &faults);
		if (!ok)
			fail_msg("%s: %s", buf_z(&text), faults.faults[0].text);
	}
}

/* Upper and lower case, numbers and dates do not depend on the locale (a Turkish I is not ours). */
static void locale_does_not_matter(void **state)
{
	bool ok;
	struct conf_faults faults;
	static const char *const names[] = {"tr_TR.UTF-8", "tr_TR", "de_DE.UTF-8", "C.UTF-8"};
	for (size_t i = 0; i < ARRAY_N(names); i++) {
		(void)setlocale(LC_ALL, names[i]); /* not installed: the same as before */
		auto_conf struct conf *c =
		    parse("certificates: {keyType: ED25519, renewAt: 66.5%}\n", &ok, &faults);
		assert_true(ok);
		assert_int_equal(c->config.policy.certificates.key_type, CERT_KEY_ED25519);
		assert_int_equal(c->config.policy.certificates.renew_at_ppm, 665000);
	}
	(void)setlocale(LC_ALL, "C");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(whole_file_is_taken),
	    cmocka_unit_test(empty_file_is_all_defaults),
	    cmocka_unit_test(bad_value_is_told_with_its_place),
	    cmocka_unit_test(all_errors_are_told_up_to_the_limit),
	    cmocka_unit_test(an_error_takes_the_place_of_a_warning),
	    cmocka_unit_test(lists_end_at_their_limit),
	    cmocka_unit_test(printed_values_are_read_back),
	    cmocka_unit_test(shown_configuration_parses_back),
	    cmocka_unit_test(defaults_are_printed_as_they_would_be_written),
	    cmocka_unit_test(every_default_is_a_good_value),
	    cmocka_unit_test(locale_does_not_matter),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
