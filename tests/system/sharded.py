#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One key rotated in a whole sharded cluster: three config servers, two shards of three, two stand-ins of mongos, a rotad for each.

usage: sharded.py rotate|parallel|router|mongos|newcomer..."""
import datetime
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, "lib"))
from bench import logs, nest  # noqa: E402
from bench.cases import Cases  # noqa: E402
from bench.rotads import Fleet  # noqa: E402
from bench.show import Checks, say, wait_for  # noqa: E402
from bench.world import Member, World, free_ports, keys_of, new_key, write_whole  # noqa: E402
from bench.writer import Writer  # noqa: E402
from pymongo.errors import PyMongoError  # noqa: E402

CASES = Cases()
case = CASES.case


class Sampler:
    """Asks every member, directly and all the time, whether it is the primary; tells when sets were without a settled one."""

    def __init__(self, worlds):
        self.worlds, self.stop_asked, self.lock = worlds, threading.Event(), threading.Lock()
        self.is_primary = {m: False for w in worlds for m in w.members}
        self.without = []  # (from, to, set)
        self.open = {}
        self.threads = [threading.Thread(target=self._ask, args=(m,), daemon=True) for m in self.is_primary]

    def start(self):
        for t in self.threads:
            t.start()
        wait_for("the sampler to see a primary of each set", 30, lambda: all(self._has(w) for w in self.worlds), 0.1)
        with self.lock:
            self.without, self.open = [], {}
        return self

    def _has(self, w):
        return any(self.is_primary[m] for m in w.members)

    def _ask(self, m):
        with m.client(login=False, serverSelectionTimeoutMS=300, connectTimeoutMS=300, socketTimeoutMS=1000) as c:
            while not self.stop_asked.is_set():
                try:
                    is_primary = bool(c.admin.command("isMaster").get("ismaster"))
                except PyMongoError:
                    is_primary = False
                with self.lock:
                    self.is_primary[m] = is_primary
                    now = time.monotonic()
                    for w in self.worlds:
                        if m not in w.members:
                            continue
                        if self._has(w):
                            if w in self.open:
                                self.without.append((self.open.pop(w), now, w))
                        else:
                            self.open.setdefault(w, now)
                time.sleep(0.05)

    def stop(self):
        self.stop_asked.set()
        for t in self.threads:
            t.join(5)

    def overlaps(self):
        """Two sets without a primary at once: (seconds, set, set)."""
        found = []
        for i, (a, b, w) in enumerate(self.without):
            for c, d, v in self.without[i + 1:]:
                if w is not v and min(b, d) - max(a, c) > 0:
                    found.append((round(min(b, d) - max(a, c), 2), w.set_name, v.set_name))
        return found

    def longest(self):
        return max([b - a for a, b, _ in self.without] or [0])


class Router(Member):
    """A stand-in of mongos (lib/fake_mongos.py)."""
    arbiter = False

    def lay_out(self, key):
        os.makedirs(self.dir, mode=0o700)
        write_whole(self.keyfile, "- %s\n" % key)
        cfg = self.world.config
        write_whole(self.conf, "systemLog:\n  destination: file\n  path: %s\nnet:\n  port: %d\n  bindIp: 127.0.0.1\nsharding:\n  configDB: %s/%s\n"
                    "security:\n  keyFile: %s\nprocessManagement:\n  fork: true\n  pidFilePath: %s\n"
                    % (self.log, self.port, cfg.set_name, ",".join(m.address for m in cfg.members), self.keyfile, self.pid_file))

    def start(self, check=True):
        r = subprocess.run([sys.executable, os.path.join(HERE, "lib", "fake_mongos.py"), "--config", self.conf], stdin=subprocess.DEVNULL)
        if r.returncode and check:
            raise RuntimeError("%s does not start: exit %d" % (self.name, r.returncode))
        return r.returncode == 0

    def route(self):
        """A statement of an application through it, which writes to each shard."""
        with self.client(login=False, serverSelectionTimeoutMS=1000, connectTimeoutMS=1000) as c:
            return c.admin.command("fakeRoute")

    def away(self, since):
        """Of each restart since then: from the signal until it listened again."""
        out, begun = [], None
        for e in logs.entries(self.log, since):
            if e.get("id") == 23377:
                begun = e["at"]
            elif e.get("id") == 23016 and begun:
                out.append((begun, e["at"]))
                begun = None
        return out


class Routers:
    """The mongos of a cluster; to a fleet of rotads they are as a set."""
    pki, replica, set_name = None, False, "mongos"

    def __init__(self, folder, config, n):
        self.dir, self.config = folder, config
        self.members = [Router(self, "r%d" % (i + 1), p) for i, p in enumerate(free_ports(n))]

    def up(self, key):
        for m in self.members:
            m.lay_out(key)
            m.start()

    def __exit__(self, *exc):
        for m in self.members:
            pid = m.pid()
            if pid:
                os.kill(pid, signal.SIGKILL)


class Application:
    """Goes to any mongos that answers, all the time; fails when none of them finds its way into every shard."""

    def __init__(self, routers):
        self.routers, self.stop_asked, self.done, self.failed = routers, threading.Event(), 0, []
        self.thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        self.thread.start()
        return self

    def _run(self):
        n = 0
        while not self.stop_asked.is_set():
            why = []
            for m in self.routers.members[n:] + self.routers.members[:n]:
                try:
                    m.route()
                    self.done += 1
                    break
                except PyMongoError as e:
                    why.append("%s: %s" % (m.name, e))
            else:
                self.failed.append(" ".join(why)[:300])
            n = (n + 1) % len(self.routers.members)
            self.stop_asked.wait(0.1)

    def stop(self):
        self.stop_asked.set()
        self.thread.join(30)


class Cluster:
    def __init__(self, sets=("cfg", "sh1", "sh2"), members=3, routers=0, instance=None, **changes):
        self.checks, self.changes, self.instance = Checks(), changes, instance or {}
        self.dir = tempfile.mkdtemp(prefix="rotad-sharded.")
        self.key = new_key()
        self.worlds = [World(os.path.join(self.dir, name), os.environ["MONGOD"], members, tls=False, set_name=name, key=self.key,
                             role="configsvr" if i == 0 else "shardsvr") for i, name in enumerate(sets)]
        for w in self.worlds:
            for m in w.members:
                m.name = "%s-%s" % (w.set_name, m.name)
        self.fleets, self.writers = [], []
        self.routers = Routers(os.path.join(self.dir, "mongos"), self.worlds[0], routers)

    def __enter__(self):
        for w in self.worlds:
            w.up()
        with self.worlds[0].primary().client(key=self.key, socketTimeoutMS=120000) as c:  # adding a shard waits for much
            for w in self.worlds[1:]:
                c.admin.command("_configsvrAddShard", "%s/%s" % (w.set_name, ",".join(m.address for m in w.members)), writeConcern={"w": "majority"})
        say("a sharded cluster of %d sets, %d members", len(self.worlds), len(self.members()))
        os.makedirs(self.routers.dir, mode=0o700)
        self.routers.up(self.key)
        self.fleets = [Fleet(w, os.environ["ROTAD"], os.environ["ROTACTL"], "0s", **self.changes) for w in self.worlds + [self.routers]]
        for r in self.rotads():
            r.config["instances"][0].update(self.instance)
            r.write()
        return self

    def __exit__(self, *exc):
        if exc and exc[0]:
            self.show()
        for x in self.writers:
            x.stop_asked.set()
        for x in self.fleets + self.worlds + [self.routers]:
            x.__exit__(None, None, None)
        nest.end_rest()

    def members(self):
        return [m for w in self.worlds + [self.routers] for m in w.members]

    def rotads(self):
        return [r for f in self.fleets for r in f.all]

    def show(self):
        for r in self.rotads():
            print("---- rotad of %s (started %d times)\n%s%s\n%s" % (r.name, r.starts, r.last_words(12), r.ctl("status").text(), r.ctl("explain").text()), flush=True)

    def start(self):
        for r in self.rotads():  # all, before any is asked: one alone cannot tell how the others stand
            r.start()

    def wait_ready(self, seconds=180, others=0):
        """others: mongos that nobody speaks for."""
        def test():
            for r in self.rotads():
                members = r.status()["instances"][0]["members"]
                ready = [m for m in members if m["rotad"] and m["rotad"]["rehearsed"]]
                if len(members) != len(self.members()) + others or len(ready) != len(self.members()):
                    return False
            return True
        wait_for("every rotad to know all of the cluster", seconds, test, 0.5)

    def write(self):
        self.writers = [Writer(w, name="bench", threads=4, per_second=30, as_router=True).start() for w in self.worlds[1:]]

    def bound(self, world, since):
        """mongod's own time for the restarts of a set, one after the other."""
        return sum(r.bound() for r in logs.restarts(world, since) if r.well)

    def is_rotated(self, old):
        kept = [keys_of(m.keyfile) for m in self.members()]
        if kept[0][0] == old or any(k != [kept[0][0]] for k in kept):
            return False
        try:
            return all(m.accepts(kept[0][0]) for m in self.members()) and not any(m.accepts(old) for m in self.members())
        except PyMongoError:
            return False

    def rotate(self, old, seconds=700):
        """Ask one shard's rotad; wait until all of the cluster has it, and everybody says so. Gives the seconds it took, or None."""
        begun = time.monotonic()
        r = self.fleets[1].all[0].ctl("rotate", "keyfile", "--yes", "--reason", "test")
        self.checks.that("a shard's rotad takes the order for the cluster", r.status == 0, r.text()[-300:])
        try:
            wait_for("one key everywhere, the old one refused everywhere", seconds, lambda: self.is_rotated(old), 0.5)
            took = time.monotonic() - begun
            wait_for("every rotad to be done", 60, lambda: all(x.ctl("status").status == 0 for x in self.rotads()), 0.5)
            return took
        except TimeoutError as e:
            say("%s", e)
            self.show()
            return None

    def finish(self):
        c = self.checks
        for w in self.worlds:
            c.that("set %s is healthy" % w.set_name, w.wait_healthy(60))
        for x in self.writers:
            x.stop()
            c.that("no write failed on %s" % x.world.set_name, not x.failed, [t for _, t in x.failed[:2]] or "%d acknowledged" % len(x.acked))
            say("%s: %d times sent again to a new primary that did not know the sharding yet", x.world.set_name, x.refreshed)
            c.that("none is lost on %s" % x.world.set_name, not x.lost())
        c.print()
        return c.status()


