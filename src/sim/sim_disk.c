/* SPDX-License-Identifier: Apache-2.0 */
/* A host's disk and clock, behind port/files.h and port/host.h. A put is durable when it returns,
 * as the port promises; a death within it leaves the old or the new file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/sim_world.h"

bool sim_ring_has(const struct sim_ring *r, unsigned key)
{
	return (r->n > 0 && r->keys[0] == key) || (r->n > 1 && r->keys[1] == key);
}

bool sim_rings_equal(const struct sim_ring *a, const struct sim_ring *b)
{
	return a->is_good == b->is_good && a->n == b->n &&
	       memcmp(a->keys, b->keys, a->n * sizeof(a->keys[0])) == 0;
}

bool sim_rings_share(const struct sim_ring *a, const struct sim_ring *b)
{
	for (unsigned i = 0; i < a->n; i++)
		if (sim_ring_has(b, a->keys[i]))
			return true;
	return false;
}

unsigned sim_key_of(struct sim_world *w, const char *text, size_t n)
{
	for (unsigned i = 1; i <= w->keys_n; i++)
		if (w->keys[i].n == n && memcmp(w->keys[i].text, text, n) == 0)
			return i;
	if (w->keys_n + 1 == SIM_KEYS_MAX || n > KEY_CHARS_MAX)
		return 0;
	struct sim_key *k = &w->keys[++w->keys_n];
	memset(k, 0, sizeof(*k));
	memcpy(k->text, text, n);
	k->n = n;
	return w->keys_n;
}

/* As mongod does, as far as the files of a simulation go: "- KEY" lines. Not rotad's own parser. */
void sim_ring_read(struct sim_world *w, const char *bytes, size_t n, struct sim_ring *ret)
{
	const char *p = bytes, *end = bytes + n;
	*ret = (struct sim_ring){.is_good = true};
	while (p < end) {
		const char *eol = memchr(p, '\n', (size_t)(end - p));
		size_t line = (size_t)((eol ? eol : end) - p);
		if (line == 0 || p[0] == '#') {
			p += line + 1;
			continue;
		}
		if (line < 2 + KEY_CHARS_MIN || p[0] != '-' || p[1] != ' ' ||
		    ret->n == KEYS_PER_FILE_MAX || line - 2 > KEY_CHARS_MAX) {
			*ret = (struct sim_ring){.is_good = false};
			return;
		}
		ret->keys[ret->n] = (unsigned char)sim_key_of(w, p + 2, line - 2);
		ret->n += ret->keys[ret->n] != 0;
		p += line + 1;
	}
	ret->is_good = ret->n > 0;
}

size_t sim_ring_print(const struct sim_world *w, const struct sim_ring *r, char *out, size_t out_n)
{
	int n = 0;
	for (unsigned i = 0; i < r->n; i++)
		n += snprintf(out + n, out_n - (size_t)n, "- %s\n", w->keys[r->keys[i]].text);
	return (size_t)n;
}

static struct sim_file *find(struct sim_host *h, const char *path)
{
	for (unsigned i = 0; i < h->files_n; i++)
		if (strcmp(h->files[i].path, path) == 0)
			return &h->files[i];
	return NULL;
}

const struct sim_file *sim_file_find(const struct sim_host *h, const char *path)
{
	return find((struct sim_host *)(uintptr_t)h, path);
}

static char *copy(const char *bytes, size_t n)
{
	char *p = malloc(n + 1);
	ASSERT(p);
	if (n)
		memcpy(p, bytes, n);
	p[n] = 0;
	return p;
}

static void replace(struct sim_host *h, const char *path, const char *bytes, size_t n, bool is_new)
{
	struct sim_file *f = find(h, path);
	if (!f) {
		ASSERT(h->files_n < SIM_FILES_MAX);
		f = &h->files[h->files_n++];
		*f = (struct sim_file){.bytes = NULL};
		snprintf(f->path, sizeof(f->path), "%s", path);
		is_new = true;
	}
	char *fresh = copy(bytes, n); /* bytes may be the file's own */
	free(f->bytes);
	free(f->before);
	f->before = NULL;
	f->is_unsynced = false;
	f->bytes = fresh;
	f->n = n;
	f->modified = sim_wall(h);
	if (is_new)
		f->inode = ++h->inodes;
	if (strcmp(path, SIM_KEYFILE) == 0)
		sim_ring_read(h->w, f->bytes, f->n, &h->disk);
	sim_tls_written(h, path, f->bytes, f->n);
}

void sim_file_set(struct sim_host *h, const char *path, const char *bytes, size_t n)
{
	replace(h, path, bytes, n, true);
}

