/* SPDX-License-Identifier: Apache-2.0 */
/* Start, ask, replace and reap one helper process. What is said is codec/serve.h; who says it is
 * sys/mongod_rpc.c and its like. */
#include "sys/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "base/limits.h"
#include "codec/frame.h"
#include "codec/serve.h"

enum {
	DEAD_MAX = 4,      /* killed, but not yet reaped: stuck in the kernel */
	EXIT_NO_EXEC = 127 /* as shells do: the program could not be run */
};
#define END_WAIT_US (1 * US_S)       /* for a helper to end by itself when its socket closes */
#define KILL_WAIT_US (2 * US_S)      /* for the kernel to finish a killed one */
#define REST_OF_ANSWER_US (1 * US_S) /* once its first byte came: a helper writes it in one go */
#define REST_FIRST_US (100 * US_MS)  /* after the second failure in a row; then doubled */
#define REST_MAX_US (30 * US_S)

struct helper {
	pthread_mutex_t lock;
	char name[NAME_BYTES_MAX], path[PATH_BYTES_MAX];
	pid_t pid;         /* 0: none */
	int fd;            /* -1: none */
	unsigned failures; /* in a row, without one answer between */
	struct mono rest_until;
	bool is_begun; /* by helper_begin(), its answer not yet fetched */
	struct mono begun_end;
	pid_t dead[DEAD_MAX]; /* 0: free slot */
};

static struct mono now(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_BOOTTIME, &t); /* cannot fail with a valid clock */
	return (struct mono){.us = t.tv_sec * US_S + t.tv_nsec / 1000};
}

/* What a helper may inherit; everything else (and with it whatever a unit file put there) stays. */
static const char *const env_allowed[] = {
    "PATH",         "LANG",          "LC_ALL",       "TZ",          "SSL_CERT_FILE", "SSL_CERT_DIR",
    "OPENSSL_CONF", "http_proxy",    "https_proxy",  "HTTPS_PROXY", "no_proxy",      "NO_PROXY",
    "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS",
};

static void env_make(char *out[ARRAY_N(env_allowed) + 1])
{
	size_t n = 0;
	for (char **e = environ; *e && n < ARRAY_N(env_allowed); e++)
		for (size_t i = 0; i < ARRAY_N(env_allowed); i++) {
			size_t name_n = strlen(env_allowed[i]);
			if (strncmp(*e, env_allowed[i], name_n) == 0 && (*e)[name_n] == '=')
				out[n++] = *e;
			if (n == ARRAY_N(env_allowed))
				break;
		}
	out[n] = NULL;
}

/* Between fork and exec in a program with threads: only async-signal-safe calls. */
NORETURN static void child_run(const char *path, const char *name, int fd, char *const env[],
			       pid_t parent)
{
	const struct rlimit none = {.rlim_cur = 0, .rlim_max = 0};
	char *const argv[] = {(char *)(uintptr_t)name, NULL};
	sigset_t empty;

	(void)setpgid(0, 0); /* cannot fail in a new child that leads no session */
	(void)sigemptyset(&empty);
	for (int s = 1; s < NSIG; s++)
		(void)signal(s, SIG_DFL); /* KILL, STOP and libc's own refuse: rightly */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)sigprocmask(SIG_SETMASK, &empty, NULL);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || getppid() != parent)
		_exit(EXIT_NO_EXEC); /* the parent died before it could be told */
	if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		_exit(EXIT_NO_EXEC);
	int null = open("/dev/null", O_RDWR);
	if (null < 0 || fd <= HELPER_FD)
		_exit(EXIT_NO_EXEC); /* helper_start() made fd a higher one */
	if (dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(fd, HELPER_FD) < 0)
		_exit(EXIT_NO_EXEC);
	if (syscall(SYS_close_range, HELPER_FD + 1, ~0U, 0) != 0) {
		/* Linux before 5.9. Everything of ours is close-on-exec anyway. */
		struct rlimit files;
		if (getrlimit(RLIMIT_NOFILE, &files) != 0)
			_exit(EXIT_NO_EXEC);
		for (int i = HELPER_FD + 1; i < (int)MIN(files.rlim_cur, 65536); i++)
			(void)close(i); /* most are not open */
	}
	execve(path, argv, env);
	_exit(EXIT_NO_EXEC);
}

