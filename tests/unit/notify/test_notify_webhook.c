/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/test.h"

#include <stdio.h>
#include <string.h>

#include "codec/json_strict.h"
#include "notify/notify_webhook.h"

/* The vector of the Standard Webhooks reference libraries. */
static void the_signature_is_that_of_the_specification(void **state)
{
	char out[WEBHOOK_SIGNATURE_BYTES];
	struct err err = ERR_INIT;
	assert_true(webhook_sign(STR("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n"),
				 "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
				 STR("{\"test\": 2432232314}"), out, &err));
	assert_string_equal(out, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

static void several_secrets_sign_each_in_order(void **state)
{
	char one[WEBHOOK_SIGNATURE_BYTES], two[WEBHOOK_SIGNATURE_BYTES],
	    both[WEBHOOK_SIGNATURE_BYTES], want[2 * WEBHOOK_SIGNATURE_BYTES];
	struct err err = ERR_INIT;
#define A "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define B "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
	assert_true(webhook_sign(STR(A), "m", 1, STR("x"), one, &err));
	assert_true(webhook_sign(STR(B), "m", 1, STR("x"), two, &err));
	assert_true(webhook_sign(STR(" " A "\r\n\t" B " \n"), "m", 1, STR("x"), both, &err));
	snprintf(want, sizeof(want), "%s %s", one, two);
	assert_string_equal(both, want);
	assert_string_not_equal(one, two);
	assert_true(webhook_sign(STR(A " " A " " A " " A), "m", 1, STR("x"), both, &err));
}

static void bad_secrets_are_refused_and_never_quoted(void **state)
{
	static const char *const rows[] = {
	    "",
	    " \n ",
	    "hunter2hunter2hunter2hunter2hunter2",
	    "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
	    "whsec_",
	    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa",  /* too short */
	    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS", /* not whole */
	    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa*w",
	    "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo"
	    "7PD0+P0A=", /* 65 bytes */
	    A " nonsense",
	    A " " A " " A " " A " " A,
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		char out[WEBHOOK_SIGNATURE_BYTES] = "untouched";
		struct err err = ERR_INIT;
		if (webhook_sign(str_of(rows[i]), "m", 1, STR("x"), out, &err))
			fail_msg("accepted row %zu", i);
		assert_string_equal(out, "untouched");
		assert_int_equal(err.kind, ERR_INVALID);
		assert_null(strstr(err.text, "hunter2"));
		assert_null(strstr(err.text, "MfKQ"));
	}
}

static void each_status_has_its_meaning(void **state)
{
	static const struct {
		int status;
		enum notify_verdict verdict;
	} rows[] = {
	    {200, NOTIFY_TAKEN},   {204, NOTIFY_TAKEN},   {299, NOTIFY_TAKEN},
	    {301, NOTIFY_REFUSED}, {307, NOTIFY_REFUSED}, {400, NOTIFY_BAD},
	    {401, NOTIFY_REFUSED}, {403, NOTIFY_REFUSED}, {404, NOTIFY_REFUSED},
	    {408, NOTIFY_AGAIN},   {410, NOTIFY_GONE},    {413, NOTIFY_BAD},
	    {422, NOTIFY_BAD},     {425, NOTIFY_AGAIN},   {429, NOTIFY_AGAIN},
	    {500, NOTIFY_AGAIN},   {501, NOTIFY_REFUSED}, {503, NOTIFY_AGAIN},
	    {599, NOTIFY_AGAIN},   {100, NOTIFY_AGAIN},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++)
		if (webhook_verdict(rows[i].status) != rows[i].verdict)
			fail_msg("%d", rows[i].status);
}

static void retry_after_is_understood_and_clamped(void **state)
{
	const struct wall now = {784111777 * US_S}; /* Sun, 06 Nov 1994 08:49:37 GMT */
	static const struct {
		const char *value;
		int64_t s;
	} rows[] = {
	    {"0", 0},
	    {"120", 120},
	    {"3600", 3600},
	    {"3601", 3600},
	    {"315360000", 3600},
	    {"99999999999999999999999999999999", 3600},
	    {"Sun, 06 Nov 1994 08:50:37 GMT", 60},
	    {"Sun, 06 Nov 1994 08:49:37 GMT", 0},
	    {"Sun, 06 Nov 1984 08:49:37 GMT", 0},
	    {"Sun, 06 Nov 2094 08:49:37 GMT", 3600},
	    {"Sun, 06 Xyz 1994 08:50:37 GMT", 0},
	    {"Sun, 06 ovD 1994 08:50:37 GMT", 0},
	    {"Sun, 99 Nov 1994 08:50:37 GMT", 0},
	    {"Sun, 06 Nov 1994 08:50:37 CET", 0},
	    {"Sunday, 06-Nov-94 08:50:37 GMT", 0},
	    {"-5", 0},
	    {"1.5", 0},
	    {"12s", 0},
	    {"soon", 0},
	    {"", 0},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++)
		if (retry_after_us(rows[i].value, now) != rows[i].s * US_S)
			fail_msg("%s", rows[i].value);
}

static struct event an_event(void)
{
	return (struct event){.name = "foreign-write",
			      .severity = SEVERITY_CRITICAL,
			      .cluster = "rs0",
			      .subject = "db3.example.net",
			      .headline = "the keyfile was replaced",
			      .what = "line\r\nX-Injected: yes \x1b[31m \xff",
			      .at = {1795314976 * US_S}};
}

static void the_body_says_all_and_is_always_json(void **state)
{
	auto_buf struct buf b = {0};
	AUTO(json_t) o = NULL;
	struct err err = ERR_INIT;
	struct event e = an_event();
	assert_true(event_body_print(&e, "db1.example.net", &b, &err));
	assert_true(json_read(buf_str(&b), "body", &o, &err));
	assert_true(str_equal_z(json_str(o, "type"), "rotad.foreign-write"));
	assert_true(str_equal_z(json_str(o, "timestamp"), "2026-11-22T02:36:16Z"));
	const json_t *d = json_object_get(o, "data");
	static const struct {
		const char *key, *value;
	} rows[] = {
	    {"event", "foreign-write"},
	    {"severity", "critical"},
	    {"cluster", "rs0"},
	    {"subject", "db3.example.net"},
	    {"headline", "the keyfile was replaced"},
	    {"what", "line\r\nX-Injected: yes \x1b[31m \xef\xbf\xbd"},
	    {"now", ""},
	    {"we_did", ""},
	    {"you", ""},
	    {"key", "rs0/foreign-write/db3.example.net"},
	    {"host", "db1.example.net"},
	    {"docs", "rotactl explain foreign-write"},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++)
		if (!str_equal_z(json_str(d, rows[i].key), rows[i].value))
			fail_msg("%s", rows[i].key);
	assert_true(json_is_null(json_object_get(d, "next")));
	assert_true(json_is_false(json_object_get(d, "resolved")));
	assert_int_equal(json_object_size(d), ARRAY_N(rows) + 2);
	assert_null(memchr(b.p, '\n', b.n)); /* nothing of a text ends a line of what is sent */
}

static struct http_request seen;
static char seen_body[256];
static bool fake_begin(void *self, const struct http_request *r, struct err *err)
{
	seen = *r;
	(void)snprintf(seen_body, sizeof(seen_body), "%.*s", (int)r->body.n, r->body.p);
	return true;
}
static const struct http_later_ops fake_http = {.begin = fake_begin};

static void the_request_is_signed_over_what_is_sent(void **state)
{
	struct err err = ERR_INIT;
	struct secret secret = {0};
	struct alert_policy p = {.name = "ops",
				 .type = ALERT_WEBHOOK,
				 .url = "https://ops.example.net/hook",
				 .headers_n = 1,
				 .headers = {{"x-team", "db"}}};
	assert_true(secret_from(&secret, A, strlen(A), &err));
	const struct notify_target t = {.policy = &p, .secret = &secret};
	struct notify_lane lane = {.http = {.ops = &fake_http}};
	const struct notify_message m = {.id = "msg_p5jXN8AQM9LWM0D4loKWxJek",
					 .name = "x",
					 .body = STR("{\"test\": 2432232314}"),
					 .now = {1614265330 * US_S + 999999}};
	assert_true(notify_webhook_check(&t, &err));
	assert_true(notify_webhook_begin(&lane, &t, &m, &err));
	static const struct {
		const char *name, *value;
	} rows[] = {
	    {"content-type", "application/json"},
	    {"webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"},
	    {"webhook-timestamp", "1614265330"},
	    {"webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="},
	    {"x-team", "db"},
	};
	assert_int_equal(seen.headers_n, ARRAY_N(rows));
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		assert_string_equal(seen.headers[i].name, rows[i].name);
		assert_string_equal(seen.headers[i].value, rows[i].value);
	}
	assert_string_equal(seen.method, "POST");
	assert_string_equal(seen_body, "{\"test\": 2432232314}");
	assert_null(seen.ca_file);
	assert_false(seen.allow_plain);
	secret_fini(&secret);
}

static void without_a_secret_nothing_is_signed_and_a_bad_one_is_told_at_start(void **state)
{
	struct err err = ERR_INIT;
	struct secret secret = {0};
	struct alert_policy p = {.name = "ops", .url = "https://ops.example.net/hook"};
	struct notify_target t = {.policy = &p};
	struct notify_lane lane = {.http = {.ops = &fake_http}};
	const struct notify_message m = {.id = "m", .name = "x", .body = STR("{}")};
	assert_true(notify_webhook_begin(&lane, &t, &m, &err));
	assert_int_equal(seen.headers_n, 3);
	assert_true(secret_from(&secret, "plain", 5, &err));
	t.secret = &secret;
	assert_false(notify_webhook_check(&t, &err));
	t.secret = NULL;
	p.url[0] = '\0';
	err = ERR_INIT;
	assert_false(notify_webhook_check(&t, &err));
	secret_fini(&secret);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_signature_is_that_of_the_specification),
	    cmocka_unit_test(several_secrets_sign_each_in_order),
	    cmocka_unit_test(bad_secrets_are_refused_and_never_quoted),
	    cmocka_unit_test(each_status_has_its_meaning),
	    cmocka_unit_test(retry_after_is_understood_and_clamped),
	    cmocka_unit_test(the_body_says_all_and_is_always_json),
	    cmocka_unit_test(the_request_is_signed_over_what_is_sent),
	    cmocka_unit_test(without_a_secret_nothing_is_signed_and_a_bad_one_is_told_at_start),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
