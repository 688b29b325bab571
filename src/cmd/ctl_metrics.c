/* SPDX-License-Identifier: Apache-2.0 */
/* rotactl metrics: how this host stands as numbers, in Prometheus' text format 0.0.4, on stdout or
 * as a file for the textfile collector of node_exporter. Samples are made of the daemon's status
 * and of `doctor`; what is good or bad about them is for who looks at them. */
#include <stdarg.h>
#include <string.h>

#include "base/cleanup.h"
#include "cmd/ctl_daemon.h"
#include "cmd/ctl_file.h"
#include "cmd/ctl_table.h"
#include "cmd/ctl_view.h"
#include "codec/json_mem.h"

/* ---- the metrics, a row each, in the order in which they are shown ---- */

/* X(SYMBOL, "name", "help") All are gauges; times are seconds since the epoch. */
/* clang-format off */
#define METRICS(X) \
	X(UP, "rotad_up", "1: rotad answers on this socket, and what it knows is fresh.") \
	X(BUILD, "rotad_build_info", "The version of the running rotad; always 1.") \
	X(LOOKED, "rotad_looked_timestamp_seconds", "When rotad looked last.") \
	X(INFO, "rotad_instance_info", "Modes, version of MongoDB and name of an instance; always 1.") \
	X(READY, "rotad_ready_to_rotate", "1: rotactl doctor finds nothing for which this host could not take its turn.") \
	X(FINDING, "rotad_doctor_finding", "Findings of rotactl doctor by name and weight; without those that are good.") \
	X(RESTART, "rotad_restart_now", "May any member be restarted now: 1 at the answer.") \
	X(TROUBLE, "rotad_event_standing", "Events that stand now, by name (doc/3am.md) and severity.") \
	X(ATTENTION, "rotad_needs_attention", "1: nothing goes on without a person.") \
	X(APPROVAL, "rotad_waits_for_approval", "1: a plan waits for rotactl approve.") \
	X(HELD, "rotad_held", "1: a person holds the cluster (rotactl pause).") \
	X(LEDGER, "rotad_ledger_readable", "1: the ledger could be read in the last round.") \
	X(MEMBERS, "rotad_members", "Members of the cluster, as its configuration names them.") \
	X(HEALTHY, "rotad_members_healthy", "Members that answer, in a good state, and see all others.") \
	X(ROTADS, "rotad_members_rehearsed", "Members whose rotad rehearsed its part of a rotation.") \
	X(KEY, "rotad_key_number", "The number of the key in use (the pivot).") \
	X(BORN, "rotad_key_born_timestamp_seconds", "When the key in use was made, or at the latest.") \
	X(GUESSABLE, "rotad_key_guessable", "1: the keyfile holds a key that may be guessed.") \
	X(ROTATING, "rotad_rotation_active", "1: a rotation of the keyfile is under way.") \
	X(STARTED, "rotad_rotation_started_timestamp_seconds", "When that rotation was proposed.") \
	X(STEPS, "rotad_rotation_steps", "Steps of that rotation.") \
	X(DONE, "rotad_rotation_steps_done", "Steps of it that are done.") \
	X(REHEARSED, "rotad_rehearsed_timestamp_seconds", "When this instance rehearsed its part last.") \
	X(NOT_AFTER, "rotad_certificate_not_after_timestamp_seconds", "When a certificate ends: of file, clusterFile, what is served, and the CA; crl: its nextUpdate.") \
	X(TARGET, "rotad_alert_target_up", "1: the alert target took the last alert, or none was sent yet.") \
	X(WAITING, "rotad_alerts_waiting", "Alerts that a target has not taken yet.") \
	/* the end */
/* clang-format on */
enum metric {
#define X(symbol, name, help) METRIC_##symbol,
	METRICS(X)
#undef X
	    METRICS_N
};
static const struct {
	const char *name, *help;
} metric_table[] = {
#define X(symbol, name, help) {name, help},
    METRICS(X)
#undef X
};

