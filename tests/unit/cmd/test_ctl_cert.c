/* SPDX-License-Identifier: Apache-2.0 */
/* The offline verbs of certificates: exit codes, what is told, what is written. */
#include "lib/test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "cmd/ctl.h"
#include "ctl_run.h"

enum { ARGS_MAX = 16 };
static char folder[64];

struct row {
	const char *args[ARGS_MAX];
	enum ctl_exit code;
	const char *out, *err; /* part of it */
};

static void run_rows(const struct row *rows, size_t rows_n)
{
	for (size_t i = 0; i < rows_n; i++) {
		auto_free char *out = NULL, *err = NULL;
		enum ctl_exit code = ctl_run_args(rows[i].args, &out, &err);
		if (code != rows[i].code || !strstr(out, rows[i].out) || !strstr(err, rows[i].err))
			fail_msg("row %zu (%s %s): exit %d\n%s%s", i, rows[i].args[0],
				 rows[i].args[1], (int)code, out, err);
		/* Keys go into files and, without --out, to the output; never to errors. */
		assert_null(strstr(err, "PRIVATE KEY"));
	}
}

/* A CA, a member and a client, made once: the rows below use them. */
static int set_up(void **state)
{
	static const struct row rows[] = {
	    {{"ca", "init", "ca", "--name", "house", "--o", "acme", "--days", "365"},
	     CTL_GOOD,
	     "new CA CN=house,O=acme",
	     ""},
	    {{"ca", "issue", "member", "--ca", "ca", "--host", "db1.example.net:27017,[::1]:1",
	      "--o", "acme", "--ou", "mongo", "--out", "db1.pem"},
	     CTL_GOOD,
	     "CN=db1.example.net,OU=mongo,O=acme",
	     ""},
	    {{"ca", "issue", "client", "--ca", "ca", "--cn", "app", "--o", "acme", "--ou", "app",
	      "--out", "app.pem"},
	     CTL_GOOD,
	     "CN=app,OU=app,O=acme",
	     ""},
	};
	/* In memory where there is such a place: many small files are made durable here. */
	(void)snprintf(folder, sizeof(folder), "%s/rotad-test-XXXXXX",
		       access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (!mkdtemp(folder) || chdir(folder) != 0)
		return -1;
	run_rows(rows, ARRAY_N(rows));
	return 0;
}

static int tear_down(void **state)
{
	static const char *const names[] = {"ca/ca.pem", "ca/ca.key", "ca/issued.log",
					    "db1.pem",   "app.pem",   "crl.pem",
					    "web.pem",   "leaf.pem",  "db1.csr"};
	for (size_t i = 0; i < ARRAY_N(names); i++)
		(void)unlink(names[i]); /* some are not made */
	(void)rmdir("ca");
	return chdir("/") == 0 ? rmdir(folder) : -1;
}

static void certificates_are_judged(void **state)
{
	static const struct row rows[] = {
	    {{"cert", "check", "db1.pem", "--ca", "ca/ca.pem", "--host", "db1.example.net,::1",
	      "--peer", "db1.pem"},
	     CTL_GOOD,
	     "db1.pem: good, 14 of 15 checks; not checked: crl.",
	     ""},
	    {{"cert", "check", "db1.pem"},
	     CTL_GOOD,
	     "db1.pem: good, 11 of 15 checks; not checked: ",
	     ""},
	    {{"cert", "check", "db1.pem", "--ca", "ca/ca.pem", "--host", "db2.example.net"},
	     CTL_FAILED,
	     "db1.pem: refused, 1 of 15 checks failed.\nREFUSED  names",
	     ""},
	    {{"cert", "check", "db1.pem", "--host", "db2.example.net", "--json"},
	     CTL_FAILED,
	     "\"advice\": \"SAN DNS:db2.example.net\"",
	     ""},
	    {{"cert", "check", "app.pem", "--ca", "ca/ca.pem"}, CTL_FAILED, "clientAuth only", ""},
	    {{"cert", "check", "app.pem", "--ca", "ca/ca.pem", "--profile", "client"},
	     CTL_GOOD,
	     "good  usage",
	     ""},
	    {{"cert", "check", "app.pem", "--profile", "client", "--peer", "db1.pem"},
	     CTL_FAILED,
	     "REFUSED  membership",
	     ""},
	    {{"cert", "check", "db1.pem", "--at", "2100-01-01T00:00:00Z"},
	     CTL_FAILED,
	     "it ended",
	     ""},
	    {{"cert", "check", "db1.pem", "--min-left", "91d"}, CTL_FAILED, "time-left", ""},
	    {{"cert", "check", "ca/ca.key"}, CTL_FAILED, "no certificate", ""},
	    {{"cert", "check", "missing"}, CTL_FAILED, "", "missing"},
	    {{"cert", "check", "db1.pem", "--ca", "missing"}, CTL_FAILED, "", "missing"},
	    {{"cert", "check", "db1.pem", "--ca", "ca/issued.log"},
	     CTL_FAILED,
	     "",
	     "ca/issued.log"},
	    {{"cert", "check"}, CTL_USAGE, "", "no file given"},
	    {{"cert", "check", "a", "b"}, CTL_USAGE, "", "more than one"},
	    {{"cert", "check", "db1.pem", "--profile", "x"},
	     CTL_USAGE,
	     "",
	     "member, server, client"},
	    {{"cert", "check", "db1.pem", "--min-left", "3"}, CTL_USAGE, "", "3"},
	    {{"cert", "check", "db1.pem", "--host", "a,,b"}, CTL_USAGE, "", "empty name"},
	};
	run_rows(rows, ARRAY_N(rows));
}

static void a_ca_issues_and_never_overwrites(void **state)
{
	static const struct row rows[] = {
	    {{"ca", "init", "ca", "--name", "other"}, CTL_FAILED, "", "exists"},
	    {{"ca", "init", "new"}, CTL_USAGE, "", "--name"},
	    {{"ca", "init", "new", "--name", ""}, CTL_USAGE, "", "--name"},
	    {{"ca", "init", "ca", "--name", "other"}, CTL_FAILED, "", "another folder"},
	    {{"ca", "init", "--name", "x"}, CTL_USAGE, "", "folder"},
	    {{"ca", "init", "new", "--name", "x", "--days", "0"}, CTL_USAGE, "", "--days"},
	    {{"ca", "init", "new", "--name", "x", "--subject", "CN=y"}, CTL_USAGE, "", "not both"},
	    {{"ca", "init", "no/such", "--name", "x"}, CTL_FAILED, "", "no/such"},
	    {{"ca", "issue", "member", "--ca", "ca", "--host", "x", "--out", "db1.pem"},
	     CTL_FAILED,
	     "",
	     "exists"},
	    {{"ca", "issue", "member", "--ca", "ca"}, CTL_USAGE, "", "--host"},
	    {{"ca", "issue", "member", "--host", "x"}, CTL_USAGE, "", "--ca"},
	    {{"ca", "issue", "client", "--ca", "ca"}, CTL_USAGE, "", "--cn"},
	    {{"ca", "issue", "king", "--ca", "ca", "--host", "x"}, CTL_USAGE, "", "king"},
	    {{"ca", "issue", "--ca", "ca", "--host", "x"}, CTL_USAGE, "", "member, client"},
	    {{"ca", "issue", "member", "--ca", "ca", "--host", "x", "--json"},
	     CTL_USAGE,
	     "--out",
	     ""},
	    {{"ca", "issue", "member", "--ca", "ca", "--host", "x,DNS:y"}, CTL_FAILED, "", "DNS"},
	    {{"ca", "issue", "member", "--ca", "ca", "--host", "x", "--for", "900d"},
	     CTL_FAILED,
	     "",
	     "825 days"},
	    {{"ca", "issue", "member", "--ca", "no", "--host", "x"}, CTL_FAILED, "", "no/ca.pem"},
	    {{"ca", "issue", "server", "--ca", "ca", "--host", "web", "--key-type", "ed25519",
	      "--out", "web.pem", "--json"},
	     CTL_GOOD,
	     "\"subject\": \"CN=web\"",
	     ""},
	    {{"ca", "issue", "server", "--ca", "ca", "--host", "web"}, CTL_GOOD, "PRIVATE KEY", ""},
	};
	struct stat st;
	run_rows(rows, ARRAY_N(rows));
	assert_int_equal(stat("db1.pem", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(stat("ca/ca.key", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void a_revoked_certificate_is_in_the_crl(void **state)
{
	static const struct row rows[] = {
	    {{"ca", "crl", "--ca", "ca", "--out", "crl.pem"}, CTL_GOOD, "0 revoked", ""},
	    {{"cert", "check", "db1.pem", "--ca", "ca/ca.pem", "--crl", "crl.pem"},
	     CTL_GOOD,
	     "good  crl",
	     ""},
	    {{"ca", "crl", "--ca", "ca", "--revoke", "db1.pem", "--out", "crl.pem"},
	     CTL_GOOD,
	     "1 revoked",
	     ""},
	    {{"ca", "crl", "--ca", "ca", "--revoke", "db1.pem", "--out", "crl.pem"},
	     CTL_GOOD,
	     "1 revoked",
	     ""}, /* once more changes nothing */
	    {{"cert", "check", "db1.pem", "--ca", "ca/ca.pem", "--crl", "crl.pem"},
	     CTL_FAILED,
	     "revoked by the CRL",
	     ""},
	    {{"cert", "check", "app.pem", "--profile", "client", "--ca", "ca/ca.pem", "--crl",
	      "crl.pem", "--at", "2100-01-01T00:00:00Z"},
	     CTL_FAILED,
	     "rejects every peer",
	     ""},
	    {{"ca", "crl", "--ca", "ca"}, CTL_GOOD, "BEGIN X509 CRL", ""},
	    {{"ca", "crl", "--ca", "ca", "--json"}, CTL_GOOD, "\"revoked\": 1", ""},
	    {{"ca", "crl", "--ca", "ca", "--revoke", "ABCD"}, CTL_FAILED, "", "ABCD"},
	    {{"ca", "crl", "--ca", "ca", "--revoke", "missing"}, CTL_FAILED, "", "missing"},
	    {{"ca", "crl", "--ca", "ca", "--out", "ca/ca.key"}, CTL_FAILED, "", "no CRL"},
	    {{"ca", "crl", "--ca", "ca", "--out", "ca/ca.pem"}, CTL_FAILED, "", "no CRL"},
	    {{"ca", "crl", "--ca", "ca", "--out", "ca/issued.log"}, CTL_FAILED, "", "no CRL"},
	    {{"ca", "crl", "--ca", "ca", "--revoke", "app.pem", "--out", "db1.pem"},
	     CTL_FAILED,
	     "",
	     "no CRL"},
	    {{"ca", "crl", "--ca", "ca", "--json"}, CTL_GOOD, "\"revoked\": 1", ""},
	    {{"ca", "crl", "--ca", "ca", "--for", "9000d", "--out", "crl.pem"},
	     CTL_GOOD,
	     "the CA itself ends sooner",
	     ""},
	    {{"ca", "crl", "--ca", "ca", "--for", "0"}, CTL_USAGE, "", "--for"},
	    {{"ca", "crl"}, CTL_USAGE, "", "--ca"},
	};
	run_rows(rows, ARRAY_N(rows));
}

static void users_are_printed_as_commands(void **state)
{
	static const struct row rows[] = {
	    {{"user", "app.pem", "--role", "readWrite@app"},
	     CTL_GOOD,
	     "db.getSiblingDB(\"$external\").runCommand({\n  \"createUser\": "
	     "\"CN=app,OU=app,O=acme\"",
	     ""},
	    {{"user", "app.pem", "--role", "readWrite@app", "--member", "db1.pem", "--json"},
	     CTL_GOOD,
	     "\"db\": \"$external\"",
	     ""},
	    {{"user", "app.pem"}, CTL_GOOD, "// a user without roles", ""},
	    {{"user", "db1.pem", "--member", "db1.pem"}, CTL_FAILED, "the members' own", ""},
	    {{"user", "--for", "rotad"}, CTL_GOOD, "\"pwd\": passwordPrompt(),", ""},
	    {{"user", "--for", "rotad"}, CTL_GOOD, "\"collection\": \"rotad.ledger\"", ""},
	    {{"user", "--for", "rotad", "--json"}, CTL_GOOD, "\"rotateCertificates\"", ""},
	    {{"user", "--for", "rotad", "app.pem"}, CTL_GOOD, "\"role\": \"rotad\"", ""},
	    {{"user", "--for", "somebody"}, CTL_USAGE, "", "rotad"},
	    {{"user"}, CTL_USAGE, "", "one certificate"},
	    {{"user", "app.pem", "--role", "readWrite"}, CTL_USAGE, "", "ROLE@DATABASE"},
	    {{"user", "missing"}, CTL_FAILED, "", "missing"},
	    {{"user", "ca/ca.key"}, CTL_FAILED, "", "no certificate"},
	};
	run_rows(rows, ARRAY_N(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(certificates_are_judged),
	    cmocka_unit_test(a_ca_issues_and_never_overwrites),
	    cmocka_unit_test(a_revoked_certificate_is_in_the_crl),
	    cmocka_unit_test(users_are_printed_as_commands),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
