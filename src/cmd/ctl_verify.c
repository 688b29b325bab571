/* SPDX-License-Identifier: Apache-2.0 */
/* rotactl verify: has rotad try the keys on every member now, and sets side by side who accepts
 * what, which keys each two members share whichever file is loaded, and what is served. */
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "cmd/ctl_daemon.h"
#include "cmd/ctl_page.h"
#include "cmd/ctl_table.h"
#include "cmd/ctl_view.h"
#include "codec/json_mem.h"

enum {
	MATRIX_MAX = 6, /* members; a wider matrix does not fit a page, and is told by its pairs */
	JOINT_MAX = 3,  /* with fewer columns of it certificates fit beside it */
	PAIRS_TOLD_MAX = 12,
	KEYS_TRIED_MAX = 4,
	STATUS_TRIES_MAX = 30, /* looks, 100 ms apart, for the status that has the answers */
};

struct sheet {
	struct ctl *ctl;
	const json_t *instance, *members;
	struct wall now;
	struct view_labels labels;
	int64_t pivot, keys[KEYS_TRIED_MAX]; /* numbers of the keys tried; the pivot first */
	size_t keys_n, none_n, unknown_n, refused_n, silent_n;
	const char *from;   /* the member whose rotad looked */
	bool has_tls;       /* or it is not known */
	size_t told_n;      /* certificates that only a rotad told of */
	size_t untrusted_n; /* members with whom a handshake failed in any way */
	struct buf *page;   /* where it is set as a page as well; NULL: not */
	struct view_table table;
};

/* ---- text and page say the same ---- */

static void put_row(const struct sheet *v, const char *format, ...) PRINTF(2, 3);
static void put_row(const struct sheet *v, const char *format, ...)
{
	char line[2048];
	va_list ap;
	va_start(ap, format);
	vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	view_row(v->ctl, 2, NULL, "%s", line);
	if (!v->page)
		return;
	buf_adds(v->page, strncmp(line, "NOT ", 4) == 0 ? "<p class='bad'>" : "<p>");
	page_text(v->page, line);
	buf_adds(v->page, "</p>\n");
}

/* Words that a reader looks for. */
static bool is_bad(const char *cell)
{
	static const char *const words[] = {"NONE", "NO", "NOT ", "refused", "unknown", "DOWN"};
	for (size_t i = 0; i < ARRAY_N(words); i++)
		if (strncmp(cell, words[i], strlen(words[i])) == 0)
			return true;
	return false;
}

/* The table, below its caption ("" none). Its first row is its head. */
static void put_table(struct sheet *v, const char *caption)
{
	const struct view_table *t = &v->table;
	ctl_say(v->ctl, caption[0] ? "\n  %s" : "%s", caption);
	view_table_print(v->ctl, t);
	if (!v->page)
		return;
	if (caption[0]) {
		buf_adds(v->page, "<h2>");
		page_text(v->page, caption);
		buf_adds(v->page, "</h2>");
	}
	buf_adds(v->page, "<table>");
	for (size_t r = 0; r < t->rows_n; r++) {
		buf_adds(v->page, "<tr>");
		for (size_t c = 0; c < t->columns_n; c++) {
			buf_adds(v->page, r == 0                  ? "<th>"
					  : is_bad(t->cell[r][c]) ? "<td class='bad'>"
								  : "<td>");
			page_text(v->page, t->cell[r][c]);
		}
		buf_adds(v->page, "\n");
	}
	buf_adds(v->page, "</table>\n");
}

static const json_t *member(const struct sheet *v, size_t i)
{
	return json_array_get(v->members, i);
}

static void add_key(struct sheet *v, int64_t key)
{
	for (size_t i = 0; i < v->keys_n; i++)
		if (v->keys[i] == key)
			return;
	if (key && v->keys_n < KEYS_TRIED_MAX)
		v->keys[v->keys_n++] = key;
}

static const char *verdict(const json_t *m, int64_t key, bool *ret_controlled)
{
	const json_t *proofs = json_object_get(m, "proofs");
	for (size_t i = 0; i < json_array_size(proofs); i++)
		if (view_int(json_array_get(proofs, i), "key") == key) {
			*ret_controlled = view_is(json_array_get(proofs, i), "control");
			return view_text(json_array_get(proofs, i), "verdict");
		}
	*ret_controlled = false;
	return "not tried";
}

