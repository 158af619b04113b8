"""The relay inside an LMS host's process: events in, questions and notices out."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

import pluggy

from ...hooks import Event
from ..runtime.forks import ForkAware, keep_inherited, notice_fork, watch_forks
from ..runtime.logs import one_line
from ..runtime.settings import Settings, SettingsError, read_settings

if TYPE_CHECKING:
    from ..engine.celery.publisher import Publisher
    from ..engine.lanes import Lane
    from ..engine.threads import Engine
    from ..store import NewEvent, Store

RETRY_SECONDS = 1.0
"""Seconds between two attempts to start, while the database does not answer."""

LOCKED_SECONDS = 20.0
"""Seconds after which a hook call gives an event up, while other processes keep the database locked."""

log = logging.getLogger("badgerelay.host")


class Relay(ForkAware):
    """badgerelay in this process: takes events from hooks, asks and informs the hosts that are registered.

    A process that is forked from this one opens its own store and starts its own engine at its first event; the
    engine of this process goes on. The constructor does no I/O.

    :param settings: from the environment when None.
    :param engine: also do the work for all connections here; without it, or with a broker, workers elsewhere do.
    """

    def __init__(self, settings: Settings | None = None, *, engine: bool = False) -> None:
        self._settings = settings
        self._with_engine = engine
        self._managers: dict[str, pluggy.PluginManager] = {}
        self._reset()
        watch_forks(self)

    def _reset(self) -> None:
        self._guard = threading.Lock()
        self._store: Store | None = None
        self._engine: Engine | None = None
        self._publisher: Publisher | None = None
        self._starting = False
        self._closed = threading.Event()

    @property
    def attached(self) -> bool:
        """True once a host's manager is attached."""
        return bool(self._managers)

    def after_fork_in_child(self) -> None:
        """Leave store, engine and publisher to the parent; what was closed stays closed."""
        keep_inherited((self._store, self._engine, self._publisher))
        closed = self._closed.is_set()
        self._reset()
        if closed:
            self._closed.set()

    def take(self, event: Event) -> None:
        """Commit one event to the inbox.

        :raises ValueError: the event is not valid; the message names each wrong field.
        :raises StoreUnavailableError: the database does not answer; nothing was stored.
        """
        from ..sources.host.events import inbox_event

        notice_fork()
        new = inbox_event(event)
        correlation_id = self._commit(new)
        log.info("hook of %s: %s", one_line(new.source), new.kind, extra={"correlation_id": correlation_id})
        engine, publisher = self._engine, self._publisher
        if engine is not None:
            engine.wake(_lane_of(new).name)
        elif self._managers:  # a fork's first event
            self._start_or_retry()
        if publisher is not None:
            publisher.offer(_lane_of(new))

    def _commit(self, new: NewEvent) -> str:
        from ..store import StoreBusyError

        deadline = time.monotonic() + LOCKED_SECONDS
        while True:
            try:
                store = self._open()
                (correlation_id,) = store.inbox.add([new], store.now())
            except StoreBusyError:
                if time.monotonic() > deadline:
                    raise
            else:
                return correlation_id

    def attach(self, manager: pluggy.PluginManager, source: str) -> None:
        """Ask and inform this manager's plugins about what belongs to ``source``; starts the threads that do so.

        :raises SettingsError: this process has packages that badgerelay cannot work with.
        """
        self._managers[source] = manager
        self._start_or_retry()

    def close(self) -> None:
        """Stop the threads and close the database; what is not done yet is done after the next start."""
        self._closed.set()
        with self._guard:
            engine, self._engine = self._engine, None
            store, self._store = self._store, None
            publisher, self._publisher = self._publisher, None
        if engine is not None:
            engine.stop()
        if publisher is not None:
            publisher.close()
        if store is not None:
            store.close()

    def _open(self) -> Store:
        from ..store import open_store

        with self._guard:
            if self._store is None:
                settings = self._settings or read_settings()
                self._store = open_store(settings)
                self._publisher = _make_publisher(settings)
            return self._store

    def _start_or_retry(self) -> None:
        """Start once; when that fails, go on trying in a thread."""
        with self._guard:
            if self._starting or self._engine is not None or self._closed.is_set():
                return
            self._starting = True
        try:
            self._start()
        except ImportError as error:
            raise SettingsError(
                f"badgerelay cannot work with the packages of this process: {error}: install the versions that "
                "badgerelay requires"
            ) from error
        except Exception as error:
            log.error("badgerelay starts later: %s", error)
            threading.Thread(target=self._start_later, name="badgerelay-start", daemon=True).start()

    def _start(self) -> None:
        from ..engine.assembly import make_engine

        store = self._open()
        with self._guard:
            if self._engine is None and not self._closed.is_set():
                publisher = self._publisher
                elsewhere = publisher.offer if publisher else _ignore
                hosts_only = not self._with_engine or publisher is not None
                self._engine = make_engine(store, self._managers, hosts_only=hosts_only, elsewhere=elsewhere)
                self._engine.start()

    def _start_later(self) -> None:
        while not self._closed.wait(RETRY_SECONDS):
            try:
                self._start()
            except Exception as error:
                log.debug("badgerelay still cannot start: %s", error)
            else:
                log.info("badgerelay has started")
                return


def _make_publisher(settings: Settings) -> Publisher | None:
    """Return what informs workers of new events, where there is a broker.

    :raises SettingsError: the extra ``celery`` is not installed.
    """
    if settings.broker_url is None:
        return None
    from ..engine.celery.app import make_publisher

    return make_publisher(settings)


def _lane_of(new: NewEvent) -> Lane:
    from ..engine.lanes import Lane

    return Lane("decide", new.lane)


def _ignore(_lane: Lane) -> None:
    """Leave the lane to the worker that finds it."""
