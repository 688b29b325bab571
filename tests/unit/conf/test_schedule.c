/* SPDX-License-Identifier: Apache-2.0 */
/* What the schedule means for a host: it fills and tightens, it never lifts and never takes away.
 */
#include "lib/test.h"

#include <stdlib.h>
#include <string.h>

#include "conf/schedule.h"
#include "lib/read_files.h"

#define NOW ((struct wall){.us = 1795314976 * US_S}) /* 2026-11-22 02:36:16 UTC */
static const struct conf_how how = {.files = &read_files,
				    .zone_directory = TESTS_DIR "/fixtures/zoneinfo",
				    .is_elsewhere = true,
				    .now = NOW};

static struct conf *host_conf(const char *text)
{
	struct conf_faults f = {.n = 0};
	struct conf *c = conf_new();
	auto_buf struct buf all = {0};
	buf_addf(&all, "instances: [{name: a, configFile: /x, restart: {unit: m.service}}]\n%s",
		 text);
	if (!conf_parse(buf_str(&all), "/etc/rotad/rotad.yaml", c, &f) || !conf_check(c, &how, &f))
		fail_msg("%s: %s", text, f.faults[0].text);
	return c;
}

static struct schedule *schedule_new(const char *text)
{
	struct conf_faults f = {.n = 0};
	struct schedule *s = calloc(1, sizeof(*s));
	assert_non_null(s);
	if (text && !schedule_parse(str_of(text), &how, s, &f))
		fail_msg("%s: %d:%d %s", text, f.faults[0].line, f.faults[0].column,
			 f.faults[0].text);
	return s;
}

static void schedule_end(struct schedule *s)
{
	schedule_fini(s);
	free(s);
}

static struct conf *merged(const char *schedule, const char *listed, const char *host)
{
	struct conf_faults f = {.n = 0};
	struct conf *ret = conf_new();
	auto_conf struct conf *own = host_conf(host);
	struct schedule *s = schedule_new(schedule), *l = schedule_new(listed);
	if (!schedule_merge(s, l, own, "rs0", "db1.example.net", &how, ret, &f))
		fail_msg("%s", f.faults[0].text);
	schedule_end(s);
	schedule_end(l);
	return ret;
}

static void patterns_match_as_names_do(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool matches;
	} rows[] = {
	    {"rs0", "rs0", true},
	    {"rs0", "RS0", true},
	    {"rs0", "rs01", false},
	    {"rs*", "rs01", true},
	    {"*", "", true},
	    {"*", "anything", true},
	    {"", "", true},
	    {"", "a", false},
	    {"?", "", false},
	    {"db?.example.net", "db1.example.net", true},
	    {"db?.example.net", "db12.example.net", false},
	    {"*.example.net", "db1.example.net", true},
	    {"*.example.net", "db1.example.net.evil.org", false},
	    {"*.example.net", "example.net", false},
	    {"a*b*c", "aXbYbZc", true},
	    {"a*b*c", "aXcYb", false},
	    {"**", "a", true},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++)
		assert_int_equal(pattern_matches(rows[i].pattern, rows[i].text), rows[i].matches);
	/* a pattern that would take for ever with naive going back */
	char text[200];
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_false(pattern_matches("*a*a*a*a*a*a*a*a*a*a*a*a*b", text));
}

