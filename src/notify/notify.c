/* SPDX-License-Identifier: Apache-2.0 */
/* Deduplication, order, back-off and heartbeat of alerts. Order is kept per target: its oldest
 * alert is tried until it is taken or given up, so a receiver sees an end after its beginning. */
#include "notify/notify.h"

#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/rng.h"
#include "codec/base64.h"
#include "codec/json_strict.h"
#include "model/event_table.h"
#include "notify/notify_webhook.h"

#define STATE_WHAT "notify"
enum { STATE_BYTES_MAX = 512 * 1024, ID_RANDOM_BYTES = 16 };
#define FUTURE_MAX_US (2 * US_H) /* no time of ours lies further ahead: else a clock jumped */
#define WAIT_MAX_US (1 * US_H)
#define BUSY_WAIT_US (1 * US_S)
#define TRY_MIN_US (1 * US_S)

/* A trouble that was told. */
struct key_row {
	bool is_used;
	enum severity severity; /* the gravest told */
	struct wall at;         /* told last */
	unsigned targets_n;     /* to so many */
	char key[EVENT_KEY_BYTES];
};

struct target {
	struct notify_target given;
	uint64_t where;        /* hash of url or command: another one is another receiver */
	bool is_gone, is_told; /* is_told: alert-undelivered was told and is not over */
	unsigned tries_n, bad_tries_n;
	struct wall next_try_at, failing_since, last_ok_at, last_beat_at, beat_due_at;
	char why[256];
	int lane; /* -1: nothing under way */
	struct notify_tested test;
	bool is_test_sent;
};

struct lane {
	struct notify_lane given;
	int target; /* -1: free */
	int place;  /* in the spool; -1: a heartbeat, or a test */
	bool is_test;
	struct wall begun_at;
	char name[48];
};

struct notify {
	struct files_port files;
	struct host_port random;
	struct rng rng;
	char state_path[PATH_BYTES_MAX];
	char host[HOST_BYTES_MAX];
	struct spool *spool;
	struct target targets[ALERTS_MAX];
	size_t targets_n, next_target;
	struct lane lanes[NOTIFY_LANES_MAX];
	size_t lanes_n;
	struct key_row keys[NOTIFY_KEYS_MAX];
	struct event tells[NOTIFY_TELLS_MAX];
	size_t tells_n;
	struct event test;                    /* what notify_test() sends */
	uint64_t dropped_before;              /* by earlier processes */
	uint64_t dropped_told, dropped_saved; /* at the last telling and saving */
	bool is_dirty;
};

/* ---- its own events ---- */

static struct event *tell(struct notify *n, enum event_kind kind, const char *subject,
			  struct wall now)
{
	if (n->tells_n == NOTIFY_TELLS_MAX) { /* nobody fetches them: keep the newest */
		memmove(n->tells, n->tells + 1, sizeof(n->tells) - sizeof(n->tells[0]));
		n->tells_n--;
	}
	struct event *e = &n->tells[n->tells_n++];
	*e = event_of(kind, "", subject);
	e->at = now;
	return e;
}

bool notify_tell(struct notify *n, struct event *ret)
{
	if (!n->tells_n)
		return false;
	*ret = n->tells[0];
	n->tells_n--;
	memmove(n->tells, n->tells + 1, n->tells_n * sizeof(n->tells[0]));
	return true;
}

static void tell_undelivered(struct notify *n, struct target *t, struct wall now)
{
	const char *name = t->given.policy->name;
	char span[64];
	struct event *e = tell(n, EVENT_ALERT_UNDELIVERED, name, now);
	snprintf(e->headline, sizeof(e->headline), "alert target \"%s\" takes no alerts.", name);
	snprintf(e->what, sizeof(e->what), "%s (tried %u times, since %s)", t->why, t->tries_n,
		 span_print(MAX(now.us - t->failing_since.us, 0), span, sizeof(span)));
	snprintf(e->now, sizeof(e->now),
		 "%u alerts wait in the spool; the other targets get theirs.",
		 spool_n(n->spool, name));
	snprintf(e->we_did, sizeof(e->we_did), "kept them on disk; rotations go on unhindered.");
	snprintf(e->you, sizeof(e->you),
		 "mend the receiver or the entry in alerts, then: rotactl "
		 "alert test %s",
		 name);
	e->next = t->next_try_at;
	t->is_told = true;
}

static void tell_delivered(struct notify *n, struct target *t, struct wall now)
{
	const char *name = t->given.policy->name;
	struct event *e = tell(n, EVENT_ALERT_UNDELIVERED, name, now);
	e->severity = SEVERITY_NOTICE;
	e->is_resolved = true;
	snprintf(e->headline, sizeof(e->headline), "alert target \"%s\" takes alerts again.", name);
	snprintf(e->what, sizeof(e->what), "it took one just now.");
	snprintf(e->now, sizeof(e->now), "%u more wait for it and follow in order.",
		 spool_n(n->spool, name));
	snprintf(e->we_did, sizeof(e->we_did), "sent what had waited.");
	snprintf(e->you, sizeof(e->you), "nothing.");
	t->is_told = false;
}

