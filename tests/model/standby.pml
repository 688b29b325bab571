/* SPDX-License-Identifier: Apache-2.0 */
/* Strategy standby: the file is [Kg,Kg+1]; GENS rotations [K1,K2] -> [K2,K3] -> [K3,K4], one restart a member each. Otherwise as
 * twopass.pml: the sections of doc/PROTOCOL.md are marked "(1)" and "(2)", the runs stand in the table `runs`.
 *
 * (1) The pivot, the key that every keyring holds, moves from g to g+1 only when all of the roll have voted for g+1, and who voted
 * never again writes a keyring without it.
 * -DLEASES       not our protocol: a generation in the ledger, a barrier of logins with Kg+1, undo one generation back
 * environment:   -DEXPIRE -DCRASH -DOPER -DFAIL (-DLATE) -DBUDGET=n as in twopass.pml
 *   -DABORT the keyring above the pivot is taken back where its member has not voted further, then wished again
 * -DLIVE         ltl live: it ends once faults stop
 * planted:       -DM_BACK (with -DLATE) -DM_ONE -DM_DISK as in twopass.pml   -DM_JUMP straight to [K3,K4] */
#define N 3
#define NONE 15
#define RING(g) ((1<<(g)) | (2<<(g)))       /* g = 0: {K1,K2} */
#define KEY(g) (1<<(g))
#ifndef GENS
#define GENS 2
#endif
#if defined(LIVE) && !defined(BUDGET)
#define BUDGET 1
#endif
#ifdef BUDGET
#define SPEND(x) x--
#else
#define BUDGET 1        /* not counted down: any number */
#define SPEND(x) skip
#endif
#ifndef LEASES
#define EXPIRABLE !acting
#else
#define EXPIRABLE true
#endif
#ifdef M_DISK
#define LOOK true
#else
#define LOOK (disk[me] & KEY(g+1))
#endif
#ifdef M_ONE
#define LAST (N-1)
#else
#define LAST N
#endif
#if !defined(LEASES) && !defined(M_BACK)
#define MAYBACK (prev & KEY(vote[me]))      /* (1) never back to a keyring without what was promised */
#else
#define MAYBACK true
#endif
/* REPLAY: the planner asks for one rotation at a time (the next one when the last is closed) */
#ifdef REPLAY
#define SETTLED(m) (up[m] && disk[m] == RING(asked) && mem[m] == RING(asked))
#define ASKABLE (SETTLED(0) && SETTLED(1) && SETTLED(2) && holder == NONE)
#else
#define ASKABLE true                        /* even before the rotation before has ended */
#endif
byte disk[N], mem[N], vote[N];              /* vote[m]: highest pivot voted for, starts at 0 = K1 */
bit up[N], dl[N];
byte gen = 0; byte rev = 0; bit undo = 0;   /* leases: the ledger */
byte asked = 0;                             /* highest pivot asked for, written by the operator */
bit back = 0;                               /* undo of the keyring above the present pivot is wished */
byte holder = NONE; bit acting = 0;         /* (2) the claim */
byte crashes = BUDGET, opers = BUDGET, fails = BUDGET, expires = BUDGET, aborts = 1;
#include "walk.h"
#ifdef ORDER            /* walks only: turns in the planner's order, the primary (member 2) last */
#define LEAST (vote[0] <= vote[1] && vote[0] <= vote[2] -> vote[0] : (vote[1] <= vote[2] -> vote[1] : vote[2]))
#define NEED(m) (mem[m] != RING(LEAST))
#define MYTURN ((me == 0 || !NEED(0)) && (me != 2 || !NEED(1)))
#else
#define MYTURN true
#endif

inline pair() { d_step { byte a, b; a = 0;
  do :: a < N -> b = 0; do :: b < N -> if :: a != b -> assert(mem[a] & mem[b]); assert(disk[a] & mem[b]); assert(disk[a] & disk[b])
                                          :: else fi; b++ :: else -> break od; a++
     :: else -> break od; a = 0; b = 0 } }
