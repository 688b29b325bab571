/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/test.h"

#include <string.h>

#include "base/cleanup.h"
#include "codec/base64.h"
#include "codec/digest.h"
#include "codec/identity.h"

static struct identity_keys one, other;

static int make(void **state)
{
	struct err err = ERR_INIT;
	return identity_keys_new(&one, &err) && identity_keys_new(&other, &err) ? 0 : -1;
}

static int end(void **state)
{
	identity_keys_fini(&one);
	identity_keys_fini(&other);
	return 0;
}

static void the_name_is_the_hash_of_the_signing_key(void **state)
{
	struct err err = ERR_INIT;
	unsigned char der[128], hash[SHA256_BYTES];
	struct spki spki;
	size_t n;
	char hex[65];
	assert_true(base64_parse(str_of(one.sign_key), der, sizeof(der), &n, &err));
	assert_int_equal(n, 91);
	assert_true(sha256((struct str){.p = (char *)der, .n = n}, hash, &err));
	hex_print(hash, sizeof(hash), hex);
	assert_string_equal(hex, one.spki.hex);
	assert_true(public_key_check(one.sign_key, &spki, &err));
	assert_true(spki_equal(&spki, &one.spki));
	assert_false(spki_equal(&one.spki, &other.spki));
	assert_string_not_equal(one.sign_key, one.receive_key);
}

static void a_signature_belongs_to_one_text_and_one_key(void **state)
{
	struct err err = ERR_INIT;
	char signature[SIGNATURE_CHARS];
	assert_true(identity_sign(&one, STR("[1]"), signature, &err));
	assert_true(identity_verify(one.sign_key, STR("[1]"), str_of(signature), &err));
	assert_false(identity_verify(one.sign_key, STR("[2]"), str_of(signature), &err));
	assert_int_equal(err.kind, ERR_CRYPTO);
	assert_false(identity_verify(one.sign_key, STR("[1] "), str_of(signature), &err));
	assert_false(identity_verify(other.sign_key, STR("[1]"), str_of(signature), &err));
	assert_false(identity_verify(one.receive_key, STR("[1]"), str_of(signature), &err));
	assert_false(identity_verify(one.sign_key, STR("[1]"), STR(""), &err));
	assert_false(identity_verify(one.sign_key, STR("[1]"), STR("????"), &err));
	assert_false(identity_verify(one.sign_key, STR("[1]"), STR("MAYCAQECAQE="), &err));
	for (size_t i = 0; signature[i]; i++) { /* a flipped bit in every character */
		char bent[SIGNATURE_CHARS];
		memcpy(bent, signature, sizeof(bent));
		bent[i] = (char)(bent[i] ^ 1);
		assert_false(identity_verify(one.sign_key, STR("[1]"), str_of(bent), &err));
	}
}

static void keys_go_to_a_file_and_back(void **state)
{
	struct err err = ERR_INIT;
	auto_secret struct secret text = {.n = 0};
	struct identity_keys back;
	char signature[SIGNATURE_CHARS];
	assert_true(identity_keys_encode(&one, &text, &err));
	assert_true(identity_keys_decode(&text, &back, &err));
	assert_string_equal(back.spki.hex, one.spki.hex);
	assert_string_equal(back.sign_key, one.sign_key);
	assert_string_equal(back.receive_key, one.receive_key);
	assert_true(identity_sign(&back, STR("x"), signature, &err));
	assert_true(identity_verify(one.sign_key, STR("x"), str_of(signature), &err));
	identity_keys_fini(&back);
}

