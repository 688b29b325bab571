/* SPDX-License-Identifier: Apache-2.0 */
/* Temporary files, the exchange of names, wiping, the lock of a directory. */
#include "sys/temp_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/secret.h"

int sync_fd(int fd)
{
	int rc;
	do
		rc = fsync(fd);
	while (rc != 0 && errno == EINTR);
	return rc;
}

bool write_all(int fd, const char *p, size_t n, struct err *err)
{
	while (n) {
		ssize_t done = write(fd, p, n);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return err_sys(err, done < 0 ? errno : EIO, "writing");
		p += done;
		n -= (size_t)done;
	}
	return true;
}

/* ---- temporary files ---- */

void temp_fini(struct temp *t)
{
	if (t->name[0])
		(void)unlinkat(t->dir, t->name, 0); /* else the next put in here sweeps it */
	cleanup_close(&t->fd);
}
static bool temp_name(int dir, struct temp *ret, struct err *err)
{
	uint64_t random;
	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return err_sys(err, errno, "asking the kernel for random bytes");
	ret->dir = dir;
	snprintf(ret->name, sizeof(ret->name), TEMP_PREFIX "%016" PRIx64 TEMP_SUFFIX, random);
	return true;
}

static bool temp_failed(struct temp *t, int why, const char *what, struct err *err)
{
	t->name[0] = 0;
	return err_sys(err, why, "%s", what);
}

bool temp_open(int dir, struct temp *ret, struct err *err)
{
	if (!temp_name(dir, ret, err))
		return false;
	/* O_EXCL: never follows, never opens what is there. 0600: private at every instant; a
	 * default ACL of the directory is masked by it. */
	ret->fd = openat(dir, ret->name,
			 O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, 0600);
	return ret->fd >= 0 || temp_failed(ret, errno, "making a file beside it", err);
}

bool temp_link(int dir, const char *target, struct temp *ret, struct err *err)
{
	if (!temp_name(dir, ret, err))
		return false;
	return symlinkat(target, dir, ret->name) == 0 ||
	       temp_failed(ret, errno, "making a link beside it", err);
}

bool temp_take(int dir, const char *name, struct temp *ret, struct err *err)
{
	if (!temp_name(dir, ret, err))
		return false;
	return renameat2(dir, name, dir, ret->name, RENAME_NOREPLACE) == 0 ||
	       temp_failed(ret, errno, "renaming it", err);
}

static bool is_temp_name(const char *name)
{
	size_t n = strlen(name);
	if (n != strlen(TEMP_PREFIX) + TEMP_HEX + strlen(TEMP_SUFFIX) ||
	    strncmp(name, TEMP_PREFIX, strlen(TEMP_PREFIX)) != 0 ||
	    strcmp(name + n - strlen(TEMP_SUFFIX), TEMP_SUFFIX) != 0)
		return false;
	return strspn(name + strlen(TEMP_PREFIX), "0123456789abcdef") == TEMP_HEX;
}

