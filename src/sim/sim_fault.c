/* SPDX-License-Identifier: Apache-2.0 */
/* What goes wrong, one function a kind, and what people do once nothing goes wrong any more. */
#include <stdio.h>
#include <string.h>

#include "sim/sim_world.h"

enum {
	RESTORED_US = 4 * 60 * 1000000, /* what a ledger that went back is looked at for */
	PATIENCE_US = 5 * 60 * 1000000, /* of people with a rotation that waits */
};

static void done(struct sim_world *w, const struct sim_fault *f)
{
	if (w->coverage)
		w->coverage->faults[f->kind]++;
}

static void cut(struct sim_world *w, unsigned from, unsigned to, int64_t until_us)
{
	if (from == to)
		return;
	w->hosts[from].cut_until_us[to] = MAX(w->hosts[from].cut_until_us[to], until_us);
	sim_at(w, until_us + 1, EVENT_SETTLE, from, 0);
}

static void isolate(struct sim_host *h, int64_t until_us)
{
	for (unsigned k = 0; k < h->w->n; k++) {
		cut(h->w, h->i, k, until_us);
		cut(h->w, k, h->i, until_us);
	}
	sim_settle(h->w);
}

/* What somebody puts where the keyfile stands. */
static void edit(struct sim_host *h, const struct sim_fault *f)
{
	struct sim_world *w = h->w;
	char text[2400], stranger[400];
	struct sim_ring ring = {.n = 1, .keys = {1}};
	size_t n = 0;
	switch (f->number) {
	case 1:
		n = (size_t)snprintf(text, sizeof(text), "# oops\n{}\n");
		break;
	case 2:
		for (size_t i = 0; i < sizeof(stranger); i++)
			stranger[i] = (char)('a' + (int)((i * 7 + w->keys_n + i / 13) % 26));
		ring.keys[0] = (unsigned char)sim_key_of(w, stranger, sizeof(stranger));
		break;
	case 3:
		ring = h->disk;
		break;
	case 4:
		for (unsigned k = 1; k < w->n; k++)
			if (sim_is_member(w, (h->i + k) % w->n)) {
				ring = w->hosts[(h->i + k) % w->n].disk;
				break;
			}
		break;
	default:
		break;
	}
	if (n == 0)
		n = sim_ring_print(w, &ring, text, sizeof(text));
	sim_keyfile_edit(h, text, n);
	sim_poke(h); /* inotify */
}

static void power_cut(struct sim_host *h, int64_t for_us)
{
	struct sim_world *w = h->w;
	sim_rotad_kill(h, -1);
	h->off_until_us = w->now_us + for_us;
	sim_member_die(h, SIM_BY_PERSON);
	h->job = (struct sim_job){.state = JOB_NONE};
	sim_disk_cut(h);
	h->is_edited = h->is_edited && sim_file_find(h, SIM_KEYFILE)->inode != 0;
	sim_at(w, h->off_until_us, EVENT_START, h->i, 0);
	sim_at(w, h->off_until_us + 500 * US_MS, EVENT_ROTAD, h->i, 0);
	sim_settle(w);
}

static void elect_another(struct sim_world *w)
{
	for (unsigned i = 0; i < w->n; i++)
		if (w->hosts[i].m.is_primary) {
			w->hosts[i].m.is_primary = false;
			w->hosts[i].m.no_election_until_us = w->now_us + 10 * US_S;
		}
	sim_settle(w);
}

/* Who restored the ledger says abort when each rotad has looked at it, and none of the others
 * alarms that it lacks something: a vote that is lost is not published again before, and a nay in
 * its place parts the set. The rotad that is asked looks for itself. */
static bool is_abort_wise(const struct sim_host *asked)
{
	const struct sim_world *w = asked->w;
	for (unsigned i = 0; w->is_restored && i < w->n; i++) {
		const struct sim_host *h = &w->hosts[i];
		if (h != asked && sim_is_member(w, i) &&
		    (!h->is_seat_open || h->looked_us < w->restored_us ||
		     h->seat.seen->ledger.is_older_than_anchor))
			return false;
	}
	return true;
}

