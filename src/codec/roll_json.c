/* SPDX-License-Identifier: Apache-2.0 */
/* "roll/GENERATION": the unsigned container of signed votes, withouts and the closure. */
#include <string.h>

#include "base/cleanup.h"
#include "codec/digest.h"
#include "codec/ledger_json.h"

#define ROLL_TYPE "rotad-roll/1"

/* --- the container --- */

static bool missing(const char *name, struct err *err)
{
	return err_set(err, ERR_PROTOCOL, "a roll without its field '%s', or with an unknown one",
		       name);
}

static bool next_key(struct canonical_in *in, const char *name, struct err *err)
{
	struct canonical_token t;
	if (!canonical_next(in, &t, err))
		return false;
	return (t.kind == CANONICAL_KEY && str_equal_z(t.raw, name)) || missing(name, err);
}

/* {"host":{signed},...}, in order of host because canonical. */
static bool read_parts(struct canonical_in *in, const char *name, struct roll_part *parts,
		       unsigned *n, struct err *err)
{
	struct canonical_token t;
	if (!next_key(in, name, err) || !canonical_next(in, &t, err))
		return false;
	if (t.kind != CANONICAL_OPEN_OBJECT)
		return missing(name, err);
	for (;;) {
		if (!canonical_next(in, &t, err))
			return false;
		if (t.kind == CANONICAL_CLOSE_OBJECT)
			return true;
		if (*n == MEMBERS_MAX)
			return err_set(err, ERR_LIMIT, "a roll of more than %d members",
				       MEMBERS_MAX);
		struct roll_part *part = &parts[*n];
		if (!canonical_text(&t, part->host, sizeof(part->host), err) ||
		    !canonical_skip(in, &part->text, err))
			return false;
		if (part->host[0] == 0 || part->text.p[0] != '{')
			return missing(name, err);
		(*n)++;
	}
}

static bool read_container(struct str text, struct roll_parts *p, struct err *err)
{
	struct canonical_in in;
	struct canonical_token t;
	char type[32];
	p->votes_n = p->withouts_n = 0;
	if (!canonical_check(text, DOC_BYTES_MAX, err))
		return false;
	canonical_open(&in, text);
	if (!canonical_next(&in, &t, err))
		return false;
	if (t.kind != CANONICAL_OPEN_OBJECT)
		return err_set(err, ERR_PROTOCOL, "a roll that is no object");
	if (!next_key(&in, "closure", err) || !canonical_skip(&in, &p->closure, err))
		return false;
	if (str_equal(p->closure, STR("null")))
		p->closure = (struct str){.n = 0};
	else if (p->closure.p[0] != '{')
		return missing("closure", err);
	if (!next_key(&in, "generation", err) || !canonical_next(&in, &t, err))
		return false;
	if (t.kind != CANONICAL_INT || t.number < 1)
		return missing("generation", err);
	p->generation = (uint64_t)t.number;
	if (!next_key(&in, "proposal", err) || !canonical_next(&in, &t, err))
		return false;
	if (t.kind != CANONICAL_STRING || t.raw.n != DIGEST_CHARS)
		return missing("proposal", err);
	if (!canonical_text(&t, p->proposal.hex, sizeof(p->proposal.hex), err) ||
	    !next_key(&in, "type", err) || !canonical_next(&in, &t, err))
		return false;
	if (t.kind != CANONICAL_STRING || !canonical_text(&t, type, sizeof(type), err))
		return missing("type", err);
	if (!doc_type_check(str_of(type), ROLL_TYPE, err))
		return false;
	if (!read_parts(&in, "votes", p->votes, &p->votes_n, err) ||
	    !read_parts(&in, "without", p->withouts, &p->withouts_n, err) ||
	    !canonical_next(&in, &t, err))
		return false;
	return t.kind == CANONICAL_CLOSE_OBJECT || missing("without", err);
}

bool roll_parts_decode(struct str text, struct roll_parts *ret, struct err *err)
{
	auto_free struct roll_parts *fresh = calloc(1, sizeof(*fresh));
	if (!fresh)
		return err_set(err, ERR_MEMORY, "reading a roll");
	if (!read_container(text, fresh, err))
		return err_in(err, "reading a roll");
	*ret = *fresh;
	return true;
}

static void write_parts(struct canonical_out *out, const char *name, const struct roll_part *parts,
			unsigned n)
{
	canonical_put_key(out, name);
	canonical_put_open(out, '{');
	for (unsigned i = 0; i < n; i++) {
		canonical_put_key(out, parts[i].host);
		canonical_put_raw(out, parts[i].text);
	}
	canonical_put_close(out, '}');
}

