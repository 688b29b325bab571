/* SPDX-License-Identifier: Apache-2.0 */
/* rotad: the main thread (signals, socket, watchdog, alerts; it never blocks) and the round thread.
 * They exchange values under one lock and share nothing else. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>
#include <time.h>
#include <unistd.h>

#include "api/api.h"
#include "base/cleanup.h"
#include "cmd/alerts.h"
#include "cmd/before_start.h"
#include "cmd/wiring.h"
#include "codec/json_mem.h"
#include "codec/json_strict.h"
#include "conf/conf_check.h"
#include "conf/conf_parse.h"
#include "conf/conf_print.h"
#include "round/central.h"
#include "model/event_table.h"
#include "round/command.h"
#include "sys/files_durable.h"
#include "sys/host_linux.h"
#include "sys/journal.h"
#include "sys/watch.h"

enum {
	COMMANDS_MAX = 32, /* requests that wait for the round thread */
	EVENTS_MAX = 256,  /* events on their way to the main thread */
	ROUND_BEAT_MAX_S =
	    180, /* a round is bounded by its calls' deadlines; one that takes longer hangs */
	LEAVE_WAIT_S =
	    80, /* SIGTERM waits for a restart that is under way; below TimeoutStopSec= */
	STATUS_BYTES_MAX = 4 * 1024 * 1024,
};

struct command {
	struct api_call *call;
	bool is_taken, is_done;
	unsigned status;
	struct buf answer;
};

struct told {
	struct event event;
	bool is_mine;
};

struct daemon {
	const char *config_path;
	struct conf *conf; /* in use by the round thread */
	struct wiring *wiring;
	struct central *central; /* of the round thread */
	struct api *api;
	struct alerts *alerts;
	struct api_call *test_call; /* waits for the end of a test of the alerts */
	struct watch *watch;
	sd_event *loop;
	sd_event_source *api_timer, *alert_timer;
	int done_fd; /* the round thread rings here */
	pthread_t thread;

	pthread_mutex_t lock; /* all below */
	pthread_cond_t bell;
	bool is_leaving, is_poked;
	struct conf *conf_next;
	struct buf snapshot;
	struct command commands[COMMANDS_MAX];
	struct told events[EVENTS_MAX];
	unsigned events_n, events_lost;
	struct mono beat; /* of the round thread */
	bool is_job_running;
	bool is_thread_ended;
	char status_line[512];
};

static struct mono boot_now(void)
{
	struct host_port h = host_linux();
	return h.ops->boot(h.self);
}

static void ring(const struct daemon *d)
{
	uint64_t one = 1;
	(void)!write(d->done_fd, &one, sizeof(one)); /* a full counter rings all the same */
}

static void tell(void *self, const struct event *e, bool is_mine)
{
	struct daemon *d = self;
	pthread_mutex_lock(&d->lock);
	if (d->events_n < EVENTS_MAX)
		d->events[d->events_n++] = (struct told){.event = *e, .is_mine = is_mine};
	else
		d->events_lost++;
	pthread_mutex_unlock(&d->lock);
	ring(d);
}

/* ---- the round thread ---- */

static json_t *error_json(const struct err *err)
{
	char text[ERR_TEXT_BYTES + ERR_CONTEXTS_MAX * ERR_CONTEXT_BYTES];
	json_t *what = json_string(err_print(err, text, sizeof(text)));
	return json_pack("{s:{s:s, s:o, s:s}}", "error", "kind", err_kind_name(err->kind), "text",
			 what ? what : json_null(), "advice", err_kind_advice(err->kind));
}

/* The answer for an error; returns its HTTP status. */
static unsigned print_error(const struct err *err, struct buf *ret)
{
	json_t *j = error_json(err);
	char *text = j ? json_dumps(j, JSON_COMPACT) : NULL;
	buf_clear(ret);
	buf_adds(ret, text ? text : "{\"error\":{\"kind\":\"MEMORY\",\"text\":\"no memory\"}}");
	json_text_free(text);
	json_decref(j);
	return err->kind == ERR_REFUSED || err->kind == ERR_CONFLICT ? 409
	       : err->kind == ERR_INVALID                            ? 400
	       : err->kind == ERR_NOT_FOUND                          ? 404
								     : 503;
}

