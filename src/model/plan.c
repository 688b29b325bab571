/* SPDX-License-Identifier: Apache-2.0 */
/* The table of acts. */
#include "model/plan.h"

const struct act_row act_table[ACT_N] = {
#define X(name, w, disruptive, deadline, t)                                                        \
	[ACT_##name] = {                                                                           \
	    .word = w, .is_disruptive = disruptive, .deadline_us = deadline * US_S, .text = t},
    ACTS(X)
#undef X
};
