/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates for tests, made on the spot with P-256 by OpenSSL alone (none of our code), so that
 * a fault of ours cannot hide in the fixture. */
#ifndef TESTS_CERT_FIXTURE_H
#define TESTS_CERT_FIXTURE_H

#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "base/cleanup.h"
#include "base/clock.h"

#define FIXTURE_NOW_S ((int64_t)1795314976) /* 2026-11-22T02:36:16Z */
#define FIXTURE_NOW ((struct wall){.us = FIXTURE_NOW_S * US_S})
#define FIXTURE_DAY_S ((int64_t)86400)

/* What one certificate shall be. Zero fields take the good default. */
struct fixture_spec {
	const char *subject;  /* "/O=acme/OU=mongo/CN=db1", OpenSSL's one-line form */
	const char *san;      /* "DNS:db1.example.net,IP:10.0.0.1"; NULL: none */
	const char *eku;      /* "serverAuth,clientAuth"; NULL: none */
	const char *basic;    /* "critical,CA:TRUE"; NULL: none */
	int64_t from_s, to_s; /* from now; 0, 0: -1 day .. +90 days */
	const EVP_MD *md;     /* NULL: SHA-256 */
	bool is_ed25519;
	unsigned rsa_bits; /* 0: no RSA */
	long serial;
};

struct fixture {
	X509 *cert;
	EVP_PKEY *key;
};

static UNUSED EVP_PKEY *fixture_key(const struct fixture_spec *s)
{
	if (s->is_ed25519)
		return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	if (s->rsa_bits)
		return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)s->rsa_bits);
	return EVP_EC_gen("P-256");
}

static UNUSED void fixture_ext(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	if (!value)
		return;
	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	assert_non_null(e);
	assert_int_equal(X509_add_ext(cert, e, -1), 1);
	X509_EXTENSION_free(e);
}

static UNUSED void fixture_subject(X509_NAME *name, const char *one_line)
{
	char text[512];
	assert_true(copy_z(text, sizeof(text), one_line));
	for (char *p = text; *p;) {
		char *type = p + 1, *end = strchr(type, '/'), *value = strchr(type, '=');
		assert_non_null(value);
		if (end)
			*end = '\0';
		*value++ = '\0';
		assert_int_equal(X509_NAME_add_entry_by_txt(name, type, MBSTRING_UTF8,
							    (const unsigned char *)value, -1, -1,
							    0),
				 1);
		p = end ? end : value + strlen(value);
		if (end)
			*end = '/';
	}
}

/* Issued by `by`, or self-signed when NULL. Its key is new, or `key` (then borrowed and counted
 * up).
 */
static UNUSED struct fixture fixture_new(const struct fixture_spec *s, const struct fixture *by,
					 EVP_PKEY *key)
{
	static long serial = 1000;
	struct fixture f = {.cert = X509_new()};
	if (key)
		assert_int_equal(EVP_PKEY_up_ref(key), 1);
	f.key = key ? key : fixture_key(s);
	assert_non_null(f.key);
	bool given = s->from_s || s->to_s;
	X509_set_version(f.cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(f.cert), s->serial ? s->serial : serial++);
	ASN1_TIME_set(X509_getm_notBefore(f.cert),
		      FIXTURE_NOW_S + (given ? s->from_s : -FIXTURE_DAY_S));
	ASN1_TIME_set(X509_getm_notAfter(f.cert),
		      FIXTURE_NOW_S + (given ? s->to_s : 90 * FIXTURE_DAY_S));
	fixture_subject(X509_get_subject_name(f.cert), s->subject);
	X509_set_issuer_name(f.cert, X509_get_subject_name(by ? by->cert : f.cert));
	X509_set_pubkey(f.cert, f.key);
	X509 *issuer = by ? by->cert : f.cert;
	fixture_ext(f.cert, issuer, NID_basic_constraints, s->basic);
	fixture_ext(f.cert, issuer, NID_subject_alt_name, s->san);
	fixture_ext(f.cert, issuer, NID_ext_key_usage, s->eku);
	fixture_ext(f.cert, issuer, NID_subject_key_identifier, "hash");
	EVP_PKEY *signer = by ? by->key : f.key;
	const EVP_MD *md = EVP_PKEY_get_base_id(signer) == EVP_PKEY_ED25519
			       ? NULL
			       : (s->md ? s->md : EVP_sha256());
	assert_true(X509_sign(f.cert, signer, md) > 0);
	return f;
}

static UNUSED void fixture_free(struct fixture *f)
{
	X509_free(f->cert);
	EVP_PKEY_free(f->key);
	*f = (struct fixture){0};
}

static UNUSED void fixture_drain(BIO *bio, struct buf *out)
{
	char *p = NULL;
	long n = BIO_get_mem_data(bio, &p);
	buf_add(out, p, (size_t)n);
	BIO_free_all(bio);
}

static UNUSED void fixture_add_cert(struct buf *out, const struct fixture *f)
{
	BIO *bio = BIO_new(BIO_s_mem());
	assert_int_equal(PEM_write_bio_X509(bio, f->cert), 1);
	fixture_drain(bio, out);
}

/* As PKCS#8; encrypted when a password is given. */
static UNUSED void fixture_add_key(struct buf *out, const struct fixture *f, const char *password)
{
	BIO *bio = BIO_new(BIO_s_mem());
	assert_int_equal(PEM_write_bio_PKCS8PrivateKey(
			     bio, f->key, password ? EVP_aes_128_cbc() : NULL, password,
			     password ? (int)strlen(password) : 0, NULL, NULL),
			 1);
	fixture_drain(bio, out);
}

/* SEC1 or PKCS#1, the older forms. */
static UNUSED void fixture_add_old_key(struct buf *out, const struct fixture *f)
{
	BIO *bio = BIO_new(BIO_s_mem());
	assert_int_equal(
	    PEM_write_bio_PrivateKey_traditional(bio, f->key, NULL, NULL, 0, NULL, NULL), 1);
	fixture_drain(bio, out);
}

/* A CRL of `by`, current from an hour ago to to_s from now, naming one serial (0: none). */
static UNUSED void fixture_add_crl(struct buf *out, const struct fixture *by, int64_t to_s,
				   long revoked)
{
	X509_CRL *crl = X509_CRL_new();
	ASN1_TIME *t = ASN1_TIME_set(NULL, FIXTURE_NOW_S - 10 * FIXTURE_DAY_S);
	X509_CRL_set_version(crl, 1);
	X509_CRL_set_issuer_name(crl, X509_get_subject_name(by->cert));
	X509_CRL_set1_lastUpdate(crl, t);
	if (revoked) {
		X509_REVOKED *r = X509_REVOKED_new();
		ASN1_INTEGER *serial = ASN1_INTEGER_new();
		ASN1_INTEGER_set(serial, revoked);
		X509_REVOKED_set_serialNumber(r, serial);
		X509_REVOKED_set_revocationDate(r, t);
		X509_CRL_add0_revoked(crl, r);
		ASN1_INTEGER_free(serial);
	}
	ASN1_TIME_set(t, FIXTURE_NOW_S + to_s);
	X509_CRL_set1_nextUpdate(crl, t);
	ASN1_TIME_free(t);
	assert_true(X509_CRL_sign(crl, by->key, EVP_sha256()) > 0);
	BIO *bio = BIO_new(BIO_s_mem());
	assert_int_equal(PEM_write_bio_X509_CRL(bio, crl), 1);
	fixture_drain(bio, out);
	X509_CRL_free(crl);
}

#endif
