/* SPDX-License-Identifier: Apache-2.0 */
/* The members and what restarts them, behind port/mongod.h and port/restarter.h: processes with the
 * keys they were started with, heartbeats between them, elections, quiesce and recovery. What a
 * mongod does is in the project's notes on it; here is as much as rotad can see. */
#include <stdio.h>
#include <string.h>

#include "sim/sim_world.h"

enum {
	HEARTBEAT_US = 2 * 1000000,
	ELECTION_TIMEOUT_US = 10 * 1000000,
	LAG_US = 40 * 1000000,
};

/* ---- links, heartbeats, elections ---- */

bool sim_link(const struct sim_world *w, unsigned from, unsigned to)
{
	const struct sim_host *a = &w->hosts[from];
	return from == to || (a->cut_until_us[to] <= w->now_us && a->off_until_us <= w->now_us &&
			      w->hosts[to].off_until_us <= w->now_us);
}

static bool sees(const struct sim_world *w, unsigned i, unsigned k)
{
	const struct sim_member *a = &w->hosts[i].m, *b = &w->hosts[k].m;
	return a->state == SIM_UP && b->state == SIM_UP && sim_knows(w, i, k) &&
	       sim_link(w, i, k) && sim_link(w, k, i) && sim_rings_share(&a->loaded, &b->loaded) &&
	       sim_tls_meet(w, i, k);
}

bool sim_votes(const struct sim_member *m)
{
	return !(m->kinds & SIM_KIND(VOTELESS));
}

unsigned sim_majority(const struct sim_world *w, unsigned i)
{
	const struct sim_config *c = sim_config_of(w, i);
	unsigned voters = 0;
	for (unsigned k = 0; c && k < c->n; k++)
		voters += sim_votes(&w->hosts[c->m[k].host].m);
	return voters / 2 + 1;
}

bool sim_has_majority(const struct sim_world *w, unsigned i)
{
	unsigned votes = sim_votes(&w->hosts[i].m);
	if (w->hosts[i].m.state != SIM_UP || !sim_knows(w, i, i))
		return false;
	for (unsigned k = 0; k < w->n; k++)
		votes += k != i && sim_votes(&w->hosts[k].m) && sees(w, i, k);
	return votes >= sim_majority(w, i);
}

static bool is_recovering(const struct sim_host *h)
{
	const struct sim_member *m = &h->m;
	const struct sim_config *c = sim_config_of(h->w, h->i);
	bool any = c && c->n == 1;
	for (unsigned k = 0; k < h->w->n; k++)
		any |= k != h->i && m->is_good[k];
	return m->state == SIM_UP && !m->is_primary && (h->w->now_us < m->recovered_us || !any);
}

bool sim_is_healthy(const struct sim_host *h)
{
	return h->m.state == SIM_UP &&
	       (sim_is_router(h) || (sim_knows(h->w, h->i, h->i) && !is_recovering(h)));
}

static int64_t lag_of(const struct sim_host *h)
{
	return h->m.kinds & SIM_KIND(DELAYED)     ? US_H
	       : h->m.lag_until_us > h->w->now_us ? LAG_US
						  : 0;
}

static void step_back(struct sim_host *h, const char *why)
{
	if (h->m.is_primary)
		sim_say(h->w, "%c: no longer primary: %s", h->letter, why);
	h->m.is_primary = false;
}

bool sim_is_electable(const struct sim_member *m)
{
	return !m->is_arbiter && !(m->kinds & (SIM_KIND(HIDDEN) | SIM_KIND(PASSIVE) |
					       SIM_KIND(VOTELESS) | SIM_KIND(DELAYED)));
}

static bool may_stand(const struct sim_host *h)
{
	const struct sim_world *w = h->w;
	return sim_is_healthy(h) && sim_is_electable(&h->m) && lag_of(h) == 0 &&
	       w->now_us >= h->m.no_election_until_us && sim_has_majority(w, h->i);
}

