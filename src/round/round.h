/* SPDX-License-Identifier: Apache-2.0 */
/* The conductor: observe, plan, record the intent, act, verify, record the proof. One round of one
 * seat; knows ports only. */
#ifndef ROUND_ROUND_H
#define ROUND_ROUND_H

#include "model/journal_entry.h"
#include "round/seat.h"

/* One round. Returns after how many microseconds the next one is due at the latest. Never fails:
 * what went wrong is in seat->plan.reason and in events. dry_run: everything but ACT. is_poked:
 * something moved on this host; else, before the planned moment, only the ledger's revisions are
 * looked at. */
int64_t round_run(struct seat *t, bool dry_run, bool is_poked);

/* One act as a round does it: the invariants asked, recorded, done, looked at, recorded. Errors: of
 * the invariants, of the ports, of the postcondition. */
MUST_CHECK bool round_act(struct seat *t, const struct act *a, struct err *err);

/* round/mend.c: mongod is about to be started. Puts its keyfile right where it can be
 * proven what it must hold; in every doubt leaves it. why says it in a few words. */
enum before_start_end { BEFORE_START_FINE, BEFORE_START_MENDED, BEFORE_START_LEFT };
/* By the running rotad: where the ledger answers by an ordinary round, else as below. */
enum before_start_end before_start(struct seat *t, char *why, size_t why_n);
/* By this host's disk alone, in a process that was started for it. may_write: with the lock of the
 * state directory; else *ret_wants tells whether it would write. */
enum before_start_end before_start_alone(struct seat *t, bool may_write, bool *ret_wants, char *why,
					 size_t why_n);

/* round/observe.c: fill seat->seen. */
void observe(struct seat *t);
/* round/who_wrote.c: name who may have written the keyfile that seat->seen knows as foreign. */
void suspect_look(struct seat *t, const struct file_view *view);
/* Could it be named? Errors: ERR_PERMISSION, those of port/program.h. */
MUST_CHECK bool suspect_can(const struct seat *t, struct err *err);
/* What this host's own disk tells, and nobody asked: the options, the keyfile and the one before
 * it, the anchor, the debts. In a process without rounds seen holds nothing else. */
void observe_disk(struct seat *t);
/* Make the logins that the plan asked for; true when at least one was made. */
bool observe_looks(struct seat *t, const struct plan *plan);
/* The other sets of a sharded cluster, after the members of this one (round/cluster.c). */
void observe_cluster(struct seat *t);
/* Whoever narrows goes by who is in the other sets now: what was not read in this round is, by one
 * more look. */
void cluster_read_again(struct seat *t);
/* What its hello says of a member, for the round under way. */
void observe_hello(const struct seat *t, struct seen_member *m, const struct mongod_hello *h);
/* Handshakes as a member towards every peer, with the certificate in place. */
void observe_peers(struct seat *t);
/* A handshake with every member that answers, as this one: what it serves and whether the two take
 * each other's certificate. For people; nothing is decided by it. */
void observe_served(struct seat *t);
/* Ask every member who else is logged in as __system (PROTOCOL 4). */
void observe_others(struct seat *t, enum others_scope scope);
/* Read the keyfile again into seen: the narrow look after a write. */
void observe_keyfile(struct seat *t);

/* round/rehearse.c: could this host take its turn? Into seat->is_rehearsed and rehearsal, as long
 * as that holds. own: how to reach the member. */
void rehearse(struct seat *t, const struct mongod_target *own);
/* Each question by itself, asked now. Returns how many. */
enum { REHEARSALS_MAX = 12, REHEARSAL_BYTES = 512 };
struct rehearsal {
	const char *name; /* "directory" */
	bool is_well;
	char why[REHEARSAL_BYTES]; /* what is not */
	const char *well, *you;    /* in a few words; what to do */
};
unsigned rehearse_each(struct seat *t, const struct mongod_target *own,
		       struct rehearsal ret[REHEARSALS_MAX]);

/* round/debts.c: fill seen->debts, once the process and the ledger were looked at. What is over is
 * forgotten, durably. */
void debts_observe(struct seat *t);
/* The same: what a person approved, as long as it counts (APPROVAL_COUNTS_US). */
#define APPROVAL_COUNTS_US US_DAY /* a word for today is none for next week */
void approval_observe(struct seat *t);

