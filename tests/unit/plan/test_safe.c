/* SPDX-License-Identifier: Apache-2.0 */
/* The invariants as code: each rule permits what it should and refuses its own breach, whoever
 * proposes it. */
#include "lib/test.h"

#include "lib/plan_case.h"
#include "plan/safe.h"

static struct act writes(enum act_kind kind, unsigned first, unsigned second)
{
	struct act a = {.kind = kind, .ring_n = second ? 2 : 1, .generation = 1};
	a.ring[0] = key_n(first);
	a.ring[1] = second ? key_n(second) : (struct key_name){.number = 0};
	return a;
}
static struct act does(enum act_kind kind)
{
	return (struct act){.kind = kind, .generation = 1};
}
static struct act votes(enum vote_word word)
{
	return (struct act){.kind = ACT_VOTE, .generation = 1, .vote = word};
}
static void burn(struct seen *s, unsigned key)
{
	s->anchor.retired[s->anchor.retired_n++] = key_n(key);
}
static void open(struct seen *s, const char *word)
{
	case_propose(s, word);
	case_rings(s, 1, ring_of(1, 2), ring_of(1, 2));
	case_proof(s, 1, 2, LOGIN_ACCEPTED);
}
/* All have voted, and all are proven to accept key 2 alone and to refuse key 1. */
static void carried(struct seen *s)
{
	case_propose(s, "yyy");
	s->anchor.pivot = key_n(2);
	for (unsigned i = 0; i < 3; i++) {
		case_proof(s, i, 2, LOGIN_ACCEPTED);
		case_proof(s, i, 1, LOGIN_REFUSED);
	}
}
/* The ledger went back to before b's vote; b saw key 2 carried, and has it alone. */
static void lost(struct seen *s)
{
	s->ledger.roll.votes[1].word = VOTE_NONE;
	s->anchor.pivot = key_n(2);
	case_rings(s, 1, ring_of(2, 0), ring_of(2, 0));
}
static void my_turn(struct seen *s)
{
	case_claim(s, CLAIM_ACTING, 1);
}
/* Stopped by us, not started again. */
static void stopped(struct seen *s)
{
	open(s, "---");
	s->job.is_open = true;
	s->process.is_answering = s->process.is_alive = false;
}
static void unread(struct seen *s)
{
	memset(&s->ledger, 0, sizeof(s->ledger));
}

