/* SPDX-License-Identifier: Apache-2.0 */
/* rotactl ca init, issue, crl: a small certification authority in one folder:
 *   ca.pem      its certificate (an intermediate: followed by what is above it)
 *   ca.key      its private key, mode 0600
 *   issued.log  a line for each certificate and revocation, append-only
 * What may be signed is decided by codec/ca.c. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "cmd/ctl_cert.h"
#include "cmd/ctl_table.h"
#include "codec/ca.h"
#include "codec/csr.h"
#include "codec/dn.h"
#include "codec/pem.h"
#include "codec/x509_view.h"
#include "sys/files_durable.h"
#include "sys/host_linux.h"

#define ROOT_DEFAULT_US (3650 * US_DAY)
enum { LOG_BYTES_MAX = 4 * 1024 * 1024, LINE_BYTES = 2048, CRL_BYTES_MAX = 4 * 1024 * 1024 };

/* --- files --- */

static bool path_in(const char *folder, const char *name, char out[PATH_BYTES_MAX], struct err *err)
{
	int n = snprintf(out, PATH_BYTES_MAX, "%s/%s", folder, name);
	if (n < 0 || n >= PATH_BYTES_MAX)
		return err_set(err, ERR_LIMIT, "the path is longer than %d bytes", PATH_BYTES_MAX);
	return true;
}

static bool must_be_new(const char *path, struct err *err)
{
	struct files_port files = files_durable();
	struct file_view view;
	err_subject(err, path);
	if (!files.ops->look(files.self, path, &view, err))
		return false;
	if (view.exists)
		return err_set(err, ERR_CONFLICT, "the file exists and is not overwritten");
	return true;
}

static bool put_new(const char *path, struct str bytes, unsigned mode, struct err *err)
{
	struct files_port files = files_durable();
	const struct file_put p = {.path = path, .bytes = bytes, .mode = mode};
	if (!must_be_new(path, err))
		return false;
	return files.ops->put(files.self, &p, err);
}

static bool give_serial(struct ca_serial *ret, struct err *err)
{
	struct host_port host = host_linux();
	return host.ops->random(host.self, ret->bytes, sizeof(ret->bytes), err);
}

static struct wall now(void)
{
	struct host_port host = host_linux();
	return host.ops->now(host.self);
}

static struct ca_signer *open_folder(const char *folder, struct secret *ret_cert, struct err *err)
{
	char path[PATH_BYTES_MAX];
	auto_secret struct secret key = {0};
	if (!path_in(folder, "ca.pem", path, err) || !ctl_cert_read(path, ret_cert, err) ||
	    !path_in(folder, "ca.key", path, err) || !ctl_cert_read(path, &key, err))
		return NULL;
	struct ca_signer *ca = ca_open(ctl_cert_str(ret_cert), ctl_cert_str(&key), NULL, err);
	if (ca)
		err_subject(err, "");
	return ca;
}

static bool log_line(const char *folder, struct err *err, const char *format, ...) PRINTF(3, 4);
static bool log_line(const char *folder, struct err *err, const char *format, ...)
{
	char path[PATH_BYTES_MAX], line[LINE_BYTES];
	struct files_port files = files_durable();
	va_list args;
	va_start(args, format);
	wall_print_utc(now(), line, sizeof(line));
	size_t used = strlen(line);
	line[used++] = ' ';
	int n = vsnprintf(line + used, sizeof(line) - used, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= sizeof(line) - used)
		return err_set(err, ERR_LIMIT, "the line for issued.log is too long");
	if (!path_in(folder, "issued.log", path, err))
		return false;
	return files.ops->append(files.self, path, str_of(line), err);
}

/* --- subjects from --cn, --o, --ou --- */

struct subject_args {
	const char *subject, *cn, *o, *ou;
};

static bool make_subject(const struct subject_args *a, char out[DN_BYTES_MAX], struct err *err)
{
	auto_buf struct buf text = {.max = 8 * DN_BYTES_MAX};
	const struct {
		const char *type, *value;
	} rows[] = {{"CN", a->cn}, {"OU", a->ou}, {"O", a->o}};
	if (a->subject && (a->cn || a->o || a->ou))
		return err_set(err, ERR_INVALID, "--subject, or --cn, --o and --ou: not both");
	if (a->subject)
		buf_adds(&text, a->subject);
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		if (!rows[i].value)
			continue;
		buf_addf(&text, "%s%s=", text.n ? "," : "", rows[i].type);
		dn_escape(&text, str_of(rows[i].value));
	}
	if (!buf_ok(&text, err))
		return false;
	if (!copy_str(out, DN_BYTES_MAX, buf_str(&text)))
		return err_set(err, ERR_LIMIT, "the subject is longer than %d bytes",
			       DN_BYTES_MAX - 1);
	return true;
}

