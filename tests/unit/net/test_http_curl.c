/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "net/http_curl.h"

static bool check(const char *url, bool allow_plain, const char *unix_socket, struct http_url *ret)
{
	struct http_request r = {
	    .method = "GET", .url = url, .allow_plain = allow_plain, .unix_socket = unix_socket};
	struct err err = ERR_INIT;
	bool ok = http_request_check(&r, ret, &err);
	assert_int_equal(ok, err.kind == ERR_NONE);
	return ok;
}

static void urls_of_other_schemes_or_with_riddles_are_refused(void **state)
{
	static const char *const rows[] = {
	    "",
	    "ops.example.net",
	    "/etc/passwd",
	    "file:///etc/passwd",
	    "ftp://ops.example.net/",
	    "gopher://127.0.0.1:6379/_x",
	    "dict://127.0.0.1/",
	    "https://",
	    "https:///path",
	    "http://ops.example.net/",     /* plain to another host */
	    "http://10.0.0.1/",            /* also by address */
	    "http://127.0.0.1.evil.test/", /* a name that looks like loopback */
	    "http://localhost.evil.test/",
	    "http://evil.testlocalhost/",
	    "https://user:pw@ops.example.net/",
	    "https://user@ops.example.net/",
	    "https://ops.example.net/#f",
	    "https://ops.example.net/a b",
	    "https://ops.example.net/\r\nX: 1",
	    "https://ops.example.net/\nX",
	    "https://ops.example.net/\x7f",
	    "https://ops.example.net\\@evil.test/",
	    "https://\xd0\xbe.example.net/", /* not ASCII: a look-alike */
	    "https://0.0.0.0/",
	    "https://0/",
	    "https://224.0.0.1/",
	    "https://255.255.255.255/",
	    "https://[::]/",
	    "https://[ff02::1]/",
	    "https://[::ffff:0.0.0.0]/",
	    "https://ops.example.net:99999/",
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct http_url u = {.host = "untouched"};
		if (check(rows[i], false, NULL, &u))
			fail_msg("accepted: %s", rows[i]);
		assert_string_equal(u.host, "untouched");
	}
}

static void urls_say_where_they_may_lead(void **state)
{
	static const struct {
		const char *url, *host;
		bool plain, loopback, link_local, global;
	} rows[] = {
	    {"https://ops.example.net/rotad.yaml", "ops.example.net", 0, 0, 0, 1},
	    {"HTTPS://OPS.example.net:8443/x?y=%20", "OPS.example.net", 0, 0, 0, 1},
	    {"https://10.0.0.1/", "10.0.0.1", 0, 0, 0, 1},
	    {"https://127.0.0.1:8200/v1", "127.0.0.1", 0, 1, 0, 0},
	    {"http://127.0.0.1:8200/v1", "127.0.0.1", 1, 1, 0, 0},
	    {"http://127.255.0.9/", "127.255.0.9", 1, 1, 0, 0},
	    {"http://localhost:1/", "localhost", 1, 1, 0, 0},
	    {"http://api.localhost/", "api.localhost", 1, 1, 0, 0},
	    {"http://[::1]:80/", "::1", 1, 1, 0, 0},
	    {"http://[::ffff:127.0.0.1]/", "::ffff:127.0.0.1", 1, 1, 0, 0},
	    {"https://169.254.1.2/", "169.254.1.2", 0, 0, 1, 0},
	    {"https://[2001:db8::1]/", "2001:db8::1", 0, 0, 0, 1},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct http_url u;
		if (!check(rows[i].url, false, NULL, &u))
			fail_msg("refused: %s", rows[i].url);
		assert_string_equal(u.host, rows[i].host);
		assert_int_equal(u.is_plain, rows[i].plain);
		assert_int_equal(http_url_allows(&u, ADDRESS_LOOPBACK), rows[i].loopback);
		assert_int_equal(http_url_allows(&u, ADDRESS_LINK_LOCAL), rows[i].link_local);
		assert_int_equal(http_url_allows(&u, ADDRESS_GLOBAL), rows[i].global);
		assert_false(http_url_allows(&u, ADDRESS_NONE));
	}
}

static void plain_http_needs_this_host_or_leave(void **state)
{
	struct http_url u;
	assert_true(check("http://ops.example.net/", true, NULL, &u));
	/* leave to be plain is no leave to be led to this host */
	assert_false(http_url_allows(&u, ADDRESS_LOOPBACK));
	assert_false(http_url_allows(&u, ADDRESS_LINK_LOCAL));
	assert_true(check("http://rotad/status", false, "/run/rotad/rotad.sock", &u));
	assert_false(check("http://rotad/status", false, "rotad.sock", &u));
}

