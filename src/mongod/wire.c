/* SPDX-License-Identifier: Apache-2.0 */
/* TCP, TLS and OP_MSG. OP_MSG: header (length, number, number answered, opcode 2013), flag bits,
 * then one section of kind 0, a BSON document; all little endian. */
#include "mongod/wire.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "mongod/resolve.h"

DEFINE_AUTO(SSL_CTX, SSL_CTX_free);
DEFINE_AUTO(SSL, SSL_free);
DEFINE_AUTO(X509, X509_free);
typedef struct addrinfo addrinfo;
DEFINE_AUTO(addrinfo, freeaddrinfo);

enum { HEAD_BYTES = 16, FLAG_BYTES = 4, OP_MSG = 2013, FLAGS_KNOWN = 1 << 16 };

struct head {
	int32_t n, number, answers, opcode;
};

static bool wait_ready(int fd, short events, struct mono deadline, struct err *err)
{
	for (;;) {
		int64_t left = deadline.us - resolve_now().us;
		struct pollfd p = {.fd = fd, .events = events};
		int n = poll(&p, 1, left <= 0 ? 0 : (int)(MIN(left, 3600 * US_S) / 1000 + 1));
		if (n > 0)
			return true;
		if (n < 0 && errno != EINTR)
			return err_sys(err, errno, "waiting for the server");
		if (left <= 0)
			return err_set(err, ERR_TIMEOUT, "no answer within the time given");
	}
}

static bool connect_one(const struct addrinfo *a, struct mono deadline, int *ret_fd,
			struct err *err)
{
	int yes = 1, e = 0;
	socklen_t e_n = sizeof(e);
	auto_close int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_sys(err, errno, "making a socket");
	if (connect(fd, a->ai_addr, a->ai_addrlen) != 0) {
		if (errno != EINPROGRESS)
			return err_set(err, ERR_UNREACHABLE, "%s", strerrordesc_np(errno));
		if (!wait_ready(fd, POLLOUT, deadline, err))
			return false;
		if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &e_n) != 0)
			return err_sys(err, errno, "connecting");
		if (e != 0)
			return err_set(err, ERR_UNREACHABLE, "%s", strerrordesc_np(e));
	}
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes)); /* only slower without */
	*ret_fd = fd;
	fd = -1;
	return true;
}

bool wire_connect(struct wire *w, const struct mongod_target *t, struct mono deadline,
		  struct err *err)
{
	const char *where = t->address ? t->address : t->host;
	const struct mono end = {.us = MIN(deadline.us, resolve_now().us + WIRE_CONNECT_US)};
	struct err why = ERR_INIT;
	AUTO(addrinfo) all = NULL;

	if (!resolve(where, end, &all, err))
		return false;
	int left_n = 0;
	for (const struct addrinfo *a = all; a; a = a->ai_next)
		left_n++;
	/* One after the other, each with its share, so that a dead IPv6 path does not eat it all.
	 */
	for (const struct addrinfo *a = all; a; a = a->ai_next, left_n--) {
		int64_t now_us = resolve_now().us;
		struct mono share = {.us = now_us + (end.us - now_us) / left_n};
		why = ERR_INIT;
		if (connect_one(a, share, &w->fd, &why))
			return true;
	}
	return err_set(err, why.kind == ERR_TIMEOUT ? ERR_TIMEOUT : ERR_UNREACHABLE,
		       "cannot connect to %s: %s", where,
		       why.kind == ERR_TIMEOUT ? "no answer" : why.text);
}

/* The first reason in OpenSSL's queue; empties it. */
static const char *ssl_reason(void)
{
	unsigned long e = ERR_get_error();
	ERR_clear_error();
	const char *reason = e ? ERR_reason_error_string(e) : NULL;
	return reason ? reason : "the server closed the connection";
}

/* Never ask a person: an encrypted key without its password is an error. */
static int no_password(char *out, int out_n, int is_write, void *arg)
{
	(void)out, (void)out_n, (void)is_write, (void)arg;
	return 0;
}

