/* SPDX-License-Identifier: Apache-2.0 */
/* Makes a ledger anew, or goes over to one that was: by a person's word only. What is so in the
 * world is looked at; no file and no mongod is touched. */
#include "round/rebuild.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "codec/digest.h"
#include "codec/json_mem.h"
#include "round/ledger_read.h"
#include "round/ledger_write.h"
#include "round/round.h"

bool rebuilt_root_name(struct rebuilt_root *r, struct err *err)
{
	auto_buf struct buf text = {.max = DOC_BYTES_MAX};
	struct digest d;
	buf_addf(&text, "rotad-rebuilt/1 %s %s %s", r->cluster, r->pivot.hex, r->nonce.hex);
	if (!buf_ok(&text, err) || !sha256_digest(buf_str(&text), &d, err))
		return err_in(err, "naming the ledger");
	memcpy(r->id.hex, d.hex, TOKEN_CHARS);
	r->id.hex[TOKEN_CHARS] = 0;
	return true;
}

bool rebuilt_root_print(const struct rebuilt_root *r, struct buf *ret, struct err *err)
{
	buf_addf(ret,
		 "{\"cluster\":\"%s\",\"id\":\"%s\",\"nonce\":\"%s\",\"pivot\":\"%s\","
		 "\"protocol\":%d,\"type\":\"rotad-ledger/1\"}",
		 r->cluster, r->id.hex, r->nonce.hex, r->pivot.hex, PROTOCOL_NUMBER);
	return buf_ok(ret, err);
}

bool rebuilt_root_parse(struct str text, struct rebuilt_root *ret)
{
	json_error_t why;
	const char *id, *cluster, *nonce, *pivot;
	struct rebuilt_root r, named;
	struct err ignored = ERR_INIT;
	AUTO(json_t) root = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, &why);
	if (!root ||
	    json_unpack(root, "{s:s, s:s, s:s, s:s}", "cluster", &cluster, "id", &id, "nonce",
			&nonce, "pivot", &pivot) != 0 ||
	    !copy_z(r.cluster, sizeof(r.cluster), cluster) ||
	    !copy_z(r.id.hex, sizeof(r.id.hex), id) ||
	    !copy_z(r.nonce.hex, sizeof(r.nonce.hex), nonce) ||
	    !copy_z(r.pivot.hex, sizeof(r.pivot.hex), pivot))
		return false;
	named = r;
	if (!rebuilt_root_name(&named, &ignored) || strcmp(named.id.hex, r.id.hex) != 0)
		return false;
	*ret = r;
	return true;
}

/* What a ledger made anew put aside, before its first rotation: no nay burnt it, and it is where it
 * was. A host that had it as its pivot cannot follow the others, so they follow that one. */
static bool is_put_aside(const struct anchor *a, const struct key_id *key)
{
	return a->generation == 0 && key_id_equal(&a->burnt.id, key);
}

bool rebuild_may(const struct anchor *a, const struct key_id *pivot, struct err *err)
{
	if (anchor_has_retired(a, pivot) ||
	    (key_id_equal(&a->burnt.id, pivot) && !is_put_aside(a, pivot)))
		return err_set(err, ERR_REFUSED,
			       "its key is dead by what this host has seen: make it anew on this "
			       "host (rotactl ledger rebuild)");
	if (key_id_equal(&a->pivot.id, pivot) || key_id_equal(&a->next.id, pivot) ||
	    is_put_aside(a, pivot))
		return true;
	return err_set(err, ERR_REFUSED,
		       "this host knows key %u as the one that the members share, and not the key "
		       "of that ledger: make it anew on this host (rotactl ledger rebuild)",
		       a->pivot.number);
}

/* The pivot changes: standby_after is what stands by then. */
static void move_pivot(struct anchor *a, struct key_name next, struct key_name standby_after)
{
	const struct proposal as_carried = {.next = next};
	const struct wall born = a->standby_born;
	anchor_carry(a, &as_carried);
	a->standby = standby_after;
	a->standby_born = key_id_given(&standby_after.id) ? born : (struct wall){.us = 0};
}

