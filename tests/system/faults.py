#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Bad input and faults in a keyfile rotation of real members: in each the deployment stays up, the files in use are whole, no
write fails, and rotad tells what is so and what it does next.

usage: faults.py CASE..."""
import os
import re
import signal
import subprocess
import sys
import time

from pymongo.write_concern import WriteConcern

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, "lib"))
from bench.cases import Cases  # noqa: E402
from bench.rotads import HOOK  # noqa: E402
from bench.scene import Scene, own_mounts  # noqa: E402
from bench.show import say, wait_for  # noqa: E402
from bench.world import keys_of, new_key, write_whole  # noqa: E402

CASES = Cases()
case = CASES.case


def others(scene, *but):
    return [m for m in scene.world.members if m not in but]


def secondary(scene):
    """A member that is not the primary, the last of them."""
    primary = scene.world.primary()
    return [m for m in scene.world.members if m is not primary][-1]


def use_hook(scene, member, text):
    """Give one member's rotad a hook of its own; @HOOK@ stands for the good one."""
    path = os.path.join(scene.dir, "hook-" + member.name)
    write_whole(path, "#!/bin/sh\n" + text.replace("@HOOK@", HOOK), 0o755)
    r = scene.fleet.of(member)
    r.config["instances"][0]["restart"]["hook"] = path
    r.write()
    return r


def begins(s, what):
    """The rotation begins by itself: a new key stands beside the old one on every disk. Then all is held, so that the test can end."""
    def both():
        return all(len(s.keys(m)) == 2 and s.old_key in s.keys(m) for m in s.world.members)
    try:
        wait_for(what, 120, both, 0.2)
        s.checks.that(what, True)
    except TimeoutError as e:
        for r in s.fleet.all:
            print(r.ctl("status").text(), r.ctl("explain").text(), sep="\n", flush=True)
        s.checks.that(what, False, e)
    s.checks.that("rotactl pause", s.fleet.all[0].ctl("pause", "--reason", "the test ends").status == 0)
    # A turn that was taken before is brought to its end all the same.
    wait_for("no turn under way", 90, lambda: not any(x["turn"] == "now" for r in s.fleet.all for x in r.status()["instances"][0]["members"]), 0.5)


def untouched(s, but=()):
    """Nobody was restarted and every file is as it was."""
    s.checks.that("nobody was restarted", not [x for x in s.restarts() if x.member not in but])
    s.checks.that("the keyfiles are as they were", all(s.keys(m) == [s.old_key] for m in s.world.members))


@case
def not_back():
    """A member's mongod does not start with the new keyfile: rolled back there, the pass stops, the others are as they were; mended
    and resumed its turn is done."""
    with Scene() as s:
        m = secondary(s)
        bad = os.path.join(s.dir, "bad.key")
        write_whole(bad, "- short\n", 0o600)
        # Real mongod, real start, real fatal lines in its log: only with another keyfile than the one it is to be blamed for.
        use_hook(s, m, "if [ \"$1\" != reload ] && [ -e '%s' ] && [ $(grep -c '^- ' '%s') = 2 ]; then\n"
                 "  kill -TERM $(cat '%s'); while kill -0 $(cat '%s') 2>/dev/null; do sleep 0.05; done\n"
                 "  exec '%s' --config '%s' --keyFile '%s' >/dev/null\nfi\nexec '@HOOK@' \"$@\"\n"
                 % (bad, m.keyfile, m.pid_file, m.pid_file, s.world.mongod, m.conf, bad))
        # The good hook never stops this mongod itself, so it is told here what to start again.
        write_whole(m.pid_file + ".argv", "%s\n--config\n%s\n" % (s.world.mongod, m.conf))
        s.fleet.start()
        r = s.rotate(wait="150s")
        s.checks.that("the rotation ends as failing or refused", r.status == 2, "exit %d" % r.status)
        away = s.told("member-not-back", 5)
        s.checks.that("with mongod's own words", away and "Security key" in away.json["what"])
        back = s.told("turn-rolled-back")
        s.checks.that("both with mongod's own words", back and "Security key" in back.json["what"])
        s.says(s.fleet.of(m), "(?s)turn-rolled-back.*Security key.*rotactl resume", verbs=("explain",))
        s.says(s.fleet.of(others(s, m)[0]), re.escape(m.address) + ".*rolled", verbs=("status",))
        s.says(s.fleet.of(others(s, m)[0]), re.escape(m.address) + r" SECONDARY 1 1 not yet", verbs=("status",))
        print(s.fleet.of(m).ctl("explain").text(), s.fleet.of(m).ctl("history").text(), s.fleet.of(others(s, m)[0]).ctl("status").text(), sep="\n\n", flush=True)
        s.checks.that("its keyfile is whole and holds the old key only", s.keys(m) == [s.old_key], len(s.keys(m)))
        s.checks.that("the old key is accepted by all", all(x.accepts(s.old_key) for x in s.world.members))
        s.checks.that("the primary was not restarted", not s.restarts(s.world.primary()))
        os.unlink(bad)
        s.checks.that("rotactl resume", s.fleet.all[0].ctl("resume").status == 0)
        wait_for("both keys on its disk", 60, lambda: len(s.keys(m)) == 2)
        new = [k for k in s.keys(m) if k != s.old_key][0]
        wait_for("its turn to be done", 120, lambda: m.accepts(new), 0.5)
        s.checks.that("mended and resumed its turn is done", True)
        s.checks.that("rotactl pause", s.fleet.all[0].ctl("pause").status == 0)
        return s.finish()


