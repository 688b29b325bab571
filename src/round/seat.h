/* SPDX-License-Identifier: Apache-2.0 */
/* One instance of this host under rotad's care: its ports, its durable state and what is remembered
 * between rounds. A seat shares nothing with another: each has its own identity, anchor, notes and
 * journal in STATE/INSTANCE. */
#ifndef ROUND_SEAT_H
#define ROUND_SEAT_H

#include "codec/identity.h"
#include "model/plan.h"
#include "model/policy.h"
#include "model/seen.h"
#include "port/authority.h"
#include "port/files.h"
#include "port/host.h"
#include "port/mongod.h"
#include "port/program.h"
#include "port/restarter.h"
#include "port/store.h"

/* What the seat needs of the outside; wired by cmd/wiring.c or by fakes. */
struct round_ports {
	struct host_port host;
	struct files_port files;
	struct mongod_port mongod;
	struct restarter_port restarter;
	struct store_port set_store;   /* the ledger in the set */
	struct store_port local_store; /* the ledger in a file, for standalones */
	/* Point the set's store at these members with this credential; borrowed during the call. */
	void (*store_aim)(void *self, const struct mongod_target *targets, size_t targets_n,
			  const struct mongod_credential *credential);
	void *store_self;
	/* An authority of the configuration, or NULL. */
	const struct authority_port *(*find_authority)(void *self, const char *name);
	void *authorities;
	/* Tell an event: journal and alert targets. is_mine: it concerns this host, so this host
	 * sends first. */
	void (*tell)(void *self, const struct event *e, bool is_mine);
	void *teller;
	/* Called before and after each act ("put-keyfile", true before); for tests that kill there.
	 * NULL: not wanted. */
	void (*boundary)(void *self, const char *act, bool is_before);
	void *boundary_self;
	/* Read a secret that the configuration refers to. */
	bool (*credential)(void *self, const struct credential_ref *ref, struct secret *ret,
			   struct err *err);
	void *credentials;
	/* Tools of this host, to look only. ops NULL: none are run. */
	struct program_port program;
	struct program_later changed; /* runs the `changed` hook; ops NULL: none is run */
};

/* Key bytes by id, for writing files and for login proofs: of the file, of envelopes, of the
 * previous file. */
enum { KEYCHAIN_MAX = 8 };
struct keychain {
	unsigned n;
	struct {
		struct key_id id;
		struct secret text;
	} keys[KEYCHAIN_MAX];
};
const struct secret *keychain_find(const struct keychain *c,
				   const struct key_id *id); /* NULL: not held */
MUST_CHECK bool keychain_add(struct keychain *c, const struct key_id *id, const struct secret *text,
			     struct err *err);
void keychain_drop(struct keychain *c, const struct key_id *id);
void keychain_fini(struct keychain *c);

/* What must survive a crash of rotad, an instance each: STATE/INSTANCE/notes.json, replaced durably
 * before the act that it announces. It tells what to look at first, never what to do next (DESIGN
 * invariant 9). */
struct notes {
	char me[HOST_BYTES_MAX]; /* this member as the others know it, for when it is down */
	/* the keyring that the process was started with, as far as known */
	char loaded_process[PROCESS_ID_CHARS + 1];
	struct ring_ids loaded;
	/* the `changed` hook that is owed */
	bool changed_keyfile, changed_certificate; /* what it was not told yet */
	struct wall changed_at, changed_due;       /* owed since; not run before */
	int64_t changed_tries;                     /* failed in a row */
	/* the keyfile as this rotad wrote or adopted it last */
	bool has_written;
	uint64_t written_device, written_inode;
	int64_t written_size;
	struct wall written_modified, written_changed;
	struct ring_ids written_ring;
	/* a restart that was begun */
	bool job_is_open, job_is_rollback;
	char job_process[PROCESS_ID_CHARS + 1];
	struct wall job_begun_at;
	struct ring_ids job_ring;
	/* debts and budgets */
	struct wall mended_at; /* the keyfile, before a start; 0 once the cluster was held for it */
	char mended_why[128];
	struct wall step_down_refused_at, restored_at, rolled_back_at, restart_failed_at,
	    restart_owed_since;
	int64_t restart_tries;
	char rolled_back_why[512], restart_owed_why[256], step_down_why[256];
	int64_t step_down_took_us, rolled_back_away_us;
	int64_t turn_took_us; /* the last turn, until the member was well; 0: none was measured */
	int64_t rolled_back_hold; /* revision of the hold that followed; 0: none was seen yet */
	/* the certificate under way */
	enum cert_stage stage;
	char staged_serial[64];
	enum cert_target cert_target;
	struct token cert_order, cert_order_half, cert_order_done, cert_order_refused;
	bool is_cert_taken_back;
	bool is_cert_denied;                         /* cert_why is the authority's own no */
	struct wall asked_at, retry_at, retry_since; /* the rest, and when it began */
	char cert_why[512], cookie[256];
	bool is_reload_open; /* a reload hook was begun, and its end is not recorded */
	char reload_why[256];
	/* mongod.conf as it was when the process was started */
	char config_process[PROCESS_ID_CHARS + 1];
	char config_hash[65];
	struct wall first_seen;       /* of this keyfile, for its age */
	uint64_t approved_generation; /* a person's word for its yea, with writer: external */
	struct token founding;        /* id of the ledger that this rotad began to make */
};

