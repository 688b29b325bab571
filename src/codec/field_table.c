/* SPDX-License-Identifier: Apache-2.0 */
/* The engine of the field tables: one function a kind, there and back. */
#include "codec/field_table.h"

#include <string.h>

#include "codec/base64.h"
#include "model/ledger.h"

static const struct field_row key_name_rows[] = {
    FIELD(struct key_name, id.hex, FIELD_HEX, "id"),
    FIELD(struct key_name, number, FIELD_UNSIGNED, "number"),
};

static const void *at(const void *base, size_t offset)
{
	return (const char *)base + offset;
}

static void *to(void *base, size_t offset)
{
	return (char *)base + offset;
}

static unsigned count_of(const struct field_row *row, const void *base)
{
	unsigned n;
	memcpy(&n, at(base, row->count_offset), sizeof(n));
	return n;
}

/* --- rules of texts, the same for writing and reading --- */

static bool text_holds(const struct field_row *row, struct str text, struct err *err)
{
	if (row->is_given && text.n == 0)
		return err_set(err, ERR_INVALID, "'%s' is empty", row->name);
	if (row->kind == FIELD_HEX) {
		if (text.n && !hex_holds(text, row->size - 1))
			return err_set(err, ERR_INVALID, "'%s' is not %zu hex digits", row->name,
				       row->size - 1);
		return true;
	}
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		bool is_control = c < 0x20 || c == 0x7f;
		if (is_control && !(row->kind == FIELD_TEXT && c == '\n'))
			return err_set(err, ERR_INVALID, "'%s' has a control character", row->name);
	}
	return true;
}

static bool number_holds(const struct field_row *row, int64_t number, struct err *err)
{
	if (row->is_given && number == 0)
		return err_set(err, ERR_INVALID, "'%s' is 0", row->name);
	if (row->kind == FIELD_INT64)
		return true;
	if (number < 0)
		return err_set(err, ERR_INVALID, "'%s' is negative", row->name);
	if (row->kind == FIELD_UNSIGNED && number > INT32_MAX)
		return err_set(err, ERR_INVALID, "'%s' is too large", row->name);
	return true;
}

static bool key_name_holds(const struct field_row *row, const struct key_name *key, struct err *err)
{
	if ((key->number == 0) != !key_id_given(&key->id))
		return err_set(err, ERR_INVALID, "'%s' has only one of number and id", row->name);
	if (row->is_given && key->number == 0)
		return err_set(err, ERR_INVALID, "'%s' names no key", row->name);
	return true;
}

/* --- writing --- */

static bool put_text(const struct field_row *row, const char *p, struct canonical_out *out,
		     struct err *err)
{
	size_t n = strnlen(p, row->size);
	if (n == row->size)
		return err_set(err, ERR_BUG, "'%s' has no end", row->name);
	struct str text = {.p = p, .n = n};
	if (!text_holds(row, text, err))
		return false;
	canonical_put_string(out, text);
	return true;
}

static bool put_said(const struct field_row *row, const void *p, struct canonical_out *out,
		     struct err *err)
{
	char clean[FIELD_SAID_BYTES_MAX];
	const unsigned char *from = p;
	size_t n = strnlen(p, row->size);
	if (n == row->size || row->size > sizeof(clean))
		return err_set(err, ERR_BUG, "'%s' has no end, or is too long", row->name);
	for (size_t i = 0; i < n;) {
		size_t length = canonical_utf8_length(from + i, n - i);
		bool is_kept = length > 1 || (length == 1 && from[i] >= 0x20 && from[i] != 0x7f);
		if (is_kept)
			memcpy(clean + i, from + i, length);
		else
			clean[i] = '?';
		i += is_kept ? length : 1;
	}
	clean[n] = 0;
	return put_text(row, clean, out, err);
}

