/* SPDX-License-Identifier: Apache-2.0 */
/* Makes text of strangers (hooks, mongod's log) fit to be shown, stored and sent: no control
 * characters, valid UTF-8, and nothing that could be a key. */
#ifndef SYS_REDACT_H
#define SYS_REDACT_H

#include "base/buf.h"

/* Runs of at least this many base64 characters are taken for secrets. */
enum { REDACT_RUN_MIN = 40 };

/* Append in to out: every run of REDACT_RUN_MIN or more base64 characters (also URL-safe ones, and
 * on over the following lines) becomes "[N characters taken out]"; so does what stands between the
 * BEGIN and END lines of a private key. Paths stay readable: a run that begins with '/' and has no
 * upper-case letter, '+' or '='. Control characters become spaces (or stay line ends, when
 * keep_lines), bytes that are no UTF-8 become '?'. */
void redact(struct buf *out, struct str in, bool keep_lines);
/* The same into a fixed array; a text that is too long keeps its end, after "...". */
void redact_end(char *out, size_t out_n, struct str in, bool keep_lines);

#endif
