/* SPDX-License-Identifier: Apache-2.0 */
/* How the alert path stands, as the part "alerts" of the daemon's status. Judges nothing. */
#include "base/cleanup.h"
#include "codec/json_mem.h"
#include "codec/json_strict.h"
#include "notify/notify.h"

static json_t *time_json(struct wall t)
{
	char text[40];
	return t.us ? json_string(wall_print_utc(t, text, sizeof(text))) : json_null();
}

static json_t *target_json(const struct notify_view *v)
{
	/* What a receiver answered may hold any bytes. */
	json_t *why =
	    v->why[0] && v->failing_since.us ? json_of_bytes(str_of(v->why)) : json_null();
	return json_pack("{s:s, s:s, s:s, s:i, s:o, s:i, s:o, s:o, s:I, s:o, s:o, s:b, s:o}",
			 "target", v->name, "type", notify_types[v->type].name, "minSeverity",
			 severity_name(v->min_severity), "waiting", (int)v->waiting_n,
			 "oldestWaiting", time_json(v->oldest_at), "tries", (int)v->tries_n,
			 "answeredAt", time_json(v->last_ok_at), "heartbeatAt",
			 time_json(v->last_heartbeat_at), "heartbeatSeconds",
			 (json_int_t)(v->heartbeat_us / US_S), "failingSince",
			 time_json(v->failing_since), "nextTryAt", time_json(v->next_try_at),
			 "gone", v->is_gone, "why", why ? why : json_null());
}

void notify_print(const struct notify *n, struct buf *ret)
{
	AUTO(json_t) all = json_array();
	for (size_t i = 0; n && i < notify_targets_n(n); i++) {
		struct notify_view v = notify_view(n, i);
		json_array_append_new(all, target_json(&v));
	}
	AUTO(json_t)
	root = json_pack("{s:O, s:I, s:b}", "targets", all, "dropped",
			 (json_int_t)(n ? notify_dropped_n(n) : 0), "broken", n == NULL);
	json_print(root, ret);
}
