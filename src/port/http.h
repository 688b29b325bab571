/* SPDX-License-Identifier: Apache-2.0 */
/* One HTTP exchange. Implemented by sys/http_rpc.c (through the helper rotad-net) and by fakes. */
#ifndef PORT_HTTP_H
#define PORT_HTTP_H

#include "model/http_message.h"

struct http_ops {
	/* An answer with any status is true. Errors: ERR_UNREACHABLE, ERR_TIMEOUT, ERR_LIMIT
	 * (body), ERR_UNTRUSTED (TLS), ERR_INVALID (URL). */
	bool (*exchange)(void *self, const struct http_request *request, struct http_response *ret,
			 struct err *err);
};

/* The same without waiting, one exchange at a time: for alerts, which must never hold up a round.
 * Implemented by sys/http_rpc.c and by fakes. */
struct http_later_ops {
	/* Send it off; nothing of request is needed afterwards. Errors: as exchange, and
	 * ERR_CONFLICT while another one runs. */
	bool (*begin)(void *self, const struct http_request *request, struct err *err);
	/* Has it ended? *ret_is_done false: not yet. Done and true: *ret is the answer. False: it
	 * ended with err, as exchange would. Never waits. */
	bool (*poll)(void *self, bool *ret_is_done, struct http_response *ret, struct err *err);
	/* Readable when poll may have news; -1 when nothing runs. For an event loop. */
	int (*fd)(void *self);
};

struct http_later {
	const struct http_later_ops *ops;
	void *self;
};

struct http_port {
	const struct http_ops *ops;
	void *self;
};

#endif
