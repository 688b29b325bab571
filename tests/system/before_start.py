#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""rotad --before-start with real members: a keyfile that somebody overwrote while mongod was down is put right before mongod is
started with it, or left; it ends well and soon whatever is so.

usage: before_start.py PART...   parts: running stopped hung"""
import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "lib"))
from bench.cases import Cases  # noqa: E402
from bench.scene import Scene  # noqa: E402
from bench.show import say, wait_for  # noqa: E402
from bench.world import write_whole  # noqa: E402

CASES = Cases()
ACT = {"keyfile": {"mode": "act", "maxAge": "never"}}
RIDE = {"keyfile": {"mode": "act", "maxAge": "never", "rideAlong": "14d"}}


def before_start(s, m, *words):
    """What mongod's unit runs as ExecStartPre=. Gives what it said."""
    r = s.fleet.of(m)
    start = time.monotonic()
    p = subprocess.run([os.environ["ROTAD"], "--before-start", "--config", r.conf] + list(words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, text=True, timeout=60)
    took = time.monotonic() - start
    say("%s (%.2f s)", p.stdout.strip(), took)
    s.checks.that("it ends well, within 10 s, in one line", p.returncode == 0 and took <= 10 and p.stdout.count("rotad --before-start") == 1,
                  "exit %d, %.2f s" % (p.returncode, took))
    return p.stdout


def secondary(s):
    return [m for m in s.world.members if m is not s.world.primary()][-1]


def overwrite(m, key):
    write_whole(m.keyfile, key + "\n", 0o600)


def rotated(s):
    s.checks.that("a rotation", s.rotate(wait="5m").status == 0)
    wait_for("every rotad to be content", 60, lambda: all(x.ctl("status").status == 0 for x in s.fleet.all), 0.3)
    return s.keys(s.world.members[0])[0]


def resume(s):
    wait_for("resume to be taken", 60, lambda: s.fleet.all[0].ctl("resume", "--reason", "test").status == 0, 1)


@CASES.case
def running():
    """The rotad runs: with the ledger, and, where the set has no primary, by its anchor."""
    with Scene(**ACT) as s:
        s.fleet.start()
        s.wait_ready(120)
        new = rotated(s)
        m = secondary(s)
        said = before_start(s, m)
        s.checks.that("a file that is right is left", "is right" in said and s.keys(m) == [new])
        m.stop()
        overwrite(m, s.old_key)
        said = before_start(s, m)
        s.checks.that("the right file is there before mongod is started", s.keys(m) == [new], said.strip())
        m.start()
        s.checks.that("it comes up and is well", s.world.wait_healthy(60))
        s.told("foreign-write")
        resume(s)
        # all but one are away: no ledger
        down = [x for x in s.world.members if x is not m]
        s.writer.stop()
        for x in reversed(down):
            x.stop()
        x = down[0]
        time.sleep(3)
        r = s.fleet.of(x)
        overwrite(x, s.old_key)
        said = before_start(s, x)
        s.checks.that("without the ledger its anchor proves it", "was put right" in said and s.keys(x) == [new], said.strip())
        for y in down:
            y.start()
        s.checks.that("the set is whole", s.world.wait_healthy(90))
        s.checks.that("all accept the key", all(y.accepts(new) for y in s.world.members))
        s.says(r, "put right before mongod was started", seconds=60, verbs=("status", "explain"))
        return s.finish()


@CASES.case
def stopped():
    """No rotad: what its anchor, its notes and the file before prove is put back, under its lock; nothing else."""
    with Scene(**RIDE) as s:
        s.fleet.start()
        s.wait_ready(120)
        s.checks.that("rotate is taken", s.rotate().status == 0)
        wait_for("both keys in every file", 60, lambda: all(len(s.keys(m)) == 2 for m in s.world.members), 0.2)
        for m in reversed(s.world.members):
            if s.world.primary() is m:
                s.world.step_down()
            m.stop()
            before_start(s, m)
            m.start()
            s.world.wait_healthy(60)
        wait_for("the new key alone in every file", 60, lambda: all(len(s.keys(m)) == 1 for m in s.world.members), 0.2)
        new = s.keys(s.world.members[0])[0]
        m = secondary(s)
        r = s.fleet.of(m)
        r.stop()
        m.stop()
        overwrite(m, s.old_key)
        said = before_start(s, m, m.name)
        s.checks.that("the new key is put back", "was put right" in said and s.keys(m) == [new], said.strip())
        m.start()
        s.checks.that("it comes up with it", s.world.wait_healthy(60) and m.accepts(new))
        overwrite(m, s.old_key)
        said = before_start(s, m)
        s.checks.that("a second time within a day it is left", "again and again" in said and s.keys(m) == [s.old_key], said.strip())
        overwrite(m, "A" * 64)
        said = before_start(s, m)
        s.checks.that("a stranger's key is left", "not known here" in said, said.strip())
        os.unlink(m.keyfile)
        said = before_start(s, m)
        s.checks.that("where there is no file none is made", "left as it is" in said and not os.path.exists(m.keyfile), said.strip())
        said = before_start(s, m, "nobody")
        s.checks.that("an unknown instance", "no instance" in said, said.strip())
        overwrite(m, new)
        r.start()
        s.told("foreign-write")
        s.says(r, "put right before mongod was started")
        resume(s)
        s.checks.that("an emergency ends it", s.rotate(None, "--emergency", wait="5m").status == 0)
        s.checks.that("rotated", s.wait_rotated(60))
        return s.finish()


@CASES.case
def hung():
    """A rotad that hangs has the lock: nothing is written, and mongod is started in time."""
    with Scene(**ACT) as s:
        s.fleet.start()
        s.wait_ready(120)
        new = rotated(s)
        m = secondary(s)
        r = s.fleet.of(m)
        os.kill(r.pid(), signal.SIGSTOP)
        try:
            said = before_start(s, m)
            s.checks.that("a file that is right needs nobody", "is right" in said, said.strip())
            m.stop()
            overwrite(m, s.old_key)
            said = before_start(s, m)
            s.checks.that("nothing is written", s.keys(m) == [s.old_key] and "nothing was changed" in said, said.strip())
            m.start(check=False)
            wait_for("mongod to be started", 30, m.pid, 0.5)
        finally:
            os.kill(r.pid(), signal.SIGCONT)
        wait_for("the file to be put right by rotad", 60, lambda: s.keys(m) == [new], 0.5)
        m.stop()
        before_start(s, m)
        m.start()
        s.checks.that("it is well", s.world.wait_healthy(60))
        resume(s)
        return s.finish()


if __name__ == "__main__":
    sys.exit(CASES.main())