static void logins(struct sheet *v)
{
	struct view_table *t = &v->table;
	*t = (struct view_table){.rows_n = 0};
	view_new_row(t);
	view_cell(t, 0, "LOGIN WITH");
	view_cell(t, 1, "%s", "");
	for (size_t k = 0; k < v->keys_n; k++)
		view_cell(t, 2 + k, "key %lld%s", (long long)v->keys[k],
			  v->keys[k] == v->pivot ? " (control)" : "");
	for (size_t i = 0; i < v->labels.n; i++) {
		const json_t *m = member(v, i);
		view_new_row(t);
		view_cell(t, 0, "%.24s", v->labels.text[i]);
		view_cell(t, 1, "%s", view_text(m, "state"));
		for (size_t k = 0; k < v->keys_n; k++) {
			bool controlled;
			const char *word = verdict(m, v->keys[k], &controlled);
			/* A refusal counts only beside a key that the same process accepted. */
			bool is_bare =
			    strcmp(word, "refused") == 0 && !controlled && v->keys[k] != v->pivot;
			view_cell(t, 2 + k, "%s%s", word, is_bare ? ", no control" : "");
			if (v->keys[k] == v->pivot && strcmp(word, "refused") == 0)
				v->refused_n++;
			if (v->keys[k] == v->pivot && strcmp(word, "accepted") != 0)
				v->silent_n++;
		}
	}
	if (v->keys_n)
		put_table(v, "");
}

/* Keys that two members share whichever of its two rings each has loaded: those in all four. Key
 * numbers; a key without a number cannot be compared here. False when a ring is not known. */
static bool shared(const json_t *a, const json_t *b, struct buf *ret)
{
	const json_t *rings[] = {json_object_get(a, "onDisk"), json_object_get(a, "loaded"),
				 json_object_get(b, "onDisk"), json_object_get(b, "loaded")};
	for (size_t i = 0; i < ARRAY_N(rings); i++)
		if (!json_is_array(rings[i]))
			return false;
	for (size_t i = 0; i < json_array_size(rings[0]); i++) {
		int64_t key = json_integer_value(json_array_get(rings[0], i));
		bool all = true;
		for (size_t r = 1; r < ARRAY_N(rings); r++)
			all &= view_ring_has(rings[r], key);
		if (key && all)
			buf_addf(ret, "%s%lld", ret->n ? " " : "", (long long)key);
	}
	return true;
}

static bool shares_loaded(const json_t *a, const json_t *b)
{
	const json_t *la = json_object_get(a, "loaded"), *lb = json_object_get(b, "loaded");
	for (size_t i = 0; i < json_array_size(la); i++)
		if (view_ring_has(lb, json_integer_value(json_array_get(la, i))))
			return true;
	return false;
}

/* Would the two share a key if `restarted` came back with its file, and the other stayed? */
static bool shares_after(const json_t *restarted, const json_t *other)
{
	const json_t *disk = json_object_get(restarted, "onDisk");
	const json_t *loaded = json_object_get(other, "loaded");
	for (size_t i = 0; i < json_array_size(disk); i++)
		if (view_ring_has(loaded, json_integer_value(json_array_get(disk, i))))
			return true;
	return false;
}

/* What is known of its certificate: by the handshake from here, else by its rotad's word. */
static void served_cells(struct sheet *v, size_t i, size_t column)
{
	const json_t *m = member(v, i), *c = json_object_get(m, "handshake");
	bool is_seen = view_text(c, "serial")[0] != 0, names = view_is(c, "namesHost");
	if (!is_seen && view_is(m, "self")) { /* rotad looks at its own member all the time */
		const json_t *own = json_object_get(v->instance, "certificate");
		c = json_object_get(own, "served");
		is_seen = view_text(c, "serial")[0] != 0;
		names = view_is(own, "namesHost");
	} else if (!is_seen)
		c = json_object_get(m, "certificate");
	const char *serial = view_text(c, "serial");
	struct wall end = view_wall(c, "notAfter");
	char date[32];
	size_t n = strlen(serial);
	if (n)
		view_cell(&v->table, column, "%s, %s", n > 6 ? serial + n - 6 : serial,
			  view_date(end, date, sizeof(date)));
	else
		view_cell(&v->table, column, "unknown");
	v->told_n += !is_seen && n;
	view_cell(&v->table, column + 1, "%s", !is_seen ? "not seen" : names ? "yes" : "NO");
}

