/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of "seen so, planned so": X(name, the acts in order by their words, an event or "", words of
 * the reason, with a "!" before them where a person is needed and no event says so, what is seen).
 * s, p, i are the seen, the policy, the instance of case_begin(SELF). Acts that end in "..." hold
 * up nothing else: a certificate that is due is asked for beside them, or the ledger is tidied. */
#ifndef TESTS_LIB_PLAN_ROWS_H
#define TESTS_LIB_PLAN_ROWS_H

#include "lib/plan_case.h"
#include "model/event_table.h"

struct plan_row {
	const char *name, *acts, *event, *reason;
	void (*set)(struct seen *s, struct policy *p, struct instance_policy *i);
};
#define PLAN_ROW_SET(name, acts, event, reason, ...)                                               \
	static void set_##name(struct seen *s, struct policy *p, struct instance_policy *i)        \
	{                                                                                          \
		(void)s, (void)p, (void)i;                                                         \
		__VA_ARGS__;                                                                       \
	}
#define PLAN_ROW(name, acts, event, reason, ...) {#name, acts, event, reason, set_##name},

/* As its row says; these are graver where little time is left, the member is down, or it is
 * this host. */
static inline bool plan_row_is_as_grave(const struct event *e)
{
	enum severity row = SEVERITY_INFO;
	for (size_t k = 0; k < EVENT_N; k++)
		if (strcmp(event_table[k].name, e->name) == 0)
			row = event_table[k].severity;
	bool may_be_graver = strcmp(e->name, "certificate-expiring") == 0 ||
			     strcmp(e->name, "restart-overdue") == 0 ||
			     strcmp(e->name, "identity-revoked") == 0;
	return e->severity == row || (may_be_graver && e->severity > row);
}

/* Told for people to know; all others need one. */
static inline bool plan_row_is_calm(const struct event *e)
{
	static const char *const calm[] = {
	    "foreign-write-harmless",
	    "identity-revoked",
	    "identity-not-admitted",
	    "plan-waits-for-approval",
	    "certificate-request-waiting",
	    "certificate-rolled-back",
	    "clock-jumped",
	    "member-not-back",
	    "member-unreachable",
	    "member-without-rotad",
	    "key-used-by-others",
	};
	for (size_t i = 0; i < ARRAY_N(calm); i++)
		if (strcmp(calm[i], e->name) == 0)
			return true;
	return false;
}

static inline size_t plan_row_acts(char out[256])
{
	size_t at = 0;
	out[0] = 0;
	for (unsigned i = 0; i < the.plan.acts_n; i++)
		at += (size_t)snprintf(out + at, 256 - at, "%s%s", i ? " " : "",
				       act_table[the.plan.acts[i].kind].word);
	return at;
}

/* The same with more to do, for the deciders that come last. */
static inline bool plan_row_goes_on(void)
{
	struct seen_certificate *c = &the.s.certificate;
	unsigned before_n = the.plan.acts_n;
	the.s.ledger.outlived_n = 999;
	if (!fact_known(c->fact)) {
		c->fact = seen_at(CASE_NOW);
		c->file.is_known = true;
		c->file.not_before.us = CASE_NOW - 70 * US_DAY;
		c->file.not_after.us = c->file.chain_not_after.us = CASE_NOW + 20 * US_DAY;
	}
	case_plan();
	return the.plan.acts_n > before_n;
}

static inline void plan_rows_check(const struct plan_row *rows, size_t n, unsigned self)
{
	for (size_t r = 0; r < n; r++) {
		char acts[256];
		const char *reason = rows[r].reason + (rows[r].reason[0] == '!');
		bool needs_person = reason != rows[r].reason;
		const char *rest = strstr(rows[r].acts, "...");
		size_t wanted_n = rest ? (size_t)(rest - rows[r].acts) : strlen(rows[r].acts);
		case_begin(self);
		rows[r].set(&the.s, &the.policy, &the.instance);
		case_plan();
		if (rest && wanted_n > 0)
			wanted_n--; /* the blank before it */
		if (plan_row_acts(acts) != wanted_n || strncmp(acts, rows[r].acts, wanted_n) != 0)
			fail_msg("%s: planned \"%s\": %s", rows[r].name, acts, the.plan.reason);
		if (!strstr(the.plan.reason, reason))
			fail_msg("%s: the reason is: %s", rows[r].name, the.plan.reason);
		if (rows[r].event[0] ? !told(rows[r].event) : the.plan.events_n > 0)
			fail_msg("%s: told %u, first %s", rows[r].name, the.plan.events_n,
				 the.plan.events[0].name);
		for (unsigned i = 0; i < the.plan.events_n; i++) {
			const struct event *e = &the.plan.events[i];
			if (!e->headline[0] || !e->what[0] || !e->now[0] || !e->we_did[0] ||
			    !e->you[0])
				fail_msg("%s: '%s' leaves a line empty", rows[r].name, e->name);
			needs_person |= !plan_row_is_calm(e);
			if (!plan_row_is_as_grave(e))
				fail_msg("%s: '%s' is told as %s", rows[r].name, e->name,
					 severity_name(e->severity));
		}
		for (unsigned i = 0; i < the.plan.acts_n; i++)
			if (!the.plan.acts[i].reason[0])
				fail_msg("%s: '%s' has no reason", rows[r].name, acts);
		if (the.plan.needs_attention != needs_person)
			fail_msg("%s: %s", rows[r].name,
				 needs_person ? "no person is called" : "a person is called");
		if (the.plan.wake_at.us <= CASE_NOW)
			fail_msg("%s: no next time", rows[r].name);
		if (plan_row_goes_on() != (rest != NULL))
			fail_msg("%s: %s", rows[r].name,
				 rest ? "it holds up the rest" : "it holds up nothing else");
	}
}

#endif
