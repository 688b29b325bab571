/* SPDX-License-Identifier: Apache-2.0 */
/* Cross checks, each a function of its own over the whole configuration. A policy that cannot be
 * met is refused with the arithmetic shown (DESIGN invariant 10). */
#include "conf/conf_check.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "conf/zone_file.h"
#include "model/window.h"

enum { OPENINGS_MAX = 4000 /* that are followed in the year ahead */ };

struct check {
	struct conf *conf;
	const struct conf_how *how;
	struct conf_faults *faults;
	bool is_one_text; /* all places are in the text that is told of */
};

/* Where key stands for element i; the element itself where the key was not given. A value of the
 * schedule has no place in this file. */
static struct conf_origin place(const struct check *k, const char *key, unsigned i)
{
	const struct conf_row *row = conf_find(str_of(key));
	ASSERT(row != NULL);
	struct conf_origin o = *conf_origin_get(k->conf, row, i);
	if (o.from == CONF_FROM_DEFAULT && row->base != CONF_IN_CONFIG)
		o = k->conf->elements[row->base][i];
	if (o.from == CONF_FROM_SCHEDULE && !k->is_one_text)
		o.line = o.column = 0;
	return o;
}

#define TELL(k, is_warning, key, i, ...)                                                           \
	do {                                                                                       \
		struct conf_origin o_ = place(k, key, i);                                          \
		conf_fault_add((k)->faults, is_warning, o_.line, o_.column, __VA_ARGS__);          \
	} while (0)
#define WRONG(k, key, i, ...) TELL(k, false, key, i, __VA_ARGS__)
#define WARN(k, key, i, ...) TELL(k, true, key, i, __VA_ARGS__)

static bool is_set(const struct check *k, const char *key, unsigned i)
{
	const struct conf_row *row = conf_find(str_of(key));
	ASSERT(row != NULL);
	return conf_origin_get(k->conf, row, i)->from != CONF_FROM_DEFAULT;
}

/* A duration as the file writes it, in one of a few turning buffers. */
static const char *span(int64_t us)
{
	static _Thread_local char texts[4][48];
	static _Thread_local unsigned turn;
	auto_buf struct buf b = {0};
	char *text = texts[turn++ % 4];
	conf_span_print(us, &b);
	snprintf(text, sizeof(texts[0]), "%s", buf_z(&b));
	return text;
}

static void check_zones(struct check *k)
{
	struct policy *p = &k->conf->config.policy;
	for (unsigned i = 0; i < p->zones_n; i++) {
		struct err err = ERR_INIT;
		char name[ZONE_NAME_BYTES];
		const char *key = "timezone";
		unsigned at = 0;
		snprintf(name, sizeof(name), "%s", p->zones[i].name);
		if (name[0] == '\0') /* not given: UTC */
			continue;
		for (unsigned w = 0; i && w < p->windows_n; w++)
			if (p->windows[w].zone_i == i) {
				key = "windows[].timezone";
				at = w;
			}
		for (unsigned f = 0; i && f < p->freezes_n; f++)
			if (p->freezes[f].zone_i == i) {
				key = "freezes[].timezone";
				at = f;
			}
		if (!zone_load(k->how->files, k->how->zone_directory, name, &p->zones[i], &err))
			WRONG(k, key, at, "%s: %s", key, err.text);
	}
}

/* Is text b the same as a non-empty a? */
static bool same(const char *a, const char *b)
{
	return a[0] && strcmp(a, b) == 0;
}

static void check_login(struct check *k, unsigned i)
{
	struct login_policy *l = &k->conf->config.instances[i].login;
	const char *name = k->conf->config.instances[i].name;
	bool has_password = l->password.from != CREDENTIAL_NONE;
	if (l->user[0] && l->certificate[0])
		WRONG(k, "instances[].login.certificate", i,
		      "instance '%s': login is by user or by certificate, not by both", name);
	else if (l->user[0] && !has_password)
		WRONG(k, "instances[].login.user", i,
		      "instance '%s': login.user needs login.password, as credential:NAME or "
		      "file:PATH",
		      name);
	else if (has_password && !l->user[0])
		WRONG(k, "instances[].login.password", i,
		      "instance '%s': login.password needs login.user", name);
	l->with = l->user[0]          ? LOGIN_WITH_USER
		  : l->certificate[0] ? LOGIN_WITH_CERTIFICATE
				      : LOGIN_WITH_KEY;
}

