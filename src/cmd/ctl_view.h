/* SPDX-License-Identifier: Apache-2.0 */
/* The status document of rotad as the verbs read it (made by round/view.c), and how it is set on a
 * page of 80 columns: names, times, rows, tables. What a verb says of it is the verb's own. */
#ifndef CMD_CTL_VIEW_H
#define CMD_CTL_VIEW_H

#include "base/clock.h"
#include "base/limits.h"
#include "cmd/ctl.h"

enum {
	VIEW_COLUMNS = 80,
	VIEW_STALE_S = 120,    /* an older status says nothing of now */
	VIEW_LABEL_BYTES = 64, /* a member's name as it is shown */
	VIEW_CELL_BYTES = 64,
	VIEW_CELLS_MAX = 9, /* columns of a table */
	VIEW_SOON_N = 500,  /* lines of progress that --json keeps */
};

/* ---- getting it ---- */

/* Which instance is meant. Both may be NULL. */
struct view_pick {
	const char *instance, *cluster;
};
#define VIEW_PICK_OPTIONS                                                                          \
	{"instance", required_argument, NULL, 'I'},                                                \
	{                                                                                          \
		"cluster", required_argument, NULL, 'C'                                            \
	}

/* One of these options, as getopt gave it (optarg is its value)? Then it is taken. */
bool view_pick_take(struct view_pick *pick, int option);

/* Get the status of the running rotad, or (from not NULL) one that was saved as a file. *ret is
 * new; *ret_now is the moment it is read for: this clock, or that of the file. Tells what went
 * wrong; CTL_UNKNOWN also when it is stale. */
enum ctl_exit view_open(struct ctl *ctl, const char *from, json_t **ret, struct wall *ret_now);
/* Is this document one that the verbs can read? Errors: ERR_PROTOCOL, ERR_LIMIT. */
MUST_CHECK bool view_check(const json_t *doc, struct err *err);
/* The one instance that is meant; any one of a cluster stands for it. Tells a usage error and gives
 * NULL when there is none or more than one. */
const json_t *view_instance(struct ctl *ctl, const json_t *doc, const struct view_pick *pick);
/* Both in one: the running rotad's status, and the instance in it that is meant. CTL_USAGE when
 * there is none or more than one. */
enum ctl_exit view_open_one(struct ctl *ctl, const struct view_pick *pick, json_t **ret_doc,
			    const json_t **ret_instance, struct wall *ret_now);
/* Does the instance fit the pick? A pick of nothing fits all. */
bool view_fits(const json_t *instance, const struct view_pick *pick);
/* What the running rotad's doctor finds of that instance, after the round that runs just now. *ret
 * is new. Exit codes as of ctl_ask(). */
enum ctl_exit view_ask_doctor(struct ctl *ctl, const json_t *instance, json_t **ret);
/* With --json: the document becomes what is printed. */
void view_to_doc(struct ctl *ctl, const json_t *doc);
/* The worse of two exit codes: failing, then attention, then not known, then good. */
enum ctl_exit view_worse(enum ctl_exit a, enum ctl_exit b);

/* ---- reading it ---- */

/* Never NULL; "" when absent or null. */
const char *view_text(const json_t *object, const char *key);
/* 0 when absent or no number. */
int64_t view_int(const json_t *object, const char *key);
double view_real(const json_t *object, const char *key);
bool view_is(const json_t *object, const char *key);
struct wall view_wall(const json_t *object, const char *key); /* us 0 when absent */
/* A ring as "7 8"; "none", "unknown"; a key without a number is "other". out_n at least 32. */
const char *view_ring(const json_t *ring, char *out, size_t out_n);
/* Does the ring hold the key of that number? Number 0 is never held. */
bool view_ring_has(const json_t *ring, int64_t key);
/* May any member be restarted: 'y', 'n', 'l' (the keys allow it, the majorities not), '?'. */
char view_restart_now(const json_t *instance);
/* Does a member answer, in a state that a healthy set has? */
bool view_is_up(const json_t *member);
/* And does it see all others? */
bool view_is_healthy(const json_t *instance, const json_t *member);
/* Is the member away because rotad restarts it just now? */
bool view_is_in_turn(const json_t *instance, const json_t *member);
/* "open", "carried", "dead"; "" when no rotation is under way. */
const char *view_rotation(const json_t *instance);
/* Does an order for a keyfile stand, which `abort` would withdraw? */
bool view_has_keyfile_order(const json_t *instance);

/* Members by the names that people know them by: without the default port, and where they are too
 * long (or is_short) without the domain that all have; is_short: only the port where all have one
 * host. */
struct view_labels {
	size_t n;
	char text[MEMBERS_MAX][VIEW_LABEL_BYTES];
};
void view_labels(const json_t *instance, bool is_short, struct view_labels *ret);

/* ---- times, local ---- */

struct wall view_now(void);

/* "02:00:56" on the same day as now, else "2026-08-19 03:11"; "never" for 0. out_n at least 32. */
const char *view_clock(struct wall t, struct wall now, char *out, size_t out_n);
const char *view_date(struct wall t, char *out, size_t out_n); /* "2027-01-19" */
const char *view_zone(struct wall t, char *out, size_t out_n); /* "CET" */
/* "4 s", "58 days": the distance as people say it. */
const char *view_span(int64_t us, char *out, size_t out_n);

/* ---- setting it ---- */

/* A labelled text, folded at blanks, its lines indented by `indent` columns; without a label (NULL)
 * all but the first. A line feed in the text starts a line. Control characters are shown as '?',
 * the default port of members is left out, UTC times become local ones. Nothing with --json. */
void view_row(struct ctl *ctl, unsigned indent, const char *label, const char *format, ...)
    PRINTF(4, 5);

/* Rows of cells, as wide as they need. */
struct view_table {
	size_t rows_n, columns_n;
	char cell[MEMBERS_MAX + 8][VIEW_CELLS_MAX][VIEW_CELL_BYTES];
};
/* The cell to print into: of the last row, column i. */
void view_cell(struct view_table *t, size_t column, const char *format, ...) PRINTF(3, 4);
void view_new_row(struct view_table *t);
/* Print, the columns two blanks apart, indented by two. */
void view_table_print(struct ctl *ctl, const struct view_table *t);

/* Ask on the terminal; true without asking when there is none, with --json or `yes`. */
MUST_CHECK bool view_confirm(struct ctl *ctl, bool yes, const char *question);

#endif
