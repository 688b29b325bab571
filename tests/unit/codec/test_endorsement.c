/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/test.h"

#include <string.h>

#include "cert_fixture.h"
#include "codec/digest.h"
#include "codec/identity.h"

/* A CA, an intermediate of it, a stranger's CA; one identity. */
static struct fixture ca, middle, stranger;
static struct identity_keys keys;
static struct buf ca_pem;

static int make(void **state)
{
	struct err err = ERR_INIT;
	ca = fixture_new(
	    &(struct fixture_spec){.subject = "/O=acme/CN=ca", .basic = "critical,CA:TRUE"}, NULL,
	    NULL);
	middle = fixture_new(
	    &(struct fixture_spec){.subject = "/O=acme/CN=issuer", .basic = "critical,CA:TRUE"},
	    &ca, NULL);
	/* The same name: only its key tells it apart. */
	stranger = fixture_new(
	    &(struct fixture_spec){.subject = "/O=acme/CN=ca", .basic = "critical,CA:TRUE"}, NULL,
	    NULL);
	fixture_add_cert(&ca_pem, &ca);
	return identity_keys_new(&keys, &err) ? 0 : -1;
}

static int end(void **state)
{
	fixture_free(&ca);
	fixture_free(&middle);
	fixture_free(&stranger);
	buf_fini(&ca_pem);
	identity_keys_fini(&keys);
	return 0;
}

static void describe(struct identity *id)
{
	*id = (struct identity){.head = {.cluster = "637af0000000000000000001",
					 .ledger = {"00112233445566778899aabbccddeeff"}},
				.host = "db1.example.net:27017"};
	identity_describe(&keys, id);
}

static void member_pem(struct secret *ret, const struct fixture *leaf, const struct fixture *by)
{
	struct err err = ERR_INIT;
	auto_wiped_buf struct buf text = {.n = 0};
	fixture_add_cert(&text, leaf);
	fixture_add_key(&text, leaf, NULL);
	if (by)
		fixture_add_cert(&text, by);
	assert_true(secret_from(ret, text.p, text.n, &err));
}

static struct endorsement_want good_want(void)
{
	return (struct endorsement_want){
	    .ca_pem = buf_str(&ca_pem), .membership = "O=acme,OU=mongo", .now = FIXTURE_NOW};
}

#define MEMBER "/O=acme/OU=mongo/CN=db1"
#define SAN "DNS:db1.example.net,DNS:localhost,IP:10.0.0.1"

static void certificates_of_every_kind_endorse(void **state)
{
	static const struct {
		struct fixture_spec spec;
		bool by_middle;
		const char *host;
	} rows[] = {
	    {{.subject = MEMBER, .san = SAN}, false, "db1.example.net:27017"},
	    {{.subject = MEMBER, .san = SAN, .is_ed25519 = true}, false, "db1.example.net:27017"},
	    {{.subject = MEMBER, .san = SAN, .rsa_bits = 1024}, false, "db1.example.net:27017"},
	    {{.subject = MEMBER, .san = SAN}, true, "DB1.example.net:27017"},
	    {{.subject = MEMBER, .san = SAN}, false, "10.0.0.1:27017"},
	    {{.subject = MEMBER, .san = "DNS:*.example.net"}, false, "db1.example.net:27017"},
	    {{.subject = MEMBER, .san = "IP:::1"}, false, "[::1]:27017"},
	    {{.subject = MEMBER, .san = SAN, .eku = "serverAuth"}, false, "localhost"},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct err err = ERR_INIT;
		auto_secret struct secret pem = {.n = 0};
		auto_free struct identity_doc *doc = calloc(1, sizeof(*doc));
		const struct fixture *by = rows[i].by_middle ? &middle : &ca;
		struct fixture leaf = fixture_new(&rows[i].spec, by, NULL);
		struct endorsement_want want = good_want();
		member_pem(&pem, &leaf, rows[i].by_middle ? &middle : NULL);
		describe(&doc->identity);
		assert_true(copy_z(doc->identity.host, sizeof(doc->identity.host), rows[i].host));
		assert_true(endorse_by_certificate(&doc->identity, &pem, &doc->proof, &err));
		if (!endorsement_check(doc, &want, &err))
			fail_msg("row %zu: %s", i, err.text);
		assert_null(strstr(doc->proof.chain_pem, "PRIVATE"));
		fixture_free(&leaf);
	}
}