@case
def rotate():
    """One key in all sets; by default never two sets without a primary at once."""
    with Cluster() as s:
        s.start()
        s.wait_ready()
        s.write()
        sampler = Sampler(s.worlds).start()
        since = time.time()
        took = s.rotate(s.key)
        sampler.stop()
        s.checks.that("one key in all of the cluster, the old one refused everywhere", took is not None, "%.0f s" % (took or 0))
        with s.worlds[0].primary().client() as c:
            docs = sorted(d["_id"] for d in c.admin["rotad.ledger"].find({}, {"_id": 1}))
        s.checks.that("the ledger is on the config servers", "proposal/1" in docs, docs[:3])
        for w in s.worlds[1:]:
            with w.primary().client() as c:
                s.checks.that("none is on %s" % w.set_name, c.admin["rotad.ledger"].count_documents({}) == 0)
        restarts = {w.set_name: len(logs.restarts(w, since)) for w in s.worlds}
        s.checks.that("each member was restarted twice", all(n == 6 for n in restarts.values()), restarts)
        s.checks.that("never two sets were without a primary at once", not sampler.overlaps(),
                      sampler.overlaps() or "%d times without one, at most %.1f s" % (len(sampler.without), sampler.longest()))
        say("mongod's own time: %s", ", ".join("%s %.0f s" % (w.set_name, s.bound(w, since)) for w in s.worlds))
        return s.finish()


