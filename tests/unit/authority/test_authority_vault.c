/* SPDX-License-Identifier: Apache-2.0 */
/* Vault's API against a fake of it; a real OpenBao is in tests/system/authority_real.py. */
#include "lib/test.h"

#include <stdio.h>

#include "authority/authority_table.h"
#include "codec/json_strict.h"
#include "lib/fake_ca.h"
#include "lib/fake_files.h"

static struct fake_ca ca;
static struct authority_policy policy;
static struct secret token;
static struct fake_files disk;

/* Vault: what it says to a login and to a sign request, and what it was asked. */
static struct {
	int login_status, sign_status;
	const char *login, *sign;
	enum err_kind fails;
	char trace[1024], body[16 * 1024], token[128], url[256];
	int64_t timeout_us;
} vault;

static const char *header_of(const struct http_request *r, const char *name)
{
	for (unsigned i = 0; i < r->headers_n; i++)
		if (strcmp(r->headers[i].name, name) == 0)
			return r->headers[i].value;
	return "";
}

static bool fake_exchange(void *self, const struct http_request *r, struct http_response *ret,
			  struct err *err)
{
	const char *path = strstr(r->url, "/v1/");
	assert_non_null(path);
	assert_string_equal(r->method, "POST");
	size_t n = strlen(vault.trace);
	snprintf(vault.trace + n, sizeof(vault.trace) - n, "%s[%s] ", path + 4,
		 header_of(r, "x-vault-token"));
	if (vault.fails)
		return err_set(err, vault.fails, "told");
	*ret = (struct http_response){.status = 204};
	if (strstr(path, "login")) {
		ret->status = vault.login_status;
		buf_adds(&ret->body, vault.login);
		snprintf(vault.body, sizeof(vault.body), "%.*s", (int)r->body.n, r->body.p);
	} else if (strstr(path, "/sign/")) {
		ret->status = vault.sign_status;
		buf_adds(&ret->body, vault.sign);
		snprintf(vault.body, sizeof(vault.body), "%.*s", (int)r->body.n, r->body.p);
		snprintf(vault.url, sizeof(vault.url), "%s", r->url);
		vault.timeout_us = r->timeout_us;
	}
	return true;
}
static const struct http_ops http_ops = {.exchange = fake_exchange};

static void start(void)
{
	struct err err = ERR_INIT;
	memset(&vault, 0, sizeof(vault));
	vault.login_status = vault.sign_status = 200;
	vault.login = "{\"auth\":{\"client_token\":\"hvs.fresh\"}}";
	policy = (struct authority_policy){.name = "vault",
					   .type = "vault",
					   .url = "https://vault.example.net:8200/",
					   .role = "mongo"};
	secret_fini(&token);
	assert_true(secret_from(&token, "hvs.given\n", 10, &err));
}

static bool ask(struct authority_answer *ret, struct err *err)
{
	struct authority a;
	const struct authority_request r = fake_ca_request(&ca, "");
	const struct authority_parts parts = {
	    .http = {.ops = &http_ops}, .files = fake_files_port(&disk), .token = &token};
	*ret = (struct authority_answer){0};
	assert_true(authority_init(&a, &policy, &parts, err));
	return authority_port_of(&a).ops->issue(&a, &r, ret, err);
}

/* {"data":{"certificate":..., "issuing_ca":..., "ca_chain":[...]}} */
static const char *signed_answer(bool has_chain)
{
	static char out[16 * 1024];
	auto_buf struct buf b = {0};
	AUTO(json_t)
	o = has_chain ? json_pack("{s:{s:s,s:s,s:[s],s:n}}", "data", "certificate", buf_z(&ca.leaf),
				  "issuing_ca", buf_z(&ca.root), "ca_chain", buf_z(&ca.root),
				  "private_key")
		      : json_pack("{s:{s:s}}", "data", "certificate", buf_z(&ca.leaf));
	json_print(o, &b);
	snprintf(out, sizeof(out), "%s", buf_z(&b));
	return out;
}