/* --- init --- */

struct init_args {
	struct subject_args subject;
	struct ca_root_wish wish;
	char dn[DN_BYTES_MAX];
};

static bool init_option(struct init_args *a, int c, struct err *err)
{
	if (c == 'c')
		a->subject.cn = optarg;
	else if (c == 'o')
		a->subject.o = optarg;
	else if (c == 'u')
		a->subject.ou = optarg;
	else if (c == 's')
		a->subject.subject = optarg;
	else if (c == 'f')
		return span_parse(str_of(optarg), &a->wish.valid_for_us, err);
	else
		return csr_key_type(str_of(optarg), NULL, &a->wish.key, &a->wish.key_bits, err);
	return true;
}

static bool init_folder(const char *folder, const struct ca_root_wish *wish, struct err *err)
{
	char cert_path[PATH_BYTES_MAX], key_path[PATH_BYTES_MAX];
	auto_secret struct secret key = {0};
	auto_buf struct buf cert = {0};
	err_subject(err, folder);
	/* First what may be refused, so that no empty folder is left behind. */
	if (!ca_root_new(wish, &key, &cert, err))
		return false;
	if (mkdir(folder, 0700) != 0 && errno != EEXIST)
		return err_sys(err, errno, "making the folder");
	if (!path_in(folder, "ca.pem", cert_path, err) || !path_in(folder, "ca.key", key_path, err))
		return false;
	if (!must_be_new(cert_path, err) || !must_be_new(key_path, err))
		return false;
	/* The key first: a certificate without its key would be of no use, and look like a CA. */
	return put_new(key_path, ctl_cert_str(&key), 0600, err) &&
	       put_new(cert_path, buf_str(&cert), 0644, err) &&
	       log_line(folder, err, "made %s", wish->subject);
}

enum ctl_exit ctl_ca_init(struct ctl *ctl, int argc, char **argv)
{
	static const struct option longs[] = {
	    {"name", required_argument, NULL, 'c'},     {"o", required_argument, NULL, 'o'},
	    {"ou", required_argument, NULL, 'u'},       {"subject", required_argument, NULL, 's'},
	    {"days", required_argument, NULL, 'd'},     {"for", required_argument, NULL, 'f'},
	    {"key-type", required_argument, NULL, 'k'}, {NULL, 0, NULL, 0}};
	struct init_args a = {.wish = {.valid_for_us = ROOT_DEFAULT_US, .now = now()}};
	struct err err = ERR_INIT;
	char ends[32];
	long days;
	int c;
	while ((c = ctl_option(ctl, argc, argv, "", longs)) != -1) {
		if (c == '?')
			return CTL_USAGE;
		if (c == 'd') {
			if (!ctl_number(ctl, "--days", optarg, 1, 10980, &days))
				return CTL_USAGE;
			a.wish.valid_for_us = days * US_DAY;
		} else if (!init_option(&a, c, &err)) {
			return ctl_usage(ctl, "%s", err.text);
		}
	}
	if (optind + 1 != argc)
		return ctl_usage(ctl, "one folder is needed");
	if (!make_subject(&a.subject, a.dn, &err))
		return ctl_usage(ctl, "%s", err.text);
	if (!a.dn[0] || (a.subject.cn && !a.subject.cn[0]))
		return ctl_usage(ctl, "--name is needed");
	a.wish.subject = a.dn;
	if (!give_serial(&a.wish.serial, &err) || !init_folder(argv[optind], &a.wish, &err))
		return ctl_error_with(ctl, &err,
				      err.kind == ERR_CONFLICT
					  ? "give another folder; a CA is never made anew in place"
					  : NULL);
	wall_print_utc(wall_add(a.wish.now, a.wish.valid_for_us), ends, sizeof(ends));
	ctl_say(ctl, "%s/ca.pem: new CA %s, ends %s.", argv[optind], a.dn, ends);
	ctl_say(ctl, "Its private key is %s/ca.key: keep a copy where no host is.", argv[optind]);
	(void)json_object_set_new(ctl->doc, "subject", json_string(a.dn));
	(void)json_object_set_new(ctl->doc, "ends", json_string(ends));
	return CTL_GOOD;
}

