/* SPDX-License-Identifier: Apache-2.0 */
/* Wiring of alerts: targets with their secrets, lanes with their helpers, the journal beside them.
 */
#include "cmd/alerts.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/rng.h"
#include "cmd/wiring.h"
#include "codec/json_strict.h"
#include "model/event_table.h"
#include "notify/notify.h"
#include "sys/files_durable.h"
#include "sys/host_linux.h"
#include "sys/http_rpc.h"
#include "sys/journal.h"
#include "sys/program_hook.h"

enum {
	LANES = 2,
	SEEN_MAX = 128,
	WAIT_MAX_S = 3600,
	POLL_MS = 100,
	TEST_POLL_MS = 10, /* a person waits, and is told how long it took */
	/* Below what rotactl waits for. A message on its way before it has its own deadline. */
	TEST_WAIT_S = 90,
};

/* What one generation of targets is made of: built whole, then swapped in. */
struct targets {
	struct notify *notify;
	size_t n;
	struct notify_target rows[ALERTS_MAX];
	struct alert_policy policies[ALERTS_MAX];
	struct secret secrets[ALERTS_MAX];
	char state_directory[PATH_BYTES_MAX];
};

struct alerts {
	struct targets *targets;
	struct helper *helpers[LANES];
	struct program_lane programs[LANES];
	struct notify_lane lanes[LANES];
	char host[HOST_BYTES_MAX];
	bool is_testing, is_test_lost;
	struct mono test_begun;
	/* the journal is told a lasting trouble once: the hash of what was told last, by key */
	unsigned seen_n;
	struct {
		uint64_t key, content;
	} seen[SEEN_MAX];
};

static void targets_free(struct targets *t)
{
	if (!t)
		return;
	notify_free(t->notify);
	for (size_t i = 0; i < ALERTS_MAX; i++)
		secret_fini(&t->secrets[i]);
	free(t);
}

static bool targets_new(struct alerts *a, const struct config *config, struct targets **ret,
			struct err *err)
{
	struct targets *t = calloc(1, sizeof(*t));
	char path[PATH_BYTES_MAX];
	struct host_port host = host_linux();
	if (!t)
		return err_set(err, ERR_MEMORY, "no memory for the alert targets");
	cut_z(t->state_directory, sizeof(t->state_directory), config->state_directory);
	snprintf(path, sizeof(path), "%s/spool", config->state_directory);
	bool ok =
	    mkdir(path, 0700) == 0 || errno == EEXIST || err_sys(err, errno, "making '%s'", path);
	for (unsigned i = 0; ok && i < config->alerts_n; i++) {
		t->policies[i] = config->alerts[i];
		ok = t->policies[i].secret.from == CREDENTIAL_NONE ||
		     wiring_credential(&t->policies[i].secret, &t->secrets[i], err);
		if (!ok)
			err_in(err, "alert target \"%s\"", t->policies[i].name);
		t->rows[i] = (struct notify_target){
		    .policy = &t->policies[i], .secret = t->secrets[i].p ? &t->secrets[i] : NULL};
		t->n++;
	}
	struct notify_parts parts = {.targets = t->rows,
				     .targets_n = t->n,
				     .lanes = a->lanes,
				     .lanes_n = LANES,
				     .files = files_durable(),
				     .random = host,
				     .state_directory = t->state_directory,
				     .host = a->host};
	ok = ok && notify_new(&parts, host.ops->now(host.self), &t->notify, err);
	if (!ok) {
		targets_free(t);
		return false;
	}
	*ret = t;
	return true;
}

bool alerts_new(const struct config *config, const char *libexec, struct alerts **ret,
		struct err *err)
{
	struct alerts *a = calloc(1, sizeof(*a));
	char path[PATH_BYTES_MAX];
	if (!a)
		return err_set(err, ERR_MEMORY, "no memory for the alerts");
	if (gethostname(a->host, sizeof(a->host) - 1) != 0)
		cut_z(a->host, sizeof(a->host), "unknown");
	snprintf(path, sizeof(path), "%s/rotad-net", libexec);
	for (int i = 0; i < LANES; i++) {
		if (!helper_new("rotad-net", path, &a->helpers[i], err)) {
			alerts_free(a);
			return false;
		}
		a->lanes[i].program =
		    (struct program_later){.ops = &program_hook_later_ops, .self = &a->programs[i]};
		a->lanes[i].http =
		    (struct http_later){.ops = &http_rpc_later_ops, .self = a->helpers[i]};
	}
	if (!targets_new(a, config, &a->targets, err)) {
		alerts_free(a);
		return false;
	}
	*ret = a;
	return true;
}

