/* SPDX-License-Identifier: Apache-2.0 */
/* Frames and the helpers' request loop over real socketpairs; the other side is scripted bytes. */
#include "lib/test.h"

#include <pthread.h>
#include <string.h>
#include <sys/socket.h>

#include "codec/json_err.h"
#include "codec/serve.h"

struct pair {
	int a, b;
};

static struct pair pair_make(void)
{
	int fds[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	return (struct pair){.a = fds[0], .b = fds[1]};
}

static void pair_fini(struct pair *p)
{
	(void)close(p->a);
	if (p->b >= 0)
		(void)close(p->b);
}
#define auto_pair __attribute__((cleanup(pair_fini))) struct pair

static void what_is_put_is_got(void **state)
{
	auto_pair p = pair_make();
	struct err err = ERR_INIT;
	AUTO(json_t)
	sent =
	    json_pack("{s:s, s:I, s:[n,b]}", "op", "grüße", "n", (json_int_t)INT64_MAX, "list", 1);
	AUTO(json_t) got = NULL;
	assert_true(frame_put(p.a, sent, US_S, &err));
	assert_true(frame_get(p.b, US_S, &got, &err));
	assert_true(json_equal(sent, got));
}

static void *write_slowly(void *arg)
{
	static const char text[] = "\0\0\0\013{\"op\":\"x\"} ";
	const int *fd = arg;
	for (size_t i = 0; i < sizeof(text) - 1; i++)
		if (write(*fd, text + i, 1) != 1)
			break;
	return NULL;
}

static void a_frame_may_come_byte_by_byte(void **state)
{
	auto_pair p = pair_make();
	pthread_t writer;
	struct err err = ERR_INIT;
	AUTO(json_t) got = NULL;
	assert_int_equal(pthread_create(&writer, NULL, write_slowly, &p.a), 0);
	assert_true(frame_get(p.b, 5 * US_S, &got, &err));
	assert_int_equal(pthread_join(writer, NULL), 0);
	assert_string_equal(json_string_value(json_object_get(got, "op")), "x");
}

static void *read_all(void *arg)
{
	const int *fd = arg;
	json_t *got = NULL;
	struct err err = ERR_INIT;
	return frame_get(*fd, US_MIN, &got, &err) ? got : NULL;
}

static void a_frame_may_be_larger_than_the_sockets_buffer(void **state)
{
	auto_pair p = pair_make();
	pthread_t reader;
	struct err err = ERR_INIT;
	void *got = NULL;
	const size_t n = 3 * 1024 * 1024;
	auto_free char *text = malloc(n);
	assert_non_null(text);
	memset(text, 'x', n);
	AUTO(json_t) value = json_pack("{s:s%}", "t", text, n);
	assert_int_equal(pthread_create(&reader, NULL, read_all, &p.b), 0);
	assert_true(frame_put(p.a, value, US_MIN, &err));
	assert_int_equal(pthread_join(reader, &got), 0);
	AUTO(json_t) back = got;
	assert_true(json_equal(value, back));
}

static void bad_bytes_are_refused(void **state)
{
	static const struct {
		const char *name, *bytes;
		size_t n;
		enum err_kind kind;
	} rows[] = {
#define ROW(name, bytes, kind) {name, bytes, sizeof(bytes) - 1, kind}
	    ROW("closed at once", "", ERR_UNREACHABLE),
	    ROW("closed within the length", "\0\0", ERR_PROTOCOL),
	    ROW("closed within the text", "\0\0\0\005{", ERR_PROTOCOL),
	    ROW("length 0", "\0\0\0\0{}", ERR_PROTOCOL),
	    ROW("length above the limit", "\0\100\0\001{}", ERR_PROTOCOL),
	    ROW("length of all ones", "\377\377\377\377{}", ERR_PROTOCOL),
	    ROW("no JSON", "\0\0\0\003abc", ERR_PROTOCOL),
	    ROW("an array", "\0\0\0\002[]", ERR_PROTOCOL),
	    ROW("text after the object", "\0\0\0\003{}x", ERR_PROTOCOL),
	    ROW("a name twice", "\0\0\0\015{\"a\":1,\"a\":2}", ERR_PROTOCOL),
	    ROW("no UTF-8", "\0\0\0\010{\"a\":\"\377\"}", ERR_PROTOCOL),
	    ROW("a NUL in a name", "\0\0\0\014{\"\\u0000\":1}", ERR_PROTOCOL),
#undef ROW
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		auto_pair p = pair_make();
		struct err err = ERR_INIT;
		json_t *got = NULL;
		assert_int_equal(write(p.b, rows[i].bytes, rows[i].n), rows[i].n);
		(void)close(p.b);
		p.b = -1;
		bool ok = frame_get(p.a, US_S, &got, &err);
		if (ok || err.kind != rows[i].kind)
			fail_msg("%s: %s %s", rows[i].name, ok ? "taken" : "refused", err.text);
		assert_null(got);
	}
}

static void silence_ends_at_the_deadline(void **state)
{
	static const char *const rows[] = {"", "\001", "{"}; /* nothing, a part of it */
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		auto_pair p = pair_make();
		struct err err = ERR_INIT;
		json_t *got = NULL;
		assert_int_equal(write(p.b, rows[i], strlen(rows[i])), strlen(rows[i]));
		assert_false(frame_get(p.a, 1000, &got, &err));
		assert_int_equal(err.kind, ERR_TIMEOUT);
	}
}

