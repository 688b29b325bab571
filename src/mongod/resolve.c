/* SPDX-License-Identifier: Apache-2.0 */
/* Name look-up by glibc's getaddrinfo_a(), which has threads of its own: one that is late is left
 * to end by itself and its memory is collected later. */
#include "mongod/resolve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <time.h>

enum { LATE_MAX = 16, PORT_BYTES = 8 };

struct lookup {
	struct gaicb cb;
	struct addrinfo hints;
	char name[HOST_BYTES_MAX], port[PORT_BYTES];
};

static struct lookup *late[LATE_MAX]; /* still running in a thread of glibc's */

struct mono resolve_now(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_BOOTTIME, &t); /* cannot fail with a valid clock */
	return (struct mono){.us = t.tv_sec * US_S + t.tv_nsec / 1000};
}

bool resolve_cut(const char *host, char *name, char *port, struct err *err)
{
	struct str h = str_of(host), p = STR(MONGOD_PORT_DEFAULT);
	const char *bracket = h.n && h.p[0] == '[' ? memchr(h.p, ']', h.n) : NULL;
	const char *colon = h.n ? memrchr(h.p, ':', h.n) : NULL;

	if (bracket) {
		const char *end = h.p + h.n;
		if (bracket + 1 != end && bracket[1] != ':')
			return err_set(err, ERR_INVALID, "'%s' is no host:port", host);
		if (bracket + 1 != end)
			p = (struct str){.p = bracket + 2, .n = (size_t)(end - bracket - 2)};
		h = (struct str){.p = h.p + 1, .n = (size_t)(bracket - h.p - 1)};
	} else if (colon && memchr(h.p, ':', h.n) == colon) { /* two of them: a bare IPv6 address */
		p = (struct str){.p = colon + 1, .n = h.n - (size_t)(colon + 1 - h.p)};
		h.n = (size_t)(colon - h.p);
	}
	unsigned number = 0;
	for (size_t i = 0; i < p.n; i++) {
		if (p.p[i] < '0' || p.p[i] > '9' || i >= 5)
			return err_set(err, ERR_INVALID, "'%s' has no valid port", host);
		number = number * 10 + (unsigned)(p.p[i] - '0');
	}
	if (number == 0 || number > 65535)
		return err_set(err, ERR_INVALID, "'%s' has no valid port", host);
	if (h.n == 0 || !copy_str(name, HOST_BYTES_MAX, h) || !copy_str(port, PORT_BYTES, p))
		return err_set(err, ERR_INVALID, "'%s' is no host:port", host);
	return true;
}

bool resolve_is_ip(const char *name)
{
	unsigned char bytes[16];
	return inet_pton(AF_INET, name, bytes) == 1 || inet_pton(AF_INET6, name, bytes) == 1;
}

/* Collect what has ended meanwhile. Returns a free slot, or LATE_MAX. */
static size_t late_sweep(void)
{
	size_t free_i = LATE_MAX;
	for (size_t i = 0; i < LATE_MAX; i++) {
		if (late[i] && gai_error(&late[i]->cb) != EAI_INPROGRESS) {
			if (late[i]->cb.ar_result)
				freeaddrinfo(late[i]->cb.ar_result);
			free(late[i]);
			late[i] = NULL;
		}
		if (!late[i])
			free_i = i;
	}
	return free_i;
}

static bool wait_for(struct lookup *l, struct mono deadline)
{
	const struct gaicb *const list[] = {&l->cb};
	while (gai_error(&l->cb) == EAI_INPROGRESS) {
		int64_t left = deadline.us - resolve_now().us;
		if (left <= 0)
			return false;
		const struct timespec t = {.tv_sec = left / US_S,
					   .tv_nsec = (long)(left % US_S * 1000)};
		(void)gai_suspend(list, 1, &t); /* why it woke is read by gai_error() */
	}
	return true;
}

bool resolve(const char *host, struct mono deadline, struct addrinfo **ret, struct err *err)
{
	auto_free struct lookup *l = calloc(1, sizeof(*l));
	if (!l)
		return err_set(err, ERR_MEMORY, "no memory to look up '%s'", host);
	if (!resolve_cut(host, l->name, l->port, err))
		return false;
	l->hints = (struct addrinfo){.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	if (resolve_is_ip(l->name)) { /* nobody to ask: no thread needed */
		l->hints.ai_flags |= AI_NUMERICHOST;
		int e = getaddrinfo(l->name, l->port, &l->hints, ret);
		return e == 0 || err_set(err, ERR_UNREACHABLE, "'%s': %s", host, gai_strerror(e));
	}
	size_t slot = late_sweep();
	if (slot == LATE_MAX)
		return err_set(err, ERR_LIMIT, "%d names are being looked up without an answer",
			       LATE_MAX);
	l->cb = (struct gaicb){.ar_name = l->name, .ar_service = l->port, .ar_request = &l->hints};
	struct gaicb *list[] = {&l->cb};
	int e = getaddrinfo_a(GAI_NOWAIT, list, 1, NULL);
	if (e != 0)
		return err_set(err, ERR_UNREACHABLE, "'%s' cannot be looked up: %s", host,
			       gai_strerror(e));
	if (!wait_for(l, deadline) && gai_cancel(&l->cb) != EAI_CANCELED) {
		late[slot] = take(&l);
		return err_set(err, ERR_TIMEOUT, "no answer to the name look-up of '%s'", host);
	}
	e = gai_error(&l->cb);
	if (e == EAI_CANCELED)
		return err_set(err, ERR_TIMEOUT, "no answer to the name look-up of '%s'", host);
	if (e != 0)
		return err_set(err, ERR_UNREACHABLE, "'%s' cannot be looked up: %s", host,
			       gai_strerror(e));
	*ret = l->cb.ar_result;
	return true;
}
