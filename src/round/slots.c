/* SPDX-License-Identifier: Apache-2.0 */
/* The turns of a sharded cluster are one document with a slot for each set in a turn (PROTOCOL 2):
 * whoever takes or gives back one compares it with what was read when that was judged. Where only
 * other sets' slots moved meanwhile, and in a way that takes nothing from the judgement, it is
 * tried again at once: else two sets that meet there lose half a second each. */
#include "round/slots.h"

#include <string.h>

#include "base/cleanup.h"
#include "codec/digest.h"
#include "round/ledger_read.h"
#include "round/ledger_write.h"

enum { TRIES_MAX = 3 };

static const struct claims_part *find_slot(const struct claims_parts *parts, const char *set)
{
	for (unsigned i = 0; i < parts->n; i++)
		if (strcmp(parts->slots[i].set, set) == 0)
			return &parts->slots[i];
	return NULL;
}

bool slots_judge(struct seat *t, const struct claims_parts *parts, struct err *err)
{
	struct cluster_memory *c = t->cluster;
	const struct claims_part *own = find_slot(parts, c->sets[0].name);
	memset(&c->own_slot, 0, sizeof(c->own_slot));
	return !own || sha256_digest(own->text, &c->own_slot, err);
}

/* In a turn, as it was judged; also one that cannot be told whose it is. Not: one taken for gone.
 */
static bool was_in_turn(const struct seat *t, const char *set)
{
	const struct seen_ledger *l = &t->seen->ledger;
	for (unsigned i = 0; i < l->slots_n; i++)
		if (strcmp(l->slots[i].set, set) == 0)
			return true;
	return false;
}

/* The own slot is as it was judged; and to take it, no set is in a turn that was not in one then,
 * and none is taken for gone: that was judged by what has moved since. */
static bool is_as_judged(const struct seat *t, const struct claims_parts *parts,
			 enum claim_state state)
{
	const struct cluster_memory *c = t->cluster;
	const struct claims_part *own = find_slot(parts, c->sets[0].name);
	struct digest now = {.hex = ""};
	struct err err = ERR_INIT;
	if ((own && !sha256_digest(own->text, &now, &err)) || !digest_equal(&now, &c->own_slot))
		return false;
	for (unsigned i = 0; state != CLAIM_FREE && i < parts->n; i++)
		if (&parts->slots[i] != own && !was_in_turn(t, parts->slots[i].set))
			return false;
	return true;
}

/* Into the document as it reads now. *ret_again: it was changed between the two. */
static bool try_put(struct seat *t, enum claim_state state, struct str claim, bool *ret_again,
		    struct err *err)
{
	const struct store_port *store = seat_store(t);
	const struct cluster_memory *c = t->cluster;
	auto_buf struct buf text = {.max = DOC_BYTES_MAX};
	struct claims_parts parts = {.n = 0};
	struct store_doc doc = {.rev = 0};
	bool found;
	*ret_again = false;
	if (!store->ops->read(store->self, CLAIMS_DOC, &t->arena, &doc, &found, err))
		return err_in(err, "reading the turns");
	if (found && !claims_decode(doc.text, &parts, err))
		return false;
	int64_t rev = found ? doc.rev : 0;
	if (rev != t->revs_claim && !is_as_judged(t, &parts, state))
		return err_set(err, ERR_CONFLICT, "another set's turn began or ended meanwhile");
	for (unsigned i = 0; state != CLAIM_FREE && i < c->slots_n; i++)
		/* It may have stood still when it could be read last. */
		if (c->slots[i].is_stale && !was_in_turn(t, c->slots[i].set) &&
		    strcmp(c->slots[i].set, c->sets[0].name) != 0 &&
		    !claims_put(&parts, c->slots[i].set, (struct str){.n = 0}, err))
			return false;
	if (!claims_put(&parts, c->sets[0].name, state == CLAIM_FREE ? (struct str){.n = 0} : claim,
			err) ||
	    !claims_encode(&parts, &text, err))
		return false;
	if (ledger_swap(t, CLAIMS_DOC, buf_str(&text), rev, err))
		return true;
	*ret_again = err->kind == ERR_CONFLICT;
	return false;
}

bool slots_put(struct seat *t, enum claim_state state, struct str claim, struct err *err)
{
	bool again;
	if (!t->cluster || t->cluster->sets_n == 0)
		return err_set(err, ERR_NOT_FOUND, "the sharded cluster is not known");
	for (int left = TRIES_MAX; !try_put(t, state, claim, &again, err); err_clear(err))
		if (!again || --left == 0)
			return false;
	return true;
}
