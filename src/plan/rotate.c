/* SPDX-License-Identifier: Apache-2.0 */
/* The keyfile (PROTOCOL 1): propose, write, restart, vote, look, write, restart, prove, close,
 * retire. Each rotad decides for its own member from what it sees; nothing is resumed from saved
 * progress. */
#include <stdio.h>
#include <string.h>

#include "plan/gate.h"
#include "plan/planner.h"
#include "plan/safe.h"

enum {
	RANK_WAIT_S = 30, /* the next in the roll acts for a maker or closer that does not, after so
			     long a time each */
	AGE_BYTES = 96,
	OTHERS_BEFORE_VOTE_S = 60, /* before a vote the other users of the key are told, not waited
				      for: one look is enough */
};

unsigned ring_wished(const struct planner *p, struct key_name ret[KEYS_PER_FILE_MAX])
{
	const struct proposal *g = &p->s->ledger.proposal;
	const struct ring_ids *disk = &p->s->keyfile.ring;
	switch (p->generation) {
	case GENERATION_OPEN:
		ret[0] = g->pivot;
		ret[1] = g->next;
		return 2;
	case GENERATION_CARRIED:
		ret[0] = g->next;
		/* Standby. Who joined behind an emergency's envelopes does without. */
		if (key_id_given(&g->after.id) && !p->s->ledger.lacks_after) {
			ret[1] = g->after;
			return 2;
		}
		return 1;
	case GENERATION_DEAD:
		ret[0] = g->pivot;
		return 1;
	case GENERATION_NONE:
		break;
	}
	if (!key_id_given(&p->pivot.id) || !disk->is_known)
		return 0;
	ret[0] = p->pivot;
	if (!ring_ids_has(disk, &p->pivot.id))
		return 1;
	/* What an operator left beside the pivot stays, unless the key is dead. */
	return ring_has_retired(disk, &p->s->anchor) ? 1 : 0;
}

static bool is_me(const struct seen *s, const struct spki *who)
{
	return memcmp(who->hex, s->identity.hex, SPKI_CHARS) == 0;
}

/* Does that set come before this host's own, where one acts for all? */
static bool is_set_before(const struct seen_sharding *x, unsigned set)
{
	if (x->sets[set].is_config != x->sets[0].is_config)
		return x->sets[set].is_config;
	if (x->sets[set].is_routers != x->sets[0].is_routers)
		return x->sets[0].is_routers;
	return strcmp(x->sets[set].name, x->sets[0].name) < 0;
}

/* The place of this host among those that may act for all: 0 acts at once, others after RANK_WAIT_S
 * each. */
static int64_t rank_wait_us(const struct planner *p, const struct spki *first)
{
	const struct seen *s = p->s;
	int64_t rank = s->self < 0 ? (int64_t)s->members_n : s->self;
	/* Of a sharded cluster the config servers come first, then the sets by name. */
	for (unsigned i = s->members_n; i < seen_all_n(s); i++)
		rank += is_set_before(&s->sharding, s->members[i].set);
	if (first && is_me(s, first))
		return 0;
	return (rank + (first ? 1 : 0)) * RANK_WAIT_S * US_S;
}

/* A keyfile that is wanted otherwise and cannot be replaced: the rotation waits for this host. */
static bool tell_unwritable(struct planner *p)
{
	const struct seen *s = p->s;
	const struct seen_keyfile *k = &s->keyfile;
	bool is_full = k->put_error == ERR_DISK_FULL;
	if (k->is_writable || !k->why[0] || p->policy->keyfile.writer == WRITER_EXTERNAL)
		return false;
	struct event *e = plan_tell(p, is_full ? EVENT_DISK_FULL : EVENT_FILE_UNSAFE, s->self_host);
	p->plan->needs_attention = true;
	snprintf(e->headline, sizeof(e->headline),
		 "%s/%s: the keyfile cannot be replaced%s; the rotation waits for it.", s->cluster,
		 s->self_host, is_full ? ", its file system is full" : "");
	snprintf(e->what, sizeof(e->what), "%.400s", k->why);
	snprintf(e->now, sizeof(e->now),
		 "The file in use is whole and as it was; %s runs on. Others wait at a safe point.",
		 s->self_host);
	snprintf(e->we_did, sizeof(e->we_did), "Wrote nothing. It is looked at again each second.");
	if (is_full)
		snprintf(e->you, sizeof(e->you),
			 "Make room on the file system of %.400s; it goes on by itself.", k->path);
	else
		snprintf(e->you, sizeof(e->you),
			 "Mend it on %s: sudo rotactl adopt (--dry-run shows what it does); or let "
			 "your configuration management write the file:  keyfile: {writer: "
			 "external}",
			 s->self_host);
	return true;
}