static void a_token_signs_and_is_kept(void **state)
{
	struct authority_answer a;
	struct err err = ERR_INIT;
	struct cert_view v;
	start();
	vault.sign = signed_answer(true);
	if (!ask(&a, &err))
		fail_msg("%s", err.text);
	assert_int_equal(a.outcome, AUTHORITY_ISSUED);
	assert_true(x509_view_pem(buf_str(&a.chain_pem), NULL, &v, &err));
	assert_string_equal(v.subject, "CN=db1,OU=mongo,O=acme");
	assert_string_equal(vault.trace, "pki/sign/mongo[hvs.given] ");
	assert_string_equal(vault.url, "https://vault.example.net:8200/v1/pki/sign/mongo");
	buf_fini(&a.chain_pem);

	AUTO(json_t) body = NULL;
	assert_true(json_read(str_of(vault.body), "body", &body, &err));
	static const struct {
		const char *key, *value;
	} rows[] = {{"common_name", "db1"},
		    {"alt_names", "db1.example.net,db1.corp"},
		    {"ip_sans", "10.0.0.1"},
		    {"format", "pem"}};
	for (size_t i = 0; i < ARRAY_N(rows); i++)
		if (!str_equal_z(json_str(body, rows[i].key), rows[i].value))
			fail_msg("%s", rows[i].key);
	assert_true(str_equal(json_str(body, "csr"), buf_str(&ca.csr)));
	assert_null(json_object_get(body, "ttl"));
	assert_true(json_is_true(json_object_get(body, "exclude_cn_from_sans")));
}

static void an_approle_logs_in_signs_and_gives_its_token_back(void **state)
{
	struct authority_answer a;
	struct err err = ERR_INIT;
	start();
	vault.sign = signed_answer(false);
	snprintf(policy.user, sizeof(policy.user), "role-1");
	snprintf(policy.mount, sizeof(policy.mount), "pki/int");
	policy.valid_for_us = 30 * US_DAY;
	policy.timeout_us = 7 * US_S;
	assert_true(ask(&a, &err));
	assert_string_equal(vault.trace, "auth/approle/login[] pki/int/sign/mongo[hvs.fresh] "
					 "auth/token/revoke-self[hvs.fresh] ");
	assert_non_null(strstr(vault.body, "\"ttl\":\"2592000s\""));
	assert_int_equal(vault.timeout_us, 7 * US_S);
	buf_fini(&a.chain_pem);
}

static void refusals_are_answers_in_words_that_help(void **state)
{
	static const struct {
		int status;
		const char *body, *words, *advice;
	} rows[] = {
	    {400, "{\"errors\":[\"role requires keys of type rsa\"]}",
	     "role requires keys of type rsa", "key_type"},
	    {400, "{\"errors\":[\"common name db1 not allowed by this role\"]}", "common name db1",
	     "allowed_domains"},
	    {400, "{\"errors\":[\"subject alternate name x not allowed by this role\"]}",
	     "subject alternate", "allowed_domains"},
	    {400, "{\"errors\":[\"unknown role: mongo\"]}", "unknown role", "see role"},
	    {404, "{\"errors\":[\"no handler for route \\\"pki/sign/mongo\\\"\"]}", "no handler",
	     "see mount"},
	    {403, "{\"errors\":[\"1 error occurred:\\n\\t* permission denied\\n\\n\"]}",
	     "permission denied", "policy"},
	    {400, "{\"errors\":[\"a\",\"b\"]}", "a; b", ""},
	    {400, "{\"errors\":[\"evil\\r\\nline \\u001b[2J\"]}", "evil line ?[2J", ""},
	    {404, "<html>", "status 404", ""},
	    {400, "", "status 400", ""},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct authority_answer a;
		struct err err = ERR_INIT;
		start();
		vault.sign_status = rows[i].status;
		vault.sign = rows[i].body;
		if (!ask(&a, &err))
			fail_msg("row %zu: %s", i, err.text);
		assert_int_equal(a.outcome, AUTHORITY_REFUSED);
		assert_true(a.retry_us > 0);
		assert_int_equal(err.kind, ERR_REFUSED);
		if (!strstr(err.text, rows[i].words) || !strstr(err.text, rows[i].advice))
			fail_msg("row %zu: %s", i, err.text);
		assert_null(strstr(err.text, "hvs."));
	}
}

