/* SPDX-License-Identifier: Apache-2.0 */
/* rotactl trust list, trust confirm, trust revoke: whom this host believes, and a person's word for
 * a host that came back with another identity, or against one. Who may be believed is decided by
 * the daemon. */
#include <ctype.h>
#include <string.h>
#include <unistd.h>

#include "cmd/ctl_daemon.h"
#include "cmd/ctl_table.h"
#include "cmd/ctl_view.h"
#include "codec/json_mem.h"

enum {
	FINGERPRINT_SHOWN = 16,  /* hex digits in tables, and to be typed at least */
	FINGERPRINT_TYPED = 100, /* bytes of what is typed */
};

/* What the states of the daemon mean, by their words; the rest is shown as it is. */
static const struct {
	const char *state, *word;
} states[] = {
    {"self", "this host"},      {"pinned", "pinned"},   {"admitted", "admitted"},
    {"superseded", "replaced"}, {"differs", "DIFFERS"}, {"not-admitted", "NOT ADMITTED"},
    {"revoked", "revoked"},
};

static const char *state_word(const json_t *identity)
{
	const char *state = view_text(identity, "state");
	for (size_t i = 0; i < ARRAY_N(states); i++)
		if (strcmp(states[i].state, state) == 0)
			return states[i].word;
	return state;
}

static bool is_waiting(const json_t *identity)
{
	return !view_is(identity, "admitted") && view_is(identity, "member") &&
	       strcmp(view_text(identity, "state"), "self") != 0 &&
	       strcmp(view_text(identity, "state"), "revoked") != 0;
}

/* "db3:27017" as people know it. */
static void host_label(const json_t *identity, char out[VIEW_LABEL_BYTES])
{
	const char *host = view_text(identity, "host");
	size_t n = strlen(host);
	if (n > 6 && strcmp(host + n - 6, ":27017") == 0)
		n -= 6;
	snprintf(out, VIEW_LABEL_BYTES, "%.*s", (int)MIN(n, (size_t)(VIEW_LABEL_BYTES - 1)), host);
}

static enum ctl_exit ask_trust(struct ctl *ctl, const json_t *instance, json_t **ret)
{
	AUTO(json_t) body = json_pack("{s:s}", "instance", view_text(instance, "instance"));
	return ctl_ask(ctl, "GET", "/v1/trust", body, DAEMON_ROUND_S * US_S, ret);
}

static void print_table(struct ctl *ctl, const json_t *identities)
{
	struct view_table *t = calloc(1, sizeof(*t));
	ASSERT(t); /* 30 KiB */
	view_new_row(t);
	view_cell(t, 0, "HOST");
	view_cell(t, 1, "FINGERPRINT");
	view_cell(t, 2, "ENDORSED BY");
	view_cell(t, 3, "HERE");
	for (size_t i = 0; i < json_array_size(identities) && i < MEMBERS_MAX; i++) {
		const json_t *one = json_array_get(identities, i);
		char host[VIEW_LABEL_BYTES];
		host_label(one, host);
		view_new_row(t);
		view_cell(t, 0, "%s", host);
		view_cell(t, 1, "%.*s", FINGERPRINT_SHOWN, view_text(one, "fingerprint"));
		view_cell(t, 2, "%s", view_text(one, "endorsedBy"));
		view_cell(t, 3, "%s", state_word(one));
	}
	view_table_print(ctl, t);
	free(t);
}

/* One instance: the answer first, the table, then what to do about each that waits. */
static enum ctl_exit list_one(struct ctl *ctl, const json_t *answer)
{
	const json_t *all = json_object_get(answer, "identities");
	size_t n = json_array_size(all);
	unsigned waiting_n = 0;
	for (size_t i = 0; i < n; i++)
		waiting_n += is_waiting(json_array_get(all, i));
	const char *cluster = view_text(answer, "cluster");
	bool is_known = view_is(answer, "known");
	if (!is_known)
		view_row(ctl, 0, "", "%s: cannot tell: the ledger does not answer.", cluster);
	else if (!view_is(answer, "welcomed"))
		view_row(ctl, 0, "",
			 "%s: this host is not admitted by the others yet, and believes by "
			 "endorsements alone.",
			 cluster);
	else if (waiting_n)
		view_row(ctl, 0, "",
			 "%s: %u of %zu identities not admitted: no key is sealed for %s.", cluster,
			 waiting_n, n, waiting_n == 1 ? "it" : "them");
	else
		view_row(ctl, 0, "", "%s: every host is believed here by one identity.", cluster);
	print_table(ctl, all);
	for (size_t i = 0; i < n; i++) {
		const json_t *one = json_array_get(all, i);
		char host[VIEW_LABEL_BYTES];
		host_label(one, host);
		if (!is_waiting(one))
			continue;
		view_row(ctl, 2, "  ", "%s %.*s: %s.", host, FINGERPRINT_SHOWN,
			 view_text(one, "fingerprint"), view_text(one, "why"));
		view_row(ctl, 2, "  ",
			 "If it lost its state directory: compare with the line \"this host\" of "
			 "rotactl trust list on %s. The same? Here, and on each other host:\n"
			 "rotactl trust confirm %s --reason WHY",
			 host, host);
	}
	if (!is_known)
		return CTL_UNKNOWN;
	return waiting_n || !view_is(answer, "welcomed") ? CTL_ATTENTION : CTL_GOOD;
}

