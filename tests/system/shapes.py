#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Deployments of other shapes than a member a host: each rotates its keyfile for real.

usage: shapes.py CASE...

standalone: a mongod of its own, with `allowDowntime: all` and its ledger in a file.
one-host: two members of one set driven by one rotad, the third by another.
two-sets: members of two different sets driven by one rotad, each set with its own ledger, key and turn."""
import os
import sys
import tempfile

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, "lib"))
from bench import nest  # noqa: E402
from bench.cases import Cases  # noqa: E402
from bench.rotads import HOOK, Fleet  # noqa: E402
from bench.show import Checks, say, wait_for  # noqa: E402
from bench.world import World, keys_of  # noqa: E402

CASES = Cases()
case = CASES.case


def joined(rotad, *names):
    """The rotad stands in its ledgers: orders are taken."""
    def test():
        got = {i["instance"]: i for i in rotad.status()["instances"]}
        return all(got[n]["rehearsed"]["ok"] and got[n]["ledger"]["known"] and got[n]["ledger"]["id"] for n in names)
    try:
        wait_for("rotad to have joined", 90, test, 0.3)
    except TimeoutError:
        print(rotad.ctl("status").text(), rotad.ctl("explain").text(), rotad.last_words(60), sep="\n", flush=True)
        raise


def instance(m, **more):
    return dict({"name": m.name, "configFile": m.conf, "restart": {"hook": HOOK, "drain": "0s"}, "reload": "rotateCertificates"}, **more)


def world(folder, name, **more):
    return World(os.path.join(folder, name), os.environ["MONGOD"], rotactl=os.environ["ROTACTL"], set_name=name, **more)


def rehearse(rotad, member, restarts, checks):
    """What is foretold of a rotation of this very set, and the pages: of it, and of who accepts which key."""
    page, verified = (os.path.join(rotad.dir, name) for name in ("rehearsal.html", "verify.html"))
    r = rotad.ctl("--json", "--config", rotad.conf, "simulate", "--instance", member.name, "--fleets", "2", "--html", page, timeout=300)
    doc = r.json()
    first = doc["rotations"][0]["result"]
    checks.that("the set is rehearsed as it is: %d members, %d restarts, 0 unsafe" % (len(doc["members"]), first["restarts"]),
                r.status == 0 and len(doc["members"]) == len(rotad.fleet.world.members) and first["restarts"] == restarts
                and first["outcome"] == "done" and doc["fleets"]["unsafe"] == 0, r.text()[-400:])
    v = rotad.ctl("verify", "--instance", member.name, "--html", verified)
    checks.that("pages of the rehearsal and of verify name each member", v.status == 0 and all(
        str(m.port) in open(p, encoding="utf-8").read() for p in (page, verified) for m in rotad.fleet.world.members), v.text()[-400:])


def rotate(rotad, member, checks, what):
    """Order a rotation at that rotad for that member's cluster and follow it to its end."""
    r = rotad.fleet.watch(rotad, ["rotate", "keyfile", "--instance", member.name, "--yes", "--reason", "test", "--wait", "--timeout", "4m"], say, 300)
    if not checks.that("%s: the rotation ends well" % what, r.status == 0, "exit %d, %.1f s" % (r.status, r.seconds)):
        print(rotad.ctl("status").text(), rotad.ctl("explain").text(), rotad.last_words(60), sep="\n", flush=True)


def is_rotated(checks, members, old, what):
    new = keys_of(members[0].keyfile)[0]
    checks.that("%s: every keyfile holds the same new key and no other" % what, new != old and all(keys_of(m.keyfile) == [new] for m in members))
    checks.that("%s: the new key is accepted, the old one refused" % what, all(m.accepts(new) and not m.accepts(old) for m in members))
    return new


def is_quiet(checks, rotad, what):
    """Nothing is left over: no previous keyfile, status good."""
    def test():
        return rotad.ctl("status").status == 0
    try:
        checks.that("%s: status says that all is well" % what, wait_for("a quiet rotad", 30, test, 0.3))
    except TimeoutError:
        checks.that("%s: status says that all is well" % what, False, rotad.ctl("status").text()[-600:])


