/* SPDX-License-Identifier: Apache-2.0 */
/* Copy, fsync, look as mongod's user, exchange names, fsync. Runs as root beside a user who may put
 * any name into his folder at any time: nothing there is opened through a link, and nothing is
 * believed to be his but what is. */
#include "sys/move.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "codec/keyfile_text.h"
#include "codec/pem.h"
#include "port/files.h"
#include "sys/file_attrs.h"
#include "sys/files_durable.h"
#include "sys/place.h"
#include "sys/temp_file.h"

/* ---- as another user ---- */

/* Run ask(arg) with the rights of that user and nothing more; in this process where it is not root
 * anyway. */
static bool ask_as(const struct move_user *user, bool (*ask)(const void *arg, struct err *err),
		   const void *arg, struct err *err)
{
	struct err answer = ERR_INIT;
	int ends[2], status = 0;
	gid_t groups[MOVE_GROUPS_MAX];
	if (geteuid() != 0 || user->uid == 0)
		return ask(arg, err);
	for (unsigned i = 0; i < user->groups_n; i++)
		groups[i] = user->groups[i];
	if (pipe2(ends, O_CLOEXEC) != 0)
		return err_sys(err, errno, "making a pipe");
	auto_close int reading = ends[0];
	pid_t child = fork();
	if (child == 0) {
		bool ok = (setgroups(user->groups_n, groups) == 0 &&
			   setresgid(user->gid, user->gid, user->gid) == 0 &&
			   setresuid(user->uid, user->uid, user->uid) == 0) ||
			  err_sys(&answer, errno, "becoming that user");
		ok = ok && ask(arg, &answer);
		/* One write of less than PIPE_BUF is whole. */
		if (!ok && write(ends[1], &answer, sizeof(answer)) != (ssize_t)sizeof(answer))
			_exit(2);
		_exit(ok ? 0 : 1);
	}
	(void)close(ends[1]);
	if (child < 0)
		return err_sys(err, errno, "starting a process");
	ssize_t n = read(reading, &answer, sizeof(answer));
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	if (n != (ssize_t)sizeof(answer))
		return err_set(err, ERR_SYSTEM, "a process that asked as that user was lost");
	err->kind = answer.kind;
	err->sys = answer.sys;
	memcpy(err->text, answer.text, sizeof(err->text));
	return false;
}

static bool can_put(const void *arg, struct err *err)
{
	struct files_port files = files_durable();
	return files.ops->can_put(files.self, arg, err);
}

bool move_user_can_put(const char *path, const struct move_user *user, struct err *err)
{
	return ask_as(user, can_put, path, err);
}

/* Does `path`, below that root, lead to this very file, and may it be opened? */
struct sight {
	int root;
	const char *path;
	struct stat is;
};

static bool sees(const void *arg, struct err *err)
{
	const struct sight *s = arg;
	/* Absolute links count from that root as well. */
	struct open_how how = {.flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
			       .resolve = RESOLVE_IN_ROOT};
	struct stat st;
	auto_close int fd = (int)syscall(SYS_openat2, s->root, s->path, &how, sizeof(how));
	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		fd = open(s->path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) != 0)
		return err_sys(err, errno, "mongod's user could not open %s", s->path);
	if (!same_inode(&st, &s->is))
		return err_set(err, ERR_CHANGED, "%s is another file to mongod than to us",
			       s->path);
	return true;
}

/* By the eyes of mongod's own process where one runs: its unit may show it other folders. */
static bool check_seen(const struct move_user *user, const char *path, const struct stat *is,
		       struct err *err)
{
	char root[64] = "/";
	if (user->pid > 0)
		snprintf(root, sizeof(root), "/proc/%" PRId64 "/root", user->pid);
	auto_close int fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, errno, "opening %s", root);
	const struct sight s = {.root = fd, .path = path, .is = *is};
	return ask_as(user, sees, &s, err);
}

/* ---- looking ---- */

