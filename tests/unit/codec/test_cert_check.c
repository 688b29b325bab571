/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/test.h"

#include "codec/cert_check.h"
#include "unit/codec/cert_fixture.h"

#define SAN "DNS:db1.example.net"
#define BOTH "serverAuth,clientAuth"
#define SUBJECT "/O=acme/OU=mongo/CN=db1"

static struct fixture root, middle, narrow, other_root, good;
static struct buf root_pem, other_pem;

static int make(void **state)
{
	const struct fixture_spec ca = {.subject = "/O=acme/CN=root",
					.basic = "critical,CA:TRUE",
					.from_s = -FIXTURE_DAY_S,
					.to_s = 3650 * FIXTURE_DAY_S};
	const struct fixture_spec sub = {.subject = "/O=acme/CN=middle",
					 .basic = "critical,CA:TRUE",
					 .from_s = -FIXTURE_DAY_S,
					 .to_s = 40 * FIXTURE_DAY_S};
	struct fixture_spec web = sub;
	web.subject = "/O=acme/CN=web only";
	web.eku = "serverAuth";
	const struct fixture_spec leaf = {.subject = SUBJECT, .san = SAN, .eku = BOTH};
	root = fixture_new(&ca, NULL, NULL);
	middle = fixture_new(&sub, &root, NULL);
	narrow = fixture_new(&web, &root, NULL);
	other_root = fixture_new(&ca, NULL, NULL); /* the same name, another key */
	good = fixture_new(&leaf, &root, NULL);
	fixture_add_cert(&root_pem, &root);
	fixture_add_cert(&other_pem, &other_root);
	return 0;
}

static int forget(void **state)
{
	fixture_free(&root);
	fixture_free(&middle);
	fixture_free(&narrow);
	fixture_free(&other_root);
	fixture_free(&good);
	buf_fini(&root_pem);
	buf_fini(&other_pem);
	return 0;
}

static struct cert_wish wish_of(const char *names)
{
	struct cert_wish w = {.membership = "O=acme,OU=mongo",
			      .needs_server = true,
			      .needs_client = true,
			      .min_left_us = 10 * US_DAY};
	struct str rest = str_of(names), one;
	while (rest.n && str_cut(&rest, ' ', &one))
		assert_true(copy_str(w.names[w.names_n++], HOST_BYTES_MAX, one));
	return w;
}

/* Check a file against root's bundle and expect one finding of this severity; every other check
 * must be no worse than a note, so that each fault is told once and by its own name. */
static void expect(const char *label, struct cert_check_input *in, const char *check,
		   enum cert_severity severity, const char *text)
{
	struct err err = ERR_INIT;
	struct cert_report report = {0};
	if (!cert_check(in, &report, &err))
		fail_msg("%s: %s", label, err.text);
	const struct cert_finding *f = cert_report_find(&report, check);
	assert_non_null(f);
	if (f->severity != severity || (text && !strstr(f->text, text)))
		fail_msg("%s: %s is %s: %s", label, check, cert_severity_name(f->severity),
			 f->text);
	if (severity >= CERT_WARN)
		assert_true(f->advice[0] != '\0');
	for (unsigned i = 0; i < report.n; i++)
		if (&report.findings[i] != f && report.findings[i].severity > CERT_NOTE)
			fail_msg("%s: %s too: %s", label, report.findings[i].check,
				 report.findings[i].text);
}

