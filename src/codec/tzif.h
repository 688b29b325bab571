/* SPDX-License-Identifier: Apache-2.0 */
/* A compiled time zone file (TZif, RFC 9636) into the value of model/zone.h. Reading the file is
 * conf/zone_file.h. */
#ifndef CODEC_TZIF_H
#define CODEC_TZIF_H

#include "model/zone.h"

/* Decode bytes of TZif version 1 to 4. name is copied into *ret. Errors: ERR_SYNTAX (not TZif,
 * truncated, out of order), ERR_LIMIT (more than ZONE_TRANSITIONS_MAX), ERR_UNSUPPORTED (leap
 * seconds: the zones "right/..."). */
MUST_CHECK bool tzif_decode(struct str bytes, const char *name, struct zone *ret, struct err *err);

#endif
