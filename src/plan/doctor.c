/* SPDX-License-Identifier: Apache-2.0 */
/* Checks over struct seen, a row each, and the gates in the words of a doctor. */
#include "plan/doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "plan/gate.h"

enum { END_SOON_DAYS = 14, CRL_SOON_DAYS = 3 };

void doctor_add(struct doctor *d, enum doctor_weight weight, const char *name, const char *what,
		const char *you)
{
	if (d->n == DOCTOR_FINDINGS_MAX)
		d->n--;
	struct doctor_finding *f = &d->findings[d->n++];
	*f = (struct doctor_finding){.weight = weight};
	cut_z(f->name, sizeof(f->name), name);
	cut_z(f->what, sizeof(f->what), what);
	cut_z(f->you, sizeof(f->you), weight == DOCTOR_GOOD ? "" : you);
}

struct patient {
	const struct seen *s;
	const struct policy *policy;
	const struct instance_policy *instance;
	char *what, *you; /* DOCTOR_TEXT_BYTES each */
};

static enum doctor_weight say(const struct patient *p, enum doctor_weight weight, const char *you,
			      const char *format, ...) PRINTF(4, 5);
static enum doctor_weight say(const struct patient *p, enum doctor_weight weight, const char *you,
			      const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	(void)vsnprintf(p->what, DOCTOR_TEXT_BYTES, format, ap); /* for people */
	va_end(ap);
	cut_z(p->you, DOCTOR_TEXT_BYTES, you);
	return weight;
}

static bool writes_ledger(const struct patient *p)
{
	return instance_mode(p->policy, p->instance, KIND_KEYFILE) >= MODE_ASK ||
	       instance_mode(p->policy, p->instance, KIND_CERTIFICATES) >= MODE_ASK;
}

/* ---- the checks ---- */

static enum doctor_weight ask_process(const struct patient *p)
{
	const struct seen_process *x = &p->s->process;
	if (!x->is_answering)
		return say(p, DOCTOR_REFUSE, "look at its log; is instances[].address right?",
			   "mongod does not answer%s%.300s", x->last_fatal[0] ? ": " : "",
			   x->last_fatal);
	return say(p, DOCTOR_GOOD, "", "answers%s%s", x->version[0] ? ", " : "", x->version);
}

static enum doctor_weight ask_member(const struct patient *p)
{
	const struct seen *s = p->s;
	if (s->is_standalone)
		return say(p, DOCTOR_GOOD, "", "a standalone");
	if (seen_is_router(s) && s->self < 0)
		return say(p, s->process.is_answering ? DOCTOR_REFUSE : DOCTOR_GOOD,
			   "config.mongos; or keyfile.routers in rotad.yaml(5)",
			   "the config servers know no mongos that is this one%s%.200s",
			   s->sharding.topology_why[0] ? ": " : "", s->sharding.topology_why);
	if (!s->process.is_answering && s->self < 0)
		return say(p, DOCTOR_GOOD, "", "cannot tell before mongod answers");
	if (!fact_known(s->config) && s->self < 0)
		return say(p, DOCTOR_REFUSE, "rotactl user --for rotad prints the user it needs",
			   "rs.conf cannot be read: %.300s",
			   s->rehearsal[0] ? s->rehearsal : "not logged in");
	if (s->self < 0)
		return say(p, DOCTOR_REFUSE, "rs.conf() in mongosh: is it in the set?",
			   "rs.conf names no member that is this mongod");
	return say(p, DOCTOR_GOOD, "", "%s, one of %u%s", s->self_host, s->members_n,
		   seen_is_router(s) ? " mongos" : "");
}

