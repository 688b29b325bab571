/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger as this seat believes it: every document's signature checked, its signer judged, the
 * rest told. */
#ifndef ROUND_LEDGER_READ_H
#define ROUND_LEDGER_READ_H

#include "codec/ledger_json.h"
#include "round/seat.h"

/* Read all documents into seat->seen->ledger, the members' statements and seat->identities. Never
 * fails: what is not readable is not known, and why stands beside it. Opens envelopes for this host
 * into the keychain. */
void ledger_read(struct seat *t);
/* Nothing is known of the ledger any more. */
void ledger_forget(struct seen_ledger *l);
/* Has any document come, gone or changed since ledger_read()? False also when it does not answer.
 */
bool ledger_moved(struct seat *t);
/* Whom to believe, for decoding: the identities read last. */
struct doc_trust seat_trust(struct seat *t);
/* The key by which this rotad shows that it belongs here; NULL: it has none. */
const struct secret *seat_endorsing_key(const struct seat *t, bool is_joined);
#define CLAIMS_DOC "claims" /* the turns of a sharded cluster; a set's own is "claim" */
/* Document ids. out has DOC_ID_BYTES. */
const char *doc_id(char *out, const char *kind, const char *name);
const char *doc_id_n(char *out, const char *kind, uint64_t generation);
const char *doc_id_welcome(char *out, const struct spki *to);
const char *envelope_id(char *out, const struct digest *proposal, const struct spki *to);

#endif
