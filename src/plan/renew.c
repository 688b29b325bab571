/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates of this member (DESIGN section 5): ask, stage, one member at a time install, reload,
 * prove, keep or roll back. */
#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "plan/gate.h"
#include "plan/order.h"
#include "plan/planner.h"

enum { EXPIRY_TOLD_DAYS = 14, WAIT_TOLD_S = 600, REMIND_SHARE = 4 };

static const char *target_words(enum cert_target t)
{
	return t == CERT_CLUSTER_FILE ? "cluster certificate (clusterFile)" : "certificate";
}

static const struct cert_view *target_view(const struct seen_certificate *c, enum cert_target t)
{
	return t == CERT_CLUSTER_FILE ? &c->cluster : &c->file;
}

bool renew_takes_orders(const struct policy *policy, const struct instance_policy *instance)
{
	return instance_mode(policy, instance, KIND_CERTIFICATES) >= MODE_ASK &&
	       policy->certificates.authority[0];
}

/* The earliest of: a part of the lifetime, the outage budget; spread over 2 % of the lifetime by a
 * phase of the host's. One that cannot be read is due. */
static struct wall renew_at(const struct planner *p, enum cert_target target)
{
	const struct cert_view *c = target_view(&p->s->certificate, target);
	int64_t life = c->not_after.us - c->not_before.us;
	if (!c->is_known)
		return p->s->now;
	struct wall at =
	    wall_add(c->not_before, life / 1000000 * (int64_t)p->policy->certificates.renew_at_ppm);
	struct wall budget =
	    wall_add(c->chain_not_after, -p->policy->certificates.outage_budget_us);
	int64_t phase =
	    life > 0
		? (int64_t)(hash64(str_of(p->s->self_host), p->seed) % (uint64_t)(life / 50 + 1))
		: 0;
	if (budget.us < at.us)
		at = budget;
	return wall_add(at, -phase);
}

/* Which file is next: certificateKeyFile first, then clusterFile where that is another one. False:
 * none is due before *ret_at. */
static bool due_target(const struct planner *p, const struct order *o, enum cert_target *ret,
		       struct wall *ret_at)
{
	const struct seen_certificate *c = &p->s->certificate;
	bool is_half = o && strcmp(c->order_half.hex, o->id.hex) == 0;
	*ret_at = renew_at(p, CERT_KEY_FILE);
	*ret = CERT_KEY_FILE;
	if (c->stage == CERT_STAGE_ASKED && (c->target == CERT_KEY_FILE || c->has_cluster_file)) {
		*ret = c->target; /* what was asked for is waited for */
		return o || renew_at(p, c->target).us <= p->s->now.us;
	}
	if ((o && !is_half) || ret_at->us <= p->s->now.us)
		return true;
	if (!c->has_cluster_file)
		return false;
	struct wall cluster = renew_at(p, CERT_CLUSTER_FILE);
	if (cluster.us < ret_at->us)
		*ret_at = cluster;
	*ret = CERT_CLUSTER_FILE;
	return is_half || cluster.us <= p->s->now.us;
}

static void tell_refused(struct planner *p)
{
	const struct seen *s = p->s;
	const struct seen_certificate *c = &s->certificate;
	struct event *e = plan_tell(
	    p, c->is_denied ? EVENT_AUTHORITY_REFUSED : EVENT_CERTIFICATE_REFUSED, s->self_host);
	char when[40];
	p->plan->needs_attention = true;
	snprintf(e->headline, sizeof(e->headline),
		 c->is_denied
		     ? "%s: authority \"%s\" refused to issue a certificate."
		     : "%s: the certificate from authority \"%s\" was not installed. mongod would "
		       "have accepted it, the other members or clients would not.",
		 s->self_host, p->policy->certificates.authority);
	snprintf(e->what, sizeof(e->what), "%s", c->why);
	snprintf(e->now, sizeof(e->now),
		 "The certificate in use is unchanged, served, and ends %s.",
		 wall_print_utc(c->file.chain_not_after, when, sizeof(when)));
	snprintf(e->we_did, sizeof(e->we_did), "Wrote nothing. Next try at %s.",
		 wall_print_utc(c->retry_at, when, sizeof(when)));
	snprintf(e->you, sizeof(e->you),
		 "Ask the people of the CA for what is missing (see above). Once it is mended: "
		 "rotactl rotate certificates --member %s",
		 s->self_host);
	e->next = c->retry_at;
}

