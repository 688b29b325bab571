/* SPDX-License-Identifier: Apache-2.0 */
/* rotactl config check, show, keys and schedule check, sign, preview: all offline, on files. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cmd/ctl_daemon.h"
#include "cmd/ctl_table.h"
#include "codec/json_mem.h"
#include "codec/signed_text.h"
#include "conf/conf_print.h"
#include "conf/conf_value.h"
#include "conf/schedule.h"
#include "model/window.h"
#include "sys/files_durable.h"
#include "sys/host_linux.h"

/* ---- what the verbs share ---- */

struct given {
	struct files_port files;
	struct conf_how how;
	const char *file; /* the first argument; NULL without one */
	const char *cluster, *host, *signer, *key, *out;
	const char *instance;
	bool all, manual, running;
};

/* A moment as a person writes it: a date, or a time in UTC. */
static bool at_parse(const char *text, struct wall *ret, struct err *err)
{
	int64_t day;
	if (strlen(text) > 10)
		return wall_parse_utc(str_of(text), ret, err);
	if (!conf_day_parse(str_of(text), &day, err))
		return false;
	ret->us = day * US_DAY;
	return true;
}

static bool user_parse(const char *name, unsigned *ret, struct err *err)
{
	const struct passwd *pw = getpwnam(name);
	if (!pw)
		return err_set(err, ERR_NOT_FOUND, "there is no user '%s' on this host", name);
	*ret = pw->pw_uid;
	return true;
}

/* Options of all verbs here; each verb names those that it takes. CTL_GOOD: go on. */
static enum ctl_exit given_parse(struct ctl *ctl, int argc, char **argv, const char *takes,
				 struct given *g)
{
	static const struct option longs[] = {
	    {"elsewhere", no_argument, NULL, 'e'},
	    {"user", required_argument, NULL, 'u'},
	    {"cluster", required_argument, NULL, 'c'},
	    {"host", required_argument, NULL, 'h'},
	    {"at", required_argument, NULL, 'a'},
	    {"signer", required_argument, NULL, 's'},
	    {"key", required_argument, NULL, 'k'},
	    {"out", required_argument, NULL, 'o'},
	    {"all", no_argument, NULL, 'A'},
	    {"manual", no_argument, NULL, 'm'},
	    {"running", no_argument, NULL, 'r'},
	    {"instance", required_argument, NULL, 'I'},
	    {NULL, 0, NULL, 0},
	};
	struct host_port host = host_linux();
	struct err err = ERR_INIT;
	int o;
	*g = (struct given){.files = files_durable()};
	g->how = (struct conf_how){.uid = CONF_UID_ANY, .now = host.ops->now(host.self)};
	while ((o = ctl_option(ctl, argc, argv, "", longs)) != -1) {
		if (o == '?')
			return CTL_USAGE;
		if (!strchr(takes, o))
			return ctl_usage(ctl, "this verb does not take that option");
		bool ok = true;
		if (o == 'e')
			g->how.is_elsewhere = true;
		else if (o == 'u')
			ok = user_parse(optarg, &g->how.uid, &err);
		else if (o == 'c')
			g->cluster = optarg;
		else if (o == 'h')
			g->host = optarg;
		else if (o == 'a')
			ok = at_parse(optarg, &g->how.now, &err);
		else if (o == 's')
			g->signer = optarg;
		else if (o == 'k')
			g->key = optarg;
		else if (o == 'o')
			g->out = optarg;
		else if (o == 'A')
			g->all = true;
		else if (o == 'm')
			g->manual = true;
		else if (o == 'r')
			g->running = true;
		else if (o == 'I')
			g->instance = optarg;
		if (!ok)
			return ctl_usage(ctl, "%s", err.text);
	}
	g->how.files = &g->files;
	if (optind < argc)
		g->file = argv[optind++];
	if (optind < argc)
		return ctl_usage(ctl, "one argument too many: '%s'", argv[optind]);
	return CTL_GOOD;
}

