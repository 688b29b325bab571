/* SPDX-License-Identifier: Apache-2.0 */
/* rotactl simulate: a year of rotations of this cluster, by its own policy, on a simulated fleet of
 * its shape. The calendar is made here, by the windows and freezes that rotad obeys; what a
 * rotation does and costs is told by rotad-sim, which runs the real rounds and the real planner. */
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cmd/ctl_file.h"
#include "cmd/ctl_page.h"
#include "cmd/ctl_simulate.h"
#include "cmd/ctl_table.h"
#include "cmd/ctl_view.h"
#include "codec/json_mem.h"
#include "conf/conf_check.h"
#include "model/window.h"
#include "port/program.h"
#include "sim/sim.h"
#include "sys/files_durable.h"
#include "sys/helper.h"
#include "sys/program_hook.h"

enum {
	DAYS = 365,
	DAYS_MAX = 3650,
	FLEETS = 100,
	FLEETS_MAX = 10000,
	ROTATIONS_MAX = 40, /* more are counted, and said not to be rehearsed */
	RENEWALS_MAX = 60,
	OUTPUT_MAX = 4 * 1024 * 1024,
	RUN_S = 600,    /* for one call of rotad-sim, */
	FLEET_MS = 300, /* and for each fleet and member: three members take a tenth of a second */
	TURN_S = 20, /* a turn without the drain, at most: when the second rotation is asked for */
	WAITS_MIN = 10, /* what does not end within twice its time and this does not end */
};

struct member_kind {
	char letter;
	unsigned kinds;
	const char *word;
};
static const struct member_kind member_kinds[] = {
    {'S', 0, "may become primary"},
    {'P', 0, "may become primary"},
    {'A', SIM_KIND(ARBITER), "arbiter"},
    {'H', SIM_KIND(HIDDEN), "hidden"},
    {'D', SIM_KIND(DELAYED), "delayed"},
    {'0', SIM_KIND(PASSIVE), "priority 0"},
    {'N', SIM_KIND(PASSIVE) | SIM_KIND(VOTELESS), "no vote"},
};

struct rehearsal {
	struct ctl *ctl;
	const struct config *config;
	const struct instance_policy *instance;
	char cluster[NAME_BYTES_MAX];
	unsigned n;
	char hosts[SIM_HOSTS_MAX][VIEW_LABEL_BYTES];
	unsigned kinds[SIM_HOSTS_MAX];
	struct wall now, until, born;      /* born 0: not known */
	struct wall cert_from, cert_until; /* 0: no certificate is known */
	uint64_t seed;
	long fleets;
	bool is_config_optional; /* it is the default path */
	char policy[300];        /* which policy it was */
	bool is_standing_by;     /* the next key stands beside the one in use */
	/* what came of it */
	json_t *rotations, *renewals;
	int64_t not_rehearsed;
	enum ctl_exit worst;
};

/* ---- who and by which policy ---- */

static bool take_letters(struct rehearsal *r, const char *letters)
{
	char many[SIM_HOSTS_MAX + 1];
	char *end = NULL;
	long n = strtol(letters, &end, 10);
	bool may_lead = false;
	if (end != letters && !*end) {
		if (n < 1 || n > SIM_HOSTS_MAX)
			return false;
		memset(many, 'S', (size_t)n);
		many[n] = 0;
		letters = many;
	}
	for (r->n = 0; letters[r->n]; r->n++) {
		size_t k = 0;
		while (k < ARRAY_N(member_kinds) && member_kinds[k].letter != letters[r->n])
			k++;
		if (k == ARRAY_N(member_kinds) || r->n == SIM_HOSTS_MAX)
			return false;
		r->kinds[r->n] = member_kinds[k].kinds;
		may_lead |= member_kinds[k].kinds == 0;
		snprintf(r->hosts[r->n], sizeof(r->hosts[0]), "%c", 'a' + (int)r->n);
	}
	return may_lead;
}

static unsigned kinds_of(const json_t *m)
{
	unsigned kinds = 0;
	if (view_is(m, "arbiter"))
		return SIM_KIND(ARBITER);
	if (view_int(m, "delaySeconds"))
		kinds |= SIM_KIND(DELAYED);
	else if (view_is(m, "hidden"))
		kinds |= SIM_KIND(HIDDEN);
	else if (json_is_false(json_object_get(m, "electable")))
		kinds |= SIM_KIND(PASSIVE);
	if (json_is_integer(json_object_get(m, "votes")) && !view_int(m, "votes"))
		kinds |= SIM_KIND(VOTELESS);
	return kinds;
}

