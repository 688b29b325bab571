/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of alert targets, one row each. A new kind is a row here, a file of its own, and a
 * value in enum alert_type. */
#ifndef NOTIFY_NOTIFY_TABLE_H
#define NOTIFY_NOTIFY_TABLE_H

#include "model/policy.h"
#include "port/http.h"
#include "port/program.h"

/* A target as the operator wants it. Borrows both; they live as long as struct notify. */
struct notify_target {
	const struct alert_policy *policy;
	const struct secret *secret; /* text of the credential, or NULL when it has none */
};

/* One message to one target. Borrows its strings. */
struct notify_message {
	const char *id;   /* the same at each try */
	const char *name; /* of the event */
	struct str body;  /* JSON */
	struct wall now;  /* of this try */
};

/* What one try came to. */
enum notify_verdict {
	NOTIFY_TAKEN,
	NOTIFY_AGAIN,   /* the receiver has trouble of its own: try later */
	NOTIFY_REFUSED, /* it refuses whatever we send: told at once, tried on, slowly */
	NOTIFY_BAD,     /* it refuses this message: tried a few times, then given up and told */
	NOTIFY_GONE     /* it wants no more, for ever: the target is switched off and told */
};
struct notify_outcome {
	enum notify_verdict verdict;
	int64_t retry_after_us; /* 0: the receiver named none */
	int status;             /* HTTP status; 0: none came */
	char why[256];          /* for people, when it was not taken */
};

/* Where one message at a time is under way. Several lanes make a slow receiver no concern of the
 * others. */
struct notify_lane {
	struct http_later http;
	struct program_later program; /* ops may be NULL where no target needs it */
};

struct notify_type {
	enum alert_type type;
	const char *name; /* as in rotad.yaml */
	/* Could it be sent at all? At start and for `rotactl doctor`. Errors: ERR_INVALID. */
	bool (*check)(const struct notify_target *t, struct err *err);
	/* Send off; nothing is needed afterwards. False: it could not be sent at all; outcome by
	 * notify_outcome_of(err). */
	bool (*begin)(struct notify_lane *lane, const struct notify_target *t,
		      const struct notify_message *m, struct err *err);
	/* Never waits. *ret is set when *ret_is_done. */
	void (*poll)(struct notify_lane *lane, struct wall now, bool *ret_is_done,
		     struct notify_outcome *ret);
};
extern const struct notify_type notify_types[ALERT_N];

/* What an error of transport means for a message. */
struct notify_outcome notify_outcome_of(const struct err *err);

#endif
