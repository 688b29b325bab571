# SPDX-License-Identifier: Apache-2.0
"""The scene of a fault test: a set, its rotads, an application that writes, a webhook receiver; and what is asked of each at the end."""
import ctypes
import os
import re
import shutil
import tempfile
import time

from pymongo.errors import PyMongoError

from . import hooksink, logs, nest, pki
from .rotads import Fleet
from .show import Checks, say, wait_for
from .world import World, keys_of, write_whole
from .writer import Writer

FIVE = ("headline", "what", "now", "we_did", "you")


def own_mounts():
    """A mount namespace of this process's own, so that what is mounted here ends with it. Needs root."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(0x00020000) or libc.mount(b"none", b"/", None, 0x4000 | 0x40000, None):
        raise OSError(ctypes.get_errno(), "a mount namespace of one's own (root is needed)")


def house():
    """For Scene(): certificates by a CA whose key is on the first member's host only; the others ask it through the ledger."""
    def authority(member):
        w = member.world
        key = {"privateKey": w.pki.key} if member is w.members[0] else {}
        return {"house": dict({"type": "local", "at": w.members[0].address, "certificate": w.pki.ca, "issues": {"for": "90d"}}, **key)}
    return {"certificates": {"mode": "act", "authority": "house", "renewAt": "67%"}, "authorities": authority}


