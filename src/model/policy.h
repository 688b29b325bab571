/* SPDX-License-Identifier: Apache-2.0 */
/* What the operator wants, as plain values of fixed size: no heap, no pointer, copied by
 * assignment. conf/ makes them from rotad.yaml and the central schedule; the planner reads `struct
 * policy` and `struct instance_policy`; the rest of `struct config` is for cmd/wiring.c.
 *
 * Durations are microseconds (_us), times are struct wall. Modes stand here already combined: the
 * most careful word of host, kind, instance and schedule has won. */
#ifndef MODEL_POLICY_H
#define MODEL_POLICY_H

#include "base/clock.h"
#include "base/limits.h"
#include "model/certificate.h"
#include "model/event.h"
#include "model/ledger.h"
#include "model/zone.h"

/* In order of care: the most careful of two is the smaller. */
enum mode { MODE_OFF, MODE_OBSERVE, MODE_ASK, MODE_ACT, MODE_N };
const char *mode_name(enum mode mode); /* "observe" */
static inline enum mode mode_careful(enum mode a, enum mode b)
{
	return a < b ? a : b;
}

/* The kinds that have a mode of their own. */
enum kind { KIND_KEYFILE, KIND_CERTIFICATES, KIND_AUTHORITIES, KIND_N };
const char *kind_name(enum kind kind); /* "keyfile" */

enum restart_how { RESTART_NONE, RESTART_UNIT, RESTART_JOB, RESTART_HOOK };

/* ---- windows and freezes (model/window.h computes with them) ---- */

/* Weekly: on each of `days`, from start_s of local time, for for_us. */
struct window {
	unsigned days;      /* bit 0 Sunday .. bit 6 Saturday; 0x7f every day */
	int start_s;        /* seconds since local midnight, 0 .. 86,399 */
	int64_t for_us;     /* above 0, at most 7 days */
	unsigned zone_i;    /* in policy.zones */
	unsigned char from; /* who asks for it: 0 the host's file, 1.. a policy of the schedule. An
			       act needs one open window of each asker that has any */
};

/* From the first moment of the local day `from_day` to the last of `until_day`. */
struct freeze {
	int64_t from_day, until_day; /* days since 1970-01-01; both inclusive */
	unsigned zone_i;             /* in policy.zones */
	bool rescue_expiring; /* a certificate about to end may be renewed by a reload without
				 restart */
	char reason[128];
};

/* ---- keyfile ---- */

enum writer {
	WRITER_ROTAD,
	WRITER_EXTERNAL /* configuration management writes the file; rotad watches, proves and
			   restarts */
};
enum on_foreign_write { FOREIGN_RESTORE, FOREIGN_HOLD };
enum other_users { OTHER_USERS_WAIT, OTHER_USERS_IGNORE };

struct keyfile_policy {
	enum mode mode; /* already combined with the ceiling */
	enum writer writer;
	enum strategy strategy;
	int64_t max_age_us;    /* rotate when the key is older; 0: never by age */
	int64_t min_age_us;    /* between automatic rotations; default 1 day */
	int64_t ride_along_us; /* how long staged files wait for restarts that happen anyway; 0: not
				  at all */
	unsigned max_parallel; /* sets of one cluster that may be in a turn at once; 1.. */
	enum on_foreign_write on_foreign_write;
	enum other_users other_users; /* sessions of __system from no member's address: wait for a
					 word, or ignore */
	struct wall born_at; /* the present key's birth in the operator's word; 0: not given */
	unsigned routers_n;
	char routers[ROUTERS_MAX][HOST_BYTES_MAX]; /* mongos that must vote, beside those found */
};

/* From a key's birth (one that stands by: since it does) until its rotation is due: so long before
 * maxAge that it is gone by then, though its files wait for restarts that happen anyway in each
 * pass. Below 0 where that cannot be. */
int64_t keyfile_due_us(const struct keyfile_policy *k, bool stands_by);

/* ---- certificates ---- */

enum { EXTRA_NAMES_MAX = 16 };

struct certificates_policy {
	enum mode mode;                 /* already combined with the ceiling */
	char authority[NAME_BYTES_MAX]; /* a name in config.authorities; "": none, rotad only
					   watches and tells */
	unsigned
	    renew_at_ppm; /* renew when this part of the lifetime has passed; 670,000 is 67 % */
	int64_t outage_budget_us; /* the authority may be away this long: renew at least this long
				     before the end */
	bool is_key_same;         /* keyType: same, as the certificate in use; key_type is unset */
	enum cert_key key_type;
	unsigned key_bits;    /* RSA: 2048, 3072, 4096; else 0 */
	int64_t valid_for_us; /* asked for; 0: the authority's default */
	unsigned extra_names_n;
	char extra_names[EXTRA_NAMES_MAX][HOST_BYTES_MAX]; /* SAN entries beside rs.conf's host */
};

