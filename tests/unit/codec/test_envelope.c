/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/test.h"

#include <openssl/cms.h>
#include <openssl/evp.h>

#include "base/cleanup.h"
#include "codec/base64.h"
#include "codec/envelope.h"
#include "codec/signed_doc.h"
#include "lib/ledger_docs.h"

#define SALT "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define KEY_P "outgoingkeyoutgoingkeyoutgoingkey"
#define KEY_Q "alternatekeyalternatekeyalternate"
#define NONCE "abcdefabcdefabcdefabcdefabcdefab"

static struct fleet fleet;
static struct proposal proposal;

static void ids(unsigned number, const char *text, struct key_name *ret)
{
	struct err err = ERR_INIT;
	struct keyring ring = {.n = 0};
	ret->number = number;
	assert_true(keyring_add(&ring, text, strlen(text), &err));
	assert_true(key_id_of(&ring.keys[0], SALT, &ret->id, &err));
	keyring_fini(&ring);
}

static int make(void **state)
{
	struct err err = ERR_INIT;
	auto_buf struct buf text = {.n = 0};
	fleet_init(&fleet);
	sample_proposal(&fleet, &proposal);
	ids(7, KEY_P, &proposal.pivot);
	ids(8, KEY_Q, &proposal.next);
	assert_true(proposal_encode(&proposal, &fleet.keys[0], &text, &proposal.digest, &err));
	return 0;
}

static int end(void **state)
{
	fleet_fini(&fleet);
	return 0;
}

/* From db1's rotad to db2's. End with keyring_doc_fini(). */
static void sample(struct keyring_doc *d)
{
	struct err err = ERR_INIT;
	*d = (struct keyring_doc){.generation = proposal.generation,
				  .proposal = proposal.digest,
				  .to = fleet.keys[1].spki,
				  .instances_n = 1,
				  .instances = {"rs0-b"},
				  .salt_hex = SALT,
				  .nonce = {NONCE}};
	fleet_head(&fleet, 0, &d->head);
	PUT(d->host, fleet_hosts[1]);
	assert_true(keyring_add(&d->keys, KEY_P, strlen(KEY_P), &err));
	assert_true(keyring_add(&d->keys, KEY_Q, strlen(KEY_Q), &err));
}

static struct envelope_want good_want(void)
{
	static const struct token nonce = {NONCE};
	return (struct envelope_want){.trust = &fleet.trust,
				      .proposal = &proposal,
				      .min_generation = proposal.generation,
				      .host = fleet_hosts[1],
				      .salt_hex = SALT,
				      .nonce = &nonce};
}

static void seal_good(struct buf *ret)
{
	struct err err = ERR_INIT;
	struct keyring_doc d;
	sample(&d);
	assert_true(envelope_seal(&d, &fleet.keys[0], &fleet.ids[1], ret, &err));
	keyring_doc_fini(&d);
}

static bool opens(struct str text, const struct envelope_want *want, struct err *err)
{
	struct keyring_doc d = {.generation = 99};
	bool ok = envelope_open(text, &fleet.keys[1], want, &d, err);
	if (ok)
		keyring_doc_fini(&d);
	else
		assert_int_equal(d.generation, 99);
	return ok;
}

static void a_keyring_reaches_its_recipient(void **state)
{
	struct err err = ERR_INIT;
	struct keyring_doc d, back;
	auto_buf struct buf text = {.n = 0};
	struct envelope_want want = good_want();
	sample(&d);
	assert_true(envelope_seal(&d, &fleet.keys[0], &fleet.ids[1], &text, &err));
	assert_null(strstr(buf_z(&text), "outgoing"));
	assert_true(envelope_open(buf_str(&text), &fleet.keys[1], &want, &back, &err));
	assert_int_equal(back.keys.n, 2);
	assert_true(secret_equal(&back.keys.keys[0].text, &d.keys.keys[0].text));
	assert_true(secret_equal(&back.keys.keys[1].text, &d.keys.keys[1].text));
	assert_string_equal(back.host, d.host);
	assert_string_equal(back.instances[0], "rs0-b");
	assert_int_equal(back.instances_n, 1);
	assert_string_equal(back.salt_hex, SALT);
	assert_string_equal(back.nonce.hex, NONCE);
	assert_memory_equal(&back.head, &d.head, sizeof(d.head));
	keyring_doc_fini(&back);
	assert_null(back.keys.keys[0].text.p);
	assert_int_equal(back.salt_hex[0], 0);
	keyring_doc_fini(&d);
}