static enum doctor_weight ask_mode(const struct patient *p)
{
	enum mode keyfile = instance_mode(p->policy, p->instance, KIND_KEYFILE),
		  certificates = instance_mode(p->policy, p->instance, KIND_CERTIFICATES);
	if (p->policy->mode_why[0])
		return say(p, DOCTOR_WARN, "rotactl config show --running", "%s",
			   p->policy->mode_why);
	if (keyfile <= MODE_OBSERVE && certificates <= MODE_OBSERVE)
		return say(p, DOCTOR_NOTE, "rotactl mode ask, when all else is well",
			   "keyfile %s, certificates %s: rotad only looks", mode_name(keyfile),
			   mode_name(certificates));
	return say(p, DOCTOR_GOOD, "", "keyfile %s, certificates %s", mode_name(keyfile),
		   mode_name(certificates));
}

static enum doctor_weight ask_key_strength(const struct patient *p)
{
	if (p->s->keyfile.is_guessable)
		return say(p, DOCTOR_WARN, "rotactl rotate keyfile: the new key is a long one",
			   "a key is short or simple enough to be guessed from what goes over the "
			   "network");
	return say(p, DOCTOR_GOOD, "", "not guessable");
}

static enum doctor_weight ask_writer(const struct patient *p)
{
	const struct seen_keyfile *k = &p->s->keyfile;
	char you[400];
	foreign_advice(p->s, you, sizeof(you));
	if (k->has_stranger)
		return say(p, DOCTOR_REFUSE, you,
			   "the keyfile holds a key that the ledger does not know");
	if (k->is_foreign && !k->is_misplaced)
		return say(p, DOCTOR_WARN,
			   "find out who writes it: rotations need it to stay as rotad leaves it",
			   "something else wrote the keyfile%s%s", k->marker[0] ? ": " : "",
			   k->marker);
	return say(p, DOCTOR_GOOD, "", "nobody else writes the keyfile");
}

static enum doctor_weight ask_served(const struct patient *p)
{
	const struct seen_certificate *c = &p->s->certificate;
	if (!c->served.is_known)
		return say(p, DOCTOR_GOOD, "", "no TLS seen");
	if (c->file.is_known && strcmp(c->file.serial, c->served.serial) != 0)
		return say(p, DOCTOR_WARN,
			   "db.adminCommand({rotateCertificates: 1}) on it, once rotactl cert "
			   "check says good",
			   "the certificate on disk (%.40s) is not the one served (%.40s)",
			   c->file.serial, c->served.serial);
	return say(p, DOCTOR_GOOD, "", "the one on disk");
}

static enum doctor_weight ask_served_fit(const struct patient *p)
{
	const struct seen_certificate *c = &p->s->certificate;
	if (!c->served.is_known)
		return say(p, DOCTOR_GOOD, "", "no TLS seen");
	if (!c->is_served_trusted)
		return say(p, DOCTOR_REFUSE, "rotactl cert check PEM --ca CAFILE",
			   "what it serves is not trusted by its own CAFile");
	if (!c->is_served_named)
		return say(p, DOCTOR_WARN, "ask the CA for the SAN; rotactl cert check names it",
			   "what it serves does not name %s, as rs.conf knows it", p->s->self_host);
	return say(p, DOCTOR_GOOD, "", "trusted, names it");
}

static enum doctor_weight ask_end(const struct patient *p, struct wall end, int64_t soon_days,
				  const char *subject, const char *you)
{
	char when[40], left[32];
	if (end.us == 0)
		return say(p, DOCTOR_GOOD, "", "none");
	(void)wall_print_utc(end, when, sizeof(when));
	if (!p->s->is_clock_sane)
		return say(p, DOCTOR_NOTE, "first set the clock", "%s ends %s", subject, when);
	if (end.us <= p->s->now.us)
		return say(p, DOCTOR_REFUSE, you, "%s has ended: %s", subject, when);
	/* In round figures: the same words for as long as it is the same trouble. */
	const int64_t left_us = end.us - p->s->now.us, unit = left_us < US_H ? US_MIN : US_H;
	(void)span_print(left_us / unit * unit, left, sizeof(left));
	if (left_us < soon_days * US_DAY)
		return say(p, DOCTOR_WARN, you, "%s ends in %s: %s", subject, left, when);
	return say(p, DOCTOR_GOOD, "", "in %s", left);
}