void alerts_free(struct alerts *a)
{
	if (!a)
		return;
	targets_free(a->targets);
	for (int i = 0; i < LANES; i++) {
		program_lane_fini(&a->programs[i]);
		helper_free(a->helpers[i]);
	}
	free(a);
}

bool alerts_reload(struct alerts *a, const struct config *config, struct err *err)
{
	struct targets *old = a->targets, *next;
	a->is_test_lost = a->is_testing; /* its targets are gone */
	/* The state file has one owner at a time. */
	notify_free(old->notify);
	old->notify = NULL;
	if (targets_new(a, config, &next, err)) {
		targets_free(old);
		a->targets = next;
		return true;
	}
	struct host_port host = host_linux();
	struct err again = ERR_INIT;
	struct notify_parts parts = {.targets = old->rows,
				     .targets_n = old->n,
				     .lanes = a->lanes,
				     .lanes_n = LANES,
				     .files = files_durable(),
				     .random = host,
				     .state_directory = old->state_directory,
				     .host = a->host};
	if (!notify_new(&parts, host.ops->now(host.self), &old->notify, &again))
		journal_line(SEVERITY_CRITICAL, "alerts cannot be sent any more: %s", again.text);
	return false;
}

/* One event per fact: what lasts is in the journal once, until its words change or it is over. */
static bool is_news(struct alerts *a, const struct event *e)
{
	char key[512];
	uint64_t k = hash64(str_of(event_key(e, key, sizeof(key))), 0),
		 content = hash64(str_of(e->what), hash64(str_of(e->headline), e->is_resolved));
	content = hash64(str_of(e->you), content);
	unsigned i = 0;
	if (e->severity <= SEVERITY_NOTICE && !e->is_standing && !e->is_resolved)
		return true;
	while (i < a->seen_n && a->seen[i].key != k)
		i++;
	if (i < a->seen_n ? a->seen[i].content == content : e->is_resolved)
		return false;
	if (i == SEEN_MAX)
		i = 0;
	a->seen_n = MAX(a->seen_n, i + 1);
	a->seen[i].key = k;
	a->seen[i].content = content;
	return true;
}

void alerts_tell(struct alerts *a, const struct event *e, bool is_mine)
{
	struct notify_when when = {.is_mine = is_mine};
	struct host_port host = host_linux();
	enum notify_added added;
	struct err err = ERR_INIT;
	if (is_news(a, e))
		journal_event(e);
	if (a->targets->notify && e->severity >= SEVERITY_NOTICE &&
	    !notify_add(a->targets->notify, e, &when, host.ops->now(host.self), &added, &err))
		journal_line(SEVERITY_WARNING, "an alert could not be queued: %s", err.text);
}

/* ---- a person's test ---- */

bool alerts_test(struct alerts *a, const char *only, const char *who, struct wall now,
		 struct err *err)
{
	struct event e = event_of(EVENT_ALERT_TEST, NULL, a->host);
	struct host_port host = host_linux();
	if (a->is_testing)
		return err_set(err, ERR_CONFLICT, "a test is under way; ask again in a moment");
	if (!a->targets->notify)
		return err_set(err, ERR_UNSUPPORTED,
			       "alerts cannot be sent any more; see the journal");
	e.at = now;
	snprintf(e.headline, sizeof(e.headline), "%s: a test of the alert path.", a->host);
	snprintf(e.what, sizeof(e.what), "%s asked for it by rotactl alert test.", who);
	snprintf(e.now, sizeof(e.now), "All is as told before; nothing happened.");
	snprintf(e.we_did, sizeof(e.we_did), "Sent this, signed as every alert.");
	snprintf(e.you, sizeof(e.you), "Nothing. That you read it is the test.");
	if (notify_test(a->targets->notify, &e, only && only[0] ? only : NULL) == 0 && only &&
	    only[0])
		return err_set(err, ERR_NOT_FOUND, "no alert target \"%.60s\" is configured", only);
	journal_event(&e);
	a->is_testing = true;
	a->is_test_lost = false;
	a->test_begun = host.ops->boot(host.self);
	return true;
}

