#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""rotad.service as make builds it: systemd takes every line of it, and it stays as closed as it was meant to be.
Needs no running systemd. The unit's user and program need not be here."""
import os
import re
import subprocess
import sys
import tempfile

EXPOSURE_MAX = 12  # tenths, as systemd-analyze counts; HACKING.md names the figure
MUST = ("Type=notify", "NotifyAccess=main", "WatchdogSec=60s", "KillMode=control-group", "TimeoutStopSec=100s", "Restart=on-failure",
        "StateDirectory=rotad", "StateDirectoryMode=0700", "NoNewPrivileges=yes", "CapabilityBoundingSet=")


def analyze(*args):
    done = subprocess.run(("systemd-analyze",) + args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.returncode, done.stdout.strip()


def faults(text, folder):
    path = os.path.join(folder, "rotad.service")
    with open(path, "w", encoding="utf-8") as f:
        f.write(re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", text, flags=re.M))
    found = ["does not say %s" % line for line in MUST if line not in text.splitlines()]
    if re.search(r"@[a-z]+@", text):
        found.append("a place to fill in was left")
    rc, out = analyze("verify", "--man=no", path)
    if rc or out:
        found.append("verify: %s" % (out or rc))
    rc, out = analyze("security", "--offline=true", "--threshold=%d" % EXPOSURE_MAX, path)
    figure = re.search(r"exposure level for \S+: ([0-9.]+)", out)
    if rc or not figure:
        found.append("exposure %s, at most %.1f is wanted" % (figure.group(1) if figure else "unknown", EXPOSURE_MAX / 10))
    return found, figure and figure.group(1)


def socket_faults(text):
    """What systemd makes as root, and gives away by its name, lies where nobody else makes names."""
    found = []
    for line in text.splitlines():
        key, _, value = line.partition("=")
        if key == "ListenStream" and not re.fullmatch(r"/run/[^/]+\.sock", value):
            found.append("%s is not in root's folder" % line)
        if key.startswith("ExecStart") or key == "Symlinks":
            found.append("%s: root's hand in somebody else's folder" % line)
    return found if "\nRemoveOnStop=yes\n" in text and "\nListenStream=/" in text else found + ["the socket would stay, or is none"]


def closed(folder):
    """The units beside it: systemd takes them as well."""
    found = []
    for name in ("rotad-metrics.service", "rotad-metrics@.service"):
        text = open(os.path.join(os.environ["TOP_BUILDDIR"], "systemd", name), encoding="utf-8").read()
        path = os.path.join(folder, name.replace("@", "@x"))
        with open(path, "w", encoding="utf-8") as f:
            f.write(re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", text, flags=re.M))
        rc, out = analyze("verify", "--man=no", path)
        if rc or out or re.search(r"@[a-z]+@", text) or ".sock" in text and "%i.prom" not in text:
            found.append("%s: %s" % (name, out or rc or "a place to fill in was left"))
    return found


def main():
    for name in ("rotad.socket", "rotad@.socket"):
        unit = open(os.path.join(os.environ["TOP_BUILDDIR"], "systemd", name), encoding="utf-8").read()
        if not socket_faults(unit.replace("=/run/", "=/run/rotad/")) or not socket_faults(unit + "ExecStartPre=install -d /run/rotad\n"):
            print("%s: a planted fault is not found" % name)
            return 1
        if socket_faults(unit):
            print("%s: %s" % (name, "; ".join(socket_faults(unit))))
            return 1
    text = open(os.path.join(os.environ["TOP_BUILDDIR"], "systemd/rotad.service"), encoding="utf-8").read()
    with tempfile.TemporaryDirectory() as folder:
        for what, bad in (("a misspelt key", text.replace("PrivateTmp=", "PrivateTemp=")),
                          ("a right too many", text.replace("ProtectSystem=strict", "ProtectSystem=no").replace("CapabilityBoundingSet=\n", "")),
                          ("a missing line", text.replace("WatchdogSec=60s\n", ""))):
            if not faults(bad, folder)[0]:
                print("%s is not found" % what)
                return 1
        found, figure = faults(text, folder)
        found += closed(folder)
    print("\n".join(found) if found else "rotad.service: systemd takes it, exposure %s" % figure)
    return 1 if found else 0


sys.exit(main())
