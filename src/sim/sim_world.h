/* SPDX-License-Identifier: Apache-2.0 */
/* The world of the simulator: hosts with a disk, a clock, a member and a rotad; a network between
 * them; the ledger; keys as they truly are. For src/sim only. */
#ifndef SIM_SIM_WORLD_H
#define SIM_SIM_WORLD_H

#include "round/round.h"
#include "sim/sim.h"
#include "sim/sim_cert.h"
#include "sim/sim_fiber.h"

enum {
	SIM_KEYS_MAX = 64,
	SIM_FILES_MAX = 32,
	SIM_EVENTS_MAX = 512,
	SIM_CONFIGS_MAX = 32,
	SIM_DOCS_MAX = 1024, /* ids that were ever used */
	SIM_PORT = 27017,
};
#define SIM_KEYFILE "/etc/mongod.key"
#define SIM_MONGOD_CONF "/etc/mongod.conf"
#define SIM_CERTIFICATE "/etc/mongod.pem"
#define SIM_CA_FILE "/etc/ca.pem"
#define SIM_SET "rs0"
#define SIM_INSTANCE "db"
#define SIM_STATE "/state"
#define SIM_BASE_US (1790000000 * US_S) /* the wall clock at the start: September 2026 */

/* Certificates: how long before its end one is renewed, and how much less is as good as that. */
#define SIM_OUTAGE_US (20 * US_MIN)
#define SIM_NEAR_US (3 * US_MIN)
enum {
	SIM_WRONG_NAME,
	SIM_WRONG_KEY,
	SIM_WRONG_CHAIN,
	SIM_WRONG_END,
	SIM_WRONG_TEXT,
	SIM_OTHER_CHAIN,
	SIM_WRONG_N
};

/* Keys by number: 1 is the first. What a file or a process truly holds. */
struct sim_ring {
	bool is_good; /* mongod would start with it */
	unsigned n;
	unsigned char keys[KEYS_PER_FILE_MAX];
};
bool sim_ring_has(const struct sim_ring *r, unsigned key);
bool sim_rings_equal(const struct sim_ring *a, const struct sim_ring *b);
bool sim_rings_share(const struct sim_ring *a, const struct sim_ring *b);

struct sim_key {
	char text[KEY_CHARS_MAX + 1];
	size_t n;
	bool has_id;
	struct key_id id; /* under the cluster's salt, once there is one */
};

struct sim_file {
	char path[96];
	char *bytes;
	size_t n;
	uint64_t inode;
	struct wall modified;
	bool is_unsynced; /* written by a person: a power cut may lose it */
	char *before;     /* then, what stands there */
	size_t before_n;
	bool was_edited; /* a person wrote that as well */
};

enum sim_process { SIM_DOWN, SIM_STARTING, SIM_UP, SIM_STOPPING };
enum sim_cause { SIM_BY_NOBODY, SIM_BY_ROTAD, SIM_BY_PERSON };

/* A configuration of the set; its version is its place in world.configs, from 1 on. */
struct sim_config {
	unsigned n, mask; /* bit i: host i is a member */
	struct {
		unsigned host;
		int64_t id;
		char name[HOST_BYTES_MAX];
	} m[SIM_HOSTS_MAX];
	int64_t until_us; /* since when it is not the newest any more; 0: it is */
};

struct sim_member {
	char host[HOST_BYTES_MAX]; /* as the newest configuration names it */
	unsigned config;           /* the version that it has; 0: none */
	bool is_arbiter;
	unsigned kinds; /* SIM_KIND() bits */
	enum sim_process state;
	enum sim_cause down_by; /* why it is not up */
	unsigned process;       /* rises with each start */
	unsigned step;          /* events of an older step are void */
	bool is_start_wanted;   /* when it has stopped */
	int64_t started_us, state_us, down_since_us, primary_since_us;
	struct sim_ring loaded;
	struct sim_cert served; /* loaded, as trusts: of its CAFile */
	unsigned trusts;
	int64_t trusts_us; /* when they were loaded */
	bool is_edited;    /* loaded from a file that a person wrote */
	bool is_primary;
	bool is_recovering;
	int64_t recovered_us;
	int64_t no_election_until_us;
	int64_t lag_until_us, drain_ms;
	int exit_code;
	char fatal[128];
	unsigned bad_starts;
	int64_t slow_start_us;
	/* seen of the others */
	int64_t good_since_us[SIM_HOSTS_MAX], good_until_us[SIM_HOSTS_MAX];
	bool is_good[SIM_HOSTS_MAX], is_unauthenticated[SIM_HOSTS_MAX];
	size_t commit; /* how much of the ledger's log it knows to be of the majority */
};

