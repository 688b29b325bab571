/* SPDX-License-Identifier: Apache-2.0 */
/* The helper that speaks to the database. Started by rotad, which asks on descriptor 3; for nobody
 * else. It holds keys while it runs, can write no file, and ends with rotad. */
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>

#include "mongod/service.h"

int main(void)
{
	struct err err = ERR_INIT;
	char text[1024];
	struct service *service = NULL;
	size_t rows_n = 0;
	int type = 0;
	socklen_t type_n = sizeof(type);

	secret_process_init();
	json_mem_init();
	(void)signal(SIGPIPE, SIG_IGN); /* SSL_write() has no MSG_NOSIGNAL */
	if (getsockopt(HELPER_FD, SOL_SOCKET, SO_TYPE, &type, &type_n) != 0) {
		fprintf(stderr, "rotad-mongo: a helper of rotad, not for use by hand\n");
		return 64;
	}
	const struct serve_row *rows = service_rows(&rows_n);
	bool ok = serve_confine(&err) && service_new(&service, &err) &&
		  serve_loop(HELPER_FD, rows, rows_n, service, &err);
	service_free(service);
	if (!ok)
		fprintf(stderr, "rotad-mongo: %s\n", err_print(&err, text, sizeof(text)));
	return ok ? 0 : 1;
}
