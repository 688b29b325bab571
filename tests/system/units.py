#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""sys/units_dbus and sys/restarter_host against a real systemd with a real polkit: restart, job units, failing and slow ones,
NeedDaemonReload, masks, jobs of others, a bus that goes away, and the rights of an unprivileged user.

usage: units.py [--keep]      needs root and what tests/system/hosts needs; exit 0 all as it should be, 1 not"""
import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.realpath(__file__))
BUILD = os.environ.get("TOP_BUILDDIR", ".")
ROOT = "/var/tmp/rotad-hosts-units"
UNITS = {
    "ok.service": "[Service]\nExecStart=/bin/sleep infinity\nExecReload=/bin/true\n",
    "bare.service": "[Service]\nExecStart=/bin/sleep infinity\n",
    "bad.service": "[Service]\nExecStartPre=/bin/sh -c 'test ! -e /run/bad'\nExecStart=/bin/sleep infinity\n",
    "slow.service": "[Service]\nExecStart=/bin/sleep infinity\nExecStop=/bin/sleep 3\n",
    "dies.service": "[Service]\nExecStart=/bin/sh -c 'sleep 0.2; exit 14'\n",
    "good-job.service": "[Service]\nType=oneshot\nExecStart=/bin/sleep 0.3\n",
    "bad-job.service": "[Service]\nType=oneshot\nExecStart=/bin/sh -c 'exit 3'\n",
    "manual.service": "[Unit]\nRefuseManualStop=yes\n[Service]\nExecStart=/bin/sleep infinity\n",
}
RULE = """polkit.addRule(function(action, subject) {
    if (action.id == "org.freedesktop.systemd1.manage-units" && subject.user == "mongodb" &&
        action.lookup("unit") == "ok.service" && %s.indexOf(action.lookup("verb")) >= 0)
        return polkit.Result.YES;
});
"""


def hosts(*words, check=True):
    r = subprocess.run([os.path.join(HERE, "hosts", "hosts"), "--root", ROOT, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, text=True)
    if check and r.returncode:
        sys.exit("units: hosts %s: %s" % (" ".join(words), r.stdout[-2000:]))
    return r.stdout


def sh(script, check=True):
    return hosts("exec", "h1", "--", "sh", "-c", script, check=check)


def put(path, text):
    name = "/tmp/rotad-units-%d" % os.getpid()
    with open(name, "w") as f:
        f.write(text)
    hosts("copy", name, "h1:" + path, "--mode", "644")
    os.unlink(name)


def driver(*words, user=None, prefix=""):
    """What the driver says, as a dict; 'rc' too."""
    cmd = "LD_LIBRARY_PATH=/opt/t/lib ASAN_OPTIONS=detect_leaks=%d /opt/t/units_driver %s" % (0 if user else 1, " ".join(words))
    if user:
        cmd = "setpriv --reuid %s --regid %s --init-groups sh -c '%s'" % (user, user, cmd)
    out = sh(prefix + cmd + "; echo rc=$?")
    got = dict(re.findall(r"^(\w+)=(.*)$", out, re.M))
    if got.get("rc") not in ("0", "1"):
        sys.exit("units: the driver itself failed: %s" % out[-3000:])
    return got


BAD = []


def expect(what, got, **want):
    wrong = {k: got.get(k) for k, v in want.items() if not re.search(v, got.get(k, ""))}
    print("units: %-62s %s" % (what, "ok" if not wrong else "WRONG %s" % got))
    if wrong:
        BAD.append(what)


def invocation(unit):
    return sh("systemctl show -P InvocationID " + unit).strip()


def install():
    binary = os.path.join(BUILD, "tests/system/units_driver")
    sh("mkdir -p /opt/t/lib")
    hosts("copy", binary, "h1:/opt/t/units_driver", "--mode", "755")
    for name, path in re.findall(r"(\S+) => (/\S+)", subprocess.run(["ldd", binary], stdout=subprocess.PIPE, text=True).stdout):
        if not re.match(r"lib(c|m|pthread|dl)\.so", name):
            hosts("copy", os.path.realpath(path), "h1:/opt/t/lib/" + name, "--mode", "755")
    for name, text in UNITS.items():
        put("/usr/lib/systemd/system/" + name, text)
    for name in ("rotad-restart@.path", "rotad-restart@.service"):
        hosts("copy", os.path.join(HERE, "../../systemd", name), "h1:/usr/lib/systemd/system/" + name, "--mode", "644")
    sh("systemctl daemon-reload; systemctl start ok bare bad slow manual")


def as_root():
    before = invocation("ok.service")
    expect("a running unit is restarted", driver("restart unit ok.service"), state="^done$", rc="0", longest_poll_ms=r"^\d{1,3}$")
    expect("it was", {"changed": str(invocation("ok.service") != before)}, changed="True")
    expect("its process is seen", driver("process unit ok.service"), state="running", pid=r"^[1-9]", binary="sleep", needs_daemon_reload="0")
    expect("it may be restarted", driver("can unit ok.service"), rc="0")
    expect("systemd's reload is never asked for", driver("reload unit ok.service"), error="UNSUPPORTED")
    expect("a unit that is not there", driver("restart unit nothing.service"), error="NOT_FOUND")
    expect("a name that is none", driver("can unit 'no/such unit'"), error="INVALID|NOT_FOUND")
    sh("systemctl stop bare")
    expect("one that somebody stopped is not started by a restart", driver("restart unit bare.service"), error="REFUSED")
    expect("... is seen as gone", driver("process unit bare.service"), state="^none$")
    expect("... and started when that is asked for", driver("start unit bare.service"), state="^done$")
    sh("systemctl mask --now bare")
    expect("a masked unit is refused", driver("start unit bare.service"), error="REFUSED", text="masked")
    expect("one that refuses to be stopped by hand", driver("can unit manual.service"), error="REFUSED")
    sh("touch /run/bad")
    expect("one that does not come up", driver("restart unit bad.service"), state="^failed$", why="bad.service.*failed")
    sh("systemctl start --no-block dies; sleep 0.6")
    expect("the exit code of one that died", driver("process unit dies.service"), state="^none$", exit_code="^14$")
    expect("a job unit", driver("restart job good-job.service"), state="^done$")
    expect("a job unit that fails", driver("restart job bad-job.service"), state="^failed$", why="exit-code.*exit code 3")
    sh("printf '# edited\\n' >> /usr/lib/systemd/system/ok.service")
    expect("an edited unit file needs a daemon-reload", driver("process unit ok.service"), needs_daemon_reload="1")
    sh("systemctl daemon-reload")
    expect("... and no more after it", driver("process unit ok.service"), needs_daemon_reload="0")


def inside_our_unit():
    """A server that a hook started lives in the unit of the daemon that ran the hook."""
    sh("cp /bin/sleep /opt/t/mongod")
    put("/opt/t/hookish", "#!/bin/sh\nmkdir -p /tmp/db\n/opt/t/mongod 30 &\necho $! > /tmp/db/mongod.lock\nsleep 0.3\n"
        "export LD_LIBRARY_PATH=/opt/t/lib ASAN_OPTIONS=detect_leaks=0 UNITS_DB_PATH=/tmp/db\nexec /opt/t/units_driver process hook /bin/true\n")
    sh("systemd-run --wait --pipe -u hookish.service sh -c 'exec sh /opt/t/hookish' > /tmp/inside || true")
    got = dict(re.findall(r"^(\w+)=(.*)$", sh("cat /tmp/inside"), re.M))
    expect("a process inside our own unit is told", got, in_our_cgroup="1")
    expect("... one in its own unit is not", driver("process unit ok.service"), in_our_cgroup="0")


def slow_ones():
    got = driver("restart unit slow.service")
    expect("a slow one is polled, never waited for", got, state="^done$", begin_ms=r"^\d{1,3}$", longest_poll_ms=r"^\d{1,3}$", polls=r"^\d{2}")
    expect("one beyond its deadline is overdue and left to go on", driver("restart unit slow.service 500"), state="^overdue$", why="left to go on")
    expect("another process sees that systemd is busy with it", driver("poll unit slow.service"), state="running", why="did not begin")
    expect("... and does not begin a second job", driver("restart unit slow.service"), error="CONFLICT")
    time.sleep(4)
    expect("... and when it is over, that it is", driver("poll unit slow.service"), state="^none$")
    sh("systemctl stop --no-block slow; sleep 0.3")
    expect("a stop that somebody queued is not replaced", driver("restart unit slow.service"), error="CONFLICT")
    time.sleep(4)
    expect("... and stays", {"state": sh("systemctl is-active slow", check=False)}, state="inactive")
    sh("systemctl start slow")
    got = driver("restart unit slow.service", prefix="(sleep 1; systemctl restart dbus.service) & ")
    expect("the bus goes away in the middle: the unit tells", got, state="^done$")


def as_user():
    before = invocation("ok.service")
    expect("without a rule a user may not", driver("can unit ok.service", user="mongodb"), error="PERMISSION", text="polkit rule.*start, restart and ref")
    expect("... and does not", driver("restart unit ok.service", user="mongodb"), error="PERMISSION")
    expect("... and nothing happened", {"same": str(invocation("ok.service") == before)}, same="True")
    put("/etc/polkit-1/rules.d/50-rotad.rules", RULE % '["start", "restart"]')
    time.sleep(1)
    expect("a rule without 'ref' is told by name", driver("can unit ok.service", user="mongodb"), error="PERMISSION", text="ref")
    put("/etc/polkit-1/rules.d/50-rotad.rules", RULE % '["start", "restart", "ref"]')
    time.sleep(1)
    expect("with the rule the user may", driver("can unit ok.service", user="mongodb"), rc="0")
    expect("... and asking changed nothing", {"same": str(invocation("ok.service") == before)}, same="True")
    expect("... and does", driver("restart unit ok.service", user="mongodb"), state="^done$")
    expect("... and no other unit", driver("restart unit slow.service", user="mongodb"), error="PERMISSION")


def without_polkit():
    """The shipped rotad-restart@: a file in the folder of rotad's user, and root restarts the one unit."""
    sh("systemctl stop polkit; systemctl mask polkit; install -d -o mongodb -g mongodb /run/rotad; systemctl start ok")
    job = "job rotad-restart@ok.service"
    expect("before the path unit waits, a user may not", driver("can " + job, user="mongodb"), error="PERMISSION", text="rotad-restart@.path")
    sh("systemctl enable --now rotad-restart@ok.path")
    expect("with it the user may", driver("can " + job, user="mongodb"), rc="0")
    before = invocation("ok.service")
    expect("... and does, without polkit", driver("restart " + job, user="mongodb"), state="^done$", longest_poll_ms=r"^\d{1,3}$")
    expect("... it was restarted, and the file is gone", {"so": str(invocation("ok.service") != before) + sh("ls /run/rotad")}, so="^True$")
    expect("... once, and again", driver("restart " + job, user="mongodb"), state="^done$")
    sh("systemctl stop ok; printf '[Service]\nExecStartPre=false\n' > /run/drop; "
       "install -D -m 644 /run/drop /run/systemd/system/ok.service.d/no.conf; systemctl daemon-reload")
    expect("a unit that does not come up is told", driver("restart " + job, user="mongodb"), state="^failed$", why="rotad-restart@ok.service.*failed")
    sh("rm -r /run/systemd/system/ok.service.d; systemctl daemon-reload; systemctl start ok")
    expect("another unit is not for it", driver("restart job rotad-restart@slow.service", user="mongodb"), error="PERMISSION")
    sh("systemctl mask --runtime rotad-restart@ok.service; chown root /run/rotad")
    expect("a folder that is not the user's", driver("can " + job, user="mongodb"), error="PERMISSION|REFUSED")
    sh("systemctl unmask --runtime rotad-restart@ok.service; chown mongodb /run/rotad; touch /run/rotad/restart-ok; sleep 1; "
       "systemctl stop rotad-restart@ok.path; touch /run/rotad/restart-ok")
    expect("a path unit that was stopped: as if there were none", driver("restart " + job, user="mongodb"), error="PERMISSION")


