/* SPDX-License-Identifier: Apache-2.0 */
/* Starts programs and sees them end. A mongod that a hook started is never signalled, whatever its
 * process group. */
#include "sys/hooks.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>

#include "base/cleanup.h"
#include "sys/file_attrs.h"
#include "sys/proc.h"
#include "sys/redact.h"

#define HOOK_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
enum { DRAINS_MAX = 64, ORPHANS_MAX = 32, PIPE_BYTES = 1024 * 1024 };

/* What is kept of one stream. */
struct stream {
	int fd;         /* -1: closed */
	bool keeps_end; /* the end of it, else its beginning */
	bool was_cut;   /* something was thrown away */
	struct buf kept;
};

struct hook {
	pid_t pid; /* 0: reaped */
	int pidfd, epoll;
	int timer; /* at the next of the deadlines below, so that `epoll` tells them too */
	struct stream out, errors;
	int64_t started_us, deadline_us, kill_us; /* CLOCK_BOOTTIME; kill_us 0: not told to end */
	bool was_killed;
	struct hook_view view;
};

/* Children that were given up on before they ended; reaped when there is an occasion, by whichever
 * thread runs hooks: the round's and, for alerts, the main one. */
static pthread_mutex_t orphans_lock = PTHREAD_MUTEX_INITIALIZER;
static pid_t orphans[ORPHANS_MAX];

static void reap_orphans(void)
{
	pthread_mutex_lock(&orphans_lock);
	for (size_t i = 0; i < ORPHANS_MAX; i++)
		if (orphans[i] && waitpid(orphans[i], NULL, WNOHANG) != 0)
			orphans[i] = 0;
	pthread_mutex_unlock(&orphans_lock);
}

static void orphan_add(pid_t pid)
{
	bool is_kept = false;
	pthread_mutex_lock(&orphans_lock);
	for (size_t i = 0; i < ORPHANS_MAX && !is_kept; i++)
		if (!orphans[i]) {
			orphans[i] = pid;
			is_kept = true;
		}
	pthread_mutex_unlock(&orphans_lock);
}

static int64_t boot_us(void)
{
	struct timespec t = {.tv_sec = 0};
	(void)clock_gettime(CLOCK_BOOTTIME, &t); /* exists on every kernel that rotad runs on */
	return (int64_t)t.tv_sec * US_S + t.tv_nsec / 1000;
}

/* ---- may it run ---- */

bool hook_check(const char *path, struct err *err)
{
	struct stat st;
	char owner[64], me[64];
	if (!path || path[0] != '/')
		return err_set(err, ERR_INVALID, "'%.200s' is not the full path of a program",
			       path ? path : "");
	err_subject(err, path);
	if (stat(path, &st) != 0)
		return err_sys(err, errno, "looking at the program");
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_UNSAFE_FILE, "it is not a regular file");
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return err_set(err, ERR_UNSAFE_FILE,
			       "it belongs to %s; what rotad runs must belong to root or to %s",
			       user_name(st.st_uid, owner, sizeof(owner)),
			       user_name(geteuid(), me, sizeof(me)));
	if (st.st_mode & 022)
		return err_set(err, ERR_UNSAFE_FILE,
			       "others than its owner may write it (mode %04o); chmod go-w it",
			       st.st_mode & 07777);
	if (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) != 0)
		return err_set(err, ERR_PERMISSION, "%s may not execute it (mode %04o)",
			       user_name(geteuid(), me, sizeof(me)), st.st_mode & 07777);
	err_subject(err, "");
	return true;
}

/* ---- starting ---- */

/* Descriptors of a run before it starts. */
struct ends {
	int in, out_read, out_write, errors_read, errors_write;
};

static void ends_fini(struct ends *e)
{
	cleanup_close(&e->in);
	cleanup_close(&e->out_read);
	cleanup_close(&e->out_write);
	cleanup_close(&e->errors_read);
	cleanup_close(&e->errors_write);
}

static bool make_pipe(int *ret_read, int *ret_write, struct err *err)
{
	int fds[2];
	if (pipe2(fds, O_CLOEXEC) != 0)
		return err_sys(err, errno, "making a pipe");
	*ret_read = fds[0];
	*ret_write = fds[1];
	/* Only our end: a program may not like a non-blocking output. */
	if (fcntl(fds[0], F_SETFL, O_NONBLOCK) != 0)
		return err_sys(err, errno, "making a pipe");
	(void)fcntl(fds[0], F_SETPIPE_SZ, PIPE_BYTES); /* room between two polls; less will do */
	return true;
}