static void check_instances(struct check *k)
{
	struct config *c = &k->conf->config;
	if (c->instances_n == 0)
		conf_fault_add(k->faults, false, 0, 0,
			       "no instance: under 'instances:' stands each mongod and mongos of "
			       "this host (rotactl discover shows them)");
	for (unsigned i = 0; i < c->instances_n; i++) {
		const struct instance_policy *a = &c->instances[i];
		for (unsigned j = 0; j < i; j++) {
			const struct instance_policy *b = &c->instances[j];
			if (same(a->name, b->name))
				WRONG(k, "instances[].name", i,
				      "two instances are named '%s'; the first in line %d", a->name,
				      k->conf->elements[CONF_IN_INSTANCE][j].line);
			if (same(a->config_file, b->config_file))
				WRONG(k, "instances[].configFile", i,
				      "instances '%s' and '%s' name the same configFile %s",
				      b->name, a->name, a->config_file);
			if (a->restart_how != RESTART_HOOK && a->restart_how == b->restart_how &&
			    same(a->restart_name, b->restart_name))
				WRONG(
				    k, "instances[].name", i,
				    "instances '%s' and '%s' would be restarted by the same %s %s",
				    b->name, a->name,
				    a->restart_how == RESTART_UNIT ? "unit" : "job",
				    a->restart_name);
			if (same(a->address, b->address))
				WRONG(k, "instances[].address", i,
				      "instances '%s' and '%s' are both at %s", b->name, a->name,
				      a->address);
		}
		if (!a->config_file[0] && !a->address[0])
			WRONG(k, "instances[].name", i,
			      "instance '%s' needs configFile, address or both, to be found",
			      a->name);
		check_login(k, i);
	}
}

/* ---- what no part of rotad obeys yet ---- */

/* A line that is accepted and ignored would be believed. */
static void check_obeyed(struct check *k)
{
	const struct config *c = &k->conf->config;
	for (size_t r = 0; r < conf_table_n; r++) {
		const struct conf_row *row = &conf_table[r];
		for (unsigned i = 0; row->not_yet && i < conf_base_n(c, row->base); i++)
			if (conf_is_not_yet(row, c, i))
				WRONG(k, row->path, i,
				      "%s: this rotad does not %s yet; remove the line, or %s",
				      row->path, row->not_yet, row->instead);
	}
}

/* ---- authorities ---- */

static const struct authority_need {
	const char *type;
	const char *needs[4]; /* keys of this type, all of them */
	bool is_not_yet;      /* no part of rotad speaks to it */
} authority_needs[] = {
    {.type = "local",
     .needs = {"at"}}, /* certificate and privateKey are on its issuing hosts only */
    {.type = "manual", .needs = {NULL}},
    {.type = "exec", .needs = {"helper"}},
    {.type = "acme", .needs = {"url"}, .is_not_yet = true},
    {.type = "est", .needs = {"url"}, .is_not_yet = true},
    {.type = "vault", .needs = {"url", "role", "token"}},
    {.type = "stepca", .needs = {"url", "profile", "token"}, .is_not_yet = true},
    {.type = "cmp", .needs = {"url"}, .is_not_yet = true},
    {.type = "cfssl", .needs = {"url"}, .is_not_yet = true},
};

/* http is for this host itself only. */
static bool is_plain_url(const char *url)
{
	static const char *const loopback[] = {"http://127.", "http://localhost", "http://[::1]"};
	if (strncmp(url, "http://", 7) != 0)
		return false;
	for (size_t i = 0; i < ARRAY_N(loopback); i++) {
		size_t n = strlen(loopback[i]);
		if (strncmp(url, loopback[i], n) != 0)
			continue;
		/* "http://localhost.example.net" is another host, "http://127.example.net" too */
		const char *rest = url + n;
		if (i == 0)
			rest += strspn(rest, "0123456789.");
		if (*rest == '\0' || *rest == '/' || *rest == ':')
			return false;
	}
	return true;
}

