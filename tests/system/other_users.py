#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Somebody who is no member uses the key: a client that logged in as __system from another address. It is told, no rotation begins
while it is there, and one that runs keeps the old key until it is gone or ignored; an emergency does not wait for it.

usage: other_users.py [PART...]   parts: start gone ignored emergency; all without any"""
import os
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "lib"))
from pymongo.errors import PyMongoError  # noqa: E402
from bench.cases import Cases  # noqa: E402
from bench.relay import Relay  # noqa: E402
from bench.scene import Scene  # noqa: E402
from bench.show import say, wait_for  # noqa: E402

CASES = Cases()

PATIENCE = 12  # seconds in which nothing may move that waits


class Stranger:
    """A program that uses the keyfile's key, from 127.0.0.9, and looks in now and then."""

    def __init__(self, member, key):
        self.relay = Relay(member.port)
        self.client = member.client(key=key, port=self.relay.port)
        self.look()

    def look(self):
        self.client.admin.command("ping")
        return True

    def leave(self):
        self.client.close()
        self.relay.close()


def carried(s):
    """All have voted, nobody has dropped the old key yet: the moment in which the old key may go."""
    def test():
        r = s.fleet.all[0].status()["instances"][0]["rotation"]
        return r and r["state"] == "carried"
    return test


def begin_beside(s, urgency=()):
    """A rotation under way, and the stranger comes once it cannot be refused any more. He comes to the member whose turn is last,
    so that he is there, on one connection, when all have voted."""
    asked = s.rotate(None, *urgency)
    s.checks.that("a rotation is taken", asked.status in (0, 75), asked.text())
    last = s.world.primary()
    wait_for("the primary's first restart", 240, lambda: s.restarts(last), 0.1)

    def back():
        try:
            return last.pid() and Stranger(last, s.old_key)
        except PyMongoError:  # it is just being stopped or started
            return None
    return wait_for("its return", 60, back, 0.1)


def holds_old(s):
    return [m.name for m in s.world.members if s.old_key in s.keys(m)]


@CASES.case
def start():
    """He is there before: the rotation does not begin, and it is said why; once he is gone it does."""
    with Scene() as s:
        who = Stranger(s.world.members[1], s.old_key)
        s.fleet.start()
        asked = s.rotate()
        say("rotactl: %s", asked.text())
        told = s.told("key-used-by-others")
        s.checks.that("it says from where and at whom", told and "127.0.0.9" in told.json["what"] and s.world.members[1].address in told.json["what"])
        s.says(s.fleet.all[0], r"other users of the key +(?i:refuse) +127\.0\.0\.9")
        time.sleep(PATIENCE)
        s.checks.that("nothing was written or restarted", all(s.keys(m) == [s.old_key] for m in s.world.members) and not s.restarts())
        s.checks.that("he was not disturbed", who.look())
        who.leave()
        s.checks.that("once he is gone the rotation is made", s.wait_rotated())
        s.checks.that("no member was taken for a stranger", all(re.findall("127[.0-9]+", m.json["what"]) == ["127.0.0.9"] for m in s.events("key-used-by-others")))
        return s.finish()


def waits(s):
    who = begin_beside(s)
    wait_for("the votes", 240, carried(s), 0.1)
    time.sleep(PATIENCE)
    s.checks.that("the old key stays in every keyfile while he is there", len(holds_old(s)) == 3, " ".join(holds_old(s)))
    s.checks.that("and he may go on", who.look())
    s.told("key-used-by-others")
    s.says(s.fleet.all[0], r"127\.0\.0\.9")
    st = s.fleet.all[0].ctl("status")
    s.checks.that("status asks for attention, and any member may be restarted", st.status == 1 and re.search("(?i)any member may be restarted.*yes", st.text()))
    return who


@CASES.case
def gone():
    """He comes while one runs: the old key stays until he is gone."""
    with Scene() as s:
        s.fleet.start()
        who = waits(s)
        who.leave()
        s.checks.that("once he is gone the old key goes", s.wait_rotated())
        return s.finish()


@CASES.case
def ignored():
    """The same, and a person says that it does not matter."""
    with Scene() as s:
        s.fleet.start()
        who = waits(s)
        for r in s.fleet.all:
            r.config["keyfile"]["otherUsers"] = "ignore"
            r.write()
            r.reload()
        s.checks.that("once he is ignored the old key goes", s.wait_rotated())
        who.leave()
        return s.finish()


@CASES.case
def emergency():
    """A leaked key: who has it is not waited for."""
    with Scene() as s:
        who = Stranger(s.world.members[1], s.old_key)
        s.fleet.start()
        asked = s.rotate(None, "--emergency")
        s.checks.that("the emergency is taken", asked.status in (0, 75), asked.text())
        s.told("key-used-by-others")
        s.checks.that("the old key goes", s.wait_rotated())
        who.leave()
        return s.finish()


if __name__ == "__main__":
    sys.exit(CASES.main(all_by_default=True))
