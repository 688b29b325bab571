/* SPDX-License-Identifier: Apache-2.0 */
/* Distinguished names as mongod prints and compares them (know: section 4). */
#ifndef CODEC_DN_H
#define CODEC_DN_H

#include <openssl/x509.h>

#include "base/buf.h"
#include "base/limits.h"

enum { DN_ENTRIES_MAX = 32 }; /* attributes of one name; real ones have under ten */

/* RFC 2253, last RDN first, bytes above 127 as \XX: the text mongod logs and wants in createUser.
 * "" for an empty name. Errors: ERR_LIMIT (longer than out), ERR_INVALID (not convertible to
 * UTF-8). */
MUST_CHECK bool dn_print(const X509_NAME *name, char out[DN_BYTES_MAX], struct err *err);

/* The sorted O, OU and DC entries, "DC=net,O=acme,OU=mongo", repeats kept: two names are members of
 * each other exactly when these are equal and not "". Case counts. Errors as dn_print. */
MUST_CHECK bool dn_membership(const X509_NAME *name, char out[DN_BYTES_MAX], struct err *err);

/* The same of a name in text form. Errors: ERR_SYNTAX too. */
MUST_CHECK bool dn_membership_of(const char *text, char out[DN_BYTES_MAX], struct err *err);

/* Parse RFC 2253 text ("CN=db1,OU=mongo,O=acme", multi-valued RDNs by '+', \ and \XX escapes, OIDs
 * in dotted form). Returns a new name, free with X509_NAME_free; NULL with ERR_SYNTAX (err->column
 * tells where), ERR_LIMIT, ERR_MEMORY. "" gives an empty name. */
MUST_CHECK X509_NAME *dn_parse(struct str text, struct err *err);

/* Append value with RFC 2253's escapes. */
void dn_escape(struct buf *out, struct str value);

#endif