/* Faults after the line that sums them up. */
static void tell_faults(struct ctl *ctl, const char *path, const struct conf_faults *f)
{
	auto_buf struct buf text = {0};
	for (unsigned i = 0; ctl->json && i < f->n; i++) {
		char where[PATH_BYTES_MAX + 32];
		snprintf(where, sizeof(where), "%.4095s:%d:%d", path, f->faults[i].line,
			 f->faults[i].column);
		ctl_finding(ctl, &(struct ctl_finding){
				     .weight = f->faults[i].is_warning ? CTL_WARN : CTL_REFUSE,
				     .name = "config",
				     .where = where,
				     .what = f->faults[i].text});
	}
	if (ctl->json)
		return;
	conf_faults_print(f, path, &text);
	fputs(buf_z(&text), ctl->out);
}

static void set_text(struct ctl *ctl, const char *key, const char *text)
{
	(void)json_object_set_new(ctl->doc, key, json_string(text));
}

static void set_number(struct ctl *ctl, const char *key, int64_t number)
{
	(void)json_object_set_new(ctl->doc, key, json_integer(number));
}

/* Absolute, so that relative paths in the file mean what they will mean to rotad. */
static bool absolute(const char *path, char out[PATH_MAX], struct err *err)
{
	err_subject(err, path);
	if (!realpath(path, out))
		return err_sys(err, errno, "opening");
	return true;
}

/* Read the configuration; what is wrong in it is in faults, and in err its first. */
static bool load(const struct given *g, const char *path, struct conf *conf,
		 struct conf_faults *faults, struct err *err)
{
	char whole[PATH_MAX];
	if (!absolute(path, whole, err))
		return false;
	return conf_load(whole, &g->how, conf, faults, err);
}

static const char *plural(unsigned n)
{
	return n == 1 ? "" : "s";
}

/* ---- config ---- */

/* When something may be done, in words. */
static void say_openings(struct ctl *ctl, const struct policy *p, struct wall now)
{
	char at[48], until[48];
	struct wall opens;
	int64_t for_us;
	const struct zone *z = &p->zones[0];
	struct freeze_view f = freeze_at(p, now);
	if (!window_next(p, now, &opens, &for_us))
		return;
	if (ctl->json) {
		set_text(ctl, "opens", wall_print_utc(opens, at, sizeof(at)));
		set_number(ctl, "opensFor", for_us / US_S);
		(void)json_object_set_new(ctl->doc, "open", json_boolean(opens.us == now.us));
		return;
	}
	wall_print_local(opens, z, WALL_PRINT_MINUTE, now, at, sizeof(at));
	wall_print_local(wall_add(opens, for_us), z, WALL_PRINT_MINUTE, now, until, sizeof(until));
	if (opens.us == now.us)
		ctl_say(ctl, "Windows and freezes: open%s%s", for_us ? " until " : ", without end",
			for_us ? until : "");
	else
		ctl_say(ctl, "Windows and freezes: %s%s%s, opens %s",
			f.is_frozen ? "frozen (" : "closed", f.is_frozen ? f.reason : "",
			f.is_frozen ? ")" : "", at);
	if (f.next_from.us)
		ctl_say(ctl, "Next freeze: %s%s%s%s",
			wall_print_local(f.next_from, z, WALL_PRINT_DATE, now, at, sizeof(at)),
			f.next_reason[0] ? " (" : "", f.next_reason, f.next_reason[0] ? ")" : "");
}

static void say_modes(struct ctl *ctl, const struct policy *p)
{
	if (ctl->json) {
		json_t *modes = json_object();
		for (unsigned k = 0; k < KIND_N; k++)
			(void)json_object_set_new(
			    modes, kind_name((enum kind)k),
			    json_string(mode_name(policy_mode(p, (enum kind)k))));
		(void)json_object_set_new(ctl->doc, "modes", modes);
		return;
	}
	ctl_say(ctl, "Mode %s: keyfile %s, certificates %s, authorities %s", mode_name(p->mode),
		mode_name(policy_mode(p, KIND_KEYFILE)),
		mode_name(policy_mode(p, KIND_CERTIFICATES)),
		mode_name(policy_mode(p, KIND_AUTHORITIES)));
}