void sim_settle(struct sim_world *w)
{
	bool has_primary = false;
	sim_config_spread(w);
	for (unsigned i = 0; i < w->n; i++) {
		struct sim_member *m = &w->hosts[i].m;
		for (unsigned k = 0; k < w->n; k++) {
			bool good = k != i && sees(w, i, k);
			m->is_unauthenticated[k] =
			    k != i && !good && m->state == SIM_UP && sim_knows(w, i, k) &&
			    w->hosts[k].m.state == SIM_UP && sim_link(w, i, k) && sim_link(w, k, i);
			if (good == m->is_good[k])
				continue;
			m->is_good[k] = good;
			if (good)
				m->good_since_us[k] = w->now_us;
			else
				m->good_until_us[k] = w->now_us;
		}
	}
	/* One that was away does not know of the election. */
	for (unsigned i = 0; i < w->n; i++)
		for (unsigned k = 0; k < w->n; k++)
			if (i != k && w->hosts[i].m.is_primary && w->hosts[k].m.is_primary &&
			    sees(w, i, k) &&
			    w->hosts[i].m.primary_since_us < w->hosts[k].m.primary_since_us)
				step_back(&w->hosts[i], "another one was elected meanwhile");
	for (unsigned i = 0; i < w->n; i++) {
		struct sim_host *h = &w->hosts[i];
		if (sim_has_majority(w, i))
			h->m.commit = w->writes_n;
		if (!h->m.is_primary)
			continue;
		if (h->m.state != SIM_UP) {
			step_back(h, "its process ends");
			continue;
		}
		if (!sim_knows(w, i, i)) {
			step_back(h, "it is no member any more");
			continue;
		}
		if (sim_has_majority(w, i)) {
			has_primary = true;
			continue;
		}
		/* For ten seconds it does not know. */
		int64_t lost = 0;
		for (unsigned k = 0; k < w->n; k++)
			if (k != i && sim_knows(w, i, k) && !h->m.is_good[k])
				lost = MAX(lost, h->m.good_until_us[k]);
		if (w->now_us - lost >= ELECTION_TIMEOUT_US)
			step_back(h, "it sees no majority");
		else
			sim_at(w, lost + ELECTION_TIMEOUT_US + 1, EVENT_SETTLE, i, 0);
	}
	if (!has_primary && !w->is_election_due) {
		w->is_election_due = true;
		sim_at(w, w->now_us + sim_between(w, 200 * US_MS, 6 * US_S), EVENT_ELECT, 0, 0);
	}
	sim_note_writes(w);
}

void sim_elect(struct sim_world *w)
{
	unsigned first = (unsigned)sim_between(w, 0, w->n - 1);
	w->is_election_due = false;
	for (unsigned i = 0; i < w->n; i++)
		if (w->hosts[i].m.is_primary && sim_has_majority(w, i))
			return;
	for (unsigned i = 0; i < w->n; i++) {
		struct sim_host *h = &w->hosts[(first + i) % w->n];
		if (!may_stand(h))
			continue;
		for (unsigned k = 0; k < w->n; k++)
			if (k != h->i && sees(w, h->i, k))
				step_back(&w->hosts[k], "another one was elected");
		h->m.is_primary = true;
		h->m.primary_since_us = w->now_us;
		h->m.commit = w->writes_n;
		w->term++;
		sim_say(w, "%c: primary", h->letter);
		sim_note(w, SIM_ELECTED, h->i, NULL);
		sim_note_writes(w);
		return;
	}
	w->is_election_due = true;
	sim_at(w, w->now_us + US_S, EVENT_ELECT, 0, 0);
}

/* ---- the process ---- */

static void job_over(struct sim_host *h, enum job_state state, const char *why)
{
	if (h->job.state != JOB_RUNNING || sim_hook_over(h, state))
		return;
	h->job.state = state;
	snprintf(h->job.why, sizeof(h->job.why), "%s", why);
}

static void enter(struct sim_host *h, enum sim_process state)
{
	h->m.state = state;
	h->m.state_us = h->w->now_us;
	h->m.step++;
}

void sim_member_start(struct sim_host *h)
{
	struct sim_member *m = &h->m;
	if (m->state != SIM_DOWN || h->off_until_us > h->w->now_us)
		return;
	m->process++;
	m->started_us = h->w->now_us;
	m->drain_ms = 15000;
	m->loaded = h->disk;
	m->is_edited = h->is_edited;
	m->is_start_wanted = false;
	m->no_election_until_us = 0; /* a step-down's rest ends with the process */
	int64_t takes = sim_between(h->w, 500 * US_MS, 2500 * US_MS);
	if (m->slow_start_us) {
		takes = m->slow_start_us;
		m->slow_start_us = 0;
		if (h->w->coverage)
			h->w->coverage->faults[SIM_SLOW_START]++;
	}
	enter(h, SIM_STARTING);
	sim_at(h->w, h->w->now_us + takes, EVENT_STARTED, h->i, m->step);
}