/* The configuration in use for a seat, as a text and where each value comes from. */
static bool show_config(const struct daemon *d, const struct seat *t, struct buf *ret,
			struct err *err)
{
	auto_buf struct buf text = {.max = 4 * CONF_BYTES_MAX};
	unsigned i = 0;
	while (wiring_seat(d->wiring, i) != t)
		i++;
	const struct conf *conf = central_conf(d->central, i);
	conf_print(conf, CONF_PRINT_EFFECTIVE, true, &text);
	if (!buf_ok(&text, err))
		return false;
	AUTO(json_t)
	o = json_pack("{s:s, s:s, s:I, s:b, s:s}", "instance", t->instance->name, "file",
		      conf->config.path, "serial", (json_int_t)conf->config.schedule_serial,
		      "listed", conf->config.is_in_schedule, "text", buf_z(&text));
	char *json = o ? json_dumps(o, JSON_COMPACT) : NULL;
	if (!json)
		return err_set(err, ERR_MEMORY, "no memory to show the configuration");
	buf_adds(ret, json);
	json_text_free(json);
	return buf_ok(ret, err);
}

static void run_command(struct daemon *d, struct command *c)
{
	char instance[NAME_BYTES_MAX];
	struct err err = ERR_INIT;
	struct buf answer = {.max = 32 * 1024 * 1024};
	bool is_reload = strcmp(c->call->route->path, "/v1/reload") == 0;
	unsigned status = 200;
	command_instance(c->call->body, instance, sizeof(instance));
	struct seat *t = wiring_find_seat(d->wiring, instance);
	bool ok = is_reload;
	if (is_reload)
		buf_adds(&answer, "{}");
	else if (!t)
		err_set(&err, ERR_NOT_FOUND, "no instance '%.100s' on this host", instance);
	else if (strcmp(c->call->route->path, "/v1/config") == 0)
		ok = show_config(d, t, &answer, &err);
	else
		ok = command_run(t, c->call->route->path, c->call->body, c->call->who,
				 c->call->may_trust, &answer, &err);
	if (!ok)
		status = print_error(&err, &answer);
	pthread_mutex_lock(&d->lock);
	c->answer = answer;
	c->status = status;
	c->is_done = true;
	pthread_mutex_unlock(&d->lock);
	if (is_reload)
		(void)kill(getpid(), SIGHUP);
	ring(d);
}

static bool next_command(struct daemon *d, struct command **ret)
{
	bool found = false;
	pthread_mutex_lock(&d->lock);
	for (unsigned i = 0; i < COMMANDS_MAX && !found; i++)
		if (d->commands[i].call && !d->commands[i].is_taken) {
			d->commands[i].is_taken = true;
			*ret = &d->commands[i];
			found = true;
		}
	pthread_mutex_unlock(&d->lock);
	return found;
}

static void publish(struct daemon *d)
{
	auto_buf struct buf all = {.max = STATUS_BYTES_MAX};
	auto_buf struct buf one = {.max = STATUS_BYTES_MAX};
	char when[40], real[PATH_MAX];
	struct host_port host = host_linux();
	bool running = false;
	AUTO(json_t) path = json_string(realpath(d->config_path, real) ? real : d->config_path);
	char *path_text = path ? json_dumps(path, JSON_ENCODE_ANY) : NULL;
	buf_addf(&all, "{\"configFile\":%s,", path_text ? path_text : "null");
	json_text_free(path_text);
	buf_addf(&all, "\"version\":\"%s\",\"pid\":%d,\"at\":\"%s\",\"schedule\":", PACKAGE_VERSION,
		 (int)getpid(), wall_print_utc(host.ops->now(host.self), when, sizeof(when)));
	central_view(d->central, &all);
	buf_adds(&all, ",\"instances\":[");
	for (unsigned i = 0; i < wiring_seats_n(d->wiring); i++) {
		struct seat *t = wiring_seat(d->wiring, i);
		struct err err = ERR_INIT;
		buf_clear(&one);
		if (!view_encode(t, &one, &err))
			continue;
		if (i)
			buf_addc(&all, ',');
		buf_add(&all, one.p, one.n);
		running |= t->notes.job_is_open;
	}
	buf_addc(&all, ']'); /* snapshot() ends it */
	pthread_mutex_lock(&d->lock);
	if (!all.failed) {
		struct buf old = d->snapshot;
		d->snapshot = all;
		all = old;
	}
	d->is_job_running = running;
	d->beat = boot_now();
	if (wiring_seats_n(d->wiring) > 0)
		cut_z(d->status_line, sizeof(d->status_line),
		      wiring_seat(d->wiring, 0)->plan.reason);
	pthread_mutex_unlock(&d->lock);
	ring(d);
}

