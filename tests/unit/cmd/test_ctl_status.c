/* SPDX-License-Identifier: Apache-2.0 */
/* The looking verbs on saved statuses: the whole page against a golden text, exit codes, and what
 * is no status. UPDATE_GOLDEN=1 writes the texts anew, for a person to read. */
#include "lib/test.h"

#include <time.h>

#include "base/clock.h"
#include "ctl_run.h"
#include "lib/tempdir.h"

static void pages_are_as_they_were_agreed(void **state)
{
	static const struct {
		const char *verb, *fixture, *golden;
		enum ctl_exit code;
	} rows[] = {
	    {"status", FIXTURE("healthy.json"), FIXTURE("healthy.status.txt"), CTL_GOOD},
	    {"status", FIXTURE("waiting.json"), FIXTURE("waiting.status.txt"), CTL_GOOD},
	    {"status", FIXTURE("not-safe.json"), FIXTURE("not-safe.status.txt"), CTL_FAILED},
	    {"status", FIXTURE("observe.json"), FIXTURE("observe.status.txt"), CTL_GOOD},
	    {"explain", FIXTURE("waiting.json"), FIXTURE("waiting.explain.txt"), CTL_GOOD},
	    {"explain", FIXTURE("not-safe.json"), FIXTURE("not-safe.explain.txt"), CTL_FAILED},
	    {"plan", FIXTURE("waiting.json"), FIXTURE("waiting.plan.txt"), CTL_GOOD},
	    {"verify", FIXTURE("waiting.json"), FIXTURE("waiting.verify.txt"), CTL_GOOD},
	    {"verify", FIXTURE("not-safe.json"), FIXTURE("not-safe.verify.txt"), CTL_FAILED},
	    {"verify", FIXTURE("observe.json"), FIXTURE("observe.verify.txt"), CTL_UNKNOWN},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		auto_free char *out = NULL, *err = NULL;
		auto_buf struct buf golden = {.p = NULL};
		const char *args[] = {rows[i].verb, "--from", rows[i].fixture, NULL};
		enum ctl_exit code = ctl_run_args(args, &out, &err);
		if (getenv("UPDATE_GOLDEN")) {
			auto_file FILE *f = fopen(rows[i].golden, "we");
			assert_true(f && fputs(out, f) >= 0);
		}
		read_fixture(rows[i].golden, &golden);
		assert_string_equal(err, "");
		assert_string_equal(out, buf_z(&golden));
		assert_int_equal(code, rows[i].code);
	}
}

static void pages_fit_a_terminal_and_use_no_glyphs(void **state)
{
	static const char *const fixtures[] = {FIXTURE("healthy.json"), FIXTURE("waiting.json"),
					       FIXTURE("observe.json")};
	static const char *const verbs[] = {"status", "explain", "verify", "plan"};
	for (size_t i = 0; i < ARRAY_N(fixtures); i++)
		for (size_t k = 0; k < ARRAY_N(verbs); k++) {
			auto_free char *out = NULL, *err = NULL;
			const char *args[] = {verbs[k], "--from", fixtures[i], NULL};
			(void)ctl_run_args(args, &out, &err);
			size_t lines = 0;
			struct str rest = str_of(out), line;
			while (str_cut(&rest, '\n', &line)) {
				lines += rest.n > 0 || line.n > 0;
				assert_true(line.n <= 80);
				assert_true(line.n == 0 || line.p[line.n - 1] != ' ');
			}
			assert_true(lines <= 24);
			for (const char *c = out; *c; c++)
				assert_true((unsigned char)*c < 0x80 && *c != 0x1b);
		}
}

static json_t *instance_of(json_t *doc)
{
	return json_array_get(json_object_get(doc, "instances"), 0);
}
static json_t *member_of(json_t *doc, size_t i)
{
	return json_array_get(json_object_get(instance_of(doc), "members"), i);
}