void sim_member_started(struct sim_host *h)
{
	struct sim_member *m = &h->m;
	const char *why = NULL;
	if (!m->loaded.is_good)
		why = "id 20254: Read security file failed";
	else
		why = sim_tls_load(h);
	if (m->bad_starts > 0) {
		m->bad_starts--;
		why = "id 23095: an error that has nothing to do with keys";
		if (h->w->coverage)
			h->w->coverage->faults[SIM_BAD_START]++;
	}
	if (why) {
		m->exit_code = 1;
		snprintf(m->fatal, sizeof(m->fatal), "%s", why);
		enter(h, SIM_DOWN);
		sim_say(h->w, "%c: member died at its start: %s", h->letter, why);
		job_over(h, JOB_FAILED, "the unit failed");
		sim_settle(h->w);
		return;
	}
	enter(h, SIM_UP);
	m->fatal[0] = 0;
	m->recovered_us = h->w->now_us + sim_between(h->w, 100 * US_MS, 1500 * US_MS);
	m->is_primary = false;
	m->down_by = SIM_BY_NOBODY;
	sim_at(h->w, m->recovered_us, EVENT_BACK, h->i, m->step);
	sim_say(h->w, "%c: member up, keys %u%s%.0u", h->letter, m->loaded.keys[0],
		m->loaded.n > 1 ? "+" : "", m->loaded.n > 1 ? m->loaded.keys[1] : 0);
	job_over(h, JOB_DONE, "");
	sim_settle(h->w);
	sim_oracle_keys(h->w);
}

void sim_member_stopped(struct sim_host *h)
{
	h->m.exit_code = 0;
	enter(h, SIM_DOWN);
	sim_settle(h->w);
	if (h->m.is_start_wanted)
		sim_member_start(h);
	else
		job_over(h, JOB_FAILED, "the job was cancelled");
}

void sim_member_stop(struct sim_host *h, enum sim_cause by, bool start_again)
{
	struct sim_member *m = &h->m;
	int64_t takes = sim_between(h->w, 100 * US_MS, 1000 * US_MS);
	m->is_start_wanted |= start_again;
	if (m->state == SIM_STOPPING)
		return;
	if (m->state == SIM_DOWN) {
		m->down_by = by;
		if (start_again)
			sim_member_start(h);
		return;
	}
	if (m->state == SIM_UP && !m->is_arbiter)
		takes += m->drain_ms * US_MS;
	m->down_by = by;
	m->down_since_us = h->w->now_us;
	enter(h, SIM_STOPPING);
	sim_note(h->w, SIM_STOPS, h->i, NULL);
	sim_say(h->w, "%c: member stops (by %s)", h->letter,
		by == SIM_BY_ROTAD ? "rotad" : "a person");
	sim_at(h->w, h->w->now_us + takes, EVENT_STOPPED, h->i, m->step);
	sim_settle(h->w);
}

void sim_member_die(struct sim_host *h, enum sim_cause by)
{
	if (h->m.state == SIM_DOWN)
		return;
	if (h->m.state == SIM_UP)
		h->m.down_since_us = h->w->now_us;
	h->m.down_by = by;
	h->m.exit_code = 134;
	snprintf(h->m.fatal, sizeof(h->m.fatal), "id 6384300: Writing fatal message");
	h->m.is_start_wanted = false;
	enter(h, SIM_DOWN);
	sim_say(h->w, "%c: member dies", h->letter);
	job_over(h, JOB_FAILED, "the process died");
	sim_settle(h->w);
}

/* ---- port/mongod.h ---- */

static bool gone(struct err *err)
{
	return err_set(err, ERR_SYSTEM, "this rotad was killed");
}

static bool timed_out(struct sim_host *h, int64_t us, struct err *err)
{
	if (!sim_wait(h, us))
		return gone(err);
	return err_set(err, ERR_TIMEOUT, "no answer in time");
}

/* The way to a member, below TLS. NULL with err: there is none now. */
static struct sim_host *connect_to(struct sim_host *h, const struct mongod_target *t,
				   struct err *err)
{
	struct sim_world *w = h->w;
	struct sim_host *k = NULL;
	int64_t timeout = t->timeout_us ? t->timeout_us : MONGOD_TIMEOUT_US;
	if (!sim_call(h)) {
		(void)gone(err);
		return NULL;
	}
	if (h->stuck_calls > 0) {
		h->stuck_calls--;
		if (w->coverage)
			w->coverage->faults[SIM_HELPER_STUCK]++;
		(void)timed_out(h, timeout, err);
		return NULL;
	}
	if (strncmp(t->host, "localhost:", 10) == 0)
		k = h;
	unsigned named = sim_host_named(w, t->host);
	if (!k && named < w->n)
		k = &w->hosts[named];
	if (!k) {
		(void)err_set(err, ERR_UNREACHABLE, "no such host");
		return NULL;
	}
	if (!sim_link(w, h->i, k->i)) {
		(void)timed_out(h, timeout, err);
		return NULL;
	}
	if (k->m.state == SIM_DOWN || k->m.state == SIM_STARTING) {
		(void)err_set(err, ERR_UNREACHABLE, "connection refused");
		return NULL;
	}
	return k;
}

