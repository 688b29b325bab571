#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a rotad relies on is lost in the middle of a real rotation: the ledger is restored from a dump made before it, its collection
is dropped, the state directory of a member that has not voted is wiped. Each is held and told; nothing is narrowed, the set is healthy.
Then a person confirms the new identity of the wiped host on the others, and a whole rotation ends with it.

usage: lost.py [rebuild]: with it, ledgers that cannot be had back, made anew by persons on each host."""
import os
import re
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


def confirmed(s, r):
    """A person admits the host's new identity on each other host; then it takes its part in a whole rotation."""
    others = [x for x in s.fleet.all if x is not r]
    mine = next(i for i in r.ctl("trust", "list", "--json").json()["instances"][0]["identities"] if i["state"] == "self")["fingerprint"]
    host = r.member.address
    for x in others:
        lines = x.ctl("trust", "list")
        s.checks.that("%s names the identity that differs" % x.name, lines.status == 1 and re.search(mine[:16] + ".*DIFFERS", lines.out), lines.text())

    def confirm(x, fingerprint):
        return x.ctl("trust", "confirm", host, "--fingerprint", fingerprint, "--reason", "its disk was replaced")
    for wrong in ("0" * 16, mine[:15]):
        s.checks.that("another fingerprint (%s) is refused" % wrong, confirm(others[0], wrong).status == 2)
    s.checks.that("its own host does not confirm itself", confirm(r, mine).status == 2)
    first = confirm(others[0], mine[:16])
    s.checks.that("a person confirms it on the first", first.status == 0, first.text())
    s.checks.that("that is told", s.told("operator-act") is not None)
    second = others[1].ctl("trust", "list")
    s.checks.that("the second host goes by its own pins", second.status == 1, second.text())
    for x in others:
        again = confirm(x, mine)
        s.checks.that("%s admits it" % x.name, again.status == 0, again.text())
    for x in s.fleet.all:
        def well(x=x):
            return x.ctl("trust", "list").status == 0
        s.checks.that("%s believes every host" % x.name, wait_for("trust list of " + x.name, 60, well, 0.5))
    s.wait_ready(120)
    say("the host that lost its state is ready for its part")
    wait_for("the aborted rotation to be closed", 120, lambda: all(x.status()["instances"][0]["rotation"]["state"] == "closed" for x in s.fleet.all), 0.5)
    result = s.rotate(r, wait="4m")
    s.checks.that("a rotation asked of it ends", result.status == 0, result.out.splitlines()[-1:] or result.err)
    s.checks.that("by its end all hold one new key, and refuse the old one", s.wait_rotated(60))
    table = others[0].ctl("trust", "list").out
    s.checks.that("the identity of before is only replaced", "replaced" in table and "DIFFERS" not in table, table)


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
        confirmed(s, r)
        return s.finish()


def made_anew(s, first, what):
    """By one host's word, and each other's; nothing begins before the last."""
    w, rest = s.world, [r for r in s.fleet.all if r is not first]
    before = {m: s.keys(m) for m in w.members}
    made = first.ctl("ledger", "rebuild", "--yes", "--reason", "test", "--json")
    s.checks.that("%s: %s makes it anew" % (what, first.name), made.status == 0, made.text()[-300:])
    new = made.json()["ledger"] if made.status == 0 else "0" * 32
    wrong = rest[0].ctl("ledger", "rebuild", "--join", "0" * 12, "--yes")
    s.checks.that("%s: another id is refused" % what, wrong.status == 2, wrong.text()[-200:])
    got = rest[0].ctl("ledger", "rebuild", "--join", new[:12], "--yes")
    s.checks.that("%s: %s goes over to it" % (what, rest[0].name), got.status == 0, got.text()[-300:])
    s.says(rest[1], "another than this host's anchor")
    time.sleep(5)
    s.checks.that("%s: nothing was written and nothing restarted meanwhile" % what, {m: s.keys(m) for m in w.members} == before)
    s.checks.that("%s: the last one goes over" % what, rest[1].ctl("ledger", "rebuild", "--join", new, "--yes").status == 0)
    s.checks.that("%s: said twice it is the same" % what, rest[1].ctl("ledger", "rebuild", "--join", new, "--yes").status == 0)
    s.wait_ready(120)
    s.checks.that("%s: no file was touched" % what, {m: s.keys(m) for m in w.members} == before)


def rebuilt():
    with Scene() as s:
        w = s.world
        s.fleet.start()
        s.wait_ready(120)
        s.rotate()
        wait_for("a vote", 120, lambda: ledger(w, lambda c: c.count_documents({"_id": "roll/1"})), 0.1)
        ledger(w, lambda c: c.update_one({"_id": "roll/1"}, {"$set": {"text": "nobody can read this"}, "$inc": {"rev": 1}}))
        say("the votes of the rotation cannot be read any more")
        time.sleep(10)
        s.checks.that("nobody narrows its file", all(s.old_key in s.keys(m) for m in w.members))
        made_anew(s, s.fleet.all[2], "unreadable votes")
        result = s.rotate(s.fleet.all[0], wait="4m")
        s.checks.that("a rotation ends", result.status == 0, result.out.splitlines()[-1:] or result.err)
        s.checks.that("by its end all hold one new key, and refuse the old one", s.wait_rotated(60))

        second = s.keys(w.members[0])[0]
        s.rotate()
        narrowed = wait_for("a file without the old key", 240, lambda: [m for m in w.members if second not in s.keys(m)], 0.05)[0]
        ledger(w, lambda c: c.drop())
        say("the ledger was dropped while %s has the new key alone in its file", narrowed.name)
        time.sleep(15)  # a turn that was being taken comes to its end
        made_anew(s, s.fleet.of(narrowed), "dropped after the votes")
        result = s.rotate(s.fleet.all[1], wait="4m")
        s.checks.that("a rotation ends once more", result.status == 0, result.out.splitlines()[-1:] or result.err)
        s.checks.that("all hold one new key", wait_for("one key", 60, lambda: len({tuple(s.keys(m)) for m in w.members}) == 1 and len(s.keys(w.members[0])) == 1, 0.5))
        s.checks.that("the key of before is refused everywhere", not any(m.accepts(second) for m in w.members))
        return s.finish()


if __name__ == "__main__":
    sys.exit(nest.run(rebuilt if sys.argv[1:] == ["rebuild"] else job))
