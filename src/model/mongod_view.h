/* SPDX-License-Identifier: Apache-2.0 */
/* What a mongod or mongos says of itself and of its set, as plain values. Who asked and when stands
 * in model/seen.h. */
#ifndef MODEL_MONGOD_VIEW_H
#define MODEL_MONGOD_VIEW_H

#include "base/clock.h"
#include "base/limits.h"

enum { PROCESS_ID_CHARS = 24, OBJECT_ID_CHARS = 24 };

enum member_state { /* replSetGetStatus myState and members[].state */
		    MEMBER_STARTUP = 0,
		    MEMBER_PRIMARY = 1,
		    MEMBER_SECONDARY = 2,
		    MEMBER_RECOVERING = 3,
		    MEMBER_STARTUP2 = 5,
		    MEMBER_UNKNOWN = 6,
		    MEMBER_ARBITER = 7,
		    MEMBER_DOWN = 8,
		    MEMBER_ROLLBACK = 9,
		    MEMBER_REMOVED = 10,
		    MEMBER_ROUTER = 100, /* a mongos: none of mongod's numbers */
};
/* Is this a server whose behaviour rotad is made for and tested with? "" (not known) is not. */
bool mongod_version_is_tested(const char *version);
/* The series that are, for people: "5.0, 6.0, 7.0, 8.0". */
#define MONGOD_TESTED "5.0, 6.0, 7.0, 8.0"
const char *member_state_name(enum member_state state); /* "SECONDARY" */

/* Answer of `hello` on a direct connection; needs no login. */
struct mongod_hello {
	char
	    set_name[NAME_BYTES_MAX]; /* "" for a standalone, a mongos, or before replSetInitiate */
	char me[HOST_BYTES_MAX];      /* hello.me: its name in the configuration */
	char primary[HOST_BYTES_MAX]; /* whom it believes the primary; "" if none */
	char process_id[PROCESS_ID_CHARS +
			1]; /* topologyVersion.processId; new at each start; "" before 4.4 */
	bool is_writable_primary, is_secondary, is_arbiter, is_hidden, is_mongos;
	bool is_quiescing; /* it answered that it is shutting down (code 91, quiesce mode) */
	bool offers_scram_sha256, offers_scram_sha1; /* saslSupportedMechs of local.__system */
	int max_wire_version;
	struct wall local_time; /* its own clock */
};

/* One member of rs.conf. */
struct mongod_config_member {
	int64_t id; /* members[]._id */
	char host[HOST_BYTES_MAX];
	int votes; /* 0 or 1 */
	double priority;
	bool is_arbiter, is_hidden;
	int64_t delay_s;
	unsigned horizons_n;
	char horizons[8][HOST_BYTES_MAX]; /* the names only */
};
/* replSetGetConfig. */
struct mongod_config {
	char set[NAME_BYTES_MAX];
	char replica_set_id[OBJECT_ID_CHARS + 1]; /* settings.replicaSetId */
	int64_t version, term;
	bool is_configsvr;
	bool has_majority_journal_default; /* writeConcernMajorityJournalDefault */
	unsigned members_n;
	struct mongod_config_member members[MEMBERS_MAX];
};

/* What one member says of another (or of itself) in replSetGetStatus. */
struct mongod_status_member {
	int64_t id;
	char host[HOST_BYTES_MAX];
	enum member_state state;
	bool is_healthy; /* health 1; itself always */
	bool is_self;
	bool is_unauthenticated;    /* authenticated: false, told only on a login problem */
	struct wall optime;         /* optimeDate; 0 for arbiters */
	struct wall last_heartbeat; /* lastHeartbeatRecv, by its clock; 0 for itself */
	int64_t uptime_s;
	int64_t config_version, config_term;
};
/* replSetGetStatus of one member. */
struct mongod_status {
	char set[NAME_BYTES_MAX];
	enum member_state my_state;
	int64_t my_id;
	struct wall date; /* its clock when it answered */
	int64_t term;
	unsigned majority_vote_count, write_majority_count, voting_members, writable_voting_members;
	bool is_initial_syncing;
	unsigned members_n;
	struct mongod_status_member members[MEMBERS_MAX];
};

