/* SPDX-License-Identifier: Apache-2.0 */
/* Random walks of the models (walk.h), replayed on the planners of three hosts in the toy world:
 * each act of the model's rotad must be what the planner of that member offers in that state, or
 * wait for a reason that has a name here. After each line the toy world must be the model's. What
 * the environment does (restarts by others, aborts, crashes) is done to the toy world.
 *
 * usage: replay [--at-least STEPS] TRACE...     a TRACE is what `spin -n` prints; "standby" in its
 * name: of that model */
#include "lib/test.h"

#include <stdlib.h>

#include "lib/plan_toy.h"

enum {
	MEMBERS = 3,
	LAST = MEMBERS - 1,
	SETTLES_MAX = 12,
	NOBODY = 15,
	STEP_US = 10 * US_MS,
	ENDS_MAX = 600
};

enum what {
	DO_LOOK,
	DO_PUT,
	DO_TAKE,
	DO_ACT,
	DO_STOP,
	DO_START,
	DO_RELEASE,
	DO_GIVEUP,
	DO_YEA,
	DO_NAY,
	DO_CRASH,
	DO_FAIL,
	DO_FOREIGN,
	DO_EXPIRE,
	DO_EDIT,
	DO_ASK,
	DO_N
};
static const char *const words[DO_N + 1] = {
    [DO_N] = "  end",       [DO_LOOK] = "w_look",       [DO_PUT] = "w_put",
    [DO_TAKE] = "w_take",   [DO_ACT] = "w_act",         [DO_STOP] = "w_stop",
    [DO_START] = "w_start", [DO_RELEASE] = "w_release", [DO_GIVEUP] = "w_giveup",
    [DO_YEA] = "w_yea",     [DO_NAY] = "w_nay",         [DO_CRASH] = "w_crash",
    [DO_FAIL] = "w_fail",   [DO_FOREIGN] = "w_foreign", [DO_EXPIRE] = "w_expire",
    [DO_EDIT] = "w_edit",   [DO_ASK] = "w_ask",
};

struct line {
	enum what what;
	unsigned m, v; /* which member (or, DO_ASK, which pivot), which keyring */
	unsigned disk[MEMBERS], mem[MEMBERS], up[MEMBERS], vote[MEMBERS];
	unsigned holder, acting;
};

/* Where the planner waits and the model's rotad does not: an act, what the planner says, and why
 * that is a refinement (it only ever does later, or never, what the model allows; what the model
 * forbids it never does, which the invariants of the toy world watch). */
static const struct {
	enum what what;
	const char *says, *why;
} refinements[] = {
    {DO_TAKE, "waits: its turn:", "turns are taken in an order (order.h)"},
    {DO_ACT, "waits: its turn:", "the same"},
    {DO_STOP, "waits: its turn:", "the same"},
    {DO_PUT, "previous keyfile is put back",
     "a rotad that was started anew goes back to the pivot alone, by its anchor, where the kept "
     "file has p besides"},
    {DO_PUT, "not started again yet", "no ledger, and so no new wish, between stop and ready"},
};

/* What the model's rotad decides by, when it looked last. */
struct sight {
	unsigned at; /* the_walk.moves */
	unsigned vote[MEMBERS], process;
};

static struct {
	const char *name;
	unsigned line_n;
	unsigned failing; /* 1 + the member whose mongod did not start with the new file */
	unsigned foreign; /* 1 + the member that somebody else is restarting */
	bool is_standby, is_ordered;
	struct sight saw[MEMBERS];
	unsigned looked_again[DO_N]; /* acts of the model's rotad on votes that changed meanwhile */
	unsigned agreed[DO_N], refined[ARRAY_N(refinements)];
	unsigned moves; /* lines that changed something, all walks; 0: none yet */
	unsigned idle;  /* looks after which neither does anything */
	unsigned walks, lines, wrong;
} the_walk;

static struct toy_ring ring_of_bits(unsigned bits)
{
	struct toy_ring r = {.n = 0};
	for (unsigned k = 0; k < 8; k++)
		if ((bits & 1u << k) && r.n < 2)
			r.keys[r.n++] = k + 1;
	return r;
}

