/* SPDX-License-Identifier: Apache-2.0 */
/* Scenarios: drawn from a seed, and as text. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/sim_world.h"

static const struct {
	const char *takes;
	unsigned weight;
} rows[SIM_FAULT_N] = {
#define X(name, word, weight, takes, text) {takes, weight},
    SIM_FAULTS(X)
#undef X
};

const char *const sim_fault_words[SIM_FAULT_N] = {
#define X(name, word, weight, takes, text) word,
    SIM_FAULTS(X)
#undef X
};
const char *const sim_outcome_words[] = {
    [SIM_DONE] = "done", [SIM_UNSAFE] = "unsafe", [SIM_STUCK] = "stuck", [SIM_SAFE_ONLY] = "safe"};
const char *const sim_kind_words[SIM_KIND_N] = {
#define X(name, word) word,
    SIM_KINDS(X)
#undef X
};
static const char *const downtime_words[] = {
    [DOWNTIME_NONE] = "none",
    [DOWNTIME_MAJORITY_WRITES] = "majorityWrites",
    [DOWNTIME_ALL] = "all",
};

/* Acts of a keyfile rotation: boundaries worth dying at. */
static const enum act_kind boundaries[] = {
    ACT_FOUND_LEDGER,  ACT_PUBLISH_IDENTITY,
    ACT_WELCOME,       ACT_PUBLISH_STATEMENT,
    ACT_PROPOSE,       ACT_PUT_KEYFILE,
    ACT_TAKE_CLAIM,    ACT_SET_DRAIN,
    ACT_CLAIM_ACTING,  ACT_STEP_DOWN,
    ACT_RESTART,       ACT_END_JOB,
    ACT_RELEASE_CLAIM, ACT_VOTE,
    ACT_CLOSE,         ACT_RETIRE,
};

static const enum act_kind tls_boundaries[] = {
    ACT_ASK_AUTHORITY, ACT_INSTALL_CERTIFICATE, ACT_INSTALL_CERTIFICATE,   ACT_RELOAD,
    ACT_RELOAD,        ACT_CONFIRM_CERTIFICATE, ACT_ROLL_BACK_CERTIFICATE, ACT_TAKE_CLAIM,
    ACT_RESTART,
};

static int64_t between(struct rng *r, int64_t low, int64_t high)
{
	return low + (int64_t)rng_below(r, (uint64_t)(high - low + 1));
}

static bool takes(enum sim_fault_kind kind, char what)
{
	return strchr(rows[kind].takes, what) != NULL;
}

static enum sim_fault_kind draw_kind(struct rng *r, const bool *is_on)
{
	unsigned all = 0;
	for (unsigned i = 0; i < SIM_FAULT_N; i++)
		all += is_on[i] ? rows[i].weight : 0;
	uint64_t at = rng_below(r, all);
	for (unsigned i = 0; i < SIM_FAULT_N; i++) {
		unsigned weight = is_on[i] ? rows[i].weight : 0;
		if (at < weight)
			return (enum sim_fault_kind)i;
		at -= weight;
	}
	return SIM_KILL_ROTAD;
}