/* serverStatus, currentOp, buildInfo, getParameter: what gates and reports need of one process. */
struct mongod_server {
	char version[32]; /* "6.0.5" */
	char host[HOST_BYTES_MAX];
	int64_t pid, uptime_ms;
	char certificate_subject[DN_BYTES_MAX]; /* serverStatus().security.SSLServerSubjectName: in
						   memory now */
	struct wall certificate_not_after;
	char cluster_auth_mode[24]; /* getParameter clusterAuthMode: keyFile, sendKeyFile, sendX509,
				       x509 */
	char tls_mode[24];          /* getParameter tlsMode */
	int64_t shutdown_timeout_ms; /* shutdownTimeoutMillisForSignaledShutdown; -1 not known */
	bool has_index_build, has_backup_cursor, is_fsync_locked;
	unsigned connections;
	/* The shardIdentity of its data: admin.system.version. Not asked of arbiters and mongos. */
	bool is_shard_known;
	char shard_name[NAME_BYTES_MAX]; /* "": it has none */
	char shard_cluster[OBJECT_ID_CHARS + 1];
	char shard_config_db[1024]; /* the config servers: set/host,host */
	char shard_why[160];        /* why it is not known */
};

/* A sharded cluster as one of its config servers knows it. */
struct mongod_shard {
	char name[NAME_BYTES_MAX];
	char hosts[2048]; /* set/host,host: without hidden members and arbiters */
};
struct mongod_router {
	char host[HOST_BYTES_MAX]; /* as that mongos calls itself */
	bool is_stale;             /* it has not spoken for ROUTER_STALE_S, by the server's clock */
};
enum { ROUTER_STALE_S = 600 }; /* PROTOCOL 4 */
struct mongod_shards {
	char cluster[OBJECT_ID_CHARS + 1]; /* config.version clusterId */
	unsigned shards_n;
	struct mongod_shard shards[SETS_MAX];
	unsigned routers_n;
	struct mongod_router routers[ROUTERS_MAX]; /* who spoke last comes first */
};

/* The options that rotad needs, in one shape, from getCmdLineOpts, mongod.conf (YAML or INI) or
 * argv (know: section 9). */
struct mongod_options {
	bool is_known;
	bool is_mongos;
	char config_file[PATH_BYTES_MAX];
	char key_file[PATH_BYTES_MAX];
	char encryption_key_file[PATH_BYTES_MAX]; /* never touched; a rotation is refused when it is
						     the same file */
	char cluster_auth_mode[24];               /* "" = default (keyFile when keyFile is set) */
	char tls_mode[24]; /* disabled, allowTLS, preferTLS, requireTLS; "" = disabled */
	char certificate_key_file[PATH_BYTES_MAX], cluster_file[PATH_BYTES_MAX],
	    ca_file[PATH_BYTES_MAX], cluster_ca_file[PATH_BYTES_MAX], crl_file[PATH_BYTES_MAX];
	bool has_key_password; /* certificateKeyFilePassword is set */
	bool allows_invalid_hostnames, allows_invalid_certificates, allows_no_certificate,
	    transition_to_auth;
	char cluster_role[16]; /* shardsvr, configsvr, "" */
	char set_name[NAME_BYTES_MAX];
	char config_db[1024]; /* mongos: set/host,host */
	char bind_ip[1024];
	int port; /* 0: default by role */
	char db_path[PATH_BYTES_MAX], log_path[PATH_BYTES_MAX], pid_file[PATH_BYTES_MAX];
	int64_t shutdown_timeout_ms; /* setParameter in the file; -1 not given */
	char unknown[512]; /* names of options that are given but not known: values by __exec or
			      __rest, or out of shape; "security.keyFile (__exec)"; "" none */
};

/* The answer to "does it accept this one credential". */
enum login_verdict {
	LOGIN_UNKNOWN, /* no answer, or the control did not work: never a proof */
	LOGIN_ACCEPTED,
	LOGIN_REFUSED, /* code 18 by the server, while the control was accepted or was not asked for
			*/
};

#endif
