/* SPDX-License-Identifier: Apache-2.0 */
/* All documents in one JSON file, replaced durably under a lock beside it. A file that cannot be
 * read is an error and never taken for an empty ledger. */
#include "sys/store_file.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>

#include "base/cleanup.h"
#include "codec/json_mem.h"
#include "sys/files_durable.h"

enum { STORE_FORMAT = 1, STORE_BYTES_MAX = 8 * 1024 * 1024 - 1 };
#define LOCK_SUFFIX ".lock"

struct store_file {
	char path[PATH_BYTES_MAX], lock[PATH_BYTES_MAX];
	struct files_port files;
};

/* ---- the file ---- */

/* Everything in it; an object id -> {rev, nonce, text} under "docs". Absent: empty. */
static bool load(const struct store_file *s, json_t **ret, struct file_view *ret_view,
		 struct err *err)
{
	auto_wiped_buf struct buf text = {.max = 0};
	json_error_t why;
	json_int_t format = 0;
	json_t *docs = NULL;
	if (!s->files.ops->look(s->files.self, s->path, ret_view, err))
		return err_in(err, "reading the local ledger");
	if (!ret_view->exists) {
		*ret = json_pack("{s:i, s:{}}", "rotadStore", STORE_FORMAT, "docs");
		return *ret || err_set(err, ERR_MEMORY, "no memory for the local ledger");
	}
	if (!s->files.ops->read_text(s->files.self, s->path, STORE_BYTES_MAX, &text, ret_view, err))
		return err_in(err, "reading the local ledger");
	AUTO(json_t) root = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, &why);
	err_subject(err, s->path);
	if (!root) {
		(void)err_set(err, ERR_SYNTAX,
			      "the local ledger is damaged: %s. Put its last good "
			      "copy back",
			      why.text);
		err->line = why.line;
		err->column = why.column;
		return false;
	}
	if (json_unpack(root, "{s:I, s:o}", "rotadStore", &format, "docs", &docs) != 0 ||
	    format != STORE_FORMAT || !json_is_object(docs) || json_object_size(docs) > DOCS_MAX)
		return err_set(err, ERR_SYNTAX,
			       "the local ledger is not one that this version reads");
	err_subject(err, "");
	*ret = take(&root);
	return true;
}

static bool save(const struct store_file *s, const json_t *root, const struct file_view *seen,
		 struct err *err)
{
	char *text = json_dumps(root, JSON_COMPACT | JSON_SORT_KEYS);
	if (!text)
		return err_set(err, ERR_MEMORY, "no memory for the local ledger");
	size_t n = strlen(text);
	const struct file_put put = {
	    .path = s->path,
	    .bytes = {.p = text, .n = n},
	    .expect = seen,
	};
	bool ok = n <= STORE_BYTES_MAX
		      ? s->files.ops->put(s->files.self, &put, err)
		      : err_set(err, ERR_LIMIT, "the local ledger would be larger than %d bytes",
				STORE_BYTES_MAX);
	json_text_free(text);
	return ok || err_in(err, "writing the local ledger");
}

/* Locked against the other rotads of this host for a read, change, write. */
static bool lock(const struct store_file *s, int *ret_fd, struct err *err)
{
	const struct timespec pause = {.tv_nsec = 5 * 1000 * 1000};
	auto_close int fd =
	    open(s->lock, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);
	if (fd < 0) {
		(void)err_sys(err, errno, "opening the local ledger's lock");
		err_subject(err, s->lock);
		return false;
	}
	for (int64_t waited = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; waited += 5 * US_MS) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_sys(err, errno, "locking the local ledger");
		if (waited >= LOCK_WAIT_US)
			return err_set(err, ERR_TIMEOUT,
				       "another rotad holds the local ledger's lock");
		(void)nanosleep(&pause, NULL); /* a shorter one only looks sooner */
	}
	*ret_fd = fd;
	fd = -1;
	return true;
}

/* ---- documents ---- */

static bool doc_get(const char *id, const json_t *value, struct arena *arena, struct store_doc *ret,
		    struct err *err)
{
	struct store_doc d = {.rev = 0};
	const char *nonce = NULL, *text = NULL;
	size_t text_n = 0;
	json_int_t rev = 0;
	/* json_unpack takes its value without const and leaves it alone. */
	if (json_unpack((json_t *)(uintptr_t)value, "{s:I, s:s, s:s%}", "rev", &rev, "nonce",
			&nonce, "text", &text, &text_n) != 0 ||
	    rev < 1 || text_n > DOC_BYTES_MAX || !copy_z(d.id, sizeof(d.id), id) ||
	    !copy_z(d.nonce, sizeof(d.nonce), nonce))
		return err_set(err, ERR_SYNTAX, "document '%.100s' of the local ledger is damaged",
			       id);
	char *copy = arena_get(arena, text_n + 1, err);
	if (!copy)
		return false;
	memcpy(copy, text, text_n);
	d.rev = rev;
	d.text = (struct str){.p = copy, .n = text_n};
	*ret = d;
	return true;
}

/* The revision that is there; 0: none. */
static json_int_t rev_of(const json_t *docs, const char *id)
{
	return json_integer_value(json_object_get(json_object_get(docs, id), "rev"));
}