/* As whom a server was last asked: the candidate's place (round/seat_login.c), and since when. */
struct login_memory {
	unsigned skip;      /* candidates refused in a row; 0: the first serves */
	struct wall at;     /* of the first of these refusals */
	uint64_t signature; /* of the candidates then: with others it begins anew */
};

/* The processes of rotad that spoke with one identity, the newest first, as far as this one has
 * seen them: the same one again after another is a cloned host (PROTOCOL 1). */
struct incarnations {
	struct token last[4];
	unsigned n;
	struct wall newest;     /* when the newest of their words was said, as it says */
	struct wall doubled_at; /* 0: never */
};
/* One speaks, in a word that was said at `said`; own: it is this process's identity, of this
 * incarnation (else NULL). An older word than one that is known may have been put back by anybody
 * who can write to the store: it proves nothing. */
void incarnations_note(struct incarnations *all, const struct token *speaks,
		       const struct token *own, struct wall said, struct wall now);
bool incarnations_are_doubled(const struct incarnations *all, struct wall now);

/* What is remembered of a member between rounds; losing it costs a look. */
struct member_memory {
	char host[HOST_BYTES_MAX];
	uint64_t statement_seq;
	struct token statement_incarnation;
	struct incarnations speakers;
	struct wall statement_moved;
	unsigned proofs_n;
	struct key_proof proofs[PROOFS_PER_MEMBER_MAX];
	struct wall silent_since;
	struct wall tried_at; /* of another set: when it was asked last */
	/* The last handshake that a person asked for, or why it came to nothing; NULL: none was.
	 * Large, and rarely there. */
	struct mongod_tls_result *served;
	struct wall served_at; /* 0: no answer, served->reason tells */
	char others[128];      /* seen_member.others */
	struct login_memory login;
};

/* The sharded cluster that the member is part of (round/cluster.c); losing it costs a look. */
struct cluster_memory {
	char id[OBJECT_ID_CHARS + 1]; /* clusterId; "" not known */
	char config_db[1024];         /* by the shardIdentity */
	bool has;                     /* which sets there are was read, at whatever time */
	struct wall at;
	char why[192]; /* why it was not read, the last time */
	struct mongod_shards shards;
	unsigned sets_n;
	struct cluster_set {
		char name[NAME_BYTES_MAX], seeds[2048];
		bool is_config, is_known;
		struct wall at, silent_at; /* its rs.conf was read; nobody of it answered */
		char why[128];
	} sets[SETS_MAX]; /* as seen_sharding.sets */
	/* Statements of rotads that speak for no member of a set: those of mongos. */
	unsigned spoken_n;
	struct cluster_word {
		char host[HOST_BYTES_MAX];
		struct token incarnation;
		uint64_t seq;
		struct wall moved; /* when this host saw it change last */
	} spoken[ROUTERS_MAX];
	/* Entries of config.mongos that have not spoken for long, looked at directly. */
	unsigned quiet_n, quiet_at; /* the next one */
	struct cluster_quiet {
		char host[HOST_BYTES_MAX];
		struct wall at;
		char refused[PROCESS_ID_CHARS + 1]; /* this process is none of ours */
		bool is_alive;
	} quiet[ROUTERS_MAX];
	struct digest own_slot; /* of this set's turn as it was judged; "" it has none */
	unsigned slots_n;       /* turns of the other sets, and since when each stands still */
	struct cluster_slot {
		char set[NAME_BYTES_MAX];
		struct token incarnation;
		uint64_t seq;
		struct mono since;
		bool is_stale;
	} slots[SETS_MAX];
	unsigned members_n;
	struct cluster_member {
		unsigned set;
		int64_t id, delay_s;
		char host[HOST_BYTES_MAX];
		bool is_arbiter, is_hidden, is_voter, is_electable, was_primary;
	} members[MEMBERS_MAX]; /* of the other sets */
};