static void member_is_down(json_t *doc)
{
	json_object_set_new(member_of(doc, 1), "answers", json_false());
	json_object_set_new(member_of(doc, 1), "state", json_string("DOWN"));
	json_object_set_new(member_of(doc, 1), "why", json_string("connection refused\x1b[31m"));
}
static void is_held(json_t *doc)
{
	json_object_set_new(instance_of(doc), "hold",
			    json_pack("{s:s,s:s,s:n}", "who", "amy", "why", "the weekend", "at"));
}
static void cannot_tell(json_t *doc)
{
	json_object_set_new(json_object_get(instance_of(doc), "plan"), "restartNow",
			    json_pack("{s:s,s:s}", "answer", "unknown", "why",
				      "cannot tell: nothing is known of db3"));
}
static void has_warning(json_t *doc)
{
	json_array_append_new(json_object_get(json_object_get(instance_of(doc), "plan"), "events"),
			      json_pack("{s:s,s:s,s:s}", "event", "crl-expiring", "severity",
					"warning", "headline", "the CRL ends in 3 days"));
}
static void certificate_has_ended(json_t *doc)
{
	json_object_set_new(
	    json_object_get(json_object_get(instance_of(doc), "certificate"), "served"), "notAfter",
	    json_string("2026-11-21T00:00:00Z"));
}
static void stranger_in_file(json_t *doc)
{
	json_object_set_new(member_of(doc, 1), "onDisk", json_pack("[i,i]", 8, 0));
}
static void pairs_without_common_key(json_t *doc)
{
	const int rings[3][2] = {{1, 2}, {2, 3}, {1, 3}};
	for (size_t i = 0; i < 3; i++) {
		json_object_set_new(member_of(doc, i), "onDisk",
				    json_pack("[i,i]", rings[i][0], rings[i][1]));
		json_object_set_new(member_of(doc, i), "loaded",
				    json_pack("[i,i]", rings[i][0], rings[i][1]));
	}
}
static void pivot_is_refused(json_t *doc)
{
	json_object_set_new(json_array_get(json_object_get(member_of(doc, 0), "proofs"), 0),
			    "verdict", json_string("refused"));
}
static void is_standalone(json_t *doc)
{
	json_object_set_new(instance_of(doc), "standalone", json_true());
	json_array_remove(json_object_get(instance_of(doc), "members"), 0);
	json_array_remove(json_object_get(instance_of(doc), "members"), 0);
	json_object_set_new(member_of(doc, 0), "state", json_string("STARTUP"));
}
static void many_members(json_t *doc)
{
	json_t *members = json_object_get(instance_of(doc), "members");
	for (size_t i = 0; i < 9; i++)
		json_array_append_new(members, json_deep_copy(member_of(doc, i % 3)));
}
static void is_rolled_forward(json_t *doc)
{
	json_t *r = json_object_get(instance_of(doc), "rotation");
	json_object_set_new(r, "state", json_string("carried"));
	json_array_append_new(json_object_get(member_of(doc, 0), "proofs"),
			      json_pack("{s:i,s:s,s:b,s:s}", "key", 7, "verdict", "refused",
					"control", 0, "at", "2026-11-22T01:00:40Z"));
}