static bool has_group(const struct move_user *user, unsigned gid)
{
	for (unsigned i = 0; i < user->groups_n; i++)
		if (user->groups[i] == gid)
			return true;
	return gid == user->gid;
}

/* What it gets where it lives: the user must own it and be in its group, else rotad could not make
 * the next one alike. */
static bool wished(const struct move *m, const struct move_user *user, struct stat *ret,
		   struct err *err)
{
	unsigned group_bits = (m->mode >> 3) & 7, other_bits = m->mode & 7;
	*ret = (struct stat){.st_uid = user->uid, .st_gid = m->gid, .st_mode = m->mode};
	if (m->is_private)
		ret->st_mode &= ~(mode_t)077;
	/* Its owner reads it from now on, whoever that was. */
	ret->st_mode |= 0400;
	if (has_group(user, m->gid))
		return true;
	if (!m->is_private && (group_bits & ~other_bits))
		return err_set(err, ERR_PERMISSION,
			       "its group %u may read it, and mongod's user is not in that group: "
			       "rotad could not make the next one alike. usermod -aG that group, "
			       "or chmod g= the file",
			       m->gid);
	ret->st_gid = user->gid;
	return true;
}

/* A program that were moved, would be mongod's user's; and back, with the bits it had, root's
 * again.
 */
static bool check_mode(unsigned mode, struct err *err)
{
	return (mode & 07111) == 0 ||
	       err_set(err, ERR_UNSAFE_FILE,
		       "its mode %04o is that of a program: chmod a-xs it if it is none",
		       mode & 07777);
}

bool move_check_above(const char *path, struct err *err)
{
	char above[PATH_BYTES_MAX], who[64];
	struct stat st;
	for (const char *slash = path; (slash = strchr(slash, '/')); slash++) {
		const size_t n = MAX((size_t)(slash - path), (size_t)1);
		if (!copy_str(above, sizeof(above), (struct str){.p = path, .n = n}))
			return err_set(err, ERR_LIMIT, "its path is too long");
		if (lstat(above, &st) != 0)
			return err_sys(err, errno, "looking at the folder %.200s", above);
		if (!S_ISDIR(st.st_mode))
			return err_set(err, ERR_CHANGED, "%.200s above it is a link", above);
		if (st.st_uid != 0 && st.st_uid != geteuid())
			return err_set(err, ERR_UNSAFE_FILE,
				       "%.200s above it is %s's, who can lead its path elsewhere: "
				       "chown root that folder",
				       above, user_name(st.st_uid, who, sizeof(who)));
		const bool is_others = (st.st_mode & 002) || ((st.st_mode & 020) && st.st_gid != 0);
		if (is_others && !(st.st_mode & S_ISVTX))
			return err_set(err, ERR_UNSAFE_FILE,
				       "others than root can write in %.200s above it, and lead "
				       "its path elsewhere: chmod go-w that folder",
				       above);
	}
	return true;
}

/* Is it what mongod takes a file of that name for? An encrypted key is one as well. */
static bool check_bytes(int fd, int64_t size, bool is_private, struct err *err)
{
	auto_secret struct secret text = {.p = NULL};
	if (!secret_init(&text, (size_t)MAX(size, (int64_t)0) + 1, err))
		return false;
	while (text.n < (size_t)size) {
		ssize_t n = pread(fd, text.p + text.n, (size_t)size - text.n, (off_t)text.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, errno, "reading it");
		if (n == 0)
			break;
		text.n += (size_t)n;
	}
	struct err why = ERR_INIT;
	if (is_private) {
		struct keyring ring = {.n = 0};
		bool ok = keyfile_parse(text.p, text.n, &ring, &why);
		keyring_fini(&ring);
		return ok || err_set(err, why.kind, "it is no keyfile: %.300s", why.text);
	}
	auto_pem struct pem_file pem = {.certs_n = 0};
	return pem_read((struct str){.p = text.p, .n = text.n}, NULL, PEM_MEMBER, &pem, &why) ||
	       why.kind == ERR_AUTH ||
	       err_set(err, why.kind, "it is no PEM of a certificate and its key: %.300s",
		       why.text);
}

