/* SPDX-License-Identifier: Apache-2.0 */
/* The three calls (log in, sign, give the token back) and what Vault's refusals mean for who can
 * mend them. */
#include "authority/authority_vault.h"

#include <inttypes.h>
#include <string.h>

#include "authority/authority_answer.h"
#include "base/cleanup.h"
#include "codec/dn.h"
#include "codec/json_strict.h"
#include "codec/ossl.h"

#define VAULT_TIMEOUT_US (30 * US_S)
#define VAULT_REFUSED_US (24 * US_H) /* until a refused request is tried once more */
enum {
	VAULT_ANSWER_BYTES_MAX = 512 * 1024,
	VAULT_URL_BYTES = CONF_PATH_BYTES_MAX + 2 * NAME_BYTES_MAX + 64,
	WORDS_BYTES = 360
};

/* ---- begin ---- */

/* A path of the API: names separated by single slashes. */
static bool path_holds(const char *path)
{
	if (!path[0] || path[0] == '/' || path[strlen(path) - 1] == '/' || strstr(path, "//") ||
	    strstr(path, ".."))
		return false;
	return !path[strspn(path, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				  "0123456789._-/")];
}

static const char *mount_of(const struct authority_policy *p)
{
	return p->mount[0] ? p->mount : "pki";
}

bool authority_vault_init(struct authority_vault *ret, const struct authority_policy *policy,
			  const struct secret *token, const struct http_port *http, struct err *err)
{
	if (!policy->url[0])
		return err_set(err, ERR_INVALID, "authority \"%s\" has no url", policy->name);
	if (!path_holds(mount_of(policy)))
		return err_set(err, ERR_INVALID, "authority \"%s\": mount is no path of Vault's",
			       policy->name);
	if (!path_holds(policy->role) || strchr(policy->role, '/'))
		return err_set(err, ERR_INVALID, "authority \"%s\": role is missing or no name",
			       policy->name);
	if (!token || !token->n)
		return err_set(err, ERR_INVALID, "authority \"%s\" has no token", policy->name);
	*ret = (struct authority_vault){.policy = policy, .token = token, .http = *http};
	return true;
}

/* ---- one call ---- */

struct call {
	const char *path;   /* behind /v1/ */
	struct str token;   /* may be empty */
	const json_t *body; /* or NULL */
	int64_t timeout_us;
};

static const char *or_null(const char *z)
{
	return z[0] ? z : NULL;
}

static bool vault_call(const struct authority_vault *a, const struct call *c,
		       struct http_response *ret, struct err *err)
{
	char url[VAULT_URL_BYTES];
	auto_wiped_buf struct buf body = {0};
	struct str base = str_of(a->policy->url);
	struct http_request r = {.method = "POST",
				 .url = url,
				 .ca_file = or_null(a->policy->ca_file),
				 .client_pem = or_null(a->policy->certificate),
				 .timeout_us = c->timeout_us,
				 .body_max = VAULT_ANSWER_BYTES_MAX,
				 .headers_n = 2,
				 .headers = {{"content-type", "application/json"},
					     /* Vault Agent's require_request_header */
					     {"x-vault-request", "true"}}};
	while (base.n && base.p[base.n - 1] == '/')
		base.n--;
	int n = snprintf(url, sizeof(url), "%.*s/v1/%s", (int)base.n, base.p, c->path);
	if (n < 0 || (size_t)n >= sizeof(url))
		return err_set(err, ERR_LIMIT, "the URL is too long");
	if (c->token.n) {
		struct http_header *h = &r.headers[r.headers_n++];
		if (!copy_z(h->name, sizeof(h->name), "x-vault-token") ||
		    !copy_str(h->value, sizeof(h->value), c->token))
			return err_set(err, ERR_INVALID, "the token is longer than %zu bytes",
				       sizeof(h->value) - 1);
	}
	if (c->body)
		json_print(c->body, &body);
	bool ok = buf_ok(&body, err);
	r.body = buf_str(&body);
	ok = ok && a->http.ops->exchange(a->http.self, &r, ret, err);
	wipe(r.headers, sizeof(r.headers));
	return ok;
}

/* What the operator of the CA (or of rotad) can do about it. */
static const char *advice_of(const char *words)
{
	static const struct {
		const char *part, *advice;
	} rows[] = {
	    /* the first row that fits */
	    {"requires keys of type",
	     "the role's key_type fixes the kind of key: set it to \"any\", "
	     "or certificates.keyType to that kind"},
	    {"requires a minimum of", "the role's key_bits wants a larger key: see "
				      "certificates.keyType"},
	    {"role requires", "the role and certificates.keyType disagree"},
	    {"common name", "the role does not allow this name: see its allowed_domains, "
			    "allow_bare_domains, allow_subdomains"},
	    {"subject alternate name",
	     "the role does not allow this name: see its allowed_domains, "
	     "allow_bare_domains, allow_subdomains"},
	    {"IP Subject Alternative", "the role does not allow addresses: see allow_ip_sans"},
	    {"not allowed by this role", "see allowed_domains and its like of the role"},
	    {"unknown role", "the PKI engine has no such role: see role"},
	    {"no handler for route", "nothing is mounted there: see mount"},
	    {"unsupported path", "nothing is mounted there: see mount"},
	    {"no default issuer", "the PKI engine has no CA yet"},
	    {"cannot satisfy request, as TTL", "it asks for longer than the CA itself lasts: renew "
					       "the CA, or lower issues.for"},
	    {"permission denied", "the token's policy must allow \"update\" on MOUNT/sign/ROLE, "
				  "or the token has ended"},
	    {"invalid role or secret ID", "the AppRole's role id (user) or secret id (token) is "
					  "wrong or used up"},
	    {"invalid secret id", "the AppRole's secret id (token) is wrong or used up"},
	    {"invalid role ID", "the AppRole's role id (user) is wrong"},
	    {"bad token", "the token has ended or was revoked"},
	    {"invalid token", "the token has ended or was revoked"},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++)
		if (strcasestr(words, rows[i].part))
			return rows[i].advice;
	return "";
}

