"""The batches under way in this process: how many of each lane at once, and their leases."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from dataclasses import dataclass, field

from ..store import Store, StoreUnavailableError
from ..store.leases import RENEW_SECONDS, renew
from .lanes import Lane

CALLS_IN_FLIGHT = 4
"""Maximum batches of one connection at the same time, in one process."""

MAX_RUN_SECONDS = 600.0
"""Maximum seconds of one step, such as a call to a provider. A longer run counts as stuck: its leases run out."""

log = logging.getLogger("badgerelay.delivery")


@dataclass(slots=True)
class Run:
    """Consecutive batches of one lane.

    :param since: when the current step began, by ``time.monotonic``.
    """

    lane: Lane
    owner: str
    since: float


@dataclass(slots=True)
class _Lane:
    """The runs of a lane. :param missed: work was found while no further run was allowed."""

    missed: bool = False
    runs: list[Run] = field(default_factory=list)


class Runs:
    """All runs of this process.

    :param calls_in_flight: maximum runs that send awards of one connection; every other lane has one.
    """

    def __init__(self, store: Store, calls_in_flight: int = CALLS_IN_FLIGHT) -> None:
        self._store = store
        self._calls_in_flight = calls_in_flight
        self._id = secrets.token_hex(8)
        self._begun = 0
        self._lanes: dict[Lane, _Lane] = {}
        self._idle = threading.Condition()
        self._closed = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._renew, name="badgerelay-leases", daemon=True)

    def start(self) -> None:
        """Start to renew the leases of runs every few seconds."""
        self._thread.start()

    def begin(self, lane: Lane) -> Run | None:
        """Return a new run of the lane; None where its runs are as many as allowed, or after ``stop``."""
        limit = self._calls_in_flight if lane.kind == "send" else 1
        with self._idle:
            kept = self._lanes.setdefault(lane, _Lane())
            if len(kept.runs) >= limit or self._closed:
                kept.missed = True
                return None
            self._begun += 1
            run = Run(lane, f"{self._id}-{self._begun}", time.monotonic())
            kept.runs.append(run)
        return run

    def again(self, run: Run) -> None:
        """Note that the run has finished a step or a batch."""
        run.since = time.monotonic()

    def end(self, run: Run) -> bool:
        """End a run. Return whether another one was refused while it ran, so that the lane may have work."""
        with self._idle:
            kept = self._lanes[run.lane]
            kept.runs.remove(run)
            missed, kept.missed = kept.missed, False
            if not kept.runs:
                del self._lanes[run.lane]
            self._idle.notify_all()
        return missed

    def stop(self, seconds: float) -> None:
        """Begin no run and wait so many seconds for those under way, whose leases are renewed until then."""
        with self._idle:
            self._closed = True
            self._idle.wait_for(lambda: not any(kept.runs for kept in self._lanes.values()), seconds)
        self._stopping.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(seconds)

    def _renew(self) -> None:
        while True:
            try:
                self._keep_up()
            except StoreUnavailableError as error:
                log.error("leases were not renewed: %s", error)
            except Exception:
                log.exception("leases were not renewed")
            if self._stopping.wait(RENEW_SECONDS):
                return

    def _keep_up(self) -> None:
        """Renew our leases, then take back awards whose leases ran out: their workers are gone."""
        store = self._store
        if step := store.keep_time():
            log.warning("the clock stepped back by %.0f s: what waits has been set right", step)
        now = store.now()
        with self._idle:
            owners = [
                run.owner
                for kept in self._lanes.values()
                for run in kept.runs
                if time.monotonic() - run.since < MAX_RUN_SECONDS
            ]
        if owners:
            with store.database.write() as transaction:
                renew(transaction, owners, now)
        if taken := store.ledger.take_back(now):
            log.warning("%d awards are taken back from workers that are gone", taken)
