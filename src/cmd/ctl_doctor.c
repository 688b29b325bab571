/* SPDX-License-Identifier: Apache-2.0 */
/* rotactl doctor: could this host take its turn? By the running rotad, which sees what its sandbox
 * and its rights let it; where none runs, by the same questions asked from here, as the user that
 * it would run as. The answers are made in round/doctor_look.c; here they are set on a page. */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cmd/ctl_daemon.h"
#include "cmd/ctl_table.h"
#include "cmd/ctl_view.h"
#include "cmd/wiring.h"
#include "codec/json_strict.h"
#include "codec/mongod_options.h"
#include "conf/conf_check.h"
#include "round/doctor_look.h"
#include "sys/files_durable.h"
#include "sys/host_linux.h"

enum { NAME_COLUMN = 11, TEXT_COLUMN = 28 };

/* In the order in which people should read them. */
static const struct {
	const char *weight, *word;
	enum ctl_exit code;
	enum ctl_color color;
} weights[] = {
    {"refuse", "REFUSE", CTL_FAILED, CTL_RED},
    {"warning", "WARNING", CTL_ATTENTION, CTL_YELLOW},
    {"note", "note", CTL_GOOD, CTL_BOLD},
};

static unsigned count(const json_t *findings, const char *weight)
{
	unsigned n = 0;
	for (size_t i = 0; i < json_array_size(findings); i++)
		n += strcmp(view_text(json_array_get(findings, i), "weight"), weight) == 0;
	return n;
}

static enum ctl_exit exit_of(const json_t *findings)
{
	for (size_t w = 0; w < ARRAY_N(weights); w++)
		if (count(findings, weights[w].weight))
			return weights[w].code;
	return CTL_GOOD;
}

static json_t *finding(const char *weight, const char *name, const char *what, const char *you)
{
	return json_pack("{s:s, s:s, s:o, s:s}", "weight", weight, "name", name, "what",
			 json_said(what), "you", you);
}

/* One line each, the gravest first; what is good in one line of names, or (all) each by itself. */
static void tell_findings(struct ctl *ctl, const json_t *findings, bool all)
{
	auto_buf struct buf good = {.p = NULL};
	char head[64];
	for (size_t w = 0; w < ARRAY_N(weights); w++)
		for (size_t i = 0; i < json_array_size(findings); i++) {
			const json_t *f = json_array_get(findings, i);
			const char *you = view_text(f, "you");
			if (strcmp(view_text(f, "weight"), weights[w].weight) != 0)
				continue;
			snprintf(head, sizeof(head), "  %-*s%-*s ", NAME_COLUMN - 2,
				 weights[w].word, TEXT_COLUMN - NAME_COLUMN - 1,
				 view_text(f, "name"));
			view_row(ctl, NAME_COLUMN, head, "%s%s%s", view_text(f, "what"),
				 you[0] ? ". To do: " : "", you);
		}
	for (size_t i = 0; i < json_array_size(findings); i++) {
		const json_t *f = json_array_get(findings, i);
		if (strcmp(view_text(f, "weight"), "good") != 0)
			continue;
		buf_addf(&good, "%s%s", good.n ? ", " : "", view_text(f, "name"));
		snprintf(head, sizeof(head), "  %-*s%-*s ", NAME_COLUMN - 2, "good",
			 TEXT_COLUMN - NAME_COLUMN - 1, view_text(f, "name"));
		if (all)
			view_row(ctl, NAME_COLUMN, head, "%s", view_text(f, "what"));
	}
	if (!all && good.n)
		view_row(ctl, NAME_COLUMN, "  good     ", "%s", buf_z(&good));
}

static enum ctl_exit tell_instance(struct ctl *ctl, const json_t *one, bool all)
{
	const json_t *findings = json_object_get(one, "findings");
	unsigned refused_n = count(findings, "refuse"), warned_n = count(findings, "warning");
	char who[200], more[64] = "";
	snprintf(who, sizeof(who), "%.60s%s%.60s%s%.60s%s", view_text(one, "instance"),
		 view_text(one, "cluster")[0] ? " (" : "", view_text(one, "cluster"),
		 view_text(one, "host")[0] ? ", " : "", view_text(one, "host"),
		 view_text(one, "cluster")[0] ? ")" : "");
	if (warned_n)
		snprintf(more, sizeof(more), "%s%u warning%s", refused_n ? ", and " : "; ",
			 warned_n, warned_n == 1 ? "" : "s");
	if (refused_n)
		view_row(ctl, 0, "", "%s could not take its turn: %u thing%s to mend%s.", who,
			 refused_n, refused_n == 1 ? "" : "s", more);
	else
		view_row(ctl, 0, "", "%s could take its turn%s.", who, more);
	tell_findings(ctl, findings, all);
	return exit_of(findings);
}

/* ---- by the running rotad ---- */

