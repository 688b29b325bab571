/* SPDX-License-Identifier: Apache-2.0 */
/* Ids and fingerprints of keys. The first two vectors are cases 1 and 2 of RFC 4231: HMAC fills a
 * key up with zeros, so a salt of 32 bytes can be theirs. */
#include "lib/test.h"

#include <string.h>

#include "codec/digest.h"
#include "codec/fingerprint.h"

#define ZEROS "00000000000000000000000000000000"
static const char *const salts[] = {
    "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b000000000000000000000000",
    "4a656665000000000000000000000000" ZEROS, /* "Jefe" */
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
};

static void ids_are_the_first_half_of_hmac_sha_256(void **state)
{
	static const struct {
		size_t salt;
		const char *text, *id;
	} rows[] = {
	    {0, "Hi There", "b0344c61d8db38535ca8afceaf0bf12b"},
	    {1, "what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c7"},
	    {2, "abcdef", "2867d85143fa9948833a5ec6f3c7d310"},
	    {2, "Hi There", "278639ec02309d3afded1b273f1349ba"},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct err err = ERR_INIT;
		struct key key;
		struct key_id id;
		assert_true(secret_from(&key.text, rows[i].text, strlen(rows[i].text), &err));
		assert_true(key_id_of(&key, salts[rows[i].salt], &id, &err));
		assert_string_equal(id.hex, rows[i].id);
		assert_true(key_id_given(&id));
		secret_fini(&key.text);
	}
}

static void a_rings_ids_stand_in_its_order_and_depend_on_the_salt(void **state)
{
	struct err err = ERR_INIT;
	struct keyring ring = {.n = 0};
	struct ring_ids ids, other, empty;
	assert_true(ring_ids_of(&ring, salts[2], &empty, &err));
	assert_true(empty.is_known && empty.n == 0);
	assert_true(keyring_add(&ring, "abcdef", 6, &err));
	assert_true(keyring_add(&ring, "ghijkl", 6, &err));
	assert_true(ring_ids_of(&ring, salts[2], &ids, &err));
	assert_int_equal(ids.n, 2);
	assert_string_equal(ids.ids[0].hex, "2867d85143fa9948833a5ec6f3c7d310");
	assert_false(key_id_equal(&ids.ids[0], &ids.ids[1]));
	assert_true(ring_ids_of(&ring, salts[1], &other, &err));
	assert_false(ring_ids_equal(&ids, &other));
	keyring_fini(&ring);
}

static void fingerprints_are_the_head_of_sha_256(void **state)
{
	static const struct {
		const char *text, *print;
	} rows[] = {
	    {"abcdef", "sha256:bef57ec7f53a6d40"},
	    {"", "sha256:e3b0c44298fc1c14"},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct err err = ERR_INIT;
		struct key key;
		char out[KEY_FINGERPRINT_BYTES];
		assert_true(secret_from(&key.text, rows[i].text, strlen(rows[i].text), &err));
		assert_true(key_fingerprint(&key, out, &err));
		assert_string_equal(out, rows[i].print);
		secret_fini(&key.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ids_are_the_first_half_of_hmac_sha_256),
	    cmocka_unit_test(a_rings_ids_stand_in_its_order_and_depend_on_the_salt),
	    cmocka_unit_test(fingerprints_are_the_head_of_sha_256),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