struct seat {
	const struct config *config;
	const struct instance_policy *instance;
	struct round_ports ports;
	char directory[PATH_BYTES_MAX / 2]; /* STATE/INSTANCE */
	char machine_id[33];                /* of this host: the anchor is bound to it */
	struct token incarnation;
	uint64_t seq;
	uint64_t journal_seq;

	/* durable */
	struct identity_keys identity;
	struct anchor anchor;
	struct notes notes;
	char notes_why[160]; /* why they could not be read at the start; "" they could */

	/* remembered */
	struct keychain chain;
	bool has_options;
	struct mongod_options
	    options; /* of the live process if it ever answered, else of the file */
	bool is_options_live;
	bool has_rs;
	struct mongod_config rs;
	struct wall rs_at;
	struct cluster_memory *cluster; /* NULL: it is part of none */
	bool has_server;
	struct mongod_server server;
	char server_process[PROCESS_ID_CHARS + 1];
	struct wall server_at;
	char me[HOST_BYTES_MAX]; /* in rs.conf; a standalone's is the instance's name */
	char local[64];          /* "localhost:PORT" by its options */
	bool looks_again;        /* what was just learned wants rs.conf as it reads now */
	bool is_up; /* its process serves reads: before, in RECOVERING, it looks up no users */
	unsigned memory_n;
	struct member_memory memory[MEMBERS_MAX];
	int64_t claim_rev;
	uint64_t claim_beat;
	struct wall claim_moved;
	struct mono claim_moved_boot;
	struct wall rehearsed_at;
	bool is_rehearsed;
	char rehearsal[REASON_BYTES];
	struct wall certificate_at;
	struct seen_certificate certificate;
	struct file_view certificate_view;
	bool is_peer_check_done;
	char peers_why[256];
	struct seen_others others;
	struct secret password;    /* of login.user; nothing until it was needed */
	struct login_memory login; /* for the set's store, and before the member's name is known */
	bool is_job_begun;         /* by this process: what the notes tell may be older */
	struct wall job_lost_at, job_ended_at; /* see struct seen_job */
	struct {
		char id[APPROVAL_CHARS + 1]; /* "" none */
		struct mono until;
	} approved;
	bool is_changed_running,
	    is_changed_again; /* the hook; a file was replaced since it began */
	int64_t clock_offset_us;
	struct wall suspect_of; /* ctime of the foreign keyfile that was asked about */
	char suspect[SUSPECT_BYTES];
	struct wall alarm_since[ALARMS_MAX]; /* as in struct seen */
	uint32_t alarms_known;               /* judged by this process once, at least */
	uint64_t progress;                   /* of the rotation, as the last plan counted it */
	struct wall progress_at;

	/* whom the set's store asks, and as whom: borrowed by it */
	struct mongod_target aim_targets[MEMBERS_MAX];
	char aim_hosts[MEMBERS_MAX][HOST_BYTES_MAX];
	struct mongod_credential aim_credential;

	/* of the last round */
	struct seen *seen;
	struct plan plan;
	struct identity_doc *identities; /* MEMBERS_MAX + ROUTERS_MAX */
	unsigned identities_n;
	int64_t revs_claim; /* of the claim as read: what its change is compared with */
	bool is_welcomed[MEMBERS_MAX + ROUTERS_MAX];
	bool is_keyless[MEMBERS_MAX + ROUTERS_MAX]; /* see seen_ledger.identities_keyless_n */
	char revoked[600];                          /* seen_ledger.revoked, until it is told */
	unsigned revocations_owed_n;
	struct spki revocations_owed[REVOKED_MAX]; /* see seen_ledger.revocations_owed_n */
	struct mono revocations_at;                /* when they were written last */
	struct token carry_nonce;      /* of the last request for a key that is carried by hand */
	char unreadable[DOC_ID_BYTES]; /* an envelope for this host that cannot be opened; "" */
	unsigned asked_again_n;        /* so often another was asked for */
	unsigned outlived_n; /* documents that may be removed, at the revision that was judged */
	struct {
		char id[DOC_ID_BYTES];
		int64_t rev;
	} outlived[TIDY_MAX];
	unsigned resting_n; /* documents that may go once they have stayed unneeded */
	struct {
		uint64_t name; /* hash of id and revision */
		struct mono since;
	} resting[DOCS_MAX];
	struct arena arena;
	unsigned rounds;
	struct mono full_at;       /* the next full round, unless something moves */
	uint64_t ledger_signature; /* of ids and revisions as read last */
};

