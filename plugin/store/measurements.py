"""The measurements of all processes, added up in one small table that ``/metrics`` of any of them shows.

A process keeps what it measured for some seconds and then adds it to the table; a kill costs these seconds.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass

import sqlalchemy as sa

from ..runtime.forks import ForkAware, watch_forks
from .database import Database, StoreUnavailableError, values_of
from .schema.tables import measurements

FLUSH_SECONDS = 5.0
"""Maximum seconds that a measurement stays in the process that made it."""

LATEST = "latest"
"""Verb of measurements of which the highest counts; others are added up."""

log = logging.getLogger("badgerelay.metrics")
_Key = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Measurement:
    """A sum, or the latest time of something.

    :param verb: of the adapter, or ``LATEST``. :param label: an outcome or the number of a bucket.
    """

    connection: str
    name: str
    verb: str
    label: str
    value: float


class Measurements(ForkAware):
    """Adds up in memory, and every few seconds in the table.

    Memory is bounded by the number of keys: connections times a few fixed words.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        added = database.insert(measurements)
        held, new = measurements.c.value, added.excluded.value
        highest = sa.case((held > new, held), else_=new)
        self._add = added.on_conflict_do_update(
            index_elements=["connection", "name", "verb", "label"],
            set_={"value": sa.case((measurements.c.verb == LATEST, highest), else_=held + new)},
        )
        self._closed = threading.Event()
        self._reset()
        watch_forks(self)

    def after_fork_in_child(self) -> None:
        """Forget what the parent's threads were doing."""
        self._reset()

    def _reset(self) -> None:
        self._guard = threading.Lock()
        self._flushing = threading.Lock()
        self._kept: dict[_Key, float] = {}
        self._started = False

    def add(self, amounts: dict[tuple[str, str, str], float], connection: str) -> None:
        """Add to a connection's measurements. :param amounts: by name, verb and label."""
        with self._guard:
            for (name, verb, label), amount in amounts.items():
                key = (connection, name, verb, label)
                self._kept[key] = self._kept.get(key, 0.0) + amount
        self._start()

    def happened(self, name: str, connection: str, at: float) -> None:
        """Note when something last happened, in whole seconds since the epoch."""
        key = (connection, name, LATEST, "")
        if self._kept.get(key, 0.0) > at - 1.0:
            return
        with self._guard:
            self._kept[key] = max(self._kept.get(key, 0.0), at)
        if not self._started:
            self._start()

    def flush(self) -> None:
        """Add the measurements in memory to the table. :raises StoreUnavailableError: they stay in memory."""
        with self._flushing:
            with self._guard:
                kept, self._kept = self._kept, {}
            if not kept:
                return
            # In one order everywhere: two processes that update the same rows must not wait for each other.
            rows = [
                {"connection": key[0], "name": key[1], "verb": key[2], "label": key[3], "value": value}
                for key, value in sorted(kept.items())
            ]
            try:
                with self._database.write() as transaction:
                    transaction.execute(self._add, rows)
            except BaseException:
                with self._guard:
                    for key, value in kept.items():
                        now = self._kept.get(key, 0.0)
                        self._kept[key] = max(now, value) if key[2] == LATEST else now + value
                raise

    def all(self) -> list[Measurement]:
        """Return the sums of all processes. :raises StoreUnavailableError: the database does not answer."""
        with self._database.read() as transaction:
            return values_of(Measurement, transaction.execute(_ALL))

    def close(self) -> None:
        """Add the rest, and stop adding."""
        self._closed.set()
        try:
            self.flush()
        except StoreUnavailableError as error:
            log.warning("the last measurements were not kept: %s", error)

    def _start(self) -> None:
        with self._guard:
            if self._started or self._closed.is_set():
                return
            self._started = True
        threading.Thread(target=self._go_on, name="badgerelay-measurements", daemon=True).start()

    def _go_on(self) -> None:
        while not self._closed.wait(FLUSH_SECONDS):
            try:
                self.flush()
            except StoreUnavailableError as error:
                log.debug("measurements are kept until the database answers: %s", error)
            except Exception:
                log.exception("measurements were not added")


_ALL = sa.select(measurements).order_by(*measurements.primary_key.columns)
