/* SPDX-License-Identifier: Apache-2.0 */
/* Files that people name for rotactl to write. */
#ifndef CMD_CTL_FILE_H
#define CMD_CTL_FILE_H

#include "base/buf.h"
#include "base/err.h"

/* A new file of that mode (the umask takes its part), fsynced, never over another; what could not
 * be written whole does not stay. Nothing secret: `keyfile new` has its own. Errors: ERR_CONFLICT
 * (it is there), ERR_PERMISSION, ERR_DISK_FULL, ERR_SYSTEM. */
MUST_CHECK bool ctl_write_new(const char *path, struct str text, unsigned mode, struct err *err);

#endif