/* A bad configuration keeps the old one and names the line. */
static struct event refused_event(const struct daemon *d, const char *why)
{
	struct event e = event_of(EVENT_CONFIGURATION_REFUSED, NULL, d->config_path);
	struct host_port host = host_linux();
	e.at = host.ops->now(host.self);
	snprintf(e.headline, sizeof(e.headline), "The new configuration is not taken.");
	snprintf(e.what, sizeof(e.what), "%s", why);
	snprintf(e.now, sizeof(e.now), "The configuration before it is in use.");
	snprintf(e.we_did, sizeof(e.we_did), "Kept the old one.");
	snprintf(e.you, sizeof(e.you),
		 "Correct the line named; rotactl config check; systemctl reload rotad.");
	return e;
}

static void tell_refused(struct daemon *d, const char *why)
{
	struct event e = refused_event(d, why);
	tell(d, &e, true);
}

/* Of the host, and of the kinds and instances that differ from it. */
static void tell_mode(struct daemon *d, const struct config *was, const struct config *is)
{
	auto_buf struct buf all = {.max = 768};
	struct host_port host = host_linux();
	struct event e = event_of(EVENT_MODE_CHANGED, NULL, d->config_path);
	for (unsigned i = 0; i < is->instances_n; i++)
		for (enum kind k = KIND_KEYFILE; k <= KIND_CERTIFICATES; k++) {
			enum mode a = instance_mode(&was->policy, &was->instances[i], k),
				  b = instance_mode(&is->policy, &is->instances[i], k);
			if (a != b)
				buf_addf(&all, "%s%.100s: %s %s, before: %s", all.n ? "; " : "",
					 is->instances[i].name,
					 k == KIND_KEYFILE ? "keyfile" : "certificates",
					 mode_name(b), mode_name(a));
		}
	if (!all.n)
		return;
	e.at = host.ops->now(host.self);
	snprintf(e.headline, sizeof(e.headline), "The mode of this host changed.");
	snprintf(e.what, sizeof(e.what), "%s.", buf_z(&all));
	snprintf(e.now, sizeof(e.now), "It counts from now on.");
	snprintf(e.we_did, sizeof(e.we_did), "Read the configuration anew.");
	snprintf(e.you, sizeof(e.you), "Nothing, if that was you: rotactl config show --running");
	tell(d, &e, true);
}

static void take_conf(struct daemon *d)
{
	struct err err = ERR_INIT;
	pthread_mutex_lock(&d->lock);
	struct conf *next = d->conf_next;
	d->conf_next = NULL;
	pthread_mutex_unlock(&d->lock);
	if (!next)
		return;
	if (!central_fits(d->central, next, &err) ||
	    !wiring_reload(d->wiring, &next->config, &err)) {
		char text[ERR_TEXT_BYTES];
		tell_refused(d, err_print(&err, text, sizeof(text)));
		conf_free(next);
		return;
	}
	tell_mode(d, &d->conf->config, &next->config);
	central_take(d->central, next);
	conf_free(d->conf);
	d->conf = next;
}

static bool wait_bell(struct daemon *d, int64_t wait_us, bool *ret_poked)
{
	struct timespec until;
	bool leave;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += wait_us / US_S;
	until.tv_nsec += wait_us % US_S * 1000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&d->lock);
	while (!d->is_poked && !d->is_leaving)
		if (pthread_cond_timedwait(&d->bell, &d->lock, &until) == ETIMEDOUT)
			break;
	*ret_poked = d->is_poked;
	d->is_poked = false;
	leave = d->is_leaving;
	pthread_mutex_unlock(&d->lock);
	return leave;
}

