/* SPDX-License-Identifier: Apache-2.0 */
/* Every gate: opens for a healthy set, and is shut by the one thing it stands for. A shut gate lets
 * no act through. */
#include "lib/test.h"

#include "lib/plan_case.h"
#include "model/window.h"
#include "plan/gate.h"

/* What is asked for: a start by a; b's turn in an open generation; b's staged certificate; b's
 * first write without the old key; the primary's own turn, all others are done; b's turn after the
 * votes, with the old key alone. */
enum ask { START, TURN, WRITE, CERT, NARROW, PRIMARY, CATCH_UP };

/* The primary's own turn, all others are done. */
static void ask_primary(void)
{
	case_begin(0);
	case_propose(&the.s, "-yy");
	case_rings(&the.s, 0, ring_of(1, 2), ring_of(1, 0));
	case_rings(&the.s, 1, ring_of(1, 2), ring_of(1, 2));
	case_rings(&the.s, 2, ring_of(1, 2), ring_of(1, 2));
	case_claim(&the.s, CLAIM_ACTING, 0);
}

static void ask_for(enum ask ask)
{
	if (ask == PRIMARY) {
		ask_primary();
		return;
	}
	case_begin(ask == START ? 0 : 1);
	if (ask == START)
		case_order(&the.s, ORDER_KEYFILE);
	if (ask == TURN || ask == WRITE)
		case_propose(&the.s, "---");
	if (ask == TURN)
		case_rings(&the.s, 1, ring_of(1, 2), ring_of(1, 0));
	if (ask == NARROW) {
		case_propose(&the.s, "yyy");
		for (unsigned i = 0; i < the.s.members_n; i++) {
			case_rings(&the.s, i, ring_of(1, 2), ring_of(1, 2));
			case_proof(&the.s, i, 2, LOGIN_ACCEPTED);
		}
	}
	if (ask == CATCH_UP) { /* c goes before it, and waits for it */
		case_propose(&the.s, "yyy");
		for (unsigned i = 0; i < the.s.members_n; i++)
			case_rings(&the.s, i, ring_of(1, 2), ring_of(1, i == 1 ? 0 : 2));
		the.s.members[2].is_hidden = true;
	}
	if (ask == CERT) {
		struct seen_certificate *c = &the.s.certificate;
		c->fact = seen_at(CASE_NOW);
		c->file.is_known = true;
		c->file.not_before.us = CASE_NOW - 80 * US_DAY;
		c->file.not_after.us = c->file.chain_not_after.us = CASE_NOW + 40 * US_DAY;
		c->stage = CERT_STAGE_STAGED;
	}
}

static enum act_kind wanted(enum ask ask)
{
	static const enum act_kind kinds[] = {
	    [START] = ACT_PROPOSE,      [TURN] = ACT_TAKE_CLAIM,    [WRITE] = ACT_PUT_KEYFILE,
	    [CERT] = ACT_TAKE_CLAIM,    [NARROW] = ACT_PUT_KEYFILE, [PRIMARY] = ACT_STEP_DOWN,
	    [CATCH_UP] = ACT_TAKE_CLAIM};
	return kinds[ask];
}

static void night_window(struct policy *p)
{
	p->windows_n = 1; /* it is 08:00 UTC */
	p->windows[0] = (struct window){.days = 0x7f, .start_s = 2 * 3600, .for_us = US_H};
}
static void frozen(struct policy *p, bool rescue)
{
	p->freezes_n = 1;
	p->freezes[0] = (struct freeze){.from_day = CASE_NOW / US_DAY,
					.until_day = CASE_NOW / US_DAY + 1,
					.rescue_expiring = rescue,
					.reason = "year end"};
}
/* Generation 1 was given up and is closed, and all have carried that out. */
static void over(struct seen *s)
{
	s->ledger.has_proposal = s->ledger.roll.closure.is_given = true;
	s->ledger.proposal.generation = s->anchor.generation = 1;
	s->ledger.proposal.pivot = key_n(1);
	s->ledger.proposal.next = s->anchor.retired[s->anchor.retired_n++] = key_n(2);
	for (unsigned i = 0; i < s->members_n; i++)
		s->members[i].statement.retired = 1;
}

static void down(struct seen *s, unsigned i)
{
	s->members[i].hello = s->members[i].status = (struct fact){.who = WITNESS_NONE};
}
/* b is the primary and the last to load both keys. */
static void primary_is_b(struct seen *s)
{
	s->members[0].is_primary = s->members[1].is_secondary = false;
	s->members[0].is_secondary = s->members[1].is_primary = true;
	case_rings(s, 0, ring_of(1, 2), ring_of(1, 2));
	case_rings(s, 2, ring_of(1, 2), ring_of(1, 2));
}
static void arbiter(struct seen *s, unsigned i)
{
	s->members[i].is_arbiter = true;
	s->members[i].is_secondary = s->members[i].is_electable = false;
}

/* So many other sets of a sharded cluster are in a turn. */
static void another_set_turns(struct seen *s, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct seen_slot *slot = &s->ledger.slots[i];
		slot->state = i ? CLAIM_WAITING : CLAIM_ACTING;
		snprintf(slot->set, sizeof(slot->set), "sh%u", i);
		snprintf(slot->host, sizeof(slot->host), "sh%u-a:27017", i);
	}
	s->ledger.slots_n = n;
}

