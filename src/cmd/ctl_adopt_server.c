/* SPDX-License-Identifier: Apache-2.0 */
/* Weighs processes by what their user cannot make up. What is done with the answer is
 * ctl_adopt.c's.
 */
#include "cmd/ctl_adopt_server.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "codec/mongod_options.h"
#include "sys/files_durable.h"
#include "sys/move.h"
#include "sys/proc.h"
#include "sys/survey_proc.h"
#include "sys/units_dbus.h"

enum { PORT_DEFAULT = 27017 };

enum adopt_proof adopt_prove(const struct adopt_signs *s)
{
	if (s->is_container || s->is_user_unit)
		return ADOPT_STRANGER;
	if (s->is_main && (s->is_restart_unit || s->is_unit_server))
		return ADOPT_BY_UNIT;
	if (s->is_named && s->is_listening && s->uid != 0 && s->keyfile_uid == s->uid)
		return ADOPT_BY_PORT;
	return ADOPT_STRANGER;
}

/* ---- what root wrote ---- */

static bool read_config(const struct instance_policy *i, struct mongod_options *ret,
			struct err *err)
{
	struct files_port files = files_durable();
	struct file_view v;
	auto_buf struct buf text = {.max = CONF_BYTES_MAX};
	err_subject(err, i->config_file);
	if (!files.ops->read_text(files.self, i->config_file, CONF_BYTES_MAX, &text, &v, err))
		return err_in(err, "reading mongod's configuration");
	if ((v.uid != 0 && v.uid != geteuid()) || (v.mode & 022))
		return err_set(err, ERR_UNSAFE_FILE,
			       "it is not root's alone, and it names the files that root would "
			       "move: chown root, chmod go-w it");
	if (geteuid() == 0 && !move_check_above(v.real_path, err))
		return false;
	if (!mongod_options_from_file(buf_str(&text), ret, err))
		return err_in(err, "reading mongod's configuration");
	return copy_z(ret->config_file, sizeof(ret->config_file), i->config_file) ||
	       err_set(err, ERR_LIMIT, "its path is too long");
}

/* The unit that starts it: that of restart, else the one it runs in. */
static bool look_unit(struct units *units, const struct instance_policy *i,
		      const struct survey_server *s, struct unit_view *ret)
{
	struct err ignored = ERR_INIT;
	const char *name = i->restart_how == RESTART_UNIT ? i->restart_name : s ? s->unit : "";
	return name[0] && units && units_look(units, name, ret, &ignored) && ret->is_loaded;
}

/* Its command line as systemd has it. False: it starts no mongod by itself. */
static bool read_unit_line(const struct unit_view *v, struct mongod_options *ret)
{
	struct err ignored = ERR_INIT;
	const char *slash = strrchr(v->exec_start, '/');
	return v->exec_args_n && proc_is_server(slash ? slash + 1 : v->exec_start) &&
	       mongod_options_from_cmdline((struct str){.p = v->exec_args, .n = v->exec_args_n},
					   ret, &ignored);
}

/* ---- processes ---- */

static int port_of(const struct instance_policy *i, const struct mongod_options *o)
{
	const char *colon = strrchr(i->address, ':');
	if (colon && !strchr(colon, ']')) /* else of an IPv6 address without a port */
		return (int)strtol(colon + 1, NULL, 10);
	return i->config_file[0] ? mongod_options_port(o) : PORT_DEFAULT;
}

static bool names_instance(const struct instance_policy *i, const char *config_file,
			   const struct mongod_options *o)
{
	if (i->config_file[0])
		return strcmp(i->config_file, config_file) == 0;
	return port_of(i, o) == mongod_options_port(o);
}

/* A port in a network of one's own is nobody's. */
static bool is_in_our_network(int64_t pid)
{
	char path[64];
	struct stat its, ours;
	snprintf(path, sizeof(path), "/proc/%" PRId64 "/ns/net", pid);
	return stat(path, &its) == 0 && stat("/proc/self/ns/net", &ours) == 0 &&
	       its.st_dev == ours.st_dev && its.st_ino == ours.st_ino;
}

