/* SPDX-License-Identifier: Apache-2.0 */
/* CMS AuthEnvelopedData with AES-256-GCM for one recipient by ephemeral-static ECDH on P-256.
 * OpenSSL's defaults are wrong twice and are set here: CMS_encrypt() with CBC decrypts a flipped
 * bit without an error, and its KDF for EC is SHA-1. What is sealed, and for whom, is the caller's.
 */
#include "codec/cms_seal.h"

#include <string.h>

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/objects.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "codec/ossl.h"

enum {
	GCM_NONCE_BYTES = 12,
	GCM_TAG_BYTES = 16,
};

/* CMS names a recipient by a certificate's issuer and serial; rotad has only keys, so it makes up a
 * certificate that nobody sees: the envelope carries "CN=rotad", 1. */
static X509 *recipient(const char *receive_key, struct err *err)
{
	static const unsigned char name[] = "rotad";
	AUTO(EVP_PKEY) key = public_key_get(receive_key, err);
	if (!key)
		return NULL;
	AUTO(X509) cert = X509_new();
	if (!cert || X509_set_pubkey(cert, key) != 1 ||
	    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1) != 1 ||
	    X509_NAME_add_entry_by_NID(X509_get_subject_name(cert), NID_commonName, MBSTRING_ASC,
				       name, -1, -1, 0) != 1 ||
	    X509_set_issuer_name(cert, X509_get_subject_name(cert)) != 1) {
		(void)openssl_err(err, ERR_CRYPTO, "naming a recipient");
		return NULL;
	}
	return take(&cert);
}

bool cms_seal(const struct secret *plain, const char *receive_key, struct buf *ret_der,
	      struct err *err)
{
	const unsigned flags = CMS_BINARY | CMS_PARTIAL;
	AUTO(X509) cert = recipient(receive_key, err);
	if (!cert)
		return false;
	AUTO(CMS_ContentInfo) cms = CMS_encrypt(NULL, NULL, EVP_aes_256_gcm(), flags);
	CMS_RecipientInfo *to =
	    cms ? CMS_add1_recipient_cert(cms, cert, flags | CMS_KEY_PARAM) : NULL;
	EVP_PKEY_CTX *ctx = to ? CMS_RecipientInfo_get0_pkey_ctx(to) : NULL;
	if (!ctx || EVP_PKEY_CTX_set_ecdh_kdf_md(ctx, EVP_sha256()) != 1)
		return openssl_err(err, ERR_CRYPTO, "sealing an envelope");
	/* Not CMS_final(): it would copy the keys through buffers that nobody wipes. */
	AUTO(BIO) bio = CMS_dataInit(cms, NULL);
	if (!bio || BIO_write(bio, plain->p, (int)plain->n) != (int)plain->n ||
	    BIO_flush(bio) != 1 || CMS_dataFinal(cms, bio) != 1)
		return openssl_err(err, ERR_CRYPTO, "sealing an envelope");
	AUTO(ossl_bytes) der = NULL;
	int n = i2d_CMS_ContentInfo(cms, &der);
	if (n <= 0 || n > CMS_SEALED_BYTES_MAX)
		return openssl_err(err, ERR_CRYPTO, "encoding an envelope");
	buf_add(ret_der, der, (size_t)n);
	return buf_ok(ret_der, err);
}

/* The shape that cms_seal() makes, walked before OpenSSL looks at it: AES-256-GCM with a nonce of
 * 12 bytes and a tag of 16. The library would take any AEAD, a shorter tag (easier to forge), and
 * in versions before 2026 overflows on a long nonce (CVE-2025-15467). */
struct walk_step {
	int tag, class;
	bool goes_in;  /* into it; else over it */
	size_t length; /* of its content; 0: any */
	const unsigned char *content;
};

/* Returns where the last step led, NULL when one does not fit. */
static const unsigned char *walk(const unsigned char *p, const unsigned char *end,
				 const struct walk_step *steps, size_t steps_n)
{
	for (size_t i = 0; i < steps_n; i++) {
		const struct walk_step *s = &steps[i];
		const unsigned char *content = p;
		long length = 0;
		int tag = 0, class = 0;
		if (p >= end)
			return NULL;
		int form = ASN1_get_object(&content, &length, &tag, &class, end - p);
		/* 0x80: an error; 1: of indefinite length, which DER has not */
		if (form & 0x81 || tag != s->tag || class != s->class || length < 0)
			return NULL;
		if (s->length && (size_t)length != s->length)
			return NULL;
		if (s->content && memcmp(content, s->content, s->length) != 0)
			return NULL;
		p = s->goes_in ? content : content + length;
	}
	return p;
}

