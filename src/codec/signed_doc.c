/* SPDX-License-Identifier: Apache-2.0 */
/* {"content":{...},"signature":"base64"} there and back. */
#include "codec/signed_doc.h"

bool signed_doc_parse(struct str text, size_t max_bytes, struct signed_doc *ret, struct err *err)
{
	static const enum canonical_kind after[] = {CANONICAL_KEY, CANONICAL_STRING,
						    CANONICAL_CLOSE_OBJECT, CANONICAL_END};
	struct canonical_in in;
	struct canonical_token t;
	struct signed_doc doc = {.signature = {.n = 0}};
	if (!canonical_check(text, max_bytes, err))
		return false;
	canonical_open(&in, text);
	if (!canonical_next(&in, &t, err))
		return false;
	if (t.kind != CANONICAL_OPEN_OBJECT)
		return err_set(err, ERR_PROTOCOL, "not a signed document");
	if (!canonical_next(&in, &t, err))
		return false;
	if (t.kind != CANONICAL_KEY || !str_equal(t.raw, STR("content")))
		return err_set(err, ERR_PROTOCOL, "not a signed document: no content");
	if (!canonical_skip(&in, &doc.content, err))
		return false;
	if (doc.content.p[0] != '{')
		return err_set(err, ERR_PROTOCOL, "a signed document whose content is no object");
	for (size_t i = 0; i < ARRAY_N(after); i++) {
		if (!canonical_next(&in, &t, err))
			return false;
		if (t.kind != after[i])
			return err_set(err, ERR_PROTOCOL, "not a signed document");
		if (t.kind == CANONICAL_KEY && !str_equal(t.raw, STR("signature")))
			return err_set(err, ERR_PROTOCOL, "a signed document with a field '%.*s'",
				       (int)MIN(t.raw.n, (size_t)64), t.raw.p);
		if (t.kind == CANONICAL_STRING)
			doc.signature = t.raw;
	}
	*ret = doc;
	return true;
}

bool signed_doc_print(struct canonical_out *out, struct str content,
		      const struct identity_keys *keys, struct err *err)
{
	char signature[SIGNATURE_CHARS];
	if (!identity_sign(keys, content, signature, err))
		return false;
	canonical_put_open(out, '{');
	canonical_put_key(out, "content");
	canonical_put_raw(out, content);
	canonical_put_key(out, "signature");
	canonical_put_string(out, str_of(signature));
	canonical_put_close(out, '}');
	return canonical_done(out, err);
}
