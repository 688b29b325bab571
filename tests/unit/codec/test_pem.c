/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/test.h"

#include "codec/pem.h"
#include "unit/codec/cert_fixture.h"

static struct fixture root, middle, leaf, other;

static int make(void **state)
{
	const struct fixture_spec ca = {.subject = "/O=acme/CN=root", .basic = "critical,CA:TRUE"};
	const struct fixture_spec sub = {.subject = "/O=acme/CN=middle",
					 .basic = "critical,CA:TRUE"};
	const struct fixture_spec db = {.subject = "/O=acme/OU=mongo/CN=db1"};
	root = fixture_new(&ca, NULL, NULL);
	middle = fixture_new(&sub, &root, NULL);
	leaf = fixture_new(&db, &middle, NULL);
	other = fixture_new(&db, &middle, NULL);
	return 0;
}

static int forget(void **state)
{
	fixture_free(&root);
	fixture_free(&middle);
	fixture_free(&leaf);
	fixture_free(&other);
	return 0;
}

/* Build a file from letters: l leaf, o other leaf, m middle, r root, k the leaf's key, K the
 * other's key, s the leaf's key in the old form, e encrypted ("secret"), p parameters, # text. */
static void build(struct buf *out, const char *recipe)
{
	for (const char *p = recipe; *p; p++) {
		if (*p == 'l')
			fixture_add_cert(out, &leaf);
		else if (*p == 'o')
			fixture_add_cert(out, &other);
		else if (*p == 'm')
			fixture_add_cert(out, &middle);
		else if (*p == 'r')
			fixture_add_cert(out, &root);
		else if (*p == 'k')
			fixture_add_key(out, &leaf, NULL);
		else if (*p == 'K')
			fixture_add_key(out, &other, NULL);
		else if (*p == 's')
			fixture_add_old_key(out, &leaf);
		else if (*p == 'e')
			fixture_add_key(out, &leaf, "secret");
		else if (*p == 'p')
			buf_adds(out,
				 "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC "
				 "PARAMETERS-----\n");
		else if (*p == '#')
			buf_adds(out, "Subject: some words of a tool\r\n\r\n");
		else
			fail();
	}
}

static void a_file_in_any_order_is_split(void **state)
{
	static const struct {
		const char *recipe;
		enum pem_want want;
		unsigned certs_n;
		bool has_key, matches, first;
	} rows[] = {
	    {"lk", PEM_MEMBER, 1, true, true, true},
	    {"kl", PEM_MEMBER, 1, true, true, true},
	    {"ls", PEM_MEMBER, 1, true, true, true},
	    {"#pl#sm#r", PEM_MEMBER, 3, true, true, true},
	    {"rmlk", PEM_MEMBER, 3, true, true, false},
	    {"lrmk", PEM_MEMBER, 3, true, true, true},
	    {"kmrl", PEM_MEMBER, 3, true, true, false},
	    {"lK", PEM_MEMBER, 1, true, false, true},
	    {"lm", PEM_CHAIN, 2, false, false, true},
	    {"ml", PEM_CHAIN, 2, false, false, false},
	    {"lkm", PEM_CHAIN, 2, true, true, true},
	    {"r", PEM_CHAIN, 1, false, false, true},
	    {"rm", PEM_BUNDLE, 2, false, false, false},
	    {"rmlok", PEM_BUNDLE, 4, false, false, false},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct err err = ERR_INIT;
		auto_buf struct buf text = {0};
		auto_pem struct pem_file f = {0};
		build(&text, rows[i].recipe);
		if (!pem_read(buf_str(&text), NULL, rows[i].want, &f, &err))
			fail_msg("%s: %s", rows[i].recipe, err.text);
		assert_int_equal(f.certs_n, rows[i].certs_n);
		assert_int_equal(f.key != NULL, rows[i].has_key);
		assert_int_equal(f.key_matches, rows[i].matches);
		assert_int_equal(f.is_leaf_first, rows[i].first);
		if (rows[i].want != PEM_BUNDLE && strchr(rows[i].recipe, 'l')) {
			assert_int_equal(X509_cmp(f.certs[0], leaf.cert), 0);
			if (f.certs_n > 1)
				assert_int_equal(X509_cmp(f.certs[1], middle.cert), 0);
		}
	}
}