static void draw_fault(struct sim_fault *f, struct rng *r, const struct sim_scenario *s,
		       const bool *is_on, bool is_tls)
{
	static const int64_t jumps[] = {-10 * 365 * US_DAY, -US_DAY, -US_H,  -2 * US_S,
					2 * US_S,           US_H,    US_DAY, 3650 * US_DAY};
	*f = (struct sim_fault){.kind = draw_kind(r, is_on)};
	unsigned hosts_n = s->members_n + s->spares_n;
	f->host = (unsigned)rng_below(r, hosts_n);
	f->other = (unsigned)rng_below(r, hosts_n);
	if (f->kind == SIM_JOIN && between(r, 0, 3))
		f->other = hosts_n - 1 - (unsigned)rng_below(r, s->spares_n);
	/* Mostly seconds, sometimes minutes. */
	f->time_us = between(r, 0, 3) ? between(r, 100, 9000) * US_MS : between(r, 10, 240) * US_S;
	f->number = between(r, 1, 3);
	if (f->kind == SIM_CLOCK_JUMP)
		f->time_us = jumps[rng_below(r, ARRAY_N(jumps))];
	if (f->kind == SIM_EDIT_FILE)
		f->number = between(r, 0, 4);
	if (f->kind == SIM_ROTATE || f->kind == SIM_LEAVE || f->kind == SIM_DECLARE_DEAD ||
	    f->kind == SIM_REVOKE)
		f->number = between(r, 0, 1);
	if (f->kind == SIM_DECLARE_DEAD || f->kind == SIM_REVOKE)
		f->other = (f->host + 1 + (unsigned)rng_below(r, MAX(s->members_n, 2u) - 1)) %
			   s->members_n;
	if (f->kind == SIM_DECLARE_DEAD)
		f->time_us = between(r, 20, 200) * US_S;
	if (f->kind == SIM_AUTHORITY_WRONG)
		f->number = between(r, 0, SIM_WRONG_N - 1);
	if (f->kind == SIM_TRUST_FILE || f->kind == SIM_RENEW)
		f->number = between(r, 0, 1);
	if (f->kind == SIM_HOOK_FAILS || f->kind == SIM_HOOK_HANGS)
		f->number = between(r, 0, 2);
	if (f->kind == SIM_MODE)
		f->number = between(r, 0, 3);
	if (f->kind == SIM_JOIN)
		f->number = between(r, 0, 2) + (between(r, 0, 3) ? 0 : 4);
	if (f->kind == SIM_SLOW_START)
		f->time_us *= 3;
	f->at_us = between(r, 0, s->heal_us / US_MS) * US_MS;
	f->is_at_act = between(r, 0, 9) < 4;
	if (f->is_at_act) {
		f->act = is_tls ? tls_boundaries[rng_below(r, ARRAY_N(tls_boundaries))]
				: boundaries[rng_below(r, ARRAY_N(boundaries))];
		f->is_before = rng_below(r, 2);
		f->nth = (unsigned)between(r, 1, f->act == ACT_PUBLISH_STATEMENT ? 6 : 2);
	}
}

void sim_scenario_draw_for(struct sim_scenario *s, uint64_t seed, unsigned members_n)
{
	static const unsigned sizes[] = {3, 3, 3, 3, 3, 3, 3, 3, 3, 5, 5, 1};
	static const int64_t latencies[] = {200, 1000, 5000, 30000};
	struct rng r = {.state = seed * 0x9e3779b97f4a7c15u + 1};
	bool is_on[SIM_FAULT_N] = {false};
	*s = (struct sim_scenario){.seed = seed};
	s->members_n = sizes[rng_below(&r, ARRAY_N(sizes))];
	s->has_arbiter = s->members_n >= 3 && rng_below(&r, 6) == 0;
	s->is_standby = seed % 3 == 2;
	/* Not drawn: other seeds stay what they were. */
	s->ride_us = seed % 16 == 9 ? (int64_t)(20 + seed % 7 * 20) * US_S : 0;
	s->latency_us = latencies[rng_below(&r, ARRAY_N(latencies))];
	s->pace_us = between(&r, 0, 1000) * US_MS;
	s->drain_us = between(&r, 0, 3) ? between(&r, 0, 2000) * US_MS : -1;
	s->heal_us = between(&r, 60, 240) * US_S;
	s->bound_us = 45 * US_MIN;
	/* A swarm: each seed has only some kinds of faults, and so more of each. */
	unsigned kinds = (unsigned)between(&r, 1, 6);
	for (unsigned i = 0; i < kinds; i++)
		is_on[rng_below(&r, SIM_AUTHORITY_DOWN)] = true;
	/* Who comes and goes. */
	if (is_on[SIM_JOIN] || is_on[SIM_LEAVE]) {
		s->spares_n = (unsigned)between(&r, 1, 2);
		is_on[SIM_JOIN] = true;
		s->members_n = s->members_n == 1 ? 3 : s->members_n;
		if (is_on[SIM_LEAVE] && rng_below(&r, 2))
			s->members_n = 5;
	}
	if (is_on[SIM_DECLARE_DEAD] || is_on[SIM_REVOKE])
		s->members_n =
		    rng_below(&r, 4) ? 4 + (unsigned)rng_below(&r, 2) : MAX(s->members_n, 3u);
	if (members_n) {
		s->members_n = members_n;
		is_on[SIM_DECLARE_DEAD] &= members_n > 2;
		is_on[SIM_REVOKE] &= members_n > 2;
		s->spares_n = MIN(s->spares_n, SIM_HOSTS_MAX - members_n);
		is_on[SIM_JOIN] &= s->spares_n > 0;
		is_on[SIM_KILL_ROTAD] = true; /* one at least stays on */
	}
	s->is_standalone = s->members_n == 1 && s->spares_n == 0 && !members_n && seed % 2;
	s->faults_n = rng_below(&r, 10) == 0 ? 0 : (unsigned)between(&r, 1, 14);
	for (unsigned i = 0; i < s->faults_n; i++)
		draw_fault(&s->faults[i], &r, s, is_on, false);
}

