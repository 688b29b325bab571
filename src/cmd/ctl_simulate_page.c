/* SPDX-License-Identifier: Apache-2.0 */
/* The page of `rotactl simulate --html`: to be read by a change board, attached to a ticket, and
 * printed. One file, no script, nothing fetched; what colours say stands there in words as well. */
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "cmd/ctl_page.h"
#include "cmd/ctl_simulate.h"
#include "cmd/ctl_view.h"

enum { WIDTH = 960, LEFT = 150, ROW = 34, BAR = 16, KEY_COLORS = 4, LABEL = 110 };

static const char *host(const json_t *doc, size_t i)
{
	return view_text(json_array_get(json_object_get(doc, "members"), i), "host");
}

/* ---- the year ---- */

static void year(const json_t *doc, struct buf *b)
{
	const json_t *rotations = json_object_get(doc, "rotations"),
		     *renewals = json_object_get(doc, "renewals");
	struct wall from = view_wall(doc, "from"), until = view_wall(doc, "until");
	double span = (double)MAX(until.us - from.us, (int64_t)1);
	char date[32];
	buf_addf(b,
		 "<svg viewBox='0 0 %d 92' role='img' aria-label='When rotations and renewals "
		 "begin'><line x1='10' x2='%d' y1='46' y2='46' stroke='var(--line)'/>",
		 WIDTH, WIDTH - 10);
	for (size_t i = 0; i < json_array_size(rotations); i++) {
		struct wall at = view_wall(json_array_get(rotations, i), "begins");
		if (at.us)
			buf_addf(b,
				 "<rect x='%.0f' y='30' width='8' height='32' fill='var(--away)'>"
				 "<title>keyfile, %s</title></rect>",
				 10 + (WIDTH - 30) * (double)(at.us - from.us) / span,
				 view_date(at, date, sizeof(date)));
	}
	for (size_t i = 0; i < json_array_size(renewals); i++) {
		bool is_late = view_is(json_array_get(renewals, i), "tooLate");
		struct wall at = view_wall(json_array_get(renewals, i), "begins");
		if (at.us)
			buf_addf(b,
				 "<circle cx='%.0f' cy='46' r='6' fill='var(--%s)'>"
				 "<title>certificates, %s%s</title></circle>",
				 14 + (WIDTH - 30) * (double)(at.us - from.us) / span,
				 is_late ? "away" : "k1", view_date(at, date, sizeof(date)),
				 is_late ? ": TOO LATE" : "");
	}
	buf_addf(b, "<text class='dim' x='10' y='82'>%s</text>",
		 view_date(from, date, sizeof(date)));
	buf_addf(b, "<text class='dim' x='%d' y='82' text-anchor='end'>%s</text></svg>", WIDTH - 10,
		 view_date(until, date, sizeof(date)));
	buf_adds(b,
		 "<p class='dim'>Bars: rotations of the keyfile. Dots: renewals of certificates, "
		 "which restart nothing.</p>\n");
}

static void calendar(const json_t *doc, struct buf *b)
{
	const json_t *rotations = json_object_get(doc, "rotations");
	char when[32];
	buf_adds(b, "<table><tr><th>Due<th>Begins<th>Takes<th>Restarts<th>Primary hands over<th>"
		    "Writes pause<th>Window\n");
	for (size_t i = 0; i < json_array_size(rotations); i++) {
		const json_t *row = json_array_get(rotations, i),
			     *x = json_object_get(row, "result"), *p = json_object_get(x, "pauses");
		struct wall begins = view_wall(row, "begins");
		int64_t window = view_int(row, "windowSeconds");
		bool ended = strcmp(view_text(x, "outcome"), "done") == 0;
		buf_adds(b, "<tr>");
		page_cell(b, view_date(view_wall(row, "due"), when, sizeof(when)));
		page_cell(b, begins.us
				 ? view_clock(begins, view_wall(doc, "from"), when, sizeof(when))
				 : "never");
		if (!ended) {
			buf_adds(b, "<td class='bad' colspan='5'>");
			bool is_unsafe = strcmp(view_text(x, "outcome"), "unsafe") == 0;
			page_text(b, !x          ? "no window opens within 400 days"
				     : is_unsafe ? "NOT SAFE: "
						 : "does not end: ");
			page_text(b, view_text(x, is_unsafe ? "why" : "waits"));
			continue;
		}
		page_cell(b, view_span((int64_t)(view_real(x, "took") * (double)US_S), when,
				       sizeof(when)));
		buf_addf(b, "<td>%lld<td>%lld<td>%lld, %.1f s at most",
			 (long long)view_int(x, "restarts"), (long long)view_int(x, "stepDowns"),
			 (long long)view_int(p, "n"), view_real(p, "longest"));
		if (!window)
			page_cell(b, "always open");
		else {
			buf_adds(b, view_is(row, "fits") ? "<td>" : "<td class='bad'>too short: ");
			page_text(b, view_span(window * US_S, when, sizeof(when)));
		}
	}
	buf_adds(b, "</table>\n");
}