static void every_fault_is_found_by_its_own_check_alone(void **state)
{
	static const struct {
		const char *label;
		struct fixture_spec spec;
		const char *names, *check;
		enum cert_severity severity;
		const char *text;
	} rows[] = {
	    {"good",
	     {.subject = SUBJECT, .san = SAN, .eku = BOTH},
	     "db1.example.net",
	     "names",
	     CERT_GOOD,
	     "db1.example.net"},
	    {"no EKU",
	     {.subject = SUBJECT, .san = SAN},
	     "db1.example.net",
	     "usage",
	     CERT_GOOD,
	     "good for both"},
	    {"any EKU",
	     {.subject = SUBJECT, .san = SAN, .eku = "anyExtendedKeyUsage"},
	     "db1.example.net",
	     "usage",
	     CERT_BAD,
	     "neither"},
	    {"server only",
	     {.subject = SUBJECT, .san = SAN, .eku = "serverAuth"},
	     "db1.example.net",
	     "usage",
	     CERT_BAD,
	     "extended key usage is serverAuth only; members present this file to each other as "
	     "clients too"},
	    {"client only",
	     {.subject = SUBJECT, .san = SAN, .eku = "clientAuth"},
	     "db1.example.net",
	     "usage",
	     CERT_BAD,
	     "clientAuth only"},
	    {"mail",
	     {.subject = SUBJECT, .san = SAN, .eku = "emailProtection"},
	     "db1.example.net",
	     "usage",
	     CERT_BAD,
	     "neither"},
	    {"other name",
	     {.subject = SUBJECT, .san = "DNS:db1.corp.local", .eku = BOTH},
	     "db1.example.net",
	     "names",
	     CERT_BAD,
	     "names db1.corp.local; the other members know "
	     "this one as db1.example.net"},
	    {"a horizon is missing",
	     {.subject = SUBJECT, .san = SAN, .eku = BOTH},
	     "db1.example.net db1.public.example.net",
	     "names",
	     CERT_BAD,
	     "db1.public.example.net"},
	    {"wildcard",
	     {.subject = SUBJECT, .san = "DNS:*.example.net", .eku = BOTH},
	     "db1.example.net",
	     "names",
	     CERT_GOOD,
	     NULL},
	    {"wildcard, two labels",
	     {.subject = SUBJECT, .san = "DNS:*.example.net", .eku = BOTH},
	     "db1.dc1.example.net",
	     "names",
	     CERT_BAD,
	     NULL},
	    {"wildcard, no label",
	     {.subject = SUBJECT, .san = "DNS:*.example.net", .eku = BOTH},
	     "example.net",
	     "names",
	     CERT_BAD,
	     NULL},
	    {"case",
	     {.subject = SUBJECT, .san = "DNS:DB1.Example.NET", .eku = BOTH},
	     "db1.example.net",
	     "names",
	     CERT_GOOD,
	     NULL},
	    {"address",
	     {.subject = SUBJECT, .san = "IP:10.0.0.1", .eku = BOTH},
	     "10.0.0.1",
	     "names",
	     CERT_GOOD,
	     NULL},
	    {"address of version 6",
	     {.subject = SUBJECT, .san = "IP:2001:db8::1", .eku = BOTH},
	     "[2001:0db8::1]",
	     "names",
	     CERT_GOOD,
	     NULL},
	    {"another address",
	     {.subject = SUBJECT, .san = "IP:10.0.0.2", .eku = BOTH},
	     "10.0.0.1",
	     "names",
	     CERT_BAD,
	     NULL},
	    {"address as DNS",
	     {.subject = SUBJECT, .san = "DNS:10.0.0.1", .eku = BOTH},
	     "10.0.0.1",
	     "names",
	     CERT_NOTE,
	     "23237"},
	    {"CN without SAN",
	     {.subject = "/O=acme/OU=mongo/CN=db1.example.net", .eku = BOTH},
	     "db1.example.net",
	     "names",
	     CERT_WARN,
	     "no SAN"},
	    {"CN beside SAN",
	     {.subject = "/O=acme/OU=mongo/CN=db1.example.net", .san = "DNS:x", .eku = BOTH},
	     "db1.example.net",
	     "names",
	     CERT_BAD,
	     NULL},
	    {"CN beside a mail address",
	     {.subject = "/O=acme/OU=mongo/CN=db1.example.net", .san = "email:a@b.c", .eku = BOTH},
	     "db1.example.net",
	     "names",
	     CERT_BAD,
	     "nothing in its SAN"},
	    {"other OU",
	     {.subject = "/O=acme/OU=other/CN=db1", .san = SAN, .eku = BOTH},
	     "db1.example.net",
	     "membership",
	     CERT_BAD,
	     "O=acme,OU=other"},
	    {"one OU more",
	     {.subject = "/O=acme/OU=mongo/OU=x/CN=db1", .san = SAN, .eku = BOTH},
	     "db1.example.net",
	     "membership",
	     CERT_BAD,
	     "none more and none less"},
	    {"case of O",
	     {.subject = "/O=Acme/OU=mongo/CN=db1", .san = SAN, .eku = BOTH},
	     "db1.example.net",
	     "membership",
	     CERT_BAD,
	     "case included"},
	    {"no O",
	     {.subject = "/CN=db1", .san = SAN, .eku = BOTH},
	     "db1.example.net",
	     "membership",
	     CERT_BAD,
	     "(none)"},
	    {"a country more",
	     {.subject = "/C=DE/O=acme/OU=mongo/CN=x", .san = SAN, .eku = BOTH},
	     "db1.example.net",
	     "membership",
	     CERT_GOOD,
	     NULL},
	    {"expired",
	     {.subject = SUBJECT,
	      .san = SAN,
	      .eku = BOTH,
	      .from_s = -90 * FIXTURE_DAY_S,
	      .to_s = -1},
	     "db1.example.net",
	     "valid",
	     CERT_BAD,
	     "ended 2026-11-22T02:36:15Z"},
	    {"not yet valid",
	     {.subject = SUBJECT,
	      .san = SAN,
	      .eku = BOTH,
	      .from_s = 3600,
	      .to_s = 90 * FIXTURE_DAY_S},
	     "db1.example.net",
	     "valid",
	     CERT_BAD,
	     "not valid before"},
	    {"valid since a second ago",
	     {.subject = SUBJECT,
	      .san = SAN,
	      .eku = BOTH,
	      .from_s = -1,
	      .to_s = 90 * FIXTURE_DAY_S},
	     "db1.example.net",
	     "valid",
	     CERT_WARN,
	     "behind"},
	    {"too short",
	     {.subject = SUBJECT,
	      .san = SAN,
	      .eku = BOTH,
	      .from_s = -FIXTURE_DAY_S,
	      .to_s = 10 * FIXTURE_DAY_S - 1},
	     "db1.example.net",
	     "time-left",
	     CERT_BAD,
	     "at least 10 days"},
	    {"SHA-1",
	     {.subject = SUBJECT, .san = SAN, .eku = BOTH, .md = NULL, .serial = -1},
	     "db1.example.net",
	     "strength",
	     CERT_BAD,
	     "SHA1"},
	    {"small RSA",
	     {.subject = SUBJECT, .san = SAN, .eku = BOTH, .rsa_bits = 1024},
	     "db1.example.net",
	     "strength",
	     CERT_BAD,
	     "1024 bits"},
	    {"Ed25519",
	     {.subject = SUBJECT, .san = SAN, .eku = BOTH, .is_ed25519 = true},
	     "db1.example.net",
	     "key-type",
	     CERT_NOTE,
	     "Ed25519"},
	    {"a CA",
	     {.subject = SUBJECT, .san = SAN, .eku = BOTH, .basic = "CA:TRUE"},
	     "db1.example.net",
	     "leaf",
	     CERT_BAD,
	     "CA's certificate"},
	};
	const struct cert_trust trust = {.who = "db2", .pem = buf_str(&root_pem)};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct fixture_spec spec = rows[i].spec;
		if (spec.serial == -1) { /* the row of SHA-1 */
			spec.serial = 0;
			spec.md = EVP_sha1();
		}
		struct fixture f = fixture_new(&spec, &root, NULL);
		auto_buf struct buf pem = {0};
		fixture_add_cert(&pem, &f);
		fixture_add_key(&pem, &f, NULL);
		struct cert_wish wish = wish_of(rows[i].names);
		if (strcmp(rows[i].check, "valid") == 0)
			wish.min_left_us = 0;
		struct cert_check_input in = {.pem = buf_str(&pem),
					      .wish = &wish,
					      .trusts_n = 1,
					      .trusts = &trust,
					      .now = FIXTURE_NOW};
		expect(rows[i].label, &in, rows[i].check, rows[i].severity, rows[i].text);
		fixture_free(&f);
	}
}

