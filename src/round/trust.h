/* SPDX-License-Identifier: Apache-2.0 */
/* Whom this host believes (PROTOCOL 6): the pins of its anchor, kept here and not in the ledger. A
 * pin is made at first sight of an admitted identity, and by a person for a host that came back
 * with another one; nothing else makes or changes one. Whom a person revoked, on any host, is
 * remembered beside the pins. */
#ifndef ROUND_TRUST_H
#define ROUND_TRUST_H

#include <jansson.h>

#include "round/seat.h"

enum { TRUST_TYPED_MIN = 16 }; /* hex digits of a fingerprint that a person gives at least */

/* The present identity of a host by the pins: the last one. NULL: none is pinned. */
const struct spki *trust_find_pin(const struct anchor *a, const char *host);

/* Pin the admitted identities of hosts that have no pin yet. Of several of one host (it lost its
 * state before this host joined) it is the one that speaks for the member, after those that the
 * proposal names, which are of before; while none speaks, none is. speaks[i] belongs to
 * t->identities[i]. What cannot be written is tried again in the next round. */
void trust_pin(struct seat *t, const bool *speaks);

/* What a person's confirmation did. */
struct trust_confirmed {
	const struct identity *identity; /* borrowed of the seat */
	bool was_admitted;               /* nothing was to be done */
};
/* Admit the identity whose fingerprint (64 hex digits, its SPKI) begins so as the present one of
 * that host, as rs.conf names it, with or without port. By what the seat read just now. The
 * identities that were pinned before stay, superseded. Errors: ERR_INVALID (fingerprint),
 * ERR_NOT_FOUND (no such identity), ERR_REFUSED (this host's own; no member; revoked; superseded
 * before; the ledger cannot be believed now), ERR_CONFLICT (it fits two), ERR_LIMIT, those of
 * anchor_put(). */
MUST_CHECK bool trust_confirm(struct seat *t, const char *host, const char *fingerprint,
			      struct trust_confirmed *ret, struct err *err);

/* What this host knows of generations as it reads a revocation. */
struct trust_sight {
	bool is_joined;   /* else the anchor is not written: it would say that it is */
	uint64_t newest;  /* believed here, by the trust of before */
	uint64_t highest; /* of which a proposal stands in the ledger, believed or not */
};
/* Is it remembered here? */
bool trust_is_revoked(const struct seat *t, const struct spki *spki);
/* Does it say more than this host remembers? */
bool trust_is_news(const struct seat *t, const struct revocation *r);
/* Never believe that identity again, from here on and durably, save what it said of generations up
 * to revocation's: no less than this host follows, no more than it can have believed. That rises
 * once, by one, where that one is proposed (it was as the document was written). False when it was
 * known. Its room is that of one that the ledger does not hold any more. What cannot be written now
 * holds until this rotad ends, and is read again then. */
bool trust_take_revocation(struct seat *t, const struct revocation *r, const struct trust_sight *s);
/* Does this document, "revocation/SPKI", tell whoever believes what this host believes? */
bool trust_revocation_stands(struct seat *t, const struct spki *spki, struct str text,
			     struct revocation *ret);
/* Write what this host remembers and the ledger lacks (t->revocations_owed). Errors: those of the
 * store. */
MUST_CHECK bool trust_publish_owed(struct seat *t, struct err *err);
/* Was the identity that spoke for this host revoked, and is there no other? */
bool trust_is_host_revoked(const struct seat *t, const char *host);

/* What a person's revocation did. */
enum { REVOKED_AT_ONCE_MAX = 8 };
struct trust_revoked {
	char host[HOST_BYTES_MAX];
	unsigned n; /* 0: all were revoked before */
	struct spki spki[REVOKED_AT_ONCE_MAX];
};
/* Revoke all identities of that host (with or without port), or the one whose fingerprint begins
 * so: here, and by a document for all hosts. By what the seat read just now; what was revoked
 * before and did not reach the ledger is written again. Errors: as trust_confirm() (ERR_CONFLICT:
 * two members fit); ERR_LIMIT, those of the store: then it is revoked here, and owed to the others.
 */
MUST_CHECK bool trust_revoke(struct seat *t, const char *host_or_fingerprint, const char *who,
			     const char *why, struct trust_revoked *ret, struct err *err);

/* All identities as this host judges them, for `rotactl trust list`: a new array. */
json_t *trust_json(const struct seat *t);

#endif
