/* SPDX-License-Identifier: Apache-2.0 */
/* rotad's helpers (rotad-mongo, rotad-net): processes it starts, asks over a socketpair, and
 * replaces when they die or do not answer in time. Each has no right to write files, no other
 * descriptors, and ends with rotad. */
#ifndef SYS_HELPER_H
#define SYS_HELPER_H

#include "base/clock.h"
#include "codec/json_mem.h"

struct helper;

/* Where the helpers are: beside this program in a build tree, else in the package's folder. */
void helper_folder(char *out, size_t out_n);

/* A helper by the program at path (absolute), called `name` in errors. It is started by the first
 * call. Copies both. *ret is new; end with helper_free(). Errors: ERR_NOT_FOUND, ERR_PERMISSION
 * (the program cannot be run), ERR_MEMORY. */
MUST_CHECK bool helper_new(const char *name, const char *path, struct helper **ret,
			   struct err *err);
/* Ask and wait for the answer, at most timeout_us in all. *ret_reply is new and holds "ok". Safe
 * from any thread: one asks at a time, and the wait for one's turn counts. A helper that died while
 * idle is replaced unseen; one that dies or is late during the call is killed, reaped and replaced
 * at the next call, never asked twice, since a request may have had its effect. Errors: the
 * helper's own; ERR_TIMEOUT; ERR_UNREACHABLE (it ended, or rests after ending again and again;
 * nobody knows what it did); ERR_PROTOCOL (nonsense), ERR_LIMIT, ERR_MEMORY, ERR_SYSTEM. */
MUST_CHECK bool helper_call(struct helper *h, const json_t *request, int64_t timeout_us,
			    json_t **ret_reply, struct err *err);
/* The same in two halves, for who must know whether a request may have had an effect: *ret_reply is
 * an answer or an error (see serve_reply_check()), and *ret_was_sent, set also on failure, tells
 * that at least a part of the request had left. Errors: those above save the helper's own. */
MUST_CHECK bool helper_ask(struct helper *h, const json_t *request, int64_t timeout_us,
			   json_t **ret_reply, bool *ret_was_sent, struct err *err);
/* The same without waiting, for a helper with a single user: send the request off, then ask with
 * helper_poll until it ended. Until then helper_call is ERR_CONFLICT. Errors: as helper_call. */
MUST_CHECK bool helper_begin(struct helper *h, const json_t *request, int64_t timeout_us,
			     struct err *err);
/* Has it ended? *ret_is_done false: not yet. Done and true: *ret_reply is new. Done and false: it
 * ended with err, as helper_call would; a late helper is killed here. Waits for nothing but the
 * rest of an answer that has begun to come. ERR_CONFLICT when nothing was begun. */
MUST_CHECK bool helper_poll(struct helper *h, bool *ret_is_done, json_t **ret_reply,
			    struct err *err);
/* Readable when helper_poll may have news; -1 when nothing was begun. */
int helper_fd(struct helper *h);
/* End it now, as after a leak of what it knows; the next call starts a new one. */
void helper_stop(struct helper *h);
/* The process, or 0 when none runs. For tests and `rotactl doctor`. */
int helper_pid(struct helper *h);
/* How often in a row it ended or did not answer, without one answer between. */
unsigned helper_failures(struct helper *h);
/* End the process (politely, then by force) and reap it. Accepts NULL. */
void helper_free(struct helper *h);

#endif
