/* SPDX-License-Identifier: Apache-2.0 */
/* One key in a whole sharded cluster (doc/PROTOCOL.md 1, 2, 4; strategy twoPass): the config servers 0 and 1, which hold the
 * ledger and are the canary of each pass, a shard 2 and 3, a mongos 4. One roll over all; a slot of the claims a set, so many at
 * once as maxParallel says; each rotad looks at its own set before it narrows, and holds the votes of the others. The turn in
 * its smallest steps is twopass.pml. Runs: the table `runs`.
 *
 * -DPARALLEL=n   maxParallel (1)
 * environment:   -DNAMED an operator aborts in the name of all that have not voted   -DOPER anybody restarts anyone (BUDGET)
 *   -DEXPIRE a waiting claim is taken over (BUDGET)
 *   -DJOIN the mongos is no part of the roll and is started with [K1] at any time
 * planted:       -DM_OWN the votes of its own set are enough   -DM_SLOT its set's slot is not looked at   -DM_MANY maxParallel
 *   is not   -DM_CANARY nor whether the config servers are done
 * Safety: pair() over all as in twopass.pml; one deliberately down in a set; sets with one down: maxParallel; the canary first */
#define N 5
#define K1 1
#define K2 2
#define NONE 15
#define SET(m) ((m) >> 1)       /* 0 the config servers, 1 the shard, 2 the mongos */
#define OTHER(m) ((m) ^ 1)      /* of its set; the mongos is alone */
#ifndef PARALLEL
#define PARALLEL 1
#endif
#ifndef BUDGET
#define BUDGET 1
#endif
#ifdef JOIN
#define ROLL 4
#else
#define ROLL 5
#endif
byte disk[N], mem[N], vote[N];
bit up[N], dl[N], ins[N];
byte holder[3], acting;         /* the claims, one document: a slot a set; acting: a bit a set */
byte aborts = 1, opers = BUDGET, expires = BUDGET;
#define TAKEN ((holder[0] != NONE) + (holder[1] != NONE) + (holder[2] != NONE))
#define DOWN(s) (dl[2*(s)] || (s < 2 && dl[2*(s)+1]))

inline pair() { d_step { byte a, b; a = 0;
  do :: a < N -> b = 0;
       do :: b < N -> if :: a != b && ins[a] && ins[b] -> assert(mem[a] & mem[b]); assert(disk[a] & mem[b]); assert(disk[a] & disk[b]) :: else fi; b++
          :: else -> break od; a++
     :: else -> break od; a = 0; b = 0 } }
inline start(m) { d_step { mem[m] = disk[m]; up[m] = 1; dl[m] = 0; if :: mem[m] & K2 -> ins[m] = 1 :: else fi } pair() }
#define NAY (vote[0] == 2 || vote[1] == 2 || vote[2] == 2 || vote[3] == 2 || (ROLL == N && vote[4] == 2))
#ifdef M_OWN
#define YEA(m) (m == 4 || (vote[m] == 1 && vote[OTHER(m)] == 1))
#else
#define YEA(m) (vote[0] == 1 && vote[1] == 1 && vote[2] == 1 && vote[3] == 1 && (ROLL < N || vote[4] == 1))
#endif
/* votes only accumulate; who is outside the roll gets there by way of both */
#define WANT(m) (NAY -> K1 : (YEA(m) && (mem[m] & K2) -> K2 : K1+K2))
#define NEEDS(m) (mem[m] != WANT(m) && disk[m] == WANT(m))
#ifdef M_SLOT
#define FREE (holder[SET(me)] != me)
#else
#define FREE (holder[SET(me)] == NONE)
#endif
#ifdef M_MANY
#define FEW true
#else
#define FEW (TAKEN < PARALLEL)
#endif
#ifdef M_CANARY
#define CANARY true
#else
#define CANARY (me < 2 || (mem[0] == WANT(0) && mem[1] == WANT(1)))     /* by their rotads' statements */
#endif
#define STRAY (ROLL < N && up[N-1] && me != N-1 && !(mem[N-1] & K2))

/* Each act is decided by what is so at its begin, so a rotad that is started anew does the same; between the look and the
 * write, and between the acting claim and the stop, anything may happen; that the canary goes first is asked each time. */
proctype rotad(byte me) {
  bit sure, will;
end_rotad:
  do
  :: atomic { up[me] && me < ROLL && vote[me] == 0 && !NAY && (disk[me] & K2) && (mem[me] & K2) -> vote[me] = 1 }
  :: atomic { up[me] && disk[me] != WANT(me) && WANT(me) != K2 -> disk[me] = WANT(me); sure = 0; pair() }
  :: atomic { up[me] && !sure && disk[me] != K2 && WANT(me) == K2 &&    /* the look: its set, and who is on no roll */
       (me == 4 || (up[OTHER(me)] && (mem[OTHER(me)] & K2))) && !STRAY -> sure = 1 }
  :: atomic { sure -> disk[me] = K2; sure = 0; pair() }
  :: atomic { up[me] && NEEDS(me) && FREE && FEW && CANARY -> holder[SET(me)] = me; acting = acting & (7 - (1 << SET(me))) }
  :: atomic { holder[SET(me)] == me && !will && up[me] && NEEDS(me) && CANARY && (me == 4 || up[OTHER(me)]) ->
       acting = acting | (1 << SET(me)); will = 1;
       assert(me < 2 || opers < BUDGET || (mem[0] == WANT(0) && mem[1] == WANT(1))) }   /* the canary */
  :: atomic { will -> will = 0; up[me] = 0; dl[me] = 1;                 /* the store cannot fence it */
       assert((me == 4 -> 1 : dl[me] + dl[OTHER(me)]) <= 1);            /* one of a set */
       assert(DOWN(0) + DOWN(1) + DOWN(2) <= PARALLEL) }
  :: atomic { dl[me] -> start(me) }
  :: atomic { holder[SET(me)] == me && !will && !dl[me] && !NEEDS(me) -> holder[SET(me)] = NONE; acting = acting & (7 - (1 << SET(me))) }
  :: atomic { holder[SET(me)] == me && !will && !dl[me] && NEEDS(me) && (!CANARY || (me < 4 && !up[OTHER(me)])) -> holder[SET(me)] = NONE; acting = acting & (7 - (1 << SET(me))) }
  od
}

proctype env() {
  byte m;
end_env:
  do
  :: false -> skip
#ifdef NAMED
  :: atomic { aborts > 0 -> aborts--; m = 0; do :: m < ROLL -> if :: vote[m] == 0 -> vote[m] = 2 :: else fi; m++ :: else -> break od; m = 0 }
#endif
#ifdef OPER
  :: atomic { opers > 0 -> opers--; if :: m = 0 :: m = 2 :: m = 3 :: m = 4 fi; if :: up[m] -> start(m) :: else fi; m = 0 }
#endif
#ifdef EXPIRE
  :: atomic { expires > 0 && holder[0] != NONE && !(acting & 1) -> holder[0] = NONE; expires-- }
  :: atomic { expires > 0 && holder[1] != NONE && !(acting & 2) -> holder[1] = NONE; expires-- }
#endif
#ifdef JOIN
  :: atomic { !up[4] && !dl[4] -> up[4] = 1 }
#endif
  od
}
init { atomic { byte j = 0; holder[0] = NONE; holder[1] = NONE; holder[2] = NONE;
  do :: j < N -> disk[j] = K1; mem[j] = K1; if :: j < ROLL -> up[j] = 1; ins[j] = 1 :: else fi; run rotad(j); j++ :: else -> break od;
  run env() } }
