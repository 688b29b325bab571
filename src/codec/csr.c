/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and requests. The generator is OpenSSL's, seeded by the kernel. */
#include "codec/csr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "codec/dn.h"
#include "codec/openssl_err.h"
#include "codec/pem.h"

#define RSA_BITS_DEFAULT 3072
#define CN_CHARS_MAX 64 /* RFC 5280, ub-common-name */

static const struct {
	const char *name;
	enum cert_key key;
	unsigned bits;
} types[] = {
    {"RSA-2048", CERT_KEY_RSA, 2048}, {"RSA-3072", CERT_KEY_RSA, 3072},
    {"RSA-4096", CERT_KEY_RSA, 4096}, {"RSA", CERT_KEY_RSA, RSA_BITS_DEFAULT},
    {"P-256", CERT_KEY_P256, 0},      {"P-384", CERT_KEY_P384, 0},
    {"Ed25519", CERT_KEY_ED25519, 0},
};

bool csr_key_type(struct str text, const struct cert_view *same, enum cert_key *ret_key,
		  unsigned *ret_bits, struct err *err)
{
	char name[32];
	bool fits = copy_str(name, sizeof(name), text);
	if (fits && strcasecmp(name, "same") == 0) {
		bool is_given = same && same->is_known && same->key != CERT_KEY_UNKNOWN;
		*ret_key = is_given ? same->key : CERT_KEY_P256;
		*ret_bits = is_given && same->key == CERT_KEY_RSA ? same->key_bits : 0;
		return true;
	}
	for (size_t i = 0; fits && i < ARRAY_N(types); i++)
		if (strcasecmp(name, types[i].name) == 0) {
			*ret_key = types[i].key;
			*ret_bits = types[i].bits;
			return true;
		}
	return err_set(
	    err, ERR_INVALID,
	    "'%.32s' is no key type: same, RSA-2048, RSA-3072, RSA-4096, P-256, P-384 or "
	    "Ed25519",
	    fits ? name : "?");
}

const char *csr_key_type_print(enum cert_key key, unsigned bits, char *out, size_t out_n)
{
	for (size_t i = 0; i < ARRAY_N(types); i++)
		if (types[i].key == key && (types[i].bits == bits || key != CERT_KEY_RSA)) {
			(void)snprintf(out, out_n, "%s", types[i].name);
			return out;
		}
	if (key == CERT_KEY_RSA)
		(void)snprintf(out, out_n, "RSA-%u", bits);
	else
		(void)snprintf(out, out_n, "unknown");
	return out;
}

bool csr_key_new(enum cert_key key, unsigned bits, struct secret *ret, struct err *err)
{
	AUTO(EVP_PKEY) made = NULL;
	if (!bits)
		bits = RSA_BITS_DEFAULT;
	if (key == CERT_KEY_RSA && bits != 2048 && bits != 3072 && bits != 4096)
		return err_set(err, ERR_INVALID,
			       "an RSA key of %u bits is not made: 2048, 3072 or 4096", bits);
	switch (key) {
	case CERT_KEY_RSA:
		made = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)bits);
		break;
	case CERT_KEY_UNKNOWN:
	case CERT_KEY_P256:
		made = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
		break;
	case CERT_KEY_P384:
		made = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384");
		break;
	case CERT_KEY_ED25519:
		made = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
		break;
	case CERT_KEY_N:
		break;
	}
	if (!made)
		return openssl_err(err, ERR_CRYPTO, "making a private key");
	return pem_write_key(made, ret, err);
}

