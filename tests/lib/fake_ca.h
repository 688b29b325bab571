/* SPDX-License-Identifier: Apache-2.0 */
/* A small CA and one request, made once: what real authorities would be asked and answer. */
#ifndef TESTS_LIB_FAKE_CA_H
#define TESTS_LIB_FAKE_CA_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "codec/ca.h"
#include "codec/csr.h"
#include "codec/x509_view.h"
#include "port/authority.h"

#define FAKE_CA_NOW ((struct wall){.us = 1795314976 * US_S})

struct fake_ca {
	struct buf root, leaf, csr; /* PEM */
	struct cert_wish wish;
};

static void fake_ca_init(struct fake_ca *f)
{
	struct err err = ERR_INIT;
	const struct ca_root_wish root = {.subject = "CN=house",
					  .valid_for_us = 365 * US_DAY,
					  .now = FAKE_CA_NOW,
					  .serial = {{1}}};
	const struct ca_serial serial = {{2}};
	auto_secret struct secret ca_key = {0};
	auto_secret struct secret key = {0};
	f->wish = (struct cert_wish){.subject = "CN=db1,OU=mongo,O=acme",
				     .membership = "O=acme,OU=mongo",
				     .names_n = 3,
				     .names = {"db1.example.net", "10.0.0.1", "db1.corp"},
				     .key = CERT_KEY_P256,
				     .needs_server = true,
				     .needs_client = true};
	ASSERT(ca_root_new(&root, &ca_key, &f->root, &err));
	ASSERT(csr_key_new(CERT_KEY_P256, 0, &key, &err));
	ASSERT(csr_new(&key, &f->wish, &f->csr, &err));
	AUTO(ca_signer)
	ca = ca_open(buf_str(&f->root), (struct str){.p = ca_key.p, .n = ca_key.n}, NULL, &err);
	ASSERT(ca);
	if (!ca_sign_csr(ca, buf_str(&f->csr), &f->wish, FAKE_CA_NOW, CA_LEAF_DEFAULT_US, &serial,
			 &f->leaf, &err)) {
		(void)fprintf(stderr, "%s\n", err.text);
		abort();
	}
}

static void fake_ca_fini(struct fake_ca *f)
{
	buf_fini(&f->root);
	buf_fini(&f->leaf);
	buf_fini(&f->csr);
}

UNUSED static struct authority_request fake_ca_request(const struct fake_ca *f, const char *cookie)
{
	return (struct authority_request){.instance = "rs0-a",
					  .csr_pem = buf_str(&f->csr),
					  .wish = &f->wish,
					  .cookie = cookie,
					  .now = FAKE_CA_NOW};
}

#endif
