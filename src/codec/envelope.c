/* SPDX-License-Identifier: Apache-2.0 */
/* Sealing and opening of keyrings: what stands inside and outside, and every check of it. The
 * encryption itself is codec/cms_seal.c. */
#include "codec/envelope.h"

#include <string.h>

#include "base/cleanup.h"
#include "codec/base64.h"
#include "codec/cms_seal.h"
#include "codec/digest.h"
#include "codec/signed_doc.h"

#define ENVELOPE_TYPE "rotad-envelope/1"
#define KEYRING_TYPE "rotad-keyring/1"

static const struct field_row keyring_rows[] = {
    FIELD_GIVEN(struct keyring_doc, generation, FIELD_UINT64, "generation"),
    FIELD_GIVEN(struct keyring_doc, proposal.hex, FIELD_HEX, "proposal"),
    FIELD_GIVEN(struct keyring_doc, to.hex, FIELD_HEX, "to"),
    FIELD_GIVEN(struct keyring_doc, host, FIELD_LINE, "host"),
    FIELD_LIST(struct keyring_doc, instances, instances_n, "instances"),
    FIELD_GIVEN(struct keyring_doc, keys, FIELD_KEYRING, "keys"),
    FIELD_GIVEN(struct keyring_doc, salt_hex, FIELD_HEX, "salt"),
    FIELD(struct keyring_doc, nonce.hex, FIELD_HEX, "nonce"),
};
STATIC_ASSERT(offsetof(struct keyring_doc, head) == 0, "head first");

static struct field_set keyring_set(void)
{
	struct field_set set = {
	    .type = KEYRING_TYPE, .rows = keyring_rows, .rows_n = ARRAY_N(keyring_rows)};
	set.head = doc_head_rows(&set.head_n);
	return set;
}

void keyring_doc_fini(struct keyring_doc *doc)
{
	keyring_fini(&doc->keys);
	wipe(doc, sizeof(*doc)); /* the salt */
}
#define auto_keyring_doc __attribute__((cleanup(keyring_doc_fini)))

/* --- sealing --- */

static bool put_sealed(struct str der, const struct spki *to, struct buf *ret_text, struct err *err)
{
	struct canonical_out out;
	auto_buf struct buf base64 = {.max = DOC_BYTES_MAX};
	auto_buf struct buf text = {.max = DOC_BYTES_MAX};
	base64_add(&base64, der.p, der.n);
	canonical_to_buf(&out, &text, DOC_BYTES_MAX);
	canonical_put_open(&out, '{');
	canonical_put_key(&out, "cms");
	canonical_put_string(&out, buf_str(&base64));
	canonical_put_key(&out, "to");
	canonical_put_string(&out, str_of(to->hex));
	canonical_put_key(&out, "type");
	canonical_put_string(&out, STR(ENVELOPE_TYPE));
	canonical_put_close(&out, '}');
	if (!buf_ok(&base64, err) || !canonical_done(&out, err))
		return false;
	buf_clear(ret_text);
	buf_add(ret_text, text.p, text.n);
	return buf_ok(ret_text, err);
}

static bool write_signed(const struct keyring_doc *doc, const struct identity_keys *from,
			 struct secret *ret, struct err *err)
{
	const struct field_set set = keyring_set();
	struct canonical_out out;
	auto_secret struct secret content = {.n = 0};
	if (!secret_init(&content, ENVELOPE_BYTES_MAX, err))
		return false;
	canonical_to_secret(&out, &content);
	if (!fields_encode(&set, doc, &out, err) || !canonical_done(&out, err) ||
	    !secret_init(ret, ENVELOPE_BYTES_MAX, err))
		return false;
	canonical_to_secret(&out, ret);
	out.max_bytes = ENVELOPE_BYTES_MAX; /* whole pages would hold more */
	return signed_doc_print(&out, (struct str){.p = content.p, .n = content.n}, from, err);
}

