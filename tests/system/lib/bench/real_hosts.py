# SPDX-License-Identifier: Apache-2.0
"""A replica set on real systemd hosts (tests/system/hosts), rotad installed there from its package; an application that writes,
a webhook receiver, and somebody who looks all the time whether one key is in every file and every process."""
import ctypes
import glob
import importlib.machinery
import importlib.util
import json
import os
import shutil
import subprocess
import tempfile
import threading
import time

from pymongo.errors import OperationFailure, PyMongoError

from . import hooksink, logs, pki
from .rotads import Result, yaml
from .show import Checks, say, wait_for
from .world import Member, World, keys_of, new_key
from .writer import Writer

TOP = os.path.realpath(os.environ.get("TOP_SRCDIR") or os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..", "..", ".."))
BUILD = os.path.realpath(os.environ.get("TOP_BUILDDIR") or TOP)
ROOT = os.environ.get("HOSTS_ROOT", "/var/tmp/rotad-hosts-set")
KEYFILE = "/etc/mongodb/keyfile"
# By the number of the host: each way to restart is used on one of three. A hook ends mongod, and its unit (Restart=always) starts it.
WAYS = [{"unit": "mongod.service"}, {"job": "rotad-restart@mongod.service"}, {"hook": "/usr/local/sbin/end-mongod"}]
HOOK = "#!/bin/sh\nset -e\np=$(pgrep -x mongod)\nkill -TERM $p\nwhile kill -0 $p 2>/dev/null; do sleep 0.1; done\n" \
       "until pgrep -x mongod >/dev/null; do sleep 0.1; done\n"


def program(name, path):
    """A program without .py as a module."""
    loader = importlib.machinery.SourceFileLoader(name, path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


hosts = program("rotad_hosts", os.path.join(TOP, "tests", "system", "hosts", "hosts"))


def package():
    """The .deb of this tree: $ROTAD_DEB, else that of make deb, made where there is none."""
    named = os.environ.get("ROTAD_DEB")
    found = [named] if named else glob.glob(os.path.join(BUILD, "deb", "rotad_*.deb"))
    if not found:
        say("make deb (once)")
        subprocess.run(["make", "-C", BUILD, "deb", "DEB_BUILD_OPTIONS=nocheck"], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        found = glob.glob(os.path.join(BUILD, "deb", "rotad_*.deb"))
    return found[0]


class HostMember(Member):
    """A member, and the host it is on."""

    def __init__(self, world, name):
        super().__init__(world, name, hosts.MONGOD_PORT)
        self.host, self.address, self.socket = name, "%s:%d" % (name, hosts.MONGOD_PORT), None

    @property
    def on(self):
        return self.world.set.host(self.name)

    def sh(self, script, check=True, timeout=120):
        r = self.on.run("sh", "-c", script, check=check, timeout=timeout)
        return r.stdout.decode("utf-8", "replace").strip()

    def put(self, path, text, mode=0o644, owner="root"):
        self.on.run("sh", "-c", 'mkdir -p "$(dirname "$1")"; cat > "$1.new"; chmod %o "$1.new"; chown %s: "$1.new"; mv "$1.new" "$1"' % (mode, owner), "put", path,
                    stdin=self._text(text))

    def _text(self, text):
        f = tempfile.TemporaryFile()
        f.write(text.encode())
        f.seek(0)
        return f

    def file(self, path):
        """A file of this host as this machine sees it, whether it is on, frozen, or off."""
        lead = self.on.leader()
        if lead:
            return "/proc/%d/root%s" % (lead, path)
        return "/proc/%d/root%s%s" % (self.world.set.holder(), self.on.mnt, path)

    def keys(self):
        path = self.file(KEYFILE)
        if os.path.islink(path):  # of the host's own root, which is not ours (rotactl adopt)
            path = self.file(os.readlink(path))
        return keys_of(path)

    def mongod(self):
        """The process as (pid, start), or None."""
        for p in self.on.members():
            if hosts.read("/proc/%d/comm" % p, "").strip() == "mongod" and hosts.alive(p):
                return p, hosts.born(p)
        return None

    def ctl(self, *words, timeout=90):
        start = time.monotonic()
        try:
            r = self.on.run("rotactl", *(["--socket", self.socket] if self.socket else []), *words, check=False, timeout=timeout)
            return Result(words, r.returncode, r.stdout.decode("utf-8", "replace"), r.stderr.decode("utf-8", "replace"), time.monotonic() - start)
        except (subprocess.TimeoutExpired, hosts.Fail) as e:
            return Result(words, 2, "", str(e), time.monotonic() - start)

    def status(self):
        return self.ctl("status", "--json").json()["instances"][0]


class HostWorld(World):
    def __init__(self, n, folder):
        super().__init__(folder, os.environ["MONGOD"], n, rotactl=os.environ.get("ROTACTL"))
        self.set = hosts.Set(ROOT)
        self.members = [HostMember(self, "h%d" % (i + 1)) for i in range(n)]


class Sampler(threading.Thread):
    """Looks at every keyfile (also of hosts that are off) and asks every process which of all keys ever seen it accepts; at each
    look one key must be in all. What cannot be asked now counts by what it accepted before, as long as it is the same process."""

    def __init__(self, world):
        super().__init__(daemon=True)
        self.world, self.known, self.accepted, self.looks, self.broken, self.blind = world, {}, {}, 0, [], 0
        self.excused = None  # the file that somebody else writes just now
        self.stopping = threading.Event()

    def files(self):
        return {m.name: tuple(m.keys()) for m in self.world.members}

    def process_keys(self, m, known):
        who = m.mongod()
        if who is None:
            return None, who
        got = set()
        for key in known:
            if (who, key) not in self.accepted:
                try:
                    with m.client(key=key, serverSelectionTimeoutMS=700, connectTimeoutMS=700, socketTimeoutMS=2000) as c:
                        try:
                            c.admin.command("ping")
                            answer = True
                        except OperationFailure as e:
                            if e.code != 18:
                                raise
                            answer = False
                except PyMongoError:
                    self.blind += 1
                    return None, who
                if m.mongod() != who:
                    return None, None
                self.accepted[who, key] = answer
            if self.accepted[who, key]:
                got.add(key)
        return got, who

    def look(self):
        before = self.files()
        for keys in before.values():
            for k in keys:
                self.known.setdefault(k, len(self.known) + 1)
        holders = {"file of " + h: set(k) for h, k in before.items()}
        for m in self.world.members:
            keys, _ = self.process_keys(m, list(self.known))
            if keys is not None:
                holders["process of " + m.name] = keys
        if self.files() != before:
            return
        self.looks += 1
        holders.pop(self.excused, None)
        if not set.intersection(*holders.values()):
            self.broken.append("; ".join("%s %s" % (w, "+".join(str(self.known[k]) for k in ks)) for w, ks in holders.items()))

    def run(self):
        while not self.stopping.wait(0.7):
            try:
                self.look()
            except (OSError, hosts.Fail, subprocess.SubprocessError, TypeError, ValueError):
                pass  # a host that comes or goes


def enter_network(the_set):
    """This process moves into the hosts' network and reads their /etc/hosts. Before any thread is started."""
    libc = ctypes.CDLL(None, use_errno=True)
    fd = os.open("/proc/%d/ns/net" % the_set.need(), os.O_RDONLY)
    if libc.unshare(0x00020000) or libc.mount(b"none", b"/", None, 0x4000 | 0x40000, None) or \
            libc.mount((the_set.run + "/hosts").encode(), b"/etc/hosts", None, 0x1000, None) or libc.setns(fd, 0x40000000):
        raise OSError(ctypes.get_errno(), "the hosts' network cannot be entered (root is needed)")
    os.close(fd)


class HostScene:
    def __init__(self, n=3, deb=None, include="polkitd", install=True, writer=True, drain="100ms", configured=True):
        self.n, self.deb, self.include, self.install, self.with_writer, self.drain = n, deb or package(), include, install, writer, drain
        self.configured = configured
        self.checks, self.dir = Checks(), tempfile.mkdtemp(prefix="rotad-hosts.")
        self.world, self.sink, self.writer, self.sampler = HostWorld(n, os.path.join(self.dir, "set")), None, None, None

    def __enter__(self):
        try:
            self._up()
        except BaseException:
            self.__exit__(True)
            raise
        return self

    def _up(self):
        w = self.world
        w.pki.init()
        w.pki.client("bench")
        w.pki.client("app")
        for m in w.members:
            w.pki.member(m.name, [m.name, "localhost", "127.0.0.1"])
        keyfile = os.path.join(self.dir, "keyfile")
        with open(keyfile, "w") as f:
            f.write("- %s\n" % w.key)
        words = ["up", str(self.n), "--mongod", os.environ["MONGOD"], "--keyfile", keyfile, "--tls", w.pki.dir, "--drain", "100", "--include", self.include]
        hosts.up(w.set, hosts.Args(words + ["--deb", self.deb]))
        if not self.install:
            for m in w.members:
                m.sh("dpkg --purge rotad 2>&1; systemctl daemon-reload")
        enter_network(w.set)
        say("%d hosts up", self.n)
        conf = {"_id": w.set_name, "settings": {"chainingAllowed": False, "electionTimeoutMillis": 5000},
                "members": [{"_id": i, "host": m.address} for i, m in enumerate(w.members)]}
        # By a connection of the host itself: the localhost exception is not needed, __system may do it.
        with w.members[0].client(key=w.key) as c:
            c.admin.command("replSetInitiate", conf)
        first = wait_for("a first primary", 60, w._elect, 0.1)
        with first.client(key=w.key) as c:
            w._make_user(c)
            c["$external"].command("createUser", pki.subject_of(w.pki.path("app")), roles=[{"role": "readWrite", "db": "shop"}],
                                   writeConcern={"w": "majority"})
        w.wait_healthy()
        secret = hooksink.new_secret()
        self.secret = secret
        self.sink = hooksink.HookSink(secret, host="0.0.0.0", name="10.77.0.254")
        for i, m in enumerate(w.members if self.configured else []):
            self.configure(m, WAYS[i % len(WAYS)])
        self.sampler = Sampler(w)
        self.sampler.start()
        if self.with_writer:
            self.writer = Writer(w, per_second=60).start()
        self.old_key = w.key
        self.marks = (time.monotonic(), 0)

    def configure(self, m, way, start=True):
        m.sh("systemctl stop mongod; mkdir -p /etc/systemd/system/mongod.service.d; printf '[Service]\\nRestart=always\\nRestartSec=1\\n' "
             "> /etc/systemd/system/mongod.service.d/restart.conf; systemctl daemon-reload; systemctl start mongod" if "hook" in way else "true")
        m.put("/usr/local/sbin/end-mongod", HOOK, 0o755)
        # The secret on one of three hosts is systemd's to hand over, root's own file; a file of rotad's user on the others.
        is_credential = "unit" in way
        m.put("/etc/rotad/webhook.secret", self.secret + "\n", 0o600, "root" if is_credential else "mongodb")
        m.put("/etc/rotad/rotad.yaml", yaml({
            "mode": "act", "timezone": "UTC",
            "instances": [{"name": "rs0", "configFile": "/etc/mongod.conf", "restart": dict(way, drain=self.drain)}],
            "keyfile": {"mode": "act", "maxAge": "never"}, "certificates": {"mode": "observe"},
            "alerts": [{"name": "test", "type": "webhook", "url": self.sink.url, "secret": "credential:webhook" if is_credential else "file:/etc/rotad/webhook.secret", "minSeverity": "notice", "allowPlain": True}]}))
        m.put("/etc/systemd/system/rotad.service.d/files.conf", "[Service]\nReadWritePaths=/etc/mongodb\n" +
              ("LoadCredential=webhook:/etc/rotad/webhook.secret\n" if is_credential else ""))
        m.sh("systemctl daemon-reload")
        if "job" in way:
            m.sh("systemctl stop polkit; systemctl mask polkit; systemctl enable --now rotad-restart@mongod.path")
        if start and self.install:
            m.sh("systemctl enable --now rotad")

    def __exit__(self, *exc):
        if exc and exc[0]:
            for m in self.world.members:
                try:
                    print("---- rotad on %s\n%s" % (m.name, m.sh("journalctl --no-pager -u rotad -u mongod -n 40 -o cat", check=False)), flush=True)
                except Exception as e:  # a host that is off, or frozen
                    print("---- %s: %s" % (m.name, e))
        if self.sampler:
            self.sampler.stopping.set()
        if self.writer:
            self.writer.stop_asked.set()
        hosts.down(self.world.set, quiet=True)
        shutil.rmtree(self.dir, ignore_errors=True)

    # -- acts
    def host(self, i):
        return self.world.members[i]

    def wait_ready(self, seconds=120):
        self.world.wait_healthy(seconds)

        def test():
            return all(x["rotad"] and x["rotad"]["rehearsed"] for m in self.world.members for x in m.status()["members"]) and \
                all(m.ctl("status").status == 0 for m in self.world.members)
        wait_for("all rotads to be ready", seconds, test, 0.5)

    def begin(self):
        """A rotation is asked for; gives back once a host has the turn."""
        self.old_key = self.host(0).keys()[0]
        r = self.host(0).ctl("rotate", "keyfile", "--yes", "--reason", "test")
        self.checks.that("rotactl rotate keyfile", r.status == 0, "" if r.status == 0 else r.text())
        return wait_for("a first turn", 90, self.turn, 0.2)

    def turn_seen_by(self, m):
        for x in m.status()["members"]:
            if x["turn"]:
                return next(o for o in self.world.members if x["host"].split(":")[0] == o.name)
        return None

    def turn(self):
        """The member whose turn it is, as a host tells that can be asked."""
        for m in self.world.members:
            try:
                got = self.turn_seen_by(m)
                if got:
                    return got
            except (KeyError, ValueError, IndexError, OSError, hosts.Fail, subprocess.SubprocessError):
                pass
        return None

    def is_rotated(self):
        kept = [m.keys() for m in self.world.members]
        new = kept[0][0]
        if new == self.old_key or any(k != [new] for k in kept):
            return False
        try:
            return all(m.accepts(new) and not m.accepts(self.old_key) for m in self.world.members)
        except PyMongoError:  # one that is being restarted answers anything
            return False

    def wait_rotated(self, what, seconds=600):
        start = time.monotonic()
        try:
            wait_for(what, seconds, lambda: self.is_rotated() and all(m.ctl("status").status == 0 for m in self.world.members), 0.5)
            return self.checks.that(what, True, "after %.0f s" % (time.monotonic() - start))
        except TimeoutError as e:
            for m in self.world.members:
                print(m.name, m.ctl("status").text(), m.ctl("explain").text(), sep="\n", flush=True)
            return self.checks.that(what, False, e)

    def says(self, m, seconds=1):
        """The first words of status on a host: what people see."""
        text = m.ctl("status").text()
        return " ".join(" ".join(text.split("\n")[:6]).split())[:400]

    def events(self, name, since=0):
        return [x for x in self.sink.all()[since:] if x.json.get("event") == name]

    def starts(self, m, since):
        """How often mongod of this host started after that wall clock time, by its own log."""
        return sum(e.get("id") in logs.OPTIONS_OR_RESTARTED[:1] for e in logs.entries(m.file("/var/log/mongodb/mongod.log"), since))

    # -- what must hold
    def mark(self):
        self.marks = (time.monotonic(), len(self.writer.failed) if self.writer else 0)
        self.sampler.looks, self.sampler.broken = 0, []

    def held(self, row, failed_at_most=0, why=""):
        """After a row: healthy, one common key at every look, nothing lost, no write failed beyond what the fault costs."""
        c = self.checks
        try:
            c.that(row + ": the set is healthy", self.world.wait_healthy(90))
        except TimeoutError as e:
            c.that(row + ": the set is healthy", False, e)
        try:
            wait_for("a look since the mark", 60, lambda: self.sampler.looks, 0.2)
        except TimeoutError:
            pass  # told below
        c.that(row + ": one key in every file and process", self.sampler.looks and not self.sampler.broken,
               self.sampler.broken[:2] or "%d looks" % self.sampler.looks)
        if self.writer:
            failed = self.writer.failed[self.marks[1]:]
            c.that(row + ": writes that failed, at most %d%s" % (failed_at_most, why and " (%s)" % why), len(failed) <= failed_at_most,
                   "%d; longest pause %.1f s%s" % (len(failed), self.writer.longest_pause(self.marks[0]), "".join("; " + t for _, t in failed[:2])))
            c.that(row + ": the application writes on", self.writer.acknowledged(time.monotonic() - 5) > 0)

    def finish(self):
        if self.writer:
            self.writer.stop()
            lost = self.writer.lost()
            self.checks.that("no acknowledged write is lost", not lost, "%d acknowledged" % len(self.writer.acked))
        self.checks.print()
        return self.checks.status()
