/* SPDX-License-Identifier: Apache-2.0 */
/* Fills struct seen: what is so now, each fact by a direct look. Changes nothing in the world. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "codec/digest.h"
#include "codec/keyfile_text.h"
#include "codec/marker.h"
#include "codec/mongod_options.h"
#include "codec/x509_view.h"
#include "plan/planner.h"
#include "round/ledger_read.h"
#include "round/round.h"

enum {
	RS_MAX_AGE_S =
	    30, /* rs.conf is read again after so long, and when a status tells of a newer one */
	SERVER_MAX_AGE_S = 10, /* version, index builds, backups */
	CERT_MAX_AGE_S = 60,   /* files and what is served */
};

static struct fact now_seen(const struct seat *t)
{
	return (struct fact){.who = WITNESS_OWN_EYES, .at = t->seen->now};
}

static bool is_old(const struct seat *t, struct wall at, int64_t seconds)
{
	return at.us == 0 || t->seen->now.us - at.us > seconds * US_S || at.us > t->seen->now.us;
}

/* ---- the keyfile ---- */

static bool same_file(const struct notes *n, const struct file_view *v)
{
	return n->has_written && n->written_device == v->device && n->written_inode == v->inode &&
	       n->written_size == v->size && n->written_modified.us == v->modified.us &&
	       n->written_changed.us == v->changed.us;
}

static bool is_known_key(const struct seat *t, const struct key_id *id)
{
	const struct proposal *p = &t->seen->ledger.proposal;
	if (key_id_equal(id, &t->anchor.pivot.id) || key_id_equal(id, &t->anchor.next.id) ||
	    key_id_equal(id, &t->anchor.burnt.id) || key_id_equal(id, &t->anchor.standby.id) ||
	    ring_ids_has(&t->notes.written_ring, id))
		return true;
	if (t->seen->ledger.has_proposal &&
	    (key_id_equal(id, &p->pivot.id) || key_id_equal(id, &p->next.id) ||
	     key_id_equal(id, &p->after.id)))
		return true;
	for (unsigned i = 0; i < t->anchor.retired_n; i++)
		if (key_id_equal(id, &t->anchor.retired[i].id))
			return true;
	return false;
}

/* Whoever was welcomed knows the key that the set shares: a file without it, with a key that nobody
 * knows, is a stranger's, also when it is seen for the first time. */
static bool is_strange(const struct seat *t, const struct ring_ids *ring)
{
	bool has_unknown = false;
	for (unsigned i = 0; i < ring->n; i++)
		has_unknown |= !is_known_key(t, &ring->ids[i]);
	return t->anchor.ledger.hex[0] && key_id_given(&t->anchor.pivot.id) && has_unknown &&
	       !ring_ids_has(ring, &t->anchor.pivot.id);
}

void observe_keyfile(struct seat *t)
{
	struct seen_keyfile *k = &t->seen->keyfile;
	const char *marker = NULL;
	struct file_view view;
	struct err err = ERR_INIT;
	struct keyfile_text text = {.verdict = KEYFILE_GOOD};
	auto_secret struct secret bytes = {.p = NULL};
	struct keyfile_place place;
	*k = (struct seen_keyfile){.fact = {.who = WITNESS_NONE}};
	if (!t->options.key_file[0]) {
		cut_z(k->why, sizeof(k->why), "no security.keyFile is configured");
		return;
	}
	cut_z(k->path, sizeof(k->path), t->options.key_file);
	k->is_writable = t->ports.files.ops->can_put(t->ports.files.self, k->path, &err);
	if (!k->is_writable) {
		k->put_error = err.kind;
		err_print(&err, k->why, sizeof(k->why));
	}
	err_clear(&err);
	if (!t->ports.files.ops->read_secret(t->ports.files.self, k->path, KEYFILE_BYTES_MAX,
					     &bytes, &view, &err)) {
		err_print(&err, k->why, sizeof(k->why));
		return;
	}
	k->modified = view.modified;
	k->uid = view.uid;
	k->is_foreign = t->notes.has_written && !same_file(&t->notes, &view);
	if (k->is_foreign)
		marker = marker_find((struct str){.p = bytes.p, .n = bytes.n});
	cut_z(k->marker, sizeof(k->marker), marker ? marker : "");
	suspect_look(t, &view);
	if (!keyfile_text_judge(bytes.p, bytes.n, &text, &err)) {
		err_print(&err, k->why, sizeof(k->why));
		return;
	}
	place = (struct keyfile_place){.is_regular = view.is_regular,
				       .has_acl = view.has_acl,
				       .mode = view.mode,
				       .uid = view.uid,
				       .links_n = view.links_n};
	/* With which keys, before what mongod thinks of the place wipes them. */
	struct ring_ids keys = {.is_known = false};
	if (text.verdict != KEYFILE_REFUSED &&
	    !ring_ids_of(&text.ring, t->anchor.salt_hex, &keys, &err))
		err_clear(&err); /* told below */
	keyfile_text_judge_place(&text, &place, false);
	k->fact = now_seen(t);
	k->is_refused = text.verdict == KEYFILE_REFUSED;
	k->is_misplaced =
	    k->is_refused && keys.is_known && ring_ids_equal(&keys, &t->notes.written_ring);
	for (unsigned i = 0; i < text.findings_n; i++)
		k->is_guessable |= text.findings[i].rule == KEYFILE_RULE_GUESSABLE;
	if (text.verdict == KEYFILE_REFUSED) {
		for (unsigned i = 0; i < text.findings_n; i++) {
			const struct keyfile_rule_row *row =
			    &keyfile_rule_table[text.findings[i].rule];
			if (row->weight == KEYFILE_REFUSE) {
				snprintf(k->why, sizeof(k->why), "%s: %s (%s)", row->name,
					 row->text, row->you);
				break;
			}
		}
	} else if (!ring_ids_of(&text.ring, t->anchor.salt_hex, &k->ring, &err)) {
		err_print(&err, k->why, sizeof(k->why));
	}
	for (unsigned i = 0; k->ring.is_known && i < k->ring.n; i++)
		if (!keychain_add(&t->chain, &k->ring.ids[i], &text.ring.keys[i].text, &err))
			err_print(&err, k->why, sizeof(k->why));
	bool is_first = k->ring.is_known && !t->notes.has_written;
	if (is_first && is_strange(t, &k->ring)) {
		k->is_foreign = true;
	} else if (is_first) {
		/* First sight: what is there is adopted. */
		struct notes *n = &t->notes;
		notes_written(n, &view);
		n->written_ring = k->ring;
		if (n->first_seen.us == 0)
			n->first_seen = t->seen->now;
		if (!notes_put(t, &err))
			err_print(&err, k->why, sizeof(k->why));
	}
	if (k->is_foreign && ring_ids_equal(&k->ring, &t->notes.written_ring)) {
		/* The same keys: only the file's identity is new (or a crash came before it was
		 * noted). */
		notes_written(&t->notes, &view);
		k->is_foreign = !notes_put(t, &err);
	}
	for (unsigned i = 0; k->ring.is_known && i < k->ring.n; i++)
		k->has_stranger |= !is_known_key(t, &k->ring.ids[i]);
	/* Birth: the ledger's word, else bornAt, else the oldest credible evidence, told as "at
	 * least". */
	struct wall born = t->anchor.key_born;
	k->is_born_exact = born.us != 0 && t->anchor.is_born_exact;
	if (born.us == 0 && t->config->policy.keyfile.born_at.us) {
		born = t->config->policy.keyfile.born_at;
		k->is_born_exact = true;
	}
	if (born.us == 0) {
		born = t->notes.first_seen;
		if (view.modified.us > 0 && view.modified.us < born.us)
			born = view.modified;
	}
	if (born.us <= t->seen->now.us)
		k->born = born;
	keyfile_text_fini(&text);
}

/* ---- members ---- */

static const char *own_name(const struct seat *t)
{
	return t->me[0] ? t->me : NULL;
}

