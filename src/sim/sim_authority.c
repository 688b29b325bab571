/* SPDX-License-Identifier: Apache-2.0 */
/* Who signs certificates, behind port/authority.h: slow, wrong, away, unwilling or forgetful, a
 * host at a time. */
#include <stdio.h>
#include <string.h>

#include "sim/sim_cert.h"
#include "sim/sim_world.h"

enum { ASK_AGAIN_US = 5 * 1000000, LIFE_DAYS = 10, TIMEOUT_US = 5 * 1000000 };

static bool gone(struct err *err)
{
	return err_set(err, ERR_SYSTEM, "this rotad was killed");
}

static void strike(struct sim_host *h, enum sim_fault_kind kind)
{
	if (h->w->coverage)
		h->w->coverage->faults[kind]++;
}

static bool wait_for(struct sim_host *h, struct authority_answer *ret, const char *cookie)
{
	ret->outcome = AUTHORITY_WAIT;
	ret->retry_us = ASK_AGAIN_US;
	snprintf(ret->cookie, sizeof(ret->cookie), "%s-%u", cookie, h->i);
	return true;
}

/* What it signs, and what is wrong with it. */
static bool sign(struct sim_host *h, const struct authority_request *r,
		 struct authority_answer *ret, struct err *err)
{
	struct sim_world *w = h->w;
	struct sim_cert c;
	if (!sim_cert_request(r->csr_pem, &c))
		return err_set(err, ERR_PROTOCOL, "no request");
	c.serial = ++w->serials;
	c.ca = SIM_CA_OWN;
	c.from.us = SIM_BASE_US + w->now_us - US_MIN;
	c.until.us = SIM_BASE_US + w->now_us + LIFE_DAYS * US_DAY;
	int wrong = h->authority_wrongs > 0 ? h->wrong_how : -1;
	if (wrong >= 0) {
		h->authority_wrongs = 0;
		strike(h, SIM_AUTHORITY_WRONG);
		sim_say(w, "%c: the authority's answer is wrong (%d)", h->letter, wrong);
	}
	switch (wrong) {
	case SIM_WRONG_NAME:
		snprintf(c.names, sizeof(c.names), "elsewhere.example.net");
		break;
	case SIM_WRONG_KEY:
		snprintf(c.key, sizeof(c.key), "%016x", c.serial);
		break;
	case SIM_WRONG_CHAIN:
		c.ca = SIM_CA_FOREIGN;
		break;
	case SIM_WRONG_END:
		c.until.us = SIM_BASE_US + w->now_us + US_MIN;
		break;
	case SIM_WRONG_TEXT:
		buf_adds(&ret->chain_pem, "<html>502 Bad Gateway</html>\n");
		ret->outcome = AUTHORITY_ISSUED;
		return true;
	case SIM_OTHER_CHAIN: /* the new CA, which not all trust yet */
		c.ca = SIM_CA_OTHER;
		break;
	default:
		break;
	}
	h->signed_us = w->now_us;
	sim_cert_print(&c, &ret->chain_pem);
	ret->outcome = AUTHORITY_ISSUED;
	sim_say(w, "%c: the authority issues serial %u", h->letter, c.serial);
	return buf_ok(&ret->chain_pem, err);
}

static bool issue(void *self, const struct authority_request *r, struct authority_answer *ret,
		  struct err *err)
{
	struct sim_host *h = self;
	struct sim_world *w = h->w;
	*ret = (struct authority_answer){.chain_pem = {.max = PEM_BYTES_MAX}};
	if (!sim_call(h))
		return gone(err);
	if (h->authority_down_until_us > w->now_us) {
		strike(h, SIM_AUTHORITY_DOWN);
		if (!sim_wait(h, sim_between(w, 0, MIN((int64_t)TIMEOUT_US, r->timeout_us))))
			return gone(err);
		return err_set(err, ERR_UNREACHABLE, "connection refused");
	}
	if (h->authority_refusals > 0) {
		h->authority_refusals--;
		strike(h, SIM_AUTHORITY_REFUSES);
		ret->outcome = AUTHORITY_REFUSED;
		(void)err_set(err, ERR_REFUSED, "the role does not allow it");
		return sim_call(h) || gone(err);
	}
	if (strncmp(r->cookie, "lost", 4) == 0) {
		ret->outcome = AUTHORITY_REFUSED;
		(void)err_set(err, ERR_REFUSED, "no such request");
		return sim_call(h) || gone(err);
	}
	if (h->authority_losses > 0) {
		h->authority_losses--;
		strike(h, SIM_AUTHORITY_LOSES);
		/* The request, or the answer to it. */
		if (sim_chance(w, 500000))
			return wait_for(h, ret, "lost") && (sim_call(h) || gone(err));
		if (!sim_wait(h, TIMEOUT_US))
			return gone(err);
		return err_set(err, ERR_TIMEOUT, "no answer in time");
	}
	if (h->authority_slow_until_us > w->now_us) {
		if (!r->cookie[0])
			strike(h, SIM_AUTHORITY_SLOW);
		return wait_for(h, ret, "later") && (sim_call(h) || gone(err));
	}
	if (!sim_wait(h, sim_between(w, 10 * US_MS, 800 * US_MS)))
		return gone(err);
	return sign(h, r, ret, err);
}

static const struct authority_ops authority_ops_table = {
    .name = "exec", .subject_note = "Whatever the request says.", .issue = issue};

const struct authority_port *sim_authority(void *self, const char *name)
{
	struct sim_host *h = self;
	(void)name;
	h->authority = (struct authority_port){.ops = &authority_ops_table, .self = h};
	return h->w->scenario->has_tls ? &h->authority : NULL;
}
