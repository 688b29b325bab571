/* SPDX-License-Identifier: Apache-2.0 */
/* One rotad per state directory, by an open-file lock: no crash can leave it behind, no fork shares
 * it beyond exec, and who only asks need not take it (flock(2) could not tell). */
#include "sys/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "sys/file_attrs.h"

#define LOCK_NAME "lock"

static bool check_state_dir(int dir, struct err *err)
{
	struct stat st;
	char owner[64], me[64];
	if (fstat(dir, &st) != 0)
		return err_sys(err, errno, "looking at the state directory");
	if (st.st_uid != geteuid())
		return err_set(err, ERR_UNSAFE_FILE,
			       "the state directory belongs to %s, and rotad runs as %s",
			       user_name(st.st_uid, owner, sizeof(owner)),
			       user_name(geteuid(), me, sizeof(me)));
	if (st.st_mode & 077)
		return err_set(err, ERR_UNSAFE_FILE,
			       "the state directory has mode %04o: it holds keys, so it must be "
			       "0700 (chmod 0700; in a unit StateDirectoryMode=0700)",
			       st.st_mode & 07777);
	return true;
}

/* The number written in the lock file; 0 when there is none. Only for people: the lock itself is
 * the truth. */
static int64_t written_pid(int fd)
{
	char text[32];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	if (n <= 0)
		return 0;
	text[n] = 0;
	return strtoll(text, NULL, 10);
}

static bool is_busy(int errno_value)
{
	return errno_value == EAGAIN || errno_value == EACCES;
}

static int open_lock(int dir, int flags)
{
	return openat(dir, LOCK_NAME, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);
}

bool state_lock_take(const char *path, struct state_lock *ret, struct err *err)
{
	char text[32];
	err_subject(err, path);
	auto_close int dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return err_sys(err, errno, "opening the state directory");
	if (!check_state_dir(dir, err))
		return false;
	auto_close int lock = open_lock(dir, O_RDWR | O_CREAT);
	if (lock < 0)
		return err_sys(err, errno, "opening its lock");
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	if (fcntl(lock, F_OFD_SETLK, &whole) != 0) {
		if (!is_busy(errno))
			return err_sys(err, errno, "locking the state directory");
		return err_set(err, ERR_CONFLICT,
			       "another rotad (process %" PRId64 ") runs with this state directory",
			       written_pid(lock));
	}
	int n = snprintf(text, sizeof(text), "%d\n", (int)getpid());
	if (ftruncate(lock, 0) != 0 || pwrite(lock, text, (size_t)n, 0) != n)
		return err_sys(err, errno, "writing our process id into the lock");
	*ret = (struct state_lock){.dir = dir, .lock = lock};
	dir = lock = -1;
	err_subject(err, "");
	return true;
}

bool state_lock_find(const char *path, int64_t *ret_pid, struct err *err)
{
	auto_close int dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	auto_close int lock = dir < 0 ? -1 : open_lock(dir, O_RDONLY);
	*ret_pid = 0;
	if (lock < 0 && errno == ENOENT)
		return true;
	if (lock < 0)
		return err_sys(err, errno, "opening the lock of '%s'", path);
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	if (fcntl(lock, F_OFD_GETLK, &whole) != 0)
		return err_sys(err, errno, "looking at the lock of '%s'", path);
	if (whole.l_type != F_UNLCK)
		*ret_pid = MAX(written_pid(lock), (int64_t)1); /* held, though its number is gone */
	return true;
}

void state_lock_fini(struct state_lock *l)
{
	cleanup_close(&l->lock);
	cleanup_close(&l->dir);
	*l = STATE_LOCK_INIT;
}