struct sim_job {
	enum job_state state;
	int64_t begun_us, timeout_us;
	unsigned of_life; /* of the rotad that began it */
	char why[128];
	bool is_hook, is_reload, does_nothing, ends_badly, hangs, shouts;
	unsigned number; /* of its event */
};
enum sim_hook_how { HOOK_HOW_NOTHING, HOOK_HOW_HALF, HOOK_HOW_ALL }; /* half: the stop */

struct sim_world;
struct sim_host {
	struct sim_world *w;
	unsigned i;
	char letter; /* 'a'.. */
	/* disk */
	struct sim_file files[SIM_FILES_MAX];
	unsigned files_n;
	uint64_t inodes;
	struct sim_ring disk;        /* what the keyfile truly holds */
	struct sim_ring overwritten; /* what it held before a person wrote it */
	bool is_edited;    /* the keyfile was written by a person last, and not put right */
	int64_t edited_us; /* when a person wrote it last */
	bool is_writing;   /* rotad is within a put of the keyfile */
	/* certificates */
	struct sim_cert cert;   /* in its file */
	struct sim_cert proven; /* the last one that was */
	unsigned trusts;        /* of its CAFile */
	bool is_unproven;       /* rotad has put another one there */
	/* When, of an answer of when; when the last answer was given; when a person ordered one for
	 * it alone. */
	int64_t taken_back_us, taken_back_of_us, signed_us, asked_us;
	bool was_taken_back_by_order; /* not by age */
	struct authority_port authority;
	int64_t authority_down_until_us, authority_slow_until_us, reload_late_us;
	unsigned authority_refusals, authority_losses, authority_wrongs, reload_refusals,
	    reload_lies;
	int wrong_how;
	int64_t full_until_us;
	unsigned bad_writes;
	/* clock */
	int64_t clock_us; /* the wall clock is ahead by so much */
	/* network and helpers */
	int64_t slow_until_us, cut_until_us[SIM_HOSTS_MAX]; /* from here to there */
	unsigned stuck_calls;
	/* member and what restarts it */
	struct sim_member m;
	struct sim_job job;
	unsigned job_fails, jobs_n;
	unsigned hook_fails, hook_hangs, hook_idles, hook_shouts;
	enum sim_hook_how hook_how;
	int64_t restarter_gone_until_us;
	int64_t off_until_us;
	/* of what operators do */
	int64_t busy_until_us, version_until_us, mode_until_us;
	unsigned busy;
	enum mode mode; /* meanwhile; taken up between rounds, as a configuration is */
	/* of the set */
	bool is_there;    /* a spare one is not before it joins */
	bool is_newcomer; /* outside what the members must share, until it holds the pivot */
	int64_t joined_us;
	bool was_dead; /* it was declared dead; a newcomer from then on */
	/* what a person goes on to say of it until it is taken: the host that is asked, from 1 on
	 */
	unsigned dead_by, revoked_by;
	bool is_emergency;
	bool is_revoked; /* by the ledger; nobody has anything to do with it any more */
	int64_t revoked_us, gone_at_us; /* since when; when a person switches it off */
	char revoked_spki[SPKI_CHARS + 1];
	/* rotad */
	bool lacks_rotad; /* none is installed */
	struct seat seat;
	struct fiber fiber;
	unsigned life; /* rises with each start of rotad */
	bool is_rotad; /* it runs */
	bool is_seat_open;
	bool is_dead;   /* it was killed: whatever its code still does has no effect */
	bool is_asleep; /* between rounds */
	bool is_poked;
	unsigned wake; /* events of an older wake are void */
	int64_t paused_until_us, round_us, idle_us;
	int64_t looked_us; /* when its last full round began */
	struct rng random; /* its kernel's generator */
	bool has_person_asked;
	enum {
		ASK_NOTHING,
		ASK_ROTATE,
		ASK_EMERGENCY,
		ASK_PAUSE,
		ASK_RESUME,
		ASK_ABORT,
		ASK_RELEASE,
		ASK_CERTIFICATES,
		ASK_CERTIFICATE,
		ASK_WITHOUT,
		ASK_REVOKE,
		ASK_REVOKE_EMERGENCY,
		ASK_APPROVE
	} ask;
	unsigned ask_about; /* which host */
	unsigned boundary_n[ACT_N][2];
};