static void troubles_of_its_own_are_faults_to_be_retried(void **state)
{
	static const int rows[] = {500, 502, 503, 429, 412, 472, 473, 301, 204};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct authority_answer a;
		struct err err = ERR_INIT;
		start();
		vault.sign_status = rows[i];
		vault.sign = "{\"errors\":[\"Vault is sealed\"]}";
		if (ask(&a, &err))
			fail_msg("%d", rows[i]);
		assert_int_equal(err.kind, ERR_UNREACHABLE);
	}
	static const enum err_kind kinds[] = {ERR_UNREACHABLE, ERR_TIMEOUT, ERR_UNTRUSTED,
					      ERR_LIMIT};
	for (size_t i = 0; i < ARRAY_N(kinds); i++) {
		struct authority_answer a;
		struct err err = ERR_INIT;
		start();
		vault.fails = kinds[i];
		assert_false(ask(&a, &err));
		assert_int_equal(err.kind, kinds[i]);
	}
}

static void answers_that_are_none_are_not_believed(void **state)
{
	static const char *const rows[] = {
	    "",
	    "{}",
	    "[]",
	    "{\"data\":null}",
	    "{\"data\":{\"certificate\":7}}",
	    "{\"data\":{\"certificate\":\"\"}}",
	    "{\"data\":{\"certificate\":\"-----BEGIN CERTIFICATE-----\"}}",
	    "{\"data\":{\"certificate\":\"a\"},\"data\":{}}",
	    "{\"data\":{\"certificate\":\"$(reboot)\"}}",
	    "<html>login</html>",
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct authority_answer a;
		struct err err = ERR_INIT;
		start();
		vault.sign = rows[i];
		if (ask(&a, &err))
			fail_msg("row %zu", i);
		assert_null(a.chain_pem.p);
	}
}

static void a_login_that_fails_signs_nothing(void **state)
{
	static const struct {
		int status;
		const char *body;
		bool is_answer;
	} rows[] = {
	    {400, "{\"errors\":[\"invalid role or secret ID\"]}", true},
	    {503, "{\"errors\":[\"Vault is sealed\"]}", false},
	    {200, "{}", false},
	    {200, "{\"auth\":{\"client_token\":\"\"}}", false},
	    {200, "not json", false},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct authority_answer a;
		struct err err = ERR_INIT;
		start();
		snprintf(policy.user, sizeof(policy.user), "role-1");
		vault.login_status = rows[i].status;
		vault.login = rows[i].body;
		if (ask(&a, &err) != rows[i].is_answer)
			fail_msg("row %zu", i);
		assert_null(strstr(vault.trace, "sign"));
		assert_null(strstr(err.text, "hvs."));
	}
}

static void a_token_that_would_split_the_header_never_leaves(void **state)
{
	struct authority_answer a;
	struct err err = ERR_INIT;
	static char huge[2000];
	start();
	memset(huge, 'a', sizeof(huge));
	secret_fini(&token);
	assert_true(secret_from(&token, huge, sizeof(huge), &err));
	assert_false(ask(&a, &err));
	assert_int_equal(err.kind, ERR_INVALID);
	assert_string_equal(vault.trace, "");
}

