/* SPDX-License-Identifier: Apache-2.0 */
/* Looking, merging, ordering, telling. A schedule that this host cannot live with is refused before
 * it is kept, so that what is kept can always be merged. */
#include "round/central.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "model/event_table.h"
#include "base/rng.h"
#include "codec/digest.h"
#include "codec/json_mem.h"

#define IDLE_US (30 * US_S)
#define ORDER_RETRY_US (5 * US_S) /* after the ledger refused an order */
enum {
	UNREACHABLE_POLLS = 3, /* missed in a row before it is worth a warning */
	DEBT_CRITICAL_S = 24 * 3600,
};

/* A seat as policies name it: by what the merge went. */
struct named {
	bool is_cluster_known;
	char cluster[NAME_BYTES_MAX], host[HOST_BYTES_MAX];
};

struct central {
	struct central_parts parts;
	const struct conf *own;
	bool is_wanted;
	struct schedule_policy policy; /* a copy: a request may outlive the file that named it */
	struct schedule_store store;
	struct named named[INSTANCES_MAX];
	struct conf *merged[INSTANCES_MAX]; /* NULL: own */
	struct wall order_at;               /* none is tried before */
	struct wall look_at;
	/* a look that failed */
	bool is_failing, is_told;
	struct wall failing_since;
	enum err_kind why_kind;
	char why[512];
	enum severity told;
};

static struct wall now_of(const struct central *c)
{
	return c->parts.host.ops->now(c->parts.host.self);
}

static const char *source_name(const struct central *c)
{
	return c->policy.file[0] ? c->policy.file : c->policy.url;
}

static bool is_same_policy(const struct schedule_policy *a, const struct schedule_policy *b)
{
	return strcmp(a->url, b->url) == 0 && strcmp(a->file, b->file) == 0 &&
	       strcmp(a->signer, b->signer) == 0 && strcmp(a->fleet, b->fleet) == 0 &&
	       a->poll_us == b->poll_us && strcmp(a->ca_file, b->ca_file) == 0 &&
	       strcmp(a->client_pem, b->client_pem) == 0;
}

/* ---- who is who ---- */

static void name_seat(const struct central *c, unsigned i, struct named *ret)
{
	const struct seen *s = c->parts.seats[i]->seen;
	bool is_known = s->self_host[0] && (s->self >= 0 || s->is_standalone);
	*ret = (struct named){.is_cluster_known = is_known};
	cut_z(ret->cluster, sizeof(ret->cluster), s->cluster);
	cut_z(ret->host, sizeof(ret->host), is_known ? s->self_host : c->parts.host_name);
}

/* A name that was known once stays: a member that is down has not moved. */
static bool learn_names(struct central *c)
{
	bool is_new = false;
	for (unsigned i = 0; i < c->parts.seats_n; i++) {
		struct named n;
		name_seat(c, i, &n);
		if (!n.is_cluster_known && c->named[i].host[0])
			continue;
		if (strcmp(n.cluster, c->named[i].cluster) == 0 &&
		    strcmp(n.host, c->named[i].host) == 0 &&
		    n.is_cluster_known == c->named[i].is_cluster_known)
			continue;
		c->named[i] = n;
		is_new = true;
	}
	return is_new;
}

static const char *cluster_of(const struct named *n)
{
	return n->is_cluster_known ? n->cluster : NULL;
}

static uint64_t serial_kept(const struct central *c)
{
	uint64_t most = 0;
	for (unsigned i = 0; i < c->parts.seats_n; i++)
		most = MAX(most, c->parts.seats[i]->anchor.schedule_serial);
	return most;
}

/* ---- merging ---- */

static struct conf_how how_of(const struct central *c)
{
	/* Files that the host's own file names were looked at when it was read. */
	return (struct conf_how){.files = &c->parts.files,
				 .zone_directory = c->parts.zone_directory,
				 .is_elsewhere = true,
				 .uid = CONF_UID_ANY,
				 .now = now_of(c)};
}

/* *ret is new. */
static bool merge_one(const struct central *c, unsigned i, const struct schedule *s,
		      const struct schedule *listed, const struct conf *own, struct conf **ret,
		      struct err *err)
{
	auto_conf struct conf *merged = conf_new();
	auto_free struct conf_faults *faults = calloc(1, sizeof(*faults));
	const struct conf_how how = how_of(c);
	const struct named *n = &c->named[i];
	char path[64];
	if (!merged || !faults)
		return err_set(err, ERR_MEMORY, "no memory to merge the schedule");
	snprintf(path, sizeof(path), "schedule %" PRIu64, s->serial);
	if (!schedule_merge(s, listed, own, cluster_of(n), n->host, &how, merged, faults)) {
		(void)conf_faults_err(faults, path, err); /* always false */
		return err_in(err, "for instance '%s'", c->parts.seats[i]->instance->name);
	}
	*ret = take(&merged);
	return true;
}

