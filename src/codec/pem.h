/* SPDX-License-Identifier: Apache-2.0 */
/* PEM files: the one mongod reads (leaf, private key, chain in any order), an authority's answer, a
 * bundle of CA certificates. Structure only: whether a certificate is good is codec/cert_check.h.
 */
#ifndef CODEC_PEM_H
#define CODEC_PEM_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/secret.h"

enum pem_want {
	PEM_MEMBER, /* one leaf, exactly one private key, any chain: net.tls.certificateKeyFile */
	PEM_CHAIN,  /* one leaf, no key wanted (one that is there is read): an answer, a peer's file
		     */
	PEM_BUNDLE, /* certificates of any kind, no leaf: CAFile */
};

struct pem_file {
	unsigned certs_n;               /* 1..CERTS_PER_PEM_MAX */
	X509 *certs[CERTS_PER_PEM_MAX]; /* owned. Leaf first, then each one's issuer as far as the
					   file has it, then the rest; a bundle keeps its order */
	EVP_PKEY *key;                  /* owned, or NULL */
	bool is_leaf_first; /* in the file: mongod takes the first certificate for the leaf */
	bool key_matches;   /* the leaf */
	bool was_encrypted; /* the key, in the file */
	unsigned others_n;  /* blocks that mongod passes over: parameters, requests, unknown ones */
};

/* Read a PEM text of at most PEM_BYTES_MAX bytes. Borrows all; password is NULL or opens an
 * encrypted key. Text between the blocks is allowed. End *ret with pem_fini().
 * A key that does not match is no error here: see key_matches.
 * Errors: ERR_SYNTAX (err->line: no END, BEGIN within a block, not decodable, two leafs, two keys,
 * no certificate, no key), ERR_LIMIT (size, number of certificates), ERR_AUTH (encrypted key
 * without password, or a wrong one), ERR_UNSUPPORTED (a kind of key that mongod cannot use),
 * ERR_MEMORY. */
MUST_CHECK bool pem_read(struct str text, const struct secret *password, enum pem_want want,
			 struct pem_file *ret, struct err *err);
void pem_fini(struct pem_file *f); /* accepts a zeroed one */
#define auto_pem __attribute__((cleanup(pem_fini)))

/* Write the file that mongod wants: leaf, private key (PKCS#8, not encrypted), then the chain
 * without self-signed roots. *ret is new: end with secret_fini(). Errors: ERR_CRYPTO (key and leaf
 * do not match), ERR_INVALID (no key), ERR_LIMIT, ERR_MEMORY. */
MUST_CHECK bool pem_write(const struct pem_file *f, struct secret *ret, struct err *err);

/* The same from an authority's answer and the key that was made for it. Errors: pem_read's,
 * pem_write's. */
MUST_CHECK bool pem_join(struct str chain_pem, const struct secret *key_pem, struct secret *ret,
			 struct err *err);

/* Read one private key of a PEM text. NULL with pem_read's errors; free with EVP_PKEY_free. */
MUST_CHECK EVP_PKEY *pem_read_key(struct str text, const struct secret *password, struct err *err);
/* A key as PKCS#8 PEM, not encrypted; *ret is new: end with secret_fini(). */
MUST_CHECK bool pem_write_key(const EVP_PKEY *key, struct secret *ret, struct err *err);
/* Append certificates as PEM. */
MUST_CHECK bool pem_write_certs(X509 *const *certs, unsigned certs_n, struct buf *out,
				struct err *err);

/* One block: "-----BEGIN LABEL-----" to its END line. */
struct pem_block {
	struct str label; /* "CERTIFICATE" */
	struct str text;  /* both lines included */
	int line;         /* of BEGIN, 1-based */
};
/* Cut the next block off *rest, which begins at line *line; both move on. False with err cleared at
 * the end of the text, false with ERR_SYNTAX for a torn block. */
MUST_CHECK bool pem_next(struct str *rest, int *line, struct pem_block *ret, struct err *err);

#endif
