"""API clients of a connected ALM account, within the account's rate and ALM's own limits."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from .....adapters.context import Storage, unhurried
from ....providers.rate_limits import PATIENCE_SECONDS, burst_of, pace_of
from ....store import Connection, Store
from ....store.policy import ALM_RATE
from .client import AlmClient
from .rate_limits import ApiLimits

SPARE = 0.25
"""Part of the account's rate that polls and backfills leave to completions."""


def client_of(
    store: Store,
    connection: Connection,
    *,
    storage: Storage | None = None,
    patience: float = PATIENCE_SECONDS,
    insist: bool = False,
    spare: float = 0.0,
    sleep: Callable[[float], None] = time.sleep,
) -> AlmClient:
    """Return the client of an ALM connection. The other parameters are those of ``pace_of``.

    :param storage: replaces the connection's own while the connection is not saved yet.
    :raises ConfigurationError: the host is not valid.
    """
    pace = pace_of(
        store,
        connection,
        default_rate=ALM_RATE,
        patience=patience,
        insist=insist,
        spare=spare,
        sleep=sleep,
    )
    limits = None
    if pace is not unhurried:
        burst = partial(burst_of, store, connection.name, patience=patience, insist=insist, spare=spare, sleep=sleep)
        limits = ApiLimits(burst, store.cache(connection.name), store.now)
    return AlmClient(connection.settings, storage or store.storage(connection.name), store.now, sleep, pace, limits)
