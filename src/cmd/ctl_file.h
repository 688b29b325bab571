/* SPDX-License-Identifier: Apache-2.0 */
/* Files that people name: for rotactl to write, and the configuration to go by. */
#ifndef CMD_CTL_FILE_H
#define CMD_CTL_FILE_H

#include "base/buf.h"
#include "base/err.h"
#include "cmd/ctl.h"
#include "conf/conf_check.h"

/* A new file of that mode (the umask takes its part), fsynced, never over another; what could not
 * be written whole does not stay. Nothing secret: `keyfile new` has its own. Errors: ERR_CONFLICT
 * (it is there), ERR_PERMISSION, ERR_DISK_FULL, ERR_SYSTEM. */
MUST_CHECK bool ctl_write_new(const char *path, struct str text, unsigned mode, struct err *err);

/* The same in the place of one that may be there: readers see the old or the new one, whole. Its
 * mode is exact. A link at that name is replaced, not followed. Errors: as above, without
 * ERR_CONFLICT; ERR_LIMIT. */
MUST_CHECK bool ctl_write_over(const char *path, struct str text, unsigned mode, struct err *err);

/* The configuration that rotad of this host goes by, as somebody else than rotad reads it: files
 * that it names are the daemon's to look at, it runs as another user. now: by which bornAt and the
 * like are judged. Errors: those of conf_load(), about that file; ERR_MEMORY. */
MUST_CHECK bool ctl_read_conf(const struct ctl *ctl, struct wall now, struct conf *ret,
			      struct err *err);

/* Set one value in that file (conf/conf_edit.h), every other byte as it was, where rotad would take
 * the new text; *ret then holds what it means. Nothing is written where the value stood there
 * already. Errors: those of conf_edit() and conf_check(), ERR_CHANGED, those of writing it. */
MUST_CHECK bool ctl_edit_conf(const struct ctl *ctl, const char *key, unsigned i, const char *value,
			      struct wall now, struct conf *ret, struct err *err);

#endif
