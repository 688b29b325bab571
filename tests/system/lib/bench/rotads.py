# SPDX-License-Identifier: Apache-2.0
"""One rotad a member, as on hosts of their own: own configuration, state directory and socket, kept up as a service manager would."""
import json
import os
import shlex
import signal
import subprocess
import threading
import time

from .show import wait_for
from .world import write_whole

TOP = os.path.realpath(os.environ.get("TOP_SRCDIR") or os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..", "..", ".."))
HOOK = os.path.join(TOP, "contrib", "hooks", "mongod-restart")


def yaml(value, indent=0):
    """Plain data as block YAML: strings quoted, so that nothing is taken for something else."""
    pad = "  " * indent
    if isinstance(value, dict):
        return "".join("%s%s:%s" % (pad, k, _after(v, indent)) for k, v in value.items())
    return "".join("%s-\n%s" % (pad, yaml(v, indent + 1)) if isinstance(v, dict) else "%s- %s\n" % (pad, _scalar(v)) for v in value)


def _after(v, indent):
    if isinstance(v, (dict, list)) and v:
        return "\n" + yaml(v, indent + 1)
    return " %s\n" % _scalar(v)


def _scalar(v):
    if isinstance(v, bool):
        return "true" if v else "false"
    if v in ({}, []):
        return "[]" if v == [] else "{}"
    return v if isinstance(v, str) and v.isalnum() and not v.isdigit() else str(v) if isinstance(v, int) else json.dumps(str(v))


class Result:
    def __init__(self, argv, status, out, err, seconds):
        self.argv, self.status, self.out, self.err, self.seconds = argv, status, out, err, seconds

    def json(self):
        return json.loads(self.out)

    def text(self):
        return (self.out + self.err).strip()


class Rotad:
    """The rotad of one member."""

    def __init__(self, fleet, member, **changes):
        self.fleet, self.member, self.name = fleet, member, member.name
        self.dir = os.path.join(fleet.dir, "rotad-" + member.name)
        os.makedirs(self.dir, mode=0o700, exist_ok=True)
        self.conf, self.state, self.log = (os.path.join(self.dir, f) for f in ("rotad.yaml", "state", "rotad.log"))
        os.makedirs(self.state, mode=0o700, exist_ok=True)
        self.socket = os.path.join(self.dir, "sock")
        self.env, self.wrap, self.ends, self.process, self.wanted, self.starts = {}, [], [], None, False, 0
        self.died = lambda: None  # called each time its process has ended
        self.config = {
            "mode": "act", "timezone": "UTC", "stateDirectory": self.state, "socket": self.socket,
            "instances": [{"name": member.name, "configFile": member.conf, "restart": {"hook": HOOK, "drain": fleet.drain}, "reload": "rotateCertificates"}],
            "keyfile": {"mode": "act", "maxAge": "never"},
            "certificates": {"mode": "off"},
        }
        self.config.update(changes)
        self.write()

    def write(self):
        write_whole(self.conf, yaml(self.config), 0o600)

    # -- the process
    def start(self):
        self.wanted = True
        threading.Thread(target=self._keep, daemon=True).start()
        return self

    def _keep(self):
        """Start it again whenever it ends, as Restart=always does."""
        while self.wanted:
            with open(self.log, "ab") as log:
                self.process = subprocess.Popen(self.wrap + [self.fleet.rotad, "--config", self.conf], stdin=subprocess.DEVNULL, stdout=log,
                                                stderr=log, env=dict(os.environ, **self.env), start_new_session=True, cwd="/")
                self.starts += 1
            self.ends.append((self.process.wait(), time.monotonic()))
            self.died()
            if self.wanted:
                time.sleep(0.3)

    def pid(self):
        return self.process.pid if self.process and self.process.poll() is None else None

    def stop(self, seconds=20):
        self.wanted = False
        p = self.process
        if p and p.poll() is None:
            p.send_signal(signal.SIGTERM)
            try:
                p.wait(seconds)
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait()
                raise RuntimeError("rotad of %s did not leave on SIGTERM within %g s" % (self.name, seconds))

    def kill(self):
        """kill -9; it is started again."""
        if self.pid():
            self.process.kill()

    def reload(self):
        if self.pid():
            self.process.send_signal(signal.SIGHUP)

    # -- rotactl
    def ctl(self, *words, timeout=60, socket=True):
        argv = [self.fleet.rotactl] + (["--socket", self.socket] if socket else []) + [str(w) for w in words]
        start = time.monotonic()
        r = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=timeout)
        return Result(argv, r.returncode, r.stdout, r.stderr, time.monotonic() - start)

    def status(self):
        r = self.ctl("status", "--json")
        return r.json()

    def last_words(self, n=25):
        try:
            with open(self.log, errors="replace") as f:
                return "".join(f.readlines()[-n:])
        except OSError:
            return ""


class Fleet:
    """A rotad for each member of a world."""

    def __init__(self, world, rotad, rotactl, drain="2s", folder=None, **changes):
        self.world, self.rotad, self.rotactl, self.drain = world, rotad, rotactl, drain
        self.dir = folder or world.dir
        self.all = [Rotad(self, m, **{k: (v(m) if callable(v) else v) for k, v in changes.items()}) for m in world.members]

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        for r in self.all:
            r.wanted = False
            if r.pid():
                r.process.kill()

    def of(self, member):
        return next(r for r in self.all if r.member is member)

    def start(self, seconds=60):
        for r in self.all:
            r.start()
        for r in self.all:
            wait_for("rotad of %s to answer, or to end again and again" % r.name, seconds,
                     lambda: r.starts > 8 or r.ctl("status", "--json").status in (0, 1, 2), 0.2)
            if r.starts > 8 and not r.env:
                raise RuntimeError("rotad of %s ended %d times: %s" % (r.name, len(r.ends), r.last_words(3).strip()))
        return self

    def stop(self):
        for r in self.all:
            r.stop()

    def watch(self, rotad, words, told, timeout):
        """Run a rotactl verb that goes on for long; each line it prints is told as it comes. Gives a Result."""
        argv = [self.rotactl, "--socket", rotad.socket] + [str(w) for w in words]
        start = time.monotonic()
        p = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, bufsize=1)
        timer = threading.Timer(timeout, p.kill)
        timer.start()
        lines = []
        try:
            for line in p.stdout:
                lines.append(line)
                told("  %s", line.rstrip())
            p.wait()
        finally:
            timer.cancel()
        return Result(argv, p.returncode, "".join(lines), "", time.monotonic() - start)


def show(argv):
    return " ".join(shlex.quote(str(a)) for a in argv)
