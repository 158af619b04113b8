"""Look-up of the endpoint that a delivery's path names."""

from __future__ import annotations

import time

from ..sources.alm.webhook.endpoint import AlmEndpoint
from ..store import Store

FRESH_SECONDS = 1.0
"""Seconds until a changed password of a connection counts."""


class Endpoints:
    """The endpoints of all connections, each read again every second."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._cached: dict[str, tuple[float, AlmEndpoint]] = {}

    def alm(self, name: str) -> AlmEndpoint | None:
        """Return the endpoint of that ALM connection, or None if there is no such connection.

        :raises StoreUnavailableError: the database does not answer.
        """
        cached = self._cached.get(name)
        if cached is not None and cached[0] > time.monotonic():
            return cached[1]
        # PostgreSQL refuses NUL, and no connection has a name that cannot be printed.
        connection = self._store.connections.get(name) if name.isprintable() else None
        if connection is None or connection.type != "alm":
            self._cached.pop(name, None)
            return None
        endpoint = AlmEndpoint(name, connection.settings)
        self._cached[name] = (time.monotonic() + FRESH_SECONDS, endpoint)
        return endpoint
