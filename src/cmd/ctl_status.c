/* SPDX-License-Identifier: Apache-2.0 */
/* rotactl status: how every instance of this host stands, on one page. The first line is the
 * answer; one line always says whether a member may be restarted. */
#include <string.h>

#include "cmd/ctl_table.h"
#include "cmd/ctl_view.h"
#include "codec/json_mem.h"

/* A page of status while it is written. */
struct page {
	struct ctl *ctl;
	const json_t *instance, *members, *plan, *rotation, *key;
	const char *phase; /* "open", "carried", "dead", "" */
	struct wall now;
	struct view_labels labels;
	size_t unhealthy_n, in_turn_n; /* members that are not healthy without and with a reason */
	size_t away_n;                 /* members that do not serve at all, whatever the reason */
	struct view_table table;
};

enum { LABEL_COLUMNS = 14 };

static bool is_looking_only(const json_t *instance)
{
	const char *mode = view_text(instance, "mode");
	return strcmp(mode, "observe") == 0 || strcmp(mode, "off") == 0;
}

static enum ctl_exit judge(const struct page *g)
{
	const json_t *events = json_object_get(g->plan, "events");
	char restart = view_restart_now(g->instance);
	enum ctl_exit code = CTL_GOOD;
	if (restart == 'n')
		return CTL_FAILED;
	if (restart == '?' && !is_looking_only(g->instance))
		code = CTL_UNKNOWN;
	if (g->unhealthy_n || view_is(g->plan, "needsAttention") ||
	    json_is_object(json_object_get(g->instance, "hold")))
		code = CTL_ATTENTION;
	for (size_t i = 0; i < json_array_size(events); i++) {
		const char *severity = view_text(json_array_get(events, i), "severity");
		if (strcmp(severity, "critical") == 0)
			return CTL_FAILED;
		if (strcmp(severity, "warning") == 0)
			code = CTL_ATTENTION;
	}
	return code;
}

/* The step that moves: its number from 1, or 0. */
static size_t step_now(const json_t *plan, bool *ret_waits)
{
	const json_t *steps = json_object_get(plan, "steps");
	*ret_waits = false;
	for (size_t i = 0; i < json_array_size(steps); i++) {
		const char *state = view_text(json_array_get(steps, i), "state");
		*ret_waits = strcmp(state, "waiting") == 0;
		if (*ret_waits || strcmp(state, "now") == 0)
			return i + 1;
	}
	return 0;
}

static void add_activity(const struct page *g, struct buf *b)
{
	bool waits;
	char age[32];
	size_t step = step_now(g->plan, &waits);
	size_t steps_n = json_array_size(json_object_get(g->plan, "steps"));
	struct wall born = view_wall(g->key, "born");
	if (json_is_object(json_object_get(g->instance, "hold")))
		buf_adds(b, " HELD.");
	if (strcmp(g->phase, "dead") == 0)
		buf_adds(b, " Keyfile rotation: being taken back.");
	else if (g->phase[0] && step)
		buf_addf(b, " Keyfile rotation: step %zu of %zu%s.", step, steps_n,
			 waits ? ", waiting" : "");
	else if (g->phase[0])
		buf_adds(b, " Keyfile rotation under way.");
	else if (view_int(g->key, "pivot") && born.us) {
		buf_addf(b, " Key %lld, %s%s old", (long long)view_int(g->key, "pivot"),
			 view_is(g->key, "exact") ? "" : "at least ",
			 view_span(g->now.us - born.us, age, sizeof(age)));
		if (view_int(g->key, "standby"))
			buf_addf(b, "; key %lld stands by", (long long)view_int(g->key, "standby"));
		buf_adds(b, ".");
	} else if (is_looking_only(g->instance))
		buf_adds(b, " rotad only looks.");
}