/* By whom this host saw it trusted: a peer by this member, this member by the peers that went on to
 * answer a hello. What the others think of each other cannot be seen from here. */
static void trusted_cell(struct sheet *v, size_t i, size_t column)
{
	const json_t *m = member(v, i), *c = json_object_get(m, "handshake");
	auto_buf struct buf not_by = {.p = NULL};
	size_t seen_n = 0;
	if (!view_is(m, "self")) {
		bool is_seen = view_text(c, "serial")[0] != 0;
		view_cell(&v->table, column, "%s%.20s",
			  !is_seen                ? "not seen"
			  : view_is(c, "trusted") ? ""
						  : "NOT by ",
			  is_seen ? v->from : "");
		return;
	}
	for (size_t k = 0; k < v->labels.n; k++) {
		const json_t *h = json_object_get(member(v, k), "handshake");
		if (view_is(member(v, k), "self") || !view_wall(h, "at").us)
			continue;
		seen_n++;
		if (!view_is(h, "takesOurs"))
			buf_addf(&not_by, " %s", v->labels.text[k]);
	}
	view_cell(&v->table, column, "%s%.40s",
		  not_by.n                    ? "NOT by"
		  : seen_n == 0               ? "not seen"
		  : seen_n + 1 == v->labels.n ? "all others"
					      : "all that were seen",
		  not_by.n ? buf_z(&not_by) : "");
}

/* What the columns of certificates cannot say: how old they are, and what is wrong. */
static void certificates(struct sheet *v)
{
	struct wall oldest = {.us = 0};
	char age[32];
	for (size_t i = 0; i < v->labels.n; i++) {
		const json_t *c = json_object_get(member(v, i), "handshake");
		struct wall at = view_wall(c, "at");
		if (at.us && (!oldest.us || at.us < oldest.us))
			oldest = at;
	}
	ctl_say(v->ctl, "%s", "");
	if (oldest.us)
		put_row(v,
			"Handshakes from %s, the oldest %s ago. What the others think of each "
			"other: rotactl verify there.",
			v->from, view_span(v->now.us - oldest.us, age, sizeof(age)));
	else
		put_row(v, "No handshake was made from %s.", v->from);
	if (v->told_n)
		put_row(v, "SERVES of %zu not seen: the word of its rotad.", v->told_n);
	for (size_t i = 0; i < v->labels.n; i++) {
		const json_t *c = json_object_get(member(v, i), "handshake");
		bool is_seen = view_wall(c, "at").us != 0;
		if (view_text(c, "why")[0])
			put_row(v, "%s: %.200s", v->labels.text[i], view_text(c, "why"));
		v->untrusted_n += is_seen && (!view_is(c, "trusted") || !view_is(c, "namesHost") ||
					      !view_is(c, "takesOurs"));
	}
}

/* The columns of certificates, of one member or (i < 0) their heads. */
static void certificate_cells(struct sheet *v, int i, size_t column)
{
	static const char *const heads[] = {"SERVES", "NAMES IT", "TRUSTED BY"};
	for (size_t k = 0; i < 0 && k < ARRAY_N(heads); k++)
		view_cell(&v->table, column + k, "%s", heads[k]);
	if (i < 0)
		return;
	served_cells(v, (size_t)i, column);
	trusted_cell(v, (size_t)i, column + 2);
}

