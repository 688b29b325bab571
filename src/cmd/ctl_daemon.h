/* SPDX-License-Identifier: Apache-2.0 */
/* Asking the running rotad: one HTTP request on its unix socket, bounded in bytes and time. Knows
 * no route's meaning; that is ctl_view.h and the verbs. */
#ifndef CMD_CTL_DAEMON_H
#define CMD_CTL_DAEMON_H

#include "cmd/ctl.h"

enum {
	DAEMON_READ_S = 10,   /* an answer from the last snapshot */
	DAEMON_ROUND_S = 120, /* an answer that waits for the round that runs just now */
	DAEMON_ANSWER_MAX = 8 * 1024 * 1024, /* bytes of an answer, its head included */
};

/* Send one request and read the answer to its end. body may be NULL (none). timeout_us is for all
 * of it. *ret_status is the HTTP status, *ret the JSON object (new; json_decref). Errors:
 * ERR_UNREACHABLE (nobody listens), ERR_PERMISSION (of the socket), ERR_TIMEOUT, ERR_LIMIT,
 * ERR_PROTOCOL (no HTTP, no JSON), ERR_SYSTEM, ERR_MEMORY. */
MUST_CHECK bool daemon_ask(const char *socket_path, const char *method, const char *path,
			   const json_t *body, int64_t timeout_us, unsigned *ret_status,
			   json_t **ret, struct err *err);

/* The same for a verb: tells what went wrong (no daemon: CTL_UNKNOWN; refused by the daemon:
 * CTL_FAILED) and gives the answer only with CTL_GOOD. */
enum ctl_exit ctl_ask(struct ctl *ctl, const char *method, const char *path, const json_t *body,
		      int64_t timeout_us, json_t **ret);
/* Tell why the daemon could not be asked. Returns CTL_UNKNOWN. */
enum ctl_exit ctl_no_daemon(struct ctl *ctl, const struct err *err);

#endif
