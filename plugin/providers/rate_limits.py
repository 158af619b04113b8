"""The rate limit of a connection: each call waits for its turn, counted for all processes together."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from functools import cache

from ...adapters.context import unhurried
from ...adapters.errors import ConfigurationError, OverBudgetError
from ...adapters.registry import load_adapter
from ..store import Connection, Store, StoreUnavailableError
from ..store.connections.rate_windows import RateWindows
from ..store.policy import DEFAULT_RATE, parse_rate, policy_of

PATIENCE_SECONDS = 3.0
"""Maximum seconds that a call waits in its thread. Where that is not enough, the connection waits instead."""

RATE = "rate"
"""Name of the limit that the setting ``rate`` sets: calls made at another rate count too."""

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
    """Return the function that an adapter calls before each request.

    :param default_rate: the rate where the connection sets none; its provider's by default.
    :param patience: maximum seconds that a call may wait.
    :param insist: count an administrator's call and make it at once, even beyond the rate.
    :param spare: part of the rate, from 0 to 1, that less urgent calls leave to others.
    """
    rate = policy_of(connection.settings, default_rate=default_rate or rate_of(connection)).rate
    if rate is None:
        return unhurried
    windows = RateWindows(store.database, connection.name, store.now)
    ours = max(1, rate.calls - round(rate.calls * spare))
    kept = ", except the part reserved for completions," if spare else ""
    return Pacer(
        lambda: windows.take(RATE, ours, rate.seconds, insist=insist),
        f"the rate of {rate.calls} calls in {rate.seconds} s{kept}",
        patience,
        sleep,
    )


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
    """Return a pace of one call after the other, of which a few may come at once; see :func:`pace_of`.

    :param what: name of the limit within the connection.
    :param interval: seconds from one call to the next.
    :param burst: calls that may come at once.
    """
    windows = RateWindows(store.database, name, store.now)
    return Pacer(
        lambda: windows.take_spaced(what, interval, burst, spare=round(burst * spare), insist=insist),
        f"the pace of a call in {interval:g} s ({what})",
        patience,
        sleep,
    )


def rate_of(connection: Connection) -> str:
    """Return the rate of a connection that sets none: its provider's, or our default."""
    if connection.role != "provider":
        return DEFAULT_RATE
    try:
        return _providers_rate(connection.type)
    except ConfigurationError:  # the pool reports an adapter that is not installed
        return DEFAULT_RATE


@cache
def _providers_rate(type_: str) -> str:
    """Return a provider's rate. Cached: loading an adapter takes milliseconds, and each ``/metrics`` needs it."""
    rate = load_adapter(type_).capabilities.rate
    try:
        parse_rate(rate)
    except ValueError:
        return DEFAULT_RATE
    return rate


def calls_left(store: Store, connection: Connection, *, default_rate: str = "") -> int | None:
    """Return the number of calls that the rate allows now; None where there is no limit."""
    rate = policy_of(connection.settings, default_rate=default_rate or rate_of(connection)).rate
    if rate is None:
        return None
    return RateWindows(store.database, connection.name, store.now).left(RATE, rate.calls, rate.seconds)


class Pacer:
    """Waits until a call is possible. Several threads may use it.

    :param take: counts a call and returns 0.0, or returns the seconds until a call is possible.
    :param what: name of the limit, for messages.
    """

    def __init__(self, take: Callable[[], float], what: str, patience: float, sleep: Callable[[float], None]) -> None:
        self._take = take
        self._what = what
        self._patience = patience
        self._sleep = sleep

    def __call__(self) -> None:
        """Wait until a call is possible. :raises OverBudgetError: that takes longer than the patience."""
        waited = 0.0
        try:
            while (wait := self._take()) > 0.0:
                # Jitter, so that waiting calls do not all come back at the same moment.
                wait += random.uniform(0.001, 0.02)  # noqa: S311
                if waited + wait > self._patience:
                    raise OverBudgetError(f"{self._what} is used up", retry_after=wait)
                self._sleep(wait)
                waited += wait
        except StoreUnavailableError:
            raise OverBudgetError("the database, which counts the calls, does not answer", retry_after=1.0) from None
