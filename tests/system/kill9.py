#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""kill -9 of rotads and helpers at every act boundary and at random moments of real rotations: each rotation ends well, no
write fails. Prints where it hit.

usage: kill9.py [--boundaries|--random] [--kills N] [--seed S]

At boundaries: rotad is started with ROTAD_TEST_KILL_AT=ACT:before or ACT:after and sends itself SIGKILL when it comes there;
it is started again with the next one."""
import argparse
import os
import random
import re
import signal
import sys
import time

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, "lib"))
from bench import nest  # noqa: E402
from bench.rotads import HOOK  # noqa: E402
from bench.scene import Scene  # noqa: E402
from bench.show import say, table, wait_for  # noqa: E402

TOP = os.environ.get("TOP_SRCDIR") or os.path.join(HERE, "..", "..")
# Acts that only a fault leads to, or another kind of rotation: not to be met in a keyfile rotation that goes well.
ORDER = ["publish-statement", "propose", "put-keyfile", "take-claim", "claim-acting", "set-drain", "step-down", "restart", "end-job", "release-claim",
         "vote", "close", "retire"]
ELSEWHERE = {"restore-keyfile", "roll-back", "hold", "ask-authority", "install-certificate", "reload", "confirm-certificate", "roll-back-certificate",
             "sign-requests", "found-ledger", "publish-identity", "welcome"}


def acts():
    with open(os.path.join(TOP, "src", "model", "plan.h")) as f:
        return re.findall(r'^\s*X\([A-Z_]+, "([a-z-]+)"', f.read(), re.M)


def end_hooks(member):
    """What a service manager does when rotad dies: its hooks die with it (mongod, a session of its own, does not)."""
    for pid in nest.below(os.getppid()):
        try:
            with open("/proc/%d/cmdline" % pid, "rb") as f:
                words = f.read().decode("utf-8", "replace").split("\0")
            if HOOK in words and member.name in words:
                os.kill(pid, signal.SIGKILL)
        except OSError:
            pass


def boundaries(scene, hit, patience=12):
    """Every rotad has one boundary at a time at which it dies; then the next, in the order of a rotation. One that it does not
    come to for a while is put off. Rotations follow one another until each boundary was met or two more rotations met none."""
    points = ["%s:%s" % (a, w) for a in ORDER for w in ("before", "after")]
    missing = set(acts()) - ELSEWHERE - set(ORDER)
    scene.checks.that("every act is known to this test", not missing, " ".join(missing))
    for i, r in enumerate(scene.fleet.all):
        r.points = points[i * len(points) // len(scene.fleet.all):] + points[:i * len(points) // len(scene.fleet.all)]
        r.env["ROTAD_TEST_KILL_AT"] = r.points[0]
        r.put_off = False

        def died(r=r):
            end_hooks(r.member)
            status, now = r.ends[-1]
            if status == -signal.SIGKILL:
                point = r.points.pop(0)
                if r.put_off:
                    r.points.append(point)
                else:
                    hit.setdefault(point, []).append(r.name)
                r.put_off, r.since = False, now
            else:
                scene.checks.that("rotad of %s ends only by SIGKILL" % r.name, False, status)
            r.env.pop("ROTAD_TEST_KILL_AT", None)
            if r.points:
                r.env["ROTAD_TEST_KILL_AT"] = r.points[0]
        r.died, r.since = died, time.monotonic()
    scene.fleet.start(seconds=120)
    idle, rotations = 0, 0
    while idle < 2 and rotations < 6 and any(r.points for r in scene.fleet.all):
        before, rotations = sum(map(len, hit.values())), rotations + 1
        scene.old_key = scene.keys(scene.world.members[0])[0]
        wait_for("the rotation to be taken", 120, lambda: any(scene.rotate(r).status in (0, 75) for r in scene.fleet.all), 1)
        end = time.monotonic() + 400
        while time.monotonic() < end and not scene.is_rotated():
            time.sleep(1)
            for r in scene.fleet.all:
                if r.points and r.pid() and time.monotonic() - r.since > patience:
                    r.put_off = True
                    r.kill()
        for r in scene.fleet.all:
            r.since = time.monotonic()
        if not scene.checks.that("rotation %d ends well" % rotations, scene.wait_rotated(300), "%d kills so far" % sum(map(len, hit.values()))):
            break
        idle = idle + 1 if sum(map(len, hit.values())) == before else 0
    missed = [p for p in points if p not in hit]
    scene.checks.that("every boundary was hit", not missed, "%d of %d, %d kills; not met: %s" % (
        len(hit), len(points), sum(map(len, hit.values())), " ".join(missed)))


def at_random(scene, hit, kills, rng):
    for r in scene.fleet.all:
        r.died = lambda r=r: end_hooks(r.member)
    scene.fleet.start()
    done = 0
    while done < kills:
        scene.old_key = scene.keys(scene.world.members[0])[0]
        asked = scene.rotate()
        if asked.status not in (0, 75):
            time.sleep(2)
            asked = scene.rotate(scene.fleet.all[1])
        start = time.monotonic()
        while done < kills and time.monotonic() - start < 240 and not scene.is_rotated():
            time.sleep(rng.uniform(0.2, 3))
            r = rng.choice(scene.fleet.all)
            pid = r.pid()
            if not pid:
                continue
            below = [p for p in nest.below(pid) if comm(p).startswith("rotad-")]
            victim = rng.choice([pid] + below)
            state = r.ctl("status").out.splitlines()[:1]
            try:
                os.kill(victim, signal.SIGKILL)
            except OSError:
                continue
            done += 1
            phase = (state or ["?"])[0][:70]
            hit.setdefault(phase, []).append("%s of %s" % (comm(victim) or "rotad", r.name))
            say("killed %s of %s: %s", "rotad" if victim == pid else "a helper", r.name, phase)
        if not scene.checks.that("the rotation ends well", scene.wait_rotated(600), "%d kills so far" % done):
            return


def comm(pid):
    try:
        with open("/proc/%d/comm" % pid) as f:
            return f.read().strip()
    except OSError:
        return ""


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--boundaries", action="store_true")
    ap.add_argument("--random", action="store_true")
    ap.add_argument("--kills", type=int, default=30)
    ap.add_argument("--seed", type=int, default=int(time.time()))
    a = ap.parse_args()

    def job():
        status = 0
        if a.boundaries or not a.random:
            hit = {}
            with Scene() as scene:
                boundaries(scene, hit)
                table([(p, " ".join(names)) for p, names in sorted(hit.items())], ["BOUNDARY", "ROTADS KILLED THERE"])
                status |= scene.finish()
        if a.random or not a.boundaries:
            hit = {}
            print("seed %d" % a.seed, flush=True)
            with Scene() as scene:
                at_random(scene, hit, a.kills, random.Random(a.seed))
                table([(len(names), p) for p, names in sorted(hit.items())], ["KILLS", "IN PHASE"])
                status |= scene.finish()
        return status
    return nest.run(job)


if __name__ == "__main__":
    sys.exit(main())
