/* SPDX-License-Identifier: Apache-2.0 */
/* Why an identity may be believed (PROTOCOL 6, 7.4): the member's certificate, a key of the
 * keyfile, a pin. A detached signature and not CMS, because CMS_sign() refuses Ed25519. */
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/cleanup.h"
#include "codec/base64.h"
#include "codec/canonical.h"
#include "codec/digest.h"
#include "codec/dn.h"
#include "codec/identity.h"
#include "codec/ossl.h"
#include "codec/pem.h"

/* In front of what is signed or MACed, its NUL included: a certificate's key signs other things
 * too, and none of them begins so. */
static const char prefix[] = "rotad-endorsement/1";

enum {
	ENDORSED_BYTES_MAX = 2048,
	CERT_SIGNATURE_BYTES_MAX =
	    1024, /* RSA of 8,192 bits; ENDORSEMENT_CHARS holds it in base64 */
};
STATIC_ASSERT(ENDORSEMENT_CHARS >= BASE64_SIZE(CERT_SIGNATURE_BYTES_MAX), "a signature fits");

/* What is endorsed: this name speaks for this host in this ledger. Not the receiving key, so that a
 * renewal needs no new endorsement: that one is signed by the identity itself. */
static bool endorsed_bytes(const struct identity *id, struct buf *ret, struct err *err)
{
	struct canonical_out out;
	buf_add(ret, prefix, sizeof(prefix));
	canonical_to_buf(&out, ret, ENDORSED_BYTES_MAX);
	canonical_put_open(&out, '{');
	canonical_put_key(&out, "cluster");
	canonical_put_string(&out, str_of(id->head.cluster));
	canonical_put_key(&out, "host");
	canonical_put_string(&out, str_of(id->host));
	canonical_put_key(&out, "ledger");
	canonical_put_string(&out, str_of(id->head.ledger.hex));
	canonical_put_key(&out, "spki");
	canonical_put_string(&out, str_of(id->spki.hex));
	canonical_put_close(&out, '}');
	return canonical_done(&out, err);
}

/* Ed25519 and Ed448 hash by themselves and take no digest. */
static const char *digest_for(const EVP_PKEY *key)
{
	return EVP_PKEY_is_a(key, "ED25519") || EVP_PKEY_is_a(key, "ED448") ? NULL : "SHA256";
}

/* --- by certificate: writing --- */

static bool sign_with(EVP_PKEY *key, struct str bytes, char ret[ENDORSEMENT_CHARS], struct err *err)
{
	unsigned char signature[CERT_SIGNATURE_BYTES_MAX];
	size_t n = 0;
	AUTO(EVP_MD_CTX) ctx = EVP_MD_CTX_new();
	if (!ctx || EVP_DigestSignInit_ex(ctx, NULL, digest_for(key), NULL, NULL, key, NULL) != 1 ||
	    EVP_DigestSign(ctx, NULL, &n, (const unsigned char *)bytes.p, bytes.n) != 1)
		return openssl_err(err, ERR_CRYPTO, "signing with the member's private key");
	if (n > sizeof(signature))
		return err_set(err, ERR_LIMIT, "a private key whose signatures have %zu bytes", n);
	if (EVP_DigestSign(ctx, signature, &n, (const unsigned char *)bytes.p, bytes.n) != 1)
		return openssl_err(err, ERR_CRYPTO, "signing with the member's private key");
	return base64_print(signature, n, ret, ENDORSEMENT_CHARS, err);
}

/* The leaf and what is between it and the root; readers have the root or do not believe. */
static bool write_chain(const struct pem_file *pem, char ret[CHAIN_BYTES_MAX], struct err *err)
{
	X509 *chain[CERTS_PER_PEM_MAX];
	unsigned n = 0;
	auto_buf struct buf text = {.max = PEM_BYTES_MAX};
	for (unsigned i = 0; i < pem->certs_n; i++)
		if (i == 0 || X509_self_signed(pem->certs[i], 0) != 1)
			chain[n++] = pem->certs[i];
	ERR_clear_error();
	if (!pem_write_certs(chain, n, &text, err) || !buf_ok(&text, err))
		return false;
	if (!copy_str(ret, CHAIN_BYTES_MAX, buf_str(&text)))
		return err_set(err, ERR_LIMIT, "a certificate chain of %zu bytes; %d fit", text.n,
			       CHAIN_BYTES_MAX - 1);
	return true;
}