static void matrix(struct sheet *v)
{
	struct view_table *t = &v->table;
	size_t n = v->labels.n, columns = n <= MATRIX_MAX && n > 1 ? n - 1 : 0;
	bool is_joint = v->has_tls && columns < JOINT_MAX;
	*t = (struct view_table){.rows_n = 0};
	view_new_row(t);
	for (size_t j = 0; j < columns; j++)
		view_cell(t, 1 + j, "%.10s", v->labels.text[j + 1]);
	view_cell(t, 1 + columns, "SEEN BY ALL");
	if (is_joint)
		certificate_cells(v, -1, 2 + columns);
	for (size_t i = 0; i < n; i++) {
		view_new_row(t);
		view_cell(t, 0, "%.20s", v->labels.text[i]);
		for (size_t j = i + 1; j < n; j++) {
			auto_buf struct buf keys = {.p = NULL};
			bool is_known = shared(member(v, i), member(v, j), &keys);
			v->unknown_n += !is_known;
			v->none_n += is_known && !keys.n;
			if (columns)
				view_cell(t, j, "%s",
					  !is_known ? "unknown"
					  : keys.n  ? buf_z(&keys)
						    : "NONE");
		}
		view_cell(t, 1 + columns, "%s", view_is(member(v, i), "seenByAll") ? "yes" : "no");
		if (is_joint)
			certificate_cells(v, (int)i, 2 + columns);
	}
	put_table(v, columns ? "SHARED, WHICHEVER FILE IS LOADED" : "");
	if (v->has_tls && !is_joint) {
		*t = (struct view_table){.rows_n = 0};
		view_new_row(t);
		certificate_cells(v, -1, 1);
		for (size_t i = 0; i < n; i++) {
			view_new_row(t);
			view_cell(t, 0, "%.30s", v->labels.text[i]);
			certificate_cells(v, (int)i, 1);
		}
		put_table(v, "");
	}
	if (v->has_tls)
		certificates(v);
}

/* One line for each pair that would part, with who must not be restarted. */
static void not_safe(struct sheet *v)
{
	unsigned told = 0;
	for (size_t i = 0; i < v->labels.n; i++)
		for (size_t j = i + 1; j < v->labels.n; j++) {
			auto_buf struct buf keys = {.p = NULL};
			const json_t *a = member(v, i), *b = member(v, j);
			const char *na = v->labels.text[i], *nb = v->labels.text[j];
			if (!shared(a, b, &keys) || keys.n || told++ >= PAIRS_TOLD_MAX)
				continue;
			bool a_parts = !shares_after(a, b), b_parts = !shares_after(b, a);
			if (!shares_loaded(a, b))
				put_row(v, "NOT SAFE: %s and %s share no key now.", na, nb);
			else if (a_parts == b_parts)
				put_row(v,
					"NOT SAFE: %s and %s share no key if one restarts now. Do "
					"not restart %s or %s.",
					na, nb, na, nb);
			else
				put_row(v,
					"NOT SAFE: %s and %s share no key if %s restarts now. Do "
					"not restart %s.",
					na, nb, a_parts ? na : nb, a_parts ? na : nb);
		}
}

/* A key that every member has in both rings; 0: none. */
static int64_t common_key(const struct sheet *v)
{
	const json_t *first = json_object_get(member(v, 0), "onDisk");
	for (size_t k = 0; k < json_array_size(first); k++) {
		int64_t key = json_integer_value(json_array_get(first, k));
		bool all = key != 0;
		for (size_t i = 0; i < v->labels.n; i++)
			all &= view_ring_has(json_object_get(member(v, i), "onDisk"), key) &&
			       view_ring_has(json_object_get(member(v, i), "loaded"), key);
		if (all)
			return key;
	}
	return 0;
}

static void not_finished(const struct sheet *v)
{
	const json_t *rotation = json_object_get(v->instance, "rotation");
	int64_t next = view_int(rotation, "next");
	auto_buf struct buf who = {.p = NULL};
	if (strcmp(view_rotation(v->instance), "open") != 0)
		return;
	for (size_t i = 0; i < v->labels.n; i++) {
		bool controlled;
		if (strcmp(verdict(member(v, i), next, &controlled), "accepted") != 0)
			buf_addf(&who, "%s%s", who.n ? ", " : "", v->labels.text[i]);
	}
	if (who.n)
		put_row(v, "Not finished: key %lld is not seen accepted by %s.", (long long)next,
			buf_z(&who));
}

