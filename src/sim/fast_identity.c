/* SPDX-License-Identifier: Apache-2.0 */
/* In place of codec/identity.c and codec/cms_seal.c, for the simulator only: signatures and seals
 * that take no time and are the same in each run. They keep the shape (a bent byte, another key and
 * another recipient are refused), not the strength. The real ones have tests of their own. */
#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "codec/cms_seal.h"
#include "sim/sim_world.h"

static uint64_t fresh(void)
{
	struct rng r = {.state = sim_crypto_state};
	uint64_t v = rng_next(&r);
	sim_crypto_state = r.state;
	return v;
}

static void name_of(struct identity_keys *k)
{
	uint64_t h = hash64(str_of(k->sign_key), 1);
	for (int i = 0; i < 4; i++)
		(void)snprintf(k->spki.hex + i * 16, 17, "%016llx",
			       (unsigned long long)(h * (2 * (unsigned)i + 1)));
}

bool identity_keys_new(struct identity_keys *ret, struct err *err)
{
	(void)err;
	*ret = (struct identity_keys){.sign = NULL};
	(void)snprintf(ret->sign_key, sizeof(ret->sign_key), "sign%016llx",
		       (unsigned long long)fresh());
	(void)snprintf(ret->receive_key, sizeof(ret->receive_key), "recv%016llx",
		       (unsigned long long)fresh());
	name_of(ret);
	return true;
}

void identity_keys_fini(struct identity_keys *keys)
{
	*keys = (struct identity_keys){.sign = NULL};
}

bool identity_keys_renew(struct identity_keys *keys, struct err *err)
{
	(void)err;
	(void)snprintf(keys->receive_key, sizeof(keys->receive_key), "recv%016llx",
		       (unsigned long long)fresh());
	return true;
}

bool identity_keys_encode(const struct identity_keys *keys, struct secret *ret, struct err *err)
{
	char text[64];
	int n = snprintf(text, sizeof(text), "%s %s", keys->sign_key, keys->receive_key);
	return secret_from(ret, text, (size_t)n, err);
}

bool identity_keys_decode(const struct secret *text, struct identity_keys *ret, struct err *err)
{
	if (text->n != 41)
		return err_set(err, ERR_SYNTAX, "an identity of %zu bytes", text->n);
	*ret = (struct identity_keys){.sign = NULL};
	memcpy(ret->sign_key, text->p, 20);
	memcpy(ret->receive_key, text->p + 21, 20);
	name_of(ret);
	return true;
}

bool public_key_check(const char *key_base64, struct spki *ret_spki, struct err *err)
{
	struct identity_keys k = {.sign = NULL};
	if (strlen(key_base64) != 20)
		return err_set(err, ERR_SYNTAX, "no key of a simulation");
	cut_z(k.sign_key, sizeof(k.sign_key), key_base64);
	name_of(&k);
	if (ret_spki)
		*ret_spki = k.spki;
	return true;
}

struct evp_pkey_st *public_key_get(const char *key_base64, struct err *err)
{
	(void)key_base64;
	(void)err_set(err, ERR_UNSUPPORTED, "no OpenSSL in a simulation");
	return NULL;
}

static void mac(const char *key, struct str bytes, char ret[17])
{
	(void)snprintf(ret, 17, "%016llx",
		       (unsigned long long)hash64(bytes, hash64(str_of(key), 2)));
}

bool identity_sign(const struct identity_keys *keys, struct str bytes, char ret[SIGNATURE_CHARS],
		   struct err *err)
{
	(void)err;
	mac(keys->sign_key, bytes, ret);
	return true;
}

bool identity_verify(const char *sign_key, struct str bytes, struct str signature, struct err *err)
{
	char want[17];
	mac(sign_key, bytes, want);
	return str_equal_z(signature, want) ||
	       err_set(err, ERR_CRYPTO, "the signature does not belong to this text");
}

void identity_describe(const struct identity_keys *keys, struct identity *id)
{
	id->spki = keys->spki;
	id->head.from = keys->spki;
	memcpy(id->sign_key, keys->sign_key, sizeof(id->sign_key));
	memcpy(id->receive_key, keys->receive_key, sizeof(id->receive_key));
}

/* ---- seals ---- */

static void blur(const char *key, unsigned char *p, size_t n)
{
	struct rng r = {.state = hash64(str_of(key), 3)};
	for (size_t i = 0; i < n; i++)
		p[i] ^= (unsigned char)(rng_next(&r) >> 16);
}

bool cms_seal(const struct secret *plain, const char *receive_key, struct buf *ret_der,
	      struct err *err)
{
	unsigned char bytes[ENVELOPE_BYTES_MAX];
	char sum[17];
	mac(receive_key, (struct str){.p = plain->p, .n = plain->n}, sum);
	memcpy(bytes, plain->p, plain->n);
	blur(receive_key, bytes, plain->n);
	buf_add(ret_der, sum, 16);
	buf_add(ret_der, bytes, plain->n);
	return buf_ok(ret_der, err);
}

bool cms_unseal(const unsigned char *der, size_t n, const struct identity_keys *me,
		struct secret *ret, struct err *err)
{
	char sum[17];
	if (n < 17 || !secret_from(ret, der + 16, n - 16, err))
		return err_set(err, ERR_CRYPTO, "too short");
	blur(me->receive_key, (unsigned char *)ret->p, ret->n);
	mac(me->receive_key, (struct str){.p = ret->p, .n = ret->n}, sum);
	return memcmp(sum, der, 16) == 0 ||
	       err_set(err, ERR_CRYPTO, "an envelope that is not for this host's present key");
}