static void tell_gone(struct notify *n, const struct target *t, unsigned lost_n, struct wall now)
{
	const char *name = t->given.policy->name;
	struct event *e = tell(n, EVENT_ALERT_TARGET_GONE, name, now);
	snprintf(e->headline, sizeof(e->headline),
		 "alert target \"%s\" is switched off: its receiver said it is gone for ever.",
		 name);
	snprintf(e->what, sizeof(e->what), "it answered with status 410.");
	snprintf(e->now, sizeof(e->now), "it gets no alerts and no heartbeat any more.");
	snprintf(e->we_did, sizeof(e->we_did), "dropped the %u alerts that waited for it.", lost_n);
	snprintf(
	    e->you, sizeof(e->you),
	    "give it another url, or take it out of alerts; either switches it on or ends this.");
}

static void tell_bad(struct notify *n, const struct target *t, const char *why, struct wall now)
{
	const char *name = t->given.policy->name;
	struct event *e = tell(n, EVENT_ALERT_REFUSED, name, now);
	snprintf(e->headline, sizeof(e->headline),
		 "alert target \"%s\" refused an alert %d times; it was given up.", name,
		 NOTIFY_BAD_TRIES_MAX);
	snprintf(e->what, sizeof(e->what), "%s", why);
	snprintf(e->now, sizeof(e->now), "%u alerts wait for it.", spool_n(n->spool, name));
	snprintf(e->we_did, sizeof(e->we_did), "dropped that one, so that the others can go.");
	snprintf(e->you, sizeof(e->you),
		 "look into the receiver's log; the alert itself is in rotactl history.");
}

static uint64_t dropped_now(const struct notify *n)
{
	uint64_t sum = 0;
	for (int s = SEVERITY_INFO; s <= SEVERITY_CRITICAL; s++)
		sum += spool_dropped_n(n->spool, (enum severity)s);
	return sum;
}

/* Losses are told when they begin and each time they have doubled, not one by one. */
static void tell_dropped(struct notify *n, struct wall now)
{
	uint64_t lost = dropped_now(n);
	if (lost == 0 || lost < 2 * n->dropped_told)
		return;
	n->dropped_told = lost;
	struct event *e = tell(n, EVENT_ALERT_DROPPED, "", now);
	snprintf(e->headline, sizeof(e->headline),
		 "the spool of alerts is full; %" PRIu64
		 " were dropped, the oldest of the least grave first.",
		 lost);
	snprintf(e->what, sizeof(e->what),
		 "%d alerts wait for targets that take none; dropped since the start: %" PRIu64
		 " critical, %" PRIu64 " warnings, %" PRIu64 " notices.",
		 SPOOL_FILES_MAX, spool_dropped_n(n->spool, SEVERITY_CRITICAL),
		 spool_dropped_n(n->spool, SEVERITY_WARNING),
		 spool_dropped_n(n->spool, SEVERITY_NOTICE));
	snprintf(e->now, sizeof(e->now), "new alerts go on to push out older ones.");
	snprintf(e->we_did, sizeof(e->we_did), "kept the graver ones; all are in rotactl history.");
	snprintf(e->you, sizeof(e->you), "mend the alert targets: rotactl status names them.");
}

static void tell_corrupt(struct notify *n, unsigned files_n, bool is_state, struct wall now)
{
	struct event *e = tell(n, EVENT_ALERT_DROPPED, "spool", now);
	snprintf(e->headline, sizeof(e->headline),
		 "some of what rotad remembers of its alerts was unreadable.");
	snprintf(e->what, sizeof(e->what), "%u spooled alerts%s could not be read.", files_n,
		 is_state ? " and the list of troubles told" : "");
	snprintf(e->now, sizeof(e->now), "%u alerts wait; troubles that last are told once more.",
		 spool_n(n->spool, NULL));
	snprintf(e->we_did, sizeof(e->we_did), "set the unreadable ones aside and went on.");
	snprintf(e->you, sizeof(e->you), "check the disk that holds rotad's state directory.");
}

/* ---- state on disk ---- */

static int64_t sane_time(int64_t us, struct wall now, int64_t ahead_max_us)
{
	return us < 0 || us > now.us + ahead_max_us ? now.us : us;
}

static const char *where_of(const struct notify_target *t)
{
	return t->policy->type == ALERT_COMMAND ? t->policy->command : t->policy->url;
}

