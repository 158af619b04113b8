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

    def adapter(self, connection: Connection) -> Adapter:
        """The adapter of a connection as it is now.

        :raises ConfigurationError: it is no provider's, or its adapter is not installed.
        """
        if connection.role != "provider":
            raise ConfigurationError(f"there is no provider connection {connection.name!r}")
        with self._guard:
            kept = self._made.get(connection.name)
            if kept is None or kept[0] != connection.updated_at:
                kept = (connection.updated_at, make_adapter(self._store, connection))
                self._made[connection.name] = kept
            return kept[1]


def make_adapter(store: Store, connection: Connection, storage: Storage | None = None) -> Adapter:
    """:param storage: instead of the connection's own, for a connection that is not saved yet."""
    context = Context(connection.name, storage or store.storage(connection.name), store.now, time.sleep)
    return load_adapter(connection.type)(connection.settings, context)