bool roll_parts_encode(const struct roll_parts *parts, struct buf *ret_text, struct err *err)
{
	struct canonical_out out;
	auto_buf struct buf text = {.max = DOC_BYTES_MAX};
	if (parts->generation == 0 || parts->generation > INT64_MAX ||
	    strlen(parts->proposal.hex) != DIGEST_CHARS)
		return err_set(err, ERR_INVALID, "a roll without its proposal");
	canonical_to_buf(&out, &text, DOC_BYTES_MAX);
	canonical_put_open(&out, '{');
	canonical_put_key(&out, "closure");
	if (parts->closure.n)
		canonical_put_raw(&out, parts->closure);
	else
		canonical_put_null(&out);
	canonical_put_key(&out, "generation");
	canonical_put_int(&out, (int64_t)parts->generation);
	canonical_put_key(&out, "proposal");
	canonical_put_string(&out, str_of(parts->proposal.hex));
	canonical_put_key(&out, "type");
	canonical_put_string(&out, STR(ROLL_TYPE));
	write_parts(&out, "votes", parts->votes, parts->votes_n);
	write_parts(&out, "without", parts->withouts, parts->withouts_n);
	canonical_put_close(&out, '}');
	if (!canonical_done(&out, err))
		return err_in(err, "writing the roll of generation %llu",
			      (unsigned long long)parts->generation);
	/* The parts came from callers: what is published is read back first. */
	if (!canonical_check(buf_str(&text), DOC_BYTES_MAX, err))
		return err_in(err, "writing a roll");
	buf_clear(ret_text);
	buf_add(ret_text, text.p, text.n);
	return buf_ok(ret_text, err);
}

static bool add_part(struct roll_part *parts, unsigned *n, const char *host, struct str text,
		     struct err *err)
{
	unsigned i = 0;
	while (i < *n && strcmp(parts[i].host, host) < 0)
		i++;
	if (i < *n && strcmp(parts[i].host, host) == 0) {
		if (str_equal(parts[i].text, text))
			return true;
		return err_set(err, ERR_CONFLICT, "'%s' has its word in this roll already", host);
	}
	if (*n == MEMBERS_MAX)
		return err_set(err, ERR_LIMIT, "a roll of more than %d members", MEMBERS_MAX);
	struct roll_part fresh = {.text = text};
	if (!copy_z(fresh.host, sizeof(fresh.host), host))
		return err_set(err, ERR_LIMIT, "a host name of more than %zu bytes",
			       sizeof(fresh.host) - 1);
	memmove(&parts[i + 1], &parts[i], (*n - i) * sizeof(parts[0]));
	parts[i] = fresh;
	(*n)++;
	return true;
}

bool roll_parts_add_vote(struct roll_parts *parts, const char *host, struct str text,
			 struct err *err)
{
	return add_part(parts->votes, &parts->votes_n, host, text, err);
}

bool roll_parts_add_without(struct roll_parts *parts, const char *host, bool has_nay,
			    struct str text, struct err *err)
{
	if (has_nay)
		return err_set(err, ERR_REFUSED, "'%s' has voted nay: it cannot be declared dead",
			       host);
	return add_part(parts->withouts, &parts->withouts_n, host, text, err);
}

/* --- what is believed of it --- */

static int roll_find(const struct proposal *p, const char *host)
{
	for (unsigned i = 0; i < p->roll_n; i++)
		if (strcmp(p->roll[i].host, host) == 0)
			return (int)i;
	return -1;
}

static bool vote_belongs(const struct vote *v, const struct roll_part *part,
			 const struct proposal *p, struct err *err)
{
	int i = roll_find(p, part->host);
	if (strcmp(v->host, part->host) != 0)
		return err_set(err, ERR_UNTRUSTED, "a vote for '%s' stands in its place", v->host);
	if (i < 0)
		return err_set(err, ERR_UNTRUSTED, "a vote of a member that is not on the roll");
	if (p->roll[i].is_dead)
		return err_set(err, ERR_UNTRUSTED, "a vote of a member that was declared dead");
	if (v->generation != p->generation || !digest_equal(&v->proposal, &p->digest))
		return err_set(err, ERR_UNTRUSTED, "a vote on another proposal (generation %llu)",
			       (unsigned long long)v->generation);
	/* An abort in a member's name is an operator's: through any rotad. A yea never is. */
	bool is_abort = v->is_by_operator && v->word == VOTE_NAY;
	if (!is_abort && !spki_equal(&v->head.from, &p->roll[i].identity))
		return err_set(err, ERR_UNTRUSTED,
			       "a vote by %.16s..., which does not speak for it", v->head.from.hex);
	return true;
}

