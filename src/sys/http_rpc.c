/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to rotad-net and its answers. Checks nothing: the helper does, and who asked judges. */
#include "sys/http_rpc.h"

#include "codec/json_http.h"

#define TIMEOUT_DEFAULT_US (10 * US_S) /* as port/http.h says */
#define TIMEOUT_MORE_US (1 * US_S)

static int64_t timeout_of(const struct http_request *r)
{
	return (r->timeout_us > 0 ? r->timeout_us : TIMEOUT_DEFAULT_US) + TIMEOUT_MORE_US;
}

static bool rpc_exchange(void *self, const struct http_request *r, struct http_response *ret,
			 struct err *err)
{
	AUTO(json_t) request = NULL;
	AUTO(json_t) reply = NULL;
	return json_http_request_print(r, &request, err) &&
	       helper_call(self, request, timeout_of(r), &reply, err) &&
	       json_http_response_parse(reply, ret, err);
}

static bool rpc_begin(void *self, const struct http_request *r, struct err *err)
{
	AUTO(json_t) request = NULL;
	return json_http_request_print(r, &request, err) &&
	       helper_begin(self, request, timeout_of(r), err);
}

static bool rpc_poll(void *self, bool *ret_is_done, struct http_response *ret, struct err *err)
{
	AUTO(json_t) reply = NULL;
	bool is_done = false;
	bool ok = helper_poll(self, &is_done, &reply, err);
	*ret_is_done = is_done;
	return ok && (!is_done || json_http_response_parse(reply, ret, err));
}

static int rpc_fd(void *self)
{
	return helper_fd(self);
}

const struct http_ops http_rpc_ops = {.exchange = rpc_exchange};
const struct http_later_ops http_rpc_later_ops = {
    .begin = rpc_begin, .poll = rpc_poll, .fd = rpc_fd};