enum ctl_exit ctl_config_check(struct ctl *ctl, int argc, char **argv)
{
	struct given g;
	struct err err = ERR_INIT;
	auto_conf struct conf *conf = conf_new();
	auto_free struct conf_faults *faults = calloc(1, sizeof(*faults));
	enum ctl_exit code = given_parse(ctl, argc, argv, "eua", &g);
	if (code != CTL_GOOD)
		return code;
	if (!conf || !faults) {
		(void)err_set(&err, ERR_MEMORY, "no memory for a configuration");
		return ctl_error(ctl, &err);
	}
	const char *path = g.file ? g.file : ctl->config_path;
	bool ok = load(&g, path, conf, faults, &err);
	if (!ok && faults->errors_n == 0)
		return ctl_error(ctl, &err); /* not readable at all */
	if (!ok) {
		ctl_say(ctl, "%s: refused, %u error%s", path, faults->errors_n,
			plural(faults->errors_n));
		tell_faults(ctl, path, faults);
		return CTL_FAILED;
	}
	ctl_say(ctl, "%s: good, %u instance%s%s", path, conf->config.instances_n,
		plural(conf->config.instances_n),
		g.how.is_elsewhere ? " (files it names were not looked at)" : "");
	tell_faults(ctl, path, faults);
	say_modes(ctl, &conf->config.policy);
	say_openings(ctl, &conf->config.policy, g.how.now);
	return CTL_GOOD;
}

/* Every value with its key, for machines: "instances[0].restart.unit". */
static json_t *values_json(const struct conf *c, bool all)
{
	json_t *list = json_array();
	for (size_t r = 0; r < conf_table_n; r++) {
		const struct conf_row *row = &conf_table[r];
		for (unsigned i = 0; i < conf_base_n(&c->config, row->base); i++) {
			static const char *const words[] = {[CONF_FROM_DEFAULT] = "default",
							    [CONF_FROM_HOST] = "file",
							    [CONF_FROM_SCHEDULE] = "schedule"};
			const struct conf_origin *o = conf_origin_get(c, row, i);
			auto_buf struct buf value = {0};
			auto_buf struct buf key = {0};
			conf_value_print(row, &c->config, i, &value);
			if (!all && value.n == 0)
				continue;
			struct str path = str_of(row->path), head;
			const char *list_at = strstr(row->path, "[]"),
				   *map_at = strstr(row->path, ".*");
			if (list_at) {
				head = (struct str){.p = path.p, .n = (size_t)(list_at - path.p)};
				buf_addf(&key, "%.*s[%u]%s", (int)head.n, head.p, i, list_at + 2);
			} else if (map_at) {
				head = (struct str){.p = path.p, .n = (size_t)(map_at - path.p)};
				buf_addf(&key, "%.*s.%s%s", (int)head.n, head.p,
					 c->config.authorities[i].name, map_at + 2);
			} else {
				buf_adds(&key, row->path);
			}
			json_t *one = json_object();
			(void)json_object_set_new(one, "key", json_string(buf_z(&key)));
			(void)json_object_set_new(one, "value", json_string(buf_z(&value)));
			(void)json_object_set_new(one, "from", json_string(words[o->from]));
			if (o->line)
				(void)json_object_set_new(one, "line", json_integer(o->line));
			if (o->from == CONF_FROM_SCHEDULE)
				(void)json_object_set_new(one, "policy", json_integer(o->policy));
			(void)json_array_append_new(list, one);
		}
	}
	return list;
}

