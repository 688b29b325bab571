/* SPDX-License-Identifier: Apache-2.0 */
/* A keyfile that rotad did not write (DESIGN section 4, PROTOCOL 4): noted, put back once, or held.
 */
#include <stdio.h>
#include <string.h>

#include "plan/planner.h"

/* What a file of this member must hold to be right: the pivot, and after its yea the next key. */
struct wanted {
	struct key_id pivot, next; /* next not given: none is promised */
};

static struct wanted wanted_of(const struct seen *s)
{
	enum generation_state g = seen_generation(s);
	int r = seen_roll_index(s, s->self_host);
	/* Without the ledger the anchor tells as much: told at once, put right when it answers. */
	bool has_ledger = fact_known(s->ledger.fact);
	bool yea = g == GENERATION_CARRIED ||
		   (g == GENERATION_OPEN && r >= 0 && s->ledger.roll.votes[r].word == VOTE_YEA) ||
		   (!has_ledger && anchor_own_vote(&s->anchor, s->anchor.generation) == VOTE_YEA);
	struct wanted w = {.pivot = seen_pivot(s).id};
	if (yea)
		w.next = has_ledger ? s->ledger.proposal.next.id : s->anchor.next.id;
	if (key_id_equal(&w.next, &s->anchor.burnt.id)) /* a nay frees from the promise */
		w.next = (struct key_id){.hex = ""};
	return w;
}

static bool is_right(const struct ring_ids *r, const struct wanted *w)
{
	return r->is_known && ring_ids_has(r, &w->pivot) &&
	       (!key_id_given(&w->next) || ring_ids_has(r, &w->next));
}

bool foreign_stands(const struct seen *s, enum mode mode)
{
	const struct seen_keyfile *k = &s->keyfile;
	struct wanted w = wanted_of(s);
	return mode > MODE_OFF && k->is_foreign && key_id_given(&w.pivot) &&
	       (k->has_stranger || !is_right(&k->ring, &w));
}

/* What brings the right file back. Mending what wrote it does not. */
void foreign_advice(const struct seen *s, char *out, size_t out_n)
{
	struct wanted w = wanted_of(s);
	const struct seen_member *donor = NULL;
	for (unsigned i = 0; i < seen_all_n(s); i++)
		if ((int)i != s->self && s->members[i].has_statement &&
		    is_right(&s->members[i].statement.disk, &w))
			donor = &s->members[i];
	if (donor)
		snprintf(out, out_n,
			 "Stop what wrote it (or set keyfile: {writer: external}). Then copy the "
			 "keyfile of %.120s, whose file is right, over the one here, with the "
			 "owner and mode that it has here. Then: rotactl resume",
			 donor->host);
	else
		snprintf(out, out_n,
			 "Stop what wrote it (or set keyfile: {writer: external}). Then put a "
			 "keyfile with key %u there, from a member that runs with it or from a "
			 "backup, with the owner and mode that it has here. Then: rotactl resume",
			 seen_pivot(s).number);
}

/* A hint: the journal tells what was started, not who wrote. */
static void tell_suspect(const struct seen_keyfile *k, char *what, size_t what_n)
{
	size_t n = strlen(what);
	if (k->suspect[0])
		snprintf(what + n, what_n - n, " Just before, says this host's journal: %s.",
			 k->suspect);
}

static void tell(struct planner *p, enum event_kind kind, const char *keys, const char *we_did,
		 bool is_put_back)
{
	const struct seen *s = p->s;
	const struct seen_keyfile *k = &s->keyfile;
	struct event *e = plan_tell(p, kind, s->self_host);
	char when[40];
	p->plan->needs_attention = true;
	snprintf(e->headline, sizeof(e->headline),
		 "%s/%s: the keyfile on disk was replaced by something other than rotad, and the "
		 "next restart of %s would lock it out.",
		 s->cluster, s->self_host, s->self_host);
	snprintf(e->what, sizeof(e->what),
		 "%.300s holds %s; the set accepts key %u. Written %s. The file's owner is uid "
		 "%u%s%s%s.",
		 k->path, keys, p->pivot.number, wall_print_utc(k->modified, when, sizeof(when)),
		 k->uid, k->marker[0] ? "; text has \"" : "", k->marker, k->marker[0] ? "\"" : "");
	tell_suspect(k, e->what, sizeof(e->what));
	snprintf(
	    e->now, sizeof(e->now),
	    "%s runs on with the keys it has loaded. DO NOT restart it until its file is right.",
	    s->self_host);
	snprintf(e->we_did, sizeof(e->we_did), "%s", we_did);
	if (is_put_back)
		snprintf(e->you, sizeof(e->you),
			 "Stop what wrote it, or set keyfile: {writer: external}. Then: %s"
			 "rotactl resume",
			 p->plan->waits_for_approval ? "rotactl approve; once it is put back: "
						     : "");
	else
		foreign_advice(s, e->you, sizeof(e->you));
}