static json_t *tested_json(const struct alerts *a, size_t i)
{
	static const char *const words[] = {[NOTIFY_TAKEN] = "taken",
					    [NOTIFY_AGAIN] = "failed",
					    [NOTIFY_REFUSED] = "refused",
					    [NOTIFY_BAD] = "refused",
					    [NOTIFY_GONE] = "gone"};
	struct notify_tested r = notify_tested(a->targets->notify, i);
	struct notify_view v = notify_view(a->targets->notify, i);
	json_t *why = r.why[0] ? json_of_bytes(str_of(r.why)) : json_null();
	json_t *o =
	    json_pack("{s:s, s:s, s:s, s:o, s:i, s:o}", "target", v.name, "type",
		      notify_types[v.type].name, "outcome", r.is_over ? words[r.verdict] : "silent",
		      "status", r.status ? json_integer(r.status) : json_null(), "waiting",
		      (int)v.waiting_n, "why", why ? why : json_null());
	json_object_set_new(o, "seconds",
			    r.is_over ? json_real((double)r.took_us / US_S) : json_null());
	return o;
}

bool alerts_tested(struct alerts *a, struct buf *ret)
{
	struct host_port host = host_linux();
	bool is_late = host.ops->boot(host.self).us - a->test_begun.us > TEST_WAIT_S * US_S;
	struct notify *n = a->targets->notify;
	bool is_over = true;
	if (!a->is_testing)
		return false;
	for (size_t i = 0; n && i < notify_targets_n(n); i++) {
		struct notify_tested r = notify_tested(n, i);
		is_over &= !r.is_wanted || r.is_over;
	}
	if (!is_over && !is_late)
		return false;
	a->is_testing = false;
	AUTO(json_t) all = json_array();
	for (size_t i = 0; n && i < notify_targets_n(n); i++)
		if (notify_tested(n, i).is_wanted)
			json_array_append_new(all, tested_json(a, i));
	AUTO(json_t) root = json_pack("{s:O, s:b}", "targets", all, "lost", a->is_test_lost);
	json_print(root, ret);
	return true;
}

static json_t *time_json(struct wall t)
{
	char text[40];
	return t.us ? json_string(wall_print_utc(t, text, sizeof(text))) : json_null();
}

void alerts_view(const struct alerts *a, struct buf *ret)
{
	const struct notify *n = a->targets->notify;
	AUTO(json_t) all = json_array();
	for (size_t i = 0; n && i < notify_targets_n(n); i++) {
		struct notify_view v = notify_view(n, i);
		json_t *why = v.why[0] ? json_of_bytes(str_of(v.why)) : json_null();
		json_array_append_new(
		    all, json_pack("{s:s, s:s, s:i, s:i, s:b, s:o, s:o, s:o}", "target", v.name,
				   "type", notify_types[v.type].name, "waiting", (int)v.waiting_n,
				   "tries", (int)v.tries_n, "gone", v.is_gone, "lastOkAt",
				   time_json(v.last_ok_at), "failingSince",
				   time_json(v.failing_since), "why", why ? why : json_null()));
	}
	AUTO(json_t) root = json_pack("{s:O, s:b}", "targets", all, "working", n != NULL);
	json_print(root, ret);
}

int64_t alerts_run(struct alerts *a, struct wall now)
{
	struct event own;
	int64_t next;
	if (!a->targets->notify)
		return WAIT_MAX_S * US_S;
	next = notify_pump(a->targets->notify, now);
	while (notify_tell(a->targets->notify, &own))
		alerts_tell(a, &own, true);
	/* A lane with an exchange under way is looked at soon: its descriptor changes with each
	 * helper. */
	for (int i = 0; i < LANES; i++)
		if (helper_fd(a->helpers[i]) >= 0)
			next = MIN(next, (a->is_testing ? TEST_POLL_MS : POLL_MS) * US_MS);
	return MIN(next, WAIT_MAX_S * US_S);
}

void alerts_print(const struct alerts *a, struct buf *ret)
{
	notify_print(a->targets->notify, ret);
}