/* --- issue --- */

struct issue_args {
	const char *folder, *out_path, *csr_path;
	struct subject_args subject;
	struct cert_wish wish;
};

static bool issue_option(struct issue_args *a, int c, struct err *err)
{
	if (c == 'a')
		a->folder = optarg;
	else if (c == 'w')
		a->out_path = optarg;
	else if (c == 'r')
		a->csr_path = optarg;
	else if (c == 'c')
		a->subject.cn = optarg;
	else if (c == 'o')
		a->subject.o = optarg;
	else if (c == 'u')
		a->subject.ou = optarg;
	else if (c == 's')
		a->subject.subject = optarg;
	else if (c == 'f')
		return span_parse(str_of(optarg), &a->wish.valid_for_us, err);
	else if (c == 'k')
		return csr_key_type(str_of(optarg), NULL, &a->wish.key, &a->wish.key_bits, err);
	else
		return ctl_cert_add_names(&a->wish, optarg, err);
	return true;
}

static bool issue_ready(struct issue_args *a, const char *profile, struct err *err)
{
	if (!ctl_cert_profile(&a->wish, profile, err) ||
	    !make_subject(&a->subject, a->wish.subject, err))
		return false;
	if (!a->folder)
		return err_set(err, ERR_INVALID, "--ca is needed");
	if (a->wish.needs_server && !a->wish.names_n)
		return err_set(err, ERR_INVALID, "--host is needed: the name in rs.conf");
	if (!a->wish.subject[0] && !a->wish.names_n)
		return err_set(err, ERR_INVALID, "--subject or --cn is needed");
	if (a->subject.subject || a->subject.cn || !a->wish.names_n)
		return true;
	/* O and OU alone: the host is the CN, as people expect of a member's certificate. */
	a->subject.cn = strlen(a->wish.names[0]) <= 64 ? a->wish.names[0] : NULL;
	return make_subject(&a->subject, a->wish.subject, err);
}

/* The request, of a file or of a new key. */
static bool get_request(const struct issue_args *a, struct secret *ret_key, struct buf *ret_csr,
			struct err *err)
{
	if (a->csr_path) {
		auto_secret struct secret text = {0};
		if (!ctl_cert_read(a->csr_path, &text, err))
			return false;
		buf_add(ret_csr, text.p, text.n);
		return buf_ok(ret_csr, err);
	}
	return csr_key_new(a->wish.key, a->wish.key_bits, ret_key, err) &&
	       csr_new(ret_key, &a->wish, ret_csr, err);
}

/* What was made must pass what any other authority's answer must pass. */
static bool check_own(const struct issue_args *a, struct str pem, const struct secret *ca_pem,
		      struct cert_report *ret, struct err *err)
{
	struct cert_view root, own;
	struct cert_wish wish = a->wish;
	const struct cert_trust trust = {.who = "the CA", .pem = ctl_cert_str(ca_pem)};
	struct str ca_text = ctl_cert_str(ca_pem);
	if (!x509_view_pem(ca_text, NULL, &root, err))
		return err_in(err, "reading the CA's certificate");
	/* No peer is known here. */
	if (!x509_view_pem(pem, NULL, &own, err) ||
	    !copy_z(wish.membership, sizeof(wish.membership), own.membership))
		return false;
	const struct cert_check_input in = {.pem = pem,
					    .is_bare = a->csr_path != NULL,
					    .wish = &wish,
					    .trusts_n = strcmp(root.subject, root.issuer) == 0,
					    .trusts = &trust,
					    .now = now()};
	return cert_check(&in, ret, err);
}

static bool issue_make(const struct issue_args *a, struct secret *ret_pem, struct cert_view *ret,
		       struct cert_report *ret_report, struct err *err)
{
	char text[32];
	auto_secret struct secret key = {0}, ca_pem = {0};
	auto_buf struct buf csr = {0}, chain = {0};
	struct ca_serial serial;
	AUTO(ca_signer) ca = open_folder(a->folder, &ca_pem, err);
	if (!ca || !get_request(a, &key, &csr, err) || !give_serial(&serial, err))
		return false;
	if (!ca_sign_csr(ca, buf_str(&csr), &a->wish, now(), CA_LEAF_DEFAULT_US, &serial, &chain,
			 err))
		return false;
	if (a->csr_path ? !secret_from(ret_pem, chain.p, chain.n, err)
			: !pem_join(buf_str(&chain), &key, ret_pem, err))
		return false;
	return x509_view_pem(ctl_cert_str(ret_pem), NULL, ret, err) &&
	       check_own(a, ctl_cert_str(ret_pem), &ca_pem, ret_report, err) &&
	       /* Recorded before it is given out: what is not in the log was never issued. */
	       log_line(a->folder, err, "issued %s until %s %s", ret->serial,
			wall_print_utc(ret->not_after, text, sizeof(text)), ret->subject);
}

