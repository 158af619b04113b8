"""The adapters in use: one instance per connection, made anew when its settings change."""

from __future__ import annotations

import threading
import time

from ...adapters.base import Adapter
from ...adapters.context import Context, Storage
from ...adapters.errors import ConfigurationError, TemporaryError
from ...adapters.registry import load_adapter
from ..store import Connection, Store
from ..store.policy import KEYS as POLICY_KEYS
from .guarded_adapter import Contained, broken
from .rate_limits import Pace, pace_of
from .timeouts import HangingError, bounded, watched


class Providers:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._guard = threading.Lock()
        self._made: dict[str, tuple[float, Adapter]] = {}

    def adapter(self, connection: Connection) -> Adapter:
        """Return the adapter of a connection with its present settings.

        :raises ConfigurationError: the connection is not a provider's, or its adapter is not installed.
        """
        if connection.role != "provider":
            raise ConfigurationError(f"there is no provider connection {connection.name!r}")
        with self._guard:
            kept = self._made.get(connection.name)
        if kept is not None and kept[0] == connection.updated_at:
            return kept[1]
        # Outside the guard: an adapter that is slow to make delays no other.
        made = make_adapter(self._store, connection)
        with self._guard:
            kept = self._made.get(connection.name)
            if kept is None or kept[0] != connection.updated_at:
                kept = self._made[connection.name] = (connection.updated_at, made)
            return kept[1]


def make_adapter(
    store: Store, connection: Connection, *, storage: Storage | None = None, pace: Pace | None = None
) -> Adapter:
    """Return a guarded adapter that sees its own settings alone.

    :param storage: instead of the connection's own, for a connection that is not saved yet.
    :param pace: instead of the pace of background work.
    :raises ConfigurationError: the adapter is not installed, or does not work.
    """
    context = Context(
        connection.name,
        storage or store.storage(connection.name),
        store.now,
        time.sleep,
        watched(pace or pace_of(store, connection)),
        public_url_of(store, connection),
        store.records(connection.name, connection.type),
    )
    own = {key: value for key, value in connection.settings.items() if key not in POLICY_KEYS}
    adapter = load_adapter(connection.type)
    try:
        return Contained(bounded(lambda: adapter(own, context), adapter.name, connection.name))
    except (HangingError, TemporaryError) as error:
        raise ConfigurationError(str(error)) from None
    except Exception as error:
        raise ConfigurationError(str(broken(adapter.name, error))) from None


def public_url_of(store: Store, connection: Connection) -> str:
    """Return the URL of the pages that the adapter publishes; empty where the installation has no public URL."""
    return f"{store.public_url}/public/{connection.name}" if store.public_url else ""
