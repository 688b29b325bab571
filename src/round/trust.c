/* SPDX-License-Identifier: Apache-2.0 */
/* Pins: made at first sight, and by a person. What an identity may do by them is judged by
 * identity_judge(). */
#include "round/trust.h"

#include <ctype.h>
#include <string.h>

#include "codec/digest.h"
#include "codec/json_strict.h"
#include "base/cleanup.h"
#include "round/ledger_read.h"
#include "round/ledger_write.h"

const struct spki *trust_find_pin(const struct anchor *a, const char *host)
{
	for (unsigned i = a->pins_n; i > 0; i--)
		if (strcmp(a->pins[i - 1].host, host) == 0)
			return &a->pins[i - 1].spki;
	return NULL;
}

static bool is_in_ledger(const struct seat *t, const struct spki *spki)
{
	for (unsigned i = 0; i < t->identities_n; i++)
		if (spki_equal(&t->identities[i].identity.spki, spki))
			return true;
	return false;
}

/* Hosts come and go over the years, and some lose their state: a pin of whom the ledger holds no
 * identity makes room, unless it is the present one of a member. False when there is none. */
static bool pin_room(struct seat *t)
{
	struct anchor *a = &t->anchor;
	for (unsigned i = 0; a->pins_n == MEMBERS_MAX && i < a->pins_n; i++) {
		bool is_present = seen_find_member(t->seen, a->pins[i].host) >= 0 &&
				  trust_find_pin(a, a->pins[i].host) == &a->pins[i].spki;
		if (is_present || is_in_ledger(t, &a->pins[i].spki))
			continue;
		memmove(&a->pins[i], &a->pins[i + 1], (a->pins_n - i - 1) * sizeof(a->pins[0]));
		a->pins_n--;
	}
	return a->pins_n < MEMBERS_MAX;
}

static bool add_pin(struct seat *t, const struct identity *id)
{
	struct anchor *a = &t->anchor;
	if (!pin_room(t))
		return false;
	cut_z(a->pins[a->pins_n].host, HOST_BYTES_MAX, id->host);
	a->pins[a->pins_n++].spki = id->spki;
	return true;
}

static bool is_me(const struct seat *t, const struct identity *id)
{
	return spki_equal(&id->spki, &t->identity.spki);
}

/* Which of a host's admitted identities is the present one? -1: that cannot be told yet. */
static int present_of(const struct seat *t, const char *host, const bool *speaks)
{
	int found = -1;
	unsigned admitted_n = 0;
	for (unsigned i = 0; i < t->identities_n; i++) {
		const struct identity *id = &t->identities[i].identity;
		if (!id->is_admitted || strcmp(id->host, host) != 0)
			continue;
		if (is_me(t, id))
			return (int)i;
		admitted_n++;
		if (speaks[i] || found < 0)
			found = (int)i;
	}
	/* In this host's own name only this rotad speaks. */
	if (strcmp(host, t->seen->self_host) == 0)
		return -1;
	return admitted_n == 1 || (found >= 0 && speaks[found]) ? found : -1;
}

/* Did it make, or is it to vote on, the proposal that stands? */
static bool is_named(const struct seat *t, const struct spki *spki)
{
	const struct proposal *p = &t->seen->ledger.proposal;
	if (!t->seen->ledger.has_proposal)
		return false;
	for (unsigned i = 0; i < p->roll_n; i++)
		if (spki_equal(&p->roll[i].identity, spki))
			return true;
	return spki_equal(&p->head.from, spki);
}

/* Of a host's other identities those that the proposal names, as of before: what they said there
 * must be believed. Any other one is not replaced by anybody's word: it may be the one to come,
 * which a person is asked about. */
static void pin_before(struct seat *t, const struct identity *present)
{
	for (unsigned k = 0; k < t->identities_n; k++) {
		const struct identity *id = &t->identities[k].identity;
		if (id != present && id->is_admitted && strcmp(id->host, present->host) == 0 &&
		    is_named(t, &id->spki))
			(void)add_pin(t, id);
	}
}

void trust_pin(struct seat *t, const bool *speaks)
{
	struct err err = ERR_INIT;
	struct anchor was = t->anchor;
	for (unsigned i = 0; i < t->identities_n; i++) {
		const struct identity *id = &t->identities[i].identity;
		int present;
		if (!id->is_admitted || trust_find_pin(&t->anchor, id->host))
			continue;
		present = present_of(t, id->host, speaks);
		if (present < 0)
			continue;
		pin_before(t, &t->identities[present].identity);
		(void)add_pin(t, &t->identities[present].identity); /* no room: later */
	}
	if (t->anchor.pins_n != was.pins_n && !anchor_put(t, &err))
		t->anchor = was;
}