/* The most careful reading of the host's own file: look, and say why (invariant 8). */
static struct conf *careful(const struct conf *own, const char *why)
{
	struct conf *c = conf_new();
	if (!c)
		return NULL;
	memcpy(c, own, sizeof(*c));
	if (c->config.policy.mode > MODE_OBSERVE) {
		c->config.policy.mode = MODE_OBSERVE;
		cut_z(c->config.policy.mode_why, sizeof(c->config.policy.mode_why), why);
	}
	return c;
}

static void put_in_force(struct central *c, unsigned i, struct conf *merged)
{
	struct seat *t = c->parts.seats[i];
	const struct config *next = merged ? &merged->config : &c->own->config;
	const struct instance_policy *instance = config_find_instance(next, t->instance->name);
	ASSERT(instance != NULL); /* the schedule brings no instances and takes none */
	seat_reload(t, next, instance);
	conf_free(c->merged[i]);
	c->merged[i] = merged;
}

static void merge_all(struct central *c)
{
	for (unsigned i = 0; i < c->parts.seats_n; i++) {
		struct conf *merged = NULL;
		struct err err = ERR_INIT;
		if (!c->is_wanted) {
			put_in_force(c, i, NULL);
			continue;
		}
		if (c->store.current.serial == 0) {
			merged = careful(c->own, "the central schedule has not been read yet");
		} else if (!merge_one(c, i, &c->store.current, &c->store.listed, c->own, &merged,
				      &err)) {
			char why[160];
			snprintf(why, sizeof(why), "schedule %" PRIu64 " cannot be met: %.110s",
				 c->store.current.serial, err.text);
			merged = careful(c->own, why);
		}
		if (merged)
			put_in_force(c, i, merged);
	}
}

static bool fits_all(const struct central *c, const struct schedule *next,
		     const struct schedule *listed, const struct conf *own, struct err *err)
{
	for (unsigned i = 0; i < c->parts.seats_n; i++) {
		struct conf *merged = NULL;
		if (!merge_one(c, i, next, listed, own, &merged, err))
			return false;
		conf_free(merged);
	}
	return true;
}

static bool fits(void *self, const struct schedule *next, struct err *err)
{
	const struct central *c = self;
	return fits_all(c, next, c->store.listed.serial ? &c->store.listed : &c->store.current,
			c->own, err);
}

bool central_fits(struct central *c, const struct conf *own, struct err *err)
{
	bool is_wanted = own->config.schedule.url[0] || own->config.schedule.file[0];
	return !is_wanted || c->store.current.serial == 0 ||
	       fits_all(c, &c->store.current, &c->store.listed, own, err);
}

/* ---- telling ---- */

static void tell(struct central *c, enum event_kind kind, enum severity severity, bool is_resolved,
		 const char *headline, const char *what, const char *now, const char *did,
		 const char *you)
{
	struct event e = event_of(kind, NULL, c->parts.host_name);
	e.severity = severity;
	e.at = now_of(c);
	e.next = c->look_at;
	e.is_resolved = is_resolved;
	cut_z(e.headline, sizeof(e.headline), headline);
	cut_z(e.what, sizeof(e.what), what);
	cut_z(e.now, sizeof(e.now), now);
	cut_z(e.we_did, sizeof(e.we_did), did);
	cut_z(e.you, sizeof(e.you), you);
	c->parts.tell(c->parts.teller, &e, true);
}

static bool is_refusal(enum err_kind kind)
{
	return kind != ERR_UNREACHABLE && kind != ERR_TIMEOUT;
}

static enum event_kind trouble_of(enum err_kind kind)
{
	return is_refusal(kind) ? EVENT_SCHEDULE_REFUSED : EVENT_SCHEDULE_UNREACHABLE;
}

static void in_force(const struct central *c, char *out, size_t out_n)
{
	char when[40];
	if (c->store.current.serial)
		snprintf(out, out_n,
			 "Schedule %" PRIu64 " goes on, confirmed last at %s; windows, freezes and "
			 "modes hold as it says.",
			 c->store.current.serial,
			 wall_print_utc(c->store.confirmed_at, when, sizeof(when)));
	else
		snprintf(out, out_n, "None was ever read here: rotad only looks until one is.");
}

