/* SPDX-License-Identifier: Apache-2.0 */
/* A small certification authority, after RFC 5280. */
#include "codec/ca.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "codec/csr.h"
#include "codec/dn.h"
#include "codec/openssl_err.h"
#include "codec/pem.h"
#include "codec/x509_view.h"

struct ca_signer {
	struct pem_file pem;
	struct cert_view view;
};

/* --- pieces of a certificate --- */

/* YYYYMMDDHHMMSSZ by our own calendar; OpenSSL picks UTCTime up to 2049. */
static bool set_time(ASN1_TIME *t, struct wall w, struct err *err)
{
	char text[64];
	int64_t year, seconds = w.us / US_S;
	int month, day;
	civil_from_days(seconds / 86400, &year, &month, &day);
	int64_t rest = seconds % 86400;
	if (w.us <= 0 || year > 9999)
		return err_set(err, ERR_INVALID, "a time outside 1970 to 9999");
	(void)snprintf(text, sizeof(text), "%04d%02d%02d%02d%02d%02dZ", (int)year, month, day,
		       (int)(rest / 3600), (int)(rest / 60 % 60), (int)(rest % 60));
	return ASN1_TIME_set_string_X509(t, text) ||
	       openssl_err(err, ERR_INVALID, "setting a time");
}

static bool set_serial(X509 *cert, const struct ca_serial *serial, struct err *err)
{
	unsigned char bytes[CA_SERIAL_BYTES];
	memcpy(bytes, serial->bytes, sizeof(bytes));
	bytes[0] &= 0x7f;                /* positive */
	bytes[0] |= bytes[0] ? 0 : 0x40; /* no leading zero byte, never 0 */
	BIGNUM *n = BN_bin2bn(bytes, sizeof(bytes), NULL);
	bool ok = n && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(cert));
	BN_free(n);
	return ok || openssl_err(err, ERR_MEMORY, "setting a serial number");
}

struct extension {
	int nid;
	const char *value; /* a constant */
};

static bool add_extensions(X509 *cert, X509 *issuer, const struct extension *rows, size_t rows_n,
			   struct err *err)
{
	X509V3_CTX ctx;
	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	for (size_t i = 0; i < rows_n; i++) {
		AUTO(X509_EXTENSION) e = csr_extension(&ctx, rows[i].nid, rows[i].value, err);
		if (!e)
			return false;
		if (!X509_add_ext(cert, e, -1))
			return openssl_err(err, ERR_MEMORY, "adding an extension");
	}
	return true;
}

static bool sign(X509 *cert, EVP_PKEY *key, struct err *err)
{
	return X509_sign(cert, key, csr_digest(key)) > 0 ||
	       openssl_err(err, ERR_CRYPTO, "signing a certificate");
}

/* --- root --- */

