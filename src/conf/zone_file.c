/* SPDX-License-Identifier: Apache-2.0 */
/* The name is checked before it becomes a path, so that no configuration can read another file. */
#include "conf/zone_file.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "codec/tzif.h"

static bool is_name(const char *name)
{
	if (strlen(name) >= ZONE_NAME_BYTES || name[0] == '\0' || name[0] == '/' ||
	    name[strlen(name) - 1] == '/' || strstr(name, "//"))
		return false;
	for (const char *c = name; *c; c++) /* no dot: so no "..", and no file beside the zones */
		if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
		      (*c >= '0' && *c <= '9') || *c == '_' || *c == '+' || *c == '-' || *c == '/'))
			return false;
	return true;
}

bool zone_load(const struct files_port *files, const char *directory, const char *name,
	       struct zone *ret, struct err *err)
{
	char path[PATH_BYTES_MAX];
	auto_buf struct buf text = {.max = ZONE_BYTES_MAX + 1};
	if (!is_name(name))
		return err_set(err, ERR_INVALID,
			       "'%.64s' is no name of a time zone; write for instance "
			       "Europe/Berlin or UTC",
			       name);
	if (strcmp(name, "UTC") == 0 || strcmp(name, "Etc/UTC") == 0) {
		memset(ret, 0, sizeof(*ret));
		snprintf(ret->name, sizeof(ret->name), "%s", name);
		return true;
	}
	snprintf(path, sizeof(path), "%s/%s", directory ? directory : ZONE_DIRECTORY, name);
	if (!files->ops->read_text(files->self, path, ZONE_BYTES_MAX, &text, NULL, err)) {
		if (err->kind == ERR_NOT_FOUND) {
			err_clear(err);
			return err_set(err, ERR_NOT_FOUND,
				       "no time zone '%s' on this host (%s; package tzdata)", name,
				       path);
		}
		return err_in(err, "loading time zone %s", name);
	}
	if (!tzif_decode(buf_str(&text), name, ret, err))
		return err_in(err, "loading time zone %s", name);
	return true;
}