static void headline(const struct page *g)
{
	auto_buf struct buf b = {.p = NULL};
	char age[32];
	const char *cluster = view_text(g->instance, "cluster");
	const char *version = view_text(g->instance, "version");
	struct wall born = view_wall(g->key, "born");
	buf_addf(&b, "%s: ", cluster[0] ? cluster : view_text(g->instance, "instance"));
	if (!g->labels.n)
		buf_adds(&b, "no member is seen");
	else if (view_is(g->instance, "standalone"))
		buf_adds(&b, "standalone");
	else
		buf_addf(&b, "%zu member%s", g->labels.n, g->labels.n == 1 ? "" : "s");
	if (version[0])
		buf_addf(&b, ", MongoDB %s", version);
	if (view_restart_now(g->instance) == 'n')
		buf_adds(&b, ", NOT SAFE to restart.");
	else if (g->unhealthy_n)
		buf_addf(&b, ", %zu NOT healthy.", g->unhealthy_n);
	else if (g->in_turn_n)
		buf_addf(&b, ", %zu away for its turn.", g->in_turn_n);
	else
		buf_adds(&b, g->labels.n ? ", healthy." : ".");
	add_activity(g, &b);
	view_row(g->ctl, 5, NULL, "%s", buf_z(&b));
	if (!g->phase[0])
		return;
	buf_clear(&b);
	buf_addf(&b, "key %lld", (long long)view_int(g->rotation, "pivot"));
	if (born.us && view_int(g->key, "pivot") == view_int(g->rotation, "pivot"))
		buf_addf(&b, " (%s old)", view_span(g->now.us - born.us, age, sizeof(age)));
	buf_addf(&b, " -> key %lld", (long long)view_int(g->rotation, "next"));
	if (view_text(g->rotation, "reason")[0])
		buf_addf(&b, ", %s", view_text(g->rotation, "reason"));
	view_row(g->ctl, 5, "     ", "%s", buf_z(&b));
}

/* The gate that holds the next act back; NULL: none. */
static const json_t *find_gate(const json_t *plan)
{
	const json_t *gates = json_object_get(plan, "gates");
	for (size_t i = 0; i < json_array_size(gates); i++) {
		const json_t *g = json_array_get(gates, i);
		const char *verdict = view_text(g, "verdict");
		if (strcmp(verdict, "wait") == 0 || strcmp(verdict, "refuse") == 0)
			return g;
	}
	return NULL;
}

static void steps(struct page *g)
{
	const json_t *all = json_object_get(g->plan, "steps");
	const json_t *gate = find_gate(g->plan);
	struct view_table *t = &g->table;
	if (!json_array_size(all))
		return;
	*t = (struct view_table){.rows_n = 0};
	for (size_t i = 0; i < json_array_size(all) && i < 16; i++) {
		const json_t *s = json_array_get(all, i);
		const char *state = view_text(s, "state");
		auto_buf struct buf note = {.p = NULL};
		view_new_row(t);
		view_cell(t, 0, "%zu", i + 1);
		view_cell(t, 1, "%s", view_text(s, "text"));
		if (strcmp(state, "now") == 0 || strcmp(state, "waiting") == 0)
			view_cell(t, 2, "%lld of %lld", (long long)view_int(s, "done"),
				  (long long)view_int(s, "of"));
		else
			view_cell(t, 2, "%s", state);
		buf_adds(&note, view_text(s, "note"));
		if (!note.n && strcmp(state, "waiting") == 0)
			buf_addf(&note, "waits: %s", gate ? view_text(gate, "gate") : "see below");
		view_cell(t, 3, "%.30s", buf_z(&note));
	}
	ctl_say(g->ctl, "%s", "");
	view_table_print(g->ctl, t);
}

/* What is known of one key on one member: by logins, else by its vote. */
static void verdict_of(const struct page *g, const json_t *member, int64_t key, bool wants_refused,
		       char *out, size_t out_n)
{
	const json_t *proofs = json_object_get(member, "proofs");
	const json_t *loaded = json_object_get(member, "loaded");
	char when[32];
	for (size_t i = 0; i < json_array_size(proofs); i++) {
		const json_t *p = json_array_get(proofs, i);
		const char *verdict = view_text(p, "verdict");
		if (view_int(p, "key") != key || strcmp(verdict, "unknown") == 0)
			continue;
		if (strcmp(verdict, wants_refused ? "refused" : "accepted") == 0)
			snprintf(out, out_n, "yes, %s",
				 view_clock(view_wall(p, "at"), g->now, when, sizeof(when)));
		else
			cut_z(out, out_n, "not yet");
		return;
	}
	if (!wants_refused && strcmp(view_text(member, "vote"), "yea") == 0)
		cut_z(out, out_n, "yes, voted");
	else if (!json_is_array(loaded))
		cut_z(out, out_n, "unknown");
	else if (wants_refused)
		cut_z(out, out_n, view_ring_has(loaded, key) ? "not yet" : "to be proven");
	else
		cut_z(out, out_n, view_ring_has(loaded, key) ? "to be proven" : "not yet");
}

