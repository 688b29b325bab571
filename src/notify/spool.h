/* SPDX-License-Identifier: Apache-2.0 */
/* Alerts that wait on disk until their target took them: one file for each alert and target, in
 * SPOOL_FILES_MAX numbered places, so that nothing can pile up and no directory must be listed.
 * Does not send. */
#ifndef NOTIFY_SPOOL_H
#define NOTIFY_SPOOL_H

#include "model/event.h"
#include "port/files.h"

enum {
	SPOOL_FILE_BYTES_MAX = 64 * 1024, /* an event's texts, each byte escaped, with ample room */
	SPOOL_MEMORY_MAX = 64,            /* alerts held in memory while the disk takes none */
	SPOOL_ID_BYTES = 40,
	EVENT_KEY_BYTES = 512
};

/* One alert for one target. Strings are borrowed from the caller, or from the held text. */
struct spool_item {
	struct str id;     /* "msg_..."; the same at each try, receivers deduplicate by it */
	struct str target; /* name of the alert target */
	struct str key;    /* event_key() */
	struct str body;   /* what is sent, byte for byte */
	enum severity severity;
	bool is_resolved;
	struct wall since;      /* when it was added; 0 not known */
	struct wall not_before; /* another host may tell it first until then; 0: at once */
};

struct spool;

/* Open directory (it must exist). Reads every file once; what is torn, foreign or of another
 * version is removed and counted, never fatal. *ret is new, end with spool_free(). Copies files.
 * Errors: ERR_MEMORY, ERR_LIMIT (path too long). */
MUST_CHECK bool spool_open(const struct files_port *files, const char *directory,
			   struct spool **ret, struct err *err);
void spool_free(struct spool *s); /* accepts NULL */

/* What spool_open removed, and what an overflow dropped since, of each severity. */
unsigned spool_corrupt_n(const struct spool *s);
uint64_t spool_dropped_n(const struct spool *s, enum severity severity);

/* Add durably. When full, the oldest of the least grave makes room; when all that wait are graver
 * than item, item itself is the one dropped. Either is counted. When the disk does not take it, it
 * is held in memory (*ret_is_on_disk false). Errors: ERR_LIMIT (item too large, or memory places
 * used up), ERR_MEMORY. */
MUST_CHECK bool spool_add(struct spool *s, const struct spool_item *item, bool *ret_is_on_disk,
			  struct err *err);

/* The place of the oldest alert for target that may go now; -1 when there is none.
 * *ret_wait_us: how long until one may go, when the answer is -1 and one waits for its time; else
 * untouched. A time more than SPOOL_DELAY_MAX_US ahead means a jumped clock: it may go now. */
int spool_find_next(const struct spool *s, const char *target, struct wall now,
		    int64_t *ret_wait_us);
#define SPOOL_DELAY_MAX_US (15 * US_MIN)

/* Read the alert at a place and keep it from being dropped until spool_release or spool_remove.
 * *ret borrows from *ret_text, which the caller ends with buf_fini. Errors: ERR_SYNTAX, ERR_SYSTEM
 * and those of files.read_text: then it is removed and counted as corrupt. */
MUST_CHECK bool spool_hold(struct spool *s, int place, struct spool_item *ret, struct buf *ret_text,
			   struct err *err);
void spool_release(struct spool *s, int place);
/* Forget it, durably. A file that cannot be removed is retried at each later call, and would be
 * sent once more after a restart: receivers know its id. */
void spool_remove(struct spool *s, int place);

/* Remove what waits for its time (not_before) under key: somebody else told it, or it is over.
 * Returns their number. */
unsigned spool_withdraw(struct spool *s, const char *key);
/* Remove all of a target. Returns their number. */
unsigned spool_remove_target(struct spool *s, const char *target);
/* Waiting for target; NULL: for all. */
unsigned spool_n(const struct spool *s, const char *target);
/* When the oldest of them was added; 0: none waits, or none says. */
struct wall spool_oldest(const struct spool *s, const char *target);
/* Call fn with the name of each target that something waits for. */
void spool_targets(const struct spool *s, void (*fn)(void *self, const char *target), void *self);

/* How rotad stamps its own small state files: "rotad-WHAT/1 HASH\n" and JSON. A torn or flipped
 * file is told from a whole one; no protection against a forger, who could write anything here. */
void stamp_print(const char *what, struct str json, struct buf *ret);
MUST_CHECK bool stamp_parse(const char *what, struct str text, struct str *ret_json,
			    struct err *err);

#endif