@case
def member_down():
    """A member is down: nothing is restarted, rotad says for whom it waits; once it is back the rotation begins."""
    with Scene() as s:
        m = secondary(s)
        s.fleet.start()
        m.stop()
        r = s.rotate(s.fleet.of(others(s, m)[0]))
        s.checks.that("the order is taken, and told for whom it waits", r.status == 0 and m.address.split(":")[1] in r.text(), r.text()[-200:])
        for x in others(s, m):
            s.says(s.fleet.of(x), "waits: all others healthy: '%s' does not answer" % re.escape(m.address), verbs=("explain",))
        s.told("member-unreachable", 60)
        print(s.fleet.of(others(s, m)[0]).ctl("status").text(), s.fleet.of(others(s, m)[0]).ctl("explain").text(), s.fleet.of(m).ctl("status").text(), sep="\n\n", flush=True)
        untouched(s, but=(m,))
        again = s.rotate(s.fleet.of(others(s, m)[1]))
        s.checks.that("asked again it is the same order", "asked for already" in again.text(), again.text()[-200:])
        m.start()
        begins(s, "once it is back the rotation begins")
        return s.finish()


@case
def lag():
    """A secondary lags: its set waits with every turn until it has caught up."""
    with Scene(parameters={"enableTestCommands": "1"}) as s:
        m = secondary(s)
        for r in s.fleet.all:
            r.config["instances"][0]["restart"]["maxLag"] = "3s"
            r.write()
        s.fleet.start()
        with m.client() as c:
            c.admin.command({"configureFailPoint": "rsSyncApplyStop", "mode": "alwaysOn"})
        time.sleep(4)
        s.rotate()
        for x in others(s, m):
            s.says(s.fleet.of(x), "lag: '?%s'?: .{1,20} limit 3" % re.escape(m.address), 60, verbs=("explain",))
        time.sleep(5)
        s.checks.that("nobody is restarted while it lags", not s.restarts())
        print(s.fleet.of(others(s, m)[0]).ctl("status").text(), s.fleet.of(others(s, m)[1]).ctl("explain").text(), sep="\n\n", flush=True)
        with m.client() as c:
            c.admin.command({"configureFailPoint": "rsSyncApplyStop", "mode": "off"})
        s.checks.that("once it caught up the rotation ends well", s.wait_rotated())
        return s.finish()


def set_priorities(s, first, of_others):
    with first.client() as c:
        conf = c.admin.command("replSetGetConfig")["config"]
        conf["version"] += 1
        for x in conf["members"]:
            x["priority"] = 1 if x["host"] == first.address else of_others
        c.admin.command("replSetReconfig", conf)
    s.world.wait_healthy()


