/* SPDX-License-Identifier: Apache-2.0 */
/* Differences between two statuses, in the words of UX.md; and the loop that gets them. */
#include "cmd/ctl_follow.h"

#include <ctype.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "cmd/ctl_daemon.h"
#include "codec/json_mem.h"

enum {
	POLL_MS = 200,
	LOST_LOOKS_MAX = 150, /* 30 s in which the daemon may be away: it is restarted, perhaps */
	VANISHED_LOOKS_MAX = 50,
	TOLD_AFTER_MS = 2000,
	TURN_LONG_S = 30, /* until then it is enough to know that a member is away for its turn */
};

/* "02:00:22  2/5  db2 back". step 0: none. With --json into "progress". */
static void say(struct follow *f, struct wall at, size_t step, size_t steps_n, const char *format,
		...) PRINTF(5, 6);
static void say(struct follow *f, struct wall at, size_t step, size_t steps_n, const char *format,
		...)
{
	char text[512], when[32], head[64], number[24] = "";
	va_list ap;
	va_start(ap, format);
	(void)vsnprintf(text, sizeof(text), format, ap); /* people read it */
	va_end(ap);
	(void)view_clock(at, at, when, sizeof(when));
	if (step)
		snprintf(number, sizeof(number), "%zu/%zu  ", step, steps_n);
	snprintf(head, sizeof(head), "%s  %s", when, number);
	view_row(f->ctl, 10 + (unsigned)strlen(number), head, "%s", text);
	if (!f->ctl->json) {
		(void)fflush(
		    f->ctl->out); /* each line when it is new; a failure shows at the end */
		return;
	}
	json_t *all = json_object_get(f->ctl->doc, "progress");
	if (!all) {
		all = json_array();
		(void)json_object_set_new(f->ctl->doc, "progress", all);
	}
	char line[640], utc[40];
	snprintf(line, sizeof(line), "%s %s%s", wall_print_utc(at, utc, sizeof(utc)), number, text);
	if (json_array_size(all) < VIEW_SOON_N)
		(void)json_array_append_new(all, json_string(line));
}

static const char *label_of(const json_t *instance, size_t i, char *out, size_t out_n)
{
	struct view_labels labels;
	view_labels(instance, true, &labels);
	cut_z(out, out_n, i < labels.n ? labels.text[i] : "?");
	return out;
}

static struct follow_member *member_of(struct follow *f, const char *host)
{
	for (size_t i = 0; i < f->members_n; i++)
		if (strcmp(f->members[i].host, host) == 0)
			return &f->members[i];
	if (f->members_n == MEMBERS_MAX)
		return NULL;
	struct follow_member *m = &f->members[f->members_n++];
	*m = (struct follow_member){.is_away = false};
	cut_z(m->host, sizeof(m->host), host);
	return m;
}

/* Where the rotation stands: the first step that is not done. */
static size_t step_of(const json_t *instance, size_t *ret_n)
{
	const json_t *all = json_object_get(json_object_get(instance, "plan"), "steps");
	*ret_n = json_array_size(all);
	for (size_t i = 0; i < *ret_n; i++)
		if (strcmp(view_text(json_array_get(all, i), "state"), "done") != 0)
			return i + 1;
	return *ret_n;
}

static void look_at_member(struct follow *f, const json_t *instance, size_t i, struct wall now)
{
	const json_t *m = json_array_get(json_object_get(instance, "members"), i);
	struct follow_member *is = member_of(f, view_text(m, "host"));
	const char *process = view_text(m, "processId");
	bool answers = view_is(m, "answers");
	char label[VIEW_LABEL_BYTES], away[32];
	size_t step = f->step, steps_n = f->steps_n;
	if (!is)
		return;
	(void)label_of(instance, i, label, sizeof(label));
	if (!is->process[0]) {
		cut_z(is->process, sizeof(is->process), process);
	} else if (!answers && !is->is_away) {
		is->is_away = true;
		is->away_at = now;
		say(f, now, step, steps_n, "%s away", label);
	} else if (answers && view_is_healthy(instance, m) &&
		   (is->is_away || strcmp(is->process, process) != 0)) {
		bool is_restarted = strcmp(is->process, process) != 0;
		f->restarts_n += is_restarted;
		if (is->is_away)
			say(f, now, step, steps_n, "%s back   %s, away %s", label,
			    is_restarted ? "restarted" : "same process",
			    view_span(now.us - is->away_at.us, away, sizeof(away)));
		else
			say(f, now, step, steps_n, "%s back   restarted", label);
		is->is_away = false;
		cut_z(is->process, sizeof(is->process), process);
	}
}

