/* SPDX-License-Identifier: Apache-2.0 */
/* What the verbs of certificates share: reading their files, lists of names, telling a report. */
#ifndef CMD_CTL_CERT_H
#define CMD_CTL_CERT_H

#include "cmd/ctl.h"
#include "codec/cert_check.h"

/* A file that may hold a private key; *ret is new: end with secret_fini(). err names the path. */
MUST_CHECK bool ctl_cert_read(const char *path, struct secret *ret, struct err *err);
struct str ctl_cert_str(const struct secret *s);
/* Add "NAME[,NAME]" to the wish, a port ("db1:27017") taken off. Errors: ERR_LIMIT, ERR_INVALID. */
MUST_CHECK bool ctl_cert_add_names(struct cert_wish *wish, const char *text, struct err *err);
/* "member", "server" or "client". Errors: ERR_INVALID. */
MUST_CHECK bool ctl_cert_profile(struct cert_wish *wish, const char *text, struct err *err);
/* Tell every finding that is not good, then (`all`) a line for each good one; fills "checks". */
void ctl_cert_tell(struct ctl *ctl, const char *path, const struct cert_report *r, bool all);

#endif
