"""Find due lanes and do one batch of one: the same for threads and for Celery."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import pluggy

from ...adapters.errors import ConfigurationError
from ..delivery.notify import notify_batch
from ..delivery.send import batch_size, send_batch
from ..providers.circuit import PROBE_SECONDS, state_of
from ..providers.pool import Providers
from ..sources.decisions import Source
from ..store import HOSTS, IMPORTS, Connection, Store, host_lane
from .decide import BATCH as EVENTS_AT_ONCE
from .decide import decide_batch
from .lanes import Lane
from .schedule.periodic_task import Task, arrange
from .schedule.run_task import tend
from .wakeups import Report

ARRANGE_SECONDS = 10.0
"""Maximum seconds until a new connection, or a new interval, is on the schedule."""

log = logging.getLogger("badgerelay.delivery")


class Work:
    """The work that this process may do.

    :param source_of: returns the source that decides on a lane's events.
    :param managers: pluggy managers of the hosts in this process, by source: only here can their hooks be called.
    :param hosts_only: leave connections to other processes.
    :param tasks: periodic tasks for connections.
    """

    def __init__(
        self,
        store: Store,
        source_of: Callable[[str], Source],
        managers: Mapping[str, pluggy.PluginManager],
        *,
        hosts_only: bool = False,
        tasks: Sequence[Task] = (),
    ) -> None:
        self.store = store
        self._tasks = {} if hosts_only else {task.name: task for task in tasks}
        self._arrange_at = 0.0
        self._probes: dict[str, threading.Lock] = {}
        self.hosts_only = hosts_only
        self._source_of = source_of
        self._managers = managers
        self._providers = Providers(store)

    def due(self) -> list[Lane]:
        """Return the lanes with due work that this process may do. :raises StoreUnavailableError: no answer."""
        now = self.store.now()
        return [lane for lane, at in self.lanes() if at <= now]

    def lanes(self) -> list[tuple[Lane, float]]:
        """Return the lanes with work that this process may do, each with when it is due.

        :raises StoreUnavailableError: the database does not answer.
        """
        hosts = list(self._managers)  # a copy: a host may be attached at any time
        host_lanes = [host_lane(source) for source in hosts]
        if not self.hosts_only:
            host_lanes += (HOSTS, IMPORTS)
        self._arrange()
        lanes = self.store.due_work.lanes(
            host_lanes=host_lanes, hosts=hosts, tasks=self._tasks, with_connections=not self.hosts_only
        )
        return [(Lane(each.kind, each.name), each.due_at) for each in lanes]

    def do(self, lane: Lane, owner: str, report: Report, alive: Callable[[], None] = lambda: None) -> bool:
        """Do one batch of a lane, which may turn out to be empty, paused or waiting.

        :param owner: owner of the leases; another for each run.
        :param report: reports lanes with work for other workers, this one included, before the slow part.
        :param alive: called after each step of the batch.
        :return: whether there is more to do at once.
        :raises StoreUnavailableError: the database does not answer; leased rows are due again when their leases end.
        """
        match lane.kind:
            case "decide":
                return self._decide(lane.name, owner, report)
            case "send":
                return self._send(lane.name, owner, report, alive)
            case "notify":
                return notify_batch(self.store, self._managers[lane.name], lane.name, owner) > 0
            case "tend":
                return self._open(lane.name) is not None and tend(self.store, self._tasks, lane.name, owner)

    def _arrange(self) -> None:
        """Bring the schedule up to date with the connections, from time to time."""
        if self._tasks and time.monotonic() >= self._arrange_at:
            arrange(self.store, self._tasks.values())
            self._arrange_at = time.monotonic() + ARRANGE_SECONDS

    def _decide(self, name: str, owner: str, report: Report) -> bool:
        if not name.startswith(HOSTS) and self._open(name) is None:
            return False
        source = self._source_of(name)
        limit = 1 if name == IMPORTS else EVENTS_AT_ONCE
        taken = decide_batch(
            self.store, source, name, owner, limit=limit, planned=lambda connection: report(Lane("send", connection))
        )
        return taken >= limit

    def _send(self, name: str, owner: str, report: Report, alive: Callable[[], None]) -> bool:
        connection = self._open(name)
        if connection is None:
            return False
        if state_of(connection, self.store.now()) == "closed":
            return self._send_to(connection, owner, report, alive)
        probe = self._probes.setdefault(name, threading.Lock())
        if not probe.acquire(blocking=False):
            return False  # one probe at a time: more would hang as well, and keep threads from other lanes
        try:
            return self._send_to(connection, owner, report, alive)
        finally:
            probe.release()

    def _send_to(self, connection: Connection, owner: str, report: Report, alive: Callable[[], None]) -> bool:
        name = connection.name
        try:
            adapter = self._providers.adapter(connection)
        except ConfigurationError as error:
            log.error("connection %s is stopped: %s", name, error)
            stopped = "its adapter does not work"
            self.store.connections.open_circuit(
                name, self.store.now(), lambda _: PROBE_SECONDS, str(error), stopped=stopped
            )
            return False
        more = partial(report, Lane("send", name))
        taken = send_batch(self.store, connection, adapter, owner, more=more, alive=alive)
        return taken >= batch_size(connection, adapter)

    def _open(self, name: str) -> Connection | None:
        """Return the connection; None where it is gone, paused or waiting."""
        connection = self.store.connections.get(name)
        if connection is None or connection.paused or connection.retry_at > self.store.now():
            return None
        return connection
