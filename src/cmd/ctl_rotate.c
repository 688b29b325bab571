/* SPDX-License-Identifier: Apache-2.0 */
/* rotactl rotate keyfile, rotate certificates: says what would happen, asks, orders, follows. What
 * may happen is the daemon's to judge. */
#include <string.h>

#include "cmd/ctl_daemon.h"
#include "cmd/ctl_follow.h"
#include "cmd/ctl_table.h"
#include "codec/json_mem.h"

enum { PLAN_COLUMNS = 6, TEXT_MAX = 200 };

struct wish {
	bool is_keyfile;
	const char *member, *reason, *ticket, *without, *revoke;
	bool is_emergency, breaks_freeze, is_dry_run, waits, yes;
	int64_t max_lag_us, timeout_us;
	struct view_pick pick;
};

/* ---- what stands in the way ---- */

static void block(struct ctl *ctl, unsigned *n, const char *text)
{
	json_t *all = json_object_get(ctl->doc, "blockedBy");
	if (!all) {
		all = json_array();
		(void)json_object_set_new(ctl->doc, "blockedBy", all);
	}
	(void)json_array_append_new(all, json_string(text));
	view_row(ctl, PLAN_COLUMNS, (*n)++ ? "" : "But:", "%s", text);
}

static void block_member(struct ctl *ctl, unsigned *n, const json_t *instance, const json_t *m,
			 const char *label)
{
	const json_t *r = json_object_get(m, "rotad");
	char text[512];
	if (!view_is_healthy(instance, m)) {
		snprintf(text, sizeof(text), "%s is not healthy: %.200s.", label,
			 view_text(m, "why")[0] ? view_text(m, "why") : view_text(m, "state"));
		block(ctl, n, text);
	}
	if (!json_is_object(r))
		snprintf(text, sizeof(text), "no rotad has spoken for %s.", label);
	else if (strcmp(view_text(r, "mode"), "act") != 0 &&
		 strcmp(view_text(r, "mode"), "ask") != 0)
		snprintf(text, sizeof(text), "the rotad of %s is in mode %.20s.", label,
			 view_text(r, "mode"));
	else if (!view_is(r, "rehearsed"))
		snprintf(text, sizeof(text), "the rotad of %s is not ready: %.300s.", label,
			 view_text(r, "findings")[0] ? view_text(r, "findings") : "not rehearsed");
	else
		return;
	block(ctl, n, text);
}

/* The daemon's own gates for a start, as of its last look; where one says no the order will be
 * refused, unless that has changed. What is told of each member below, or was told above, is not
 * told twice. */
static void block_gates(struct ctl *ctl, unsigned *n, const json_t *instance, bool *ret_doubtful)
{
	static const char *const told[] = {"mode", "hold", "all others healthy", "all rehearsed"};
	/* They wait only while a member is away, which is told. */
	static const char *const follows[] = {"a primary stays without it",
					      "majority writes go on"};
	const json_t *plan = json_object_get(instance, "plan");
	const json_t *gates = json_object_get(plan, "gates");
	if (strcmp(view_text(plan, "gatesFor"), GATES_FOR_START) != 0)
		return;
	for (size_t i = 0; i < json_array_size(gates); i++) {
		const json_t *g = json_array_get(gates, i);
		const char *verdict = view_text(g, "verdict"), *name = view_text(g, "gate");
		char text[512];
		bool is_told = false;
		if (strcmp(verdict, "wait") != 0 && strcmp(verdict, "refuse") != 0)
			continue;
		*ret_doubtful |= strcmp(verdict, "refuse") == 0;
		for (size_t k = 0; k < ARRAY_N(told); k++)
			is_told |= strcmp(name, told[k]) == 0;
		for (size_t k = 0; k < ARRAY_N(follows); k++)
			is_told |= strcmp(name, follows[k]) == 0 && strcmp(verdict, "wait") == 0;
		snprintf(text, sizeof(text), "%.60s: %.300s.", name, view_text(g, "text"));
		if (!is_told)
			block(ctl, n, text);
	}
}

