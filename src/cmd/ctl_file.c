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
#include "conf/conf_edit.h"
#include "sys/files_durable.h"
#include "sys/temp_file.h"

static bool write_whole(int fd, struct str text, struct err *err)
{
	return write_all(fd, text.p, text.n, err) &&
	       (sync_fd(fd) == 0 || err_sys(err, errno, "making the new file durable"));
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

/* Would the daemon take it? */
static bool check_text(struct str text, const char *path, struct wall now, struct conf *ret,
		       struct err *err)
{
	struct files_port files = files_durable();
	struct conf_how how = {.files = &files, .is_elsewhere = true, .now = now};
	auto_free struct conf_faults *faults = calloc(1, sizeof(*faults));
	if (!faults)
		return err_set(err, ERR_MEMORY, "no memory to check the configuration");
	return (conf_parse(text, path, ret, faults) && conf_check(ret, &how, faults)) ||
	       conf_faults_err(faults, path, err);
}

bool ctl_edit_conf(const struct ctl *ctl, const char *key, unsigned i, const char *value,
		   struct wall now, struct conf *ret, struct err *err)
{
	struct files_port files = files_durable();
	struct file_view view;
	const char *path = ctl->config_path;
	auto_buf struct buf before = {.max = CONF_BYTES_MAX}, after = {.max = CONF_BYTES_MAX};
	err_subject(err, path);
	if (!files.ops->read_text(files.self, path, CONF_BYTES_MAX, &before, &view, err))
		return false;
	if (!conf_edit(buf_str(&before), key, i, value, &after, err) ||
	    !check_text(buf_str(&after), path, now, ret, err))
		return err_in(err, "setting %s in the configuration; nothing was written", key);
	if (str_equal(buf_str(&before), buf_str(&after)))
		return true;
	const struct file_put put = {.path = path, .bytes = buf_str(&after), .expect = &view};
	return files.ops->put(files.self, &put, err);
}
