/* SPDX-License-Identifier: Apache-2.0 */
/* Looks at processes and unit files. What is written of them is for conf/discovered.c. */
#include "sys/survey_proc.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "codec/marker.h"
#include "codec/mongod_options.h"
#include "sys/files_durable.h"
#include "sys/proc.h"
#include "sys/units_dbus.h"

enum {
	CMDLINE_MAX = 64 * 1024,
	UNIT_FILES_MAX = 4096,               /* names looked at in one folder */
	BINARY_SCAN_MAX = 512 * 1024 * 1024, /* bytes; mongod 8.0 has 200 MB */
};

/* ---- texts ---- */

void survey_cgroup(struct str text, struct survey_server *ret)
{
	static const char *const boxes[] = {"docker",     "kubepods",      "libpod",
					    "containerd", "machine.slice", "/lxc"};
	struct str line;
	ret->unit[0] = 0;
	ret->is_user_unit = ret->is_container = false;
	for (size_t i = 0; i < ARRAY_N(boxes); i++)
		ret->is_container |= memmem(text.p, text.n, boxes[i], strlen(boxes[i])) != NULL;
	while (str_cut(&text, '\n', &line)) {
		struct str skipped;
		/* "0::/system.slice/mongod.service", of v1 "1:name=systemd:/..." */
		if (!str_cut(&line, ':', &skipped) || !str_cut(&line, ':', &skipped) ||
		    (skipped.n && !str_equal_z(skipped, "name=systemd")))
			continue;
		const char *slash = line.n ? memrchr(line.p, '/', line.n) : NULL;
		struct str last =
		    slash ? (struct str){slash + 1, (size_t)(line.p + line.n - slash) - 1} : line;
		static const char suffix[] = ".service";
		if (last.n <= sizeof(suffix) - 1 ||
		    memcmp(last.p + last.n - sizeof(suffix) + 1, suffix, sizeof(suffix) - 1) != 0 ||
		    !copy_str(ret->unit, sizeof(ret->unit), last))
			continue;
		ret->is_user_unit = str_starts(line, STR("/user.slice"));
	}
}

/* The next word of a command line, quotes taken off. */
static bool next_word(struct str *rest, struct buf *out)
{
	char quote = 0;
	*rest = str_trim(*rest);
	if (!rest->n)
		return false;
	while (rest->n) {
		char c = rest->p[0];
		if (!quote && (c == ' ' || c == '\t'))
			break;
		rest->p++;
		rest->n--;
		if (quote ? c == quote : c == '"' || c == '\'')
			quote = quote ? 0 : c;
		else
			buf_addc(out, c);
	}
	buf_addc(out, '\0');
	return true;
}

bool survey_exec_start(struct str text, struct buf *out)
{
	struct str line;
	buf_clear(out);
	while (str_cut(&text, '\n', &line)) {
		line = str_trim(line);
		if (!str_starts(line, STR("ExecStart=")))
			continue;
		line.p += sizeof("ExecStart=") - 1;
		line.n -= sizeof("ExecStart=") - 1;
		/* systemd.service(5): prefixes before the program */
		while (line.n && strchr("@-:+!|", line.p[0])) {
			line.p++;
			line.n--;
		}
		while (next_word(&line, out))
			;
		if (out->n)
			return true;
	}
	return false;
}

/* ---- one process ---- */

static ssize_t read_at(int64_t pid, const char *name, char *out, size_t max)
{
	char path[64];
	size_t n = 0;
	snprintf(path, sizeof(path), "/proc/%" PRId64 "/%s", pid, name);
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && n < max) {
		ssize_t got = read(fd, out + n, max - n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		n += (size_t)got;
	}
	return fd < 0 ? -1 : (ssize_t)n;
}

static void name_user(int64_t pid, char *out, size_t out_n)
{
	char path[64], room[1024];
	struct stat st;
	struct passwd pw, *found = NULL;
	snprintf(path, sizeof(path), "/proc/%" PRId64, pid);
	if (stat(path, &st) != 0)
		return;
	if (getpwuid_r(st.st_uid, &pw, room, sizeof(room), &found) == 0 && found)
		snprintf(out, out_n, "%s", found->pw_name);
	else
		snprintf(out, out_n, "%u", (unsigned)st.st_uid);
}

/* Its own name for itself stands in the binary. */
static bool scan_binary(int64_t pid)
{
	static const char word[] = "psmdbVersion";
	enum { STEP = 1024 * 1024 };
	char path[64];
	size_t kept = 0;
	auto_free char *chunk = malloc(STEP + sizeof(word));
	snprintf(path, sizeof(path), "/proc/%" PRId64 "/exe", pid);
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	for (size_t at = 0; chunk && fd >= 0 && at < BINARY_SCAN_MAX; at += STEP) {
		ssize_t n = read(fd, chunk + kept, STEP);
		if (n <= 0)
			break;
		if (memmem(chunk, kept + (size_t)n, word, sizeof(word) - 1))
			return true;
		/* A word may lie across two steps. */
		size_t all = kept + (size_t)n;
		kept = MIN(all, sizeof(word) - 2);
		memmove(chunk, chunk + all - kept, kept);
	}
	return false;
}

