/* SPDX-License-Identifier: Apache-2.0 */
/* Every bound of rotad, by name, with its unit and one line why. Reaching one is an error with
 * advice, never a truncation. */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

#define MEMBERS_MAX 50      /* members of a replica set: MongoDB's own limit */
#define ROUTERS_MAX 64      /* mongos of a cluster that one rotad follows */
#define SETS_MAX 24         /* sets of a sharded cluster, whose members are at most MEMBERS_MAX */
#define INSTANCES_MAX 16    /* mongods and mongos on one host under one rotad */
#define KEYS_PER_FILE_MAX 2 /* mongod refuses more (log id 20258) */
#define KEY_CHARS_MIN 6     /* mongod: 6 to 1,024 characters after white space (log id 20255) */
#define KEY_CHARS_MAX 1024
#define KEY_BYTES_DEFAULT 756 /* random bytes of a new key: 1,008 base64 characters */
#define KEYFILE_BYTES_MAX                                                                          \
	(64 * 1024) /* a keyfile; two keys of 1,024 characters with ample room for comments */
#define KEYFILE_ANCHORS_MAX 16  /* YAML anchors in a keyfile; none is needed */
#define KEYFILE_FINDINGS_MAX 12 /* what is told of one keyfile: a refusal and a few warnings */
#define KEY_GUESS_BITS_MIN 128  /* below it a key is called guessable: NIST's strength 128 */
#define KEYS_KNOWN_MAX                                                                             \
	32 /* keys of one cluster that a rotad remembers: present, next, retired, burnt */
#define PEM_BYTES_MAX (256 * 1024)   /* a PEM file or an authority's answer */
#define CERTS_PER_PEM_MAX 64         /* certificates in one PEM or bundle */
#define NAMES_PER_CERT_MAX 128       /* SAN entries looked at */
#define CONF_BYTES_MAX (1024 * 1024) /* rotad.yaml or the schedule */
#define YAML_DEPTH_MAX 16        /* libyaml is quadratic in flow depth: 100 kB of '[' take 16 s */
#define CONF_PATH_BYTES_MAX 1024 /* a path or URL in rotad.yaml or the schedule */
#define CONF_ERRORS_MAX 20       /* errors of one check that are told; the rest is counted */
#define YAML_NODES_MAX 65536     /* nodes of one YAML text */
#define WINDOWS_MAX 64
#define FREEZES_MAX 64
#define ZONES_MAX 8                /* time zones of one configuration */
#define ZONE_TRANSITIONS_MAX 512   /* of one time zone; the longest of tzdata has 240 */
#define ZONE_BYTES_MAX (64 * 1024) /* a compiled time zone file */
#define AUTHORITIES_MAX 16
#define ALERTS_MAX 16                     /* alert targets */
#define POLICIES_MAX 256                  /* policies of a schedule */
#define ORDERS_MAX 64                     /* orders of a schedule */
#define FRAME_BYTES_MAX (4 * 1024 * 1024) /* one message to or from a helper */
#define DOC_BYTES_MAX (64 * 1024)         /* one document of the ledger */
#define DOCS_MAX 512                      /* documents of the ledger read in one round */
#define DOCS_CROWDED 384                  /* told from here on: 50 members come to about 300 */
#define TIDY_MAX 64                       /* documents removed from the ledger in one round */
#define ENVELOPE_BYTES_MAX 8192           /* the opened content of an envelope (PROTOCOL 7.1) */
#define ACTS_PER_ROUND_MAX 16
#define GATES_MAX 24
#define EVENTS_PER_ROUND_MAX 8 /* told of one plan */
#define ALARMS_MAX 16          /* troubles that stand, a bit each in a plan */
#define HOOK_OUTPUT_BYTES_MAX                                                                      \
	(64 * 1024)      /* kept of what a hook prints; the rest is read and thrown away */
#define HOOK_ARGS_MAX 16 /* of a program that rotad starts */
#define HOOK_ENV_MAX 32  /* its environment */
#define HOOK_GRACE_US (5 * 1000000) /* from SIGTERM to SIGKILL of what is left of a hook */
#define FILE_PUT_BYTES_MAX                                                                         \
	(16 * 1024 * 1024)         /* a file that rotad replaces: the largest is a local ledger */
#define XATTRS_MAX 64              /* extended attributes of a file that is replaced */
#define XATTR_BYTES_MAX 65536      /* of one value, and of all names: the kernel's own limit */
#define LOCK_WAIT_US (2 * 1000000) /* for another rotad that writes the same directory */
#define LOG_TAIL_BYTES_MAX (256 * 1024) /* of mongod's log, read for its last error */
#define PROC_PIDS_MAX 65536             /* processes looked at in a scan of /proc */
#define PROC_FDS_MAX 4096  /* descriptors of one mongod looked at for a listening socket */
#define WATCH_DIRS_MAX 256 /* directories under inotify */
#define WATCH_FILES_MAX 512
#define BUS_CALL_US (2 * 1000000)         /* one call to systemd over D-Bus */
#define SPOOL_FILES_MAX 1000              /* alerts waiting on disk */
#define HTTP_BODY_BYTES_MAX (1024 * 1024) /* a remote answer */
#define API_BODY_BYTES_MAX (64 * 1024)    /* a request to the daemon's own socket */
#define PATH_BYTES_MAX 4096               /* PATH_MAX of Linux */
#define HOST_BYTES_MAX 264                /* a DNS name (253) with ":port" */
#define NAME_BYTES_MAX 128                /* names of sets, instances, authorities */
#define DN_BYTES_MAX 1024

#endif