/* Nobody wrote it anew: its mode or owner was changed, and mongod would not start with it. It is
 * not held: nothing restarts this member before its file can be read, and that mends it. */
static void tell_misplaced(struct planner *p)
{
	const struct seen *s = p->s;
	const struct seen_keyfile *k = &s->keyfile;
	struct event *e = plan_tell(p, EVENT_KEYFILE_UNREADABLE, s->self_host);
	p->plan->needs_attention = true;
	plan_wait(p, 5 * US_S,
		  "mongod of %s would not start with its keyfile any more (%.200s). Do not restart "
		  "it before that is mended.",
		  s->self_host, k->why);
	snprintf(e->headline, sizeof(e->headline),
		 "%s/%s: mongod would not start with its keyfile any more: its permissions were "
		 "changed.",
		 s->cluster, s->self_host);
	snprintf(e->what, sizeof(e->what), "%.200s: %.300s. The keys in it are the right ones.",
		 k->path, k->why);
	snprintf(e->now, sizeof(e->now),
		 "%s runs on. DO NOT restart it before this is mended: it would not come back.",
		 s->self_host);
	snprintf(e->we_did, sizeof(e->we_did),
		 "Nothing. It goes on by itself once this is mended.");
	snprintf(e->you, sizeof(e->you), "chmod 600 %.400s", k->path);
}

static void hold(struct planner *p, const char *why)
{
	/* Mode observe writes nothing, also no ledger (invariant 12). */
	if (p->mode >= MODE_ASK && !p->s->ledger.hold.is_on && p->s->ledger.exists)
		snprintf(plan_add(p, ACT_HOLD, "%s", why)->undo, 160, "rotactl resume");
}

/* Where what is put back lacks a key that is not retired yet, the look comes first (PROTOCOL 1). */
static bool is_looked(struct planner *p, const char **ret_why)
{
	const struct seen *s = p->s;
	const struct proposal *g = &s->ledger.proposal;
	const struct closure *c = &s->ledger.roll.closure;
	bool all = true;
	*ret_why = "";
	if (!s->ledger.has_proposal || anchor_has_retired(&s->anchor, &g->pivot.id) ||
	    (p->generation != GENERATION_CARRIED && !(c->is_given && c->is_carried)))
		return true;
	if (!seen_is_whole(s, ret_why))
		return false;
	for (unsigned i = 0; i < seen_all_n(s); i++) {
		/* Of another set its vote says that it accepts the new key. */
		bool is_told = i >= s->members_n && seen_roll_index(s, s->members[i].host) >= 0;
		if (!is_told && !seen_is_passed_over(s, i) &&
		    !plan_look(p, i, &g->next.id, &g->next.id, false))
			all = false;
	}
	return all;
}

/* It was put right before mongod was started with it: told and held as any foreign write. */
static bool mended_plan(struct planner *p)
{
	const struct seen *s = p->s;
	struct event *e;
	char when[40];
	if (!s->debts.mended_at.us || p->mode < MODE_ASK)
		return false;
	hold(p, "a foreign write of the keyfile, put right before mongod was started");
	e = plan_tell(p, EVENT_FOREIGN_WRITE, s->self_host);
	p->plan->needs_attention = true;
	snprintf(e->headline, sizeof(e->headline),
		 "%s/%s: the keyfile on disk was replaced by something other than rotad, and put "
		 "back before %s was started.",
		 s->cluster, s->self_host, s->self_host);
	snprintf(e->what, sizeof(e->what), "%.300s: %.300s; put back %s.", s->keyfile.path,
		 s->debts.mended_why, wall_print_utc(s->debts.mended_at, when, sizeof(when)));
	snprintf(e->now, sizeof(e->now),
		 "%s was started with the right keys. If it is overwritten again within 24 h it "
		 "is not put back.",
		 s->self_host);
	snprintf(e->we_did, sizeof(e->we_did),
		 "Put the keyfile back once (rotad --before-start), parsed it, and held all "
		 "rotations.");
	snprintf(e->you, sizeof(e->you),
		 "Stop what wrote it, or set keyfile: {writer: external}. Then: rotactl resume");
	if (!s->ledger.hold.is_on) /* else who holds it is said */
		plan_say(p,
			 "The keyfile of %s was put back before it was started: everything is "
			 "held.",
			 s->self_host);
	return p->plan->acts_n > 0; /* where the ledger answers */
}

