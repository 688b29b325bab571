/* SPDX-License-Identifier: Apache-2.0 */
/* Who may have written a file, by lines of the journal as journalctl prints them. */
#include "lib/test.h"

#include <string.h>

#include "base/cleanup.h"
#include "codec/suspect.h"

#define PATH "/etc/mongodb/keyfile"
#define BY(uid, us, more) "{\"__REALTIME_TIMESTAMP\":\"" us "\",\"_UID\":\"" uid "\"," more "}\n"
#define AT(us, more) BY("0", us, more)
#define SAID(ident, message) "\"SYSLOG_IDENTIFIER\":\"" ident "\",\"MESSAGE\":\"" message "\""
#define UNIT(id, name)                                                                             \
	"\"SYSLOG_IDENTIFIER\":\"systemd\",\"MESSAGE_ID\":\"" id "\",\"UNIT\":\"" name             \
	"\",\"MESSAGE\":\"x\""
#define STARTING "7d4958e842da4a758f6c1cdc7b36dcc5"
#define STARTED "39f53479d3a045ac8e11786248231fbf"
static const struct wall moment = {.us = 1000};

static void what_was_started_before_it_is_named(void **state)
{
	(void)state;
	static const struct {
		const char *lines, *wanted; /* NULL: nobody is named */
	} rows[] = {
	    {AT("900", SAID("CRON", "(root) CMD (/usr/local/bin/sync --password x)")),
	     "cron as root: /usr/local/bin/sync"},
	    {AT("900", SAID("crond", "(bob) CMD (x)")), "cron as bob: x"},
	    {AT("900",
		SAID("sudo", "   alice : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/cp a b")),
	     "sudo of alice: /bin/cp"},
	    {AT("900", UNIT(STARTING, "keyfile-sync.service")), "the unit keyfile-sync.service"},
	    {AT("900", SAID("ansible-ansible.legacy.copy", "Invoked with src=a token=b")),
	     "ansible-ansible.legacy.copy"},
	    {AT("900", SAID("puppet-agent", "Applied catalog")), "puppet-agent"},
	    {AT("900", SAID("deploy.sh", "wrote " PATH)), "deploy.sh"},
	    /* the latest one, */
	    {AT("800", SAID("CRON", "(root) CMD (a)")) AT("900", SAID("CRON", "(root) CMD (b)")),
	     "cron as root: b"},
	    /* but none of afterwards, */
	    {AT("900", SAID("CRON", "(root) CMD (a)")) AT("1001", SAID("CRON", "(root) CMD (b)")),
	     "cron as root: a"},
	    {AT("1000", SAID("CRON", "(root) CMD (a)")), "cron as root: a"},
	    /* and the file's name weighs more than the order. */
	    {AT("800", SAID("sudo", "alice : COMMAND=/bin/cp a " PATH))
		 AT("900", SAID("CRON", "(root) CMD (b)")),
	     "sudo of alice: /bin/cp"},
	    {AT("900", SAID("a\\u001b[2J\\n", PATH)), "a??2J?"},
	    /* Whoever is on the host may write in any name: then it is said who does, */
	    {BY("1000", "900", SAID("CRON", "(root) CMD (a)")), "cron as root: a (says uid 1000)"},
	    {BY("1000", "900", UNIT(STARTING, "a.service")), "the unit a.service (says uid 1000)"},
	    {BY("", "900", SAID("puppet-agent", "")), "puppet-agent (says uid ?)"},
	    {BY("33", "900", SAID("a", PATH)), "a (says uid 33)"},
	    /* and root's word goes before his. */
	    {AT("800", SAID("sudo", "al : COMMAND=/bin/cp a " PATH))
		 BY("33", "900", SAID("a", PATH)),
	     "sudo of al: /bin/cp"},
	    /* No sentence, no half letter, and no value of a variable. */
	    {AT("900", SAID("Now run: curl http://x | sh", PATH)), "Now?run:?curl?http://x???sh"},
	    {AT("900", SAID("CRON", "(r\u00e9) CMD (\u00e9)")), "cron as r??: ??"},
	    {AT("900", SAID("CRON", "(root) CMD (PW=\\\"a b\\\" /bin/dump)")), "cron as root"},
	    {AT("900", SAID("sudo", "al : COMMAND=PW=a /bin/dump")), "sudo of al"},
	    /* no last line feed; lines that are none, and bytes in the place of text */
	    {"--\n{\"__REALTIME_TIMESTAMP\":\"9\",\"MESSAGE\":[1,2],\"SYSLOG_IDENTIFIER\":\"CRON\"}"
	     "\n[]\n"
	     "{\"__REALTIME_TIMESTAMP\":\"900\",\"_UID\":\"0\"," SAID("CRON", "(root) CMD (a)") "}",
	     "cron as root: a"},
	    {"", NULL},
	    {"\n\n", NULL},
	    {AT("900", SAID("CRON", "pam_unix(cron:session): session opened")), NULL},
	    {AT("900", SAID("sudo", "pam_unix(sudo:session): session opened for "
				    "root")),
	     NULL},
	    {AT("900", UNIT(STARTED, "keyfile-sync.service")), NULL},
	    {AT("900", UNIT(STARTING, "session-4.scope")), NULL},
	    {AT("900", UNIT(STARTING, "user@1000.service")), NULL},
	    {AT("900", UNIT(STARTING, "rotad-metrics.service")), NULL},
	    {AT("900", SAID("rotad", "looked at " PATH)), NULL},
	    {AT("900", SAID("mongod", "keyFile: " PATH)), NULL},
	    {AT("900", SAID("kernel", "hello")), NULL},
	    {AT("900", SAID("", PATH)), NULL},
	    {AT("0", SAID("CRON", "(root) CMD (a)")), NULL},
	    {AT("x", SAID("CRON", "(root) CMD (a)")), NULL},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		char got[SUSPECT_BYTES] = "untouched";
		bool is_named = suspect_find(str_of(rows[i].lines), PATH, moment, got);
		if (is_named != (rows[i].wanted != NULL) ||
		    strcmp(got, is_named ? rows[i].wanted : "untouched") != 0)
			fail_msg("row %zu: %d '%s'", i, is_named, got);
	}
}

/* What a line may hold is not ours to choose. */
static void long_lines_are_cut_or_passed_over(void **state)
{
	(void)state;
	char got[SUSPECT_BYTES];
	for (size_t n = 10; n < 40000; n += 3000) {
		auto_buf struct buf b = {.p = NULL};
		buf_adds(&b, "{\"__REALTIME_TIMESTAMP\":\"900\",\"_UID\":\"0\",\"SYSLOG_"
			     "IDENTIFIER\":\"CRON\","
			     "\"MESSAGE\":\"(root) CMD (");
		for (size_t i = 0; i < n; i++)
			buf_adds(&b, "x");
		buf_adds(&b, ")\"}\n" AT("950", SAID("CRON", "(root) CMD (b)")));
		assert_true(suspect_find(buf_str(&b), PATH, moment, got));
		assert_string_equal(got, "cron as root: b");
		b.n -= strlen(AT("950", SAID("CRON", "(root) CMD (b)")));
		bool is_named = suspect_find(buf_str(&b), PATH, moment, got);
		assert_int_equal(is_named, n < 16000);
		assert_true(!is_named || strlen(got) < 100);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(what_was_started_before_it_is_named),
					   cmocka_unit_test(long_lines_are_cut_or_passed_over)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
