/* SPDX-License-Identifier: Apache-2.0 */
/* A small HTTP/1.1 client over a unix socket: one request a connection, which the daemon closes
 * after its answer. Every wait is a poll() against one deadline. */
#include "cmd/daemon_ask.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "api/api.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "codec/json_strict.h"
#include "model/policy.h"

static int64_t mono_us(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail for this clock */
	return t.tv_sec * US_S + t.tv_nsec / 1000;
}

/* As whom this user logged in, also behind sudo: the daemon may not look at our /proc. Kept by the
 * kernel; "" where it is not known. */
static void own_login(char *out, size_t out_n)
{
	auto_file FILE *f = fopen("/proc/self/loginuid", "re");
	if (!f || !fgets(out, (int)out_n, f) || strcmp(out, "4294967295") == 0) /* never set */
		out[0] = 0;
	out[strspn(out, "0123456789")] = 0;
}

/* Wait until the socket is ready; false with an error at the deadline. A signal does not end it. */
static bool await(int fd, short events, int64_t deadline_us, struct err *err)
{
	for (;;) {
		struct pollfd p = {.fd = fd, .events = events};
		int64_t left_us = deadline_us - mono_us();
		if (left_us <= 0)
			return err_set(err, ERR_TIMEOUT, "rotad did not answer in time");
		int n = poll(&p, 1, (int)MIN((left_us + US_MS - 1) / US_MS, 60 * 1000));
		if (n > 0)
			return true;
		if (n < 0 && errno != EINTR)
			return err_sys(err, errno, "waiting for rotad");
	}
}

static bool reach_at(const char *path, int64_t deadline_us, int *ret_fd, struct err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (!copy_z(address.sun_path, sizeof(address.sun_path), path))
		return err_set(err, ERR_LIMIT, "the socket's path is too long (107 bytes at most)");
	auto_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_sys(err, errno, "making a socket");
	/* EAGAIN: the queue of the listener is full; connecting to a unix socket never becomes
	 * "in progress". */
	while (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
		if (errno == EINTR)
			continue;
		if (errno == EACCES || errno == EPERM)
			return err_set(err, ERR_PERMISSION,
				       "this user may not ask rotad: the socket is its group's");
		if (errno != EAGAIN)
			return err_set(err, ERR_UNREACHABLE, "rotad does not run here: %s",
				       errno == ENOENT ? "there is no such socket"
						       : "nobody answers at the socket");
		if (mono_us() > deadline_us)
			return err_set(err, ERR_TIMEOUT, "rotad takes no connection");
		(void)poll(NULL, 0, 10);
	}
	*ret_fd = fd;
	fd = -1;
	return true;
}

/* Systemd's socket first, then rotad's own: that is where it is without rotad.socket. */
static bool reach(const char *path, int64_t deadline_us, int *ret_fd, struct err *err)
{
	char by_unit[UNIT_SOCKET_BYTES];
	if (config_unit_socket(path, by_unit)) {
		struct err no = ERR_INIT;
		err_subject(&no, by_unit);
		if (reach_at(by_unit, deadline_us, ret_fd, &no))
			return true;
		if (no.kind != ERR_UNREACHABLE) {
			*err = no;
			return false;
		}
	}
	return reach_at(path, deadline_us, ret_fd, err);
}

static bool send_all(int fd, struct str text, int64_t deadline_us, struct err *err)
{
	while (text.n) {
		if (!await(fd, POLLOUT, deadline_us, err))
			return false;
		ssize_t n = send(fd, text.p, text.n, MSG_NOSIGNAL);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0)
			return err_sys(err, errno, "sending to rotad");
		text.p += n;
		text.n -= (size_t)n;
	}
	return true;
}

static bool read_all(int fd, int64_t deadline_us, struct buf *ret, struct err *err)
{
	char part[16 * 1024];
	for (;;) {
		if (!await(fd, POLLIN, deadline_us, err))
			return false;
		ssize_t n = recv(fd, part, sizeof(part), 0);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0)
			return err_sys(err, errno, "reading rotad's answer");
		if (n == 0)
			return true;
		buf_add(ret, part, (size_t)n);
		if (!buf_ok(ret, err))
			return err_in(err, "reading rotad's answer");
	}
}