/* Where it hits: an authority as it is asked, a reload before it. */
static void aim(struct sim_fault *f, struct rng *r)
{
	bool is_authority = f->kind >= SIM_AUTHORITY_DOWN && f->kind <= SIM_AUTHORITY_LOSES;
	bool is_reload = f->kind >= SIM_RELOAD_REFUSED && f->kind <= SIM_RELOAD_LATE;
	if (!is_authority && !is_reload)
		return;
	if (is_authority)
		f->time_us = between(r, 1000, 240000) * US_MS;
	f->is_at_act = between(r, 0, 9) < 8;
	f->is_any = f->is_at_act && rng_below(r, 2);
	f->is_before = true;
	f->act = is_authority           ? ACT_ASK_AUTHORITY
		 : rng_below(r, 4) == 0 ? ACT_ROLL_BACK_CERTIFICATE
					: ACT_RELOAD;
	f->nth = (unsigned)between(r, 1, 3);
}

/* With TLS: when each certificate is due, who trusts what, and what goes wrong with them. */
static void draw_tls(struct sim_scenario *s)
{
	enum { MORE_MS = 100 * 1000, EXTRA = 8 };
	struct rng r = {.state = s->seed * 0xd1342543de82ef95u + 7};
	bool is_on[SIM_FAULT_N] = {false};
	unsigned kinds = (unsigned)between(&r, 0, 4);
	bool is_common = rng_below(&r, 2);
	int64_t last_ms = s->heal_us / US_MS + MORE_MS;
	int64_t common_us = between(&r, 10000, last_ms) * US_MS;
	s->has_tls = true;
	for (unsigned i = 0; i < s->members_n + s->spares_n; i++) {
		int64_t own_us = between(&r, 10000, last_ms) * US_MS;
		s->due_us[i] = is_common ? common_us : rng_below(&r, 3) == 0 ? -1 : own_us;
		s->trusts[i] = rng_below(&r, 4) == 0 ? SIM_CA_OWN | SIM_CA_OTHER : SIM_CA_OWN;
	}
	for (unsigned i = 0; i < kinds; i++)
		is_on[SIM_AUTHORITY_DOWN + rng_below(&r, SIM_HOOK_FAILS - SIM_AUTHORITY_DOWN)] =
		    true;
	if (rng_below(&r, 2)) /* of the others as well, at boundaries of these acts */
		is_on[rng_below(&r, SIM_AUTHORITY_DOWN)] = true;
	is_on[SIM_JOIN] &= s->spares_n > 0;
	is_on[SIM_DECLARE_DEAD] &= s->members_n > 2;
	is_on[SIM_REVOKE] &= s->members_n > 2;
	unsigned n = kinds ? (unsigned)between(&r, 1, EXTRA) : 0;
	for (unsigned i = 0; i < n && s->faults_n < SIM_FAULTS_MAX; i++) {
		draw_fault(&s->faults[s->faults_n], &r, s, is_on, true);
		aim(&s->faults[s->faults_n++], &r);
	}
}