/* Print what stands in the way just now; how many things. *ret_refused: the daemon would say no to
 * the order itself, instead of waiting. */
static unsigned blocks(struct ctl *ctl, const json_t *instance, const struct wish *w,
		       bool *ret_refused, bool *ret_doubtful)
{
	const json_t *hold = json_object_get(instance, "hold");
	const json_t *ledger = json_object_get(instance, "ledger");
	const json_t *rotation = json_object_get(instance, "rotation");
	const char *mode = view_text(instance, w->is_keyfile ? "mode" : "certificateMode");
	struct view_labels labels;
	char text[768];
	unsigned n = 0;
	*ret_refused = *ret_doubtful = false;
	if (strcmp(mode, "act") != 0 && strcmp(mode, "ask") != 0) {
		snprintf(text, sizeof(text),
			 "%s is in mode %s here: rotad would refuse. First: rotactl mode ask",
			 view_text(instance, "instance"), mode[0] ? mode : "unknown");
		block(ctl, &n, text);
		*ret_refused = true;
	}
	if (w->is_keyfile && view_rotation(instance)[0] && !w->is_emergency && !w->max_lag_us &&
	    !w->without) {
		snprintf(
		    text, sizeof(text),
		    "a rotation from key %lld to key %lld is under way; a second one is "
		    "refused. It can be amended: --max-lag D, --without M, or --emergency (also "
		    "with --break-freeze).",
		    (long long)view_int(rotation, "pivot"), (long long)view_int(rotation, "next"));
		block(ctl, &n, text);
		*ret_refused = true;
	}
	if (json_is_object(hold)) {
		snprintf(text, sizeof(text), "held by %.100s: %.300s. Go on: rotactl resume",
			 view_text(hold, "who"), view_text(hold, "why"));
		block(ctl, &n, text);
	}
	if (!view_is(ledger, "known") && !*ret_refused) {
		snprintf(text, sizeof(text), "the ledger is not known%s%.300s",
			 view_text(ledger, "why")[0] ? ": " : ".", view_text(ledger, "why"));
		block(ctl, &n, text);
	}
	if (w->is_keyfile)
		block_gates(ctl, &n, instance, ret_doubtful);
	view_labels(instance, true, &labels);
	for (size_t i = 0; i < labels.n; i++) {
		const json_t *m = json_array_get(json_object_get(instance, "members"), i);
		const char *host = view_text(m, "host");
		if ((w->without && strcmp(w->without, host) == 0) ||
		    (w->revoke && strcmp(w->revoke, host) == 0))
			continue;
		if (!w->member || strcmp(w->member, host) == 0)
			block_member(ctl, &n, instance, m, labels.text[i]);
	}
	return n;
}

/* ---- what would happen ---- */

