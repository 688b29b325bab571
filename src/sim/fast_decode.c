/* SPDX-License-Identifier: Apache-2.0 */
/* For the simulator only: what was read and judged once is not read and judged again. Put by the
 * linker (--wrap) before six pure functions of the real code, which every simulated rotad calls
 * for the same texts in every round; what they answer stays theirs. Refusals are never kept. */
#include <stdlib.h>
#include <string.h>

#include "codec/digest.h"
#include "codec/identity.h"
#include "codec/keyfile_text.h"
#include "codec/ledger_json.h"

/* Of cardboard: fast_certificate.c. */
bool sim_endorsement_check(const struct identity_doc *doc, const struct endorsement_want *want,
			   struct err *err);

enum {
	DOCS_KEPT = 8192,
	TEXTS_KEPT = 16384,
	KEYFILES_KEPT = 64,
	RINGS_KEPT = 1024,
	PROOFS_KEPT = 1024,
	DIGESTS_KEPT = 1024
};

static uint64_t hash_of(struct str s, uint64_t seed)
{
	uint64_t h = seed ^ (s.n * 0x9e3779b97f4a7c15u);
	size_t i = 0;
	for (uint64_t word; i + 8 <= s.n; i += 8) {
		memcpy(&word, s.p + i, 8);
		h = (h ^ word) * 0xff51afd7ed558ccdu;
		h ^= h >> 32;
	}
	for (; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * 0x100000001b3u;
	return (h ^ (h >> 29)) * 0xc4ceb9fe1a85ec53u;
}

static void *copy(const void *p, size_t n)
{
	void *to = malloc(n + 1);
	ASSERT(to);
	memcpy(to, p, n);
	return to;
}

/* ---- documents ---- */

bool __real_ledger_decode(enum doc_type type, struct str text, const struct doc_trust *trust,
			  void *ret_doc, struct err *err);
bool __wrap_ledger_decode(enum doc_type type, struct str text, const struct doc_trust *trust,
			  void *ret_doc, struct err *err);

static const size_t doc_sizes[DOC_N] = {
#define X(name, constant, type) [DOC_##constant] = sizeof(type),
    LEDGER_DOCS(X)
#undef X
};

static struct kept_doc {
	uint64_t hash;
	enum doc_type type;
	char *text;
	size_t text_n;
	void *doc;      /* begins with its head */
	char *sign_key; /* by which the signature was found good */
} kept[DOCS_KEPT];

/* Whom it would be believed from now: asked each time, since identities come and go. NULL: nobody.
 */
static const char *signer_key(enum doc_type type, const struct doc_head *head,
			      const struct doc_trust *trust)
{
	if (type == DOC_IDENTITY)
		return "";
	const struct identity *id = trust->find(trust->self, &head->from);
	bool is_good =
	    id && spki_equal(&id->spki, &head->from) && !id->is_revoked && id->is_admitted;
	return is_good ? id->sign_key : NULL;
}

/* An identity is large, and the end of it a chain of certificates, which is empty here. */
static size_t used_of(enum doc_type type, const void *doc)
{
	const struct identity_doc *id = doc;
	if (type != DOC_IDENTITY)
		return doc_sizes[type];
	return offsetof(struct identity_doc, proof.chain_pem) + strlen(id->proof.chain_pem) + 1;
}

bool __wrap_ledger_decode(enum doc_type type, struct str text, const struct doc_trust *trust,
			  void *ret_doc, struct err *err)
{
	uint64_t hash = hash_of(text, (uint64_t)type);
	struct kept_doc *k = &kept[hash % DOCS_KEPT];
	const struct doc_head *head = ret_doc;
	const char *key;
	if (k->doc && k->hash == hash && k->type == type && k->text_n == text.n &&
	    memcmp(k->text, text.p, text.n) == 0) {
		head = k->doc;
		key = signer_key(type, head, trust);
		if (key && strcmp(key, k->sign_key) == 0 &&
		    (!trust->cluster || strcmp(head->cluster, trust->cluster) == 0) &&
		    (!trust->ledger || token_equal(&head->ledger, trust->ledger))) {
			memcpy(ret_doc, k->doc, used_of(type, k->doc));
			return true;
		}
		return __real_ledger_decode(type, text, trust, ret_doc, err);
	}
	if (!__real_ledger_decode(type, text, trust, ret_doc, err))
		return false;
	head = ret_doc;
	key = signer_key(type, head, trust);
	if (!key) /* of one that was revoked since, and what it said then stands */
		return true;
	free(k->text);
	free(k->doc);
	free(k->sign_key);
	*k = (struct kept_doc){.hash = hash,
			       .type = type,
			       .text = copy(text.p, text.n),
			       .text_n = text.n,
			       .doc = copy(ret_doc, doc_sizes[type]),
			       .sign_key = copy(key, strlen(key) + 1)};
	return true;
}

/* ---- canonical texts ---- */

bool __real_canonical_check(struct str text, size_t max_bytes, struct err *err);
bool __wrap_canonical_check(struct str text, size_t max_bytes, struct err *err);

bool __wrap_canonical_check(struct str text, size_t max_bytes, struct err *err)
{
	static struct {
		uint64_t hash;
		size_t n;
	} good[TEXTS_KEPT];
	uint64_t hash = hash_of(text, 1);
	size_t at = hash % TEXTS_KEPT;
	if (text.n > 0 && text.n <= max_bytes && good[at].hash == hash && good[at].n == text.n)
		return true;
	if (!__real_canonical_check(text, max_bytes, err))
		return false;
	good[at].hash = hash;
	good[at].n = text.n;
	return true;
}

/* ---- keyfiles ---- */

bool __real_keyfile_text_judge(const char *text, size_t text_n, struct keyfile_text *ret,
			       struct err *err);
bool __wrap_keyfile_text_judge(const char *text, size_t text_n, struct keyfile_text *ret,
			       struct err *err);

bool __wrap_keyfile_text_judge(const char *text, size_t text_n, struct keyfile_text *ret,
			       struct err *err)
{
	static struct {
		char *text;
		size_t n;
		struct keyfile_text judged;
	} seen[KEYFILES_KEPT];
	static unsigned next;
	unsigned at = 0;
	while (at < KEYFILES_KEPT &&
	       !(seen[at].text && seen[at].n == text_n && memcmp(seen[at].text, text, text_n) == 0))
		at++;
	if (at == KEYFILES_KEPT) {
		struct keyfile_text fresh;
		if (!__real_keyfile_text_judge(text, text_n, &fresh, err))
			return false;
		at = next++ % KEYFILES_KEPT;
		if (seen[at].text)
			keyfile_text_fini(&seen[at].judged);
		free(seen[at].text);
		seen[at].text = copy(text, text_n);
		seen[at].n = text_n;
		seen[at].judged = fresh;
	}
	*ret = seen[at].judged;
	ret->ring = (struct keyring){.n = 0};
	for (unsigned i = 0; i < seen[at].judged.ring.n; i++) {
		const struct secret *key = &seen[at].judged.ring.keys[i].text;
		if (!secret_from(&ret->ring.keys[i].text, key->p, key->n, err)) {
			keyring_fini(&ret->ring);
			return false;
		}
		ret->ring.n++;
	}
	return true;
}

/* ---- ids of keys ---- */

bool __real_ring_ids_of(const struct keyring *ring, const char *salt_hex, struct ring_ids *ret,
			struct err *err);
bool __wrap_ring_ids_of(const struct keyring *ring, const char *salt_hex, struct ring_ids *ret,
			struct err *err);

bool __wrap_ring_ids_of(const struct keyring *ring, const char *salt_hex, struct ring_ids *ret,
			struct err *err)
{
	static struct {
		uint64_t hash;
		struct ring_ids ids;
	} known[RINGS_KEPT];
	uint64_t hash = hash_of(str_of(salt_hex), ring->n);
	for (unsigned i = 0; i < ring->n; i++)
		hash = hash_of((struct str){.p = ring->keys[i].text.p, .n = ring->keys[i].text.n},
			       hash);
	size_t at = hash % RINGS_KEPT;
	if (!known[at].ids.is_known || known[at].hash != hash) {
		struct ring_ids fresh;
		if (!__real_ring_ids_of(ring, salt_hex, &fresh, err))
			return false;
		known[at].hash = hash;
		known[at].ids = fresh;
	}
	*ret = known[at].ids;
	return true;
}

/* ---- endorsements by a key ---- */

bool __real_endorsement_check(const struct identity_doc *doc, const struct endorsement_want *want,
			      struct err *err);
bool __wrap_endorsement_check(const struct identity_doc *doc, const struct endorsement_want *want,
			      struct err *err);

bool __wrap_endorsement_check(const struct identity_doc *doc, const struct endorsement_want *want,
			      struct err *err)
{
	static uint64_t good[PROOFS_KEPT];
	const struct identity *id = &doc->identity;
	if (doc->proof.how == ENDORSED_BY_CERTIFICATE)
		return sim_endorsement_check(doc, want, err);
	if (doc->proof.how != ENDORSED_BY_KEY || !want->keyring)
		return __real_endorsement_check(doc, want, err);
	uint64_t hash = hash_of(str_of(id->head.cluster), 2);
	hash = hash_of(str_of(id->host), hash);
	hash = hash_of(str_of(id->head.ledger.hex), hash);
	hash = hash_of(str_of(id->spki.hex), hash);
	hash = hash_of(str_of(doc->proof.value), hash);
	for (unsigned i = 0; i < want->keyring->n; i++) {
		const struct secret *key = &want->keyring->keys[i].text;
		hash = hash_of((struct str){.p = key->p, .n = key->n}, hash);
	}
	if (good[hash % PROOFS_KEPT] == hash)
		return true;
	if (!__real_endorsement_check(doc, want, err))
		return false;
	good[hash % PROOFS_KEPT] = hash;
	return true;
}

/* ---- digests: of mongod.conf, in every round ---- */

bool __real_sha256_digest(struct str bytes, struct digest *ret, struct err *err);
bool __wrap_sha256_digest(struct str bytes, struct digest *ret, struct err *err);

bool __wrap_sha256_digest(struct str bytes, struct digest *ret, struct err *err)
{
	static struct {
		uint64_t hash;
		struct digest digest;
	} known[DIGESTS_KEPT];
	uint64_t hash = hash_of(bytes, 3);
	size_t at = hash % DIGESTS_KEPT;
	if (!known[at].digest.hex[0] || known[at].hash != hash) {
		if (!__real_sha256_digest(bytes, &known[at].digest, err))
			return false;
		known[at].hash = hash;
	}
	*ret = known[at].digest;
	return true;
}