static void check_authorities(struct check *k)
{
	struct config *c = &k->conf->config;
	for (unsigned i = 0; i < c->authorities_n; i++) {
		const struct authority_policy *a = &c->authorities[i];
		for (size_t t = 0; t < ARRAY_N(authority_needs); t++) {
			if (strcmp(authority_needs[t].type, a->type) != 0)
				continue;
			for (size_t n = 0;
			     n < ARRAY_N(authority_needs[t].needs) && authority_needs[t].needs[n];
			     n++) {
				char key[64];
				snprintf(key, sizeof(key), "authorities.*.%s",
					 authority_needs[t].needs[n]);
				if (!is_set(k, key, i))
					WRONG(k, "authorities.*.type", i,
					      "authority '%s' of type %s needs '%s'", a->name,
					      a->type, authority_needs[t].needs[n]);
			}
			if (authority_needs[t].is_not_yet)
				WRONG(k, "authorities.*.type", i,
				      "authority '%s': this rotad does not speak %s yet; use "
				      "vault, or "
				      "type exec with a certmonger helper for it",
				      a->name, a->type);
		}
		if (is_plain_url(a->url))
			WRONG(k, "authorities.*.url", i,
			      "authority '%s': url must be https:// (http:// only to this host "
			      "itself)",
			      a->name);
	}
	const char *wanted = c->policy.certificates.authority;
	if (wanted[0] && !config_find_authority(c, wanted)) {
		auto_buf struct buf names = {0};
		for (unsigned i = 0; i < c->authorities_n; i++)
			buf_addf(&names, "%s%s", i ? ", " : "", c->authorities[i].name);
		WRONG(k, "certificates.authority", 0,
		      "certificates.authority: there is no authority '%s'; there %s %s", wanted,
		      c->authorities_n == 1 ? "is" : "are",
		      c->authorities_n ? buf_z(&names) : "none under 'authorities:'");
	}
}

static void check_alerts(struct check *k)
{
	struct config *c = &k->conf->config;
	for (unsigned i = 0; i < c->alerts_n; i++) {
		const struct alert_policy *a = &c->alerts[i];
		for (unsigned j = 0; j < i; j++)
			if (same(a->name, c->alerts[j].name))
				WRONG(k, "alerts[].name", i, "two alerts are named '%s'", a->name);
		if (a->type == ALERT_WEBHOOK && !is_set(k, "alerts[].url", i))
			WRONG(k, "alerts[].name", i, "alert '%s' is a webhook and needs 'url'",
			      a->name);
		if (a->type == ALERT_COMMAND && !is_set(k, "alerts[].command", i))
			WRONG(k, "alerts[].name", i, "alert '%s' is a command and needs 'command'",
			      a->name);
		if (a->type == ALERT_WEBHOOK && a->command[0])
			WRONG(k, "alerts[].command", i,
			      "alert '%s' has a command but is a webhook; add 'type: command' or "
			      "remove it",
			      a->name);
		if (is_plain_url(a->url) && !a->allows_plain)
			WRONG(k, "alerts[].url", i,
			      "alert '%s': url must be https://; for http:// to another host say "
			      "'allowPlain: true'",
			      a->name);
	}
}

static void check_schedule(struct check *k)
{
	const struct schedule_policy *s = &k->conf->config.schedule;
	if (s->url[0] && s->file[0])
		WRONG(k, "schedule.file", 0, "schedule: url or file, not both");
	if (is_plain_url(s->url))
		WRONG(k, "schedule.url", 0,
		      "schedule.url must be https:// (http:// only to this host itself)");
	if ((s->url[0] || s->file[0]) && !s->signer[0])
		WARN(k, s->url[0] ? "schedule.url" : "schedule.file", 0,
		     "the schedule is not signed: whoever can change it orders rotations; give "
		     "schedule.signer");
}

/* ---- modes ---- */

