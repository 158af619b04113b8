"""Which door a webhook knocks at: the connections, read again every second."""

from __future__ import annotations

import time

from ..sources.alm.webhook.endpoint import AlmDoor
from ..store import Store

FRESH_SECONDS = 1.0
"""How long a changed password may take to count."""


class Doors:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: dict[str, tuple[float, AlmDoor]] = {}
        self.warned: set[str] = set()

    def alm(self, name: str) -> AlmDoor | None:
        """The door of that ALM connection. :raises StoreUnavailableError: it cannot be looked up now."""
        kept = self._kept.get(name)
        if kept is not None and kept[0] > time.monotonic():
            return kept[1]
        # A name that no connection can have is not asked for: PostgreSQL takes no NUL.
        connection = self._store.connections.get(name) if name.isprintable() else None
        if connection is None or connection.type != "alm":
            self._kept.pop(name, None)
            return None
        door = AlmDoor(name, connection.settings)
        self._kept[name] = (time.monotonic() + FRESH_SECONDS, door)
        return door