static bool take_status(struct rehearsal *r, const json_t *instance)
{
	static struct view_labels labels;
	const json_t *members = json_object_get(instance, "members"),
		     *key = json_object_get(instance, "key"),
		     *file = json_object_get(json_object_get(instance, "certificate"), "file");
	view_labels(instance, true, &labels);
	r->n = (unsigned)MIN(labels.n, (size_t)SIM_HOSTS_MAX + 1);
	for (unsigned i = 0; i < r->n && i < SIM_HOSTS_MAX; i++) {
		cut_z(r->hosts[i], sizeof(r->hosts[i]), labels.text[i]);
		r->kinds[i] = kinds_of(json_array_get(members, i));
	}
	r->born = view_wall(key, "born");
	r->is_standing_by = view_int(key, "standby") > 0;
	r->cert_from = view_wall(file, "notBefore");
	r->cert_until = view_wall(file, "chainNotAfter");
	cut_z(r->cluster, sizeof(r->cluster), view_text(instance, "cluster"));
	return r->n > 0 && r->n <= SIM_HOSTS_MAX;
}

/* The policy by which it is rehearsed: the file's, else the defaults. */
static bool take_policy(struct rehearsal *r, const char *instance, struct conf *conf,
			struct err *err)
{
	config_init(&conf->config);
	r->config = &conf->config;
	if (r->is_config_optional && access(r->ctl->config_path, F_OK) != 0 && errno == ENOENT) {
		snprintf(r->policy, sizeof(r->policy), "the defaults: there is no %.200s",
			 r->ctl->config_path);
		return true;
	}
	if (!ctl_read_conf(r->ctl, r->now, conf, err))
		return false;
	const struct schedule_policy *schedule = &conf->config.schedule;
	snprintf(r->policy, sizeof(r->policy), "%.200s%s", r->ctl->config_path,
		 schedule->url[0] || schedule->file[0] ? ", without the central schedule" : "");
	r->instance = instance                   ? config_find_instance(&conf->config, instance)
		      : conf->config.instances_n ? &conf->config.instances[0]
						 : NULL;
	return true;
}

static enum mode keyfile_mode(const struct rehearsal *r)
{
	return r->instance ? instance_mode(&r->config->policy, r->instance, KIND_KEYFILE)
			   : policy_mode(&r->config->policy, KIND_KEYFILE);
}

/* ---- one rotation ---- */

static int64_t drain_us(const struct rehearsal *r)
{
	return r->instance && r->instance->drain_us >= 0 ? r->instance->drain_us : -1;
}

/* The scenario: nothing goes wrong. With is_second one rotation has left the next key beside. */
static void scenario_of(const struct rehearsal *r, uint64_t seed, bool is_second, struct buf *out)
{
	const int64_t drain = drain_us(r);
	const int64_t two_passes_us =
	    2 * (int64_t)r->n * ((drain >= 0 ? drain : 15 * US_S) + TURN_S * US_S);
	struct sim_scenario s = {
	    .seed = seed,
	    .members_n = r->n,
	    .is_standby = r->config->policy.keyfile.strategy == STRATEGY_STANDBY,
	    .is_lively = true,
	    .has_downtime = true,
	    .downtime = r->instance ? r->instance->allow_downtime : DOWNTIME_NONE,
	    .latency_us = US_MS,
	    .drain_us = drain,
	    .heal_us = US_S,
	    .bound_us = 2 * two_passes_us + WAITS_MIN * US_MIN};
	memcpy(s.kinds, r->kinds, sizeof(s.kinds));
	if (is_second) {
		s.faults[s.faults_n++] =
		    (struct sim_fault){.kind = SIM_ROTATE, .at_us = two_passes_us};
		s.heal_us = s.faults[0].at_us + US_S;
	}
	sim_scenario_print(&s, out);
}

