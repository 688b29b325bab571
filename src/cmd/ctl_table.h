/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs of rotactl, one row each, in the order in which help shows them.
 * X(group, name, handler, flags, synopsis, one-line help); the row also declares the handler. */
#ifndef CMD_CTL_TABLE_H
#define CMD_CTL_TABLE_H

#include "cmd/ctl.h"

/* clang-format off */
#define CTL_ROWS(X)                                                                                \
	X("look", "help", ctl_help, CTL_OFFLINE, "[VERB]",                                         \
	  "Explain a verb, or list all") \
	X("offline", "keyfile new", ctl_keyfile_new, CTL_OFFLINE,                                  \
	  "[--bytes N] [--out FILE] [--keep FILE]", "Make a new key as a keyfile")                 \
	X("offline", "keyfile check", ctl_keyfile_check, CTL_OFFLINE, "FILE [--percona]",          \
	  "Judge a keyfile as mongod does at its start")                                           \
	X("offline", "keyfile fingerprint", ctl_keyfile_fingerprint, CTL_OFFLINE, "FILE",          \
	  "Show a fingerprint of each key, for the eye")              \
	/* each row ends with a backslash; this line is the end */
/* clang-format on */

#define X(group, name, handler, flags, synopsis, help)                                             \
	enum ctl_exit handler(struct ctl *ctl, int argc, char **argv);
CTL_ROWS(X)
#undef X

#endif