/* Read or make the durable state of the seat in config->state_directory/NAME (the folder is there).
 * Errors: as files_ops; ERR_SYNTAX for a torn or foreign anchor: rotad does not go on with it. */
MUST_CHECK bool seat_open(struct seat *t, const struct config *config,
			  const struct instance_policy *instance, const struct round_ports *ports,
			  struct err *err);
void seat_close(struct seat *t);
/* Take a new configuration; what was seen stays. */
void seat_reload(struct seat *t, const struct config *config,
		 const struct instance_policy *instance);

/* Durable writes of the seat's own state. */
MUST_CHECK bool notes_put(struct seat *t, struct err *err);
/* For the next notes_put(): the keyfile as it is now is this rotad's own, written or adopted. */
void notes_written(struct notes *n, const struct file_view *view);
/* For the next notes_put(): the member was restarted, no restart is owed any more. */
void notes_restarted(struct notes *n);
/* For the next notes_put(): a person lifted the hold after a roll-back, the turn is tried again. */
void notes_resumed(struct notes *n);
MUST_CHECK bool anchor_put(struct seat *t, struct err *err);
MUST_CHECK bool notes_encode(const struct notes *n, struct buf *ret, struct err *err);
MUST_CHECK bool notes_decode(struct str text, struct notes *ret, struct err *err);

/* Path of a file in the seat's folder, in out (PATH_BYTES_MAX). */
const char *seat_path(const struct seat *t, const char *name, char *out);
struct member_memory *seat_memory(struct seat *t,
				  const char *host); /* made when it is not there; NULL when full */
/* A fresh random token. */
MUST_CHECK bool seat_token(struct seat *t, struct token *ret, struct err *err);
/* Head of a new document of this seat. */
void seat_head(struct seat *t, struct doc_head *ret);
/* The keys in an envelope of that proposal; after its end the new one alone. Returns their number.
 */
unsigned keys_to_send(const struct proposal *p, bool is_over,
		      struct key_name ret[KEYS_PER_FILE_MAX]);
/* The store in use: the set's, or the local file for a standalone. */
const struct store_port *seat_store(const struct seat *t);

/* This host's wall clock. */
struct wall seat_now(const struct seat *t);
/* How the instance is restarted and its process found; borrows from the seat. */
struct restart_target seat_restart_target(const struct seat *t);
/* The same for its reload hook. */
struct restart_target seat_reload_target(const struct seat *t);
/* Is this member's host (as rs.conf names it) one that signs with a local authority? */
bool authority_is_at(const struct authority_policy *a, const char *host);
/* The host of "name:27017" and "[::1]:27017", as certificates name it. */
void host_only(const char *host, char *out, size_t out_n);
/* How to reach a member; borrows from the seat and host. */
struct mongod_target seat_target(const struct seat *t, const char *host, bool is_self);
void seat_aim(struct seat *t); /* round/observe.c */
/* round/cluster.c: the config servers' names, for the store; returns their number. */
size_t cluster_store_hosts(const struct seat *t, char (*out)[HOST_BYTES_MAX], size_t max);
/* The set that the mongos are called: a claim of theirs stands under it. No set of mongod may be
 * called so. */
#define ROUTERS_SET "mongos"
/* A rotad's statement about a member of no set was read in the ledger. */
void cluster_note_word(struct seat *t, const struct statement *st);
/* "set/host,host": the set. */
bool cluster_set_name(const char *seeds, char out[NAME_BYTES_MAX]);

/* round/seat_login.c: as whom to ask that member (host as in rs.conf; NULL: the set's store, or a
 * process whose name is not known): the given user or certificate, else __system by what is held.
 * False when there is nothing to log in with. With a given certificate *target (or NULL) presents
 * it. */
MUST_CHECK bool seat_login(struct seat *t, const char *host, struct mongod_target *target,
			   struct mongod_credential *ret);
/* Call it with each error of what was asked so: after a refused login the next candidate is taken
 * the next time; a given login is told, and tried again later. */
void seat_login_failed(struct seat *t, const char *host, const struct mongod_credential *c,
		       const struct err *err);

#endif
