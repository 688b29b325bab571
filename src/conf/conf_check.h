/* SPDX-License-Identifier: Apache-2.0 */
/* What the keys of a configuration say together, and against the files they name: the checks that
 * no single key can make. And loading a file with all of it. */
#ifndef CONF_CONF_CHECK_H
#define CONF_CONF_CHECK_H

#include "conf/conf_parse.h"
#include "port/files.h"

#define CONF_UID_ANY ((unsigned)-1)

/* What the checks may know of this host. */
struct conf_how {
	const struct files_port *files; /* time zones are read by it, and files looked at */
	const char *zone_directory;     /* NULL: the system's */
	bool is_elsewhere; /* checked for another host: files it names are not looked at */
	unsigned uid;      /* whom secrets may belong to, beside root; CONF_UID_ANY: not asked */
	struct wall now;   /* from when on windows and freezes are followed */
};

/* Load the time zones and check all; every fault is added. False when there was an error. */
MUST_CHECK bool conf_check(struct conf *c, const struct conf_how *how, struct conf_faults *faults);

/* Only what a policy of the schedule can be checked for by itself, with places in its own text. */
bool conf_check_policy(struct conf *c, const struct conf_how *how, struct conf_faults *faults);

/* Read path, parse and check it into *ret, which holds defaults. faults tells all errors and
 * warnings, err the first error. Errors: those of files.read_text, ERR_UNSAFE_FILE (writable by
 * others), ERR_INVALID. */
MUST_CHECK bool conf_load(const char *path, const struct conf_how *how, struct conf *ret,
			  struct conf_faults *faults, struct err *err);

/* A key whose change takes effect only when rotad starts again and that differs; NULL: none. */
const char *conf_needs_restart(const struct config *old, const struct config *new);

#endif
