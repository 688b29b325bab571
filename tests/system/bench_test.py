#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The bench measures what it says: lost and failed writes are counted, pauses are seen, restarts are read from the logs,
a wrong signature is told, a key is refused where it must be; and the by-hand rotation that others are compared with works.

usage: bench_test.py [--rotate]"""
import os
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "lib"))
from bench import hooksink, logs, nest, pki  # noqa: E402
from bench.show import Checks, say, wait_for  # noqa: E402
from bench.world import World, new_key, rotate_by_hand  # noqa: E402
from bench.writer import Writer, bare_step_downs  # noqa: E402

TOP = os.environ.get("TOP_SRCDIR") or os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..")
HOOK = os.path.join(TOP, "contrib", "hooks", "mongod-restart")


def signatures(checks):
    import base64
    import hashlib
    import hmac
    key, body, now = b"0123456789abcdef01234567", b'{"event":"x"}', 1700000000
    secret = "whsec_" + base64.b64encode(key).decode()
    sign = "v1," + base64.b64encode(hmac.new(key, b"msg_1.1700000000." + body, hashlib.sha256).digest()).decode()
    good = {"webhook-id": "msg_1", "webhook-timestamp": "1700000000", "webhook-signature": "v1,AAAA " + sign}
    rows = [("a good signature among others", good, body, now, True), ("another body", good, body + b" ", now, False),
            ("an old timestamp", good, body, now + 301, False), ("another id", dict(good, **{"webhook-id": "msg_2"}), body, now, False),
            ("no signature", {k: v for k, v in good.items() if k != "webhook-signature"}, body, now, False)]
    for name, headers, text, at, well in rows:
        checks.that("webhook verdict on %s" % name, (hooksink.verdict(secret, headers, text, at) == "") == well)


def job():
    checks = Checks()
    signatures(checks)
    with tempfile.TemporaryDirectory(prefix="rotad-bench.") as tmp, World(tmp, os.environ["MONGOD"], 3) as w:
        w.up()
        say("three members up")
        w.pki.client("app")
        with w.primary().client() as c:
            c["$external"].command("createUser", pki.subject_of(w.pki.path("app")), roles=[{"role": "readWrite", "db": "shop"}],
                                   writeConcern={"w": "majority"})
        writer = Writer(w).start()
        try:
            bare = bare_step_downs(w, writer, 1)
            checks.that("a step-down makes a pause that is seen", bare[0] > 0.02, "%.3f s" % bare[0])
            checks.that("a key of nobody is refused by all", not any(m.accepts(new_key()) for m in w.members))
            checks.that("the present key is accepted by all", all(m.accepts(w.key) for m in w.members))
            checks.that("each serves its own certificate", all(m.served() == pki.serial_of(m.pem) for m in w.members))
            old, begun, wall = w.key, time.monotonic(), time.time()
            if "--rotate" in sys.argv:
                rotate_by_hand(w, HOOK, 100, say)
                checks.that("after a rotation by hand the old key is refused by all", not any(m.accepts(old) for m in w.members))
                checks.that("and the new one accepted", all(m.accepts(w.key) for m in w.members))
                want = 6
            else:
                m = [m for m in w.members if m is not w.primary()][0]
                nest_restart(m)
                w.wait_healthy()
                want = 1
            took = time.monotonic() - begun
            wait_for("the logs", 10, lambda: all(r.well for r in logs.restarts(w, wall)) and len(logs.restarts(w, wall)) == want)
            rs = logs.restarts(w, wall)
            bound = sum(r.bound() for r in rs)
            checks.that("the bound is below what it took", 0 < bound <= took, "%.2f of %.2f s, %d restarts" % (bound, took, len(rs)))
            checks.that("writes went on", writer.acknowledged(begun) > 10, writer.acknowledged(begun))
        finally:
            writer.stop()
        checks.that("no write failed", not writer.failed, writer.failed[:2])
        checks.that("no acknowledged write is lost", not writer.lost(), "%d acknowledged" % len(writer.acked))
        with w.application("app") as c:
            c.shop.orders.delete_one({"_id": writer.acked[5]})
        checks.that("a lost write would be seen", wait_for("the loss to show", 10, writer.lost) == [writer.acked[5]])
    checks.print()
    return checks.status()


def nest_restart(m):
    import subprocess
    with m.client() as c:
        c.admin.command("setParameter", 1, shutdownTimeoutMillisForSignaledShutdown=100)
    subprocess.run([HOOK, "restart", m.name], check=True, env={"ROTAD_CONFIG_FILE": m.conf})


if __name__ == "__main__":
    sys.exit(nest.run(job))