static void state_print(const struct notify *n, struct buf *ret)
{
	AUTO(json_t) targets = json_array();
	AUTO(json_t) keys = json_array();
	auto_buf struct buf json = {.max = STATE_BYTES_MAX};

	for (size_t i = 0; i < n->targets_n; i++) {
		const struct target *t = &n->targets[i];
		(void)json_array_append_new(/* a failure shows as too short a print below */
					    targets,
					    json_pack(
						"{s:o,s:I,s:b,s:b,s:i,s:i,s:I,s:I,s:I}", "name",
						json_of_bytes(str_of(t->given.policy->name)),
						"where", (json_int_t)(t->where >> 1), "gone",
						(int)t->is_gone, "told", (int)t->is_told, "tries",
						(int)t->tries_n, "badTries", (int)t->bad_tries_n,
						"nextTryUs", (json_int_t)t->next_try_at.us,
						"failingUs", (json_int_t)t->failing_since.us,
						"okUs", (json_int_t)t->last_ok_at.us));
	}
	for (size_t i = 0; i < NOTIFY_KEYS_MAX; i++) {
		const struct key_row *k = &n->keys[i];
		if (k->is_used)
			(void)json_array_append_new(/* as above */
						    keys, json_pack("{s:o,s:i,s:I,s:i}", "key",
								    json_of_bytes(str_of(k->key)),
								    "severity", (int)k->severity,
								    "atUs", (json_int_t)k->at.us,
								    "targets", (int)k->targets_n));
	}
	AUTO(json_t)
	o = json_pack("{s:O,s:O,s:I}", "targets", targets, "keys", keys, "dropped",
		      (json_int_t)(n->dropped_before + dropped_now(n)));
	json_print(o, &json);
	if (json.failed)
		ret->failed = true;
	else
		stamp_print(STATE_WHAT, buf_str(&json), ret);
}

static void state_save(struct notify *n)
{
	auto_buf struct buf bytes = {.max = STATE_BYTES_MAX};
	struct err why = ERR_INIT;

	if (!n->is_dirty && dropped_now(n) == n->dropped_saved)
		return;
	state_print(n, &bytes);
	if (bytes.failed)
		return;
	const struct file_put put = {.path = n->state_path, .bytes = buf_str(&bytes), .mode = 0600};
	/* Not saved: tried again with the next change; the worst is an alert told twice. */
	n->is_dirty = !n->files.ops->put(n->files.self, &put, &why);
	if (!n->is_dirty)
		n->dropped_saved = dropped_now(n);
}

static struct target *target_find(struct notify *n, struct str name)
{
	for (size_t i = 0; i < n->targets_n; i++)
		if (str_equal_z(name, n->targets[i].given.policy->name))
			return &n->targets[i];
	return NULL;
}

static void state_take(struct notify *n, const json_t *o, struct wall now)
{
	size_t i, used = 0;
	const json_t *v;

	n->dropped_before = (uint64_t)MAX(json_int(o, "dropped"), 0);
	json_array_foreach(json_object_get(o, "targets"), i, v)
	{
		struct target *t = target_find(n, json_str(v, "name"));
		if (!t || (int64_t)(t->where >> 1) != json_int(v, "where"))
			continue; /* a new receiver begins well */
		t->is_gone = json_is_true(json_object_get(v, "gone"));
		t->is_told = json_is_true(json_object_get(v, "told"));
		t->tries_n = (unsigned)MIN(MAX(json_int(v, "tries"), 0), 1000000);
		t->bad_tries_n = (unsigned)MIN(MAX(json_int(v, "badTries"), 0), 1000);
		t->next_try_at.us = sane_time(json_int(v, "nextTryUs"), now, FUTURE_MAX_US);
		t->failing_since.us = sane_time(json_int(v, "failingUs"), now, 0);
		t->last_ok_at.us = sane_time(json_int(v, "okUs"), now, 0);
	}
	json_array_foreach(json_object_get(o, "keys"), i, v)
	{
		struct key_row *k = &n->keys[used];
		int64_t severity = json_int(v, "severity");
		if (used == NOTIFY_KEYS_MAX || severity < SEVERITY_INFO ||
		    severity > SEVERITY_CRITICAL ||
		    !copy_str(k->key, sizeof(k->key), json_str(v, "key")))
			continue;
		k->is_used = true;
		k->severity = (enum severity)severity;
		k->at.us = sane_time(json_int(v, "atUs"), now, 0);
		k->targets_n = (unsigned)MIN(MAX(json_int(v, "targets"), 0), ALERTS_MAX);
		used++;
	}
}

