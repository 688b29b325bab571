#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""rotad-net and the alerts against receivers that behave badly on real sockets: what is bounded is bounded, what is refused never connects,
a slow receiver delays nobody, signatures hold for a checker that shares nothing with rotad, and a kill -9 loses no alert.

usage: net_real.py [http] [alerts]     both by default. Needs root for a name that leads to loopback (a private /etc/hosts)."""
import base64
import json
import os
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "lib"))
from bench import nest  # noqa: E402
from bench.hooksink import new_secret, verdict  # noqa: E402
from bench.pki import Pki, call  # noqa: E402
from bench.show import Checks, say, wait_for  # noqa: E402

TOP = os.environ.get("TOP_SRCDIR") or os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..")
BUILD = os.environ.get("TOP_BUILDDIR") or os.getcwd()
DRIVE = os.path.join(BUILD, "tests", "system", "net_drive")
NET = os.path.join(BUILD, "src", "cmd", "rotad-net")
HOSTS = """127.0.0.1 localhost
127.0.0.1 rebind.test
::1 rebind6.test
::ffff:127.0.0.1 mapped.test
169.254.169.254 meta.test
0.0.0.0 zero.test
127.0.0.1 db1.example.test
"""


class Drive:
    """The driver, a line each way; with a private /etc/hosts and /etc/ssl/certs, and proxy variables that lead nowhere."""

    def __init__(self, tmp):
        with open(os.path.join(tmp, "hosts"), "w") as f:
            f.write(HOSTS)
        nowhere = "http://127.0.0.1:9"
        env = dict(os.environ, http_proxy=nowhere, https_proxy=nowhere, HTTPS_PROXY=nowhere, ALL_PROXY=nowhere, no_proxy="")
        script = 'mount --make-rprivate / && mount --bind "$0/hosts" /etc/hosts && mount --bind "$0/store" /etc/ssl/certs && exec "$@"'
        self.process = subprocess.Popen(["unshare", "-m", "sh", "-c", script, tmp, DRIVE, NET],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)

    def __call__(self, do, **request):
        self.process.stdin.write(json.dumps(dict(request, do=do)) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the driver ended: %s" % self.process.wait(5))
        return json.loads(line)

    def get(self, url, method="GET", body=b"", headers=(), **more):
        a = self("http", url=url, method=method, headers=[list(h) for h in headers], body=base64.b64encode(body).decode(), **more)
        a["body"] = base64.b64decode(a.get("body", ""))
        return a

    def close(self):
        self.process.stdin.close()
        return self.process.wait(30)

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


def kind(a):
    return a.get("error", {}).get("kind", "")


def said(a):
    return "%s %s%s" % (kind(a) or a.get("status"), a.get("error", {}).get("text", "")[:80], " %d ms" % (a["us"] // 1000) if "us" in a else "")


class Receiver:
    """A server of raw bytes: for each connection, `behave(self, socket, head)` after the request's head was read (head None: at once)."""

    def __init__(self, behave, reads_head=True, tls=None):
        self.behave, self.reads_head, self.tls, self.heads, self.connections, self.sent = behave, reads_head, tls, [], 0, 0
        self.stop = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.url = "%s://localhost:%d/" % ("https" if tls else "http", self.port)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while not self.stop.is_set():
            try:
                s, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.serve, args=(s,), daemon=True).start()

    def head(self, s):
        """The next request's head; its body is read and thrown away."""
        text = b""
        while b"\r\n\r\n" not in text:
            more = s.recv(65536)
            if not more:
                return None
            text += more
        head, body = text.split(b"\r\n\r\n", 1)
        n = [int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
        while n and len(body) < n[0]:
            body += s.recv(65536)
        self.heads.append((head.decode("latin-1"), body))
        return head.decode("latin-1")

    def serve(self, s):
        try:
            s.settimeout(60)
            if self.tls:
                s = self.tls.wrap_socket(s, server_side=True)
            self.behave(self, s, self.head(s) if self.reads_head else None)
        except OSError:
            pass
        finally:
            s.close()

    def flood(self, s, piece, most=1 << 30):
        while self.sent < most and not self.stop.is_set():
            self.sent += s.send(piece)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.stop.set()
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()


def answer(*parts):
    """A behaviour that sends these bytes and closes."""
    return lambda r, s, head: s.sendall(b"".join(parts))


def kept_alive(r, s, head):
    while head is not None:
        s.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
        head = r.head(s)


OK = b"HTTP/1.1 200 OK\r\n"


def bomb():
    c = zlib.compressobj(9, zlib.DEFLATED, 31)
    zeros = bytes(1 << 20)
    return b"".join(c.compress(zeros) for _ in range(200)) + c.flush()


def chunk(b):
    return b"%x\r\n" % len(b) + b + b"\r\n"


def endless_chunks(r, s, head):
    s.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\n")
    r.flood(s, chunk(b"x" * 4000))


def a_gigabyte(r, s, head):
    s.sendall(OK + b"Content-Length: 1073741824\r\n\r\n")
    r.flood(s, b"x" * 65536)


def endless_unframed(r, s, head):
    s.sendall(OK + b"\r\n")
    r.flood(s, b"x" * 65536)


def drip(r, s, head):
    s.sendall(OK + b"Content-Length: 100000\r\n\r\n")
    while not r.stop.wait(1):
        s.sendall(b"x")


def drip_head(r, s, head):
    for c in OK + b"Content-Length: 0\r\nX-Slow: " + b"x" * 1000:
        if r.stop.wait(0.5):
            return
        s.sendall(bytes([c]))


def endless_head(r, s, head):
    s.sendall(OK)
    r.flood(s, b"X-More: yes\r\n")


def endless_line(r, s, head):
    s.sendall(OK + b"X-Long: ")
    r.flood(s, b"x" * 65536)


def endless_continue(r, s, head):
    r.flood(s, b"HTTP/1.1 100 Continue\r\n\r\n")


def reset(r, s, head):
    s.sendall(OK + b"Content-Length: 100\r\n\r\nhalf")
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def silent(r, s, head):
    r.stop.wait(60)


def http_bad(checks, d):
    z = bomb()
    rows = [("1 GB announced", a_gigabyte, "LIMIT", 2), ("chunks without end", endless_chunks, "LIMIT", 5), ("a body without end", endless_unframed, "LIMIT", 5),
            ("a byte a second", drip, "TIMEOUT", 4), ("a head, half a second a byte", drip_head, "TIMEOUT", 4), ("headers without end", endless_head, "LIMIT", 3),
            ("one header without end", endless_line, "LIMIT PROTOCOL UNREACHABLE", 3), ("100 Continue without end", endless_continue, "LIMIT", 3),
            ("a reset in the body", reset, "UNREACHABLE", 2), ("silence", silent, "TIMEOUT", 4),
            ("an answer cut short", answer(OK, b"Content-Length: 100\r\n\r\nhalf"), "UNREACHABLE", 2), ("no answer at all", answer(), "UNREACHABLE", 2),
            ("no HTTP", answer(b"SSH-2.0-OpenSSH_9.2\r\n"), "PROTOCOL", 2), ("HTTP/0.9", answer(b"<html>hello</html>"), "PROTOCOL", 2),
            ("a gzip bomb", answer(OK, b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(z), z), "PROTOCOL", 2),
            ("a gzip bomb as transfer encoding", answer(OK, b"Transfer-Encoding: gzip, chunked\r\n\r\n", chunk(z), b"0\r\n\r\n"), "LIMIT PROTOCOL", 5),
            ("two lengths", answer(OK, b"Content-Length: 3\r\nContent-Length: 1000000000\r\n\r\nabc"), "LIMIT PROTOCOL UNREACHABLE", 3),
            ("a negative length", answer(OK, b"Content-Length: -5\r\n\r\nabc"), "PROTOCOL UNREACHABLE 200", 3),
            ("a chunk of nonsense", answer(OK, b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"), "PROTOCOL UNREACHABLE", 2),
            ("status 999", answer(b"HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n"), "PROTOCOL", 2),
            ("a switch of protocols", answer(b"HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\n\r\n"), "PROTOCOL TIMEOUT UNREACHABLE", 4)]
    for name, behave, kinds, most_s in rows:
        with Receiver(behave) as r:
            begun = time.monotonic()
            a = d.get(r.url, timeoutUs=2_000_000)
            took = time.monotonic() - begun
            checks.that("%s: %s" % (name, kinds.lower()), (kind(a) or str(a.get("status"))) in kinds.split() and took < most_s, said(a))
    with socket.create_server(("127.0.0.1", 0)) as s:
        port = s.getsockname()[1]
    a = d.get("http://127.0.0.1:%d/" % port)
    checks.that("a closed port: unreachable", kind(a) == "UNREACHABLE", said(a))
    a = d.get("http://127.0.0.1:%d/token-in-the-path?key=token-in-the-query" % port)
    checks.that("errors name the host, not the path", "localhost" not in a["error"]["text"] and "token-in" not in repr(a), a["error"]["subject"])


def http_good(checks, d, tmp):
    with Receiver(answer(OK, b"ETag: \"7\"\r\nX-Other: no\r\nRetry-After: 5\r\nBad: a\x01b\r\nContent-Length: 5\r\n\r\n\x00\xffok\n")) as r:
        a = d.get(r.url + "p?q=1", method="POST", body=b"\x00\xff body", headers=[("x-vault-token", "hvs.x"), ("content-type", "application/json")])
        head, body = r.heads[0]
        checks.that("any bytes go there and back", a["body"] == b"\x00\xffok\n" and body == b"\x00\xff body", said(a))
        checks.that("kept headers are the named ones", sorted(h[0] for h in a["headers"]) == ["etag", "retry-after"], a["headers"])
        lines = [line.split(":")[0].lower() for line in head.split("\r\n")[1:]]
        checks.that("nothing is offered that was not asked", sorted(lines) == ["accept", "content-length", "content-type", "host", "user-agent", "x-vault-token"], lines)
    with Receiver(answer(b"HTTP/1.1 304 Not Modified\r\nETag: \"7\"\r\n\r\n")) as r:
        checks.that("304 is an answer", d.get(r.url).get("status") == 304)
    with Receiver(answer(OK, b"Content-Length: 1\r\n\r\nx")) as inner:
        for to in ("http://127.0.0.1:%d/" % inner.port, "http://169.254.169.254/", "file:///etc/passwd", "https://localhost:%d/" % inner.port):
            with Receiver(answer(b"HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % to.encode())) as r:
                a = d.get(r.url)
                checks.that("a redirect to %s is told, not followed" % to.split("/")[2][:15], a.get("status") == 302 and inner.connections == 0, said(a))
    with Receiver(answer(b"HTTP/1.1 407 Proxy\r\nContent-Length: 0\r\n\r\n")) as r:
        for name in ("rebind.test", "rebind6.test", "mapped.test", "meta.test", "zero.test"):
            for scheme in ("https", "http"):
                a = d.get("%s://%s:%d/" % (scheme, name, r.port), allowPlain=True, timeoutUs=3_000_000)
                checks.that("%s://%s never connects" % (scheme, name), kind(a) == "REFUSED" and r.connections == 0, said(a))
        a = d.get("http://db1.example.test:%d/" % r.port)
        checks.that("plain http to a name is refused", kind(a) == "INVALID" and r.connections == 0, said(a))
        a = d.get("http://127.0.0.1:%d/" % r.port, headers=[("x-a", "b\r\nx-c: d")])
        checks.that("a header that would split never leaves", kind(a) == "INVALID" and r.connections == 0, said(a))
    path = os.path.join(tmp, "api.sock")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()

        def one():
            s, _ = listener.accept()
            s.recv(65536)
            s.sendall(OK + b"Content-Length: 4\r\n\r\nunix")
            s.close()
        threading.Thread(target=one, daemon=True).start()
        checks.that("a unix socket", d.get("http://rotad/status", unixSocket=path)["body"] == b"unix")
    with Receiver(kept_alive) as r:
        a = d.get("http://127.0.0.1:%d/" % r.port, method="POST", body=b"x" * 600, times=2000)
        checks.that("2000 exchanges over one connection", a.get("status") == 204 and r.connections == 1,
                    "%d connections, %d a second (the python receiver included)" % (r.connections, 2000 * 1_000_000 // max(a["us"], 1)))


def context(pem, ca=None):
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    c.load_cert_chain(pem)
    if ca:
        c.load_verify_locations(ca)
        c.verify_mode = ssl.CERT_REQUIRED
    return c


def system_store(tmp):
    """A CA that the system trusts, in both forms: as a bundle and by hashed names."""
    pki, store = Pki(os.path.join(tmp, "system-pki")), os.path.join(tmp, "store")
    pki.init("A CA of the system")
    os.mkdir(store)
    call(["cp", pki.ca, os.path.join(store, "ca-certificates.crt")])
    call(["cp", pki.ca, os.path.join(store, "system.pem")])
    call(["openssl", "rehash", store])
    return pki


def expired(pki):
    """Its server certificate, which ended two days ago."""
    base = pki.path("old")
    call(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", base, "-out", base + ".csr", "-subj", "/CN=localhost",
          "-addext", "subjectAltName=DNS:localhost"])
    call(["faketime", "-f", "-3d", "openssl", "x509", "-req", "-in", base + ".csr", "-CA", pki.ca, "-CAkey", pki.key, "-CAcreateserial", "-days", "1",
          "-copy_extensions", "copyall", "-out", base + ".crt"])
    call(["sh", "-c", "cat '%s.crt' >>'%s'" % (base, base)])
    return base


def http_tls(checks, d, tmp, system):
    pki, other = Pki(os.path.join(tmp, "pki")), Pki(os.path.join(tmp, "other"))
    pki.init()
    other.init("Another CA")
    good, wrong = pki.member("good", ["localhost", "127.0.0.1"]), pki.member("wrong", ["elsewhere.test"])
    client = pki.client("client")
    ok = answer(OK, b"Content-Length: 3\r\n\r\ntls")
    with Receiver(ok, tls=context(good)) as r:
        a = d.get(r.url, caFile=pki.ca)
        checks.that("TLS with the CA given", a["body"] == b"tls", said(a))
        a = d.get(r.url, caFile=other.ca)
        checks.that("another CA is not believed", kind(a) == "UNTRUSTED", said(a))
        a = d.get(r.url)
        checks.that("nor is it without the CA", kind(a) == "UNTRUSTED", said(a))
        a = d.get(r.url, caFile=os.path.join(tmp, "none.pem"))
        checks.that("a CA file that is not there is told", kind(a) == "NOT_FOUND", said(a))
    with Receiver(ok, tls=context(system.member("good", ["localhost"]))) as r:
        checks.that("without a CA file the system's are believed", d.get(r.url).get("body") == b"tls")
        a = d.get(r.url, caFile=pki.ca)
        checks.that("with one they are not", kind(a) == "UNTRUSTED", said(a))
    with Receiver(ok, tls=context(wrong)) as r:
        checks.that("another name is not believed", kind(d.get(r.url, caFile=pki.ca)) == "UNTRUSTED")
    with Receiver(ok, tls=context(good, pki.ca)) as r:
        a = d.get(r.url, caFile=pki.ca, clientPem=client)
        checks.that("with a client certificate", a["body"] == b"tls", said(a))
        a = d.get(r.url, caFile=pki.ca)
        checks.that("and without it is refused", kind(a) in ("UNTRUSTED", "UNREACHABLE", "PROTOCOL"), said(a))
        a = d.get(r.url, caFile=pki.ca, clientPem=os.path.join(tmp, "none.pem"))
        checks.that("a client certificate that is not there is told", kind(a) in ("PERMISSION", "NOT_FOUND"), said(a))
        locked = os.path.join(tmp, "locked.pem")
        call(["sh", "-c", "openssl pkey -in '%s' -aes128 -passout pass:secret >'%s' && openssl x509 -in '%s' >>'%s'" % (client, locked, client, locked)])
        a = d.get(r.url, caFile=pki.ca, clientPem=locked, timeoutUs=3_000_000)
        checks.that("an encrypted client key is an error, never a prompt", kind(a) == "PERMISSION", said(a))
    with Receiver(ok, tls=context(good)) as r:
        a = d.get("http://localhost:%d/" % r.port, timeoutUs=2_000_000)
        checks.that("plain http to a TLS port is told", kind(a) in ("PROTOCOL", "UNREACHABLE", "TIMEOUT"), said(a))
    with Receiver(answer(OK, b"\r\n"), reads_head=False) as r:
        a = d.get("https://localhost:%d/" % r.port, timeoutUs=2_000_000)
        checks.that("https to a plain port is told", kind(a) in ("UNTRUSTED", "UNREACHABLE", "PROTOCOL"), said(a))
    with Receiver(silent, reads_head=False) as r:
        a = d.get("https://localhost:%d/" % r.port, timeoutUs=2_000_000)
        checks.that("silence in the handshake", kind(a) == "TIMEOUT" and a["us"] < 4_000_000, said(a))
    with Receiver(ok, tls=context(expired(pki))) as r:
        a = d.get(r.url, caFile=pki.ca)
        checks.that("an expired certificate is not believed", kind(a) == "UNTRUSTED" and "expired" in said(a), said(a))
    return pki, good


class Hook(Receiver):
    """A webhook receiver with a script of its own: `status(n)` for the n-th message; checks each by the public text of the specification."""

    def __init__(self, status=lambda n: 204, secret="", wait_s=0, extra=b"", tls=None):
        self.status, self.secret, self.wait_s, self.extra, self.messages, self.wrong = status, secret, wait_s, extra, [], []
        self.lock = threading.Lock()
        super().__init__(Hook.answer, tls=tls)

    def answer(self, s, head):
        while head is not None:
            headers = dict(h.split(": ", 1) for h in head.split("\r\n")[1:] if ": " in h)
            headers = {k.lower(): v for k, v in headers.items()}
            body = self.heads[-1][1]
            with self.lock:
                n = len(self.messages)
                wrong = verdict(self.secret, headers, body, time.time()) if self.secret else ""
                self.messages.append((headers, json.loads(body)))
                self.wrong += [wrong] if wrong else []
            self.stop.wait(self.wait_s)
            s.sendall(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n%s\r\n" % (self.status(n), self.extra))
            head = self.head(s)

    def events(self):
        return [m[1]["data"]["event"] for m in list(self.messages)]

    def ids(self):
        return [m[0]["webhook-id"] for m in list(self.messages)]


def example():
    """The function that doc/webhook.md shows."""
    with open(os.path.join(TOP, "doc", "webhook.md"), encoding="utf-8") as f:
        text = f.read()
    names = {}
    exec(text.split("```python\n")[1].split("```")[0], names)
    return names["verify"]


def is_verified(secret, headers, body):
    try:
        example()(secret, headers, body)
        return True
    except ValueError:
        return False


def tells(a):
    return [t["name"] for t in a["tells"]]


def alerts(checks, tmp, pki, good):
    n = [0]

    def state():
        n[0] += 1
        path = os.path.join(tmp, "state%d" % n[0])
        os.makedirs(os.path.join(path, "spool"), mode=0o700)
        return path

    def view(a, name):
        return [v for v in a["views"] if v["name"] == name][0]

    d = Drive(tmp)
    one, two = new_secret(), new_secret()
    with Hook(secret=two) as hook, Hook(secret=one, tls=context(good)) as safe:
        d("open", state=state(), lanes=2, targets=[{"name": "ops", "url": hook.url, "secret": one + "\n" + two},
                                                   {"name": "safe", "url": safe.url, "secret": one, "caFile": pki.ca, "minSeverity": 3}])
        for e in ("disk-full", "member-unreachable", "disk-full"):
            d("add", event=e, subject="db1", mine=True)
        a = d("pump", forUs=1_500_000)
        checks.that("each is delivered once, the repeated one not", hook.events() == ["disk-full", "member-unreachable"], hook.events())
        checks.that("the graver target got the grave one, over TLS", safe.events() == ["disk-full"], safe.events())
        checks.that("signatures hold for another checker, also after a change of secrets", not hook.wrong and not safe.wrong, hook.wrong + safe.wrong)
        headers, body = hook.messages[0][0], hook.heads[0][1]
        checks.that("the manual's example verifies it, and nothing else", is_verified(two, headers, body) and is_verified(one, headers, body) and
                    not is_verified(two, headers, body + b" ") and not is_verified(new_secret(), headers, body) and
                    not is_verified(two, dict(headers, **{"webhook-timestamp": "1"}), body))
        data = hook.messages[0][1]["data"]
        checks.that("texts cannot add a header, and are all there", "x-injected" not in hook.messages[0][0] and data["headline"] == "headline\r\nX-Injected: yes" and
                    data["what"] == "what \ufffd" and data["you"] == "you" and data["key"] == "rs0/disk-full/db1", data["what"])
        d("add", event="disk-full", subject="db1", mine=True, resolved=True)
        d("add", event="disk-full", subject="db1", mine=True, resolved=True)
        d("pump", forUs=800_000)
        checks.that("the end is told once, to both", [m[1]["data"]["resolved"] for m in hook.messages] == [False, False, True] and len(safe.messages) == 2)

    with Hook(wait_s=30) as slow, Hook() as quick:
        d("open", state=state(), lanes=2, targets=[{"name": "slow", "url": slow.url}, {"name": "quick", "url": quick.url, "heartbeatUs": 1_000_000}])
        worst = max(d("add", event=e, subject="db1", mine=True)["us"] for e in ("disk-full", "claim-stuck", "foreign-write", "member-unreachable"))
        a = d("pump", forUs=3_000_000)
        checks.that("a receiver that takes 30 s holds up nobody", set(quick.events()) >= {"disk-full", "claim-stuck", "foreign-write", "member-unreachable"}, quick.events())
        checks.that("no call waited for it", a["longestUs"] < 500_000 and worst < 500_000, "longest pump %d ms, add %d ms, %d calls" % (a["longestUs"] // 1000, worst // 1000, a["calls"]))
        checks.that("heartbeats come meanwhile", quick.events().count("heartbeat") >= 2, quick.events().count("heartbeat"))
        a = d("pump", forUs=10_000_000)
        checks.that("at its deadline the slow one is given back to the spool", view(a, "slow")["waiting"] == 4 and view(a, "slow")["tries"] >= 1, view(a, "slow")["why"])

    with Hook(status=lambda k: 503 if k < 2 else 204) as hook:
        d("open", state=state(), targets=[{"name": "ops", "url": hook.url}])
        for e in ("disk-full", "claim-stuck"):
            d("add", event=e, subject="db1", mine=True)
        wait_for("both to be delivered", 60, lambda: d("pump", forUs=500_000)["views"][0]["waiting"] == 0)
        checks.that("after 503 the same message comes again, in order, with the same id",
                    hook.events() == ["disk-full"] * 3 + ["claim-stuck"] and len(set(hook.ids()[:3])) == 1, hook.events())
    with Hook(status=lambda k: 429, extra=b"Retry-After: 3600\r\n") as hook:
        d("open", state=state(), targets=[{"name": "ops", "url": hook.url}])
        d("add", event="disk-full", subject="db1", mine=True)
        d("pump", forUs=7_000_000)
        checks.that("Retry-After is kept", len(hook.messages) == 1, len(hook.messages))
    for status, event in ((410, "alert-target-gone"), (302, "alert-undelivered"), (401, "alert-undelivered")):
        with Hook(status=lambda k, s=status: s, extra=b"Location: http://127.0.0.1:9/\r\n") as hook:
            d("open", state=state(), targets=[{"name": "ops", "url": hook.url}])
            d("add", event="disk-full", subject="db1", mine=True)
            a = d("pump", forUs=1_000_000)
            checks.that("%d is told at once as %s" % (status, event), tells(a) == [event] and view(a, "ops")["gone"] == (status == 410), a["tells"][:1])
    with Hook(tls=context(good)) as hook:
        d("open", state=state(), targets=[{"name": "ops", "url": hook.url}])
        d("add", event="disk-full", subject="db1", mine=True)
        a = d("pump", forUs=1_500_000)
        checks.that("a receiver that is not trusted is told, the alert waits", tells(a) == ["alert-undelivered"] and view(a, "ops")["waiting"] == 1 and not hook.messages,
                    view(a, "ops")["why"][:60])

    out = os.path.join(tmp, "told")
    script = os.path.join(tmp, "tell")
    with open(script, "w") as f:
        f.write("#!/bin/sh\necho \"$1\" >>%s\ncat >>%s\n" % (out, out))
    os.chmod(script, 0o755)
    d("open", state=state(), targets=[{"name": "pager", "command": script}])
    d("add", event="disk-full", subject="db1", mine=True)
    wait_for("the command", 20, lambda: d("pump", forUs=500_000)["views"][0]["waiting"] == 0)
    lines = open(out).read().split("\n", 1)
    checks.that("a command gets name and JSON", lines[0] == "disk-full" and json.loads(lines[1])["data"]["key"] == "rs0/disk-full/db1", lines[0])

    # kill -9 at a hundred moments: nothing is lost, and what comes twice has the same id.
    with Hook(wait_s=0.02) as hook:
        where, wanted = state(), set()
        targets = [{"name": "ops", "url": hook.url}]
        for round_ in range(12):
            d("open", state=where, targets=targets)
            for k in range(3):
                subject = "db%d-%d" % (round_, k)
                d("add", event="disk-full", subject=subject, mine=True)
                wanted.add(subject)
            d.process.stdin.write(json.dumps({"do": "pump", "forUs": 60_000_000}) + "\n")
            d.process.stdin.flush()
            time.sleep(0.011 * (round_ + 1))
            d.kill()
            d = Drive(tmp)
        d("open", state=where, targets=targets)
        wait_for("the rest", 60, lambda: d("pump", forUs=300_000)["views"][0]["waiting"] == 0)
        got = {}
        for headers, body in hook.messages:
            got.setdefault(body["data"]["subject"], set()).add(headers["webhook-id"])
        checks.that("12 kill -9: every alert arrived", set(got) == wanted, "%d of %d, %d messages" % (len(got), len(wanted), len(hook.messages)))
        checks.that("and what came twice has one id", all(len(v) == 1 for v in got.values()))
        checks.that("the spool is empty afterwards", not os.listdir(os.path.join(where, "spool")), os.listdir(os.path.join(where, "spool"))[:3])
    checks.that("the driver ends well (leaks would show)", d.close() == 0)


def job():
    wanted = sys.argv[1:] or ["http", "alerts"]
    checks = Checks()
    with tempfile.TemporaryDirectory(prefix="rotad-net.") as tmp:
        system = system_store(tmp)
        d = Drive(tmp)
        if "http" in wanted:
            http_good(checks, d, tmp)
            http_bad(checks, d)
        pki, good = http_tls(checks, d, tmp, system)
        checks.that("the driver ends well (leaks would show)", d.close() == 0)
        if "alerts" in wanted:
            alerts(checks, tmp, pki, good)
    checks.print()
    return checks.status()


if __name__ == "__main__":
    sys.exit(nest.run(job, 600))
