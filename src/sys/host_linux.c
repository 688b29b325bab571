/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the kernel's clocks and its random generator; judges neither. */
#include "sys/host_linux.h"

#include <errno.h>
#include <sys/random.h>
#include <time.h>

static int64_t clock_us(clockid_t which)
{
	struct timespec t;
	int rc = clock_gettime(which, &t);
	ASSERT(rc == 0); /* both clocks exist on every kernel that rotad runs on */
	return (int64_t)t.tv_sec * US_S + t.tv_nsec / 1000;
}

static struct wall host_now(void *self)
{
	(void)self;
	return (struct wall){.us = clock_us(CLOCK_REALTIME)};
}

static struct mono host_boot(void *self)
{
	(void)self;
	return (struct mono){.us = clock_us(CLOCK_BOOTTIME)};
}

static bool host_random(void *self, void *out, size_t n, struct err *err)
{
	char *p = out;
	(void)self;
	while (n) {
		ssize_t got = getrandom(p, n, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return err_sys(err, got < 0 ? errno : EIO,
				       "asking the kernel for random bytes");
		p += got;
		n -= (size_t)got;
	}
	return true;
}

static const struct host_ops host_linux_ops = {
    .now = host_now,
    .boot = host_boot,
    .random = host_random,
};

struct host_port host_linux(void)
{
	return (struct host_port){.ops = &host_linux_ops, .self = NULL};
}
