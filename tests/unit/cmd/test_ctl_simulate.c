/* SPDX-License-Identifier: Apache-2.0 */
/* rotactl simulate: what it refuses, and the page it makes of a rehearsal. That rotad-sim is run
 * and what it says: tests/sim/simulate.py. */
#include "lib/test.h"

#include "cmd/ctl_simulate.h"
#include "codec/json_mem.h"
#include "ctl_run.h"

static void wrong_words_are_refused_with_what_is_right(void **state)
{
	static const struct {
		const char *args[6], *says;
	} rows[] = {
	    {{"simulate", "--members", "PSX"}, "a letter a member"},
	    {{"simulate", "--members", "AAA"}, "one S at least"},
	    {{"simulate", "--members", ""}, "a letter a member"},
	    {{"simulate", "--members", "0"}, "a letter a member"},
	    {{"simulate", "--members", "17"}, "a number up to 16"},
	    {{"simulate", "--members", "SSSSSSSSSSSSSSSSS"}, "a number up to 16"},
	    {{"simulate", "--members", "3", "--cluster", "rs0"}, "--members is a set of your own"},
	    {{"simulate", "--members", "3", "--from", "f"}, "--members is a set of your own"},
	    {{"simulate", "--days", "0", "--members", "3"}, "--days"},
	    {{"simulate", "--fleets", "x", "--members", "3"}, "--fleets"},
	    {{"simulate", "now"}, "takes no argument"},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		char *out = NULL, *err = NULL;
		enum ctl_exit code = ctl_run_args(rows[i].args, &out, &err);
		if (code != CTL_USAGE || !strstr(err, rows[i].says))
			fail_msg("row %zu: %d: %s", i, code, err);
		free(out);
		free(err);
	}
}

static void without_a_daemon_it_says_so(void **state)
{
	const char *args[] = {"--socket", "/nonexistent/s", "simulate", NULL};
	char *out = NULL, *err = NULL;
	assert_int_equal(ctl_run_args(args, &out, &err), CTL_UNKNOWN);
	free(out);
	free(err);
}

static const char rehearsal[] =
    "{'cluster':'rs<0>','from':'2026-11-22T00:00:00Z','until':'2027-11-22T00:00:00Z','seed':1,"
    "'strategy':'twoPass','maxAgeSeconds':7776000,'drainSeconds':15.0,"
    "'answer':['2 more in that time were not rehearsed.'],"
    "'members':[{'host':'a&b','kind':'may become primary'}],"
    "'rotations':["
    "{'due':'2026-12-01T00:00:00Z','begins':'2026-12-05T02:00:00Z','windowSeconds':14400,'fits':"
    "true,"
    " 'onePass':false,'result':{'outcome':'done','took':100.0,'restarts':2,'stepDowns':0,"
    " 'pauses':{'n':2,'longest':0.25},'members':[{'restarts':2,'awayLongest':18.0}],"
    " 'happenings':[{'at':0.0,'what':'proposed','member':0},{'at':1.0,'what':'wrote','member':0,"
    " 'keys':[1,2]},{'at':2.0,'what':'stops','member':0},{'at':20.0,'what':'back','member':0},"
    " {'at':21.0,'what':'voted','member':0},{'at':21.0,'what':'pivot','member':0},"
    " {'at':22.0,'what':'wrote','member':0,'keys':[2]}]}},"
    "{'due':'2027-03-01T00:00:00Z','begins':'2027-03-01T00:00:00Z','windowSeconds':60,'fits':false,"
    " 'onePass':false,'result':{'outcome':'done','took':100.0,'restarts':2,'pauses':{}}},"
    "{'due':'2027-06-01T00:00:00Z','begins':'2027-06-01T00:00:00Z','windowSeconds':null,'fits':"
    "true,"
    " 'onePass':false,'result':{'outcome':'stuck','took':null,'waits':'<gate>','pauses':{}}},"
    "{'due':'2027-09-01T00:00:00Z','begins':null,'windowSeconds':null,'onePass':false}],"
    "'renewals':[{'due':'2027-01-01T00:00:00Z','begins':'2027-01-02T00:00:00Z',"
    " 'previousEnds':'2027-02-01T00:00:00Z','tooLate':false}],"
    "'fleets':{'n':3,'struck':9,'unsafe':0,'stuck':0,'longestAfterTheLast':60.0,"
    " 'faults':{'cut':9}}}";

static void the_page_says_all_of_it_and_escapes_names(void **state)
{
	static const char *const there[] = {
	    "rs&lt;0&gt;",
	    "a&amp;b",
	    "file: key 1 and key 2",
	    "away 18.0 s",
	    "all have voted",
	    "too short",
	    "does not end: &lt;gate&gt;",
	    "no window opens",
	    "2 more in that time were not rehearsed",
	    "<strong>0 unsafe, 0 did not end</strong>",
	    "certificates, ",
	    "</html>",
	};
	static const char *const nowhere[] = {"<gate>",  "rs<0>", "a&b<",
					      "<script", "http:", "https:"};
	json_error_t why;
	char text[sizeof(rehearsal)];
	auto_buf struct buf page = {.max = 1024 * 1024};
	memcpy(text, rehearsal, sizeof(text));
	for (char *p = text; *p; p++)
		if (*p == '\'')
			*p = '"';
	AUTO(json_t) doc = json_loads(text, JSON_REJECT_DUPLICATES, &why);
	if (!doc)
		fail_msg("%s", why.text);
	simulate_page(doc, &page);
	for (size_t i = 0; i < ARRAY_N(there); i++)
		if (!strstr(buf_z(&page), there[i]))
			fail_msg("it does not say: %s\n%s", there[i], buf_z(&page));
	for (size_t i = 0; i < ARRAY_N(nowhere); i++)
		if (strstr(buf_z(&page), nowhere[i]))
			fail_msg("it says: %s", nowhere[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(wrong_words_are_refused_with_what_is_right),
	    cmocka_unit_test(without_a_daemon_it_says_so),
	    cmocka_unit_test(the_page_says_all_of_it_and_escapes_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
