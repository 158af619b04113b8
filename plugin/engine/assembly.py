"""Assemble the engine: which source decides on which lane."""

from __future__ import annotations

from collections.abc import Mapping

import pluggy

from ..sources.alm.decide.source import AlmSource
from ..sources.decisions import Source
from ..sources.host.source import HostSource
from ..store import HOSTS, Store
from .batches import Work
from .runs import CALLS_IN_FLIGHT
from .schedule.tasks import TASKS
from .threads import Engine
from .wakeups import Report, ignore


def make_work(
    store: Store, managers: Mapping[str, pluggy.PluginManager] | None = None, *, hosts_only: bool = False
) -> Work:
    """Return the work over this store.

    :param managers: pluggy managers of the hosts in this process, by source.
    :param hosts_only: do only what needs those hosts, and leave the rest to other processes.
    """
    managers = {} if managers is None else managers
    hosts = HostSource(store, managers)
    connections: dict[str, Source] = {}

    def source_of(lane: str) -> Source:
        return hosts if lane.startswith(HOSTS) else connections.setdefault(lane, AlmSource(store, lane))

    return Work(store, source_of, managers, hosts_only=hosts_only, tasks=TASKS)


def make_engine(
    store: Store,
    managers: Mapping[str, pluggy.PluginManager] | None = None,
    *,
    hosts_only: bool = False,
    calls_in_flight: int = CALLS_IN_FLIGHT,
    elsewhere: Report = ignore,
) -> Engine:
    """Return the embedded engine over this store; see :func:`make_work` and :class:`Engine`."""
    work = make_work(store, managers, hosts_only=hosts_only)
    return Engine(work, calls_in_flight=calls_in_flight, elsewhere=elsewhere)