static int by_id(const void *a, const void *b)
{
	return strcmp(((const struct store_doc *)a)->id, ((const struct store_doc *)b)->id);
}

static bool op_list(void *self, const char *prefix, struct arena *arena, struct store_doc **ret,
		    size_t *ret_n, struct err *err)
{
	const struct store_file *s = self;
	AUTO(json_t) root = NULL;
	struct file_view seen;
	const char *id;
	json_t *value;
	size_t n = 0;
	if (!load(s, &root, &seen, err))
		return false;
	json_t *docs = json_object_get(root, "docs");
	struct store_doc *out =
	    arena_get(arena, MAX(json_object_size(docs), (size_t)1) * sizeof(*out), err);
	if (!out)
		return false;
	json_object_foreach(docs, id, value)
	{
		if (strncmp(id, prefix, strlen(prefix)) != 0)
			continue;
		if (!doc_get(id, value, arena, &out[n], err))
			return false;
		n++;
	}
	qsort(out, n, sizeof(*out), by_id);
	*ret = out;
	*ret_n = n;
	return true;
}

static bool op_read(void *self, const char *id, struct arena *arena, struct store_doc *ret,
		    bool *ret_found, struct err *err)
{
	const struct store_file *s = self;
	AUTO(json_t) root = NULL;
	struct file_view seen;
	if (!load(s, &root, &seen, err))
		return false;
	const json_t *value = json_object_get(json_object_get(root, "docs"), id);
	if (value && !doc_get(id, value, arena, ret, err))
		return false;
	*ret_found = value != NULL;
	return true;
}

/* Put the new content in place and say how that went: true with an outcome, false when nothing was
 * written. */
static bool commit(const struct store_file *s, const json_t *root, const struct file_view *seen,
		   enum store_outcome *ret, struct err *err)
{
	if (save(s, root, seen, err)) {
		*ret = STORE_DONE;
		return true;
	}
	if (err->kind == ERR_CHANGED) { /* written by somebody who does not know the lock */
		err_clear(err);
		*ret = STORE_CONFLICT;
		return true;
	}
	if (err->kind == ERR_AMBIGUOUS) {
		err_clear(err);
		*ret = STORE_AMBIGUOUS;
		return true;
	}
	return false;
}

static bool op_swap(void *self, const struct store_doc *doc, int64_t expected,
		    enum store_outcome *ret, struct err *err)
{
	const struct store_file *s = self;
	auto_close int held = -1;
	AUTO(json_t) root = NULL;
	struct file_view seen;
	if (!doc->id[0] || doc->text.n > DOC_BYTES_MAX)
		return err_set(err, ERR_LIMIT, "document '%s' has %zu bytes, at most %d are taken",
			       doc->id, doc->text.n, DOC_BYTES_MAX);
	if (!lock(s, &held, err) || !load(s, &root, &seen, err))
		return false;
	json_t *docs = json_object_get(root, "docs");
	if (rev_of(docs, doc->id) != expected) {
		*ret = STORE_CONFLICT;
		return true;
	}
	if (expected == 0 && json_object_size(docs) >= DOCS_MAX)
		return err_set(err, ERR_LIMIT, "the local ledger has %d documents already",
			       DOCS_MAX);
	json_t *value = json_pack("{s:I, s:s, s:s%}", "rev", (json_int_t)(expected + 1), "nonce",
				  doc->nonce, "text", doc->text.p ? doc->text.p : "", doc->text.n);
	if (!value)
		return err_set(err, ERR_INVALID, "document '%s' is not UTF-8 text", doc->id);
	if (json_object_set_new(docs, doc->id, value) != 0)
		return err_set(err, ERR_INVALID, "'%s' is not the id of a document", doc->id);
	return commit(s, root, &seen, ret, err);
}

static bool op_remove(void *self, const char *id, int64_t expected, enum store_outcome *ret,
		      struct err *err)
{
	const struct store_file *s = self;
	auto_close int held = -1;
	AUTO(json_t) root = NULL;
	struct file_view seen;
	if (!lock(s, &held, err) || !load(s, &root, &seen, err))
		return false;
	json_t *docs = json_object_get(root, "docs");
	if (rev_of(docs, id) != expected) {
		*ret = STORE_CONFLICT;
		return true;
	}
	if (expected == 0) { /* it is not there, as wished */
		*ret = STORE_DONE;
		return true;
	}
	(void)json_object_del(docs, id); /* rev_of() found it */
	return commit(s, root, &seen, ret, err);
}

static const struct store_ops store_file_ops = {
    .list = op_list,
    .read = op_read,
    .swap = op_swap,
    .remove = op_remove,
};

bool store_file_new(const char *path, struct store_port *ret, struct err *err)
{
	struct store_file *s = calloc(1, sizeof(*s));
	if (!s)
		return err_set(err, ERR_MEMORY, "no memory for the local ledger");
	s->files = files_durable();
	if (!copy_z(s->path, sizeof(s->path), path) ||
	    (size_t)snprintf(s->lock, sizeof(s->lock), "%s" LOCK_SUFFIX, path) >= sizeof(s->lock)) {
		free(s);
		return err_set(err, ERR_LIMIT, "the path of the local ledger is too long");
	}
	*ret = (struct store_port){.ops = &store_file_ops, .self = s};
	return true;
}

void store_file_free(void *self)
{
	free(self);
}
