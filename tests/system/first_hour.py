#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The tools of the first hour, against real rotads, receivers and members.

usage: first_hour.py CASE..."""
import http.server
import json
import os
import shutil
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, "lib"))
from bench import hooksink, nest  # noqa: E402
from bench.cases import Cases  # noqa: E402
from bench.rotads import Fleet  # noqa: E402
from bench.show import Checks, say, wait_for  # noqa: E402
from bench.world import free_ports, write_whole  # noqa: E402

CASES = Cases()
case = CASES.case


class Nobody:
    """A member without a process: a rotad that has nobody to look after all the same has its alerts."""

    def __init__(self, folder):
        self.name, self.conf = "rs0-a", os.path.join(folder, "mongod.conf")
        write_whole(self.conf, "net:\n  port: %d\nreplication:\n  replSetName: rs0\n" % free_ports(1)[0])


class Place:
    def __init__(self, folder, *members):
        self.dir, self.members = folder, list(members)


def hanging():
    """A receiver that takes the connection and says nothing."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            time.sleep(60)

        def log_message(self, *a):
            pass
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return "http://localhost:%d/" % server.server_address[1]


@case
def alerts():
    """alert test says of each target what its receiver answered; the test is signed, and nothing is left behind."""
    checks, folder = Checks(), tempfile.mkdtemp(prefix="rotad-hour.")
    secret = hooksink.new_secret()
    secret_file = os.path.join(folder, "secret")
    write_whole(secret_file, secret + "\n")
    good, broken = os.path.join(folder, "good"), os.path.join(folder, "broken")
    write_whole(good, "#!/bin/sh\ncat >%s.$1\n" % good, 0o700)
    write_whole(broken, "#!/bin/sh\necho no such pager >&2\nexit 70\n", 0o700)
    with hooksink.HookSink(secret) as ops, hooksink.HookSink(secret, answer=401) as no, hooksink.HookSink(secret, answer=503) as busy:
        hook = {"type": "webhook", "secret": "file:" + secret_file, "minSeverity": "critical"}
        targets = [dict(hook, name="ops", url=ops.url), dict(hook, name="no", url=no.url), dict(hook, name="busy", url=busy.url),
                   dict(hook, name="nobody", url="http://localhost:%d/" % free_ports(1)[0]), dict(hook, name="hangs", url=hanging()),
                   {"name": "pager", "type": "command", "command": good}, {"name": "broken", "type": "command", "command": broken}]
        fleet = Fleet(Place(folder, Nobody(folder)), os.environ["ROTAD"], os.environ["ROTACTL"], alerts=targets)
        r = fleet.all[0]
        r.start()
        wait_for("rotad to answer", 30, lambda: r.ctl("alert", "test", "ops").status == 0, 0.2)
        m = ops.all()[-1]
        checks.that("the test arrives, signed, also below minSeverity", not m.wrong and m.json["event"] == "alert-test", m.wrong or m.json["headline"])
        checks.that("its five rows are filled", all(m.json.get(k) for k in ("headline", "what", "now", "we_did", "you")))
        one = r.ctl("alert", "test", "ops")
        checks.that("one target by its name: only that one", one.status == 0 and len(one.out.splitlines()) == 2, one.out)
        whole = r.ctl("alert", "test", timeout=120)
        for line in whole.out.splitlines():
            say("  %s", line)
        lines = whole.out.replace("\n    ", " ").splitlines()  # unfolded
        checks.that("not all took it: exit 2", whole.status == 2, whole.status)
        for what, wanted in {"ops": "answered 204 in 0.", "no": "answered 401 in 0.", "busy": "answered 503 in 0.", "nobody": "not delivered in 0.",
                             "hangs": "not delivered in 10.", "pager": "taken in 0.", "broken": "no such pager"}.items():
            line = next((x for x in lines if x.startswith("  %s (" % what)), "")
            checks.that("%s: %s" % (what, wanted), wanted in line, line)
        checks.that("it takes no longer than the slowest", whole.seconds < 25, "%.1f s" % whole.seconds)
        with open(good + ".alert-test") as f:
            checks.that("the command got the same JSON", json.load(f)["data"]["event"] == "alert-test")
        got = r.ctl("--json", "alert", "test", "no").json()
        checks.that("--json has the status as a number", got["targets"][0]["status"] == 401 and got["exit"] == 2, got["targets"])
        checks.that("an unknown target is refused by name", r.ctl("alert", "test", "chat").status == 2)
        n = len(no.all())
        time.sleep(3)
        checks.that("a test that failed is not sent again", len([x for x in no.all()[n:] if x.json.get("event") == "alert-test"]) == 0)
        both = [threading.Thread(target=lambda: r.ctl("alert", "test", "hangs")) for _ in range(1)]
        both[0].start()
        time.sleep(0.5)
        second = r.ctl("alert", "test", "ops")
        checks.that("a second one at the same time is refused", second.status == 2 and "under way" in second.err, second.text())
        status = r.ctl("status", "--json")
        checks.that("the daemon answers others meanwhile", status.seconds < 2, "%.2f s" % status.seconds)
        both[0].join()
        r.config["alerts"] = []
        r.write()
        r.reload()
        none = wait_for("the targets to be gone", 20, lambda: (lambda x: x.status == 1 and x)(r.ctl("alert", "test")), 0.3)
        checks.that("no target: exit 1, and it is said", "No alert target" in none.out, none.out)
        r.stop()
        none = r.ctl("alert", "test")
        checks.that("no rotad: exit 3", none.status == 3, none.text())
    shutil.rmtree(folder, ignore_errors=True)
    checks.print()
    return checks.status()


if __name__ == "__main__":
    sys.exit(CASES.main())
