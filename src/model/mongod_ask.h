/* SPDX-License-Identifier: Apache-2.0 */
/* Whom to ask, as whom, and what logins and handshakes showed, as plain values: for port/mongod.h
 * and for the codec between rotad and rotad-mongo. */
#ifndef MODEL_MONGOD_ASK_H
#define MODEL_MONGOD_ASK_H

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
	bool is_member; /* AS_CERTIFICATE: the member's own, so __system; for who made it only */
};

/* The result of a login proof: made on a fresh connection whose hello showed process_id. */
struct mongod_login_result {
	enum login_verdict verdict;
	int code; /* server's error code when refused, 18 is AuthenticationFailed */
	char process_id[PROCESS_ID_CHARS + 1];
	char me[HOST_BYTES_MAX], set_name[NAME_BYTES_MAX];
};

/* A TLS handshake that goes on to a hello: a server that rejects our certificate says so only after
 * the handshake. */
struct mongod_tls_result {
	bool is_handshake_done, is_hello_answered; /* the second is the proof */
	bool is_chain_trusted, is_name_covered;    /* by target.ca_file and target.host */
	char reason[256];  /* why not, in OpenSSL's or the server's words; "" when all is well */
	char protocol[16]; /* TLSv1.3 */
	struct cert_view served;
	char process_id[PROCESS_ID_CHARS + 1];
};

#endif
