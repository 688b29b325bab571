/* SPDX-License-Identifier: Apache-2.0 */
/* rotactl keyfile new, check, fingerprint: offline work on one keyfile. Keys leave this program
 * only by `keyfile new`, to its standard output or to a new file. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/cleanup.h"
#include "cmd/ctl_table.h"
#include "codec/fingerprint.h"
#include "codec/keyfile_text.h"

enum {
	/* Fewer random bytes make a key that `check` calls guessable. */
	NEW_BYTES_MIN = KEY_GUESS_BITS_MIN / 8,
	NEW_BYTES_MAX = KEY_CHARS_MAX / 4 * 3,
};

/* ---- the file ---- */

/* Read at most one byte more than a keyfile may have, so that one too large is seen. Something
 * that is no regular file is told by the place, and not read. */
static bool read_keyfile(const char *path, struct secret *ret, struct keyfile_place *ret_place,
			 struct err *err)
{
	struct stat st;
	/* O_NONBLOCK: a FIFO must not hold us. mongod follows links too. */
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	err_subject(err, path);
	if (fd < 0)
		return err_sys(err, errno, "opening the keyfile");
	if (fstat(fd, &st) != 0)
		return err_sys(err, errno, "looking at the keyfile");
	*ret_place = (struct keyfile_place){
	    .is_regular = S_ISREG(st.st_mode),
	    .has_acl = fgetxattr(fd, "system.posix_acl_access", NULL, 0) > 0,
	    .mode = (unsigned)st.st_mode & 07777,
	    .uid = (unsigned)st.st_uid,
	    .links_n = (uint64_t)st.st_nlink,
	};
	auto_secret struct secret text = {.p = NULL};
	if (!secret_init(&text, KEYFILE_BYTES_MAX + 1, err))
		return false;
	while (ret_place->is_regular && text.n <= KEYFILE_BYTES_MAX) {
		ssize_t n = read(fd, text.p + text.n, KEYFILE_BYTES_MAX + 1 - text.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, errno, "reading the keyfile");
		if (n == 0)
			break;
		text.n += (size_t)n;
	}
	*ret = text;
	text = (struct secret){.p = NULL};
	return true;
}

static bool write_all(int fd, const char *p, size_t n, struct err *err)
{
	while (n) {
		ssize_t written = write(fd, p, n);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return err_sys(err, errno, "writing the keyfile");
		p += written;
		n -= (size_t)written;
	}
	return true;
}

static bool sync_folder_of(const char *path, struct err *err)
{
	char folder[PATH_BYTES_MAX];
	const char *slash = strrchr(path, '/');
	struct str name = slash ? (struct str){.p = path, .n = (size_t)(slash - path)} : STR(".");
	if (slash == path)
		name = STR("/");
	if (!copy_str(folder, sizeof(folder), name))
		return err_set(err, ERR_LIMIT, "the path is longer than %d bytes", PATH_BYTES_MAX);
	auto_close int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) != 0)
		return err_sys(err, errno, "making the new name durable in '%s'", folder);
	return true;
}

/* A new file, never over another. Its mode is right before the first byte is in it. */
static bool write_new_file(const char *path, const struct secret *text, struct err *err)
{
	err_subject(err, path);
	auto_close int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 && errno == EEXIST)
		return err_set(err, ERR_CONFLICT, "the file exists and is not overwritten");
	if (fd < 0)
		return err_sys(err, errno, "making the new file");
	if (fchmod(fd, 0600) != 0) /* whatever the umask took */
		(void)err_sys(err, errno, "setting the mode of the new file");
	else if (write_all(fd, text->p, text->n, err) && fsync(fd) != 0)
		(void)err_sys(err, errno, "making the new file durable");
	if (err->kind == ERR_NONE && sync_folder_of(path, err))
		return true;
	(void)unlink(path); /* ours, and of no use; the error in err is what is told */
	return false;
}

/* ---- telling a verdict ---- */

static void tell_findings(struct ctl *ctl, const char *path, const struct keyfile_text *k)
{
	for (unsigned i = 0; i < k->findings_n; i++) {
		const struct keyfile_finding *f = &k->findings[i];
		const struct keyfile_rule_row *row = &keyfile_rule_table[f->rule];
		auto_buf struct buf where = {.p = NULL}, what = {.p = NULL};
		buf_adds(&where, path);
		if (f->line)
			buf_addf(&where, ", line %d, column %d", f->line, f->column);
		buf_addf(&what, "%s%s%s", f->detail, f->detail[0] ? ": " : "", row->text);
		ctl_finding(ctl, &(struct ctl_finding){.weight = row->weight == KEYFILE_REFUSE
								     ? CTL_REFUSE
								     : CTL_WARN,
						       .name = row->name,
						       .where = buf_z(&where),
						       .what = buf_z(&what),
						       .you = row->you});
	}
}