void sim_keyfile_edit(struct sim_host *h, const char *bytes, size_t n)
{
	struct sim_file *f = find(h, SIM_KEYFILE);
	char *was = f ? copy(f->bytes, f->n) : NULL;
	size_t was_n = f ? f->n : 0;
	if (!h->is_edited)
		h->overwritten = h->disk;
	replace(h, SIM_KEYFILE, bytes, n, true);
	f = find(h, SIM_KEYFILE);
	ASSERT(f);
	f->before = was;
	f->before_n = was_n;
	f->was_edited = h->is_edited;
	f->is_unsynced = true;
	h->is_edited = true;
	h->edited_us = h->w->now_us;
	sim_oracle_keys(h->w);
}

/* The power goes: what a person did not fsync is as it was, or is not there. */
void sim_disk_cut(struct sim_host *h)
{
	for (unsigned i = 0; i < h->files_n; i++) {
		struct sim_file *f = &h->files[i];
		if (!f->is_unsynced || !f->before || sim_chance(h->w, 500000))
			continue;
		char *was = f->before;
		size_t was_n = f->before_n;
		h->is_edited |= f->was_edited;
		f->before = NULL;
		sim_say(h->w, "%c: what was written to %s last is lost", h->letter, f->path);
		replace(h, f->path, was, was_n, true);
		free(was);
	}
}

void sim_disk_fini(struct sim_host *h)
{
	for (unsigned i = 0; i < h->files_n; i++) {
		free(h->files[i].bytes);
		free(h->files[i].before);
	}
	h->files_n = 0;
}

/* ---- port/files.h ---- */

static void view_of(const struct sim_file *f, struct file_view *ret)
{
	memset(ret, 0, offsetof(struct file_view, real_path));
	ret->real_path[0] = 0;
	if (!f)
		return;
	ret->exists = ret->is_regular = true;
	ret->device = 1;
	ret->inode = f->inode;
	ret->links_n = 1;
	ret->size = (int64_t)f->n;
	ret->modified = ret->changed = f->modified;
	ret->mode = 0600;
	snprintf(ret->real_path, sizeof(ret->real_path), "%s", f->path);
}

static bool gone(struct err *err)
{
	return err_set(err, ERR_SYSTEM, "this rotad was killed");
}

static bool files_look(void *self, const char *path, struct file_view *ret, struct err *err)
{
	struct sim_host *h = self;
	if (!sim_local(h))
		return gone(err);
	view_of(find(h, path), ret);
	return true;
}

static bool read_file(struct sim_host *h, const char *path, size_t max, const struct sim_file **ret,
		      struct file_view *ret_view, struct err *err)
{
	if (!sim_local(h))
		return gone(err);
	const struct sim_file *f = find(h, path);
	if (!f)
		return err_set(err, ERR_NOT_FOUND, "'%s' is not there", path);
	if (f->n > max)
		return err_set(err, ERR_LIMIT, "'%s' is too long", path);
	if (ret_view)
		view_of(f, ret_view);
	*ret = f;
	return true;
}

static bool files_read_secret(void *self, const char *path, size_t max, struct secret *ret,
			      struct file_view *ret_view, struct err *err)
{
	const struct sim_file *f;
	return read_file(self, path, max, &f, ret_view, err) &&
	       secret_from(ret, f->bytes, f->n, err);
}

static bool files_read_text(void *self, const char *path, size_t max, struct buf *ret,
			    struct file_view *ret_view, struct err *err)
{
	const struct sim_file *f;
	if (!read_file(self, path, max, &f, ret_view, err))
		return false;
	buf_clear(ret);
	buf_add(ret, f->bytes, f->n);
	return buf_ok(ret, err);
}

static bool files_can_put(void *self, const char *path, struct err *err)
{
	struct sim_host *h = self;
	(void)path;
	return sim_local(h) || gone(err);
}

/* One durable step: the disk may refuse, and rotad may die before or after it. */
static bool step(struct sim_host *h, const char *path, const char *bytes, size_t n, struct err *err)
{
	bool is_bad = false;
	if (!sim_wait(h, sim_between(h->w, 50, 3000)))
		return gone(err);
	if (h->full_until_us > h->w->now_us)
		return err_set(err, ERR_DISK_FULL, "no space left for '%s'", path);
	if (h->bad_writes > 0) {
		h->bad_writes--;
		is_bad = true;
		if (sim_chance(h->w, 500000))
			return err_set(err, ERR_SYSTEM, "input/output error on '%s'", path);
	}
	if (strcmp(path, SIM_KEYFILE) == 0) {
		replace(h, path, bytes, n, true);
		sim_say(h->w, "%c: file %u%s%.0u", h->letter, h->disk.keys[0],
			h->disk.n > 1 ? "+" : "", h->disk.n > 1 ? h->disk.keys[1] : 0);
		h->is_edited = false;
		sim_oracle_write(h);
		sim_oracle_keys(h->w);
	} else if (strcmp(path, SIM_CERTIFICATE) == 0) {
		replace(h, path, bytes, n, true);
		sim_oracle_certificate(h);
	} else {
		replace(h, path, bytes, n, true);
		if (!strstr(path, "identity.pem") && !strstr(path, FILES_PREVIOUS_SUFFIX) &&
		    !strstr(path, "request.key") && !strstr(path, "staged.pem"))
			sim_oracle_text(h->w, path, bytes, n);
	}
	if (is_bad)
		return err_set(err, ERR_AMBIGUOUS, "the disk failed while '%s' was replaced", path);
	return sim_wait(h, sim_between(h->w, 0, 1000)) || gone(err);
}

