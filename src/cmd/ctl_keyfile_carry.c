/* SPDX-License-Identifier: Apache-2.0 */
/* rotactl keyfile import --request, keyfile export --for, keyfile import: what a person carries
 * between a host that is shut out and one that is well. Nothing readable is in it; who may have a
 * key is the daemon's to judge. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cmd/ctl_daemon.h"
#include "cmd/ctl_file.h"
#include "cmd/ctl_table.h"
#include "cmd/ctl_view.h"
#include "codec/json_mem.h"
#include "codec/keyfile_text.h"
#include "conf/conf_check.h"
#include "round/round.h"
#include "sys/files_durable.h"
#include "sys/host_linux.h"
#include "sys/temp_file.h"

enum { CARRIED_BYTES_MAX = 32 * 1024 }; /* escaped it must fit into a request to the daemon */

/* "-" is the standard input. */
static bool read_text(const char *path, struct buf *ret, struct err *err)
{
	char part[4096];
	const bool is_stdin = strcmp(path, "-") == 0;
	auto_close int opened =
	    is_stdin ? -1 : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	const int fd = is_stdin ? STDIN_FILENO : opened;
	err_subject(err, path);
	if (fd < 0)
		return err_sys(err, errno, "opening the file");
	for (;;) {
		ssize_t n = read(fd, part, sizeof(part));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, errno, "reading the file");
		if (n == 0)
			return ret->n > 0 || err_set(err, ERR_SYNTAX, "it is empty");
		buf_add(ret, part, (size_t)n);
		if (ret->n > CARRIED_BYTES_MAX || !buf_ok(ret, err))
			return err_set(err, ERR_LIMIT, "more than %d bytes: it is something else",
				       CARRIED_BYTES_MAX);
	}
}

struct carry {
	struct view_pick pick;
	const char *out, *request;
	bool is_request, is_next;
	char instance[NAME_BYTES_MAX]; /* whom the daemon was asked for */
};

static bool take_options(struct ctl *ctl, int argc, char **argv, bool is_import, struct carry *ret)
{
	static const struct option imports[] = {VIEW_PICK_OPTIONS,
						{"request", no_argument, NULL, 'q'},
						{"out", required_argument, NULL, 'o'},
						{NULL, 0, NULL, 0}};
	static const struct option exports[] = {VIEW_PICK_OPTIONS,
						{"for", required_argument, NULL, 'f'},
						{"next", no_argument, NULL, 'n'},
						{"out", required_argument, NULL, 'o'},
						{NULL, 0, NULL, 0}};
	int c;
	while ((c = ctl_option(ctl, argc, argv, "", is_import ? imports : exports)) != -1) {
		if (view_pick_take(&ret->pick, c))
			continue;
		if (c == 'q')
			ret->is_request = true;
		else if (c == 'o')
			ret->out = optarg;
		else if (c == 'n')
			ret->is_next = true;
		else if (c == 'f')
			ret->request = optarg;
		else
			return false;
	}
	return true;
}

/* Ask the daemon; text (or NULL) goes along by that name. */
static enum ctl_exit ask(struct ctl *ctl, struct carry *w, const char *route, const char *name,
			 const struct buf *text, json_t **ret)
{
	AUTO(json_t) doc = NULL;
	const json_t *instance;
	struct wall now;
	enum ctl_exit code = view_open_one(ctl, &w->pick, &doc, &instance, &now);
	if (code != CTL_GOOD)
		return code;
	cut_z(w->instance, sizeof(w->instance), view_text(instance, "instance"));
	AUTO(json_t) body = json_pack("{s:s}", "instance", view_text(instance, "instance"));
	json_t *carried = text ? json_stringn(text->p, text->n) : NULL;
	if (!body || (text && !carried))
		return ctl_usage(ctl, "that file is no text");
	if (carried)
		(void)json_object_set_new(body, name, carried);
	code = ctl_ask(ctl, "POST", route, body, DAEMON_ROUND_S * US_S, ret);
	if (code == CTL_GOOD)
		view_to_doc(ctl, *ret);
	return code;
}

/* To the new file, or to the standard output. */
static enum ctl_exit hand_out(struct ctl *ctl, const struct carry *w, const char *text,
			      const char *then)
{
	struct err err = ERR_INIT;
	size_t n = strlen(text);
	if (w->out && !ctl_write_new(w->out, str_of(text), 0600, &err))
		return ctl_error(ctl, &err);
	if (w->out)
		ctl_say(ctl, "It is in %s. Then %s", w->out, then);
	else if (!ctl->json)
		fprintf(ctl->out, "%s%s", text, n && text[n - 1] == '\n' ? "" : "\n");
	return CTL_GOOD;
}

