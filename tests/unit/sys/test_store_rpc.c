/* SPDX-License-Identifier: Apache-2.0 */
/* A write whose answer does not come is ambiguous; one that never left, or was refused, is an
 * error. */
#include "lib/test.h"

#include <string.h>

#include "sys/store_rpc.h"

#define PROGRAM BUILD_DIR "/tests/unit/sys/fake_helper"

struct world {
	struct helper *helper;
	struct store_rpc *store;
	struct store_port port;
	struct arena arena;
};

static const struct mongod_target target = {.host = "db1:27017"};

static void world_make(struct world *w)
{
	struct err err = ERR_INIT;
	assert_true(helper_new("fake", PROGRAM, &w->helper, &err));
	assert_true(store_rpc_new(w->helper, &w->store, &w->port, &err));
	assert_true(arena_init(&w->arena, 8 * 1024 * 1024, &err));
	const struct store_rpc_config c = {.targets = &target, .targets_n = 1};
	store_rpc_set(w->store, &c);
}

static void world_fini(struct world *w)
{
	store_rpc_free(w->store);
	helper_free(w->helper);
	arena_fini(&w->arena);
}
#define auto_world __attribute__((cleanup(world_fini))) struct world

static void a_write_is_done_refused_or_ambiguous(void **state)
{
	static const struct {
		const char *id;
		enum store_outcome outcome;
		enum err_kind kind;
	} rows[] = {
	    {"done", STORE_DONE, ERR_NONE},
	    {"conflict", STORE_CONFLICT, ERR_NONE},
	    {"ambiguous", STORE_AMBIGUOUS, ERR_NONE},
	    {"no-such-outcome", STORE_AMBIGUOUS, ERR_NONE},
	    {"die", STORE_AMBIGUOUS, ERR_NONE},
	    {"done", STORE_DONE, ERR_NONE}, /* by the next helper */
	    {"garbage", STORE_AMBIGUOUS, ERR_NONE},
	    {"refused", STORE_DONE, ERR_REFUSED},
	};
	auto_world w;
	world_make(&w);
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct store_doc doc = {.text = STR("{}")};
		enum store_outcome outcome = STORE_DONE;
		struct err err = ERR_INIT;
		assert_true(copy_z(doc.id, sizeof(doc.id), rows[i].id));
		bool ok = w.port.ops->swap(w.port.self, &doc, 0, &outcome, &err);
		if (ok != (rows[i].kind == ERR_NONE) || err.kind != rows[i].kind ||
		    outcome != rows[i].outcome)
			fail_msg("%s: %d %s", rows[i].id, outcome, err.text);
	}
}

static void a_write_that_never_left_is_an_error(void **state)
{
	auto_world w;
	struct store_doc doc = {.id = "die", .text = STR("{}")};
	enum store_outcome outcome = STORE_CONFLICT;
	struct err err = ERR_INIT;
	world_make(&w);
	assert_true(w.port.ops->swap(w.port.self, &doc, 0, &outcome, &err));
	assert_true(w.port.ops->swap(w.port.self, &doc, 0, &outcome, &err));
	outcome = STORE_CONFLICT;
	assert_false(w.port.ops->swap(w.port.self, &doc, 0, &outcome, &err)); /* it rests */
	assert_int_equal(err.kind, ERR_UNREACHABLE);
	assert_int_equal(outcome, STORE_CONFLICT);
	const struct store_rpc_config none = {.targets_n = 0};
	store_rpc_set(w.store, &none);
	err = ERR_INIT;
	assert_false(w.port.ops->remove(w.port.self, "x", 1, &outcome, &err));
	assert_int_equal(err.kind, ERR_UNREACHABLE);
}

static void a_list_goes_over_its_pages_and_has_a_bound(void **state)
{
	static const struct {
		const char *prefix;
		size_t n;
		enum err_kind kind;
	} rows[] = {{"0", 0, ERR_NONE},   {"1", 1, ERR_NONE},     {"3", 3, ERR_NONE},
		    {"10", 10, ERR_NONE}, {"512", 512, ERR_NONE}, {"513", 0, ERR_LIMIT}};
	STATIC_ASSERT(DOCS_MAX == 512, "the rows above");
	auto_world w;
	world_make(&w);
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct store_doc *docs = NULL;
		size_t n = 0;
		struct err err = ERR_INIT;
		arena_reset(&w.arena);
		bool ok = w.port.ops->list(w.port.self, rows[i].prefix, &w.arena, &docs, &n, &err);
		assert_int_equal(ok, rows[i].kind == ERR_NONE);
		assert_int_equal(err.kind, rows[i].kind);
		assert_int_equal(n, rows[i].n);
		if (n > 4) {
			assert_string_equal(docs[4].id, "0004");
			assert_string_equal(docs[4].text.p, "0004");
		}
	}
}

static void what_is_not_there_is_no_error(void **state)
{
	auto_world w;
	struct store_doc doc = {.rev = 9};
	struct err err = ERR_INIT;
	bool found = true;
	world_make(&w);
	assert_true(w.port.ops->read(w.port.self, "gone", &w.arena, &doc, &found, &err));
	assert_false(found);
	assert_int_equal(doc.rev, 9);
	assert_true(w.port.ops->read(w.port.self, "there", &w.arena, &doc, &found, &err));
	assert_true(found);
	assert_int_equal(doc.rev, 3);
	assert_true(str_equal_z(doc.text, "x"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_write_is_done_refused_or_ambiguous),
	    cmocka_unit_test(a_write_that_never_left_is_an_error),
	    cmocka_unit_test(a_list_goes_over_its_pages_and_has_a_bound),
	    cmocka_unit_test(what_is_not_there_is_no_error),
	};
	json_mem_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