static void nobody_else_can_open_it(void **state)
{
	struct err err = ERR_INIT;
	struct keyring_doc d;
	auto_buf struct buf text = {.n = 0}, forged = {.n = 0};
	struct envelope_want want = good_want();
	want.host = NULL;
	seal_good(&text);
	assert_false(envelope_open(buf_str(&text), &fleet.keys[2], &want, &d, &err));
	assert_int_equal(err.kind, ERR_UNTRUSTED);
	/* With the outer name changed to the thief's: it cannot decrypt. */
	char *to = strstr(text.p, fleet.keys[1].spki.hex);
	memcpy(to, fleet.keys[2].spki.hex, SPKI_CHARS);
	err = ERR_INIT;
	assert_false(envelope_open(buf_str(&text), &fleet.keys[2], &want, &d, &err));
	assert_int_equal(err.kind, ERR_CRYPTO);
}

static void a_renewed_receiving_key_opens_nothing_older(void **state)
{
	struct err err = ERR_INIT;
	struct fleet f;
	struct keyring_doc d;
	auto_buf struct buf text = {.n = 0};
	struct envelope_want want = good_want();
	fleet_init(&f);
	want.trust = &f.trust;
	sample(&d);
	d.head.from = f.keys[0].spki;
	d.to = f.keys[1].spki;
	assert_true(envelope_seal(&d, &f.keys[0], &f.ids[1], &text, &err));
	keyring_doc_fini(&d);
	assert_true(envelope_open(buf_str(&text), &f.keys[1], &want, &d, &err));
	keyring_doc_fini(&d);
	assert_true(identity_keys_renew(&f.keys[1], &err));
	assert_false(envelope_open(buf_str(&text), &f.keys[1], &want, &d, &err));
	assert_int_equal(err.kind, ERR_CRYPTO);
	fleet_fini(&f);
}

static void what_differs_from_the_expected_is_refused(void **state)
{
	enum {
		GENERATION,
		OLDER,
		PROPOSAL,
		CLUSTER,
		LEDGER,
		TO,
		HOST,
		NONCE_OTHER,
		NONCE_NONE,
		SALT_OTHER,
		KEY_STRANGE,
		KEY_TWICE,
		SIGNER_UNKNOWN,
		SIGNER_REVOKED,
		SIGNER_NOT_ADMITTED,
		ROWS_N
	};
	for (int row = 0; row < ROWS_N; row++) {
		struct err err = ERR_INIT;
		struct fleet f = {.ids = {fleet.ids[0], fleet.ids[1], fleet.ids[2]}};
		struct doc_trust trust = {.find = fleet_find, .self = &f};
		struct keyring_doc d;
		struct identity to = fleet.ids[1];
		auto_buf struct buf text = {.n = 0};
		struct envelope_want want = good_want();
		want.trust = &trust;
		sample(&d);
		if (row == GENERATION) /* a replay of one before, or of one to come */
			d.generation++;
		if (row == OLDER)
			want.min_generation = proposal.generation + 1;
		if (row == PROPOSAL)
			d.proposal.hex[0] = d.proposal.hex[0] == '1' ? '2' : '1';
		if (row == CLUSTER)
			d.head.cluster[0] = '7';
		if (row == LEDGER)
			d.head.ledger.hex[0] = '7';
		if (row == TO) { /* sealed for db2 by its key, but speaking to another inside */
			d.to = fleet.keys[2].spki;
			to.spki = d.to;
		}
		if (row == HOST)
			PUT(d.host, fleet_hosts[2]);
		if (row == NONCE_OTHER)
			d.nonce.hex[0] = '0';
		if (row == NONCE_NONE)
			d.nonce.hex[0] = 0;
		if (row == SALT_OTHER)
			d.salt_hex[0] = '1';
		if (row == KEY_STRANGE)
			d.keys.keys[1].text.p[0] = 'X';
		if (row == KEY_TWICE)
			memcpy(d.keys.keys[1].text.p, KEY_P, strlen(KEY_P));
		if (row == SIGNER_UNKNOWN)
			f.ids[0] = f.ids[2];
		f.ids[0].is_revoked = row == SIGNER_REVOKED;
		f.ids[0].is_admitted = row != SIGNER_NOT_ADMITTED;
		assert_true(envelope_seal(&d, &fleet.keys[0], &to, &text, &err));
		if (row == TO) { /* and readdressed outside */
			char *at = strstr(text.p, fleet.keys[2].spki.hex);
			memcpy(at, fleet.keys[1].spki.hex, SPKI_CHARS);
		}
		if (opens(buf_str(&text), &want, &err))
			fail_msg("row %d", row);
		assert_int_equal(err.kind, row == KEY_TWICE ? ERR_INVALID : ERR_UNTRUSTED);
		keyring_doc_fini(&d);
	}
}

