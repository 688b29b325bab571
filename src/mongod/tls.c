/* SPDX-License-Identifier: Apache-2.0 */
/* What a peer would see of a server's certificate, and what the server makes of ours. */
#include "mongod/tls.h"

#include <stdio.h>

#include "codec/x509_view.h"
#include "mongod/hello.h"

static bool served_view(const struct wire_tls *look, struct mongod_tls_result *r)
{
	X509 *chain[CERTS_PER_PEM_MAX];
	struct err why = ERR_INIT;
	unsigned n = 0;

	/* The first is the leaf itself. */
	for (int i = 1; i < sk_X509_num(look->chain) && n < CERTS_PER_PEM_MAX; i++)
		chain[n++] = sk_X509_value(look->chain, i);
	if (!look->leaf || x509_view(look->leaf, chain, n, &r->served, &why))
		return true;
	/* A certificate that we cannot read is not known; the proof does not depend on it. */
	r->served = (struct cert_view){.is_known = false};
	if (!r->reason[0])
		(void)snprintf(r->reason, sizeof(r->reason), "its certificate is odd: %.200s",
			       why.text);
	return false;
}

static bool probe(struct wire *w, const struct mongod_target *t, struct mono deadline,
		  struct wire_tls *look, struct mongod_tls_result *r, struct err *err)
{
	struct mongod_hello h;
	struct err why = ERR_INIT;

	if (!wire_connect(w, t, deadline, err))
		return false;
	bool ok = wire_tls_start(w, t, deadline, look, &why);
	if (!ok && !look->is_handshake_done && !look->reason[0]) {
		*err = why; /* it was our own files */
		return false;
	}
	r->is_handshake_done = look->is_handshake_done;
	r->is_chain_trusted = look->is_chain_trusted;
	r->is_name_covered = look->is_name_covered;
	(void)snprintf(r->reason, sizeof(r->reason), "%s", ok ? look->reason : why.text);
	(void)snprintf(r->protocol, sizeof(r->protocol), "%s", look->protocol);
	if (!ok)
		return true;
	(void)served_view(look, r); /* told in r->reason */
	if (hello_ask(w, HELLO_APP, NULL, deadline, &h, &why)) {
		r->is_hello_answered = true;
		(void)snprintf(r->process_id, sizeof(r->process_id), "%s", h.process_id);
	} else {
		/* Worth more than what was found before: the server's verdict on us. */
		(void)snprintf(r->reason, sizeof(r->reason), "no hello after the handshake: %.200s",
			       why.text);
	}
	return true;
}

bool tls_probe(const struct mongod_target *t, struct mono deadline, struct mongod_tls_result *ret,
	       struct err *err)
{
	struct wire w = WIRE_INIT;
	struct wire_tls look = {.reason = ""};
	struct mongod_tls_result r = {.reason = ""};
	bool ok = probe(&w, t, deadline, &look, &r, err);
	wire_tls_fini(&look);
	wire_close(&w);
	if (ok)
		*ret = r;
	return ok;
}