static void look_at_primary(struct follow *f, const json_t *instance, struct wall now)
{
	const json_t *members = json_object_get(instance, "members");
	char label[VIEW_LABEL_BYTES], gap[32];
	size_t step = f->step, steps_n = f->steps_n, i = 0;
	for (; i < json_array_size(members); i++)
		if (strcmp(view_text(json_array_get(members, i), "state"), "PRIMARY") == 0 &&
		    view_is(json_array_get(members, i), "answers"))
			break;
	if (i == json_array_size(members)) {
		if (f->primary[0] && f->no_primary_at.us == 0)
			f->no_primary_at = now;
		return;
	}
	const char *host = view_text(json_array_get(members, i), "host");
	if (f->primary[0] && strcmp(f->primary, host) != 0) {
		f->elections_n++;
		(void)label_of(instance, i, label, sizeof(label));
		if (f->no_primary_at.us)
			say(f, now, step, steps_n, "%s is primary, seen after %s without one",
			    label, view_span(now.us - f->no_primary_at.us, gap, sizeof(gap)));
		else
			say(f, now, step, steps_n, "%s is primary", label);
	}
	f->no_primary_at.us = 0;
	cut_z(f->primary, sizeof(f->primary), host);
}

static void look_at_steps(struct follow *f, const json_t *instance, struct wall now)
{
	const json_t *all = json_object_get(json_object_get(instance, "plan"), "steps");
	for (size_t i = 0; i < json_array_size(all) && i < STEPS_MAX; i++) {
		const json_t *s = json_array_get(all, i);
		int64_t done = view_int(s, "done"), of = view_int(s, "of");
		if (strcmp(view_text(s, "state"), "done") == 0)
			done = of;
		if (done <= f->steps_done[i])
			continue;
		f->steps_done[i] = done;
		say(f, now, i + 1, json_array_size(all), "%s: %lld of %lld", view_text(s, "text"),
		    (long long)done, (long long)of);
	}
}

/* Numbers in a reason move all the time; the reason has not changed for that. */
static bool is_same_but_digits(const char *a, const char *b)
{
	for (;;) {
		a += strspn(a, "0123456789");
		b += strspn(b, "0123456789");
		if (*a != *b)
			return false;
		if (!*a)
			return true;
		a++;
		b++;
	}
}

/* Is a member in its turn, and not for long? */
static bool is_turn_short(const struct follow *f, const json_t *instance, struct wall now)
{
	const json_t *members = json_object_get(instance, "members");
	bool is_short = false;
	for (size_t i = 0; i < json_array_size(members); i++)
		is_short |= strcmp(view_text(json_array_get(members, i), "turn"), "now") == 0;
	for (size_t i = 0; i < f->members_n; i++) {
		const struct follow_member *m = &f->members[i];
		is_short |= m->is_away;
		if (m->is_away && now.us - m->away_at.us > TURN_LONG_S * US_S)
			return false;
	}
	return is_short;
}

static void look_at_reason(struct follow *f, const json_t *instance, struct wall now)
{
	const json_t *plan = json_object_get(instance, "plan");
	const char *reason = view_text(plan, "reason");
	size_t step = f->step, steps_n = f->steps_n;
	if (!view_is(plan, "waiting") || is_turn_short(f, instance, now))
		return;
	if (!is_same_but_digits(f->reason, reason)) {
		cut_z(f->reason, sizeof(f->reason), reason);
		f->reason_at = now;
	}
	/* What has passed in a moment is no wait. */
	if (f->reason_at.us == 0 || now.us - f->reason_at.us < TOLD_AFTER_MS * US_MS)
		return;
	f->reason_at.us = 0;
	say(f, now, step, steps_n, "%s", reason);
}

