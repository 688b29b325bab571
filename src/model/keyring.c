/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and keyrings as values; what is a valid key is mongod's rule (know: ids 20255, 20258). */
#include "model/keyring.h"

#include <string.h>

bool key_id_equal(const struct key_id *a, const struct key_id *b)
{
	return memcmp(a->hex, b->hex, KEY_ID_CHARS) == 0;
}

bool key_id_given(const struct key_id *id)
{
	return id->hex[0] != 0;
}

void keyring_fini(struct keyring *ring)
{
	for (unsigned i = 0; i < KEYS_PER_FILE_MAX; i++)
		secret_fini(&ring->keys[i].text);
	ring->n = 0;
}

static bool is_key_char(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '+' || c == '/' || c == '=';
}

bool keyring_add(struct keyring *ring, const char *text, size_t text_n, struct err *err)
{
	ASSERT(ring->n <= KEYS_PER_FILE_MAX);
	if (ring->n == KEYS_PER_FILE_MAX)
		return err_set(
		    err, ERR_LIMIT,
		    "more than two keys: mongod refuses to start with them (log id 20258)");
	if (text_n < KEY_CHARS_MIN || text_n > KEY_CHARS_MAX)
		return err_set(err, ERR_LIMIT,
			       "key %u has %zu characters; mongod takes %d to %d (log id 20255)",
			       ring->n + 1, text_n, KEY_CHARS_MIN, KEY_CHARS_MAX);
	for (size_t i = 0; i < text_n; i++)
		if (!is_key_char(text[i]))
			return err_set(err, ERR_INVALID,
				       "key %u has a character outside base64 (A-Z a-z 0-9 + / =) "
				       "at its character %zu",
				       ring->n + 1, i + 1);
	if (!secret_from(&ring->keys[ring->n].text, text, text_n, err))
		return false;
	ring->n++;
	return true;
}

bool ring_ids_has(const struct ring_ids *r, const struct key_id *id)
{
	ASSERT(r->n <= KEYS_PER_FILE_MAX);
	if (!r->is_known || !key_id_given(id))
		return false;
	for (unsigned i = 0; i < r->n; i++)
		if (key_id_equal(&r->ids[i], id))
			return true;
	return false;
}

bool ring_ids_equal(const struct ring_ids *a, const struct ring_ids *b)
{
	if (!a->is_known || !b->is_known || a->n != b->n)
		return false;
	for (unsigned i = 0; i < a->n; i++)
		if (!ring_ids_has(b, &a->ids[i]) || !ring_ids_has(a, &b->ids[i]))
			return false;
	return true;
}