/* round/enact.c: do one act. True when it was done (or begun). Errors: of the ports. */
MUST_CHECK bool enact(struct seat *t, const struct act *a, struct err *err);

/* writer: external: plan.external, the keyring that whoever writes the keyfile should put there
 * now, into a private file of the seat, which the asker removes. Errors: ERR_NOT_FOUND (a key is
 * not held), those of safe_holds() and of the file. */
#define EXTERNAL_NAME "keyfile.next"
MUST_CHECK bool external_stage(struct seat *t, char *ret_keys, size_t keys_n, struct err *err);

/* round/record.c: the journal of the seat and the events. */
void record_intent(struct seat *t, const struct act *a);
void record_proof(struct seat *t, const struct act *a);
void record_failed(struct seat *t, const struct act *a, const struct err *err);
/* One line: fills in number, time, instance and member. Errors: of the codec and of files.append.
 */
MUST_CHECK bool record_line(struct seat *t, struct journal_entry *e, struct err *err);
/* The `changed` hook ended; was_failing: it failed before. */
void record_changed(struct seat *t, bool ok, bool was_failing, const char *why);
void record_events(struct seat *t, const struct plan *plan);
/* "Any member may be restarted now, by anyone: ...", or otherwise, where that is not known yet. */
void restart_text(const struct seat *t, const char *otherwise, char *out, size_t out_n);

/* round/changed.c: the operator's `changed` hook. A file is about to be replaced: the hook is owed.
 * Said before the write, and made durable by the caller's notes_put(), so that a crash in between
 * owes one word too many rather than one too few. */
enum changed_file { CHANGED_KEYFILE, CHANGED_CERTIFICATE };
void changed_owe(struct seat *t, enum changed_file file);
/* Run the hook if it is owed and rested, or see how it stands. Never waits. */
void changed_run(struct seat *t);

/* A person's orders, put into the ledger by this seat. */
struct order_wish {
	enum order_kind kind;
	enum urgency urgency;
	const char *host, *who, *reason, *ticket; /* "" where not given */
	bool breaks_freeze;
	int64_t max_lag_us;
	uint64_t amends;     /* order.amends */
	const char *without; /* order.without; NULL: none */
	/* Of the central schedule: its serial, and the id that all hosts know the order by. Giving
	 * one that was given already is fine. 0 and NULL: a person's. */
	uint64_t serial;
	const struct token *id;
};
MUST_CHECK bool seat_order(struct seat *t, const struct order_wish *w, struct token *ret_id,
			   struct err *err);
/* Hold the cluster, or let it go on. *ret_rev (or NULL): the revision of that word. */
MUST_CHECK bool seat_hold(struct seat *t, bool is_on, const char *who, const char *why,
			  int64_t *ret_rev, struct err *err);
/* A nay in the name of every member that has not voted. */
MUST_CHECK bool seat_abort(struct seat *t, const char *who, const char *why, struct err *err);
/* Declare a member of the generation under way dead, by compare-and-set on the document of its
 * votes. *ret_is_news: false when it was so already. Errors: ERR_REFUSED (it has voted nay, is not
 * on the roll, is this one; there is no generation, or the ledger cannot be believed), those of the
 * store. */
MUST_CHECK bool seat_without(struct seat *t, const char *host, const char *who, const char *why,
			     bool *ret_is_news, struct err *err);
/* Take back the orders of that kind that stand; how many there were. */
MUST_CHECK bool seat_withdraw(struct seat *t, enum order_kind kind, unsigned *ret_n,
			      struct err *err);
/* A turn that is free, and a hold that is off, by the word of one that was revoked just now: by
 * this host's word, else it is nobody's and holds all up for ever. By what was read while that one
 * was believed. Errors: those of the store. */
MUST_CHECK bool seat_restate(struct seat *t, const struct spki *revoked, unsigned n,
			     struct err *err);
/* Give back a claim in a person's name: he has made sure that nothing acts any more. */
MUST_CHECK bool seat_release(struct seat *t, const char *who, struct err *err);

/* round/view.c: what `rotactl status` and the rest show, as JSON text. Errors: ERR_MEMORY,
 * ERR_LIMIT. */
MUST_CHECK bool view_encode(const struct seat *t, struct buf *ret, struct err *err);

#endif
