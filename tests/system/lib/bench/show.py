# SPDX-License-Identifier: Apache-2.0
"""What a run tells: lines with the time since its start, tables, and checks that make up the exit status."""
import sys
import time

START = time.monotonic()


def since():
    return time.monotonic() - START


def say(text, *args):
    print("%7.1f s  %s" % (since(), text % args if args else text), flush=True)


def table(rows, head=None):
    rows = ([head] if head else []) + [[str(c) for c in r] for r in rows]
    widths = [max(len(r[i]) for r in rows if i < len(r)) for i in range(max(map(len, rows)))]
    for r in rows:
        print("  " + "  ".join(c.ljust(w) for c, w in zip(r, widths)).rstrip())
    sys.stdout.flush()


class Checks:
    """Named findings; the run is good when all hold and at least one was made."""

    def __init__(self):
        self.rows = []

    def that(self, name, holds, shown=""):
        self.rows.append((name, bool(holds), str(shown)))
        say("%s  %s%s", "holds " if holds else "FAILED", name, "  (%s)" % shown if str(shown) else "")
        return bool(holds)

    def status(self):
        return 0 if self.rows and all(ok for _, ok, _ in self.rows) else 1

    def print(self):
        table([(name, "yes" if ok else "NO", shown) for name, ok, shown in self.rows], ["CHECK", "HOLDS", "SHOWN"])


def wait_for(what, seconds, test, every=0.05):
    """The first true value of test(), asked every so often; TimeoutError naming `what` and the last exception after that."""
    end, last = time.monotonic() + seconds, None
    while True:
        try:
            value = test()
            if value:
                return value
        except Exception as e:  # what the servers answer while they start is of many kinds
            last = e
        if time.monotonic() > end:
            raise TimeoutError("%s: not within %g s%s" % (what, seconds, ": %r" % last if last else ""))
        time.sleep(every)