X509_NAME *csr_subject(const struct cert_wish *wish, struct err *err)
{
	char text[DN_BYTES_MAX], membership[DN_BYTES_MAX];
	if (wish->subject[0]) {
		AUTO(X509_NAME) name = dn_parse(str_of(wish->subject), err);
		if (!name || !dn_membership(name, membership, err))
			return NULL;
		if (wish->membership[0] && strcmp(membership, wish->membership) != 0) {
			(void)err_set(err, ERR_INVALID,
				      "the subject's O, OU and DC (%.200s) are not the members' "
				      "(%.200s)",
				      membership[0] ? membership : "none", wish->membership);
			return NULL;
		}
		return take(&name);
	}
	auto_buf struct buf out = {.max = 4 * DN_BYTES_MAX};
	if (wish->names_n && strlen(wish->names[0]) <= CN_CHARS_MAX) {
		buf_adds(&out, "CN=");
		dn_escape(&out, str_of(wish->names[0]));
	}
	if (out.n && wish->membership[0])
		buf_addc(&out, ',');
	buf_adds(&out, wish->membership);
	if (!buf_ok(&out, err))
		return NULL;
	if (!copy_str(text, sizeof(text), buf_str(&out))) {
		(void)err_set(err, ERR_LIMIT, "the subject is too long");
		return NULL;
	}
	return dn_parse(str_of(text), err);
}

/* Letters, digits, '-', '_' and dots between labels; "*." at the head. Nothing else gets into a
 * certificate of ours. */
static bool is_dns_name(const char *name)
{
	size_t n = strlen(name), label_n = 0;
	size_t i = strncmp(name, "*.", 2) == 0 ? 2 : 0;
	if (n <= i || n > 253)
		return false;
	for (; i < n; i++) {
		char c = name[i];
		bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			  (c >= '0' && c <= '9') || c == '-' || c == '_';
		if (c == '.' && label_n == 0)
			return false;
		if (c != '.' && !ok)
			return false;
		label_n = c == '.' ? 0 : label_n + 1;
		if (label_n > 63)
			return false;
	}
	return label_n > 0;
}

static GENERAL_NAME *one_name(const char *text, struct err *err)
{
	unsigned char ip[16];
	char bare[HOST_BYTES_MAX];
	struct str s = str_of(text);
	if (s.n > 2 && s.p[0] == '[' && s.p[s.n - 1] == ']')
		s = (struct str){.p = s.p + 1, .n = s.n - 2};
	int ip_n = -1;
	if (copy_str(bare, sizeof(bare), s))
		ip_n = inet_pton(AF_INET, bare, ip) == 1    ? 4
		       : inet_pton(AF_INET6, bare, ip) == 1 ? 16
							    : 0;
	if (ip_n < 0 || (ip_n == 0 && !is_dns_name(bare))) {
		(void)err_set(err, ERR_INVALID, "'%.100s' is neither a host name nor an address",
			      text);
		return NULL;
	}
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_STRING *value =
	    ip_n ? (ASN1_STRING *)ASN1_OCTET_STRING_new() : (ASN1_STRING *)ASN1_IA5STRING_new();
	bool ok = name && value &&
		  ASN1_STRING_set(value, ip_n ? (const void *)ip : bare, ip_n ? ip_n : -1);
	if (!ok) {
		GENERAL_NAME_free(name);
		ASN1_STRING_free(value);
		(void)openssl_err(err, ERR_MEMORY, "making a name");
		return NULL;
	}
	GENERAL_NAME_set0_value(name, ip_n ? GEN_IPADD : GEN_DNS, value);
	return name;
}

GENERAL_NAMES *csr_names(const struct cert_wish *wish, struct err *err)
{
	AUTO(GENERAL_NAMES) names = GENERAL_NAMES_new();
	if (!names) {
		(void)openssl_err(err, ERR_MEMORY, "making names");
		return NULL;
	}
	for (unsigned i = 0; i < wish->names_n; i++) {
		GENERAL_NAME *name = one_name(wish->names[i], err);
		if (!name)
			return NULL;
		if (!sk_GENERAL_NAME_push(names, name)) {
			GENERAL_NAME_free(name);
			(void)openssl_err(err, ERR_MEMORY, "making names");
			return NULL;
		}
	}
	return take(&names);
}

