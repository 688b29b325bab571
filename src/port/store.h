/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger's documents, with compare-and-set. Implemented by mongod/store_set.c (collection
 * rotad.ledger in database admin of the set, through rotad-mongo) for replica sets, by
 * sys/store_file.c (a locked local file) for standalones, and by fakes. */
#ifndef PORT_STORE_H
#define PORT_STORE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/limits.h"
#include "model/store_doc.h"

enum store_outcome {
	STORE_DONE,      /* majority acknowledged and journalled */
	STORE_CONFLICT,  /* another revision is there; nothing written */
	STORE_AMBIGUOUS, /* no answer, or not majority acknowledged: read until the nonce or a
			    higher revision shows (PROTOCOL 3) */
};

struct store_ops {
	/* All documents whose id starts with prefix, at most DOCS_MAX, in order of id; majority
	 * read from the primary. */
	bool (*list)(void *self, const char *prefix, struct arena *arena, struct store_doc **ret,
		     size_t *ret_n, struct err *err);
	/* One document by a linearizable read. "Not there" is *ret_found false. */
	bool (*read)(void *self, const char *id, struct arena *arena, struct store_doc *ret,
		     bool *ret_found, struct err *err);
	/* Write doc->text at doc->id if its revision is still `expected` (0: it must not exist);
	 * doc->rev is ignored, doc->nonce is stored. Returns true with an outcome, false with err
	 * for errors before anything was sent. */
	bool (*swap)(void *self, const struct store_doc *doc, int64_t expected,
		     enum store_outcome *ret, struct err *err);
	/* Delete if the revision is still expected. */
	bool (*remove)(void *self, const char *id, int64_t expected, enum store_outcome *ret,
		       struct err *err);
};

struct store_port {
	const struct store_ops *ops;
	void *self;
};

#endif
