/* SPDX-License-Identifier: Apache-2.0 */
/* One HTTP exchange at a time over libcurl: where it may connect to, how much it may read, how long
 * it may take. No retries, no redirects, no cookies, no proxies: who calls decides what comes next.
 */
#include "net/http_curl.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include <curl/curl.h>

#include "base/cleanup.h"

DEFINE_AUTO(CURLU, curl_url_cleanup);
typedef char curl_text;
DEFINE_AUTO(curl_text, curl_free);

#define HTTP_CONNECTIONS_MAX 8L          /* kept open between exchanges */
#define HTTP_TIMEOUT_DEFAULT (10 * US_S) /* a whole exchange */
#define HTTP_TIMEOUT_MAX (5 * US_MIN)
#define HTTP_CONNECT_MS_MAX 5000L /* name, TCP and TLS handshake */
#define HTTP_LOW_SPEED_BYTES 32L  /* a second, over HTTP_LOW_SPEED_S: less is a stall */
#define HTTP_LOW_SPEED_S 20L      /* also the longest silence while the server thinks */
#define HTTP_HEADER_LINES_MAX 128 /* header lines of one answer, interim answers included */
#define HTTP_HEADER_BYTES_TOTAL_MAX (32 * 1024) /* of all header lines together */
#define HTTP_URL_BYTES_MAX 4096
#define HTTP_CONNECTION_AGE_S 300L /* a kept connection: certificates change on disk */

struct http_curl {
	CURL *easy;
	char why[CURL_ERROR_SIZE];
};

/* One exchange while it runs. */
struct exchange {
	const struct http_url *url;
	struct http_response *response;
	size_t body_max;
	unsigned lines_n; /* header lines */
	size_t lines_bytes;
	bool is_body_over, is_head_over, is_compressed, is_memory_out;
	bool is_address_refused;
	char refused_address[64]; /* a forbidden address that the name led to */
};

/* ---- what may be asked ---- */

