/* SPDX-License-Identifier: Apache-2.0 */
/* A key's fingerprint for the eye of who holds the key. What hosts and logs use is its id under the
 * cluster's salt: codec/digest.h. */
#ifndef CODEC_FINGERPRINT_H
#define CODEC_FINGERPRINT_H

#include "model/keyring.h"

enum { KEY_FINGERPRINT_BYTES = 24 }; /* "sha256:" and 16 hex digits, with its NUL */

/* "sha256:" and the first 16 hex digits of the SHA-256 of the key's characters as mongod reads
 * them. Never stored, logged or sent, since a guessable key can be found from it. Errors:
 * ERR_CRYPTO. */
MUST_CHECK bool key_fingerprint(const struct key *key, char out[KEY_FINGERPRINT_BYTES],
				struct err *err);

#endif
