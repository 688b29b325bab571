/* SPDX-License-Identifier: Apache-2.0 */
/* rotactl mode: sets one word in rotad.yaml (conf/conf_edit.c) and has the daemon read it. */
#include <string.h>

#include "cmd/ctl_daemon.h"
#include "cmd/ctl_file.h"
#include "cmd/ctl_table.h"
#include "cmd/ctl_view.h"
#include "codec/json_mem.h"
#include "conf/conf_check.h"
#include "sys/host_linux.h"

/* The word for all, for a kind, or (instance not NULL) for that instance. */
static bool put_mode(struct ctl *ctl, const char *kind, const char *instance, const char *word,
		     struct conf *ret, struct err *err)
{
	struct host_port host = host_linux();
	struct wall now = host.ops->now(host.self);
	char key[40] = "mode";
	unsigned at = 0;
	if (kind)
		snprintf(key, sizeof(key), "%s.mode", kind);
	if (instance) {
		auto_conf struct conf *before = conf_new();
		if (!before)
			return err_set(err, ERR_MEMORY, "no memory for the configuration");
		if (!ctl_read_conf(ctl, now, before, err))
			return err_in(err, "nothing was written");
		const struct config *c = &before->config;
		const struct instance_policy *p = config_find_instance(c, instance);
		if (!p)
			return err_set(err, ERR_NOT_FOUND,
				       "the configuration has no instance '%.100s'", instance);
		at = (unsigned)(p - c->instances);
		cut_z(key, sizeof(key), "instances[].mode");
	}
	return ctl_edit_conf(ctl, key, at, word, now, ret, err);
}

/* ---- the verb ---- */

/* What counts now, and what else holds it back: a section without a word means observe.
 * word: "" when it was not said for all. */
static void tell_effect(struct ctl *ctl, const struct config *c, const char *word)
{
	static const char *const kinds[] = {
	    [KIND_KEYFILE] = "keyfile", [KIND_CERTIFICATES] = "certificates"};
	json_t *all = json_array();
	bool holds_back[ARRAY_N(kinds)] = {false};
	for (unsigned i = 0; i < c->instances_n; i++) {
		const struct instance_policy *p = &c->instances[i];
		json_t *one = json_pack("{s:s}", "instance", p->name);
		auto_buf struct buf line = {.p = NULL};
		for (size_t k = 0; k < ARRAY_N(kinds); k++) {
			const char *mode = mode_name(instance_mode(&c->policy, p, (enum kind)k));
			buf_addf(&line, "%s %s %s", k ? "," : "", kinds[k], mode);
			(void)json_object_set_new(one, kinds[k], json_string(mode));
			holds_back[k] |= policy_mode(&c->policy, (enum kind)k) == MODE_OBSERVE &&
					 strcmp(word, mode_name(MODE_OBSERVE)) != 0;
		}
		view_row(ctl, 2, "  ", "%s:%s", p->name, buf_z(&line));
		(void)json_array_append_new(all, one);
	}
	(void)json_object_set_new(ctl->doc, "instances", all);
	for (size_t k = 0; k < ARRAY_N(kinds); k++)
		if (word[0] && holds_back[k])
			view_row(ctl, 2, "  ", "for that kind too: rotactl mode %s --kind %s", word,
				 kinds[k]);
}

/* Does the running rotad read another file than the one that is to be changed? Unknown is no. */
static bool reads_another(const struct ctl *ctl, char *ret, size_t ret_n)
{
	AUTO(json_t) answer = NULL;
	struct err ignored = ERR_INIT; /* no rotad runs: it will read it at its start */
	unsigned status = 0;
	char own[PATH_MAX];
	if (!daemon_ask(ctl->socket_path, "GET", "/v1/status", NULL, DAEMON_READ_S * US_S, &status,
			&answer, &ignored) ||
	    status >= 300 || !realpath(ctl->config_path, own))
		return false;
	cut_z(ret, ret_n, view_text(answer, "configFile"));
	return ret[0] && strcmp(ret, own) != 0;
}

/* The daemon reads it; without one it will at its start. */
static enum ctl_exit reload(struct ctl *ctl)
{
	AUTO(json_t) answer = NULL;
	struct err err = ERR_INIT;
	unsigned status = 0;
	char unit[80];
	bool ok = daemon_ask(ctl->socket_path, "POST", "/v1/reload", NULL, DAEMON_ROUND_S * US_S,
			     &status, &answer, &err);
	(void)json_object_set_new(ctl->doc, "reloaded", json_boolean(ok && status < 300));
	if (ok && status < 300) {
		ctl_say(ctl, "rotad reads it now.");
		return CTL_GOOD;
	}
	view_row(ctl, 0, "",
		 "rotad has not read it (%s). It takes effect when rotad is reloaded: "
		 "systemctl reload %s",
		 ok ? view_text(json_object_get(answer, "error"), "text") : err.text,
		 ctl_unit(ctl, unit, sizeof(unit)));
	return CTL_ATTENTION;
}

enum ctl_exit ctl_mode(struct ctl *ctl, int argc, char **argv)
{
	static const struct option longs[] = {{"kind", required_argument, NULL, 'k'},
					      {"instance", required_argument, NULL, 'I'},
					      {NULL, 0, NULL, 0}};
	static const char *const kinds[] = {"keyfile", "certificates", "authorities"};
	const char *kind = NULL, *instance = NULL;
	struct err err = ERR_INIT;
	bool is_word = false, is_kind = false;
	int c;
	while ((c = ctl_option(ctl, argc, argv, "", longs)) != -1) {
		if (c == 'k')
			kind = optarg;
		else if (c == 'I')
			instance = optarg;
		else
			return CTL_USAGE;
	}
	if (optind + 1 != argc)
		return ctl_usage(ctl, "one word is wanted: observe, ask or act");
	const char *word = argv[optind];
	for (int m = kind || instance ? MODE_OFF : MODE_OBSERVE; m < MODE_N; m++)
		is_word |= strcmp(word, mode_name((enum mode)m)) == 0;
	for (size_t i = 0; i < ARRAY_N(kinds); i++)
		is_kind |= kind && strcmp(kind, kinds[i]) == 0;
	if (!is_word)
		return ctl_usage(ctl, "'%.20s' is no mode here: %sobserve, ask or act", word,
				 kind || instance ? "off, " : "");
	if (kind && !is_kind)
		return ctl_usage(ctl, "--kind takes keyfile, certificates or authorities");
	if (kind && instance)
		return ctl_usage(ctl, "--kind or --instance: the more careful of both counts");
	char others[PATH_MAX], you[PATH_MAX + 64];
	if (reads_another(ctl, others, sizeof(others))) {
		err_subject(&err, ctl->config_path);
		(void)err_set(
		    &err, ERR_REFUSED,
		    "the running rotad reads '%.400s', not this file: nothing was changed", others);
		snprintf(you, sizeof(you), "rotactl mode %s --config %.4000s", word, others);
		return ctl_error_with(ctl, &err, you);
	}
	auto_conf struct conf *conf = conf_new();
	if (!conf)
		return ctl_error(ctl, (err_set(&err, ERR_MEMORY, "no memory"), &err));
	if (!put_mode(ctl, kind, instance, word, conf, &err))
		return ctl_error(ctl, &err);
	view_row(ctl, 2, NULL, "%s: mode %s%s%s. The more careful word counts:", ctl->config_path,
		 word, kind || instance ? " for " : "",
		 kind       ? kind
		 : instance ? instance
			    : "");
	tell_effect(ctl, &conf->config, kind || instance ? "" : word);
	return reload(ctl);
}
