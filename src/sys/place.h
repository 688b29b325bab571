/* SPDX-License-Identifier: Apache-2.0 */
/* Where the path of a file leads, resolved once and held by descriptors; what the system says of
 * the file there; and whether it may be replaced. Writes nothing. */
#ifndef SYS_PLACE_H
#define SYS_PLACE_H

#include <limits.h>
#include <sys/stat.h>

#include "port/files.h"

/* A path resolved once: the directory held open, the name in it, and the file if there is one. All
 * later steps go through `dir`, so a component swapped meanwhile moves nothing. */
struct place {
	char real[PATH_BYTES_MAX];
	char name[NAME_MAX + 1];
	int dir, file; /* file: O_PATH; -1 when it does not exist */
	bool exists, is_link;
	struct stat dir_stat, stat, link_stat;
};

#define PLACE_INIT ((struct place){.dir = -1, .file = -1})
void place_fini(struct place *p);
#define auto_place __attribute__((cleanup(place_fini)))

/* Fill *p; the file need not exist. Errors: ERR_NOT_FOUND (no such directory), ERR_PERMISSION,
 * ERR_CHANGED, ERR_INVALID, ERR_UNSAFE_FILE (dangling link: p->is_link is set). */
MUST_CHECK bool place_find(const char *path, struct place *p, struct err *err);
/* What of that name is in p->dir, a link not followed: fills file, exists and stat. For who has dir
 * and name by other ways than place_find(). Errors: ERR_SYSTEM, ERR_PERMISSION. */
MUST_CHECK bool place_look(struct place *p, struct err *err);
void place_view(const struct place *p, struct file_view *ret);
/* Open the file for reading, checked to be the one that was found. Errors: ERR_CHANGED,
 * ERR_PERMISSION, ERR_SYSTEM. */
MUST_CHECK bool place_open(const struct place *p, int *ret_fd, struct err *err);
/* Every reason why the file must not or cannot be replaced by rename. Errors: ERR_UNSAFE_FILE,
 * ERR_PERMISSION, ERR_DISK_FULL, ERR_LIMIT. */
MUST_CHECK bool place_check_replaceable(const struct place *p, struct err *err);
/* Is it what the caller saw? Errors: ERR_CHANGED. */
MUST_CHECK bool place_check_expected(const struct place *p, const struct file_view *expect,
				     struct err *err);
/* Does the path still lead where it led, and is the file still the one that was found? Errors:
 * ERR_CHANGED and those of place_find(). */
MUST_CHECK bool place_check_unmoved(const char *path, const struct place *p, struct err *err);

static inline bool same_inode(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static inline bool same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

/* Same inode with the same content, as far as the file system tells. ctime apart: a rename moves
 * it. */
static inline bool same_content(const struct stat *a, const struct stat *b)
{
	return same_inode(a, b) && a->st_size == b->st_size && same_time(a->st_mtim, b->st_mtim);
}

#endif