/* What an instance's status has as one value. */
enum metric_kind { NUMBER, TRUTH, TIME, PRESENCE };
static const struct {
	enum metric metric;
	enum metric_kind kind;
	const char *part, *key; /* part "" : the instance itself */
} plain_table[] = {
    {METRIC_ATTENTION, TRUTH, "plan", "needsAttention"},
    {METRIC_APPROVAL, TRUTH, "plan", "waitsForApproval"},
    {METRIC_HELD, PRESENCE, "", "hold"},
    {METRIC_LEDGER, TRUTH, "ledger", "known"},
    {METRIC_KEY, NUMBER, "key", "pivot"},
    {METRIC_BORN, TIME, "key", "born"},
    {METRIC_GUESSABLE, TRUTH, "key", "guessable"},
    {METRIC_REHEARSED, TIME, "rehearsed", "at"},
};

static const struct {
	const char *what, *part, *key; /* part "": the certificate object itself */
} end_table[] = {{"file", "file", "chainNotAfter"},
		 {"clusterFile", "clusterFile", "chainNotAfter"},
		 {"served", "served", "chainNotAfter"},
		 {"ca", "", "caNotAfter"},
		 {"crl", "", "crlNextUpdate"}};

enum { LABELS_MAX = 8 };

/* Samples by metric: arrays of {"labels": {...}, "value": x}. */
struct samples {
	json_t *of[METRICS_N];
	const char *socket;     /* whose rotad */
	const json_t *instance; /* whose samples are made now */
};

/* ---- making them ---- */

/* Labels come in pairs behind `value`, names first, and end with NULL. */
static void add(struct samples *s, enum metric m, double value, ...)
{
	json_t *labels = json_object();
	va_list ap;
	va_start(ap, value);
	for (const char *name; (name = va_arg(ap, const char *));)
		(void)json_object_set_new(labels, name, json_string(va_arg(ap, const char *)));
	va_end(ap);
	(void)json_array_append_new(s->of[m],
				    json_pack("{s:o, s:f}", "labels", labels, "value", value));
}

/* The same of the instance. */
#define add_own(s, m, value, ...)                                                                  \
	add(s, m, value, "instance_name", view_text((s)->instance, "instance"), "cluster",         \
	    view_text((s)->instance, "cluster"), "member", view_text((s)->instance, "member"),     \
	    ##__VA_ARGS__, NULL)

static double seconds_of(struct wall t)
{
	return (double)(t.us / US_S);
}

static void add_plain(struct samples *s)
{
	for (size_t i = 0; i < ARRAY_N(plain_table); i++) {
		const char *part = plain_table[i].part, *key = plain_table[i].key;
		const json_t *o = part[0] ? json_object_get(s->instance, part) : s->instance;
		struct wall at = view_wall(o, key);
		enum metric m = plain_table[i].metric;
		switch (plain_table[i].kind) {
		case NUMBER:
			add_own(s, m, (double)view_int(o, key));
			break;
		case TRUTH:
			add_own(s, m, view_is(o, key));
			break;
		case PRESENCE:
			add_own(s, m, json_is_object(json_object_get(o, key)));
			break;
		case TIME:
			if (at.us)
				add_own(s, m, seconds_of(at));
			break;
		}
	}
}

static void add_restart_now(struct samples *s)
{
	static const struct {
		char letter;
		const char *answer;
	} answers[] = {{'y', "yes"}, {'n', "no"}, {'l', "later"}, {'?', "unknown"}};
	char is = view_restart_now(s->instance);
	for (size_t i = 0; i < ARRAY_N(answers); i++)
		add_own(s, METRIC_RESTART, is == answers[i].letter, "answer", answers[i].answer);
}

static void add_rotation(struct samples *s)
{
	const json_t *rotation = json_object_get(s->instance, "rotation");
	const json_t *steps = json_object_get(json_object_get(s->instance, "plan"), "steps");
	size_t done_n = 0;
	bool is_active = view_rotation(s->instance)[0] != '\0';
	add_own(s, METRIC_ROTATING, is_active);
	if (!is_active)
		return;
	for (size_t i = 0; i < json_array_size(steps); i++)
		done_n += strcmp(view_text(json_array_get(steps, i), "state"), "done") == 0;
	add_own(s, METRIC_STARTED, seconds_of(view_wall(rotation, "startedAt")));
	add_own(s, METRIC_STEPS, (double)json_array_size(steps));
	add_own(s, METRIC_DONE, (double)done_n);
}

static void add_members(struct samples *s)
{
	const json_t *members = json_object_get(s->instance, "members");
	size_t healthy_n = 0, rehearsed_n = 0;
	for (size_t i = 0; i < json_array_size(members); i++) {
		const json_t *m = json_array_get(members, i);
		healthy_n += view_is_healthy(s->instance, m);
		rehearsed_n += view_is(json_object_get(m, "rotad"), "rehearsed");
	}
	add_own(s, METRIC_MEMBERS, (double)json_array_size(members));
	add_own(s, METRIC_HEALTHY, (double)healthy_n);
	add_own(s, METRIC_ROTADS, (double)rehearsed_n);
}

static void add_certificate(struct samples *s)
{
	const json_t *c = json_object_get(s->instance, "certificate");
	for (size_t i = 0; i < ARRAY_N(end_table); i++) {
		const char *part = end_table[i].part;
		const json_t *o = part[0] ? json_object_get(c, part) : c;
		struct wall at = view_wall(o, end_table[i].key);
		if (at.us)
			add_own(s, METRIC_NOT_AFTER, seconds_of(at), "what", end_table[i].what);
	}
}

/* One sample a name, with how many there are of it: two series of the same labels are refused. */
static void add_counted(struct samples *s, enum metric m, const json_t *rows, const char *name_key,
			const char *name_label, const char *weight_key, const char *skip)
{
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *row = json_array_get(rows, i);
		const char *name = view_text(row, name_key), *weight = view_text(row, weight_key);
		size_t n = 0, earlier_n = 0;
		for (size_t k = 0; k < json_array_size(rows); k++) {
			const json_t *other = json_array_get(rows, k);
			bool is_same = strcmp(view_text(other, name_key), name) == 0 &&
				       strcmp(view_text(other, weight_key), weight) == 0;
			n += is_same;
			earlier_n += is_same && k < i;
		}
		if (!earlier_n && strcmp(weight, skip) != 0)
			add_own(s, m, (double)n, name_label, name, weight_key, weight);
	}
}