static void tell_keyfile_plan(struct ctl *ctl, const json_t *instance, bool is_emergency)
{
	const json_t *f = json_object_get(json_object_get(instance, "plan"), "foretold");
	long long stands_by = view_int(json_object_get(instance, "key"), "standby");
	size_t members = json_array_size(json_object_get(instance, "members"));
	/* What is foretold knows of no order yet. */
	long long passes =
	    is_emergency && stands_by && view_int(f, "restarts") == (long long)members ? 2 : 1;
	long long restarts = view_int(f, "restarts") * passes;
	long long elections = view_int(f, "elections") * passes;
	long long logins = view_int(f, "failedLogins");
	static const char *const times[] = {"", " once", " twice"};
	char took[32], pause[64] = "";
	if (!members) {
		view_row(ctl, PLAN_COLUMNS, "Plan: ", "cannot be told: no member is seen.");
		return;
	}
	if (elections > 0 && elections < (long long)ARRAY_N(times))
		snprintf(pause, sizeof(pause), "; writes pause%s, each under 1 s",
			 times[elections]);
	else if (elections > 0)
		snprintf(pause, sizeof(pause), "; writes pause %lld times, each under 1 s",
			 elections);
	view_row(ctl, PLAN_COLUMNS, "Plan: ",
		 "%lld restart%s%s, %lld election%s, about %s%s%s. "
		 "%lld failed __system login%s will "
		 "be logged at the end (appName rotad-proof).",
		 restarts, restarts == 1 ? "" : "s",
		 members && restarts == (long long)members * 2   ? " (2 a member)"
		 : members > 1 && restarts == (long long)members ? " (1 a member)"
								 : "",
		 elections, elections == 1 ? "" : "s",
		 view_span(view_int(f, "seconds") * passes * US_S, took, sizeof(took)),
		 view_is(f, "measured") ? ", as the last turn here took"
					: " plus mongod's own start each",
		 pause, logins, logins == 1 ? "" : "s");
	if (view_int(f, "rideAlong") > 0 && !is_emergency)
		view_row(ctl, PLAN_COLUMNS, "",
			 "In each pass these restarts wait up to %s for such as happen anyway "
			 "(keyfile.rideAlong); who was restarted meanwhile is not restarted again.",
			 view_span(view_int(f, "rideAlong") * US_S, took, sizeof(took)));
	if (passes == 2)
		view_row(ctl, PLAN_COLUMNS, "",
			 "Key %lld, which stands by in the same file, may have leaked as well: it "
			 "is passed over and goes too, so each member is restarted twice.",
			 stands_by);
	(void)json_object_set_new(ctl->doc, "foretold",
				  json_pack("{s:I, s:I, s:I, s:I}", "restarts", restarts,
					    "elections", elections, "failedLogins", logins,
					    "seconds", view_int(f, "seconds") * passes));
}

/* What the order changes of a rotation that runs; nothing begins by it. */
static bool amends(const json_t *instance, const struct wish *w)
{
	const char *phase = view_rotation(instance);
	return w->is_keyfile && (strcmp(phase, "open") == 0 || strcmp(phase, "carried") == 0) &&
	       (w->is_emergency || w->max_lag_us || w->without);
}

/* A member that the rotation goes on without. */
static void tell_left_out(struct ctl *ctl, const struct wish *w)
{
	if (w->without)
		view_row(ctl, PLAN_COLUMNS, "",
			 "%s is declared dead: nobody waits for it, and it is shut out by the new "
			 "key. Should it come back, no turn is taken before it has that key.",
			 w->without);
	if (w->revoke)
		view_row(ctl, PLAN_COLUMNS, "",
			 "The identity of %s is revoked for ever: it gets no key and has no say. "
			 "While its mongod answers no turn is taken: take it out of the set "
			 "(rs.remove), or stop it.",
			 w->revoke);
}

static void tell_amendment(struct ctl *ctl, const json_t *instance, const struct wish *w)
{
	const json_t *r = json_object_get(instance, "rotation");
	auto_buf struct buf more = {.p = NULL};
	char lag[32];
	buf_addf(&more,
		 view_is(r, "nextStoodBy")
		     ? "Key %lld stood by in the same files and may have leaked as well: another "
		       "rotation follows this one at once."
		     : "If key %lld has leaked as well: order again once it is done.",
		 (long long)view_int(r, "next"));
	view_row(ctl, PLAN_COLUMNS, "Plan: ",
		 "amend the rotation under way, key %lld to key %lld; no other one begins.",
		 (long long)view_int(r, "pivot"), (long long)view_int(r, "next"));
	if (w->max_lag_us)
		view_row(ctl, PLAN_COLUMNS, "", "Turns are taken up to a lag of %s.",
			 view_span(w->max_lag_us, lag, sizeof(lag)));
	if (w->is_emergency)
		view_row(ctl, PLAN_COLUMNS, "",
			 "Emergency: windows do not hold it, and other users of the key are not "
			 "waited for. %s",
			 buf_z(&more));
}

