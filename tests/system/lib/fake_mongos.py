#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A stand-in for mongos, of which no binary for Linux can be had from a package index: what rotad asks of one, answered as mongos does.

usage: fake_mongos.py --config FILE

Real in it: the wire protocol, SCRAM-SHA-256 of __system with the one or two keys that the keyfile held at its start, the order in which it
logs in to others itself (first key, then the second, fresh connections), that it does not start without its config servers, its ping in
config.mongos, hello and code 91 while it drains, a new processId at each start. Not in it: TLS, users, any routing but {fakeRoute: 1}, which
writes one document into each shard by a login of its own, as a statement through mongos would."""
import base64
import ctypes
import datetime
import hashlib
import hmac
import os
import signal
import socketserver
import struct
import sys
import threading
import time

import bson
from bson import ObjectId
from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
from bench.world import keys_of, write_whole  # noqa: E402

OP_REPLY, OP_QUERY, OP_MSG = 1, 2004, 2013
ITERATIONS, PING_S = 15000, 1


def read_conf(path):
    """Maps and scalars of two spaces a level: what the bench writes."""
    root, stack = {}, []
    with open(path) as f:
        for line in f:
            text = line.split("#")[0].rstrip()
            if not text:
                continue
            depth = (len(text) - len(text.lstrip())) // 2
            key, _, value = text.strip().partition(":")
            del stack[depth:]
            at = stack[-1] if stack else root
            at[key] = {"true": True, "false": False}.get(value.strip(), value.strip()) if value.strip() else {}
            if not value.strip():
                stack.append(at[key])
    return root


class Keys:
    """What it accepts, and what it logs in with: as read once, at the start."""

    def __init__(self, path):
        if os.stat(path).st_mode & 0o077:
            raise SystemExit("permissions on %s are too open" % path)
        self.all = keys_of(path)
        if not 1 <= len(self.all) <= 2:
            raise SystemExit("only two keys are supported in the security key file")
        self.salt = os.urandom(28)
        self.derived = [self._derive(k) for k in self.all]

    def _derive(self, key):
        salted = hashlib.pbkdf2_hmac("sha256", key.encode(), self.salt, ITERATIONS)
        client = hmac.digest(salted, b"Client Key", "sha256")
        return hashlib.sha256(client).digest(), hmac.digest(salted, b"Server Key", "sha256")

    def prove(self, message, proof):
        """The server's signature when the proof is of one of the keys, else None."""
        for stored, server in self.derived:
            client = bytes(a ^ b for a, b in zip(proof, hmac.digest(stored, message, "sha256")))
            if hmac.compare_digest(hashlib.sha256(client).digest(), stored):
                return hmac.digest(server, message, "sha256")
        return None


