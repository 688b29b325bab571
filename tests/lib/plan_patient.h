/* SPDX-License-Identifier: Apache-2.0 */
/* A host with TLS, which the toy has not, and what may stand wrong with it: for what the doctor
 * finds when he is asked, and what is told unasked. */
#ifndef TESTS_LIB_PLAN_PATIENT_H
#define TESTS_LIB_PLAN_PATIENT_H

#include "lib/plan_case.h"

static inline void patient_begin(void)
{
	struct seen_certificate *c = &the.s.certificate;
	case_begin(1);
	c->fact = c->served_at = seen_at(CASE_NOW);
	c->file.is_known = c->served.is_known = true;
	cut_z(c->file.serial, sizeof(c->file.serial), "01");
	cut_z(c->served.serial, sizeof(c->served.serial), "01");
	c->file.chain_not_after.us = c->served.chain_not_after.us = CASE_NOW + 60 * US_DAY;
	c->ca_not_after.us = CASE_NOW + 900 * US_DAY;
	c->crl_next_update.us = CASE_NOW + 30 * US_DAY;
	c->is_served_trusted = c->is_served_named = true;
}

static inline void guessable(struct seen *s)
{
	s->keyfile.is_guessable = true;
}
static inline void other_served(struct seen *s)
{
	cut_z(s->certificate.served.serial, 8, "02");
}
static inline void untrusted(struct seen *s)
{
	s->certificate.is_served_trusted = false;
}
static inline void unnamed(struct seen *s)
{
	s->certificate.is_served_named = false;
}
static inline void ca_ends(struct seen *s)
{
	s->certificate.ca_not_after.us = CASE_NOW + 30 * US_DAY;
}
static inline void crl_ends(struct seen *s)
{
	s->certificate.crl_next_update.us = CASE_NOW + US_DAY;
}
static inline void crl_ended(struct seen *s)
{
	s->certificate.crl_next_update.us = CASE_NOW;
}
static inline void pending(struct seen *s)
{
	cut_z(s->process.pending, 64, "mongod.conf was changed");
}
static inline void no_member(struct seen *s)
{
	s->self = -1;
}

#endif
