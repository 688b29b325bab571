/* SPDX-License-Identifier: Apache-2.0 */
/* The scheduler: virtual time, a heap of events, one coroutine a rotad. Whatever happens follows
 * from the scenario; nothing here reads a clock. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/journal_line.h"
#include "round/command.h"
#include "sim/sim_world.h"

uint64_t sim_crypto_state;

enum {
	CARE_US = 3 * 1000000,
	IDLE_MAX_US = 6 * 1000000,
	EVENTS_PER_RUN_MAX = 40 * 1000 * 1000, /* a bound from above: it would be a mistake here */
};

/* ---- what happened ---- */

void sim_say(struct sim_world *w, const char *format, ...)
{
	char line[900];
	int at = snprintf(line, sizeof(line), "%9.3f  ", (double)w->now_us / (double)US_S);
	va_list ap;
	va_start(ap, format);
	vsnprintf(line + at, sizeof(line) - (size_t)at, format, ap);
	va_end(ap);
	w->result->trace_hash = hash64(str_of(line), w->result->trace_hash);
	if (w->trace) {
		buf_adds(w->trace, line);
		buf_addc(w->trace, '\n');
	}
}

void sim_broken(struct sim_world *w, const char *rule, const char *format, ...)
{
	va_list ap;
	if (w->is_over)
		return;
	w->is_over = true;
	w->result->outcome = SIM_UNSAFE;
	w->result->at_us = w->now_us;
	cut_z(w->result->rule, sizeof(w->result->rule), rule);
	va_start(ap, format);
	vsnprintf(w->result->why, sizeof(w->result->why), format, ap);
	va_end(ap);
	sim_say(w, "BROKEN (%s): %s", rule, w->result->why);
}

int64_t sim_between(struct sim_world *w, int64_t low, int64_t high)
{
	return low >= high ? low : low + (int64_t)rng_below(&w->rng, (uint64_t)(high - low + 1));
}

bool sim_chance(struct sim_world *w, unsigned ppm)
{
	return rng_below(&w->rng, 1000000) < ppm;
}

/* ---- events ---- */

static bool is_before(const struct sim_event *a, const struct sim_event *b)
{
	return a->at_us != b->at_us ? a->at_us < b->at_us : a->order < b->order;
}

void sim_at(struct sim_world *w, int64_t at_us, enum sim_event_kind kind, unsigned host,
	    unsigned number)
{
	ASSERT(w->events_n < SIM_EVENTS_MAX);
	unsigned i = w->events_n++;
	w->events[i] = (struct sim_event){.at_us = MAX(at_us, w->now_us),
					  .order = ++w->orders,
					  .kind = kind,
					  .host = host,
					  .number = number};
	for (; i > 0 && is_before(&w->events[i], &w->events[(i - 1) / 2]); i = (i - 1) / 2) {
		struct sim_event e = w->events[i];
		w->events[i] = w->events[(i - 1) / 2];
		w->events[(i - 1) / 2] = e;
	}
}

static struct sim_event next_event(struct sim_world *w)
{
	struct sim_event first = w->events[0];
	w->events[0] = w->events[--w->events_n];
	for (unsigned i = 0;;) {
		unsigned least = i;
		for (unsigned k = 2 * i + 1; k <= 2 * i + 2 && k < w->events_n; k++)
			if (is_before(&w->events[k], &w->events[least]))
				least = k;
		if (least == i)
			return first;
		struct sim_event e = w->events[i];
		w->events[i] = w->events[least];
		w->events[least] = e;
		i = least;
	}
}

/* ---- a rotad ---- */

bool sim_wait(struct sim_host *h, int64_t us)
{
	struct sim_world *w = h->w;
	int64_t until = w->now_us + us;
	if (h->is_dead)
		return false;
	/* Nobody else has anything to do before: the same as to yield and be called again. */
	if (w->events_n > 0 && w->events[0].at_us > until && h->paused_until_us <= until) {
		w->now_us = until;
		return true;
	}
	sim_at(w, until, EVENT_WAKE, h->i, ++h->wake);
	fiber_yield(&h->fiber);
	return !h->is_dead;
}

