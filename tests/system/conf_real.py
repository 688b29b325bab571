#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What rotad computes and reads, against others who do the same.

zones     local time of every zone of this host's tzdata, and back, against Python's zoneinfo
options   mongod's options from files and command lines against mongod's own --outputConfig, and getCmdLineOpts of a live one
schedule  the central schedule over real HTTPS from a server that behaves badly; signed by openssl alone

usage: conf_real.py [zones] [options] [schedule]     all by default"""
import datetime
import http.server
import json
import os
import random
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import zoneinfo

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "lib"))
from bench import nest  # noqa: E402
from bench.pki import Pki, call  # noqa: E402
from bench.show import Checks, say  # noqa: E402

BUILD = os.environ.get("TOP_BUILDDIR") or os.getcwd()
DRIVE = os.path.join(BUILD, "tests", "system", "conf_drive")
NET = os.path.join(BUILD, "src", "cmd", "rotad-net")
MONGOD = os.environ.get("MONGOD") or "mongod"
ZONES = "/usr/share/zoneinfo"
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def drive(*args, text=""):
    return subprocess.run([DRIVE, *args], input=text, capture_output=True, text=True, timeout=60)


# ---- zones ----

def zone_names():
    """Every zone of this host; of those that are the same file under several names one, but each name is loaded."""
    seen = set()
    for folder, dirs, files in os.walk(ZONES):
        dirs[:] = sorted(d for d in dirs if d not in ("posix", "right"))
        for f in sorted(files):
            path = os.path.join(folder, f)
            with open(path, "rb") as h:
                text = h.read()
            if text[:4] == b"TZif":
                yield os.path.relpath(path, ZONES), text not in seen
                seen.add(text)


def zones(check):
    rng = random.Random(412)
    low, high = int(datetime.datetime(1850, 1, 1).timestamp()), int(datetime.datetime(2120, 1, 1).timestamp())
    names, wrong, asked, refused = 0, [], 0, []
    for name, is_new in zone_names():
        if not is_new:
            r = drive("zone", name)
            names += 1
            if r.returncode:
                refused.append("%s: %s" % (name, r.stderr.strip()))
            continue
        z = zoneinfo.ZoneInfo.from_file(open(os.path.join(ZONES, name), "rb"), name)
        moments = [rng.randrange(low, high) for _ in range(150)]
        # every change of some years, on both sides of the table's end, and the second before
        for year in (2026, 2037, 2038, 2050):
            base = int((datetime.datetime(year, 1, 1) - datetime.datetime(1970, 1, 1)).total_seconds())
            last = None
            for day in range(0, 367):
                t = base + 86400 * day
                off = (EPOCH + datetime.timedelta(seconds=t)).astimezone(z).utcoffset()
                if last is not None and off != last:
                    a, b = t - 86400, t
                    while b - a > 1:
                        m = (a + b) // 2
                        if (EPOCH + datetime.timedelta(seconds=m)).astimezone(z).utcoffset() == last:
                            a = m
                        else:
                            b = m
                    moments += [a, b]
                last = off
        r = drive("zone", name, text="".join("%d\n" % m for m in moments))
        if r.returncode:
            refused.append("%s: %s" % (name, r.stderr.strip()))
            continue
        names += 1
        for m, line in zip(moments, r.stdout.splitlines()):
            there = (EPOCH + datetime.timedelta(seconds=m)).astimezone(z)
            have = line.split(" ", 1)
            asked += 1
            if int(have[0]) != there.utcoffset().total_seconds() or have[1] != there.tzname():
                wrong.append((name, m, line, there.utcoffset().total_seconds(), there.tzname()))
        # back: each local minute around them, both readings
        questions, wanted = [], []
        for m in moments[:60]:
            naive = (EPOCH + datetime.timedelta(seconds=m + rng.randrange(-5400, 5400))).astimezone(z).replace(tzinfo=None)
            if naive.year < 1901:
                continue
            seconds = int((naive - datetime.datetime(1970, 1, 1)).total_seconds())
            for fold in (0, 1):
                questions.append("%d %d %d\n" % (seconds // 86400, seconds % 86400, fold))
                wanted.append(int(naive.replace(tzinfo=z, fold=fold).timestamp()))
        r = drive("local", name, text="".join(questions))
        for q, w, line in zip(questions, wanted, r.stdout.splitlines()):
            asked += 1
            if int(line) != w:
                wrong.append((name, "local", q.strip(), line, w))
    check("every zone of tzdata loads", not refused and names > 300, "%d names %s" % (names, refused[:3] or ""))
    check("local times as Python's zoneinfo has them", not wrong, "%d compared %s" % (asked, wrong[:3] or ""))


# ---- options ----

CASES = [
    ["--port", "27018", "--keyFile", "/k", "--replSet", "rs0", "--dbpath", "/d", "--logpath", "/l"],
    ["-port", "1", "-keyFile=/k", "--configsvr", "--tlsOnNormalPorts", "--tlsClusterFile", "/c", "--sslWeakCertificateValidation"],
    ["--sslMode", "requireSSL", "--sslPEMKeyFile", "/x", "--sslCAFile", "/y", "--sslAllowInvalidHostnames", "--sslCRLFile", "/z"],
    ["--tlsMode", "preferTLS", "--tlsCertificateKeyFile", "/x", "--tlsCertificateKeyFilePassword", "hunter2", "--tlsClusterCAFile", "/cc",
     "--tlsAllowConnectionsWithoutCertificates", "--tlsAllowInvalidCertificates"],
    ["--bind_ip_all", "--pidfilepath", "/p", "--shardsvr", "--setParameter", "shutdownTimeoutMillisForSignaledShutdown=5",
     "--setParameter", "enableTestCommands=1"],
    ["--bind_ip", "localhost,::1", "--ipv6", "--clusterAuthMode", "sendX509", "--transitionToAuth", "--oplogSize", "10"],
]
FILES = [
    "port = 27018\nkeyFile=/k   # why\nsslMode=preferSSL\nsslPEMKeyFile=/p\nshardsvr=true\nreplSet=r\n"
    "setParameter=shutdownTimeoutMillisForSignaledShutdown=7\ntlsAllowConnectionsWithoutCertificates = true\n",
    "net:\n  port: 27019\n  bindIp: localhost\n  ssl: {mode: allowSSL, PEMKeyFile: /p, CAFile: /c, weakCertificateValidation: true}\n"
    "security: {keyFile: /k, clusterAuthMode: sendKeyFile}\nreplication: {replSetName: r}\nsharding: {clusterRole: configsvr}\n",
    "net.port: 5\nnet.tls.mode: requireTLS\nnet.tls.certificateKeyFile: '/p q'\nstorage.dbPath: \"/d\"\nsystemLog: {destination: file, path: /l}\n",
    "# nothing but a comment\nnet:\n  port: 7\n",
]


def resolved(argv):
    r = subprocess.run([MONGOD] + argv + ["--outputConfig"], capture_output=True, text=True, timeout=60)
    return "".join(line + "\n" for line in r.stdout.splitlines() if not line.startswith('{"t"')), r


def same(a, b):
    """config names where the file is, which only one of both knows."""
    return a.returncode == 0 and b.returncode == 0 and json.loads(a.stdout) == json.loads(b.stdout)


def options(check):
    for argv in CASES:
        text, r = resolved(argv)
        a, b = drive("options", "argv", "mongod", *argv), drive("options", "file", text=text)
        check("as mongod resolves: %s" % " ".join(argv)[:60], r.returncode == 0 and same(a, b), "%s | %s | %s" % (a.stdout, b.stdout, r.stderr[-200:]))
        check("  no password in it", "hunter2" not in a.stdout + b.stdout)
    with tempfile.TemporaryDirectory() as tmp:
        for i, file in enumerate(FILES):
            path = os.path.join(tmp, "mongod.conf")
            with open(path, "w") as f:
                f.write(file)
            text, r = resolved(["-f", path])
            a, b = drive("options", "file", text=file), drive("options", "file", text=text)
            check("as mongod resolves: file %d" % (i + 1), r.returncode == 0 and same(a, b), "%s | %s | %s" % (a.stdout, b.stdout, r.stdout[-300:]))
        live(check, tmp)


def live(check, tmp):
    import pymongo
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    port = s.getsockname()[1]
    s.close()
    conf = os.path.join(tmp, "live.conf")
    os.mkdir(os.path.join(tmp, "db"))
    with open(conf, "w") as f:
        f.write("dbpath=%s/db\nport=%d\nlogpath=%s/log\nreplSet=r\nsetParameter=shutdownTimeoutMillisForSignaledShutdown=100\n" % (tmp, port, tmp))
    argv = [MONGOD, "-f", conf, "--bind_ip", "127.0.0.1"]
    p = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        c = pymongo.MongoClient("127.0.0.1", port, directConnection=True, serverSelectionTimeoutMS=30000)
        answer = c.admin.command("getCmdLineOpts")
        from bson import json_util
        text = json_util.dumps(answer, json_options=json_util.RELAXED_JSON_OPTIONS)
        r = drive("options", "json", text=text)
        o = json.loads(r.stdout or "{}")
        want = {"dbPath": tmp + "/db", "port": port, "logPath": tmp + "/log", "replSet": "r", "bindIp": "127.0.0.1", "shutdownMs": 100}
        check("getCmdLineOpts of a live mongod", all(o.get(k) == v for k, v in want.items()), "%s %s" % (r.stdout, r.stderr))
        with open("/proc/%d/cmdline" % p.pid) as f:
            words = f.read().split("\0")[:-1]
        r = drive("options", "argv", *words)
        check("its command line", json.loads(r.stdout).get("bindIp") == "127.0.0.1", r.stdout)
    finally:
        p.terminate()
        p.wait(30)


# ---- schedule ----

class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    answer, seen = None, []


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        self.server.seen.append(dict(self.headers))
        try:
            self.server.answer(self)
        except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
            pass


def plain(status, body=b"", **headers):
    def answer(h):
        h.send_response(status)
        for k, v in headers.items():
            h.send_header(k.replace("_", "-"), v)
        h.send_header("Content-Length", str(len(body)))
        h.end_headers()
        h.wfile.write(body)
    return answer


def with_etag(body, tag):
    def answer(h):
        if h.headers.get("If-None-Match") == tag:
            return plain(304)(h)
        return plain(200, body, ETag=tag)(h)
    return answer


def endless(h):
    h.send_response(200)
    h.end_headers()
    for _ in range(1 << 14):
        h.wfile.write(b"#" * 65535 + b"\n")


def cut_off(h):
    h.send_response(200)
    h.send_header("Content-Length", "100000")
    h.end_headers()
    h.wfile.write(b"serial: 99\nfleet: prod\n")
    h.wfile.flush()
    h.connection.close()


def signed(tmp, text, name="signer"):
    """As the head of signed_text.h says, without rotactl."""
    path = os.path.join(tmp, "to-sign")
    with open(path, "w") as f:
        f.write(text)
    out = call(["openssl", "cms", "-sign", "-binary", "-md", "sha256", "-in", path, "-signer", "%s/%s.pem" % (tmp, name), "-inkey",
                "%s/%s.key" % (tmp, name), "-outform", "PEM"])
    return (text + "".join("# %s\n" % line for line in out.splitlines())).encode()


def text_of(serial, more=""):
    return "serial: %d\nfleet: prod\npolicies: [{clusters: \"rs*\", keyfile: {maxAge: 90d}}]\n%s" % (serial, more)


def schedule(check):
    tmp = tempfile.mkdtemp()
    try:
        pki = Pki(os.path.join(tmp, "pki"))
        pki.init()
        pem = pki.member("ops", ["localhost", "127.0.0.1"])
        for name in ("signer", "stranger"):
            call(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "%s/%s.key" % (tmp, name),
                  "-out", "%s/%s.pem" % (tmp, name), "-days", "30", "-subj", "/CN=%s" % name])
        state = os.path.join(tmp, "state")
        os.mkdir(state, 0o700)
        server = Server(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = "https://localhost:%d/rotad.yaml" % server.server_address[1]
        drive_it(check, tmp, state, pki, server, url)
        server.shutdown()
    finally:
        shutil.rmtree(tmp)


def drive_it(check, tmp, state, pki, server, url):
    p = subprocess.Popen([DRIVE, "schedule", NET, url, state, pki.ca, os.path.join(tmp, "signer.pem"), "prod"], stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE, text=True)

    def look(answer=None, word="look"):
        server.answer = answer
        p.stdin.write(word + "\n")
        p.stdin.flush()
        return json.loads(p.stdout.readline())

    first = signed(tmp, text_of(7))
    r = look(with_etag(first, '"seven"'))
    check("a schedule signed by openssl is taken", r["serial"] == 7 and r["changed"] and r["listed"] and "signer" in r["signer"], r)
    r = look(with_etag(first, '"seven"'))
    check("unchanged by ETag", r["serial"] == 7 and not r["changed"] and r["ageS"] == 0 and server.seen[-1].get("If-None-Match") == '"seven"', r)
    r = look(plain(200, signed(tmp, text_of(7))))
    check("signed again is the same", r["serial"] == 7 and not r["changed"] and "error" not in r, r)
    good = signed(tmp, text_of(8))
    bad = [
        ("unsigned", plain(200, text_of(8).encode()), "UNTRUSTED"),
        ("signed by a stranger", plain(200, signed(tmp, text_of(8), "stranger")), "UNTRUSTED"),
        ("changed after it was signed", plain(200, good.replace(b"90d", b"91d")), "CRYPTO"),
        ("older", plain(200, signed(tmp, text_of(6))), "REFUSED"),
        ("same serial, other text", plain(200, signed(tmp, text_of(7, "mode: ask\n"))), "REFUSED"),
        ("other fleet", plain(200, signed(tmp, text_of(8).replace("prod", "test"))), "REFUSED"),
        ("a web page", plain(200, b"<html>please log in</html>"), ""),
        ("empty", plain(200, b""), ""),
        ("depth bomb", plain(200, signed(tmp, "[" * 100000)), ""),
        ("redirect to a good one", plain(302, good, Location=url), "REFUSED"),
        ("endless", endless, "LIMIT"),
        ("cut off", cut_off, ""),
        ("login wanted", plain(401), "AUTH"),
        ("gone", plain(410, good), "NOT_FOUND"),
        ("busy", plain(503, b"", Retry_After="86400"), "UNREACHABLE"),
    ]
    age = 0
    for name, answer, kind in bad:
        r = look(answer)
        age += 3600
        ok = r["serial"] == 7 and not r["changed"] and r["listed"] and r.get("error", {}).get("kind", "").endswith(kind) and "error" in r
        check("refused: %s" % name, ok and r["us"] < 15e6 and r["ageS"] >= age, r)
    check("Retry-After of a day is cut to six hours", r["nextS"] == 6 * 3600, r)
    for _ in range(5):
        look(plain(200, good))  # not before it is time
    r = look(plain(200, good))
    check("a better one is taken", r["serial"] == 8, r)
    r = look(word="restart")
    check("the last good one outlives a restart", r["serial"] == 8 and "error" not in r, r)
    with open(os.path.join(state, "schedule.yaml"), "rb+") as f:
        f.seek(9)
        f.write(b"9")
    r = look(word="restart")
    check("a copy changed by hand is not believed", r["serial"] == 0 and "error" in r, r)
    r = look(plain(200, signed(tmp, text_of(9).replace("rs*", "other"))))
    check("and mended by the next look", r["serial"] == 9 and not r["listed"], r)
    check("copies are for rotad alone", all(os.stat(os.path.join(state, f)).st_mode & 0o077 == 0 for f in os.listdir(state)))
    p.stdin.close()
    check("the driver ends", p.wait(20) == 0)


PARTS = {"zones": zones, "options": options, "schedule": schedule}


def main():
    checks = Checks()
    for name in sys.argv[1:] or PARTS:
        say("== " + name)
        began = time.monotonic()
        PARTS[name](lambda what, ok, more="": checks.that(what, ok, more if not ok or isinstance(more, str) and len(more) < 40 else ""))
        say("   %.1f s", time.monotonic() - began)
    return checks.status()


if __name__ == "__main__":
    sys.exit(nest.run(main, 240))
