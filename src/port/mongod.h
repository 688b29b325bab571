/* SPDX-License-Identifier: Apache-2.0 */
/* The database from outside: one direct connection to one member for each call, never one member's
 * view of another. Implemented by sys/mongod_rpc.c (through the helper rotad-mongo) and by fakes.
 * Every call ends within its deadline. */
#ifndef PORT_MONGOD_H
#define PORT_MONGOD_H

#include "base/err.h"
#include "model/mongod_ask.h"
#include "model/mongod_view.h"

/* `self` is the adapter's own. All return false with err set when there was no usable answer:
 * ERR_UNREACHABLE, ERR_TIMEOUT, ERR_AUTH (the credential of the call was refused), ERR_REFUSED (the
 * server said no: err.text has code and message; err.sys holds the server's code), ERR_PROTOCOL,
 * ERR_CRYPTO (TLS: its certificate is not trusted or does not hold its name). */
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
	/* The sharded cluster, asked of one of its config servers. */
	bool (*shards)(void *self, const struct mongod_target *t, const struct mongod_credential *c,
		       struct mongod_shards *ret, struct err *err);
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