/* Sessions of __system from elsewhere (PROTOCOL 4), told before they lose their key. Each rotad
 * tells of its own member; where nothing began yet, who was asked tells of all. */
static void tell_others(struct planner *p, bool of_all)
{
	const struct seen *s = p->s;
	bool is_ignored = p->policy->keyfile.other_users == OTHER_USERS_IGNORE;
	char where[512] = "";
	struct event *e;
	for (unsigned i = 0; i < seen_all_n(s); i++) {
		const struct seen_member *m = &s->members[i];
		size_t n = strlen(where);
		if (m->others[0] && (of_all || m->is_self))
			snprintf(where + n, sizeof(where) - n, "%s%s at %s", n ? "; " : "",
				 m->others, m->host);
	}
	if (!where[0])
		return;
	e = plan_tell(p, EVENT_KEY_USED_BY_OTHERS, s->self_host);
	snprintf(e->headline, sizeof(e->headline),
		 "%s: somebody who is no member uses the key of the members.", s->cluster);
	snprintf(e->what, sizeof(e->what),
		 "Logged in as __system from addresses that are no member's: %.500s.", where);
	snprintf(e->now, sizeof(e->now),
		 "It works until the old key leaves the keyfiles, and not after.");
	snprintf(e->we_did, sizeof(e->we_did), "%s",
		 is_ignored ? "Told it; nothing waits for it (otherUsers: ignore)."
			    : "Told it; the old key stays in the keyfiles meanwhile, save in an "
			      "emergency.");
	snprintf(e->you, sizeof(e->you),
		 "Find the program there and give it a user of its own. If it may lose its login:  "
		 "keyfile: {otherUsers: ignore}.");
}

static void write_plan(struct planner *p, const struct key_name *want, unsigned want_n,
		       const char *why)
{
	unsigned first;
	char keys[32];
	struct act *a;
	bool is_narrowing = p->generation == GENERATION_CARRIED &&
			    ring_ids_has(&p->s->keyfile.ring, &p->s->ledger.proposal.pivot.id);
	ring_print(want, want_n, keys, sizeof(keys));
	if (is_narrowing)
		tell_others(p, false);
	if (!gate_check(p, is_narrowing ? GATE_FOR_NARROW : GATE_FOR_WRITE, &first)) {
		const struct gate_result *g = &p->plan->gates[first];
		p->plan->needs_attention |= g->verdict == GATE_REFUSE;
		(void)tell_unwritable(p);
		/* A turn that cannot go on (it was rolled back, or held) is not kept from others.
		 */
		if (plan_holds_claim(p, CLAIM_FOR_RESTART))
			plan_add(p, ACT_RELEASE_CLAIM, "%s: %s", g->name, g->text);
		plan_wait(p, US_S, "%s should hold key %s, and waits: %s: %s.", p->s->keyfile.path,
			  keys, g->name, g->text);
		return;
	}
	if (p->policy->keyfile.writer == WRITER_EXTERNAL) {
		a = &p->plan->external;
		*a = (struct act){.kind = ACT_PUT_KEYFILE, .ring_n = want_n};
		a->generation = p->s->ledger.has_proposal ? p->s->ledger.proposal.generation : 0;
		memcpy(a->ring, want, want_n * sizeof(*want));
		p->plan->has_external = true;
		plan_wait(p, 5 * US_S,
			  "Waits for whoever writes %s to put keys %s there (writer: external): "
			  "rotactl keyfile export --next --out FILE has them.",
			  p->s->keyfile.path, keys);
		return;
	}
	a = plan_add(p, ACT_PUT_KEYFILE, "%s", why);
	a->ring_n = want_n;
	memcpy(a->ring, want, want_n * sizeof(*want));
	snprintf(a->undo, sizeof(a->undo),
		 "the previous file is kept until the new one is proven in use");
	plan_say(p, "Keys %s are written to %s.", keys, p->s->keyfile.path);
}

/* A member outside the roll that does not accept the new pivot: by its rotad's word on the process
 * that hello shows, or by a login. */