/* The way back of an answer that is made. */
static bool back(struct sim_host *h, const struct sim_host *k, struct err *err)
{
	if (!sim_call(h))
		return gone(err);
	return sim_link(h->w, k->i, h->i) || timed_out(h, MONGOD_TIMEOUT_US, err);
}

static struct sim_host *reach(struct sim_host *h, const struct mongod_target *t, struct err *err)
{
	struct sim_host *k = connect_to(h, t, err);
	return k && sim_tls_open(h, k, t, err) ? k : NULL;
}

static bool fits(const struct sim_host *k, const struct mongod_credential *c)
{
	for (unsigned i = 0; c->key && i < k->m.loaded.n; i++) {
		const struct sim_key *x = &k->w->keys[k->m.loaded.keys[i]];
		if (x->n == c->key->n && memcmp(x->text, c->key->p, x->n) == 0)
			return true;
	}
	return false;
}

static struct sim_host *enter_as(struct sim_host *h, const struct mongod_target *t,
				 const struct mongod_credential *c, struct err *err)
{
	struct sim_host *k = reach(h, t, err);
	if (!k)
		return NULL;
	if (k->m.state == SIM_STOPPING) {
		(void)err_set(err, ERR_REFUSED, "it is shutting down (code 91)");
		err->sys = 91;
		return NULL;
	}
	if (!fits(k, c)) {
		(void)err_set(err, ERR_AUTH, "login refused (code 18)");
		return NULL;
	}
	return k;
}

static void process_id(const struct sim_host *k, char *out)
{
	snprintf(out, PROCESS_ID_CHARS + 1, "%08x%016x", k->i + 1, k->m.process);
}

/* As the configuration that k has names host i. */
static const char *name_of(const struct sim_host *k, unsigned i)
{
	const struct sim_config *c = sim_config_of(k->w, k->i);
	for (unsigned x = 0; c && x < c->n; x++)
		if (c->m[x].host == i)
			return c->m[x].name;
	return k->w->hosts[i].m.host;
}

static bool op_hello(void *self, const struct mongod_target *t, struct mongod_hello *ret,
		     struct err *err)
{
	struct sim_host *h = self, *k = reach(h, t, err);
	if (!k)
		return false;
	*ret = (struct mongod_hello){.is_quiescing = k->m.state == SIM_STOPPING,
				     .offers_scram_sha256 = true,
				     .max_wire_version = 17,
				     .local_time = sim_wall(k)};
	process_id(k, ret->process_id);
	ret->is_mongos = sim_is_router(k) && !ret->is_quiescing;
	if (h->w->scenario->is_standalone || sim_is_router(k))
		ret->is_writable_primary = !ret->is_quiescing;
	/* One that is not in its configuration, or has none, tells nothing of a set. */
	else if (!ret->is_quiescing && sim_knows(k->w, k->i, k->i)) {
		bool is_back = is_recovering(k);
		snprintf(ret->set_name, sizeof(ret->set_name), "%s", SIM_SET);
		snprintf(ret->me, sizeof(ret->me), "%s", name_of(k, k->i));
		ret->is_writable_primary = k->m.is_primary;
		ret->is_arbiter = k->m.is_arbiter && !is_back;
		ret->is_secondary = !k->m.is_primary && !k->m.is_arbiter && !is_back;
	}
	return back(h, k, err);
}

static enum member_state state_of(const struct sim_host *k)
{
	return k->m.is_primary    ? MEMBER_PRIMARY
	       : is_recovering(k) ? MEMBER_RECOVERING
	       : k->m.is_arbiter  ? MEMBER_ARBITER
				  : MEMBER_SECONDARY;
}

