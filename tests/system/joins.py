#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Members that come and go in the middle of a real rotation, and a ledger after many rotations.

usage: joins.py adds|removes|many..."""
import os
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, "lib"))
from bench.cases import Cases  # noqa: E402
from bench.rotads import Rotad  # noqa: E402
from bench.scene import Scene  # noqa: E402
from bench.show import say, wait_for  # noqa: E402
from bench.world import Member, free_ports  # noqa: E402

CASES = Cases()
case = CASES.case


def reconfigure(world, change):
    """change(members) on the configuration, through whoever is primary."""
    def once():
        with world.primary().client() as c:
            conf = c.admin.command("replSetGetConfig")["config"]
            conf["version"] += 1
            change(conf["members"])
            c.admin.command("replSetReconfig", conf)
            return True
    return wait_for("the new configuration", 60, once, 0.5)


def documents(world):
    with world.primary().client() as c:
        return sorted(d["_id"] for d in c.admin["rotad.ledger"].find({}, {"_id": 1}))


def wait_midway(s):
    """The first member runs with both keys, and the votes are not complete."""
    wait_for("the first turn of the first pass", 120, lambda: s.restarts(), 0.1)


@case
def adds():
    """A fourth member, set up with the key in use, joins when the first of the others has been restarted."""
    with Scene() as s:
        w = s.world
        s.fleet.start()
        s.rotate()
        wait_midway(s)
        m = Member(w, "db4", free_ports(1)[0])
        m.lay_out(s.old_key)
        m.start()
        reconfigure(w, lambda members: members.append({"_id": 3, "host": m.address}))
        r = Rotad(s.fleet, m, **s.changes)
        s.fleet.all.append(r.start())
        say("%s was added in the middle", m.name)
        proposals = [d for d in documents(w) if d.startswith("proposal/")]
        w.members.append(m)
        s.checks.that("the rotation ends well, with the newcomer", s.wait_rotated(400))
        docs = documents(w)
        s.checks.that("it was the same rotation", [d for d in docs if d.startswith("proposal/")] == proposals == ["proposal/1"], proposals)
        with w.primary().client() as c:
            roll = c.admin["rotad.ledger"].find_one({"_id": "roll/1"})["text"]
        s.checks.that("the newcomer did not vote", '"%s":{"content"' % m.address not in roll)
        history = r.ctl("history", "--json").text()
        s.checks.that("it went by way of both keys", history.count('"put-keyfile"') >= 2, "%d" % history.count('"put-keyfile"'))
        return s.finish()


@case
def removes():
    """A member that has not voted is taken out: named; the rotation is given up and asked for again, without it."""
    with Scene(members=4) as s:
        w = s.world
        s.fleet.start()
        s.rotate()
        wait_midway(s)
        first = s.restarts()[0].member
        gone = next(m for m in reversed(w.members) if m is not w.primary() and m is not first)
        reconfigure(w, lambda members: [members.remove(x) for x in list(members) if x["host"] == gone.address])
        w.members.remove(gone)
        say("%s was taken out in the middle", gone.name)
        asked = next(r for r in s.fleet.all if r.member is first)
        voted = False
        try:
            wait_for("a word about it", 90, lambda: "was taken out of the set" in asked.ctl("status").text() + asked.ctl("explain").text(), 0.5)
        except TimeoutError:
            voted = '"%s":{"content"' % gone.address in wait_for("the roll", 30, lambda: w.primary().client().admin["rotad.ledger"].find_one({"_id": "roll/1"}))["text"]
        s.checks.that("it is named as the one without a vote", not voted)
        keys = [s.keys(m) for m in w.members]
        s.checks.that("no file was narrowed", all(s.old_key in k for k in keys))
        s.checks.that("abort is taken", asked.ctl("abort", "--yes", "--reason", "test").status == 0)
        wait_for("all to be back", 200, lambda: all(s.keys(m) == [s.old_key] for m in w.members), 0.5)
        away = s.fleet.of(gone)
        away.stop()
        gone.stop()
        s.fleet.all.remove(away)
        wait_for("the next rotation to be taken", 200, lambda: s.rotate(asked).status in (0, 75), 2)
        s.checks.that("the next rotation, without it, ends well", s.wait_rotated(300))
        return s.finish()


@case
def many(rotations=6):
    """A set of one member: after each rotation the ledger holds the last two, and no more than before."""
    with Scene(members=1, writer=False) as s:
        r = s.fleet.all[0]
        r.config["instances"][0]["allowDowntime"] = "all"
        r.write()
        s.fleet.start()
        counts = []
        for n in range(1, rotations + 1):
            s.old_key = s.keys(r.member)[0]
            wait_for("rotation %d to be taken" % n, 60, lambda: s.rotate().status in (0, 75), 0.5)
            if not s.checks.that("rotation %d ends well" % n, s.wait_rotated(120)):
                break
            try:
                wait_for("the ledger to be tidied", 30, lambda: len([d for d in documents(s.world) if d.startswith("proposal/")]) <= 2, 0.3)
            except TimeoutError:
                pass
            docs = documents(s.world)
            counts.append(len(docs))
            say("after rotation %d: %s", n, " ".join(d[:24] for d in docs))
        s.checks.that("the last two generations are there, and those alone",
                      [d for d in docs if d.startswith("proposal/")] == ["proposal/%d" % (rotations - 1), "proposal/%d" % rotations] and
                      len([d for d in docs if d.startswith("roll/")]) == 2)
        s.checks.that("no order and no envelope is left but the welcome", not [d for d in docs if d.startswith("order/") or d.startswith("envelope/") and not d.startswith("envelope/0/")])
        s.checks.that("it does not grow", len(set(counts[2:])) == 1, counts)
        return s.finish()


if __name__ == "__main__":
    sys.exit(CASES.main())