void rebuild_adopt(struct anchor *a, const struct rebuilt_root *r)
{
	const bool is_same = key_id_equal(&a->pivot.id, &r->pivot);
	struct key_name other = is_same ? a->next : a->pivot;
	if (is_same && key_id_given(&a->burnt.id) && is_put_aside(a, &a->burnt.id))
		other = a->burnt; /* once more: it stays put aside */
	else if (!is_same && is_put_aside(a, &r->pivot))
		move_pivot(a, a->burnt, a->standby);
	else {
		anchor_retire(a, &a->burnt);
		if (!is_same && !key_id_equal(&a->standby.id, &a->next.id))
			anchor_retire(a, &a->standby); /* passed over */
		if (!is_same)
			move_pivot(a, a->next, (struct key_name){.number = 0});
	}
	if (key_id_equal(&a->standby.id, &other.id))
		a->standby = (struct key_name){.number = 0};
	a->burnt = key_id_equal(&other.id, &a->pivot.id) ? (struct key_name){.number = 0} : other;
	a->next = (struct key_name){.number = 0};
	a->highest_number = MAX(a->highest_number, MAX(a->pivot.number, other.number));
	a->generation = 0;
	a->proposal = (struct digest){.hex = ""};
	a->votes_n = 0;
	/* Nothing that a revoked one said stands in it. */
	for (unsigned i = 0; i < a->revoked_n; i++) {
		a->revoked[i].generation = 0;
		a->revoked[i].stand = REVOCATION_FINAL;
	}
	a->ledger = r->id;
}

/* Nothing of this host is under way, and it may write. */
static bool may_now(struct seat *t, struct err *err)
{
	const struct seen *s = t->seen;
	if (instance_mode(&t->config->policy, t->instance, KIND_KEYFILE) < MODE_ASK)
		return err_set(err, ERR_REFUSED, "mode observe: rotactl mode ask");
	if (t->notes.job_is_open)
		return err_set(err, ERR_REFUSED, "a restart of '%.200s' is under way here",
			       t->seen->self_host);
	if (s->self < 0 || !s->process.is_answering)
		return err_set(err, ERR_REFUSED,
			       "the member of this host does not answer: start it first");
	if (!t->anchor.ledger.hex[0])
		return err_set(err, ERR_REFUSED,
			       "this host was in no ledger: it joins by itself; make it anew on "
			       "one that was");
	if (!s->keyfile.ring.is_known || s->keyfile.is_foreign)
		return err_set(err, ERR_REFUSED,
			       "the keyfile of this host is not as rotad left "
			       "it: put it right first%s%.200s",
			       s->keyfile.why[0] ? ": " : "", s->keyfile.why);
	return true;
}

/* One login of its own at member i with that key alone. */
static bool is_accepted(struct seat *t, unsigned i, const struct key_name *key, struct err *err)
{
	auto_free struct plan *plan = calloc(1, sizeof(*plan));
	const struct seen_member *m = &t->seen->members[i];
	if (!plan)
		return err_set(err, ERR_MEMORY, "no memory to look");
	plan->looks_n = 1;
	plan->looks[0] = (struct look){.member = i, .key = key->id, .control = key->id};
	if (!seen_accepts(m, &key->id))
		(void)observe_looks(t, plan);
	return seen_accepts(m, &key->id) ||
	       err_set(err, ERR_REFUSED, "'%.200s' is not seen to accept key %u", m->host,
		       key->number);
}

static bool is_shared(struct seat *t, const struct key_name *key, struct err *err)
{
	if (!ring_ids_has(&t->seen->keyfile.ring, &key->id))
		return err_set(err, ERR_REFUSED, "the keyfile of this host lacks key %u",
			       key->number);
	for (unsigned i = 0; i < seen_all_n(t->seen); i++)
		if (!is_accepted(t, i, key, err))
			return false;
	return true;
}

