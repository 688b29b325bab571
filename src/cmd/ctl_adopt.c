/* SPDX-License-Identifier: Apache-2.0 */
/* rotactl adopt and leave: what a host that exists lacks before rotad may renew a file there, said
 * exactly, asked, and done; and all of it taken back. The moves themselves are sys/move.c. */
#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cmd/ctl_adopt_record.h"
#include "cmd/ctl_adopt_server.h"
#include "cmd/ctl_adopt_texts.h"
#include "cmd/ctl_file.h"
#include "cmd/ctl_table.h"
#include "cmd/ctl_view.h"
#include "codec/json_strict.h"
#include "codec/marker.h"
#include "sys/files_durable.h"
#include "sys/host_linux.h"
#include "sys/move.h"

extern char **environ;

#define KEYS_FOLDER "/var/lib/mongodb-keys"

/* What is to become of a file that mongod names. */
enum does {
	DOES_NOTHING, /* it can be replaced where it is */
	DOES_MOVE,
	DOES_DONE,     /* it was moved before */
	DOES_EXTERNAL, /* something else writes it */
	DOES_REFUSE,   /* it cannot be moved, and says why */
};

struct row {
	const char *label;
	bool is_keyfile;
	enum does does;
	char path[PATH_BYTES_MAX];   /* as mongod names it */
	char folder[PATH_BYTES_MAX]; /* where the next one will be made */
	struct move move;
	char why[ERR_TEXT_BYTES];
};

struct adoption {
	struct ctl *ctl;
	const char *root; /* before the folders of ours: "", or --root's */
	bool is_dry, is_yes, wants_external;
	struct conf *conf;
	const struct instance_policy *instance;
	struct move_user user;
	char user_name[64], group_name[64], more_groups[512];
	char service[256];
	struct mongod_options options;
	int64_t stranger; /* a process that is not believed to be its mongod */
	char stranger_user[64];
	unsigned rows_n;
	struct row rows[ADOPT_FILES_MAX];
	char home[PATH_BYTES_MAX], record_path[PATH_BYTES_MAX];
	struct adopt_record record;
	struct adopt_texts texts;
};

static void adoption_free(struct adoption **a)
{
	if (!*a)
		return;
	adopt_texts_fini(&(*a)->texts);
	conf_free((*a)->conf);
	free(*a);
	*a = NULL;
}
#define auto_adoption __attribute__((cleanup(adoption_free)))

static struct adoption *adoption_new(struct ctl *ctl)
{
	struct adoption *a = calloc(1, sizeof(*a));
	if (!a)
		return NULL;
	*a = (struct adoption){.ctl = ctl, .root = "", .conf = conf_new()};
	if (a->conf)
		return a;
	adoption_free(&a);
	return NULL;
}

/* ---- whom it is about ---- */

static bool read_conf(struct adoption *a, struct err *err)
{
	struct host_port host = host_linux();
	return ctl_read_conf(a->ctl, host.ops->now(host.self), a->conf, err);
}

static bool pick_instance(struct adoption *a, const char *name, struct err *err)
{
	const struct config *c = &a->conf->config;
	err_subject(err, name ? name : a->ctl->config_path);
	if (!name && c->instances_n != 1)
		return err_set(err, ERR_INVALID, "%u instances stand there: name one",
			       c->instances_n);
	a->instance = name ? config_find_instance(c, name) : &c->instances[0];
	return a->instance ||
	       err_set(err, ERR_NOT_FOUND, "%s has no instance of that name", a->ctl->config_path);
}

/* Groups of its process that its entry in /etc/group does not have: given by its unit. */
static void add_groups_of_process(struct adoption *a)
{
	char path[64], line[4096];
	snprintf(path, sizeof(path), "/proc/%" PRId64 "/status", a->user.pid);
	auto_file FILE *f = a->user.pid ? fopen(path, "re") : NULL;
	while (f && fgets(line, sizeof(line), f)) {
		if (strncmp(line, "Groups:", 7) != 0)
			continue;
		char *at = line + 7, *end;
		for (;; at = end) {
			unsigned long gid = strtoul(at, &end, 10);
			bool is_known = false;
			if (end == at || a->user.groups_n == MOVE_GROUPS_MAX)
				return;
			for (unsigned i = 0; i < a->user.groups_n; i++)
				is_known |= a->user.groups[i] == gid;
			if (is_known)
				continue;
			a->user.groups[a->user.groups_n++] = (unsigned)gid;
			const struct group *g = getgrgid((gid_t)gid);
			size_t n = strlen(a->more_groups);
			if (g)
				snprintf(a->more_groups + n, sizeof(a->more_groups) - n, "%s%s",
					 n ? " " : "", g->gr_name);
		}
	}
}

