/* SPDX-License-Identifier: Apache-2.0 */
/* What one rotad saw, for one of its instances, in one round: an immutable value. Each fact carries
 * when and by whom it was seen. The planner reads nothing else of the world. Printable, savable and
 * replayable (codec/seen_json.h). No secrets: keys stand as numbers and ids. */
#ifndef MODEL_SEEN_H
#define MODEL_SEEN_H

#include "model/certificate.h"
#include "model/ledger.h"
#include "model/mongod_view.h"

enum witness {
	WITNESS_NONE,      /* not known */
	WITNESS_OWN_EYES,  /* this rotad, directly */
	WITNESS_STATEMENT, /* a signed vote or statement of the member's rotad */
	WITNESS_OPERATOR,
};
struct fact {
	enum witness who;
	struct wall at; /* when it was seen, by this host's clock */
};
static inline bool fact_known(struct fact f)
{
	return f.who != WITNESS_NONE;
}

/* One key tried alone on one process of one member; used only while hello shows the same process
 * (PROTOCOL 1). */
enum { PROOFS_PER_MEMBER_MAX = 4 };
struct key_proof {
	struct fact fact;
	struct key_id key;
	enum login_verdict verdict;
	bool is_controlled; /* a known-good key was accepted by the same process right beside it */
	char process_id[PROCESS_ID_CHARS + 1];
};

/* One member of the set as this rotad sees it by a direct connection. */
struct seen_member {
	int64_t id; /* within its set */
	char host[HOST_BYTES_MAX];
	unsigned set; /* index into sharding.sets; 0: its own, and where nothing is sharded */
	bool is_self, is_voter, is_electable, is_arbiter, is_hidden;
	bool is_router; /* a mongos: of no set, without a vote in any */
	int64_t delay_s;
	struct fact hello; /* not known: it did not answer this round; why tells */
	char process_id[PROCESS_ID_CHARS + 1];
	bool is_primary, is_secondary, is_quiescing;
	struct fact status; /* its own replSetGetStatus */
	enum member_state state;
	bool is_initial_syncing;
	/* Both without those that are declared dead. */
	bool sees_all;              /* it reports every other member healthy and authenticated */
	uint64_t unseen, unseen_by; /* members (by index, a bit each) that it does not report so,
				       and those that answered and do not report it so */
	bool is_seen_by_all; /* every other member that answered reports it so, by a heartbeat newer
				than its start */
	bool has_clock;
	int64_t clock_ahead_us;   /* its clock when asked, beside this host's; below 0: behind */
	int64_t lag_us;           /* behind the newest optime seen; 0 for arbiters; -1 not known */
	char why[256];            /* why it did not answer, or what is wrong with it */
	struct wall silent_since; /* when it was first found not to answer; 0: it answers */
	unsigned proofs_n;
	struct key_proof proofs[PROOFS_PER_MEMBER_MAX];
	bool is_revoked;    /* the identity that spoke for it is revoked, and it has no other */
	bool is_doubled;    /* two processes speak with its identity: a cloned host */
	bool has_statement; /* of its rotad, for the present ledger, signer admitted */
	struct statement statement;
	struct wall statement_moved; /* when this host saw it change last */
	char others[128]; /* addresses that are no member's, logged in there as __system; "" none */
	/* The last handshake with it from here, made when a person asks; not known: none was, and
	 * served_why may tell why. */
	struct fact served_at;
	char served_serial[64];
	struct wall served_not_after;
	bool is_served_trusted; /* its chain, by this member's CA file */
	bool is_served_named;   /* it covers the name in rs.conf */
	bool is_client_taken; /* it went on to answer a hello: it takes this member's certificate */
	char served_why[160]; /* what was wrong with any of these; "" nothing */
};

enum { SUSPECT_BYTES = 160 }; /* what may have written it, in words */

