/* SPDX-License-Identifier: Apache-2.0 */
/* rotactl approve, pause, resume, abort, turn release, ledger rebuild, history: a person's words to
 * a rotation, and what became of them. */
#include <string.h>

#include "cmd/ctl_daemon.h"
#include "cmd/ctl_follow.h"
#include "cmd/ctl_table.h"
#include "codec/json_mem.h"

enum { HISTORY_DEFAULT_N = 20, HISTORY_MAX_N = 100000, HISTORY_COLUMNS = 20 };

struct word {
	struct view_pick pick;
	const char *reason;
	const char *join, *id;
	bool waits, yes;
	int64_t timeout_us;
	uint64_t generation; /* 0: none named */
	struct wall now;     /* for which the status was read */
};

static bool generation_parse(const char *z, uint64_t *ret)
{
	uint64_t n = 0;
	for (; *z; z++) {
		if (*z < '0' || *z > '9' || n > UINT32_MAX)
			return false;
		n = n * 10 + (uint64_t)(*z - '0');
	}
	*ret = n;
	return n > 0;
}

/* `shorts` names the options of this verb: r reason, w wait and timeout, y yes, g generation, j
 * join, i an id.
 */
static bool take_word(struct ctl *ctl, int argc, char **argv, const char *allowed, struct word *ret)
{
	static const struct option longs[] = {VIEW_PICK_OPTIONS,
					      {"reason", required_argument, NULL, 'r'},
					      {"wait", no_argument, NULL, 'w'},
					      {"timeout", required_argument, NULL, 't'},
					      {"yes", no_argument, NULL, 'y'},
					      {"generation", required_argument, NULL, 'g'},
					      {"join", required_argument, NULL, 'j'},
					      {NULL, 0, NULL, 0}};
	int c;
	while ((c = ctl_option(ctl, argc, argv, "wy", longs)) != -1) {
		struct err err = ERR_INIT;
		if (c == '?')
			return false;
		if (view_pick_take(&ret->pick, c))
			continue;
		if (!strchr(allowed, c == 't' ? 'w' : c)) {
			(void)ctl_usage(ctl, "that option is none of this verb");
			return false;
		}
		if (c == 'r')
			ret->reason = optarg;
		else if (c == 'j')
			ret->join = optarg;
		else if (c == 'w')
			ret->waits = true;
		else if (c == 'y')
			ret->yes = true;
		else if (c == 'g') {
			if (!generation_parse(optarg, &ret->generation)) {
				(void)ctl_usage(ctl, "--generation takes the number of a rotation");
				return false;
			}
		} else if (!span_parse(str_of(optarg), &ret->timeout_us, &err) ||
			   ret->timeout_us <= 0) {
			(void)ctl_usage(ctl, "--timeout takes a duration, as 30s or 5m");
			return false;
		}
	}
	if (ret->timeout_us && !ret->waits) {
		(void)ctl_usage(ctl, "--timeout needs --wait");
		return false;
	}
	if (optind < argc && strchr(allowed, 'i'))
		ret->id = argv[optind++];
	if (optind < argc) {
		(void)ctl_usage(ctl, "no argument is taken: '%.60s'", argv[optind]);
		return false;
	}
	return true;
}

/* The words of a person, and the instance they are for. */
static enum ctl_exit open_word(struct ctl *ctl, int argc, char **argv, const char *allowed,
			       struct word *ret, json_t **ret_doc, const json_t **ret_instance)
{
	if (!take_word(ctl, argc, argv, allowed, ret))
		return CTL_USAGE;
	return view_open_one(ctl, &ret->pick, ret_doc, ret_instance, &ret->now);
}

/* Send a word for the instance. */
static enum ctl_exit send_word(struct ctl *ctl, const char *route, const json_t *instance,
			       const struct word *w, json_t **ret)
{
	AUTO(json_t)
	body =
	    json_pack("{s:s, s:s, s:I, s:s, s:s}", "instance", view_text(instance, "instance"),
		      "reason", w->reason ? w->reason : "", "generation", (json_int_t)w->generation,
		      "join", w->join ? w->join : "", "id", w->id ? w->id : "");
	if (!body) /* the one text of a person here */
		return ctl_usage(ctl, "--reason takes UTF-8");
	enum ctl_exit code = ctl_ask(ctl, "POST", route, body, DAEMON_ROUND_S * US_S, ret);
	if (code == CTL_GOOD)
		view_to_doc(ctl, *ret);
	return code;
}