static bool take_user(struct adoption *a, const char *name, struct err *err)
{
	gid_t groups[MOVE_GROUPS_MAX];
	int n = MOVE_GROUPS_MAX;
	const struct passwd *pw = getpwnam(name);
	err_subject(err, name);
	if (!pw)
		return err_set(err, ERR_NOT_FOUND, "there is no such user on this host");
	a->user.uid = pw->pw_uid;
	a->user.gid = pw->pw_gid;
	if (!copy_z(a->user_name, sizeof(a->user_name), name) ||
	    getgrouplist(name, pw->pw_gid, groups, &n) < 0)
		return err_set(err, ERR_LIMIT, "it is in more than %d groups", MOVE_GROUPS_MAX);
	for (int i = 0; i < n; i++)
		a->user.groups[i] = groups[i];
	a->user.groups_n = (unsigned)n;
	const struct group *g = getgrgid(a->user.gid);
	if (g)
		cut_z(a->group_name, sizeof(a->group_name), g->gr_name);
	add_groups_of_process(a);
	return true;
}

/* The user, the options and the process, and that one rotad can serve all of this file. */
static bool find_server(struct adoption *a, const char *user, struct err *err)
{
	auto_free struct adopt_server *s = calloc(1, sizeof(*s));
	struct stat st;
	char owner[64];
	if (!s)
		return err_set(err, ERR_MEMORY, "no memory to look");
	if (!adopt_find_server(&a->conf->config, a->instance, !a->root[0], s, err))
		return false;
	if (s->other_user[0] && !user) {
		err_subject(err, a->ctl->config_path);
		return err_set(
		    err, ERR_REFUSED,
		    "its mongods run as different users (%s, %s), and a rotad is of one: "
		    "each user's part goes into /etc/rotad/USER.yaml, for "
		    "rotad@USER.service. rotactl discover --write makes them",
		    s->user, s->other_user);
	}
	a->user.pid = s->pid;
	a->options = s->options;
	a->stranger = s->stranger;
	cut_z(a->stranger_user, sizeof(a->stranger_user), s->stranger_user);
	if (!user && s->pid)
		user = s->user;
	if (!user && a->options.key_file[0] && stat(a->options.key_file, &st) == 0 && st.st_uid) {
		const struct passwd *pw = getpwuid(st.st_uid);
		cut_z(owner, sizeof(owner), pw ? pw->pw_name : "");
		user = owner[0] ? owner : NULL;
	}
	if (!user) {
		err_subject(err, a->instance->name);
		return err_set(
		    err, ERR_NOT_FOUND,
		    "its mongod does not run, and who runs it is not known: --user NAME");
	}
	return take_user(a, user, err);
}

/* The unit of ours that reads this file. */
static bool find_service(struct adoption *a, struct err *err)
{
	char own[300];
	const char *slash = strrchr(a->ctl->config_path, '/');
	const char *base = slash ? slash + 1 : a->ctl->config_path;
	snprintf(own, sizeof(own), "%s.yaml", a->user_name);
	if (strcmp(base, "rotad.yaml") == 0)
		snprintf(a->service, sizeof(a->service), "rotad.service");
	else if (strcmp(base, own) == 0)
		snprintf(a->service, sizeof(a->service), "rotad@%s.service", a->user_name);
	else {
		err_subject(err, a->ctl->config_path);
		return err_set(err, ERR_REFUSED,
			       "no unit reads it: rotad.service reads /etc/rotad/rotad.yaml, "
			       "rotad@%s.service /etc/rotad/%s.yaml",
			       a->user_name, a->user_name);
	}
	return true;
}