/* What rotad has in use now, by its own word: the schedule is merged in. */
static enum ctl_exit show_running(struct ctl *ctl, const struct given *g)
{
	AUTO(json_t) body = json_pack("{s:s}", "instance", g->instance ? g->instance : "");
	AUTO(json_t) answer = NULL;
	enum ctl_exit code =
	    ctl_ask(ctl, "GET", "/v1/config", body, DAEMON_ROUND_S * US_S, &answer);
	if (code != CTL_GOOD)
		return code;
	int64_t serial = json_integer_value(json_object_get(answer, "serial"));
	const char *instance = json_string_value(json_object_get(answer, "instance"));
	const char *text = json_string_value(json_object_get(answer, "text"));
	(void)json_object_update(ctl->doc, answer);
	if (serial)
		ctl_say(ctl, "# In use for instance %s, with schedule %lld merged in%s.",
			instance ? instance : "", (long long)serial,
			json_is_true(json_object_get(answer, "listed"))
			    ? ""
			    : "; it does not list this host");
	else
		ctl_say(ctl, "# In use for instance %s; no schedule is merged in.",
			instance ? instance : "");
	if (!ctl->json)
		fputs(text ? text : "", ctl->out);
	return CTL_GOOD;
}

enum ctl_exit ctl_config_show(struct ctl *ctl, int argc, char **argv)
{
	struct given g;
	struct err err = ERR_INIT;
	auto_conf struct conf *conf = conf_new();
	auto_free struct conf_faults *faults = calloc(1, sizeof(*faults));
	enum ctl_exit code = given_parse(ctl, argc, argv, "AeurI", &g);
	if (code != CTL_GOOD)
		return code;
	if (g.running)
		return g.file ? ctl_usage(ctl, "--running shows what is in use, not a file")
			      : show_running(ctl, &g);
	if (!conf || !faults) {
		(void)err_set(&err, ERR_MEMORY, "no memory for a configuration");
		return ctl_error(ctl, &err);
	}
	const char *path = g.file ? g.file : ctl->config_path;
	if (!load(&g, path, conf, faults, &err)) {
		if (faults->errors_n == 0)
			return ctl_error(ctl, &err);
		ctl_say(ctl, "%s: refused, %u error%s", path, faults->errors_n,
			plural(faults->errors_n));
		tell_faults(ctl, path, faults);
		return CTL_FAILED;
	}
	if (ctl->json) {
		set_text(ctl, "file", path);
		(void)json_object_set_new(ctl->doc, "config", values_json(conf, g.all));
		return CTL_GOOD;
	}
	auto_buf struct buf text = {0};
	ctl_say(ctl, "# %s as rotad understands it. Secrets are named, never shown.", path);
	if (conf->config.schedule.url[0] || conf->config.schedule.file[0])
		ctl_say(ctl, "# A schedule may change it: rotactl config show --running.");
	conf_print(conf, CONF_PRINT_EFFECTIVE, true, &text);
	fputs(buf_z(&text), ctl->out);
	return CTL_GOOD;
}

/* "keyfile" and "keyfile.mode" of "keyfile.mode"; "authorities.house.type" of "authorities.*.type";
 * "instances" of "instances[].name". */
static bool is_below(const char *path, const char *wanted)
{
	struct str p = str_of(path), w = str_of(wanted), a, b;
	while (str_cut(&w, '.', &b)) {
		if (!str_cut(&p, '.', &a))
			return false;
		if (a.n == b.n + 2 && memcmp(a.p + b.n, "[]", 2) == 0)
			a.n = b.n;
		if (!str_equal(a, b) && !str_equal_z(a, "*"))
			return false;
	}
	return true;
}

