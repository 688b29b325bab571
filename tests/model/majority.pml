/* SPDX-License-Identifier: Apache-2.0 */
/* Elections and both majorities (doc/DESIGN.md, invariant 3; doc/PROTOCOL.md 2): one pass of turns over a set. Whoever has the
 * turn looks at every member, one after another, before it takes the claim, before it is acting and before the act itself; the
 * primary goes last and hands over first. What is in the files is twopass.pml's and standby.pml's. Runs: the table `runs`.
 *
 * shape:         three members with vote and data; -DPSA the last is an arbiter   -DPSH it has priority 0
 *   -DPSN it has no vote   -DP00 only the first may become primary
 *   -DPSSSN five members, the last without a vote   -DALLOW allowDowntime: majorityWrites
 * environment:   -DDIE a member dies, or anybody restarts it; it comes back   -DLAG one falls behind for a while
 *   -DELECT another becomes primary at any time   -DREFUSE a step-down is refused   -DCRASH rotad ends at any step
 *   each BUDGET (1) times
 * -DLIVE         it ends once faults stop: all were restarted, nobody has the turn
 * planted:       -DM_DATA votes are counted, data is not   -DM_AWAY who is away counts   -DM_STATE so does who recovers
 *   -DM_LOOK no look between the acting claim and the act   -DM_FIRST in any order   -DM_HEIR step-down without a successor
 *   -DM_REST again after a step-down that was refused   -DM_CLAIM no claim
 * Safety: at most one is deliberately down; who is stopped leaves a primary and both majorities, unless a fault came after the
 * look; the primary is never stopped as such; one step-down in a pass without faults, none again in the turn in which it was refused */
#ifdef PSSSN
#define N 5
#else
#define N 3
#endif
#ifndef BUDGET
#define BUDGET 1
#endif
#define NONE 15
#define LAST (N-1)
#if defined(PSN) || defined(PSSSN)
#define VOTES(m) (m != LAST)
#else
#define VOTES(m) true
#endif
#ifdef PSA
#define DATA(m) (m != LAST)
#else
#define DATA(m) VOTES(m)        /* data that counts for majority writes: of voters */
#endif
#ifdef P00
#define HEIR(m) (m == 0)
#elif defined(PSA) || defined(PSH) || defined(PSN) || defined(PSSSN)
#define HEIR(m) (m != LAST)     /* may become primary */
#else
#define HEIR(m) true
#endif
#if defined(PSN)
#define MAJORITY 2
#define WRITES 2
#elif defined(PSSSN)
#define MAJORITY 3
#define WRITES 3
#else
#define MAJORITY 2
#define WRITES 2                /* writeMajorityCount: the lesser of the majority and the data-bearing voters */
#endif
#define DOWN 0
#define RECOVERS 1
#define WELL 2
byte st[N];
bit dl[N], done[N], barred[N];  /* stopped by its rotad; restarted in this pass; stepped down a moment ago: not elected */
byte prim = 0;
byte holder = NONE; bit acting = 0;
bit disturbed[N], calm = 1;     /* a fault since its last look began; none in the whole pass */
byte downs = 0;                 /* step-downs in this pass */
bit tried = 0, rests[N];        /* in this turn; after one that was refused */
byte dies = BUDGET, lags = BUDGET, elects = BUDGET, refusals = BUDGET, crashes = BUDGET;

inline tally() { d_step { c = 0; v = 0; d = 0;
  do :: c < N -> if :: st[c] != DOWN && VOTES(c) -> v++ :: else fi; if :: st[c] == WELL && DATA(c) -> d++ :: else fi; c++
     :: else -> break od; c = 0 } }
/* A primary that is down, or sees no majority of votes, is none. */
inline settle() { tally(); if :: (prim != NONE && st[prim] != WELL) || v < MAJORITY -> prim = NONE :: else fi; v = 0; d = 0 }
inline disturb() { d_step { calm = 0; c = 0; do :: c < N -> disturbed[c] = 1; c++ :: else -> break od; c = 0 } }
#define LEDGER (prim != NONE && wd >= WRITES)   /* a compare-and-set is acknowledged by the majority */
inline writes() { d_step { wd = 0; c = 0; do :: c < N -> if :: st[c] == WELL && DATA(c) -> wd++ :: else fi; c++ :: else -> break od; c = 0 } }
inline one() { d_step { c = 0; v = 0; do :: c < N -> v = v + dl[c]; c++ :: else -> break od; assert(v <= 1); c = 0; v = 0 } }

