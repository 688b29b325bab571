/* SPDX-License-Identifier: Apache-2.0 */
/* A ledger that is lost, restored or stuck, made anew by persons (PROTOCOL 3): one host makes it
 * from what is observed, and a person tells each other host to go over to it, by its id. */
#ifndef ROUND_REBUILD_H
#define ROUND_REBUILD_H

#include "round/seat.h"

/* What a rebuilt ledger says of itself beside its id, which is made of it: whoever has the id from
 * a person has all of it. */
struct rebuilt_root {
	char cluster[NAME_BYTES_MAX];
	struct token id, nonce;
	struct key_id pivot; /* under the cluster's salt, which stays */
};
/* False when text is no root of a rebuilt ledger, or its id is not made of what it says. */
bool rebuilt_root_parse(struct str text, struct rebuilt_root *ret);
MUST_CHECK bool rebuilt_root_print(const struct rebuilt_root *r, struct buf *ret, struct err *err);
/* Compute r->id of the rest. */
MUST_CHECK bool rebuilt_root_name(struct rebuilt_root *r, struct err *err);

/* May an anchor go over to a ledger whose pivot is that key? For this host's own member it is in
 * file and process, as the caller has seen. The pivot of the anchor, or the next key unless a nay
 * burnt it, or what an earlier one of these put aside, until the next generation retires it: no
 * host gives up a pivot that moved by votes, and none follows to a dead key. Pure. Errors:
 * ERR_REFUSED. */
MUST_CHECK bool rebuild_may(const struct anchor *a, const struct key_id *pivot, struct err *err);
/* Keys that one made here may go on with, the better first. Pure. */
enum { REBUILD_CANDIDATES_MAX = 3 };
unsigned rebuild_candidates(const struct anchor *a, struct key_name out[REBUILD_CANDIDATES_MAX]);
/* Does no other host act by its turn, as far as that can be read? Pure. Errors: ERR_REFUSED. */
MUST_CHECK bool rebuild_turn_is_free(const struct seen *s, struct err *err);
/* Go over to it: a yea of before binds until the next rotation, which needs all hosts; till then
 * the other key of the generation stays where it is, put aside as `burnt`. Pure. */
void rebuild_adopt(struct anchor *a, const struct rebuilt_root *r);

/* Make it. Every member must be seen to accept one key of this host's file. Errors: ERR_REFUSED,
 * those of the store. */
MUST_CHECK bool ledger_rebuild(struct seat *t, struct rebuilt_root *ret, struct err *err);
/* Go over to the one whose id begins with `id`, at least REBUILT_ID_MIN characters. */
enum { REBUILT_ID_MIN = 8 };
MUST_CHECK bool ledger_join(struct seat *t, const char *id, struct rebuilt_root *ret,
			    struct err *err);

#endif
