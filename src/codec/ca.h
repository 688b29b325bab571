/* SPDX-License-Identifier: Apache-2.0 */
/* A small certification authority: a root, leaf certificates, CRLs. No clock and no randomness of
 * its own: times and serial numbers are given. What it signs is what the wish says (for members:
 * what rs.conf says), never what a request asks for beyond it. */
#ifndef CODEC_CA_H
#define CODEC_CA_H

#include "base/cleanup.h"
#include "base/secret.h"
#include "model/certificate.h"

#define CA_BACKDATE_US (10 * US_MIN) /* start of a leaf before now: clocks of peers differ */
#define CA_LEAF_DEFAULT_US (90 * US_DAY)
#define CA_LEAF_MAX_US (825 * US_DAY) /* of a leaf; more helps nobody to rotate */
#define CA_ROOT_MAX_US (30 * 366 * US_DAY)
#define CA_CRL_DEFAULT_US (30 * US_DAY)
enum { CA_SERIAL_BYTES = 16, CA_REVOKED_MAX = 10000 };

/* Random bytes of one serial number (127 bits are used). */
struct ca_serial {
	unsigned char bytes[CA_SERIAL_BYTES];
};

struct ca_signer; /* an opened CA: certificate, its issuers, private key */

struct ca_root_wish {
	const char *subject;  /* RFC 2253 */
	enum cert_key key;    /* CERT_KEY_UNKNOWN: P-256 */
	unsigned key_bits;    /* RSA */
	int64_t valid_for_us; /* at most CA_ROOT_MAX_US */
	struct wall now;
	struct ca_serial serial;
};
/* Make a root: its key and its certificate, which may sign leafs only (pathlen 0). *ret_key is new:
 * end with secret_fini(). Errors: ERR_SYNTAX, ERR_INVALID, ERR_CRYPTO, ERR_MEMORY. */
MUST_CHECK bool ca_root_new(const struct ca_root_wish *w, struct secret *ret_key,
			    struct buf *ret_cert_pem, struct err *err);

/* Open a CA: cert_pem is its certificate first, then what stands between it and its root. Returns
 * new, free with ca_free(); NULL on error: ERR_CRYPTO (key does not match), ERR_INVALID (no CA, may
 * not sign), pem_read()'s. */
MUST_CHECK struct ca_signer *ca_open(struct str cert_pem, struct str key_pem,
				     const struct secret *password, struct err *err);
void ca_free(struct ca_signer *ca); /* accepts NULL */
typedef struct ca_signer ca_signer;
DEFINE_AUTO(ca_signer, ca_free);
/* Its certificate; chain_not_after counts its issuers. */
const struct cert_view *ca_view(const struct ca_signer *ca);

/* Sign a request. Takes from it the public key alone, after checking its own signature; subject,
 * names and usages are the wish's. wish->valid_for_us 0: default_for_us; never longer than the CA's
 * own chain. Appends leaf and intermediates as PEM to out.
 * Errors: ERR_REFUSED (the request asks for a name, a subject's O/OU/DC, a CA flag or a usage
 * beyond the wish; a weak key or one of another type; too little of the CA's life is left:
 * wish->min_left_us), ERR_SYNTAX, ERR_CRYPTO (signature of the request), ERR_MEMORY. */
MUST_CHECK bool ca_sign_csr(const struct ca_signer *ca, struct str csr_pem,
			    const struct cert_wish *wish, struct wall now, int64_t default_for_us,
			    const struct ca_serial *serial, struct buf *out, struct err *err);

/* Make a CRL (PEM, appended to out). `number` must rise from one to the next; lasts for_us from
 * now. Errors: ERR_LIMIT, ERR_INVALID (a serial that is no hexadecimal number), ERR_CRYPTO. */
struct ca_revoked {
	char serial[64]; /* hexadecimal, as cert_view.serial */
	struct wall at;
};
MUST_CHECK bool ca_sign_crl(const struct ca_signer *ca, const struct ca_revoked *list,
			    unsigned list_n, uint64_t number, struct wall now, int64_t for_us,
			    struct buf *out, struct err *err);

#endif
