/* SPDX-License-Identifier: Apache-2.0 */
/* Drop-ins of rotad's units and a rule of polkit. Who gets them and why is ctl_adopt.c's. */
#include "cmd/ctl_adopt_texts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "sys/files_durable.h"

#define UNITS_FOLDER "/etc/systemd/system"
#define POLKIT_FOLDER "/etc/polkit-1/rules.d"

enum { TEXT_BYTES_MAX = 16 * 1024 };

void adopt_texts_fini(struct adopt_texts *t)
{
	for (size_t i = 0; i < ADOPT_TEXTS_N; i++)
		buf_fini(&t->row[i].bytes);
}

bool adopt_texts_name(struct adopt_texts *t, const struct adopt_words *w, struct err *err)
{
	struct adopt_text *service = &t->row[ADOPT_TEXT_SERVICE],
			  *socket = &t->row[ADOPT_TEXT_SOCKET],
			  *polkit = &t->row[ADOPT_TEXT_POLKIT];
	const size_t max = PATH_BYTES_MAX;
	service->has_folder = socket->has_folder = true;
	return ((size_t)snprintf(service->path, max, "%s" UNITS_FOLDER "/%s.d/adopt-%s.conf",
				 w->root, w->service, w->instance) < max &&
		(size_t)snprintf(socket->path, max,
				 "%s" UNITS_FOLDER "/rotad.socket.d/adopt-%s.conf", w->root,
				 w->instance) < max &&
		(size_t)snprintf(polkit->path, max, "%s" POLKIT_FOLDER "/51-rotad-%s.rules",
				 w->root, w->instance) < max) ||
	       err_set(err, ERR_LIMIT, "a path grew too long");
}

/* ---- the words ---- */

/* As systemd reads it: no specifiers, no blanks between words. False where it cannot be said. */
static bool add_unit_path(struct buf *out, const char *path)
{
	buf_adds(out, "ReadWritePaths=\"");
	for (const char *c = path; *c; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return false;
		if (*c == '%')
			buf_adds(out, "%%");
		else if (*c == '"' || *c == '\\')
			buf_addf(out, "\\%c", *c);
		else
			buf_addc(out, *c);
	}
	buf_adds(out, "\"\n");
	return true;
}

static void add_head(const struct adopt_words *w, const char *comment, struct buf *b)
{
	buf_addf(b, "%s Written by rotactl adopt %s; rotactl leave %s takes it away.\n", comment,
		 w->instance, w->instance);
}

/* rotad.service and its socket have the package's user; rotad@USER's have that user anyway. */
static bool names_user(const struct adopt_words *w)
{
	return strcmp(w->service, "rotad.service") == 0;
}

static bool make_service_text(const struct adopt_words *w, struct buf *b, struct err *err)
{
	add_head(w, "#", b);
	buf_adds(b, "[Service]\n");
	if (names_user(w))
		buf_addf(b, "User=%s\nGroup=%s\n", w->user, w->group);
	if (w->more_groups[0])
		buf_addf(b, "SupplementaryGroups=%s\n", w->more_groups);
	if (w->gives_group)
		buf_adds(b, "SystemCallFilter=fchown\n");
	for (unsigned i = 0; i < w->folders_n; i++)
		if (!add_unit_path(b, w->folders[i]))
			return err_set(err, ERR_UNSUPPORTED,
				       "a folder's name cannot be written into a unit");
	return buf_ok(b, err);
}

static bool make_socket_text(const struct adopt_words *w, struct buf *b, struct err *err)
{
	if (!names_user(w))
		return true;
	add_head(w, "#", b);
	buf_addf(b, "[Socket]\nSocketUser=%s\n", w->user);
	return buf_ok(b, err);
}

static bool is_unit_name(const char *z)
{
	for (; *z; z++)
		if (!((*z >= 'a' && *z <= 'z') || (*z >= 'A' && *z <= 'Z') ||
		      (*z >= '0' && *z <= '9') || strchr("@._-:", *z)))
			return false;
	return true;
}