static void policies_that_cannot_work_are_refused_at_start(void **state)
{
	static const struct {
		const char *url, *mount, *role;
	} rows[] = {
	    {"", "pki", "mongo"},         {"https://v/", "../sys", "mongo"},
	    {"https://v/", "/pki", "m"},  {"https://v/", "pki/", "m"},
	    {"https://v/", "a//b", "m"},  {"https://v/", "pki", ""},
	    {"https://v/", "pki", "a/b"}, {"https://v/", "pki", "a?b"},
	    {"https://v/", "p k", "m"},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct authority a;
		struct err err = ERR_INIT;
		start();
		const struct authority_parts parts = {.http = {.ops = &http_ops}, .token = &token};
		snprintf(policy.url, sizeof(policy.url), "%s", rows[i].url);
		snprintf(policy.mount, sizeof(policy.mount), "%s", rows[i].mount);
		snprintf(policy.role, sizeof(policy.role), "%s", rows[i].role);
		if (authority_init(&a, &policy, &parts, &err))
			fail_msg("row %zu", i);
		assert_int_equal(err.kind, ERR_INVALID);
	}
	struct authority a;
	struct err err = ERR_INIT;
	start();
	const struct authority_parts parts = {.http = {.ops = &http_ops}};
	assert_false(authority_init(&a, &policy, &parts, &err)); /* no token */
}

static void the_operators_chain_follows_a_lonely_leaf(void **state)
{
	struct authority_answer a;
	struct err err = ERR_INIT;
	start();
	snprintf(policy.chain, sizeof(policy.chain), "/chain.pem");
	vault.sign = signed_answer(false);
	assert_false(ask(&a, &err)); /* named, but not there */
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	assert_null(a.chain_pem.p);
	err = ERR_INIT;
	fake_files_set(&disk, "/chain.pem", "no certificate", 14);
	assert_true(ask(&a, &err)); /* the leaf stands alone: nothing usable was added */
	buf_fini(&a.chain_pem);
	fake_files_set(&disk, "/chain.pem", ca.leaf.p, ca.leaf.n);
	err = ERR_INIT;
	assert_false(ask(&a, &err)); /* two leafs */
	fake_files_set(&disk, "/chain.pem", ca.root.p, ca.root.n);
	err = ERR_INIT;
	assert_true(ask(&a, &err)); /* a root is never served */
	assert_null(strstr(strstr(buf_z(&a.chain_pem), "END") + 3, "BEGIN"));
	buf_fini(&a.chain_pem);
	fake_files_fini(&disk);
}

static void every_row_says_what_it_puts_into_a_subject(void **state)
{
	for (size_t i = 0; i < authority_table_n; i++) {
		const struct authority_row *r = &authority_table[i];
		assert_string_equal(r->type, r->ops->name);
		assert_true(strlen(r->ops->subject_note) > 20);
		assert_ptr_equal(authority_row_find(r->type), r);
	}
	assert_null(authority_row_find("acme"));
	struct authority a;
	struct err err = ERR_INIT;
	const struct authority_policy p = {.name = "corp", .type = "acme"};
	const struct authority_parts parts = {0};
	assert_false(authority_init(&a, &p, &parts, &err));
	assert_int_equal(err.kind, ERR_UNSUPPORTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_token_signs_and_is_kept),
	    cmocka_unit_test(an_approle_logs_in_signs_and_gives_its_token_back),
	    cmocka_unit_test(refusals_are_answers_in_words_that_help),
	    cmocka_unit_test(troubles_of_its_own_are_faults_to_be_retried),
	    cmocka_unit_test(answers_that_are_none_are_not_believed),
	    cmocka_unit_test(a_login_that_fails_signs_nothing),
	    cmocka_unit_test(a_token_that_would_split_the_header_never_leaves),
	    cmocka_unit_test(policies_that_cannot_work_are_refused_at_start),
	    cmocka_unit_test(the_operators_chain_follows_a_lonely_leaf),
	    cmocka_unit_test(every_row_says_what_it_puts_into_a_subject),
	};
	fake_ca_init(&ca);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	fake_ca_fini(&ca);
	secret_fini(&token);
	return failed;
}
