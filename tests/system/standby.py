#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Strategy standby on a real set of three: the first rotation takes two passes and leaves the next key beside the one in use; each
one after it takes one restart a member, and half the time. An emergency passes the key that stands by over: it may have leaked too.

usage: standby.py PART...   parts: halves emergency"""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "lib"))
from bench.cases import Cases  # noqa: E402
from bench.scene import Scene  # noqa: E402
from bench.show import say, wait_for  # noqa: E402

CASES = Cases()
STANDBY = {"keyfile": {"mode": "act", "maxAge": "never", "strategy": "standby"}}
TIME_MAX_RATIO = 0.55


def turned(s, *urgency):
    """One rotation to its end. Gives (seconds, restarts, the keys that every file held before)."""
    before, n = s.keys(s.world.members[0]), len(s.restarts())
    start = time.monotonic()
    r = s.rotate(None, *urgency, wait="5m")
    took = time.monotonic() - start
    s.checks.that("the rotation ends well", r.status == 0, "exit %d, %.1f s" % (r.status, took))
    wait_for("every rotad to be content", 60, lambda: all(x.ctl("status").status == 0 for x in s.fleet.all), 0.3)
    return took, len(s.restarts()) - n, before


def holds(s, first, others):
    """Every file holds two keys, the first is `first` (None: any); all accept both and refuse the others."""
    kept = [s.keys(m) for m in s.world.members]
    same = all(k == kept[0] for k in kept) and len(kept[0]) == 2 and first in (None, kept[0][0])
    return same and all(m.accepts(k) for m in s.world.members for k in kept[0]) and not any(m.accepts(k) for m in s.world.members for k in others)


@CASES.case
def halves():
    """Six restarts, then three; the time as well."""
    with Scene(drain="2s", **STANDBY) as s:
        s.fleet.start()
        s.wait_ready(120)
        two, restarts, before = turned(s)
        s.checks.that("the first rotation restarts each member twice", restarts == 6, restarts)
        s.checks.that("every file holds the key in use and the next one; all accept both, and refuse the old one", holds(s, None, before))
        ones = []
        for n in (2, 3):
            one, restarts, before = turned(s)
            ones.append(one)
            s.checks.that("rotation %d restarts each member once" % n, restarts == 3, restarts)
            s.checks.that("the key that stood by is in use, a new one stands by, the old one is refused", holds(s, before[1], before[:1]))
        # the quicker one: other work on the machine makes either longer, never shorter
        s.checks.that("it takes at most %.2f of the first one's time" % TIME_MAX_RATIO, min(ones) <= TIME_MAX_RATIO * two,
                      "%s of %.1f s" % (" and ".join("%.1f" % t for t in ones), two))
        s.says(s.fleet.all[0], "stands by")
        return s.finish()


@CASES.case
def emergency():
    """A leaked keyfile: both of its keys are refused at the end, after two passes. Then back to one key."""
    with Scene(drain="2s", **STANDBY) as s:
        s.fleet.start()
        s.wait_ready(120)
        turned(s)
        _, restarts, leaked = turned(s, "--emergency")
        say("%d restarts", restarts)
        s.checks.that("two passes", restarts == 6, restarts)
        s.checks.that("neither of the two keys is accepted by any member", len(leaked) == 2 and holds(s, None, leaked))
        for r in s.fleet.all:
            r.config["keyfile"]["strategy"] = "twoPass"
            r.write()
            r.reload()
        time.sleep(1)
        _, restarts, before = turned(s)
        s.old_key = before[0]
        s.checks.that("back to one key takes one pass: the key that stood by stays alone", restarts == 3 and s.is_rotated() and s.keys(s.world.members[0]) == before[1:], restarts)
        return s.finish()


if __name__ == "__main__":
    sys.exit(CASES.main())