/* X(name, ask, gate, verdict, spoil): s, p and i are the seen, the policy, the instance. */
#define ROWS(X)                                                                                    \
	X(healthy_start, START, "mode", PASS, )                                                    \
	X(healthy_turn, TURN, "the turn is free", PASS, )                                          \
	X(healthy_write, WRITE, "keyfile", PASS, )                                                 \
	X(healthy_certificate, CERT, "all others healthy", PASS, )                                 \
	X(ask_certificate, CERT, "mode", WAIT, p->certificates.mode = MODE_ASK)                    \
	X(ask_certificate_ordered, CERT, "mode", PASS, p->certificates.mode = MODE_ASK;            \
	  case_order(s, ORDER_CERTIFICATES))                                                       \
	X(ask_certificate_approved, CERT, "mode", PASS, p->certificates.mode = MODE_ASK;           \
	  seen_approval(s, APPROVAL_CERTIFICATE, s->approved))                                     \
	X(ask_ordered, START, "mode", PASS, p->mode = MODE_ASK)                                    \
	X(ask_ordered_by_the_schedule, START, "mode", WAIT, p->mode = MODE_ASK;                    \
	  s->ledger.orders[0].serial = 412)                                                        \
	X(ask_certificate_ordered_by_the_schedule, CERT, "mode", WAIT,                             \
	  p->certificates.mode = MODE_ASK;                                                         \
	  case_order(s, ORDER_CERTIFICATES); s->ledger.orders[0].serial = 412)                     \
	X(ask_old, START, "mode", WAIT, p->mode = MODE_ASK; s->ledger.orders_n = 0;                \
	  p->keyfile.max_age_us = 90 * US_DAY; s->keyfile.born.us = CASE_NOW - 91 * US_DAY)        \
	X(ask_running, TURN, "mode", PASS, p->mode = MODE_ASK)                                     \
	X(held_start, START, "hold", REFUSE, s->ledger.hold.is_on = true)                          \
	X(held_write, WRITE, "hold", REFUSE, s->ledger.hold.is_on = true)                          \
	X(held_turn, TURN, "hold", REFUSE, s->ledger.hold.is_on = true)                            \
	X(held_certificate, CERT, "hold", REFUSE, s->ledger.hold.is_on = true)                     \
	X(window_shut, TURN, "window", WAIT, night_window(p))                                      \
	X(window_open, TURN, "window", PASS, night_window(p); p->windows[0].start_s = 7 * 3600;    \
	  p->windows[0].for_us = 2 * US_H)                                                         \
	X(window_never, START, "window", REFUSE, night_window(p); p->windows[0].days = 0)          \
	X(window_urgent, TURN, "window", PASS, night_window(p);                                    \
	  s->ledger.terms.urgency = URGENCY_URGENT)                                                \
	X(window_urgent_start, START, "window", PASS, night_window(p);                             \
	  s->ledger.orders[0].urgency = URGENCY_EMERGENCY)                                         \
	X(window_certificate, CERT, "window", WAIT, night_window(p))                               \
	X(window_certificate_ends, CERT, "window", PASS, night_window(p);                          \
	  s->certificate.file.chain_not_after.us = CASE_NOW + 20 * US_H)                           \
	X(window_no_excuse_for_keyfiles, TURN, "window", WAIT, night_window(p);                    \
	  s->certificate.file.is_known = true; s->certificate.file.chain_not_after.us = CASE_NOW)  \
	X(ride_on, TURN, RIDE_GATE, WAIT, p->keyfile.ride_along_us = US_DAY;   \
	  s->ledger.proposal.head.at.us = CASE_NOW - US_H)                                         \
	X(ride_over, TURN, RIDE_GATE, PASS, p->keyfile.ride_along_us = US_DAY; \
	  s->ledger.proposal.head.at.us = CASE_NOW - US_DAY)                                       \
	X(ride_urgent, TURN, RIDE_GATE, PASS,                                  \
	  p->keyfile.ride_along_us = US_DAY;                                                       \
	  s->ledger.proposal.head.at.us = CASE_NOW - US_H;                                         \
	  s->ledger.terms.urgency = URGENCY_EMERGENCY)                                             \
	X(frozen_turn, TURN, "freeze", WAIT, frozen(p, true))                                      \
	X(frozen_urgent, TURN, "freeze", WAIT, frozen(p, true);                                    \
	  s->ledger.terms.urgency = URGENCY_EMERGENCY)                                             \
	X(frozen_broken, START, "freeze", PASS, frozen(p, true);                                   \
	  s->ledger.orders[0].urgency = URGENCY_EMERGENCY;                                         \
	  s->ledger.orders[0].breaks_freeze = true)                                                \
	X(frozen_broken_without_emergency, START, "freeze", WAIT, frozen(p, true);                 \
	  s->ledger.orders[0].breaks_freeze = true)                                                \
	X(frozen_broken_while_it_runs, TURN, "freeze", PASS, frozen(p, true);                      \
	  s->ledger.terms.urgency = URGENCY_EMERGENCY; s->ledger.terms.breaks_freeze = true)       \
	X(frozen_urgent_while_it_runs, TURN, "freeze", WAIT, frozen(p, true);                      \
	  s->ledger.terms.urgency = URGENCY_EMERGENCY)                                             \
	X(frozen_broken_without_emergency_while_it_runs, TURN, "freeze", WAIT, frozen(p, true);    \
	  s->ledger.terms.breaks_freeze = true)                                                    \
	X(window_urgent_while_it_runs, TURN, "window", PASS, night_window(p);                      \
	  s->ledger.terms.urgency = URGENCY_EMERGENCY)                                             \
	X(window_and_the_next_order, TURN, "window", WAIT, night_window(p);                        \
	  case_order(s, ORDER_KEYFILE); s->ledger.orders[0].urgency = URGENCY_EMERGENCY)           \
	X(frozen_certificate, CERT, "freeze", WAIT, frozen(p, true))                               \
	X(frozen_certificate_ends, CERT, "freeze", PASS, frozen(p, true);                          \
	  s->certificate.file.chain_not_after.us = CASE_NOW + US_DAY)                              \
	X(frozen_certificate_no_rescue, CERT, "freeze", WAIT, frozen(p, false);                    \
	  s->certificate.file.chain_not_after.us = CASE_NOW + US_DAY)                              \
	X(version_tested, TURN, "a tested server version", PASS, )                                 \
	X(version_untested_start, START, "a tested server version", REFUSE,                        \
	  cut_z(s->process.version, 32, "9.1.0"))                                                  \
	X(version_untested_turn, TURN, "a tested server version", REFUSE,                          \
	  cut_z(s->process.version, 32, "4.4.29"))                                                 \
	X(version_untested_certificate, CERT, "a tested server version", REFUSE,                   \
	  cut_z(s->process.version, 32, "7.3.1"))                                                  \
	X(version_before_its_release, START, "a tested server version", REFUSE,                    \
	  cut_z(s->process.version, 32, "8.0.0-rc3"))                                              \
	X(version_of_a_fork, TURN, "a tested server version", PASS,                                \
	  cut_z(s->process.version, 32, "6.0.14-11"))                                              \
	X(version_with_a_longer_number, TURN, "a tested server version", REFUSE,                   \
	  cut_z(s->process.version, 32, "60.0.1"))                                                 \
	X(version_accepted, TURN, "a tested server version", PASS, i->accepts_untested = true;     \
	  cut_z(s->process.version, 32, "9.1.0"))                                                  \
	X(version_unknown, TURN, "a tested server version", WAIT, s->process.version[0] = 0)       \
	X(clock_jumped, START, "clock", REFUSE, s->is_clock_sane = false)                          \
	X(no_shard, START, "part of a sharded cluster", PASS, )                                    \
	X(shard_before_it_is_known, START, "part of a sharded cluster", WAIT,                      \
	  s->sharding.part = SHARDING_SHARD)                                                       \
	X(shard_in_an_emergency, START, "part of a sharded cluster", WAIT,                         \
	  s->sharding.part = SHARDING_SHARD;                                                       \
	  s->ledger.orders[0].urgency = URGENCY_EMERGENCY)                                         \
	X(shard, START, "part of a sharded cluster", PASS, case_sharded(s))                        \
	X(shard_with_mongos, START, "part of a sharded cluster", PASS, case_mongos(s))             \
	X(shard_with_too_many_mongos, START, "part of a sharded cluster", WAIT, case_mongos(s);    \
	  s->sharding.sets[2].is_known = false)                                                    \
	X(mongos_rehearsed, START, "all rehearsed", PASS, case_mongos(s))                          \
	X(mongos_without_rotad, START, "all rehearsed", WAIT, case_mongos(s);                      \
	  s->members[5].has_statement = false)                                                     \
	X(mongos_looks_only, START, "all rehearsed", REFUSE, case_mongos(s);                       \
	  cut_z(s->members[5].statement.mode, WORD_BYTES, "observe"))                              \
	X(shard_waits_for_no_mongos, TURN, "its turn", PASS, case_mongos(s);                       \
	  case_rings(s, 3, ring_of(1, 2), ring_of(1, 2));                                          \
	  case_rings(s, 4, ring_of(1, 2), ring_of(1, 2));                                          \
	  case_rings(s, 5, ring_of(1, 2), ring_of(1, 0)))                                          \
	X(mongos_that_is_away_keeps_no_shard, TURN, "all others healthy", PASS, case_mongos(s);    \
	  down(s, 5))                                                                              \
	X(router_others_up, TURN, "a primary stays without it", PASS, case_as_router(s))           \
	X(router_others_down, TURN, "a primary stays without it", WAIT, case_as_router(s);         \
	  down(s, 0); down(s, 2))                                                                  \
	X(router_others_down_allowed, TURN, "a primary stays without it", PASS, case_as_router(s); \
	  down(s, 0); down(s, 2); i->allow_downtime = DOWNTIME_ALL)                                \
	X(router_another_away, TURN, "all others healthy", WAIT, case_as_router(s); down(s, 0))    \
	X(router_another_stops, TURN, "all others healthy", WAIT, case_as_router(s);               \
	  s->members[0].is_quiescing = true)                                                       \
	X(router_without_a_primary, TURN, "all others healthy", PASS, case_as_router(s))           \
	X(router_before_the_canary, TURN, "its turn", WAIT, case_as_router(s))                     \
	X(router_after_the_canary, TURN, "its turn", PASS, case_as_router(s);                      \
	  case_rings(s, 3, ring_of(1, 2), ring_of(1, 2));                                          \
	  case_rings(s, 4, ring_of(1, 2), ring_of(1, 2));                                          \
	  case_rings(s, 0, ring_of(1, 2), ring_of(1, 2)))                                          \
	X(router_after_one_by_name, TURN, "its turn", WAIT, case_as_router(s);                     \
	  case_rings(s, 3, ring_of(1, 2), ring_of(1, 2));                                          \
	  case_rings(s, 4, ring_of(1, 2), ring_of(1, 2));                                          \
	  case_rings(s, 0, ring_of(1, 2), ring_of(1, 0)))                                          \
	X(router_while_a_shard_has_the_turn, TURN, "the turn is free", WAIT, case_as_router(s);    \
	  another_set_turns(s, 1))                                                                 \
	X(shard_with_a_silent_set, START, "part of a sharded cluster", WAIT, case_sharded(s);      \
	  s->sharding.sets[1].is_known = false)                                                    \
	X(shard_with_old_news, START, "part of a sharded cluster", WAIT, case_sharded(s);          \
	  s->sharding.topology.who = WITNESS_NONE)                                                 \
	X(shard_others_rehearsed, START, "all rehearsed", PASS, case_sharded(s))                   \
	X(shard_other_set_without_rotad, START, "all rehearsed", WAIT, case_sharded(s);            \
	  s->members[4].has_statement = false)                                                     \
	X(shard_other_set_not_ready, START, "all rehearsed", WAIT, case_sharded(s);                \
	  s->members[3].statement.is_rehearsed = false)                                            \
	X(shard_other_set_looks_only, START, "all rehearsed", REFUSE, case_sharded(s);             \
	  cut_z(s->members[3].statement.mode, WORD_BYTES, "observe"))                              \
	X(shard_sessions_elsewhere, START, "other users of the key", REFUSE, case_sharded(s);      \
	  cut_z(s->members[4].others, 64, "10.0.0.9"))                                             \
	X(shard_after_its_canary, TURN, "its turn", PASS, case_sharded(s);                         \
	  case_rings(s, 3, ring_of(1, 2), ring_of(1, 2));                                          \
	  case_rings(s, 4, ring_of(1, 2), ring_of(1, 2)))                                          \
	X(shard_before_its_canary, TURN, "its turn", WAIT, case_sharded(s);                        \
	  case_rings(s, 3, ring_of(1, 2), ring_of(1, 2));                                          \
	  case_rings(s, 4, ring_of(1, 2), ring_of(1, 0)))                                          \
	X(shard_canary_not_seen, TURN, "its turn", WAIT, case_sharded(s);                          \
	  case_rings(s, 3, ring_of(1, 2), ring_of(1, 2));                                          \
	  case_rings(s, 4, ring_of(1, 2), ring_of(1, 2)); down(s, 4))                              \
	X(shard_waits_for_no_other_shard, TURN, "its turn", PASS, case_sharded(s);                 \
	  s->sharding.sets[1].is_config = false; case_rings(s, 4, ring_of(1, 2), ring_of(1, 0)))   \
	X(config_servers_wait_for_no_shard, TURN, "its turn", PASS, case_sharded(s);               \
	  s->sharding.part = SHARDING_CONFIG; s->sharding.sets[0].is_config = true;                \
	  s->sharding.sets[1].is_config = false; case_rings(s, 4, ring_of(1, 2), ring_of(1, 0)))   \
	X(router, START, "part of a sharded cluster", PASS, case_as_router(s))                     \
	X(router_before_it_is_known, START, "part of a sharded cluster", WAIT,                     \
	  s->sharding.part = SHARDING_ROUTER)                                                      \
	X(shard_not_known, START, "part of a sharded cluster", WAIT,                               \
	  s->sharding.fact.who = WITNESS_NONE)                                                     \
	X(shard_narrows, NARROW, "part of a sharded cluster", PASS, case_sharded(s);               \
	  case_others_yea(s))                                                                      \
	X(file_unreadable, START, "keyfile", REFUSE, s->keyfile.ring.is_known = false)             \
	X(file_stranger, START, "keyfile", REFUSE, s->keyfile.has_stranger = true)                 \
	X(file_readonly, WRITE, "keyfile", REFUSE, s->keyfile.is_writable = false)                 \
	X(file_readonly_external, START, "keyfile", PASS, s->keyfile.is_writable = false;          \
	  p->keyfile.writer = WRITER_EXTERNAL)                                                     \
	X(votes_two_down, TURN, "a primary stays without it", WAIT, down(s, 0))                    \
	X(votes_two_down_allowed, TURN, "a primary stays without it", PASS, down(s, 0);            \
	  i->allow_downtime = DOWNTIME_ALL)                                                        \
	X(votes_writes_leave_is_not_enough, TURN, "a primary stays without it", WAIT, down(s, 0);  \
	  i->allow_downtime = DOWNTIME_MAJORITY_WRITES)                                            \
	X(writes_psa, TURN, "majority writes go on", REFUSE, arbiter(s, 2))                        \
	X(writes_psa_start, START, "majority writes go on", REFUSE, arbiter(s, 2))                 \
	X(writes_psa_allowed, START, "majority writes go on", PASS, arbiter(s, 2);                 \
	  i->allow_downtime = DOWNTIME_MAJORITY_WRITES)                                            \
	X(votes_psa, START, "a primary stays without it", PASS, arbiter(s, 2))                     \
	X(votes_one_down_start, START, "a primary stays without it", WAIT, down(s, 2))             \
	X(writes_one_down_start, START, "majority writes go on", WAIT, down(s, 2))                 \
	X(writes_psa_one_down, START, "majority writes go on", REFUSE, arbiter(s, 2); down(s, 1))  \
	X(votes_two, START, "a primary stays without it", REFUSE, s->members_n = 2)                \
	X(votes_two_one_down, START, "a primary stays without it", REFUSE, s->members_n = 2;       \
	  down(s, 1))                                                                              \
	X(heirless, START, "a successor is ready", REFUSE,                                         \
	  s->members[1].is_electable = s->members[2].is_electable = false)                         \
	X(heirless_allowed, START, "a successor is ready", PASS,                                   \
	  s->members[1].is_electable = s->members[2].is_electable = false;                         \
	  i->allow_downtime = DOWNTIME_ALL)                                                        \
	X(heir_lags_at_the_start, START, "a successor is ready", PASS,                             \
	  s->members[1].lag_us = s->members[2].lag_us = US_H)                                      \
	X(others_silent, TURN, "all others healthy", WAIT, down(s, 2);                             \
	  i->allow_downtime = DOWNTIME_ALL)                                                        \
	X(others_recovering, TURN, "all others healthy", WAIT, s->members[2].is_secondary = false; \
	  s->members[2].state = MEMBER_RECOVERING; i->allow_downtime = DOWNTIME_ALL)               \
	X(others_syncing, TURN, "all others healthy", WAIT,                                        \
	  s->members[2].is_initial_syncing = true)                                                 \
	X(others_blind, TURN, "all others healthy", WAIT, s->members[2].sees_all = false)          \
	X(others_no_primary, TURN, "all others healthy", WAIT, s->members[0].is_primary = false;   \
	  s->members[0].is_secondary = true)                                                       \
	X(others_quiescing, TURN, "all others healthy", WAIT, s->members[2].is_quiescing = true)   \
	X(others_certificate, CERT, "all others healthy", WAIT, down(s, 2))                        \
	X(order_c_first, TURN, "its turn", WAIT, s->members[2].is_hidden = true;                   \
	  s->members[2].statement.disk = ring_of(1, 2))                                            \
	X(order_c_has_it, TURN, "its turn", WAIT, s->members[2].is_hidden = true;                  \
	  case_rings(s, 2, ring_of(1, 2), ring_of(1, 0)); case_claim(s, CLAIM_ACTING, 2))          \
	X(order_c_done, TURN, "its turn", PASS, s->members[2].is_hidden = true;                    \
	  case_rings(s, 2, ring_of(1, 2), ring_of(1, 2)))                                          \
	X(order_c_unknown, TURN, "its turn", WAIT, s->members[2].is_hidden = true;                 \
	  case_rings(s, 2, ring_of(1, 2), ring_of(1, 2)); s->members[2].process_id[3] = 'x')       \
	X(lag_own, TURN, "lag", WAIT, s->members[1].lag_us = 11 * US_S)                            \
	X(lag_other, TURN, "lag", WAIT, s->members[2].lag_us = 11 * US_S)                          \
	X(lag_unknown, TURN, "lag", WAIT, s->members[2].lag_us = -1)                               \
	X(lag_within, TURN, "lag", PASS, s->members[2].lag_us = 10 * US_S)                         \
	X(lag_ordered, TURN, "lag", PASS, s->members[1].lag_us = 11 * US_S;                        \
	  s->ledger.terms.max_lag_us = 30 * US_S)                                                  \
	X(lag_ordered_less, TURN, "lag", WAIT, s->members[1].lag_us = 6 * US_S;                    \
	  s->ledger.terms.max_lag_us = 5 * US_S)                                                   \
	X(lag_delayed, TURN, "lag", PASS, s->members[2].lag_us = US_H; s->members[2].delay_s = 1;  \
	  case_rings(s, 2, ring_of(1, 2), ring_of(1, 2)))                                          \
	X(pending, TURN, "only the key would change", REFUSE,                                      \
	  cut_z(s->process.pending, 64, "another binary"))                                         \
	X(pending_allowed, TURN, "only the key would change", PASS,                                \
	  cut_z(s->process.pending, 64, "another binary");                                         \
	  i->pending_changes = PENDING_ALLOW)                                                      \
	X(index_build, TURN, "no backup, no index build", WAIT, s->process.has_index_build = true) \
	X(backup, TURN, "no backup, no index build", WAIT, s->process.has_backup = true)           \
	X(fsync_lock, TURN, "no backup, no index build", WAIT, s->process.is_fsync_locked = true)  \
	X(not_retired, START, "all rehearsed", WAIT, over(s); s->members[2].statement.retired = 0) \
	X(all_retired, START, "all rehearsed", PASS, over(s))                                      \
	X(nobody_spoke, START, "all rehearsed", WAIT, s->members[2].has_statement = false)         \
	X(other_protocol, START, "all rehearsed", REFUSE, s->members[2].statement.protocol = 9)    \
	X(other_only_looks, START, "all rehearsed", REFUSE,                                        \
	  cut_z(s->members[2].statement.mode, WORD_BYTES, "observe"))                              \
	X(other_asks, START, "all rehearsed", PASS,                                                \
	  cut_z(s->members[2].statement.mode, WORD_BYTES, "ask"))                                  \
	X(other_not_rehearsed, START, "all rehearsed", WAIT,                                       \
	  s->members[2].statement.is_rehearsed = false)                                            \
	X(rehearsed_long_ago, START, "all rehearsed", WAIT,                                        \
	  s->members[2].statement_moved.us = CASE_NOW - US_H - 1)                                  \
	X(restarted_since, START, "all rehearsed", WAIT,                                           \
	  s->members[2].statement.process_id[3] = 'x')                                             \
	X(sessions, START, "other users of the key", REFUSE,                                       \
	  cut_z(s->members[2].others, 64, "10.0.0.9"))                                             \
	X(sessions_ignored, START, "other users of the key", PASS,                                 \
	  cut_z(s->members[2].others, 64, "10.0.0.9");                                             \
	  p->keyfile.other_users = OTHER_USERS_IGNORE)                                             \
	X(sessions_not_waited_for, START, "other users of the key", PASS,                          \
	  cut_z(s->members[2].others, 64, "10.0.0.9");                                             \
	  s->ledger.orders[0].urgency = URGENCY_EMERGENCY)                                         \
	X(sessions_not_looked_at, START, "other users of the key", WAIT, s->others.at.us = 0)      \
	X(sessions_looked_at_long_ago, START, "other users of the key", WAIT,                      \
	  s->others.at.us = CASE_NOW - 6 * US_S)                                                   \
	X(sessions_of_tomorrow, START, "other users of the key", WAIT,                             \
	  s->others.at.us = CASE_NOW + US_S)                                                       \
	X(sessions_unknown, START, "other users of the key", WAIT, s->others.is_known = false)     \
	X(sessions_of_its_set_alone, START, "other users of the key", WAIT,                        \
	  s->others.scope = OTHERS_OF_SET)                                                         \
	X(sessions_of_its_set, NARROW, "other users of the key", PASS,                             \
	  s->others.scope = OTHERS_OF_SET)                                                         \
	X(sessions_of_its_member_alone, NARROW, "other users of the key", WAIT,                    \
	  s->others.scope = OTHERS_OF_SELF)                                                        \
	X(shard_narrows_beside_sessions_elsewhere, NARROW, "other users of the key", PASS,         \
	  case_sharded(s);                                                                         \
	  case_others_yea(s); cut_z(s->members[4].others, 64, "10.0.0.9"))                         \
	X(sessions_unknown_ignored, START, "other users of the key", PASS,                         \
	  s->others.is_known = false;                                                              \
	  p->keyfile.other_users = OTHER_USERS_IGNORE)                                             \
	X(narrow, NARROW, "other users of the key", PASS, )                                        \
	X(narrow_held, NARROW, "hold", REFUSE, s->ledger.hold.is_on = true)                        \
	X(narrow_readonly, NARROW, "keyfile", REFUSE, s->keyfile.is_writable = false)              \
	X(narrow_rolled_back, NARROW, "nothing owed", REFUSE, s->debts.rolled_back_at.us = 1;      \
	  s->ledger.hold.is_on = true)                                                             \
	X(narrow_sessions, NARROW, "other users of the key", REFUSE,                               \
	  cut_z(s->members[1].others, 64, "10.0.0.9"))                                             \
	X(narrow_sessions_ignored, NARROW, "other users of the key", PASS,                         \
	  cut_z(s->members[1].others, 64, "10.0.0.9");                                             \
	  p->keyfile.other_users = OTHER_USERS_IGNORE)                                             \
	X(narrow_sessions_of_a_thief, NARROW, "other users of the key", PASS,                      \
	  cut_z(s->members[1].others, 64, "10.0.0.9");                                             \
	  s->ledger.terms.urgency = URGENCY_EMERGENCY)                                             \
	X(narrow_sessions_of_a_thief_known_later, NARROW, "other users of the key", PASS,          \
	  cut_z(s->members[1].others, 64, "10.0.0.9");                                             \
	  s->ledger.terms.urgency = URGENCY_EMERGENCY)                                             \
	X(narrow_sessions_urgent, NARROW, "other users of the key", REFUSE,                        \
	  cut_z(s->members[1].others, 64, "10.0.0.9");                                             \
	  s->ledger.terms.urgency = URGENCY_URGENT)                                                \
	X(narrow_sessions_not_looked_at, NARROW, "other users of the key", WAIT,                   \
	  s->others.at.us = 0)                                                                     \
	X(rolled_back, TURN, "nothing owed", REFUSE, s->debts.rolled_back_at.us = 1;               \
	  s->ledger.hold.is_on = true)                                                             \
	X(step_down_rests, TURN, "nothing owed", WAIT, primary_is_b(s);                            \
	  s->debts.step_down_refused_at.us = CASE_NOW - 14 * US_MIN)                               \
	X(step_down_rested, TURN, "nothing owed", PASS, primary_is_b(s);                           \
	  s->debts.step_down_refused_at.us = CASE_NOW - 15 * US_MIN)                               \
	X(step_down_is_no_matter_of_a_secondary, TURN, "nothing owed", PASS,                       \
	  s->debts.step_down_refused_at.us = CASE_NOW - US_MIN)                                    \
	X(hook_rests, TURN, "nothing owed", WAIT, s->debts.restart_failed_at.us = CASE_NOW - US_S) \
	X(hook_rested, TURN, "nothing owed", PASS,                                                 \
	  s->debts.restart_failed_at.us = CASE_NOW - US_MIN)                                       \
	X(hook_rests_longer, TURN, "nothing owed", WAIT,                                           \
	  s->debts.restart_failed_at.us = CASE_NOW - 7 * US_MIN;                                   \
	  s->debts.restart_tries = 4)                                                              \
	X(hook_rested_longer, TURN, "nothing owed", PASS,                                          \
	  s->debts.restart_failed_at.us = CASE_NOW - 8 * US_MIN;                                   \
	  s->debts.restart_tries = 4)                                                              \
	X(hook_rests_no_longer, TURN, "nothing owed", PASS,                                        \
	  s->debts.restart_failed_at.us = CASE_NOW - 30 * US_MIN;                                  \
	  s->debts.restart_tries = 4000)                                                           \
	X(hook_before_the_clock, TURN, "nothing owed", PASS,                                       \
	  s->debts.restart_failed_at.us = CASE_NOW + US_H)                                         \
	X(step_down_before_the_clock, TURN, "nothing owed", PASS,                                  \
	  s->debts.step_down_refused_at.us = CASE_NOW + US_H)                                      \
	X(claimed, TURN, "the turn is free", WAIT, case_claim(s, CLAIM_WAITING, 2))                \
	X(claimed_acting, TURN, "the turn is free", WAIT, case_claim(s, CLAIM_ACTING, 2))          \
	X(claimed_stale, TURN, "the turn is free", PASS, case_claim(s, CLAIM_WAITING, 2);          \
	  s->ledger.is_claim_stale = true)                                                         \
	X(claimed_certificate, CERT, "the turn is free", WAIT, case_claim(s, CLAIM_ACTING, 2))     \
	X(claimed_by_another_set, TURN, "the turn is free", WAIT, another_set_turns(s, 1))         \
	X(two_sets_may_turn, TURN, "the turn is free", PASS, another_set_turns(s, 1);              \
	  p->keyfile.max_parallel = 2)                                                             \
	X(claimed_by_two_other_sets, TURN, "the turn is free", WAIT, another_set_turns(s, 2);      \
	  p->keyfile.max_parallel = 2)                                                             \
	X(none_may_turn_is_one, TURN, "the turn is free", PASS, p->keyfile.max_parallel = 0)       \
	X(claimed_there_and_here, TURN, "the turn is free", WAIT, another_set_turns(s, 1);         \
	  p->keyfile.max_parallel = 9; case_claim(s, CLAIM_WAITING, 2))                            \
	X(claimed_there_and_stale_here, TURN, "the turn is free", WAIT, another_set_turns(s, 1);   \
	  case_claim(s, CLAIM_WAITING, 2); s->ledger.is_claim_stale = true)                        \
	X(claimed_to_reload, TURN, "the turn is free", WAIT, case_claim(s, CLAIM_ACTING, 0);       \
	  s->ledger.is_claim_mine = true; s->ledger.claim.purpose = CLAIM_FOR_CERTIFICATE)         \
	X(window_certificate_ends_a_day_after_it_opens, CERT, "window", WAIT, night_window(p);     \
	  s->certificate.file.chain_not_after.us = window_at(p, s->now).opens.us + US_DAY)         \
	X(window_certificate_ends_within_the_day, CERT, "window", PASS, night_window(p);           \
	  s->certificate.file.chain_not_after.us = window_at(p, s->now).opens.us + US_DAY - 1)     \
	X(window_never_certificate, CERT, "window", PASS, night_window(p); p->windows[0].days = 0) \
	X(window_certificate_unread, CERT, "window", WAIT, night_window(p);                        \
	  s->certificate.file.is_known = false; s->certificate.file.chain_not_after.us = 0)        \
	X(frozen_certificate_ends_a_day_after, CERT, "freeze", WAIT, frozen(p, true);              \
	  s->certificate.file.chain_not_after.us = freeze_at(p, s->now).until.us + US_DAY)         \
	X(frozen_certificate_ends_within_the_day, CERT, "freeze", PASS, frozen(p, true);           \
	  s->certificate.file.chain_not_after.us = freeze_at(p, s->now).until.us + US_DAY - 1)     \
	X(frozen_certificate_unread, CERT, "freeze", WAIT, frozen(p, true);                        \
	  s->certificate.file.is_known = false; s->certificate.file.chain_not_after.us = 0)        \
	X(frozen_keyfile_of_a_certificate_that_ends, TURN, "freeze", WAIT, frozen(p, true);        \
	  s->certificate.file.is_known = true; s->certificate.file.chain_not_after.us = CASE_NOW)  \
	X(ask_start_approved, START, "mode", PASS, p->mode = MODE_ASK;                             \
	  seen_approval(s, APPROVAL_KEYFILE, s->approved); s->ledger.orders[0].serial = 412)       \
	X(votes_first_down, TURN, "a primary stays without it", WAIT, down(s, 2))                  \
	X(votes_hidden_down, START, "a primary stays without it", PASS, case_letters(s, "PSSH");   \
	  down(s, 3))                                                                              \
	X(votes_writes_of_an_arbiter, TURN, "majority writes go on", WAIT, arbiter(s, 1);          \
	  down(s, 2))                                                                              \
	X(writes_four_of_five_one_down, START, "majority writes go on", WAIT,                      \
	  case_letters(s, "PSSSA");                                                                \
	  down(s, 2))                                                                              \
	X(writes_four_of_five, START, "majority writes go on", PASS, case_letters(s, "PSSSA");     \
	  case_shared(s))                                                                          \
	X(others_self_blind, TURN, "all others healthy", PASS, s->members[1].sees_all = false)     \
	X(others_self_recovers, TURN, "all others healthy", PASS,                                  \
	  s->members[1].is_secondary = false)                                                      \
	X(others_first_blind, START, "all others healthy", WAIT, s->members[0].sees_all = false)   \
	X(others_first_silent, TURN, "all others healthy", WAIT, down(s, 0);                       \
	  s->members[2].is_primary = true)                                                         \
	X(others_status_unknown, TURN, "all others healthy", PASS, s->members[2].sees_all = false; \
	  s->members[2].status.who = WITNESS_NONE)                                                 \
	X(others_arbiter, START, "all others healthy", PASS, arbiter(s, 2))                        \
	X(lag_first, TURN, "lag", WAIT, s->members[0].lag_us = 10 * US_S + 1)                      \
	X(lag_of_an_arbiter, TURN, "lag", PASS, arbiter(s, 2); s->members[2].lag_us = -1;          \
	  case_rings(s, 2, ring_of(1, 2), ring_of(1, 2)))                                          \
	X(lag_without_a_vote, TURN, "lag", PASS, s->members[2].is_voter = false;                   \
	  s->members[2].lag_us = US_H)                                                             \
	X(reload_runs, TURN, "no backup, no index build", WAIT,                                    \
	  s->certificate.is_reload_running = true)                                                 \
	X(first_did_not_speak, START, "all rehearsed", WAIT, s->members[0].has_statement = false)  \
	X(rehearsed_an_hour_ago, START, "all rehearsed", PASS,                                     \
	  s->members[2].statement_moved.us = CASE_NOW - US_H)                                      \
	X(retired_later, START, "all rehearsed", PASS, over(s);                                    \
	  s->members[2].statement.retired = 2)                                                     \
	X(sessions_first, START, "other users of the key", REFUSE,                                 \
	  cut_z(s->members[0].others, 64, "10.0.0.9"))                                             \
	X(sessions_looked_at_in_time, START, "other users of the key", PASS,                       \
	  s->others.at.us = CASE_NOW - 5 * US_S)                                                   \
	X(sessions_looked_at_too_early, START, "other users of the key", WAIT,                     \
	  s->others.at.us = CASE_NOW - 5 * US_S - 1)                                               \
	X(sessions_looked_at_now, START, "other users of the key", PASS,                           \
	  s->others.at.us = CASE_NOW)                                                              \
	X(step_down_rests_to_the_end, TURN, "nothing owed", WAIT, primary_is_b(s);                 \
	  s->debts.step_down_refused_at.us = CASE_NOW - 15 * US_MIN + 1)                           \
	X(hook_rests_to_the_end, TURN, "nothing owed", WAIT,                                       \
	  s->debts.restart_failed_at.us = CASE_NOW - US_MIN + 1)                                   \
	X(hook_rests_from_now, TURN, "nothing owed", WAIT,                                         \
	  s->debts.restart_failed_at.us = CASE_NOW)                                                \
	X(order_newcomer, TURN, "its turn", PASS, s->members_n = 4; case_member(s, 3, false);      \
	  s->members[3].is_hidden = true)                                                          \
	X(order_no_primary, TURN, "its turn", PASS, s->members[2].is_hidden = true;                \
	  s->members[0].is_primary = false; s->members[0].is_secondary = true)                     \
	X(order_first_goes_first, TURN, "its turn", WAIT, s->members[0].is_primary = false;        \
	  s->members[0].is_secondary = true; s->members[2].is_primary = true;                      \
	  s->members[2].is_secondary = false)                                                      \
	X(order_before_the_primary, TURN, "its turn", PASS, )                                      \
	X(claimed_free, TURN, "the turn is free", PASS, case_claim(s, CLAIM_FREE, 2))              \
	X(only_one_heir, START, "a successor is ready", PASS, s->members[1].is_electable = false)  \
	X(heirless_but_the_first, START, "a successor is ready", PASS, primary_is_b(s);            \
	  s->members[2].is_electable = false)                                                      \
	X(claimed_to_restart, CERT, "the turn is free", WAIT, case_claim(s, CLAIM_WAITING, 0);     \
	  s->ledger.is_claim_mine = true; s->ledger.claim.purpose = CLAIM_FOR_RESTART)

