/* SPDX-License-Identifier: Apache-2.0 */
/* Text that people read and edit, with a signature behind it in the same file: a detached CMS in
 * lines that begin with "# ", so that the whole stays good YAML and is replaced as one:
 *
 *   serial: 412
 *   # -----BEGIN CMS-----
 *   # MIIB...
 *   # -----END CMS-----
 *
 * What is signed are all bytes before the BEGIN line. Without rotactl:
 *   openssl cms -sign -binary -md sha256 -in F -signer S.pem -inkey S.key -outform PEM |
 *     sed 's/^/# /' >> F */
#ifndef CODEC_SIGNED_TEXT_H
#define CODEC_SIGNED_TEXT_H

#include "base/clock.h"
#include "base/secret.h"

enum { SIGNED_TEXT_SIGNATURE_MAX = 32 * 1024, SIGNERS_MAX = 8 };

struct signed_text {
	struct str content;   /* borrowed: what stands before the signature; all without one */
	struct str signature; /* borrowed: its lines, "# " and all; empty without one */
};
/* Take text apart; nothing is verified. Errors: ERR_SYNTAX (a torn signature, text behind it),
 * ERR_LIMIT. */
MUST_CHECK bool signed_text_split(struct str text, struct signed_text *ret, struct err *err);

/* Was it signed by one of the certificates in signers_pem (1..SIGNERS_MAX, pinned as they are: no
 * chain is built) that is valid at now? ret_signer takes the subject, or is NULL. Errors:
 * ERR_UNTRUSTED (no signature, another signer, certificate out of its time), ERR_CRYPTO (content
 * and signature do not fit, weak digest), ERR_SYNTAX. */
MUST_CHECK bool signed_text_verify(const struct signed_text *text, struct str signers_pem,
				   struct wall now, char *ret_signer, size_t ret_signer_n,
				   struct err *err);

/* Append content and its signature to out; a signature that stands there is left out first. Errors:
 * ERR_CRYPTO (key and certificate do not match), ERR_SYNTAX, ERR_MEMORY. */
MUST_CHECK bool signed_text_sign(struct str text, struct str signer_pem, const struct secret *key,
				 struct buf *out, struct err *err);

#endif