static bool is_token_char(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool header_check(const struct http_header *h, struct err *err)
{
	/* They say where a message ends and whose connection it is: only libcurl may. */
	static const char *const ours[] = {"host",       "content-length", "transfer-encoding",
					   "connection", "expect",         "te",
					   "upgrade",    "trailer"};
	size_t name_n = strnlen(h->name, sizeof(h->name));
	size_t value_n = strnlen(h->value, sizeof(h->value));

	if (!name_n || name_n == sizeof(h->name) || value_n == sizeof(h->value))
		return err_set(err, ERR_INVALID, "a header name is empty or a header too long");
	for (size_t i = 0; i < name_n; i++)
		if (!is_token_char((unsigned char)h->name[i]))
			return err_set(err, ERR_INVALID,
				       "a header name holds a character that is not allowed");
	for (size_t i = 0; i < ARRAY_N(ours); i++)
		if (strcasecmp(h->name, ours[i]) == 0)
			return err_set(err, ERR_INVALID, "the header \"%s\" cannot be set",
				       ours[i]);
	if (strncasecmp(h->name, "proxy-", 6) == 0)
		return err_set(err, ERR_INVALID, "a proxy header cannot be set");
	for (size_t i = 0; i < value_n; i++) {
		unsigned char c = (unsigned char)h->value[i];
		if ((c < 0x20 && c != '\t') || c >= 0x7f) /* RFC 9110, section 5.5 */
			return err_set(err, ERR_INVALID,
				       "the value of the header \"%s\" holds a line end or another "
				       "character that is not allowed",
				       h->name);
	}
	return true;
}

static enum address_kind kind_of_v4(uint32_t a)
{
	if (a == INADDR_ANY || (a >> 28) == 14 || a == INADDR_BROADCAST || (a >> 24) == 0)
		return ADDRESS_NONE;
	if ((a >> 24) == 127)
		return ADDRESS_LOOPBACK;
	if ((a >> 16) == 0xa9fe) /* 169.254/16, RFC 3927; also the clouds' metadata service */
		return ADDRESS_LINK_LOCAL;
	return ADDRESS_GLOBAL;
}

static enum address_kind kind_of_v6(const struct in6_addr *a)
{
	static const uint8_t nat64[12] = {0x00, 0x64, 0xff, 0x9b}; /* 64:ff9b::/96, RFC 6052 */
	uint32_t v4;

	if (IN6_IS_ADDR_UNSPECIFIED(a) || IN6_IS_ADDR_MULTICAST(a))
		return ADDRESS_NONE;
	if (IN6_IS_ADDR_LOOPBACK(a))
		return ADDRESS_LOOPBACK;
	if (IN6_IS_ADDR_LINKLOCAL(a))
		return ADDRESS_LINK_LOCAL;
	if (IN6_IS_ADDR_V4MAPPED(a) || IN6_IS_ADDR_V4COMPAT(a) ||
	    memcmp(a->s6_addr, nat64, sizeof(nat64)) == 0) {
		memcpy(&v4, a->s6_addr + 12, sizeof(v4));
		return kind_of_v4(ntohl(v4));
	}
	return ADDRESS_GLOBAL;
}

enum address_kind address_kind_of(const struct sockaddr *a)
{
	ASSERT(a);
	if (a->sa_family == AF_INET) {
		struct sockaddr_in v4;
		memcpy(&v4, a, sizeof(v4));
		return kind_of_v4(ntohl(v4.sin_addr.s_addr));
	}
	if (a->sa_family == AF_INET6) {
		struct sockaddr_in6 v6;
		memcpy(&v6, a, sizeof(v6));
		return kind_of_v6(&v6.sin6_addr);
	}
	return ADDRESS_NONE;
}

bool http_url_allows(const struct http_url *u, enum address_kind kind)
{
	switch (kind) {
	case ADDRESS_GLOBAL:
		return u->allows_global;
	case ADDRESS_LOOPBACK:
		return u->allows_loopback;
	case ADDRESS_LINK_LOCAL:
		return u->allows_link_local;
	case ADDRESS_NONE:
		return false;
	}
	return false;
}

/* The host as written, when it is an address; every form that inet_aton takes ("127.1", "0x7f.1")
 * counts, since the resolver takes them too. */
static bool host_is_address(const char *host, enum address_kind *ret)
{
	struct in_addr v4;
	struct in6_addr v6;
	char bare[HOST_BYTES_MAX];

	if (!copy_z(bare, sizeof(bare), host))
		return false;
	char *zone = strchr(bare, '%');
	if (zone)
		*zone = '\0';
	if (inet_pton(AF_INET6, bare, &v6) == 1) {
		*ret = kind_of_v6(&v6);
		return true;
	}
	if (inet_aton(bare, &v4)) {
		*ret = kind_of_v4(ntohl(v4.s_addr));
		return true;
	}
	return false;
}

static bool host_is_localhost(const char *host)
{
	size_t n = strlen(host);
	return strcasecmp(host, "localhost") == 0 ||
	       (n > 10 && strcasecmp(host + n - 10, ".localhost") == 0); /* RFC 6761 */
}

static bool url_part(CURLU *u, CURLUPart part, curl_text **ret)
{
	return curl_url_get(u, part, ret, 0) == CURLUE_OK;
}

static bool url_check(const struct http_request *r, struct http_url *ret, struct err *err)
{
	AUTO(CURLU) u = curl_url();
	AUTO(curl_text) scheme = NULL;
	AUTO(curl_text) host = NULL;
	AUTO(curl_text) part = NULL;
	struct http_url out = {0};
	enum address_kind kind = ADDRESS_GLOBAL;

	if (!u)
		return err_set(err, ERR_MEMORY, "no memory for a URL");
	size_t n = r->url ? strnlen(r->url, HTTP_URL_BYTES_MAX) : 0;
	if (!n || n == HTTP_URL_BYTES_MAX)
		return err_set(err, ERR_INVALID, "the URL is empty or longer than %d bytes",
			       HTTP_URL_BYTES_MAX - 1);
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)r->url[i] <= 0x20 || (unsigned char)r->url[i] >= 0x7f ||
		    strchr("\\\"<>^`{|}", r->url[i]))
			return err_set(err, ERR_INVALID,
				       "the URL holds white space or a character that must be "
				       "written as %%XX");
	const char *slashes = strstr(r->url, "://");
	if (!slashes || slashes[3] == '/') /* libcurl would take "https:///a" for host a */
		return err_set(err, ERR_INVALID, "not a URL: https://HOST[:PORT]/PATH is wanted");
	/* libcurl's own parser: a second one would see other hosts than the one that connects. */
	if (curl_url_set(u, CURLUPART_URL, r->url, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK ||
	    !url_part(u, CURLUPART_SCHEME, &scheme) || !url_part(u, CURLUPART_HOST, &host))
		return err_set(err, ERR_INVALID, "not a URL: https://HOST[:PORT]/PATH is wanted");
	if (url_part(u, CURLUPART_USER, &part) || url_part(u, CURLUPART_PASSWORD, &part))
		return err_set(err, ERR_INVALID,
			       "the URL holds a user name or password: use a credential instead");
	if (url_part(u, CURLUPART_FRAGMENT, &part))
		return err_set(err, ERR_INVALID, "the URL holds a fragment (#...)");
	if (strcmp(scheme, "https") != 0 && strcmp(scheme, "http") != 0)
		return err_set(err, ERR_INVALID, "the URL's scheme is not https");
	out.is_plain = scheme[4] == '\0';

	size_t host_n = strlen(host);
	bool is_bracketed = host_n > 2 && host[0] == '[' && host[host_n - 1] == ']';
	if (!copy_str(out.host, sizeof(out.host),
		      (struct str){.p = host + is_bracketed, .n = host_n - 2 * is_bracketed}) ||
	    !out.host[0])
		return err_set(err, ERR_INVALID, "the URL's host is empty or too long");

	out.allows_global = true;
	if (host_is_address(out.host, &kind)) {
		if (kind == ADDRESS_NONE)
			return err_set(err, ERR_INVALID,
				       "the URL's host is no address to connect to");
		out.allows_loopback = kind == ADDRESS_LOOPBACK;
		out.allows_link_local = kind == ADDRESS_LINK_LOCAL;
		out.allows_global = kind == ADDRESS_GLOBAL;
	} else if (host_is_localhost(out.host)) {
		out.allows_loopback = true;
		out.allows_global = false;
	}
	if (out.is_plain && !r->unix_socket && !r->allow_plain && !out.allows_loopback)
		return err_set(err, ERR_INVALID,
			       "plain http is used only on this host or where the configuration "
			       "allows it: write https://");
	*ret = out;
	return true;
}