static bool read_record(struct adoption *a, struct err *err)
{
	const char *i = a->instance->name;
	const size_t max = PATH_BYTES_MAX;
	bool ok =
	    (size_t)snprintf(a->home, max, "%s" KEYS_FOLDER "/%s", a->root, i) < max &&
	    (size_t)snprintf(a->record_path, max, "%s" KEYS_FOLDER "/%s.json", a->root, i) < max;
	return ok ? adopt_record_read(a->record_path, &a->record, err)
		  : err_set(err, ERR_LIMIT, "a path grew too long");
}

/* ---- what to do with each file ---- */

/* What says that something else writes the file; "" nothing. */
static void find_keeper(const struct row *r, char *out, size_t out_n)
{
	struct files_port files = files_durable();
	struct err ignored = ERR_INIT;
	struct file_view v;
	auto_secret struct secret bytes = {.p = NULL};
	out[0] = 0;
	if (!files.ops->look(files.self, r->path, &v, &ignored) || !v.exists)
		return;
	if (v.is_immutable)
		snprintf(out, out_n, "it is marked immutable or append-only");
	else if (v.is_mount_point)
		snprintf(out, out_n, "it is a mount of its own");
	else if (v.is_on_readonly_mount)
		snprintf(out, out_n, "its file system is read-only");
	if (out[0] || !files.ops->read_secret(files.self, r->path, FILE_PUT_BYTES_MAX, &bytes, NULL,
					      &ignored))
		return;
	const char *marker = marker_find((struct str){.p = bytes.p, .n = bytes.n});
	if (marker)
		snprintf(out, out_n, "its text has \"%s\"", marker);
}

/* At its next start mongod would be shut out of the new place by a profile that does not know it.
 */
static bool is_shut_out(const struct adoption *a, char *why, size_t why_n)
{
	char path[64], text[512], profile[256];
	snprintf(path, sizeof(path), "/proc/%" PRId64 "/attr/current", a->user.pid);
	auto_file FILE *f = a->user.pid ? fopen(path, "re") : NULL;
	size_t n = f ? fread(text, 1, sizeof(text), f) : 0;
	if (!move_is_confined((struct str){.p = text, .n = n}, profile, sizeof(profile)) ||
	    move_is_in_profiles("/etc/apparmor.d", KEYS_FOLDER))
		return false;
	snprintf(why, why_n,
		 "mongod is confined by the AppArmor profile '%s', in which nothing is said "
		 "of " KEYS_FOLDER ": let it read " KEYS_FOLDER "/** first (/etc/apparmor.d/local)",
		 profile);
	return true;
}

static void judge(struct adoption *a, struct row *r)
{
	struct files_port files = files_durable();
	struct err err = ERR_INIT, look_err = ERR_INIT;
	struct file_view v;
	const char *name;
	r->does = DOES_REFUSE;
	if (!files.ops->look(files.self, r->path, &v, &err) || !v.exists) {
		snprintf(r->why, sizeof(r->why), "%s",
			 err.kind ? err.text : "there is no such file");
		return;
	}
	const struct move *kept = adopt_record_find(&a->record, NULL, v.real_path);
	if (kept) {
		r->does = DOES_DONE;
		r->move = *kept;
		cut_z(r->folder, sizeof(r->folder), a->home);
		return;
	}
	if (r->is_keyfile && a->conf->config.policy.keyfile.writer == WRITER_EXTERNAL) {
		r->does = DOES_EXTERNAL;
		snprintf(r->why, sizeof(r->why), "keyfile: {writer: external} says so");
		return;
	}
	find_keeper(r, r->why, sizeof(r->why));
	if (r->is_keyfile && a->wants_external && !r->why[0])
		snprintf(r->why, sizeof(r->why), "--external says so");
	if (r->why[0]) {
		r->does = DOES_EXTERNAL;
		return;
	}
	if (move_user_can_put(r->path, &a->user, &err)) {
		r->does = adopt_folder_of(v.real_path, r->folder) ? DOES_NOTHING : DOES_REFUSE;
		return;
	}
	if (!move_look(r->path, r->is_keyfile, &a->user, &r->move, &look_err)) {
		snprintf(r->why, sizeof(r->why), "%s", look_err.text);
		return;
	}
	if (is_shut_out(a, r->why, sizeof(r->why)))
		return;
	/* The same file by two names of mongod's, or two of one name. */
	name = strrchr(r->move.path, '/');
	name = name ? name + 1 : r->label;
	snprintf(r->move.at, sizeof(r->move.at), "%.2000s/%.255s", a->home, name);
	for (const struct row *o = a->rows; o < r; o++)
		if (o->does == DOES_MOVE && strcmp(o->move.at, r->move.at) == 0)
			snprintf(r->move.at, sizeof(r->move.at), "%.2000s/%s-%.200s", a->home,
				 r->label, name);
	cut_z(r->folder, sizeof(r->folder), a->home);
	snprintf(r->why, sizeof(r->why), "%.*s", (int)strcspn(err.text, "("), err.text);
	for (size_t k = strlen(r->why); k > 0 && r->why[k - 1] == ' '; k--)
		r->why[k - 1] = 0;
	r->does = DOES_MOVE;
}