static void failed(struct central *c, const struct err *err)
{
	char headline[512], what[768], now[512], since[32];
	struct wall at = now_of(c);
	struct wall debt = c->store.confirmed_at;
	enum severity severity = SEVERITY_NOTICE;
	if (!c->is_failing || trouble_of(c->why_kind) != trouble_of(err->kind)) {
		if (c->is_failing && c->is_told) /* another trouble takes its place */
			tell(c, trouble_of(c->why_kind), SEVERITY_NOTICE, true,
			     "The central schedule has another trouble now.", "", "", "", "");
		c->is_told = false;
		if (!c->is_failing)
			c->failing_since = at;
	}
	c->is_failing = true;
	if (debt.us == 0 || debt.us > c->failing_since.us)
		debt = c->failing_since;
	if (is_refusal(err->kind) || c->store.current.serial == 0 ||
	    at.us - debt.us > UNREACHABLE_POLLS * c->policy.poll_us)
		severity = SEVERITY_WARNING;
	if (at.us - debt.us > DEBT_CRITICAL_S * US_S)
		severity = SEVERITY_CRITICAL;
	err_print(err, what, sizeof(what));
	if (err->line) {
		size_t end = strlen(what);
		snprintf(what + end, sizeof(what) - end, " (line %d, column %d)", err->line,
			 err->column);
	}
	bool is_news = !c->is_told || severity != c->told || strncmp(what, c->why, 511) != 0;
	c->why_kind = err->kind;
	cut_z(c->why, sizeof(c->why), what);
	c->told = severity;
	c->is_told = true;
	/* A notice is told once; a warning each time, so that its receivers hear that it lasts. */
	if (!is_news && severity < SEVERITY_WARNING)
		return;
	snprintf(headline, sizeof(headline), "The central schedule %s.",
		 is_refusal(err->kind) ? "was not taken" : "cannot be fetched");
	in_force(c, now, sizeof(now));
	size_t n = strlen(now);
	snprintf(now + n, sizeof(now) - n, " It is so since %s.",
		 wall_print_utc(c->failing_since, since, sizeof(since)));
	tell(
	    c, trouble_of(err->kind), severity, false, headline, what, now,
	    "Kept the last good one; looks again.",
	    is_refusal(err->kind)
		? "Correct it and raise its serial: rotactl schedule check FILE says what is wrong."
		: "Look after the server, or its name and trust: schedule.url, schedule.caFile.");
}

static void recovered(struct central *c)
{
	if (!c->is_failing)
		return;
	if (c->is_told)
		tell(c, trouble_of(c->why_kind), SEVERITY_NOTICE, true,
		     "The central schedule is read again.", c->why, "As it says.", "Read it.",
		     "Nothing to do.");
	c->is_failing = c->is_told = false;
	c->why[0] = 0;
}

static void applied(struct central *c, bool is_listed)
{
	char headline[512];
	snprintf(headline, sizeof(headline), "Schedule %" PRIu64 " is in force%s%s.",
		 c->store.current.serial, c->store.current.signer[0] ? ", signed by " : "",
		 c->store.current.signer);
	tell(c, EVENT_SCHEDULE_APPLIED, SEVERITY_NOTICE, false, headline, source_name(c),
	     is_listed ? "Windows, freezes, limits and modes hold as it says."
		       : "It does not list this host: the policies of the last that did stay.",
	     "Merged it into the policy of every instance.",
	     "rotactl config show --running tells which values come from it.");
}

/* ---- looking ---- */

static struct schedule_source source_of(struct central *c, const struct conf_how *how,
					struct schedule_subject *subjects)
{
	for (unsigned i = 0; i < c->parts.seats_n; i++)
		subjects[i] = (struct schedule_subject){.cluster = cluster_of(&c->named[i]),
							.host = c->named[i].host};
	return (struct schedule_source){.policy = &c->policy,
					.http = &c->parts.http,
					.how = how,
					.state_directory = c->own->config.state_directory,
					.serial_min = serial_kept(c),
					.seed = hash64(str_of(c->parts.host_name), 1),
					.fits = fits,
					.fits_self = c,
					.subjects_n = c->parts.seats_n,
					.subjects = subjects};
}