static void a_file_that_mongod_does_not_start_with_is_refused(void **state)
{
	auto_buf struct buf stranger = {0}, locked = {0}, no_key = {0}, behind = {0};
	fixture_add_cert(&stranger, &good);
	fixture_add_key(&stranger, &root, NULL);
	fixture_add_cert(&locked, &good);
	fixture_add_key(&locked, &good, "secret");
	fixture_add_cert(&no_key, &good);
	fixture_add_cert(&behind, &root);
	fixture_add_cert(&behind, &good);
	fixture_add_key(&behind, &good, NULL);
	const struct {
		const char *label;
		struct str pem;
		const char *check, *text;
	} rows[] = {
	    {"garbage", STR("not a PEM"), "readable", "no certificate"},
	    {"empty", STR(""), "readable", "no certificate"},
	    {"cut off", {.p = locked.p, .n = locked.n / 3}, "readable", "no END"},
	    {"no key", buf_str(&no_key), "readable", "no private key"},
	    {"encrypted", buf_str(&locked), "readable", "ask for the password"},
	    {"a CA first", buf_str(&behind), "order", "23252"},
	};
	struct cert_wish wish = wish_of("db1.example.net");
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct cert_check_input in = {
		    .pem = rows[i].pem, .wish = &wish, .now = FIXTURE_NOW};
		expect(rows[i].label, &in, rows[i].check, CERT_BAD, rows[i].text);
	}
	/* With a stranger's key (here a CA's) only the key is at fault. */
	struct fixture k = {.key = root.key, .cert = good.cert};
	auto_buf struct buf wrong = {0};
	fixture_add_cert(&wrong, &k);
	fixture_add_key(&wrong, &k, NULL);
	struct cert_check_input in = {.pem = buf_str(&wrong), .wish = &wish, .now = FIXTURE_NOW};
	expect("another key", &in, "key", CERT_BAD, "23252");
}