static void tell_end(struct planner *p, const struct cert_view *c, const char *what, bool is_served)
{
	const struct seen *s = p->s;
	int64_t left = c->chain_not_after.us - s->now.us;
	struct event *e;
	char when[40];
	if (!c->is_known || left > EXPIRY_TOLD_DAYS * US_DAY)
		return;
	e = plan_tell(p, left < 0 ? EVENT_CERTIFICATE_EXPIRED : EVENT_CERTIFICATE_EXPIRING,
		      s->self_host);
	p->plan->needs_attention = true;
	if (left < 3 * US_DAY)
		e->severity = SEVERITY_CRITICAL;
	snprintf(e->headline, sizeof(e->headline), "%s: the %s %s %s.", s->self_host, what,
		 left < 0 ? "ended" : "ends",
		 wall_print_utc(c->chain_not_after, when, sizeof(when)));
	snprintf(e->what, sizeof(e->what), "Serial %s, %s.", c->serial,
		 left < 0 ? "ended" : "close to its end");
	snprintf(e->now, sizeof(e->now), "%s",
		 left < 0    ? "New connections fail; a restart of mongod would fail."
		 : is_served ? "It is served and valid."
			     : "It is valid.");
	const bool is_ours = renew_takes_orders(p->policy, p->instance);
	if (s->certificate.why[0])
		cut_z(e->we_did, sizeof(e->we_did), s->certificate.why);
	else if (is_ours)
		snprintf(e->we_did, sizeof(e->we_did), "Asks the authority \"%s\" for a new one.",
			 p->policy->certificates.authority);
	else
		cut_z(e->we_did, sizeof(e->we_did), "Nothing: it renews no certificate here.");
	if (is_ours)
		snprintf(e->you, sizeof(e->you),
			 "rotactl explain; rotactl rotate certificates --member %s", s->self_host);
	else
		cut_z(e->you, sizeof(e->you),
		      "Renew it as it was made. Or let rotad: certificates: {mode: ask, authority: "
		      "NAME} in rotad.yaml(5).");
}

static void tell_expiry(struct planner *p)
{
	const struct seen_certificate *c = &p->s->certificate;
	if (c->served.is_known)
		tell_end(p, &c->served, "certificate that it serves", true);
	else
		tell_end(p, &c->file, "certificate that it serves", true);
	if (c->has_cluster_file)
		tell_end(p, &c->cluster, "certificate that it shows its peers (clusterFile)",
			 false);
}

/* A person at a CA is reminded in shares of the time that is left, not every day; and by a graver
 * word once half of what there was is gone. */
static void remind(const struct planner *p, struct event *e)
{
	const struct seen_certificate *c = &p->s->certificate;
	const struct cert_view *v = c->target == CERT_CLUSTER_FILE ? &c->cluster : &c->file;
	const int64_t end = v->is_known ? v->chain_not_after.us : 0, left = end - p->s->now.us;
	size_t n = strlen(e->headline);
	char span[32];
	if (!end || left <= 0)
		return; /* told as expired */
	if (n > 0 && n < sizeof(e->headline))
		snprintf(e->headline + n - 1, sizeof(e->headline) - n + 1,
			 "; the certificate ends in %s.",
			 span_print(left / US_H * US_H, span, sizeof(span)));
	if (2 * left < end - c->asked_at.us)
		e->severity = SEVERITY_WARNING;
	e->repeat_us = MAX(left / REMIND_SHARE, US_DAY);
}

/* Silence is an alarm (invariant 7): an answer that does not come is told. */
static void tell_waits(struct planner *p)
{
	const struct seen *s = p->s;
	const struct seen_certificate *c = &s->certificate;
	struct event *e;
	char since[40];
	if (c->stage != CERT_STAGE_ASKED || s->now.us - c->asked_at.us < WAIT_TOLD_S * US_S)
		return;
	e = plan_tell(
	    p, c->is_pending ? EVENT_CERTIFICATE_REQUEST_WAITING : EVENT_AUTHORITY_UNREACHABLE,
	    s->self_host);
	p->plan->needs_attention |= !c->is_pending;
	snprintf(e->headline, sizeof(e->headline), "%s: authority \"%s\" %s.", s->self_host,
		 p->policy->certificates.authority,
		 c->is_pending ? "has taken the request and not answered yet" : "does not answer");
	snprintf(e->what, sizeof(e->what), "Asked since %s. %s",
		 wall_print_utc(c->asked_at, since, sizeof(since)), c->why);
	snprintf(e->now, sizeof(e->now), "The certificate in use is unchanged and served.");
	snprintf(e->we_did, sizeof(e->we_did), "Asks again with the same request.");
	snprintf(e->you, sizeof(e->you), "%s",
		 c->is_pending ? "Ask the people of the CA to look at the request: rotactl cert "
				 "request shows it."
			       : "Look at the authority and at the way to it.");
	e->next = c->retry_at;
	if (c->is_pending)
		remind(p, e);
}

