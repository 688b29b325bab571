/* SPDX-License-Identifier: Apache-2.0 */
/* One call of a helper: its environment, and the meaning of its exit code and output. */
#include "authority/authority_exec.h"

#include <string.h>

#include "authority/authority_answer.h"
#include "base/cleanup.h"
#include "codec/json_strict.h"

#define EXEC_TIMEOUT_US (60 * US_S)
#define EXEC_WAIT_US (1 * US_H)      /* exit code 1 leaves the time to us */
#define EXEC_WAIT_MIN_US (30 * US_S) /* a helper's own wish (exit code 5), clamped */
#define EXEC_WAIT_MAX_US (7 * US_DAY)
#define EXEC_REFUSED_US (24 * US_H) /* until a refused request is tried once more */
enum { ENV_BYTES_MAX = 64 * 1024, WORDS_BYTES = 480 };

bool authority_exec_init(struct authority_exec *ret, const struct authority_policy *policy,
			 const struct program_port *program, struct err *err)
{
	struct str rest, part;
	unsigned n = 0;

	*ret = (struct authority_exec){.policy = policy, .program = *program};
	if (policy->helper[0] != '/')
		return err_set(err, ERR_INVALID, "helper must be an absolute path");
	if (!copy_z(ret->helper, sizeof(ret->helper), policy->helper))
		return err_set(err, ERR_LIMIT, "helper is too long");
	rest = str_of(ret->helper);
	while (str_cut(&rest, ' ', &part)) {
		if (!part.n)
			continue;
		if (n == PROGRAM_ARGS_MAX)
			return err_set(err, ERR_LIMIT, "helper has more than %d arguments",
				       PROGRAM_ARGS_MAX - 1);
		char *p = ret->helper + (part.p - ret->helper);
		p[part.n] = '\0'; /* the space, or the end that is there */
		ret->argv[n++] = p;
	}
	return true;
}

/* ---- the environment ---- */

/* NAME=value texts, one behind the other. */
struct env {
	struct buf bytes;
	size_t at[PROGRAM_ENV_MAX];
	unsigned n;
};

static void env_add(struct env *e, const char *name, struct str value)
{
	if (!value.n)
		return;
	ASSERT(e->n < PROGRAM_ENV_MAX);
	e->at[e->n++] = e->bytes.n;
	buf_addf(&e->bytes, "%s=", name);
	buf_add(&e->bytes, value.p, value.n);
	buf_addc(&e->bytes, '\0');
}

/* Digits and dots, or a colon: what the CSR's writer took for an address. */
static bool is_address(const char *name)
{
	return strchr(name, ':') || !name[strspn(name, "0123456789.")];
}

static void names_join(const struct cert_wish *w, bool want_addresses, struct buf *out)
{
	for (unsigned i = 0; i < w->names_n; i++)
		if (is_address(w->names[i]) == want_addresses)
			buf_addf(out, "%s%s", out->n ? "\n" : "", w->names[i]);
}

static const char *key_type_of(enum cert_key key)
{
	static const char *const names[CERT_KEY_N] = {
	    [CERT_KEY_UNKNOWN] = "", [CERT_KEY_RSA] = "RSA",         [CERT_KEY_P256] = "EC",
	    [CERT_KEY_P384] = "EC",  [CERT_KEY_ED25519] = "ED25519",
	};
	ASSERT(key < CERT_KEY_N);
	return names[key];
}

static void env_fill(const struct authority_exec *a, const struct authority_request *r,
		     struct env *e)
{
	auto_buf struct buf hosts = {0};
	auto_buf struct buf addresses = {0};
	bool is_poll = r->cookie[0];

	names_join(r->wish, false, &hosts);
	names_join(r->wish, true, &addresses);
	env_add(e, "CERTMONGER_OPERATION", is_poll ? STR("POLL") : STR("SUBMIT"));
	env_add(e, "CERTMONGER_CSR", r->csr_pem);
	env_add(e, "CERTMONGER_CA_COOKIE", str_of(r->cookie));
	env_add(e, "CERTMONGER_CA_NICKNAME", str_of(a->policy->name));
	env_add(e, "CERTMONGER_CA_PROFILE", str_of(a->policy->profile));
	env_add(e, "CERTMONGER_REQ_SUBJECT", str_of(r->wish->subject));
	env_add(e, "CERTMONGER_REQ_HOSTNAME", buf_str(&hosts));
	env_add(e, "CERTMONGER_REQ_IP_ADDRESS", buf_str(&addresses));
	env_add(e, "CERTMONGER_KEY_TYPE", str_of(key_type_of(r->wish->key)));
	env_add(e, "LANG", STR("C.UTF-8"));
	e->bytes.failed = e->bytes.failed || hosts.failed || addresses.failed;
}

/* ---- the answer ---- */

/* {"certificate": PEM, "chain": [{"certificate": PEM}, ...]}: the form certmonger's own filters
 * speak. Other keys are passed over. */
static bool json_chain(struct str text, struct buf *out, struct err *err)
{
	AUTO(json_t) o = NULL;
	size_t i;
	const json_t *v;

	if (!json_read(text, "the helper's answer", &o, err))
		return false;
	struct str leaf = json_str(o, "certificate");
	if (!leaf.n)
		return err_set(err, ERR_PROTOCOL, "the helper's answer holds no certificate");
	buf_add(out, leaf.p, leaf.n);
	buf_addc(out, '\n');
	json_array_foreach(json_object_get(o, "chain"), i, v)
	{
		struct str one = json_str(v, "certificate");
		buf_add(out, one.p, one.n);
		buf_addc(out, '\n');
	}
	return buf_ok(out, err);
}

