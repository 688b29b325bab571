#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every call of the ports `mongod` and `store` against real mongods: what is answered when all is well, and what when a key,
a certificate, a name, a member, a primary or the helper itself is not.

usage: mongod_port.py [PART...]   parts: asking proofs tls silence changes store arbiter; all without any"""
import os
import random
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "lib"))
from bench import nest, pki  # noqa: E402
from bench.drive import Drive, kind, system, target  # noqa: E402
from bench.relay import Relay  # noqa: E402
from bench.show import Checks, say, table, wait_for  # noqa: E402
from bench.world import World, free_ports, new_key, pid_alive  # noqa: E402

BUILD = os.environ.get("TOP_BUILDDIR") or os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..")
NOBODY = {"how": "nobody"}
ACCEPTED, REFUSED, UNKNOWN = 1, 2, 0
figures = []


def ms(reply):
    return reply["us"] / 1000


def asking(c, w, d):
    cred = system(w.key)
    for m in w.members:
        h, truth = d("hello", target=target(m)), m.hello()
        c.that("hello of %s is its own word" % m.name,
               (h["me"], h["set_name"], h["primary"], h["is_writable_primary"], h["process_id"]) ==
               (m.address, w.set_name, truth["primary"], truth["isWritablePrimary"], str(truth["topologyVersion"]["processId"])), h["me"])
        c.that("%s offers SCRAM-SHA-256 for __system" % m.name, h["offers_scram_sha256"])
    m = w.members[1]
    s, truth = d("status", target=target(m), credential=cred), m.ask("replSetGetStatus")
    c.that("replSetGetStatus: the members and their states", [(o["id"], o["host"], o["state"], o["is_healthy"]) for o in s["members"]] ==
           [(o["_id"], o["name"], o["state"], o["health"] == 1) for o in truth["members"]])
    c.that("replSetGetStatus: who answered", s["my_id"] == 1 and [o["is_self"] for o in s["members"]] == [False, True, False])
    c.that("replSetGetStatus: majorities", (s["majority_vote_count"], s["write_majority_count"], s["voting_members"]) == (2, 2, 3))
    k, truth = d("config", target=target(m), credential=cred), m.ask("replSetGetConfig")["config"]
    c.that("replSetGetConfig", [(o["id"], o["host"], o["votes"], o["priority"]) for o in k["members"]] ==
           [(o["_id"], o["host"], o["votes"], float(o["priority"])) for o in truth["members"]] and
           k["replica_set_id"] == str(truth["settings"]["replicaSetId"]) and k["has_majority_journal_default"])
    v, truth = d("server", target=target(m), credential=cred), m.ask("serverStatus")
    c.that("serverStatus and parameters", (v["pid"], v["version"], v["cluster_auth_mode"], v["tls_mode"], v["shutdown_timeout_ms"],
                                          v["certificate_subject"], v["has_index_build"], v["has_backup_cursor"], v["is_fsync_locked"]) ==
           (truth["pid"], truth["version"], "keyFile", "requireTLS", 100, pki.subject_of(m.pem), False, False, False), v["version"])
    o = d("options", target=target(m), credential=cred)
    c.that("getCmdLineOpts", (o["config_file"], o["key_file"], o["certificate_key_file"], o["ca_file"], o["port"], o["tls_mode"], o["set_name"]) ==
           (m.conf, m.keyfile, m.pem, m.ca, m.port, "requireTLS", w.set_name))
    c.that("nobody may not ask for the status", kind(d("status", target=target(m), credential=NOBODY)) == "REFUSED")
    with w.primary().client() as db:
        db.admin.command("createUser", "watch", pwd="pa,ss=w", roles=["clusterAdmin"], writeConcern={"w": 3})
    user = {"how": "user", "user": "watch", "key": "pa,ss=w"}
    c.that("a user by password", not kind(d("status", target=target(m), credential=user)))
    wrong = d("status", target=target(m), credential=dict(user, key="wrong"))
    c.that("a wrong password is AUTH with code 18", kind(wrong) == "AUTH" and wrong["error"]["sys"] == 18)
    c.that("no such user is no AUTH by chance", kind(d("status", target=target(m), credential=dict(user, user="nobody"))) in ("AUTH", "UNSUPPORTED"))
    t = target(m, client_pem=w.pki.path("bench"))
    c.that("a user by certificate", not kind(d("status", target=t, credential={"how": "certificate"})))
    c.that("a member's certificate is no user under keyFile", kind(d("status", target=target(m), credential={"how": "certificate"})) == "AUTH")
    with w.primary().client() as db:
        db.admin.command("fsync", 1, lock=True)
        locked = d("server", target=target(w.primary()), credential=cred)
        db.admin.command("fsyncUnlock", 1)
    c.that("fsyncLock is seen", locked["is_fsync_locked"])
    rounds = []
    for _ in range(20):
        rounds.append(sum(ms(d(what, target=target(m), credential=cred)) for m in w.members for what in ("hello", "status")))
    figures.append(("hello + status of 3 members, connections kept", "%.1f ms (median of 20)" % sorted(rounds)[10]))


def sessions(c, w, d):
    cred, m = system(w.key), w.members[0]
    hosts = [x.address for x in w.members]
    c.that("sessions of members are no strangers", d("foreign_sessions", target=target(m), credential=cred, hosts=hosts)["text"] == "")
    with Relay(m.port) as relay, m.client(key=w.key, port=relay.port) as stranger:
        stranger.admin.command("ping")
        seen = d("foreign_sessions", target=target(m), credential=cred, hosts=hosts)["text"]
        known = d("foreign_sessions", target=target(m), credential=cred, hosts=hosts + ["127.0.0.9:27017"])["text"]
    c.that("__system from elsewhere is told by its address", seen == "127.0.0.9", seen)
    c.that("a member's address is no stranger's", known == "", known)
    # The server finds out a moment later that the stranger has left.
    end, left = time.monotonic() + 10, "?"
    while left and time.monotonic() < end:
        left = d("foreign_sessions", target=target(m), credential=cred, hosts=["192.0.2.1:27017"])["text"]
    c.that("nor is this host's own, whatever the members' names resolve to", left == "", left)


def proofs(c, w, d):
    costs = []
    for m in w.members:
        h = d("hello", target=target(m))
        yes = d("login", target=target(m), credential=system(w.key))
        no = d("login", target=target(m), credential=system(new_key()))
        costs += [ms(yes), ms(no)]
        c.that("%s accepts the key, refuses another, from the process that said hello" % m.name,
               (yes["verdict"], no["verdict"], no["code"]) == (ACCEPTED, REFUSED, 18) and
               yes["process_id"] == no["process_id"] == h["process_id"] and yes["me"] == m.address)
    figures.append(("one login proof", "%.0f ms (median of %d)" % (sorted(costs)[len(costs) // 2], len(costs))))
    m = w.members[0]
    short = d("login", target=target(m), credential=system("abcdef"))
    c.that("a key of six characters is refused as any other", (short["verdict"], short["code"]) == (REFUSED, 18))
    with m.client() as db:
        line = [x for x in db.admin.command("getLog", "global")["log"] if "rotad-proof" in x]
    c.that("the server's log knows the proofs by their appName", line)
    gone = d("login", target=target(m, host="localhost:%d" % free_ports(1)[0]), credential=system(w.key))
    c.that("no server is no verdict", kind(gone) == "UNREACHABLE", kind(gone))


def by_tls(c, w, d, tmp):
    m = w.members[0]
    good = d("tls", target=target(m))
    c.that("a good certificate is proven by a hello", all(good[k] for k in ("is_handshake_done", "is_hello_answered", "is_chain_trusted", "is_name_covered")) and
           not good["reason"], good["protocol"])
    c.that("what is served is what was installed", good["served"]["serial"].lstrip("0") == pki.serial_of(m.pem) and good["served"]["names"][0] == "localhost")
    figures.append(("one TLS probe", "%.0f ms" % ms(good)))
    w.pki._openssl("serveronly", "/O=Example/OU=mongod/CN=serveronly", ["localhost"], "serverAuth")
    eku = d("tls", target=target(m, client_pem=w.pki.path("serveronly")))
    c.that("with a serverAuth-only certificate the handshake is done, but no hello is answered",
           eku["is_handshake_done"] and not eku["is_hello_answered"] and eku["is_chain_trusted"], eku["reason"])
    none = d("tls", target=target(m, client_pem=None))
    c.that("the same without a certificate", not none["is_hello_answered"], none["reason"])
    other = pki.Pki(os.path.join(tmp, "other"))
    other.init("Another CA")
    t = target(m, ca_file=other.ca)
    alien = d("tls", target=t)
    c.that("a CA that is not the server's is told, the rest goes on", not alien["is_chain_trusted"] and alien["is_hello_answered"], alien["reason"])
    c.that("and nothing is asked over such a connection", kind(d("hello", target=t)) == "CRYPTO")
    c.that("nor a key sent", kind(d("login", target=t, credential=system(w.key))) == "CRYPTO")
    t = target(m, host="db9.example.net:%d" % m.port, address="127.0.0.1:%d" % m.port)
    named = d("tls", target=t)
    c.that("a name that the certificate does not hold is told", not named["is_name_covered"] and named["is_chain_trusted"], named["reason"])
    c.that("and refused", kind(d("hello", target=t)) == "CRYPTO")
    c.that("save where invalid names are allowed", not kind(d("hello", target=dict(t, allows_invalid_hostnames=True))))
    c.that("an address in place of the name is dialled, and the name checked",
           not kind(d("hello", target=target(m, host="localhost:1", address="127.0.0.1:%d" % m.port))))
    c.that("an IP address that is in the certificate", not kind(d("hello", target=target(m, host="127.0.0.1:%d" % m.port))))
    plain = d("hello", target=target(m, tls=False, timeout_us=1000000))
    c.that("plain words to a TLS port", kind(plain) in ("UNREACHABLE", "PROTOCOL"), kind(plain))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(8)
        threading.Thread(target=lambda: listener.accept()[0].sendall(b"hello, I am no TLS\n" * 9), daemon=True).start()
        odd = d("tls", target=target(m, host="localhost:%d" % listener.getsockname()[1], timeout_us=2000000))
    c.that("a port that speaks no TLS is an answer", not kind(odd) and not odd["is_handshake_done"] and odd["reason"], odd.get("reason"))
    for name, text, want in (("missing", None, "NOT_FOUND"), ("garbage", "garbage\n", "INVALID")):
        path = os.path.join(tmp, name + ".pem")
        if text:
            with open(path, "w") as f:
                f.write(text)
        got = [kind(d("tls", target=target(m, **{k: path}))) for k in ("ca_file", "client_pem")]
        c.that("own files that are %s are named" % name, got == [want, want], got)


def silence(c, w, d):
    cred, m = system(w.key), w.members[2]
    with socket.socket() as hole:  # a full queue: further connections hang, as at a host that is gone
        hole.bind(("127.0.0.1", 0))
        hole.listen(0)
        held = []
        for _ in range(4):
            s = socket.socket()
            s.setblocking(False)
            s.connect_ex(hole.getsockname())
            held.append(s)
        t = target(m, host="127.0.0.1:%d" % hole.getsockname()[1])
        first = d("hello", target=t)
        more = [d(what, target=t, credential=cred) for what in ("hello", "status", "config")]
        for s in held:
            s.close()
    c.that("a host that does not answer costs its second once", kind(first) == "TIMEOUT" and ms(first) < 2500 and
           all(kind(r) == "TIMEOUT" for r in more) and sum(map(ms, more)) < 500, "%.0f ms, then %.1f ms for three" % (ms(first), sum(map(ms, more))))
    figures.append(("a host that does not answer: first call, three more", "%.0f ms, %.1f ms" % (ms(first), sum(map(ms, more)))))
    d("hello", target=target(m))
    pid = m.pid()
    os.kill(pid, signal.SIGKILL)
    wait_for("%s to end" % m.name, 10, lambda: not pid_alive(pid), 0.01)
    dead = [d("hello", target=target(m)), d("status", target=target(m), credential=cred)]
    c.that("a killed member is told at once", all(kind(r) == "UNREACHABLE" for r in dead), "%.1f ms" % sum(map(ms, dead)))
    figures.append(("hello + status of a killed member", "%.1f ms" % sum(map(ms, dead))))
    m.start()
    wait_for("its hello", 30, lambda: not kind(d("hello", target=target(m))), 0.05)
    w.wait_healthy()
    before = d("hello", target=target(m))["process_id"]
    c.that("and a new process when it is back", before == str(m.hello()["topologyVersion"]["processId"]))
    # quiesce: the server says so on a connection that is open
    d("set_parameter", target=target(m), credential=cred, name="shutdownTimeoutMillisForSignaledShutdown", value=3000)
    pid = m.pid()
    os.kill(pid, signal.SIGTERM)
    quiet = wait_for("quiesce mode", 5, lambda: [h for h in [d("hello", target=target(m))] if h.get("is_quiescing")], 0.02)[0]
    c.that("one that shuts down says so", quiet["process_id"] == before)
    wait_for("%s to end" % m.name, 20, lambda: not pid_alive(pid), 0.02)
    m.start()
    w.wait_healthy()
    # the helper dies
    c.that("the helper answers", not kind(d("hello", target=target(m))))
    old = d("pid")["pid"]
    with open("/proc/%d/cmdline" % old, "rb") as f, open("/proc/%d/environ" % old, "rb") as g:
        c.that("no key in its arguments or environment", w.key.encode() not in f.read() + g.read())
    with open("/proc/%d/status" % old) as f:
        c.that("it gains no privileges", "NoNewPrivs:\t1" in f.read())
    d("kill")
    wait_for("its end", 10, lambda: not pid_alive(old), 0.01)
    again = d("hello", target=target(m))
    new = d("pid")["pid"]
    c.that("after kill -9 of the helper the next call has another", not kind(again) and new not in (0, old), again.get("error") or "%.0f ms" % ms(again))
    figures.append(("first call after kill -9 of the helper", "%.0f ms" % ms(again)))
    d("forget")
    c.that("and goes on after forgetting all connections", not kind(d("status", target=target(m), credential=cred)))


def changes(c, w, d):
    cred, m = system(w.key), w.members[0]
    name = "shutdownTimeoutMillisForSignaledShutdown"
    c.that("a parameter is set", not kind(d("set_parameter", target=target(m), credential=cred, name=name, value=150)) and
           d("server", target=target(m), credential=cred)["shutdown_timeout_ms"] == 150)
    odd = d("set_parameter", target=target(m), credential=cred, name="noSuchParameter", value=1)
    c.that("an unknown one is refused by name", kind(odd) == "REFUSED" and "noSuchParameter" in odd["error"]["text"] and odd["error"]["subject"] == m.address)
    fresh = w.pki.member(m.name + "b", ["localhost", "127.0.0.1"])
    shutil.copy(fresh, m.pem + ".new")
    os.rename(m.pem + ".new", m.pem)
    c.that("before the reload the old certificate is served", d("tls", target=target(m))["served"]["serial"].lstrip("0") != pki.serial_of(fresh))
    r = d("rotate_certificates", target=target(m), credential=cred, message="test 4711")
    c.that("certificates are reloaded", not kind(r) and d("tls", target=target(m))["served"]["serial"].lstrip("0") == pki.serial_of(fresh), "%.0f ms" % ms(r))
    with open(m.log) as f:
        c.that("with our message in the server's log", "test 4711" in f.read())
    with open(m.pem, "w") as f:
        f.write("garbage\n")
    bad = d("rotate_certificates", target=target(m, client_pem=w.members[1].pem), credential=cred, message="bad")
    c.that("a file that cannot be loaded is refused with code 140", kind(bad) == "REFUSED" and bad["error"]["sys"] == 140, bad.get("error", {}).get("text"))
    shutil.copy(fresh, m.pem)
    p = w.primary()
    others = [x for x in w.members if x is not p]
    refused = d("step_down", target=target(others[0]), credential=cred, seconds=5, catch_up_s=1)
    c.that("a secondary cannot step down", kind(refused) == "REFUSED" and refused["error"]["sys"] == 10107)
    pids = [x.pid() for x in others]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        with p.client() as db:
            db.admin.command("appendOplogNote", 1, data={"x": 1}, writeConcern={"w": 1})
        refused = d("step_down", target=target(p, timeout_us=5000000), credential=cred, seconds=5, catch_up_s=1)
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    c.that("without a successor that caught up a step-down is refused with 262", kind(refused) == "REFUSED" and refused["error"]["sys"] == 262,
           "%.1f s, %s" % (ms(refused) / 1000, refused.get("error", {}).get("text")))
    w.wait_healthy()
    p = w.primary()
    done = d("step_down", target=target(p), credential=cred, seconds=5, catch_up_s=2)
    c.that("else it is done", not kind(done) and not d("hello", target=target(p))["is_writable_primary"], "%.0f ms" % ms(done))
    wait_for("another primary", 30, w.primary, 0.02)
    w.wait_healthy()


def doc(doc_id, text, nonce):
    return {"id": doc_id, "rev": 0, "nonce": nonce, "text": text}


def store_ops(c, w, d):
    c.that("without members nothing is asked", kind(d("store_read", id="a")) == "UNREACHABLE")
    d("store_set", targets=[target(m) for m in w.members], credential=system(w.key))
    put = lambda text, expected, doc_id="t/1": d("store_swap", doc=doc(doc_id, text, "n%d" % expected), expected=expected)  # noqa: E731
    c.that("what is not there is not found", "doc" not in d("store_read", id="t/1"))
    c.that("an update of nothing is a conflict", put("x", 7)["outcome"] == "conflict")
    text = '{"text":"gr\u00fc\u00df \\u0001 \'$where\'"}'
    c.that("the first revision", put(text, 0)["outcome"] == "done")
    c.that("twice the first is a conflict", put("other", 0)["outcome"] == "conflict")
    c.that("it reads back", d("store_read", id="t/1")["doc"] == {"id": "t/1", "rev": 1, "nonce": "n0", "text": text})
    c.that("the next revision", put("two", 1)["outcome"] == "done" and put("late", 1)["outcome"] == "conflict")
    for i in range(70):
        put("y" * 60000 if i % 7 else "", 0, "list/%02d" % i)
    put("z", 0, "lisu")
    docs = d("store_list", prefix="list/")["docs"]
    c.that("a list has all of its prefix, in order, over several pages", [x["id"] for x in docs] == ["list/%02d" % i for i in range(70)] and
           docs[1]["text"] == "y" * 60000, "%d documents" % len(docs))
    c.that("a list of everything", len(d("store_list", prefix="")["docs"]) == 72)
    c.that("too long a document is refused here", kind(put("x" * 65537, 0, "long")) == "LIMIT")
    with w.primary().client() as db:
        c.that("no index of ours", list(db.admin["rotad.ledger"].index_information()) == ["_id_"])
        truth = db.admin["rotad.ledger"].find_one({"_id": "t/1"})
        c.that("the document is what any client sees", (truth["rev"], truth["text"]) == (2, "two"))
    c.that("removed only at its revision", d("store_remove", id="t/1", expected=1)["outcome"] == "conflict" and
           d("store_remove", id="t/1", expected=2)["outcome"] == "done" and "doc" not in d("store_read", id="t/1"))
    costs = sorted(ms(d("store_swap", doc=doc("cost", "x", "n"), expected=i)) for i in range(21))
    figures.append(("one majority write", "%.1f ms (median of 21)" % costs[10]))
    costs = sorted(ms(d("store_read", id="cost")) for i in range(21))
    figures.append(("one linearizable read", "%.1f ms (median of 21)" % costs[10]))


def racer(w, me, revisions, won, problems, rng):
    """Try to write every revision of one document, as often as it takes; what was won is told by nonce."""
    d = Drive(BUILD)
    d("store_set", targets=[target(m) for m in w.members], credential=system(w.key), timeout_us=6000000)
    try:
        at = 0
        while at < revisions:
            nonce = "r%d-%d-%d" % (me, at, rng.randrange(1 << 30))
            r = d("store_swap", doc=doc("race", "by %d" % me, nonce), expected=at)
            if kind(r) not in ("", "UNREACHABLE"):
                problems.append((me, at, r))
            if r.get("outcome") == "done":
                won.append((at + 1, nonce))
            if r.get("outcome") == "ambiguous":
                won.append((at + 1, "?" + nonce))
            if rng.random() < 0.04:
                d("kill")
            seen = d("store_read", id="race")
            while kind(seen):
                time.sleep(0.05)
                seen = d("store_read", id="race")
            at = max(at, seen.get("doc", {}).get("rev", 0))
    finally:
        d.close()


def store_race(c, w, revisions=60):
    won, problems, threads = [], [], []
    seed = random.randrange(1 << 30)
    for me in range(4):
        threads.append(threading.Thread(target=racer, args=(w, me, revisions, won, problems, random.Random(seed + me))))
    for t in threads:
        t.start()
    time.sleep(0.6)
    w.step_down(5)
    for t in threads:
        t.join(120)
    c.that("the race ends", not any(t.is_alive() for t in threads), "seed %d" % seed)
    c.that("no write was answered by an error", not problems, problems[:2])
    sure = [rev for rev, nonce in won if nonce[0] != "?"]
    doubtful = {rev for rev, nonce in won if nonce[0] == "?"}
    c.that("no revision was won twice", len(sure) == len(set(sure)))
    last = max(sure + list(doubtful))
    missing = set(range(1, last + 1)) - set(sure) - doubtful
    c.that("every revision was won by somebody, or by a write of unknown fate", not missing and last >= revisions,
           "%d revisions, %d of unknown fate, a step-down and killed helpers between" % (last, len(doubtful)))
    with w.primary().client() as db:
        truth = db.admin["rotad.ledger"].find_one({"_id": "race"})
    named = dict((rev, nonce) for rev, nonce in won if nonce[0] != "?").get(truth["rev"])
    c.that("the last one is its winner's", named in (None, truth["nonce"]), truth["nonce"])
    w.wait_healthy()


def arbiter(c, tmp):
    with World(tmp, os.environ["MONGOD"], 3, tls=False, arbiters=1, parameters={"shutdownTimeoutMillisForSignaledShutdown": 100}) as w:
        w.up()
        d, a, cred = Drive(BUILD), w.arbiters()[0], system(w.key)
        h = d("hello", target=target(a))
        c.that("an arbiter says what it is", h["is_arbiter"] and not h["is_secondary"])
        yes, no = (d("login", target=target(a), credential=system(k)) for k in (w.key, new_key()))
        c.that("it accepts and refuses keys", (yes["verdict"], no["verdict"]) == (ACCEPTED, REFUSED))
        c.that("it tells its status", not kind(d("status", target=target(a), credential=cred)))
        v = d("server", target=target(a), credential=cred)
        c.that("and its parameters", v.get("cluster_auth_mode") == "keyFile" and v["shutdown_timeout_ms"] == 100)
        c.that("also to nobody, over loopback", d("server", target=target(a), credential=NOBODY).get("pid") == v["pid"])
        c.that("a TLS probe of a port without TLS is an answer", d("tls", target=target(a, timeout_us=2000000))["is_handshake_done"] is False)
        d("store_set", targets=[target(m) for m in [a] + w.members], credential=cred)
        c.that("the store finds its way past an arbiter", d("store_swap", doc=doc("a", "x", "n"), expected=0)["outcome"] == "done")
        s = [m for m in w.members if not m.arbiter and m is not w.primary()][0]
        s.stop(signal.SIGKILL)
        slow = d("store_swap", doc=doc("a", "x", "m"), expected=1)
        c.that("a write that the majority cannot confirm is of unknown fate", slow["outcome"] == "ambiguous", "%.1f s" % (ms(slow) / 1000))
        c.that("no linearizable read is made up then", kind(d("store_read", id="a")) != "")
        c.that("the driver and its helper end", d.close() == 0)


def job():
    parts = sys.argv[1:]
    c = Checks()
    with tempfile.TemporaryDirectory(prefix="rotad-port.") as tmp:
        if parts != ["arbiter"]:
            with World(os.path.join(tmp, "w"), os.environ["MONGOD"], 3, parameters={"shutdownTimeoutMillisForSignaledShutdown": 100}) as w:
                w.up()
                say("three members up")
                d = Drive(BUILD)
                for name, part in (("asking", lambda: (asking(c, w, d), sessions(c, w, d))), ("proofs", lambda: proofs(c, w, d)),
                                   ("tls", lambda: by_tls(c, w, d, tmp)), ("silence", lambda: silence(c, w, d)), ("changes", lambda: changes(c, w, d)),
                                   ("store", lambda: (store_ops(c, w, d), store_race(c, w)))):
                    if not parts or name in parts:
                        part()
                c.that("the driver and its helper end", d.close() == 0)
        if not parts or "arbiter" in parts:
            arbiter(c, os.path.join(tmp, "a"))
    c.print()
    if figures:
        table(figures, ["FIGURE", "MEASURED HERE"])
    return c.status()


if __name__ == "__main__":
    sys.exit(nest.run(job))
