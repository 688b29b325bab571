/* SPDX-License-Identifier: Apache-2.0 */
/* Strategy twoPass, [K1] -> [K1,K2] -> [K2]: N members, a rotad each, untimed (a pause of any length is an interleaving).
 * The rules of doc/PROTOCOL.md are marked by its sections, "(1)" is the pivot and the vote, "(2)" the claim. Which runs are made,
 * and what each must find, stands in the table `runs`; what is printed for the replay on the planner in walk.h.
 *
 * -DLEASES       not our protocol but the usual one: a lease that runs out and a barrier of logins seen. It breaks; see `runs`
 * environment:   -DEXPIRE a waiting claim is taken over at any time   -DCRASH rotad ends at any step and starts anew
 *   -DOPER anybody restarts any mongod   -DFAIL verify fails and the file goes back (-DLATE: also much later)
 *   -DABORT an operator aborts: each rotad that has not voted says nay (-DRESUME, with leases: and asks again, with the same key)
 *   -DNAMED an operator aborts in the name of all that have not voted, by one compare-and-set
 *   -DWITHOUT an operator declares member N-1 dead at any time   -DDIE it dies, and is started again by somebody else, at any time
 *   -DEDIT configuration management puts [K1] back on a disk   -DJOIN member N-1 joins with [K1] at any time
 * -DBUDGET=n     so many crashes, restarts by others and failed starts each, in place of any number
 * -DLIVE         with a budget (1): it ends once faults stop (ltl live). Safety: pair() and one()
 * planted:       -DM_PEEK narrow by logins seen, not by votes   -DM_DISK vote without looking at the disk
 *   -DM_BACK roll back behind the vote   -DM_ONE all votes but one are enough   -DM_NAY a nay after the yea
 *   -DM_DEAD declared dead after its nay, and the nay does not count   -DM_VETO an abort in the name of one that is declared dead
 *   -DM_TAKE an acting claim is taken over once the member looks restarted */
#ifndef N
#define N 3
#endif
#define K1 1
#define K2 2
#define ADD 0
#define RET 1
#define BACK 2
#define NONE 15
#ifdef JOIN
#define ROLL (N-1)      /* (1) the roll of the proposal: members 0..ROLL-1 */
#else
#define ROLL N
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
#define EXPIRABLE !acting           /* (2) a waiting claim may be taken over, an acting one never runs out */
#define EDITABLE true
#else
#define EXPIRABLE true
#define EDITABLE (phase == ADD)     /* before the barrier only: afterwards no design could help */
#endif
#ifdef WITHOUT
#define W (N-1)
#define GONE(m) (dead && m == W)
#else
#define GONE(m) false
#endif
#ifdef M_VETO
#define UNHEARD(m) false
#else
#define UNHEARD(m) GONE(m)          /* (1) who is declared dead has no vote: neither its own nor in its name */
#endif
#ifdef M_DISK
#define LOOK true
#else
#define LOOK (disk[me] & K2)        /* (1) yea: its file holds p and q */
#endif
#ifdef M_ONE
#define FIRST 1
#else
#define FIRST 0
#endif
#if !defined(LEASES) && !defined(M_BACK)
/* (1) after a yea no keyring without q, not by rollback; (3) and none with it any more once it is burnt */
#define MAYBACK ((vote[me] == 0 || (prev & K2)) && ph != BACK)
#else
#define MAYBACK true
#endif
#ifdef M_NAY
#define MAYNAY (vote[me] != 2)
#else
#define MAYNAY (vote[me] == 0)      /* (1) only who has not voted may be given a nay */
#endif
byte disk[N], mem[N];               /* keyrings as bits: of the file that the next start reads, of the process */
bit up[N], conf[N], dl[N], ins[N];  /* answers; in the configuration; stopped by its rotad; counts for the common key */
bit edited[N], bad[N];              /* the disk, the process is of a hand edit: excused until its rotad has put it right */
byte phase = ADD; byte rev = 0;     /* leases: the ledger's phase, compare-and-set on rev */
byte vote[N];                       /* (1) 0 none, 1 yea, 2 nay; given once, by its owner, kept on its host */
bit abortreq = 0;
bit dead = 0;                       /* (1) member W is declared dead: a compare-and-set on the document of roll and votes */
byte withouts = 1, deaths = 1;
byte holder = NONE; bit acting = 0; /* (2) the claim */
byte crashes = BUDGET, opers = BUDGET, fails = BUDGET, expires = BUDGET, aborts = 1, edits = 1;
#include "walk.h"
#ifdef ORDER            /* walks only: turns in the planner's order, the primary (member 2) last */
#define DEAD (vote[0] == 2 || vote[1] == 2 || vote[2] == 2)
#define CARRIED (vote[0] == 1 && vote[1] == 1 && vote[2] == 1)
#define NEED(m) ((DEAD && (mem[m] & K2)) || (!DEAD && CARRIED && (mem[m] & K1)) || (!DEAD && !CARRIED && !(mem[m] & K2)))
#define MYTURN ((me == 0 || !NEED(0)) && (me != 2 || !NEED(1)))
#else
#define MYTURN true
#endif

