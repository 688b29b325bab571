#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The tools of the first hour, against real rotads, receivers and members.

usage: first_hour.py CASE..."""
import http.server
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, "lib"))
from bench import hooksink, nest  # noqa: E402
from bench.cases import Cases  # noqa: E402
from bench.rotads import Fleet  # noqa: E402
from bench.scene import Scene, own_mounts  # noqa: E402
from bench.show import Checks, say, wait_for  # noqa: E402
from bench.world import World, free_ports, write_whole  # noqa: E402

CASES = Cases()
case = CASES.case


class Nobody:
    """A member without a process: a rotad that has nobody to look after all the same has its alerts."""

    def __init__(self, folder):
        self.name, self.conf = "rs0-a", os.path.join(folder, "mongod.conf")
        write_whole(self.conf, "net:\n  port: %d\nreplication:\n  replSetName: rs0\n" % free_ports(1)[0])


class Place:
    def __init__(self, folder, *members):
        self.dir, self.members = folder, list(members)


def hanging():
    """A receiver that takes the connection and says nothing."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            time.sleep(60)

        def log_message(self, *a):
            pass
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return "http://localhost:%d/" % server.server_address[1]


@case
def alerts():
    """alert test says of each target what its receiver answered; the test is signed, and nothing is left behind."""
    checks, folder = Checks(), tempfile.mkdtemp(prefix="rotad-hour.")
    secret = hooksink.new_secret()
    secret_file = os.path.join(folder, "secret")
    write_whole(secret_file, secret + "\n")
    good, broken = os.path.join(folder, "good"), os.path.join(folder, "broken")
    write_whole(good, "#!/bin/sh\ncat >%s.$1\n" % good, 0o700)
    write_whole(broken, "#!/bin/sh\necho no such pager >&2\nexit 70\n", 0o700)
    with hooksink.HookSink(secret) as ops, hooksink.HookSink(secret, answer=401) as no, hooksink.HookSink(secret, answer=503) as busy:
        hook = {"type": "webhook", "secret": "file:" + secret_file, "minSeverity": "critical"}
        targets = [dict(hook, name="ops", url=ops.url), dict(hook, name="no", url=no.url), dict(hook, name="busy", url=busy.url),
                   dict(hook, name="nobody", url="http://localhost:%d/" % free_ports(1)[0]), dict(hook, name="hangs", url=hanging()),
                   {"name": "pager", "type": "command", "command": good}, {"name": "broken", "type": "command", "command": broken}]
        fleet = Fleet(Place(folder, Nobody(folder)), os.environ["ROTAD"], os.environ["ROTACTL"], alerts=targets)
        r = fleet.all[0]
        r.start()
        wait_for("rotad to answer", 30, lambda: r.ctl("alert", "test", "ops").status == 0, 0.2)
        m = ops.all()[-1]
        checks.that("the test arrives, signed, also below minSeverity", not m.wrong and m.json["event"] == "alert-test", m.wrong or m.json["headline"])
        checks.that("its five rows are filled", all(m.json.get(k) for k in ("headline", "what", "now", "we_did", "you")))
        one = r.ctl("alert", "test", "ops")
        checks.that("one target by its name: only that one", one.status == 0 and len(one.out.splitlines()) == 2, one.out)
        whole = r.ctl("alert", "test", timeout=120)
        for line in whole.out.splitlines():
            say("  %s", line)
        lines = whole.out.replace("\n    ", " ").splitlines()  # unfolded
        checks.that("not all took it: exit 2", whole.status == 2, whole.status)
        for what, wanted in {"ops": "answered 204 in 0.", "no": "answered 401 in 0.", "busy": "answered 503 in 0.", "nobody": "not delivered in 0.",
                             "hangs": "not delivered in 10.", "pager": "taken in 0.", "broken": "no such pager"}.items():
            line = next((x for x in lines if x.startswith("  %s (" % what)), "")
            checks.that("%s: %s" % (what, wanted), wanted in line, line)
        checks.that("it takes no longer than the slowest", whole.seconds < 25, "%.1f s" % whole.seconds)
        with open(good + ".alert-test") as f:
            checks.that("the command got the same JSON", json.load(f)["data"]["event"] == "alert-test")
        got = r.ctl("--json", "alert", "test", "no").json()
        checks.that("--json has the status as a number", got["targets"][0]["status"] == 401 and got["exit"] == 2, got["targets"])
        checks.that("an unknown target is refused by name", r.ctl("alert", "test", "chat").status == 2)
        n = len(no.all())
        time.sleep(3)
        checks.that("a test that failed is not sent again", len([x for x in no.all()[n:] if x.json.get("event") == "alert-test"]) == 0)
        both = [threading.Thread(target=lambda: r.ctl("alert", "test", "hangs")) for _ in range(1)]
        both[0].start()
        time.sleep(0.5)
        second = r.ctl("alert", "test", "ops")
        checks.that("a second one at the same time is refused", second.status == 2 and "under way" in second.err, second.text())
        status = r.ctl("status", "--json")
        checks.that("the daemon answers others meanwhile", status.seconds < 2, "%.2f s" % status.seconds)
        both[0].join()
        r.config["alerts"] = []
        r.write()
        r.reload()
        none = wait_for("the targets to be gone", 20, lambda: (lambda x: x.status == 1 and x)(r.ctl("alert", "test")), 0.3)
        checks.that("no target: exit 1, and it is said", "No alert target" in none.out, none.out)
        r.stop()
        none = r.ctl("alert", "test")
        checks.that("no rotad: exit 3", none.status == 3, none.text())
    shutil.rmtree(folder, ignore_errors=True)
    checks.print()
    return checks.status()