class Scene:
    def __init__(self, members=3, arbiters=0, parameters=None, drain="0s", writer=True, before=None, tls_lines=None, **fleet):
        self.checks = Checks()
        self.dir = tempfile.mkdtemp(prefix="rotad-scene.")
        self.world = World(os.path.join(self.dir, "set"), os.environ["MONGOD"], members, arbiters=arbiters, parameters=parameters,
                           rotactl=os.environ.get("ROTACTL"), tls_lines=tls_lines)
        self.with_writer, self.writer, self.drain, self.changes, self.before = writer, None, drain, fleet, before
        self.sink = self.fleet = None

    def __enter__(self):
        try:
            if self.before:
                self.before(self)
            w = self.world.up()
            w.pki.client("app")
            with w.primary().client() as c:
                c["$external"].command("createUser", pki.subject_of(w.pki.path("app")), roles=[{"role": "readWrite", "db": "shop"}],
                                       writeConcern={"w": "majority"})
            secret = hooksink.new_secret()
            self.sink = hooksink.HookSink(secret)
            secret_file = os.path.join(self.dir, "webhook.secret")
            write_whole(secret_file, secret + "\n")
            self.changes.setdefault("alerts", [{"name": "test", "type": "webhook", "url": self.sink.url, "secret": "file:" + secret_file,
                                                "minSeverity": "notice"}])
            self.fleet = Fleet(w, os.environ["ROTAD"], os.environ["ROTACTL"], self.drain, folder=self.dir, **self.changes)
            if self.with_writer:
                self.writer = Writer(w, per_second=60).start()
            self.wall, self.old_key = time.time(), w.key
            say("a set of %d, and an application that writes", len(w.members))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc):
        if exc and exc[0] and self.fleet:
            for r in self.fleet.all:
                print("---- rotad of %s (started %d times)\n%s" % (r.name, r.starts, r.last_words(40)), flush=True)
        for thing in (self.writer,):
            if thing:
                thing.stop_asked.set()
        for thing in (self.fleet, self.sink, self.world):
            if thing:
                thing.__exit__(None, None, None)
        nest.end_rest()
        shutil.rmtree(self.dir, ignore_errors=True)

    # -- acts
    def rotate(self, rotad=None, *more, what="keyfile", wait=None):
        """Ask for a rotation; with wait (such as "2m") until its end. Gives rotactl's Result."""
        r = rotad or self.fleet.all[0]
        words = ["rotate", what, "--yes", "--reason", "test"] + list(more)
        if wait:
            return self.fleet.watch(r, words + ["--wait", "--timeout", wait], say, 1200)
        return r.ctl(*words, timeout=120)

    def wait_ready(self, seconds=90):
        """Every rotad has heard of every member's rotad that it has rehearsed its part."""
        def test():
            return all(m["rotad"] and m["rotad"]["rehearsed"] for r in self.fleet.all for m in r.status()["instances"][0]["members"])
        wait_for("all rotads to be ready", seconds, test, 0.2)

    # -- what is so
    def keys(self, m):
        return keys_of(m.keyfile)

    def is_rotated(self):
        """Every keyfile holds one and the same key, another than before; all accept it and refuse the old one."""
        kept = [self.keys(m) for m in self.world.members]
        new = kept[0][0]
        if new == self.old_key or any(k != [new] for k in kept):
            return False
        try:
            return all(m.accepts(new) for m in self.world.members) and not any(m.accepts(self.old_key) for m in self.world.members)
        except PyMongoError:  # one that is just being restarted
            return False

    def wait_rotated(self, seconds=300):
        def test():
            return self.is_rotated() and all(r.ctl("status").status == 0 for r in self.fleet.all)
        try:
            wait_for("the rotation's end", seconds, test, 0.5)
            return True
        except TimeoutError as e:
            say("%s", e)
            for r in self.fleet.all:
                print(r.ctl("status").text(), r.ctl("explain").text(), sep="\n", flush=True)
            return False

    def restarts(self, member=None):
        return [r for r in logs.restarts(self.world, self.wall) if member in (None, r.member)]

    def wait_claim(self, rotad, host, seconds=30):
        """The turn comes to be this member's ("": nobody's), as that rotad reads the ledger."""
        def holder():
            return " ".join(m["host"] for m in rotad.status()["instances"][0]["members"] if m["turn"])
        try:
            wait_for("the turn to be of '%s'" % host, seconds, lambda: holder() == host, 0.3)
            return True
        except TimeoutError:
            say("the turn is of '%s'", holder())
            return False

    def events(self, name):
        """Webhook messages of events by that name (a pattern)."""
        return [m for m in self.sink.all() if re.fullmatch(name, m.json.get("event", ""))]

    def wait_event(self, name, seconds=60):
        try:
            return wait_for("event " + name, seconds, lambda: self.events(name), 0.1)[0]
        except TimeoutError:
            say("events so far: %s", " ".join(m.json.get("event", "?") for m in self.sink.all()))
            return None

    def told(self, name, seconds=60, rows=FIVE):
        """The event comes, is signed, and fills its five rows. Gives the message or None."""
        m = self.wait_event(name, seconds)
        self.checks.that("'%s' is told" % name, m is not None, m.json.get("headline", "") if m else "")
        if m:
            self.checks.that("it is signed rightly and fills its rows", not m.wrong and all(m.json.get(k) for k in rows),
                             m.wrong or " ".join(k for k in rows if not m.json.get(k)))
            for k in rows:
                say("    %-8s  %s", k, m.json.get(k))
        return m

    def says(self, rotad, pattern, seconds=30, verbs=("status", "explain")):
        """status or explain comes to name it, as it is printed or without the line breaks."""
        last = [""]

        def test():
            last[0] = "\n".join(rotad.ctl(v).text() for v in verbs)
            return re.search(pattern, last[0]) or re.search(pattern, " ".join(last[0].split()))
        try:
            found = wait_for("a word about " + pattern, seconds, test, 0.5)
            return self.checks.that("rotactl says so: %s" % pattern, True, found.group(0))
        except TimeoutError:
            print(last[0], flush=True)
            return self.checks.that("rotactl says so: %s" % pattern, False)

    def finish(self, share=None, wrong_clock=False):
        """What holds at the end of every test: healthy, files whole, a common key, no write failed or lost. Gives the exit status."""
        c, w = self.checks, self.world
        try:
            c.that("the set is healthy", w.wait_healthy(60))
        except TimeoutError as e:
            c.that("the set is healthy", False, e)
        if share is not False:
            kept = [set(self.keys(m)) for m in w.members if m.pid()]
            c.that("all keyfiles share a key that all accept", any(all(m.accepts(k) for m in w.members if m.pid()) for k in set.intersection(*kept)))
        if self.writer:
            self.writer.stop()
            c.that("no write failed", not self.writer.failed, [t for _, t in self.writer.failed[:2]] or "%d acknowledged" % len(self.writer.acked))
            c.that("no acknowledged write is lost", not self.writer.lost())
        wrong = [m.wrong for m in self.sink.all() if m.wrong and not (wrong_clock and m.wrong.startswith("timestamp"))]
        c.that("every webhook is signed rightly", not wrong, wrong[:2] or "%d messages" % len(self.sink.all()))
        c.print()
        return c.status()