/* A memory file: whoever reads it slowly, or not at all, holds nobody up. */
static bool make_input(struct str input, int *ret, struct err *err)
{
	if (input.n == 0) {
		*ret = open("/dev/null", O_RDONLY | O_CLOEXEC);
		return *ret >= 0 || err_sys(err, errno, "opening /dev/null");
	}
	*ret = memfd_create("rotad-input", MFD_CLOEXEC);
	if (*ret < 0)
		return err_sys(err, errno, "making a memory file");
	if (write(*ret, input.p, input.n) != (ssize_t)input.n || lseek(*ret, 0, SEEK_SET) != 0)
		return err_set(err, ERR_SYSTEM, "filling a memory file");
	return true;
}

static int fill_actions(posix_spawn_file_actions_t *a, const struct ends *e)
{
	int rc = posix_spawn_file_actions_adddup2(a, e->in, STDIN_FILENO);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(a, e->out_write, STDOUT_FILENO);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(
		    a, e->errors_write >= 0 ? e->errors_write : e->out_write, STDERR_FILENO);
	if (rc == 0)
		rc = posix_spawn_file_actions_addchdir_np(a, "/");
#if __GLIBC_PREREQ(2, 34)
	/* All our own are close-on-exec; this is for those of libraries. */
	if (rc == 0)
		rc = posix_spawn_file_actions_addclosefrom_np(a, 3);
#endif
	return rc;
}

static int fill_attributes(posix_spawnattr_t *a)
{
	sigset_t none, all;
	sigemptyset(&none);
	sigfillset(&all);
	int rc = posix_spawnattr_setflags(a, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
						 POSIX_SPAWN_SETSIGDEF);
	if (rc == 0)
		rc = posix_spawnattr_setpgroup(a, 0);
	if (rc == 0)
		rc = posix_spawnattr_setsigmask(a, &none);
	if (rc == 0)
		rc = posix_spawnattr_setsigdefault(a, &all);
	return rc;
}

static int spawn(const struct hook_run *run, const struct ends *e, pid_t *ret_pid)
{
	char *argv[HOOK_ARGS_MAX + 2] = {(char *)(uintptr_t)run->path};
	char *envp[HOOK_ENV_MAX + 2] = {(char *)(uintptr_t)HOOK_PATH};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	for (unsigned i = 0; i < run->args_n; i++)
		argv[i + 1] = (char *)(uintptr_t)run->args[i];
	for (unsigned i = 0; i < run->env_n; i++)
		envp[i + 1] = (char *)(uintptr_t)run->env[i];
	int rc = posix_spawn_file_actions_init(&actions);
	if (rc != 0)
		return rc;
	rc = posix_spawnattr_init(&attributes);
	if (rc == 0) {
		rc = fill_actions(&actions, e);
		if (rc == 0)
			rc = fill_attributes(&attributes);
		if (rc == 0)
			rc = posix_spawn(ret_pid, run->path, &actions, &attributes, argv, envp);
		(void)posix_spawnattr_destroy(&attributes); /* cannot fail */
	}
	(void)posix_spawn_file_actions_destroy(&actions); /* cannot fail */
	return rc;
}

static bool watch_fd(int epoll, int fd)
{
	struct epoll_event e = {.events = EPOLLIN, .data = {.fd = fd}};
	return fd < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e) == 0;
}

/* Also quiets a timer that went off. at_us 0: never. */
static void arm(const struct hook *h, int64_t at_us)
{
	const struct itimerspec at = {
	    .it_value = {.tv_sec = at_us / US_S, .tv_nsec = at_us % US_S * 1000}};
	(void)timerfd_settime(h->timer, TFD_TIMER_ABSTIME, &at, NULL); /* valid arguments: cannot */
}