static void judge_all(struct adoption *a)
{
	const struct mongod_options *o = &a->options;
	const struct {
		const char *label, *path;
		enum kind kind;
	} files[] = {{"keyfile", o->key_file, KIND_KEYFILE},
		     {"certificate", o->certificate_key_file, KIND_CERTIFICATES},
		     {"clusterFile", o->cluster_file, KIND_CERTIFICATES}};
	STATIC_ASSERT(ARRAY_N(files) <= ADOPT_FILES_MAX, "there is room for each");
	for (size_t i = 0; i < ARRAY_N(files); i++) {
		bool is_known = !files[i].path[0] ||
				policy_mode(&a->conf->config.policy, files[i].kind) == MODE_OFF;
		for (size_t k = 0; k < i; k++)
			is_known |= strcmp(files[k].path, files[i].path) == 0;
		if (is_known)
			continue;
		struct row *r = &a->rows[a->rows_n++];
		*r = (struct row){.label = files[i].label, .is_keyfile = i == 0};
		cut_z(r->path, sizeof(r->path), files[i].path);
		judge(a, r);
	}
}

/* ---- what is written beside them ---- */

static bool is_of_other_group(const struct adoption *a, const struct row *r)
{
	struct stat st;
	bool is_of_group = false;
	if (!r->folder[0] || r->is_keyfile || stat(r->path, &st) != 0)
		return false;
	for (unsigned i = 0; i < a->user.groups_n; i++)
		is_of_group |= a->user.groups[i] == st.st_gid;
	return is_of_group && st.st_gid != a->user.gid;
}

static struct adopt_words words_of(const struct adoption *a)
{
	struct adopt_words w = {.root = a->root,
				.instance = a->instance->name,
				.service = a->service,
				.user = a->user_name,
				.group = a->group_name,
				.more_groups = a->more_groups};
	if (a->instance->restart_how == RESTART_UNIT)
		w.unit = a->instance->restart_name;
	for (unsigned i = 0; i < a->rows_n; i++) {
		const struct row *r = &a->rows[i];
		bool is_told = !r->folder[0];
		for (unsigned k = 0; k < w.folders_n; k++)
			is_told |= strcmp(w.folders[k], r->folder) == 0;
		if (!is_told)
			w.folders[w.folders_n++] = r->folder;
		w.gives_group |= is_of_other_group(a, r);
	}
	return w;
}

/* After find_service(). */
static bool name_texts(struct adoption *a, struct err *err)
{
	const struct adopt_words w = words_of(a);
	return adopt_texts_name(&a->texts, &w, err);
}

static bool make_texts(struct adoption *a, struct err *err)
{
	const struct adopt_words w = words_of(a);
	return adopt_texts_make(&a->texts, &w, err);
}

/* ---- saying it ---- */

static const char *const does_words[] = {[DOES_NOTHING] = "stays",
					 [DOES_MOVE] = "moves",
					 [DOES_DONE] = "moved already",
					 [DOES_EXTERNAL] = "written elsewhere",
					 [DOES_REFUSE] = "refused"};