/* Print the plan; false when the order would be refused. *ret_free: nothing stands in the way. */
static bool tell_plan(struct ctl *ctl, const json_t *instance, const struct wish *w, bool *ret_free)
{
	bool is_refused, is_doubtful;
	size_t members = w->member ? 1 : json_array_size(json_object_get(instance, "members"));
	if (amends(instance, w))
		tell_amendment(ctl, instance, w);
	else if (w->is_keyfile)
		tell_keyfile_plan(ctl, instance, w->is_emergency);
	else
		view_row(ctl, PLAN_COLUMNS, "Plan: ",
			 "no restart, no election: %zu member%s, one after the other, ask%s for a "
			 "certificate and load%s it while running; the first is looked at by all "
			 "others before the next begins.",
			 members, members == 1 ? "" : "s", members == 1 ? "s" : "",
			 members == 1 ? "s" : "");
	tell_left_out(ctl, w);
	if (strcmp(view_text(instance, w->is_keyfile ? "mode" : "certificateMode"), "ask") == 0)
		view_row(ctl, PLAN_COLUMNS, "",
			 "In mode ask this order is the approval, on every host.");
	*ret_free = blocks(ctl, instance, w, &is_refused, &is_doubtful) == 0;
	if (*ret_free && view_restart_now(instance) == 'y')
		view_row(ctl, PLAN_COLUMNS, "",
			 "All rotads rehearsed their part. Any member may be restarted now: %s.",
			 view_text(json_object_get(json_object_get(instance, "plan"), "restartNow"),
				   "why"));
	else if (!*ret_free && !is_refused)
		view_row(ctl, PLAN_COLUMNS, "", "%s",
			 is_doubtful
			     ? "As it stands rotad refuses it: mend that first."
			     : "Ordered now, it waits until none of these stands in the way.");
	if (w->breaks_freeze)
		view_row(ctl, PLAN_COLUMNS, "", "A freeze does not hold it: --break-freeze.");
	return !is_refused;
}

/* ---- the order ---- */

static json_t *body_of(const json_t *instance, const struct wish *w)
{
	json_t *b = json_pack("{s:s, s:s, s:s}", "instance", view_text(instance, "instance"),
			      "kind", w->is_keyfile ? "keyfile" : "certificates", "urgency",
			      w->is_emergency ? "emergency" : "routine");
	const struct {
		const char *key, *value;
	} texts[] = {{"member", w->member},
		     {"reason", w->reason},
		     {"ticket", w->ticket},
		     {"without", w->without},
		     {"revoke", w->revoke}};
	for (size_t i = 0; i < ARRAY_N(texts); i++)
		if (texts[i].value)
			(void)json_object_set_new(b, texts[i].key, json_string(texts[i].value));
	if (w->breaks_freeze)
		(void)json_object_set_new(b, "breakFreeze", json_true());
	if (w->max_lag_us)
		(void)json_object_set_new(b, "maxLagSeconds", json_integer(w->max_lag_us / US_S));
	return b;
}

/* The member as the status names it: also "db2" for "db2.example.net:27017". NULL after a usage
 * error. */
static const char *find_member(struct ctl *ctl, const json_t *instance, const char *name)
{
	const json_t *members = json_object_get(instance, "members");
	struct view_labels full, brief;
	auto_buf struct buf names = {.p = NULL};
	view_labels(instance, false, &full);
	view_labels(instance, true, &brief);
	for (size_t i = 0; i < full.n; i++) {
		const char *host = view_text(json_array_get(members, i), "host");
		if (strcmp(host, name) == 0 || strcmp(full.text[i], name) == 0 ||
		    strcmp(brief.text[i], name) == 0)
			return host;
		buf_addf(&names, "%s%s", i ? ", " : "", host);
	}
	(void)ctl_usage(ctl, "no member '%.80s'; members are %s", name,
			names.n ? buf_z(&names) : "not known");
	return NULL;
}

