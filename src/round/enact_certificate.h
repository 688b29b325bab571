/* SPDX-License-Identifier: Apache-2.0 */
/* The hands for certificates: ask, check, stage, install, load, keep or take back. Called by
 * round/enact.c's table. */
#ifndef ROUND_ENACT_CERTIFICATE_H
#define ROUND_ENACT_CERTIFICATE_H

#include <jansson.h>

#include "round/seat.h"

struct cert_report;
/* The preflight of the file in use, as before another one is installed: names of rs.conf, O/OU/DC,
 * usages, chain, time left. Errors: of reading the files; ERR_MEMORY. */
MUST_CHECK bool certificate_check_in_use(struct seat *t, enum cert_target target,
					 struct cert_report *ret, struct err *err);

/* `rotactl cert request`: the request that waits, and what the certificate has to be, into *ret (a
 * JSON object). Nothing secret. Errors: ERR_REFUSED (none waits). */
MUST_CHECK bool certificate_request(struct seat *t, json_t *ret, struct err *err);
/* `rotactl cert import`: the CA's answer to it, a leaf with or without its chain. Staged after the
 * same checks as any authority's; one that does not pass changes nothing, and the request waits on.
 * Errors: ERR_REFUSED (in the words that the CA's people need), ERR_SYNTAX, those of files. */
MUST_CHECK bool certificate_import(struct seat *t, struct str pem, json_t *ret, struct err *err);

MUST_CHECK bool enact_ask_authority(struct seat *t, const struct act *a, struct err *err);
MUST_CHECK bool enact_install_certificate(struct seat *t, const struct act *a, struct err *err);
MUST_CHECK bool enact_reload(struct seat *t, const struct act *a, struct err *err);
MUST_CHECK bool enact_confirm_certificate(struct seat *t, const struct act *a, struct err *err);
MUST_CHECK bool enact_roll_back_certificate(struct seat *t, const struct act *a, struct err *err);
MUST_CHECK bool enact_sign_requests(struct seat *t, const struct act *a, struct err *err);

#endif