def findings(result):
    """{name: weight} of a doctor's JSON, this host's with it."""
    doc = result.json()
    assert len(doc["instances"]) == 1, doc
    return {f["name"]: f for f in doc["host"] + doc["instances"][0]["findings"]}


def told(checks, what, result, name, weight, exit_code):
    f = findings(result).get(name, {})
    checks.that("%s: %s %s, exit %d" % (what, weight, name, exit_code), f.get("weight") == weight and f.get("you") and result.status == exit_code,
                "exit %d, %s" % (result.status, f))


@case
def doctor():
    """doctor before the first start of rotad and while it runs: a healthy host is well, each planted fault is found, nothing is written."""
    with Scene(writer=False, mode="observe", keyfile={"mode": "observe"}, certificates={"mode": "observe"}) as s:
        checks, w = s.checks, s.world
        m = w.members[1]
        r = s.fleet.of(m)
        hook = os.path.join(r.dir, "restart")
        shutil.copy(r.config["instances"][0]["restart"]["hook"], hook)
        r.config["instances"][0]["restart"]["hook"] = hook
        r.write()
        log_from = os.path.getsize(m.log)

        def both(*words):
            """Asked from here, without a daemon, and (when it runs) by it: the same verb."""
            return r.ctl("--config", r.conf, "--json", "doctor", *words)

        def faults(place):
            def check(what, name, weight, exit_code):
                told(checks, "%s, %s" % (place, what), both(), name, weight, exit_code)
            twin = m.keyfile + ".twin"
            os.link(m.keyfile, twin)
            check("a hard link to the keyfile", "directory", "refuse", 2)
            os.unlink(twin)
            os.chmod(hook, 0o600)
            if place == "from here":  # rotad would not even start with it
                refused = both()
                checks.that("from here, a hook that cannot be run: the configuration is refused", refused.status == 2 and "not executable" in refused.out, refused.out)
            else:
                check("a hook that cannot be run", "restart", "refuse", 2)
            os.chmod(hook, 0o755)
            with open(m.conf) as f:
                conf = f.read()
            write_whole(m.conf, conf + "# edited\n")
            check("mongod.conf was edited", "pending", "refuse", 2)
            write_whole(m.conf, conf)
            os.utime(m.conf, (s.wall - 3600, s.wall - 3600))
            with open(m.pem) as f:
                before = f.read()
            with open(w.pki.member("other-" + place.replace(" ", "-"), ["elsewhere.example.net"])) as f:
                write_whole(m.pem, f.read())
            check("another certificate on disk", "served", "warning", 2)
            told(checks, "%s, it does not name the member" % place, both(), "certificate-names", "refuse", 2)
            write_whole(m.pem, before)
            w.members[2].stop()
            check("a member is down", "others", "warning", 1)
            w.members[2].start()
            w.wait_healthy(60)

        page = r.ctl("--config", r.conf, "doctor", "--all")
        for line in page.out.splitlines():
            say("  %s", line)
        got = findings(both())
        bad = [f for f in got.values() if f["weight"] == "refuse"]
        checks.that("before rotad ever ran: could take its turn", "could take its turn" in page.out and not bad, bad)
        checks.that("as root it says that it asked as root", page.status == 1 and got["running"]["weight"] == "warning", got["running"])
        checks.that("keyfile, directory, restart, login, clock, certificate, peers are asked",
                    all(got.get(k, {}).get("weight") == "good" for k in ("keyfile", "directory", "restart", "login", "clock", "certificate", "peer-tls", "served")), sorted(got))
        faults("from here")
        checks.that("nothing was written to the state directory", os.listdir(r.state) == [], os.listdir(r.state))
        with open(m.log, errors="replace") as f:
            f.seek(log_from)
            failed = [line for line in f if "Authentication failed" in line]
        checks.that("no login failed", not failed, failed[:1])
        with w.primary().client() as c:
            checks.that("nothing was written to the set", "rotad.ledger" not in c.admin.list_collection_names())
        s.fleet.start()
        wait_for("rotad to have looked", 60, lambda: r.status()["instances"][0]["rehearsed"]["ok"], 0.3)
        wait_for("an alert to have been taken", 30, lambda: r.ctl("alert", "test").status == 0, 0.3)
        page = r.ctl("doctor")
        for line in page.out.splitlines():
            say("  %s", line)
        checks.that("by the running rotad: well, exit 0", page.status == 0 and "could take its turn" in page.out, page.out)
        faults("by rotad")
        page = wait_for("it to be well again", 30, lambda: (lambda x: x.status == 0 and x)(r.ctl("doctor")), 0.5)
        checks.that("mended, it is well again", page.status == 0, page.seconds)
        return s.finish()