/* After a yea of this host's the last vote may be in the ledger that it has not read, and who has
 * read it cannot go back: there the next key comes first. */
unsigned rebuild_candidates(const struct anchor *a, struct key_name out[REBUILD_CANDIDATES_MAX])
{
	bool is_yea = false;
	unsigned n = 0;
	for (unsigned i = 0; i < a->votes_n; i++)
		is_yea |= a->votes[i].word == VOTE_YEA && a->votes[i].generation == a->generation;
	const struct key_name *const ordered[REBUILD_CANDIDATES_MAX] = {
	    is_yea ? &a->next : &a->pivot, is_yea ? &a->pivot : &a->next, &a->burnt};
	for (size_t i = 0; i < ARRAY_N(ordered); i++) {
		struct err ignored = ERR_INIT;
		if (key_id_given(&ordered[i]->id) && rebuild_may(a, &ordered[i]->id, &ignored))
			out[n++] = *ordered[i];
	}
	return n;
}

bool rebuild_turn_is_free(const struct seen *s, struct err *err)
{
	const struct seen_ledger *l = &s->ledger;
	if (l->claim.state == CLAIM_ACTING && l->claim.host[0] &&
	    strcmp(l->claim.host, s->self_host) != 0)
		return err_set(err, ERR_REFUSED,
			       "'%.200s' has the turn and may be restarting its member: rotactl "
			       "turn release first, when nothing acts there any more",
			       l->claim.host);
	for (unsigned i = 0; i < l->slots_n; i++)
		if (l->slots[i].state == CLAIM_ACTING && strcmp(l->slots[i].host, "?") != 0)
			return err_set(err, ERR_REFUSED,
				       "'%.200s' has the turn of set %.100s and may be restarting "
				       "its member: rotactl turn release first, on a host of that "
				       "set, when nothing acts there any more",
				       l->slots[i].host, l->slots[i].set);
	return true;
}

/* The key that every member accepts. */
static bool find_pivot(struct seat *t, struct key_id *ret, struct err *err)
{
	struct key_name candidates[REBUILD_CANDIDATES_MAX];
	const unsigned n = rebuild_candidates(&t->anchor, candidates);
	const char *why;
	if (!seen_is_whole(t->seen, &why))
		return err_set(err, ERR_REFUSED, "not all who share the key are known: %.200s",
			       why);
	for (unsigned i = 0; i < seen_all_n(t->seen); i++)
		if (!fact_known(t->seen->members[i].hello))
			return err_set(err, ERR_REFUSED,
				       "'%.200s' does not answer: start it, or take it out of the "
				       "set first",
				       t->seen->members[i].host);
	if (n == 0)
		return err_set(err, ERR_REFUSED, "this host knows no key that is in use");
	for (unsigned i = 0; i < n; i++) {
		err_clear(err);
		if (!is_shared(t, &candidates[i], err))
			continue;
		*ret = candidates[i].id;
		return true;
	}
	return err_in(err, "no key of this host is every member's; try it on another host");
}

/* All that was in it: what is of another ledger is believed by nobody. What hosts say of themselves
 * they say again. */