/* What it sealed of a generation that stands is what the proposal says; a welcome is its word. */
static void a_revoked_identity_welcomes_nobody(void **state)
{
	for (int is_welcome = 0; is_welcome < 2; is_welcome++) {
		struct err err = ERR_INIT;
		struct fleet f = {.ids = {fleet.ids[0], fleet.ids[1], fleet.ids[2]}};
		struct doc_trust trust = {.find = fleet_find, .self = &f};
		auto_buf struct buf text = {.n = 0};
		struct envelope_want want = good_want();
		(void)state;
		trust.cluster = proposal.head.cluster;
		trust.ledger = &proposal.head.ledger;
		want.trust = &trust;
		if (is_welcome)
			want.proposal = NULL;
		seal_good(&text);
		f.ids[0].is_revoked = true;
		f.ids[0].is_admitted = false;
		f.ids[0].stands_until = proposal.generation;
		assert_int_equal(opens(buf_str(&text), &want, &err), !is_welcome);
		if (is_welcome)
			assert_non_null(strstr(err.text, "revoked"));
		f.ids[0].is_revoked = false;
		f.ids[0].is_admitted = true;
		err = (struct err)ERR_INIT;
		assert_true(opens(buf_str(&text), &want, &err));
	}
}

static void a_flipped_bit_anywhere_is_refused(void **state)
{
	struct err err = ERR_INIT;
	unsigned char der[8192];
	char base64[12000];
	size_t n;
	auto_buf struct buf text = {.n = 0};
	struct envelope_want want = good_want();
	seal_good(&text);
	char *from = strstr(text.p, "\"cms\":\"") + 7;
	struct str cms = {.p = from, .n = (size_t)(strchr(from, '"') - from)};
	assert_true(base64_parse(cms, der, sizeof(der), &n, &err));
	/* Every byte of the head (algorithms, recipient, ephemeral key, wrapped key) and of the
	 * tag; some of the ciphertext, which is all alike. */
	for (size_t i = 0; i < n; i = i < 260 || i + 20 >= n ? i + 1 : MIN(i + 61, n - 20)) {
		struct err why = ERR_INIT;
		der[i] = (unsigned char)(der[i] ^ 1u << i % 8);
		assert_true(base64_print(der, n, base64, sizeof(base64), &err));
		memcpy(from, base64, cms.n);
		if (opens(buf_str(&text), &want, &why))
			fail_msg("byte %zu of %zu", i, n);
		assert_int_not_equal(why.kind, ERR_NONE);
		der[i] = (unsigned char)(der[i] ^ 1u << i % 8);
	}
	assert_true(base64_print(der, n, base64, sizeof(base64), &err));
	memcpy(from, base64, cms.n);
	assert_true(opens(buf_str(&text), &want, &err)); /* the way itself works */
}

