/* SPDX-License-Identifier: Apache-2.0 */
/* A keyfile's keys: one or two, the first is sent (outgoing), every one is accepted. The only nouns
 * that hold key bytes. */
#ifndef MODEL_KEYRING_H
#define MODEL_KEYRING_H

#include "base/limits.h"
#include "base/secret.h"

/* How hosts and logs name a key: the first 128 bits of HMAC-SHA-256 under the cluster's salt, in
 * hex (PROTOCOL 7.5). Never a bare hash: an adopted key may be short enough to guess. "" is "no
 * key". */
enum { KEY_ID_CHARS = 32 };
struct key_id {
	char hex[KEY_ID_CHARS + 1];
};
bool key_id_equal(const struct key_id *a, const struct key_id *b);
bool key_id_given(const struct key_id *id);

/* One key, as mongod reads it: 6..1024 characters of A-Z a-z 0-9 + / =, white space already taken
 * out. */
struct key {
	struct secret text;
};

struct keyring {
	unsigned n;                         /* 0..KEYS_PER_FILE_MAX; 0 only before it is filled */
	struct key keys[KEYS_PER_FILE_MAX]; /* [0] outgoing, [1] alternate */
};
void keyring_fini(struct keyring *ring); /* wipes; accepts a zeroed one */
/* Append a copy of text. Errors: ERR_LIMIT (two keys already, or a length outside 6..1024),
 * ERR_INVALID (a character), ERR_MEMORY. */
MUST_CHECK bool keyring_add(struct keyring *ring, const char *text, size_t text_n, struct err *err);

/* The same without secrets: what a file or a process holds. */
struct ring_ids {
	bool is_known; /* false: not looked at, or not readable */
	unsigned n;
	struct key_id ids[KEYS_PER_FILE_MAX];
};
bool ring_ids_has(const struct ring_ids *r, const struct key_id *id);
bool ring_ids_equal(const struct ring_ids *a,
		    const struct ring_ids *b); /* as sets: order makes noise, not safety */

#endif
