/* SPDX-License-Identifier: Apache-2.0 */
/* A ledger that goes back (doc/PROTOCOL.md 3, the anchor): one rotation [K1] -> [K1,K2] -> [K2] of N members, by votes in a
 * ledger that is restored from a dump, loses a vote, or shows votes that no majority has yet and that a new primary does not
 * have. Of the turn only its effect is here (twopass.pml has the turn): a restart is one step. What each rotad keeps on its own
 * disk is what it goes by: its own vote, the proposal it follows, and how it saw that one end. Runs: the table `runs`.
 *
 * environment:   -DRESTORE the ledger is put back to a dump that was taken at any time, also before the proposal; whose rotad
 *                knows none may propose again then, another key by the same number
 *   -DSOFT a vote stands at a primary only, until a majority has it; or is gone with that primary
 *   -DTHIEF a thief of the old key takes any one vote out
 *   -DNAMED an operator aborts: nay for all that have not voted, by one compare-and-set, at a rotad that follows the ledger.
 *   After a restore only once every rotad has looked and none alarms (HACKING, "The simulator"); -DRASH at any time;
 *   -DLATER only after a restore
 * -DHEARD        not in PROTOCOL: nobody writes without p before every rotad has said that it saw the pivot move. Without it
 *                an abort parts the set where the ledger forgets it, or a vote that was acted on (rows limit-* of `runs`)
 * planted:       -DM_ANCHOR the ledger is believed as it is   -DM_OTHER another proposal of the same number is followed
 *   -DM_LOCAL votes count before a majority has them
 * Safety: pair() as in twopass.pml */
#ifndef N
#define N 3
#endif
#define K1 1
#define OPEN 0
#define CARRIED 1
#define DEAD 2
#define Q(p) (1 << (p))             /* proposal 1 is of K2, the one after a restore of K3 */
#ifdef M_LOCAL
#define HAS(m) v[m]
#else
#define HAS(m) (soft[m] -> 0 : v[m])    /* read by the majority, and linearizable where something follows from it */
#endif
#ifdef HEARD
#define LOOK(m) ((mem[m] & Q(p)) && end[m] == CARRIED)
#else
#define LOOK(m) (mem[m] & Q(p))     /* (1) the look: it accepts q alone */
#endif
#ifdef SOFT
#define WRITTEN(m) soft[m] = 1
#else
#define WRITTEN(m) skip
#endif
byte disk[N], mem[N];               /* keyrings as bits: file, process */
byte own[N], knows[N], end[N];      /* the anchor: own vote, its proposal, how that was seen to end */
bit old[N], looked[N];              /* it alarms; it has looked since the restore */
byte prop = 1, made = 1;            /* the ledger: its proposal, */
byte v[N]; bit soft[N];             /* the votes (0 none, 1 yea, 2 nay), and whether a majority has them */
byte saved = 0, save[N];            /* a dump of it */
byte dumps = 1, restores = 1, thefts = 1, aborts = 1;
bit restored = 0;

inline pair() { d_step { byte a, b; a = 0;
  do :: a < N -> b = 0;
       do :: b < N -> if :: a != b -> assert(mem[a] & mem[b]); assert(disk[a] & mem[b]); assert(disk[a] & disk[b]) :: else fi; b++
          :: else -> break od; a++
     :: else -> break od; a = 0; b = 0 } }

/* How the generation stands by the votes that are read. */
inline count(g) { g = CARRIED; i = 0;
  do :: i < N -> if :: HAS(i) == 2 -> g = DEAD :: HAS(i) == 0 && g != DEAD -> g = OPEN :: else fi; i++ :: else -> break od; i = 0 }