def at_once(restarts):
    """The pairs of these restarts that overlap, until a member is back in its state. What the others tell of it is of no use here: one that
    never missed it tells of it at its own next start only."""
    return [(a.member.name, b.member.name) for i, a in enumerate(restarts) for b in restarts[i + 1:]
            if min(a.back or 0, b.back or 0) > max(a.begun, b.begun)]


@case
def parallel():
    """maxParallel: the shards take their turns beside each other, after the config servers; one member of a set at a time."""
    with Cluster(keyfile={"mode": "act", "maxAge": "never", "maxParallel": "all"}) as s:
        s.start()
        s.wait_ready()
        s.write()
        since = time.time()
        took = s.rotate(s.key)
        s.checks.that("one key in all of the cluster, the old one refused everywhere", took is not None, "%.0f s" % (took or 0))
        turns = {w.set_name: logs.restarts(w, since) for w in s.worlds}
        for name, restarts in turns.items():
            s.checks.that("one member of %s at a time" % name, len(restarts) == 6 and not at_once(restarts), at_once(restarts) or len(restarts))
        for r in sorted(sum(turns.values(), []), key=lambda r: r.begun):
            say("  %5.1f to %5.1f s  %s", r.begun - since, (r.well or r.begun) - since, r.member.name)
        s.checks.that("the shards' turns are beside each other", at_once(turns["sh1"] + turns["sh2"]))
        s.checks.that("the config servers go first in the first pass", max(r.well or 0 for r in turns["cfg"][:3]) <= min(r.begun for r in turns["sh1"] + turns["sh2"]))
        bounds = {w.set_name: s.bound(w, since) for w in s.worlds}
        limit = bounds["cfg"] + 1.25 * max(bounds["sh1"], bounds["sh2"])
        s.checks.that("it takes no longer than the config servers and 1.25 times the slowest shard", (took or 999) <= limit,
                      "%.0f s, limit %.0f s; mongod's own time: %s" % (took or 0, limit, ", ".join("%s %.0f s" % kv for kv in bounds.items())))
        return s.finish()


