/* SPDX-License-Identifier: Apache-2.0 */
/* X509 -> struct cert_view. Reads, judges nothing: that is codec/cert_check.c. */
#include "codec/x509_view.h"

#include <arpa/inet.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "codec/dn.h"
#include "codec/openssl_err.h"
#include "codec/pem.h"

static const char hex_lower[] = "0123456789abcdef", hex_upper[] = "0123456789ABCDEF";

static void print_hex(const unsigned char *p, size_t n, const char *digits, char *out)
{
	for (size_t i = 0; i < n; i++) {
		*out++ = digits[p[i] >> 4];
		*out++ = digits[p[i] & 15];
	}
	*out = '\0';
}

bool x509_time(const ASN1_TIME *t, struct wall *ret, struct err *err)
{
	struct tm tm;
	if (!t || !ASN1_TIME_to_tm(t, &tm))
		return openssl_err(err, ERR_INVALID, "a time in the certificate is none");
	int64_t days = days_from_civil((int64_t)tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
	int64_t seconds = days * 86400 + tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec;
	/* 0 is "not known": a certificate that ends at the epoch's first second ended long ago. */
	*ret = (struct wall){.us = seconds ? seconds * US_S : -US_S};
	return true;
}

enum cert_key x509_key_kind(const EVP_PKEY *key, unsigned *ret_bits)
{
	char group[64];
	*ret_bits = 0;
	if (!key)
		return CERT_KEY_UNKNOWN;
	int bits = EVP_PKEY_get_bits(key);
	*ret_bits = bits > 0 ? (unsigned)bits : 0;
	switch (EVP_PKEY_get_base_id(key)) {
	case EVP_PKEY_RSA:
	case EVP_PKEY_RSA_PSS:
		return CERT_KEY_RSA;
	case EVP_PKEY_ED25519:
		return CERT_KEY_ED25519;
	case EVP_PKEY_EC:
		if (!EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group,
						    sizeof(group), NULL))
			return CERT_KEY_UNKNOWN;
		if (strcmp(group, SN_X9_62_prime256v1) == 0)
			return CERT_KEY_P256;
		return strcmp(group, SN_secp384r1) == 0 ? CERT_KEY_P384 : CERT_KEY_UNKNOWN;
	default: /* numbers of OpenSSL, no enum of ours */
		return CERT_KEY_UNKNOWN;
	}
}

bool x509_ip_text(const ASN1_OCTET_STRING *ip, char out[HOST_BYTES_MAX])
{
	int n = ASN1_STRING_length(ip);
	if (n != 4 && n != 16)
		return false;
	return inet_ntop(n == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(ip), out,
			 HOST_BYTES_MAX);
}

static bool view_name(const GENERAL_NAME *name, struct cert_view *v, struct err *err)
{
	if (name->type != GEN_DNS && name->type != GEN_IPADD)
		return true;
	if (v->names_n == NAMES_PER_CERT_MAX)
		return err_set(err, ERR_LIMIT, "more than %d names in the certificate",
			       NAMES_PER_CERT_MAX);
	char *out = v->names[v->names_n];
	if (name->type == GEN_IPADD) {
		if (!x509_ip_text(name->d.iPAddress, out))
			return err_set(err, ERR_INVALID,
				       "an IP address in the certificate has a wrong length");
	} else {
		struct str dns = {.p = (const char *)ASN1_STRING_get0_data(name->d.dNSName),
				  .n = (size_t)ASN1_STRING_length(name->d.dNSName)};
		if (dns.n && memchr(dns.p, '\0', dns.n))
			return err_set(err, ERR_INVALID,
				       "a DNS name in the certificate has a NUL byte");
		if (!copy_str(out, HOST_BYTES_MAX, dns))
			return err_set(err, ERR_LIMIT,
				       "a DNS name in the certificate is longer than %d bytes",
				       HOST_BYTES_MAX - 1);
	}
	v->names_n++;
	return true;
}

static bool view_names(X509 *leaf, struct cert_view *v, struct err *err)
{
	AUTO(GENERAL_NAMES) names = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
	for (int i = 0; names && i < sk_GENERAL_NAME_num(names); i++)
		if (!view_name(sk_GENERAL_NAME_value(names, i), v, err))
			return false;
	return true;
}

static void view_usage(X509 *leaf, struct cert_view *v)
{
	uint32_t flags = X509_get_extension_flags(leaf);
	uint32_t usage = X509_get_extended_key_usage(leaf);
	v->has_eku = (flags & EXFLAG_XKUSAGE) != 0;
	/* anyExtendedKeyUsage does not count: OpenSSL's purpose checks, which peers use, want the
	 * very usage. */
	v->eku_server = v->has_eku && (usage & XKU_SSL_SERVER) != 0;
	v->eku_client = v->has_eku && (usage & XKU_SSL_CLIENT) != 0;
	v->is_ca = X509_check_ca(leaf) != 0;
}