proctype rotad(byte me) {
  byte g, i, p, want; bit voted;
again: true;
  d_step { g = 0; p = 0; want = 0; voted = 0 }
  do
  :: /* ---- observe: the ledger; what it shows is compared with the anchor, which follows before anything is done */
     d_step { p = prop; voted = (v[me] != 0); count(g); old[me] = 0; looked[me] = restored;
       if :: p != 0 && knows[me] == 0 -> knows[me] = p :: else fi;
#ifdef M_OTHER
       if :: knows[me] != p -> knows[me] = p; own[me] = 0; end[me] = OPEN :: else fi;
#endif
#ifndef M_ANCHOR
       if :: knows[me] != p || (end[me] != OPEN && end[me] != g) -> old[me] = 1 :: else fi;
#endif
       if :: !old[me] && p != 0 -> end[me] = g :: else fi }
     if
     :: old[me] -> /* (3) not followed: alarm, hold. Its yea is published again on the proposal that it saw carried */
        atomic { if :: end[me] == CARRIED && own[me] == 1 && prop == knows[me] && v[me] == 0 -> v[me] = 1; WRITTEN(me) :: else fi }
     :: !old[me] && p == 0 -> /* a proposal, by compare-and-set */
        atomic { if :: prop == 0 && made < 2 -> made++; prop = made; d_step { i = 0; do :: i < N -> v[i] = 0; soft[i] = 0; i++ :: else -> break od; i = 0 } :: else fi }
     :: else ->
        want = (g == OPEN -> K1 + Q(p) : (g == CARRIED -> Q(p) : K1));
        if
        :: disk[me] != want ->
           i = 0; /* before the first write without p one login after another */
           do :: g == CARRIED && i < N && LOOK(i) -> i++ :: g != CARRIED || i == N -> i = 0; disk[me] = want; pair(); break
              :: g == CARRIED && i < N && !LOOK(i) -> i = 0; break od
        :: disk[me] == want && mem[me] != want -> mem[me] = disk[me]; pair()
        :: disk[me] == want && mem[me] == want && g == OPEN && !voted && own[me] != 2 -> /* (1) on its own disk before it is published */
           own[me] = 1;
           atomic { if :: prop == p && v[me] == 0 -> v[me] = 1; WRITTEN(me) :: else fi }
        :: else -> skip
        fi
     fi; goto again
  od
}

#ifdef RASH
#define WISE true
#else
#define WISE (!restored || (looked[0] && !old[0] && looked[1] && !old[1] && looked[N-1] && !old[N-1]))
#endif
#define FREE(m) !(own[m] == 1 && v[m] == 0)     /* (1) a vote is given once: it knows of its own, whatever the ledger shows */
#ifdef LATER
#define WHEN (restored && WISE)
#else
#define WHEN WISE
#endif
proctype env() {
  byte m, i, g;
  do
  :: false -> skip
#ifdef RESTORE
  :: d_step { dumps > 0 -> dumps--; saved = prop; i = 0; do :: i < N -> save[i] = HAS(i); i++ :: else -> break od; i = 0 }
  :: d_step { restores > 0 -> restores--; prop = saved; restored = 1; i = 0;
       do :: i < N -> v[i] = save[i]; soft[i] = 0; looked[i] = 0; i++ :: else -> break od; i = 0 }
#endif
#ifdef SOFT
  :: d_step { soft[0] || soft[1] || soft[N-1] -> i = 0; do :: i < N -> soft[i] = 0; i++ :: else -> break od; i = 0 }
  :: d_step { soft[0] || soft[1] || soft[N-1] -> i = 0; do :: i < N -> if :: soft[i] -> v[i] = 0; soft[i] = 0 :: else fi; i++ :: else -> break od; i = 0 }
#endif
#ifdef THIEF
  :: thefts > 0 -> if :: m = 0 :: m = 1 :: m = N-1 fi; atomic { thefts--; v[m] = 0; soft[m] = 0; m = 0 }
#endif
#ifdef NAMED
  :: aborts > 0 && WHEN -> if :: m = 0 :: m = N-1 fi;
     atomic { if :: WHEN && prop != 0 && knows[m] == prop && FREE(m) ->
          d_step { count(g);
            if :: !(end[m] != OPEN && end[m] != g) -> aborts--; i = 0; do :: i < N -> if :: v[i] == 0 -> v[i] = 2; WRITTEN(i);
                   if :: i == m -> own[m] = 2 :: else fi :: else fi; i++ :: else -> break od :: else fi; i = 0; g = 0 }
          :: else fi; m = 0 }
#endif
  od
}
init { atomic { byte j = 0;
  do :: j < N -> disk[j] = K1; mem[j] = K1; run rotad(j); j++ :: else -> break od;
  run env() } }