static void certificates_that_do_not_fit_are_refused(void **state)
{
	static const struct {
		const char *why;
		struct fixture_spec spec;
		bool by_stranger, has_no_chain;
	} rows[] = {
	    {"expired",
	     {.subject = MEMBER, .san = SAN, .from_s = -2 * FIXTURE_DAY_S, .to_s = -60},
	     0,
	     0},
	    {"not yet", {.subject = MEMBER, .san = SAN, .from_s = 60, .to_s = FIXTURE_DAY_S}, 0, 0},
	    {"stranger", {.subject = MEMBER, .san = SAN}, true, 0},
	    {"host", {.subject = MEMBER, .san = "DNS:db2.example.net"}, 0, 0},
	    {"no SAN", {.subject = "/O=acme/OU=mongo/CN=db1.example.net"}, 0, 0},
	    {"wildcard", {.subject = MEMBER, .san = "DNS:*.net"}, 0, 0},
	    {"membership", {.subject = "/O=acme/OU=clients/CN=db1", .san = SAN}, 0, 0},
	    {"no membership", {.subject = "/CN=db1", .san = SAN}, 0, 0},
	    {"chain", {.subject = MEMBER, .san = SAN}, 0, true},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct err err = ERR_INIT;
		auto_secret struct secret pem = {.n = 0};
		auto_free struct identity_doc *doc = calloc(1, sizeof(*doc));
		const struct fixture *by = rows[i].by_stranger    ? &stranger
					   : rows[i].has_no_chain ? &middle
								  : &ca;
		struct fixture leaf = fixture_new(&rows[i].spec, by, NULL);
		struct endorsement_want want = good_want();
		member_pem(&pem, &leaf, NULL);
		describe(&doc->identity);
		assert_true(endorse_by_certificate(&doc->identity, &pem, &doc->proof, &err));
		if (endorsement_check(doc, &want, &err))
			fail_msg("%s", rows[i].why);
		assert_int_equal(err.kind, ERR_UNTRUSTED);
		fixture_free(&leaf);
	}
}

/* A good endorsement by a certificate, to bend. */
static struct identity_doc *endorsed(struct fixture *leaf)
{
	struct err err = ERR_INIT;
	auto_secret struct secret pem = {.n = 0};
	struct identity_doc *doc = calloc(1, sizeof(*doc));
	*leaf = fixture_new(&(struct fixture_spec){.subject = MEMBER, .san = SAN, .serial = 77},
			    &ca, NULL);
	member_pem(&pem, leaf, NULL);
	describe(&doc->identity);
	assert_true(endorse_by_certificate(&doc->identity, &pem, &doc->proof, &err));
	return doc;
}

static void an_endorsement_is_for_one_name_host_and_ledger(void **state)
{
	enum { CLUSTER, LEDGER, SPKI, HOST, VALUE, EMPTY, NO_CHAIN, NO_CA, LATER, ROWS_N };
	for (int row = 0; row < ROWS_N; row++) {
		struct err err = ERR_INIT;
		struct fixture leaf;
		auto_free struct identity_doc *doc = endorsed(&leaf);
		struct endorsement_want want = good_want();
		assert_true(endorsement_check(doc, &want, &err));
		if (row == CLUSTER)
			doc->identity.head.cluster[0] = '7';
		if (row == LEDGER)
			doc->identity.head.ledger.hex[0] = '1';
		if (row == SPKI)
			doc->identity.spki.hex[5] = doc->identity.spki.hex[5] == '1' ? '2' : '1';
		if (row == HOST) /* in the SAN, but not what was endorsed */
			assert_true(
			    copy_z(doc->identity.host, sizeof(doc->identity.host), "localhost"));
		if (row == VALUE)
			doc->proof.value[20] = doc->proof.value[20] == 'A' ? 'B' : 'A';
		if (row == EMPTY)
			doc->proof.value[0] = 0;
		if (row == NO_CHAIN)
			doc->proof.chain_pem[0] = 0;
		if (row == NO_CA)
			want.ca_pem.n = 0;
		if (row == LATER)
			want.now.us += 91 * US_DAY;
		assert_false(endorsement_check(doc, &want, &err));
		assert_int_not_equal(err.kind, ERR_NONE);
		fixture_free(&leaf);
	}
	/* A new receiving key needs no new endorsement. */
	struct err err = ERR_INIT;
	struct fixture leaf;
	auto_free struct identity_doc *doc = endorsed(&leaf);
	struct endorsement_want want = good_want();
	doc->identity.receive_key[30] ^= 1;
	assert_true(endorsement_check(doc, &want, &err));
	fixture_free(&leaf);
}