/* False: there is a state, and it cannot be read. */
static bool state_load(struct notify *n, struct wall now)
{
	auto_buf struct buf bytes = {0};
	AUTO(json_t) o = NULL;
	struct err why = ERR_INIT;
	struct str json;

	if (!n->files.ops->read_text(n->files.self, n->state_path, STATE_BYTES_MAX, &bytes, NULL,
				     &why))
		return why.kind == ERR_NOT_FOUND;
	if (!stamp_parse(STATE_WHAT, buf_str(&bytes), &json, &why) ||
	    !json_read(json, "the state of alerts", &o, &why))
		return false;
	state_take(n, o, now);
	return true;
}

/* ---- begin and end ---- */

struct orphans {
	struct notify *n;
	char name[NAME_BYTES_MAX]; /* one that is no longer configured, or "" */
};

static void find_orphan(void *self, const char *name)
{
	struct orphans *o = self;
	if (!target_find(o->n, str_of(name)) && !copy_z(o->name, sizeof(o->name), name))
		o->name[0] = '\0';
}

/* Alerts for targets that the configuration no longer names. */
static void orphans_remove(struct notify *n, struct wall now)
{
	for (unsigned i = 0; i < SPOOL_FILES_MAX; i++) {
		struct orphans o = {.n = n};
		spool_targets(n->spool, find_orphan, &o);
		if (!o.name[0])
			return;
		unsigned lost_n = spool_remove_target(n->spool, o.name);
		struct event *e = tell(n, EVENT_ALERT_DROPPED, o.name, now);
		e->severity = SEVERITY_NOTICE;
		snprintf(
		    e->headline, sizeof(e->headline),
		    "alert target \"%s\" is no longer configured; what waited for it was dropped.",
		    o.name);
		snprintf(e->what, sizeof(e->what), "%u alerts waited for it.", lost_n);
		snprintf(e->now, sizeof(e->now), "the other targets get theirs.");
		snprintf(e->we_did, sizeof(e->we_did), "removed them from the spool.");
		snprintf(e->you, sizeof(e->you), "nothing, if that was meant.");
		if (!lost_n)
			return;
	}
}

bool notify_new(const struct notify_parts *parts, struct wall now, struct notify **ret,
		struct err *err)
{
	char path[PATH_BYTES_MAX + 16];

	ASSERT(parts->targets_n <= ALERTS_MAX);
	ASSERT(parts->lanes_n >= 1);
	ASSERT(parts->lanes_n <= NOTIFY_LANES_MAX);
	struct notify *n = calloc(1, sizeof(*n));
	if (!n)
		return err_set(err, ERR_MEMORY, "no memory for alerts");
	n->files = parts->files;
	n->random = parts->random;
	n->targets_n = parts->targets_n;
	n->lanes_n = parts->lanes_n;
	for (size_t i = 0; i < n->lanes_n; i++)
		n->lanes[i] = (struct lane){.given = parts->lanes[i], .target = -1, .place = -1};
	bool ok = copy_z(n->host, sizeof(n->host), parts->host) ||
		  err_set(err, ERR_LIMIT, "the name of this host is too long");
	for (size_t i = 0; ok && i < n->targets_n; i++) {
		struct target *t = &n->targets[i];
		t->given = parts->targets[i];
		t->where = hash64(str_of(where_of(&t->given)), 0);
		t->lane = -1;
		ASSERT(t->given.policy->type < ALERT_N);
		ok = notify_types[t->given.policy->type].check(&t->given, err) ||
		     err_in(err, "alert target \"%s\"", t->given.policy->name);
	}
	snprintf(path, sizeof(path), "%s/notify.json", parts->state_directory);
	ok = ok && (copy_z(n->state_path, sizeof(n->state_path), path) ||
		    err_set(err, ERR_LIMIT, "the path of the state directory is too long"));
	snprintf(path, sizeof(path), "%s/spool", parts->state_directory);
	ok = ok && n->random.ops->random(n->random.self, &n->rng, sizeof(n->rng), err) &&
	     spool_open(&n->files, path, &n->spool, err);
	if (!ok) {
		notify_free(n);
		return false;
	}
	bool is_state_whole = state_load(n, now);
	if (!is_state_whole || spool_corrupt_n(n->spool))
		tell_corrupt(n, spool_corrupt_n(n->spool), !is_state_whole, now);
	orphans_remove(n, now);
	for (size_t i = 0; i < n->targets_n; i++) {
		struct target *t = &n->targets[i];
		/* At once, so that a start shows whether the alert path lives. */
		t->beat_due_at = now;
		if (t->is_gone)
			(void)spool_remove_target(n->spool, t->given.policy->name); /* told then */
	}
	*ret = n;
	return true;
}

void notify_free(struct notify *n)
{
	if (!n)
		return;
	if (n->spool)
		state_save(n);
	spool_free(n->spool);
	free(n);
}

/* ---- taking events ---- */