bool endorse_by_certificate(const struct identity *id, const struct secret *pem,
			    struct endorsement_proof *ret, struct err *err)
{
	auto_pem struct pem_file file = {.certs_n = 0};
	auto_buf struct buf bytes = {.max = ENDORSED_BYTES_MAX};
	auto_free struct endorsement_proof *fresh = calloc(1, sizeof(*fresh));
	if (!fresh)
		return err_set(err, ERR_MEMORY, "endorsing an identity");
	if (!pem_read((struct str){.p = pem->p, .n = pem->n}, NULL, PEM_MEMBER, &file, err))
		return err_in(err, "endorsing with the member's certificate");
	if (!file.key_matches)
		return err_set(err, ERR_CRYPTO,
			       "the member's private key does not belong to its certificate");
	fresh->how = ENDORSED_BY_CERTIFICATE;
	if (!endorsed_bytes(id, &bytes, err) ||
	    !sign_with(file.key, buf_str(&bytes), fresh->value, err) ||
	    !write_chain(&file, fresh->chain_pem, err))
		return err_in(err, "endorsing with the member's certificate");
	*ret = *fresh;
	return true;
}

/* --- by certificate: reading --- */

static bool signature_check(X509 *leaf, const struct identity_doc *doc, struct err *err)
{
	unsigned char signature[CERT_SIGNATURE_BYTES_MAX];
	size_t n = 0;
	auto_buf struct buf bytes = {.max = ENDORSED_BYTES_MAX};
	EVP_PKEY *key = X509_get0_pubkey(leaf);
	if (!key)
		return openssl_err(err, ERR_CRYPTO, "the certificate's public key");
	if (!base64_parse(str_of(doc->proof.value), signature, sizeof(signature), &n, err) ||
	    !endorsed_bytes(&doc->identity, &bytes, err))
		return false;
	AUTO(EVP_MD_CTX) ctx = EVP_MD_CTX_new();
	if (!ctx || EVP_DigestVerifyInit_ex(ctx, NULL, digest_for(key), NULL, NULL, key, NULL) != 1)
		return openssl_err(err, ERR_CRYPTO, "verifying an endorsement");
	if (EVP_DigestVerify(ctx, signature, n, (const unsigned char *)bytes.p, bytes.n) != 1) {
		ERR_clear_error();
		return err_set(err, ERR_UNTRUSTED,
			       "the endorsement is not signed by the certificate it brings");
	}
	return true;
}

/* The bundle, and CRLs when there are some, as mongod would load them. */
static X509_STORE *load_store(const struct endorsement_want *want, struct err *err)
{
	auto_pem struct pem_file bundle = {.certs_n = 0};
	AUTO(X509_STORE) store = X509_STORE_new();
	if (!pem_read(want->ca_pem, NULL, PEM_BUNDLE, &bundle, err)) {
		(void)err_in(err, "reading the CA bundle of this member");
		return NULL;
	}
	for (unsigned i = 0; store && i < bundle.certs_n; i++)
		(void)X509_STORE_add_cert(store, bundle.certs[i]); /* a double is fine */
	if (!store) {
		(void)openssl_err(err, ERR_MEMORY, "loading the CA bundle");
		return NULL;
	}
	if (want->crl_pem.n) {
		AUTO(BIO) bio = BIO_new_mem_buf(want->crl_pem.p, (int)want->crl_pem.n);
		unsigned n = 0;
		for (; bio && n < CERTS_PER_PEM_MAX; n++) {
			AUTO(X509_CRL) crl = PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL);
			if (!crl || X509_STORE_add_crl(store, crl) != 1)
				break;
		}
		if (n == 0) {
			(void)openssl_err(err, ERR_SYNTAX, "no CRL in the CRL file of this member");
			return NULL;
		}
		/* For the leaf only, as mongod does. */
		X509_VERIFY_PARAM_set_flags(X509_STORE_get0_param(store), X509_V_FLAG_CRL_CHECK);
	}
	X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(store), (time_t)(want->now.us / US_S));
	ERR_clear_error();
	return take(&store);
}

static bool chain_check(const struct pem_file *chain, const struct endorsement_want *want,
			struct err *err)
{
	AUTO(X509_STORE) store = load_store(want, err);
	if (!store)
		return false;
	AUTO(X509_STORE_CTX) ctx = X509_STORE_CTX_new();
	AUTO(ossl_certs) others = sk_X509_new_null();
	bool ok = ctx && others;
	for (unsigned i = 1; ok && i < chain->certs_n; i++)
		ok = sk_X509_push(others, chain->certs[i]) > 0;
	if (!ok || X509_STORE_CTX_init(ctx, store, chain->certs[0], others) != 1)
		return openssl_err(err, ERR_MEMORY, "verifying a certificate chain");
	if (X509_verify_cert(ctx) == 1)
		return true;
	int code = X509_STORE_CTX_get_error(ctx);
	ERR_clear_error();
	return err_set(err, ERR_UNTRUSTED, "the endorsing certificate is not good here: %s",
		       X509_verify_cert_error_string(code));
}