/* Whoever founded the ledger and leaves before it welcomed anybody takes its salt with it. */
static bool has_heirs(const struct sim_world *w, unsigned host)
{
	for (unsigned i = 0; i < w->n; i++)
		if (i != host && sim_is_member(w, i) && w->hosts[i].is_seat_open &&
		    w->hosts[i].seat.anchor.ledger.hex[0])
			return true;
	return false;
}

/* Can it be taken out for good, and is nobody else about to be? */
static bool is_one_too_many(const struct sim_world *w, unsigned host)
{
	for (unsigned i = 0; i < w->n; i++)
		if (w->hosts[i].revoked_by || (w->hosts[i].is_revoked && sim_is_member(w, i)))
			return false;
	return sim_is_member(w, host) && !sim_is_router(&w->hosts[host]) &&
	       sim_config_last(w)->n > 3 && !w->hosts[host].m.is_arbiter && has_heirs(w, host);
}

/* Where there is no primary that could take it, a person tries again. */
static void change_config(struct sim_world *w, unsigned i, unsigned host)
{
	enum { AGAIN_US = 1000000 };
	const struct sim_fault *f = &w->scenario->faults[i];
	struct sim_host *h = &w->hosts[host];
	bool is_done = false, is_of_use = sim_is_member(w, host);
	if (f->kind == SIM_JOIN) {
		is_of_use =
		    !sim_is_member(w, f->other % w->n) && !w->hosts[f->other % w->n].is_revoked;
		is_done = sim_join(w, f->other % w->n, (unsigned)f->number);
	} else if (f->kind == SIM_LEAVE) {
		is_of_use &= is_one_too_many(w, host);
		is_done = is_of_use && sim_leave(w, host, f->number);
		if (is_of_use && !is_done && h->m.is_primary)
			elect_another(w);
	} else
		is_done = sim_rename(w, host);
	w->fired[i] = is_done;
	if (is_done)
		done(w, f);
	else if (is_of_use)
		sim_at(w, w->now_us + AGAIN_US, EVENT_FAULT, host, i);
}