@case
def standalone(folder, checks):
    w = world(folder, "alone", members=1, replica=False)
    with w:
        w.up()
        m = w.members[0]
        with Fleet(w, os.environ["ROTAD"], os.environ["ROTACTL"], "0s", folder=folder) as fleet:
            r = fleet.all[0]
            fleet.start()
            said = [""]

            def refuses():
                said[0] = r.ctl("rotate", "keyfile", "--dry-run").text()
                return "allowDowntime" in said[0]
            try:
                checks.that("without allowDowntime it is refused by name", wait_for("a refusal", 60, refuses, 0.3), said[0][-200:])
            except TimeoutError:
                checks.that("without allowDowntime it is refused by name", False, said[0])
            r.stop()
            r.config["instances"] = [instance(m, allowDowntime="all")]
            r.write()
            r.start()
            joined(r, m.name)
            for n in (1, 2):  # the second from what the first left in the ledger's file
                rotate(r, m, checks, "rotation %d" % n)
                w.key = is_rotated(checks, [m], w.key, "rotation %d" % n)
            checks.that("the ledger is a file of the instance", os.path.exists(os.path.join(r.state, m.name, "ledger.json")))
            checks.that("the previous keyfile is gone", not os.path.exists(m.keyfile + ".rotad-previous"))
            is_quiet(checks, r, "standalone")
            with m.client() as c:
                checks.that("nothing of rotad's is in the database", "rotad.ledger" not in c.admin.list_collection_names())


@case
def one_host(folder, checks):
    w = world(folder, "rs0")
    with w:
        w.up()
        with Fleet(w, os.environ["ROTAD"], os.environ["ROTACTL"], "0s", folder=folder) as fleet:
            a, b, c = w.members
            both = fleet.of(a)
            both.config["instances"] = [instance(a), instance(b)]
            both.write()
            fleet.all = [both, fleet.of(c)]
            fleet.start()
            joined(both, a.name, b.name)
            rehearse(both, a, 6, checks)
            rotate(both, b, checks, "two members by one rotad")
            is_rotated(checks, w.members, w.key, "two members by one rotad")
            checks.that("the set is healthy", w.wait_healthy(60))
            for r in fleet.all:
                is_quiet(checks, r, "rotad of " + r.name)


@case
def two_sets(folder, checks):
    one, two = world(folder + "/one", "rs0", members=1), world(folder + "/two", "rs0", members=1)  # by the same name, as sets of two teams are
    with one, two:
        one.up()
        two.up()
        two.members[0].name = "db2"
        with Fleet(one, os.environ["ROTAD"], os.environ["ROTACTL"], "0s", folder=folder) as fleet:
            r, a, b = fleet.all[0], one.members[0], two.members[0]
            r.config["instances"] = [instance(a, allowDowntime="all"), instance(b, allowDowntime="all")]
            r.write()
            fleet.start()
            joined(r, a.name, b.name)
            vague = r.ctl("rotate", "keyfile", "--yes", "--reason", "test")
            checks.that("an order that names neither is refused", vague.status == 64 and "--instance" in vague.text(), vague.text()[-200:])
            rotate(r, b, checks, "the second set")
            is_rotated(checks, [b], two.key, "the second set")
            checks.that("the first set is untouched", keys_of(a.keyfile) == [one.key] and a.accepts(one.key))
            rotate(r, a, checks, "the first set")
            new = is_rotated(checks, [a], one.key, "the first set")
            checks.that("they share no key", [new] != keys_of(b.keyfile))
            is_quiet(checks, r, "two sets")


def job():
    checks = Checks()
    for name in sys.argv[1:]:
        with tempfile.TemporaryDirectory(prefix="rotad-shapes.") as folder:
            say("%s", name)
            try:
                CASES[name](folder, checks)
            finally:
                nest.end_rest()
    checks.print()
    return checks.status()


if __name__ == "__main__":
    if not sys.argv[1:] or set(sys.argv[1:]) - set(CASES):
        sys.exit("%s\nCases: %s" % (__doc__, " ".join(CASES)))
    sys.exit(nest.run(job, 580))