bool sim_call(struct sim_host *h)
{
	int64_t latency = h->w->scenario->latency_us;
	if (h->is_dead)
		return false;
	if (h->w->coverage)
		h->w->coverage->port_calls++;
	if (h->slow_until_us > h->w->now_us)
		latency *= 50;
	return sim_wait(h, sim_between(h->w, latency / 4, latency));
}

bool sim_local(struct sim_host *h)
{
	if (h->is_dead)
		return false;
	if (h->w->coverage)
		h->w->coverage->port_calls++;
	return sim_wait(h, sim_between(h->w, 5, 60));
}

void sim_poke(struct sim_host *h)
{
	h->idle_us = 0;
	h->is_poked = true;
	if (h->is_asleep)
		sim_at(h->w, h->w->now_us, EVENT_WAKE, h->i, ++h->wake);
}

void sim_ask(struct sim_host *h, int what)
{
	h->ask = (unsigned)what;
	sim_poke(h);
}

static void run_ask(struct sim_host *h)
{
	static const struct {
		const char *word, *route, *body; /* "%s" in it: the host it is about */
	} asks[] = {
	    [ASK_ROTATE] = {"rotate", "/v1/rotate", "{\"kind\":\"keyfile\",\"reason\":\"asked\"}"},
	    [ASK_EMERGENCY] = {"rotate --emergency", "/v1/rotate",
			       "{\"kind\":\"keyfile\",\"urgency\":\"emergency\"}"},
	    [ASK_PAUSE] = {"pause", "/v1/pause", "{\"reason\":\"coffee\"}"},
	    [ASK_RESUME] = {"resume", "/v1/resume", "{}"},
	    [ASK_RELEASE] = {"turn release", "/v1/release", "{}"},
	    [ASK_CERTIFICATES] = {"rotate certificates", "/v1/rotate",
				  "{\"kind\":\"certificates\",\"reason\":\"asked\"}"},
	    [ASK_CERTIFICATE] = {"rotate certificates --member", "/v1/rotate",
				 "{\"kind\":\"certificates\",\"member\":\"%s\","
				 "\"reason\":\"asked\"}"},
	    [ASK_ABORT] = {"abort", "/v1/abort", "{\"reason\":\"second thoughts\"}"},
	    [ASK_WITHOUT] =
		{"rotate --without", "/v1/rotate",
		 "{\"kind\":\"keyfile\",\"without\":\"%s\",\"reason\":\"it burnt down\"}"},
	    [ASK_REVOKE] = {"trust revoke", "/v1/trust/revoke",
			    "{\"identity\":\"%s\",\"reason\":\"stolen\"}"},
	    [ASK_REVOKE_EMERGENCY] = {"rotate --emergency --revoke", "/v1/rotate",
				      "{\"kind\":\"keyfile\",\"urgency\":\"emergency\","
				      "\"revoke\":\"%s\",\"reason\":\"stolen\"}"},
	    [ASK_APPROVE] = {"approve", "/v1/approve", "{}"},
	};
	char body[HOST_BYTES_MAX + 200];
	struct err err = ERR_INIT;
	struct buf answer = {.max = 64 * 1024};
	unsigned what = h->ask;
	h->ask = ASK_NOTHING;
	if (h->seat.rounds == 0)
		return;
	struct sim_host *about = &h->w->hosts[h->ask_about];
	const char *at = strstr(asks[what].body, "%s");
	int head = at ? (int)(at - asks[what].body) : (int)strlen(asks[what].body);
	snprintf(body, sizeof(body), "%.*s%s%s", head, asks[what].body, at ? about->m.host : "",
		 at ? at + 2 : "");
	bool ok =
	    command_run(&h->seat, asks[what].route, str_of(body), "alice", true, &answer, &err);
	buf_fini(&answer);
	if (ok && what == ASK_CERTIFICATE)
		about->asked_us = h->w->now_us;
	if (ok && what == ASK_CERTIFICATES)
		h->w->certificates_asked_us = h->w->now_us;
	if (ok && !h->is_dead && what == ASK_WITHOUT)
		about->dead_by = 0;
	if (ok && !h->is_dead && what >= ASK_REVOKE)
		about->revoked_by = 0;
	if (!ok && what <= ASK_EMERGENCY)
		cut_z(h->w->result->cost.waits, sizeof(h->w->result->cost.waits), err.text);
	if (!h->is_dead)
		sim_say(h->w, "%c: alice says %s%s%s", h->letter, asks[what].word, ok ? "" : ": ",
			ok ? "" : err.text);
}