/* ---- one rotation, member by member ---- */

static double x_of(double at, double took)
{
	return LEFT + (WIDTH - LEFT - 20) * at / took;
}

static void bar(struct buf *b, size_t row, double from, double until, double took,
		const char *color, const char *title)
{
	buf_addf(b, "<rect x='%.1f' y='%zu' width='%.1f' height='%d' fill='var(--%s)'><title>",
		 x_of(from, took), 20 + row * ROW, MAX(x_of(until, took) - x_of(from, took), 1.5),
		 BAR, color);
	page_text(b, title);
	buf_adds(b, "</title></rect>");
	/* In words as well, where it has room. */
	if (strncmp(title, "file: ", 6) == 0 && x_of(until, took) - x_of(from, took) > LABEL) {
		buf_addf(b, "<text x='%.1f' y='%zu'>", x_of(from, took) + 4, 33 + row * ROW);
		page_text(b, title + 6);
		buf_adds(b, "</text>");
	}
}

static void key_words(const json_t *keys, char *out, size_t n)
{
	int64_t first = json_integer_value(json_array_get(keys, 0)),
		second = json_integer_value(json_array_get(keys, 1));
	if (second)
		snprintf(out, n, "file: key %lld and key %lld", (long long)first,
			 (long long)second);
	else
		snprintf(out, n, "file: key %lld", (long long)first);
}

/* A member's row: what its file holds as a band, its absences over it, its vote as a mark. */
static void member_row(const json_t *happenings, size_t member, double took, struct buf *b)
{
	double file_from = 0, away_from = -1;
	unsigned color = 0;
	char words[64] = "file as before", color_name[8];
	for (size_t i = 0; i <= json_array_size(happenings); i++) {
		const json_t *h = json_array_get(happenings, i);
		bool is_end = !h;
		if (!is_end && view_int(h, "member") != (int64_t)member)
			continue;
		if (is_end || strcmp(view_text(h, "what"), "wrote") == 0) {
			snprintf(color_name, sizeof(color_name), "k%u", color % KEY_COLORS);
			bar(b, member, file_from, is_end ? took : view_real(h, "at"), took,
			    color_name, words);
			if (!is_end)
				key_words(json_object_get(h, "keys"), words, sizeof(words));
			file_from = is_end ? took : view_real(h, "at");
			color++;
		}
	}
	for (size_t i = 0; i < json_array_size(happenings); i++) {
		const json_t *h = json_array_get(happenings, i);
		const char *what = view_text(h, "what");
		double at = view_real(h, "at");
		if (view_int(h, "member") != (int64_t)member)
			continue;
		if (strcmp(what, "stops") == 0)
			away_from = at;
		if (strcmp(what, "back") == 0 && away_from >= 0) {
			snprintf(words, sizeof(words), "away %.1f s", at - away_from);
			bar(b, member, away_from, at, took, "away", words);
			away_from = -1;
		}
		if (strcmp(what, "voted") == 0)
			buf_addf(b,
				 "<text x='%.1f' y='%zu' text-anchor='middle'>&#10003;<title>voted "
				 "for the new key</title></text>",
				 x_of(at, took), 16 + member * ROW);
		if (strcmp(what, "elected") == 0)
			buf_addf(b,
				 "<text x='%.1f' y='%zu' text-anchor='middle'>P<title>becomes "
				 "primary</title></text>",
				 x_of(at, took) + 9, 16 + member * ROW);
	}
}

static void timeline(const json_t *doc, const json_t *row, struct buf *b)
{
	const json_t *x = json_object_get(row, "result"),
		     *happenings = json_object_get(x, "happenings");
	size_t n = json_array_size(json_object_get(doc, "members"));
	double took = view_real(x, "took");
	char span[32];
	if (strcmp(view_text(x, "outcome"), "done") != 0 || !isgreater(took, 0))
		return;
	buf_addf(b,
		 "<h2>One rotation%s, member by member</h2><svg viewBox='0 0 %d %zu' role='img' "
		 "aria-label='Who is away when'>",
		 view_is(row, "onePass") ? " of one pass" : "", WIDTH, 50 + n * ROW);
	for (size_t i = 0; i < n; i++) {
		buf_addf(b, "<text x='0' y='%zu'>", 33 + i * ROW);
		page_text(b, host(doc, i));
		buf_adds(b, "</text>");
		member_row(happenings, i, took, b);
	}
	for (size_t i = 0; i < json_array_size(happenings); i++) {
		const json_t *h = json_array_get(happenings, i);
		if (strcmp(view_text(h, "what"), "pivot") == 0)
			buf_addf(
			    b,
			    "<line x1='%.1f' x2='%.1f' y1='8' y2='%zu' stroke='var(--fg)' "
			    "stroke-dasharray='4 3'><title>all have voted: from here on the new "
			    "key is the common one</title></line>",
			    x_of(view_real(h, "at"), took), x_of(view_real(h, "at"), took),
			    20 + n * ROW);
	}
	buf_addf(b, "<text class='dim' x='%d' y='%zu'>0 s</text>", LEFT, 40 + n * ROW);
	buf_addf(b, "<text class='dim' x='%d' y='%zu' text-anchor='end'>%s</text></svg>",
		 WIDTH - 20, 40 + n * ROW,
		 view_span((int64_t)(took * (double)US_S), span, sizeof(span)));
}