X509_EXTENSION *csr_extension(X509V3_CTX *ctx, int nid, const char *value, struct err *err)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, ctx, nid, value);
	if (!e)
		(void)openssl_err(err, ERR_CRYPTO, "making extension %s", OBJ_nid2sn(nid));
	return e;
}

const char *csr_eku(const struct cert_wish *wish)
{
	if (wish->needs_server && !wish->needs_client)
		return "serverAuth";
	return wish->needs_client && !wish->needs_server ? "clientAuth" : "serverAuth,clientAuth";
}

const char *csr_usage(const EVP_PKEY *key)
{
	/* RSA key exchange of TLS 1.2 needs the second. */
	return EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA
		   ? "critical,digitalSignature,keyEncipherment"
		   : "critical,digitalSignature";
}

const EVP_MD *csr_digest(const EVP_PKEY *key)
{
	int type = EVP_PKEY_get_base_id(key);
	if (type == EVP_PKEY_ED25519 || type == EVP_PKEY_ED448)
		return NULL;
	return type == EVP_PKEY_EC && EVP_PKEY_get_bits(key) > 256 ? EVP_sha384() : EVP_sha256();
}

static bool add_extensions(X509_REQ *req, const EVP_PKEY *key, const struct cert_wish *wish,
			   struct err *err)
{
	STACK_OF(X509_EXTENSION) *list = NULL;
	X509V3_CTX ctx;
	X509V3_set_ctx(&ctx, NULL, NULL, req, NULL, 0);
	AUTO(GENERAL_NAMES) names = csr_names(wish, err);
	bool ok = names;
	if (ok && sk_GENERAL_NAME_num(names) > 0)
		ok = X509V3_add1_i2d(&list, NID_subject_alt_name, names, 0, 0) == 1 ||
		     openssl_err(err, ERR_CRYPTO, "asking for names");
	const struct {
		int nid;
		const char *value;
	} rows[] = {{NID_key_usage, csr_usage(key)}, {NID_ext_key_usage, csr_eku(wish)}};
	for (size_t i = 0; ok && i < ARRAY_N(rows); i++) {
		X509_EXTENSION *e = csr_extension(&ctx, rows[i].nid, rows[i].value, err);
		ok = e && (X509v3_add_ext(&list, e, -1) ||
			   openssl_err(err, ERR_MEMORY, "adding an extension"));
		X509_EXTENSION_free(e);
	}
	if (ok)
		ok = X509_REQ_add_extensions(req, list) ||
		     openssl_err(err, ERR_CRYPTO, "adding the extensions");
	sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
	return ok;
}

bool csr_new(const struct secret *key_pem, const struct cert_wish *wish, struct buf *out,
	     struct err *err)
{
	if (!wish->subject[0] && !wish->names_n && !wish->membership[0])
		return err_set(err, ERR_INVALID, "a request needs a subject or a name");
	AUTO(EVP_PKEY)
	key = pem_read_key((struct str){.p = key_pem->p, .n = key_pem->n}, NULL, err);
	if (!key)
		return false;
	AUTO(X509_NAME) subject = csr_subject(wish, err);
	if (!subject)
		return false;
	AUTO(X509_REQ) req = X509_REQ_new();
	if (!req || !X509_REQ_set_version(req, X509_REQ_VERSION_1) ||
	    !X509_REQ_set_subject_name(req, subject) || !X509_REQ_set_pubkey(req, key))
		return openssl_err(err, ERR_CRYPTO, "making a request");
	if (!add_extensions(req, key, wish, err))
		return false;
	AUTO(BIO) bio = BIO_new(BIO_s_mem());
	if (!bio || X509_REQ_sign(req, key, csr_digest(key)) <= 0 ||
	    !PEM_write_bio_X509_REQ(bio, req))
		return openssl_err(err, ERR_CRYPTO, "signing a request");
	char *p = NULL;
	long n = BIO_get_mem_data(bio, &p);
	buf_add(out, p, n > 0 ? (size_t)n : 0);
	return buf_ok(out, err);
}