def by_docker():
    """contrib/docker: the same job restarts a container. docker itself is played: what it was asked, and what it answers."""
    hosts("copy", os.path.join(HERE, "../../contrib/docker/docker.conf"), "h1:/etc/systemd/system/rotad-restart@mongo1.service.d/docker.conf", "--mode", "644")
    put("/usr/local/bin/docker", "#!/bin/sh\necho docker \"$@\" DOCKER_CONFIG=$DOCKER_CONFIG\ntest ! -e /run/bad && systemctl restart ok\n")
    sh("rm -f /run/bad; chmod 755 /usr/local/bin/docker; systemctl daemon-reload; systemctl enable --now rotad-restart@mongo1.path")
    job = "job rotad-restart@mongo1.service"
    expect("a job that restarts a container: a user may", driver("can " + job, user="mongodb"), rc="0")
    before = invocation("ok.service")
    expect("... and does", driver("restart " + job, user="mongodb"), state="^done$", longest_poll_ms=r"^\d{1,3}$")
    said = sh("journalctl --no-pager -o cat -u rotad-restart@mongo1.service")
    expect("... docker was asked for that one, with time to end", {"so": str("docker restart -t 120 mongo1 DOCKER_CONFIG=/run/rotad-docker" in said) +
                                                                  str(invocation("ok.service") != before)}, so="^TrueTrue$")
    sh("touch /run/bad")
    expect("... and when docker fails it is told", driver("restart " + job, user="mongodb"), state="^failed$", why="rotad-restart@mongo1.service.*failed")
    sh("rm /run/bad")


def main():
    hosts("down", check=False)
    try:
        hosts("up", "1", "--include", "polkitd")
        install()
        as_root()
        inside_our_unit()
        slow_ones()
        as_user()
        without_polkit()
        by_docker()
    finally:
        if "--keep" not in sys.argv:
            hosts("down", check=False)
    print("units: %s" % ("%d wrong" % len(BAD) if BAD else "all as it should be"))
    return 1 if BAD else 0


sys.exit(main())
