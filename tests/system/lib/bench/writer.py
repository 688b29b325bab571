# SPDX-License-Identifier: Apache-2.0
"""The stock writer: an application with pymongo's default options, 8 threads, single inserts at w:majority, at a steady pace.

It keeps every acknowledged id, counts failures and retries, and measures gaps between acknowledged writes."""
import bisect
import threading
import time

from bson import ObjectId
from pymongo import monitoring
from pymongo.errors import PyMongoError, WriteError

STALE_CONFIG, ROUTER_TRIES = 13388, 10  # so often a mongos tries a write again


class _Retries(monitoring.CommandListener):
    """Counts inserts that were sent again: the second time that a thread's call starts one."""

    def __init__(self):
        self.local, self.lock, self.n = threading.local(), threading.Lock(), 0

    def begin(self):
        self.local.sent, self.local.labelled, self.local.story = 0, False, []

    def started(self, event):
        if event.command_name == "insert":
            sent = self.local.sent = getattr(self.local, "sent", 0) + 1
            self.local.story.append("%.3f to %s:%d" % (time.monotonic(), *event.connection_id))
            if sent > 1:
                with self.lock:
                    self.n += 1

    def succeeded(self, event):
        if event.command_name == "insert":
            self.local.story.append("answered %.3f" % time.monotonic())
            self.local.labelled = event.reply.get("n") == 0 and "RetryableWriteError" in event.reply.get("errorLabels", [])

    def failed(self, event):
        if event.command_name == "insert":
            said = event.failure
            self.local.story.append("%.3f refused: %s %s %s" % (time.monotonic(), said.get("codeName", said.get("errtype")), said.get("errmsg", "")[:80],
                                                                 said.get("errorLabels", "without a label")))


class Writer:
    def __init__(self, world, name="app", threads=8, per_second=250, database="shop", collection="orders", as_router=False):
        """as_router: written to a shard directly, as a mongos does: a new primary that does not know the collection's sharding yet answers
        StaleConfig, nothing is written, and it is sent again while the shard looks it up."""
        self.world, self.name, self.per_second = world, name, per_second
        self.database, self.collection = database, collection
        self.retries, self.stop_asked, self.lock = _Retries(), threading.Event(), threading.Lock()
        self.acked, self.at, self.failed = [], [], []  # ids; when, monotonic and sorted enough; (when, text)
        self.as_router, self.refreshed = as_router, 0
        self.overlooked = 0  # labelled answers that the driver did not act on; part of the retries
        self.client = world.application(name, event_listeners=[self.retries])
        self.threads = [threading.Thread(target=self._write, args=(i, threads), daemon=True) for i in range(threads)]

    def start(self):
        for t in self.threads:
            t.start()
        end = time.monotonic() + 30
        while len(self.acked) < 100:
            if time.monotonic() > end:
                raise TimeoutError("the writer got only %d writes acknowledged: %s" % (len(self.acked), self.failed[-1:]))
            time.sleep(0.05)
        return self

    def _insert(self, c, doc):
        for tries in range(ROUTER_TRIES):
            try:
                return c.insert_one(doc)
            except WriteError as e:
                if not self.as_router or e.code != STALE_CONFIG or tries == ROUTER_TRIES - 1:
                    raise
                self.refreshed += 1
                time.sleep(0.05 * tries)

    def _write(self, number, of):
        c = self.client[self.database][self.collection]
        step = of / self.per_second
        due = time.monotonic() + step * number / of
        while not self.stop_asked.is_set():
            now = time.monotonic()
            if now < due:
                self.stop_asked.wait(due - now)
            due = max(due + step, time.monotonic() - 0.2)  # catches up after a pause, but not for ever
            doc = {"_id": ObjectId(), "thread": number, "text": "x" * 100}
            self.retries.begin()
            try:
                try:
                    self._insert(c, doc)
                except WriteError:
                    # The server wrote nothing and put the label "send it again" on its answer. pymongo (4.20 too) overlooks the
                    # label where the error stands in writeErrors, other drivers do not; about 1 step-down in 25 meets it.
                    if not self.retries.local.labelled:
                        raise
                    self.overlooked += 1
                    c.insert_one(doc)
            except PyMongoError as e:
                with self.lock:
                    self.failed.append((time.monotonic(), "%s: %s [%s]" % (type(e).__name__, str(e)[:150], "; ".join(self.retries.local.story))))
                continue
            with self.lock:
                self.acked.append(doc["_id"])
                self.at.append(time.monotonic())

    def stop(self):
        self.stop_asked.set()
        for t in self.threads:
            t.join(60)

    def longest_pause(self, start, end=None):
        """The longest time without an acknowledged write between two moments (monotonic), in seconds."""
        with self.lock:
            at = list(self.at)
        end = time.monotonic() if end is None else end
        points = [start] + at[bisect.bisect_left(at, start):bisect.bisect_right(at, end)] + [end]
        return max(b - a for a, b in zip(points, points[1:]))

    def acknowledged(self, start=None, end=None):
        with self.lock:
            at = list(self.at)
        return (len(at) if end is None else bisect.bisect_right(at, end)) - (0 if start is None else bisect.bisect_left(at, start))

    def lost(self):
        """Acknowledged ids that a majority read does not find. After stop()."""
        from pymongo.read_concern import ReadConcern
        with self.world.application(self.name) as c:
            found = {d["_id"] for d in c[self.database].get_collection(self.collection, read_concern=ReadConcern("majority")).find({}, {"_id": 1})}
        return [i for i in self.acked if i not in found]


def bare_step_downs(world, writer, n=5):
    """n requested step-downs with nothing else going on: the longest pause of each, in seconds."""
    pauses = []
    for _ in range(n):
        world.wait_healthy()
        time.sleep(1)
        start = time.monotonic()
        before, _ = world.step_down(seconds=4)
        deadline = time.monotonic() + 30
        while True:
            p = world.primary()
            if p not in (None, before):
                break
            if time.monotonic() > deadline:
                raise TimeoutError("no new primary after a bare step-down")
            time.sleep(0.02)
        time.sleep(1.5)
        pauses.append(writer.longest_pause(start))
        time.sleep(2.5)  # the former primary may be elected again
    return pauses
