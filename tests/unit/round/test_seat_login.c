/* SPDX-License-Identifier: Apache-2.0 */
/* As whom a member is asked: the order of the candidates, what a refusal changes and for how long,
 * and what is told. */
#include "lib/test.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/secret.h"
#include "round/round.h"

#define NOW_US (1800000000 * US_S)
#define A "a.test:27017"
#define B "b.test:27017"

static struct {
	struct seat t;
	struct instance_policy instance;
	unsigned told_n, read_n;
	char told[512];
	bool password_fails;
} w;

static bool read_it(void *self UNUSED, const struct credential_ref *ref UNUSED, struct secret *ret,
		    struct err *err)
{
	w.read_n++;
	if (w.password_fails)
		return err_set(err, ERR_NOT_FOUND, "no such file");
	return secret_from(ret, "hunter2", 7, err);
}
static void fake_tell(void *self UNUSED, const struct event *e, bool is_mine UNUSED)
{
	w.told_n++;
	assert_string_equal(e->name, "login-refused");
	snprintf(w.told, sizeof(w.told), "%.200s %.200s", e->headline, e->what);
}

static struct key_id key_n(int n)
{
	struct key_id k = {.hex = ""};
	memset(k.hex, '0' + n, KEY_ID_CHARS);
	return k;
}
static void hold(int n)
{
	auto_secret struct secret text = {.p = NULL};
	const char z[] = {(char)('0' + n), 0};
	const struct key_id id = key_n(n);
	struct err err = ERR_INIT;
	assert_true(secret_from(&text, z, 1, &err));
	assert_true(keychain_add(&w.t.chain, &id, &text, &err));
}
static void in_file(int a, int b)
{
	w.t.seen->keyfile.ring =
	    (struct ring_ids){.is_known = true, .n = b ? 2 : 1, .ids = {key_n(a), key_n(b)}};
}

static int set_up(void **state UNUSED)
{
	memset(&w, 0, sizeof(w));
	w.t.seen = calloc(1, sizeof(*w.t.seen));
	w.t.seen->now.us = NOW_US;
	w.t.instance = &w.instance;
	w.t.ports.credential = read_it;
	w.t.ports.tell = fake_tell;
	w.t.rs.members_n = 2;
	cut_z(w.t.rs.members[0].host, HOST_BYTES_MAX, A);
	cut_z(w.t.rs.members[1].host, HOST_BYTES_MAX, B);
	return 0;
}
static int tear_down(void **state UNUSED)
{
	keychain_fini(&w.t.chain);
	secret_fini(&w.t.password);
	free(w.t.seen);
	return 0;
}

/* Who is taken for it now: "user", "cert", "member" or the key's number; "" nobody. */
static const char *asked(const char *host, struct mongod_credential *c)
{
	static char name[32];
	struct mongod_target target = {.client_pem = "/own.pem"};
	if (!seat_login(&w.t, host, &target, c))
		return "";
	const bool is_given_pem = strcmp(target.client_pem, "/given.pem") == 0;
	assert_int_equal(is_given_pem, c->how == LOGIN_AS_CERTIFICATE && !c->is_member);
	if (c->how == LOGIN_AS_USER) {
		assert_string_equal(c->user, "rotad");
		assert_true(c->key->n == 7);
		return "user";
	}
	if (c->how == LOGIN_AS_CERTIFICATE)
		return c->is_member ? "member" : "cert";
	snprintf(name, sizeof(name), "%.*s", (int)c->key->n, c->key->p);
	return name;
}
static void refuse(const char *host, enum err_kind kind)
{
	struct mongod_credential c;
	struct err err = ERR_INIT;
	assert_true(asked(host, &c)[0]);
	(void)!err_set(&err, kind, "18: Authentication failed");
	seat_login_failed(&w.t, host, &c, &err);
}

