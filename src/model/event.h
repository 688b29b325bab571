/* SPDX-License-Identifier: Apache-2.0 */
/* What happened, told once: to the journal (journald), to the alert targets and to the history,
 * from one row each. Five rows for people: headline, what, now, we did, you (UX.md). */
#ifndef MODEL_EVENT_H
#define MODEL_EVENT_H

#include "base/clock.h"
#include "base/limits.h"

enum severity { SEVERITY_INFO, SEVERITY_NOTICE, SEVERITY_WARNING, SEVERITY_CRITICAL };
const char *severity_name(enum severity s); /* "critical" */

struct event {
	char name[48]; /* "foreign-write"; a row of model/event_table.h */
	enum severity severity;
	char cluster[NAME_BYTES_MAX];
	char subject[HOST_BYTES_MAX]; /* the member, certificate or file concerned */
	char headline[512];
	char what[768], now[512], we_did[512], you[512];
	struct wall next; /* when rotad looks again; 0: nothing planned */
	struct wall at;
	int64_t repeat_us; /* told again after this; 0: as its severity says (notify/notify.h) */
	bool is_standing;  /* of a plan, which tells it each round for as long as it is so */
	bool is_resolved;  /* the trouble told under the same key earlier is over */
};
/* The deduplication key "cluster/name/subject". out at least 512 bytes. */
const char *event_key(const struct event *e, char *out, size_t out_n);

#endif