static void a_file_that_is_not_one_leaf_and_its_key_is_refused(void **state)
{
	static const struct {
		const char *recipe;
		enum pem_want want;
		enum err_kind kind;
		const char *text; /* part of it */
	} rows[] = {
	    {"", PEM_MEMBER, ERR_SYNTAX, "no certificate"},
	    {"#", PEM_MEMBER, ERR_SYNTAX, "no certificate"},
	    {"k", PEM_MEMBER, ERR_SYNTAX, "no certificate"},
	    {"k", PEM_CHAIN, ERR_SYNTAX, "no certificate"},
	    {"k", PEM_BUNDLE, ERR_SYNTAX, "no certificate"},
	    {"lm", PEM_MEMBER, ERR_SYNTAX, "no private key"},
	    {"lok", PEM_MEMBER, ERR_SYNTAX, "2 certificates that are no CA's"},
	    {"lo", PEM_CHAIN, ERR_SYNTAX, "2 certificates that are no CA's"},
	    {"lkk", PEM_MEMBER, ERR_SYNTAX, "second private key"},
	    {"lkK", PEM_MEMBER, ERR_SYNTAX, "second private key"},
	    {"le", PEM_MEMBER, ERR_AUTH, "encrypted"},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct err err = ERR_INIT;
		auto_buf struct buf text = {0};
		auto_pem struct pem_file f = {0};
		build(&text, rows[i].recipe);
		assert_false(pem_read(buf_str(&text), NULL, rows[i].want, &f, &err));
		assert_int_equal(err.kind, rows[i].kind);
		if (!strstr(err.text, rows[i].text))
			fail_msg("%s: %s", rows[i].recipe, err.text);
		assert_int_equal(f.certs_n, 0);
	}
}

static void torn_blocks_are_refused_with_their_line(void **state)
{
	static const struct {
		const char *text;
		int line;
	} rows[] = {
	    {"-----BEGIN CERTIFICATE-----\nAAAA\n", 1},
	    {"x\n\n-----BEGIN CERTIFICATE-----", 3},
	    {"-----BEGIN CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\n-----END "
	     "CERTIFICATE-----\n",
	     2},
	    {"-----BEGIN CERTIFICATE-----\nAAAA\n-----END PRIVATE KEY-----\n", 3},
	    {"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE\n", 3},
	    {"a\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", 2},
	    {"-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n", 1},
	    {"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", 1},
	    {"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", 1},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct err err = ERR_INIT;
		auto_pem struct pem_file f = {0};
		assert_false(pem_read(str_of(rows[i].text), NULL, PEM_MEMBER, &f, &err));
		assert_int_equal(err.kind, ERR_SYNTAX);
		assert_int_equal(err.line, rows[i].line);
	}
}

static void a_good_file_cut_anywhere_is_never_taken_for_the_whole(void **state)
{
	auto_buf struct buf text = {0};
	build(&text, "lk");
	size_t last = text.n - 1; /* without its last newline it is still whole */
	for (size_t n = 0; n < last; n += 7) {
		struct err err = ERR_INIT;
		auto_pem struct pem_file f = {0};
		assert_false(
		    pem_read((struct str){.p = text.p, .n = n}, NULL, PEM_MEMBER, &f, &err));
	}
}

