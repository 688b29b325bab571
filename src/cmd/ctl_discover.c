/* SPDX-License-Identifier: Apache-2.0 */
/* rotactl discover: a configuration for this host, from what runs on it. What was found is in
 * sys/survey_proc.c, how it is written in conf/discovered.c. */
#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cmd/ctl_file.h"
#include "cmd/ctl_table.h"
#include "cmd/ctl_view.h"
#include "codec/json_strict.h"
#include "codec/mongod_options.h"
#include "conf/conf_check.h"
#include "conf/discovered.h"
#include "sys/files_durable.h"
#include "sys/host_linux.h"
#include "sys/survey_proc.h"

/* A text that rotad would not take is not handed out. */
static bool check_text(struct str text, const char *path, struct err *err)
{
	struct files_port files = files_durable();
	struct host_port host = host_linux();
	struct conf_how how = {
	    .files = &files, .uid = CONF_UID_ANY, .now = host.ops->now(host.self)};
	auto_conf struct conf *conf = conf_new();
	auto_free struct conf_faults *faults = calloc(1, sizeof(*faults));
	if (!conf || !faults)
		return err_set(err, ERR_MEMORY, "no memory to check the configuration");
	return (conf_parse(text, path, conf, faults) && conf_check(conf, &how, faults)) ||
	       conf_faults_err(faults, path, err);
}

/* How many of them are whole; *ret_notes_n: sentences of all that a person should read. */
static unsigned add_found(struct ctl *ctl, const struct survey *s, unsigned *ret_notes_n)
{
	unsigned whole_n = 0;
	json_t *all = json_array();
	*ret_notes_n = 0;
	for (unsigned i = 0; i < s->n; i++) {
		const struct survey_server *one = &s->servers[i];
		auto_buf struct buf notes = {.p = NULL};
		char name[NAME_BYTES_MAX];
		struct str rest, line;
		json_t *list = json_array();
		whole_n += discovered_is_whole(one);
		discovered_notes(s, i, &notes);
		rest = buf_str(&notes);
		while (str_cut(&rest, '\n', &line))
			if (line.n) {
				json_array_append_new(list, json_of_bytes(line));
				++*ret_notes_n;
			}
		json_array_append_new(
		    all, json_pack("{s:o, s:s, s:I, s:o, s:o, s:o, s:o, s:i, s:b, s:o}", "name",
				   json_said(discovered_name(s, i, name, sizeof(name))), "program",
				   one->options.is_mongos ? "mongos" : "mongod", "pid",
				   (json_int_t)one->pid, "user", json_said(one->user), "unit",
				   json_said(one->unit), "configFile", json_said(one->config_file),
				   "set", json_said(one->options.set_name), "port",
				   mongod_options_port(&one->options), "container",
				   one->is_container, "notes", list));
	}
	(void)json_object_set_new(ctl->doc, "instances", all);
	return whole_n;
}

/* rotad runs as that user and has to read it; nothing in it is secret. */
static bool write_for(const char *path, const char *user, struct str text, struct err *err)
{
	const struct passwd *pw = user ? getpwnam(user) : NULL;
	if (!ctl_write_new(path, text, 0640, err))
		return false;
	if (geteuid() != 0 || !pw || pw->pw_gid == 0 || chown(path, 0, pw->pw_gid) == 0)
		return true;
	err_subject(err, path);
	(void)err_sys(err, errno, "giving it to the group of %s", user);
	(void)unlink(path); /* ours, and nobody could read it */
	return false;
}

static bool write_one(const struct survey *s, const char *user, const char *path, struct err *err)
{
	auto_buf struct buf text = {.max = CONF_BYTES_MAX};
	auto_free struct survey *own = calloc(1, sizeof(*own));
	if (!own)
		return err_set(err, ERR_MEMORY, "no memory");
	discovered_of_user(s, user, own);
	discovered_print(own, user, &text);
	return buf_ok(&text, err) && check_text(buf_str(&text), path, err) &&
	       write_for(path, user, buf_str(&text), err);
}

