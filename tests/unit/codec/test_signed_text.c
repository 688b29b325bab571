/* SPDX-License-Identifier: Apache-2.0 */
/* Signed text: good only whole, unchanged, and by the very signer that was named. */
#include "lib/test.h"

#include "codec/retry_after.h"
#include "codec/signed_text.h"
#include "cert_fixture.h"

static const char text[] = "serial: 412\nfleet: prod # na\xc3\xafve\n";

struct world {
	struct fixture signer, other, ended;
	struct buf signer_pem, other_pem, ended_pem, signed_by_signer, signed_by_ended;
};

static void sign(const struct fixture *f, struct buf *pem, struct buf *out)
{
	struct err err = ERR_INIT;
	auto_wiped_buf struct buf key_text = {0};
	auto_secret struct secret key = {0};
	fixture_add_cert(pem, f);
	fixture_add_key(&key_text, f, NULL);
	assert_true(secret_from(&key, key_text.p, key_text.n, &err));
	if (!signed_text_sign(STR(text), buf_str(pem), &key, out, &err))
		fail_msg("%s", err.text);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct buf unused = {0};
	w->signer = fixture_new(&(struct fixture_spec){.subject = "/CN=ops"}, NULL, NULL);
	w->other = fixture_new(&(struct fixture_spec){.subject = "/CN=ops"}, NULL, NULL);
	w->ended = fixture_new(&(struct fixture_spec){.subject = "/CN=old",
						      .from_s = -90 * FIXTURE_DAY_S,
						      .to_s = -FIXTURE_DAY_S},
			       NULL, NULL);
	sign(&w->signer, &w->signer_pem, &w->signed_by_signer);
	sign(&w->other, &w->other_pem, &unused);
	sign(&w->ended, &w->ended_pem, &w->signed_by_ended);
	buf_fini(&unused);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	fixture_free(&w->signer);
	fixture_free(&w->other);
	fixture_free(&w->ended);
	struct buf *bufs[] = {&w->signer_pem, &w->other_pem, &w->ended_pem, &w->signed_by_signer,
			      &w->signed_by_ended};
	for (size_t i = 0; i < ARRAY_N(bufs); i++)
		buf_fini(bufs[i]);
	free(w);
	return 0;
}

static bool verify(struct str whole, const struct buf *signers, char *who, size_t who_n,
		   struct err *err)
{
	struct signed_text parts;
	return signed_text_split(whole, &parts, err) &&
	       signed_text_verify(&parts, buf_str(signers), FIXTURE_NOW, who, who_n, err);
}

static void signed_text_is_verified_and_stays_yaml(void **state)
{
	const struct world *w = *state;
	struct err err = ERR_INIT;
	struct signed_text parts;
	char who[64] = "";
	assert_true(verify(buf_str(&w->signed_by_signer), &w->signer_pem, who, sizeof(who), &err));
	assert_string_equal(who, "/CN=ops");
	assert_true(signed_text_split(buf_str(&w->signed_by_signer), &parts, &err));
	assert_true(str_equal(parts.content, STR(text)));
	struct str rest = parts.signature, line;
	while (str_cut(&rest, '\n', &line))
		assert_memory_equal(line.p, "# ", 2);
}

static void signer_may_be_one_of_several(void **state)
{
	const struct world *w = *state;
	struct err err = ERR_INIT;
	auto_buf struct buf both = {0};
	buf_add(&both, w->other_pem.p, w->other_pem.n);
	buf_add(&both, w->signer_pem.p, w->signer_pem.n);
	assert_true(verify(buf_str(&w->signed_by_signer), &both, NULL, 0, &err));
}

static void signing_again_replaces_the_signature(void **state)
{
	const struct world *w = *state;
	struct err err = ERR_INIT;
	auto_wiped_buf struct buf key_text = {0};
	auto_secret struct secret key = {0};
	auto_buf struct buf again = {0};
	struct signed_text parts;
	fixture_add_key(&key_text, &w->other, NULL);
	assert_true(secret_from(&key, key_text.p, key_text.n, &err));
	assert_true(signed_text_sign(buf_str(&w->signed_by_signer), buf_str(&w->other_pem), &key,
				     &again, &err));
	assert_true(verify(buf_str(&again), &w->other_pem, NULL, 0, &err));
	assert_true(signed_text_split(buf_str(&again), &parts, &err));
	assert_true(str_equal(parts.content, STR(text)));
	/* certificate and key of two different people */
	assert_false(signed_text_sign(STR(text), buf_str(&w->signer_pem), &key, &again, &err));
	assert_int_equal(err.kind, ERR_CRYPTO);
}