/* X(name, may, word of the refusal, act, what is seen) by b's rotad. */
#define ROWS(X)                                                                                    \
	X(write_both, true, "", writes(ACT_PUT_KEYFILE, 1, 2), open(s, "---"))                     \
	X(write_back, true, "", writes(ACT_PUT_KEYFILE, 1, 0), open(s, "---"))                     \
	X(write_narrow, true, "", writes(ACT_PUT_KEYFILE, 2, 0), carried(s))                       \
	X(write_nothing, false, "0 keys", does(ACT_PUT_KEYFILE), open(s, "---"))                   \
	X(write_three, false, "3 keys", writes(ACT_PUT_KEYFILE, 1, 2), open(s, "---");             \
	  a->ring_n = 3)                                                                           \
	X(write_unknown, false, "unknown key", writes(ACT_PUT_KEYFILE, 1, 2), open(s, "---");      \
	  a->ring[1].id.hex[0] = 0)                                                                \
	X(write_burnt, false, "retired or burnt", writes(ACT_PUT_KEYFILE, 1, 2), open(s, "---");   \
	  burn(s, 2))                                                                              \
	X(write_given_up, false, "retired or burnt", writes(ACT_PUT_KEYFILE, 1, 2),                \
	  open(s, "---");                                                                          \
	  s->anchor.burnt = key_n(2))                                                              \
	X(restore_burnt, false, "retired or burnt", writes(ACT_RESTORE_KEYFILE, 1, 2),             \
	  open(s, "---");                                                                          \
	  burn(s, 2))                                                                              \
	X(write_no_pivot_known, false, "pivot is not known", writes(ACT_PUT_KEYFILE, 1, 0),        \
	  s->anchor.pivot = (struct key_name){.number = 0})                                        \
	X(write_without_pivot, false, "invariant 1", writes(ACT_PUT_KEYFILE, 2, 0),                \
	  open(s, "---"))                                                                          \
	X(write_by_a_liars_proposal, false, "without the anchor's pivot",                          \
	  writes(ACT_PUT_KEYFILE, 1, 2), open(s, "---");                                           \
	  s->anchor.pivot = key_n(7))                                                              \
	X(write_early_narrow, false, "invariant 1", writes(ACT_PUT_KEYFILE, 2, 0), open(s, "yy-")) \
	X(write_roll_unread, false, "invariant 1", writes(ACT_PUT_KEYFILE, 2, 0), carried(s);      \
	  s->ledger.roll.rev = 0)                                                                  \
	X(write_old_after_all, false, "invariant 1", writes(ACT_PUT_KEYFILE, 1, 0), carried(s))    \
	X(roll_back_stranger, false, "invariant 1", writes(ACT_ROLL_BACK, 3, 0), open(s, "---"))   \
	X(write_back_after_yea, false, "after this member's yea", writes(ACT_PUT_KEYFILE, 1, 0),   \
	  open(s, "-y-"))                                                                          \
	X(roll_back_after_yea, false, "after this member's yea", writes(ACT_ROLL_BACK, 1, 0),      \
	  open(s, "-y-"))                                                                          \
	X(roll_back_after_yea_renamed, false, "after this member's yea",                           \
	  writes(ACT_ROLL_BACK, 1, 0), open(s, "-y-");                                             \
	  cut_z(s->anchor.votes[0].host, HOST_BYTES_MAX, "as.it.was:27017"))                       \
	X(nay_after_yea_renamed, false, "a nay after a yea", votes(VOTE_NAY), open(s, "-y-");      \
	  lost(s); cut_z(s->anchor.votes[0].host, HOST_BYTES_MAX, "as.it.was:27017"))              \
	X(roll_back_after_yea_nameless, false, "after this member's yea",                          \
	  writes(ACT_ROLL_BACK, 1, 0), open(s, "-y-");                                             \
	  unread(s); s->self_host[0] = 0)                                                          \
	X(write_back_after_others_nay, true, "", writes(ACT_PUT_KEYFILE, 1, 0), open(s, "-yn"))    \
	X(write_unseen, false, "'c:27017' is not seen to accept", writes(ACT_PUT_KEYFILE, 2, 0),   \
	  carried(s);                                                                              \
	  s->members[2].proofs_n = 0)                                                              \
	X(write_seen_refusing, false, "'c:27017' is not seen to accept",                           \
	  writes(ACT_PUT_KEYFILE, 2, 0), carried(s);                                               \
	  s->members[2].proofs[0].verdict = LOGIN_REFUSED)                                         \
	X(write_seen_before_restart, false, "'a:27017' is not seen to accept",                     \
	  writes(ACT_PUT_KEYFILE, 2, 0), carried(s);                                               \
	  s->members[0].process_id[3] = 'x')                                                       \
	X(write_seen_without_hello, false, "'a:27017' is not seen to accept",                      \
	  writes(ACT_PUT_KEYFILE, 2, 0), carried(s);                                               \
	  s->members[0].hello.who = WITNESS_NONE)                                                  \
	X(write_newcomer_unseen, false, "'d:27017' is not seen", writes(ACT_PUT_KEYFILE, 2, 0),    \
	  carried(s);                                                                              \
	  s->members_n = 4; case_member(s, 3, false))                                              \
	X(write_without_dead_one, true, "", writes(ACT_PUT_KEYFILE, 2, 0), carried(s);             \
	  s->members[2].hello.who = WITNESS_NONE; s->ledger.roll.is_without[2] = true)             \
	X(write_beside_dead_one_alive, false, "'c:27017' is not seen to accept",                   \
	  writes(ACT_PUT_KEYFILE, 2, 0), carried(s);                                               \
	  s->members[2].proofs_n = 0; s->ledger.roll.is_without[2] = true)                         \
	X(write_narrow_of_who_knows_what, false, "not all sets are known",                         \
	  writes(ACT_PUT_KEYFILE, 2, 0), carried(s);                                               \
	  s->sharding.fact.who = WITNESS_NONE)                                                     \
	X(close_without_dead_one, true, "", does(ACT_CLOSE), carried(s);                           \
	  s->members[2].hello.who = WITNESS_NONE; s->ledger.roll.is_without[2] = true)             \
	X(close_beside_dead_one_alive, false, "'c:27017' is not proven to refuse",                 \
	  does(ACT_CLOSE), carried(s);                                                             \
	  s->members[2].proofs_n = 0; s->ledger.roll.is_without[2] = true)                         \
	X(keep_both_unseen, true, "", writes(ACT_PUT_KEYFILE, 1, 2), carried(s);                   \
	  s->members[2].proofs_n = 0)                                                              \
	X(unread_pivot, true, "", writes(ACT_ROLL_BACK, 1, 0), unread(s))                          \
	X(unread_no_pivot, false, "key 1", writes(ACT_ROLL_BACK, 2, 0), unread(s))                 \
	X(restart, true, "", does(ACT_RESTART), open(s, "---"); my_turn(s))                        \
	X(step_down, true, "", does(ACT_STEP_DOWN), open(s, "---"); my_turn(s))                    \
	X(restart_without_pivot, false, "lacks the pivot", does(ACT_RESTART), open(s, "---");      \
	  my_turn(s); s->keyfile.ring = ring_of(2, 3))                                             \
	X(restart_unclaimed, false, "without an acting claim", does(ACT_RESTART), open(s, "---"))  \
	X(restart_waiting, false, "without an acting claim", does(ACT_RESTART), open(s, "---");    \
	  case_claim(s, CLAIM_WAITING, 1))                                                         \
	X(restart_others_claim, false, "without an acting claim", does(ACT_RESTART),               \
	  open(s, "---");                                                                          \
	  case_claim(s, CLAIM_ACTING, 2))                                                          \
	X(step_down_unclaimed, false, "without an acting claim", does(ACT_STEP_DOWN),              \
	  open(s, "---"))                                                                          \
	X(restart_claim_for_other, false, "the claim is for", does(ACT_RESTART), open(s, "---");   \
	  my_turn(s); cut_z(s->ledger.claim.host, 64, "c:27017"))                                  \
	X(restart_second, false, "'c:27017' does not answer", does(ACT_RESTART), open(s, "---");   \
	  my_turn(s); s->members[2].hello.who = WITNESS_NONE)                                      \
	X(restart_no_voter_away, true, "", does(ACT_RESTART), open(s, "---"); my_turn(s);          \
	  s->members[2].hello.who = WITNESS_NONE; s->members[2].is_voter = false)                  \
	X(restart_alone, true, "", does(ACT_RESTART), s->members_n = 1; s->self = 0)               \
	X(restart_file_unread, false, "not readable", does(ACT_RESTART), open(s, "---");           \
	  my_turn(s); s->keyfile.ring.is_known = false)                                            \
	X(start, true, "", does(ACT_START), stopped(s))                                            \
	X(start_without_a_claim, true, "", does(ACT_START), stopped(s); unread(s))                 \
	X(start_not_ours, false, "did not stop", does(ACT_START), stopped(s);                      \
	  s->job.is_open = false)                                                                  \
	X(start_alive, false, "not known to be down", does(ACT_START), stopped(s);                 \
	  s->process.is_alive = true)                                                              \
	X(start_unknown, false, "not known to be down", does(ACT_START), stopped(s);               \
	  s->process.fact.who = WITNESS_NONE)                                                      \
	X(start_without_pivot, false, "lacks ", does(ACT_START), stopped(s);                       \
	  s->keyfile.ring = ring_of(2, 3))                                                         \
	X(start_as_begun, true, "", does(ACT_START), stopped(s);                                   \
	  s->keyfile.ring = s->job.ring = ring_of(2, 0))                                           \
	X(start_file_unread, false, "lacks ", does(ACT_START), stopped(s);                         \
	  s->keyfile.ring.is_known = false)                                                        \
	X(yea, true, "", votes(VOTE_YEA), open(s, "---"))                                          \
	X(nay, true, "", votes(VOTE_NAY), open(s, "---"))                                          \
	X(yea_again, true, "", votes(VOTE_YEA), open(s, "-y-"))                                    \
	X(yea_lost, true, "", votes(VOTE_YEA), open(s, "-y-"); lost(s))                            \
	X(yea_lost_before_the_end, false, "does not hold both", votes(VOTE_YEA), open(s, "-y-");   \
	  lost(s); s->anchor.pivot = key_n(1))                                                     \
	X(yea_never_given, false, "does not hold both", votes(VOTE_YEA), open(s, "---"); lost(s))  \
	X(nay_for_a_lost_yea, false, "a nay after a yea", votes(VOTE_NAY), open(s, "-y-");         \
	  lost(s))                                                                                 \
	X(yea_for_nothing, false, "not open", votes(VOTE_YEA), )                                   \
	X(yea_for_another, false, "not open", votes(VOTE_YEA), open(s, "---"); a->generation = 2)  \
	X(yea_after_nay, false, "a yea after a nay", votes(VOTE_YEA), open(s, "-n-"))              \
	X(nay_after_yea, false, "a nay after a yea", votes(VOTE_NAY), open(s, "-y-"))              \
	X(yea_file_lacks_next, false, "does not hold both", votes(VOTE_YEA), open(s, "---");       \
	  s->keyfile.ring = ring_of(1, 0))                                                         \
	X(yea_file_lacks_pivot, false, "does not hold both", votes(VOTE_YEA), open(s, "---");      \
	  s->keyfile.ring = ring_of(2, 0))                                                         \
	X(yea_unproven, false, "not seen to accept", votes(VOTE_YEA), open(s, "---");              \
	  s->members[1].proofs_n = 0)                                                              \
	X(yea_proven_before_restart, false, "not seen to accept", votes(VOTE_YEA), open(s, "---"); \
	  s->members[1].process_id[3] = 'x')                                                       \
	X(yea_pending, false, "the next start would differ", votes(VOTE_YEA), open(s, "---");      \
	  cut_z(s->process.pending, 64, "mongod.conf"))                                            \
	X(write_closed_and_retired, true, "", writes(ACT_RESTORE_KEYFILE, 2, 0), carried(s);       \
	  case_close(s, true); s->members[2].proofs_n = 0; s->anchor.retired_n = 1;                \
	  s->anchor.retired[0] = key_n(1))                                                         \
	X(write_closed, true, "", writes(ACT_PUT_KEYFILE, 2, 0), carried(s); case_close(s, true))  \
	X(write_closed_unseen, false, "'c:27017' is not seen to accept",                           \
	  writes(ACT_PUT_KEYFILE, 2, 0), carried(s);                                               \
	  case_close(s, true); s->members[2].proofs_n = 0)                                         \
	X(unread_after_yea, false, "after this member's yea", writes(ACT_ROLL_BACK, 1, 0),         \
	  open(s, "-y-");                                                                          \
	  unread(s))                                                                               \
	X(unread_both_after_yea, true, "", writes(ACT_ROLL_BACK, 1, 2), open(s, "-y-"); unread(s)) \
	X(close, true, "", does(ACT_CLOSE), carried(s))                                            \
	X(close_undone, true, "", does(ACT_CLOSE), open(s, "n--"))                                 \
	X(close_open, false, "still open", does(ACT_CLOSE), open(s, "-y-"))                        \
	X(close_unproven, false, "'a:27017' is not proven to refuse", does(ACT_CLOSE), carried(s); \
	  s->members[0].proofs_n = 1)                                                              \
	X(close_accepting, false, "'a:27017' is not proven to refuse", does(ACT_CLOSE),            \
	  carried(s);                                                                              \
	  s->members[0].proofs[1].verdict = LOGIN_ACCEPTED)                                        \
	X(close_uncontrolled, false, "'a:27017' is not proven to refuse", does(ACT_CLOSE),         \
	  carried(s);                                                                              \
	  s->members[0].proofs[1].is_controlled = false)                                           \
	X(install, true, "", does(ACT_INSTALL_CERTIFICATE),                                        \
	  s->certificate.stage = CERT_STAGE_STAGED)                                                \
	X(confirm, true, "", does(ACT_CONFIRM_CERTIFICATE), )                                      \
	X(confirm_while_it_loads, false, "invariant 5", does(ACT_CONFIRM_CERTIFICATE),             \
	  s->certificate.is_reload_running = true)                                                 \
	X(install_unchecked, false, "invariant 4", does(ACT_INSTALL_CERTIFICATE),                  \
	  s->certificate.stage = CERT_STAGE_REFUSED)                                               \
	X(write_retired_outgoing, false, "retired or burnt", writes(ACT_PUT_KEYFILE, 3, 1),        \
	  open(s, "---");                                                                          \
	  burn(s, 3))                                                                              \
	X(write_unknown_outgoing, false, "unknown key", writes(ACT_PUT_KEYFILE, 2, 1),             \
	  open(s, "---");                                                                          \
	  a->ring[0].id.hex[0] = 0)                                                                \
	X(write_without_the_first, true, "", writes(ACT_PUT_KEYFILE, 2, 0), carried(s);            \
	  s->members[0].hello.who = WITNESS_NONE; s->ledger.roll.is_without[0] = true)             \
	X(close_without_the_first, true, "", does(ACT_CLOSE), carried(s);                          \
	  s->members[0].hello.who = WITNESS_NONE; s->ledger.roll.is_without[0] = true)             \
	X(shard_proposes, true, "", does(ACT_PROPOSE), case_sharded(s))                            \
	X(shard_proposes_without_a_set, false, "a part alone", does(ACT_PROPOSE), case_sharded(s); \
	  s->sharding.sets[1].is_known = false)                                                    \
	X(shard_proposes_with_a_mongos, true, "", does(ACT_PROPOSE), case_mongos(s))               \
	X(shard_proposes_with_too_many_mongos, false, "a part alone", does(ACT_PROPOSE),           \
	  case_mongos(s);                                                                          \
	  s->sharding.sets[2].is_known = false)                                                    \
	X(shard_narrows_by_the_vote_of_a_mongos, true, "", writes(ACT_PUT_KEYFILE, 2, 0),          \
	  carried(s);                                                                              \
	  case_mongos(s); case_others_yea(s))                                                      \
	X(shard_narrows_past_a_new_mongos, false, "'f:27017' is not seen to accept",               \
	  writes(ACT_PUT_KEYFILE, 2, 0), carried(s);                                               \
	  case_mongos(s); case_others_yea(s); s->ledger.proposal.roll_n--)                         \
	X(shard_narrows_before_a_mongos_votes, false, "without the pivot",                         \
	  writes(ACT_PUT_KEYFILE, 2, 0), carried(s);                                               \
	  s->anchor.pivot = key_n(1); case_mongos(s); case_others_yea(s);                          \
	  s->ledger.roll.votes[5].word = VOTE_NONE)                                                \
	X(shard_closes_before_a_mongos_refuses, false, "'f:27017' is not proven to refuse",        \
	  does(ACT_CLOSE), carried(s);                                                             \
	  case_mongos(s); case_others_yea(s); s->members[3].proofs_n = s->members[4].proofs_n = 0; \
	  case_proof(s, 3, 1, LOGIN_REFUSED); case_proof(s, 4, 1, LOGIN_REFUSED))                  \
	X(router_restarts, true, "", does(ACT_RESTART), open(s, "---"); case_as_router(s);         \
	  my_turn(s))                                                                              \
	X(router_restarts_while_another_is_away, false, "'c:27017' does not answer",               \
	  does(ACT_RESTART), open(s, "---");                                                       \
	  case_as_router(s); my_turn(s); s->members[2].hello.who = WITNESS_NONE)                   \
	X(router_restarts_without_its_turn, false, "without an acting claim", does(ACT_RESTART),   \
	  open(s, "---");                                                                          \
	  case_as_router(s))                                                                       \
	X(shard_narrows_by_the_others_votes, true, "", writes(ACT_PUT_KEYFILE, 2, 0), carried(s);  \
	  case_sharded(s); case_others_yea(s))                                                     \
	X(shard_narrows_past_a_newcomer_elsewhere, false, "'e:27017' is not seen to accept",       \
	  writes(ACT_PUT_KEYFILE, 2, 0), carried(s);                                               \
	  case_sharded(s); case_others_yea(s); s->ledger.proposal.roll_n--)                        \
	X(shard_narrows_while_a_set_is_not_known, false, "not all sets",                           \
	  writes(ACT_PUT_KEYFILE, 2, 0), carried(s);                                               \
	  case_sharded(s); case_others_yea(s); s->sharding.sets[1].is_known = false)               \
	X(shard_narrows_before_the_others_vote, false, "without the pivot",                        \
	  writes(ACT_PUT_KEYFILE, 2, 0), carried(s);                                               \
	  s->anchor.pivot = key_n(1); case_sharded(s))                                             \
	X(shard_closes, true, "", does(ACT_CLOSE), carried(s); case_sharded(s);                    \
	  case_others_yea(s); s->members[3].proofs_n = s->members[4].proofs_n = 0;                 \
	  case_proof(s, 3, 1, LOGIN_REFUSED); case_proof(s, 4, 1, LOGIN_REFUSED))                  \
	X(shard_closes_by_its_own_set, false, "'d:27017' is not proven to refuse",                 \
	  does(ACT_CLOSE), carried(s);                                                             \
	  case_sharded(s); case_others_yea(s))                                                     \
	X(shard_closes_without_a_set, false, "not all sets", does(ACT_CLOSE), carried(s);          \
	  case_sharded(s); case_others_yea(s); s->sharding.topology.who = WITNESS_NONE)            \
	X(close_newcomer_unproven, false, "'d:27017' is not proven", does(ACT_CLOSE), carried(s);  \
	  s->members_n = 4; case_member(s, 3, false))                                              \
	X(restart_second_the_first, false, "'a:27017' does not answer", does(ACT_RESTART),         \
	  open(s, "---");                                                                          \
	  my_turn(s); s->members[0].hello.who = WITNESS_NONE)                                      \
	X(restart_of_what_is_down, true, "", does(ACT_RESTART), open(s, "---"); my_turn(s);        \
	  s->members[2].hello.who = WITNESS_NONE; s->process.is_answering = false)                 \
	X(step_down_while_one_is_away, true, "", does(ACT_STEP_DOWN), open(s, "---"); my_turn(s);  \
	  s->members[2].hello.who = WITNESS_NONE)                                                  \
	X(nay_with_nothing_proven, true, "", votes(VOTE_NAY), open(s, "---");                      \
	  s->members[1].proofs_n = 0)                                                              \
	X(yea_pending_by_one_letter, false, "the next start would differ", votes(VOTE_YEA),        \
	  open(s, "---");                                                                          \
	  cut_z(s->process.pending, 64, "x"))                                                      \
	X(propose, true, "", does(ACT_PROPOSE), )                                                  \
	X(propose_in_a_shard, false, "share", does(ACT_PROPOSE),                                   \
	  s->sharding.part = SHARDING_SHARD)                                                       \
	X(propose_in_what_may_be_one, false, "share", does(ACT_PROPOSE),                           \
	  s->sharding.fact.who = WITNESS_NONE)                                                     \
	X(hold, true, "", does(ACT_HOLD), )