/* The instance's own keyfile. */
struct seen_keyfile {
	struct fact fact; /* not known: unreadable, why tells */
	char path[PATH_BYTES_MAX];
	struct ring_ids ring; /* in file order; is_known false without the cluster's salt */
	bool has_stranger; /* a key that is not known to the ledger: neither pivot, next nor retired
			    */
	bool is_foreign;   /* not the bytes that this rotad wrote or adopted last */
	bool is_refused;   /* there, read, and not what mongod would start with: why tells */
	bool is_misplaced; /* so for its mode, owner or kind alone: the keys are those written last
			    */
	bool is_guessable;
	bool is_writable; /* put would pass its checks; put_error and why tell otherwise */
	enum err_kind put_error;
	struct wall modified;
	unsigned uid;                /* of the owner */
	char marker[64];             /* "Ansible managed" and the like, found in a comment; "" */
	char suspect[SUSPECT_BYTES]; /* what this host's journal has just before it was written; ""
				      */
	char why[512];
	struct wall born; /* of the pivot, oldest credible evidence; 0 not known */
	bool is_born_exact;
};

/* The instance's process and what a restart would do. */
struct seen_process {
	struct fact fact;
	bool is_alive; /* a process exists */
	bool
	    is_in_our_unit; /* a hook started it within rotad's own unit, whose stop would end it */
	bool is_answering;  /* hello answered */
	char process_id[PROCESS_ID_CHARS + 1];
	int64_t pid;
	struct wall started_at;
	int exit_code;
	char last_fatal[512];
	struct ring_ids loaded; /* the keys that this process accepts, by login or by the file it
				   was started with */
	char pending[512];      /* what else a restart would change, by name; "" nothing */
	char version[32];
	char cluster_auth_mode[24];
	bool has_index_build, has_backup, is_fsync_locked;
	int64_t shutdown_timeout_ms;
};

/* The restart job of the instance: as the restarter tells, with what the journal recorded when it
 * began. */
struct seen_job {
	bool is_open; /* begun by us and its end not yet recorded */
	bool is_running, is_failed, is_overdue;
	bool is_gone;        /* overdue, and what was started was seen to end */
	bool is_lost;        /* begun by a rotad that has ended since, and its job with it */
	struct wall lost_at; /* when this one found that out */
	char process_before[PROCESS_ID_CHARS + 1];
	struct wall begun_at;
	struct wall ended_at; /* when it was first seen to be over; 0: not by this rotad */
	struct ring_ids ring; /* the file it was restarted onto */
	bool is_rollback;     /* it restarts onto the previous file */
	char why[256];
};

/* Certificates of the instance. */
enum cert_stage {
	CERT_STAGE_NONE,   /* nothing under way */
	CERT_STAGE_ASKED,  /* key and CSR made, the authority was asked */
	CERT_STAGE_STAGED, /* an answer passed the preflight and waits on disk beside the state */
	CERT_STAGE_INSTALLED,  /* the new PEM is in place; served is not yet proven */
	CERT_STAGE_REFUSED,    /* the last answer was refused: why tells */
	CERT_STAGE_GOING_BACK, /* it did not hold: the previous one is put back, and is not proven
				  to be served yet */
};
/* What is renewed: one file at a time. */
enum cert_target { CERT_KEY_FILE, CERT_CLUSTER_FILE };
struct seen_certificate {
	struct fact fact;
	struct cert_view file;    /* certificateKeyFile on disk */
	struct cert_view cluster; /* clusterFile on disk, if it is another file */
	bool has_cluster_file;    /* another file than certificateKeyFile, readable or not */
	struct fact served_at;
	struct cert_view served;
	bool is_served_trusted, is_served_named;
	struct wall ca_not_after, crl_next_update; /* 0: none */
	enum cert_stage stage;
	enum cert_target target; /* of the stage */
	char staged_serial[64];
	struct token order;         /* order that the stage serves; "" for age */
	struct token order_half;    /* its certificateKeyFile is done, its clusterFile is not */
	struct token order_done;    /* the last order fulfilled */
	struct token order_refused; /* the last one that ended with the old certificate in use */
	bool is_taken_back;         /* that one was installed, and did not hold */
	bool is_denied;             /* CERT_STAGE_REFUSED: the authority itself said no */
	bool is_reload_running;     /* the reload hook: nothing is judged before it is over */
	char reload_why[256];       /* how it failed; "" it did not, or there was none */
	struct wall asked_at, retry_at, retry_since; /* the rest, and when it began */
	bool is_pending; /* the authority took the request and answers later: a person, often */
	char why[512];
	char peers_why[256]; /* after the reload: which peer does not accept it, and why; "" all do
				or not looked */
	bool is_seen_by_peers; /* after the reload: every peer answered a handshake with the new
				  certificate as client */
};