static void one_is_in_its_turn(json_t *doc)
{
	member_is_down(doc);
	json_object_set_new(member_of(doc, 1), "turn", json_string("now"));
	json_object_set_new(member_of(doc, 0), "seesAll", json_false());
	json_object_set_new(member_of(doc, 0), "why", json_string("it does not see db3"));
}
static void one_is_down_and_not_seen(json_t *doc)
{
	one_is_in_its_turn(doc);
	json_object_set_new(member_of(doc, 1), "turn", json_string(""));
}
static void ports_of_one_host(json_t *doc)
{
	const char *const hosts[] = {"localhost:46445", "localhost:38783", "localhost:36597"};
	for (size_t i = 0; i < 3; i++)
		json_object_set_new(member_of(doc, i), "host", json_string(hosts[i]));
}
static void schedule_is(json_t *doc, int serial, const char *why, bool warns)
{
	json_t *s = json_pack("{s:s, s:i, s:s, s:s, s:b, s:s}", "source", "https://ops/s", "serial",
			      serial, "confirmedAt", "2026-11-22T00:50:52Z", "failingSince",
			      "2026-11-22T00:55:00Z", "warns", warns, "signer", "CN=ops");
	if (why)
		json_object_set_new(s, "why", json_string(why));
	json_object_set_new(doc, "schedule", s);
}
static void schedule_holds(json_t *doc)
{
	schedule_is(doc, 412, NULL, false);
}
static void schedule_is_refused(json_t *doc)
{
	schedule_is(doc, 412, "serial 411 is older than 412", true);
}
static void schedule_was_never_read(json_t *doc)
{
	schedule_is(doc, 0, "connection refused", false);
}
static void is_ordered(json_t *doc, const char *kind)
{
	json_object_set_new(instance_of(doc), "orders",
			    json_pack("[{s:s,s:s,s:n,s:s,s:n,s:n}]", "id", "7", "kind", kind,
				      "member", "who", "amy", "reason", "at"));
}
static void keyfile_is_ordered(json_t *doc)
{
	is_ordered(doc, "keyfile");
}
static void certificates_are_ordered(json_t *doc)
{
	is_ordered(doc, "certificates");
}
static json_t *alert_target(json_t *doc)
{
	return json_array_get(json_object_get(json_object_get(doc, "alerts"), "targets"), 0);
}
static void alerts_wait(json_t *doc)
{
	json_object_set_new(alert_target(doc), "waiting", json_integer(2));
	json_object_set_new(alert_target(doc), "oldestWaiting",
			    json_string("2026-11-22T01:00:40Z"));
}
static void alerts_fail(json_t *doc)
{
	alerts_wait(doc);
	json_object_set_new(alert_target(doc), "failingSince", json_string("2026-11-22T00:58:00Z"));
	json_object_set_new(alert_target(doc), "nextTryAt", json_string("2026-11-22T01:01:52Z"));
	json_object_set_new(alert_target(doc), "why", json_string("no route to host\x1b[31m"));
}
static void alerts_are_off(json_t *doc)
{
	json_object_set_new(alert_target(doc), "gone", json_true());
}
static void alerts_never_sent(json_t *doc)
{
	json_object_set_new(alert_target(doc), "answeredAt", json_null());
	json_object_set_new(alert_target(doc), "heartbeatAt", json_null());
}
static void alerts_have_two_targets(json_t *doc)
{
	json_t *more = json_deep_copy(alert_target(doc));
	json_object_set_new(more, "target", json_string("chat"));
	json_object_set_new(more, "heartbeatAt", json_null());
	json_array_append_new(json_object_get(json_object_get(doc, "alerts"), "targets"), more);
}
static void alerts_are_none(json_t *doc)
{
	json_array_clear(json_object_get(json_object_get(doc, "alerts"), "targets"));
}
static void alerts_are_broken(json_t *doc)
{
	json_object_set_new(json_object_get(doc, "alerts"), "broken", json_true());
}
static void alerts_were_dropped(json_t *doc)
{
	json_object_set_new(json_object_get(doc, "alerts"), "dropped", json_integer(7));
}
static void alerts_are_not_told(json_t *doc)
{
	json_object_del(doc, "alerts");
}
static json_t *handshake_of(json_t *doc, size_t i)
{
	return json_object_get(member_of(doc, i), "handshake");
}
static void certificate_is_not_trusted(json_t *doc)
{
	json_object_set_new(handshake_of(doc, 1), "trusted", json_false());
	json_object_set_new(handshake_of(doc, 1), "why", json_string("certificate has expired"));
}
static void certificate_has_other_names(json_t *doc)
{
	json_object_set_new(handshake_of(doc, 1), "namesHost", json_false());
}
static void own_certificate_is_refused(json_t *doc)
{
	json_object_set_new(handshake_of(doc, 1), "takesOurs", json_false());
}
static void one_was_not_shaken(json_t *doc)
{
	json_object_set_new(member_of(doc, 1), "handshake",
			    json_pack("{s:n,s:n,s:n,s:b,s:b,s:b,s:s}", "at", "serial", "notAfter",
				      "trusted", 0, "namesHost", 0, "takesOurs", 0, "why",
				      "connection refused"));
}
static void none_was_shaken(json_t *doc)
{
	for (size_t i = 0; i < 3; i++)
		json_object_set_new(member_of(doc, i), "handshake", json_null());
}
static void has_no_tls(json_t *doc)
{
	json_object_set_new(instance_of(doc), "tls", json_false());
}
static void four_members(json_t *doc)
{
	json_array_append_new(json_object_get(instance_of(doc), "members"),
			      json_deep_copy(member_of(doc, 0)));
}
static void nothing_is_seen(json_t *doc)
{
	json_array_clear(json_object_get(instance_of(doc), "members"));
	cannot_tell(doc);
}

