/* SPDX-License-Identifier: Apache-2.0 */
/* libmicrohttpd inside the caller's event loop: one table of routes, bounded bodies, the peer's
 * credentials from the kernel. */
#include "api/api.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <microhttpd.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"

enum {
	CONNECTIONS_MAX = 64,
	PEER_CONNECTIONS_MAX = 32, /* of one user: the others still get in */
	CONNECTION_MEMORY = 32 * 1024,
	IDLE_S = 30,
	GROUPS_MAX = 1024, /* of one peer; who is in more is in none of ours */
};
#define NOT_SET ((uid_t)-1) /* a login uid that nobody has set */

const struct api_route api_routes[] = {
#define X(m, p, n, s, h) {.method = m, .path = p, .need = API_##n, .is_snapshot = s, .help = h},
    API_ROUTES(X)
#undef X
};
const size_t api_routes_n = ARRAY_N(api_routes);

struct api {
	struct MHD_Daemon *daemon;
	struct api_owner owner;
	struct {
		uid_t uid;
		unsigned n;
	} peers[CONNECTIONS_MAX]; /* who is connected how often; n 0: a free row */
};

/* One HTTP request, from its first line to its end. */
struct exchange {
	struct api_call call; /* first: api_finish() gets this */
	struct MHD_Connection *connection;
	struct buf body;
	bool is_submitted, is_finished, is_gone;
	unsigned status;
	struct buf answer;
};

static void exchange_free(struct exchange *x)
{
	buf_fini(&x->body);
	buf_fini(&x->answer);
	free(x);
}

static enum MHD_Result answer(struct MHD_Connection *c, unsigned status, struct str json)
{
	/* MHD copies the text: it may be sent after this returns. */
	struct MHD_Response *r = MHD_create_response_from_buffer(json.n, (void *)(uintptr_t)json.p,
								 MHD_RESPMEM_MUST_COPY);
	enum MHD_Result ok;
	if (!r)
		return MHD_NO;
	(void)MHD_add_response_header(r, "Content-Type", "application/json");
	ok = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return ok;
}

static enum MHD_Result refuse(struct MHD_Connection *c, unsigned status, const char *text)
{
	char json[256];
	snprintf(json, sizeof(json), "{\"error\":{\"kind\":\"%s\",\"text\":\"%s\"}}",
		 status == 404   ? "NOT_FOUND"
		 : status == 403 ? "PERMISSION"
				 : "INVALID",
		 text);
	return answer(c, status, str_of(json));
}

/* Decimal digits of a uid and nothing else; NOT_SET for anything but that. */
static uid_t uid_of(const char *text)
{
	uint64_t n = 0;
	size_t i;
	for (i = 0; text[i] >= '0' && text[i] <= '9' && i < 10; i++)
		n = n * 10 + (uint64_t)(text[i] - '0');
	return i && !text[i] && n < NOT_SET ? (uid_t)n : NOT_SET;
}

/* The login uid that the kernel keeps through sudo (proc(5), /proc/PID/loginuid). */
static uid_t login_of(pid_t pid)
{
	char path[64], text[32] = "";
	snprintf(path, sizeof(path), "/proc/%d/loginuid", (int)pid);
	auto_file FILE *f = fopen(path, "re");
	return f && fgets(text, sizeof(text), f) ? uid_of(text) : NOT_SET;
}

static void name_uid(uid_t who, char *out, size_t out_n)
{
	char room[1024];
	struct passwd pw, *found = NULL;
	if (getpwuid_r(who, &pw, room, sizeof(room), &found) == 0 && found)
		snprintf(out, out_n, "%s", found->pw_name);
	else
		snprintf(out, out_n, "uid %u", (unsigned)who);
}

static bool cred_of(struct MHD_Connection *c, struct ucred *ret, int *ret_fd)
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
	socklen_t n = sizeof(*ret);
	if (!info || getsockopt(info->connect_fd, SOL_SOCKET, SO_PEERCRED, ret, &n) != 0)
		return false;
	*ret_fd = info->connect_fd;
	return true;
}

/* A connection begins or ends. One too many of its user is shut at once; libmicrohttpd then closes
 * it. */