static void check_modes(struct check *k)
{
	const struct config *c = &k->conf->config;
	const struct policy *p = &c->policy;
	static const struct {
		enum kind kind;
		const char *key, *section;
	} kinds[] = {
	    {KIND_KEYFILE, "keyfile.mode", "keyfile."},
	    {KIND_CERTIFICATES, "certificates.mode", "certificates."},
	};
	for (size_t i = 0; i < ARRAY_N(kinds) && p->mode > MODE_OBSERVE; i++) {
		bool has_section = false;
		for (size_t r = 0; r < conf_table_n; r++)
			has_section =
			    has_section ||
			    (str_starts(str_of(conf_table[r].path), str_of(kinds[i].section)) &&
			     conf_origin_get(k->conf, &conf_table[r], 0)->from !=
				 CONF_FROM_DEFAULT);
		if (has_section && !is_set(k, kinds[i].key, 0))
			WARN(k, "mode", 0,
			     "%s is not given, so it stays at observe although mode is %s; say "
			     "'%smode: %s' if rotad shall do more",
			     kinds[i].key, mode_name(p->mode), kinds[i].section,
			     mode_name(p->mode));
	}
	if (policy_mode(p, KIND_CERTIFICATES) > MODE_OBSERVE && !p->certificates.authority[0])
		WRONG(k, "certificates.mode", 0,
		      "certificates.mode is %s, but certificates.authority names nobody who "
		      "issues them",
		      mode_name(p->certificates.mode));
	for (unsigned i = 0; i < c->instances_n; i++)
		if (instance_mode(p, &c->instances[i], KIND_KEYFILE) > MODE_OBSERVE &&
		    c->instances[i].restart_how == RESTART_NONE)
			WARN(k, "instances[].name", i,
			     "instance '%s' has no restart: (unit, job or hook): rotad will write "
			     "its keyfile but a person has to restart it in each pass",
			     c->instances[i].name);
}

/* ---- time ---- */

static const char *local(const struct policy *p, struct wall t)
{
	static _Thread_local char texts[4][48];
	static _Thread_local unsigned turn;
	return wall_print_local(t, &p->zones[0], WALL_PRINT_MINUTE, t, texts[turn++ % 4],
				sizeof(texts[0]));
}

struct gap {
	struct wall from, until; /* the longest time in which nothing may be done */
	int64_t us;
	bool has_no_rescue; /* a freeze without rescueExpiring is in it */
};

/* Follow the openings of the year ahead. False: there is none at all. */
static bool longest_gap(const struct policy *p, struct wall now, struct gap *ret)
{
	struct wall t = now;
	struct gap best = {.us = 0};
	bool is_found = false;
	for (int i = 0; i < OPENINGS_MAX && t.us - now.us < WINDOW_LOOK_US; i++) {
		struct wall at;
		int64_t for_us;
		if (!window_next(p, t, &at, &for_us))
			break;
		is_found = true;
		if (at.us - t.us > best.us)
			best = (struct gap){.from = t, .until = at, .us = at.us - t.us};
		if (for_us == 0)
			break;
		t = wall_add(at, for_us);
		/* Weeks repeat: after two of them only freezes can make another gap. */
		struct freeze_view f = freeze_at(p, t);
		if (t.us - now.us < 15 * US_DAY || f.is_frozen)
			continue;
		if (f.next_from.us == 0)
			break;
		if (f.next_from.us - t.us > 9 * US_DAY)
			t = wall_add(f.next_from, -8 * US_DAY);
	}
	for (unsigned i = 0; i < p->freezes_n; i++) {
		struct wall from = zone_from_local(&p->zones[p->freezes[i].zone_i],
						   p->freezes[i].from_day, 0, false);
		if (!p->freezes[i].rescue_expiring && from.us >= best.from.us &&
		    from.us < best.until.us)
			best.has_no_rescue = true;
	}
	if (is_found)
		*ret = best;
	return is_found;
}

static void tell_never(struct check *k)
{
	const struct policy *p = &k->conf->config.policy;
	auto_buf struct buf text = {0};
	for (unsigned i = 0; i < p->windows_n && i < 4; i++) {
		buf_adds(&text, i ? "; " : "windows: ");
		conf_value_print(conf_find(STR("windows[].days")), &k->conf->config, i, &text);
		buf_addc(&text, ' ');
		conf_value_print(conf_find(STR("windows[].start")), &k->conf->config, i, &text);
		buf_addf(&text, " for %s", span(p->windows[i].for_us));
	}
	for (unsigned i = 0; i < p->freezes_n && i < 4; i++) {
		buf_adds(&text, i ? "; " : text.n ? "; freezes: " : "freezes: ");
		conf_value_print(conf_find(STR("freezes[].from")), &k->conf->config, i, &text);
		buf_adds(&text, " until ");
		conf_value_print(conf_find(STR("freezes[].until")), &k->conf->config, i, &text);
	}
	bool by_freeze = p->freezes_n > 0;
	TELL(k, false, by_freeze ? "freezes[].from" : "windows[].start", 0,
	     "nothing could ever be done: no moment of the 400 days from %s is in a window of each "
	     "who asks for one and in no freeze (%.240s)",
	     local(p, k->how->now), buf_z(&text));
}

