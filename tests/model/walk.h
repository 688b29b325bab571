/* SPDX-License-Identifier: Apache-2.0 */
/* What a random walk of a model prints, for the replay on the planner (replay.c): a line an act, with the world after it. In the
 * runs that check a model all of this is empty. -DREPLAY is for `spin -n` only: faults are made seldom there by their weight. */
#ifdef REPLAY
mtype = { w_look, w_put, w_take, w_act, w_stop, w_start, w_release, w_giveup, w_yea, w_nay, w_crash, w_fail, w_foreign, w_expire, w_edit, w_ask, w_without, w_die };
#define SAY(what, m, v) \
  printf("@ %e %d %d %d %d %d %d %d %d %d %d %d %d %d %d %d %d\n", what, m, v, disk[0], disk[1], disk[2], mem[0], mem[1], mem[2], \
    up[0], up[1], up[2], vote[0], vote[1], vote[2], holder, acting);
#define MOSTLY(x) :: x :: x :: x :: x :: x :: x :: x :: x :: x :: x :: x :: x
#define OR_ELSE else                /* rotad votes first */
#define IN_ONE_ACT(c) skip          /* rotad writes the old file and starts with it in one act */
#else
#define SAY(what, m, v)
#define MOSTLY(x)
#define OR_ELSE true
#define IN_ONE_ACT(c) c
#endif
