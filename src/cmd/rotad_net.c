/* SPDX-License-Identifier: Apache-2.0 */
/* rotad-net: the process that speaks HTTP for rotad. Started by rotad with its end of a socketpair
 * as descriptor 3; holds no key of a cluster; ends with rotad. */
#include <locale.h>
#include <string.h>
#include <sys/stat.h>

#include "codec/json_http.h"
#include "codec/serve.h"
#include "net/http_curl.h"

static bool op_http(void *self, const json_t *request, json_t *reply, struct err *err)
{
	struct http_request_held held;
	struct http_response response;

	if (!json_http_request_parse(request, &held, err))
		return false;
	bool ok = http_curl_ops.exchange(self, &held.request, &response, err);
	http_request_fini(&held);
	if (!ok)
		return false;
	ok = json_http_response_print(&response, reply, err);
	buf_wipe(&response.body);
	return ok;
}

static const struct serve_row rows[] = {{.op = "http", .fn = op_http}};

int main(int argc, char **argv)
{
	struct http_curl *http = NULL;
	struct err err = ERR_INIT;
	struct stat st;
	char text[1024];

	secret_process_init();
	json_mem_init();
	if (argc > 1 && strcmp(argv[1], "--version") == 0)
		return puts("rotad-net " PACKAGE_VERSION) < 0;
	if (argc > 1 || fstat(HELPER_FD, &st) != 0 || !S_ISSOCK(st.st_mode)) {
		(void)fputs("rotad-net is started by rotad, not by hand.\n", stderr);
		return 64;
	}
	bool ok = serve_confine(&err) && http_curl_new(&http, &err) &&
		  serve_loop(HELPER_FD, rows, ARRAY_N(rows), http, &err);
	http_curl_free(http);
	if (!ok)
		(void)fprintf(stderr, "rotad-net: %s\n", err_print(&err, text, sizeof(text)));
	return ok ? 0 : 1;
}
