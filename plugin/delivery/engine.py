"""The embedded engine: threads that do whatever is due, each connection in lanes of its own."""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

import pluggy

from ...adapters.errors import ConfigurationError
from ..store import HOSTS, Store, StoreUnavailableError, host_lane
from ..store.leases import RENEW_SECONDS, renew
from .deciding import BATCH as EVENTS_AT_ONCE
from .deciding import decide_batch
from .decisions import Source
from .notifying import notify_batch
from .providers import Providers
from .sending import PROBE_SECONDS, send_batch

POLL_SECONDS = 0.1
"""How soon work is seen that another process has stored."""

PAUSE_SECONDS = 0.01
"""Between two looks for work: in a burst of deliveries each is news, and to look for each would slow them down."""

MAX_RUN_SECONDS = 600.0
"""A lane that has been at one batch for longer is taken for stuck: its leases are no longer renewed."""

CALLS_IN_FLIGHT = 4
"""Batches that one connection has on the way at once."""

log = logging.getLogger("badgerelay.delivery")


@dataclass(slots=True)
class _Run:
    """One lane thread. :param since: when its current batch began, seconds since the epoch."""

    owner: str
    since: float


@dataclass(slots=True)
class _Lane:
    """:param missed: work was seen while no further thread was allowed: look again when one ends."""

    missed: bool = False
    runs: list[_Run] = field(default_factory=list)


class Engine:
    """Does due work in threads until stopped.

    :param source_of: who decides on a lane's events.
    :param managers: pluggy managers of the hosts in this process, by source: only here can they be asked and told.
    :param hosts_only: leave connections to a worker elsewhere.
    """

    def __init__(
        self,
        store: Store,
        source_of: Callable[[str], Source],
        managers: Mapping[str, pluggy.PluginManager],
        *,
        hosts_only: bool = False,
    ) -> None:
        self._store = store
        self._source_of = source_of
        self._managers = managers
        self._hosts_only = hosts_only
        self._providers = Providers(store)
        self._id = secrets.token_hex(8)
        self._runs = 0
        self._lanes: dict[str, _Lane] = {}
        self._guard = threading.Lock()
        self._news = threading.Event()
        self._stopping = threading.Event()
        self._idle = threading.Condition(self._guard)
        self._threads = (
            threading.Thread(target=self._dispatch, name="badgerelay-dispatcher", daemon=True),
            threading.Thread(target=self._renew, name="badgerelay-leases", daemon=True),
        )

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def wake(self) -> None:
        """There is news: look at once, not at the next poll."""
        self._news.set()

    def stop(self, seconds: float = 10.0) -> None:
        """Take no new work and wait so long for what is under way; the rest is taken up when its leases end."""
        self._stopping.set()
        self._news.set()
        with self._idle:
            self._idle.wait_for(lambda: not any(lane.runs for lane in self._lanes.values()), seconds)
        for thread in self._threads:
            if thread.is_alive() and thread is not threading.current_thread():
                thread.join(seconds)

    def _dispatch(self) -> None:
        while not self._stopping.is_set():
            self._news.wait(POLL_SECONDS)
            self._news.clear()
            try:
                self._start_due()
            except StoreUnavailableError as error:
                log.error("the database does not answer: %s", error)
                self._stopping.wait(1.0)
            except Exception:
                log.exception("the dispatcher failed; it goes on")
                self._stopping.wait(1.0)
            self._stopping.wait(PAUSE_SECONDS)

    def _start_due(self) -> None:
        now = self._store.now()
        managers = list(self._managers)  # a host may be attached meanwhile
        host_lanes = [host_lane(source) for source in managers]
        if not self._hosts_only:
            host_lanes.append(HOSTS)
        for lane in self._store.inbox.lanes_due(host_lanes, now, connections_too=not self._hosts_only):
            self._start_lane(f"decide {lane}", 1, partial(self._decide, lane))
        if not self._hosts_only:
            for name in self._store.ledger.lanes_due(now):
                self._start_sending(name)
        for source in self._store.notifications.sources_due(managers, now):
            self._start_lane(f"notify {source}", 1, partial(self._notify, source))

    def _start_sending(self, name: str) -> None:
        if not self._hosts_only:
            self._start_lane(f"send {name}", CALLS_IN_FLIGHT, partial(self._send, name))

    def _start_lane(self, name: str, limit: int, batch: Callable[[str], bool]) -> None:
        """:param batch: does one batch, and says whether there is more to do at once."""
        with self._guard:
            lane = self._lanes.setdefault(name, _Lane())
            if len(lane.runs) >= limit or self._stopping.is_set():
                lane.missed = True
                return
            self._runs += 1
            run = _Run(f"{self._id}-{self._runs}", self._store.now())
            lane.runs.append(run)
        threading.Thread(
            target=self._work, args=(name, lane, run, batch), name=f"badgerelay {name}", daemon=True
        ).start()

    def _work(self, name: str, lane: _Lane, run: _Run, batch: Callable[[str], bool]) -> None:
        try:
            while not self._stopping.is_set() and batch(run.owner):
                run.since = self._store.now()
        except StoreUnavailableError as error:
            log.error("%s: the database does not answer: %s", name, error)
            self._stopping.wait(1.0)
        except Exception:
            log.exception("%s failed; its work is taken up again", name)
            self._stopping.wait(1.0)
        finally:
            with self._idle:
                lane.runs.remove(run)
                self._idle.notify_all()
                missed, lane.missed = lane.missed, False
            if missed:
                self._news.set()

    def _send(self, name: str, owner: str) -> bool:
        connection = self._store.connections.get(name)
        if connection is None or connection.paused or connection.retry_at > self._store.now():
            return False
        try:
            adapter = self._providers.adapter(connection)
        except ConfigurationError as error:
            log.error("connection %s is stopped: %s", name, error)
            self._store.connections.rest(name, self._store.now(), PROBE_SECONDS, str(error))
            return False
        taken = send_batch(self._store, connection, adapter, owner, more=partial(self._start_sending, name))
        return taken >= adapter.capabilities.max_batch

    def _decide(self, lane: str, owner: str) -> bool:
        source = self._source_of(lane)
        taken = decide_batch(self._store, source, lane, owner, planned=self._start_sending)
        if taken >= EVENTS_AT_ONCE:
            self._news.set()
        return False  # whether the connection rests since, or is paused, is for the next look to see

    def _notify(self, source: str, owner: str) -> bool:
        return notify_batch(self._store, self._managers[source], source, owner) > 0

    def _renew(self) -> None:
        while not self._stopping.wait(RENEW_SECONDS):
            now = self._store.now()
            with self._guard:
                owners = [
                    run.owner
                    for lane in self._lanes.values()
                    for run in lane.runs
                    if abs(now - run.since) < MAX_RUN_SECONDS
                ]
            if not owners:
                continue
            try:
                with self._store.database.write() as connection:
                    renew(connection, owners, now)
            except StoreUnavailableError as error:
                log.error("leases were not renewed: %s", error)