/* A rotation that waits in each of its passes begins so much earlier, and must be over before the
 * next one begins. */
static bool check_ride(struct check *k, const struct gap *gap, int64_t period_us)
{
	const struct keyfile_policy *f = &k->conf->config.policy.keyfile;
	const bool is_standby = f->strategy == STRATEGY_STANDBY;
	const int64_t gap_us = (gap->us + US_MIN - 1) / US_MIN * US_MIN;
	const int64_t takes_us = (is_standby ? 1 : 2) * f->ride_along_us + gap_us;
	const int64_t least_us =
	    is_standby ? 3 * f->ride_along_us + 2 * gap_us : 4 * f->ride_along_us + gap_us;
	char by_windows[96] = "", left[48];
	if (period_us >= takes_us)
		return true;
	if (gap_us)
		snprintf(by_windows, sizeof(by_windows), " and %s for windows and freezes",
			 span(gap_us));
	if (period_us > 0)
		snprintf(left, sizeof(left), "leaves %s",
			 span(MAX(period_us / US_MIN, (int64_t)1) * US_MIN));
	else
		cut_z(left, sizeof(left), "leaves nothing");
	WRONG(k, is_set(k, "keyfile.rideAlong", 0) ? "keyfile.rideAlong" : "keyfile.maxAge", 0,
	      "keyfile.rideAlong cannot be kept with maxAge %s: a rotation takes up to %s (%s "
	      "rideAlong%s), and it %s between two of them (%s); with that maxAge must be at least "
	      "%s",
	      span(f->max_age_us), span(takes_us), is_standby ? "one pass of" : "two passes of",
	      by_windows, left,
	      is_standby ? "half of maxAge less rideAlong" : "maxAge less twice rideAlong",
	      span(least_us));
	return false;
}

static void check_keyfile_times(struct check *k, const struct gap *gap)
{
	const struct policy *p = &k->conf->config.policy;
	const struct keyfile_policy *f = &p->keyfile;
	/* A key stands by for the first half of its time (PROTOCOL 1). */
	const bool is_standby = f->strategy == STRATEGY_STANDBY;
	const int64_t period_us = keyfile_due_us(f, is_standby);
	if (f->max_age_us == 0)
		return;
	if (f->ride_along_us && !check_ride(k, gap, period_us))
		return;
	if (period_us <= f->min_age_us)
		WRONG(k, "keyfile.maxAge", 0,
		      "keyfile: a rotation would be due every %s, but minAge allows one only "
		      "after %s",
		      span(period_us), span(f->min_age_us));
	if (gap->us >= period_us)
		WRONG(k, "keyfile.maxAge", 0,
		      "keyfile.maxAge cannot be kept: a rotation is due every %s, but windows "
		      "and freezes let nothing be done from %s to %s, for %s",
		      span(period_us), local(p, gap->from), local(p, gap->until),
		      span(gap->us / US_MIN * US_MIN));
}

static void check_certificate_times(struct check *k, const struct gap *gap)
{
	const struct config *c = &k->conf->config;
	const struct policy *p = &c->policy;
	const struct certificates_policy *t = &p->certificates;
	const struct authority_policy *a = config_find_authority(c, t->authority);
	int64_t life = t->valid_for_us ? t->valid_for_us : a ? a->valid_for_us : 0;
	if (life == 0) /* known only when the first one has come */
		return;
	if (t->outage_budget_us >= life) {
		WRONG(k,
		      is_set(k, "certificates.outageBudget", 0) ? "certificates.outageBudget"
								: "certificates.validFor",
		      0,
		      "certificates: outageBudget %s is not shorter than their life of %s: they "
		      "would be renewed without end",
		      span(t->outage_budget_us), span(life));
		return;
	}
	int64_t by_part = life / 1000000 * t->renew_at_ppm;
	int64_t renew = MIN(by_part, life - t->outage_budget_us);
	if (gap->has_no_rescue && gap->us >= life - renew)
		WRONG(k, "freezes[].rescueExpiring", 0,
		      "a certificate could end in the freeze: it is renewed %s before its end, but "
		      "nothing may be done from %s to %s, for %s, and rescueExpiring is false",
		      span((life - renew) / US_MIN * US_MIN), local(p, gap->from),
		      local(p, gap->until), span(gap->us / US_MIN * US_MIN));
}

