/* SPDX-License-Identifier: Apache-2.0 */
/* "name:port" to addresses, within a deadline: a name server that does not answer must not hold up
 * the asker. */
#ifndef MONGOD_RESOLVE_H
#define MONGOD_RESOLVE_H

#include <netdb.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/limits.h"

#define MONGOD_PORT_DEFAULT "27017"

struct mono resolve_now(void); /* CLOCK_BOOTTIME: the clock of all deadlines of this folder */
/* Cut "db1:27018", "[::1]:27018", "db1", "::1" into name and port (27017 when none is given). name
 * has HOST_BYTES_MAX bytes, port 8. Errors: ERR_INVALID. */
MUST_CHECK bool resolve_cut(const char *host, char *name, char *port, struct err *err);
/* Is the name an IP address? */
bool resolve_is_ip(const char *name);
/* *ret is new, free with freeaddrinfo(). Errors: ERR_INVALID, ERR_UNREACHABLE (no such name),
 * ERR_TIMEOUT, ERR_LIMIT (too many unanswered), ERR_MEMORY. */
MUST_CHECK bool resolve(const char *host, struct mono deadline, struct addrinfo **ret,
			struct err *err);

#endif