static bool read_rs(struct seat *t, const struct mongod_target *own)
{
	struct mongod_target self = *own;
	struct mongod_credential c;
	struct err err = ERR_INIT;
	struct mongod_config rs;
	/* Under way the look goes over the configuration as it reads now (PROTOCOL 1); so does who
	 * bears a restart, on the way back too. */
	bool is_fresh_wanted =
	    (key_id_given(&t->anchor.next.id) || t->plan.is_rotating) && !t->notes.job_is_open;
	if (t->has_rs && !is_fresh_wanted && !is_old(t, t->rs_at, RS_MAX_AGE_S))
		return true;
	/* Not while our own restart is under way: the member has other things to do. Save when a
	 * newer one is about: one that was taken out of the set meanwhile must not be waited for.
	 */
	if ((t->notes.job_is_open && t->has_rs && t->rs_at.us != 0) ||
	    !seat_login(t, own_name(t), &self, &c))
		return t->has_rs;
	if (!t->ports.mongod.ops->config(t->ports.mongod.self, &self, &c, &rs, &err)) {
		seat_login_failed(t, own_name(t), &c, &err);
		snprintf(t->seen->rehearsal, sizeof(t->seen->rehearsal),
			 "rs.conf cannot be read: %.400s", err.text);
		return t->has_rs;
	}
	memcpy(&t->rs, &rs, offsetof(struct mongod_config, members));
	memcpy(t->rs.members, rs.members, rs.members_n * sizeof(rs.members[0]));
	t->rs_at = t->seen->now;
	t->has_rs = true;
	return true;
}

static void add_members(struct seat *t)
{
	struct seen *s = t->seen;
	s->config = (struct fact){.who = WITNESS_OWN_EYES, .at = t->rs_at};
	s->config_version = t->rs.version;
	s->config_term = t->rs.term;
	s->self = -1;
	s->members_n = t->rs.members_n;
	for (unsigned i = 0; i < t->rs.members_n; i++) {
		const struct mongod_config_member *c = &t->rs.members[i];
		struct seen_member *m = &s->members[i];
		*m = (struct seen_member){.id = c->id,
					  .is_voter = c->votes > 0,
					  .is_electable = c->priority > 0 && !c->is_arbiter,
					  .is_arbiter = c->is_arbiter,
					  .is_hidden = c->is_hidden,
					  .delay_s = c->delay_s,
					  .lag_us = c->is_arbiter ? 0 : -1};
		cut_z(m->host, sizeof(m->host), c->host);
		if (strcmp(c->host, t->me) == 0) {
			s->self = (int)i;
			m->is_self = true;
			cut_z(s->self_host, sizeof(s->self_host), c->host);
		}
	}
}

void observe_hello(const struct seat *t, struct seen_member *m, const struct mongod_hello *h)
{
	m->hello = now_seen(t);
	cut_z(m->process_id, sizeof(m->process_id), h->process_id);
	m->is_primary = h->is_writable_primary;
	m->is_secondary = h->is_secondary;
	m->is_quiescing = h->is_quiescing;
	m->state = h->is_writable_primary ? MEMBER_PRIMARY
		   : h->is_secondary      ? MEMBER_SECONDARY
		   : h->is_arbiter        ? MEMBER_ARBITER
					  : MEMBER_RECOVERING;
	if (!m->is_router)
		return;
	/* It calls itself a writable primary, for drivers. */
	m->is_primary = m->is_secondary = false;
	m->state = MEMBER_ROUTER;
}

static void look_at_members(struct seat *t, struct mongod_status *statuses, bool *has_status)
{
	struct seen *s = t->seen;
	for (unsigned i = 0; i < s->members_n; i++) {
		struct seen_member *m = &s->members[i];
		struct mongod_credential c;
		struct mongod_target target = seat_target(t, m->host, m->is_self);
		struct mongod_hello h;
		struct err err = ERR_INIT;
		has_status[i] = false;
		struct member_memory *memory = seat_memory(t, m->host);
		bool is_silent =
		    !t->ports.mongod.ops->hello(t->ports.mongod.self, &target, &h, &err);
		if (memory && (!is_silent || memory->silent_since.us == 0))
			memory->silent_since = is_silent ? s->now : (struct wall){.us = 0};
		if (is_silent) {
			m->silent_since = memory ? memory->silent_since : s->now;
			snprintf(m->why, sizeof(m->why), "%.250s", err.text);
			continue;
		}
		observe_hello(t, m, &h);
		m->has_clock = h.local_time.us != 0;
		m->clock_ahead_us = h.local_time.us - seat_now(t).us;
		if (m->is_primary)
			t->clock_offset_us = h.local_time.us ? s->now.us - h.local_time.us : 0;
		if (m->is_quiescing)
			cut_z(m->why, sizeof(m->why), "it is shutting down");
		/* Where users cannot be looked up yet, a given one would be refused for nothing. */
		if (m->is_quiescing ||
		    (t->instance->login.with != LOGIN_WITH_KEY && !m->is_self &&
		     m->state == MEMBER_RECOVERING) ||
		    !seat_login(t, m->host, &target, &c))
			continue;
		err_clear(&err);
		if (!t->ports.mongod.ops->status(t->ports.mongod.self, &target, &c, &statuses[i],
						 &err)) {
			seat_login_failed(t, m->host, &c, &err);
			snprintf(m->why, sizeof(m->why), "%.250s", err.text);
			continue;
		}
		has_status[i] = true;
		m->status = now_seen(t);
		m->state = statuses[i].my_state;
		m->is_initial_syncing = statuses[i].is_initial_syncing;
	}
}

static const struct mongod_status_member *status_of(const struct mongod_status *st,
						    const char *host)
{
	for (unsigned i = 0; i < st->members_n; i++)
		if (strcmp(st->members[i].host, host) == 0)
			return &st->members[i];
	return NULL;
}

/* A term counts before a version: what a primary that was voted out wrote last is not the newest.
 */
static bool is_newer(const struct mongod_status_member *v, const struct seen *s)
{
	return v->config_term != s->config_term ? v->config_term > s->config_term
						: v->config_version > s->config_version;
}

static void judge_members(struct seat *t, const struct mongod_status *statuses,
			  const bool *has_status)
{
	struct seen *s = t->seen;
	struct wall newest = {.us = 0};
	const bool is_just_read = t->rs_at.us == s->now.us;
	for (unsigned i = 0; i < s->members_n; i++)
		for (unsigned k = 0; has_status[i] && k < statuses[i].members_n; k++)
			if (statuses[i].members[k].is_self &&
			    statuses[i].members[k].optime.us > newest.us)
				newest = statuses[i].members[k].optime;
	for (unsigned i = 0; i < s->members_n; i++) {
		struct seen_member *m = &s->members[i];
		m->sees_all = has_status[i];
		m->is_seen_by_all = fact_known(m->hello);
		for (unsigned k = 0; k < s->members_n; k++) {
			const struct mongod_status_member *v;
			if (k == i)
				continue;
			/* What member i says of k: alive, logged in, and in a state that serves. */
			v = has_status[i] ? status_of(&statuses[i], s->members[k].host) : NULL;
			if (!v || !v->is_healthy || v->is_unauthenticated) {
				m->sees_all = false;
				m->unseen |= (uint64_t)1 << k;
				if (has_status[i] && !m->why[0]) {
					char text[200];
					snprintf(text, sizeof(text), "it does not see '%.120s'%s",
						 s->members[k].host,
						 v && v->is_unauthenticated ? " (login refused)"
									    : "");
					cut_z(m->why, sizeof(m->why), text);
				}
			}
			/* What k says of i. One that does not answer us cannot be asked. */
			v = has_status[k] ? status_of(&statuses[k], m->host) : NULL;
			if (has_status[k] &&
			    (!v || !v->is_healthy || v->is_unauthenticated ||
			     (v->state != MEMBER_PRIMARY && v->state != MEMBER_SECONDARY &&
			      v->state != MEMBER_ARBITER))) {
				m->is_seen_by_all = false;
				m->unseen_by |= (uint64_t)1 << k;
			}
			/* A restart may be over before k missed a heartbeat: what k says counts
			 * from the first heartbeat that this process sent. Ages by each one's own
			 * clock. */
			if (v && m->is_self && s->process.started_at.us && v->last_heartbeat.us &&
			    statuses[k].date.us - v->last_heartbeat.us >=
				s->now.us - s->process.started_at.us) {
				m->is_seen_by_all = false;
				m->unseen_by |= (uint64_t)1 << k;
			}
		}
		if (has_status[i] && !m->is_arbiter && newest.us) {
			const struct mongod_status_member *v = status_of(&statuses[i], m->host);
			m->lag_us =
			    v && v->optime.us ? MAX(newest.us - v->optime.us, (int64_t)0) : -1;
		}
		if (has_status[i] && statuses[i].members_n > 0 &&
		    statuses[i].members[0].config_version != 0) {
			const struct mongod_status_member *v = status_of(&statuses[i], m->host);
			/* A newer configuration is about, and who is in it is not known: it is read
			 * at once, unless this host's own member does not have it either. */
			if (v && is_newer(v, s)) {
				t->looks_again |= !is_just_read;
				t->rs_at.us = 0;
				s->is_config_behind = true;
			}
		}
	}
}

