/* SPDX-License-Identifier: Apache-2.0 */
/* Asking the running rotad for a verb: what went wrong is told, with what to do. */
#include "cmd/ctl_daemon.h"

#include <string.h>

#include "base/cleanup.h"
#include "codec/json_mem.h"

enum ctl_exit ctl_no_daemon(struct ctl *ctl, const struct err *err)
{
	char unit[80], does_not_run[200], is_busy[200];
	const char *advice = does_not_run;
	(void)ctl_unit(ctl, unit, sizeof(unit));
	snprintf(does_not_run, sizeof(does_not_run),
		 "systemctl status %s; if it listens elsewhere: --socket PATH", unit);
	snprintf(is_busy, sizeof(is_busy),
		 "it may be in the middle of a round: ask again. Then: journalctl -u %s", unit);
	if (err->kind == ERR_PERMISSION)
		advice = "sudo rotactl ..., or as a member of the group rotad-read: usermod -aG "
			 "rotad-read USER";
	else if (err->kind == ERR_TIMEOUT)
		advice = is_busy;
	else if (err->kind == ERR_PROTOCOL || err->kind == ERR_SYNTAX)
		advice = "check that --socket is rotad's and that both have the same version";
	(void)ctl_error_with(ctl, err, advice);
	return CTL_UNKNOWN;
}

static enum err_kind kind_of(const char *name)
{
	for (int k = ERR_NONE + 1; name && k < ERR_N; k++)
		if (strcmp(err_kind_name((enum err_kind)k), name) == 0)
			return (enum err_kind)k;
	return ERR_REFUSED;
}

enum ctl_exit ctl_ask(struct ctl *ctl, const char *method, const char *path, const json_t *body,
		      int64_t timeout_us, json_t **ret)
{
	struct err err = ERR_INIT;
	AUTO(json_t) answer = NULL;
	unsigned status = 0;
	if (!daemon_ask(ctl->socket_path, method, path, body, timeout_us, &status, &answer, &err))
		return ctl_no_daemon(ctl, &err);
	if (status < 300) {
		*ret = take(&answer);
		return CTL_GOOD;
	}
	const json_t *e = json_object_get(answer, "error");
	const char *text = json_string_value(json_object_get(e, "text"));
	const char *advice = json_string_value(json_object_get(e, "advice"));
	(void)err_set(&err, kind_of(json_string_value(json_object_get(e, "kind"))), "%s",
		      text ? text : "rotad said no and not why");
	return ctl_error_with(ctl, &err,
			      status == 403 ? "sudo rotactl ..., or as rotad's own user" : advice);
}