/* Is it this member's turn among those that serve the same order? The first in the order of turns
 * is the canary. One whose certificate was refused is passed over: nothing was touched there, and
 * each new certificate is checked by its own member. One that had to take its back stops the order,
 * until it has another one by a later word. */
static bool is_my_turn(struct planner *p, const struct order *o, const char **ret_who,
		       bool *ret_is_stopped)
{
	const struct seen *s = p->s;
	const struct seen_member *self = seen_self(s);
	*ret_is_stopped = false;
	for (unsigned i = 0; o && !o->host[0] && i < seen_all_n(s); i++) {
		const struct seen_member *m = &s->members[i];
		const struct statement *t = &m->statement;
		if ((int)i == s->self || !m->has_statement || !t->takes_certificates)
			continue;
		*ret_who = m->host;
		*ret_is_stopped = t->is_certificate_taken_back &&
				  strcmp(t->certificate_refused.hex, o->id.hex) == 0 &&
				  !seen_order_is_done(s, o, &t->certificate_order);
		if (*ret_is_stopped)
			return false;
	}
	for (unsigned i = 0; o && !o->host[0] && i < s->members_n; i++) {
		const struct seen_member *m = &s->members[i];
		const struct statement *t = &m->statement;
		if ((int)i == s->self || !order_before(m, self) || !m->has_statement ||
		    !t->takes_certificates)
			continue;
		if (!seen_order_is_done(s, o, &t->certificate_order) &&
		    !seen_order_is_done(s, o, &t->certificate_refused)) {
			*ret_who = m->host;
			return false;
		}
	}
	return true;
}

static bool install_plan(struct planner *p, const struct order *o)
{
	const struct seen *s = p->s;
	const struct seen_ledger *l = &s->ledger;
	const char *before = "";
	unsigned first;
	bool is_stopped;
	cut_z(p->plan->gates_for, sizeof(p->plan->gates_for), s->self_host);
	if (!is_my_turn(p, o, &before, &is_stopped)) {
		/* Who goes first needs it. */
		if (plan_holds_claim(p, CLAIM_FOR_CERTIFICATE))
			plan_add(p, ACT_RELEASE_CLAIM, "%s goes first", before);
		if (is_stopped) {
			p->plan->needs_attention = true;
			plan_wait(p, US_S,
				  "%s keeps its certificate: %s had to take its new one back. "
				  "Once the reason is mended there: rotactl rotate certificates",
				  s->self_host, before);
			return true;
		}
		plan_wait(p, US_S / 4, "The new certificate of %s waits: %s goes first.",
			  s->self_host, before);
		return true;
	}
	if (!gate_check(p, GATE_FOR_CERTIFICATE, &first)) {
		if (plan_holds_claim(p, CLAIM_FOR_CERTIFICATE))
			plan_add(p, ACT_RELEASE_CLAIM, "%s: %s", p->plan->gates[first].name,
				 p->plan->gates[first].text);
		plan_wait(p, US_S / 4, "The new certificate of %s waits: %s: %s.", s->self_host,
			  p->plan->gates[first].name, p->plan->gates[first].text);
		return true;
	}
	if (!s->is_standalone && !l->is_claim_mine) {
		plan_add(p, ACT_TAKE_CLAIM, "%s loads its new certificate", s->self_host)->purpose =
		    CLAIM_FOR_CERTIFICATE;
		plan_say(p, "It is %s's turn to load its new certificate.", s->self_host);
		return true;
	}
	if (!s->is_standalone && l->claim.state != CLAIM_ACTING) {
		plan_add(p, ACT_CLAIM_ACTING, "all gates pass")->purpose = CLAIM_FOR_CERTIFICATE;
		plan_say(p, "%s takes its turn to load its new certificate.", s->self_host);
		return true;
	}
	plan_add(p, ACT_INSTALL_CERTIFICATE, "it passed every check: serial %s",
		 s->certificate.staged_serial)
	    ->target = s->certificate.target;
	plan_add(p, ACT_RELOAD, "to serve serial %s", s->certificate.staged_serial);
	plan_say(p, "%s gets its new certificate, serial %s.", s->self_host,
		 s->certificate.staged_serial);
	return true;
}