static void say_text(const struct adoption *a, const struct adopt_text *t, json_t *all)
{
	struct str rest = buf_str(&t->bytes), line;
	(void)json_array_append_new(
	    all, json_pack("{s:s, s:o}", "path", t->path, "text", json_said(buf_z(&t->bytes))));
	view_row(a->ctl, 2, "  ", "%s is written:", t->path);
	while (str_cut(&rest, '\n', &line))
		if (line.n)
			ctl_say(a->ctl, "      %.*s", (int)line.n, line.p);
}

static bool wants_external_written(const struct adoption *a)
{
	for (unsigned i = 0; i < a->rows_n; i++)
		if (a->rows[i].is_keyfile && a->rows[i].does == DOES_EXTERNAL)
			return a->conf->config.policy.keyfile.writer != WRITER_EXTERNAL;
	return false;
}

static bool is_systemd_here(const struct adoption *a)
{
	return !a->root[0] && geteuid() == 0 && access("/run/systemd/system", F_OK) == 0;
}

static void say_row(struct adoption *a, const struct row *r, json_t *all)
{
	struct ctl *ctl = a->ctl;
	(void)json_array_append_new(all,
				    json_pack("{s:s, s:o, s:s, s:o, s:o}", "file", r->label, "path",
					      json_said(r->path), "does", does_words[r->does], "at",
					      json_said(r->move.at), "why", json_said(r->why)));
	switch (r->does) {
	case DOES_NOTHING:
		view_row(ctl, 4, "  ", "%s %s: %s may replace it where it is; it stays.", r->label,
			 r->path, a->user_name);
		break;
	case DOES_DONE:
		view_row(ctl, 4, "  ", "%s %s: lives at %s already; nothing to do.", r->label,
			 r->path, r->move.at);
		break;
	case DOES_MOVE:
		view_row(ctl, 4, "  ", "%s %s: moves to %s, a link stays in its place: %s.",
			 r->label, r->path, r->move.at, r->why);
		break;
	case DOES_EXTERNAL:
		view_row(ctl, 4, "  ",
			 r->is_keyfile
			     ? "%s %s: written by something else (%s); it is not moved, and rotad "
			       "never writes it."
			     : "%s %s: written by something else (%s); it is left alone.",
			 r->label, r->path, r->why);
		break;
	case DOES_REFUSE:
		view_row(ctl, 4, "  ", "%s %s: cannot be moved: %s.", r->label, r->path, r->why);
		break;
	}
}

static void say_plan(struct adoption *a)
{
	struct ctl *ctl = a->ctl;
	json_t *files = json_array(), *written = json_array();
	view_row(ctl, 0, "", "%s: mongod runs as %s%s; rotad as %s.", a->instance->name,
		 a->user_name, a->user.pid ? "" : " (when it runs)", a->service);
	if (a->stranger)
		view_row(ctl, 2, "  ",
			 "Process %" PRId64 " of %s calls itself its mongod and is not believed: "
			 "systemd names it as the main process of no unit of it, nor does it own "
			 "the keyfile and listen on the port.",
			 a->stranger, a->stranger_user);
	for (unsigned i = 0; i < a->rows_n; i++)
		say_row(a, &a->rows[i], files);
	if (wants_external_written(a))
		view_row(ctl, 2, "  ", "%s gets:  keyfile: {writer: external}", ctl->config_path);
	for (size_t i = 0; i < ADOPT_TEXTS_N; i++)
		if (a->texts.row[i].bytes.n)
			say_text(a, &a->texts.row[i], written);
	if (is_systemd_here(a))
		view_row(ctl, 2, "  ", "systemctl daemon-reload; systemctl try-restart %s",
			 a->service);
	view_row(ctl, 2, "  ",
		 "mongod is not touched: it runs on, and may be restarted at every moment.");
	view_row(ctl, 2, "  ", "Undo: rotactl leave %s", a->instance->name);
	(void)json_object_set_new(ctl->doc, "instance", json_string(a->instance->name));
	(void)json_object_set_new(ctl->doc, "user", json_string(a->user_name));
	(void)json_object_set_new(ctl->doc, "service", json_string(a->service));
	(void)json_object_set_new(ctl->doc, "files", files);
	(void)json_object_set_new(ctl->doc, "written", written);
	(void)json_object_set_new(ctl->doc, "isDone", json_false());
}