static enum doctor_weight ask_certificate_end(const struct patient *p)
{
	const struct seen_certificate *c = &p->s->certificate;
	struct wall end = {.us = c->file.is_known ? c->file.chain_not_after.us : 0};
	return ask_end(p, end, END_SOON_DAYS, "the certificate or its chain",
		       "rotactl rotate certificates");
}

static enum doctor_weight ask_ca_end(const struct patient *p)
{
	return ask_end(p, p->s->certificate.ca_not_after, 3 * END_SOON_DAYS, "a CA of the bundle",
		       "a new CA goes into every CAFile beside the old one");
}

static enum doctor_weight ask_crl_end(const struct patient *p)
{
	return ask_end(p, p->s->certificate.crl_next_update, CRL_SOON_DAYS,
		       "the CRL (then every peer is refused)",
		       "put a new CRLFile in place, then rotateCertificates on every member");
}

static enum doctor_weight ask_ledger(const struct patient *p)
{
	const struct seen_ledger *l = &p->s->ledger;
	if (!fact_known(l->fact)) {
		if (p->s->self < 0)
			return say(p, DOCTOR_GOOD, "", "cannot tell before the set answers");
		return say(p, DOCTOR_REFUSE, "rotactl user --for rotad prints the role it needs",
			   "it cannot be read: %.300s", l->why[0] ? l->why : "nobody was asked");
	}
	if (l->is_unknown_protocol)
		return say(p, DOCTOR_REFUSE, "one release of rotad on all hosts",
			   "it speaks a protocol that this rotad does not know");
	if (l->is_other_than_anchor || l->is_older_than_anchor)
		return say(p, DOCTOR_REFUSE, "rotactl explain ledger-older-than-anchor",
			   "it is %s than this host's anchor",
			   l->is_other_than_anchor ? "another" : "older");
	if (!l->exists)
		return writes_ledger(p)
			   ? say(p, DOCTOR_WARN, "look again in a moment", "it is not there yet")
			   : say(p, DOCTOR_GOOD, "",
				 "can be read; not there yet, as mode observe wants");
	if (!p->s->has_salt && writes_ledger(p))
		return say(p, DOCTOR_REFUSE, "on each other host: rotactl trust list",
			   "no other rotad has admitted this one yet");
	return say(p, DOCTOR_GOOD, "", "can be read, and is the one known");
}

static enum doctor_weight ask_trust(const struct patient *p)
{
	const struct seen_ledger *l = &p->s->ledger;
	if (l->not_admitted[0])
		return say(p, DOCTOR_WARN, "rotactl trust list", "not believed: %.300s",
			   l->not_admitted);
	return say(p, DOCTOR_GOOD, "", "nobody waits to be admitted");
}

static enum doctor_weight ask_debts(const struct patient *p)
{
	const struct seen_debts *d = &p->s->debts;
	if (d->rolled_back_at.us)
		return say(p, DOCTOR_REFUSE, "mend it, then: rotactl resume",
			   "its last turn was rolled back: %.300s", d->rolled_back_why);
	if (d->restart_owed_since.us)
		return say(p, DOCTOR_WARN, "as it says; it is tried again by itself",
			   "a restart is owed: %.300s", d->restart_owed_why);
	return say(p, DOCTOR_GOOD, "", "none");
}

static const struct {
	const char *name;
	enum doctor_weight (*ask)(const struct patient *p);
} checks[] = {
    {"process", ask_process},
    {"member", ask_member},
    {"mode", ask_mode},
    {"key-strength", ask_key_strength},
    {"writer", ask_writer},
    {"served", ask_served},
    {"served-fit", ask_served_fit},
    {"certificate-end", ask_certificate_end},
    {"ca-end", ask_ca_end},
    {"crl-end", ask_crl_end},
    {"ledger", ask_ledger},
    {"trust", ask_trust},
    {"debts", ask_debts},
};