static void status_of(const struct sim_host *k, unsigned i, struct mongod_status_member *ret)
{
	const struct sim_world *w = k->w;
	const struct sim_host *o = &w->hosts[i];
	const struct sim_member *m = &k->m;
	int64_t wall = sim_wall(k).us, beat = 0;
	*ret = (struct mongod_status_member){.id = sim_id_of(sim_config_of(w, k->i), i),
					     .config_version = o->m.config,
					     .config_term = 1};
	cut_z(ret->host, sizeof(ret->host), name_of(k, i));
	if (!o->m.is_arbiter)
		ret->optime.us = SIM_BASE_US + w->now_us - lag_of(o);
	if (i == k->i) {
		ret->is_self = ret->is_healthy = true;
		ret->state = state_of(k);
		return;
	}
	ret->state = MEMBER_DOWN;
	ret->is_unauthenticated = m->is_unauthenticated[i];
	if (m->is_good[i]) {
		int64_t n = (w->now_us - m->good_since_us[i]) / HEARTBEAT_US;
		beat = m->good_since_us[i] + n * HEARTBEAT_US;
		ret->is_healthy = true;
		ret->state = state_of(o);
	} else if (m->good_until_us[i] > 0) {
		beat = m->good_until_us[i];
		/* Refused is known with the next heartbeat, silence after ten seconds. */
		ret->is_healthy = w->now_us - beat <
				  (o->m.state == SIM_DOWN ? HEARTBEAT_US : ELECTION_TIMEOUT_US);
		if (ret->is_healthy)
			ret->state = o->m.is_arbiter ? MEMBER_ARBITER : MEMBER_SECONDARY;
	}
	ret->last_heartbeat.us = beat ? wall - (w->now_us - beat) : 0;
}

static bool has_set(const struct sim_host *h, struct err *err)
{
	if (sim_is_router(h)) {
		err->sys = 59;
		return err_set(err, ERR_REFUSED, "no such command (code 59)");
	}
	if (!h->w->scenario->is_standalone)
		return true;
	err->sys = 76;
	return err_set(err, ERR_REFUSED, "not running with --replSet (code 76)");
}

static bool op_status(void *self, const struct mongod_target *t, const struct mongod_credential *c,
		      struct mongod_status *ret, struct err *err)
{
	struct sim_host *h = self, *k = enter_as(h, t, c, err);
	if (!k)
		return false;
	const struct sim_config *conf = sim_config_of(h->w, k->i);
	if (!has_set(k, err))
		return false;
	if (!sim_knows(h->w, k->i, k->i)) {
		err->sys = conf ? 93 : 94;
		return err_set(err, ERR_REFUSED, "no configuration that it is in");
	}
	memset(ret, 0, offsetof(struct mongod_status, members));
	snprintf(ret->set, sizeof(ret->set), "%s", SIM_SET);
	ret->my_state = state_of(k);
	ret->my_id = sim_id_of(conf, k->i);
	ret->date = sim_wall(k);
	ret->term = h->w->term;
	unsigned data = 0;
	for (unsigned i = 0; i < conf->n; i++) {
		const struct sim_member *m = &h->w->hosts[conf->m[i].host].m;
		ret->voting_members += sim_votes(m);
		data += !m->is_arbiter && sim_votes(m);
		status_of(k, conf->m[i].host, &ret->members[i]);
	}
	ret->majority_vote_count = sim_majority(h->w, k->i);
	ret->write_majority_count = MIN(ret->majority_vote_count, data);
	ret->members_n = conf->n;
	return back(h, k, err);
}

static bool op_config(void *self, const struct mongod_target *t, const struct mongod_credential *c,
		      struct mongod_config *ret, struct err *err)
{
	struct sim_host *h = self, *k = enter_as(h, t, c, err);
	if (!k)
		return false;
	const struct sim_config *conf = sim_config_of(h->w, k->i);
	if (!has_set(k, err))
		return false;
	if (!conf) {
		err->sys = 94;
		return err_set(err, ERR_REFUSED, "no replset config has been received");
	}
	memset(ret, 0, offsetof(struct mongod_config, members));
	snprintf(ret->set, sizeof(ret->set), "%s", SIM_SET);
	snprintf(ret->replica_set_id, sizeof(ret->replica_set_id), "637af0000000000000000001");
	ret->version = k->m.config;
	ret->term = 1;
	ret->has_majority_journal_default = true;
	ret->is_configsvr = h->w->scenario->routers_n > 0;
	ret->members_n = conf->n;
	for (unsigned i = 0; i < conf->n; i++) {
		struct mongod_config_member *m = &ret->members[i];
		const struct sim_member *x = &h->w->hosts[conf->m[i].host].m;
		*m = (struct mongod_config_member){
		    .id = conf->m[i].id,
		    .votes = sim_votes(x),
		    .priority = sim_is_electable(x) ? 1 : 0,
		    .is_hidden = x->kinds & (SIM_KIND(HIDDEN) | SIM_KIND(DELAYED)),
		    .delay_s = x->kinds & SIM_KIND(DELAYED) ? 3600 : 0,
		    .is_arbiter = x->is_arbiter};
		snprintf(m->host, sizeof(m->host), "%s", conf->m[i].name);
	}
	return back(h, k, err);
}