static void issue_warn(struct ctl *ctl, const struct issue_args *a, const struct cert_view *v)
{
	struct files_port files = files_durable();
	struct file_view view;
	struct err ignored = ERR_INIT; /* it was read a moment ago */
	char path[PATH_BYTES_MAX];
	if (path_in(a->folder, "ca.key", path, &ignored) &&
	    files.ops->look(files.self, path, &view, &ignored) && (view.mode & 077))
		ctl_finding(ctl, &(struct ctl_finding){.weight = CTL_WARN,
						       .name = "ca-key-open",
						       .where = path,
						       .what = "others than its owner may read the "
							       "CA's private key",
						       .you = "chmod 600 it"});
	if (a->wish.needs_server && a->wish.needs_client && !v->membership[0])
		ctl_finding(ctl,
			    &(struct ctl_finding){.weight = CTL_WARN,
						  .name = "no-membership",
						  .what = "it has no O, OU or DC: enough beside "
							  "a keyFile, never for x.509 membership",
						  .you = "--o and --ou, the same on all members"});
}

static enum ctl_exit issue_give(struct ctl *ctl, const struct issue_args *a,
				const struct secret *pem, const struct cert_view *v,
				const struct cert_report *report)
{
	struct err err = ERR_INIT;
	char ends[32];
	wall_print_utc(v->not_after, ends, sizeof(ends));
	if (a->out_path && !put_new(a->out_path, ctl_cert_str(pem), 0600, &err))
		return ctl_error(ctl, &err);
	(void)json_object_set_new(ctl->doc, "subject", json_string(v->subject));
	(void)json_object_set_new(ctl->doc, "serial", json_string(v->serial));
	(void)json_object_set_new(ctl->doc, "ends", json_string(ends));
	if (!a->out_path) {
		(void)fwrite(pem->p, 1, pem->n, ctl->out); /* ctl_main's last fflush tells */
		return CTL_GOOD;
	}
	ctl_say(ctl, "%s: %s, serial %s, ends %s.", a->out_path, v->subject, v->serial, ends);
	ctl_cert_tell(ctl, a->out_path, report, false);
	issue_warn(ctl, a, v);
	return cert_report_worst(report) == CERT_BAD ? CTL_FAILED : CTL_GOOD;
}

enum ctl_exit ctl_ca_issue(struct ctl *ctl, int argc, char **argv)
{
	static const struct option longs[] = {
	    {"ca", required_argument, NULL, 'a'},  {"host", required_argument, NULL, 'h'},
	    {"ip", required_argument, NULL, 'i'},  {"subject", required_argument, NULL, 's'},
	    {"cn", required_argument, NULL, 'c'},  {"o", required_argument, NULL, 'o'},
	    {"ou", required_argument, NULL, 'u'},  {"out", required_argument, NULL, 'w'},
	    {"for", required_argument, NULL, 'f'}, {"key-type", required_argument, NULL, 'k'},
	    {"csr", required_argument, NULL, 'r'}, {NULL, 0, NULL, 0}};
	struct issue_args a = {.folder = NULL};
	struct err err = ERR_INIT;
	auto_secret struct secret pem = {0};
	struct cert_view view;
	struct cert_report report;
	int c;
	while ((c = ctl_option(ctl, argc, argv, "", longs)) != -1) {
		if (c == '?')
			return CTL_USAGE;
		if (!issue_option(&a, c, &err))
			return ctl_usage(ctl, "%s", err.text);
	}
	if (optind + 1 != argc)
		return ctl_usage(ctl, "one of server, member, client is needed");
	if (!issue_ready(&a, argv[optind], &err))
		return ctl_usage(ctl, "%s", err.text);
	if (ctl->json && !a.out_path)
		return ctl_usage(ctl, "--json needs --out: no private key is put into JSON");
	if (a.out_path && !must_be_new(a.out_path, &err))
		return ctl_error_with(ctl, &err,
				      err.kind == ERR_CONFLICT
					  ? "give --out another name, or remove that file first"
					  : NULL);
	if (!issue_make(&a, &pem, &view, &report, &err))
		return ctl_error(ctl, &err);
	return issue_give(ctl, &a, &pem, &view, &report);
}

