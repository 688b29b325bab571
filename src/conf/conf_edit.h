/* SPDX-License-Identifier: Apache-2.0 */
/* Change one value in the text of rotad.yaml and nothing else: comments, order and style stay.
 * Writing the file is the caller's. */
#ifndef CONF_CONF_EDIT_H
#define CONF_CONF_EDIT_H

#include "conf/conf_parse.h"

/* Set key ("keyfile.mode", "instances[].mode" of element i, from 0) to value, which is written as
 * it is. Appends the whole new text to out. The result is parsed, and taken only if it means the
 * same but for that key. Errors: ERR_INVALID (text or value is no good configuration),
 * ERR_NOT_FOUND (no such element), ERR_UNSUPPORTED (written in a way that a person must edit),
 * ERR_MEMORY. */
MUST_CHECK bool conf_edit(struct str text, const char *key, unsigned i, const char *value,
			  struct buf *out, struct err *err);

#endif
