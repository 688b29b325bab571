/* SPDX-License-Identifier: Apache-2.0 */
/* A file that mongod names, moved into a folder of mongod's own user with a link left where it was,
 * and moved back. At every moment, crashes included, the path gives the very bytes. Which files and
 * why is rotactl's (cmd/ctl_adopt.c); rotad itself never does this. */
#ifndef SYS_MOVE_H
#define SYS_MOVE_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"

enum { MOVE_GROUPS_MAX = 128 };

/* Whom a moved file shall serve. */
struct move_user {
	unsigned uid, gid;                          /* the user and its own group */
	unsigned groups[MOVE_GROUPS_MAX], groups_n; /* gid among them */
	int64_t pid; /* a process of it, whose view of the files counts; 0: none runs */
};

/* One file. Paths are absolute and have no link in them. */
struct move {
	char path[PATH_BYTES_MAX]; /* where it was, and where the link is */
	char at[PATH_BYTES_MAX];   /* where it lives: a name in its folder */
	unsigned uid, gid, mode;   /* as it was: what move_back() gives it again */
	bool is_private;           /* mongod refuses it when group or others have any right */
	uint64_t device,
	    inode; /* of the file that was looked at; 0, 0 any of that owner and mode */
};

/* Look where `path` (links followed) leads and fill *ret but for `at`: what would be moved. Nothing
 * is written. A private one must be a keyfile, another a PEM with a key, and none a program.
 * Errors: every reason against it, in words: ERR_UNSAFE_FILE (not regular, mount point, immutable,
 * hard links, ACL on a private one, a mode with x, s or t, root's below somebody else's folder),
 * ERR_PERMISSION (a group that the user is not in), those of keyfile_parse() and pem_read(),
 * ERR_NOT_FOUND, ERR_SYSTEM. */
MUST_CHECK bool move_look(const char *path, bool is_private, const struct move_user *user,
			  struct move *ret, struct err *err);
/* Can nobody but root (and who runs this) lead this path elsewhere? No folder above it is, or may
 * be written, by anybody else, sticky ones apart. The path has no link in it. Errors:
 * ERR_UNSAFE_FILE, ERR_CHANGED, ERR_SYSTEM. */
MUST_CHECK bool move_check_above(const char *path, struct err *err);
/* May that user, with what it has of groups, replace the file at path by a rename? Asked as that
 * user, in a child, where this process is root; else as who asks. Errors: those of can_put(). */
MUST_CHECK bool move_user_can_put(const char *path, const struct move_user *user, struct err *err);

/* The AppArmor profile that a process is held to, by the text of its /proc/PID/attr/current. False:
 * none, one that only complains, or a label of SELinux. */
bool move_is_confined(struct str attr, char *ret_profile, size_t n);
/* Does a file in that folder of profiles, or in its folder "local", speak of `word`? What a profile
 * allows is AppArmor's to say; that nobody thought of the new place shows here. */
bool move_is_in_profiles(const char *folder, const char *word);

/* The folder of `at`: its parent is made root's (0755), itself the user's (0700; 0711 where
 * is_passed, for files that others read by their own modes). Fine when it is there and so. Errors:
 * ERR_CONFLICT (somebody else's), ERR_SYSTEM. */
MUST_CHECK bool move_make_home(const char *home, const struct move_user *user, bool is_passed,
			       struct err *err);
/* Copy the file to `at`, make sure that the user can read it there (by the eyes of user->pid), then
 * put a link in its place. Fine when that is done already; what an interrupted one left is removed
 * first. Errors: those of move_look(), ERR_CHANGED (the path leads elsewhere than when it was
 * looked at, or somebody wrote it meanwhile), ERR_DISK_FULL, ERR_AMBIGUOUS. After false the path is
 * as it was, and but for ERR_AMBIGUOUS no copy is left. */
MUST_CHECK bool move_out(const struct move *m, const struct move_user *user, struct err *err);
/* The reverse: a file with the present bytes of `at` takes the place of the link, with the owner,
 * group and mode of *m; then what is at `at` is wiped, and a copy of the previous version beside
 * it. Fine when that is done already. Errors: ERR_CONFLICT (path is no link of ours and not the
 * same bytes), ERR_UNSAFE_FILE (at `at` is not a file of that user's; the mode is a program's),
 * ERR_CHANGED, as above. */
MUST_CHECK bool move_back(const struct move *m, const struct move_user *user, struct err *err);

#endif
