#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Style as a test: folders include only what src/LAYERS lets them, banned calls name their substitute, file names are unique.

usage: lint.py TOP_SRCDIR   exit 0 when nothing was found. Each rule is first proved able to fail on a planted fault."""
import os
import re
import subprocess
import sys

BANNED = {  # call: what to use instead
    "strcpy": "copy_z", "strcat": "buf_adds", "strncat": "buf_add", "strncpy": "copy_z", "sprintf": "snprintf or buf_addf", "vsprintf": "vsnprintf",
    "strtok": "str_cut", "atoi": "a parser with an error", "atol": "a parser with an error", "atof": "a parser with an error",
    "gmtime": "civil_from_days", "localtime": "model/window.h", "mktime": "days_from_civil", "rand": "rng_next or port/host.h", "srand": "rng",
    "system": "sys/hooks.h (no shell, ever)", "popen": "sys/hooks.h", "alloca": "an arena", "time": "port/host.h", "gets": "a bounded read",
}
CLOCKS = {"clock_gettime", "gettimeofday"}
CLOCK_HOMES = ("src/sys/", "src/mongod/", "src/net/", "src/cmd/", "src/notify/", "src/api/")
CALL = re.compile(r"(?<![\w.>])(%s)\s*\(" % "|".join(list(BANNED) + list(CLOCKS)))
EVENT_ROW = re.compile(r'^\s*X\(([A-Z_]+), "', re.M)
EVENT_HOME = "src/model/event_table."  # the table, and event_of(), which is the only maker of events
VERB_HOME = "src/cmd/ctl_table.h"
VERB_ROW = re.compile(r'^\s*X\("[a-z ]+", "([a-z ]+)"', re.M)
# Verbs that advice names already and that are being built; one that has a row must leave this list.
VERBS_TO_COME = set()
LITERALS = re.compile(r'"(?:\\.|[^"\\\n])*"(?:\s*(?:/\*.*?\*/\s*)?"(?:\\.|[^"\\\n])*")*', re.S)
IN_TEXT = re.compile(r"\brotactl(?: +--?[a-z]+)* +([a-z][a-z-]*)(?: +([a-z][a-z|-]*))?")  # C: whatever word stands after it
IN_PAGE = re.compile(r"(?:`(?:sudo )?|\*|^[\t ]*(?:sudo |\$ )?|(?:&&|;) +(?:sudo )?)rotactl(?:\*(?= \*))?(?: +--?[a-z]+)*[ \n]+\*?([a-z][a-z-]*)"
                     r"(?:[ \n]+([a-z][a-z|-]*))?", re.M)  # pages: what is set as a command
INCLUDE = re.compile(r'^\s*#\s*include\s+"([a-z_]+)/', re.M)


def strip(text):
    """Comments and string literals out, lines kept."""
    return re.sub(r'/\*.*?\*/|"(?:\\.|[^"\\\n])*"|//[^\n]*',
                  lambda m: "\n" * m.group(0).count("\n") + ('""' if m.group(0)[0] == '"' else " "), text, flags=re.S)


def layers(text):
    out = {}
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            folder, rest = line.split(":")
            out[folder] = set(rest.split()) | {folder}
    return out


def check_file(path, text, allowed):
    found = []
    folder = path.split("/")[1]
    for m in INCLUDE.finditer(text):
        if m.group(1) not in allowed.get(folder, set()):
            found.append("%s: includes %s/, which src/LAYERS does not let %s/ do" % (path, m.group(1), folder))
    bare = strip(text)
    for m in CALL.finditer(bare):
        line = bare.count("\n", 0, m.start()) + 1
        name = m.group(1)
        if name in CLOCKS:
            if not path.startswith(CLOCK_HOMES):
                found.append("%s:%d: %s: only adapters read a clock" % (path, line, name))
        else:
            found.append("%s:%d: %s is banned; use %s" % (path, line, name, BANNED[name]))
    if "SPDX-License-Identifier: Apache-2.0" not in text[:200]:
        found.append("%s: no SPDX line at its head" % path)
    if re.search(r"\b(TODO|FIXME|XXX)\b", text):
        found.append("%s: leftover TODO or FIXME" % path)
    return found


def check_events(texts):
    """An event told has a row (the compiler sees to it where event_of() makes it), and a row is told somewhere."""
    found = []
    rows = set(EVENT_ROW.findall(texts.get(EVENT_HOME + "h", "")))
    told = set()
    for path, text in texts.items():
        if path.startswith(EVENT_HOME):
            continue
        bare = strip(text)
        told |= set(re.findall(r"\bEVENT_([A-Z_]+)\b", bare))
        for m in re.finditer(r"struct event\b[^;()]*=\s*\{|\(struct event\)\s*\{", bare):
            found.append("%s:%d: an event is made by event_of(), from its row" % (path, bare.count("\n", 0, m.start()) + 1))
    found += ["%sh: %s: nobody tells it" % (EVENT_HOME, r) for r in sorted(rows - told)]
    return found


def prove_events():
    table = {EVENT_HOME + "h": '	X(GOOD, "good", INFO, "0", \\\n	  "Text.") \\\n'}
    planted = {"a row that nobody tells": {}, "an event without a row": {"src/a/a.c": 'EVENT_GOOD; struct event e = {.name = "bad"};'},
               "the same by a literal": {"src/a/a.c": 'EVENT_GOOD; *e = (struct event){.severity = 1};'},
               "only in a comment": {"src/a/a.c": '/* EVENT_GOOD */'}}
    for name, more in planted.items():
        if not check_events({**table, **more}):
            sys.exit("lint: events: %s is not found" % name)
    if check_events({**table, "src/a/a.c": "struct event e = event_of(EVENT_GOOD, NULL, NULL); struct event *f = &e;"}):
        sys.exit("lint: events: a clean file is reported")


def literals(text):
    """Each C string with the ones that the compiler joins to it: (offset, text)."""
    bare = re.sub(r'/\*.*?\*/', lambda m: re.sub(r"[^\n]", " ", m.group(0)), text, flags=re.S)
    for m in LITERALS.finditer(bare):
        yield m.start(), "".join(re.findall(r'"((?:\\.|[^"\\\n])*)"', m.group(0))).replace("\\n", "\n").replace("\\t", "\t")


def check_verbs(texts, pages, to_come):
    """Whoever is told to run `rotactl WORD` can: it is a row of CTL_ROWS, with its second word where the row has one."""
    found = []
    rows = set(VERB_ROW.findall(texts.get(VERB_HOME, "")))
    firsts = {r.split(" ")[0]: [q.split(" ")[1] for q in rows | to_come if q.startswith(r.split(" ")[0] + " ")] for r in rows | to_come}

    def judge(path, line, first, second):
        if first not in firsts:
            found.append("%s:%d: 'rotactl %s': there is no such verb" % (path, line, first))
        elif firsts[first] and not all(w in firsts[first] for w in (second or "").split("|")):
            found.append("%s:%d: 'rotactl %s %s': there is no such verb" % (path, line, first, second or ""))

    for path, text in texts.items():
        for at, said in literals(text):
            for m in IN_TEXT.finditer(said):
                judge(path, text.count("\n", 0, at) + 1, m.group(1), m.group(2))
    for path, text in pages.items():
        for m in IN_PAGE.finditer(text):
            judge(path, text.count("\n", 0, m.start(1)) + 1, m.group(1), m.group(2))
    return found + ["tests/lint/lint.py: %s: it has a row: take it from VERBS_TO_COME" % r for r in sorted(rows & to_come)]


def prove_verbs():
    table = {VERB_HOME: '	X("look", "status", f, 0, "", "") \\\n	X("act", "rotate keyfile", f, 0, "", "") \\\n'}
    bad = ('"sudo rotactl enroll X"', '"rotactl rotate ca"', '"Then: rotactl "\n	"undo"', '"rotactl rotate"', '"rotactl rotate "\n"ca"', '"rotactl --json go"')
    good = ('"see rotactl status"', '"rotactl rotate "\n /* then */ "keyfile\\n"', '"rotactl rotate keyfile --wait"', '"rotactl --json status now"',
            '/* rotactl enroll */ f("rotactl: no");', '"rotactl trust list"')
    bad_page = ("see `rotactl enroll`", "sudo rotactl enroll x", "\t*rotactl enroll* now", "*rotactl* *enroll*", "x && rotactl enroll", "`sudo rotactl rotate ca|keyfile`",
                "*rotactl\nenroll*", "*rotactl rotate\nca*")
    good_page = ("rotactl asks first", "`rotactl status`", "*rotactl rotate keyfile* [--wait]", "but rotactl enroll", "*rotactl* asks")
    for texts, should in ((bad, True), (good, False)):
        for text in texts:
            if bool(check_verbs({**table, "src/a/a.c": text}, {}, {"trust list"})) != should:
                sys.exit("lint: verbs: %s: %s" % ("not found" if should else "reported, though clean", text))
    if not check_verbs(table, {}, {"status"}):
        sys.exit("lint: verbs: one that has a row is not found in VERBS_TO_COME")
    for texts, should in ((bad_page, True), (good_page, False)):
        for text in texts:
            if bool(check_verbs(table, {"a.md": "It is said: " + text if text[0] in "sr" and not should else text}, set())) != should:
                sys.exit("lint: verbs: %s in a page: %s" % ("not found" if should else "reported, though clean", text))


def prove(allowed):
    """Each rule finds its planted fault."""
    head = "/* SPDX-License-Identifier: Apache-2.0 */\n"
    planted = {
        "layers": ("src/plan/x.c", head + '#include "sys/host.h"\n'), "banned": ("src/plan/x.c", head + "void f(char *a) { strcpy(a, a); }\n"),
        "clock": ("src/plan/x.c", head + "int g(void) { return clock_gettime(0, 0); }\n"), "spdx": ("src/plan/x.c", "int a;\n"),
        "leftover": ("src/plan/x.c", head + "/* TO" + "DO */\n"),
    }
    for name, (path, text) in planted.items():
        if not check_file(path, text, allowed):
            sys.exit("lint: the rule '%s' does not find its planted fault" % name)
    if check_file("src/plan/x.c", head + '#include "base/buf.h"\n/* strcpy( */ const char *a = "rand(";\n', allowed):
        sys.exit("lint: a clean file is reported")


def main(top):
    allowed = layers(open(os.path.join(top, "src/LAYERS")).read())
    prove(allowed)
    prove_events()
    prove_verbs()
    found, names, texts = [], {}, {}
    for folder, _, files in sorted(os.walk(os.path.join(top, "src"))):
        for f in sorted(files):
            if not f.endswith((".c", ".h")):
                continue
            path = os.path.relpath(os.path.join(folder, f), top)
            texts[path] = open(os.path.join(folder, f), encoding="utf-8").read()
            found += check_file(path, texts[path], allowed)
            if f in names:
                found.append("%s: the name is taken by %s" % (path, names[f]))
            names[f] = path
    found += check_events(texts)
    made = subprocess.run([sys.executable, os.path.join(top, "doc/3am.py"), os.path.join(top, EVENT_HOME + "h")], stdout=subprocess.PIPE, text=True, check=True)
    if made.stdout != open(os.path.join(top, "doc/3am.md"), encoding="utf-8").read():
        found.append("doc/3am.md: it is not what doc/3am.py makes of %sh" % EVENT_HOME)
    pages = [os.path.join(d, f) for d in ("doc", "etc") for f in sorted(os.listdir(os.path.join(top, d))) if f.endswith((".scd", ".yaml"))]
    found += check_verbs(texts, {p: open(os.path.join(top, p), encoding="utf-8").read() for p in pages + ["README.md", "doc/webhook.md", "doc/3am.md"]}, VERBS_TO_COME)
    print("\n".join(found) if found else "lint: %d files, nothing found" % len(names))
    return 1 if found else 0


sys.exit(main(sys.argv[1]))
