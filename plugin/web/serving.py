"""A receiving process: the application, and what brings its news to those who do the work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask

from ..settings import Settings
from ..store import open_store
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
    if settings.broker_url is not None:
        return _telling(settings)
    store = open_store(settings)
    if not engine:
        return Receiver(create_app(store), store.close)
    from ..assembly import make_engine

    running = make_engine(store)
    running.start()
    return Receiver(create_app(store, running.wake), lambda: running.stop(STOP_SECONDS))


def _telling(settings: Settings) -> Receiver:
    from ..delivery.broker import CelerySender, make_app
    from ..delivery.lanes import Lane
    from ..delivery.publishing import Publisher

    publisher = Publisher(CelerySender(make_app(settings)))
    app = create_app(open_store(settings), lambda connection: publisher.offer(Lane("decide", connection)))
    return Receiver(app, publisher.close)
