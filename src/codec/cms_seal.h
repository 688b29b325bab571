/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes sealed for one receiving key, and opened with it. A file of its own because it is a seam:
 * the simulator links a fast and repeatable one in its place (tests/sim). */
#ifndef CODEC_CMS_SEAL_H
#define CODEC_CMS_SEAL_H

#include "codec/identity.h"

enum { CMS_SEALED_BYTES_MAX = ENVELOPE_BYTES_MAX + 1024 /* DER: what CMS puts around */ };

/* Seal plain (at most ENVELOPE_BYTES_MAX) for the owner of receive_key; the DER is added to
 * *ret_der. Errors: ERR_CRYPTO, ERR_LIMIT, ERR_MEMORY, and of public_key_get(). */
MUST_CHECK bool cms_seal(const struct secret *plain, const char *receive_key, struct buf *ret_der,
			 struct err *err);
/* The same back, into a new secret. Errors: ERR_CRYPTO (not for this key, bent, of another form),
 * ERR_LIMIT, ERR_MEMORY. */
MUST_CHECK bool cms_unseal(const unsigned char *der, size_t n, const struct identity_keys *me,
			   struct secret *ret, struct err *err);

#endif