/* --- crl --- */

struct crl_args {
	const char *folder, *out_path, *revoke;
	int64_t for_us;
};

static bool read_log(const char *folder, struct buf *ret, struct err *err)
{
	char path[PATH_BYTES_MAX];
	struct files_port files = files_durable();
	if (!path_in(folder, "issued.log", path, err))
		return false;
	err_subject(err, path);
	return files.ops->read_text(files.self, path, LOG_BYTES_MAX, ret, NULL, err);
}

/* "TIME VERB SERIAL ...": a line of issued.log; false when it is of another kind. */
static bool log_row(struct str line, const char *verb, struct wall *ret_at, struct str *ret_serial)
{
	struct str at, word;
	struct err ignored = ERR_INIT; /* a line that is none is passed over */
	return str_cut(&line, ' ', &at) && str_cut(&line, ' ', &word) && str_equal_z(word, verb) &&
	       str_cut(&line, ' ', ret_serial) && wall_parse_utc(at, ret_at, &ignored);
}

static bool log_has(const struct buf *log, const char *verb, const char *serial)
{
	struct str rest = buf_str(log), line, found;
	struct wall at;
	while (str_cut(&rest, '\n', &line))
		if (log_row(line, verb, &at, &found) && str_equal_z(found, serial))
			return true;
	return false;
}

/* The serial of a certificate's file, or the text itself. */
static bool revoked_serial(const char *text, char out[64], struct err *err)
{
	struct cert_view v;
	auto_secret struct secret pem = {0};
	if (strspn(text, "0123456789ABCDEFabcdef") == strlen(text) && copy_z(out, 64, text)) {
		for (char *p = out; *p; p++)
			if (*p >= 'a' && *p <= 'f')
				*p = (char)(*p - 'a' + 'A');
		return true;
	}
	if (!ctl_cert_read(text, &pem, err) || !x509_view_pem(ctl_cert_str(&pem), NULL, &v, err))
		return err_in(err, "finding the serial number to revoke");
	return copy_z(out, 64, v.serial);
}

static bool revoke_one(const struct crl_args *a, struct buf *log, struct err *err)
{
	char serial[64], text[32];
	if (!revoked_serial(a->revoke, serial, err))
		return false;
	if (!log_has(log, "issued", serial))
		return err_set(err, ERR_NOT_FOUND, "this CA has issued no certificate %s", serial);
	if (log_has(log, "revoked", serial))
		return true;
	wall_print_utc(now(), text, sizeof(text));
	buf_addf(log, "%s revoked %s\n", text, serial);
	return log_line(a->folder, err, "revoked %s", serial);
}

static bool crl_make(const struct crl_args *a, struct buf *out, unsigned *ret_n, struct err *err)
{
	auto_buf struct buf log = {.max = LOG_BYTES_MAX + LINE_BYTES};
	auto_secret struct secret ca_pem = {0};
	auto_free struct ca_revoked *list = NULL;
	struct str rest, line, serial;
	unsigned n = 0;
	AUTO(ca_signer) ca = open_folder(a->folder, &ca_pem, err);
	if (!ca || !read_log(a->folder, &log, err) || (a->revoke && !revoke_one(a, &log, err)))
		return false;
	list = calloc(CA_REVOKED_MAX, sizeof(*list));
	if (!list)
		return err_set(err, ERR_MEMORY, "making a CRL");
	rest = buf_str(&log);
	while (str_cut(&rest, '\n', &line)) {
		struct wall at;
		if (!log_row(line, "revoked", &at, &serial))
			continue;
		if (n == CA_REVOKED_MAX)
			return err_set(err, ERR_LIMIT, "more than %d revoked certificates",
				       CA_REVOKED_MAX);
		list[n].at = at;
		if (!copy_str(list[n].serial, sizeof(list[n].serial), serial))
			return err_set(err, ERR_SYNTAX, "issued.log has a serial that is too long");
		n++;
	}
	/* Microseconds rise from one CRL to the next without a counter that could be lost. */
	*ret_n = n;
	return ca_sign_crl(ca, list, n, (uint64_t)now().us, now(), a->for_us, out, err);
}

static unsigned count_of(struct str text, const char *word)
{
	const char *at = text.p, *end = text.p + text.n;
	unsigned n = 0;
	while (at && (at = memmem(at, (size_t)(end - at), word, strlen(word)))) {
		n++;
		at += strlen(word);
	}
	return n;
}