static bool wrong(const struct line *l, const char *what)
{
	unsigned r = l->m < MEMBERS ? l->m : 0;
	the_walk.wrong++;
	printf("%s:%u: %s %u: %s\n    %s says: %s\n", the_walk.name, the_walk.line_n,
	       words[l->what], l->m, what, host_n(r), toy.plans[r].reason);
	if (toy.has_plan[r])
		printf("    and offers: %s\n",
		       act_table[toy.plans[r].acts[toy.plan_at[r]].kind].word);
	return false;
}

/* What the model does not have, and what changes nothing that it has: done as soon as it is
 * offered. */
static bool is_beside(enum act_kind kind)
{
	return kind == ACT_PUBLISH_STATEMENT || kind == ACT_END_JOB || kind == ACT_STEP_DOWN ||
	       kind == ACT_CLOSE || kind == ACT_RETIRE || kind == ACT_PROPOSE || kind == ACT_HOLD;
}

static const struct act *offered(unsigned r)
{
	return toy.has_plan[r] ? &toy.plans[r].acts[toy.plan_at[r]] : NULL;
}

/* A person says resume: at once, but for a turn that was rolled back, which is given back first. */
static void resume(void)
{
	toy.w.hold.is_on = false;
	for (unsigned i = 0; i < MEMBERS; i++)
		toy.w.m[i].debts = (struct seen_debts){.rolled_back_at = {.us = 0}};
}

/* Plan for r and do what is beside the model, until something else is offered or nothing is. */
static void settle(unsigned r)
{
	for (unsigned i = 0; i < SETTLES_MAX; i++) {
		bool any = false;
		toy_plan(r);
		while (toy.has_plan[r] && is_beside(offered(r)->kind)) {
			bool holds = offered(r)->kind == ACT_HOLD;
			toy_act(r);
			if (holds && !toy.w.m[r].debts.rolled_back_at.us)
				resume();
			any = true;
		}
		if (toy.has_plan[r] || !any)
			return;
	}
}

/* Until all have done what is beside the model: so that the proposal stands that the model begins
 * with. */
static void settle_all(uint64_t generation)
{
	for (unsigned i = 0; i < 40 && toy.w.proposal.generation < generation; i++)
		for (unsigned r = 0; r < MEMBERS; r++) {
			toy_pass_time(100 * US_MS);
			settle(r);
		}
}

static bool is_offered(const struct line *l)
{
	const struct act *a = offered(l->m);
	struct toy_ring ring, want = ring_of_bits(l->v);
	if (!a)
		return false;
	switch (l->what) {
	case DO_PUT:
		if (a->kind != (the_walk.failing == l->m + 1 ? ACT_ROLL_BACK : ACT_PUT_KEYFILE) &&
		    (a->kind != ACT_RESTORE_KEYFILE || the_walk.failing == l->m + 1))
			return false;
		ring = toy_of(a);
		return toy_same(&ring, &want);
	case DO_TAKE:
		return a->kind == ACT_TAKE_CLAIM;
	case DO_ACT:
		return a->kind == ACT_CLAIM_ACTING;
	case DO_STOP:
		return a->kind == ACT_RESTART;
	case DO_START:
		return a->kind == ACT_START;
	case DO_RELEASE:
	case DO_GIVEUP:
		return a->kind == ACT_RELEASE_CLAIM;
	case DO_YEA:
		return a->kind == ACT_VOTE && a->vote == VOTE_YEA;
	case DO_LOOK:
	case DO_NAY:
	case DO_CRASH:
	case DO_FAIL:
	case DO_FOREIGN:
	case DO_EXPIRE:
	case DO_EDIT:
	case DO_ASK:
	case DO_N:
		break;
	}
	return false;
}

static void claim_force(enum claim_state state, unsigned holder)
{
	struct toy *w = &toy.w;
	w->claim = (struct claim){.rev = ++w->claim_rev, .state = state};
	w->claim_moved.us = w->now_us;
	if (state != CLAIM_FREE)
		cut_z(w->claim.host, sizeof(w->claim.host), host_n(holder));
}

