/* SPDX-License-Identifier: Apache-2.0 */
/* Getting the central schedule, by HTTPS or from a file, and keeping the last good one: whatever
 * comes, a good schedule is only ever replaced by a better one. */
#ifndef CONF_SCHEDULE_FETCH_H
#define CONF_SCHEDULE_FETCH_H

#include "conf/schedule.h"
#include "port/http.h"

/* A member of this host, as policies name it. */
struct schedule_subject {
	const char *cluster; /* NULL: not known yet, any fits */
	const char *host;
};

/* Where it comes from. Borrows all. */
struct schedule_source {
	const struct schedule_policy *policy;
	const struct http_later *http; /* may be NULL when policy names a file */
	const struct conf_how *how;    /* its files port reads and writes the copies */
	const char *state_directory;
	uint64_t serial_min; /* the anchor's: an older one is a rollback */
	uint64_t seed;       /* spreads the looks of a fleet over a tenth of the poll; 0: not */
	/* Asked before a new one is taken: can this host live with it? False refuses it with that
	 * error. NULL: always. */
	bool (*fits)(void *self, const struct schedule *next, struct err *err);
	void *fits_self;
	unsigned subjects_n;
	const struct schedule_subject *subjects;
};

/* What is kept between looks. Zeroed is a good start. */
struct schedule_store {
	struct schedule current; /* the last good one */
	struct schedule listed;  /* the last that listed all subjects, while current does not */
	char etag[256];
	struct wall confirmed_at; /* the source last said that current is the newest */
	struct wall look_at;      /* not before then */
	bool is_asking;           /* a request is under way */
};
void schedule_store_fini(struct schedule_store *s);

struct schedule_news {
	bool has_looked;  /* false: it was not time yet, or the answer has not come */
	bool is_changed;  /* another schedule is in force now */
	bool is_listed;   /* current lists all subjects */
	uint64_t serial;  /* in force; 0: none */
	int64_t age_us;   /* since the source last confirmed it; -1: never yet */
	struct wall next; /* when to call again */
};

/* Read the last good copies from the state directory. That there are none is fine. On an error (a
 * damaged or forged copy) the store stays empty and the next look fetches anew. Errors: those of
 * files.read_text, ERR_INVALID, ERR_UNTRUSTED, ERR_CRYPTO. */
MUST_CHECK bool schedule_store_load(struct schedule_store *s, const struct schedule_source *source,
				    struct err *err);

/* Look for a new one if it is time; never waits. What was asked for is taken by a later call.
 * False: what came is not taken and all stays as it was; err tells why, ret is set as well (the age
 * goes on, the next look is set). Errors: ERR_INVALID (no good schedule: its first fault, with line
 * and column), ERR_REFUSED (older serial, other fleet, a redirect), ERR_UNTRUSTED and ERR_CRYPTO
 * (signature), ERR_AUTH, ERR_NOT_FOUND, ERR_UNREACHABLE (also 429 and 5xx), ERR_LIMIT,
 * ERR_DISK_FULL and others of files.put: one that cannot be kept is not taken. */
MUST_CHECK bool schedule_look(struct schedule_store *s, const struct schedule_source *source,
			      struct wall now, struct schedule_news *ret, struct err *err);

#endif