static bool file_is_readable(const char *path, const char *what, struct err *err)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0)
		return true;
	err_subject(err, path);
	return err_sys(err, errno, "%s", what);
}

static bool context_make(const struct mongod_target *t, SSL_CTX **ret, struct err *err)
{
	ERR_clear_error();
	AUTO(SSL_CTX) context = SSL_CTX_new(TLS_client_method());
	if (!context || SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1)
		return err_set(err, ERR_MEMORY, "no TLS context: %s", ssl_reason());
	SSL_CTX_set_default_passwd_cb(context, no_password);
	if (!t->ca_file) {
		if (SSL_CTX_set_default_verify_paths(context) != 1)
			return err_set(err, ERR_INVALID, "no system trust store: %s", ssl_reason());
	} else if (!file_is_readable(t->ca_file, "reading the CA file", err)) {
		return false;
	} else if (SSL_CTX_load_verify_file(context, t->ca_file) != 1) {
		err_subject(err, t->ca_file);
		return err_set(err, ERR_INVALID, "not a CA file: %s", ssl_reason());
	}
	if (t->client_pem) {
		if (!file_is_readable(t->client_pem, "reading the client certificate", err))
			return false;
		if (SSL_CTX_use_certificate_chain_file(context, t->client_pem) != 1 ||
		    SSL_CTX_use_PrivateKey_file(context, t->client_pem, SSL_FILETYPE_PEM) != 1 ||
		    SSL_CTX_check_private_key(context) != 1) {
			err_subject(err, t->client_pem);
			return err_set(err, ERR_INVALID, "not a certificate with its key: %s",
				       ssl_reason());
		}
	}
	*ret = take(&context);
	return true;
}

/* As mongod does when it dials: SAN by DNS name or IP address; the CN only where there is no SAN.
 */
static bool name_is_covered(X509 *leaf, const char *name)
{
	if (resolve_is_ip(name))
		return X509_check_ip_asc(leaf, name, 0) == 1;
	return X509_check_host(leaf, name, 0, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL) == 1;
}

static bool handshake(struct wire *w, SSL *ssl, struct mono deadline, struct err *err)
{
	for (;;) {
		ERR_clear_error();
		int n = SSL_connect(ssl);
		if (n == 1)
			return true;
		int why = SSL_get_error(ssl, n);
		if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE)
			return err_set(err, ERR_UNREACHABLE, "TLS handshake failed: %s",
				       ssl_reason());
		if (!wait_ready(w->fd, why == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, deadline,
				err))
			return err_in(err, "in the TLS handshake");
	}
}

static void reason_set(struct wire_tls *look, const char *format, ...) PRINTF(2, 3);
static void reason_set(struct wire_tls *look, const char *format, ...)
{
	va_list ap;
	if (look->reason[0])
		return; /* the first one stays */
	va_start(ap, format);
	(void)vsnprintf(look->reason, sizeof(look->reason), format, ap);
	va_end(ap);
}

static int accept_any(int is_good, X509_STORE_CTX *store)
{
	(void)is_good, (void)store;
	return 1; /* judged after the handshake, by SSL_get_verify_result() */
}

bool wire_tls_start(struct wire *w, const struct mongod_target *t, struct mono deadline,
		    struct wire_tls *look, struct err *err)
{
	char name[HOST_BYTES_MAX], port[8];
	struct wire_tls own = {.reason = ""};
	AUTO(SSL_CTX) context = NULL;

	if (!resolve_cut(t->host, name, port, err) || !context_make(t, &context, err))
		return false;
	AUTO(SSL) ssl = SSL_new(context);
	if (!ssl || SSL_set_fd(ssl, w->fd) != 1)
		return err_set(err, ERR_MEMORY, "no TLS connection: %s", ssl_reason());
	if (!resolve_is_ip(name) && SSL_set_tlsext_host_name(ssl, name) != 1)
		return err_set(err, ERR_INVALID, "'%s' is no name for TLS", name);
	/* The handshake goes through in any case; nothing is said before the verdict below. */
	SSL_set_verify(ssl, SSL_VERIFY_PEER, accept_any);