static void take_proofs(struct seat *t)
{
	for (unsigned i = 0; i < seen_all_n(t->seen); i++) {
		struct seen_member *m = &t->seen->members[i];
		const struct member_memory *memory = seat_memory(t, m->host);
		if (!memory)
			continue;
		m->proofs_n = memory->proofs_n;
		memcpy(m->proofs, memory->proofs, sizeof(m->proofs));
	}
}

/* ---- the process ---- */

/* Do its logins tell otherwise: is one of these keys refused, or one that is not among them
 * accepted? What times say of file and process is worth nothing by a clock that was wrong in
 * between. */
static bool is_belied(const struct seen_member *m, const struct ring_ids *keys)
{
	for (unsigned i = 0; i < keys->n; i++)
		if (seen_refuses(m, &keys->ids[i]))
			return true;
	for (unsigned i = 0; i < m->proofs_n; i++)
		if (seen_accepts(m, &m->proofs[i].key) && !ring_ids_has(keys, &m->proofs[i].key))
			return true;
	return false;
}

/* Which keys has the process loaded? What the file held when it was started, else what it was seen
 * to accept. */
static void judge_loaded(struct seat *t)
{
	struct seen *s = t->seen;
	struct seen_process *x = &s->process;
	struct notes *n = &t->notes;
	struct err err = ERR_INIT;
	if (!x->is_answering || !x->process_id[0])
		return;
	const struct seen_member *self = seen_self(s);
	bool is_noted = n->loaded.is_known && strcmp(n->loaded_process, x->process_id) == 0;
	if (is_noted && !(self && is_belied(self, &n->loaded))) { /* a login wins */
		x->loaded = n->loaded;
		return;
	}
	/* The whole file was loaded when the process started after the file's last change and no
	 * login tells otherwise. Else logins tell, which may be a part: that is not noted. */
	bool is_whole = s->keyfile.ring.is_known && x->started_at.us && n->written_changed.us &&
			n->written_changed.us < x->started_at.us && !s->keyfile.is_foreign;
	is_whole = is_whole && !(self && is_belied(self, &s->keyfile.ring));
	x->loaded = is_whole ? s->keyfile.ring : seen_loaded(s);
	if (!is_whole)
		return;
	n->loaded = x->loaded;
	cut_z(n->loaded_process, sizeof(n->loaded_process), x->process_id);
	if (!notes_put(t, &err))
		x->loaded = (struct ring_ids){.is_known = false};
}

static void judge_pending(struct seat *t, const struct process_view *v)
{
	struct seen_process *x = &t->seen->process;
	struct notes *n = &t->notes;
	struct err err = ERR_INIT;
	auto_buf struct buf text = {.max = CONF_BYTES_MAX};
	struct file_view view;
	struct digest digest;
	if (v->needs_daemon_reload)
		snprintf(x->pending, sizeof(x->pending),
			 "the unit file changed: systemctl daemon-reload is due");
	else if (v->is_binary_changed)
		snprintf(x->pending, sizeof(x->pending),
			 "another mongod binary is installed than the one that runs (%.200s)",
			 v->binary);
	const char *path = t->instance->config_file;
	if (!path[0] || !x->is_answering)
		return;
	if (!t->ports.files.ops->read_text(t->ports.files.self, path, CONF_BYTES_MAX, &text, &view,
					   &err)) {
		snprintf(x->pending, sizeof(x->pending), "mongod.conf cannot be read: %.300s",
			 err.text);
		return;
	}
	if (!sha256_digest(buf_str(&text), &digest, &err))
		return;
	bool is_known = strcmp(n->config_process, x->process_id) == 0;
	if (!is_known && view.modified.us < x->started_at.us) {
		cut_z(n->config_process, sizeof(n->config_process), x->process_id);
		cut_z(n->config_hash, sizeof(n->config_hash), digest.hex);
		is_known = notes_put(t, &err);
	}
	if (is_known && strcmp(n->config_hash, digest.hex) != 0)
		snprintf(x->pending, sizeof(x->pending),
			 "'%.200s' was changed since mongod started", path);
	else if (!is_known)
		snprintf(x->pending, sizeof(x->pending),
			 "'%.200s' was changed after mongod started", path);
	if (t->certificate.file.is_known && t->certificate.file.not_after.us < t->seen->now.us &&
	    !x->pending[0]) /* as it was looked at last: this round's look comes later */
		snprintf(x->pending, sizeof(x->pending),
			 "the certificate in '%.200s' has ended: mongod would not start",
			 t->options.certificate_key_file);
	/* By a clock that was put back: mongod goes by the same. */
	if (t->certificate.file.is_known && t->certificate.file.not_before.us > t->seen->now.us &&
	    !x->pending[0])
		snprintf(x->pending, sizeof(x->pending),
			 "the certificate in '%.200s' is not valid yet: mongod would not start",
			 t->options.certificate_key_file);
}

static void look_at_process(struct seat *t, const struct mongod_hello *hello)
{
	struct seen_process *x = &t->seen->process;
	struct process_view v;
	struct err err = ERR_INIT;
	struct restart_target target = seat_restart_target(t);
	x->is_answering = hello != NULL;
	x->exit_code = -1;
	x->shutdown_timeout_ms = -1;
	if (hello)
		cut_z(x->process_id, sizeof(x->process_id), hello->process_id);
	if (!t->ports.restarter.ops->process(t->ports.restarter.self, &target, &v, &err)) {
		if (hello) {
			x->fact = now_seen(t);
			x->is_alive = true;
		}
		return;
	}
	if (v.state != PROCESS_UNKNOWN)
		x->fact = now_seen(t);
	x->is_alive = hello != NULL || v.state == PROCESS_RUNNING || v.state == PROCESS_STARTING ||
		      v.state == PROCESS_STOPPING;
	x->pid = v.pid;
	x->is_in_our_unit = v.is_in_our_cgroup;
	x->started_at = v.started_at;
	x->exit_code = v.exit_code;
	cut_z(x->last_fatal, sizeof(x->last_fatal), v.last_fatal);
	judge_pending(t, &v);
}

static void look_at_server(struct seat *t, const struct mongod_target *own)
{
	struct mongod_target self = *own;
	struct seen_process *x = &t->seen->process;
	struct mongod_credential c;
	struct err err = ERR_INIT;
	bool is_other = strcmp(t->server_process, x->process_id) != 0;
	if (!x->is_answering || t->notes.job_is_open)
		return;
	if ((!t->has_server || is_other || is_old(t, t->server_at, SERVER_MAX_AGE_S)) &&
	    seat_login(t, own_name(t), &self, &c)) {
		struct mongod_server server;
		if (t->ports.mongod.ops->server(t->ports.mongod.self, &self, &c, &server, &err)) {
			t->server = server;
			t->has_server = true;
			t->server_at = t->seen->now;
			cut_z(t->server_process, sizeof(t->server_process), x->process_id);
		} else
			seat_login_failed(t, own_name(t), &c, &err);
		if (!t->is_options_live || is_other) {
			struct mongod_options live;
			if (t->ports.mongod.ops->options(t->ports.mongod.self, &self, &c, &live,
							 &err)) {
				mongod_options_map(&live, t->instance->paths, t->instance->paths_n);
				t->options = live;
				t->is_options_live = true;
			}
		}
	}
	if (!t->has_server)
		return;
	cut_z(x->version, sizeof(x->version), t->server.version);
	cut_z(x->cluster_auth_mode, sizeof(x->cluster_auth_mode), t->server.cluster_auth_mode);
	x->has_index_build = t->server.has_index_build;
	x->has_backup = t->server.has_backup_cursor;
	x->is_fsync_locked = t->server.is_fsync_locked;
	x->shutdown_timeout_ms = is_other && !t->has_server ? -1 : t->server.shutdown_timeout_ms;
}

