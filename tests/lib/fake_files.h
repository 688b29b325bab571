/* SPDX-License-Identifier: Apache-2.0 */
/* port/files.h in memory: a few small files, and a disk that can be full. */
#ifndef TESTS_LIB_FAKE_FILES_H
#define TESTS_LIB_FAKE_FILES_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "port/files.h"

enum { FAKE_FILES_MAX = 1100 };
struct fake_files {
	struct {
		char path[128];
		char *bytes;
		size_t n;
	} files[FAKE_FILES_MAX];
	size_t files_n; /* places in use so far; a freed one has bytes NULL */
	unsigned puts_n, removes_n;
	unsigned mode; /* of every file; its ctime moves with it */
	bool is_full, is_unreadable, cannot_remove;
};

static int fake_files_find(const struct fake_files *f, const char *path)
{
	for (size_t i = 0; i < f->files_n; i++)
		if (f->files[i].bytes && strcmp(f->files[i].path, path) == 0)
			return (int)i;
	return -1;
}

UNUSED static void fake_files_set(struct fake_files *f, const char *path, const void *bytes,
				  size_t n)
{
	int i = fake_files_find(f, path);
	for (size_t k = 0; i < 0 && k < f->files_n; k++)
		if (!f->files[k].bytes)
			i = (int)k;
	if (i < 0)
		i = (int)f->files_n++;
	ASSERT(i < FAKE_FILES_MAX);
	free(f->files[i].bytes);
	f->files[i].bytes = malloc(n + 1);
	ASSERT(f->files[i].bytes);
	memcpy(f->files[i].bytes, bytes, n);
	f->files[i].bytes[n] = 0;
	f->files[i].n = n;
	snprintf(f->files[i].path, sizeof(f->files[i].path), "%s", path);
}

static bool fake_files_look(void *self, const char *path, struct file_view *ret, struct err *err)
{
	const struct fake_files *f = self;
	*ret = (struct file_view){.exists = fake_files_find(f, path) >= 0,
				  .is_regular = true,
				  .mode = f->mode,
				  .changed = {.us = f->mode}};
	snprintf(ret->real_path, sizeof(ret->real_path), "%s", path);
	return true;
}

/* The file's place, or -1 with the error. */
static int fake_files_open(const struct fake_files *f, const char *path, size_t max,
			   struct err *err)
{
	int i = fake_files_find(f, path);
	bool ok = true;
	if (i < 0)
		ok = err_set(err, ERR_NOT_FOUND, "none");
	else if (f->is_unreadable)
		ok = err_set(err, ERR_SYSTEM, "bad sector");
	else if (f->files[i].n > max)
		ok = err_set(err, ERR_LIMIT, "long");
	return ok ? i : -1;
}

static bool fake_files_read(void *self, const char *path, size_t max, struct buf *ret,
			    struct file_view *ret_view, struct err *err)
{
	const struct fake_files *f = self;
	int i = fake_files_open(f, path, max, err);
	if (i < 0)
		return false;
	buf_add(ret, f->files[i].bytes, f->files[i].n);
	return true;
}

static bool fake_files_put(void *self, const struct file_put *p, struct err *err)
{
	struct fake_files *f = self;
	if (f->is_full)
		return err_set(err, ERR_DISK_FULL, "full");
	f->puts_n++;
	int old = fake_files_find(f, p->path);
	if (p->keep_previous && old >= 0) {
		char previous[160];
		snprintf(previous, sizeof(previous), "%s" FILES_PREVIOUS_SUFFIX, p->path);
		fake_files_set(f, previous, f->files[old].bytes, f->files[old].n);
	}
	fake_files_set(f, p->path, p->bytes.p, p->bytes.n);
	return true;
}

/* Kept as a file of its last line. */
static bool fake_files_append(void *self, const char *path, struct str line, struct err *err)
{
	struct fake_files *f = self;
	if (f->is_full)
		return err_set(err, ERR_DISK_FULL, "full");
	fake_files_set(f, path, line.p, line.n);
	return true;
}

static bool fake_files_read_secret(void *self, const char *path, size_t max, struct secret *ret,
				   struct file_view *ret_view, struct err *err)
{
	const struct fake_files *f = self;
	int i = fake_files_open(f, path, max, err);
	if (i < 0 || (ret_view && !fake_files_look(self, path, ret_view, err)))
		return false;
	return secret_from(ret, f->files[i].bytes, f->files[i].n, err);
}

static bool fake_files_remove(void *self, const char *path, struct err *err)
{
	struct fake_files *f = self;
	int i = fake_files_find(f, path);
	if (f->cannot_remove)
		return err_set(err, ERR_PERMISSION, "read-only");
	f->removes_n++;
	if (i >= 0) {
		free(f->files[i].bytes);
		f->files[i].bytes = NULL;
	}
	return true;
}

static bool fake_files_forget_previous(void *self, const char *path, struct err *err)
{
	char previous[160];
	snprintf(previous, sizeof(previous), "%s" FILES_PREVIOUS_SUFFIX, path);
	return fake_files_remove(self, previous, err);
}

static const struct files_ops fake_files_ops = {.look = fake_files_look,
						.read_text = fake_files_read,
						.read_secret = fake_files_read_secret,
						.forget_previous = fake_files_forget_previous,
						.put = fake_files_put,
						.remove = fake_files_remove,
						.append = fake_files_append};

UNUSED static struct files_port fake_files_port(struct fake_files *f)
{
	return (struct files_port){.ops = &fake_files_ops, .self = f};
}

UNUSED static unsigned fake_files_n(const struct fake_files *f)
{
	unsigned n = 0;
	for (size_t i = 0; i < f->files_n; i++)
		n += f->files[i].bytes != NULL;
	return n;
}

static void fake_files_fini(struct fake_files *f)
{
	for (size_t i = 0; i < f->files_n; i++)
		free(f->files[i].bytes);
	*f = (struct fake_files){0};
}

#endif