/* Which hosts restart by a hook, and what goes wrong with it. */
static void draw_hooks(struct sim_scenario *s)
{
	enum { FAULTS = 5 };
	struct rng r = {.state = s->seed * 0xaef17502108ef2d9u + 11};
	bool is_on[SIM_FAULT_N] = {false};
	unsigned hosts_n = s->members_n + s->spares_n;
	s->hooks = (unsigned)rng_below(&r, 1u << hosts_n) | 1u << rng_below(&r, hosts_n);
	for (unsigned i = 0; i < 2; i++)
		is_on[SIM_HOOK_FAILS + rng_below(&r, SIM_BUSY - SIM_HOOK_FAILS)] = true;
	unsigned n = (unsigned)between(&r, 0, FAULTS);
	for (unsigned i = 0; i < n && s->faults_n < SIM_FAULTS_MAX; i++)
		draw_fault(&s->faults[s->faults_n++], &r, s, is_on, false);
}

/* What operators do beside it. */
static void draw_policy(struct sim_scenario *s)
{
	enum { KINDS = 3, FAULTS = 4 };
	struct rng r = {.state = s->seed * 0x9fb21c651e98df25u + 13};
	bool is_on[SIM_FAULT_N] = {false};
	for (unsigned i = 0; i < KINDS; i++)
		is_on[SIM_BUSY + rng_below(&r, SIM_FAULT_N - SIM_BUSY)] = true;
	unsigned n = (unsigned)between(&r, 1, FAULTS);
	for (unsigned i = 0; i < n && s->faults_n < SIM_FAULTS_MAX; i++)
		draw_fault(&s->faults[s->faults_n++], &r, s, is_on, false);
}

/* The set is the config servers' of a cluster with mongos, and what goes wrong hits them as well.
 */
static void draw_routers(struct sim_scenario *s)
{
	enum { FAULTS = 6 };
	static const enum sim_fault_kind kinds[] = {
	    SIM_KILL_ROTAD,   SIM_PAUSE_ROTAD,  SIM_RESTART_MEMBER, SIM_STOP_MEMBER,
	    SIM_CRASH_MEMBER, SIM_POWER_CUT,    SIM_ISOLATE,        SIM_CUT,
	    SIM_BAD_START,    SIM_SLOW_START,   SIM_DISK_FULL,      SIM_DISK_ERROR,
	    SIM_EDIT_FILE,    SIM_HELPER_STUCK, SIM_RESTART_FAILS,
	};
	struct rng r = {.state = s->seed * 0xbf58476d1ce4e5b9u + 13};
	s->routers_n = 1 + (unsigned)rng_below(&r, 3);
	unsigned first = s->members_n + s->spares_n, n = (unsigned)between(&r, 0, FAULTS);
	for (unsigned i = 0; i < n && s->faults_n < SIM_FAULTS_MAX; i++) {
		bool is_on[SIM_FAULT_N] = {false};
		is_on[kinds[rng_below(&r, ARRAY_N(kinds))]] = true;
		draw_fault(&s->faults[s->faults_n], &r, s, is_on, false);
		s->faults[s->faults_n++].host = first + (unsigned)rng_below(&r, s->routers_n);
	}
}

void sim_scenario_draw(struct sim_scenario *s, uint64_t seed)
{
	struct rng r = {.state = seed * 0x94d049bb133111ebu + 3};
	sim_scenario_draw_for(s, seed, 0);
	if (rng_below(&r, 4) == 0 && !s->is_standalone)
		draw_tls(s);
	if (rng_below(&r, 6) == 0)
		draw_hooks(s);
	if (rng_below(&r, 6) == 0)
		draw_policy(s);
	if (rng_below(&r, 6) == 0 && !s->has_tls && !s->is_standalone)
		draw_routers(s);
}

void sim_scenario_add(struct sim_scenario *s, enum sim_fault_kind kind)
{
	enum { MORE = 3 };
	struct rng r = {.state = s->seed * 0x2545f4914f6cdd1du + (uint64_t)kind};
	bool is_on[SIM_FAULT_N] = {false};
	is_on[kind] = true;
	bool is_tls = kind >= SIM_AUTHORITY_DOWN && kind < SIM_HOOK_FAILS;
	if (is_tls && s->is_standalone)
		return;
	if (is_tls && !s->has_tls)
		draw_tls(s);
	if (kind >= SIM_HOOK_FAILS && kind < SIM_BUSY && !s->hooks)
		draw_hooks(s);
	s->spares_n += kind == SIM_JOIN && s->spares_n == 0;
	for (unsigned i = 0; i < MORE && s->faults_n < SIM_FAULTS_MAX; i++) {
		draw_fault(&s->faults[s->faults_n], &r, s, is_on, is_tls);
		aim(&s->faults[s->faults_n++], &r);
	}
}