static bool is_left_behind(const struct planner *p, const struct seen_member *m)
{
	const struct key_id *next = &p->s->ledger.proposal.next.id;
	const struct ring_ids *running = &m->statement.running;
	const struct key_proof *k = seen_find_proof(m, next);
	if (m->is_self || seen_accepts(m, next))
		return false;
	if (m->has_statement && strcmp(m->statement.process_id, m->process_id) == 0 &&
	    running->is_known)
		return !ring_ids_has(running, next);
	/* Nobody speaks for it: one refused login is enough, until its process is another. */
	return !m->has_statement && k && k->verdict == LOGIN_REFUSED;
}

/* PROTOCOL 1: it holds up the writes not yet made, and is told. */
static void tell_left_behind(struct planner *p, const struct seen_member *m)
{
	const struct seen *s = p->s;
	const struct proposal *g = &s->ledger.proposal;
	struct event *e = plan_tell(p, EVENT_NEWCOMER_WITHOUT_KEY, m->host);
	p->plan->needs_attention = true;
	snprintf(
	    e->headline, sizeof(e->headline),
	    "%s: %s joined during the rotation and does not accept key %u; the rotation waits.",
	    s->cluster, m->host, g->next.number);
	snprintf(e->what, sizeof(e->what), "It is not in the roll of generation %llu. %s",
		 (unsigned long long)g->generation,
		 m->has_statement ? "Its rotad gets both keys and takes its turn."
				  : "No rotad speaks for it.");
	snprintf(e->now, sizeof(e->now), "All members share key %u.", g->pivot.number);
	snprintf(e->we_did, sizeof(e->we_did),
		 "No file is narrowed to key %u before it accepts it.", g->next.number);
	snprintf(e->you, sizeof(e->you), "%s",
		 m->has_statement
		     ? "Nothing, if it goes on by itself; else look at its rotad."
		     : "Start rotad on its host in mode act, or take it out of the set.");
}

/* PROTOCOL 1, the look: by own logins every member of the set accepts q alone, with p as control.
 */
static bool look_all(struct planner *p, bool wants_refused)
{
	const struct seen *s = p->s;
	const struct proposal *g = &s->ledger.proposal;
	bool all = true;
	char note[160];
	const char *why;
	if (!seen_is_whole(s, &why)) {
		p->plan->needs_attention |= seen_is_sharded(s);
		plan_wait(p, US_S, "Waits until all who share the key are known: %s.", why);
		return false;
	}
	for (unsigned i = 0; i < seen_all_n(s); i++) {
		const struct seen_member *m = &s->members[i];
		int r = seen_roll_index(s, m->host);
		if (seen_is_passed_over(s, i))
			continue;
		/* Of another set its vote says that it accepts the new key (PROTOCOL 1). */
		if (r >= 0 && i >= s->members_n && !wants_refused)
			continue;
		if (!fact_known(m->hello)) {
			plan_wait(p, US_S, "Waits for %s%s: every member must be seen to %s.",
				  m->host, waits_print(p, i, note, sizeof(note)),
				  wants_refused ? "refuse the old key" : "accept the new key");
			return false;
		}
		/* Its rotad says that it cannot: not asked, so as to leave no failed login. */
		if (!wants_refused && r < 0 && is_left_behind(p, m)) {
			tell_left_behind(p, m);
			/* It needs the turn to catch up. */
			if (plan_holds_claim(p, CLAIM_FOR_RESTART))
				plan_add(p, ACT_RELEASE_CLAIM, "%s has to catch up first", m->host);
			plan_wait(
			    p, US_S,
			    "Waits for %s, which joined after the proposal and does not accept "
			    "key %u yet.",
			    m->host, g->next.number);
			return false;
		}
		if (wants_refused ? !plan_look(p, i, &g->pivot.id, &g->next.id, true)
				  : !plan_look(p, i, &g->next.id, &g->pivot.id, false))
			all = false;
	}
	if (!all && wants_refused)
		for (unsigned i = 0; i < seen_all_n(s); i++)
			if (seen_accepts(&s->members[i], &g->pivot.id)) {
				p->plan->needs_attention = true;
				plan_wait(p, US_S,
					  "%s still accepts key %u, though its file is changed and "
					  "its rotad has restarted it: restart it by hand.",
					  s->members[i].host, g->pivot.number);
				return false;
			}
	if (!all)
		plan_wait(p, US_S / 2,
			  wants_refused ? "Looks whether every member refuses key %u."
					: "Looks whether every member accepts key %u alone.",
			  wants_refused ? g->pivot.number : g->next.number);
	return all;
}

