/* SPDX-License-Identifier: Apache-2.0 */
/* Sealing and opening of keyrings. CMS AuthEnvelopedData with AES-256-GCM for one recipient by
 * ephemeral-static ECDH on P-256. OpenSSL's defaults are wrong twice and are set here:
 * CMS_encrypt() with CBC decrypts a flipped bit without an error, and its KDF for EC is SHA-1. */
#include "codec/envelope.h"

#include <string.h>

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/objects.h>

#include "base/cleanup.h"
#include "codec/base64.h"
#include "codec/digest.h"
#include "codec/ossl.h"
#include "codec/signed_doc.h"

#define ENVELOPE_TYPE "rotad-envelope/1"
#define KEYRING_TYPE "rotad-keyring/1"

enum {
	SEALED_BYTES_MAX = ENVELOPE_BYTES_MAX + 1024, /* DER: what CMS puts around */
	GCM_NONCE_BYTES = 12,
	GCM_TAG_BYTES = 16,
};

static const struct field_row keyring_rows[] = {
    FIELD_GIVEN(struct keyring_doc, generation, FIELD_UINT64, "generation"),
    FIELD_GIVEN(struct keyring_doc, proposal.hex, FIELD_HEX, "proposal"),
    FIELD_GIVEN(struct keyring_doc, to.hex, FIELD_HEX, "to"),
    FIELD_GIVEN(struct keyring_doc, host, FIELD_LINE, "host"),
    FIELD_LIST(struct keyring_doc, instances, instances_n, "instances"),
    FIELD_GIVEN(struct keyring_doc, keys, FIELD_KEYRING, "keys"),
    FIELD_GIVEN(struct keyring_doc, salt_hex, FIELD_HEX, "salt"),
    FIELD(struct keyring_doc, nonce.hex, FIELD_HEX, "nonce"),
};
STATIC_ASSERT(offsetof(struct keyring_doc, head) == 0, "head first");

static struct field_set keyring_set(void)
{
	struct field_set set = {
	    .type = KEYRING_TYPE, .rows = keyring_rows, .rows_n = ARRAY_N(keyring_rows)};
	set.head = doc_head_rows(&set.head_n);
	return set;
}

void keyring_doc_fini(struct keyring_doc *doc)
{
	keyring_fini(&doc->keys);
	wipe(doc, sizeof(*doc)); /* the salt */
}
#define auto_keyring_doc __attribute__((cleanup(keyring_doc_fini)))

/* --- sealing --- */

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

static bool seal(const struct secret *plain, const char *receive_key, struct buf *ret_der,
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
	if (n <= 0 || n > SEALED_BYTES_MAX)
		return openssl_err(err, ERR_CRYPTO, "encoding an envelope");
	buf_add(ret_der, der, (size_t)n);
	return buf_ok(ret_der, err);
}

static bool put_sealed(struct str der, const struct spki *to, struct buf *ret_text, struct err *err)
{
	struct canonical_out out;
	auto_buf struct buf base64 = {.max = DOC_BYTES_MAX};
	auto_buf struct buf text = {.max = DOC_BYTES_MAX};
	base64_add(&base64, der.p, der.n);
	canonical_to_buf(&out, &text, DOC_BYTES_MAX);
	canonical_put_open(&out, '{');
	canonical_put_key(&out, "cms");
	canonical_put_string(&out, buf_str(&base64));
	canonical_put_key(&out, "to");
	canonical_put_string(&out, str_of(to->hex));
	canonical_put_key(&out, "type");
	canonical_put_string(&out, STR(ENVELOPE_TYPE));
	canonical_put_close(&out, '}');
	if (!buf_ok(&base64, err) || !canonical_done(&out, err))
		return false;
	buf_clear(ret_text);
	buf_add(ret_text, text.p, text.n);
	return buf_ok(ret_text, err);
}

static bool write_signed(const struct keyring_doc *doc, const struct identity_keys *from,
			 struct secret *ret, struct err *err)
{
	const struct field_set set = keyring_set();
	struct canonical_out out;
	auto_secret struct secret content = {.n = 0};
	if (!secret_init(&content, ENVELOPE_BYTES_MAX, err))
		return false;
	canonical_to_secret(&out, &content);
	if (!fields_encode(&set, doc, &out, err) || !canonical_done(&out, err) ||
	    !secret_init(ret, ENVELOPE_BYTES_MAX, err))
		return false;
	canonical_to_secret(&out, ret);
	out.max_bytes = ENVELOPE_BYTES_MAX; /* whole pages would hold more */
	return signed_doc_print(&out, (struct str){.p = content.p, .n = content.n}, from, err);
}