enum ctl_exit ctl_keyfile_import(struct ctl *ctl, int argc, char **argv)
{
	struct carry w = {.out = NULL};
	struct err err = ERR_INIT;
	auto_buf struct buf text = {.max = CARRIED_BYTES_MAX + 4096};
	AUTO(json_t) answer = NULL;
	if (!take_options(ctl, argc, argv, true, &w))
		return CTL_USAGE;
	if (w.is_request ? optind < argc : optind + 1 != argc || w.out)
		return ctl_usage(ctl, "either --request, or the one file that was carried here");
	if (w.is_request) {
		enum ctl_exit code = ask(ctl, &w, "/v1/keyfile/request", NULL, NULL, &answer);
		return code != CTL_GOOD
			   ? code
			   : hand_out(ctl, &w, view_text(answer, "request"),
				      "on a host of the set that is well: rotactl keyfile export "
				      "--for FILE");
	}
	if (!read_text(argv[optind], &text, &err))
		return ctl_error(ctl, &err);
	enum ctl_exit code = ask(ctl, &w, "/v1/keyfile/import", "carried", &text, &answer);
	if (code == CTL_GOOD)
		view_row(ctl, 0, "",
			 "The key that %s sealed is held: rotad logs in with it, reads the ledger, "
			 "and puts the keyfile right by that. Follow it: rotactl status",
			 view_text(answer, "from"));
	return code;
}

/* ---- the next keyfile ---- */

/* What rotad left for us. The daemon is mongod's user, and who asks may be root: nothing that it
 * says names a file, and the file is taken only for what it must be. */
struct staged {
	int folder, fd;
	struct stat is;
	struct secret bytes;
};
#define STAGED_INIT ((struct staged){.folder = -1, .fd = -1})

static void staged_fini(struct staged *s)
{
	secret_fini(&s->bytes);
	cleanup_close(&s->fd);
	cleanup_close(&s->folder);
}
#define auto_staged __attribute__((cleanup(staged_fini)))