#define X(name, may, word, how, ...)                                                               \
	static void set_##name(struct seen *s, struct act *a)                                      \
	{                                                                                          \
		(void)s;                                                                           \
		*a = how;                                                                          \
		__VA_ARGS__;                                                                       \
	}
ROWS(X)
#undef X

static void each_rule_permits_and_refuses_as_its_row_says(void **state)
{
	static const struct {
		const char *name, *word;
		bool may;
		void (*set)(struct seen *s, struct act *a);
	} rows[] = {
#define X(name, may, word, how, ...) {#name, word, may, set_##name},
	    ROWS(X)
#undef X
	};
	for (size_t i = 0; i < ARRAY_N(rows) * BEYOND_N; i++) {
		const unsigned r = (unsigned)(i / BEYOND_N);
		struct err err = ERR_INIT;
		struct act a;
		bool holds;
		case_begin(1);
		rows[r].set(&the.s, &a);
		case_poison(&the.s, (enum case_beyond)(i % BEYOND_N));
		for (unsigned k = a.ring_n; k < KEYS_PER_FILE_MAX; k++)
			a.ring[k] = key_n(1 + (unsigned)i % 2);
		holds = safe_holds(&the.s, &a, &err);
		if (holds != rows[r].may)
			fail_msg("%s: %s %s", rows[r].name,
				 holds ? "is permitted" : "is refused:", err.text);
		assert_int_equal(err.kind, holds ? ERR_NONE : ERR_BUG);
		if (!strstr(err.text, rows[r].word))
			fail_msg("%s: refused for another reason: %s", rows[r].name, err.text);
	}
}

