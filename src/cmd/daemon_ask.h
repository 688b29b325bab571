/* SPDX-License-Identifier: Apache-2.0 */
/* Asking the running rotad: one HTTP request on its unix socket, bounded in bytes and time. Knows
 * no route's meaning. */
#ifndef CMD_DAEMON_ASK_H
#define CMD_DAEMON_ASK_H

#include <jansson.h>

#include "base/err.h"

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

#endif