static void load(struct central *c)
{
	struct err err = ERR_INIT;
	struct schedule_subject subjects[INSTANCES_MAX];
	const struct conf_how how = how_of(c);
	const struct schedule_source source = source_of(c, &how, subjects);
	schedule_store_fini(&c->store);
	if (!schedule_store_load(&c->store, &source, &err))
		failed(c, &err); /* the next look fetches anew */
}

/* On each seat's disk before the next look: an older one is refused from then on. */
static void keep_serial(struct central *c)
{
	for (unsigned i = 0; i < c->parts.seats_n; i++) {
		struct anchor *a = &c->parts.seats[i]->anchor;
		struct err err = ERR_INIT;
		uint64_t was = a->schedule_serial;
		if (a->schedule_serial >= c->store.current.serial)
			continue;
		a->schedule_serial = c->store.current.serial;
		if (!anchor_put(c->parts.seats[i], &err)) /* again with the next run */
			a->schedule_serial = was;
	}
}

/* ---- orders ---- */

static bool is_given(const struct seen_ledger *l, const struct token *id)
{
	for (unsigned i = 0; i < l->given_n; i++)
		if (token_equal(&l->given[i], id))
			return true;
	return l->has_proposal && token_equal(&l->proposal.order, id);
}

/* May this seat give that order now? What it lacks may come. */
static bool may_give(const struct seat *t, const struct schedule_order *o)
{
	const struct seen *s = t->seen;
	bool is_keyfile = o->kind == ORDER_KEYFILE;
	/* Revoked, nobody would believe it: another host gives it. */
	if (s->self < 0 || !fact_known(s->ledger.fact) || !s->ledger.exists ||
	    s->ledger.is_self_revoked || t->notes.job_is_open || !t->anchor.ledger.hex[0])
		return false;
	if (instance_mode(&t->config->policy, t->instance,
			  is_keyfile ? KIND_KEYFILE : KIND_CERTIFICATES) <= MODE_OBSERVE)
		return false;
	if (!is_keyfile)
		return t->config->policy.certificates.authority[0] != 0;
	/* A second routine rotation waits until the first is over. */
	return seen_generation(s) == GENERATION_NONE || o->urgency == URGENCY_EMERGENCY;
}

static bool give(struct central *c, struct seat *t, const struct schedule_order *o, struct err *err)
{
	char who[NAME_BYTES_MAX];
	struct token id;
	struct journal_entry e = {.kind = JOURNAL_NOTE};
	struct err ignored = ERR_INIT;
	snprintf(who, sizeof(who), "schedule serial %" PRIu64, c->store.current.serial);
	struct order_wish w = {
	    .kind = o->kind,
	    .urgency = o->urgency,
	    .host = o->member[0] ? t->seen->self_host : "",
	    .who = who,
	    .reason = o->reason[0] ? o->reason : o->id,
	    .ticket = o->ticket,
	    .breaks_freeze = o->breaks_freeze,
	    .max_lag_us = o->max_lag_us,
	    .serial = c->store.current.serial,
	    .id = &o->token,
	};
	enum generation_state g = seen_generation(t->seen);
	if (o->kind == ORDER_KEYFILE && (g == GENERATION_OPEN || g == GENERATION_CARRIED))
		w.amends = t->seen->ledger.proposal.generation; /* it makes that one urgent */
	seat_aim(t);
	if (!seat_order(t, &w, &id, err))
		return false;
	/* Known as given until the next round reads the ledger. */
	struct seen_ledger *l = &t->seen->ledger;
	if (l->given_n < ARRAY_N(l->given))
		l->given[l->given_n++] = id;
	cut_z(e.act, sizeof(e.act), "order");
	snprintf(e.text, sizeof(e.text), "by %s, %s: %.300s", who, o->id, w.reason);
	(void)!record_line(t, &e, &ignored); /* a full disk is told by the next act */
	return true;
}

static void give_orders(struct central *c, struct wall now)
{
	const struct schedule *s = &c->store.current;
	if (now.us < c->order_at.us && c->order_at.us - now.us <= ORDER_RETRY_US)
		return;
	for (unsigned i = 0; i < c->parts.seats_n; i++)
		for (unsigned k = 0; k < s->orders_n; k++) {
			struct seat *t = c->parts.seats[i];
			const struct schedule_order *o = &s->orders[k];
			struct err err = ERR_INIT;
			if (!c->named[i].is_cluster_known ||
			    !schedule_order_concerns(o, c->named[i].cluster, c->named[i].host,
						     now) ||
			    !may_give(t, o) || is_given(&t->seen->ledger, &o->token))
				continue;
			if (!give(c, t, o, &err)) {
				c->order_at = wall_add(now, ORDER_RETRY_US);
				return; /* the ledger does not answer: later */
			}
		}
}