bool envelope_seal(const struct keyring_doc *doc, const struct identity_keys *from,
		   const struct identity *to, struct buf *ret_text, struct err *err)
{
	auto_secret struct secret plain = {.n = 0};
	auto_buf struct buf der = {.max = SEALED_BYTES_MAX};
	if (!spki_equal(&doc->head.from, &from->spki) || !spki_equal(&doc->to, &to->spki))
		return err_set(err, ERR_BUG, "an envelope with other names than its parties have");
	if (!to->is_admitted || to->is_revoked)
		return err_set(err, ERR_UNTRUSTED, "'%s' gets no keyring: %s", to->host,
			       to->is_revoked ? "revoked" : "not admitted");
	if (!write_signed(doc, from, &plain, err) || !seal(&plain, to->receive_key, &der, err) ||
	    !put_sealed(buf_str(&der), &doc->to, ret_text, err))
		return err_in(err, "sealing the keyring of generation %llu for '%s'",
			      (unsigned long long)doc->generation, to->host);
	return true;
}

/* --- opening: the outside --- */

static bool get_sealed(struct str text, struct spki *ret_to, unsigned char *der, size_t *ret_n,
		       struct err *err)
{
	static const char *const names[] = {"cms", "to", "type"};
	struct str values[ARRAY_N(names)] = {{.n = 0}};
	struct canonical_in in;
	struct canonical_token t;
	if (!canonical_check(text, DOC_BYTES_MAX, err))
		return false;
	canonical_open(&in, text);
	if (!canonical_next(&in, &t, err))
		return false;
	if (t.kind != CANONICAL_OPEN_OBJECT)
		return err_set(err, ERR_PROTOCOL, "an envelope that is no object");
	for (size_t i = 0; i < ARRAY_N(names); i++) {
		if (!canonical_next(&in, &t, err))
			return false;
		if (t.kind != CANONICAL_KEY || !str_equal_z(t.raw, names[i]))
			return err_set(err, ERR_PROTOCOL, "an envelope without its field '%s'",
				       names[i]);
		if (!canonical_next(&in, &t, err))
			return false;
		if (t.kind != CANONICAL_STRING)
			return err_set(err, ERR_PROTOCOL, "'%s' is not a string", names[i]);
		values[i] = t.raw;
	}
	if (!canonical_next(&in, &t, err))
		return false;
	if (t.kind != CANONICAL_CLOSE_OBJECT)
		return err_set(err, ERR_PROTOCOL, "an envelope with an unknown field");
	if (!doc_type_check(values[2], ENVELOPE_TYPE, err))
		return false;
	if (!hex_holds(values[1], SPKI_CHARS) ||
	    !copy_str(ret_to->hex, sizeof(ret_to->hex), values[1]))
		return err_set(err, ERR_INVALID, "an envelope for nobody");
	return base64_parse(values[0], der, SEALED_BYTES_MAX, ret_n, err);
}

/* The shape that seal() makes, walked before OpenSSL looks at it: AES-256-GCM with a nonce of 12
 * bytes and a tag of 16. The library would take any AEAD, a shorter tag (easier to forge), and in
 * versions before 2026 overflows on a long nonce (CVE-2025-15467). */
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

/* One recipient, by key agreement, named as seal() names it, with the KDF and the key wrap that
 * seal() asks for. Nothing else binds these fields: GCM covers the content only. */
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