#define X(name, ask, gate, verdict, ...)                                                           \
	static void spoil_##name(struct seen *s, struct policy *p, struct instance_policy *i)      \
	{                                                                                          \
		(void)s, (void)p, (void)i;                                                         \
		__VA_ARGS__;                                                                       \
	}
ROWS(X)
#undef X

static const struct {
	const char *name;
	enum ask ask;
	const char *gate;
	enum gate_verdict verdict;
	void (*spoil)(struct seen *s, struct policy *p, struct instance_policy *i);
} rows[] = {
#define X(name, ask, gate, verdict, ...) {#name, ask, gate, GATE_##verdict, spoil_##name},
    ROWS(X)
#undef X
};

static void each_gate_answers_as_its_row_says(void **state)
{
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		const struct gate_result *g;
		bool all = true;
		ask_for(rows[i].ask);
		rows[i].spoil(&the.s, &the.policy, &the.instance);
		case_plan();
		g = gate_get(rows[i].gate);
		if (g->verdict != rows[i].verdict)
			fail_msg("%s: '%s' answers %d: %s", rows[i].name, g->name, (int)g->verdict,
				 g->text);
		for (unsigned k = 0; k < the.plan.gates_n; k++) {
			all &= the.plan.gates[k].verdict == GATE_PASS;
			assert_true(the.plan.gates[k].verdict != GATE_PASS ||
				    the.plan.gates[k].text[0] != 0);
		}
		if ((planned(wanted(rows[i].ask)) != NULL) != all)
			fail_msg("%s: %s", rows[i].name, the.plan.reason);
		bool is_refused = false;
		for (unsigned k = 0; k < the.plan.gates_n; k++)
			is_refused |= the.plan.gates[k].verdict == GATE_REFUSE;
		if (rows[i].ask != CERT && is_refused && !the.plan.needs_attention)
			fail_msg("%s: no person is called: %s", rows[i].name, the.plan.reason);
		if (rows[i].ask != CERT && !is_refused && !all && the.plan.events_n == 0 &&
		    the.plan.restart_now != RESTART_UNSAFE && the.plan.needs_attention)
			fail_msg("%s: a person is called: %s", rows[i].name, the.plan.reason);
		/* The reason names the first gate that needs a person, else the first that is shut.
		 */
		g = NULL;
		for (unsigned k = 0; k < the.plan.gates_n; k++)
			if (the.plan.gates[k].verdict != GATE_PASS &&
			    (!g ||
			     (g->verdict == GATE_WAIT && the.plan.gates[k].verdict == GATE_REFUSE)))
				g = &the.plan.gates[k];
		if (g && (!strstr(the.plan.reason, g->name) || !the.plan.is_waiting))
			fail_msg("%s: %s", rows[i].name, the.plan.reason);
	}
}

