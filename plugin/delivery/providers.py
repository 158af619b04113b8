"""The adapters of the connections in use: one instance per connection, made anew when its settings change."""

from __future__ import annotations

import threading
import time

from ...adapters.base import Adapter, Context, Storage
from ...adapters.errors import ConfigurationError
from ...adapters.registry import load_adapter
from ..store import Connection, Store


class Providers:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._guard = threading.Lock()
        self._made: dict[str, tuple[float, Adapter]] = {}

    def adapter(self, name: str) -> Adapter:
        """The adapter of that provider connection.

        :raises ConfigurationError: there is no such connection, or its adapter is not installed.
        """
        connection = self._store.connections.get(name)
        if connection is None or connection.role != "provider":
            raise ConfigurationError(f"there is no provider connection {name!r}")
        with self._guard:
            kept = self._made.get(name)
            if kept is None or kept[0] != connection.updated_at:
                kept = (connection.updated_at, make_adapter(self._store, connection))
                self._made[name] = kept
            return kept[1]


def make_adapter(store: Store, connection: Connection, storage: Storage | None = None) -> Adapter:
    """:param storage: instead of the connection's own, for a connection that is not saved yet."""
    context = Context(connection.name, storage or store.storage(connection.name), store.now, time.sleep)
    return load_adapter(connection.type)(connection.settings, context)
