/* SPDX-License-Identifier: Apache-2.0 */
/* Tells at once when a watched file may have changed: inotify on the directories of the files and
 * of what links lead to. A hint and no more: who is told looks again, and looks from time to time
 * anyway. */
#ifndef SYS_WATCH_H
#define SYS_WATCH_H

#include "base/err.h"
#include "base/limits.h"

struct watch;

/* Errors: ERR_SYSTEM (no inotify: the host's limit of instances), ERR_MEMORY. */
MUST_CHECK bool watch_new(struct watch **ret, struct err *err);
/* Watch these files and no others. Copies. A file need not exist; its directory should: one that
 * does not, or that is beyond a limit, sets the rescan flag for good. Call again after
 * watch_changed() told of a change, for links may lead elsewhere then. Errors: ERR_LIMIT. */
MUST_CHECK bool watch_set(struct watch *w, const char *const *paths, size_t paths_n,
			  struct err *err);
/* Readable when there is something to fetch; for an event loop. */
int watch_fd(const struct watch *w);
/* Fetch what happened, without waiting. True when a watched file may have changed. */
bool watch_changed(struct watch *w);
/* Something cannot be watched (limits, a lost directory): look often by a timer instead. */
bool watch_needs_rescan(const struct watch *w);
void watch_free(struct watch *w); /* accepts NULL */

#endif
