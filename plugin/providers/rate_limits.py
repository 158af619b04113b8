"""A connection's rate: each call takes its place before it is made, in a budget that all processes share."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from ...adapters.base import unhurried
from ...adapters.errors import ConfigurationError, OverBudgetError
from ...adapters.registry import load_adapter
from ..store import Connection, Store, StoreUnavailableError
from ..store.policy import DEFAULT_RATE, Rate, parse_rate, policy_of

if TYPE_CHECKING:
    from ..store.connections.rate_windows import BudgetStorage

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
    spare: float = 0.0,
    sleep: Callable[[float], None] = time.sleep,
) -> Pace:
    """What an adapter calls before each request.

    :param default_rate: that of the connection's provider unless given.
    :param patience: seconds for which a call may wait for its place.
    :param insist: what an administrator asks for is counted and made at once, even beyond the rate.
    :param spare: the part of the rate, from 0 to 1, that these calls leave to others: for what can wait.
    """
    rate = policy_of(connection.settings, default_rate=default_rate or rate_of(connection)).rate
    if rate is None:
        return unhurried
    take = _Window(_storage(store, connection.name), rate, insist=insist, spare=spare)
    kept = ", but for what is kept for completions," if spare else ""
    return Pacer(take, f"the rate of {rate.calls} calls in {rate.seconds} s{kept}", patience, sleep)


def burst_of(
    store: Store,
    name: str,
    what: str,
    interval: float,
    burst: int,
    *,
    patience: float = PATIENCE_SECONDS,
    insist: bool = False,
    spare: float = 0.0,
    sleep: Callable[[float], None] = time.sleep,
) -> Pace:
    """A pace of one call after the other, of which a few may come at once; its other parameters as above.

    :param what: tells the paces of one connection apart.
    :param interval: seconds from one call to the next. :param burst: so many may come at once.
    """
    storage = _storage(store, name)

    def take() -> float:
        return storage.drip(what, interval, burst, spare=round(burst * spare), insist=insist)

    return Pacer(take, f"the pace of a call in {interval:g} s ({what})", patience, sleep)


def rate_of(connection: Connection) -> str:
    """The rate that a connection has unless it is set: its provider's, or ours."""
    if connection.role != "provider":
        return DEFAULT_RATE
    try:
        return _providers_rate(connection.type)
    except ConfigurationError:  # an adapter that is not there says so to whoever makes it
        return DEFAULT_RATE


@cache
def _providers_rate(type_: str) -> str:
    """Kept: to look for an adapter takes some milliseconds, and each answer to ``/metrics`` needs it."""
    rate = load_adapter(type_).capabilities.rate
    try:
        parse_rate(rate)
    except ValueError:
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
    from ..store.connections.rate_windows import BudgetStorage

    return BudgetStorage(store.database, name, store.now)


class Pacer:
    """Takes one place per call. May be used by several threads.

    :param take: takes a place, or gives the seconds until there may be one.
    """

    def __init__(self, take: Callable[[], float], what: str, patience: float, sleep: Callable[[float], None]) -> None:
        self._take = take
        self._what = what
        self._patience = patience
        self._sleep = sleep

    def __call__(self) -> None:
        """:raises OverBudgetError: there is no place within our patience; it says how long it would take."""
        waited = 0.0
        try:
            while (wait := self._take()) > 0.0:
                # A little more than it takes, and not the same for all that wait for one place.
                wait += random.uniform(0.001, 0.02)  # noqa: S311
                if waited + wait > self._patience:
                    raise OverBudgetError(f"{self._what} is used up", retry_after=wait)
                self._sleep(wait)
                waited += wait
        except StoreUnavailableError:
            raise OverBudgetError("the database, which counts the calls, does not answer", retry_after=1.0) from None


class _Window:
    """Takes places of a rate, from a window that slides.

    :param spare: which part of them is left to others.
    """

    def __init__(self, storage: BudgetStorage, rate: Rate, *, insist: bool, spare: float) -> None:
        from limits import RateLimitItemPerSecond
        from limits.strategies import SlidingWindowCounterRateLimiter

        self._storage = storage
        self._rate = rate
        self._item = RateLimitItemPerSecond(rate.calls, rate.seconds)
        self._key = self._item.key_for(storage.connection)
        self._limiter = SlidingWindowCounterRateLimiter(storage)
        self._insist = insist
        self._ours = max(1, rate.calls - round(rate.calls * spare))

    def __call__(self) -> float:
        if self._may() and self._limiter.hit(self._item, self._storage.connection):
            return 0.0
        if self._insist:
            self._storage.incr(self._key, self._rate.seconds)
            return 0.0
        return self._storage.look(self._key, self._rate.seconds).wait(self._ours, self._rate.seconds) or 0.001

    def _may(self) -> bool:
        """Whether a place is left beyond those that are kept for others."""
        if self._ours == self._rate.calls:
            return True
        return self._storage.look(self._key, self._rate.seconds).left(self._ours, self._rate.seconds) > 0
