#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""keyfile.rideAlong on a real set of three: restarts wait for such as happen anyway.

usage: ride.py PART...   parts: patched deadline emergency"""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "lib"))
from bench.cases import Cases  # noqa: E402
from bench.scene import Scene  # noqa: E402
from bench.show import wait_for  # noqa: E402

CASES = Cases()
DAYS = {"keyfile": {"mode": "act", "maxAge": "never", "rideAlong": "14d"}}
MINUTE = {"keyfile": {"mode": "act", "maxAge": "never", "rideAlong": "1m"}}


def begun(s):
    """All rotads run, and a rotation is asked for; both keys come to be in every file, and nothing is restarted."""
    s.fleet.start()
    s.wait_ready(120)
    s.checks.that("rotate is taken", s.rotate().status == 0)
    wait_for("both keys in every file", 60, lambda: all(len(s.keys(m)) == 2 for m in s.world.members), 0.2)


def patch(s, member):
    """A person restarts the member, as for patching."""
    if s.world.primary() is member:
        s.world.step_down()
    member.stop()
    member.start()
    s.world.wait_healthy(60)


def turns(s):
    """Turns that rotads took, by the words of their journals."""
    return sum(r.ctl("history").text().count("take-claim") for r in s.fleet.all)


@CASES.case
def patched():
    """A person restarts all members in each pass, in any order: rotad restarts nobody."""
    with Scene(**DAYS) as s:
        begun(s)
        time.sleep(5)
        s.checks.that("nothing is restarted", not s.restarts())
        s.says(s.fleet.all[0], r"waits: restarts that come anyway: until [-0-9]+ [0-9:]+; 0 of 3 done")
        s.says(s.fleet.all[0], "rotactl rotate keyfile --emergency")
        members = list(reversed(s.world.members))
        for n, m in enumerate(members):
            patch(s, m)
            if n < 2:
                s.says(s.fleet.all[0], "; %d of 3 done" % (n + 1))
                s.says(s.fleet.of(m), "has voted for key 2; the others wait for restarts that happen anyway", verbs=("explain",))
                wait_for("it to be on course", 30, lambda: s.fleet.of(m).ctl("status").status == 0, 0.5)
        wait_for("the new key alone in every file", 60, lambda: all(len(s.keys(m)) == 1 for m in s.world.members), 0.2)
        s.checks.that("three restarts so far, each by the person", len(s.restarts()) == 3, len(s.restarts()))
        for m in members:
            patch(s, m)
        s.checks.that("rotated", s.wait_rotated(60))
        s.checks.that("six restarts, each by the person", len(s.restarts()) == 6, len(s.restarts()))
        s.checks.that("no rotad took a turn", turns(s) == 0, turns(s))
        return s.finish()


@CASES.case
def deadline():
    """One is restarted by a person, the others by nobody: after each deadline the rest is restarted in turn."""
    with Scene(**MINUTE) as s:
        begun(s)
        start = time.monotonic()
        lone = [m for m in s.world.members if m is not s.world.primary()][0]
        patch(s, lone)
        wait_for("a turn", 120, lambda: len(s.restarts()) > 1, 0.5)
        waited = time.monotonic() - start
        s.checks.that("the first turn comes after the deadline", 50 <= waited <= 90, "%.1f s" % waited)
        s.checks.that("rotated", s.wait_rotated(240))
        s.checks.that("both passes waited", time.monotonic() - start >= 110, "%.1f s" % (time.monotonic() - start))
        s.checks.that("five restarts in turn beside that one", len(s.restarts()) == 6 and len(s.restarts(lone)) == 2,
                      "%d, of it %d" % (len(s.restarts()), len(s.restarts(lone))))
        return s.finish()


@CASES.case
def emergency():
    """An emergency ends a wait of days at once, for both passes."""
    with Scene(**DAYS) as s:
        begun(s)
        time.sleep(5)
        s.checks.that("nothing is restarted", not s.restarts())
        s.checks.that("the emergency is taken", s.rotate(None, "--emergency", wait="5m").status == 0)
        s.checks.that("rotated", s.wait_rotated(60))
        s.checks.that("six restarts", len(s.restarts()) == 6, len(s.restarts()))
        return s.finish()


if __name__ == "__main__":
    sys.exit(CASES.main())
