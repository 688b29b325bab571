/* SPDX-License-Identifier: Apache-2.0 */
/* certmonger's helper protocol against a fake program; a real helper is in
 * tests/system/authority_real.py. */
#include "lib/test.h"

#include <stdio.h>

#include "authority/authority_exec.h"
#include "lib/fake_ca.h"

static struct fake_ca ca;
static struct authority_policy policy;
static struct authority_exec exec;

/* What the helper will do, and what it was given. */
static struct {
	int exit_code;
	struct str output;
	const char *errors;
	enum err_kind fails;
	char argv[256];
	char env[16 * 1024];
	int64_t timeout_us;
} helper;

static bool fake_run(void *self, const struct program_call *c, struct program_result *ret,
		     struct err *err)
{
	size_t n = 0;
	for (int i = 0; c->argv[i]; i++)
		n += (size_t)snprintf(helper.argv + n, sizeof(helper.argv) - n, "<%s>", c->argv[i]);
	n = 0;
	for (int i = 0; c->env[i]; i++)
		n += (size_t)snprintf(helper.env + n, sizeof(helper.env) - n, "<%s>", c->env[i]);
	helper.timeout_us = c->timeout_us;
	if (helper.fails)
		return err_set(err, helper.fails, "told");
	*ret = (struct program_result){.exit_code = helper.exit_code};
	buf_add(&ret->output, helper.output.p, helper.output.n);
	snprintf(ret->errors, sizeof(ret->errors), "%s", helper.errors ? helper.errors : "");
	return true;
}
static const struct program_ops program_ops = {.run = fake_run};

static void start(void)
{
	struct err err = ERR_INIT;
	const struct program_port program = {.ops = &program_ops};
	memset(&helper, 0, sizeof(helper));
	policy = (struct authority_policy){.name = "corp", .type = "exec", .profile = "mongo"};
	snprintf(policy.helper, sizeof(policy.helper),
		 "/usr/lib/certmonger/local-submit  -d /var/ca");
	assert_true(authority_exec_init(&exec, &policy, &program, &err));
}

static bool ask(int exit_code, struct str output, const char *cookie, struct authority_answer *ret,
		struct err *err)
{
	const struct authority_request r = fake_ca_request(&ca, cookie);
	helper.exit_code = exit_code;
	helper.output = output;
	*ret = (struct authority_answer){0};
	return authority_exec_ops.issue(&exec, &r, ret, err);
}

static void the_helper_gets_what_certmonger_would_give_it(void **state)
{
	static const char *const wanted[] = {
	    "<CERTMONGER_OPERATION=SUBMIT>",
	    "<CERTMONGER_CSR=-----BEGIN CERTIFICATE REQUEST-----\n",
	    "<CERTMONGER_CA_NICKNAME=corp>",
	    "<CERTMONGER_CA_PROFILE=mongo>",
	    "<CERTMONGER_REQ_SUBJECT=CN=db1,OU=mongo,O=acme>",
	    "<CERTMONGER_REQ_HOSTNAME=db1.example.net\ndb1.corp>",
	    "<CERTMONGER_REQ_IP_ADDRESS=10.0.0.1>",
	    "<CERTMONGER_KEY_TYPE=EC>",
	};
	struct authority_answer a;
	struct err err = ERR_INIT;
	start();
	assert_true(ask(0, buf_str(&ca.leaf), "", &a, &err));
	for (size_t i = 0; i < ARRAY_N(wanted); i++)
		if (!strstr(helper.env, wanted[i]))
			fail_msg("%s is not in %s", wanted[i], helper.env);
	assert_null(strstr(helper.env, "COOKIE"));
	assert_string_equal(helper.argv, "</usr/lib/certmonger/local-submit><-d></var/ca>");
	assert_true(helper.timeout_us > 0);
	buf_fini(&a.chain_pem);

	assert_true(ask(0, buf_str(&ca.leaf), "state=7&id=\"x\"", &a, &err));
	assert_non_null(strstr(helper.env, "<CERTMONGER_OPERATION=POLL>"));
	assert_non_null(strstr(helper.env, "<CERTMONGER_CA_COOKIE=state=7&id=\"x\">"));
	buf_fini(&a.chain_pem);
}