static void with_user(void)
{
	w.instance.login.with = LOGIN_WITH_USER;
	cut_z(w.instance.login.user, sizeof(w.instance.login.user), "rotad");
}
static void with_certificate(void)
{
	w.instance.login.with = LOGIN_WITH_CERTIFICATE;
	cut_z(w.instance.login.certificate, sizeof(w.instance.login.certificate), "/given.pem");
}
static void mode(const char *z)
{
	cut_z(w.t.options.cluster_auth_mode, sizeof(w.t.options.cluster_auth_mode), z);
}
static void loaded(int n)
{
	w.t.notes.loaded = (struct ring_ids){.is_known = true, .n = 1, .ids = {key_n(n)}};
}
static void recovering(void)
{
	cut_z(w.t.me, sizeof(w.t.me), A);
	w.t.is_up = false;
}
static void arbiter(void)
{
	w.t.rs.members[0].is_arbiter = true;
}

/* A row: what is held and given, and as whom a is asked, one after the other while each is refused;
 * at the end it begins anew. */
#define ROWS(X)                                                                                    \
	X(nothing, "")                                                                             \
	X(file, "1 1", hold(1); in_file(1, 0))                                                     \
	X(file_that_is_not_held, "", in_file(1, 0))                                                \
	X(two_in_the_file, "1 2 1", hold(1); hold(2); in_file(1, 2))                               \
	X(a_key_that_is_not_loaded_is_last, "2 1 2", hold(1); hold(2); in_file(1, 2); loaded(2))   \
	X(file_pivot_next_previous, "1 2 3 4 1", hold(4); hold(3); hold(2); hold(1);               \
	  in_file(1, 0); w.t.anchor.pivot.id = key_n(2); w.t.anchor.next.id = key_n(3))            \
	X(none_is_tried_twice, "1 2 1", hold(1); hold(2); in_file(1, 2);                           \
	  w.t.anchor.pivot.id = key_n(1); w.t.anchor.next.id = key_n(2))                           \
	X(pivot_without_a_file, "2 1 2", hold(2); hold(1); w.t.anchor.pivot.id = key_n(2))         \
	X(user, "user 1 user", with_user(); hold(1); in_file(1, 0))                                \
	X(user_alone, "user user", with_user())                                                    \
	X(user_without_a_password, "1 1", with_user(); w.password_fails = true; hold(1);           \
	  in_file(1, 0))                                                                           \
	X(an_arbiter_has_no_users, "1 1", with_user(); arbiter(); hold(1); in_file(1, 0))          \
	X(one_in_recovering_looks_up_none, "1 1", with_user(); recovering(); hold(1);              \
	  in_file(1, 0))                                                                           \
	X(nor_any_client, "1 1", with_certificate(); recovering(); hold(1); in_file(1, 0))         \
	X(certificate, "cert 1 cert", with_certificate(); hold(1); in_file(1, 0))                  \
	X(an_arbiter_knows_no_client, "1 1", with_certificate(); arbiter(); hold(1);               \
	  in_file(1, 0))                                                                           \
	X(key_file, "1 1", mode("keyFile"); hold(1); in_file(1, 0))                                \
	X(send_key_file, "member 1 member", mode("sendKeyFile"); hold(1); in_file(1, 0))           \
	X(send_x509, "member 1 member", mode("sendX509"); hold(1); in_file(1, 0))                  \
	X(x509_of_an_arbiter, "member member", mode("x509"); arbiter())                            \
	X(all_of_them, "user member 1 2 user", with_user(); mode("sendX509"); hold(2); hold(1);    \
	  in_file(1, 0))
#define SET(name, order, ...)                                                                      \
	static void set_##name(void)                                                               \
	{                                                                                          \
		__VA_ARGS__;                                                                       \
	}
#define ROW(name, order, ...) {#name, order, set_##name},
ROWS(SET)

