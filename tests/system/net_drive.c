/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP and alerts, driven by hand: a JSON request a line on stdin, a JSON answer a line on stdout,
 * through a real rotad-net, a real disk and the real clock. For tests only; takes secrets on stdin.
 *
 * {"do":"http", and the fields of codec/json_http.h}   answers {"us":N,"status":...} or
 * {"error":...}
 *   with "times":N the same request N times, "us" for all of them
 * {"do":"open","state":DIR,"lanes":N,"targets":[{"name","url","secret","caFile","heartbeatUs",
 *  "minSeverity","allowPlain","command"}]}   alerts, anew
 * {"do":"add","event","subject","resolved","mine","only","forced"}   answers {"added":N,"us":N}
 * {"do":"pump","forUs":N}   lives so long: {"tells":[...],"views":[...],"longestUs":N}
 * usage: net_drive PATH-OF-ROTAD-NET */
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "codec/json_err.h"
#include "codec/json_http.h"
#include "codec/json_strict.h"
#include "model/event_table.h"
#include "notify/notify.h"
#include "sys/files_durable.h"
#include "sys/host_linux.h"
#include "sys/http_rpc.h"
#include "sys/program_hook.h"

enum { LINE_BYTES_MAX = 4 * 1024 * 1024 };

static const char *net_path;
static struct host_port host;
static struct helper *helper;

/* The alerts, and what they borrow. */
static struct notify *notify;
static struct helper *lane_helpers[NOTIFY_LANES_MAX];
static struct program_lane programs[NOTIFY_LANES_MAX];
static struct alert_policy policies[ALERTS_MAX];
static struct secret secrets[ALERTS_MAX];
static struct notify_target targets[ALERTS_MAX];
static size_t lanes_n;

static int64_t now_us(void)
{
	return host.ops->boot(host.self).us;
}

static bool flag(const json_t *o, const char *key)
{
	return json_is_true(json_object_get(o, key));
}

static bool put_text(char *out, size_t out_n, const json_t *o, const char *key, struct err *err)
{
	return copy_str(out, out_n, json_str(o, key)) || err_set(err, ERR_LIMIT, "%s", key);
}

static bool do_http(const json_t *request, json_t *reply, struct err *err)
{
	struct http_request_held held;
	struct http_response response;
	int64_t times = MAX(json_int(request, "times"), 1);
	bool ok = true;

	if (!json_http_request_parse(request, &held, err))
		return false;
	int64_t begun = now_us();
	for (int64_t i = 0; i < times && ok; i++) {
		ok = http_rpc_ops.exchange(helper, &held.request, &response, err);
		if (ok && i + 1 < times)
			buf_wipe(&response.body);
	}
	(void)json_object_set_new(reply, "us", json_integer(now_us() - begun));
	http_request_fini(&held);
	if (!ok)
		return false;
	ok = json_http_response_print(&response, reply, err);
	buf_wipe(&response.body);
	return ok;
}

static void close_all(void)
{
	notify_free(take(&notify));
	for (size_t i = 0; i < NOTIFY_LANES_MAX; i++) {
		helper_free(take(&lane_helpers[i]));
		program_lane_fini(&programs[i]);
	}
	for (size_t i = 0; i < ALERTS_MAX; i++)
		secret_fini(&secrets[i]);
}

static bool target_take(const json_t *o, size_t i, struct err *err)
{
	struct alert_policy *p = &policies[i];
	struct str secret = json_str(o, "secret");

	*p = (struct alert_policy){.heartbeat_us = json_int(o, "heartbeatUs"),
				   .min_severity = (enum severity)json_int(o, "minSeverity"),
				   .allows_plain = flag(o, "allowPlain")};
	if (!put_text(p->name, sizeof(p->name), o, "name", err) ||
	    !put_text(p->url, sizeof(p->url), o, "url", err) ||
	    !put_text(p->command, sizeof(p->command), o, "command", err) ||
	    !put_text(p->ca_file, sizeof(p->ca_file), o, "caFile", err))
		return false;
	p->type = p->command[0] ? ALERT_COMMAND : ALERT_WEBHOOK;
	targets[i] = (struct notify_target){.policy = p, .secret = &secrets[i]};
	return !secret.n || secret_from(&secrets[i], secret.p, secret.n, err);
}

static bool do_open(const json_t *request, json_t *reply, struct err *err)
{
	struct notify_lane lanes[NOTIFY_LANES_MAX];
	const json_t *list = json_object_get(request, "targets");
	char state[PATH_BYTES_MAX];

	(void)reply;
	close_all();
	lanes_n = (size_t)MIN(MAX(json_int(request, "lanes"), 1), NOTIFY_LANES_MAX);
	for (size_t i = 0; i < lanes_n; i++) {
		if (!helper_new("rotad-net", net_path, &lane_helpers[i], err))
			return false;
		lanes[i] = (struct notify_lane){
		    .http = {.ops = &http_rpc_later_ops, .self = lane_helpers[i]},
		    .program = {.ops = &program_hook_later_ops, .self = &programs[i]}};
	}
	for (size_t i = 0; i < MIN(json_array_size(list), ALERTS_MAX); i++)
		if (!target_take(json_array_get(list, i), i, err))
			return false;
	if (!put_text(state, sizeof(state), request, "state", err))
		return false;
	const struct notify_parts parts = {.targets = targets,
					   .targets_n = MIN(json_array_size(list), ALERTS_MAX),
					   .lanes = lanes,
					   .lanes_n = lanes_n,
					   .files = files_durable(),
					   .random = host,
					   .state_directory = state,
					   .host = "driver.example.net"};
	return notify_new(&parts, host.ops->now(host.self), &notify, err);
}

