/* SPDX-License-Identifier: Apache-2.0 */
/* Looks at, reads and replaces files so that every fault and every crash leaves the old or the new
 * one, whole. What a file is and whether its content is good is not known here. */
#include "sys/files_durable.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>

#include "base/cleanup.h"
#include "sys/file_attrs.h"
#include "sys/place.h"
#include "sys/temp_file.h"

enum { READ_TRIES = 3 };

/* ---- content ---- */

static bool compare_bytes(int fd, struct str want, struct err *err)
{
	char chunk[CHUNK_BYTES];
	size_t at = 0;
	bool equal = true;
	while (equal) {
		ssize_t n = pread(fd, chunk, sizeof(chunk), (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			int why = errno;
			wipe(chunk, sizeof(chunk));
			return err_sys(err, why, "reading back what was written");
		}
		if (n == 0)
			break;
		equal = (size_t)n <= want.n - at && memcmp(chunk, want.p + at, (size_t)n) == 0;
		at += (size_t)n;
	}
	wipe(chunk, sizeof(chunk));
	if (!equal || at != want.n)
		return err_set(err, ERR_SYSTEM, "what was read back is not what was written");
	return true;
}

/* ---- the replacement ---- */

static bool rename_new(const struct place *p, struct temp *t, struct err *err)
{
	struct stat st;
	if (renameat2(p->dir, t->name, p->dir, p->name, RENAME_NOREPLACE) != 0) {
		if (errno == EEXIST)
			return err_set(err, ERR_CHANGED, "somebody else made it meanwhile");
		if (errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP)
			return err_sys(err, errno, "renaming");
		if (fstatat(p->dir, p->name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			return err_set(err, ERR_CHANGED, "somebody else made it meanwhile");
		return temp_rename(p, t, err);
	}
	t->name[0] = 0;
	if (sync_fd(p->dir) != 0) {
		(void)err_sys(err, errno, "syncing its directory");
		if (unlinkat(p->dir, p->name, 0) != 0)
			err->kind = ERR_AMBIGUOUS;
		return false;
	}
	return true;
}

/* The old version beside the file, complete and on disk. A copy: a hard link would change the live
 * file's link count, which mongod's administrators and our own checks look at. */
static bool keep_previous(const struct place *p, int old, struct err *err)
{
	char name[NAME_MAX + sizeof(FILES_PREVIOUS_SUFFIX)];
	auto_temp struct temp t = TEMP_INIT;
	struct stat st;
	snprintf(name, sizeof(name), "%s" FILES_PREVIOUS_SUFFIX, p->name);
	bool ok = temp_open(p->dir, &t, err) && file_attrs_copy(old, t.fd, err) &&
		  copy_bytes(old, t.fd, p->stat.st_size, err) && file_attrs_check(old, t.fd, err);
	if (ok && sync_fd(t.fd) != 0)
		ok = err_sys(err, errno, "syncing it");
	/* An older previous one is wiped, not only unlinked. */
	if (ok && fstatat(p->dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		ok = wipe_and_unlink(p->dir, name, err);
	if (ok && renameat(p->dir, t.name, p->dir, name) != 0)
		ok = err_sys(err, errno, "renaming");
	if (ok)
		t.name[0] = 0;
	if (ok && sync_fd(p->dir) != 0)
		ok = err_sys(err, errno, "syncing its directory");
	return ok || err_in(err, "keeping the previous version");
}

/* Descriptor of the file whose attributes the new one gets; -1: there is none. */
static bool open_like(const struct file_put *put, int old, int *ret, struct err *err)
{
	struct stat st;
	*ret = -1;
	if (!put->like) {
		if (old >= 0 && (*ret = fcntl(old, F_DUPFD_CLOEXEC, 3)) < 0)
			return err_sys(err, errno, "duplicating a descriptor");
		return true;
	}
	if (stat(put->like, &st) != 0)
		return err_sys(err, errno, "looking at %s, which it must be like", put->like);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_UNSAFE_FILE, "%s, which it must be like, is not a file",
			       put->like);
	*ret = open(put->like, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (*ret < 0)
		return err_sys(err, errno, "opening %s, which it must be like", put->like);
	return true;
}

static bool put_at(const struct file_put *put, const struct place *p, struct err *err)
{
	auto_close int old = -1;
	auto_close int like = -1;
	if (p->exists && !place_open(p, &old, err))
		return false;
	if (!open_like(put, old, &like, err))
		return false;
	if (put->keep_previous && p->exists && !keep_previous(p, old, err))
		return false;
	/* The order is the point: owner, mode and label before the first byte; bytes on disk before
	 * the name; the name on disk before success is told. */
	auto_temp struct temp t = TEMP_INIT;
	if (!temp_open(p->dir, &t, err))
		return false;
	if (like >= 0 && !file_attrs_copy(like, t.fd, err))
		return false;
	if (like < 0 && fchmod(t.fd, put->mode ? put->mode & 07777 : 0600) != 0)
		return err_sys(err, errno, "setting the mode");
	if (!write_all(t.fd, put->bytes.p, put->bytes.n, err))
		return false;
	if (sync_fd(t.fd) != 0)
		return err_sys(err, errno, "syncing the new file");
	if (!compare_bytes(t.fd, put->bytes, err))
		return false;
	if (like >= 0 && !file_attrs_check(like, t.fd, err))
		return false;
	if (!place_check_unmoved(put->path, p, err))
		return false;
	if (!p->exists)
		return rename_new(p, &t, err);
	return temp_replace(p, &t, err);
}

static bool put_locked(const struct file_put *put, struct err *err)
{
	auto_place struct place p = PLACE_INIT;
	bool is_locked = false;
	if (put->bytes.n > FILE_PUT_BYTES_MAX)
		return err_set(err, ERR_LIMIT, "%zu bytes are more than the %d of a file",
			       put->bytes.n, FILE_PUT_BYTES_MAX);
	if (!place_find(put->path, &p, err) || !place_check_replaceable(&p, err))
		return false;
	if (put->expect && !place_check_expected(&p, put->expect, err))
		return false;
	/* The lock goes with the descriptor of the directory. */
	if (!lock_directory(p.dir, &is_locked, err))
		return false;
	if (is_locked)
		temp_sweep(p.dir, p.exists ? p.stat.st_uid : geteuid(), false);
	return put_at(put, &p, err);
}

/* ---- the operations ---- */

static bool told(bool ok, const char *path, struct err *err)
{
	if (!ok)
		err_subject(err, path);
	return ok;
}

static bool look_at(const char *path, struct file_view *ret, struct err *err)
{
	auto_place struct place p = PLACE_INIT;
	struct err why = ERR_INIT;
	if (place_find(path, &p, &why)) {
		place_view(&p, ret);
		return true;
	}
	if (why.kind == ERR_NOT_FOUND || (p.is_link && why.kind == ERR_UNSAFE_FILE) ||
	    why.sys == ENOTDIR) {
		*ret = (struct file_view){.is_symlink = p.is_link};
		return true;
	}
	*err = why;
	return false;
}

static bool op_look(void *self, const char *path, struct file_view *ret, struct err *err)
{
	(void)self;
	return told(look_at(path, ret, err), path, err);
}

/* Where the bytes of a read go. */
struct sink {
	struct secret *secret; /* or */
	struct buf *text;
};

static void sink_clear(const struct sink *s)
{
	if (s->secret)
		secret_fini(s->secret);
	else
		buf_clear(s->text);
}

static bool read_fd(int fd, size_t max, const struct stat *st, const struct sink *s,
		    struct err *err)
{
	char chunk[CHUNK_BYTES];
	size_t n = 0;
	if (st->st_size > 0 && (uintmax_t)st->st_size > max)
		return err_set(err, ERR_LIMIT, "it has %" PRIdMAX " bytes, at most %zu are read",
			       (intmax_t)st->st_size, max);
	if (s->secret && !secret_init(s->secret, (size_t)MAX(st->st_size, (off_t)0) + 1, err))
		return false;
	for (;;) {
		/* A secret goes straight to its own pages; one byte more than the size shows that
		 * the file grew. */
		char *to = s->secret ? s->secret->p + n : chunk;
		size_t room = s->secret ? s->secret->cap - n : sizeof(chunk);
		ssize_t got = read(fd, to, room);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_sys(err, errno, "reading it");
		n += (size_t)got;
		if (n > max)
			return err_set(err, ERR_LIMIT, "it has more than %zu bytes", max);
		if (s->secret && n == s->secret->cap)
			return err_set(err, ERR_CHANGED, "it grew while it was read");
		if (!s->secret)
			buf_add(s->text, chunk, (size_t)got);
		if (got == 0)
			break;
	}
	if (s->secret)
		s->secret->n = n;
	return s->secret || buf_ok(s->text, err);
}

static bool read_once(const char *path, size_t max, const struct sink *s,
		      struct file_view *ret_view, struct err *err)
{
	auto_place struct place p = PLACE_INIT;
	auto_close int fd = -1;
	struct stat after;
	if (!place_find(path, &p, err))
		return false;
	if (!p.exists)
		return err_sys(err, ENOENT, "reading it");
	/* Before it is opened: opening a device or a FIFO may already do something. */
	if (!S_ISREG(p.stat.st_mode))
		return err_set(err, ERR_UNSAFE_FILE, "it is not a regular file");
	if (!place_open(&p, &fd, err) || !read_fd(fd, max, &p.stat, s, err))
		return false;
	if (fstat(fd, &after) != 0)
		return err_sys(err, errno, "looking at it");
	if (!same_content(&after, &p.stat))
		return err_set(err, ERR_CHANGED, "somebody wrote it while it was read");
	if (ret_view)
		place_view(&p, ret_view);
	return true;
}

static bool read_any(const char *path, size_t max, const struct sink *s, struct file_view *ret_view,
		     struct err *err)
{
	for (int i = 0; i < READ_TRIES; i++) {
		if (read_once(path, max, s, ret_view, err))
			return true;
		sink_clear(s);
		if (err->kind != ERR_CHANGED)
			break;
	}
	/* A dangling link is to a reader what it is to open(2). */
	if (err->kind == ERR_UNSAFE_FILE && access(path, F_OK) != 0 && errno == ENOENT)
		err->kind = ERR_NOT_FOUND;
	return false;
}

static bool op_read_secret(void *self, const char *path, size_t max, struct secret *ret,
			   struct file_view *ret_view, struct err *err)
{
	struct secret fresh = {.p = NULL};
	const struct sink s = {.secret = &fresh};
	(void)self;
	if (!read_any(path, max, &s, ret_view, err))
		return told(false, path, err);
	*ret = fresh;
	return true;
}

static bool op_read_text(void *self, const char *path, size_t max, struct buf *ret,
			 struct file_view *ret_view, struct err *err)
{
	struct buf fresh = {.max = max + 1};
	const struct sink s = {.text = &fresh};
	(void)self;
	if (!read_any(path, max, &s, ret_view, err)) {
		buf_fini(&fresh);
		return told(false, path, err);
	}
	buf_fini(ret);
	*ret = fresh;
	return true;
}

static bool can_put_at(const char *path, struct err *err)
{
	auto_place struct place p = PLACE_INIT;
	auto_close int old = -1;
	return place_find(path, &p, err) && place_check_replaceable(&p, err) &&
	       (!p.exists || place_open(&p, &old, err));
}

static bool op_can_put(void *self, const char *path, struct err *err)
{
	(void)self;
	return told(can_put_at(path, err), path, err);
}

static bool op_put(void *self, const struct file_put *put, struct err *err)
{
	(void)self;
	return told(put_locked(put, err), put->path, err);
}

static bool sync_at(const char *path, struct err *err)
{
	auto_place struct place p = PLACE_INIT;
	auto_close int fd = -1;
	if (!place_find(path, &p, err))
		return false;
	if (!p.exists)
		return err_sys(err, ENOENT, "syncing it");
	if (!S_ISREG(p.stat.st_mode))
		return err_set(err, ERR_UNSAFE_FILE, "it is not a regular file");
	if (!place_open(&p, &fd, err))
		return false;
	if (sync_fd(fd) != 0)
		return err_sys(err, errno, "syncing it");
	if (sync_fd(p.dir) != 0)
		return err_sys(err, errno, "syncing its directory");
	return true;
}

static bool op_sync(void *self, const char *path, struct err *err)
{
	(void)self;
	return told(sync_at(path, err), path, err);
}

/* Wipe and unlink NAME+suffix in the directory of path, and make that durable. */
static bool remove_beside(const char *path, const char *suffix, struct err *err)
{
	char name[NAME_MAX + sizeof(FILES_PREVIOUS_SUFFIX)];
	auto_place struct place p = PLACE_INIT;
	struct stat st;
	if (!place_find(path, &p, err))
		return err->kind == ERR_NOT_FOUND; /* no directory, so nothing to remove */
	if (snprintf(name, sizeof(name), "%s%s", p.name, suffix) > NAME_MAX)
		return true; /* put never made such a name */
	if (fstatat(p.dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT)
		return true;
	if (!wipe_and_unlink(p.dir, name, err))
		return false;
	if (sync_fd(p.dir) != 0)
		return err_sys(err, errno, "syncing its directory");
	return true;
}

static bool op_forget_previous(void *self, const char *path, struct err *err)
{
	(void)self;
	return told(remove_beside(path, FILES_PREVIOUS_SUFFIX, err), path, err);
}

static bool op_remove(void *self, const char *path, struct err *err)
{
	struct stat st;
	(void)self;
	if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return told(err_set(err, ERR_UNSAFE_FILE, "it is not a regular file"), path, err);
	return told(remove_beside(path, "", err), path, err);
}

static bool append_at(const struct place *p, struct str line, struct err *err)
{
	struct stat st;
	char last = '\n';
	auto_wiped_buf struct buf text = {.max = line.n + 2};
	auto_close int fd = openat(
	    p->dir, p->name,
	    O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);
	if (fd < 0 || fstat(fd, &st) != 0)
		return err_sys(err, errno, "opening it to append");
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_UNSAFE_FILE, "it is not a regular file");
	if (!p->exists && (fchmod(fd, 0600) != 0 || sync_fd(p->dir) != 0))
		return err_sys(err, errno, "making it");
	/* A line torn by a crash stays by itself: ours does not get glued to it. */
	if (st.st_size > 0 && pread(fd, &last, 1, st.st_size - 1) != 1)
		return err_sys(err, errno, "reading its end");
	if (last != '\n')
		buf_addc(&text, '\n');
	buf_add(&text, line.p, line.n);
	buf_addc(&text, '\n');
	if (!buf_ok(&text, err))
		return false;
	bool ok = write_all(fd, text.p, text.n, err);
	if (ok && sync_fd(fd) != 0)
		ok = err_sys(err, errno, "syncing it");
	/* What was not surely written must not be seen either. */
	if (!ok && ftruncate(fd, st.st_size) != 0)
		(void)err_in(err, "a torn line could not be taken back");
	return ok;
}

static bool op_append(void *self, const char *path, struct str line, struct err *err)
{
	auto_place struct place p = PLACE_INIT;
	(void)self;
	if (line.n > 0 && (memchr(line.p, '\n', line.n) || memchr(line.p, 0, line.n)))
		return told(err_set(err, ERR_INVALID, "not one line of text"), path, err);
	return told(place_find(path, &p, err) && append_at(&p, line, err), path, err);
}

const struct files_ops files_durable_ops = {
    .look = op_look,
    .read_secret = op_read_secret,
    .read_text = op_read_text,
    .can_put = op_can_put,
    .put = op_put,
    .sync = op_sync,
    .forget_previous = op_forget_previous,
    .remove = op_remove,
    .append = op_append,
};

struct files_port files_durable(void)
{
	return (struct files_port){.ops = &files_durable_ops, .self = NULL};
}