static void count_gates(struct sim_world *w, const struct plan *p)
{
	struct sim_coverage *c = w->coverage;
	for (unsigned i = 0; c && i < p->gates_n; i++) {
		unsigned at = 0;
		while (at < c->gates_n && strcmp(c->gates[at].name, p->gates[i].name) != 0)
			at++;
		if (at == GATES_MAX)
			continue;
		c->gates_n = MAX(c->gates_n, at + 1);
		c->gates[at].name = p->gates[i].name;
		c->gates[at].verdicts[p->gates[i].verdict]++;
	}
}

/* The configuration as operators have it by now. */
static void take_policy(struct sim_host *h)
{
	enum { SUNDAY = 1, NIGHT_S = 3 * 3600, LONG_US = 600 * 1000000 };
	struct sim_world *w = h->w;
	struct policy *p = &w->config->policy;
	bool is_old = w->old_until_us > w->now_us;
	w->config->instances[h->i].mode = h->mode_until_us > w->now_us ? h->mode : MODE_ACT;
	p->zones_n = MAX(p->zones_n, 1u);
	p->windows_n = w->closed_until_us > w->now_us;
	p->windows[0] = (struct window){.days = SUNDAY, .start_s = NIGHT_S, .for_us = US_H};
	p->freezes_n = w->frozen_until_us > w->now_us;
	p->freezes[0] = (struct freeze){.from_day = 0, .until_day = 40000, .reason = "a fair"};
	p->keyfile.max_age_us = is_old ? LONG_US : w->max_age_us;
	p->keyfile.min_age_us = is_old ? 0 : w->min_age_us;
}

static void rotad_main(void *arg)
{
	struct sim_host *h = arg;
	struct sim_world *w = h->w;
	struct err err = ERR_INIT;
	struct round_ports ports = h->seat.ports; /* put there by sim_rotad_start() */
	h->is_seat_open = true;
	if (!seat_open(&h->seat, w->config, &w->config->instances[h->i], &ports, &err)) {
		sim_say(w, "%c: rotad does not start: %s", h->letter, err.text);
		return;
	}
	while (!h->is_dead) {
		bool is_poked = h->is_poked;
		unsigned rounds = h->seat.rounds;
		h->is_poked = false;
		take_policy(h);
		if (h->ask != ASK_NOTHING)
			run_ask(h);
		h->round_us = w->now_us;
		int64_t wait = round_run(&h->seat, false, is_poked);
		if (h->is_dead)
			break;
		bool is_idle = rounds == h->seat.rounds || h->seat.plan.acts_n == 0;
		h->idle_us = is_idle && !w->scenario->is_lively
				 ? MIN(h->idle_us * 3 + 100 * US_MS, (int64_t)IDLE_MAX_US)
				 : 0;
		if (rounds != h->seat.rounds) {
			h->looked_us = h->round_us;
			count_gates(w, &h->seat.plan);
			if (w->coverage)
				w->coverage->rounds++;
		}
		wait = MIN(MAX(wait, 10 * US_MS), 30 * US_S);
		/* A host may be slow; one that has nothing to do is so, to save our time. */
		wait += sim_between(w, 0, w->scenario->pace_us) +
			sim_between(w, h->idle_us / 2, h->idle_us);
		if (h->is_poked)
			continue;
		h->is_asleep = true;
		(void)sim_wait(h, wait);
		h->is_asleep = false;
	}
}

static void reap(struct sim_host *h)
{
	if (h->fiber.is_running)
		return;
	bool was_killed = h->is_dead;
	if (h->is_seat_open)
		seat_close(&h->seat);
	h->is_seat_open = h->is_rotad = false;
	if (!was_killed) /* it could not start: systemd tries again */
		sim_at(h->w, h->w->now_us + 2 * US_S, EVENT_ROTAD, h->i, 0);
}

