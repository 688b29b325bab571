#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""rotactl cert check, ca and user against real mongods, certificate by certificate.

For every certificate of the table a mongod (clusterAuthMode x509, requireTLS) is started with it. It is good when that mongod
starts, another member's certificate can log in there as __system with the host name checked (inbound), and it can log in with this
certificate at a good member as __system (outbound): what members do with each other. rotactl must say the same, by the check named,
and may be stricter only where STRICTER says so. The openssl program is asked too. Then good ones are rotated in and looked at from
outside, subjects are compared with mongod's own words, and the commands of `rotactl user` are run as they are."""
import hashlib
import json
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, "lib"))
from pymongo import MongoClient  # noqa: E402
from pymongo.errors import OperationFailure, PyMongoError  # noqa: E402

from bench.pki import call, sign  # noqa: E402
from bench.show import Checks, say, table, wait_for  # noqa: E402
from bench.world import free_ports  # noqa: E402

ROTACTL = os.environ.get("ROTACTL") or os.path.join(os.environ.get("TOP_BUILDDIR", "."), "src/cmd/rotactl")
MONGOD = os.environ.get("MONGOD", "mongod")
STRICTER = {"leaf": "every host would be a CA"}
HOST = "localhost"


def rotactl(*words, ok=(0,)):
    r = subprocess.run([ROTACTL, *map(str, words)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if r.returncode not in ok:
        raise RuntimeError("rotactl %s: exit %d\n%s%s" % (" ".join(map(str, words)), r.returncode, r.stdout[-1500:], r.stderr[-1500:]))
    return r


def openssl(*words):
    return call(["openssl", *words])


class Shop:
    """Certificates of every kind in one folder. Good ones and most bad ones by rotactl; what it refuses to make by openssl."""

    def __init__(self, folder):
        self.dir = folder
        rotactl("ca", "init", self.at("ca"), "--name", "house", "--o", "acme")
        rotactl("ca", "init", self.at("other-ca"), "--name", "other", "--o", "acme")
        self.ca = self.at("ca/ca.pem")

    def at(self, name):
        return os.path.join(self.dir, name)

    def issue(self, name, profile="member", subject="CN=db1,OU=mongo,O=acme", host=HOST, ca="ca", more=()):
        out = self.at(name + ".pem")
        rotactl("ca", "issue", profile, "--ca", self.at(ca), "--host", host, "--subject", subject, "--out", out, *more)
        return out

    def by_openssl(self, name, ext="", subject="/O=acme/OU=mongo/CN=db1", start="20200101000000Z", end="20991231235959Z", key=(), md="sha256"):
        """A certificate of the same CA that rotactl would not issue: times, extensions, keys and digests at will."""
        base = self.at(name)
        key = key or ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
        openssl("req", "-new", *key, "-nodes", "-keyout", base + ".key", "-out", base + ".csr", "-subj", subject)
        sign(base + ".csr", base + ".crt", self.ca, self.at("ca/ca.key"), ext, None, start, end, md)
        self.join(name, base + ".crt", base + ".key")
        return base + ".pem"

    def join(self, name, *parts):
        with open(self.at(name + ".pem"), "w") as out:
            os.chmod(out.fileno(), 0o600)
            for p in parts:
                with open(p) as f:
                    out.write(f.read())
        return self.at(name + ".pem")

    def text(self, name, text):
        with open(self.at(name + ".pem"), "w") as out:
            os.chmod(out.fileno(), 0o600)
            out.write(text)
        return self.at(name + ".pem")


class Mongod:
    """One mongod with a certificate; ended by close()."""

    def __init__(self, shop, name, pem, crl=None, engine="devnull", set_name=None):
        self.shop, self.pem, self.port = shop, pem, free_ports(1)[0]
        self.dir = shop.at("mongod-" + name)
        os.makedirs(self.dir + "/db")
        self.log = self.dir + "/log"
        self.argv = [MONGOD, "--dbpath", self.dir + "/db", "--port", str(self.port), "--bind_ip", "127.0.0.1", "--nounixsocket", "--logpath", self.log,
                     "--storageEngine", engine, "--tlsMode", "requireTLS", "--tlsCertificateKeyFile", pem, "--tlsCAFile", shop.ca,
                     "--clusterAuthMode", "x509", "--setParameter", "diagnosticDataCollectionEnabled=false"]
        if engine == "devnull":  # it cannot hold the sessions' collection and would abort on the first refresh
            self.argv += ["--setParameter", "disableLogicalSessionCacheRefresh=true"]
        else:
            self.argv += ["--wiredTigerCacheSizeGB", "0.25"]
        if crl:
            self.argv += ["--tlsCRLFile", crl]
        self.process = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def wait(self, seconds=60):
        """None when it listens, else its exit status."""
        def test():
            if self.process.poll() is not None:
                return "exit"
            with open(self.log, errors="replace") as f:
                return "up" if '"Waiting for connections"' in f.read() else None
        return None if wait_for("mongod with %s" % self.pem, seconds, lambda: os.path.exists(self.log) and test()) == "up" else self.process.returncode

    def client(self, pem, login=True, **more):
        kw = dict(tls=True, tlsCAFile=self.shop.ca, tlsCertificateKeyFile=pem, directConnection=True, serverSelectionTimeoutMS=2500, connectTimeoutMS=2500)
        if login:
            kw.update(authMechanism="MONGODB-X509", authSource="$external")
        kw.update(more)
        return MongoClient(HOST, self.port, **kw)

    def handshake(self, pem):
        """The certificate that a new connection sees; SSLError when the chain, the name or the purpose is wrong."""
        context = ssl.create_default_context(cafile=self.shop.ca)
        context.load_cert_chain(pem)
        with socket.create_connection(("127.0.0.1", self.port), 5) as s, context.wrap_socket(s, server_hostname=HOST) as t:
            return t.getpeercert(True)

    def knows_as_system(self, pem):
        """"" when this certificate is __system here, else why not."""
        try:
            self.handshake(pem)
            with self.client(pem) as c:
                users = c.admin.command("connectionStatus")["authInfo"]["authenticatedUsers"]
                return "" if {"user": "__system", "db": "local"} in users else "logged in as %r" % users
        except ssl.SSLError as e:
            return getattr(e, "verify_message", "") or str(e)
        except PyMongoError as e:
            return str(e).split(", full error")[0][:160] or repr(e)

    def served(self):
        """SHA-256 of the certificate that a new connection sees."""
        return hashlib.sha256(self.handshake(self.shop.at("good.pem"))).hexdigest()

    def close(self):
        if self.process.poll() is None:
            self.process.kill()  # nothing of it is kept
        self.process.wait()


def sha256_of(pem):
    return openssl("x509", "-in", pem, "-noout", "-fingerprint", "-sha256").split("=")[1].strip().replace(":", "").lower()


def candidates(s):
    """name, file, the check that refuses it (None: good), further arguments of cert check"""
    good = s.issue("good")
    san = "subjectAltName=DNS:%s\n" % HOST
    yield "P-256", good, None, ()
    yield "P-384", s.issue("p384", more=("--key-type", "P-384")), None, ()
    yield "RSA-2048", s.issue("rsa", more=("--key-type", "RSA-2048")), None, ()
    yield "Ed25519", s.issue("ed25519", more=("--key-type", "Ed25519")), None, ()
    yield "no EKU at all", s.by_openssl("no-eku", san), None, ()
    yield "a country more", s.issue("country", subject="CN=db1,OU=mongo,O=acme,C=DE"), None, ()
    yield "O and OU in another order", s.issue("order", subject="OU=mongo,CN=x,O=acme"), None, ()
    yield "CN and no SAN", s.by_openssl("cn", subject="/O=acme/OU=mongo/CN=" + HOST), None, ()
    yield "SAN of another host", s.issue("san", host="db1.corp.local"), "names", ()
    yield "CN right, SAN wrong", s.issue("san2", host="x.corp.local", subject="CN=%s,OU=mongo,O=acme" % HOST), "names", ()
    yield "EKU serverAuth only", s.issue("server", "server"), "usage", ()
    yield "EKU clientAuth only", s.issue("client", "client"), "usage", ()
    yield "EKU any", s.by_openssl("any", san + "extendedKeyUsage=anyExtendedKeyUsage\n"), "usage", ()
    yield "other OU", s.issue("ou", subject="CN=db1,OU=other,O=acme"), "membership", ()
    yield "one OU more", s.issue("ou2", subject="CN=db1,OU=mongo,OU=more,O=acme"), "membership", ()
    yield "OU missing", s.issue("ou0", subject="CN=db1,O=acme"), "membership", ()
    yield "case of O", s.issue("case", subject="CN=db1,OU=mongo,O=Acme"), "membership", ()
    yield "no O, OU, DC", s.issue("no-o", subject="CN=db1"), "membership", ()
    yield "DC in place of O", s.issue("dc", subject="CN=db1,OU=mongo,DC=acme"), "membership", ()
    yield "of another CA", s.issue("other", ca="other-ca"), "chain", ()
    yield "expired", s.by_openssl("expired", san, end="20200601000000Z"), "valid", ()
    yield "not yet valid", s.by_openssl("early", san, start="20980101000000Z"), "valid", ()
    yield "garbage", s.text("garbage", "this is no PEM\n"), "readable", ()
    yield "empty", s.text("empty", ""), "readable", ()
    whole = open(good).read()
    yield "cut in the key", s.text("cut", whole[:whole.index("PRIVATE") + 60]), "readable", ()
    yield "cut in the certificate", s.text("cut2", whole[:300]), "readable", ()
    yield "no key", s.text("no-key", whole[:whole.index("-----BEGIN PRIVATE")]), "readable", ()
    yield "key only", s.text("no-cert", whole[whole.index("-----BEGIN PRIVATE"):]), "readable", ()
    p384 = open(s.at("p384.pem")).read()
    yield "key of another", s.text("mismatch", whole[:whole.index("-----BEGIN PRIVATE")] + p384[p384.index("-----BEGIN PRIVATE"):]), "key", ()
    yield "CA first", s.join("ca-first", s.ca, good), "order", ()
    openssl("pkey", "-in", good, "-aes128", "-passout", "pass:secret", "-out", s.at("locked.key"))
    openssl("x509", "-in", good, "-out", s.at("locked.crt"))
    yield "encrypted key", s.join("locked", s.at("locked.crt"), s.at("locked.key")), "readable", ()
    yield "key first, then certificate", s.text("key-first", whole[whole.index("-----BEGIN PRIVATE"):] + whole[:whole.index("-----BEGIN PRIVATE")]), None, ()
    openssl("ec", "-in", good, "-out", s.at("sec1.key"))
    yield "SEC1 key", s.join("sec1", s.at("locked.crt"), s.at("sec1.key")), None, ()
    openssl("rsa", "-in", s.at("rsa.pem"), "-traditional", "-out", s.at("pkcs1.key"))
    openssl("x509", "-in", s.at("rsa.pem"), "-out", s.at("rsa.crt"))
    yield "PKCS#1 key", s.join("pkcs1", s.at("rsa.crt"), s.at("pkcs1.key")), None, ()
    yield "RSA-1024", s.by_openssl("small", san, key=("-newkey", "rsa:1024")), "strength", ()
    yield "SHA-1", s.by_openssl("sha1", san, md="sha1"), "strength", ()
    yield "a CA", s.by_openssl("ca-leaf", san + "basicConstraints=CA:true\n"), "leaf", ()
    rotactl("ca", "crl", "--ca", s.at("ca"), "--out", s.at("fresh.crl"))
    yield "fresh CRL", good, None, ("--crl", s.at("fresh.crl"))
    rotactl("ca", "crl", "--ca", s.at("ca"), "--for", "1s", "--out", s.at("expired.crl"))
    time.sleep(1.5)
    yield "expired CRL", good, "crl", ("--crl", s.at("expired.crl"))
    rotactl("ca", "crl", "--ca", s.at("other-ca"), "--out", s.at("others.crl"))
    yield "CRL of another CA", good, "crl", ("--crl", s.at("others.crl"))
    revoked = s.issue("revoked")
    rotactl("ca", "crl", "--ca", s.at("ca"), "--revoke", revoked, "--out", s.at("revoking.crl"))
    yield "revoked", revoked, "crl", ("--crl", s.at("revoking.crl"))


def real_verdict(shop, good, n, pem, crl):
    """"" when a mongod with it is a member among members, else why not."""
    m = Mongod(shop, "t%d" % n, pem, crl=crl)
    try:
        status = m.wait()
        if status is not None:
            return "does not start: exit %d" % status
        why = m.knows_as_system(good.pem)
        if why:
            return "inbound: " + why
        why = good.knows_as_system(pem)
        if why:
            return "outbound: " + why
        # The peers use the same CRL: ask one of them.
        why = crl and m.knows_as_system(pem)
        return "outbound, CRL: " + why if why else ""
    finally:
        if m.process.poll() not in (None, 1):  # a refusal by a dead server is none
            raise RuntimeError("mongod died with %s: exit %s" % (pem, m.process.returncode))
        m.close()


def second_opinion(shop, pem, crl):
    """openssl verify, as server and as client: "" or its words. It knows nothing of names and membership."""
    for purpose in ("sslserver", "sslclient"):
        argv = ["openssl", "verify", "-purpose", purpose, "-CAfile", shop.ca] + (["-crl_check", "-CRLfile", crl] if crl else []) + [pem]
        r = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if r.returncode:
            return " ".join(r.stdout.split())[-120:]
    return ""


def judge_table(shop, good, checks):
    rows = []
    for n, (name, pem, wanted, more) in enumerate(candidates(shop)):
        crl = more[1] if more else None
        r = rotactl("--json", "cert", "check", pem, "--ca", shop.ca, "--host", HOST, "--peer", shop.at("good.pem"), *more, ok=(0, 2))
        report = json.loads(r.stdout)
        bad = [c["check"] for c in report["checks"] if c["severity"] == "bad"]
        real = real_verdict(shop, good, n, pem, crl)
        opinion = second_opinion(shop, pem, crl)
        rows.append((name, ",".join(bad) or "good", real[:60] or "good", opinion[-40:] or "good"))
        checks.that("%s: rotactl says %s" % (name, wanted or "good"), bad == ([wanted] if wanted else []), bad or "good")
        if wanted in STRICTER and not real:
            checks.that("%s: stricter than mongod by a named rule" % name, True, STRICTER[wanted])
        else:
            checks.that("%s: mongod and its peers agree" % name, bool(real) == bool(wanted), real or "good")
        if opinion:
            checks.that("%s: openssl refuses it, so does rotactl" % name, bool(bad), opinion)
    table(rows, ("certificate", "rotactl", "mongod and its peers", "openssl verify"))


def judge_rotation(shop, good, checks):
    """The good ones are served after rotateCertificates; a bad one leaves the old in memory."""
    live = good.pem
    for name in ("rsa", "ed25519", "no-eku", "p384"):
        with open(shop.at(name + ".pem")) as f:
            shop.text("live-next", f.read())
        os.rename(shop.at("live-next.pem"), live)
        with good.client(shop.at("good.pem")) as c:
            c.admin.command("rotateCertificates")
        checks.that("%s is served after rotateCertificates" % name, good.served() == sha256_of(shop.at(name + ".pem")))
    before = good.served()
    shop.text("live-next", open(shop.at("expired.pem")).read())
    os.rename(shop.at("live-next.pem"), live)
    try:
        with good.client(shop.at("good.pem")) as c:
            c.admin.command("rotateCertificates")
        said = 0
    except OperationFailure as e:
        said = e.code
    checks.that("an expired one is refused by mongod too (140)", said == 140, said)
    checks.that("the old one is still served", good.served() == before)
    shop.text("live-next", open(shop.at("good.pem")).read())
    os.rename(shop.at("live-next.pem"), live)
    with good.client(shop.at("good.pem")) as c:
        c.admin.command("rotateCertificates")


SUBJECTS = ["CN=db1,OU=mongo,O=acme", "CN=a\\, b,O=Acme\\, Inc.", "CN=x+OU=two,O=acme", "CN=J\\C3\\A4ger,O=Caf\\C3\\A9", "CN=a,DC=example,DC=net",
            "CN=\\#1,O=\\ a \\ ", "CN=<a>\\;b,O=\\\"q\\\"".replace("<", "\\<").replace(">", "\\>"), "emailAddress=a@b.c,CN=m,O=acme"]


def judge_subjects(shop, checks):
    """The subject rotactl prints is the one mongod has in serverStatus, to the byte."""
    for n, subject in enumerate(SUBJECTS):
        pem = shop.issue("subject%d" % n, subject=subject)
        ours = json.loads(rotactl("--json", "user", pem).stdout)["commands"][0]["command"]["createUser"]
        m = Mongod(shop, "s%d" % n, pem)
        try:
            if m.wait() is not None:
                checks.that("a mongod starts with %s" % subject, False)
                continue
            with m.client(pem) as c:
                theirs = c.admin.command("serverStatus")["security"]["SSLServerSubjectName"]
            checks.that("subject %s" % subject, ours == theirs, "" if ours == theirs else "rotactl %s, mongod %s" % (ours, theirs))
        finally:
            m.close()


def run_commands(db_client, commands):
    for c in commands:
        db_client[c["db"]].command(c["command"])


def judge_users(shop, good, checks):
    app = shop.at("app.pem")
    rotactl("ca", "issue", "client", "--ca", shop.at("ca"), "--cn", "app, x", "--o", "acme", "--ou", "apps", "--out", app)
    made = json.loads(rotactl("--json", "user", app, "--role", "readWrite@app", "--member", shop.at("good.pem")).stdout)
    with good.client(shop.at("good.pem")) as c:
        run_commands(c, made["commands"])
    with good.client(app) as c:
        c.app.things.insert_one({"a": 1})
        checks.that("an application logs in by its certificate with the printed user", c.app.things.count_documents({}) == 1)
    refused = rotactl("user", shop.at("rsa.pem"), "--member", shop.at("good.pem"), ok=(2,))
    checks.that("a member's certificate as a user is refused by rotactl", refused.returncode == 2)
    like_member = json.loads(rotactl("--json", "user", shop.at("rsa.pem"), "--role", "readWrite@app").stdout)
    try:
        with good.client(shop.at("good.pem")) as c:
            run_commands(c, like_member["commands"])
        said = "accepted"
    except OperationFailure as e:
        said = str(e)[:120]
    checks.that("and by mongod", "internal cluster member" in said or "cluster" in said, said)

    rotad = shop.at("rotad.pem")
    rotactl("ca", "issue", "client", "--ca", shop.at("ca"), "--cn", "rotad", "--o", "acme", "--ou", "rotad", "--out", rotad)
    made = json.loads(rotactl("--json", "user", "--for", "rotad", rotad).stdout)
    with good.client(shop.at("good.pem")) as c:
        run_commands(c, made["commands"])
    may = [("admin", {"rotateCertificates": 1}), ("admin", {"serverStatus": 1}), ("admin", {"getCmdLineOpts": 1}), ("admin", {"getParameter": 1, "clusterAuthMode": 1}),
           ("admin", {"setParameter": 1, "shutdownTimeoutMillisForSignaledShutdown": 15000}), ("admin", {"getLog": "global"}), ("admin", {"currentOp": 1}),
           ("admin", {"create": "rotad.ledger"}), ("admin", {"insert": "rotad.ledger", "documents": [{"_id": 1, "rev": 1}]}),
           ("admin", {"findAndModify": "rotad.ledger", "query": {"_id": 1, "rev": 1}, "update": {"_id": 1, "rev": 2}}), ("admin", {"find": "rotad.ledger"}),
           ("admin", {"findAndModify": "rotad.ledger", "query": {"_id": 2}, "update": {"_id": 2, "rev": 1}, "upsert": True}),
           ("admin", {"delete": "rotad.ledger", "deletes": [{"q": {"_id": 1}, "limit": 1}]}), ("config", {"find": "mongos"}), ("config", {"find": "shards"})]
    on_sets = [("admin", {"replSetGetStatus": 1}), ("admin", {"replSetGetConfig": 1}), ("admin", {"replSetStepDown": 1}), ("admin", {"replSetFreeze": 0})]
    may_not = [("admin", {"shutdown": 1}), ("admin", {"find": "system.users"}), ("app", {"find": "things"}), ("app", {"insert": "things", "documents": [{}]}),
               ("admin", {"insert": "others", "documents": [{}]}), ("admin", {"createUser": "x", "pwd": "x", "roles": []}), ("local", {"find": "startup_log"})]
    with good.client(rotad) as c:
        for db, command in may + on_sets:
            try:
                c[db].command(command)
                said = ""
            except OperationFailure as e:
                said = "" if e.code in (76, 94, 10107) else str(e)[:100]  # no replica set here: allowed, and of no use
            checks.that("rotad's user may %s" % next(iter(command)), not said, said)
        for db, command in may_not:
            try:
                c[db].command(command)
                said = "done"
            except OperationFailure as e:
                said = e.code
            checks.that("rotad's user may not %s on %s" % (next(iter(command)), db), said == 13, said)
    # The same with a password, as documents; the script adds pwd.
    made = json.loads(rotactl("--json", "user", "--for", "rotad", "--name", "rotad2").stdout)["commands"]
    made[1]["command"]["pwd"] = "a long random one"
    with good.client(shop.at("good.pem")) as c:
        run_commands(c, made[1:])
    with good.client(app, login=False, username="rotad2", password="a long random one", authSource="admin") as c:
        checks.that("rotad logs in with a password", c.admin.command("serverStatus")["ok"] == 1)


def main():
    checks = Checks()
    good = None
    with tempfile.TemporaryDirectory(prefix="rotad-cert-") as folder:
        shop = Shop(folder)
        try:
            live = shop.issue("live", subject="CN=live,OU=mongo,O=acme")
            good = Mongod(shop, "good", live, engine="wiredTiger")
            if good.wait() is not None:
                sys.exit("the good mongod does not start: %s" % open(good.log).read()[-800:])
            say("a good member listens")
            judge_table(shop, good, checks)
            judge_rotation(shop, good, checks)
            judge_subjects(shop, checks)
            judge_users(shop, good, checks)
        finally:
            if good:
                good.close()
    failed = [r for r in checks.rows if not r[1]]
    say("%d checks, %d failed", len(checks.rows), len(failed))
    for name, _, shown in failed:
        print("FAILED  %s  (%s)" % (name, shown))
    return checks.status()


if __name__ == "__main__":
    sys.exit(main())