static bool shape_holds(const unsigned char *der, size_t n)
{
	static const unsigned char auth_enveloped[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d,
						       0x01, 0x09, 0x10, 0x01, 0x17};
	static const unsigned char data[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01};
	static const unsigned char aes_256_gcm[] = {0x60, 0x86, 0x48, 0x01, 0x65,
						    0x03, 0x04, 0x01, 0x2e};
	static const unsigned char zero[] = {0}, three[] = {3}, tag_bytes[] = {GCM_TAG_BYTES};
	static const struct walk_step head[] = {
	    {V_ASN1_SEQUENCE, 0, true, 0, NULL},
	    {V_ASN1_OBJECT, 0, false, sizeof(auth_enveloped), auth_enveloped},
	    {0, V_ASN1_CONTEXT_SPECIFIC, true, 0, NULL},
	    {V_ASN1_SEQUENCE, 0, true, 0, NULL},
	    {V_ASN1_INTEGER, 0, false, sizeof(zero), zero},
	};
	/* The version of a key agreement; the rest of it is for recipient_holds(). */
	static const struct walk_step recipients[] = {
	    {V_ASN1_SET, 0, true, 0, NULL},
	    {1, V_ASN1_CONTEXT_SPECIFIC, true, 0, NULL},
	    {V_ASN1_INTEGER, 0, false, sizeof(three), three},
	};
	static const struct walk_step body[] = {
	    {V_ASN1_SET, 0, false, 0, NULL},
	    {V_ASN1_SEQUENCE, 0, true, 0, NULL},
	    {V_ASN1_OBJECT, 0, false, sizeof(data), data},
	    {V_ASN1_SEQUENCE, 0, true, 0, NULL},
	    {V_ASN1_OBJECT, 0, false, sizeof(aes_256_gcm), aes_256_gcm},
	    {V_ASN1_SEQUENCE, 0, true, 0, NULL},
	    {V_ASN1_OCTET_STRING, 0, false, GCM_NONCE_BYTES, NULL},
	    {V_ASN1_INTEGER, 0, false, sizeof(tag_bytes), tag_bytes},
	    {0, V_ASN1_CONTEXT_SPECIFIC, false, 0, NULL}, /* the ciphertext */
	    {V_ASN1_OCTET_STRING, 0, false, GCM_TAG_BYTES, NULL},
	};
	const unsigned char *end = der + n, *set = walk(der, end, head, ARRAY_N(head));
	return set && walk(set, end, recipients, ARRAY_N(recipients)) &&
	       walk(set, end, body, ARRAY_N(body)) == end; /* no attributes behind the tag */
}

/* One key, for the name that recipient() gives, byte for byte: X509_NAME_cmp() would pass over case
 * and string types. */
static bool name_holds(STACK_OF(CMS_RecipientEncryptedKey) * keys, X509 *me)
{
	X509_NAME *issuer = NULL;
	ASN1_INTEGER *serial = NULL;
	const unsigned char *found = NULL, *wanted = NULL;
	size_t found_n = 0, wanted_n = 0;
	if (sk_CMS_RecipientEncryptedKey_num(keys) != 1)
		return false;
	CMS_RecipientEncryptedKey *one = sk_CMS_RecipientEncryptedKey_value(keys, 0);
	if (CMS_RecipientEncryptedKey_get0_id(one, NULL, NULL, NULL, &issuer, &serial) != 1 ||
	    !issuer || !serial || ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(me)) != 0)
		return false;
	return X509_NAME_get0_der(issuer, &found, &found_n) == 1 &&
	       X509_NAME_get0_der(X509_get_issuer_name(me), &wanted, &wanted_n) == 1 &&
	       found_n == wanted_n && memcmp(found, wanted, found_n) == 0;
}

