#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""kill -9 of rotads and helpers at every act boundary and at random moments of real rotations: founding, keyfile rotation and
renewal of certificates end well, no write fails. Prints where it hit.

usage: kill9.py [--boundaries [--sample]|--random [--kills N]] [--seed S]

At boundaries: rotad is started with the boundaries (ACT:before, ACT:after) that it has not met yet in ROTAD_TEST_KILL_AT, and
sends itself SIGKILL at the first that it comes to. Each rotad meets all that it passes; with --sample each boundary is given to
one rotad, chosen by the seed."""
import argparse
import json
import os
import random
import re
import signal
import sys
import time

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, "lib"))
from bench import nest, pki  # noqa: E402
from bench.rotads import HOOK  # noqa: E402
from bench.scene import Scene, house  # noqa: E402
from bench.show import say, table, wait_for  # noqa: E402

TOP = os.environ.get("TOP_SRCDIR") or os.path.join(HERE, "..", "..")
# The acts of a founding, a keyfile rotation and a renewal that go well. "start" is what a kill in the middle of a restart leads to.
ALL = {"publish-identity", "publish-statement", "put-keyfile", "take-claim", "set-drain", "claim-acting", "restart", "start", "end-job",
       "release-claim", "vote", "retire", "ask-authority", "install-certificate", "reload", "confirm-certificate"}
ONE = {"found-ledger", "welcome", "propose", "step-down", "close", "sign-requests", "end-order"}  # done by whoever comes first, or is what they are about
# Only a fault leads to these (faults.py), or a third rotation (joins.py many).
ELSEWHERE = {"restore-keyfile", "roll-back", "hold", "roll-back-certificate", "tidy-ledger", "publish-revocation"}
SIDES = ("before", "after")


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


def cut_in_half(member, pid):
    """The hook gets no further than to stop mongod; it notes before what there is to start again."""
    wait_for("the hook to begin", 10, lambda: os.path.exists(member.pid_file + ".argv") or not any(
        HOOK in n and member.name in n for n in nest.names_of(nest.below(os.getppid()))), 0.01)
    end_hooks(member)
    if os.path.exists(member.pid_file + ".argv") and pid and pid == member.pid():
        os.kill(pid, signal.SIGTERM)


class Boundaries:
    """Which boundaries each rotad has still to meet, and which were met."""

    def __init__(self, scene, rng, is_sample):
        self.scene, self.hit = scene, {}
        self.points = ["%s:%s" % (a, side) for a in acts() if a in ALL | ONE for side in SIDES]
        self.singles = {p for p in self.points if p.split(":")[0] in ONE}
        for r in scene.fleet.all:
            r.points = set(self.points)
            r.said = 0
            r.died = lambda r=r: self.died(r)
        if is_sample:
            for p in self.points:
                if p not in self.singles and not p.startswith("start:"):
                    keeper = rng.choice(scene.fleet.all)
                    for r in scene.fleet.all:
                        if r is not keeper:
                            r.points.discard(p)
        for r in scene.fleet.all:
            self.arm(r)

    def arm(self, r):
        """From its next start on; what runs already may still die where it was told to."""
        r.env["ROTAD_TEST_KILL_AT"] = " ".join(sorted(r.points)) or "nothing:before"

    def died(self, r):
        status, _ = r.ends[-1]
        said = re.findall(r"^rotad: killed at (\S+)$", r.last_words(200), re.M)
        if status != -signal.SIGKILL or len(said) == r.said:
            end_hooks(r.member)
            if r.wanted:
                self.scene.checks.that("rotad of %s ends only by SIGKILL at a boundary" % r.name, False, "%d %s" % (status, said[-1:]))
            return
        point, r.said = said[-1], len(said)
        if point == "restart:after":
            cut_in_half(r.member, r.member.pid())
        else:
            end_hooks(r.member)
        self.hit.setdefault(point, []).append(r.name)
        r.points.discard(point)
        if point in self.singles:
            for other in self.scene.fleet.all:
                other.points.discard(point)
                self.arm(other)
        self.arm(r)

    def kills(self):
        return sum(map(len, self.hit.values()))

    def left(self):
        return [p for p in self.points if p not in self.hit]


def state_of(r):
    """"open", "carried" and the like while a rotation is under way, "" else."""
    try:
        return (r.status()["instances"][0].get("rotation") or {}).get("state") or ""
    except (ValueError, KeyError, IndexError):
        return ""


def rotate(scene, what):
    """Have one rotad take the order, whichever lives long enough; once."""
    def taken():
        for r in scene.fleet.all:
            asked = scene.rotate(r, what=what)
            if asked.status in (0, 75):
                return True
            if what == "keyfile" and any(state_of(x) in ("open", "carried") for x in scene.fleet.all):
                return True  # it died while it answered
        return False
    wait_for("the order for %s to be taken" % what, 120, taken, 0.3)


def wait_settled(scene, seconds, test=lambda: True):
    """All rotads are content: nothing is under way."""
    def settled():
        return test() and all(r.ctl("status").status == 0 for r in scene.fleet.all)
    try:
        wait_for("all rotads to be content", seconds, settled, 0.3)
        return True
    except TimeoutError as e:
        say("%s", e)
        for r in scene.fleet.all:
            print("---- %s\n%s\n%s\n%s" % (r.name, r.ctl("status").text(), r.ctl("explain").text(), r.last_words(15)), flush=True)
        return False


def renewed(scene, before):
    return all(m.served() != before[m.name] and m.served() == pki.serial_of(m.pem) for m in scene.world.members)


def keyfile_rotation(scene, told):
    scene.old_key = scene.keys(scene.world.members[0])[0]
    rotate(scene, "keyfile")
    return scene.checks.that("the keyfile rotation ends well", wait_settled(scene, 420, scene.is_rotated), told())


def renewal(scene, told):
    before = {m.name: m.served() for m in scene.world.members}
    rotate(scene, "certificates")
    return scene.checks.that("the renewal of certificates ends well", wait_settled(scene, 300, lambda: renewed(scene, before)), told())


def boundaries(scene, seed, is_sample):
    missing = set(acts()) ^ (ALL | ONE | ELSEWHERE)
    scene.checks.that("every act is known to this test", not missing, " ".join(sorted(missing)))
    b = Boundaries(scene, random.Random(seed), is_sample)

    def told():
        return "%d kills so far" % b.kills()
    for r in scene.fleet.all:
        r.start()
    if not scene.checks.that("the founding ends well", wait_settled(scene, 180), told()):
        return b.hit
    # The primary of the first rotation is not that of its second pass: each member steps down once in two rotations at the latest.
    for _ in range(3):
        if not keyfile_rotation(scene, told) or not renewal(scene, told):
            return b.hit
        if not b.left() and (is_sample or not any(p for r in scene.fleet.all for p in r.points - b.singles)):
            break
    scene.checks.that("every boundary was met", not b.left(), "%d of %d, %d kills%s" % (
        len(b.hit), len(b.points), b.kills(), "; not met: " + " ".join(b.left()) if b.left() else ""))
    if not is_sample:
        owed = ["%s %s" % (r.name, p) for r in scene.fleet.all for p in sorted(r.points - b.singles)]
        scene.checks.that("by every rotad, save what only one does", not owed, " ".join(owed))
    return b.hit


def comm(pid):
    try:
        with open("/proc/%d/comm" % pid) as f:
            return f.read().strip()
    except OSError:
        return ""


def last_act(r):
    """The last line of its journal: what it was about when it was killed."""
    try:
        with open(os.path.join(r.state, r.name, "journal"), "rb") as f:
            f.seek(0, os.SEEK_END)
            f.seek(max(0, f.tell() - 8192))
            line = json.loads(f.read().split(b"\n")[-2].split(b" ", 1)[1])
        return "%s %s" % ({"intent": "in", "proof": "after"}.get(line["kind"], line["kind"]), line["act"])
    except (OSError, ValueError, IndexError, KeyError):
        return "?"


def at_random(scene, hit, kills, rng):
    for r in scene.fleet.all:
        r.died = lambda r=r: end_hooks(r.member)
    scene.fleet.start()
    done = 0

    def told():
        return "%d kills so far" % done
    scene.checks.that("the founding ends well", wait_settled(scene, 120))
    while done < kills:
        scene.old_key = scene.keys(scene.world.members[0])[0]
        rotate(scene, "keyfile")
        start = time.monotonic()
        while done < kills and time.monotonic() - start < 240 and not scene.is_rotated():
            time.sleep(rng.uniform(0.1, 2.5))
            r = rng.choice(scene.fleet.all)
            pid = r.pid()
            if not pid:
                continue
            below = [p for p in nest.below(pid) if comm(p).startswith("rotad-")]
            victim = pid if rng.random() < 0.6 or not below else rng.choice(below)
            name, act = ("rotad" if victim == pid else comm(victim)), last_act(r)
            try:
                os.kill(victim, signal.SIGKILL)
            except OSError:
                continue
            done += 1
            hit.setdefault(act, []).append("%s of %s" % (name, r.name))
            say("kill %2d: %s of %s, %s", done, name, r.name, act)
        if not scene.checks.that("the rotation ends well", wait_settled(scene, 420, scene.is_rotated), told()):
            return
        if not scene.checks.that("no member was rolled back", not scene.events("member-not-back")):
            return


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--boundaries", action="store_true")
    ap.add_argument("--sample", action="store_true")
    ap.add_argument("--random", action="store_true")
    ap.add_argument("--kills", type=int, default=30)
    ap.add_argument("--seed", type=int, default=int(time.time()))
    a = ap.parse_args()

    def job():
        status = 0
        print("seed %d" % a.seed, flush=True)
        if a.boundaries or not a.random:
            with Scene(**house()) as scene:
                hit = boundaries(scene, a.seed, a.sample)
                scene.checks.that("no member was rolled back", not scene.events("member-not-back"))
                table([(p, " ".join(names)) for p, names in sorted(hit.items())], ["BOUNDARY", "ROTADS KILLED THERE"])
                status |= scene.finish()
        if a.random or not a.boundaries:
            hit = {}
            with Scene() as scene:
                at_random(scene, hit, a.kills, random.Random(a.seed))
                table([(len(names), act, ", ".join(sorted(names))) for act, names in sorted(hit.items())], ["KILLS", "WHERE", "WHOM"])
                status |= scene.finish()
        return status
    return nest.run(job)


if __name__ == "__main__":
    sys.exit(main())