/* Ops Manager's agent, as an ancestor; the kernel cuts names at 15 characters. */
static bool has_agent_above(int64_t pid)
{
	struct proc_stat s;
	for (int i = 0; i < 16 && proc_stat_read(pid, &s); i++, pid = s.parent)
		if (strncmp(s.comm, "mongodb-mms-aut", 15) == 0)
			return true;
	return false;
}

/* A relative path is so from where the process stands. */
static void make_absolute(int64_t pid, const char *given, char out[PATH_BYTES_MAX])
{
	char link[64], cwd[PATH_BYTES_MAX / 2];
	if (!given[0] || given[0] == '/' || pid == 0) {
		cut_z(out, PATH_BYTES_MAX, given);
		return;
	}
	snprintf(link, sizeof(link), "/proc/%" PRId64 "/cwd", pid);
	ssize_t n = readlink(link, cwd, sizeof(cwd) - 1);
	cwd[n > 0 ? n : 0] = 0;
	snprintf(out, PATH_BYTES_MAX, "%s/%.2000s", cwd, given);
}

/* Options of file and command line, and the signs of who keeps the files. */
static void read_files(struct survey_server *s, const struct mongod_options *line)
{
	struct files_port files = files_durable();
	struct err ignored = ERR_INIT;
	auto_buf struct buf text = {.max = CONF_BYTES_MAX};
	auto_secret struct secret key = {.p = NULL};
	auto_free struct mongod_options *file = calloc(1, sizeof(*file));
	const char *marker;
	s->options = *line;
	make_absolute(s->pid, line->config_file, s->config_file);
	s->is_automated |= mongod_options_is_automated(s->config_file);
	/* In a container the path is another file's. */
	if (!file || !s->config_file[0] || s->is_container)
		return;
	s->is_config_read = files.ops->read_text(files.self, s->config_file, CONF_BYTES_MAX, &text,
						 NULL, &ignored) &&
			    mongod_options_from_file(buf_str(&text), file, &ignored);
	if (s->is_config_read)
		s->options = mongod_options_over(file, line);
	marker = marker_find(buf_str(&text));
	cut_z(s->config_marker, sizeof(s->config_marker), marker ? marker : "");
	err_clear(&ignored);
	if (!s->options.key_file[0] ||
	    !files.ops->read_secret(files.self, s->options.key_file, KEYFILE_BYTES_MAX, &key, NULL,
				    &ignored))
		return;
	marker = marker_find((struct str){.p = key.p, .n = key.n});
	cut_z(s->keyfile_marker, sizeof(s->keyfile_marker), marker ? marker : "");
}

/* Is it the unit's own doing that this process runs? A login session's service is not. */
static void check_unit(struct units *units, struct survey_server *s)
{
	struct unit_view v;
	struct err ignored = ERR_INIT;
	if (!s->unit[0] || s->is_user_unit)
		return;
	if (s->is_container) {
		s->unit[0] = 0;
		return;
	}
	bool is_known = units && units_look(units, s->unit, &v, &ignored) && v.is_loaded;
	const char *slash = is_known ? strrchr(v.exec_start, '/') : NULL;
	bool is_its = is_known
			  ? v.main_pid == s->pid || proc_is_server(slash ? slash + 1 : v.exec_start)
			  : strncmp(s->unit, "mongo", 5) == 0;
	if (!is_its)
		s->unit[0] = 0;
}

static bool see_process(int64_t pid, struct units *units, struct survey_server *s)
{
	struct err ignored = ERR_INIT;
	struct proc_stat stat_line;
	auto_free char *text = malloc(CMDLINE_MAX);
	auto_free struct mongod_options *line = calloc(1, sizeof(*line));
	ssize_t n = text ? read_at(pid, "cmdline", text, CMDLINE_MAX) : -1;
	if (!line || n <= 0 || !proc_stat_read(pid, &stat_line) ||
	    !mongod_options_from_cmdline((struct str){.p = text, .n = (size_t)n}, line, &ignored))
		return false;
	*s = (struct survey_server){.pid = pid};
	name_user(pid, s->user, sizeof(s->user));
	n = read_at(pid, "cgroup", text, CMDLINE_MAX);
	survey_cgroup((struct str){.p = text, .n = n > 0 ? (size_t)n : 0}, s);
	check_unit(units, s);
	s->is_automated = has_agent_above(pid);
	s->is_percona = scan_binary(pid);
	read_files(s, line);
	s->options.is_mongos = strncmp(stat_line.comm, "mongos", 6) == 0;
	s->is_listening = proc_listens_on(pid, mongod_options_port(&s->options));
	return true;
}