static void judge_alerts(const json_t *answer, json_t *ret)
{
	const json_t *targets = json_object_get(answer, "targets");
	char text[400];
	if (!json_array_size(targets))
		json_array_append_new(
		    ret, finding("warning", "alerts",
				 "no alert target is configured: what goes wrong is told to the "
				 "journal of this host alone",
				 "alerts in rotad.yaml(5); then: rotactl alert test"));
	for (size_t i = 0; i < json_array_size(targets); i++) {
		const json_t *t = json_array_get(targets, i);
		const char *name = view_text(t, "target");
		if (view_is(t, "gone"))
			snprintf(text, sizeof(text),
				 "%.60s said that it is gone for ever (410) and is switched off",
				 name);
		else if (view_int(t, "tries"))
			snprintf(text, sizeof(text), "%.60s takes no alerts, %lld wait: %.200s",
				 name, (long long)view_int(t, "waiting"), view_text(t, "why"));
		else if (!view_text(t, "lastOkAt")[0])
			snprintf(text, sizeof(text), "%.60s was not tried since rotad started",
				 name);
		else {
			snprintf(text, sizeof(text), "%.60s took the last one", name);
			json_array_append_new(ret, finding("good", "alerts", text, ""));
			continue;
		}
		bool is_bad = view_is(t, "gone") || view_int(t, "tries");
		json_array_append_new(ret, finding(is_bad ? "warning" : "note", "alerts", text,
						   "rotactl alert test"));
	}
}

static enum ctl_exit by_daemon(struct ctl *ctl, const json_t *status, const struct view_pick *pick,
			       json_t *ret_all, json_t *ret_alerts)
{
	const json_t *instances = json_object_get(status, "instances");
	AUTO(json_t) alerts = NULL;
	for (size_t i = 0; i < json_array_size(instances); i++) {
		const json_t *instance = json_array_get(instances, i);
		json_t *answer = NULL;
		if (!view_fits(instance, pick))
			continue;
		enum ctl_exit code = view_ask_doctor(ctl, instance, &answer);
		if (code != CTL_GOOD)
			return code;
		(void)json_array_append_new(ret_all, answer);
	}
	enum ctl_exit code = ctl_ask(ctl, "GET", "/v1/alerts", NULL, DAEMON_READ_S * US_S, &alerts);
	if (code == CTL_GOOD)
		judge_alerts(alerts, ret_alerts);
	return code;
}

/* ---- where none runs ---- */

/* Whom would rotad run as? The owner of its state directory, else of the first keyfile. 0: that
 * cannot be told. */
static uid_t user_of(const struct config *c)
{
	struct stat st;
	struct files_port files = files_durable();
	if (stat(c->state_directory, &st) == 0 && st.st_uid != 0)
		return st.st_uid;
	for (unsigned i = 0; i < c->instances_n; i++) {
		auto_buf struct buf text = {.max = CONF_BYTES_MAX};
		struct mongod_options o;
		struct err ignored = ERR_INIT;
		const struct instance_policy *p = &c->instances[i];
		if (!p->config_file[0] ||
		    !files.ops->read_text(files.self, p->config_file, CONF_BYTES_MAX, &text, NULL,
					  &ignored) ||
		    !mongod_options_from_file(buf_str(&text), &o, &ignored))
			continue;
		mongod_options_map(&o, p->paths, p->paths_n);
		if (o.key_file[0] && stat(o.key_file, &st) == 0)
			return st.st_uid;
	}
	return 0;
}

/* For good: what root may do says nothing of what rotad may. */
static bool become(uid_t uid, struct err *err)
{
	const struct passwd *pw = getpwuid(uid);
	if (!pw)
		return err_set(err, ERR_NOT_FOUND, "user %u has no name on this host",
			       (unsigned)uid);
	if (initgroups(pw->pw_name, pw->pw_gid) != 0 || setgid(pw->pw_gid) != 0 || setuid(uid) != 0)
		return err_sys(err, errno, "becoming '%s'", pw->pw_name);
	return true;
}

static bool take_user(const char *name, uid_t *ret, struct err *err)
{
	const struct passwd *pw = getpwnam(name);
	if (!pw)
		return err_set(err, ERR_NOT_FOUND, "there is no user '%.60s' on this host", name);
	*ret = pw->pw_uid;
	return true;
}

