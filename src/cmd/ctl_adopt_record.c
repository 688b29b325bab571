/* SPDX-License-Identifier: Apache-2.0 */
/* The record of adopt as JSON. What is in it is believed, so it must be root's alone. */
#include "cmd/ctl_adopt_record.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "codec/json_mem.h"
#include "sys/files_durable.h"

enum { RECORD_BYTES_MAX = 256 * 1024 }; /* ADOPT_MOVES_MAX rows with two of the longest paths */
STATIC_ASSERT(RECORD_BYTES_MAX > ADOPT_MOVES_MAX * 3 * PATH_BYTES_MAX, "each fits");

static bool is_id(json_int_t n)
{
	return n >= 0 && n < UINT32_MAX; /* the last one is no user */
}

static bool take_row(const json_t *row, struct move *ret)
{
	const char *path, *at;
	json_int_t uid, gid, mode;
	int is_private;
	if (json_unpack((json_t *)(uintptr_t)row, "{s:s,s:s,s:I,s:I,s:I,s:b}", "path", &path, "at",
			&at, "uid", &uid, "gid", &gid, "mode", &mode, "private", &is_private) != 0)
		return false;
	/* No bit of a program: what comes back would be root's again. */
	if (!is_id(uid) || !is_id(gid) || (mode & ~0666))
		return false;
	*ret = (struct move){.uid = (unsigned)uid,
			     .gid = (unsigned)gid,
			     .mode = (unsigned)mode,
			     .is_private = is_private};
	return copy_z(ret->path, sizeof(ret->path), path) && copy_z(ret->at, sizeof(ret->at), at);
}

bool adopt_record_read(const char *path, struct adopt_record *ret, struct err *err)
{
	struct files_port files = files_durable();
	auto_buf struct buf text = {.max = RECORD_BYTES_MAX};
	auto_free struct adopt_record *r = calloc(1, sizeof(*r));
	struct file_view v;
	size_t i;
	json_t *one;
	if (!r)
		return err_set(err, ERR_MEMORY, "no memory for the record");
	if (!files.ops->look(files.self, path, &v, err))
		return false;
	if (!v.exists) {
		*ret = *r;
		return true;
	}
	err_subject(err, path);
	if (v.uid != geteuid() || (v.mode & 022))
		return err_set(err, ERR_UNSAFE_FILE, "it is not root's alone");
	if (!files.ops->read_text(files.self, path, RECORD_BYTES_MAX, &text, NULL, err))
		return false;
	AUTO(json_t) doc = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, NULL);
	const char *user = json_string_value(json_object_get(doc, "user"));
	const json_t *files_of_it = json_object_get(doc, "files");
	cut_z(r->user, sizeof(r->user), user ? user : "");
	bool ok = json_is_object(doc) && json_array_size(files_of_it) <= ADOPT_MOVES_MAX;
	json_array_foreach((json_t *)(uintptr_t)files_of_it, i, one) ok =
	    ok && take_row(one, &r->moves[r->moves_n++]);
	if (!ok)
		return err_set(err, ERR_SYNTAX, "it is not what rotactl adopt writes");
	r->exists = true;
	*ret = *r;
	return true;
}

bool adopt_record_write(const char *path, const struct adopt_record *r, const char *service,
			struct err *err)
{
	struct files_port files = files_durable();
	AUTO(json_t)
	doc = json_pack("{s:s, s:s, s:s, s:[]}", "undo", "rotactl leave", "user", r->user,
			"service", service, "files");
	for (unsigned i = 0; i < r->moves_n; i++) {
		const struct move *m = &r->moves[i];
		json_t *row = json_pack("{s:s,s:s,s:I,s:I,s:I,s:b}", "path", m->path, "at", m->at,
					"uid", (json_int_t)m->uid, "gid", (json_int_t)m->gid,
					"mode", (json_int_t)m->mode, "private", m->is_private);
		if (json_array_append_new(json_object_get(doc, "files"), row) != 0)
			return err_set(err, ERR_UNSUPPORTED,
				       "%s cannot be written into the record: a path is no UTF-8",
				       m->path);
	}
	auto_free char *text = doc ? json_dumps(doc, JSON_INDENT(1)) : NULL;
	if (!text)
		return err_set(err, ERR_MEMORY, "no memory for the record");
	const struct file_put put = {.path = path, .bytes = str_of(text), .mode = 0644};
	return files.ops->put(files.self, &put, err);
}

struct move *adopt_record_find(struct adopt_record *r, const char *path, const char *at)
{
	for (unsigned i = 0; i < r->moves_n; i++)
		if (strcmp(path ? r->moves[i].path : r->moves[i].at, path ? path : at) == 0)
			return &r->moves[i];
	return NULL;
}