static void tell_taken_back(struct planner *p, const char *why)
{
	const struct seen *s = p->s;
	struct event *e = plan_tell(p, EVENT_CERTIFICATE_ROLLED_BACK, s->self_host);
	snprintf(e->headline, sizeof(e->headline), "%s: the new %s was taken back.", s->self_host,
		 target_words(s->certificate.target));
	snprintf(e->what, sizeof(e->what), "%s", why);
	snprintf(e->now, sizeof(e->now),
		 "The previous certificate is put back and loaded. No other member was touched.");
	snprintf(e->we_did, sizeof(e->we_did), "Rolled back by ourselves. Next try in 24 h.");
	snprintf(e->you, sizeof(e->you),
		 "Look at the reason with the people of the CA; rotactl rotate certificates "
		 "--member %s tries again.",
		 s->self_host);
}

static bool go_back(struct planner *p, const char *why)
{
	plan_add(p, ACT_ROLL_BACK_CERTIFICATE, "%s", why)->target = p->s->certificate.target;
	tell_taken_back(p, why);
	plan_say(p, "The new certificate of %s is taken back: %.200s.", p->s->self_host, why);
	return true;
}

/* What is loaded shows in what is served; clusterFile shows only to peers: there the answer to the
 * reload counts, and what every peer says to a handshake with it. */
static bool is_loaded(const struct seen_certificate *c)
{
	return c->target == CERT_CLUSTER_FILE
		   ? c->retry_at.us != 0
		   : c->served.is_known && strcmp(c->served.serial, c->staged_serial) == 0;
}

static bool installed_plan(struct planner *p)
{
	const struct seen *s = p->s;
	const struct seen_certificate *c = &s->certificate;
	const struct seen_member *self = seen_self(s);
	bool is_served = is_loaded(c), is_good;
	char why[REASON_BYTES];
	if (!fact_known(c->served_at)) {
		plan_wait(p, US_S / 4, "Looks what %s serves.", s->self_host);
		return true;
	}
	if (c->reload_why[0]) {
		snprintf(why, sizeof(why), "it could not be loaded: %.250s", c->reload_why);
		return go_back(p, why);
	}
	is_good = is_served && c->is_served_trusted && c->is_served_named;
	if (is_good && c->is_seen_by_peers && self && (s->is_standalone || self->sees_all)) {
		plan_add(p, ACT_CONFIRM_CERTIFICATE,
			 "it is %s, names the host, and every peer accepts it",
			 c->target == CERT_CLUSTER_FILE ? "loaded" : "served")
		    ->target = c->target;
		plan_say(p, "%s serves serial %s, and every peer accepts it.", s->self_host,
			 c->staged_serial);
		return true;
	}
	if (!is_served) {
		/* Another try of the reload, then back: what does not load must not wait on disk
		 * for the next start. */
		if (c->retry_at.us == 0) {
			plan_add(p, ACT_RELOAD, "serial %s is in place and not served",
				 c->staged_serial);
			plan_say(p, "%s does not serve its new certificate yet: loaded again.",
				 s->self_host);
			return true;
		}
	} else if (!c->is_seen_by_peers && !c->peers_why[0]) {
		p->plan->wants_peer_check = true;
		plan_wait(p, US_S / 4,
			  "Looks whether every peer accepts the new certificate of %s.",
			  s->self_host);
		return true;
	} else if (is_good && !c->peers_why[0]) {
		plan_wait(p, US_S / 4,
			  "%s serves its new certificate; waits until it sees all others.",
			  s->self_host);
		if (s->now.us - c->asked_at.us < US_MIN)
			return true;
	}
	return go_back(p, !is_served        ? "mongod does not serve it"
			  : c->peers_why[0] ? c->peers_why
			  : is_good         ? "since then it does not see all other members"
				    : "what is served is not trusted or does not name the host");
}

enum { BACK_RETRY_S = 30 };

/* The previous one is in place again: kept only once it is proven to be served. */
static bool going_back_plan(struct planner *p)
{
	const struct seen *s = p->s;
	const struct seen_certificate *c = &s->certificate;
	const struct cert_view *file = target_view(c, c->target);
	bool is_back = file->is_known && strcmp(file->serial, c->staged_serial) != 0;
	if (!fact_known(c->served_at)) {
		plan_wait(p, US_S / 4, "Looks what %s serves.", s->self_host);
		return true;
	}
	if (is_back && c->retry_at.us != 0 && !c->reload_why[0] &&
	    (c->target == CERT_CLUSTER_FILE || strcmp(c->served.serial, file->serial) == 0)) {
		plan_add(p, ACT_CONFIRM_CERTIFICATE, "the previous one, serial %s, is in use again",
			 file->serial)
		    ->target = c->target;
		plan_say(p, "%s serves its previous certificate again.", s->self_host);
		return true;
	}
	p->plan->needs_attention = true;
	if (c->retry_at.us && s->now.us - c->retry_at.us < BACK_RETRY_S * US_S) {
		plan_wait(p, US_S,
			  "The previous certificate of %s is put back, and not served yet%s%.200s.",
			  s->self_host, c->reload_why[0] ? ": " : "", c->reload_why);
		return true;
	}
	return go_back(p, c->why);
}