enum ctl_exit ctl_trust_list(struct ctl *ctl, int argc, char **argv)
{
	static const struct option longs[] = {VIEW_PICK_OPTIONS, {NULL, 0, NULL, 0}};
	struct view_pick pick = {.instance = NULL};
	AUTO(json_t) doc = NULL;
	enum ctl_exit code, worst = CTL_GOOD;
	struct wall now;
	unsigned listed_n = 0;
	int c;
	while ((c = ctl_option(ctl, argc, argv, "", longs)) != -1)
		if (!view_pick_take(&pick, c))
			return CTL_USAGE;
	if (optind < argc)
		return ctl_usage(ctl, "trust list takes no argument");
	code = view_open(ctl, NULL, &doc, &now);
	if (code != CTL_GOOD)
		return code;
	json_t *told = json_array();
	(void)json_object_set_new(ctl->doc, "instances", told);
	const json_t *instances = json_object_get(doc, "instances");
	for (size_t i = 0; i < json_array_size(instances); i++) {
		const json_t *instance = json_array_get(instances, i);
		json_t *answer = NULL;
		if (!view_fits(instance, &pick))
			continue;
		code = ask_trust(ctl, instance, &answer);
		if (code != CTL_GOOD)
			return code;
		if (listed_n++)
			ctl_say(ctl, "%s", "");
		worst = view_worse(worst, list_one(ctl, answer));
		(void)json_array_append_new(told, answer);
	}
	return listed_n ? worst : ctl_usage(ctl, "no instance of this host fits");
}

/* ---- confirm ---- */

/* The person types what stands on the other host's screen: not a y that is pressed unread. */
static bool type_fingerprint(struct ctl *ctl, const char *host, char out[FINGERPRINT_TYPED])
{
	view_row(
	    ctl, 0, "",
	    "On %s run: rotactl trust list. Of its line \"this host\" type the fingerprint, at "
	    "least its first %d digits:",
	    host, FINGERPRINT_SHOWN);
	fprintf(ctl->out, "> ");
	(void)fflush(ctl->out); /* a failure shows in ctl_main's */
	if (!fgets(out, FINGERPRINT_TYPED, stdin))
		return false;
	size_t n = strlen(out);
	while (n > 0 && isspace((unsigned char)out[n - 1]))
		out[--n] = 0;
	return n > 0;
}

static enum ctl_exit send_confirm(struct ctl *ctl, const json_t *instance, const char *host,
				  const char *fingerprint, const char *reason)
{
	AUTO(json_t)
	body = json_pack("{s:s, s:s, s:s, s:s}", "instance", view_text(instance, "instance"),
			 "host", host, "fingerprint", fingerprint, "reason", reason);
	AUTO(json_t) answer = NULL;
	char label[VIEW_LABEL_BYTES];
	if (!body)
		return ctl_usage(ctl, "host, fingerprint and reason are UTF-8");
	enum ctl_exit code =
	    ctl_ask(ctl, "POST", "/v1/trust/confirm", body, DAEMON_ROUND_S * US_S, &answer);
	if (code != CTL_GOOD)
		return code;
	view_to_doc(ctl, answer);
	host_label(answer, label);
	if (view_is(answer, "wasAdmitted")) {
		view_row(ctl, 0, "", "%s %.*s is admitted here already; nothing was changed.",
			 label, FINGERPRINT_SHOWN, view_text(answer, "fingerprint"));
		return CTL_GOOD;
	}
	view_row(ctl, 0, "",
		 "%s %.*s is admitted on this host. It gets the cluster's keys once the others "
		 "admit it too: say the same on each other host of the set.",
		 label, FINGERPRINT_SHOWN, view_text(answer, "fingerprint"));
	if (view_is(answer, "abortWanted"))
		view_row(ctl, 0, "",
			 "The rotation that runs knows %s by its identity of before, which has not "
			 "voted: it cannot end. rotactl abort, and rotate again.",
			 label);
	return view_is(answer, "abortWanted") ? CTL_ATTENTION : CTL_GOOD;
}

