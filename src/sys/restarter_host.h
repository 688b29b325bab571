/* SPDX-License-Identifier: Apache-2.0 */
/* port/restarter.h on a real host: by systemd unit, job unit or hook, as each instance says. */
#ifndef SYS_RESTARTER_HOST_H
#define SYS_RESTARTER_HOST_H

#include "port/restarter.h"

/* *ret is new; end with restarter_host_free(ret->self). For one thread. Errors: ERR_MEMORY,
 * ERR_SYSTEM. */
MUST_CHECK bool restarter_host_new(struct restarter_port *ret, struct err *err);
/* Readable when a poll may have news: an event loop of another thread may wait on it (only that)
 * and wake the round. */
int restarter_host_fd(const void *self);
/* Hooks that still run are ended; jobs of systemd go on. Accepts NULL. */
void restarter_host_free(void *self);

#endif
