/* SPDX-License-Identifier: Apache-2.0 */
/* Files that matter: read whole and bounded, replaced durably. Implemented by sys/files_durable.c
 * and by fakes. */
#ifndef PORT_FILES_H
#define PORT_FILES_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/secret.h"

/* What the system says of a path, links followed. */
struct file_view {
	bool exists;
	bool is_regular, is_symlink; /* is_symlink: the last component, as given */
	uint64_t device, inode, links_n;
	int64_t size;                  /* bytes */
	struct wall modified, changed; /* mtime, ctime */
	unsigned mode;                 /* permission bits, 07777 */
	unsigned uid, gid;
	bool is_immutable, has_acl;
	bool is_on_readonly_mount,
	    is_mount_point; /* a single-file bind mount cannot be replaced by rename */
	char real_path[PATH_BYTES_MAX];
};

/* How a new file is made. */
struct file_put {
	const char *path;
	struct str bytes; /* borrowed; may be secret */
	unsigned mode;    /* used when there is no file to be like; 0: 0600 */
	const char *like; /* NULL: the file it replaces; else take owner, group, mode, ACL, label
			     and xattrs from this one */
	const struct file_view *expect; /* NULL, or the view on which this was decided: another
					   inode, size, mtime or ctime by now (also "not there"
					   turned into "there") is ERR_CHANGED */
	bool keep_previous; /* the old version stays as REAL_PATH.rotad-previous (same attributes,
			       durable first) until files.forget_previous */
};
#define FILES_PREVIOUS_SUFFIX ".rotad-previous" /* behind file_view.real_path, links followed */

struct files_ops {
	bool (*look)(void *self, const char *path, struct file_view *ret,
		     struct err *err); /* "not there" is exists = false */
	/* The whole of a regular file of at most max bytes, by a descriptor opened O_NONBLOCK and
	 * checked. ret_view may be NULL. Errors: ERR_NOT_FOUND, ERR_PERMISSION, ERR_LIMIT,
	 * ERR_UNSAFE_FILE (not regular), ERR_SYSTEM. */
	bool (*read_secret)(void *self, const char *path, size_t max, struct secret *ret,
			    struct file_view *ret_view, struct err *err);
	bool (*read_text)(void *self, const char *path, size_t max, struct buf *ret,
			  struct file_view *ret_view, struct err *err);
	/* Could put() succeed? Every check of put, nothing written. Errors as put. */
	bool (*can_put)(void *self, const char *path, struct err *err);
	/* Replace durably (DESIGN invariant 5). After false the old file is byte for byte as it
	 * was. Errors: ERR_UNSAFE_FILE (immutable, hard links, bind mount, read-only, not regular),
	 * ERR_PERMISSION, ERR_DISK_FULL, ERR_CHANGED (somebody wrote it meanwhile), ERR_LIMIT,
	 * ERR_TIMEOUT (another rotad is writing there), ERR_SYSTEM. The one exception is
	 * ERR_AMBIGUOUS: the disk failed while the old file was being put back; look again. */
	bool (*put)(void *self, const struct file_put *p, struct err *err);
	/* What stands there is on disk, whoever wrote it: file and directory are fsynced. */
	bool (*sync)(void *self, const char *path, struct err *err);
	/* Overwrite and unlink REAL_PATH.rotad-previous, durably; fine when there is none. */
	bool (*forget_previous)(void *self, const char *path, struct err *err);
	bool (*remove)(
	    void *self, const char *path,
	    struct err *err); /* overwrite, unlink, fsync the directory; fine when absent */
	/* Append one line (without its newline) to an append-only file, mode 0600, fsynced before
	 * it returns. */
	bool (*append)(void *self, const char *path, struct str line, struct err *err);
};

struct files_port {
	const struct files_ops *ops;
	void *self;
};

#endif
