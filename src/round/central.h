/* SPDX-License-Identifier: Apache-2.0 */
/* The central schedule at work: looked for, merged into the policy of every seat, its orders given.
 * Whatever comes, the last good one goes on. Called by the round thread; never waits. How it is got
 * and what it means is conf/schedule_fetch.h and conf/schedule.h. */
#ifndef ROUND_CENTRAL_H
#define ROUND_CENTRAL_H

#include "conf/schedule_fetch.h"
#include "round/round.h"

/* Copied; what it points to outlives the central. */
struct central_parts {
	struct host_port host;
	struct files_port files;
	struct http_later http;
	const char *zone_directory; /* NULL: the system's */
	const char *host_name;      /* of this host, for a member whose name is not known yet */
	unsigned seats_n;
	struct seat *seats[INSTANCES_MAX];
	void (*tell)(void *self, const struct event *e, bool is_mine);
	void *teller;
};

struct central;

/* With the last good schedule of the state directory in force at once. own is the host's file,
 * borrowed until central_take(). Where a schedule is wanted and none was ever good, the seats only
 * look until one is. *ret is new; end with central_free(). Errors: ERR_MEMORY. */
MUST_CHECK bool central_new(const struct central_parts *parts, const struct conf *own,
			    struct central **ret, struct err *err);
void central_free(struct central *c);

/* Look for a new one if it is time, merge it when it or a member's name is new, give its orders.
 * Returns when to call again, in microseconds. */
int64_t central_run(struct central *c);

/* Could the host live with this file and the schedule in force? Errors: ERR_INVALID with the first
 * fault, ERR_MEMORY. */
MUST_CHECK bool central_fits(struct central *c, const struct conf *own, struct err *err);
/* Take another file, after central_fits() and after the seats took it. Borrows it from now on. */
void central_take(struct central *c, const struct conf *own);

/* What is in force for seat i: the host's file with the schedule merged in. */
const struct conf *central_conf(const struct central *c, unsigned i);

/* {"source":..., "serial":..., ...} for the status; null when no schedule is wanted. */
void central_view(const struct central *c, struct buf *out);

#endif