@case
def step_down_refused():
    """Nobody may take over from the primary: refused before it begins. Nobody can at that moment: asked once, the pause told, then
    rest; the primary is not restarted; resumed it is done."""
    with Scene(parameters={"enableTestCommands": "1"}) as s:
        w = s.world
        first = w.primary()
        set_priorities(s, first, 0)
        s.fleet.start()
        r = s.rotate(s.fleet.of(first))
        s.checks.that("without any heir it is refused at once", r.status == 2 and "may become" in r.text(), r.text()[-300:])
        untouched(s)
        set_priorities(s, first, 1)

        def set_point(m, name, mode):
            with m.client() as c:
                return c.admin.command({"configureFailPoint": name, "mode": mode})
        hang = set_point(first, "stepdownHangBeforeRSTLEnqueue", "alwaysOn")["count"]
        wait_for("the rotation to be taken", 60, lambda: s.rotate(s.fleet.of(first)).status == 0, 1)
        with first.client(socketTimeoutMS=300000) as c:
            c.admin.command({"waitForFailPoint": "stepdownHangBeforeRSTLEnqueue", "timesEntered": hang + 1, "maxTimeMS": 280000})
        say("the primary is asked to step down; now no secondary keeps up")
        for m in others(s, first):
            set_point(m, "rsSyncApplyStop", "alwaysOn")
        with first.client() as c:
            c.get_database("shop", write_concern=WriteConcern(w=1)).late.insert_one({"x": 1})
        set_point(first, "stepdownHangBeforeRSTLEnqueue", "off")
        told = s.wait_event("step-down-refused", 30)
        for m in others(s, first):
            set_point(m, "rsSyncApplyStop", "off")
        told = told or s.wait_event("step-down-refused", 60)
        s.checks.that("'step-down-refused' is told", told is not None)
        s.checks.that("with the pause it cost and when it is asked again",
                      told and re.search(r"after \d[^:]* s: .*stood still", told.json["what"]) and re.search(r"again at \d", told.json["we_did"]),
                      told and told.json["what"])
        s.says(s.fleet.of(first), "refused to step down; rests", verbs=("explain",))
        print(s.fleet.of(first).ctl("explain").text(), s.fleet.of(first).ctl("status").text(), s.fleet.of(others(s, first)[0]).ctl("explain").text(), sep="\n\n", flush=True)
        s.says(s.fleet.of(others(s, first)[0]), "waits for %s .its rotad says: it refused to step down" % re.escape(first.address), verbs=("explain",))
        time.sleep(5)
        with open(first.log) as f:
            attempts = f.read().count("in response to replSetStepDown command")
        s.checks.that("it was asked once", attempts == 1, attempts)
        s.checks.that("the primary was not restarted", not s.restarts(first))
        s.checks.that("it is still the primary", w.primary() is first)
        s.checks.that("rotactl resume", s.fleet.of(first).ctl("resume").status == 0)
        s.checks.that("resumed the rotation ends well", s.wait_rotated())
        return s.finish()


@case
def psa():
    """Primary, secondary, arbiter: a turn of a data member would stop majority writes; refused by default, and said."""
    with Scene(arbiters=1) as s:
        s.fleet.start()
        r = s.rotate(wait="30s")
        s.checks.that("the rotation is refused", r.status == 2, "exit %d" % r.status)
        s.checks.that("it says that majority writes would stop, and what to set", re.search(r"(?s)refused.*majority.*allowDowntime", r.text()), r.text())
        dry = s.rotate(None, "--dry-run")
        s.checks.that("a dry run says so too", dry.status == 2 and "allowDowntime" in dry.text(), dry.text())
        s.says(s.fleet.all[1], "(?s)majority writes go on *REFUSE", verbs=("explain",))
        untouched(s)
        return s.finish()


@case
def pending_change():
    """mongod.conf was edited since the start: a restart would change two things; refused by name, begun once it is taken back."""
    with Scene() as s:
        m = secondary(s)
        s.fleet.start()
        with open(m.conf) as f:
            before = f.read()
        write_whole(m.conf, before.replace("cacheSizeGB: 0.25", "cacheSizeGB: 0.3"))
        r = s.rotate(s.fleet.of(m))
        s.checks.that("asked there it is refused by name", r.status == 2 and m.conf in r.text().replace("\n", "").replace(" ", ""), r.text()[-300:])
        s.says(s.fleet.of(m), "(?s)Pending.*mongod.conf", verbs=("status",))
        other = s.fleet.of(others(s, m)[0])
        wait_for("the others to hear of it", 60, lambda: "restart would change" in other.ctl("status", "--json").out, 0.3)
        r = s.rotate(other)
        s.told("rehearsal-failed")
        s.says(other, "all rehearsed: '%s': a restart would change more.*since mongod started" % re.escape(m.address), verbs=("explain",))
        print(r.text(), other.ctl("status").text(), other.ctl("explain").text(), sep="\n\n", flush=True)
        untouched(s)
        write_whole(m.conf, before)
        begins(s, "once it is taken back the rotation begins")
        return s.finish()


