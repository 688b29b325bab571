/* SPDX-License-Identifier: Apache-2.0 */
/* The state directory: private, and owned by one rotad at a time. */
#ifndef SYS_LOCK_H
#define SYS_LOCK_H

#include "base/clock.h"
#include "base/err.h"

/* Held for life; the kernel gives it back when the process ends, however it ends. */
struct state_lock {
	int dir;  /* the state directory; for openat() */
	int lock; /* DIR/lock, locked */
};

/* Open the state directory and take its lock. The directory must exist, be no link, belong to us
 * and be closed to group and others. Errors: ERR_NOT_FOUND; ERR_UNSAFE_FILE (owner, mode);
 * ERR_CONFLICT with the process id of the rotad that runs; ERR_PERMISSION, ERR_SYSTEM. */
MUST_CHECK bool state_lock_take(const char *path, struct state_lock *ret, struct err *err);
/* The process that holds the lock of that directory: *ret_pid, 0 when nobody does. For rotactl and
 * --before-start; takes nothing, so it never gets in a starting rotad's way. Errors:
 * ERR_PERMISSION, ERR_SYSTEM. */
MUST_CHECK bool state_lock_find(const char *path, int64_t *ret_pid, struct err *err);
void state_lock_fini(struct state_lock *l); /* accepts one that was never taken, with dir and lock
					       -1 */
#define STATE_LOCK_INIT ((struct state_lock){.dir = -1, .lock = -1})

#endif