/* Wrap DER in our outer form, to db2's rotad. */
static void wrap(const unsigned char *der, size_t n, struct buf *ret)
{
	buf_clear(ret);
	buf_adds(ret, "{\"cms\":\"");
	base64_add(ret, der, n);
	buf_addf(ret, "\",\"to\":\"%s\",\"type\":\"rotad-envelope/1\"}", fleet.keys[1].spki.hex);
}

/* The same content, sealed by OpenSSL as somebody else might. */
static void sealed_otherwise(const EVP_CIPHER *cipher, bool has_sha256, unsigned recipients,
			     const char *name, struct str plain, struct buf *ret)
{
	struct err err = ERR_INIT;
	unsigned flags = CMS_BINARY | CMS_PARTIAL;
	CMS_ContentInfo *cms = CMS_encrypt(NULL, NULL, cipher, flags);
	assert_non_null(cms);
	for (unsigned i = 0; i < recipients; i++) {
		EVP_PKEY *key = public_key_get(fleet.keys[1 - i].receive_key, &err);
		X509 *cert = X509_new();
		X509_set_pubkey(cert, key);
		ASN1_INTEGER_set(X509_get_serialNumber(cert), 1 + (long)i);
		X509_NAME_add_entry_by_NID(X509_get_subject_name(cert), NID_commonName,
					   MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
		X509_set_issuer_name(cert, X509_get_subject_name(cert));
		CMS_RecipientInfo *ri = CMS_add1_recipient_cert(cms, cert, flags | CMS_KEY_PARAM);
		assert_non_null(ri);
		if (has_sha256)
			EVP_PKEY_CTX_set_ecdh_kdf_md(CMS_RecipientInfo_get0_pkey_ctx(ri),
						     EVP_sha256());
		X509_free(cert);
		EVP_PKEY_free(key);
	}
	BIO *in = BIO_new_mem_buf(plain.p, (int)plain.n);
	assert_int_equal(CMS_final(cms, in, NULL, flags), 1);
	BIO_free(in);
	unsigned char *der = NULL;
	int n = i2d_CMS_ContentInfo(cms, &der);
	wrap(der, (size_t)n, ret);
	OPENSSL_free(der);
	CMS_ContentInfo_free(cms);
}

/* The signed content of a good envelope, opened by OpenSSL alone. */
static void plain_of(struct str sealed, struct buf *ret)
{
	struct err err = ERR_INIT;
	unsigned char der[8192], room[8192];
	size_t n;
	const unsigned char *p = der;
	struct str cms_text = {.p = sealed.p + 8};
	cms_text.n = (size_t)((const char *)memchr(cms_text.p, '"', sealed.n - 8) - cms_text.p);
	assert_true(base64_parse(cms_text, der, sizeof(der), &n, &err));
	CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &p, (long)n);
	assert_non_null(cms);
	assert_int_equal(OBJ_obj2nid(CMS_get0_type(cms)), NID_id_smime_ct_authEnvelopedData);
	assert_int_equal(CMS_decrypt_set1_pkey(cms, fleet.keys[1].receive, NULL), 1);
	BIO *out = BIO_new(BIO_s_mem());
	assert_int_equal(CMS_decrypt(cms, NULL, NULL, NULL, out, CMS_BINARY), 1);
	int got = BIO_read(out, room, sizeof(room));
	assert_true(got > 0);
	buf_add(ret, room, (size_t)got);
	BIO_free(out);
	CMS_ContentInfo_free(cms);
}