/* ---- as text ---- */

static void put_time(struct buf *out, int64_t us)
{
	buf_addf(out, " %.3fs", (double)us / (double)US_S);
}

void sim_scenario_print(const struct sim_scenario *s, struct buf *out)
{
	buf_addf(out, "seed %llu\nmembers %u\n", (unsigned long long)s->seed, s->members_n);
	if (s->routers_n)
		buf_addf(out, "routers %u\n", s->routers_n);
	if (s->spares_n)
		buf_addf(out, "spares %u\n", s->spares_n);
	buf_addf(out, "arbiter %d\nstandby %d\nlatency", s->has_arbiter, s->is_standby);
	put_time(out, s->latency_us);
	buf_adds(out, "\npace");
	put_time(out, s->pace_us);
	buf_adds(out, "\ndrain");
	put_time(out, s->drain_us < 0 ? -US_S : s->drain_us); /* below 0: the server's own */
	buf_adds(out, "\nheal");
	put_time(out, s->heal_us);
	buf_adds(out, "\nbound");
	put_time(out, s->bound_us);
	buf_adds(out, "\n");
	if (s->ride_us) {
		buf_adds(out, "ride");
		put_time(out, s->ride_us);
		buf_adds(out, "\n");
	}
	if (s->is_standalone)
		buf_adds(out, "standalone 1\n");
	for (unsigned i = 0; i < SIM_HOSTS_MAX; i++)
		if (s->hooks >> i & 1)
			buf_addf(out, "hook %c\n", 'a' + (int)i);
	if (s->has_tls)
		buf_adds(out, "tls 1\n");
	for (unsigned i = 0; s->has_tls && i < s->members_n + s->spares_n; i++) {
		buf_addf(out, "renewal %c", 'a' + (int)i);
		put_time(out, s->due_us[i] < 0 ? -US_S : s->due_us[i]);
		buf_addf(out, "\ntrusts %c %u\n", 'a' + (int)i, s->trusts[i]);
	}
	if (s->is_lively)
		buf_adds(out, "lively 1\n");
	if (s->has_downtime)
		buf_addf(out, "downtime %s\n", downtime_words[s->downtime]);
	for (unsigned i = 0; i < s->members_n; i++) {
		if (!s->kinds[i])
			continue;
		buf_addf(out, "member %c", 'a' + (int)i);
		for (unsigned k = 0; k < SIM_KIND_N; k++)
			if (s->kinds[i] & 1u << k)
				buf_addf(out, " %s", sim_kind_words[k]);
		buf_adds(out, "\n");
	}
	if (s->has_expect)
		buf_addf(out, "expect %s %u %u%s\n", sim_outcome_words[s->expect_outcome],
			 s->expect_carried_n, s->expect_undone_n,
			 s->is_expect_exact ? " exactly" : "");
	if (s->has_expect_renewals)
		buf_addf(out, "renewals %u %u\n", s->expect_renewals_n, s->expect_taken_back_n);
	for (unsigned i = 0; i < s->faults_n; i++) {
		const struct sim_fault *f = &s->faults[i];
		if (f->is_at_act)
			buf_addf(out, "%s %s %u", f->is_before ? "before" : "after",
				 act_table[f->act].word, f->nth);
		else {
			buf_adds(out, "at");
			put_time(out, f->at_us);
		}
		buf_addf(out, " %s", sim_fault_words[f->kind]);
		if (takes(f->kind, 'h') || f->is_at_act)
			buf_addf(out, " %c", f->is_any ? '*' : 'a' + (int)f->host);
		if (takes(f->kind, 'o'))
			buf_addf(out, " %c", 'a' + (int)f->other);
		if (takes(f->kind, 't'))
			put_time(out, f->time_us);
		if (takes(f->kind, 'n'))
			buf_addf(out, " %lld", (long long)f->number);
		buf_adds(out, "\n");
	}
}

struct words {
	struct str rest;
	bool is_bad;
};

