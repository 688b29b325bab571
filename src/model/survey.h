/* SPDX-License-Identifier: Apache-2.0 */
/* What `rotactl discover` found on a host: each mongod and mongos, how it is started, and who else
 * looks after it. A plain value. */
#ifndef MODEL_SURVEY_H
#define MODEL_SURVEY_H

#include "model/mongod_view.h"

struct survey_server {
	int64_t pid; /* 0: a unit of it is there and does not run */
	char user[64];
	char unit[256];      /* the systemd unit that starts it; "" none */
	bool is_user_unit;   /* of a user's own systemd, which rotad does not reach */
	bool is_container;   /* its paths are not the host's */
	bool is_percona;     /* Percona Server for MongoDB */
	bool is_automated;   /* Ops Manager's or Cloud Manager's agent starts it */
	bool is_listening;   /* on the port of its options */
	bool is_config_read; /* config_file was read */
	char config_file[PATH_BYTES_MAX]; /* absolute; "" none: all is on its command line */
	char config_marker[24], keyfile_marker[24]; /* configuration management; "" none */
	struct mongod_options options;              /* of file and command line */
};

struct survey {
	unsigned n, left_out_n; /* left_out_n: there was no room for them */
	struct survey_server servers[INSTANCES_MAX];
	char neighbours[256]; /* other programs that look after MongoDB here: "pbm-agent"; "" */
	char timezone[64];    /* of the host; "" not known */
};

#endif
