/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/test.h"

#include "codec/csr.h"
#include "codec/dn.h"
#include "codec/pem.h"
#include "unit/codec/cert_fixture.h"

static X509_REQ *read_back(const struct buf *pem)
{
	BIO *bio = BIO_new_mem_buf(pem->p, (int)pem->n);
	X509_REQ *req = PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL);
	BIO_free(bio);
	assert_non_null(req);
	assert_int_equal(X509_REQ_verify(req, X509_REQ_get0_pubkey(req)), 1);
	return req;
}

static void a_request_has_subject_and_names_of_the_wish(void **state)
{
	static const enum cert_key keys[] = {CERT_KEY_P256, CERT_KEY_P384, CERT_KEY_ED25519};
	for (size_t i = 0; i < ARRAY_N(keys); i++) {
		struct err err = ERR_INIT;
		auto_secret struct secret key = {0};
		auto_buf struct buf csr = {0};
		const struct cert_wish w = {.subject = "CN=db1,OU=mongo,O=acme",
					    .membership = "O=acme,OU=mongo",
					    .names_n = 3,
					    .names = {"db1.example.net", "10.0.0.1", "[::1]"},
					    .needs_server = true,
					    .needs_client = true};
		char subject[DN_BYTES_MAX];
		assert_true(csr_key_new(keys[i], 0, &key, &err));
		assert_memory_equal(key.p, "-----BEGIN PRIVATE KEY-----", 27);
		assert_true(csr_new(&key, &w, &csr, &err));
		X509_REQ *req = read_back(&csr);
		assert_true(dn_print(X509_REQ_get_subject_name(req), subject, &err));
		assert_string_equal(subject, w.subject);
		STACK_OF(X509_EXTENSION) *list = X509_REQ_get_extensions(req);
		GENERAL_NAMES *names = X509V3_get_d2i(list, NID_subject_alt_name, NULL, NULL);
		assert_int_equal(sk_GENERAL_NAME_num(names), 3);
		assert_int_equal(sk_GENERAL_NAME_value(names, 0)->type, GEN_DNS);
		assert_int_equal(sk_GENERAL_NAME_value(names, 1)->type, GEN_IPADD);
		assert_int_equal(sk_GENERAL_NAME_value(names, 2)->type, GEN_IPADD);
		EXTENDED_KEY_USAGE *eku = X509V3_get_d2i(list, NID_ext_key_usage, NULL, NULL);
		assert_int_equal(sk_ASN1_OBJECT_num(eku), 2);
		EXTENDED_KEY_USAGE_free(eku);
		GENERAL_NAMES_free(names);
		sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
		X509_REQ_free(req);
	}
}

static void a_wish_without_subject_gets_one_of_name_and_membership(void **state)
{
	static const struct {
		const char *subject, *membership, *name, *printed; /* NULL: refused */
	} rows[] = {
	    {"", "O=acme,OU=mongo", "db1", "CN=db1,O=acme,OU=mongo"},
	    {"", "", "db1", "CN=db1"},
	    {"", "O=acme", "", "O=acme"},
	    {"CN=x,O=acme", "O=acme", "db1", "CN=x,O=acme"},
	    {"CN=x,O=acme", "", "db1", "CN=x,O=acme"},
	    {"CN=x,O=Acme", "O=acme", "db1", NULL},
	    {"CN=x", "O=acme", "db1", NULL},
	    {"x", "", "db1", NULL},
	    {"", "O=acme", "a-name-of-more-than-sixty-four-characters.example.net.example.net",
	     "O=acme"},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct err err = ERR_INIT;
		struct cert_wish w = {.names_n = rows[i].name[0] != 0};
		char text[DN_BYTES_MAX];
		assert_true(copy_z(w.subject, sizeof(w.subject), rows[i].subject));
		assert_true(copy_z(w.membership, sizeof(w.membership), rows[i].membership));
		assert_true(copy_z(w.names[0], sizeof(w.names[0]), rows[i].name));
		X509_NAME *name = csr_subject(&w, &err);
		assert_int_equal(name != NULL, rows[i].printed != NULL);
		assert_int_equal(err.kind == ERR_NONE, name != NULL);
		if (!name)
			continue;
		assert_true(dn_print(name, text, &err));
		assert_string_equal(text, rows[i].printed);
		X509_NAME_free(name);
	}
}

