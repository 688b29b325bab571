/* SPDX-License-Identifier: Apache-2.0 */
/* This host's own record, STATE/journal: what rotad was about to do, what came of it, what is owed.
 * Written before an act and after its proof; codec/journal_line.h is its text. No secret in it. */
#ifndef MODEL_JOURNAL_ENTRY_H
#define MODEL_JOURNAL_ENTRY_H

#include "model/ledger.h"

enum journal_kind {
	JOURNAL_INTENT, /* an act begins: durable before it does */
	JOURNAL_PROOF,  /* its postcondition was seen to hold */
	JOURNAL_FAILED, /* it did not come about */
	JOURNAL_DEBT,   /* something is owed (a failed reload, a hook) and is tried again */
	JOURNAL_BUDGET, /* something that may happen only so often has happened */
	JOURNAL_NOTE,   /* for the history only */
	JOURNAL_KIND_N
};

enum {
	JOURNAL_TEXT_BYTES = 768,
	JOURNAL_LINE_BYTES_MAX = 4096,        /* one line, its newline included */
	JOURNAL_FILE_BYTES_MAX = 1024 * 1024, /* what is read back at a start; then it is rolled */
};

struct journal_entry {
	uint64_t seq; /* 1.., rises by line; never again used */
	struct wall at;
	enum journal_kind kind;
	char act[48];                          /* the act's word, "put-keyfile"; "" of a note */
	char instance[NAME_BYTES_MAX];         /* "" for the whole host */
	char subject[HOST_BYTES_MAX];          /* member, file's owner or peer concerned; "" none */
	uint64_t generation;                   /* 0: of none */
	uint64_t of;                           /* PROOF, FAILED: seq of the intent; 0 none */
	char process_id[PROCESS_ID_CHARS + 1]; /* the process that the act ends or was seen; "" */
	struct ring_ids ring;                  /* keys written or restarted onto; not known: none */
	struct token order;                    /* it serves; "" none */
	struct wall next;                      /* DEBT: tried again then; 0 no time */
	char text[JOURNAL_TEXT_BYTES];         /* for people: why, or what went wrong */
};

#endif
