/* SPDX-License-Identifier: Apache-2.0 */
/* Events to journald by its native protocol, or one readable line to stderr in the foreground.
 * Never blocks: what the journal does not take at once is dropped and counted. */
#ifndef SYS_JOURNAL_H
#define SYS_JOURNAL_H

#include "model/event.h"

/* Where to. NULL: journald when $JOURNAL_STREAM says that stderr is its stream, else stderr. A
 * path: a socket that speaks journald's protocol (tests). Call once, before other threads. */
void journal_start(const char *socket_path);
/* Tell one event: MESSAGE (headline and what), PRIORITY, MESSAGE_ID, ROTAD_EVENT, ROTAD_CLUSTER,
 * ROTAD_MEMBER, ROTAD_SEVERITY, ROTAD_WHAT, ROTAD_NOW, ROTAD_DID, ROTAD_YOU, ROTAD_RESOLVED. */
void journal_event(const struct event *e);
/* One line that is no event, for debugging and for the start; severity_name() gives its level. */
void journal_line(enum severity severity, const char *format, ...) PRINTF(2, 3);
/* Messages dropped since the start. The next one that gets through tells it too (ROTAD_DROPPED). */
uint64_t journal_dropped(void);

#endif