static void restart_is_told(json_t *doc, const char *name)
{
	json_array_append_new(json_object_get(json_object_get(instance_of(doc), "plan"), "events"),
			      json_pack("{s:s, s:s, s:s, s:s}", "event", name, "severity",
					"warning", "headline", "rs0: the restart of db3", "what",
					"the hook did not end"));
}
static void restart_is_overdue(json_t *doc)
{
	restart_is_told(doc, "restart-overdue");
}
static void restart_is_owed(json_t *doc)
{
	restart_is_told(doc, "restart-failed");
}

static void small_differences_are_seen(void **state)
{
	static const struct {
		const char *verb;
		void (*change)(json_t *doc);
		enum ctl_exit code;
		const char *has, *has_not;
	} rows[] = {
	    {"status", schedule_holds, CTL_GOOD,
	     "serial 412, signed by CN=ops, confirmed 10 min 0 s ago", "since"},
	    {"status", schedule_is_refused, CTL_ATTENTION, "is older than 412", "only looks"},
	    {"status", schedule_was_never_read, CTL_ATTENTION, "rotad only looks until one is",
	     "serial"},
	    {"status", schedule_holds, CTL_GOOD,
	     "Alerts        webhook \"ops\" answered 4 min 0 s ago; heartbeat 40 s ago\n", "wait"},
	    {"status", alerts_wait, CTL_GOOD, "; 2 wait,\n              since 02:00:40\n", "TAKES"},
	    {"status", alerts_fail, CTL_ATTENTION,
	     "webhook \"ops\" TAKES NOTHING since 01:58:00: no route to", "heartbeat"},
	    {"status", alerts_fail, CTL_ATTENTION, "; next try in 1 min\n", "\x1b"},
	    {"status", alerts_fail, CTL_ATTENTION, "answered last 01:56:52", "ago"},
	    {"status", alerts_are_off, CTL_ATTENTION, "SWITCHED OFF", "answered"},
	    {"status", alerts_never_sent, CTL_GOOD, "webhook \"ops\" was sent nothing yet\n",
	     "ago"},
	    {"status", alerts_have_two_targets, CTL_GOOD,
	     "\n              webhook \"chat\" answered 4 min 0 s ago\n", NULL},
	    {"status", alerts_are_none, CTL_GOOD, "Alerts        none: nobody is told.", "webhook"},
	    {"status", alerts_are_broken, CTL_ATTENTION, "Alerts        NOT SENT", "webhook"},
	    {"status", alerts_were_dropped, CTL_GOOD, "7 were dropped so far", NULL},
	    {"status", alerts_are_not_told, CTL_GOOD, "healthy", "Alerts"},
	    {"status", member_is_down, CTL_ATTENTION, "1 NOT healthy", "\x1b"},
	    {"status", member_is_down, CTL_ATTENTION, "refused?[31m", "5, healthy"},
	    {"status", one_is_in_its_turn, CTL_GOOD, "1 away for its turn", "does not see"},
	    {"status", one_is_down_and_not_seen, CTL_ATTENTION, "1 NOT healthy", "does not see"},
	    {"status", nothing_is_seen, CTL_UNKNOWN, "rs0: no member is seen", "healthy"},
	    {"verify", nothing_is_seen, CTL_UNKNOWN, "Cannot tell: no member", "SHARED"},
	    {"verify", ports_of_one_host, CTL_GOOD, ":38783  :36597  SEEN BY ALL", NULL},
	    {"status", ports_of_one_host, CTL_GOOD, "localhost:38783  SECONDARY", NULL},
	    {"status", is_held, CTL_ATTENTION, "rotactl resume", NULL},
	    {"status", cannot_tell, CTL_UNKNOWN, "cannot tell: nothing is known", "yes, all"},
	    {"status", has_warning, CTL_ATTENTION, "the CRL ends in 3 days", NULL},
	    {"status", certificate_has_ended, CTL_GOOD, "first ENDED 2026-11-21", "first ends"},
	    {"status", stranger_in_file, CTL_GOOD, "8 other", NULL},
	    {"status", is_standalone, CTL_GOOD, "rs0: standalone, MongoDB 6.0.5, healthy.",
	     "STARTUP"},
	    {"status", is_rolled_forward, CTL_GOOD, "REFUSES 7", "ACCEPTS"},
	    {"status", is_rolled_forward, CTL_GOOD, "yes, 02:00:40", NULL},
	    {"verify", is_rolled_forward, CTL_GOOD, "refused, no control", NULL},
	    {"verify", pairs_without_common_key, CTL_FAILED, "no key is common to all", "Safe"},
	    {"verify", pivot_is_refused, CTL_FAILED, "NOT SAFE: key 8 is refused by 1 member",
	     "Safe"},
	    {"verify", member_is_down, CTL_GOOD, "Safe", "NONE"},
	    {"verify", many_members, CTL_GOOD, "Safe", "SHARED"},
	    {"verify", four_members, CTL_GOOD, "  SERVES              NAMES IT  TRUSTED BY\n  db2",
	     "SEEN BY ALL  SERVES"},
	    {"verify", certificate_is_not_trusted, CTL_ATTENTION, "yes       NOT by db1\n", NULL},
	    {"verify", certificate_is_not_trusted, CTL_ATTENTION,
	     "\ndb3: certificate has expired\n", NULL},
	    {"verify", certificate_has_other_names, CTL_ATTENTION, "2027-01-21  NO        db1\n",
	     NULL},
	    {"verify", own_certificate_is_refused, CTL_ATTENTION, "yes       NOT by db3\n",
	     "all others"},
	    {"verify", one_was_not_shaken, CTL_GOOD, "2027-01-21  not seen  not seen\n",
	     "all others"},
	    {"verify", one_was_not_shaken, CTL_GOOD, "SERVES of 1 not seen: the word of its rotad.",
	     "NOT by"},
	    {"verify", one_was_not_shaken, CTL_GOOD, "\ndb3: connection refused\n", NULL},
	    {"verify", none_was_shaken, CTL_GOOD, "No handshake was made from db1.", "Handshakes"},
	    {"verify", none_was_shaken, CTL_GOOD, "5A1F22, 2027-01-19  yes       not seen\n", NULL},
	    {"verify", has_no_tls, CTL_GOOD, "SEEN BY ALL\n", "SERVES"},
	    {"explain", has_warning, CTL_GOOD, "WARNING  crl-expiring", "turn release"},
	    {"explain", keyfile_is_ordered, CTL_GOOD, "withdraw the order", NULL},
	    {"explain", certificates_are_ordered, CTL_GOOD, "Nothing is due", "abort"},
	    {"explain", restart_is_overdue, CTL_GOOD, "rotactl turn release    when nothing", NULL},
	    {"explain", restart_is_owed, CTL_GOOD, "rotactl resume          try", "turn release"},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		auto_free char *out = NULL, *err = NULL;
		const char *path = tempdir_path(state, "changed.json");
		json_t *doc = fixture_json(FIXTURE("healthy.json"));
		rows[i].change(doc);
		assert_int_equal(json_dump_file(doc, path, 0), 0);
		json_decref(doc);
		const char *args[] = {rows[i].verb, "--from", path, NULL};
		enum ctl_exit code = ctl_run_args(args, &out, &err);
		if (!strstr(out, rows[i].has) || (rows[i].has_not && strstr(out, rows[i].has_not)))
			fail_msg("row %zu: '%s' or not '%s' in:\n%s%s", i, rows[i].has,
				 rows[i].has_not ? rows[i].has_not : "", out, err);
		assert_int_equal(code, rows[i].code);
	}
}