/* Each row: host, schedule, the key to look at, what comes out. */
static void schedule_fills_and_tightens_but_never_lifts(void **state)
{
	static const struct {
		const char *host, *schedule, *key, *value;
	} rows[] = {
	    /* modes */
	    {"mode: act\n", "keyfile: {mode: act}\n", "keyfile.mode", "act"},
	    {"mode: act\nkeyfile: {mode: observe}\n", "keyfile: {mode: act}\n", "keyfile.mode",
	     "observe"},
	    {"mode: act\nkeyfile: {mode: act}\n", "keyfile: {mode: ask}\n", "keyfile.mode", "ask"},
	    {"", "mode: act\n", "mode", "observe"},
	    {"mode: ask\n", "mode: act\n", "mode", "ask"},
	    {"mode: act\n", "mode: observe\n", "mode", "observe"},
	    /* filling */
	    {"", "keyfile: {maxAge: 90d}\n", "keyfile.maxAge", "90d"},
	    {"keyfile: {maxAge: 30d}\n", "keyfile: {maxAge: 90d}\n", "keyfile.maxAge", "30d"},
	    {"keyfile: {maxAge: never}\n", "keyfile: {maxAge: 90d}\n", "keyfile.maxAge", "never"},
	    {"", "timezone: Europe/Berlin\n", "timezone", "Europe/Berlin"},
	    {"timezone: UTC\n", "timezone: Europe/Berlin\n", "timezone", "UTC"},
	    {"", "certificates: {keyType: rsa-3072}\n", "certificates.keyType", "rsa-3072"},
	    {"", "certificates: {names: [m1, m2]}\n", "certificates.names", "[m1, m2]"},
	    /* the more careful of two */
	    {"keyfile: {minAge: 2d}\n", "keyfile: {minAge: 1h}\n", "keyfile.minAge", "2d"},
	    {"keyfile: {minAge: 1h}\n", "keyfile: {minAge: 2d}\n", "keyfile.minAge", "2d"},
	    {"keyfile: {onForeignWrite: hold}\n", "keyfile: {onForeignWrite: restore}\n",
	     "keyfile.onForeignWrite", "hold"},
	    {"keyfile: {writer: rotad}\n", "keyfile: {writer: external}\n", "keyfile.writer",
	     "external"},
	    {"keyfile: {otherUsers: wait}\n", "keyfile: {otherUsers: ignore}\n",
	     "keyfile.otherUsers", "wait"},
	    /* policies by name; the last that matches fills, the most careful restricts */
	    {"", "policies: [{clusters: rs0, keyfile: {maxAge: 60d}}]\n", "keyfile.maxAge", "60d"},
	    {"", "policies: [{clusters: rs1, keyfile: {maxAge: 60d}}]\n", "keyfile.maxAge",
	     "never"},
	    {"",
	     "keyfile: {maxAge: 90d}\npolicies:\n  - {clusters: \"*\", keyfile: {maxAge: 60d}}\n"
	     "  - {hosts: [\"db*\"], keyfile: {maxAge: 45d}}\n  - {hosts: x, keyfile: {maxAge: "
	     "30d}}\n",
	     "keyfile.maxAge", "45d"},
	    {"mode: act\n",
	     "policies:\n  - {clusters: rs0, keyfile: {mode: ask}}\n"
	     "  - {hosts: \"db*\", keyfile: {mode: act}}\n",
	     "keyfile.mode", "ask"},
	    {"", "policies: [{clusters: rs0, hosts: other, keyfile: {maxAge: 60d}}]\n",
	     "keyfile.maxAge", "never"},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		auto_buf struct buf text = {0};
		auto_buf struct buf value = {0};
		buf_addf(&text, "serial: 7\n%s", rows[i].schedule);
		auto_conf struct conf *c = merged(buf_z(&text), NULL, rows[i].host);
		conf_value_print(conf_find(str_of(rows[i].key)), &c->config, 0, &value);
		if (strcmp(buf_z(&value), rows[i].value) != 0)
			fail_msg("row %zu: %s is %s", i, rows[i].key, buf_z(&value));
		assert_int_equal(c->config.schedule_serial, 7);
	}
}