static void certificates_are_found_in_every_form_helpers_print(void **state)
{
	auto_buf struct buf noisy = {0};
	auto_buf struct buf chain = {0};
	auto_buf struct buf json = {0};
	buf_addf(&noisy, "iLoveCookies\n%s\nAlso Monkeys\n", buf_z(&ca.leaf));
	buf_addf(&chain, "%s%s", buf_z(&ca.root), buf_z(&ca.leaf)); /* the wrong way round */
	buf_adds(&json, "{\"certificate\":\"");
	for (size_t i = 0; i < ca.leaf.n; i++) {
		if (ca.leaf.p[i] == '\n')
			buf_adds(&json, "\\n");
		else
			buf_addc(&json, ca.leaf.p[i]);
	}
	buf_adds(&json, "\",\"key_checked\":true,\"chain\":[{\"nickname\":\"x\"}]}");
	struct str rows[] = {buf_str(&ca.leaf), buf_str(&noisy), buf_str(&chain), buf_str(&json)};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct authority_answer a;
		struct err err = ERR_INIT;
		struct cert_view v;
		start();
		if (!ask(0, rows[i], "", &a, &err))
			fail_msg("row %zu: %s", i, err.text);
		assert_int_equal(a.outcome, AUTHORITY_ISSUED);
		assert_true(x509_view_pem(buf_str(&a.chain_pem), NULL, &v, &err));
		assert_string_equal(v.subject, "CN=db1,OU=mongo,O=acme");
		/* the root is not served */
		assert_null(strstr(strstr(buf_z(&a.chain_pem), "END") + 3, "BEGIN"));
		buf_fini(&a.chain_pem);
	}
}

static void success_without_a_certificate_is_no_success(void **state)
{
	auto_buf struct buf torn = {0};
	buf_add(&torn, ca.leaf.p, ca.leaf.n / 2);
	struct str rows[] = {STR(""),
			     STR("done!"),
			     buf_str(&torn),
			     buf_str(&ca.csr),
			     STR("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
			     STR("{\"certificate\":7}"),
			     STR("{\"certificate\":\"x\"}"),
			     STR("{\"certificate\":\"x\",\"certificate\":\"y\"}"),
			     STR("{"),
			     STR("<html></html>")};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct authority_answer a;
		struct err err = ERR_INIT;
		start();
		if (ask(0, rows[i], "", &a, &err))
			fail_msg("row %zu was believed", i);
		assert_true(err.kind == ERR_PROTOCOL || err.kind == ERR_SYNTAX);
		assert_null(a.chain_pem.p);
	}
}

static void waiting_keeps_the_cookie_as_certmonger_does(void **state)
{
	static const struct {
		int exit_code;
		const char *output, *cookie;
		int64_t retry_s;
	} rows[] = {
	    {1, "iLoveCookiesSome\n", "iLoveCookiesSome", 3600},
	    {1, "state=1&x=2", "state=1&x=2", 3600},
	    {5, "13\niLoveCookiesMore\n", "iLoveCookiesMore", 30},
	    {5, "300\r\nc\r\n", "c", 300},
	    {5, "1\nTry again.\n\nMaybe later.\n", "Try again.\n\nMaybe later.", 30},
	    {5, "99999999999999999999\nc", "c", 7 * 86400},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct authority_answer a;
		struct err err = ERR_INIT;
		start();
		if (!ask(rows[i].exit_code, str_of(rows[i].output), "", &a, &err))
			fail_msg("row %zu: %s", i, err.text);
		assert_int_equal(a.outcome, AUTHORITY_WAIT);
		assert_string_equal(a.cookie, rows[i].cookie);
		assert_int_equal(a.retry_us, rows[i].retry_s * US_S);
	}
}

