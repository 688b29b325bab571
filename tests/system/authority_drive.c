/* SPDX-License-Identifier: Apache-2.0 */
/* One authority, driven by hand through real adapters: makes a key and a request, asks, and judges
 * the answer as rotad does before it installs one. For tests only.
 *
 * Reads one JSON object from stdin:
 * {"policy":{"type","url","mount","role","user","helper","profile","caFile","chain","certificate",
 *   "privateKey","validForUs"}, "token":T, "keyType":"P-256", "subject":S, "names":[...],
 *   "cookie":C, "timeoutUs":N}
 * and prints {"outcome","subject","names","membership","certs","pem","daysLeft","keyMatches",
 * "retryUs","cookie","error","words","us"}. usage: authority_drive PATH-OF-ROTAD-NET */
#include <stdio.h>
#include <string.h>

#include "authority/authority_table.h"
#include "codec/csr.h"
#include "codec/json_err.h"
#include "codec/json_strict.h"
#include "codec/pem.h"
#include "codec/x509_view.h"
#include "sys/files_durable.h"
#include "sys/host_linux.h"
#include "sys/http_rpc.h"
#include "sys/program_hook.h"

enum { INPUT_BYTES_MAX = 256 * 1024 };

static bool put_text(char *out, size_t out_n, const json_t *o, const char *key, struct err *err)
{
	return copy_str(out, out_n, json_str(o, key)) || err_set(err, ERR_LIMIT, "%s", key);
}

static bool policy_take(const json_t *o, struct authority_policy *p, struct err *err)
{
	*p = (struct authority_policy){.name = "corp", .valid_for_us = json_int(o, "validForUs")};
	return put_text(p->type, sizeof(p->type), o, "type", err) &&
	       put_text(p->url, sizeof(p->url), o, "url", err) &&
	       put_text(p->mount, sizeof(p->mount), o, "mount", err) &&
	       put_text(p->role, sizeof(p->role), o, "role", err) &&
	       put_text(p->user, sizeof(p->user), o, "user", err) &&
	       put_text(p->helper, sizeof(p->helper), o, "helper", err) &&
	       put_text(p->profile, sizeof(p->profile), o, "profile", err) &&
	       put_text(p->ca_file, sizeof(p->ca_file), o, "caFile", err) &&
	       put_text(p->chain, sizeof(p->chain), o, "chain", err) &&
	       put_text(p->certificate, sizeof(p->certificate), o, "certificate", err) &&
	       put_text(p->private_key, sizeof(p->private_key), o, "privateKey", err);
}

static bool wish_take(const json_t *o, struct cert_wish *w, unsigned *ret_bits, struct err *err)
{
	const json_t *names = json_object_get(o, "names");

	*w = (struct cert_wish){.needs_server = true, .needs_client = true};
	for (size_t i = 0; i < MIN(json_array_size(names), ARRAY_N(w->names)); i++) {
		const char *name = json_string_value(json_array_get(names, i));
		if (!name || !copy_z(w->names[w->names_n++], sizeof(w->names[0]), name))
			return err_set(err, ERR_INVALID, "a name");
	}
	return put_text(w->subject, sizeof(w->subject), o, "subject", err) &&
	       csr_key_type(json_str(o, "keyType"), NULL, &w->key, ret_bits, err);
}

