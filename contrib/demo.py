#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The first rotation, shown whole: a replica set of real mongods (requireTLS, keyfile) with a rotad for each member, an
application that writes all the time, then a keyfile rotation, the renewal of all certificates, and one that is refused.

Run it as contrib/demo, which brings packages, build and mongod. Everything it starts ends with it, also on Ctrl-C.
Exit: 0 all that was promised holds, 1 something does not, 64 usage, 130 interrupted."""
import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import time


def options():
    ap = argparse.ArgumentParser(prog="contrib/demo", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--members", type=int, default=3, metavar="N", help="members of the set, 3 to 7 (3)")
    ap.add_argument("--drain", default="2s", metavar="D", help="how long a mongod that stops lets its clients go; mongod's own is 15s (2s)")
    ap.add_argument("--keep", action="store_true", help="leave everything running, and say where")
    ap.add_argument("--json", metavar="FILE", help="write the figures there")
    ap.add_argument("--untimed", action="store_true", help="tell the figures that depend on the machine's load, but do not judge them")
    ap.add_argument("--by-hand", action="store_true", help=argparse.SUPPRESS)  # the same rotation by a bare script, to compare with
    ap.add_argument("--only-options", action="store_true", help=argparse.SUPPRESS)  # asked before anything is installed or built
    try:
        a = ap.parse_args()
    except SystemExit as e:
        sys.exit(64 if e.code else 0)
    if not 3 <= a.members <= 7:
        wrong("--members is 3 to 7")
    if milliseconds(a.drain) is None:
        wrong("--drain is a time such as 2s or 500ms")
    if a.json and not os.access(os.path.dirname(os.path.abspath(a.json)), os.W_OK):
        wrong("--json '%s' cannot be written" % a.json)
    if a.only_options:
        sys.exit(0)
    return a


def wrong(what):
    print("demo: %s" % what, file=sys.stderr)
    sys.exit(64)


def milliseconds(text):
    for unit, factor in (("ms", 1), ("s", 1000), ("m", 60000)):
        if text.endswith(unit) and text[:-len(unit)].isdigit():
            return int(text[:-len(unit)]) * factor
    return None


OPTIONS = options()
HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "tests", "system", "lib"))
from bench import hooksink, logs, nest, pki  # noqa: E402
from bench.rotads import HOOK, Fleet  # noqa: E402
from bench.show import Checks, say, table, wait_for  # noqa: E402
from bench.world import World, keys_of, rotate_by_hand, write_whole  # noqa: E402
from bench.writer import Writer, bare_step_downs  # noqa: E402

RATE_MIN, ACKED_MIN, BARE_N = 200, 1000, 5
PAUSE_MAX_RATIO, TIME_MAX_RATIO, TIME_EXTRA_S = 2.0, 1.10, 2.0


# A certificate authority that answers with a good certificate for the wrong host. It speaks the helper protocol of certmonger.
WRONG_CA = """#!/bin/sh
set -eu
[ "${CERTMONGER_OPERATION:-SUBMIT}" = SUBMIT ] || exit 6
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
printf '%%s\\n' "$CERTMONGER_CSR" >"$tmp/csr"
printf 'subjectAltName=DNS:elsewhere.example.net\\nextendedKeyUsage=serverAuth,clientAuth\\n' >"$tmp/ext"
/usr/bin/openssl x509 -req -in "$tmp/csr" -CA '%s' -CAkey '%s' -days 30 -extfile "$tmp/ext" 2>/dev/null
"""


class Demo:
    def __init__(self, a):
        self.a, self.checks, self.steps, self.figures = a, Checks(), [], {}
        self.rotad, self.rotactl = os.environ.get("ROTAD"), os.environ.get("ROTACTL")
        self.dir = tempfile.mkdtemp(prefix="rotad-demo.")
        self.writer = self.sink = self.fleet = None

    def step(self, name, action):
        say("%s", name)
        start = time.monotonic()
        row = {"name": name, "seconds": None, "ok": False}
        self.steps.append(row)
        try:
            value = action()
            row["ok"] = True
            return value
        finally:
            row["seconds"] = round(time.monotonic() - start, 3)

    # -- the steps
    def set_up(self):
        # Every secondary follows the primary itself. Where they may follow one another, a step-down makes majority writes pause
        # for 0.05 s or for 1 s, as it happens, and nothing can be compared with anything.
        self.world = World(os.path.join(self.dir, "set"), os.environ["MONGOD"], self.a.members, rotactl=self.rotactl, chaining=False).up()
        self.world.pki.client("app")

    def application_user(self):
        pem = self.world.pki.path("app")
        told = json.loads(pki.call([self.rotactl, "user", pem, "--role", "readWrite@shop", "--member", self.world.members[0].pem, "--json"]))
        with self.world.primary().client() as c:
            for row in told["commands"]:
                c[row["db"]].command(dict(row["command"], writeConcern={"w": "majority"}))

    def start_rotads(self):
        secret = hooksink.new_secret()
        self.sink = hooksink.HookSink(secret)
        secret_file = os.path.join(self.dir, "webhook.secret")
        write_whole(secret_file, secret + "\n")
        self.wrong = os.path.join(self.dir, "wrong-ca")
        write_whole(self.wrong, WRONG_CA % (self.world.pki.ca, self.world.pki.key), 0o700)
        self.fleet = Fleet(
            self.world, self.rotad, self.rotactl, self.a.drain,
            certificates={"mode": "act", "authority": "house", "renewAt": "67%"},
            authorities=self.house,
            alerts=[{"name": "demo", "type": "webhook", "url": self.sink.url, "secret": "file:" + secret_file, "minSeverity": "notice"}])
        self.fleet.start()

    def house(self, member):
        """The CA's key is on the first member's host only; the others ask it through the ledger."""
        issuer = self.world.members[0]
        key = {"privateKey": self.world.pki.key} if member is issuer else {}
        return {"house": dict({"type": "local", "at": issuer.address, "certificate": self.world.pki.ca, "issues": {"for": "90d"}}, **key)}

    def keyfile(self):
        self.old_key = self.world.key
        self.wall, self.begun = time.time(), time.monotonic()
        if self.a.by_hand:
            rotate_by_hand(self.world, HOOK, milliseconds(self.a.drain), lambda text: say("  %s", text))
            result = 0
        else:
            r = self.fleet.watch(self.fleet.all[0], ["rotate", "keyfile", "--reason", "demo", "--yes", "--wait", "--timeout", "15m"], say, 1000)
            result = r.status
        self.ended = time.monotonic()
        self.figures["seconds_total"] = round(self.ended - self.begun, 3)
        self.checks.that("the keyfile rotation ends well", result == 0, "%.1f s, exit %d" % (self.figures["seconds_total"], result))
        now = {m.address: keys_of(m.keyfile) for m in self.world.members}
        self.new_key = now[self.world.members[0].address][0]
        self.checks.that("every keyfile holds the new key and no other", all(k == [self.new_key] for k in now.values()) and self.new_key != self.old_key)

    def certificates(self):
        self.serials_before = {m.address: m.served() for m in self.world.members}
        if self.a.by_hand:
            for m in self.world.members:
                shutil.copy(self.world.pki.member(m.name + ".new", ["localhost", "127.0.0.1"]), m.pem + ".new")
                os.rename(m.pem + ".new", m.pem)
                m.ask("rotateCertificates")
            result = 0
        else:
            result = self.fleet.watch(self.fleet.all[0], ["rotate", "certificates", "--reason", "demo", "--yes", "--wait", "--timeout", "10m"], say, 700).status
        self.checks.that("the renewal of certificates ends well", result == 0, "exit %d" % result)
        now = {m.address: m.served() for m in self.world.members}
        self.checks.that("every member serves a new certificate", all(now[a] != self.serials_before[a] for a in now))
        self.checks.that("and it is the one in its file", all(now[m.address] == pki.serial_of(m.pem) for m in self.world.members))

    def wrong_certificate(self):
        victim = self.fleet.of([m for m in self.world.members if m is not self.world.primary()][0])
        before = (victim.member.served(), open(victim.member.pem, "rb").read())
        kept, seen = dict(victim.config), len(self.sink.all())
        victim.config["authorities"] = {"wrong": {"type": "exec", "helper": self.wrong}}
        victim.config["certificates"] = dict(kept["certificates"], authority="wrong")
        victim.write()
        victim.reload()
        time.sleep(1)
        r = self.fleet.watch(victim, ["rotate", "certificates", "--member", victim.member.address, "--reason", "wrong answer", "--yes", "--wait",
                                      "--timeout", "2m"], say, 150)
        self.checks.that("a certificate that does not name the host is refused", r.status == 2, "exit %d" % r.status)
        after = (victim.member.served(), open(victim.member.pem, "rb").read())
        self.checks.that("the old one is still served, its file untouched", before == after)

        def told():
            return [m for m in self.sink.all()[seen:] if m.json.get("event") == "certificate-refused"]
        try:
            messages = wait_for("the webhook", 60, told, 0.2)
        except TimeoutError:
            messages = []
        self.checks.that("a webhook tells of it", messages, messages[0].json.get("what", "")[:100] if messages else "nothing came")
        wrong = [m.wrong for m in self.sink.all() if m.wrong]
        self.checks.that("every webhook is signed rightly", self.sink.all() and not wrong, wrong[:2] or "%d messages" % len(self.sink.all()))
        said = messages[0].json if messages else {}
        empty = [k for k in ("event", "subject", "what", "now", "we_did", "you") if not said.get(k)] + ["next" for _ in [1] if "next" not in said]
        self.checks.that("it tells event, subject, what, now, we did, you, next", not empty, "missing: %s" % " ".join(empty) if empty else said["event"])
        victim.config = kept
        victim.write()
        victim.reload()

    def look(self):
        """What somebody else sees: each key alone at each member, the certificate that each serves."""
        rows = []
        for m in self.world.members:
            numbers = [n for n, key in ((1, self.old_key), (2, self.new_key)) if m.accepts(key)]
            rows.append({"address": m.address, "accepted_keys": numbers, "served_serial": m.served()})
        self.figures["members"] = rows
        self.checks.that("an independent client: the old key is refused by all, the new one accepted", all(r["accepted_keys"] == [2] for r in rows))
        self.checks.that("the set is healthy, each member asked directly", self.world.is_healthy())

    def reckon(self):
        w, f = self.writer, self.figures
        restarts = wait_for("the logs", 20, lambda: (lambda rs: rs if rs and all(r.well for r in rs) else None)(
            logs.restarts(self.world, self.wall, self.wall + self.ended - self.begun)))
        during = w.acknowledged(self.begun, self.ended)
        rate = w.acknowledged(self.begun, self.work_ended) / (self.work_ended - self.begun)
        f["seconds_bound"] = round(sum(r.bound() for r in restarts), 3)
        f["restarts"] = len(restarts)
        f["writes_acknowledged"], f["writes_failed"], f["writes_retried"] = len(w.acked), len(w.failed), w.retries.n
        if w.overlooked:
            say("  %d writes were sent again by the application, as pymongo overlooked the server's word to do so", w.overlooked)
        f["writes_lost"] = len(w.lost())
        f["longest_pause_ms"] = round(1000 * w.longest_pause(self.begun, self.work_ended))
        f["bare_pause_ms"] = round(1000 * statistics.median(self.bare))
        f["steps"] = self.steps
        self.restarts = restarts
        c = self.checks
        c.that("no write failed", f["writes_failed"] == 0, [t for _, t in w.failed[:1]] or "%d sent again" % w.retries.n)
        c.that("no acknowledged write is lost", f["writes_lost"] == 0, "%d acknowledged" % f["writes_acknowledged"])
        timed = not self.a.untimed  # a shared machine is no place to judge times; what is promised of safety is judged always
        c.that("writes went on all the time", during >= ACKED_MIN and (rate >= RATE_MIN or not timed), "%d during the keyfile rotation, %.0f a second" % (during, rate))
        c.that("the longest pause is at most twice that of a bare step-down", f["longest_pause_ms"] <= PAUSE_MAX_RATIO * f["bare_pause_ms"] or not timed,
               "%d ms, bare %s ms" % (f["longest_pause_ms"], " ".join("%d" % (1000 * b) for b in sorted(self.bare))))
        limit = TIME_MAX_RATIO * f["seconds_bound"] + TIME_EXTRA_S * self.a.members
        c.that("it took little more than mongod's own time", f["seconds_total"] <= limit or not timed,
               "%.1f s; mongod's own %.1f s, limit %.1f s" % (f["seconds_total"], f["seconds_bound"], limit))
        c.that("two restarts a member", f["restarts"] == 2 * self.a.members, f["restarts"])

    # -- the whole
    def run(self):
        status = 1
        try:
            self.step("%d members with keyfile and requireTLS, CA and certificates by rotactl" % self.a.members, self.set_up)
            self.step("the application's x.509 user", self.application_user)
            if not self.a.by_hand:
                self.step("a rotad for each member", self.start_rotads)
            self.writer = self.step("the application writes", lambda: Writer(self.world).start())
            self.bare = self.step("%d bare step-downs, to compare with" % BARE_N, lambda: bare_step_downs(self.world, self.writer, BARE_N))
            self.step("keyfile rotation", self.keyfile)
            self.step("renewal of all certificates", self.certificates)
            self.work_ended = time.monotonic()
            if not self.a.by_hand:
                self.step("an authority answers with another host's name", self.wrong_certificate)
            self.step("an independent look", self.look)
            self.writer.stop()
            self.step("reckoning", self.reckon)
            status = self.checks.status()
        except (TimeoutError, RuntimeError, OSError, ValueError, KeyError) as e:
            self.checks.that("the step '%s'" % self.steps[-1]["name"], False, "%s: %s" % (type(e).__name__, e))
            self.tell_rotads()
        finally:
            if self.writer:
                self.writer.stop()
            if not self.a.keep:
                self.end()
        print()
        if self.figures.get("members"):
            table([(m["address"], " ".join(map(str, m["accepted_keys"])), m["served_serial"]) for m in self.figures["members"]],
                  ["MEMBER", "ACCEPTS KEY", "SERVES CERTIFICATE"])
            print()
        if "seconds_bound" in self.figures:
            table([("%s" % r.member.name, "%.2f" % (r.exited - r.begun), "%.2f" % r.between(), "%.2f" % (r.listening - r.started),
                    "%.2f" % (r.well - r.listening), "%.2f" % r.bound()) for r in self.restarts],
                  ["RESTART", "STOP s", "BETWEEN", "START", "WELL AGAIN", "IN ALL"])
            print()
        self.checks.print()
        print("\n%s" % ("Done: all of it holds." if status == 0 else "NOT all of it holds."))
        if self.a.json:
            keys = ["writes_acknowledged", "writes_failed", "writes_lost", "writes_retried", "longest_pause_ms", "bare_pause_ms", "seconds_total",
                    "seconds_bound", "restarts", "members", "steps"]
            write_whole(self.a.json, json.dumps({k: self.figures.get(k, self.steps if k == "steps" else None) for k in keys}, indent=2) + "\n", 0o644)
        if self.a.keep:
            print("\nEverything runs on, in '%s'. Look at it with:\n  %s --socket %s status" % (self.dir, self.rotactl, self.fleet.all[0].socket if self.fleet else "?"))
            print("To end it: kill %s" % " ".join(str(p) for p in nest.below(os.getppid()) if p != os.getpid()))  # forked mongods too
            return nest.KEEP if status == 0 else status
        return status

    def tell_rotads(self):
        for r in self.fleet.all if self.fleet else []:
            print("---- rotad of %s (started %d times)\n%s" % (r.name, r.starts, r.last_words(25 if r.starts < 3 else 3)), file=sys.stderr)

    def end(self):
        for thing in (self.fleet, self.sink, getattr(self, "world", None)):
            if thing:
                thing.__exit__(None, None, None)
        nest.end_rest()
        shutil.rmtree(self.dir, ignore_errors=True)


def main():
    a = OPTIONS
    if a.json:
        a.json = os.path.abspath(a.json)
    for name in ["MONGOD", "ROTACTL"] + ([] if a.by_hand else ["ROTAD"]):
        if not os.access(os.environ.get(name, ""), os.X_OK):
            sys.exit("demo: %s is not there ('%s'); start contrib/demo, not demo.py" % (name, os.environ.get(name, "")))
    return nest.run(lambda: Demo(a).run())


if __name__ == "__main__":
    sys.exit(main())