static void an_answer_without_its_key_can_be_checked(void **state)
{
	auto_buf struct buf pem = {0};
	fixture_add_cert(&pem, &good);
	struct cert_wish wish = wish_of("db1.example.net");
	struct cert_check_input in = {
	    .pem = buf_str(&pem), .is_bare = true, .wish = &wish, .now = FIXTURE_NOW};
	expect("bare", &in, "key", CERT_NOTE, "not in this file");
}

static void the_chain_must_hold_for_every_peer(void **state)
{
	auto_buf struct buf pem = {0}, long_pem = {0}, short_pem = {0}, web_pem = {0};
	const struct fixture_spec leaf = {.subject = SUBJECT, .san = SAN, .eku = BOTH};
	struct fixture below = fixture_new(&leaf, &middle, NULL);
	const struct fixture_spec free_leaf = {.subject = SUBJECT, .san = SAN};
	struct fixture web = fixture_new(&free_leaf, &narrow, NULL);
	fixture_add_cert(&pem, &good);
	fixture_add_key(&pem, &good, NULL);
	fixture_add_cert(&long_pem, &below);
	fixture_add_key(&long_pem, &below, NULL);
	buf_adds(&short_pem, buf_z(&long_pem));
	fixture_add_cert(&long_pem, &middle);
	fixture_add_cert(&web_pem, &web);
	fixture_add_key(&web_pem, &web, NULL);
	fixture_add_cert(&web_pem, &narrow);
	const struct cert_trust ours = {.who = "db2", .pem = buf_str(&root_pem)};
	const struct cert_trust theirs = {.who = "db3", .pem = buf_str(&other_pem)};
	const struct cert_trust mixed[] = {ours, theirs}, both[] = {ours, ours};
	const struct {
		const char *label;
		const struct buf *pem;
		const struct cert_trust *trusts;
		unsigned trusts_n;
		const char *check;
		enum cert_severity severity;
		const char *text;
	} rows[] = {
	    {"two peers", &pem, both, 2, "chain", CERT_GOOD, "db2, db2"},
	    {"nobody asked", &pem, NULL, 0, "chain", CERT_NOTE, "not checked"},
	    {"one peer has the other CA", &pem, mixed, 2, "chain", CERT_BAD, "of db3"},
	    {"intermediate missing", &short_pem, both, 1, "chain", CERT_BAD, "of db2"},
	    {"intermediate ends before", &long_pem, both, 1, "issuer-end", CERT_WARN, "before"},
	    {"intermediate for servers only", &web_pem, both, 1, "usage", CERT_BAD, "client"},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct cert_wish wish = wish_of("db1.example.net");
		struct cert_check_input in = {.pem = buf_str(rows[i].pem),
					      .wish = &wish,
					      .trusts_n = rows[i].trusts_n,
					      .trusts = rows[i].trusts,
					      .now = FIXTURE_NOW};
		if (strcmp(rows[i].label, "intermediate for servers only") == 0) {
			struct err err = ERR_INIT;
			struct cert_report r = {0};
			assert_true(cert_check(&in, &r, &err));
			assert_int_equal(cert_report_find(&r, "usage")->severity, CERT_BAD);
			continue;
		}
		expect(rows[i].label, &in, rows[i].check, rows[i].severity, rows[i].text);
	}
	struct cert_wish wish = wish_of("db1.example.net");
	const struct cert_trust broken = {.who = "db4", .pem = STR("no bundle")};
	struct cert_check_input in = {.pem = buf_str(&pem),
				      .wish = &wish,
				      .trusts_n = 1,
				      .trusts = &broken,
				      .now = FIXTURE_NOW};
	struct err err = ERR_INIT;
	struct cert_report r = {0};
	assert_false(cert_check(&in, &r, &err));
	assert_int_equal(r.n, 0);
	fixture_free(&below);
	fixture_free(&web);
}

