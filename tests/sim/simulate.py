#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""rotactl simulate as people call it, with rotad-sim beside it: what a rotation of a set of that shape comes to.

usage: simulate.py ROTACTL"""
import json
import os
import subprocess
import sys
import tempfile

# members, rotad.yaml, options, exit code, and what must be so of the document
POLICY = "mode: act\nkeyfile: {mode: act, maxAge: %s, strategy: %s}\n"
ROWS = [
    ("a plain set", "PSS", "", ["--seed", "7"], 0, {"restarts": 6, "stepDowns": 2, "rotations": 1, "outcome": "done"}),
    ("the same by number", "3", "", ["--seed", "8", "--html", "{page}"], 0, {"restarts": 6, "rotations": 1, "outcome": "done"}),
    ("a quarter", "3", POLICY % ("90d", "twoPass"), ["--days", "100"], 0, {"restarts": 6, "rotations": 2, "outcome": "done"}),
    ("two passes once, then one", "3", POLICY % ("90d", "standby"), ["--days", "60"], 0,
     {"restarts": 6, "rotations": 2, "outcome": "done", "last": 3}),
    ("an arbiter wants a word", "PSA", "", [], 1, {"outcome": "stuck", "waits": "majority writes would stop while 'a' restarts"}),
    ("a set that stays in observe", "3", (POLICY % ("90d", "twoPass")).replace("mode: act", "mode: observe"), ["--days", "1"], 0,
     {"rotations": 1, "says": "keyfile.mode is observe"}),
    ("hidden, delayed and voteless ones", "PSHDN", "", [], 0, {"restarts": 10, "outcome": "done"}),
]


def fail(name, text):
    sys.exit(f"{name}: {text}")


def ask(rotactl, members, policy, options):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "rotad.yaml")
        with open(path, "w", encoding="utf-8") as f:
            f.write("instances: [{name: rs0, configFile: /etc/mongod.conf, restart: {unit: mongod.service}}]\n" + (policy or POLICY % ("never", "twoPass")))
        os.chmod(path, 0o600)
        return subprocess.run([rotactl, "--json", "--config", path, "simulate", "--members", members, "--fleets", "0", *options],
                              capture_output=True, text=True, timeout=300, check=False)


def check_typo(rotactl):
    ran = subprocess.run([rotactl, "--config", "/nonexistent/rotad.yaml", "simulate", "--members", "3", "--fleets", "0"],
                         capture_output=True, text=True, timeout=300, check=False)
    if ran.returncode != 3 or "/nonexistent/rotad.yaml" not in ran.stderr:
        fail("a configuration that is not there", f"exit {ran.returncode}: {ran.stdout}{ran.stderr}")


def check_row(rotactl, page, name, members, policy, options, code, wanted):
    ran = ask(rotactl, members, policy, [x.format(page=page) for x in options])
    if ran.returncode != code:
        fail(name, f"exit {ran.returncode}: {ran.stdout}{ran.stderr}")
    doc = json.loads(ran.stdout)
    rotations, says = doc["rotations"], " ".join(doc["answer"])
    first = rotations[0].get("result", {"restarts": 0, "stepDowns": 0, "outcome": "", "waits": ""})
    seen = {"restarts": first["restarts"], "stepDowns": first["stepDowns"], "outcome": first["outcome"],
            "rotations": len(rotations), "last": rotations[-1].get("result", first)["restarts"], "says": says, "waits": first["waits"]}
    for key, value in wanted.items():
        if value not in seen[key] if key in ("waits", "says") else seen[key] != value:
            fail(name, f"{key} is {seen[key]}, not {value}")
    return first


def main():
    rotactl = sys.argv[1]
    with tempfile.TemporaryDirectory() as folder:
        page = os.path.join(folder, "page.html")
        results = [check_row(rotactl, page, *row) for row in ROWS]
        with open(page, encoding="utf-8") as f:
            if "member by member" not in f.read():
                fail("a page", "was not written")
        if ask(rotactl, "3", "", ["--html", page]).returncode != 3:
            fail("a page", "was written over a file that was there")
    check_typo(rotactl)
    again = ask(rotactl, "PSS", "", ["--seed", "7", "--fleets", "2"])
    doc = json.loads(again.stdout)
    if results[0] != doc["rotations"][0]["result"]:
        fail("a seed", "gives another rotation the second time")
    if results[0] == results[1]:
        fail("another seed", "gives the same rotation")
    fleets = doc["fleets"]
    if fleets["n"] != 2 or fleets["unsafe"] or fleets["ended"] + fleets["safe"] + fleets["stuck"] != 2:
        fail("two fleets", str(fleets))


if __name__ == "__main__":
    main()
