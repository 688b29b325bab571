/* SPDX-License-Identifier: Apache-2.0 */
/* rotactl explain and plan: why rotad does what it does, or nothing; and what a name means that it
 * told. Meanings come from the tables, so that none can be forgotten. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "cmd/ctl_table.h"
#include "cmd/ctl_view.h"
#include "codec/cert_check.h"
#include "codec/json_mem.h"
#include "codec/keyfile_text.h"
#include "model/event_table.h"
#include "model/plan.h"
#include "plan/gate.h"

enum { MEANING_COLUMNS = 11, GATE_COLUMNS = 38, NEAR_MAX = 8 };

/* ---- what a name means ---- */

/* now and did: "" where there are none. */
static void meaning_of(struct ctl *ctl, const char *kind, const char *name, const char *what,
		       const char *now, const char *did, const char *you)
{
	json_t *all = json_object_get(ctl->doc, "meanings");
	if (!all) {
		all = json_array();
		(void)json_object_set_new(ctl->doc, "meanings", all);
	}
	(void)json_array_append_new(all, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "name", name,
						   "kind", kind, "what", what, "now", now, "weDid",
						   did, "you", you));
	view_row(ctl, 2, NULL, "%s: %s.", name, kind);
	view_row(ctl, MEANING_COLUMNS, "  what", "%s", what);
	if (now[0])
		view_row(ctl, MEANING_COLUMNS, "  now", "%s", now);
	if (did[0])
		view_row(ctl, MEANING_COLUMNS, "  we did", "%s", did);
	if (you[0])
		view_row(ctl, MEANING_COLUMNS, "  you", "%s", you);
}

static void meaning(struct ctl *ctl, const char *kind, const char *name, const char *what,
		    const char *you)
{
	meaning_of(ctl, kind, name, what, "", "", you);
}

static size_t explain_event(struct ctl *ctl, const char *name)
{
	const struct event_row *e = event_row_find(name);
	char kind[64];
	if (!e)
		return 0;
	snprintf(kind, sizeof(kind), "an event, %s unless the case says otherwise",
		 severity_name(e->severity));
	meaning_of(ctl, kind, name, e->meaning, e->now, e->did,
		   e->you[0] ? e->you : "Nothing has to be done.");
	return 1;
}

static size_t explain_error(struct ctl *ctl, const char *name)
{
	static const char *const again[RETRY_N] = {
	    [RETRY_NOW] = "rotad tries again at once",
	    [RETRY_LATER] = "rotad tries again by itself, later",
	    [RETRY_AFTER_CHANGE] = "tried again when an input changed",
	    [RETRY_OPERATOR] = "rotad waits until a person did something",
	    [RETRY_NEVER] = "trying again does not help"};
	for (int k = ERR_NONE + 1; k < ERR_N; k++) {
		enum err_kind kind = (enum err_kind)k;
		char what[256];
		if (strcasecmp(err_kind_name(kind), name) != 0)
			continue;
		snprintf(what, sizeof(what), "%s; %s", err_kind_text(kind),
			 again[err_kind_retry(kind)]);
		meaning(ctl, "a kind of error", err_kind_name(kind), what, err_kind_advice(kind));
		return 1;
	}
	return 0;
}

static size_t explain_keyfile_rule(struct ctl *ctl, const char *name)
{
	for (size_t i = 0; i < KEYFILE_RULE_N; i++) {
		const struct keyfile_rule_row *r = &keyfile_rule_table[i];
		if (strcmp(r->name, name) != 0)
			continue;
		meaning(ctl,
			r->weight != KEYFILE_REFUSE    ? "a rule for keyfiles, a warning"
			: r->who == KEYFILE_WHO_MONGOD ? "a rule for keyfiles; mongod refuses it"
						       : "a rule for keyfiles; rotad refuses it",
			name, r->text, r->you);
		return 1;
	}
	return 0;
}

static size_t explain_cert_check(struct ctl *ctl, const char *name)
{
	for (unsigned i = 0; i < cert_checks_n(); i++) {
		const struct cert_check_row *r = cert_check_row(i);
		if (strcmp(r->name, name) != 0)
			continue;
		meaning(ctl, "a check of certificates", name, r->what,
			"rotactl cert check PEM tells what to ask the CA for");
		return 1;
	}
	return 0;
}