/* Asked before the gate, since nobody is looked at in vain either. */
static void nothing_is_narrowed_while_a_part_of_the_cluster_is_not_known(void **state)
{
	static const char *const words[] = {"not known", "silent", "f:27017, which joined after"};
	for (unsigned i = 0; i < ARRAY_N(words); i++) {
		struct seen_sharding *x = &the.s.sharding;
		ask_for(NARROW);
		case_sharded(&the.s);
		case_others_yea(&the.s);
		case_plan();
		planned_get(ACT_PUT_KEYFILE);
		if (i == 0) {
			x->topology.who = WITNESS_NONE;
			cut_z(x->topology_why, sizeof(x->topology_why), "it is not known");
		} else if (i == 1) {
			x->sets[1].is_known = false;
			cut_z(x->sets[1].why, sizeof(x->sets[1].why), "it is silent");
		} else { /* a mongos that came after the proposal, whose rotad says what it runs */
			case_add_mongos(&the.s);
			the.s.ledger.proposal.roll_n--;
		}
		case_plan();
		assert_null(planned(ACT_PUT_KEYFILE));
		assert_non_null(strstr(the.plan.reason, words[i]));
		assert_true(the.plan.is_waiting);
	}
}

static void every_gate_has_a_row_that_shuts_it(void **state)
{
	unsigned shut_n = 0, gates_n = 0;
	for (enum ask ask = START; ask <= NARROW; ask++) {
		ask_for(ask);
		case_plan();
		for (unsigned g = 0; g < the.plan.gates_n; g++) {
			bool is_shut = false;
			for (size_t i = 0; i < ARRAY_N(rows); i++)
				is_shut |= strcmp(rows[i].gate, the.plan.gates[g].name) == 0 &&
					   rows[i].verdict != GATE_PASS;
			gates_n++;
			shut_n += is_shut;
			/* Shut for the primary only: see below. */
			if (!is_shut && strcmp(the.plan.gates[g].name, "a successor is ready") != 0)
				fail_msg("no row shuts '%s'", the.plan.gates[g].name);
		}
	}
	print_message("%zu rows; of %u gates asked %u are shut by a row\n", ARRAY_N(rows), gates_n,
		      shut_n);
}