/* What the model does and the planner waits with, done to the world all the same. */
static void force(const struct line *l)
{
	struct toy *w = &toy.w;
	toy.has_plan[l->m] = false;
	if (l->what == DO_PUT) {
		toy_write(l->m, ring_of_bits(l->v), true);
		if (the_walk.failing == l->m + 1)
			toy_stop(l->m, true), w->m[l->m].debts.rolled_back_at.us = w->now_us;
	} else if (l->what == DO_TAKE)
		claim_force(CLAIM_WAITING, l->m);
	else if (l->what == DO_ACT)
		claim_force(CLAIM_ACTING, l->m);
	else if (l->what == DO_RELEASE || l->what == DO_GIVEUP)
		claim_force(CLAIM_FREE, l->m);
	else if (l->what == DO_STOP) {
		if (w->primary == (int)l->m)
			w->primary = (int)(l->m + 1) % MEMBERS;
		toy_stop(l->m, false);
	} else if (l->what == DO_START)
		w->m[l->m].is_stranded = false;
}

static struct sight sight_of(const struct line *l)
{
	struct sight s = {.at = the_walk.moves, .process = toy.w.m[l->m].process};
	memcpy(s.vote, l->vote, sizeof(s.vote));
	return s;
}
static bool has_changed(const struct line *l)
{
	const struct sight now = sight_of(l), *then = &the_walk.saw[l->m];
	return memcmp(now.vote, then->vote, sizeof(now.vote)) != 0 || now.process != then->process;
}

/* Does the planner roll back to some of the model's keys, and to none besides? */
static bool is_narrower(const struct line *l)
{
	const struct act *a = offered(l->m);
	struct toy_ring want = ring_of_bits(l->v);
	if (!a || a->kind != ACT_ROLL_BACK)
		return false;
	for (unsigned i = 0; i < a->ring_n; i++)
		if (!toy_has(&want, a->ring[i].number))
			return false;
	return true;
}

static bool refine(const struct line *l)
{
	const struct plan *p = &toy.plans[l->m];
	for (size_t i = 0; i < ARRAY_N(refinements); i++)
		if (refinements[i].what == l->what && strstr(p->reason, refinements[i].says) &&
		    (the_walk.failing != l->m + 1 || is_narrower(l))) {
			the_walk.refined[i]++;
			force(l);
			return true;
		}
	/* The model's rotad acts on what it saw at its last look, or waits; the planner looks again
	 * between any two acts. */
	if (has_changed(l)) {
		the_walk.looked_again[l->what]++;
		force(l);
		return true;
	}
	return wrong(l, "the planner does not offer it");
}

/* An act of the model's rotad: as it was offered when that rotad looked last, or is now. */
static bool acted(const struct line *l)
{
	/* A compare-and-set on a claim that has moved would be lost. */
	bool is_lost = l->what != DO_PUT && l->what != DO_YEA && l->what != DO_STOP &&
		       toy.plan_claim_rev[l->m] != toy.w.claim_rev;
	if (is_lost || !is_offered(l))
		settle(l->m);
	if (!is_offered(l))
		return refine(l);
	toy_act(l->m);
	the_walk.agreed[l->what]++;
	if (l->what == DO_RELEASE && toy.w.hold.is_on)
		resume();
	/* Back when the model says so. */
	if (l->what == DO_STOP || (l->what == DO_PUT && the_walk.failing == l->m + 1))
		toy.w.m[l->m].back_in = 0;
	return true;
}

static void aborted(void)
{
	for (unsigned i = 0; i < MEMBERS; i++)
		if (toy.w.has_proposal && toy.w.roll.votes[i].word == VOTE_NONE)
			toy.w.roll.votes[i].word = VOTE_NAY;
	toy.w.roll_rev++;
}

static bool started(const struct line *l)
{
	struct toy_member *m = &toy.w.m[l->m];
	bool ok = true;
	if (the_walk.foreign != l->m + 1 && m->is_stranded)
		ok = acted(l);
	m->is_stranded = false;
	toy_start(l->m);
	m->back_in = 0;
	if (the_walk.foreign != l->m + 1)
		the_walk.saw[l->m].process = m->process;
	if (the_walk.failing == l->m + 1)
		the_walk.failing = 0;
	the_walk.foreign = 0;
	return ok;
}