static bool has_dead(const struct ring_ids *ring, const struct anchor *a)
{
	bool any = ring_has_retired(ring, a);
	for (unsigned i = 0; i < ring->n; i++)
		any |= key_id_equal(&ring->ids[i], &a->burnt.id);
	return any;
}

/* Somebody may have brought the keyfile of a set that went on without this host: a key that came
 * after the pivot, as far as this host knows, is not taken from the file (PROTOCOL 4: older). */
static bool loses_newer(const struct ring_ids *ring, const struct ring_ids *written,
			const struct anchor *a)
{
	const struct key_id *newer[] = {&a->next.id, &a->standby.id};
	for (size_t i = 0; i < ARRAY_N(newer); i++)
		if (key_id_given(newer[i]) && !key_id_equal(newer[i], &a->burnt.id) &&
		    !anchor_has_retired(a, newer[i]) && ring_ids_has(ring, newer[i]) &&
		    !ring_ids_has(written, newer[i]))
			return true;
	return false;
}

enum before_start foreign_before_start(const struct seen *s, const struct policy *policy,
				       const struct instance_policy *instance,
				       const struct ring_ids *written, struct act *ret, char *why,
				       size_t why_n)
{
	const struct seen_keyfile *k = &s->keyfile;
	const struct keyfile_policy *f = &policy->keyfile;
	const struct wanted w = wanted_of(s);
	const enum mode mode = instance_mode(policy, instance, KIND_KEYFILE);
	const struct {
		bool is_so;
		const char *why;
	} doubts[] = {
	    {!s->anchor.ledger.hex[0] || !key_id_given(&w.pivot),
	     "this rotad belongs to no ledger yet: what the file must hold is not known"},
	    {!k->ring.is_known, k->why[0] ? k->why : "the keyfile is not known"},
	    {k->has_stranger, "it holds a key that is not known here"},
	    {mode != MODE_ACT,
	     policy->mode_why[0] ? policy->mode_why : "rotad may not act here (mode)"},
	    {f->writer != WRITER_ROTAD, "somebody else writes it (writer: external)"},
	    {f->on_foreign_write != FOREIGN_RESTORE, "onForeignWrite is hold"},
	    {s->debts.restored_at.us != 0,
	     "it was put back within 24 h already: something writes it again and again"},
	    {s->job.is_open, "rotad itself is restarting this member"},
	    {!is_right(written, &w) || has_dead(written, &s->anchor),
	     "what this rotad wrote last is not what it must hold now"},
	    {loses_newer(&k->ring, written, &s->anchor),
	     "it holds a newer key than what this rotad wrote last: the set may have gone on "
	     "without this host"},
	};
	if (key_id_given(&w.pivot) && s->anchor.ledger.hex[0] && is_right(&k->ring, &w)) {
		snprintf(why, why_n, "it holds the key in use");
		return BEFORE_START_RIGHT;
	}
	for (size_t i = 0; i < ARRAY_N(doubts); i++)
		if (doubts[i].is_so) {
			snprintf(why, why_n, "%s", doubts[i].why);
			return BEFORE_START_DOUBT;
		}
	*ret = (struct act){.kind = ACT_RESTORE_KEYFILE, .ring_n = written->n};
	for (unsigned i = 0; i < written->n; i++)
		ret->ring[i] = (struct key_name){.number = seen_key_number(s, &written->ids[i]),
						 .id = written->ids[i]};
	snprintf(why, why_n, "it holds %s",
		 has_dead(&k->ring, &s->anchor) ? "a dead key" : "other keys than it must hold");
	snprintf(ret->reason, sizeof(ret->reason), "before a start: %s; put back once", why);
	return BEFORE_START_WRITE;
}

