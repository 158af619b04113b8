"""Do one batch for each message: the engine of a process that gets its work through a broker."""

from __future__ import annotations

import logging

from ...store import StoreUnavailableError
from ..batches import Work
from ..lanes import Lane
from ..runs import CALLS_IN_FLIGHT, Runs
from .publisher import Publisher

SWEEP_SECONDS = 1.0
"""Seconds between two sweeps of all processes together: a message that a broker lost is made up for so late."""

log = logging.getLogger("badgerelay.delivery")


class Runner:
    """Messages name a lane, never a row: losing, doubling or delaying one costs at most a look.

    A batch that was full is followed by another message, sent before the provider is called; a message that finds
    as many batches under way as there may be is followed by another when one of these ends. So there are never
    more messages about a lane than batches under way and sweeps, and other lanes have their turn in between.
    """

    def __init__(self, work: Work, publisher: Publisher, calls_in_flight: int = CALLS_IN_FLIGHT) -> None:
        self._work = work
        self._publisher = publisher
        self._runs = Runs(work.store, calls_in_flight)

    def start(self) -> None:
        self._runs.start()

    def close(self, seconds: float) -> None:
        """Wait so many seconds for runs under way, and close the broker and the database."""
        self._runs.stop(seconds)
        self._publisher.close()
        self._work.store.close()

    def run(self, lane: Lane) -> None:
        """Do one batch of a lane. Errors are logged: leased rows are due again when their leases end."""
        run = self._runs.begin(lane)
        if run is None:
            return
        reported = False

        def report(other: Lane) -> None:
            nonlocal reported
            reported = reported or other == lane
            self._publisher.offer(other)

        more = False
        try:
            more = self._work.do(lane, run.owner, report, lambda: self._runs.again(run)) and not reported
        except StoreUnavailableError as error:
            log.error("%s: the database does not answer: %s", lane, error)
        except Exception:
            log.exception("%s failed; its work is taken up again", lane)
        finally:
            missed = self._runs.end(run)
        if more or missed:
            self._publisher.offer(lane)

    def sweep(self) -> None:
        """Send a message for each lane that is due, unless another process has just done so."""
        store = self._work.store
        try:
            # Somewhat less than the time between two sweeps of one process, so that it does not miss its own turn.
            if store.locks.take("sweep", seconds=SWEEP_SECONDS * 0.8, now=store.now()):
                for lane in self._work.due():
                    self._publisher.offer(lane)
        except StoreUnavailableError as error:
            log.error("the sweep found no database: %s", error)
