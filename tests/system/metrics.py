#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""rotactl metrics against real members, promtool, node_exporter and Prometheus: a rotation and what doctor finds, as Prometheus sees them;
and the shipped alert rules.

usage: metrics.py scraped"""
import json
import os
import shutil
import signal
import subprocess
import sys
import urllib.parse
import urllib.request

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, "lib"))
from bench.cases import Cases  # noqa: E402
from bench.scene import Scene  # noqa: E402
from bench.show import say, wait_for  # noqa: E402
from bench.world import free_ports, write_whole  # noqa: E402

CASES = Cases()
RULES = os.path.join(os.environ["TOP_SRCDIR"], "contrib/prometheus")


class Seen:
    """node_exporter that reads a folder, and a Prometheus that asks it every second, with the shipped rules."""

    def __init__(self, folder):
        for tool in ("promtool", "prometheus", "prometheus-node-exporter"):
            if not shutil.which(tool):
                raise SystemExit("metrics.py: there is no %s here: contrib/deps metrics" % tool)
        self.texts = os.path.join(folder, "texts")
        os.makedirs(self.texts)
        node, self.port = free_ports(2)
        conf = os.path.join(folder, "prometheus.yml")
        write_whole(conf, json.dumps({  # JSON is YAML
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [os.path.join(RULES, "rotad.rules.yml")],
            "scrape_configs": [{"job_name": "node", "static_configs": [{"targets": ["127.0.0.1:%d" % node]}]}]}))
        self.children = []
        for name, argv in (
                ("node", ["prometheus-node-exporter", "--web.listen-address=127.0.0.1:%d" % node, "--collector.disable-defaults",
                          "--collector.textfile", "--collector.textfile.directory=" + self.texts]),
                ("prometheus", ["prometheus", "--config.file=" + conf, "--storage.tsdb.path=" + os.path.join(folder, "tsdb"),
                                "--web.listen-address=127.0.0.1:%d" % self.port])):
            with open(os.path.join(folder, name + ".log"), "w") as log:
                self.children.append(subprocess.Popen(argv, stdout=log, stderr=log, stdin=subprocess.DEVNULL))

    def get(self, path, **query):
        url = "http://127.0.0.1:%d/api/v1/%s?%s" % (self.port, path, urllib.parse.urlencode(query))
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return json.load(answer)["data"]
        except OSError:
            return None

    def value(self, query):
        """Of the one series that fits, or None."""
        got = (self.get("query", query=query) or {}).get("result", [])
        return float(got[0]["value"][1]) if len(got) == 1 else None

    def alerts(self):
        """Pending ones too: what waits out its `for:` was found."""
        return {a["labels"]["alertname"] for a in (self.get("alerts") or {}).get("alerts", [])}

    def end(self):
        for child in self.children:
            child.send_signal(signal.SIGTERM)
        for child in self.children:
            try:
                child.wait(20)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def run(*argv, text=None):
    return subprocess.run(argv, input=text, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True, timeout=60, check=False)


@CASES.case
def scraped():
    """promtool takes every line; Prometheus sees a host that is ready, one that is not, a rotation, and a rotad that is gone."""
    with Scene(members=3, writer=False) as s:
        folder = os.path.join(s.world.dir, "seen")
        os.makedirs(folder)
        seen = Seen(folder)
        try:
            return look(s, seen)
        finally:
            seen.end()


def look(s, seen):
    checks = s.checks
    rules = run("promtool", "test", "rules", os.path.join(RULES, "rotad.rules.test.yml"))
    checks.that("the shipped rules pass their own tests", rules.returncode == 0, rules.stdout)
    s.fleet.start()
    s.wait_ready()
    r = s.fleet.all[0]
    m = r.member

    def write():
        done = r.ctl("metrics", "--output", os.path.join(seen.texts, "rotad.prom"))
        return done.status, done.text()

    shown = r.ctl("metrics")
    lint = run("promtool", "check", "metrics", text=shown.out)
    checks.that("promtool check metrics has nothing to say", lint.returncode == 0 and not lint.stdout.strip(), lint.stdout + shown.text()[:300])
    checks.that("no key is in it", s.old_key not in shown.out)
    for line in shown.out.splitlines():
        if not line.startswith("#"):
            say("  %s", line)

    def sees(what, query, wanted):
        try:
            wait_for(what, 60, lambda: write() and seen.value(query) == wanted, 0.5)
            checks.that(what, True)
        except TimeoutError:
            checks.that(what, False, "%s is %s; %s" % (query, seen.value(query), write()))

    sees("Prometheus sees that rotad is up", "rotad_up", 1)
    sees("that it is ready to rotate", "rotad_ready_to_rotate", 1)
    sees("that any member may be restarted", 'rotad_restart_now{answer="yes"}', 1)
    sees("when the served certificate ends", 'rotad_certificate_not_after_timestamp_seconds{what="served"} > bool time()', 1)
    checks.that("and no alert", not seen.alerts(), seen.alerts())
    twin = m.keyfile + ".twin"
    os.link(m.keyfile, twin)
    sees("what doctor refuses, by name", 'rotad_doctor_finding{finding="directory", weight="refuse"}', 1)
    sees("and that this host is not ready", "rotad_ready_to_rotate", 0)
    wait_for("the alert", 30, lambda: "RotadNotReady" in seen.alerts(), 0.5)
    checks.that("an alert waits out its time", True)
    os.unlink(twin)
    sees("ready again", "rotad_ready_to_rotate", 1)
    before = seen.value("rotad_key_number")
    asked = r.ctl("rotate", "keyfile", "--yes")
    checks.that("a rotation is ordered", asked.status == 0, asked.text())
    sees("the rotation is under way", "rotad_rotation_active", 1)
    checks.that("it ends", s.wait_rotated(300))
    sees("and so it is seen", "rotad_rotation_active", 0)
    sees("the key has the next number", "rotad_key_number", before + 1)
    r.stop()
    status, text = write()
    checks.that("without rotad the exit says that nobody can tell", status == 3, text)
    sees("and Prometheus that it is down", "rotad_up", 0)
    wait_for("the alert", 30, lambda: "RotadDown" in seen.alerts(), 0.5)
    checks.that("which is an alert", True)
    return s.finish()


if __name__ == "__main__":
    sys.exit(CASES.main())
