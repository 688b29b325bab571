/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the simulator: many seeds, one seed, or a scenario.
 *
 *   sim --seeds N [--from S] [--jobs J]   N seeds; a line a failure, then what was reached
 *   sim --check                           those of make check: as many as fit into 2 s
 *   sim --seed S [--trace]                one seed
 *   sim --find N                          seeds until an invariant is broken, N at most; 0: one was
 *   sim --find-in FILE                    the same with one scenario
 *   sim FILE...                           scenarios
 *   sim --text S                          the scenario of seed S
 *   sim --shrink S                        the smallest scenario that fails as seed S does
 *   --with "FAULT ..."                    before any of these: such faults are drawn more often
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "sim/sim.h"

#if defined(__SANITIZE_ADDRESS__)
enum { CHECK_PART = 5 }; /* of what make check asks for: with it each takes that much longer */
#else
enum { CHECK_PART = 1 };
#endif
enum {
	COVERING = 10000, /* so many seeds must reach everything */
	JOBS_MAX = 64,
	BUCKETS = 12,
	FAILURES_SHOWN = 20
};

struct total {
	unsigned outcomes[SIM_SAFE_ONLY + 1], shown;
	unsigned buckets[BUCKETS]; /* minutes of virtual time after the healing, by powers of two */
	uint64_t failed[FAILURES_SHOWN];
	struct sim_coverage coverage;
};

