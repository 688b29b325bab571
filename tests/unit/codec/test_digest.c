/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/test.h"

#include <string.h>

#include "base/cleanup.h"
#include "codec/base64.h"
#include "codec/digest.h"

static void known_answers_hold(void **state)
{
	struct err err = ERR_INIT;
	unsigned char out[SHA256_BYTES], key[22], salt[13], info[10];
	char hex[65];
	struct digest d;
	assert_true(sha256_digest(STR("abc"), &d, &err));
	assert_string_equal(d.hex,
			    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	/* RFC 4231, case 2 */
	assert_true(hmac_sha256(STR("Jefe"), STR("what do ya want for nothing?"), out, &err));
	hex_print(out, sizeof(out), hex);
	assert_string_equal(hex,
			    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	/* RFC 5869, case 1: its first 32 bytes */
	memset(key, 0x0b, sizeof(key));
	for (size_t i = 0; i < sizeof(salt); i++)
		salt[i] = (unsigned char)i;
	for (size_t i = 0; i < sizeof(info); i++)
		info[i] = (unsigned char)(0xf0 + i);
	assert_true(hkdf_sha256((struct str){.p = (char *)key, .n = sizeof(key)},
				(struct str){.p = (char *)salt, .n = sizeof(salt)},
				(struct str){.p = (char *)info, .n = sizeof(info)}, out, &err));
	hex_print(out, sizeof(out), hex);
	assert_string_equal(hex,
			    "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf");
}

static void key_ids_depend_on_key_and_salt(void **state)
{
	static const char salt[] =
	    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
	static const char other[] =
	    "010102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
	struct err err = ERR_INIT;
	struct keyring ring = {.n = 0};
	struct ring_ids ids, again;
	struct key_id id;
	assert_true(keyring_add(&ring, "abcdef", 6, &err));
	assert_true(keyring_add(&ring, "abcdeg", 6, &err));
	assert_true(ring_ids_of(&ring, salt, &ids, &err));
	assert_true(ids.is_known);
	assert_int_equal(ids.n, 2);
	assert_int_equal(strlen(ids.ids[0].hex), KEY_ID_CHARS);
	assert_false(key_id_equal(&ids.ids[0], &ids.ids[1]));
	assert_true(ring_ids_of(&ring, other, &again, &err));
	assert_false(ring_ids_has(&again, &ids.ids[0]));
	assert_false(key_id_of(&ring.keys[0], "", &id, &err));
	assert_int_equal(err.kind, ERR_SYNTAX);
	assert_false(key_id_of(&ring.keys[0], "0A", &id, &err));
	keyring_fini(&ring);
}

static void base64_has_one_text_for_each_run_of_bytes(void **state)
{
	static const struct {
		const char *text, *bytes; /* NULL: refused */
	} rows[] = {
	    {"", ""},       {"Zg==", "f"},  {"Zm8=", "fo"},  {"Zm9v", "foo"},  {"Zm9vYg==", "foob"},
	    {"Zh==", NULL}, {"Zm9=", NULL}, {"Zg=", NULL},   {"Zg", NULL},     {"Zg==Zg==", NULL},
	    {"Z===", NULL}, {"====", NULL}, {"Zm 9v", NULL}, {"Zm9v\n", NULL}, {"Zm-_", NULL},
	    {"=m9v", NULL}, {"Z=9v", NULL}, {"Zm=v", NULL},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct err err = ERR_INIT;
		char out[16] = "";
		size_t n = 99;
		bool ok = base64_parse(str_of(rows[i].text), out, sizeof(out), &n, &err);
		assert_int_equal(ok, rows[i].bytes != NULL);
		if (!ok) {
			assert_int_equal(n, 99);
			continue;
		}
		assert_int_equal(n, strlen(rows[i].bytes));
		assert_memory_equal(out, rows[i].bytes, n);
		char text[16];
		assert_true(base64_print(out, n, text, sizeof(text), &err));
		assert_string_equal(text, rows[i].text);
		auto_buf struct buf b = {.n = 0};
		base64_add(&b, out, n);
		assert_string_equal(buf_z(&b), rows[i].text);
	}
	struct err err = ERR_INIT;
	char small[2];
	size_t n;
	assert_false(base64_parse(STR("Zm9v"), small, sizeof(small), &n, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_false(base64_print("foo", 3, small, sizeof(small), &err));
	assert_int_equal(err.kind, ERR_LIMIT);
}

static void hex_is_lower_case_and_exact(void **state)
{
	static const struct {
		const char *text;
		bool is_good;
	} rows[] = {{"00ff", true}, {"00FF", false}, {"00f", false},  {"00ff0", false},
		    {"", false},    {"0x00", false}, {"00 f", false}, {"gg00", false}};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct err err = ERR_INIT;
		unsigned char out[2];
		assert_int_equal(hex_parse(str_of(rows[i].text), out, 2, &err), rows[i].is_good);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(known_answers_hold),
	    cmocka_unit_test(key_ids_depend_on_key_and_salt),
	    cmocka_unit_test(base64_has_one_text_for_each_run_of_bytes),
	    cmocka_unit_test(hex_is_lower_case_and_exact),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
