/* SPDX-License-Identifier: Apache-2.0 */
/* The mongod or mongos of an instance as the host sees it: its process, its binary, and the last
 * error in its own log. Reads /proc and the log; signals nobody. */
#ifndef SYS_PROC_H
#define SYS_PROC_H

#include <dirent.h>

#include "port/restarter.h"

/* One line of /proc/PID/stat. */
struct proc_stat {
	char comm[64];
	char state; /* R S D Z ... */
	int64_t parent, pgrp;
	uint64_t start_ticks;
};
/* False when there is no such process (any more), or not for our eyes. */
bool proc_stat_read(int64_t pid, struct proc_stat *ret);
/* "mongod", "mongos", or one of these with a version behind it. */
bool proc_is_server(const char *comm);
/* The next process of an open /proc; false at the end. */
bool proc_next(DIR *proc, int64_t *ret_pid);

/* Does it hold a socket that listens there? False as well where its descriptors are not for our
 * eyes. */
bool proc_listens_on(int64_t pid, int port);

/* The process of that instance: what systemd says (main_pid, 0 when it does not say), else
 * dbPath/mongod.lock, the pid file, a command line with its configuration file or dbPath, or the
 * one that listens on its port. 0 when there is none, PROC_UNCLEAR when more than one could be it.
 * Of a mongod that forks and waits for its child it is the child. */
enum { PROC_UNCLEAR = -1 };
int64_t proc_find(const struct restart_target *t, int64_t main_pid);
/* Fill pid, start, binary and argv_hash of *ret (state PROCESS_RUNNING), or PROCESS_NONE when pid
 * is 0 or gone. The rest of *ret is left alone. */
void proc_view(int64_t pid, struct process_view *ret);
/* The last error that this log tells since the last start: "id 20254: message: reason", secrets
 * taken out; "" when there is none or no log. *ret_exit_code is the one mongod wrote when it shut
 * down after that, else -1. At most LOG_TAIL_BYTES_MAX of the log's end are read. */
void proc_last_error(const char *log_path, char *out, size_t out_n, int *ret_exit_code);

#endif
