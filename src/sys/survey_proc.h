/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the mongods and mongos of this host: running processes, and systemd units of ones that do
 * not run. Reads /proc, unit files and mongod.conf; asks no server and changes nothing. */
#ifndef SYS_SURVEY_PROC_H
#define SYS_SURVEY_PROC_H

#include "model/survey.h"

/* Fill *ret (about 1 MiB: on the heap). What the rights of who asks do not let be seen is left out
 * of a server's row, not an error. Errors: ERR_SYSTEM (no /proc). */
MUST_CHECK bool survey_host(struct survey *ret, struct err *err);

/* From the text of /proc/PID/cgroup: the unit it runs in ("" when that is no service), whether of a
 * user's own systemd, and whether it is in a container. */
void survey_cgroup(struct str text, struct survey_server *ret);
/* The arguments of the first ExecStart= of a unit file, each ended by NUL, into out. Quotes are
 * taken off; specifiers and variables stay as they are. False when there is none. */
bool survey_exec_start(struct str text, struct buf *out);

#endif
