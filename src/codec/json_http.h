/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP requests and answers as JSON, both sides of the conversation with rotad-net. Bodies are
 * base64, so that any bytes pass. Values may be secret: json_mem_init() first. */
#ifndef CODEC_JSON_HTTP_H
#define CODEC_JSON_HTTP_H

#include "model/http_message.h"
#include "codec/json_mem.h"

/* A request with the memory it borrows. End with http_request_fini(). */
struct http_request_held {
	struct http_request request; /* borrows from the JSON and from body */
	struct buf body;
};
void http_request_fini(struct http_request_held *r); /* wipes headers and body */

/* {"op":"http", ...}; *ret is new. Errors: ERR_MEMORY, ERR_INVALID (a text that is no UTF-8). */
MUST_CHECK bool json_http_request_print(const struct http_request *r, json_t **ret,
					struct err *err);
/* *ret borrows strings of object. Errors: ERR_PROTOCOL, ERR_LIMIT, ERR_MEMORY. */
MUST_CHECK bool json_http_request_parse(const json_t *object, struct http_request_held *ret,
					struct err *err);

/* Add the answer to reply. Errors: ERR_MEMORY, ERR_PROTOCOL (a header that is no UTF-8). */
MUST_CHECK bool json_http_response_print(const struct http_response *r, json_t *reply,
					 struct err *err);
/* Caller ends ret->body with buf_wipe. Errors: ERR_PROTOCOL, ERR_LIMIT, ERR_MEMORY. */
MUST_CHECK bool json_http_response_parse(const json_t *reply, struct http_response *ret,
					 struct err *err);

#endif