enum ctl_exit ctl_config_keys(struct ctl *ctl, int argc, char **argv)
{
	struct given g;
	enum ctl_exit code = given_parse(ctl, argc, argv, "m", &g);
	if (code == CTL_GOOD && g.manual) { /* section KEYS of the manual, for who changes a row */
		auto_buf struct buf page = {0};
		conf_print_manual(&page);
		fputs(buf_z(&page), ctl->out);
		return CTL_GOOD;
	}
	json_t *list = json_array();
	bool is_there = !g.file;
	for (size_t i = 0; i < conf_table_n && !is_there; i++)
		is_there = is_below(conf_table[i].path, g.file);
	if (code == CTL_GOOD && !is_there)
		code = ctl_usage(ctl, "there is no key '%s'", g.file);
	for (size_t i = 0; code == CTL_GOOD && i < conf_table_n; i++) {
		const struct conf_row *row = &conf_table[i];
		auto_buf struct buf allowed = {0};
		auto_buf struct buf value = {0};
		if (g.file && !is_below(row->path, g.file))
			continue;
		conf_allowed_print(row, &allowed);
		conf_default_print(row, &value);
		json_t *one = json_object();
		(void)json_object_set_new(one, "key", json_string(row->path));
		(void)json_object_set_new(one, "help", json_string(row->help));
		(void)json_object_set_new(one, "type", json_string(conf_type_name(row->type)));
		(void)json_object_set_new(one, "allowed", json_string(buf_z(&allowed)));
		(void)json_object_set_new(one, "default", json_string(buf_z(&value)));
		(void)json_object_set_new(one, "needed", json_boolean(row->need == CONF_MUST));
		(void)json_object_set_new(one, "schedule",
					  json_boolean(row->merge != CONF_MERGE_NEVER));
		(void)json_array_append_new(list, one);
		ctl_say(ctl, "%s\n    %s.\n    Allowed: %s%s%s%s", row->path, row->help,
			buf_z(&allowed), value.n ? ". Default: " : "", buf_z(&value),
			row->need == CONF_MUST ? ". Each needs it" : "");
	}
	(void)json_object_set_new(ctl->doc, "keys", list);
	return code;
}

/* ---- schedule ---- */

/* Read, verify if a signer is given, parse. False: told, and *ret_code is what to return. */
static bool load_schedule(struct ctl *ctl, const struct given *g, struct schedule *s,
			  struct buf *text, enum ctl_exit *ret_code)
{
	struct err err = ERR_INIT;
	struct signed_text parts;
	auto_free struct conf_faults *faults = calloc(1, sizeof(*faults));
	auto_buf struct buf pem = {0};
	const struct files_port *files = &g->files;
	if (!g->file) {
		*ret_code = ctl_usage(ctl, "which FILE?");
		return false;
	}
	err_subject(&err, g->file);
	bool ok = faults || err_set(&err, ERR_MEMORY, "no memory for a schedule");
	ok = ok && files->ops->read_text(files->self, g->file, CONF_BYTES_MAX, text, NULL, &err) &&
	     signed_text_split(buf_str(text), &parts, &err);
	if (ok && g->signer)
		ok = files->ops->read_text(files->self, g->signer, PEM_BYTES_MAX, &pem, NULL,
					   &err) &&
		     signed_text_verify(&parts, buf_str(&pem), g->how.now, s->signer,
					sizeof(s->signer), &err);
	if (!ok) {
		*ret_code = ctl_error(ctl, &err);
		return false;
	}
	char signer[sizeof(s->signer)];
	memcpy(signer, s->signer, sizeof(signer));
	if (!schedule_parse(parts.content, &g->how, s, faults)) {
		ctl_say(ctl, "%s: refused, %u error%s", g->file, faults->errors_n,
			plural(faults->errors_n));
		tell_faults(ctl, g->file, faults);
		*ret_code = CTL_FAILED;
		return false;
	}
	memcpy(s->signer, signer, sizeof(signer));
	return true;
}

static void schedule_free(struct schedule **s)
{
	if (*s)
		schedule_fini(*s);
	free(*s);
}
#define auto_schedule_heap __attribute__((cleanup(schedule_free)))