static enum ctl_exit conclude(struct sheet *v)
{
	const char *reason = view_text(json_object_get(v->instance, "plan"), "reason");
	const char *why =
	    view_text(json_object_get(json_object_get(v->instance, "plan"), "restartNow"), "why");
	int64_t common = v->labels.n ? common_key(v) : 0;
	char restart = view_restart_now(v->instance);
	ctl_say(v->ctl, "%s", "");
	if (v->none_n || restart == 'n' || v->refused_n) {
		not_safe(v);
		if (v->refused_n)
			put_row(v, "NOT SAFE: key %lld is refused by %zu member%s.",
				(long long)v->pivot, v->refused_n, v->refused_n == 1 ? "" : "s");
		if (!v->none_n && !v->refused_n)
			put_row(v, "NOT SAFE: %s.", why);
		put_row(v, "rotad: %s", reason);
		return CTL_FAILED;
	}
	if (v->labels.n > 1 && !v->unknown_n && !common) {
		put_row(v, "NOT SAFE: each two share a key, but no key is common to all.");
		put_row(v, "rotad: %s", reason);
		return CTL_FAILED;
	}
	if (!common || v->unknown_n || v->silent_n) {
		put_row(v, "Cannot tell: %s.",
			!v->labels.n     ? "no member is known"
			: v->unknown_n   ? "the keys of some members are not known here"
			: restart != 'y' ? why
					 : "a member did not answer a login");
		return CTL_UNKNOWN;
	}
	put_row(v, "Safe: all share key %lld, whatever is restarted.", (long long)common);
	not_finished(v);
	return v->untrusted_n ? CTL_ATTENTION : CTL_GOOD;
}

static enum ctl_exit show(struct ctl *ctl, const json_t *instance, struct wall now,
			  struct buf *page)
{
	struct sheet *v = calloc(1, sizeof(*v));
	char when[32], zone[32];
	ASSERT(v); /* 50 KiB of a program that has just begun */
	*v = (struct sheet){.ctl = ctl,
			    .instance = instance,
			    .members = json_object_get(instance, "members"),
			    .now = now,
			    .page = page,
			    .from = "here",
			    .has_tls = !json_is_false(json_object_get(instance, "tls")),
			    .pivot = view_int(json_object_get(instance, "key"), "pivot")};
	view_labels(instance, true, &v->labels);
	add_key(v, v->pivot);
	for (size_t i = 0; i < v->labels.n; i++) {
		const json_t *proofs = json_object_get(member(v, i), "proofs");
		for (size_t k = 0; k < json_array_size(proofs); k++)
			add_key(v, view_int(json_array_get(proofs, k), "key"));
	}
	const char *cluster = view_text(instance, "cluster");
	for (size_t i = 0; i < v->labels.n; i++)
		if (view_is(member(v, i), "self"))
			v->from = v->labels.text[i];
	if (page) {
		auto_buf struct buf title = {.max = 1024};
		buf_addf(&title, "%s: who accepts which key",
			 cluster[0] ? cluster : view_text(instance, "instance"));
		page_begin(page, buf_z(&title));
	}
	put_row(v, "%s: each member asked directly, one key alone, from %s. %s %s",
		cluster[0] ? cluster : view_text(instance, "instance"), v->from,
		view_clock(now, now, when, sizeof(when)), view_zone(now, zone, sizeof(zone)));
	if (v->labels.n) {
		logins(v);
		matrix(v);
	}
	enum ctl_exit code = conclude(v);
	if (page)
		page_end(page);
	free(v);
	return code;
}

/* Logins that will be refused: members that do not have the next key loaded. */
static unsigned refusals_foretold(const json_t *instance, bool all)
{
	const json_t *members = json_object_get(instance, "members");
	int64_t next = view_int(json_object_get(instance, "rotation"), "next");
	unsigned n = 0;
	bool on_file = false;
	if (!next || next == view_int(json_object_get(instance, "key"), "pivot"))
		return 0;
	for (size_t i = 0; i < json_array_size(members); i++) {
		const json_t *m = json_array_get(members, i);
		on_file |= view_is(m, "self") && view_ring_has(json_object_get(m, "onDisk"), next);
		n += !view_ring_has(json_object_get(m, "loaded"), next);
	}
	return all || on_file ? n : 0;
}

/* Has each member that answers been tried since then? Times are in whole seconds. */
static bool is_tried(const json_t *instance, struct wall since)
{
	const json_t *members = json_object_get(instance, "members");
	int64_t pivot = view_int(json_object_get(instance, "key"), "pivot");
	for (size_t i = 0; i < json_array_size(members); i++) {
		const json_t *m = json_array_get(members, i),
			     *proofs = json_object_get(m, "proofs");
		bool found = false;
		for (size_t k = 0; k < json_array_size(proofs); k++) {
			const json_t *p = json_array_get(proofs, k);
			found |= view_int(p, "key") == pivot &&
				 view_wall(p, "at").us >= since.us / US_S * US_S;
		}
		if (!found && view_is(m, "answers"))
			return false;
	}
	return true;
}