/* One rotad each: FOLDER/USER.yaml for rotad@USER.service. What is there already stays. */
static enum ctl_exit write_each(struct ctl *ctl, const struct survey *s, const char *const *users,
				unsigned n)
{
	char path[CONF_PATH_BYTES_MAX];
	const char *slash = strrchr(ctl->config_path, '/');
	view_row(ctl, 0, "",
		 "They run as different users: one rotad each, one configuration each, mode "
		 "observe. Read the comments in them.");
	for (unsigned i = 0; i < n; i++) {
		struct err err = ERR_INIT;
		snprintf(path, sizeof(path), "%.*s%s.yaml",
			 slash ? (int)(slash + 1 - ctl->config_path) : 0, ctl->config_path,
			 users[i]);
		if (write_one(s, users[i], path, &err))
			view_row(ctl, 2, "  ", "%s, for rotad@%s.service: rotactl --config %s VERB",
				 path, users[i], path);
		else if (err.kind == ERR_CONFLICT)
			view_row(ctl, 2, "  ", "%s is there already, and stays as it is.", path);
		else
			return ctl_error(ctl, &err);
	}
	return CTL_ATTENTION;
}

static enum ctl_exit tell_nothing(struct ctl *ctl, const struct survey *s)
{
	struct err err = ERR_INIT;
	if (s->n)
		(void)err_set(&err, ERR_UNSUPPORTED,
			      "what runs here runs in containers, whose paths are not the host's");
	else
		(void)err_set(&err, ERR_NOT_FOUND,
			      "no mongod or mongos runs here, and no systemd unit starts one");
	return ctl_error_with(ctl, &err,
			      s->n ? "name them by hand: instances[].paths in rotad.yaml(5)"
				   : "start it first; or write the configuration by hand, as the "
				     "example in man rotad.yaml");
}

enum ctl_exit ctl_discover(struct ctl *ctl, int argc, char **argv)
{
	static const struct option longs[] = {{"output", required_argument, NULL, 'o'},
					      {"write", no_argument, NULL, 'w'},
					      {NULL, 0, NULL, 0}};
	const char *path = NULL;
	bool is_default = false;
	unsigned notes_n;
	struct err err = ERR_INIT;
	auto_buf struct buf text = {.max = CONF_BYTES_MAX};
	auto_free struct survey *s = calloc(1, sizeof(*s));
	int c;
	while ((c = ctl_option(ctl, argc, argv, "", longs)) != -1) {
		if (c == 'o')
			path = optarg;
		else if (c == 'w')
			is_default = true;
		else
			return CTL_USAGE;
	}
	if (optind < argc)
		return ctl_usage(ctl, "discover takes no argument; --output FILE writes one");
	if (path && is_default)
		return ctl_usage(ctl, "--output or --write, which writes %s", ctl->config_path);
	if (is_default)
		path = ctl->config_path;
	if (!s)
		return ctl_error(ctl, (err_set(&err, ERR_MEMORY, "no memory to look"), &err));
	if (!survey_host(s, &err))
		return ctl_error(ctl, &err);
	if (!add_found(ctl, s, &notes_n))
		return tell_nothing(ctl, s);
	const char *users[INSTANCES_MAX];
	unsigned users_n = discovered_users(s, users);
	if (is_default && users_n > 1)
		return write_each(ctl, s, users, users_n);
	discovered_print(s, NULL, &text);
	if (!buf_ok(&text, &err))
		return ctl_error(ctl, &err);
	(void)json_object_set_new(ctl->doc, "text", json_said(buf_z(&text)));
	if (!check_text(buf_str(&text), path ? path : "rotad.yaml", &err))
		return ctl_error_with(
		    ctl, &err,
		    "what was found cannot be written as a configuration: by hand, "
		    "as the example in man rotad.yaml");
	if (path && !write_for(path, users_n ? users[0] : NULL, buf_str(&text), &err))
		return ctl_error_with(ctl, &err,
				      err.kind == ERR_CONFLICT
					  ? "rotactl discover shows it; --output another file"
					  : NULL);
	if (!path) {
		if (!ctl->json)
			fwrite(text.p, 1, text.n, ctl->out); /* a failure shows in ctl_main's */
		return notes_n ? CTL_ATTENTION : CTL_GOOD;
	}
	view_row(ctl, 0, "", "%s: %u instance%s, mode observe.%s", path, s->n, s->n == 1 ? "" : "s",
		 notes_n ? " Read the comments in it." : "");
	view_row(ctl, 0, "", "Next: rotactl config check %s; rotactl doctor%s%s", path,
		 is_default ? "" : " --config ", is_default ? "" : path);
	return notes_n ? CTL_ATTENTION : CTL_GOOD;
}