static const char *mongod_word(const struct keyfile_text *k)
{
	if (k->verdict != KEYFILE_REFUSED)
		return "starts";
	return k->mongod_refuses ? "refuses" : "may-start";
}

static void tell_verdict(struct ctl *ctl, const char *path, const struct keyfile_text *k)
{
	static const char *const words[] = {
	    [KEYFILE_GOOD] = "good", [KEYFILE_WARNED] = "warned", [KEYFILE_REFUSED] = "refused"};
	(void)json_object_set_new(ctl->doc, "file", json_string(path));
	(void)json_object_set_new(ctl->doc, "verdict", json_string(words[k->verdict]));
	(void)json_object_set_new(ctl->doc, "mongod", json_string(mongod_word(k)));
	(void)json_object_set_new(ctl->doc, "keys", json_integer(k->ring.n));
	if (k->verdict != KEYFILE_REFUSED)
		ctl_say(ctl, "%s: %s, %u key%s. mongod starts with it%s.", path,
			k->verdict == KEYFILE_GOOD ? "good" : "good, with warnings", k->ring.n,
			k->ring.n == 1 ? "" : "s",
			k->ring.n == 2 ? " and logs that it holds two keys (id 22147)" : "");
	else if (k->mongod_refuses)
		ctl_say(ctl, "%s: refused. mongod would not start with it.", path);
	else
		ctl_say(ctl,
			"%s: refused by rotad. mongod may start with it, but not as it was meant.",
			path);
	tell_findings(ctl, path, k);
}

/* mongod does not compare the owner, but it must be able to read the file: the most asked question
 * about keyfiles. */
static void tell_place(struct ctl *ctl, const struct keyfile_text *k,
		       const struct keyfile_place *place)
{
	(void)json_object_set_new(ctl->doc, "uid", json_integer(place->uid));
	(void)json_object_set_new(ctl->doc, "mode", json_integer(place->mode));
	if (k->verdict != KEYFILE_REFUSED)
		ctl_say(ctl, "Its owner is uid %u (mode %04o): mongod must run as that user%s.",
			place->uid, place->mode,
			place->mode & 040 ? ", or in the file's group" : "");
}

/* The one file argument of a verb, or NULL after a usage error. */
static const char *file_argument(struct ctl *ctl, int argc, char **argv)
{
	if (optind + 1 != argc) {
		(void)ctl_usage(ctl, optind >= argc ? "no file given" : "more than one file given");
		return NULL;
	}
	return argv[optind];
}

/* ---- the verbs ---- */

enum ctl_exit ctl_keyfile_check(struct ctl *ctl, int argc, char **argv)
{
	static const struct option longs[] = {{"percona", no_argument, NULL, 'p'},
					      {NULL, 0, NULL, 0}};
	bool is_percona = false;
	struct err err = ERR_INIT;
	int c;
	while ((c = ctl_option(ctl, argc, argv, "", longs)) != -1) {
		if (c != 'p')
			return CTL_USAGE;
		is_percona = true;
	}
	const char *path = file_argument(ctl, argc, argv);
	if (!path)
		return CTL_USAGE;
	auto_secret struct secret text = {.p = NULL};
	struct keyfile_place place;
	struct keyfile_text k = {.verdict = KEYFILE_GOOD};
	if (!read_keyfile(path, &text, &place, &err))
		return ctl_error(ctl, &err);
	if (place.is_regular && !keyfile_text_judge(text.p, text.n, &k, &err))
		return ctl_error(ctl, &err);
	keyfile_text_judge_place(&k, &place, is_percona);
	tell_verdict(ctl, path, &k);
	tell_place(ctl, &k, &place);
	enum ctl_exit code = k.verdict == KEYFILE_REFUSED ? CTL_FAILED : CTL_GOOD;
	keyfile_text_fini(&k);
	return code;
}

/* Read and judge the text alone: where permissions do not matter. Tells what is refused. */
static bool read_ring(struct ctl *ctl, const char *path, struct keyring *ret)
{
	auto_secret struct secret text = {.p = NULL};
	struct keyfile_place place;
	struct keyfile_text k = {.verdict = KEYFILE_GOOD};
	struct err err = ERR_INIT;
	if (!read_keyfile(path, &text, &place, &err) ||
	    (place.is_regular && !keyfile_text_judge(text.p, text.n, &k, &err))) {
		(void)ctl_error(ctl, &err);
		return false;
	}
	if (!place.is_regular)
		keyfile_text_judge_place(&k, &place, true);
	if (k.verdict == KEYFILE_REFUSED) {
		tell_verdict(ctl, path, &k);
		return false;
	}
	*ret = k.ring;
	return true;
}

static bool tell_fingerprints(struct ctl *ctl, const struct keyring *ring, struct err *err)
{
	json_t *all = json_array();
	(void)json_object_set_new(ctl->doc, "fingerprints", all);
	for (unsigned i = 0; i < ring->n; i++) {
		char print[KEY_FINGERPRINT_BYTES];
		if (!key_fingerprint(&ring->keys[i], print, err))
			return false;
		(void)json_array_append_new(all, json_string(print));
		ctl_say(ctl, "%s", print);
	}
	return true;
}

