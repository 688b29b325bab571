#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The central schedule at work: real rotads on a real set, a real HTTPS server with ETag. A freeze of the schedule holds a rotation that the
schedule orders; the next serial lifts it and the rotation is made, once. What is older, broken, failing, hanging or of another name is refused,
holds up nothing, and the last good copy goes on, over a restart of rotad too. The changed hook is told of each file."""
import datetime
import http.server
import os
import ssl
import sys
import threading
import time

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, "lib"))
from bench import nest  # noqa: E402
from bench.pki import Pki  # noqa: E402
from bench.scene import Scene  # noqa: E402
from bench.show import say, wait_for  # noqa: E402
from bench.world import write_whole  # noqa: E402

TODAY = datetime.datetime.now(datetime.timezone.utc).date()
FREEZE = "freezes: [{from: %s, until: %s, reason: sale}]\n" % (TODAY - datetime.timedelta(1), TODAY + datetime.timedelta(2))
ORDER = "orders: [{id: CHG41877, rotate: keyfile, clusters: \"*\", reason: quarterly, ticket: CHG41877}]\n"


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        body, status = self.server.body.encode(), self.server.status
        self.server.asked.append(dict(self.headers))
        if self.server.hangs.is_set():
            self.server.released.wait(30)
            return
        tag = '"%08x"' % (hash(body) & 0xffffffff)
        if status == 200 and self.headers.get("If-None-Match") == tag:
            status, body = 304, b""
        try:
            self.send_response(status)
            self.send_header("ETag", tag)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, pem):
        super().__init__(("127.0.0.1", 0), Handler)
        self.body, self.status, self.asked = "", 200, []
        self.hangs, self.released = threading.Event(), threading.Event()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        # the handshake in the connection's own thread
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):
        pass  # a client that does not trust us ends the handshake


def main():
    def job():
        with Scene(drain="0s") as scene:
            c, fleet = scene.checks, scene.fleet.all
            pki = Pki(os.path.join(scene.dir, "ops-pki"), os.environ["ROTACTL"])
            pki.init()
            server = Server(pki.member("ops", ["localhost"]))
            server.body = "serial: 1\nfleet: test\n" + FREEZE + ORDER
            hook, told = os.path.join(scene.dir, "changed"), os.path.join(scene.dir, "changed.told")
            write_whole(hook, "#!/bin/sh\necho \"$1 $2 $ROTAD_CHANGED\" >> %s\n" % told, 0o755)
            for r in fleet:
                r.config["schedule"] = {"url": "https://localhost:%d/rotad.yaml" % server.port, "caFile": pki.ca, "fleet": "test", "poll": "10s"}
                r.config["instances"][0]["changed"] = {"hook": hook}
                r.write()

            def state(r):
                return r.status().get("schedule") or {}

            def at(serial, rotads=None):
                return lambda: all(state(r).get("serial") == serial and not state(r).get("why") for r in rotads or fleet)

            def why(r, text, seconds=30):
                def test():
                    return text.lower() in (state(r).get("why") or "").lower()
                try:
                    wait_for("'%s' from rotad of %s" % (text, r.name), seconds, test, 0.3)
                except TimeoutError:
                    pass
                s = state(r)
                return test() and s["serial"] == 2, "serial %s, %s" % (s.get("serial"), s.get("why"))

            scene.fleet.start()
            wait_for("schedule 1 everywhere", 40, at(1), 0.2)
            shown = fleet[0].ctl("config", "show", "--running").text()
            c.that("config show --running names the serial", "schedule 1, for all" in shown and "sale" in shown)
            c.that("status names it too", "serial 1" in fleet[0].ctl("status").text())
            wait_for("the order in the ledger", 30, lambda: fleet[0].status()["instances"][0]["orders"], 0.3)
            o = fleet[0].status()["instances"][0]["orders"]
            c.that("it is ordered once, by the schedule", len(o) == 1 and o[0]["who"] == "schedule serial 1", o)
            scene.says(fleet[0], "freeze.*sale|sale", 20)
            time.sleep(3)
            c.that("the freeze holds it", not scene.restarts() and all(scene.keys(m) == [scene.old_key] for m in scene.world.members))

            server.body = "serial: 2\nfleet: test\n" + ORDER
            for r in fleet:
                r.reload()  # looks at once; else within the poll
            wait_for("schedule 2 everywhere", 40, at(2), 0.2)
            c.that("serial 2 lifts the freeze, and the rotation is made", scene.wait_rotated(240))
            rotation = fleet[0].status()["instances"][0]["rotation"]
            c.that("its reason names the schedule", "quarterly, CHG41877, by schedule serial 1" in (rotation.get("reason") or ""), rotation.get("reason"))
            lines = open(told).read().splitlines() if os.path.exists(told) else []
            c.that("the changed hook was told of both writes of each file", all(lines.count("changed %s keyfile" % r.name) >= 2 for r in fleet), lines)
            restarts = len(scene.restarts())

            say("what is refused")
            r, good = fleet[1], server.body
            n = len(server.asked)
            wait_for("a look by ETag", 30, lambda: any("If-None-Match" in h for h in server.asked[n:]), 0.2)
            c.that("an unchanged schedule is asked for by its ETag", True)
            for name, body, status, text in (("older serial", "serial: 1\nfleet: test\n", 200, "older than 2"),
                                             ("broken YAML", "serial: 3\nfleet: test\nkeyfile: {\n", 200, "line "),
                                             ("unknown key", "serial: 3\nfleet: test\nkeyfile: {maxage: 1d}\n", 200, "line 3"),
                                             ("other fleet", "serial: 3\nfleet: prod\n", 200, "prod"),
                                             ("HTTP 500", "no", 500, "HTTP 500")):
                server.body, server.status = body, status
                r.reload()
                ok, shown = why(r, text)
                c.that("refused: " + name, ok, shown)
            server.body, server.status = good, 200
            server.hangs.set()
            n = len(server.asked)
            r.reload()
            wait_for("a look that hangs", 30, lambda: len(server.asked) > n, 0.1)
            began = time.monotonic()
            answer = r.ctl("config", "show", "--running")
            took = time.monotonic() - began
            c.that("a server that hangs holds up no round", answer.status == 0 and "schedule 2" in answer.text() and took < 5, "%.1f s" % took)
            ok, shown = why(r, "timed out", 40) if not why(r, "time", 40)[0] else (True, state(r).get("why"))
            c.that("refused: a server that hangs", ok, shown)
            server.hangs.clear()
            server.released.set()
            r.config["schedule"]["url"] = "https://127.0.0.1:%d/rotad.yaml" % server.port
            r.write()
            r.reload()
            ok, shown = why(r, "certificate", 40)
            c.that("refused: a certificate of another name", ok, shown)
            r.stop()
            r.start()
            wait_for("rotad of %s again" % r.name, 30, lambda: r.ctl("status", "--json").status in (0, 1, 2), 0.2)
            c.that("over a restart the last good copy is in force", state(r).get("serial") == 2, state(r))
            r.config["schedule"]["url"] = "https://localhost:%d/rotad.yaml" % server.port
            r.write()
            r.reload()
            wait_for("all is well again", 40, at(2), 0.2)
            c.that("and all is well again", True)
            c.that("the order is served once", len(scene.restarts()) == restarts, scene.restarts())
            for event in ("schedule-applied", "schedule-refused", "schedule-unreachable"):
                c.that("told: " + event, bool(scene.events(event)))
            server.shutdown()
            return scene.finish()
    return nest.run(job, 280)


if __name__ == "__main__":
    sys.exit(main())