@case
def router():
    """A living mongos without a rotad is named, and no rotation begins; one that has not spoken for ten minutes is none."""
    with Cluster(sets=("cfg", "sh1"), members=1, instance={"allowDowntime": "all"}) as s:
        now = datetime.datetime.utcnow()

        def spoke(name, minutes_ago):
            with s.worlds[0].primary().client(key=s.key) as c:
                c.config.mongos.replace_one({"_id": name}, {"_id": name, "ping": now - datetime.timedelta(minutes=minutes_ago)}, upsert=True)

        spoke("gone.example.net:27017", 60)
        spoke("r1.example.net:27017", 0)
        s.start()
        s.wait_ready(others=1)
        for r in s.rotads():
            got = r.ctl("doctor")
            s.checks.that("doctor of %s names the mongos" % r.name, "no rotad has spoken for mongos 'r1.example.net" in " ".join(got.text().split()), got.text()[-600:])
        got = s.rotads()[1].ctl("rotate", "keyfile", "--yes", "--reason", "test", timeout=120)
        s.checks.that("an order is taken, and waits", got.status == 0, got.text()[-300:])
        wait_for("every rotad to say what it waits for", 30, lambda: all("r1.example.net" in r.ctl("explain").text() for r in s.rotads()), 0.5)
        time.sleep(5)
        s.checks.that("no file was touched while it lived", all(keys_of(m.keyfile) == [s.key] for m in s.members()))
        spoke("r1.example.net:27017", 11)
        try:
            wait_for("the rotation to go on", 120, lambda: s.is_rotated(s.key), 0.5)
            s.checks.that("once it has not spoken for ten minutes it is no reason any more", True)
        except TimeoutError as e:
            s.show()
            s.checks.that(str(e), False)
        s.checks.print()
        return s.checks.status()