/* With --fork its parents wait until it listens: the child is the one. */
static bool is_parent(int64_t pid)
{
	struct proc_stat s;
	int64_t other;
	auto_dir DIR *proc = opendir("/proc");
	for (int i = 0; proc && i < PROC_PIDS_MAX && proc_next(proc, &other); i++)
		if (other != pid && proc_stat_read(other, &s) && s.parent == pid &&
		    proc_is_server(s.comm))
			return true;
	return false;
}

static void note_neighbour(struct survey *ret, const char *comm)
{
	static const char *const names[] = {"pbm-agent", "pmm-agent", "mongodb_exporter",
					    "mongodb-mms-aut"};
	for (size_t i = 0; i < ARRAY_N(names); i++) {
		size_t n = strlen(ret->neighbours);
		if (strncmp(comm, names[i], 15) == 0 && !strstr(ret->neighbours, names[i]))
			snprintf(ret->neighbours + n, sizeof(ret->neighbours) - n, "%s%s",
				 n ? ", " : "", names[i]);
	}
}

/* ---- units that do not run ---- */

static bool is_seen(const struct survey *s, const char *unit, const char *config)
{
	for (unsigned i = 0; i < s->n; i++)
		if (strcmp(s->servers[i].unit, unit) == 0 ||
		    (config[0] && strcmp(s->servers[i].config_file, config) == 0))
			return true;
	return false;
}

static void see_unit(struct survey *ret, const char *folder, const char *name)
{
	char path[PATH_BYTES_MAX];
	struct files_port files = files_durable();
	struct err ignored = ERR_INIT;
	auto_buf struct buf text = {.max = 64 * 1024};
	auto_buf struct buf words = {.max = CMDLINE_MAX};
	auto_free struct mongod_options *line = calloc(1, sizeof(*line));
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (!line || !files.ops->read_text(files.self, path, 64 * 1024, &text, NULL, &ignored) ||
	    !survey_exec_start(buf_str(&text), &words))
		return;
	const char *slash = strrchr(words.p, '/');
	const char *program = slash ? slash + 1 : words.p;
	if (!proc_is_server(program) ||
	    !mongod_options_from_cmdline(buf_str(&words), line, &ignored) ||
	    is_seen(ret, name, line->config_file))
		return;
	if (ret->n == INSTANCES_MAX) {
		ret->left_out_n++;
		return;
	}
	struct survey_server *s = &ret->servers[ret->n++];
	*s = (struct survey_server){.pid = 0};
	cut_z(s->unit, sizeof(s->unit), name);
	read_files(s, line);
	s->options.is_mongos = strncmp(program, "mongos", 6) == 0;
}

static void see_units(struct survey *ret)
{
	static const char *const folders[] = {"/etc/systemd/system", "/run/systemd/system",
					      "/usr/lib/systemd/system", "/lib/systemd/system"};
	for (size_t i = 0; i < ARRAY_N(folders); i++) {
		const struct dirent *e;
		auto_dir DIR *d = opendir(folders[i]);
		for (int k = 0; d && k < UNIT_FILES_MAX && (e = readdir(d)); k++) {
			size_t n = strlen(e->d_name);
			/* Templates (mongod@.service) name nobody by themselves. */
			if (strncmp(e->d_name, "mongo", 5) == 0 && n > 8 &&
			    strcmp(e->d_name + n - 8, ".service") == 0 && !strchr(e->d_name, '@'))
				see_unit(ret, folders[i], e->d_name);
		}
	}
}

/* ---- the host ---- */

static void see_timezone(struct survey *ret)
{
	static const char folder[] = "/usr/share/zoneinfo/";
	char real[PATH_MAX];
	if (realpath("/etc/localtime", real) && strncmp(real, folder, sizeof(folder) - 1) == 0)
		cut_z(ret->timezone, sizeof(ret->timezone), real + sizeof(folder) - 1);
}

bool survey_host(struct survey *ret, struct err *err)
{
	int64_t pid;
	struct proc_stat s;
	struct units *units = NULL;
	struct err ignored = ERR_INIT;
	*ret = (struct survey){.n = 0};
	auto_dir DIR *proc = opendir("/proc");
	if (!proc)
		return err_sys(err, errno, "looking at /proc");
	if (!units_new(&units, &ignored))
		units = NULL; /* then by names alone */
	for (int i = 0; i < PROC_PIDS_MAX && proc_next(proc, &pid); i++) {
		if (!proc_stat_read(pid, &s) || s.state == 'Z' || s.state == 'X')
			continue;
		note_neighbour(ret, s.comm);
		if (!proc_is_server(s.comm) || is_parent(pid))
			continue;
		if (ret->n == INSTANCES_MAX)
			ret->left_out_n++;
		else
			ret->n += see_process(pid, units, &ret->servers[ret->n]);
	}
	units_free(units);
	see_units(ret);
	see_timezone(ret);
	return true;
}