/* Everything that needs the rights of who asks, then everything that must not have them. */
static bool look(struct ctl *ctl, const char *user, struct conf *conf, struct conf_faults *faults,
		 json_t *notes, struct wiring **ret, struct err *err)
{
	struct files_port files = files_durable();
	struct host_port host = host_linux();
	struct conf_how how = {
	    .files = &files, .uid = CONF_UID_ANY, .now = host.ops->now(host.self)};
	char libexec[PATH_BYTES_MAX], text[300], unit[80], you[200];
	uid_t uid = geteuid();
	err_subject(err, ctl->config_path);
	if (!conf_load(ctl->config_path, &how, conf, faults, err))
		return false;
	for (unsigned i = 0; i < faults->n; i++)
		if (faults->faults[i].is_warning) {
			snprintf(text, sizeof(text), "line %d: %.250s", faults->faults[i].line,
				 faults->faults[i].text);
			json_array_append_new(
			    notes, finding("note", "configuration", text, "rotactl config check"));
		}
	if (user && !take_user(user, &uid, err))
		return false;
	if (geteuid() == 0 && !user)
		uid = user_of(&conf->config);
	if (geteuid() == 0 && uid != 0 && !become(uid, err))
		return false;
	if (user && uid != geteuid())
		return err_set(err, ERR_PERMISSION, "only root can ask as another user");
	const struct passwd *pw = getpwuid(geteuid());
	snprintf(text, sizeof(text),
		 "rotad does not run: asked from here, as %.40s. What its unit forbids is not seen",
		 pw ? pw->pw_name : "this user");
	snprintf(you, sizeof(you), "systemctl start %s, once all is well; then ask again",
		 ctl_unit(ctl, unit, sizeof(unit)));
	json_array_append_new(notes, geteuid() == 0 ? finding("warning", "running", text,
							      "--user NAME, whom rotad will run as")
						    : finding("note", "running", text, you));
	if (access(ctl->config_path, R_OK) != 0)
		json_array_append_new(notes, finding("refuse", "configuration",
						     "that user cannot read the configuration",
						     "chgrp it to that user's group, chmod 640"));
	helper_folder(libexec, sizeof(libexec));
	return wiring_new_looking(&conf->config, libexec, ret, err);
}

static enum ctl_exit from_here(struct ctl *ctl, const struct view_pick *pick, const char *user,
			       json_t *ret_all, json_t *ret_alerts)
{
	struct err err = ERR_INIT;
	auto_conf struct conf *conf = conf_new();
	auto_free struct conf_faults *faults = calloc(1, sizeof(*faults));
	struct wiring *w = NULL;
	bool ok = true;
	if (!conf || !faults)
		return ctl_error(ctl, (err_set(&err, ERR_MEMORY, "no memory"), &err));
	if (!look(ctl, user, conf, faults, ret_alerts, &w, &err))
		return ctl_error_with(ctl, &err,
				      err.kind == ERR_NOT_FOUND ? "rotactl discover; --config FILE"
				      : err.kind == ERR_PERMISSION
					  ? "ask as root, or as rotad's own user"
					  : "rotactl config check");
	for (unsigned i = 0; ok && i < wiring_seats_n(w); i++) {
		struct seat *t = wiring_seat(w, i);
		json_t *one = json_pack("{s:s}", "instance", t->instance->name);
		ok = doctor_look(t, one, &err);
		if (ok && view_fits(one, pick))
			(void)json_array_append(ret_all, one);
		json_decref(one);
	}
	wiring_free(w);
	if (!ok)
		return ctl_error(ctl, &err);
	if (conf->config.alerts_n == 0) {
		AUTO(json_t) none = json_pack("{s:[]}", "targets");
		judge_alerts(none, ret_alerts);
	} else
		json_array_append_new(ret_alerts,
				      finding("note", "alerts", "not tried: rotad does not run",
					      "rotactl alert test, once it does"));
	return CTL_GOOD;
}

/* ---- the verb ---- */

enum ctl_exit ctl_doctor(struct ctl *ctl, int argc, char **argv)
{
	static const struct option longs[] = {VIEW_PICK_OPTIONS,
					      {"user", required_argument, NULL, 'u'},
					      {"all", no_argument, NULL, 'a'},
					      {NULL, 0, NULL, 0}};
	struct view_pick pick = {.instance = NULL};
	struct err err = ERR_INIT;
	const char *user = NULL;
	bool all = false;
	unsigned status = 0;
	AUTO(json_t) doc = NULL;
	json_t *instances = json_array(), *host = json_array();
	int c;
	(void)json_object_set_new(ctl->doc, "instances", instances);
	(void)json_object_set_new(ctl->doc, "host", host);
	while ((c = ctl_option(ctl, argc, argv, "", longs)) != -1) {
		if (view_pick_take(&pick, c))
			continue;
		if (c == 'u')
			user = optarg;
		else if (c == 'a')
			all = true;
		else
			return CTL_USAGE;
	}
	if (optind < argc)
		return ctl_usage(ctl, "doctor takes no argument");
	bool is_running = daemon_ask(ctl->socket_path, "GET", "/v1/status", NULL,
				     DAEMON_READ_S * US_S, &status, &doc, &err);
	if (!is_running && err.kind != ERR_UNREACHABLE)
		return ctl_no_daemon(ctl, &err);
	(void)json_object_set_new(ctl->doc, "running", json_boolean(is_running));
	enum ctl_exit code = is_running ? by_daemon(ctl, doc, &pick, instances, host)
					: from_here(ctl, &pick, user, instances, host);
	if (code != CTL_GOOD)
		return code;
	if (json_array_size(instances) == 0)
		return ctl_usage(ctl, "no instance of this host fits");
	for (size_t i = 0; i < json_array_size(instances); i++)
		code = view_worse(code, tell_instance(ctl, json_array_get(instances, i), all));
	ctl_say(ctl, "This host:");
	tell_findings(ctl, host, all);
	return view_worse(code, exit_of(host));
}