/* ---- doing it ---- */

static bool systemctl(const char *verb, const char *unit, struct err *err)
{
	char *argv[] = {(char *)"systemctl", (char *)(uintptr_t)verb, (char *)(uintptr_t)unit,
			NULL};
	pid_t pid;
	int status, why = posix_spawnp(&pid, "systemctl", NULL, NULL, argv, environ);
	if (why != 0)
		return err_sys(err, why, "running systemctl");
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_sys(err, errno, "waiting for systemctl");
	return (WIFEXITED(status) && WEXITSTATUS(status) == 0) ||
	       err_set(err, ERR_SYSTEM, "systemctl %s %s failed", verb, unit ? unit : "");
}

/* Once all is written: the verb said again would find nothing to do. */
static enum ctl_exit reload(const struct adoption *a)
{
	char you[400];
	struct err err = ERR_INIT;
	snprintf(you, sizeof(you), "systemctl daemon-reload; systemctl try-restart %s", a->service);
	if (!is_systemd_here(a)) {
		view_row(a->ctl, 0, "", "Next: %s", you);
		return CTL_GOOD;
	}
	if (systemctl("daemon-reload", NULL, &err) && systemctl("try-restart", a->service, &err))
		return CTL_GOOD;
	(void)err_in(&err, "all is written, but systemd has not taken it");
	return ctl_error_with(a->ctl, &err, you);
}

/* A folder that has something in it stays: a file that could not be moved, another instance's. */
static void drop_home(const struct adoption *a)
{
	char parent[PATH_BYTES_MAX];
	(void)rmdir(a->home);
	if (adopt_folder_of(a->home, parent))
		(void)rmdir(parent);
}

static bool write_external(const struct adoption *a, struct err *err)
{
	struct host_port host = host_linux();
	auto_conf struct conf *conf = conf_new();
	if (!conf)
		return err_set(err, ERR_MEMORY, "no memory for the configuration");
	return ctl_edit_conf(a->ctl, "keyfile.writer", 0, "external", host.ops->now(host.self),
			     conf, err);
}

/* First the record, by which leave and the next adopt know what was begun; the files; and only then
 * rotad's own right to write there. */
static bool do_it(struct adoption *a, struct err *err)
{
	unsigned moves_n = 0;
	bool is_passed = false;
	for (unsigned i = 0; i < a->rows_n; i++) {
		const struct row *r = &a->rows[i];
		if (r->does != DOES_MOVE)
			continue;
		struct move *m = adopt_record_find(&a->record, r->move.path, NULL);
		if (!m && a->record.moves_n == ADOPT_MOVES_MAX)
			return err_set(err, ERR_LIMIT, "%s is full", a->record_path);
		*(m ? m : &a->record.moves[a->record.moves_n++]) = r->move;
		is_passed |= !r->is_keyfile && (r->move.mode & 077);
		moves_n++;
	}
	cut_z(a->record.user, sizeof(a->record.user), a->user_name);
	if (moves_n && (!move_make_home(a->home, &a->user, is_passed, err) ||
			!adopt_record_write(a->record_path, &a->record, a->service, err))) {
		drop_home(a);
		return false;
	}
	for (unsigned i = 0; i < a->rows_n; i++)
		if (a->rows[i].does == DOES_MOVE && !move_out(&a->rows[i].move, &a->user, err))
			return false;
	if (wants_external_written(a) && !write_external(a, err))
		return false;
	for (size_t i = 0; i < ADOPT_TEXTS_N; i++)
		if (a->texts.row[i].bytes.n && !adopt_text_write(&a->texts.row[i], err))
			return false;
	return true;
}

/* Is everything as it would be made? */
static bool is_done(const struct adoption *a)
{
	for (unsigned i = 0; i < a->rows_n; i++)
		if (a->rows[i].does == DOES_MOVE)
			return false;
	for (size_t i = 0; i < ADOPT_TEXTS_N; i++)
		if (a->texts.row[i].bytes.n && !adopt_text_is_written(&a->texts.row[i]))
			return false;
	return !wants_external_written(a);
}