static void *round_thread(void *self)
{
	struct daemon *d = self;
	struct mono leave_by = {.us = 0}, due[INSTANCES_MAX] = {{0}};
	bool is_poked = true;
	for (;;) {
		struct command *c;
		int64_t wait_us;
		bool is_leaving, is_told = is_poked;
		take_conf(d);
		wait_us = central_run(d->central);
		while (next_command(d, &c))
			run_command(d, c);
		for (unsigned i = 0; i < wiring_seats_n(d->wiring); i++) {
			/* Called for another seat, or for the schedule: this one is not due. */
			if (!is_poked && boot_now().us < due[i].us) {
				wait_us = MIN(wait_us, due[i].us - boot_now().us);
				continue;
			}
			int64_t wait = round_run(wiring_seat(d->wiring, i), false, is_poked);
			due[i] = mono_add(boot_now(), wait);
			wait_us = MIN(wait_us, wait);
			is_told = true;
			pthread_mutex_lock(&d->lock);
			d->beat = boot_now();
			pthread_mutex_unlock(&d->lock);
		}
		wiring_tell_helpers(d->wiring);
		if (is_told)
			publish(d);
		/* A bound from below, so that a mistake in a plan does not become a busy loop. */
		is_leaving = wait_bell(d, MAX(wait_us, 10 * US_MS), &is_poked);
		if (!is_leaving)
			continue;
		if (leave_by.us == 0)
			leave_by = mono_add(boot_now(), LEAVE_WAIT_S * US_S);
		/* A restart that is under way is seen to its end: its hook would end with us, and
		 * the member stay down. */
		if (!d->is_job_running || boot_now().us > leave_by.us)
			break;
		usleep(50 * 1000);
	}
	pthread_mutex_lock(&d->lock);
	d->is_thread_ended = true;
	pthread_mutex_unlock(&d->lock);
	ring(d);
	return NULL;
}

/* ---- the main thread ---- */

static void run_alerts(struct daemon *d);

static void poke(struct daemon *d)
{
	pthread_mutex_lock(&d->lock);
	d->is_poked = true;
	pthread_cond_signal(&d->bell);
	pthread_mutex_unlock(&d->lock);
}

static void snapshot(void *self, struct buf *ret)
{
	struct daemon *d = self;
	ret->max = STATUS_BYTES_MAX;
	pthread_mutex_lock(&d->lock);
	if (d->snapshot.n)
		buf_add(ret, d->snapshot.p, d->snapshot.n);
	else
		buf_adds(ret, "{\"instances\":[]");
	pthread_mutex_unlock(&d->lock);
	/* Of this thread, and so as it is now. */
	buf_adds(ret, ",\"alerts\":");
	alerts_print(d->alerts, ret);
	buf_adds(ret, "}\n");
}

/* The alerts are the main thread's: their test is begun here and ends in run_alerts(). */
static void test_alerts(struct daemon *d, struct api_call *call)
{
	struct host_port host = host_linux();
	struct err err = ERR_INIT;
	auto_buf struct buf answer = {.max = STATUS_BYTES_MAX};
	AUTO(json_t) body = NULL;
	char only[NAME_BYTES_MAX] = "";
	bool ok = call->body.n == 0 || json_read(call->body, "the request", &body, &err);
	if (ok && json_str(body, "target").n &&
	    !copy_str(only, sizeof(only), json_str(body, "target")))
		ok = err_set(&err, ERR_NOT_FOUND, "no alert target has so long a name");
	if (ok && alerts_test(d->alerts, only, call->who, host.ops->now(host.self), &err)) {
		d->test_call = call;
		run_alerts(d);
		return;
	}
	unsigned status = print_error(&err, &answer);
	api_finish(d->api, call, status, buf_str(&answer));
}

static void submit(void *self, struct api_call *call)
{
	struct daemon *d = self;
	bool taken = false;
	if (strcmp(call->route->path, "/v1/alerts/test") == 0) {
		test_alerts(d, call);
		return;
	}
	if (strcmp(call->route->path, "/v1/alerts") == 0) {
		auto_buf struct buf answer = {.max = STATUS_BYTES_MAX};
		alerts_view(d->alerts, &answer);
		api_finish(d->api, call, answer.failed ? 503 : 200, buf_str(&answer));
		return;
	}
	pthread_mutex_lock(&d->lock);
	for (unsigned i = 0; i < COMMANDS_MAX && !taken; i++)
		if (!d->commands[i].call) {
			d->commands[i] = (struct command){.call = call};
			taken = true;
		}
	pthread_mutex_unlock(&d->lock);
	if (taken)
		poke(d);
	else
		api_finish(d->api, call, 503,
			   STR("{\"error\":{\"kind\":\"LIMIT\",\"text\":\"too many requests wait; "
			       "try again\"}}"));
}

static void finish_commands(struct daemon *d)
{
	for (unsigned i = 0; i < COMMANDS_MAX; i++) {
		struct command c;
		pthread_mutex_lock(&d->lock);
		c = d->commands[i];
		if (c.is_done)
			d->commands[i] = (struct command){.call = NULL};
		pthread_mutex_unlock(&d->lock);
		if (!c.is_done)
			continue;
		api_finish(d->api, c.call, c.status, buf_str(&c.answer));
		buf_fini(&c.answer);
	}
}

