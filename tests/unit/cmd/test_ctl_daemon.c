/* SPDX-License-Identifier: Apache-2.0 */
/* Asking the daemon: good answers, bad ones, none; and what the acting verbs send. */
#include "lib/test.h"

#include "base/clock.h"
#include "cmd/ctl_daemon.h"
#include "ctl_run.h"
#include "lib/tempdir.h"

static void answers_are_taken_whole_or_not_at_all(void **state)
{
	static const struct {
		const char *raw;
		enum err_kind kind; /* NONE: it is taken */
	} rows[] = {
	    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", ERR_NONE},
	    {"HTTP/1.1 409 No\r\nX: y\r\ncontent-length:  2 \r\n\r\n{}", ERR_NONE},
	    {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", ERR_NONE},
	    {"", ERR_PROTOCOL},
	    {"SSH-2.0-OpenSSH_9.2\r\n", ERR_PROTOCOL},
	    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n", ERR_PROTOCOL},
	    {"HTTP/1.1 200 OK\r\n\r\n{}", ERR_PROTOCOL},
	    {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}", ERR_PROTOCOL},
	    {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{}", ERR_PROTOCOL},
	    {"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n{}", ERR_PROTOCOL},
	    {"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n{}", ERR_PROTOCOL},
	    {"HTTP/1.1 2x0 OK\r\nContent-Length: 2\r\n\r\n{}", ERR_PROTOCOL},
	    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]", ERR_PROTOCOL},
	    {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ERR_PROTOCOL},
	    {"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{\"a\":1,\"a\":2}", ERR_PROTOCOL},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct canned c = {.n = 0};
		struct err err = ERR_INIT;
		json_t *answer = NULL;
		unsigned status = 0;
		canned_raw(&c, rows[i].raw);
		canned_start(&c, *state);
		bool ok =
		    daemon_ask(c.path, "GET", "/v1/status", NULL, 5 * US_S, &status, &answer, &err);
		canned_stop(&c);
		if (ok != (rows[i].kind == ERR_NONE) || (!ok && err.kind != rows[i].kind))
			fail_msg("row %zu: %s", i, err.text);
		assert_true(ok == (answer != NULL));
		assert_true(!ok || status == 200 || status == 409);
		json_decref(answer);
		canned_fini(&c);
	}
}

/* The header that says as whom this test's user logged in, where the kernel knows it. */
static const char *login_header(char *out, size_t out_n)
{
	char login[32] = "";
	auto_file FILE *f = fopen("/proc/self/loginuid", "re");
	out[0] = 0;
	if (f && fgets(login, sizeof(login), f) && strcmp(login, "4294967295") != 0)
		snprintf(out, out_n, "Rotad-Login: %s\r\n", login);
	return out;
}

static void the_request_is_one_that_every_server_reads(void **state)
{
	char wanted[512], login[64];
	struct canned c = {.n = 0};
	struct err err = ERR_INIT;
	json_t *answer = NULL, *body = json_pack("{s:s}", "instance", "rs0-a");
	unsigned status;
	canned_json(&c, 200, "{}");
	canned_start(&c, *state);
	assert_true(
	    daemon_ask(c.path, "POST", "/v1/pause", body, 5 * US_S, &status, &answer, &err));
	canned_stop(&c);
	snprintf(wanted, sizeof(wanted),
		 "POST /v1/pause HTTP/1.1\r\nHost: rotad\r\nConnection: close\r\n%s"
		 "Content-Type: application/json\r\nContent-Length: 20\r\n\r\n"
		 "{\"instance\":\"rs0-a\"}",
		 login_header(login, sizeof(login)));
	assert_string_equal(buf_z(&c.requests[0]), wanted);
	json_decref(answer);
	json_decref(body);
	canned_fini(&c);
}

static void a_silent_daemon_is_left_at_the_deadline(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct err err = ERR_INIT;
	json_t *answer = NULL;
	unsigned status;
	auto_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const char *path = tempdir_path(state, "silent");
	assert_true(copy_z(address.sun_path, sizeof(address.sun_path), path));
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_false(daemon_ask(path, "GET", "/", NULL, 10 * US_MS, &status, &answer, &err));
	assert_int_equal(err.kind, ERR_TIMEOUT);
}

static void no_daemon_is_told_with_what_to_do(void **state)
{
	static const char *const verbs[][6] = {{"status"},
					       {"explain"},
					       {"verify"},
					       {"plan"},
					       {"history"},
					       {"approve"},
					       {"pause"},
					       {"resume"},
					       {"abort"},
					       {"turn", "release"},
					       {"rotate", "keyfile"},
					       {"rotate", "certificates"}};
	for (size_t i = 0; i < ARRAY_N(verbs); i++) {
		auto_free char *out = NULL, *err = NULL;
		const char *args[] = {"--socket", tempdir_path(state, "none"), verbs[i][0],
				      verbs[i][1], NULL};
		assert_int_equal(ctl_run_args(args, &out, &err), CTL_UNKNOWN);
		assert_string_equal(out, "");
		assert_non_null(strstr(err, "rotad does not run here"));
		assert_non_null(strstr(err, "systemctl status rotad"));
	}
	auto_free char *out = NULL, *err = NULL;
	char path[160];
	snprintf(path, sizeof(path), "/%0150d", 7);
	const char *args[] = {"status", "--socket", path, NULL};
	assert_int_equal(ctl_run_args(args, &out, &err), CTL_UNKNOWN);
	assert_non_null(strstr(err, "too long"));
}

static void an_old_or_empty_status_is_no_status(void **state)
{
	static const struct {
		int64_t age_s;
		enum ctl_exit code;
		const char *err;
	} rows[] = {{0, CTL_GOOD, ""},
		    {100, CTL_GOOD, ""},
		    {200, CTL_UNKNOWN, "what it knows is stale"},
		    {-1, CTL_UNKNOWN, "has just started"}};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		auto_free char *out = NULL, *err = NULL;
		struct canned c = {.n = 0};
		json_t *doc = fixture_json(FIXTURE("healthy.json"));
		if (rows[i].age_s < 0)
			canned_json(&c, 200, "{\"instances\":[]}");
		else
			canned_status(&c, doc, rows[i].age_s);
		canned_start(&c, *state);
		const char *args[] = {"status", "--socket", c.path, NULL};
		assert_int_equal(ctl_run_args(args, &out, &err), rows[i].code);
		canned_stop(&c);
		assert_non_null(strstr(err, rows[i].err));
		json_decref(doc);
		canned_fini(&c);
	}
}

