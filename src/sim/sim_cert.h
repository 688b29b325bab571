/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates of the simulator, of cardboard: what a real one says, in a line of text. They keep
 * the shape (a key that belongs to it or not, an issuer that is trusted or not, names, an end), not
 * the strength. Their codec stands in the place of OpenSSL's by fast_certificate.c. */
#ifndef SIM_SIM_CERT_H
#define SIM_SIM_CERT_H

#include "base/buf.h"
#include "model/certificate.h"

/* Who issues: bits, as a CAFile holds several. */
enum { SIM_CA_OWN = 1, SIM_CA_OTHER = 2, SIM_CA_FOREIGN = 4 };
#define SIM_PRIVATE_MARK                                                                           \
	"SIM-PRIVATE-" /* every private key begins so: never to be read elsewhere */
enum { SIM_PUBLIC_CHARS = 16, SIM_NAMES_BYTES = 600 };

struct sim_cert {
	bool is_good; /* a whole file: the certificate, and its private key */
	unsigned serial, ca;
	char key[SIM_PUBLIC_CHARS + 1]; /* the public one */
	struct wall from, until;
	char names[SIM_NAMES_BYTES]; /* "a.example,b.example" */
};

/* The certificate that a text begins with, and whether its private key stands there as well. False:
 * there is none. */
bool sim_cert_read(struct str text, struct sim_cert *ret, bool *ret_has_key, bool *ret_key_fits);
/* Append the certificate alone. */
void sim_cert_print(const struct sim_cert *c, struct buf *out);
bool sim_cert_names(const struct sim_cert *c, const char *host); /* with or without a port */
void sim_cert_view(const struct sim_cert *c, bool has_key, struct cert_view *ret);
/* The public key of a private one's text. */
void sim_cert_public(struct str private_key, char ret[SIM_PUBLIC_CHARS + 1]);
/* What a request asks for; names and key. False: it is none. */
bool sim_cert_request(struct str csr, struct sim_cert *ret);
unsigned sim_cert_trusts(struct str bundle); /* of a CAFile: SIM_CA_ bits */

#endif
