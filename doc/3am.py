#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Make doc/3am.md, what each alert means and what to do, of the table of events.

usage: 3am.py src/model/event_table.h > doc/3am.md"""
import re
import sys

ROW = re.compile(r'^\tX\(\w+, "(?P<name>[^"]+)", (?P<severity>\w+), "\w+", \\\n\t  "(?P<what>[^\n]*?)", '
                 r'(?:"", "", ""\)|\\\n\t  "(?P<now>[^\n]*)", \\\n\t  "(?P<did>[^\n]*)", \\\n\t  "(?P<you>[^\n]*)"\))', re.M)
HEAD = """# At 3 a.m.
An alert of rotad woke you. Three commands first, on any host of the cluster; none of them changes anything:

```
rotactl status        # the first lines say whether a member may be restarted, by anyone, right now
rotactl explain       # what rotad waits for, which gate is shut, and what it will do next
rotactl explain NAME  # what an alert of that name means: the text below
```

Nothing has to be done in a hurry for rotad's sake: where it stops, all members share one key, and it may stay so for days. To stop it at once, everywhere: `rotactl pause`.
A mongod that is down is started as ever, by systemd: the file on its disk has a key that all others accept, unless an alert or `rotactl status` says
that it is not safe.

An alert has a headline and four rows: what happened, how things are now, what rotad did, what you can do. Below stands what holds for every alert of that name;
the alert itself has the hosts, files, times and causes. `resolved: true` means that the trouble told under that key is over.
"""
GRAVE = (("CRITICAL", "Critical: somebody must act now"), ("WARNING", "Warnings: somebody should look this week"))


def main(path):
    text = open(path, encoding="utf-8").read()
    rows = [m.groupdict() for m in ROW.finditer(text)]
    if len(rows) != len(re.findall(r"^\tX\(", text, re.M)) or len(rows) < 20:
        sys.exit("3am: %s: a row is not as the others" % path)
    out = [HEAD]
    for severity, title in GRAVE:
        out.append("## %s\n" % title)
        for r in sorted((r for r in rows if r["severity"] == severity), key=lambda r: r["name"]):
            if not (r["now"] and r["did"] and r["you"]):
                sys.exit("3am: %s: a row is empty" % r["name"])
            out.append("### %s\n%s\n\n- **now** %s\n- **rotad did** %s\n- **you** %s\n" % (r["name"], r["what"], r["now"], r["did"], r["you"]))
    out.append("## Told, and nothing has to be done\n")
    for r in sorted((r for r in rows if r["severity"] in ("NOTICE", "INFO")), key=lambda r: r["name"]):
        out.append("- *%s*: %s" % (r["name"], r["what"]))
    print("\n".join(out).replace('\\"', '"'))


main(sys.argv[1])
