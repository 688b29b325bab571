/* SPDX-License-Identifier: Apache-2.0 */
/* An HTTP request and its answer as values: what port/http.h exchanges and codec/json_http.h
 * carries to the helper. */
#ifndef MODEL_HTTP_MESSAGE_H
#define MODEL_HTTP_MESSAGE_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"

enum { HTTP_HEADERS_MAX = 24 };
struct http_header {
	char name[64];
	char value[1024];
};

/* Borrows all pointers. https only, except to a loopback address or unix socket, or where
 * allow_plain is set by configuration. Redirects are never followed; proxy variables are ignored.
 */
struct http_request {
	const char *method; /* GET, POST, PUT */
	const char *url;
	unsigned headers_n;
	struct http_header
	    headers[HTTP_HEADERS_MAX]; /* a value may be secret: wiped in the helper after use */
	struct str body;
	const char *ca_file, *client_pem; /* paths or NULL */
	const char *unix_socket;          /* path or NULL */
	bool allow_plain;
	int64_t timeout_us; /* whole exchange, at most 5 min; 0: 10 s */
	size_t body_max;    /* 0: HTTP_BODY_BYTES_MAX */
};

struct http_response {
	int status; /* 200, 304, ... */
	unsigned headers_n;
	struct http_header headers[HTTP_HEADERS_MAX]; /* names lower case; only etag, retry-after,
							 date, content-type, location,
							 last-modified, link, replay-nonce */
	struct buf body;                              /* caller ends with buf_wipe */
};

#endif
