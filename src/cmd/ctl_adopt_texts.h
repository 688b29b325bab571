/* SPDX-License-Identifier: Apache-2.0 */
/* What `rotactl adopt` writes beside the files, for systemd and polkit: a row each, made, said,
 * written, compared and removed alike. A new row is a word in contrib/packaging/debian/rotad.postrm
 * too. */
#ifndef CMD_CTL_ADOPT_TEXTS_H
#define CMD_CTL_ADOPT_TEXTS_H

#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"

enum { ADOPT_FILES_MAX = 3 }; /* keyfile, certificate, clusterFile */

/* One text. */
struct adopt_text {
	char path[PATH_BYTES_MAX];
	bool has_folder;  /* its folder goes with the last one in it */
	struct buf bytes; /* none: it is not wanted here */
};
enum { ADOPT_TEXT_SERVICE, ADOPT_TEXT_SOCKET, ADOPT_TEXT_POLKIT, ADOPT_TEXTS_N };
struct adopt_texts {
	struct adopt_text row[ADOPT_TEXTS_N];
};

/* Whom they are for. */
struct adopt_words {
	const char *root;                     /* before our folders: "", or --root's */
	const char *instance;                 /* its name */
	const char *service;                  /* of rotad, with ".service" */
	const char *user, *group;             /* mongod's */
	const char *more_groups;              /* that only its process has; "" none */
	const char *unit;                     /* which rotad restarts; NULL none */
	bool gives_group;                     /* a file's successor is given to another group */
	const char *folders[ADOPT_FILES_MAX]; /* in which rotad writes */
	unsigned folders_n;
};

void adopt_texts_fini(struct adopt_texts *t);
/* Where they stand; root, instance and service alone count. Errors: ERR_LIMIT. */
MUST_CHECK bool adopt_texts_name(struct adopt_texts *t, const struct adopt_words *w,
				 struct err *err);
/* Make those that are wanted here. Errors: ERR_UNSUPPORTED (a folder's name), ERR_LIMIT. */
MUST_CHECK bool adopt_texts_make(struct adopt_texts *t, const struct adopt_words *w,
				 struct err *err);
/* Is any of them there? */
bool adopt_texts_are_there(const struct adopt_texts *t);
MUST_CHECK bool adopt_text_write(const struct adopt_text *t, struct err *err);
/* Does it stand there, byte for byte? */
bool adopt_text_is_written(const struct adopt_text *t);
/* Fine where it is not there. */
MUST_CHECK bool adopt_text_remove(const struct adopt_text *t, struct err *err);

bool adopt_is_there(const char *path);
/* The folder of an absolute path; false for one in the root. */
bool adopt_folder_of(const char *path, char out[PATH_BYTES_MAX]);

#endif