static void a_revoked_certificate_endorses_nobody(void **state)
{
	static const struct {
		long revoked;
		int64_t to_s;
		bool is_good;
	} rows[] = {{0, FIXTURE_DAY_S, true},
		    {78, FIXTURE_DAY_S, true},
		    {77, FIXTURE_DAY_S, false},
		    {0, -60, false}};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct err err = ERR_INIT;
		struct fixture leaf;
		auto_buf struct buf crl = {.n = 0};
		auto_free struct identity_doc *doc = endorsed(&leaf);
		struct endorsement_want want = good_want();
		fixture_add_crl(&crl, &ca, rows[i].to_s, rows[i].revoked);
		want.crl_pem = buf_str(&crl);
		assert_int_equal(endorsement_check(doc, &want, &err), rows[i].is_good);
		want.crl_pem = STR("no CRL at all");
		assert_false(endorsement_check(doc, &want, &err));
		fixture_free(&leaf);
	}
}

static void a_foreign_key_beside_a_certificate_is_refused(void **state)
{
	struct err err = ERR_INIT;
	struct fixture leaf, other;
	auto_free struct identity_doc *doc = endorsed(&leaf);
	auto_wiped_buf struct buf text = {.n = 0};
	auto_secret struct secret pem = {.n = 0}, locked = {.n = 0};
	other = fixture_new(&(struct fixture_spec){.subject = MEMBER, .san = SAN}, &ca, NULL);
	fixture_add_cert(&text, &leaf);
	fixture_add_key(&text, &other, NULL);
	assert_true(secret_from(&pem, text.p, text.n, &err));
	assert_false(endorse_by_certificate(&doc->identity, &pem, &doc->proof, &err));
	assert_int_equal(err.kind, ERR_CRYPTO);
	buf_clear(&text);
	fixture_add_cert(&text, &leaf);
	fixture_add_key(&text, &leaf, "password");
	assert_true(secret_from(&locked, text.p, text.n, &err));
	assert_false(endorse_by_certificate(&doc->identity, &locked, &doc->proof, &err));
	fixture_free(&leaf);
	fixture_free(&other);
}

static void a_key_of_the_keyfile_endorses_where_it_is_let(void **state)
{
	struct err err = ERR_INIT;
	struct keyring ring = {.n = 0}, strange = {.n = 0};
	auto_free struct identity_doc *doc = calloc(1, sizeof(*doc));
	struct endorsement_want want = {.membership = "", .now = FIXTURE_NOW, .keyring = &ring};
	assert_true(keyring_add(&ring, "firstkey", 8, &err));
	assert_true(keyring_add(&ring, "secondkey", 9, &err));
	assert_true(keyring_add(&strange, "thirdkey", 8, &err));
	describe(&doc->identity);
	assert_true(endorse_by_key(&doc->identity, &ring.keys[1], &doc->proof, &err));
	assert_true(endorsement_check(doc, &want, &err));
	want.keyring = &strange;
	assert_false(endorsement_check(doc, &want, &err));
	assert_int_equal(err.kind, ERR_UNTRUSTED);
	want.keyring = NULL;
	assert_false(endorsement_check(doc, &want, &err));
	want.keyring = &ring;
	for (size_t i = 0; i < 64; i += 7) {
		char was = doc->proof.value[i];
		doc->proof.value[i] = was == '0' ? '1' : '0';
		assert_false(endorsement_check(doc, &want, &err));
		doc->proof.value[i] = was;
	}
	doc->identity.host[0] = 'x';
	assert_false(endorsement_check(doc, &want, &err));
	describe(&doc->identity);
	doc->proof.value[0] = 0;
	assert_false(endorsement_check(doc, &want, &err));
	keyring_fini(&ring);
	keyring_fini(&strange);
}