static void windows_and_freezes_of_all_hold(void **state)
{
	auto_conf struct conf *c = merged(
	    "serial: 1\nfreezes: [{from: 2026-12-20, until: 2027-01-04}]\n"
	    "policies:\n  - clusters: rs0\n    timezone: America/New_York\n"
	    "    windows: [{days: sat, start: 02:00, for: 4h}, {days: sun, start: 02:00, for: "
	    "4h}]\n"
	    "  - clusters: rs0\n    windows: [{days: sat, start: 00:00, for: 1d}]\n",
	    NULL,
	    "timezone: Europe/Berlin\nwindows: [{days: [sat, sun], start: 08:00, for: 1h}]\n"
	    "freezes: [{from: 2027-04-01, until: 2027-04-02}]\n");
	const struct policy *p = &c->config.policy;
	assert_int_equal(p->windows_n, 4);
	assert_int_equal(p->windows[0].from, 0);
	assert_int_equal(p->windows[1].from, 1);
	assert_int_equal(p->windows[2].from, 1);
	assert_int_equal(p->windows[3].from, 2);
	assert_string_equal(p->zones[p->windows[1].zone_i].name, "America/New_York");
	assert_int_equal(p->windows[3].zone_i, 0); /* local time of the host */
	assert_int_equal(p->freezes_n, 2);
	assert_int_equal(p->freezes[1].zone_i, 0);
	assert_true(p->zones[p->windows[1].zone_i].shifts_n > 100); /* loaded */
	assert_true(c->config.is_in_schedule);
}

static void host_that_is_not_listed_keeps_what_it_had(void **state)
{
	static const char old[] =
	    "serial: 6\npolicies: [{clusters: rs0, keyfile: {maxAge: 60d}}]\n";
	auto_conf struct conf *c =
	    merged("serial: 7\nfreezes: [{from: 2026-12-20, until: 2026-12-21}]\n"
		   "policies: [{clusters: rs9, keyfile: {maxAge: 9d}}]\n",
		   old, "");
	assert_int_equal(c->config.policy.keyfile.max_age_us, 60 * US_DAY);
	assert_int_equal(c->config.policy.freezes_n, 1);
	assert_false(c->config.is_in_schedule);
	assert_int_equal(c->config.schedule_serial, 7);
	/* no schedule at all, and an empty one */
	auto_conf struct conf *none = merged(NULL, NULL, "keyfile: {maxAge: 30d}\n");
	assert_int_equal(none->config.policy.keyfile.max_age_us, 30 * US_DAY);
	auto_conf struct conf *empty = merged("serial: 8\n", NULL, "keyfile: {maxAge: 30d}\n");
	assert_int_equal(empty->config.policy.keyfile.max_age_us, 30 * US_DAY);
}

static void merged_policy_that_cannot_be_met_is_refused(void **state)
{
	struct conf_faults f = {.n = 0};
	auto_conf struct conf *own =
	    host_conf("windows: [{days: sat, start: 02:00, for: 1h}]\nkeyfile: {maxAge: 90d}\n");
	auto_conf struct conf *ret = conf_new();
	struct schedule *s = schedule_new("serial: 1\npolicies: [{clusters: \"*\", windows: "
					  "[{days: sun, start: 02:00, for: 1h}]}]\n");
	assert_false(schedule_merge(s, NULL, own, "rs0", "db1", &how, ret, &f));
	assert_non_null(strstr(f.faults[0].text, "nothing could ever be done"));
	assert_int_equal(f.faults[0].line, 2); /* the host's own window, in its own file */
	schedule_end(s);
}

static void orders_are_read(void **state)
{
	struct schedule *s = schedule_new(
	    "serial: 412\nfleet: prod\norders:\n"
	    "  - {id: CHG41877, rotate: keyfile, clusters: [rs0, \"shard-*\"], urgency: "
	    "emergency,\n"
	    "     reason: leaked, breakFreeze: true, maxLag: 30s, notAfter: 2026-12-01T00:00:00Z}\n"
	    "  - {id: c2, rotate: certificates, clusters: rs1, member: db1.example.net, reason: "
	    "r}\n");
	struct schedule *again = schedule_new("serial: 413\nfleet: prod\norders: [{id: CHG41877, "
					      "rotate: keyfile, clusters: x, reason: y}]\n");
	struct schedule *other = schedule_new("serial: 1\nfleet: test\norders: [{id: CHG41877, "
					      "rotate: keyfile, clusters: x, reason: y}]\n");
	const struct schedule_order *o = &s->orders[0];
	assert_int_equal(s->serial, 412);
	assert_int_equal(s->orders_n, 2);
	assert_int_equal(o->kind, ORDER_KEYFILE);
	assert_int_equal(o->urgency, URGENCY_EMERGENCY);
	assert_true(o->breaks_freeze);
	assert_int_equal(o->max_lag_us, 30 * US_S);
	assert_int_equal(strlen(o->token.hex), TOKEN_CHARS);
	assert_string_equal(o->token.hex, again->orders[0].token.hex);
	assert_string_not_equal(o->token.hex, other->orders[0].token.hex);
	assert_true(schedule_order_concerns(o, "shard-3", "", NOW));
	assert_false(schedule_order_concerns(o, "rs1", "", NOW));
	assert_false(schedule_order_concerns(o, "rs0", "", wall_add(NOW, 10 * US_DAY)));
	assert_true(schedule_order_concerns(&s->orders[1], "rs1", "DB1.example.net", NOW));
	assert_false(schedule_order_concerns(&s->orders[1], "rs1", "db2.example.net", NOW));
	schedule_end(s);
	schedule_end(again);
	schedule_end(other);
}