static bool do_add(const json_t *request, json_t *reply, struct err *err)
{
	struct event e = {0};
	enum notify_added added;
	char only[NAME_BYTES_MAX];
	int64_t begun = now_us();

	if (!notify)
		return err_set(err, ERR_INVALID, "nothing is open");
	for (int k = 0; k < EVENT_N; k++)
		if (str_equal_z(json_str(request, "event"), event_table[k].name))
			e = event_of((enum event_kind)k, "rs0", "");
	if (!e.name[0] || !put_text(e.subject, sizeof(e.subject), request, "subject", err) ||
	    !put_text(only, sizeof(only), request, "only", err))
		return err_set(err, ERR_INVALID, "no such event");
	struct wall now = host.ops->now(host.self);
	e.at = now;
	e.is_resolved = flag(request, "resolved");
	snprintf(e.headline, sizeof(e.headline), "headline\r\nX-Injected: yes");
	snprintf(e.what, sizeof(e.what), "what \xff");
	snprintf(e.now, sizeof(e.now), "now");
	snprintf(e.we_did, sizeof(e.we_did), "we did");
	snprintf(e.you, sizeof(e.you), "you");
	const struct notify_when when = {.is_mine = flag(request, "mine"),
					 .is_forced = flag(request, "forced"),
					 .only = only[0] ? only : NULL};
	if (!notify_add(notify, &e, &when, now, &added, err))
		return false;
	(void)json_object_set_new(reply, "added", json_integer(added));
	(void)json_object_set_new(reply, "us", json_integer(now_us() - begun));
	return true;
}

static void put_views(json_t *reply)
{
	json_t *views = json_array(), *tells = json_array();
	struct event e;

	for (size_t i = 0; i < notify_targets_n(notify); i++) {
		struct notify_view v = notify_view(notify, i);
		(void)json_array_append_new(
		    views, json_pack("{s:s,s:i,s:i,s:b,s:o,s:b}", "name", v.name, "waiting",
				     (int)v.waiting_n, "tries", (int)v.tries_n, "gone",
				     (int)v.is_gone, "why", json_of_bytes(str_of(v.why)), "ok",
				     (int)(v.last_ok_at.us != 0)));
	}
	while (notify_tell(notify, &e))
		(void)json_array_append_new(
		    tells, json_pack("{s:s,s:s,s:b,s:s,s:s}", "name", e.name, "subject", e.subject,
				     "resolved", (int)e.is_resolved, "headline", e.headline, "what",
				     e.what));
	(void)json_object_set_new(reply, "views", views);
	(void)json_object_set_new(reply, "tells", tells);
}

static bool do_pump(const json_t *request, json_t *reply, struct err *err)
{
	int64_t end = now_us() + json_int(request, "forUs"), longest = 0, calls = 0;

	if (!notify)
		return err_set(err, ERR_INVALID, "nothing is open");
	do {
		struct pollfd fds[2 * NOTIFY_LANES_MAX];
		int64_t begun = now_us();
		int64_t wait_us = notify_pump(notify, host.ops->now(host.self));
		longest = MAX(longest, now_us() - begun);
		calls++;
		for (size_t i = 0; i < lanes_n; i++) {
			fds[2 * i] =
			    (struct pollfd){.fd = helper_fd(lane_helpers[i]), .events = POLLIN};
			fds[2 * i + 1] = (struct pollfd){
			    .fd = program_hook_later_ops.fd(&programs[i]), .events = POLLIN};
		}
		wait_us = MIN(wait_us, MAX(end - now_us(), 0));
		(void)poll(fds, 2 * lanes_n, (int)((wait_us + 999) / 1000));
	} while (now_us() < end);
	(void)json_object_set_new(reply, "longestUs", json_integer(longest));
	(void)json_object_set_new(reply, "calls", json_integer(calls));
	put_views(reply);
	return true;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		bool (*fn)(const json_t *request, json_t *reply, struct err *err);
	} rows[] = {{"http", do_http}, {"open", do_open}, {"add", do_add}, {"pump", do_pump}};
	static char line[LINE_BYTES_MAX];
	struct err err = ERR_INIT;

	json_mem_init();
	host = host_linux();
	if (argc != 2 || !helper_new("rotad-net", argv[1], &helper, &err)) {
		(void)fprintf(stderr, "usage: net_drive PATH-OF-ROTAD-NET  %s\n", err.text);
		return 64;
	}
	net_path = argv[1];
	while (fgets(line, sizeof(line), stdin)) {
		AUTO(json_t) request = NULL;
		AUTO(json_t) reply = json_object();
		bool ok = false, is_known = false;
		err = ERR_INIT;
		if (json_read(str_of(line), "the line", &request, &err)) {
			for (size_t i = 0; i < ARRAY_N(rows); i++)
				if (str_equal_z(json_str(request, "do"), rows[i].name)) {
					is_known = true;
					ok = rows[i].fn(request, reply, &err);
				}
			if (!is_known)
				(void)err_set(&err, ERR_INVALID, "do what?");
		}
		if (!ok)
			(void)json_object_set_new(reply, "error", json_err_print(&err));
		AUTO(char) text = json_dumps(reply, JSON_COMPACT);
		if (!text || printf("%s\n", text) < 0 || fflush(stdout) != 0)
			return 1;
	}
	close_all();
	helper_free(helper);
	return 0;
}