enum ctl_exit ctl_keyfile_fingerprint(struct ctl *ctl, int argc, char **argv)
{
	static const struct option longs[] = {{NULL, 0, NULL, 0}};
	struct keyring ring = {.n = 0};
	struct err err = ERR_INIT;
	if (ctl_option(ctl, argc, argv, "", longs) != -1)
		return CTL_USAGE;
	const char *path = file_argument(ctl, argc, argv);
	if (!path)
		return CTL_USAGE;
	if (!read_ring(ctl, path, &ring))
		return CTL_FAILED;
	(void)json_object_set_new(ctl->doc, "file", json_string(path));
	bool ok = tell_fingerprints(ctl, &ring, &err);
	keyring_fini(&ring);
	return ok ? CTL_GOOD : ctl_error(ctl, &err);
}

static bool add_new_key(struct keyring *ring, size_t bytes_n, struct err *err)
{
	auto_secret struct secret bytes = {.p = NULL};
	if (!secret_init(&bytes, NEW_BYTES_MAX, err))
		return false;
	while (bytes.n < bytes_n) {
		ssize_t n = getrandom(bytes.p + bytes.n, bytes_n - bytes.n, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, errno, "asking the kernel for random bytes");
		bytes.n += (size_t)n;
	}
	return keyfile_key_new((const unsigned char *)bytes.p, bytes.n, ring, err);
}

/* Past stdio where possible, so that no copy of the key stays in its buffer. */
static bool write_to_stream(FILE *to, const struct secret *text, struct err *err)
{
	int fd = fileno(to);
	if (fflush(to) != 0)
		return err_sys(err, errno, "writing the keyfile");
	if (fd >= 0)
		return write_all(fd, text->p, text->n, err);
	if (fwrite(text->p, 1, text->n, to) != text->n)
		return err_sys(err, errno, "writing the keyfile");
	return true;
}

static bool make_keyfile(struct ctl *ctl, struct keyring *ring, long bytes_n, const char *out,
			 struct err *err)
{
	auto_secret struct secret text = {.p = NULL};
	if (!add_new_key(ring, (size_t)bytes_n, err) || !keyfile_print(ring, &text, err))
		return false;
	if (!out)
		return write_to_stream(ctl->out, &text, err);
	if (!write_new_file(out, &text, err))
		return false;
	ctl_say(ctl, "%s: written, %u key%s, mode 0600. Its owner must be the user of mongod.", out,
		ring->n, ring->n == 1 ? "" : "s");
	(void)json_object_set_new(ctl->doc, "file", json_string(out));
	(void)json_object_set_new(ctl->doc, "keys", json_integer(ring->n));
	return tell_fingerprints(ctl, ring, err);
}

enum ctl_exit ctl_keyfile_new(struct ctl *ctl, int argc, char **argv)
{
	static const struct option longs[] = {{"bytes", required_argument, NULL, 'b'},
					      {"out", required_argument, NULL, 'o'},
					      {"keep", required_argument, NULL, 'k'},
					      {NULL, 0, NULL, 0}};
	const char *out = NULL, *keep = NULL;
	long bytes_n = KEY_BYTES_DEFAULT;
	struct keyring ring = {.n = 0};
	struct err err = ERR_INIT;
	int c;
	while ((c = ctl_option(ctl, argc, argv, "o:", longs)) != -1) {
		if (c == 'b' &&
		    !ctl_number(ctl, "--bytes", optarg, NEW_BYTES_MIN, NEW_BYTES_MAX, &bytes_n))
			return CTL_USAGE;
		if (c == '?')
			return CTL_USAGE;
		out = c == 'o' ? optarg : out;
		keep = c == 'k' ? optarg : keep;
	}
	if (optind != argc)
		return ctl_usage(ctl, "unknown argument '%s'", argv[optind]);
	/* A JSON document would hold the key in memory that nobody wipes, and in the reader's. */
	if (ctl->json && !out)
		return ctl_usage(ctl, "--json needs --out FILE: a key is never put into JSON");
	if (keep && !read_ring(ctl, keep, &ring))
		return CTL_FAILED;
	bool ok;
	if (ring.n == KEYS_PER_FILE_MAX) {
		err_subject(&err, keep);
		ok = err_set(&err, ERR_REFUSED,
			     "the file to keep the key of holds two keys already: a rotation may "
			     "be under way, and a third key has no room");
	} else {
		ok = make_keyfile(ctl, &ring, bytes_n, out, &err);
	}
	keyring_fini(&ring);
	if (ok)
		return CTL_GOOD;
	return ctl_error_with(
	    ctl, &err,
	    err.kind == ERR_CONFLICT
		? "give --out another name; a keyfile in use is replaced by rotactl "
		  "rotate keyfile"
		: NULL);
}