#define ENTRY(second, kind, act)                                                                   \
	"{\"at\":\"2026-11-22T01:00:0" second "Z\",\"kind\":\"" kind "\",\"act\":\"" act "\"}"
#define TURN                                                                                       \
	"{\"entries\":[" ENTRY("0", "intent", "restart") "," ENTRY(                                \
	    "1", "done", "restart") "," ENTRY("1", "done",                                         \
					      "publish-statement") "," ENTRY("2", "intent",        \
									     "end-job") "]}"

static void words_reach_the_daemon_and_its_answers_the_person(void **state)
{
	static const struct {
		const char *args[10];
		const char *fixture;
		unsigned status;
		const char *answer;
		const char *request; /* in the second request; NULL: there is none */
		enum ctl_exit code;
		const char *out, *err;
	} rows[] = {
	    {{"pause", "--reason", "the weekend"},
	     "waiting",
	     200,
	     "{}",
	     "\"reason\":\"the weekend\"",
	     CTL_GOOD,
	     "is held",
	     ""},
	    {{"resume"}, "waiting", 200, "{}", "POST /v1/resume", CTL_GOOD, "goes on", ""},
	    {{"approve", "--yes"},
	     "asks",
	     200,
	     "{\"approved\":\"it\"}",
	     "POST /v1/approve",
	     CTL_GOOD,
	     "Approved: it",
	     ""},
	    {{"approve", "--yes"}, "healthy", 0, NULL, NULL, CTL_FAILED, "", "not in mode ask"},
	    {{"approve", "--yes"},
	     "asks-nothing",
	     0,
	     NULL,
	     NULL,
	     CTL_FAILED,
	     "",
	     "waits for an approval"},
	    {{"rotate", "keyfile", "--yes", "--max-lag", "30s"},
	     "waiting",
	     200,
	     "{\"order\":\"aa\",\"amends\":3}",
	     "\"maxLagSeconds\":30",
	     CTL_GOOD,
	     "amend the rotation under way",
	     ""},
	    {{"rotate", "keyfile", "--yes", "--emergency"},
	     "waiting",
	     200,
	     "{\"order\":\"aa\",\"amends\":3}",
	     "\"urgency\":\"emergency\"",
	     CTL_GOOD,
	     "Amended (aa)",
	     ""},
	    {{"abort", "--yes"},
	     "waiting",
	     200,
	     "{}",
	     "POST /v1/abort",
	     CTL_GOOD,
	     "Back to key 7",
	     ""},
	    {{"abort", "--yes"},
	     "waiting",
	     409,
	     "{\"error\":{\"kind\":\"REFUSED\",\"text\":\"too late\"}}",
	     "POST /v1/abort",
	     CTL_FAILED,
	     "",
	     "too late"},
	    {{"turn", "release", "--yes"},
	     "waiting",
	     200,
	     "{}",
	     "POST /v1/release",
	     CTL_GOOD,
	     "The turn is db3",
	     ""},
	    {{"pause"},
	     "waiting",
	     403,
	     "{\"error\":{\"kind\":\"PERMISSION\",\"text\":\"only root\"}}",
	     "POST /v1/pause",
	     CTL_FAILED,
	     "",
	     "sudo rotactl"},
	    {{"pause"}, "waiting", 503, "{}", "POST /v1/pause", CTL_FAILED, "", "not why"},
	    {{"rotate", "keyfile", "--yes", "--max-lag", "30s", "--ticket", "CHG1"},
	     "healthy",
	     200,
	     "{\"order\":\"00112233445566778899aabbccddeeff\"}",
	     "\"ticket\":\"CHG1\",\"maxLagSeconds\":30",
	     CTL_GOOD,
	     "Ordered (001122334455)",
	     ""},
	    {{"rotate", "keyfile", "--yes", "--emergency", "--break-freeze"},
	     "waiting",
	     200,
	     "{\"order\":\"00\"}",
	     "\"urgency\":\"emergency\",\"breakFreeze\":true",
	     CTL_GOOD,
	     "A freeze does not hold it",
	     ""},
	    {{"rotate", "certificates", "--yes", "--member", "db2"},
	     "healthy",
	     200,
	     "{\"order\":\"00\"}",
	     "\"member\":\"db2.example.net:27017\"",
	     CTL_GOOD,
	     "no restart, no election",
	     ""},
	    {{"rotate", "keyfile", "--yes"},
	     "healthy",
	     409,
	     "{\"error\":{\"kind\":\"REFUSED\",\"text\":\"no\"}}",
	     "POST /v1/rotate",
	     CTL_FAILED,
	     "Plan: 6 restarts (2 a member), 2 elections, about 1 min 48 s plus",
	     "no"},
	    {{"rotate", "keyfile", "--dry-run"},
	     "healthy",
	     0,
	     NULL,
	     NULL,
	     CTL_GOOD,
	     "All rotads rehearsed",
	     ""},
	    {{"rotate", "keyfile", "--dry-run"},
	     "waiting",
	     0,
	     NULL,
	     NULL,
	     CTL_FAILED,
	     "a rotation from key 7 to key 8 is under way",
	     ""},
	    {{"rotate", "keyfile", "--yes"},
	     "waiting",
	     0,
	     NULL,
	     NULL,
	     CTL_FAILED,
	     "a second one is",
	     ""},
	    {{"rotate", "keyfile", "--yes"},
	     "observe",
	     0,
	     NULL,
	     NULL,
	     CTL_FAILED,
	     "rotactl mode ask",
	     ""},
	    {{"rotate", "certificates", "--member", "db9"},
	     "healthy",
	     0,
	     NULL,
	     NULL,
	     CTL_USAGE,
	     "",
	     "members are db2.example.net"},
	    {{"history"},
	     "healthy",
	     200,
	     "{\"entries\":[{\"at\":\"2026-11-22T01:00:00Z\",\"kind\":\"intent\",\"act\":"
	     "\"restart\",\"text\":\"one\"},{\"at\":\"2026-11-22T01:00:09Z\",\"kind\":\"proof\","
	     "\"act\":\"end-job\",\"text\":\"db2 is back\"}]}",
	     "{\"instance\":\"rs0-a\"}",
	     CTL_GOOD,
	     "2026-11-22 (CET)\n  02:00:00  intent  restart: one\n  02:00:09  proof   end-job: "
	     "db2",
	     ""},
	    {{"history", "-n", "1"},
	     "healthy",
	     200,
	     "{\"entries\":[{\"kind\":\"a\"},{\"kind\":\"last\"}]}",
	     "GET /v1/history",
	     CTL_GOOD,
	     "last",
	     ""},
	    {{"history"},
	     "healthy",
	     200,
	     TURN,
	     "GET /v1/history",
	     CTL_GOOD,
	     "(CET)\n  02:00:01  done    restart\n  02:00:02  intent  end-job\n",
	     ""},
	    {{"history", "-n", "2"},
	     "healthy",
	     200,
	     TURN,
	     "GET /v1/history",
	     CTL_GOOD,
	     "(CET)\n  02:00:01  done    restart\n  02:00:02  intent  end-job\n",
	     ""},
	    {{"history", "-n", "1"},
	     "healthy",
	     200,
	     TURN,
	     "GET /v1/history",
	     CTL_GOOD,
	     "(CET)\n  02:00:02  intent  end-job\n",
	     ""},
	    {{"history", "--all"},
	     "healthy",
	     200,
	     TURN,
	     "GET /v1/history",
	     CTL_GOOD,
	     "02:00:00  intent  restart\n  02:00:01  done",
	     ""},
	    {{"history", "--all", "-n", "2"},
	     "healthy",
	     200,
	     TURN,
	     "GET /v1/history",
	     CTL_GOOD,
	     "(CET)\n  02:00:01  done    publish-statement\n  02:00:02",
	     ""},
	    {{"history"},
	     "healthy",
	     200,
	     "{}",
	     "GET /v1/history",
	     CTL_GOOD,
	     "Nothing has been",
	     ""},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		auto_free char *out = NULL, *err = NULL;
		struct canned c = {.n = 0};
		char path[512];
		bool asks = strncmp(rows[i].fixture, "asks", 4) == 0;
		snprintf(path, sizeof(path), FIXTURE("%s.json"),
			 asks ? "healthy" : rows[i].fixture);
		json_t *doc = fixture_json(path);
		if (asks)
			json_object_set_new(json_array_get(json_object_get(doc, "instances"), 0),
					    "mode", json_string("ask"));
		if (strcmp(rows[i].fixture, "asks") == 0)
			json_object_set_new(
			    json_object_get(json_array_get(json_object_get(doc, "instances"), 0),
					    "plan"),
			    "waitsForApproval", json_true());
		canned_status(&c, doc, 0);
		if (rows[i].answer)
			canned_json(&c, rows[i].status, rows[i].answer);
		canned_start(&c, *state);
		const char *args[14] = {"--socket", c.path};
		memcpy(args + 2, rows[i].args, sizeof(rows[i].args));
		enum ctl_exit code = ctl_run_args(args, &out, &err);
		canned_stop(&c);
		if (code != rows[i].code || !strstr(out, rows[i].out) ||
		    !strstr(err, rows[i].err) || (rows[i].err[0] == 0) != (err[0] == 0))
			fail_msg("row %zu: exit %d\n%s%s", i, code, out, err);
		assert_int_equal(c.asked_n, rows[i].request ? 2 : 1);
		if (rows[i].request && !strstr(buf_z(&c.requests[1]), rows[i].request))
			fail_msg("row %zu: %s", i, buf_z(&c.requests[1]));
		json_decref(doc);
		canned_fini(&c);
	}
}