/* ---- a person's word ---- */

static bool names(const struct identity *id, const char *host)
{
	char bare[HOST_BYTES_MAX];
	host_only(id->host, bare, sizeof(bare));
	return strcmp(id->host, host) == 0 || strcmp(bare, host) == 0;
}

/* Lower case, without the "sha256:" that people copy with it. */
static bool fingerprint_parse(const char *z, char ret[SPKI_CHARS + 1], struct err *err)
{
	static const char prefix[] = "sha256:";
	size_t n = 0;
	if (strncmp(z, prefix, sizeof(prefix) - 1) == 0)
		z += sizeof(prefix) - 1;
	for (; z[n] && n < SPKI_CHARS && isxdigit((unsigned char)z[n]); n++)
		ret[n] = (char)tolower((unsigned char)z[n]);
	ret[n] = 0;
	if (z[n] || n < TRUST_TYPED_MIN)
		return err_set(err, ERR_INVALID,
			       "a fingerprint is given by at least its first %d hex digits",
			       TRUST_TYPED_MIN);
	return true;
}

static bool find_candidate(const struct seat *t, const char *host, const char *fingerprint,
			   const struct identity **ret, struct err *err)
{
	const struct identity *found = NULL;
	unsigned of_host_n = 0;
	for (unsigned i = 0; i < t->identities_n; i++) {
		const struct identity *id = &t->identities[i].identity;
		if (!names(id, host))
			continue;
		of_host_n++;
		if (strncmp(id->spki.hex, fingerprint, strlen(fingerprint)) != 0)
			continue;
		if (found)
			return err_set(err, ERR_CONFLICT,
				       "two identities fit: give the host with its port, or more "
				       "of the fingerprint");
		found = id;
	}
	if (!found)
		return err_set(err, ERR_NOT_FOUND,
			       of_host_n ? "no identity of '%.200s' in the ledger has that "
					   "fingerprint: compare it on that host"
					 : "the ledger holds no identity of '%.200s'",
			       host);
	*ret = found;
	return true;
}

bool trust_confirm(struct seat *t, const char *host, const char *fingerprint,
		   struct trust_confirmed *ret, struct err *err)
{
	char wanted[SPKI_CHARS + 1];
	const struct identity *id = NULL;
	struct anchor was = t->anchor;
	if (!fingerprint_parse(fingerprint, wanted, err))
		return false;
	if (!seen_ledger_believed(t->seen))
		return err_set(err, ERR_REFUSED,
			       "the ledger cannot be read or believed here now; nobody is admitted "
			       "by it");
	if (!t->anchor.ledger.hex[0])
		return err_set(err, ERR_REFUSED,
			       "this host is not admitted itself yet; confirm on the other hosts");
	if (!find_candidate(t, host, wanted, &id, err))
		return false;
	if (is_me(t, id) || strcmp(id->host, t->seen->self_host) == 0)
		return err_set(err, ERR_REFUSED,
			       "'%.200s' is this host: confirm its identity on each other host",
			       id->host);
	if (seen_find_member(t->seen, id->host) < 0)
		return err_set(err, ERR_REFUSED, "'%.200s' is no member of %.100s now", id->host,
			       t->seen->cluster);
	if (id->is_revoked)
		return err_set(err, ERR_REFUSED, "that identity is revoked");
	if (id->is_superseded)
		return err_set(err, ERR_REFUSED,
			       "that identity of '%.200s' was replaced by a confirmed one. A state "
			       "directory out of a backup has forgotten its votes: wipe it, start "
			       "rotad there, and confirm the identity that it makes",
			       id->host);
	*ret = (struct trust_confirmed){.identity = id, .was_admitted = id->is_admitted};
	const struct spki *pin = trust_find_pin(&t->anchor, id->host);
	if (pin && spki_equal(pin, &id->spki))
		return true;
	if (!pin)
		pin_before(t, id);
	if (!add_pin(t, id))
		return err_set(err, ERR_LIMIT, "this host holds as many identities as it can (%d)",
			       MEMBERS_MAX);
	if (anchor_put(t, err))
		return true;
	t->anchor = was;
	return false;
}

/* ---- revoked ---- */

static int find_revoked(const struct anchor *a, const struct spki *spki)
{
	for (unsigned i = 0; i < a->revoked_n; i++)
		if (spki_equal(&a->revoked[i].spki, spki))
			return (int)i;
	return -1;
}

/* Hundreds are revoked in no lifetime; one that nobody can show any more is as good as forgotten.
 */
