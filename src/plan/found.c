/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger's own house-keeping: that it is ours, that this rotad is known in it, and that the
 * others know how its member stands. In mode observe nothing is written. */
#include <stdio.h>
#include <string.h>

#include "plan/planner.h"

enum { STATEMENT_REFRESH_S = 20 * 60 };

bool plan_writes_ledger(const struct planner *p)
{
	return p->mode >= MODE_ASK ||
	       instance_mode(p->policy, p->instance, KIND_CERTIFICATES) >= MODE_ASK;
}

static bool statement_differs(const struct planner *p)
{
	const struct seen *s = p->s;
	const struct seen_member *self = seen_self(s);
	const struct statement *t = &self->statement;
	if (!self->has_statement)
		return true;
	/* So the others see that this rotad knows of the proposal. */
	if (s->ledger.has_proposal && t->generation != s->ledger.proposal.generation)
		return true;
	if (strcmp(t->process_id, s->process.process_id) != 0 ||
	    strcmp(t->mode, mode_name(p->mode)) != 0)
		return true;
	if (t->retired != anchor_retired_generation(&s->anchor) ||
	    (p->generation == GENERATION_DEAD && !t->is_given_up))
		return true;
	if (!ring_ids_equal(&t->disk, &s->keyfile.ring) &&
	    (t->disk.is_known || s->keyfile.ring.is_known))
		return true;
	if (!ring_ids_equal(&t->running, &s->process.loaded) &&
	    (t->running.is_known || s->process.loaded.is_known))
		return true;
	if (t->is_rehearsed != s->is_rehearsed ||
	    (!s->is_rehearsed && strcmp(t->findings, s->rehearsal) != 0))
		return true;
	if (s->certificate.served.is_known &&
	    strcmp(t->certificate_serial, s->certificate.served.serial) != 0)
		return true;
	if (strcmp(t->certificate_order.hex, s->certificate.order_done.hex) != 0 ||
	    strcmp(t->certificate_refused.hex, s->certificate.order_refused.hex) != 0 ||
	    t->is_certificate_taken_back != s->certificate.is_taken_back ||
	    t->takes_certificates != renew_takes_orders(p->policy, p->instance))
		return true;
	/* By a clock that was set back since it is not known how old it is. */
	return self->statement_moved.us > s->now.us ||
	       s->now.us - self->statement_moved.us > STATEMENT_REFRESH_S * US_S;
}

static void tell_ledger(struct planner *p, enum event_kind kind, const char *what,
			const char *we_did)
{
	/* It is this host's anchor that says so: this host tells it, at once. */
	struct event *e = plan_tell(p, kind, p->s->self_host[0] ? p->s->self_host : p->s->cluster);
	p->plan->needs_attention = true;
	snprintf(e->headline, sizeof(e->headline),
		 "%s: the ledger is not the one this host knows; nothing is done.", p->s->cluster);
	snprintf(e->what, sizeof(e->what), "%s", what);
	snprintf(e->now, sizeof(e->now), "All members run on as they are.");
	snprintf(e->we_did, sizeof(e->we_did), "%s", we_did);
	snprintf(
	    e->you, sizeof(e->you),
	    "Find out what changed it: a dump that was restored, a clone, a dropped collection. "
	    "If the collection admin.rotad.ledger has a newer dump, restore that one alone; "
	    "mongod needs nothing meanwhile. If there is none: rotactl ledger rebuild, on one "
	    "host; where a person has done that, the same with --join and the id it told.");
}

/* In doubt as well: who wrote what is not believed may be the one that took the word away. */
static void publish_owed(struct planner *p)
{
	const struct seen_ledger *l = &p->s->ledger;
	if (l->revocations_owed_n > 0 && l->identities_n > 0 && !l->is_self_revoked &&
	    plan_writes_ledger(p))
		plan_add(
		    p, ACT_PUBLISH_REVOCATION,
		    "%u revoked identities that this host remembers and the ledger does not tell",
		    l->revocations_owed_n);
}

/* Who cannot believe the newest proposal, or a vote (a newcomer that never had the key by which one
 * showed that it belonged here, who has left since) says all the same how its member stands: a
 * statement promises nothing, and the others wait for it to end what this one cannot follow. */
