"""ALM's API for what can wait: polls leave a part of the hour's look-ups to the completions that need them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ....store import Connection, Store
from .client import AlmClient
from .connect import SPARE, client_of


@contextmanager
def polling_client(store: Store, connection: Connection) -> Iterator[AlmClient]:
    """A client whose calls are for what can wait. They may raise OverBudgetError while completions need the rate."""
    client = client_of(store, connection, spare=SPARE)
    try:
        yield client
    finally:
        client.close()