static bool answer_issued(struct str output, struct authority_answer *ret, struct err *err)
{
	auto_buf struct buf text = {.max = PEM_BYTES_MAX};
	struct buf chain;
	unsigned certs_n;

	output = str_trim(output);
	if (output.n && output.p[0] == '{') {
		if (!json_chain(output, &text, err))
			return false;
		output = buf_str(&text);
	}
	if (!answer_chain(output, &chain, &certs_n, err))
		return false;
	*ret = (struct authority_answer){.outcome = AUTHORITY_ISSUED, .chain_pem = chain};
	return true;
}

/* As certmonger keeps it: a single line without its end, else all of it. */
static bool answer_wait(struct str cookie, int64_t retry_us, struct authority_answer *ret,
			struct err *err)
{
	struct authority_answer a = {.outcome = AUTHORITY_WAIT, .retry_us = retry_us};
	cookie = str_trim(cookie);
	if (!cookie.n)
		return err_set(err, ERR_PROTOCOL, "the helper asks to wait, but gives no cookie");
	if (memchr(cookie.p, '\0', cookie.n) || !copy_str(a.cookie, sizeof(a.cookie), cookie))
		return err_set(err, ERR_LIMIT, "the helper's cookie is longer than %d bytes",
			       AUTHORITY_COOKIE_BYTES - 1);
	*ret = a;
	return true;
}

/* "13\ncookie": seconds, then the cookie. */
static bool answer_wait_more(struct str output, struct authority_answer *ret, struct err *err)
{
	struct str line = {0}, rest = output;
	int64_t us = 0;

	if (!str_cut(&rest, '\n', &line) || !rest.p)
		return err_set(err, ERR_PROTOCOL, "the helper asks to wait, but gives no cookie");
	line = str_trim(line);
	for (size_t i = 0; i < line.n; i++) {
		if (line.p[i] < '0' || line.p[i] > '9')
			return err_set(err, ERR_PROTOCOL,
				       "the helper asks to wait, but not for how many seconds");
		us = MIN(us * 10 + (line.p[i] - '0') * US_S, EXEC_WAIT_MAX_US);
	}
	return answer_wait(rest, MAX(us, EXEC_WAIT_MIN_US), ret, err);
}

static bool refused(const char *why, const char *words, struct authority_answer *ret,
		    struct err *err)
{
	(void)err_set(err, ERR_REFUSED, "%s%s%s", why, words[0] ? ": " : "", words);
	*ret = (struct authority_answer){.outcome = AUTHORITY_REFUSED, .retry_us = EXEC_REFUSED_US};
	return true;
}

static bool answer_of(const struct program_result *r, struct authority_answer *ret, struct err *err)
{
	char words[WORDS_BYTES];
	struct str output = buf_str(&r->output);

	/* Some print their reason to one side, some to the other. */
	answer_words(str_trim(output).n ? output : str_of(r->errors), words, sizeof(words));
	switch (r->exit_code) {
	case 0:
		return answer_issued(output, ret, err);
	case 1:
		return answer_wait(output, EXEC_WAIT_US, ret, err);
	case 2:
		return refused("the authority refused", words, ret, err);
	case 3:
		return err_set(err, ERR_UNREACHABLE, "the helper does not reach the authority%s%s",
			       words[0] ? ": " : "", words);
	case 4:
		return refused("the helper lacks configuration", words, ret, err);
	case 5:
		return answer_wait_more(output, ret, err);
	case 6:
		return refused("the helper does not do that; is it a certmonger helper?", words,
			       ret, err);
	case 16:
		return refused("the helper needs SCEP messages, which rotad does not make", words,
			       ret, err);
	case 17: /* a new key is made for each request anyway: only the old one's cookie is void */
		return refused("the authority wants another key pair", words, ret, err);
	default:
		return err_set(err, ERR_HOOK, "the helper ended with code %d%s%s", r->exit_code,
			       words[0] ? ": " : "", words);
	}
}

static bool issue(void *self, const struct authority_request *r, struct authority_answer *ret,
		  struct err *err)
{
	const struct authority_exec *a = self;
	auto_wiped_buf struct buf output = {0};
	struct program_result result = {0};
	struct env env = {.bytes = {.max = ENV_BYTES_MAX}};
	struct program_call call = {.output_max = PEM_BYTES_MAX};

	call.timeout_us = r->timeout_us           ? r->timeout_us
			  : a->policy->timeout_us ? a->policy->timeout_us
						  : EXEC_TIMEOUT_US;
	memcpy(call.argv, a->argv, sizeof(call.argv));
	env_fill(a, r, &env);
	auto_buf struct buf env_bytes = env.bytes; /* its owner from here on */
	if (!buf_ok(&env_bytes, err))
		return err_in(err, "asking authority \"%s\"", a->policy->name);
	for (unsigned i = 0; i < env.n; i++)
		call.env[i] = env_bytes.p + env.at[i];
	bool ok = a->program.ops->run(a->program.self, &call, &result, err);
	output = result.output;
	ok = ok && answer_of(&result, ret, err);
	return ok || err_in(err, "asking authority \"%s\"", a->policy->name);
}

const struct authority_ops authority_exec_ops = {
    .name = "exec",
    .subject_note = "It depends on the helper and its CA: certmonger's local signer and IPA take "
		    "the subject of the request, others set their own.",
    .issue = issue,
};
