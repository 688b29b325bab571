/* SPDX-License-Identifier: Apache-2.0 */
/* rotactl cert check: the preflight of a certificate, offline. Useful on day 0 and in CI: it needs
 * neither rotad nor a mongod. */
#include "cmd/ctl_cert.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "cmd/ctl_table.h"
#include "codec/x509_view.h"
#include "sys/files_durable.h"
#include "sys/host_linux.h"

enum { FILES_MAX = 16 }; /* --ca and --peer, each */

bool ctl_cert_read(const char *path, struct secret *ret, struct err *err)
{
	struct files_port files = files_durable();
	struct file_view view;
	err_subject(err, path);
	return files.ops->read_secret(files.self, path, PEM_BYTES_MAX, ret, &view, err);
}

struct str ctl_cert_str(const struct secret *s)
{
	return (struct str){.p = s->p, .n = s->n};
}

/* "db1:27017" and "[::1]:27017" of rs.conf without the port; "::1" has none. */
static struct str without_port(struct str s)
{
	const char *colon = s.n ? memrchr(s.p, ':', s.n) : NULL;
	if (s.n && s.p[0] == '[') {
		const char *end = memchr(s.p, ']', s.n);
		return end ? (struct str){.p = s.p + 1, .n = (size_t)(end - s.p) - 1} : s;
	}
	if (!colon || memchr(s.p, ':', s.n) != colon || colon + 1 == s.p + s.n)
		return s;
	for (const char *p = colon + 1; p < s.p + s.n; p++)
		if (*p < '0' || *p > '9')
			return s;
	s.n = (size_t)(colon - s.p);
	return s;
}

bool ctl_cert_add_names(struct cert_wish *wish, const char *text, struct err *err)
{
	struct str rest = str_of(text), one;
	while (str_cut(&rest, ',', &one)) {
		one = without_port(str_trim(one));
		if (!one.n)
			return err_set(err, ERR_INVALID, "an empty name in '%s'", text);
		if (wish->names_n == ARRAY_N(wish->names))
			return err_set(err, ERR_LIMIT, "more than %zu names", ARRAY_N(wish->names));
		if (!copy_str(wish->names[wish->names_n], HOST_BYTES_MAX, one))
			return err_set(err, ERR_LIMIT, "a name is longer than %d bytes",
				       HOST_BYTES_MAX - 1);
		wish->names_n++;
	}
	return true;
}

bool ctl_cert_profile(struct cert_wish *wish, const char *text, struct err *err)
{
	static const struct {
		const char *name;
		bool server, client;
	} rows[] = {{"member", true, true}, {"server", true, false}, {"client", false, true}};
	for (size_t i = 0; i < ARRAY_N(rows); i++)
		if (strcmp(text, rows[i].name) == 0) {
			wish->needs_server = rows[i].server;
			wish->needs_client = rows[i].client;
			return true;
		}
	return err_set(err, ERR_INVALID, "'%s' is none of member, server, client", text);
}

void ctl_cert_tell(struct ctl *ctl, const char *path, const struct cert_report *r, bool all)
{
	static const enum ctl_weight weights[] = {
	    [CERT_NOTE] = CTL_NOTE, [CERT_WARN] = CTL_WARN, [CERT_BAD] = CTL_REFUSE};
	static const enum cert_severity order[] = {CERT_BAD, CERT_WARN, CERT_NOTE};
	json_t *checks = json_array();
	for (unsigned i = 0; i < r->n; i++) {
		const struct cert_finding *f = &r->findings[i];
		json_t *one = json_object();
		(void)json_object_set_new(one, "check", json_string(f->check));
		(void)json_object_set_new(one, "severity",
					  json_string(cert_severity_name(f->severity)));
		(void)json_object_set_new(one, "text", json_string(f->text));
		(void)json_object_set_new(one, "advice", json_string(f->advice));
		(void)json_object_set_new(one, "askCA", json_boolean(f->is_request));
		(void)json_array_append_new(checks, one);
	}
	(void)json_object_set_new(ctl->doc, "checks", checks);
	for (size_t o = 0; o < ARRAY_N(order); o++)
		for (unsigned i = 0; i < r->n; i++) {
			const struct cert_finding *f = &r->findings[i];
			if (f->severity != order[o])
				continue;
			auto_buf struct buf you = {0};
			if (f->advice[0])
				buf_addf(&you, "%s%s", f->is_request ? "ask the CA for: " : "",
					 f->advice);
			ctl_finding(ctl, &(struct ctl_finding){.weight = weights[f->severity],
							       .name = f->check,
							       .where = path,
							       .what = f->text,
							       .you = buf_z(&you)});
		}
	for (unsigned i = 0; all && i < r->n; i++)
		if (r->findings[i].severity == CERT_GOOD)
			ctl_say(ctl, "good  %-11s %s", r->findings[i].check, r->findings[i].text);
}

