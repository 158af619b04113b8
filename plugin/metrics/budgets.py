"""What is left of the connections' budgets."""

from __future__ import annotations

from ..providers.rate_limits import calls_left
from ..store import Store
from ..store.policy import ALM_RATE


def budgets_left(store: Store) -> dict[str, float]:
    """Calls that each connection may make at once, by name; nothing of one without a budget."""
    found: dict[str, float] = {}
    for connection in store.connections.all():
        rate = "" if connection.role == "provider" else ALM_RATE
        left = calls_left(store, connection, default_rate=rate)
        if left is not None:
            found[connection.name] = float(left)
    return found
