/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of a durable change of a name: a private file beside another, bytes on disk, one
 * exchange of names, the directory on disk. What changes and why is the caller's. */
#ifndef SYS_TEMP_FILE_H
#define SYS_TEMP_FILE_H

#include <inttypes.h>

#include "base/buf.h"
#include "sys/place.h"

/* Our temporary files: ".rotad-", 16 lower-case hex digits, ".tmp". Nothing else is ever swept. */
#define TEMP_PREFIX ".rotad-"
#define TEMP_SUFFIX ".tmp"
enum { TEMP_HEX = 16, TEMP_NAME_BYTES = sizeof(TEMP_PREFIX) + TEMP_HEX + sizeof(TEMP_SUFFIX) };
enum { CHUNK_BYTES = 8192, SWEEP_ENTRIES_MAX = 65536 };

/* A file (or link) of ours by a name of ours. Alive until it is renamed or its scope ends. */
struct temp {
	int dir, fd;
	char name[TEMP_NAME_BYTES]; /* "": no file of ours is there any more */
};
#define TEMP_INIT ((struct temp){.dir = -1, .fd = -1})
void temp_fini(struct temp *t);
#define auto_temp __attribute__((cleanup(temp_fini)))

/* A new empty file in dir, 0600 whatever the umask allows more. Errors: those of a system call. */
MUST_CHECK bool temp_open(int dir, struct temp *ret, struct err *err);
/* A name of ours for what stands in dir by `name`: nobody looks for it there any more. */
MUST_CHECK bool temp_take(int dir, const char *name, struct temp *ret, struct err *err);
/* The same as a symbolic link to target. */
MUST_CHECK bool temp_link(int dir, const char *target, struct temp *ret, struct err *err);
/* The name of *t becomes that of the file that was found at p, in one step where the system can
 * (RENAME_EXCHANGE), and only while that file is what was found; then the old file goes. Errors:
 * ERR_CHANGED, ERR_AMBIGUOUS (the disk failed while names were put back), those of a system call.
 */
MUST_CHECK bool temp_replace(const struct place *p, struct temp *t, struct err *err);

/* The same where names cannot be exchanged (NFS, old kernels): check, rename. */
MUST_CHECK bool temp_rename(const struct place *p, struct temp *t, struct err *err);

int sync_fd(int fd);
MUST_CHECK bool write_all(int fd, const char *p, size_t n, struct err *err);
/* Byte by byte from one open file to another, both from their beginnings, read back. */
MUST_CHECK bool copy_bytes(int from, int to, int64_t size, struct err *err);
/* Overwrite the bytes of name and unlink it. True when it is gone. Only for files nobody uses. */
bool wipe_and_unlink(int dir, const char *name, struct err *err);
/* Remove what a crash of ours left in dir, links apart unless with_links. Held under the
 * directory's lock, so nobody's live temporary file is met. Best effort: a leftover harms nothing
 * but tidiness. */
void temp_sweep(int dir, unsigned also_uid, bool with_links);
/* Lock the directory against other rotads. Where it cannot be locked (some network file systems)
 * *ret_locked is false: then nothing is swept. Errors: ERR_TIMEOUT. */
MUST_CHECK bool lock_directory(int dir, bool *ret_locked, struct err *err);

#endif