#ifdef WITHOUT
#define ADOPTED if :: GONE(me) -> ins[me] = 1 :: else fi;
#else
#define ADOPTED
#endif

/* (1) Every pair of members shares a key, whichever of running and on-disk each has: the pivot, but asked in the weaker form
 * that mongod needs, so that the pivot is a conclusion and no assumption. */
inline pair() { d_step {
  byte a, b;
  a = 0;
  do :: a < N -> b = 0;
       do :: b < N ->
          if :: a != b && ins[a] && ins[b] ->
               assert((mem[a] & mem[b]) || bad[a] || bad[b]);
               assert((disk[a] & mem[b]) || edited[a] || bad[b]);
               assert((disk[a] & disk[b]) || edited[a] || edited[b])
             :: else fi; b++
          :: else -> break od; a++
     :: else -> break od; a = 0; b = 0 } }
/* (2) At most one member is deliberately down. */
inline one() { d_step { byte c, s; c = 0; s = 0;
  do :: c < N -> s = s + dl[c]; c++ :: else -> break od; assert(s <= 1); c = 0; s = 0 } }
inline pick(m) { if :: m = 0 :: m = 1 :: m = N-1 fi }
inline setdisk(m, v) { d_step { disk[m] = v; edited[m] = 0; SAY(w_put, m, v) } pair() }
inline stop(m) { d_step { up[m] = 0; dl[m] = 1; SAY(w_stop, m, 0) } one() }
/* (1) A newcomer counts once it runs q, a member from the beginning; one that was declared dead once it has voted or adopted. */
inline start(m) { d_step { mem[m] = disk[m]; bad[m] = edited[m]; up[m] = 1; dl[m] = 0;
  if :: (mem[m] & K2) && conf[m] && !GONE(m) -> ins[m] = 1 :: else fi; SAY(w_start, m, 0) } pair() }

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
  byte ph, rv, want, prev, i, n, ok;
again: true;
  d_step { ph = 0; rv = 0; want = 0; i = 0; n = 0; ok = 0 }
  do
  :: /* ---- observe and plan */
     atomic { conf[me];
#ifndef LEASES
     /* (1) votes only accumulate: the pivot is q once all of the roll are yea, stays p by one nay; stale reads do no harm */
     ph = ADD }
     d_step { i = 0; ok = 1; n = 0;
       do :: i < ROLL -> if :: vote[i] == 2 && !UNHEARD(i) -> n = 1 :: else fi;
             if :: vote[i] != 1 && i >= FIRST && !GONE(i) -> ok = 0 :: else fi; i++
          :: else -> break od;
       if :: n -> ph = BACK :: !n && ok -> ph = RET :: else fi; i = 0; ok = 0; n = 0; SAY(w_look, me, 0) }
#ifdef M_PEEK
     if :: ph == ADD -> i = 0; do :: i < N && (!conf[i] || (up[i] && (mem[i] & K2))) -> i++ :: i == N -> ph = RET; break :: else -> break od; i = 0
        :: else fi;
#endif
#ifdef JOIN
     /* (1) a member outside the roll delays the writes not yet made (the look), it does not decide */
     if :: ph == RET && conf[N-1] && me != N-1 && !(mem[N-1] & K2) && (disk[me] & K1) -> ph = ADD :: else fi;
