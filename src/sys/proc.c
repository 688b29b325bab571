/* SPDX-License-Identifier: Apache-2.0 */
/* Finds a mongod's process and its last words. Whether its state is good is not judged here. */
#include "sys/proc.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/cleanup.h"
#include "sys/redact.h"

enum { CMDLINE_BYTES_MAX = 64 * 1024, SOCKETS_MAX = 8, TCP_LINES_MAX = 65536, CANDIDATES_MAX = 16 };

DEFINE_AUTO(json_t, json_decref);
DEFINE_AUTO(EVP_MD_CTX, EVP_MD_CTX_free);

/* ---- /proc ---- */

/* At most max bytes of a file, as they are; NUL behind them. -1 when it cannot be read. */
static ssize_t slurp(const char *path, char *out, size_t max)
{
	size_t n = 0;
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return -1;
	while (n < max) {
		ssize_t got = read(fd, out + n, max - n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		n += (size_t)got;
	}
	out[n] = 0;
	return (ssize_t)n;
}

bool proc_stat_read(int64_t pid, struct proc_stat *ret)
{
	char path[64], text[1025];
	struct proc_stat s = {.state = '?'};
	snprintf(path, sizeof(path), "/proc/%" PRId64 "/stat", pid);
	if (pid <= 0 || slurp(path, text, sizeof(text) - 1) <= 0)
		return false;
	/* "12 (a name) S 1 12 ..." : the name may hold anything, also ") ". */
	const char *open = strchr(text, '('), *end = strrchr(text, ')');
	if (!open || !end || end < open || !end[1])
		return false;
	snprintf(s.comm, sizeof(s.comm), "%.*s", (int)(end - open - 1), open + 1);
	s.state = end[2];
	struct str rest = str_of(end + 2), field;
	for (int i = 3; i <= 22 && str_cut(&rest, ' ', &field); i++) {
		if (i == 4)
			s.parent = strtoll(field.p, NULL, 10);
		if (i == 5)
			s.pgrp = strtoll(field.p, NULL, 10);
		if (i == 22)
			s.start_ticks = strtoull(field.p, NULL, 10);
	}
	*ret = s;
	return true;
}

bool proc_is_server(const char *comm)
{
	if (strncmp(comm, "mongod", 6) != 0 && strncmp(comm, "mongos", 6) != 0)
		return false;
	return strspn(comm + 6, "0123456789.-_") == strlen(comm + 6);
}

bool proc_next(DIR *proc, int64_t *ret_pid)
{
	const struct dirent *e;
	while ((e = readdir(proc)))
		if (isdigit((unsigned char)e->d_name[0])) {
			*ret_pid = strtoll(e->d_name, NULL, 10);
			return true;
		}
	return false;
}

static bool is_alive_server(int64_t pid)
{
	struct proc_stat s;
	return proc_stat_read(pid, &s) && s.state != 'Z' && s.state != 'X' &&
	       proc_is_server(s.comm);
}

/* A file with one number in it, as mongod.lock while mongod runs. 0 when it does not name a live
 * server: a lock from inside a container has that container's numbers. */
static int64_t pid_in_file(const char *path)
{
	char text[64];
	if (slurp(path, text, sizeof(text) - 1) <= 0)
		return 0;
	int64_t pid = strtoll(text, NULL, 10);
	return is_alive_server(pid) ? pid : 0;
}

static bool same_path(const char *a, const char *b)
{
	struct stat x, y;
	if (strcmp(a, b) == 0)
		return true;
	return a[0] == '/' && stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino;
}

/* Does this argument (with the next one) give option its value? "--config F", "--config=F",
 * "-f F", "-fF". */
static const char *option_value(const char *arg, const char *next, const char *name)
{
	size_t n = strlen(name);
	if (strncmp(arg, name, n) != 0)
		return NULL;
	if (arg[n] == 0)
		return next;
	if (arg[n] == '=')
		return arg + n + 1;
	return name[1] != '-' ? arg + n : NULL;
}

static bool cmdline_matches(int64_t pid, const struct restart_target *t)
{
	char path[64];
	auto_free char *text = malloc(CMDLINE_BYTES_MAX + 1);
	snprintf(path, sizeof(path), "/proc/%" PRId64 "/cmdline", pid);
	ssize_t n = text ? slurp(path, text, CMDLINE_BYTES_MAX) : -1;
	for (ssize_t at = 0; at < n; at += (ssize_t)strlen(text + at) + 1) {
		const char *arg = text + at;
		const char *next = at + (ssize_t)strlen(arg) + 1 < n ? arg + strlen(arg) + 1 : NULL;
		const char *config = option_value(arg, next, "--config");
		const char *db = option_value(arg, next, "--dbpath");
		if (!config)
			config = option_value(arg, next, "-f");
		if (config && t->config_file && same_path(config, t->config_file))
			return true;
		if (db && t->db_path && same_path(db, t->db_path))
			return true;
	}
	return false;
}

struct sockets {
	size_t n;
	uint64_t inodes[SOCKETS_MAX];
};

/* Inodes of the sockets that listen on port, as that process' network sees them. */
static void find_listeners(int64_t pid, const char *table, int port, struct sockets *ret)
{
	char path[64], line[512];
	snprintf(path, sizeof(path), "/proc/%" PRId64 "/net/%s", pid, table);
	auto_file FILE *f = fopen(path, "re");
	for (int i = 0; f && i < TCP_LINES_MAX && fgets(line, sizeof(line), f); i++) {
		unsigned local_port, state;
		uint64_t inode;
		/* sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode */
		if (sscanf(line,
			   " %*d: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*s %*s %*s %*u %*u "
			   "%" SCNu64,
			   &local_port, &state, &inode) == 3 &&
		    state == 0x0a && (int)local_port == port && ret->n < SOCKETS_MAX)
			ret->inodes[ret->n++] = inode;
	}
}

static bool holds_socket(int64_t pid, const struct sockets *sockets)
{
	char path[64], link[64];
	const struct dirent *e;
	snprintf(path, sizeof(path), "/proc/%" PRId64 "/fd", pid);
	auto_dir DIR *d = opendir(path);
	for (int i = 0; d && i < PROC_FDS_MAX && (e = readdir(d)); i++) {
		ssize_t n = readlinkat(dirfd(d), e->d_name, link, sizeof(link) - 1);
		if (n <= 0)
			continue;
		link[n] = 0;
		for (size_t k = 0; k < sockets->n; k++)
			if (strncmp(link, "socket:[", 8) == 0 &&
			    strtoull(link + 8, NULL, 10) == sockets->inodes[k])
				return true;
	}
	return false;
}

bool proc_listens_on(int64_t pid, int port)
{
	struct sockets sockets = {.n = 0};
	if (port <= 0)
		return false;
	find_listeners(pid, "tcp", port, &sockets);
	find_listeners(pid, "tcp6", port, &sockets);
	return sockets.n > 0 && holds_socket(pid, &sockets);
}

/* Processes that could be the one that is looked for. */
struct candidates {
	unsigned n;
	struct {
		int64_t pid, parent;
	} found[CANDIDATES_MAX];
};

static void candidates_add(struct candidates *c, int64_t pid)
{
	struct proc_stat s;
	if (c->n < CANDIDATES_MAX && proc_stat_read(pid, &s)) {
		c->found[c->n].pid = pid;
		c->found[c->n++].parent = s.parent;
	}
}

/* With --fork the server's parents wait until it listens; their command line is the same. What else
 * is there twice could be another container's: in doubt, nothing is said. */
static int64_t candidates_leaf(const struct candidates *c)
{
	int64_t leaf = 0;
	for (unsigned i = 0; i < c->n; i++) {
		bool is_parent = false;
		for (unsigned k = 0; k < c->n; k++)
			is_parent |= c->found[k].parent == c->found[i].pid;
		if (is_parent)
			continue;
		leaf = leaf ? PROC_UNCLEAR : c->found[i].pid;
	}
	return leaf;
}

int64_t proc_find(const struct restart_target *t, int64_t main_pid)
{
	char lock[PATH_BYTES_MAX];
	int64_t pid = is_alive_server(main_pid) ? main_pid : 0;
	if (!pid && t->db_path && t->db_path[0] &&
	    (size_t)snprintf(lock, sizeof(lock), "%s/mongod.lock", t->db_path) < sizeof(lock))
		pid = pid_in_file(lock);
	if (!pid && t->pid_file && t->pid_file[0])
		pid = pid_in_file(t->pid_file);
	if (pid)
		return pid;
	struct candidates by_line = {.n = 0}, by_port = {.n = 0};
	auto_dir DIR *proc = opendir("/proc");
	for (int i = 0; proc && i < PROC_PIDS_MAX && proc_next(proc, &pid); i++) {
		if (!is_alive_server(pid))
			continue;
		if (cmdline_matches(pid, t))
			candidates_add(&by_line, pid);
		else if (proc_listens_on(pid, t->port))
			candidates_add(&by_port, pid);
	}
	return candidates_leaf(by_line.n ? &by_line : &by_port);
}

/* ---- one process ---- */

static void hash_cmdline(int64_t pid, char *out)
{
	char path[64], chunk[4096];
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned digest_n = 0;
	snprintf(path, sizeof(path), "/proc/%" PRId64 "/cmdline", pid);
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	AUTO(EVP_MD_CTX) ctx = EVP_MD_CTX_new();
	out[0] = 0;
	if (fd < 0 || !ctx || EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1)
		return;
	for (int i = 0; i < 1024; i++) {
		ssize_t n = read(fd, chunk, sizeof(chunk));
		if (n < 0)
			return;
		if (n == 0)
			break;
		if (EVP_DigestUpdate(ctx, chunk, (size_t)n) != 1)
			return;
	}
	if (EVP_DigestFinal_ex(ctx, digest, &digest_n) != 1 || digest_n != 32)
		return;
	for (unsigned i = 0; i < digest_n; i++)
		snprintf(out + (size_t)2 * i, 3, "%02x", digest[i]);
}

static int64_t clock_us(clockid_t which)
{
	struct timespec t = {.tv_sec = 0};
	(void)clock_gettime(which, &t); /* both exist on every kernel that rotad runs on */
	return (int64_t)t.tv_sec * US_S + t.tv_nsec / 1000;
}

/* The binary as it runs, and whether another one is at its path now. */
static void view_binary(int64_t pid, struct process_view *ret)
{
	static const char deleted[] = " (deleted)";
	char link[64], at_path[PATH_BYTES_MAX + 64];
	struct stat running, there;
	snprintf(link, sizeof(link), "/proc/%" PRId64 "/exe", pid);
	ssize_t n = readlink(link, ret->binary, sizeof(ret->binary) - 1);
	ret->binary[MAX(n, (ssize_t)0)] = 0;
	if (n <= 0)
		return;
	size_t mark = strlen(deleted);
	if ((size_t)n > mark && strcmp(ret->binary + (size_t)n - mark, deleted) == 0) {
		ret->is_binary_changed = true;
		return;
	}
	/* By the process' own root: it may be in a container. */
	snprintf(at_path, sizeof(at_path), "/proc/%" PRId64 "/root%s", pid, ret->binary);
	if (stat(link, &running) == 0 && stat(at_path, &there) == 0)
		ret->is_binary_changed =
		    running.st_dev != there.st_dev || running.st_ino != there.st_ino;
}

/* A shell's session or a CI job is a unit as well, and no rotad.service: only what systemd itself
 * started is the unit's main process. systemd.exec(5): $SYSTEMD_EXEC_PID, since 248; under
 * ProtectProc= systemd itself is not to be seen. */
static bool is_started_by_systemd(void)
{
	char parent[64], comm[65], ours[24];
	const char *said = getenv("SYSTEMD_EXEC_PID");
	snprintf(ours, sizeof(ours), "%d", (int)getpid());
	if (said && strcmp(said, ours) == 0)
		return true;
	snprintf(parent, sizeof(parent), "/proc/%d/comm", (int)getppid());
	return slurp(parent, comm, sizeof(comm) - 1) > 0 && strcmp(comm, "systemd\n") == 0;
}

/* Both in one unit's control group, as after a hook that started mongod by itself. Outside of units
 * (a shell) it says nothing. */
static bool shares_our_unit(int64_t pid)
{
	char path[64], theirs[4097], ours[4097];
	snprintf(path, sizeof(path), "/proc/%" PRId64 "/cgroup", pid);
	return slurp(path, theirs, sizeof(theirs) - 1) > 0 &&
	       slurp("/proc/self/cgroup", ours, sizeof(ours) - 1) > 0 &&
	       strcmp(theirs, ours) == 0 && strstr(ours, ".service\n") && is_started_by_systemd();
}

void proc_view(int64_t pid, struct process_view *ret)
{
	struct proc_stat s;
	ret->pid = 0;
	ret->start_ticks = 0;
	ret->started_at = (struct wall){.us = 0};
	ret->binary[0] = ret->argv_hash[0] = 0;
	ret->is_binary_changed = ret->is_in_our_cgroup = false;
	ret->state = PROCESS_NONE;
	if (!proc_stat_read(pid, &s) || s.state == 'Z' || s.state == 'X')
		return;
	ret->state = PROCESS_RUNNING;
	ret->pid = pid;
	ret->start_ticks = s.start_ticks;
	int64_t ticks = sysconf(_SC_CLK_TCK);
	ret->started_at.us = clock_us(CLOCK_REALTIME) - clock_us(CLOCK_BOOTTIME) +
			     (int64_t)s.start_ticks * (US_S / MAX(ticks, (int64_t)1));
	ret->is_in_our_cgroup = pid != getpid() && shares_our_unit(pid);
	hash_cmdline(pid, ret->argv_hash);
	view_binary(pid, ret);
}

/* ---- its log ---- */

/* Lines that only say that something went wrong; the reason stands in another. */
static bool is_generic(json_int_t id)
{
	static const json_int_t ids[] = {20575, 20574, 23089, 23090, 23091, 20557, 4757800};
	for (size_t i = 0; i < ARRAY_N(ids); i++)
		if (ids[i] == id)
			return true;
	return false;
}

static bool has(struct str line, const char *what)
{
	return memmem(line.p, line.n, what, strlen(what));
}

/* Quotes inside strings are escaped in JSON, so these cannot be forged by a value. */
static bool is_start(struct str line)
{
	return has(line, "\"id\":20698,") || has(line, "\"id\":20697,");
}

static bool is_trouble(struct str line)
{
	/* 20254 ("Read security file failed") is told at severity I. */
	return has(line, "\"s\":\"F\"") || has(line, "\"s\":\"E\"") || has(line, "\"id\":20254,");
}

static const char *text_of(const json_t *object, const char *key)
{
	const json_t *v = json_object_get(object, key);
	if (json_is_object(v))
		v = json_object_get(v, "errmsg");
	return json_string_value(v);
}

/* "id 20254: Read security file failed: permissions on /x are too open". */
static bool describe(struct str line, char *out, size_t out_n, bool *ret_is_generic)
{
	static const char *const reasons[] = {"error", "errmsg", "reason", "what", "errorString"};
	auto_wiped_buf struct buf text = {.max = LOG_TAIL_BYTES_MAX};
	AUTO(json_t) root = json_loadb(line.p, line.n, 0, NULL);
	const json_t *attr = json_object_get(root, "attr");
	const char *message = text_of(root, "msg"), *reason = NULL;
	json_int_t id = json_integer_value(json_object_get(root, "id"));
	if (!message)
		return false;
	for (size_t i = 0; i < ARRAY_N(reasons) && !reason; i++)
		reason = text_of(attr, reasons[i]);
	buf_addf(&text, "id %" JSON_INTEGER_FORMAT ": %s%s%s", id, message, reason ? ": " : "",
		 reason ? reason : "");
	auto_wiped_buf struct buf clean = {.max = 2 * LOG_TAIL_BYTES_MAX};
	redact(&clean, buf_str(&text), false);
	snprintf(out, out_n, "%s", buf_z(&clean));
	*ret_is_generic = is_generic(id);
	return true;
}

static int exit_code_of(struct str line)
{
	AUTO(json_t) root = json_loadb(line.p, line.n, 0, NULL);
	const json_t *code = json_object_get(json_object_get(root, "attr"), "exitCode");
	json_int_t v = json_integer_value(code);
	return json_is_integer(code) && v >= 0 && v <= 255 ? (int)v : -1;
}

static bool read_tail(const char *path, struct buf *ret)
{
	struct stat st;
	auto_free char *bytes = malloc(LOG_TAIL_BYTES_MAX);
	auto_close int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 || !bytes || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return false;
	off_t from = MAX(st.st_size - LOG_TAIL_BYTES_MAX, (off_t)0);
	ssize_t n = pread(fd, bytes, LOG_TAIL_BYTES_MAX, from);
	if (n <= 0)
		return false;
	const char *start = bytes;
	if (from > 0) { /* the first line is a torn one */
		start = memchr(bytes, '\n', (size_t)n);
		start = start ? start + 1 : bytes + n;
	}
	buf_add(ret, start, (size_t)(bytes + n - start));
	wipe(bytes, (size_t)n); /* a log may hold what redact() takes out */
	return true;
}

void proc_last_error(const char *log_path, char *out, size_t out_n, int *ret_exit_code)
{
	auto_wiped_buf struct buf tail = {.max = LOG_TAIL_BYTES_MAX + 1};
	bool have_specific = false;
	out[0] = 0;
	*ret_exit_code = -1;
	if (!log_path || !log_path[0] || !read_tail(log_path, &tail))
		return;
	struct str rest = buf_str(&tail), line;
	while (str_cut(&rest, '\n', &line)) {
		char words[512];
		bool generic = false;
		if (is_start(line)) {
			out[0] = 0;
			*ret_exit_code = -1;
			have_specific = false;
		} else if (has(line, "\"id\":23138,")) {
			*ret_exit_code = exit_code_of(line);
		} else if (is_trouble(line) && describe(line, words, sizeof(words), &generic) &&
			   (!generic || !have_specific)) {
			snprintf(out, out_n, "%s", words);
			have_specific = !generic;
		}
	}
}
