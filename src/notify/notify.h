/* SPDX-License-Identifier: Apache-2.0 */
/* Alerts: which events go to whom and when again, kept over restarts. Never waits for a receiver:
 * notify_add writes to the spool and returns, notify_pump moves what can move. One thread at a
 * time. Where messages look like something is for the rows of notify_table.h. */
#ifndef NOTIFY_NOTIFY_H
#define NOTIFY_NOTIFY_H

#include "notify/notify_table.h"
#include "notify/spool.h"
#include "port/host.h"

enum {
	NOTIFY_LANES_MAX = 4,
	NOTIFY_KEYS_MAX = 256,   /* troubles told and not yet over; the oldest is forgotten first */
	NOTIFY_TELLS_MAX = 16,   /* events of its own that wait for notify_tell */
	NOTIFY_BAD_TRIES_MAX = 5 /* of a message that its receiver refuses, before it is given up */
};
#define NOTIFY_OTHERS_DELAY_US (60 * US_S) /* what hosts that it does not concern wait */
#define NOTIFY_BACKOFF_FIRST_US                                                                    \
	(5 * US_S) /* full jitter: between 0 and this, doubled each time                           \
		    */
#define NOTIFY_BACKOFF_MAX_US (10 * US_MIN)
#define NOTIFY_REPEAT_CRITICAL_US (1 * US_H) /* the same trouble is told again after this */
#define NOTIFY_REPEAT_WARNING_US (6 * US_H)
#define NOTIFY_REPEAT_NOTICE_US (24 * US_H)
#define NOTIFY_UNDELIVERED_US (5 * US_MIN) /* a target failing this long is told elsewhere */

/* What it is made of. Borrows targets and what they borrow, directory and host; copies ports. */
struct notify_parts {
	const struct notify_target *targets;
	size_t targets_n; /* at most ALERTS_MAX */
	const struct notify_lane *lanes;
	size_t lanes_n; /* 1..NOTIFY_LANES_MAX */
	struct files_port files;
	struct host_port random;     /* for message ids and jitter; its clocks are not read */
	const char *state_directory; /* STATE/notify.json and STATE/spool/, which must exist */
	const char *host;            /* this host's name, told as data.host */
};

struct notify;

/* Reads its state; a torn one is told and begun anew, never fatal. *ret is new; end with
 * notify_free(). Errors: ERR_MEMORY, ERR_LIMIT, ERR_INVALID (a target's check), ERR_SYSTEM (no
 * randomness). */
MUST_CHECK bool notify_new(const struct notify_parts *parts, struct wall now, struct notify **ret,
			   struct err *err);
void notify_free(struct notify *n); /* accepts NULL; what waits stays in the spool */

/* Who tells it. */
struct notify_when {
	bool is_mine;     /* it concerns this host or its member: told at once */
	int64_t delay_us; /* else after this, unless withdrawn; 0: NOTIFY_OTHERS_DELAY_US */
	bool is_forced;   /* no deduplication, no severity */
	const char *only; /* NULL, or the one target to tell */
};
enum notify_added {
	NOTIFY_QUEUED,    /* waits for at least one target */
	NOTIFY_REPEATED,  /* the same was told not long ago, or its end without its beginning */
	NOTIFY_NOBODY,    /* no target wants this severity */
	NOTIFY_WITHDRAWN, /* over before it was told: neither is */
};
/* Take an event. The same key within its repeat interval is not told again unless it got graver; an
 * is_resolved one is told once, to whom its beginning was. Durable when it returns true, except
 * while the disk takes nothing: then up to SPOOL_MEMORY_MAX are kept in memory and sent all the
 * same. Errors: ERR_LIMIT, ERR_MEMORY, ERR_SYSTEM. */
MUST_CHECK bool notify_add(struct notify *n, const struct event *e, const struct notify_when *when,
			   struct wall now, enum notify_added *ret, struct err *err);
/* Another host told it: what waits under key is withdrawn, and the repeat interval begins now. */
void notify_told_elsewhere(struct notify *n, const char *key, enum severity severity,
			   struct wall now);

/* Collect answers, send at most one message a free lane, save. Never waits for a receiver. Returns
 * how long until it has something to do, in microseconds, at most one hour; sooner when a
 * descriptor of a lane is readable. */
int64_t notify_pump(struct notify *n, struct wall now);

/* The next event of its own (alert-undelivered, alert-target-gone, alert-refused, alert-dropped,
 * and their ends): for the journal and, by notify_add, for the other targets (the one concerned is
 * left out by itself). False: none waits. */
MUST_CHECK bool notify_tell(struct notify *n, struct event *ret);

/* `rotactl alert test`: this event to the target of that name, or to all (NULL), at once: whatever
 * their severity, before what waits, also while they are tried slowly or are switched off; by the
 * same lanes, requests and signatures as every alert. It is sent once and never spooled; how it
 * went counts for the target as any alert's. A test before it that is not over is forgotten.
 * Returns to how many. */
size_t notify_test(struct notify *n, const struct event *e, const char *only);
/* How it went for target i, once it is over. */
struct notify_tested {
	bool is_wanted; /* this target is tested */
	bool is_over;
	enum notify_verdict verdict;
	int status;      /* HTTP status; 0: none came, or no webhook */
	int64_t took_us; /* from its sending, as often as it was pumped */
	char why[256];   /* when it was not taken */
};
struct notify_tested notify_tested(const struct notify *n, size_t i);

/* How a target fares, for `rotactl status` and the metrics. */
struct notify_view {
	const char *name;
	enum alert_type type;
	enum severity min_severity;
	int64_t heartbeat_us; /* 0: none is wanted */
	unsigned waiting_n;
	struct wall oldest_at; /* since when the oldest of these waits; 0: none, or not known */
	unsigned tries_n;      /* in a row without success */
	struct wall last_ok_at, last_heartbeat_at; /* 0: never since it is known */
	struct wall failing_since;                 /* 0: it is well */
	struct wall next_try_at;
	bool is_gone; /* it answered 410; switched off until its url changes */
	char why[256];
};
size_t notify_targets_n(const struct notify *n);
struct notify_view notify_view(const struct notify *n, size_t i);
/* Alerts dropped since the state began, all severities. */
uint64_t notify_dropped_n(const struct notify *n);
/* All of that as JSON, appended (notify_view.c). n NULL: alerts cannot be sent at all. */
void notify_print(const struct notify *n, struct buf *ret);

#endif
