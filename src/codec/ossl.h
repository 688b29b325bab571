/* SPDX-License-Identifier: Apache-2.0 */
/* More of OpenSSL's types under auto ownership: those that signatures and envelopes need. For .c
 * files of codec/ only. */
#ifndef CODEC_OSSL_H
#define CODEC_OSSL_H

#include <openssl/cms.h>
#include <openssl/kdf.h>
#include <openssl/x509_vfy.h>

#include "codec/openssl_err.h"

static inline void ossl_bytes_free(unsigned char *p)
{
	OPENSSL_free(p);
}
typedef unsigned char ossl_bytes; /* allocated by OpenSSL (i2d_ functions); nothing secret */
typedef STACK_OF(X509) ossl_certs;

DEFINE_AUTO(ASN1_OBJECT, ASN1_OBJECT_free);
DEFINE_AUTO(CMS_ContentInfo, CMS_ContentInfo_free);
DEFINE_AUTO(EVP_KDF, EVP_KDF_free);
DEFINE_AUTO(EVP_KDF_CTX, EVP_KDF_CTX_free);
DEFINE_AUTO(EVP_MD_CTX, EVP_MD_CTX_free);
DEFINE_AUTO(EVP_PKEY_CTX, EVP_PKEY_CTX_free);
DEFINE_AUTO(X509_STORE, X509_STORE_free);
DEFINE_AUTO(X509_STORE_CTX, X509_STORE_CTX_free);
DEFINE_AUTO(ossl_bytes, ossl_bytes_free);
/* A stack that borrows its certificates. */
DEFINE_AUTO(ossl_certs, sk_X509_free);

#endif