/* The simulated hosts are a.example, b.example...: people know them by other names. */
static void rename_hosts(const struct rehearsal *r, json_t *result)
{
	const char *z = view_text(result, "waits");
	auto_buf struct buf said = {.max = 4096};
	while (*z) {
		unsigned i = (unsigned)(z[0] - 'a');
		if (i < r->n && strncmp(z + 1, ".example", 8) == 0) {
			buf_adds(&said, r->hosts[i]);
			z += strncmp(z + 9, ":27017", 6) == 0 ? 15 : 9;
		} else
			buf_addc(&said, *z++);
	}
	json_object_set_new(result, "waits", json_string(buf_z(&said)));
}

/* Run rotad-sim. NULL with err: it could not, or said nothing that can be read. */
static json_t *run(const struct rehearsal *r, uint64_t seed, bool is_second, long fleets,
		   struct err *err)
{
	auto_buf struct buf text = {.max = 16 * 1024};
	char path[PATH_BYTES_MAX + 32], folder[PATH_BYTES_MAX], n[24];
	struct program_result result = {.exit_code = 0};
	json_error_t why;
	helper_folder(folder, sizeof(folder));
	snprintf(path, sizeof(path), "%s/rotad-sim", folder);
	snprintf(n, sizeof(n), "%ld", fleets);
	scenario_of(r, seed, is_second, &text);
	struct program_call call = {.argv = {path, fleets ? "--fleets" : NULL, n},
				    .input = buf_str(&text),
				    .timeout_us =
					RUN_S * US_S + fleets * (int64_t)r->n * FLEET_MS * US_MS,
				    .output_max = OUTPUT_MAX};
	err_subject(err, path);
	if (!program_hook_ops.run(NULL, &call, &result, err))
		return NULL;
	json_t *doc = result.exit_code == 0 ? json_loadb(buf_str(&result.output).p, result.output.n,
							 JSON_REJECT_DUPLICATES, &why)
					    : NULL;
	if (!doc)
		(void)err_set(err, ERR_PROTOCOL, "rotad-sim ended with code %d: %.300s",
			      result.exit_code, result.errors);
	buf_wipe(&result.output);
	return doc;
}

static json_t *time_text(struct wall t)
{
	char text[40];
	return t.us ? json_string(wall_print_utc(t, text, sizeof(text))) : json_null();
}

static void worse(struct rehearsal *r, enum ctl_exit code)
{
	r->worst = view_worse(r->worst, code);
}

/* One line of the calendar. *ret_end is when it is over; due itself where it never begins. */
static bool rotation(struct rehearsal *r, struct wall due, unsigned index, struct wall *ret_end,
		     struct err *err)
{
	struct wall begins = due;
	int64_t for_us = 0;
	bool is_standby = r->config->policy.keyfile.strategy == STRATEGY_STANDBY;
	bool is_second = is_standby && (index > 0 || r->is_standing_by);
	bool opens = window_next(&r->config->policy, due, &begins, &for_us);
	*ret_end = due;
	json_t *row = json_pack("{s:o, s:o, s:o, s:b}", "due", time_text(due), "begins",
				opens ? time_text(begins) : json_null(), "windowSeconds",
				opens && for_us ? json_integer(for_us / US_S) : json_null(),
				"onePass", is_second);
	json_array_append_new(r->rotations, row);
	if (!opens) {
		worse(r, CTL_ATTENTION);
		return true;
	}
	json_t *result = run(r, r->seed + index, is_second, 0, err);
	if (!result)
		return false;
	rename_hosts(r, result);
	json_object_set_new(row, "result", result);
	const char *outcome = view_text(result, "outcome");
	int64_t took_us = (int64_t)(view_real(result, "took") * (double)US_S);
	bool ended = strcmp(outcome, "done") == 0;
	bool fits = ended && (!for_us || took_us <= for_us);
	json_object_set_new(row, "fits", json_boolean(fits));
	*ret_end = wall_add(begins, took_us);
	if (strcmp(outcome, "unsafe") == 0)
		worse(r, CTL_FAILED);
	else if (strcmp(outcome, "done") != 0 || !fits ||
		 view_real(result, "majorityWritesHeld") > 0)
		worse(r, CTL_ATTENTION);
	return true;
}

struct sums {
	int64_t restarts, pauses;
	double pause_longest, held;
	size_t shown, ended, never_n, unsafe_n;
	const char *waits; /* of the first that does not end */
};