/* A CRL is renewed in place: the file that mongod reads stays the same. Whatever else stands there
 * is somebody's key or certificate. */
static bool may_become_crl(const char *path, struct err *err)
{
	struct files_port files = files_durable();
	struct file_view view;
	auto_secret struct secret old = {0};
	err_subject(err, path);
	if (!files.ops->look(files.self, path, &view, err))
		return false;
	if (!view.exists)
		return true;
	if (!files.ops->read_secret(files.self, path, CRL_BYTES_MAX, &old, NULL, err))
		return false;
	const struct str text = {.p = old.p, .n = old.n};
	if (text.n == 0 ||
	    (count_of(text, "-----BEGIN ") == 1 && count_of(text, "-----BEGIN X509 CRL-----") == 1))
		return true;
	return err_set(err, ERR_CONFLICT,
		       "the file is there and is no CRL (one block BEGIN X509 CRL): it is not "
		       "overwritten");
}

/* Nobody believes a CRL longer than the CA that signed it. */
static bool cap_crl(struct ctl *ctl, struct crl_args *a, struct err *err)
{
	char path[PATH_BYTES_MAX];
	struct cert_view v;
	auto_secret struct secret pem = {0};
	if (!path_in(a->folder, "ca.pem", path, err) || !ctl_cert_read(path, &pem, err) ||
	    !x509_view_pem(ctl_cert_str(&pem), NULL, &v, err))
		return false;
	const int64_t left_us = v.not_after.us - now().us;
	if (left_us <= 0)
		return err_set(err, ERR_REFUSED, "the CA has ended: nobody would believe its CRL");
	err_subject(err, "");
	if (a->for_us <= left_us)
		return true;
	a->for_us = left_us;
	ctl_finding(ctl, &(struct ctl_finding){.weight = CTL_NOTE,
					       .name = "crl-end",
					       .what = "the CA itself ends sooner than --for says: "
						       "the CRL ends with it"});
	return true;
}

enum ctl_exit ctl_ca_crl(struct ctl *ctl, int argc, char **argv)
{
	static const struct option longs[] = {{"ca", required_argument, NULL, 'a'},
					      {"revoke", required_argument, NULL, 'r'},
					      {"for", required_argument, NULL, 'f'},
					      {"out", required_argument, NULL, 'w'},
					      {NULL, 0, NULL, 0}};
	struct crl_args a = {.for_us = CA_CRL_DEFAULT_US};
	struct files_port files = files_durable();
	struct err err = ERR_INIT;
	auto_buf struct buf crl = {0};
	char ends[32];
	unsigned n = 0;
	int c;
	while ((c = ctl_option(ctl, argc, argv, "", longs)) != -1) {
		if (c == '?')
			return CTL_USAGE;
		if (c == 'a')
			a.folder = optarg;
		else if (c == 'r')
			a.revoke = optarg;
		else if (c == 'w')
			a.out_path = optarg;
		else if (!span_parse(str_of(optarg), &a.for_us, &err) || a.for_us <= 0)
			return ctl_usage(ctl, "--for needs a time, as 30d");
	}
	if (optind != argc || !a.folder)
		return ctl_usage(ctl, "--ca is needed, and nothing else than options");
	if (a.out_path && !may_become_crl(a.out_path, &err))
		return ctl_error_with(ctl, &err,
				      "give --out another name, or remove that file first");
	err_subject(&err, "");
	if (!cap_crl(ctl, &a, &err) || !crl_make(&a, &crl, &n, &err))
		return ctl_error(ctl, &err);
	wall_print_utc(wall_add(now(), a.for_us), ends, sizeof(ends));
	(void)json_object_set_new(ctl->doc, "revoked", json_integer((json_int_t)n));
	(void)json_object_set_new(ctl->doc, "ends", json_string(ends));
	if (!a.out_path) {
		ctl_say(ctl, "%.*s", (int)crl.n - 1, buf_z(&crl));
		(void)json_object_set_new(ctl->doc, "crl", json_string(buf_z(&crl)));
		return CTL_GOOD;
	}
	const struct file_put p = {.path = a.out_path, .bytes = buf_str(&crl), .mode = 0644};
	err_subject(&err, a.out_path);
	if (!files.ops->put(files.self, &p, &err))
		return ctl_error(ctl, &err);
	ctl_say(ctl, "%s: %u revoked, ends %s.", a.out_path, n, ends);
	return CTL_GOOD;
}