static void bad_schedules_are_refused_with_their_place(void **state)
{
	static const struct {
		const char *text;
		int line, column;
		const char *says;
	} rows[] = {
	    {"", 1, 1, "empty"},
	    {"  \n\n", 1, 1, "empty"},
	    {"<!DOCTYPE html><html></html>\n", 1, 1, "a web page"},
	    {"\n <html>\n", 1, 1, "a web page"},
	    {"Not Found\n", 1, 1, "a map of keys"},
	    {"{\"error\": 1}\n", 1, 1, "no 'serial'"},
	    {"mode: observe\n", 1, 1, "no 'serial'"},
	    {"serial: 0\n", 1, 9, "above 0"},
	    {"serial: -1\n", 1, 9, "above 0"},
	    {"serial: 1.5\n", 1, 9, "above 0"},
	    {"serial: 99999999999999999999\n", 1, 9, "above 0"},
	    {"serial: 9999999999999999\n", 1, 9, "above 0"},
	    {"serial: [1]\n", 1, 9, "above 0"},
	    {"serial: 1\nserial: 2\n", 2, 1, "twice"},
	    {"serial: 1\nfleet: a b\n", 2, 8, "fleet"},
	    {"serial: 1\ninstances: []\n", 2, 1, "the host's own word"},
	    {"serial: 1\nstateDirectory: /x\n", 2, 1, "the host's own word"},
	    {"serial: 1\nauthorities: {x: {type: manual}}\n", 2, 15, "unknown key 'authorities.x'"},
	    {"serial: 1\nalerts: []\n", 2, 1, "the host's own word"},
	    {"serial: 1\nschedule: {url: \"https://x/\"}\n", 2, 12, "the host's own word"},
	    {"serial: 1\npolicy: []\n", 2, 1, "unknown key 'policy'"},
	    {"serial: 1\npolicies: {a: b}\n", 2, 11, "a list belongs here"},
	    {"serial: 1\npolicies: [a]\n", 2, 12, "a map of keys"},
	    {"serial: 1\npolicies: [{mode: ask}]\n", 2, 12, "needs 'clusters' or 'hosts'"},
	    {"serial: 1\npolicies: [{clusters: [], mode: ask}]\n", 2, 23, "would name nobody"},
	    {"serial: 1\npolicies: [{clusters: {a: b}}]\n", 2, 23, "would name nobody"},
	    {"serial: 1\npolicies: [{hosts: \"a/b\"}]\n", 2, 20, "a pattern is of"},
	    {"serial: 1\npolicies: [{hosts: \"\"}]\n", 2, 20, "a pattern is of"},
	    {"serial: 1\npolicies: [{hosts: [a,b,c,d,e,f,g,h,i]}]\n", 2, 37, "more than 8"},
	    {"serial: 1\npolicies:\n  - hosts: x\n    keyfile: {maxAge: 30}\n", 4, 23,
	     "is no duration"},
	    {"serial: 1\npolicies: [{hosts: x, windows: [{start: 02:00, for: 0}]}]\n", 2, 53,
	     "out of bounds"},
	    {"serial: 1\npolicies: [{hosts: x, windows: [{start: 02:00, for: 1h, timezone: "
	     "Mars/Base}]}]\n",
	     2, 67, "no time zone 'Mars/Base'"},
	    {"serial: 1\nfreezes: [{from: 2026-12-20, until: 2026-12-19}]\n", 2, 37,
	     "ends before it begins"},
	    {"serial: 1\norders: {a: b}\n", 2, 9, "a list belongs here"},
	    {"serial: 1\norders: [x]\n", 2, 10, "a map of keys"},
	    {"serial: 1\norders: [{rotate: keyfile, clusters: x, reason: r}]\n", 2, 10,
	     "needs 'id'"},
	    {"serial: 1\norders: [{id: a, rotate: all, clusters: x, reason: r}]\n", 2, 26,
	     "'all' is not allowed"},
	    {"serial: 1\norders: [{id: a, rotate: keyfile, reason: r}]\n", 2, 10,
	     "needs 'clusters'"},
	    {"serial: 1\norders: [{id: a, rotate: keyfile, clusters: x, reason: r, urgncy: x}]\n",
	     2, 59, "did you mean 'urgency'?"},
	    {"serial: 1\norders: [{id: a, rotate: keyfile, clusters: x, reason: \"a\\nb\"}]\n", 2,
	     56, "reason"},
	    {"serial: 1\norders: [{id: a, rotate: keyfile, clusters: x, reason: r, breakFreeze: "
	     "true}]\n",
	     2, 10, "emergency only"},
	    {"serial: 1\norders: [{id: a, rotate: certificates, clusters: x, reason: r, urgency: "
	     "emergency}]\n",
	     2, 10, "rotate: keyfile only"},
	    {"serial: 1\norders: [{id: a, rotate: keyfile, clusters: x, reason: r},\n {id: a, "
	     "rotate: keyfile, clusters: x, reason: r}]\n",
	     3, 2, "two orders"},
	    {"serial: &x 1\n", 1, 9, "anchors"},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct conf_faults f = {.n = 0};
		struct schedule *s = schedule_new(NULL);
		bool ok = schedule_parse(str_of(rows[i].text), &how, s, &f);
		if (ok || f.faults[0].line != rows[i].line ||
		    f.faults[0].column != rows[i].column || !strstr(f.faults[0].text, rows[i].says))
			fail_msg("row %zu, %s: %d:%d '%s'", i, rows[i].text, f.faults[0].line,
				 f.faults[0].column, f.faults[0].text);
		assert_int_equal(s->serial, 0);
		schedule_end(s);
	}
}