static bool unseal(const unsigned char *der, size_t n, const struct identity_keys *me,
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

/* --- opening: the inside --- */

static bool other(const char *what, struct err *err)
{
	return err_set(err, ERR_UNTRUSTED, "an envelope of another %s than expected", what);
}

static bool parties_check(const struct keyring_doc *d, const struct identity_keys *me,
			  const struct envelope_want *want, struct err *err)
{
	if (!spki_equal(&d->to, &me->spki))
		return other("recipient", err);
	if (want->host && strcmp(d->host, want->host) != 0)
		return other("host", err);
	return true;
}

static bool keys_check(const struct keyring_doc *d, const struct proposal *p, struct err *err)
{
	struct ring_ids ids;
	const struct key_name *names[] = {&p->pivot, &p->next, &p->after};
	if (!ring_ids_of(&d->keys, d->salt_hex, &ids, err))
		return false;
	for (unsigned i = 0; i < ids.n; i++) {
		bool is_known = false;
		for (size_t k = 0; k < ARRAY_N(names); k++)
			is_known = is_known ||
				   (names[k]->number && key_id_equal(&ids.ids[i], &names[k]->id));
		if (!is_known)
			return other("key", err);
		if (i && key_id_equal(&ids.ids[i], &ids.ids[0]))
			return err_set(err, ERR_INVALID, "an envelope with the same key twice");
	}
	return true;
}

/* PROTOCOL 7.1, in its order. */
static bool content_check(const struct keyring_doc *d, const struct identity_keys *me,
			  const struct envelope_want *want, struct err *err)
{
	const struct proposal *p = want->proposal;
	const char *cluster = p ? p->head.cluster : want->trust->cluster;
	const struct token *ledger = p ? &p->head.ledger : want->trust->ledger;
	if (!parties_check(d, me, want, err))
		return false;
	if (!cluster || strcmp(d->head.cluster, cluster) != 0)
		return other("cluster", err);
	if (!ledger || !token_equal(&d->head.ledger, ledger))
		return other("ledger", err);
	if (d->generation < want->min_generation || (p && d->generation != p->generation))
		return other("generation", err);
	if (p && !digest_equal(&d->proposal, &p->digest))
		return other("proposal", err);
	if (want->salt_hex && want->salt_hex[0] && strcmp(d->salt_hex, want->salt_hex) != 0)
		return other("salt", err);
	if (p && !keys_check(d, p, err))
		return false;
	if (want->nonce && !token_equal(&d->nonce, want->nonce))
		return other("nonce", err);
	return true;
}

/* The signer, found by the name inside, verified over the bytes. */
static bool signature_check(const struct signed_doc *doc, const struct keyring_doc *d,
			    const struct doc_trust *trust, struct err *err)
{
	const struct identity *signer = trust->find(trust->self, &d->head.from);
	if (!signer || !spki_equal(&signer->spki, &d->head.from))
		return err_set(err, ERR_UNTRUSTED,
			       "an envelope by %.16s..., whom this host does not "
			       "know",
			       d->head.from.hex);
	if (!signer->is_admitted || signer->is_revoked)
		return err_set(err, ERR_UNTRUSTED, "an envelope by '%s', %s", signer->host,
			       signer->is_revoked ? "revoked" : "not admitted");
	return identity_verify(signer->sign_key, doc->content, doc->signature, err);
}

static bool open_content(const struct secret *plain, const struct identity_keys *me,
			 const struct envelope_want *want, struct keyring_doc *ret, struct err *err)
{
	const struct field_set set = keyring_set();
	struct signed_doc doc;
	struct canonical_in in;
	if (!signed_doc_parse((struct str){.p = plain->p, .n = plain->n}, ENVELOPE_BYTES_MAX, &doc,
			      err))
		return false;
	canonical_open(&in, doc.content);
	return fields_decode(&set, &in, ret, err) && signature_check(&doc, ret, want->trust, err) &&
	       content_check(ret, me, want, err);
}

bool envelope_open(struct str text, const struct identity_keys *me,
		   const struct envelope_want *want, struct keyring_doc *ret, struct err *err)
{
	unsigned char der[SEALED_BYTES_MAX];
	size_t n = 0;
	struct spki to;
	auto_secret struct secret plain = {.n = 0};
	auto_keyring_doc struct keyring_doc fresh = {.generation = 0};
	if (!want->proposal && !want->nonce)
		return err_set(err, ERR_BUG, "opening an envelope that nothing asks for");
	if (!get_sealed(text, &to, der, &n, err))
		return err_in(err, "opening an envelope");
	if (!spki_equal(&to, &me->spki))
		return err_set(err, ERR_UNTRUSTED, "an envelope for %.16s..., not for this host",
			       to.hex);
	if (!unseal(der, n, me, &plain, err) || !open_content(&plain, me, want, &fresh, err))
		return err_in(err, "opening an envelope");
	*ret = fresh;
	fresh = (struct keyring_doc){.generation = 0}; /* the keys have a new owner */
	return true;
}
