/* SPDX-License-Identifier: Apache-2.0 */
/* Asking the running rotad for a verb. Knows no route's meaning; that is ctl_view.h and the verbs.
 */
#ifndef CMD_CTL_DAEMON_H
#define CMD_CTL_DAEMON_H

#include "cmd/ctl.h"
#include "cmd/daemon_ask.h"

/* daemon_ask() for a verb: tells what went wrong (no daemon: CTL_UNKNOWN; refused by the daemon:
 * CTL_FAILED) and gives the answer only with CTL_GOOD. */
enum ctl_exit ctl_ask(struct ctl *ctl, const char *method, const char *path, const json_t *body,
		      int64_t timeout_us, json_t **ret);
/* Tell why the daemon could not be asked. Returns CTL_UNKNOWN. */
enum ctl_exit ctl_no_daemon(struct ctl *ctl, const struct err *err);

#endif
