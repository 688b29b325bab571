/* SPDX-License-Identifier: Apache-2.0 */
/* inotify on directories, filtered by the names that matter. What a change means is not known here.
 */
#include "sys/watch.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/cleanup.h"

enum { READS_MAX = 64 }; /* of one fetch: 64 times 4 KiB of events, then the next wake-up */
#define WATCH_MASK                                                                                 \
	(IN_CLOSE_WRITE | IN_MODIFY | IN_ATTRIB | IN_CREATE | IN_DELETE | IN_MOVED_FROM |          \
	 IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR | IN_EXCL_UNLINK)

struct watch_file {
	int wd; /* of its directory; the kernel gives one number to one directory */
	char name[NAME_MAX + 1];
};

struct watch {
	int fd;
	bool needs_rescan;
	size_t files_n;
	struct watch_file files[WATCH_FILES_MAX], before[WATCH_FILES_MAX];
};

static void watch_close(struct watch *w)
{
	if (w->fd >= 0)
		(void)close(w->fd);
	w->fd = -1;
}

void watch_free(struct watch *w)
{
	if (!w)
		return;
	watch_close(w);
	free(w);
}

bool watch_new(struct watch **ret, struct err *err)
{
	struct watch *w = calloc(1, sizeof(*w));
	if (!w)
		return err_set(err, ERR_MEMORY, "no memory to watch files");
	w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (w->fd < 0) {
		int why = errno;
		free(w);
		return err_sys(err, why, "asking for inotify (fs.inotify.max_user_instances?)");
	}
	*ret = w;
	return true;
}

/* Watch the directory of path for its last component. */
static bool add_one(struct watch *w, const char *path, struct err *err)
{
	char dir[PATH_BYTES_MAX];
	const char *slash = strrchr(path, '/');
	if (!slash || !slash[1] ||
	    !copy_str(dir, sizeof(dir),
		      slash == path ? STR("/")
				    : (struct str){.p = path, .n = (size_t)(slash - path)}))
		return err_set(err, ERR_INVALID, "'%.200s' is not the full path of a file", path);
	if (w->files_n == WATCH_FILES_MAX)
		return err_set(err, ERR_LIMIT, "more than %d files to watch", WATCH_FILES_MAX);
	struct watch_file *f = &w->files[w->files_n];
	f->wd = inotify_add_watch(w->fd, dir, WATCH_MASK);
	if (f->wd < 0 || !copy_z(f->name, sizeof(f->name), slash + 1)) {
		/* No such directory yet, no right to read it, no watch left: the timer looks. */
		w->needs_rescan = true;
		return true;
	}
	w->files_n++;
	return true;
}

/* The path, and what each link on its last component leads to, one step after the other: a link
 * that is turned elsewhere is seen, and so is a change of the file at its end. */
static bool add_chain(struct watch *w, const char *path, struct err *err)
{
	char at[PATH_BYTES_MAX], to[PATH_BYTES_MAX], real[PATH_MAX];
	if (!copy_z(at, sizeof(at), path))
		return err_set(err, ERR_LIMIT, "the path is too long");
	for (int i = 0; i < 8; i++) {
		if (!add_one(w, at, err))
			return false;
		ssize_t n = readlink(at, to, sizeof(to) - 1);
		if (n <= 0 || n == (ssize_t)sizeof(to) - 1)
			return true;
		to[n] = 0;
		char *slash = strrchr(at, '/');
		size_t head = to[0] == '/' ? 0 : (size_t)(slash + 1 - at);
		if (head + (size_t)n >= sizeof(at))
			return true;
		memcpy(at + head, to, (size_t)n + 1);
	}
	/* Longer chains: the end at least. */
	return !realpath(path, real) || add_one(w, real, err);
}

static bool has_directory(const struct watch_file *files, size_t n, int wd)
{
	for (size_t i = 0; i < n; i++)
		if (files[i].wd == wd)
			return true;
	return false;
}

bool watch_set(struct watch *w, const char *const *paths, size_t paths_n, struct err *err)
{
	size_t before_n = w->files_n;
	memcpy(w->before, w->files, before_n * sizeof(w->files[0]));
	w->files_n = 0;
	w->needs_rescan = false;
	for (size_t i = 0; i < paths_n; i++)
		if (!add_chain(w, paths[i], err))
			return false;
	/* The descriptor stays, for an event loop knows it. The kernel numbers watches upwards, so
	 * a number removed here does not come back for another directory soon. */
	for (size_t i = 0; i < before_n; i++)
		if (!has_directory(w->files, w->files_n, w->before[i].wd) &&
		    !has_directory(w->before, i, w->before[i].wd))
			(void)inotify_rm_watch(w->fd, w->before[i].wd); /* it may be gone already */
	return true;
}

int watch_fd(const struct watch *w)
{
	return w->fd;
}

static bool matters(struct watch *w, const struct inotify_event *e)
{
	if (e->mask & IN_Q_OVERFLOW)
		return true;
	if (e->mask & (IN_IGNORED | IN_UNMOUNT | IN_DELETE_SELF | IN_MOVE_SELF)) {
		bool is_ours = has_directory(w->files, w->files_n, e->wd);
		w->needs_rescan = w->needs_rescan || is_ours;
		return is_ours; /* else one that watch_set() let go */
	}
	for (size_t i = 0; i < w->files_n; i++)
		if (w->files[i].wd == e->wd && e->len && strcmp(w->files[i].name, e->name) == 0)
			return true;
	return false;
}

bool watch_changed(struct watch *w)
{
	_Alignas(struct inotify_event) char events[4096];
	bool changed = false;
	for (int i = 0; i < READS_MAX; i++) {
		ssize_t n = read(w->fd, events, sizeof(events));
		if (n <= 0)
			break;
		for (ssize_t at = 0; at < n;) {
			const struct inotify_event *e = (const void *)(events + at);
			changed = matters(w, e) || changed;
			at += (ssize_t)(sizeof(*e) + e->len);
		}
	}
	return changed;
}

bool watch_needs_rescan(const struct watch *w)
{
	return w->needs_rescan;
}