static bool put_number(const struct field_row *row, const void *p, struct canonical_out *out,
		       struct err *err)
{
	int64_t number = 0;
	if (row->kind == FIELD_UNSIGNED) {
		unsigned value;
		memcpy(&value, p, sizeof(value));
		number = value;
	} else if (row->kind == FIELD_UINT64) {
		uint64_t value;
		memcpy(&value, p, sizeof(value));
		if (value > INT64_MAX)
			return err_set(err, ERR_INVALID, "'%s' is too large", row->name);
		number = (int64_t)value;
	} else {
		memcpy(&number, p, sizeof(number)); /* int64_t, and struct wall which is one */
	}
	if (!number_holds(row, number, err))
		return false;
	canonical_put_int(out, number);
	return true;
}

static bool put_word(const struct field_row *row, const void *p, struct canonical_out *out,
		     struct err *err)
{
	unsigned value;
	memcpy(&value, p, sizeof(value));
	if (value >= row->words->n || !row->words->words[value])
		return err_set(err, ERR_INVALID, "'%s' has no word for %u", row->name, value);
	canonical_put_string(out, str_of(row->words->words[value]));
	return true;
}

static bool put_ring_ids(const struct field_row *row, const void *p, struct canonical_out *out,
			 struct err *err)
{
	const struct ring_ids *ring = p;
	if (!ring->is_known) {
		canonical_put_null(out);
		return true;
	}
	if (ring->n > KEYS_PER_FILE_MAX)
		return err_set(err, ERR_INVALID, "'%s' has %u keys", row->name, ring->n);
	canonical_put_open(out, '[');
	for (unsigned i = 0; i < ring->n; i++) {
		if (!hex_holds(str_of(ring->ids[i].hex), KEY_ID_CHARS))
			return err_set(err, ERR_INVALID, "'%s' has a key without an id", row->name);
		canonical_put_string(out, str_of(ring->ids[i].hex));
	}
	canonical_put_close(out, ']');
	return true;
}

static bool put_key_name(const struct field_row *row, const void *p, struct canonical_out *out,
			 struct err *err)
{
	const struct key_name *key = p;
	if (!key_name_holds(row, key, err))
		return false;
	canonical_put_open(out, '{');
	canonical_put_key(out, key_name_rows[0].name);
	if (!put_text(&key_name_rows[0], key->id.hex, out, err))
		return err_in(err, "in '%s'", row->name);
	canonical_put_key(out, key_name_rows[1].name);
	if (!put_number(&key_name_rows[1], &key->number, out, err))
		return err_in(err, "in '%s'", row->name);
	canonical_put_close(out, '}');
	return true;
}

static bool put_keyring(const struct field_row *row, const void *p, struct canonical_out *out,
			struct err *err)
{
	const struct keyring *ring = p;
	ASSERT(out->secret); /* key bytes go nowhere else */
	if (ring->n == 0 || ring->n > KEYS_PER_FILE_MAX)
		return err_set(err, ERR_INVALID, "'%s' has %u keys", row->name, ring->n);
	canonical_put_open(out, '[');
	for (unsigned i = 0; i < ring->n; i++)
		canonical_put_string(
		    out, (struct str){.p = ring->keys[i].text.p, .n = ring->keys[i].text.n});
	canonical_put_close(out, ']');
	return true;
}

static bool put_bool(const struct field_row *row, const void *p, struct canonical_out *out,
		     struct err *err)
{
	(void)row;
	(void)err;
	canonical_put_bool(out, *(const bool *)p);
	return true;
}

static bool put_chars(const struct field_row *row, const void *p, struct canonical_out *out,
		      struct err *err)
{
	return put_text(row, p, out, err);
}

