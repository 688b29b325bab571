/* SPDX-License-Identifier: Apache-2.0 */
/* Reading and setting the status document. Nothing here judges. */
#include "cmd/ctl_view.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cmd/ctl_daemon.h"
#include "codec/json_strict.h"
#include "sys/files_durable.h"

enum { FULL_NAME_MAX = 26 }; /* columns; longer names lose the domain that all have */

/* ---- reading ---- */

const char *view_text(const json_t *object, const char *key)
{
	const char *z = json_string_value(json_object_get(object, key));
	return z ? z : "";
}

int64_t view_int(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

double view_real(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

bool view_is(const json_t *object, const char *key)
{
	const json_t *v = json_object_get(object, key);
	return json_is_true(v) || json_integer_value(v) != 0;
}

struct wall view_wall(const json_t *object, const char *key)
{
	struct wall t = {.us = 0};
	struct err ignored = ERR_INIT;
	const char *z = view_text(object, key);
	if (z[0])
		(void)!wall_parse_utc(str_of(z), &t, &ignored); /* none is shown then */
	return t;
}

bool view_ring_has(const json_t *ring, int64_t key)
{
	for (size_t i = 0; i < json_array_size(ring); i++)
		if (key != 0 && json_integer_value(json_array_get(ring, i)) == key)
			return true;
	return false;
}

const char *view_ring(const json_t *ring, char *out, size_t out_n)
{
	size_t n = 0;
	if (!json_is_array(ring)) {
		cut_z(out, out_n, "unknown");
		return out;
	}
	cut_z(out, out_n, "none");
	for (size_t i = 0; i < json_array_size(ring) && n < out_n; i++) {
		int64_t key = json_integer_value(json_array_get(ring, i));
		if (key)
			n += (size_t)snprintf(out + n, out_n - n, "%s%lld", i ? " " : "",
					      (long long)key);
		else
			n += (size_t)snprintf(out + n, out_n - n, "%sother", i ? " " : "");
	}
	return out;
}

char view_restart_now(const json_t *instance)
{
	const char *word =
	    view_text(json_object_get(json_object_get(instance, "plan"), "restartNow"), "answer");
	return strcmp(word, "yes") == 0     ? 'y'
	       : strcmp(word, "no") == 0    ? 'n'
	       : strcmp(word, "later") == 0 ? 'l'
					    : '?';
}

bool view_is_up(const json_t *member)
{
	static const char *const good[] = {"PRIMARY", "SECONDARY", "ARBITER", "MONGOS"};
	const char *state = view_text(member, "state");
	for (size_t i = 0; i < ARRAY_N(good); i++)
		if (strcmp(state, good[i]) == 0)
			return view_is(member, "answers");
	return false;
}

bool view_is_healthy(const json_t *instance, const json_t *member)
{
	if (view_is(instance, "standalone"))
		return view_is(member, "answers");
	/* Without a word why, nothing was asked yet. */
	return view_is_up(member) && (view_is(member, "seesAll") || !view_text(member, "why")[0]);
}

bool view_is_in_turn(const json_t *instance, const json_t *member)
{
	const json_t *process = json_object_get(instance, "process");
	return strcmp(view_text(member, "turn"), "now") == 0 ||
	       (view_is(member, "self") && view_is(process, "restarting"));
}

const char *view_rotation(const json_t *instance)
{
	const char *state = view_text(json_object_get(instance, "rotation"), "state");
	return strcmp(state, "closed") == 0 ? "" : state;
}

bool view_has_keyfile_order(const json_t *instance)
{
	const json_t *all = json_object_get(instance, "orders");
	for (size_t i = 0; i < json_array_size(all); i++)
		if (strcmp(view_text(json_array_get(all, i), "kind"), "keyfile") == 0)
			return true;
	return false;
}

enum ctl_exit view_worse(enum ctl_exit a, enum ctl_exit b)
{
	static const enum ctl_exit order[] = {CTL_FAILED, CTL_ATTENTION, CTL_UNKNOWN};
	for (size_t i = 0; i < ARRAY_N(order); i++)
		if (a == order[i] || b == order[i])
			return order[i];
	return CTL_GOOD;
}

/* ---- getting ---- */

bool view_check(const json_t *doc, struct err *err)
{
	const json_t *instances = json_object_get(doc, "instances");
	if (!json_is_array(instances))
		return err_set(err, ERR_PROTOCOL, "this is no status of rotad: no instances");
	if (json_array_size(instances) > INSTANCES_MAX)
		return err_set(err, ERR_LIMIT, "more than %d instances", INSTANCES_MAX);
	for (size_t i = 0; i < json_array_size(instances); i++) {
		const json_t *one = json_array_get(instances, i);
		if (!json_is_array(json_object_get(one, "members")) ||
		    !json_is_object(json_object_get(one, "plan")))
			return err_set(err, ERR_PROTOCOL,
				       "this is no status of rotad: an instance without members "
				       "or plan");
		if (json_array_size(json_object_get(one, "members")) > MEMBERS_MAX)
			return err_set(err, ERR_LIMIT, "more than %d members", MEMBERS_MAX);
	}
	return true;
}

struct wall view_now(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_REALTIME, &t); /* cannot fail for this clock */
	return (struct wall){.us = t.tv_sec * US_S + t.tv_nsec / 1000};
}

static bool read_saved(const char *from, json_t **ret, struct err *err)
{
	struct files_port files = files_durable();
	auto_buf struct buf text = {.max = DAEMON_ANSWER_MAX};
	AUTO(json_t) doc = NULL;
	err_subject(err, from);
	if (!files.ops->read_text(files.self, from, DAEMON_ANSWER_MAX, &text, NULL, err) ||
	    !json_read(buf_str(&text), "the saved status", &doc, err) || !view_check(doc, err))
		return false;
	*ret = take(&doc);
	return true;
}

enum ctl_exit view_open(struct ctl *ctl, const char *from, json_t **ret, struct wall *ret_now)
{
	struct err err = ERR_INIT;
	AUTO(json_t) doc = NULL;
	char age[32];
	if (from) {
		if (!read_saved(from, &doc, &err))
			return ctl_error(ctl, &err);
		*ret_now = view_wall(doc, "at");
		*ret = take(&doc);
		return CTL_GOOD;
	}
	enum ctl_exit code = ctl_ask(ctl, "GET", "/v1/status", NULL, DAEMON_READ_S * US_S, &doc);
	if (code != CTL_GOOD)
		return CTL_UNKNOWN;
	struct wall at = view_wall(doc, "at"), now = view_now();
	err_subject(&err, ctl->socket_path);
	if (!view_check(doc, &err))
		return ctl_no_daemon(ctl, &err);
	if (at.us == 0) {
		(void)err_set(&err, ERR_TIMEOUT, "rotad has just started and has not looked yet");
		return ctl_no_daemon(ctl, &err);
	}
	if (now.us - at.us > VIEW_STALE_S * US_S) {
		(void)err_set(&err, ERR_TIMEOUT,
			      "rotad answers, but what it knows is stale: it looked last %s ago",
			      view_span(now.us - at.us, age, sizeof(age)));
		return ctl_no_daemon(ctl, &err);
	}
	*ret_now = now;
	*ret = take(&doc);
	return CTL_GOOD;
}

bool view_pick_take(struct view_pick *pick, int option)
{
	if (option == 'I')
		pick->instance = optarg;
	else if (option == 'C')
		pick->cluster = optarg;
	else
		return false;
	return true;
}

bool view_fits(const json_t *instance, const struct view_pick *pick)
{
	return (!pick->instance || strcmp(view_text(instance, "instance"), pick->instance) == 0) &&
	       (!pick->cluster || strcmp(view_text(instance, "cluster"), pick->cluster) == 0);
}

const json_t *view_instance(struct ctl *ctl, const json_t *doc, const struct view_pick *pick)
{
	const json_t *instances = json_object_get(doc, "instances"), *found = NULL;
	auto_buf struct buf names = {.p = NULL};
	bool is_one = true;
	for (size_t i = 0; i < json_array_size(instances); i++) {
		const json_t *one = json_array_get(instances, i);
		buf_addf(&names, "%s%s (%s)", i ? ", " : "", view_text(one, "instance"),
			 view_text(one, "cluster"));
		if (!view_fits(one, pick))
			continue;
		/* Several members of one cluster on a host: each of them speaks for it. Clusters of
		 * two teams may bear the same name. */
		is_one &= !found ||
			  (view_text(found, "cluster")[0] &&
			   strcmp(view_text(found, "cluster"), view_text(one, "cluster")) == 0 &&
			   strcmp(view_text(found, "clusterId"), view_text(one, "clusterId")) == 0);
		found = found ? found : one;
	}
	if (found && is_one)
		return found;
	(void)ctl_usage(ctl, "%s: this host has %s",
			found ? "say which one by --instance or --cluster" : "no such instance",
			json_array_size(instances) ? buf_z(&names) : "none");
	return NULL;
}

enum ctl_exit view_open_one(struct ctl *ctl, const struct view_pick *pick, json_t **ret_doc,
			    const json_t **ret_instance, struct wall *ret_now)
{
	enum ctl_exit code = view_open(ctl, NULL, ret_doc, ret_now);
	if (code != CTL_GOOD)
		return code;
	*ret_instance = view_instance(ctl, *ret_doc, pick);
	return *ret_instance ? CTL_GOOD : CTL_USAGE;
}

enum ctl_exit view_ask_doctor(struct ctl *ctl, const json_t *instance, json_t **ret)
{
	AUTO(json_t) body = json_pack("{s:s}", "instance", view_text(instance, "instance"));
	return ctl_ask(ctl, "GET", "/v1/doctor", body, DAEMON_ROUND_S * US_S, ret);
}

void view_to_doc(struct ctl *ctl, const json_t *doc)
{
	if (ctl->json)
		(void)json_object_update(ctl->doc, (json_t *)(uintptr_t)doc); /* shares values */
}

/* ---- names ---- */

static bool is_address(const char *host)
{
	return strspn(host, "0123456789.:[]") == strlen(host);
}

/* How many bytes at the end of all names are one domain: they begin with '.', and something is
 * left before them. */
static size_t domain_n(const struct view_labels *l)
{
	size_t best = 0;
	const char *first = l->text[0];
	for (const char *dot = strchr(first, '.'); dot && !best; dot = strchr(dot + 1, '.')) {
		size_t n = strlen(dot);
		bool all = dot > first;
		for (size_t i = 0; i < l->n && all; i++) {
			size_t have = strlen(l->text[i]);
			all = have > n && strcmp(l->text[i] + have - n, dot) == 0 &&
			      !is_address(l->text[i]);
		}
		if (all)
			best = n;
	}
	return best;
}

/* How many bytes before the port are one host: members on one machine differ in the port only. */
static size_t host_n(const struct view_labels *l)
{
	const char *port = strrchr(l->text[0], ':');
	size_t n = port ? (size_t)(port - l->text[0]) : 0;
	for (size_t i = 1; i < l->n; i++)
		if (strncmp(l->text[i], l->text[0], n + 1) != 0)
			return 0;
	return n;
}

void view_labels(const json_t *instance, bool is_short, struct view_labels *ret)
{
	const json_t *members = json_object_get(instance, "members");
	size_t longest = 0, domain = 0;
	ret->n = MIN(json_array_size(members), (size_t)MEMBERS_MAX);
	for (size_t i = 0; i < ret->n; i++) {
		const char *host = view_text(json_array_get(members, i), "host");
		const char *port = strrchr(host, ':');
		cut_z(ret->text[i], VIEW_LABEL_BYTES, host);
		if (port && strcmp(port, ":27017") == 0 && (size_t)(port - host) < VIEW_LABEL_BYTES)
			ret->text[i][port - host] = 0;
		longest = MAX(longest, strlen(ret->text[i]));
	}
	if (ret->n && (is_short || longest > FULL_NAME_MAX))
		domain = domain_n(ret);
	for (size_t i = 0; i < ret->n && domain; i++)
		ret->text[i][strlen(ret->text[i]) - domain] = 0;
	size_t host = is_short && ret->n > 1 ? host_n(ret) : 0;
	for (size_t i = 0; i < ret->n && host; i++)
		memmove(ret->text[i], ret->text[i] + host, strlen(ret->text[i] + host) + 1);
}

/* ---- times ---- */

static bool local_of(struct wall t, struct tm *ret)
{
	time_t s = (time_t)(t.us / US_S);
	return localtime_r(&s, ret) != NULL;
}

static const char *cut_never(char *out, size_t out_n)
{
	cut_z(out, out_n, "never");
	return out;
}

const char *view_date(struct wall t, char *out, size_t out_n)
{
	struct tm tm;
	if (t.us == 0 || !local_of(t, &tm) || strftime(out, out_n, "%Y-%m-%d", &tm) == 0)
		return cut_never(out, out_n);
	return out;
}

const char *view_clock(struct wall t, struct wall now, char *out, size_t out_n)
{
	struct tm a, b;
	if (t.us == 0 || !local_of(t, &a) || !local_of(now, &b))
		return cut_never(out, out_n);
	if (a.tm_yday == b.tm_yday && a.tm_year == b.tm_year)
		(void)strftime(out, out_n, "%H:%M:%S", &a); /* out is large enough */
	else
		(void)strftime(out, out_n, "%Y-%m-%d %H:%M", &a);
	return out;
}

const char *view_zone(struct wall t, char *out, size_t out_n)
{
	struct tm tm;
	if (!local_of(t.us ? t : view_now(), &tm) || strftime(out, out_n, "%Z", &tm) == 0)
		cut_z(out, out_n, "");
	return out;
}

const char *view_span(int64_t us, char *out, size_t out_n)
{
	us = us < 0 ? -us : us;
	if (us >= 10 * US_S && us < US_MIN)
		us = (us + US_S / 2) / US_S * US_S;
	if (us == US_DAY)
		cut_z(out, out_n, "1 day");
	else if (us >= US_S && us % US_S == 0 && us < US_MIN)
		snprintf(out, out_n, "%d s", (int)(us / US_S));
	else
		(void)span_print(us, out, out_n);
	return out;
}

/* ---- setting ---- */

/* What a terminal would take as an order becomes '?': C0, DEL and (as UTF-8) C1. */
static void tame(char *z, bool keeps_lines)
{
	for (unsigned char *c = (unsigned char *)z; *c; c++)
		if ((*c < 0x20 && !(keeps_lines && *c == '\n')) || *c == 0x7f ||
		    (*c == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0))
			*c = '?';
}

/* "db3.example.net:27017" is known to people as "db3.example.net". */
static void drop_default_port(char *z)
{
	const size_t n = strlen(":27017");
	for (char *p = z; (p = strstr(p, ":27017"));)
		if (p > z && isalnum((unsigned char)p[-1]) && !isdigit((unsigned char)p[n]))
			memmove(p, p + n, strlen(p + n) + 1);
		else
			p += n;
}

/* Times of the daemon's texts are UTC for machines: "2026-11-22T05:00:00Z" becomes the local
 * "2026-11-22 06:00". */
static void localise(char *z)
{
	const size_t n = strlen("2026-11-22T05:00:00Z");
	for (char *p = z; strlen(p) >= n; p++) {
		struct wall t;
		struct err ignored = ERR_INIT;
		struct tm tm;
		char local[32];
		if (!isdigit((unsigned char)*p) || p[10] != 'T' || p[n - 1] != 'Z' ||
		    !wall_parse_utc((struct str){p, n}, &t, &ignored) || !local_of(t, &tm) ||
		    strftime(local, sizeof(local), "%Y-%m-%d %H:%M", &tm) == 0)
			continue;
		size_t local_n = strlen(local);
		ASSERT(local_n <= n);
		memcpy(p, local, local_n);
		memmove(p + local_n, p + n, strlen(p + n) + 1);
	}
}

void view_row(struct ctl *ctl, unsigned indent, const char *label, const char *format, ...)
{
	char text[2048];
	va_list ap;
	size_t column = label ? MAX(strlen(label), (size_t)indent) : 0;
	if (ctl->json)
		return;
	va_start(ap, format);
	(void)vsnprintf(text, sizeof(text), format, ap); /* people read it: cut at 2 KiB */
	va_end(ap);
	tame(text, true);
	drop_default_port(text);
	localise(text);
	fprintf(ctl->out, "%-*s", (int)(text[0] ? column : 0), label ? label : "");
	bool is_first = true;
	for (const char *p = text; *p;) {
		size_t word_n = strcspn(p, " \n"), blanks_n = strspn(p + word_n, " ");
		if (!is_first && column + word_n > VIEW_COLUMNS) {
			fprintf(ctl->out, "\n%*s", (int)indent, "");
			column = indent;
		}
		fwrite(p, 1, word_n, ctl->out);
		column += word_n;
		p += word_n + blanks_n;
		if (*p == '\n') {
			fprintf(ctl->out, "\n%*s", p[1] ? (int)indent : 0, "");
			column = indent;
			is_first = true;
			p++;
			continue;
		}
		/* Several blanks are a gap that somebody wanted, unless the line ends there. */
		size_t next_n = strcspn(p, " \n");
		if (*p && column + blanks_n + next_n <= VIEW_COLUMNS) {
			fprintf(ctl->out, "%*s", (int)blanks_n, "");
			column += blanks_n;
		} else if (*p) {
			column = VIEW_COLUMNS + 1;
		}
		is_first = false;
	}
	(void)fputc('\n', ctl->out);
}

void view_new_row(struct view_table *t)
{
	ASSERT(t->rows_n < ARRAY_N(t->cell));
	t->rows_n++;
}

void view_cell(struct view_table *t, size_t column, const char *format, ...)
{
	va_list ap;
	ASSERT(t->rows_n > 0);
	ASSERT(column < VIEW_CELLS_MAX);
	t->columns_n = MAX(t->columns_n, column + 1);
	va_start(ap, format);
	(void)vsnprintf(t->cell[t->rows_n - 1][column], VIEW_CELL_BYTES, format, ap);
	va_end(ap);
	tame(t->cell[t->rows_n - 1][column], false);
}

void view_table_print(struct ctl *ctl, const struct view_table *t)
{
	size_t width[VIEW_CELLS_MAX] = {0};
	for (size_t r = 0; r < t->rows_n; r++)
		for (size_t c = 0; c < t->columns_n; c++)
			width[c] = MAX(width[c], strlen(t->cell[r][c]));
	for (size_t r = 0; r < t->rows_n; r++) {
		auto_buf struct buf line = {.p = NULL};
		size_t end = 0;
		for (size_t c = 0; c < t->columns_n; c++) {
			buf_addf(&line, "  %-*s", (int)width[c], t->cell[r][c]);
			if (t->cell[r][c][0])
				end = line.n - width[c] + strlen(t->cell[r][c]);
		}
		ctl_say(ctl, "%.*s", (int)end, buf_z(&line));
	}
}

bool view_confirm(struct ctl *ctl, bool yes, const char *question)
{
	char line[16];
	if (yes || ctl->json || !isatty(STDIN_FILENO))
		return true;
	fprintf(ctl->out, "%s [y/N] ", question);
	(void)fflush(ctl->out); /* a failure shows in ctl_main's */
	if (!fgets(line, sizeof(line), stdin))
		return false;
	return line[0] == 'y' || line[0] == 'Y';
}