static bool op_server(void *self, const struct mongod_target *t, const struct mongod_credential *c,
		      struct mongod_server *ret, struct err *err)
{
	struct sim_host *h = self, *k = enter_as(h, t, c, err);
	if (!k)
		return false;
	*ret = (struct mongod_server){.version = "6.0.5",
				      .cluster_auth_mode = "keyFile",
				      .tls_mode = "disabled",
				      .pid = k->m.process,
				      .uptime_ms = (h->w->now_us - k->m.started_us) / US_MS,
				      .shutdown_timeout_ms = k->m.drain_ms,
				      .is_shard_known = true};
	snprintf(ret->host, sizeof(ret->host), "%s", name_of(k, k->i));
	if (k->version_until_us > h->w->now_us)
		cut_z(ret->version, sizeof(ret->version), "66.6.6");
	const bool is_busy = k->busy_until_us > h->w->now_us;
	ret->has_backup_cursor = is_busy && k->busy == 1;
	ret->has_index_build = is_busy && k->busy == 2;
	ret->is_fsync_locked = is_busy && k->busy == 3;
	if (h->w->scenario->has_tls) {
		snprintf(ret->tls_mode, sizeof(ret->tls_mode), "requireTLS");
		ret->certificate_not_after = k->m.served.until;
	}
	return back(h, k, err);
}

static bool op_options(void *self, const struct mongod_target *t, const struct mongod_credential *c,
		       struct mongod_options *ret, struct err *err)
{
	struct sim_host *h = self, *k = enter_as(h, t, c, err);
	if (!k)
		return false;
	memset(ret, 0, sizeof(*ret));
	ret->is_known = true;
	ret->port = SIM_PORT;
	ret->shutdown_timeout_ms = -1;
	snprintf(ret->config_file, sizeof(ret->config_file), "%s", SIM_MONGOD_CONF);
	snprintf(ret->key_file, sizeof(ret->key_file), "%s", SIM_KEYFILE);
	if (!h->w->scenario->is_standalone && !sim_is_router(k))
		snprintf(ret->set_name, sizeof(ret->set_name), "%s", SIM_SET);
	if (sim_is_router(k)) {
		ret->is_mongos = true;
		sim_router_config_db(h->w, ret->config_db, sizeof(ret->config_db));
	} else if (h->w->scenario->routers_n)
		snprintf(ret->cluster_role, sizeof(ret->cluster_role), "configsvr");
	snprintf(ret->db_path, sizeof(ret->db_path), "/db");
	if (h->w->scenario->has_tls) {
		snprintf(ret->tls_mode, sizeof(ret->tls_mode), "requireTLS");
		snprintf(ret->certificate_key_file, sizeof(ret->certificate_key_file), "%s",
			 SIM_CERTIFICATE);
		snprintf(ret->ca_file, sizeof(ret->ca_file), "%s", SIM_CA_FILE);
	}
	return back(h, k, err);
}

static bool op_shards(void *self, const struct mongod_target *t, const struct mongod_credential *c,
		      struct mongod_shards *ret, struct err *err)
{
	struct sim_host *h = self, *k = enter_as(h, t, c, err);
	if (!k)
		return false;
	if (!h->w->scenario->routers_n || sim_is_router(k))
		return err_set(err, ERR_REFUSED, "it is no config server");
	sim_router_shards(h->w, ret);
	return back(h, k, err);
}

static bool op_login(void *self, const struct mongod_target *t, const struct mongod_credential *c,
		     struct mongod_login_result *ret, struct err *err)
{
	struct sim_host *h = self, *k = reach(h, t, err);
	if (!k)
		return false;
	if (k->m.state == SIM_STOPPING)
		return err_set(err, ERR_REFUSED, "it is shutting down (code 91)");
	*ret = (struct mongod_login_result){.verdict = LOGIN_REFUSED, .code = 18};
	if (fits(k, c)) {
		ret->verdict = LOGIN_ACCEPTED;
		ret->code = 0;
	}
	process_id(k, ret->process_id);
	if (!h->w->scenario->is_standalone && !sim_is_router(k)) {
		snprintf(ret->me, sizeof(ret->me), "%s", name_of(k, k->i));
		snprintf(ret->set_name, sizeof(ret->set_name), "%s", SIM_SET);
	}
	return back(h, k, err);
}