/* What persons said of the generation under way: its order and those that amend it, taken together.
 */
struct order_terms {
	enum urgency urgency; /* the highest of these and of the proposal */
	bool breaks_freeze;
	char who[NAME_BYTES_MAX]; /* who said that a freeze is broken */
	int64_t max_lag_us;       /* the last word; 0: the policy's */
	struct wall max_lag_at;   /* when it was said */
};

/* The ledger as read this round. */
struct seen_ledger {
	struct fact fact; /* not known: not reachable, why tells */
	char why[256];
	bool exists; /* "ledger" document is there */
	bool is_older_than_anchor, is_other_than_anchor;
	bool is_doubted; /* read, but for its newest proposal, whose signer is not admitted here */
	/* With this key a new generation begins, and this host knows another one as the set's: it
	 * is not believed (has_proposal is false) before every member was seen to accept it. */
	struct key_name unproven;
	bool is_unknown_protocol;
	struct token id;
	uint64_t newest; /* generation there is a proposal of, believed or not */
	bool has_proposal;
	struct proposal proposal;     /* of the highest generation, its signer admitted */
	bool lacks_pivot, lacks_next; /* not held on this host, so that no look can try it */
	bool lacks_after;             /* nor written: it joined behind the envelopes */
	struct roll roll;
	struct claim claim;
	bool is_claim_mine;
	/* Turns of the other sets of a sharded cluster; a waiting one that stands still is none. */
	unsigned slots_n;
	struct seen_slot {
		char set[NAME_BYTES_MAX], host[HOST_BYTES_MAX];
		enum claim_state state;
	} slots[SETS_MAX];
	struct wall claim_moved; /* when this host saw it move last, by its wall clock; stands still
				    for a dead holder */
	bool is_claim_stale;     /* waiting and not moved for CLAIM_STALE_US of our boot clock */
	struct hold hold;
	unsigned orders_n;
	struct order orders[8]; /* not yet served, oldest first */
	struct order_terms terms;
	struct token superseded; /* a certificate order in whose place a newer one counts: it is
				    over; "" none */
	/* Orders of the central schedule that were given, served or not. */
	unsigned given_n;
	struct token given[2 * ORDERS_MAX];
	unsigned csrs_n; /* requests for this host's local authority without an answer */
	unsigned identities_n, identities_unwelcomed_n; /* admitted; of these without the salt */
	unsigned identities_keyless_n; /* admitted members without the keys of this generation */
	unsigned docs_n, outlived_n;   /* documents; of these such as nothing needs any more */
	char crowd[192];               /* what they are, when there are DOCS_CROWDED; "" */
	bool is_self_revoked;          /* this rotad's own identity: nobody believes it any more */
	unsigned revocations_owed_n;   /* remembered here, not (or not credibly) in the ledger */
	char revoked[600]; /* who this host found revoked and has not told yet, by whom; "" none */
	char not_admitted[256]; /* hosts whose identity is not admitted, and why; "" */
};

/* Things that went wrong earlier and still count; from the journal. */
struct seen_debts {
	struct wall step_down_refused_at; /* 0: not within its rest */
	char step_down_why[256];
	int64_t step_down_took_us; /* until the refusal: writes stood still meanwhile */
	struct wall mended_at; /* put right before a start, and no hold was seen since; 0: not */
	char mended_why[128];
	struct wall restored_at;    /* last restore of a foreign write; 0: never or over 24 h ago */
	struct wall rolled_back_at; /* this instance was rolled back in this generation; 0: not, or
				       resumed since */
	char rolled_back_why[512];
	int64_t rolled_back_away_us; /* how long the member was away for it; 0 not known */
	int64_t turn_took_us;        /* the last turn that went well; 0: none was measured */
	/* A restart that did not happen: its last try, 0 when it may be tried at once; since when
	 * it is owed (0: it is not), tried how often, and why it failed. */
	struct wall restart_failed_at, restart_owed_since;
	int64_t restart_tries;
	char restart_owed_why[256];
};

