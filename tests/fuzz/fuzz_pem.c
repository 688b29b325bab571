/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes are a PEM file, a bundle, a CRL file, a name or none of them; what is taken for a
 * member's file is written and read back as itself, and has a verdict. */
#include <stdlib.h>
#include <string.h>

#include "codec/cert_check.h"
#include "codec/dn.h"
#include "codec/pem.h"
#include "codec/x509_view.h"
#include "fuzz/fuzz.h"

#define MUST(x)                                                                                    \
	do {                                                                                       \
		if (!(x))                                                                          \
			abort();                                                                   \
	} while (0)

static void check_name(struct str text)
{
	char a[DN_BYTES_MAX], b[DN_BYTES_MAX];
	struct err err = ERR_INIT;
	X509_NAME *name = dn_parse(text, &err);
	MUST(name || err.kind != ERR_NONE);
	if (name && dn_print(name, a, &err)) {
		/* What is printed means the same when it is parsed. */
		X509_NAME *again = dn_parse(str_of(a), &err);
		MUST(again && dn_print(again, b, &err));
		MUST(strcmp(a, b) == 0);
		X509_NAME_free(again);
	}
	X509_NAME_free(name);
}

static void check_member(struct str text)
{
	struct pem_file f = {0}, again = {0};
	struct secret out = {0};
	struct err err = ERR_INIT;
	bool ok = pem_read(text, NULL, PEM_MEMBER, &f, &err);
	MUST(ok == (err.kind == ERR_NONE));
	MUST(ok ? f.certs_n >= 1 && f.certs_n <= CERTS_PER_PEM_MAX && f.key : f.certs_n == 0);
	if (ok && f.key_matches) {
		MUST(pem_write(&f, &out, &err));
		MUST(
		    pem_read((struct str){.p = out.p, .n = out.n}, NULL, PEM_MEMBER, &again, &err));
		MUST(again.key_matches && again.is_leaf_first);
		MUST(X509_cmp(again.certs[0], f.certs[0]) == 0);
	}
	secret_fini(&out);
	pem_fini(&again);
	pem_fini(&f);
}

static void check_verdict(struct str text)
{
	static const struct cert_wish wish = {.membership = "O=acme,OU=mongo",
					      .names_n = 1,
					      .names = {"db1.example.net"},
					      .needs_server = true,
					      .needs_client = true};
	struct cert_report r = {0};
	struct cert_view v;
	struct err err = ERR_INIT, view_err = ERR_INIT;
	const struct cert_check_input in = {
	    .pem = text, .wish = &wish, .now = {.us = 1795314976 * US_S}};
	MUST(cert_check(&in, &r, &err));
	MUST(r.n == 1 || r.n == cert_checks_n());
	for (unsigned i = 0; i < r.n; i++)
		MUST(r.findings[i].text[0]);
	MUST(x509_view_pem(text, NULL, &v, &view_err) || r.n == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct str text = {.p = (const char *)data, .n = size};
	struct pem_file f = {0};
	struct wall end;
	unsigned n;
	struct err err = ERR_INIT;
	check_name(text);
	check_member(text);
	check_verdict(text);
	if (pem_read(text, NULL, PEM_BUNDLE, &f, &err))
		MUST(f.certs_n >= 1);
	pem_fini(&f);
	err = ERR_INIT;
	MUST(x509_bundle_end(text, &n, &end, &err) || err.kind != ERR_NONE);
	err = ERR_INIT;
	MUST(x509_crl_end(text, &end, &err) || err.kind != ERR_NONE);
	return 0;
}