enum sim_event_kind {
	EVENT_WAKE,     /* host: its rotad goes on */
	EVENT_ROTAD,    /* host: rotad is started */
	EVENT_STOPPED,  /* host: its member's process has ended */
	EVENT_STARTED,  /* host: its member listens */
	EVENT_START,    /* host: its member is started by a person, or by the machine */
	EVENT_JOB_DONE, /* host: a job without effect is over */
	EVENT_BACK,     /* host: its member has caught up */
	EVENT_ELECT,
	EVENT_FAULT,  /* number: which */
	EVENT_RESUME, /* host: a person says resume */
	EVENT_HEAL,
	EVENT_CARE,     /* people look after it, once nothing goes wrong any more */
	EVENT_HOOK,     /* host: its hook ends; number: which */
	EVENT_RELOADED, /* host: its member serves its new certificate at last */
	EVENT_SETTLE    /* links and heartbeats are looked at again */
};
struct sim_event {
	int64_t at_us;
	uint64_t order; /* of the same time: the first come */
	enum sim_event_kind kind;
	unsigned host, number;
};

/* A document's revisions, in the order in which the majority took them. */
struct sim_write {
	int64_t at_us;
	char id[DOC_ID_BYTES];
	char nonce[NONCE_CHARS + 1];
	int64_t rev; /* 0: removed */
	char *text;
	size_t text_n;
};

/* What the ledger truly says, read from its texts by code of the simulator's own. */
struct sim_truth {
	unsigned generation;
	struct key_id pivot, next, after;
	struct key_id standby; /* stands beside the pivot since the last end; "" none */
	unsigned roll_n;
	char roll[SIM_HOSTS_MAX][HOST_BYTES_MAX];
	unsigned roll_host[SIM_HOSTS_MAX];
	int votes[SIM_HOSTS_MAX];       /* 0 none, 1 yea, -1 nay */
	int64_t voted_us;               /* when one of them changed last */
	bool is_without[SIM_HOSTS_MAX]; /* declared dead, by the proposal or since */
	bool is_closed, is_carried;
	bool is_lost; /* the ledger went back behind votes, and on with another generation */
	bool is_hold_on;
	int claim; /* 0 free, 1 waiting, 2 acting */
	char claim_host[HOST_BYTES_MAX], claim_from[SPKI_CHARS + 1];
	char salt_hex[65];
	unsigned dead_keys_n;
	struct key_id dead_keys[SIM_KEYS_MAX]; /* of closed generations: never written again */
};

struct sim_world {
	const struct sim_scenario *scenario;
	struct rng rng;
	int64_t now_us;
	unsigned n;
	struct config *config;
	struct sim_host *hosts; /* n */
	unsigned keys_n;
	struct sim_key keys[SIM_KEYS_MAX];
	/* events: a heap */
	unsigned events_n;
	uint64_t orders;
	struct sim_event events[SIM_EVENTS_MAX];
	/* the ledger */
	size_t writes_n, writes_cap;
	struct sim_write *writes;
	unsigned docs_n;
	size_t docs[SIM_DOCS_MAX]; /* the last write of each id, in order of id */
	unsigned unsure_writes;
	/* the set */
	unsigned configs_n;
	struct sim_config configs[SIM_CONFIGS_MAX];
	bool is_election_due;
	unsigned step_down_refusals;
	unsigned serials;                           /* of certificates */
	unsigned writer;                            /* whose write of the ledger is being taken */
	int64_t certificates_asked_us, released_us; /* by a person; 0: never */
	int64_t term;
	/* the course */
	bool is_healed, is_restored, is_over;
	bool is_paused, is_held; /* no primary; no majority of data-bearing voters */
	int64_t paused_since_us, held_since_us;
	int64_t next_settle_us, care_since_us, restored_us;
	unsigned asked_n;
	int64_t closed_until_us, frozen_until_us, old_until_us; /* what the policy says of now */
	int64_t max_age_us, min_age_us;                         /* and else */
	bool is_release_said; /* a person has made sure, and gives the turn back */
	struct sim_truth truth;
	struct buf *trace;
	struct sim_coverage *coverage;
	struct sim_result *result;
	bool fired[SIM_FAULTS_MAX];
	unsigned fired_at[SIM_FAULTS_MAX]; /* the host */
	unsigned boundary_n[ACT_N][2];
};

/* ---- the world itself: sim_run.c ---- */
void sim_at(struct sim_world *w, int64_t at_us, enum sim_event_kind kind, unsigned host,
	    unsigned number);
