#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Flips comparisons, constants and early returns in the code that decides (src/plan, src/round), one at a time, and asks whether
anything notices: the unit programs that link that file, then the simulator's scenarios and seeds. Called by make check-mutate.
A mutant whose machine code is that of the original is none. A survivor is either a test that is missing or stands, with the
reason why nothing could notice, in tests/mutate/argued."""
import argparse
import collections
import concurrent.futures
import os
import pathlib
import random
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile

SURVIVE_MAX = 0.05
DEADLINE = 20  # seconds for one check, none of which takes one: a mutant that never ends is noticed
SIM = "tests/sim/sim"
SEEDS_AT_ONCE = 10
FOLDERS = ("src/plan", "src/round")
FLIPS = {"==": "!=", "!=": "==", "<": "<=", "<=": "<", ">": ">=", ">=": ">", "&&": "||", "||": "&&", "true": "false",
         "false": "true", "!": ""}
EMPTY = "[0]"  # of a text that is asked whether it is empty: asked the other way round, since no text here has one letter
SITE = re.compile(r"(?<=\w)\[0\](?=\s*(?:[?);]|&&|\|\|))|==|!=|<=|>=|&&|\|\||<<=?|>>=?|->|[<>]|!|\b(?:true|false)\b|"
                  r"(?<![\w.])\d+(?![\w.])|"
                  r"\b(?:return\b[^;]*|continue|break);")
HIDDEN = re.compile(r'/\*.*?\*/|"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|^[ \t]*#(?:\\\n|[^\n])*$|\bASSERT\([^;]*;|'
                    r"\bchar \w+\[[^\]]*\](?:, \w+\[[^\]]*\])*|"  # sizes of texts: HACKING lets people's texts be cut
                    r"->undo,\s+160\b|"
                    r"\bplan_wait\(\s*p,\s+US_S / \d+", re.S | re.M)  # "soon": no person and no peer sees 333 ms for 250

Mutant = collections.namedtuple("Mutant", "file line start end new was now")


def masked(text):
    """The text with everything blank that is no code that could be flipped: comments, strings, directives, assertions."""
    return HIDDEN.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)


def mutants_of(root, file):
    text = (root / file).read_text()
    code = masked(text)

    def mutant(start, end, new):
        left, right = text.rfind("\n", 0, start) + 1, text.find("\n", end)
        was, now = text[left:right], text[left:start] + new + text[end:right]
        return Mutant(file, text.count("\n", 0, start) + 1, start, end, new, " ".join(was.split()), " ".join(now.split()))

    position = 0
    while found := SITE.search(code, position):
        token, start = found.group(), found.start()
        position = found.end()
        if token.startswith("return"):
            position = start + len("return")  # what it returns is flipped as well
            yield mutant(start, found.end(), ";")
        elif token in ("continue;", "break;"):
            yield mutant(start, found.end(), ";")
        elif token == EMPTY:
            yield mutant(start, found.end(), EMPTY + " == 0")
        elif token.isdigit():
            yield mutant(start, found.end(), str(int(token) - 1 if int(token) else 1))
        elif token in FLIPS:
            yield mutant(start, found.end(), FLIPS[token])


class Build:
    """How the build folder compiles and links, asked of make itself."""

    def __init__(self, root, as_make_says, make):
        self.root, self.as_make_says, self.make = root, as_make_says, make
        self.commands = {}
        self.users = collections.defaultdict(list)
        self.noticed_by = collections.defaultdict(collections.Counter)

    def ask(self, what_if, target):
        out = subprocess.run([self.make, "-n", "-W", what_if, target], check=True, capture_output=True, text=True).stdout
        for line in out.replace("\\\n", " ").splitlines():
            for command in re.split(r";|&&", line):
                words = command.split()
                if "-o" in words and ("-c" in words or target in words):
                    return [w for w in shlex.split(command) if w != "ccache"]
        sys.exit(f"mutate: make does not say how {target} is made of {what_if}")

    def compile_of(self, file):
        if file not in self.commands:
            folder = pathlib.Path(file).parent
            words = self.ask(str(self.as_make_says / file), str(folder / f"lib{folder.name}.a"))
            keep, skip = [], False
            for word in words:
                if skip or word in ("-c", "-MD", "-MP", "-g") or word.endswith(".c") or word.startswith("-W"):
                    skip = False
                elif word in ("-o", "-MT", "-MF"):
                    skip = True
                else:
                    keep.append(word)
            self.commands[file] = keep + ["-g0", "-Werror=return-type", "-I" + str((self.root / file).parent)]
        return self.commands[file]

    def program(self, target, object_of_it):
        """Its command to link, and the objects of our archives that it pulls in."""
        words = self.ask(object_of_it, target)
        at = words.index("-o")
        first = next(i for i, w in enumerate(words) if w.endswith(".a"))
        with tempfile.TemporaryDirectory() as folder:
            test = words[:at + 1] + [f"{folder}/t", "-Wl,-t", "-Wl,-t"] + words[at + 2:]
            said = subprocess.run(test, check=True, capture_output=True, text=True).stdout
        self.commands[target] = (words[:at], words[at + 2:first], words[first:])
        for archive, member in re.findall(r"\(?(src/\w+/lib\w+\.a)\)?\(?([\w-]+)\.o", said):
            self.users[f"{os.path.dirname(archive)}/{re.sub('^lib[a-z_]*-', '', member)}.c"].append(target)

    def link(self, target, extra, out):
        head, own, rest = self.commands[target]
        return subprocess.run(head + ["-o", out] + own + [extra] + rest, capture_output=True).returncode == 0


def quiet(command, cwd=None):
    try:
        return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              timeout=DEADLINE, cwd=cwd).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def judge(build, mutant, originals, checks):
    """"same", "refused" (by the compiler), the name of what noticed it, or None."""
    text = (build.root / mutant.file).read_text()
    with tempfile.TemporaryDirectory(prefix="mutate-") as folder:
        source, assembly, extra = f"{folder}/{os.path.basename(mutant.file)}", f"{folder}/m.s", f"{folder}/m.o"
        pathlib.Path(source).write_text(text[:mutant.start] + mutant.new + text[mutant.end:])
        compiler = build.compile_of(mutant.file)
        if not quiet(compiler + ["-S", "-o", assembly, source]):
            return "refused"
        if pathlib.Path(assembly).read_bytes() == originals[mutant.file]:
            return "same"
        if not quiet([compiler[0], "-c", "-o", extra, assembly]):
            return "refused"
        stem, noticed_by, linked = pathlib.Path(mutant.file).stem, build.noticed_by[mutant.file], set()
        # What noticed most of its neighbours is asked first.
        for check in sorted([c for c in checks if c[0] in build.users[mutant.file]],
                            key=lambda c: (-noticed_by[c], c[0] == SIM, not c[0].endswith("test_" + stem))):
            out = f"{folder}/{os.path.basename(check[0])}"
            if out not in linked and not build.link(check[0], extra, out):
                return "refused"
            linked.add(out)
            if not quiet([out, *check[1:]], build.root):
                noticed_by[check] += 1
                return " ".join([os.path.basename(check[0]), *map(os.path.basename, check[1:])])
    return None


def argued_read(path):
    argued = {}
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        fields = [f.strip() for f in line.split(" @@ ")]
        if len(fields) != 4 or not all(fields):
            sys.exit(f"{path}:{number}: wanted FILE @@ line as it is @@ line as flipped @@ why nothing can notice")
        argued[tuple(fields[:3])] = fields[3]
    return argued


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("where", nargs="*", help="FILE, FILE:LINE or FOLDER of src/plan and src/round; none: all")
    p.add_argument("--root", type=pathlib.Path, required=True, help="the source tree; run it in the build folder")
    p.add_argument("--make", default="make")
    p.add_argument("--sample", type=int, default=0, help="so many, drawn by --seed; 0: each one")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--sim-seeds", type=int, default=60,
                   help="fleets of the simulator that a survivor has to pass; 0: the unit programs alone judge, without its scenarios")
    p.add_argument("--jobs", type=int, default=2)
    a = p.parse_args()
    root = a.root.resolve()
    files = sorted(str(f.relative_to(root)) for folder in FOLDERS for f in (root / folder).glob("*.c"))
    argued = argued_read(root / "tests/mutate/argued")
    known = {(m.file, m.was, m.now) for f in files for m in mutants_of(root, f)}
    if stale := [key for key in argued if key not in known]:
        sys.exit("mutate: argued for what is there no more:\n" + "\n".join("  " + " @@ ".join(key) for key in stale))
    wanted = [w.split(":") for w in a.where]
    mutants = [m for f in files for m in mutants_of(root, f)
               if not wanted or any((m.file.endswith(w[0]) or m.file.startswith(w[0] + "/")) and
                                    (len(w) < 2 or m.line == int(w[1])) for w in wanted)]
    if a.sample and a.sample < len(mutants):
        mutants = random.Random(a.seed).sample(mutants, a.sample)  # in the order drawn: what is done is a sample at any time
    if not mutants:
        sys.exit("mutate: nothing to flip there")

    build = Build(root, a.root, a.make)
    checks = []  # a program and its arguments
    for folder in ("plan", "round"):
        for source in sorted((root / "tests/unit" / folder).glob("test_*.c")):
            name = f"tests/unit/{folder}/{source.stem}"
            build.program(name, f"{name}-{source.stem}.o")
            checks.append((name,))
    build.program(SIM, f"{SIM}-sim_main.o")
    if a.sim_seeds:
        checks += [(SIM, str(s)) for s in sorted((root / "tests/sim/scenarios").glob("*.trace"))]
    checks += [(SIM, "--from", str(n), "--seeds", str(min(SEEDS_AT_ONCE, a.sim_seeds - n)), "--jobs", "1")
               for n in range(0, a.sim_seeds, SEEDS_AT_ONCE)]
    originals = {}
    for file in sorted({m.file for m in mutants}):
        with tempfile.TemporaryDirectory(prefix="mutate-") as folder:
            shutil.copy(root / file, folder)
            subprocess.run(build.compile_of(file) + ["-S", "-o", f"{folder}/m.s", f"{folder}/{os.path.basename(file)}"], check=True)
            originals[file] = pathlib.Path(f"{folder}/m.s").read_bytes()

    counts, survivors = collections.defaultdict(collections.Counter), []
    pool = concurrent.futures.ThreadPoolExecutor(a.jobs)
    verdicts = pool.map(lambda m: judge(build, m, originals, checks), mutants)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        for done, (mutant, verdict) in enumerate(zip(mutants, verdicts), 1):
            if sys.stderr.isatty():
                print(f"\r{done} of {len(mutants)}", end="", file=sys.stderr)
            kind = verdict if verdict in ("same", "refused") else "noticed" if verdict else "survived"
            counts[mutant.file][kind] += 1
            if kind == "survived":
                survivors.append(mutant)
                why = argued.get((mutant.file, mutant.was, mutant.now))
                print(f"{mutant.file}:{mutant.line}: {'argued: ' + why if why else 'SURVIVED'}\n  - {mutant.was}\n  + {mutant.now}",
                      flush=True)
    except KeyboardInterrupt:
        print(f"\nended early: {sum(c.total() for c in counts.values())} of {len(mutants)}")
    pool.shutdown(cancel_futures=True)
    print(f"\n{'file':32} {'flipped':>8} {'noticed':>8} {'survived':>8}   (no change of the code, or no C: not counted)")
    total = collections.Counter()
    for file in sorted(counts):
        c = counts[file]
        total += c
        print(f"{file:32} {c['noticed'] + c['survived']:8} {c['noticed']:8} {c['survived']:8}   {c['same'] + c['refused']}")
    flipped = total["noticed"] + total["survived"]
    share = total["survived"] / flipped if flipped else 0.0
    open_ = [m for m in survivors if (m.file, m.was, m.now) not in argued]
    print(f"{flipped} flipped, {total['survived']} survived ({100 * share:.1f} %), {len(open_)} of them without a reason in argued")
    return 1 if open_ or share > SURVIVE_MAX else 0


if __name__ == "__main__":
    sys.exit(main())
