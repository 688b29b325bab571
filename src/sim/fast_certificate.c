/* SPDX-License-Identifier: Apache-2.0 */
/* In place of what codec/ does with certificates, for the simulator only: certificates of cardboard
 * (sim/sim_cert.h), put by the linker (--wrap) before the functions that a round calls, since real
 * ones are slow and random. They refuse what the real ones refuse: the key of another, an issuer
 * that is not trusted, names, an end. The real ones have tests of their own. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/rng.h"
#include "codec/cert_check.h"
#include "codec/csr.h"
#include "codec/identity.h"
#include "codec/pem.h"
#include "codec/x509_view.h"
#include "sim/sim_cert.h"
#include "sim/sim_world.h"

bool sim_endorsement_check(const struct identity_doc *doc, const struct endorsement_want *want,
			   struct err *err);
bool __wrap_csr_key_new(enum cert_key key, unsigned bits, struct secret *ret, struct err *err);
bool __wrap_csr_new(const struct secret *key_pem, const struct cert_wish *wish, struct buf *out,
		    struct err *err);
bool __wrap_pem_join(struct str chain_pem, const struct secret *key_pem, struct secret *ret,
		     struct err *err);
bool __wrap_x509_view_pem(struct str pem, const struct secret *password, struct cert_view *ret,
			  struct err *err);
bool __wrap_x509_bundle_end(struct str pem, unsigned *ret_n, struct wall *ret_first_end,
			    struct err *err);
bool __wrap_cert_check(const struct cert_check_input *in, struct cert_report *ret, struct err *err);
bool __wrap_endorse_by_certificate(const struct identity *id, const struct secret *pem,
				   struct endorsement_proof *ret, struct err *err);

bool __wrap_csr_key_new(enum cert_key key, unsigned bits, struct secret *ret, struct err *err)
{
	struct rng r = {.state = sim_crypto_state};
	char text[96];
	(void)key;
	(void)bits;
	int n = snprintf(text, sizeof(text),
			 "-----BEGIN PRIVATE KEY-----\n" SIM_PRIVATE_MARK
			 "%016llx\n-----END PRIVATE KEY-----\n",
			 (unsigned long long)rng_next(&r));
	sim_crypto_state = r.state;
	return secret_from(ret, text, (size_t)n, err);
}

bool __wrap_csr_new(const struct secret *key_pem, const struct cert_wish *wish, struct buf *out,
		    struct err *err)
{
	char public[SIM_PUBLIC_CHARS + 1];
	sim_cert_public((struct str){.p = key_pem->p, .n = key_pem->n}, public);
	buf_addf(out, "-----BEGIN CERTIFICATE REQUEST-----\n%s ", public);
	for (unsigned i = 0; i < wish->names_n; i++)
		buf_addf(out, "%s%s", i ? "," : "", wish->names[i]);
	buf_adds(out, "\n-----END CERTIFICATE REQUEST-----\n");
	return buf_ok(out, err);
}

bool __wrap_pem_join(struct str chain_pem, const struct secret *key_pem, struct secret *ret,
		     struct err *err)
{
	struct sim_cert c;
	bool has_key, fits;
	char public[SIM_PUBLIC_CHARS + 1];
	auto_buf struct buf text = {.max = PEM_BYTES_MAX};
	if (!sim_cert_read(chain_pem, &c, &has_key, &fits))
		return err_set(err, ERR_SYNTAX, "no certificate in it");
	sim_cert_public((struct str){.p = key_pem->p, .n = key_pem->n}, public);
	if (strcmp(public, c.key) != 0)
		return err_set(err, ERR_CRYPTO, "the private key is not this certificate's");
	sim_cert_print(&c, &text);
	buf_add(&text, key_pem->p, key_pem->n);
	return buf_ok(&text, err) && secret_from(ret, buf_z(&text), buf_str(&text).n, err);
}

bool __wrap_x509_view_pem(struct str pem, const struct secret *password, struct cert_view *ret,
			  struct err *err)
{
	struct sim_cert c;
	bool has_key, fits;
	(void)password;
	if (!sim_cert_read(pem, &c, &has_key, &fits))
		return err_set(err, ERR_SYNTAX, "no certificate in it");
	sim_cert_view(&c, fits, ret);
	return true;
}

bool __wrap_x509_bundle_end(struct str pem, unsigned *ret_n, struct wall *ret_first_end,
			    struct err *err)
{
	unsigned mask = sim_cert_trusts(pem);
	if (!mask)
		return err_set(err, ERR_SYNTAX, "no certificate in it");
	*ret_n = (unsigned)__builtin_popcount(mask);
	ret_first_end->us = SIM_BASE_US + 3650 * US_DAY;
	return true;
}

/* ---- the preflight ---- */