static void what_is_no_status_is_refused(void **state)
{
	static const char *const texts[] = {"",
					    "[]",
					    "{",
					    "{\"instances\":{}}",
					    "{\"instances\":[{}]}",
					    "{\"instances\":[{\"members\":[],\"plan\":3}]}",
					    "{\"instances\":[],\"instances\":[]}",
					    "{\"instances\":[7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7]}"};
	static const char *const verbs[] = {"status", "explain", "verify", "plan"};
	const char *path = tempdir_path(state, "text");
	for (size_t i = 0; i < ARRAY_N(texts); i++)
		for (size_t k = 0; k < ARRAY_N(verbs); k++) {
			auto_free char *out = NULL, *err = NULL;
			const char *args[] = {verbs[k], "--from", path, NULL};
			tempdir_write(path, texts[i], 0600);
			assert_int_equal(ctl_run_args(args, &out, &err), CTL_FAILED);
			assert_string_equal(out, "");
			assert_non_null(strstr(err, path));
		}
}

static void a_status_of_odd_types_breaks_nothing(void **state)
{
	static const char *const odd[] = {"null", "7", "-1", "\"x\"", "[]", "{}", "[[]]", "true"};
	static const char *const keys[] = {"cluster",   "rotation",    "key",        "process",
					   "rehearsed", "certificate", "ledger",     "hold",
					   "orders",    "mode",        "standalone", "version"};
	static const char *const verbs[] = {"status", "explain", "verify", "plan"};
	const char *path = tempdir_path(state, "odd.json");
	for (size_t i = 0; i < ARRAY_N(keys) * ARRAY_N(odd); i += 5) {
		auto_free char *out = NULL, *err = NULL;
		json_t *doc = fixture_json(FIXTURE("waiting.json"));
		json_t *value = json_loads(odd[i % ARRAY_N(odd)], JSON_DECODE_ANY, NULL);
		json_object_set(instance_of(doc), keys[i / ARRAY_N(odd)], value);
		json_object_set(json_object_get(instance_of(doc), "plan"),
				i % 2 ? "gates" : "steps", value);
		json_object_set_new(member_of(doc, i % 3), i % 2 ? "proofs" : "rotad", value);
		assert_int_equal(json_dump_file(doc, path, 0), 0);
		json_decref(doc);
		const char *args[] = {verbs[i % ARRAY_N(verbs)], "--from", path, NULL};
		enum ctl_exit code = ctl_run_args(args, &out, &err);
		assert_true(code <= CTL_UNKNOWN);
		assert_true(out[0] != 0);
	}
}

