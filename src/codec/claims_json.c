/* SPDX-License-Identifier: Apache-2.0 */
/* {"slots":{"SET":{signed claim},...},"type":"rotad-claims/1"} */
#include "codec/claims_json.h"

#include <string.h>

#include "codec/canonical.h"
#include "codec/ledger_json.h"

#define CLAIMS_TYPE "rotad-claims/1"

static bool next_key(struct canonical_in *in, const char *name, struct err *err)
{
	struct canonical_token t;
	if (!canonical_next(in, &t, err))
		return false;
	return (t.kind == CANONICAL_KEY && str_equal_z(t.raw, name)) ||
	       err_set(err, ERR_PROTOCOL, "claims without '%s', or with an unknown field", name);
}

static bool read_slots(struct canonical_in *in, struct claims_parts *p, struct err *err)
{
	struct canonical_token t;
	if (!canonical_next(in, &t, err))
		return false;
	if (t.kind != CANONICAL_OPEN_OBJECT)
		return err_set(err, ERR_PROTOCOL, "slots that are no object");
	for (;;) {
		struct claims_part *slot = &p->slots[p->n];
		if (!canonical_next(in, &t, err))
			return false;
		if (t.kind == CANONICAL_CLOSE_OBJECT)
			return true;
		if (p->n == SETS_MAX)
			return err_set(err, ERR_LIMIT, "claims of more than %d sets", SETS_MAX);
		if (!canonical_text(&t, slot->set, sizeof(slot->set), err) ||
		    !canonical_skip(in, &slot->text, err))
			return false;
		if (!slot->set[0] || slot->text.p[0] != '{')
			return err_set(err, ERR_PROTOCOL, "a slot that holds no claim");
		p->n++;
	}
}

bool claims_decode(struct str text, struct claims_parts *ret, struct err *err)
{
	struct canonical_in in;
	struct canonical_token t;
	struct claims_parts fresh = {.n = 0};
	char type[32];
	if (!canonical_check(text, DOC_BYTES_MAX, err))
		return err_in(err, "reading claims");
	canonical_open(&in, text);
	if (!canonical_next(&in, &t, err))
		return false;
	if (t.kind != CANONICAL_OPEN_OBJECT)
		return err_set(err, ERR_PROTOCOL, "claims that are no object");
	if (!next_key(&in, "slots", err) || !read_slots(&in, &fresh, err) ||
	    !next_key(&in, "type", err) || !canonical_next(&in, &t, err))
		return err_in(err, "reading claims");
	if (t.kind != CANONICAL_STRING || !canonical_text(&t, type, sizeof(type), err))
		return err_set(err, ERR_PROTOCOL, "claims without a type");
	if (!doc_type_check(str_of(type), CLAIMS_TYPE, err) || !canonical_next(&in, &t, err))
		return err_in(err, "reading claims");
	if (t.kind != CANONICAL_CLOSE_OBJECT)
		return err_set(err, ERR_PROTOCOL, "claims with an unknown field");
	*ret = fresh;
	return true;
}

bool claims_encode(const struct claims_parts *parts, struct buf *ret_text, struct err *err)
{
	struct canonical_out out;
	buf_clear(ret_text);
	canonical_to_buf(&out, ret_text, DOC_BYTES_MAX);
	canonical_put_open(&out, '{');
	canonical_put_key(&out, "slots");
	canonical_put_open(&out, '{');
	for (unsigned i = 0; i < parts->n; i++) {
		canonical_put_key(&out, parts->slots[i].set);
		canonical_put_raw(&out, parts->slots[i].text);
	}
	canonical_put_close(&out, '}');
	canonical_put_key(&out, "type");
	canonical_put_string(&out, STR(CLAIMS_TYPE));
	canonical_put_close(&out, '}');
	return canonical_done(&out, err) || err_in(err, "writing claims");
}

bool claims_put(struct claims_parts *parts, const char *set, struct str text, struct err *err)
{
	unsigned at = 0;
	while (at < parts->n && strcmp(parts->slots[at].set, set) < 0)
		at++;
	bool is_there = at < parts->n && strcmp(parts->slots[at].set, set) == 0;
	if (text.n == 0) {
		if (is_there)
			memmove(&parts->slots[at], &parts->slots[at + 1],
				(--parts->n - at) * sizeof(parts->slots[0]));
		return true;
	}
	if (!is_there) {
		if (parts->n == SETS_MAX)
			return err_set(err, ERR_LIMIT, "claims of more than %d sets", SETS_MAX);
		memmove(&parts->slots[at + 1], &parts->slots[at],
			(parts->n++ - at) * sizeof(parts->slots[0]));
		cut_z(parts->slots[at].set, sizeof(parts->slots[at].set), set);
	}
	parts->slots[at].text = text;
	return true;
}
