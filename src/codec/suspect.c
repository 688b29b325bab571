/* SPDX-License-Identifier: Apache-2.0 */
/* See suspect.h. Formats: systemd.journal-fields(7), journalctl(1); Vixie cron's and sudo's lines
 * as Debian and Red Hat have them. */
#include "codec/suspect.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "codec/json_mem.h"

enum { LINE_MAX_BYTES = 16 * 1024, PROGRAM_BYTES = 80 };
/* SD_MESSAGE_UNIT_STARTING of sd-messages.h: before the unit's program runs. */
#define UNIT_STARTING "7d4958e842da4a758f6c1cdc7b36dcc5"

struct line {
	const char *ident, *message, *unit, *message_id;
	const char *uid; /* who wrote it, by the kernel; all else is what that one says */
};

/* Names are shown and nothing else: no sentence, no escape, no half letter. */
static void make_plain(char *word)
{
	for (char *c = word; *c; c++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/@:+-",
			    *c))
			*c = '?';
}

/* "NAME=value program" has a value, which may be secret, before the program. */
static bool is_program(const char *word)
{
	return word[0] && !strchr(word, '=');
}

static void say_program(const char *how, char *user, char *word, char out[SUSPECT_BYTES])
{
	bool has_program = is_program(word);
	make_plain(user);
	make_plain(word);
	snprintf(out, SUSPECT_BYTES, "%s %.40s%s%.79s", how, user, has_program ? ": " : "",
		 has_program ? word : "");
}

/* "(root) CMD (/usr/local/bin/sync --all)" */
static bool is_cron(const struct line *l, char out[SUSPECT_BYTES])
{
	char user[PROGRAM_BYTES], word[PROGRAM_BYTES];
	if (sscanf(l->message, "(%79[^)]) CMD (%79[^ )]", user, word) != 2)
		return false;
	say_program("cron as", user, word, out);
	return true;
}

/* "   alice : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/cp a b" */
static bool is_sudo(const struct line *l, char out[SUSPECT_BYTES])
{
	char user[PROGRAM_BYTES], word[PROGRAM_BYTES];
	const char *command = strstr(l->message, "COMMAND=");
	if (!command || sscanf(l->message, " %79[^ :]", user) != 1 ||
	    sscanf(command, "COMMAND=%79s", word) != 1)
		return false;
	say_program("sudo of", user, word, out);
	return true;
}

static bool is_unit(const struct line *l, char out[SUSPECT_BYTES])
{
	/* Ours, what a login makes, and what never writes files. */
	static const char *const not [] = {"rotad", "session-", "user@", "user-runtime-dir@",
					   "systemd-"};
	size_t n = strlen(l->unit);
	if (strcmp(l->message_id, UNIT_STARTING) != 0 || n < 9 ||
	    strcmp(l->unit + n - 8, ".service") != 0)
		return false;
	for (size_t i = 0; i < ARRAY_N(not ); i++)
		if (strncmp(l->unit, not [i], strlen(not [i])) == 0)
			return false;
	char unit[PROGRAM_BYTES + 21];
	snprintf(unit, sizeof(unit), "%.100s", l->unit);
	make_plain(unit);
	snprintf(out, SUSPECT_BYTES, "the unit %s", unit);
	return true;
}

static bool is_tool(const struct line *l, char out[SUSPECT_BYTES])
{
	snprintf(out, SUSPECT_BYTES, "%.100s", l->ident);
	make_plain(out);
	return true;
}

/* By the beginning of SYSLOG_IDENTIFIER. */
static const struct {
	const char *ident;
	bool (*is)(const struct line *l, char out[SUSPECT_BYTES]);
} starters[] = {
    {"CRON", is_cron},    {"crond", is_cron},         {"anacron", is_tool},  {"sudo", is_sudo},
    {"systemd", is_unit}, {"ansible", is_tool},       {"puppet", is_tool},   {"chef", is_tool},
    {"salt", is_tool},    {"cfengine", is_tool},      {"cf-agent", is_tool}, {"rsync", is_tool},
    {"sftp", is_tool},    {"internal-sftp", is_tool},
};

/* Anybody on the host may write a line in any name (logger -t CRON): who is not root is named. */
static bool by_root(const struct line *l)
{
	return strcmp(l->uid, "0") == 0;
}

static void say_by(const struct line *l, char out[SUSPECT_BYTES])
{
	size_t n = strlen(out);
	char uid[12];
	snprintf(uid, sizeof(uid), "%.10s", l->uid);
	make_plain(uid);
	if (!by_root(l))
		snprintf(out + n, SUSPECT_BYTES - n, " (says uid %s)", uid[0] ? uid : "?");
}

/* 0: it says nothing of who writes; 1: something was started; 2: it names the path; 3: and is
 * root's. */
static int weigh(const struct line *l, const char *path, char out[SUSPECT_BYTES])
{
	bool has_path = path[0] && strstr(l->message, path) != NULL;
	if (strncmp(l->ident, "rotad", 5) == 0 || strncmp(l->ident, "mongo", 5) == 0)
		return 0; /* they name it for other reasons */
	for (size_t i = 0; i < ARRAY_N(starters); i++)
		if (strncmp(l->ident, starters[i].ident, strlen(starters[i].ident)) == 0 &&
		    starters[i].is(l, out))
			return has_path ? 2 + by_root(l) : 1;
	return has_path && l->ident[0] && is_tool(l, out) ? 2 + by_root(l) : 0;
}

/* The journal gives bytes that are no text as an array of numbers. */
static const char *text_of(const json_t *o, const char *field)
{
	const char *z = json_string_value(json_object_get(o, field));
	return z ? z : "";
}

bool suspect_find(struct str lines, const char *path, struct wall moment, char ret[SUSPECT_BYTES])
{
	int best = 0;
	while (lines.n) {
		const char *end = memchr(lines.p, '\n', lines.n);
		size_t n = end ? (size_t)(end - lines.p) : lines.n;
		AUTO(json_t)
		o = n <= LINE_MAX_BYTES ? json_loadb(lines.p, n, 0, NULL) : NULL;
		struct line l = {text_of(o, "SYSLOG_IDENTIFIER"), text_of(o, "MESSAGE"),
				 text_of(o, "UNIT"), text_of(o, "MESSAGE_ID"), text_of(o, "_UID")};
		struct wall at = {.us = strtoll(text_of(o, "__REALTIME_TIMESTAMP"), NULL, 10)};
		char out[SUSPECT_BYTES];
		int weight = at.us > 0 && at.us <= moment.us ? weigh(&l, path, out) : 0;
		if (weight && weight >= best) { /* later ones are nearer to the moment */
			best = weight;
			say_by(&l, out);
			snprintf(ret, SUSPECT_BYTES, "%s", out);
		}
		lines.p += end ? n + 1 : n;
		lines.n -= end ? n + 1 : n;
	}
	return best > 0;
}