static struct str next_word(struct words *w)
{
	struct str word = {.n = 0};
	w->rest = str_trim(w->rest);
	while (word.n < w->rest.n && !isspace((unsigned char)w->rest.p[word.n]))
		word.n++;
	word.p = w->rest.p;
	w->rest.p += word.n;
	w->rest.n -= word.n;
	w->is_bad |= word.n == 0;
	return word;
}

static double next_number(struct words *w)
{
	char text[40], *end;
	if (!copy_str(text, sizeof(text), next_word(w)) || !text[0]) {
		w->is_bad = true;
		return 0;
	}
	double v = strtod(text, &end);
	w->is_bad |= *end != 0 && strcmp(end, "s") != 0;
	return v;
}

static int64_t next_time(struct words *w)
{
	double s = next_number(w) * 1000;
	return (int64_t)(s < 0 ? s - 0.5 : s + 0.5) * US_MS;
}

static unsigned next_host(struct words *w, const struct sim_scenario *s)
{
	struct str z = next_word(w);
	unsigned i = z.n == 1 ? (unsigned)(z.p[0] - 'a') : SIM_HOSTS_MAX;
	w->is_bad |= i >= s->members_n + s->spares_n + s->routers_n;
	return i;
}

static bool parse_fault(struct words *w, bool is_at, bool is_before, struct sim_scenario *s)
{
	if (s->faults_n == SIM_FAULTS_MAX)
		return false;
	struct sim_fault *f = &s->faults[s->faults_n++];
	*f = (struct sim_fault){.is_at_act = !is_at, .is_before = is_before};
	if (is_at)
		f->at_us = next_time(w);
	else {
		struct str act = next_word(w);
		while (f->act < ACT_N && !str_equal_z(act, act_table[f->act].word))
			f->act++;
		f->nth = (unsigned)next_number(w);
		if (f->act == ACT_N)
			return false;
	}
	struct str word = next_word(w);
	while (f->kind < SIM_FAULT_N && !str_equal_z(word, sim_fault_words[f->kind]))
		f->kind++;
	if (f->kind == SIM_FAULT_N)
		return false;
	if (f->is_at_act && str_starts(str_trim(w->rest), STR("*"))) {
		f->is_any = true;
		(void)next_word(w);
	} else if (takes(f->kind, 'h') || f->is_at_act)
		f->host = next_host(w, s);
	if (takes(f->kind, 'o'))
		f->other = next_host(w, s);
	if (takes(f->kind, 't'))
		f->time_us = next_time(w);
	if (takes(f->kind, 'n'))
		f->number = (int64_t)next_number(w);
	return true;
}

static bool parse_downtime(struct words *w, struct sim_scenario *s)
{
	struct str word = next_word(w);
	s->has_downtime = true;
	while (s->downtime <= DOWNTIME_ALL && !str_equal_z(word, downtime_words[s->downtime]))
		s->downtime++;
	return s->downtime <= DOWNTIME_ALL;
}

static bool parse_member(struct words *w, struct sim_scenario *s)
{
	unsigned host = next_host(w, s), kind = 0;
	while (!w->is_bad && str_trim(w->rest).n > 0) {
		struct str word = next_word(w);
		for (kind = 0; kind < SIM_KIND_N && !str_equal_z(word, sim_kind_words[kind]);)
			kind++;
		if (kind == SIM_KIND_N)
			return false;
		s->kinds[host] |= 1u << kind;
	}
	return true;
}

