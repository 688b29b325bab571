/* SPDX-License-Identifier: Apache-2.0 */
/* HashiCorp Vault's and OpenBao's PKI engine: MOUNT/sign/ROLE, by a token or an AppRole. */
#ifndef AUTHORITY_AUTHORITY_VAULT_H
#define AUTHORITY_AUTHORITY_VAULT_H

#include "model/policy.h"
#include "port/authority.h"
#include "port/http.h"

struct authority_vault {
	const struct authority_policy *policy; /* borrowed */
	const struct secret
	    *token; /* borrowed: a token, or with policy.user the AppRole's secret id */
	struct http_port http;
};

/* policy: url ("https://vault.example.net:8200"), mount ("pki" when ""), role, user (the AppRole's
 * role id; "": token is a token), certificate (client PEM), ca_file, valid_for_us, timeout_us.
 * Errors: ERR_INVALID. */
MUST_CHECK bool authority_vault_init(struct authority_vault *ret,
				     const struct authority_policy *policy,
				     const struct secret *token, const struct http_port *http,
				     struct err *err);

extern const struct authority_ops authority_vault_ops; /* self: struct authority_vault */

#endif
