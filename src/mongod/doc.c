/* SPDX-License-Identifier: Apache-2.0 */
/* BSON by dotted path. */
#include "mongod/doc.h"

static bool find(const bson_t *doc, const char *path, bson_iter_t *ret)
{
	bson_iter_t it;
	return bson_iter_init(&it, doc) && bson_iter_find_descendant(&it, path, ret);
}

bool doc_has(const bson_t *doc, const char *path)
{
	bson_iter_t it;
	return find(doc, path, &it);
}

int64_t doc_int(const bson_t *doc, const char *path, int64_t otherwise)
{
	bson_iter_t it;
	if (!find(doc, path, &it))
		return otherwise;
	if (BSON_ITER_HOLDS_DOUBLE(&it)) {
		double d = bson_iter_double(&it);
		return d > -9e15 && d < 9e15 ? (int64_t)d : otherwise;
	}
	return BSON_ITER_HOLDS_NUMBER(&it) || BSON_ITER_HOLDS_BOOL(&it) ? bson_iter_as_int64(&it)
									: otherwise;
}

double doc_double(const bson_t *doc, const char *path, double otherwise)
{
	bson_iter_t it;
	return find(doc, path, &it) && BSON_ITER_HOLDS_NUMBER(&it) ? bson_iter_as_double(&it)
								   : otherwise;
}

bool doc_true(const bson_t *doc, const char *path)
{
	return doc_int(doc, path, 0) != 0;
}

struct wall doc_wall(const bson_t *doc, const char *path)
{
	bson_iter_t it;
	if (!find(doc, path, &it) || !BSON_ITER_HOLDS_DATE_TIME(&it))
		return (struct wall){.us = 0};
	int64_t ms = bson_iter_date_time(&it);
	/* A date far outside of any calendar is "not known", not an overflow. */
	return (struct wall){.us = ms > INT64_MIN / 1000 && ms < INT64_MAX / 1000 ? ms * 1000 : 0};
}

const char *doc_text_at(const bson_iter_t *it)
{
	uint32_t n = 0;
	if (!BSON_ITER_HOLDS_UTF8(it))
		return "";
	const char *text = bson_iter_utf8(it, &n);
	return bson_utf8_validate(text, n, false) ? text : "";
}

const char *doc_text(const bson_t *doc, const char *path)
{
	bson_iter_t it;
	return find(doc, path, &it) ? doc_text_at(&it) : "";
}

bool doc_copy(const bson_t *doc, const char *path, char *out, size_t out_n, struct err *err)
{
	if (copy_z(out, out_n, doc_text(doc, path)))
		return true;
	return err_set(err, ERR_PROTOCOL, "'%s' in the answer is longer than %zu bytes", path,
		       out_n - 1);
}

void doc_oid(const bson_t *doc, const char *path, char *out)
{
	bson_iter_t it;
	out[0] = 0;
	if (find(doc, path, &it) && BSON_ITER_HOLDS_OID(&it))
		bson_oid_to_string(bson_iter_oid(&it), out);
}

static bool sub_of(const bson_iter_t *it, bson_t *ret)
{
	const uint8_t *p = NULL;
	uint32_t n = 0;
	if (BSON_ITER_HOLDS_DOCUMENT(it))
		bson_iter_document(it, &n, &p);
	else if (BSON_ITER_HOLDS_ARRAY(it))
		bson_iter_array(it, &n, &p);
	return p && bson_init_static(ret, p, n);
}

bool doc_sub(const bson_t *doc, const char *path, bson_t *ret)
{
	bson_iter_t it;
	return find(doc, path, &it) && sub_of(&it, ret);
}

bool doc_next(bson_iter_t *it, bson_t *ret)
{
	while (bson_iter_next(it))
		if (sub_of(it, ret))
			return true;
	return false;
}
