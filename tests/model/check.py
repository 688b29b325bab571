#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The models of doc/PROTOCOL.md under spin: each row of the table `runs`, one after the other, against what it must find.

usage: check.py [--list] [--replay PROGRAM] [NAME...]    all rows when none is named; then PROGRAM is given random walks
Exit 0: every run found what its row says, 1: one did not, 2: spin or the compiler is missing."""
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
MEMORY_MB = 6000  # of one search (pan's own limit)
SECONDS = 1200    # of one search: it hangs, or the machine is overloaded
BITS_MINUTES = 2  # of one search that cannot be exhaustive
KNOWN_SPIN = "6.5.2"  # numbers of states in the table are of this one
WALKS = 320  # random walks of each model for the replay: some 24 steps each that the planner must offer as well
STEPS = 10000
WALK_FLAGS = ["-DREPLAY", "-DOPER", "-DCRASH", "-DFAIL", "-DEXPIRE", "-DNAMED", "-DBUDGET=2"]
FOUND = (  # what an error of pan is about: the word of the table, in pan's text
    ("bad-turn", re.compile(r"assertion violated .*opers")),
    ("two-down", re.compile(r"assertion violated .*<= ?1")),
    ("no-key", re.compile(r"assertion violated .*&")),
    ("bad-turn", re.compile(r"assertion violated .*(disturbed|downs|tried)")),
    ("for-ever", re.compile(r"acceptance cycle")),
)


def rows():
    """name, model, kind, expected, flags; `#` begins a comment."""
    for n, line in enumerate(open(os.path.join(HERE, "runs")), 1):
        line = line.split("#", 1)[0].split()
        if not line:
            continue
        if len(line) < 4 or line[2] not in ("all", "live", "bits"):
            sys.exit("runs:%d: NAME MODEL all|live|bits EXPECTED [FLAG...]" % n)
        yield line[0], line[1], line[2], line[3], line[4:]


def searched(work, model, kind, flags):
    """The output of pan, and the seconds it took."""
    subprocess.run(["spin", *("-D" + f for f in flags), "-a", os.path.join(HERE, model + ".pml")], cwd=work, check=True, stdout=subprocess.DEVNULL)
    cc = os.environ.get("CC", "gcc").split()
    options = {"all": ["-DCOLLAPSE", "-DSAFETY"], "live": ["-DCOLLAPSE", "-DNFAIR=3"], "bits": ["-DBITSTATE", "-DSAFETY"]}[kind]
    subprocess.run([*cc, "-O2", "-w", "-DMEMLIM=%d" % MEMORY_MB, *options, "-o", "pan", "pan.c"], cwd=work, check=True)
    pan = {"all": ["-m500000"], "live": ["-m2000000", "-a", "-f"], "bits": ["-m500000", "-w33", "-k3", "-Q%d" % BITS_MINUTES]}[kind]
    began = time.monotonic()
    out = subprocess.run(["nice", "./pan", *pan], cwd=work, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=SECONDS).stdout
    return out, time.monotonic() - began


def number(out, pattern):
    m = re.search(pattern, out)
    return float(m.group(1)) if m else 0.0


def judged(out, kind):
    """What was found: a word, or `ok` with the number of states; and why that is no answer."""
    errors = re.search(r"errors: (\d+)", out)
    if not errors:
        return None, "pan did not end: " + out[-300:]
    if kind != "bits" and re.search(r"max search depth too small|out of memory|memory limit|Search not completed", out) and errors.group(1) == "0":
        return None, "not all was searched: " + out[:200]
    if errors.group(1) == "0":
        return "ok", ""
    for word, pattern in FOUND:
        if pattern.search(out):
            return word, ""
    return None, "an error of another kind: " + out[:200]


def replayed(program):
    """Random walks of both models on the planner; two of three with turns in its own order. What the program prints; is it content?"""
    with tempfile.TemporaryDirectory(prefix="rotad-model-") as work:
        walks = []
        for seed in range(1, WALKS + 1):
            for model in ("twopass", "standby"):
                order = ["-DORDER"] if seed % 3 else []
                walk = os.path.join(work, "%s%s-%d.walk" % (model, "-order" if order else "", seed))
                with open(walk, "w") as f:
                    subprocess.run(["spin", *WALK_FLAGS, *order, "-n%d" % seed, "-u20000", "-T", os.path.join(HERE, model + ".pml")],
                                   cwd=work, check=True, stdout=f)
                walks.append(walk)
        return subprocess.run([program, "--at-least", str(STEPS), *walks]).returncode == 0


def main():
    names = sys.argv[1:]
    program = None
    if names[:1] == ["--replay"]:
        program, names = os.path.abspath(names[1]), names[2:]
    table = list(rows())
    if names == ["--list"]:
        for name, model, kind, expected, flags in table:
            print("%-24s %-8s %-5s %-10s %s" % (name, model, kind, expected, " ".join(flags)))
        return 0
    for tool in ("spin", os.environ.get("CC", "gcc").split()[0]):
        if not shutil.which(tool):
            print("check-model: %s is missing: contrib/deps model" % tool, file=sys.stderr)
            return 2
    unknown = set(names) - {row[0] for row in table}
    if unknown:
        print("check-model: no such row: " + ", ".join(sorted(unknown)), file=sys.stderr)
        return 2
    is_known_spin = KNOWN_SPIN in subprocess.run(["spin", "-V"], stdout=subprocess.PIPE, text=True).stdout
    print("%-26s %-16s %10s %8s %7s %6s" % ("run", "found", "states", "depth", "MB", "s"))
    wrong, whole = 0, time.monotonic()
    for name, model, kind, expected, flags in table:
        if names and name not in names:
            continue
        wanted, _, states_wanted = expected.partition(":")
        with tempfile.TemporaryDirectory(prefix="rotad-model-") as work:
            try:
                out, seconds = searched(work, model, kind, flags)
                found, why = judged(out, kind)
            except (subprocess.SubprocessError, OSError) as e:
                out, seconds, found, why = "", 0.0, None, str(e)
        states = int(number(out, r"([0-9.e+]+) states, stored"))
        told = found or "?"
        if kind == "bits" and found == "ok":  # told, not claimed: bits a state (above 100 is good), and whether time ran out
            told = "ok, hash %.0f%s" % (number(out, r"hash factor: ([0-9.]+)"), ", part" if "not completed" in out else "")
        if found and found != wanted:
            why = "the table says %s" % wanted
        elif states_wanted and found == "ok" and is_known_spin and states != int(states_wanted):
            why = "the table says %s states: the model has changed" % states_wanted
        wrong += bool(why)
        print("%-26s %-16s %10d %8d %7.0f %6.1f%s" % (name, told, states, number(out, r"depth reached (\d+)"),
              number(out, r"([0-9.]+)\s+total actual memory"), seconds, "   WRONG: " + why if why else ""), flush=True)
    if program and not replayed(program):
        print("check-model: the planner and a model disagree")
        wrong += 1
    print("check-model: %s in %d s" % ("%d are not as they must be" % wrong if wrong else "all as it must be", time.monotonic() - whole))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