@case
def mongos():
    """Two mongos with their rotads: they take part in everything, one is away at a time, and applications find their way all the while."""
    with Cluster(members=3, sets=("cfg", "sh1"), routers=2) as s:
        s.start()
        s.wait_ready()
        s.write()
        app = Application(s.routers).start()
        since = time.time()
        took = s.rotate(s.key)
        app.stop()
        s.checks.that("one key in all of the cluster, also in each mongos; the old one refused everywhere", took is not None, "%.0f s" % (took or 0))
        away = {m.name: m.away(since) for m in s.routers.members}
        s.checks.that("each mongos was restarted twice", all(len(a) == 2 for a in away.values()), {k: len(a) for k, a in away.items()})
        spans = sorted(a for one in away.values() for a in one)
        s.checks.that("never two at once", all(a[1] <= b[0] for a, b in zip(spans, spans[1:])), "at most %.1f s each" % max([b - a for a, b in spans] or [0]))
        cfg = logs.restarts(s.worlds[0], since)
        s.checks.that("after the config servers in the first pass", spans and spans[0][0] >= max(r.well or 0 for r in cfg[:3]))
        s.checks.that("applications found their way through a mongos all the while", app.done and not app.failed, app.failed[:2] or "%d times" % app.done)
        return s.finish()


@case
def newcomer():
    """A mongos that appears in the middle without a rotad holds up the narrowing, is named, and goes on when its rotad and the new key come."""
    with Cluster(members=1, sets=("cfg", "sh1"), routers=2, instance={"allowDowntime": "all"}) as s:
        late = s.routers.members[1]
        late.stop()
        with s.worlds[0].primary().client(key=s.key) as c:
            c.config.mongos.delete_one({"_id": late.address})
        rotads = [r for r in s.rotads() if r.member is not late]
        for r in rotads:
            r.start()

        def ready():
            return all(len([m for m in r.status()["instances"][0]["members"] if m["rotad"] and m["rotad"]["rehearsed"]]) == 3 for r in rotads)
        wait_for("three rotads to know each other", 120, ready, 0.5)
        got = rotads[1].ctl("rotate", "keyfile", "--yes", "--reason", "test")
        s.checks.that("the order is taken", got.status == 0, got.text()[-300:])
        wait_for("both keys to be written", 60, lambda: all(len(keys_of(r.member.keyfile)) == 2 for r in rotads), 0.1)
        late.start()
        wait_for("it to be named", 90, lambda: any("%s, which joined" % late.address in " ".join(r.ctl("explain").text().split()) for r in rotads), 0.5)
        time.sleep(5)
        s.checks.that("nothing is narrowed while it lives with the old key alone", all(s.key in keys_of(r.member.keyfile) for r in rotads))
        late.route()
        s.checks.that("its application still finds the shard", True)
        next(r for r in s.rotads() if r.member is late).start()
        # Without TLS a rotad shows that it belongs here by the key in use, which it has not: a person's copy has it.
        write_whole(late.keyfile, open(rotads[0].member.keyfile).read())
        late.stop()
        late.start()
        try:
            wait_for("one key everywhere", 180, lambda: s.is_rotated(s.key), 0.5)
            late.route()
            s.checks.that("with a rotad it gets the key, takes its turn, and all ends", True)
        except TimeoutError as e:
            s.show()
            s.checks.that(str(e), False)
        s.checks.print()
        return s.checks.status()


if __name__ == "__main__":
    sys.exit(CASES.main())