static bool parse_line(struct words *w, struct sim_scenario *s)
{
	struct str word = next_word(w);
	if (str_equal_z(word, "seed")) {
		char text[40];
		if (!copy_str(text, sizeof(text), next_word(w)))
			return false;
		s->seed = strtoull(text, NULL, 10);
	} else if (str_equal_z(word, "members"))
		s->members_n = (unsigned)next_number(w);
	else if (str_equal_z(word, "spares"))
		s->spares_n = (unsigned)next_number(w);
	else if (str_equal_z(word, "arbiter"))
		s->has_arbiter = next_number(w) > 0;
	else if (str_equal_z(word, "standby"))
		s->is_standby = next_number(w) > 0;
	else if (str_equal_z(word, "latency"))
		s->latency_us = (int64_t)(next_number(w) * 1000000 + 0.5);
	else if (str_equal_z(word, "pace"))
		s->pace_us = next_time(w);
	else if (str_equal_z(word, "drain"))
		s->drain_us = next_time(w);
	else if (str_equal_z(word, "heal"))
		s->heal_us = next_time(w);
	else if (str_equal_z(word, "bound"))
		s->bound_us = next_time(w);
	else if (str_equal_z(word, "ride"))
		s->ride_us = next_time(w);
	else if (str_equal_z(word, "lively"))
		s->is_lively = next_number(w) > 0;
	else if (str_equal_z(word, "routers"))
		s->routers_n = (unsigned)next_number(w);
	else if (str_equal_z(word, "hook"))
		s->hooks |= 1u << next_host(w, s) % SIM_HOSTS_MAX;
	else if (str_equal_z(word, "tls"))
		s->has_tls = next_number(w) > 0;
	else if (str_equal_z(word, "renewal")) {
		unsigned host = next_host(w, s);
		int64_t due_us = next_time(w);
		if (host < SIM_HOSTS_MAX)
			s->due_us[host] = due_us;
	} else if (str_equal_z(word, "trusts")) {
		unsigned host = next_host(w, s), mask = (unsigned)next_number(w);
		if (host < SIM_HOSTS_MAX)
			s->trusts[host] = mask;
	} else if (str_equal_z(word, "renewals")) {
		s->has_expect_renewals = true;
		s->expect_renewals_n = (unsigned)next_number(w);
		s->expect_taken_back_n = (unsigned)next_number(w);
	} else if (str_equal_z(word, "standalone"))
		s->is_standalone = next_number(w) > 0;
	else if (str_equal_z(word, "downtime"))
		return parse_downtime(w, s);
	else if (str_equal_z(word, "member"))
		return parse_member(w, s);
	else if (str_equal_z(word, "expect")) {
		struct str outcome = next_word(w);
		s->has_expect = true;
		while (s->expect_outcome <= SIM_SAFE_ONLY &&
		       !str_equal_z(outcome, sim_outcome_words[s->expect_outcome]))
			s->expect_outcome++;
		s->expect_carried_n = (unsigned)next_number(w);
		s->expect_undone_n = (unsigned)next_number(w);
		s->is_expect_exact = str_equal_z(str_trim(w->rest), "exactly");
		if (s->is_expect_exact)
			(void)next_word(w);
		return s->expect_outcome <= SIM_SAFE_ONLY;
	} else if (str_equal_z(word, "at"))
		return parse_fault(w, true, false, s);
	else if (str_equal_z(word, "before") || str_equal_z(word, "after"))
		return parse_fault(w, false, str_equal_z(word, "before"), s);
	else
		return false;
	return true;
}

bool sim_scenario_parse(struct str text, struct sim_scenario *ret, struct err *err)
{
	struct sim_scenario s = {
	    .members_n = 3, .latency_us = US_MS, .heal_us = 2 * US_MIN, .bound_us = 45 * US_MIN};
	struct str line;
	bool has_primary = false;
	for (unsigned i = 0; i < SIM_HOSTS_MAX; i++)
		s.due_us[i] = -1;
	for (int n = 1; str_cut(&text, '\n', &line); n++) {
		struct words w = {.rest = str_trim(line)};
		if (w.rest.n == 0 || w.rest.p[0] == '#')
			continue;
		bool ok = parse_line(&w, &s);
		if (!ok || w.is_bad || str_trim(w.rest).n > 0 || s.members_n < 1 ||
		    s.members_n + s.spares_n + s.routers_n > SIM_HOSTS_MAX ||
		    (s.routers_n && (s.is_standalone || s.has_tls)))
			return err_set(err, ERR_SYNTAX, "line %d of the scenario: '%.*s'", n,
				       (int)MIN(line.n, (size_t)80), line.p);
	}
	if (s.is_standalone && s.members_n + s.spares_n > 1)
		return err_set(err, ERR_SYNTAX, "a standalone is one");
	for (unsigned i = 0; i + s.has_arbiter < s.members_n; i++)
		has_primary |= s.kinds[i] == 0;
	if (!has_primary)
		return err_set(err, ERR_SYNTAX, "no member of the scenario may become primary");
	*ret = s;
	return true;
}
