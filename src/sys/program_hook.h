/* SPDX-License-Identifier: Apache-2.0 */
/* port/program.h by sys/hooks.h. */
#ifndef SYS_PROGRAM_HOOK_H
#define SYS_PROGRAM_HOOK_H

#include "port/program.h"

extern const struct program_ops program_hook_ops; /* self is not used */

struct hook;
/* One program at a time. Zeroed at first; end with program_lane_fini(). */
struct program_lane {
	struct hook *hook;
};
void program_lane_fini(struct program_lane *l);               /* ends what still runs */
extern const struct program_later_ops program_hook_later_ops; /* self: struct program_lane */

#endif