static bool revoked_room(struct seat *t)
{
	struct anchor *a = &t->anchor;
	for (unsigned i = 0; a->revoked_n == REVOKED_MAX && i < a->revoked_n; i++) {
		if (is_in_ledger(t, &a->revoked[i].spki))
			continue;
		a->revoked_n--;
		memmove(&a->revoked[i], &a->revoked[i + 1],
			(a->revoked_n - i) * sizeof(a->revoked[0]));
	}
	return a->revoked_n < REVOKED_MAX;
}

bool trust_is_revoked(const struct seat *t, const struct spki *spki)
{
	return find_revoked(&t->anchor, spki) >= 0;
}

bool trust_is_news(const struct seat *t, const struct revocation *r)
{
	const struct anchor *a = &t->anchor;
	int at = find_revoked(a, &r->spki);
	return at < 0 || (a->revoked[at].stand == REVOCATION_SAID &&
			  r->generation > a->revoked[at].generation);
}

bool trust_take_revocation(struct seat *t, const struct revocation *r, const struct trust_sight *s)
{
	struct anchor *a = &t->anchor;
	struct err ignored = ERR_INIT;
	int at = find_revoked(a, &r->spki);
	/* Of who is in nobody's sight any more there is nothing to remember. */
	if (!trust_is_news(t, r) || (at < 0 && (!is_in_ledger(t, &r->spki) || !revoked_room(t))))
		return false;
	if (at < 0) {
		at = (int)a->revoked_n++;
		a->revoked[at].spki = r->spki;
		a->revoked[at].generation = MAX(MIN(r->generation, s->newest), a->generation);
		a->revoked[at].stand = REVOCATION_SAID;
	} else if (s->highest > a->revoked[at].generation) {
		a->revoked[at].generation++;
		a->revoked[at].stand = REVOCATION_FINAL;
	} else
		return false;
	if (s->is_joined)
		(void)!anchor_put(t, &ignored); /* else with the next one */
	return true;
}

bool trust_revocation_stands(struct seat *t, const struct spki *spki, struct str text,
			     struct revocation *ret)
{
	struct doc_trust trust = seat_trust(t);
	struct err ignored = ERR_INIT;
	if (!revocation_decode(text, &trust, ret, &ignored) || !spki_equal(&ret->spki, spki))
		return false;
	const struct identity *by = trust.find(trust.self, &ret->head.from);
	return by && by->is_admitted && !by->is_superseded;
}

/* ---- cloned hosts ---- */

void incarnations_note(struct incarnations *all, const struct token *speaks,
		       const struct token *own, struct wall said, struct wall now)
{
	unsigned at = 0;
	if (all->n > 0 && said.us <= all->newest.us)
		return;
	all->newest = said;
	if (all->n > 0 && token_equal(&all->last[0], speaks))
		return;
	while (at < all->n && !token_equal(&all->last[at], speaks))
		at++;
	if (at < all->n || (own && all->n > 0 && token_equal(&all->last[0], own)))
		all->doubled_at = now;
	if (at == all->n && all->n < ARRAY_N(all->last))
		all->n++;
	at = MIN(at, (unsigned)ARRAY_N(all->last) - 1);
	memmove(all->last + 1, all->last, at * sizeof(all->last[0]));
	all->last[0] = *speaks;
}

/* Each states anew every 20 min: two that live show themselves well within the hour. */
bool incarnations_are_doubled(const struct incarnations *all, struct wall now)
{
	return all->doubled_at.us && now.us - all->doubled_at.us < US_H;
}

bool trust_is_host_revoked(const struct seat *t, const char *host)
{
	bool is_revoked = false;
	for (unsigned i = 0; i < t->identities_n; i++) {
		const struct identity *id = &t->identities[i].identity;
		if (strcmp(id->host, host) != 0)
			continue;
		if (id->is_admitted && !id->is_superseded)
			return false;
		is_revoked |= id->is_revoked;
	}
	return is_revoked;
}

/* The newest generation that this host can have believed of anybody, followed or not. */
static uint64_t newest_of(const struct seat *t)
{
	const struct seen_ledger *l = &t->seen->ledger;
	bool is_believed = l->has_proposal || key_id_given(&l->unproven.id);
	return MAX(t->anchor.generation, is_believed ? l->proposal.generation : 0);
}

/* The document for the others. The first time it names the newest generation as of now: one that
 * was proposed while it was written stands as well. Later it says what this host remembers. */
