/* SPDX-License-Identifier: Apache-2.0 */
/* The table made from the rows of ctl_table.h. Nothing else: behaviour is in ctl_<verb>.c. */
#include "cmd/ctl_table.h"

const struct ctl_row ctl_table[] = {
#define X(group_, name_, handler_, flags_, synopsis_, help_)                                       \
	{.group = group_,                                                                          \
	 .name = name_,                                                                            \
	 .flags = flags_,                                                                          \
	 .synopsis = synopsis_,                                                                    \
	 .help = help_,                                                                            \
	 .run = handler_},
    CTL_ROWS(X)
#undef X
};
const size_t ctl_table_n = ARRAY_N(ctl_table);