#ifdef CRASH
#define C if :: atomic { crashes > 0 -> crashes--; goto again } :: skip fi
#else
#define C skip
#endif
/* (DESIGN 4) rank: without data or a future as primary first, the primary last; then by number */
#define RANK(m, p) ((p) == m -> 200 : ((HEIR(m) -> 100 : 0) + m))
#if defined(M_AWAY)
#define COUNTS(m) true
#define FIT(m) true
#elif defined(M_STATE)
#define COUNTS(m) (st[m] != DOWN)
#define FIT(m) (st[m] != DOWN)
#else
#define COUNTS(m) (st[m] == WELL)
#define FIT(m) (st[m] == WELL)          /* gate: all others healthy */
#endif
#ifdef M_DATA
#define ENOUGH true
#elif defined(ALLOW)
#define ENOUGH true
#else
#define ENOUGH (nd >= WRITES)
#endif
#ifdef M_FIRST
#define MYTURN true
#else
#define MYTURN first
#endif
#ifdef M_REST
#define RESTED true
#else
#define RESTED !rests[me]
#endif
#ifdef M_HEIR
#define SUCCESSOR true
#else
#define SUCCESSOR succ
#endif

proctype rotad(byte me) {
  byte i, nv, nd, p, c, v, d, wd; bit fit, first, succ;
  /* ---- observe: each member directly, one after another */
#define LOOK \
  atomic { disturbed[me] = 0; i = 0; nv = 0; nd = 0; p = NONE; fit = 1; first = 1; succ = 0 } \
  do :: atomic { i < N -> d_step { \
          if :: prim == i -> p = i :: else fi; \
          if :: i != me && COUNTS(i) -> nv = nv + (VOTES(i) -> 1 : 0); nd = nd + (DATA(i) -> 1 : 0); if :: HEIR(i) -> succ = 1 :: else fi :: else fi; \
          if :: i != me && !FIT(i) -> fit = 0 :: else fi; \
          if :: i != me && !done[i] && RANK(i, prim) < RANK(me, prim) -> first = 0 :: else fi; i++ } } \
     :: i == N -> break od; i = 0
#define GATES (fit && p != NONE && nv >= MAJORITY && ENOUGH && MYTURN && (p != me || SUCCESSOR) && RESTED)
again: true;
  d_step { i = 0; nv = 0; nd = 0; p = 0; c = 0; v = 0; d = 0; wd = 0; fit = 0; first = 0; succ = 0; disturbed[me] = 0 }
end_rotad:
  do
  :: dl[me] -> /* what it stopped it starts, also after its own crash */
     atomic { st[me] = RECOVERS; dl[me] = 0; done[me] = 1; barred[me] = 0 }; C; goto again
  :: !dl[me] && holder == me && done[me] -> /* ready: it is a member again, and there is a primary; then the turn is given back */
     atomic { writes(); if :: st[me] == WELL && LEDGER && holder == me -> holder = NONE; acting = 0; tried = 0 :: else fi; wd = 0 }; C; goto again
  :: !dl[me] && !done[me] && st[me] == WELL ->
     LOOK; C;
     if
     :: !GATES ->
        if
        :: holder == me && (rests[me] || !first || !acting) -> /* given back: it does not open soon */
           atomic { writes(); if :: LEDGER && holder == me -> holder = NONE; acting = 0; tried = 0 :: else fi; wd = 0 }
        :: holder == me && !rests[me] && first -> skip
        :: holder != me -> skip
        fi
#ifndef M_CLAIM
     :: GATES && holder == NONE -> atomic { writes(); if :: LEDGER && holder == NONE -> holder = me; acting = 0; tried = 0 :: else fi; wd = 0 }
     :: GATES && holder != NONE && holder != me -> skip
     :: GATES && holder == me && !acting ->
        atomic { writes(); if :: LEDGER && holder == me -> acting = 1 :: else fi; wd = 0 }; C
#ifdef M_LOOK
        disturbed[me] = 0; goto act
#endif
     :: GATES && holder == me && acting ->
#else
     :: GATES ->
#endif
act: true;
        if
        :: p == me -> /* hands over first: one attempt in a turn, then a rest */
           atomic { if :: prim == me ->
#ifndef M_CLAIM
                assert(!tried);
#endif
                tally(); succ = 0; d_step { c = 0; do :: c < N -> if :: c != me && HEIR(c) && st[c] == WELL -> succ = 1 :: else fi; c++ :: else -> break od; c = 0 }
                assert(succ || disturbed[me]);
                v = 0; d = 0;
                if
                :: succ -> prim = NONE; barred[me] = 1; downs++;
#ifndef M_CLAIM
                   assert(downs < 2 || !calm)
#endif
#ifdef REFUSE
                :: refusals > 0 -> refusals--; calm = 0; rests[me] = 1; tried = 1
#endif
                :: !succ -> rests[me] = 1; tried = 1
                fi :: else fi }; C
        :: p != me && st[me] == WELL ->
           atomic { assert(prim != me || disturbed[me]);
             st[me] = DOWN; dl[me] = 1; one(); tally();
             assert(disturbed[me] || v >= MAJORITY);
#ifndef ALLOW
             assert(disturbed[me] || d >= WRITES);
#endif
             assert(disturbed[me] || prim != NONE);
             settle() }; C
        :: else -> skip
        fi
     fi; goto again
  od
}