static bool drop_all(struct seat *t, struct err *err)
{
	static const char digits[] = "0123456789abcdef";
	static const char *const kinds[] = {"proposal/",  "roll/",   "identity/",   "claim",
					    "hold",       "order/",  "statement/",  "csr/",
					    "scheduled/", "issued/", "revocation/", "envelope/"};
	const struct store_port *store = seat_store(t);
	for (size_t k = 0; k < ARRAY_N(kinds); k++) {
		const bool is_split = strcmp(kinds[k], "envelope/") == 0;
		for (size_t c = 0; c < (is_split ? sizeof(digits) - 1 : 1); c++) {
			struct store_doc *docs;
			char prefix[32];
			size_t n;
			snprintf(prefix, sizeof(prefix), "%s%.*s", kinds[k], is_split, digits + c);
			if (!store->ops->list(store->self, prefix, &t->arena, &docs, &n, err))
				return err_in(err, "emptying the ledger");
			for (size_t i = 0; i < n; i++) {
				enum store_outcome outcome;
				if (!store->ops->remove(store->self, docs[i].id, docs[i].rev,
							&outcome, err))
					return err_in(err, "emptying the ledger");
				if (outcome != STORE_DONE)
					return err_set(err, ERR_AMBIGUOUS,
						       "'%.100s' could not be removed for sure: "
						       "say it again",
						       docs[i].id);
			}
		}
	}
	return true;
}

static bool go_over(struct seat *t, const struct rebuilt_root *r, struct err *err)
{
	const struct anchor was = t->anchor;
	rebuild_adopt(&t->anchor, r);
	if (anchor_put(t, err))
		return true;
	t->anchor = was;
	return false;
}

bool ledger_rebuild(struct seat *t, struct rebuilt_root *ret, struct err *err)
{
	auto_buf struct buf text = {.max = DOC_BYTES_MAX};
	struct rebuilt_root r = {.cluster = ""};
	observe(t);
	if (!may_now(t, err) || !rebuild_turn_is_free(t->seen, err) ||
	    !find_pivot(t, &r.pivot, err) || !seat_token(t, &r.nonce, err))
		return false;
	cut_z(r.cluster, sizeof(r.cluster), t->anchor.cluster);
	/* Its first document first: from then on every other host sees another ledger than its own
	 * and does nothing. This host goes over last: until then it may be said again. */
	if (!rebuilt_root_name(&r, err) || !rebuilt_root_print(&r, &text, err) ||
	    !ledger_put(t, "ledger", buf_str(&text), NULL, err) || !drop_all(t, err) ||
	    !go_over(t, &r, err))
		return err_in(err, "making the ledger anew");
	*ret = r;
	return true;
}

bool ledger_join(struct seat *t, const char *id, struct rebuilt_root *ret, struct err *err)
{
	const struct store_port *store = seat_store(t);
	struct rebuilt_root r;
	struct store_doc doc;
	bool found;
	observe(t);
	if (strlen(id) < REBUILT_ID_MIN)
		return err_set(err, ERR_INVALID, "at least %d characters of its id are needed",
			       REBUILT_ID_MIN);
	if (!may_now(t, err) ||
	    !store->ops->read(store->self, "ledger", &t->arena, &doc, &found, err))
		return err_in(err, "going over to the ledger");
	if (!found || !rebuilt_root_parse(doc.text, &r) || strncmp(r.id.hex, id, strlen(id)) != 0 ||
	    strcmp(r.cluster, t->anchor.cluster) != 0)
		return err_set(err, ERR_REFUSED,
			       "the ledger that is there is not the one that was made anew as "
			       "'%.32s'",
			       id);
	if (token_equal(&r.id, &t->anchor.ledger)) {
		*ret = r; /* said twice */
		return true;
	}
	if (!rebuild_may(&t->anchor, &r.pivot, err))
		return false;
	const struct anchor *a = &t->anchor;
	const struct key_name key = key_id_equal(&a->pivot.id, &r.pivot)  ? a->pivot
				    : key_id_equal(&a->next.id, &r.pivot) ? a->next
									  : a->burnt;
	if (!ring_ids_has(&t->seen->keyfile.ring, &key.id))
		return err_set(err, ERR_REFUSED,
			       "the keyfile of this host lacks key %u, which that ledger goes on "
			       "with",
			       key.number);
	if (!is_accepted(t, (unsigned)t->seen->self, &key, err) || !go_over(t, &r, err))
		return err_in(err, "going over to the ledger");
	*ret = r;
	return true;
}
