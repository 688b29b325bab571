/* SPDX-License-Identifier: Apache-2.0 */
/* Which process is the mongod of an instance, and which files it names, for verbs that change
 * things as root by it. Any user may run a program named mongod with any command line: believed is
 * what root wrote (configFile, a unit) and what the kernel and systemd say. */
#ifndef CMD_CTL_ADOPT_SERVER_H
#define CMD_CTL_ADOPT_SERVER_H

#include "model/mongod_view.h"
#include "model/policy.h"
#include "base/err.h"

/* What speaks for a process that calls itself the instance's. */
struct adopt_signs {
	bool is_container, is_user_unit;
	bool is_main;         /* systemd's MainPID of a system unit */
	bool is_restart_unit; /* which is the instance's restart.unit */
	bool is_unit_server;  /* whose ExecStart= starts a mongod, of this instance */
	bool is_named;        /* its own command line names this instance */
	bool is_listening;    /* on the instance's port, in our own network */
	unsigned uid;         /* its user */
	int64_t keyfile_uid;  /* owner of the keyfile that root's files name; -1 none */
};
enum adopt_proof { ADOPT_STRANGER, ADOPT_BY_PORT, ADOPT_BY_UNIT };
/* Anybody can listen where mongod is down, but not own its keyfile too; root's, which a program
 * with setuid is as well, must be a unit's. */
enum adopt_proof adopt_prove(const struct adopt_signs *s);

struct adopt_server {
	int64_t pid; /* 0: none runs that is believed */
	char user[64];
	char other_user[64];           /* of another instance of the configuration; "" none */
	struct mongod_options options; /* as root's files say, on this host */
	int64_t stranger; /* says it were the instance's, and is not believed; 0 none */
	char stranger_user[64];
};
/* asks_host false: of the configuration file alone. Errors: ERR_UNSAFE_FILE (configFile is not
 * root's alone), ERR_REFUSED (only a command line names the files, or another than root's files
 * do), ERR_CONFLICT (more than one could be it), those of reading it. */
MUST_CHECK bool adopt_find_server(const struct config *c, const struct instance_policy *i,
				  bool asks_host, struct adopt_server *ret, struct err *err);

#endif