static void waiting_without_a_cookie_or_a_number_is_told(void **state)
{
	static char long_cookie[AUTHORITY_COOKIE_BYTES + 1];
	memset(long_cookie, 'c', sizeof(long_cookie) - 1);
	const struct {
		int exit_code;
		const char *output;
	} rows[] = {{1, ""},     {1, " \n\n"},     {1, long_cookie}, {5, "13"},
		    {5, "13\n"}, {5, "soon\nc\n"}, {5, "-1\nc\n"},   {5, "\033[?1034h13\nc\n"}};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct authority_answer a;
		struct err err = ERR_INIT;
		start();
		if (ask(rows[i].exit_code, str_of(rows[i].output), "", &a, &err))
			fail_msg("row %zu", i);
		assert_true(err.kind == ERR_PROTOCOL || err.kind == ERR_LIMIT);
	}
}

static void each_exit_code_is_refusal_or_fault_with_the_helpers_words(void **state)
{
	static const struct {
		int exit_code;
		const char *output, *errors;
		bool is_answer;
		enum err_kind kind;
		const char *words;
	} rows[] = {
	    {2, "policy says no\n", "", true, ERR_REFUSED, "policy says no"},
	    {2, "", "on the other side", true, ERR_REFUSED, "on the other side"},
	    {2, "", "", true, ERR_REFUSED, "refused"},
	    {3, "Could not contact CA.", "", false, ERR_UNREACHABLE, "Could not contact CA."},
	    {4, "no url set", "", true, ERR_REFUSED, "no url set"},
	    {6, "", "", true, ERR_REFUSED, "certmonger"},
	    {16, "", "", true, ERR_REFUSED, "SCEP"},
	    {17, "", "", true, ERR_REFUSED, "key pair"},
	    {7, "bash: x: not found", "", false, ERR_HOOK, "code 7"},
	    {127, "", "", false, ERR_HOOK, "code 127"},
	    {2, "evil\r\nFAKE LINE\x1b[2J\xff", "", true, ERR_REFUSED, "evil FAKE LINE?[2J?"},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct authority_answer a;
		struct err err = ERR_INIT;
		start();
		helper.errors = rows[i].errors;
		bool ok = ask(rows[i].exit_code, str_of(rows[i].output), "", &a, &err);
		if (ok != rows[i].is_answer || err.kind != rows[i].kind ||
		    !strstr(err.text, rows[i].words))
			fail_msg("row %zu: %s", i, err.text);
		if (ok) {
			assert_int_equal(a.outcome, AUTHORITY_REFUSED);
			assert_true(a.retry_us > 0);
		}
	}
}

static void a_program_that_cannot_run_or_hangs_is_a_fault(void **state)
{
	static const enum err_kind kinds[] = {ERR_TIMEOUT, ERR_NOT_FOUND, ERR_UNSAFE_FILE,
					      ERR_LIMIT};
	for (size_t i = 0; i < ARRAY_N(kinds); i++) {
		struct authority_answer a;
		struct err err = ERR_INIT;
		start();
		helper.fails = kinds[i];
		assert_false(ask(0, STR(""), "", &a, &err));
		assert_int_equal(err.kind, kinds[i]);
		assert_non_null(strstr(err.contexts[0], "corp"));
	}
}

static void helpers_that_are_no_absolute_path_are_refused(void **state)
{
	static const char *const rows[] = {"", "local-submit", "./x", " /bin/x",
					   "/x 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6"};
	const struct program_port program = {.ops = &program_ops};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct err err = ERR_INIT;
		struct authority_policy p = {.name = "corp"};
		struct authority_exec e;
		snprintf(p.helper, sizeof(p.helper), "%s", rows[i]);
		assert_false(authority_exec_init(&e, &p, &program, &err));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_helper_gets_what_certmonger_would_give_it),
	    cmocka_unit_test(certificates_are_found_in_every_form_helpers_print),
	    cmocka_unit_test(success_without_a_certificate_is_no_success),
	    cmocka_unit_test(waiting_keeps_the_cookie_as_certmonger_does),
	    cmocka_unit_test(waiting_without_a_cookie_or_a_number_is_told),
	    cmocka_unit_test(each_exit_code_is_refusal_or_fault_with_the_helpers_words),
	    cmocka_unit_test(a_program_that_cannot_run_or_hangs_is_a_fault),
	    cmocka_unit_test(helpers_that_are_no_absolute_path_are_refused),
	};
	fake_ca_init(&ca);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	fake_ca_fini(&ca);
	return failed;
}
