/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/test.h"

#include "codec/ca.h"
#include "codec/cert_check.h"
#include "codec/csr.h"
#include "codec/pem.h"
#include "codec/x509_view.h"
#include "unit/codec/cert_fixture.h"

static struct secret ca_key, leaf_key;
static struct buf ca_pem, leaf_csr;
static struct ca_signer *ca;
static const struct ca_serial serial = {.bytes = {0x9a, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}};

static struct str secret_str(const struct secret *s)
{
	return (struct str){.p = s->p, .n = s->n};
}

static struct cert_wish member(void)
{
	return (struct cert_wish){.subject = "CN=db1,OU=mongo,O=acme",
				  .membership = "O=acme,OU=mongo",
				  .names_n = 2,
				  .names = {"db1.example.net", "10.0.0.1"},
				  .needs_server = true,
				  .needs_client = true};
}

static int make(void **state)
{
	struct err err = ERR_INIT;
	const struct ca_root_wish w = {.subject = "CN=house CA,O=acme",
				       .valid_for_us = 365 * US_DAY,
				       .now = FIXTURE_NOW,
				       .serial = serial};
	const struct cert_wish m = member();
	assert_true(ca_root_new(&w, &ca_key, &ca_pem, &err));
	ca = ca_open(buf_str(&ca_pem), secret_str(&ca_key), NULL, &err);
	assert_non_null(ca);
	assert_true(csr_key_new(CERT_KEY_P256, 0, &leaf_key, &err));
	assert_true(csr_new(&leaf_key, &m, &leaf_csr, &err));
	return 0;
}

static int forget(void **state)
{
	ca_free(ca);
	secret_fini(&ca_key);
	secret_fini(&leaf_key);
	buf_fini(&ca_pem);
	buf_fini(&leaf_csr);
	return 0;
}

static void a_root_is_a_ca_that_signs_leafs_only(void **state)
{
	const struct cert_view *v = ca_view(ca);
	assert_string_equal(v->subject, "CN=house CA,O=acme");
	assert_string_equal(v->issuer, v->subject);
	assert_true(v->is_ca && v->has_private_key);
	assert_int_equal(v->key, CERT_KEY_P256);
	assert_int_equal(strlen(v->serial), 32);
	assert_string_equal(v->serial, "1A0102030405060708090A0000000000"); /* 127 bits: positive */
	assert_int_equal(v->not_after.us, FIXTURE_NOW.us + 365 * US_DAY);
	struct err err = ERR_INIT;
	auto_pem struct pem_file f = {0};
	assert_true(pem_read(buf_str(&ca_pem), NULL, PEM_BUNDLE, &f, &err));
	assert_int_equal(X509_get_pathlen(f.certs[0]), 0);
	assert_int_equal(X509_get_key_usage(f.certs[0]), KU_KEY_CERT_SIGN | KU_CRL_SIGN);
	assert_non_null(X509_get0_subject_key_id(f.certs[0]));
}

static void what_it_signs_passes_the_whole_preflight(void **state)
{
	static const enum cert_key keys[] = {CERT_KEY_P256, CERT_KEY_P384, CERT_KEY_ED25519};
	for (size_t i = 0; i < ARRAY_N(keys); i++) {
		struct err err = ERR_INIT;
		auto_secret struct secret key = {0}, pem = {0};
		auto_buf struct buf csr = {0}, chain = {0};
		struct cert_wish w = member();
		w.key = keys[i];
		w.min_left_us = 80 * US_DAY;
		assert_true(csr_key_new(keys[i], 0, &key, &err));
		assert_true(csr_new(&key, &w, &csr, &err));
		assert_true(ca_sign_csr(ca, buf_str(&csr), &w, FIXTURE_NOW, 90 * US_DAY, &serial,
					&chain, &err));
		assert_true(pem_join(buf_str(&chain), &key, &pem, &err));
		const struct cert_trust trust = {.who = "db2", .pem = buf_str(&ca_pem)};
		const struct cert_peer peer = {.who = "db2", .membership = "O=acme,OU=mongo"};
		const struct cert_check_input in = {.pem = secret_str(&pem),
						    .wish = &w,
						    .trusts_n = 1,
						    .trusts = &trust,
						    .peers_n = 1,
						    .peers = &peer,
						    .now = FIXTURE_NOW};
		struct cert_report r = {0};
		assert_true(cert_check(&in, &r, &err));
		for (unsigned f = 0; f < r.n; f++)
			if (r.findings[f].severity > CERT_NOTE)
				fail_msg("%s: %s", r.findings[f].check, r.findings[f].text);
		struct cert_view v;
		assert_true(x509_view_pem(secret_str(&pem), NULL, &v, &err));
		assert_string_equal(v.subject, w.subject);
		assert_int_equal(v.not_before.us, FIXTURE_NOW.us - CA_BACKDATE_US);
		assert_int_equal(v.not_after.us, FIXTURE_NOW.us + 90 * US_DAY);
		assert_int_equal(v.names_n, 2);
		assert_false(v.is_ca);
	}
}

static void usages_follow_the_wish(void **state)
{
	static const struct {
		bool server, client, has_server, has_client;
	} rows[] = {{true, true, true, true},
		    {true, false, true, false},
		    {false, true, false, true},
		    {false, false, true, true}};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct err err = ERR_INIT;
		auto_buf struct buf chain = {0};
		struct cert_wish w = member();
		struct cert_view v;
		w.needs_server = rows[i].server;
		w.needs_client = rows[i].client;
		assert_true(ca_sign_csr(ca, buf_str(&leaf_csr), &w, FIXTURE_NOW, US_DAY, &serial,
					&chain, &err));
		assert_true(x509_view_pem(buf_str(&chain), NULL, &v, &err));
		assert_int_equal(v.eku_server, rows[i].has_server);
		assert_int_equal(v.eku_client, rows[i].has_client);
	}
}

static void a_leaf_never_outlives_its_issuer(void **state)
{
	static const struct {
		int64_t at_us, for_us, min_left_us, left_us; /* 0: refused */
	} rows[] = {
	    {0, 90 * US_DAY, 0, 90 * US_DAY},
	    {300 * US_DAY, 90 * US_DAY, 0, 65 * US_DAY},
	    {300 * US_DAY, 90 * US_DAY, 65 * US_DAY, 65 * US_DAY},
	    {300 * US_DAY, 90 * US_DAY, 66 * US_DAY, 0},
	    {365 * US_DAY, 90 * US_DAY, 0, 0},
	    {-US_H, 90 * US_DAY, 0, 0},
	    {0, 826 * US_DAY, 0, 0},
	    {0, 0, 0, 0},
	    {0, -1, 0, 0},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct err err = ERR_INIT;
		auto_buf struct buf chain = {0};
		struct cert_wish w = member();
		struct wall now = wall_add(FIXTURE_NOW, rows[i].at_us);
		struct cert_view v;
		w.min_left_us = rows[i].min_left_us;
		w.valid_for_us = rows[i].for_us;
		bool ok = ca_sign_csr(ca, buf_str(&leaf_csr), &w, now, 0, &serial, &chain, &err);
		if (ok != (rows[i].left_us != 0))
			fail_msg("row %zu: %s", i, err.text);
		assert_int_equal(err.kind == ERR_NONE, ok);
		if (!ok) {
			assert_int_equal(chain.n, 0);
			continue;
		}
		assert_true(x509_view_pem(buf_str(&chain), NULL, &v, &err));
		assert_int_equal(v.not_after.us - now.us, rows[i].left_us);
	}
}

static void a_request_for_more_than_the_wish_is_refused(void **state)
{
	static const struct {
		const char *label, *subject, *name;
		enum cert_key key;
		enum err_kind kind;
		const char *text;
	} rows[] = {
	    {"as wished", "CN=db1,OU=mongo,O=acme", "db1.example.net", CERT_KEY_P256, ERR_NONE, ""},
	    {"other CN", "CN=db9,OU=mongo,O=acme", "db1.example.net", CERT_KEY_P256, ERR_NONE, ""},
	    {"bare CN", "CN=db1", "db1.example.net", CERT_KEY_P256, ERR_NONE, ""},
	    {"other name", "CN=db1", "db2.example.net", CERT_KEY_P256, ERR_REFUSED,
	     "'db2.example.net'"},
	    {"other address", "CN=db1", "10.0.0.2", CERT_KEY_P256, ERR_REFUSED, "'10.0.0.2'"},
	    {"wildcard", "CN=db1", "*.example.net", CERT_KEY_P256, ERR_REFUSED, "*.example.net"},
	    {"other OU", "CN=db1,OU=x,O=acme", "db1.example.net", CERT_KEY_P256, ERR_REFUSED,
	     "OU=x"},
	    {"other key", "CN=db1", "db1.example.net", CERT_KEY_ED25519, ERR_REFUSED, "Ed25519"},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct err err = ERR_INIT;
		auto_secret struct secret key = {0};
		auto_buf struct buf csr = {0}, chain = {0};
		struct cert_wish asked = {.names_n = 1}, w = member();
		w.key = CERT_KEY_P256;
		assert_true(copy_z(asked.subject, sizeof(asked.subject), rows[i].subject));
		assert_true(copy_z(asked.names[0], sizeof(asked.names[0]), rows[i].name));
		assert_true(csr_key_new(rows[i].key, 0, &key, &err));
		assert_true(csr_new(&key, &asked, &csr, &err));
		bool ok =
		    ca_sign_csr(ca, buf_str(&csr), &w, FIXTURE_NOW, US_DAY, &serial, &chain, &err);
		if (err.kind != rows[i].kind || !strstr(err.text, rows[i].text))
			fail_msg("%s: %s", rows[i].label, err.text);
		assert_int_equal(ok, rows[i].kind == ERR_NONE);
		if (!ok)
			continue;
		struct cert_view v;
		assert_true(x509_view_pem(buf_str(&chain), NULL, &v, &err));
		assert_string_equal(v.subject, w.subject);
	}
}

/* A request made by OpenSSL alone, with one extension of the caller's. */
static void strange_csr(struct buf *out, int nid, const char *value, EVP_PKEY *signer)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509_REQ *req = X509_REQ_new();
	STACK_OF(X509_EXTENSION) *list = sk_X509_EXTENSION_new_null();
	X509_REQ_set_pubkey(req, key);
	if (value) {
		X509V3_CTX ctx;
		X509V3_set_ctx(&ctx, NULL, NULL, req, NULL, 0);
		X509V3_set_ctx_nodb(&ctx);
		X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
		assert_non_null(e);
		sk_X509_EXTENSION_push(list, e);
		X509_REQ_add_extensions(req, list);
	}
	assert_true(X509_REQ_sign(req, signer ? signer : key, EVP_sha256()) > 0);
	BIO *bio = BIO_new(BIO_s_mem());
	PEM_write_bio_X509_REQ(bio, req);
	fixture_drain(bio, out);
	sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
	X509_REQ_free(req);
	EVP_PKEY_free(key);
}

static void hostile_requests_are_refused_and_nothing_is_copied(void **state)
{
	static const struct {
		const char *label;
		int nid;
		const char *value;
		bool is_forged;
		enum err_kind kind;
	} rows[] = {
	    {"plain", NID_undef, NULL, false, ERR_NONE},
	    {"not signed by its key", NID_undef, NULL, true, ERR_CRYPTO},
	    {"a CA", NID_basic_constraints, "CA:TRUE", false, ERR_REFUSED},
	    {"certificate signing", NID_key_usage, "keyCertSign", false, ERR_REFUSED},
	    {"CRL signing", NID_key_usage, "cRLSign", false, ERR_REFUSED},
	    {"mail name", NID_subject_alt_name, "email:a@b.c", false, ERR_REFUSED},
	    {"one name too many", NID_subject_alt_name, "DNS:db1.example.net,DNS:evil.net", false,
	     ERR_REFUSED},
	    {"code signing", NID_ext_key_usage, "codeSigning", false, ERR_NONE},
	    {"must staple", NID_tlsfeature, "status_request", false, ERR_NONE},
	};
	EVP_PKEY *forger = EVP_EC_gen("P-256");
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct err err = ERR_INIT;
		auto_buf struct buf csr = {0}, chain = {0};
		const struct cert_wish w = member();
		strange_csr(&csr, rows[i].nid, rows[i].value, rows[i].is_forged ? forger : NULL);
		bool ok =
		    ca_sign_csr(ca, buf_str(&csr), &w, FIXTURE_NOW, US_DAY, &serial, &chain, &err);
		if (err.kind != rows[i].kind)
			fail_msg("%s: %s", rows[i].label, err.text);
		assert_int_equal(ok, rows[i].kind == ERR_NONE);
		if (!ok)
			continue;
		auto_pem struct pem_file f = {0};
		assert_true(pem_read(buf_str(&chain), NULL, PEM_CHAIN, &f, &err));
		assert_int_equal(X509_get_extended_key_usage(f.certs[0]),
				 XKU_SSL_SERVER | XKU_SSL_CLIENT);
		assert_int_equal(X509_get_ext_by_NID(f.certs[0], NID_tlsfeature, -1), -1);
		assert_int_equal(X509_get_ext_count(f.certs[0]), 6);
	}
	EVP_PKEY_free(forger);
	static const char *const garbage[] = {
	    "", "no request",
	    "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n",
	    "-----BEGIN CERTIFICATE REQUEST-----\n"};
	for (size_t i = 0; i < ARRAY_N(garbage); i++) {
		struct err err = ERR_INIT;
		auto_buf struct buf chain = {0};
		const struct cert_wish w = member();
		assert_false(ca_sign_csr(ca, str_of(garbage[i]), &w, FIXTURE_NOW, US_DAY, &serial,
					 &chain, &err));
		assert_int_equal(err.kind, ERR_SYNTAX);
	}
}

static void only_a_ca_with_its_key_opens(void **state)
{
	struct err err = ERR_INIT;
	auto_buf struct buf leaf = {0};
	const struct cert_wish w = member();
	assert_true(
	    ca_sign_csr(ca, buf_str(&leaf_csr), &w, FIXTURE_NOW, US_DAY, &serial, &leaf, &err));
	const struct {
		struct str cert, key;
		enum err_kind kind;
	} rows[] = {
	    {buf_str(&ca_pem), secret_str(&leaf_key), ERR_CRYPTO},
	    {buf_str(&leaf), secret_str(&leaf_key), ERR_INVALID},
	    {STR(""), secret_str(&ca_key), ERR_SYNTAX},
	    {buf_str(&ca_pem), STR(""), ERR_SYNTAX},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		err = ERR_INIT;
		assert_null(ca_open(rows[i].cert, rows[i].key, NULL, &err));
		assert_int_equal(err.kind, rows[i].kind);
	}
}

static void roots_that_make_no_sense_are_not_made(void **state)
{
	static const struct {
		const char *subject;
		int64_t for_us;
		enum err_kind kind;
	} rows[] = {{"", US_DAY, ERR_INVALID},
		    {"CN", US_DAY, ERR_SYNTAX},
		    {"CN=a", 0, ERR_INVALID},
		    {"CN=a", CA_ROOT_MAX_US + 1, ERR_INVALID}};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct err err = ERR_INIT;
		auto_secret struct secret key = {0};
		auto_buf struct buf pem = {0};
		const struct ca_root_wish w = {.subject = rows[i].subject,
					       .valid_for_us = rows[i].for_us,
					       .now = FIXTURE_NOW,
					       .serial = serial};
		assert_false(ca_root_new(&w, &key, &pem, &err));
		assert_int_equal(err.kind, rows[i].kind);
		assert_null(key.p);
	}
}

static void a_crl_revokes_and_ends(void **state)
{
	struct err err = ERR_INIT;
	auto_buf struct buf chain = {0}, crl = {0}, empty = {0}, none = {0};
	auto_secret struct secret pem = {0};
	const struct cert_wish w = member();
	struct cert_view v;
	assert_true(
	    ca_sign_csr(ca, buf_str(&leaf_csr), &w, FIXTURE_NOW, US_DAY, &serial, &chain, &err));
	assert_true(x509_view_pem(buf_str(&chain), NULL, &v, &err));
	assert_true(pem_join(buf_str(&chain), &leaf_key, &pem, &err));
	struct ca_revoked r = {.at = FIXTURE_NOW};
	assert_true(copy_z(r.serial, sizeof(r.serial), v.serial));
	assert_true(ca_sign_crl(ca, &r, 1, 7, FIXTURE_NOW, 30 * US_DAY, &crl, &err));
	assert_true(ca_sign_crl(ca, NULL, 0, 8, FIXTURE_NOW, 30 * US_DAY, &empty, &err));
	struct wall end;
	assert_true(x509_crl_end(buf_str(&crl), &end, &err));
	assert_int_equal(end.us, FIXTURE_NOW.us + 30 * US_DAY);
	const struct {
		const struct buf *crl;
		enum cert_severity severity;
	} rows[] = {{&crl, CERT_BAD}, {&empty, CERT_GOOD}};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		const struct cert_trust trust = {.who = "db2", .pem = buf_str(&ca_pem)};
		const struct cert_check_input in = {.pem = secret_str(&pem),
						    .wish = &w,
						    .trusts_n = 1,
						    .trusts = &trust,
						    .crl_pem = buf_str(rows[i].crl),
						    .now = FIXTURE_NOW};
		struct cert_report report = {0};
		assert_true(cert_check(&in, &report, &err));
		assert_int_equal(cert_report_find(&report, "crl")->severity, rows[i].severity);
	}
	static const char *const bad[] = {"", "xyz", "12 34", "0x12"};
	for (size_t i = 0; i < ARRAY_N(bad); i++) {
		err = ERR_INIT;
		assert_true(copy_z(r.serial, sizeof(r.serial), bad[i]));
		assert_false(ca_sign_crl(ca, &r, 1, 9, FIXTURE_NOW, US_DAY, &none, &err));
		assert_int_equal(err.kind, ERR_INVALID);
	}
	err = ERR_INIT;
	assert_false(ca_sign_crl(ca, NULL, 0, 9, FIXTURE_NOW, 0, &none, &err));
	assert_int_equal(none.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_root_is_a_ca_that_signs_leafs_only),
	    cmocka_unit_test(what_it_signs_passes_the_whole_preflight),
	    cmocka_unit_test(usages_follow_the_wish),
	    cmocka_unit_test(a_leaf_never_outlives_its_issuer),
	    cmocka_unit_test(a_request_for_more_than_the_wish_is_refused),
	    cmocka_unit_test(hostile_requests_are_refused_and_nothing_is_copied),
	    cmocka_unit_test(only_a_ca_with_its_key_opens),
	    cmocka_unit_test(roots_that_make_no_sense_are_not_made),
	    cmocka_unit_test(a_crl_revokes_and_ends),
	};
	return cmocka_run_group_tests(tests, make, forget);
}
