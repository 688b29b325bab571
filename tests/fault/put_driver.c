/* SPDX-License-Identifier: Apache-2.0 */
/* One durable replacement, for tests/fault/put_faults.py to fail and kill at every system call.
 *
 * usage: put_driver PATH CHARACTER BYTES [keep]   exit 0 replaced; 1 refused (the kind of error on
 * stdout); a getppid() marks where the replacement begins. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sys/files_durable.h"

int main(int argc, char **argv)
{
	struct err err = ERR_INIT;
	char why[1024];
	if (argc < 4)
		return 64;
	size_t n = strtoul(argv[3], NULL, 10);
	char *bytes = malloc(n + 1);
	if (!bytes)
		return 64;
	memset(bytes, argv[2][0], n);
	const struct file_put put = {
	    .path = argv[1],
	    .bytes = {.p = bytes, .n = n},
	    .keep_previous = argc > 4,
	};
	struct files_port files = files_durable();
	(void)getppid();
	bool ok = files.ops->put(files.self, &put, &err);
	(void)getppid();
	if (!ok)
		printf("%s %s\n", err_kind_name(err.kind), err_print(&err, why, sizeof(why)));
	free(bytes);
	return ok ? 0 : 1;
}
