/* SPDX-License-Identifier: Apache-2.0 */
/* Takes secrets and control characters out of other programs' words. mongod 6.0.5 for instance
 * prints a whole key in the error about a keyfile with URL-safe base64. */
#include "sys/redact.h"

#include <string.h>

static bool is_base64(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '+' || c == '/' || c == '=' || c == '-' || c == '_';
}

static size_t run_length(struct str s)
{
	size_t n = 0;
	while (n < s.n && is_base64(s.p[n]))
		n++;
	return n;
}

/* A random key of 40 characters without one upper-case letter: 1 in 10^9. */
static bool looks_like_path(struct str run)
{
	size_t part = 0;
	if (run.p[0] != '/')
		return false;
	for (size_t i = 0; i < run.n; i++) {
		char c = run.p[i];
		if (c == '+' || c == '=' || (c >= 'A' && c <= 'Z'))
			return false;
		part = c == '/' ? 0 : part + 1;
		if (part >= REDACT_RUN_MIN) /* a hexadecimal key behind a slash */
			return false;
	}
	return true;
}

static bool looks_like_rule(struct str run) /* "-----", "=====" : lines in a program's output */
{
	for (size_t i = 1; i < run.n; i++)
		if (run.p[i] != run.p[0])
			return false;
	return true;
}

/* Length of the valid UTF-8 sequence at s, 0 when there is none. Overlong forms, surrogates and
 * what lies beyond U+10FFFF are none. */
static size_t utf8_length(struct str s)
{
	const unsigned char *p = (const unsigned char *)s.p;
	size_t n = p[0] < 0x80                   ? 1
		   : p[0] >= 0xc2 && p[0] < 0xe0 ? 2
		   : p[0] >= 0xe0 && p[0] < 0xf0 ? 3
						 : 4;
	if (p[0] >= 0x80 && (p[0] < 0xc2 || p[0] > 0xf4))
		return 0;
	if (s.n < n)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return n;
}

static struct str skip(struct str s, size_t n)
{
	return (struct str){.p = s.p + n, .n = s.n - n};
}

static size_t white_length(struct str s)
{
	size_t n = 0;
	while (n < s.n && (s.p[n] == '\n' || s.p[n] == '\r' || s.p[n] == ' ' || s.p[n] == '\t'))
		n++;
	return n;
}

/* Bytes of a secret that starts with the run at s: it goes on over line ends as long as the lines
 * look the same, down to a short last one. */
static size_t secret_length(struct str s, size_t run)
{
	size_t n = run;
	for (;;) {
		struct str rest = skip(s, n);
		size_t white = white_length(rest);
		if (white == 0 || !memchr(rest.p, '\n', white))
			return n;
		size_t next = run_length(skip(rest, white));
		if (next < REDACT_RUN_MIN / 2)
			/* the end of a folded key: short, and nothing but it on its line */
			return n +
			       (next && (rest.n == white + next || rest.p[white + next] == '\n' ||
					 rest.p[white + next] == '"' ||
					 rest.p[white + next] == '\'')
				    ? white + next
				    : 0);
		n += white + next;
	}
}

static const char *find(struct str s, const char *what)
{
	return s.n ? memmem(s.p, s.n, what, strlen(what)) : NULL;
}

/* Length of a private key in PEM at s, with its END line; 0 when there is none. */
static size_t private_key_length(struct str s)
{
	if (!str_starts(s, STR("-----BEGIN ")))
		return 0;
	const char *line = memchr(s.p, '\n', s.n);
	struct str first = {.p = s.p, .n = line ? (size_t)(line - s.p) : s.n};
	if (!find(first, "PRIVATE KEY"))
		return 0;
	const char *end = find(s, "-----END ");
	if (!end)
		return s.n;
	const char *stop = memchr(end, '\n', s.n - (size_t)(end - s.p));
	return stop ? (size_t)(stop - s.p) : s.n;
}

void redact(struct buf *out, struct str in, bool keep_lines)
{
	struct str s = in;
	while (s.n) {
		size_t run = run_length(s), n = private_key_length(s);
		if (n == 0 && run >= REDACT_RUN_MIN && !looks_like_rule((struct str){s.p, run}) &&
		    !looks_like_path((struct str){s.p, run}))
			n = secret_length(s, run);
		if (n) {
			buf_addf(out, "[%zu characters taken out]", n);
		} else if (run) {
			buf_add(out, s.p, run);
			n = run;
		} else {
			n = utf8_length(s);
			char c = s.p[0];
			if (n == 0)
				buf_addc(out, '?');
			else if (n == 1 && ((unsigned char)c < ' ' || c == 0x7f))
				buf_addc(out, keep_lines && c == '\n' ? '\n' : ' ');
			else if (n == 2 && (unsigned char)c == 0xc2 && (unsigned char)s.p[1] < 0xa0)
				buf_addc(out, ' '); /* C1 control characters */
			else
				buf_add(out, s.p, n);
			n = MAX(n, (size_t)1);
		}
		s = skip(s, n);
	}
}

void redact_end(char *out, size_t out_n, struct str in, bool keep_lines)
{
	struct buf text = {.max = in.n * 2 + 256};
	ASSERT(out_n > 8);
	redact(&text, in, keep_lines);
	struct str all = str_trim(buf_str(&text));
	if (all.n < out_n) {
		memcpy(out, all.p, all.n);
		out[all.n] = 0;
	} else {
		size_t from = all.n - (out_n - 4);
		while (from < all.n && ((unsigned char)all.p[from] & 0xc0) == 0x80)
			from++; /* not in the middle of a character */
		memcpy(out, "...", 3);
		memcpy(out + 3, all.p + from, all.n - from);
		out[3 + all.n - from] = 0;
	}
	buf_wipe(&text);
}
