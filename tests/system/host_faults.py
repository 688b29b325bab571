#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Real faults on real systemd hosts in the middle of a keyfile rotation: rotad from its package, real mongods under systemd, one
restarted by its unit, one by the shipped job unit without polkit, one by a hook. One set goes through all rows that are named (all,
without names); what is seen is printed, and at every moment one key is in every file and process.

usage: host_faults.py [--hosts N] [ROW...]"""
import json
import os
import re
import sys
import time

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, "lib"))
from bench import nest  # noqa: E402
from bench.real_hosts import KEYFILE, HostScene, hosts  # noqa: E402
from bench.show import say, wait_for  # noqa: E402

ROWS = {}


def row(failed_at_most=0, why=""):
    def take(f):
        ROWS[f.__name__.replace("_", "-")] = (f, failed_at_most, why)
        return f
    return take


def cable(s, m, up):
    hosts.Args.do(s.world.set, "join" if up else "cut", m.name)


def seen(s, *members):
    for m in members:
        say("    %s: %s", m.name, s.says(m))


def others(s, m):
    return [o for o in s.world.members if o is not m]


def goes_on(s, what, seconds=600):
    s.wait_rotated(what + ", and the rotation ends", seconds)


@row()
def nothing(s):
    """No fault: what a rotation takes here."""
    s.begin()
    goes_on(s, "nothing goes wrong")


@row()
def partition(s):
    """A secondary is cut off in the middle for 40 s."""
    s.begin()
    primary = s.world.primary()
    m = [o for o in others(s, primary) if o is not s.host(0)][0] if primary else s.host(2)
    cable(s, m, False)
    time.sleep(40)
    seen(s, *[o for o in others(s, m)][:1])
    s.checks.that("who waits names the member", any(m.name in o.ctl("status").text() for o in others(s, m)))
    s.checks.that("no rotation ended without it", not all(len(o.keys()) == 1 and o.keys()[0] != s.old_key for o in s.world.members))
    cable(s, m, True)
    goes_on(s, "it is back")


@row(8, "one insert of each of 8 threads was on its way to the primary that was cut")
def cut_primary(s):
    """The primary, rotad with it, is cut off in the middle for 40 s."""
    s.begin()
    m = wait_for("a primary", 60, s.world.primary)
    cable(s, m, False)
    time.sleep(40)
    seen(s, others(s, m)[0])
    cable(s, m, True)
    goes_on(s, "it is back")


@row()
def kill_mongod(s):
    """kill -9 of a mongod as soon as its own turn has restarted it, where its unit does not start it by itself."""
    m = s.host(0)  # its unit has no Restart=
    before = m.mongod()
    s.begin()
    wait_for("%s to be restarted" % m.name, 200, lambda: m.mongod() not in (None, before), 0.05)
    os.kill(m.mongod()[0], 9)
    wait_for("the hold", 90, lambda: "HELD" in m.ctl("status").text(), 1)
    s.checks.that("rotad put the previous keyfile back and started it again", m.mongod() and m.keys() == [s.old_key])
    seen(s, m, s.host(1))
    s.checks.that("rotactl resume", m.ctl("resume", "--reason", "the test killed it").status == 0)
    goes_on(s, "mended by a person")


@row()
def frozen_rotad(s):
    """The rotad whose claim acts is stopped for two minutes (SIGSTOP); its watchdog may end it."""
    m = s.begin()
    pids = [p for p in m.on.members() if hosts.read("/proc/%d/comm" % p, "").strip().startswith("rotad")]
    say("    the turn is of %s; its rotad is stopped: %s", m.name, pids)
    for p in pids:
        os.kill(p, 19)
    time.sleep(50)
    o = others(s, m)[0]
    seen(s, o)
    s.checks.that("no other one takes its turn", s.turn_seen_by(o) in (m, None), s.turn_seen_by(o) and s.turn_seen_by(o).name)
    s.checks.that("the old key is still in every file", all(s.old_key in x.keys() for x in s.world.members))
    time.sleep(70)  # the watchdog (60 s) has ended it by now, and systemd has started another
    for p in pids:
        if hosts.alive(p):
            os.kill(p, 18)
    say("    %s", m.sh("systemctl show rotad -p NRestarts -p Result -p ActiveState | tr '\\n' ' '"))
    goes_on(s, "it goes on")


@row()
def disk_full(s):
    """The disk of a member's keyfile and of its rotad's state is full, in the middle; then room is made."""
    m = s.host(1)
    m.sh("for d in /etc/mongodb /var/lib/rotad; do cp -a $d /run/kept; mount -t tmpfs -o size=1M,mode=$(stat -c %a $d),uid=$(id -u mongodb),gid=$(id -g mongodb) "
         "tmpfs $d; cp -a /run/kept/. $d/; rm -r /run/kept; done; systemctl restart mongod rotad")
    s.wait_ready()
    s.begin()
    m.sh("for d in /etc/mongodb /var/lib/rotad; do dd if=/dev/zero of=$d/ballast bs=4k 2>/dev/null; done; true")
    heard = len(s.sink.all())

    def named():
        words = " ".join((m.ctl("status").text() + m.ctl("explain").text()).split())
        found = re.search(r"no \w+ left|file system is full|No space", words)
        return found and found.group(0) or s.events("disk-full", heard) and "disk-full"
    try:
        s.checks.that("it says so by name", True, wait_for("a word about the disk", 120, named, 2))
    except TimeoutError as e:
        s.checks.that("it says so by name", False, e)
    seen(s, m, s.host(0))
    s.checks.that("its keyfile is whole", s.old_key in m.keys() or len(m.keys()) == 2, "%d keys" % len(m.keys()))
    m.sh("rm -f /etc/mongodb/ballast /var/lib/rotad/ballast")
    goes_on(s, "there is room again")
    m.sh("for d in /etc/mongodb /var/lib/rotad; do cp -a $d /run/kept; umount -l $d; cp -a /run/kept/. $d/; rm -r /run/kept; done; systemctl restart mongod rotad")
    s.wait_ready()


@row()
def power_off(s):
    """A secondary's host is off for the whole rotation, then it boots."""
    primary = wait_for("a primary", 60, s.world.primary)
    m = others(s, primary)[-1]
    asked = others(s, m)[0]
    m.on.poweroff()
    say("    %s is off", m.name)
    s.old_key = asked.keys()[0]
    r = asked.ctl("rotate", "keyfile", "--yes", "--reason", "test")
    say("    rotactl rotate keyfile: %s", " ".join(r.text().split())[:300])
    time.sleep(30)
    seen(s, asked)
    s.checks.that("who waits names the host that is off", m.name in asked.ctl("status").text() + asked.ctl("explain").text())
    s.checks.that("the old key is still in every file", all(s.old_key in o.keys() for o in s.world.members))
    m.on.boot()
    m.on.wait(True)
    say("    %s has booted", m.name)
    goes_on(s, "it has booted")


