/* SPDX-License-Identifier: Apache-2.0 */
/* rotactl cert request and cert import: what is shown, written and sent. The checks are the
 * daemon's. */
#include "lib/test.h"

#include "base/clock.h"
#include "ctl_run.h"
#include "lib/tempdir.h"

#define CSR "-----BEGIN CERTIFICATE REQUEST-----\\nMII\\n-----END CERTIFICATE REQUEST-----\\n"
#define REQUEST                                                                                    \
	"{\"csr\":\"" CSR                                                                          \
	"\",\"csrDigest\":\"ab12\",\"member\":\"db1:27017\",\"cluster\":\"rs0\","                  \
	"\"subject\":\"CN=db1,O=acme\",\"membership\":\"O=acme\",\"names\":[\"db1\",\"10.0.0.7\"]" \
	","                                                                                        \
	"\"usage\":\"serverAuth,clientAuth\",\"keyType\":\"P-256\",\"validDays\":0,\"leastDays\":" \
	"10,\"inUseSerial\":\"77\",\"inUseEnds\":\"2027-01-19T00:00:00Z\"}"
#define NONE "{\"error\":{\"kind\":\"REFUSED\",\"text\":\"no request of 'db1' waits\"}}"

static void put(const char *path, const char *text)
{
	auto_file FILE *f = fopen(path, "we");
	assert_true(f && fputs(text, f) >= 0);
}

static enum ctl_exit ask(void **state, unsigned status, const char *answer, const char *const *more,
			 char **out, char **err, struct canned *c)
{
	const char *args[RUN_ARGS_MAX] = {"cert", more[0], "--socket"};
	json_t *doc = fixture_json(FIXTURE("healthy.json"));
	canned_status(c, doc, 0);
	canned_json(c, status, answer);
	canned_start(c, *state);
	args[3] = c->path;
	for (size_t i = 1; more[i]; i++)
		args[3 + i] = more[i];
	enum ctl_exit code = ctl_run_args(args, out, err);
	canned_stop(c);
	json_decref(doc);
	return code;
}

static void a_request_is_shown_alone_or_with_its_sheet(void **state)
{
	static const struct {
		const char *args[3];
		unsigned status;
		const char *answer;
		enum ctl_exit code;
		const char *out, *err;
	} rows[] = {
	    {{"request"}, 200, REQUEST, CTL_GOOD, "-----BEGIN CERTIFICATE REQUEST-----\nMII\n", ""},
	    {{"request", "--sheet"},
	     200,
	     REQUEST,
	     CTL_GOOD,
	     "  SAN         db1, 10.0.0.7: each",
	     ""},
	    {{"request", "--sheet"}, 200, REQUEST, CTL_GOOD, "  At least    10 days\n", ""},
	    {{"request", "--sheet"}, 200, REQUEST, CTL_GOOD, "O=acme: exactly these", ""},
	    {{"request"}, 409, NONE, CTL_FAILED, "", "no request of 'db1' waits"},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		auto_free char *out = NULL, *err = NULL;
		struct canned c = {.n = 0};
		enum ctl_exit code =
		    ask(state, rows[i].status, rows[i].answer, rows[i].args, &out, &err, &c);
		if (code != rows[i].code || !strstr(out, rows[i].out) || !strstr(err, rows[i].err))
			fail_msg("row %zu, exit %d: %s%s", i, code, out, err);
		assert_null(strstr(out, "Valid ")); /* the CA decides */
		assert_non_null(strstr(buf_z(&c.requests[1]), "GET /v1/cert/request"));
		canned_fini(&c);
	}
}

static void it_is_never_written_over_a_file(void **state)
{
	char path[200];
	snprintf(path, sizeof(path), "%s", tempdir_path(state, "request.csr"));
	const char *args[] = {"request", "--csr-out", path, NULL};
	for (int i = 0; i < 2; i++) {
		auto_free char *out = NULL, *err = NULL;
		auto_buf struct buf text = {.p = NULL};
		struct canned c = {.n = 0};
		assert_int_equal(ask(state, 200, REQUEST, args, &out, &err, &c),
				 i ? CTL_FAILED : CTL_GOOD);
		read_fixture(path, &text);
		assert_string_equal(buf_z(&text),
				    "-----BEGIN CERTIFICATE REQUEST-----\nMII\n-----END "
				    "CERTIFICATE REQUEST-----\n");
		assert_null(strstr(out, "BEGIN"));
		canned_fini(&c);
	}
}

static void an_answer_is_sent_as_it_is_and_a_key_never(void **state)
{
	static const struct {
		const char *text; /* of the file; NULL: there is none */
		unsigned status;  /* 0: nothing is sent */
		const char *answer;
		enum ctl_exit code;
		const char *out, *err;
	} rows[] = {
	    {"-----BEGIN CERTIFICATE-----\nMII\n", 200, "{\"serial\":\"5A\"}", CTL_GOOD,
	     "Serial 5A passed every check", ""},
	    {"-----BEGIN CERTIFICATE-----\nMII\n", 409,
	     "{\"error\":{\"kind\":\"REFUSED\",\"text\":\"ask the CA for: EKU\"}}", CTL_FAILED, "",
	     "ask the CA for: EKU"},
	    {"-----BEGIN PRIVATE KEY-----\nsecret\n", 0, "", CTL_FAILED, "", "a private key in it"},
	    {"\xff\xfe", 0, "", CTL_USAGE, "", "no PEM"},
	    {NULL, 0, "", CTL_FAILED, "", "answer.pem"},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		auto_free char *out = NULL, *err = NULL;
		struct canned c = {.n = 0};
		char path[200];
		snprintf(path, sizeof(path), "%s", tempdir_path(state, "answer.pem"));
		(void)unlink(path);
		if (rows[i].text)
			put(path, rows[i].text);
		const char *args[] = {"import", path, "--reason", "CHG1", NULL};
		enum ctl_exit code =
		    ask(state, rows[i].status, rows[i].answer, args, &out, &err, &c);
		if (code != rows[i].code || !strstr(out, rows[i].out) || !strstr(err, rows[i].err))
			fail_msg("row %zu, exit %d: %s%s", i, code, out, err);
		assert_null(strstr(err, "secret"));
		assert_int_equal(c.asked_n == 2, rows[i].status != 0);
		if (rows[i].status) {
			assert_non_null(strstr(buf_z(&c.requests[1]), "POST /v1/cert/import"));
			assert_non_null(strstr(buf_z(&c.requests[1]),
					       "\"pem\":\"-----BEGIN CERTIFICATE-----\\nMII\\n\""));
		}
		canned_fini(&c);
	}
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, tempdir_setup, tempdir_teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {CASE(a_request_is_shown_alone_or_with_its_sheet),
					   CASE(it_is_never_written_over_a_file),
					   CASE(an_answer_is_sent_as_it_is_and_a_key_never)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
