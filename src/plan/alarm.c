/* SPDX-License-Identifier: Apache-2.0 */
/* The table of troubles that stand, and when each is told. */
#include "plan/alarm.h"

#include <stdio.h>
#include <string.h>

#include "plan/doctor.h"

enum {
	AFTER_MINUTE = 60,     /* an election, somebody about to reload: not worth waking anybody */
	AFTER_DEPLOY = 15 * 60 /* who changes a file or a package restarts it himself soon */
};

/* What cannot be seen now is neither there nor over. */
enum answer { ALARM_UNKNOWN, ALARM_OFF, ALARM_ON };

static enum answer on_if(bool is_on)
{
	return is_on ? ALARM_ON : ALARM_OFF;
}

struct texts {
	char what[DOCTOR_TEXT_BYTES], you[DOCTOR_TEXT_BYTES];
};

static enum answer ask_ledger(const struct planner *p, struct texts *t)
{
	const struct seen_ledger *l = &p->s->ledger;
	snprintf(t->what, sizeof(t->what), "the ledger cannot be read: %.250s",
		 l->why[0] ? l->why : "nobody answered");
	cut_z(t->you, sizeof(t->you),
	      "rotactl status: is there a primary? rotactl user --for rotad prints the role that "
	      "rotad needs");
	return on_if(!fact_known(l->fact));
}

static enum answer ask_pending(const struct planner *p, struct texts *t)
{
	snprintf(t->what, sizeof(t->what), "a restart of mongod would change more than the key: %s",
		 p->s->process.pending);
	cut_z(t->you, sizeof(t->you),
	      "restart it at a time of your own, or say instances[].pendingChanges: allow");
	return on_if(p->s->process.pending[0] && p->instance->pending_changes != PENDING_ALLOW);
}

static enum answer ask_version(const struct planner *p, struct texts *t)
{
	const char *version = p->s->process.version;
	snprintf(t->what, sizeof(t->what),
		 "mongod %s is no release that rotad was tested with (" MONGOD_TESTED ")", version);
	cut_z(t->you, sizeof(t->you),
	      "a release of rotad that knows it, or instances[].acceptUntested: true");
	return on_if(version[0] && !p->instance->accepts_untested &&
		     !mongod_version_is_tested(version));
}

/* A file that another hand wrote, or that mongod would refuse, is told by plan/foreign.c. */
static enum answer ask_keyrings(const struct planner *p, struct texts *t)
{
	const char *why = p->plan->restart_why;
	if (strncmp(why, "NO: ", 4) == 0)
		why += 4;
	snprintf(t->what, sizeof(t->what), "not all members share one key: %s", why);
	cut_z(t->you, sizeof(t->you),
	      "rotactl verify shows who accepts which key, rotactl explain what rotad waits for");
	if (p->plan->restart_now == RESTART_UNKNOWN || p->s->keyfile.is_refused ||
	    p->s->keyfile.is_foreign)
		return ALARM_UNKNOWN;
	return on_if(p->plan->restart_now == RESTART_UNSAFE);
}

static enum answer ask_doubled(const struct planner *p, struct texts *t)
{
	const struct seen_member *m = NULL;
	for (unsigned i = 0; i < seen_all_n(p->s) && !m; i++)
		if (p->s->members[i].is_doubled)
			m = &p->s->members[i];
	if (!m)
		return fact_known(p->s->ledger.fact) ? ALARM_OFF : ALARM_UNKNOWN;
	snprintf(t->what, sizeof(t->what),
		 "two processes speak with the identity of %s: a cloned host, or a copied state "
		 "directory",
		 m->host);
	cut_z(t->you, sizeof(t->you),
	      "stop rotad on the copy and remove its state directory: it makes an identity of its "
	      "own. If you know of no copy: rotactl trust revoke");
	return ALARM_ON;
}

/* A check of the doctor's calls good what it cannot see. */
static bool sees_served(const struct seen *s)
{
	return s->certificate.served.is_known;
}
static bool sees_files(const struct seen *s)
{
	return fact_known(s->certificate.fact);
}
static bool sees_keyfile(const struct seen *s)
{
	return fact_known(s->keyfile.fact);
}

/* Each is the doctor's check of that name, where what it goes by can be seen, or asks by itself.
 * How things stand then, and what rotad does, its event's row tells. */