/* What people read of it; NULL: it has no bearing there, and is not in the list. */
#define WORDS(X)                                                                                   \
	X(mode, START, "mode", "act", )                                                            \
	X(mode_ordered, START, "mode", "ask, and it was approved", p->mode = MODE_ASK)             \
	X(mode_by_age, CERT, "mode", "ask: rotactl approve", p->certificates.mode = MODE_ASK)      \
	X(no_hold, START, "hold", "none", )                                                        \
	X(hold, START, "hold", "by bob: lunch; rotactl resume",                                    \
	  s->ledger.hold = (struct hold){.is_on = true, .who = "bob", .why = "lunch"})             \
	X(window_none, START, "window", "always", )                                                \
	X(window_open, START, "window", "until 2027-01-15T09:00:00Z", night_window(p);             \
	  p->windows[0].start_s = 7 * 3600; p->windows[0].for_us = 2 * US_H)                       \
	X(window_urgent, START, "window", "closed, and the order is urgent", night_window(p);      \
	  s->ledger.orders[0].urgency = URGENCY_URGENT)                                            \
	X(window_rescue, CERT, "window", "closed, but the certificate ends before it opens",       \
	  night_window(p);                                                                         \
	  s->certificate.file.chain_not_after.us = CASE_NOW + US_H)                                \
	X(window_never, START, "window", "never opens within a year: correct windows and freezes", \
	  night_window(p);                                                                         \
	  p->windows[0].days = 0)                                                                  \
	X(window_shut, START, "window", "opens 2027-01-16T02:00:00Z", night_window(p))             \
	X(freeze_none, START, "freeze", "none", )                                                  \
	X(freeze_next, START, "freeze", "none; next 2027-01-16T00:00:00Z", frozen(p, true);        \
	  p->freezes[0].from_day++)                                                                \
	X(freeze, START, "freeze", "until 2027-01-17T00:00:00Z: year end", frozen(p, true))        \
	X(freeze_rescue, CERT, "freeze",                                                           \
	  "frozen (year end), but the certificate ends before it is over", frozen(p, true);        \
	  s->certificate.file.chain_not_after.us = CASE_NOW + US_H)                                \
	X(freeze_broken, START, "freeze", "broken by alice", frozen(p, true);                      \
	  s->ledger.orders[0].urgency = URGENCY_EMERGENCY;                                         \
	  s->ledger.orders[0].breaks_freeze = true)                                                \
	X(clock, START, "clock", "agrees with the primary's", )                                    \
	X(clock_wrong, START, "clock", "1 h ahead", s->is_clock_sane = false;                      \
	  cut_z(s->clock_why, 64, "1 h ahead"))                                                    \
	X(votes_turn, TURN, "a primary stays without it", "2 votes healthy without it", )          \
	X(writes_turn, TURN, "majority writes go on", "2 data-bearing voters left", )              \
	X(votes_start, START, "a primary stays without it", "yes, whoever is away", )              \
	X(votes_allowed, START, "a primary stays without it", "no, and allowDowntime says so",     \
	  s->members_n = 2;                                                                        \
	  i->allow_downtime = DOWNTIME_ALL)                                                        \
	X(votes_single, START, "a primary stays without it",                                       \
	  "a single member: it would be away; allowDowntime: all", s->members_n = 1)               \
	X(writes_single, START, "majority writes go on",                                           \
	  "a single member: it would be away; allowDowntime: all", s->members_n = 1;               \
	  s->is_standalone = true)                                                                 \
	X(votes_of_two, START, "a primary stays without it",                                       \
	  "no primary while 'a:27017' restarts: 1 votes left; allowDowntime: all",                 \
	  s->members_n = 2)                                                                        \
	X(writes_psa, START, "majority writes go on",                                              \
	  "majority writes would stop while 'a:27017' restarts; allowDowntime: majorityWrites",    \
	  arbiter(s, 2))                                                                           \
	X(votes_last_away, START, "a primary stays without it", "not while 'c:27017' is away",     \
	  down(s, 2))                                                                              \
	X(votes_first_away, TURN, "a primary stays without it", "not while 'a:27017' is away",     \
	  down(s, 0))                                                                              \
	X(votes_two_away, START, "a primary stays without it", "not while 'b:27017' is away",      \
	  down(s, 0);                                                                              \
	  down(s, 1))                                                                              \
	X(votes_hidden_away, START, "a primary stays without it", "not while 'e:27017' is away",   \
	  case_letters(s, "PSSHS");                                                                \
	  down(s, 3); down(s, 4))                                                                  \
	X(others_standalone, START, "all others healthy", NULL, s->is_standalone = true)           \
	X(others, START, "all others healthy", "2 seen directly", )                                \
	X(others_away, TURN, "all others healthy", "'c:27017' does not answer: no route",          \
	  down(s, 2);                                                                              \
	  cut_z(s->members[2].why, 64, "no route"))                                                \
	X(others_recover, TURN, "all others healthy", "'c:27017' is RECOVERING",                   \
	  s->members[2].is_secondary = false;                                                      \
	  s->members[2].state = MEMBER_RECOVERING)                                                 \
	X(others_quiesce, TURN, "all others healthy", "'c:27017' is shutting down",                \
	  s->members[2].is_quiescing = true)                                                       \
	X(others_sync, TURN, "all others healthy", "'c:27017' is in initial sync",                 \
	  s->members[2].is_initial_syncing = true)                                                 \
	X(others_no_primary, TURN, "all others healthy", "no primary",                             \
	  s->members[0].is_primary = false;                                                        \
	  s->members[0].is_secondary = true)                                                       \
	X(lag, TURN, "lag", "all below 10 s", )                                                    \
	X(lag_standalone, TURN, "lag", NULL, s->is_standalone = true)                              \
	X(lag_unknown, TURN, "lag", "of 'c:27017' is not known", s->members[2].lag_us = -1)        \
	X(lag_long, TURN, "lag", "c:27017: 11 s, limit 10 s", s->members[2].lag_us = 11 * US_S)    \
	X(nothing_pending, TURN, "only the key would change",                                      \
	  "binary, mongod.conf, unit, PEM as running", )                                           \
	X(pending, TURN, "only the key would change", "x", cut_z(s->process.pending, 64, "x"))     \
	X(pending_allowed, TURN, "only the key would change", "allowed: x",                        \
	  cut_z(s->process.pending, 64, "x");                                                      \
	  i->pending_changes = PENDING_ALLOW)                                                      \
	X(version, TURN, "a tested server version", "6.0.5", )                                     \
	X(version_unknown, TURN, "a tested server version", "not known yet",                       \
	  s->process.version[0] = 0)                                                               \
	X(version_accepted, TURN, "a tested server version",                                       \
	  "9.1.0, not tested; acceptUntested says go on", i->accepts_untested = true;              \
	  cut_z(s->process.version, 32, "9.1.0"))                                                  \
	X(busy_build, TURN, "no backup, no index build", "an index build runs",                    \
	  s->process.has_index_build = true)                                                       \
	X(busy_backup, TURN, "no backup, no index build", "a backup cursor is open",               \
	  s->process.has_backup = true)                                                            \
	X(busy_reload, TURN, "no backup, no index build", "the reload hook runs",                  \
	  s->certificate.is_reload_running = true)                                                 \
	X(busy_locked, TURN, "no backup, no index build", "fsyncLock is held",                     \
	  s->process.is_fsync_locked = true)                                                       \
	X(file, WRITE, "keyfile", "can be replaced", )                                             \
	X(file_external, WRITE, "keyfile", "written by somebody else (writer: external)",          \
	  p->keyfile.writer = WRITER_EXTERNAL)                                                     \
	X(file_unreadable, START, "keyfile", "not readable: EIO",                                  \
	  s->keyfile.ring.is_known = false;                                                        \
	  cut_z(s->keyfile.why, 64, "EIO"))                                                        \
	X(file_stranger, START, "keyfile", "holds a key that the ledger does not know",            \
	  s->keyfile.has_stranger = true)                                                          \
	X(file_readonly, START, "keyfile", "EROFS", s->keyfile.is_writable = false;                \
	  cut_z(s->keyfile.why, 64, "EROFS"))                                                      \
	X(rehearsed, START, "all rehearsed", "all 3", )                                            \
	X(restarted_unseen, START, "all rehearsed", "all 3", s->members[2].process_id[0] = 0;      \
	  s->members[2].statement.process_id[3] = 'x')                                             \
	X(restarted, START, "all rehearsed",                                                       \
	  "'c:27017' was restarted; its rotad has not looked yet",                                 \
	  s->members[2].statement.process_id[3] = 'x')                                             \
	X(not_spoken, START, "all rehearsed", "no rotad has spoken for 'c:27017'",                 \
	  s->members[2].has_statement = false)                                                     \
	X(not_admitted, START, "all rehearsed", "no rotad has spoken for 'c:27017': c is unknown", \
	  s->members[2].has_statement = false;                                                     \
	  cut_z(s->ledger.not_admitted, 64, "c is unknown"))                                       \
	X(not_rehearsed, START, "all rehearsed", "'c:27017': no hook",                             \
	  s->members[2].statement.is_rehearsed = false;                                            \
	  cut_z(s->members[2].statement.findings, 64, "no hook"))                                  \
	X(no_others, START, "other users of the key", "none", )                                    \
	X(no_others_ignored, START, "other users of the key",                                      \
	  "none seen; ignored if there were any", p->keyfile.other_users = OTHER_USERS_IGNORE)     \
	X(others_ignored, START, "other users of the key", "ignored: 10.0.0.9 at 'c:27017'",       \
	  cut_z(s->members[2].others, 64, "10.0.0.9");                                             \
	  p->keyfile.other_users = OTHER_USERS_IGNORE)                                             \
	X(others_of_two, START, "other users of the key",                                          \
	  "10.0.0.7 at 'a:27017'; keyfile.otherUsers: ignore",                                     \
	  cut_z(s->members[2].others, 64, "10.0.0.9");                                             \
	  cut_z(s->members[0].others, 64, "10.0.0.7"))                                             \
	X(others_emergency, START, "other users of the key", "not waited for in an emergency",     \
	  s->ledger.orders[0].urgency = URGENCY_EMERGENCY)                                         \
	X(others_of_a_thief, START, "other users of the key",                                      \
	  "emergency: not waited for: 10.0.0.9 at 'c:27017'",                                      \
	  cut_z(s->members[2].others, 64, "10.0.0.9");                                             \
	  s->ledger.orders[0].urgency = URGENCY_EMERGENCY)                                         \
	X(others_unknown, START, "other users of the key", "not known: timeout",                   \
	  s->others.is_known = false;                                                              \
	  cut_z(s->others.why, 64, "timeout"))                                                     \
	X(owed, TURN, "nothing owed", "nothing owed", )                                            \
	X(owed_rests, TURN, "nothing owed", "it refused to step down; rests 1 min 0 s",            \
	  primary_is_b(s);                                                                         \
	  s->debts.step_down_refused_at.us = CASE_NOW - 14 * US_MIN)                               \
	X(owed_restart, TURN, "nothing owed", "again in 59 s; the restart failed: exit 3",         \
	  s->debts.restart_failed_at.us = CASE_NOW - US_S;                                         \
	  cut_z(s->debts.restart_owed_why, 64, "exit 3"))                                          \
	X(owed_rolled_back, TURN, "nothing owed",                                                  \
	  "it was rolled back; mend it, then rotactl resume", s->debts.rolled_back_at.us = 1;      \
	  s->ledger.hold.is_on = true)                                                             \
	X(heir_none_needed, TURN, "a successor is ready", NULL, )                                  \
	X(heir_standalone, START, "a successor is ready", NULL, s->is_standalone = true)           \
	X(heir_single, START, "a successor is ready", NULL, s->members_n = 1)                      \
	X(heir_no_primary, START, "a successor is ready", NULL, s->members[0].is_primary = false)  \
	X(heir_start, START, "a successor is ready", "another member may become primary", )        \
	X(heir_allowed, START, "a successor is ready", "no, and allowDowntime says so",            \
	  s->members[1].is_electable = s->members[2].is_electable = false;                         \
	  i->allow_downtime = DOWNTIME_ALL)                                                        \
	X(heir_near, PRIMARY, "a successor is ready", "c:27017 is within 1 s",                     \
	  s->members[1].lag_us = 2)                                                                \
	X(heir_near_of_equals, PRIMARY, "a successor is ready", "b:27017 is within 1 s", )         \
	X(heir_far, PRIMARY, "a successor is ready",                                               \
	  "the nearest, 'b:27017', lags 3.0 s; limit 1 s", s->members[1].lag_us = 3 * US_S;        \
	  s->members[2].lag_us = 4 * US_S)                                                         \
	X(heir_unknown, PRIMARY, "a successor is ready",                                           \
	  "the nearest, 'c:27017', lags 4.0 s; limit 1 s", s->members[1].lag_us = -1;              \
	  s->members[2].lag_us = 4 * US_S)                                                         \
	X(heir_recovers, PRIMARY, "a successor is ready",                                          \
	  "the nearest, 'c:27017', lags 4.0 s; limit 1 s", s->members[1].is_secondary = false;     \
	  s->members[2].lag_us = 4 * US_S)                                                         \
	X(heir_not_electable, PRIMARY, "a successor is ready",                                     \
	  "the nearest, 'c:27017', lags 4.0 s; limit 1 s", s->members[1].is_electable = false;     \
	  s->members[2].lag_us = 4 * US_S)                                                         \
	X(heir_down, PRIMARY, "a successor is ready", "no member that may become primary is up",   \
	  s->members[1].is_secondary = s->members[2].is_secondary = false)                         \
	X(order, TURN, "its turn", "its turn", )                                                   \
	X(order_no_primary, TURN, "its turn", "as far as can be told without a primary",           \
	  s->members[0].is_primary = false)                                                        \
	X(order_catches_up, CATCH_UP, "its turn", "it has to catch up first", )                    \
	X(order_c_first, TURN, "its turn", "'c:27017' goes first", s->members[2].is_hidden = true) \
	X(order_c_waits, TURN, "its turn", "'c:27017' goes first", s->members[2].is_hidden = true; \
	  case_claim(s, CLAIM_WAITING, 2))                                                         \
	X(order_c_first_and_another_acts, TURN, "its turn", "'c:27017' goes first",                \
	  s->members[2].is_hidden = true;                                                          \
	  case_claim(s, CLAIM_ACTING, 0))                                                          \
	X(order_c_has_it, TURN, "its turn",                                                        \
	  "'c:27017' goes first and has the turn since 1 min 0 s", s->members[2].is_hidden = true; \
	  case_claim(s, CLAIM_ACTING, 2); s->ledger.claim_moved.us = CASE_NOW - US_MIN)            \
	X(claim_standalone, TURN, "the turn is free", NULL, s->is_standalone = true)               \
	X(claim_free, TURN, "the turn is free", "free", )                                          \
	X(claim_mine, TURN, "the turn is free", "mine", case_claim(s, CLAIM_WAITING, 1))           \
	X(claim_acting, TURN, "the turn is free", "'c:27017' has the turn, acting",                \
	  case_claim(s, CLAIM_ACTING, 2))                                                          \
	X(claim_waiting, TURN, "the turn is free", "'c:27017' has the turn",                       \
	  case_claim(s, CLAIM_WAITING, 2))                                                         \
	X(claim_to_reload, TURN, "the turn is free",                                               \
	  "it is held for the certificate of this member", case_claim(s, CLAIM_ACTING, 1);         \
	  s->ledger.claim.purpose = CLAIM_FOR_CERTIFICATE)                                         \
	X(claim_to_restart, CERT, "the turn is free", "it is held for the restart of this member", \
	  case_claim(s, CLAIM_ACTING, 1))

