/* SPDX-License-Identifier: Apache-2.0 */
/* Looks at, reads and replaces files so that every fault and every crash leaves the old or the new
 * one, whole. What a file is and whether its content is good is not known here. */
#include "sys/files_durable.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <time.h>

#include "base/cleanup.h"
#include "sys/file_attrs.h"

/* Our temporary files: ".rotad-", 16 lower-case hex digits, ".tmp". Nothing else is ever swept. */
#define TEMP_PREFIX ".rotad-"
#define TEMP_SUFFIX ".tmp"
enum { TEMP_HEX = 16, TEMP_NAME_BYTES = sizeof(TEMP_PREFIX) + TEMP_HEX + sizeof(TEMP_SUFFIX) };
enum { CHUNK_BYTES = 8192, READ_TRIES = 3, SWEEP_ENTRIES_MAX = 65536 };

/* ---- small pieces ---- */

static struct wall wall_of(struct timespec t)
{
	return (struct wall){.us = (int64_t)t.tv_sec * US_S + t.tv_nsec / 1000};
}

static bool same_inode(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static bool same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

/* Same inode with the same content, as far as the file system tells. ctime apart: a rename moves
 * it. */
static bool same_content(const struct stat *a, const struct stat *b)
{
	return same_inode(a, b) && a->st_size == b->st_size && same_time(a->st_mtim, b->st_mtim);
}

static int sync_fd(int fd)
{
	int rc;
	do
		rc = fsync(fd);
	while (rc != 0 && errno == EINTR);
	return rc;
}

static bool write_all(int fd, const char *p, size_t n, struct err *err)
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

/* Number behind "mnt_id:" in /proc/self/fdinfo/FD: which mount the descriptor is on. -1 not known.
 */
static long mount_of(int fd)
{
	char path[48], text[512];
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	auto_close int info = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = info < 0 ? -1 : read(info, text, sizeof(text) - 1);
	if (n <= 0)
		return -1;
	text[n] = 0;
	const char *hit = strstr(text, "mnt_id:");
	return hit ? strtol(hit + strlen("mnt_id:"), NULL, 10) : -1;
}

/* FS_IMMUTABLE_FL and FS_APPEND_FL of what fd names; 0 where the file system has no flags. */
static unsigned flags_of(int fd)
{
	struct statx x;
	if (statx(fd, "", AT_EMPTY_PATH, STATX_TYPE, &x) == 0 &&
	    (x.stx_attributes_mask & STATX_ATTR_IMMUTABLE))
		return (x.stx_attributes & STATX_ATTR_IMMUTABLE ? FS_IMMUTABLE_FL : 0u) |
		       (x.stx_attributes & STATX_ATTR_APPEND ? FS_APPEND_FL : 0u);
	int flags = 0;
	if (ioctl(fd, FS_IOC_GETFLAGS, &flags) != 0)
		return 0;
	return (unsigned)flags & (unsigned)(FS_IMMUTABLE_FL | FS_APPEND_FL);
}

/* ---- where a path leads ---- */

/* A path resolved once: the directory held open, the name in it, and the file if there is one. All
 * later steps go through `dir`, so a component swapped meanwhile moves nothing. */
struct place {
	char real[PATH_BYTES_MAX];
	char name[NAME_MAX + 1];
	int dir, file; /* file: O_PATH; -1 when it does not exist */
	bool exists, is_link;
	struct stat dir_stat, stat, link_stat;
};

static void place_fini(struct place *p)
{
	cleanup_close(&p->file);
	cleanup_close(&p->dir);
}
#define auto_place __attribute__((cleanup(place_fini)))
#define PLACE_INIT ((struct place){.dir = -1, .file = -1})

/* The real path of what `path` names, or would name: then only its directory must exist. */
static bool resolve(const char *path, struct place *p, struct err *err)
{
	char head[PATH_BYTES_MAX], real[PATH_MAX];
	size_t n = strlen(path);
	if (n == 0 || n >= sizeof(head) || path[n - 1] == '/')
		return err_set(err, ERR_INVALID, "a path of a file must be 1 to %d bytes",
			       PATH_BYTES_MAX - 1);
	if (lstat(path, &p->link_stat) == 0) {
		p->is_link = S_ISLNK(p->link_stat.st_mode);
		if (realpath(path, real)) {
			if (!copy_z(p->real, sizeof(p->real), real))
				return err_set(err, ERR_LIMIT, "its real path is too long");
			return true;
		}
		if (errno != ENOENT || !p->is_link)
			return err_sys(err, errno, "resolving the path");
		p->real[0] = 0; /* a link to nowhere */
		return true;
	}
	if (errno != ENOENT)
		return err_sys(err, errno, "looking at it");
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	if (!copy_str(head, sizeof(head),
		      slash ? (struct str){.p = path, .n = (size_t)(slash - path)} : STR(".")))
		return err_set(err, ERR_INVALID, "not a path");
	if (!realpath(head[0] ? head : "/", real))
		return err_sys(err, errno, "resolving its directory");
	n = (size_t)snprintf(p->real, sizeof(p->real), "%s/%s", strcmp(real, "/") ? real : "",
			     name);
	if (n >= sizeof(p->real))
		return err_set(err, ERR_LIMIT, "its real path is too long");
	return true;
}

/* Fill *p; the file need not exist. Errors: ERR_NOT_FOUND (no such directory), ERR_PERMISSION,
 * ERR_CHANGED, ERR_INVALID, ERR_UNSAFE_FILE (dangling link). */
static bool place_find(const char *path, struct place *p, struct err *err)
{
	char head[PATH_BYTES_MAX];
	if (!resolve(path, p, err))
		return false;
	if (p->real[0] == 0)
		return err_set(
		    err, ERR_UNSAFE_FILE,
		    "it is a link to a file that does not exist; remove the link or make "
		    "its target");
	const char *slash = strrchr(p->real, '/');
	if (!slash || !copy_z(p->name, sizeof(p->name), slash + 1) || !p->name[0] ||
	    strcmp(p->name, ".") == 0 || strcmp(p->name, "..") == 0)
		return err_set(err, ERR_INVALID, "not the path of a file");
	if (!copy_str(head, sizeof(head),
		      slash == p->real
			  ? STR("/")
			  : (struct str){.p = p->real, .n = (size_t)(slash - p->real)}))
		return err_set(err, ERR_INVALID, "not the path of a file");
	p->dir = open(head, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (p->dir < 0 && errno == ELOOP)
		return err_set(err, ERR_CHANGED, "its directory became a link meanwhile");
	if (p->dir < 0 || fstat(p->dir, &p->dir_stat) != 0)
		return err_sys(err, errno, "opening its directory %s", head);
	p->file = openat(p->dir, p->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (p->file < 0 && errno != ENOENT)
		return err_sys(err, errno, "looking at it");
	p->exists = p->file >= 0;
	if (p->exists && fstat(p->file, &p->stat) != 0)
		return err_sys(err, errno, "looking at it");
	if (p->exists && S_ISLNK(p->stat.st_mode))
		return err_set(err, ERR_CHANGED, "it became a link meanwhile");
	return true;
}

static bool has_acl(const char *real_path)
{
	return getxattr(real_path, "system.posix_acl_access", NULL, 0) > 0;
}

static void view_of(const struct place *p, struct file_view *ret)
{
	struct statvfs fs;
	long dir_mount = mount_of(p->dir), mount = p->exists ? mount_of(p->file) : -1;
	*ret = (struct file_view){.exists = p->exists, .is_symlink = p->is_link};
	ret->is_on_readonly_mount = fstatvfs(p->dir, &fs) == 0 && (fs.f_flag & ST_RDONLY);
	STATIC_ASSERT(sizeof(ret->real_path) == sizeof(p->real), "a place fits into a view");
	memcpy(ret->real_path, p->real, sizeof(p->real));
	if (!p->exists)
		return;
	ret->is_regular = S_ISREG(p->stat.st_mode);
	ret->device = p->stat.st_dev;
	ret->inode = p->stat.st_ino;
	ret->links_n = p->stat.st_nlink;
	ret->size = p->stat.st_size;
	ret->modified = wall_of(p->stat.st_mtim);
	ret->changed = wall_of(p->stat.st_ctim);
	ret->mode = p->stat.st_mode & 07777;
	ret->uid = p->stat.st_uid;
	ret->gid = p->stat.st_gid;
	ret->is_immutable = ret->is_regular && flags_of(p->file) != 0;
	ret->has_acl = ret->is_regular && has_acl(p->real);
	ret->is_mount_point = p->stat.st_dev != p->dir_stat.st_dev ||
			      (dir_mount >= 0 && mount >= 0 && dir_mount != mount);
}

/* ---- may it be replaced ---- */

static bool check_directory(const struct place *p, struct err *err)
{
	struct statvfs fs;
	char owner[64], me[64];
	unsigned flags = flags_of(p->dir);
	if (fstatvfs(p->dir, &fs) != 0)
		return err_sys(err, errno, "looking at its file system");
	if (fs.f_flag & ST_RDONLY)
		return err_set(err, ERR_UNSAFE_FILE,
			       "its file system is read-only for rotad: mount it writable, or let "
			       "the unit write there (ReadWritePaths=; sudo rotactl adopt INSTANCE "
			       "does it)");
	if (flags)
		return err_set(
		    err, ERR_UNSAFE_FILE,
		    "its directory is %s: nothing can be renamed there; chattr -%c on it "
		    "if that is not meant",
		    flags & FS_IMMUTABLE_FL ? "immutable" : "append-only",
		    flags & FS_IMMUTABLE_FL ? 'i' : 'a');
	if (faccessat(p->dir, ".", W_OK | X_OK, AT_EACCESS) != 0)
		return err_set(
		    err, ERR_PERMISSION,
		    "its directory is %s's and rotad runs as \"%s\" (it must create a file beside "
		    "it and rename). Nothing was changed. Mend it once: sudo rotactl adopt "
		    "INSTANCE (moves the file, leaves a link; --dry-run shows it), or let your "
		    "configuration management write it: keyfile: {writer: external}",
		    user_name(p->dir_stat.st_uid, owner, sizeof(owner)),
		    user_name(geteuid(), me, sizeof(me)));
	if (fs.f_bavail == 0 || (fs.f_files > 0 && fs.f_favail == 0))
		return err_set(err, ERR_DISK_FULL, "its file system has no %s left",
			       fs.f_bavail == 0 ? "space" : "inodes");
	return true;
}

/* Every reason why the file at p must not or cannot be replaced by rename. */
static bool check_replaceable(const struct place *p, struct err *err)
{
	char owner[64], me[64];
	if (strlen(p->name) + strlen(FILES_PREVIOUS_SUFFIX) > NAME_MAX)
		return err_set(err, ERR_UNSAFE_FILE, "its name is too long");
	if (!check_directory(p, err))
		return false;
	if (!p->exists)
		return true;
	if (!S_ISREG(p->stat.st_mode))
		return err_set(err, ERR_UNSAFE_FILE, "it is not a regular file");
	struct file_view view;
	view_of(p, &view);
	/* Root follows a link only where its owner could have written the target himself, or is
	 * root: else the owner of a directory could have rotad write into anybody's. */
	if (p->is_link && p->link_stat.st_uid != 0 && p->link_stat.st_uid != geteuid() &&
	    p->link_stat.st_uid != p->stat.st_uid)
		return err_set(err, ERR_UNSAFE_FILE,
			       "it is a link made by %s to a file of somebody else",
			       user_name(p->link_stat.st_uid, owner, sizeof(owner)));
	if (view.is_mount_point)
		return err_set(err, ERR_UNSAFE_FILE,
			       "it is a mount point of its own (a single file mounted into a "
			       "container?), which no rename can replace; mount its directory "
			       "instead");
	if (view.is_immutable)
		return err_set(
		    err, ERR_UNSAFE_FILE,
		    "it is marked immutable or append-only: somebody wants it kept as it "
		    "is. chattr -ia on it, or keyfile: {writer: external}");
	if (p->stat.st_nlink != 1)
		return err_set(err, ERR_UNSAFE_FILE,
			       "it has %" PRIuMAX " hard links: a rename would leave the others "
			       "with the old content. Replace them by symbolic links (find -inum "
			       "%" PRIuMAX " shows them)",
			       (uintmax_t)p->stat.st_nlink, (uintmax_t)p->stat.st_ino);
	if (p->stat.st_size > FILE_PUT_BYTES_MAX)
		return err_set(err, ERR_LIMIT,
			       "it has %" PRIdMAX " bytes, more than the %d that "
			       "rotad replaces",
			       (intmax_t)p->stat.st_size, FILE_PUT_BYTES_MAX);
	if (!file_attrs_may_own(p->stat.st_uid, p->stat.st_gid))
		return err_set(err, ERR_PERMISSION,
			       "it belongs to %s (group %u), and rotad runs as \"%s\": a new file "
			       "cannot be given to that owner. Run rotad as that user "
			       "(rotad@USER.service)",
			       user_name(p->stat.st_uid, owner, sizeof(owner)), p->stat.st_gid,
			       user_name(geteuid(), me, sizeof(me)));
	if ((p->dir_stat.st_mode & S_ISVTX) && geteuid() != 0 && p->dir_stat.st_uid != geteuid() &&
	    p->stat.st_uid != geteuid())
		return err_set(err, ERR_PERMISSION,
			       "its directory is sticky and neither is %s's: it cannot be renamed "
			       "over",
			       user_name(geteuid(), me, sizeof(me)));
	return true;
}

static bool check_expected(const struct place *p, const struct file_view *expect, struct err *err)
{
	struct file_view now;
	view_of(p, &now);
	if (!now.exists && !expect->exists)
		return true;
	if (now.exists != expect->exists || now.device != expect->device ||
	    now.inode != expect->inode || now.size != expect->size ||
	    now.modified.us != expect->modified.us || now.changed.us != expect->changed.us)
		return err_set(err, ERR_CHANGED, "somebody else wrote it since it was looked at");
	return true;
}

/* Does the path still lead where it led, and is the file still the one that was looked at? */
static bool check_unmoved(const char *path, const struct place *p, struct err *err)
{
	auto_place struct place now = PLACE_INIT;
	if (!place_find(path, &now, err))
		return false;
	if (strcmp(now.real, p->real) != 0 || !same_inode(&now.dir_stat, &p->dir_stat))
		return err_set(err, ERR_CHANGED, "its path leads elsewhere since it was looked at");
	if (now.exists != p->exists ||
	    (p->exists &&
	     (!same_content(&now.stat, &p->stat) || !same_time(now.stat.st_ctim, p->stat.st_ctim))))
		return err_set(err, ERR_CHANGED, "somebody else wrote it since it was looked at");
	return true;
}

/* Open what p names for reading; checked to be the same. */
static bool place_open(const struct place *p, int *ret_fd, struct err *err)
{
	struct stat now;
	auto_close int fd =
	    openat(p->dir, p->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 && (errno == ENOENT || errno == ELOOP))
		return err_set(err, ERR_CHANGED, "it was taken away since it was looked at");
	if (fd < 0 || fstat(fd, &now) != 0)
		return err_sys(err, errno, "opening it");
	if (!same_inode(&now, &p->stat))
		return err_set(err, ERR_CHANGED, "it was replaced since it was looked at");
	*ret_fd = fd;
	fd = -1;
	return true;
}

/* ---- temporary files ---- */

/* Alive until it is renamed or its scope ends. */
struct temp {
	int dir, fd;
	char name[TEMP_NAME_BYTES]; /* "": no file of ours is there any more */
};
#define TEMP_INIT ((struct temp){.dir = -1, .fd = -1})

static void temp_fini(struct temp *t)
{
	if (t->name[0])
		(void)unlinkat(t->dir, t->name, 0); /* else the next put in here sweeps it */
	cleanup_close(&t->fd);
}
#define auto_temp __attribute__((cleanup(temp_fini)))

static bool temp_open(int dir, struct temp *ret, struct err *err)
{
	uint64_t random;
	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return err_sys(err, errno, "asking the kernel for random bytes");
	ret->dir = dir;
	snprintf(ret->name, sizeof(ret->name), TEMP_PREFIX "%016" PRIx64 TEMP_SUFFIX, random);
	/* O_EXCL: never follows, never opens what is there. 0600: private at every instant; a
	 * default ACL of the directory is masked by it. */
	ret->fd = openat(dir, ret->name,
			 O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, 0600);
	if (ret->fd < 0) {
		int why = errno;
		ret->name[0] = 0;
		return err_sys(err, why, "making a file beside it");
	}
	return true;
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

/* Overwrite the bytes of name and unlink it. True when it is gone. Only for files nobody uses. */
static bool wipe_and_unlink(int dir, const char *name, struct err *err)
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

/* Remove what a crash of ours left in dir. Held under the directory's lock, so nobody's live
 * temporary file is met. Best effort: a leftover harms nothing but tidiness. */
static void sweep(int dir, unsigned also_uid)
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
		if (is_temp_name(e->d_name) &&
		    fstatat(dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
		    (st.st_uid == geteuid() || st.st_uid == also_uid))
			(void)wipe_and_unlink(dir, e->d_name, &ignored);
	}
}

/* Lock the directory against other rotads. Where it cannot be locked (some network file systems)
 * *ret_locked is false: then nothing is swept. */
static bool lock_directory(int dir, bool *ret_locked, struct err *err)
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

/* Byte by byte from one open file to another; both from their beginnings. */
static bool copy_bytes(int from, int to, int64_t size, struct err *err)
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

/* ---- the replacement ---- */

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

/* Where names cannot be exchanged (NFS, old kernels): check, rename. */
static bool rename_over(const struct place *p, struct temp *t, struct err *err)
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
		return rename_over(p, t, err);
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
static bool open_like(const struct file_put *put, const struct place *p, int old, int *ret,
		      struct err *err)
{
	struct stat st;
	*ret = -1;
	if (!put->like) {
		if (old >= 0 && (*ret = fcntl(old, F_DUPFD_CLOEXEC, 3)) < 0)
			return err_sys(err, errno, "duplicating a descriptor");
		return true;
	}
	(void)p;
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
	if (!open_like(put, p, old, &like, err))
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
	if (!check_unmoved(put->path, p, err))
		return false;
	if (!p->exists)
		return rename_new(p, &t, err);
	bool is_unsupported = false;
	if (swap_in(p, &t, &is_unsupported, err)) {
		/* The old file goes now; should that fail, the next put sweeps it. */
		if (unlinkat(p->dir, t.name, 0) == 0)
			(void)sync_fd(p->dir);
		t.name[0] = 0;
		return true;
	}
	if (!is_unsupported)
		return false;
	err_clear(err);
	return rename_over(p, &t, err);
}

static bool put_locked(const struct file_put *put, struct err *err)
{
	auto_place struct place p = PLACE_INIT;
	bool is_locked = false;
	if (put->bytes.n > FILE_PUT_BYTES_MAX)
		return err_set(err, ERR_LIMIT, "%zu bytes are more than the %d of a file",
			       put->bytes.n, FILE_PUT_BYTES_MAX);
	if (!place_find(put->path, &p, err) || !check_replaceable(&p, err))
		return false;
	if (put->expect && !check_expected(&p, put->expect, err))
		return false;
	/* The lock goes with the descriptor of the directory. */
	if (!lock_directory(p.dir, &is_locked, err))
		return false;
	if (is_locked)
		sweep(p.dir, p.exists ? p.stat.st_uid : geteuid());
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
		view_of(&p, ret);
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
		view_of(&p, ret_view);
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
	return place_find(path, &p, err) && check_replaceable(&p, err) &&
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
    .forget_previous = op_forget_previous,
    .remove = op_remove,
    .append = op_append,
};

struct files_port files_durable(void)
{
	return (struct files_port){.ops = &files_durable_ops, .self = NULL};
}