@case
def discover():
    """discover finds running members and a unit that does not run; what it writes is taken by config check and changes nothing."""
    checks, folder = Checks(), tempfile.mkdtemp(prefix="rotad-hour.")
    rotactl = os.environ["ROTACTL"]

    def ctl(*words, **more):
        return subprocess.run([rotactl] + list(words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60, **more)
    # A mount namespace of this test's own: a unit file that only it sees.
    own_mounts()
    os.makedirs("/run/systemd/system", exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "none", "/run/systemd/system"], check=True)
    with World(os.path.join(folder, "set"), os.environ["MONGOD"], rotactl=rotactl, set_name="found") as w:
        w.up()
        marked, bare = w.members[0], w.members[1]
        with open(marked.conf) as f:
            text = f.read()
        write_whole(marked.conf, "# Ansible managed\n" + text)
        resting = os.path.join(folder, "resting.conf")
        write_whole(resting, "net:\n  port: 27999\nreplication:\n  replSetName: resting\nsecurity:\n  keyFile: %s\n" % marked.keyfile)
        write_whole("/run/systemd/system/mongod-resting.service", "[Service]\nExecStart=/usr/bin/mongod --config %s\n" % resting, 0o644)
        before = {m: os.stat(m.conf).st_mtime_ns for m in w.members}
        shown = ctl("discover")
        for line in shown.stdout.splitlines():
            say("  %s", line)
        found = {i["configFile"]: i for i in json.loads(ctl("--json", "discover").stdout)["instances"]}
        for m in w.members:
            i = found.get(m.conf, {})
            checks.that("%s is found" % m.name, i.get("pid") == m.pid() and i.get("port") == m.port and i.get("set") == "found" and
                        i.get("name") == "found-%d" % m.port, i)
            checks.that("that no unit starts it is said", any("No systemd unit" in n for n in i.get("notes", [])), i.get("notes"))
        checks.that("it is seen to listen", not any("listen" in n for n in found[bare.conf]["notes"]))
        checks.that("the mark of Ansible is said, of that one alone", any("Ansible managed" in n for n in found[marked.conf]["notes"]) and
                    not any("Ansible" in n for n in found[bare.conf]["notes"]), found[marked.conf]["notes"])
        rest = found.get(resting, {})
        checks.that("a unit that does not run is found", rest.get("pid") == 0 and rest.get("unit") == "mongod-resting.service" and rest.get("port") == 27999, rest)
        checks.that("what a person should read makes exit 1", shown.returncode == 1, shown.returncode)
        out = os.path.join(folder, "rotad.yaml")
        wrote = ctl("discover", "--output", out)
        checks.that("--output writes it", wrote.returncode == 1 and os.stat(out).st_mode & 0o777 == 0o640, wrote.stdout + wrote.stderr)
        with open(out) as f:
            written = f.read()
        checks.that("the same text", written == shown.stdout)
        checked = ctl("config", "check", out)
        checks.that("config check takes it, without an error", checked.returncode == 0 and "good" in checked.stdout, checked.stdout + checked.stderr)
        checks.that("all of it in mode observe", "mode: observe" in written and "act" not in [x.strip() for x in written.replace(":", " ").split()])
        again = ctl("discover", "--output", out)
        with open(out) as f:
            checks.that("never over an existing file", again.returncode == 2 and f.read() == written, again.stderr)
        checks.that("nor over the one in use", ctl("--config", out, "discover", "--write").returncode == 2)
        checks.that("nothing else was written", before == {m: os.stat(m.conf).st_mtime_ns for m in w.members})
        # What a user without rights sees is less, and is said.
        os.chmod(folder, 0o755)
        few = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", rotactl, "--json", "discover"], stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
        rows = {i["configFile"]: i for i in json.loads(few.stdout)["instances"]} if few.stdout else {}
        checks.that("as nobody: found by their command lines", bare.conf in rows, few.stderr or sorted(rows))
        checks.that("and that the file could not be read is said", any("could not be read" in n for n in rows.get(bare.conf, {}).get("notes", [])), rows.get(bare.conf))
        bare.stop()
        gone = {i["configFile"] for i in json.loads(ctl("--json", "discover").stdout)["instances"]}
        checks.that("one that was stopped is not found", bare.conf not in gone and marked.conf in gone)
    subprocess.run(["umount", "/run/systemd/system"], check=True)
    shutil.rmtree(folder, ignore_errors=True)
    checks.print()
    return checks.status()