static struct sums sums_of(const json_t *rotations)
{
	struct sums s = {.shown = json_array_size(rotations), .waits = ""};
	for (size_t i = 0; i < s.shown; i++) {
		const json_t *x = json_object_get(json_array_get(rotations, i), "result"),
			     *p = json_object_get(x, "pauses");
		const char *outcome = view_text(x, "outcome");
		s.never_n += x == NULL;
		s.ended += strcmp(outcome, "done") == 0;
		s.unsafe_n += strcmp(outcome, "unsafe") == 0;
		if (x && strcmp(outcome, "done") != 0 && !s.waits[0])
			s.waits = view_text(x, "waits");
		s.restarts += view_int(x, "restarts");
		s.pauses += view_int(p, "n");
		s.pause_longest = MAX(s.pause_longest, view_real(p, "longest"));
		s.held += view_real(x, "majorityWritesHeld");
	}
	return s;
}

static bool keyfile_calendar(struct rehearsal *r, struct err *err)
{
	const struct keyfile_policy *k = &r->config->policy.keyfile;
	bool is_standby = k->strategy == STRATEGY_STANDBY;
	/* A key that stands by is on disk for two periods (PROTOCOL 1). */
	int64_t period = keyfile_due_us(k, is_standby);
	struct wall due = r->now;
	if (k->max_age_us > 0 && r->born.us)
		due = wall_add(r->born, keyfile_due_us(k, is_standby && r->is_standing_by));
	if (due.us < r->now.us)
		due = r->now;
	for (unsigned i = 0; due.us < r->until.us; i++) {
		struct wall end;
		if (i >= ROTATIONS_MAX) {
			r->not_rehearsed = (r->until.us - due.us) / period + 1;
			return true;
		}
		if (!rotation(r, due, i, &end, err))
			return false;
		if (k->max_age_us <= 0)
			return true; /* only by order: one, as if it were given now */
		due = wall_add(end, period);
	}
	return true;
}

/* By the file's own times; what an authority gives next lasts as long as the present one. */
static void certificate_calendar(struct rehearsal *r)
{
	const struct certificates_policy *c = &r->config->policy.certificates;
	const struct authority_policy *a = config_find_authority(r->config, c->authority);
	int64_t life = r->cert_until.us - r->cert_from.us;
	struct wall from = r->cert_from, until = r->cert_until;
	if (!r->cert_from.us || life <= 0 || c->mode == MODE_OFF)
		return;
	for (unsigned i = 0; i < RENEWALS_MAX; i++) {
		struct wall due = wall_add(from, life / 1000000 * (int64_t)c->renew_at_ppm);
		struct wall budget = wall_add(until, -c->outage_budget_us), begins;
		int64_t for_us = 0;
		if (budget.us < due.us)
			due = budget;
		if (due.us < r->now.us)
			due = r->now;
		if (due.us >= r->until.us)
			return;
		bool opens = window_next(&r->config->policy, due, &begins, &for_us);
		/* Windows yield to expiry, and so do freezes that say so (invariant 10). */
		if (!opens || begins.us > until.us - US_DAY) {
			struct wall last = wall_add(until, -US_DAY);
			struct freeze_view f = freeze_at(&r->config->policy, last);
			if (!f.is_frozen || f.rescue_expiring) {
				begins = last.us < due.us ? due : last;
				opens = true;
			}
		}
		bool is_late = !opens || begins.us >= until.us;
		json_array_append_new(
		    r->renewals, json_pack("{s:o, s:o, s:o, s:b}", "due", time_text(due), "begins",
					   opens ? time_text(begins) : json_null(), "previousEnds",
					   time_text(until), "tooLate", is_late));
		if (is_late)
			worse(r, CTL_ATTENTION);
		if (!opens)
			return;
		int64_t next = c->valid_for_us        ? c->valid_for_us
			       : a && a->valid_for_us ? a->valid_for_us
						      : life;
		if (next <= US_H)
			return; /* renewed all the time: no calendar says more */
		life = next;
		from = begins;
		until = wall_add(begins, life);
	}
}

/* ---- the document ---- */

static const char *kind_word(unsigned kinds)
{
	for (size_t i = 0; i < ARRAY_N(member_kinds); i++)
		if (member_kinds[i].kinds == kinds)
			return member_kinds[i].word;
	return kinds & SIM_KIND(DELAYED) ? "delayed, no vote" : "hidden, no vote";
}