static void too_many_entries_are_refused(void **state)
{
	static const struct {
		const char *head, *unit;
		int n;
		const char *says;
	} rows[] = {
	    {"serial: 1\npolicies: [", "{hosts: x},", POLICIES_MAX + 1, "more than 256"},
	    {"serial: 1\norders: [", "{},", ORDERS_MAX + 1, "needs 'id'"},
	    {"serial: 1\nfreezes: [", "{from: 2026-01-01, until: 2026-01-01},", 5000, "more than"},
	    {"serial: 1\nx: [", "a,", 400000, "more than 65,536"},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct conf_faults f = {.n = 0};
		auto_buf struct buf text = {0};
		buf_adds(&text, rows[i].head);
		for (int k = 0; k < rows[i].n; k++)
			buf_adds(&text, rows[i].unit);
		buf_adds(&text, "]\n");
		struct schedule *s = schedule_new(NULL);
		assert_false(schedule_parse(buf_str(&text), &how, s, &f));
		assert_non_null(strstr(f.faults[0].text, rows[i].says));
		schedule_end(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(patterns_match_as_names_do),
	    cmocka_unit_test(schedule_fills_and_tightens_but_never_lifts),
	    cmocka_unit_test(windows_and_freezes_of_all_hold),
	    cmocka_unit_test(host_that_is_not_listed_keeps_what_it_had),
	    cmocka_unit_test(merged_policy_that_cannot_be_met_is_refused),
	    cmocka_unit_test(orders_are_read),
	    cmocka_unit_test(bad_schedules_are_refused_with_their_place),
	    cmocka_unit_test(too_many_entries_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
