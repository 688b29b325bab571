/* SPDX-License-Identifier: Apache-2.0 */
/* Copies and compares owner, mode and extended attributes of two open files. */
#include "sys/file_attrs.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

#include "base/cleanup.h"
#include "base/limits.h"

#define ACL_NAME "system.posix_acl_access"
#define LABEL_NAME "security.selinux"

const char *user_name(unsigned uid, char *out, size_t out_n)
{
	auto_file FILE *f = fopen("/etc/passwd", "re");
	struct passwd row, *hit = NULL;
	char text[4096];
	for (int i = 0; f && i < 65536 && fgetpwent_r(f, &row, text, sizeof(text), &hit) == 0; i++)
		if (hit && hit->pw_uid == uid && copy_z(out, out_n, hit->pw_name))
			return out;
	snprintf(out, out_n, "uid %u", uid);
	return out;
}

static bool has_capability(unsigned which)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{.effective = 0}};
	if (syscall(SYS_capget, &head, data) != 0)
		return geteuid() == 0;
	return data[which / 32].effective & (UINT32_C(1) << (which % 32));
}

bool file_attrs_may_own(unsigned uid, unsigned gid)
{
	gid_t groups[1024];
	if (has_capability(CAP_CHOWN))
		return true;
	if (uid != geteuid())
		return false;
	int n = getgroups((int)ARRAY_N(groups), groups);
	bool is_mine = gid == getegid();
	for (int i = 0; i < n && !is_mine; i++)
		is_mine = groups[i] == gid;
	return is_mine;
}

bool file_attrs_may_chown(void)
{
	return fchown(-1, (uid_t)-1, (gid_t)-1) == 0 || errno != EPERM; /* EBADF: it got through */
}

/* Attributes bound to the content or to the kernel's verdict over it: a copy would be a lie. */
static bool is_content_bound(const char *name)
{
	return strcmp(name, "security.ima") == 0 || strcmp(name, "security.evm") == 0;
}

/* No such attribute, or none at all on this file system. */
static bool means_absent(int errno_value)
{
	return errno_value == ENODATA || errno_value == ENOTSUP || errno_value == ENOSYS;
}

/* The names, NUL after NUL, into *ret_list (caller frees). */
static bool list_names(int fd, char **ret_list, size_t *ret_n, struct err *err)
{
	auto_free char *list = malloc(XATTR_BYTES_MAX);
	if (!list)
		return err_set(err, ERR_MEMORY, "no memory for a list of attributes");
	ssize_t n = flistxattr(fd, list, XATTR_BYTES_MAX);
	if (n < 0 && !means_absent(errno))
		return err_sys(err, errno, "listing extended attributes");
	*ret_n = n < 0 ? 0 : (size_t)n;
	*ret_list = take(&list);
	return true;
}

/* n of the value, or -1 when absent. */
static bool get_value(int fd, const char *name, char *out, ssize_t *ret_n, struct err *err)
{
	ssize_t n = fgetxattr(fd, name, out, XATTR_BYTES_MAX);
	if (n < 0 && !means_absent(errno))
		return err_sys(err, errno, "reading attribute %s", name);
	*ret_n = n;
	return true;
}

enum pass { PASS_COPY, PASS_CHECK };

static bool refuse_value(const char *name, const char *value, ssize_t n, int errno_value,
			 struct err *err)
{
	if (strcmp(name, LABEL_NAME) == 0)
		return err_sys(err, errno_value,
			       "a new file here cannot get the SELinux label '%.*s' of the file it "
			       "replaces; give the directory a rule: semanage fcontext -a -t TYPE "
			       "'DIRECTORY(/.*)?', then restorecon -R DIRECTORY",
			       (int)MIN(n, (ssize_t)200), value);
	return err_sys(err, errno_value,
		       "a new file here cannot get the attribute %s of the file it replaces", name);
}

