/* SPDX-License-Identifier: Apache-2.0 */
/* A files port that only reads, straight from this host: for tests of what is made from files. */
#ifndef TESTS_LIB_READ_FILES_H
#define TESTS_LIB_READ_FILES_H

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "port/files.h"

static inline bool read_files_look(void *self UNUSED, const char *path, struct file_view *ret,
				   struct err *err UNUSED)
{
	struct stat st;
	memset(ret, 0, sizeof(*ret));
	if (stat(path, &st) != 0)
		return true;
	ret->exists = true;
	ret->is_regular = S_ISREG(st.st_mode);
	ret->mode = st.st_mode & 07777;
	ret->uid = st.st_uid;
	ret->gid = st.st_gid;
	ret->size = st.st_size;
	ret->device = st.st_dev;
	ret->inode = st.st_ino;
	return true;
}

static inline bool read_files_text(void *self, const char *path, size_t max, struct buf *ret,
				   struct file_view *ret_view, struct err *err)
{
	char part[4096];
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return err_sys(err, errno, "cannot open %s", path);
	for (;;) {
		ssize_t n = read(fd, part, sizeof(part));
		if (n < 0)
			return err_sys(err, errno, "cannot read %s", path);
		if (n == 0)
			break;
		buf_add(ret, part, (size_t)n);
		if (ret->n > max)
			return err_set(err, ERR_LIMIT, "%s is larger than %zu bytes", path, max);
	}
	if (!buf_ok(ret, err))
		return false;
	return !ret_view || read_files_look(self, path, ret_view, err);
}

static const struct files_ops read_files_ops UNUSED = {.look = read_files_look,
						       .read_text = read_files_text};
static const struct files_port read_files UNUSED = {.ops = &read_files_ops};

#endif