static const char *const method_names[] = {"GET", "POST", "PUT"};

bool http_request_check(const struct http_request *r, struct http_url *ret, struct err *err)
{
	bool is_known = false;

	ASSERT(r);
	for (size_t i = 0; i < ARRAY_N(method_names); i++)
		is_known = is_known || (r->method && strcmp(r->method, method_names[i]) == 0);
	if (!is_known)
		return err_set(err, ERR_INVALID, "the HTTP method is not GET, POST or PUT");
	if (r->headers_n > HTTP_HEADERS_MAX)
		return err_set(err, ERR_LIMIT, "more than %d headers", HTTP_HEADERS_MAX);
	if (r->body.n > HTTP_BODY_BYTES_MAX || r->body_max > HTTP_BODY_BYTES_MAX)
		return err_set(err, ERR_LIMIT, "a body of more than %d bytes", HTTP_BODY_BYTES_MAX);
	if (r->timeout_us < 0 || r->timeout_us > HTTP_TIMEOUT_MAX)
		return err_set(err, ERR_INVALID, "a time limit of more than 5 minutes");
	if (r->unix_socket && (r->unix_socket[0] != '/' || strlen(r->unix_socket) > 107))
		return err_set(err, ERR_INVALID, "the socket's path is not absolute or too long");
	for (unsigned i = 0; i < r->headers_n; i++)
		if (!header_check(&r->headers[i], err))
			return false;
	return url_check(r, ret, err);
}

/* ---- callbacks of libcurl ---- */

