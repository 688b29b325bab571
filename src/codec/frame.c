/* SPDX-License-Identifier: Apache-2.0 */
/* Length-prefixed JSON over a socketpair. The deadline is a timer descriptor polled beside the
 * socket, so that no clock is read here. */
#include "codec/frame.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

/* Bytes of one frame, wiped at the end of the scope. */
struct bytes {
	char *p;
	size_t n;
};

static void bytes_fini(struct bytes *b)
{
	if (b->p) {
		wipe(b->p, b->n);
		free(b->p);
	}
}

static bool bytes_init(struct bytes *b, size_t n, struct err *err)
{
	b->p = malloc(n);
	if (!b->p)
		return err_set(err, ERR_MEMORY, "no memory for a message of %zu bytes", n);
	b->n = n;
	return true;
}

static bool timer_start(int64_t timeout_us, int *ret_timer, struct err *err)
{
	if (timeout_us == FRAME_FOR_EVER)
		return true;
	/* All zero would disarm the timer: a deadline that has passed is one nanosecond. */
	const struct itimerspec spec = {
	    .it_value = {.tv_sec = MAX(timeout_us, 0) / US_S,
			 .tv_nsec = (long)(MAX(timeout_us, 0) % US_S * 1000 + 1)}};
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (timer < 0)
		return err_sys(err, errno, "making a timer");
	if (timerfd_settime(timer, 0, &spec, NULL) != 0) {
		int e = errno;
		(void)close(timer); /* nothing was written to it */
		return err_sys(err, e, "starting a timer");
	}
	*ret_timer = timer;
	return true;
}

/* Wait until fd is ready for `events`. What is ready wins over the deadline. */
static bool ready_wait(int fd, short events, int timer, struct err *err)
{
	struct pollfd fds[2] = {{.fd = fd, .events = events}, {.fd = timer, .events = POLLIN}};
	for (;;) {
		if (poll(fds, 2, -1) < 0) {
			if (errno == EINTR)
				continue;
			return err_sys(err, errno, "waiting for the other side");
		}
		if (fds[0].revents)
			return true;
		if (fds[1].revents)
			return err_set(err, ERR_TIMEOUT, "no answer within the time given");
	}
}

static bool is_gone(int e)
{
	return e == EPIPE || e == ECONNRESET || e == ENOTCONN;
}

static bool bytes_put(int fd, const char *p, size_t n, int timer, struct err *err)
{
	while (n > 0) {
		ssize_t sent = send(fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent >= 0) {
			p += sent;
			n -= (size_t)sent;
		} else if (is_gone(errno)) {
			return err_set(err, ERR_UNREACHABLE, "the other side closed");
		} else if (errno == EAGAIN) {
			if (!ready_wait(fd, POLLOUT, timer, err))
				return false;
		} else if (errno != EINTR) {
			return err_sys(err, errno, "sending a message");
		}
	}
	return true;
}

static bool bytes_get(int fd, char *p, size_t n, int timer, bool is_start, struct err *err)
{
	while (n > 0) {
		ssize_t got = recv(fd, p, n, MSG_DONTWAIT);
		if (got > 0) {
			p += got;
			n -= (size_t)got;
			is_start = false;
		} else if (got == 0 || is_gone(errno)) {
			return is_start
				   ? err_set(err, ERR_UNREACHABLE, "the other side closed")
				   : err_set(err, ERR_PROTOCOL,
					     "the other side closed in the middle of a message");
		} else if (errno == EAGAIN) {
			if (!ready_wait(fd, POLLIN, timer, err))
				return false;
		} else if (errno != EINTR) {
			return err_sys(err, errno, "receiving a message");
		}
	}
	return true;
}

bool frame_put(int fd, const json_t *value, int64_t timeout_us, struct err *err)
{
	auto_close int timer = -1;
	__attribute__((cleanup(bytes_fini))) struct bytes b = {.p = NULL};

	size_t n = json_dumpb(value, NULL, 0, JSON_COMPACT);
	if (n == 0)
		return err_set(err, ERR_MEMORY, "a message could not be written as JSON");
	if (n > FRAME_BYTES_MAX)
		return err_set(err, ERR_LIMIT, "a message of %zu bytes is longer than %d", n,
			       FRAME_BYTES_MAX);
	if (!bytes_init(&b, n + FRAME_HEAD_BYTES, err))
		return false;
	for (unsigned i = 0; i < FRAME_HEAD_BYTES; i++)
		b.p[i] = (char)(unsigned char)(n >> (8 * (FRAME_HEAD_BYTES - 1 - i)));
	if (json_dumpb(value, b.p + FRAME_HEAD_BYTES, n, JSON_COMPACT) != n)
		return err_set(err, ERR_MEMORY, "a message could not be written as JSON");
	return timer_start(timeout_us, &timer, err) && bytes_put(fd, b.p, b.n, timer, err);
}

bool frame_get(int fd, int64_t timeout_us, json_t **ret, struct err *err)
{
	auto_close int timer = -1;
	__attribute__((cleanup(bytes_fini))) struct bytes b = {.p = NULL};
	unsigned char head[FRAME_HEAD_BYTES];
	size_t n = 0;
	json_error_t why;

	if (!timer_start(timeout_us, &timer, err) ||
	    !bytes_get(fd, (char *)head, sizeof(head), timer, true, err))
		return false;
	for (unsigned i = 0; i < FRAME_HEAD_BYTES; i++)
		n = n << 8 | head[i];
	if (n == 0 || n > FRAME_BYTES_MAX)
		return err_set(err, ERR_PROTOCOL, "a message of %zu bytes was announced", n);
	if (!bytes_init(&b, n, err) || !bytes_get(fd, b.p, n, timer, false, err))
		return false;
	AUTO(json_t) value = json_loadb(b.p, n, JSON_REJECT_DUPLICATES, &why);
	/* jansson's own text may quote the message, which may hold a secret: only the place is
	 * told. */
	if (!value)
		return err_set(err, ERR_PROTOCOL, "a message is not JSON at byte %d", why.position);
	if (!json_is_object(value))
		return err_set(err, ERR_PROTOCOL, "a message is not an object");
	*ret = take(&value);
	return true;
}
