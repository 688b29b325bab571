/* SPDX-License-Identifier: Apache-2.0 */
/* Which documents of the ledger nothing and nobody needs any more. Judges only; they are removed by
 * compare-and-set on the revision that was judged (round/enact.c). */
#ifndef ROUND_LEDGER_TIDY_H
#define ROUND_LEDGER_TIDY_H

#include "codec/ledger_json.h"
#include "model/store_doc.h"

enum tidy_verdict {
	TIDY_KEEP, /* needed, or not known what it is */
	TIDY_REST, /* needed by nothing seen; goes once it has stayed so for a while */
	TIDY_NOW,  /* can never be needed again */
};

/* The ledger as it is believed. All is borrowed. */
struct tidy_view {
	const struct store_doc *docs;
	size_t docs_n;
	const struct doc_trust *trust;
	const struct proposal *proposal; /* of the highest generation; NULL: none yet */
	bool is_closed;                  /* that generation has ended */
	/* Members of the configuration as it reads now; not empty, or everything stays. */
	const char *const *hosts;
	unsigned hosts_n;
	/* Identities that could be read, whether admitted or not. */
	const struct identity_doc *identities;
	unsigned identities_n;
};

/* What about document i? */
enum tidy_verdict tidy_judge(const struct tidy_view *v, size_t i);

#endif
