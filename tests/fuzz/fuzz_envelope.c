/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes are an envelope or none. The first byte says what they are: 'T' the whole text, 'D' the
 * CMS inside, 'M' changes to a good one (place, place, bits), 'I' the signed content, which is
 * signed and sealed well before it is opened. A changed envelope must not open; what opens holds a
 * keyring that mongod would take. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "codec/base64.h"
#include "codec/envelope.h"
#include "codec/ossl.h"
#include "codec/signed_doc.h"
#include "fuzz/fuzz.h"

#define MUST(x)                                                                                    \
	do {                                                                                       \
		if (!(x))                                                                          \
			abort();                                                                   \
	} while (0)
#define NONCE "abcdefabcdefabcdefabcdefabcdefab"
#define LEDGER "00112233445566778899aabbccddeeff"
#define CLUSTER "637af0000000000000000001"

static struct identity_keys keys;
static struct identity self;
static struct buf good; /* DER */

static const struct identity *find_self(void *nobody, const struct spki *spki)
{
	(void)nobody;
	/* By whatever name: the corpus cannot know the key of this run. */
	self.spki = *spki;
	return &self;
}

static void wrap(struct str der, struct buf *ret)
{
	buf_adds(ret, "{\"cms\":\"");
	base64_add(ret, der.p, der.n);
	buf_addf(ret, "\",\"to\":\"%s\",\"type\":\"rotad-envelope/1\"}", keys.spki.hex);
}

static bool open_text(struct str text)
{
	static const struct token ledger = {LEDGER}, nonce = {NONCE};
	static const struct doc_trust trust = {
	    .find = find_self, .cluster = CLUSTER, .ledger = &ledger};
	const struct envelope_want want = {.trust = &trust, .nonce = &nonce};
	struct keyring_doc doc = {.generation = 0};
	struct err err = ERR_INIT;
	bool ok = envelope_open(text, &keys, &want, &doc, &err);
	MUST(ok == (err.kind == ERR_NONE) && err.kind != ERR_BUG);
	MUST(ok ? doc.keys.n >= 1 && doc.keys.n <= KEYS_PER_FILE_MAX : doc.keys.n == 0);
	for (unsigned i = 0; i < doc.keys.n; i++)
		MUST(doc.keys.keys[i].text.n >= KEY_CHARS_MIN &&
		     doc.keys.keys[i].text.n <= KEY_CHARS_MAX);
	keyring_doc_fini(&doc);
	return ok;
}

/* A good envelope to this run's identity, and its DER. */
static void init(void)
{
	struct err err = ERR_INIT;
	struct keyring_doc doc = {
	    .head = {.cluster = CLUSTER, .ledger = {LEDGER}, .incarnation = {LEDGER}, .seq = 1},
	    .generation = 3,
	    .host = "db1.example.net:27017",
	    .nonce = {NONCE}};
	auto_buf struct buf text = {.n = 0};
	unsigned char der[16384];
	size_t n = 0;
	if (keys.sign)
		return;
	MUST(identity_keys_new(&keys, &err));
	identity_describe(&keys, &self);
	self.is_admitted = true;
	doc.head.from = doc.to = keys.spki;
	memset(doc.proposal.hex, 'd', DIGEST_CHARS);
	memset(doc.salt_hex, '5', sizeof(doc.salt_hex) - 1);
	MUST(keyring_add(&doc.keys, "outgoing", 8, &err));
	MUST(envelope_seal(&doc, &keys, &self, &text, &err));
	keyring_doc_fini(&doc);
	MUST(open_text(buf_str(&text)));
	const char *at = strstr(buf_z(&text), "\"cms\":\"");
	MUST(at);
	struct str base64 = {.p = at + 7, .n = strcspn(at + 7, "\"")};
	MUST(base64_parse(base64, der, sizeof(der), &n, &err));
	buf_add(&good, der, n);
}

static void check_der(struct str der)
{
	auto_buf struct buf text = {.n = 0};
	if (der.n > 12000)
		return;
	wrap(der, &text);
	(void)open_text(buf_str(&text));
}

static void check_changed(struct str changes)
{
	auto_buf struct buf der = {.n = 0}, text = {.n = 0};
	buf_add(&der, good.p, good.n);
	for (size_t i = 0; i + 2 < changes.n; i += 3) {
		size_t place =
		    ((size_t)(unsigned char)changes.p[i] << 8 | (unsigned char)changes.p[i + 1]) %
		    der.n;
		der.p[place] = (char)(der.p[place] ^ changes.p[i + 2]);
	}
	wrap(buf_str(&der), &text);
	bool is_same = str_equal(buf_str(&der), buf_str(&good));
	MUST(open_text(buf_str(&text)) == is_same);
}

static void check_inside(struct str content)
{
	const unsigned flags = CMS_BINARY | CMS_PARTIAL;
	struct err err = ERR_INIT;
	struct canonical_out out;
	auto_buf struct buf plain = {.n = 0};
	canonical_to_buf(&out, &plain, 12000);
	if (content.n > 10000 || !canonical_check(content, 10000, &err))
		return;
	/* To this run's identity, whatever the corpus says, so that the checks go on. */
	auto_buf struct buf own = {.n = 0};
	buf_add(&own, content.p, content.n);
	char *name = memmem(buf_z(&own), own.n, "\"to\":\"", 6);
	if (name && own.n - (size_t)(name - own.p) > 6 + SPKI_CHARS &&
	    hex_holds((struct str){.p = name + 6, .n = SPKI_CHARS}, SPKI_CHARS))
		memcpy(name + 6, keys.spki.hex, SPKI_CHARS);
	MUST(signed_doc_print(&out, buf_str(&own), &keys, &err));
	AUTO(EVP_PKEY) key = public_key_get(keys.receive_key, &err);
	AUTO(X509) cert = X509_new();
	MUST(key && cert);
	X509_set_pubkey(cert, key);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_NAME_add_entry_by_NID(X509_get_subject_name(cert), NID_commonName, MBSTRING_ASC,
				   (const unsigned char *)"rotad", -1, -1, 0);
	X509_set_issuer_name(cert, X509_get_subject_name(cert));
	AUTO(CMS_ContentInfo) cms = CMS_encrypt(NULL, NULL, EVP_aes_256_gcm(), flags);
	CMS_RecipientInfo *to = CMS_add1_recipient_cert(cms, cert, flags | CMS_KEY_PARAM);
	MUST(to);
	EVP_PKEY_CTX_set_ecdh_kdf_md(CMS_RecipientInfo_get0_pkey_ctx(to), EVP_sha256());
	AUTO(BIO) in = BIO_new_mem_buf(plain.p, (int)plain.n);
	MUST(CMS_final(cms, in, NULL, flags) == 1);
	AUTO(ossl_bytes) der = NULL;
	int n = i2d_CMS_ContentInfo(cms, &der);
	MUST(n > 0);
	check_der((struct str){.p = (const char *)der, .n = (size_t)n});
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	init();
	if (size == 0)
		return 0;
	const struct str text = {.p = (const char *)data + 1, .n = size - 1};
	if (data[0] == 'T')
		(void)open_text(text);
	if (data[0] == 'D')
		check_der(text);
	if (data[0] == 'M')
		check_changed(text);
	if (data[0] == 'I')
		check_inside(text);
	return 0;
}
