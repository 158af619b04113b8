"""Wake the dispatcher when there is work: reported in this process, committed by any process, or due by now."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from ..store import Store
from ..store.changes import Changes
from .lanes import Lane

TICK_SECONDS = 0.05
"""Seconds between two checks, without the database, whether something was committed or has become due."""

BUSY_SECONDS = 0.1
"""Minimum seconds between two queries for due work that no report in this process has caused."""

POLL_SECONDS = 2.0
"""Maximum seconds between two queries for due work: a commit that nothing reported is found so late."""

Report = Callable[[Lane], None]
"""Reports a lane that has work now."""


def ignore(_lane: Lane) -> None:
    """Report nothing: the workers find the work in the database."""


class Wakeups:
    """The reports of work in one process.

    :param elsewhere: reports lanes whose work other processes do.
    """

    def __init__(self, store: Store, elsewhere: Report = ignore) -> None:
        self.elsewhere = elsewhere
        self._store = store
        self._reported = threading.Event()
        self._guard = threading.Lock()
        self._lanes: dict[Lane, None] = {}
        self._changes = Changes(store.database, self._reported.set)

    def start(self) -> None:
        """Start to listen to other processes."""
        self._changes.start()

    def stop(self) -> None:
        """Stop listening, and end a wait."""
        self._changes.stop()
        self._reported.set()

    def wake(self, lane: Lane | None = None) -> None:
        """Report work in a lane, or in any: the next wait ends at once."""
        if lane is not None:
            with self._guard:
                self._lanes[lane] = None
        self._reported.set()

    def reported(self) -> list[Lane]:
        """Return the lanes that were reported since the last call, each once; they need no query."""
        with self._guard:
            lanes, self._lanes = list(self._lanes), {}
        return lanes

    def clear(self) -> None:
        """Forget earlier reports, just before a query that sees their work."""
        self._reported.clear()

    def wait(self, due_at: float) -> None:
        """Wait for a report, for a commit, or until work is due, but not longer than a poll takes.

        :param due_at: when the next work is due, in seconds since the epoch.
        """
        begun, changed = time.monotonic(), False
        while not self._reported.wait(TICK_SECONDS):
            waited = time.monotonic() - begun
            if waited >= POLL_SECONDS:
                return
            changed = self._changes.seen() or changed
            if waited >= BUSY_SECONDS and (changed or due_at <= self._store.now()):
                return