static double now_s(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void tell(const struct sim_result *r, uint64_t seed)
{
	printf("seed %" PRIu64 ": %s at %.3f s: %s%s%s\n", seed, sim_outcome_words[r->outcome],
	       (double)r->at_us / 1e6, r->rule, r->rule[0] ? ": " : "", r->why);
	fflush(stdout);
}

static const char *with = ""; /* faults to be drawn more often */

static void draw(struct sim_scenario *s, uint64_t seed)
{
	sim_scenario_draw(s, seed);
	for (unsigned kind = 0; kind < SIM_FAULT_N; kind++)
		if (strstr(with, sim_fault_words[kind]))
			sim_scenario_add(s, kind);
}

static void run_range(uint64_t from, uint64_t step, uint64_t n, struct total *t)
{
	for (uint64_t i = 0; i < n; i++) {
		struct sim_scenario s;
		struct sim_result r;
		uint64_t seed = from + i * step;
		draw(&s, seed);
		sim_run(&s, NULL, &t->coverage, &r);
		t->outcomes[r.outcome]++;
		if (r.outcome == SIM_DONE) {
			int64_t minutes = MAX(r.at_us - s.heal_us, (int64_t)0) / US_MIN;
			unsigned b = 0;
			while (b + 1 < BUCKETS && minutes >= (1 << b))
				b++;
			t->buckets[b]++;
		}
		if (r.outcome == SIM_UNSAFE || r.outcome == SIM_STUCK) {
			if (t->shown < FAILURES_SHOWN)
				t->failed[t->shown++] = seed;
			tell(&r, seed);
		}
	}
}

/* For planted mistakes: which rule finds it, and how soon? Whether a fleet ends is not asked. */
static int find(uint64_t from, uint64_t n)
{
	double begun = now_s();
	for (uint64_t seed = from; seed < from + n; seed++) {
		struct sim_scenario s;
		struct sim_result r;
		draw(&s, seed);
		s.bound_us = 5 * US_MIN;
		sim_run(&s, NULL, NULL, &r);
		if (r.outcome != SIM_UNSAFE)
			continue;
		printf("%s seed %" PRIu64 " after %.1f s: %s\n", r.rule, seed, now_s() - begun,
		       r.why);
		return 0;
	}
	printf("- none of %" PRIu64 " seeds, %.1f s\n", n, now_s() - begun);
	return 1;
}

static void add_coverage(struct sim_coverage *to, const struct sim_coverage *c, char names[][64])
{
	for (unsigned i = 0; i < ACT_N; i++) {
		to->acts[i] += c->acts[i];
		to->acts_failed[i] += c->acts_failed[i];
	}
	for (unsigned i = 0; i < SIM_FAULT_N; i++)
		to->faults[i] += c->faults[i];
	to->port_calls += c->port_calls;
	to->rounds += c->rounds;
	for (unsigned i = 0; i < c->gates_n; i++) {
		unsigned at = 0;
		while (at < to->gates_n && strcmp(to->gates[at].name, names[i]) != 0)
			at++;
		if (at == to->gates_n) {
			to->gates[at].name = strdup(names[i]);
			to->gates_n++;
		}
		for (unsigned v = 0; v <= GATE_SKIP; v++)
			to->gates[at].verdicts[v] += c->gates[i].verdicts[v];
	}
	for (unsigned i = 0; i < c->events_n; i++) {
		unsigned at = 0;
		while (at < to->events_n && strcmp(to->events[at].name, c->events[i].name) != 0)
			at++;
		if (at == ARRAY_N(to->events))
			continue;
		if (at == to->events_n)
			to->events[to->events_n++] = c->events[i];
		else
			to->events[at].n += c->events[i].n;
	}
}

static void print_coverage(const struct sim_coverage *c)
{
	printf("acts (done/failed):");
	for (unsigned i = 0; i < ACT_N; i++)
		if (c->acts[i] || c->acts_failed[i])
			printf("  %s %u/%u", act_table[i].word, c->acts[i], c->acts_failed[i]);
	printf("\nfaults:");
	for (unsigned i = 0; i < SIM_FAULT_N; i++)
		printf("  %s %u", sim_fault_words[i], c->faults[i]);
	printf("\ngates (pass/wait/refuse):");
	for (unsigned i = 0; i < c->gates_n; i++)
		printf("  %s %u/%u/%u;", c->gates[i].name, c->gates[i].verdicts[GATE_PASS],
		       c->gates[i].verdicts[GATE_WAIT], c->gates[i].verdicts[GATE_REFUSE]);
	printf("\nevents:");
	for (unsigned i = 0; i < c->events_n; i++)
		printf("  %s %u", c->events[i].name, c->events[i].n);
	printf("\n%u rounds, %u port calls\n", c->rounds, c->port_calls);
}

/* What so many seeds must have reached, each line that lacks it is told: else a rule holds because
 * nothing comes near it. */
static bool is_covered(const struct sim_coverage *c)
{
	enum { EACH_FAULT = 100 };
	bool all = true;
	for (unsigned i = 0; i < ACT_N; i++) {
		/* Certificates come from an authority here, and no host signs for others. */
		if (c->acts[i] > 0 || i == ACT_SIGN_REQUESTS)
			continue;
		printf("never done: %s\n", act_table[i].word);
		all = false;
	}
	for (unsigned i = 0; i < SIM_FAULT_N; i++)
		if (c->faults[i] < EACH_FAULT) {
			printf("struck %u times, %d are wanted: %s\n", c->faults[i], EACH_FAULT,
			       sim_fault_words[i]);
			all = false;
		}
	for (unsigned i = 0; i < c->gates_n; i++) {
		const unsigned *v = c->gates[i].verdicts;
		/* All is one set here: nothing is ever unknown of another one. */
		bool may_wait = strcmp(c->gates[i].name, "part of a sharded cluster") != 0;
		if (v[GATE_PASS] > 0 && (v[GATE_WAIT] + v[GATE_REFUSE] > 0 || !may_wait))
			continue;
		printf("a gate that never %s: %s\n", v[GATE_PASS] ? "held up" : "passed",
		       c->gates[i].name);
		all = false;
	}
	return all;
}

static bool get(int fd, void *p, size_t n)
{
	for (size_t at = 0; at < n;) {
		ssize_t got = read(fd, (char *)p + at, n - at);
		if (got <= 0)
			return false;
		at += (size_t)got;
	}
	return true;
}

/* A process a job; each tells its sums by a pipe. */
static int run_seeds(uint64_t from, uint64_t n, unsigned jobs)
{
	static struct total sum, part;
	static char names[GATES_MAX][64];
	int fds[JOBS_MAX][2];
	pid_t pids[JOBS_MAX];
	double begun = now_s();
	bool ok = true;
	jobs = MAX(1u, MIN(jobs, (unsigned)JOBS_MAX));
	fflush(stdout);
	for (unsigned j = 0; j < jobs; j++) {
		if (pipe(fds[j]) != 0 || (pids[j] = fork()) < 0)
			return 2;
		if (pids[j] > 0) {
			close(fds[j][1]);
			continue;
		}
		run_range(from + j, jobs, n / jobs + (j < n % jobs), &part);
		for (unsigned i = 0; i < part.coverage.gates_n; i++)
			cut_z(names[i], sizeof(names[i]), part.coverage.gates[i].name);
		bool sent = write(fds[j][1], &part, sizeof(part)) == (ssize_t)sizeof(part) &&
			    write(fds[j][1], names, sizeof(names)) == (ssize_t)sizeof(names);
		_exit(sent ? 0 : 2);
	}
	for (unsigned j = 0; j < jobs; j++) {
		int status = 0;
		bool got =
		    get(fds[j][0], &part, sizeof(part)) && get(fds[j][0], names, sizeof(names));
		close(fds[j][0]);
		ok &= got && waitpid(pids[j], &status, 0) == pids[j] && status == 0;
		if (!got)
			continue;
		for (unsigned i = 0; i <= SIM_SAFE_ONLY; i++)
			sum.outcomes[i] += part.outcomes[i];
		for (unsigned i = 0; i < BUCKETS; i++)
			sum.buckets[i] += part.buckets[i];
		add_coverage(&sum.coverage, &part.coverage, names);
	}
	double took = now_s() - begun;
	print_coverage(&sum.coverage);
	printf("minutes from the last fault to the end of one more rotation:");
	for (unsigned i = 0; i < BUCKETS; i++)
		if (sum.buckets[i])
			printf("  <%d: %u", 1 << i, sum.buckets[i]);
	printf("\n%" PRIu64 " seeds: %u ended, %u safe without an end asked, %u stuck, %u unsafe; "
	       "%.1f s, %.0f seeds/s\n",
	       n, sum.outcomes[SIM_DONE], sum.outcomes[SIM_SAFE_ONLY], sum.outcomes[SIM_STUCK],
	       sum.outcomes[SIM_UNSAFE], took, (double)n / took);
	if (n >= COVERING)
		ok &= is_covered(&sum.coverage);
	for (unsigned i = 0; i < sum.coverage.gates_n; i++)
		free((char *)(uintptr_t)sum.coverage.gates[i].name);
	return ok && sum.outcomes[SIM_STUCK] == 0 && sum.outcomes[SIM_UNSAFE] == 0 ? 0 : 1;
}

static void print_scenario(const struct sim_scenario *s)
{
	auto_buf struct buf text = {.max = 64 * 1024};
	sim_scenario_print(s, &text);
	fputs(buf_z(&text), stdout);
}

/* A scenario says what happens in it and how it ends; else it would pass when it says nothing any
 * more. 0 when it is so. */
static int check_end(const struct sim_scenario *s, const struct sim_result *r)
{
	if (r->missed[0]) {
		printf("  a fault never struck: %s\n", r->missed);
		return 1;
	}
	if (s->has_expect &&
	    (r->outcome != s->expect_outcome || r->rotations_n < s->expect_carried_n ||
	     r->undone_n < s->expect_undone_n ||
	     (s->is_expect_exact && r->rotations_n > s->expect_carried_n))) {
		printf("  expected: %s, %u carried, %u undone; it was %s, %u, %u\n",
		       sim_outcome_words[s->expect_outcome], s->expect_carried_n,
		       s->expect_undone_n, sim_outcome_words[r->outcome], r->rotations_n,
		       r->undone_n);
		return 1;
	}
	if (s->has_expect_renewals &&
	    (r->renewals_n < s->expect_renewals_n || r->taken_back_n < s->expect_taken_back_n)) {
		printf("  expected: %u certificates renewed, %u taken back; it was %u, %u\n",
		       s->expect_renewals_n, s->expect_taken_back_n, r->renewals_n,
		       r->taken_back_n);
		return 1;
	}
	return !s->has_expect && (r->outcome == SIM_UNSAFE || r->outcome == SIM_STUCK);
}

static int run_one(const struct sim_scenario *s, bool wants_trace, bool is_file)
{
	auto_buf struct buf trace = {.max = 64 * 1024 * 1024};
	struct sim_result r, again;
	sim_run(s, wants_trace ? &trace : NULL, NULL, &r);
	if (wants_trace)
		fputs(buf_z(&trace), stdout);
	tell(&r, s->seed);
	sim_run(s, NULL, NULL, &again);
	if (again.trace_hash != r.trace_hash) {
		printf("it did not replay: %016" PRIx64 " and %016" PRIx64 "\n", r.trace_hash,
		       again.trace_hash);
		return 2;
	}
	return is_file ? check_end(s, &r) : r.outcome == SIM_UNSAFE || r.outcome == SIM_STUCK;
}

static int shrink(uint64_t seed)
{
	struct sim_scenario s;
	struct sim_result r;
	draw(&s, seed);
	sim_run(&s, NULL, NULL, &r);
	if (r.outcome == SIM_DONE || r.outcome == SIM_SAFE_ONLY) {
		printf("seed %" PRIu64 " does not fail\n", seed);
		return 2;
	}
	unsigned before = s.faults_n, runs = sim_shrink(&s, &r);
	printf("# %u faults of %u are enough (%u runs): %s: %s\n", s.faults_n, before, runs, r.rule,
	       r.why);
	print_scenario(&s);
	return 1;
}

static int read_file(const char *path, struct sim_scenario *ret)
{
	auto_buf struct buf text = {.max = 1024 * 1024};
	char line[4096];
	struct err err = ERR_INIT;
	auto_file FILE *f = fopen(path, "r");
	if (!f) {
		perror(path);
		return 2;
	}
	for (size_t n; (n = fread(line, 1, sizeof(line), f)) > 0;)
		buf_add(&text, line, n);
	if (!sim_scenario_parse(buf_str(&text), ret, &err)) {
		printf("%s: %s\n", path, err.text);
		return 2;
	}
	return 0;
}

/* A scenario of the repository ends as it says, and the same way twice. */
static int run_file(const char *path, bool wants_trace)
{
	struct sim_scenario s;
	if (read_file(path, &s) != 0)
		return 2;
	const char *name = strrchr(path, '/');
	printf("%s: ", name ? name + 1 : path);
	return run_one(&s, wants_trace, true);
}

static int find_in(const char *path)
{
	struct sim_scenario s;
	struct sim_result r;
	if (read_file(path, &s) != 0)
		return 2;
	sim_run(&s, NULL, NULL, &r);
	printf("%s %s: %s\n", r.outcome == SIM_UNSAFE ? r.rule : "-", path,
	       r.outcome == SIM_UNSAFE ? r.why : "nothing is broken");
	return r.outcome == SIM_UNSAFE ? 0 : 1;
}

/* A part of what make check asks for: where its seeds begin, and how many. */
static int check_part(const char *path)
{
	uint64_t from, n;
	auto_file FILE *f = fopen(path, "r");
	if (!f || fscanf(f, "%" SCNu64 " %" SCNu64, &from, &n) != 2 || n < CHECK_PART) {
		printf("%s: it says where its seeds begin, and how many\n", path);
		return 2;
	}
	return run_seeds(from, n / CHECK_PART, 1);
}

static int worse(int a, int b)
{
	return a > b ? a : b;
}

int main(int argc, char **argv)
{
	uint64_t seeds = 0, from = 1, one = 0, finds = 0;
	unsigned jobs = 1;
	bool wants_trace = false, is_one = false, wants_text = false;
	int worst = 0;
	for (int i = 1; i < argc; i++) {
		const char *next = i + 1 < argc ? argv[i + 1] : "";
		if (strcmp(argv[i], "--trace") == 0)
			wants_trace = true;
		else if (strcmp(argv[i], "--seeds") == 0)
			seeds = strtoull(next, NULL, 10), i++;
		else if (strcmp(argv[i], "--find") == 0)
			finds = strtoull(next, NULL, 10), i++;
		else if (strcmp(argv[i], "--find-in") == 0)
			return find_in(next);
		else if (strcmp(argv[i], "--with") == 0)
			with = next, i++;
		else if (strcmp(argv[i], "--check") == 0)
			return check_part(next);
		else if (strcmp(argv[i], "--from") == 0)
			from = strtoull(next, NULL, 10), i++;
		else if (strcmp(argv[i], "--jobs") == 0)
			jobs = (unsigned)strtoul(next, NULL, 10), i++;
		else if (strcmp(argv[i], "--seed") == 0 || strcmp(argv[i], "--text") == 0) {
			one = strtoull(next, NULL, 10);
			is_one = true;
			wants_text = strcmp(argv[i++], "--text") == 0;
		} else if (strcmp(argv[i], "--shrink") == 0)
			return shrink(strtoull(next, NULL, 10));
		else
			worst = worse(worst, run_file(argv[i], wants_trace));
	}
	if (is_one) {
		struct sim_scenario s;
		draw(&s, one);
		if (wants_text)
			print_scenario(&s);
		else
			worst = worse(worst, run_one(&s, wants_trace, false));
	}
	if (finds)
		worst = worse(worst, find(from, finds));
	if (seeds)
		worst = worse(worst, run_seeds(from, seeds, jobs));
	return worst;
}