void sim_fault_do(struct sim_world *w, unsigned i, unsigned host)
{
	const struct sim_fault *f = &w->scenario->faults[i];
	struct sim_host *h = &w->hosts[host], *o = &w->hosts[f->other % w->n];
	int64_t until = w->now_us + f->time_us;
	if (!h->is_there && f->kind != SIM_JOIN)
		return;
	w->fired[i] = true;
	w->fired_at[i] = host;
	if (f->kind == SIM_KILL_ROTAD)
		w->fired[i] = h->is_rotad && !h->is_dead;
	/* Counted where it takes effect: those that wait for a next time. */
	if (f->kind != SIM_BAD_START && f->kind != SIM_SLOW_START && f->kind != SIM_STORE_UNSURE &&
	    f->kind != SIM_STEP_DOWN_REFUSED && f->kind != SIM_HELPER_STUCK &&
	    f->kind != SIM_RESTART_FAILS && f->kind != SIM_ABORT && f->kind != SIM_JOIN &&
	    f->kind != SIM_LEAVE && f->kind != SIM_RENAME && f->kind != SIM_DECLARE_DEAD &&
	    f->kind != SIM_REVOKE && (f->kind < SIM_AUTHORITY_DOWN || f->kind > SIM_RELOAD_LATE) &&
	    (f->kind < SIM_HOOK_FAILS || f->kind >= SIM_BUSY))
		done(w, f);
	sim_say(w, "%c: FAULT %s", h->letter, sim_fault_words[f->kind]);
	switch (f->kind) {
	case SIM_KILL_ROTAD:
		sim_rotad_kill(h, f->time_us);
		break;
	case SIM_PAUSE_ROTAD:
		h->paused_until_us = until;
		break;
	case SIM_RESTART_MEMBER:
		sim_member_stop(h, SIM_BY_PERSON, true);
		break;
	case SIM_STOP_MEMBER:
		sim_member_stop(h, SIM_BY_PERSON, false);
		sim_at(w, until + 20 * US_S, EVENT_START, h->i, 0);
		break;
	case SIM_CRASH_MEMBER:
		sim_member_die(h, SIM_BY_NOBODY);
		sim_at(w, until, EVENT_START, h->i, 0);
		break;
	case SIM_POWER_CUT:
		power_cut(h, f->time_us);
		break;
	case SIM_CUT:
		cut(w, h->i, o->i, until);
		cut(w, o->i, h->i, until);
		sim_settle(w);
		break;
	case SIM_CUT_ONE_WAY:
		cut(w, h->i, o->i, until);
		sim_settle(w);
		break;
	case SIM_ISOLATE:
		isolate(h, until);
		break;
	case SIM_SLOW_NETWORK:
		h->slow_until_us = until;
		break;
	case SIM_CLOCK_JUMP:
		h->clock_us += f->time_us;
		break;
	case SIM_LAG:
		h->m.lag_until_us = until;
		break;
	case SIM_BAD_START:
		h->m.bad_starts = (unsigned)f->number;
		break;
	case SIM_SLOW_START:
		h->m.slow_start_us = f->time_us;
		break;
	case SIM_DISK_FULL:
		h->full_until_us = until;
		break;
	case SIM_DISK_ERROR:
		h->bad_writes = (unsigned)f->number;
		break;
	case SIM_EDIT_FILE:
		edit(h, f);
		break;
	case SIM_STORE_UNSURE:
		w->unsure_writes = (unsigned)f->number;
		break;
	case SIM_STORE_RESTORED:
		w->is_restored = true;
		w->restored_us = w->now_us;
		sim_store_restore(w, f->time_us);
		sim_oracle_again(w);
		break;
	case SIM_STEP_DOWN_REFUSED:
		w->step_down_refusals = (unsigned)f->number;
		break;
	case SIM_ELECTION:
		elect_another(w);
		break;
	case SIM_HELPER_STUCK:
		h->stuck_calls = (unsigned)f->number;
		break;
	case SIM_RESTART_FAILS:
		h->job_fails = (unsigned)f->number;
		break;
	case SIM_RESTARTER_GONE:
		h->restarter_gone_until_us = until;
		break;
	case SIM_PAUSE:
		sim_ask(h, ASK_PAUSE);
		sim_at(w, until, EVENT_RESUME, h->i, 0);
		break;
	case SIM_ABORT:
		if (!is_abort_wise(h)) {
			w->fired[i] = false;
			return;
		}
		done(w, f);
		sim_ask(h, ASK_ABORT);
		break;
	case SIM_ROTATE:
		sim_ask(h, f->number ? ASK_EMERGENCY : ASK_ROTATE);
		break;
	case SIM_JOIN:
	case SIM_LEAVE:
	case SIM_RENAME:
		change_config(w, i, host);
		break;
	case SIM_DECLARE_DEAD:
		w->fired[i] = h != o && sim_is_member(w, o->i) && sim_config_last(w)->n > 2 &&
			      !w->scenario->routers_n;
		if (!w->fired[i])
			break;
		done(w, f);
		if (f->number)
			isolate(o, until);
		else
			power_cut(o, f->time_us);
		o->dead_by = h->i + 1;
		break;
	case SIM_REVOKE:
		w->fired[i] = h != o && is_one_too_many(w, o->i);
		if (!w->fired[i])
			break;
		done(w, f);
		o->revoked_by = h->i + 1;
		o->is_emergency = f->number;
		break;
	case SIM_AUTHORITY_DOWN:
		h->authority_down_until_us = until;
		break;
	case SIM_AUTHORITY_SLOW:
		h->authority_slow_until_us = until;
		break;
	case SIM_AUTHORITY_WRONG:
		h->authority_wrongs = 1;
		h->wrong_how = (int)f->number;
		break;
	case SIM_AUTHORITY_REFUSES:
		h->authority_refusals = (unsigned)f->number;
		break;
	case SIM_AUTHORITY_LOSES:
		h->authority_losses = (unsigned)f->number;
		break;
	case SIM_RELOAD_REFUSED:
		h->reload_refusals = (unsigned)f->number;
		break;
	case SIM_RELOAD_LIES:
		h->reload_lies = (unsigned)f->number;
		break;
	case SIM_RELOAD_LATE:
		h->reload_late_us = f->time_us;
		break;
	case SIM_TRUST_FILE:
		sim_tls_trust(h, f->number == 1 ? SIM_CA_OWN | SIM_CA_OTHER : SIM_CA_OWN);
		break;
	case SIM_RENEW:
		h->ask_about = h->i;
		sim_ask(h, f->number == 1 ? ASK_CERTIFICATE : ASK_CERTIFICATES);
		break;
	case SIM_HOOK_FAILS:
	case SIM_HOOK_HANGS:
		*(f->kind == SIM_HOOK_FAILS ? &h->hook_fails : &h->hook_hangs) = 1;
		h->hook_how = (enum sim_hook_how)f->number;
		break;
	case SIM_HOOK_IDLE:
		h->hook_idles = (unsigned)f->number;
		break;
	case SIM_HOOK_SHOUTS:
		h->hook_shouts = (unsigned)f->number;
		break;
	case SIM_BUSY:
		h->busy_until_us = until;
		h->busy = (unsigned)f->number;
		break;
	case SIM_NEW_VERSION:
		h->version_until_us = until;
		break;
	case SIM_MODE:
		h->mode_until_us = until;
		h->mode = (enum mode)MIN(f->number, (int64_t)MODE_ASK);
		break;
	case SIM_WINDOW:
		w->closed_until_us = until;
		break;
	case SIM_FREEZE:
		w->frozen_until_us = until;
		break;
	case SIM_OLD_KEY:
		w->old_until_us = until;
		break;
	case SIM_FAULT_N:
		break;
	}
}