inline one() { d_step { assert(dl[0] + dl[1] + dl[2] <= 1) } }
inline setdisk(m, v) { d_step { disk[m] = v; SAY(w_put, m, v) } pair() }
inline stop(m) { d_step { up[m] = 0; dl[m] = 1; SAY(w_stop, m, 0) } one() }
inline start(m) { d_step { mem[m] = disk[m]; up[m] = 1; dl[m] = 0; SAY(w_start, m, 0) } pair() }
#ifdef LATE
#define KEEP skip
#else
#define KEEP prev = 0
#endif
#ifdef CRASH
#define C if :: atomic { crashes > 0 -> SPEND(crashes); SAY(w_crash, me, 0) } goto again MOSTLY(skip) :: skip fi
#else
#define C skip
#endif
proctype rotad(byte me) {
  byte g, rv, want, prev, i; bit un;
again: true;
  d_step { g = 0; rv = 0; want = 0; i = 0; un = 0 }
  do
  :: /* ---- observe and plan */
#ifndef LEASES
     d_step { g = vote[0]; i = 1;           /* (1) the pivot is the least vote; M_ONE forgets the last member */
       do :: i < LAST -> if :: vote[i] < g -> g = vote[i] :: else fi; i++ :: else -> break od; i = 0; un = back; SAY(w_look, me, 0) }
     C;
     /* the keyring above the pivot; undone: that of the pivot before, unless it was promised away */
     want = (un && g > 0 && vote[me] == g -> RING(g-1) : RING(g));
#ifdef M_JUMP
     if :: asked > g -> want = RING(asked) :: else fi;
#endif
#else
     atomic { g = gen; rv = rev; un = undo } C;
     want = (un && g > 0 -> RING(g-1) : RING(g));
#endif
     if
     :: disk[me] != want -> prev = disk[me]; C; setdisk(me, want); C
     :: disk[me] == want && (mem[me] != want || !up[me] || holder == me) ->
        /* ---- (2) the turn */
        if
        :: holder == NONE -> atomic { if :: holder == NONE && MYTURN -> holder = me; acting = 0; SAY(w_take, me, 0) :: else -> goto again fi }
        :: holder == me -> skip
        :: holder != me && holder != NONE -> goto again
        fi; C;
        if :: mem[me] == want && up[me] && holder == me -> goto release :: else fi;
        if :: up[me] -> if :: up[(me+1)%N] && up[(me+2)%N] -> skip :: else -> goto giveup fi :: else fi;
#ifndef LEASES
        atomic { if :: holder == me -> acting = 1; SAY(w_act, me, 0) :: else -> goto again fi }
#endif
        C;
        stop(me); C;
        start(me);
        if
#ifdef FAIL
        :: atomic { fails > 0 && prev != 0 && prev != disk[me] && MAYBACK -> SPEND(fails); SAY(w_fail, me, prev) }
           setdisk(me, prev); IN_ONE_ACT(C); stop(me); start(me); prev = 0
#endif
        :: KEEP MOSTLY(KEEP)
        fi; C;
release: true;
        atomic { if :: holder == me -> holder = NONE; acting = 0; SAY(w_release, me, 0) :: else fi }
     :: else ->
        if
#ifdef LATE
        :: atomic { fails > 0 && prev != 0 && prev != disk[me] && MAYBACK -> SPEND(fails) } setdisk(me, prev); prev = 0
#endif
#ifndef LEASES
        :: vote[me] == g && asked > g && !un -> C;
           /* (1) the yea: the key stands by in file and process already */
           atomic { if :: (mem[me] & KEY(g+1)) && up[me] && LOOK -> vote[me] = g+1; SAY(w_yea, me, 0) :: else fi }
#else
        :: g < GENS && !un ->          /* barrier: every member accepts K(g+1), one login after another */
           i = 0;
           do :: i < N && up[i] && (mem[i] & KEY(g+1)) -> i++; C
              :: i < N && (!up[i] || !(mem[i] & KEY(g+1))) -> i = 0; goto again
              :: i == N -> break od; i = 0;
           atomic { if :: rev == rv && !undo -> gen = g+1; rev++ :: else fi }
#endif
        :: else -> skip
        fi
     fi; goto again
giveup: true;
     atomic { if :: holder == me && !dl[me] -> holder = NONE; acting = 0; SAY(w_giveup, me, 0) :: else fi }; goto again
  od
}
inline pick(m) { if :: m = 0 :: m = 1 :: m = 2 fi }
proctype env() { byte m;
  do
  :: false -> skip
  MOSTLY(skip)
#ifndef LEASES
  :: atomic { asked < GENS && ASKABLE -> asked++; SAY(w_ask, asked, 0) }
#endif
#ifdef OPER
  :: atomic { opers > 0 -> SPEND(opers) } pick(m); if :: atomic { up[m] -> SAY(w_foreign, m, 0) start(m) } :: else fi; m = 0
#endif
#ifdef EXPIRE
  :: atomic { expires > 0 && holder != NONE && EXPIRABLE -> SPEND(expires); m = holder; holder = NONE; acting = 0; SAY(w_expire, m, 0) m = 0 }
#endif
#ifdef ABORT
#ifndef LEASES
  :: aborts > 0 && !back -> aborts--; back = 1
  :: back -> back = 0
#else
  :: atomic { aborts > 0 && gen > 0 && !undo -> aborts--; undo = 1; rev++ }
  :: atomic { undo -> undo = 0; rev++ }
#endif
#endif
#ifdef LIVE
#ifndef LEASES
  :: asked == GENS && !back -> break
#else
  :: !undo -> break
#endif
#endif
  od }
init { atomic { byte j = 0;
  do :: j < N -> disk[j] = RING(0); mem[j] = RING(0); up[j] = 1; run rotad(j); j++ :: else -> break od;
  run env() } }
#define ALL(v) (disk[0] == v && mem[0] == v && disk[1] == v && mem[1] == v && disk[2] == v && mem[2] == v && holder == NONE)
#ifdef LIVE
ltl live { <>[] ALL(RING(GENS)) }
#endif