static void go_on(struct sim_host *h)
{
	fiber_run(&h->fiber);
	reap(h);
}

void sim_rotad_kill(struct sim_host *h, int64_t down_us)
{
	if (!h->is_rotad || h->is_dead)
		return;
	sim_say(h->w, "%c: rotad is killed", h->letter);
	sim_hook_orphaned(h);
	h->is_dead = true;
	h->wake++;
	if (down_us >= 0)
		sim_at(h->w, h->w->now_us + down_us, EVENT_ROTAD, h->i, 0);
}

static void tell(void *self, const struct event *e, bool is_mine)
{
	struct sim_host *h = self;
	struct sim_coverage *c = h->w->coverage;
	unsigned at = 0;
	(void)is_mine;
	if (h->is_dead)
		return;
	while (c && at < c->events_n && strcmp(c->events[at].name, e->name) != 0)
		at++;
	if (c && at < ARRAY_N(c->events) && !e->is_resolved) {
		c->events_n = MAX(c->events_n, at + 1);
		cut_z(c->events[at].name, sizeof(c->events[at].name), e->name);
		c->events[at].n++;
	}
	sim_oracle_text(h->w, "an event", e->what, strlen(e->what));
	sim_oracle_text(h->w, "an event", e->headline, strlen(e->headline));
	if (strcmp(e->name, "internal-error") == 0)
		sim_broken(h->w, "bug", "%c's rotad tells a mistake of its own: %s", h->letter,
			   e->what);
	if (strcmp(e->name, "invariant-broken") == 0)
		sim_broken(h->w, "planner", "%c's planner wanted what is not safe: %s: %s",
			   h->letter, e->headline, e->what);
}

static void boundary(void *self, const char *act, bool is_before)
{
	struct sim_host *h = self;
	struct sim_world *w = h->w;
	enum act_kind kind = 0;
	if (h->is_dead)
		return;
	while (kind < ACT_N && strcmp(act_table[kind].word, act) != 0)
		kind++;
	ASSERT(kind < ACT_N);
	unsigned n = ++h->boundary_n[kind][is_before], all = ++w->boundary_n[kind][is_before];
	for (unsigned i = 0; i < w->scenario->faults_n && !w->is_healed; i++) {
		const struct sim_fault *f = &w->scenario->faults[i];
		if (f->is_at_act && !w->fired[i] && (f->is_any || f->host == h->i) &&
		    f->act == kind && f->is_before == is_before && f->nth == (f->is_any ? all : n))
			sim_fault_do(w, i, h->i);
	}
}

void sim_line(struct sim_host *h, struct str line)
{
	struct journal_entry e;
	struct err err = ERR_INIT;
	struct sim_coverage *c = h->w->coverage;
	enum act_kind kind = 0;
	if (!journal_line_parse(line, &e, &err))
		return;
	while (kind < ACT_N && strcmp(act_table[kind].word, e.act) != 0)
		kind++;
	if (kind < ACT_N && c) {
		c->acts[kind] += e.kind == JOURNAL_PROOF;
		c->acts_failed[kind] += e.kind == JOURNAL_FAILED;
	}
	if (e.kind == JOURNAL_INTENT)
		sim_say(h->w, "%c: %s: %.200s", h->letter, e.act, e.text);
	else if (e.kind == JOURNAL_FAILED)
		sim_say(h->w, "%c: %s failed: %.300s", h->letter, e.act, e.text);
	else if (e.kind == JOURNAL_PROOF)
		sim_say(h->w, "%c: %s done", h->letter, e.act);
}

static bool no_credential(void *self, const struct credential_ref *ref, struct secret *ret,
			  struct err *err)
{
	(void)self;
	(void)ref;
	(void)ret;
	return err_set(err, ERR_NOT_FOUND, "no credentials here");
}

