/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of authorities, one row each: a new backend is a row here and a file of its own. Also
 * what all share: an authority made from its policy, and the chain the operator gave it. */
#ifndef AUTHORITY_AUTHORITY_TABLE_H
#define AUTHORITY_AUTHORITY_TABLE_H

#include "authority/authority_exec.h"
#include "authority/authority_local.h"
#include "authority/authority_manual.h"
#include "authority/authority_vault.h"

/* What backends may need. Copied; what the ports point to must outlive the authority. */
struct authority_parts {
	struct http_port http;
	struct program_port program;
	struct files_port files;
	struct host_port host;
	const struct secret *token; /* text of policy.token, or NULL; borrowed */
};

struct authority;
struct authority_row {
	const char *type; /* as in rotad.yaml */
	const struct authority_ops *ops;
	/* Make a->as from a->policy and a->parts; reads nothing yet. Errors: ERR_INVALID. */
	bool (*init)(struct authority *a, struct err *err);
	size_t self_offset; /* of the backend's own in struct authority */
};
extern const struct authority_row authority_table[];
extern const size_t authority_table_n;
/* NULL when this program has no such backend. */
const struct authority_row *authority_row_find(const char *type);

/* One authority of the configuration. Points into itself: not to be copied. */
struct authority {
	const struct authority_row *row;
	const struct authority_policy *policy; /* borrowed */
	struct authority_parts parts;
	union {
		struct authority_local local;
		struct authority_exec exec;
		struct authority_vault vault;
	} as;
};

/* Errors: ERR_UNSUPPORTED (a type without a backend), ERR_INVALID. */
MUST_CHECK bool authority_init(struct authority *ret, const struct authority_policy *policy,
			       const struct authority_parts *parts, struct err *err);

/* authority_ops.issue of the backend; then, when the answer is the leaf alone and policy.chain
 * names a file, its certificates follow the leaf. Errors: the backend's; those of files.read_text
 * and ERR_PROTOCOL for the chain (what was issued is then lost: the next try asks anew). */
MUST_CHECK bool authority_issue(struct authority *a, const struct authority_request *r,
				struct authority_answer *ret, struct err *err);
/* The same as a port. */
struct authority_port authority_port_of(struct authority *a);

#endif