/* The status with the answers in it: the daemon publishes it a moment after the logins. */
static enum ctl_exit await_status(struct ctl *ctl, const struct view_pick *pick, struct wall since,
				  json_t **ret, struct wall *ret_now)
{
	const struct timespec pause = {.tv_nsec = 100 * 1000 * 1000};
	for (unsigned i = 0;; i++) {
		AUTO(json_t) doc = NULL;
		enum ctl_exit code = view_open(ctl, NULL, &doc, ret_now);
		if (code != CTL_GOOD)
			return code;
		const json_t *instance = view_instance(ctl, doc, pick);
		if (!instance)
			return CTL_UNKNOWN;
		if (is_tried(instance, since) || i >= STATUS_TRIES_MAX) {
			*ret = take(&doc);
			return CTL_GOOD;
		}
		(void)nanosleep(&pause, NULL); /* cut short by a signal is fine */
	}
}

static enum ctl_exit try_keys(struct ctl *ctl, const json_t *instance, bool all)
{
	AUTO(json_t) answer = NULL;
	unsigned refused = refusals_foretold(instance, all);
	AUTO(json_t)
	body = json_pack("{s:s}", "instance", view_text(instance, "instance"));
	if (refused)
		view_row(ctl, 2, NULL,
			 "Up to %u logins as __system will be refused and logged by the servers "
			 "(appName rotad-proof).",
			 refused);
	if (!ctl->json)
		(void)fflush(ctl->out); /* said beforehand; a failure shows in ctl_main's */
	return ctl_ask(ctl, "POST", all ? "/v1/verify/all" : "/v1/verify", body,
		       DAEMON_ROUND_S * US_S, &answer);
}

/* The page is written last, beside what was said anyway. */
static enum ctl_exit finish(struct ctl *ctl, enum ctl_exit code, const struct buf *page,
			    const char *html)
{
	struct err err = ERR_INIT;
	if (html && !page_write(page, html, &err))
		return view_worse(code, ctl_error(ctl, &err));
	return code;
}

enum ctl_exit ctl_verify(struct ctl *ctl, int argc, char **argv)
{
	static const struct option longs[] = {VIEW_PICK_OPTIONS,
					      {"all", no_argument, NULL, 'a'},
					      {"from", required_argument, NULL, 'f'},
					      {"html", required_argument, NULL, 'h'},
					      {NULL, 0, NULL, 0}};
	struct view_pick pick = {.instance = NULL};
	const char *from = NULL, *html = NULL;
	auto_buf struct buf page = {.max = 8 * 1024 * 1024};
	bool all = false;
	AUTO(json_t) doc = NULL;
	AUTO(json_t) before = NULL;
	struct wall now;
	int c;
	while ((c = ctl_option(ctl, argc, argv, "", longs)) != -1) {
		if (view_pick_take(&pick, c))
			continue;
		if (c == 'f')
			from = optarg;
		else if (c == 'h')
			html = optarg;
		else if (c == 'a')
			all = true;
		else
			return CTL_USAGE;
	}
	if (optind < argc)
		return ctl_usage(ctl, "verify takes no argument");
	enum ctl_exit code = view_open(ctl, from, &before, &now);
	const json_t *instance = code == CTL_GOOD ? view_instance(ctl, before, &pick) : NULL;
	if (!instance)
		return code == CTL_GOOD ? CTL_USAGE : code;
	if (from) {
		view_to_doc(ctl, before);
		return finish(ctl, show(ctl, instance, now, html ? &page : NULL), &page, html);
	}
	struct wall since = now;
	pick.instance = view_text(instance, "instance");
	code = try_keys(ctl, instance, all);
	if (code == CTL_GOOD)
		code = await_status(ctl, &pick, since, &doc, &now);
	if (code != CTL_GOOD)
		return code;
	view_to_doc(ctl, doc);
	code = show(ctl, view_instance(ctl, doc, &pick), now, html ? &page : NULL);
	return finish(ctl, code, &page, html);
}
