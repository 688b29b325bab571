/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256, HMAC-SHA-256 and HKDF-SHA-256 in the few shapes that rotad needs, and how a key gets its
 * id. No signatures: codec/identity.h. */
#ifndef CODEC_DIGEST_H
#define CODEC_DIGEST_H

#include "model/keyring.h"
#include "model/ledger.h"

enum { SHA256_BYTES = 32, SALT_BYTES = 32 };

/* Errors of all: ERR_CRYPTO (the library refused), and those named. */
MUST_CHECK bool sha256(struct str bytes, unsigned char ret[SHA256_BYTES], struct err *err);
/* The same as 64 hex digits. */
MUST_CHECK bool sha256_digest(struct str bytes, struct digest *ret, struct err *err);
MUST_CHECK bool hmac_sha256(struct str key, struct str bytes, unsigned char ret[SHA256_BYTES],
			    struct err *err);
/* A key of 32 bytes for one purpose (`info`) out of `secret` (RFC 5869). Wipe it after use. */
MUST_CHECK bool hkdf_sha256(struct str secret, struct str salt, struct str info,
			    unsigned char ret[SHA256_BYTES], struct err *err);
/* Compare in a time that does not tell where they differ. */
bool digest_bytes_equal(const unsigned char a[SHA256_BYTES], const unsigned char b[SHA256_BYTES]);

/* How hosts and logs name a key (PROTOCOL 7.5): the first 128 bits of HMAC-SHA-256 under the
 * cluster's salt, of the key's characters as mongod reads them. salt_hex: 64 digits. Errors:
 * ERR_SYNTAX (the salt). */
MUST_CHECK bool key_id_of(const struct key *key, const char *salt_hex, struct key_id *ret,
			  struct err *err);
/* Ids of a whole keyring; sets is_known. */
MUST_CHECK bool ring_ids_of(const struct keyring *ring, const char *salt_hex, struct ring_ids *ret,
			    struct err *err);

/* Values of the model's fixed texts. */
bool spki_equal(const struct spki *a, const struct spki *b);
bool digest_equal(const struct digest *a, const struct digest *b);
bool token_equal(const struct token *a, const struct token *b);

#endif
