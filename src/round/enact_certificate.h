/* SPDX-License-Identifier: Apache-2.0 */
/* The hands for certificates: ask, check, stage, install, load, keep or take back. Called by
 * round/enact.c's table. */
#ifndef ROUND_ENACT_CERTIFICATE_H
#define ROUND_ENACT_CERTIFICATE_H

#include "round/seat.h"

struct cert_report;
/* The preflight of the file in use, as before another one is installed: names of rs.conf, O/OU/DC,
 * usages, chain, time left. Errors: of reading the files; ERR_MEMORY. */
MUST_CHECK bool certificate_check_in_use(struct seat *t, enum cert_target target,
					 struct cert_report *ret, struct err *err);

MUST_CHECK bool enact_ask_authority(struct seat *t, const struct act *a, struct err *err);
MUST_CHECK bool enact_install_certificate(struct seat *t, const struct act *a, struct err *err);
MUST_CHECK bool enact_reload(struct seat *t, const struct act *a, struct err *err);
MUST_CHECK bool enact_confirm_certificate(struct seat *t, const struct act *a, struct err *err);
MUST_CHECK bool enact_roll_back_certificate(struct seat *t, const struct act *a, struct err *err);
MUST_CHECK bool enact_sign_requests(struct seat *t, const struct act *a, struct err *err);

#endif