/* ---- what the planner reads of the whole host ---- */

struct policy {
	enum mode mode;             /* the ceiling: observe, ask or act */
	char mode_why[160];         /* why it is below what the file says; "" it is not */
	enum mode authorities_mode; /* CA rollover; already combined with the ceiling */
	struct keyfile_policy keyfile;
	struct certificates_policy certificates;
	unsigned windows_n;
	struct window windows[WINDOWS_MAX]; /* none: always open */
	unsigned freezes_n;
	struct freeze freezes[FREEZES_MAX];
	unsigned zones_n;
	struct zone zones[ZONES_MAX]; /* zones[0] is the host's `timezone`: print times with it */
};
enum mode policy_mode(const struct policy *p, enum kind kind);

/* ---- instances ---- */

enum reload_how {
	RELOAD_ROTATE_CERTIFICATES, /* the server's command, 5.0 and later */
	RELOAD_HOOK
};
enum allow_downtime {
	DOWNTIME_NONE,
	DOWNTIME_MAJORITY_WRITES, /* majority writes may stop for a turn (PSA) */
	DOWNTIME_ALL              /* the set may be without a primary (one or two voters) */
};
enum pending_changes {
	PENDING_REFUSE, /* a turn is refused while anything but the staged files would change */
	PENDING_ALLOW
};

/* Where a secret is; never the secret itself. */
enum credential_from {
	CREDENTIAL_NONE,
	CREDENTIAL_SYSTEMD, /* name in $CREDENTIALS_DIRECTORY */
	CREDENTIAL_FILE     /* path; its owner and mode are checked when it is read */
};
struct credential_ref {
	enum credential_from from;
	char name[CONF_PATH_BYTES_MAX]; /* name or path */
};

enum login_with {
	LOGIN_WITH_KEY,        /* __system, by the keyring */
	LOGIN_WITH_USER,       /* user and password */
	LOGIN_WITH_CERTIFICATE /* MONGODB-X509 */
};
struct login_policy {
	enum login_with with;
	char user[NAME_BYTES_MAX];
	char database[NAME_BYTES_MAX]; /* of that user; default admin */
	struct credential_ref password;
	char certificate[CONF_PATH_BYTES_MAX]; /* PEM with its key */
};

enum { PATH_MAPS_MAX = 8, SUCCESSORS_MAX = 16 };
/* mongod's configuration names `from` (in a container), this host knows it as `to`. */
struct path_map {
	char from[CONF_PATH_BYTES_MAX], to[CONF_PATH_BYTES_MAX];
};

struct instance_policy {
	char name[NAME_BYTES_MAX];             /* unique on this host */
	enum mode mode;                        /* its own word; MODE_ACT when none was given */
	char config_file[CONF_PATH_BYTES_MAX]; /* mongod.conf; "": only the live process is asked */
	char address[HOST_BYTES_MAX]; /* where to connect; "": 127.0.0.1 and the port of its
					 options */

	enum restart_how restart_how;           /* NONE: rotad never restarts it */
	char restart_name[CONF_PATH_BYTES_MAX]; /* unit, job unit, or path of the hook */
	int64_t drain_us;                       /* -1: the server's own default (15 s) */
	int64_t max_lag_us;                     /* default 10 s */
	int64_t
	    restart_timeout_us; /* of the job or hook, not of mongod's recovery; default 5 min */

	enum reload_how reload_how;
	char reload_hook[CONF_PATH_BYTES_MAX];
	char changed_hook[CONF_PATH_BYTES_MAX]; /* told after a file changed; "": none */

	enum allow_downtime allow_downtime;
	enum pending_changes pending_changes;
	bool accepts_untested;  /* a server version that rotad was not tested with */
	bool knows_ops_manager; /* iKnow: opsManager: act beside its automation agent */
	unsigned successors_n;
	char successors[SUCCESSORS_MAX][HOST_BYTES_MAX]; /* who should become primary; none: any */
	unsigned paths_n;
	struct path_map paths[PATH_MAPS_MAX];
	struct login_policy login;
};
/* What rotad may do for this instance and kind: the most careful of the host, the kind and the
 * instance. */
enum mode instance_mode(const struct policy *p, const struct instance_policy *i, enum kind kind);

/* ---- authorities and alerts ---- */

enum { AUTHORITY_TYPE_BYTES = 24, ISSUERS_MAX = 2, ALERT_HEADERS_MAX = 8 };