#define X(name, ask, gate, text, ...)                                                              \
	static void word_##name(struct seen *s, struct policy *p, struct instance_policy *i)       \
	{                                                                                          \
		(void)s, (void)p, (void)i;                                                         \
		__VA_ARGS__;                                                                       \
	}
WORDS(X)
#undef X

static void each_gate_says_why_as_its_row_says(void **state)
{
	static const struct {
		const char *name;
		enum ask ask;
		const char *gate, *text;
		void (*spoil)(struct seen *s, struct policy *p, struct instance_policy *i);
	} words[] = {
#define X(name, ask, gate, text, ...) {#name, ask, gate, text, word_##name},
	    WORDS(X)
#undef X
	};
	for (size_t i = 0; i < ARRAY_N(words); i++) {
		const struct gate_result *g;
		ask_for(words[i].ask);
		words[i].spoil(&the.s, &the.policy, &the.instance);
		case_plan();
		g = gate_named(words[i].gate);
		if (!g != !words[i].text || (g && strcmp(g->text, words[i].text) != 0))
			fail_msg("%s: '%s' says: %s (%s)", words[i].name, words[i].gate,
				 g ? g->text : "nothing", the.plan.reason);
	}
}

/* While a rotation is under way, as told by its order. */
static void what_is_said_of_a_key_counts_for_no_certificate(void **state)
{
	struct planner p = {.s = &the.s,
			    .policy = &the.policy,
			    .instance = &the.instance,
			    .mode = MODE_ACT,
			    .plan = &the.plan,
			    .generation = GENERATION_OPEN};
	unsigned first;
	ask_for(CERT);
	case_propose(&the.s, "---");
	the.s.ledger.terms = (struct order_terms){
	    .urgency = URGENCY_EMERGENCY, .breaks_freeze = true, .who = "alice"};
	assert_true(gate_check(&p, GATE_FOR_CERTIFICATE, &first));
	night_window(&the.policy);
	assert_false(gate_check(&p, GATE_FOR_CERTIFICATE, &first));
	assert_string_equal(the.plan.gates[first].name, "window");
	the.policy.windows_n = 0;
	frozen(&the.policy, true);
	assert_false(gate_check(&p, GATE_FOR_CERTIFICATE, &first));
	assert_string_equal(the.plan.gates[first].name, "freeze");
	the.policy.freezes_n = 0;
	the.policy.certificates.mode = MODE_ASK;
	assert_false(gate_check(&p, GATE_FOR_CERTIFICATE, &first));
	assert_string_equal(the.plan.gates[first].name, "mode");
	the.policy.certificates.mode = MODE_OBSERVE;
	assert_false(gate_check(&p, GATE_FOR_CERTIFICATE, &first));
	assert_string_equal(the.plan.gates[first].text,
			    "observe: rotad only looks; rotactl mode ask");
	cut_z(the.policy.mode_why, sizeof(the.policy.mode_why), "x");
	assert_false(gate_check(&p, GATE_FOR_CERTIFICATE, &first));
	assert_string_equal(the.plan.gates[first].text, "observe: x");
	assert_int_equal(the.plan.gates[first].verdict, GATE_REFUSE);
}