static const char *reason_of(const json_t *instance)
{
	return view_text(json_object_get(instance, "plan"), "reason");
}

enum ctl_exit ctl_approve(struct ctl *ctl, int argc, char **argv)
{
	struct word w = {.reason = NULL};
	AUTO(json_t) doc = NULL;
	AUTO(json_t) answer = NULL;
	const json_t *instance;
	enum ctl_exit code = open_word(ctl, argc, argv, "ygi", &w, &doc, &instance);
	if (code != CTL_GOOD)
		return code;
	if (w.generation == 0 && strcmp(view_text(instance, "mode"), "ask") != 0 &&
	    strcmp(view_text(instance, "certificateMode"), "ask") != 0) {
		struct err err = ERR_INIT;
		(void)err_set(&err, ERR_REFUSED, "%s is not in mode ask: nothing waits for it",
			      view_text(instance, "instance"));
		return ctl_error_with(ctl, &err, "rotactl status; rotactl mode ask");
	}
	if (w.generation == 0 && !view_is(json_object_get(instance, "plan"), "waitsForApproval")) {
		struct err err = ERR_INIT;
		(void)err_set(&err, ERR_REFUSED, "nothing of %s waits for an approval",
			      view_text(instance, "instance"));
		return ctl_error_with(ctl, &err, reason_of(instance));
	}
	/* What is sent is what was shown, whatever comes to wait meanwhile. */
	if (w.generation == 0 && !w.id)
		w.id = view_text(json_object_get(instance, "plan"), "approval");
	view_row(ctl, 0, "", "%s", reason_of(instance));
	if (!view_confirm(ctl, w.yes, "Approve it?")) {
		ctl_say(ctl, "Nothing was changed.");
		return CTL_FAILED;
	}
	code = send_word(ctl, "/v1/approve", instance, &w, &answer);
	if (code == CTL_GOOD)
		view_row(ctl, 10, "Approved: ", "%s%s", view_text(answer, "approved"),
			 w.generation ? "" : " It counts once, and for a day.");
	return code;
}

/* A word that needs no look first and no question: sent, and told with the cluster's name before
 * it. */
static enum ctl_exit say_word(struct ctl *ctl, int argc, char **argv, const char *route,
			      const char *told)
{
	struct word w = {.reason = NULL};
	AUTO(json_t) doc = NULL;
	AUTO(json_t) answer = NULL;
	const json_t *instance;
	enum ctl_exit code = open_word(ctl, argc, argv, "r", &w, &doc, &instance);
	if (code == CTL_GOOD)
		code = send_word(ctl, route, instance, &w, &answer);
	const char *warning = code == CTL_GOOD ? view_text(answer, "warning") : "";
	if (warning[0]) {
		view_row(ctl, 9, "Warning: ", "%s", warning);
		return CTL_ATTENTION;
	}
	if (code == CTL_GOOD)
		view_row(ctl, 0, "", "%s %s", view_text(instance, "cluster"), told);
	return code;
}

enum ctl_exit ctl_pause(struct ctl *ctl, int argc, char **argv)
{
	return say_word(ctl, argc, argv, "/v1/pause",
			"is held: no further turn begins, on no host. A restart that is under way "
			"is seen to its end. Go on: rotactl resume");
}

enum ctl_exit ctl_resume(struct ctl *ctl, int argc, char **argv)
{
	return say_word(ctl, argc, argv, "/v1/resume",
			"goes on. What had failed on this host is tried anew. See: rotactl status");
}

