/* SPDX-License-Identifier: Apache-2.0 */
/* rotactl alert test: does the alert path live, target by target? Sent by the daemon; told here. */
#include <string.h>

#include "cmd/ctl_daemon.h"
#include "cmd/ctl_table.h"
#include "cmd/ctl_view.h"
#include "codec/json_mem.h"

static bool is_taken(const json_t *target)
{
	return strcmp(view_text(target, "outcome"), "taken") == 0;
}

/* "ops (webhook): answered 204 in 0.04 s", or why not. */
static void tell_target(struct ctl *ctl, const json_t *t)
{
	char head[80], said[64] = "", took[48] = "";
	const json_t *seconds = json_object_get(t, "seconds");
	bool is_silent = strcmp(view_text(t, "outcome"), "silent") == 0;
	if (view_int(t, "status"))
		snprintf(said, sizeof(said), "answered %lld", (long long)view_int(t, "status"));
	else
		snprintf(said, sizeof(said), "%s",
			 is_taken(t) ? "taken"
			 : is_silent ? "no answer yet"
				     : "not delivered");
	if (json_is_number(seconds))
		snprintf(took, sizeof(took), " in %.2f s", json_number_value(seconds));
	snprintf(head, sizeof(head), "  %.40s (%.20s): ", view_text(t, "target"),
		 view_text(t, "type"));
	view_row(ctl, 4, head, "%s%s%s%s", said, took, view_text(t, "why")[0] ? ": " : "",
		 view_text(t, "why"));
	if (view_int(t, "waiting"))
		view_row(ctl, 4, "    ", "%lld alerts wait for it in the spool",
			 (long long)view_int(t, "waiting"));
}

enum ctl_exit ctl_alert_test(struct ctl *ctl, int argc, char **argv)
{
	char unit[80];
	static const struct option longs[] = {{NULL, 0, NULL, 0}};
	AUTO(json_t) body = NULL;
	AUTO(json_t) answer = NULL;
	struct err err = ERR_INIT;
	size_t failed_n = 0;
	if (ctl_option(ctl, argc, argv, "", longs) != -1)
		return CTL_USAGE;
	if (optind + 1 < argc)
		return ctl_usage(ctl, "one target at most: without one all are tested");
	body = json_pack("{s:s}", "target", optind < argc ? argv[optind] : "");
	if (!body)
		return ctl_usage(ctl, "the target's name is UTF-8");
	enum ctl_exit code =
	    ctl_ask(ctl, "POST", "/v1/alerts/test", body, DAEMON_ROUND_S * US_S, &answer);
	if (code != CTL_GOOD)
		return code;
	view_to_doc(ctl, answer);
	if (view_is(answer, "lost")) {
		(void)err_set(&err, ERR_CHANGED,
			      "the configuration was read anew in the middle of the test");
		(void)ctl_error_with(ctl, &err, "rotactl alert test");
		return CTL_UNKNOWN;
	}
	const json_t *targets = json_object_get(answer, "targets");
	size_t n = json_array_size(targets);
	for (size_t i = 0; i < n; i++)
		failed_n += !is_taken(json_array_get(targets, i));
	if (n == 0) {
		view_row(
		    ctl, 0, "",
		    "No alert target is configured: what goes wrong on this host is told to its "
		    "journal alone. See alerts in rotad.yaml(5).");
		return CTL_ATTENTION;
	}
	if (failed_n)
		ctl_say(ctl, "%zu of %zu alert targets did not take the test.", failed_n, n);
	else
		ctl_say(ctl,
			n == 1 ? "The alert target took the test."
			       : "All %zu alert targets took the test.",
			n);
	for (size_t i = 0; i < n; i++)
		tell_target(ctl, json_array_get(targets, i));
	if (!failed_n)
		return CTL_GOOD;
	view_row(ctl, 0, "",
		 "Alerts to them wait in the spool and are tried again. Mend alerts in the "
		 "configuration, systemctl reload %s, and test again.",
		 ctl_unit(ctl, unit, sizeof(unit)));
	return CTL_FAILED;
}