/* ---- the whole ---- */

static void want(struct central *c, const struct conf *own)
{
	c->own = own;
	c->policy = own->config.schedule;
	c->is_wanted = c->policy.url[0] || c->policy.file[0];
}

bool central_new(const struct central_parts *parts, const struct conf *own, struct central **ret,
		 struct err *err)
{
	struct central *c = calloc(1, sizeof(*c));
	if (!c)
		return err_set(err, ERR_MEMORY, "no memory for the schedule");
	c->parts = *parts;
	want(c, own);
	(void)learn_names(c);
	if (c->is_wanted)
		load(c);
	merge_all(c);
	*ret = c;
	return true;
}

void central_free(struct central *c)
{
	if (!c)
		return;
	schedule_store_fini(&c->store);
	for (unsigned i = 0; i < INSTANCES_MAX; i++)
		conf_free(c->merged[i]);
	free(c);
}

/* Another file may name another source: the kept copy is then judged anew (fleet, signer), and the
 * etag of the old source says nothing. */
static void change_source(struct central *c)
{
	bool was_wanted = c->is_wanted;
	want(c, c->own);
	c->look_at.us = 0;
	c->store.look_at.us = 0;
	if (c->is_wanted)
		load(c);
	else if (was_wanted) {
		schedule_store_fini(&c->store);
		recovered(c);
	}
}

void central_take(struct central *c, const struct conf *own)
{
	c->own = own;
	c->store.look_at.us = 0; /* who reloads wants the newest */
	/* An answer that is on its way is waited for first, by its own policy (see central_run()).
	 */
	if (!c->store.is_asking && !is_same_policy(&c->policy, &own->config.schedule))
		change_source(c);
	merge_all(c);
}

int64_t central_run(struct central *c)
{
	struct schedule_news news = {.has_looked = false};
	struct err err = ERR_INIT;
	struct schedule_subject subjects[INSTANCES_MAX];
	struct wall now = now_of(c);
	if (!c->store.is_asking && !is_same_policy(&c->policy, &c->own->config.schedule)) {
		change_source(c);
		merge_all(c);
	}
	if (!c->is_wanted)
		return IDLE_US;
	bool is_renamed = learn_names(c);
	const struct conf_how how = how_of(c);
	const struct schedule_source source = source_of(c, &how, subjects);
	bool ok = schedule_look(&c->store, &source, now, &news, &err);
	c->look_at = news.next;
	if (!ok)
		failed(c, &err);
	else if (news.has_looked)
		recovered(c);
	if (news.is_changed || is_renamed)
		merge_all(c);
	if (news.is_changed)
		applied(c, news.is_listed);
	keep_serial(c);
	give_orders(c, now);
	return MAX(MIN(news.next.us - now.us, IDLE_US), 20 * US_MS);
}

const struct conf *central_conf(const struct central *c, unsigned i)
{
	ASSERT(i < c->parts.seats_n);
	return c->merged[i] ? c->merged[i] : c->own;
}

static json_t *wall_json(struct wall t)
{
	char text[40];
	return t.us ? json_string(wall_print_utc(t, text, sizeof(text))) : json_null();
}

void central_view(const struct central *c, struct buf *out)
{
	if (!c->is_wanted) {
		buf_adds(out, "null");
		return;
	}
	json_t *why = c->is_failing ? json_string(c->why) : json_null();
	json_t *signer =
	    c->store.current.signer[0] ? json_string(c->store.current.signer) : json_null();
	AUTO(json_t)
	o = json_pack(
	    "{s:s, s:I, s:o, s:o, s:o, s:o, s:b, s:o}", "source", source_name(c), "serial",
	    (json_int_t)c->store.current.serial, "signer", signer ? signer : json_null(),
	    "confirmedAt", wall_json(c->store.confirmed_at), "nextLook", wall_json(c->look_at),
	    "why", why ? why : json_null(), "warns", c->is_failing && c->told >= SEVERITY_WARNING,
	    "failingSince", c->is_failing ? wall_json(c->failing_since) : json_null());
	char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;
	buf_adds(out, text ? text : "null");
	json_text_free(text);
}
