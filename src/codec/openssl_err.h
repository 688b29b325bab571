/* SPDX-License-Identifier: Apache-2.0 */
/* OpenSSL's types under auto ownership, and its error queue as struct err. The queue is empty
 * afterwards, so that no old error is told for a new fault. */
#ifndef CODEC_OPENSSL_ERR_H
#define CODEC_OPENSSL_ERR_H

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/cleanup.h"

DEFINE_AUTO(ASN1_TIME, ASN1_TIME_free);
DEFINE_AUTO(BIO, BIO_free_all);
DEFINE_AUTO(EVP_PKEY, EVP_PKEY_free);
DEFINE_AUTO(GENERAL_NAMES, GENERAL_NAMES_free);
DEFINE_AUTO(X509, X509_free);
DEFINE_AUTO(X509_CRL, X509_CRL_free);
DEFINE_AUTO(X509_EXTENSION, X509_EXTENSION_free);
DEFINE_AUTO(X509_NAME, X509_NAME_free);
DEFINE_AUTO(X509_REQ, X509_REQ_free);

/* As err_set, with the reason OpenSSL gives (of its first entry, the cause) appended after ": ".
 * Returns false. Reasons name formats and algorithms, never data. */
bool openssl_err(struct err *err, enum err_kind kind, const char *format, ...) PRINTF(3, 4);

#endif