static void wrong_options_are_told_before_anybody_is_asked(void **state)
{
	static const struct {
		const char *args[8];
		const char *err;
	} rows[] = {
	    {{"rotate", "keyfile", "--break-freeze"}, "needs --emergency"},
	    {{"rotate", "keyfile", "--timeout", "5m"}, "needs --wait"},
	    {{"rotate", "keyfile", "--member", "db1"}, "whole cluster's"},
	    {{"rotate", "keyfile", "--max-lag", "500ms"}, "whole seconds"},
	    {{"rotate", "keyfile", "--max-lag", "30"}, "takes a duration"},
	    {{"rotate", "keyfile", "--reason", "a\nb"}, "one line"},
	    {{"rotate", "keyfile", "more"}, "no argument"},
	    {{"rotate", "certificates", "--emergency"}, "for keyfiles"},
	    {{"pause", "--wait"}, "none of this verb"},
	    {{"resume", "--yes"}, "none of this verb"},
	    {{"approve", "--reason", "x"}, "none of this verb"},
	    {{"abort", "--timeout", "5m"}, "needs --wait"},
	    {{"abort", "--wait", "--timeout", "x"}, "takes a duration"},
	    {{"history", "-n", "0"}, "1 to 100000"},
	    {{"history", "x"}, "no argument"},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		auto_free char *out = NULL, *err = NULL;
		assert_int_equal(ctl_run_args(rows[i].args, &out, &err), CTL_USAGE);
		if (!strstr(err, rows[i].err))
			fail_msg("row %zu: %s", i, err);
	}
}