/* One recipient, by key agreement, named as cms_seal() names it, with the KDF and the key wrap that
 * cms_seal() asks for. Nothing else binds these fields: GCM covers the content only. */
static bool recipient_holds(CMS_ContentInfo *cms, X509 *me)
{
	STACK_OF(CMS_RecipientInfo) *all = CMS_get0_RecipientInfos(cms);
	X509_ALGOR *algorithm = NULL;
	ASN1_OCTET_STRING *ukm = NULL;
	const ASN1_OBJECT *kdf = NULL, *wrap = NULL;
	const void *parameter = NULL;
	int type = 0;
	if (sk_CMS_RecipientInfo_num(all) != 1)
		return false;
	CMS_RecipientInfo *one = sk_CMS_RecipientInfo_value(all, 0);
	if (CMS_RecipientInfo_type(one) != CMS_RECIPINFO_AGREE ||
	    CMS_RecipientInfo_kari_get0_alg(one, &algorithm, &ukm) != 1 || !algorithm || ukm)
		return false;
	if (!name_holds(CMS_RecipientInfo_kari_get0_reks(one), me))
		return false;
	X509_ALGOR_get0(&kdf, &type, &parameter, algorithm);
	if (OBJ_obj2nid(kdf) != NID_dhSinglePass_stdDH_sha256kdf_scheme || type != V_ASN1_SEQUENCE)
		return false;
	const ASN1_STRING *der = parameter;
	const unsigned char *p = ASN1_STRING_get0_data(der);
	X509_ALGOR *inner = d2i_X509_ALGOR(NULL, &p, ASN1_STRING_length(der));
	if (!inner)
		return false;
	X509_ALGOR_get0(&wrap, NULL, NULL, inner);
	bool ok = OBJ_obj2nid(wrap) == NID_id_aes256_wrap;
	X509_ALGOR_free(inner);
	return ok;
}

/* Read the plain text straight into locked memory. The tag is checked at its end. */
static bool read_plain(CMS_ContentInfo *cms, struct secret *ret, struct err *err)
{
	AUTO(BIO) bio = CMS_dataInit(cms, NULL);
	if (!bio || !secret_init(ret, ENVELOPE_BYTES_MAX + 1, err))
		return bio ? false : openssl_err(err, ERR_CRYPTO, "opening an envelope");
	for (;;) {
		size_t room = MIN(ret->cap, (size_t)ENVELOPE_BYTES_MAX + 1) - ret->n;
		if (room == 0)
			return err_set(err, ERR_LIMIT, "an envelope of more than %d bytes",
				       ENVELOPE_BYTES_MAX);
		int n = BIO_read(bio, ret->p + ret->n, (int)room);
		if (n <= 0)
			break;
		ret->n += (size_t)n;
	}
	if (BIO_get_cipher_status(bio) != 1)
		return openssl_err(err, ERR_CRYPTO, "an envelope that somebody bent");
	return true;
}

bool cms_unseal(const unsigned char *der, size_t n, const struct identity_keys *me,
		struct secret *ret, struct err *err)
{
	const unsigned char *p = der;
	if (!shape_holds(der, n))
		return err_set(err, ERR_CRYPTO,
			       "an envelope of another form or cipher than "
			       "AES-256-GCM for one recipient");
	AUTO(CMS_ContentInfo) cms = d2i_CMS_ContentInfo(NULL, &p, (long)n);
	if (!cms || p != der + n)
		return openssl_err(err, ERR_CRYPTO, "an envelope that cannot be decoded");
	AUTO(ossl_bytes) again = NULL;
	int again_n = i2d_CMS_ContentInfo(cms, &again);
	if (again_n != (int)n || memcmp(again, der, n) != 0)
		return openssl_err(err, ERR_CRYPTO, "an envelope that is not DER");
	AUTO(X509) name = recipient(me->receive_key, err);
	if (!name)
		return false;
	if (!recipient_holds(cms, name))
		return openssl_err(err, ERR_CRYPTO,
				   "an envelope with another key agreement than "
				   "ECDH with SHA-256 for one recipient");
	if (CMS_decrypt_set1_pkey(cms, me->receive, NULL) != 1)
		return openssl_err(err, ERR_CRYPTO,
				   "an envelope that is not for this host's present key");
	return read_plain(cms, ret, err);
}