static bool put_lines(const struct field_row *row, const void *base, struct canonical_out *out,
		      struct err *err)
{
	struct field_row element = *row;
	unsigned n = count_of(row, base);
	if (n > row->max || (row->is_given && n == 0))
		return err_set(err, ERR_INVALID, "'%s' has %u elements", row->name, n);
	element.kind = FIELD_LINE;
	element.is_given = true;
	canonical_put_open(out, '[');
	for (unsigned i = 0; i < n; i++)
		if (!put_text(&element, at(base, row->offset + i * row->size), out, err))
			return false;
	canonical_put_close(out, ']');
	return true;
}

/* --- reading --- */

static bool wrong(const struct field_row *row, const char *what, struct err *err)
{
	return err_set(err, ERR_PROTOCOL, "'%s' is not %s", row->name, what);
}

static bool get_chars(const struct field_row *row, struct canonical_in *in, void *p,
		      struct err *err)
{
	struct canonical_token t;
	if (!canonical_next(in, &t, err))
		return false;
	if (t.kind != CANONICAL_STRING)
		return wrong(row, "a string", err);
	if (!canonical_text(&t, p, row->size, err))
		return err_in(err, "in '%s'", row->name);
	return text_holds(row, str_of(p), err);
}

static bool get_number(const struct field_row *row, struct canonical_in *in, void *p,
		       struct err *err)
{
	struct canonical_token t;
	if (!canonical_next(in, &t, err))
		return false;
	if (t.kind != CANONICAL_INT)
		return wrong(row, "an integer", err);
	if (!number_holds(row, t.number, err))
		return false;
	if (row->kind == FIELD_UNSIGNED) {
		unsigned value = (unsigned)t.number;
		memcpy(p, &value, sizeof(value));
	} else {
		memcpy(p, &t.number, sizeof(t.number)); /* not negative where it is unsigned */
	}
	return true;
}

static bool get_word(const struct field_row *row, struct canonical_in *in, void *p, struct err *err)
{
	struct canonical_token t;
	if (!canonical_next(in, &t, err))
		return false;
	if (t.kind != CANONICAL_STRING)
		return wrong(row, "a string", err);
	for (unsigned i = 0; i < row->words->n; i++) {
		if (!row->words->words[i] || !str_equal_z(t.raw, row->words->words[i]))
			continue;
		memcpy(p, &i, sizeof(i));
		return true;
	}
	return err_set(err, ERR_PROTOCOL, "'%s' has an unknown word '%.*s'", row->name,
		       (int)MIN(t.raw.n, (size_t)64), t.raw.p);
}

static bool get_bool(const struct field_row *row, struct canonical_in *in, void *p, struct err *err)
{
	struct canonical_token t;
	if (!canonical_next(in, &t, err))
		return false;
	if (t.kind != CANONICAL_TRUE && t.kind != CANONICAL_FALSE)
		return wrong(row, "true or false", err);
	*(bool *)p = t.kind == CANONICAL_TRUE;
	return true;
}

static bool get_ring_ids(const struct field_row *row, struct canonical_in *in, void *p,
			 struct err *err)
{
	struct ring_ids *ring = p;
	struct canonical_token t;
	if (!canonical_next(in, &t, err))
		return false;
	if (t.kind == CANONICAL_NULL)
		return true;
	if (t.kind != CANONICAL_OPEN_ARRAY)
		return wrong(row, "a list of key ids", err);
	ring->is_known = true;
	for (;;) {
		if (!canonical_next(in, &t, err))
			return false;
		if (t.kind == CANONICAL_CLOSE_ARRAY)
			return true;
		if (t.kind != CANONICAL_STRING || !hex_holds(t.raw, KEY_ID_CHARS))
			return wrong(row, "a list of key ids", err);
		if (ring->n == KEYS_PER_FILE_MAX)
			return err_set(err, ERR_LIMIT, "'%s' has more than %d keys", row->name,
				       KEYS_PER_FILE_MAX);
		if (!canonical_text(&t, ring->ids[ring->n].hex, sizeof(ring->ids[0].hex), err))
			return false;
		ring->n++;
	}
}