static void names_that_are_none_never_get_into_a_request(void **state)
{
	static const char *const rows[] = {"",
					   "db1,DNS:evil",
					   "a b",
					   "db1\nDNS:x",
					   "-",
					   "a..b",
					   ".a",
					   "a.",
					   "*",
					   "*.",
					   "a.*.b",
					   "email:x@y",
					   "J\xc3\xa4ger",
					   "[::1",
					   "300.1.1.1/8",
					   "db1.example.net:27017"};
	struct err err = ERR_INIT;
	auto_secret struct secret key = {0};
	assert_true(csr_key_new(CERT_KEY_P256, 0, &key, &err));
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		auto_buf struct buf csr = {0};
		struct cert_wish w = {.subject = "CN=a", .names_n = 1};
		err = ERR_INIT;
		if (strcmp(rows[i], "-") == 0)
			continue; /* a label of its own: odd, and allowed */
		assert_true(copy_z(w.names[0], sizeof(w.names[0]), rows[i]));
		if (csr_new(&key, &w, &csr, &err))
			fail_msg("'%s' was taken", rows[i]);
		assert_int_equal(err.kind, ERR_INVALID);
		assert_int_equal(csr.n, 0);
	}
	err = ERR_INIT;
	auto_buf struct buf csr = {0};
	const struct cert_wish empty = {.names_n = 0};
	assert_false(csr_new(&key, &empty, &csr, &err));
	assert_int_equal(err.kind, ERR_INVALID);
}

static void key_types_are_read_and_the_same_is_kept(void **state)
{
	static const struct {
		const char *text;
		enum cert_key same, key;
		unsigned same_bits, bits;
		const char *printed; /* NULL: refused */
	} rows[] = {
	    {"RSA-2048", CERT_KEY_UNKNOWN, CERT_KEY_RSA, 0, 2048, "RSA-2048"},
	    {"rsa", CERT_KEY_UNKNOWN, CERT_KEY_RSA, 0, 3072, "RSA-3072"},
	    {"p-384", CERT_KEY_UNKNOWN, CERT_KEY_P384, 0, 0, "P-384"},
	    {"ed25519", CERT_KEY_UNKNOWN, CERT_KEY_ED25519, 0, 0, "Ed25519"},
	    {"same", CERT_KEY_RSA, CERT_KEY_RSA, 4096, 4096, "RSA-4096"},
	    {"same", CERT_KEY_P384, CERT_KEY_P384, 384, 0, "P-384"},
	    {"same", CERT_KEY_UNKNOWN, CERT_KEY_P256, 0, 0, "P-256"},
	    {"RSA-1024", CERT_KEY_UNKNOWN, CERT_KEY_UNKNOWN, 0, 0, NULL},
	    {"", CERT_KEY_UNKNOWN, CERT_KEY_UNKNOWN, 0, 0, NULL},
	    {"P-521", CERT_KEY_UNKNOWN, CERT_KEY_UNKNOWN, 0, 0, NULL},
	    {"a very long name for a key type indeed", CERT_KEY_UNKNOWN, CERT_KEY_UNKNOWN, 0, 0,
	     NULL},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct err err = ERR_INIT;
		const struct cert_view same = {
		    .is_known = true, .key = rows[i].same, .key_bits = rows[i].same_bits};
		enum cert_key key = CERT_KEY_UNKNOWN;
		unsigned bits = 0;
		char text[32];
		bool ok = csr_key_type(str_of(rows[i].text), &same, &key, &bits, &err);
		assert_int_equal(ok, rows[i].printed != NULL);
		if (!ok)
			continue;
		assert_int_equal(key, rows[i].key);
		assert_int_equal(bits, rows[i].bits);
		assert_string_equal(csr_key_type_print(key, bits, text, sizeof(text)),
				    rows[i].printed);
	}
}

static void weak_keys_are_not_made(void **state)
{
	static const unsigned bits[] = {512, 1024, 2047, 16384};
	for (size_t i = 0; i < ARRAY_N(bits); i++) {
		struct err err = ERR_INIT;
		auto_secret struct secret key = {0};
		assert_false(csr_key_new(CERT_KEY_RSA, bits[i], &key, &err));
		assert_int_equal(err.kind, ERR_INVALID);
		assert_null(key.p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_request_has_subject_and_names_of_the_wish),
	    cmocka_unit_test(a_wish_without_subject_gets_one_of_name_and_membership),
	    cmocka_unit_test(names_that_are_none_never_get_into_a_request),
	    cmocka_unit_test(key_types_are_read_and_the_same_is_kept),
	    cmocka_unit_test(weak_keys_are_not_made),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