/* The look for other users of the key (PROTOCOL 4): sessions of __system from addresses that are no
 * member's; who they are stands in members[].others. Made only when the planner asks for it. */
enum others_scope { OTHERS_OF_NONE, OTHERS_OF_SELF, OTHERS_OF_SET, OTHERS_OF_ALL };
struct seen_others {
	struct wall at;          /* of the last look, whatever came of it; 0: none */
	enum others_scope scope; /* whom it went over */
	bool is_known;           /* each of these that can have such sessions told */
	char why[160];           /* why not */
};

/* Is the member part of a sharded cluster, whose sets and mongos share one key? */
enum sharding_part { SHARDING_NONE, SHARDING_SHARD, SHARDING_CONFIG, SHARDING_ROUTER };
struct seen_sharding {
	struct fact fact; /* not known: why tells */
	enum sharding_part part;
	char why[192]; /* by what it is known, or why not */
	/* Its sets, this member's own first, then the config servers, then by name; its mongos are
	 * one more, the last where this member is none of them. */
	struct fact topology; /* not known: topology_why tells */
	char topology_why[192];
	unsigned sets_n;
	struct seen_set {
		char name[NAME_BYTES_MAX]; /* of the replica set */
		bool is_config, is_routers;
		bool is_known; /* its rs.conf was read, at whatever time: its members are below */
		char why[128]; /* why not */
		unsigned members_n;
	} sets[SETS_MAX];
};

/* Mode ask: what a person approves, each by a short id of the very thing, so that the word for one
 * is never taken for another. */
enum approval { APPROVAL_KEYFILE, APPROVAL_CERTIFICATE, APPROVAL_RESTORE };
enum { APPROVAL_CHARS = 8 };

struct seen {
	struct wall now;
	char instance[NAME_BYTES_MAX];
	char cluster[NAME_BYTES_MAX];   /* for people: the set's name */
	char self_host[HOST_BYTES_MAX]; /* this member's name in rs.conf; "" not known */
	int self; /* index into members; -1: not in the configuration, or not known */
	bool is_standalone;
	bool is_clock_sane;
	char clock_why[128];
	struct spki identity;
	struct anchor anchor;
	bool has_salt;      /* key ids can be computed and compared */
	struct fact config; /* rs.conf */
	int64_t config_version, config_term;
	bool is_config_behind;        /* a member of the set has a newer one than this host's own */
	uint64_t approved_generation; /* writer: external: a yea in it was approved */
	unsigned majority_votes,
	    write_majority; /* as the primary or, without one, any member counts */
	unsigned members_n; /* of this member's own set: they come first */
	unsigned others_n;  /* after them those of the other sets of a sharded cluster: of these
			       hello, proofs and statement are filled, nothing of their set */
	struct seen_member members[MEMBERS_MAX];
	struct seen_keyfile keyfile;
	struct seen_process process;
	struct seen_job job;
	struct seen_certificate certificate;
	struct seen_ledger ledger;
	struct seen_debts debts;
	bool is_rehearsed;
	struct wall rehearsed_at;
	char rehearsal[REASON_BYTES]; /* findings; "" all well */
	struct seen_others others;
	struct seen_sharding sharding;
	char approved[APPROVAL_CHARS + 1]; /* mode ask: what a person approved; "" nothing */
	struct wall
	    alarm_since[ALARMS_MAX]; /* plan/alarm.c: since when each stands; 0: it does not */
	struct wall moved_at; /* when the rotation's progress changed last, as this rotad saw it; 0:
				 none is under way or wanted */
};

