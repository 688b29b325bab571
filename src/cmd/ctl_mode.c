/* SPDX-License-Identifier: Apache-2.0 */
/* rotactl mode: sets one word in rotad.yaml where it stands, or puts it where it belongs, every
 * other byte as it was; then has the daemon read it. What the new text would mean is checked before
 * it is written. */
#include <string.h>
#include <time.h>

#include "cmd/ctl_daemon.h"
#include "cmd/ctl_mode.h"
#include "cmd/ctl_table.h"
#include "cmd/ctl_view.h"
#include "codec/json_mem.h"
#include "codec/yaml.h"
#include "conf/conf_check.h"
#include "sys/files_durable.h"

/* ---- the edit ---- */

/* Where a 1-based line and column is in the text; libyaml counts characters. False when it is not
 * there. */
static bool offset_of(struct str text, int line, int column, size_t *ret)
{
	size_t at = 0;
	for (int l = 1; l < line; l++) {
		const char *end = memchr(text.p + at, '\n', text.n - at);
		if (!end)
			return false;
		at = (size_t)(end - text.p) + 1;
	}
	for (int c = 1; c < column && at < text.n; c++)
		do
			at++;
		while (at < text.n && ((unsigned char)text.p[at] & 0xc0) == 0x80);
	*ret = at;
	return column > 0;
}

static bool refuse(struct err *err, const struct yaml_node *node, const char *text)
{
	err->line = node ? node->line : 0;
	err->column = node ? node->column : 0;
	return err_set(err, ERR_UNSUPPORTED, "%s; set the word by hand", text);
}

static bool splice(struct str text, size_t at, size_t removed_n, const char *added, struct buf *ret,
		   struct err *err)
{
	buf_add(ret, text.p, at);
	buf_adds(ret, added);
	buf_add(ret, text.p + at + removed_n, text.n - at - removed_n);
	return buf_ok(ret, err);
}

/* Another word for one that is there. */
static bool replace_word(struct str text, const struct yaml_node *node, const char *word,
			 struct buf *ret, struct err *err)
{
	size_t at;
	if (node->kind != YAML_IS_SCALAR || !node->text.n)
		return refuse(err, node, "the value of 'mode' is no word");
	if (!offset_of(text, node->line, node->column, &at))
		return refuse(err, node, "the place of 'mode' was not found");
	if (node->is_quoted)
		at++; /* the quotes stay */
	if (text.n - at < node->text.n || memcmp(text.p + at, node->text.p, node->text.n) != 0)
		return refuse(err, node, "the place of 'mode' was not found");
	return splice(text, at, node->text.n, word, ret, err);
}

/* A new first entry for a map, in the style it is written in. `entry` has no line end. */
static bool insert_entry(struct str text, const struct yaml_node *map, const char *entry,
			 struct buf *ret, struct err *err)
{
	const struct yaml_node *first = map->kind == YAML_IS_MAP ? map->first : NULL;
	auto_buf struct buf added = {.p = NULL};
	size_t at, from;
	if (!first)
		return refuse(err, map, "the section is empty");
	if (!offset_of(text, first->key_line, first->key_column, &at) ||
	    text.n - at < first->key.n || memcmp(text.p + at, first->key.p, first->key.n) != 0)
		return refuse(err, first, "the place of the section was not found");
	for (from = at; from > 0 && text.p[from - 1] == ' '; from--)
		;
	if (from > 0 && (text.p[from - 1] == '{' || text.p[from - 1] == ',')) {
		buf_addf(&added, "%s, ", entry);
	} else {
		/* The key that was first moves to a line of its own, as far in as it was: right in
		 * a plain map and behind the "- " of a list. */
		while (from > 0 && (text.p[from - 1] == '-' || text.p[from - 1] == ' '))
			from--;
		if (from > 0 && text.p[from - 1] != '\n')
			return refuse(err, first, "the section is written in an unusual way");
		buf_addf(&added, "%s\n%*s", entry, first->key_column - 1, "");
	}
	return buf_ok(&added, err) && splice(text, at, 0, buf_z(&added), ret, err);
}

static const struct yaml_node *find_listed(const struct yaml_node *list, const char *name)
{
	const struct yaml_node *one = list && list->kind == YAML_IS_LIST ? list->first : NULL;
	for (; one; one = one->next) {
		const struct yaml_node *n = yaml_find(one, "name");
		if (n && n->kind == YAML_IS_SCALAR && str_equal_z(n->text, name))
			return one;
	}
	return NULL;
}

/* The map that holds the word: the document, a section or an instance. NULL when there is none. */
static const struct yaml_node *find_map(const struct yaml_doc *doc, const char *kind,
					const char *instance)
{
	if (instance)
		return find_listed(yaml_find(doc->root, "instances"), instance);
	return kind ? yaml_find(doc->root, kind) : doc->root;
}