static void headers_that_split_or_rule_the_message_are_refused(void **state)
{
	static const struct {
		const char *name, *value;
		bool ok;
	} rows[] = {
	    {"x-vault-token", "hvs.abc", true},
	    {"X-Empty", "", true},
	    {"x-tab", "a\tb", true},
	    {"x-a", "one\r\nx-b: two", false},
	    {"x-a", "one\nx-b: two", false},
	    {"x-a", "one\rtwo", false},
	    {"x-a", "bell\a", false},
	    {"x-a", "del\x7f", false},
	    {"x-a", "caf\xc3\xa9", false},
	    {"", "a", false},
	    {"x a", "a", false},
	    {"x:a", "a", false},
	    {"x\r\n", "a", false},
	    {"Content-Length", "0", false},
	    {"transfer-encoding", "chunked", false},
	    {"HOST", "evil.test", false},
	    {"connection", "close", false},
	    {"Proxy-Authorization", "x", false},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct http_request r = {
		    .method = "POST", .url = "https://a.test/", .headers_n = 1};
		struct http_url u;
		struct err err = ERR_INIT;
		snprintf(r.headers[0].name, sizeof(r.headers[0].name), "%s", rows[i].name);
		snprintf(r.headers[0].value, sizeof(r.headers[0].value), "%s", rows[i].value);
		if (http_request_check(&r, &u, &err) != rows[i].ok)
			fail_msg("row %zu: %s", i, rows[i].name);
		/* a secret value never shows in the error */
		if (!rows[i].ok && strlen(rows[i].value) > 2)
			assert_null(strstr(err.text, rows[i].value));
	}
}

static void a_header_without_an_end_is_refused(void **state)
{
	struct http_request r = {.method = "GET", .url = "https://a.test/", .headers_n = 1};
	struct http_url u;
	struct err err = ERR_INIT;
	memset(r.headers[0].name, 'a', sizeof(r.headers[0].name));
	assert_false(http_request_check(&r, &u, &err));
	snprintf(r.headers[0].name, sizeof(r.headers[0].name), "x");
	memset(r.headers[0].value, 'a', sizeof(r.headers[0].value));
	err = ERR_INIT;
	assert_false(http_request_check(&r, &u, &err));
}

static void methods_and_limits_are_checked(void **state)
{
	struct http_url u;
	static const char *const bad[] = {"", "DELETE", "get", "GET ", "POST /\r\nX"};
	for (size_t i = 0; i < ARRAY_N(bad); i++) {
		struct http_request r = {.method = bad[i], .url = "https://a.test/"};
		struct err err = ERR_INIT;
		assert_false(http_request_check(&r, &u, &err));
	}
	struct http_request rows[] = {
	    {.url = "https://a.test/", .headers_n = HTTP_HEADERS_MAX + 1},
	    {.url = "https://a.test/", .body = {.p = "x", .n = HTTP_BODY_BYTES_MAX + 1}},
	    {.url = "https://a.test/", .body_max = HTTP_BODY_BYTES_MAX + 1},
	    {.url = "https://a.test/", .timeout_us = -1},
	    {.url = "https://a.test/", .timeout_us = 6 * US_MIN},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct err err = ERR_INIT;
		rows[i].method = "PUT";
		assert_false(http_request_check(&rows[i], &u, &err));
	}
}

static void addresses_are_told_apart_in_every_disguise(void **state)
{
	static const struct {
		const char *address;
		enum address_kind kind;
	} rows[] = {
	    {"192.0.2.1", ADDRESS_GLOBAL},
	    {"10.1.2.3", ADDRESS_GLOBAL},
	    {"127.0.0.1", ADDRESS_LOOPBACK},
	    {"127.9.9.9", ADDRESS_LOOPBACK},
	    {"169.254.169.254", ADDRESS_LINK_LOCAL},
	    {"0.0.0.0", ADDRESS_NONE},
	    {"0.1.2.3", ADDRESS_NONE},
	    {"239.1.1.1", ADDRESS_NONE},
	    {"255.255.255.255", ADDRESS_NONE},
	    {"2001:db8::1", ADDRESS_GLOBAL},
	    {"fd00::1", ADDRESS_GLOBAL},
	    {"::1", ADDRESS_LOOPBACK},
	    {"::", ADDRESS_NONE},
	    {"fe80::1", ADDRESS_LINK_LOCAL},
	    {"febf::1", ADDRESS_LINK_LOCAL},
	    {"ff05::1", ADDRESS_NONE},
	    {"::ffff:127.0.0.1", ADDRESS_LOOPBACK},
	    {"::ffff:169.254.169.254", ADDRESS_LINK_LOCAL},
	    {"::127.0.0.1", ADDRESS_LOOPBACK},
	    {"64:ff9b::127.0.0.1", ADDRESS_LOOPBACK},
	    {"64:ff9b::a9fe:a9fe", ADDRESS_LINK_LOCAL},
	    {"64:ff9b::c000:201", ADDRESS_GLOBAL},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		union {
			struct sockaddr any;
			struct sockaddr_in v4;
			struct sockaddr_in6 v6;
		} a = {0};
		if (inet_pton(AF_INET, rows[i].address, &a.v4.sin_addr) == 1)
			a.any.sa_family = AF_INET;
		else if (inet_pton(AF_INET6, rows[i].address, &a.v6.sin6_addr) == 1)
			a.any.sa_family = AF_INET6;
		else
			fail_msg("row %zu is no address", i);
		if (address_kind_of(&a.any) != rows[i].kind)
			fail_msg("%s", rows[i].address);
	}
	struct sockaddr other = {.sa_family = AF_UNIX};
	assert_int_equal(address_kind_of(&other), ADDRESS_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(urls_of_other_schemes_or_with_riddles_are_refused),
	    cmocka_unit_test(urls_say_where_they_may_lead),
	    cmocka_unit_test(plain_http_needs_this_host_or_leave),
	    cmocka_unit_test(headers_that_split_or_rule_the_message_are_refused),
	    cmocka_unit_test(a_header_without_an_end_is_refused),
	    cmocka_unit_test(methods_and_limits_are_checked),
	    cmocka_unit_test(addresses_are_told_apart_in_every_disguise),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