enum ctl_exit ctl_abort(struct ctl *ctl, int argc, char **argv)
{
	struct word w = {.reason = NULL};
	AUTO(json_t) doc = NULL;
	AUTO(json_t) answer = NULL;
	const json_t *instance;
	enum ctl_exit code = open_word(ctl, argc, argv, "rwy", &w, &doc, &instance);
	if (code != CTL_GOOD)
		return code;
	const json_t *rotation = json_object_get(instance, "rotation");
	struct err err = ERR_INIT;
	if (strcmp(view_rotation(instance), "carried") == 0) {
		(void)err_set(&err, ERR_REFUSED,
			      "all have voted for key %lld: the rotation only goes on",
			      (long long)view_int(rotation, "next"));
		return ctl_error_with(ctl, &err, "rotactl status; once it is over, rotate again");
	}
	if (strcmp(view_rotation(instance), "dead") == 0) {
		(void)err_set(&err, ERR_REFUSED,
			      "it was given up already, and goes back to key %lld",
			      (long long)view_int(rotation, "pivot"));
		return ctl_error_with(ctl, &err, "rotactl status");
	}
	if (strcmp(view_rotation(instance), "open") == 0)
		view_row(ctl, 0, "",
			 "Back to key %lld: members that have loaded key %lld are restarted once "
			 "more, in turn; key %lld is burnt.",
			 (long long)view_int(rotation, "pivot"),
			 (long long)view_int(rotation, "next"),
			 (long long)view_int(rotation, "next"));
	else if (!view_rotation(instance)[0] && view_has_keyfile_order(instance))
		view_row(ctl, 0, "",
			 "No rotation has begun: orders for one that stand are withdrawn.");
	/* With nothing that could be taken back nothing is asked: rotad says why not. */
	const bool is_none = !view_rotation(instance)[0] && !view_has_keyfile_order(instance);
	if (!view_confirm(ctl, w.yes || is_none, "Abort the rotation?")) {
		ctl_say(ctl, "Nothing was changed.");
		return CTL_FAILED;
	}
	code = send_word(ctl, "/v1/abort", instance, &w, &answer);
	if (code != CTL_GOOD)
		return code;
	if (view_int(answer, "withdrawn")) {
		ctl_say(ctl, "The order is withdrawn; nothing had begun.");
		return CTL_GOOD;
	}
	if (!w.waits) {
		ctl_say(ctl, "Given up. Follow it: rotactl status");
		return CTL_GOOD;
	}
	struct follow *f = calloc(1, sizeof(*f));
	ASSERT(f); /* 30 KiB */
	follow_init(f, ctl, FOLLOW_ABORT, "", "", instance, w.now);
	code = follow_run(f, view_text(instance, "instance"), w.timeout_us);
	free(f);
	return code;
}

enum ctl_exit ctl_turn_release(struct ctl *ctl, int argc, char **argv)
{
	struct word w = {.reason = NULL};
	AUTO(json_t) doc = NULL;
	AUTO(json_t) answer = NULL;
	const json_t *instance;
	enum ctl_exit code = open_word(ctl, argc, argv, "y", &w, &doc, &instance);
	if (code != CTL_GOOD)
		return code;
	const json_t *members = json_object_get(instance, "members");
	for (size_t i = 0; i < json_array_size(members); i++)
		if (view_text(json_array_get(members, i), "turn")[0])
			ctl_say(ctl, "The turn is %s's.",
				view_text(json_array_get(members, i), "host"));
	view_row(ctl, 0, "",
		 "Release it only when nothing acts there any more: no restart of mongod under "
		 "way, nothing left of a hook, and no rotad that is about to begin one.");
	if (!view_confirm(ctl, w.yes, "Have you made sure?")) {
		ctl_say(ctl, "Nothing was changed.");
		return CTL_FAILED;
	}
	code = send_word(ctl, "/v1/release", instance, &w, &answer);
	if (code == CTL_GOOD)
		ctl_say(ctl, "Released: the next member takes its turn.");
	return code;
}

enum ctl_exit ctl_ledger_rebuild(struct ctl *ctl, int argc, char **argv)
{
	struct word w = {.reason = NULL};
	AUTO(json_t) doc = NULL;
	AUTO(json_t) answer = NULL;
	const json_t *instance;
	enum ctl_exit code = open_word(ctl, argc, argv, "ryj", &w, &doc, &instance);
	if (code != CTL_GOOD)
		return code;
	if (w.join)
		view_row(ctl, 0, "",
			 "This host goes over to the ledger %s, which a person made anew on "
			 "another host. What the one before holds is given up here.",
			 w.join);
	else
		view_row(
		    ctl, 0, "",
		    "A new ledger takes the place of the one that is there: orders, holds, turns "
		    "and the votes of a rotation under way are gone with it, for all hosts. Do it "
		    "when the ledger was lost or restored and its newer dump is not to be had, "
		    "or when it is stuck for good; while no member is being restarted. "
		    "No keyfile is changed, nothing is restarted.");
	if (!view_confirm(ctl, w.yes, w.join ? "Go over to it?" : "Make it anew?")) {
		ctl_say(ctl, "Nothing was changed.");
		return CTL_FAILED;
	}
	code = send_word(ctl, "/v1/ledger/rebuild", instance, &w, &answer);
	if (code != CTL_GOOD)
		return code;
	if (w.join) {
		ctl_say(ctl, "This host goes by ledger %.12s... now.", view_text(answer, "ledger"));
		return CTL_GOOD;
	}
	view_row(
	    ctl, 0, "",
	    "Ledger %s is made, with key %lld. Nothing begins before every host goes by it. Now "
	    "on each of them, as root:  rotactl ledger rebuild --join %.12s",
	    view_text(answer, "ledger"), (long long)view_int(answer, "key"),
	    view_text(answer, "ledger"));
	const json_t *others = json_object_get(answer, "others");
	for (size_t i = 0; i < json_array_size(others); i++)
		ctl_say(ctl, "  %s", json_string_value(json_array_get(others, i)));
	if (view_int(answer, "beside"))
		view_row(ctl, 0, "",
			 "Key %lld may be accepted still by some members, and lies in files. Then, "
			 "to be rid of it:  rotactl rotate keyfile",
			 (long long)view_int(answer, "beside"));
	return CTL_GOOD;
}

