# SPDX-License-Identifier: Apache-2.0
"""A job under a keeper process: whatever the job starts, daemonised or not, ends with it, also after kill -9 of the job.

The keeper is the subreaper of all that is orphaned below it, reaps it at once (as a real first process would) and at the
end sends SIGKILL to what is left, found by parentage, never by name."""
import ctypes
import os
import signal
import sys
import time

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
KEEP = 86  # a job that ends with this status leaves what it started running; told to the caller as 0


def parents():
    """{pid: parent} of every process."""
    out = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open("/proc/%s/stat" % name) as f:
                    out[int(name)] = int(f.read().rsplit(")", 1)[1].split()[1])
            except (OSError, IndexError):
                pass
    return out


def below(root):
    """Every process that descends from root, root itself left out."""
    tree, out, edge = parents(), [], {root}
    while edge:
        edge = {pid for pid, parent in tree.items() if parent in edge} - set(out)
        out += sorted(edge)
    return out


def names_of(pids):
    out = []
    for pid in pids:
        try:
            with open("/proc/%d/cmdline" % pid, "rb") as f:
                out.append("%d %s" % (pid, f.read(120).replace(b"\0", b" ").decode("utf-8", "replace").strip()))
        except OSError:
            pass
    return out


def reap():
    """Collect every child that has ended; {pid: wait status}."""
    out = {}
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return out
        if pid == 0:
            return out
        out[pid] = status


def end_rest():
    """For a job: SIGKILL all that it started and that still runs, daemonised or not; before it removes their files."""
    return end_all_below(os.getppid(), but={os.getpid()})


def end_all_below(me, seconds=10, grace=0, but=()):
    """SIGKILL everything below this process, also what that starts meanwhile. Gives the names of what was found; what ends by
    itself within `grace` seconds is let."""
    found, start = [], time.monotonic()
    end = start + seconds
    while True:
        reap()
        left = [pid for pid in below(me) if pid not in but]
        if not left:
            return found
        if time.monotonic() < start + grace:
            time.sleep(0.02)
            continue
        if not found:
            found = names_of(left)
        if time.monotonic() > end:
            return found + ["still there"]
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        time.sleep(0.02)


def run(job, seconds=None, told=None):
    """Run job(), a callable that gives an exit status, in a process of its own group below a keeper; gives its status.

    Past `seconds` it gets SIGTERM and 15 s to end, then SIGKILL, and the status is 124. Signals sent to this process are
    passed on once. `told`, a list, takes the names of processes that the job left behind."""
    sys.stdout.flush()
    sys.stderr.flush()
    back_r, back_w = os.pipe()
    keeper = os.fork()
    if keeper == 0:
        status = 125
        try:
            os.close(back_r)
            status = _keep(job, seconds, back_w)
        finally:
            os._exit(status)
    os.close(back_w)
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {s: signal.signal(s, lambda n, frame: _send(keeper, signal.SIGTERM)) for s in signals}
    try:
        text = b""
        while True:
            more = os.read(back_r, 65536)
            if not more:
                break
            text += more
        status = os.waitpid(keeper, 0)[1]
    finally:
        for s, old in before.items():
            signal.signal(s, old)
        os.close(back_r)
    if told is not None:
        told += [line for line in text.decode().splitlines() if line]
    return os.waitstatus_to_exitcode(status)


def _send(pid, sig):
    try:
        os.kill(pid, sig)
    except OSError:
        pass


def _keep(job, seconds, back_w):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")
    me, above = os.getpid(), os.getppid()
    wake_r, wake_w = os.pipe()
    os.set_blocking(wake_w, False)
    os.set_blocking(wake_r, False)
    asked = []
    signal.set_wakeup_fd(wake_w, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda n, frame: None)
    for s in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(s, lambda n, frame: asked.append(n))
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)  # kill -9 of who asked for the job ends it too
    child = os.fork()
    if child == 0:
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            for s in (signal.SIGCHLD, signal.SIGHUP):
                signal.signal(s, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's Ctrl-C comes through the keeper as SIGTERM
            signal.signal(signal.SIGTERM, _interrupt)
            os.close(back_w)
            os.close(wake_r)
            os.close(wake_w)
            os.setpgid(0, 0)
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            status = job()
        except SystemExit as e:
            status = e.code if isinstance(e.code, int) else 0 if e.code is None else 1
            if isinstance(e.code, str):
                print(e.code, file=sys.stderr)
        except KeyboardInterrupt:
            status = 130
        except BaseException:  # told here, as nothing above this process can
            import traceback
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status if isinstance(status, int) else 0)
    import select
    end = None if seconds is None else time.monotonic() + seconds
    late = status = None
    while status is None:
        ended = reap()
        if child in ended:
            status = os.waitstatus_to_exitcode(ended[child])
            break
        now = time.monotonic()
        if os.getppid() != above:
            asked.append(signal.SIGTERM)
        if asked and late is None:
            late, result = now + 15, 130
            _send(child, signal.SIGTERM)
        if end is not None and now > end and late is None:
            late, result = now + 15, 124
            _send(child, signal.SIGTERM)
        if late is not None and now > late:
            _send(child, signal.SIGKILL)
        select.select([wake_r], [], [], 0.25 if end or late else 5)
        try:
            os.read(wake_r, 4096)
        except BlockingIOError:
            pass
    if late is not None:
        status = result
    if status == KEEP:
        return 0
    left = end_all_below(me, grace=1.5 if late is None else 0)
    os.write(back_w, "\n".join(left)[:60000].encode())
    return status if 0 <= status < 256 else 128 - status if status < 0 else 1


def _interrupt(number, frame):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt
