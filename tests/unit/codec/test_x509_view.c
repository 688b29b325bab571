/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/test.h"

#include "codec/pem.h"
#include "codec/x509_view.h"
#include "unit/codec/cert_fixture.h"

static struct fixture root;

static int make(void **state)
{
	const struct fixture_spec ca = {.subject = "/O=acme/CN=root",
					.basic = "critical,CA:TRUE",
					.from_s = -FIXTURE_DAY_S,
					.to_s = 30 * FIXTURE_DAY_S};
	root = fixture_new(&ca, NULL, NULL);
	return 0;
}

static int forget(void **state)
{
	fixture_free(&root);
	return 0;
}

static void a_member_certificate_is_seen_whole(void **state)
{
	const struct fixture_spec s = {.subject = "/C=DE/O=acme/OU=mongo/CN=db1",
				       .san =
					   "DNS:db1.example.net,DNS:db1,IP:10.0.0.1,IP:2001:db8::1",
				       .eku = "serverAuth,clientAuth",
				       .serial = 0x5A1F22};
	struct fixture f = fixture_new(&s, &root, NULL);
	struct err err = ERR_INIT;
	struct cert_view v = {0};
	auto_buf struct buf pem = {0};
	fixture_add_key(&pem, &f, NULL);
	fixture_add_cert(&pem, &root);
	fixture_add_cert(&pem, &f);
	assert_true(x509_view_pem(buf_str(&pem), NULL, &v, &err));
	assert_true(v.is_known);
	assert_string_equal(v.subject, "CN=db1,OU=mongo,O=acme,C=DE");
	assert_string_equal(v.issuer, "CN=root,O=acme");
	assert_string_equal(v.membership, "O=acme,OU=mongo");
	assert_string_equal(v.serial, "5A1F22");
	assert_int_equal(v.key, CERT_KEY_P256);
	assert_int_equal(v.key_bits, 256);
	assert_true(v.has_eku && v.eku_server && v.eku_client);
	assert_false(v.is_ca);
	assert_true(v.has_private_key);
	assert_int_equal(v.not_before.us, (FIXTURE_NOW_S - FIXTURE_DAY_S) * US_S);
	assert_int_equal(v.not_after.us, (FIXTURE_NOW_S + 90 * FIXTURE_DAY_S) * US_S);
	assert_int_equal(v.chain_not_after.us, (FIXTURE_NOW_S + 30 * FIXTURE_DAY_S) * US_S);
	assert_int_equal(v.names_n, 4);
	assert_string_equal(v.names[0], "db1.example.net");
	assert_string_equal(v.names[2], "10.0.0.1");
	assert_string_equal(v.names[3], "2001:db8::1");
	assert_int_equal(strlen(v.sha256), 64);
	assert_int_equal(strlen(v.spki), 64);
	fixture_free(&f);
}

static void kinds_of_keys_and_usages_are_told_apart(void **state)
{
	static const struct {
		struct fixture_spec spec;
		enum cert_key key;
		bool has_eku, server, client, is_ca;
	} rows[] = {
	    {{.subject = "/CN=a"}, CERT_KEY_P256, false, false, false, false},
	    {{.subject = "/CN=a", .is_ed25519 = true},
	     CERT_KEY_ED25519,
	     false,
	     false,
	     false,
	     false},
	    {{.subject = "/CN=a", .rsa_bits = 512}, CERT_KEY_RSA, false, false, false, false},
	    {{.subject = "/CN=a", .eku = "serverAuth"}, CERT_KEY_P256, true, true, false, false},
	    {{.subject = "/CN=a", .eku = "clientAuth"}, CERT_KEY_P256, true, false, true, false},
	    {{.subject = "/CN=a", .eku = "anyExtendedKeyUsage"},
	     CERT_KEY_P256,
	     true,
	     false,
	     false,
	     false},
	    {{.subject = "/CN=a", .eku = "emailProtection"},
	     CERT_KEY_P256,
	     true,
	     false,
	     false,
	     false},
	    {{.subject = "/CN=a", .basic = "CA:TRUE"}, CERT_KEY_P256, false, false, false, true},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct err err = ERR_INIT;
		struct cert_view v = {0};
		struct fixture f = fixture_new(&rows[i].spec, &root, NULL);
		assert_true(x509_view(f.cert, NULL, 0, &v, &err));
		assert_int_equal(v.key, rows[i].key);
		assert_int_equal(v.has_eku, rows[i].has_eku);
		assert_int_equal(v.eku_server, rows[i].server);
		assert_int_equal(v.eku_client, rows[i].client);
		assert_int_equal(v.is_ca, rows[i].is_ca);
		assert_false(v.has_private_key);
		fixture_free(&f);
	}
}