enum {
	CLAIM_STALE_S = 60,
	STEP_DOWN_REST_S = 15 * 60,
	REHEARSAL_MAX_AGE_S = 3600,
	OTHERS_MAX_AGE_S = 5
};

/* Helpers over the value; all pure. */
/* Read, and the one that this host's anchor knows. */
static inline bool seen_ledger_believed(const struct seen *s)
{
	const struct seen_ledger *l = &s->ledger;
	return fact_known(l->fact) && !l->is_other_than_anchor && !l->is_older_than_anchor &&
	       !l->is_unknown_protocol;
}
/* The id of what would be done: the next rotation from this key, the renewal of these certificates,
 * the way back of this file. */
void seen_approval(const struct seen *s, enum approval what, char ret[APPROVAL_CHARS + 1]);
bool seen_is_approved(const struct seen *s, enum approval what);
const struct seen_member *seen_self(const struct seen *s); /* NULL when self is -1 */
/* All who share the key: of the set, or of all sets of the sharded cluster. */
static inline unsigned seen_all_n(const struct seen *s)
{
	return s->members_n + s->others_n;
}
int seen_find_member(const struct seen *s, const char *host); /* of all; index or -1 */
/* Is the member part of a sharded cluster? */
bool seen_is_sharded(const struct seen *s);
/* Is it a mongos? Then its own set are the mongos. */
bool seen_is_router(const struct seen *s);
/* Whose word counts where all of one's own set are asked: of a mongos all members, since those are
 * its set. They come first in members. */
unsigned seen_asked_n(const struct seen *s);
/* Does the newest proposal, believed or not, leave this member out: declared dead before it? */
bool seen_is_left_out(const struct seen *s);
/* Is it known whether there are others, are all who share the key known, and is the configuration
 * that names them the newest? Else *ret_why (or NULL) tells. */
bool seen_is_whole(const struct seen *s, const char **ret_why);
/* The proof for key on the process that hello shows now; NULL if there is none. */
const struct key_proof *seen_find_proof(const struct seen_member *m, const struct key_id *key);
bool seen_accepts(const struct seen_member *m, const struct key_id *key); /* proven accepted, now */
bool seen_refuses(const struct seen_member *m,
		  const struct key_id *key); /* proven refused, with a control, now */
/* State of the generation (PROTOCOL 1). */
enum generation_state {
	GENERATION_NONE,    /* no proposal ever, or the last one is closed */
	GENERATION_OPEN,    /* votes are being given: the pivot is p */
	GENERATION_CARRIED, /* all yea: the pivot is q, for ever */
	GENERATION_DEAD,    /* a nay: the pivot stays p, q is burnt */
};
enum generation_state seen_generation(const struct seen *s);
/* The pivot now: of the generation, else of the anchor. */
struct key_name seen_pivot(const struct seen *s);
/* Has the key that the generation under way goes to stood by before it, so that it lay in the same
 * files as the pivot (strategy standby)? */
bool seen_next_stood_by(const struct seen *s);
/* The newest certificate order that concerns this member, unless it is fulfilled; NULL: none. */
const struct order *seen_certificate_order(const struct seen *s);
enum {
	CLOCK_SKEW_MAX_S = 300, /* PROTOCOL 1: a maker whose clock is more than 5 min from the
				   primary's proposes nothing */
};
/* How far member i's clock is ahead of the primary's, by two looks from here; 0: not known. */
int64_t seen_clock_ahead_us(const struct seen *s, unsigned i);
/* Does that keyfile order belong to the generation of p: named by it, amending it, or given by one
 * who had not seen it begin? An emergency is not taken for served by what was no emergency (its key
 * may have stood by, and have leaked as well), nor one without a member by one with it. */
bool order_is_of(const struct order *o, const struct proposal *p);
/* To one that is over? */
bool order_is_past(const struct order *o, const struct proposal *p, bool is_closed);
/* Is member's certificate order `with` that one, or a newer one? */
bool seen_order_is_done(const struct seen *s, const struct order *o, const struct token *with);
/* A certificate order that every member whom it concerns is done with, and that may therefore go:
 * the oldest first, so that none comes to light again. False: none. */
