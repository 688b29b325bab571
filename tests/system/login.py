#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""rotad logs in as the user it was given: a rotation on a real set with the user that `rotactl user --for rotad` prints, and by the
servers' logs every login of rotad as __system is the proof of a key. With a wrong password it goes on by the keys, and says so.

usage: login.py [PART...]   parts: given refused; both without any"""
import json
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "lib"))
from bench import pki  # noqa: E402
from bench.cases import Cases  # noqa: E402
from bench.scene import Scene  # noqa: E402
from bench.show import say  # noqa: E402
from bench.world import write_whole  # noqa: E402

CASES = Cases()

PASSWORD = "a-long-random-word-of-32-letters"


def logins(member):
    """(user, application, mechanism, did it succeed) of each login that the member's log tells of."""
    apps, found = {}, []
    with open(member.log, errors="replace") as f:
        for line in f:
            try:
                row = json.loads(line)
            except ValueError:
                continue
            attr, ctx = row.get("attr", {}), row.get("ctx")
            if row.get("id") == 4615611:  # another process: connections are counted anew
                apps = {}
            if row.get("msg") == "client metadata":
                apps[ctx] = attr.get("doc", {}).get("application", {}).get("name", "")
            if row.get("c") == "ACCESS" and re.search("(?i)authenticat", row.get("msg", "")):
                user = attr.get("user") or attr.get("principalName")
                if user and "mechanism" in attr:
                    found.append((user, apps.get(ctx, ""), attr["mechanism"], "fail" not in row["msg"].lower()))
    return found


def give(s, password=PASSWORD):
    """The user as rotactl prints it, and each rotad told to use it."""
    printed = json.loads(pki.call([os.environ["ROTACTL"], "user", "--for", "rotad", "--json"]))
    with s.world.primary().client() as c:
        for row in printed["commands"]:
            # on all of them: a member that has not got it yet would refuse it, rightly, and rotad tell so
            command = dict(row["command"], writeConcern={"w": len(s.world.members)})
            if "createUser" in command:
                command["pwd"] = PASSWORD
            c[row["db"]].command(command)
    for r in s.fleet.all:
        path = os.path.join(r.dir, "password")
        write_whole(path, password + "\n", 0o600)
        r.config["instances"][0]["login"] = {"user": "rotad", "password": "file:" + path}
        r.write()


@CASES.case
def given():
    """A rotation by the given user: as __system rotad only proves keys."""
    with Scene() as s:
        give(s)
        s.fleet.start()
        s.wait_ready(120)
        r = s.rotate(wait="5m")
        s.checks.that("the rotation ends well", r.status == 0, "exit %d" % r.status)
        s.checks.that("every member has the new key", s.wait_rotated(120))
        for m in s.world.members:
            rows = [x for x in logins(m) if x[1].startswith("rotad")]
            system = [x for x in rows if x[0] == "__system"]
            user = [x for x in rows if x[0] == "rotad"]
            s.checks.that("%s: as __system rotad only proves keys" % m.name, system and all(x[1] == "rotad-proof" for x in system),
                          "%d logins" % len(system) if all(x[1] == "rotad-proof" for x in system) else sorted({x[1:3] for x in system}))
            s.checks.that("%s: all else it does as its user, by SCRAM-SHA-256, never refused" % m.name,
                          user and all(x[2] == "SCRAM-SHA-256" and x[3] for x in user), "%d logins" % len(user))
        wanting = s.events("login-refused")
        s.checks.that("no given login was found wanting", not wanting, [m.json.get("what") for m in wanting])
        return s.finish()


@CASES.case
def refused():
    """A wrong password is told, and rotad goes on by the keys."""
    with Scene() as s:
        give(s, "not-" + PASSWORD)
        s.fleet.start()
        s.told("login-refused")
        s.wait_ready(120)
        tried = sum(not x[3] for m in s.world.members for x in logins(m) if x[0] == "rotad")
        say("%d refused logins of the user so far", tried)
        s.checks.that("it is not tried again and again", tried <= 5 * len(s.world.members) ** 2, tried)
        r = s.rotate(wait="5m")
        s.checks.that("the rotation ends well all the same", r.status == 0, "exit %d" % r.status)
        s.checks.that("every member has the new key", s.wait_rotated(120))
        return s.finish()


if __name__ == "__main__":
    sys.exit(CASES.main(all_by_default=True))
