# SPDX-License-Identifier: Apache-2.0
"""What mongod itself logged (structured, one JSON object a line): the bound of its restarts, refused logins."""
import datetime
import json

RECEIVED_SIGNAL, EXITING, OPTIONS_OR_RESTARTED, LISTENING, OWN_STATE, MEMBER_STATE = 23377, 23138, (20698, 20697), 23016, 21358, 21215
FAILED_LOGINS = (20249, 5286307)


def entries(path, since=None):
    with open(path, errors="replace") as f:
        for line in f:
            try:
                e = json.loads(line)
                e["at"] = datetime.datetime.fromisoformat(e["t"]["$date"].replace("Z", "+00:00")).timestamp()
            except (ValueError, KeyError, TypeError):
                continue  # the last line of a running server, or what it printed before its log was up
            if since is None or e["at"] >= since:
                yield e


class Restart:
    """Moments of one restart, in seconds since 1970 by mongod's own clock; None where the log does not tell."""

    def __init__(self, member, begun):
        self.member, self.begun = member, begun
        self.exited = self.started = self.listening = self.back = self.well = None  # back: in its state; well: and all others have told so

    def bound(self):
        return self.well - self.begun

    def between(self):
        """From the last line of the old process to the first of the new one."""
        return self.started - self.exited


def restarts(world, since, until=None):
    """The restarts of every member after `since`, in order. A member is well again when it took up its state and every other
    member has logged that it sees it there."""
    seen = {m.address: list(entries(m.log, since)) for m in world.members}
    out = []
    for m in world.members:
        r = None
        for e in seen[m.address]:
            if until is not None and e["at"] > until:
                break
            if e.get("id") == RECEIVED_SIGNAL and e.get("attr", {}).get("signal") in (15, 2):
                r = Restart(m, e["at"])
                out.append(r)
            elif r is not None and e.get("id") == EXITING and r.exited is None:
                r.exited = e["at"]
            elif r is not None and r.exited is not None:
                if r.started is None:
                    r.started = e["at"]
                if e.get("id") == LISTENING and r.listening is None:
                    r.listening = e["at"]
                state = e.get("attr", {}).get("newState") if e.get("id") == OWN_STATE else None
                if state in ("SECONDARY", "PRIMARY", "ARBITER") and r.well is None:
                    r.back = r.well = max(e["at"], r.listening or 0)
    for r in out:
        if r.well is None:
            continue
        for other, lines in seen.items():
            if other == r.member.address:
                continue
            first = [e["at"] for e in lines if e.get("id") == MEMBER_STATE and e["attr"].get("hostAndPort") == r.member.address
                     and e["attr"].get("newState") in ("SECONDARY", "PRIMARY", "ARBITER") and e["at"] >= (r.listening or r.exited)]
            if first:
                r.well = max(r.well, first[0])
    return sorted(out, key=lambda r: r.begun)


def failed_logins(world, since):
    """[(member, entry)] of refused logins, those of the bench's own proofs left out."""
    return [(m, e) for m in world.members for e in entries(m.log, since) if e.get("id") in FAILED_LOGINS]