	struct wire_tls *seen = look ? look : &own;
	if (!handshake(w, ssl, deadline, err)) {
		reason_set(seen, "%s", err->text);
		return false;
	}
	seen->is_handshake_done = true;
	(void)snprintf(seen->protocol, sizeof(seen->protocol), "%s", SSL_get_version(ssl));
	AUTO(X509) leaf = SSL_get1_peer_certificate(ssl);
	if (!leaf)
		return err_set(err, ERR_PROTOCOL, "the server showed no certificate");
	long verdict = SSL_get_verify_result(ssl);
	seen->is_chain_trusted = verdict == X509_V_OK;
	seen->is_name_covered = name_is_covered(leaf, name);
	if (!seen->is_chain_trusted)
		reason_set(seen, "its certificate is not trusted: %s",
			   X509_verify_cert_error_string(verdict));
	if (!seen->is_name_covered && !t->allows_invalid_hostnames)
		reason_set(seen, "its certificate does not hold the name '%s'", name);
	if (!look && seen->reason[0])
		return err_set(err, ERR_CRYPTO, "%s", seen->reason);
	if (look) {
		const STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl);
		look->chain = chain ? X509_chain_up_ref((STACK_OF(X509) *)(uintptr_t)chain) : NULL;
		look->leaf = take(&leaf);
	}
	w->ssl = take(&ssl);
	return true;
}

void wire_tls_fini(struct wire_tls *t)
{
	X509_free(t->leaf);
	sk_X509_pop_free(t->chain, X509_free);
	*t = (struct wire_tls){.reason = ""};
}

/* One step of input or output: the number of bytes moved, 0 to try again, -1 with err set. */
static ssize_t step_plain(struct wire *w, char *p, size_t n, bool is_send, struct mono deadline,
			  struct err *err)
{
	ssize_t k = is_send ? send(w->fd, p, n, MSG_NOSIGNAL) : recv(w->fd, p, n, 0);
	if (k > 0)
		return k;
	if (k < 0 && errno == EINTR)
		return 0;
	if (k < 0 && errno == EAGAIN)
		return wait_ready(w->fd, is_send ? POLLOUT : POLLIN, deadline, err) ? 0 : -1;
	(void)err_set(err, ERR_UNREACHABLE, "the server closed the connection%s%s",
		      k < 0 ? ": " : "", k < 0 ? strerrordesc_np(errno) : "");
	return -1;
}

static ssize_t step_tls(struct wire *w, char *p, size_t n, bool is_send, struct mono deadline,
			struct err *err)
{
	size_t k = 0;
	ERR_clear_error();
	int ok = is_send ? SSL_write_ex(w->ssl, p, n, &k) : SSL_read_ex(w->ssl, p, n, &k);
	if (ok == 1)
		return (ssize_t)k;
	int why = SSL_get_error(w->ssl, ok);
	if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE)
		return wait_ready(w->fd, why == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, deadline,
				  err)
			   ? 0
			   : -1;
	(void)err_set(err, ERR_UNREACHABLE, "%s", ssl_reason());
	return -1;
}

static bool move(struct wire *w, char *p, size_t n, bool is_send, struct mono deadline,
		 struct err *err)
{
	while (n > 0) {
		ssize_t k = w->ssl ? step_tls(w, p, n, is_send, deadline, err)
				   : step_plain(w, p, n, is_send, deadline, err);
		if (k < 0)
			return false;
		p += k;
		n -= (size_t)k;
	}
	return true;
}

static bool request_send(struct wire *w, const bson_t *command, struct mono deadline,
			 bool *ret_was_sent, struct err *err)
{
	const size_t n = HEAD_BYTES + FLAG_BYTES + 1 + command->len;
	auto_free char *p = calloc(1, n); /* flag bits 0, section kind 0 */
	if (!p)
		return err_set(err, ERR_MEMORY, "no memory for a command");
	w->number = w->number == INT32_MAX ? 1 : w->number + 1;
	const struct head head = {.n = (int32_t)htole32((uint32_t)n),
				  .number = (int32_t)htole32((uint32_t)w->number),
				  .opcode = (int32_t)htole32(OP_MSG)};
	memcpy(p, &head, sizeof(head));
	memcpy(p + HEAD_BYTES + FLAG_BYTES + 1, bson_get_data(command), command->len);
	if (ret_was_sent)
		*ret_was_sent = true;
	return move(w, p, n, true, deadline, err);
}

