/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold whoever asks. Each rule names its source. */
#include "plan/safe.h"

#include <string.h>

bool safe_is_up(const struct seen_member *m)
{
	return fact_known(m->hello) && !m->is_quiescing &&
	       (m->is_primary || m->is_secondary || m->is_arbiter || m->is_router);
}

/* MongoDB's manual, replSetGetStatus.writeMajorityCount: the lesser of the majority and the
 * data-bearing voters. */
unsigned safe_write_majority(unsigned voters, unsigned data_voters)
{
	return MIN(voters / 2 + 1, data_voters);
}

bool safe_without(const struct seen *s, unsigned member, bool *ret_votes, bool *ret_writes,
		  unsigned *votes_left, unsigned *data_left)
{
	unsigned voters = 0, votes = 0, data_voters = 0, data = 0;
	ASSERT(member < s->members_n);
	for (unsigned i = 0; i < s->members_n; i++) {
		const struct seen_member *m = &s->members[i];
		if (!m->is_voter)
			continue;
		voters++;
		data_voters += !m->is_arbiter;
		if (i == member || !safe_is_up(m))
			continue;
		votes++;
		data += !m->is_arbiter;
	}
	unsigned majority = voters / 2 + 1;
	unsigned write_majority = safe_write_majority(voters, data_voters);
	*ret_votes = votes >= majority;
	*ret_writes = data >= write_majority;
	if (votes_left)
		*votes_left = votes;
	if (data_left)
		*data_left = data;
	return *ret_votes && *ret_writes;
}

static bool act_has(const struct act *a, const struct key_id *id)
{
	for (unsigned i = 0; i < a->ring_n; i++)
		if (key_id_equal(&a->ring[i].id, id))
			return true;
	return false;
}

static bool own_yea(const struct seen *s)
{
	return anchor_own_vote(&s->anchor, s->anchor.generation) == VOTE_YEA;
}

static bool own_nay(const struct seen *s)
{
	return s->ledger.has_proposal &&
	       anchor_own_vote(&s->anchor, s->ledger.proposal.generation) == VOTE_NAY;
}

/* PROTOCOL 1 and 3: what a keyring that rotad writes must be. */
static bool safe_write(const struct seen *s, const struct act *a, struct err *err)
{
	const struct proposal *p = &s->ledger.proposal;
	struct key_name pivot = seen_pivot(s);
	enum generation_state g = seen_generation(s);
	if (a->ring_n < 1 || a->ring_n > KEYS_PER_FILE_MAX)
		return err_set(err, ERR_BUG, "a keyring of %u keys", a->ring_n);
	for (unsigned i = 0; i < a->ring_n; i++) {
		if (!key_id_given(&a->ring[i].id))
			return err_set(err, ERR_BUG, "a keyring with an unknown key");
		if (anchor_has_retired(&s->anchor, &a->ring[i].id) ||
		    key_id_equal(&s->anchor.burnt.id, &a->ring[i].id))
			return err_set(err, ERR_BUG,
				       "key %u is retired or burnt and is never written again",
				       a->ring[i].number);
	}
	if (!key_id_given(&pivot.id))
		return err_set(err, ERR_BUG, "the pivot is not known");
	if (!act_has(a, &pivot.id))
		return err_set(err, ERR_BUG, "invariant 1: a keyring without the pivot, key %u",
			       pivot.number);
	/* Whatever the ledger says, or does not: what this host has seen itself stands in its
	 * anchor, which follows the ledger before anything is written by it. */
	if (!act_has(a, &s->anchor.pivot.id))
		return err_set(err, ERR_BUG, "a keyring without the anchor's pivot, key %u",
			       s->anchor.pivot.number);
	const struct key_id *promised = s->ledger.has_proposal ? &p->next.id : &s->anchor.next.id;
	/* A nay frees from the promise, also where it was found out after the generation's end. */
	if (own_yea(s) && g != GENERATION_DEAD && key_id_given(promised) &&
	    !key_id_equal(promised, &s->anchor.burnt.id) &&
	    !anchor_has_retired(&s->anchor, promised) && !act_has(a, promised))
		return err_set(err, ERR_BUG,
			       "invariant 2: a keyring without key %u after this member's yea",
			       p->next.number);
	/* The look (PROTOCOL 1): before the first write without p, every member of the set accepts
	 * q alone, by own logins. */
	/* Once p is retired it was refused by every member: a file that holds it again (somebody
	 * put it back) is good for nothing, and what replaces it can only mend. */
	bool is_narrowing = g == GENERATION_CARRIED ||
			    (s->ledger.roll.closure.is_given && s->ledger.roll.closure.is_carried &&
			     ring_ids_has(&s->keyfile.ring, &p->pivot.id) &&
			     !anchor_has_retired(&s->anchor, &p->pivot.id));
	if (s->ledger.has_proposal && is_narrowing && !act_has(a, &p->pivot.id)) {
		if (!seen_is_whole(s, NULL))
			return err_set(err, ERR_BUG, "invariant 2: not all sets are known");
		for (unsigned i = 0; i < seen_all_n(s); i++) {
			const struct seen_member *m = &s->members[i];
			int r = seen_roll_index(s, m->host);
			/* Of another set its vote says it (PROTOCOL 1). */
			if ((r >= 0 && i >= s->members_n) || seen_is_passed_over(s, i))
				continue;
			if (!seen_accepts(m, &p->next.id))
				return err_set(
				    err, ERR_BUG,
				    "invariant 2: '%s' is not seen to accept key %u alone", m->host,
				    p->next.number);
		}
	}
	return true;
}

