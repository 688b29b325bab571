/* SPDX-License-Identifier: Apache-2.0 */
/* Who may have written a file: the lines of the system's journal just before it changed. Judges
 * text; getting it, and what follows from it, is for others. */
#ifndef CODEC_SUSPECT_H
#define CODEC_SUSPECT_H

#include "base/buf.h"
#include "base/clock.h"
#include "model/seen.h"

/* What was started last before `moment`, or names `path`: "the unit keyfile-sync.service", "cron as
 * root: /usr/local/bin/sync", "sudo of alice: /bin/cp". Of a command only its program: what stands
 * behind it, or before it (NAME=value), may be secret. Where the kernel saw another than root write
 * the line: " (says uid 1000)". lines: of `journalctl --output=json`; what is no such line is
 * passed over. False: nothing of that kind is in them. */
MUST_CHECK bool suspect_find(struct str lines, const char *path, struct wall moment,
			     char ret[SUSPECT_BYTES]);

#endif