/* By what it was started with, its set's configuration, and the identity in its data: one is enough
 * to be part of a sharded cluster, all are needed to be none. */
static void judge_sharding(struct seat *t)
{
	struct seen_sharding *to = &t->seen->sharding;
	const struct mongod_options *o = &t->options;
	const struct seen_member *self = seen_self(t->seen);
	const struct mongod_server *v = &t->server;
	bool is_shard = strcmp(o->cluster_role, "shardsvr") == 0;
	bool is_config = strcmp(o->cluster_role, "configsvr") == 0;
	to->fact = now_seen(t);
	if (o->is_mongos || o->config_db[0]) {
		to->part = SHARDING_ROUTER;
		cut_z(to->why, sizeof(to->why), "it is a mongos");
	} else if (is_config || (t->has_rs && t->rs.is_configsvr)) {
		to->part = SHARDING_CONFIG;
		snprintf(to->why, sizeof(to->why), "%s",
			 is_config ? "sharding.clusterRole is configsvr" : "rs.conf: configsvr");
	} else if (is_shard || (t->has_server && v->shard_name[0])) {
		to->part = SHARDING_SHARD;
		if (t->has_server && v->shard_name[0])
			snprintf(to->why, sizeof(to->why), "it is shard '%.100s'", v->shard_name);
		else
			cut_z(to->why, sizeof(to->why), "sharding.clusterRole is shardsvr");
	} else if (o->cluster_role[0]) {
		to->part = SHARDING_SHARD;
		snprintf(to->why, sizeof(to->why), "sharding.clusterRole is '%s'", o->cluster_role);
	} else if (!t->has_options || !t->has_server ||
		   (!v->is_shard_known && !(self && self->is_arbiter))) {
		/* An arbiter has no data to ask. */
		to->fact.who = WITNESS_NONE;
		cut_z(to->why, sizeof(to->why),
		      t->has_server && v->shard_why[0] ? v->shard_why : "not asked yet");
	}
}

/* The kept previous file's keys: a rollback needs them, and so does the proof that the old key is
 * refused, also by a rotad that was started meanwhile. */
static struct ring_ids hold_previous(struct seat *t)
{
	struct file_view view;
	struct err ignored = ERR_INIT;
	auto_secret struct secret bytes = {.p = NULL};
	struct keyring ring = {.n = 0};
	struct ring_ids ids = {.is_known = false};
	char path[PATH_BYTES_MAX];
	if (!t->ports.files.ops->look(t->ports.files.self, t->options.key_file, &view, &ignored))
		return ids;
	snprintf(path, sizeof(path), "%.4000s" FILES_PREVIOUS_SUFFIX, view.real_path);
	if (t->ports.files.ops->read_secret(t->ports.files.self, path, KEYFILE_BYTES_MAX, &bytes,
					    NULL, &ignored) &&
	    keyfile_parse(bytes.p, bytes.n, &ring, &ignored) &&
	    ring_ids_of(&ring, t->anchor.salt_hex, &ids, &ignored))
		for (unsigned i = 0; i < ring.n; i++)
			if (!keychain_add(&t->chain, &ids.ids[i], &ring.keys[i].text, &ignored))
				break; /* looked at again in the next round */
	keyring_fini(&ring);
	return ids;
}

/* Until the end of a generation the old key is tried; the envelope has it only where no key comes
 * after the next one, and the file not since it was narrowed. After it, the key that is gone, where
 * it is not known what the process has loaded. */
static void hold_gone(struct seat *t)
{
	const struct seen_ledger *l = &t->seen->ledger;
	const struct closure *c = &l->roll.closure;
	const struct proposal *p = &l->proposal;
	const struct key_id *gone = c->is_given && !c->is_carried ? &p->next.id : &p->pivot.id;
	if (l->has_proposal && !(c->is_given && t->notes.loaded.is_known) &&
	    !keychain_find(&t->chain, gone))
		(void)hold_previous(t);
}

static void look_at_job(struct seat *t)
{
	struct seen_job *j = &t->seen->job;
	struct job_view v;
	struct err err = ERR_INIT;
	struct restart_target target = seat_restart_target(t);
	j->is_open = t->notes.job_is_open;
	if (!j->is_open)
		return;
	if (t->chain.n < KEYS_PER_FILE_MAX)
		(void)hold_previous(t);
	cut_z(j->process_before, sizeof(j->process_before), t->notes.job_process);
	j->begun_at = t->notes.job_begun_at;
	j->ring = t->notes.job_ring;
	j->is_rollback = t->notes.job_is_rollback;
	if (!t->ports.restarter.ops->poll(t->ports.restarter.self, &target, &v, &err)) {
		snprintf(j->why, sizeof(j->why), "%.250s", err.text);
		return;
	}
	if (v.state == JOB_NONE && !t->is_job_begun) {
		if (!t->job_lost_at.us)
			t->job_lost_at = t->seen->now;
		j->is_lost = true;
		j->lost_at = t->job_lost_at;
	}
	j->is_running = v.state == JOB_RUNNING;
	j->is_failed = v.state == JOB_FAILED;
	j->is_overdue = v.state == JOB_OVERDUE;
	j->is_gone = v.is_gone;
	if (j->is_running || j->is_lost)
		t->job_ended_at.us = 0;
	else if (!t->job_ended_at.us)
		t->job_ended_at = t->seen->now;
	j->ended_at = t->job_ended_at;
	snprintf(j->why, sizeof(j->why), "%.120s%s%.120s", v.why, v.output[0] ? ": " : "",
		 v.output);
}

/* ---- certificates ---- */

static void view_file(struct seat *t, const char *path, struct cert_view *ret, char *why,
		      size_t why_n)
{
	auto_secret struct secret pem = {.p = NULL};
	struct err err = ERR_INIT;
	*ret = (struct cert_view){.is_known = false};
	if (!path[0])
		return;
	if (!t->ports.files.ops->read_secret(t->ports.files.self, path, PEM_BYTES_MAX, &pem, NULL,
					     &err) ||
	    !x509_view_pem((struct str){.p = pem.p, .n = pem.n}, NULL, ret, &err)) {
		snprintf(why, why_n, "'%.200s': %.250s", path, err.text);
		ret->is_known = false;
	}
}

/* Is there a clusterFile that is not the certificateKeyFile itself, by whatever name? */
static bool is_other_file(struct seat *t, const char *path, const struct file_view *than)
{
	struct file_view view;
	struct err ignored = ERR_INIT;
	return path[0] && (!t->ports.files.ops->look(t->ports.files.self, path, &view, &ignored) ||
			   strcmp(view.real_path, than->real_path) != 0);
}

/* The reload hook, once it is over: its record is closed, how it failed is kept. */
static void look_at_reload(struct seat *t)
{
	struct notes *n = &t->notes;
	struct job_view v;
	struct err err = ERR_INIT;
	struct restart_target target = seat_reload_target(t);
	if (!n->is_reload_open)
		return;
	if (!t->ports.restarter.ops->poll(t->ports.restarter.self, &target, &v, &err) ||
	    v.state == JOB_RUNNING || (v.state == JOB_OVERDUE && !v.is_gone))
		return; /* it may still act */
	n->is_reload_open = false;
	/* We ended between the question and its answer, or a hook ended with us: loaded again. */
	if (t->instance->reload_how != RELOAD_HOOK || v.state == JOB_NONE)
		n->retry_at.us = 0;
	/* What an ended one left behind can do no more than load the file that is in place then,
	 * which passed every check. */
	else if (v.state == JOB_FAILED || v.state == JOB_OVERDUE)
		snprintf(n->reload_why, sizeof(n->reload_why), "the hook: %.120s%s%.110s", v.why,
			 v.output[0] ? ": " : "", v.output);
	t->certificate_at.us = 0;
	t->certificate.served_at.who = WITNESS_NONE;
	n->is_reload_open = !notes_put(t, &err); /* looked at again until it is on disk */
}