static void turn(struct planner *p, const struct key_name *want, unsigned want_n)
{
	char text[64], keys[32];
	snprintf(text, sizeof(text), "load key %s", ring_print(want, want_n, keys, sizeof(keys)));
	turn_plan(p, want, want_n, text);
}

/* Is the pivot in every member's file and process (PROTOCOL 1)? By own logins and statements; a set
 * that was left half way by hand is not begun on. */
static bool common_key(struct planner *p)
{
	const struct seen *s = p->s;
	bool all = true;
	for (unsigned i = 0; i < seen_all_n(s); i++) {
		const struct seen_member *m = &s->members[i];
		const struct key_proof *k = seen_find_proof(m, &p->pivot.id);
		const struct ring_ids *disk =
		    (int)i == s->self ? &s->keyfile.ring : &m->statement.disk;
		if (seen_is_dead(s, i))
			continue;
		if ((k && k->verdict == LOGIN_REFUSED) ||
		    (disk->is_known && !ring_ids_has(disk, &p->pivot.id))) {
			p->plan->needs_attention = true;
			plan_wait(p, 5 * US_S,
				  "A rotation is wanted, but %s does not hold key %u in file and "
				  "process: the members must share one key first.",
				  m->host, p->pivot.number);
			return false;
		}
		if (!plan_look(p, i, &p->pivot.id, &p->pivot.id, false))
			all = false;
	}
	if (!all)
		plan_wait(p, US_S / 2, "Looks whether every member accepts key %u.",
			  p->pivot.number);
	return all;
}

/* Is the key in use old? A key that stands by lies on disk already: it is in use for the second
 * half of its time only, so the rotation comes at half of maxAge (PROTOCOL 1). */
static bool is_due(const struct planner *p, char why[AGE_BYTES])
{
	const struct seen *s = p->s;
	const struct anchor *a = &s->anchor;
	const struct keyfile_policy *k = &p->policy->keyfile;
	bool stands_by = key_id_given(&a->standby.id) && a->standby_born.us;
	int64_t due_us = keyfile_due_us(k, false), standby_due_us = keyfile_due_us(k, true);
	int64_t age_us = s->keyfile.born.us ? s->now.us - s->keyfile.born.us : 0;
	int64_t since_us = stands_by ? s->now.us - a->standby_born.us : age_us;
	const char *rides = k->ride_along_us > 0 ? ", less rideAlong" : "";
	char age[32];
	if (k->max_age_us <= 0 || since_us < k->min_age_us)
		return false;
	if (age_us >= due_us)
		snprintf(why, AGE_BYTES, "key %u is %s%s old%s%s", p->pivot.number,
			 s->keyfile.is_born_exact ? "" : "at least ",
			 span_print(age_us, age, sizeof(age)), rides[0] ? ": maxAge" : "", rides);
	else
		snprintf(why, AGE_BYTES, "key %u has stood by for %s, half of maxAge%s",
			 a->standby.number, span_print(since_us, age, sizeof(age)), rides);
	return age_us >= due_us || (stands_by && since_us >= standby_due_us);
}

