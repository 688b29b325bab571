#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every system call of a durable replacement fails once, and the process is killed at each: the file must be the old or the new
one, whole, with its owner, mode, ACL and attributes; what a crash left behind must go with the next replacement.

usage: put_faults.py [--driver FILE] [--dir DIR]     exit 0: all held, 1: not, 77: no strace here"""
import argparse
import os
import re
import shutil
import stat
import struct
import subprocess
import sys
import tempfile

SIZE = 20000
OLD, NEW = b"o" * SIZE, b"n" * SIZE
TEMP = re.compile(r"^\.rotad-[0-9a-f]{16}\.tmp$")
NOT_FILES = {"mmap", "munmap", "mprotect", "brk", "rt_sigprocmask", "madvise", "exit_group", "sigaltstack", "futex"}
# A kill at a call that changes nothing leaves what a kill at the change before it leaves.
CHANGES = {"write", "openat", "fsync", "renameat2", "renameat", "unlinkat", "fsetxattr", "fremovexattr", "fchmod", "fchown", "ftruncate",
           "flock", "close"}
FULL = {"write", "openat", "open", "fsync", "renameat2", "renameat", "rename", "fsetxattr", "fchmod", "fchown", "ftruncate"}
ACL = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *e) for e in (
    (1, 6, 0xffffffff), (2, 4, 4321), (4, 0, 0xffffffff), (16, 4, 0xffffffff), (32, 0, 0xffffffff)))


class Case:
    def __init__(self, args, keep):
        self.args, self.keep = args, keep
        self.path = os.path.join(args.dir, "keyfile")
        self.attrs = None

    def command(self, letter):
        return [self.args.driver, self.path, letter, str(SIZE)] + (["keep"] if self.keep else [])

    def fresh(self):
        """An old file with everything that must be kept."""
        for name in os.listdir(self.args.dir):
            os.unlink(os.path.join(self.args.dir, name))
        with open(self.path, "wb") as f:
            f.write(OLD)
        if os.geteuid() == 0:
            os.chown(self.path, 4321, 1234)
        os.chmod(self.path, 0o600)
        for name, value in (("user.note", b"mine"), ("system.posix_acl_access", ACL)):
            try:
                os.setxattr(self.path, name, value)
            except OSError:
                pass                                    # a file system without them
        self.attrs = self.look(self.path)

    @staticmethod
    def look(path):
        st = os.lstat(path)
        return (stat.S_IMODE(st.st_mode), st.st_uid, st.st_gid, st.st_nlink, [(n, os.getxattr(path, n)) for n in sorted(os.listxattr(path))])

    def traced(self, letter, *inject):
        env = dict(os.environ, ASAN_OPTIONS="detect_leaks=0", LC_ALL="C")
        log = os.path.join(self.args.tmp, "trace")
        r = subprocess.run(["strace", "-o", log] + [x for i in inject for x in ("-e", "inject=" + i)] + self.command(letter),
                           env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        return r, log

    def calls(self):
        """[(name, its number among calls of that name)] between the two marks, of a replacement that succeeds."""
        self.fresh()
        r, log = self.traced("n")
        if r.returncode != 0:
            sys.exit("put_faults: the replacement itself fails: %s %s" % (r.stdout, r.stderr))
        seen, out, inside = {}, [], False
        for line in open(log):
            m = re.match(r"(\w+)\(", line)
            if not m:
                continue
            name = m.group(1)
            seen[name] = seen.get(name, 0) + 1
            if name == "getppid":
                inside = not inside
            elif inside and name not in NOT_FILES:
                out.append((name, seen[name]))
        return out

    def check(self, what, r, killed):
        """The promise, after one fault. Returns a complaint or None."""
        if not os.path.exists(self.path):
            return "%s: the file is gone" % what
        have = open(self.path, "rb").read()
        if have not in (OLD, NEW):
            return "%s: the file is torn: %d bytes" % (what, len(have))
        if self.look(self.path) != self.attrs:
            return "%s: owner, mode or attributes changed: %s" % (what, self.look(self.path))
        if not killed and r.returncode == 0 and have != NEW:
            return "%s: it said done, but the old file is there" % what
        if not killed and r.returncode == 1 and have != OLD:
            return "%s: it said '%s', but the new file is there" % (what, r.stdout.strip())
        if not killed and r.returncode not in (0, 1):
            return "%s: it ended with %d: %s" % (what, r.returncode, r.stderr[-400:])
        for name in os.listdir(self.args.dir):
            path = os.path.join(self.args.dir, name)
            mode = os.stat(path).st_mode
            if mode & 0o007 or (name != "keyfile" and stat.S_IMODE(mode) & 0o033):
                return "%s: '%s' is open to others: %o" % (what, name, mode)
        previous = self.path + ".rotad-previous"
        if self.keep and have == NEW and (not os.path.exists(previous) or open(previous, "rb").read() != OLD):
            return "%s: the new file is in place without its previous version" % what
        subprocess.run(self.command("n"), stdout=subprocess.PIPE, check=True)
        left = [n for n in os.listdir(self.args.dir) if n not in ("keyfile", "keyfile.rotad-previous")]
        if left:
            return "%s: the next replacement left %s" % (what, left)
        if open(self.path, "rb").read() != NEW or self.look(self.path) != self.attrs:
            return "%s: the next replacement is not right" % what
        return None


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--driver", default=os.path.join(os.environ.get("TOP_BUILDDIR", "."), "tests/fault/put_driver"))
    ap.add_argument("--dir", help="an empty directory on the file system to test")
    args = ap.parse_args()
    if not shutil.which("strace"):
        print("put_faults: no strace here")
        return 77
    args.tmp = tempfile.mkdtemp(prefix="rotad-put-faults-")
    own = not args.dir
    if own:
        args.dir = os.path.join(args.tmp, "d")
        os.mkdir(args.dir, 0o755)
    bad, runs = [], 0
    try:
        for keep in (False, True):
            case = Case(args, keep)
            calls = case.calls()
            if not any(n == "renameat2" for n, _ in calls):
                sys.exit("put_faults: no rename among the calls: the marks are not seen")
            outcomes = {"old": 0, "new": 0}
            for name, when in calls:
                faults = [("error=EIO", False)]
                faults += [("signal=KILL", True)] if name in CHANGES else []
                faults += [("error=ENOSPC", False)] if name in FULL else []
                for fault, killed in faults:
                    case.fresh()
                    r, _ = case.traced("n", "%s:%s:when=%d" % (name, fault, when))
                    runs += 1
                    outcomes["new" if open(case.path, "rb").read(1) == b"n" else "old"] += 1
                    complaint = case.check("%s number %d, %s%s" % (name, when, fault, ", keep" if keep else ""), r, killed)
                    if complaint:
                        bad.append(complaint)
            # The disk fails for good while the exchange is taken back: then, and only then, nobody knows.
            case.fresh()
            exchanges = [w for n, w in calls if n == "renameat2"]
            syncs = [w for n, w in calls if n == "fsync"]
            after = syncs[-2]                           # of the directory, behind the exchange
            r, _ = case.traced("n", "fsync:error=EIO:when=%d+" % after, "renameat2:error=EIO:when=%d+" % (exchanges[-1] + 1))
            beside = [open(os.path.join(args.dir, n), "rb").read() for n in os.listdir(args.dir) if TEMP.match(n)]
            if r.returncode != 1 or not r.stdout.startswith("AMBIGUOUS") or open(case.path, "rb").read() != NEW or beside != [OLD]:
                bad.append("a disk that fails for good: %d '%s', %d files beside" % (r.returncode, r.stdout.strip(), len(beside)))
            print("put_faults: %s: %d calls, the file was old after %d faults, new after %d" % (
                "with a previous version" if keep else "plain", len(calls), outcomes["old"], outcomes["new"]))
            if not outcomes["old"] or not outcomes["new"]:
                bad.append("one of the two outcomes never came: the faults do not bite")
    finally:
        shutil.rmtree(args.tmp, ignore_errors=True)
    for b in bad:
        print("put_faults: " + b)
    print("put_faults: %d faults, %d broken promises" % (runs, len(bad)))
    return 1 if bad else 0


sys.exit(main())