void sim_rotad_start(struct sim_host *h)
{
	struct err err = ERR_INIT;
	if (h->is_rotad || h->off_until_us > h->w->now_us || h->lacks_rotad)
		return;
	h->is_rotad = true;
	h->is_dead = h->is_asleep = h->is_poked = false;
	h->life++;
	h->idle_us = 0;
	h->ask = ASK_NOTHING;
	h->seat.ports = (struct round_ports){
	    .host = sim_host_port(h),
	    .files = sim_files_port(h),
	    .mongod = sim_mongod_port(h),
	    .restarter = sim_restarter_port(h),
	    .set_store = sim_store_port(h),
	    .local_store = sim_store_port(h),
	    .store_aim = sim_store_aim,
	    .store_self = h,
	    .find_authority = sim_authority,
	    .authorities = h,
	    .tell = tell,
	    .teller = h,
	    .boundary = boundary,
	    .boundary_self = h,
	    .credential = no_credential,
	};
	bool ok = fiber_begin(&h->fiber, rotad_main, h, &err);
	ASSERT(ok);
	sim_at(h->w, h->w->now_us, EVENT_WAKE, h->i, ++h->wake);
}

/* ---- a run ---- */

static void wake(struct sim_world *w, const struct sim_event *e)
{
	struct sim_host *h = &w->hosts[e->host];
	if (!h->is_rotad || e->number != h->wake)
		return;
	if (h->paused_until_us > w->now_us) {
		sim_at(w, h->paused_until_us, EVENT_WAKE, h->i, h->wake);
		return;
	}
	go_on(h);
}

/* The code of a killed rotad is run to its end; none of it has any effect. */
static void bury(struct sim_world *w)
{
	for (unsigned i = 0; i < w->n; i++)
		while (w->hosts[i].is_rotad && w->hosts[i].is_dead)
			go_on(&w->hosts[i]);
}

static void happen(struct sim_world *w, const struct sim_event *e)
{
	struct sim_host *h = &w->hosts[e->host];
	switch (e->kind) {
	case EVENT_WAKE:
		wake(w, e);
		break;
	case EVENT_ROTAD:
		if (!h->is_rotad) {
			sim_say(w, "%c: rotad starts", h->letter);
			sim_rotad_start(h);
		}
		break;
	case EVENT_STOPPED:
		if (e->number == h->m.step)
			sim_member_stopped(h);
		break;
	case EVENT_STARTED:
		if (e->number == h->m.step)
			sim_member_started(h);
		break;
	case EVENT_START:
		sim_member_start(h);
		break;
	case EVENT_JOB_DONE:
		if (h->job.state == JOB_RUNNING) {
			h->job.state = JOB_FAILED;
			snprintf(h->job.why, sizeof(h->job.why), "the unit's job failed");
		}
		break;
	case EVENT_BACK:
		if (e->number == h->m.step)
			sim_note(w, SIM_BACK, h->i, NULL);
		break;
	case EVENT_ELECT:
		sim_elect(w);
		break;
	case EVENT_FAULT:
		if (!w->is_healed)
			sim_fault_do(w, e->number, e->host);
		break;
	case EVENT_RESUME:
		sim_ask(h, ASK_RESUME);
		break;
	case EVENT_HEAL:
		sim_heal(w);
		break;
	case EVENT_CARE:
		sim_care(w);
		sim_at(w, w->now_us + CARE_US, EVENT_CARE, 0, 0);
		break;
	case EVENT_HOOK:
		sim_hook_event(h, e->number);
		break;
	case EVENT_RELOADED:
		if (e->number == h->m.process && h->m.state == SIM_UP)
			sim_tls_reloaded(h);
		break;
	case EVENT_SETTLE:
		sim_settle(w);
		break;
	}
}

