#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An operator's bad day on real members: one that is gone for good, before a rotation and in its middle, and comes back all the same;
an identity in wrong hands.

usage: bad_day.py without|carried|midway|revoked..."""
import os
import re
import sys
import time

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, "lib"))
from bench.cases import Cases  # noqa: E402
from bench.scene import Scene  # noqa: E402
from bench.show import say, wait_for  # noqa: E402
from bench.world import write_whole  # noqa: E402

CASES = Cases()
case = CASES.case


def four(s):
    """The last of four members has no vote: without it the others keep both majorities, also in their turns."""
    w = s.world

    def once():
        with w.primary().client() as c:
            conf = c.admin.command("replSetGetConfig")["config"]
            conf["version"] += 1
            conf["members"][3].update(votes=0, priority=0)
            c.admin.command("replSetReconfig", conf)
            return True
    wait_for("the new configuration", 60, once, 0.5)
    w.wait_healthy(60)
    return w.members[3]


def given_login(s):
    """A user that the rotads log in with, so that no dead key shuts them out of the ledger."""
    with s.world.primary().client() as c:
        c.admin.command("createUser", "rotad", pwd="secret-of-a-test", roles=["root"], writeConcern={"w": "majority"})
    secret = os.path.join(s.dir, "login.secret")
    write_whole(secret, "secret-of-a-test")
    for r in s.fleet.all:
        r.config["instances"][0]["login"] = {"user": "rotad", "password": "file:" + secret}
        r.write()


def die(s, m):
    """Its host is gone."""
    s.fleet.of(m).stop()
    m.stop()
    say("%s is gone, with its rotad", m.name)


def rotate_without(s, r, gone):
    die(s, gone)
    # By now that rotad sees that it is away.
    wait_for("it to be missed", 30, lambda: gone.address not in [m["host"] for m in r.status()["instances"][0]["members"] if m["answers"]], 0.3)
    result = s.rotate(r, "--without", gone.address, wait="4m")
    s.checks.that("the order without it is carried out", result.status == 0, result.out.splitlines()[-3:] or result.err)
    wait_others(s, gone)


def others_of(s, m):
    return [x for x in s.world.members if x is not m]


def are_rotated(s, members):
    new = s.keys(members[0])
    return len(new) == 1 and new[0] != s.old_key and all(s.keys(m) == new for m in members) and all(m.accepts(new[0]) for m in members) and \
        not any(m.accepts(s.old_key) for m in members)


def wait_others(s, m, seconds=200):
    try:
        return s.checks.that("all others hold one new key and refuse the old one",
                             wait_for("the rotation's end without " + m.name, seconds, lambda: are_rotated(s, others_of(s, m)), 0.5))
    except TimeoutError:
        for r in s.fleet.all:
            print(r.ctl("status").text(), r.ctl("explain").text(), sep="\n", flush=True)
        return s.checks.that("all others hold one new key and refuse the old one", False)


@case
def without():
    """One is gone before a rotation, which is ordered without it; it comes back with the dead key and gets the present one."""
    with Scene(members=4) as s:
        w = s.world
        gone = four(s)
        given_login(s)
        s.fleet.start()
        s.wait_ready()
        r = s.fleet.of(w.members[0])
        alive = s.rotate(r, "--without", gone.address)
        s.checks.that("who answers is not declared dead", alive.status == 2 and "it is not dead" in alive.text(), alive.text())
        rotate_without(s, r, gone)
        s.checks.that("its file has the old key still", s.keys(gone) == [s.old_key])
        gone.start(check=False)
        s.fleet.of(gone).start()
        say("%s is back with the dead key", gone.name)
        s.checks.that("it gets the present key and is one of the set again", s.wait_rotated(200))
        s.checks.that("the others were not restarted for it", len(s.restarts(w.members[0])) == 2, len(s.restarts(w.members[0])))
        return s.finish()


@case
def carried():
    """The same where its rotad has no login of its own: a person carries the key in use to it, sealed."""
    with Scene(members=4) as s:
        w = s.world
        gone = four(s)
        s.fleet.start()
        s.wait_ready()
        r, lost = s.fleet.of(w.members[0]), s.fleet.of(gone)
        rotate_without(s, r, gone)
        gone.start(check=False)
        lost.start()
        s.says(lost, "the ledger does not answer", 60)
        say("%s is back with the dead key, and its rotad can log in nowhere", gone.name)
        request, answer = (os.path.join(s.dir, f) for f in ("request", "answer"))
        asked = lost.ctl("keyfile", "import", "--request", "--out", request)
        s.checks.that("it asks", asked.status == 0, asked.text())
        given = r.ctl("keyfile", "export", "--for", request, "--out", answer)
        s.checks.that("a host that is well answers", given.status == 0, given.text())
        kept = open(request).read() + open(answer).read()
        s.checks.that("no key can be read in either", s.keys(w.members[0])[0][:24] not in kept and s.old_key[:24] not in kept)
        wrong = s.fleet.of(w.members[1]).ctl("keyfile", "import", answer)
        s.checks.that("another host does not take it", wrong.status == 2, wrong.text())
        taken = lost.ctl("keyfile", "import", answer)
        s.checks.that("who asked does", taken.status == 0, taken.text())
        s.checks.that("it gets the present key and is one of the set again", s.wait_rotated(200))
        again = lost.ctl("keyfile", "import", answer)
        s.checks.that("once", again.status == 2, again.text())
        return s.finish()


@case
def midway():
    """One dies in the middle of a rotation, which waits; declared dead, it goes on without it. Then that one comes back."""
    with Scene(members=4) as s:
        w = s.world
        gone = four(s)
        given_login(s)
        s.fleet.start()
        s.wait_ready()
        r = s.fleet.of(w.members[0])
        s.rotate(r)
        # Its own turn is the first; who dies with the turn in hand keeps it until a person gives it back.
        wait_for("the turn of another one", 120, lambda: any(s.restarts(m) for m in others_of(s, gone)), 0.1)
        die(s, gone)
        s.told("member-unreachable", 120)
        before = {m.name: s.keys(m) for m in others_of(s, gone)}
        s.checks.that("nothing is narrowed while it is waited for", all(s.old_key in k for k in before.values()))

        def declared():
            x = s.rotate(r, "--without", gone.address)
            return x if x.status == 0 else None
        result = wait_for("the word to be taken", 60, declared, 2)
        s.checks.that("it is declared dead", "is declared dead" in result.text(), result.text())
        s.told("member-declared-dead", 20)
        again = r.ctl("abort", "--yes", "--reason", "test")
        say("an abort now: %s", again.text().splitlines()[:2])
        if again.status == 0:
            s.checks.that("and the members go back to the old key",
                          wait_for("the way back", 200, lambda: all(s.keys(m) == [s.old_key] for m in others_of(s, gone)), 0.5))
            wait_for("its end", 100, lambda: r.status()["instances"][0]["rotation"]["state"] == "closed", 0.5)
            s.checks.that("and the next one, without it, ends", s.rotate(r, "--without", gone.address, wait="4m").status == 0)
        wait_others(s, gone)
        gone.start(check=False)
        s.fleet.of(gone).start()
        s.checks.that("it gets the present key and is one of the set again", s.wait_rotated(200))
        return s.finish()


@case
def revoked():
    """A host was broken into: its identity is revoked with an emergency; it gets no key and has no say."""
    with Scene(members=4) as s:
        w = s.world
        stolen = four(s)
        s.fleet.start()
        s.wait_ready()
        r, thief = s.fleet.of(w.members[0]), s.fleet.of(stolen)
        mine = r.ctl("trust", "revoke", w.members[0].address, "--reason", "test", "--yes")
        s.checks.that("nobody revokes itself", mine.status == 2 and "this host" in mine.text(), mine.text())
        result = s.rotate(r, "--emergency", "--revoke", stolen.address)
        s.checks.that("the emergency is taken", result.status == 0, result.text())
        s.told("identity-revoked", 30)
        for x in s.fleet.all:
            if x is thief:
                continue

            def listed(x=x):
                return re.search("revoked", x.ctl("trust", "list").out)
            s.checks.that("%s lists it as revoked" % x.name, wait_for("the list of " + x.name, 60, listed, 0.5))
        s.says(thief, "identity of this host is revoked", 60)
        order = thief.ctl("pause", "--reason", "test")  # not an order: that is refused for the rotation under way first
        s.checks.that("what it asks for is refused", order.status == 2 and "revoked" in order.text(), order.text())
        s.told("dead-member-alive", 120)
        time.sleep(5)
        s.checks.that("no turn is taken while it is alive", not s.restarts(), len(s.restarts()))
        stolen.stop()
        say("%s is shut down by a person", stolen.name)
        wait_others(s, stolen)
        s.checks.that("it got no new key", s.keys(stolen) == [s.old_key] or not set(s.keys(stolen)) & set(s.keys(w.members[0])))
        thief.stop()
        s.fleet.all.remove(thief)

        def out():
            with w.primary().client() as c:
                conf = c.admin.command("replSetGetConfig")["config"]
                conf["version"] += 1
                conf["members"].pop()
                c.admin.command("replSetReconfig", conf)
                return True
        wait_for("it to be taken out of the set", 60, out, 0.5)
        w.members.remove(stolen)
        return s.finish()


if __name__ == "__main__":
    sys.exit(CASES.main())
