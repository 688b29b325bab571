/* SPDX-License-Identifier: Apache-2.0 */
/* Strict reading and plain writing of JSON over jansson. jansson descends by recursion, so the
 * depth is counted here first. */
#include "codec/json_strict.h"

#include <string.h>

/* Depth of nests, strings skipped. Anything else that is wrong is left to the library. */
static bool depth_fits(struct str text)
{
	bool in_string = false;
	int depth = 0;

	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		if (in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = false;
			continue;
		}
		if (c == '"')
			in_string = true;
		else if (c == '[' || c == '{')
			depth++;
		else if (c == ']' || c == '}')
			depth--;
		if (depth > JSON_NEST_MAX)
			return false;
	}
	return true;
}

bool json_read(struct str text, const char *what, json_t **ret, struct err *err)
{
	json_error_t why;

	ASSERT(what);
	if (!text.n)
		return err_set(err, ERR_SYNTAX, "%s is empty", what);
	if (!depth_fits(text))
		return err_set(err, ERR_LIMIT, "%s nests deeper than %d levels", what,
			       JSON_NEST_MAX);
	json_t *value = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, &why);
	if (!value) {
		/* Only the place: the library's text quotes what it met, which may be secret. */
		enum json_error_code code = json_error_code(&why);
		if (code == json_error_out_of_memory)
			return err_set(err, ERR_MEMORY, "no memory to read %s", what);
		err_set(err, ERR_SYNTAX, "%s is not valid JSON%s", what,
			code == json_error_duplicate_key            ? ": a key twice"
			: code == json_error_end_of_input_expected  ? ": more follows after its end"
			: code == json_error_premature_end_of_input ? ": it ends too early"
			: code == json_error_invalid_utf8           ? ": bytes that are no UTF-8"
			: code == json_error_null_character || code == json_error_null_byte_in_key
			    ? ": a NUL character"
			    : "");
		err->line = why.line > 0 ? why.line : 1;
		err->column = why.column > 0 ? why.column : 1;
		return false;
	}
	*ret = value;
	return true;
}

struct str json_str(const json_t *object, const char *key)
{
	const json_t *v = json_object_get(object, key);
	if (!json_is_string(v))
		return (struct str){0};
	return (struct str){.p = json_string_value(v), .n = json_string_length(v)};
}

int64_t json_int(const json_t *object, const char *key)
{
	const json_t *v = json_object_get(object, key);
	return json_is_integer(v) ? (int64_t)json_integer_value(v) : 0;
}

/* Length of the UTF-8 sequence at p (RFC 3629: no overlong forms, no surrogates, at most U+10FFFF);
 * 0 when there is none. */
static size_t utf8_length(const unsigned char *p, size_t n)
{
	if (p[0] < 0x80)
		return p[0] != 0;
	size_t want = p[0] >= 0xc2 && p[0] <= 0xdf   ? 2
		      : p[0] >= 0xe0 && p[0] <= 0xef ? 3
		      : p[0] >= 0xf0 && p[0] <= 0xf4 ? 4
						     : 0;
	if (!want || want > n)
		return 0;
	for (size_t i = 1; i < want; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return want;
}

json_t *json_of_bytes(struct str bytes)
{
	auto_buf struct buf clean = {0};
	const unsigned char *p = (const unsigned char *)bytes.p;

	for (size_t i = 0; i < bytes.n;) {
		size_t n = utf8_length(p + i, bytes.n - i);
		if (n)
			buf_add(&clean, p + i, n);
		else
			buf_add(&clean, "\xef\xbf\xbd", 3);
		i += n ? n : 1;
	}
	if (clean.failed)
		return NULL;
	return json_stringn(buf_z(&clean), clean.n);
}

json_t *json_said(const char *z)
{
	json_t *v = json_of_bytes(str_of(z));
	return v ? v : json_null();
}

static int print_part(const char *p, size_t n, void *out)
{
	buf_add(out, p, n);
	return ((struct buf *)out)->failed ? -1 : 0;
}

void json_print(const json_t *value, struct buf *b)
{
	if (!value || json_dump_callback(value, print_part, b,
					 JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY))
		b->failed = true;
}
