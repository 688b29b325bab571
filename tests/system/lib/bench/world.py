# SPDX-License-Identifier: Apache-2.0
"""One replica set of real mongods on loopback, and what an independent client (pymongo) sees of it."""
import base64
import os
import random
import shutil
import signal
import socket
import ssl
import subprocess
import time

import pymongo
from pymongo import MongoClient
from pymongo.errors import AutoReconnect, ConnectionFailure, OperationFailure, PyMongoError

from . import pki
from .show import wait_for

HOST = "localhost"


def free_ports(n):
    """n ports that were free just now, all held open until all are chosen. Below the kernel's range for outgoing connections:
    else a client's connection may take the port of a member while that is restarted, and it does not come back (code 48)."""
    with open("/proc/sys/net/ipv4/ip_local_port_range") as f:
        below = int(f.read().split()[0])
    candidates = list(range(max(1024, below // 2), below)) or list(range(1024, 65536))
    random.shuffle(candidates)
    held = []
    try:
        for port in candidates:
            if len(held) == n:
                break
            s = socket.socket()
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                s.close()
                continue
            held.append(s)
        if len(held) < n:
            raise RuntimeError("only %d of %d ports are free" % (len(held), n))
        return [s.getsockname()[1] for s in held]
    finally:
        for s in held:
            s.close()


def new_key(n_bytes=756):
    return base64.b64encode(os.urandom(n_bytes)).decode()


def keys_of(path):
    """The keys of a keyfile as rotad writes it or as `openssl rand` makes it."""
    with open(path) as f:
        text = f.read()
    items = ["".join(i.replace('"', "").split()) for i in ("\n" + text).split("\n- ")[1:]]
    return items or ["".join(text.split())]


def write_whole(path, text, mode=0o600):
    tmp = path + ".new"
    fd = os.open(tmp, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(fd, "w") as f:
        f.write(text)
        f.flush()
        os.fsync(f.fileno())
    os.rename(tmp, path)


def pid_alive(pid):
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


class Member:
    def __init__(self, world, name, port, arbiter=False):
        self.world, self.name, self.port, self.arbiter = world, name, port, arbiter
        self.dir = os.path.join(world.dir, name)
        self.conf, self.keyfile, self.pem = (os.path.join(self.dir, f) for f in ("mongod.conf", "keyfile", "member.pem"))
        self.ca, self.log, self.pid_file = (os.path.join(self.dir, f) for f in ("ca.pem", "mongod.log", "mongod.pid"))
        self.host, self.address = HOST, "%s:%d" % (HOST, port)

    def lay_out(self, key):
        os.makedirs(os.path.join(self.dir, "db"), mode=0o700)
        write_whole(self.keyfile, "- %s\n" % key if key else "", 0o600)
        tls = ""
        if self.world.pki:
            shutil.copy(self.world.pki.member(self.name, [HOST, "127.0.0.1"]), self.pem)
            os.chmod(self.pem, 0o600)
            shutil.copy(self.world.pki.ca, self.ca)
            tls = "  tls:\n    mode: requireTLS\n    certificateKeyFile: %s\n    CAFile: %s\n%s" % (
                self.pem, self.ca, self.world.tls_lines(self) if self.world.tls_lines else "")
        params = "".join("  %s: %s\n" % kv for kv in self.world.parameters.items())
        write_whole(self.conf, (
            "# %s of the bench\nsystemLog:\n  destination: file\n  path: %s\n  logAppend: true\nstorage:\n  dbPath: %s/db\n  wiredTiger:\n"
            "    engineConfig:\n      cacheSizeGB: 0.25\nnet:\n  port: %d\n  bindIp: 127.0.0.1\n  unixDomainSocket:\n    enabled: false\n%s"
            "security:\n  keyFile: %s\n%sprocessManagement:\n  fork: true\n  pidFilePath: %s\n%s")
            % (self.name, self.log, self.dir, self.port, tls, self.keyfile,
               ("replication:\n  replSetName: %s\n  oplogSizeMB: 200\n" % self.world.set_name if self.world.replica else "")
               + ("sharding:\n  clusterRole: %s\n" % self.world.role if self.world.role else ""), self.pid_file,
               "setParameter:\n" + params if params else ""), 0o600)

    # -- the process
    def pid(self):
        try:
            with open(self.pid_file) as f:
                pid = int(f.read())
        except (OSError, ValueError):
            return None
        return pid if pid_alive(pid) else None

    def start(self, check=True):
        r = subprocess.run(self.world.wrap + [self.world.mongod, "--config", self.conf], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, text=True, env=self.world.env)
        if r.returncode and check:
            raise RuntimeError("%s does not start: exit %d: %s" % (self.name, r.returncode, r.stdout[-600:]))
        return r.returncode == 0

    def stop(self, sig=signal.SIGTERM, seconds=60):
        pid = self.pid()
        if pid:
            os.kill(pid, sig)
            wait_for("%s to end" % self.name, seconds, lambda: not pid_alive(pid), 0.01)

    # -- asking it
    def client(self, key=None, port=None, **more):
        """A direct connection: as __system with that key alone, else as the bench's own user."""
        kw = dict(directConnection=True, serverSelectionTimeoutMS=2000, connectTimeoutMS=2000, socketTimeoutMS=20000, appname="bench")
        if self.world.pki:
            kw.update(tls=True, tlsCAFile=self.world.pki.ca, tlsCertificateKeyFile=self.world.pki.path("bench"))
        if key:
            kw.update(username="__system", password=key, authSource="local", authMechanism="SCRAM-SHA-256")
        elif more.pop("login", True):
            kw.update(self.world.login())
        kw.update(more)
        return MongoClient(self.host, port or self.port, **kw)

    def ask(self, command, value=1, **more):
        with self.client() as c:
            return c.admin.command(command, value, **more)

    def hello(self):
        with self.client(login=False, serverSelectionTimeoutMS=500, connectTimeoutMS=500) as c:
            return c.admin.command("hello" if pymongo.version_tuple >= (4,) else "isMaster")

    def accepts(self, key):
        """Does this member let __system in by this key alone? Any answer but yes and no is an exception."""
        with self.client(key=key) as c:
            try:
                c.admin.command("replSetGetStatus" if self.world.replica else "connectionStatus")
                return True
            except OperationFailure as e:
                if e.code == 18:
                    return False
                raise

    def served(self):
        """Serial number (hex) of the certificate that a new connection is served."""
        ctx = ssl.create_default_context(cafile=self.world.pki.ca)
        ctx.load_cert_chain(self.world.pki.path("bench"))
        with socket.create_connection(("127.0.0.1", self.port), 5) as raw, ctx.wrap_socket(raw, server_hostname=HOST) as s:
            return s.getpeercert()["serialNumber"].upper().lstrip("0")


class World:
    """A replica set. Use as a context; under bench.nest nothing outlives it even without."""

    def __init__(self, folder, mongod, members=3, tls=True, rotactl=None, arbiters=0, set_name="rs0", parameters=None, wrap=None, env=None,
                 chaining=True, tls_lines=None, replica=True, role=None, key=None):
        self.dir, self.mongod, self.set_name, self.tls_lines = folder, mongod, set_name, tls_lines  # tls_lines(member): more of net.tls
        self.chaining, self.replica, self.role = chaining, replica, role  # role: of a sharded cluster, shardsvr or configsvr
        self.parameters, self.wrap, self.env = dict(parameters or {}), list(wrap or []), env
        os.makedirs(folder, mode=0o700, exist_ok=True)
        self.pki = pki.Pki(os.path.join(folder, "pki"), rotactl) if tls else None
        self.key = key or new_key()
        ports = free_ports(members)
        self.members = [Member(self, "db%d" % (i + 1), p, i >= members - arbiters) for i, p in enumerate(ports)]

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        for m in self.members:
            pid = m.pid()
            if pid:
                os.kill(pid, signal.SIGKILL)

    def login(self):
        if self.pki:
            return dict(username=pki.subject_of(self.pki.path("bench")), authSource="$external", authMechanism="MONGODB-X509")
        return dict(username="bench", password="bench", authSource="admin")

    def up(self, initiate=True):
        """Certificates, files, processes, the set initiated and healthy, and the bench's own user in it."""
        if self.pki:
            self.pki.init()
            self.pki.client("bench")
        for m in self.members:
            m.lay_out(self.key)
        for m in self.members:
            m.start()
        if not self.replica:
            with self.members[0].client(key=self.key) as c:
                self._make_user(c)
        elif initiate:
            conf = {"_id": self.set_name, "settings": {"chainingAllowed": self.chaining}, "members": [dict({"_id": i, "host": m.address}, **({"arbiterOnly": True} if m.arbiter else {}))
                                                      for i, m in enumerate(self.members)]}
            if self.role == "configsvr":
                conf["configsvr"] = True
            with self.members[0].client(key=self.key) as c:
                c.admin.command("replSetInitiate", conf)
            first = wait_for("a first primary", 60, self._elect, 0.1)
            with first.client(key=self.key) as c:
                if self.arbiters():
                    c.admin.command("setDefaultRWConcern", 1, defaultWriteConcern={"w": "majority"})
                self._make_user(c)
            self.wait_healthy()
        return self

    def _make_user(self, c):
        if self.pki:
            c["$external"].command("createUser", pki.subject_of(self.pki.path("bench")), roles=[{"role": "root", "db": "admin"}],
                                   writeConcern={"w": "majority"})
        else:
            c.admin.command("createUser", "bench", pwd="bench", roles=["root"], writeConcern={"w": "majority"})

    def _elect(self):
        """Ask for the first election instead of waiting for its timeout."""
        try:
            with self.members[0].client(key=self.key) as c:
                c.admin.command("replSetStepUp")
        except PyMongoError:
            pass
        return self.primary()

    def arbiters(self):
        return [m for m in self.members if m.arbiter]

    def primary(self):
        for m in self.members:
            try:
                h = m.hello()
                if h.get("isWritablePrimary", h.get("ismaster")):
                    return m
            except PyMongoError:
                pass
        return None

    def is_healthy(self, but=()):
        """Each member, asked directly, is well and sees every other one well; one primary. Members in `but` are left out."""
        mine = [m for m in self.members if m not in but]
        addresses = {m.address for m in mine}
        primaries = set()
        for m in mine:
            if m.arbiter:
                if not m.hello().get("arbiterOnly"):
                    return False
                continue
            s = m.ask("replSetGetStatus")
            if s["myState"] not in (1, 2):
                return False
            for o in s["members"]:
                if o["name"] in addresses and (o["health"] != 1 or o["stateStr"] not in ("PRIMARY", "SECONDARY", "ARBITER")):
                    return False
                if o["stateStr"] == "PRIMARY":
                    primaries.add(o["name"])
        return len(primaries) == 1

    def wait_healthy(self, seconds=60, but=()):
        return wait_for("a healthy set", seconds, lambda: self.is_healthy(but), 0.05)

    def uri(self):
        return "mongodb://%s/?replicaSet=%s" % (",".join(m.address for m in self.members if not m.arbiter), self.set_name)

    def application(self, name="app", **more):
        """A client as an application makes it: the set's URI and TLS files, everything else at the driver's defaults."""
        if self.pki:
            pem = self.pki.path(name)
            more.update(tls=True, tlsCAFile=self.pki.ca, tlsCertificateKeyFile=pem, authMechanism="MONGODB-X509", authSource="$external",
                        username=pki.subject_of(pem))
        else:
            more.update(self.login())
        return MongoClient(self.uri(), w="majority", appname="stock-writer", **more)

    def step_down(self, seconds=10, catch_up=2):
        """Ask the primary to step down; gives (the member, how long the answer took)."""
        m = wait_for("a primary", 30, self.primary)
        t = time.monotonic()
        try:
            with m.client() as c:
                c.admin.command("replSetStepDown", seconds, secondaryCatchUpPeriodSecs=catch_up)
        except (AutoReconnect, ConnectionFailure):
            pass
        return m, time.monotonic() - t

    def order(self):
        """The order of turns: arbiters, secondaries, the primary last."""
        first = wait_for("a primary", 30, self.primary)
        return sorted(self.members, key=lambda m: (m is first, not m.arbiter))


def rotate_by_hand(world, hook, drain_ms, told=lambda *a: None):
    """The rotation of the manual by a bare script, as fast as it can be done without harm: [old, new] everywhere, restart in
    turn, [new] everywhere, restart in turn. Gives the new key."""
    old, new = world.key, new_key()
    for n, text in enumerate(("- %s\n- %s\n" % (old, new), "- %s\n" % new), 1):
        for m in world.members:
            write_whole(m.keyfile, text)
        told("pass %d of 2: keyfiles written" % n)
        for m in world.order():
            p = world.primary()
            if p is m:
                world.step_down()
                wait_for("another primary", 30, lambda: world.primary() not in (None, m), 0.02)
            with m.client(key=old) if n == 1 else m.client(key=new) as c:
                c.admin.command("setParameter", 1, shutdownTimeoutMillisForSignaledShutdown=drain_ms)
            subprocess.run([hook, "restart", m.name], check=True, stdin=subprocess.DEVNULL, env=dict(os.environ, ROTAD_CONFIG_FILE=m.conf))
            world.wait_healthy()
            told("pass %d of 2: %s back" % (n, m.name))
    world.key = new
    return new