static enum follow_end done(struct follow *f, struct wall now)
{
	char took[32];
	auto_buf struct buf b = {.p = NULL};
	int64_t us = now.us - f->begun_at.us;
	buf_addf(&b, "Done in %s.", view_span(us, took, sizeof(took)));
	if (f->what != FOLLOW_CERTIFICATES || f->restarts_n)
		buf_addf(&b, " %u restart%s, %u election%s.", f->restarts_n,
			 f->restarts_n == 1 ? "" : "s", f->elections_n,
			 f->elections_n == 1 ? "" : "s");
	view_row(f->ctl, 0, "", "%s", buf_z(&b));
	(void)json_object_set_new(f->ctl->doc, "seconds", json_real((double)us / US_S));
	(void)json_object_set_new(f->ctl->doc, "restarts", json_integer(f->restarts_n));
	(void)json_object_set_new(f->ctl->doc, "elections", json_integer(f->elections_n));
	return FOLLOW_DONE;
}

static enum follow_end failed(struct follow *f, const char *format, ...) PRINTF(2, 3);
static enum follow_end failed(struct follow *f, const char *format, ...)
{
	char text[768];
	va_list ap;
	va_start(ap, format);
	(void)vsnprintf(text, sizeof(text), format, ap); /* people read it */
	va_end(ap);
	view_row(f->ctl, 0, "", "%s", text);
	(void)json_object_set_new(f->ctl->doc, "failed", json_string(text));
	return FOLLOW_FAILED;
}

static bool is_listed(const json_t *instance, const char *order)
{
	const json_t *all = json_object_get(instance, "orders");
	for (size_t i = 0; i < json_array_size(all); i++)
		if (strcmp(view_text(json_array_get(all, i), "id"), order) == 0)
			return true;
	return false;
}

static enum follow_end judge_keyfile(struct follow *f, const json_t *instance, struct wall now)
{
	const json_t *r = json_object_get(instance, "rotation");
	long long pivot = view_int(r, "pivot"), next = view_int(r, "next");
	/* While this host's member is away for its turn the ledger is not read, and nothing is said
	 * of any rotation: that is no other one. */
	if (!view_is(json_object_get(instance, "ledger"), "known") ||
	    (f->is_begun && !json_is_object(r)))
		return FOLLOW_GOING;
	if (strcmp(view_text(r, "order"), f->order) != 0) {
		/* Neither in the list nor in a rotation: another order took its place. */
		f->lost_n = f->is_begun || is_listed(instance, f->order) ? 0 : f->lost_n + 1;
		if (f->is_begun)
			return failed(f, "Another rotation began meanwhile; rotactl history.");
		if (f->lost_n > VANISHED_LOOKS_MAX)
			return failed(f, "The order is gone without a rotation: another one took "
					 "its place. rotactl history");
		return FOLLOW_GOING;
	}
	if (!f->is_begun) {
		f->is_begun = true;
		say(f, now, 0, 0, "key %lld made and sealed for all; key %lld -> key %lld", next,
		    pivot, next);
	}
	look_at_steps(f, instance, now);
	if (strcmp(view_text(r, "state"), "closed") != 0)
		return FOLLOW_GOING;
	if (!view_is(r, "carried"))
		return failed(f, "Undone: all members are back on key %lld; key %lld is burnt.",
			      pivot, next);
	/* Closed for the cluster; this host is done when its own anchor has moved too. */
	if (view_int(json_object_get(instance, "key"), "pivot") != next)
		return FOLLOW_GOING;
	say(f, now, 0, 0, "key %lld refused and key %lld accepted by all", pivot, next);
	return done(f, now);
}

