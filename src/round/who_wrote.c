/* SPDX-License-Identifier: Apache-2.0 */
/* Who wrote the keyfile, as far as this host's journal may be read: asked once for each foreign
 * write. A hint for people; nothing is decided by it. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "codec/suspect.h"
#include "round/round.h"

enum { BEFORE_S = 75, WAIT_S = 3, LINES_BYTES_MAX = 1024 * 1024 };
#define JOURNALCTL "/usr/bin/journalctl"
#define LINES_N "1500"
#define FIELDS "MESSAGE,MESSAGE_ID,SYSLOG_IDENTIFIER,UNIT,_UID"

/* The system's lines from..until. False also where this user may not see them: journalctl(1) then
 * shows those of its own user alone, and says so. */
static bool ask_journal(const struct seat *t, struct wall from, struct wall until, struct buf *ret,
			struct err *err)
{
	char since_word[40], until_word[40];
	struct program_result r = {0};
	snprintf(since_word, sizeof(since_word), "--since=@%lld", (long long)(from.us / US_S));
	snprintf(until_word, sizeof(until_word), "--until=@%lld", (long long)(until.us / US_S + 1));
	struct program_call call = {.argv = {JOURNALCTL, "--no-pager", "--output=json",
					     "--output-fields=" FIELDS, "--lines=" LINES_N,
					     since_word, until_word, NULL},
				    .env = {"LC_ALL=C", NULL},
				    .timeout_us = WAIT_S * US_S,
				    .output_max = LINES_BYTES_MAX};
	if (!t->ports.program.ops)
		return err_set(err, ERR_NOT_FOUND, "no programs are run here");
	if (!t->ports.program.ops->run(t->ports.program.self, &call, &r, err))
		return false;
	*ret = r.output;
	if (r.exit_code != 0 || strstr(r.errors, "not seeing messages") ||
	    strstr(r.errors, "permission"))
		return err_set(err, ERR_PERMISSION,
			       "this user may not read the journal of this host");
	if (strstr(r.errors, "No journal files"))
		return err_set(err, ERR_NOT_FOUND, "this host keeps no journal");
	return true;
}

void suspect_look(struct seat *t, const struct file_view *view)
{
	struct seen_keyfile *k = &t->seen->keyfile;
	auto_buf struct buf lines = {.p = NULL};
	struct err err = ERR_INIT;
	/* ctime: mtime may be brought along from elsewhere. */
	const struct wall moment = view->changed;
	if (!k->is_foreign || moment.us == 0)
		return;
	if (t->suspect_of.us != moment.us) {
		t->suspect_of = moment;
		t->suspect[0] = '\0';
		if (ask_journal(t, (struct wall){.us = moment.us - BEFORE_S * US_S}, moment, &lines,
				&err))
			(void)!suspect_find(buf_str(&lines), k->path, moment, t->suspect);
		err_clear(&err);
	}
	cut_z(k->suspect, sizeof(k->suspect), t->suspect);
}

bool suspect_can(const struct seat *t, struct err *err)
{
	auto_buf struct buf lines = {.p = NULL};
	struct wall now = t->ports.host.ops->now(t->ports.host.self);
	return ask_journal(t, (struct wall){.us = now.us - US_S}, now, &lines, err);
}
