/* SPDX-License-Identifier: Apache-2.0 */
/* Clock and randomness of this host. Implemented by sys/host.c and by fakes; nobody else reads a
 * clock. */
#ifndef PORT_HOST_H
#define PORT_HOST_H

#include "base/clock.h"
#include "base/err.h"

struct host_ops {
	struct wall (*now)(void *self);  /* CLOCK_REALTIME */
	struct mono (*boot)(void *self); /* CLOCK_BOOTTIME */
	/* Fill from the kernel's generator. Errors: ERR_SYSTEM. */
	bool (*random)(void *self, void *out, size_t n, struct err *err);
};

struct host_port {
	const struct host_ops *ops;
	void *self;
};

#endif
