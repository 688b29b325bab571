/* SPDX-License-Identifier: Apache-2.0 */
/* rotactl cert request, cert import: what a person carries to a CA and back, for an authority of
 * type manual. Checks are the daemon's. */
#include <string.h>

#include "base/cleanup.h"
#include "cmd/ctl_cert.h"
#include "cmd/ctl_daemon.h"
#include "cmd/ctl_file.h"
#include "cmd/ctl_table.h"
#include "cmd/ctl_view.h"
#include "codec/json_mem.h"

/* Days as a person asks for them; nothing where the authority decides. */
static void say_days(struct ctl *ctl, const char *label, int64_t days)
{
	if (days)
		view_row(ctl, 14, label, "%lld days", (long long)days);
}

/* For the ticket: what the CA's people have to put into it, in their words. */
static void tell_sheet(struct ctl *ctl, const json_t *r)
{
	const json_t *names = json_object_get(r, "names");
	auto_buf struct buf san = {.p = NULL};
	for (size_t i = 0; i < json_array_size(names); i++)
		buf_addf(&san, "%s%s", i ? ", " : "", json_string_value(json_array_get(names, i)));
	ctl_say(ctl, "Certificate request for a member of a MongoDB replica set");
	view_row(ctl, 14, "  Member      ", "%s of %s", view_text(r, "member"),
		 view_text(r, "cluster"));
	view_row(ctl, 14, "  Subject     ", "%s", view_text(r, "subject"));
	view_row(ctl, 14, "  O, OU, DC   ", "%s: exactly these, as all members have them",
		 view_text(r, "membership")[0] ? view_text(r, "membership") : "none");
	view_row(ctl, 14, "  SAN         ", "%s: each of them", buf_z(&san));
	view_row(ctl, 14, "  Usage       ", "extended key usage %s, or none at all",
		 view_text(r, "usage"));
	view_row(ctl, 14, "  Key         ", "%s, made on the host; it does not leave it",
		 view_text(r, "keyType"));
	say_days(ctl, "  Valid       ", view_int(r, "validDays"));
	say_days(ctl, "  At least    ", view_int(r, "leastDays"));
	if (view_text(r, "inUseSerial")[0])
		view_row(ctl, 14, "  Replaces    ", "serial %s, which ends %s",
			 view_text(r, "inUseSerial"), view_text(r, "inUseEnds"));
	view_row(ctl, 14, "  CSR         ", "SHA-256 of its text %s", view_text(r, "csrDigest"));
	view_row(ctl, 14, "  Wanted      ",
		 "the certificate as PEM, with the intermediates up to the root");
	ctl_say(ctl, "%s", "");
}

enum ctl_exit ctl_cert_request(struct ctl *ctl, int argc, char **argv)
{
	static const struct option longs[] = {VIEW_PICK_OPTIONS,
					      {"sheet", no_argument, NULL, 's'},
					      {"csr-out", required_argument, NULL, 'o'},
					      {NULL, 0, NULL, 0}};
	struct view_pick pick = {.instance = NULL};
	const char *out = NULL;
	bool is_sheet = false;
	struct err err = ERR_INIT;
	const json_t *instance;
	struct wall now;
	AUTO(json_t) doc = NULL;
	AUTO(json_t) body = NULL;
	AUTO(json_t) answer = NULL;
	int c;
	while ((c = ctl_option(ctl, argc, argv, "", longs)) != -1) {
		if (view_pick_take(&pick, c))
			continue;
		if (c == 's')
			is_sheet = true;
		else if (c == 'o')
			out = optarg;
		else
			return CTL_USAGE;
	}
	if (optind < argc)
		return ctl_usage(ctl, "cert request takes no argument");
	enum ctl_exit code = view_open_one(ctl, &pick, &doc, &instance, &now);
	if (code != CTL_GOOD)
		return code;
	body = json_pack("{s:s}", "instance", view_text(instance, "instance"));
	code = ctl_ask(ctl, "GET", "/v1/cert/request", body, DAEMON_ROUND_S * US_S, &answer);
	if (code != CTL_GOOD)
		return code;
	view_to_doc(ctl, answer);
	if (out && !ctl_write_new(out, str_of(view_text(answer, "csr")), 0644, &err))
		return ctl_error(ctl, &err);
	if (is_sheet)
		tell_sheet(ctl, answer);
	if (out)
		ctl_say(ctl, "The request is in %s. Then: rotactl cert import FILE", out);
	else if (!ctl->json)
		fputs(view_text(answer, "csr"), ctl->out); /* a failure shows in ctl_main's */
	return CTL_GOOD;
}

enum ctl_exit ctl_cert_import(struct ctl *ctl, int argc, char **argv)
{
	static const struct option longs[] = {
	    VIEW_PICK_OPTIONS, {"reason", required_argument, NULL, 'r'}, {NULL, 0, NULL, 0}};
	struct view_pick pick = {.instance = NULL};
	const char *reason = "";
	struct err err = ERR_INIT;
	const json_t *instance;
	struct wall now;
	auto_secret struct secret pem = {.p = NULL};
	AUTO(json_t) doc = NULL;
	AUTO(json_t) body = NULL;
	AUTO(json_t) answer = NULL;
	int c;
	while ((c = ctl_option(ctl, argc, argv, "", longs)) != -1) {
		if (view_pick_take(&pick, c))
			continue;
		if (c == 'r')
			reason = optarg;
		else
			return CTL_USAGE;
	}
	if (optind + 1 != argc)
		return ctl_usage(ctl, "one file is wanted: what the CA gave");
	if (!ctl_cert_read(argv[optind], &pem, &err))
		return ctl_error(ctl, &err);
	/* The key was made on the host and never left it: one in this file is of something else. */
	if (memmem(pem.p, pem.n, "PRIVATE KEY", 11)) {
		(void)err_set(&err, ERR_REFUSED, "there is a private key in it");
		err_subject(&err, argv[optind]);
		return ctl_error_with(ctl, &err,
				      "give the certificate that the CA made of the CSR, without a "
				      "key; who made that key knows it");
	}
	enum ctl_exit code = view_open_one(ctl, &pick, &doc, &instance, &now);
	if (code != CTL_GOOD)
		return code;
	body = json_pack("{s:s, s:s%, s:s}", "instance", view_text(instance, "instance"), "pem",
			 pem.p, pem.n, "reason", reason);
	if (!body)
		return ctl_usage(ctl, "the file is no PEM, or --reason is no UTF-8");
	code = ctl_ask(ctl, "POST", "/v1/cert/import", body, DAEMON_ROUND_S * US_S, &answer);
	if (code != CTL_GOOD)
		return code;
	view_to_doc(ctl, answer);
	view_row(
	    ctl, 0, "",
	    "Serial %s passed every check of this host. It is shown to each peer and loaded in "
	    "its turn, without a restart: rotactl status",
	    view_text(answer, "serial"));
	return CTL_GOOD;
}
