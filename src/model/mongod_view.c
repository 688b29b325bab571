/* SPDX-License-Identifier: Apache-2.0 */
/* Names of member states, as in MongoDB's manual (Replica Set Member States). */
#include "model/mongod_view.h"

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
	}
	return "UNKNOWN";
}