static void limits_hold(void **state)
{
	struct err err = ERR_INIT;
	auto_pem struct pem_file f = {0};
	auto_buf struct buf text = {0};
	for (int i = 0; i < CERTS_PER_PEM_MAX; i++)
		build(&text, "r");
	assert_true(pem_read(buf_str(&text), NULL, PEM_BUNDLE, &f, &err));
	pem_fini(&f);
	build(&text, "r");
	assert_false(pem_read(buf_str(&text), NULL, PEM_BUNDLE, &f, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	err = ERR_INIT;
	buf_clear(&text);
	build(&text, "lk");
	while (text.n <= PEM_BYTES_MAX)
		buf_adds(&text, "words between the blocks\n");
	assert_false(pem_read(buf_str(&text), NULL, PEM_MEMBER, &f, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
}

static void an_encrypted_key_opens_with_its_password_only(void **state)
{
	static const struct {
		const char *password;
		bool ok;
	} rows[] = {{"secret", true}, {"Secret", false}, {"", false}};
	auto_buf struct buf text = {0};
	build(&text, "le");
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct err err = ERR_INIT;
		auto_pem struct pem_file f = {0};
		auto_secret struct secret password = {0};
		assert_true(
		    secret_from(&password, rows[i].password, strlen(rows[i].password), &err));
		assert_int_equal(pem_read(buf_str(&text), &password, PEM_MEMBER, &f, &err),
				 rows[i].ok);
		assert_int_equal(err.kind, rows[i].ok ? ERR_NONE : ERR_AUTH);
		assert_int_equal(f.was_encrypted, rows[i].ok);
	}
}

static void what_is_written_is_leaf_key_chain_without_the_root(void **state)
{
	struct err err = ERR_INIT;
	auto_pem struct pem_file f = {0}, again = {0};
	auto_buf struct buf text = {0}, wished = {0};
	auto_secret struct secret out = {0};
	build(&text, "r#mls");
	build(&wished, "lkm");
	assert_true(pem_read(buf_str(&text), NULL, PEM_MEMBER, &f, &err));
	assert_true(pem_write(&f, &out, &err));
	assert_int_equal(out.n, wished.n);
	assert_memory_equal(out.p, wished.p, wished.n);
	assert_true(pem_read((struct str){.p = out.p, .n = out.n}, NULL, PEM_MEMBER, &again, &err));
	assert_true(again.is_leaf_first);
}

static void an_answer_is_joined_only_with_its_own_key(void **state)
{
	static const struct {
		const char *chain, *key;
		enum err_kind kind;
	} rows[] = {
	    {"lm", "k", ERR_NONE},   {"ml", "s", ERR_NONE},  {"lm", "K", ERR_CRYPTO},
	    {"lo", "k", ERR_SYNTAX}, {"", "k", ERR_SYNTAX},  {"l", "", ERR_SYNTAX},
	    {"l", "e", ERR_AUTH},    {"m", "k", ERR_CRYPTO},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct err err = ERR_INIT;
		auto_buf struct buf chain = {0}, key_text = {0};
		auto_secret struct secret key = {0}, out = {0};
		build(&chain, rows[i].chain);
		build(&key_text, rows[i].key);
		assert_true(secret_from(&key, buf_z(&key_text), key_text.n, &err));
		assert_int_equal(pem_join(buf_str(&chain), &key, &out, &err),
				 rows[i].kind == ERR_NONE);
		assert_int_equal(err.kind, rows[i].kind);
		assert_int_equal(out.p != NULL, rows[i].kind == ERR_NONE);
	}
}

static void an_error_from_before_spoils_no_good_file(void **state)
{
	struct err err = ERR_INIT;
	auto_buf struct buf text = {0};
	auto_pem struct pem_file f = {0};
	build(&text, "lkm");
	(void)err_set(&err, ERR_NOT_FOUND, "something else");
	assert_true(pem_read(buf_str(&text), NULL, PEM_MEMBER, &f, &err));
	assert_int_equal(f.certs_n, 2);
	assert_int_equal(err.kind, ERR_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_file_in_any_order_is_split),
	    cmocka_unit_test(a_file_that_is_not_one_leaf_and_its_key_is_refused),
	    cmocka_unit_test(torn_blocks_are_refused_with_their_line),
	    cmocka_unit_test(a_good_file_cut_anywhere_is_never_taken_for_the_whole),
	    cmocka_unit_test(limits_hold),
	    cmocka_unit_test(an_encrypted_key_opens_with_its_password_only),
	    cmocka_unit_test(what_is_written_is_leaf_key_chain_without_the_root),
	    cmocka_unit_test(an_answer_is_joined_only_with_its_own_key),
	    cmocka_unit_test(an_error_from_before_spoils_no_good_file),
	};
	return cmocka_run_group_tests(tests, make, forget);
}
