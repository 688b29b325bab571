/* SPDX-License-Identifier: Apache-2.0 */
/* What `rotactl adopt` moved, and how it was: a file of root's, by which `leave` and the next
 * `adopt` go. */
#ifndef CMD_CTL_ADOPT_RECORD_H
#define CMD_CTL_ADOPT_RECORD_H

#include "base/err.h"
#include "sys/move.h"

enum { ADOPT_MOVES_MAX = 16 }; /* files of one instance, also those that mongod named once */

struct adopt_record {
	bool exists;
	char user[64]; /* for whom they were moved; "" not known */
	unsigned moves_n;
	struct move moves[ADOPT_MOVES_MAX];
};

/* One that is not there is no error. Errors: ERR_UNSAFE_FILE (not of who runs this alone),
 * ERR_SYNTAX, those of reading it. */
MUST_CHECK bool adopt_record_read(const char *path, struct adopt_record *ret, struct err *err);
/* service is for people who read it. Errors: ERR_UNSUPPORTED (a path that is no UTF-8), ERR_MEMORY,
 * those of writing it. */
MUST_CHECK bool adopt_record_write(const char *path, const struct adopt_record *r,
				   const char *service, struct err *err);
/* The file that lived at that path, or (path NULL) lives at `at` now; NULL none. */
struct move *adopt_record_find(struct adopt_record *r, const char *path, const char *at);

#endif