static bool begin(const struct hook_run *run, bool with_errors, size_t output_max,
		  struct hook **ret, struct err *err)
{
	__attribute__((cleanup(ends_fini))) struct ends e = {-1, -1, -1, -1, -1};
	reap_orphans();
	if (!hook_check(run->path, err))
		return false;
	if (run->args_n > HOOK_ARGS_MAX || run->env_n > HOOK_ENV_MAX)
		return err_set(err, ERR_LIMIT, "too many arguments for a program");
	if (!make_input(run->input, &e.in, err) || !make_pipe(&e.out_read, &e.out_write, err) ||
	    (with_errors && !make_pipe(&e.errors_read, &e.errors_write, err)))
		return false;
	/* Everything that can run out is had before the program starts: no half state. */
	struct hook *h = calloc(1, sizeof(*h));
	if (!h)
		return err_set(err, ERR_MEMORY, "no memory to run a program");
	*h = (struct hook){.pidfd = -1, .timer = -1, .out = {.fd = -1}, .errors = {.fd = -1}};
	h->epoll = epoll_create1(EPOLL_CLOEXEC);
	h->timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (h->epoll < 0 || h->timer < 0 || !watch_fd(h->epoll, h->timer) ||
	    !watch_fd(h->epoll, e.out_read) || !watch_fd(h->epoll, e.errors_read)) {
		int why = errno;
		hook_free(h);
		return err_sys(err, why, "preparing to run '%s'", run->path);
	}
	int rc = spawn(run, &e, &h->pid);
	if (rc != 0) {
		h->pid = 0;
		hook_free(h);
		(void)err_sys(err, rc, "running it%s",
			      rc == ENOEXEC ? " (a script begins with #! and its interpreter)"
					    : "");
		err_subject(err, run->path);
		if (rc != EAGAIN && rc != ENOMEM)
			err->kind = ERR_HOOK;
		return false;
	}
	/* It is our child and nobody else reaps it, so its number is its own until we do. */
	h->pidfd = (int)syscall(SYS_pidfd_open, h->pid, 0);
	(void)watch_fd(h->epoll, h->pidfd); /* else its end is seen at the next poll */
	h->out = (struct stream){.fd = e.out_read, .keeps_end = !with_errors};
	h->out.kept.max = output_max;
	h->errors = (struct stream){.fd = e.errors_read, .keeps_end = true};
	h->errors.kept.max = HOOK_OUTPUT_BYTES_MAX;
	e.out_read = e.errors_read = -1;
	h->started_us = boot_us();
	h->deadline_us = h->started_us + run->timeout_us;
	arm(h, h->deadline_us);
	h->view = (struct hook_view){.state = HOOK_RUNNING, .exit_code = -1};
	*ret = h;
	return true;
}

bool hook_begin(const struct hook_run *run, struct hook **ret, struct err *err)
{
	return begin(run, false, HOOK_OUTPUT_BYTES_MAX, ret, err);
}

/* ---- seeing it through ---- */

static void keep(struct stream *s, const char *p, size_t n)
{
	size_t room = s->kept.max - s->kept.n;
	if (n > room)
		s->was_cut = true;
	if (n > room && s->keeps_end) {
		/* Half at once, so that a chatty program does not cost a move a line. */
		size_t drop = MIN(MAX(s->kept.max / 2, n), s->kept.n);
		memmove(s->kept.p, s->kept.p + drop, s->kept.n - drop);
		s->kept.n -= drop;
		room = s->kept.max - s->kept.n;
	}
	buf_add(&s->kept, p, MIN(n, room));
}

static void stream_close(struct stream *s)
{
	cleanup_close(&s->fd); /* leaves the epoll set by itself */
	s->fd = -1;
}

static void drain(struct stream *s)
{
	char chunk[16384];
	for (int i = 0; i < DRAINS_MAX && s->fd >= 0; i++) {
		ssize_t n = read(s->fd, chunk, sizeof(chunk));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n <= 0)
			stream_close(s);
		else
			keep(s, chunk, (size_t)n);
	}
	wipe(chunk, sizeof(chunk));
}

/* Signal the members of the process group, save a mongod or mongos: a hook may have started one
 * without a session of its own, and that one belongs to the operator. */
static void signal_group(pid_t group, int signal_number)
{
	int64_t pid;
	bool has_server = false;
	auto_dir DIR *proc = opendir("/proc");
	struct proc_stat s;
	for (int i = 0; proc && i < PROC_PIDS_MAX && proc_next(proc, &pid); i++)
		if (proc_stat_read(pid, &s) && s.pgrp == group && proc_is_server(s.comm))
			has_server = true;
	if (!has_server) {
		(void)kill(-group, signal_number); /* nobody there is fine */
		return;
	}
	rewinddir(proc);
	for (int i = 0; i < PROC_PIDS_MAX && proc_next(proc, &pid); i++) {
		auto_close int fd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
		/* Looked at after its descriptor is held: it cannot be another process then. */
		if (fd >= 0 && proc_stat_read(pid, &s) && s.pgrp == group &&
		    !proc_is_server(s.comm))
			(void)syscall(SYS_pidfd_send_signal, fd, signal_number, NULL, 0);
	}
}