static void document(struct rehearsal *r, json_t *fleets)
{
	const struct keyfile_policy *k = &r->config->policy.keyfile;
	json_t *members = json_array(), *doc = r->ctl->doc;
	for (unsigned i = 0; i < r->n; i++)
		json_array_append_new(members, json_pack("{s:s, s:s}", "host", r->hosts[i], "kind",
							 kind_word(r->kinds[i])));
	json_object_set_new(doc, "cluster", json_string(r->cluster));
	json_object_set_new(doc, "from", time_text(r->now));
	json_object_set_new(doc, "until", time_text(r->until));
	json_object_set_new(doc, "seed", json_integer((json_int_t)r->seed));
	json_object_set_new(doc, "policy", json_string(r->policy));
	json_object_set_new(doc, "keyfileMode", json_string(mode_name(keyfile_mode(r))));
	json_object_set_new(doc, "strategy",
			    json_string(k->strategy == STRATEGY_STANDBY ? "standby" : "twoPass"));
	json_object_set_new(doc, "maxAgeSeconds", json_integer(k->max_age_us / US_S));
	json_object_set_new(doc, "drainSeconds",
			    drain_us(r) < 0 ? json_real(15)
					    : json_real((double)drain_us(r) / (double)US_S));
	json_object_set_new(doc, "members", members);
	json_object_set_new(doc, "rotations", json_incref(r->rotations));
	json_object_set_new(doc, "notRehearsed", json_integer(r->not_rehearsed));
	json_object_set_new(doc, "renewals", json_incref(r->renewals));
	json_object_set_new(doc, "fleets", fleets ? fleets : json_null());
}

/* ---- as text ---- */

static void say_rotations(struct rehearsal *r)
{
	struct view_table *t = calloc(1, sizeof(*t));
	size_t n = json_array_size(r->rotations), shown = MIN(n, (size_t)MEMBERS_MAX);
	ASSERT(t);
	view_new_row(t);
	static const char *const heads[] = {"KEYFILE DUE", "BEGINS",       "TAKES",
					    "RESTARTS",    "WRITES PAUSE", "WINDOW"};
	for (size_t i = 0; i < ARRAY_N(heads); i++)
		view_cell(t, i, "%s", heads[i]);
	for (size_t i = 0; i < shown; i++) {
		const json_t *row = json_array_get(r->rotations, i),
			     *x = json_object_get(row, "result"), *p = json_object_get(x, "pauses");
		struct wall begins = view_wall(row, "begins");
		char a[32], b[32], c[32], d[32];
		bool ended = strcmp(view_text(x, "outcome"), "done") == 0;
		int64_t window = view_int(row, "windowSeconds");
		view_new_row(t);
		view_cell(t, 0, "%s", view_date(view_wall(row, "due"), a, sizeof(a)));
		view_cell(t, 1, "%s",
			  begins.us ? view_clock(begins, r->now, b, sizeof(b)) : "never");
		if (!x)
			continue;
		if (ended)
			view_cell(t, 2, "%s",
				  view_span((int64_t)(view_real(x, "took") * (double)US_S), c,
					    sizeof(c)));
		else
			view_cell(t, 2, "%s", "does not end");
		view_cell(t, 3, "%lld", (long long)view_int(x, "restarts"));
		if (ended)
			view_cell(t, 4, "%lld, %.1f s at most", (long long)view_int(p, "n"),
				  view_real(p, "longest"));
		view_cell(t, 5, "%s",
			  !window                ? "always open"
			  : view_is(row, "fits") ? view_span(window * US_S, d, sizeof(d))
						 : "TOO SHORT");
	}
	ctl_say(r->ctl, "%s", "");
	view_table_print(r->ctl, t);
	free(t);
}