void helper_folder(char *out, size_t out_n)
{
	char self[PATH_BYTES_MAX], probe[PATH_BYTES_MAX + 16];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (n > 0) {
		self[n] = 0;
		char *slash = strrchr(self, '/');
		if (slash) {
			*slash = 0;
			snprintf(probe, sizeof(probe), "%s/rotad-mongo", self);
			if (access(probe, X_OK) == 0) {
				cut_z(out, out_n, self);
				return;
			}
		}
	}
	cut_z(out, out_n, PKGLIBEXECDIR);
}

bool helper_new(const char *name, const char *path, struct helper **ret, struct err *err)
{
	if (access(path, X_OK) != 0) {
		err_subject(err, path);
		return err_sys(err, errno, "helper '%s' cannot be run", name);
	}
	struct helper *h = calloc(1, sizeof(*h));
	if (!h)
		return err_set(err, ERR_MEMORY, "no memory for helper '%s'", name);
	h->fd = -1;
	if (!copy_z(h->name, sizeof(h->name), name) || !copy_z(h->path, sizeof(h->path), path)) {
		free(h);
		return err_set(err, ERR_LIMIT, "the path of helper '%s' is too long", name);
	}
	if (pthread_mutex_init(&h->lock, NULL) != 0) {
		free(h);
		return err_set(err, ERR_MEMORY, "no memory for helper '%s'", name);
	}
	*ret = h;
	return true;
}

/* Wait up to `for_us` for the end of a child. True: reaped. */
static bool reap(pid_t pid, int64_t for_us, int *ret_status)
{
	int status = 0;
	const struct mono end = mono_add(now(), for_us);
	for (;;) {
		pid_t got = waitpid(pid, &status, WNOHANG);
		if (got == pid) {
			*ret_status = status;
			return true;
		}
		if (got < 0 && errno != EINTR) { /* ECHILD: somebody else reaped it */
			*ret_status = 0;
			return true;
		}
		int64_t left = end.us - now().us;
		if (left <= 0)
			return false;
		/* A pidfd turns readable at the child's end; without one, look again soon. */
		int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
		struct pollfd p = {.fd = pidfd, .events = POLLIN};
		(void)poll(&p, 1, (int)(MIN(left, pidfd >= 0 ? left : 5 * US_MS) / 1000 + 1));
		if (pidfd >= 0)
			(void)close(pidfd);
	}
}

static void reap_dead(struct helper *h)
{
	int status;
	for (size_t i = 0; i < DEAD_MAX; i++)
		if (h->dead[i] && reap(h->dead[i], 0, &status))
			h->dead[i] = 0;
}

/* End the present process. wait_us: how long it may take to go by itself. Returns its wait status.
 */
static int end_process(struct helper *h, int64_t wait_us)
{
	int status = 0;
	if (h->fd >= 0)
		(void)close(h->fd); /* its serve_loop() ends by this */
	h->fd = -1;
	if (h->pid == 0)
		return 0;
	if (!reap(h->pid, wait_us, &status)) {
		(void)kill(-h->pid, SIGKILL); /* its group: what it started as well */
		(void)kill(h->pid, SIGKILL);  /* should it not have come to setpgid() yet */
		if (!reap(h->pid, KILL_WAIT_US, &status))
			for (size_t i = 0; i < DEAD_MAX; i++)
				if (h->dead[i] == 0) {
					h->dead[i] = h->pid;
					break;
				}
	}
	h->pid = 0;
	return status;
}

static void failed(struct helper *h)
{
	h->failures++;
	if (h->failures < 2)
		return; /* the first one is replaced at once */
	unsigned doublings = MIN(h->failures - 2, 10U);
	h->rest_until = mono_add(now(), MIN(REST_FIRST_US << doublings, REST_MAX_US));
}