static bool root_fill(X509 *cert, EVP_PKEY *key, const struct ca_root_wish *w, struct err *err)
{
	static const struct extension rows[] = {
	    {NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
	    {NID_key_usage, "critical,keyCertSign,cRLSign"},
	    {NID_subject_key_identifier, "hash"},
	};
	AUTO(X509_NAME) subject = dn_parse(str_of(w->subject), err);
	if (!subject)
		return false;
	if (X509_NAME_entry_count(subject) == 0)
		return err_set(err, ERR_INVALID, "a CA needs a subject");
	if (!X509_set_version(cert, X509_VERSION_3) || !X509_set_subject_name(cert, subject) ||
	    !X509_set_issuer_name(cert, subject) || !X509_set_pubkey(cert, key))
		return openssl_err(err, ERR_CRYPTO, "making a root certificate");
	return set_serial(cert, &w->serial, err) &&
	       set_time(X509_getm_notBefore(cert), wall_add(w->now, -CA_BACKDATE_US), err) &&
	       set_time(X509_getm_notAfter(cert), wall_add(w->now, w->valid_for_us), err) &&
	       add_extensions(cert, cert, rows, ARRAY_N(rows), err) && sign(cert, key, err);
}

bool ca_root_new(const struct ca_root_wish *w, struct secret *ret_key, struct buf *ret_cert_pem,
		 struct err *err)
{
	auto_secret struct secret key_pem = {0};
	if (w->valid_for_us <= 0 || w->valid_for_us > CA_ROOT_MAX_US)
		return err_set(err, ERR_INVALID,
			       "a root lasts more than nothing and at most 30 "
			       "years");
	if (!csr_key_new(w->key, w->key_bits, &key_pem, err))
		return false;
	AUTO(EVP_PKEY)
	key = pem_read_key((struct str){.p = key_pem.p, .n = key_pem.n}, NULL, err);
	AUTO(X509) cert = X509_new();
	if (!key)
		return false;
	if (!cert)
		return openssl_err(err, ERR_MEMORY, "making a root certificate");
	if (!root_fill(cert, key, w, err) || !pem_write_certs(&cert, 1, ret_cert_pem, err))
		return false;
	*ret_key = key_pem;
	key_pem = (struct secret){0};
	return true;
}

/* --- open --- */

static bool may_sign(const struct ca_signer *ca, struct err *err)
{
	X509 *cert = ca->pem.certs[0];
	if (!ca->pem.key_matches)
		return err_set(err, ERR_CRYPTO, "the private key is not this CA certificate's");
	if (X509_check_ca(cert) != 1 || !(X509_get_key_usage(cert) & KU_KEY_CERT_SIGN))
		return err_set(err, ERR_INVALID,
			       "%.200s is no CA's certificate: it may not sign "
			       "others",
			       ca->view.subject);
	return true;
}

struct ca_signer *ca_open(struct str cert_pem, struct str key_pem, const struct secret *password,
			  struct err *err)
{
	AUTO(ca_signer) new_ca = calloc(1, sizeof(*new_ca));
	if (!new_ca) {
		(void)err_set(err, ERR_MEMORY, "opening a CA");
		return NULL;
	}
	AUTO(EVP_PKEY) key = pem_read_key(key_pem, password, err);
	if (!key) {
		(void)err_in(err, "reading the CA's private key");
		return NULL;
	}
	struct pem_file *f = &new_ca->pem;
	if (!pem_read(cert_pem, NULL, PEM_BUNDLE, f, err) ||
	    !x509_view(f->certs[0], f->certs + 1, f->certs_n - 1, &new_ca->view, err)) {
		(void)err_in(err, "reading the CA's certificate");
		return NULL;
	}
	f->key_matches = EVP_PKEY_eq(X509_get0_pubkey(f->certs[0]), key) == 1;
	f->key = take(&key);
	ERR_clear_error();
	if (!may_sign(new_ca, err))
		return NULL;
	new_ca->view.has_private_key = true;
	return take(&new_ca);
}

void ca_free(struct ca_signer *ca)
{
	if (!ca)
		return;
	pem_fini(&ca->pem);
	free(ca);
}

const struct cert_view *ca_view(const struct ca_signer *ca)
{
	return &ca->view;
}

/* --- requests --- */

static X509_REQ *read_csr(struct str pem, struct err *err)
{
	struct pem_block b;
	int line = 1;
	if (pem.n > PEM_BYTES_MAX) {
		(void)err_set(err, ERR_LIMIT, "the request is larger than %d KiB",
			      PEM_BYTES_MAX / 1024);
		return NULL;
	}
	while (pem_next(&pem, &line, &b, err)) {
		if (!str_equal_z(b.label, "CERTIFICATE REQUEST") &&
		    !str_equal_z(b.label, "NEW CERTIFICATE REQUEST"))
			continue;
		AUTO(BIO) bio = BIO_new_mem_buf(b.text.p, (int)b.text.n);
		AUTO(X509_REQ) req = bio ? PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL) : NULL;
		if (!req) {
			(void)openssl_err(err, ERR_SYNTAX, "the request cannot be decoded");
			return NULL;
		}
		EVP_PKEY *key = X509_REQ_get0_pubkey(req);
		if (!key || X509_REQ_verify(req, key) != 1) {
			(void)openssl_err(err, ERR_CRYPTO, "the request is not signed by its key");
			return NULL;
		}
		return take(&req);
	}
	if (err->kind == ERR_NONE)
		(void)err_set(err, ERR_SYNTAX, "no certificate request in it");
	return NULL;
}

