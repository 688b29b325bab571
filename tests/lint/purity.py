#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Proves by the symbols that src/plan and src/model are pure: no clock, file, socket, log, heap or randomness within their reach.

usage: purity.py TOP_SRCDIR   CC is the compiler. Compiles both folders and src/base plainly, links (ld -r) all functions of the two folders
with what they pull in of base, and compares what is left undefined with an allow-list. A copy of plan/step.c with planted impurities must be
found in the same run, each of them."""
import concurrent.futures
import glob
import os
import shlex
import subprocess
import sys
import tempfile

PURE = ("src/plan", "src/model")
# Memory and text only; snprintf into a buffer of the caller is text.
ALLOWED = {
    "memchr", "memcmp", "memcpy", "memmove", "memset", "strchr", "strrchr", "strcmp", "strlen", "strncmp", "strnlen", "strspn", "strcspn",
    "strstr", "snprintf", "vsnprintf", "__stack_chk_fail", "_GLOBAL_OFFSET_TABLE_",
}  # and what assert_failed() does to end the program, within itself only
# The two functions of the one noun that holds key bytes: they need locked memory, and the planner must not reach them.
SECRET = {"keyring_add", "keyring_fini"}
PLANTED = {  # the name that must be found: what calls it
    "time": "return (int)time(NULL);",
    "clock_gettime": "struct timespec t; return clock_gettime(CLOCK_REALTIME, &t);",
    "malloc": "char *volatile p = malloc(9); return p != NULL;",
    "free": "free(anything);",
    "open": 'return open("/dev/null", O_RDONLY);',
    "read": "return (int)read(0, anything, 1);",
    "socket": "return socket(AF_UNIX, SOCK_STREAM, 0);",
    "puts": 'return puts("planned");',
    "abort": "abort();",
    "stderr": "return stderr != NULL;",
    "rand": "return rand();",
    "getenv": 'return getenv("HOME") != NULL;',
    "__errno_location": "return errno;",
    "verbosity": "return verbosity;",
    "keyring_add": "return keyring_add(anything, anything, 6, anything);",
}
HEAD = "#include <errno.h>\n#include <fcntl.h>\n#include <stdlib.h>\n#include <sys/socket.h>\n#include <time.h>\n#include <unistd.h>\n"


def run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        sys.exit("purity: %s failed:\n%s" % (" ".join(command), done.stdout))
    return done.stdout


def compile_all(cc, top, sources, out):
    os.mkdir(out)

    def one(path):
        target = os.path.join(out, os.path.basename(path)[:-2] + ".o")
        run(*cc, "-std=gnu17", "-O1", "-w", "-ffunction-sections", "-U_FORTIFY_SOURCE", "-I" + os.path.join(top, "src"),
            "-c", path, "-o", target)
        return target
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return list(pool.map(one, sources))


def symbols(path, *options):
    return {line.split()[-1] for line in run("nm", *options, path).splitlines() if line.strip() and not line.endswith(":")}


def functions(objects):
    return {line.split()[-1] for line in run("nm", "--defined-only", *objects).splitlines() if " T " in line}


def reach(objects, base, out, name):
    """The names left undefined once every function of objects has what it needs of base."""
    linked = os.path.join(out, name)
    roots = sorted(functions(objects) - SECRET)
    run("ld", "-r", "--gc-sections", "-o", linked, *["--undefined=" + r for r in roots], *objects, base)
    # ld keeps the names that only discarded sections used: what is called still has a relocation. The
    # sections of functions are named after them.
    called, section = set(), ""
    for line in run("readelf", "-rW", linked).splitlines():
        words = line.split()
        if line.startswith("Relocation section"):
            section = words[2]
        elif len(words) > 4 and not section.endswith(".assert_failed'"):
            called.add(words[4])
    return called & ((symbols(linked, "-u") - ALLOWED) | SECRET)


def main(top):
    cc = shlex.split(os.environ.get("CC", "cc"))
    with tempfile.TemporaryDirectory() as out:
        pure = compile_all(cc, top, [f for folder in PURE for f in sorted(glob.glob(os.path.join(top, folder, "*.c")))], os.path.join(out, "pure"))
        of_base = compile_all(cc, top, sorted(glob.glob(os.path.join(top, "src/base/*.c"))), os.path.join(out, "base"))
        base = os.path.join(out, "libbase.a")
        run("ar", "rcs", base, *of_base)
        found = reach(pure, base, out, "pure.o")
        for name in sorted(found):
            direct = [os.path.basename(o)[:-2] + ".c" for o in pure + of_base if name in symbols(o, "-u")]
            print("purity: %s is within reach of src/plan or src/model (called in %s)" % (name, ", ".join(direct)))
        if found:
            return 1
        with open(os.path.join(top, "src/plan/step.c"), encoding="utf-8") as f:
            step = f.read()
        path = os.path.join(out, "step.c")
        with open(path, "w", encoding="utf-8") as f:
            f.write(HEAD + step + "extern int verbosity;\nextern void *anything;\nvoid *anything;\n")
            f.writelines("int planted_%s(void)\n{\n\t%s\n}\n" % (name, body) for name, body in PLANTED.items())
        bad = compile_all(cc, top, [path], os.path.join(out, "bad"))
        found = reach(bad + [o for o in pure if os.path.basename(o) != "step.o"], base, out, "bad.o")
        missed = set(PLANTED) - found
        if missed:
            print("purity: planted in step.c and not found: " + ", ".join(sorted(missed)))
            return 1
        print("purity: %d objects of %s reach nothing but memory and text; %d planted impurities were found" % (
            len(pure), " and ".join(PURE), len(PLANTED)))
        return 0


sys.exit(main(sys.argv[1]))