static void count_peer(void *self, struct MHD_Connection *c, void **context,
		       enum MHD_ConnectionNotificationCode what)
{
	struct api *a = self;
	struct ucred cred;
	unsigned row = 0;
	int fd;
	if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
		uintptr_t counted = (uintptr_t)*context; /* row + 1; 0: it was not counted */
		if (counted)
			a->peers[counted - 1].n--;
		return;
	}
	*context = NULL;
	if (!cred_of(c, &cred, &fd))
		return; /* whoever it is, no request of his will be taken */
	for (unsigned i = 0; i < ARRAY_N(a->peers); i++)
		if (a->peers[i].n && a->peers[i].uid == cred.uid)
			row = i + 1;
	for (unsigned i = 0; !row && i < ARRAY_N(a->peers); i++)
		if (!a->peers[i].n)
			row = i + 1;
	if (!row || a->peers[row - 1].n >= PEER_CONNECTIONS_MAX) {
		(void)shutdown(fd, SHUT_RDWR);
		return;
	}
	a->peers[row - 1].uid = cred.uid;
	a->peers[row - 1].n++;
	*context = (void *)(uintptr_t)row;
}

/* Was the peer in that group when it connected (unix(7), SO_PEERGROUPS)? */
static bool is_in_group(int fd, const struct ucred *cred, gid_t group)
{
	gid_t groups[GROUPS_MAX];
	socklen_t size = sizeof(groups);
	if (group == (gid_t)-1)
		return false;
	if (cred->gid == group)
		return true;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) != 0)
		return false; /* in more groups than there is room for, too */
	for (size_t i = 0; i < size / sizeof(groups[0]); i++)
		if (groups[i] == group)
			return true;
	return false;
}

/* Under ProtectProc= nobody else's process is to be seen, so rotactl says itself as whom its user
 * logged in. That is believed of root and of rotad's own user only, who could write anything into
 * the history by other ways. */
static uid_t who_asks(const struct api *a, struct MHD_Connection *c, const struct ucred *cred)
{
	uid_t login = login_of(cred->pid);
	if (login == NOT_SET && (cred->uid == 0 || cred->uid == a->owner.own_uid)) {
		const char *said =
		    MHD_lookup_connection_value(c, MHD_HEADER_KIND, API_LOGIN_HEADER);
		login = said ? uid_of(said) : NOT_SET;
	}
	return login == NOT_SET ? cred->uid : login;
}

/* Who asks, into the call. NULL: he may, else why not. */
static const char *peer_check(const struct api *a, struct MHD_Connection *c, struct api_call *call)
{
	struct ucred cred;
	int fd;
	if (!cred_of(c, &cred, &fd))
		return "the kernel does not say who asks";
	call->uid = cred.uid;
	name_uid(who_asks(a, c, &cred), call->who, sizeof(call->who));
	call->may_trust = cred.uid == 0 || cred.uid == a->owner.own_uid;
	if (call->route->need == API_READS || call->may_trust)
		return NULL;
	if (call->route->need == API_TRUSTS)
		return "only root and rotad's own user decide who gets keys";
	if (!is_in_group(fd, &cred, a->owner.operate_gid))
		return "only root, rotad's own user and the group " API_OPERATE_GROUP
		       " may change something";
	return NULL;
}

static const struct api_route *find_route(const char *method, const char *path,
					  bool *ret_path_known)
{
	*ret_path_known = false;
	for (size_t i = 0; i < api_routes_n; i++) {
		if (strcmp(api_routes[i].path, path) != 0)
			continue;
		*ret_path_known = true;
		if (strcmp(api_routes[i].method, method) == 0)
			return &api_routes[i];
	}
	return NULL;
}

static enum MHD_Result begin(struct api *a, struct MHD_Connection *c, const char *url,
			     const char *method, void **state)
{
	bool is_known;
	const struct api_route *route = find_route(method, url, &is_known);
	struct exchange *x;
	if (!route)
		return refuse(c, is_known ? MHD_HTTP_METHOD_NOT_ALLOWED : MHD_HTTP_NOT_FOUND,
			      is_known ? "another method is wanted here" : "no such route");
	x = calloc(1, sizeof(*x));
	if (!x)
		return MHD_NO;
	x->connection = c;
	x->call.route = route;
	x->body.max = API_BODY_BYTES_MAX;
	*state = x;
	const char *why = peer_check(a, c, &x->call);
	return why ? refuse(c, MHD_HTTP_FORBIDDEN, why) : MHD_YES;
}

static enum MHD_Result handle(void *self, struct MHD_Connection *c, const char *url,
			      const char *method, const char *version, const char *data,
			      size_t *data_n, void **state)
{
	struct api *a = self;
	struct exchange *x = *state;
	struct err err = ERR_INIT;
	(void)version;
	if (!x)
		return begin(a, c, url, method, state);
	if (*data_n) {
		buf_add(&x->body, data, *data_n);
		*data_n = 0;
		return MHD_YES;
	}
	if (x->is_finished)
		return answer(c, x->status, buf_str(&x->answer));
	if (!buf_ok(&x->body, &err))
		return refuse(c, MHD_HTTP_CONTENT_TOO_LARGE, "the request is too large");
	if (x->call.route->is_snapshot) {
		a->owner.snapshot(a->owner.self, &x->answer);
		return answer(c, MHD_HTTP_OK, buf_str(&x->answer));
	}
	if (!x->is_submitted) {
		x->is_submitted = true;
		x->call.body = buf_str(&x->body);
		MHD_suspend_connection(c);
		a->owner.submit(a->owner.self, &x->call);
	}
	return MHD_YES;
}

