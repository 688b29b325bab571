/* SPDX-License-Identifier: Apache-2.0 */
/* SCRAM against the vectors of RFC 7677 and of MongoDB's own SHA-1 form, and servers that cheat. */
#include "lib/test.h"

#include <stdio.h>
#include <string.h>

#include "mongod/scram.h"

static const struct {
	enum scram_hash hash;
	const char *nonce, *first, *server_first, *final, *server_final;
} vectors[] = {
    {SCRAM_SHA_256, "rOprNGfwEbeRWgbNEkqO", "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
     "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
     "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
     "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
     "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="},
    {SCRAM_SHA_1, "fyko+d2lbbFgONRv9qkxdawL", "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
     "r=fyko+d2lbbFgONRv9qkxdawLHo+Vgk7qvUOKUwuWLIWg4l/"
     "9SraGMHEE,s=rQ9ZY3MntBeuP3E1TDVC4w==,i=10000",
     "c=biws,r=fyko+d2lbbFgONRv9qkxdawLHo+Vgk7qvUOKUwuWLIWg4l/9SraGMHEE,"
     "p=MC2T8BvbmWRckDw8oWl5IVghwCY=",
     "v=UMWeI25JD1yNYZRMpZ4VHvhZ9e0="},
};

/* As scram_first(), with the nonce of a vector in place of a random one. */
static void start(struct scram *s, enum scram_hash hash, const char *nonce)
{
	static const unsigned char zeros[SCRAM_NONCE_BYTES];
	struct err err = ERR_INIT;
	auto_buf struct buf b = {.max = 1024};
	assert_true(scram_first(s, hash, "user", zeros, &b, &err));
	assert_true(copy_z(s->nonce, sizeof(s->nonce), nonce));
	snprintf(s->client_first_bare, sizeof(s->client_first_bare), "n=user,r=%s", nonce);
}

static void the_vectors_hold(void **state)
{
	for (size_t i = 0; i < ARRAY_N(vectors); i++) {
		struct scram s;
		struct err err = ERR_INIT;
		auto_buf struct buf b = {.max = 1024};
		start(&s, vectors[i].hash, vectors[i].nonce);
		assert_true(
		    scram_final(&s, str_of(vectors[i].server_first), STR("pencil"), &b, &err));
		assert_string_equal(buf_z(&b), vectors[i].final);
		assert_true(scram_check(&s, str_of(vectors[i].server_final), &err));
	}
}

static void names_are_escaped_and_nonces_are_base64(void **state)
{
	unsigned char nonce[SCRAM_NONCE_BYTES];
	struct scram s;
	struct err err = ERR_INIT;
	auto_buf struct buf b = {.max = 1024};
	memset(nonce, 0xff, sizeof(nonce));
	assert_true(scram_first(&s, SCRAM_SHA_256, "a,b=c", nonce, &b, &err));
	assert_string_equal(buf_z(&b), "n,,n=a=2Cb=3Dc,r=////////////////////////////////");
	char name[400];
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	assert_false(scram_first(&s, SCRAM_SHA_256, name, nonce, &b, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
}

static void a_server_that_cheats_gets_no_proof(void **state)
{
#define N "rOprNGfwEbeRWgbNEkqO"
	static const struct {
		const char *server_first;
		enum err_kind kind;
	} rows[] = {
	    {"", ERR_PROTOCOL},
	    {"r=" N "x", ERR_PROTOCOL},
	    {"r=" N "x,s=W22ZaJ0SNY7soEsUEjb6gQ==", ERR_PROTOCOL},
	    {"s=W22ZaJ0SNY7soEsUEjb6gQ==,r=" N "x,i=4096", ERR_PROTOCOL},
	    {"r=,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", ERR_CRYPTO},
	    {"r=" N ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", ERR_CRYPTO},      /* adds nothing */
	    {"r=other" N ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", ERR_CRYPTO}, /* not ours */
	    {"r=" N "x,s=!!!!,i=4096", ERR_PROTOCOL},
	    {"r=" N "x,s=abc,i=4096", ERR_PROTOCOL},
	    {"r=" N "x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4095", ERR_PROTOCOL},
	    {"r=" N "x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=0", ERR_PROTOCOL},
	    {"r=" N "x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=-5", ERR_PROTOCOL},
	    {"r=" N "x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=10000001", ERR_PROTOCOL},
	    {"r=" N "x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=99999999999999999999", ERR_PROTOCOL},
	    {"m=ext,r=" N "x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", ERR_PROTOCOL},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct scram s;
		struct err err = ERR_INIT;
		auto_buf struct buf b = {.max = 1024};
		start(&s, SCRAM_SHA_256, N);
		bool ok = scram_final(&s, str_of(rows[i].server_first), STR("pencil"), &b, &err);
		if (ok || err.kind != rows[i].kind)
			fail_msg("%s: %s", rows[i].server_first, ok ? "taken" : err.text);
		assert_int_equal(b.n, 0);
	}
#undef N
}

static void a_server_that_does_not_know_the_key_is_found_out(void **state)
{
	static const struct {
		const char *text;
		enum err_kind kind;
	} rows[] = {
	    {"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95H4=", ERR_CRYPTO},
	    {"v=AAAA", ERR_CRYPTO},
	    {"v=", ERR_CRYPTO},
	    {"", ERR_PROTOCOL},
	    {"e=other-error", ERR_PROTOCOL},
	};
	struct scram s;
	struct err err = ERR_INIT;
	auto_buf struct buf b = {.max = 1024};
	start(&s, SCRAM_SHA_256, vectors[0].nonce);
	assert_true(scram_final(&s, str_of(vectors[0].server_first), STR("pencil"), &b, &err));
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		err = ERR_INIT;
		assert_false(scram_check(&s, str_of(rows[i].text), &err));
		assert_int_equal(err.kind, rows[i].kind);
	}
	/* The whole exchange by another key: the server's last word does not fit. */
	buf_clear(&b);
	start(&s, SCRAM_SHA_256, vectors[0].nonce);
	assert_true(scram_final(&s, str_of(vectors[0].server_first), STR("Pencil"), &b, &err));
	assert_false(scram_check(&s, str_of(vectors[0].server_final), &err));
}

static void passwords_that_would_need_saslprep_are_refused(void **state)
{
	static const char *const rows[] = {"p\xc3\xa4ss", "tab\there", "\x7f"};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct scram s;
		struct err err = ERR_INIT;
		auto_buf struct buf b = {.max = 1024};
		start(&s, SCRAM_SHA_256, vectors[0].nonce);
		assert_false(
		    scram_final(&s, str_of(vectors[0].server_first), str_of(rows[i]), &b, &err));
		assert_int_equal(err.kind, ERR_UNSUPPORTED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_vectors_hold),
	    cmocka_unit_test(names_are_escaped_and_nonces_are_base64),
	    cmocka_unit_test(a_server_that_cheats_gets_no_proof),
	    cmocka_unit_test(a_server_that_does_not_know_the_key_is_found_out),
	    cmocka_unit_test(passwords_that_would_need_saslprep_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
