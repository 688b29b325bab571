/* SPDX-License-Identifier: Apache-2.0 */
/* Borrowed strings and bounded text buffers. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct str str_of(const char *zero_ended)
{
	return (struct str){.p = zero_ended ? zero_ended : "",
			    .n = zero_ended ? strlen(zero_ended) : 0};
}

bool str_equal(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool str_equal_z(struct str a, const char *b)
{
	return str_equal(a, str_of(b));
}

bool str_starts(struct str s, struct str prefix)
{
	return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

struct str str_trim(struct str s)
{
	while (s.n && is_space(s.p[0])) {
		s.p++;
		s.n--;
	}
	while (s.n && is_space(s.p[s.n - 1]))
		s.n--;
	return s;
}

bool str_cut(struct str *rest, char at, struct str *ret_part)
{
	if (!rest->p)
		return false;
	const char *hit = rest->n ? memchr(rest->p, at, rest->n) : NULL;
	if (!hit) {
		*ret_part = *rest;
		*rest = (struct str){.p = NULL, .n = 0};
		return true;
	}
	*ret_part = (struct str){.p = rest->p, .n = (size_t)(hit - rest->p)};
	rest->n -= ret_part->n + 1;
	rest->p = hit + 1;
	return true;
}

static bool buf_room(struct buf *b, size_t more)
{
	size_t max = b->max ? b->max : BUF_MAX_DEFAULT;
	if (b->failed)
		return false;
	if (more > max || b->n > max - more) {
		b->failed = true;
		return false;
	}
	if (b->n + more + 1 > b->cap) {
		size_t cap = MAX((b->n + more + 1) * 2, (size_t)256);
		char *p = realloc(b->p, cap);
		if (!p) {
			b->failed = true;
			return false;
		}
		b->p = p;
		b->cap = cap;
	}
	return true;
}

void buf_add(struct buf *b, const void *p, size_t n)
{
	if (!buf_room(b, n))
		return;
	if (n)
		memcpy(b->p + b->n, p, n);
	b->n += n;
	b->p[b->n] = 0;
}

void buf_adds(struct buf *b, const char *z)
{
	buf_add(b, z, strlen(z));
}

void buf_addc(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_addf(struct buf *b, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	int n = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	if (n < 0 || !buf_room(b, (size_t)n)) {
		b->failed = true;
		return;
	}
	va_start(ap, format);
	vsnprintf(b->p + b->n, (size_t)n + 1, format, ap);
	va_end(ap);
	b->n += (size_t)n;
}

void buf_clear(struct buf *b)
{
	b->n = 0;
	b->failed = false;
	if (b->p)
		b->p[0] = 0;
}

void buf_fini(struct buf *b)
{
	free(b->p);
	*b = (struct buf){.max = b->max};
}

void buf_wipe(struct buf *b)
{
	if (b->p)
		explicit_bzero(b->p, b->cap);
	buf_fini(b);
}

const char *buf_z(const struct buf *b)
{
	return b->p ? b->p : "";
}

struct str buf_str(const struct buf *b)
{
	return (struct str){.p = buf_z(b), .n = b->n};
}

bool buf_ok(const struct buf *b, struct err *err)
{
	if (!b->failed)
		return true;
	return err_set(err, ERR_LIMIT, "text is longer than %zu bytes, or memory ran out",
		       b->max ? b->max : (size_t)BUF_MAX_DEFAULT);
}

bool copy_str(char *out, size_t out_n, struct str s)
{
	ASSERT(out_n > 0);
	out[0] = 0;
	if (s.n >= out_n || (s.n && memchr(s.p, 0, s.n)))
		return false;
	if (s.n)
		memcpy(out, s.p, s.n);
	out[s.n] = 0;
	return true;
}

bool copy_z(char *out, size_t out_n, const char *z)
{
	return copy_str(out, out_n, str_of(z));
}

void cut_z(char *out, size_t out_n, const char *z)
{
	ASSERT(out_n > 0);
	size_t n = z ? strnlen(z, out_n - 1) : 0;
	if (n)
		memmove(out, z, n);
	out[n] = 0;
}