static void a_crl_that_is_stale_missing_or_names_it_is_found(void **state)
{
	static const struct {
		const char *label;
		int64_t to_s;
		bool is_revoked, is_others, is_garbage;
		enum cert_severity severity;
		const char *text;
	} rows[] = {
	    {"fresh", 30 * FIXTURE_DAY_S, false, false, false, CERT_GOOD, "not revoked"},
	    {"expired", -60, false, false, false, CERT_BAD, "rejects every peer"},
	    {"ends soon", 3600, false, false, false, CERT_WARN, "every peer is rejected"},
	    {"revoked", 30 * FIXTURE_DAY_S, true, false, false, CERT_BAD, "revoked by the CRL"},
	    {"another CA's", 30 * FIXTURE_DAY_S, false, true, false, CERT_BAD, "does not serve"},
	    {"garbage", 0, false, false, true, CERT_BAD, "cannot be read"},
	};
	const struct fixture_spec leaf = {
	    .subject = SUBJECT, .san = SAN, .eku = BOTH, .serial = 77};
	struct fixture f = fixture_new(&leaf, &root, NULL);
	auto_buf struct buf pem = {0};
	fixture_add_cert(&pem, &f);
	fixture_add_key(&pem, &f, NULL);
	const struct cert_trust trust = {.who = "db2", .pem = buf_str(&root_pem)};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		auto_buf struct buf crl = {0};
		if (rows[i].is_garbage)
			buf_adds(&crl, "no CRL");
		else
			fixture_add_crl(&crl, rows[i].is_others ? &middle : &root, rows[i].to_s,
					rows[i].is_revoked ? 77 : 78);
		struct cert_wish wish = wish_of("db1.example.net");
		struct cert_check_input in = {.pem = buf_str(&pem),
					      .wish = &wish,
					      .trusts_n = 1,
					      .trusts = &trust,
					      .crl_pem = buf_str(&crl),
					      .now = FIXTURE_NOW};
		expect(rows[i].label, &in, "crl", rows[i].severity, rows[i].text);
	}
	fixture_free(&f);
}

static void peers_are_compared_one_by_one(void **state)
{
	static const struct {
		const char *wished, *a, *b;
		enum cert_severity severity;
		const char *text;
	} rows[] = {
	    {"", "O=acme,OU=mongo", "O=acme,OU=mongo", CERT_GOOD, "its peers'"},
	    {"", "O=acme,OU=mongo", "O=acme", CERT_BAD, "\"O=acme\""},
	    {"", "", "", CERT_BAD, "(none)"},
	    {"O=acme,OU=mongo", NULL, NULL, CERT_GOOD, NULL},
	    {"O=acme", NULL, NULL, CERT_BAD, "certificate in use"},
	    {"", NULL, NULL, CERT_NOTE, "not compared"},
	};
	auto_buf struct buf pem = {0};
	fixture_add_cert(&pem, &good);
	fixture_add_key(&pem, &good, NULL);
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct cert_wish wish = wish_of("db1.example.net");
		assert_true(copy_z(wish.membership, sizeof(wish.membership), rows[i].wished));
		const struct cert_peer peers[] = {{.who = "db2", .membership = rows[i].a},
						  {.who = "db3", .membership = rows[i].b}};
		struct cert_check_input in = {.pem = buf_str(&pem),
					      .wish = &wish,
					      .peers_n = rows[i].a ? 2 : 0,
					      .peers = peers,
					      .now = FIXTURE_NOW};
		expect(rows[i].wished, &in, "membership", rows[i].severity, rows[i].text);
	}
}