static int64_t repeat_us(enum severity s)
{
	switch (s) {
	case SEVERITY_CRITICAL:
		return NOTIFY_REPEAT_CRITICAL_US;
	case SEVERITY_WARNING:
		return NOTIFY_REPEAT_WARNING_US;
	case SEVERITY_NOTICE:
	case SEVERITY_INFO:
		return NOTIFY_REPEAT_NOTICE_US;
	}
	return NOTIFY_REPEAT_NOTICE_US;
}

static struct key_row *key_find(struct notify *n, const char *key)
{
	for (size_t i = 0; i < NOTIFY_KEYS_MAX; i++)
		if (n->keys[i].is_used && strcmp(n->keys[i].key, key) == 0)
			return &n->keys[i];
	return NULL;
}

/* A free row, or that of the trouble told longest ago. */
static struct key_row *key_make(struct notify *n, const char *key)
{
	struct key_row *best = &n->keys[0];
	for (size_t i = 0; i < NOTIFY_KEYS_MAX; i++) {
		struct key_row *k = &n->keys[i];
		if (!k->is_used) {
			best = k;
			break;
		}
		if (k->at.us < best->at.us)
			best = k;
	}
	*best = (struct key_row){.is_used = true};
	snprintf(best->key, sizeof(best->key), "%s", key); /* event_key() is no longer than this */
	return best;
}

static bool wants(const struct notify *n, size_t i, const struct event *e, enum severity severity,
		  const struct notify_when *when)
{
	const struct target *t = &n->targets[i];
	const char *name = t->given.policy->name;
	if (when->only)
		return strcmp(name, when->only) == 0 && (!t->is_gone || when->is_forced);
	if (t->is_gone || (severity < t->given.policy->min_severity && !when->is_forced))
		return false;
	/* That a target takes nothing is not told to that target. */
	return !(strncmp(e->name, "alert-", 6) == 0 && strcmp(e->subject, name) == 0);
}

static bool id_make(struct notify *n, char out[SPOOL_ID_BYTES], struct err *err)
{
	unsigned char raw[ID_RANDOM_BYTES];
	if (!n->random.ops->random(n->random.self, raw, sizeof(raw), err))
		return false;
	snprintf(out, SPOOL_ID_BYTES, "msg_");
	hex_print(raw, sizeof(raw), out + 4);
	return true;
}

static bool enqueue(struct notify *n, const struct event *e, enum severity severity,
		    const struct notify_when *when, struct wall now, unsigned *ret_n,
		    struct err *err)
{
	auto_buf struct buf body = {.max = SPOOL_FILE_BYTES_MAX};
	char id[SPOOL_ID_BYTES], key[EVENT_KEY_BYTES];
	unsigned added_n = 0;
	bool is_on_disk;

	if (!event_body_print(e, n->host, &body, err) || !id_make(n, id, err))
		return false;
	struct spool_item item = {.id = str_of(id),
				  .key = str_of(event_key(e, key, sizeof(key))),
				  .body = buf_str(&body),
				  .severity = e->severity,
				  .is_resolved = e->is_resolved,
				  .since = now};
	if (!when->is_mine && !when->is_forced)
		item.not_before =
		    wall_add(now, MIN(when->delay_us > 0 ? when->delay_us : NOTIFY_OTHERS_DELAY_US,
				      SPOOL_DELAY_MAX_US));
	for (size_t i = 0; i < n->targets_n; i++) {
		if (!wants(n, i, e, severity, when))
			continue;
		item.target = str_of(n->targets[i].given.policy->name);
		if (!spool_add(n->spool, &item, &is_on_disk, err))
			return false;
		added_n++;
		if (when->is_forced) /* a person waits for the answer */
			n->targets[i].next_try_at = now;
		if (when->is_forced && n->targets[i].is_gone) {
			n->targets[i].is_gone = false;
			n->is_dirty = true;
		}
	}
	*ret_n = added_n;
	return true;
}

static bool add_resolved(struct notify *n, const struct event *e, const char *key,
			 const struct notify_when *when, struct wall now, enum notify_added *ret,
			 struct err *err)
{
	struct key_row *k = key_find(n, key);
	unsigned added_n = 0;

	if (!k) {
		*ret = NOTIFY_REPEATED;
		return true;
	}
	unsigned withdrawn_n = spool_withdraw(n->spool, key);
	bool was_told = withdrawn_n < k->targets_n || k->targets_n == 0;
	if (was_told && !enqueue(n, e, k->severity, when, now, &added_n, err))
		return false;
	*k = (struct key_row){0};
	n->is_dirty = true;
	*ret = !was_told ? NOTIFY_WITHDRAWN : added_n ? NOTIFY_QUEUED : NOTIFY_NOBODY;
	return true;
}

