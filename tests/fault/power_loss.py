#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Power loss on real file systems (ext4, xfs on a loop device; `xfs_io -x -c shutdown`): what a replacement that said "done" wrote
survives, and one that was killed at any of its calls leaves the old or the new file, whole.

usage: power_loss.py [--driver FILE] [ext4] [xfs]     needs root, strace, xfs_io, loop devices; exit 0 held, 1 not, 77 not possible"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile

SIZE = 20000
OLD, NEW = b"o" * SIZE, b"n" * SIZE
CHANGES = {"write", "openat", "fsync", "renameat2", "unlinkat", "fchmod", "fchown", "ftruncate"}


def run(*cmd, **kw):
    return subprocess.run(cmd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **kw)


class Disk:
    """One file system in a file, mounted, whose power can go."""
    def __init__(self, tmp, kind):
        self.kind, self.image, self.at = kind, os.path.join(tmp, kind + ".img"), os.path.join(tmp, kind)
        os.mkdir(self.at)
        with open(self.image, "wb") as f:
            f.truncate(320 << 20)
        r = run("mkfs." + kind, "-q", *(["-F"] if kind == "ext4" else []), self.image)
        if r.returncode:
            raise OSError("mkfs.%s: %s" % (kind, r.stdout))
        self.mount()

    def mount(self):
        r = run("mount", "-o", "loop", self.image, self.at)
        if r.returncode:
            raise OSError("mount: " + r.stdout)

    def power_loss(self, *flags):
        """-f: the file system's journal still gets to the disk, data that nobody synced does not."""
        r = run("xfs_io", "-x", "-c", " ".join(("shutdown",) + flags), self.at)
        if r.returncode:
            raise OSError("xfs_io: " + r.stdout)
        run("umount", self.at, check=True)
        self.mount()

    def close(self):
        run("umount", self.at)


class Test:
    def __init__(self, driver, tmp, disk):
        self.driver, self.log, self.disk = driver, os.path.join(tmp, "trace"), disk
        self.path = os.path.join(disk.at, "keyfile")

    def fresh(self):
        for name in os.listdir(self.disk.at):
            if name != "lost+found":
                os.unlink(os.path.join(self.disk.at, name))
        with open(self.path, "wb") as f:
            f.write(OLD)
        os.chmod(self.path, 0o600)
        os.sync()

    def put(self, *inject):
        return run("strace", "-o", self.log, *[x for i in inject for x in ("-e", "inject=" + i)], self.driver, self.path, "n", str(SIZE),
                   env=dict(os.environ, ASAN_OPTIONS="detect_leaks=0"))

    def have(self):
        try:
            with open(self.path, "rb") as f:
                return f.read()
        except FileNotFoundError:
            return None

    def calls(self):
        self.fresh()
        self.put()
        seen, out, inside = {}, [], False
        for line in open(self.log):
            m = re.match(r"(\w+)\(", line)
            if not m:
                continue
            name = m.group(1)
            seen[name] = seen.get(name, 0) + 1
            if name == "getppid":
                inside = not inside
            elif inside and name in CHANGES:
                out.append((name, seen[name]))
        return out


def test(driver, tmp, kind):
    bad, cycles, states = [], 0, {"old": 0, "new": 0}
    disk = Disk(tmp, kind)
    try:
        t = Test(driver, tmp, disk)
        for flags in ((), ("-f",)):
            name = "%s, shutdown %s" % (kind, " ".join(flags) or "at once")
            t.fresh()
            done = t.put()
            disk.power_loss(*flags)
            cycles += 1
            if done.returncode or t.have() != NEW:
                bad.append("%s: it said done, and the new file was lost" % name)
            for call, when in t.calls():
                t.fresh()
                t.put("%s:signal=KILL:when=%d" % (call, when))
                disk.power_loss(*flags)
                cycles += 1
                have = t.have()
                if have not in (OLD, NEW):
                    bad.append("%s, killed at %s number %d: %s" % (name, call, when, "gone" if have is None else "%d bytes" % len(have)))
                else:
                    states["new" if have == NEW else "old"] += 1
        # The proof that this test can fail: fsync that does nothing loses the file.
        t.fresh()
        t.put("fsync:retval=0:when=1+")
        disk.power_loss()
        if t.have() == NEW:
            bad.append("%s: even without fsync the file survived: this test shows nothing" % kind)
    finally:
        disk.close()
    print("power_loss: %s: %d power losses, afterwards the old file %d times, the new one %d times" % (kind, cycles, states["old"], states["new"]))
    return bad


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--driver", default=os.path.join(os.environ.get("TOP_BUILDDIR", "."), "tests/fault/put_driver"))
    ap.add_argument("kinds", nargs="*", default=["ext4", "xfs"])
    args = ap.parse_args()
    missing = [p for p in ["strace", "xfs_io", "mount"] + ["mkfs." + k for k in args.kinds] if not shutil.which(p)]
    if os.geteuid() != 0 or missing:
        print("power_loss: not possible here: %s" % ("missing " + ", ".join(missing) if missing else "not root"))
        return 77
    tmp, bad = tempfile.mkdtemp(prefix="rotad-power-loss-"), []
    try:
        for kind in args.kinds:
            bad += test(os.path.abspath(args.driver), tmp, kind)
    finally:
        shutil.rmtree(tmp, ignore_errors=True)
    for b in bad:
        print("power_loss: " + b)
    return 1 if bad else 0


sys.exit(main())
