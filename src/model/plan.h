/* SPDX-License-Identifier: Apache-2.0 */
/* What to do next, and why: the planner's answer for one instance. A plan always has a reason, also
 * for doing nothing. */
#ifndef MODEL_PLAN_H
#define MODEL_PLAN_H

#include "model/event.h"
#include "model/seen.h"

/* X(NAME, word, disruptive, deadline in seconds, what it does). Order is of no meaning. */
#define ACTS(X)                                                                                    \
	X(FOUND_LEDGER, "found-ledger", 0, 10, "make the ledger of this cluster")                  \
	X(PUBLISH_IDENTITY, "publish-identity", 0, 10, "publish this rotad's identity")            \
	X(WELCOME, "welcome", 0, 20, "seal the present keyring for identities without it")         \
	X(PUBLISH_STATEMENT, "publish-statement", 0, 10, "tell the others how this member stands") \
	X(PROPOSE, "propose", 0, 30, "make the next key, seal it for all, propose it")             \
	X(PUT_KEYFILE, "put-keyfile", 0, 20, "write the keyfile")                                  \
	X(RESTORE_KEYFILE, "restore-keyfile", 0, 20, "put the keyfile back after a foreign write") \
	X(TAKE_CLAIM, "take-claim", 0, 10, "ask for the turn")                                     \
	X(CLAIM_ACTING, "claim-acting", 0, 10, "turn the claim from waiting to acting")            \
	X(RELEASE_CLAIM, "release-claim", 0, 10, "give the turn back")                             \
	X(SET_DRAIN, "set-drain", 0, 10, "set how long mongod drains before it stops")             \
	X(STEP_DOWN, "step-down", 1, 20, "ask the primary to step down")                           \
	X(RESTART, "restart", 1, 0, "restart the member")                                          \
	X(START, "start", 1, 0, "start the member that a restart of ours left stopped")            \
	X(END_JOB, "end-job", 0, 5, "record the end of the restart")                               \
	X(ROLL_BACK, "roll-back", 1, 0, "put the previous keyfile back and start the member")      \
	X(VOTE, "vote", 0, 10, "vote for the new key")                                             \
	X(HOLD, "hold", 0, 10, "hold the cluster")                                                 \
	X(CLOSE, "close", 0, 20, "record that the old key is refused by all")                      \
	X(RETIRE, "retire", 0, 20, "retire the old key here, wipe the previous file")              \
	X(ASK_AUTHORITY, "ask-authority", 0, 60, "ask the authority for a certificate")            \
	X(INSTALL_CERTIFICATE, "install-certificate", 0, 20, "write the certificate's PEM")        \
	X(RELOAD, "reload", 1, 30, "have mongod load the certificate")                             \
	X(CONFIRM_CERTIFICATE, "confirm-certificate", 0, 20,                                       \
	  "keep the certificate that is proven in use")                                            \
	X(ROLL_BACK_CERTIFICATE, "roll-back-certificate", 1, 30,                                   \
	  "put the previous certificate back")                                                     \
	X(SIGN_REQUESTS, "sign-requests", 0, 30, "sign the other hosts' certificate requests")     \
	X(PUBLISH_REVOCATION, "publish-revocation", 0, 20,                                         \
	  "tell the others again whose identity is revoked")                                       \
	X(END_ORDER, "end-order", 0, 20, "record that all have served an order")                   \
	X(TIDY_LEDGER, "tidy-ledger", 0, 30,                                                       \
	  "remove documents of the ledger that nothing needs any more")

enum act_kind {
#define X(name, word, disruptive, deadline, text) ACT_##name,
	ACTS(X)
#undef X
	    ACT_N
};
struct act_row {
	const char *word;    /* "put-keyfile": journal, traces, JSON */
	bool is_disruptive;  /* needs the claim and all gates */
	int64_t deadline_us; /* 0: of the restart policy */
	const char *text;
};
extern const struct act_row act_table[ACT_N];

struct act {
	enum act_kind kind;
	unsigned ring_n; /* PUT, RESTORE, ROLL_BACK: the keys to write, first is outgoing */
	struct key_name ring[KEYS_PER_FILE_MAX];
	enum vote_word vote;
	enum claim_purpose purpose;
	uint64_t generation;
	struct token order;
	enum urgency urgency;
	enum cert_target target;
	int64_t drain_ms;
	char reason[REASON_BYTES]; /* why now */
	char undo[160]; /* how to get back; "" when there is no way and why none is needed stands in
			   reason */
};

/* One line of the gate list that `rotactl explain` prints. */
enum gate_verdict { GATE_PASS, GATE_WAIT, GATE_REFUSE, GATE_SKIP };
struct gate_result {
	const char *name; /* "a primary stays without it" */
	enum gate_verdict verdict;
	bool opens_soon; /* worth keeping a turn in hand for */
	char text[256];
};

/* A login that the planner wants to see before it goes on. */
struct look {
	unsigned member; /* index into seen.members */
	struct key_id key, control;
	bool expects_refusal; /* it leaves a failed login in the server's log: foretold */
};
enum { LOOKS_MAX = MEMBERS_MAX * 2 };

/* One line of the progress table of `rotactl status`. */
enum step_state { STEP_TO_COME, STEP_NOW, STEP_WAITING, STEP_DONE };
struct step {
	char text[64];
	enum step_state state;
	unsigned done_n, of_n;
	char note[128];
};
enum { STEPS_MAX = 8 };

/* Nothing is asked for: could a keyfile rotation begin now? */
#define GATES_FOR_START "the start of a keyfile rotation"

struct plan {
	unsigned acts_n;
	struct act acts[ACTS_PER_ROUND_MAX]; /* in order; one that fails ends the round */
	unsigned looks_n;
	struct look looks[LOOKS_MAX];   /* wanted before anything else; then plan again */
	enum others_scope wants_others; /* who else uses the key (seen.others) */
	bool wants_peer_check;          /* handshakes as a member towards every peer, with the new
					   certificate */
	/* writer: external: what whoever writes the keyfile should put there now */
	bool has_external;
	struct act external;
	char reason[REASON_BYTES]; /* one sentence: what happens or why nothing does */
	unsigned gates_n;
	struct gate_result
	    gates[GATES_MAX]; /* of the act that is next, whether it is held back or not */
	char gates_for[HOST_BYTES_MAX]; /* whose turn the gates were asked for; "" none, or as
					   below */
	unsigned steps_n;
	struct step steps[STEPS_MAX];
	unsigned events_n;
	/* Told by round/record.c. The last one is where what finds no room is written, and is not
	 * told. */
	struct event events[EVENTS_PER_ROUND_MAX + 1];
	uint32_t alarms_judged, alarms_on; /* rows of plan/alarm.c, a bit each */
	struct wall wake_at;               /* look again at the latest then */
	bool is_waiting;                   /* something is under way and held back */
	bool is_rotating;                  /* a keyfile rotation is under way or wanted */
	bool needs_attention;              /* exit 1 of status */
	char approval[APPROVAL_CHARS + 1]; /* the id of what waits for one; "" nothing does */
	bool waits_for_approval;           /* mode ask: rotactl approve is wanted */
	/* may any member be restarted now, by anyone; LATER: the keys allow it, the majorities not
	 */
	enum { RESTART_SAFE, RESTART_UNSAFE, RESTART_UNKNOWN, RESTART_LATER } restart_now;
	char restart_why[256];
	/* foretold, for --dry-run and the question before the start */
	unsigned restarts_n, elections_n, failed_logins_n;
	int64_t seconds_foretold;
	bool is_measured; /* by the last turn of this host, else by the drain alone */
};

#endif