static size_t explain_act(struct ctl *ctl, const char *name)
{
	for (size_t i = 0; i < ACT_N; i++) {
		if (strcmp(act_table[i].word, name) != 0)
			continue;
		meaning(ctl,
			act_table[i].is_disruptive ? "an act, disruptive: needs the turn"
						   : "an act, not disruptive",
			name, act_table[i].text, "");
		return 1;
	}
	return 0;
}

/* Which names have the word in them? */
static void add_near(struct buf *b, unsigned *n, const char *name, const char *word)
{
	if (*n < NEAR_MAX && strcasestr(name, word))
		buf_addf(b, "%s%s", (*n)++ ? ", " : "", name);
}

static enum ctl_exit unknown_thing(struct ctl *ctl, const char *thing)
{
	auto_buf struct buf near = {.p = NULL};
	unsigned n = 0;
	for (size_t i = 0; i < EVENT_N; i++)
		add_near(&near, &n, event_table[i].name, thing);
	for (size_t i = 0; i < KEYFILE_RULE_N; i++)
		add_near(&near, &n, keyfile_rule_table[i].name, thing);
	for (unsigned i = 0; i < cert_checks_n(); i++)
		add_near(&near, &n, cert_check_row(i)->name, thing);
	for (size_t i = 0; i < ACT_N; i++)
		add_near(&near, &n, act_table[i].word, thing);
	for (int k = ERR_NONE + 1; k < ERR_N; k++)
		add_near(&near, &n, err_kind_name((enum err_kind)k), thing);
	if (n)
		return ctl_usage(ctl, "nothing is called '%.60s'; did you mean: %s?", thing,
				 buf_z(&near));
	return ctl_usage(ctl,
			 "nothing is called '%.60s': events, errors, rules of keyfile check, "
			 "checks of cert check and acts can be explained",
			 thing);
}

static enum ctl_exit explain_thing(struct ctl *ctl, const char *thing)
{
	size_t n = explain_event(ctl, thing) + explain_error(ctl, thing) +
		   explain_keyfile_rule(ctl, thing) + explain_cert_check(ctl, thing) +
		   explain_act(ctl, thing);
	return n ? CTL_GOOD : unknown_thing(ctl, thing);
}

/* ---- why it stands as it stands ---- */

static void gates(struct ctl *ctl, const json_t *plan)
{
	static const struct {
		const char *verdict, *word;
	} words[] = {{"pass", "pass"}, {"wait", "WAIT"}, {"refuse", "REFUSE"}, {"skip", "-"}};
	const json_t *all = json_object_get(plan, "gates");
	const char *whom = view_text(plan, "gatesFor");
	if (!json_array_size(all))
		return;
	ctl_say(ctl, "%s", "");
	view_row(ctl, 2, "  ", "gates%s%s", whom[0] ? " for " : "", whom);
	for (size_t i = 0; i < json_array_size(all); i++) {
		const json_t *g = json_array_get(all, i);
		const char *word = "?";
		char label[64];
		for (size_t k = 0; k < ARRAY_N(words); k++)
			if (strcmp(view_text(g, "verdict"), words[k].verdict) == 0)
				word = words[k].word;
		snprintf(label, sizeof(label), "  %-26.26s  %-6.6s  ", view_text(g, "gate"), word);
		view_row(ctl, GATE_COLUMNS, label, "%s", view_text(g, "text"));
	}
}

static void acts(struct ctl *ctl, const json_t *plan)
{
	const json_t *all = json_object_get(plan, "acts");
	for (size_t i = 0; i < json_array_size(all); i++) {
		const json_t *a = json_array_get(all, i);
		char label[64];
		if (i == 0)
			ctl_say(ctl, "\n  acts");
		snprintf(label, sizeof(label), "  %-22.22s  ", view_text(a, "act"));
		view_row(ctl, 26, label, "%s", view_text(a, "reason"));
		if (view_text(a, "undo")[0])
			view_row(ctl, 26, "", "undo: %s", view_text(a, "undo"));
	}
}