static void run_api(struct daemon *d)
{
	int64_t next = api_run(d->api);
	uint64_t now = 0;
	if (next < 0) {
		(void)sd_event_source_set_enabled(d->api_timer, SD_EVENT_OFF);
		return;
	}
	(void)sd_event_now(d->loop, CLOCK_MONOTONIC, &now);
	(void)sd_event_source_set_time(d->api_timer, now + (uint64_t)next);
	(void)sd_event_source_set_enabled(d->api_timer, SD_EVENT_ONESHOT);
}

static int on_api(sd_event_source *source, int fd, uint32_t events, void *self)
{
	(void)source;
	(void)fd;
	(void)events;
	run_api(self);
	return 0;
}

static int on_api_timer(sd_event_source *source, uint64_t usec, void *self)
{
	(void)source;
	(void)usec;
	run_api(self);
	return 0;
}

/* The end of a test of the alerts, for who asked. */
static void finish_test(struct daemon *d)
{
	auto_buf struct buf answer = {.max = STATUS_BYTES_MAX};
	if (!d->test_call || !alerts_tested(d->alerts, &answer))
		return;
	api_finish(d->api, d->test_call, answer.failed ? 503 : 200, buf_str(&answer));
	d->test_call = NULL;
	(void)sd_event_source_set_time(d->api_timer, 0); /* the answer is sent at once */
	(void)sd_event_source_set_enabled(d->api_timer, SD_EVENT_ONESHOT);
}

static void run_alerts(struct daemon *d)
{
	struct host_port host = host_linux();
	int64_t next = alerts_run(d->alerts, host.ops->now(host.self));
	uint64_t now = 0;
	finish_test(d);
	(void)sd_event_now(d->loop, CLOCK_MONOTONIC, &now);
	(void)sd_event_source_set_time(d->alert_timer, now + (uint64_t)MAX(next, 20 * US_MS));
	(void)sd_event_source_set_enabled(d->alert_timer, SD_EVENT_ONESHOT);
}

static int on_alert_timer(sd_event_source *source, uint64_t usec, void *self)
{
	(void)source;
	(void)usec;
	run_alerts(self);
	return 0;
}

static void tell_events(struct daemon *d)
{
	struct told *told = NULL;
	unsigned n, lost;
	pthread_mutex_lock(&d->lock);
	n = d->events_n;
	lost = d->events_lost;
	if (n) {
		told = malloc(n * sizeof(*told));
		if (told)
			memcpy(told, d->events, n * sizeof(*told));
	}
	if (!n || told) {
		d->events_n = 0;
		d->events_lost = 0;
	}
	pthread_mutex_unlock(&d->lock);
	for (unsigned i = 0; told && i < n; i++)
		alerts_tell(d->alerts, &told[i].event, told[i].is_mine);
	free(told);
	if (lost)
		journal_line(SEVERITY_WARNING, "%u events were lost: too many at once", lost);
	if (n)
		run_alerts(d);
}

static int on_done(sd_event_source *source, int fd, uint32_t events, void *self)
{
	struct daemon *d = self;
	uint64_t count;
	bool ended;
	char line[512];
	(void)source;
	(void)events;
	(void)!read(fd, &count, sizeof(count));
	finish_commands(d);
	tell_events(d);
	pthread_mutex_lock(&d->lock);
	ended = d->is_thread_ended;
	cut_z(line, sizeof(line), d->status_line);
	pthread_mutex_unlock(&d->lock);
	(void)sd_notifyf(0, "STATUS=%s", line);
	run_api(d);
	if (ended)
		(void)sd_event_exit(d->loop, 0);
	return 0;
}

static bool load_conf(const char *path, struct conf **ret, struct err *err)
{
	auto_conf struct conf *c = conf_new();
	struct files_port files = files_durable();
	struct host_port host = host_linux();
	struct conf_how how = {
	    .files = &files, .uid = (unsigned)getuid(), .now = host.ops->now(host.self)};
	auto_buf struct buf text = {.max = 64 * 1024};
	struct conf_faults *faults = calloc(1, sizeof(*faults));
	if (!c || !faults) {
		free(faults);
		return err_set(err, ERR_MEMORY, "no memory for the configuration");
	}
	bool ok = conf_load(path, &how, c, faults, err);
	if (faults->n) {
		conf_faults_print(faults, path, &text);
		journal_line(ok ? SEVERITY_NOTICE : SEVERITY_WARNING, "%s", buf_z(&text));
	}
	free(faults);
	if (ok)
		*ret = take(&c);
	return ok;
}

