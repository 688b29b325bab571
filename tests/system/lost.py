#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a rotad relies on is lost in the middle of a real rotation: the ledger is restored from a dump made before it, its collection
is dropped, the state directory of a member that has not voted is wiped. Each is held and told; nothing is narrowed, the set is healthy."""
import os
import shutil
import sys
import time

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, "lib"))
from bench import nest  # noqa: E402
from bench.scene import Scene  # noqa: E402
from bench.show import say, wait_for  # noqa: E402


def ledger(world, act):
    """act(collection), by whoever is primary, until it is done."""
    def once():
        with world.primary().client() as c:
            return [act(c.admin["rotad.ledger"].with_options(write_concern=__import__("pymongo").WriteConcern("majority")))]
    return wait_for("the ledger's primary", 60, once, 0.3)[0]


def replace(docs):
    def act(c):
        c.delete_many({})
        c.insert_many(docs)
    return act


def held(s, what, seconds=12):
    """For a while: nobody is restarted after the first moments, no file loses the old key."""
    time.sleep(3)  # a turn that was being taken comes to its end
    before = len(s.restarts())
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not all(s.old_key in s.keys(m) for m in s.world.members):
            break
        time.sleep(0.2)
    s.checks.that("%s: no file is narrowed" % what, all(s.old_key in s.keys(m) for m in s.world.members))
    s.checks.that("%s: no further turn is taken" % what, len(s.restarts()) <= before + 1, "%d before, %d after" % (before, len(s.restarts())))
    s.checks.that("%s: the set is healthy" % what, s.world.wait_healthy(30))


def job():
    with Scene() as s:
        w = s.world
        s.fleet.start()
        wait_for("all to be welcomed and to have spoken", 60, lambda: ledger(w, lambda c: c.count_documents({"_id": {"$regex": "^statement/"}})) == 3, 0.5)
        dump = ledger(w, lambda c: list(c.find()))
        s.rotate()
        wait_for("the first turn", 120, lambda: s.restarts(), 0.1)
        midway = ledger(w, lambda c: list(c.find()))
        ledger(w, replace(dump))
        say("the ledger is the one of before the rotation, %d documents in place of %d", len(dump), len(midway))
        s.told("ledger-older-than-anchor", 30)
        s.says(s.fleet.all[0], "older than this host's anchor|another than this host's anchor")
        held(s, "restored from an old dump")
        left = ledger(w, lambda c: c.count_documents({}))
        s.checks.that("nothing was written into it", left == len(dump), "%d of %d" % (left, len(dump)))

        ledger(w, lambda c: c.drop())
        say("the ledger's collection was dropped")
        s.says(s.fleet.all[1], "another than this host's anchor")
        held(s, "dropped")
        s.checks.that("nobody founded another", ledger(w, lambda c: c.count_documents({})) == 0)

        # The ledger of that moment is back; then one that has not voted loses all it knew.
        lost = w.primary()
        r = s.fleet.of(lost)
        r.stop()
        shutil.rmtree(r.state)
        os.makedirs(r.state, mode=0o700)
        ledger(w, replace(midway))
        r.start()
        say("%s has lost its state directory", r.name)
        s.told("identity-not-admitted", 60)
        other = next(x for x in s.fleet.all if x is not r)
        held(s, "state directory wiped", 20)
        s.checks.that("a person's abort is taken", wait_for("abort", 60, lambda: other.ctl("abort", "--yes", "--reason", "test").status == 0 or
                                                            "given up" in other.ctl("status").text(), 2))
        wait_for("the others to go back", 150, lambda: all(s.keys(m) == [s.old_key] for m in w.members if m is not lost), 0.5)
        s.checks.that("the others are back at the key that all share",
                      wait_for("all to accept it", 120, lambda: all(m.accepts(s.old_key) for m in w.members), 1))
        s.checks.that("its turns are over", s.wait_claim(other, "", 120))
        return s.finish()


if __name__ == "__main__":
    sys.exit(nest.run(job))
