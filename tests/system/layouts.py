#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The four layouts of doc/guide.md on three real systemd hosts with a set made by other hands: the blocks of the guide alone, as a script,
from `dpkg -i` to a proven rotation, and the way back. Commands and questions are counted. Before anything is adopted rotad's mode
observe has written nothing and left no failed login; after leave mongod restarts with its files.

usage: layouts.py own|root|external|users..."""
import os
import re
import shlex
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, "lib"))
from bench import logs  # noqa: E402
from bench.cases import Cases  # noqa: E402
from bench.real_hosts import KEYFILE, TOP, HostScene  # noqa: E402
from bench.show import say, wait_for  # noqa: E402
from bench.world import keys_of  # noqa: E402
from pymongo.errors import OperationFailure  # noqa: E402

CASES = Cases()
LAYOUTS = ("own", "root", "external", "users")
PARTS = ("playbook", "approve", "leave")
KEYFILE2, PORT2, SOCKETS = "/etc/mongo2/keyfile", 27018, ("/run/rotad-mongodb/rotad.sock", "/run/rotad-mongo2/rotad.sock")
SOURCE = "/srv/ansible/keyfile"
# What mongod writes by itself.
OWN_NAMESPACES = re.compile(r"(config\.(system\.sessions|transactions|image_collection|system\.indexBuilds|\$cmd)|admin\.system\.keys|)$")


def guide():
    """The blocks in order: (where, layouts, part, lines)."""
    with open(os.path.join(TOP, "doc", "guide.md")) as f:
        text = f.read()
    blocks = []
    for words, body in re.findall(r"^```sh (.*)\n((?:.*\n)*?)```$", text, re.M):
        where, *more = words.split()
        wrong = [w for w in more if w not in LAYOUTS + PARTS]
        if where not in ("each", "once") or wrong:
            raise SystemExit("doc/guide.md: no such block: %s" % words)
        lines = [re.sub(r"\s+# .*", "", x) for x in body.split("\n") if x.strip()]
        blocks.append((where, [w for w in more if w in LAYOUTS] or list(LAYOUTS), [w for w in more if w in PARTS], lines))
    return blocks


class Guide:
    """Runs blocks as a person does: on a terminal, answering y to each question."""

    def __init__(self, s, layout):
        self.s, self.layout, self.commands, self.questions, self.said = s, layout, 0, 0, []

    def blocks(self, part=None):
        return [(w, lines) for w, layouts, parts, lines in guide() if self.layout in layouts and (part in parts if part else not parts)]

    def line(self, m, line, count=True):
        """One line of the guide on a host; gives exit status and what it printed."""
        line = line.replace("sudo ", "").replace("rotad.deb", "/root/rotad.deb").replace("$SOURCE", SOURCE)
        r = m.on.run("sh", "-c", "printf 'y\\ny\\n' | script -qec %s /dev/null" % shlex.quote(line), check=False, timeout=900)
        text = r.stdout.decode("utf-8", "replace").replace("\r", "")
        if count:
            self.commands += 1
            self.questions += text.count("[y/N]")
            say("    %s$ %s  (exit %d)", m.name, line, r.returncode)
            if r.returncode:
                print("".join("          | %s\n" % x for x in text.split("\n")[:24] if x not in ("y", "")), end="", flush=True)
        self.said.append((m.name, line, r.returncode, text))
        return r.returncode, text

    def run(self, blocks, may_fail=()):
        for where, lines in blocks:
            for m in self.s.world.members if where == "each" else self.s.world.members[:1]:
                for line in lines:
                    status, text = self.line(m, line)
                    # 1: a person should look. What only looks may say that something is wrong: it is.
                    bad = status > 1 and not any(w in line for w in may_fail)
                    if bad:
                        self.s.checks.that("%s: %s" % (m.name, line), False, "exit %d: %s" % (status, text[-1500:]))


def send(m, path, to):
    with open(path, "rb") as f:
        m.on.run("sh", "-c", "cat > " + to, stdin=f)


def observed(s, g):
    """Mode observe: nothing is written outside its state directory, no refused login, no entry of ours in the oplog."""
    c = s.checks
    since = time.time()
    with s.host(0).client(key=s.world.key) as client:
        last = client.local["oplog.rs"].find_one(sort=[("$natural", -1)])["ts"]
    for m in s.world.members:
        m.sh("touch -d '1 second ago' /run/mark")
    time.sleep(25)
    own = re.compile(r"/(proc|sys|dev|run|tmp)/|/var/lib/(rotad[^/]*|mongodb|mongo2|dpkg|systemd)/|/var/log/")
    for m in s.world.members:
        changed = [p for p in m.sh("find / -xdev \\( -newermm /run/mark -o -newercm /run/mark \\) -not -type d 2>/dev/null", check=False).split("\n")
                   if p and not own.match(p)]
        c.that("%s: observe wrote nothing outside its state directory" % m.name, not changed, changed[:5])
        failed = [e for e in logs.entries(m.file("/var/log/mongodb/mongod.log"), since) if e.get("id") in logs.FAILED_LOGINS]
        c.that("%s: observe left no failed login" % m.name, not failed, failed[:1])
    with s.host(0).client(key=s.world.key) as client:
        names = client.admin.list_collection_names()
        entries = [e for e in client.local["oplog.rs"].find({"ts": {"$gt": last}, "op": {"$ne": "n"}}) if not OWN_NAMESPACES.match(e["ns"])]
        c.that("observe left no entry in the oplog", not entries, [(e["op"], e["ns"]) for e in entries[:3]])
        c.that("observe made no ledger", not [n for n in names if n.startswith("rotad")], names)
    units = "rotad@mongodb rotad@mongo2" if g.layout == "users" else "rotad"
    c.that("rotad looked all the while", all(set(m.sh("systemctl is-active " + units, check=False).split()) == {"active"} for m in s.world.members))


def files_of(m):
    return m.sh("for f in %s /etc/mongodb/member.pem %s; do [ ! -e $f ] || stat -c '%%n %%F %%U:%%G %%a' $f; done" % (KEYFILE, KEYFILE2))


def rehearsed(s, sockets):
    """Has each rotad of every host spoken, and rehearsed its part?"""
    for socket in sockets:
        for m in s.world.members:
            m.socket = socket
            if not all(x["rotad"] and x["rotad"]["rehearsed"] for x in m.status()["members"]):
                return False
    return True


def is_second_rotated(s):
    """The set of the other user: one new key in every file, which every process takes, and the old one by none."""
    kept = {m.sh("cat " + KEYFILE2) for m in s.world.members}
    new = keys_of_text(kept.pop()) if len(kept) == 1 else []
    if len(new) != 1 or new[0] == s.world.key:
        return False
    for m in s.world.members:
        for key, should in ((new[0], True), (s.world.key, False)):
            with m.client(key=key, port=PORT2) as c:
                try:
                    c.admin.command("ping")
                    takes = True
                except OperationFailure as e:
                    if e.code != 18:
                        raise
                    takes = False
            if takes != should:
                return False
    return True


def keys_of_text(text):
    with tempfile.NamedTemporaryFile("w") as f:
        f.write(text)
        f.flush()
        return keys_of(f.name)


def restart_all(s):
    """One after the other, as anyone may."""
    for m in s.world.members:
        m.sh("systemctl restart mongod; [ ! -e %s ] || systemctl restart mongod2" % KEYFILE2)
        s.world.wait_healthy(120)


def go(layout, prepare, keeper=None, begin=None):
    with HostScene(3, install=False, writer=False, configured=False) as s:
        g, c = Guide(s, layout), s.checks
        for m in s.world.members:
            prepare(s, m)
            send(m, s.deb, "/root/rotad.deb")
        s.world.wait_healthy(120)
        if begin:
            begin(s)
        before = {m.name: files_of(m) for m in s.world.members}
        blocks, looks = g.blocks(), ("doctor", "verify", "status", "--dry-run")
        at = next(i for i, (_, lines) in enumerate(blocks) if any("adopt" in x for x in lines))
        # What comes before the look is the install.
        first = next((i for i, (_, lines) in enumerate(blocks[:at]) if any("doctor" in x for x in lines)), at)
        g.run(blocks[:first])
        if layout == "users":
            for m in s.world.members:
                m.socket = SOCKETS[0]
        wait_for("a first round everywhere", 120, lambda: all("members" in m.ctl("status").text() for m in s.world.members), 1)
        observed(s, g)
        g.run(blocks[first:at], looks)
        then = next(i for i, (_, lines) in enumerate(blocks) if any("rotate keyfile" in x and "dry-run" not in x for x in lines))
        g.run(blocks[at:then], looks)
        wait_for("every rotad's rehearsal", 300, lambda: rehearsed(s, SOCKETS[::-1] if layout == "users" else (None,)), 1)
        s.old_key = s.host(0).keys()[0]
        if keeper:
            keeper(s, g, blocks[then:], looks)
        else:
            g.run(blocks[then:], looks)
        s.wait_rotated("%s: the rotation is proven" % layout, 300)
        if layout == "users":
            c.that("users: the rotation of the other user's set is proven", is_second_rotated(s))
        after = {m.name: files_of(m) for m in s.world.members}
        if layout in ("root", "users"):
            c.that("the paths of mongod.conf are links", all(x.count("symbolic link") >= 2 for x in after.values()))
        restart_all(s)
        c.that("any member may be restarted", s.world.wait_healthy(60))
        say("%s: %d commands and %d questions, on three hosts", layout, g.commands, g.questions)
        new_key = s.host(0).keys()[0]
        g.run(g.blocks("leave"))
        left = {m.name: files_of(m) for m in s.world.members}
        c.that("after leave the files are as they were", left == before, "" if left == before else "%s, before %s" % (left, before))
        c.that("with the bytes of today", all(m.keys() == [new_key] for m in s.world.members))
        c.that("nothing of adopt is left", not any(m.sh("ls /var/lib/mongodb-keys /etc/systemd/system/rotad*.d /etc/polkit-1/rules.d/51* 2>/dev/null", check=False)
                                                   for m in s.world.members))
        restart_all(s)
        c.that("after leave mongod restarts with its files", all(m.accepts(new_key) for m in s.world.members))
        if c.status():
            for said in g.said:
                print("%s$ %s (%d)\n%s" % said, flush=True)
        return s.finish()


@CASES.case
def own():
    """The directory of the files is mongod's user's."""
    return go("own", lambda s, m: None)


@CASES.case
def root():
    """A directory that is root's, a PEM 0640 root:ssl-cert."""
    def prepare(s, m):
        m.sh("getent group ssl-cert || groupadd -r ssl-cert; usermod -aG ssl-cert mongodb; chown root:root /etc/mongodb; chmod 755 /etc/mongodb; "
             "chown root:ssl-cert /etc/mongodb/member.pem; chmod 640 /etc/mongodb/member.pem; chmod 400 %s; systemctl restart mongod" % KEYFILE)
    return go("root", prepare)