static bool publish_revocation(struct seat *t, unsigned at, struct revocation *r, struct err *err)
{
	enum { TRIES_MAX = 5 };
	const struct store_port *store = seat_store(t);
	struct anchor *a = &t->anchor;
	const bool is_first = a->revoked[at].stand == REVOCATION_UNSAID;
	bool is_raised = false;
	char id[DOC_ID_BYTES];
	r->generation = MAX(a->revoked[at].generation, is_first ? newest_of(t) : 0);
	for (int i = 0; i < TRIES_MAX; i++) {
		auto_buf struct buf text = {.max = DOC_BYTES_MAX};
		struct store_doc doc;
		struct revocation there;
		bool found, is_newer = false;
		doc_id(id, "revocation", r->spki.hex);
		if (!store->ops->read(store->self, id, &t->arena, &doc, &found, err))
			return err_in(err, "reading '%s' in the ledger", id);
		bool stands = found && trust_revocation_stands(t, &r->spki, doc.text, &there);
		if (!stands || there.generation < r->generation) {
			seat_head(t, &r->head);
			if (!revocation_encode(r, &t->identity, &text, NULL, err))
				return err_in(err, "revoking '%s'", r->host);
			if (!ledger_swap(t, id, buf_str(&text), found ? doc.rev : 0, err)) {
				if (err->kind != ERR_CONFLICT)
					return false;
				err_clear(err);
				continue; /* another person's word, perhaps */
			}
		}
		if (!is_first)
			return true;
		if (!is_raised &&
		    !store->ops->read(store->self, doc_id_n(id, "proposal", r->generation + 1),
				      &t->arena, &doc, &is_newer, err))
			return err_in(err, "reading '%s' in the ledger", id);
		if (!is_newer) {
			a->revoked[at].generation = r->generation;
			a->revoked[at].stand = REVOCATION_FINAL;
			return anchor_put(t, err);
		}
		r->generation++;
		is_raised = true;
	}
	return err_set(err, ERR_CONFLICT,
		       "'%.100s' in the ledger is changed by others all the time", id);
}

bool trust_publish_owed(struct seat *t, struct err *err)
{
	t->revocations_at = t->ports.host.ops->boot(t->ports.host.self);
	for (unsigned i = 0; i < t->revocations_owed_n; i++) {
		int at = find_revoked(&t->anchor, &t->revocations_owed[i]);
		struct revocation r = {.spki = t->revocations_owed[i], .who = "rotad"};
		for (unsigned k = 0; k < t->identities_n; k++)
			if (spki_equal(&t->identities[k].identity.spki, &r.spki))
				cut_z(r.host, sizeof(r.host), t->identities[k].identity.host);
		snprintf(r.reason, sizeof(r.reason), "remembered by %.200s", t->seen->self_host);
		if (at >= 0 && r.host[0] && !publish_revocation(t, (unsigned)at, &r, err))
			return err_in(err, "revoking '%s'", r.host);
	}
	return true;
}

static bool is_owed(const struct seat *t, const struct spki *spki)
{
	int at = find_revoked(&t->anchor, spki);
	bool is_owed = at >= 0 && t->anchor.revoked[at].stand == REVOCATION_UNSAID;
	for (unsigned i = 0; i < t->revocations_owed_n; i++)
		is_owed |= spki_equal(&t->revocations_owed[i], spki);
	return is_owed;
}

static bool revoke_one(struct seat *t, struct identity *id, const char *who, const char *why,
		       struct err *err)
{
	struct anchor *a = &t->anchor;
	struct revocation r = {.spki = id->spki};
	int at = find_revoked(a, &id->spki);
	cut_z(r.host, sizeof(r.host), id->host);
	cut_z(r.who, sizeof(r.who), who);
	cut_z(r.reason, sizeof(r.reason), why);
	if (at < 0 && !revoked_room(t))
		return err_set(err, ERR_LIMIT,
			       "this host remembers as many revoked identities as "
			       "it can (%d)",
			       REVOKED_MAX);
	if (at < 0) {
		at = (int)a->revoked_n++;
		a->revoked[at].spki = id->spki;
		a->revoked[at].generation = newest_of(t);
		a->revoked[at].stand = REVOCATION_UNSAID;
	}
	if (!id->is_revoked)
		id->stands_until = id->is_admitted ? a->revoked[at].generation : 0;
	id->is_revoked = true;
	id->is_admitted = id->is_superseded = false;
	/* Here first: whatever becomes of the document, this host does not believe it any more. */
	return anchor_put(t, err) &&
	       (publish_revocation(t, (unsigned)at, &r, err) ||
		err_in(err,
		       "'%.200s' is revoked on this host; the others are told when the ledger can "
		       "be written",
		       r.host));
}