@case
def manual():
    """A CA with people in it: each member's request is carried there and back; what they got wrong is said and changes nothing."""
    corp = {"corp": {"type": "manual"}}
    with Scene(certificates={"mode": "act", "authority": "corp", "outageBudget": "10d"}, authorities=corp) as s:
        checks, w = s.checks, s.world
        s.fleet.start()
        wait_for("the rotads to have joined", 90, lambda: all(r.ctl("status").status == 0 for r in s.fleet.all), 0.3)
        before = {m.name: m.served() for m in w.members}
        none = s.fleet.all[0].ctl("cert", "request")
        checks.that("before anything is due there is no request", none.status == 2 and "rotate certificates" in none.err, none.text())
        checks.that("an order makes one on each host", s.rotate(what="certificates").status == 0)
        for r in s.fleet.all:
            wait_for("the request of " + r.name, 30, lambda r=r: r.ctl("cert", "request").status == 0, 0.3)
        sheet = s.fleet.all[0].ctl("cert", "request", "--sheet")
        for line in sheet.out.splitlines():
            say("  %s", line)
        checks.that("the sheet names what the CA's people need", all(x in sheet.out for x in ("SAN", "localhost", "serverAuth,clientAuth", "O=Example", "BEGIN CERTIFICATE REQUEST")))
        for r in s.fleet.all:
            csr, answer = (os.path.join(r.dir, n) for n in ("request.csr", "answer.pem"))
            wrote = r.ctl("cert", "request", "--csr-out", csr)
            checks.that("%s: the request is written to a file, once" % r.name, wrote.status == 0 and r.ctl("cert", "request", "--csr-out", csr).status == 2, wrote.text())

            def sign(kind, *more, r=r, csr=csr, answer=answer):
                if os.path.exists(answer):
                    os.unlink(answer)
                made = subprocess.run([os.environ["ROTACTL"], "ca", "issue", kind, "--ca", w.pki.dir, "--csr", csr, "--out", answer, "--subject",
                                       "CN=%s,OU=mongod,O=Example" % r.name, "--host", "localhost", "--host", "127.0.0.1"] + list(more),
                                      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
                if made.returncode:
                    raise RuntimeError(made.stdout)
                return r.ctl("cert", "import", answer, "--reason", "CHG41877")
            r.stop()  # key and request are kept across a restart
            r.start()
            wait_for("rotad of %s to be back" % r.name, 30, lambda r=r: r.ctl("cert", "request").status == 0, 0.3)
            wrong = sign("server")
            checks.that("%s: one without clientAuth is refused in the CA's words" % r.name, wrong.status == 2 and "EKU" in wrong.err, wrong.text())
            checks.that("%s: the request still waits, nothing was changed" % r.name, r.ctl("cert", "request").status == 0 and r.member.served() == before[r.name])
            twin = r.ctl("cert", "import", r.member.pem)
            checks.that("%s: a file with a private key in it is refused" % r.name, twin.status == 2 and "private key" in twin.err, twin.text())
            taken = sign("member")
            checks.that("%s: the right one is taken" % r.name, taken.status == 0, taken.text())
        for r in s.fleet.all:
            wait_for("%s to serve it" % r.name, 90, lambda r=r: r.member.served() != before[r.name], 0.5)
        now = {m.name: m.served() for m in w.members}
        checks.that("each member serves its new one", all(now[n] != before[n] for n in now), now)
        wait_for("the order to be over", 90, lambda: all(r.ctl("status").status == 0 for r in s.fleet.all), 0.5)
        checks.that("no request is left", all(r.ctl("cert", "request").status == 2 for r in s.fleet.all))
        return s.finish()


if __name__ == "__main__":
    sys.exit(CASES.main())