/* "db1:27017" and "[::1]:27017" without port and brackets. */
static bool host_name(const char *host, char ret[HOST_BYTES_MAX])
{
	const char *colon = strrchr(host, ':'), *bracket = strchr(host, ']');
	struct str name = str_of(host);
	if (host[0] == '[' && bracket)
		name = (struct str){.p = host + 1, .n = (size_t)(bracket - host) - 1};
	else if (colon)
		name.n = (size_t)(colon - host);
	return copy_str(ret, HOST_BYTES_MAX, name) && ret[0];
}

static bool name_check(X509 *leaf, const char *host, struct err *err)
{
	char name[HOST_BYTES_MAX];
	/* mongod too falls back to no CN where there is a SAN, and we want a SAN. */
	const unsigned flags =
	    X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS;
	if (host_name(host, name) && (X509_check_host(leaf, name, 0, flags, NULL) == 1 ||
				      X509_check_ip_asc(leaf, name, 0) == 1))
		return true;
	ERR_clear_error();
	return err_set(err, ERR_UNTRUSTED, "the endorsing certificate is not for '%s'", host);
}

static bool membership_check(X509 *leaf, const char *wanted, struct err *err)
{
	char membership[DN_BYTES_MAX];
	if (!dn_membership(X509_get_subject_name(leaf), membership, err))
		return false;
	if (membership[0] && strcmp(membership, wanted) == 0)
		return true;
	return err_set(err, ERR_UNTRUSTED,
		       "the endorsing certificate is no member's here: it has '%s', not '%s'",
		       membership, wanted);
}

static bool certificate_check(const struct identity_doc *doc, const struct endorsement_want *want,
			      struct err *err)
{
	auto_pem struct pem_file chain = {.certs_n = 0};
	if (want->ca_pem.n == 0)
		return err_set(err, ERR_UNTRUSTED,
			       "endorsed by a certificate, but this member "
			       "trusts no CA");
	if (!pem_read(str_of(doc->proof.chain_pem), NULL, PEM_CHAIN, &chain, err))
		return err_in(err, "reading the endorsing certificate");
	return chain_check(&chain, want, err) &&
	       name_check(chain.certs[0], doc->identity.host, err) &&
	       membership_check(chain.certs[0], want->membership, err) &&
	       signature_check(chain.certs[0], doc, err);
}

/* --- by a key of the keyfile --- */

static bool mac_of(const struct identity *id, const struct key *key,
		   unsigned char ret[SHA256_BYTES], struct err *err)
{
	unsigned char derived[SHA256_BYTES];
	auto_buf struct buf bytes = {.max = ENDORSED_BYTES_MAX};
	bool ok =
	    endorsed_bytes(id, &bytes, err) &&
	    hkdf_sha256((struct str){.p = key->text.p, .n = key->text.n}, str_of(id->head.cluster),
			(struct str){.p = prefix, .n = sizeof(prefix)}, derived, err) &&
	    hmac_sha256((struct str){.p = (const char *)derived, .n = sizeof(derived)},
			buf_str(&bytes), ret, err);
	wipe(derived, sizeof(derived));
	return ok;
}

bool endorse_by_key(const struct identity *id, const struct key *key, struct endorsement_proof *ret,
		    struct err *err)
{
	unsigned char mac[SHA256_BYTES];
	if (!mac_of(id, key, mac, err))
		return err_in(err, "endorsing with a key of the keyfile");
	memset(ret, 0, sizeof(*ret));
	ret->how = ENDORSED_BY_KEY;
	hex_print(mac, sizeof(mac), ret->value);
	return true;
}

static bool key_check(const struct identity_doc *doc, const struct endorsement_want *want,
		      struct err *err)
{
	unsigned char mac[SHA256_BYTES], found[SHA256_BYTES];
	bool is_good = false;
	if (!want->keyring)
		return err_set(err, ERR_UNTRUSTED,
			       "endorsed by a key of the keyfile, which is not enough here");
	if (!hex_parse(str_of(doc->proof.value), found, sizeof(found), err))
		return err_in(err, "reading an endorsement");
	for (unsigned i = 0; i < want->keyring->n; i++) {
		if (!mac_of(&doc->identity, &want->keyring->keys[i], mac, err))
			return false;
		is_good = digest_bytes_equal(mac, found) || is_good;
	}
	return is_good ||
	       err_set(err, ERR_UNTRUSTED, "endorsed by a key that this host does not have");
}

/* --- either --- */

bool endorsement_check(const struct identity_doc *doc, const struct endorsement_want *want,
		       struct err *err)
{
	switch (doc->proof.how) {
	case ENDORSED_BY_CERTIFICATE:
		return certificate_check(doc, want, err);
	case ENDORSED_BY_KEY:
		return key_check(doc, want, err);
	case ENDORSED_BY_NONE:
	case ENDORSED_BY_OPERATOR:
		break;
	}
	return err_set(err, ERR_UNTRUSTED, "waits for an operator: rotactl trust confirm %s",
		       doc->identity.host);
}
