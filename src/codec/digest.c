/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes and MACs by OpenSSL. */
#include "codec/digest.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/hmac.h>

#include "codec/base64.h"
#include "codec/ossl.h"

bool sha256(struct str bytes, unsigned char ret[SHA256_BYTES], struct err *err)
{
	unsigned char out[SHA256_BYTES];
	if (EVP_Digest(bytes.p, bytes.n, out, NULL, EVP_sha256(), NULL) != 1)
		return openssl_err(err, ERR_CRYPTO, "SHA-256");
	memcpy(ret, out, sizeof(out));
	return true;
}

bool sha256_digest(struct str bytes, struct digest *ret, struct err *err)
{
	unsigned char out[SHA256_BYTES];
	if (!sha256(bytes, out, err))
		return false;
	hex_print(out, sizeof(out), ret->hex);
	return true;
}

bool hmac_sha256(struct str key, struct str bytes, unsigned char ret[SHA256_BYTES], struct err *err)
{
	ASSERT(key.n <= INT32_MAX);
	if (!HMAC(EVP_sha256(), key.n ? key.p : "", (int)key.n, (const unsigned char *)bytes.p,
		  bytes.n, ret, NULL))
		return openssl_err(err, ERR_CRYPTO, "HMAC-SHA-256");
	return true;
}

bool hkdf_sha256(struct str secret, struct str salt, struct str info,
		 unsigned char ret[SHA256_BYTES], struct err *err)
{
	AUTO(EVP_KDF) kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	AUTO(EVP_KDF_CTX) ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
	char md[] = "SHA256";
	/* OSSL_PARAM takes no const, but these are read only. */
	OSSL_PARAM params[] = {
	    OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, md, 0),
	    OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)secret.p,
					      secret.n),
	    OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)(uintptr_t)salt.p,
					      salt.n),
	    OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)(uintptr_t)info.p,
					      info.n),
	    OSSL_PARAM_construct_end(),
	};
	if (!ctx || EVP_KDF_derive(ctx, ret, SHA256_BYTES, params) != 1)
		return openssl_err(err, ERR_CRYPTO, "HKDF-SHA-256");
	return true;
}

bool digest_bytes_equal(const unsigned char a[SHA256_BYTES], const unsigned char b[SHA256_BYTES])
{
	return CRYPTO_memcmp(a, b, SHA256_BYTES) == 0;
}

bool key_id_of(const struct key *key, const char *salt_hex, struct key_id *ret, struct err *err)
{
	unsigned char salt[SALT_BYTES], mac[SHA256_BYTES];
	if (!hex_parse(str_of(salt_hex), salt, sizeof(salt), err))
		return err_in(err, "reading the cluster's salt for key ids");
	bool ok = hmac_sha256((struct str){.p = (const char *)salt, .n = sizeof(salt)},
			      (struct str){.p = key->text.p, .n = key->text.n}, mac, err);
	wipe(salt, sizeof(salt));
	if (ok)
		hex_print(mac, KEY_ID_CHARS / 2, ret->hex);
	return ok;
}

bool ring_ids_of(const struct keyring *ring, const char *salt_hex, struct ring_ids *ret,
		 struct err *err)
{
	struct ring_ids ids = {.is_known = true, .n = ring->n};
	ASSERT(ring->n <= KEYS_PER_FILE_MAX);
	for (unsigned i = 0; i < ring->n; i++)
		if (!key_id_of(&ring->keys[i], salt_hex, &ids.ids[i], err))
			return false;
	*ret = ids;
	return true;
}

bool spki_equal(const struct spki *a, const struct spki *b)
{
	return strcmp(a->hex, b->hex) == 0;
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
	return strcmp(a->hex, b->hex) == 0;
}

bool token_equal(const struct token *a, const struct token *b)
{
	return strcmp(a->hex, b->hex) == 0;
}