static void json_prints_the_document_and_the_exit_code(void **state)
{
	auto_free char *out = NULL, *err = NULL;
	const char *args[] = {"status", "--json", "--from", FIXTURE("waiting.json"), NULL};
	assert_int_equal(ctl_run_args(args, &out, &err), CTL_GOOD);
	json_t *doc = json_loads(out, 0, NULL), *saved = fixture_json(FIXTURE("waiting.json"));
	assert_true(
	    json_equal(json_object_get(doc, "instances"), json_object_get(saved, "instances")));
	assert_int_equal(json_integer_value(json_object_get(doc, "exit")), 0);
	json_decref(doc);
	json_decref(saved);
}

static void an_instance_can_be_chosen(void **state)
{
	static const struct {
		const char *args[6];
		enum ctl_exit code;
		const char *err;
	} rows[] = {
	    {{"status", "--instance", "rs0-a", "--from", FIXTURE("healthy.json")}, CTL_GOOD, ""},
	    {{"status", "--cluster", "rs0", "--from", FIXTURE("healthy.json")}, CTL_GOOD, ""},
	    {{"verify", "--cluster", "rs0", "--from", FIXTURE("healthy.json")}, CTL_GOOD, ""},
	    {{"status", "--cluster", "rs9", "--from", FIXTURE("healthy.json")},
	     CTL_USAGE,
	     "this host has rs0-a (rs0)"},
	    {{"verify", "--instance", "x", "--from", FIXTURE("healthy.json")},
	     CTL_USAGE,
	     "this host has rs0-a (rs0)"},
	    {{"status", "more"}, CTL_USAGE, "no argument"},
	    {{"status", "--nonsense"}, CTL_USAGE, "--nonsense"},
	    {{"plan", "--from"}, CTL_USAGE, "needs a value"},
	    {{"explain", "a", "b"}, CTL_USAGE, "one thing"},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		auto_free char *out = NULL, *err = NULL;
		assert_int_equal(ctl_run_args(rows[i].args, &out, &err), rows[i].code);
		assert_non_null(strstr(err, rows[i].err));
	}
}