static bool check_freezes(struct check *k)
{
	const struct policy *p = &k->conf->config.policy;
	bool is_good = true;
	for (unsigned i = 0; i < p->freezes_n; i++)
		if (p->freezes[i].until_day < p->freezes[i].from_day) {
			is_good = false;
			WRONG(k, "freezes[].until", i, "the freeze ends before it begins");
		}
	return is_good;
}

static void check_times(struct check *k)
{
	const struct policy *p = &k->conf->config.policy;
	struct gap gap = {.us = 0};
	bool is_good = check_freezes(k);
	for (unsigned i = 0; i < p->windows_n; i++)
		if (p->windows[i].for_us <= 0 || p->windows[i].days == 0)
			is_good = false; /* told by the parser */
	if (!is_good)
		return;
	if (!longest_gap(p, k->how->now, &gap)) {
		tell_never(k);
		return;
	}
	check_keyfile_times(k, &gap);
	check_certificate_times(k, &gap);
}

/* ---- files ---- */

enum file_need { FILE_LATER, FILE_READABLE, FILE_SECRET, FILE_SECRET_IF_THERE, FILE_PROGRAM };

static void check_file(struct check *k, const char *key, unsigned i, const char *path,
		       enum file_need need)
{
	struct file_view v;
	struct err err = ERR_INIT;
	if (path[0] == '\0' || path[0] != '/')
		return;
	if (!k->how->files->ops->look(k->how->files->self, path, &v, &err)) {
		WARN(k, key, i, "%s: cannot look at %s: %s", key, path, err.text);
		return;
	}
	if (!v.exists) {
		if (need == FILE_LATER) /* it may come, and the process is asked first */
			WARN(k, key, i, "%s: there is no file %s", key, path);
		else if (need != FILE_SECRET_IF_THERE)
			WRONG(k, key, i, "%s: there is no file %s", key, path);
		return;
	}
	if (!v.is_regular)
		WRONG(k, key, i, "%s: %s is not a regular file", key, path);
	else if (need == FILE_PROGRAM && !(v.mode & 0111))
		WRONG(k, key, i, "%s: %s is not executable", key, path);
	else if (need == FILE_PROGRAM && (v.mode & 0022))
		WRONG(k, key, i, "%s: %s may be written by others (mode %04o): chmod 0755 %s", key,
		      path, v.mode, path);
	else if ((need == FILE_SECRET || need == FILE_SECRET_IF_THERE) && (v.mode & 0077))
		WRONG(k, key, i,
		      "%s: %s holds a secret and others may read it (mode %04o): chmod "
		      "0600 %s",
		      key, path, v.mode, path);
	else if ((need == FILE_SECRET || need == FILE_SECRET_IF_THERE) && v.uid != 0 &&
		 k->how->uid != CONF_UID_ANY && v.uid != k->how->uid)
		WRONG(k, key, i,
		      "%s: %s holds a secret and belongs to uid %u, neither root nor "
		      "rotad's own %u",
		      key, path, v.uid, k->how->uid);
}

static void check_credential(struct check *k, const char *key, unsigned i,
			     const struct credential_ref *c)
{
	if (c->from == CREDENTIAL_FILE)
		check_file(k, key, i, c->name, FILE_SECRET);
}

/* The program may be followed by arguments, separated by spaces. */
static void check_helper(struct check *k, unsigned i, const char *helper)
{
	char program[CONF_PATH_BYTES_MAX];
	if (copy_str(program, sizeof(program),
		     (struct str){.p = helper, .n = strcspn(helper, " ")}))
		check_file(k, "authorities.*.helper", i, program, FILE_PROGRAM);
}