static const char *turn_of(const struct page *g, const json_t *member, bool is_carried)
{
	const char *turn = view_text(member, "turn");
	const json_t *loaded = json_object_get(member, "loaded");
	int64_t old = view_int(g->rotation, "pivot"), next = view_int(g->rotation, "next");
	if (turn[0])
		return turn;
	if (json_is_array(loaded) &&
	    (is_carried ? !view_ring_has(loaded, old) : view_ring_has(loaded, next)))
		return "done";
	return strcmp(view_text(member, "state"), "PRIMARY") == 0 && g->labels.n > 1
		   ? "last, steps down"
		   : "to come";
}

static void rotad_of(const json_t *member, char *out, size_t out_n)
{
	const json_t *r = json_object_get(member, "rotad");
	if (!json_is_object(r))
		cut_z(out, out_n, "none heard");
	else
		snprintf(out, out_n, "%.12s, %s", view_text(r, "mode"),
			 view_is(r, "rehearsed") ? "ready" : "not ready");
}

static void members(struct page *g)
{
	struct view_table *t = &g->table;
	bool is_carried = strcmp(g->phase, "carried") == 0;
	int64_t key = view_int(g->rotation, is_carried ? "pivot" : "next");
	if (!g->labels.n)
		return;
	*t = (struct view_table){.rows_n = 0};
	view_new_row(t);
	view_cell(t, 0, "MEMBER");
	view_cell(t, 1, "STATE");
	view_cell(t, 2, "ON DISK");
	view_cell(t, 3, "LOADED");
	if (g->phase[0]) {
		view_cell(t, 4, "%s %lld", is_carried ? "REFUSES" : "ACCEPTS", (long long)key);
		view_cell(t, 5, "TURN");
	} else {
		view_cell(t, 4, "LAG");
		view_cell(t, 5, "ROTAD");
	}
	for (size_t i = 0; i < g->labels.n; i++) {
		const json_t *m = json_array_get(g->members, i);
		const json_t *lag = json_object_get(m, "lagSeconds");
		char text[40];
		view_new_row(t);
		/* Of a sharded cluster: as MongoDB writes it, set/host. */
		view_cell(t, 0, "%.20s%s%.30s", view_text(m, "set"),
			  view_text(m, "set")[0] ? "/" : "", g->labels.text[i]);
		view_cell(t, 1, "%s",
			  view_is(g->instance, "standalone") && view_is(m, "answers")
			      ? "standalone"
			      : view_text(m, "state"));
		view_cell(t, 2, "%s", view_ring(json_object_get(m, "onDisk"), text, sizeof(text)));
		view_cell(t, 3, "%s", view_ring(json_object_get(m, "loaded"), text, sizeof(text)));
		if (g->phase[0]) {
			verdict_of(g, m, key, is_carried, text, sizeof(text));
			view_cell(t, 4, "%s", text);
			view_cell(t, 5, "%s", turn_of(g, m, is_carried));
		} else {
			if (json_is_number(lag))
				view_cell(t, 4, "%.0f s", json_number_value(lag));
			else
				view_cell(t, 4, "unknown");
			rotad_of(m, text, sizeof(text));
			view_cell(t, 5, "%s", text);
		}
	}
	ctl_say(g->ctl, "%s", "");
	view_table_print(g->ctl, t);
	for (size_t i = 0; i < g->labels.n; i++) {
		const json_t *m = json_array_get(g->members, i);
		if (!view_is_healthy(g->instance, m) && !g->in_turn_n &&
		    !(g->away_n && view_is_up(m)))
			view_row(g->ctl, 5, "     ", "%.30s: %.200s", g->labels.text[i],
				 view_text(m, "why")[0] ? view_text(m, "why") : "not healthy");
	}
}

static void next_look(const struct page *g)
{
	enum { OLD_S = 2 };
	struct wall wake = view_wall(g->plan, "wakeAt"), seen = view_wall(g->instance, "now");
	char when[32], zone[32], in[32], span[32], ago[64] = "";
	const json_t *gate = find_gate(g->plan);
	view_row(g->ctl, 5, "Now: ", "%s",
		 view_text(g->plan, "reason")[0] ? view_text(g->plan, "reason")
						 : "nothing is known yet.");
	if (view_is(g->plan, "waiting") && gate &&
	    !strstr(view_text(g->plan, "reason"), view_text(gate, "text")))
		view_row(g->ctl, 5, "     ", "%s: %s", view_text(gate, "gate"),
			 view_text(gate, "text"));
	if (wake.us == 0)
		return;
	/* An idle rotad looks four times a minute: what is above may have changed since. */
	const int64_t age_us = seen.us ? g->now.us - seen.us : 0;
	if (age_us >= OLD_S * US_S)
		snprintf(ago, sizeof(ago), "; the above was seen %s ago",
			 view_span(age_us, span, sizeof(span)));
	view_row(g->ctl, 6, "Next: ", "look again %s %s (%s%s)%s.",
		 view_clock(wake, g->now, when, sizeof(when)), view_zone(wake, zone, sizeof(zone)),
		 wake.us >= g->now.us ? "in " : "due since ",
		 view_span(wake.us - g->now.us, in, sizeof(in)), ago);
}