static void each_refusal_brings_the_next_candidate(void **state)
{
	static const struct {
		const char *name, *order;
		void (*given)(void);
	} rows[] = {ROWS(ROW)};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		auto_buf struct buf order = {.max = 256};
		struct mongod_credential c;
		unsigned n = 0;
		for (const char *p = rows[i].order; *p; p++)
			n += p == rows[i].order || *p == ' ';
		tear_down(state);
		set_up(state);
		rows[i].given();
		assert_int_equal(asked(A, &c)[0] != 0, n > 0);
		for (unsigned k = 0; k < n; k++) {
			buf_addf(&order, "%s%s", k ? " " : "", asked(A, &c));
			refuse(A, ERR_AUTH);
		}
		if (strcmp(buf_z(&order), rows[i].order) != 0)
			fail_msg("%s: '%s', wanted '%s'", rows[i].name, buf_z(&order),
				 rows[i].order);
	}
}

static void only_a_refusal_is_one(void **state UNUSED)
{
	static const struct {
		enum err_kind kind;
		bool is_refusal;
	} rows[] = {{ERR_AUTH, true},         {ERR_UNSUPPORTED, true}, {ERR_TIMEOUT, false},
		    {ERR_UNREACHABLE, false}, {ERR_PROTOCOL, false},   {ERR_REFUSED, false},
		    {ERR_CRYPTO, false}};
	struct mongod_credential c;
	with_user();
	hold(1);
	in_file(1, 0);
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		assert_string_equal(asked(A, &c), "user");
		refuse(A, rows[i].kind);
		assert_string_equal(asked(A, &c), rows[i].is_refusal ? "1" : "user");
		w.t.seen->now.us += 11 * US_MIN; /* forgotten by then */
	}
}

static void a_refusal_counts_for_ten_minutes_and_that_member(void **state UNUSED)
{
	struct mongod_credential c;
	with_user();
	hold(1);
	in_file(1, 0);
	refuse(A, ERR_AUTH);
	assert_string_equal(asked(A, &c), "1");
	assert_string_equal(asked(B, &c), "user");
	assert_string_equal(asked(NULL, &c), "user"); /* the set's store */
	w.t.seen->now.us += 10 * US_MIN;
	assert_string_equal(asked(A, &c), "1");
	w.t.seen->now.us += 1;
	assert_string_equal(asked(A, &c), "user");
	refuse(A, ERR_AUTH);
	w.t.seen->now.us -= US_S; /* a clock that went back */
	assert_string_equal(asked(A, &c), "user");
}

static void other_candidates_begin_anew(void **state UNUSED)
{
	struct mongod_credential c;
	hold(1);
	in_file(1, 0);
	mode("sendX509");
	refuse(A, ERR_AUTH);
	assert_string_equal(asked(A, &c), "1");
	hold(2);
	assert_string_equal(asked(A, &c), "member");
}

static void a_given_login_that_is_refused_is_told_and_a_key_is_not(void **state UNUSED)
{
	struct mongod_credential c;
	with_user();
	hold(1);
	in_file(1, 0);
	assert_string_equal(asked(A, &c), "user");
	assert_string_equal(asked(B, &c), "user");
	assert_int_equal(w.read_n, 1); /* the password is kept, */
	refuse(A, ERR_AUTH);
	assert_int_equal(w.told_n, 1);
	assert_non_null(strstr(w.told, "'rotad' does not serve"));
	assert_non_null(strstr(w.told, A ": 18: Authentication failed"));
	assert_null(strstr(w.told, "hunter2"));
	refuse(A, ERR_AUTH);
	assert_int_equal(w.told_n, 1);
	assert_int_equal(w.read_n, 2); /* and read again after a refusal: it may be another */
}

static void a_password_that_cannot_be_read_is_told(void **state UNUSED)
{
	struct mongod_credential c;
	with_user();
	w.password_fails = true;
	assert_string_equal(asked(A, &c), "");
	assert_int_equal(w.told_n, 1);
	assert_non_null(strstr(w.told, "no such file"));
	w.password_fails = false;
	assert_string_equal(asked(A, &c), "user");
	assert_int_equal(w.told_n, 1);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    T(each_refusal_brings_the_next_candidate),
	    T(only_a_refusal_is_one),
	    T(a_refusal_counts_for_ten_minutes_and_that_member),
	    T(other_candidates_begin_anew),
	    T(a_given_login_that_is_refused_is_told_and_a_key_is_not),
	    T(a_password_that_cannot_be_read_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