static bool check_movable(const struct place *p, bool is_private, struct err *err)
{
	struct file_view v;
	place_view(p, &v);
	if (!place_check_replaceable(p, err))
		return false;
	if (!p->exists)
		return err_set(err, ERR_NOT_FOUND, "there is no such file");
	if (!check_mode(p->stat.st_mode & 07777, err))
		return false;
	if (is_private && (p->stat.st_mode & 07))
		return err_set(err, ERR_UNSAFE_FILE,
			       "others have rights to it, so mongod takes it for no keyfile: chmod "
			       "o= it");
	if (geteuid() == 0 && p->stat.st_uid == 0 && !move_check_above(p->real, err))
		return false;
	if (is_private && v.has_acl)
		return err_set(err, ERR_UNSAFE_FILE,
			       "it has an ACL, which mongod takes for rights of its group and "
			       "refuses at the next start: setfacl -b it first");
	return true;
}

bool move_look(const char *path, bool is_private, const struct move_user *user, struct move *ret,
	       struct err *err)
{
	auto_place struct place p = PLACE_INIT;
	struct stat ignored;
	err_subject(err, path);
	if (!place_find(path, &p, err) || !check_movable(&p, is_private, err))
		return false;
	struct move m = {.uid = p.stat.st_uid,
			 .gid = p.stat.st_gid,
			 .mode = p.stat.st_mode & 07777,
			 .is_private = is_private,
			 .device = p.stat.st_dev,
			 .inode = p.stat.st_ino};
	STATIC_ASSERT(sizeof(m.path) == sizeof(p.real), "a place fits");
	memcpy(m.path, p.real, sizeof(m.path));
	auto_close int fd = -1;
	if (!wished(&m, user, &ignored, err) || !check_seen(user, m.path, &p.stat, err) ||
	    !place_open(&p, &fd, err) || !check_bytes(fd, p.stat.st_size, is_private, err))
		return false;
	*ret = m;
	return true;
}

static bool link_leads_to(int dir, const char *name, const char *at)
{
	char target[PATH_BYTES_MAX];
	ssize_t n = readlinkat(dir, name, target, sizeof(target) - 1);
	if (n <= 0)
		return false;
	target[n] = 0;
	return strcmp(target, at) == 0;
}

/* ---- AppArmor ---- */

bool move_is_confined(struct str attr, char *ret_profile, size_t n)
{
	static const char enforced[] = " (enforce)";
	const size_t tail = sizeof(enforced) - 1;
	while (attr.n && (attr.p[attr.n - 1] == '\n' || attr.p[attr.n - 1] == 0))
		attr.n--;
	if (attr.n <= tail || memcmp(attr.p + attr.n - tail, enforced, tail) != 0)
		return false;
	attr.n -= tail;
	snprintf(ret_profile, n, "%.*s", (int)MIN(attr.n, (size_t)200), attr.p);
	return true;
}

static bool is_in_files(const char *folder, const char *word)
{
	enum { PROFILE_BYTES_MAX = 256 * 1024, PROFILES_MAX = 4096 };
	struct files_port files = files_durable();
	const struct dirent *e;
	auto_dir DIR *d = opendir(folder);
	for (int i = 0; d && i < PROFILES_MAX && (e = readdir(d)); i++) {
		char path[PATH_BYTES_MAX];
		struct err ignored = ERR_INIT;
		auto_buf struct buf text = {.max = PROFILE_BYTES_MAX};
		snprintf(path, sizeof(path), "%.3000s/%s", folder, e->d_name);
		if (files.ops->read_text(files.self, path, PROFILE_BYTES_MAX, &text, NULL,
					 &ignored) &&
		    memmem(text.p, text.n, word, strlen(word)))
			return true;
	}
	return false;
}