/* Nothing is under way: should something begin? */
static bool start_plan(struct planner *p)
{
	const struct seen *s = p->s;
	const struct order *o = seen_find_order(s, ORDER_KEYFILE);
	char age[AGE_BYTES];
	unsigned first;
	struct act *a;
	bool is_old = is_due(p, age);
	if (!o && !is_old)
		return false;
	p->plan->is_rotating = p->mode >= MODE_ASK;
	if (strcmp(s->process.cluster_auth_mode, "x509") == 0) {
		plan_say(p, "The keyfile is not in use: clusterAuthMode is x509. Certificates are "
			    "all there is to rotate.");
		return false;
	}
	if (p->mode <= MODE_OBSERVE) {
		p->plan->needs_attention |= is_old;
		if (is_old)
			plan_say(p, "A rotation is due: %s; rotad only looks (mode observe).", age);
		return false;
	}
	if (!s->is_standalone && !o && rank_wait_us(p, NULL) > 0) {
		plan_say(p, "A rotation is due: %s; %s proposes the next key.", age,
			 s->members_n ? s->members[0].host : "the first member");
		return false;
	}
	if (!o || is_me(s, &o->head.from))
		tell_others(p, true);
	/* The gates first: whoever proposes it, people ask any host what it waits for. */
	if (!gate_check(p, GATE_FOR_START, &first)) {
		const struct gate_result *g = &p->plan->gates[first];
		p->plan->needs_attention |= g->verdict == GATE_REFUSE;
		if (!tell_unwritable(p) && g->verdict == GATE_REFUSE &&
		    (!o || is_me(s, &o->head.from)))
			waits_tell_refused(p, g);
		plan_wait(p, US_S / 2, "A rotation is wanted (%s%.100s) and waits: %s: %s.",
			  o ? "asked for by " : "the key is old", o ? o->who : "", g->name,
			  g->text);
		return true;
	}
	if (o && !is_me(s, &o->head.from) && s->now.us >= o->head.at.us &&
	    s->now.us - o->head.at.us < rank_wait_us(p, &o->head.from)) {
		plan_wait(p, US_S,
			  "A rotation was asked for by %s; the rotad that was asked proposes it.",
			  o->who);
		return true;
	}
	const char *why;
	if (!seen_is_whole(s, &why)) {
		plan_wait(p, US_S / 2,
			  "A rotation is wanted, and waits until all who share the "
			  "key are known: %s.",
			  why);
		return true;
	}
	if (!common_key(p))
		return true;
	if (o)
		a = plan_add(p, ACT_PROPOSE, "%.200s%s%.64s, by %.100s",
			     o->reason[0] ? o->reason : "asked for", o->ticket[0] ? ", " : "",
			     o->ticket, o->who);
	else
		a = plan_add(p, ACT_PROPOSE, "%s", age);
	if (o) {
		a->order = o->id;
		a->urgency = o->urgency;
	}
	snprintf(a->undo, sizeof(a->undo), "rotactl abort, until the last member has voted");
	plan_say(p, "The next key is made, sealed for every member's host and proposed.");
	return true;
}

/* Has this member loaded what the votes wish? Else its turn is planned, or the look that tells.
 * Only a key of the file that it was started with is tried, and gone, the key that has to go (NULL:
 * none yet): that one may be refused, but what was not tried is not known to be absent. Where it is
 * not held here (a member that joined after it left the others' files) a restart tells. */
static bool is_loaded(struct planner *p, const struct key_id *known, const struct key_id *gone,
		      const struct key_name *want, unsigned want_n)
{
	unsigned self = (unsigned)p->s->self;
	enum need need = turn_need(p, self);
	bool is_seen;
	if (need == NEED_NO)
		return true;
	is_seen = need == NEED_YES || plan_look(p, self, known, known, false);
	const struct seen_ledger *l = &p->s->ledger;
	bool is_held =
	    gone && !(key_id_equal(gone, &l->proposal.pivot.id) ? l->lacks_pivot : l->lacks_next);
	if (need == NEED_UNKNOWN && is_held && is_seen)
		is_seen = plan_look(p, self, gone, known, true);
	if (!is_seen)
		plan_wait(p, US_S / 4, "Looks which keys %s accepts.", p->s->self_host);
	else
		turn(p, want, want_n);
	return false;
}

/* A yea promises that the file keeps the new key, and somebody else writes it: his word is needed
 * (DESIGN section 4). */
static void tell_unapproved(struct planner *p)
{
	const struct seen *s = p->s;
	const struct proposal *g = &s->ledger.proposal;
	unsigned long long n = g->generation;
	struct event *e = plan_tell(p, EVENT_PLAN_WAITS_FOR_APPROVAL, s->self_host);
	p->plan->needs_attention = true;
	plan_wait(p, US_S,
		  "%s is ready to vote for key %u; its file is written by somebody else: rotactl "
		  "approve --generation %llu.",
		  s->self_host, g->next.number, n);
	snprintf(e->headline, sizeof(e->headline),
		 "%s: the yea of %s for key %u waits for a person (writer: external).", s->cluster,
		 s->self_host, g->next.number);
	snprintf(e->what, sizeof(e->what),
		 "%.300s holds both keys and mongod accepts the new one; a yea is for ever.",
		 s->keyfile.path);
	snprintf(e->now, sizeof(e->now), "Any member may be restarted: all share key %u.",
		 g->pivot.number);
	snprintf(e->we_did, sizeof(e->we_did), "We wait with this member's vote.");
	snprintf(e->you, sizeof(e->you),
		 "If what writes that file will not go back to one without the new key: rotactl "
		 "approve --generation %llu",
		 n);
}

/* This member has done its part of a pass, and the rest of the set rides along. */
static bool wait_riding(struct planner *p, const char *has, unsigned key)
{
	struct ride ride;
	char text[RIDE_BYTES];
	if (!ride_is_on(p, &ride))
		return false;
	plan_wait(p, plan_pace_us(p),
		  "%s %s key %u; the others wait for restarts that happen anyway: %s.",
		  p->s->self_host, has, key, ride_print(p, &ride, text, sizeof(text)));
	return true;
}