static void legend(struct buf *b)
{
	buf_adds(b,
		 "<p class='dim'>The band is what the member's keyfile holds, a new shade for each "
		 "time it is written; the strong bar over it: the member is away. &#10003; it has "
		 "voted for the new key, P it becomes primary, the dashed line: all have voted. "
		 "In a safe rotation one key is common to all files and all processes at every "
		 "moment.</p>\n");
}

static void fleets(const json_t *f, struct buf *b)
{
	const char *word;
	json_t *n;
	char span[32];
	if (!json_is_object(f))
		return;
	buf_addf(
	    b,
	    "<h2>When things go wrong</h2><p>%lld fleets of this shape were given %lld faults, "
	    "each "
	    "fleet its own: <strong>%lld unsafe, %lld did not end</strong>. After its last fault "
	    "the slowest needed %s to finish one more rotation.</p><table><tr><th>Fault<th>struck"
	    "\n",
	    (long long)view_int(f, "n"), (long long)view_int(f, "struck"),
	    (long long)view_int(f, "unsafe"), (long long)view_int(f, "stuck"),
	    view_span((int64_t)(view_real(f, "longestAfterTheLast") * (double)US_S), span,
		      sizeof(span)));
	json_object_foreach(json_object_get((json_t *)(uintptr_t)f, "faults"), word, n)
	{
		buf_adds(b, "<tr>");
		page_cell(b, word);
		buf_addf(b, "<td>%lld", (long long)json_integer_value(n));
	}
	buf_adds(b, "</table>\n");
}

void simulate_page(const json_t *doc, struct buf *b)
{
	const json_t *rotations = json_object_get(doc, "rotations");
	const char *cluster = view_text(doc, "cluster");
	char from[32], until[32], span[32], title[320];
	const json_t *one_pass = NULL, *two_pass = NULL, *lines = json_object_get(doc, "answer");
	for (size_t i = 0; i < json_array_size(rotations); i++) {
		const json_t *row = json_array_get(rotations, i);
		const json_t **as = view_is(row, "onePass") ? &one_pass : &two_pass;
		if (!*as)
			*as = row;
	}
	snprintf(title, sizeof(title), "%.200s: rotations from %s to %s, rehearsed",
		 cluster[0] ? cluster : "A replica set",
		 view_date(view_wall(doc, "from"), from, sizeof(from)),
		 view_date(view_wall(doc, "until"), until, sizeof(until)));
	page_begin(b, title);
	buf_adds(b, "<p class='dim'>");
	buf_addf(b, "%zu members, strategy %s, drain %.0f s",
		 json_array_size(json_object_get(doc, "members")), view_text(doc, "strategy"),
		 view_real(doc, "drainSeconds"));
	if (view_int(doc, "maxAgeSeconds"))
		buf_addf(b, ", a key lives %s",
			 view_span(view_int(doc, "maxAgeSeconds") * US_S, span, sizeof(span)));
	buf_adds(b, "</p>\n");
	for (size_t i = 0; i < json_array_size(lines); i++) {
		buf_adds(b, "<p>");
		page_text(b, json_string_value(json_array_get(lines, i)));
		buf_adds(b, "</p>\n");
	}
	year(doc, b);
	calendar(doc, b);
	if (two_pass)
		timeline(doc, two_pass, b);
	if (one_pass)
		timeline(doc, one_pass, b);
	if (two_pass || one_pass)
		legend(b);
	fleets(json_object_get(doc, "fleets"), b);
	buf_addf(b,
		 "<h2>How this was made</h2><p>Simulated by rotad's own rounds and planner on a "
		 "fleet of this shape (seed %lld); the calendar obeys the windows and freezes of ",
		 (long long)view_int(doc, "seed"));
	page_text(b, view_text(doc, "policy"));
	buf_adds(b,
		 ". Starts take 0.5 to 4 s there and elections less than 0.5 s; what drivers add "
		 "to a pause by their own retries is not in it. The same command with the same "
		 "seed gives the same rotations.</p>\n");
	page_end(b);
}
