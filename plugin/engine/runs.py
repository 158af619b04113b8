"""What this process is working on: how many batches of each lane at once, and the leases that they hold."""

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
"""Batches that one connection has on the way at once, in one process."""

MAX_RUN_SECONDS = 600.0
"""A run that has been at one step, such as a call to a provider, for longer is taken for stuck: its leases are no
longer renewed."""

log = logging.getLogger("badgerelay.delivery")


@dataclass(slots=True)
class Run:
    """:param since: when its current step began, by ``time.monotonic``."""

    lane: Lane
    owner: str
    since: float


@dataclass(slots=True)
class _Lane:
    """:param missed: work was seen while no further run was allowed."""

    missed: bool = False
    runs: list[Run] = field(default_factory=list)


class Runs:
    """:param calls_in_flight: runs of one connection's sending at once; of everything else there is one."""

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
        """Start to renew the leases of runs, every few seconds."""
        self._thread.start()

    def begin(self, lane: Lane) -> Run | None:
        """A run of the lane; None when there are as many as there may be, which is remembered, or when stopping."""
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
        """The run has come a step further, or goes on with its next batch."""
        run.since = time.monotonic()

    def end(self, run: Run) -> bool:
        """Whether a further run was wanted meanwhile: somebody should look again."""
        with self._idle:
            kept = self._lanes[run.lane]
            kept.runs.remove(run)
            missed, kept.missed = kept.missed, False
            if not kept.runs:
                del self._lanes[run.lane]
            self._idle.notify_all()
        return missed

    def stop(self, seconds: float) -> None:
        """Let nothing begin and wait so long for what is under way; its leases are renewed until then."""
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
        """Our own leases first: what runs out then is of workers that are gone."""
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
            with store.database.write() as connection:
                renew(connection, owners, now)
        if taken := store.ledger.take_back(now):
            log.warning("%d awards are taken back from workers that are gone", taken)
