/* SPDX-License-Identifier: Apache-2.0 */
/* Could this host take its turn? Everything but the act (DESIGN invariant 8): a row a question, in
 * the order in which people should read it. The first that is not well goes into the statement; all
 * of them are for `rotactl doctor`. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "codec/mongod_options.h"
#include "round/round.h"

enum { REHEARSE_S = 10 * 60 };

struct rehearsing {
	struct seat *t;
	const struct mongod_target *own;
	char *why;     /* REHEARSAL_BYTES */
	bool is_asked; /* by a person: all of it is told */
};

static bool say(const struct rehearsing *r, const char *format, ...) PRINTF(2, 3);
static bool say(const struct rehearsing *r, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	(void)vsnprintf(r->why, REHEARSAL_BYTES, format, ap); /* for people */
	va_end(ap);
	return false;
}

static bool ask_keyfile(const struct rehearsing *r)
{
	const struct seen_keyfile *k = &r->t->seen->keyfile;
	return k->ring.is_known || say(r, "%s", k->why[0] ? k->why : "it was not read");
}

static bool ask_directory(const struct rehearsing *r)
{
	const struct seen_keyfile *k = &r->t->seen->keyfile;
	/* Not readable at all is told before. */
	if (!k->ring.is_known || k->is_writable ||
	    r->t->config->policy.keyfile.writer != WRITER_ROTAD)
		return true;
	return say(r, "%s", k->why);
}

static bool ask_restart(const struct rehearsing *r)
{
	const struct restarter_port *port = &r->t->ports.restarter;
	struct restart_target target = seat_restart_target(r->t);
	struct err err = ERR_INIT;
	if (r->t->instance->restart_how == RESTART_NONE)
		return say(r, "no way to restart it is configured (restart: {unit: ...} or {hook: "
			      "...})");
	return port->ops->can(port->self, &target, &err) || say(r, "%.300s", err.text);
}

/* systemd ends a unit with all that runs in it. What has begun goes on: nothing is better for a
 * stop halfway. */
static bool ask_unit(const struct rehearsing *r)
{
	if (!r->t->seen->process.is_in_our_unit ||
	    (!r->is_asked && seen_generation(r->t->seen) != GENERATION_NONE))
		return true;
	return say(r,
		   "mongod runs inside rotad's own unit: whoever stops or restarts rotad.service "
		   "ends it, and the unit's sandbox holds for it too");
}

static bool ask_clock(const struct rehearsing *r)
{
	return r->t->seen->is_clock_sane || say(r, "%s", r->t->seen->clock_why);
}

static bool ask_version(const struct rehearsing *r)
{
	const char *version = r->t->seen->process.version;
	if (!version[0] || mongod_version_is_tested(version) || r->t->instance->accepts_untested)
		return true;
	return say(r,
		   "server version %.30s was not tested with rotad (" MONGOD_TESTED
		   "); acceptUntested: true on this host goes on all the same",
		   version);
}

static bool ask_automation(const struct rehearsing *r)
{
	const struct seat *t = r->t;
	const char *path =
	    t->options.config_file[0] ? t->options.config_file : t->instance->config_file;
	if (!mongod_options_is_automated(path) || t->instance->knows_ops_manager)
		return true;
	return say(r, "an automation agent of Ops Manager runs this mongod and would put its files "
		      "back: rotate there, or say iKnow: opsManager");
}

static bool ask_encryption(const struct rehearsing *r)
{
	const struct mongod_options *o = &r->t->options;
	return !o->encryption_key_file[0] || strcmp(o->encryption_key_file, o->key_file) != 0 ||
	       say(r, "encryptionKeyFile is the same file as keyFile: rotating it would lock the "
		      "data");
}

static bool ask_login(const struct rehearsing *r)
{
	struct seat *t = r->t;
	struct mongod_target self = *r->own;
	struct mongod_credential c;
	struct mongod_login_result result;
	struct err err = ERR_INIT;
	if (!seat_login(t, t->me[0] ? t->me : NULL, &self, &c))
		return say(r, "no key and no user to log in with");
	if (!t->ports.mongod.ops->login(t->ports.mongod.self, &self, &c, &result, &err))
		return say(r, "%.300s", err.text);
	return result.verdict == LOGIN_ACCEPTED || say(r, "refused with code %d", result.code);
}

static const struct {
	const char *name;
	bool (*ask)(const struct rehearsing *r);
	const char *well; /* in a few words */
	const char *you;  /* the words above say more where they can */
} rehearsal_table[] = {
    {"keyfile", ask_keyfile, "as mongod reads it at its start",
     "rotactl keyfile check FILE; chown and chmod 600 as mongod wants it"},
    {"directory", ask_directory, "rotad can replace the file durably",
     "as it says; then: rotactl doctor"},
    {"restart", ask_restart, "permitted", "see restart in rotad.yaml(5) and polkit in rotad(8)"},
    {"unit", ask_unit, "mongod runs outside of rotad's own",
     "a systemd unit for mongod, then restart: {unit: ...} in place of the hook"},
    {"clock", ask_clock, "agrees with the primary's", "timedatectl; chronyc tracking"},
    {"version", ask_version, "tested with rotad",
     "instances[].acceptUntested: true, or wait for a release that was"},
    {"automation", ask_automation, "no agent of Ops Manager",
     "rotate in Ops Manager; or instances[].iKnow: opsManager"},
    {"encryption", ask_encryption, "another file, or none",
     "give security.encryptionKeyFile a file of its own"},
    {"login", ask_login, "accepted",
     "rotactl user --for rotad prints the user; instances[].login in rotad.yaml(5)"},
};
STATIC_ASSERT(ARRAY_N(rehearsal_table) <= REHEARSALS_MAX, "REHEARSALS_MAX");

unsigned rehearse_each(struct seat *t, const struct mongod_target *own,
		       struct rehearsal ret[REHEARSALS_MAX])
{
	for (size_t i = 0; i < ARRAY_N(rehearsal_table); i++) {
		struct rehearsing r = {.t = t, .own = own, .why = ret[i].why, .is_asked = true};
		ret[i].name = rehearsal_table[i].name;
		ret[i].well = rehearsal_table[i].well;
		ret[i].you = rehearsal_table[i].you;
		ret[i].why[0] = 0;
		ret[i].is_well = rehearsal_table[i].ask(&r);
	}
	return ARRAY_N(rehearsal_table);
}

void rehearse(struct seat *t, const struct mongod_target *own)
{
	int64_t rest_s = t->is_rehearsed ? REHEARSE_S : 1;
	char why[REHEARSAL_BYTES];
	struct rehearsing r = {.t = t, .own = own, .why = why};
	int64_t age_us = t->seen->now.us - t->rehearsed_at.us;
	if (t->notes.job_is_open ||
	    (t->rehearsed_at.us != 0 && age_us >= 0 && age_us <= rest_s * US_S))
		return;
	t->rehearsed_at = t->seen->now;
	t->is_rehearsed = true;
	t->rehearsal[0] = 0;
	for (size_t i = 0; t->is_rehearsed && i < ARRAY_N(rehearsal_table); i++) {
		why[0] = 0;
		t->is_rehearsed = rehearsal_table[i].ask(&r);
		if (!t->is_rehearsed)
			snprintf(t->rehearsal, sizeof(t->rehearsal), "%s: %.480s",
				 rehearsal_table[i].name, why);
	}
}
