/* SPDX-License-Identifier: Apache-2.0 */
/* A private directory for one test, removed with all that is in it afterwards. Use tempdir_setup
 * and tempdir_teardown with cmocka_unit_test_setup_teardown; *state is the path. */
#ifndef TESTS_LIB_TEMPDIR_H
#define TESTS_LIB_TEMPDIR_H

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static inline int tempdir_setup(void **state)
{
	const char *base = getenv("TMPDIR");
	char *path = malloc(256);
	snprintf(path, 256, "%s/rotad-test-XXXXXX", base ? base : "/tmp");
	*state = mkdtemp(path);
	return *state ? 0 : -1;
}

/* Two levels are enough for tests. */
static inline void tempdir_empty(int dir, int depth)
{
	DIR *d = fdopendir(dir);
	const struct dirent *e;
	while (d && (e = readdir(d)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 &&
		    unlinkat(dirfd(d), e->d_name, 0) != 0 && depth < 4) {
			tempdir_empty(openat(dirfd(d), e->d_name, O_RDONLY | O_DIRECTORY),
				      depth + 1);
			(void)unlinkat(dirfd(d), e->d_name, AT_REMOVEDIR);
		}
	if (d)
		(void)closedir(d);
}

static inline int tempdir_teardown(void **state)
{
	char *path = *state;
	tempdir_empty(open(path, O_RDONLY | O_DIRECTORY), 0);
	int rc = rmdir(path);
	free(path);
	return rc;
}

/* "DIR/name" in one of a few static buffers. */
static inline const char *tempdir_path(void **state, const char *name)
{
	static char paths[8][512];
	static unsigned next;
	char *out = paths[next++ % 8];
	snprintf(out, sizeof(paths[0]), "%s/%s", (const char *)*state, name);
	return out;
}

static inline void tempdir_write(const char *path, const char *text, mode_t mode)
{
	FILE *f = fopen(path, "we");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static inline void tempdir_expect(const char *path, const char *text)
{
	char have[4096];
	FILE *f = fopen(path, "re");
	assert_non_null(f);
	size_t n = fread(have, 1, sizeof(have) - 1, f);
	assert_int_equal(fclose(f), 0);
	have[n] = 0;
	assert_string_equal(have, text);
}

/* Entries of a directory, "." and ".." apart. */
static inline unsigned tempdir_count(const char *path)
{
	unsigned n = 0;
	DIR *d = opendir(path);
	assert_non_null(d);
	while (readdir(d))
		n++;
	assert_int_equal(closedir(d), 0);
	return n - 2;
}

#endif