class Fake:
    def __init__(self, conf_path):
        self.conf_path, self.conf = conf_path, read_conf(conf_path)
        self.port = int(self.conf["net"]["port"])
        self.name = "localhost:%d" % self.port
        self.keys = Keys(self.conf["security"]["keyFile"])
        self.process, self.started, self.is_stopping = ObjectId(), time.monotonic(), False
        self.parameters = {"clusterAuthMode": "keyFile", "tlsMode": "disabled", "mongosShutdownTimeoutMillisForSignaledShutdown": 15000}
        self.sessions, self.lock = {}, threading.Lock()
        self.config_set, seeds = self.conf["sharding"]["configDB"].split("/")
        self.seeds = seeds.split(",")

    def log(self, severity, number, text):
        stamp = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds")
        with open(self.conf["systemLog"]["path"], "a") as f:
            f.write('{"t":{"$date":"%s"},"s":"%s","c":"CONTROL","id":%d,"ctx":"main","msg":"%s"}\n' % (stamp, severity, number, text))

    # -- as a client of the cluster
    def dial(self, set_name, hosts, work):
        """work(client) on a fresh connection by the first key; only when that is refused by the second."""
        for n, key in enumerate(self.keys.all):
            with MongoClient("mongodb://%s/?replicaSet=%s" % (",".join(hosts), set_name), username="__system", password=key, authSource="local",
                             authMechanism="SCRAM-SHA-256", appname="mongos", serverSelectionTimeoutMS=5000, w="majority", retryWrites=False) as c:
                try:
                    return work(c)
                except OperationFailure as e:
                    if e.code != 18 or n + 1 == len(self.keys.all):
                        raise
        return None

    def ping(self):
        def work(c):
            c.config.mongos.update_one({"_id": self.name}, {"$set": {"ping": datetime.datetime.now(datetime.timezone.utc), "up": int(time.monotonic() - self.started),
                                                                    "mongoVersion": "6.0.5"}}, upsert=True)
            return [s["host"] for s in c.config.shards.find()]
        self.shards = self.dial(self.config_set, self.seeds, work)

    def keep_pinging(self):
        while True:
            time.sleep(PING_S)
            try:
                self.ping()
            except PyMongoError as e:
                self.log("W", 22668, "ping: %s" % type(e).__name__)

    def route(self):
        for one in self.shards:
            name, hosts = one.split("/")
            for n in range(40):  # as mongos does it, while a primary changes
                try:
                    self.dial(name, hosts.split(","), lambda c: c.admin["fake.routed"].insert_one({"by": self.name}))
                    break
                except OperationFailure as e:
                    if e.code in (18, 13) or n == 39:
                        raise
                except PyMongoError:
                    if n == 39:
                        raise
                time.sleep(0.25)
        return {}

    # -- as a server
    def hello(self, doc):
        if self.is_stopping:
            return {"ok": 0.0, "code": 91, "codeName": "ShutdownInProgress", "errmsg": "The server is in quiesce mode and will shut down"}
        r = {"ismaster": True, "isWritablePrimary": True, "msg": "isdbgrid", "helloOk": True, "maxBsonObjectSize": 16777216,
             "maxMessageSizeBytes": 48000000, "maxWriteBatchSize": 100000, "localTime": datetime.datetime.now(datetime.timezone.utc), "connectionId": 1,
             "minWireVersion": 0, "maxWireVersion": 17, "topologyVersion": {"processId": self.process, "counter": bson.Int64(0)}}
        if "saslSupportedMechs" in doc:
            r["saslSupportedMechs"] = ["SCRAM-SHA-256"] if doc["saslSupportedMechs"] == "local.__system" else []
        return r

    def answer(self, session, doc):
        name = next(iter(doc))
        if name in ("hello", "isMaster", "ismaster"):
            session["app"] = doc.get("client", {}).get("application", {}).get("name", session["app"])
            return self.hello(doc)
        if name == "fakeRoute":
            return self.route()
        if name == "ping":
            return {}
        if name == "saslStart":
            first = bytes(doc["payload"]).decode()
            bare = first[3:]
            fields = dict(f.split("=", 1) for f in bare.split(","))
            if doc["mechanism"] != "SCRAM-SHA-256" or fields["n"] != "__system" or doc.get("$db") != "local":
                return failed()
            nonce = fields["r"] + base64.b64encode(os.urandom(24)).decode()
            second = "r=%s,s=%s,i=%d" % (nonce, base64.b64encode(self.keys.salt).decode(), ITERATIONS)
            session["scram"] = (bare, second, nonce)
            return {"conversationId": 1, "done": False, "payload": second.encode()}
        if name == "saslContinue":
            text = bytes(doc["payload"]).decode()
            if session["user"]:
                return {"conversationId": 1, "done": True, "payload": b""}
            bare, second, nonce = session.pop("scram")
            without, _, proof = text.rpartition(",p=")
            signature = self.keys.prove(",".join((bare, second, without)).encode(), base64.b64decode(proof)) if "r=" + nonce in without else None
            if not signature:
                self.log("I", 20249, "Authentication failed")
                return failed()
            session["user"] = True
            return {"conversationId": 1, "done": True, "payload": b"v=" + base64.b64encode(signature)}
        if name in ("buildInfo", "buildinfo"):
            return {"version": "6.0.5"}
        if name == "endSessions":
            return {}
        if not session["user"]:
            return {"ok": 0.0, "code": 13, "codeName": "Unauthorized", "errmsg": "command %s requires authentication" % name}
        if name == "serverStatus":
            return {"host": self.name, "version": "6.0.5", "process": "mongos", "pid": bson.Int64(os.getpid()),
                    "uptimeMillis": bson.Int64((time.monotonic() - self.started) * 1000), "connections": {"current": len(self.sessions)}}
        if name == "connectionStatus":
            return {"authInfo": {"authenticatedUsers": [{"user": "__system", "db": "local"}], "authenticatedUserRoles": []}}
        if name == "getCmdLineOpts":
            return {"argv": sys.argv, "parsed": dict(self.conf, config=self.conf_path, net=dict(self.conf["net"], port=self.port))}
        if name == "getParameter":
            return {k: v for k, v in self.parameters.items() if k in doc}
        if name == "setParameter":
            for k in doc:
                if k in self.parameters:
                    self.parameters[k] = doc[k]
                elif k[0] != "$" and k != "setParameter":
                    return {"ok": 0.0, "code": 72, "codeName": "InvalidOptions", "errmsg": "attempted to set unrecognized parameter [%s]" % k}
            return {"was": 0}
        if name == "whatsmyuri":
            return {"you": session["client"]}
        if name == "aggregate":
            if not doc["pipeline"][0]["$currentOp"].get("localOps"):
                return {"ok": 0.0, "code": 9999, "codeName": "Fake", "errmsg": "a mongos would ask its shards"}
            with self.lock:
                batch = [{"client": s["client"], "appName": s["app"]} for s in self.sessions.values() if s["user"]]
            return {"cursor": {"id": bson.Int64(0), "ns": "admin.$cmd.aggregate", "firstBatch": batch}}
        return {"ok": 0.0, "code": 59, "codeName": "CommandNotFound", "errmsg": "no such command: '%s'" % name}