static void state_in_doubt(struct planner *p)
{
	const struct seen *s = p->s;
	if (plan_writes_ledger(p) && s->anchor.ledger.hex[0] && s->self >= 0 &&
	    s->process.is_answering && s->ledger.identities_n > 0 && statement_differs(p))
		plan_add(p, ACT_PUBLISH_STATEMENT, "the others wait for the word of %s",
			 s->self_host);
}

/* A generation that begins with a key that is not the one this host knows: the members tell. Until
 * then nothing is written by it, and a key that one of them refuses is nobody's pivot. */
static bool unproven_plan(struct planner *p)
{
	const struct seen *s = p->s;
	const struct key_name *key = &s->ledger.unproven;
	const struct seen_member *refuses = NULL;
	p->plan->needs_attention = true;
	for (unsigned i = 0; i < seen_asked_n(s); i++) {
		const struct key_proof *k = seen_find_proof(&s->members[i], &key->id);
		if ((int)i == s->self && seen_is_left_out(s))
			continue;
		if (k && k->verdict == LOGIN_REFUSED)
			refuses = &s->members[i];
		else if (p->mode > MODE_OBSERVE)
			(void)plan_look(p, i, &key->id, &p->pivot.id, false);
	}
	if (refuses)
		tell_ledger(p, EVENT_LEDGER_OLDER_THAN_ANCHOR,
			    "Its newest proposal begins with a key that a member refuses, and with "
			    "another one than this host knows as the key in use.",
			    "Nothing is written by that proposal.");
	state_in_doubt(p);
	plan_wait(
	    p, US_S,
	    "The newest proposal begins with key %u, and this host knows key %u as the one in "
	    "use: it is not followed before every member was seen to accept key %u%s%s.",
	    key->number, p->pivot.number, key->number, refuses ? "; it is refused by " : "",
	    refuses ? refuses->host : "");
	return true;
}

/* Long before DOCS_MAX, where not all of it can be read any more. */
static void tell_crowd(struct planner *p)
{
	const struct seen_ledger *l = &p->s->ledger;
	struct event *e = plan_tell(p, EVENT_LEDGER_CROWDED, p->s->cluster);
	p->plan->needs_attention = true;
	snprintf(e->headline, sizeof(e->headline),
		 "%s: the ledger holds %u documents; %u can be read.", p->s->cluster, l->docs_n,
		 (unsigned)DOCS_MAX);
	snprintf(e->what, sizeof(e->what), "They are: %s.", l->crowd);
	snprintf(e->now, sizeof(e->now), "All members run on as they are.");
	snprintf(e->we_did, sizeof(e->we_did),
		 "%u of them are needed by nothing; they are removed as soon as that is certain.",
		 l->outlived_n);
	snprintf(e->you, sizeof(e->you),
		 "If the number does not fall: something else writes to admin.rotad.ledger, or an "
		 "older rotad does not tidy. rotactl explain ledger-crowded");
}

/* PROTOCOL 3: votes are republished from the hosts. Only on the very proposal that this host saw
 * carried: all had voted, so the pivot has moved for ever, whatever the ledger lost since. Where
 * this host saw no end of it, its vote goes the usual way (rotate.c); where it saw a nay, nothing
 * brings the burnt key back. */
static bool vote_again(struct planner *p)
{
	const struct seen *s = p->s;
	const struct proposal *g = &s->ledger.proposal;
	struct act *a;
	if (p->mode < MODE_ASK || s->ledger.is_other_than_anchor || seen_lost_vote(s) != VOTE_YEA ||
	    !key_id_equal(&s->anchor.pivot.id, &g->next.id))
		return false;
	/* A yea names the process, what it has loaded and what the file holds. */
	if (!s->process.is_answering || !s->keyfile.ring.is_known)
		return false;
	if (!s->process.loaded.is_known) {
		(void)plan_look(p, (unsigned)s->self, &g->next.id, &g->next.id, false);
		return false;
	}
	a = plan_add(p, ACT_VOTE, "its yea is on this host's disk, and the ledger has lost it");
	a->vote = VOTE_YEA;
	snprintf(a->undo, sizeof(a->undo), "none: a yea is for ever");
	return true;
}