/* What a DBA asks next: who is away for how long, and what stops writes. */
static void say_members(struct rehearsal *r)
{
	struct view_table *t = calloc(1, sizeof(*t));
	ASSERT(t);
	view_new_row(t);
	view_cell(t, 0, "MEMBER");
	view_cell(t, 1, "%s", "");
	view_cell(t, 2, "RESTARTS");
	view_cell(t, 3, "AWAY AT MOST");
	for (unsigned i = 0; i < r->n; i++) {
		int64_t restarts = 0;
		double away = 0;
		for (size_t k = 0; k < json_array_size(r->rotations); k++) {
			const json_t *x = json_object_get(
			    json_object_get(json_array_get(r->rotations, k), "result"), "members");
			restarts += view_int(json_array_get(x, i), "restarts");
			away = MAX(away, view_real(json_array_get(x, i), "awayLongest"));
		}
		view_new_row(t);
		view_cell(t, 0, "%.30s", r->hosts[i]);
		view_cell(t, 1, "%s", r->kinds[i] ? kind_word(r->kinds[i]) : "");
		view_cell(t, 2, "%lld", (long long)restarts);
		view_cell(t, 3, "%.0f s", away);
	}
	ctl_say(r->ctl, "%s", "");
	view_table_print(r->ctl, t);
	free(t);
}

static void say_renewals(struct rehearsal *r)
{
	size_t n = json_array_size(r->renewals);
	char when[32], end[32];
	if (!n)
		return;
	ctl_say(r->ctl, "%s", "");
	for (size_t i = 0; i < MIN(n, (size_t)6); i++) {
		const json_t *row = json_array_get(r->renewals, i);
		struct wall begins = view_wall(row, "begins");
		view_row(r->ctl, 17, i ? "" : "  Certificates   ",
			 "%s renewed one after the other, no restart; the ones before end %s%s.",
			 view_date(begins, when, sizeof(when)),
			 view_date(view_wall(row, "previousEnds"), end, sizeof(end)),
			 view_is(row, "tooLate") ? ": TOO LATE, no window opens before" : "");
	}
	if (n > 6)
		view_row(r->ctl, 17, "", "and %zu more.", n - 6);
}

static void say_fleets(struct rehearsal *r, const json_t *f)
{
	char span[32];
	if (!f)
		return;
	ctl_say(r->ctl, "%s", "");
	view_row(
	    r->ctl, 17, "  When it fails  ",
	    "%lld fleets like it were given %lld faults (crashes, cut networks, full disks, lag, "
	    "edited files, killed rotads, clocks): %lld unsafe, %lld did not end; the slowest "
	    "was done %s after its last fault.",
	    (long long)view_int(f, "n"), (long long)view_int(f, "struck"),
	    (long long)view_int(f, "unsafe"), (long long)view_int(f, "stuck"),
	    view_span((int64_t)(view_real(f, "longestAfterTheLast") * (double)US_S), span,
		      sizeof(span)));
}

static void add_line(json_t *lines, const char *format, ...) PRINTF(2, 3);
static void add_line(json_t *lines, const char *format, ...)
{
	char line[900];
	va_list ap;
	va_start(ap, format);
	vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	json_array_append_new(lines, json_string(line));
}

/* The answer, a sentence a line; the page begins with the same. */
static json_t *answer(const struct rehearsal *r, const json_t *fleets)
{
	struct sums s = sums_of(r->rotations);
	json_t *lines = json_array();
	char until[32], rides[32];
	const char *cluster = r->cluster[0] ? r->cluster : "this set";
	enum mode mode = keyfile_mode(r);
	size_t stuck_n = s.shown - s.ended - s.never_n - s.unsafe_n;
	view_date(r->until, until, sizeof(until));
	if (s.unsafe_n || view_int(fleets, "unsafe"))
		add_line(lines,
			 "%s: a simulated fleet broke an invariant. This is a mistake in rotad: do "
			 "not rotate, and send the output of --json to its makers.",
			 cluster);
	if (s.never_n)
		add_line(lines,
			 "%s: %zu of %zu rotations never begin: no window opens within 400 days.",
			 cluster, s.never_n, s.shown);
	if (stuck_n)
		add_line(lines, "%s: %zu of %zu rotations do not end: %.500s", cluster, stuck_n,
			 s.shown, s.waits);
	if (!s.shown)
		add_line(lines, "%s: no rotation of the keyfile is due until %s.", cluster, until);
	else if (s.ended)
		add_line(lines,
			 "%s until %s: %zu keyfile rotation%s, %lld restarts; writes pause %lld "
			 "times, %.1f s at most.",
			 cluster, until, s.ended, s.ended == 1 ? "" : "s", (long long)s.restarts,
			 (long long)s.pauses, s.pause_longest);
	if (r->not_rehearsed)
		add_line(lines, "%lld more in that time were not rehearsed.",
			 (long long)r->not_rehearsed);
	if (s.held > 0)
		add_line(lines,
			 "Majority writes are held up for %.0f s in all: too few data-bearing "
			 "members are left during a turn.",
			 s.held);
	if (r->config->policy.keyfile.max_age_us <= 0)
		add_line(lines, "keyfile.maxAge is not set: rotations come by order only; one is "
				"rehearsed as if ordered now.");
	if (r->config->policy.keyfile.ride_along_us > 0)
		add_line(lines,
			 "keyfile.rideAlong: each pass waits up to %s for restarts that happen "
			 "anyway; shown is what is left when nobody restarts anything, without "
			 "that wait.",
			 view_span(r->config->policy.keyfile.ride_along_us, rides, sizeof(rides)));
	if (r->instance && mode == MODE_ASK)
		add_line(lines, "keyfile.mode is ask: each begins only after rotactl approve.");
	else if (r->instance && mode != MODE_ACT)
		add_line(lines, "keyfile.mode is %s: none of this happens before it is ask or act.",
			 mode_name(mode));
	return lines;
}