@row()
def restored_ledger(s):
    """After a rotation the ledger is restored from a dump taken before it; then from one taken after it."""
    def ledger():
        return wait_for("a primary", 60, s.world.primary).client()

    def dump():
        with ledger() as c:
            return list(c.admin["rotad.ledger"].find())

    def restore(docs):
        with ledger() as c:
            c.admin["rotad.ledger"].drop()
            c.admin["rotad.ledger"].insert_many(docs)
    before = dump()
    s.begin()
    s.wait_rotated("a rotation ends")
    after, files, now, heard = dump(), {m.name: m.keys() for m in s.world.members}, time.time(), len(s.sink.all())
    restore(before)
    time.sleep(30)
    seen(s, *s.world.members[:2])
    say("    told: %s", "; ".join(sorted({x.json.get("event", "") + ": " + x.json.get("headline", "") for x in s.sink.all()[heard:]})))
    s.checks.that("it is told as critical", any(x.json.get("severity") == "critical" for x in s.sink.all()[heard:]))
    s.checks.that("nothing is written and nobody restarted", files == {m.name: m.keys() for m in s.world.members} and not any(s.starts(m, now) for m in s.world.members))
    restore(after)
    try:
        wait_for("all well", 120, lambda: all(m.ctl("status").status == 0 for m in s.world.members), 1)
        s.checks.that("the right dump mends it", True)
    except TimeoutError:
        seen(s, *s.world.members)
        s.checks.that("the right dump mends it", False)
    s.begin()
    goes_on(s, "the next rotation is asked for")