static void names_that_rotad_tells_can_be_explained(void **state)
{
	static const struct {
		const char *thing;
		enum ctl_exit code;
		const char *text;
	} rows[] = {
	    {"foreign-write", CTL_GOOD, "replaced by something else"},
	    {"timeout", CTL_GOOD, "TIMEOUT: a kind of error"},
	    {"three-keys", CTL_GOOD, "mongod refuses it"},
	    {"hard-links", CTL_GOOD, "a warning"},
	    {"names", CTL_GOOD, "a check of certificates"},
	    {"step-down", CTL_GOOD, "disruptive: needs the turn"},
	    {"foreign", CTL_USAGE, "did you mean: foreign-write"},
	    {"no-such-thing", CTL_USAGE, "can be explained"},
	    {"none", CTL_USAGE, "nothing is called"},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		auto_free char *out = NULL, *err = NULL;
		const char *args[] = {"explain", rows[i].thing, NULL};
		assert_int_equal(ctl_run_args(args, &out, &err), rows[i].code);
		assert_non_null(strstr(rows[i].code ? err : out, rows[i].text));
	}
}

static void a_page_of_verify_says_what_the_text_says(void **state)
{
	const char *path = tempdir_path(state, "page.html");
	static const char *const there[] = {
	    "<h1>rs0: who accepts which key</h1>", "<h2>SHARED, WHICHEVER FILE IS LOADED</h2>",
	    "<td class='bad'>NONE", "<p class='bad'>NOT SAFE: ", "</html>"};
	auto_buf struct buf page = {.max = 1024 * 1024};
	const char *args[] = {"verify", "--from", FIXTURE("not-safe.json"), "--html", path, NULL};
	for (unsigned again = 0; again < 2; again++) {
		auto_free char *out = NULL, *err = NULL;
		enum ctl_exit code = ctl_run_args(args, &out, &err);
		assert_int_equal(code, CTL_FAILED);
		/* A file that is there is never written over. */
		assert_int_equal(strstr(err, "new file") != NULL, again);
	}
	read_fixture(path, &page);
	for (size_t i = 0; i < ARRAY_N(there); i++)
		if (!strstr(buf_z(&page), there[i]))
			fail_msg("it does not say: %s\n%s", there[i], buf_z(&page));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(pages_are_as_they_were_agreed),
	    cmocka_unit_test(pages_fit_a_terminal_and_use_no_glyphs),
	    cmocka_unit_test_setup_teardown(small_differences_are_seen, tempdir_setup,
					    tempdir_teardown),
	    cmocka_unit_test_setup_teardown(what_is_no_status_is_refused, tempdir_setup,
					    tempdir_teardown),
	    cmocka_unit_test_setup_teardown(a_status_of_odd_types_breaks_nothing, tempdir_setup,
					    tempdir_teardown),
	    cmocka_unit_test_setup_teardown(a_page_of_verify_says_what_the_text_says, tempdir_setup,
					    tempdir_teardown),
	    cmocka_unit_test(json_prints_the_document_and_the_exit_code),
	    cmocka_unit_test(an_instance_can_be_chosen),
	    cmocka_unit_test(names_that_rotad_tells_can_be_explained),
	};
	(void)setenv("TZ", "CET-1", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
