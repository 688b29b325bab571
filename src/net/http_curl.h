/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP by libcurl, as careful as port/http.h promises. Only the helper process rotad-net links it:
 * it parses what strangers send, without a key of a cluster in reach. */
#ifndef NET_HTTP_CURL_H
#define NET_HTTP_CURL_H

#include "port/http.h"

struct http_curl;

/* Returns new in *ret; free with http_curl_free. It keeps its connections, at most
 * HTTP_CONNECTIONS_MAX of them, each for at most 5 minutes, so that a renewed client certificate or
 * CA file is used soon. One thread at a time. Errors: ERR_MEMORY, ERR_UNSUPPORTED (a libcurl
 * without TLS). */
MUST_CHECK bool http_curl_new(struct http_curl **ret, struct err *err);
void http_curl_free(struct http_curl *h); /* accepts NULL */

/* self is a struct http_curl. Beside the errors of the port: ERR_REFUSED when a name led to a
 * loopback, link-local or unspecified address (DNS rebinding), ERR_PROTOCOL when the answer was no
 * HTTP or was compressed, ERR_PERMISSION when the client certificate cannot be read. The response's
 * body may hold a secret: end it with buf_wipe. Errors name the host, never path or query of the
 * URL, which may be secret. */
extern const struct http_ops http_curl_ops;

/* What may be connected to, judged from the URL alone. */
struct http_url {
	char host[HOST_BYTES_MAX];               /* without brackets */
	bool is_plain;                           /* http, not https */
	bool allows_loopback, allows_link_local; /* the host is such an address itself */
	bool allows_global;                      /* false: loopback only */
};
/* Check method, URL, headers and limits of a request. Refuses other schemes, user names in the URL,
 * fragments, white space, control characters and bytes above 126 in URL and headers, header names
 * that are no token or that rule the connection (host, content-length, transfer-encoding,
 * connection, expect, te, upgrade, proxy-*), plain http except as the port says. Errors:
 * ERR_INVALID, ERR_LIMIT. */
MUST_CHECK bool http_request_check(const struct http_request *r, struct http_url *ret,
				   struct err *err);

enum address_kind { ADDRESS_GLOBAL, ADDRESS_LOOPBACK, ADDRESS_LINK_LOCAL, ADDRESS_NONE };
struct sockaddr;
/* IPv4-mapped, IPv4-compatible and NAT64 forms count as the IPv4 address inside. ADDRESS_NONE:
 * unspecified, multicast, broadcast or no IP at all; never connected to. */
enum address_kind address_kind_of(const struct sockaddr *a);
MUST_CHECK bool http_url_allows(const struct http_url *u, enum address_kind kind);

#endif