/* ---- and people ---- */

/* Of a fault that waits for its next time: how much of it is left. */
static int64_t left_of(const struct sim_world *w, unsigned i)
{
	const struct sim_fault *f = &w->scenario->faults[i];
	const struct sim_host *h = &w->hosts[w->fired_at[i]];
	switch ((int)f->kind) {
	case SIM_BAD_START:
		return h->m.bad_starts;
	case SIM_SLOW_START:
		return h->m.slow_start_us ? f->number : 0;
	case SIM_DISK_ERROR:
		return h->bad_writes;
	case SIM_STORE_UNSURE:
		return w->unsure_writes;
	case SIM_STEP_DOWN_REFUSED:
		return w->step_down_refusals;
	case SIM_HELPER_STUCK:
		return h->stuck_calls;
	case SIM_RESTART_FAILS:
		return h->job_fails;
	case SIM_HOOK_FAILS:
		return h->hook_fails ? f->number : -1;
	case SIM_HOOK_HANGS:
		return h->hook_hangs ? f->number : -1;
	case SIM_HOOK_IDLE:
		return h->hook_idles;
	case SIM_HOOK_SHOUTS:
		return h->hook_shouts;
	case SIM_AUTHORITY_WRONG:
		return h->authority_wrongs ? f->number : -1;
	case SIM_AUTHORITY_REFUSES:
		return h->authority_refusals;
	case SIM_AUTHORITY_LOSES:
		return h->authority_losses;
	case SIM_RELOAD_REFUSED:
		return h->reload_refusals;
	case SIM_RELOAD_LIES:
		return h->reload_lies;
	case SIM_RELOAD_LATE:
		return h->reload_late_us ? f->number : -1;
	default:
		return -1;
	}
}

/* The first fault that never struck, in words: what a scenario says must happen in it. */
static void find_missed(struct sim_world *w)
{
	for (unsigned i = 0; i < w->scenario->faults_n; i++) {
		const struct sim_fault *f = &w->scenario->faults[i];
		bool is_missed = !w->fired[i] || left_of(w, i) == f->number;
		if (is_missed && !w->result->missed[0])
			snprintf(w->result->missed, sizeof(w->result->missed), "%s of %c (no. %u)",
				 sim_fault_words[f->kind], 'a' + (int)f->host, i + 1);
	}
}

