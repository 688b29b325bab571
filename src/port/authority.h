/* SPDX-License-Identifier: Apache-2.0 */
/* Who signs certificates. One ops a backend, one file: authority/authority_<name>.c. Key and CSR
 * are made on the host by rotad. */
#ifndef PORT_AUTHORITY_H
#define PORT_AUTHORITY_H

#include "base/buf.h"
#include "base/clock.h"
#include "model/certificate.h"

enum authority_outcome {
	AUTHORITY_ISSUED,  /* ret_chain_pem: leaf first, then what stands between it and the root */
	AUTHORITY_WAIT,    /* asked; try again with the cookie after ret_retry_us */
	AUTHORITY_REFUSED, /* it said no: err has its words; asking again the same way will not help
			    */
};

enum { AUTHORITY_COOKIE_BYTES = 1024 }; /* certmonger's helpers print URLs and ids as cookies */

/* One request. Borrows all. */
struct authority_request {
	const char *instance; /* for whom */
	struct str csr_pem;
	const struct cert_wish *wish;
	const char *cookie; /* from an earlier AUTHORITY_WAIT, else "" */
	struct wall now;
	int64_t timeout_us; /* of this call */
};
struct authority_answer {
	enum authority_outcome outcome;
	struct buf chain_pem; /* caller ends with buf_fini */
	char cookie[AUTHORITY_COOKIE_BYTES];
	int64_t retry_us;
};

struct authority_ops {
	const char *name; /* "local", "exec", "vault" */
	/* What it can put into a subject, told by `rotactl doctor`: a sentence. */
	const char *subject_note;
	/* False with err for faults of transport (ERR_UNREACHABLE, ERR_TIMEOUT, ERR_PROTOCOL,
	 * ERR_LIMIT): try later. */
	bool (*issue)(void *self, const struct authority_request *r, struct authority_answer *ret,
		      struct err *err);
};

struct authority_port {
	const struct authority_ops *ops;
	void *self;
};

#endif