bool trust_revoke(struct seat *t, const char *name, const char *who, const char *why,
		  struct trust_revoked *ret, struct err *err)
{
	struct identity *found[REVOKED_AT_ONCE_MAX];
	struct trust_revoked r = {.n = 0};
	unsigned found_n = 0, known_n = 0;
	char wanted[SPKI_CHARS + 1];
	struct err no_print = ERR_INIT;
	bool is_print = fingerprint_parse(name, wanted, &no_print);
	if (!seen_ledger_believed(t->seen) || t->seen->ledger.is_self_revoked)
		return err_set(err, ERR_REFUSED,
			       "the ledger cannot be read or believed here now; say it on another "
			       "host");
	if (!t->anchor.ledger.hex[0])
		return err_set(err, ERR_REFUSED,
			       "this host is not admitted itself yet; revoke on another host");
	for (unsigned i = 0; i < t->identities_n; i++) {
		struct identity *id = &t->identities[i].identity;
		if (!names(id, name) &&
		    !(is_print && strncmp(id->spki.hex, wanted, strlen(wanted)) == 0))
			continue;
		if (is_me(t, id) || strcmp(id->host, t->seen->self_host) == 0)
			return err_set(err, ERR_REFUSED,
				       "'%.200s' is this host: nobody revokes itself, say it on "
				       "another host of the set",
				       id->host);
		if (known_n++ > 0 && strcmp(r.host, id->host) != 0)
			return err_set(err, ERR_CONFLICT,
				       "'%.200s' fits %.100s and %.100s: give the host with its "
				       "port, or a fingerprint",
				       name, r.host, id->host);
		cut_z(r.host, sizeof(r.host), id->host);
		if (id->is_revoked && !is_owed(t, &id->spki))
			continue;
		if (found_n == REVOKED_AT_ONCE_MAX)
			return err_set(err, ERR_LIMIT,
				       "more than %d identities of '%.200s': name "
				       "them one by one, by fingerprint",
				       REVOKED_AT_ONCE_MAX, name);
		found[found_n++] = id;
	}
	if (known_n == 0)
		return err_set(err, ERR_NOT_FOUND,
			       "the ledger holds no identity of '%.200s', and none with such a "
			       "fingerprint: rotactl trust list",
			       name);
	/* Each of them here, though the first did not reach the others. */
	bool ok = true;
	for (unsigned i = 0; i < found_n; i++) {
		struct err failed = ERR_INIT;
		if (!revoke_one(t, found[i], who, why, &failed) && ok) {
			*err = failed;
			ok = false;
		}
		r.spki[r.n++] = found[i]->spki;
	}
	if (ok)
		*ret = r;
	return ok;
}

/* ---- what is shown ---- */

static const char *state_of(const struct seat *t, const struct identity *id)
{
	const struct spki *pin = trust_find_pin(&t->anchor, id->host);
	if (is_me(t, id))
		return "self";
	if (id->is_revoked)
		return "revoked";
	if (!id->is_admitted)
		return pin ? "differs" : "not-admitted";
	if (id->is_superseded)
		return "superseded";
	return pin ? "pinned" : "admitted";
}

json_t *trust_json(const struct seat *t)
{
	static const char *const how[] = {[ENDORSED_BY_NONE] = "nothing",
					  [ENDORSED_BY_CERTIFICATE] = "member certificate",
					  [ENDORSED_BY_KEY] = "key in use",
					  [ENDORSED_BY_OPERATOR] = "a person"};
	json_t *all = json_array();
	bool is_self_there = false;
	for (unsigned i = 0; i < t->identities_n; i++) {
		const struct identity *id = &t->identities[i].identity;
		json_t *host = json_of_bytes(str_of(id->host));
		json_t *why = id->why_not[0] ? json_of_bytes(str_of(id->why_not)) : json_null();
		is_self_there |= is_me(t, id);
		json_array_append_new(
		    all,
		    json_pack("{s:o, s:s, s:s, s:s, s:b, s:b, s:o}", "host",
			      host ? host : json_null(), "fingerprint", id->spki.hex, "endorsedBy",
			      how[t->identities[i].proof.how], "state", state_of(t, id), "admitted",
			      id->is_admitted, "member", seen_find_member(t->seen, id->host) >= 0,
			      "why", why ? why : json_null()));
	}
	/* Before it could make itself known its people compare the fingerprint all the same. */
	if (!is_self_there)
		json_array_append_new(all, json_pack("{s:s, s:s, s:s, s:s, s:b, s:b, s:n}", "host",
						     t->seen->self_host, "fingerprint",
						     t->identity.spki.hex, "endorsedBy", "nothing",
						     "state", "self", "admitted", false, "member",
						     t->seen->self >= 0, "why"));
	return all;
}
