/* SPDX-License-Identifier: Apache-2.0 */
/* One row a kind of document. What must stay: the highest generation and the one before it (the
 * newest closed one is one of the two, and its text names its predecessor's digest), the identity
 * of whoever signed anything that stays or is named in it, the present identity and word of each
 * present member.
 * In doubt a document stays. */
#include "round/ledger_tidy.h"

#include <string.h>

#include "codec/digest.h"
#include "model/seen.h"

static const struct store_doc *find_doc(const struct tidy_view *v, const char *kind,
					const char *name)
{
	size_t n = strlen(kind);
	for (size_t i = 0; i < v->docs_n; i++)
		if (strncmp(v->docs[i].id, kind, n) == 0 && strcmp(v->docs[i].id + n, name) == 0)
			return &v->docs[i];
	return NULL;
}

static bool is_member(const struct tidy_view *v, const char *host)
{
	for (unsigned i = 0; i < v->hosts_n; i++)
		if (strcmp(v->hosts[i], host) == 0)
			return true;
	return false;
}

static bool number_of(const char *z, uint64_t *ret)
{
	uint64_t n = 0;
	for (const char *p = z; *p; p++) {
		if (*p < '0' || *p > '9' || n > UINT64_MAX / 20)
			return false;
		n = n * 10 + (uint64_t)(*p - '0');
	}
	*ret = n;
	return z[0] != 0;
}

/* Generations are never opened again, and a maker that was away for so long that it makes an old
 * one anew makes one that nobody reads: the highest counts. */
static enum tidy_verdict judge_generation(const struct tidy_view *v, const struct store_doc *doc,
					  const char *rest)
{
	uint64_t n;
	(void)doc;
	if (!v->proposal || !number_of(rest, &n))
		return TIDY_KEEP;
	return n < v->proposal->generation && n + 1 < v->proposal->generation ? TIDY_NOW
									      : TIDY_KEEP;
}

static enum tidy_verdict judge_envelope(const struct tidy_view *v, const struct store_doc *doc,
					const char *rest)
{
	const char *spki = strchr(rest, '/');
	size_t n = spki ? (size_t)(spki - rest) : 0;
	(void)doc;
	if (!spki || strlen(++spki) != SPKI_CHARS)
		return TIDY_KEEP;
	bool is_welcome = n == 1 && rest[0] == '0';
	bool is_present =
	    v->proposal && n == DIGEST_CHARS && memcmp(rest, v->proposal->digest.hex, n) == 0;
	if (is_welcome || is_present)
		return find_doc(v, "identity/", spki) ? TIDY_KEEP : TIDY_REST;
	if (n != DIGEST_CHARS)
		return TIDY_KEEP;
	/* Another proposal's: of an ended one, or of a maker that lost the race. Only after the end
	 * of a generation may it be of one that is just being made. */
	if (v->proposal && (!v->is_closed || memcmp(rest, v->proposal->previous.hex, n) == 0))
		return TIDY_NOW;
	return TIDY_REST;
}

/* Does anything that stays name this identity, as its signer or in a roll? Texts of documents are
 * canonical: a name stands in them as it is. */
static bool is_named(const struct tidy_view *v, const struct store_doc *self, const char *spki)
{
	for (size_t i = 0; i < v->docs_n; i++) {
		const struct store_doc *d = &v->docs[i];
		const char *slash = strchr(d->id, '/');
		/* What is only there for it goes with it; what is just going does not count. */
		if (d == self || strstr(d->id, spki) || strncmp(d->id, "identity/", 9) == 0 ||
		    ((strncmp(d->id, "proposal/", 9) == 0 || strncmp(d->id, "roll/", 5) == 0) &&
		     judge_generation(v, d, slash + 1) == TIDY_NOW))
			continue;
		if (d->text.n && memmem(d->text.p, d->text.n, spki, SPKI_CHARS))
			return true;
	}
	return false;
}

static enum tidy_verdict judge_identity(const struct tidy_view *v, const struct store_doc *doc,
					const char *rest)
{
	for (unsigned i = 0; i < v->identities_n; i++) {
		const struct identity *id = &v->identities[i].identity;
		if (strcmp(id->spki.hex, rest) == 0)
			return (is_member(v, id->host) && !id->is_superseded) ||
				       is_named(v, doc, rest)
				   ? TIDY_KEEP
				   : TIDY_REST;
	}
	return TIDY_KEEP; /* not readable, so nobody's whom we know */
}

static enum tidy_verdict judge_host(const struct tidy_view *v, const struct store_doc *doc,
				    const char *rest)
{
	(void)doc;
	return rest[0] && !is_member(v, rest) ? TIDY_REST : TIDY_KEEP;
}

static enum tidy_verdict judge_order(const struct tidy_view *v, const struct store_doc *doc,
				     const char *rest)
{
	struct order o, other;
	struct err ignored = ERR_INIT;
	(void)rest;
	if (!order_decode(doc->text, v->trust, &o, &ignored))
		return TIDY_KEEP;
	if (o.kind == ORDER_KEYFILE) {
		const struct proposal *p = v->proposal;
		return p && order_is_past(&o, p, v->is_closed) ? TIDY_NOW : TIDY_KEEP;
	}
	if (o.host[0] && !is_member(v, o.host))
		return TIDY_REST;
	/* The newest certificate order for a member, and the newest for all, count. */
	for (size_t i = 0; i < v->docs_n; i++) {
		struct err not_read = ERR_INIT;
		if (&v->docs[i] == doc || strncmp(v->docs[i].id, "order/", 6) != 0 ||
		    !order_decode(v->docs[i].text, v->trust, &other, &not_read))
			continue;
		if (other.kind == o.kind && strcmp(other.host, o.host) == 0 &&
		    (other.head.at.us > o.head.at.us ||
		     (other.head.at.us == o.head.at.us && strcmp(other.id.hex, o.id.hex) > 0)))
			return TIDY_REST;
	}
	return TIDY_KEEP;
}

static const struct {
	const char *prefix;
	enum tidy_verdict (*judge)(const struct tidy_view *v, const struct store_doc *doc,
				   const char *rest);
} tidy_table[] = {
    {"proposal/", judge_generation}, {"roll/", judge_generation}, {"envelope/", judge_envelope},
    {"identity/", judge_identity},   {"statement/", judge_host},  {"csr/", judge_host},
    {"issued/", judge_host},         {"order/", judge_order},
};

enum tidy_verdict tidy_judge(const struct tidy_view *v, size_t i)
{
	const struct store_doc *doc = &v->docs[i];
	ASSERT(i < v->docs_n);
	for (size_t k = 0; v->hosts_n > 0 && k < ARRAY_N(tidy_table); k++) {
		size_t n = strlen(tidy_table[k].prefix);
		if (strncmp(doc->id, tidy_table[k].prefix, n) == 0)
			return tidy_table[k].judge(v, doc, doc->id + n);
	}
	return TIDY_KEEP;
}
