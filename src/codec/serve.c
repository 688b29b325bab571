/* SPDX-License-Identifier: Apache-2.0 */
/* Request loop of a helper: one request at a time, in order. The caller's deadline ends a helper
 * that takes too long, so only the sending of the answer has one here. */
#include "codec/serve.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include "codec/json_err.h"

#define ANSWER_TIMEOUT_US (10 * US_S) /* the asker reads at once, or is gone */

static bool dispatch(const struct serve_row *rows, size_t rows_n, void *self, const json_t *request,
		     json_t *reply, struct err *err)
{
	const char *op = json_string_value(json_object_get(request, "op"));
	for (size_t i = 0; op && i < rows_n; i++)
		if (strcmp(rows[i].op, op) == 0)
			return rows[i].fn(self, request, reply, err);
	return err_set(err, ERR_UNSUPPORTED, "unknown request '%.40s'", op ? op : "");
}

bool serve_confine(struct err *err)
{
	const struct rlimit none = {.rlim_cur = 0, .rlim_max = 0};
	if (signal(SIGXFSZ, SIG_IGN) == SIG_ERR || setrlimit(RLIMIT_FSIZE, &none) != 0)
		return err_sys(err, errno, "setting RLIMIT_FSIZE");
	return true;
}

bool serve_loop(int fd, const struct serve_row *rows, size_t rows_n, void *self, struct err *err)
{
	for (;;) {
		AUTO(json_t) request = NULL;
		struct err why = ERR_INIT;

		if (!frame_get(fd, FRAME_FOR_EVER, &request, &why)) {
			if (why.kind == ERR_UNREACHABLE)
				return true;
			*err = why;
			return err_in(err, "reading a request");
		}
		AUTO(json_t) reply = json_object();
		if (!reply)
			return err_set(err, ERR_MEMORY, "no memory for a reply");
		if (dispatch(rows, rows_n, self, request, reply, &why)) {
			if (json_object_set_new(reply, "ok", json_true()) != 0)
				return err_set(err, ERR_MEMORY, "no memory for a reply");
		} else {
			(void)json_object_clear(reply); /* half an answer is none */
			if (json_object_set_new(reply, "error", json_err_print(&why)) != 0)
				return err_set(err, ERR_MEMORY, "no memory for a reply");
		}
		why = ERR_INIT;
		if (!frame_put(fd, reply, ANSWER_TIMEOUT_US, &why)) {
			if (why.kind == ERR_UNREACHABLE)
				return true;
			if (why.kind != ERR_LIMIT) {
				*err = why;
				return err_in(err, "sending a reply");
			}
			AUTO(json_t) error = json_pack("{s:o}", "error", json_err_print(&why));
			if (!error)
				return err_set(err, ERR_MEMORY, "no memory for a reply");
			if (!frame_put(fd, error, ANSWER_TIMEOUT_US, err))
				return err_in(err, "sending a reply");
		}
	}
}

bool serve_reply_check(const json_t *reply, struct err *err)
{
	const json_t *error = json_object_get(reply, "error");
	if (json_is_object(error)) {
		json_err_parse(error, err);
		return false;
	}
	if (!json_is_true(json_object_get(reply, "ok")))
		return err_set(err, ERR_PROTOCOL, "the reply is neither an answer nor an error");
	return true;
}