/* On each host, when it learns of it. */
static void tell_revoked(struct planner *p)
{
	const struct seen *s = p->s;
	const struct seen_ledger *l = &s->ledger;
	struct event *e = plan_tell(p, EVENT_IDENTITY_REVOKED, s->self_host);
	e->severity = l->is_self_revoked ? SEVERITY_CRITICAL : e->severity;
	snprintf(e->headline, sizeof(e->headline),
		 l->is_self_revoked ? "%s: this host's identity is revoked; its rotad does nothing."
				    : "%s: the identity of a host is revoked.",
		 s->cluster);
	snprintf(e->what, sizeof(e->what), "%s.",
		 l->revoked[0] ? l->revoked : "A person said so on another host");
	snprintf(e->now, sizeof(e->now), "All members run on as they are.");
	snprintf(e->we_did, sizeof(e->we_did), "%s",
		 l->is_self_revoked
		     ? "Nothing is written and nothing restarted by this rotad."
		     : "Remembered it: no key is sealed for it, nothing it says is believed.");
	snprintf(
	    e->you, sizeof(e->you), "%s",
	    l->is_self_revoked
		? "If this host is sound again: stop rotad, wipe its state directory, start "
		  "it, and on each other host: rotactl trust confirm"
		: "Take its member out of the set (rs.remove), or stop its mongod for good. Then, "
		  "since what it knew it knows: rotactl rotate keyfile --emergency. If nobody of "
		  "you did this: rotactl pause, and look who was on the host that is named");
}

/* The keyfile's key is to be the one that the set accepts, by this ledger: is it the one that its
 * process goes by? Somebody may have changed the file since it was started. To read the ledger says
 * nothing of it: a standalone's is a file, and a set's may have been read with a key of before. */
static bool is_own_key(struct planner *p)
{
	const struct seen *s = p->s;
	const struct key_id *key = &s->anchor.pivot.id;
	if (strcmp(s->process.cluster_auth_mode, "x509") == 0)
		return true;
	const struct seen_member *self = seen_self(s);
	const struct key_proof *k = self ? seen_find_proof(self, key) : NULL;
	if (!k) {
		if (self && key_id_given(key))
			(void)plan_look(p, (unsigned)s->self, key, key, false);
		plan_wait(p, US_S / 2, "Looks whether %s accepts the key in %s.", s->self_host,
			  s->keyfile.path);
		return false;
	}
	if (k->verdict != LOGIN_REFUSED)
		return true;
	p->plan->needs_attention = true;
	plan_wait(
	    p, 5 * US_S,
	    "%s does not accept the key in %s: the file was changed since it was started. Put "
	    "the right one back, or restart it.",
	    s->self_host, s->keyfile.path);
	return false;
}

/* There is none. */
static void found_plan(struct planner *p)
{
	const struct seen *s = p->s;
	if (!s->is_clock_sane)
		plan_wait(
		    p, 5 * US_S,
		    "The ledger of %s is not made by this host: its clock is wrong: %s. By it "
		    "the others' certificates could not be believed.",
		    s->cluster, s->clock_why);
	else if (is_own_key(p)) {
		plan_add(p, ACT_FOUND_LEDGER, "no rotad has worked here before");
		plan_say(p, "The ledger of %s is made.", s->cluster);
	}
}