static void pins_come_before_endorsements_and_revocations_before_pins(void **state)
{
	struct spki other = {.hex = ""};
	memset(other.hex, 'a', SPKI_CHARS);
	/* what is pinned for its host, what is revoked, is it endorsed -> admitted */
	const struct {
		const struct spki *pins[2], *revoked;
		bool is_endorsed, is_admitted, is_superseded;
	} rows[] = {
	    {{NULL, NULL}, NULL, true, true, false},
	    {{NULL, NULL}, NULL, false, false, false},
	    {{&keys.spki, NULL}, NULL, false, true, false},
	    {{&other, NULL}, NULL, true, false, false},
	    {{&other, &keys.spki}, NULL, false, true, false},
	    {{&keys.spki, &other}, NULL, true, true, true},
	    {{&keys.spki, &other}, &keys.spki, true, false, false},
	    {{&keys.spki, NULL}, &keys.spki, true, false, false},
	    {{NULL, NULL}, &keys.spki, true, false, false},
	    {{NULL, NULL}, &other, true, true, false},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct fixture leaf;
		auto_free struct identity_doc *doc = endorsed(&leaf);
		auto_free struct anchor *anchor = calloc(1, sizeof(*anchor));
		struct endorsement_want want = good_want();
		for (unsigned k = 0; k < 2 && rows[i].pins[k]; k++) {
			memcpy(anchor->pins[k].host, "db1.example.net:27017", 22);
			anchor->pins[k].spki = *rows[i].pins[k];
			anchor->pins_n++;
		}
		memcpy(anchor->pins[anchor->pins_n].host, "db2.example.net:27017", 22);
		anchor->pins[anchor->pins_n++].spki = other; /* of another host: no matter */
		if (!rows[i].is_endorsed)
			doc->proof.how = ENDORSED_BY_OPERATOR;
		doc->identity.is_admitted = !rows[i].is_admitted;
		doc->identity.is_superseded = !rows[i].is_superseded;
		if (rows[i].revoked) {
			anchor->revoked[anchor->revoked_n].generation = 7;
			anchor->revoked[anchor->revoked_n++].spki = *rows[i].revoked;
		}
		identity_judge(doc, anchor, &want);
		assert_int_equal(doc->identity.is_admitted, rows[i].is_admitted);
		assert_int_equal(doc->identity.is_superseded, rows[i].is_superseded);
		assert_int_equal(doc->identity.is_revoked, rows[i].revoked == &keys.spki);
		assert_int_equal(doc->identity.stands_until, rows[i].revoked == &keys.spki ? 7 : 0);
		assert_int_equal(doc->identity.why_not[0] == 0, rows[i].is_admitted);
		fixture_free(&leaf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(certificates_of_every_kind_endorse),
	    cmocka_unit_test(certificates_that_do_not_fit_are_refused),
	    cmocka_unit_test(an_endorsement_is_for_one_name_host_and_ledger),
	    cmocka_unit_test(a_revoked_certificate_endorses_nobody),
	    cmocka_unit_test(a_foreign_key_beside_a_certificate_is_refused),
	    cmocka_unit_test(a_key_of_the_keyfile_endorses_where_it_is_let),
	    cmocka_unit_test(pins_come_before_endorsements_and_revocations_before_pins),
	};
	return cmocka_run_group_tests(tests, make, end);
}