static void a_deadline_that_has_passed_still_takes_what_is_there(void **state)
{
	auto_pair p = pair_make();
	struct err err = ERR_INIT;
	AUTO(json_t) sent = json_object();
	AUTO(json_t) got = NULL;
	assert_true(frame_put(p.a, sent, 0, &err));
	assert_true(frame_get(p.b, 0, &got, &err));
}

static void nobody_reading_ends_at_the_deadline(void **state)
{
	auto_pair p = pair_make();
	struct err err = ERR_INIT;
	const size_t n = 3 * 1024 * 1024;
	auto_free char *text = malloc(n);
	assert_non_null(text);
	memset(text, 'x', n);
	AUTO(json_t) value = json_pack("{s:s%}", "t", text, n);
	assert_false(frame_put(p.a, value, 1000, &err));
	assert_int_equal(err.kind, ERR_TIMEOUT);
}

static void too_long_a_message_is_not_sent_at_all(void **state)
{
	auto_pair p = pair_make();
	struct err err = ERR_INIT;
	char byte;
	const size_t n = FRAME_BYTES_MAX;
	auto_free char *text = malloc(n);
	assert_non_null(text);
	memset(text, 'x', n);
	AUTO(json_t) value = json_pack("{s:s%}", "t", text, n);
	assert_false(frame_put(p.a, value, US_S, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_int_equal(recv(p.b, &byte, 1, MSG_DONTWAIT), -1);
}

static void a_closed_peer_is_told(void **state)
{
	auto_pair p = pair_make();
	struct err err = ERR_INIT;
	AUTO(json_t) value = json_object();
	(void)close(p.b);
	p.b = -1;
	assert_false(frame_put(p.a, value, US_S, &err));
	assert_int_equal(err.kind, ERR_UNREACHABLE);
}

static bool op_add(void *self, const json_t *request, json_t *reply, struct err *err)
{
	int *calls = self;
	(*calls)++;
	return json_object_set_new(
		   reply, "sum",
		   json_integer(json_integer_value(json_object_get(request, "a")) + 1)) == 0;
}

static bool op_fail(void *self, const json_t *request, json_t *reply, struct err *err)
{
	(void)json_object_set_new(reply, "half", json_true());
	err_subject(err, "db1:27017");
	(void)err_set(err, ERR_REFUSED, "code 262: no");
	err->sys = 262;
	return err_in(err, "stepping down");
}

static bool op_huge(void *self, const json_t *request, json_t *reply, struct err *err)
{
	const size_t n = FRAME_BYTES_MAX;
	auto_free char *text = malloc(n);
	if (!text)
		return false;
	memset(text, 'x', n);
	return json_object_set_new(reply, "t", json_stringn(text, n)) == 0;
}

static const struct serve_row ops[] = {{"add", op_add}, {"fail", op_fail}, {"huge", op_huge}};

static void requests_are_answered_in_order_until_the_asker_is_gone(void **state)
{
	auto_pair p = pair_make();
	struct err err = ERR_INIT;
	int calls = 0;
	static const char *const requests[] = {"{\"op\":\"add\",\"a\":41}", "{\"op\":\"fail\"}",
					       "{\"op\":\"no-such\"}", "{\"a\":1}",
					       "{\"op\":\"huge\"}"};
	static const enum err_kind kinds[] = {ERR_NONE, ERR_REFUSED, ERR_UNSUPPORTED,
					      ERR_UNSUPPORTED, ERR_LIMIT};
	for (size_t i = 0; i < ARRAY_N(requests); i++) {
		AUTO(json_t) request = json_loads(requests[i], 0, NULL);
		assert_true(frame_put(p.a, request, US_S, &err));
	}
	assert_int_equal(shutdown(p.a, SHUT_WR), 0);
	assert_true(serve_loop(p.b, ops, ARRAY_N(ops), &calls, &err));
	assert_int_equal(calls, 1);
	for (size_t i = 0; i < ARRAY_N(requests); i++) {
		AUTO(json_t) reply = NULL;
		struct err why = ERR_INIT;
		assert_true(frame_get(p.a, US_S, &reply, &err));
		assert_int_equal(serve_reply_check(reply, &why), kinds[i] == ERR_NONE);
		assert_int_equal(why.kind, kinds[i]);
		if (kinds[i] == ERR_REFUSED) {
			assert_int_equal(why.sys, 262);
			assert_string_equal(why.subject, "db1:27017");
			assert_string_equal(why.contexts[0], "stepping down");
			assert_null(json_object_get(reply, "half"));
		}
	}
}

static void a_broken_stream_ends_the_loop_with_an_error(void **state)
{
	auto_pair p = pair_make();
	struct err err = ERR_INIT;
	assert_int_equal(write(p.a, "\0\0\0\001x", 5), 5);
	assert_false(serve_loop(p.b, ops, ARRAY_N(ops), NULL, &err));
	assert_int_equal(err.kind, ERR_PROTOCOL);
}

static void odd_errors_stay_errors(void **state)
{
	static const char *const rows[] = {
	    "{}",
	    "{\"kind\":\"NONE\",\"text\":\"x\"}",
	    "{\"kind\":\"NO_SUCH\",\"text\":\"x\"}",
	    "{\"kind\":7,\"text\":\"x\"}",
	    "{\"kind\":\"TIMEOUT\"}",
	    "{\"kind\":\"TIMEOUT\",\"text\":[]}",
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		AUTO(json_t) object = json_loads(rows[i], 0, NULL);
		struct err err = ERR_INIT;
		json_err_parse(object, &err);
		assert_int_equal(err.kind, ERR_PROTOCOL);
	}
	AUTO(json_t) neither = json_object();
	struct err err = ERR_INIT;
	assert_false(serve_reply_check(neither, &err));
	assert_int_equal(err.kind, ERR_PROTOCOL);
}

static void an_error_that_is_no_text_is_still_told(void **state)
{
	struct err err = ERR_INIT, back = ERR_INIT;
	(void)err_set(&err, ERR_REFUSED, "\xff\xfe");
	AUTO(json_t) object = json_err_print(&err);
	assert_non_null(object);
	json_err_parse(object, &back);
	assert_int_equal(back.kind, ERR_REFUSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_put_is_got),
	    cmocka_unit_test(a_frame_may_come_byte_by_byte),
	    cmocka_unit_test(a_frame_may_be_larger_than_the_sockets_buffer),
	    cmocka_unit_test(bad_bytes_are_refused),
	    cmocka_unit_test(silence_ends_at_the_deadline),
	    cmocka_unit_test(a_deadline_that_has_passed_still_takes_what_is_there),
	    cmocka_unit_test(nobody_reading_ends_at_the_deadline),
	    cmocka_unit_test(too_long_a_message_is_not_sent_at_all),
	    cmocka_unit_test(a_closed_peer_is_told),
	    cmocka_unit_test(requests_are_answered_in_order_until_the_asker_is_gone),
	    cmocka_unit_test(a_broken_stream_ends_the_loop_with_an_error),
	    cmocka_unit_test(odd_errors_stay_errors),
	    cmocka_unit_test(an_error_that_is_no_text_is_still_told),
	};
	json_mem_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