bool envelope_seal(const struct keyring_doc *doc, const struct identity_keys *from,
		   const struct identity *to, struct buf *ret_text, struct err *err)
{
	auto_secret struct secret plain = {.n = 0};
	auto_buf struct buf der = {.max = CMS_SEALED_BYTES_MAX};
	if (!spki_equal(&doc->head.from, &from->spki) || !spki_equal(&doc->to, &to->spki))
		return err_set(err, ERR_BUG, "an envelope with other names than its parties have");
	if (!to->is_admitted || to->is_revoked || to->is_superseded)
		return err_set(err, ERR_UNTRUSTED, "'%s' gets no keyring: %s", to->host,
			       to->is_revoked     ? "revoked"
			       : !to->is_admitted ? "not admitted"
						  : "its host has another identity now");
	if (!write_signed(doc, from, &plain, err) ||
	    !cms_seal(&plain, to->receive_key, &der, err) ||
	    !put_sealed(buf_str(&der), &doc->to, ret_text, err))
		return err_in(err, "sealing the keyring of generation %llu for '%s'",
			      (unsigned long long)doc->generation, to->host);
	return true;
}

/* --- opening: the outside --- */

static bool get_sealed(struct str text, struct spki *ret_to, unsigned char *der, size_t *ret_n,
		       struct err *err)
{
	static const char *const names[] = {"cms", "to", "type"};
	struct str values[ARRAY_N(names)] = {{.n = 0}};
	struct canonical_in in;
	struct canonical_token t;
	if (!canonical_check(text, DOC_BYTES_MAX, err))
		return false;
	canonical_open(&in, text);
	if (!canonical_next(&in, &t, err))
		return false;
	if (t.kind != CANONICAL_OPEN_OBJECT)
		return err_set(err, ERR_PROTOCOL, "an envelope that is no object");
	for (size_t i = 0; i < ARRAY_N(names); i++) {
		if (!canonical_next(&in, &t, err))
			return false;
		if (t.kind != CANONICAL_KEY || !str_equal_z(t.raw, names[i]))
			return err_set(err, ERR_PROTOCOL, "an envelope without its field '%s'",
				       names[i]);
		if (!canonical_next(&in, &t, err))
			return false;
		if (t.kind != CANONICAL_STRING)
			return err_set(err, ERR_PROTOCOL, "'%s' is not a string", names[i]);
		values[i] = t.raw;
	}
	if (!canonical_next(&in, &t, err))
		return false;
	if (t.kind != CANONICAL_CLOSE_OBJECT)
		return err_set(err, ERR_PROTOCOL, "an envelope with an unknown field");
	if (!doc_type_check(values[2], ENVELOPE_TYPE, err))
		return false;
	if (!hex_holds(values[1], SPKI_CHARS) ||
	    !copy_str(ret_to->hex, sizeof(ret_to->hex), values[1]))
		return err_set(err, ERR_INVALID, "an envelope for nobody");
	return base64_parse(values[0], der, CMS_SEALED_BYTES_MAX, ret_n, err);
}

/* --- opening: the inside --- */

static bool other(const char *what, struct err *err)
{
	return err_set(err, ERR_UNTRUSTED, "an envelope of another %s than expected", what);
}

static bool parties_check(const struct keyring_doc *d, const struct identity_keys *me,
			  const struct envelope_want *want, struct err *err)
{
	if (!spki_equal(&d->to, &me->spki))
		return other("recipient", err);
	if (want->host && strcmp(d->host, want->host) != 0)
		return other("host", err);
	return true;
}

static bool keys_check(const struct keyring_doc *d, const struct proposal *p, struct err *err)
{
	struct ring_ids ids;
	const struct key_name *names[] = {&p->pivot, &p->next, &p->after};
	if (!ring_ids_of(&d->keys, d->salt_hex, &ids, err))
		return false;
	for (unsigned i = 0; i < ids.n; i++) {
		bool is_known = false;
		for (size_t k = 0; k < ARRAY_N(names); k++)
			is_known = is_known ||
				   (names[k]->number && key_id_equal(&ids.ids[i], &names[k]->id));
		if (!is_known)
			return other("key", err);
		if (i && key_id_equal(&ids.ids[i], &ids.ids[0]))
			return err_set(err, ERR_INVALID, "an envelope with the same key twice");
	}
	return true;
}