static void nobody_else_is_waited_for_before_a_vote_but_he_is_told(void **state)
{
	case_begin(1);
	case_propose(&the.s, "---");
	case_rings(&the.s, 1, ring_of(1, 2), ring_of(1, 2));
	case_proof(&the.s, 1, 2, LOGIN_ACCEPTED);
	the.s.others.at.us = 0;
	case_plan();
	assert_int_equal(the.plan.wants_others, OTHERS_OF_SELF);
	assert_null(planned(ACT_VOTE));
	the.s.others.at.us = CASE_NOW - 59 * US_S;
	the.s.others.scope = OTHERS_OF_SELF;
	case_plan();
	assert_false(the.plan.wants_others);
	planned_get(ACT_VOTE);
	assert_null(told("key-used-by-others"));
	cut_z(the.s.members[1].others, 64, "10.0.0.9");
	case_plan();
	planned_get(ACT_VOTE);
	assert_non_null(strstr(told_get("key-used-by-others")->what, "10.0.0.9"));
	the.s.others.is_known = false; /* a look that failed holds up no vote */
	case_plan();
	planned_get(ACT_VOTE);
}

static void what_is_not_asked_for_is_not_looked_at(void **state)
{
	case_begin(1);
	the.s.others.at.us = 0;
	case_plan();
	assert_false(the.plan.wants_others); /* nothing under way */
	ask_for(TURN);
	the.s.others.at.us = 0;
	case_plan();
	assert_false(the.plan.wants_others);
	ask_for(NARROW);
	the.s.others.at.us = 0;
	case_plan();
	assert_int_equal(the.plan.wants_others, OTHERS_OF_SET);
	ask_for(START);
	the.s.others.at.us = 0;
	case_plan();
	assert_int_equal(the.plan.wants_others, OTHERS_OF_ALL);
}

