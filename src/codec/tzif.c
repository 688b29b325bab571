/* SPDX-License-Identifier: Apache-2.0 */
/* TZif by RFC 9636: the 64-bit block and the footer where there are any, else the 32-bit block.
 * Every length is checked before it is used. */
#include "codec/tzif.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

enum { HEADER_BYTES = 44, TYPE_BYTES = 6, TYPES_MAX = 256, OFFSET_S_MAX = 26 * 3600 };

struct header {
	unsigned version; /* 1.. */
	uint32_t isut_n, isstd_n, leap_n, time_n, type_n, char_n;
};

static int64_t signed_at(const unsigned char *p, unsigned bytes)
{
	uint64_t v = p[0] & 0x80 ? UINT64_MAX : 0;
	for (unsigned i = 0; i < bytes; i++)
		v = v << 8 | p[i];
	return (int64_t)v;
}

static bool cut(struct str *s, size_t n, const unsigned char **ret)
{
	if (s->n < n)
		return false;
	*ret = (const unsigned char *)s->p;
	s->p += n;
	s->n -= n;
	return true;
}

static bool cut_header(struct str *s, struct header *h)
{
	const unsigned char *p;
	if (!cut(s, HEADER_BYTES, &p) || memcmp(p, "TZif", 4) != 0)
		return false;
	h->version = p[4] == 0 ? 1 : p[4] >= '2' && p[4] <= '9' ? (unsigned)(p[4] - '0') : 0;
	uint32_t *fields[] = {&h->isut_n, &h->isstd_n, &h->leap_n,
			      &h->time_n, &h->type_n,  &h->char_n};
	for (size_t i = 0; i < ARRAY_N(fields); i++) {
		int64_t v = signed_at(p + 20 + 4 * i, 4);
		if (v < 0 || v > ZONE_BYTES_MAX) /* so no product below can overflow */
			return false;
		*fields[i] = (uint32_t)v;
	}
	return h->version != 0;
}

static bool type_get(const unsigned char *types, const unsigned char *chars, const struct header *h,
		     unsigned i, struct zone_shift *ret)
{
	const unsigned char *t;
	if (i >= h->type_n)
		return false;
	t = types + (size_t)TYPE_BYTES * i;
	int64_t offset = signed_at(t, 4);
	if (offset < -OFFSET_S_MAX || offset > OFFSET_S_MAX || t[5] >= h->char_n)
		return false;
	const char *letters = (const char *)chars + t[5];
	size_t n = strnlen(letters, h->char_n - t[5]);
	ret->offset_s = (int32_t)offset;
	return n < h->char_n - t[5] &&
	       copy_str(ret->letters, sizeof(ret->letters), (struct str){.p = letters, .n = n});
}

static bool decode_block(struct str *s, const struct header *h, unsigned time_bytes, struct zone *z,
			 struct err *err)
{
	const unsigned char *times, *kinds, *types, *chars, *rest;
	if (h->leap_n)
		return err_set(err, ERR_UNSUPPORTED,
			       "a time zone with leap seconds; take the one without \"right/\"");
	if (h->time_n > ZONE_TRANSITIONS_MAX)
		return err_set(err, ERR_LIMIT, "%u transitions, at most %d", h->time_n,
			       ZONE_TRANSITIONS_MAX);
	if (h->type_n == 0 || h->type_n > TYPES_MAX ||
	    !cut(s, (size_t)time_bytes * h->time_n, &times) || !cut(s, h->time_n, &kinds) ||
	    !cut(s, (size_t)TYPE_BYTES * h->type_n, &types) || !cut(s, h->char_n, &chars) ||
	    !cut(s, (size_t)h->isstd_n + h->isut_n, &rest) ||
	    !type_get(types, chars, h, 0, &z->first))
		return err_set(err, ERR_SYNTAX, "truncated or damaged time zone file");
	for (uint32_t i = 0; i < h->time_n; i++) {
		struct zone_shift *shift = &z->shifts[i];
		shift->at_s = signed_at(times + (size_t)time_bytes * i, time_bytes);
		if (!type_get(types, chars, h, kinds[i], shift) ||
		    (i && shift->at_s <= z->shifts[i - 1].at_s))
			return err_set(err, ERR_SYNTAX,
				       "transition %u of the time zone file is bad", i);
	}
	z->shifts_n = h->time_n;
	return true;
}

bool tzif_decode(struct str bytes, const char *name, struct zone *ret, struct err *err)
{
	struct str s = bytes;
	struct header h = {0};
	const unsigned char *skipped;
	auto_free struct zone *z = calloc(1, sizeof(*z));
	if (!z)
		return err_set(err, ERR_MEMORY, "no memory for a time zone");
	if (!copy_z(z->name, sizeof(z->name), name))
		return err_set(err, ERR_LIMIT, "the time zone's name is too long");
	if (bytes.n > ZONE_BYTES_MAX || !cut_header(&s, &h))
		return err_set(err, ERR_SYNTAX, "no compiled time zone file (TZif)");
	if (h.version == 1) {
		if (!decode_block(&s, &h, 4, z, err))
			return false;
		*ret = *z;
		return true;
	}
	/* The first block is for readers of version 1: skipped unread. */
	if (!cut(&s,
		 (size_t)5 * h.time_n + (size_t)TYPE_BYTES * h.type_n + h.char_n +
		     (size_t)8 * h.leap_n + h.isstd_n + h.isut_n,
		 &skipped) ||
	    !cut_header(&s, &h) || h.version == 1)
		return err_set(err, ERR_SYNTAX, "truncated or damaged time zone file");
	if (!decode_block(&s, &h, 8, z, err))
		return false;
	/* Footer: a line between two newlines; empty when there is no rule. */
	if (s.n < 2 || s.p[0] != '\n')
		return err_set(err, ERR_SYNTAX, "the time zone file has no footer");
	const char *end = memchr(s.p + 1, '\n', s.n - 1);
	if (!end)
		return err_set(err, ERR_SYNTAX, "the time zone file has no footer");
	struct str rule = {.p = s.p + 1, .n = (size_t)(end - s.p - 1)};
	if (rule.n && !zone_rules_parse(rule, z, err))
		return false;
	*ret = *z;
	return true;
}