@CASES.case
def external():
    """Configuration management writes the keyfile, and rewrites it every few seconds."""
    def prepare(s, m):
        m.sh("mkdir -p -m 700 /srv/ansible; { echo '# Ansible managed'; cat %s; } > %s; install -o mongodb -g mongodb -m 400 %s %s.n; mv %s.n %s; "
             "chown root:root /etc/mongodb; chmod 755 /etc/mongodb" % (KEYFILE, SOURCE, SOURCE, KEYFILE, KEYFILE, KEYFILE))
        m.sh("systemd-run --unit=ansible-pull sh -c 'while sleep 2; do cmp -s %s %s || { install -o mongodb -g mongodb -m 400 %s %s.n && mv %s.n %s; }; done'"
             % (SOURCE, KEYFILE, SOURCE, KEYFILE, KEYFILE, KEYFILE))

    def keeper(s, g, blocks, looks):
        order = next(i for i, (_, lines) in enumerate(blocks) if any("rotate keyfile" in x for x in lines))
        g.run(blocks[:order + 1], looks)
        play = [line for _, lines in g.blocks("playbook") for line in lines]
        approve = [line for _, lines in g.blocks("approve") for line in lines]
        approved, handed = set(), 0
        deadline = time.monotonic() + 600
        while not s.is_rotated():
            if time.monotonic() > deadline:
                for m in s.world.members:
                    print(m.name, m.ctl("status").text(), m.ctl("explain").text(), flush=True)
                raise TimeoutError("the rotation with another writer")
            for m in s.world.members:
                before = m.sh("sha256sum < " + SOURCE)
                for line in play:
                    g.line(m, line, False)
                if m.sh("sha256sum < " + SOURCE) != before:
                    handed += 1
                    g.commands += len(play)
                    say("    %s: the play wrote a keyfile", m.name)
                if m.name not in approved and "approve --generation" in m.ctl("explain").text():
                    approved.add(m.name)
                    for line in approve:
                        g.line(m, line)
            time.sleep(2)
        s.checks.that("each host was handed two keyfiles", handed == 2 * len(s.world.members), handed)
        s.checks.that("each host's yea was approved by a person", len(approved) == len(s.world.members))
        g.run(blocks[order + 1:], looks)
    return go("external", prepare, keeper)


