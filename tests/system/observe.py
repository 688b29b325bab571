#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Mode observe changes nothing: rotads on a running set under strace open no file for writing outside their state directory,
leave no entry in the oplog and no refused login in any mongod's log.

usage: observe.py [--seconds N] (600)"""
import argparse
import os
import re
import sys
import time

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, "lib"))
from bench import logs, nest  # noqa: E402
from bench.scene import Scene  # noqa: E402
from bench.show import say  # noqa: E402

CHANGING = ("creat,mknod,mknodat,mkdir,mkdirat,rmdir,unlink,unlinkat,rename,renameat,renameat2,link,linkat,symlink,symlinkat,truncate,chmod,fchmodat,"
            "chown,lchown,fchownat,utimensat,setxattr,lsetxattr,removexattr,mount,umount2")
OPENING = "open,openat,openat2"
OWN_NAMESPACES = re.compile(r"(config\.(system\.sessions|transactions|image_collection|system\.indexBuilds|\$cmd)|admin\.system\.keys|)$")
HARMLESS = re.compile(r"/dev/(null|tty|full)$|/proc/(self|thread-self|\d+)/|/dev/pts/")


def writes(trace, allowed):
    """Lines of a strace output that change or open for writing something outside the allowed folders."""
    found = []
    with open(trace, errors="replace") as f:
        for line in f:
            m = re.match(r"(?:\[pid +)?\d+\]?\s+(\w+)\((.*)\)\s+= (-?\d+)", line)
            if not m or int(m.group(3)) < 0:
                continue
            call, args = m.group(1), m.group(2)
            if call in OPENING.split(",") and not re.search(r"O_(WRONLY|RDWR|CREAT|TRUNC|TMPFILE|APPEND)", args):
                continue
            paths = []
            folder = ""
            for where, path in re.findall(r'(?:(?:AT_FDCWD|\d+)<([^>]*)>, )?"((?:[^"\\]|\\.)*)"', args):
                folder = where or folder
                paths.append(os.path.normpath(os.path.join(folder, path)) if path else folder)
            if call.startswith("symlink"):
                paths = paths[-1:]  # what it points to is only text
            bad = [p for p in paths if not any(p == d or p.startswith(d + "/") for d in allowed) and not HARMLESS.match(p)]
            if bad:
                found.append("%s %s" % (call, " ".join(bad)))
    return found


def prove(folder):
    """The reader of traces finds what it must find."""
    trace = os.path.join(folder, "planted")
    with open(trace, "w") as f:
        f.write('12 openat(AT_FDCWD</>, "/etc/x", O_WRONLY|O_CREAT, 0600) = 3</etc/x>\n'
                '12 openat(4</s/state>, "a", O_RDWR|O_CREAT, 0600) = 3</s/state/a>\n'
                '12 openat(AT_FDCWD</>, "/etc/passwd", O_RDONLY) = 3</etc/passwd>\n'
                '12 renameat(4</s/state>, "a", 5</srv>, "b") = 0\n'
                '12 unlink("/srv/gone") = -1 ENOENT (No such file or directory)\n'
                '12 openat(AT_FDCWD</>, "/dev/null", O_RDWR) = 3</dev/null>\n')
    got = writes(trace, ["/s/state"])
    if got != ["openat /etc/x", "renameat /srv/b"]:
        sys.exit("observe: the reader of traces is wrong: %s" % got)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--seconds", type=int, default=600)
    a = ap.parse_args()

    def job():
        with Scene(writer=False, mode="observe", keyfile={"maxAge": "30d", "bornAt": "2020-01-01"}) as scene:
            c, w = scene.checks, scene.world
            prove(scene.dir)
            with w.primary().client() as client:
                last = client.local["oplog.rs"].find_one(sort=[("$natural", -1)])["ts"]
            since = time.time()
            for r in scene.fleet.all:
                r.trace = os.path.join(r.dir, "trace")
                r.wrap = ["strace", "-f", "-y", "-qq", "-o", r.trace, "-e", "signal=none", "-e", "trace=%s,%s" % (OPENING, CHANGING)]
            scene.fleet.start()
            say("observing for %d s", a.seconds)
            end = time.monotonic() + a.seconds
            while time.monotonic() < end:
                time.sleep(min(20, max(0.1, end - time.monotonic())))
                for r in scene.fleet.all:
                    r.ctl("status")
            for r in scene.fleet.all:
                text = r.ctl("status").text()
                c.that("rotad of %s sees the whole set" % r.name, all(str(m.port) in text for m in w.members), text.splitlines()[:1])
            # Nothing was written to the ledger, so no rotad knows what the others' files hold: verify shows the logins and says so.
            verify = scene.fleet.all[0].ctl("verify")
            c.that("rotactl verify shows that every member takes the key", len(re.findall(r"\baccepted\b", verify.out)) == len(w.members),
                   verify.text()[-300:])
            c.that("and does not call it safe, as it cannot tell", verify.status == 3 and "Cannot tell" in verify.out, verify.text().splitlines()[-1:])
            c.that("a rotation asked for is refused in mode observe", scene.rotate().status == 2)
            for r in scene.fleet.all:
                c.that("rotad of %s ran through" % r.name, r.starts == 1 and r.pid())
                found = writes(r.trace, [r.state, r.socket])
                calls = sum(1 for _ in open(r.trace, errors="replace"))
                c.that("rotad of %s wrote nothing outside its state directory" % r.name, calls > 50 and not found, found[:5] or "%d calls seen" % calls)
            with w.primary().client() as client:
                entries = [e for e in client.local["oplog.rs"].find({"ts": {"$gt": last}, "op": {"$ne": "n"}}) if not OWN_NAMESPACES.match(e["ns"])]
            c.that("no entry in the oplog", not entries, [(e["op"], e["ns"]) for e in entries[:3]])
            failed = logs.failed_logins(w, since)
            c.that("no refused login", not failed, [(m.name, e["attr"]) for m, e in failed[:2]])
            c.that("no restart", not scene.restarts())
            c.that("the keyfiles are as they were", all(scene.keys(m) == [scene.old_key] for m in w.members))
            return scene.finish()
    return nest.run(job)


if __name__ == "__main__":
    sys.exit(main())
