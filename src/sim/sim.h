/* SPDX-License-Identifier: Apache-2.0 */
/* A whole fleet in one process and in virtual time: the real rounds and the real planner on faked
 * ports. What happens is a function of a scenario alone, so a failure replays exactly. Scenarios
 * are text in and text out. */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include "base/clock.h"
#include "base/rng.h"
#include "model/plan.h"
#include "model/policy.h"

enum {
	SIM_HOSTS_MAX = 16,
	SIM_FAULTS_MAX = 48,
	SIM_HAPPENINGS_MAX = 512,
};

/* X(NAME, word, weight, what it takes, what happens). A letter of the third a parameter: h the
 * host, o another host, t a time, n a number. */
#define SIM_FAULTS(X)                                                                              \
	X(KILL_ROTAD, "kill-rotad", 10, "ht", "its rotad dies at once and is started after t")     \
	X(PAUSE_ROTAD, "pause-rotad", 8, "ht", "its rotad stands still for t")                     \
	X(RESTART_MEMBER, "restart-member", 8, "h", "a person restarts its member")                \
	X(STOP_MEMBER, "stop-member", 5, "ht", "a person stops its member and starts it after t")  \
	X(CRASH_MEMBER, "crash-member", 5, "ht", "its member dies and is started after t")         \
	X(POWER_CUT, "power-cut", 5, "ht", "the whole host is off for t")                          \
	X(CUT, "cut", 5, "hot", "the two hosts do not reach each other for t")                     \
	X(CUT_ONE_WAY, "cut-one-way", 4, "hot", "what h sends does not reach o for t")             \
	X(ISOLATE, "isolate", 5, "ht", "the host reaches nobody for t")                            \
	X(SLOW_NETWORK, "slow-network", 4, "ht", "whatever it sends takes 50 times as long")       \
	X(CLOCK_JUMP, "clock-jump", 6, "ht", "its wall clock jumps by t, which may be below 0")    \
	X(LAG, "lag", 4, "ht", "its member falls behind for t")                                    \
	X(BAD_START, "bad-start", 4, "hn", "the next n starts of its member fail")                 \
	X(SLOW_START, "slow-start", 4, "ht", "the next start of its member takes t")               \
	X(DISK_FULL, "disk-full", 4, "ht", "its disk is full for t")                               \
	X(DISK_ERROR, "disk-error", 4, "hn", "its next n durable writes fail or may have failed")  \
	X(EDIT_FILE, "edit-file", 6, "hn",                                                         \
	  "somebody writes its keyfile: 0 the first key, 1 "                                       \
	  "rubbish, 2 a stranger's key, 3 the same keys anew, "                                    \
	  "4 what another host has")                                                               \
	X(STORE_UNSURE, "store-unsure", 6, "n", "n writes to the ledger are not acknowledged")     \
	X(STORE_RESTORED, "store-restored", 1, "t", "the ledger is as it was t ago")               \
	X(STEP_DOWN_REFUSED, "step-down-refused", 4, "n", "the next n step-downs are refused")     \
	X(ELECTION, "election", 5, "", "another member becomes primary")                           \
	X(HELPER_STUCK, "helper-stuck", 4, "hn", "its next n questions to members time out")       \
	X(RESTART_FAILS, "restart-fails", 4, "hn", "its next n restart jobs fail, nothing done")   \
	X(RESTARTER_GONE, "restarter-gone", 3, "ht", "systemd does not answer it for t")           \
	X(PAUSE, "pause", 3, "ht", "a person says pause on it, and resume after t")                \
	X(ABORT, "abort", 4, "h", "a person says abort on it")                                     \
	X(ROTATE, "rotate", 5, "hn", "a person says rotate on it: n = 1 as an emergency")          \
	X(JOIN, "join", 5, "on",                                                                   \
	  "o, a host outside, is added to the set: 0 with the "                                    \
	  "keyfile of a member, 1 with the first key, 2 with "                                     \
	  "the file that it has; 4 more: its rotad comes late")                                    \
	X(LEAVE, "leave", 5, "hn", "it is taken out of the set; n = 1: its host is gone then")     \
	X(RENAME, "rename", 3, "h", "the set names its member otherwise")                          \
	X(DECLARE_DEAD, "declare-dead", 5, "hotn",                                                 \
	  "o is off for t, n = 1: reached by nobody, and a person says on h to go on without it")  \
	X(REVOKE, "revoke", 3, "hon",                                                              \
	  "a person revokes o on h, n = 1: with an emergency, and takes it out of the set")        \
	SIM_FAULTS_TLS(X)                                                                          \
	SIM_FAULTS_HOOK(X)
/* Those of fleets with TLS: drawn by a stream of their own, so that other seeds stay as they are.
 */