/* The certificate that ends first, of those that members serve. */
static void certificates(const struct page *g)
{
	const json_t *c = json_object_get(g->instance, "certificate");
	const json_t *served = json_object_get(c, "served");
	struct wall first = view_wall(served, "notAfter");
	size_t n = first.us != 0;
	char date[32], left[32];
	auto_buf struct buf b = {.p = NULL};
	const char *stage = view_text(c, "stage");
	for (size_t i = 0; i < g->labels.n; i++) {
		const json_t *m = json_array_get(g->members, i);
		struct wall end = view_wall(json_object_get(m, "certificate"), "notAfter");
		if (end.us == 0 || (view_is(m, "self") && first.us))
			continue;
		n++;
		if (first.us == 0 || end.us < first.us)
			first = end;
	}
	if (n == 0) {
		view_row(g->ctl, LABEL_COLUMNS, "Certificates", "none seen in use");
		return;
	}
	buf_addf(&b, "%zu known; first %s %s (%s%s)", n, first.us < g->now.us ? "ENDED" : "ends",
		 view_date(first, date, sizeof(date)),
		 view_span(first.us - g->now.us, left, sizeof(left)),
		 first.us < g->now.us ? " ago" : "");
	if (json_is_object(served) && !view_is(c, "trusted"))
		buf_adds(&b, "; this member's is NOT trusted by its own CA file");
	if (stage[0] && strcmp(stage, "none") != 0)
		buf_addf(&b, "; a new one is %s%s%s", stage, view_text(c, "why")[0] ? ": " : "",
			 view_text(c, "why"));
	view_row(g->ctl, LABEL_COLUMNS, "Certificates", "%s", buf_z(&b));
}

/* Events of that severity, in a line or three each. */
static void events(const struct page *g, const char *severity, const char *label)
{
	const json_t *all = json_object_get(g->plan, "events");
	for (size_t i = 0; i < json_array_size(all); i++) {
		const json_t *e = json_array_get(all, i);
		if (strcmp(view_text(e, "severity"), severity) == 0)
			view_row(g->ctl, (unsigned)strlen(label), label, "%.300s (rotactl explain)",
				 view_text(e, "headline"));
	}
}

