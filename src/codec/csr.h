/* SPDX-License-Identifier: Apache-2.0 */
/* New private keys and the requests made with them. */
#ifndef CODEC_CSR_H
#define CODEC_CSR_H

#include <openssl/x509v3.h>

#include "base/buf.h"
#include "base/secret.h"
#include "model/certificate.h"

/* "RSA-2048", "RSA-3072", "RSA-4096", "RSA" (3072), "P-256", "P-384", "Ed25519"; "same" gives the
 * type of `same` (the certificate in use; NULL or not known: P-256). Case does not matter.
 * Errors: ERR_INVALID. */
MUST_CHECK bool csr_key_type(struct str text, const struct cert_view *same, enum cert_key *ret_key,
			     unsigned *ret_bits, struct err *err);
/* "RSA-3072", "P-256"; out_n at least 32. */
const char *csr_key_type_print(enum cert_key key, unsigned bits, char *out, size_t out_n);

/* Make a private key as PKCS#8 PEM. bits is for RSA (0: 3072). CERT_KEY_UNKNOWN makes P-256. *ret
 * is new: end with secret_fini(). Errors: ERR_INVALID (bits not 2048, 3072, 4096), ERR_CRYPTO,
 * ERR_MEMORY. */
MUST_CHECK bool csr_key_new(enum cert_key key, unsigned bits, struct secret *ret, struct err *err);

/* Append a request (PEM) with the subject, names and usages of a wish. Errors: ERR_SYNTAX
 * (subject), ERR_INVALID (a name, no name and no subject), ERR_CRYPTO, pem_read_key()'s. */
MUST_CHECK bool csr_new(const struct secret *key_pem, const struct cert_wish *wish, struct buf *out,
			struct err *err);

/* --- for codec/ca.c: what a wish is in OpenSSL's terms --- */

/* The subject of a wish; when it names none, CN = first name (where it fits in 64 characters) and
 * the membership's entries. New; NULL on error: ERR_SYNTAX, ERR_INVALID (subject and membership
 * disagree). */
MUST_CHECK X509_NAME *csr_subject(const struct cert_wish *wish, struct err *err);
/* The SAN of a wish: addresses as IP, else DNS. New; NULL with ERR_INVALID for a name that is none.
 * Empty when the wish has no names. */
MUST_CHECK GENERAL_NAMES *csr_names(const struct cert_wish *wish, struct err *err);
/* An extension from OpenSSL's configuration form; only for constants. */
MUST_CHECK X509_EXTENSION *csr_extension(X509V3_CTX *ctx, int nid, const char *value,
					 struct err *err);
const char *csr_eku(const struct cert_wish *wish); /* "serverAuth,clientAuth" */
const char *csr_usage(const EVP_PKEY *key);        /* keyUsage's value for a leaf */
const EVP_MD *csr_digest(const EVP_PKEY *key);     /* NULL for Ed25519 */

#endif
