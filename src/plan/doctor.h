/* SPDX-License-Identifier: Apache-2.0 */
/* `rotactl doctor`: what of all that was seen keeps this host from taking its turn, or soon will.
 * PURE. What needs a question of its own (restart, login: round/rehearse.c; the certificate's
 * preflight) is added by round/doctor_look.c. */
#ifndef PLAN_DOCTOR_H
#define PLAN_DOCTOR_H

#include "plan/planner.h"

enum doctor_weight {
	DOCTOR_GOOD,
	DOCTOR_NOTE,   /* so that nobody wonders */
	DOCTOR_WARN,   /* a person should look; a turn is possible */
	DOCTOR_REFUSE, /* no turn before a person did something */
	DOCTOR_WEIGHTS_N
};
enum {
	/* the rows of doctor.c and rehearse.c, two certificates' checks, a handshake a member */
	DOCTOR_FINDINGS_MAX = 96 + MEMBERS_MAX,
	DOCTOR_TEXT_BYTES = 560
};
struct doctor_finding {
	enum doctor_weight weight;
	char name[48];                /* fixed, for machines: "served" */
	char what[DOCTOR_TEXT_BYTES]; /* good: a few words; else a sentence */
	char you[DOCTOR_TEXT_BYTES];  /* the command, or the word, that mends it; "" when good */
};
struct doctor {
	unsigned n;
	struct doctor_finding findings[DOCTOR_FINDINGS_MAX];
};

/* Append one; when it is full the last is overwritten, so that it is never silent. */
void doctor_add(struct doctor *d, enum doctor_weight weight, const char *name, const char *what,
		const char *you);

/* One check by its name, which must be one: its words in what and you. */
enum doctor_weight doctor_ask(const char *check, const struct seen *s, const struct policy *policy,
			      const struct instance_policy *instance, char what[DOCTOR_TEXT_BYTES],
			      char you[DOCTOR_TEXT_BYTES]);

/* Judge what was seen: every check of doctor.c, then the gates before a rotation as if it were
 * asked for now in mode act. scratch is the caller's, for its size. Appends to *ret. */
void doctor_judge(const struct seen *s, const struct policy *policy,
		  const struct instance_policy *instance, struct plan *scratch, struct doctor *ret);

#endif