static const struct {
	const char *check;
	bool (*sees)(const struct seen *s);
	enum answer (*ask)(const struct planner *p, struct texts *t);
	enum kind kind;
	bool is_of_set;
	enum event_kind warn, refuse; /* as grave as the doctor finds it */
	int64_t after_s;
} alarms[] = {
    {NULL, NULL, ask_keyrings, KIND_KEYFILE, true, EVENT_KEYRINGS_DIFFER, EVENT_KEYRINGS_DIFFER,
     AFTER_MINUTE},
    {NULL, NULL, ask_doubled, KIND_KEYFILE, true, EVENT_IDENTITY_DOUBLED, EVENT_IDENTITY_DOUBLED,
     0},
    {"served-fit", sees_served, NULL, KIND_CERTIFICATES, false, EVENT_CERTIFICATE_UNFIT,
     EVENT_CERTIFICATE_UNFIT, AFTER_MINUTE},
    {"crl-end", sees_files, NULL, KIND_CERTIFICATES, false, EVENT_CRL_EXPIRING, EVENT_CRL_EXPIRED,
     0},
    {"ca-end", sees_files, NULL, KIND_CERTIFICATES, false, EVENT_AUTHORITY_EXPIRING,
     EVENT_AUTHORITY_EXPIRING, 0},
    {"served", sees_served, NULL, KIND_CERTIFICATES, false, EVENT_CERTIFICATE_NOT_SERVED,
     EVENT_CERTIFICATE_NOT_SERVED, AFTER_MINUTE},
    {NULL, NULL, ask_ledger, KIND_KEYFILE, false, EVENT_LEDGER_UNREACHABLE,
     EVENT_LEDGER_UNREACHABLE, AFTER_MINUTE},
    {NULL, NULL, ask_version, KIND_KEYFILE, false, EVENT_VERSION_UNTESTED, EVENT_VERSION_UNTESTED,
     0},
    {NULL, NULL, ask_pending, KIND_KEYFILE, false, EVENT_PENDING_CHANGE, EVENT_PENDING_CHANGE,
     AFTER_DEPLOY},
    {"key-strength", sees_keyfile, NULL, KIND_KEYFILE, false, EVENT_KEYFILE_GUESSABLE,
     EVENT_KEYFILE_GUESSABLE, 0},
};
STATIC_ASSERT(ARRAY_N(alarms) <= ALARMS_MAX, "ALARMS_MAX");

unsigned alarm_n(void)
{
	return ARRAY_N(alarms);
}

unsigned alarm_kinds(unsigned i, enum event_kind ret[ALARM_KINDS])
{
	ASSERT(i < ARRAY_N(alarms));
	ret[0] = alarms[i].warn;
	ret[1] = alarms[i].refuse;
	return alarms[i].warn == alarms[i].refuse ? 1 : 2;
}

bool alarm_is_of_set(unsigned i)
{
	ASSERT(i < ARRAY_N(alarms));
	return alarms[i].is_of_set;
}

static void tell(struct planner *p, unsigned i, enum doctor_weight weight, const struct texts *t)
{
	const struct seen *s = p->s;
	const bool is_grave = weight == DOCTOR_REFUSE;
	char when[40];
	const enum event_kind kind = is_grave ? alarms[i].refuse : alarms[i].warn;
	struct event *e = plan_tell(p, kind, alarms[i].is_of_set ? s->cluster : s->self_host);
	p->plan->needs_attention |= is_grave;
	snprintf(e->headline, sizeof(e->headline), "%s/%s: %.400s.", s->cluster, s->self_host,
		 t->what);
	snprintf(e->what, sizeof(e->what), "%s. Seen since %s.", t->what,
		 wall_print_utc(s->alarm_since[i], when, sizeof(when)));
	cut_z(e->now, sizeof(e->now), event_table[kind].now);
	cut_z(e->we_did, sizeof(e->we_did), event_table[kind].did);
	snprintf(e->you, sizeof(e->you), "%s.", t->you);
}

void alarm_plan(struct planner *p)
{
	const struct seen *s = p->s;
	const struct seen_certificate *c = &s->certificate;
	/* What nobody can see now is neither there nor over; what rotad itself is at work on looks
	 * worse than it is. */
	if (s->self < 0 || !s->process.is_answering || s->job.is_open || c->is_reload_running ||
	    c->stage == CERT_STAGE_INSTALLED || c->stage == CERT_STAGE_GOING_BACK)
		return;
	for (unsigned i = 0; i < ARRAY_N(alarms); i++) {
		struct texts t = {.what = ""};
		enum doctor_weight weight;
		if (instance_mode(p->policy, p->instance, alarms[i].kind) == MODE_OFF)
			continue;
		if (alarms[i].ask) {
			enum answer answer = alarms[i].ask(p, &t);
			if (answer == ALARM_UNKNOWN)
				continue;
			weight = answer == ALARM_ON ? DOCTOR_WARN : DOCTOR_GOOD;
		} else if (alarms[i].sees(s)) {
			weight =
			    doctor_ask(alarms[i].check, s, p->policy, p->instance, t.what, t.you);
		} else
			continue;
		p->plan->alarms_judged |= 1U << i;
		if (weight < DOCTOR_WARN)
			continue;
		p->plan->alarms_on |= 1U << i;
		if (s->alarm_since[i].us &&
		    s->now.us - s->alarm_since[i].us >= alarms[i].after_s * US_S)
			tell(p, i, weight, &t);
	}
}