static void every_changed_byte_is_found(void **state)
{
	const struct world *w = *state;
	auto_buf struct buf whole = {0};
	buf_add(&whole, w->signed_by_signer.p, w->signed_by_signer.n);
	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		struct err err = ERR_INIT;
		whole.p[i] ^= 1;
		assert_false(verify(buf_str(&whole), &w->signer_pem, NULL, 0, &err));
		/* the newline before it holds the signature apart */
		assert_true(err.kind == ERR_CRYPTO ||
			    (err.kind == ERR_UNTRUSTED && i == sizeof(text) - 2));
		whole.p[i] ^= 1;
	}
	/* cut short, anywhere behind the content */
	for (size_t n = 0; n + 22 < whole.n; n += 7) {
		struct err err = ERR_INIT;
		assert_false(
		    verify((struct str){.p = whole.p, .n = n}, &w->signer_pem, NULL, 0, &err));
	}
}

static void other_signers_are_refused(void **state)
{
	const struct world *w = *state;
	struct err err = ERR_INIT;
	assert_false(verify(buf_str(&w->signed_by_signer), &w->other_pem, NULL, 0, &err));
	assert_int_equal(err.kind, ERR_UNTRUSTED);
	err_clear(&err);
	assert_false(verify(buf_str(&w->signed_by_ended), &w->ended_pem, NULL, 0, &err));
	assert_int_equal(err.kind, ERR_UNTRUSTED);
	if (!strstr(err.text, "out of its time"))
		fail_msg("%s", err.text);
	err_clear(&err);
	assert_false(verify(STR(text), &w->signer_pem, NULL, 0, &err));
	assert_int_equal(err.kind, ERR_UNTRUSTED);
	assert_non_null(strstr(err.text, "not signed"));
	struct buf none = {0};
	assert_false(verify(buf_str(&w->signed_by_signer), &none, NULL, 0, &err));
}

static void torn_signatures_are_refused(void **state)
{
	static const char *const rows[] = {
	    "a: 1\n# -----BEGIN CMS-----\n# AAAA\n",
	    "a: 1\n# -----BEGIN CMS-----\nAAAA\n# -----END CMS-----\n",
	    "a: 1\n# -----BEGIN CMS-----\n# AAAA\n# -----END CMS-----\nmode: act\n",
	    "a: 1\n# -----BEGIN CMS-----\n# -----BEGIN CMS-----\n# -----END CMS-----\n",
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct err err = ERR_INIT;
		struct signed_text parts = {.content = {.n = 7}};
		assert_false(signed_text_split(str_of(rows[i]), &parts, &err));
		assert_int_equal(err.kind, ERR_SYNTAX);
		assert_int_equal(parts.content.n, 7);
	}
	const struct world *w = *state;
	struct err err = ERR_INIT;
	assert_false(verify(STR("a: 1\n# -----BEGIN CMS-----\n# AAAA\n# -----END CMS-----\n"),
			    &w->signer_pem, NULL, 0, &err));
	assert_int_equal(err.kind, ERR_SYNTAX);
}

static void retry_after_is_kept_within_bounds(void **state)
{
	static const struct {
		const char *value;
		int64_t us;
	} rows[] = {
	    {"120", 120 * US_S},
	    {" 120 ", 120 * US_S},
	    {"0", US_MIN},
	    {"", US_MIN},
	    {"soon", US_MIN},
	    {"-5", US_MIN},
	    {"1e9", US_MIN},
	    {"999999999999", US_H},
	    {"99999999999999999999", US_H},
	    {"Sun, 22 Nov 2026 02:46:16 GMT", 10 * US_MIN},
	    {"Sun, 22 Nov 2026 02:36:16 GMT", US_MIN},
	    {"Sun, 06 Nov 1994 08:49:37 GMT", US_MIN},
	    {"Sun, 22 Nov 2036 02:46:16 GMT", US_H},
	    {"Sun, 22 Foo 2026 02:46:16 GMT", US_MIN},
	    {"Sun, 32 Nov 2036 02:46:16 GMT", US_MIN},
	    {"Sunday, 06-Nov-94 08:49:37 GMT", US_MIN},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++)
		assert_int_equal(
		    retry_after_parse(str_of(rows[i].value), FIXTURE_NOW, US_MIN, US_H),
		    rows[i].us);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(signed_text_is_verified_and_stays_yaml),
	    cmocka_unit_test(signer_may_be_one_of_several),
	    cmocka_unit_test(signing_again_replaces_the_signature),
	    cmocka_unit_test(every_changed_byte_is_found),
	    cmocka_unit_test(other_signers_are_refused),
	    cmocka_unit_test(torn_signatures_are_refused),
	    cmocka_unit_test(retry_after_is_kept_within_bounds),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