def small(s):
    """What rotad keeps of it all stays little."""
    for x in s.fleet.all:
        size = sum(os.path.getsize(os.path.join(d, f)) for d, _, files in os.walk(x.dir) for f in files)
        s.checks.that("rotad of %s keeps little" % x.name, size < 8 << 20, "%d KiB" % (size >> 10))


def mend_hook(r):
    r.config["instances"][0]["restart"].update(hook=HOOK, timeout="5m")
    r.write()
    r.reload()


@case
def hook_fails():
    """The hook exits 1 and does nothing: a debt, told with its age and cause, retried; the member runs on."""
    with Scene() as s:
        m = secondary(s)
        r = use_hook(s, m, "echo 'no such service' >&2\nexit 1\n")
        s.fleet.start()
        pid = m.pid()
        s.rotate()
        told = s.told("restart-failed", 120)
        s.checks.that("it tells what the hook said", told and "no such service" in told.json["what"], told and told.json["what"])
        s.says(r, "no such service")
        s.says(r, "(?i)owed since .*20")
        s.checks.that("the claim is given back", s.wait_claim(r, ""))
        s.checks.that("rotactl status wants attention", r.ctl("status").status == 1)
        r.ctl("resume")
        s.says(r, "Try 2")
        os.chmod(os.path.join(s.dir, "hook-" + m.name), 0o600)
        r.ctl("resume")
        s.says(r, "(?s)Try 3:.*may not execute")
        s.checks.that("nobody after it in the order was restarted, nor the member", m.pid() == pid and not s.restarts(s.world.primary()))
        mend_hook(r)
        r.ctl("resume")
        s.checks.that("once the hook is mended the rotation ends well", s.wait_rotated(400))
        s.checks.that("nothing is owed any more", not re.search("owed since", r.ctl("explain").text()))
        small(s)
        return s.finish()


@case
def hook_hangs():
    """The hook does not end: told as overdue, and as it may still act the turn is kept until a person says otherwise."""
    with Scene() as s:
        m = secondary(s)
        r = use_hook(s, m, "sleep 1000\n")
        r.config["instances"][0]["restart"]["timeout"] = "5s"
        r.write()
        s.fleet.start()
        pid = m.pid()
        s.rotate()
        s.told("restart-overdue", 120)
        s.says(r, r"(?s)did not end within 5(\.0)? s.*rotactl turn release")
        other = s.fleet.of(s.world.primary())
        s.says(other, re.escape(m.address) + ".*has the turn")
        r.ctl("resume")
        mend_hook(r)
        time.sleep(4)
        s.checks.that("neither time, nor a mended hook, nor resume gives it back", s.wait_claim(r, m.address, 1))
        s.checks.that("nobody took a turn meanwhile, and the member runs", m.pid() == pid and not s.restarts(s.world.primary()))
        released = r.ctl("turn", "release", "--yes")
        s.checks.that("a person releases it", released.status == 0, released.text())
        s.checks.that("then the rotation ends well", s.wait_rotated(400))
        small(s)
        return s.finish()


@case
def hook_shouts():
    """The hook prints a gigabyte: bounded, and the rotation goes on."""
    with Scene() as s:
        r = use_hook(s, secondary(s), "head -c 1000000000 /dev/zero | tr '\\0' x\nexec '@HOOK@' \"$@\"\n")
        s.fleet.start()
        s.rotate()
        s.checks.that("the rotation ends well", s.wait_rotated(400))
        with open("/proc/%d/status" % r.pid()) as f:
            peak = int(re.search(r"VmHWM:\s+(\d+)", f.read()).group(1)) >> 10
        s.checks.that("nor does its rotad hold it in memory", peak < 400, "%d MiB at most" % peak)
        small(s)
        return s.finish()