static void look_at_certificate(struct seat *t, const struct mongod_target *self)
{
	struct seen_certificate *c = &t->certificate;
	const struct mongod_options *o = &t->options;
	struct file_view view;
	struct err err = ERR_INIT;
	bool is_changed;
	if (!o->certificate_key_file[0])
		return;
	look_at_reload(t);
	if (!t->ports.files.ops->look(t->ports.files.self, o->certificate_key_file, &view, &err))
		return;
	is_changed = view.inode != t->certificate_view.inode ||
		     view.modified.us != t->certificate_view.modified.us ||
		     view.size != t->certificate_view.size;
	if (is_changed || is_old(t, t->certificate_at, CERT_MAX_AGE_S)) {
		*c = (struct seen_certificate){.fact = now_seen(t)};
		view_file(t, o->certificate_key_file, &c->file, c->why, sizeof(c->why));
		c->has_cluster_file = is_other_file(t, o->cluster_file, &view);
		if (c->has_cluster_file)
			view_file(t, o->cluster_file, &c->cluster, c->why, sizeof(c->why));
		auto_buf struct buf text = {.max = PEM_BYTES_MAX};
		unsigned n;
		if (o->ca_file[0] &&
		    t->ports.files.ops->read_text(t->ports.files.self, o->ca_file, PEM_BYTES_MAX,
						  &text, NULL, &err) &&
		    !x509_bundle_end(buf_str(&text), &n, &c->ca_not_after, &err))
			c->ca_not_after.us = 0;
		buf_clear(&text);
		if (o->crl_file[0] &&
		    t->ports.files.ops->read_text(t->ports.files.self, o->crl_file, PEM_BYTES_MAX,
						  &text, NULL, &err) &&
		    !x509_crl_end(buf_str(&text), &c->crl_next_update, &err))
			c->crl_next_update.us = 0;
		t->certificate_view = view;
		t->certificate_at = t->seen->now;
	}
	/* What is served counts: looked at anew with the file, and in each round while a new one is
	 * being proven. */
	if (t->seen->process.is_answering && !t->notes.job_is_open && self->tls &&
	    (is_changed || !fact_known(c->served_at) || t->notes.stage == CERT_STAGE_INSTALLED ||
	     t->notes.stage == CERT_STAGE_GOING_BACK ||
	     is_old(t, c->served_at.at, CERT_MAX_AGE_S))) {
		struct mongod_tls_result r;
		err_clear(&err);
		if (t->ports.mongod.ops->tls(t->ports.mongod.self, self, &r, &err)) {
			c->served_at = now_seen(t);
			c->served = r.served;
			c->is_served_trusted = r.is_chain_trusted && r.is_hello_answered;
			/* A standalone has no name that another member dials. */
			c->is_served_named = r.is_name_covered || t->seen->is_standalone;
		}
	}
	t->seen->certificate = *c;
	c = &t->seen->certificate;
	c->stage = t->notes.stage;
	cut_z(c->staged_serial, sizeof(c->staged_serial), t->notes.staged_serial);
	c->target = t->notes.cert_target;
	c->order = t->notes.cert_order;
	c->order_half = t->notes.cert_order_half;
	c->order_refused = t->notes.cert_order_refused;
	c->is_taken_back = t->notes.is_cert_taken_back;
	c->is_denied = t->notes.is_cert_denied;
	c->is_reload_running = t->notes.is_reload_open;
	c->is_pending = t->notes.stage == CERT_STAGE_ASKED && t->notes.cookie[0];
	cut_z(c->reload_why, sizeof(c->reload_why), t->notes.reload_why);
	c->order_done = t->notes.cert_order_done;
	c->asked_at = t->notes.asked_at;
	c->retry_at = t->notes.retry_at;
	c->retry_since = t->notes.retry_since;
	if (t->notes.cert_why[0])
		cut_z(c->why, sizeof(c->why), t->notes.cert_why);
	c->is_seen_by_peers = t->is_peer_check_done && !t->peers_why[0];
	cut_z(c->peers_why, sizeof(c->peers_why), t->peers_why);
}

/* With the new certificate as client, every peer must go on to answer a hello: what it accepts
 * inbound. */
void observe_peers(struct seat *t)
{
	t->is_peer_check_done = true;
	t->peers_why[0] = 0;
	for (unsigned i = 0; i < seen_asked_n(t->seen); i++) {
		const struct seen_member *m = &t->seen->members[i];
		struct mongod_target target = seat_target(t, m->host, false);
		struct mongod_tls_result r;
		struct err err = ERR_INIT;
		if (m->is_self)
			continue;
		if (!t->ports.mongod.ops->tls(t->ports.mongod.self, &target, &r, &err)) {
			t->is_peer_check_done = false; /* it does not answer: no verdict */
			continue;
		}
		if (!r.is_hello_answered && !t->peers_why[0])
			snprintf(t->peers_why, sizeof(t->peers_why),
				 "%.100s does not accept it: %.140s", m->host, r.reason);
	}
}

static void take_served(struct seat *t)
{
	for (unsigned i = 0; i < seen_all_n(t->seen); i++) {
		struct seen_member *m = &t->seen->members[i];
		const struct member_memory *memory = seat_memory(t, m->host);
		if (!memory || !memory->served)
			continue;
		const struct mongod_tls_result *r = memory->served;
		m->served_at =
		    (struct fact){.who = memory->served_at.us ? WITNESS_OWN_EYES : WITNESS_NONE,
				  .at = memory->served_at};
		cut_z(m->served_serial, sizeof(m->served_serial), r->served.serial);
		m->served_not_after = r->served.not_after;
		m->is_served_trusted = r->is_chain_trusted;
		m->is_served_named = r->is_name_covered;
		m->is_client_taken = r->is_hello_answered;
		cut_z(m->served_why, sizeof(m->served_why), r->reason);
	}
}

void observe_served(struct seat *t)
{
	for (unsigned i = 0; i < seen_all_n(t->seen); i++) {
		const struct seen_member *m = &t->seen->members[i];
		struct member_memory *memory = seat_memory(t, m->host);
		struct mongod_target target = seat_target(t, m->host, m->is_self);
		struct mongod_tls_result r = {.is_handshake_done = false};
		struct err err = ERR_INIT;
		if (!memory || !target.tls || !fact_known(m->hello))
			continue; /* what is known of it stands, with its age */
		if (!memory->served)
			memory->served = malloc(sizeof(*memory->served));
		if (!memory->served)
			continue; /* without room it is not known */
		bool ok = t->ports.mongod.ops->tls(t->ports.mongod.self, &target, &r, &err);
		if (!ok)
			snprintf(r.reason, sizeof(r.reason), "%.250s", err.text);
		*memory->served = r;
		memory->served_at = ok ? seat_now(t) : (struct wall){.us = 0};
	}
	take_served(t);
}

/* ---- other users of the key ---- */

enum { OTHERS_TEXT_BYTES = 4096 };

static void take_others(struct seat *t)
{
	t->seen->others = t->others;
	for (unsigned i = 0; i < seen_all_n(t->seen); i++) {
		struct seen_member *m = &t->seen->members[i];
		const struct member_memory *memory = seat_memory(t, m->host);
		if (memory)
			cut_z(m->others, sizeof(m->others), memory->others);
	}
}