@row()
def cron_writer(s):
    """A cron job writes the old keyfile back each minute, as root and in place, so that the file itself shows nothing of it."""
    m = s.host(1)
    with open(m.file(KEYFILE)) as f:
        m.put("/root/old.key", f.read(), 0o600)
    m.sh("usermod -aG systemd-journal mongodb; systemctl restart rotad")  # as doctor asks for
    c = [f for f in json.loads(m.ctl("--json", "doctor").out)["instances"][0]["findings"] if f["name"] == "journal"]
    s.checks.that("doctor says that an alert can name the writer", c and c[0]["weight"] == "good", c)
    m.put("/etc/systemd/system/keyfile-sync.service", "[Service]\nType=oneshot\nExecStart=sh -c 'cat /root/old.key > %s'\n" % KEYFILE)
    m.put("/etc/systemd/system/keyfile-sync.timer", "[Timer]\nOnActiveSec=1\nOnUnitActiveSec=60\nAccuracySec=1\n")
    s.begin()
    s.wait_rotated("a rotation ends")
    good, heard, now = m.keys(), len(s.sink.all()), time.time()
    s.sampler.excused = "file of " + m.name  # the cron job's doing, and what the alert is about
    m.sh("systemctl daemon-reload; systemctl start keyfile-sync.timer")
    wait_for("the first write", 20, lambda: m.keys() != good, 0.05)
    wrote, restores, last = time.monotonic(), 0, False
    told, first = None, {}
    while time.monotonic() < wrote + 200:
        new = [x for x in s.sink.all()[heard:] if x.json.get("event", "").startswith("keyfile-") or "foreign" in x.json.get("event", "")]
        if new and not told:
            told = time.monotonic() - wrote
            for k in ("event", "severity", "headline", "what", "now", "we_did", "you"):
                say("    %-8s  %s", k, new[0].json.get(k))
            first = new[0].json
        is_good = m.keys() == good
        restores += is_good and not last
        last = is_good
        time.sleep(0.2)
    s.checks.that("an alert within 10 s", told is not None and told <= 10, told)
    s.checks.that("it tells when, whose the file is, and who wrote it", told is not None and
                  re.search(r"Written \d.*owner is uid \d+\. Just before, says this host's journal: the unit keyfile-sync\.service\.", first["what"]),
                  told is not None and first["what"])
    s.checks.that("at most one restore", restores <= 1, "%d in three and a half minutes" % restores)
    s.checks.that("nobody is restarted", not any(s.starts(o, now) for o in s.world.members))
    seen(s, m)
    m.sh("systemctl stop keyfile-sync.timer")
    # As the advice says: the right file from another member, then resume.
    with open(s.host(0).file(KEYFILE)) as f:
        m.put(KEYFILE, f.read(), 0o600, "mongodb")
    s.sampler.excused = None
    time.sleep(5)
    if m.ctl("status").status:
        say("    resume: %s", m.ctl("resume", "--reason", "the cron job is gone").text())
    s.begin()
    goes_on(s, "the writer is gone")


def main():
    words = sys.argv[1:]
    n = int(words[words.index("--hosts") + 1]) if "--hosts" in words else 3
    names = [w for i, w in enumerate(words) if w != "--hosts" and (i == 0 or words[i - 1] != "--hosts")] or list(ROWS)
    if set(names) - set(ROWS):
        print("usage: host_faults.py [--hosts N] [ROW...]\n" + "\n".join("  %-16s %s" % (k, f.__doc__) for k, (f, _, _) in ROWS.items()))
        return 64

    def job():
        with HostScene(n) as s:
            for name in names:
                f, failed, why = ROWS[name]
                s.wait_ready(240)
                s.mark()
                start = time.monotonic()
                say("%s: %s", name, f.__doc__)
                try:
                    f(s)
                except (TimeoutError, hosts.Fail) as e:
                    s.checks.that(name, False, e)
                    for m in s.world.members:
                        say("    %s: resume: %s", m.name, " ".join(m.ctl("resume", "--reason", "the test mends").text().split())[:200])
                s.held(name, failed, why)
                say("%s: %.0f s", name, time.monotonic() - start)
            return s.finish()
    return nest.run(job)


sys.exit(main())