static bool add_trouble(struct notify *n, const struct event *e, const char *key,
			const struct notify_when *when, struct wall now, enum notify_added *ret,
			struct err *err)
{
	struct key_row *k = key_find(n, key);
	unsigned added_n = 0;

	if (k && k->at.us > now.us)
		k->at = now; /* the clock went back: the interval begins again */
	if (k && !when->is_forced && e->severity <= k->severity &&
	    now.us - k->at.us < (e->repeat_us ? e->repeat_us : repeat_us(e->severity))) {
		*ret = NOTIFY_REPEATED;
		return true;
	}
	if (!enqueue(n, e, e->severity, when, now, &added_n, err))
		return false;
	*ret = added_n ? NOTIFY_QUEUED : NOTIFY_NOBODY;
	if (!added_n || when->is_forced)
		return true;
	if (!k)
		k = key_make(n, key);
	k->severity = MAX(k->severity, e->severity);
	k->at = now;
	k->targets_n = added_n;
	n->is_dirty = true;
	return true;
}

bool notify_add(struct notify *n, const struct event *e, const struct notify_when *when,
		struct wall now, enum notify_added *ret, struct err *err)
{
	char key[EVENT_KEY_BYTES];

	ASSERT(e->name[0]);
	event_key(e, key, sizeof(key));
	bool ok = e->is_resolved ? add_resolved(n, e, key, when, now, ret, err)
				 : add_trouble(n, e, key, when, now, ret, err);
	tell_dropped(n, now);
	state_save(n);
	return ok || err_in(err, "keeping the alert \"%s\"", e->name);
}

void notify_told_elsewhere(struct notify *n, const char *key, enum severity severity,
			   struct wall now)
{
	struct key_row *k = key_find(n, key);
	(void)spool_withdraw(n->spool, key); /* their number is of no interest */
	if (!k)
		k = key_make(n, key);
	k->severity = MAX(k->severity, severity);
	k->at = now;
	k->targets_n = 0; /* told, but not by us: the end is told by whoever it concerns */
	n->is_dirty = true;
	state_save(n);
}

/* ---- sending ---- */

/* Full jitter (any time up to the bound), so that a fleet does not return in step after an outage;
 * not below what the receiver asked for. */
static void back_off(struct notify *n, struct target *t, int64_t retry_after_us, struct wall now)
{
	unsigned doublings = MIN(t->tries_n > 0 ? t->tries_n - 1 : 0, 16U);
	int64_t bound = MIN(NOTIFY_BACKOFF_FIRST_US << doublings, NOTIFY_BACKOFF_MAX_US);
	int64_t us = (int64_t)rng_below(&n->rng, (uint64_t)bound) + 1;
	t->next_try_at = wall_add(now, MAX(MAX(us, TRY_MIN_US), retry_after_us));
}

static void went_well(struct notify *n, struct target *t, bool is_beat, struct wall now)
{
	if (t->is_told)
		tell_delivered(n, t, now);
	/* A heartbeat alone changes nothing that a restart must know. */
	n->is_dirty = n->is_dirty || !is_beat || t->tries_n;
	t->tries_n = 0;
	t->bad_tries_n = 0;
	t->failing_since = (struct wall){0};
	t->next_try_at = (struct wall){0};
	t->last_ok_at = now;
	t->why[0] = '\0';
	if (is_beat)
		t->last_beat_at = now;
}

static void went_wrong(struct notify *n, struct target *t, const struct notify_outcome *o,
		       struct wall now)
{
	t->tries_n = MIN(t->tries_n + 1, 1000000U);
	if (!t->failing_since.us)
		t->failing_since = now;
	snprintf(t->why, sizeof(t->why), "%s", o->why);
	back_off(n, t, o->retry_after_us, now);
	n->is_dirty = true;
	bool is_long = now.us - t->failing_since.us >= NOTIFY_UNDELIVERED_US;
	if (!t->is_told && (o->verdict == NOTIFY_REFUSED || is_long))
		tell_undelivered(n, t, now);
}

static void target_switch_off(struct notify *n, struct target *t, struct wall now)
{
	t->is_gone = true;
	t->is_told = false;
	n->is_dirty = true;
	tell_gone(n, t, spool_remove_target(n->spool, t->given.policy->name), now);
}

static void finish(struct notify *n, struct lane *l, const struct notify_outcome *o,
		   struct wall now)
{
	struct target *t = &n->targets[l->target];
	int place = l->place;
	bool gives_up = false;

