/* SPDX-License-Identifier: Apache-2.0 */
/* The preflight of a certificate (DESIGN section 5): what mongod checks at its next start, and what
 * it does not check but its peers do. One table of checks, one finding for each, in the words that
 * a CA's operator needs. */
#ifndef CODEC_CERT_CHECK_H
#define CODEC_CERT_CHECK_H

#include "base/buf.h"
#include "base/secret.h"
#include "model/certificate.h"

enum {
	CERT_CHECKS_MAX = 24,
	CERT_TEXT_BYTES = 640,
	CERT_ADVICE_BYTES = 512,
};

struct cert_finding {
	const char *check; /* the row's name, "names": for machines */
	enum cert_severity severity;
	char text[CERT_TEXT_BYTES];     /* a sentence: what was found */
	char advice[CERT_ADVICE_BYTES]; /* what to do; "" when good */
	bool is_skipped;                /* nothing was given to check it by; the text says so */
	bool is_request; /* advice is what to ask the CA for: "EKU serverAuth AND clientAuth" */
};

struct cert_report {
	unsigned n;
	struct cert_finding findings[CERT_CHECKS_MAX];
};

/* A CA bundle that has to accept the certificate, and whose it is. Borrows. */
struct cert_trust {
	const char *who; /* "db2.example.net", "this host" */
	struct str pem;  /* CAFile */
};
/* A peer whose O/OU/DC must be the same. Borrows. */
struct cert_peer {
	const char *who;
	const char *membership; /* of its certificateKeyFile (cert_view.membership) */
};

/* Borrows all. What is not given is not checked, and its finding says so as a note. */
struct cert_check_input {
	struct str pem;                /* the file that mongod would read; may hold a secret */
	const struct secret *password; /* net.tls.certificateKeyFilePassword, or NULL */
	bool is_bare;                  /* pem is an answer without its key */
	const struct cert_wish *wish;
	unsigned trusts_n;
	const struct cert_trust *trusts;
	unsigned peers_n;
	const struct cert_peer *peers;
	struct str crl_pem; /* CRLFile; n 0: none in use */
	struct wall now;
};

/* Run every check. A file that cannot be read gives one finding, "readable". False only when the
 * check itself failed: ERR_MEMORY, ERR_SYNTAX and ERR_LIMIT for a wished name or bundle that cannot
 * be read (err names whose). */
MUST_CHECK bool cert_check(const struct cert_check_input *in, struct cert_report *ret,
			   struct err *err);

enum cert_severity cert_report_worst(const struct cert_report *r);
/* The finding of a check, or NULL when it was not reached. */
const struct cert_finding *cert_report_find(const struct cert_report *r, const char *check);
/* err of the first bad finding: ERR_REFUSED with its text and what cert_report_ask() says. Returns
 * false. */
bool cert_report_err(const struct cert_report *r, struct err *err);
/* One sentence for the ticket, of all findings that are bad (or, when none is, of the warnings):
 * "ask the CA for: EKU serverAuth AND clientAuth (or none); SAN DNS:db1.example.net". What is to be
 * done without the CA comes after it. Appends; nothing when all is good. */
void cert_report_ask(const struct cert_report *r, struct buf *out);
const char *cert_severity_name(enum cert_severity s); /* "good", "note", "warning", "bad" */

/* The rows, for help and the manual. */
struct cert_check_row {
	const char *name;
	const char *what; /* "the names in rs.conf are in the SAN" */
};
unsigned cert_checks_n(void);
const struct cert_check_row *cert_check_row(unsigned i); /* i below cert_checks_n() */

/* mongod's rule for one name of a certificate: the same without regard to case and one final dot,
 * or "*." and then the same from the first dot on. */
bool cert_name_matches(const char *host, const char *pattern);

#endif
