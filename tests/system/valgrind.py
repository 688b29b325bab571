#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A keyfile rotation and a renewal of certificates with rotad, rotad-mongo, rotad-net and rotactl under valgrind: nothing is used
before it is set or after it is freed, nothing is definitely lost.

usage: valgrind.py [--rotads N]     so many of the three rotads run under valgrind (1: the one that also signs; the others are quick)"""
import argparse
import os
import re
import socket
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, "lib"))
from bench import nest, pki  # noqa: E402
from bench.scene import Scene, house  # noqa: E402
from bench.show import say, wait_for  # noqa: E402

SUPPRESSIONS = os.path.join(HERE, "..", "valgrind", "libraries.supp")
PLANTED = "#include <stdlib.h>\nint main(void){volatile int *p = malloc(8); return p[1] == 7 ? 1 : 0;}\n"


class Log:
    """What valgrind says, by TCP: the helpers may write no file, and inherit no descriptor."""

    def __init__(self):
        self.lines, self.pids, self.lock = [], {}, threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.at = "127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self._read, args=(connection,), daemon=True).start()

    def _read(self, connection):
        with connection, connection.makefile(errors="replace") as f:
            for line in f:
                with self.lock:
                    m = re.match(r"==(\d+)== Command: (\S+)", line)
                    if m:
                        self.pids[m.group(1)] = os.path.basename(m.group(2))
                    self.lines.append(line.rstrip())

    def wrap(self):
        return ["valgrind", "--vgdb=no", "--log-socket=" + self.at, "--error-exitcode=99", "--leak-check=full", "--show-leak-kinds=definite",
                "--errors-for-leak-kinds=definite", "--trace-children=yes", "--trace-children-skip=*/mongod-restart,*/mongod",
                "--child-silent-after-fork=yes", "--suppressions=" + SUPPRESSIONS]

    def programs(self):
        """{program: how many of its processes ended with a summary}."""
        out = {}
        with self.lock:
            for line in self.lines:
                m = re.match(r"==(\d+)== ERROR SUMMARY: (\d+) errors", line)
                if m:
                    name = self.pids.get(m.group(1), "?")
                    out[name] = out.get(name, 0) + 1
        return out

    def wrong(self):
        """The lines of processes whose summary is not 0 errors."""
        with self.lock:
            bad = {m.group(1) for m in (re.match(r"==(\d+)== ERROR SUMMARY: [1-9]", line) for line in self.lines) if m}
            return [line for line in self.lines if line.split("==")[1:2] and line.split("==")[1] in bad]


def prove(folder):
    """It tells what it must tell."""
    program, log = os.path.join(folder, "planted"), Log()
    subprocess.run(["cc", "-O0", "-g", "-x", "c", "-o", program, "-"], input=PLANTED, text=True, check=True)
    status = subprocess.run(log.wrap() + [program]).returncode
    wait_for("the planted fault to be told", 20, lambda: status == 99 and log.wrong() and log.programs() == {"planted": 1})


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--rotads", type=int, default=1)
    a = ap.parse_args()

    def job():
        with Scene(writer=False, **house()) as scene:
            c, log = scene.checks, Log()
            prove(scene.dir)
            watched = scene.fleet.all[:a.rotads]
            for r in watched:
                r.wrap = log.wrap()
            scene.fleet.start(seconds=240)

            def content():
                return all(r.ctl("status").status == 0 for r in scene.fleet.all)
            wait_for("all rotads to be content", 240, content, 0.5)
            say("founded")
            before = {m.name: m.served() for m in scene.world.members}
            c.that("the order is taken", scene.rotate().status in (0, 75))
            c.that("the keyfile rotation ends well", scene.wait_rotated(600))
            c.that("so is that for certificates", scene.rotate(what="certificates").status in (0, 75))
            try:
                wait_for("the renewal", 400, lambda: content() and all(
                    m.served() != before[m.name] and m.served() == pki.serial_of(m.pem) for m in scene.world.members), 0.5)
                c.that("the renewal of certificates ends well", True)
            except TimeoutError as e:
                c.that("the renewal of certificates ends well", False, e)
            r = watched[0]
            for words in (["status"], ["status", "--json"], ["explain"], ["plan"], ["verify"], ["history"], ["config", "check", r.conf]):
                got = subprocess.run(log.wrap() + [scene.fleet.rotactl, "--socket", r.socket] + words, stdin=subprocess.DEVNULL,
                                     stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)
                c.that("rotactl %s" % " ".join(words[:2]), got.returncode not in (99, 3) and got.returncode >= 0, "exit %d" % got.returncode)
            for r in scene.fleet.all:
                r.stop(120)
            for r in watched:
                c.that("rotad of %s ran through and ends with 0" % r.name, r.starts == 1 and r.process.returncode == 0, r.process.returncode)
            time.sleep(0.5)  # the last lines of the log
            ended = log.programs()
            c.that("all four programs were watched to their end", {"rotad", "rotad-mongo", "rotad-net", "rotactl"} <= set(ended), ended)
            wrong = log.wrong()
            print("\n".join(wrong[:200]), flush=True)
            c.that("valgrind has nothing to tell", not wrong, "%d lines" % len(wrong))
            return scene.finish()
    return nest.run(job)


if __name__ == "__main__":
    sys.exit(main())