enum ctl_exit ctl_trust_confirm(struct ctl *ctl, int argc, char **argv)
{
	static const struct option longs[] = {VIEW_PICK_OPTIONS,
					      {"fingerprint", required_argument, NULL, 'f'},
					      {"reason", required_argument, NULL, 'r'},
					      {NULL, 0, NULL, 0}};
	struct view_pick pick = {.instance = NULL};
	const char *fingerprint = NULL, *reason = NULL;
	char typed[FINGERPRINT_TYPED];
	AUTO(json_t) doc = NULL;
	const json_t *instance;
	struct wall now;
	int c;
	while ((c = ctl_option(ctl, argc, argv, "", longs)) != -1) {
		if (view_pick_take(&pick, c))
			continue;
		if (c == 'f')
			fingerprint = optarg;
		else if (c == 'r')
			reason = optarg;
		else
			return CTL_USAGE;
	}
	if (optind + 1 != argc)
		return ctl_usage(ctl, "one host is wanted, as rotactl trust list names it");
	const char *host = argv[optind];
	if (!reason || !reason[0])
		return ctl_usage(ctl, "--reason is wanted: it is told and recorded");
	if (!fingerprint && (ctl->json || !isatty(STDIN_FILENO)))
		return ctl_usage(ctl,
				 "--fingerprint is wanted where nobody can be asked to type it");
	enum ctl_exit code = view_open_one(ctl, &pick, &doc, &instance, &now);
	if (code != CTL_GOOD)
		return code;
	if (!fingerprint && !type_fingerprint(ctl, host, typed)) {
		ctl_say(ctl, "Nothing was changed.");
		return CTL_FAILED;
	}
	return send_confirm(ctl, instance, host, fingerprint ? fingerprint : typed, reason);
}

/* ---- revoke ---- */

static enum ctl_exit send_revocation(struct ctl *ctl, const json_t *instance, const char *identity,
				     const char *reason)
{
	AUTO(json_t)
	body = json_pack("{s:s, s:s, s:s}", "instance", view_text(instance, "instance"), "identity",
			 identity, "reason", reason);
	AUTO(json_t) answer = NULL;
	char label[VIEW_LABEL_BYTES];
	if (!body)
		return ctl_usage(ctl, "host and reason are UTF-8");
	enum ctl_exit code =
	    ctl_ask(ctl, "POST", "/v1/trust/revoke", body, DAEMON_ROUND_S * US_S, &answer);
	if (code != CTL_GOOD)
		return code;
	view_to_doc(ctl, answer);
	host_label(answer, label);
	const json_t *all = json_object_get(answer, "revoked");
	for (size_t i = 0; i < json_array_size(all); i++)
		view_row(ctl, 0, "",
			 "%s %.*s is revoked, here now and on each other host once it "
			 "looks.",
			 label, FINGERPRINT_SHOWN, json_string_value(json_array_get(all, i)));
	if (!json_array_size(all))
		view_row(ctl, 0, "", "%s is revoked already; nothing was changed.", label);
	if (view_is(answer, "answers"))
		view_row(
		    ctl, 0, "",
		    "Its mongod answers and shares the key in use. To shut it out: take it out "
		    "of the set (rs.remove) or stop it, then rotactl rotate keyfile "
		    "--emergency.");
	return CTL_GOOD;
}

enum ctl_exit ctl_trust_revoke(struct ctl *ctl, int argc, char **argv)
{
	static const struct option longs[] = {VIEW_PICK_OPTIONS,
					      {"reason", required_argument, NULL, 'r'},
					      {"yes", no_argument, NULL, 'y'},
					      {NULL, 0, NULL, 0}};
	struct view_pick pick = {.instance = NULL};
	const char *reason = NULL;
	bool yes = false;
	AUTO(json_t) doc = NULL;
	const json_t *instance;
	struct wall now;
	int c;
	while ((c = ctl_option(ctl, argc, argv, "y", longs)) != -1) {
		if (view_pick_take(&pick, c))
			continue;
		if (c == 'r')
			reason = optarg;
		else if (c == 'y')
			yes = true;
		else
			return CTL_USAGE;
	}
	if (optind + 1 != argc)
		return ctl_usage(ctl, "one host or fingerprint is wanted, as rotactl trust list "
				      "names it");
	if (!reason || !reason[0])
		return ctl_usage(ctl, "--reason is wanted: it is told and recorded");
	enum ctl_exit code = view_open_one(ctl, &pick, &doc, &instance, &now);
	if (code != CTL_GOOD)
		return code;
	view_row(ctl, 0, "",
		 "Revoked for ever: %s gets no key, and nothing that it says counts, on no host of "
		 "%s. The way back is a new identity and rotactl trust confirm.",
		 argv[optind], view_text(instance, "cluster"));
	if (!view_confirm(ctl, yes, "Revoke it?")) {
		ctl_say(ctl, "Nothing was changed.");
		return CTL_FAILED;
	}
	return send_revocation(ctl, instance, argv[optind], reason);
}
