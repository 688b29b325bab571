/* SPDX-License-Identifier: Apache-2.0 */
/* Resolves paths, looks at files and gives every reason against a replacement, with advice. */
#include "sys/place.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>

#include "base/cleanup.h"
#include "sys/file_attrs.h"

static struct wall wall_of(struct timespec t)
{
	return (struct wall){.us = (int64_t)t.tv_sec * US_S + t.tv_nsec / 1000};
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

void place_fini(struct place *p)
{
	cleanup_close(&p->file);
	cleanup_close(&p->dir);
}
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

bool place_look(struct place *p, struct err *err)
{
	p->file = openat(p->dir, p->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (p->file < 0 && errno != ENOENT)
		return err_sys(err, errno, "looking at it");
	p->exists = p->file >= 0;
	return !p->exists || fstat(p->file, &p->stat) == 0 || err_sys(err, errno, "looking at it");
}

bool place_find(const char *path, struct place *p, struct err *err)
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
	if (!place_look(p, err))
		return false;
	if (p->exists && S_ISLNK(p->stat.st_mode))
		return err_set(err, ERR_CHANGED, "it became a link meanwhile");
	return true;
}

static bool has_acl(const char *real_path)
{
	return getxattr(real_path, "system.posix_acl_access", NULL, 0) > 0;
}

void place_view(const struct place *p, struct file_view *ret)
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
	/* First whose it is: of what is both, the unit's sandbox is not what a person must mend.
	 * EROFS and EPERM (immutable) have words of their own. */
	if (faccessat(p->dir, ".", W_OK | X_OK, AT_EACCESS) != 0 && errno == EACCES)
		return err_set(
		    err, ERR_PERMISSION,
		    "its directory is %s's and rotad runs as \"%s\" (it must create a file beside "
		    "it and rename). Nothing was changed. Mend it once: sudo rotactl adopt (moves "
		    "the file, leaves a link; --dry-run shows it); or, of a keyfile, let your "
		    "configuration management write it: keyfile: {writer: external}",
		    user_name(p->dir_stat.st_uid, owner, sizeof(owner)),
		    user_name(geteuid(), me, sizeof(me)));
	if (fs.f_flag & ST_RDONLY)
		return err_set(err, ERR_UNSAFE_FILE,
			       "its file system is read-only for rotad: mount it writable, or let "
			       "the unit write there (sudo rotactl adopt writes its "
			       "ReadWritePaths=)");
	if (flags)
		return err_set(
		    err, ERR_UNSAFE_FILE,
		    "its directory is %s: nothing can be renamed there; chattr -%c on it "
		    "if that is not meant",
		    flags & FS_IMMUTABLE_FL ? "immutable" : "append-only",
		    flags & FS_IMMUTABLE_FL ? 'i' : 'a');
	if (faccessat(p->dir, ".", W_OK | X_OK, AT_EACCESS) != 0)
		return err_sys(err, errno, "asking whether its directory may be written");
	if (fs.f_bavail == 0 || (fs.f_files > 0 && fs.f_favail == 0))
		return err_set(err, ERR_DISK_FULL, "its file system has no %s left",
			       fs.f_bavail == 0 ? "space" : "inodes");
	return true;
}

bool place_check_replaceable(const struct place *p, struct err *err)
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
	place_view(p, &view);
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
		    "is. chattr -ia on it; or, of a keyfile, keyfile: {writer: external}");
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
	/* A new file is of our own group, or of that of a set-group-ID directory. */
	if (p->stat.st_gid != (p->dir_stat.st_mode & S_ISGID ? p->dir_stat.st_gid : getegid()) &&
	    !file_attrs_may_chown())
		return err_set(err, ERR_PERMISSION,
			       "it is of group %u, and rotad's unit lets it give no file to "
			       "another group than its own: SystemCallFilter=fchown in a drop-in "
			       "(systemctl edit rotad, as in man rotad), or chmod g+s on its "
			       "directory where that is of this group",
			       p->stat.st_gid);
	if ((p->dir_stat.st_mode & S_ISVTX) && geteuid() != 0 && p->dir_stat.st_uid != geteuid() &&
	    p->stat.st_uid != geteuid())
		return err_set(err, ERR_PERMISSION,
			       "its directory is sticky and neither is %s's: it cannot be renamed "
			       "over",
			       user_name(geteuid(), me, sizeof(me)));
	return true;
}

bool place_check_expected(const struct place *p, const struct file_view *expect, struct err *err)
{
	struct file_view now;
	place_view(p, &now);
	if (!now.exists && !expect->exists)
		return true;
	if (now.exists != expect->exists || now.device != expect->device ||
	    now.inode != expect->inode || now.size != expect->size ||
	    now.modified.us != expect->modified.us || now.changed.us != expect->changed.us)
		return err_set(err, ERR_CHANGED, "somebody else wrote it since it was looked at");
	return true;
}

bool place_check_unmoved(const char *path, const struct place *p, struct err *err)
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

bool place_open(const struct place *p, int *ret_fd, struct err *err)
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