static bool op_tls(void *self, const struct mongod_target *t, struct mongod_tls_result *ret,
		   struct err *err)
{
	struct sim_host *h = self, *k = connect_to(h, t, err);
	if (!k)
		return false;
	if (!h->w->scenario->has_tls)
		return err_set(err, ERR_UNREACHABLE, "no TLS in this fleet");
	sim_tls_probe(h, k, t, ret);
	process_id(k, ret->process_id);
	return back(h, k, err);
}

static bool has_successor(const struct sim_host *k)
{
	for (unsigned i = 0; i < k->w->n; i++)
		if (i != k->i && k->m.is_good[i] && sim_is_healthy(&k->w->hosts[i]) &&
		    sim_is_electable(&k->w->hosts[i].m) && lag_of(&k->w->hosts[i]) == 0)
			return true;
	return false;
}

static bool op_step_down(void *self, const struct mongod_target *t,
			 const struct mongod_credential *c, int64_t seconds, int64_t catch_up_s,
			 struct err *err)
{
	struct sim_host *h = self, *k = enter_as(h, t, c, err);
	struct sim_world *w = h->w;
	bool is_told = w->step_down_refusals > 0;
	if (!k)
		return false;
	if (!k->m.is_primary) {
		err->sys = 10107;
		return err_set(err, ERR_REFUSED, "not primary (code 10107)");
	}
	if (is_told || !has_successor(k)) {
		if (is_told) {
			w->step_down_refusals--;
			if (w->coverage)
				w->coverage->faults[SIM_STEP_DOWN_REFUSED]++;
		}
		if (!sim_wait(h, catch_up_s * US_S))
			return gone(err);
		sim_say(w, "%c: step-down refused", k->letter);
		(void)err_set(err, ERR_REFUSED, "no electable secondary caught up (code 262)");
		err->sys = 262;
		return false;
	}
	sim_oracle_step_down(h);
	k->m.no_election_until_us = w->now_us + seconds * US_S;
	step_back(k, "step-down");
	sim_note_writes(w);
	w->is_election_due = true;
	sim_at(w, w->now_us + sim_between(w, 20 * US_MS, 400 * US_MS), EVENT_ELECT, 0, 0);
	return back(h, k, err);
}

static bool op_set_parameter(void *self, const struct mongod_target *t,
			     const struct mongod_credential *c, const char *name, int64_t value,
			     struct err *err)
{
	struct sim_host *h = self, *k = enter_as(h, t, c, err);
	(void)name;
	if (!k)
		return false;
	k->m.drain_ms = value;
	return back(h, k, err);
}

static bool op_rotate_certificates(void *self, const struct mongod_target *t,
				   const struct mongod_credential *c, const char *message,
				   struct err *err)
{
	(void)message;
	struct sim_host *h = self, *k = enter_as(h, t, c, err);
	return k && sim_tls_rotate(h, k, err) && back(h, k, err);
}

static bool op_foreign_sessions(void *self, const struct mongod_target *t,
				const struct mongod_credential *c, const char *const *hosts,
				size_t hosts_n, char *ret_text, size_t ret_text_n, struct err *err)
{
	struct sim_host *h = self, *k = enter_as(h, t, c, err);
	(void)hosts;
	(void)hosts_n;
	if (!k || !back(h, k, err))
		return false;
	if (ret_text_n)
		ret_text[0] = 0;
	return true;
}

static void op_forget(void *self)
{
	(void)self;
}

static const struct mongod_ops mongod_ops_table = {
    .hello = op_hello,
    .status = op_status,
    .config = op_config,
    .server = op_server,
    .options = op_options,
    .shards = op_shards,
    .login = op_login,
    .tls = op_tls,
    .step_down = op_step_down,
    .set_parameter = op_set_parameter,
    .rotate_certificates = op_rotate_certificates,
    .foreign_sessions = op_foreign_sessions,
    .forget = op_forget,
};

struct mongod_port sim_mongod_port(struct sim_host *h)
{
	return (struct mongod_port){.ops = &mongod_ops_table, .self = h};
}

/* ---- port/restarter.h: systemd, which outlives rotad ---- */

static bool answers(struct sim_host *h, struct err *err)
{
	if (!sim_local(h))
		return gone(err);
	return h->restarter_gone_until_us <= h->w->now_us || sim_has_hook(h) ||
	       err_set(err, ERR_SYSTEM, "systemd does not answer");
}

