/* SPDX-License-Identifier: Apache-2.0 */
/* The authority whose key is on this host. Requests of other hosts come through the ledger; round/
 * hands them to authority_local_sign(). */
#ifndef AUTHORITY_AUTHORITY_LOCAL_H
#define AUTHORITY_AUTHORITY_LOCAL_H

#include "port/authority.h"
#include "port/files.h"
#include "port/host.h"

struct authority_local_config {
	const char *ca_file;  /* path: the CA's certificate first, then what is above it */
	const char *key_file; /* path: its private key; mode 0600 or stricter is a must */
	int64_t valid_for_us; /* of what it signs when the wish names none; 0: 90 days */
};

/* Borrows the configuration's strings and the ports; nothing is kept open between calls, so a CA
 * that is replaced on disk is used at once and its key is in memory only while it signs. */
struct authority_local {
	struct authority_local_config config;
	struct files_port files;
	struct host_port host; /* random bytes for serial numbers */
};

/* Fill *ret; no file is read yet. Errors: ERR_INVALID (a path is missing, a lifetime below zero).
 */
MUST_CHECK bool authority_local_init(struct authority_local *ret,
				     const struct authority_local_config *config,
				     const struct files_port *files, const struct host_port *host,
				     struct err *err);

/* Sign one request for what the wish allows (codec/ca.h); appends leaf and intermediates to out.
 * Errors: ERR_REFUSED and ca_sign_csr()'s; ERR_UNSAFE_FILE (the key can be read by others);
 * files.read_secret()'s. */
MUST_CHECK bool authority_local_sign(struct authority_local *a, struct str csr_pem,
				     const struct cert_wish *wish, struct wall now, struct buf *out,
				     struct err *err);

/* Could it sign now? Reads both files and signs nothing: for `rotactl doctor` and rehearsals.
 * *ret_end is when the CA's chain ends. Errors as authority_local_sign(). */
MUST_CHECK bool authority_local_probe(struct authority_local *a, struct wall now,
				      struct wall *ret_end, struct err *err);

extern const struct authority_ops authority_local_ops; /* self: struct authority_local */

#endif