/* The address is checked here, after the name was resolved and before the first packet leaves. */
static curl_socket_t on_open(void *self, curlsocktype purpose, struct curl_sockaddr *a)
{
	struct exchange *x = self;

	if (purpose != CURLSOCKTYPE_IPCXN)
		return CURL_SOCKET_BAD;
	/* libcurl opens this family only where CURLOPT_UNIX_SOCKET_PATH told it to. */
	if (a->family == AF_UNIX)
		return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
	if (!http_url_allows(x->url, address_kind_of(&a->addr))) {
		const char *raw = (const char *)&a->addr +
				  (a->family == AF_INET ? offsetof(struct sockaddr_in, sin_addr)
							: offsetof(struct sockaddr_in6, sin6_addr));
		x->is_address_refused = true;
		if (a->family == AF_INET || a->family == AF_INET6) /* else: told without it */
			(void)inet_ntop(a->family, raw, x->refused_address,
					sizeof(x->refused_address));
		return CURL_SOCKET_BAD;
	}
	return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

static size_t on_body(char *p, size_t size, size_t n, void *self)
{
	struct exchange *x = self;
	n *= size;
	if (n > x->body_max || x->response->body.n > x->body_max - n) {
		x->is_body_over = true;
		return 0;
	}
	buf_add(&x->response->body, p, n);
	if (x->response->body.failed) {
		x->is_memory_out = true;
		return 0;
	}
	return n;
}

static bool is_named(struct str s, const char *name)
{
	return s.n == strlen(name) && strncasecmp(s.p, name, s.n) == 0;
}

static void keep_header(struct exchange *x, struct str name, struct str value)
{
	static const char *const kept[] = {"etag",          "retry-after", "date",
					   "content-type",  "location",    "link",
					   "last-modified", "replay-nonce"};
	struct http_response *r = x->response;

	for (size_t i = 0; i < value.n; i++)
		if (((unsigned char)value.p[i] < 0x20 && value.p[i] != '\t') ||
		    (unsigned char)value.p[i] >= 0x7f)
			return; /* an answer's own splitting: not worth keeping */
	for (size_t i = 0; i < ARRAY_N(kept); i++) {
		if (!is_named(name, kept[i]))
			continue;
		struct http_header *h = &r->headers[r->headers_n];
		if (r->headers_n < HTTP_HEADERS_MAX && copy_z(h->name, sizeof(h->name), kept[i]) &&
		    copy_str(h->value, sizeof(h->value), value))
			r->headers_n++;
	}
}

static size_t on_header(char *p, size_t size, size_t n, void *self)
{
	struct exchange *x = self;
	struct str line = {.p = p, .n = n * size};
	struct str name;

	x->lines_bytes += line.n;
	if (++x->lines_n > HTTP_HEADER_LINES_MAX || x->lines_bytes > HTTP_HEADER_BYTES_TOTAL_MAX) {
		x->is_head_over = true;
		return 0;
	}
	if (str_starts(line, STR("HTTP/"))) { /* a new head: what an interim answer said is void */
		x->response->headers_n = 0;
		x->is_compressed = false;
		return line.n;
	}
	struct str rest = line;
	if (memchr(line.p, ':', line.n) && str_cut(&rest, ':', &name)) {
		struct str value = str_trim(rest);
		if (is_named(name, "content-encoding"))
			x->is_compressed = !is_named(value, "identity");
		if (is_named(name, "transfer-encoding") && !is_named(value, "chunked"))
			x->is_compressed = true;
		keep_header(x, name, value);
	}
	return line.n;
}

/* ---- the exchange ---- */

/* Secret header values pass through here: wiped before the memory goes back. */
static void headers_wipe(struct curl_slist *l)
{
	for (struct curl_slist *i = l; i; i = i->next)
		wipe(i->data, strlen(i->data));
	curl_slist_free_all(l);
}

static bool headers_add(struct curl_slist **l, const char *line)
{
	struct curl_slist *more = curl_slist_append(*l, line);
	if (!more)
		return false;
	*l = more;
	return true;
}

static bool headers_make(const struct http_request *r, struct curl_slist **ret, struct err *err)
{
	char line[sizeof(r->headers[0].name) + sizeof(r->headers[0].value) + 4];
	struct curl_slist *l = NULL;
	bool ok = headers_add(&l, "Expect:"); /* no waiting for 100 Continue */
	bool has_type = false;

	for (unsigned i = 0; ok && i < r->headers_n; i++) {
		const struct http_header *h = &r->headers[i];
		has_type = has_type || strcasecmp(h->name, "content-type") == 0;
		/* libcurl wants "name;" for an empty value: "name:" would remove the header. */
		int n = h->value[0] ? snprintf(line, sizeof(line), "%s: %s", h->name, h->value)
				    : snprintf(line, sizeof(line), "%s;", h->name);
		ok = n > 0 && (size_t)n < sizeof(line) && headers_add(&l, line);
	}
	wipe(line, sizeof(line));
	if (ok && !has_type)
		ok = headers_add(&l, "Content-Type:"); /* not curl's form type by default */
	if (!ok) {
		headers_wipe(l);
		return err_set(err, ERR_MEMORY, "no memory for the headers");
	}
	*ret = l;
	return true;
}

/* The library's words, which may quote the peer. */
static const char *printable(char *z)
{
	for (char *p = z; *p; p++)
		if ((unsigned char)*p < 0x20 || (unsigned char)*p >= 0x7f)
			*p = '?';
	return z;
}

static bool failed(struct http_curl *h, const struct exchange *x, CURLcode code, struct err *err)
{
	static const struct {
		CURLcode code;
		enum err_kind kind;
	} rows[] = {
	    {CURLE_URL_MALFORMAT, ERR_INVALID},
	    {CURLE_UNSUPPORTED_PROTOCOL, ERR_PROTOCOL}, /* HTTP/0.9; the URL was checked */
	    {CURLE_OPERATION_TIMEDOUT, ERR_TIMEOUT},
	    {CURLE_OUT_OF_MEMORY, ERR_MEMORY},
	    {CURLE_FILESIZE_EXCEEDED, ERR_LIMIT},
	    {CURLE_PEER_FAILED_VERIFICATION, ERR_UNTRUSTED},
	    {CURLE_SSL_CONNECT_ERROR, ERR_UNTRUSTED},
	    {CURLE_SSL_ISSUER_ERROR, ERR_UNTRUSTED},
	    {CURLE_SSL_CACERT_BADFILE, ERR_NOT_FOUND},
	    {CURLE_SSL_CERTPROBLEM, ERR_PERMISSION},
	    {CURLE_WEIRD_SERVER_REPLY, ERR_PROTOCOL},
	    {CURLE_BAD_CONTENT_ENCODING, ERR_PROTOCOL},
	    {CURLE_GOT_NOTHING, ERR_UNREACHABLE},
	    {CURLE_PARTIAL_FILE, ERR_UNREACHABLE},
	    {CURLE_HTTP2, ERR_PROTOCOL},
	};
	enum err_kind kind = ERR_UNREACHABLE;

	if (x->is_memory_out)
		return err_set(err, ERR_MEMORY, "no memory for the answer");
	/* libcurl's name for a header line beyond its own bound. */
	if (code == CURLE_OUT_OF_MEMORY && x->lines_n)
		return err_set(err, ERR_LIMIT, "the answer has a header line of excessive length");
	if (x->is_body_over)
		return err_set(err, ERR_LIMIT, "the answer is longer than %zu bytes", x->body_max);
	if (x->is_head_over)
		return err_set(err, ERR_LIMIT, "the answer has more headers than any honest one");
	if (code == CURLE_COULDNT_CONNECT && x->is_address_refused)
		return err_set(err, ERR_REFUSED,
			       "the name led to %s, an address of this host or link, which only a "
			       "URL that says so may reach",
			       x->refused_address);
	for (size_t i = 0; i < ARRAY_N(rows); i++)
		if (rows[i].code == code)
			kind = rows[i].kind;
	/* TLS 1.3 says only now that it wants a certificate, or another one. */
	if ((code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR) &&
	    strstr(h->why, "SSL routines"))
		kind = ERR_UNTRUSTED;
	return err_set(err, kind, "%s", h->why[0] ? printable(h->why) : curl_easy_strerror(code));
}

#define SET(option, value) (ok = ok && curl_easy_setopt(h->easy, option, value) == CURLE_OK)

static bool set_up(struct http_curl *h, const struct http_request *r, struct exchange *x,
		   struct curl_slist *headers)
{
	int64_t timeout_ms = (r->timeout_us ? r->timeout_us : HTTP_TIMEOUT_DEFAULT) / US_MS;
	bool ok = true;

	/* Connections and cached names outlive the reset, options do not. */
	curl_easy_reset(h->easy);
	timeout_ms = MAX(timeout_ms, 1);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_ERRORBUFFER, h->why);
	SET(CURLOPT_URL, r->url);
	SET(CURLOPT_PROTOCOLS_STR, x->url->is_plain ? "http" : "https");
	SET(CURLOPT_REDIR_PROTOCOLS_STR, "https");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_NOPROXY, "*");
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_HTTP09_ALLOWED, 0L);
	SET(CURLOPT_HTTP_CONTENT_DECODING, 0L);
	SET(CURLOPT_USERAGENT, "rotad");
	SET(CURLOPT_HTTPHEADER, headers);

	SET(CURLOPT_TIMEOUT_MS, (long)timeout_ms);
	SET(CURLOPT_CONNECTTIMEOUT_MS, MIN((long)timeout_ms, HTTP_CONNECT_MS_MAX));
	SET(CURLOPT_LOW_SPEED_LIMIT, HTTP_LOW_SPEED_BYTES);
	SET(CURLOPT_LOW_SPEED_TIME, HTTP_LOW_SPEED_S);
	SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)x->body_max);
	SET(CURLOPT_BUFFERSIZE, 16L * 1024);
	SET(CURLOPT_MAXCONNECTS, HTTP_CONNECTIONS_MAX);
	SET(CURLOPT_MAXLIFETIME_CONN, HTTP_CONNECTION_AGE_S);

	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	/* A resumed session would skip the checks that a renewed certificate deserves. */
	SET(CURLOPT_SSL_SESSIONID_CACHE, 0L);
	if (r->ca_file) { /* it alone: the build's default folder would be trusted beside it */
		SET(CURLOPT_CAINFO, r->ca_file);
		SET(CURLOPT_CAPATH, NULL);
	}
	if (r->client_pem) {
		SET(CURLOPT_SSLCERTTYPE, "PEM");
		SET(CURLOPT_SSLCERT, r->client_pem);
		SET(CURLOPT_SSLKEY, r->client_pem);
		SET(CURLOPT_KEYPASSWD, ""); /* an encrypted key is an error, not a prompt */
	}
	if (r->unix_socket)
		SET(CURLOPT_UNIX_SOCKET_PATH, r->unix_socket);

	SET(CURLOPT_OPENSOCKETFUNCTION, on_open);
	SET(CURLOPT_OPENSOCKETDATA, x);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, x);
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, x);

	if (strcmp(r->method, "GET") == 0) {
		SET(CURLOPT_HTTPGET, 1L);
	} else {
		SET(CURLOPT_POST, 1L);
		SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body.n);
		SET(CURLOPT_POSTFIELDS, r->body.n ? r->body.p : "");
		SET(CURLOPT_CUSTOMREQUEST, r->method);
	}
	return ok;
}

