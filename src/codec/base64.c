/* SPDX-License-Identifier: Apache-2.0 */
/* Strict base64 and hex. */
#include "codec/base64.h"

#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Up to three bytes as four characters. */
static void quad(const unsigned char *p, size_t n, char out[4])
{
	uint32_t bits =
	    (uint32_t)p[0] << 16 | (n > 1 ? (uint32_t)p[1] << 8 : 0) | (n > 2 ? (uint32_t)p[2] : 0);
	out[0] = alphabet[bits >> 18 & 63];
	out[1] = alphabet[bits >> 12 & 63];
	out[2] = '=';
	out[3] = '=';
	if (n > 1)
		out[2] = alphabet[bits >> 6 & 63];
	if (n > 2)
		out[3] = alphabet[bits & 63];
}

void base64_add(struct buf *out, const void *p, size_t n)
{
	const unsigned char *at = p;
	for (size_t i = 0; i < n; i += 3) {
		char four[4];
		quad(at + i, MIN(n - i, (size_t)3), four);
		buf_add(out, four, 4);
	}
}

bool base64_print(const void *p, size_t n, char *out, size_t out_n, struct err *err)
{
	const unsigned char *at = p;
	size_t k = 0;
	if (out_n < BASE64_SIZE(n))
		return err_set(err, ERR_LIMIT, "%zu bytes do not fit as base64 into %zu", n, out_n);
	for (size_t i = 0; i < n; i += 3, k += 4)
		quad(at + i, MIN(n - i, (size_t)3), out + k);
	out[k] = 0;
	return true;
}

static int value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool base64_parse(struct str text, void *out, size_t out_max, size_t *ret_n, struct err *err)
{
	unsigned char *to = out;
	size_t n = 0, pad = 0;
	if (text.n % 4 != 0)
		return err_set(err, ERR_SYNTAX, "base64 of a length that is no multiple of 4");
	if (text.n && text.p[text.n - 1] == '=')
		pad = text.p[text.n - 2] == '=' ? 2 : 1;
	if (text.n / 4 * 3 - pad > out_max)
		return err_set(err, ERR_LIMIT, "base64 of more than %zu bytes", out_max);
	for (size_t i = 0; i < text.n; i += 4) {
		size_t take_n = i + 4 == text.n ? 3 - pad : 3;
		uint32_t bits = 0;
		for (size_t k = 0; k < 4; k++) {
			int v = k <= take_n ? value_of(text.p[i + k]) : 0;
			if (v < 0)
				return err_set(err, ERR_SYNTAX, "not base64 at character %zu",
					       i + k + 1);
			bits = bits << 6 | (uint32_t)v;
		}
		/* Bits that no byte takes must be zero, else two texts would give the same bytes.
		 */
		if (bits & ((1u << (8 * (3 - take_n))) - 1))
			return err_set(err, ERR_SYNTAX, "base64 with stray bits at its end");
		for (size_t k = 0; k < take_n; k++)
			to[n++] = (unsigned char)(bits >> (16 - 8 * k));
	}
	*ret_n = n;
	return true;
}

void hex_print(const void *p, size_t n, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *at = p;
	for (size_t i = 0; i < n; i++) {
		out[2 * i] = digits[at[i] >> 4];
		out[2 * i + 1] = digits[at[i] & 15];
	}
	out[2 * n] = 0;
}

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool hex_holds(struct str text, size_t digits_n)
{
	if (text.n != digits_n)
		return false;
	for (size_t i = 0; i < text.n; i++)
		if (digit_of(text.p[i]) < 0)
			return false;
	return true;
}

bool hex_parse(struct str text, void *out, size_t n, struct err *err)
{
	unsigned char *to = out;
	if (!hex_holds(text, 2 * n))
		return err_set(err, ERR_SYNTAX, "not %zu lower-case hex digits", 2 * n);
	for (size_t i = 0; i < n; i++)
		to[i] = (unsigned char)(digit_of(text.p[2 * i]) << 4 | digit_of(text.p[2 * i + 1]));
	return true;
}