bool move_is_in_profiles(const char *folder, const char *word)
{
	char local[PATH_BYTES_MAX];
	snprintf(local, sizeof(local), "%.3000s/local", folder);
	return is_in_files(folder, word) || is_in_files(local, word);
}

/* ---- the folder ---- */

static bool split(const char *path, char ret_dir[PATH_BYTES_MAX], const char **ret_name,
		  struct err *err)
{
	const char *slash = strrchr(path, '/');
	if (!slash || slash == path || !slash[1] ||
	    !copy_str(ret_dir, PATH_BYTES_MAX,
		      (struct str){.p = path, .n = (size_t)(slash - path)}))
		return err_set(err, ERR_INVALID, "%.200s is not the path of a file", path);
	*ret_name = slash + 1;
	return true;
}

static bool open_dir(const char *path, int *ret, struct err *err)
{
	*ret = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return *ret >= 0 || err_sys(err, errno, "opening the folder %s", path);
}

static bool make_parent(const char *path, int *ret_fd, struct err *err)
{
	char above[PATH_BYTES_MAX];
	const char *name;
	struct stat st;
	if (!split(path, above, &name, err))
		return false;
	auto_close int up = -1;
	if (!open_dir(above, &up, err))
		return false;
	if (mkdirat(up, name, 0755) != 0 && errno != EEXIST)
		return err_sys(err, errno, "making the folder %s", path);
	if (sync_fd(up) != 0 || !open_dir(path, ret_fd, err))
		return err->kind ? false : err_sys(err, errno, "syncing the folder %s", above);
	if (fstat(*ret_fd, &st) != 0)
		return err_sys(err, errno, "looking at the folder %s", path);
	/* Root makes folders in it by name. */
	if (st.st_uid != geteuid() || (st.st_mode & 022))
		return err_set(err, ERR_CONFLICT,
			       "%s must belong to who runs this and nobody else may write it",
			       path);
	return fchmod(*ret_fd, 0755) == 0 || err_sys(err, errno, "setting its mode");
}

bool move_make_home(const char *home, const struct move_user *user, bool is_passed, struct err *err)
{
	char parent[PATH_BYTES_MAX];
	const char *name;
	struct stat st;
	mode_t mode = is_passed ? 0711 : 0700;
	auto_close int up = -1;
	auto_close int fd = -1;
	if (!split(home, parent, &name, err) || !make_parent(parent, &up, err))
		return false;
	if (mkdirat(up, name, 0700) != 0 && errno != EEXIST)
		return err_sys(err, errno, "making the folder %s", home);
	if (!open_dir(home, &fd, err))
		return false;
	if (fstat(fd, &st) != 0)
		return err_sys(err, errno, "looking at the folder %s", home);
	/* Root's: an interrupted one of ours. */
	if (st.st_uid != user->uid && st.st_uid != geteuid())
		return err_set(err, ERR_CONFLICT, "%s is there and belongs to somebody else", home);
	if ((st.st_uid != user->uid || st.st_gid != user->gid) &&
	    fchown(fd, user->uid, user->gid) != 0)
		return err_sys(err, errno, "giving the folder %s to mongod's user", home);
	mode |= st.st_uid == user->uid ? st.st_mode & 011 : 0;
	if (fchmod(fd, mode) != 0 || sync_fd(fd) != 0 || sync_fd(up) != 0)
		return err_sys(err, errno, "setting the mode of the folder %s", home);
	return true;
}

/* ---- out ---- */

static bool check_alike(int fd, const struct stat *want, struct err *err)
{
	struct stat st;
	if (fstat(fd, &st) != 0)
		return err_sys(err, errno, "looking at the copy");
	if (st.st_uid != want->st_uid || st.st_gid != want->st_gid ||
	    (st.st_mode & 07777) != (want->st_mode & 07777))
		return err_set(err, ERR_UNSAFE_FILE,
			       "the copy did not get owner %u:%u and mode %04o", want->st_uid,
			       want->st_gid, (unsigned)want->st_mode & 07777);
	return true;
}