/* Arbiters are not asked: they hold no data and no users, and nobody has business there. */
void observe_others(struct seat *t, enum others_scope scope)
{
	const struct seen *s = t->seen;
	const char *hosts[MEMBERS_MAX + ROUTERS_MAX];
	size_t hosts_n = 0;
	const unsigned asked_n = scope == OTHERS_OF_ALL ? seen_all_n(s) : s->members_n;
	t->others = (struct seen_others){.at = s->now, .is_known = true, .scope = scope};
	for (unsigned i = 0; i < seen_all_n(s); i++)
		hosts[hosts_n++] = s->members[i].host;
	for (unsigned i = 0; t->cluster && i < t->cluster->shards.routers_n; i++)
		hosts[hosts_n++] = t->cluster->shards.routers[i].host;
	for (unsigned i = 0; i < asked_n; i++) {
		const struct seen_member *m = &s->members[i];
		struct mongod_credential c;
		struct member_memory *memory = seat_memory(t, m->host);
		struct mongod_target target = seat_target(t, m->host, m->is_self);
		char text[OTHERS_TEXT_BYTES] = "";
		struct err err = ERR_INIT;
		bool ok;
		if (!memory || m->is_arbiter || (scope == OTHERS_OF_SELF && !m->is_self))
			continue;
		/* Who is declared dead is not missed; one that answers is asked. */
		if (i < s->members_n && seen_is_dead(s, i) && !fact_known(m->hello))
			continue;
		/* Of another set that is away just now: its own rotads ask as well. */
		if (i >= s->members_n && !fact_known(m->hello))
			continue;
		if (!seat_login(t, m->host, &target, &c))
			ok = err_set(&err, ERR_AUTH, "there is nothing to log in with");
		else if (!(ok = t->ports.mongod.ops->foreign_sessions(t->ports.mongod.self, &target,
								      &c, hosts, hosts_n, text,
								      sizeof(text), &err)))
			seat_login_failed(t, m->host, &c, &err);
		if (ok)
			cut_z(memory->others, sizeof(memory->others), text);
		else if (err.kind == ERR_LIMIT)
			cut_z(memory->others, sizeof(memory->others), "very many addresses");
		else { /* who was there is not believed to be gone */
			t->others.is_known = false;
			snprintf(t->others.why, sizeof(t->others.why), "'%.60s': %.90s", m->host,
				 err.text);
		}
	}
	take_others(t);
}

/* ---- the whole ---- */

static void judge_clock(struct seat *t)
{
	struct seen *s = t->seen;
	/* Before this program was written no clock is right. */
	s->is_clock_sane = s->now.us > 1767225600 * US_S;
	if (!s->is_clock_sane) {
		snprintf(s->clock_why, sizeof(s->clock_why),
			 "it shows a time before rotad was made");
	} else if (t->clock_offset_us > CLOCK_SKEW_MAX_S * US_S ||
		   t->clock_offset_us < -CLOCK_SKEW_MAX_S * US_S) {
		char off[32];
		s->is_clock_sane = false;
		snprintf(s->clock_why, sizeof(s->clock_why), "it is %s %s of the primary's",
			 span_print(t->clock_offset_us / US_MIN * US_MIN, off, sizeof(off)),
			 t->clock_offset_us > 0 ? "ahead" : "behind");
	}
}

/* Options from the file until the process has told its own. */
static void read_options(struct seat *t)
{
	auto_buf struct buf text = {.max = CONF_BYTES_MAX};
	struct err err = ERR_INIT;
	if (t->has_options || !t->instance->config_file[0])
		return;
	if (t->ports.files.ops->read_text(t->ports.files.self, t->instance->config_file,
					  CONF_BYTES_MAX, &text, NULL, &err) &&
	    mongod_options_from_file(buf_str(&text), &t->options, &err)) {
		mongod_options_map(&t->options, t->instance->paths, t->instance->paths_n);
		t->has_options = true;
	} else
		snprintf(t->seen->rehearsal, sizeof(t->seen->rehearsal), "'%.200s': %.250s",
			 t->instance->config_file, err.text);
}

static void standalone(struct seat *t, const struct mongod_hello *h)
{
	struct seen *s = t->seen;
	s->is_standalone = true;
	s->self = 0;
	s->members_n = 1;
	s->members[0] = (struct seen_member){.id = -1,
					     .is_self = true,
					     .is_voter = true,
					     .is_electable = true,
					     .state = MEMBER_PRIMARY,
					     .sees_all = true,
					     .is_seen_by_all = true};
	cut_z(s->members[0].host, sizeof(s->members[0].host), s->self_host);
	s->config = now_seen(t);
	if (h) {
		observe_hello(t, &s->members[0], h);
		s->members[0].is_primary = true;
		s->members[0].state = MEMBER_PRIMARY;
		s->members[0].status = s->members[0].hello;
	}
}

/* Point the set's store at the members as seen now. What it borrows lives in the seat; asked again
 * after the keychain changed. */
void seat_aim(struct seat *t)
{
	size_t n = 0;
	bool is_elsewhere = seen_is_sharded(t->seen) && t->seen->sharding.part != SHARDING_CONFIG;
	if (!t->ports.store_aim || t->seen->is_standalone ||
	    !seat_login(t, NULL, NULL, &t->aim_credential))
		return;
	if (is_elsewhere)
		n = cluster_store_hosts(t, t->aim_hosts, ARRAY_N(t->aim_hosts));
	for (size_t i = 0; i < n; i++) {
		t->aim_targets[i] = seat_target(t, t->aim_hosts[i], false);
		if (t->aim_credential.how == LOGIN_AS_CERTIFICATE && !t->aim_credential.is_member)
			t->aim_targets[i].client_pem = t->instance->login.certificate;
	}
	for (unsigned i = 0; !is_elsewhere && i < t->seen->members_n; i++) {
		if (t->seen->members[i].is_arbiter)
			continue;
		cut_z(t->aim_hosts[n], HOST_BYTES_MAX, t->seen->members[i].host);
		t->aim_targets[n] = seat_target(t, t->aim_hosts[n], t->seen->members[i].is_self);
		if (t->aim_credential.how == LOGIN_AS_CERTIFICATE && !t->aim_credential.is_member)
			t->aim_targets[n].client_pem = t->instance->login.certificate;
		n++;
	}
	if (n > 0)
		t->ports.store_aim(t->ports.store_self, t->aim_targets, n, &t->aim_credential);
}

/* Where is the ledger, and whose: the set's, or on the config servers the one of the sharded
 * cluster? While that is not known none is read, none is made. */
static bool has_home(struct seat *t)
{
	const struct seen_sharding *x = &t->seen->sharding;
	const struct cluster_memory *c = t->cluster;
	char *cluster = t->anchor.cluster, *why = t->seen->ledger.why;
	const size_t why_n = sizeof(t->seen->ledger.why);
	const char *id = t->rs.replica_set_id;
	if (t->seen->is_standalone)
		return true;
	if (!fact_known(x->fact)) {
		/* A login that may not ask whether it is a shard (code 13) leaves a set alone as it
		 * is; no rotation begins there. */
		if ((!cluster[0] && t->has_server) || strcmp(cluster, id) == 0)
			cut_z(cluster, sizeof(t->anchor.cluster), id);
		else
			snprintf(why, why_n, "whether it is part of a sharded cluster: %.180s",
				 x->why);
		return strcmp(cluster, id) == 0;
	}
	if (x->part != SHARDING_NONE) {
		if (!c || !c->id[0] || c->sets_n == 0) {
			snprintf(why, why_n, "the sharded cluster is not known yet: %.180s",
				 c && c->why[0] ? c->why : "not asked");
			return false;
		}
		id = c->id;
	}
	if (!cluster[0])
		cut_z(cluster, sizeof(t->anchor.cluster), id);
	if (x->part == SHARDING_NONE || strcmp(cluster, id) == 0)
		return true;
	snprintf(
	    why, why_n,
	    "it became part of a sharded cluster: the ledger is on the config servers now. Stop "
	    "rotad, move %.80s away, start it",
	    t->directory);
	return false;
}

/* writer: external: what it wrote is taken as this rotad's own where it keeps what must be kept;
 * all else is judged as any foreign write. */
static void adopt_external(struct seat *t)
{
	struct seen *s = t->seen;
	struct seen_keyfile *k = &s->keyfile;
	const struct proposal *p = &s->ledger.proposal;
	struct key_name pivot = seen_pivot(s);
	struct err err = ERR_INIT;
	struct file_view view;
	struct notes *n = &t->notes;
	enum generation_state g = seen_generation(s);
	bool is_promised =
	    g == GENERATION_CARRIED ||
	    (g == GENERATION_OPEN && anchor_own_vote(&t->anchor, p->generation) == VOTE_YEA);
	if (t->config->policy.keyfile.writer != WRITER_EXTERNAL || !k->is_foreign ||
	    !k->ring.is_known || k->has_stranger || !fact_known(s->ledger.fact) ||
	    !ring_ids_has(&k->ring, &pivot.id) ||
	    (is_promised && !ring_ids_has(&k->ring, &p->next.id)) ||
	    !t->ports.files.ops->look(t->ports.files.self, k->path, &view, &err))
		return;
	notes_written(n, &view);
	n->written_ring = k->ring;
	k->is_foreign = !notes_put(t, &err);
}