void sim_heal(struct sim_world *w)
{
	find_missed(w);
	sim_say(w, "nothing goes wrong any more");
	w->is_healed = true;
	w->care_since_us = w->now_us;
	w->unsure_writes = w->step_down_refusals = 0;
	w->closed_until_us = w->frozen_until_us = w->old_until_us = 0;
	for (unsigned i = 0; i < w->n; i++) {
		struct sim_host *h = &w->hosts[i];
		if (h->lacks_rotad && sim_is_member(w, i)) {
			h->lacks_rotad = false;
			sim_at(w, w->now_us, EVENT_ROTAD, i, 0);
		}
		h->paused_until_us = h->full_until_us = h->slow_until_us = 0;
		h->bad_writes = h->stuck_calls = h->job_fails = 0;
		h->restarter_gone_until_us = 0;
		h->authority_down_until_us = h->authority_slow_until_us = h->reload_late_us = 0;
		h->authority_refusals = h->authority_losses = h->authority_wrongs = 0;
		h->reload_refusals = h->reload_lies = 0;
		h->hook_fails = h->hook_hangs = h->hook_idles = h->hook_shouts = 0;
		h->busy_until_us = h->version_until_us = h->mode_until_us = 0;
		h->clock_us = 0;
		memset(h->cut_until_us, 0, sizeof(h->cut_until_us));
		h->m.bad_starts = 0;
		h->m.lag_until_us = 0;
		if (h->off_until_us > w->now_us) {
			h->off_until_us = w->now_us;
			sim_at(w, w->now_us, EVENT_START, i, 0);
			sim_at(w, w->now_us, EVENT_ROTAD, i, 0);
		}
		sim_at(w, w->now_us, EVENT_WAKE, i, h->wake);
	}
	sim_settle(w);
}

/* One that joined cannot believe how the others got to where they are, since somebody who has left
 * the set on the way had a part in it (HACKING): people see that all wait for it, and take it out
 * again until the rotation is over. */
static bool follows_nobody(const struct sim_host *h)
{
	const struct seen_ledger *l;
	if (!h->joined_us || !h->is_seat_open || h->m.state != SIM_UP)
		return false;
	l = &h->seat.seen->ledger;
	return l->is_doubted || key_id_given(&l->unproven.id);
}

/* Does a rotad of the set say that a person has to restart its member? */
static bool is_to_restart(const struct sim_host *h)
{
	const struct sim_world *w = h->w;
	bool is_named = false;
	for (unsigned i = 0; i < w->n && h->m.state == SIM_UP && !h->m.down_by; i++) {
		const struct sim_host *o = &w->hosts[i];
		const char *said = o->seat.plan.reason;
		is_named |= o->is_seat_open && sim_is_member(w, i) &&
			    strncmp(said, h->m.host, strlen(h->m.host)) == 0 &&
			    strstr(said, "restart it by hand");
	}
	return is_named;
}

static void mend(struct sim_host *h)
{
	struct sim_world *w = h->w;
	char text[2400];
	if (!sim_is_member(w, h->i))
		return;
	unsigned pivot = w->truth.generation ? sim_pivot(w) : 1;
	bool is_file_right = pivot && sim_ring_has(&h->disk, pivot);
	/* One that joins is set up with the members' keys as they are now. */
	if (h->is_newcomer && is_file_right && h->m.state == SIM_UP &&
	    !sim_ring_has(&h->m.loaded, pivot)) {
		sim_say(w, "%c: a person restarts it, since nobody lets it in", h->letter);
		sim_member_stop(h, SIM_BY_PERSON, true);
	}
	/* rotad names one that a person has to restart, since only its clock or its file was wrong.
	 */
	if (is_to_restart(h) && w->now_us - w->care_since_us > PATIENCE_US) {
		sim_say(w, "%c: a person restarts it, as rotad says", h->letter);
		sim_member_stop(h, SIM_BY_PERSON, true);
	}
	if (follows_nobody(h)) {
		if (h->m.is_primary)
			elect_another(w);
		(void)sim_leave(w, h->i, true);
		return;
	}
	/* A person who finds a file that is not the others' takes theirs. */
	bool is_wrong = h->is_newcomer ? !is_file_right : h->is_edited;
	for (unsigned k = 0; is_wrong && k < w->n; k++)
		if (!w->hosts[k].is_edited && sim_is_member(w, k) && !w->hosts[k].is_newcomer &&
		    w->hosts[k].m.state == SIM_UP &&
		    !sim_rings_equal(&w->hosts[k].disk, &h->disk)) {
			size_t n = sim_ring_print(w, &w->hosts[k].disk, text, sizeof(text));
			sim_say(w, "%c: a person copies the keyfile of %c", h->letter,
				w->hosts[k].letter);
			sim_keyfile_edit(h, text, n);
			sim_poke(h);
			return;
		}
	/* Nobody has a better one: what stood there before it was overwritten, from a backup. */
	if (is_wrong && h->overwritten.n > 0 && !sim_rings_equal(&h->overwritten, &h->disk)) {
		size_t n = sim_ring_print(w, &h->overwritten, text, sizeof(text));
		sim_say(w, "%c: a person puts back the keyfile as it was", h->letter);
		sim_keyfile_edit(h, text, n);
		sim_poke(h);
		return;
	}
	if (h->m.state == SIM_UP && h->m.is_edited && !h->is_edited && !h->is_newcomer) {
		sim_say(w, "%c: a person restarts it, since nobody lets it in", h->letter);
		sim_member_stop(h, SIM_BY_PERSON, true);
	}
	if (h->m.state == SIM_DOWN && (h->job.state != JOB_RUNNING || sim_hook_is_ended(h)) &&
	    w->now_us - h->m.state_us > 30 * US_S) {
		sim_say(w, "%c: a person starts its member", h->letter);
		sim_member_start(h);
	}
	if (!h->is_rotad && w->now_us - w->care_since_us > 30 * US_S)
		sim_at(w, w->now_us, EVENT_ROTAD, h->i, 0);
}