enum doctor_weight doctor_ask(const char *check, const struct seen *s, const struct policy *policy,
			      const struct instance_policy *instance, char what[DOCTOR_TEXT_BYTES],
			      char you[DOCTOR_TEXT_BYTES])
{
	const struct patient p = {
	    .s = s, .policy = policy, .instance = instance, .what = what, .you = you};
	for (size_t i = 0; i < ARRAY_N(checks); i++)
		if (strcmp(checks[i].name, check) == 0)
			return checks[i].ask(&p);
	ASSERT(false);
	return DOCTOR_GOOD;
}

/* ---- the gates ---- */

/* What to do at each that is shut; those that are not here are asked more closely elsewhere. */
static const struct {
	const char *gate, *name, *you;
	bool needs_all; /* it goes by what all rotads said in the ledger */
} gate_rows[] = {
    {"hold", "hold", "rotactl resume", true},
    {"window", "window", "nothing: it opens by itself", false},
    {"freeze", "freeze", "nothing: it ends by itself", false},
    {"part of a sharded cluster", "sharding",
     "rotad on every host of all sets and mongos; rotactl status names who does not answer", false},
    {"all others healthy", "others", "rotactl status; then look at that member", false},
    {"a primary stays without it", "votes",
     "one more voting member; or instances[].allowDowntime: all", false},
    {"majority writes go on", "majority-writes",
     "one more data-bearing voter; or instances[].allowDowntime: majorityWrites", false},
    {"a successor is ready", "successor",
     "a priority above 0 in rs.conf for another member; or allowDowntime: all", false},
    {"only the key would change", "pending",
     "restart it at a time of your own; or instances[].pendingChanges: allow", false},
    {"all rehearsed", "rehearsed", "rotactl doctor on that host", true},
    {"other users of the key", "other-users", "keyfile.otherUsers in rotad.yaml(5)", false},
};

static void judge_gate(const struct patient *p, const struct gate_result *g, struct doctor *ret)
{
	for (size_t i = 0; i < ARRAY_N(gate_rows); i++) {
		enum doctor_weight weight;
		if (strcmp(gate_rows[i].gate, g->name) != 0)
			continue;
		weight = g->verdict == GATE_PASS     ? DOCTOR_GOOD
			 : g->verdict == GATE_REFUSE ? DOCTOR_REFUSE
						     : DOCTOR_WARN;
		/* In mode observe no rotad tells the others anything. */
		if (weight == DOCTOR_WARN && gate_rows[i].needs_all &&
		    (!p->s->ledger.exists || !writes_ledger(p)))
			weight = DOCTOR_NOTE;
		if (weight == DOCTOR_WARN &&
		    (strcmp(g->name, "window") == 0 || strcmp(g->name, "freeze") == 0))
			weight = DOCTOR_NOTE;
		doctor_add(ret, weight, gate_rows[i].name, g->text, gate_rows[i].you);
	}
}

void doctor_judge(const struct seen *s, const struct policy *policy,
		  const struct instance_policy *instance, struct plan *scratch, struct doctor *ret)
{
	char what[DOCTOR_TEXT_BYTES], you[DOCTOR_TEXT_BYTES];
	const struct patient p = {
	    .s = s, .policy = policy, .instance = instance, .what = what, .you = you};
	for (size_t i = 0; i < ARRAY_N(checks); i++) {
		enum doctor_weight weight = checks[i].ask(&p);
		doctor_add(ret, weight, checks[i].name, what, you);
	}
	if (s->self < 0)
		return;
	plan_foretell_start(s, policy, instance, scratch);
	for (unsigned i = 0; i < scratch->gates_n; i++)
		judge_gate(&p, &scratch->gates[i], ret);
}