static void adopt_pivot(struct seat *t)
{
	const struct seen *s = t->seen;
	struct err err = ERR_INIT;
	/* The first key of the file is what this member sends: with no generation yet it is the
	 * candidate, and every member's statement must agree before anything begins (gate "all
	 * share one key"). */
	if (!s->keyfile.ring.is_known || s->ledger.has_proposal)
		return;
	/* Whoever was not welcomed yet knows no better than the file as it is now. */
	if (key_id_given(&t->anchor.pivot.id) &&
	    (t->anchor.ledger.hex[0] || ring_ids_has(&s->keyfile.ring, &t->anchor.pivot.id)))
		return;
	t->anchor.pivot = (struct key_name){.number = 1, .id = s->keyfile.ring.ids[0]};
	t->anchor.highest_number = MAX(t->anchor.highest_number, 1u);
	if (!anchor_put(t, &err))
		t->anchor.pivot = (struct key_name){.number = 0};
}

/* On disk before anything follows from it: a ledger that goes back later is met with an alarm. */
static void follow_generation(struct seat *t)
{
	struct seen_ledger *l = &t->seen->ledger;
	struct anchor was = t->anchor;
	struct err err = ERR_INIT;
	enum anchor_step step = anchor_follow(t->seen, &t->anchor);
	/* Whoever comes behind the votes takes the generation and what became of it at once. */
	if (step == ANCHOR_MOVED && t->anchor.generation != was.generation)
		(void)anchor_follow(t->seen, &t->anchor);
	l->is_older_than_anchor |= step == ANCHOR_LEDGER_OLDER;
	if (step == ANCHOR_UNPROVEN) {
		l->unproven = seen_pivot(t->seen);
		l->has_proposal = false;
		l->roll = (struct roll){.generation = 0};
	}
	/* From here on what is done goes over all members (PROTOCOL 1), and one may have joined
	 * since rs.conf was read: a rotad that comes late acts in the very round in which it hears
	 * of the generation. */
	if (t->anchor.generation != was.generation && t->rs_at.us != t->seen->now.us) {
		t->rs_at.us = 0;
		t->looks_again = true;
	}
	if (step != ANCHOR_MOVED || anchor_put(t, &err))
		return;
	t->anchor = was;
	l->fact.who = WITNESS_NONE;
	snprintf(l->why, sizeof(l->why), "the anchor cannot be written: %.200s", err.text);
}

/* One that is shutting down answers without saying what it is. */
static bool is_alone(const struct seat *t, const struct mongod_hello *h)
{
	return !h->set_name[0] && !h->is_mongos && !t->options.set_name[0] && !t->options.is_mongos;
}

/* As whom this member is known to the others: by its own hello; before the first one, and while it
 * is down, as it was noted. A standalone is known by its instance's name. */
static void name_self(struct seat *t, const struct mongod_hello *hello)
{
	struct err ignored = ERR_INIT; /* it comes with the next note, then */
	if (hello && hello->me[0] && strcmp(hello->me, t->me) != 0)
		cut_z(t->me, sizeof(t->me), hello->me);
	/* A member of a set says nothing of it in its first moments: its configuration tells. */
	if (hello && is_alone(t, hello))
		cut_z(t->me, sizeof(t->me), t->instance->name);
	if (strcmp(t->notes.me, t->me) != 0) {
		t->asked_again_n = 0; /* what was sealed for the name of before is not for this */
		cut_z(t->notes.me, sizeof(t->notes.me), t->me);
		(void)!notes_put(t, &ignored);
	}
	cut_z(t->seen->self_host, sizeof(t->seen->self_host), t->me);
}

/* The members, each asked directly. False when there is no room for what they say. */
static bool look_at_set(struct seat *t, const struct mongod_target *self,
			const struct mongod_hello *hello)
{
	struct seen *s = t->seen;
	struct err err = ERR_INIT;
	struct mongod_status *statuses;
	bool has_status[MEMBERS_MAX];
	if (s->is_standalone) {
		standalone(t, hello);
		if (!t->anchor.cluster[0])
			snprintf(t->anchor.cluster, sizeof(t->anchor.cluster), "local:%.100s",
				 t->instance->name);
		return true;
	}
	/* A mongos is of no set: see observe_cluster(). */
	if (t->options.is_mongos || !read_rs(t, self))
		return true;
	add_members(t);
	statuses = arena_get_raw(&t->arena, sizeof(*statuses) * (s->members_n + 1), &err);
	if (!statuses)
		return false;
	look_at_members(t, statuses, has_status);
	judge_members(t, statuses, has_status);
	return true;
}

/* Whoever is declared dead is not missed. */
static void judge_dead(struct seat *t)
{
	struct seen *s = t->seen;
	uint64_t dead = 0;
	for (unsigned i = 0; i < s->members_n; i++)
		dead |= (uint64_t)seen_is_dead(s, i) << i;
	for (unsigned i = 0; dead && i < s->members_n; i++) {
		struct seen_member *m = &s->members[i];
		if (fact_known(m->status) && !m->sees_all && !(m->unseen & ~dead)) {
			m->sees_all = true;
			m->why[0] = 0; /* it told whom it misses */
		}
		m->is_seen_by_all |= fact_known(m->hello) && !(m->unseen_by & ~dead);
	}
}

static void look_at_ledger(struct seat *t)
{
	struct seen *s = t->seen;
	/* No ledger call between stop and ready of one's own member (PROTOCOL 3): it would wait for
	 * a primary. */
	if (s->self >= 0 && !t->notes.job_is_open && has_home(t)) {
		seat_aim(t);
		ledger_read(t);
		follow_generation(t);
		hold_gone(t);
		observe_keyfile(t); /* by the ledger's salt, and strangers by the ledger's keys */
		adopt_external(t);
		adopt_pivot(t);
	}
	judge_dead(t);
	judge_loaded(t); /* by the ledger's keys */
	/* Until a ledger that exists has welcomed this host, its ids are its own and compare with
	 * nobody's. */
	s->has_salt = t->anchor.ledger.hex[0] || !s->ledger.exists;
	s->anchor = t->anchor;
	wipe(s->anchor.salt_hex, sizeof(s->anchor.salt_hex)); /* seen is printable */
}

/* The other sets of a sharded cluster cannot judge what this one bears: its own rotads say it, as
 * part of the rehearsal. */
static void rehearse_set(struct seat *t)
{
	static const char *const gates[] = {"keyfile",
					    "all others healthy",
					    "a primary stays without it",
					    "majority writes go on",
					    "a successor is ready",
					    "a tested server version"};
	struct seen *s = t->seen;
	struct err ignored = ERR_INIT;
	struct plan *scratch;
	if (!s->is_rehearsed || s->others_n == 0 || s->self < 0 ||
	    seen_generation(s) != GENERATION_NONE)
		return;
	scratch = arena_get(&t->arena, sizeof(*scratch), &ignored);
	if (!scratch)
		return;
	plan_foretell_start(s, &t->config->policy, t->instance, scratch);
	for (unsigned i = 0; i < scratch->gates_n && s->is_rehearsed; i++) {
		const struct gate_result *g = &scratch->gates[i];
		for (size_t k = 0; k < ARRAY_N(gates); k++)
			if (g->verdict != GATE_PASS && strcmp(g->name, gates[k]) == 0) {
				s->is_rehearsed = false;
				snprintf(s->rehearsal, sizeof(s->rehearsal), "set %.60s: %s: %s",
					 s->sharding.sets[0].name, g->name, g->text);
			}
	}
}

/* The rehearsal, and what would refuse the turn right now: known beforehand, to all, so that
 * nothing begins that could not end. The latter is not kept with the former: it goes when its cause
 * goes. */
