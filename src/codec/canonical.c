/* SPDX-License-Identifier: Apache-2.0 */
/* Reader and writer of canonical JSON. A state machine without recursion: the depth is a counter,
 * and what an object has seen stands in small arrays. */
#include "codec/canonical.h"

#include <string.h>

/* --- UTF-8 --- */

size_t canonical_utf8_length(const unsigned char *p, size_t n)
{
	static const struct {
		unsigned char first_low, first_high, second_low, second_high;
		size_t length;
	} rows[] = {
	    {0x00, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
	    {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
	    {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		if (p[0] < rows[i].first_low || p[0] > rows[i].first_high)
			continue;
		if (rows[i].length > n)
			return 0;
		if (rows[i].length > 1 && (p[1] < rows[i].second_low || p[1] > rows[i].second_high))
			return 0;
		for (size_t k = 2; k < rows[i].length; k++)
			if (p[k] < 0x80 || p[k] > 0xbf)
				return 0;
		return rows[i].length;
	}
	return 0;
}

/* The escapes with a letter of their own; every other control character is \u00xx. */
static const struct {
	char byte, letter;
} escapes[] = {{'"', '"'},  {'\\', '\\'}, {'\b', 'b'}, {'\f', 'f'},
	       {'\n', 'n'}, {'\r', 'r'},  {'\t', 't'}};

static char letter_of(char byte)
{
	for (size_t i = 0; i < ARRAY_N(escapes); i++)
		if (escapes[i].byte == byte)
			return escapes[i].letter;
	return 0;
}

static char byte_of(char letter)
{
	for (size_t i = 0; i < ARRAY_N(escapes); i++)
		if (escapes[i].letter == letter)
			return escapes[i].byte;
	return 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* --- reading --- */

void canonical_open(struct canonical_in *in, struct str text)
{
	*in = (struct canonical_in){.text = text};
}

static bool bad(const struct canonical_in *in, const char *what, struct err *err)
{
	(void)err_set(err, ERR_SYNTAX, "not canonical JSON at byte %zu: %s", in->at + 1, what);
	err->column = in->at < INT32_MAX ? (int)in->at + 1 : INT32_MAX;
	return false;
}

static int peek(const struct canonical_in *in)
{
	return in->at < in->text.n ? (unsigned char)in->text.p[in->at] : -1;
}

/* One escape at the reader's place, behind the backslash included: only the form that the writer
 * would choose. */
static bool pass_escape(struct canonical_in *in, struct err *err)
{
	const char *p = in->text.p + in->at;
	size_t n = in->text.n - in->at;
	if (n >= 2 && byte_of(p[1])) {
		in->at += 2;
		return true;
	}
	if (n < 6 || p[1] != 'u')
		return bad(in, "an escape that need not be", err);
	if (p[2] != '0' || p[3] != '0' || (p[4] != '0' && p[4] != '1') || hex_digit(p[5]) < 0)
		return bad(in, "an escape that need not be", err);
	char byte = (char)((p[4] - '0') * 16 + hex_digit(p[5]));
	if (byte == 0 || letter_of(byte))
		return bad(in, "NUL, or an escape that has a shorter form", err);
	in->at += 6;
	return true;
}

/* The string whose opening quote is at the reader's place. */
static bool read_string(struct canonical_in *in, bool is_key, struct str *ret, struct err *err)
{
	size_t start = ++in->at;
	while (peek(in) != '"') {
		int c = peek(in);
		if (c < 0)
			return bad(in, "a string without its end", err);
		if (c < 0x20)
			return bad(in, "a control character", err);
		if (c == '\\') {
			if (is_key)
				return bad(in, "an escape in a key", err);
			if (!pass_escape(in, err))
				return false;
			continue;
		}
		size_t length = canonical_utf8_length((const unsigned char *)in->text.p + in->at,
						      in->text.n - in->at);
		if (!length)
			return bad(in, "not UTF-8", err);
		in->at += length;
	}
	*ret = (struct str){.p = in->text.p + start, .n = in->at - start};
	in->at++;
	return true;
}

static bool read_int(struct canonical_in *in, struct canonical_token *t, struct err *err)
{
	size_t start = in->at;
	bool is_negative = peek(in) == '-';
	uint64_t limit = (uint64_t)INT64_MAX + (is_negative ? 1 : 0), value = 0;
	if (is_negative)
		in->at++;
	size_t first = in->at;
	while (peek(in) >= '0' && peek(in) <= '9') {
		uint64_t digit = (uint64_t)(peek(in) - '0');
		if (value > (limit - digit) / 10)
			return bad(in, "an integer outside 64 bits", err);
		value = value * 10 + digit;
		in->at++;
	}
	size_t digits = in->at - first;
	bool has_extra_zero = digits > 1 && in->text.p[first] == '0';
	if (digits == 0 || has_extra_zero || (is_negative && value == 0))
		return bad(in, "not an integer in its shortest form", err);
	*t = (struct canonical_token){
	    .kind = CANONICAL_INT,
	    .raw = {.p = in->text.p + start, .n = in->at - start},
	    .number = is_negative ? (int64_t)(0 - value) : (int64_t)value,
	};
	return true;
}

static bool read_word(struct canonical_in *in, struct canonical_token *t, struct err *err)
{
	static const struct {
		struct str word;
		enum canonical_kind kind;
	} words[] = {{{"true", 4}, CANONICAL_TRUE},
		     {{"false", 5}, CANONICAL_FALSE},
		     {{"null", 4}, CANONICAL_NULL}};
	struct str rest = {.p = in->text.p + in->at, .n = in->text.n - in->at};
	for (size_t i = 0; i < ARRAY_N(words); i++) {
		if (!str_starts(rest, words[i].word))
			continue;
		*t = (struct canonical_token){.kind = words[i].kind,
					      .raw = {.p = rest.p, .n = words[i].word.n}};
		in->at += words[i].word.n;
		return true;
	}
	return bad(in, "not a value", err);
}

static bool read_open(struct canonical_in *in, bool is_object, struct canonical_token *t,
		      struct err *err)
{
	if (in->depth == JSON_DEPTH_MAX)
		return err_set(err, ERR_LIMIT, "JSON deeper than %d levels", JSON_DEPTH_MAX);
	*t = (struct canonical_token){
	    .kind = is_object ? CANONICAL_OPEN_OBJECT : CANONICAL_OPEN_ARRAY,
	    .raw = {.p = in->text.p + in->at, .n = 1},
	};
	in->is_object[in->depth] = is_object;
	in->has_any[in->depth] = false;
	in->last_key[in->depth] = (struct str){.p = "", .n = 0};
	in->depth++;
	in->at++;
	return true;
}

static bool read_value(struct canonical_in *in, struct canonical_token *t, struct err *err)
{
	int c = peek(in);
	bool ok;
	in->is_after_key = false;
	if (c == '{' || c == '[')
		return read_open(in, c == '{', t, err);
	if (c == '"') {
		struct str raw;
		ok = read_string(in, false, &raw, err);
		if (ok)
			*t = (struct canonical_token){.kind = CANONICAL_STRING, .raw = raw};
	} else if (c == '-' || (c >= '0' && c <= '9')) {
		ok = read_int(in, t, err);
	} else {
		ok = read_word(in, t, err);
	}
	if (ok && in->depth == 0)
		in->is_done = true;
	return ok;
}

static int compare(struct str a, struct str b)
{
	size_t n = MIN(a.n, b.n);
	int order = n ? memcmp(a.p, b.p, n) : 0;
	return order ? order : (a.n > b.n) - (a.n < b.n);
}

static bool read_key(struct canonical_in *in, struct canonical_token *t, struct err *err)
{
	struct str *last = &in->last_key[in->depth - 1];
	size_t start = in->at;
	struct str key;
	if (peek(in) != '"')
		return bad(in, "a key must stand here", err);
	if (!read_string(in, true, &key, err))
		return false;
	if (in->has_any[in->depth - 1] && compare(*last, key) >= 0) {
		in->at = start;
		return bad(
		    in, compare(*last, key) == 0 ? "a key that occurs twice" : "a key out of order",
		    err);
	}
	if (peek(in) != ':')
		return bad(in, "no colon behind a key", err);
	in->at++;
	*last = key;
	in->has_any[in->depth - 1] = true;
	in->is_after_key = true;
	*t = (struct canonical_token){.kind = CANONICAL_KEY, .raw = key};
	return true;
}

static bool read_close(struct canonical_in *in, struct canonical_token *t)
{
	in->depth--;
	*t = (struct canonical_token){
	    .kind = in->is_object[in->depth] ? CANONICAL_CLOSE_OBJECT : CANONICAL_CLOSE_ARRAY,
	    .raw = {.p = in->text.p + in->at, .n = 1},
	};
	in->at++;
	if (in->depth == 0)
		in->is_done = true;
	return true;
}

bool canonical_next(struct canonical_in *in, struct canonical_token *ret, struct err *err)
{
	if (in->is_done) {
		if (in->at != in->text.n)
			return bad(in, "something behind the value", err);
		*ret = (struct canonical_token){.kind = CANONICAL_END};
		return true;
	}
	if (in->depth == 0 || in->is_after_key)
		return read_value(in, ret, err);
	unsigned i = in->depth - 1;
	if (peek(in) == (in->is_object[i] ? '}' : ']'))
		return read_close(in, ret);
	if (in->has_any[i]) {
		if (peek(in) != ',')
			return bad(in, "no comma where one must be", err);
		in->at++;
	}
	if (in->is_object[i])
		return read_key(in, ret, err);
	in->has_any[i] = true;
	return read_value(in, ret, err);
}

bool canonical_skip(struct canonical_in *in, struct str *ret_raw, struct err *err)
{
	struct canonical_token t;
	unsigned depth = in->depth;
	bool is_first = true;
	const char *start = NULL;
	do {
		if (!canonical_next(in, &t, err))
			return false;
		if (is_first) {
			bool is_value = t.kind != CANONICAL_KEY && t.kind != CANONICAL_END &&
					t.kind != CANONICAL_CLOSE_OBJECT &&
					t.kind != CANONICAL_CLOSE_ARRAY;
			if (!is_value)
				return bad(in, "not a value", err);
			start = t.kind == CANONICAL_STRING ? t.raw.p - 1 : t.raw.p;
			is_first = false;
		}
	} while (in->depth > depth);
	*ret_raw = (struct str){.p = start, .n = (size_t)(in->text.p + in->at - start)};
	return true;
}

bool canonical_text(const struct canonical_token *token, char *out, size_t out_n, struct err *err)
{
	const struct str raw = token->raw;
	size_t n = 0, i = 0;
	ASSERT(token->kind == CANONICAL_STRING || token->kind == CANONICAL_KEY);
	ASSERT(out_n > 0);
	/* First the length, so that a refused string leaves out as it was. */
	for (i = 0; i < raw.n; n++)
		i += raw.p[i] != '\\' ? 1 : raw.p[i + 1] == 'u' ? 6 : 2;
	if (n >= out_n)
		return err_set(err, ERR_LIMIT, "a text of %zu bytes where %zu fit", n, out_n - 1);
	n = 0;
	i = 0;
	while (i < raw.n) {
		if (raw.p[i] != '\\') {
			out[n++] = raw.p[i++];
		} else if (raw.p[i + 1] == 'u') {
			out[n++] = (char)(hex_digit(raw.p[i + 4]) * 16 + hex_digit(raw.p[i + 5]));
			i += 6;
		} else {
			out[n++] = byte_of(raw.p[i + 1]);
			i += 2;
		}
	}
	out[n] = 0;
	return true;
}

bool canonical_check(struct str text, size_t max_bytes, struct err *err)
{
	struct canonical_in in;
	struct canonical_token t;
	if (text.n > max_bytes)
		return err_set(err, ERR_LIMIT, "a document of %zu bytes; at most %zu are taken",
			       text.n, max_bytes);
	canonical_open(&in, text);
	do {
		if (!canonical_next(&in, &t, err))
			return false;
	} while (t.kind != CANONICAL_END);
	return true;
}

/* --- writing --- */

void canonical_to_buf(struct canonical_out *out, struct buf *buf, size_t max_bytes)
{
	*out = (struct canonical_out){.buf = buf, .max_bytes = max_bytes};
}

void canonical_to_secret(struct canonical_out *out, struct secret *secret)
{
	*out = (struct canonical_out){.secret = secret, .max_bytes = secret->cap - secret->n};
}

static void put(struct canonical_out *out, const char *p, size_t n)
{
	if (out->is_too_long || n > out->max_bytes - out->n) {
		out->is_too_long = true;
		return;
	}
	out->n += n;
	if (out->buf)
		buf_add(out->buf, p, n);
	else if (!secret_add(out->secret, p, n))
		out->is_too_long = true;
}

static void put_separator(struct canonical_out *out)
{
	if (out->is_after_key) {
		out->is_after_key = false;
		return;
	}
	if (out->depth == 0)
		return;
	if (out->has_any[out->depth - 1])
		put(out, ",", 1);
	out->has_any[out->depth - 1] = true;
}

void canonical_put_open(struct canonical_out *out, char bracket)
{
	ASSERT(out->depth < JSON_DEPTH_MAX);
	put_separator(out);
	put(out, &bracket, 1);
	out->has_any[out->depth] = false;
	out->last_key[out->depth] = NULL;
	out->depth++;
}

void canonical_put_close(struct canonical_out *out, char bracket)
{
	ASSERT(out->depth > 0);
	ASSERT(!out->is_after_key);
	out->depth--;
	put(out, &bracket, 1);
}

/* Bytes of a string that need no escape go in one piece: the common case. */
static void put_quoted(struct canonical_out *out, struct str text)
{
	static const char hex[] = "0123456789abcdef";
	size_t start = 0;
	put(out, "\"", 1);
	for (size_t i = 0; i < text.n;) {
		unsigned char c = (unsigned char)text.p[i];
		if (c >= 0x20 && c != '"' && c != '\\') {
			size_t length =
			    canonical_utf8_length((const unsigned char *)text.p + i, text.n - i);
			out->is_bad_text = out->is_bad_text || length == 0;
			i += length ? length : 1;
			continue;
		}
		put(out, text.p + start, i - start);
		char letter = letter_of(text.p[i]);
		if (letter) {
			const char pair[2] = {'\\', letter};
			put(out, pair, 2);
		} else {
			const char six[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
			put(out, six, 6);
			out->is_bad_text = out->is_bad_text || c == 0;
		}
		start = ++i;
	}
	put(out, text.p + start, text.n - start);
	put(out, "\"", 1);
}

void canonical_put_key(struct canonical_out *out, const char *key)
{
	ASSERT(out->depth > 0);
	ASSERT(!out->is_after_key);
	const char **last = &out->last_key[out->depth - 1];
	ASSERT(!*last || strcmp(*last, key) < 0);
	put_separator(out);
	*last = key;
	for (const char *p = key; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == '"' || *p == '\\')
			out->is_bad_text = true;
	put_quoted(out, str_of(key));
	put(out, ":", 1);
	out->is_after_key = true;
}

void canonical_put_string(struct canonical_out *out, struct str text)
{
	put_separator(out);
	put_quoted(out, text);
}

void canonical_put_int(struct canonical_out *out, int64_t number)
{
	char text[24];
	size_t i = sizeof(text);
	uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
	do {
		text[--i] = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest);
	if (number < 0)
		text[--i] = '-';
	put_separator(out);
	put(out, text + i, sizeof(text) - i);
}

void canonical_put_bool(struct canonical_out *out, bool is_true)
{
	put_separator(out);
	if (is_true)
		put(out, "true", 4);
	else
		put(out, "false", 5);
}

void canonical_put_null(struct canonical_out *out)
{
	put_separator(out);
	put(out, "null", 4);
}

void canonical_put_raw(struct canonical_out *out, struct str value)
{
	put_separator(out);
	put(out, value.p, value.n);
}

bool canonical_done(const struct canonical_out *out, struct err *err)
{
	if (out->is_bad_text)
		return err_set(err, ERR_INVALID, "a text that is not UTF-8, or has a NUL");
	if (out->is_too_long)
		return err_set(err, ERR_LIMIT, "a document longer than %zu bytes", out->max_bytes);
	if (out->buf && !buf_ok(out->buf, err))
		return false;
	ASSERT(out->depth == 0);
	ASSERT(!out->is_after_key);
	return true;
}