/* The rule of the package lets ROTAD_USER restart mongod.service; any other is named here. */
static bool make_polkit_text(const struct adopt_words *w, struct buf *b, struct err *err)
{
	char folder[PATH_BYTES_MAX], general[PATH_BYTES_MAX];
	snprintf(folder, sizeof(folder), "%.2000s" POLKIT_FOLDER, w->root);
	snprintf(general, sizeof(general), "%.2000s/50-rotad.rules", folder);
	if (!w->unit || access(folder, W_OK) != 0 || !is_unit_name(w->unit) ||
	    !is_unit_name(w->user))
		return true;
	if (access(general, F_OK) == 0 && strcmp(w->user, ROTAD_USER) == 0 &&
	    strcmp(w->unit, "mongod.service") == 0)
		return true;
	add_head(w, "//", b);
	buf_addf(
	    b,
	    "// %s, rotad's user there, may start and restart this one unit.\n"
	    "polkit.addRule(function (action, subject) {\n"
	    "    if (action.id === \"org.freedesktop.systemd1.manage-units\" && subject.user === "
	    "\"%s\" &&\n"
	    "        action.lookup(\"unit\") === \"%s\" &&\n"
	    "        [\"start\", \"restart\", \"ref\"].indexOf(action.lookup(\"verb\")) >= 0)\n"
	    "        return polkit.Result.YES;\n"
	    "    return polkit.Result.NOT_HANDLED;\n"
	    "});\n",
	    w->user, w->user, w->unit);
	return buf_ok(b, err);
}

bool adopt_texts_make(struct adopt_texts *t, const struct adopt_words *w, struct err *err)
{
	for (size_t i = 0; i < ADOPT_TEXTS_N; i++)
		t->row[i].bytes.max = TEXT_BYTES_MAX;
	return make_service_text(w, &t->row[ADOPT_TEXT_SERVICE].bytes, err) &&
	       make_socket_text(w, &t->row[ADOPT_TEXT_SOCKET].bytes, err) &&
	       make_polkit_text(w, &t->row[ADOPT_TEXT_POLKIT].bytes, err);
}

/* ---- the files ---- */

bool adopt_is_there(const char *path)
{
	return access(path, F_OK) == 0;
}

bool adopt_folder_of(const char *path, char out[PATH_BYTES_MAX])
{
	const char *slash = strrchr(path, '/');
	return slash && slash != path &&
	       copy_str(out, PATH_BYTES_MAX, (struct str){.p = path, .n = (size_t)(slash - path)});
}

static bool make_folder(const char *path, struct err *err)
{
	err_subject(err, path);
	return mkdir(path, 0755) == 0 || errno == EEXIST ||
	       err_sys(err, errno, "making the folder");
}

bool adopt_text_write(const struct adopt_text *t, struct err *err)
{
	struct files_port files = files_durable();
	const struct file_put put = {.path = t->path, .bytes = buf_str(&t->bytes), .mode = 0644};
	char folder[PATH_BYTES_MAX];
	if (!adopt_folder_of(t->path, folder))
		return err_set(err, ERR_INVALID, "no folder for %s", t->path);
	return make_folder(folder, err) && files.ops->put(files.self, &put, err);
}

bool adopt_text_is_written(const struct adopt_text *t)
{
	struct files_port files = files_durable();
	struct err ignored = ERR_INIT;
	auto_buf struct buf there = {.max = TEXT_BYTES_MAX};
	return files.ops->read_text(files.self, t->path, TEXT_BYTES_MAX, &there, NULL, &ignored) &&
	       str_equal(buf_str(&there), buf_str(&t->bytes));
}

bool adopt_text_remove(const struct adopt_text *t, struct err *err)
{
	struct files_port files = files_durable();
	char folder[PATH_BYTES_MAX];
	if (!adopt_is_there(t->path))
		return true;
	if (!files.ops->remove(files.self, t->path, err))
		return false;
	if (t->has_folder && adopt_folder_of(t->path, folder))
		(void)rmdir(folder); /* another's drop-in keeps it */
	return true;
}

bool adopt_texts_are_there(const struct adopt_texts *t)
{
	for (size_t i = 0; i < ADOPT_TEXTS_N; i++)
		if (adopt_is_there(t->row[i].path))
			return true;
	return false;
}