static enum ctl_exit tell_refused(struct adoption *a, const struct row *r)
{
	struct err err = ERR_INIT;
	err_subject(&err, r->path);
	(void)err_set(&err, ERR_REFUSED, "it cannot be moved: %.600s. Nothing was done", r->why);
	return ctl_error_with(a->ctl, &err,
			      "mend that, or let your configuration management write it: rotactl "
			      "adopt --external");
}

static enum ctl_exit finish(struct adoption *a)
{
	bool is_refused = false;
	for (unsigned i = 0; i < a->rows_n; i++)
		is_refused |= a->rows[i].does == DOES_REFUSE;
	(void)json_object_set_new(a->ctl->doc, "isDone", json_true());
	view_row(a->ctl, 0, "", "Done. Next: rotactl doctor");
	return is_refused ? CTL_ATTENTION : CTL_GOOD;
}

static bool prepare(struct adoption *a, const char *name, const char *user, struct err *err)
{
	return read_conf(a, err) && pick_instance(a, name, err) && read_record(a, err) &&
	       find_server(a, user, err) && find_service(a, err) && name_texts(a, err);
}

/* The way back goes by the record, which is root's: no configuration of mongod's, and no process,
 * must be as it was. */
static bool prepare_leave(struct adoption *a, const char *name, const char *user, struct err *err)
{
	struct err ignored = ERR_INIT;
	if (!read_conf(a, err) || !pick_instance(a, name, err) || !read_record(a, err))
		return false;
	if (!user && a->record.user[0])
		user = a->record.user;
	if (!find_server(a, user, user ? &ignored : err)) {
		a->user.pid = 0;
		a->more_groups[0] = 0;
		if (!user || !take_user(a, user, err))
			return false;
	}
	return find_service(a, err) && name_texts(a, err);
}

static bool take_options(struct adoption *a, int argc, char **argv, bool is_adopt,
			 const char **ret_name, const char **ret_user)
{
	static const struct option longs[] = {
	    {"dry-run", no_argument, NULL, 'n'},    {"yes", no_argument, NULL, 'y'},
	    {"user", required_argument, NULL, 'u'}, {"root", required_argument, NULL, 'r'},
	    {"external", no_argument, NULL, 'e'},   {NULL, 0, NULL, 0}};
	int c;
	while ((c = ctl_option(a->ctl, argc, argv, "", longs)) != -1) {
		if (c == 'n')
			a->is_dry = true;
		else if (c == 'y')
			a->is_yes = true;
		else if (c == 'u')
			*ret_user = optarg;
		else if (c == 'r')
			a->root = optarg;
		else if (c == 'e' && is_adopt)
			a->wants_external = true;
		else if (c == 'e')
			return ctl_usage(a->ctl, "--external is adopt's") == CTL_GOOD;
		else
			return false;
	}
	if (argc - optind > 1)
		return ctl_usage(a->ctl, "one instance at a time") == CTL_GOOD;
	*ret_name = optind < argc ? argv[optind] : NULL;
	return true;
}

/* What was said may be done: else *ret is how it ends. */
static bool is_meant(const struct adoption *a, enum ctl_exit *ret)
{
	if (!a->is_dry && view_confirm(a->ctl, a->is_yes, "Do it?"))
		return true;
	view_row(a->ctl, 0, "", "Nothing was done%s.", a->is_dry ? " (--dry-run)" : "");
	*ret = a->is_dry ? CTL_GOOD : CTL_ATTENTION;
	return false;
}