bool renew_plan(struct planner *p)
{
	const struct seen *s = p->s;
	const struct seen_certificate *c = &s->certificate;
	const struct order *o = seen_certificate_order(s);
	enum mode mode = instance_mode(p->policy, p->instance, KIND_CERTIFICATES);
	char when[40];
	if (mode == MODE_OFF || !fact_known(c->fact) || s->self < 0)
		return false;
	/* By a wrong clock nothing has expired and nothing is due; what is in place is proven. */
	if (!s->is_clock_sane && c->stage != CERT_STAGE_INSTALLED) {
		if (!p->plan->reason[0])
			plan_say(p,
				 "The certificate of %s is not judged: the clock of this host is "
				 "wrong: %s.",
				 s->self_host, s->clock_why);
		return false;
	}
	if (s->is_clock_sane)
		tell_expiry(p);
	if (c->stage == CERT_STAGE_REFUSED)
		tell_refused(p);
	if (mode <= MODE_OBSERVE || !p->policy->certificates.authority[0])
		return false;
	if (c->is_reload_running) {
		plan_wait(p, US_S / 4, "The reload of %s is not over yet.", s->self_host);
		return true;
	}
	if (c->stage == CERT_STAGE_INSTALLED)
		return installed_plan(p);
	if (c->stage == CERT_STAGE_GOING_BACK)
		return going_back_plan(p);
	if (c->stage == CERT_STAGE_STAGED)
		return install_plan(p, o);
	enum cert_target target;
	struct wall due;
	bool is_due = due_target(p, o, &target, &due);
	bool is_new_order = o && strcmp(o->id.hex, c->order.hex) != 0;
	if (!is_due) {
		if (!p->plan->reason[0])
			plan_say(p, "Nothing is due: the certificate of %s is renewed at %s.",
				 s->self_host, wall_print_utc(due, when, sizeof(when)));
		return false;
	}
	/* A refused or pending answer rests; a new order from a person is tried at once. A rest
	 * that begins in times to come: the clock was set back since, and it would last as long. */
	if (c->retry_at.us > s->now.us && c->retry_since.us <= s->now.us && !is_new_order) {
		tell_waits(p);
		int64_t wait = MIN(c->retry_at.us - s->now.us, 30 * US_S);
		plan_wait(p, wait, "%s the authority \"%s\" for %s again at %s: %.200s",
			  c->stage == CERT_STAGE_REFUSED ? "Asks" : "Waits for, and asks,",
			  p->policy->certificates.authority, s->self_host,
			  wall_print_utc(c->retry_at, when, sizeof(when)), c->why);
		return true;
	}
	if (target == CERT_CLUSTER_FILE && p->instance->reload_how == RELOAD_HOOK) {
		p->plan->needs_attention = true;
		plan_wait(
		    p, 30 * US_S,
		    "clusterFile of %s is due and is not renewed: with reload: hook nothing "
		    "shows that mongod has loaded it. Use reload: rotateCertificates, or renew "
		    "it by hand.",
		    s->self_host);
		return true;
	}
	unsigned first;
	if (mode == MODE_ASK && !gate_check(p, GATE_FOR_CERTIFICATE, &first) &&
	    strcmp(p->plan->gates[first].name, "mode") == 0) {
		plan_wait(p, 30 * US_S, "A certificate for %s is due, and waits: %s.", s->self_host,
			  p->plan->gates[first].text);
		return true;
	}
	/* An authority may take days, and others may have to go first. */
	if (plan_holds_claim(p, CLAIM_FOR_CERTIFICATE)) {
		plan_add(p, ACT_RELEASE_CLAIM, "another certificate is asked for first");
		plan_say(p, "%s gives its turn back, and asks for another certificate.",
			 s->self_host);
		return true;
	}
	struct act *a = plan_add(p, ACT_ASK_AUTHORITY, "%s%.100s",
				 o ? "asked for by " : "renewal is due", o ? o->who : "");
	a->target = target;
	if (o)
		a->order = o->id;
	plan_say(p, "A %s for %s is asked from authority \"%s\".", target_words(target),
		 s->self_host, p->policy->certificates.authority);
	return true;
}