/* Has the program itself ended? Not reaped yet, so that its group's number stays its own. */
static bool has_exited(const struct hook *h)
{
	siginfo_t info = {.si_pid = 0};
	if (waitid(P_PID, (id_t)h->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0)
		return errno == ECHILD; /* somebody else reaped it: its code is not known */
	return info.si_pid == h->pid;
}

static void reap(struct hook *h, bool was_overdue)
{
	int status = 0;
	if (was_overdue && !h->was_killed)
		signal_group(h->pid, SIGKILL); /* what ignored SIGTERM goes with its leader */
	h->was_killed = true;
	if (waitpid(h->pid, &status, WNOHANG) != h->pid)
		status = -1;
	h->pid = 0;
	/* What is in the pipes now is its own. A daemon that it left behind may hold them open for
	 * ever: nobody waits for their end. */
	drain(&h->out);
	drain(&h->errors);
	stream_close(&h->out);
	stream_close(&h->errors);
	if (h->pidfd >= 0)
		(void)close(h->pidfd);
	h->pidfd = -1;
	arm(h, 0);
	if (status != -1 && WIFEXITED(status))
		h->view.exit_code = WEXITSTATUS(status);
	if (status != -1 && WIFSIGNALED(status)) {
		h->view.exit_code = 128 + WTERMSIG(status);
		h->view.was_signalled = true;
	}
	h->view.is_gone = true;
	h->view.state = was_overdue ? HOOK_OVERDUE : HOOK_ENDED;
}

void hook_poll(struct hook *h, struct hook_view *ret)
{
	int64_t now = boot_us();
	if (!h->view.is_gone) {
		drain(&h->out);
		drain(&h->errors);
		h->view.took_us = now - h->started_us;
		bool is_overdue = now >= h->deadline_us;
		if (has_exited(h)) {
			reap(h, h->kill_us != 0);
		} else if (is_overdue && h->kill_us == 0) {
			h->view.state = HOOK_OVERDUE;
			h->kill_us = now + HOOK_GRACE_US;
			arm(h, h->kill_us);
			signal_group(h->pid, SIGTERM);
		} else if (h->kill_us && now >= h->kill_us && !h->was_killed) {
			h->was_killed = true;
			arm(h, 0);
			signal_group(h->pid, SIGKILL);
		}
	}
	*ret = h->view;
}

void hook_output(const struct hook *h, char *out, size_t out_n)
{
	struct str s = buf_str(&h->out.kept);
	/* Cut in the middle of what might be a key, its rest would not look like one: begin with a
	 * whole line. */
	if (h->out.was_cut && s.n) {
		const char *line = memchr(s.p, '\n', s.n);
		s.n = line ? s.n - (size_t)(line + 1 - s.p) : 0;
		s.p = line ? line + 1 : s.p;
	}
	redact_end(out, out_n, s, true);
}

int hook_fd(const struct hook *h)
{
	return h->epoll;
}

void hook_free(struct hook *h)
{
	if (!h)
		return;
	if (h->pid && !h->view.is_gone) {
		if (!has_exited(h))
			signal_group(h->pid, SIGKILL);
		if (waitpid(h->pid, NULL, WNOHANG) == 0)
			orphan_add(h->pid);
	}
	if (h->epoll >= 0)
		(void)close(h->epoll);
	if (h->pidfd >= 0)
		(void)close(h->pidfd);
	if (h->timer >= 0)
		(void)close(h->timer);
	stream_close(&h->out);
	stream_close(&h->errors);
	buf_wipe(&h->out.kept);
	buf_wipe(&h->errors.kept);
	free(h);
}

static void cleanup_hook(struct hook **h)
{
	hook_free(*h);
}

/* Until something happens; looks again by itself where an end would not be told. */
static void wait_for(const struct hook *h)
{
	struct pollfd ready = {.fd = h->epoll, .events = POLLIN};
	(void)poll(&ready, 1, h->pidfd < 0 || h->was_killed ? 20 : 60000);
}

bool hook_run(const struct hook_run *run, size_t output_max, struct buf *ret_output,
	      char *ret_errors, size_t ret_errors_n, int *ret_exit_code, struct err *err)
{
	__attribute__((cleanup(cleanup_hook))) struct hook *h = NULL;
	struct hook_view view;
	char took[40];
	if (!begin(run, true, output_max, &h, err))
		return false;
	for (hook_poll(h, &view); !view.is_gone; hook_poll(h, &view)) {
		/* One that not even SIGKILL ends (it hangs in the kernel) is given up. */
		if (h->was_killed && boot_us() > h->kill_us + US_S)
			break;
		wait_for(h);
	}
	redact_end(ret_errors, ret_errors_n, buf_str(&h->errors.kept), true);
	err_subject(err, run->path);
	if (view.state != HOOK_ENDED)
		return err_set(err, ERR_TIMEOUT, "it did not end within %s",
			       span_print(run->timeout_us, took, sizeof(took)));
	if (view.exit_code < 0 || view.was_signalled)
		return err_set(err, ERR_HOOK, "it was ended by signal %d", view.exit_code - 128);
	if (h->out.was_cut)
		return err_set(err, ERR_LIMIT, "it printed more than %zu bytes", output_max);
	if (!buf_ok(&h->out.kept, err))
		return false;
	err_subject(err, "");
	*ret_output = h->out.kept;
	h->out.kept = (struct buf){.max = 0};
	*ret_exit_code = view.exit_code;
	return true;
}