static enum follow_end judge_certificates(struct follow *f, const json_t *instance, struct wall now)
{
	const json_t *members = json_object_get(instance, "members");
	const json_t *own = json_object_get(instance, "certificate");
	const char *why = view_text(own, "why"), *of = view_text(own, "order");
	bool all = true, any = false, is_refused = false;
	for (size_t i = 0; i < json_array_size(members); i++) {
		const json_t *m = json_array_get(members, i);
		const json_t *c = json_object_get(m, "certificate");
		struct follow_member *is = member_of(f, view_text(m, "host"));
		char label[VIEW_LABEL_BYTES], date[32];
		if (!is || (f->member[0] && strcmp(f->member, is->host) != 0))
			continue;
		any = true;
		bool is_done =
		    strcmp(view_text(c, "orderDone"), f->order) == 0 ||
		    (view_is(m, "self") && strcmp(view_text(own, "orderDone"), f->order) == 0);
		/* Another member's rotad is over with it, and kept the old one. */
		if (!is_done && !view_is(m, "self") &&
		    strcmp(view_text(c, "orderRefused"), f->order) == 0) {
			if (view_is(c, "takenBack"))
				return failed(
				    f,
				    "%s had to take its new certificate back; the others keep "
				    "theirs. The reason: rotactl explain on that host",
				    label_of(instance, i, label, sizeof(label)));
			if (!is->has_order_refused)
				say(f, now, 0, 0,
				    "%s keeps its certificate: the new one was refused",
				    label_of(instance, i, label, sizeof(label)));
			is->has_order_refused = is_refused = true;
			continue;
		}
		/* No rotad serves it there: mode, or no authority. */
		if (!is_done && !view_is(m, "self") && json_is_object(c) &&
		    json_is_false(json_object_get(c, "takesOrders")) && !f->member[0])
			continue;
		all &= is_done;
		if (!is_done || is->has_order_done)
			continue;
		is->has_order_done = true;
		say(f, now, 0, 0, "%s serves a new certificate%s%s",
		    label_of(instance, i, label, sizeof(label)),
		    view_wall(c, "notAfter").us ? ", ends " : "",
		    view_wall(c, "notAfter").us
			? view_date(view_wall(c, "notAfter"), date, sizeof(date))
			: "");
	}
	if (any && all && is_refused)
		return failed(f,
			      "Not all have a new certificate. The reason: rotactl explain on the "
			      "hosts named above");
	if (any && all)
		return done(f, now);
	/* A refusal from before the order is not its answer: it is tried anew at once. */
	if (strcmp(view_text(own, "stage"), "refused") != 0)
		f->refused_why[0] = 0;
	else if (of[0] ? strcmp(of, f->order) == 0 : strcmp(f->refused_why, why) != 0)
		return failed(f, "Refused: %s", why[0] ? why : "the authority's answer");
	return FOLLOW_GOING;
}

static enum follow_end judge_abort(struct follow *f, const json_t *instance, struct wall now)
{
	const json_t *r = json_object_get(instance, "rotation");
	if (!view_is(json_object_get(instance, "ledger"), "known"))
		return FOLLOW_GOING;
	if (view_rotation(instance)[0])
		return strcmp(view_rotation(instance), "carried") == 0
			   ? failed(f, "Too late: every member had voted for key %lld.",
				    (long long)view_int(r, "next"))
			   : FOLLOW_GOING;
	say(f, now, 0, 0, "all members are back on key %lld",
	    (long long)view_int(json_object_get(instance, "key"), "pivot"));
	return done(f, now);
}

void follow_init(struct follow *f, struct ctl *ctl, enum follow_what what, const char *order,
		 const char *member, const json_t *before, struct wall now)
{
	const json_t *c = json_object_get(before, "certificate");
	*f = (struct follow){.ctl = ctl, .what = what, .begun_at = now};
	cut_z(f->order, sizeof(f->order), order);
	cut_z(f->member, sizeof(f->member), member);
	if (strcmp(view_text(c, "stage"), "refused") == 0)
		cut_z(f->refused_why, sizeof(f->refused_why), view_text(c, "why"));
	f->step = step_of(before, &f->steps_n);
	for (size_t i = 0; i < json_array_size(json_object_get(before, "members")); i++)
		look_at_member(f, before, i, now);
	look_at_primary(f, before, now);
}

