/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/test.h"

#include "lib/tempdir.h"

#include "base/cleanup.h"
#include "codec/json_mem.h"
#include "sys/store_file.h"

static struct store_port open_store(void **state)
{
	struct store_port s;
	struct err err = ERR_INIT;
	assert_true(store_file_new(tempdir_path(state, "ledger"), &s, &err));
	return s;
}

static enum store_outcome swap(struct store_port s, const char *id, const char *text,
			       int64_t expected)
{
	struct err err = ERR_INIT;
	struct store_doc d = {.text = str_of(text)};
	enum store_outcome o = STORE_AMBIGUOUS;
	assert_true(copy_z(d.id, sizeof(d.id), id));
	assert_true(copy_z(d.nonce, sizeof(d.nonce), "0123456789abcdef0123456789abcdef"));
	assert_true(s.ops->swap(s.self, &d, expected, &o, &err));
	return o;
}

static void a_document_changes_only_from_the_revision_that_was_seen(void **state)
{
	struct err err = ERR_INIT;
	auto_arena struct arena arena = {.p = NULL};
	struct store_port a = open_store(state), b = open_store(state);
	struct store_doc d;
	bool found = true;
	assert_true(arena_init(&arena, 1 << 20, &err));
	assert_true(a.ops->read(a.self, "claim", &arena, &d, &found, &err));
	assert_false(found);
	assert_int_equal(tempdir_count(*state), 0); /* reading writes nothing */
	assert_int_equal(swap(a, "claim", "{\"x\":1}", 1), STORE_CONFLICT);
	assert_int_equal(swap(a, "claim", "{\"x\":1}", 0), STORE_DONE);
	assert_int_equal(swap(b, "claim", "{\"x\":2}", 0), STORE_CONFLICT);
	assert_int_equal(swap(b, "claim", "{\"x\":2}", 1), STORE_DONE);
	assert_int_equal(swap(a, "claim", "{\"x\":3}", 1), STORE_CONFLICT);
	assert_true(a.ops->read(a.self, "claim", &arena, &d, &found, &err));
	assert_true(found);
	assert_int_equal(d.rev, 2);
	assert_string_equal(d.id, "claim");
	assert_string_equal(d.nonce, "0123456789abcdef0123456789abcdef");
	assert_true(str_equal_z(d.text, "{\"x\":2}"));
	store_file_free(a.self);
	store_file_free(b.self);
}

static void documents_are_listed_by_prefix_and_in_order(void **state)
{
	struct err err = ERR_INIT;
	auto_arena struct arena arena = {.p = NULL};
	struct store_port s = open_store(state);
	struct store_doc *docs = NULL;
	enum store_outcome o;
	size_t n = 7;
	assert_true(arena_init(&arena, 1 << 20, &err));
	assert_true(s.ops->list(s.self, "", &arena, &docs, &n, &err));
	assert_int_equal(n, 0);
	assert_int_equal(swap(s, "vote/3/2", "b", 0), STORE_DONE);
	assert_int_equal(swap(s, "vote/3/1", "a", 0), STORE_DONE);
	assert_int_equal(swap(s, "votes", "c", 0), STORE_DONE);
	assert_true(s.ops->list(s.self, "vote/", &arena, &docs, &n, &err));
	assert_int_equal(n, 2);
	assert_string_equal(docs[0].id, "vote/3/1");
	assert_string_equal(docs[1].id, "vote/3/2");
	assert_true(s.ops->remove(s.self, "vote/3/1", 2, &o, &err));
	assert_int_equal(o, STORE_CONFLICT);
	assert_true(s.ops->remove(s.self, "vote/3/1", 1, &o, &err));
	assert_int_equal(o, STORE_DONE);
	assert_true(s.ops->remove(s.self, "vote/3/1", 1, &o, &err));
	assert_int_equal(o, STORE_CONFLICT);
	assert_true(s.ops->list(s.self, "vote/", &arena, &docs, &n, &err));
	assert_int_equal(n, 1);
	store_file_free(s.self);
}

static void a_damaged_ledger_is_an_error_and_never_empty(void **state)
{
	static const char *const rows[] = {
	    "",
	    "{",
	    "[]",
	    "{}",
	    "{\"rotadStore\":2,\"docs\":{}}",
	    "{\"rotadStore\":1,\"docs\":[]}",
	    "{\"rotadStore\":1,\"docs\":{\"a\":{\"rev\":0,\"nonce\":\"\",\"text\":\"\"}}}",
	    "{\"rotadStore\":1,\"docs\":{\"a\":{\"rev\":1,\"text\":\"\"}}}",
	    "{\"rotadStore\":1,\"docs\":{\"a\":1,\"a\":1}}",
	    "{\"rotadStore\":1,\"docs\":{}} trailing"};
	struct store_port s = open_store(state);
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct err err = ERR_INIT;
		auto_arena struct arena arena = {.p = NULL};
		struct store_doc *docs = NULL;
		size_t n = 7;
		assert_true(arena_init(&arena, 1 << 16, &err));
		tempdir_write(tempdir_path(state, "ledger"), rows[i], 0600);
		assert_false(s.ops->list(s.self, "", &arena, &docs, &n, &err));
		assert_int_equal(err.kind, ERR_SYNTAX);
		assert_int_equal(n, 7);
		tempdir_expect(tempdir_path(state, "ledger"), rows[i]);
	}
	store_file_free(s.self);
}

static void what_does_not_fit_is_refused(void **state)
{
	static char large[DOC_BYTES_MAX + 2];
	struct err err = ERR_INIT;
	struct store_port s = open_store(state);
	enum store_outcome o;
	memset(large, 'x', sizeof(large) - 1);
	struct store_doc d = {.id = "a", .text = str_of(large)};
	assert_false(s.ops->swap(s.self, &d, 0, &o, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	d.text = STR("\xff");
	assert_false(s.ops->swap(s.self, &d, 0, &o, &err));
	assert_int_equal(err.kind, ERR_INVALID);
	d = (struct store_doc){.text = STR("x")};
	assert_false(s.ops->swap(s.self, &d, 0, &o, &err));
	assert_int_equal(access(tempdir_path(state, "ledger"), F_OK), -1);
	struct store_port t;
	assert_true(store_file_new("/nowhere/at/all", &t, &err));
	d = (struct store_doc){.id = "a", .text = STR("x")};
	assert_false(t.ops->swap(t.self, &d, 0, &o, &err));
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	store_file_free(t.self);
	store_file_free(s.self);
	store_file_free(NULL);
}

#define IN_DIR(f) cmocka_unit_test_setup_teardown(f, tempdir_setup, tempdir_teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
	    IN_DIR(a_document_changes_only_from_the_revision_that_was_seen),
	    IN_DIR(documents_are_listed_by_prefix_and_in_order),
	    IN_DIR(a_damaged_ledger_is_an_error_and_never_empty),
	    IN_DIR(what_does_not_fit_is_refused),
	};
	json_mem_init(); /* as rotad does */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
