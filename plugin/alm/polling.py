"""ALM's API for what can wait: polls leave a part of the hour's look-ups to the completions that need them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from ...adapters.errors import OverBudgetError
from ..delivery.pacing import Pace, calls_left, pace_of
from ..policy import ALM_RATE, policy_of
from ..store import Connection, Store
from .client import AlmClient

RESERVED = 0.25
"""The part of the account's rate that polls never take."""

AGAIN_SECONDS = 300.0
"""When a poll looks whether there is more to take."""


@contextmanager
def polling_client(store: Store, connection: Connection) -> Iterator[AlmClient]:
    """A client whose calls are for what can wait. They may raise OverBudgetError while completions need the rate."""
    client = AlmClient(
        connection.settings, store.storage(connection.name), store.now, time.sleep, modest_pace(store, connection)
    )
    try:
        yield client
    finally:
        client.close()


def modest_pace(store: Store, connection: Connection) -> Pace:
    """Takes a place for a call as any other does, but none of the last part of the rate."""
    pace = pace_of(store, connection, default_rate=ALM_RATE)
    rate = policy_of(connection.settings, default_rate=ALM_RATE).rate
    if rate is None:
        return pace

    def take() -> None:
        left = calls_left(store, connection, default_rate=ALM_RATE)
        if left is not None and left <= rate.calls * RESERVED:
            raise OverBudgetError(
                f"{left} ALM look-ups are left for now, which are kept for completions", retry_after=AGAIN_SECONDS
            )
        pace()

    return take