static struct sim_host *any_rotad(struct sim_world *w)
{
	unsigned first = (unsigned)sim_between(w, 0, w->n - 1);
	for (unsigned i = 0; i < w->n; i++) {
		struct sim_host *h = &w->hosts[(first + i) % w->n];
		if (h->is_rotad && !h->is_dead && sim_is_member(w, h->i) && h->seat.rounds > 2 &&
		    h->seat.anchor.ledger.hex[0])
			return h;
	}
	return NULL;
}

/* What only a person can end: votes, and a turn, of whom the set does not name any more. */
static void care_for_gone(struct sim_world *w, struct sim_host *asked)
{
	const struct sim_truth *t = &w->truth;
	bool misses = false;
	for (unsigned i = 0; i < t->roll_n && !t->is_closed; i++) {
		unsigned k = t->roll_host[i];
		misses |= t->votes[i] == 0 && !t->is_without[i] &&
			  (k >= w->n || !sim_is_member(w, k) ||
			   strcmp(w->hosts[k].m.host, t->roll[i]) != 0);
	}
	/* One that died before it was known, and is back in an emergency: it gets no key, and
	 * nobody takes a turn beside it. */
	for (unsigned i = 0; i < t->roll_n && !t->is_closed; i++)
		misses |= t->is_without[i] && t->roll_host[i] < w->n &&
			  w->hosts[t->roll_host[i]].m.state == SIM_UP &&
			  w->now_us - w->care_since_us > PATIENCE_US;
	unsigned holder = t->claim ? sim_host_named(w, t->claim_host) : w->n;
	bool is_void = false; /* free by the word of a revoked one: nobody believes that */
	for (unsigned i = 0; i < w->n; i++)
		is_void |=
		    w->hosts[i].is_revoked && strcmp(w->hosts[i].revoked_spki, t->claim_from) == 0;
	/* A nay in the place of a vote that went with the ledger parts the set: people ask first.
	 */
	if (misses && w->is_restored)
		return;
	if (misses)
		sim_ask(asked, ASK_ABORT);
	else if (is_void && !t->claim)
		sim_ask(asked, ASK_RELEASE);
	else if (holder < w->n && w->hosts[holder].job.state != JOB_RUNNING &&
		 (!sim_is_member(w, holder) ||
		  strcmp(w->hosts[holder].m.host, t->claim_host) != 0)) {
		w->is_release_said = true;
		sim_ask(asked, ASK_RELEASE);
	}
}

