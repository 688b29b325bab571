/* SPDX-License-Identifier: Apache-2.0 */
/* Names of member states, as in MongoDB's manual (Replica Set Member States). */
#include "model/mongod_view.h"

#include <string.h>

/* Major series, not releases: what rotad relies on (two keys in a keyfile, a login by each alone,
 * rotateCertificates, quiesce at shutdown, topologyVersion) belongs to the series by MongoDB's
 * documentation and sources, and patch releases keep it; the system tests run on 6.0. Below 5.0
 * there is no rotateCertificates. Rapid releases (6.1, 7.3) and what comes after 8.0 are added when
 * somebody has looked. Forks count as the series they name ("6.0.14-11" of Percona). */
static const char *const tested_series[] = {"5.0.", "6.0.", "7.0.", "8.0."};

bool mongod_version_is_tested(const char *version)
{
	/* Before its release a series may still change. */
	if (strstr(version, "-rc") || strstr(version, "-alpha") || strstr(version, "-beta"))
		return false;
	for (size_t i = 0; i < ARRAY_N(tested_series); i++)
		if (strncmp(version, tested_series[i], strlen(tested_series[i])) == 0 &&
		    version[strlen(tested_series[i])] >= '0' &&
		    version[strlen(tested_series[i])] <= '9')
			return true;
	return false;
}

const char *member_state_name(enum member_state state)
{
	switch (state) {
	case MEMBER_STARTUP:
		return "STARTUP";
	case MEMBER_PRIMARY:
		return "PRIMARY";
	case MEMBER_SECONDARY:
		return "SECONDARY";
	case MEMBER_RECOVERING:
		return "RECOVERING";
	case MEMBER_STARTUP2:
		return "STARTUP2";
	case MEMBER_UNKNOWN:
		return "UNKNOWN";
	case MEMBER_ARBITER:
		return "ARBITER";
	case MEMBER_DOWN:
		return "DOWN";
	case MEMBER_ROLLBACK:
		return "ROLLBACK";
	case MEMBER_REMOVED:
		return "REMOVED";
	case MEMBER_ROUTER:
		return "MONGOS";
	}
	return "UNKNOWN";
}