enum ctl_exit ctl_schedule_check(struct ctl *ctl, int argc, char **argv)
{
	struct given g;
	auto_schedule_heap struct schedule *s = calloc(1, sizeof(*s));
	auto_buf struct buf text = {0};
	enum ctl_exit code = given_parse(ctl, argc, argv, "sa", &g);
	if (code != CTL_GOOD || !s || !load_schedule(ctl, &g, s, &text, &code))
		return s ? code : CTL_FAILED;
	ctl_say(ctl, "%s: good, serial %" PRIu64 "%s%s, %u polic%s, %u order%s", g.file, s->serial,
		s->fleet[0] ? ", fleet " : "", s->fleet, s->policies_n,
		s->policies_n == 1 ? "y" : "ies", s->orders_n, plural(s->orders_n));
	struct signed_text parts;
	struct err err = ERR_INIT;
	bool is_signed = signed_text_split(buf_str(&text), &parts, &err) && parts.signature.n > 0;
	if (s->signer[0])
		ctl_say(ctl, "Signed by %s, verified", s->signer);
	else if (is_signed)
		ctl_say(ctl, "Signed; not verified, as no --signer was given");
	else
		ctl_say(ctl, "Not signed: hosts with schedule.signer will refuse it");
	set_number(ctl, "serial", (int64_t)s->serial);
	set_text(ctl, "fleet", s->fleet);
	set_text(ctl, "signer", s->signer);
	(void)json_object_set_new(ctl->doc, "signed", json_boolean(is_signed));
	set_number(ctl, "policies", s->policies_n);
	set_number(ctl, "orders", s->orders_n);
	return CTL_GOOD;
}

enum ctl_exit ctl_schedule_sign(struct ctl *ctl, int argc, char **argv)
{
	struct given g;
	struct err err = ERR_INIT;
	auto_schedule_heap struct schedule *s = calloc(1, sizeof(*s));
	auto_buf struct buf text = {0};
	auto_buf struct buf pem = {0};
	auto_buf struct buf whole = {0};
	auto_secret struct secret key = {.p = NULL};
	enum ctl_exit code = given_parse(ctl, argc, argv, "sko", &g);
	if (code != CTL_GOOD)
		return code;
	const char *signer = g.signer;
	if (!g.file || !signer || !g.key)
		return ctl_usage(ctl, "FILE, --signer and --key are needed");
	g.signer = NULL; /* what stands there may be signed by another, or not at all */
	if (!s || !load_schedule(ctl, &g, s, &text, &code))
		return s ? code : CTL_FAILED;
	const char *out = g.out ? g.out : g.file;
	const struct files_port *files = &g.files;
	err_subject(&err, signer);
	bool ok = files->ops->read_text(files->self, signer, PEM_BYTES_MAX, &pem, NULL, &err) &&
		  files->ops->read_secret(files->self, g.key, PEM_BYTES_MAX, &key, NULL, &err) &&
		  signed_text_sign(buf_str(&text), buf_str(&pem), &key, &whole, &err);
	const struct file_put put = {.path = out, .bytes = buf_str(&whole), .mode = 0644};
	if (!ok || !files->ops->put(files->self, &put, &err))
		return ctl_error(ctl, &err);
	ctl_say(ctl, "%s: signed, serial %" PRIu64, out, s->serial);
	set_text(ctl, "file", out);
	set_number(ctl, "serial", (int64_t)s->serial);
	return CTL_GOOD;
}

/* Orders of the schedule that this host would serve. */
static void say_orders(struct ctl *ctl, const struct schedule *s, const struct given *g)
{
	json_t *list = json_array();
	for (unsigned i = 0; i < s->orders_n; i++) {
		static const char *const urgencies[URGENCY_N] = {"routine", "urgent", "emergency"};
		const struct schedule_order *o = &s->orders[i];
		const char *kind = o->kind == ORDER_KEYFILE ? "keyfile" : "certificates";
		if (!schedule_order_concerns(o, g->cluster, g->host, g->how.now))
			continue;
		ctl_say(ctl, "Order %s: rotate %s, %s: %s", o->id, kind, urgencies[o->urgency],
			o->reason);
		json_t *one = json_object();
		(void)json_object_set_new(one, "id", json_string(o->id));
		(void)json_object_set_new(one, "rotate", json_string(kind));
		(void)json_object_set_new(one, "urgency", json_string(urgencies[o->urgency]));
		(void)json_object_set_new(one, "reason", json_string(o->reason));
		(void)json_array_append_new(list, one);
	}
	(void)json_object_set_new(ctl->doc, "orders", list);
}