static void look_at_rehearsal(struct seat *t, const struct mongod_target *self)
{
	struct seen *s = t->seen;
	rehearse(t, self);
	s->is_rehearsed = t->is_rehearsed;
	s->rehearsed_at = t->rehearsed_at;
	if (t->rehearsal[0])
		cut_z(s->rehearsal, sizeof(s->rehearsal), t->rehearsal);
	if (s->is_rehearsed && s->process.pending[0] &&
	    t->instance->pending_changes != PENDING_ALLOW) {
		s->is_rehearsed = false;
		snprintf(s->rehearsal, sizeof(s->rehearsal),
			 "a restart would change more than the key: %.300s", s->process.pending);
	}
	rehearse_set(t);
	/* The others wait for it and cannot know why. */
	struct wall rests = seen_rests_until(s);
	if (s->is_rehearsed && rests.us) {
		char until[40];
		s->is_rehearsed = false;
		snprintf(s->rehearsal, sizeof(s->rehearsal),
			 "it refused to step down; its turn rests until %s",
			 wall_print_utc(rests, until, sizeof(until)));
	}
}

/* Nothing of one that was not there was ever written. */
static void forget_certificate(struct seen_certificate *c)
{
	if (fact_known(c->fact) || fact_known(c->served_at))
		*c = (struct seen_certificate){.fact = {.who = WITNESS_NONE}};
	else
		memset(&c->is_served_trusted, 0,
		       sizeof(*c) - offsetof(struct seen_certificate, is_served_trusted));
}

/* Nothing is known, save what may be kept: while our own member is down the ledger is not asked
 * (PROTOCOL 3), and what was read last stands, with its age. Votes only accumulate, so it can delay
 * and not mislead. */
static void forget(struct seat *t)
{
	struct seen *s = t->seen;
	const bool is_ledger_kept = t->notes.job_is_open && fact_known(s->ledger.fact);
	arena_reset(&t->arena);
	/* Large, most of it members: whoever adds one begins it anew. */
	memset(s, 0, offsetof(struct seen, members));
	memset(&s->keyfile, 0, offsetof(struct seen, certificate) - offsetof(struct seen, keyfile));
	forget_certificate(&s->certificate);
	if (!is_ledger_kept)
		ledger_forget(&s->ledger);
	memset(&s->debts, 0, sizeof(*s) - offsetof(struct seen, debts));
	s->now = seat_now(t);
	s->self = -1;
	s->identity = t->identity.spki;
	cut_z(s->instance, sizeof(s->instance), t->instance->name);
	cut_z(s->self_host, sizeof(s->self_host), t->me);
}

void observe(struct seat *t)
{
	struct seen *s = t->seen;
	struct err err = ERR_INIT;
	struct mongod_hello answer;
	const struct mongod_hello *hello = NULL;
	const bool was_standalone = s->is_standalone;
	forget(t);
	read_options(t);
	if (!t->has_options)
		return;
	observe_keyfile(t);
	if (!t->me[0])
		cut_z(t->me, sizeof(t->me), t->notes.me);
	snprintf(t->local, sizeof(t->local), "localhost:%d",
		 t->options.port ? t->options.port : 27017);
	/* By that name nobody can be reached; it may be the one that was noted. */
	s->is_standalone = was_standalone || strcmp(t->me, t->instance->name) == 0;
	struct mongod_target self = seat_target(t, t->me[0] ? t->me : t->local, true);
	if (t->ports.mongod.ops->hello(t->ports.mongod.self, &self, &answer, &err))
		hello = &answer;
	t->is_up =
	    hello && (hello->is_writable_primary || hello->is_secondary || hello->is_arbiter);
	name_self(t, hello);
	look_at_process(t, hello);
	look_at_job(t);
	s->is_standalone = hello ? is_alone(t, hello) : was_standalone;
	cut_z(s->cluster, sizeof(s->cluster),
	      t->options.set_name[0] ? t->options.set_name : t->instance->name);
	if (!look_at_set(t, &self, hello))
		return;
	judge_clock(t);
	look_at_server(t, &self);
	judge_sharding(t);
	observe_cluster(t);
	look_at_certificate(t, &self);
	take_proofs(t);
	take_others(t);
	take_served(t);
	look_at_ledger(t);
	debts_observe(t);
	look_at_rehearsal(t, &self);
	s->moved_at = t->progress_at;
	memcpy(s->alarm_since, t->alarm_since, sizeof(s->alarm_since));
	approval_observe(t);
	s->approved_generation = t->notes.approved_generation;
}

void observe_disk(struct seat *t)
{
	struct seen *s = t->seen;
	if (t->rounds == 0) {
		forget(t);
		read_options(t);
		if (!t->me[0])
			cut_z(t->me, sizeof(t->me), t->notes.me);
		cut_z(s->self_host, sizeof(s->self_host), t->me);
		cut_z(s->cluster, sizeof(s->cluster),
		      t->options.set_name[0] ? t->options.set_name : t->instance->name);
		s->has_salt = t->anchor.ledger.hex[0];
		s->job.is_open = t->notes.job_is_open;
	}
	s->anchor = t->anchor;
	wipe(s->anchor.salt_hex, sizeof(s->anchor.salt_hex));
	if (t->has_options) {
		struct seen_keyfile *k = &s->keyfile;
		observe_keyfile(t);
		/* What rotad replaced it had judged. Which key was in use before the present one is
		 * the ledger's to tell, until it is retired. */
		const struct ring_ids previous = hold_previous(t);
		k->has_stranger = false;
		for (unsigned i = 0; k->ring.is_known && i < k->ring.n; i++)
			k->has_stranger |= !is_known_key(t, &k->ring.ids[i]) &&
					   !ring_ids_has(&previous, &k->ring.ids[i]);
	} else
		cut_z(s->keyfile.why, sizeof(s->keyfile.why), s->rehearsal);
	debts_observe(t);
}

bool observe_looks(struct seat *t, const struct plan *plan)
{
	bool any = false;
	for (unsigned i = 0; i < plan->looks_n; i++) {
		const struct look *l = &plan->looks[i];
		struct seen_member *m = &t->seen->members[l->member];
		struct member_memory *memory = seat_memory(t, m->host);
		struct mongod_target target = seat_target(t, m->host, m->is_self);
		const struct secret *keys[2] = {keychain_find(&t->chain, &l->control),
						keychain_find(&t->chain, &l->key)};
		struct mongod_login_result r[2];
		struct err err = ERR_INIT;
		bool ok = memory && keys[0] && keys[1];
		/* The control first, then the key, both on the process that hello shows. */
		for (int k = key_id_equal(&l->control, &l->key) ? 1 : 0; ok && k < 2; k++) {
			struct mongod_credential c = {.how = LOGIN_AS_SYSTEM, .key = keys[k]};
			ok = t->ports.mongod.ops->login(t->ports.mongod.self, &target, &c, &r[k],
							&err);
			if (ok && strcmp(r[k].process_id, m->process_id) != 0)
				ok = false;
			/* Without a working control a refusal means nothing; the failed login is
			 * not made. */
			if (ok && k == 0 && r[0].verdict != LOGIN_ACCEPTED && l->expects_refusal)
				ok = false;
		}
		if (!ok)
			continue;
		unsigned at = 0;
		while (at < memory->proofs_n && !key_id_equal(&memory->proofs[at].key, &l->key))
			at++;
		if (at == PROOFS_PER_MEMBER_MAX) {
			memmove(&memory->proofs[0], &memory->proofs[1],
				sizeof(memory->proofs[0]) * (PROOFS_PER_MEMBER_MAX - 1));
			at = PROOFS_PER_MEMBER_MAX - 1;
		}
		memory->proofs_n = MAX(memory->proofs_n, at + 1);
		memory->proofs[at] =
		    (struct key_proof){.fact = now_seen(t),
				       .key = l->key,
				       .verdict = r[1].verdict,
				       .is_controlled = !key_id_equal(&l->control, &l->key) &&
							r[0].verdict == LOGIN_ACCEPTED};
		cut_z(memory->proofs[at].process_id, sizeof(memory->proofs[at].process_id),
		      r[1].process_id);
		any = true;
	}
	take_proofs(t);
	judge_loaded(t);
	return any;
}
