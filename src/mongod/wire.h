/* SPDX-License-Identifier: Apache-2.0 */
/* One connection to one server: TCP, TLS, and commands as OP_MSG. Every call ends at its deadline.
 * Knows no command; no pools, no retries, no discovery: rotad wants to know exactly which process
 * said what, with the server's own error code. */
#ifndef MONGOD_WIRE_H
#define MONGOD_WIRE_H

#include <openssl/ssl.h>

#include "mongod/doc.h"
#include "port/mongod.h"

#define WIRE_CONNECT_US (1 * US_S) /* all addresses of a host together */
enum {
	WIRE_BYTES_MAX = 17 * 1024 * 1024, /* one reply: 16 MB and its frame, the server's own limit
					    */
};

struct wire {
	int fd;         /* -1: none */
	SSL *ssl;       /* NULL: plain */
	int32_t number; /* of the last request */
};
#define WIRE_INIT ((struct wire){.fd = -1})

/* What a TLS handshake showed, for who wants to judge by himself (the TLS probe). */
struct wire_tls {
	bool is_handshake_done, is_chain_trusted, is_name_covered;
	char protocol[16];
	char reason[256]; /* the first thing that was wrong; "" */
	X509 *leaf;       /* own; free with wire_tls_fini() */
	STACK_OF(X509) * chain;
};
void wire_tls_fini(struct wire_tls *t);

/* Connect to t->address, or t->host, by TCP within WIRE_CONNECT_US and the deadline. Errors:
 * ERR_UNREACHABLE, ERR_TIMEOUT, ERR_INVALID, ERR_SYSTEM. */
MUST_CHECK bool wire_connect(struct wire *w, const struct mongod_target *t, struct mono deadline,
			     struct err *err);
/* Speak TLS: a fresh context each time, so that the server asks for our certificate each time. With
 * look NULL a server that is not trusted by t->ca_file, or whose certificate does not hold t->host
 * (unless allows_invalid_hostnames), is refused (ERR_CRYPTO) before anything is said to it. With
 * look, true whatever is found, as long as there was a handshake to look at; *look may be half
 * filled. Errors: ERR_UNREACHABLE (handshake failed), ERR_TIMEOUT, ERR_NOT_FOUND, ERR_PERMISSION,
 * ERR_INVALID (our own files), ERR_MEMORY. */
MUST_CHECK bool wire_tls_start(struct wire *w, const struct mongod_target *t, struct mono deadline,
			       struct wire_tls *look, struct err *err);
/* Send command (with its $db) and read the reply, ok or not. *ret is an initialised, empty
 * document. On failure the connection is out of step: close it. *ret_was_sent (may be NULL) tells,
 * on failure too, whether any byte may have left. Errors: ERR_UNREACHABLE, ERR_TIMEOUT,
 * ERR_PROTOCOL, ERR_MEMORY. */
MUST_CHECK bool wire_command(struct wire *w, const bson_t *command, struct mono deadline,
			     bson_t *ret, bool *ret_was_sent, struct err *err);
/* Is there still an open, quiet connection? */
bool wire_is_alive(const struct wire *w);
void wire_close(struct wire *w);

/* ok: 1, else the server's word as an error: ERR_AUTH for code 18, else ERR_REFUSED; err.sys is the
 * code. */
MUST_CHECK bool wire_reply_check(const bson_t *reply, struct err *err);

enum { /* server error codes that mean something to us */
       CODE_UNAUTHORIZED = 13,
       CODE_AUTHENTICATION_FAILED = 18,
       CODE_MAX_TIME = 50,
       CODE_COMMAND_NOT_FOUND = 59,
       CODE_SHUTDOWN_IN_PROGRESS = 91,
       CODE_NOT_WRITABLE_PRIMARY = 10107,
       CODE_NOT_PRIMARY_OR_SECONDARY = 13436,
       CODE_DUPLICATE_KEY = 11000,
};

#endif