static bool get_keyring(const struct field_row *row, struct canonical_in *in, void *p,
			struct err *err)
{
	struct canonical_token t;
	if (!canonical_next(in, &t, err))
		return false;
	if (t.kind != CANONICAL_OPEN_ARRAY)
		return wrong(row, "a list of keys", err);
	for (;;) {
		if (!canonical_next(in, &t, err))
			return false;
		if (t.kind == CANONICAL_CLOSE_ARRAY)
			return ((const struct keyring *)p)->n > 0 ||
			       err_set(err, ERR_INVALID, "'%s' is empty", row->name);
		/* Straight from the locked text: no character of a key needs an escape, and one
		 * that has a backslash is refused as a key. */
		if (t.kind != CANONICAL_STRING)
			return wrong(row, "a list of keys", err);
		if (!keyring_add(p, t.raw.p, t.raw.n, err))
			return err_in(err, "in '%s'", row->name);
	}
}

/* The key that must come next. */
static bool get_key(struct canonical_in *in, const char *name, struct err *err)
{
	struct canonical_token t;
	if (!canonical_next(in, &t, err))
		return false;
	if (t.kind == CANONICAL_KEY && str_equal_z(t.raw, name))
		return true;
	if (t.kind == CANONICAL_KEY && memcmp(t.raw.p, name, MIN(t.raw.n, strlen(name))) < 0)
		return err_set(err, ERR_PROTOCOL, "an unknown field '%.*s'",
			       (int)MIN(t.raw.n, (size_t)64), t.raw.p);
	return err_set(err, ERR_PROTOCOL, "the field '%s' is missing", name);
}

static bool get_close(struct canonical_in *in, struct err *err)
{
	struct canonical_token t;
	if (!canonical_next(in, &t, err))
		return false;
	if (t.kind == CANONICAL_CLOSE_OBJECT)
		return true;
	return err_set(err, ERR_PROTOCOL, "an unknown field '%.*s'", (int)MIN(t.raw.n, (size_t)64),
		       t.raw.p);
}

static bool get_open(struct canonical_in *in, const char *what, struct err *err)
{
	struct canonical_token t;
	if (!canonical_next(in, &t, err))
		return false;
	if (t.kind != CANONICAL_OPEN_OBJECT)
		return err_set(err, ERR_PROTOCOL, "%s is no object", what);
	return true;
}

static bool get_key_name(const struct field_row *row, struct canonical_in *in, void *p,
			 struct err *err)
{
	struct key_name *key = p;
	if (!get_open(in, row->name, err) || !get_key(in, "id", err) ||
	    !get_chars(&key_name_rows[0], in, key->id.hex, err) || !get_key(in, "number", err) ||
	    !get_number(&key_name_rows[1], in, &key->number, err) || !get_close(in, err))
		return err_in(err, "in '%s'", row->name);
	return key_name_holds(row, key, err);
}

/* A list of at most row->max elements of one kind. list_more(): *ret_more false at its end; else *t
 * is the first token of element n. */
static bool list_open(const struct field_row *row, struct canonical_in *in, struct err *err)
{
	struct canonical_token t;
	if (!canonical_next(in, &t, err))
		return false;
	return t.kind == CANONICAL_OPEN_ARRAY || wrong(row, "a list", err);
}

static bool list_more(const struct field_row *row, struct canonical_in *in,
		      enum canonical_kind wanted, const char *what, unsigned n,
		      struct canonical_token *t, bool *ret_more, struct err *err)
{
	if (!canonical_next(in, t, err))
		return false;
	*ret_more = t->kind != CANONICAL_CLOSE_ARRAY;
	if (!*ret_more)
		return true;
	if (t->kind != wanted)
		return wrong(row, what, err);
	if (n == row->max)
		return err_set(err, ERR_LIMIT, "'%s' has more than %u elements", row->name,
			       row->max);
	return true;
}

