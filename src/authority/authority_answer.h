/* SPDX-License-Identifier: Apache-2.0 */
/* What the backends share when they read what an authority said. Nothing of it is trusted: whether
 * the certificate is the one asked for is codec/cert_check.h's to judge, before it is installed. */
#ifndef AUTHORITY_AUTHORITY_ANSWER_H
#define AUTHORITY_AUTHORITY_ANSWER_H

#include "port/authority.h"

/* The certificates of text (PEM, anything between the blocks is passed over), leaf first, then what
 * leads to the root, without self-signed ones, into a new *ret. *ret_certs_n counts them. Errors:
 * ERR_PROTOCOL (no certificate, two leafs, torn), ERR_LIMIT, ERR_MEMORY. */
MUST_CHECK bool answer_chain(struct str text, struct buf *ret, unsigned *ret_certs_n,
			     struct err *err);

/* A stranger's words made fit for an error text: one line, printable ASCII, at most out_n - 1
 * bytes. Returns out. */
const char *answer_words(struct str text, char *out, size_t out_n);

#endif