/* An event of the daemon itself; told by the main thread. */
static void tell_own(struct daemon *d, enum event_kind kind, const char *headline, const char *what)
{
	struct event e = event_of(kind, NULL, d->config_path);
	struct host_port host = host_linux();
	e.at = host.ops->now(host.self);
	snprintf(e.headline, sizeof(e.headline), "%s", headline);
	snprintf(e.what, sizeof(e.what), "%s", what);
	snprintf(e.now, sizeof(e.now), "All members run on as they are.");
	snprintf(e.we_did, sizeof(e.we_did), "As told above.");
	snprintf(e.you, sizeof(e.you), "Nothing to do.");
	alerts_tell(d->alerts, &e, true);
}

static int on_hup(sd_event_source *source, const struct signalfd_siginfo *si, void *self)
{
	struct daemon *d = self;
	struct conf *next = NULL;
	struct err err = ERR_INIT;
	struct event e;
	char text[ERR_TEXT_BYTES];
	(void)source;
	(void)si;
	(void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64 "\nSTATUS=Reading %s.",
			 (uint64_t)boot_now().us, d->config_path);
	if (!load_conf(d->config_path, &next, &err)) {
		e = refused_event(d, err_print(&err, text, sizeof(text)));
		alerts_tell(d->alerts, &e, true);
		run_alerts(d);
	} else {
		if (!alerts_reload(d->alerts, &next->config, &err))
			journal_line(SEVERITY_WARNING, "alert targets stay as they were: %s",
				     err.text);
		tell_own(d, EVENT_CONFIGURATION_LOADED, "The configuration was read anew.",
			 d->config_path);
		pthread_mutex_lock(&d->lock);
		conf_free(d->conf_next);
		d->conf_next = next;
		d->is_poked = true;
		pthread_cond_signal(&d->bell);
		pthread_mutex_unlock(&d->lock);
	}
	(void)sd_notify(0, "READY=1");
	return 0;
}

static int on_term(sd_event_source *source, const struct signalfd_siginfo *si, void *self)
{
	struct daemon *d = self;
	(void)source;
	(void)si;
	tell_own(d, EVENT_STOPPING, "rotad leaves.",
		 "It was asked to end; a restart that is under way is seen to its end.");
	(void)sd_notify(
	    0, "STOPPING=1\nSTATUS=Leaving; a restart that is under way is seen to its end.");
	pthread_mutex_lock(&d->lock);
	d->is_leaving = true;
	pthread_cond_signal(&d->bell);
	pthread_mutex_unlock(&d->lock);
	return 0;
}

static int on_watch(sd_event_source *source, int fd, uint32_t events, void *self)
{
	struct daemon *d = self;
	(void)source;
	(void)fd;
	(void)events;
	if (watch_changed(d->watch))
		poke(d);
	return 0;
}

/* The watchdog is fed while the round thread moves: also while a member starts for forty minutes,
 * since no round waits. */
static int on_watchdog(sd_event_source *source, uint64_t usec, void *self)
{
	struct daemon *d = self;
	uint64_t limit = 0;
	struct mono beat;
	if (sd_watchdog_enabled(0, &limit) <= 0)
		return 0;
	pthread_mutex_lock(&d->lock);
	beat = d->beat;
	pthread_mutex_unlock(&d->lock);
	if (boot_now().us - beat.us < ROUND_BEAT_MAX_S * US_S)
		(void)sd_notify(0, "WATCHDOG=1");
	(void)sd_event_source_set_time(source, usec + limit / 2);
	(void)sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	return 0;
}

static void watch_files(struct daemon *d)
{
	const char *paths[INSTANCES_MAX * 3 + 1];
	size_t n = 0;
	struct err ignored = ERR_INIT;
	static char keyfiles[INSTANCES_MAX][PATH_BYTES_MAX], pems[INSTANCES_MAX][PATH_BYTES_MAX];
	for (unsigned i = 0; i < wiring_seats_n(d->wiring); i++) {
		const struct seat *t = wiring_seat(d->wiring, i);
		cut_z(keyfiles[i], PATH_BYTES_MAX, t->options.key_file);
		cut_z(pems[i], PATH_BYTES_MAX, t->options.certificate_key_file);
		if (keyfiles[i][0])
			paths[n++] = keyfiles[i];
		if (pems[i][0])
			paths[n++] = pems[i];
	}
	(void)!watch_set(
	    d->watch, paths, n,
	    &ignored); /* what cannot be watched is looked at by the rounds' own timer */
}