static bool open_plan(struct planner *p)
{
	const struct seen *s = p->s;
	const struct proposal *g = &s->ledger.proposal;
	struct key_name want[KEYS_PER_FILE_MAX];
	unsigned want_n = ring_wished(p, want);
	int r = seen_roll_index(s, s->self_host);
	struct act *a;
	if (r >= 0 && s->ledger.roll.votes[r].word == VOTE_YEA) {
		unsigned yea = 0;
		char missing[WAITS_BYTES] = "";
		const char *removed = "";
		for (unsigned i = 0; i < g->roll_n; i++) {
			if (s->ledger.roll.votes[i].word == VOTE_YEA ||
			    s->ledger.roll.is_without[i])
				yea++;
			else if (seen_find_member(s, g->roll[i].host) < 0 && seen_is_whole(s, NULL))
				removed = g->roll[i].host;
			else
				waits_name(p, g->roll[i].host, missing, sizeof(missing));
		}
		/* The file may have been narrowed by hand since; it is put right even after the
		 * vote. */
		if (!ring_is(&s->keyfile.ring, want, want_n)) {
			write_plan(p, want, want_n,
				   "the file must keep both keys until all have voted");
			return true;
		}
		if (removed[0]) {
			p->plan->needs_attention = true;
			plan_wait(
			    p, US_S,
			    "%s has voted for key %u; %s was taken out of the set before it voted "
			    "(%u of %u): rotactl abort, then rotate again.",
			    s->self_host, g->next.number, removed, yea, g->roll_n);
			return true;
		}
		if (!wait_riding(p, "has voted for", g->next.number))
			plan_wait(p, plan_pace_us(p),
				  "%s has voted for key %u; waits for %s (%u of %u).", s->self_host,
				  g->next.number, missing, yea, g->roll_n);
		return true;
	}
	if (!ring_is(&s->keyfile.ring, want, want_n)) {
		write_plan(p, want, want_n,
			   "add the new key beside the one in use: any restart is safe");
		return true;
	}
	if (!is_loaded(p, &g->pivot.id, NULL, want, want_n))
		return true;
	if (r < 0 || g->roll[r].is_dead) {
		plan_wait(p, 5 * US_S, "%s %s: it follows and does not vote.", s->self_host,
			  r < 0 ? "joined after the proposal"
				: "was declared dead before the proposal");
		return true;
	}
	/* This rotad lost its identity since: its vote would not be believed, and stand in the way
	 * of a person's. */
	if (!is_me(s, &g->roll[r].identity)) {
		p->plan->needs_attention = true;
		plan_wait(
		    p, 5 * US_S,
		    "%s does not vote: the proposal knows it by another identity than the one "
		    "it has now (its state directory was lost): rotactl abort.",
		    s->self_host);
		return true;
	}
	/* A vote is for ever: none while a person holds the cluster (one that was given, and that
	 * the ledger lost, binds already), nor while the next start would read something else than
	 * what is looked at here (PROTOCOL 1). */
	bool is_held = s->ledger.hold.is_on && seen_lost_vote(s) == VOTE_NONE;
	if (is_held || s->process.pending[0]) {
		plan_wait(p, US_S, "%s does not vote yet: %.200s.", s->self_host,
			  is_held ? "the cluster is held" : s->process.pending);
		return true;
	}
	if (!plan_look(p, (unsigned)s->self, &g->next.id, &g->pivot.id, false)) {
		plan_wait(p, US_S / 4, "Looks whether %s accepts key %u alone.", s->self_host,
			  g->next.number);
		return true;
	}
	if (p->policy->keyfile.writer == WRITER_EXTERNAL &&
	    s->approved_generation != g->generation) {
		tell_unapproved(p);
		return true;
	}
	if (!plan_look_for_others(p, OTHERS_BEFORE_VOTE_S, OTHERS_OF_SELF)) {
		plan_wait(p, US_S / 4, "Looks who else uses key %u on %s.", g->pivot.number,
			  s->self_host);
		return true;
	}
	tell_others(p, false);
	a = plan_add(p, ACT_VOTE, "its file holds both keys and its process accepts key %u alone",
		     g->next.number);
	a->vote = VOTE_YEA;
	snprintf(a->undo, sizeof(a->undo), "none: a yea is for ever");
	plan_say(p, "%s votes for key %u.", s->self_host, g->next.number);
	return true;
}