enum follow_end follow_look(struct follow *f, const json_t *instance, struct wall now)
{
	const json_t *hold = json_object_get(instance, "hold");
	for (size_t i = 0; i < json_array_size(json_object_get(instance, "members")); i++)
		look_at_member(f, instance, i, now);
	look_at_primary(f, instance, now);
	enum follow_end end = f->what == FOLLOW_KEYFILE ? judge_keyfile(f, instance, now)
			      : f->what == FOLLOW_CERTIFICATES
				  ? judge_certificates(f, instance, now)
				  : judge_abort(f, instance, now);
	f->step = step_of(instance, &f->steps_n);
	if (end != FOLLOW_GOING)
		return end;
	if (json_is_object(hold))
		return failed(f, "Held by %s: %s. Go on: rotactl resume", view_text(hold, "who"),
			      view_text(hold, "why"));
	look_at_reason(f, instance, now);
	return FOLLOW_GOING;
}

/* ---- the loop ---- */

static volatile sig_atomic_t is_interrupted;

static void on_interrupt(int signal_number)
{
	(void)signal_number;
	is_interrupted = 1;
}

static bool get_status(struct follow *f, const char *instance, json_t **ret_doc,
		       const json_t **ret_instance, struct err *err)
{
	AUTO(json_t) doc = NULL;
	unsigned status = 0;
	if (!daemon_ask(f->ctl->socket_path, "GET", "/v1/status", NULL, DAEMON_READ_S * US_S,
			&status, &doc, err) ||
	    !view_check(doc, err))
		return false;
	const json_t *all = json_object_get(doc, "instances");
	for (size_t i = 0; i < json_array_size(all); i++)
		if (strcmp(view_text(json_array_get(all, i), "instance"), instance) == 0) {
			*ret_instance = json_array_get(all, i);
			*ret_doc = take(&doc);
			return true;
		}
	err_subject(err, f->ctl->socket_path);
	return err_set(err, ERR_NOT_FOUND, "rotad has no instance '%s' any more", instance);
}

static enum ctl_exit leave(struct follow *f, const char *why)
{
	ctl_say(f->ctl, "%s It goes on; see: rotactl status", why);
	(void)json_object_set_new(f->ctl->doc, "left", json_string(why));
	return CTL_NOT_FINISHED;
}

enum ctl_exit follow_run(struct follow *f, const char *instance, int64_t timeout_us)
{
	const struct timespec pause = {.tv_nsec = POLL_MS * 1000 * 1000};
	struct sigaction on = {.sa_handler = on_interrupt}, before;
	enum ctl_exit code = CTL_NOT_FINISHED;
	unsigned lost = 0;
	is_interrupted = 0;
	(void)sigaction(SIGINT, &on, &before); /* fails for no real signal */
	for (bool is_going = true; is_going;) {
		AUTO(json_t) doc = NULL;
		const json_t *one = NULL;
		struct err err = ERR_INIT;
		struct wall now = view_now();
		if (get_status(f, instance, &doc, &one, &err)) {
			enum follow_end end = follow_look(f, one, now);
			lost = 0;
			is_going = end == FOLLOW_GOING;
			code = end == FOLLOW_DONE ? CTL_GOOD : CTL_FAILED;
		} else if (++lost > LOST_LOOKS_MAX) {
			code = ctl_no_daemon(f->ctl, &err);
			is_going = false;
		}
		if (is_going && is_interrupted) {
			code = leave(f, "\nLeft.");
			is_going = false;
		} else if (is_going && timeout_us && now.us - f->begun_at.us >= timeout_us) {
			code = leave(f, "Not finished within the time given.");
			is_going = false;
		}
		if (is_going)
			(void)nanosleep(&pause, NULL); /* cut short by ctrl-c: seen above */
	}
	(void)sigaction(SIGINT, &before, NULL);
	return code;
}
