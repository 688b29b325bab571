/* SPDX-License-Identifier: Apache-2.0 */
/* The helper's side of the conversation: read a request, look its op up in a table, answer. */
#ifndef CODEC_SERVE_H
#define CODEC_SERVE_H

#include "codec/frame.h"

enum { HELPER_FD = 3 }; /* where a helper finds its end of the socketpair */

/* One op. fn reads request (borrowed) and adds its members to reply (an object, borrowed); false
 * with err set when there is no answer. */
struct serve_row {
	const char *op;
	bool (*fn)(void *self, const json_t *request, json_t *reply, struct err *err);
};

/* A helper talks to strangers: from now on it can write no file (RLIMIT_FSIZE 0; an attempt is EFBIG,
 * SIGXFSZ is ignored). Its own first step, and not its parent's before execve: what wraps a program,
 * as valgrind does, writes files while it starts. Errors: ERR_SYSTEM. */
MUST_CHECK bool serve_confine(struct err *err);
/* Answer requests on fd until the other side closes (true). Each reply is {"ok":true, ...} or
 * {"error":{...}}; an unknown op is ERR_UNSUPPORTED in the reply. False: the stream is broken. */
MUST_CHECK bool serve_loop(int fd, const struct serve_row *rows, size_t rows_n, void *self,
			   struct err *err);
/* The other end of it: turn a reply into true (it is ok) or into its error. */
MUST_CHECK bool serve_reply_check(const json_t *reply, struct err *err);

#endif