static void torn_and_foreign_identity_files_are_refused(void **state)
{
	static const char p384[] = "-----BEGIN PRIVATE KEY-----\n"
				   "MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDBQr8cm/"
				   "yWEv3OzJV/D\n-----END PRIVATE KEY-----\n";
	struct err err = ERR_INIT;
	auto_secret struct secret text = {.n = 0};
	assert_true(identity_keys_encode(&one, &text, &err));
	const size_t cuts[] = {0, 1, 30, text.n / 2 - 1, text.n / 2, text.n - 30, text.n - 2};
	for (size_t i = 0; i < ARRAY_N(cuts); i++) {
		struct identity_keys back = {.sign = NULL};
		struct err why = ERR_INIT;
		auto_secret struct secret torn = {.n = 0};
		assert_true(secret_from(&torn, text.p, cuts[i], &err));
		assert_false(identity_keys_decode(&torn, &back, &why));
		assert_int_not_equal(why.kind, ERR_NONE);
		assert_null(back.sign);
	}
	struct identity_keys back = {.sign = NULL};
	auto_secret struct secret twice = {.n = 0};
	assert_true(secret_init(&twice, IDENTITY_FILE_BYTES_MAX, &err));
	assert_true(secret_add(&twice, text.p, text.n / 2));
	assert_true(secret_add(&twice, text.p, text.n / 2));
	assert_false(identity_keys_decode(&twice, &back, &err)); /* one key for both uses */
	auto_secret struct secret third = {.n = 0};
	assert_true(secret_init(&third, IDENTITY_FILE_BYTES_MAX, &err));
	assert_true(secret_add(&third, text.p, text.n));
	assert_true(secret_add(&third, text.p, text.n / 2));
	assert_false(identity_keys_decode(&third, &back, &err));
	auto_secret struct secret foreign = {.n = 0};
	assert_true(secret_from(&foreign, p384, sizeof(p384) - 1, &err));
	assert_false(identity_keys_decode(&foreign, &back, &err));
	assert_null(back.sign);
}

static void renewing_changes_the_receiving_key_only(void **state)
{
	struct err err = ERR_INIT;
	struct identity_keys keys;
	char before[256];
	struct spki spki;
	assert_true(identity_keys_new(&keys, &err));
	memcpy(before, keys.receive_key, sizeof(before));
	spki = keys.spki;
	assert_true(identity_keys_renew(&keys, &err));
	assert_string_not_equal(keys.receive_key, before);
	assert_true(spki_equal(&keys.spki, &spki));
	assert_true(public_key_check(keys.receive_key, NULL, &err));
	identity_keys_fini(&keys);
}

static void only_plain_p256_is_a_public_key(void **state)
{
	struct err err = ERR_INIT;
	unsigned char der[128];
	size_t n;
	char text[256];
	assert_false(public_key_check("", NULL, &err));
	assert_false(public_key_check("not base64!", NULL, &err));
	assert_true(base64_parse(str_of(one.sign_key), der, sizeof(der), &n, &err));
	/* Each byte bent in turn: no header but the one, no point off the curve. */
	for (size_t i = 0; i < n; i += i < 27 ? 1 : 5) {
		struct err why = ERR_INIT;
		der[i] ^= 4;
		assert_true(base64_print(der, n, text, sizeof(text), &err));
		assert_false(public_key_check(text, NULL, &why));
		assert_int_not_equal(why.kind, ERR_NONE);
		der[i] ^= 4;
	}
	assert_true(base64_print(der, n - 1, text, sizeof(text), &err));
	assert_false(public_key_check(text, NULL, &err));
	der[n] = 0;
	assert_true(base64_print(der, n + 1, text, sizeof(text), &err));
	assert_false(public_key_check(text, NULL, &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_name_is_the_hash_of_the_signing_key),
	    cmocka_unit_test(a_signature_belongs_to_one_text_and_one_key),
	    cmocka_unit_test(keys_go_to_a_file_and_back),
	    cmocka_unit_test(torn_and_foreign_identity_files_are_refused),
	    cmocka_unit_test(renewing_changes_the_receiving_key_only),
	    cmocka_unit_test(only_plain_p256_is_a_public_key),
	};
	return cmocka_run_group_tests(tests, make, end);
}
