#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The Debian package on real systemd hosts: what installing, upgrading and purging it does, alone and in the middle of a rotation.

usage: package.py CASE...
$ROTAD_DEB is the package in place of that of make deb; upgrade: $ROTAD_DEB_LATER in place of the same one by a later version."""
import glob
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, "lib"))
from bench.cases import Cases  # noqa: E402
from bench.real_hosts import WAYS, BUILD, KEYFILE, HostScene, package  # noqa: E402
from bench.rotads import yaml  # noqa: E402
from bench.show import Checks, say, wait_for  # noqa: E402

CASES = Cases()
case = CASES.case


def newer(deb, folder):
    """The same package by a later version."""
    root, out = os.path.join(folder, "root"), os.path.join(folder, "rotad_later.deb")
    subprocess.run(["dpkg-deb", "-R", deb, root], check=True)
    control = os.path.join(root, "DEBIAN", "control")
    with open(control) as f:
        text = f.read()
    with open(control, "w") as f:
        f.write(re.sub(r"^Version: (.*)$", r"Version: \1+later", text, flags=re.M))
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", root, out], check=True, stdout=subprocess.DEVNULL)
    shutil.rmtree(root)
    return out


def send(m, path, to):
    with open(path, "rb") as f:
        m.on.run("sh", "-c", "cat > " + to, stdin=f)


def digest(m, path):
    with open(m.file(path), "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


@case
def build():
    """make deb twice, lintian without a word (make deb wants that), the same bytes."""
    checks, sums = Checks(), []
    for _ in range(2):
        subprocess.run(["make", "-C", BUILD, "deb", "DEB_BUILD_OPTIONS=nocheck"], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        sums.append([hashlib.sha256(open(p, "rb").read()).hexdigest() for p in sorted(glob.glob(os.path.join(BUILD, "deb", "rotad*.deb")))])
        time.sleep(1.1)
    checks.that("two builds are the same bytes", sums[0] and sums[0] == sums[1], sums)
    checks.print()
    return checks.status()


@case
def rpm():
    """make rpm twice: the same bytes, and in it what the Debian package has, for Red Hat's user of mongod."""
    checks, sums = Checks(), []
    for _ in range(2):
        subprocess.run(["make", "-C", BUILD, "rpm", "RPM_CHECK=no"], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        path, = glob.glob(os.path.join(BUILD, "rpm", "rotad-*.rpm"))
        sums.append(hashlib.sha256(open(path, "rb").read()).hexdigest())
        time.sleep(1.1)

    def query(*words):
        return subprocess.run(["rpm", "-qp", *words, path], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    checks.that("two builds are the same bytes", sums[0] == sums[1], sums)
    files = set(query("-l").split("\n"))
    wanted = {"/usr/sbin/rotad", "/usr/bin/rotactl", "/usr/libexec/rotad/rotad-mongo", "/usr/libexec/rotad/rotad-net", "/usr/libexec/rotad/rotad-sim",
              "/usr/lib/sysusers.d/rotad.conf", "/etc/rotad", "/etc/polkit-1/rules.d/50-rotad.rules", "/usr/share/man/man8/rotad.8"} | \
        {"/usr/lib/systemd/system/" + u for u in ("rotad.service", "rotad@.service", "rotad.socket", "rotad@.socket", "rotad-restart@.path", "rotad-restart@.service",
                                              "rotad-metrics.service", "rotad-metrics@.service", "rotad-metrics.timer", "rotad-metrics@.timer")}
    checks.that("what is to be in it is in it", wanted <= files, sorted(wanted - files))
    checks.that("polkit's rule is a file of the host's, and no configuration is there", query("-c").split() == ["/etc/polkit-1/rules.d/50-rotad.rules"], query("-c"))
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run("rpm2cpio '%s' | cpio -idm --quiet" % path, shell=True, check=True, cwd=folder)
        texts = {f: open(folder + f).read() for f in ("/usr/lib/systemd/system/rotad.service", "/usr/lib/systemd/system/rotad.socket", "/etc/polkit-1/rules.d/50-rotad.rules")}
    checks.that("unit, socket and rule are for the user mongod", "\nUser=mongod\n" in texts["/usr/lib/systemd/system/rotad.service"] and
                "\nSocketUser=mongod\n" in texts["/usr/lib/systemd/system/rotad.socket"] and
                'var user = "mongod";' in texts["/etc/polkit-1/rules.d/50-rotad.rules"])
    checks.print()
    return checks.status()


@case
def rpm_installed():
    """The rpm on three hosts, by rpm's own tool (Debian's: no Red Hat host is here), where mongod's user is called mongod as well: nothing
    is started; in the middle of a turn it is put anew over itself; erased, mongod and what people wrote stay."""
    path, = glob.glob(os.path.join(BUILD, "rpm", "rotad-*.rpm")) or [None]
    if not path:
        subprocess.run(["make", "-C", BUILD, "rpm", "RPM_CHECK=no"], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        path, = glob.glob(os.path.join(BUILD, "rpm", "rotad-*.rpm"))
    rule = "/etc/polkit-1/rules.d/50-rotad.rules"
    with HostScene(3, install=False, include="polkitd,rpm", configured=False) as s:
        c = s.checks
        for i, m in enumerate(s.world.members):
            m.sh("groupadd -o -g $(id -g mongodb) mongod; useradd -o -u $(id -u mongodb) -g mongod -M mongod")
            send(m, path, "/root/rotad.rpm")
            said = m.sh("rpm -i --nodeps --force-debian /root/rotad.rpm 2>&1")
            c.that("%s: installed without a word" % m.name, not said, said)
            c.that("... nothing runs, nothing is enabled", not m.sh("pgrep -l rotad", check=False) and
                   m.sh("systemctl is-enabled rotad rotad-metrics.timer", check=False).split() == ["disabled"] * 2)
            # By its number the user is called mongodb here.
            m.sh("sed -i 's/var user = \"mongod\";/var user = \"mongodb\"; \\/\\/ a word of this host/' %s; systemctl restart polkit 2>/dev/null || true" % rule)
            s.configure(m, WAYS[i % len(WAYS)], start=False)
            m.sh("systemctl enable --now rotad")
        c.that("the groups are there", m.sh("getent group rotad-read rotad-operate | sed 's/:.*:/:/'") == "rotad-read:\nrotad-operate:")
        c.that("it runs as mongod's user", m.sh("stat -c %u /proc/$(pidof -s rotad)") == m.sh("id -u mongod"))
        s.wait_ready()
        m = s.begin()
        conf, was = digest(m, "/etc/rotad/rotad.yaml"), m.sh("pidof rotad")
        said = m.sh("rpm -U --nodeps --force-debian --replacepkgs /root/rotad.rpm 2>&1")
        wait_for("another rotad", 60, lambda: m.sh("pidof rotad", check=False) not in ("", was), 0.2)
        c.that("put anew in the turn of %s, another rotad goes on" % m.name, True, said)
        c.that("configuration and polkit's rule stay", digest(m, "/etc/rotad/rotad.yaml") == conf and "a word of this host" in m.sh("cat " + rule))
        s.wait_rotated("the rotation ends")
        s.held("rpm")
        before, files = m.mongod(), m.sh("sha256sum /etc/mongodb/* /etc/mongod.conf /etc/rotad/rotad.yaml")
        said = m.sh("rpm -e --force-debian rotad 2>&1")
        c.that("erased, no rotad runs and none would", not m.sh("pgrep -l rotad; ls /usr/sbin/rotad /usr/lib/systemd/system/rotad* 2>/dev/null", check=False), said)
        c.that("mongod was not touched, nor what people wrote", m.mongod() == before and files == m.sh("sha256sum /etc/mongodb/* /etc/mongod.conf /etc/rotad/rotad.yaml"))
        m.sh("systemctl restart mongod")
        c.that("mongod restarts", s.world.wait_healthy(60))
        return s.finish()


@case
def install():
    """Installed, nothing runs and nothing is enabled; without a configuration it does not start; purged, nothing is left."""
    with HostScene(1, install=False, writer=False, configured=False) as s:
        m, c = s.host(0), s.checks
        m.sh("mkdir -p /var/lib/prometheus/node-exporter")
        before, files = m.mongod(), m.sh("find /etc /var/lib /usr /lib -xdev | sort")
        send(m, s.deb, "/root/rotad.deb")
        m.sh("dpkg -i /root/rotad.deb")
        c.that("nothing runs", not m.sh("pgrep -l rotad", check=False))
        c.that("nothing is enabled", m.sh("systemctl is-enabled rotad 'rotad@x' rotad-restart@x.path rotad-metrics.timer rotad-metrics@x.timer",
                                              check=False).split() == ["disabled"] * 5)
        said = m.sh("systemctl start rotad 2>&1; systemctl is-active rotad", check=False)
        c.that("started without a configuration it says why", "ssert" in said and "inactive" in said, said)
        c.that("there is no configuration", not os.path.exists(m.file("/etc/rotad/rotad.yaml")))
        c.that("man pages", m.sh("ls /usr/share/man/man*/rota* | wc -l") == "3")
        c.that("systemd takes the units", not m.sh("systemd-analyze verify --man=no rotad.service rotad@mongodb.service rotad.socket rotad@mongodb.socket rotad-restart@mongod.path "
                                                    "rotad-metrics.timer rotad-metrics@mongodb.timer 2>&1", check=False))
        c.that("the groups are there, and nobody in them", m.sh("getent group rotad-read rotad-operate | sed 's/:.*:/:/'") == "rotad-read:\nrotad-operate:")
        m.sh("systemctl enable --now rotad-metrics.timer; systemctl start rotad-metrics.service")
        told = m.sh("cat /var/lib/prometheus/node-exporter/rotad.prom")
        c.that("rotad-metrics.timer tells that it does not run", told.endswith('rotad_up{socket="/run/rotad/rotad.sock"} 0'), told)
        m.sh("dpkg --purge rotad; systemctl daemon-reload")
        c.that("purged, no timer is left", not m.sh("systemctl list-timers --no-legend --all 'rotad*'"))
        left = set(m.sh("find /etc /var/lib /usr /lib -xdev | sort").split("\n")) - set(files.split("\n"))
        left = {f for f in left if not f.startswith(("/var/lib/systemd", "/var/lib/mongodb", "/var/lib/dpkg", "/var/lib/rotad-test", "/usr/lib/x86_64", "/usr/share"))}
        c.that("purged, nothing is left", not left, sorted(left))
        c.that("mongod was not touched", m.mongod() == before)
        return s.finish()


@case
def people():
    """Who may ask and who may order, by the groups of the package; the socket with rotad.socket and without; nothing but systemctl starts
    rotad, and what mongod's user shares stays when it is stopped."""
    with HostScene(1, writer=False) as s:
        m, c = s.host(0), s.checks
        m.sh("useradd -G rotad-read alice; useradd -G rotad-read,rotad-operate bob; useradd carol; useradd -G mongodb dora")

        def by(user, *words):
            r = m.on.run("runuser", "-u", user, "--", "rotactl", *words, check=False)
            return r.returncode, " ".join((r.stdout + r.stderr).decode("utf-8", "replace").split())
        wait_for("rotad to answer", 60, lambda: m.ctl("status").status in (0, 1), 1)
        wait_for("the ledger", 120, lambda: "joins" not in m.ctl("explain").text() and m.ctl("pause", "--reason", "x").status == 0, 2)
        m.ctl("resume", "--reason", "x")
        c.that("the socket is of rotad-read", m.sh("stat -c %U:%G:%a /run/rotad.sock /run/rotad /run") == "mongodb:rotad-read:660\nmongodb:mongodb:755\nroot:root:755",
               m.sh("stat -c '%n %U:%G:%a' /run/rotad.sock /run/rotad /run"))
        c.that("... and nothing of root's in the folder of mongod's user", not m.sh("find /run/rotad -mindepth 1 ! -user mongodb; find /run/rotad -name '*.sock'"))
        got = by("alice", "status")
        c.that("rotad-read looks", got[0] in (0, 1), got[1][:200])
        got = by("alice", "pause", "--reason", "mine")
        c.that("... and does not order, by name of the group that may", got[0] == 2 and "rotad-operate" in got[1], got[1][:200])
        got = by("bob", "pause", "--reason", "bob's")
        c.that("rotad-operate orders", got[0] == 0, got[1][:200])
        c.that("... and the history tells who", "bob" in m.ctl("history").text(), m.ctl("history").text()[-400:])
        c.that("... and goes on", by("bob", "resume", "--reason", "over")[0] == 0)
        got = by("bob", "trust", "confirm", "h1", "--reason", "x", "--fingerprint", "0123456789abcdef")
        c.that("... and does not decide who gets keys", got[0] == 2 and "who gets keys" in got[1], got[1][:200])
        m.sh("mkdir -p /var/lib/prometheus/node-exporter; systemctl start rotad-metrics.service")
        told = m.sh("stat -c %U:%a /var/lib/prometheus/node-exporter/rotad.prom; grep -c '^rotad_up.* 1$\\|^rotad_ready_to_rotate' /var/lib/prometheus/node-exporter/rotad.prom")
        c.that("rotad-metrics writes its file under its unit", told == "root:644\n2", told)
        got = by("alice", "metrics")
        c.that("... and whoever looks may see the same", got[0] == 0 and "rotad_ready_to_rotate" in got[1], got[1][:200])
        got = by("carol", "status")
        c.that("nobody else looks", got[0] == 3 and "rotad-read" in got[1], got[1][:200])
        c.that("mongod's own user orders", by("mongodb", "pause", "--reason", "x")[0] == 0 and by("mongodb", "resume", "--reason", "x")[0] == 0)
        m.sh("runuser -u mongodb -- ipcmk -M 64; systemctl restart rotad")
        c.that("asked while it restarts, it answers", m.ctl("status").status in (0, 1))
        c.that("the socket is as before", m.sh("stat -c %U:%G /run/rotad.sock") == "mongodb:rotad-read")
        m.sh("systemctl stop rotad")
        c.that("stopped, what its user shares with mongod stays", "mongodb" in m.sh("ipcs -m"))
        got = m.ctl("status")
        c.that("who asks does not start it", got.status == 3 and "does not run" in got.text() and
               m.sh("systemctl is-active rotad rotad.socket; ls /run/rotad.sock 2>/dev/null", check=False).split() == ["inactive"] * 2, got.text())
        m.sh("systemctl mask rotad.socket; systemctl start rotad")
        c.that("without rotad.socket it makes its own, for mongod's group", m.sh("stat -c %U:%G:%a /run/rotad/rotad.sock") == "mongodb:mongodb:660")
        c.that("... whose members look and do not order", by("dora", "status")[0] in (0, 1) and by("dora", "pause", "--reason", "x")[0] == 2)
        m.sh("systemctl stop rotad; systemctl unmask rotad.socket; groupdel rotad-operate; groupdel -f rotad-read; systemctl start rotad")
        c.that("... as without the groups", m.sh("stat -c %U:%G:%a /run/rotad/rotad.sock") == "mongodb:mongodb:660")
        return s.finish()


@case
def purge():
    """Purged on one host of three in the middle of a rotation: mongod there keeps its files, runs and restarts, rotad's own secrets are
    gone, the others wait by name; installed again and confirmed, the rotation ends."""
    with HostScene(3) as s:
        c, m = s.checks, s.host(1)
        s.wait_ready()
        s.begin()
        wait_for("two keys on every host", 60, lambda: all(len(o.keys()) == 2 for o in s.world.members), 0.1)
        conf, identity = m.sh("cat /etc/rotad/rotad.yaml"), m.sh("cat /var/lib/rotad/rs0/identity.pem")
        say("    before: %s", m.sh("find / -xdev -name '*.rotad-previous'"))
        was = {f: digest(m, f) for f in (KEYFILE, "/etc/mongodb/member.pem", "/etc/mongodb/ca.pem", "/etc/mongod.conf")}
        start = time.monotonic()
        said = m.sh("dpkg --purge rotad 2>&1")
        say("    %.1f s: %s", time.monotonic() - start, said)
        c.that("the live files are as they were", was == {f: digest(m, f) for f in was} or len(m.keys()) == 2)
        c.that("nothing of rotad's is left in its state directory", not os.path.exists(m.file("/var/lib/rotad")), m.sh("find /var/lib/rotad", check=False))
        left = m.sh("grep -rlsF '%s' /var/lib/rotad /etc/rotad /run /tmp 2>/dev/null" % identity.split("\n")[2], check=False)
        kept = m.sh("find / -xdev -name '*.rotad-previous'")
        c.that("no copy of an older key is left", not kept, kept)
        c.that("its private keys are nowhere", not left, left)
        c.that("no rotad runs", not m.sh("pgrep -l rotad", check=False))
        m.sh("pgrep -x mongod || systemctl start mongod")
        m.sh("systemctl restart mongod")
        c.that("mongod restarts", s.world.wait_healthy(60))
        time.sleep(20)
        for o in (s.host(0), s.host(2)):
            say("    %s: %s", o.name, s.says(o))
        c.that("the others wait by its name", all(m.name in o.ctl("status").text() for o in (s.host(0), s.host(2))))
        send(m, s.deb, "/root/rotad.deb")
        m.sh("dpkg -i /root/rotad.deb")
        m.put("/etc/rotad/rotad.yaml", conf)
        m.put("/etc/rotad/webhook.secret", s.secret + "\n", 0o600, "mongodb")
        m.sh("systemctl daemon-reload; systemctl enable --now rotad; systemctl enable --now rotad-restart@mongod.path")
        time.sleep(15)
        for o in (s.host(0), s.host(2)):
            listed = o.ctl("trust", "list").text()
            print_of = re.search(r"(\S+) +([0-9a-f]{16}) .*DIFFERS", listed)
            say("    %s: %s", o.name, " ".join(listed.split())[:200])
            done = o.ctl("trust", "confirm", m.name, "--reason", "installed again", "--fingerprint", print_of.group(2)) if print_of else None
            c.that("its new identity is confirmed on " + o.name, done and "is admitted" in done.text(), done and " ".join(done.text().split()))
        # The one before had not voted, and never will: the rotation is given up, as trust confirm says, and the next one has a voice of all.
        time.sleep(15)
        o = s.host(0)
        c.that("rotactl abort", o.ctl("abort", "--yes", "--reason", "a member's rotad was purged").status in (0, 1))
        time.sleep(20)
        if s.turn() is m:  # purged while it acted: nobody else can know that nothing of it acts any more
            say("    %s", " ".join(m.ctl("turn", "release", "--yes").text().split()))
        wait_for("the end of the rotation that nobody can end", 180, lambda: all(
            x.keys() == [s.old_key] and "Keyfile rotation" not in x.ctl("status").text() for x in s.world.members), 1)
        s.wait_ready(180)
        s.begin()
        s.wait_rotated("installed again and confirmed, the next rotation ends")
        s.held("purge")
        return s.finish()


@case
def upgrade():
    """One host of three is upgraded in the middle of its own turn: its restart is seen to its end, the new rotad goes on, the configuration
    and what was changed of polkit's rule stay."""
    with HostScene(3) as s, tempfile.TemporaryDirectory() as folder:
        c = s.checks
        later = newer(os.environ.get("ROTAD_DEB_LATER") or s.deb, folder)
        for m in s.world.members:
            send(m, later, "/root/later.deb")
            m.sh("echo '// a word of this host' >> /etc/polkit-1/rules.d/50-rotad.rules")
        s.wait_ready()
        m = s.begin()
        conf, was = digest(m, "/etc/rotad/rotad.yaml"), m.sh("dpkg-query -W -f '${Version}' rotad")
        start = time.monotonic()
        m.sh("DEBIAN_FRONTEND=noninteractive dpkg -i --force-confdef --force-confold /root/later.deb 2>&1")
        now = m.sh("dpkg-query -W -f '${Version}' rotad")
        c.that("upgraded in the turn of %s" % m.name, now != was, "%s to %s in %.1f s" % (was, now, time.monotonic() - start))
        c.that("the new program runs", m.sh("systemctl is-active rotad; test \"$(readlink /proc/$(pidof -s rotad)/exe)\" = /usr/sbin/rotad && echo new", check=False) == "active\nnew")
        c.that("configuration and conffile stay", digest(m, "/etc/rotad/rotad.yaml") == conf and "a word of this host" in m.sh("cat /etc/polkit-1/rules.d/50-rotad.rules"))
        s.wait_rotated("the rotation ends, with two versions")
        for o in s.world.members:
            o.sh("DEBIAN_FRONTEND=noninteractive dpkg -i --force-confold /root/later.deb 2>&1")
        asked = [o.sh("stat -c %U:%G /run/rotad.sock") for o in s.world.members]
        c.that("the socket is of rotad-read everywhere", asked == ["mongodb:rotad-read"] * 3, asked)
        s.wait_ready()
        s.held("upgrade")
        return s.finish()


@case
def users():
    """rotad@USER.service, with a job restart of its own, through a rotation; and a mongod that a hook started inside rotad.service is told."""
    with HostScene(3) as s:
        c, m = s.checks, s.host(1)
        m.sh("systemctl disable --now rotad rotad-restart@mongod.path")
        text = m.sh("cat /etc/rotad/rotad.yaml")
        m.put("/etc/rotad/mongodb.yaml", text + "\nstateDirectory: /var/lib/rotad-mongodb\nsocket: /run/rotad-mongodb/rotad.sock\n")
        m.sh("mv /var/lib/rotad /var/lib/rotad-mongodb")  # the same identity
        m.put("/etc/systemd/system/rotad@.service.d/files.conf", "[Service]\nReadWritePaths=/etc/mongodb\n")
        m.put("/etc/systemd/system/rotad-restart@mongod.path.d/own.conf", "[Path]\nPathExists=\nPathExists=/run/rotad-mongodb/restart-%i\n")
        m.put("/etc/systemd/system/rotad-restart@mongod.service.d/own.conf",
              "[Service]\nExecStartPre=\nExecStartPre=rm /run/rotad-mongodb/restart-%i\nReadWritePaths=-/run/rotad-mongodb\n")
        m.sh("systemctl daemon-reload; systemctl enable --now rotad@mongodb rotad-restart@mongod.path; printf 'ROTAD_SOCKET=/run/rotad-mongodb/rotad.sock\\n' >> /etc/environment")
        m.socket = "/run/rotad-mongodb/rotad.sock"
        s.wait_ready()
        s.begin()
        s.wait_rotated("a rotation with rotad@mongodb on one host")
        # A hook that starts mongod by itself, below rotad.service: its stop would end that mongod.
        h = s.host(2)
        h.sh("systemctl disable --now mongod")
        with open(os.path.join(os.environ["TOP_SRCDIR"], "contrib", "hooks", "mongod-restart")) as f:
            h.put("/usr/local/sbin/mongod-restart", f.read(), 0o755)
        h.put("/etc/mongod.conf", h.sh("cat /etc/mongod.conf") + "\nprocessManagement: {fork: true, pidFilePath: /var/lib/mongodb/mongod.pid}\n")
        conf = h.sh("cat /etc/rotad/rotad.yaml")
        h.put("/etc/rotad/rotad.yaml", conf.replace("/usr/local/sbin/end-mongod", "/usr/local/sbin/mongod-restart"))
        h.put("/etc/systemd/system/rotad.service.d/files.conf",
              "[Service]\nReadWritePaths=/etc/mongodb /var/lib/mongodb /var/log/mongodb\nExecStartPre=/usr/bin/mongod --config /etc/mongod.conf\nSystemCallFilter=\nMemoryDenyWriteExecute=no\n")
        h.sh("systemctl daemon-reload; systemctl restart rotad", check=False)
        told = ""
        for _ in range(30):
            told = h.ctl("doctor").text()
            if "own unit" in told or "rotad.service" in told:
                break
            time.sleep(2)
        line = [x for x in told.split("\n") if re.search("rotad.service|own unit", x)]
        c.that("a mongod inside rotad.service is told by doctor", line, " ".join(line)[:300] or told[-1500:])
        h.put("/etc/mongod.conf", h.sh("cat /etc/mongod.conf | grep -v processManagement"))
        h.put("/etc/rotad/rotad.yaml", conf)
        h.put("/etc/systemd/system/rotad.service.d/files.conf", "[Service]\nReadWritePaths=/etc/mongodb\n")
        h.sh("systemctl daemon-reload; systemctl stop rotad; pkill -x mongod; sleep 3; systemctl enable --now mongod; systemctl start rotad", check=False)
        s.wait_ready()
        s.mark()
        s.held("users")
        return s.finish()


@case
def other_user():
    """mongod's user is not the package's: discover says so, with adopt rotad and its socket are that user's, leave takes it back."""
    with HostScene(1, install=False, writer=False, configured=False) as s:
        m, c = s.host(0), s.checks
        m.sh("systemctl stop mongod; usermod -l mongod mongodb; groupmod -n mongod mongodb; sed -i 's/=mongodb$/=mongod/' /etc/systemd/system/mongod.service; "
             "chown root:root /etc/mongodb; chmod 755 /etc/mongodb; systemctl daemon-reload; systemctl start mongod")
        send(m, s.deb, "/root/rotad.deb")
        m.sh("dpkg -i /root/rotad.deb; rotactl discover --write", check=False)
        c.that("discover says so", "rotad.service runs as mongodb and these as mongod: rotactl adopt" in m.sh("cat /etc/rotad/rotad.yaml"))
        said = m.sh("rotactl adopt --yes 2>&1; systemctl enable --now rotad 2>&1", check=False)
        wait_for("rotad to answer", 60, lambda: m.ctl("status").status in (0, 1), 1)
        c.that("rotad runs as mongod's user", m.sh("stat -c %U /proc/$(pidof -s rotad)") == "mongod", said)
        c.that("systemd's socket is that user's", m.sh("stat -c %U:%G:%a /run/rotad.sock", check=False) == "mongod:rotad-read:660", m.sh("stat -c %U:%G:%a /run/rotad.sock", check=False))
        c.that("the files moved", m.sh("stat -c %U -L " + KEYFILE) == "mongod" and m.sh("readlink " + KEYFILE) == "/var/lib/mongodb-keys/rs0/keyfile")
        c.that("a second adopt does nothing", "nothing to do" in m.sh("rotactl adopt --yes"))
        said = m.sh("systemctl disable --now rotad 2>&1; rotactl leave --yes 2>&1")
        left = m.sh("ls -d /etc/systemd/system/rotad* /var/lib/mongodb-keys /etc/polkit-1/rules.d/51* 2>/dev/null", check=False)
        c.that("after leave nothing of adopt is left", not left, left + said)
        m.sh("systemctl restart mongod; systemctl is-active mongod")
        return s.finish()


sys.exit(CASES.main())