static bool add_sources(struct daemon *d, struct err *err)
{
	sd_event_source *source;
	uint64_t now = 0, limit = 0;
	int rc = sd_event_default(&d->loop);
	if (rc >= 0)
		rc = sd_event_now(d->loop, CLOCK_MONOTONIC, &now);
	if (rc >= 0)
		rc = sd_event_add_signal(d->loop, NULL, SIGHUP, on_hup, d);
	if (rc >= 0)
		rc = sd_event_add_signal(d->loop, NULL, SIGTERM, on_term, d);
	if (rc >= 0)
		rc = sd_event_add_signal(d->loop, NULL, SIGINT, on_term, d);
	if (rc >= 0)
		rc = sd_event_add_io(d->loop, NULL, d->done_fd, 1 /* EPOLLIN */, on_done, d);
	if (rc >= 0)
		rc = sd_event_add_io(d->loop, NULL, api_fd(d->api), 1, on_api, d);
	if (rc >= 0)
		rc = sd_event_add_io(d->loop, NULL, watch_fd(d->watch), 1, on_watch, d);
	if (rc >= 0)
		rc = sd_event_add_time(d->loop, &d->api_timer, CLOCK_MONOTONIC, now, 0,
				       on_api_timer, d);
	if (rc >= 0)
		rc = sd_event_add_time(d->loop, &d->alert_timer, CLOCK_MONOTONIC, now, 0,
				       on_alert_timer, d);
	if (rc >= 0 && sd_watchdog_enabled(0, &limit) > 0)
		rc = sd_event_add_time(d->loop, &source, CLOCK_MONOTONIC, now, 0, on_watchdog, d);
	return rc >= 0 || err_sys(err, -rc, "setting up the event loop");
}

static bool listen_fd(const char *path, int *ret, struct err *err)
{
	char by_unit[UNIT_SOCKET_BYTES];
	int n = sd_listen_fds(1);
	if (n <= 0)
		return api_listen(path, ret, err);
	/* Socket activation (rotad.socket): systemd made it, and gave it its group. */
	if (n > 1 || sd_is_socket_unix(SD_LISTEN_FDS_START, SOCK_STREAM, 1, NULL, 0) <= 0)
		return err_set(err, ERR_INVALID,
			       "systemd gave %d sockets; one that listens at a path is wanted "
			       "(rotad.socket: ListenStream=)",
			       n);
	if (sd_is_socket_unix(SD_LISTEN_FDS_START, SOCK_STREAM, 1, path, 0) <= 0 &&
	    !(config_unit_socket(path, by_unit) &&
	      sd_is_socket_unix(SD_LISTEN_FDS_START, SOCK_STREAM, 1, by_unit, 0) > 0))
		journal_line(SEVERITY_WARNING,
			     "the socket is where rotad.socket says (ListenStream=), not at "
			     "'%s' as the configuration does",
			     path);
	*ret = SD_LISTEN_FDS_START;
	return true;
}

static bool start_central(struct daemon *d, struct err *err)
{
	static char host_name[HOST_BYTES_MAX];
	struct central_parts parts = {.host = host_linux(),
				      .files = files_durable(),
				      .http = wiring_schedule_lane(d->wiring),
				      .host_name = host_name,
				      .seats_n = wiring_seats_n(d->wiring),
				      .tell = tell,
				      .teller = d};
	if (gethostname(host_name, sizeof(host_name) - 1) != 0)
		cut_z(host_name, sizeof(host_name), "unknown");
	for (unsigned i = 0; i < parts.seats_n; i++)
		parts.seats[i] = wiring_seat(d->wiring, i);
	return central_new(&parts, d->conf, &d->central, err);
}