static bool wish_has_name(const struct cert_wish *wish, const GENERAL_NAME *asked)
{
	char text[HOST_BYTES_MAX];
	if (asked->type == GEN_IPADD) {
		if (!x509_ip_text(asked->d.iPAddress, text))
			return false;
	} else if (asked->type == GEN_DNS) {
		struct str dns = {.p = (const char *)ASN1_STRING_get0_data(asked->d.dNSName),
				  .n = (size_t)ASN1_STRING_length(asked->d.dNSName)};
		if (!dns.n || memchr(dns.p, '\0', dns.n) || !copy_str(text, sizeof(text), dns))
			return false;
	} else {
		return false;
	}
	struct err ignored = ERR_INIT; /* the wish's own names were made into a SAN before */
	AUTO(GENERAL_NAMES) names = csr_names(wish, &ignored);
	for (int i = 0; names && i < sk_GENERAL_NAME_num(names); i++) {
		char ours[HOST_BYTES_MAX] = "";
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
		if (name->type != asked->type)
			continue;
		bool ok =
		    name->type == GEN_IPADD
			? x509_ip_text(name->d.iPAddress, ours)
			: copy_str(ours, sizeof(ours),
				   (struct str){
				       .p = (const char *)ASN1_STRING_get0_data(name->d.dNSName),
				       .n = (size_t)ASN1_STRING_length(name->d.dNSName)});
		if (ok && strcasecmp(ours, text) == 0)
			return true;
	}
	return false;
}

static const char *name_words(const GENERAL_NAME *name, char out[HOST_BYTES_MAX])
{
	if (name->type == GEN_IPADD && x509_ip_text(name->d.iPAddress, out))
		return out;
	if (name->type == GEN_DNS &&
	    copy_str(out, HOST_BYTES_MAX,
		     (struct str){.p = (const char *)ASN1_STRING_get0_data(name->d.dNSName),
				  .n = (size_t)ASN1_STRING_length(name->d.dNSName)})) {
		for (char *p = out; *p; p++)
			*p = *p > ' ' && *p < 0x7f ? *p : '?';
		return out;
	}
	return "a name that is neither DNS nor IP";
}

/* Extensions of a request are read only to refuse it by name, never to copy them. */
static bool asks_no_more(X509_REQ *req, const struct cert_wish *wish, struct err *err)
{
	STACK_OF(X509_EXTENSION) *list = X509_REQ_get_extensions(req);
	char text[HOST_BYTES_MAX];
	bool ok = true;
	AUTO(GENERAL_NAMES) names = X509V3_get_d2i(list, NID_subject_alt_name, NULL, NULL);
	for (int i = 0; ok && names && i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
		if (!wish_has_name(wish, name))
			ok = err_set(err, ERR_REFUSED,
				     "the request asks for the name '%.100s', which this member "
				     "does not have",
				     name_words(name, text));
	}
	BASIC_CONSTRAINTS *basic = X509V3_get_d2i(list, NID_basic_constraints, NULL, NULL);
	if (ok && basic && basic->ca)
		ok = err_set(err, ERR_REFUSED, "the request asks for a CA's certificate");
	BASIC_CONSTRAINTS_free(basic);
	ASN1_BIT_STRING *usage = X509V3_get_d2i(list, NID_key_usage, NULL, NULL);
	if (ok && usage && (ASN1_BIT_STRING_get_bit(usage, 5) || ASN1_BIT_STRING_get_bit(usage, 6)))
		ok = err_set(err, ERR_REFUSED,
			     "the request asks for the right to sign "
			     "certificates or CRLs");
	ASN1_BIT_STRING_free(usage);
	sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
	ERR_clear_error();
	return ok;
}

static bool subject_fits(X509_REQ *req, const X509_NAME *subject, struct err *err)
{
	char asked[DN_BYTES_MAX], ours[DN_BYTES_MAX];
	const X509_NAME *name = X509_REQ_get_subject_name(req);
	if (X509_NAME_entry_count(name) == 0)
		return true;
	if (!dn_membership(name, asked, err) || !dn_membership(subject, ours, err))
		return false;
	if (asked[0] && strcmp(asked, ours) != 0)
		return err_set(err, ERR_REFUSED,
			       "the request asks for O, OU and DC %.200s; this member's are %.200s",
			       asked, ours[0] ? ours : "none");
	return true;
}

static bool key_fits(const EVP_PKEY *key, const struct cert_wish *wish, struct err *err)
{
	char has[32], wanted[32];
	unsigned bits;
	enum cert_key kind = x509_key_kind(key, &bits);
	csr_key_type_print(kind, bits, has, sizeof(has));
	csr_key_type_print(wish->key, wish->key_bits, wanted, sizeof(wanted));
	if (kind == CERT_KEY_UNKNOWN)
		return err_set(err, ERR_REFUSED,
			       "the request's key is neither RSA, P-256, P-384 nor Ed25519");
	if (kind == CERT_KEY_RSA && bits < 2048)
		return err_set(err, ERR_REFUSED,
			       "the request's RSA key has %u bits, less than 2048", bits);
	if (wish->key != CERT_KEY_UNKNOWN && (kind != wish->key || bits < wish->key_bits))
		return err_set(err, ERR_REFUSED, "the request's key is %s where %s is wanted", has,
			       wanted);
	return true;
}