static bool start(struct helper *h, struct err *err)
{
	char *env[ARRAY_N(env_allowed) + 1];
	int ends[2];
	bool has_room = false;

	reap_dead(h);
	for (size_t i = 0; i < DEAD_MAX; i++)
		has_room |= h->dead[i] == 0;
	if (!has_room)
		return err_set(err, ERR_LIMIT, "%d ended helpers cannot be reaped", DEAD_MAX);
	int64_t rest_us = h->rest_until.us - now().us;
	if (h->failures >= 2 && rest_us > 0)
		return err_set(err, ERR_UNREACHABLE,
			       "ended %u times in a row; it is started again in %lld ms",
			       h->failures, (long long)(rest_us / 1000 + 1));
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		return err_sys(err, errno, "making a socketpair");
	auto_close int ours = ends[0];
	auto_close int theirs = ends[1];
	/* Above HELPER_FD, so that dup2() there always makes a copy without close-on-exec. */
	if (theirs <= HELPER_FD) {
		int higher = fcntl(theirs, F_DUPFD_CLOEXEC, HELPER_FD + 1);
		if (higher < 0)
			return err_sys(err, errno, "making a socketpair");
		(void)close(theirs);
		theirs = higher;
	}
	env_make(env);
	const pid_t parent = getpid();
	sigset_t all, before;
	(void)sigfillset(&all);
	/* No handler of ours may run in the child before it has reset them. */
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	pid_t pid = fork();
	int fork_errno = errno;
	if (pid == 0)
		child_run(h->path, h->name, theirs, env, parent);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (pid < 0)
		return err_sys(err, fork_errno, "starting a process");
	h->pid = pid;
	h->fd = ours;
	ours = -1;
	return true;
}

/* Did it end while nobody asked it anything? */
static bool is_idle_dead(const struct helper *h)
{
	struct pollfd p = {.fd = h->fd, .events = POLLIN};
	/* Readable without a request is the end, or nonsense: either way not to be asked. */
	return poll(&p, 1, 0) != 0;
}

/* Late, gone or nonsense: its answer to this request must never be read as one to the next. err
 * says which, and is made to say how the process ended. Returns false. */
static bool abandon(struct helper *h, struct err *err)
{
	bool is_gone = err->kind == ERR_UNREACHABLE || err->kind == ERR_PROTOCOL;
	int status = end_process(h, is_gone ? END_WAIT_US : 0);
	failed(h);
	if (is_gone && WIFEXITED(status) && WEXITSTATUS(status) == EXIT_NO_EXEC)
		return err_set(err, ERR_UNREACHABLE, "'%s' could not be run", h->path);
	if (err->kind == ERR_UNREACHABLE && WIFSIGNALED(status))
		return err_set(err, ERR_UNREACHABLE, "it was ended by signal %d (%s)",
			       WTERMSIG(status), sigabbrev_np(WTERMSIG(status)));
	if (err->kind == ERR_UNREACHABLE && WIFEXITED(status))
		return err_set(err, ERR_UNREACHABLE, "it ended with code %d", WEXITSTATUS(status));
	return false;
}

static bool request_send(struct helper *h, const json_t *request, struct mono end,
			 bool *ret_was_sent, struct err *err)
{
	if (h->is_begun)
		return err_set(err, ERR_CONFLICT, "another request runs");
	if (h->pid != 0 && is_idle_dead(h)) {
		(void)end_process(h, 0);
		failed(h);
	}
	if (h->pid == 0 && !start(h, err))
		return false;
	if (frame_put(h->fd, request, MAX(end.us - now().us, 0), err)) {
		*ret_was_sent = true;
		return true;
	}
	if (err->kind == ERR_LIMIT || err->kind == ERR_MEMORY)
		return false; /* nothing was sent: it may live on */
	*ret_was_sent = true;
	return abandon(h, err);
}

static bool answer_get(struct helper *h, struct mono end, json_t **ret, struct err *err)
{
	if (!frame_get(h->fd, MAX(end.us - now().us, 0), ret, err))
		return abandon(h, err);
	h->failures = 0;
	return true;
}

static bool exchange(struct helper *h, const json_t *request, struct mono end, json_t **ret,
		     bool *ret_was_sent, struct err *err)
{
	return request_send(h, request, end, ret_was_sent, err) && answer_get(h, end, ret, err);
}