/* Has every member, by its rotad's word, the final keyring in file and process? After a nay by what
 * it said since it knows of that: one that has not seen it may be about to write the burnt key, and
 * nothing would look for that after the end. */
static bool all_settled(const struct planner *p, const struct key_id *gone,
			char ret_missing[WAITS_BYTES])
{
	const struct seen *s = p->s;
	ret_missing[0] = 0;
	for (unsigned i = 0; i < seen_all_n(s); i++) {
		const struct seen_member *m = &s->members[i];
		int r = seen_roll_index(s, m->host);
		const struct ring_ids *disk =
		    (int)i == s->self ? &s->keyfile.ring : &m->statement.disk;
		if ((r >= 0 && s->ledger.roll.is_without[r]) ||
		    ((int)i != s->self && seen_is_dead(s, i)))
			continue;
		bool is_late = (int)i != s->self && p->generation == GENERATION_DEAD &&
			       !(m->statement.is_given_up &&
				 m->statement.generation == s->ledger.proposal.generation);
		if (((int)i != s->self && !m->has_statement) || is_late || !disk->is_known ||
		    ring_ids_has(disk, gone) || ring_has_retired(disk, &s->anchor) ||
		    turn_need(p, i) != NEED_NO)
			waits_name(p, m->host, ret_missing, WAITS_BYTES);
	}
	return !ret_missing[0];
}

static void close_plan(struct planner *p, const struct key_name *gone)
{
	const struct seen *s = p->s;
	char missing[WAITS_BYTES];
	struct wall since = {.us = 0};
	if (!all_settled(p, &gone->id, missing)) {
		if (!wait_riding(p, "is done with", gone->number))
			plan_wait(p, plan_pace_us(p), "%s is done with key %u; waits for %s.",
				  s->self_host, gone->number, missing);
		return;
	}
	for (unsigned i = 0; i < seen_all_n(s); i++)
		if (s->members[i].statement_moved.us > since.us)
			since = s->members[i].statement_moved;
	/* Of times to come: the clock was set back since, and nothing is waited for by it. */
	if (since.us <= s->now.us && s->now.us - since.us < rank_wait_us(p, NULL)) {
		plan_wait(
		    p, plan_pace_us(p),
		    "All have changed; the old key is being proven refused by another rotad.");
		return;
	}
	if (p->generation == GENERATION_CARRIED && !look_all(p, true))
		return;
	plan_add(p, ACT_CLOSE,
		 p->generation == GENERATION_CARRIED ? "key %u is refused by every member"
						     : "every member is back; key %u is burnt",
		 gone->number);
	plan_say(p,
		 p->generation == GENERATION_CARRIED
		     ? "Key %u is refused by every member: the rotation is closed."
		     : "The rotation is undone; key %u is burnt.",
		 gone->number);
}

/* A member that joined while the votes were given, or came back after them, has the old key alone
 * in file or process: by way of both it gets to the new one (PROTOCOL 1). True when something is to
 * be done for that. */
static bool catch_up(struct planner *p)
{
	const struct seen *s = p->s;
	const struct proposal *g = &s->ledger.proposal;
	const struct key_name both[] = {g->pivot, g->next};
	if (!ring_ids_has(&s->keyfile.ring, &g->pivot.id))
		return false;
	if (!ring_is(&s->keyfile.ring, both, 2)) {
		write_plan(p, both, 2,
			   "the votes are over: it gets the new key beside the old one");
		return true;
	}
	if (s->process.loaded.is_known && !ring_ids_has(&s->process.loaded, &g->next.id)) {
		turn(p, both, 2);
		return true;
	}
	/* What it has loaded is not known: a yea says that it accepts the new key. */
	int r = seen_roll_index(s, s->self_host);
	if (s->process.loaded.is_known || (r >= 0 && s->ledger.roll.votes[r].word == VOTE_YEA))
		return false;
	if (!plan_look(p, (unsigned)s->self, &g->pivot.id, &g->pivot.id, false) ||
	    !plan_look(p, (unsigned)s->self, &g->next.id, &g->pivot.id, false)) {
		plan_wait(p, US_S / 4, "Looks which keys %s accepts.", s->self_host);
		return true;
	}
	return false;
}