static void events(struct ctl *ctl, const json_t *plan)
{
	static const struct {
		const char *key, *label;
	} rows[] = {{"what", "  what"}, {"now", "  now"}, {"weDid", "  we did"}, {"you", "  you"}};
	const json_t *all = json_object_get(plan, "events");
	for (size_t i = 0; i < json_array_size(all); i++) {
		const json_t *e = json_array_get(all, i);
		char severity[16];
		cut_z(severity, sizeof(severity), view_text(e, "severity"));
		for (char *c = severity; *c; c++)
			*c = (char)toupper((unsigned char)*c);
		ctl_say(ctl, "%s", "");
		view_row(ctl, 0, "", "%s  %s: %s", severity, view_text(e, "event"),
			 view_text(e, "headline"));
		for (size_t k = 0; k < ARRAY_N(rows); k++)
			if (view_text(e, rows[k].key)[0])
				view_row(ctl, MEANING_COLUMNS, rows[k].label, "%s",
					 view_text(e, rows[k].key));
	}
}

static bool gate_waits(const json_t *plan, const char *name)
{
	const json_t *all = json_object_get(plan, "gates");
	for (size_t i = 0; i < json_array_size(all); i++) {
		const json_t *g = json_array_get(all, i);
		if (strcmp(view_text(g, "gate"), name) == 0)
			return strcmp(view_text(g, "verdict"), "wait") == 0 ||
			       strcmp(view_text(g, "verdict"), "refuse") == 0;
	}
	return false;
}

static bool tells(const json_t *plan, const char *event)
{
	const json_t *all = json_object_get(plan, "events");
	for (size_t i = 0; i < json_array_size(all); i++)
		if (strcmp(view_text(json_array_get(all, i), "event"), event) == 0)
			return true;
	return false;
}

/* What a person can do about it, each a command that does it. */
static void you_may(struct ctl *ctl, const json_t *instance)
{
	const json_t *plan = json_object_get(instance, "plan");
	const char *phase = view_rotation(instance), *label = "You may";
	bool is_held = json_is_object(json_object_get(instance, "hold"));
	bool is_ask = strcmp(view_text(instance, "mode"), "ask") == 0;
	bool is_open = strcmp(phase, "open") == 0;
	bool is_ordered = view_has_keyfile_order(instance);
	const struct {
		bool applies;
		const char *command, *what;
	} rows[] = {
	    {view_is(plan, "waitsForApproval"), "rotactl approve", "let it do this"},
	    {gate_waits(plan, "mode") && !is_ask, "rotactl mode ask", "let it plan and ask"},
	    {is_held, "rotactl resume", "go on"},
	    {gate_waits(plan, "the turn is free"), "rotactl turn release",
	     "when its holder is gone for good"},
	    {tells(plan, "restart-overdue"), "rotactl turn release",
	     "when nothing of the restart runs any more"},
	    {tells(plan, "restart-failed") && !is_held, "rotactl resume",
	     "try the restart at once"},
	    {gate_waits(plan, "lag") && phase[0], "rotactl rotate keyfile --max-lag 30s",
	     "for this rotation only"},
	    {gate_waits(plan, RIDE_GATE), "rotactl rotate keyfile --emergency",
	     "restart the rest in turn, now"},
	    {phase[0] && !is_held, "rotactl pause", "stay exactly here"},
	    {is_open, "rotactl abort", "back to the key before"},
	    {!phase[0] && is_ordered, "rotactl abort", "withdraw the order"},
	};
	int width = 22;
	for (size_t i = 0; i < ARRAY_N(rows); i++)
		if (rows[i].applies)
			width = MAX(width, (int)strlen(rows[i].command));
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		if (!rows[i].applies)
			continue;
		view_row(ctl, MEANING_COLUMNS, label, "%-*s  %s", width, rows[i].command,
			 rows[i].what);
		label = "";
	}
}

static enum ctl_exit exit_of(const json_t *instance)
{
	const json_t *plan = json_object_get(instance, "plan");
	if (view_restart_now(instance) == 'n')
		return CTL_FAILED;
	return view_is(plan, "needsAttention") ? CTL_ATTENTION : CTL_GOOD;
}

