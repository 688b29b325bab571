/* SPDX-License-Identifier: Apache-2.0 */
/* STATE/anchor.json: what a rotad never forgets (PROTOCOL 3), as one line of canonical JSON and one
 * line of checksum, bound to the machine that wrote it. Torn, bent or of another machine it is
 * never believed; what to do then is for round/. The salt is in it: mode 0600. */
#ifndef CODEC_ANCHOR_JSON_H
#define CODEC_ANCHOR_JSON_H

#include "codec/canonical.h"
#include "model/ledger.h"

enum { MACHINE_ID_CHARS = 32 }; /* /etc/machine-id */

/* *ret_text is emptied first. machine_id: 32 hex digits, of which only a hash is written. Errors:
 * ERR_INVALID (the field is named; no machine id), ERR_LIMIT, ERR_MEMORY. */
MUST_CHECK bool anchor_encode(const struct anchor *anchor, const char *machine_id,
			      struct buf *ret_text, struct err *err);
/* Errors: ERR_CRYPTO (torn or bent: the checksum is wrong or missing), ERR_REFUSED (whole, but
 * written on another machine: a cloned image or a moved disk), ERR_UNSUPPORTED (by another
 * version), ERR_PROTOCOL, ERR_INVALID, ERR_LIMIT, ERR_SYNTAX. */
MUST_CHECK bool anchor_decode(struct str text, const char *machine_id, struct anchor *ret,
			      struct err *err);

#endif
