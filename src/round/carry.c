/* SPDX-License-Identifier: Apache-2.0 */
/* Request, answer, and the key taken into memory. Nothing here writes a file of mongod's. */
#include "round/carry.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "codec/digest.h"
#include "codec/envelope.h"
#include "codec/json_mem.h"
#include "codec/json_strict.h"
#include "round/ledger_read.h"

#define CARRIED_TYPE "rotad-carried/1"

bool carry_request(struct seat *t, struct buf *ret_text, struct err *err)
{
	struct request r = {.host = ""};
	if (!t->anchor.ledger.hex[0] || !t->anchor.salt_hex[0])
		return err_set(
		    err, ERR_REFUSED,
		    "this host was never admitted to the ledger of its set, and could not "
		    "tell a key that is carried to it: rotactl trust list");
	if (!seat_token(t, &r.nonce, err))
		return false;
	seat_head(t, &r.head);
	cut_z(r.host, sizeof(r.host), t->seen->self_host[0] ? t->seen->self_host : t->me);
	cut_z(r.receive_key, sizeof(r.receive_key), t->identity.receive_key);
	if (!request_encode(&r, &t->identity, ret_text, NULL, err))
		return err_in(err, "writing the request");
	t->carry_nonce = r.nonce;
	return true;
}

/* The present key alone: with it the host can log in, and read the rest in the ledger. */
static bool seal_pivot(struct seat *t, const struct identity *to, const struct request *r,
		       struct buf *ret, struct err *err)
{
	const struct key_name pivot = seen_pivot(t->seen);
	const struct secret *key = keychain_find(&t->chain, &pivot.id);
	struct keyring_doc e = {.generation = MAX(t->anchor.generation, (uint64_t)1),
				.to = to->spki,
				.nonce = r->nonce};
	if (!key)
		return err_set(err, ERR_NOT_FOUND, "key %u is not held on this host", pivot.number);
	seat_head(t, &e.head);
	cut_z(e.host, sizeof(e.host), to->host);
	memcpy(e.salt_hex, t->anchor.salt_hex, sizeof(e.salt_hex));
	bool ok = sha256_digest(str_of(t->anchor.ledger.hex), &e.proposal, err) &&
		  keyring_add(&e.keys, key->p, key->n, err) &&
		  envelope_seal(&e, &t->identity, to, ret, err);
	keyring_doc_fini(&e);
	return ok || err_in(err, "sealing for '%s'", to->host);
}

