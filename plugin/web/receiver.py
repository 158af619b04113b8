"""A receiving process: the web application, and the engine or publisher behind it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask

from ..metrics.silence import watch_silence
from ..runtime.settings import Settings
from ..store import Store, open_store
from .app import create_app

STOP_SECONDS = 10.0
"""Maximum seconds that the engine's threads get to finish their work."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """The application and its background threads.

    :param stop: ends the threads within seconds.
    """

    app: Flask
    stop: Callable[[], None]


def make_receiver(settings: Settings, *, engine: bool) -> Receiver:
    """Open a store and return the application over it.

    With a broker, the publisher notifies the workers of new events.

    :param engine: without a broker, also run the engine in this process.
    :raises SettingsError: a setting is wrong.
    :raises StoreUnavailableError: the database does not answer.
    """
    store = open_store(settings)
    store.connections.all()  # a wrong key stops the start, not the first delivery
    watch_silence(store)
    app, stop = _connected(store, settings, engine=engine)

    def stop_all() -> None:
        stop()
        store.measurements.close()

    return Receiver(app, stop_all)


def _connected(store: Store, settings: Settings, *, engine: bool) -> tuple[Flask, Callable[[], None]]:
    """Return the application, and the function that stops its publisher or engine."""
    if settings.broker_url is not None:
        from ..engine.celery.app import make_publisher
        from ..engine.lanes import Lane

        publisher = make_publisher(settings)
        return create_app(store, lambda connection: publisher.offer(Lane("decide", connection))), publisher.close
    if not engine:
        return create_app(store), lambda: None
    from ..engine.assembly import make_engine

    running = make_engine(store)
    running.start()
    return create_app(store, running.wake, running.trouble), lambda: running.stop(STOP_SECONDS)
