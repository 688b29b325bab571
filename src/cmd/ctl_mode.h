/* SPDX-License-Identifier: Apache-2.0 */
/* The edit that `rotactl mode` makes in a text of rotad.yaml. Reads and writes no file. */
#ifndef CMD_CTL_MODE_H
#define CMD_CTL_MODE_H

#include "base/buf.h"

/* Set `mode` at the top (kind and instance NULL), in the section of that kind, or in the instance
 * of that name: the word that is there is replaced, else an entry is put in as the first of its
 * map; all other bytes stay. *ret gets the new text. Errors: those of yaml_parse; ERR_NOT_FOUND (no
 * such instance); ERR_UNSUPPORTED with the place, where it cannot be done without a doubt. */
MUST_CHECK bool mode_edit(struct str text, const char *kind, const char *instance, const char *word,
			  struct buf *ret, struct err *err);

#endif