bool wipe_and_unlink(int dir, const char *name, struct err *err)
{
	static const char zeros[CHUNK_BYTES];
	struct stat seen, now;
	auto_close int reading =
	    openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (reading < 0 && errno == ENOENT)
		return true;
	if (reading < 0 || fstat(reading, &seen) != 0)
		return err_sys(err, errno, "opening %s to wipe it", name);
	if (!S_ISREG(seen.st_mode))
		return err_set(err, ERR_UNSAFE_FILE, "%s is not a regular file", name);
	/* A second name would lose its content with ours: then only our name goes. Wiping is a best
	 * effort anyway (journals, copy on write, flash): it never holds up the unlink. */
	if (seen.st_nlink == 1 && fchmod(reading, 0600) == 0) {
		auto_close int fd =
		    openat(dir, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
		if (fd >= 0 && fstat(fd, &now) == 0 && same_inode(&seen, &now)) {
			struct err ignored = ERR_INIT;
			int64_t left = MIN((int64_t)seen.st_size, (int64_t)FILE_PUT_BYTES_MAX);
			for (; left > 0; left -= CHUNK_BYTES)
				if (!write_all(fd, zeros, (size_t)MIN(left, (int64_t)CHUNK_BYTES),
					       &ignored))
					break;
			(void)sync_fd(fd);
		}
	}
	if (unlinkat(dir, name, 0) != 0 && errno != ENOENT)
		return err_sys(err, errno, "removing %s", name);
	return true;
}

void temp_sweep(int dir, unsigned also_uid, bool with_links)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (copy < 0)
		return;
	auto_dir DIR *d = fdopendir(copy);
	if (!d) {
		(void)close(copy);
		return;
	}
	const struct dirent *e;
	for (int i = 0; i < SWEEP_ENTRIES_MAX && (e = readdir(d)); i++) {
		struct stat st;
		struct err ignored = ERR_INIT;
		if (!is_temp_name(e->d_name) ||
		    fstatat(dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
		    (st.st_uid != geteuid() && st.st_uid != also_uid))
			continue;
		if (S_ISLNK(st.st_mode) && with_links)
			(void)unlinkat(dir, e->d_name, 0);
		else if (S_ISREG(st.st_mode))
			(void)wipe_and_unlink(dir, e->d_name, &ignored);
	}
}

bool lock_directory(int dir, bool *ret_locked, struct err *err)
{
	const struct timespec pause = {.tv_nsec = 5 * 1000 * 1000};
	for (int64_t waited = 0;; waited += 5 * US_MS) {
		if (flock(dir, LOCK_EX | LOCK_NB) == 0) {
			*ret_locked = true;
			return true;
		}
		if (errno == EINTR)
			continue;
		if (errno != EWOULDBLOCK) {
			*ret_locked = false;
			return true;
		}
		if (waited >= LOCK_WAIT_US)
			return err_set(err, ERR_TIMEOUT,
				       "another process holds the lock of its directory");
		(void)nanosleep(&pause, NULL); /* a shorter one only looks sooner */
	}
}

bool copy_bytes(int from, int to, int64_t size, struct err *err)
{
	char chunk[CHUNK_BYTES], check[CHUNK_BYTES];
	int64_t at = 0;
	bool ok = true;
	while (ok) {
		ssize_t n = pread(from, chunk, sizeof(chunk), at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			ok = err_sys(err, errno, "reading it");
		if (n <= 0)
			break;
		if (at + n > size)
			ok = err_set(err, ERR_CHANGED, "it grew while it was copied");
		ok = ok && write_all(to, chunk, (size_t)n, err);
		if (ok &&
		    (pread(to, check, (size_t)n, at) != n || memcmp(chunk, check, (size_t)n) != 0))
			ok = err_set(err, ERR_SYSTEM, "what was read back is not what was written");
		at += n;
	}
	wipe(chunk, sizeof(chunk));
	wipe(check, sizeof(check));
	if (ok && at != size)
		return err_set(err, ERR_CHANGED, "it shrank while it was copied");
	return ok;
}

/* Put the two names back as they were. The old file was complete all the time, under the temporary
 * name. */
static bool swap_back(const struct place *p, const struct temp *t, struct err *err)
{
	if (renameat2(p->dir, t->name, p->dir, p->name, RENAME_EXCHANGE) != 0)
		return err_set(err, ERR_AMBIGUOUS,
			       "the old file could not be put back: it stands beside it as %s",
			       t->name);
	(void)sync_fd(p->dir); /* in memory it is right, and the caller's error tells the rest */
	return true;
}

/* The old and the new file change names in one step. Only when what came out is what was looked at,
 * and the directory is on disk, does the old one go. Nobody's write can get lost between a check
 * and a rename. */
static bool swap_in(const struct place *p, struct temp *t, bool *ret_unsupported, struct err *err)
{
	struct stat old;
	struct err back = ERR_INIT;
	if (renameat2(p->dir, t->name, p->dir, p->name, RENAME_EXCHANGE) != 0) {
		*ret_unsupported = errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP;
		if (errno == ENOENT)
			return err_set(err, ERR_CHANGED, "it was taken away meanwhile");
		return err_sys(err, errno, "renaming");
	}
	if (fstatat(p->dir, t->name, &old, AT_SYMLINK_NOFOLLOW) != 0)
		(void)err_sys(err, errno, "looking at the old file");
	else if (!same_content(&old, &p->stat))
		(void)err_set(err, ERR_CHANGED, "somebody else wrote it meanwhile");
	else if (sync_fd(p->dir) != 0)
		(void)err_sys(err, errno, "syncing its directory");
	else
		return true; /* t's scope unlinks the old file */
	if (!swap_back(p, t, &back)) {
		t->name[0] = 0; /* the old file has that name: it must not go */
		*err = back;
	}
	return false;
}

bool temp_rename(const struct place *p, struct temp *t, struct err *err)
{
	if (renameat(p->dir, t->name, p->dir, p->name) != 0)
		return err_sys(err, errno, "renaming");
	t->name[0] = 0;
	if (sync_fd(p->dir) != 0) {
		(void)err_sys(err, errno, "syncing its directory");
		err->kind = ERR_AMBIGUOUS; /* the new file is there, but maybe not after a power
					      loss */
		return false;
	}
	return true;
}

bool temp_replace(const struct place *p, struct temp *t, struct err *err)
{
	bool is_unsupported = false;
	if (swap_in(p, t, &is_unsupported, err)) {
		/* The old file goes now; should that fail, the next put sweeps it. */
		if (unlinkat(p->dir, t->name, 0) == 0)
			(void)sync_fd(p->dir);
		t->name[0] = 0;
		return true;
	}
	if (!is_unsupported)
		return false;
	err_clear(err);
	return temp_rename(p, t, err);
}