bool seen_order_over(const struct seen *s, struct token *ret);
/* Of the orders of that kind that are not served the one to go by: the most urgent, one that breaks
 * freezes, a person's before the schedule's, the newest. NULL: none. */
const struct order *seen_find_order(const struct seen *s, enum order_kind kind);
/* Is the key retired (refused everywhere) or burnt: never written again (PROTOCOL 3)? */
bool anchor_has_retired(const struct anchor *a, const struct key_id *id);
/* Is one of these such a key, or one that was passed over as it stood by? */
bool ring_has_retired(const struct ring_ids *ring, const struct anchor *a);
/* The last generation whose end this host has carried out: its key retired or burnt, the previous
 * file wiped. */
uint64_t anchor_retired_generation(const struct anchor *a);
/* This host's own vote for its member in that generation, as its anchor keeps it. host "": its name
 * is not known, as to a rotad that was started while it is down; then any vote binds. */
enum vote_word anchor_vote(const struct anchor *a, const char *host, uint64_t generation);
/* The same under whatever name the set knew it: a promise outlives a renaming. */
enum vote_word anchor_own_vote(const struct anchor *a, uint64_t generation);
/* This member's place on the roll, also under the name that it had as that was made: by its
 * identity. -1: none. */
int seen_own_place(const struct seen *s);
/* This host's vote for its member on the ledger's proposal that its anchor keeps and the roll does
 * not show: lost with a ledger that went back, or not published yet. VOTE_NONE: none is missing. */
enum vote_word seen_lost_vote(const struct seen *s);
/* Until when the primary's turn rests after a refused step-down; 0: it does not, or this member is
 * no primary. */
struct wall seen_rests_until(const struct seen *s);
/* Is this member declared dead, in the generation under way or, while there is none, for the one
 * that is wanted? Nobody waits for it, and nothing is asked of it. */
bool seen_is_dead(const struct seen *s, unsigned member);
/* Is it declared dead in this roll and indeed away? Only then no look at it is needed: whose word
 * that was (a stolen identity's as well), one that answers is asked. */
bool seen_is_passed_over(const struct seen *s, unsigned member);
/* Does this host's own process lack the pivot, so that all others refuse it? It is of no use to the
 * set as it is. By its own keys and by what each member that answers says of it. */
bool seen_is_isolated(const struct seen *s);
/* Has that member the turn of its set, or is it the next to act? */
enum claim_state seen_turn_of(const struct seen *s, const char *host);
/* Index into the proposal's roll, or -1. */
int seen_roll_index(const struct seen *s, const char *host);

/* Add a key to them; the oldest makes room. One that is not given, or in it, changes nothing. */
void anchor_retire(struct anchor *a, const struct key_name *key);
/* The keys that this host's own process is seen to accept by logins. Not known while the key that
 * has to go has neither been accepted nor refused: what is not seen is not absent. */
struct ring_ids seen_loaded(const struct seen *s);
/* The key that no process may have loaded any more: after the votes, and after the end as long as
 * it is held on this host, so that it can be tried. NULL: none. */
const struct key_id *seen_gone(const struct seen *s);
/* Which number has a key? 0: none known. */
unsigned seen_key_number(const struct seen *s, const struct key_id *id);
/* The pivot moves from p to q, for ever: with q's birth, and with the key that now stands beside it
 * (strategy standby). A second time changes nothing. */
void anchor_carry(struct anchor *a, const struct proposal *p);
/* Take into the anchor what the ledger as believed says of its generation (PROTOCOL 1 and 3). The
 * pivot moves for ever, a nay and an end are for ever: a ledger that does not show any more what
 * this host has seen is an older one. */
enum anchor_step {
	ANCHOR_SAME,
	ANCHOR_MOVED, /* changed: to be durable before anything follows from it */
	ANCHOR_LEDGER_OLDER,
	/* A new generation begins with another key than this host knows: not followed before every
	 * member was seen to accept that key. */
	ANCHOR_UNPROVEN,
};
enum anchor_step anchor_follow(const struct seen *s, struct anchor *a);

#endif