bool carry_export(struct seat *t, struct str request, struct buf *ret_text,
		  char ret_host[HOST_BYTES_MAX], struct err *err)
{
	struct doc_trust trust = seat_trust(t);
	auto_buf struct buf envelope = {.max = DOC_BYTES_MAX}, who = {.max = DOC_BYTES_MAX};
	struct request r;
	if (!seen_ledger_believed(t->seen) || t->seen->ledger.is_self_revoked ||
	    !t->anchor.ledger.hex[0])
		return err_set(err, ERR_REFUSED,
			       "the ledger cannot be read or believed here now, and it tells which "
			       "key is in use: ask on another host");
	if (!request_decode(request, &trust, &r, err))
		return err_in(err, "reading the request");
	const struct identity *to = trust.find(trust.self, &r.head.from);
	/* As the ledger has it, but for the key that it can open with now, which it signed. */
	if (!to || to->is_superseded || strcmp(to->host, r.host) != 0)
		return err_set(err, ERR_UNTRUSTED,
			       "its identity does not speak for '%.200s' any more", r.host);
	if (spki_equal(&to->spki, &t->identity.spki))
		return err_set(err, ERR_REFUSED, "it is this host's own request");
	auto_free struct identity_doc *me = calloc(1, sizeof(*me));
	auto_free struct identity *for_it = calloc(1, sizeof(*for_it));
	if (!me || !for_it)
		return err_set(err, ERR_MEMORY, "no memory to answer a request");
	*for_it = *to;
	cut_z(for_it->receive_key, sizeof(for_it->receive_key), r.receive_key);
	/* Its reader knows this host by its name alone, and wants a pin: no endorsement goes along.
	 */
	seat_head(t, &me->identity.head);
	identity_describe(&t->identity, &me->identity);
	cut_z(me->identity.host, sizeof(me->identity.host), t->seen->self_host);
	me->proof.how = ENDORSED_BY_OPERATOR;
	if (!seal_pivot(t, for_it, &r, &envelope, err) ||
	    !identity_doc_encode(me, &t->identity, &who, NULL, err))
		return false;
	AUTO(json_t)
	doc = json_pack("{s:s, s:s%, s:s, s:s, s:s%}", "cluster", t->anchor.cluster, "envelope",
			envelope.p, envelope.n, "host", r.host, "type", CARRIED_TYPE, "who", who.p,
			who.n);
	char *text = doc ? json_dumps(doc, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
	if (!text)
		return err_set(err, ERR_MEMORY, "no memory to answer a request");
	buf_clear(ret_text);
	buf_addf(ret_text, "%s\n", text);
	json_text_free(text);
	cut_z(ret_host, HOST_BYTES_MAX, r.host);
	return buf_ok(ret_text, err);
}

/* One identity, believed because this host pinned its name. */
static const struct identity *find_one(void *self, const struct spki *spki)
{
	const struct identity_doc *doc = self;
	return spki_equal(&doc->identity.spki, spki) ? &doc->identity : NULL;
}

static bool open_carried(struct seat *t, struct str envelope, struct str who,
			 struct identity_doc *by, struct keyring_doc *ret, struct err *err)
{
	const struct endorsement_want pins_only = {.now = t->seen->now};
	struct doc_trust trust = {.find = find_one,
				  .self = by,
				  .cluster = t->anchor.cluster,
				  .ledger = &t->anchor.ledger};
	const struct envelope_want want = {.trust = &trust,
					   .host =
					       t->seen->self_host[0] ? t->seen->self_host : t->me,
					   .salt_hex = t->anchor.salt_hex,
					   .nonce = &t->carry_nonce};
	if (!identity_doc_decode(who, &trust, by, err))
		return false;
	identity_judge(by, &t->anchor, &pins_only);
	if (!by->identity.is_admitted || by->identity.is_superseded)
		return err_set(
		    err, ERR_UNTRUSTED,
		    "sealed by '%.200s' (%.16s...), whom this host does not believe: %.100s",
		    by->identity.host, by->identity.spki.hex, by->identity.why_not);
	return envelope_open(envelope, &t->identity, &want, ret, err);
}

/* A key that was retired or burnt here is of no use, whoever seals it. */
static bool take_keys(struct seat *t, const struct keyring_doc *e, struct err *err)
{
	struct ring_ids ids;
	if (!ring_ids_of(&e->keys, t->anchor.salt_hex, &ids, err))
		return false;
	for (unsigned i = 0; i < ids.n; i++) {
		if (anchor_has_retired(&t->anchor, &ids.ids[i]) ||
		    key_id_equal(&t->anchor.burnt.id, &ids.ids[i]))
			return err_set(err, ERR_REFUSED,
				       "the key that it carries is a dead one here: ask again");
		if (!keychain_add(&t->chain, &ids.ids[i], &e->keys.keys[i].text, err))
			return false;
	}
	return ids.n > 0 || err_set(err, ERR_INVALID, "it carries no key");
}

bool carry_import(struct seat *t, struct str text, char ret_who[HOST_BYTES_MAX], struct err *err)
{
	json_error_t why;
	struct keyring_doc e = {.generation = 0};
	const char *envelope, *who, *type, *host, *cluster;
	if (!t->carry_nonce.hex[0])
		return err_set(err, ERR_REFUSED,
			       "this rotad has asked for nothing since it was started: rotactl "
			       "keyfile import --request");
	AUTO(json_t) root = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, &why);
	if (!root ||
	    json_unpack(root, "{s:s, s:s, s:s, s:s, s:s!}", "cluster", &cluster, "envelope",
			&envelope, "host", &host, "type", &type, "who", &who) != 0 ||
	    strcmp(type, CARRIED_TYPE) != 0)
		return err_set(err, ERR_SYNTAX, "it is not what rotactl keyfile export makes");
	auto_free struct identity_doc *by = calloc(1, sizeof(*by));
	if (!by)
		return err_set(err, ERR_MEMORY, "no memory to read what was carried");
	bool ok =
	    open_carried(t, str_of(envelope), str_of(who), by, &e, err) && take_keys(t, &e, err);
	keyring_doc_fini(&e);
	if (!ok)
		return err_in(err, "reading what was carried");
	t->carry_nonce.hex[0] = 0; /* once */
	cut_z(ret_who, HOST_BYTES_MAX, by->identity.host);
	return true;
}