static bool done(const struct line *l)
{
	struct toy_member *m = l->m < MEMBERS ? &toy.w.m[l->m] : NULL;
	toy.w.now_us += STEP_US;
	/* An ordered walk knows one primary; elections bring it back after its turn. */
	if (the_walk.is_ordered && toy.w.m[LAST].is_up &&
	    (toy.w.claim.state == CLAIM_FREE || strcmp(toy.w.claim.host, host_n(LAST)) != 0))
		toy.w.primary = LAST;
	switch (l->what) {
	case DO_LOOK:
		/* Twice the same world, and the model's rotad did nothing between: nor may ours. */
		if (the_walk.saw[l->m].at == the_walk.moves && offered(l->m))
			return wrong(l, "the model has nothing to do here");
		the_walk.idle += the_walk.saw[l->m].at == the_walk.moves;
		the_walk.saw[l->m] = sight_of(l);
		settle(l->m);
		return true;
	case DO_ASK:
		if (the_walk.is_standby) {
			toy.w.has_order = true;
			toy.w.order.id = token_n(6 + l->m);
			settle_all(l->m);
		}
		return true;
	case DO_STOP:
		/* The roll-back wrote and stopped in one. */
		return the_walk.failing == l->m + 1 || !m->is_up || acted(l);
	case DO_PUT:
	case DO_TAKE:
	case DO_RELEASE:
	case DO_GIVEUP:
	case DO_YEA:
		return acted(l);
	case DO_ACT: /* after a crash it is acting already */
		return (toy.w.claim.state == CLAIM_ACTING &&
			strcmp(toy.w.claim.host, host_n(l->m)) == 0) ||
		       acted(l);
	case DO_START:
		return started(l);
	case DO_NAY:
		aborted();
		return true;
	case DO_CRASH:
		toy.has_plan[l->m] = false;
		m->is_stranded = m->job_is_open && !m->is_up;
		return true;
	case DO_FAIL:
		m->is_up = false;
		m->has_died = true;
		the_walk.failing = l->m + 1;
		return true;
	case DO_FOREIGN:
		the_walk.foreign = l->m + 1;
		return true;
	case DO_EXPIRE:
		claim_force(CLAIM_FREE, l->m);
		return true;
	case DO_EDIT:
		toy_write(l->m, ring_of_bits(l->v), false);
		return true;
	case DO_N:
		break;
	}
	return wrong(l, "not known");
}

/* Is the toy world the model's? */
static bool is_same(const struct line *l)
{
	const struct toy *w = &toy.w;
	unsigned holder = NOBODY;
	char text[128];
	for (unsigned i = 0; i < MEMBERS; i++) {
		const struct toy_member *m = &w->m[i];
		struct toy_ring disk = ring_of_bits(l->disk[i]), mem = ring_of_bits(l->mem[i]);
		unsigned vote = w->has_proposal ? (unsigned)w->roll.votes[i].word : 0;
		if (the_walk.is_standby)
			vote += w->has_proposal ? (unsigned)w->proposal.generation - 1 : 0;
		if (w->claim.state != CLAIM_FREE && strcmp(w->claim.host, host_n(i)) == 0)
			holder = i;
		if (!toy_same(&m->disk, &disk))
			return snprintf(text, sizeof(text), "%s: another file", host_n(i)),
			       wrong(l, text);
		if (!toy_same(&m->loaded, &mem))
			return snprintf(text, sizeof(text), "%s: another process", host_n(i)),
			       wrong(l, text);
		if (m->is_up != l->up[i] && the_walk.failing != i + 1)
			return snprintf(text, sizeof(text), "%s: up or not", host_n(i)),
			       wrong(l, text);
		if (vote != l->vote[i])
			return snprintf(text, sizeof(text), "%s: vote %u, not %u", host_n(i), vote,
					l->vote[i]),
			       wrong(l, text);
	}
	if (holder != l->holder ||
	    (holder != NOBODY && (w->claim.state == CLAIM_ACTING) != l->acting))
		return wrong(l, "another claim");
	return true;
}