static bool one_value(enum pass pass, int from, int to, const char *name, char *want, char *have,
		      struct err *err)
{
	ssize_t want_n, have_n;
	if (is_content_bound(name))
		return err_set(
		    err, ERR_UNSAFE_FILE,
		    "the kernel guards its content (%s): a new version needs a new signature; "
		    "let what signs it write it: writer: external",
		    name);
	if (!get_value(from, name, want, &want_n, err) || !get_value(to, name, have, &have_n, err))
		return false;
	if (want_n == have_n && (want_n <= 0 || memcmp(want, have, (size_t)want_n) == 0))
		return true;
	if (pass == PASS_CHECK)
		return err_set(err, ERR_UNSAFE_FILE,
			       "the new file did not keep the attribute %s of the old one", name);
	if (want_n < 0) /* taken away since it was listed: the check before the rename finds it */
		return true;
	if (fsetxattr(to, name, want, (size_t)want_n, 0) != 0)
		return refuse_value(name, want, want_n, errno, err);
	return true;
}

static bool all_values(enum pass pass, int from, int to, struct err *err)
{
	auto_free char *list = NULL;
	auto_free char *values = malloc(2 * XATTR_BYTES_MAX);
	size_t n = 0;
	unsigned count = 0;
	bool has_acl = false;
	if (!values)
		return err_set(err, ERR_MEMORY, "no memory for attributes");
	if (!list_names(from, &list, &n, err))
		return false;
	for (size_t i = 0; i < n; i += strlen(list + i) + 1) {
		if (++count > XATTRS_MAX)
			return err_set(err, ERR_LIMIT, "it has more than %d extended attributes",
				       XATTRS_MAX);
		has_acl = has_acl || strcmp(list + i, ACL_NAME) == 0;
		if (!one_value(pass, from, to, list + i, values, values + XATTR_BYTES_MAX, err))
			return false;
	}
	if (has_acl)
		return true;
	/* A default ACL of the directory was inherited; the old file has none. */
	if (pass == PASS_COPY) {
		if (fremovexattr(to, ACL_NAME) != 0 && !means_absent(errno))
			return err_sys(err, errno, "removing the ACL that the directory gave");
		return true;
	}
	return one_value(pass, from, to, ACL_NAME, values, values + XATTR_BYTES_MAX, err);
}

bool file_attrs_copy(int from, int to, struct err *err)
{
	struct stat want, have;
	char owner[64], me[64];
	if (fstat(from, &want) != 0 || fstat(to, &have) != 0)
		return err_sys(err, errno, "looking at an open file");
	if ((want.st_uid != have.st_uid || want.st_gid != have.st_gid) &&
	    fchown(to, want.st_uid, want.st_gid) != 0)
		return err_sys(err, errno,
			       "it belongs to %s (group %u), and rotad runs as %s: a new file "
			       "cannot be given to that owner",
			       user_name(want.st_uid, owner, sizeof(owner)), want.st_gid,
			       user_name(geteuid(), me, sizeof(me)));
	if (!all_values(PASS_COPY, from, to, err))
		return false;
	/* Last: chown takes set-id bits away, an ACL rewrites the group's bits. By descriptor, so
	 * that no umask has a say. */
	if (fchmod(to, want.st_mode & 07777) != 0)
		return err_sys(err, errno, "setting the mode");
	return true;
}

bool file_attrs_check(int from, int to, struct err *err)
{
	struct stat want, have;
	if (fstat(from, &want) != 0 || fstat(to, &have) != 0)
		return err_sys(err, errno, "looking at an open file");
	if (want.st_uid != have.st_uid || want.st_gid != have.st_gid ||
	    (want.st_mode & 07777) != (have.st_mode & 07777))
		return err_set(err, ERR_UNSAFE_FILE,
			       "the new file did not keep owner %u:%u and mode %04o: it has %u:%u, "
			       "%04o",
			       want.st_uid, want.st_gid, want.st_mode & 07777, have.st_uid,
			       have.st_gid, have.st_mode & 07777);
	return all_values(PASS_CHECK, from, to, err);
}