@CASES.case
def users():
    """On each host a second mongod of another user, of a set of its own."""
    def prepare(s, m):
        m.sh("useradd -r -d /var/lib/mongo2 -s /usr/sbin/nologin mongo2; mkdir -p /etc/mongo2; install -d -o mongo2 -g mongo2 /var/lib/mongo2; "
             "for f in keyfile member.pem ca.pem; do install -o mongo2 -g mongo2 -m 400 /etc/mongodb/$f /etc/mongo2/$f; done; "
             "sed -e 's|/var/lib/mongodb|/var/lib/mongo2|; s|/var/log/mongodb|/var/lib/mongo2|; s|/etc/mongodb/|/etc/mongo2/|; s|27017|%d|; s|rs0|rs1|' "
             "/etc/mongod.conf > /etc/mongod2.conf; "
             "sed -e 's|mongodb$|mongo2|; s|/etc/mongod.conf|/etc/mongod2.conf|' /etc/systemd/system/mongod.service > /etc/systemd/system/mongod2.service; "
             "chown root:root /etc/mongodb; chmod 755 /etc/mongodb; systemctl daemon-reload; systemctl enable --now mongod2; systemctl is-active mongod2" % PORT2)

    def begin(s):
        members = [{"_id": i, "host": "%s:%d" % (m.name, PORT2)} for i, m in enumerate(s.world.members)]
        for m in s.world.members:
            with m.client(key=s.world.key, port=PORT2) as c:
                wait_for("the other mongod of " + m.name, 60, lambda: c.admin.command("ping"), 1)
        with s.host(0).client(key=s.world.key, port=PORT2) as c:
            c.admin.command("replSetInitiate", {"_id": "rs1", "members": members})
            wait_for("the other set", 90, lambda: sorted(x["stateStr"] for x in c.admin.command("replSetGetStatus")["members"]) == ["PRIMARY", "SECONDARY", "SECONDARY"], 1)
    return go("users", prepare, begin=begin)


sys.exit(CASES.main())