/* The arguments of cert check, and the files they name. */
struct check_args {
	struct cert_wish wish;
	const char *crl_path, *password_path;
	unsigned cas_n, peers_n;
	const char *ca_paths[FILES_MAX], *peer_paths[FILES_MAX];
	struct wall now;
	struct secret pem, password, crl, cas[FILES_MAX];
	struct cert_view peers[FILES_MAX];
};

static void args_fini(struct check_args *a)
{
	secret_fini(&a->pem);
	secret_fini(&a->password);
	secret_fini(&a->crl);
	for (unsigned i = 0; i < a->cas_n; i++)
		secret_fini(&a->cas[i]);
}

static bool add_path(const char **paths, unsigned *n, const char *path, struct err *err)
{
	if (*n == FILES_MAX)
		return err_set(err, ERR_LIMIT, "more than %d files of one kind", FILES_MAX);
	paths[(*n)++] = path;
	return true;
}

static bool take_option(struct check_args *a, int c, struct err *err)
{
	if (c == 'a')
		return add_path(a->ca_paths, &a->cas_n, optarg, err);
	if (c == 'p')
		return add_path(a->peer_paths, &a->peers_n, optarg, err);
	if (c == 'h')
		return ctl_cert_add_names(&a->wish, optarg, err);
	if (c == 'f')
		return ctl_cert_profile(&a->wish, optarg, err);
	if (c == 'm')
		return span_parse(str_of(optarg), &a->wish.min_left_us, err);
	if (c == 't')
		return wall_parse_utc(str_of(optarg), &a->now, err);
	if (c == 'c')
		a->crl_path = optarg;
	else
		a->password_path = optarg;
	return true;
}

/* The first line of a file, as a person writes a password into one. */
static bool read_password(const char *path, struct secret *ret, struct err *err)
{
	if (!ctl_cert_read(path, ret, err))
		return false;
	for (size_t i = 0; i < ret->n; i++)
		if (ret->p[i] == '\n' || ret->p[i] == '\r')
			ret->n = i;
	return true;
}

static bool read_files(struct check_args *a, const char *pem_path, struct err *err)
{
	for (unsigned i = 0; i < a->cas_n; i++)
		if (!ctl_cert_read(a->ca_paths[i], &a->cas[i], err))
			return false;
	for (unsigned i = 0; i < a->peers_n; i++) {
		auto_secret struct secret pem = {0};
		if (!ctl_cert_read(a->peer_paths[i], &pem, err) ||
		    !x509_view_pem(ctl_cert_str(&pem), NULL, &a->peers[i], err))
			return err_in(err, "reading a peer's certificate");
	}
	if (a->crl_path && !ctl_cert_read(a->crl_path, &a->crl, err))
		return false;
	if (a->password_path && !read_password(a->password_path, &a->password, err))
		return false;
	return ctl_cert_read(pem_path, &a->pem, err);
}

