/* SPDX-License-Identifier: Apache-2.0 */
/* main() of a fuzz target outside of libFuzzer: gives it every file of its corpus, and each of them
 * cut short at every place of its first bytes. An empty corpus is a failure. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "fuzz/fuzz.h"

enum { FILE_BYTES_MAX = 1024 * 1024, CUTS_MAX = 256 };

static bool replay(const char *path)
{
	static unsigned char bytes[FILE_BYTES_MAX];
	auto_file FILE *f = fopen(path, "rb");
	if (!f)
		return false;
	size_t n = fread(bytes, 1, sizeof(bytes), f);
	for (size_t cut = 0; cut <= MIN(n, (size_t)CUTS_MAX); cut++) {
		/* Of its own size, so that reading beyond the end is seen. */
		auto_free unsigned char *copy = malloc(cut ? cut : 1);
		if (!copy)
			return false;
		for (size_t i = 0; i < cut; i++)
			copy[i] = bytes[i];
		(void)LLVMFuzzerTestOneInput(copy, cut);
	}
	(void)LLVMFuzzerTestOneInput(bytes, n);
	return true;
}

int main(int argc, char **argv)
{
	const char *folder = argc > 1 ? argv[1] : CORPUS;
	unsigned files_n = 0;
	auto_dir DIR *d = opendir(folder);
	const struct dirent *e;
	while (d && (e = readdir(d))) {
		char path[4096];
		struct stat st;
		(void)snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
		if (stat(path, &st) != 0 || !S_ISREG(st.st_mode))
			continue;
		if (!replay(path)) {
			fprintf(stderr, "replay: cannot read %s\n", path);
			return 1;
		}
		files_n++;
	}
	printf("replay: %u files of %s\n", files_n, folder);
	return files_n ? 0 : 1;
}
