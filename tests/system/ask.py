#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Mode ask end to end on real members: a key is too old, the plan waits and says so by a webhook, a person approves that very plan on
one host, and it is carried out on all; who approved stands in the history.

usage: ask.py approve"""
import os
import re
import sys
import time

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, "lib"))
from bench.cases import Cases  # noqa: E402
from bench.scene import Scene  # noqa: E402

CASES = Cases()


@CASES.case
def approve():
    """Nothing begins before a person's word for what is shown, and that word counts once."""
    with Scene(members=3) as s:
        for r in s.fleet.all:
            r.config["mode"] = "ask"
            r.config["keyfile"] = dict(r.config.get("keyfile", {}), mode="ask", maxAge="30d", bornAt="2020-01-01T00:00:00Z")
            r.write()
        s.fleet.start()
        s.wait_ready()
        told = s.told("plan-waits-for-approval", 90)
        found = re.search(r"rotactl approve ([0-9a-f]{8})", told.json["you"] if told else "")
        s.checks.that("the alert names it by an id", found is not None, told.json["you"] if told else "")
        r = next(x for x in s.fleet.all if told and x.member.address in told.json["headline"])
        name = found.group(1) if found else "?"
        time.sleep(10)  # long enough for a rotation that did not wait to have begun
        s.checks.that("nothing begins by itself", all(s.keys(m) == [s.old_key] for m in s.world.members) and not s.restarts())
        wrong = r.ctl("approve", "00000000", "--yes")
        s.checks.that("another id is refused, and what waits is named", wrong.status == 2 and name in wrong.text(), wrong.text())
        done = r.ctl("approve", name, "--yes")
        s.checks.that("its own is taken", done.status == 0 and "counts once" in done.text(), done.text())
        s.checks.that("it is carried out on all hosts", s.wait_rotated(300))
        history = r.ctl("history").text()
        s.checks.that("the history tells who approved what", re.search(r"approve.*\bby \S+: %s" % name, " ".join(history.split())) is not None,
                      [line for line in history.splitlines() if "approve" in line])
        again = r.ctl("approve", name, "--yes")
        s.checks.that("it counts once", again.status == 2, again.text())
        return s.finish()


if __name__ == "__main__":
    sys.exit(CASES.main())
