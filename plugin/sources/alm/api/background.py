"""The API client of polls and backfills, which leave a part of the hourly rate to completions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ....store import Connection, Store
from .client import AlmClient
from .connect import SPARE, client_of


@contextmanager
def polling_client(store: Store, connection: Connection) -> Iterator[AlmClient]:
    """Open a client whose calls raise OverBudgetError while only the part reserved for completions is left."""
    client = client_of(store, connection, spare=SPARE)
    try:
        yield client
    finally:
        client.close()