/* --- leafs --- */

static bool leaf_times(const struct ca_signer *ca, const struct cert_wish *wish, struct wall now,
		       int64_t default_for_us, X509 *cert, struct err *err)
{
	char ends[32];
	int64_t for_us = wish->valid_for_us ? wish->valid_for_us : default_for_us;
	if (for_us <= 0 || for_us > CA_LEAF_MAX_US)
		return err_set(err, ERR_INVALID,
			       "a certificate lasts more than nothing and at most 825 days");
	struct wall from = wall_add(now, -CA_BACKDATE_US), to = wall_add(now, for_us);
	from.us = MAX(from.us, ca->view.not_before.us);
	to.us = MIN(to.us, ca->view.chain_not_after.us);
	if (from.us > now.us)
		return err_set(err, ERR_REFUSED, "the CA's own certificate is not valid yet");
	if (to.us <= now.us || to.us - now.us < wish->min_left_us)
		return err_set(err, ERR_REFUSED,
			       "the CA's own certificate ends %s: what it signs now would not last "
			       "long enough",
			       wall_print_utc(ca->view.chain_not_after, ends, sizeof(ends)));
	return set_time(X509_getm_notBefore(cert), from, err) &&
	       set_time(X509_getm_notAfter(cert), to, err);
}

static bool leaf_extensions(const struct ca_signer *ca, X509 *cert, const EVP_PKEY *key,
			    const struct cert_wish *wish, const GENERAL_NAMES *names,
			    bool has_subject, struct err *err)
{
	const struct extension rows[] = {
	    {NID_basic_constraints, "critical,CA:FALSE"},
	    {NID_key_usage, csr_usage(key)},
	    {NID_ext_key_usage, csr_eku(wish)},
	    {NID_subject_key_identifier, "hash"},
	    {NID_authority_key_identifier, "keyid:always"},
	};
	if (!add_extensions(cert, ca->pem.certs[0], rows, ARRAY_N(rows), err))
		return false;
	if (sk_GENERAL_NAME_num(names) == 0)
		return true;
	/* RFC 5280, 4.2.1.6: critical when there is no subject. */
	return X509_add1_ext_i2d(cert, NID_subject_alt_name, (void *)(uintptr_t)names, !has_subject,
				 0) == 1 ||
	       openssl_err(err, ERR_CRYPTO, "adding the names");
}

static bool give_chain(const struct ca_signer *ca, X509 *leaf, struct buf *out, struct err *err)
{
	X509 *certs[CERTS_PER_PEM_MAX + 1] = {leaf};
	unsigned n = 1;
	for (unsigned i = 0; i < ca->pem.certs_n; i++)
		if (X509_check_issued(ca->pem.certs[i], ca->pem.certs[i]) != X509_V_OK)
			certs[n++] = ca->pem.certs[i];
	return pem_write_certs(certs, n, out, err);
}

bool ca_sign_csr(const struct ca_signer *ca, struct str csr_pem, const struct cert_wish *wish,
		 struct wall now, int64_t default_for_us, const struct ca_serial *serial,
		 struct buf *out, struct err *err)
{
	AUTO(X509_REQ) req = read_csr(csr_pem, err);
	if (!req)
		return false;
	EVP_PKEY *key = X509_REQ_get0_pubkey(req);
	AUTO(X509_NAME) subject = csr_subject(wish, err);
	if (!subject)
		return err_in(err, "making the subject");
	AUTO(GENERAL_NAMES) names = csr_names(wish, err);
	if (!names)
		return err_in(err, "making the names");
	bool has_subject = X509_NAME_entry_count(subject) > 0;
	if (!has_subject && sk_GENERAL_NAME_num(names) == 0)
		return err_set(err, ERR_INVALID, "a certificate needs a subject or a name");
	if (!key_fits(key, wish, err) || !subject_fits(req, subject, err) ||
	    !asks_no_more(req, wish, err))
		return false;
	AUTO(X509) cert = X509_new();
	if (!cert || !X509_set_version(cert, X509_VERSION_3) ||
	    !X509_set_subject_name(cert, subject) ||
	    !X509_set_issuer_name(cert, X509_get_subject_name(ca->pem.certs[0])) ||
	    !X509_set_pubkey(cert, key))
		return openssl_err(err, ERR_CRYPTO, "making a certificate");
	return set_serial(cert, serial, err) &&
	       leaf_times(ca, wish, now, default_for_us, cert, err) &&
	       leaf_extensions(ca, cert, key, wish, names, has_subject, err) &&
	       sign(cert, ca->pem.key, err) && give_chain(ca, cert, out, err);
}

