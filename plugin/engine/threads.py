"""The embedded engine: threads that do whatever is due, each connection in lanes of its own."""

from __future__ import annotations

import logging
import math
import threading
import time

from ..store import StoreUnavailableError
from ..store.changes import Changes
from .batches import Found, Work
from .lanes import Lane
from .runs import CALLS_IN_FLIGHT, Run, Runs

TICK_SECONDS = 0.05
"""Seconds between two checks, without the database, whether something was committed or has become due."""

BUSY_SECONDS = 0.1
"""Minimum seconds between two queries for due work that no news has caused."""

POLL_SECONDS = 2.0
"""Maximum seconds between two queries for due work: so late is seen a commit of which nothing told."""

PAUSE_SECONDS = 0.01
"""Minimum seconds between two queries for due work: one query serves a burst of deliveries."""

STUCK_SECONDS = 60.0
"""A dispatcher that has not looked for work for so long is stuck."""

log = logging.getLogger("badgerelay.delivery")


class Engine:
    """Does due work in threads until stopped.

    :param calls_in_flight: batches that one connection has on the way at once.
    :param elsewhere: told of lanes with work that is not this engine's to do, as of one that is for hosts only.
    """

    def __init__(
        self, work: Work, *, calls_in_flight: int = CALLS_IN_FLIGHT, elsewhere: Found = lambda _: None
    ) -> None:
        self._work = work
        self._elsewhere = elsewhere
        self._runs = Runs(work.store, calls_in_flight)
        self._news = threading.Event()
        self._changes = Changes(work.store.database, self._news.set)
        self._stopping = threading.Event()
        self._looked = time.monotonic()
        self._dispatcher = threading.Thread(target=self._dispatch, name="badgerelay-dispatcher", daemon=True)

    def start(self) -> None:
        self._looked = time.monotonic()
        self._runs.start()
        self._changes.start()
        self._dispatcher.start()

    def wake(self, _name: str = "") -> None:
        """There is news: look at once, not at the next poll. It looks everywhere, whatever has news."""
        self._news.set()

    def trouble(self) -> str | None:
        """Why no work is done here, or None."""
        if self._stopping.is_set():
            return "the engine is stopping"
        if not self._dispatcher.is_alive():
            return "the engine's thread that looks for work has ended"
        since = time.monotonic() - self._looked
        return f"the engine has not looked for work for {since:.0f} s" if since > STUCK_SECONDS else None

    def stop(self, seconds: float = 10.0) -> None:
        """Take no new work and wait so long for what is under way; the rest is taken up when its leases end."""
        self._stopping.set()
        self._news.set()
        self._changes.stop()
        self._runs.stop(seconds)
        if self._dispatcher.is_alive() and self._dispatcher is not threading.current_thread():
            self._dispatcher.join(seconds)

    def _dispatch(self) -> None:
        while not self._stopping.is_set():
            self._looked = time.monotonic()
            try:
                due_at = self._start_due()
            except StoreUnavailableError as error:
                log.error("the database does not answer: %s", error)
                self._stopping.wait(1.0)
                continue
            except Exception:
                log.exception("the dispatcher failed; it goes on")
                self._stopping.wait(1.0)
                continue
            self._stopping.wait(PAUSE_SECONDS)
            self._wait(due_at)

    def _start_due(self) -> float:
        """Start what is due, and return when something will be, in seconds since the epoch."""
        self._news.clear()
        due_at = math.inf
        for lane, at in self._work.lanes():
            due_at = min(due_at, at)
            if at <= self._work.store.now():
                self._start(lane)
        return due_at

    def _wait(self, due_at: float) -> None:
        """Wait for news, for a commit, or until something is due, but not for long."""
        changed = False
        while not self._news.wait(TICK_SECONDS):
            waited = time.monotonic() - self._looked
            if waited >= POLL_SECONDS:
                return
            changed = self._changes.seen() or changed
            if waited >= BUSY_SECONDS and (changed or due_at <= self._work.store.now()):
                return

    def _found(self, lane: Lane) -> None:
        if self._work.hosts_only and lane.kind == "send":
            self._elsewhere(lane)
        else:
            self._start(lane)

    def _start(self, lane: Lane) -> None:
        run = self._runs.begin(lane)
        if run is not None:
            threading.Thread(target=self._run, args=(run,), name=f"badgerelay {lane}", daemon=True).start()

    def _go_on(self, run: Run) -> bool:
        return self._work.do(run.lane, run.owner, self._found, lambda: self._runs.again(run))

    def _run(self, run: Run) -> None:
        try:
            while not self._stopping.is_set() and self._go_on(run):
                if run.lane.kind == "decide":
                    self._news.set()  # the next look gives other lanes their turn
                    break
                self._runs.again(run)
        except StoreUnavailableError as error:
            log.error("%s: the database does not answer: %s", run.lane, error)
            self._stopping.wait(1.0)
        except Exception:
            log.exception("%s failed; its work is taken up again", run.lane)
            self._stopping.wait(1.0)
        finally:
            if self._runs.end(run):
                self._news.set()