static bool same(const struct file_view *v, const struct sim_file *f)
{
	return v->exists == (f != NULL) &&
	       (!f || (v->inode == f->inode && v->size == (int64_t)f->n &&
		       v->modified.us == f->modified.us));
}

static bool files_put(void *self, const struct file_put *p, struct err *err)
{
	struct sim_host *h = self;
	const struct sim_file *old;
	char previous[128];
	if (!sim_local(h))
		return gone(err);
	old = find(h, p->path);
	if (p->expect && !same(p->expect, old))
		return err_set(err, ERR_CHANGED, "'%s' was written by somebody else", p->path);
	if (p->keep_previous && old) {
		snprintf(previous, sizeof(previous), "%s%s", p->path, FILES_PREVIOUS_SUFFIX);
		if (!step(h, previous, old->bytes, old->n, err))
			return false;
	}
	return step(h, p->path, p->bytes.p, p->bytes.n, err);
}

static bool remove_file(struct sim_host *h, const char *path, struct err *err)
{
	if (!sim_local(h))
		return gone(err);
	for (unsigned i = 0; i < h->files_n; i++)
		if (strcmp(h->files[i].path, path) == 0) {
			free(h->files[i].bytes);
			free(h->files[i].before);
			h->files[i] = h->files[--h->files_n];
			break;
		}
	return true;
}

static bool files_sync(void *self, const char *path, struct err *err)
{
	struct sim_host *h = self;
	if (!sim_wait(h, sim_between(h->w, 20, 300)))
		return gone(err);
	struct sim_file *f = find(h, path);
	if (!f)
		return err_set(err, ERR_NOT_FOUND, "'%s' is not there", path);
	if (h->bad_writes > 0) {
		h->bad_writes--;
		return err_set(err, ERR_SYSTEM, "the disk failed with '%s'", path);
	}
	free(f->before);
	f->before = NULL;
	f->is_unsynced = false;
	return true;
}

static bool files_forget_previous(void *self, const char *path, struct err *err)
{
	struct sim_host *h = self;
	char previous[128];
	snprintf(previous, sizeof(previous), "%s%s", path, FILES_PREVIOUS_SUFFIX);
	if (!remove_file(h, previous, err))
		return false;
	if (strcmp(path, SIM_CERTIFICATE) == 0 && h->is_unproven)
		sim_oracle_wiped(h);
	return true;
}

static bool files_remove(void *self, const char *path, struct err *err)
{
	return remove_file(self, path, err);
}

static bool files_append(void *self, const char *path, struct str line, struct err *err)
{
	struct sim_host *h = self;
	if (!sim_wait(h, sim_between(h->w, 20, 300)))
		return gone(err);
	if (h->full_until_us > h->w->now_us)
		return err_set(err, ERR_DISK_FULL, "no space left for '%s'", path);
	sim_oracle_text(h->w, path, line.p, line.n);
	sim_line(h, line);
	/* The journal is for people and never read back to decide: only that it is there counts. */
	if (!find(h, path))
		replace(h, path, "", 0, true);
	return true;
}

static const struct files_ops files_ops_table = {
    .look = files_look,
    .read_secret = files_read_secret,
    .read_text = files_read_text,
    .can_put = files_can_put,
    .put = files_put,
    .sync = files_sync,
    .forget_previous = files_forget_previous,
    .remove = files_remove,
    .append = files_append,
};

struct files_port sim_files_port(struct sim_host *h)
{
	return (struct files_port){.ops = &files_ops_table, .self = h};
}

/* ---- port/host.h ---- */

struct wall sim_wall(const struct sim_host *h)
{
	return (struct wall){.us = SIM_BASE_US + h->w->now_us + h->clock_us};
}

static struct wall host_now(void *self)
{
	return sim_wall(self);
}

struct mono sim_boot(const struct sim_host *h)
{
	return (struct mono){.us = h->w->now_us + (int64_t)(h->i + 1) * US_H};
}

static struct mono host_boot(void *self)
{
	return sim_boot(self);
}

static bool host_random(void *self, void *out, size_t n, struct err *err)
{
	struct sim_host *h = self;
	unsigned char *p = out;
	(void)err;
	for (size_t i = 0; i < n; i++)
		p[i] = (unsigned char)(rng_next(&h->random) >> 24);
	return true;
}

static const struct host_ops host_ops_table = {
    .now = host_now, .boot = host_boot, .random = host_random};

struct host_port sim_host_port(struct sim_host *h)
{
	return (struct host_port){.ops = &host_ops_table, .self = h};
}
