# SPDX-License-Identifier: Apache-2.0
"""A test program of several cases, each run by name below a keeper of its own."""
import os
import sys
import time

from . import nest
from .show import say


class Cases(dict):
    def case(self, f):
        """Decorator: the function's name, with hyphens, is the case's; its docstring says what it shows."""
        self[f.__name__.replace("_", "-")] = f
        return f

    def main(self, all_by_default=False):
        """Run the cases that the command line names; gives the worst exit status, 64 for a name that is none."""
        names = sys.argv[1:] or (list(self) if all_by_default else [])
        if not names or set(names) - set(self):
            print("usage: %s CASE...\n%s" % (os.path.basename(sys.argv[0]), "\n".join("  %-18s %s" % (n, f.__doc__) for n, f in self.items())))
            return 64
        status, start = 0, time.monotonic()
        for name in names:
            say("%s: %s", name, self[name].__doc__.split("\n")[0])
            status = max(status, nest.run(self[name]))
        say("%d s in all", time.monotonic() - start)
        return status