#endif
#else
     ph = phase; rv = rev }
#endif
     C;
     want = (ph == ADD -> K1+K2 : (ph == RET -> K2 : K1)); /* (1) the table: the pivot and at most one other key */
#ifdef WITHOUT
     d_step { if :: GONE(me) && ph == RET && up[me] && (mem[me] & K2) && (disk[me] & K2) -> ins[me] = 1 :: else fi; /* it has adopted */
       if :: GONE(me) && ph == RET && (disk[me] & K1) && (!(disk[me] & K2) || !(mem[me] & K2)) -> want = K1+K2 :: else fi } /* by way of both */
#endif
#ifdef DIE
     if :: me == N-1 && !up[me] && !dl[me] -> goto again :: else fi;   /* rotad starts only what it stopped */
#endif
     if
     :: disk[me] != want || edited[me] ->
        prev = disk[me]; C; setdisk(me, want); C
     :: disk[me] == want && !edited[me] && (mem[me] != want || !up[me] || holder == me) ->
        /* ---- (2) the turn */
        if
        :: holder == NONE -> atomic { if :: holder == NONE && MYTURN -> holder = me; acting = 0; SAY(w_take, me, 0) :: else -> goto again fi }
        :: holder == me -> skip
#ifdef M_TAKE
        :: holder != me && holder != NONE && acting && mem[holder] == disk[holder] && up[holder] -> holder = me; acting = 0
#endif
        :: holder != me && holder != NONE -> goto again
        fi; C;
        if :: mem[me] == want && up[me] && holder == me -> goto release :: else fi;
        /* gate: all others up, looked at directly; one's own mongod being down needs no gate */
        if :: up[me] -> atomic { i = 0; do :: i < N -> if :: i != me && conf[i] && (GONE(i) -> (up[i] && !(mem[i] & (ph == BACK -> K1 : K2))) : !up[i]) -> break :: else -> i++ fi :: else -> break od;
              if :: i < N -> i = 0; goto giveup :: else -> i = 0 fi } :: else fi;
#ifndef LEASES
        /* (2) directly before the disruptive act, by compare-and-set */
        atomic { if :: holder == me -> acting = 1; SAY(w_act, me, 0) :: else -> goto again fi }
#endif
        C;
        stop(me); C;
        start(me);
        /* ---- verify */
        if
#ifdef FAIL
        :: atomic { fails > 0 && prev != 0 && prev != disk[me] && MAYBACK -> SPEND(fails); SAY(w_fail, me, prev) }
           setdisk(me, prev); IN_ONE_ACT(C); stop(me); start(me); prev = 0
#endif
        :: KEEP MOSTLY(KEEP)
        fi; C;
release: true;
        /* it may vote with the turn still in hand (rotad does), or give it back first */
#ifndef LEASES
        if
        :: ph == ADD && me < ROLL && vote[me] == 0 && !abortreq ->
           atomic { if :: vote[me] == 0 && LOOK && (mem[me] & K2) && up[me] -> vote[me] = 1; ADOPTED SAY(w_yea, me, 0) :: else fi } C
        :: OR_ELSE
        fi;
#endif
        atomic { if :: holder == me -> holder = NONE; acting = 0; SAY(w_release, me, 0) :: else fi }
     :: else -> /* ---- my own member is where it should be */
        if
#ifdef LATE
        :: atomic { fails > 0 && prev != 0 && prev != disk[me] && MAYBACK -> SPEND(fails) } setdisk(me, prev); prev = 0
#endif
#ifndef LEASES
        :: ph == ADD && me < ROLL && vote[me] == 0 && !abortreq ->
           C;
           /* (1) the yea: file and process hold q now, and from here until a nay is seen this rotad writes no ring without q */
           atomic { if :: vote[me] == 0 && LOOK && (mem[me] & K2) && up[me] -> vote[me] = 1; ADOPTED SAY(w_yea, me, 0) :: else fi }
        :: ph == ADD && me < ROLL && abortreq && MAYNAY -> atomic { vote[me] = 2; SAY(w_nay, me, 0) }