void sim_say(struct sim_world *w, const char *format, ...) PRINTF(2, 3);
/* A rule is broken; the run ends with the first. */
void sim_broken(struct sim_world *w, const char *rule, const char *format, ...) PRINTF(3, 4);
int64_t sim_between(struct sim_world *w, int64_t low, int64_t high); /* both inclusive */
bool sim_chance(struct sim_world *w, unsigned ppm);
/* Within a rotad: time passes, others may run. False: it was killed meanwhile. */
bool sim_wait(struct sim_host *h, int64_t us);
/* A port call begins or ends: the scheduling point. Over the network, or on the host itself. False:
 * it was killed. */
bool sim_call(struct sim_host *h);
bool sim_local(struct sim_host *h);
void sim_line(struct sim_host *h, struct str line); /* rotad wrote a line of its journal */
void sim_poke(struct sim_host *h);
void sim_rotad_kill(struct sim_host *h, int64_t down_us);
void sim_rotad_start(struct sim_host *h);
void sim_ask(struct sim_host *h, int what); /* a person, on this host */
struct wall sim_wall(const struct sim_host *h);
struct mono sim_boot(const struct sim_host *h);

/* ---- what it costs: sim_cost.c ---- */
/* It belongs to what a rotation costs. keys: of SIM_WROTE, else NULL. */
void sim_note(struct sim_world *w, enum sim_happening_kind kind, unsigned host,
	      const struct sim_ring *keys);
/* Whether writes can be acknowledged may have changed. */
void sim_note_writes(struct sim_world *w);

/* ---- members: sim_member.c ---- */
void sim_member_stop(struct sim_host *h, enum sim_cause by, bool start_again);
void sim_member_die(struct sim_host *h, enum sim_cause by);
void sim_member_start(struct sim_host *h);
void sim_member_stopped(struct sim_host *h);
void sim_member_started(struct sim_host *h);
void sim_settle(struct sim_world *w);
void sim_elect(struct sim_world *w);
bool sim_link(const struct sim_world *w, unsigned from, unsigned to); /* one way */
bool sim_is_healthy(const struct sim_host *h); /* it serves: primary, secondary or arbiter */
bool sim_votes(const struct sim_member *m);
bool sim_is_electable(const struct sim_member *m);
unsigned sim_majority(const struct sim_world *w, unsigned i); /* of voters, by its configuration */
bool sim_has_majority(const struct sim_world *w, unsigned i);
struct mongod_port sim_mongod_port(struct sim_host *h);
struct restarter_port sim_restarter_port(struct sim_host *h);

/* ---- mongos: sim_router.c ---- */
bool sim_is_router(const struct sim_host *h);
void sim_router_config_db(const struct sim_world *w, char *out, size_t out_n);
size_t sim_router_conf(const struct sim_host *h, char *out, size_t out_n);
void sim_router_shards(const struct sim_world *w, struct mongod_shards *ret);

/* ---- hooks: sim_hook.c ---- */
static inline bool sim_has_hook(const struct sim_host *h)
{
	return h->w->scenario->hooks >> h->i & 1;
}
bool sim_hook_begin(struct sim_host *h, const struct restart_target *t, enum restart_verb verb);
bool sim_hook_over(struct sim_host *h, enum job_state state); /* false: it is no hook's */
void sim_hook_event(struct sim_host *h, unsigned number);
void sim_hook_orphaned(struct sim_host *h);
bool sim_hook_is_ended(const struct sim_host *h); /* at its deadline */
bool sim_hook_hung(const struct sim_host *h);     /* a person has to say that nothing of it runs */
void sim_hook_view(const struct sim_host *h, struct job_view *ret);

/* ---- who is a member: sim_config.c ---- */
void sim_config_begin(struct sim_world *w);
const struct sim_config *sim_config_of(const struct sim_world *w, unsigned i); /* NULL: none */
const struct sim_config *sim_config_last(const struct sim_world *w);
bool sim_knows(const struct sim_world *w, unsigned i, unsigned k); /* k is in what i has */
bool sim_is_member(const struct sim_world *w, unsigned i);    /* by the newest one; or a mongos */
int64_t sim_id_of(const struct sim_config *c, unsigned host); /* -1: not in it */
unsigned sim_host_named(const struct sim_world *w, const char *name); /* SIM_HOSTS_MAX: nobody */
void sim_config_spread(struct sim_world *w);
/* A person changes it, through the primary. False: not now. */
bool sim_join(struct sim_world *w, unsigned i, unsigned how);
bool sim_leave(struct sim_world *w, unsigned i, bool is_gone);
bool sim_rename(struct sim_world *w, unsigned i);

