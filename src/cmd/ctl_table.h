/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs of rotactl, one row each, in the order in which help shows them.
 * X(group, name, handler, flags, synopsis, one-line help); the row also declares the handler. */
#ifndef CMD_CTL_TABLE_H
#define CMD_CTL_TABLE_H

#include "cmd/ctl.h"

/* clang-format off */
#define CTL_ROWS(X)                                                                                \
	X("look", "help", ctl_help, CTL_OFFLINE, "[VERB]",                                         \
	  "Explain a verb, or list all")
/* clang-format on */

#define X(group, name, handler, flags, synopsis, help)                                             \
	enum ctl_exit handler(struct ctl *ctl, int argc, char **argv);
CTL_ROWS(X)
#undef X

#endif