#define SIM_FAULTS_TLS(X)                                                                          \
	X(AUTHORITY_DOWN, "authority-down", 6, "ht", "its authority does not answer for t")        \
	X(AUTHORITY_SLOW, "authority-slow", 4, "ht", "its authority answers only after t")         \
	X(AUTHORITY_WRONG, "authority-wrong", 8, "hn",                                             \
	  "the next answer is wrong: 0 another name, 1 another key, 2 a chain that nobody "        \
	  "trusts, 3 it ends at once, 4 no certificate, 5 the chain of another CA")                \
	X(AUTHORITY_REFUSES, "authority-refuses", 4, "hn", "its authority says no, n times")       \
	X(AUTHORITY_LOSES, "authority-loses", 4, "hn", "n requests, or answers, are lost")         \
	X(RELOAD_REFUSED, "reload-refused", 5, "hn", "n times rotateCertificates is refused")      \
	X(RELOAD_LIES, "reload-lies", 5, "hn", "n times it says ok, and serves what it served")    \
	X(RELOAD_LATE, "reload-late", 4, "ht", "it says ok, and serves the new one after t")       \
	X(TRUST_FILE, "trust-file", 4, "hn",                                                       \
	  "a person makes its CAFile: n = 1 both CAs, else one")                                   \
	X(RENEW, "renew", 8, "hn", "a person says rotate certificates on it: n = 1 its own alone")

/* Those of members that are restarted by a hook; the same. */
#define SIM_FAULTS_HOOK(X)                                                                         \
	X(HOOK_FAILS, "hook-fails", 6, "hn",                                                       \
	  "its hook fails: 0 at once, 1 after the stop, 2 done")                                   \
	X(HOOK_HANGS, "hook-hangs", 4, "hn", "its hook never ends: 0, 1, 2 as before")             \
	X(HOOK_IDLE, "hook-idle", 5, "hn", "its hook says 0 and does nothing, n times")            \
	X(HOOK_SHOUTS, "hook-shouts", 3, "hn", "its hook prints a lot, n times, and may fail")     \
	SIM_FAULTS_POLICY(X)
/* What operators do beside it, on any fleet: what the gates wait for. By a stream of their own too.
 */
#define SIM_FAULTS_POLICY(X)                                                                       \
	X(BUSY, "busy", 5, "htn",                                                                  \
	  "for t its member has 1 a backup cursor open, 2 an index build, 3 fsyncLock")            \
	X(NEW_VERSION, "new-version", 4, "ht", "for t its member is of an untested version")       \
	X(MODE, "mode", 6, "htn", "for t its rotad's mode is 0 off, 1 observe, 2 or 3 ask")        \
	X(WINDOW, "window", 4, "t", "for t no window is open, on any host")                        \
	X(FREEZE, "freeze", 4, "t", "for t all is frozen, on any host")                            \
	X(OLD_KEY, "old-key", 5, "t", "for t a key of ten minutes is older than maxAge")

enum sim_fault_kind {
#define X(name, word, weight, takes, text) SIM_##name,
	SIM_FAULTS(X)
#undef X
	    SIM_FAULT_N
};

/* One thing that goes wrong, at a time or at a boundary of an act of its host's rotad. */
struct sim_fault {
	enum sim_fault_kind kind;
	int64_t at_us; /* since the start; of no meaning when is_at_act */
	unsigned host, other;
	int64_t time_us, number;
	bool is_at_act, is_before;
	bool is_any; /* of whichever host comes there; the times count over all hosts */
	enum act_kind act;
	unsigned nth; /* 1: the first time that it comes there */
};

/* What a member is besides an ordinary one; X(FLAG, word). As in rs.conf(). */
#define SIM_KINDS(X)                                                                               \
	X(ARBITER, "arbiter")                                                                      \
	X(HIDDEN, "hidden")                                                                        \
	X(PASSIVE, "passive") /* priority 0 */                                                     \
	X(VOTELESS, "voteless")                                                                    \
	X(DELAYED, "delayed") /* by an hour */

enum sim_kind_bit {
#define X(name, word) SIM_BIT_##name,
	SIM_KINDS(X)
#undef X
	    SIM_KIND_N
};
#define SIM_KIND(name) (1u << SIM_BIT_##name)
extern const char *const sim_kind_words[SIM_KIND_N];

struct sim_scenario {
	uint64_t seed;
	unsigned members_n;            /* 1..SIM_HOSTS_MAX */
	unsigned spares_n;             /* hosts outside the set, which may join it */
	bool has_arbiter;              /* the last member */
	unsigned kinds[SIM_HOSTS_MAX]; /* SIM_KIND() bits of each */
	enum allow_downtime downtime;  /* what the operator allows, for has_downtime */
	bool is_lively;                /* rotads wake when they wish, as real ones; slower to run */
	bool has_downtime;             /* else whatever the set's shape needs */
	bool is_standby;               /* the strategy; twoPass else */
	int64_t ride_us;               /* keyfile.rideAlong; 0: no */
	bool is_standalone;            /* one mongod of no set, its ledger a file */
	int64_t latency_us;            /* of a message, more or less */
	int64_t pace_us;               /* how much later than it wished a rotad wakes up, at most */
	/* Certificates: when each is renewed by age (below 0: not in this run); of its CAFile the
	 * SIM_CA_ bits (0: the one CA). */
	unsigned
	    routers_n;  /* mongos: the hosts after the spare ones; the set is the config servers' */
	unsigned hooks; /* bit i: host i is restarted, and reloaded, by a hook */
	bool has_tls;
	int64_t due_us[SIM_HOSTS_MAX];
	unsigned trusts[SIM_HOSTS_MAX];
	int64_t drain_us;
	int64_t heal_us;  /* from then on nothing goes wrong any more */
	int64_t bound_us; /* and after so long the rotation must be over */
	/* What a scenario file says of its end; of no meaning for a seed. */
	bool has_expect;
	unsigned expect_outcome;   /* enum sim_outcome */
	unsigned expect_carried_n; /* so many rotations at least, carried and closed */
	unsigned expect_undone_n;  /* and so many given up and closed */
	bool is_expect_exact;      /* and not one more */
	bool has_expect_renewals;
	unsigned expect_renewals_n, expect_taken_back_n; /* so many certificates at least */
	unsigned faults_n;
	struct sim_fault faults[SIM_FAULTS_MAX];
};