/* Who is told of trouble, and whether they take it. Of the host, not of one instance. */
static enum ctl_exit alerts(struct ctl *ctl, const json_t *doc, struct wall now)
{
	const json_t *a = json_object_get(doc, "alerts"), *all = json_object_get(a, "targets");
	enum ctl_exit code = CTL_GOOD;
	const char *label = "Alerts";
	char when[32], span[32];
	if (!json_is_object(a))
		return CTL_GOOD; /* a status that does not tell */
	if (view_is(a, "broken")) {
		view_row(ctl, LABEL_COLUMNS, label,
			 "NOT SENT: rotad could not set its targets up; see its journal");
		return CTL_ATTENTION;
	}
	if (!json_array_size(all))
		view_row(ctl, LABEL_COLUMNS, label,
			 "none: nobody is told. Name a target under alerts: in rotad.yaml");
	for (size_t i = 0; i < json_array_size(all); i++) {
		const json_t *t = json_array_get(all, i);
		struct wall answered = view_wall(t, "answeredAt"),
			    beat = view_wall(t, "heartbeatAt"),
			    failing = view_wall(t, "failingSince"),
			    next = view_wall(t, "nextTryAt"),
			    oldest = view_wall(t, "oldestWaiting");
		int64_t waiting = view_int(t, "waiting");
		auto_buf struct buf b = {.p = NULL};
		buf_addf(&b, "%s \"%s\" ", view_text(t, "type"), view_text(t, "target"));
		if (view_is(t, "gone"))
			buf_adds(&b, "SWITCHED OFF: it said that it is gone for ever (410)");
		else if (failing.us)
			buf_addf(&b, "TAKES NOTHING since %s%s%.200s",
				 view_clock(failing, now, when, sizeof(when)),
				 view_text(t, "why")[0] ? ": " : "", view_text(t, "why"));
		else if (answered.us)
			buf_addf(&b, "answered %s ago",
				 view_span(now.us - answered.us, span, sizeof(span)));
		else
			buf_adds(&b, "was sent nothing yet");
		if (failing.us && answered.us)
			buf_addf(&b, "; answered last %s",
				 view_clock(answered, now, when, sizeof(when)));
		if (beat.us && !failing.us && !view_is(t, "gone"))
			buf_addf(&b, "; heartbeat %s ago",
				 view_span(now.us - beat.us, span, sizeof(span)));
		if (waiting > 0)
			buf_addf(&b, "; %lld wait%s", (long long)waiting, waiting == 1 ? "s" : "");
		if (waiting > 0 && oldest.us)
			buf_addf(&b, ", since %s", view_clock(oldest, now, when, sizeof(when)));
		if (failing.us && next.us > now.us && !view_is(t, "gone"))
			buf_addf(&b, "; next try in %s",
				 view_span(next.us - now.us, span, sizeof(span)));
		view_row(ctl, LABEL_COLUMNS, label, "%s", buf_z(&b));
		label = "";
		if (failing.us || view_is(t, "gone"))
			code = CTL_ATTENTION;
	}
	if (view_int(a, "dropped") > 0)
		view_row(ctl, LABEL_COLUMNS, "", "%lld were dropped so far: the spool was full",
			 (long long)view_int(a, "dropped"));
	return code;
}

/* The central schedule is of the host, not of one instance. */
static enum ctl_exit schedule(struct ctl *ctl, const json_t *doc, struct wall now)
{
	const json_t *s = json_object_get(doc, "schedule");
	struct wall at = view_wall(s, "confirmedAt");
	char age[32];
	auto_buf struct buf b = {.p = NULL};
	if (!json_is_object(s))
		return CTL_GOOD;
	if (view_int(s, "serial"))
		buf_addf(&b, "serial %lld%s%s, confirmed %s ago", (long long)view_int(s, "serial"),
			 view_text(s, "signer")[0] ? ", signed by " : "", view_text(s, "signer"),
			 view_span(now.us - at.us, age, sizeof(age)));
	else
		buf_adds(&b, "none was read yet: rotad only looks until one is");
	if (view_text(s, "why")[0])
		buf_addf(&b, "; since %s: %.300s",
			 view_clock(view_wall(s, "failingSince"), now, age, sizeof(age)),
			 view_text(s, "why"));
	view_row(ctl, LABEL_COLUMNS, "Schedule", "%s", buf_z(&b));
	return view_is(s, "warns") || view_int(s, "serial") == 0 ? CTL_ATTENTION : CTL_GOOD;
}

static void troubles(const struct page *g)
{
	const json_t *rehearsed = json_object_get(g->instance, "rehearsed");
	const json_t *ledger = json_object_get(g->instance, "ledger");
	const json_t *process = json_object_get(g->instance, "process");
	if (!view_is(ledger, "known") && !view_is(g->instance, "standalone"))
		view_row(g->ctl, LABEL_COLUMNS, "Ledger", "not known%s%.160s",
			 view_text(ledger, "why")[0] ? ": " : "", view_text(ledger, "why"));
	if (view_text(ledger, "notAdmitted")[0])
		view_row(g->ctl, LABEL_COLUMNS, "Not admitted", "%.200s",
			 view_text(ledger, "notAdmitted"));
	if (!view_is(rehearsed, "ok") && !is_looking_only(g->instance))
		view_row(g->ctl, LABEL_COLUMNS, "Not ready", "%.200s",
			 view_text(rehearsed, "findings")[0] ? view_text(rehearsed, "findings")
							     : "not rehearsed yet");
	if (view_text(process, "pending")[0])
		view_row(g->ctl, LABEL_COLUMNS, "Pending",
			 "a restart would change more than the key: %.200s",
			 view_text(process, "pending"));
}