/* Attributes of `like`, but owner, group and mode of *want, before the first byte; then the bytes,
 * on disk. */
static bool fill(int to, int like, const struct stat *want, int64_t size, struct err *err)
{
	if (!file_attrs_copy(like, to, err))
		return false;
	if (fchown(to, want->st_uid, want->st_gid) != 0 || fchmod(to, want->st_mode & 07777) != 0)
		return err_sys(err, errno, "giving the copy its owner and mode");
	if (!check_alike(to, want, err) || !copy_bytes(like, to, size, err))
		return false;
	return sync_fd(to) == 0 || err_sys(err, errno, "syncing the copy");
}

/* The copy under its name in the folder `home`. What is there by that name is what an interrupted
 * one left, since the path does not lead there. */
static bool copy_out(const struct move *m, const struct move_user *user, const struct place *p,
		     int home, const char *name, struct stat *ret, struct err *err)
{
	auto_temp struct temp t = TEMP_INIT;
	auto_close int old = -1;
	struct stat want, st;
	if (!wished(m, user, &want, err) || !place_open(p, &old, err) ||
	    !check_bytes(old, p->stat.st_size, m->is_private, err) || !temp_open(home, &t, err) ||
	    !fill(t.fd, old, &want, p->stat.st_size, err))
		return false;
	if (fstatat(home, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && !wipe_and_unlink(home, name, err))
		return false;
	if (renameat2(home, t.name, home, name, RENAME_NOREPLACE) != 0)
		return err_sys(err, errno, "naming the copy");
	t.name[0] = 0;
	if (sync_fd(home) != 0) {
		(void)err_sys(err, errno, "syncing its folder");
		(void)unlinkat(home, name, 0);
		return false;
	}
	if (fstat(t.fd, ret) != 0 || fstatat(home, name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
	    !same_inode(ret, &st))
		return err_set(err, ERR_CHANGED, "somebody else writes in its folder");
	return true;
}

static bool link_in(const struct move *m, const struct place *p, struct err *err)
{
	auto_temp struct temp t = TEMP_INIT;
	if (!temp_link(p->dir, m->at, &t, err))
		return false;
	if (sync_fd(p->dir) != 0)
		return err_sys(err, errno, "syncing its folder");
	return place_check_unmoved(m->path, p, err) && temp_replace(p, &t, err);
}

/* Of the path itself, its last part not followed: for what stands where the link is or shall be. */
static bool find_here(const char *path, struct place *p, struct err *err)
{
	char dir[PATH_BYTES_MAX];
	const char *name;
	if (!split(path, dir, &name, err) || !open_dir(dir, &p->dir, err))
		return false;
	if (!copy_z(p->name, sizeof(p->name), name) || !copy_z(p->real, sizeof(p->real), path))
		return err_set(err, ERR_LIMIT, "its path is too long");
	if (fstat(p->dir, &p->dir_stat) != 0)
		return err_sys(err, errno, "looking at its folder");
	return place_look(p, err);
}

/* Both folders, locked against rotad and another rotactl, and what crashes left in them removed. */
static bool lock_both(int here, int home, const struct move_user *user, unsigned owner,
		      struct err *err)
{
	bool is_locked;
	if (!lock_directory(home, &is_locked, err))
		return false;
	if (is_locked)
		temp_sweep(home, user->uid, true);
	if (!lock_directory(here, &is_locked, err))
		return false;
	if (is_locked)
		temp_sweep(here, owner, true);
	return true;
}

/* Is what the path leads to now the file of which a person was asked, and may mongod's user read it
 * anyway? Whoever owns a folder above may have turned the path meanwhile. */
static bool check_same(const struct move *m, const struct move_user *user, const struct place *p,
		       struct err *err)
{
	const bool is_it = !m->inode || (p->stat.st_dev == m->device && p->stat.st_ino == m->inode);
	if (!is_it || p->stat.st_uid != m->uid || p->stat.st_gid != m->gid ||
	    (p->stat.st_mode & 07777) != m->mode)
		return err_set(err, ERR_CHANGED, "it is another file since it was looked at");
	return check_seen(user, m->path, &p->stat, err) && place_check_unmoved(m->path, p, err);
}

/* No link leads to the copy: nobody needs it. */
static void drop_copy(const struct place *p, const struct move *m, int home, const char *name,
		      const struct stat *is)
{
	struct err ignored = ERR_INIT; /* the first error is the one to tell */
	struct stat now;
	if (!link_leads_to(p->dir, p->name, m->at) &&
	    fstatat(home, name, &now, AT_SYMLINK_NOFOLLOW) == 0 && same_inode(&now, is))
		(void)wipe_and_unlink(home, name, &ignored);
}

static bool move_out_at(const struct move *m, const struct move_user *user, struct err *err)
{
	char home_path[PATH_BYTES_MAX];
	const char *name;
	auto_close int home = -1;
	struct stat is;
	auto_place struct place p = PLACE_INIT;
	if (!split(m->at, home_path, &name, err) || !open_dir(home_path, &home, err) ||
	    !find_here(m->path, &p, err) || !lock_both(p.dir, home, user, m->uid, err))
		return false;
	if (link_leads_to(p.dir, p.name, m->at))
		return true;
	if (!check_movable(&p, m->is_private, err) || !check_same(m, user, &p, err) ||
	    !copy_out(m, user, &p, home, name, &is, err))
		return false;
	/* While the path is as it was: what mongod could not read there must not come. */
	if (check_seen(user, m->at, &is, err) && link_in(m, &p, err))
		return true;
	if (err->kind != ERR_AMBIGUOUS)
		drop_copy(&p, m, home, name, &is);
	return false;
}

bool move_out(const struct move *m, const struct move_user *user, struct err *err)
{
	struct stat is;
	struct err ignored = ERR_INIT; /* the first error is the one to tell */
	err_subject(err, m->path);
	if (!move_out_at(m, user, err))
		return false;
	if (stat(m->at, &is) != 0)
		return err_sys(err, errno, "looking at it where it lives");
	if (check_seen(user, m->path, &is, err))
		return true;
	if (!move_back(m, user, &ignored))
		return err_in(err, "and moving it back failed: %.100s", ignored.text);
	return err_in(err, "it was moved back");
}

/* ---- back ---- */

/* Of somebody who may put any name there: a regular file of his own, by no other name. */
static bool open_moved(int home, const char *name, const struct move_user *user, int *ret,
		       struct stat *ret_stat, struct err *err)
{
	*ret = openat(home, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (*ret < 0 || fstat(*ret, ret_stat) != 0)
		return err_sys(err, errno, "opening %s", name);
	if (!S_ISREG(ret_stat->st_mode) || ret_stat->st_nlink != 1 ||
	    ret_stat->st_uid != user->uid || ret_stat->st_size > FILE_PUT_BYTES_MAX)
		return err_set(err, ERR_UNSAFE_FILE,
			       "where it lives is not a plain file of mongod's user by one name");
	return true;
}

static bool same_bytes(int a, int b)
{
	char x[CHUNK_BYTES], y[CHUNK_BYTES];
	bool is_same = true;
	for (off_t at = 0; is_same;) {
		ssize_t n = pread(a, x, sizeof(x), at), k = pread(b, y, sizeof(y), at);
		is_same = n >= 0 && n == k && memcmp(x, y, (size_t)n) == 0;
		if (n <= 0)
			break;
		at += n;
	}
	wipe(x, sizeof(x));
	wipe(y, sizeof(y));
	return is_same;
}

/* Nobody needs it there any more. */
static bool clear_home(int home, const char *name, struct err *err)
{
	char previous[NAME_MAX + sizeof(FILES_PREVIOUS_SUFFIX)];
	snprintf(previous, sizeof(previous), "%s" FILES_PREVIOUS_SUFFIX, name);
	/* First by another name: one that is half overwritten must not pass for the file. */
	auto_temp struct temp t = TEMP_INIT;
	if (!temp_take(home, name, &t, err) || !wipe_and_unlink(home, t.name, err))
		return false;
	t.name[0] = 0;
	if (!wipe_and_unlink(home, previous, err))
		return false;
	return sync_fd(home) == 0 || err_sys(err, errno, "syncing its folder");
}

/* The new file is there by a name of ours: what mongod could not read must not get the other. */
static bool check_readable(const struct move *m, const struct move_user *user, const struct temp *t,
			   struct err *err)
{
	char path[PATH_BYTES_MAX];
	const char *slash = strrchr(m->path, '/');
	struct stat is;
	if (snprintf(path, sizeof(path), "%.*s/%s", (int)(slash - m->path), m->path, t->name) >=
	    (int)sizeof(path))
		return err_set(err, ERR_LIMIT, "its path is too long");
	if (fstat(t->fd, &is) != 0)
		return err_sys(err, errno, "looking at the new file");
	return check_seen(user, path, &is, err) ||
	       err_in(err, "with owner %u:%u and mode %04o, as it had", m->uid, m->gid, m->mode);
}

static bool file_in(const struct move *m, const struct move_user *user, const struct place *p,
		    int home, const char *name, int moved, const struct stat *seen, struct err *err)
{
	auto_temp struct temp t = TEMP_INIT;
	struct stat want = {.st_uid = m->uid, .st_gid = m->gid, .st_mode = m->mode & 0777}, now;
	if (!check_mode(m->mode, err) || !temp_open(p->dir, &t, err) ||
	    !fill(t.fd, moved, &want, seen->st_size, err) || !check_readable(m, user, &t, err))
		return false;
	/* rotad writes there under the lock that is held; another hand may not. */
	if (fstatat(home, name, &now, AT_SYMLINK_NOFOLLOW) != 0 || !same_content(&now, seen))
		return err_set(err, ERR_CHANGED, "somebody wrote it while it was copied");
	return temp_replace(p, &t, err);
}

static bool move_back_at(const struct move *m, const struct move_user *user, struct err *err)
{
	char home_path[PATH_BYTES_MAX];
	const char *name;
	auto_close int home = -1;
	auto_close int moved = -1;
	struct stat seen;
	auto_place struct place p = PLACE_INIT;
	if (!split(m->at, home_path, &name, err) || !find_here(m->path, &p, err))
		return false;
	bool is_link = link_leads_to(p.dir, p.name, m->at);
	bool is_file = p.exists && S_ISREG(p.stat.st_mode);
	home = open(home_path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (home >= 0 && !lock_both(p.dir, home, user, geteuid(), err))
		return false;
	bool is_there = home >= 0 && fstatat(home, name, &seen, AT_SYMLINK_NOFOLLOW) == 0;
	if (is_file && !is_there)
		return true;
	if (!is_there)
		return err_set(err, ERR_NOT_FOUND, "%s, where it lives, is gone", m->at);
	if (!open_moved(home, name, user, &moved, &seen, err))
		return false;
	if (is_file) {
		auto_close int here = -1;
		if (!place_open(&p, &here, err))
			return false;
		if (!same_bytes(here, moved))
			return err_set(err, ERR_CONFLICT,
				       "it is no link any more and differs from %s: somebody wrote "
				       "it. Keep the right one of the two, remove the other",
				       m->at);
		return clear_home(home, name, err);
	}
	if (!is_link)
		return err_set(err, ERR_CONFLICT, "it does not lead to %s any more", m->at);
	if (!file_in(m, user, &p, home, name, moved, &seen, err))
		return false;
	return clear_home(home, name, err);
}

bool move_back(const struct move *m, const struct move_user *user, struct err *err)
{
	err_subject(err, m->path);
	return move_back_at(m, user, err);
}