/* Nobody is asked to confirm what cannot be: neither the person nor rotad. */
static void what_cannot_be_given_up_is_refused_at_once(void **state)
{
	static const struct {
		const char *state, *says;
	} rows[] = {{"carried", "all have voted for key 8: the rotation only goes on"},
		    {"dead", "given up already, and goes back to key 7"}};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		auto_free char *out = NULL, *err = NULL;
		struct canned c = {.n = 0};
		json_t *doc = fixture_json(FIXTURE("waiting.json"));
		json_object_set_new(
		    json_object_get(json_array_get(json_object_get(doc, "instances"), 0),
				    "rotation"),
		    "state", json_string(rows[i].state));
		canned_status(&c, doc, 0);
		canned_start(&c, *state);
		const char *args[] = {"abort", "--yes", "--socket", c.path, NULL};
		assert_int_equal(ctl_run_args(args, &out, &err), CTL_FAILED);
		canned_stop(&c);
		assert_non_null(strstr(err, rows[i].says));
		assert_string_equal(out, "");
		assert_int_equal(c.asked_n, 1);
		json_decref(doc);
		canned_fini(&c);
	}
}

/* verify: the status before, the logins, the status after. */
static void verify_foretells_refusals_and_shows_what_came_after(void **state)
{
	auto_free char *out = NULL, *err = NULL;
	struct canned c = {.n = 0};
	json_t *before = fixture_json(FIXTURE("waiting.json"));
	json_t *after = fixture_json(FIXTURE("waiting.json"));
	json_t *members =
	    json_object_get(json_array_get(json_object_get(after, "instances"), 0), "members");
	for (size_t i = 0; i < 3; i++)
		json_object_set_new(
		    json_array_get(json_object_get(json_array_get(members, i), "proofs"), 0), "at",
		    json_string("2999-01-01T00:00:00Z"));
	canned_status(&c, before, 3);
	canned_json(&c, 200, "{\"instance\":\"rs0-a\"}");
	canned_status(&c, after, 0);
	canned_start(&c, *state);
	const char *args[] = {"verify", "--all", "--socket", c.path, NULL};
	assert_int_equal(ctl_run_args(args, &out, &err), CTL_GOOD);
	canned_stop(&c);
	assert_non_null(strstr(out, "Up to 2 logins as __system will be refused"));
	assert_non_null(strstr(out, "Safe: all share key 7"));
	assert_non_null(strstr(buf_z(&c.requests[1]), "POST /v1/verify/all "));
	json_decref(before);
	json_decref(after);
	canned_fini(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(f) cmocka_unit_test_setup_teardown(f, tempdir_setup, tempdir_teardown)
	    CASE(answers_are_taken_whole_or_not_at_all),
	    CASE(the_request_is_one_that_every_server_reads),
	    CASE(a_silent_daemon_is_left_at_the_deadline),
	    CASE(no_daemon_is_told_with_what_to_do),
	    CASE(an_old_or_empty_status_is_no_status),
	    CASE(words_reach_the_daemon_and_its_answers_the_person),
	    CASE(wrong_options_are_told_before_anybody_is_asked),
	    CASE(what_cannot_be_given_up_is_refused_at_once),
	    CASE(verify_foretells_refusals_and_shows_what_came_after),
#undef CASE
	};
	(void)setenv("TZ", "CET-1", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