/* Is the word now where it should be, in a text that still is YAML? */
static bool is_set(struct str text, const char *kind, const char *instance, const char *word)
{
	auto_yaml struct yaml_doc doc = {.root = NULL};
	struct err ignored = ERR_INIT;
	if (!yaml_parse(text, &doc, &ignored))
		return false;
	const struct yaml_node *map = find_map(&doc, kind, instance);
	const struct yaml_node *mode = map ? yaml_find(map, "mode") : NULL;
	return mode && mode->kind == YAML_IS_SCALAR && str_equal_z(mode->text, word);
}

bool mode_edit(struct str text, const char *kind, const char *instance, const char *word,
	       struct buf *ret, struct err *err)
{
	auto_yaml struct yaml_doc doc = {.root = NULL};
	char entry[64];
	bool ok;
	ASSERT(!kind || !instance);
	if (!yaml_parse(text, &doc, err))
		return false;
	if (!doc.root || doc.root->kind != YAML_IS_MAP)
		return refuse(err, doc.root, "the configuration is no map");
	const struct yaml_node *map = find_map(&doc, kind, instance);
	if (!map && instance)
		return err_set(err, ERR_NOT_FOUND, "the configuration has no instance '%.100s'",
			       instance);
	const struct yaml_node *mode = map ? yaml_find(map, "mode") : NULL;
	if (map)
		snprintf(entry, sizeof(entry), "mode: %.16s", word);
	else
		snprintf(entry, sizeof(entry), "%.24s: {mode: %.16s}", kind, word);
	ok = mode ? replace_word(text, mode, word, ret, err)
		  : insert_entry(text, map ? map : doc.root, entry, ret, err);
	if (ok && !is_set(buf_str(ret), kind, instance, word))
		ok = refuse(err, map, "the section is written in an unusual way");
	return ok;
}

/* ---- the file ---- */

static struct wall wall_now(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_REALTIME, &t); /* cannot fail for this clock */
	return (struct wall){.us = t.tv_sec * US_S + t.tv_nsec / 1000};
}

/* Would the daemon take the new text? *ret then holds what it means. */
static bool check_text(struct str text, const char *path, const struct files_port *files,
		       struct conf *ret, struct err *err)
{
	/* Files that it names are the daemon's to look at: it runs as another user. */
	struct conf_how how = {.files = files, .is_elsewhere = true, .now = wall_now()};
	auto_free struct conf_faults *faults = calloc(1, sizeof(*faults));
	if (!faults)
		return err_set(err, ERR_MEMORY, "no memory to check the configuration");
	if (conf_parse(text, path, ret, faults) && conf_check(ret, &how, faults))
		return true;
	(void)conf_faults_err(faults, path, err);
	return err_in(err, "checking the new configuration; nothing was written");
}

static bool put_mode(const char *path, const char *kind, const char *instance, const char *word,
		     struct conf *ret, struct err *err)
{
	struct files_port files = files_durable();
	struct file_view view;
	auto_buf struct buf before = {.max = CONF_BYTES_MAX}, after = {.max = CONF_BYTES_MAX};
	err_subject(err, path);
	if (!files.ops->read_text(files.self, path, CONF_BYTES_MAX, &before, &view, err) ||
	    !mode_edit(buf_str(&before), kind, instance, word, &after, err) ||
	    !check_text(buf_str(&after), path, &files, ret, err))
		return false;
	if (str_equal(buf_str(&before), buf_str(&after)))
		return true;
	struct file_put put = {.path = path, .bytes = buf_str(&after), .expect = &view};
	return files.ops->put(files.self, &put, err);
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
	if (!daemon_ask(ctl->socket_path, "GET", "/v1/status", NULL, DAEMON_ROUND_S * US_S, &status,
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
	bool ok = daemon_ask(ctl->socket_path, "POST", "/v1/reload", NULL, DAEMON_ROUND_S * US_S,
			     &status, &answer, &err);
	(void)json_object_set_new(ctl->doc, "reloaded", json_boolean(ok && status < 300));
	if (ok && status < 300) {
		ctl_say(ctl, "rotad reads it now.");
		return CTL_GOOD;
	}
	view_row(ctl, 0, "",
		 "rotad has not read it (%s). It takes effect when rotad is reloaded: "
		 "systemctl reload rotad",
		 ok ? view_text(json_object_get(answer, "error"), "text") : err.text);
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
	if (!put_mode(ctl->config_path, kind, instance, word, conf, &err))
		return ctl_error(ctl, &err);
	view_row(ctl, 2, NULL, "%s: mode %s%s%s. The more careful word counts:", ctl->config_path,
		 word, kind || instance ? " for " : "",
		 kind       ? kind
		 : instance ? instance
			    : "");
	tell_effect(ctl, &conf->config, kind || instance ? "" : word);
	return reload(ctl);
}