static bool safe_restart(const struct seen *s, const struct act *a, struct err *err)
{
	struct key_name pivot = seen_pivot(s);
	/* Invariant 8: unknown never permits a disruptive act. */
	if (!s->keyfile.ring.is_known)
		return err_set(err, ERR_BUG,
			       "invariant 8: the keyfile is not readable: this member is not "
			       "restarted");
	if (!ring_ids_has(&s->keyfile.ring, &pivot.id))
		return err_set(
		    err, ERR_BUG,
		    "PROTOCOL 4: the file lacks the pivot, key %u: this member is not restarted",
		    pivot.number);
	/* A yea promised it, whoever wrote the file since. */
	if (s->ledger.has_proposal && seen_generation(s) == GENERATION_OPEN && own_yea(s) &&
	    !ring_ids_has(&s->keyfile.ring, &s->ledger.proposal.next.id))
		return err_set(
		    err, ERR_BUG,
		    "PROTOCOL 1: the file lacks key %u after this member's yea: it is not "
		    "restarted",
		    s->ledger.proposal.next.number);
	if (s->is_standalone || s->members_n == 1)
		return true;
	if (!s->ledger.is_claim_mine || s->ledger.claim.state != CLAIM_ACTING)
		return err_set(err, ERR_BUG, "invariant 3: a restart without an acting claim");
	if (strcmp(s->ledger.claim.host, s->self_host) != 0)
		return err_set(err, ERR_BUG, "the claim is for '%s'", s->ledger.claim.host);
	if (a->kind == ACT_RESTART && s->process.is_answering)
		for (unsigned i = 0; i < s->members_n; i++)
			if ((int)i != s->self &&
			    (s->members[i].is_voter || s->members[i].is_router) &&
			    !fact_known(s->members[i].hello) && !seen_is_dead(s, i))
				return err_set(err, ERR_BUG, "invariant 3: '%s' does not answer",
					       s->members[i].host);
	return true;
}

/* The other half of a restart that was safe: nothing is taken down by it. */
static bool safe_start(const struct seen *s, struct err *err)
{
	struct key_name pivot = seen_pivot(s);
	if (!s->job.is_open)
		return err_set(err, ERR_BUG, "a start of a member that rotad did not stop");
	if (s->process.is_alive || !fact_known(s->process.fact))
		return err_set(err, ERR_BUG, "a start of a member that is not known to be down");
	/* The anchor may still name the pivot before this one, and the ledger is not read now. */
	if (!ring_ids_equal(&s->keyfile.ring, &s->job.ring) &&
	    !ring_ids_has(&s->keyfile.ring, &pivot.id))
		return err_set(err, ERR_BUG,
			       "PROTOCOL 4: the file is not the one it was stopped for and lacks "
			       "the pivot, key %u: this member is not started",
			       pivot.number);
	return true;
}