static void other_ciphers_kdfs_and_recipients_are_refused(void **state)
{
	const struct {
		const EVP_CIPHER *cipher;
		bool has_sha256;
		unsigned recipients;
		const char *name;
		bool is_good;
	} rows[] = {
	    {EVP_aes_256_gcm(), true, 1, "rotad", true},
	    {EVP_aes_256_gcm(), false, 1, "rotad", false}, /* OpenSSL's default KDF: SHA-1 */
	    {EVP_aes_256_cbc(), true, 1, "rotad", false},  /* not authenticated */
	    {EVP_aes_128_gcm(), true, 1, "rotad", false},
	    {EVP_aes_256_gcm(), true, 2, "rotad", false},
	    {EVP_aes_256_gcm(), true, 1, "ROTAD", false},
	};
	auto_buf struct buf text = {.n = 0}, plain = {.n = 0}, sealed = {.n = 0};
	struct envelope_want want = good_want();
	seal_good(&text);
	plain_of(buf_str(&text), &plain);
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct err err = ERR_INIT;
		sealed_otherwise(rows[i].cipher, rows[i].has_sha256, rows[i].recipients,
				 rows[i].name, buf_str(&plain), &sealed);
		if (opens(buf_str(&sealed), &want, &err) != rows[i].is_good)
			fail_msg("row %zu: %s", i, err.text);
		assert_int_equal(err.kind, rows[i].is_good ? ERR_NONE : ERR_CRYPTO);
	}
}

static void a_bad_inside_is_refused(void **state)
{
	/* Signed by db1's rotad unless said otherwise; each one is sealed well. */
	static const struct {
		const char *find, *put;
		enum err_kind kind;
		bool is_unsigned;
	} rows[] = {
	    {"\"seq\"", "\"seq\"", ERR_NONE, false},
	    {"rotad-keyring/1", "rotad-keyring/2", ERR_PROTOCOL, false},
	    {"rotad-keyring/1", "rotad-vote/1", ERR_PROTOCOL, false},
	    {"\"seq\"", "\"sequel\"", ERR_PROTOCOL, false},
	    {"\"salt\"", "\"sale\":1,\"salt\"", ERR_PROTOCOL, false},
	    {"\"salt\"", "\"salt\" ", ERR_SYNTAX, false},
	    {"\"keys\":[", "\"keys\":[\"abc\",", ERR_LIMIT, false},
	    {"\"keys\":[", "\"keys\":[1,", ERR_PROTOCOL, false},
	    {"\"keys\":[\"o", "\"keys\":[\"\\\"", ERR_INVALID, false},
	    {"\"keys\":[\"o", "\"keys\":[\"-", ERR_INVALID, false},
	    {"\"keys\":", "\"keys\":[],\"keyz\":", ERR_INVALID, false},
	    {"\"seq\":", "\"seq\":1", ERR_CRYPTO, true},
	};
	auto_buf struct buf text = {.n = 0}, plain = {.n = 0};
	struct envelope_want want = good_want();
	seal_good(&text);
	plain_of(buf_str(&text), &plain);
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct err err = ERR_INIT;
		struct signed_doc doc;
		struct canonical_out out;
		char signature[SIGNATURE_CHARS];
		auto_buf struct buf bent = {.n = 0}, whole = {.n = 0}, sealed = {.n = 0};
		assert_true(signed_doc_parse(buf_str(&plain), 8192, &doc, &err));
		const char *at =
		    memmem(doc.content.p, doc.content.n, rows[i].find, strlen(rows[i].find));
		assert_non_null(at);
		size_t before = (size_t)(at - doc.content.p), skip = strlen(rows[i].find);
		buf_add(&bent, doc.content.p, before);
		buf_adds(&bent, rows[i].put);
		buf_add(&bent, at + skip, doc.content.n - before - skip);
		if (rows[i].is_unsigned) {
			assert_true(copy_str(signature, sizeof(signature), doc.signature));
			canonical_to_buf(&out, &whole, 9000);
			canonical_put_open(&out, '{');
			canonical_put_key(&out, "content");
			canonical_put_raw(&out, buf_str(&bent));
			canonical_put_key(&out, "signature");
			canonical_put_string(&out, str_of(signature));
			canonical_put_close(&out, '}');
		} else {
			canonical_to_buf(&out, &whole, 9000);
			assert_true(signed_doc_print(&out, buf_str(&bent), &fleet.keys[0], &err));
		}
		sealed_otherwise(EVP_aes_256_gcm(), true, 1, "rotad", buf_str(&whole), &sealed);
		bool ok = opens(buf_str(&sealed), &want, &err);
		if (ok != (rows[i].kind == ERR_NONE) || err.kind != rows[i].kind)
			fail_msg("row %zu: %s %s", i, err_kind_name(err.kind), err.text);
		assert_null(strstr(err.text, "outgoing")); /* no key in an error */
	}
}

