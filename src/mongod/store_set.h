/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger's collection, admin.rotad.ledger of a set: documents {_id, rev, nonce, text}, changed
 * by compare-and-set on rev, acknowledged by the majority and journalled. Makes no index; knows
 * nothing of what the texts say. */
#ifndef MONGOD_STORE_SET_H
#define MONGOD_STORE_SET_H

#include "mongod/probe.h"
#include "port/store.h"

#define STORE_COLLECTION "rotad.ledger"
enum {
	STORE_PAGE_DOCS = 64,               /* in one answer of store_set_list() */
	STORE_PAGE_BYTES = 2 * 1024 * 1024, /* so that it fits a frame, escaped as JSON */
};

/* Where to look for the primary. Borrows. */
struct store_set {
	struct session_pool *pool;
	unsigned targets_n;
	struct mongod_target targets[MEMBERS_MAX];
	struct mongod_login login;
	struct mono deadline;
	char *primary; /* [HOST_BYTES_MAX]: where it was last time, "" for not known; written */
};

/* Documents with prefix <= id, id > after (NULL: from the first), as objects appended to out;
 * *ret_more tells that there are more. Errors of all: ERR_UNREACHABLE (no primary is known to those
 * asked), session_run()'s. */
MUST_CHECK bool store_set_list(struct store_set *s, const char *prefix, const char *after,
			       json_t *out, bool *ret_more, struct err *err);
/* A linearizable read. *ret_doc is a new object, NULL when there is none. */
MUST_CHECK bool store_set_read(struct store_set *s, const char *id, json_t **ret_doc,
			       struct err *err);
/* doc NULL: remove. False only when nothing was written. */
MUST_CHECK bool store_set_swap(struct store_set *s, const char *id, const struct store_doc *doc,
			       int64_t expected, enum store_outcome *ret, struct err *err);

/* What a write's reply means: for tests. True with an outcome, false with err; *ret_is_elsewhere:
 * it was no primary, and nothing was done. */
MUST_CHECK bool store_outcome_read(const bson_t *reply, enum store_outcome *ret,
				   bool *ret_is_elsewhere, struct err *err);

#endif