static bool has_refusal(const json_t *findings)
{
	for (size_t i = 0; i < json_array_size(findings); i++)
		if (strcmp(view_text(json_array_get(findings, i), "weight"), "refuse") == 0)
			return true;
	return false;
}

/* What doctor was told could not be asked: no such samples, told on stderr by ctl_ask(). */
static enum ctl_exit add_doctor(struct ctl *ctl, struct samples *s)
{
	AUTO(json_t) answer = NULL;
	enum ctl_exit code = view_ask_doctor(ctl, s->instance, &answer);
	if (code != CTL_GOOD)
		return code;
	const json_t *findings = json_object_get(answer, "findings");
	add_own(s, METRIC_READY, !has_refusal(findings));
	add_counted(s, METRIC_FINDING, findings, "name", "finding", "weight", "good");
	return CTL_GOOD;
}

static enum ctl_exit add_instance(struct ctl *ctl, struct samples *s)
{
	const json_t *o = s->instance, *plan = json_object_get(o, "plan");
	add_own(s, METRIC_INFO, 1, "mode", view_text(o, "mode"), "certificate_mode",
		view_text(o, "certificateMode"), "mongodb_version", view_text(o, "version"));
	add_plain(s);
	add_restart_now(s);
	add_rotation(s);
	add_members(s);
	add_certificate(s);
	add_counted(s, METRIC_TROUBLE, json_object_get(plan, "events"), "event", "event",
		    "severity", "");
	return add_doctor(ctl, s);
}

static void add_alerts(struct samples *s, const json_t *status)
{
	const json_t *targets = json_object_get(json_object_get(status, "alerts"), "targets");
	for (size_t i = 0; i < json_array_size(targets); i++) {
		const json_t *t = json_array_get(targets, i);
		const char *name = view_text(t, "target");
		bool is_up = !view_is(t, "gone") && view_int(t, "tries") == 0;
		add(s, METRIC_TARGET, is_up, "socket", s->socket, "target", name, NULL);
		add(s, METRIC_WAITING, (double)view_int(t, "waiting"), "socket", s->socket,
		    "target", name, NULL);
	}
}

/* ---- Prometheus' text format 0.0.4 ---- */

