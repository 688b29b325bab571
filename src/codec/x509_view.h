/* SPDX-License-Identifier: Apache-2.0 */
/* An OpenSSL certificate as the plain value that the planner and the tables read. */
#ifndef CODEC_X509_VIEW_H
#define CODEC_X509_VIEW_H

#include <openssl/x509.h>

#include "base/buf.h"
#include "base/secret.h"
#include "model/certificate.h"

/* View a leaf and what was served or stored with it. Borrows all; chain may be NULL when chain_n is
 * 0. has_private_key stays false. Errors: ERR_LIMIT (names, name lengths), ERR_INVALID (a NUL byte
 * in a name, a time that is none), ERR_CRYPTO. */
MUST_CHECK bool x509_view(X509 *leaf, X509 *const *chain, unsigned chain_n, struct cert_view *ret,
			  struct err *err);

/* View a PEM text: certificateKeyFile, clusterFile, a chain without key. password as pem_read().
 * has_private_key: one is there and matches. Errors: pem_read()'s and x509_view()'s. */
MUST_CHECK bool x509_view_pem(struct str pem, const struct secret *password, struct cert_view *ret,
			      struct err *err);

/* How many certificates a CA bundle has, and when the first of them ends. Errors: pem_read()'s. */
MUST_CHECK bool x509_bundle_end(struct str pem, unsigned *ret_n, struct wall *ret_first_end,
				struct err *err);

/* When the first CRL of a CRLFile goes stale (nextUpdate), 0 when none says so. Errors: ERR_SYNTAX
 * (no CRL, not decodable). */
MUST_CHECK bool x509_crl_end(struct str pem, struct wall *ret, struct err *err);

/* An ASN.1 time, by our own calendar. Errors: ERR_INVALID. */
MUST_CHECK bool x509_time(const ASN1_TIME *t, struct wall *ret, struct err *err);
/* The kind of a public key; bits 0 when not known. */
enum cert_key x509_key_kind(const EVP_PKEY *key, unsigned *ret_bits);
/* An iPAddress of 4 or 16 bytes as text; false for other lengths. */
MUST_CHECK bool x509_ip_text(const ASN1_OCTET_STRING *ip, char out[HOST_BYTES_MAX]);

#endif
