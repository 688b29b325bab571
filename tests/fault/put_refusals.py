#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a durable replacement refuses on a real kernel (mounts, flags, full disks), what it does where names cannot be exchanged, and
that a writer who comes between its last look and its rename loses nothing.

usage: put_refusals.py [--driver FILE]     needs root, strace, chattr; works in a mount namespace of its own; exit 0 held, 1 not"""
import argparse
import os
import subprocess
import sys
import tempfile
import time

SIZE = 20000
OLD, NEW = b"o" * SIZE, b"n" * SIZE
BAD = []


def sh(*cmd):
    r = subprocess.run(cmd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if r.returncode:
        sys.exit("put_refusals: %s: %s" % (" ".join(cmd), r.stdout))


def write(path, text):
    with open(path, "wb") as f:
        f.write(text)
    os.chmod(path, 0o600)


def read(path):
    with open(path, "rb") as f:
        return f.read()


class Put:
    def __init__(self, driver, path, inject=()):
        trace = [x for i in inject for x in ("-e", "inject=" + i)]
        cmd = (["strace", "-o", "/dev/null"] + trace if trace else []) + [driver, path, "n", str(SIZE)]
        self.p = subprocess.Popen(cmd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ, ASAN_OPTIONS="detect_leaks=0"))

    def end(self):
        out, err = self.p.communicate(timeout=60)
        if self.p.returncode not in (0, 1):
            sys.exit("put_refusals: the driver failed: %s %s" % (out, err))
        return out.strip() or "done"


def expect(what, got, path, kind, content, words=""):
    have = read(path)
    ok = got.split(" ")[0] == kind and words in got and have == content
    left = [n for n in os.listdir(os.path.dirname(path)) if n.startswith(".rotad-")]
    ok = ok and not left
    print("put_refusals: %-56s %s" % (what, "ok" if ok else "WRONG: '%s', %d bytes of '%s', left %s" % (got, len(have), have[:1], left)))
    if not ok:
        BAD.append(what)


def refusals(driver, top):
    path = os.path.join(top, "keyfile")

    def refuse(what, before, after, kind, words):
        write(path, OLD)
        sh(*before)
        try:
            expect(what, Put(driver, path).end(), path, kind, OLD, words)
        finally:
            sh(*after)

    refuse("a file mounted by itself", ("mount", "--bind", path, path), ("umount", path), "UNSAFE_FILE", "mount point")
    refuse("an immutable file", ("chattr", "+i", path), ("chattr", "-i", path), "UNSAFE_FILE", "immutable")
    refuse("an append-only file", ("chattr", "+a", path), ("chattr", "-a", path), "UNSAFE_FILE", "immutable or append-only")
    refuse("an immutable directory", ("chattr", "+i", top), ("chattr", "-i", top), "UNSAFE_FILE", "its directory is immutable")
    refuse("an append-only directory", ("chattr", "+a", top), ("chattr", "-a", top), "UNSAFE_FILE", "its directory is append-only")
    sh("mount", "--bind", top, top)
    refuse("a read-only mount", ("mount", "-o", "remount,bind,ro", top), ("mount", "-o", "remount,bind,rw", top), "UNSAFE_FILE", "read-only")
    sh("umount", top)
    os.unlink(path)

    small = os.path.join(top, "small")
    os.mkdir(small)
    for size, what in (("20k", "a disk that is full"), ("32k", "a disk that gets full while it is written")):
        sh("mount", "-t", "tmpfs", "-o", "size=" + size, "tmpfs", small)
        write(os.path.join(small, "keyfile"), OLD)
        expect(what, Put(driver, os.path.join(small, "keyfile")).end(), os.path.join(small, "keyfile"), "DISK_FULL", OLD)
        sh("umount", small)


def without_exchange(driver, top):
    path = os.path.join(top, "keyfile")
    write(path, OLD)
    expect("names that cannot be exchanged are renamed", Put(driver, path, ["renameat2:error=EINVAL"]).end(), path, "done", NEW)
    write(path, OLD)
    expect("... and a directory that is not synced then is doubtful", Put(driver, path, ["renameat2:error=EINVAL", "fsync:error=EIO:when=2+"]).end(),
           path, "AMBIGUOUS", NEW)


def other_writers(driver, top):
    """The replacement is held just before its rename; the other one writes meanwhile."""
    path, theirs = os.path.join(top, "keyfile"), b"theirs"

    def renamed():
        write(path + ".theirs", theirs)
        os.rename(path + ".theirs", path)

    def in_place():
        with open(path, "wb") as f:
            f.write(theirs)

    for what, act in (("another file renamed over it in the last moment", renamed), ("its content written in place in the last moment", in_place)):
        write(path, OLD)
        put = Put(driver, path, ["renameat2:delay_enter=1500000:when=1"])
        end = time.monotonic() + 20                     # our new file is complete: the rename is next
        while time.monotonic() < end and not any(n.startswith(".rotad-") and os.path.getsize(os.path.join(top, n)) == SIZE for n in os.listdir(top)):
            time.sleep(0.01)
        time.sleep(0.5)
        act()
        expect(what, put.end(), path, "CHANGED", theirs)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--driver", default=os.path.join(os.environ.get("TOP_BUILDDIR", "."), "tests/fault/put_driver"))
    ap.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    args = ap.parse_args()
    if os.geteuid() != 0:
        print("put_refusals: needs root")
        return 77
    if not args.inside:
        os.execvp("unshare", ["unshare", "-m", sys.executable, os.path.abspath(__file__), "--inside", "--driver", os.path.abspath(args.driver)])
    with tempfile.TemporaryDirectory(prefix="rotad-put-refusals-") as top:
        refusals(args.driver, top)
        without_exchange(args.driver, top)
        other_writers(args.driver, top)
    print("put_refusals: %s" % ("%d wrong" % len(BAD) if BAD else "all as it should be"))
    return 1 if BAD else 0


sys.exit(main())