static void who_stays_up_is_counted_in_votes_and_in_data(void **state)
{
	static const struct {
		const char *members;
		unsigned without;
		bool votes, writes;
	} rows[] = {
	    {"PSS", 0, true, true},    {"PSS", 2, true, true},     {"PSx", 1, false, false},
	    {"PSx", 2, true, true},    {"PSA", 1, true, false},    {"PSA", 2, true, true},
	    {"PS", 1, false, false},   {"P", 0, false, false},     {"PSSSS", 3, true, true},
	    {"PSSSx", 3, true, true},  {"PSSxx", 2, false, false}, {"PSSAA", 2, true, false},
	    {"PSSSA", 3, true, true},  {"PSSH", 3, true, true},    {"PSSH", 1, true, true},
	    {"PSq", 1, false, false},  {"PSHH", 2, true, true},    {"PAA", 0, true, false},
	    {"PH", 1, true, true},     {"PSSSAA", 1, true, false}, {"xSS", 1, false, false},
	    {"xSSA", 3, false, false}, {"xSSS", 3, false, false},  {"PSAH", 3, true, true},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		bool keeps_votes, keeps_writes, both;
		case_begin(0);
		case_letters(&the.s, rows[i].members);
		case_poison(&the.s, BEYOND_WELL);
		both =
		    safe_without(&the.s, rows[i].without, &keeps_votes, &keeps_writes, NULL, NULL);
		if (keeps_votes != rows[i].votes || keeps_writes != rows[i].writes)
			fail_msg("%s without %u: votes %d, writes %d", rows[i].members,
				 rows[i].without, keeps_votes, keeps_writes);
		assert_int_equal(both, keeps_votes && keeps_writes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_rule_permits_and_refuses_as_its_row_says),
	    cmocka_unit_test(who_stays_up_is_counted_in_votes_and_in_data),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