/* A scenario drawn from the seed. */
void sim_scenario_draw(struct sim_scenario *s, uint64_t seed);
/* The same for a set of that many members; 0: drawn as well. */
void sim_scenario_draw_for(struct sim_scenario *s, uint64_t seed, unsigned members_n);
/* A few more faults of one kind, by its seed. */
void sim_scenario_add(struct sim_scenario *s, enum sim_fault_kind kind);
/* As text, a line a word; and back. Errors: ERR_SYNTAX with the line. */
void sim_scenario_print(const struct sim_scenario *s, struct buf *out);
MUST_CHECK bool sim_scenario_parse(struct str text, struct sim_scenario *ret, struct err *err);

/* What was reached, added up over runs. */
struct sim_coverage {
	unsigned acts[ACT_N], acts_failed[ACT_N];
	unsigned faults[SIM_FAULT_N]; /* that took effect */
	unsigned port_calls, rounds;
	unsigned gates_n;
	struct {
		const char *name;
		unsigned verdicts[GATE_SKIP + 1];
	} gates[GATES_MAX];
	unsigned events_n;
	struct {
		char name[64];
		unsigned n;
	} events[96];
};

enum sim_outcome {
	SIM_DONE,      /* safe, and over within the bound */
	SIM_UNSAFE,    /* an invariant was broken: why tells */
	SIM_STUCK,     /* safe, and not over within the bound */
	SIM_SAFE_ONLY, /* safe; that it ends was not asked (the ledger went back in time) */
};
/* What it cost, since the last order was taken up; for a rehearsal of an operator's own set. */
enum sim_happening_kind {
	SIM_PROPOSED,   /* the new key was made */
	SIM_WROTE,      /* the keyfile: `keys` hold the numbers */
	SIM_STOPS,      /* its member stops */
	SIM_BACK,       /* and serves again */
	SIM_STEPS_DOWN, /* by rotad's word */
	SIM_ELECTED,
	SIM_VOTED,
	SIM_PIVOT,  /* all have voted */
	SIM_CLOSED, /* the old key is refused by all */
	SIM_HAPPENING_N
};
extern const char *const sim_happening_words[SIM_HAPPENING_N];
struct sim_happening {
	int64_t at_us;
	enum sim_happening_kind kind;
	unsigned host;
	unsigned keys[2]; /* SIM_WROTE: 0 none */
};
struct sim_cost {
	int64_t begun_us, closed_us; /* proposal to closure; closed 0: not yet */
	unsigned step_downs_n;
	unsigned pauses_n; /* times without a primary that a majority follows */
	int64_t pause_longest_us, pause_all_us;
	int64_t held_us; /* majority writes could not be acknowledged */
	struct {
		unsigned restarts_n;
		int64_t away_longest_us; /* from its stop until it serves again */
	} hosts[SIM_HOSTS_MAX];
	unsigned happenings_n;
	struct sim_happening happenings[SIM_HAPPENINGS_MAX]; /* the first of them */
	char waits[600]; /* the reason of a rotad that did not end */
};
struct sim_result {
	enum sim_outcome outcome;
	struct sim_cost cost;
	char rule[48]; /* which rule was broken, in a word; "" none */
	char why[512];
	int64_t at_us;                     /* when it was found, or over */
	unsigned rotations_n;              /* that were carried and closed */
	unsigned undone_n;                 /* that were given up and closed */
	unsigned renewals_n, taken_back_n; /* certificates: proven, and put back */
	char missed[64];                   /* the first fault that never struck; "" none */
	uint64_t trace_hash; /* of all lines of the trace: the same for the same scenario */
};

/* Run it. trace (may be NULL) takes a line a happening; coverage (may be NULL) is added to. */
void sim_run(const struct sim_scenario *s, struct buf *trace, struct sim_coverage *coverage,
	     struct sim_result *ret);
/* Take away what the failure does not need: the same rule stays broken. Returns how many runs it
 * took. */
unsigned sim_shrink(struct sim_scenario *s, const struct sim_result *failure);

extern const char *const sim_fault_words[SIM_FAULT_N];
extern const char *const sim_outcome_words[];

#endif