/* One authority. Which fields a type needs is a row of the authority table; others are "". */
struct authority_policy {
	char name[NAME_BYTES_MAX];
	char type[AUTHORITY_TYPE_BYTES]; /* local, manual, exec, acme, est, vault, stepca, cmp,
					    cfssl */
	unsigned at_n;
	char at[ISSUERS_MAX][HOST_BYTES_MAX];  /* local: the issuing hosts */
	char certificate[CONF_PATH_BYTES_MAX]; /* local: the CA's; est, cmp: the client's PEM */
	char private_key[CONF_PATH_BYTES_MAX];
	struct credential_ref passphrase; /* of private_key */
	char chain[CONF_PATH_BYTES_MAX];  /* what is served above the leaf; "": from the answer */
	char url[CONF_PATH_BYTES_MAX];
	char mount[NAME_BYTES_MAX], role[NAME_BYTES_MAX]; /* vault */
	char profile[NAME_BYTES_MAX]; /* acme, cfssl, step-ca: profile, label or provisioner */
	char user[NAME_BYTES_MAX];    /* est: HTTP user; cmp: reference; acme: EAB key id */
	struct credential_ref token; /* vault token, EST password, CMP secret, provisioner's, EAB */
	char helper[CONF_PATH_BYTES_MAX];  /* exec: the program */
	char hook[CONF_PATH_BYTES_MAX];    /* acme: serves the challenge */
	char ca_file[CONF_PATH_BYTES_MAX]; /* trust for url; "": the system's */
	int64_t valid_for_us;              /* issues.for; 0: its default */
	int64_t timeout_us;                /* of one call; 0: default */
};

enum alert_type { ALERT_WEBHOOK, ALERT_COMMAND, ALERT_N };
struct alert_policy {
	char name[NAME_BYTES_MAX];
	enum alert_type type;
	char url[CONF_PATH_BYTES_MAX]; /* webhook */
	char
	    command[CONF_PATH_BYTES_MAX]; /* command: a program, given the event as JSON on stdin */
	struct credential_ref secret;     /* signs the body */
	enum severity min_severity;
	char ca_file[CONF_PATH_BYTES_MAX], client_pem[CONF_PATH_BYTES_MAX];
	bool allows_plain;    /* http to another host, by the operator's own word */
	int64_t heartbeat_us; /* 0: none */
	unsigned headers_n;
	struct {
		char name[64];
		char value[256]; /* never secret: checked when read */
	} headers[ALERT_HEADERS_MAX];
};

struct schedule_policy {
	char url[CONF_PATH_BYTES_MAX]; /* https; "" when there is none or a file is used */
	char file[CONF_PATH_BYTES_MAX];
	char signer[CONF_PATH_BYTES_MAX]; /* PEM: who must have signed; "": unsigned, which is told
					   */
	char fleet[NAME_BYTES_MAX];       /* the schedule's fleet must be this; "": any */
	int64_t poll_us;                  /* default 5 min */
	char ca_file[CONF_PATH_BYTES_MAX], client_pem[CONF_PATH_BYTES_MAX];
};

/* ---- the whole of rotad.yaml, or rotad.yaml merged with the schedule ---- */
struct config {
	char path[CONF_PATH_BYTES_MAX];            /* the file it was read from */
	char state_directory[CONF_PATH_BYTES_MAX]; /* default /var/lib/rotad */
	char socket[CONF_PATH_BYTES_MAX];          /* default /run/rotad/rotad.sock */
	struct policy policy;
	unsigned instances_n;
	struct instance_policy instances[INSTANCES_MAX];
	unsigned authorities_n;
	struct authority_policy authorities[AUTHORITIES_MAX];
	unsigned alerts_n;
	struct alert_policy alerts[ALERTS_MAX];
	struct schedule_policy schedule;
	uint64_t schedule_serial; /* of the schedule merged in; 0: none */
	bool is_in_schedule;      /* a policy of the schedule named this host */
};
/* All defaults, nothing configured. About 900 KiB: keep it on the heap. */
void config_init(struct config *c);
/* Where rotad.socket listens in place of /run/NAME/rotad.sock: /run/NAME.sock. What systemd makes
 * as root may not lie in a folder of rotad's user, who could lay a link there. False: path is not
 * of that form, and that of rotad itself. */
enum { UNIT_SOCKET_BYTES = 108 };
bool config_unit_socket(const char *path, char out[UNIT_SOCKET_BYTES]);
/* NULL when there is none of that name. */
const struct authority_policy *config_find_authority(const struct config *c, const char *name);
const struct instance_policy *config_find_instance(const struct config *c, const char *name);

#endif
