/* SPDX-License-Identifier: Apache-2.0 */
/* What every verb of rotactl works with: its context, its exit codes, how it tells errors and
 * findings.
 *
 * A new verb is one row in ctl_table.h and one file ctl_<verb>.c with its handler; help, manual,
 * usage errors and suggestions follow from the row. */
#ifndef CMD_CTL_H
#define CMD_CTL_H

#include <getopt.h>
#include <stdio.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/err.h"

#define CTL_CONFIG_DEFAULT SYSCONFDIR "/rotad/rotad.yaml"

/* Exit codes of rotactl; part of its interface. */
enum ctl_exit {
	CTL_GOOD = 0,
	CTL_ATTENTION = 1,     /* a person should look */
	CTL_FAILED = 2,        /* failing, or refused */
	CTL_UNKNOWN = 3,       /* cannot tell: no daemon, or what it knows is stale */
	CTL_USAGE = 64,        /* wrong arguments */
	CTL_NOT_FINISHED = 75, /* not within --timeout: still safe, going on */
};

/* What a verb needs; shown in its help. */
enum ctl_flag {
	CTL_OFFLINE = 1 << 0, /* needs no daemon and no network */
	CTL_DAEMON = 1 << 1,  /* asks the running rotad */
	CTL_ROOT = 1 << 2,    /* usually needs root, or the user of mongod */
};

struct ctl;
/* argv[0] is the verb; the global options are already taken out. */
typedef enum ctl_exit (*ctl_run)(struct ctl *ctl, int argc, char **argv);

struct ctl_row {
	const char *group;    /* "offline" */
	const char *name;     /* "status", or two words: "keyfile check" */
	unsigned flags;       /* enum ctl_flag */
	const char *synopsis; /* the arguments behind the name; "" for none */
	const char *help;     /* one line, begins with a verb, no full stop */
	ctl_run run;
};
extern const struct ctl_row ctl_table[];
extern const size_t ctl_table_n;

enum ctl_color { CTL_PLAIN, CTL_RED, CTL_YELLOW, CTL_GREEN, CTL_BOLD };

/* The context of one run. */
struct ctl {
	const struct ctl_row *row; /* the verb that runs */
	FILE *out, *err;           /* stdout and stderr; tests give others */
	bool json;                 /* --json: fill `doc`, print nothing to `out` */
	bool no_color;             /* --no-color, NO_COLOR, or TERM=dumb */
	const char *socket_path;   /* --socket, ROTAD_SOCKET, or the default */
	const char *config_path;   /* --config, or the default */
	/* With --json the one object that is printed at the end. ctl_error() and ctl_finding() add
	 * to it, a verb adds its own fields; "exit" is added last. Never NULL. */
	json_t *doc;
	unsigned findings_n[3]; /* told so far, by enum ctl_weight */
};

/* Run a command line. Tests call it with streams of their own; main() with stdout and stderr. */
enum ctl_exit ctl_main(int argc, char **argv, FILE *out, FILE *err);

/* getopt_long() for handlers: the same, but a wrong option is told as a usage error and gives '?'
 * (return CTL_USAGE then). `shorts` needs no leading colon. */
int ctl_option(struct ctl *ctl, int argc, char **argv, const char *shorts,
	       const struct option *longs);
/* The whole number in the value of an option. Tells a usage error and gives false when it is none,
 * or outside min..max. */
MUST_CHECK bool ctl_number(struct ctl *ctl, const char *option, const char *text, long min,
			   long max, long *ret);
/* Say what is wrong with the arguments, and the synopsis. Always returns CTL_USAGE. */
enum ctl_exit ctl_usage(struct ctl *ctl, const char *format, ...) PRINTF(2, 3);
/* Tell an error: what, where, what to do. In JSON it becomes the field "error". Returns CTL_FAILED.
 */
enum ctl_exit ctl_error(struct ctl *ctl, const struct err *err);
/* The same with its own words for what to do; NULL: those of the kind. */
enum ctl_exit ctl_error_with(struct ctl *ctl, const struct err *err, const char *you);

/* One thing that was found in a file or on a host. */
enum ctl_weight { CTL_NOTE, CTL_WARN, CTL_REFUSE };
struct ctl_finding {
	enum ctl_weight weight;
	const char *name;  /* fixed name of the rule, for machines: "three-keys" */
	const char *where; /* "line 3, column 1", a path, a member; may be NULL */
	const char *what;  /* one sentence */
	const char *you;   /* what to do; may be NULL */
};
/* Tell a finding at once, and count it. In JSON it is appended to the array "findings". */
void ctl_finding(struct ctl *ctl, const struct ctl_finding *f);

/* The unit of the rotad that is meant, as systemctl takes it: "rotad", or "rotad@USER" with
 * --config /etc/rotad/USER.yaml. Returns out. */
const char *ctl_unit(const struct ctl *ctl, char *out, size_t out_n);
/* A line of text for people; nothing with --json. */
void ctl_say(struct ctl *ctl, const char *format, ...) PRINTF(2, 3);
/* The escape sequence that begins or (CTL_PLAIN) ends a colour on that stream, or "". Colour only
 * repeats what the words say. */
const char *ctl_color(const struct ctl *ctl, FILE *stream, enum ctl_color color);

#endif