#else
        :: ph == ADD -> /* barrier: a login with K2 alone at every member of the configuration, one after another */
           i = 0;
           do :: i < N && !conf[i] -> i++
              :: i < N && conf[i] && up[i] && (mem[i] & K2) -> i++; C
              :: i < N && conf[i] && (!up[i] || !(mem[i] & K2)) -> i = 0; goto again
              :: i == N -> break od; i = 0;
           atomic { if :: rev == rv && phase == ADD -> phase = RET;
#ifdef RESUME
              rev++
#endif
              :: else fi }
#endif
        :: else -> goto rest
        fi
     fi
     ; goto again
giveup: true;
     atomic { if :: holder == me && !dl[me] -> holder = NONE; acting = 0; SAY(w_giveup, me, 0) :: else fi }; goto again
rest: goto again
  od
}

proctype env() {
  byte m;
  do
  :: false -> skip
  MOSTLY(skip)
#ifdef OPER
  :: atomic { opers > 0 -> SPEND(opers) } pick(m); if :: atomic { up[m] && conf[m] -> SAY(w_foreign, m, 0) start(m) } :: else fi; m = 0
#endif
#ifdef EXPIRE
  :: atomic { expires > 0 && holder != NONE && EXPIRABLE -> SPEND(expires); m = holder; holder = NONE; acting = 0; SAY(w_expire, m, 0) m = 0 }
#endif
#ifdef ABORT
#ifndef LEASES
  :: aborts > 0 -> aborts--; abortreq = 1
#else
  :: aborts > 0 && phase == ADD -> atomic { if :: phase == ADD -> aborts--; phase = BACK; rev++ :: else fi }
#ifdef RESUME
  :: phase == BACK -> atomic { phase = ADD; rev++ }
#endif
#endif
#endif
#ifdef NAMED
  :: aborts > 0 -> aborts--; atomic { m = 0; do :: m < ROLL -> if :: vote[m] == 0 && !UNHEARD(m) -> vote[m] = 2 :: else fi; m++ :: else -> break od;
       m = 0; SAY(w_nay, m, 0) }
#endif
#ifdef WITHOUT
#ifdef M_DEAD
  :: withouts > 0 -> withouts--; atomic { dead = 1; ins[W] = 0 }
#else
  :: withouts > 0 -> withouts--; atomic { if :: vote[W] != 2 -> dead = 1; ins[W] = 0; SAY(w_without, W, 0) :: else fi }
#endif
#endif
#ifdef DIE
  :: atomic { deaths > 0 && up[N-1] -> deaths--; up[N-1] = 0; SAY(w_die, N-1, 0) }
  :: atomic { !up[N-1] && !dl[N-1] && deaths == 0 -> SAY(w_foreign, N-1, 0) start(N-1) }
#endif
#ifdef EDIT
  :: edits > 0 && EDITABLE -> edits--; pick(m); atomic {
       if :: disk[m] != K1 -> disk[m] = K1;
#ifndef LEASES
          edited[m] = (vote[m] == 1);     /* (4) after the vote: not rotad's doing, excused until its rotad has put it right */
#endif
          SAY(w_edit, m, K1)
          :: else fi; m = 0; } pair()
#endif
#ifdef JOIN
  :: !conf[N-1] -> atomic { conf[N-1] = 1; up[N-1] = 1;
#ifdef LEASES
       if :: phase == ADD -> ins[N-1] = 1 :: else fi  /* "one that joins mid-way counts for the barrier" */
#endif
     } pair()
#endif
#ifdef LIVE
  :: break
#endif
  od
}

init { atomic { byte j = 0;
  do :: j < N -> disk[j] = K1; mem[j] = K1;
        if :: j < ROLL -> up[j] = 1; conf[j] = 1; ins[j] = 1 :: else fi; run rotad(j); j++
     :: else -> break od;
  run env() } }
#ifdef LIVE
#define SAME(v) (disk[0] == v && mem[0] == v && disk[1] == v && mem[1] == v && disk[N-1] == v && mem[N-1] == v && holder == NONE)
#ifdef JOIN
ltl live { <>[] (SAME(K2) || (conf[N-1] == 0 && disk[0] == K2 && mem[0] == K2 && disk[1] == K2 && mem[1] == K2 && holder == NONE)) }
#else
ltl live { <>[] (SAME(K2) || SAME(K1)) }
#endif
#endif
