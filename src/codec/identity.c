/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of an identity and signatures by them. Who endorses it: codec/endorsement.c. */
#include "codec/identity.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "codec/base64.h"
#include "codec/digest.h"
#include "codec/ossl.h"

/* Every P-256 SubjectPublicKeyInfo with an uncompressed point begins with these bytes (RFC 5480);
 * asking for them leaves one encoding a key, so that its hash is its name. */
static const unsigned char p256_prefix[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
					    0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
					    0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};
enum {
	P256_SPKI_BYTES = 91,
	P256_POINT_AT = 26, /* the uncompressed point, its 0x04 included */
	P256_SIGNATURE_BYTES_MAX = 72
};

static bool is_p256(const EVP_PKEY *key)
{
	char group[32];
	size_t n = 0;
	return EVP_PKEY_is_a(key, "EC") &&
	       EVP_PKEY_get_group_name(key, group, sizeof(group), &n) == 1 &&
	       (strcmp(group, "prime256v1") == 0 || strcmp(group, "P-256") == 0);
}

/* The public side of key as base64 and, when asked for, its name. */
static bool describe(const EVP_PKEY *key, char *ret_base64, size_t ret_n, struct spki *ret_spki,
		     struct err *err)
{
	AUTO(ossl_bytes) der = NULL;
	unsigned char hash[SHA256_BYTES];
	int n = i2d_PUBKEY(key, &der);
	if (n <= 0)
		return openssl_err(err, ERR_CRYPTO, "encoding a public key");
	if (n != P256_SPKI_BYTES || memcmp(der, p256_prefix, sizeof(p256_prefix)) != 0)
		return err_set(err, ERR_UNSUPPORTED, "a public key that is not plain P-256");
	if (!sha256((struct str){.p = (const char *)der, .n = (size_t)n}, hash, err))
		return false;
	if (!base64_print(der, (size_t)n, ret_base64, ret_n, err))
		return false;
	if (ret_spki)
		hex_print(hash, sizeof(hash), ret_spki->hex);
	return true;
}

static EVP_PKEY *generate(struct err *err)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	if (!key)
		(void)openssl_err(err, ERR_CRYPTO, "making a P-256 key");
	return key;
}

bool identity_keys_new(struct identity_keys *ret, struct err *err)
{
	struct identity_keys keys = {.sign = NULL};
	AUTO(EVP_PKEY) sign = generate(err);
	if (!sign)
		return false;
	AUTO(EVP_PKEY) receive = generate(err);
	if (!receive)
		return false;
	if (!describe(sign, keys.sign_key, sizeof(keys.sign_key), &keys.spki, err) ||
	    !describe(receive, keys.receive_key, sizeof(keys.receive_key), NULL, err))
		return false;
	keys.sign = take(&sign);
	keys.receive = take(&receive);
	*ret = keys;
	return true;
}

void identity_keys_fini(struct identity_keys *keys)
{
	EVP_PKEY_free(keys->sign); /* OpenSSL clears private numbers when it frees them */
	EVP_PKEY_free(keys->receive);
	*keys = (struct identity_keys){.sign = NULL};
}

bool identity_keys_renew(struct identity_keys *keys, struct err *err)
{
	char text[sizeof(keys->receive_key)];
	AUTO(EVP_PKEY) fresh = generate(err);
	if (!fresh)
		return false;
	if (!describe(fresh, text, sizeof(text), NULL, err))
		return false;
	EVP_PKEY_free(keys->receive);
	keys->receive = take(&fresh);
	memcpy(keys->receive_key, text, sizeof(text));
	return true;
}

/* Never ask: rotad's own PEM has no password, and a daemon has no terminal. */
static int no_password(char *out, int out_n, int is_writing, void *self)
{
	(void)is_writing;
	(void)self;
	if (out_n > 0)
		out[0] = 0;
	return -1;
}

bool identity_keys_encode(const struct identity_keys *keys, struct secret *ret, struct err *err)
{
	/* A BIO of secure memory is cleared when it is freed, also without a secure heap. */
	AUTO(BIO) bio = BIO_new(BIO_s_secmem());
	EVP_PKEY *const both[] = {keys->sign, keys->receive};
	char *p = NULL;
	if (!bio)
		return openssl_err(err, ERR_MEMORY, "writing an identity");
	for (size_t i = 0; i < ARRAY_N(both); i++)
		if (PEM_write_bio_PKCS8PrivateKey(bio, both[i], NULL, NULL, 0, NULL, NULL) != 1)
			return openssl_err(err, ERR_CRYPTO, "writing an identity");
	long n = BIO_get_mem_data(bio, &p);
	if (n <= 0 || n > IDENTITY_FILE_BYTES_MAX)
		return err_set(err, ERR_BUG, "an identity of %ld bytes", n);
	return secret_from(ret, p, (size_t)n, err);
}