enum ctl_exit ctl_schedule_preview(struct ctl *ctl, int argc, char **argv)
{
	/* A host that leaves everything open, where there is no file to begin with. */
	static const char open_host[] =
	    "mode: act\ninstances: [{name: any, configFile: /etc/mongod.conf, restart: {unit: "
	    "mongod.service}}]\n";
	struct given g;
	struct err err = ERR_INIT;
	auto_schedule_heap struct schedule *s = calloc(1, sizeof(*s));
	auto_conf struct conf *own = conf_new();
	auto_conf struct conf *merged = conf_new();
	auto_free struct conf_faults *faults = calloc(1, sizeof(*faults));
	auto_buf struct buf text = {0};
	enum ctl_exit code = given_parse(ctl, argc, argv, "chsa", &g);
	if (code != CTL_GOOD)
		return code;
	if (!g.cluster || !g.host)
		return ctl_usage(ctl, "--cluster and --host are needed");
	if (!s || !own || !merged || !faults) {
		(void)err_set(&err, ERR_MEMORY, "no memory for a schedule");
		return ctl_error(ctl, &err);
	}
	g.how.is_elsewhere = true;
	if (!load_schedule(ctl, &g, s, &text, &code))
		return code;
	struct file_view view = {.exists = false};
	const struct files_port *files = &g.files;
	bool has_file = files->ops->look(files->self, ctl->config_path, &view, &err) && view.exists;
	err_clear(&err);
	if (!has_file)
		ctl_say(ctl, "No %s here: shown for a host that says only 'mode: act'",
			ctl->config_path);
	bool ok = has_file ? load(&g, ctl->config_path, own, faults, &err)
			   : conf_parse(STR(open_host), "/etc/rotad/rotad.yaml", own, faults) &&
				 conf_check(own, &g.how, faults);
	if (!ok && faults->errors_n == 0)
		return ctl_error(ctl, &err);
	if (!ok) {
		ctl_say(ctl, "%s: refused, %u error%s", ctl->config_path, faults->errors_n,
			plural(faults->errors_n));
		tell_faults(ctl, ctl->config_path, faults);
		return CTL_FAILED;
	}
	memset(faults, 0, sizeof(*faults));
	if (!schedule_merge(s, NULL, own, g.cluster, g.host, &g.how, merged, faults)) {
		ctl_say(ctl, "Refused for %s: the host would go on with its own file", g.host);
		tell_faults(ctl, g.file, faults);
		return CTL_FAILED;
	}
	ctl_say(ctl, "Serial %" PRIu64 " for %s of %s: %s", s->serial, g.host, g.cluster,
		merged->config.is_in_schedule ? "listed"
					      : "not listed, so it keeps the policies it has");
	(void)json_object_set_new(ctl->doc, "listed", json_boolean(merged->config.is_in_schedule));
	set_number(ctl, "serial", (int64_t)s->serial);
	say_modes(ctl, &merged->config.policy);
	say_openings(ctl, &merged->config.policy, g.how.now);
	say_orders(ctl, s, &g);
	if (ctl->json) {
		(void)json_object_set_new(ctl->doc, "config", values_json(merged, false));
		return CTL_GOOD;
	}
	auto_buf struct buf shown = {0};
	conf_print(merged, CONF_PRINT_SET, true, &shown);
	fputs(buf_z(&shown), ctl->out);
	return CTL_GOOD;
}