	t->lane = -1;
	l->target = -1;
	l->place = -1;
	if (place >= 0)
		spool_release(n->spool, place);
	if (l->is_test && t->is_test_sent) {
		t->test.is_over = true;
		t->test.verdict = o->verdict;
		t->test.status = o->status;
		t->test.took_us = MAX(now.us - l->begun_at.us, (int64_t)0);
		snprintf(t->test.why, sizeof(t->test.why), "%s", o->why);
	}
	switch (o->verdict) {
	case NOTIFY_TAKEN:
		if (place >= 0)
			spool_remove(n->spool, place);
		n->is_dirty = n->is_dirty || t->is_gone;
		t->is_gone = false; /* a test was taken */
		went_well(n, t, place < 0 && !l->is_test, now);
		break;
	case NOTIFY_GONE:
		if (t->is_gone)
			break; /* told before */
		target_switch_off(n, t, now);
		break;
	case NOTIFY_BAD:
		/* A heartbeat may be refused where alerts are taken: no reason to drop one. */
		gives_up = place >= 0 && ++t->bad_tries_n >= NOTIFY_BAD_TRIES_MAX;
		went_wrong(n, t, o, now);
		if (gives_up) {
			spool_remove(n->spool, place);
			t->bad_tries_n = 0;
			tell_bad(n, t, o->why, now);
		}
		break;
	case NOTIFY_AGAIN:
	case NOTIFY_REFUSED:
		went_wrong(n, t, o, now);
		break;
	}
}

static void begin(struct notify *n, struct lane *l, size_t i, int place, bool is_test,
		  const char *id, struct str body, struct wall now)
{
	struct target *t = &n->targets[i];
	struct err why = ERR_INIT;
	const struct notify_message m = {.id = id, .name = l->name, .body = body, .now = now};

	l->target = (int)i;
	l->place = place;
	l->is_test = is_test;
	l->begun_at = now;
	t->lane = (int)(l - n->lanes);
	if (!notify_types[t->given.policy->type].begin(&l->given, &t->given, &m, &why)) {
		const struct notify_outcome o = notify_outcome_of(&why);
		finish(n, l, &o, now);
	}
}

/* "cluster/name/subject": cluster and name hold no slash. */
static void name_of_key(struct str key, char *out, size_t out_n)
{
	struct str part = {0};
	if (!str_cut(&key, '/', &part) || !str_cut(&key, '/', &part) || !copy_str(out, out_n, part))
		out[0] = '\0';
}

static bool send_spooled(struct notify *n, struct lane *l, size_t i, int place, struct wall now)
{
	struct spool_item item;
	auto_buf struct buf text = {0};
	struct err why = ERR_INIT;
	char id[SPOOL_ID_BYTES];

	if (!spool_hold(n->spool, place, &item, &text, &why)) {
		tell_corrupt(n, 1, false, now);
		return false;
	}
	if (!copy_str(id, sizeof(id), item.id)) {
		spool_remove(n->spool, place);
		return false;
	}
	name_of_key(item.key, l->name, sizeof(l->name));
	begin(n, l, i, place, false, id, item.body, now);
	return true;
}

static bool send_heartbeat(struct notify *n, struct lane *l, size_t i, struct wall now)
{
	struct target *t = &n->targets[i];
	auto_buf struct buf body = {.max = SPOOL_FILE_BYTES_MAX};
	struct err why = ERR_INIT;
	char id[SPOOL_ID_BYTES];
	struct event e = event_of(EVENT_HEARTBEAT, "", n->host);

	e.at = now;
	e.next = wall_add(now, t->given.policy->heartbeat_us);
	snprintf(e.headline, sizeof(e.headline), "rotad on %s lives.", n->host);
	snprintf(e.what, sizeof(e.what), "the alert path works; %u alerts wait for it.",
		 spool_n(n->spool, t->given.policy->name));
	snprintf(e.now, sizeof(e.now), "all is as told before.");
	snprintf(e.we_did, sizeof(e.we_did), "sent this.");
	snprintf(e.you, sizeof(e.you), "raise an alarm of your own when these stop.");
	t->beat_due_at = e.next;
	if (!event_body_print(&e, n->host, &body, &why) || !id_make(n, id, &why))
		return false;
	snprintf(l->name, sizeof(l->name), "%s", e.name);
	begin(n, l, i, -1, false, id, buf_str(&body), now);
	return true;
}

static bool send_test(struct notify *n, struct lane *l, size_t i, struct wall now)
{
	struct target *t = &n->targets[i];
	auto_buf struct buf body = {.max = SPOOL_FILE_BYTES_MAX};
	struct err why = ERR_INIT;
	char id[SPOOL_ID_BYTES];

	t->is_test_sent = true;
	if (!event_body_print(&n->test, n->host, &body, &why) || !id_make(n, id, &why)) {
		t->test.is_over = true;
		t->test.verdict = NOTIFY_AGAIN;
		snprintf(t->test.why, sizeof(t->test.why), "%s", why.text);
		return false;
	}
	snprintf(l->name, sizeof(l->name), "%s", n->test.name);
	begin(n, l, i, -1, true, id, buf_str(&body), now);
	return true;
}