/* --- CRL --- */

static bool crl_add(X509_CRL *crl, const struct ca_revoked *r, ASN1_TIME *t, struct err *err)
{
	BIGNUM *n = NULL;
	size_t digits = strspn(r->serial, "0123456789abcdefABCDEF");
	if (!digits || r->serial[digits])
		return err_set(err, ERR_INVALID, "'%.60s' is no serial number", r->serial);
	X509_REVOKED *entry = X509_REVOKED_new();
	ASN1_INTEGER *serial = BN_hex2bn(&n, r->serial) ? BN_to_ASN1_INTEGER(n, NULL) : NULL;
	bool ok = entry && serial && X509_REVOKED_set_serialNumber(entry, serial) &&
		  set_time(t, r->at, err) && X509_REVOKED_set_revocationDate(entry, t) &&
		  X509_CRL_add0_revoked(crl, entry);
	if (!ok) {
		X509_REVOKED_free(entry);
		if (err->kind == ERR_NONE)
			(void)openssl_err(err, ERR_CRYPTO, "revoking a certificate");
	}
	ASN1_INTEGER_free(serial);
	BN_free(n);
	return ok;
}

static bool crl_extensions(X509_CRL *crl, X509 *issuer, uint64_t number, struct err *err)
{
	X509V3_CTX ctx;
	X509V3_set_ctx(&ctx, issuer, NULL, NULL, crl, 0);
	AUTO(X509_EXTENSION)
	e = csr_extension(&ctx, NID_authority_key_identifier, "keyid:always", err);
	if (!e)
		return false;
	ASN1_INTEGER *n = ASN1_INTEGER_new();
	bool ok = n && ASN1_INTEGER_set_uint64(n, number) && X509_CRL_add_ext(crl, e, -1) &&
		  X509_CRL_add1_ext_i2d(crl, NID_crl_number, n, 0, 0) == 1;
	ASN1_INTEGER_free(n);
	return ok || openssl_err(err, ERR_CRYPTO, "making a CRL");
}

bool ca_sign_crl(const struct ca_signer *ca, const struct ca_revoked *list, unsigned list_n,
		 uint64_t number, struct wall now, int64_t for_us, struct buf *out, struct err *err)
{
	X509 *issuer = ca->pem.certs[0];
	if (list_n > CA_REVOKED_MAX)
		return err_set(err, ERR_LIMIT, "more than %d revoked certificates", CA_REVOKED_MAX);
	if (for_us <= 0)
		return err_set(err, ERR_INVALID, "a CRL must last longer than nothing");
	AUTO(X509_CRL) crl = X509_CRL_new();
	AUTO(ASN1_TIME) t = ASN1_TIME_new();
	if (!crl || !t || !X509_CRL_set_version(crl, X509_CRL_VERSION_2) ||
	    !X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer)))
		return openssl_err(err, ERR_CRYPTO, "making a CRL");
	struct wall from = wall_add(now, -CA_BACKDATE_US), to = wall_add(now, for_us);
	if (!set_time(t, from, err) || !X509_CRL_set1_lastUpdate(crl, t) || !set_time(t, to, err) ||
	    !X509_CRL_set1_nextUpdate(crl, t))
		return err->kind != ERR_NONE ? false : openssl_err(err, ERR_CRYPTO, "making a CRL");
	for (unsigned i = 0; i < list_n; i++)
		if (!crl_add(crl, &list[i], t, err))
			return false;
	if (!crl_extensions(crl, issuer, number, err))
		return false;
	AUTO(BIO) bio = BIO_new(BIO_s_mem());
	if (!bio || !X509_CRL_sort(crl) ||
	    X509_CRL_sign(crl, ca->pem.key, csr_digest(ca->pem.key)) <= 0 ||
	    !PEM_write_bio_X509_CRL(bio, crl))
		return openssl_err(err, ERR_CRYPTO, "signing a CRL");
	char *p = NULL;
	long n = BIO_get_mem_data(bio, &p);
	buf_add(out, p, n > 0 ? (size_t)n : 0);
	return buf_ok(out, err);
}