bool foreign_plan(struct planner *p)
{
	const struct seen *s = p->s;
	const struct seen_keyfile *k = &s->keyfile;
	bool has_ledger = fact_known(s->ledger.fact);
	struct key_name want[KEYS_PER_FILE_MAX];
	unsigned want_n = ring_wished(p, want);
	bool has_retired = false;
	if (mended_plan(p))
		return true;
	if (p->mode == MODE_OFF || !k->is_foreign || !key_id_given(&p->pivot.id))
		return false;
	if (k->is_misplaced) {
		tell_misplaced(p);
		return true;
	}
	if (!foreign_stands(s, p->mode)) {
		struct event *e = plan_tell(p, EVENT_FOREIGN_WRITE_HARMLESS, s->self_host);
		snprintf(e->headline, sizeof(e->headline),
			 "%s/%s: something other than rotad wrote the keyfile; it still "
			 "holds key %u.",
			 s->cluster, s->self_host, p->pivot.number);
		snprintf(e->what, sizeof(e->what), "%.400s was written by uid %u%s%s.", k->path,
			 k->uid, k->marker[0] ? ", with " : "", k->marker);
		tell_suspect(k, e->what, sizeof(e->what));
		snprintf(e->now, sizeof(e->now), "Safe: a restart keeps the member in the set.");
		snprintf(e->we_did, sizeof(e->we_did),
			 "Noted it; the plan goes on from what the file holds.");
		snprintf(e->you, sizeof(e->you),
			 "Find out who writes it, before a rotation needs the file to stay "
			 "as rotad leaves it.");
		return false;
	}
	for (unsigned i = 0; i < k->ring.n; i++)
		has_retired |= anchor_has_retired(&s->anchor, &k->ring.ids[i]);
	char keys[96];
	if (!k->ring.is_known)
		snprintf(keys, sizeof(keys), "no keyring that mongod would take (%.48s)", k->why);
	else
		snprintf(keys, sizeof(keys), "%s",
			 k->has_stranger ? "a key that the ledger does not know"
			 : has_retired   ? "only retired keys"
					 : "not the keys of this generation");
	bool may_restore = p->mode >= MODE_ASK &&
			   p->policy->keyfile.on_foreign_write == FOREIGN_RESTORE &&
			   p->policy->keyfile.writer == WRITER_ROTAD && k->ring.is_known &&
			   !k->has_stranger && s->debts.restored_at.us == 0 && has_ledger;
	if (may_restore && p->mode == MODE_ASK && !seen_is_approved(s, APPROVAL_RESTORE)) {
		hold(p, "a foreign write of the keyfile");
		plan_wants_approval(p, APPROVAL_RESTORE);
		tell(p, EVENT_FOREIGN_WRITE, keys,
		     "Held all rotations. The file is put back once a person approves it (mode "
		     "ask).",
		     true);
		plan_wait(p, 5 * US_S,
			  "The keyfile of %s was overwritten by something else (%s): it is put "
			  "back once, when a person approves it: rotactl approve. Do not restart "
			  "it.",
			  s->self_host, keys);
		return true;
	}
	if (may_restore) {
		hold(
		    p,
		    "a foreign write of the keyfile"); /* first: an act that fails ends the round */
		struct act *a;
		const char *why;
		if (!is_looked(p, &why)) {
			tell(p, EVENT_FOREIGN_WRITE, keys,
			     "Held all rotations. It is put back once every member was seen to "
			     "accept the key in use.",
			     true);
			plan_wait(
			    p, US_S / 2,
			    "The keyfile of %s was overwritten by something else (%s): it is "
			    "put back once every member was seen to accept key %u%s%s. Do not "
			    "restart it.",
			    s->self_host, keys, p->pivot.number,
			    why[0] ? "; not all who share it are known: " : "", why);
			return true;
		}
		a = plan_add(p, ACT_RESTORE_KEYFILE, "the file holds %s; put back once", keys);
		a->ring_n = want_n;
		memcpy(a->ring, want, want_n * sizeof(*want));
		tell(p, EVENT_FOREIGN_WRITE, keys,
		     "Put the keyfile back once, parsed it, and held all rotations. If it is "
		     "overwritten again we will not fight.",
		     true);
		plan_say(p,
			 "The keyfile of %s was overwritten by something else (%s): it is put back "
			 "once, and everything is held.",
			 s->self_host, keys);
		return true;
	}
	hold(p, "a foreign write of the keyfile that is not put right");
	tell(p, s->debts.restored_at.us ? EVENT_SECOND_WRITER : EVENT_FOREIGN_WRITE, keys,
	     s->debts.restored_at.us
		 ? "Nothing more: it was put back once within 24 h. All rotations are held."
	     : !has_ledger
		 ? "Nothing yet: the ledger does not answer. No rotation can go on either."
	     : p->mode <= MODE_OBSERVE ? "Nothing: rotad only looks (mode observe)."
				       : "Held all rotations. The file is left as it is.",
	     false);
	plan_wait(p, 5 * US_S,
		  "The keyfile of %s was overwritten by something else (%s); nothing more is "
		  "written. Do not restart it.",
		  s->self_host, keys);
	return true;
}
