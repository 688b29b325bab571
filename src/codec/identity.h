/* SPDX-License-Identifier: Apache-2.0 */
/* The identity of a rotad: one P-256 key to sign, one P-256 key to receive, and why others may
 * believe it (PROTOCOL 6 and 7). Files, clocks and the ledger are the caller's; so is who is
 * pinned. */
#ifndef CODEC_IDENTITY_H
#define CODEC_IDENTITY_H

#include "model/ledger.h"

struct evp_pkey_st; /* OpenSSL's EVP_PKEY */

enum {
	SIGNATURE_CHARS = 108, /* ECDSA on P-256, DER in base64: 72 bytes at most, and room */
	IDENTITY_FILE_BYTES_MAX = 4096,
};

/* The private side. Never copied, never printed; one owner. */
struct identity_keys {
	struct evp_pkey_st *sign, *receive;
	struct spki spki;   /* of sign: the name of the identity */
	char sign_key[256]; /* public keys: SubjectPublicKeyInfo, DER in base64 */
	char receive_key[256];
};

/* Two new keys. End with identity_keys_fini(). Errors: ERR_CRYPTO. */
MUST_CHECK bool identity_keys_new(struct identity_keys *ret, struct err *err);
void identity_keys_fini(struct identity_keys *keys); /* wipes; accepts a zeroed one */
/* A new receiving key; the old one is wiped: what was sealed for it is unreadable from now on.
 * Write the file and publish the identity before peers seal again. Untouched on failure. Errors:
 * ERR_CRYPTO. */
MUST_CHECK bool identity_keys_renew(struct identity_keys *keys, struct err *err);
/* Text of STATE/identity.pem: both private keys, PKCS#8, the signing key first. The caller writes
 * it, mode 0600. *ret is a new secret. Errors: ERR_CRYPTO, ERR_MEMORY. */
MUST_CHECK bool identity_keys_encode(const struct identity_keys *keys, struct secret *ret,
				     struct err *err);
/* The same back; anything else in the text is refused. Errors: ERR_SYNTAX, ERR_UNSUPPORTED (not
 * P-256), ERR_LIMIT. */
MUST_CHECK bool identity_keys_decode(const struct secret *text, struct identity_keys *ret,
				     struct err *err);

/* Is this the one encoding of a P-256 public key? *ret_spki (may be NULL) gets its name. Errors:
 * ERR_SYNTAX, ERR_CRYPTO (not on the curve). */
MUST_CHECK bool public_key_check(const char *key_base64, struct spki *ret_spki, struct err *err);
/* The same as OpenSSL's object: returns new, free with EVP_PKEY_free(). NULL and err. */
MUST_CHECK struct evp_pkey_st *public_key_get(const char *key_base64, struct err *err);

/* ECDSA with SHA-256 over bytes; the text is base64 of the DER. Errors: ERR_CRYPTO. */
MUST_CHECK bool identity_sign(const struct identity_keys *keys, struct str bytes,
			      char ret[SIGNATURE_CHARS], struct err *err);
/* Errors: ERR_CRYPTO (it is not a signature of these bytes by this key), ERR_SYNTAX. */
MUST_CHECK bool identity_verify(const char *sign_key, struct str bytes, struct str signature,
				struct err *err);

/* What makes an identity believable beside its own signature; part of its document. Covered:
 * cluster, ledger, host and SPKI; so it outlives a renewal of the receiving key. */
enum { ENDORSEMENT_CHARS = 1600, CHAIN_BYTES_MAX = 16384 };
struct endorsement_proof {
	enum endorsement how;
	char value[ENDORSEMENT_CHARS];   /* signature in base64, or MAC in hex; "" by an operator */
	char chain_pem[CHAIN_BYTES_MAX]; /* by certificate: the leaf first, no root needed */
};
/* An identity as it stands in the ledger. */
struct identity_doc {
	struct identity identity;
	struct endorsement_proof proof;
};

/* Fill spki, sign_key and receive_key from keys, head.from too. */
void identity_describe(const struct identity_keys *keys, struct identity *id);
/* Endorse by the member's certificate: pem is its certificateKeyFile (certificates and the
 * unencrypted private key). RSA, EC and Ed25519. The certificate's fitness is not looked at: the
 * reader does. Errors: ERR_SYNTAX, ERR_UNSUPPORTED (encrypted key), ERR_CRYPTO (key and
 * certificate do not match), ERR_LIMIT. */
MUST_CHECK bool endorse_by_certificate(const struct identity *id, const struct secret *pem,
				       struct endorsement_proof *ret, struct err *err);
/* Endorse by a MAC under a key derived from a key of the keyfile (first set-up without TLS, told).
 * Who has the document can try guesses of a short adopted key: offer it only for keys that rotad
 * or openssl rand made. Errors: ERR_CRYPTO. */
MUST_CHECK bool endorse_by_key(const struct identity *id, const struct key *key,
			       struct endorsement_proof *ret, struct err *err);

/* Against what the reader holds an endorsement. */
struct endorsement_want {
	struct str ca_pem;      /* the bundle this member trusts now */
	struct str crl_pem;     /* CRLFile, if there is one; else empty */
	const char *membership; /* O, OU, DC as model/certificate.h has them; "" when none */
	struct wall now;
	const struct keyring *keyring; /* for MACs; NULL: none is accepted */
};
/* Does the proof endorse this identity? By an operator is never proven here: that is a pin. Errors:
 * ERR_UNTRUSTED (names what does not fit: chain, expiry, host, membership, MAC), ERR_CRYPTO,
 * ERR_SYNTAX. */
MUST_CHECK bool endorsement_check(const struct identity_doc *doc,
				  const struct endorsement_want *want, struct err *err);

/* Judge an identity as this host sees it: sets is_admitted, is_revoked, is_superseded, stands_until
 * and why_not.
 * In order: a revoked SPKI never; a pinned SPKI of its host always (superseded, when it is not the
 * last one that was pinned for it); another SPKI than the pinned ones never (rotactl trust
 * confirm); else by its endorsement. Pins and revocations are the anchor's. */
void identity_judge(struct identity_doc *doc, const struct anchor *anchor,
		    const struct endorsement_want *want);

#endif