/* {"errors":["..."]}, joined; else nothing. */
static void words_of(const struct http_response *r, char *out, size_t out_n)
{
	AUTO(json_t) o = NULL;
	auto_buf struct buf all = {0};
	struct err why = ERR_INIT;
	size_t i;
	const json_t *v;

	out[0] = '\0';
	if (!json_read(buf_str(&r->body), "an error", &o, &why))
		return;
	json_array_foreach(json_object_get(o, "errors"), i, v)
	{
		if (json_is_string(v))
			buf_addf(&all, "%s%s", all.n ? "; " : "", json_string_value(v));
	}
	answer_words(buf_str(&all), out, out_n);
}

/* An answer that is not 200: true when asking again the same way will not help. */
static bool is_refusal(const struct http_response *r, const char *what, struct err *err)
{
	char words[WORDS_BYTES];

	words_of(r, words, sizeof(words));
	const char *advice = advice_of(words);
	/* 412: a follower that is behind; 429, 473: a standby; 503: sealed. */
	bool is_refusal = r->status >= 400 && r->status <= 499 && r->status != 408 &&
			  r->status != 412 && r->status != 429 && r->status < 470;
	(void)err_set(err, is_refusal ? ERR_REFUSED : ERR_UNREACHABLE, "%s: status %d%s%s%s%s%s",
		      what, r->status, words[0] ? ": " : "", words, advice[0] ? " (" : "", advice,
		      advice[0] ? ")" : "");
	return is_refusal;
}

/* ---- log in, sign, give back ---- */

/* The client token, into *ret: end with secret_fini(). *ret_refused: the login was refused (err set
 * too). */
static bool log_in(const struct authority_vault *a, int64_t timeout_us, struct secret *ret,
		   bool *ret_refused, struct err *err)
{
	struct str secret = str_trim((struct str){.p = a->token->p, .n = a->token->n});
	struct http_response r = {0};

	if (!a->policy->user[0])
		return secret_from(ret, secret.p, secret.n, err);
	AUTO(json_t)
	body = json_pack("{s:s,s:s%}", "role_id", a->policy->user, "secret_id", secret.p, secret.n);
	if (!body)
		return err_set(err, ERR_INVALID, "the AppRole's secret id is no text");
	const struct call c = {
	    .path = "auth/approle/login", .body = body, .timeout_us = timeout_us};
	if (!vault_call(a, &c, &r, err))
		return err_in(err, "logging in by AppRole");
	auto_wiped_buf struct buf answer = r.body;
	if (r.status != 200) {
		*ret_refused = is_refusal(&r, "the AppRole login was refused", err);
		return false;
	}
	AUTO(json_t) o = NULL;
	if (!json_read(buf_str(&answer), "Vault's answer to the login", &o, err))
		return false;
	struct str token = json_str(json_object_get(o, "auth"), "client_token");
	if (!token.n)
		return err_set(err, ERR_PROTOCOL, "Vault's answer to the login holds no token");
	return secret_from(ret, token.p, token.n, err);
}

/* The common name of an RFC 2253 subject; "" when there is none. */
static void common_name(const char *subject, char *out, size_t out_n)
{
	struct err why = ERR_INIT;
	X509_NAME *name = dn_parse(str_of(subject), &why);

	out[0] = '\0';
	if (!name)
		return;
	int i = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
	unsigned char *utf8 = NULL;
	int n = i < 0 ? -1
		      : ASN1_STRING_to_UTF8(&utf8,
					    X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, i)));
	if (n > 0 && !copy_str(out, out_n, (struct str){.p = (char *)utf8, .n = (size_t)n}))
		out[0] = '\0';
	OPENSSL_free(utf8);
	X509_NAME_free(name);
}

static bool is_address(const char *name)
{
	return strchr(name, ':') || !name[strspn(name, "0123456789.")];
}

/* The role may read these or the CSR's own, as use_csr_common_name and use_csr_sans say: both say
 * the same. */
static json_t *sign_body(const struct authority_vault *a, const struct authority_request *r,
			 struct err *err)
{
	auto_buf struct buf names = {0};
	auto_buf struct buf addresses = {0};
	char cn[DN_BYTES_MAX];
	const struct cert_wish *w = r->wish;
	int64_t valid_us = w->valid_for_us ? w->valid_for_us : a->policy->valid_for_us;

