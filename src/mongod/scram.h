/* SPDX-License-Identifier: Apache-2.0 */
/* The client's side of SCRAM (RFC 5802, RFC 7677) as MongoDB speaks it: texts in, texts out, no
 * socket. */
#ifndef MONGOD_SCRAM_H
#define MONGOD_SCRAM_H

#include "base/cleanup.h"

enum scram_hash { SCRAM_SHA_256, SCRAM_SHA_1, SCRAM_N };
enum {
	SCRAM_NONCE_BYTES = 24,
	SCRAM_MESSAGE_BYTES_MAX = 1024, /* a server's message; real ones have about 100 */
	SCRAM_ITERATIONS_MIN = 4096,    /* less is refused, as the drivers' specification says */
	SCRAM_ITERATIONS_MAX = 10 * 1000 * 1000, /* some 5 s of computing: a hostile server's limit
						  */
};
const char *scram_name(enum scram_hash hash); /* "SCRAM-SHA-256" */

struct scram {
	enum scram_hash hash;
	char user[256];
	char client_first_bare[512];
	char nonce[64];                 /* ours, base64 */
	unsigned char server_proof[32]; /* what the server must show that it knows the key */
	size_t hash_n;
};

/* Write the first message. nonce: SCRAM_NONCE_BYTES random bytes. Errors: ERR_LIMIT. */
MUST_CHECK bool scram_first(struct scram *s, enum scram_hash hash, const char *user,
			    const unsigned char *nonce, struct buf *ret, struct err *err);
/* Answer the server's first message with the proof. password is wiped by its owner; derived values
 * are wiped here. SHA-256 takes ASCII passwords only: SASLprep leaves those as they are, and
 * keyfiles hold nothing else. Errors: ERR_PROTOCOL, ERR_UNSUPPORTED (a password outside ASCII),
 * ERR_CRYPTO, ERR_LIMIT. */
MUST_CHECK bool scram_final(struct scram *s, struct str server_first, struct str password,
			    struct buf *ret, struct err *err);
/* Did the server show that it knows the key as well? Errors: ERR_CRYPTO (no), ERR_PROTOCOL. */
MUST_CHECK bool scram_check(const struct scram *s, struct str server_final, struct err *err);

#endif
