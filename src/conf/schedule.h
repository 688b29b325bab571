/* SPDX-License-Identifier: Apache-2.0 */
/* The central schedule: one YAML text for the whole fleet, and what it means for one host. Getting
 * it is conf/schedule_fetch.h.
 *
 *   serial: 412                      # rises with each change
 *   fleet: production                # if hosts name one, it must be theirs
 *   keyfile: {maxAge: 90d}           # for all hosts: any key that may stand in a policy
 *   freezes: [{from: 2026-12-20, until: 2027-01-04, reason: year end}]
 *   policies:
 *     - {clusters: ["rs*"], hosts: ["*.example.net"], keyfile: {mode: act}, windows: [...]}
 *   orders:
 *     - {id: CHG41877, rotate: keyfile, clusters: [rs0], urgency: routine, reason: quarterly}
 *
 * It fills what a host leaves open and can only make more careful what the host says; it never
 * lifts a host above its own mode. A host that is not listed keeps what it has. */
#ifndef CONF_SCHEDULE_H
#define CONF_SCHEDULE_H

#include "conf/conf_check.h"

enum { SCHEDULE_PATTERNS_MAX = 8, SCHEDULE_PATTERN_BYTES = 128, SCHEDULE_ID_BYTES = 64 };
#define SCHEDULE_SERIAL_MAX ((uint64_t)1 << 53) /* so that every tool reads it exactly */

/* '*' any run of characters, '?' one; upper and lower case are the same, as in DNS. */
bool pattern_matches(const char *pattern, const char *text);

struct schedule_patterns {
	unsigned n; /* 0: all */
	char patterns[SCHEDULE_PATTERNS_MAX][SCHEDULE_PATTERN_BYTES];
};

struct schedule_order {
	char id[SCHEDULE_ID_BYTES]; /* as written */
	struct token token; /* the same for hosts to agree by: from SHA-256 of fleet and id */
	enum order_kind kind;
	enum urgency urgency;
	struct schedule_patterns clusters;
	char member[HOST_BYTES_MAX]; /* only this member; "" all */
	char reason[REASON_BYTES], ticket[NAME_BYTES_MAX];
	bool breaks_freeze;
	int64_t max_lag_us;    /* 0: the policy's */
	struct wall not_after; /* the order is void then; 0: never */
};

/* A schedule that was checked as a whole. About 150 KiB: on the heap. */
struct schedule {
	uint64_t serial; /* 0: none */
	char fleet[NAME_BYTES_MAX];
	char signer[256]; /* subject of who signed it; "" unsigned */
	struct buf text;  /* owned */
	unsigned policies_n, orders_n;
	struct schedule_order orders[ORDERS_MAX];
};
void schedule_fini(struct schedule *s); /* accepts a zeroed one */
#define auto_schedule __attribute__((cleanup(schedule_fini)))

/* Parse and check text (copied). All policies are checked, also those of other hosts; each order
 * too. End *ret with schedule_fini(). False when there was an error: nothing of it may be used. */
MUST_CHECK bool schedule_parse(struct str text, const struct conf_how *how, struct schedule *ret,
			       struct conf_faults *faults);

/* Does a policy name this host? cluster NULL: whatever its cluster is. */
bool schedule_lists(const struct schedule *s, const char *cluster, const char *host);

/* What holds for this host: its own file with the schedule merged in. `listed` is the last schedule
 * that listed the host, used for its policies when s does not list it any more ("not listed" never
 * means "delete"); NULL when there is none. Either may have serial 0. *ret is checked by
 * conf_check(); false: what comes out cannot be met, and the host goes on with its own file. */
MUST_CHECK bool schedule_merge(const struct schedule *s, const struct schedule *listed,
			       const struct conf *own, const char *cluster, const char *host,
			       const struct conf_how *how, struct conf *ret,
			       struct conf_faults *faults);

/* Is this order for a member of this cluster (member "": any) at now? */
bool schedule_order_concerns(const struct schedule_order *o, const char *cluster,
			     const char *member, struct wall now);

#endif