static unsigned uid_of(int64_t pid)
{
	char path[64];
	struct stat st;
	snprintf(path, sizeof(path), "/proc/%" PRId64, pid);
	return stat(path, &st) == 0 ? st.st_uid : 0;
}

struct look {
	const struct survey *survey;
	struct units *units;
};

/* The best that there is, and by what; its unit in *ret_unit. False: more than one could be it. */
static bool find_process(const struct look *l, const struct instance_policy *i,
			 const struct mongod_options *file, enum adopt_proof *ret_proof,
			 const struct survey_server **ret, struct unit_view *ret_unit,
			 const struct survey_server **ret_stranger)
{
	auto_free struct mongod_options *line = calloc(1, sizeof(*line));
	auto_free struct unit_view *v = calloc(1, sizeof(*v));
	struct stat st;
	bool is_one = true;
	const int64_t keyfile_uid =
	    file->key_file[0] && stat(file->key_file, &st) == 0 ? (int64_t)st.st_uid : (int64_t)-1;
	*ret_proof = ADOPT_STRANGER;
	*ret = *ret_stranger = NULL;
	for (unsigned k = 0; line && v && k < l->survey->n; k++) {
		const struct survey_server *s = &l->survey->servers[k];
		if (!s->pid)
			continue;
		const bool has_unit = look_unit(l->units, i, s, v);
		const bool is_server = has_unit && read_unit_line(v, line);
		const struct adopt_signs signs = {
		    .is_container = s->is_container,
		    .is_user_unit = s->is_user_unit,
		    .is_main = has_unit && v->main_pid == s->pid,
		    .is_restart_unit = has_unit && i->restart_how == RESTART_UNIT,
		    .is_unit_server = is_server && names_instance(i, line->config_file, line),
		    .is_named = names_instance(i, s->config_file, &s->options),
		    .is_listening =
			is_in_our_network(s->pid) && proc_listens_on(s->pid, port_of(i, file)),
		    .uid = uid_of(s->pid),
		    .keyfile_uid = keyfile_uid,
		};
		const enum adopt_proof proof = adopt_prove(&signs);
		if (proof == ADOPT_STRANGER && signs.is_named && !s->is_container)
			*ret_stranger = s;
		if (proof == ADOPT_STRANGER || proof < *ret_proof)
			continue;
		is_one = proof > *ret_proof;
		*ret_proof = proof;
		*ret = s;
		if (proof == ADOPT_BY_UNIT)
			*ret_unit = *v;
	}
	return is_one;
}

/* A process that was given other files than root's files say would not be served by moving those.
 */
static bool check_alike(const struct instance_policy *i, const struct mongod_options *told,
			const struct mongod_options *runs, struct err *err)
{
	const struct {
		const char *name, *told, *runs;
	} files[] = {
	    {"keyFile", told->key_file, runs->key_file},
	    {"certificateKeyFile", told->certificate_key_file, runs->certificate_key_file},
	    {"clusterFile", told->cluster_file, runs->cluster_file},
	};
	err_subject(err, i->name);
	for (size_t k = 0; k < ARRAY_N(files); k++)
		if (strcmp(files[k].told, files[k].runs) != 0)
			return err_set(err, ERR_REFUSED,
				       "its mongod was started with another %s than its configFile "
				       "and unit say, and a command line is not believed: write it "
				       "into configFile",
				       files[k].name);
	return true;
}

static bool find_options(const struct instance_policy *i, const struct unit_view *unit,
			 struct mongod_options *ret, struct err *err)
{
	auto_free struct mongod_options *file = calloc(1, sizeof(*file));
	auto_free struct mongod_options *line = calloc(1, sizeof(*line));
	if (!file || !line)
		return err_set(err, ERR_MEMORY, "no memory to look");
	mongod_options_init(file);
	mongod_options_init(line);
	const bool has_line = unit && read_unit_line(unit, line);
	if (i->config_file[0] && !read_config(i, file, err))
		return false;
	err_subject(err, i->name);
	if (!i->config_file[0] && !has_line)
		return err_set(
		    err, ERR_REFUSED,
		    "no configFile of it is known and no unit starts it: its files stand "
		    "on a command line at most, which is not believed. Name its "
		    "configFile");
	*ret = has_line ? mongod_options_over(file, line) : *file;
	return true;
}