bool identity_keys_decode(const struct secret *text, struct identity_keys *ret, struct err *err)
{
	struct identity_keys keys = {.sign = NULL};
	if (text->n == 0 || text->n > IDENTITY_FILE_BYTES_MAX)
		return err_set(err, ERR_LIMIT, "an identity file of %zu bytes", text->n);
	AUTO(BIO) bio = BIO_new_mem_buf(text->p, (int)text->n);
	if (!bio)
		return openssl_err(err, ERR_MEMORY, "reading an identity");
	AUTO(EVP_PKEY) sign = PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL);
	AUTO(EVP_PKEY)
	receive = sign ? PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL) : NULL;
	if (!receive)
		return openssl_err(err, ERR_SYNTAX, "an identity file needs two private keys");
	AUTO(EVP_PKEY) third = PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL);
	if (third)
		return err_set(err, ERR_SYNTAX, "an identity file with a third private key");
	ERR_clear_error(); /* a third that is missing is as it should be */
	if (!is_p256(sign) || !is_p256(receive))
		return err_set(err, ERR_UNSUPPORTED,
			       "an identity file with a key that is not P-256");
	if (!describe(sign, keys.sign_key, sizeof(keys.sign_key), &keys.spki, err) ||
	    !describe(receive, keys.receive_key, sizeof(keys.receive_key), NULL, err))
		return false;
	if (strcmp(keys.sign_key, keys.receive_key) == 0)
		return err_set(err, ERR_SYNTAX, "an identity file with the same key twice");
	keys.sign = take(&sign);
	keys.receive = take(&receive);
	*ret = keys;
	return true;
}

static bool public_key_der(const char *key_base64, unsigned char der[P256_SPKI_BYTES],
			   struct err *err)
{
	size_t n = 0;
	if (!base64_parse(str_of(key_base64), der, P256_SPKI_BYTES, &n, err))
		return err_in(err, "reading a public key");
	if (n != P256_SPKI_BYTES || memcmp(der, p256_prefix, sizeof(p256_prefix)) != 0)
		return err_set(err, ERR_SYNTAX, "a public key that is not plain P-256");
	return true;
}

/* By its point rather than by d2i_PUBKEY(): the same check that the point is on the curve, in a
 * sixth of the time (37 against 224 us), and a roll has up to 50 signatures. */
EVP_PKEY *public_key_get(const char *key_base64, struct err *err)
{
	unsigned char der[P256_SPKI_BYTES];
	char group[] = "P-256";
	EVP_PKEY *key = NULL;
	if (!public_key_der(key_base64, der, err))
		return NULL;
	OSSL_PARAM params[] = {
	    OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
	    OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, der + P256_POINT_AT,
					      P256_SPKI_BYTES - P256_POINT_AT),
	    OSSL_PARAM_construct_end(),
	};
	AUTO(EVP_PKEY_CTX) ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	if (!ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1) {
		(void)openssl_err(err, ERR_CRYPTO, "a public key that is not on P-256");
		return NULL;
	}
	return key;
}

bool public_key_check(const char *key_base64, struct spki *ret_spki, struct err *err)
{
	unsigned char der[P256_SPKI_BYTES], hash[SHA256_BYTES];
	AUTO(EVP_PKEY) key = public_key_get(key_base64, err);
	if (!key || !public_key_der(key_base64, der, err))
		return false;
	if (!sha256((struct str){.p = (const char *)der, .n = sizeof(der)}, hash, err))
		return false;
	if (ret_spki)
		hex_print(hash, sizeof(hash), ret_spki->hex);
	return true;
}

bool identity_sign(const struct identity_keys *keys, struct str bytes, char ret[SIGNATURE_CHARS],
		   struct err *err)
{
	unsigned char der[P256_SIGNATURE_BYTES_MAX];
	size_t n = sizeof(der);
	AUTO(EVP_MD_CTX) ctx = EVP_MD_CTX_new();
	ASSERT(keys->sign);
	if (!ctx || EVP_DigestSignInit_ex(ctx, NULL, "SHA256", NULL, NULL, keys->sign, NULL) != 1 ||
	    EVP_DigestSign(ctx, der, &n, (const unsigned char *)bytes.p, bytes.n) != 1)
		return openssl_err(err, ERR_CRYPTO, "signing");
	return base64_print(der, n, ret, SIGNATURE_CHARS, err);
}

bool identity_verify(const char *sign_key, struct str bytes, struct str signature, struct err *err)
{
	unsigned char der[P256_SIGNATURE_BYTES_MAX];
	size_t n = 0;
	if (!base64_parse(signature, der, sizeof(der), &n, err))
		return err_in(err, "reading a signature");
	AUTO(EVP_PKEY) key = public_key_get(sign_key, err);
	if (!key)
		return false;
	AUTO(EVP_MD_CTX) ctx = EVP_MD_CTX_new();
	if (!ctx || EVP_DigestVerifyInit_ex(ctx, NULL, "SHA256", NULL, NULL, key, NULL) != 1)
		return openssl_err(err, ERR_CRYPTO, "verifying a signature");
	if (EVP_DigestVerify(ctx, der, n, (const unsigned char *)bytes.p, bytes.n) != 1)
		return openssl_err(err, ERR_CRYPTO, "the signature does not belong to this text");
	return true;
}

void identity_describe(const struct identity_keys *keys, struct identity *id)
{
	id->spki = keys->spki;
	id->head.from = keys->spki;
	memcpy(id->sign_key, keys->sign_key, sizeof(id->sign_key));
	memcpy(id->receive_key, keys->receive_key, sizeof(id->receive_key));
}