enum ctl_exit ctl_adopt(struct ctl *ctl, int argc, char **argv)
{
	const char *name = NULL, *user = NULL;
	enum ctl_exit code;
	struct err err = ERR_INIT;
	auto_adoption struct adoption *a = adoption_new(ctl);
	if (!a)
		return ctl_error(ctl, (err_set(&err, ERR_MEMORY, "no memory"), &err));
	if (!take_options(a, argc, argv, true, &name, &user))
		return CTL_USAGE;
	if (!prepare(a, name, user, &err))
		return ctl_error(ctl, &err);
	judge_all(a);
	if (!make_texts(a, &err))
		return ctl_error(ctl, &err);
	say_plan(a);
	for (unsigned i = 0; i < a->rows_n; i++)
		if (a->rows[i].is_keyfile && a->rows[i].does == DOES_REFUSE)
			return tell_refused(a, &a->rows[i]);
	if (is_done(a)) {
		view_row(ctl, 0, "", "All of it is so already; nothing to do.");
		(void)json_object_set_new(ctl->doc, "isDone", json_true());
		return CTL_GOOD;
	}
	if (!is_meant(a, &code))
		return code;
	if (!do_it(a, &err))
		return ctl_error_with(ctl, &err,
				      "mongod can be restarted as it is. Mend what is named; then "
				      "rotactl adopt again ends it, rotactl leave takes it back");
	code = reload(a);
	return code == CTL_GOOD ? finish(a) : code;
}

/* ---- the way back ---- */

static void say_leave(const struct adoption *a)
{
	json_t *all = json_array();
	view_row(a->ctl, 0, "", "%s: %s.", a->instance->name,
		 a->record.moves_n
		     ? "its files go back to where mongod names them, with their present bytes"
		     : "no file of it was moved");
	for (unsigned i = 0; i < a->record.moves_n; i++) {
		const struct move *m = &a->record.moves[i];
		view_row(a->ctl, 4, "  ", "%s: from %s, mode %04o, owner %u:%u as before.", m->path,
			 m->at, m->mode, m->uid, m->gid);
		(void)json_array_append_new(all, json_pack("{s:o, s:o}", "path", json_said(m->path),
							   "at", json_said(m->at)));
	}
	(void)json_object_set_new(a->ctl->doc, "files", all);
	for (size_t i = 0; i < ADOPT_TEXTS_N; i++)
		if (adopt_is_there(a->texts.row[i].path))
			view_row(a->ctl, 2, "  ", "%s is removed", a->texts.row[i].path);
	view_row(a->ctl, 2, "  ",
		 "mongod is not touched: it runs on, and may be restarted at every moment. rotad "
		 "can renew nothing here any more; a rotation that is under way would wait for "
		 "this host.");
	view_row(a->ctl, 2, "  ", "Undo: rotactl adopt %s", a->instance->name);
}

static bool undo(const struct adoption *a, struct err *err)
{
	struct files_port files = files_durable();
	for (unsigned i = 0; i < a->record.moves_n; i++)
		if (!move_back(&a->record.moves[i], &a->user, err))
			return false;
	for (size_t i = 0; i < ADOPT_TEXTS_N; i++)
		if (!adopt_text_remove(&a->texts.row[i], err))
			return false;
	if (adopt_is_there(a->record_path) && !files.ops->remove(files.self, a->record_path, err))
		return false;
	drop_home(a);
	if (adopt_is_there(a->home))
		view_row(a->ctl, 0, "", "%s stays: something else is in it.", a->home);
	return true;
}

enum ctl_exit ctl_leave(struct ctl *ctl, int argc, char **argv)
{
	const char *name = NULL, *user = NULL;
	enum ctl_exit code;
	struct err err = ERR_INIT;
	auto_adoption struct adoption *a = adoption_new(ctl);
	if (!a)
		return ctl_error(ctl, (err_set(&err, ERR_MEMORY, "no memory"), &err));
	if (!take_options(a, argc, argv, false, &name, &user))
		return CTL_USAGE;
	if (!prepare_leave(a, name, user, &err))
		return ctl_error(ctl, &err);
	if (!a->record.exists && !adopt_texts_are_there(&a->texts)) {
		view_row(ctl, 0, "", "%s was not adopted; nothing to do.", a->instance->name);
		return CTL_GOOD;
	}
	say_leave(a);
	if (!is_meant(a, &code))
		return code;
	if (!undo(a, &err))
		return ctl_error_with(ctl, &err,
				      "mongod can be restarted as it is. Mend what is named, then "
				      "rotactl leave again");
	code = reload(a);
	if (code != CTL_GOOD)
		return code;
	view_row(
	    ctl, 0, "",
	    "Done: no file of rotad's is in mongod's way. To end rotad here: systemctl disable "
	    "--now %s",
	    a->service);
	return CTL_GOOD;
}