static enum ctl_exit order_it(struct ctl *ctl, const json_t *instance, const struct wish *w,
			      struct wall now)
{
	AUTO(json_t) answer = NULL;
	AUTO(json_t) body = body_of(instance, w);
	struct follow *f;
	enum ctl_exit code =
	    ctl_ask(ctl, "POST", "/v1/rotate", body, DAEMON_ROUND_S * US_S, &answer);
	if (code != CTL_GOOD)
		return code;
	if (view_text(answer, "without")[0] && !view_text(answer, "order")[0]) {
		view_row(ctl, 0, "",
			 "%s is declared dead; the rotation goes on without it. Follow "
			 "it: rotactl status",
			 view_text(answer, "without"));
		return CTL_GOOD;
	}
	const char *order = view_text(answer, "order");
	const char *word = view_int(answer, "amends") ? "Amended" : "Ordered";
	(void)json_object_set_new(ctl->doc, "order", json_string(order));
	if (view_int(answer, "amends")) /* what is followed is the rotation that runs */
		order = view_text(json_object_get(instance, "rotation"), "order");
	if (view_text(answer, "orderedBy")[0]) {
		char when[32];
		view_row(ctl, 0, "",
			 "A rotation was asked for already, by %s %s, and has not begun: this is "
			 "that order. rotactl explain tells what it waits for; rotactl abort "
			 "withdraws it.",
			 view_text(answer, "orderedBy"),
			 view_clock(view_wall(answer, "orderedAt"), now, when, sizeof(when)));
	}
	if (!w->waits) {
		ctl_say(ctl, "%s (%.12s). Follow it: rotactl status; stay here: rotactl pause",
			word, view_text(answer, "order"));
		return CTL_GOOD;
	}
	f = calloc(1, sizeof(*f));
	ASSERT(f); /* 30 KiB */
	follow_init(f, ctl, w->is_keyfile ? FOLLOW_KEYFILE : FOLLOW_CERTIFICATES, order,
		    w->member ? w->member : "", instance, now);
	ctl_say(ctl, "%s (%.12s); ctrl-c leaves it running.", word, view_text(answer, "order"));
	code = follow_run(f, view_text(instance, "instance"), w->timeout_us);
	free(f);
	return code;
}

static enum ctl_exit rotate(struct ctl *ctl, struct wish *w)
{
	AUTO(json_t) doc = NULL;
	const json_t *instance;
	struct wall now;
	bool is_free;
	enum ctl_exit code = view_open_one(ctl, &w->pick, &doc, &instance, &now);
	if (code != CTL_GOOD)
		return code;
	const char **const members[] = {&w->member, &w->without, &w->revoke};
	for (size_t i = 0; i < ARRAY_N(members); i++)
		if (*members[i] && !(*members[i] = find_member(ctl, instance, *members[i])))
			return CTL_USAGE;
	bool is_fine = tell_plan(ctl, instance, w, &is_free);
	if (w->is_dry_run) {
		view_row(ctl, PLAN_COLUMNS, "", "Nothing was changed (--dry-run).");
		return is_free ? CTL_GOOD : CTL_FAILED;
	}
	if (!is_fine)
		return CTL_FAILED;
	if (!view_confirm(ctl, w->yes, "Start?")) {
		ctl_say(ctl, "Nothing was changed.");
		return CTL_FAILED;
	}
	return order_it(ctl, instance, w, now);
}

/* ---- the options ---- */

static bool take_span(struct ctl *ctl, const char *option, int64_t *ret)
{
	struct err err = ERR_INIT;
	int64_t us;
	if (!span_parse(str_of(optarg), &us, &err) || us <= 0) {
		(void)ctl_usage(ctl, "%s takes a duration, as 30s or 5m, not '%.40s'", option,
				optarg);
		return false;
	}
	*ret = us;
	return true;
}

/* Texts that a person gives go into the ledger for ever. */
static bool take_text(struct ctl *ctl, const char *option, const char **ret)
{
	for (const char *c = optarg; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f) {
			(void)ctl_usage(ctl, "%s takes one line of text", option);
			return false;
		}
	if (strlen(optarg) > TEXT_MAX) {
		(void)ctl_usage(ctl, "%s is longer than %d bytes", option, TEXT_MAX);
		return false;
	}
	*ret = optarg;
	return true;
}