static void host_begin(struct sim_world *w, unsigned i)
{
	static const char set_conf[] =
	    "security:\n  keyFile: " SIM_KEYFILE
	    "\nnet:\n  port: 27017\nreplication:\n  replSetName: " SIM_SET
	    "\nstorage:\n  dbPath: /db\n";
	static const char alone_conf[] =
	    "security:\n  keyFile: " SIM_KEYFILE "\nnet:\n  port: 27017\nstorage:\n  dbPath: /db\n";
	static const char tls_conf[] =
	    "net:\n  port: 27017\n  tls:\n    mode: requireTLS\n    "
	    "certificateKeyFile: " SIM_CERTIFICATE "\n    CAFile: " SIM_CA_FILE
	    "\nsecurity:\n  keyFile: " SIM_KEYFILE "\nreplication:\n  replSetName: " SIM_SET
	    "\nstorage:\n  dbPath: /db\n";
	char sharded_conf[1024];
	const char *conf = w->scenario->is_standalone ? alone_conf
			   : w->scenario->routers_n   ? sharded_conf
			   : w->scenario->has_tls     ? tls_conf
						      : set_conf;
	struct sim_host *h = &w->hosts[i];
	char text[2048];
	h->w = w;
	h->i = i;
	h->letter = (char)('a' + i);
	h->random.state = w->scenario->seed * 31 + i;
	snprintf(h->m.host, sizeof(h->m.host), "%c.example:%d", h->letter, SIM_PORT);
	if (w->scenario->is_standalone) /* as its instance */
		snprintf(h->m.host, sizeof(h->m.host), SIM_INSTANCE);
	h->m.kinds = w->scenario->kinds[i];
	h->m.is_arbiter = (w->scenario->has_arbiter && i + 1 == w->scenario->members_n) ||
			  h->m.kinds & SIM_KIND(ARBITER);
	h->is_there = i < w->scenario->members_n || sim_is_router(h);
	(void)sim_router_conf(h, sharded_conf, sizeof(sharded_conf));
	w->now_us -= US_H; /* the file and the process were there before */
	sim_file_set(h, SIM_MONGOD_CONF, conf, strlen(conf));
	size_t n = sim_ring_print(w, &(struct sim_ring){.n = 1, .keys = {1}}, text, sizeof(text));
	if (h->is_there)
		sim_file_set(h, SIM_KEYFILE, text, n);
	sim_tls_begin(h);
	w->now_us += US_H;
	h->is_newcomer = h->is_edited = h->m.is_edited = !h->is_there;
	h->m.state = h->is_there ? SIM_UP : SIM_DOWN;
	h->m.process = 1;
	h->m.started_us = -50 * US_MIN;
	h->m.loaded = h->disk;
	h->m.drain_ms = 15000;
	for (unsigned k = 0; k < w->n; k++)
		h->m.good_since_us[k] = h->m.started_us;

	struct instance_policy *p = &w->config->instances[i];
	*p = (struct instance_policy){.mode = MODE_ACT,
				      .restart_how = RESTART_UNIT,
				      .drain_us = w->scenario->drain_us,
				      .max_lag_us = 10 * US_S,
				      .restart_timeout_us = 5 * US_MIN};
	snprintf(p->name, sizeof(p->name), SIM_INSTANCE);
	snprintf(p->config_file, sizeof(p->config_file), SIM_MONGOD_CONF);
	snprintf(p->restart_name, sizeof(p->restart_name), "mongod.service");
	if (sim_has_hook(h)) {
		p->restart_how = RESTART_HOOK;
		p->reload_how = RELOAD_HOOK;
		snprintf(p->restart_name, sizeof(p->restart_name), "/etc/restart");
		snprintf(p->reload_hook, sizeof(p->reload_hook), "/etc/reload");
	}
	p->allow_downtime =
	    w->scenario->has_downtime ? w->scenario->downtime
	    : w->scenario->members_n < 3 || (sim_is_router(h) && w->scenario->routers_n < 2)
		? DOWNTIME_ALL
	    : w->scenario->has_arbiter ? DOWNTIME_MAJORITY_WRITES
				       : DOWNTIME_NONE;
}