	common_name(w->subject, cn, sizeof(cn));
	for (unsigned i = 0; i < w->names_n; i++) {
		struct buf *to = is_address(w->names[i]) ? &addresses : &names;
		buf_addf(to, "%s%s", to->n ? "," : "", w->names[i]);
	}
	json_t *body = json_pack("{s:o,s:s,s:s,s:s,s:b}", "csr", json_of_bytes(r->csr_pem),
				 "format", "pem", "alt_names", buf_z(&names), "ip_sans",
				 buf_z(&addresses), "exclude_cn_from_sans", 1);
	if (!body || names.failed || addresses.failed) {
		json_decref(body);
		(void)err_set(err, ERR_MEMORY, "no memory for a request");
		return NULL;
	}
	const char *name = cn[0] ? cn : w->names_n ? w->names[0] : "";
	(void)json_object_set_new(body, "common_name", json_string(name)); /* from the CSR else */
	if (valid_us > 0)
		(void)json_object_set_new(body, "ttl", /* the role's default else */
					  json_sprintf("%" PRId64 "s", valid_us / US_S));
	return body;
}

static bool chain_of(struct str answer, struct authority_answer *ret, struct err *err)
{
	AUTO(json_t) o = NULL;
	auto_buf struct buf text = {.max = PEM_BYTES_MAX};
	struct buf chain;
	unsigned certs_n;
	size_t i;
	const json_t *v;

	if (!json_read(answer, "Vault's answer", &o, err))
		return false;
	const json_t *data = json_object_get(o, "data");
	struct str leaf = json_str(data, "certificate");
	if (!leaf.n)
		return err_set(err, ERR_PROTOCOL, "Vault's answer holds no certificate");
	buf_add(&text, leaf.p, leaf.n);
	buf_addc(&text, '\n');
	const json_t *list = json_object_get(data, "ca_chain");
	json_array_foreach(list, i, v)
	{
		buf_adds(&text, json_is_string(v) ? json_string_value(v) : "");
		buf_addc(&text, '\n');
	}
	if (!json_array_size(list)) {
		struct str issuer = json_str(data, "issuing_ca");
		buf_add(&text, issuer.p, issuer.n);
	}
	if (!buf_ok(&text, err) || !answer_chain(buf_str(&text), &chain, &certs_n, err))
		return false;
	*ret = (struct authority_answer){.outcome = AUTHORITY_ISSUED, .chain_pem = chain};
	return true;
}

static bool sign(const struct authority_vault *a, const struct authority_request *q,
		 struct str token, int64_t timeout_us, struct authority_answer *ret,
		 bool *ret_refused, struct err *err)
{
	char path[2 * NAME_BYTES_MAX + 16];
	struct http_response r = {0};
	AUTO(json_t) body = sign_body(a, q, err);

	if (!body)
		return false;
	snprintf(path, sizeof(path), "%s/sign/%s", mount_of(a->policy), a->policy->role);
	const struct call c = {
	    .path = path, .token = token, .body = body, .timeout_us = timeout_us};
	if (!vault_call(a, &c, &r, err))
		return false;
	auto_wiped_buf struct buf answer = r.body;
	if (r.status != 200) {
		*ret_refused = is_refusal(&r, "it did not sign", err);
		return false;
	}
	return chain_of(buf_str(&answer), ret, err);
}

/* An AppRole's token is given back, so that none pile up; should that fail it ends by itself. */
static void log_out(const struct authority_vault *a, struct str token, int64_t timeout_us)
{
	struct http_response r = {0};
	struct err why = ERR_INIT;
	const struct call c = {
	    .path = "auth/token/revoke-self", .token = token, .timeout_us = timeout_us};
	if (a->policy->user[0] && vault_call(a, &c, &r, &why))
		buf_wipe(&r.body);
}

static bool issue(void *self, const struct authority_request *r, struct authority_answer *ret,
		  struct err *err)
{
	const struct authority_vault *a = self;
	auto_secret struct secret token = {0};
	bool is_refused = false;
	int64_t timeout_us = r->timeout_us           ? r->timeout_us
			     : a->policy->timeout_us ? a->policy->timeout_us
						     : VAULT_TIMEOUT_US;

	bool ok = log_in(a, timeout_us, &token, &is_refused, err);
	if (ok) {
		struct str t = {.p = token.p, .n = token.n};
		ok = sign(a, r, t, timeout_us, ret, &is_refused, err);
		log_out(a, t, timeout_us);
	}
	if (ok)
		return true;
	(void)err_in(err, "asking authority \"%s\"", a->policy->name);
	if (!is_refused)
		return false;
	*ret =
	    (struct authority_answer){.outcome = AUTHORITY_REFUSED, .retry_us = VAULT_REFUSED_US};
	return true;
}

const struct authority_ops authority_vault_ops = {
    .name = "vault",
    .subject_note = "O and OU come from the role (organization, ou), not from the request: they "
		    "must be those of the members; the role's key_type must allow the kind of key.",
    .issue = issue,
};
