/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold of certificates as they truly are (DESIGN section 5): asked when rotad writes one,
 * when a mongod has loaded it, when the previous one is wiped. */
#include <stdio.h>
#include <string.h>

#include "sim/sim_cert.h"
#include "sim/sim_world.h"

/* Could h have seen since its round began how that one is? */
static bool could_see(const struct sim_host *h, const struct sim_host *o)
{
	bool is_since_heal = h->w->is_healed && h->w->care_since_us >= h->round_us;
	return o->m.state == SIM_UP && o->m.state_us < h->round_us &&
	       o->m.trusts_us < h->round_us && o->joined_us < h->round_us && !is_since_heal &&
	       sim_link(h->w, h->i, o->i) && sim_link(h->w, o->i, h->i) &&
	       h->cut_until_us[o->i] < h->round_us && o->cut_until_us[h->i] < h->round_us;
}

static bool was_reconfigured(const struct sim_host *h)
{
	const struct sim_world *w = h->w;
	return w->configs_n > 1 && w->configs[w->configs_n - 2].until_us >= h->round_us;
}

/* Every peer of its set trusts it, it holds the member's name, and it has not ended. */
static void check_fit(struct sim_host *h, const struct sim_cert *c, const char *how)
{
	struct sim_world *w = h->w;
	if (!w->scenario->is_standalone && !was_reconfigured(h) && !sim_cert_names(c, h->m.host))
		sim_broken(w, "fit", "%c %s serial %u, which is not for its name", h->letter, how,
			   c->serial);
	if (!h->clock_us && c->until.us <= SIM_BASE_US + w->now_us)
		sim_broken(w, "fit", "%c %s serial %u, which has ended", h->letter, how, c->serial);
	for (unsigned i = 0; i < w->n; i++) {
		const struct sim_host *o = &w->hosts[i];
		if (o != h && sim_is_member(w, i) && sim_is_member(w, h->i) && could_see(h, o) &&
		    !(o->m.trusts & c->ca))
			sim_broken(w, "fit", "%c %s serial %u, which %c does not trust", h->letter,
				   how, c->serial, o->letter);
	}
}

/* A turn of its own, and nobody else with one that is not proven yet. */
static void check_turn(struct sim_host *h, const char *how)
{
	struct sim_world *w = h->w;
	if (w->scenario->is_standalone || !sim_is_member(w, h->i) || w->is_restored)
		return;
	bool is_mine = w->truth.claim == 2 && sim_host_named(w, w->truth.claim_host) == h->i;
	if (!is_mine && !was_reconfigured(h) && !w->released_us)
		sim_broken(w, "claim", "%c %s a certificate without an acting claim of its own",
			   h->letter, how);
	for (unsigned i = 0; i < w->n && !w->released_us; i++) {
		const struct sim_host *o = &w->hosts[i];
		if (o != h && sim_is_member(w, i) && o->is_unproven)
			sim_broken(w, "canary",
				   "%c %s a certificate while that of %c is not proven", h->letter,
				   how, o->letter);
	}
}

/* By an order, not by age: one that took its new one back stops all others. */
static void check_order(struct sim_host *h)
{
	struct sim_world *w = h->w;
	bool is_due = SIM_BASE_US + w->now_us + SIM_NEAR_US >= h->proven.until.us - SIM_OUTAGE_US;
	for (unsigned i = 0; i < w->n && !is_due && !h->clock_us && !w->is_restored; i++) {
		const struct sim_host *o = &w->hosts[i];
		if (o != h && sim_is_member(w, i) && o->taken_back_us &&
		    h->asked_us <= w->certificates_asked_us &&
		    o->asked_us <= w->certificates_asked_us && o->taken_back_us < h->round_us &&
		    w->certificates_asked_us && o->taken_back_of_us > w->certificates_asked_us &&
		    o->was_taken_back_by_order)
			sim_broken(w, "canary",
				   "%c goes on with the order by which %c had to take its new "
				   "certificate back",
				   h->letter, o->letter);
	}
}

void sim_oracle_certificate(struct sim_host *h)
{
	struct sim_world *w = h->w;
	sim_say(w, "%c: certificate serial %u in its file", h->letter, h->cert.serial);
	if (!h->cert.is_good)
		sim_broken(w, "whole", "%c's certificate file is none that mongod takes",
			   h->letter);
	if (h->cert.serial == h->proven.serial) /* the way back */
		return;
	check_turn(h, "installs");
	check_fit(h, &h->cert, "installs");
	check_order(h);
	h->is_unproven = true;
}

void sim_oracle_served(struct sim_host *h)
{
	if (h->m.served.serial == h->proven.serial)
		return;
	check_turn(h, "loads");
	check_fit(h, &h->m.served, "serves");
}

/* The previous one is wiped: what is in the file is what is served, and nobody minds. */
void sim_oracle_wiped(struct sim_host *h)
{
	struct sim_world *w = h->w;
	bool was_up = h->m.state == SIM_UP && h->m.state_us < h->round_us;
	if (h->m.state == SIM_DOWN && h->m.state_us < h->round_us)
		sim_broken(w, "proof",
			   "%c's previous certificate is wiped while its member is down",
			   h->letter);
	if (was_up && h->m.served.serial != h->cert.serial)
		sim_broken(w, "proof",
			   "%c's previous certificate is wiped: serial %u is in the file, %u is "
			   "served",
			   h->letter, h->cert.serial, h->m.served.serial);
	if (was_up && h->cert.serial != h->proven.serial)
		check_fit(h, &h->m.served, "keeps");
	if (h->cert.serial == h->proven.serial && h->is_unproven) {
		bool is_due =
		    SIM_BASE_US + w->now_us + SIM_NEAR_US >= h->proven.until.us - SIM_OUTAGE_US;
		sim_say(w, "%c: serial %u is in use again", h->letter, h->cert.serial);
		h->taken_back_us = w->now_us;
		h->taken_back_of_us = h->signed_us;
		h->was_taken_back_by_order = !is_due;
		w->result->taken_back_n++;
	} else if (h->is_unproven) {
		sim_say(w, "%c: serial %u is proven", h->letter, h->cert.serial);
		w->result->renewals_n++;
		h->taken_back_us = 0; /* the reason is mended */
	}
	h->is_unproven = false;
	h->proven = h->cert;
}

void sim_oracle_private(struct sim_world *w, const char *where, const char *text, size_t n)
{
	if (memmem(text, n, SIM_PRIVATE_MARK, sizeof(SIM_PRIVATE_MARK) - 1))
		sim_broken(w, "secret", "a private key stands readable in %s", where);
}

/* ---- at rest ---- */

static bool is_due(const struct sim_host *h)
{
	return SIM_BASE_US + h->w->now_us >= h->cert.until.us - SIM_OUTAGE_US;
}

bool sim_tls_rest(const struct sim_host *h, const char **ret_why)
{
	if (!h->w->scenario->has_tls)
		return true;
	*ret_why = h->is_unproven ? "its new certificate is not proven"
		   : h->m.served.serial != h->cert.serial
		       ? "it does not serve the certificate in its file"
		   : is_due(h) ? "its certificate is due"
			       : NULL;
	return !*ret_why;
}

/* Which rotad waits for a person: the authority refused, or what it gave was taken back. */
bool sim_tls_rests(const struct sim_host *h)
{
	return h->w->scenario->has_tls && h->is_seat_open && sim_is_member(h->w, h->i) &&
	       h->seat.notes.stage == CERT_STAGE_REFUSED;
}