static bool run_check(const struct check_args *a, struct cert_report *ret, struct err *err)
{
	struct cert_trust trusts[FILES_MAX];
	struct cert_peer peers[FILES_MAX];
	for (unsigned i = 0; i < a->cas_n; i++)
		trusts[i] =
		    (struct cert_trust){.who = a->ca_paths[i], .pem = ctl_cert_str(&a->cas[i])};
	for (unsigned i = 0; i < a->peers_n; i++)
		peers[i] = (struct cert_peer){.who = a->peer_paths[i],
					      .membership = a->peers[i].membership};
	const struct cert_check_input in = {.pem = ctl_cert_str(&a->pem),
					    .password = a->password.p ? &a->password : NULL,
					    .wish = &a->wish,
					    .trusts_n = a->cas_n,
					    .trusts = trusts,
					    .peers_n = a->peers_n,
					    .peers = peers,
					    .crl_pem = ctl_cert_str(&a->crl),
					    .now = a->now};
	return cert_check(&in, ret, err);
}

static enum ctl_exit tell_answer(struct ctl *ctl, const char *path, const struct cert_report *r)
{
	enum cert_severity worst = cert_report_worst(r);
	unsigned bad_n = 0, skipped_n = 0;
	auto_buf struct buf skipped = {.p = NULL};
	json_t *unchecked = json_array();
	for (unsigned i = 0; i < r->n; i++) {
		const struct cert_finding *f = &r->findings[i];
		bad_n += f->severity == CERT_BAD;
		if (!f->is_skipped)
			continue;
		buf_addf(&skipped, "%s%s", skipped_n++ ? ", " : "", f->check);
		(void)json_array_append_new(unchecked, json_string(f->check));
	}
	(void)json_object_set_new(ctl->doc, "notChecked", unchecked);
	static const char *const words[] = {[CERT_GOOD] = "good",
					    [CERT_NOTE] = "good",
					    [CERT_WARN] = "good, with warnings",
					    [CERT_BAD] = "refused"};
	(void)json_object_set_new(ctl->doc, "file", json_string(path));
	(void)json_object_set_new(ctl->doc, "verdict",
				  json_string(worst == CERT_BAD ? "refused" : "good"));
	if (bad_n)
		ctl_say(ctl, "%s: refused, %u of %u checks failed.", path, bad_n, r->n);
	else if (skipped_n)
		ctl_say(ctl, "%s: %s, %u of %u checks; not checked: %s.", path, words[worst],
			r->n - skipped_n, r->n, buf_z(&skipped));
	else
		ctl_say(ctl, "%s: %s, %u checks.", path, words[worst], r->n);
	ctl_cert_tell(ctl, path, r, true);
	return worst == CERT_BAD ? CTL_FAILED : CTL_GOOD;
}

enum ctl_exit ctl_cert_check(struct ctl *ctl, int argc, char **argv)
{
	static const struct option longs[] = {{"ca", required_argument, NULL, 'a'},
					      {"host", required_argument, NULL, 'h'},
					      {"peer", required_argument, NULL, 'p'},
					      {"crl", required_argument, NULL, 'c'},
					      {"profile", required_argument, NULL, 'f'},
					      {"min-left", required_argument, NULL, 'm'},
					      {"at", required_argument, NULL, 't'},
					      {"password-file", required_argument, NULL, 'w'},
					      {NULL, 0, NULL, 0}};
	__attribute__((cleanup(args_fini))) struct check_args a = {
	    .wish = {.needs_server = true, .needs_client = true}};
	struct host_port host = host_linux();
	struct err err = ERR_INIT;
	struct cert_report report;
	int c;
	a.now = host.ops->now(host.self);
	while ((c = ctl_option(ctl, argc, argv, "", longs)) != -1) {
		if (c == '?')
			return CTL_USAGE;
		if (!take_option(&a, c, &err))
			return ctl_usage(ctl, "%s", err.text);
	}
	if (optind + 1 != argc)
		return ctl_usage(ctl,
				 optind >= argc ? "no file given" : "more than one file given");
	if (!read_files(&a, argv[optind], &err))
		return ctl_error(ctl, &err);
	err = ERR_INIT; /* its subject was the last file read */
	if (!run_check(&a, &report, &err))
		return ctl_error(ctl, &err);
	return tell_answer(ctl, argv[optind], &report);
}
