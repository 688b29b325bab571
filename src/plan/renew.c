/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates of this member (DESIGN section 5): ask, stage, one member at a time install, reload,
 * prove, keep or roll back. */
#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "plan/gate.h"
#include "plan/order.h"
#include "plan/planner.h"

enum { EXPIRY_TOLD_DAYS = 14, REFUSED_RETRY_S = 24 * 3600 };

/* The newest order that concerns this member, unless it is fulfilled. */
static const struct order *order_for(const struct seen *s)
{
	const struct order *best = NULL;
	for (unsigned i = 0; i < s->ledger.orders_n; i++) {
		const struct order *o = &s->ledger.orders[i];
		if (o->kind == ORDER_CERTIFICATES &&
		    (!o->host[0] || strcmp(o->host, s->self_host) == 0) &&
		    (!best || o->head.at.us > best->head.at.us))
			best = o;
	}
	return best && strcmp(best->id.hex, s->certificate.order_done.hex) != 0 ? best : NULL;
}

/* The earliest of: a part of the lifetime, the outage budget; spread over 2 % of the lifetime by a
 * phase of the host's. */
static struct wall renew_at(const struct planner *p)
{
	const struct cert_view *c = &p->s->certificate.file;
	int64_t life = c->not_after.us - c->not_before.us;
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

static void tell_refused(struct planner *p)
{
	const struct seen *s = p->s;
	const struct seen_certificate *c = &s->certificate;
	struct event *e = plan_tell(p, EVENT_CERTIFICATE_REFUSED, SEVERITY_CRITICAL, s->self_host);
	char when[40];
	p->plan->needs_attention = true;
	if (!e)
		return;
	snprintf(e->headline, sizeof(e->headline),
		 "%s: the certificate from authority \"%s\" was not installed. mongod would have "
		 "accepted it, the other members or clients would not.",
		 s->self_host, p->policy->certificates.authority);
	snprintf(e->what, sizeof(e->what), "%s", c->why);
	snprintf(e->now, sizeof(e->now),
		 "The certificate in use is unchanged, served, and ends %s.",
		 wall_print_utc(c->file.chain_not_after, when, sizeof(when)));
	snprintf(e->we_did, sizeof(e->we_did), "Wrote nothing. Next try at %s.",
		 wall_print_utc(c->retry_at, when, sizeof(when)));
	snprintf(e->you, sizeof(e->you),
		 "Ask the CA for what is missing (see above). Sheet for the ticket: rotactl cert "
		 "request --member %s --sheet",
		 s->self_host);
	e->next = c->retry_at;
}

static void tell_expiry(struct planner *p)
{
	const struct seen *s = p->s;
	const struct cert_view *c =
	    s->certificate.served.is_known ? &s->certificate.served : &s->certificate.file;
	int64_t left = c->chain_not_after.us - s->now.us;
	struct event *e;
	char when[40];
	if (!c->is_known || left > EXPIRY_TOLD_DAYS * US_DAY)
		return;
	e = plan_tell(p, left < 0 ? EVENT_CERTIFICATE_EXPIRED : EVENT_CERTIFICATE_EXPIRING,
		      left < 3 * US_DAY ? SEVERITY_CRITICAL : SEVERITY_WARNING, s->self_host);
	p->plan->needs_attention = true;
	if (!e)
		return;
	snprintf(e->headline, sizeof(e->headline), "%s: the certificate that it serves ends %s.",
		 s->self_host, wall_print_utc(c->chain_not_after, when, sizeof(when)));
	snprintf(e->what, sizeof(e->what), "Serial %s, %s.", c->serial,
		 left < 0 ? "ended" : "close to its end");
	snprintf(e->now, sizeof(e->now),
		 left < 0 ? "New connections fail; a restart of mongod would fail."
			  : "It is served and valid.");
	snprintf(e->we_did, sizeof(e->we_did), "%.300s",
		 s->certificate.why[0] ? s->certificate.why
				       : "Nothing: see mode and authority in the configuration.");
	snprintf(e->you, sizeof(e->you), "rotactl explain; rotactl rotate certificates --member %s",
		 s->self_host);
}

/* Is it this member's turn among those that serve the same order? The first in the order of turns
 * is the canary. */
static bool is_my_turn(struct planner *p, const struct order *o, const char **ret_who)
{
	const struct seen *s = p->s;
	const struct seen_member *self = seen_self(s);
	for (unsigned i = 0; o && !o->host[0] && i < s->members_n; i++) {
		const struct seen_member *m = &s->members[i];
		if ((int)i == s->self || !order_before(m, self) || !m->has_statement)
			continue;
		if (strcmp(m->statement.certificate_order.hex, o->id.hex) != 0) {
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
	cut_z(p->plan->gates_for, sizeof(p->plan->gates_for), s->self_host);
	if (!is_my_turn(p, o, &before)) {
		plan_wait(p, US_S / 4, "The new certificate of %s waits: %s goes first.",
			  s->self_host, before);
		return true;
	}
	if (!gate_check(p, GATE_FOR_CERTIFICATE, &first)) {
		if (l->is_claim_mine)
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
		 s->certificate.staged_serial);
	plan_add(p, ACT_RELOAD, "to serve serial %s", s->certificate.staged_serial);
	plan_say(p, "%s gets its new certificate, serial %s.", s->self_host,
		 s->certificate.staged_serial);
	return true;
}

static bool installed_plan(struct planner *p)
{
	const struct seen *s = p->s;
	const struct seen_certificate *c = &s->certificate;
	const struct seen_member *self = seen_self(s);
	bool is_served = c->served.is_known && strcmp(c->served.serial, c->staged_serial) == 0;
	if (!fact_known(c->served_at)) {
		plan_wait(p, US_S / 4, "Looks what %s serves.", s->self_host);
		return true;
	}
	if (is_served && c->is_served_trusted && c->is_served_named && c->is_seen_by_peers &&
	    self && (s->is_standalone || self->sees_all)) {
		plan_add(p, ACT_CONFIRM_CERTIFICATE,
			 "it is served, names the host, and every peer accepts it");
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
	} else if (is_served && c->is_served_trusted && c->is_served_named && !c->peers_why[0]) {
		plan_wait(p, US_S / 4,
			  "%s serves its new certificate; waits until it sees all others.",
			  s->self_host);
		if (s->now.us - c->asked_at.us < US_MIN)
			return true;
	}
	plan_add(p, ACT_ROLL_BACK_CERTIFICATE, "%s",
		 !is_served        ? "mongod does not serve it"
		 : c->peers_why[0] ? c->peers_why
				   : "what is served is not trusted or does not name the host");
	struct event *e =
	    plan_tell(p, EVENT_CERTIFICATE_ROLLED_BACK, SEVERITY_CRITICAL, s->self_host);
	if (e) {
		snprintf(e->headline, sizeof(e->headline),
			 "%s: the new certificate was taken back.", s->self_host);
		snprintf(e->what, sizeof(e->what), "%s", p->plan->acts[p->plan->acts_n - 1].reason);
		snprintf(e->now, sizeof(e->now),
			 "The previous certificate is put back and loaded. No other member was "
			 "touched.");
		snprintf(e->we_did, sizeof(e->we_did),
			 "Rolled back by ourselves. Next try in 24 h.");
		snprintf(e->you, sizeof(e->you),
			 "Look at the reason with the people of the CA; rotactl rotate "
			 "certificates --member %s tries again.",
			 s->self_host);
	}
	plan_say(p, "The new certificate of %s is taken back: %.200s.", s->self_host,
		 p->plan->acts[p->plan->acts_n - 1].reason);
	return true;
}

bool renew_plan(struct planner *p)
{
	const struct seen *s = p->s;
	const struct seen_certificate *c = &s->certificate;
	const struct order *o = order_for(s);
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
	if (c->stage == CERT_STAGE_INSTALLED)
		return installed_plan(p);
	if (c->stage == CERT_STAGE_STAGED)
		return install_plan(p, o);
	struct wall due = c->file.is_known ? renew_at(p) : s->now;
	bool is_new_order = o && strcmp(o->id.hex, c->order.hex) != 0;
	if (!o && due.us > s->now.us) {
		if (!p->plan->reason[0])
			plan_say(p, "Nothing is due: the certificate of %s is renewed at %s.",
				 s->self_host, wall_print_utc(due, when, sizeof(when)));
		return false;
	}
	/* A refused or pending answer rests; a new order from a person is tried at once. */
	if (c->retry_at.us > s->now.us && !is_new_order) {
		int64_t wait = MIN(c->retry_at.us - s->now.us, 30 * US_S);
		plan_wait(p, wait, "%s the authority \"%s\" for %s again at %s: %.200s",
			  c->stage == CERT_STAGE_REFUSED ? "Asks" : "Waits for, and asks,",
			  p->policy->certificates.authority, s->self_host,
			  wall_print_utc(c->retry_at, when, sizeof(when)), c->why);
		return true;
	}
	unsigned first;
	if (mode == MODE_ASK && !gate_check(p, GATE_FOR_CERTIFICATE, &first) &&
	    strcmp(p->plan->gates[first].name, "mode") == 0) {
		plan_wait(p, 30 * US_S, "A certificate for %s is due, and waits: %s.", s->self_host,
			  p->plan->gates[first].text);
		return true;
	}
	struct act *a = plan_add(p, ACT_ASK_AUTHORITY, "%s%.100s",
				 o ? "asked for by " : "renewal is due", o ? o->who : "");
	if (o)
		a->order = o->id;
	plan_say(p, "A certificate for %s is asked from authority \"%s\".", s->self_host,
		 p->policy->certificates.authority);
	return true;
}
