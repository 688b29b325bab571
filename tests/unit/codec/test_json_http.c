/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/test.h"

#include <stdio.h>
#include <string.h>

#include "codec/json_http.h"

static void requests_go_there_and_back(void **state)
{
	static const char body[] = "{\"a\":1}\0\xff\r\n";
	struct http_request r = {.method = "POST",
				 .url = "https://ops.example.net/hook?x=1",
				 .headers_n = 2,
				 .headers = {{"x-vault-token", "hvs.secret"}, {"empty", ""}},
				 .body = {body, sizeof(body) - 1},
				 .ca_file = "/etc/ca.pem",
				 .unix_socket = "/run/x.sock",
				 .allow_plain = true,
				 .timeout_us = 5 * US_S,
				 .body_max = 77};
	AUTO(json_t) o = NULL;
	struct http_request_held held;
	struct err err = ERR_INIT;

	assert_true(json_http_request_print(&r, &o, &err));
	assert_true(json_http_request_parse(o, &held, &err));
	assert_string_equal(held.request.method, r.method);
	assert_string_equal(held.request.url, r.url);
	assert_int_equal(held.request.headers_n, 2);
	assert_memory_equal(held.request.headers, r.headers, sizeof(r.headers[0]) * 2);
	assert_true(str_equal(held.request.body, r.body));
	assert_string_equal(held.request.ca_file, r.ca_file);
	assert_null(held.request.client_pem);
	assert_string_equal(held.request.unix_socket, r.unix_socket);
	assert_true(held.request.allow_plain);
	assert_int_equal(held.request.timeout_us, r.timeout_us);
	assert_int_equal(held.request.body_max, 77);
	http_request_fini(&held);
	assert_string_equal(held.request.headers[0].value, "");
}

static void responses_go_there_and_back(void **state)
{
	struct http_response r = {.status = 304, .headers_n = 1, .headers = {{"etag", "\"x\""}}}, s;
	AUTO(json_t) o = json_object();
	struct err err = ERR_INIT;
	buf_add(&r.body, "\0\x80 any", 6);
	assert_true(json_http_response_print(&r, o, &err));
	assert_true(json_http_response_parse(o, &s, &err));
	assert_int_equal(s.status, 304);
	assert_int_equal(s.headers_n, 1);
	assert_string_equal(s.headers[0].value, "\"x\"");
	assert_true(str_equal(buf_str(&s.body), buf_str(&r.body)));
	buf_fini(&r.body);
	buf_fini(&s.body);
}

static void requests_that_lack_or_twist_a_field_are_refused(void **state)
{
	static const char *const rows[] = {
	    "{}",
	    "{\"method\":\"GET\"}",
	    "{\"url\":\"https://a/\"}",
	    "{\"method\":1,\"url\":\"https://a/\"}",
	    "{\"method\":\"GET\",\"url\":\"u\",\"body\":\"*\"}",
	    "{\"method\":\"GET\",\"url\":\"u\",\"body\":\"YQ\"}",
	    "{\"method\":\"GET\",\"url\":\"u\",\"bodyMax\":-1}",
	    "{\"method\":\"GET\",\"url\":\"u\",\"headers\":[\"a\"]}",
	    "{\"method\":\"GET\",\"url\":\"u\",\"headers\":[[\"a\",1]]}",
	    "{\"method\":\"GET\",\"url\":\"u\",\"headers\":[[\"a\"]]}",
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		AUTO(json_t) o = json_loads(rows[i], 0, NULL);
		struct http_request_held held;
		struct err err = ERR_INIT;
		assert_non_null(o);
		if (json_http_request_parse(o, &held, &err))
			fail_msg("accepted: %s", rows[i]);
		assert_int_equal(err.kind, ERR_PROTOCOL);
	}
}

static void too_much_is_refused(void **state)
{
	static char long_value[1100];
	AUTO(json_t) o = json_pack("{s:s,s:s,s:[]}", "method", "GET", "url", "u", "headers");
	struct http_request_held held;
	struct err err = ERR_INIT;
	json_t *list = json_object_get(o, "headers");
	for (int i = 0; i < HTTP_HEADERS_MAX + 1; i++)
		(void)json_array_append_new(list, json_pack("[s,s]", "a", "b"));
	assert_false(json_http_request_parse(o, &held, &err));
	assert_int_equal(err.kind, ERR_LIMIT);

	memset(long_value, 'a', sizeof(long_value) - 1);
	(void)json_array_clear(list);
	(void)json_array_append_new(list, json_pack("[s,s]", "a", long_value));
	err = ERR_INIT;
	assert_false(json_http_request_parse(o, &held, &err));
	assert_int_equal(err.kind, ERR_PROTOCOL);
}

static void responses_without_a_status_are_refused(void **state)
{
	static const char *const rows[] = {"{}", "{\"status\":0}", "{\"status\":\"200\"}",
					   "{\"status\":1000}", "{\"status\":200,\"body\":\"!\"}"};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		AUTO(json_t) o = json_loads(rows[i], 0, NULL);
		struct http_response r;
		struct err err = ERR_INIT;
		assert_false(json_http_response_parse(o, &r, &err));
		assert_int_equal(err.kind, ERR_PROTOCOL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(requests_go_there_and_back),
	    cmocka_unit_test(responses_go_there_and_back),
	    cmocka_unit_test(requests_that_lack_or_twist_a_field_are_refused),
	    cmocka_unit_test(too_much_is_refused),
	    cmocka_unit_test(responses_without_a_status_are_refused),
	};
	json_mem_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