/* Another instance's user; what cannot be known has none. */
static void find_other(const struct look *l, const struct config *c,
		       const struct instance_policy *i, struct adopt_server *ret)
{
	auto_free struct mongod_options *o = calloc(1, sizeof(*o));
	auto_free struct unit_view *v = calloc(1, sizeof(*v));
	for (unsigned k = 0; o && v && k < c->instances_n; k++) {
		const struct survey_server *s, *stranger;
		const struct instance_policy *other = &c->instances[k];
		struct err ignored = ERR_INIT;
		enum adopt_proof proof;
		mongod_options_init(o);
		if (other == i || (other->config_file[0] && !read_config(other, o, &ignored)))
			continue;
		mongod_options_map(o, other->paths, other->paths_n);
		if (find_process(l, other, o, &proof, &s, v, &stranger) && s &&
		    strcmp(s->user, ret->user) != 0)
			cut_z(ret->other_user, sizeof(ret->other_user), s->user);
	}
}

static bool find_running(const struct look *l, const struct config *c,
			 const struct instance_policy *i, struct adopt_server *ret, struct err *err)
{
	auto_free struct mongod_options *file = calloc(1, sizeof(*file));
	auto_free struct mongod_options *runs = calloc(1, sizeof(*runs));
	auto_free struct unit_view *v = calloc(1, sizeof(*v));
	const struct survey_server *own, *stranger;
	enum adopt_proof proof;
	if (!file || !runs || !v)
		return err_set(err, ERR_MEMORY, "no memory to look");
	mongod_options_init(file);
	if (i->config_file[0] && !read_config(i, file, err))
		return false;
	mongod_options_map(file, i->paths, i->paths_n);
	if (!find_process(l, i, file, &proof, &own, v, &stranger)) {
		err_subject(err, i->name);
		return err_set(err, ERR_CONFLICT,
			       "more than one process could be its mongod: rotactl discover shows "
			       "them");
	}
	/* One that does not run has the options of the unit that would start it. */
	const bool has_unit = own ? proof == ADOPT_BY_UNIT : look_unit(l->units, i, NULL, v);
	if (!find_options(i, has_unit ? v : NULL, &ret->options, err))
		return false;
	if (!own && stranger) {
		ret->stranger = stranger->pid;
		cut_z(ret->stranger_user, sizeof(ret->stranger_user), stranger->user);
	}
	if (!own)
		return true;
	*runs = own->options;
	ret->pid = own->pid;
	cut_z(ret->user, sizeof(ret->user), own->user);
	find_other(l, c, i, ret);
	return check_alike(i, &ret->options, runs, err);
}

bool adopt_find_server(const struct config *c, const struct instance_policy *i, bool asks_host,
		       struct adopt_server *ret, struct err *err)
{
	auto_free struct survey *survey = calloc(1, sizeof(*survey));
	struct err ignored = ERR_INIT;
	struct look l = {.survey = survey};
	*ret = (struct adopt_server){.pid = 0};
	if (!survey)
		return err_set(err, ERR_MEMORY, "no memory to look");
	if (!asks_host) {
		if (!find_options(i, NULL, &ret->options, err))
			return false;
	} else {
		if (!survey_host(survey, err))
			return false;
		if (!units_new(&l.units, &ignored))
			l.units = NULL; /* then by ports alone */
		bool ok = find_running(&l, c, i, ret, err);
		units_free(l.units);
		if (!ok)
			return false;
	}
	mongod_options_map(&ret->options, i->paths, i->paths_n);
	return true;
}