static bool get_lines(const struct field_row *row, struct canonical_in *in, void *base,
		      struct err *err)
{
	struct field_row element = *row;
	struct canonical_token t;
	unsigned n = 0;
	element.kind = FIELD_LINE;
	element.is_given = true;
	bool more;
	if (!list_open(row, in, err))
		return false;
	for (;;) {
		if (!list_more(row, in, CANONICAL_STRING, "a list of strings", n, &t, &more, err))
			return false;
		if (!more)
			break;
		char *p = to(base, row->offset + n * row->size);
		if (!canonical_text(&t, p, row->size, err) || !text_holds(&element, str_of(p), err))
			return err_in(err, "in '%s'", row->name);
		n++;
	}
	if (row->is_given && n == 0)
		return err_set(err, ERR_INVALID, "'%s' is empty", row->name);
	memcpy(to(base, row->count_offset), &n, sizeof(n));
	return true;
}

/* One row a kind. Lists stand apart: they need the whole struct. */
static const struct {
	bool (*put)(const struct field_row *row, const void *p, struct canonical_out *out,
		    struct err *err);
	bool (*get)(const struct field_row *row, struct canonical_in *in, void *p, struct err *err);
} kinds[FIELD_KIND_N] = {
    [FIELD_LINE] = {put_chars, get_chars},
    [FIELD_SAID] = {put_said, get_chars},
    [FIELD_TEXT] = {put_chars, get_chars},
    [FIELD_HEX] = {put_chars, get_chars},
    [FIELD_UINT64] = {put_number, get_number},
    [FIELD_UNSIGNED] = {put_number, get_number},
    [FIELD_INT64] = {put_number, get_number},
    [FIELD_WALL] = {put_number, get_number},
    [FIELD_BOOL] = {put_bool, get_bool},
    [FIELD_WORD] = {put_word, get_word},
    [FIELD_RING_IDS] = {put_ring_ids, get_ring_ids},
    [FIELD_KEY_NAME] = {put_key_name, get_key_name},
    [FIELD_KEYRING] = {put_keyring, get_keyring},
};

/* --- objects --- */

struct sorted {
	const struct field_row *rows[FIELDS_MAX];
	unsigned n;
};

static void insert(struct sorted *s, const struct field_row *row)
{
	ASSERT(s->n < FIELDS_MAX);
	unsigned i = s->n++;
	for (; i > 0 && strcmp(s->rows[i - 1]->name, row->name) > 0; i--)
		s->rows[i] = s->rows[i - 1];
	s->rows[i] = row;
}

/* Head and own rows in the order of their names; the fixed type is a row of its own. */
static void sort(const struct field_set *set, const struct field_row *type, struct sorted *ret)
{
	ret->n = 0;
	for (unsigned i = 0; i < set->head_n; i++)
		insert(ret, &set->head[i]);
	for (unsigned i = 0; i < set->rows_n; i++)
		insert(ret, &set->rows[i]);
	if (set->type)
		insert(ret, type);
}

static const struct field_row type_row = {.name = "type"};

static bool put_record(const struct field_row *row, const void *base, struct canonical_out *out,
		       struct err *err)
{
	const struct field_set set = {.rows = row->rows, .rows_n = row->rows_n};
	struct sorted s;
	sort(&set, &type_row, &s);
	canonical_put_open(out, '{');
	for (unsigned i = 0; i < s.n; i++) {
		canonical_put_key(out, s.rows[i]->name);
		ASSERT(kinds[s.rows[i]->kind].put); /* no lists within lists */
		if (!kinds[s.rows[i]->kind].put(s.rows[i], at(base, s.rows[i]->offset), out, err))
			return err_in(err, "in '%s'", row->name);
	}
	canonical_put_close(out, '}');
	return true;
}

