/* SPDX-License-Identifier: Apache-2.0 */
/* The database from outside: one direct connection to one member for each call, never one member's
 * view of another. Implemented by sys/mongod_rpc.c (through the helper rotad-mongo) and by fakes.
 * Every call ends within its deadline. */
#ifndef PORT_MONGOD_H
#define PORT_MONGOD_H

#include "base/err.h"
#include "model/certificate.h"
#include "model/keyring.h"
#include "model/mongod_view.h"

/* Where and how to connect. Borrows its strings. */
struct mongod_target {
	const char *host; /* "db1.example.net:27017", "[::1]:27017"; the name that its certificate
			     must hold */
	const char *address; /* NULL, or where to connect instead of resolving host
				("127.0.0.1:27017"); TLS still checks host */
	bool tls;
	const char *ca_file;    /* path or NULL */
	const char *client_pem; /* path or NULL: certificate and key to present */
	bool allows_invalid_hostnames;
	int64_t timeout_us; /* for the whole call; 0: MONGOD_TIMEOUT_US */
};
#define MONGOD_TIMEOUT_US (3 * US_S)

enum mongod_login_how {
	LOGIN_AS_NOBODY, /* localhost exception, arbiters on loopback */
	LOGIN_AS_SYSTEM, /* __system@local with one key, SCRAM-SHA-256 (SHA-1 only where nothing
			    else is offered) */
	LOGIN_AS_USER,   /* SCRAM, user and password */
	LOGIN_AS_CERTIFICATE, /* MONGODB-X509 with the target's client_pem */
};
struct mongod_credential {
	enum mongod_login_how how;
	const struct secret *key; /* AS_SYSTEM: the key text; AS_USER: the password; borrowed */
	const char *user;         /* AS_USER */
	const char *database;     /* AS_USER: authentication database, NULL = admin */
};

/* The result of a login proof: made on a fresh connection whose hello showed process_id. */
struct mongod_login_result {
	enum login_verdict verdict;
	int code; /* server's error code when refused, 18 is AuthenticationFailed */
	char process_id[PROCESS_ID_CHARS + 1];
	char me[HOST_BYTES_MAX], set_name[NAME_BYTES_MAX];
};

/* A TLS handshake that goes on to a hello (know: fact 9). */
struct mongod_tls_result {
	bool is_handshake_done, is_hello_answered; /* the second is the proof */
	bool is_chain_trusted, is_name_covered;    /* by target.ca_file and target.host */
	char reason[256];  /* why not, in OpenSSL's or the server's words; "" when all is well */
	char protocol[16]; /* TLSv1.3 */
	struct cert_view served;
	char process_id[PROCESS_ID_CHARS + 1];
};

/* `self` is the adapter's own. All return false with err set when there was no usable answer:
 * ERR_UNREACHABLE, ERR_TIMEOUT, ERR_AUTH (the credential of the call was refused), ERR_REFUSED (the
 * server said no: err.text has code and message; err.sys holds the server's code), ERR_PROTOCOL. */
struct mongod_ops {
	bool (*hello)(void *self, const struct mongod_target *t, struct mongod_hello *ret,
		      struct err *err);
	bool (*status)(void *self, const struct mongod_target *t, const struct mongod_credential *c,
		       struct mongod_status *ret, struct err *err);
	bool (*config)(void *self, const struct mongod_target *t, const struct mongod_credential *c,
		       struct mongod_config *ret, struct err *err);
	bool (*server)(void *self, const struct mongod_target *t, const struct mongod_credential *c,
		       struct mongod_server *ret, struct err *err);
	/* getCmdLineOpts of the live process. */
	bool (*options)(void *self, const struct mongod_target *t,
			const struct mongod_credential *c, struct mongod_options *ret,
			struct err *err);
	/* One login with c alone, appName rotad-proof, on a fresh connection. A refusal is an
	 * answer (true), not an error. */
	bool (*login)(void *self, const struct mongod_target *t, const struct mongod_credential *c,
		      struct mongod_login_result *ret, struct err *err);
	/* TLS probe, fresh context, no session reuse. A failed handshake is an answer (true); no
	 * TCP connection is an error. */
	bool (*tls)(void *self, const struct mongod_target *t, struct mongod_tls_result *ret,
		    struct err *err);
	/* replSetStepDown {seconds, secondaryCatchUpPeriodSecs}. Refusal 262 is ERR_REFUSED with
	 * err.sys 262. */
	bool (*step_down)(void *self, const struct mongod_target *t,
			  const struct mongod_credential *c, int64_t seconds, int64_t catch_up_s,
			  struct err *err);
	/* setParameter of an integer. */
	bool (*set_parameter)(void *self, const struct mongod_target *t,
			      const struct mongod_credential *c, const char *name, int64_t value,
			      struct err *err);
	/* rotateCertificates {message}. Its ok proves nothing (know: section 3). */
	bool (*rotate_certificates)(void *self, const struct mongod_target *t,
				    const struct mongod_credential *c, const char *message,
				    struct err *err);
	/* Sessions of __system from addresses not in hosts[] (space separated in ret_text; "" if
	 * none). */
	bool (*foreign_sessions)(void *self, const struct mongod_target *t,
				 const struct mongod_credential *c, const char *const *hosts,
				 size_t hosts_n, char *ret_text, size_t ret_text_n,
				 struct err *err);
	/* Drop pooled connections to all members: after a restart, or when keys changed. Never
	 * fails. */
	void (*forget)(void *self);
};

struct mongod_port {
	const struct mongod_ops *ops;
	void *self;
};

#endif