static bool line_read(const char *text, struct line *ret)
{
	char word[32];
	int at = 0;
	if (sscanf(text, " @ %31s %u %u %n", word, &ret->m, &ret->v, &at) != 3)
		return false;
	if (sscanf(text + at, "%u %u %u %u %u %u %u %u %u %u %u %u %u %u", &ret->disk[0],
		   &ret->disk[1], &ret->disk[2], &ret->mem[0], &ret->mem[1], &ret->mem[2],
		   &ret->up[0], &ret->up[1], &ret->up[2], &ret->vote[0], &ret->vote[1],
		   &ret->vote[2], &ret->holder, &ret->acting) != 14)
		return false;
	ret->what = 0;
	while (ret->what < DO_N && strcmp(words[ret->what], word) != 0)
		ret->what++;
	return ret->what < DO_N;
}

/* Faults are over: by themselves, and a person's resume, the planners bring it to its end. */
static bool ends(void)
{
	struct toy *w = &toy.w;
	struct line l = {.what = DO_N};
	bool over = false;
	for (unsigned i = 0; i < MEMBERS; i++)
		if (!w->m[i].is_up)
			w->m[i].back_in = 1;
	for (unsigned round = 0; round < ENDS_MAX && !over; round++) {
		(void)toy_run(1);
		if (toy.broken[0])
			return wrong(&l, toy.broken);
		resume();
		over =
		    w->claim.state == CLAIM_FREE && (!w->has_proposal || w->roll.closure.is_given);
		for (unsigned i = 0; i < MEMBERS; i++)
			over &= w->m[i].is_up;
	}
	return over || wrong(&l, "the planners do not bring it to its end");
}

static bool walk(FILE *f)
{
	char text[512];
	struct line l;
	while (fgets(text, sizeof(text), f)) {
		the_walk.line_n++;
		if (!line_read(text, &l))
			continue;
		the_walk.lines++;
		the_walk.moves += l.what != DO_LOOK;
		if (!done(&l))
			return false;
		if (toy.broken[0])
			return wrong(&l, toy.broken);
		if (!is_same(&l))
			return false;
	}
	return ends();
}

int main(int argc, char **argv)
{
	unsigned at_least = 0, sum = 0;
	int i = 1;
	if (argc > 2 && strcmp(argv[1], "--at-least") == 0) {
		at_least = (unsigned)strtoul(argv[2], NULL, 10);
		i = 3;
	}
	for (; i < argc; i++) {
		FILE *f = fopen(argv[i], "r");
		if (!f)
			return perror(argv[i]), 2;
		the_walk.name = argv[i];
		the_walk.line_n = the_walk.failing = the_walk.foreign = 0;
		memset(the_walk.saw, 0, sizeof(the_walk.saw));
		the_walk.moves++; /* nobody has looked at this world */
		the_walk.is_standby = strstr(argv[i], "standby") != NULL;
		if (the_walk.is_standby)
			toy_begin_standby(MEMBERS);
		else
			toy_begin(MEMBERS);
		the_walk.is_ordered = strstr(argv[i], "order") != NULL;
		toy.w.primary = the_walk.is_ordered ? LAST : (int)(the_walk.walks % MEMBERS);
		toy.w.forgets = the_walk.walks % 2;
		toy.w.has_order = !the_walk.is_standby;
		if (!the_walk.is_standby)
			settle_all(1);
		(void)walk(f);
		fclose(f);
		the_walk.walks++;
	}
	printf("%u walks, %u lines; %u looks after which neither has anything to do\n",
	       the_walk.walks, the_walk.lines, the_walk.idle);
	for (unsigned w = 0; w < DO_N; w++) {
		if (the_walk.agreed[w])
			printf("%-10s %7u offered by the planner\n", words[w] + 2,
			       the_walk.agreed[w]);
		sum += the_walk.agreed[w];
	}
	for (size_t k = 0; k < ARRAY_N(refinements); k++)
		if (the_walk.refined[k])
			printf("%-10s %7u waits: %s: %s\n", words[refinements[k].what] + 2,
			       the_walk.refined[k], refinements[k].says, refinements[k].why);
	for (unsigned w = 0; w < DO_N; w++)
		if (the_walk.looked_again[w])
			printf("%-10s %7u done by the model on votes that have changed, which the "
			       "planner has seen\n",
			       words[w] + 2, the_walk.looked_again[w]);
	printf("%u steps agree, %u walks do not\n", sum, the_walk.wrong);
	return the_walk.wrong || sum < at_least;
}