static void times_before_1970_and_after_2050_are_exact(void **state)
{
	static const struct {
		const char *asn1, *text; /* NULL: refused */
	} rows[] = {
	    {"700101000000Z", "1969-12-31T23:59:59Z"}, /* 0 is kept for "not known" */
	    {"691231235959Z", "1969-12-31T23:59:59Z"},
	    {"500101000000Z", "1950-01-01T00:00:00Z"},
	    {"20500101000000Z", "2050-01-01T00:00:00Z"},
	    {"99991231235959Z", "9999-12-31T23:59:59Z"},
	    {"260229000000Z", NULL},
	    {"261301000000Z", NULL},
	    {"261101250000Z", NULL},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct err err = ERR_INIT;
		struct wall t = {.us = 5};
		char text[40];
		ASN1_TIME *time = ASN1_TIME_new();
		bool is_long = strlen(rows[i].asn1) == 15;
		assert_true(ASN1_STRING_set(time, rows[i].asn1, -1));
		time->type = is_long ? V_ASN1_GENERALIZEDTIME : V_ASN1_UTCTIME;
		bool ok = x509_time(time, &t, &err);
		if (ok != (rows[i].text != NULL))
			fail_msg("%s: %d", rows[i].asn1, ok);
		if (ok)
			assert_string_equal(wall_print_utc(t, text, sizeof(text)), rows[i].text);
		ASN1_TIME_free(time);
	}
	struct err err = ERR_INIT;
	struct wall t;
	assert_false(x509_time(NULL, &t, &err));
}

static void names_that_could_fool_are_refused(void **state)
{
	static const struct {
		const char *dns;
		int n;
		enum err_kind kind;
	} rows[] = {{"db1\0.evil.net", 13, ERR_INVALID},
		    {"db1.example.net", 15, ERR_NONE},
		    {NULL, HOST_BYTES_MAX, ERR_LIMIT}};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		const struct fixture_spec s = {.subject = "/CN=a"};
		struct fixture f = fixture_new(&s, &root, NULL);
		char wide[HOST_BYTES_MAX + 1];
		memset(wide, 'a', sizeof(wide));
		GENERAL_NAMES *names = GENERAL_NAMES_new();
		GENERAL_NAME *name = GENERAL_NAME_new();
		ASN1_IA5STRING *text = ASN1_IA5STRING_new();
		assert_true(ASN1_STRING_set(text, rows[i].dns ? rows[i].dns : wide, rows[i].n));
		GENERAL_NAME_set0_value(name, GEN_DNS, text);
		sk_GENERAL_NAME_push(names, name);
		assert_int_equal(X509_add1_ext_i2d(f.cert, NID_subject_alt_name, names, 0, 0), 1);
		GENERAL_NAMES_free(names);
		struct err err = ERR_INIT;
		struct cert_view v = {0};
		assert_int_equal(x509_view(f.cert, NULL, 0, &v, &err), rows[i].kind == ERR_NONE);
		assert_int_equal(err.kind, rows[i].kind);
		assert_int_equal(v.is_known, rows[i].kind == ERR_NONE);
		fixture_free(&f);
	}
}

static void a_bundle_ends_with_its_first_certificate(void **state)
{
	const struct fixture_spec s = {.subject = "/CN=other root", .basic = "CA:TRUE"};
	struct fixture f = fixture_new(&s, NULL, NULL);
	struct err err = ERR_INIT;
	unsigned n = 0;
	struct wall end = {0};
	auto_buf struct buf pem = {0};
	fixture_add_cert(&pem, &f);
	fixture_add_cert(&pem, &root);
	assert_true(x509_bundle_end(buf_str(&pem), &n, &end, &err));
	assert_int_equal(n, 2);
	assert_int_equal(end.us, (FIXTURE_NOW_S + 30 * FIXTURE_DAY_S) * US_S);
	assert_false(x509_bundle_end(STR("nothing"), &n, &end, &err));
	fixture_free(&f);
}

static void a_crl_file_ends_with_its_first_next_update(void **state)
{
	struct err err = ERR_INIT;
	struct wall end = {0};
	auto_buf struct buf pem = {0};
	fixture_add_crl(&pem, &root, 7 * FIXTURE_DAY_S, 0);
	fixture_add_crl(&pem, &root, 3 * FIXTURE_DAY_S, 5);
	assert_true(x509_crl_end(buf_str(&pem), &end, &err));
	assert_int_equal(end.us, (FIXTURE_NOW_S + 3 * FIXTURE_DAY_S) * US_S);
	assert_false(x509_crl_end(STR("words"), &end, &err));
	err = ERR_INIT;
	assert_false(x509_crl_end(STR("-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n"),
				  &end, &err));
	assert_int_equal(err.line, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_member_certificate_is_seen_whole),
	    cmocka_unit_test(kinds_of_keys_and_usages_are_told_apart),
	    cmocka_unit_test(times_before_1970_and_after_2050_are_exact),
	    cmocka_unit_test(names_that_could_fool_are_refused),
	    cmocka_unit_test(a_bundle_ends_with_its_first_certificate),
	    cmocka_unit_test(a_crl_file_ends_with_its_first_next_update),
	};
	return cmocka_run_group_tests(tests, make, forget);
}