/* Only these three have an escape; other control characters could end a line for somebody. */
static void put_label(struct buf *b, const char *text)
{
	for (const char *c = text; *c; c++)
		if (*c == '\\' || *c == '"')
			buf_addf(b, "\\%c", *c);
		else if (*c == '\n')
			buf_adds(b, "\\n");
		else
			buf_addf(b, "%c", (unsigned char)*c < ' ' || *c == 0x7f ? '?' : *c);
}

static void put_sample(struct buf *b, const char *name, const json_t *sample)
{
	const char *label;
	json_t *value;
	bool is_first = true;
	buf_adds(b, name);
	json_object_foreach(json_object_get(sample, "labels"), label, value)
	{
		buf_addf(b, "%c%s=\"", is_first ? '{' : ',', label);
		put_label(b, json_string_value(value));
		buf_adds(b, "\"");
		is_first = false;
	}
	buf_addf(b, "%s %.0f\n", is_first ? "" : "}", view_real(sample, "value"));
}

static void put_all(const struct samples *s, struct buf *b)
{
	for (size_t m = 0; m < METRICS_N; m++) {
		if (json_array_size(s->of[m]) == 0)
			continue;
		buf_addf(b, "# HELP %s %s\n# TYPE %s gauge\n", metric_table[m].name,
			 metric_table[m].help, metric_table[m].name);
		for (size_t i = 0; i < json_array_size(s->of[m]); i++)
			put_sample(b, metric_table[m].name, json_array_get(s->of[m], i));
	}
}

static void to_doc(struct ctl *ctl, const struct samples *s)
{
	json_t *all = json_array();
	for (size_t m = 0; m < METRICS_N; m++)
		for (size_t i = 0; i < json_array_size(s->of[m]); i++) {
			json_t *one = json_deep_copy(json_array_get(s->of[m], i));
			(void)json_object_set_new(one, "metric", json_string(metric_table[m].name));
			(void)json_array_append_new(all, one);
		}
	(void)json_object_set_new(ctl->doc, "metrics", all);
}

/* ---- the verb ---- */

static enum ctl_exit look(struct ctl *ctl, struct samples *s)
{
	AUTO(json_t) status = NULL;
	struct wall now;
	enum ctl_exit code = view_open(ctl, NULL, &status, &now);
	add(s, METRIC_UP, code == CTL_GOOD, "socket", s->socket, NULL);
	if (code != CTL_GOOD)
		return code;
	add(s, METRIC_BUILD, 1, "socket", s->socket, "version", view_text(status, "version"), NULL);
	add(s, METRIC_LOOKED, seconds_of(view_wall(status, "at")), "socket", s->socket, NULL);
	add_alerts(s, status);
	const json_t *instances = json_object_get(status, "instances");
	for (size_t i = 0; i < json_array_size(instances); i++) {
		s->instance = json_array_get(instances, i);
		code = view_worse(code, add_instance(ctl, s));
	}
	return code;
}

enum ctl_exit ctl_metrics(struct ctl *ctl, int argc, char **argv)
{
	static const struct option longs[] = {{"output", required_argument, NULL, 'o'},
					      {NULL, 0, NULL, 0}};
	auto_buf struct buf text = {.p = NULL};
	struct err err = ERR_INIT;
	struct samples s = {.socket = ctl->socket_path};
	const char *output = NULL;
	int c;
	while ((c = ctl_option(ctl, argc, argv, "", longs)) != -1) {
		if (c != 'o')
			return CTL_USAGE;
		output = optarg;
	}
	if (optind < argc)
		return ctl_usage(ctl, "metrics takes no argument");
	for (size_t m = 0; m < METRICS_N; m++)
		s.of[m] = json_array();
	enum ctl_exit code = look(ctl, &s);
	put_all(&s, &text);
	to_doc(ctl, &s);
	for (size_t m = 0; m < METRICS_N; m++)
		json_decref(s.of[m]);
	if (!buf_ok(&text, &err) || (output && !ctl_write_over(output, buf_str(&text), 0644, &err)))
		return ctl_error(ctl, &err);
	if (!output)
		ctl_say(ctl, "%.*s", (int)text.n - 1, text.p);
	return code;
}
