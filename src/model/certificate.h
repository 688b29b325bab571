/* SPDX-License-Identifier: Apache-2.0 */
/* What rotad knows of a certificate, without OpenSSL: a plain value that the planner and the tables
 * read. */
#ifndef MODEL_CERTIFICATE_H
#define MODEL_CERTIFICATE_H

#include "base/clock.h"
#include "base/limits.h"

enum cert_key {
	CERT_KEY_UNKNOWN,
	CERT_KEY_RSA,
	CERT_KEY_P256,
	CERT_KEY_P384,
	CERT_KEY_ED25519,
	CERT_KEY_N
};

/* The leaf of a PEM, and its chain's earliest end. */
struct cert_view {
	bool is_known; /* false: not looked at or not readable: see the error told beside it */
	char subject[DN_BYTES_MAX]; /* RFC 2253, as mongod prints it */
	char issuer[DN_BYTES_MAX];
	char membership[DN_BYTES_MAX]; /* the sorted O, OU, DC entries, "O=acme,OU=mongo": equal on
					  all members (know: section 4) */
	char serial[64];               /* upper-case hex */
	char sha256[65];               /* lower-case hex of the DER's SHA-256 */
	char spki[65];                 /* lower-case hex of the SubjectPublicKeyInfo's SHA-256 */
	struct wall not_before, not_after; /* the leaf's own */
	struct wall chain_not_after; /* the earliest end in the chain as served or as in the file,
					leaf included */
	enum cert_key key;
	unsigned key_bits;
	bool has_eku, eku_server, eku_client; /* no EKU at all is good for both */
	bool is_ca;
	bool has_private_key; /* in the same PEM, and it matches */
	unsigned names_n;
	char names[NAMES_PER_CERT_MAX]
		  [HOST_BYTES_MAX]; /* SAN: DNS names and IP addresses in text form */
};

/* What a new certificate must be, before it is asked for and again before it is installed (DESIGN
 * section 5). */
struct cert_wish {
	char subject[DN_BYTES_MAX]; /* of the certificate in use; CN and all; "" lets the authority
				       choose */
	char membership[DN_BYTES_MAX]; /* must be equal; "" when x509 membership is not in use and
					  peers have none */
	unsigned names_n;
	char names[16][HOST_BYTES_MAX];  /* all must be in the SAN: rs.conf host without port, its
					    horizons, extra names */
	enum cert_key key;               /* CERT_KEY_UNKNOWN: any */
	unsigned key_bits;               /* of an RSA key: at least these; 0: any for a check, 3072
					    for a new key */
	bool needs_server, needs_client; /* EKU, or none at all */
	int64_t valid_for_us;            /* asked for; 0: the authority's default */
	int64_t min_left_us;             /* refuse one that ends sooner than this from now */
};

/* One finding of the preflight; the table of checks is in codec/cert_check.h. */
enum cert_severity { CERT_GOOD, CERT_NOTE, CERT_WARN, CERT_BAD };

#endif