static bool answer_put(const struct authority_answer *a, const struct secret *key, struct wall now,
		       json_t *reply, struct err *err)
{
	static const char *const outcomes[] = {[AUTHORITY_ISSUED] = "issued",
					       [AUTHORITY_WAIT] = "wait",
					       [AUTHORITY_REFUSED] = "refused"};
	struct cert_view v;
	struct pem_file f;
	auto_secret struct secret pem = {0};
	struct err why = ERR_INIT;

	(void)json_object_set_new(reply, "outcome", json_string(outcomes[a->outcome]));
	(void)json_object_set_new(reply, "retryUs", json_integer(a->retry_us));
	(void)json_object_set_new(reply, "cookie", json_string(a->cookie));
	if (a->outcome != AUTHORITY_ISSUED)
		return true;
	if (!x509_view_pem(buf_str(&a->chain_pem), NULL, &v, err) ||
	    !pem_read(buf_str(&a->chain_pem), NULL, PEM_CHAIN, &f, err))
		return false;
	(void)json_object_set_new(reply, "certs", json_integer(f.certs_n));
	pem_fini(&f);
	json_t *names = json_array();
	for (unsigned i = 0; i < v.names_n; i++)
		(void)json_array_append_new(names, json_string(v.names[i]));
	(void)json_object_set_new(reply, "names", names);
	(void)json_object_set_new(reply, "subject", json_string(v.subject));
	(void)json_object_set_new(reply, "membership", json_string(v.membership));
	(void)json_object_set_new(reply, "daysLeft",
				  json_integer((v.not_after.us - now.us) / US_DAY));
	(void)json_object_set_new(reply, "pem", json_string(buf_z(&a->chain_pem)));
	bool matches = pem_join(buf_str(&a->chain_pem), key, &pem, &why);
	(void)json_object_set_new(reply, "keyMatches", json_boolean(matches));
	return true;
}

static bool drive(const char *net_path, const json_t *o, json_t *reply, struct err *err)
{
	static struct authority authority;
	struct authority_policy policy;
	struct cert_wish wish;
	struct helper *helper = NULL;
	auto_secret struct secret key = {0};
	auto_secret struct secret token = {0};
	auto_buf struct buf csr = {0};
	struct authority_answer answer = {0};
	unsigned bits;
	struct host_port host = host_linux();
	struct str given = json_str(o, "token");

	if (!policy_take(json_object_get(o, "policy"), &policy, err) ||
	    !wish_take(o, &wish, &bits, err) || !csr_key_new(wish.key, bits, &key, err) ||
	    !csr_new(&key, &wish, &csr, err) || !helper_new("rotad-net", net_path, &helper, err) ||
	    (given.n && !secret_from(&token, given.p, given.n, err)))
		return false;
	const struct authority_parts parts = {.http = {.ops = &http_rpc_ops, .self = helper},
					      .program = {.ops = &program_hook_ops},
					      .files = files_durable(),
					      .host = host,
					      .token = given.n ? &token : NULL};
	struct wall now = host.ops->now(host.self);
	char cookie[AUTHORITY_COOKIE_BYTES];
	bool ok = put_text(cookie, sizeof(cookie), o, "cookie", err) &&
		  authority_init(&authority, &policy, &parts, err);
	const struct authority_request r = {.instance = "rs0-a",
					    .csr_pem = buf_str(&csr),
					    .wish = &wish,
					    .cookie = cookie,
					    .now = now,
					    .timeout_us = json_int(o, "timeoutUs")};
	int64_t begun = host.ops->boot(host.self).us;
	if (ok) {
		struct authority_port port = authority_port_of(&authority);
		ok = port.ops->issue(port.self, &r, &answer, err);
	}
	(void)json_object_set_new(reply, "us", json_integer(host.ops->boot(host.self).us - begun));
	ok = ok && answer_put(&answer, &key, now, reply, err);
	buf_fini(&answer.chain_pem);
	helper_free(helper);
	return ok;
}

int main(int argc, char **argv)
{
	static char text[INPUT_BYTES_MAX];
	AUTO(json_t) o = NULL;
	AUTO(json_t) reply = NULL;
	struct err err = ERR_INIT;

	json_mem_init();
	reply = json_object();
	if (argc != 2) {
		(void)fputs("usage: authority_drive PATH-OF-ROTAD-NET <JSON\n", stderr);
		return 64;
	}
	size_t n = fread(text, 1, sizeof(text), stdin);
	bool ok = json_read((struct str){.p = text, .n = n}, "stdin", &o, &err) &&
		  drive(argv[1], o, reply, &err);
	/* a refusal is an answer, with the authority's words in err */
	if (err.kind != ERR_NONE)
		(void)json_object_set_new(reply, ok ? "words" : "error", json_err_print(&err));
	AUTO(char) out = json_dumps(reply, JSON_COMPACT);
	return out && printf("%s\n", out) > 0 ? 0 : 1;
}