/* ---- certificates: sim_cert.c, sim_authority.c, sim_oracle_cert.c ---- */
void sim_tls_begin(struct sim_host *h);
void sim_tls_trust(struct sim_host *h, unsigned mask); /* a person writes its CAFile */
void sim_tls_written(struct sim_host *h, const char *path, const char *bytes, size_t n);
const char *sim_tls_load(struct sim_host *h); /* its process starts; why it does not, or NULL */
/* Do the two members take each other's certificates? */
bool sim_tls_meet(const struct sim_world *w, unsigned i, unsigned k);
/* A connection of h's rotad to k. */
bool sim_tls_open(const struct sim_host *h, const struct sim_host *k, const struct mongod_target *t,
		  struct err *err);
bool sim_tls_lets(const struct sim_host *h, const struct sim_host *k);
void sim_tls_probe(const struct sim_host *h, const struct sim_host *k,
		   const struct mongod_target *t, struct mongod_tls_result *ret);
bool sim_tls_rotate(struct sim_host *h, struct sim_host *k, struct err *err);
void sim_tls_reloaded(struct sim_host *k);
const struct authority_port *sim_authority(void *self, const char *name);
void sim_oracle_certificate(struct sim_host *h); /* rotad wrote its file */
void sim_oracle_served(struct sim_host *h);      /* loaded by rotad's word */
void sim_oracle_wiped(struct sim_host *h);       /* rotad wiped the previous one */
void sim_oracle_private(struct sim_world *w, const char *where, const char *text, size_t n);
bool sim_tls_rest(const struct sim_host *h, const char **ret_why);
bool sim_tls_rests(const struct sim_host *h); /* its rotad waits for a person */

/* ---- disks and clocks: sim_disk.c ---- */
struct files_port sim_files_port(struct sim_host *h);
struct host_port sim_host_port(struct sim_host *h);
void sim_file_set(struct sim_host *h, const char *path, const char *bytes, size_t n);
void sim_keyfile_edit(struct sim_host *h, const char *bytes, size_t n); /* by a person */
void sim_disk_cut(struct sim_host *h);
void sim_disk_fini(struct sim_host *h);
unsigned sim_key_of(struct sim_world *w, const char *text, size_t n); /* number; made if new */
void sim_ring_read(struct sim_world *w, const char *bytes, size_t n, struct sim_ring *ret);
size_t sim_ring_print(const struct sim_world *w, const struct sim_ring *r, char *out, size_t out_n);
const struct sim_file *sim_file_find(const struct sim_host *h, const char *path);

/* ---- the ledger: sim_store.c ---- */
struct store_port sim_store_port(struct sim_host *h);
void sim_store_aim(void *self, const struct mongod_target *targets, size_t n,
		   const struct mongod_credential *c);
void sim_store_restore(struct sim_world *w, int64_t ago_us);
void sim_store_fini(struct sim_world *w);
/* The last revision within the first `commit` writes; NULL: not there. */
const struct sim_write *sim_store_find(const struct sim_world *w, const char *id, size_t commit);

/* ---- what must hold: sim_oracle.c ---- */
void sim_oracle_keys(struct sim_world *w); /* after each change of a file or process */
void sim_oracle_write(struct sim_host *h); /* rotad wrote the keyfile */
void sim_oracle_step_down(struct sim_host *h);
void sim_oracle_stop(struct sim_host *h); /* rotad stops its member */
/* A write of this host was taken. */
void sim_oracle_ledger(struct sim_host *h, const struct sim_write *write);
unsigned sim_orders(const struct sim_world *w); /* that stand there and count */
void sim_oracle_again(struct sim_world *w);     /* the ledger went back in time */
void sim_oracle_text(struct sim_world *w, const char *where, const char *text, size_t n);
/* The key that every file and process must hold; 0: not told by the ledger yet. */
unsigned sim_pivot(struct sim_world *w);
/* Is the fleet at rest: one key everywhere, nothing under way? why_n bytes say what is not. */
bool sim_oracle_rest(struct sim_world *w, char *why, size_t why_n);

/* ---- what goes wrong: sim_fault.c ---- */
void sim_fault_do(struct sim_world *w, unsigned i, unsigned host);
void sim_heal(struct sim_world *w);
void sim_care(struct sim_world *w);

/* ---- for the fast cryptography that tests link in place of the real one ---- */
extern uint64_t sim_crypto_state;

#endif
