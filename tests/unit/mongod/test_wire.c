/* SPDX-License-Identifier: Apache-2.0 */
/* OP_MSG over a socketpair: the other side sends scripted bytes. */
#include "mongod/wire.h"

#include "lib/test.h"

#include <string.h>
#include <sys/socket.h>

#include "mongod/resolve.h"

struct pair {
	struct wire wire;
	int peer;
};

static struct pair pair_make(void)
{
	int fds[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds),
			 0);
	return (struct pair){.wire = {.fd = fds[0]}, .peer = fds[1]};
}

static void pair_fini(struct pair *p)
{
	wire_close(&p->wire);
	if (p->peer >= 0)
		(void)close(p->peer);
}
#define auto_pair __attribute__((cleanup(pair_fini))) struct pair

/* {"ok": 1} of int32 */
#define DOC "\015\0\0\0\020ok\0\001\0\0\0\0"
STATIC_ASSERT(sizeof(DOC) - 1 == 13, "a small document");
/* length, number, answers 1, opcode 2013, flags, kind */
#define HEAD(n) n "\0\0\0\005\0\0\0\001\0\0\0\335\007\0\0"

static bool run(struct pair *p, bson_t *reply, struct err *err)
{
	auto_bson command = BSON_INITIALIZER;
	BSON_APPEND_INT32(&command, "ping", 1);
	BSON_APPEND_UTF8(&command, "$db", "admin");
	const struct mono soon = mono_add(resolve_now(), 20 * US_MS);
	return wire_command(&p->wire, &command, soon, reply, NULL, err);
}

static void a_command_goes_out_and_its_reply_comes_in(void **state)
{
	static const char answer[] = HEAD("\042") "\0\0\0\0\0" DOC;
	auto_pair p = pair_make();
	auto_bson reply = BSON_INITIALIZER;
	struct err err = ERR_INIT;
	unsigned char seen[128];
	assert_int_equal(write(p.peer, answer, sizeof(answer) - 1), sizeof(answer) - 1);
	assert_true(run(&p, &reply, &err));
	assert_true(wire_reply_check(&reply, &err));
	ssize_t n = read(p.peer, seen, sizeof(seen));
	assert_true(n > 21);
	assert_int_equal(seen[0], n);
	assert_int_equal(seen[4], 1);                      /* the first request */
	assert_memory_equal(seen + 12, "\335\007\0\0", 4); /* 2013 */
	assert_memory_equal(seen + 16, "\0\0\0\0\0", 5);   /* no flags, one body */
	assert_true(wire_is_alive(&p.wire));
}

static void bad_replies_are_refused(void **state)
{
#define ROW(name, bytes, kind)                                                                     \
	{                                                                                          \
		name, bytes, sizeof(bytes) - 1, kind                                               \
	}
	static const struct {
		const char *name, *bytes;
		size_t n;
		enum err_kind kind;
	} rows[] = {
	    ROW("closed at once", "", ERR_UNREACHABLE),
	    ROW("closed within the head", "\042\0\0", ERR_UNREACHABLE),
	    ROW("closed within the body", HEAD("\042") "\0\0", ERR_UNREACHABLE),
	    ROW("too short a length", HEAD("\020") "", ERR_PROTOCOL),
	    ROW("length of all ones", "\377\377\377\377\005\0\0\0\001\0\0\0\335\007\0\0",
		ERR_PROTOCOL),
	    ROW("above the limit", "\0\0\0\002\005\0\0\0\001\0\0\0\335\007\0\0", ERR_PROTOCOL),
	    ROW("another opcode", "\042\0\0\0\005\0\0\0\001\0\0\0\001\0\0\0\0\0\0\0\0" DOC,
		ERR_PROTOCOL),
	    ROW("to another request", "\042\0\0\0\005\0\0\0\002\0\0\0\335\007\0\0\0\0\0\0\0" DOC,
		ERR_PROTOCOL),
	    ROW("with a checksum", HEAD("\042") "\001\0\0\0\0" DOC, ERR_PROTOCOL),
	    ROW("more to come", HEAD("\042") "\002\0\0\0\0" DOC, ERR_PROTOCOL),
	    ROW("another section", HEAD("\042") "\0\0\0\0\001" DOC, ERR_PROTOCOL),
	    ROW("a document that is shorter than told",
		HEAD("\042") "\0\0\0\0\0\014\0\0\0\020ok\0\001\0\0\0\0", ERR_PROTOCOL),
	    ROW("a document that is no BSON",
		HEAD("\042") "\0\0\0\0\0\015\0\0\0\377ok\0\001\0\0\0\0", ERR_PROTOCOL),
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		auto_pair p = pair_make();
		auto_bson reply = BSON_INITIALIZER;
		struct err err = ERR_INIT;
		assert_int_equal(write(p.peer, rows[i].bytes, rows[i].n), rows[i].n);
		assert_int_equal(shutdown(p.peer, SHUT_WR), 0);
		bool ok = run(&p, &reply, &err);
		if (ok || err.kind != rows[i].kind)
			fail_msg("%s: %s %s", rows[i].name, ok ? "taken" : "refused", err.text);
		assert_false(wire_is_alive(&p.wire));
	}
#undef ROW
}

static void silence_ends_at_the_deadline_and_what_was_sent_is_told(void **state)
{
	auto_pair p = pair_make();
	auto_bson command = BSON_INITIALIZER, reply = BSON_INITIALIZER;
	struct err err = ERR_INIT;
	bool was_sent = false;
	BSON_APPEND_UTF8(&command, "$db", "admin");
	assert_false(wire_command(&p.wire, &command, mono_add(resolve_now(), 1000), &reply,
				  &was_sent, &err));
	assert_int_equal(err.kind, ERR_TIMEOUT);
	assert_true(was_sent);
}

static void a_refusal_carries_the_servers_code(void **state)
{
	static const struct {
		int code;
		enum err_kind kind;
	} rows[] = {{18, ERR_AUTH}, {13, ERR_REFUSED}, {262, ERR_REFUSED}, {0, ERR_REFUSED}};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		auto_bson reply = BSON_INITIALIZER;
		struct err err = ERR_INIT;
		BSON_APPEND_DOUBLE(&reply, "ok", 0);
		BSON_APPEND_INT32(&reply, "code", rows[i].code);
		assert_false(wire_reply_check(&reply, &err));
		assert_int_equal(err.kind, rows[i].kind);
		assert_int_equal(err.sys, rows[i].code);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_command_goes_out_and_its_reply_comes_in),
	    cmocka_unit_test(bad_replies_are_refused),
	    cmocka_unit_test(silence_ends_at_the_deadline_and_what_was_sent_is_told),
	    cmocka_unit_test(a_refusal_carries_the_servers_code),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