static bool curl_exchange(void *self, const struct http_request *r, struct http_response *ret,
			  struct err *err)
{
	struct http_curl *h = self;
	struct http_url url;
	struct http_response response = {0};
	struct exchange x = {.url = &url, .response = &response};
	struct curl_slist *headers = NULL;
	long status = 0;

	if (!http_request_check(r, &url, err) || !headers_make(r, &headers, err))
		return false;
	x.body_max = r->body_max ? r->body_max : HTTP_BODY_BYTES_MAX;
	response.body.max = x.body_max;
	h->why[0] = '\0';
	bool ok = set_up(h, r, &x, headers);
	CURLcode code = ok ? curl_easy_perform(h->easy) : CURLE_OUT_OF_MEMORY;
	(void)curl_easy_getinfo(h->easy, CURLINFO_RESPONSE_CODE, &status); /* 0 tells */
	curl_easy_reset(h->easy); /* forgets every pointer of ours */
	headers_wipe(headers);

	ok = code == CURLE_OK && !x.is_compressed && status >= 200 && status <= 599;
	if (!ok)
		err_subject(err, url.host);
	if (code != CURLE_OK)
		(void)failed(h, &x, code, err);
	else if (x.is_compressed)
		(void)err_set(err, ERR_PROTOCOL,
			      "the answer is compressed, which was not asked for");
	else if (!ok)
		(void)err_set(err, ERR_PROTOCOL, "the answer has the status %ld", status);
	if (!ok) {
		buf_wipe(&response.body);
		return false;
	}
	response.status = (int)status;
	*ret = response;
	return true;
}

const struct http_ops http_curl_ops = {.exchange = curl_exchange};

bool http_curl_new(struct http_curl **ret, struct err *err)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_set(err, ERR_MEMORY, "libcurl cannot start");
	const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);
	if (!(v->features & CURL_VERSION_SSL) || !(v->features & CURL_VERSION_UNIX_SOCKETS)) {
		curl_global_cleanup();
		return err_set(err, ERR_UNSUPPORTED, "this libcurl has no TLS or no unix sockets");
	}
	struct http_curl *h = calloc(1, sizeof(*h));
	if (h)
		h->easy = curl_easy_init();
	if (!h || !h->easy) {
		free(h);
		curl_global_cleanup();
		return err_set(err, ERR_MEMORY, "no memory for libcurl");
	}
	*ret = h;
	return true;
}

void http_curl_free(struct http_curl *h)
{
	if (!h)
		return;
	curl_easy_cleanup(h->easy);
	free(h);
	curl_global_cleanup();
}