static void doubt(struct roll_doubts *doubts, const char *host, struct err *why)
{
	err_subject(why, host);
	if (doubts->n++ == 0)
		doubts->first = *why;
}

static bool take_vote(const struct roll_part *part, const struct proposal *p,
		      const struct doc_trust *trust, struct roll *ret, struct err *err)
{
	struct vote v;
	if (!vote_decode(part->text, trust, &v, err) || !vote_belongs(&v, part, p, err))
		return false;
	ret->votes[roll_find(p, part->host)] = v;
	return true;
}

static bool take_without(const struct roll_part *part, const struct proposal *p,
			 const struct doc_trust *trust, struct roll *ret, struct err *err)
{
	struct without w;
	int i = roll_find(p, part->host);
	if (!without_decode(part->text, trust, &w, err))
		return false;
	if (i < 0 || strcmp(w.host, part->host) != 0 || w.generation != p->generation)
		return err_set(err, ERR_UNTRUSTED, "declared dead in another roll");
	/* Each is refused once the other stands, so no rotad wrote both. Which was first cannot be
	 * told: some may have gone on without it, others back. Neither counts, and nobody goes
	 * either way by it. */
	if (ret->votes[i].word == VOTE_NAY) {
		ret->votes[i] = (struct vote){.word = VOTE_NONE};
		return err_set(err, ERR_UNTRUSTED,
			       "a nay and declared dead: somebody else writes in the ledger");
	}
	ret->is_without[i] = true;
	return true;
}

static bool take_closure(const struct roll_parts *parts, const struct proposal *p,
			 const struct doc_trust *trust, struct roll *ret, struct err *err)
{
	struct closure c;
	if (!closure_decode(parts->closure, trust, &c, err))
		return false;
	if (c.generation != p->generation || !digest_equal(&c.proposal, &p->digest))
		return err_set(err, ERR_UNTRUSTED, "the end of another rotation");
	/* One identity lies for its own member only (PROTOCOL 6): the end follows from the votes.
	 */
	bool all = true, nay = false;
	for (unsigned i = 0; i < p->roll_n; i++) {
		nay |= ret->votes[i].word == VOTE_NAY;
		all &= ret->votes[i].word == VOTE_YEA || ret->is_without[i];
	}
	if (c.is_carried ? !all || nay : !nay)
		return err_set(err, ERR_UNTRUSTED, "an end that the votes do not bear out");
	ret->closure = c;
	return true;
}

bool roll_decode(struct str text, int64_t rev, const struct proposal *proposal,
		 const struct doc_trust *trust, struct roll *ret, struct roll_doubts *ret_doubts,
		 struct err *err)
{
	*ret_doubts = (struct roll_doubts){.n = 0, .first = ERR_INIT};
	/* Every part must be of the proposal's cluster and ledger, whatever the caller compares. */
	const struct doc_trust here = {.find = trust->find,
				       .self = trust->self,
				       .cluster = proposal->head.cluster,
				       .ledger = &proposal->head.ledger};
	auto_free struct roll_parts *parts = malloc(sizeof(*parts));
	if (!parts)
		return err_set(err, ERR_MEMORY, "reading a roll");
	if (!read_container(text, parts, err))
		return err_in(err, "reading a roll");
	if (parts->generation != proposal->generation ||
	    !digest_equal(&parts->proposal, &proposal->digest))
		return err_set(err, ERR_PROTOCOL, "a roll of another proposal (generation %llu)",
			       (unsigned long long)parts->generation);
	/* Large, most of it for members that there are not. */
	ret->generation = parts->generation;
	ret->rev = rev;
	ret->closure = (struct closure){.is_given = false};
	memset(ret->votes, 0, proposal->roll_n * sizeof(ret->votes[0]));
	memset(ret->is_without, 0, sizeof(ret->is_without));
	for (unsigned i = 0; i < proposal->roll_n; i++)
		ret->is_without[i] = proposal->roll[i].is_dead;
	for (unsigned i = 0; i < parts->votes_n; i++) {
		struct err why = ERR_INIT;
		if (!take_vote(&parts->votes[i], proposal, &here, ret, &why))
			doubt(ret_doubts, parts->votes[i].host, &why);
	}
	for (unsigned i = 0; i < parts->withouts_n; i++) {
		struct err why = ERR_INIT;
		if (!take_without(&parts->withouts[i], proposal, &here, ret, &why))
			doubt(ret_doubts, parts->withouts[i].host, &why);
	}
	if (parts->closure.n) {
		struct err why = ERR_INIT;
		if (!take_closure(parts, proposal, &here, ret, &why))
			doubt(ret_doubts, "", &why);
	}
	return true;
}