static void orders(const struct page *g)
{
	const json_t *hold = json_object_get(g->instance, "hold");
	const json_t *all = json_object_get(g->instance, "orders");
	char when[32];
	if (json_is_object(hold))
		view_row(g->ctl, LABEL_COLUMNS, "Held",
			 "by %s since %s: %.160s. Go on: rotactl resume", view_text(hold, "who"),
			 view_clock(view_wall(hold, "at"), g->now, when, sizeof(when)),
			 view_text(hold, "why"));
	for (size_t i = 0; i < json_array_size(all); i++) {
		const json_t *o = json_array_get(all, i);
		const char *member = view_text(o, "member"), *why = view_text(o, "reason");
		view_row(g->ctl, LABEL_COLUMNS, "Ordered", "%s%s%s by %s %s%s%.100s",
			 view_text(o, "kind"), member[0] ? " of " : "", member, view_text(o, "who"),
			 view_clock(view_wall(o, "at"), g->now, when, sizeof(when)),
			 why[0] ? ": " : "", why);
	}
}

/* While one member is away the others do not see it: the one that is away is the trouble, and when
 * it is away for its turn that is on course. */
static void count_members(struct page *g)
{
	for (size_t i = 0; i < g->labels.n; i++) {
		const json_t *m = json_array_get(g->members, i);
		g->in_turn_n += !view_is_healthy(g->instance, m) && view_is_in_turn(g->instance, m);
		g->away_n += !view_is_up(m) && !view_is(g->instance, "standalone");
	}
	for (size_t i = 0; i < g->labels.n; i++) {
		const json_t *m = json_array_get(g->members, i);
		if (view_is_healthy(g->instance, m) || view_is_in_turn(g->instance, m))
			continue;
		g->unhealthy_n += (!g->in_turn_n && !g->away_n) || !view_is_up(m);
	}
}

static enum ctl_exit show(struct ctl *ctl, const json_t *instance, struct wall now)
{
	struct page *g = calloc(1, sizeof(*g));
	ASSERT(g); /* 60 KiB of a program that has just begun */
	*g = (struct page){.ctl = ctl,
			   .instance = instance,
			   .members = json_object_get(instance, "members"),
			   .plan = json_object_get(instance, "plan"),
			   .rotation = json_object_get(instance, "rotation"),
			   .key = json_object_get(instance, "key"),
			   .phase = view_rotation(instance),
			   .now = now};
	view_labels(instance, false, &g->labels);
	count_members(g);
	headline(g);
	events(g, "critical", "CRITICAL  ");
	steps(g);
	members(g);
	const char *why = view_text(json_object_get(g->plan, "restartNow"), "why");
	ctl_say(ctl, "%s", "");
	view_row(ctl, 5, NULL, "Any member may be restarted now, by anyone: %s.",
		 why[0] ? why : "cannot tell");
	next_look(g);
	ctl_say(ctl, "%s", "");
	certificates(g);
	orders(g);
	troubles(g);
	events(g, "warning", "Warning       ");
	enum ctl_exit code = judge(g);
	free(g);
	return code;
}

enum ctl_exit ctl_status(struct ctl *ctl, int argc, char **argv)
{
	static const struct option longs[] = {
	    VIEW_PICK_OPTIONS, {"from", required_argument, NULL, 'f'}, {NULL, 0, NULL, 0}};
	struct view_pick pick = {.instance = NULL};
	const char *from = NULL;
	AUTO(json_t) doc = NULL;
	struct wall now;
	int c;
	while ((c = ctl_option(ctl, argc, argv, "", longs)) != -1) {
		if (view_pick_take(&pick, c))
			continue;
		if (c == 'f')
			from = optarg;
		else
			return CTL_USAGE;
	}
	if (optind < argc)
		return ctl_usage(ctl, "status takes no argument");
	enum ctl_exit code = view_open(ctl, from, &doc, &now);
	if (code != CTL_GOOD)
		return code;
	const json_t *all = json_object_get(doc, "instances");
	size_t shown = 0;
	for (size_t i = 0; i < json_array_size(all); i++) {
		const json_t *one = json_array_get(all, i);
		if (!view_fits(one, &pick))
			continue;
		if (shown++)
			ctl_say(ctl, "%s", "");
		code = view_worse(code, show(ctl, one, now));
	}
	if (shown > 1)
		ctl_say(ctl, "%s", "");
	if (shown) {
		code = view_worse(code, alerts(ctl, doc, now));
		code = view_worse(code, schedule(ctl, doc, now));
	}
	view_to_doc(ctl, doc);
	if (shown)
		return code;
	(void)view_instance(ctl, doc, &pick); /* tells what there is */
	return json_array_size(all) ? CTL_USAGE : CTL_UNKNOWN;
}