static bool take_option(struct ctl *ctl, int c, struct wish *w)
{
	if (view_pick_take(&w->pick, c))
		return true;
	switch (c) {
	case 'm':
		w->member = optarg;
		return true;
	case 'o':
		w->without = optarg;
		return true;
	case 'x':
		w->revoke = optarg;
		return true;
	case 'e':
		w->is_emergency = true;
		return true;
	case 'f':
		w->breaks_freeze = true;
		return true;
	case 'n':
		w->is_dry_run = true;
		return true;
	case 'w':
		w->waits = true;
		return true;
	case 'y':
		w->yes = true;
		return true;
	case 'l':
		return take_span(ctl, "--max-lag", &w->max_lag_us);
	case 't':
		return take_span(ctl, "--timeout", &w->timeout_us);
	case 'r':
		return take_text(ctl, "--reason", &w->reason);
	case 'k':
		return take_text(ctl, "--ticket", &w->ticket);
	}
	return false;
}

static bool check_options(struct ctl *ctl, const struct wish *w)
{
	const struct {
		bool is_wrong;
		const char *text;
	} rows[] = {
	    {w->breaks_freeze && !w->is_emergency, "--break-freeze needs --emergency"},
	    {w->timeout_us && !w->waits, "--timeout needs --wait"},
	    {w->is_keyfile && w->member,
	     "a keyfile is the whole cluster's: --member is for certificates"},
	    {!w->is_keyfile && (w->is_emergency || w->max_lag_us),
	     "--emergency, --break-freeze and --max-lag are for keyfiles"},
	    {w->revoke && !w->is_emergency,
	     "--revoke needs --emergency; by itself: rotactl trust revoke"},
	    {(w->without || w->revoke) && !(w->reason && w->reason[0]),
	     "--without and --revoke want a --reason: it is told and recorded"},
	    {w->without && w->revoke, "--revoke declares its member dead as well"},
	    {!w->is_keyfile && (w->without || w->revoke),
	     "--without and --revoke are for keyfiles"},
	    {w->max_lag_us % US_S != 0, "--max-lag takes whole seconds"},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++)
		if (rows[i].is_wrong) {
			(void)ctl_usage(ctl, "%s", rows[i].text);
			return false;
		}
	return true;
}

static enum ctl_exit run(struct ctl *ctl, int argc, char **argv, bool is_keyfile)
{
	static const struct option longs[] = {VIEW_PICK_OPTIONS,
					      {"member", required_argument, NULL, 'm'},
					      {"emergency", no_argument, NULL, 'e'},
					      {"break-freeze", no_argument, NULL, 'f'},
					      {"max-lag", required_argument, NULL, 'l'},
					      {"without", required_argument, NULL, 'o'},
					      {"revoke", required_argument, NULL, 'x'},
					      {"reason", required_argument, NULL, 'r'},
					      {"ticket", required_argument, NULL, 'k'},
					      {"dry-run", no_argument, NULL, 'n'},
					      {"wait", no_argument, NULL, 'w'},
					      {"timeout", required_argument, NULL, 't'},
					      {"yes", no_argument, NULL, 'y'},
					      {NULL, 0, NULL, 0}};
	struct wish w = {.is_keyfile = is_keyfile};
	int c;
	while ((c = ctl_option(ctl, argc, argv, "wy", longs)) != -1)
		if (!take_option(ctl, c, &w))
			return CTL_USAGE;
	if (optind < argc)
		return ctl_usage(ctl, "no argument is taken: '%.60s'", argv[optind]);
	if (!check_options(ctl, &w))
		return CTL_USAGE;
	return rotate(ctl, &w);
}

enum ctl_exit ctl_rotate_keyfile(struct ctl *ctl, int argc, char **argv)
{
	return run(ctl, argc, argv, true);
}

enum ctl_exit ctl_rotate_certificates(struct ctl *ctl, int argc, char **argv)
{
	return run(ctl, argc, argv, false);
}
