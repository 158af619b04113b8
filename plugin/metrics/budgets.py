"""What is left of the connections' budgets."""

from __future__ import annotations

from ..store import Store


def budgets_left(_store: Store) -> dict[str, float]:
    """Calls that each connection may make at once, by name; nothing of one without a budget."""
    return {}