/* What a person goes on to say of a host until it is taken, and then does. */
static void care_for_lost(struct sim_world *w)
{
	for (unsigned i = 0; i < w->n; i++) {
		struct sim_host *o = &w->hosts[i];
		bool is_lost =
		    o->off_until_us > w->now_us || o->cut_until_us[(i + 1) % w->n] > w->now_us;
		if (!is_lost) /* it is back: nobody says that any more */
			o->dead_by = 0;
		if (o->dead_by || o->revoked_by) {
			struct sim_host *asked = &w->hosts[MAX(o->dead_by, o->revoked_by) - 1];
			asked->ask_about = i;
			sim_ask(asked, o->dead_by        ? ASK_WITHOUT
				       : o->is_emergency ? ASK_REVOKE_EMERGENCY
							 : ASK_REVOKE);
		}
		if (!o->is_revoked || !sim_is_member(w, i))
			continue;
		/* It goes on for a while, as a thief would; then it is switched off and taken out.
		 */
		if (!o->gone_at_us)
			o->gone_at_us = o->revoked_us + sim_between(w, 0, 60 * US_S);
		if (w->now_us < o->gone_at_us)
			continue;
		if (o->m.is_primary)
			elect_another(w);
		(void)sim_leave(w, i, true);
	}
}

void sim_care(struct sim_world *w)
{
	struct sim_host *h = any_rotad(w);
	int64_t healed_for = w->now_us - w->care_since_us;
	char why[128];
	bool is_asked = true; /* that it ends */
	sim_oracle_keys(w);   /* what was mended since a rotad looked is excused no more */
	bool is_rest = sim_oracle_rest(w, why, sizeof(why));
	if (w->truth.generation == 0 && sim_orders(w) == 0 && h && !w->is_restored)
		sim_ask(h, ASK_ROTATE);
	care_for_lost(w);
	for (unsigned i = 0; i < w->n; i++)
		if (w->hosts[i].is_seat_open && w->hosts[i].seat.plan.waits_for_approval &&
		    sim_chance(w, 200000))
			sim_ask(&w->hosts[i], ASK_APPROVE);
	if (!w->is_healed)
		return;
	if (w->is_restored && healed_for > RESTORED_US) {
		w->is_over = true;
		w->result->outcome = SIM_SAFE_ONLY;
		w->result->at_us = w->now_us;
		return;
	}
	if (is_rest && w->result->rotations_n > w->asked_n) {
		w->is_over = true;
		w->result->at_us = w->now_us;
		sim_say(w, "at rest");
		return;
	}
	/* Everything that went wrong is behind: one more rotation, from the beginning. */
	if (is_rest && h && sim_orders(w) == 0) {
		w->asked_n = w->result->rotations_n;
		sim_ask(h, ASK_ROTATE);
	}
	if (healed_for > 30 * US_S) {
		for (unsigned i = 0; i < w->n; i++) {
			mend(&w->hosts[i]);
			if (sim_hook_hung(&w->hosts[i]) && sim_chance(w, 200000)) {
				/* One that was taken out reads no ledger: then elsewhere. */
				struct sim_host *asked =
				    sim_is_member(w, i) || !h ? &w->hosts[i] : h;
				w->is_release_said = true;
				sim_ask(asked, ASK_RELEASE);
			}
			if (sim_tls_rests(&w->hosts[i]) && h && sim_chance(w, 100000))
				sim_ask(h, ASK_CERTIFICATES);
		}
		bool is_held = w->truth.is_hold_on || (h && h->seat.seen->ledger.hold.is_on);
		if (is_held && h && sim_chance(w, 300000))
			sim_ask(h, ASK_RESUME);
		else if (h && sim_chance(w, 200000))
			care_for_gone(w, h);
	}
	for (unsigned i = 0; i < w->n && healed_for > w->scenario->bound_us; i++)
		is_asked &= !sim_is_member(w, i) || !follows_nobody(&w->hosts[i]);
	if (healed_for > w->scenario->bound_us) {
		w->is_over = true;
		w->result->outcome = is_asked ? SIM_STUCK : SIM_SAFE_ONLY;
		w->result->at_us = w->now_us;
		cut_z(w->result->rule, sizeof(w->result->rule), "ends");
		snprintf(w->result->why, sizeof(w->result->why), "not over: %s", why);
		for (unsigned i = 0; i < w->n; i++)
			if (w->hosts[i].is_seat_open)
				sim_say(w, "%c: %s", w->hosts[i].letter,
					w->hosts[i].seat.plan.reason);
		for (unsigned i = w->n; i-- > 0;)
			if (w->hosts[i].is_seat_open && !w->result->cost.waits[0])
				cut_z(w->result->cost.waits, sizeof(w->result->cost.waits),
				      w->hosts[i].seat.plan.reason);
		sim_say(w, "STUCK: %s", w->result->why);
	}
}
