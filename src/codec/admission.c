/* SPDX-License-Identifier: Apache-2.0 */
/* Whether this host believes an identity: by its pins and revocations, else by what endorses it
 * (PROTOCOL 6). What an endorsement is worth is codec/endorsement.c's. */
#include <string.h>

#include "codec/digest.h"
#include "codec/identity.h"

static void say_why(struct identity *id, const char *why)
{
	size_t n = MIN(strlen(why), sizeof(id->why_not) - 1);
	memcpy(id->why_not, why, n); /* for people: the begin says it */
	id->why_not[n] = 0;
}

/* Whatever was said of it before. */
static void judge_admission(struct identity_doc *doc, const struct anchor *anchor,
			    const struct endorsement_want *want)
{
	struct identity *id = &doc->identity;
	struct err err = ERR_INIT;
	const struct spki *present = NULL;
	bool is_pinned = false;
	ASSERT(anchor->pins_n <= MEMBERS_MAX);
	for (unsigned i = 0; i < anchor->pins_n; i++) {
		if (strcmp(anchor->pins[i].host, id->host) != 0)
			continue;
		present = &anchor->pins[i].spki;
		is_pinned = is_pinned || spki_equal(present, &id->spki);
	}
	if (is_pinned) {
		id->is_admitted = true;
		id->is_superseded = !spki_equal(present, &id->spki);
		return;
	}
	if (present) {
		say_why(id, "this host pinned another identity for it (rotactl trust confirm)");
		return;
	}
	if (endorsement_check(doc, want, &err))
		id->is_admitted = true;
	else
		say_why(id, err.text);
}

void identity_judge(struct identity_doc *doc, const struct anchor *anchor,
		    const struct endorsement_want *want)
{
	struct identity *id = &doc->identity;
	id->is_admitted = id->is_revoked = id->is_superseded = false;
	id->stands_until = 0;
	id->why_not[0] = 0;
	judge_admission(doc, anchor, want);
	ASSERT(anchor->revoked_n <= REVOKED_MAX);
	for (unsigned i = 0; i < anchor->revoked_n; i++) {
		if (!spki_equal(&anchor->revoked[i].spki, &id->spki))
			continue;
		id->stands_until = id->is_admitted ? anchor->revoked[i].generation : 0;
		id->is_revoked = true;
		id->is_admitted = id->is_superseded = false;
		say_why(id, "revoked");
		return;
	}
}
