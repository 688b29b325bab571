/* SPDX-License-Identifier: Apache-2.0 */
/* What a replaced file must keep besides its bytes: owner, group, mode, POSIX ACL, SELinux label
 * and every other extended attribute. By descriptor only; knows no path and writes no content. */
#ifndef SYS_FILE_ATTRS_H
#define SYS_FILE_ATTRS_H

#include "base/err.h"

/* Make `to` like `from`. `to` should be empty: it may be read by others afterwards. Errors:
 * ERR_PERMISSION (owner, label or attribute that we may not give), ERR_UNSAFE_FILE (attributes that
 * belong to the content, as IMA's), ERR_LIMIT, ERR_MEMORY, ERR_SYSTEM. */
MUST_CHECK bool file_attrs_copy(int from, int to, struct err *err);
/* Are they alike, read back from the kernel? Errors: ERR_UNSAFE_FILE naming what differs, and those
 * above. */
MUST_CHECK bool file_attrs_check(int from, int to, struct err *err);
/* May this process give a file to that owner and group? */
bool file_attrs_may_own(unsigned uid, unsigned gid);
/* May it at all? Not under a system call filter without chown, as in the shipped unit. */
bool file_attrs_may_chown(void);
/* "mongod", or "uid 998" when /etc/passwd has no such line. Asks no directory service, which might
 * hang. out_n at least 64. Returns out. */
const char *user_name(unsigned uid, char *out, size_t out_n);

#endif