static bool op_begin(void *self, const struct restart_target *t, enum restart_verb verb,
		     struct err *err)
{
	struct sim_host *h = self;
	if (!answers(h, err))
		return false;
	/* An overdue hook was ended; one of a rotad that is no more nobody knows. */
	bool is_known = !sim_has_hook(h) || (h->job.of_life == h->life &&
					     h->w->now_us - h->job.begun_us <= h->job.timeout_us);
	if (h->job.state == JOB_RUNNING && is_known)
		return err_set(err, ERR_CONFLICT, "a job is running already");
	if (sim_has_hook(h) && h->restarter_gone_until_us > h->w->now_us)
		return err_set(err, ERR_PERMISSION, "the hook may not be run");
	if (sim_has_hook(h))
		return sim_hook_begin(h, t, verb) && (sim_call(h) || gone(err));
	/* As units_begin(): a restart is only for what runs. */
	if (verb == VERB_RESTART && h->m.state == SIM_DOWN)
		return err_set(err, ERR_REFUSED, "it was not rotad that stopped it");
	h->job = (struct sim_job){.state = JOB_RUNNING,
				  .begun_us = h->w->now_us,
				  .timeout_us = t->timeout_us,
				  .of_life = h->life};
	if (h->job_fails > 0) {
		h->job_fails--;
		if (h->w->coverage)
			h->w->coverage->faults[SIM_RESTART_FAILS]++;
		sim_say(h->w, "%c: the restart job fails", h->letter);
		sim_at(h->w, h->w->now_us + 300 * US_MS, EVENT_JOB_DONE, h->i, 0);
		return true;
	}
	if (verb == VERB_RESTART) {
		sim_oracle_stop(h);
		sim_member_stop(h, SIM_BY_ROTAD, true);
		sim_oracle_keys(h->w);
	} else {
		h->m.down_by = SIM_BY_ROTAD;
		h->m.is_start_wanted |= h->m.state == SIM_STOPPING;
		sim_member_start(h);
		if (h->m.state == SIM_UP)
			h->job.state = JOB_DONE;
	}
	return sim_call(h) || gone(err);
}

static bool op_poll(void *self, const struct restart_target *t, struct job_view *ret,
		    struct err *err)
{
	struct sim_host *h = self;
	const struct sim_job *j = &h->job;
	(void)t;
	if (!answers(h, err))
		return false;
	*ret = (struct job_view){.state = j->state, .exit_code = -1};
	snprintf(ret->why, sizeof(ret->why), "%s", j->why);
	if (j->state == JOB_NONE)
		return true;
	ret->took_us = h->w->now_us - j->begun_us;
	if (j->is_hook)
		sim_hook_view(h, ret);
	else if (j->of_life != h->life) { /* it knows only whether systemd is busy */
		if (j->state != JOB_RUNNING)
			*ret = (struct job_view){.state = JOB_NONE, .exit_code = -1};
	} else if (j->state == JOB_RUNNING && ret->took_us > j->timeout_us)
		ret->state = JOB_OVERDUE;
	return true;
}

static bool op_process(void *self, const struct restart_target *t, struct process_view *ret,
		       struct err *err)
{
	static const enum process_state states[] = {[SIM_DOWN] = PROCESS_NONE,
						    [SIM_STARTING] = PROCESS_STARTING,
						    [SIM_UP] = PROCESS_RUNNING,
						    [SIM_STOPPING] = PROCESS_STOPPING};
	struct sim_host *h = self;
	const struct sim_member *m = &h->m;
	(void)t;
	if (!answers(h, err))
		return false;
	memset(ret, 0, sizeof(*ret));
	ret->state = states[m->state];
	ret->exit_code = -1;
	if (m->state == SIM_DOWN) {
		ret->exit_code = m->exit_code;
		snprintf(ret->last_fatal, sizeof(ret->last_fatal), "%s", m->fatal);
		return true;
	}
	ret->pid = 1000 + m->process;
	ret->start_ticks = (uint64_t)(m->started_us / 10000);
	/* From boot ticks: it moves with the wall clock. */
	ret->started_at.us = sim_wall(h).us - (h->w->now_us - m->started_us);
	return true;
}

static bool op_can(void *self, const struct restart_target *t, struct err *err)
{
	struct sim_host *h = self;
	(void)t;
	return answers(h, err) && (!sim_has_hook(h) || h->restarter_gone_until_us <= h->w->now_us ||
				   err_set(err, ERR_PERMISSION, "the hook may not be run"));
}

static const struct restarter_ops restarter_ops_table = {
    .begin = op_begin, .poll = op_poll, .process = op_process, .can = op_can};

struct restarter_port sim_restarter_port(struct sim_host *h)
{
	return (struct restarter_port){.ops = &restarter_ops_table, .self = h};
}