static void the_wished_key_type_is_asked_for(void **state)
{
	static const struct {
		enum cert_key key;
		unsigned bits;
		enum cert_severity severity;
	} rows[] = {{CERT_KEY_UNKNOWN, 0, CERT_GOOD},
		    {CERT_KEY_P256, 0, CERT_GOOD},
		    {CERT_KEY_P384, 0, CERT_BAD},
		    {CERT_KEY_RSA, 3072, CERT_BAD}};
	auto_buf struct buf pem = {0};
	fixture_add_cert(&pem, &good);
	fixture_add_key(&pem, &good, NULL);
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct cert_wish wish = wish_of("db1.example.net");
		wish.key = rows[i].key;
		wish.key_bits = rows[i].bits;
		struct cert_check_input in = {
		    .pem = buf_str(&pem), .wish = &wish, .now = FIXTURE_NOW};
		expect("key type", &in, "key-type", rows[i].severity, NULL);
	}
}

static void an_encrypted_key_with_its_password_is_only_noted(void **state)
{
	struct err err = ERR_INIT;
	auto_buf struct buf pem = {0};
	auto_secret struct secret password = {0};
	assert_true(secret_from(&password, "secret", 6, &err));
	fixture_add_cert(&pem, &good);
	fixture_add_key(&pem, &good, "secret");
	struct cert_wish wish = wish_of("db1.example.net");
	struct cert_check_input in = {
	    .pem = buf_str(&pem), .password = &password, .wish = &wish, .now = FIXTURE_NOW};
	expect("password", &in, "encrypted", CERT_NOTE, "certificateKeyFilePassword");
}

static void names_match_as_mongod_matches_them(void **state)
{
	static const struct {
		const char *host, *pattern;
		bool matches;
	} rows[] = {
	    {"foo.bar.bas", "foo.bar.bas", true},
	    {"foo.bar.bas.", "foo.bar.bas", true},
	    {"foo.bar.bas", "foo.bar.bas.", true},
	    {"foo.bar.bas", "*.bar.bas", true},
	    {"foo.bar.bas.", "*.bar.bas", true},
	    {"FOO.bar.bas", "*.BAR.bas", true},
	    {"foo.sub.bar.bas", "*.bar.bas", false},
	    {"foo.evil.bas", "*.bar.bas", false},
	    {"bar.bas", "*.bar.bas", false},
	    {"foo.bar.bas", "f*.bar.bas", false},
	    {"foo", "*", false},
	    {"foo", "*.", false},
	    {"", "", false},
	    {"a", "a", false},
	    {"foo.bar.bas", "foo.bar.ba", false},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++)
		if (cert_name_matches(rows[i].host, rows[i].pattern) != rows[i].matches)
			fail_msg("%s %s", rows[i].host, rows[i].pattern);
}

static void a_bad_report_becomes_one_error_with_its_advice(void **state)
{
	struct err err = ERR_INIT;
	struct cert_report r = {0};
	struct cert_wish wish = wish_of("db9.example.net");
	auto_buf struct buf pem = {0};
	fixture_add_cert(&pem, &good);
	fixture_add_key(&pem, &good, NULL);
	struct cert_check_input in = {.pem = buf_str(&pem), .wish = &wish, .now = FIXTURE_NOW};
	assert_true(cert_check(&in, &r, &err));
	assert_int_equal(cert_report_worst(&r), CERT_BAD);
	assert_false(cert_report_err(&r, &err));
	assert_int_equal(err.kind, ERR_REFUSED);
	assert_non_null(strstr(err.text, "ask the CA for: SAN DNS:db9.example.net"));
	assert_int_equal(r.n, cert_checks_n());
	for (unsigned i = 0; i < r.n; i++) {
		assert_string_equal(r.findings[i].check, cert_check_row(i)->name);
		assert_true(r.findings[i].text[0] != '\0');
	}
	assert_null(cert_report_find(&r, "no such check"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_fault_is_found_by_its_own_check_alone),
	    cmocka_unit_test(a_file_that_mongod_does_not_start_with_is_refused),
	    cmocka_unit_test(an_answer_without_its_key_can_be_checked),
	    cmocka_unit_test(the_chain_must_hold_for_every_peer),
	    cmocka_unit_test(a_crl_that_is_stale_missing_or_names_it_is_found),
	    cmocka_unit_test(peers_are_compared_one_by_one),
	    cmocka_unit_test(the_wished_key_type_is_asked_for),
	    cmocka_unit_test(an_encrypted_key_with_its_password_is_only_noted),
	    cmocka_unit_test(names_match_as_mongod_matches_them),
	    cmocka_unit_test(a_bad_report_becomes_one_error_with_its_advice),
	};
	return cmocka_run_group_tests(tests, make, forget);
}