static void completed(void *self, struct MHD_Connection *c, void **state,
		      enum MHD_RequestTerminationCode why)
{
	struct exchange *x = *state;
	(void)self;
	(void)c;
	(void)why;
	if (!x)
		return;
	*state = NULL;
	if (x->is_submitted && !x->is_finished)
		x->is_gone = true; /* api_finish() frees it */
	else
		exchange_free(x);
}

bool api_new(int listen_fd, const struct api_owner *owner, struct api **ret, struct err *err)
{
	int flags = fcntl(listen_fd, F_GETFL);
	/* systemd hands it over blocking: a peer that is gone again must not hold up the loop. */
	if (flags < 0 || fcntl(listen_fd, F_SETFL, flags | O_NONBLOCK) != 0)
		return err_sys(err, errno, "preparing the socket");
	struct api *a = calloc(1, sizeof(*a));
	if (!a)
		return err_set(err, ERR_MEMORY, "no memory for the interface");
	a->owner = *owner;
	a->daemon =
	    MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, handle, a,
			     MHD_OPTION_LISTEN_SOCKET, listen_fd, MHD_OPTION_CONNECTION_LIMIT,
			     (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
			     (unsigned)IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
			     (size_t)CONNECTION_MEMORY, MHD_OPTION_NOTIFY_CONNECTION, count_peer, a,
			     MHD_OPTION_NOTIFY_COMPLETED, completed, a, MHD_OPTION_END);
	if (!a->daemon) {
		free(a);
		return err_sys(err, errno, "starting the interface");
	}
	*ret = a;
	return true;
}

int api_fd(const struct api *a)
{
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(a->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	return info ? info->epoll_fd : -1;
}

int64_t api_run(struct api *a)
{
	MHD_UNSIGNED_LONG_LONG ms;
	(void)MHD_run(a->daemon); /* fails only for a daemon with threads of its own */
	return MHD_get_timeout(a->daemon, &ms) == MHD_YES ? (int64_t)ms * US_MS : -1;
}

void api_finish(struct api *a, struct api_call *call, unsigned status, struct str json)
{
	struct exchange *x = (struct exchange *)(void *)call;
	(void)a;
	x->is_finished = true;
	if (x->is_gone) {
		exchange_free(x);
		return;
	}
	x->status = status;
	x->answer.max = HTTP_BODY_BYTES_MAX * 4;
	buf_add(&x->answer, json.p, json.n);
	MHD_resume_connection(x->connection);
}

void api_free(struct api *a)
{
	if (!a)
		return;
	MHD_stop_daemon(a->daemon);
	free(a);
}

gid_t api_operate_group(void)
{
	char room[16 * 1024]; /* a group with many members; without room for it it counts as none */
	struct group g, *found = NULL;
	return getgrnam_r(API_OPERATE_GROUP, &g, room, sizeof(room), &found) == 0 && found
		   ? g.gr_gid
		   : (gid_t)-1;
}

static bool answers(const struct sockaddr_un *address)
{
	auto_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	return fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0;
}

bool api_listen(const char *path, int *ret_fd, struct err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct stat st;
	if (!copy_z(address.sun_path, sizeof(address.sun_path), path))
		return err_set(err, ERR_LIMIT,
			       "the socket's path '%.100s' is too long (107 bytes at most)", path);
	if (lstat(path, &st) == 0) {
		if (!S_ISSOCK(st.st_mode))
			return err_set(err, ERR_CONFLICT, "'%s' is there and is no socket", path);
		if (answers(&address))
			return err_set(err, ERR_CONFLICT, "another rotad answers at '%s'", path);
		(void)unlink(path); /* stale; bind tells when it cannot go */
	}
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_sys(err, errno, "making a socket");
	mode_t old = umask(0117);
	int rc = bind(fd, (const struct sockaddr *)&address, sizeof(address));
	int saved = errno;
	(void)umask(old);
	if (rc != 0 || listen(fd, CONNECTIONS_MAX) != 0) {
		err_sys(err, rc != 0 ? saved : errno, "listening at '%s'", path);
		(void)close(fd);
		return false;
	}
	*ret_fd = fd;
	return true;
}