/* PROTOCOL 7.1, in its order. */
static bool content_check(const struct keyring_doc *d, const struct identity_keys *me,
			  const struct envelope_want *want, struct err *err)
{
	const struct proposal *p = want->proposal;
	const char *cluster = p ? p->head.cluster : want->trust->cluster;
	const struct token *ledger = p ? &p->head.ledger : want->trust->ledger;
	if (!parties_check(d, me, want, err))
		return false;
	if (!cluster || strcmp(d->head.cluster, cluster) != 0)
		return other("cluster", err);
	if (!ledger || !token_equal(&d->head.ledger, ledger))
		return other("ledger", err);
	if (d->generation < want->min_generation || (p && d->generation != p->generation))
		return other("generation", err);
	if (p && !digest_equal(&d->proposal, &p->digest))
		return other("proposal", err);
	if (want->salt_hex && want->salt_hex[0] && strcmp(d->salt_hex, want->salt_hex) != 0)
		return other("salt", err);
	if (p && !keys_check(d, p, err))
		return false;
	if (want->nonce && !token_equal(&d->nonce, want->nonce))
		return other("nonce", err);
	return true;
}

/* The signer, found by the name inside, verified over the bytes. */
static bool signature_check(const struct signed_doc *doc, const struct keyring_doc *d,
			    const struct envelope_want *want, struct err *err)
{
	const struct doc_trust *trust = want->trust;
	const struct identity *signer = trust->find(trust->self, &d->head.from);
	if (!signer || !spki_equal(&signer->spki, &d->head.from))
		return err_set(err, ERR_UNTRUSTED,
			       "an envelope by %.16s..., whom this host does not "
			       "know",
			       d->head.from.hex);
	/* Of a generation that stands its keys are what its proposal says, whoever sealed them. A
	 * welcome is bound to none: there the signer's word is all there is. */
	if (signer->is_revoked ? !want->proposal || d->generation > signer->stands_until
			       : !signer->is_admitted)
		return err_set(err, ERR_UNTRUSTED, "an envelope by '%s', %s", signer->host,
			       signer->is_revoked ? "revoked" : "not admitted");
	return identity_verify(signer->sign_key, doc->content, doc->signature, err);
}

static bool open_content(const struct secret *plain, const struct identity_keys *me,
			 const struct envelope_want *want, struct keyring_doc *ret, struct err *err)
{
	const struct field_set set = keyring_set();
	struct signed_doc doc;
	struct canonical_in in;
	if (!signed_doc_parse((struct str){.p = plain->p, .n = plain->n}, ENVELOPE_BYTES_MAX, &doc,
			      err))
		return false;
	canonical_open(&in, doc.content);
	return fields_decode(&set, &in, ret, err) && signature_check(&doc, ret, want, err) &&
	       content_check(ret, me, want, err);
}

bool envelope_open(struct str text, const struct identity_keys *me,
		   const struct envelope_want *want, struct keyring_doc *ret, struct err *err)
{
	unsigned char der[CMS_SEALED_BYTES_MAX];
	size_t n = 0;
	struct spki to;
	auto_secret struct secret plain = {.n = 0};
	auto_keyring_doc struct keyring_doc fresh = {.generation = 0};
	if (!want->proposal && !want->nonce)
		return err_set(err, ERR_BUG, "opening an envelope that nothing asks for");
	if (!get_sealed(text, &to, der, &n, err))
		return err_in(err, "opening an envelope");
	if (!spki_equal(&to, &me->spki))
		return err_set(err, ERR_UNTRUSTED, "an envelope for %.16s..., not for this host",
			       to.hex);
	if (!cms_unseal(der, n, me, &plain, err) || !open_content(&plain, me, want, &fresh, err))
		return err_in(err, "opening an envelope");
	*ret = fresh;
	fresh = (struct keyring_doc){.generation = 0}; /* the keys have a new owner */
	return true;
}