static void a_huge_inside_is_refused(void **state)
{
	struct err err = ERR_INIT;
	auto_buf struct buf plain = {.n = 0}, sealed = {.n = 0};
	struct envelope_want want = good_want();
	while (plain.n < ENVELOPE_BYTES_MAX + 1)
		buf_addc(&plain, 'x');
	sealed_otherwise(EVP_aes_256_gcm(), true, 1, "rotad", buf_str(&plain), &sealed);
	assert_false(opens(buf_str(&sealed), &want, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	while (plain.n < DOC_BYTES_MAX)
		buf_addc(&plain, 'x');
	sealed_otherwise(EVP_aes_256_gcm(), true, 1, "rotad", buf_str(&plain), &sealed);
	assert_false(opens(buf_str(&sealed), &want, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
}

static void a_bad_outside_is_refused(void **state)
{
#define TO "\"to\":\"dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd\""
	static const struct {
		const char *text;
		enum err_kind kind;
	} rows[] = {
	    {"", ERR_SYNTAX},
	    {"{}", ERR_PROTOCOL},
	    {"[]", ERR_PROTOCOL},
	    {"{\"cms\":\"AA==\"," TO ",\"type\":\"rotad-envelope/2\"}", ERR_UNSUPPORTED},
	    {"{\"cms\":\"AA==\"," TO ",\"type\":\"rotad-vote/1\"}", ERR_PROTOCOL},
	    {"{\"cms\":\"AA==\"," TO ",\"type\":\"rotad-envelope/1\",\"x\":1}", ERR_PROTOCOL},
	    {"{\"cms\":\"AA==\",\"to\":\"\",\"type\":\"rotad-envelope/1\"}", ERR_INVALID},
	    {"{\"cms\":\"A\"," TO ",\"type\":\"rotad-envelope/1\"}", ERR_SYNTAX},
	    {"{\"cms\":1," TO ",\"type\":\"rotad-envelope/1\"}", ERR_PROTOCOL},
	    {"{\"cms\":\"AA==\"," TO ",\"type\":\"rotad-envelope/1\"}", ERR_UNTRUSTED},
	};
	struct envelope_want want = good_want();
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct err err = ERR_INIT;
		assert_false(opens(str_of(rows[i].text), &want, &err));
		if (err.kind != rows[i].kind)
			fail_msg("row %zu: %s %s", i, err_kind_name(err.kind), err.text);
	}
	/* Torn DER, and a nonce longer than OpenSSL before 2026 could hold. */
	unsigned char der[8192];
	size_t n;
	struct err err = ERR_INIT;
	auto_buf struct buf text = {.n = 0}, bent = {.n = 0};
	seal_good(&text);
	struct str cms = {.p = text.p + 8};
	cms.n = (size_t)(strchr(cms.p, '"') - cms.p);
	assert_true(base64_parse(cms, der, sizeof(der), &n, &err));
	for (size_t cut = 0; cut < n; cut += 37) {
		err = ERR_INIT;
		wrap(der, cut, &bent);
		assert_false(opens(buf_str(&bent), &want, &err));
		assert_int_equal(err.kind, ERR_CRYPTO);
	}
	der[n] = 0;
	wrap(der, n + 1, &bent);
	assert_false(opens(buf_str(&bent), &want, &err));
}

static void only_admitted_recipients_get_one(void **state)
{
	for (int row = 0; row < 6; row++) {
		struct err err = ERR_INIT;
		struct keyring_doc d;
		struct identity to = fleet.ids[1];
		auto_buf struct buf text = {.n = 0};
		sample(&d);
		if (row == 0)
			to.is_admitted = false;
		if (row == 1)
			to.is_revoked = true;
		if (row == 2)
			to.spki = fleet.keys[2].spki;
		if (row == 3)
			keyring_fini(&d.keys);
		if (row == 4)
			memset(to.receive_key, 'A', 40);
		if (row == 5)
			to.is_superseded = true;
		assert_false(envelope_seal(&d, &fleet.keys[0], &to, &text, &err));
		assert_int_not_equal(err.kind, ERR_NONE);
		assert_int_equal(text.n, 0);
		keyring_doc_fini(&d);
	}
}

static void a_carried_envelope_needs_the_nonce_of_the_request(void **state)
{
	static const struct token mine = {NONCE}, other = {"0bcdefabcdefabcdefabcdefabcdefab"};
	struct err err = ERR_INIT;
	auto_buf struct buf text = {.n = 0};
	struct doc_trust trust = fleet.trust;
	trust.cluster = proposal.head.cluster;
	trust.ledger = &proposal.head.ledger;
	struct envelope_want want = {.trust = &trust, .host = fleet_hosts[1], .nonce = &mine};
	seal_good(&text);
	assert_true(opens(buf_str(&text), &want, &err));
	want.nonce = &other;
	assert_false(opens(buf_str(&text), &want, &err));
	assert_int_equal(err.kind, ERR_UNTRUSTED);
	want.nonce = NULL;
	assert_false(opens(buf_str(&text), &want, &err));
	assert_int_equal(err.kind, ERR_BUG);
	want.nonce = &mine;
	want.min_generation = proposal.generation + 1;
	assert_false(opens(buf_str(&text), &want, &err));
	want.min_generation = 0;
	trust.cluster = NULL; /* nothing to compare with is no agreement */
	assert_false(opens(buf_str(&text), &want, &err));
}

static void the_longest_keyring_fits(void **state)
{
	struct err err = ERR_INIT;
	struct keyring_doc d, back;
	static char key[KEY_CHARS_MAX];
	auto_buf struct buf text = {.n = 0};
	struct envelope_want want = good_want();
	sample(&d);
	keyring_fini(&d.keys);
	for (char c = 'a'; c <= 'b'; c++) {
		memset(key, c, sizeof(key));
		assert_true(keyring_add(&d.keys, key, sizeof(key), &err));
	}
	d.instances_n = INSTANCES_MAX;
	for (unsigned i = 0; i < INSTANCES_MAX; i++)
		memset(d.instances[i], 'n', NAME_BYTES_MAX - 1);
	assert_true(envelope_seal(&d, &fleet.keys[0], &fleet.ids[1], &text, &err));
	want.proposal = NULL;
	struct doc_trust trust = fleet.trust;
	trust.cluster = proposal.head.cluster;
	trust.ledger = &proposal.head.ledger;
	want.trust = &trust;
	assert_true(envelope_open(buf_str(&text), &fleet.keys[1], &want, &back, &err));
	assert_int_equal(back.keys.keys[1].text.n, KEY_CHARS_MAX);
	keyring_doc_fini(&back);
	keyring_doc_fini(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_keyring_reaches_its_recipient),
	    cmocka_unit_test(nobody_else_can_open_it),
	    cmocka_unit_test(a_renewed_receiving_key_opens_nothing_older),
	    cmocka_unit_test(what_differs_from_the_expected_is_refused),
	    cmocka_unit_test(a_revoked_identity_welcomes_nobody),
	    cmocka_unit_test(a_flipped_bit_anywhere_is_refused),
	    cmocka_unit_test(other_ciphers_kdfs_and_recipients_are_refused),
	    cmocka_unit_test(a_bad_inside_is_refused),
	    cmocka_unit_test(a_huge_inside_is_refused),
	    cmocka_unit_test(a_bad_outside_is_refused),
	    cmocka_unit_test(only_admitted_recipients_get_one),
	    cmocka_unit_test(a_carried_envelope_needs_the_nonce_of_the_request),
	    cmocka_unit_test(the_longest_keyring_fits),
	};
	return cmocka_run_group_tests(tests, make, end);
}