static bool put_records(const struct field_row *row, const void *base, struct canonical_out *out,
			struct err *err)
{
	unsigned n = count_of(row, base);
	if (n > row->max || (row->is_given && n == 0))
		return err_set(err, ERR_INVALID, "'%s' has %u elements", row->name, n);
	canonical_put_open(out, '[');
	for (unsigned i = 0; i < n; i++)
		if (!put_record(row, at(base, row->offset + i * row->size), out, err))
			return false;
	canonical_put_close(out, ']');
	return true;
}

bool fields_encode(const struct field_set *set, const void *base, struct canonical_out *out,
		   struct err *err)
{
	struct sorted s;
	sort(set, &type_row, &s);
	canonical_put_open(out, '{');
	for (unsigned i = 0; i < s.n; i++) {
		const struct field_row *row = s.rows[i];
		bool ok = true;
		canonical_put_key(out, row->name);
		if (row == &type_row)
			canonical_put_string(out, str_of(set->type));
		else if (row->kind == FIELD_LINES)
			ok = put_lines(row, base, out, err);
		else if (row->kind == FIELD_RECORDS)
			ok = put_records(row, base, out, err);
		else
			ok = kinds[row->kind].put(row, at(base, row->offset), out, err);
		if (!ok)
			return false;
	}
	canonical_put_close(out, '}');
	return true;
}

/* The open bracket of the record is read already. */
static bool get_record(const struct field_row *row, struct canonical_in *in, void *base,
		       struct err *err)
{
	const struct field_set set = {.rows = row->rows, .rows_n = row->rows_n};
	struct sorted s;
	sort(&set, &type_row, &s);
	for (unsigned i = 0; i < s.n; i++) {
		if (!get_key(in, s.rows[i]->name, err))
			return err_in(err, "in '%s'", row->name);
		ASSERT(kinds[s.rows[i]->kind].get);
		if (!kinds[s.rows[i]->kind].get(s.rows[i], in, to(base, s.rows[i]->offset), err))
			return err_in(err, "in '%s'", row->name);
	}
	if (!get_close(in, err))
		return err_in(err, "in '%s'", row->name);
	return true;
}

static bool get_records(const struct field_row *row, struct canonical_in *in, void *base,
			struct err *err)
{
	struct canonical_token t;
	unsigned n = 0;
	bool more;
	if (!list_open(row, in, err))
		return false;
	for (;;) {
		if (!list_more(row, in, CANONICAL_OPEN_OBJECT, "a list of objects", n, &t, &more,
			       err))
			return false;
		if (!more)
			break;
		if (!get_record(row, in, to(base, row->offset + n * row->size), err))
			return false;
		n++;
	}
	if (row->is_given && n == 0)
		return err_set(err, ERR_INVALID, "'%s' is empty", row->name);
	memcpy(to(base, row->count_offset), &n, sizeof(n));
	return true;
}

static bool get_type(const char *type, struct canonical_in *in, struct err *err)
{
	struct canonical_token t;
	if (!canonical_next(in, &t, err))
		return false;
	if (t.kind != CANONICAL_STRING || !str_equal_z(t.raw, type))
		return err_set(err, ERR_PROTOCOL, "not of the type '%s'", type);
	return true;
}

bool fields_decode(const struct field_set *set, struct canonical_in *in, void *base,
		   struct err *err)
{
	struct sorted s;
	sort(set, &type_row, &s);
	if (!get_open(in, set->type ? set->type : "the text", err))
		return false;
	for (unsigned i = 0; i < s.n; i++) {
		const struct field_row *row = s.rows[i];
		bool ok;
		if (!get_key(in, row->name, err))
			return false;
		if (row == &type_row)
			ok = get_type(set->type, in, err);
		else if (row->kind == FIELD_LINES)
			ok = get_lines(row, in, base, err);
		else if (row->kind == FIELD_RECORDS)
			ok = get_records(row, in, base, err);
		else
			ok = kinds[row->kind].get(row, in, to(base, row->offset), err);
		if (!ok)
			return false;
	}
	return get_close(in, err);
}