static void world_begin(struct sim_world *w)
{
	char key[KEY_CHARS_MAX];
	config_init(w->config);
	snprintf(w->config->state_directory, sizeof(w->config->state_directory), SIM_STATE);
	w->config->policy.mode = MODE_ACT;
	w->config->policy.keyfile.mode = MODE_ACT;
	if (w->scenario->is_standby)
		w->config->policy.keyfile.strategy = STRATEGY_STANDBY;
	w->config->policy.keyfile.ride_along_us = w->scenario->ride_us;
	w->max_age_us = w->config->policy.keyfile.max_age_us;
	w->min_age_us = w->config->policy.keyfile.min_age_us;
	w->config->policy.certificates.mode = MODE_OFF;
	if (w->scenario->has_tls) {
		struct certificates_policy *p = &w->config->policy.certificates;
		*p = (struct certificates_policy){.mode = MODE_ACT,
						  .renew_at_ppm = 999999,
						  .outage_budget_us = SIM_OUTAGE_US,
						  .key_type = CERT_KEY_P256};
		snprintf(p->authority, sizeof(p->authority), "ca");
		w->config->authorities_n = 1;
		snprintf(w->config->authorities[0].name, NAME_BYTES_MAX, "ca");
		snprintf(w->config->authorities[0].type, AUTHORITY_TYPE_BYTES, "exec");
	}
	w->config->policy.authorities_mode = MODE_OFF;
	w->config->instances_n = w->n;
	for (size_t i = 0; i < 1008; i++)
		key[i] = (char)('A' + (int)rng_below(&w->rng, 26));
	(void)sim_key_of(w, key, 1008);
	for (unsigned i = 0; i < w->n; i++)
		host_begin(w, i);
	const unsigned members_n = w->scenario->members_n;
	sim_config_begin(w);
	unsigned first = (unsigned)sim_between(w, 0, members_n - 1 - w->scenario->has_arbiter);
	while (!sim_is_electable(&w->hosts[first].m))
		first = (first + 1) % members_n; /* a scenario has one that may */
	w->hosts[first].m.is_primary = true;
	w->term = 1;
	for (unsigned i = 0; i < w->n; i++)
		for (unsigned k = 0; k < w->n; k++)
			w->hosts[i].m.is_good[k] = i != k && i < members_n && k < members_n;
	for (unsigned i = 0; i < w->n; i++)
		if (i < members_n || sim_is_router(&w->hosts[i]))
			sim_at(w, sim_between(w, 0, 2 * US_S), EVENT_ROTAD, i, 0);
	for (unsigned i = 0; i < w->scenario->faults_n; i++)
		if (!w->scenario->faults[i].is_at_act)
			sim_at(w, w->scenario->faults[i].at_us, EVENT_FAULT,
			       w->scenario->faults[i].host % w->n, i);
	sim_at(w, w->scenario->heal_us, EVENT_HEAL, 0, 0);
	sim_at(w, 2 * US_S, EVENT_CARE, 0, 0);
}

static void world_end(struct sim_world *w)
{
	w->is_over = true;
	for (unsigned i = 0; i < w->n; i++) {
		struct sim_host *h = &w->hosts[i];
		h->is_dead = true;
		while (h->is_rotad)
			go_on(h);
		fiber_fini(&h->fiber);
		sim_disk_fini(h);
	}
	sim_store_fini(w);
}

void sim_run(const struct sim_scenario *s, struct buf *trace, struct sim_coverage *coverage,
	     struct sim_result *ret)
{
	struct sim_world *w = calloc(1, sizeof(*w));
	ASSERT(w);
	w->config = calloc(1, sizeof(*w->config));
	ASSERT(w->config);
	*ret = (struct sim_result){.outcome = SIM_DONE};
	w->scenario = s;
	w->rng.state = s->seed;
	w->n = s->members_n + s->spares_n + s->routers_n;
	w->hosts = calloc(w->n, sizeof(*w->hosts));
	ASSERT(w->hosts);
	w->trace = trace;
	w->coverage = coverage;
	w->result = ret;
	sim_crypto_state = s->seed;
	world_begin(w);
	for (unsigned i = 0; !w->is_over; i++) {
		ASSERT(i < EVENTS_PER_RUN_MAX);
		struct sim_event e = next_event(w);
		w->now_us = MAX(w->now_us, e.at_us);
		happen(w, &e);
		bury(w);
	}
	uint64_t hash = ret->trace_hash;
	w->trace = NULL;
	world_end(w);
	ret->trace_hash = hash;
	free(w->hosts);
	free(w->config);
	free(w);
}
