/* SPDX-License-Identifier: Apache-2.0 */
/* See ctl_file.h. */
#include "cmd/ctl_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "sys/files_durable.h"

static bool write_whole(int fd, struct str text, struct err *err)
{
	for (size_t at = 0; at < text.n;) {
		ssize_t n = write(fd, text.p + at, text.n - at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, errno, "writing the new file");
		at += (size_t)n;
	}
	return fsync(fd) == 0 || err_sys(err, errno, "making the new file durable");
}

bool ctl_write_new(const char *path, struct str text, unsigned mode, struct err *err)
{
	err_subject(err, path);
	auto_close int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0 && errno == EEXIST)
		return err_set(err, ERR_CONFLICT, "it is there already; nothing was written");
	if (fd < 0)
		return err_sys(err, errno, "making the new file");
	if (write_whole(fd, text, err))
		return true;
	(void)unlink(path); /* ours, and of no use */
	return false;
}

bool ctl_write_over(const char *path, struct str text, unsigned mode, struct err *err)
{
	char temporary[PATH_BYTES_MAX];
	err_subject(err, path);
	/* In the same folder, and by no name that a collector of FILE.* would read. */
	if ((size_t)snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path) >= sizeof(temporary))
		return err_set(err, ERR_LIMIT, "the path is too long");
	auto_close int fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, errno, "making a new file beside it");
	if (write_whole(fd, text, err) &&
	    (fchmod(fd, mode) == 0 || err_sys(err, errno, "setting the mode of the new file")) &&
	    (rename(temporary, path) == 0 || err_sys(err, errno, "putting the new file in place")))
		return true;
	(void)unlink(temporary); /* ours, and of no use */
	return false;
}

bool ctl_read_conf(const struct ctl *ctl, struct wall now, struct conf *ret, struct err *err)
{
	struct files_port files = files_durable();
	struct conf_how how = {
	    .files = &files, .is_elsewhere = true, .uid = CONF_UID_ANY, .now = now};
	auto_free struct conf_faults *faults = calloc(1, sizeof(*faults));
	err_subject(err, ctl->config_path);
	if (!faults)
		return err_set(err, ERR_MEMORY, "no memory to read the configuration");
	return conf_load(ctl->config_path, &how, ret, faults, err);
}
