/* SPDX-License-Identifier: Apache-2.0 */
/* Writes to the ledger. Nothing is decided from the answer of a write alone. */
#include "round/ledger_write.h"

#include <string.h>

#include "base/cleanup.h"
#include "codec/ledger_json.h"
#include "round/ledger_read.h"

enum { TRIES_MAX = 5 };

/* After an answer that does not tell: what does a linearizable read show? */
enum shown { SHOWN_OURS, SHOWN_OTHER, SHOWN_OLD, SHOWN_NOTHING };
static enum shown look(struct seat *t, const struct store_doc *mine, int64_t expected)
{
	const struct store_port *store = seat_store(t);
	struct store_doc doc;
	struct err err = ERR_INIT;
	bool found;
	if (!store->ops->read(store->self, mine->id, &t->arena, &doc, &found, &err))
		return SHOWN_NOTHING;
	if (found && strcmp(doc.nonce, mine->nonce) == 0)
		return SHOWN_OURS;
	return found && doc.rev > expected ? SHOWN_OTHER : SHOWN_OLD;
}

bool ledger_swap(struct seat *t, const char *id, struct str text, int64_t expected, struct err *err)
{
	const struct store_port *store = seat_store(t);
	struct token nonce;
	struct store_doc doc = {.text = text};
	if (!copy_z(doc.id, sizeof(doc.id), id))
		return err_set(err, ERR_LIMIT, "the document's id is too long");
	if (!seat_token(t, &nonce, err))
		return false;
	cut_z(doc.nonce, sizeof(doc.nonce), nonce.hex);
	for (int i = 0; i < TRIES_MAX; i++) {
		enum store_outcome outcome;
		if (!store->ops->swap(store->self, &doc, expected, &outcome, err))
			return err_in(err, "writing '%s' in the ledger", id);
		if (outcome == STORE_DONE)
			return true;
		enum shown shown = look(t, &doc, expected);
		if (shown == SHOWN_OURS)
			return true;
		if (outcome == STORE_CONFLICT || shown == SHOWN_OTHER)
			return err_set(err, ERR_CONFLICT,
				       "'%.100s' in the ledger was changed by somebody else", id);
		if (shown == SHOWN_NOTHING)
			break;
		/* Still the old revision: the same compare-and-set again can only succeed once. */
	}
	return err_set(err, ERR_AMBIGUOUS,
		       "whether '%.100s' was written to the ledger is not known", id);
}

bool ledger_put(struct seat *t, const char *id, struct str text, int64_t *ret_rev, struct err *err)
{
	const struct store_port *store = seat_store(t);
	for (int i = 0; i < TRIES_MAX; i++) {
		struct store_doc doc;
		bool found;
		if (!store->ops->read(store->self, id, &t->arena, &doc, &found, err))
			return err_in(err, "reading '%s' in the ledger", id);
		if (ledger_swap(t, id, text, found ? doc.rev : 0, err)) {
			if (ret_rev)
				*ret_rev = (found ? doc.rev : 0) + 1; /* as each swap does */
			return true;
		}
		if (err->kind != ERR_CONFLICT)
			return false;
		err_clear(err);
	}
	return err_set(err, ERR_CONFLICT,
		       "'%.100s' in the ledger is changed by others all the time", id);
}

bool ledger_drop(struct seat *t, const char *id, struct err *err)
{
	const struct store_port *store = seat_store(t);
	struct store_doc doc;
	enum store_outcome outcome;
	bool found;
	if (!store->ops->read(store->self, id, &t->arena, &doc, &found, err))
		return err_in(err, "reading '%s' in the ledger", id);
	/* An ambiguous or lost race leaves a document that means nothing any more. */
	return !found || store->ops->remove(store->self, id, doc.rev, &outcome, err) ||
	       err_in(err, "removing '%s' from the ledger", id);
}

bool ledger_change_roll(struct seat *t,
			bool (*change)(void *self, struct roll_parts *parts, struct err *err),
			void *self, struct err *err)
{
	const struct store_port *store = seat_store(t);
	const struct proposal *p = &t->seen->ledger.proposal;
	struct roll_parts *parts = arena_get(&t->arena, sizeof(*parts), err);
	char id[DOC_ID_BYTES];
	if (!parts)
		return false;
	doc_id_n(id, "roll", p->generation);
	for (int i = 0; i < TRIES_MAX; i++) {
		struct store_doc doc;
		bool found;
		auto_buf struct buf text = {.max = DOC_BYTES_MAX};
		if (!store->ops->read(store->self, id, &t->arena, &doc, &found, err))
			return err_in(err, "reading '%s' in the ledger", id);
		*parts = (struct roll_parts){.generation = p->generation, .proposal = p->digest};
		if (found && !roll_parts_decode(doc.text, parts, err))
			return err_in(err, "reading '%s' in the ledger", id);
		if (!change(self, parts, err))
			return false;
		if (!roll_parts_encode(parts, &text, err))
			return err_in(err, "writing '%s' in the ledger", id);
		if (ledger_swap(t, id, buf_str(&text), found ? doc.rev : 0, err))
			return true;
		if (err->kind != ERR_CONFLICT)
			return false;
		err_clear(err);
	}
	return err_set(err, ERR_CONFLICT,
		       "'%.100s' in the ledger is changed by others all the time", id);
}