static void check_files(struct check *k)
{
	const struct config *c = &k->conf->config;
	for (unsigned i = 0; i < c->instances_n; i++) {
		const struct instance_policy *n = &c->instances[i];
		check_file(k, "instances[].configFile", i, n->config_file, FILE_LATER);
		if (n->restart_how == RESTART_HOOK)
			check_file(k, "instances[].restart.hook", i, n->restart_name, FILE_PROGRAM);
		check_file(k, "instances[].reload.hook", i, n->reload_hook, FILE_PROGRAM);
		check_file(k, "instances[].changed.hook", i, n->changed_hook, FILE_PROGRAM);
		check_file(k, "instances[].login.certificate", i, n->login.certificate,
			   FILE_SECRET);
		check_credential(k, "instances[].login.password", i, &n->login.password);
	}
	for (unsigned i = 0; i < c->authorities_n; i++) {
		const struct authority_policy *a = &c->authorities[i];
		/* Only the issuing hosts have these. */
		check_file(k, "authorities.*.privateKey", i, a->private_key, FILE_SECRET_IF_THERE);
		check_helper(k, i, a->helper);
		check_file(k, "authorities.*.hook", i, a->hook, FILE_PROGRAM);
		check_file(k, "authorities.*.caFile", i, a->ca_file, FILE_READABLE);
		check_file(k, "authorities.*.chain", i, a->chain, FILE_READABLE);
		check_credential(k, "authorities.*.passphrase", i, &a->passphrase);
		check_credential(k, "authorities.*.token", i, &a->token);
	}
	for (unsigned i = 0; i < c->alerts_n; i++) {
		const struct alert_policy *a = &c->alerts[i];
		check_file(k, "alerts[].command", i, a->command, FILE_PROGRAM);
		check_file(k, "alerts[].caFile", i, a->ca_file, FILE_READABLE);
		check_file(k, "alerts[].clientPem", i, a->client_pem, FILE_SECRET);
		check_credential(k, "alerts[].secret", i, &a->secret);
	}
	check_file(k, "schedule.signer", 0, c->schedule.signer, FILE_READABLE);
	check_file(k, "schedule.caFile", 0, c->schedule.ca_file, FILE_READABLE);
	check_file(k, "schedule.clientPem", 0, c->schedule.client_pem, FILE_SECRET);
}

bool conf_check_policy(struct conf *c, const struct conf_how *how, struct conf_faults *faults)
{
	unsigned before = faults->errors_n;
	struct check k = {.conf = c, .how = how, .faults = faults, .is_one_text = true};
	check_zones(&k);
	check_obeyed(&k);
	(void)check_freezes(&k); /* told */
	return faults->errors_n == before;
}

bool conf_check(struct conf *c, const struct conf_how *how, struct conf_faults *faults)
{
	unsigned before = faults->errors_n;
	struct check k = {.conf = c, .how = how, .faults = faults};
	check_zones(&k);
	check_instances(&k);
	check_authorities(&k);
	check_alerts(&k);
	check_schedule(&k);
	check_modes(&k);
	check_obeyed(&k);
	check_times(&k);
	if (!how->is_elsewhere)
		check_files(&k);
	return faults->errors_n == before;
}

bool conf_load(const char *path, const struct conf_how *how, struct conf *ret,
	       struct conf_faults *faults, struct err *err)
{
	auto_buf struct buf text = {.max = 2 * CONF_BYTES_MAX};
	struct file_view view;
	if (!how->files->ops->read_text(how->files->self, path, CONF_BYTES_MAX, &text, &view, err))
		return err_in(err, "reading the configuration");
	/* It names programs that will be run: whoever can write it can run them. */
	if (!how->is_elsewhere && (view.mode & 0002)) {
		err_set(err, ERR_UNSAFE_FILE, "anyone may write it (mode %04o): chmod 0644 %s",
			view.mode, path);
		err_subject(err, path);
		return false;
	}
	if (!conf_parse(buf_str(&text), path, ret, faults) || !conf_check(ret, how, faults))
		return conf_faults_err(faults, path, err);
	return true;
}

const char *conf_needs_restart(const struct config *old, const struct config *new)
{
	for (size_t i = 0; i < conf_table_n; i++) {
		const struct conf_row *row = &conf_table[i];
		auto_buf struct buf a = {0};
		auto_buf struct buf b = {0};
		if (row->reload != CONF_RESTART_DAEMON)
			continue;
		conf_value_print(row, old, 0, &a);
		conf_value_print(row, new, 0, &b);
		if (strcmp(buf_z(&a), buf_z(&b)) != 0)
			return row->path;
	}
	return NULL;
}
