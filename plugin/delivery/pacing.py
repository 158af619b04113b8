"""A connection's rate: each call takes its place before it is made, in a budget that all processes share."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from ...adapters.base import unhurried
from ...adapters.errors import ConfigurationError, OverBudgetError
from ...adapters.registry import load_adapter
from ..policy import DEFAULT_RATE, Rate, parse_rate, policy_of
from ..store import Connection, Store, StoreUnavailableError

if TYPE_CHECKING:
    from ..store.budgets import BudgetStorage

PATIENCE_SECONDS = 3.0
"""A call waits so long for its place, in its thread; where that is not enough, the connection waits instead."""

Pace = Callable[[], None]


def pace_of(
    store: Store,
    connection: Connection,
    *,
    default_rate: str = "",
    patience: float = PATIENCE_SECONDS,
    insist: bool = False,
    sleep: Callable[[float], None] = time.sleep,
) -> Pace:
    """What an adapter calls before each request.

    :param default_rate: that of the connection's provider unless given.
    :param patience: seconds for which a call may wait for its place.
    :param insist: what an administrator asks for is counted and made at once, even beyond the rate.
    """
    rate = policy_of(connection.settings, default_rate=default_rate or rate_of(connection)).rate
    return unhurried if rate is None else Pacer(_storage(store, connection.name), rate, patience, insist, sleep)


def rate_of(connection: Connection) -> str:
    """The rate that a connection has unless it is set: its provider's, or ours."""
    if connection.role != "provider":
        return DEFAULT_RATE
    try:
        rate = load_adapter(connection.type).capabilities.rate
        parse_rate(rate)
    except (ConfigurationError, ValueError):  # an adapter that is not there says so to whoever makes it
        return DEFAULT_RATE
    return rate


def calls_left(store: Store, connection: Connection, *, default_rate: str = "") -> int | None:
    """Calls that the connection's rate allows at this moment; None where it has no limit."""
    rate = policy_of(connection.settings, default_rate=default_rate or rate_of(connection)).rate
    if rate is None:
        return None
    from limits import RateLimitItemPerSecond

    key = RateLimitItemPerSecond(rate.calls, rate.seconds).key_for(connection.name)
    return _storage(store, connection.name).look(key, rate.seconds).left(rate.calls, rate.seconds)


def _storage(store: Store, name: str) -> BudgetStorage:
    # Late: most commands never need it, and it takes longer to load than they do to run.
    from ..store.budgets import BudgetStorage

    return BudgetStorage(store.database, name, store.now)


class Pacer:
    """Takes one place per call. May be used by several threads."""

    def __init__(
        self, storage: BudgetStorage, rate: Rate, patience: float, insist: bool, sleep: Callable[[float], None]
    ) -> None:
        from limits import RateLimitItemPerSecond
        from limits.strategies import SlidingWindowCounterRateLimiter

        self._storage = storage
        self._rate = rate
        self._item = RateLimitItemPerSecond(rate.calls, rate.seconds)
        self._name = storage.connection
        self._limiter = SlidingWindowCounterRateLimiter(storage)
        self._patience = patience
        self._insist = insist
        self._sleep = sleep

    def __call__(self) -> None:
        """:raises OverBudgetError: there is no place within our patience; it says how long it would take."""
        try:
            self._take()
        except StoreUnavailableError:
            raise OverBudgetError("the database, which counts the calls, does not answer", retry_after=1.0) from None

    def _take(self) -> None:
        waited = 0.0
        key = self._item.key_for(self._name)
        while not self._limiter.hit(self._item, self._name):
            if self._insist:
                self._storage.incr(key, self._rate.seconds)
                return
            window = self._storage.look(key, self._rate.seconds)
            # A little more than it takes, and not the same for all that wait for one place.
            wait = window.wait(self._rate.calls, self._rate.seconds) + random.uniform(0.001, 0.02)  # noqa: S311
            if waited + wait > self._patience:
                raise OverBudgetError(
                    f"the rate of {self._rate.calls} calls in {self._rate.seconds} s is used up", retry_after=wait
                )
            self._sleep(wait)
            waited += wait