static bool carried_plan(struct planner *p)
{
	const struct seen *s = p->s;
	const struct proposal *g = &s->ledger.proposal;
	struct key_name want[KEYS_PER_FILE_MAX];
	unsigned want_n = ring_wished(p, want);
	if (!ring_is(&s->keyfile.ring, want, want_n)) {
		if (catch_up(p))
			return true;
		if (!look_all(p, false))
			return true;
		write_plan(p, want, want_n,
			   "all have voted, and every member was seen to accept the new key alone");
		return true;
	}
	if (!is_loaded(p, &g->next.id, &g->pivot.id, want, want_n))
		return true;
	close_plan(p, &g->pivot);
	return true;
}

static bool dead_plan(struct planner *p)
{
	const struct seen *s = p->s;
	const struct proposal *g = &s->ledger.proposal;
	struct key_name want[KEYS_PER_FILE_MAX];
	unsigned want_n = ring_wished(p, want);
	if (!ring_is(&s->keyfile.ring, want, want_n)) {
		write_plan(p, want, want_n, "the rotation was given up: back to the key in use");
		return true;
	}
	if (!is_loaded(p, &g->pivot.id, &g->next.id, want, want_n))
		return true;
	close_plan(p, &g->next);
	return true;
}

/* The last generation is closed: forget the old key here. */
static bool retire_plan(struct planner *p)
{
	const struct seen *s = p->s;
	const struct closure *c = &s->ledger.roll.closure;
	const struct proposal *g = &s->ledger.proposal;
	if (!s->ledger.has_proposal || !c->is_given)
		return false;
	const struct key_name *gone = c->is_carried ? &g->pivot : &g->next;
	if (anchor_has_retired(&s->anchor, &gone->id))
		return false;
	plan_add(p, ACT_RETIRE, "key %u is %s", gone->number,
		 c->is_carried ? "refused everywhere" : "burnt");
	plan_say(p, "Key %u is retired on this host and the previous file is wiped.", gone->number);
	return true;
}

/* Nothing is under way, and this member may still accept what is gone: it was out of the set while
 * that was looked for, and the others' files have what it holds. */
static bool leftover_plan(struct planner *p)
{
	const struct seen *s = p->s;
	const struct key_id *gone = seen_gone(s);
	enum need need = turn_need(p, (unsigned)s->self);
	if (!s->ledger.has_proposal || need == NEED_NO)
		return false;
	if (need == NEED_YES) {
		turn(p, &p->pivot, 1);
		return true;
	}
	if (!gone || !s->process.is_answering ||
	    (plan_look(p, (unsigned)s->self, &p->pivot.id, &p->pivot.id, false) &&
	     plan_look(p, (unsigned)s->self, gone, &p->pivot.id, true)))
		return false;
	plan_wait(p, US_S / 4, "Looks which keys %s accepts.", s->self_host);
	return true;
}

bool rotate_plan(struct planner *p)
{
	struct key_name want[KEYS_PER_FILE_MAX];
	unsigned want_n;
	if (p->mode == MODE_OFF || p->s->self < 0)
		return false;
	if (!p->s->has_salt || !fact_known(p->s->ledger.fact) || !p->s->ledger.exists)
		return p->mode > MODE_OBSERVE; /* the reason was given by ledger_plan */
	if (p->mode <= MODE_OBSERVE)
		return p->generation == GENERATION_NONE ? start_plan(p) : false;
	/* A member that was rolled back holds the cluster, until a person says resume (DESIGN
	 * section 4). */
	if (p->s->debts.rolled_back_at.us)
		rolled_back_tell(p);
	if (p->s->debts.rolled_back_at.us && !p->s->ledger.hold.is_on) {
		snprintf(plan_add(p, ACT_HOLD, "its turn was rolled back: %.300s",
				  p->s->debts.rolled_back_why)
			     ->undo,
			 160, "rotactl resume");
		plan_say(p, "%s was rolled back: the cluster is held.", p->s->self_host);
		return true;
	}
	p->plan->is_rotating = p->generation != GENERATION_NONE;
	switch (p->generation) {
	case GENERATION_OPEN:
		return open_plan(p);
	case GENERATION_CARRIED:
		return carried_plan(p);
	case GENERATION_DEAD:
		return dead_plan(p);
	case GENERATION_NONE:
		break;
	}
	if (retire_plan(p))
		return true;
	want_n = ring_wished(p, want);
	if (want_n > 0 && !ring_is(&p->s->keyfile.ring, want, want_n)) {
		write_plan(p, want, want_n, "the file must hold the key that the set accepts");
		return true;
	}
	return leftover_plan(p) || start_plan(p);
}
