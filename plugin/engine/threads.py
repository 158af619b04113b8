"""The embedded engine: threads that do due work, each connection in lanes of its own."""

from __future__ import annotations

import logging
import math
import threading
import time

from ..store import StoreUnavailableError
from .batches import Work
from .lanes import Lane
from .runs import CALLS_IN_FLIGHT, Run, Runs
from .wakeups import Report, Wakeups, ignore

PAUSE_SECONDS = 0.01
"""Minimum seconds between two queries for due work: one query serves a burst of deliveries."""

STUCK_SECONDS = 60.0
"""Seconds without a query for due work after which the dispatcher counts as stuck."""

log = logging.getLogger("badgerelay.delivery")


class Engine:
    """Does due work in threads until stopped.

    :param calls_in_flight: maximum batches of one connection at the same time.
    :param elsewhere: reports lanes whose work other processes do, as that of connections where this one is for hosts.
    """

    def __init__(self, work: Work, *, calls_in_flight: int = CALLS_IN_FLIGHT, elsewhere: Report = ignore) -> None:
        self._work = work
        self._runs = Runs(work.store, calls_in_flight)
        self._wakeups = Wakeups(work.store, elsewhere)
        self._stopping = threading.Event()
        self._looked = time.monotonic()
        self._dispatcher = threading.Thread(target=self._dispatch, name="badgerelay-dispatcher", daemon=True)

    def start(self) -> None:
        self._looked = time.monotonic()
        self._runs.start()
        self._wakeups.start()
        self._dispatcher.start()

    def wake(self, events_of: str = "") -> None:
        """Decide on the new events of an inbox lane at once, then look for work in all lanes.

        An engine for hosts alone leaves the lane to others if the query does not name it.
        """
        self._wakeups.wake(Lane("decide", events_of) if events_of and not self._work.hosts_only else None)

    def trouble(self) -> str | None:
        """Return why no work is done here, or None."""
        if self._stopping.is_set():
            return "the engine is stopping"
        if not self._dispatcher.is_alive():
            return "the engine's thread that looks for work has ended"
        since = time.monotonic() - self._looked
        return f"the engine has not looked for work for {since:.0f} s" if since > STUCK_SECONDS else None

    def stop(self, seconds: float = 10.0) -> None:
        """Begin no work and wait so many seconds for what is under way; the rest is taken up when its leases end."""
        self._stopping.set()
        self._wakeups.stop()
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
            self._wakeups.wait(due_at)
            lanes = self._wakeups.reported()
            for lane in lanes:
                self._start(lane)
            if lanes or time.monotonic() - self._looked < PAUSE_SECONDS:
                self._stopping.wait(PAUSE_SECONDS)

    def _start_due(self) -> float:
        """Start what is due, and return when something will be, in seconds since the epoch."""
        self._wakeups.clear()
        due_at = math.inf
        for lane, at in self._work.lanes():
            due_at = min(due_at, at)
            if at <= self._work.store.now():
                self._start(lane)
        return due_at

    def _report(self, lane: Lane) -> None:
        if self._work.hosts_only and lane.kind == "send":
            self._wakeups.elsewhere(lane)
        else:
            self._start(lane)

    def _start(self, lane: Lane) -> None:
        run = self._runs.begin(lane)
        if run is not None:
            threading.Thread(target=self._run, args=(run,), name=f"badgerelay {lane}", daemon=True).start()

    def _go_on(self, run: Run) -> bool:
        return self._work.do(run.lane, run.owner, self._report, lambda: self._runs.again(run))

    def _run(self, run: Run) -> None:
        try:
            while not self._stopping.is_set() and self._go_on(run):
                if run.lane.kind == "decide":
                    self._wakeups.wake()  # the next query gives other lanes their turn
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
                self._wakeups.wake()