static void explain_instance(struct ctl *ctl, const json_t *instance, struct wall now)
{
	const json_t *plan = json_object_get(instance, "plan");
	const json_t *restart = json_object_get(plan, "restartNow");
	struct wall wake = view_wall(plan, "wakeAt");
	char when[32], zone[32];
	view_row(ctl, 0, "", "%s: %s", view_text(instance, "instance"),
		 view_text(plan, "reason")[0] ? view_text(plan, "reason") : "nothing is known yet");
	gates(ctl, plan);
	acts(ctl, plan);
	events(ctl, plan);
	ctl_say(ctl, "%s", "");
	if (view_restart_now(instance) == 'y')
		view_row(ctl, 0, "", "Any member may be restarted now, by anyone: %s.",
			 view_text(restart, "why"));
	else
		view_row(ctl, MEANING_COLUMNS, "Restart", "%s", view_text(restart, "why"));
	if (wake.us)
		view_row(ctl, MEANING_COLUMNS, "Next look", "%s %s, and on any change",
			 view_clock(wake, now, when, sizeof(when)),
			 view_zone(wake, zone, sizeof(zone)));
	you_may(ctl, instance);
}

static void plan_instance(struct ctl *ctl, const json_t *instance, struct wall now)
{
	const json_t *plan = json_object_get(instance, "plan");
	const json_t *f = json_object_get(plan, "foretold");
	char took[32];
	(void)now;
	view_row(ctl, 0, "", "%s: %s", view_text(instance, "instance"), view_text(plan, "reason"));
	if (json_array_size(json_object_get(plan, "acts")) == 0)
		ctl_say(ctl, "\n  acts\n  none");
	acts(ctl, plan);
	gates(ctl, plan);
	ctl_say(ctl, "%s", "");
	view_row(ctl, MEANING_COLUMNS, "Foretold",
		 "a keyfile rotation: %lld restarts, %lld elections, %lld failed __system logins, "
		 "about %s%s",
		 (long long)view_int(f, "restarts"), (long long)view_int(f, "elections"),
		 (long long)view_int(f, "failedLogins"),
		 view_span(view_int(f, "seconds") * US_S, took, sizeof(took)),
		 view_is(f, "measured") ? ", as the last turn here took"
					: " plus mongod's own start each");
}

static enum ctl_exit for_each(struct ctl *ctl, const char *from, const struct view_pick *pick,
			      void (*show)(struct ctl *ctl, const json_t *instance,
					   struct wall now))
{
	AUTO(json_t) doc = NULL;
	struct wall now;
	enum ctl_exit code = view_open(ctl, from, &doc, &now);
	if (code != CTL_GOOD)
		return code;
	const json_t *all = json_object_get(doc, "instances");
	size_t shown = 0;
	for (size_t i = 0; i < json_array_size(all); i++) {
		const json_t *one = json_array_get(all, i);
		if (!view_fits(one, pick))
			continue;
		if (shown++)
			ctl_say(ctl, "%s", "");
		show(ctl, one, now);
		code = view_worse(code, exit_of(one));
	}
	view_to_doc(ctl, doc);
	if (shown)
		return code;
	(void)view_instance(ctl, doc, pick); /* tells what there is */
	return json_array_size(all) ? CTL_USAGE : CTL_UNKNOWN;
}

/* Options of both verbs; false after a usage error. */
static bool take_options(struct ctl *ctl, int argc, char **argv, struct view_pick *ret_pick,
			 const char **ret_from)
{
	static const struct option longs[] = {
	    VIEW_PICK_OPTIONS, {"from", required_argument, NULL, 'f'}, {NULL, 0, NULL, 0}};
	int c;
	while ((c = ctl_option(ctl, argc, argv, "", longs)) != -1) {
		if (view_pick_take(ret_pick, c))
			continue;
		if (c == 'f')
			*ret_from = optarg;
		else
			return false;
	}
	return true;
}

enum ctl_exit ctl_explain(struct ctl *ctl, int argc, char **argv)
{
	struct view_pick pick = {.instance = NULL};
	const char *from = NULL;
	if (!take_options(ctl, argc, argv, &pick, &from))
		return CTL_USAGE;
	if (optind + 1 < argc)
		return ctl_usage(ctl, "one thing at a time");
	if (optind < argc)
		return explain_thing(ctl, argv[optind]);
	return for_each(ctl, from, &pick, explain_instance);
}

enum ctl_exit ctl_plan(struct ctl *ctl, int argc, char **argv)
{
	struct view_pick pick = {.instance = NULL};
	const char *from = NULL;
	if (!take_options(ctl, argc, argv, &pick, &from))
		return CTL_USAGE;
	if (optind < argc)
		return ctl_usage(ctl, "plan takes no argument");
	return for_each(ctl, from, &pick, plan_instance);
}