def failed():
    return {"ok": 0.0, "code": 18, "codeName": "AuthenticationFailed", "errmsg": "Authentication failed."}


class Handler(socketserver.BaseRequestHandler):
    def _read(self, n):
        out = b""
        while len(out) < n:
            part = self.request.recv(n - len(out))
            if not part:
                raise ConnectionError
            out += part
        return out

    def handle(self):
        fake, session = self.server.fake, {"user": False, "app": "", "client": "%s:%d" % self.client_address}
        with fake.lock:
            fake.sessions[id(session)] = session
        try:
            while True:
                size, request, _, op = struct.unpack("<iiii", self._read(16))
                body = self._read(size - 16)
                if op == OP_MSG:
                    flags, = struct.unpack_from("<I", body)
                    answer = dict(fake.answer(session, bson.decode(body[5:] if not flags & 1 else body[5:-4])))
                    answer.setdefault("ok", 1.0)
                    reply = struct.pack("<IB", 0, 0) + bson.encode(answer)
                    code = OP_MSG
                elif op == OP_QUERY:
                    end = body.index(b"\0", 4) + 1 + 8
                    answer = dict(fake.answer(session, bson.decode(body[end:])))
                    answer.setdefault("ok", 1.0)
                    reply = struct.pack("<iqii", 8, 0, 0, 1) + bson.encode(answer)
                    code = OP_REPLY
                else:
                    return
                self.request.sendall(struct.pack("<iiii", 16 + len(reply), 1, request, code) + reply)
        except (ConnectionError, OSError):
            pass
        finally:
            with fake.lock:
                fake.sessions.pop(id(session), None)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address, daemon_threads, request_queue_size = True, True, 64


def main():
    if len(sys.argv) != 3 or sys.argv[1] != "--config":
        raise SystemExit(__doc__)
    ctypes.CDLL(None).prctl(15, b"mongos", 0, 0, 0)  # PR_SET_NAME: what it is, in /proc
    fake = Fake(sys.argv[2])
    for n in range(30):  # as mongos: it serves nobody before it has found its config servers
        try:
            fake.ping()
            break
        except OperationFailure as e:
            fake.log("F", 20575, "Error initializing sharding: %s" % e.code)
            return 1
        except PyMongoError:
            time.sleep(0.5)
    else:
        fake.log("F", 20575, "Error initializing sharding: no config server")
        return 1
    server = Server(("127.0.0.1", fake.port), Handler)
    server.fake = fake
    read, written = os.pipe()
    if os.fork():  # the parent ends once it listens
        os.close(written)
        os._exit(0 if os.read(read, 1) else 1)
    os.setsid()
    ctypes.CDLL(None).prctl(15, b"mongos", 0, 0, 0)
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    write_whole(fake.conf["processManagement"]["pidFilePath"], "%d\n" % os.getpid(), 0o600)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *a: stop.set())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    threading.Thread(target=fake.keep_pinging, daemon=True).start()
    fake.log("I", 23016, "Waiting for connections")
    os.write(written, b"x")
    while not stop.wait(1):
        pass
    fake.is_stopping = True
    fake.log("I", 23377, "Received signal 15")
    time.sleep(fake.parameters["mongosShutdownTimeoutMillisForSignaledShutdown"] / 1000)
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