bool ledger_plan(struct planner *p)
{
	static const char nothing[] =
	    "Nothing is written and nothing is restarted until a person decides.";
	const struct seen *s = p->s;
	const struct seen_ledger *l = &s->ledger;
	struct token over;
	if (l->revoked[0] || l->is_self_revoked) /* at once: what follows may last */
		tell_revoked(p);
	if (!fact_known(l->fact)) {
		/* A file that would lock the member out is told all the same: now of all times
		 * somebody may restart it. */
		if (s->has_salt && foreign_plan(p))
			return true;
		if (l->is_older_than_anchor || l->is_other_than_anchor)
			tell_ledger(
			    p, EVENT_LEDGER_OLDER_THAN_ANCHOR,
			    "The proposal that this host follows cannot be believed any more.",
			    nothing);
		else if (l->is_doubted) {
			state_in_doubt(p);
			publish_owed(p);
		}
		plan_wait(p, US_S / 2, "Nothing is planned: %s. %.200s",
			  l->is_doubted ? "the ledger is not believed"
					: "the ledger does not answer",
			  l->why);
		return true;
	}
	if (l->is_unknown_protocol) {
		tell_ledger(p, EVENT_LEDGER_UNKNOWN_PROTOCOL,
			    "A document speaks a protocol that this rotad does not know.", nothing);
		plan_say(
		    p,
		    "Nothing is done: the ledger speaks a protocol that this rotad does not know.");
		return true;
	}
	if (l->is_other_than_anchor || l->is_older_than_anchor) {
		bool again = vote_again(p);
		tell_ledger(
		    p, EVENT_LEDGER_OLDER_THAN_ANCHOR,
		    l->is_other_than_anchor
			? "It is another ledger than the one this host's anchor names."
			: "It does not show what this host has seen in it: a generation, its "
			  "votes or its end are missing.",
		    again ? "Published this member's vote again, which this host keeps on its "
			    "disk. Nothing else is done until all votes are there again."
			  : nothing);
		if (again) {
			plan_say(p, "The ledger went back: the vote of %s is published again.",
				 s->self_host);
			return true;
		}
		plan_say(p, "Nothing is done: the ledger is %s than this host's anchor.",
			 l->is_other_than_anchor ? "another" : "older");
		return true;
	}
	if (key_id_given(&l->unproven.id))
		return unproven_plan(p);
	if (l->is_self_revoked) {
		p->plan->needs_attention = true;
		plan_wait(p, 5 * US_S,
			  "Nothing is done: the identity of this host is revoked, and the others "
			  "believe nothing that it says. rotactl explain identity-revoked");
		return true;
	}
	if (!plan_writes_ledger(p))
		return false;
	if (!l->exists) {
		found_plan(p);
		return true;
	}
	if (l->docs_n >= DOCS_CROWDED)
		tell_crowd(p);
	/* By a wrong clock no certificate has expired: the clock is told instead. */
	if (l->not_admitted[0] && s->is_clock_sane) {
		struct event *e = plan_tell(p, EVENT_IDENTITY_NOT_ADMITTED, s->self_host);
		snprintf(e->headline, sizeof(e->headline), "%s: an identity is not admitted.",
			 s->cluster);
		snprintf(e->what, sizeof(e->what), "%s", l->not_admitted);
		snprintf(e->now, sizeof(e->now),
			 "Its documents are not believed; it receives no key.");
		snprintf(e->we_did, sizeof(e->we_did), "Nothing.");
		snprintf(e->you, sizeof(e->you),
			 "rotactl trust list. If that host lost its state directory, on each "
			 "other host: rotactl trust confirm");
	}
	/* Counted once its own identity is there, with the keys it has now: see
	 * round/ledger_read.c. */
	if (l->identities_n == 0) {
		plan_add(p, ACT_PUBLISH_IDENTITY, "so that keys can be sealed for this host");
		plan_say(p, "This rotad makes itself known in the ledger.");
		return true;
	}
	publish_owed(p);
	unsigned keyless_n = l->identities_unwelcomed_n + l->identities_keyless_n;
	if (keyless_n > 0 && s->has_salt && p->mode >= MODE_ASK)
		plan_add(p, ACT_WELCOME, "%u identities have not received the present keyring",
			 keyless_n);
	if (!s->has_salt) {
		plan_wait(p, US_S / 4,
			  "Waits for another rotad of %s to admit this one and to seal the "
			  "cluster's salt for it.%s%s",
			  s->cluster, s->is_clock_sane ? "" : " The clock of this host is wrong: ",
			  s->is_clock_sane ? "" : s->clock_why);
		return true;
	}
	if (s->self >= 0 && s->process.is_answering && statement_differs(p))
		plan_add(p, ACT_PUBLISH_STATEMENT, "%s has changed, or the last word is old",
			 s->self_host);
	/* By whoever sees it first; that another did it meanwhile is the same. */
	if (seen_order_over(s, &over))
		plan_add(p, ACT_END_ORDER, "all whom it concerned have served it")->order = over;
	if (l->csrs_n > 0)
		plan_add(p, ACT_SIGN_REQUESTS,
			 "%u certificate requests wait for this host's authority", l->csrs_n);
	return false;
}