static bool view_serial(X509 *leaf, struct cert_view *v, struct err *err)
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(leaf);
	int n = ASN1_STRING_length(serial);
	if (n < 0 || (size_t)n > (sizeof(v->serial) - 1) / 2)
		return err_set(err, ERR_LIMIT, "the serial number is longer than %zu bytes",
			       (sizeof(v->serial) - 1) / 2);
	print_hex(ASN1_STRING_get0_data(serial), (size_t)n, hex_upper, v->serial);
	return true;
}

static bool view_hashes(X509 *leaf, struct cert_view *v, struct err *err)
{
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	if (!X509_digest(leaf, EVP_sha256(), md, &n) || n != 32)
		return openssl_err(err, ERR_CRYPTO, "hashing a certificate");
	print_hex(md, n, hex_lower, v->sha256);
	unsigned char *der = NULL;
	int der_n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(leaf), &der);
	bool ok = der_n > 0 && EVP_Digest(der, (size_t)der_n, md, &n, EVP_sha256(), NULL);
	OPENSSL_free(der);
	if (!ok || n != 32)
		return openssl_err(err, ERR_CRYPTO, "hashing a public key");
	print_hex(md, n, hex_lower, v->spki);
	return true;
}

static bool view_ends(X509 *leaf, X509 *const *chain, unsigned chain_n, struct cert_view *v,
		      struct err *err)
{
	if (!x509_time(X509_get0_notBefore(leaf), &v->not_before, err) ||
	    !x509_time(X509_get0_notAfter(leaf), &v->not_after, err))
		return false;
	v->chain_not_after = v->not_after;
	for (unsigned i = 0; i < chain_n; i++) {
		struct wall end;
		if (!x509_time(X509_get0_notAfter(chain[i]), &end, err))
			return false;
		if (end.us < v->chain_not_after.us)
			v->chain_not_after = end;
	}
	return true;
}

bool x509_view(X509 *leaf, X509 *const *chain, unsigned chain_n, struct cert_view *ret,
	       struct err *err)
{
	struct cert_view v = {.is_known = true};
	if (!dn_print(X509_get_subject_name(leaf), v.subject, err) ||
	    !dn_print(X509_get_issuer_name(leaf), v.issuer, err) ||
	    !dn_membership(X509_get_subject_name(leaf), v.membership, err))
		return false;
	v.key = x509_key_kind(X509_get0_pubkey(leaf), &v.key_bits);
	view_usage(leaf, &v);
	bool ok = view_names(leaf, &v, err) && view_serial(leaf, &v, err) &&
		  view_hashes(leaf, &v, err) && view_ends(leaf, chain, chain_n, &v, err);
	ERR_clear_error();
	if (ok)
		*ret = v;
	return ok;
}

bool x509_view_pem(struct str pem, const struct secret *password, struct cert_view *ret,
		   struct err *err)
{
	auto_pem struct pem_file f = {0};
	if (!pem_read(pem, password, PEM_CHAIN, &f, err) ||
	    !x509_view(f.certs[0], f.certs + 1, f.certs_n - 1, ret, err))
		return false;
	ret->has_private_key = f.key_matches;
	return true;
}

bool x509_bundle_end(struct str pem, unsigned *ret_n, struct wall *ret_first_end, struct err *err)
{
	auto_pem struct pem_file f = {0};
	struct wall first = {.us = INT64_MAX};
	if (!pem_read(pem, NULL, PEM_BUNDLE, &f, err))
		return false;
	for (unsigned i = 0; i < f.certs_n; i++) {
		struct wall end;
		if (!x509_time(X509_get0_notAfter(f.certs[i]), &end, err))
			return false;
		if (end.us < first.us)
			first = end;
	}
	*ret_n = f.certs_n;
	*ret_first_end = first;
	return true;
}

bool x509_crl_end(struct str pem, struct wall *ret, struct err *err)
{
	struct wall first = {.us = INT64_MAX};
	struct pem_block b;
	unsigned n = 0;
	int line = 1;
	if (pem.n > PEM_BYTES_MAX)
		return err_set(err, ERR_LIMIT, "larger than %d KiB", PEM_BYTES_MAX / 1024);
	while (pem_next(&pem, &line, &b, err)) {
		if (!str_equal_z(b.label, "X509 CRL"))
			continue;
		AUTO(BIO) bio = BIO_new_mem_buf(b.text.p, (int)b.text.n);
		AUTO(X509_CRL) crl = bio ? PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL) : NULL;
		struct wall end;
		if (!crl) {
			err->line = b.line;
			return openssl_err(err, ERR_SYNTAX, "line %d: the CRL cannot be decoded",
					   b.line);
		}
		n++;
		if (!X509_CRL_get0_nextUpdate(crl))
			continue;
		if (!x509_time(X509_CRL_get0_nextUpdate(crl), &end, err))
			return false;
		if (end.us < first.us)
			first = end;
	}
	if (err->kind != ERR_NONE)
		return false;
	if (!n)
		return err_set(err, ERR_SYNTAX, "no CRL in it");
	*ret = first.us == INT64_MAX ? (struct wall){0} : first;
	return true;
}