/* Try to give free lane l work for target i. *wait_us: when it will have some, if sooner. */
static bool target_serve(struct notify *n, struct lane *l, size_t i, struct wall now,
			 int64_t *wait_us)
{
	struct target *t = &n->targets[i];
	int64_t delay_us = 0;

	if (t->lane >= 0)
		return false;
	if (t->test.is_wanted && !t->is_test_sent)
		return send_test(n, l, i, now);
	if (t->is_gone)
		return false;
	if (t->next_try_at.us > now.us + FUTURE_MAX_US)
		t->next_try_at = now; /* the clock went back */
	int64_t beat_us = t->given.policy->heartbeat_us;
	if (beat_us > 0 && t->beat_due_at.us > now.us + beat_us)
		t->beat_due_at = now;
	int place = spool_find_next(n->spool, t->given.policy->name, now, &delay_us);
	int64_t due_us = place >= 0 ? 0 : delay_us > 0 ? delay_us : WAIT_MAX_US;
	if (beat_us > 0)
		due_us = MIN(due_us, MAX(t->beat_due_at.us - now.us, 0));
	due_us = MAX(due_us, t->next_try_at.us - now.us);
	if (due_us > 0) {
		*wait_us = MIN(*wait_us, due_us);
		return false;
	}
	return place >= 0 ? send_spooled(n, l, i, place, now) : send_heartbeat(n, l, i, now);
}

static void lane_poll(struct notify *n, struct lane *l, struct wall now)
{
	struct notify_outcome o = {0};
	bool is_done = false;

	if (l->target < 0)
		return;
	const struct target *t = &n->targets[l->target];
	notify_types[t->given.policy->type].poll(&l->given, now, &is_done, &o);
	if (is_done)
		finish(n, l, &o, now);
}

/* The targets in turn, beginning behind the one served last. */
static void lane_feed(struct notify *n, struct lane *l, struct wall now, int64_t *wait_us)
{
	for (size_t k = 0; k < n->targets_n; k++) {
		size_t i = (n->next_target + k) % n->targets_n;
		if (target_serve(n, l, i, now, wait_us)) {
			n->next_target = (i + 1) % n->targets_n;
			*wait_us = 0; /* there may be more */
			return;
		}
	}
}

int64_t notify_pump(struct notify *n, struct wall now)
{
	int64_t wait_us = WAIT_MAX_US;

	for (size_t i = 0; i < n->lanes_n; i++)
		lane_poll(n, &n->lanes[i], now);
	for (size_t i = 0; i < n->lanes_n; i++)
		if (n->lanes[i].target < 0)
			lane_feed(n, &n->lanes[i], now, &wait_us);
	for (size_t i = 0; i < n->lanes_n; i++)
		if (n->lanes[i].target >= 0) /* its deadline makes no descriptor readable */
			wait_us = MIN(wait_us, BUSY_WAIT_US);
	tell_dropped(n, now);
	state_save(n);
	return wait_us;
}

/* ---- a person's test ---- */

size_t notify_test(struct notify *n, const struct event *e, const char *only)
{
	size_t wanted_n = 0;
	n->test = *e;
	for (size_t i = 0; i < n->targets_n; i++) {
		struct target *t = &n->targets[i];
		t->is_test_sent = false;
		t->test = (struct notify_tested){
		    .is_wanted = !only || strcmp(t->given.policy->name, only) == 0};
		wanted_n += t->test.is_wanted;
	}
	return wanted_n;
}

struct notify_tested notify_tested(const struct notify *n, size_t i)
{
	ASSERT(i < n->targets_n);
	return n->targets[i].test;
}

/* ---- views ---- */

size_t notify_targets_n(const struct notify *n)
{
	return n->targets_n;
}

struct notify_view notify_view(const struct notify *n, size_t i)
{
	ASSERT(i < n->targets_n);
	const struct target *t = &n->targets[i];
	struct notify_view v = {.name = t->given.policy->name,
				.type = t->given.policy->type,
				.min_severity = t->given.policy->min_severity,
				.heartbeat_us = t->given.policy->heartbeat_us,
				.waiting_n = spool_n(n->spool, t->given.policy->name),
				.oldest_at = spool_oldest(n->spool, t->given.policy->name),
				.tries_n = t->tries_n,
				.last_ok_at = t->last_ok_at,
				.last_heartbeat_at = t->last_beat_at,
				.failing_since = t->failing_since,
				.next_try_at = t->next_try_at,
				.is_gone = t->is_gone};
	snprintf(v.why, sizeof(v.why), "%s", t->why);
	return v;
}

uint64_t notify_dropped_n(const struct notify *n)
{
	return n->dropped_before + dropped_now(n);
}