bool helper_ask(struct helper *h, const json_t *request, int64_t timeout_us, json_t **ret_reply,
		bool *ret_was_sent, struct err *err)
{
	AUTO(json_t) reply = NULL;
	*ret_was_sent = false;
	struct timespec until;

	ASSERT(timeout_us > 0);
	const struct mono end = mono_add(now(), timeout_us);
	(void)clock_gettime(CLOCK_MONOTONIC, &until); /* what pthread can wait by */
	until.tv_sec += timeout_us / US_S;
	until.tv_nsec += (long)(timeout_us % US_S * 1000);
	if (until.tv_nsec >= 1000000000L) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000L;
	}
	if (pthread_mutex_clocklock(&h->lock, CLOCK_MONOTONIC, &until) != 0) {
		(void)err_set(err, ERR_TIMEOUT, "it was busy with other requests");
		return err_in(err, "asking helper '%s'", h->name);
	}
	bool ok = exchange(h, request, end, &reply, ret_was_sent, err);
	(void)pthread_mutex_unlock(&h->lock);
	if (!ok)
		return err_in(err, "asking helper '%s'", h->name);
	*ret_reply = take(&reply);
	return true;
}

bool helper_call(struct helper *h, const json_t *request, int64_t timeout_us, json_t **ret_reply,
		 struct err *err)
{
	AUTO(json_t) reply = NULL;
	bool was_sent = false;
	if (!helper_ask(h, request, timeout_us, &reply, &was_sent, err) ||
	    !serve_reply_check(reply, err))
		return false;
	*ret_reply = take(&reply);
	return true;
}

bool helper_begin(struct helper *h, const json_t *request, int64_t timeout_us, struct err *err)
{
	bool was_sent = false;

	ASSERT(timeout_us > 0);
	const struct mono end = mono_add(now(), timeout_us);
	(void)pthread_mutex_lock(&h->lock);
	bool ok = request_send(h, request, end, &was_sent, err);
	if (ok) {
		h->is_begun = true;
		h->begun_end = end;
	}
	(void)pthread_mutex_unlock(&h->lock);
	return ok || err_in(err, "asking helper '%s'", h->name);
}

static bool begun_look(struct helper *h, bool *ret_is_done, json_t **ret, struct err *err)
{
	if (!h->is_begun) {
		*ret_is_done = true;
		return err_set(err, ERR_CONFLICT, "nothing was asked");
	}
	struct pollfd p = {.fd = h->fd, .events = POLLIN};
	bool is_late = now().us >= h->begun_end.us;
	*ret_is_done = poll(&p, 1, 0) != 0 || is_late;
	if (!*ret_is_done)
		return true;
	h->is_begun = false;
	return answer_get(h, mono_add(now(), is_late && !p.revents ? 0 : REST_OF_ANSWER_US), ret,
			  err);
}

bool helper_poll(struct helper *h, bool *ret_is_done, json_t **ret_reply, struct err *err)
{
	AUTO(json_t) reply = NULL;
	bool is_done = false;

	(void)pthread_mutex_lock(&h->lock);
	bool ok = begun_look(h, &is_done, &reply, err);
	(void)pthread_mutex_unlock(&h->lock);
	*ret_is_done = is_done;
	if (!ok)
		return err_in(err, "asking helper '%s'", h->name);
	if (!is_done)
		return true;
	if (!serve_reply_check(reply, err))
		return false;
	*ret_reply = take(&reply);
	return true;
}

int helper_fd(struct helper *h)
{
	(void)pthread_mutex_lock(&h->lock);
	int fd = h->is_begun ? h->fd : -1;
	(void)pthread_mutex_unlock(&h->lock);
	return fd;
}

void helper_stop(struct helper *h)
{
	(void)pthread_mutex_lock(&h->lock);
	h->is_begun = false;
	(void)end_process(h, END_WAIT_US);
	(void)pthread_mutex_unlock(&h->lock);
}

int helper_pid(struct helper *h)
{
	(void)pthread_mutex_lock(&h->lock);
	int pid = h->pid;
	(void)pthread_mutex_unlock(&h->lock);
	return pid;
}

unsigned helper_failures(struct helper *h)
{
	(void)pthread_mutex_lock(&h->lock);
	unsigned n = h->failures;
	(void)pthread_mutex_unlock(&h->lock);
	return n;
}

void helper_free(struct helper *h)
{
	if (!h)
		return;
	helper_stop(h);
	reap_dead(h);
	(void)pthread_mutex_destroy(&h->lock);
	free(h);
}