/* The folder of that instance, by the configuration alone; below it nothing is followed. */
static bool open_seat(const struct ctl *ctl, const char *instance, int *ret, struct stat *ret_is,
		      struct err *err)
{
	struct host_port host = host_linux();
	auto_conf struct conf *conf = conf_new();
	struct stat above;
	err_subject(err, ctl->config_path);
	if (!conf)
		return err_set(err, ERR_MEMORY, "no memory to read the configuration");
	if (!ctl_read_conf(ctl, host.ops->now(host.self), conf, err))
		return false;
	const struct instance_policy *i = config_find_instance(&conf->config, instance);
	if (!i)
		return err_set(err, ERR_NOT_FOUND,
			       "it has no instance '%.60s': --config names the file of the rotad "
			       "that is asked",
			       instance);
	err_subject(err, conf->config.state_directory);
	auto_close int top = open(conf->config.state_directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (top < 0 || fstat(top, &above) != 0)
		return err_sys(err, errno, "opening rotad's state directory");
	auto_close int seat = openat(top, i->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (seat < 0 || fstat(seat, ret_is) != 0)
		return err_sys(err, errno, "opening the folder of %s in it", i->name);
	if (ret_is->st_uid != above.st_uid)
		return err_set(err, ERR_UNSAFE_FILE, "the folder of %s in it is somebody else's",
			       i->name);
	*ret = seat;
	seat = -1;
	return true;
}

static bool read_staged(struct staged *s, struct err *err)
{
	struct keyring ring = {.n = 0};
	struct err why = ERR_INIT;
	if (!secret_init(&s->bytes, KEYFILE_BYTES_MAX + 1, err))
		return false;
	for (;;) {
		ssize_t n = read(s->fd, s->bytes.p + s->bytes.n, s->bytes.cap - s->bytes.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, errno, "reading " EXTERNAL_NAME);
		s->bytes.n += (size_t)n;
		if (n == 0 || s->bytes.n == s->bytes.cap)
			break;
	}
	bool ok =
	    s->bytes.n <= KEYFILE_BYTES_MAX && keyfile_parse(s->bytes.p, s->bytes.n, &ring, &why);
	keyring_fini(&ring);
	return ok || err_set(err, ERR_UNSAFE_FILE, EXTERNAL_NAME " there is no keyfile: %.300s",
			     why.kind ? why.text : "it is too large");
}

static bool open_staged(const struct ctl *ctl, const char *instance, struct staged *s,
			struct err *err)
{
	struct stat seat;
	if (!open_seat(ctl, instance, &s->folder, &seat, err))
		return false;
	s->fd = openat(s->folder, EXTERNAL_NAME,
		       O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (s->fd < 0 || fstat(s->fd, &s->is) != 0)
		return err_sys(err, errno, "opening " EXTERNAL_NAME " of %s in it", instance);
	if (!S_ISREG(s->is.st_mode) || s->is.st_uid != seat.st_uid || s->is.st_nlink != 1 ||
	    (s->is.st_mode & 07177))
		return err_set(err, ERR_UNSAFE_FILE,
			       EXTERNAL_NAME
			       " of %s in it is not a private file of rotad's user by "
			       "one name",
			       instance);
	return read_staged(s, err);
}

/* Of use to nobody else. What could not be taken stays: the next one overwrites it, and the end of
 * the rotation removes it. */
static bool remove_staged(const struct staged *s, struct err *err)
{
	struct stat now;
	if (fstatat(s->folder, EXTERNAL_NAME, &now, AT_SYMLINK_NOFOLLOW) != 0 ||
	    !same_inode(&now, &s->is))
		return true; /* rotad has put another there, or removed it */
	return wipe_and_unlink(s->folder, EXTERNAL_NAME, err);
}

/* Its bytes into the file that is wanted. */
static bool take_next(const struct ctl *ctl, const char *instance, const char *to, struct err *err)
{
	struct files_port files = files_durable();
	struct file_view v;
	auto_staged struct staged s = STAGED_INIT;
	if (!open_staged(ctl, instance, &s, err) || !files.ops->look(files.self, to, &v, err))
		return false;
	if (v.exists) {
		err_subject(err, to);
		return err_set(err, ERR_CONFLICT, "it is there already; nothing was written");
	}
	const struct file_put put = {
	    .path = to, .bytes = {.p = s.bytes.p, .n = s.bytes.n}, .mode = 0600, .expect = &v};
	return files.ops->put(files.self, &put, err) && remove_staged(&s, err);
}

static enum ctl_exit export_next(struct ctl *ctl, struct carry *w)
{
	struct err err = ERR_INIT;
	AUTO(json_t) answer = NULL;
	enum ctl_exit code = ask(ctl, w, "/v1/keyfile/next", NULL, NULL, &answer);
	if (code != CTL_GOOD)
		return code;
	if (!view_text(answer, "keys")[0]) {
		view_row(ctl, 0, "", "Nothing is to be written now: %s", view_text(answer, "why"));
		return CTL_ATTENTION;
	}
	if (!take_next(ctl, w->instance, w->out, &err))
		return ctl_error(ctl, &err);
	view_row(ctl, 0, "",
		 "%s holds keys %s: put it in the place of %s, with the owner and mode of that "
		 "file, and remove it. rotad judges what it finds there, and goes on by itself.",
		 w->out, view_text(answer, "keys"), view_text(answer, "path"));
	return CTL_GOOD;
}

enum ctl_exit ctl_keyfile_export(struct ctl *ctl, int argc, char **argv)
{
	struct carry w = {.out = NULL};
	struct err err = ERR_INIT;
	auto_buf struct buf text = {.max = CARRIED_BYTES_MAX + 4096};
	AUTO(json_t) answer = NULL;
	if (!take_options(ctl, argc, argv, false, &w))
		return CTL_USAGE;
	if (w.is_next && (optind < argc || w.request || !w.out))
		return ctl_usage(ctl, "--next takes --out FILE, a new file");
	if (w.is_next)
		return export_next(ctl, &w);
	if (optind < argc || !w.request)
		return ctl_usage(ctl, "--for names the file that rotactl keyfile import --request "
				      "made on the other host");
	if (!read_text(w.request, &text, &err))
		return ctl_error(ctl, &err);
	enum ctl_exit code = ask(ctl, &w, "/v1/keyfile/export", "request", &text, &answer);
	return code != CTL_GOOD ? code
				: hand_out(ctl, &w, view_text(answer, "carried"),
					   "on the host that asked: rotactl keyfile import FILE");
}