static void say_answer(struct rehearsal *r, const json_t *lines)
{
	for (size_t i = 0; i < json_array_size(lines); i++)
		view_row(r->ctl, 2, NULL, "%s", json_string_value(json_array_get(lines, i)));
}

static void text(struct rehearsal *r, const json_t *fleets, const json_t *lines)
{
	say_answer(r, lines);
	if (json_array_size(r->rotations)) {
		say_rotations(r);
		say_members(r);
	}
	say_renewals(r);
	say_fleets(r, fleets);
	ctl_say(r->ctl, "%s", "");
	view_row(
	    r->ctl, 2, NULL,
	    "Simulated: rotad's own rounds and planner on a fleet of this shape (seed %llu), by "
	    "%s; starts take 0.5 to 4 s there, elections less than 0.5 s. Drivers add their own "
	    "retries to a pause.",
	    (unsigned long long)r->seed, r->policy);
}

/* ---- the verb ---- */

static bool write_page(const struct rehearsal *r, const char *path, struct err *err)
{
	auto_buf struct buf page = {.max = 8 * 1024 * 1024};
	simulate_page(r->ctl->doc, &page);
	return page_write(&page, path, err);
}

/* Half a minute where the machine is slow: said, on a terminal only. */
static void say_wait(const struct rehearsal *r)
{
	if (!r->ctl->json && isatty(fileno(r->ctl->err)))
		fprintf(r->ctl->err, "rehearsing %ld fleets...\n", r->fleets);
}

static enum ctl_exit rehearse(struct rehearsal *r, const char *html)
{
	struct err err = ERR_INIT;
	AUTO(json_t) shown = NULL;
	json_t *fleets = NULL;
	r->rotations = json_array();
	r->renewals = json_array();
	bool ok = keyfile_calendar(r, &err);
	if (ok)
		certificate_calendar(r);
	/* What does not end by itself ends no better when things go wrong. */
	if (ok && r->fleets > 0 && sums_of(r->rotations).ended) {
		say_wait(r);
		AUTO(json_t) whole = run(r, r->seed, false, r->fleets, &err);
		ok = whole != NULL;
		fleets = json_incref(json_object_get(whole, "fleets"));
		if (view_int(fleets, "unsafe"))
			worse(r, CTL_FAILED);
		else if (view_int(fleets, "stuck"))
			worse(r, CTL_ATTENTION);
	}
	if (ok) {
		json_t *lines = answer(r, fleets);
		text(r, fleets, lines);
		document(r, fleets);
		json_object_set_new(r->ctl->doc, "answer", lines);
	}
	json_decref(r->rotations);
	json_decref(r->renewals);
	/* 2 says that a fleet was not safe, and nothing else. */
	if (!ok || (html && !write_page(r, html, &err))) {
		(void)ctl_error(r->ctl, &err);
		return CTL_UNKNOWN;
	}
	if (html)
		ctl_say(r->ctl, "\n  The page: %s", html);
	return r->worst;
}