#if N > 3
#define UP ((st[0] != DOWN) + (st[1] != DOWN) + (st[2] != DOWN) + (st[3] != DOWN))
#else
#define UP ((st[0] != DOWN) + (st[1] != DOWN) + (VOTES(2) && st[2] != DOWN))
#endif
#define ELECTED(m) :: atomic { prim == NONE && HEIR(m) && st[m] == WELL && !barred[m] && UP >= MAJORITY -> prim = m }
proctype env() {
  byte m, c, v, d;
end_env:
  do
  ELECTED(0)
  ELECTED(1)
  ELECTED(2)
  :: atomic { st[0] == RECOVERS -> st[0] = WELL }
  :: atomic { st[1] == RECOVERS -> st[1] = WELL }
  :: atomic { st[2] == RECOVERS -> st[2] = WELL }
#if N > 3
  :: atomic { st[3] == RECOVERS -> st[3] = WELL }
  :: atomic { st[4] == RECOVERS -> st[4] = WELL }
#endif
  :: atomic { barred[0] && holder != 0 -> barred[0] = 0 }
  :: atomic { barred[1] && holder != 1 -> barred[1] = 0 }
  :: atomic { barred[2] && holder != 2 -> barred[2] = 0 }
  :: atomic { rests[0] && holder != 0 -> rests[0] = 0 }
  :: atomic { rests[1] && holder != 1 -> rests[1] = 0 }
  :: atomic { rests[2] && holder != 2 -> rests[2] = 0 }
#ifdef DIE
  :: atomic { dies > 0 -> dies--; if :: m = 0 :: m = 1 :: m = LAST fi;
       if :: st[m] != DOWN -> st[m] = DOWN; disturb(); settle() :: else fi; m = 0 }
  :: atomic { st[0] == DOWN && !dl[0] -> st[0] = RECOVERS; done[0] = 1 }
  :: atomic { st[1] == DOWN && !dl[1] -> st[1] = RECOVERS; done[1] = 1 }
  :: atomic { st[LAST] == DOWN && !dl[LAST] -> st[LAST] = RECOVERS; done[LAST] = 1 }
#endif
#ifdef LAG
  :: atomic { lags > 0 -> lags--; if :: m = 0 :: m = 1 :: m = LAST fi;
       if :: st[m] == WELL && prim != m -> st[m] = RECOVERS; disturb(); settle() :: else fi; m = 0 }
#endif
#ifdef ELECT
  :: atomic { elects > 0 && prim != NONE -> elects--; if :: m = 0 :: m = 1 fi;
       if :: m != prim && HEIR(m) && st[m] == WELL -> prim = m; disturb() :: else fi; m = 0 }
#endif
  od
}
init { atomic { byte j = 0;
  do :: j < N -> st[j] = WELL; run rotad(j); j++ :: else -> break od;
  run env() } }
#ifdef LIVE
#if N > 3
#define OVER (done[0] && done[1] && done[2] && done[3] && done[4] && holder == NONE)
#else
#define OVER (done[0] && done[1] && done[2] && holder == NONE)
#endif
ltl live { <>[] OVER }
#endif
