"""A receiving process: the application, and what brings its news to those who do the work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask

from ..metrics.silence import watch_silence
from ..runtime.settings import Settings
from ..store import Store, open_store
from .app import create_app

STOP_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Receiver:
    """:param stop: ends the threads behind the application, within seconds."""

    app: Flask
    stop: Callable[[], None]


def make_receiver(settings: Settings, *, engine: bool) -> Receiver:
    """The application over its own store. With a broker, workers elsewhere are told of what arrives.

    :param engine: without a broker, also do the work here.
    :raises SettingsError: a setting is wrong.
    :raises StoreUnavailableError: the database does not answer.
    """
    store = open_store(settings)
    store.connections.all()  # a wrong key is better noticed now than by the first delivery
    watch_silence(store)
    app, stop = _connected(store, settings, engine=engine)

    def stop_all() -> None:
        stop()
        store.measurements.close()

    return Receiver(app, stop_all)


def _connected(store: Store, settings: Settings, *, engine: bool) -> tuple[Flask, Callable[[], None]]:
    """The application, and what ends the threads of whoever it tells of news."""
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