static void a_primary_steps_down_only_for_a_successor_within_a_second(void **state)
{
	static const struct {
		int64_t lag_b, lag_c;
		bool is_electable, may;
	} lags[] = {
	    {0, 0, true, true},   {US_S, 9 * US_S, true, true}, {US_S + 1, US_S + 1, true, false},
	    {0, 0, false, false}, {9 * US_S, 0, true, true},
	};
	for (size_t i = 0; i < ARRAY_N(lags); i++) {
		ask_primary();
		the.s.members[1].lag_us = lags[i].lag_b;
		the.s.members[2].lag_us = lags[i].lag_c;
		the.s.members[1].is_electable = the.s.members[2].is_electable =
		    lags[i].is_electable;
		case_plan();
		assert_int_equal(planned(ACT_STEP_DOWN) != NULL, lags[i].may);
		assert_null(planned(ACT_RESTART));
		assert_int_equal(gate_get("a successor is ready")->verdict, lags[i].may ? GATE_PASS
									    : lags[i].is_electable
										? GATE_WAIT
										: GATE_REFUSE);
		/* The turn is kept for what opens within moments. */
		assert_int_equal(planned(ACT_RELEASE_CLAIM) != NULL, !lags[i].is_electable);
	}
}

static void whose_turn_it_is_is_said_before_what_the_set_could_bear(void **state)
{
	unsigned turn = 0, free = 0, votes = 0;
	ask_for(TURN);
	case_plan();
	for (unsigned i = 0; i < the.plan.gates_n; i++) {
		const char *name = the.plan.gates[i].name;
		turn = strcmp(name, "its turn") == 0 ? i : turn;
		free = strcmp(name, "the turn is free") == 0 ? i : free;
		votes = strcmp(name, "a primary stays without it") == 0 ? i : votes;
	}
	assert_true(turn && turn < free);
	assert_true(free < votes);
}

static void what_the_schedule_asks_for_waits_for_an_approval_in_mode_ask(void **state)
{
	ask_for(START);
	the.policy.mode = MODE_ASK;
	case_plan();
	assert_false(the.plan.waits_for_approval);
	the.s.ledger.orders[0].serial = 412;
	case_plan();
	assert_true(the.plan.waits_for_approval);
	case_order(&the.s, ORDER_KEYFILE); /* a person's is none the less */
	case_plan();
	assert_false(the.plan.waits_for_approval);
}

static void a_member_that_is_away_is_named_before_those_that_do_not_see_it(void **state)
{
	ask_for(TURN);
	down(&the.s, 2);
	the.s.members[0].sees_all = false;
	cut_z(the.s.members[0].why, sizeof(the.s.members[0].why), "it does not see 'c:27017'");
	case_plan();
	assert_non_null(strstr(the.plan.reason, "all others healthy: 'c:27017' does not answer"));
}

/* A set whose only electable member is the primary: with leave it is restarted as it is. */
static void a_primary_without_an_heir_is_restarted_only_with_leave(void **state)
{
	ask_primary();
	the.s.members[1].is_electable = the.s.members[2].is_electable = false;
	the.instance.allow_downtime = DOWNTIME_MAJORITY_WRITES;
	case_plan();
	assert_null(planned(ACT_STEP_DOWN));
	assert_null(planned(ACT_RESTART));
	the.instance.allow_downtime = DOWNTIME_ALL;
	case_plan();
	assert_null(planned(ACT_STEP_DOWN));
	assert_non_null(planned(ACT_RESTART));
}

/* Asked by the daemon before it takes an order. */
static void an_order_is_refused_only_for_what_needs_a_person(void **state)
{
	static struct plan scratch;
	unsigned refused_n = 0;
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct gate_result g = {.name = NULL};
		bool wanted_refusal = false;
		if (rows[i].ask != START)
			continue;
		ask_for(START);
		rows[i].spoil(&the.s, &the.policy, &the.instance);
		case_plan();
		for (unsigned k = 0; k < the.plan.gates_n; k++)
			wanted_refusal |= the.plan.gates[k].verdict == GATE_REFUSE;
		if (plan_refuses_start(&the.s, &the.policy, &the.instance, &scratch, &g) !=
		    wanted_refusal)
			fail_msg("%s: %s", rows[i].name, g.name ? g.text : "not refused");
		refused_n += wanted_refusal;
		if (wanted_refusal)
			assert_int_equal(g.verdict, GATE_REFUSE);
	}
	assert_true(refused_n > 8);
}

static void a_turn_in_hand_is_kept_only_for_what_opens_soon(void **state)
{
	static const char *const kept[] = {"lag_own", "lag_other", "others_blind", "others_syncing",
					   "others_no_primary"};
	unsigned kept_n = 0, given_n = 0;
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		bool is_kept = false;
		if (rows[i].ask != TURN || rows[i].verdict == GATE_PASS ||
		    strncmp(rows[i].name, "claimed", 7) == 0 ||
		    strcmp(rows[i].gate, RIDE_GATE) == 0) /* it stops no turn that has begun */
			continue;
		ask_for(TURN);
		rows[i].spoil(&the.s, &the.policy, &the.instance);
		case_claim(&the.s, CLAIM_ACTING, 1);
		case_plan();
		for (size_t k = 0; k < ARRAY_N(kept); k++)
			is_kept |= strcmp(kept[k], rows[i].name) == 0;
		is_kept |= strncmp(rows[i].name, "lag_", 4) == 0 ||
			   strncmp(rows[i].name, "others_", 7) == 0 ||
			   strncmp(rows[i].name, "votes_", 6) == 0;
		if (is_kept)
			assert_true(gate_get(rows[i].gate)->opens_soon);
		if (is_kept == (planned(ACT_RELEASE_CLAIM) != NULL))
			fail_msg("%s: %s", rows[i].name, the.plan.reason);
		assert_null(planned(ACT_RESTART));
		kept_n += is_kept;
		given_n += !is_kept;
	}
	assert_true(kept_n >= ARRAY_N(kept));
	assert_true(given_n > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_gate_answers_as_its_row_says),
	    cmocka_unit_test(nothing_is_narrowed_while_a_part_of_the_cluster_is_not_known),
	    cmocka_unit_test(every_gate_has_a_row_that_shuts_it),
	    cmocka_unit_test(each_gate_says_why_as_its_row_says),
	    cmocka_unit_test(what_is_said_of_a_key_counts_for_no_certificate),
	    cmocka_unit_test(nobody_else_is_waited_for_before_a_vote_but_he_is_told),
	    cmocka_unit_test(what_is_not_asked_for_is_not_looked_at),
	    cmocka_unit_test(a_primary_steps_down_only_for_a_successor_within_a_second),
	    cmocka_unit_test(whose_turn_it_is_is_said_before_what_the_set_could_bear),
	    cmocka_unit_test(what_the_schedule_asks_for_waits_for_an_approval_in_mode_ask),
	    cmocka_unit_test(a_member_that_is_away_is_named_before_those_that_do_not_see_it),
	    cmocka_unit_test(a_primary_without_an_heir_is_restarted_only_with_leave),
	    cmocka_unit_test(an_order_is_refused_only_for_what_needs_a_person),
	    cmocka_unit_test(a_turn_in_hand_is_kept_only_for_what_opens_soon),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
