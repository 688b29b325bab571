/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon's own HTTP interface on a unix socket, for rotactl and scripts: JSON in, JSON out.
 * Runs inside the caller's event loop; knows routes, limits and who asks, not what an answer means.
 */
#ifndef API_API_H
#define API_API_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"

/* Who may: who can open the socket reads (rotad.socket gives it to the group rotad-read); root,
 * rotad's own user and the group rotad-operate change; who gets keys is decided by root and rotad's
 * own user alone, also by a word in the body of what others may ask (`may_trust` of the call). */
enum api_need { API_READS, API_CHANGES, API_TRUSTS };
#define API_OPERATE_GROUP "rotad-operate"
/* Header of a request: the login uid of who asks. Believed of whoever could have it written into
 * rotad's journal anyway. */
#define API_LOGIN_HEADER "Rotad-Login"

/* X(method, path, need, is answered from the last snapshot, what it does) */
#define API_ROUTES(X)                                                                              \
	X("GET", "/v1/status", READS, true, "how every instance of this host stands")              \
	X("GET", "/v1/config", READS, false, "the configuration in use, the schedule merged in")   \
	X("GET", "/v1/history", READS, false, "what rotad did on this host, newest last")          \
	X("POST", "/v1/verify", READS, false, "try keys on every member now")                      \
	X("POST", "/v1/verify/all", CHANGES, false, "the same with keys that must be refused")     \
	X("GET", "/v1/doctor", READS, false, "could this host take its turn")                      \
	X("GET", "/v1/alerts", READS, false, "how the alert targets fare")                         \
	X("GET", "/v1/cert/request", READS, false, "the certificate request that waits")           \
	X("POST", "/v1/cert/import", CHANGES, false, "take the CA's answer to it")                 \
	X("GET", "/v1/trust", READS, false, "whom this host believes")                             \
	X("POST", "/v1/trust/confirm", TRUSTS, false, "admit the new identity of a host")          \
	X("POST", "/v1/trust/revoke", TRUSTS, false, "revoke the identity of a host")              \
	X("POST", "/v1/keyfile/request", TRUSTS, false, "ask for a key that a person carries")     \
	X("POST", "/v1/keyfile/export", TRUSTS, false, "seal the key in use for who asked")        \
	X("POST", "/v1/keyfile/import", TRUSTS, false, "take a key that was carried")              \
	X("POST", "/v1/keyfile/next", TRUSTS, false, "the keyfile to write, with another writer")  \
	X("POST", "/v1/before-start", CHANGES, false, "mongod is about to be started")             \
	X("POST", "/v1/rotate", CHANGES, false, "order a rotation")                                \
	X("POST", "/v1/approve", CHANGES, false, "approve what waits in mode ask")                 \
	X("POST", "/v1/pause", CHANGES, false, "hold the cluster where it is")                     \
	X("POST", "/v1/resume", CHANGES, false, "go on")                                           \
	X("POST", "/v1/abort", CHANGES, false, "give up the rotation, back to the key in use")     \
	X("POST", "/v1/release", CHANGES, false, "give back a turn whose holder is gone")          \
	X("POST", "/v1/ledger/rebuild", TRUSTS, false, "make the ledger anew, or go over to it")   \
	X("POST", "/v1/alerts/test", CHANGES, false, "send a test to the alert targets")           \
	X("POST", "/v1/reload", CHANGES, false, "read the configuration again")

struct api_route {
	const char *method, *path;
	enum api_need need;
	bool is_snapshot;
	const char *help;
};
extern const struct api_route api_routes[];
extern const size_t api_routes_n;

/* One request that waits for its answer. The pointers live until api_finish(). */
struct api_call {
	const struct api_route *route;
	struct str body; /* JSON, or empty */
	uid_t uid;
	bool may_trust; /* it is one of those who decide who gets keys, whatever the route needs */
	char who[64];   /* the login user behind sudo, else the user: for the history */
};

struct api_owner {
	void *self;
	/* The last published status; copied into *ret. */
	void (*snapshot)(void *self, struct buf *ret);
	/* Take a call; finish it later, from the same thread that runs the api, by api_finish(). */
	void (*submit)(void *self, struct api_call *call);
	uid_t own_uid;
	gid_t operate_gid; /* of API_OPERATE_GROUP; (gid_t)-1: there is no such group */
};

struct api;
/* Serve on a listening unix socket (taken over). *ret is new; end with api_free(). Errors:
 * ERR_SYSTEM. */
MUST_CHECK bool api_new(int listen_fd, const struct api_owner *owner, struct api **ret,
			struct err *err);
int api_fd(const struct api *a); /* readable: call api_run() */
/* Do what can be done without waiting. Returns when to call again at the latest, in microseconds;
 * -1: only when api_fd() is readable. */
int64_t api_run(struct api *a);
/* Answer a call: HTTP status and JSON text. */
void api_finish(struct api *a, struct api_call *call, unsigned status, struct str json);
void api_free(struct api *a);

/* The group whose members may operate, as the host knows it now; (gid_t)-1 without one. May ask a
 * directory service: at a start only. */
gid_t api_operate_group(void);
/* A listening unix socket at path, mode 0660, in place of a stale one. Errors: ERR_CONFLICT
 * (somebody answers there), ERR_PERMISSION, ERR_LIMIT, ERR_SYSTEM. */
MUST_CHECK bool api_listen(const char *path, int *ret_fd, struct err *err);

#endif