/* The value of a header line, or an empty str. */
static struct str header_of(struct str head, const char *name)
{
	struct str line;
	size_t name_n = strlen(name);
	while (str_cut(&head, '\n', &line))
		if (line.n > name_n && line.p[name_n] == ':' &&
		    strncasecmp(line.p, name, name_n) == 0)
			return str_trim((struct str){line.p + name_n + 1, line.n - name_n - 1});
	return (struct str){.p = ""};
}

/* "HTTP/1.1 200 OK", headers, empty line, exactly as many bytes as Content-Length says. */
static bool answer_parse(struct str text, unsigned *ret_status, struct str *ret_body,
			 struct err *err)
{
	const char *end = memmem(text.p, text.n, "\r\n\r\n", 4);
	if (!end || text.n < 12 || memcmp(text.p, "HTTP/1.", 7) != 0)
		return err_set(err, ERR_PROTOCOL,
			       text.n ? "what answers at the socket is not rotad"
				      : "rotad ended the connection without an answer");
	struct str head = {text.p, (size_t)(end - text.p) + 2};
	struct str body = {end + 4, text.n - head.n - 2};
	struct str length = header_of(head, "Content-Length");
	size_t expected = 0;
	for (size_t i = 0; i < 3; i++)
		if (text.p[9 + i] < '0' || text.p[9 + i] > '9')
			return err_set(err, ERR_PROTOCOL, "the answer has no status");
	for (size_t i = 0; i < length.n; i++) {
		if (length.p[i] < '0' || length.p[i] > '9' || expected > DAEMON_ANSWER_MAX)
			return err_set(err, ERR_PROTOCOL, "the answer's length is no number");
		expected = expected * 10 + (size_t)(length.p[i] - '0');
	}
	if (!length.n || expected != body.n)
		return err_set(err, ERR_PROTOCOL, "the answer is torn");
	*ret_status =
	    (unsigned)((text.p[9] - '0') * 100 + (text.p[10] - '0') * 10 + text.p[11] - '0');
	*ret_body = body;
	return true;
}

bool daemon_ask(const char *socket_path, const char *method, const char *path, const json_t *body,
		int64_t timeout_us, unsigned *ret_status, json_t **ret, struct err *err)
{
	int64_t deadline_us = mono_us() + timeout_us;
	auto_close int fd = -1;
	auto_buf struct buf request = {.p = NULL}, answer = {.max = DAEMON_ANSWER_MAX};
	AUTO(char) text = body ? json_dumps(body, JSON_COMPACT) : NULL;
	struct str answer_body;
	AUTO(json_t) value = NULL;
	unsigned status = 0;
	char login[32];
	if (body && !text)
		return err_set(err, ERR_MEMORY, "no memory for the request");
	err_subject(err, socket_path);
	own_login(login, sizeof(login));
	buf_addf(&request, "%s %s HTTP/1.1\r\nHost: rotad\r\nConnection: close\r\n", method, path);
	if (login[0])
		buf_addf(&request, API_LOGIN_HEADER ": %s\r\n", login);
	if (text)
		buf_addf(&request, "Content-Type: application/json\r\nContent-Length: %zu\r\n",
			 strlen(text));
	buf_addf(&request, "\r\n%s", text ? text : "");
	if (!buf_ok(&request, err) || !reach(socket_path, deadline_us, &fd, err) ||
	    !send_all(fd, buf_str(&request), deadline_us, err) ||
	    !read_all(fd, deadline_us, &answer, err) ||
	    !answer_parse(buf_str(&answer), &status, &answer_body, err))
		return false;
	if (!json_read(answer_body, "the answer of rotad", &value, err)) {
		err->kind = err->kind == ERR_MEMORY ? ERR_MEMORY : ERR_PROTOCOL;
		return false;
	}
	if (!json_is_object(value))
		return err_set(err, ERR_PROTOCOL, "the answer of rotad is no JSON object");
	*ret_status = status;
	*ret = take(&value);
	return true;
}
