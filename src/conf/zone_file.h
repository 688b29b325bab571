/* SPDX-License-Identifier: Apache-2.0 */
/* Time zones of this host by name. */
#ifndef CONF_ZONE_FILE_H
#define CONF_ZONE_FILE_H

#include "model/zone.h"
#include "port/files.h"

#define ZONE_DIRECTORY "/usr/share/zoneinfo"

/* Load "Europe/Berlin" from directory (NULL: ZONE_DIRECTORY). "UTC" and "Etc/UTC" need no file.
 * Errors: ERR_INVALID (no name of a zone: empty parts, "..", other characters than letters, digits,
 * _ + - /), ERR_NOT_FOUND, and those of tzif_decode and files.read_text. */
MUST_CHECK bool zone_load(const struct files_port *files, const char *directory, const char *name,
			  struct zone *ret, struct err *err);

#endif