enum ctl_exit ctl_simulate(struct ctl *ctl, int argc, char **argv)
{
	static const struct option longs[] = {VIEW_PICK_OPTIONS,
					      {"members", required_argument, NULL, 'm'},
					      {"from", required_argument, NULL, 'f'},
					      {"days", required_argument, NULL, 'd'},
					      {"fleets", required_argument, NULL, 'n'},
					      {"seed", required_argument, NULL, 's'},
					      {"html", required_argument, NULL, 'h'},
					      {NULL, 0, NULL, 0}};
	struct view_pick pick = {.instance = NULL};
	struct rehearsal r = {.ctl = ctl, .fleets = FLEETS, .seed = 1, .worst = CTL_GOOD};
	const char *letters = NULL, *from = NULL, *html = NULL;
	long days = DAYS, seed = 1;
	struct err err = ERR_INIT;
	AUTO(json_t) doc = NULL;
	auto_conf struct conf *conf = conf_new();
	int c;
	if (!conf) {
		(void)err_set(&err, ERR_MEMORY, "no memory for a configuration");
		return ctl_error(ctl, &err);
	}
	while ((c = ctl_option(ctl, argc, argv, "", longs)) != -1) {
		if (view_pick_take(&pick, c))
			continue;
		if (c == 'm')
			letters = optarg;
		else if (c == 'f')
			from = optarg;
		else if (c == 'h')
			html = optarg;
		else if (c == 'd' && ctl_number(ctl, "--days", optarg, 1, DAYS_MAX, &days))
			continue;
		else if (c == 'n' && ctl_number(ctl, "--fleets", optarg, 0, FLEETS_MAX, &r.fleets))
			continue;
		else if (c == 's' && ctl_number(ctl, "--seed", optarg, 0, 1L << 40, &seed))
			continue;
		else
			return CTL_USAGE;
	}
	if (optind < argc)
		return ctl_usage(ctl, "simulate takes no argument");
	if (letters && (from || pick.instance || pick.cluster))
		return ctl_usage(ctl,
				 "--members is a set of your own: without --from, --instance and "
				 "--cluster");
	if (html && access(html, F_OK) == 0) { /* before the minute that it takes */
		(void)err_set(&err, ERR_CONFLICT, "'%.500s' is there already; a new file is wanted",
			      html);
		(void)ctl_error(ctl, &err);
		return CTL_UNKNOWN;
	}
	r.seed = (uint64_t)seed;
	struct timespec ts;
	(void)clock_gettime(CLOCK_REALTIME, &ts);
	r.now.us = (int64_t)ts.tv_sec * US_S;
	const char *instance = NULL;
	if (letters) {
		if (!take_letters(&r, letters))
			return ctl_usage(
			    ctl,
			    "--members: a number up to %d, or a letter a member: S may "
			    "become primary, A arbiter, H hidden, D delayed, 0 priority 0, N "
			    "no vote; one S at least",
			    SIM_HOSTS_MAX);
	} else {
		enum ctl_exit code = view_open(ctl, from, &doc, &r.now);
		const json_t *one = code == CTL_GOOD ? view_instance(ctl, doc, &pick) : NULL;
		if (!one)
			return code == CTL_GOOD ? CTL_USAGE : code;
		if (!take_status(&r, one)) {
			(void)err_set(&err, ERR_LIMIT,
				      "a set of 1 to %d members can be rehearsed; this one has %zu",
				      SIM_HOSTS_MAX,
				      json_array_size(json_object_get(one, "members")));
			return ctl_error_with(ctl, &err, "rotactl simulate --members N");
		}
		const json_t *first = json_array_get(json_object_get(one, "members"), 0);
		if (view_text(first, "set")[0]) {
			(void)err_set(&err, ERR_UNSUPPORTED,
				      "a sharded cluster is not rehearsed yet, only one set");
			(void)ctl_error_with(ctl, &err,
					     "rotactl simulate --members N for each of its sets");
			return CTL_UNKNOWN;
		}
		instance = view_text(one, "instance");
	}
	r.is_config_optional = strcmp(ctl->config_path, CTL_CONFIG_DEFAULT) == 0;
	r.until = wall_add(r.now, (int64_t)days * US_DAY);
	if (!take_policy(&r, instance, conf, &err)) {
		(void)ctl_error(ctl, &err);
		return CTL_UNKNOWN;
	}
	return rehearse(&r, html);
}