static bool run(struct daemon *d, struct err *err)
{
	char libexec[PATH_BYTES_MAX];
	int fd;
	struct wiring_teller teller = {.tell = tell, .self = d};
	struct api_owner owner = {.self = d,
				  .snapshot = snapshot,
				  .submit = submit,
				  .own_uid = getuid(),
				  .operate_gid = api_operate_group()};
	pthread_condattr_t attr;
	helper_folder(libexec, sizeof(libexec));
	if (!load_conf(d->config_path, &d->conf, err) ||
	    !wiring_new(&d->conf->config, libexec, &teller, &d->wiring, err) ||
	    !alerts_new(&d->conf->config, libexec, &d->alerts, err) || !watch_new(&d->watch, err) ||
	    !listen_fd(d->conf->config.socket, &fd, err) || !api_new(fd, &owner, &d->api, err))
		return false;
	d->done_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (d->done_fd < 0)
		return err_sys(err, errno, "eventfd");
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_mutex_init(&d->lock, NULL);
	pthread_cond_init(&d->bell, &attr);
	d->beat = boot_now();
	if (!add_sources(d, err))
		return false;
	pthread_condattr_destroy(&attr);
	/* Before the first round, so that none goes by the host's own file alone. */
	if (!start_central(d, err))
		return false;
	/* One round before READY: what is seen at the start is seen by who asks then. */
	for (unsigned i = 0; i < wiring_seats_n(d->wiring); i++)
		(void)round_run(wiring_seat(d->wiring, i), true, true);
	publish(d);
	watch_files(d);
	int rc = pthread_create(&d->thread, NULL, round_thread, d);
	if (rc != 0)
		return err_sys(err, rc, "starting the round thread");
	tell_own(d, EVENT_STARTED, "rotad " PACKAGE_VERSION " started.", d->config_path);
	if (secret_lock_failed())
		tell_own(d, EVENT_SECRET_NOT_LOCKED, "Memory that holds keys cannot be locked.",
			 "mlock failed: LimitMEMLOCK= of the unit, or memory.swap of its cgroup. "
			 "Where there is no swap nothing is lost by it.");
	(void)sd_notify(0, "READY=1");
	rc = sd_event_loop(d->loop);
	pthread_join(d->thread, NULL);
	return rc >= 0 || err_sys(err, -rc, "running the event loop");
}

static void usage(FILE *out)
{
	(void)fputs(
	    "usage: rotad [--config FILE] [--version] [--help]\n"
	    "       rotad " BEFORE_START_OPTION " [--config FILE] [INSTANCE]\n\n"
	    "Watches and renews the keyfiles and certificates of the mongods on this host.\n"
	    "Started by systemd (rotad.service); in the foreground it logs to standard error.\n"
	    "  --config FILE   the configuration, default " SYSCONFDIR "/rotad/rotad.yaml\n",
	    out);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"config", required_argument, NULL, 'c'},
						{"version", no_argument, NULL, 'V'},
						{"help", no_argument, NULL, 'h'},
						{NULL, 0, NULL, 0}};
	static struct daemon d = {.config_path = SYSCONFDIR "/rotad/rotad.yaml", .done_fd = -1};
	struct err err = ERR_INIT;
	char text[2048];
	sigset_t signals;
	int c;
	if (before_start_wanted(argc, argv))
		return before_start_main(argc, argv);
	secret_process_init();
	json_mem_init();
	while ((c = getopt_long(argc, argv, "c:Vh", options, NULL)) != -1)
		switch (c) {
		case 'c':
			d.config_path = optarg;
			break;
		case 'V':
			return puts("rotad " PACKAGE_VERSION) < 0;
		case 'h':
			usage(stdout);
			return 0;
		default:
			usage(stderr);
			return 64;
		}
	journal_start(NULL);
	sigemptyset(&signals);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	bool ok = run(&d, &err);
	if (!ok) {
		(void)fprintf(stderr, "rotad: %s\n", err_print(&err, text, sizeof(text)));
		if (err_kind_advice(err.kind)[0])
			(void)fprintf(stderr, "       %s\n", err_kind_advice(err.kind));
	}
	/* libmicrohttpd wants every suspended connection back before it ends. */
	for (unsigned i = 0; d.api && i < COMMANDS_MAX; i++)
		if (d.commands[i].call) {
			buf_fini(&d.commands[i].answer);
			api_finish(d.api, d.commands[i].call, 503,
				   STR("{\"error\":{\"kind\":\"UNREACHABLE\",\"text\":\"rotad is "
				       "ending\"}}"));
		}
	if (d.test_call)
		api_finish(d.api, d.test_call, 503,
			   STR("{\"error\":{\"kind\":\"UNREACHABLE\",\"text\":\"rotad is "
			       "ending\"}}"));
	if (d.api)
		(void)api_run(d.api);
	api_free(d.api);
	alerts_free(d.alerts);
	watch_free(d.watch);
	wiring_free(d.wiring);
	central_free(d.central);
	conf_free(d.conf);
	conf_free(d.conf_next);
	buf_fini(&d.snapshot);
	return ok ? 0 : 1;
}