static bool safe_vote(const struct seen *s, const struct act *a, struct err *err)
{
	const struct proposal *p = &s->ledger.proposal;
	const struct seen_member *self = seen_self(s);
	if (!s->ledger.has_proposal || a->generation != p->generation)
		return err_set(err, ERR_BUG, "a vote for generation %llu, which is not open",
			       (unsigned long long)a->generation);
	if (a->vote == VOTE_YEA && own_nay(s))
		return err_set(err, ERR_BUG, "a yea after a nay");
	if (a->vote == VOTE_NAY && own_yea(s))
		return err_set(err, ERR_BUG, "a nay after a yea");
	if (a->vote == VOTE_NAY)
		return true;
	/* It was given, and all had voted: the same one again, as the anchor keeps it (PROTOCOL 3).
	 */
	if (seen_lost_vote(s) == VOTE_YEA && key_id_equal(&s->anchor.pivot.id, &p->next.id))
		return true;
	if (s->process.pending[0])
		return err_set(err, ERR_BUG,
			       "PROTOCOL 1: a yea while the next start would differ: %.200s",
			       s->process.pending);
	if (!ring_ids_has(&s->keyfile.ring, &p->pivot.id) ||
	    !ring_ids_has(&s->keyfile.ring, &p->next.id))
		return err_set(err, ERR_BUG,
			       "PROTOCOL 1: a yea while the file does not hold both keys");
	if (!self || !seen_accepts(self, &p->next.id))
		return err_set(
		    err, ERR_BUG,
		    "PROTOCOL 1: a yea while the process is not seen to accept key %u alone",
		    p->next.number);
	return true;
}

static bool safe_close(const struct seen *s, struct err *err)
{
	const struct proposal *p = &s->ledger.proposal;
	enum generation_state g = seen_generation(s);
	if (g != GENERATION_CARRIED)
		return g == GENERATION_DEAD ||
		       err_set(err, ERR_BUG, "a generation that is still open cannot be closed");
	if (!seen_is_whole(s, NULL))
		return err_set(err, ERR_BUG, "invariant 2: not all sets are known");
	for (unsigned i = 0; i < seen_all_n(s); i++) {
		if (!seen_is_passed_over(s, i) && !seen_refuses(&s->members[i], &p->pivot.id))
			return err_set(err, ERR_BUG,
				       "invariant 2: '%s' is not proven to refuse key %u",
				       s->members[i].host, p->pivot.number);
	}
	return true;
}

bool safe_holds(const struct seen *s, const struct act *a, struct err *err)
{
	switch (a->kind) {
	case ACT_PUT_KEYFILE:
	case ACT_RESTORE_KEYFILE:
	case ACT_ROLL_BACK:
		return safe_write(s, a, err);
	case ACT_STEP_DOWN:
	case ACT_RESTART:
		return safe_restart(s, a, err);
	case ACT_START:
		return safe_start(s, err);
	case ACT_VOTE:
		return safe_vote(s, a, err);
	case ACT_INSTALL_CERTIFICATE:
		return s->certificate.stage == CERT_STAGE_STAGED ||
		       err_set(err, ERR_BUG,
			       "invariant 4: a certificate that did not pass the preflight");
	case ACT_CONFIRM_CERTIFICATE:
		/* The way back ends here: what it came from is wiped. */
		return !s->certificate.is_reload_running ||
		       err_set(err, ERR_BUG,
			       "invariant 5: the reload is not over, and the previous "
			       "certificate would be wiped");
	case ACT_CLOSE:
		return safe_close(s, err);
	case ACT_PROPOSE:
		return seen_is_whole(s, NULL) ||
		       err_set(err, ERR_BUG,
			       "a key of a part alone, of a cluster whose sets share it");
	case ACT_FOUND_LEDGER:
	case ACT_PUBLISH_IDENTITY:
	case ACT_WELCOME:
	case ACT_PUBLISH_STATEMENT:
	case ACT_TAKE_CLAIM:
	case ACT_CLAIM_ACTING:
	case ACT_RELEASE_CLAIM:
	case ACT_SET_DRAIN:
	case ACT_END_JOB:
	case ACT_HOLD:
	case ACT_RETIRE:
	case ACT_ASK_AUTHORITY:
	case ACT_RELOAD:
	case ACT_ROLL_BACK_CERTIFICATE:
	case ACT_SIGN_REQUESTS:
	case ACT_PUBLISH_REVOCATION:
	case ACT_END_ORDER:
	case ACT_TIDY_LEDGER:
	case ACT_N:
		break;
	}
	return true;
}