@case
def disk_full():
    """The keyfile's file system is full: the file in use stays whole, it is told, and once there is room the rotation ends."""
    own_mounts()
    small = {}

    def before(scene):
        m = scene.world.members[1]
        small["dir"] = os.path.join(scene.dir, "small")
        os.makedirs(small["dir"])
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k,mode=0700", "rotad-test", small["dir"]], check=True)
        m.keyfile = os.path.join(small["dir"], "keyfile")
        small["member"] = m

    with Scene(before=before) as s:
        m = small["member"]
        r = s.fleet.of(m)
        s.fleet.start()
        s.wait_ready()  # all have rehearsed: what comes now meets the write itself
        filler = os.path.join(small["dir"], "filler")
        fd = os.open(filler, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            while os.write(fd, b"x" * 512):
                pass
        except OSError:
            os.close(fd)
        with open(m.keyfile, "rb") as f:
            content = f.read()
        s.rotate()
        told = s.told("disk-full", 90)
        s.checks.that("it names the file and what to do", told and m.keyfile in told.json["what"] and "room" in told.json["you"], told and told.json["what"])
        s.says(r, "(?i)no space")
        seen = r.ctl("status")
        s.checks.that("rotactl status says that it fails", seen.status == 2, "" if seen.status == 2 else "exit %d: %s" % (seen.status, seen.text()))
        s.says(s.fleet.of(s.world.primary()), re.escape(m.address) + ".*")
        with open(m.keyfile, "rb") as f:
            s.checks.that("its keyfile is as it was", f.read() == content)
        s.checks.that("nothing is left beside it", sorted(os.listdir(small["dir"])) == ["filler", "keyfile"], os.listdir(small["dir"]))
        s.checks.that("nobody was restarted", not s.restarts())
        os.unlink(filler)
        s.checks.that("once there is room the rotation ends well", s.wait_rotated())
        return s.finish()


@case
def primary_changes():
    """The primary changes again and again in the middle of a rotation."""
    with Scene() as s:
        s.fleet.start()
        s.rotate()
        end, n = time.monotonic() + 240, 0
        while time.monotonic() < end and not s.is_rotated():
            time.sleep(7)
            try:
                s.world.step_down(seconds=5)
                n += 1
            except Exception as e:  # refused, as nobody can take over just now
                say("step-down: %s", str(e)[:80])
        s.checks.that("the rotation ends well, in spite of %d step-downs" % n, s.wait_rotated() and n >= 2)
        return s.finish()


@case
def clock():
    """One host's clock is a year ahead: nothing is renewed, retired or proposed by it, and it is told; once it is set back it goes on."""
    with Scene(certificates={"mode": "act", "authority": "house"}, authorities={"house": {"type": "manual"}}) as s:
        m = secondary(s)
        r = s.fleet.of(m)
        served = m.served()
        shift = os.path.join(s.dir, "clockshift.so")
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", shift, os.path.join(HERE, "lib", "clockshift.c")], check=True)
        ahead = os.path.join(s.dir, "ahead")
        write_whole(ahead, str(365 * 86400))
        r.env.update(LD_PRELOAD=shift, CLOCK_SHIFT_FILE=ahead)
        for x in s.fleet.all:
            x.start()
        s.told("clock-jumped", 60, wrong_clock=True)
        wait_for("the others to have heard of each other", 90, lambda: all(
            x["rotad"] for o in s.fleet.all if o is not r for x in o.status()["instances"][0]["members"] if x["host"] != m.address), 0.5)
        s.says(r, "(?s)clock.*ahead of the primary")
        asked = s.rotate(r)
        s.checks.that("a rotation asked for there is refused, with the reason", asked.status == 2 and "clock" in asked.text(), asked.text()[-200:])
        s.rotate(s.fleet.all[0])
        s.says(s.fleet.all[0], "(?s)waits: all rehearsed.*%s" % re.escape(m.address))
        time.sleep(5)
        s.checks.that("nothing is called expired", not s.events("certificate-.*"))
        s.checks.that("its certificate is as it was", m.served() == served)
        s.checks.that("it has made no key", all(s.keys(x) == [s.old_key] for x in s.world.members))
        s.checks.that("nobody was restarted", not s.restarts())
        write_whole(ahead, "0")
        s.checks.that("once its clock is set back the rotation goes on by itself and ends well", s.wait_rotated())
        return s.finish(wrong_clock=True)


@case
def foreign_stranger():
    """A stranger's key is written to a keyfile: critical within 5 s, held, and rotad writes nothing over it."""
    with Scene() as s:
        m = secondary(s)
        s.fleet.start()
        s.wait_ready()
        key = new_key()
        write_whole(m.keyfile, "# Ansible managed\n- %s\n" % key)
        at = time.monotonic()
        told = s.told("foreign-write|stranger-key", 15)
        s.checks.that("within 5 s", time.monotonic() - at < 6, "%.1f s" % (time.monotonic() - at))
        s.checks.that("critical, with who wrote it", told and told.json["severity"] == "critical" and "Ansible managed" in told.json["what"],
                      told and told.json["what"])
        s.says(s.fleet.of(m), "(?s)overwritten by something else.*DO NOT restart")
        s.says(s.fleet.of(s.world.primary()), "(?s)NO: the file of %s" % re.escape(m.address))
        s.checks.that("rotactl status fails: no restart is safe", s.fleet.of(m).ctl("status").status == 2)
        asked = s.rotate()
        s.says(s.fleet.all[0], "HELD")
        time.sleep(3)
        s.checks.that("nothing was written over it", keys_of(m.keyfile) == [key])
        s.checks.that("no rotation begins", not s.restarts() and all(s.keys(x) == [s.old_key] for x in others(s, m)), "exit %d" % asked.status)
        write_whole(m.keyfile, "- %s\n" % s.old_key)
        s.fleet.of(m).ctl("resume")
        if asked.status in (0, 75):
            s.checks.that("once a person has put it right and said so, the rotation ends well", s.wait_rotated())
        return s.finish()


@case
def foreign_older():
    """The key before is put back by configuration management: undone once; the second time rotad does not fight."""
    with Scene() as s:
        m = secondary(s)
        s.fleet.start()
        first = s.old_key
        s.rotate()
        s.checks.that("a first rotation", s.wait_rotated())
        new = s.keys(m)
        r = s.fleet.of(m)
        write_whole(m.keyfile, "- %s\n" % first)
        at = time.monotonic()
        wait_for("the wished file to be back", 15, lambda: s.keys(m) == new)
        s.checks.that("it is put back within 5 s", time.monotonic() - at < 6, "%.1f s" % (time.monotonic() - at))
        s.told("foreign-write", 15)
        s.says(r, "(?s)HELD.*held by %s" % re.escape(m.address))
        write_whole(m.keyfile, "- %s\n" % first)
        s.told("second-writer", 15)
        s.says(r, "(?s)overwritten by something else.*DO NOT restart")
        time.sleep(3)
        s.checks.that("the second time nothing is written", s.keys(m) == [first])
        write_whole(m.keyfile, "- %s\n" % new[0])
        return s.finish()


@case
def no_rotad():
    """One member's rotad is away: a rotation goes no further than is safe without it, and it is said who is missing."""
    with Scene() as s:
        m = secondary(s)
        s.fleet.start()
        other = s.fleet.of(others(s, m)[0])
        wait_for("all to be ready", 60, lambda: s.rotate(other, "--dry-run").status == 0, 0.3)
        s.fleet.of(m).stop()
        s.rotate(other)
        for x in others(s, m):
            s.says(s.fleet.of(x), "%s'? (goes first )?\\(its rotad was last heard [^)]*does it run" % re.escape(m.address), 120, verbs=("explain",))
        print(other.ctl("status").text(), other.ctl("explain").text(), sep="\n\n", flush=True)
        s.told("member-without-rotad", 120)
        s.checks.that("its member was not restarted", not s.restarts(m))
        s.checks.that("the old key is on every disk", all(s.old_key in s.keys(x) for x in s.world.members))
        s.fleet.of(m).start()
        s.checks.that("once it is back the rotation ends well", s.wait_rotated())
        return s.finish()


@case
def sigterm_storm():
    """SIGTERM, SIGHUP and SIGKILL at every rotad all the time."""
    import random
    with Scene() as s:
        s.fleet.start()
        s.rotate()
        rng = random.Random(1)
        end = time.monotonic() + 200
        while time.monotonic() < end and not s.is_rotated():
            time.sleep(1.5)
            r = rng.choice(s.fleet.all)
            if r.pid():
                try:
                    os.kill(r.pid(), rng.choice([signal.SIGTERM, signal.SIGHUP, signal.SIGHUP, signal.SIGKILL]))
                except OSError:
                    pass
        s.checks.that("the rotation ends well", s.wait_rotated())
        return s.finish()


if __name__ == "__main__":
    sys.exit(CASES.main())