static bool reply_read(struct wire *w, struct mono deadline, bson_t *ret, struct err *err)
{
	STATIC_ASSERT(sizeof(struct head) == HEAD_BYTES, "the header has no padding");
	struct head head;
	uint32_t flags;
	bson_t view;

	if (!move(w, (char *)&head, sizeof(head), false, deadline, err))
		return false;
	const uint32_t n = le32toh((uint32_t)head.n);
	if (n < HEAD_BYTES + FLAG_BYTES + 1 + 5 || n > WIRE_BYTES_MAX)
		return err_set(err, ERR_PROTOCOL, "a reply of %u bytes was announced", n);
	if (le32toh((uint32_t)head.opcode) != OP_MSG ||
	    (int32_t)le32toh((uint32_t)head.answers) != w->number)
		return err_set(err, ERR_PROTOCOL, "that is no answer to the command");
	const size_t body_n = n - HEAD_BYTES;
	auto_free char *p = malloc(body_n);
	if (!p)
		return err_set(err, ERR_MEMORY, "no memory for a reply of %u bytes", n);
	if (!move(w, p, body_n, false, deadline, err))
		return false;
	memcpy(&flags, p, sizeof(flags));
	/* Bits 0 (checksum) and 1 (more to come) come only to who asked for them. */
	if (le32toh(flags) % FLAGS_KNOWN != 0 || p[FLAG_BYTES] != 0)
		return err_set(err, ERR_PROTOCOL, "a reply of an unknown form");
	/* Its texts are checked where they are read (doc.c): libbson's own check passes bad ones.
	 */
	if (!bson_init_static(&view, (const uint8_t *)p + FLAG_BYTES + 1,
			      body_n - FLAG_BYTES - 1) ||
	    !bson_validate(&view, BSON_VALIDATE_NONE, NULL))
		return err_set(err, ERR_PROTOCOL, "a reply that is not BSON");
	bson_copy_to(&view, ret);
	return true;
}

bool wire_command(struct wire *w, const bson_t *command, struct mono deadline, bson_t *ret,
		  bool *ret_was_sent, struct err *err)
{
	ASSERT(w->fd >= 0);
	if (ret_was_sent)
		*ret_was_sent = false;
	return request_send(w, command, deadline, ret_was_sent, err) &&
	       reply_read(w, deadline, ret, err);
}

bool wire_is_alive(const struct wire *w)
{
	struct pollfd p = {.fd = w->fd, .events = POLLIN};
	/* Readable without a request: closed, or a TLS alert, or a late reply. None is usable. (A
	 * TLS 1.3 session ticket comes before the first reply and is read with it.) */
	return w->fd >= 0 && poll(&p, 1, 0) == 0;
}

void wire_close(struct wire *w)
{
	if (w->ssl) {
		if (w->fd >= 0 && SSL_is_init_finished(w->ssl))
			(void)SSL_shutdown(w->ssl); /* a courtesy: nobody waits for the answer */
		ERR_clear_error();
		SSL_free(w->ssl);
	}
	if (w->fd >= 0)
		(void)close(w->fd);
	*w = WIRE_INIT;
}

bool wire_reply_check(const bson_t *reply, struct err *err)
{
	if (doc_true(reply, "ok"))
		return true;
	int64_t code = doc_int(reply, "code", 0);
	const char *text = doc_text(reply, "errmsg");
	(void)err_set(err, code == CODE_AUTHENTICATION_FAILED ? ERR_AUTH : ERR_REFUSED,
		      "%s (code %lld%s%s)", text[0] ? text : "refused without a reason",
		      (long long)code, doc_text(reply, "codeName")[0] ? " " : "",
		      doc_text(reply, "codeName"));
	err->sys = (int)MIN(MAX(code, 0), INT32_MAX);
	return false;
}
