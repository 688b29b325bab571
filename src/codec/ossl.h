/* SPDX-License-Identifier: Apache-2.0 */
/* OpenSSL's types under auto ownership, and its error queue as a struct err. For .c files of codec/
 * only: no other header of rotad shows an OpenSSL type. */
#ifndef CODEC_OSSL_H
#define CODEC_OSSL_H

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include "base/cleanup.h"

static inline void ossl_free_certs(STACK_OF(X509) * certs)
{
	sk_X509_pop_free(certs, X509_free);
}
static inline void ossl_free_string(unsigned char *p)
{
	OPENSSL_free(p);
}
typedef STACK_OF(X509) ossl_certs;
typedef unsigned char ossl_bytes; /* allocated by OpenSSL (i2d_ functions) */

DEFINE_AUTO(BIO, BIO_free_all);
DEFINE_AUTO(CMS_ContentInfo, CMS_ContentInfo_free);
DEFINE_AUTO(EVP_KDF, EVP_KDF_free);
DEFINE_AUTO(EVP_KDF_CTX, EVP_KDF_CTX_free);
DEFINE_AUTO(EVP_MD_CTX, EVP_MD_CTX_free);
DEFINE_AUTO(EVP_PKEY, EVP_PKEY_free);
DEFINE_AUTO(EVP_PKEY_CTX, EVP_PKEY_CTX_free);
DEFINE_AUTO(X509, X509_free);
DEFINE_AUTO(X509_STORE, X509_STORE_free);
DEFINE_AUTO(X509_STORE_CTX, X509_STORE_CTX_free);
DEFINE_AUTO(ossl_certs, ossl_free_certs);
DEFINE_AUTO(ossl_bytes, ossl_free_string);

/* Set err from the newest entry of OpenSSL's queue ("what: reason") and empty the queue. Returns
 * false. */
bool ossl_err(struct err *err, enum err_kind kind, const char *what);
/* A password callback that never asks: PEM of rotad's own has no password, and a daemon has no
 * terminal. */
int ossl_no_password(char *out, int out_n, int is_writing, void *self);

#endif