/* ---- history ---- */

/* What a person wants to read: each act once, by how it ended or that it has not; and no
 * statements. */
static bool is_worth_telling(const json_t *entries, size_t i)
{
	const json_t *e = json_array_get(entries, i), *next = json_array_get(entries, i + 1);
	const char *act = view_text(e, "act");
	if (strcmp(act, "publish-statement") == 0)
		return strcmp(view_text(e, "kind"), "failed") == 0;
	return strcmp(view_text(e, "kind"), "intent") != 0 || !next ||
	       strcmp(view_text(next, "act"), act) != 0;
}

static void tell_entry(struct ctl *ctl, const json_t *e, char *day, size_t day_n)
{
	struct wall at = view_wall(e, "at");
	char when[32], date[32], zone[16], head[64];
	const char *kind = view_text(e, "kind");
	/* The day stands once above its entries, with the zone. */
	(void)view_date(at, date, sizeof(date));
	if (strcmp(date, day) != 0) {
		ctl_say(ctl, "%s (%s)", date, view_zone(at, zone, sizeof(zone)));
		cut_z(day, day_n, date);
	}
	snprintf(head, sizeof(head), "  %s  %-7.7s ", view_clock(at, at, when, sizeof(when)), kind);
	view_row(ctl, HISTORY_COLUMNS, head, "%s%s%s", view_text(e, "act"),
		 view_text(e, "text")[0] ? ": " : "", view_text(e, "text"));
}

enum ctl_exit ctl_history(struct ctl *ctl, int argc, char **argv)
{
	static const struct option longs[] = {VIEW_PICK_OPTIONS,
					      {"number", required_argument, NULL, 'n'},
					      {"all", no_argument, NULL, 'a'},
					      {NULL, 0, NULL, 0}};
	struct word w = {.reason = NULL};
	long n = HISTORY_DEFAULT_N;
	AUTO(json_t) doc = NULL;
	AUTO(json_t) answer = NULL;
	AUTO(json_t) body = NULL;
	const json_t *instance;
	struct wall now;
	char day[32] = "";
	bool wants_all = false;
	int c;
	while ((c = ctl_option(ctl, argc, argv, "n:", longs)) != -1) {
		if (view_pick_take(&w.pick, c))
			continue;
		if (c == 'a')
			wants_all = true;
		else if (c != 'n' || !ctl_number(ctl, "-n", optarg, 1, HISTORY_MAX_N, &n))
			return CTL_USAGE;
	}
	if (optind < argc)
		return ctl_usage(ctl, "history takes no argument");
	enum ctl_exit code = view_open_one(ctl, &w.pick, &doc, &instance, &now);
	if (code != CTL_GOOD)
		return code;
	body = json_pack("{s:s}", "instance", view_text(instance, "instance"));
	code = ctl_ask(ctl, "GET", "/v1/history", body, DAEMON_ROUND_S * US_S, &answer);
	if (code != CTL_GOOD)
		return code;
	const json_t *entries = json_object_get(answer, "entries");
	size_t all_n = json_array_size(entries), first = all_n;
	for (long told_n = 0; first > 0 && told_n < n; first--)
		told_n += wants_all || is_worth_telling(entries, first - 1);
	json_t *told = json_array();
	(void)json_object_set_new(ctl->doc, "entries", told);
	for (size_t i = first; i < all_n; i++)
		if (wants_all || is_worth_telling(entries, i))
			(void)json_array_append(told, json_array_get(entries, i));
	if (!json_array_size(told))
		ctl_say(ctl, "Nothing has been done by rotad for %s yet.",
			view_text(instance, "instance"));
	for (size_t i = 0; i < json_array_size(told); i++)
		tell_entry(ctl, json_array_get(told, i), day, sizeof(day));
	return CTL_GOOD;
}