static void bad(struct cert_report *r, const char *check, const char *text)
{
	struct cert_finding *f = &r->findings[r->n++];
	*f = (struct cert_finding){.check = check, .severity = CERT_BAD};
	(void)snprintf(f->text, sizeof(f->text), "%s", text);
	(void)snprintf(f->advice, sizeof(f->advice), "another one");
	f->is_request = true;
}

bool __wrap_cert_check(const struct cert_check_input *in, struct cert_report *ret, struct err *err)
{
	struct sim_cert c;
	bool has_key, fits;
	(void)err;
	ret->n = 0;
	if (!sim_cert_read(in->pem, &c, &has_key, &fits)) {
		bad(ret, "readable", "no certificate can be read");
		return true;
	}
	if (!in->is_bare && !fits)
		bad(ret, "key", "the private key in the file is not this certificate's");
	for (unsigned i = 0; i < in->wish->names_n; i++)
		if (!sim_cert_names(&c, in->wish->names[i])) {
			bad(ret, "names", "a name that members or clients dial is not in it");
			break;
		}
	if (c.until.us < in->now.us + in->wish->min_left_us)
		bad(ret, "end", "it ends too soon");
	if (c.from.us > in->now.us)
		bad(ret, "begin", "it is not valid yet");
	for (unsigned i = 0; i < in->trusts_n; i++)
		if (!(sim_cert_trusts(in->trusts[i].pem) & c.ca)) {
			bad(ret, "chain", "its issuer is not trusted here");
			break;
		}
	return true;
}

/* ---- endorsements ---- */

static void endorsed(const struct identity *id, const char *key, char ret[17])
{
	uint64_t h = hash64(str_of(key), 5);
	h = hash64(str_of(id->head.cluster), h);
	h = hash64(str_of(id->host), h);
	h = hash64(str_of(id->head.ledger.hex), h);
	h = hash64(str_of(id->spki.hex), h);
	(void)snprintf(ret, 17, "%016llx", (unsigned long long)h);
}

bool __wrap_endorse_by_certificate(const struct identity *id, const struct secret *pem,
				   struct endorsement_proof *ret, struct err *err)
{
	struct sim_cert c;
	bool has_key, fits;
	auto_buf struct buf text = {.max = PEM_BYTES_MAX};
	if (!sim_cert_read((struct str){.p = pem->p, .n = pem->n}, &c, &has_key, &fits) || !fits)
		return err_set(err, ERR_CRYPTO, "the private key is not this certificate's");
	sim_cert_print(&c, &text);
	memset(ret, 0, sizeof(*ret));
	ret->how = ENDORSED_BY_CERTIFICATE;
	endorsed(id, c.key, ret->value);
	return buf_ok(&text, err) &&
	       copy_str(ret->chain_pem, sizeof(ret->chain_pem), buf_str(&text));
}

bool sim_endorsement_check(const struct identity_doc *doc, const struct endorsement_want *want,
			   struct err *err)
{
	struct sim_cert c;
	bool has_key, fits;
	char proof[17];
	if (!want->ca_pem.n || !sim_cert_read(str_of(doc->proof.chain_pem), &c, &has_key, &fits))
		return err_set(err, ERR_UNTRUSTED, "no certificate, or no CA");
	if (!(sim_cert_trusts(want->ca_pem) & c.ca) || c.until.us < want->now.us ||
	    c.from.us > want->now.us)
		return err_set(err, ERR_UNTRUSTED, "the endorsing certificate is not good here");
	if (!sim_cert_names(&c, doc->identity.host))
		return err_set(err, ERR_UNTRUSTED, "the endorsing certificate is not for '%s'",
			       doc->identity.host);
	endorsed(&doc->identity, c.key, proof);
	return strcmp(proof, doc->proof.value) == 0 ||
	       err_set(err, ERR_UNTRUSTED, "not signed by the certificate it brings");
}
